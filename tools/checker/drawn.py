"""Compare what two figures show, as `softmax_lib.figure_data` reads it from them.

Words are compared as any printed words. A number may move by a relative 1e-6 or by one
unit of its sixth digit, whichever is more, and, unless its scale is logarithmic, by a
millionth of the largest number beside it. A colour may move by one level of 255, and
the sum of a row of pixels by as much as rounding moves it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Allowance", "Change", "changes", "leaves", "numbers_to_tell"]

# What is written as numbers; all other entries are words.
NUMBERS = {
    *("x", "y", "bottom", "width", "height", "values", "limits", "ticks"),
    *("sizes", "markersize", "dashes", "shape", "alpha", "extent", "size", "rotation"),
}
COLORS = {"color", "colors", "edges", "background"}
TOTALS = {"rows", "columns"}
ON_AXIS = {"x": "x", "width": "x", "y": "y", "bottom": "y", "height": "y"}
LEVEL = 1  # of 255
LONG = 100  # points, of which nobody reads off each


class Change(NamedTuple):
    """One thing that a figure shows otherwise than it was recorded."""

    place: str
    expected: str
    actual: str
    detail: str = ""


class Allowance(NamedTuple):
    """How far the points of a figure's lines may move up or down, and at which x."""

    rtol: float
    x_at_least: float = -np.inf
    x_at_most: float = np.inf


def changes(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    words_differ: Callable[[str, str], str],
    *,
    rtol: float,
    atol: float,
    allowances: Sequence[Allowance] = (),
) -> Iterator[Change]:
    """Yield what a figure shows otherwise than it was recorded.

    Parameters
    ----------
    old, new : dict
        As `softmax_lib.figure_data.figure_data` returns them.
    words_differ : function
        Says why two texts differ; "" where they mean the same.
    rtol, atol : float
        How far each number may move, relative to itself and at all.
    allowances : sequence of Allowance
        What may move farther. The ends of the axis follow the points.
    """
    olds, news = dict(leaves(old)), dict(leaves(new))
    for place in [*olds, *(place for place in news if place not in olds)]:
        was, is_now = olds.get(place), news.get(place)
        if was is None or is_now is None:
            yield Change(place, shortened(was), shortened(is_now))
            return  # what follows may have moved up or down
        if was == is_now:
            continue
        key = key_of(place)
        if key in NUMBERS | TOTALS:
            relative = rtol + allowed_at(olds, place, allowances)
            slack = rounding_of(olds, place) + atol
            detail = numbers_differ(was, is_now, relative, slack)
        elif key in COLORS:
            detail = colors_differ(was, is_now)
        else:
            detail = words_differ(was, is_now)
        if detail:
            yield Change(place, shortened(was), shortened(is_now), detail)


def leaves(content: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text of a figure's content, and where it is."""
    if isinstance(content, Mapping):
        for key, part in content.items():
            yield from leaves(part, f"{place}, {key}" if place else key)
    elif isinstance(content, list):
        for number, part in enumerate(content, start=1):
            yield from leaves(part, f"{place} {number}")
    else:
        yield place, str(content)


def key_of(place: str) -> str:
    """Return what a leaf is called, without its number among others."""
    return place.rpartition(", ")[2].split(" ")[0]


def numbers_to_tell(content: Mapping[str, Any]) -> list[Decimal]:
    """Return the numbers that a text about a figure can have read off it.

    They are the points of lines, the values, the bars and the numbers in words; of
    what is long, the first, the last, the lowest and the highest.
    """
    told: list[str] = []
    for place, text in leaves(content):
        key = key_of(place)
        if key in {"x", "y", "values", "height"}:
            values = sorted(numbers := text.split(), key=float)
            ends = [numbers[0], numbers[-1], values[0], values[-1]]
            told += numbers if len(numbers) <= LONG else ends
        elif key not in NUMBERS | COLORS | TOTALS:
            told += re.findall(r"(?<![\w.])\d*\.?\d+(?:e[-+]?\d+)?", text)
    exact = [Decimal(number) for number in told if number != "nan"]
    # What ends in a 5 may have been a little less before its sixth digit was rounded.
    return exact + [number * (1 - Decimal("1e-6")) for number in exact]


def allowed_at(
    olds: Mapping[str, str], place: str, allowances: Sequence[Allowance]
) -> np.ndarray | float:
    """Return how much farther, relative to itself, each number of a place may move."""
    within, _, key = place.rpartition(", ")
    if key == "limits" and within.endswith(", y"):
        return max((allowance.rtol for allowance in allowances), default=0.0)
    if key != "y" or key_of(within) != "lines":
        return 0.0
    x = as_numbers(olds[f"{within}, x"])
    allowed = np.zeros(len(x))
    for rtol, low, high in allowances:
        allowed[(low <= x) & (x <= high)] += rtol
    return allowed


def rounding_of(olds: Mapping[str, str], place: str) -> float:
    """Return how far rounding may move numbers, whatever their own size."""
    values = as_numbers(olds[place])
    within, key = place.rpartition(", ")[0], key_of(place)
    if key in TOTALS:
        height, width = as_numbers(olds[f"{within}, shape"])
        pixels = 3 * height if key == "columns" else width
        bands = max(1, (width if key == "columns" else height) / len(values))
        return float(2 * LEVEL + 0.01 * pixels * bands)
    axis = ON_AXIS.get(key, within[-1:] if key in {"limits", "ticks"} else "")
    axes = place.partition(", ")[0]
    if axis and olds.get(f"{axes}, {axis}, scale") == "log":
        return 0.0
    finite = np.abs(values[np.isfinite(values)])
    return 1e-6 * float(finite.max(initial=0))


def numbers_differ(old: str, new: str, rtol: np.ndarray | float, slack: float) -> str:
    """Return where numbers differ most, or "" if they agree."""
    left, right = as_numbers(old), as_numbers(new)
    if len(left) != len(right):
        return f"There were {len(left)} numbers and are {len(right)}."
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    with np.errstate(all="ignore"):
        unit = 10.0 ** (np.floor(np.log10(np.abs(left))) - 5)
        allowed = np.fmax(np.fmax(rtol * np.abs(left), slack), 1.01 * unit)
        excess = np.where(same, 0, np.abs(left - right) / allowed)
    excess[~same & ~np.isfinite(left - right)] = np.inf
    if excess.max() <= 1:
        return ""
    worst = int(excess.argmax())
    return (
        f"Number {worst + 1} of {len(left)} was {left[worst]:g} and is "
        f"{right[worst]:g}; the tolerance is {allowed[worst]:.3g}."
    )


def colors_differ(old: str, new: str) -> str:
    """Return that two colours differ, or "" if they are a level apart at most."""
    left, right = (bytes.fromhex(color.removeprefix("#")) for color in (old, new))
    levels = [abs(a - b) for a, b in zip(left, right, strict=False)]
    if len(left) == len(right) and max(levels) <= LEVEL:
        return ""
    return "It is another colour."


def as_numbers(text: str) -> np.ndarray:
    """Return numbers that are written one after the other."""
    return np.array(text.split(), dtype=float)


def shortened(text: str | None, room: int = 60) -> str:
    """Return a text in quotes, cut where it gets long."""
    if text is None:
        return "nothing"
    return repr(text if len(text) <= room else f"{text[:room]}…")

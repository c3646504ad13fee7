"""Find the decimal numbers of the prose that no cell computes."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from softmax_lib.figure_data import MIME_TYPE
from tools.checker.compare import is_picture, output_parts

__all__ = ["computed_numbers", "prose_of", "shown_in", "unsupported_numbers"]

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

# What is not prose inside a line: code spans and roles, the targets of links, tags,
# and the numbers of figures.
NOT_PROSE = re.compile(r"`[^`]*`|\]\([^)]*\)|<[^>\n]*>|\bFigure \d+\.\d+")

FENCE = re.compile(r"\s*(`{3,}|:{3,})\s*(.*)")

# What follows a number: an exponent, a power of ten, a per cent sign.
SCALE = r"""
    (?: e(?P<e>[-+]?\d+)
      | \s* (?:×|\\times|\\cdot) \s* 10 (?:\^?\{?) (?P<power>-?\d+)
      | \s* \\?(?P<percent>%)
    )?
"""

NUMBER = re.compile(
    r"""
    (?<![\w.])
    (?P<mantissa>(?:\d{1,3}(?:,\d{3})+|\d+)?\.\d+)(?!\.?\d)
    """
    + SCALE,
    re.VERBOSE,
)


def prose_of(cells: Iterable[Any]) -> str:
    """Return the text of the Markdown cells."""
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def computed_numbers(cells: Iterable[Any]) -> list[Decimal]:
    """Return every number that a code cell or one of its outputs shows."""
    texts = [
        text
        for cell in cells
        if cell.cell_type == "code"
        for text in (cell.source, *(p for o in cell.outputs for p in shown_in(o)))
    ]
    numbers = re.findall(
        r"(?<![\w.])(?:(?:\d{1,3}(?:[,_]\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?",
        "\n".join(texts),
    )
    return [Decimal(number.replace(",", "")) for number in numbers]


def shown_in(output: Any) -> list[str]:
    """Return the texts that an output shows a reader of plain text."""
    return [
        part
        for kind, part in output_parts(output).items()
        if not is_picture(kind) and kind not in ("text/html", MIME_TYPE)
    ]


def unsupported_numbers(prose: str, computed: Iterable[Decimal]) -> list[str]:
    """Return the decimal numbers of the prose that no computed number rounds to.

    Signs are left aside: prose says "falls by 0.12" of a change of -0.12.
    """
    text = NOT_PROSE.sub(" ", without_listings(prose)).translate(SUPERSCRIPTS)
    supply = sorted(set(computed))
    return [
        match.group().strip()
        for match in NUMBER.finditer(text)
        if not any(rounds_to(number, match) for number in supply)
    ]


def without_listings(text: str) -> str:
    """Drop fenced listings, and keep what a MyST directive holds, which is prose."""
    kept: list[str] = []
    open_fences: list[tuple[str, bool]] = []
    for line in text.splitlines():
        fence = FENCE.match(line)
        if fence and not fence[2] and fence[1] in [mark for mark, _ in open_fences]:
            open_fences.pop()
        elif fence:
            open_fences.append((fence[1], not fence[2].startswith("{")))
        elif not any(is_listing for _, is_listing in open_fences):
            kept.append(line)
    return "\n".join(kept)


def rounds_to(number: Decimal, match: re.Match[str]) -> bool:
    """Return whether the prose prints this computed number."""
    mantissa = Decimal(match["mantissa"].replace(",", ""))
    shift = int(match["e"] or match["power"] or (-2 if match["percent"] else 0))
    unit = Decimal(1).scaleb(int(mantissa.as_tuple().exponent))
    scaled = number.scaleb(-shift)
    if scaled > mantissa + 1 or scaled < mantissa - 1:
        return False
    return any(
        scaled.quantize(unit, rounding) == mantissa
        for rounding in (ROUND_HALF_EVEN, ROUND_HALF_UP)
    )

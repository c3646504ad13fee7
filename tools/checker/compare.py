"""Decide whether two lists of cell outputs mean the same.

Words must be equal. A number without decimals (a count, a shape, a label, ``1e-07``)
must be equal too. A number with decimals must lie within the tolerance, which is the
larger of a relative 1e-6 and one unit of the last printed digit; the unit is not
allowed where the cell's code writes the number, as in "rate 0.9". Zero agrees with zero
alone, and a number must be written the same way: its sign, its commas, its exponent.
Pictures are compared as pictures. What else may vary in a cell is declared in its
metadata, with a reason (see `read_check`). Nothing here knows of pytest or of kernels.
"""

import base64
import copy
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice, zip_longest
from typing import Any

import numpy as np
from matplotlib.testing.compare import calculate_rms
from PIL import Image

from softmax_lib.figure_data import MIME_TYPE
from tools.checker.drawn import Allowance, changes

__all__ = ["Difference", "compare_outputs", "read_check", "report"]

Output = Mapping[str, Any]

ADVICE = (
    "If the change is meant, run `make record`, read the differences it prints, and "
    "commit the new outputs."
)

RELATIVE_TOLERANCE = Decimal("1e-6")
BOUNDS = ("at_least", "at_most")

# A number that shows this many significant digits was printed in full, so how many
# decimals it has is an accident of its last bit and is not compared.
FULL_PRECISION = 13

# Another matplotlib or FreeType moves the edges of letters by a fraction of a pixel, so
# pixels cannot be compared one by one: a tolerance for the text would hide a swapped
# template. Both pictures are first averaged over square tiles somewhat larger than a
# letter. Matplotlib's root mean square over all tiles sees a change everywhere, the
# worst tile a change in one place. On the scale 0 to 255, letters drawn by matplotlib
# 3.8 and by 3.11 differ by at most 2 and 16; the two most alike of CIFAR-10's
# templates, swapped, by 6 and 25.
TILE = 24
ALL_TILES_RMS = 3.0
WORST_TILE_RMS = 20.0

# A picture inside an HTML text holds numbers drawn as colours and no letter, in 32
# levels of each colour. Rounding may move a few of them by one level, and nothing else.
LEVEL = 8
MOVED_PIXELS = 0.01
END_OF_PNG = b"IEND\xaeB`\x82"
WRITTEN = re.compile(r"(?<![\w.])\d+\.\d+(?:e-?\d+)?(?![\w.])")  # in code
EMBEDDED = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")


@dataclass(frozen=True)
class Difference:
    """One thing that an output was to say, and what it said instead."""

    place: str
    expected: str
    actual: str
    detail: str = ""
    pictures: tuple[bytes, bytes] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        sentences = f"{self.place}: expected {self.expected}, got {self.actual}."
        return f"{sentences} {self.detail}".rstrip()

    def within(self, place: str) -> "Difference":
        """Return the same difference, placed inside a larger whole."""
        return replace(self, place=f"{place}, {self.place}")


def report(differences: Sequence[Difference]) -> str:
    """Return the differences as sentences, and how to re-record."""
    return "\n\n".join([*map(str, differences), ADVICE])


# ---- what a cell's metadata may allow ------------------------------------------------


@dataclass(frozen=True)
class Varies:
    """Numbers that may change from run to run, within bounds."""

    pattern: re.Pattern[str]
    at_least: Decimal
    at_most: Decimal

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the numbers stand in ``text``."""
        return [match.span(1) for match in self.pattern.finditer(text)]

    def allows(self, number: str) -> bool:
        """Return whether ``number`` is a number within the bounds."""
        if not NUMBER.fullmatch(number):
            return False
        return self.at_least <= value_of(number) <= self.at_most

    def bounds(self) -> str:
        """Return the bounds as words."""
        return f"at least {self.at_least} and at most {self.at_most}"


@dataclass(frozen=True)
class Check:
    """What a cell declares about its own outputs."""

    rtol: Decimal = RELATIVE_TOLERANCE
    atol: Decimal = Decimal(0)
    varies: tuple[Varies, ...] = ()
    drawn: tuple[Allowance, ...] = ()
    written: frozenset[str] = frozenset()


def rules_of(declared: Mapping[str, Any] | None, source: str) -> Check:
    """Return what a cell declares, and the decimal numbers that its code writes."""
    written = frozenset(WRITTEN.findall(source))
    return replace(read_check(declared) if declared else Check(), written=written)


def read_check(declared: Mapping[str, Any]) -> Check:
    """Read the ``check`` entry of a cell's metadata.

    Parameters
    ----------
    declared : mapping
        ``{"rtol": …, "reason": …}`` or ``{"atol": …, "reason": …}`` for a wider
        tolerance of every number in the cell; ``{"varies": [{"pattern": …,
        "at_least": …, "at_most": …, "reason": …}]}`` for numbers that may change from
        run to run. Group 1 of the pattern is the number.
        ``{"drawn": [{"rtol": …, "x_at_least": …, "x_at_most": …, "reason": …}]}`` for
        points of a figure's lines that may move farther up or down, at some x or all.

    Raises
    ------
    ValueError
        If a reason or a bound is missing, or an entry is unknown.
    """
    rules, drawn = declared.get("varies", []), declared.get("drawn", [])
    require_entries(declared, {"rtol", "atol", "reason", "varies", "drawn"})
    if {"rtol", "atol"} & set(declared):
        require_reason(declared)
    elif not rules and not drawn:
        raise ValueError(
            f"check must widen a tolerance or name what varies: {declared}"
        )
    for rule in rules:
        require_entries(rule, {"pattern", "at_least", "at_most", "reason"})
        require_reason(rule)
        if re.compile(rule["pattern"]).groups != 1:
            raise ValueError(f"a pattern must have exactly one group: {rule}")
        require_bounds(rule)
    return Check(
        rtol=Decimal(str(declared.get("rtol", RELATIVE_TOLERANCE))),
        atol=Decimal(str(declared.get("atol", 0))),
        varies=tuple(
            Varies(
                re.compile(rule["pattern"], re.MULTILINE),
                *(Decimal(str(rule[bound])) for bound in BOUNDS),
            )
            for rule in rules
        ),
        drawn=tuple(map(read_allowance, drawn)),
    )


def read_allowance(rule: Mapping[str, Any]) -> Allowance:
    """Read what lets the points of lines move."""
    require_entries(rule, {"rtol", "x_at_least", "x_at_most", "reason"})
    require_reason(rule)
    if "rtol" not in rule:
        raise ValueError(f"what is drawn may move by an rtol: {rule}")
    numbers = {key: rule[key] for key in rule if key != "reason"}
    return Allowance(**{key: float(number) for key, number in numbers.items()})


def require_entries(declared: Mapping[str, Any], known: set[str]) -> None:
    """Check that every entry has a meaning."""
    if unknown := set(declared) - known:
        raise ValueError(
            f"check has no entry {sorted(unknown)}; it has {sorted(known)}"
        )


def require_bounds(rule: Mapping[str, Any]) -> None:
    """Check that what may vary has two finite bounds, in order."""
    numbers = [rule.get(bound) for bound in BOUNDS]
    finite = [
        number
        for number in numbers
        if isinstance(number, int | float) and np.isfinite(number)
    ]
    if len(finite) < len(BOUNDS) or finite[0] > finite[1]:
        raise ValueError(
            f"what varies must have both bounds, at_least and at_most: {rule}"
        )


def require_reason(declared: Mapping[str, Any]) -> None:
    """Check that an allowance has a reason."""
    if not str(declared.get("reason", "")).strip():
        raise ValueError(f"what a check allows must have a reason: {declared}")


# ---- outputs -------------------------------------------------------------------------


def compare_outputs(
    expected: Sequence[Output],
    actual: Sequence[Output],
    check: Mapping[str, Any] | None = None,
    source: str = "",
) -> list[Difference]:
    """Compare the recorded outputs of a cell with new ones.

    Parameters
    ----------
    expected, actual : sequence of notebook outputs
        As in a notebook file of format 4.
    check : mapping, optional
        The ``check`` entry of the cell's metadata.
    source : str, default ""
        The cell's code. A number that it writes must be the same in its outputs.

    Returns
    -------
    list of Difference
        Empty when both mean the same.
    """
    rules = rules_of(check, source)
    expected, actual = coalesce_streams(expected), coalesce_streams(actual)
    differences = list(unmatched_rules(expected, rules))
    for number, (old, new) in enumerate(zip_longest(expected, actual), start=1):
        place = f"output {number}"
        if old is None or new is None:
            differences.append(
                Difference(place, describe_output(old), describe_output(new))
            )
        else:
            found = compare_output(old, new, rules)
            differences += [difference.within(place) for difference in found]
    return differences


def compare_output(old: Output, new: Output, rules: Check) -> list[Difference]:
    """Compare two outputs, each of them flattened to its named parts."""
    old_parts, new_parts = output_parts(old), output_parts(new)
    if list(old_parts) != list(new_parts):
        return [Difference("its kind", describe_output(old), describe_output(new))]
    differences: list[Difference] = []
    for kind, part in old_parts.items():
        embedded = kind.endswith(" of text/html")
        compare = compare_films if embedded else COMPARE.get(kind, compare_texts)
        found = compare(part, new_parts[kind], rules)
        differences += [difference.within(kind) for difference in found]
    return differences


def output_parts(output: Output) -> dict[str, str]:
    """Return what an output says, by kind: every part as text, pictures as base64."""
    kind = output["output_type"]
    if kind == "stream":
        return {output["name"]: joined(output["text"])}
    if kind == "error":
        return {"error": f"{output['ename']}: {output['evalue']}"}
    data = {name: joined(output["data"][name]) for name in sorted(output["data"])}
    html = data.get("text/html", "")
    for number, picture in enumerate(EMBEDDED.findall(html), start=1):
        data[f"image/png {number} of text/html"] = picture
        data["text/html"] = EMBEDDED.sub("", html)
    metadata = json.dumps(
        output.get("metadata", {}), sort_keys=True, ensure_ascii=False, indent=1
    )
    return {f"{kind}": "", **data, "metadata": metadata}


def is_picture(kind: str) -> bool:
    """Return whether a part of an output is a picture."""
    return kind.startswith("image/png")


def joined(text: Any) -> str:
    """Return text as one string; a notebook file may hold it as a list of lines."""
    if isinstance(text, str):
        return text
    if isinstance(text, list):
        return "".join(text)
    return json.dumps(text, sort_keys=True, ensure_ascii=False, indent=1)


def describe_output(output: Output | None) -> str:
    """Return a few words that tell one output from another."""
    if output is None:
        return "no output"
    parts = output_parts(output)
    text = next(
        (parts[kind] for kind in parts if parts[kind] and kind != MIME_TYPE), ""
    )
    text = "a picture" if text == parts.get("image/png") else quoted(text)
    return f"{' + '.join(kind for kind in parts if kind != 'metadata')} {text}"


def coalesce_streams(outputs: Sequence[Output]) -> list[Output]:
    """Return the outputs with neighbours of one stream joined.

    Where a kernel cuts a stream in pieces depends on timing; whether a text comes
    before or after a figure does not.
    """
    coalesced: list[Any] = []
    for output in outputs:
        if output["output_type"] != "stream":
            coalesced.append(copy.deepcopy(output))
        elif coalesced and output["name"] == coalesced[-1].get("name"):
            coalesced[-1]["text"] += joined(output["text"])
        else:
            coalesced.append({**output, "text": joined(output["text"])})
    return coalesced


def unmatched_rules(outputs: Sequence[Output], rules: Check) -> Iterator[Difference]:
    """Yield a difference for each rule that nothing in the recording matches."""
    texts = [
        text
        for output in outputs
        for kind, text in output_parts(output).items()
        if not is_picture(kind)
    ]
    for rule in rules.varies:
        if not any(rule.spans(text) for text in texts):
            yield Difference(
                "the cell's metadata",
                f"its recorded outputs to match {rule.pattern.pattern!r}",
                "no match",
                "A rule that matches nothing protects nothing.",
            )


# ---- text ----------------------------------------------------------------------------

# Digits are those from 0 to 9: in another script they are marks, which must be equal.
TAG = r"(?P<tag></?[A-Za-z][^<>]*>) |"
UNSIGNED = r"""
    (?: [0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])(?:\.[0-9]+)?  # 49,000
      | [0-9]+\.?[0-9]*[eE][-+]?[0-9]+                   # 1e-07, 1.e-07 and 2.5e4
      | [0-9]+\.[0-9]+
      | [0-9]+
      | (?<![\w.])\.[0-9]+(?:[eE][-+]?[0-9]+)?           # .328
    )
"""
TOKEN = rf"""
    (?P<number>
        (?:(?<![\w.)\]])[-+\N{{MINUS SIGN}}])?             # in "3-4" it is a dash
        {UNSIGNED}
    )
  | (?P<word>[^\W\d]\w*)
  | (?P<newline>\n)
  | (?P<space>[^\S\n]+)
  | (?P<mark>.)
"""
TEXT_TOKEN = re.compile(TOKEN, re.VERBOSE)
HTML_TOKEN = re.compile(TAG + TOKEN, re.VERBOSE)
SETTING = re.compile(r"\breg\b")  # the name of a table's column
NUMBER = re.compile(rf"[-+\N{{MINUS SIGN}}]?{UNSIGNED}", re.VERBOSE)


@dataclass(frozen=True)
class Token:
    """A word, a number, a space, … and where it begins in its text."""

    kind: str
    text: str
    start: int
    rule: Varies | None = None


def compare_texts(
    old: str,
    new: str,
    rules: Check,
    pattern: re.Pattern[str] = TEXT_TOKEN,
    chosen: Collection[int] = (),
) -> list[Difference]:
    """Compare two texts token by token, up to the first that is of another kind.

    What begins at a ``chosen`` place must be equal.

    Spaces must be equal, too, unless a number was printed with another width: then
    it is padded with fewer or more, and each run of spaces counts as one.
    """
    old_tokens = tokenize(old, rules.varies, pattern)
    new_tokens = tokenize(new, rules.varies, pattern)
    if number_widths(old_tokens) != number_widths(new_tokens):
        old_tokens, new_tokens = one_space(old_tokens), one_space(new_tokens)
    differences: list[Difference] = []
    end_of_old, end_of_new = Token("end", "", len(old)), Token("end", "", len(new))
    for left, right in zip_longest(old_tokens, new_tokens):
        left, right = left or end_of_old, right or end_of_new
        exact = left.start in chosen and left.text != right.text
        disagreement = (
            f"A setting {left.text!r} became {right.text!r}."
            if exact
            else disagree(left, right, rules)
        )
        if disagreement is not None:
            differences.append(
                Difference(
                    f"line {old.count(chr(10), 0, left.start) + 1}",
                    quoted(line_at(old, left.start)),
                    quoted(line_at(new, right.start)),
                    disagreement,
                )
            )
            if "number" not in left.kind or left.kind != right.kind:
                break
    return differences


def compare_plain(old: str, new: str, rules: Check) -> list[Difference]:
    """Compare two texts that may be tables."""
    return compare_texts(old, new, rules, chosen=settings_in(old))


def settings_in(text: str) -> set[int]:
    """Return where the numbers of a table stand that are chosen, not measured.

    They end where their column's name does, and no tolerance holds for them.
    """
    starts: set[int] = set()
    ends: set[int] = set()
    position = 0
    for line in text.splitlines(keepends=True):
        named = {match.end() for match in SETTING.finditer(line)}
        ends = named or (ends if line.strip() else set())
        starts |= {
            position + match.start()
            for match in NUMBER.finditer(line)
            if match.end() in ends
        }
        position += len(line)
    return starts


def compare_html(old: str, new: str, rules: Check) -> list[Difference]:
    """Compare two HTML texts: the tags as they are, what stands between as text."""
    return compare_texts(old, new, rules, HTML_TOKEN)


def tokenize(
    text: str, rules: Sequence[Varies], pattern: re.Pattern[str]
) -> list[Token]:
    """Cut ``text`` into tokens; what a rule lets vary is a token of its own kind."""
    varying = sorted(
        ((*span, rule) for rule in rules for span in rule.spans(text)),
        key=lambda item: item[:2],
    )
    tokens: list[Token] = []
    position = 0
    for start, end, rule in varying:
        tokens += plain_tokens(text, position, start, pattern)
        tokens.append(Token("varying number", text[start:end], start, rule))
        position = end
    return tokens + plain_tokens(text, position, len(text), pattern)


def plain_tokens(
    text: str, start: int, end: int, pattern: re.Pattern[str]
) -> list[Token]:
    """Cut a part of ``text`` into tokens."""
    return [
        Token(str(match.lastgroup), match.group(), match.start())
        for match in pattern.finditer(text, start, end)
    ]


def number_widths(tokens: Sequence[Token]) -> list[int]:
    """Return how many characters each number takes."""
    return [len(token.text) for token in tokens if "number" in token.kind]


def one_space(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with each run of spaces shortened to one."""
    return [
        replace(token, text=" ") if token.kind == "space" else token for token in tokens
    ]


def disagree(old: Token, new: Token, rules: Check) -> str | None:
    """Return what tells two tokens apart, or None when they mean the same."""
    if old.kind != new.kind:
        return f"A {old.kind} {old.text!r} became a {new.kind} {new.text!r}."
    if old.kind == "number":
        return numbers_disagree(old.text, new.text, rules)
    if old.rule is not None:
        for token in (old, new):
            if not old.rule.allows(token.text):
                return f"{token.text} must be a number {old.rule.bounds()}."
        return forms_disagree(old.text, new.text)
    return None if old.text == new.text else f"{old.text!r} became {new.text!r}."


def numbers_disagree(old: str, new: str, rules: Check) -> str | None:
    """Return why two printed numbers differ, or None when they are close enough."""
    if old == new:
        return None
    if min(decimals_of(old), decimals_of(new)) == 0:
        return f"{old} became {new}; a number without decimals must stay what it is."
    if complaint := forms_disagree(old, new):
        return complaint
    left, right = value_of(old), value_of(new)
    distance = abs(left - right)
    if 0 in (left, right):  # zero has no digits, so no unit of its last one
        tolerance = rules.atol
    else:
        unit = min(last_digit_unit(old), last_digit_unit(new))
        if rules.written & {old, new}:
            unit = Decimal(0)  # a label, which no rounding moves
        tolerance = max(rules.rtol * abs(left), rules.atol, unit)
    if distance <= tolerance:
        return None
    return (
        f"{old} became {new}: they differ by {float(distance):.3g}, "
        f"and the tolerance is {float(tolerance):.3g}."
    )


def forms_disagree(old: str, new: str) -> str | None:
    """Return how two printed numbers are written differently, or None."""
    in_full = max(significant_digits(old), significant_digits(new)) >= FULL_PRECISION
    if decimals_of(old) != decimals_of(new) and not in_full:
        return f"{old} became {new}; the number of decimals changed."
    pairs = zip(written_with(old), written_with(new), strict=True)
    if any(None not in pair and pair[0] != pair[1] for pair in pairs) and not in_full:
        return f"{old} became {new}; it is written in another way."
    return None


def written_with(number: str) -> tuple[str | bool | None, ...]:
    """Return the signs and marks of a number; None stands for what it can't show."""
    value = value_of(number)
    minus = number[0] if number[0] in "-\N{MINUS SIGN}" else None
    unsigned = number.lstrip("-+\N{MINUS SIGN}")
    mantissa, letter, exponent = re.split("([eE]|$)", unsigned, maxsplit=1)
    return (
        minus,
        None if minus else number.startswith("+"),
        "," in mantissa if abs(value) >= 1000 else None,
        mantissa.startswith("."),
        bool(re.match("0[0-9]", mantissa)),
        letter,
        exponent.startswith("+") if exponent and int(exponent) >= 0 else None,
        exponent.lstrip("-+")[0] == "0"
        if exponent and abs(int(exponent)) < 10
        else None,
    )


def value_of(number: str) -> Decimal:
    """Return what a printed number stands for, to the digit."""
    return Decimal(number.replace(",", "").replace("\N{MINUS SIGN}", "-"))


def decimals_of(number: str) -> int:
    """Return how many digits follow the point, the exponent left aside."""
    return len(re.split("[eE]", number)[0].partition(".")[2])


def significant_digits(number: str) -> int:
    """Return how many digits a number shows, leading zeros left aside."""
    return len(value_of(number).as_tuple().digits)


def last_digit_unit(number: str) -> Decimal:
    """Return what one more in the last printed digit adds."""
    return Decimal(1).scaleb(int(value_of(number).as_tuple().exponent))


def line_at(text: str, position: int) -> str:
    """Return the line of ``text`` in which ``position`` lies."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    return text[start : end if end != -1 else len(text)]


def quoted(text: str, room: int = 160) -> str:
    """Return ``text`` in quotes, cut where it gets long."""
    return repr(text if len(text) <= room else f"{text[:room]}…")


# ---- pictures ------------------------------------------------------------------------


def compare_pictures(old: str, new: str, rules: Check) -> list[Difference]:
    """Compare two base64-encoded pictures: the size, the whole, each tile."""
    del rules  # a picture has no tolerance of its own
    if old == new:
        return []
    left, right = decoded(old), decoded(new)
    if not left.size or not right.size:
        return [Difference("the picture", readable(left), readable(right))]
    pictures = base64.b64decode(old), base64.b64decode(new)
    if left.shape != right.shape:
        sizes = [
            f"{width} x {height} pixels"
            for height, width, _ in (left.shape, right.shape)
        ]
        return [Difference("its size", sizes[0], sizes[1], pictures=pictures)]
    left, right = tile_means(left), tile_means(right)
    whole = float(calculate_rms(left, right))
    tiles = np.sqrt(np.mean((right - left) ** 2, axis=-1))
    if whole <= ALL_TILES_RMS and tiles.max() <= WORST_TILE_RMS:
        return []
    row, column = np.unravel_index(tiles.argmax(), tiles.shape)
    return [
        Difference(
            "the picture",
            "the recorded one",
            "another",
            f"Averaged over tiles of {TILE} x {TILE} pixels, they differ by "
            f"{whole:.1f} of 255 levels on the whole (tolerance {ALL_TILES_RMS:g}), by "
            f"{tiles.max():.1f} around pixel ({column * TILE}, {row * TILE}) "
            f"(tolerance {WORST_TILE_RMS:g}).",
            pictures,
        )
    ]


def compare_drawn(old: str, new: str, rules: Check) -> list[Difference]:
    """Compare what two figures show, given as JSON; at most ten differences."""

    def words_differ(one: str, other: str) -> str:
        found = compare_texts(one, other, rules)
        return found[0].detail if found else ""

    found = changes(
        json.loads(old),
        json.loads(new),
        words_differ,
        rtol=float(rules.rtol),
        atol=float(rules.atol),
        allowances=rules.drawn,
    )
    return [Difference(*change) for change in islice(found, 10)]


def compare_films(old: str, new: str, rules: Check) -> list[Difference]:
    """Compare two base64-encoded pictures without letters: the size, each pixel."""
    del rules
    if old == new:
        return []
    pictures = decoded(old), decoded(new)
    if pictures[0].shape != pictures[1].shape:
        sizes = [f"shape {picture.shape}" for picture in pictures]
        return [Difference("its size", sizes[0], sizes[1])]
    moved = np.abs(pictures[1] - pictures[0])
    if moved.max() <= LEVEL and np.mean(moved > 0) <= MOVED_PIXELS:
        return []
    return [
        Difference(
            "the picture",
            "the recorded one",
            "another",
            f"{np.mean(moved > 0):.2%} of its numbers differ (tolerance "
            f"{MOVED_PIXELS:.0%}), by up to {moved.max():g} of 255 levels (tolerance "
            f"{LEVEL}).",
            (base64.b64decode(old), base64.b64decode(new)),
        )
    ]


def decoded(picture: str) -> np.ndarray:
    """Return the pixels of a base64-encoded picture, none if it is no whole picture."""
    try:
        data = base64.b64decode("".join(picture.split()), validate=True)
        whole = data.endswith(END_OF_PNG)
        return pixels(data) if whole else np.empty((0, 0, 4), dtype=np.float32)
    except (ValueError, OSError, SyntaxError):  # Pillow's, each for other damage
        return np.empty((0, 0, 4), dtype=np.float32)


def readable(picture: np.ndarray) -> str:
    """Return whether there was a picture, in words."""
    return "a picture" if picture.size else "data that is no whole PNG picture"


def pixels(picture: bytes) -> np.ndarray:
    """Return a picture as (height, width, 4) numbers from 0 to 255."""
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGBA"), dtype=np.float32)


def tile_means(picture: np.ndarray) -> np.ndarray:
    """Return the mean colour of each tile; the last ones are filled up with zeros."""
    height, width, channels = picture.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    filled = np.zeros((rows * TILE, columns * TILE, channels), dtype=picture.dtype)
    filled[:height, :width] = picture
    tiles = filled.reshape(rows, TILE, columns, TILE, channels)
    means: np.ndarray = tiles.mean(axis=(1, 3))
    return means


COMPARE = {
    MIME_TYPE: compare_drawn,
    "image/png": compare_pictures,
    "text/html": compare_html,
    "text/plain": compare_plain,
}

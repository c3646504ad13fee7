"""Bind each number of the prose to the place that it comes from.

`tests/numbers/NN_name.json` lists the numbers of each Markdown cell in their order, and
words that compare ("half", "three times"), each with an expression:

    {"c05-13": [["0.352", "c05_12[3]"], ["half", "c05_12[3] < 0.5 * c05_12[1] + 0.05"]]}

`c05_12[3]` is the fourth number in the outputs of the cell `c05-12`, of this chapter or
another; `c05_12.code[0]` the first number of its source. A number must be what its
expression rounds to, with the sign left aside; of a word the expression must be true.
What stands before it belongs to the text: "-0.12", "at most 0.352", "divided by 64". So
does what is counted, such as "ms" or "images", and a power of ten is a word: "below
10^{-5}". ``given`` is for a whole number that nothing computes: a choice, a date, a
size, a count or a place in words such as "four" or "third", the label of an equation
that is referred to. A number in a piece of code is told too; "one" and "first" are not.

`tests/claims.json` lists, by page and cell, what the text says of the order of numbers:

    {"05_sgd": {"c05-13": [["the lowest of the three", "c05_12[3] < c05_12[1]"]]}}

The cell must say these words once, and of them the expression must be true. In it,
`c05_12.text` is what the cell shows. Functions of the package and `np` can be called.

`python -m tools.checker.bound 05` proposes an expression for what is not bound yet,
with a question mark where a person must look, and prints each number beside its source.
A test accepts no question mark.
"""

import argparse
import ast
import functools
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import numpy as np

from softmax_lib import (
    evaluation,
    gradient_check,
    linear_classifier,
    losses,
    plots,
    preprocessing,
)
from tools.checker.chapters import BOOK, NOTEBOOKS, ROOT
from tools.checker.prose import (
    NOT_PROSE,
    SCALE,
    SUPERSCRIPTS,
    computed_numbers,
    rounds_to,
    shown_in,
    without_listings,
)
from tools.checker.solutions import executed_cells

__all__ = [
    *("PAGES", "Source", "Told", "numbers_of_book", "told_in", "troubles"),
    "untrue_claims",
]

FOLDER = ROOT / "tests" / "numbers"
CLAIMS = ROOT / "tests" / "claims.json"
PAGES = [*NOTEBOOKS, *sorted(BOOK.glob("*.md"))]

# A formula holds the numbers of a derivation: of those only decimals are bound.
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
NUMBER_ALONE = re.compile(
    r"\$((?:\w+ = )*)([-\N{MINUS SIGN}]?[\d.,]*\d|10\^\{-?\d+\}|\([-\d., ]*\d\))\$"
)
COUNT = (
    "(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|sixteen"
    "|twenty|thirty|forty|fifty|hundred|thousand)"
)
PART = "(?:twelfth|sixteenth|twentieth|thirtieth|fiftieth|hundredth|thousandth)"
UNIT = (
    "(?:[GM]B|kB|bytes?|bits?|m?s|seconds?|minutes?|hours?|nats?|units?|pixels?|images?"
    "|points?|steps?|epochs?|passes|rows?|columns?|classes|features|seeds"
    "|standard[ ](?:errors?|deviations?))"
)
TOLD = re.compile(
    r"""
    (?P<comparison>
        (?<!\w)
        (?: [Aa]t[ ](?:least|most) | [Uu]p[ ]to | [Aa]bove | [Bb]elow
          | (?:More|more|Less|less|Fewer|fewer|larger|smaller|higher|lower)[ ]than
          | (?i: divid(?:es?|ed|ing) | division
              | multiply(?:ing)? | multiplie[ds] | multiplication )
            (?:\s+[^\W\d]+){0,6}?\s+by )
        \s+ (?:\$|(?:the|an?)[ ](?=half|double|hundred|thousand))?
    )?
    (?:
        (?: (?<![\w.,#)\]}-]) (?P<minus>[-\N{MINUS SIGN}]) | (?<![\w.,#-]) )
        (?P<mantissa>
            (?:\d{1,3}(?:,\d{3})+|\d+)?\.\d+(?!\.?\d)
          | (?:\d{1,3}(?:,\d{3})+|\d{2,}|\d(?!\w)|\d(?=e-?\d))(?![\d.]*\d|\^)
        )
    """
    + SCALE
    + rf"""
            (?: \s* (?P<unit> {UNIT} )\b )?
      | (?P<word>
            (?<![\w.^]) 10\^\{{-?\d+\}}
          | \b (?i:
                half | halves | halved | twice | thrice | double | doubles | doubled
              | (?:a|one|two|three)[ ](?:third|quarter|fifth|tenth)s?
              | (?:a|one)[ ]{PART} | a[ ]few[ ](?:tenth|{PART}|millionth)s
              | (?:{COUNT}[ ])?{COUNT}[ ]times
              | (?:one|two|three)[ ]
                (?:(?:correct[ ])?(?:time|image|point|tr[yi])(?:e?s)?[ ])?
                (?:(?:in|out[ ]of)[ ](?:an?[ ])?|of[ ])(?!two){COUNT}
            ) \b
        )
    )
    """,
    re.VERBOSE,
)
# A count or a place in words, and the label of an equation that is referred to.
PLACE = (
    "(?:second(?![ ]moment)|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    "|hundredth|thousandth)"
)
COUNTED = re.compile(
    r"(?P<comparison>)(?P<minus>)(?P<mantissa>)(?P<unit>)(?<![\w-])"
    rf"(?P<word>{COUNT}|{PLACE}|(?<={{eq}} )eq-[\w-]+)(?![\w-])",
    re.IGNORECASE,
)
# A number in a piece of code that is no part of a name.
IN_CODE = re.compile(r"(?<![\w.-])-?(?:\d[\d_]*)?(?:\d|\.\d+)(?:e-?\d+)?(?!\w)")
# Years of sources, the options of MyST, numbers of our chapters and versions.
SOURCE_LINK = re.compile(
    r"\[[^\]]*\]\([\w./]*bibliography[^)]*\)|^:\w+:.*$"
    r"|\[\d+\]\([\w.]+ipynb[^)]*\)|^\d\. "
    r"|(?<!\), )(?<!their )\b[Cc]hapters? \d+(?:(?:, | and | to )\d+)*(?! of \[)"
    r"|\bExercise \d+\.\d+|Python 3\.\d+",
    re.MULTILINE,
)
FUNCTIONS = (
    {
        name: getattr(math, name)
        for name in ("ceil", "exp", "floor", "log", "log10", "sqrt")
    }
    | {"abs": abs, "len": len, "max": max, "min": min, "round": round, "sum": sum}
    | {"bool": bool, "sorted": sorted}
)
# What decides a sentence that no output shows: what code does, such as `append_bias`.
CODE = (evaluation, gradient_check, linear_classifier, losses, plots, preprocessing)
DECIDES = {"np": np} | {
    name: getattr(module, name) for module in CODE for name in module.__all__
}


class Told(NamedTuple):
    """A number or a comparing word of the prose, and the words around it.

    ``text`` begins with "at least" and the like, where that stands before the number,
    and ends with its unit.
    """

    text: str
    context: str
    match: re.Match[str]

    def alone(self) -> str:
        """Return the text without what it is compared by, its sign and its unit."""
        comparison, minus = self.match["comparison"] or "", self.match["minus"] or ""
        return in_words(
            self.match[0]
            .removeprefix(comparison)
            .removeprefix(minus)
            .removesuffix(self.match["unit"] or "")
        )


class Source:
    """The numbers of an executed cell: `cell[i]` of its outputs, `cell.code[i]`."""

    def __init__(self, cell: Any) -> None:
        """Read the numbers of a cell."""
        without_code = nbformat.from_dict({**cell, "source": ""})
        without_outputs = nbformat.from_dict({**cell, "outputs": []})
        self.shown = [float(n) for n in computed_numbers([without_code])]
        self.code = [float(n) for n in computed_numbers([without_outputs])]
        parts = [part for output in cell.outputs for part in shown_in(output)]
        self.text = "\n".join(parts)

    def __getitem__(self, index: Any) -> Any:
        """Return a number of the outputs, or those of a slice."""
        return self.shown[index]


@functools.cache
def numbers_of_book() -> dict[str, Source]:
    """Return the numbers of each executed cell of the book, by its id."""
    return {
        name_of(cell.id): Source(cell)
        for path in NOTEBOOKS
        for cell in executed_cells(nbformat.read(path, as_version=4).cells)
    }


def name_of(cell_id: str) -> str:
    """Return the id of a cell as a name in an expression, `_13_02` of `13-02`."""
    name = cell_id.replace("-", "_")
    return name if name.isidentifier() else f"_{name}"


def told_in(text: str) -> list[Told]:
    """Return the numbers and the comparing words of a text, in their order."""
    text = without_listings(text).translate(SUPERSCRIPTS)
    text = NOT_PROSE.sub(numbers_alone, SOURCE_LINK.sub(blank, text))
    text = NUMBER_ALONE.sub(r" \1\2 ", text)
    formulas = [match.span() for match in FORMULA.finditer(text)]
    matches = list(TOLD.finditer(text))
    matches += counts_in(text, taken=[match.span() for match in matches])
    found = []
    for match in sorted(matches, key=re.Match.start):
        at = match.start("word" if match["word"] else "mantissa")
        inside = is_within(at, formulas)
        if inside and (match["word"] or "." not in match["mantissa"]):
            continue
        context = text[max(0, match.start() - 60) : match.end() + 40]
        found.append(Told(in_words(match[0]), " ".join(context.split()), match))
    return found


def counts_in(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yield the counts and the places in words outside what is ``taken``."""
    for match in COUNTED.finditer(text):
        if not is_within(match.start(), taken):
            yield match


def is_within(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a place in the text is in one of some spans."""
    return any(first <= at < end for first, end in spans)


def in_words(text: str) -> str:
    """Return a text with single spaces, and without the marks of a formula."""
    return " ".join(text.replace("$", " ").split())


def blank(match: re.Match[str]) -> str:
    """Return as many spaces as a match has letters."""
    return re.sub(r"[^\n]", " ", match[0])


def numbers_alone(match: re.Match[str]) -> str:
    """Return blanks for what is not prose, but for numbers in code and labels."""
    if match.string.endswith("{eq}", 0, match.start()):
        return match[0].replace("`", " ")
    if match[0][0] != "`" or match.string.endswith("}", 0, match.start()):
        return blank(match)
    letters = list(blank(match))
    for number in IN_CODE.finditer(match[0]):
        letters[slice(*number.span())] = number[0].replace("_", ",")
    return "".join(letters)


def texts_of(page: Path) -> dict[str, str]:
    """Return the prose of a page by the id of its cell; a page of its own is one."""
    if page.suffix == ".md":
        return {page.stem: page.read_text("utf-8")}
    cells = nbformat.read(page, as_version=4).cells
    return {c.id: c.source for c in cells if c.cell_type == "markdown"}


def bindings_of(page: Path) -> dict[str, list[list[str]]]:
    """Return what a page's numbers are bound to, by the id of their cell."""
    path = FOLDER / f"{page.stem}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def troubles(page: Path, sources: Mapping[str, Source]) -> Iterator[str]:
    """Yield a sentence for each number that is unbound or not what its place shows."""
    bindings = bindings_of(page)
    texts = texts_of(page)
    for cell_id in bindings.keys() - texts.keys():
        yield f"{cell_id}: bound, and not in {page.name}"
    for cell_id, text in texts.items():
        told = told_in(text)
        bound = bindings.get(cell_id, [])
        if [t.text for t in told] != [number for number, _ in bound]:
            yield f"{cell_id}: tells {[t.text for t in told]}, bound are {bound}"
            continue
        for item, (_, expression) in zip(told, bound, strict=True):
            if trouble := disagreement(item, expression, sources):
                yield f"{cell_id}: {item.context!r}: {trouble}"


def disagreement(
    told: Told, expression: str, sources: Mapping[str, Source]
) -> str | None:
    """Return why a number is not what its expression says, or None."""
    if expression == "given":
        counted = told.match.re is COUNTED
        whole = counted or (not told.match["word"] and "." not in told.text)
        return None if whole else f"{told.text} is given, and not a whole number"
    if "?" in expression:
        return f"{told.text} is bound to {expression}: look, and drop the mark"
    try:
        value = evaluate(expression, sources)
        agrees = value is True if told.match["word"] else fits(value, told)
    except (SyntaxError, LookupError, ArithmeticError, TypeError, ValueError) as error:
        return f"{expression}: {type(error).__name__}: {error}"
    return None if agrees else f"{told.text}: {expression} is {value}"


def untrue_claims(page: Path, sources: Mapping[str, Source]) -> Iterator[str]:
    """Yield a sentence for each claim that the page does not make or that is not so."""
    texts = {cell_id: " ".join(t.split()) for cell_id, t in texts_of(page).items()}
    claims = json.loads(CLAIMS.read_text("utf-8")).get(page.stem, {})
    for cell_id, rows in claims.items():
        for words, expression in rows:
            if (count := texts.get(cell_id, "").count(words)) != 1:
                yield f"{cell_id}: says {words!r} {count} times"
            elif evaluate(expression, sources) is not True:
                yield f"{cell_id}: {words!r}: not so: {expression}"


def evaluate(expression: str, sources: Mapping[str, Source]) -> Any:
    """Return the value of an expression; it must name a place or what decides."""
    tree = ast.parse(expression, mode="eval")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    places = names - FUNCTIONS.keys()
    if not places:
        raise ValueError("names no cell")
    scope = {
        name: DECIDES[name] if name in DECIDES else sources[name] for name in places
    }
    code = compile(tree, "<binding>", "eval")
    builtins = {"__import__": __import__}  # by which NumPy loads its parts
    return eval(code, {"__builtins__": builtins, **FUNCTIONS, **scope})


def proposed(
    told: Told, at: int, order: Sequence[str], sources: Mapping[str, Source]
) -> str:
    """Return the likeliest source of a number: in the nearest cell that shows it."""
    if told.match.re is COUNTED or re.fullmatch(r"-?\d", told.text):
        return "given ?"
    if told.match["word"]:
        return "?"
    near = sorted(range(len(order)), key=lambda i: (abs(i - at + 0.5), i))
    for distance, index in enumerate(near):
        name = order[index]
        source = sources[name]
        places = [f"{name}[{i}]" for i, n in enumerate(source.shown) if fits(n, told)]
        codes = [
            f"{name}.code[{i}]" for i, n in enumerate(source.code) if fits(n, told)
        ]
        if hits := places or codes:
            sure = len(hits) == 1 and distance < 3
            return hits[0] if sure else f"{hits[0]} ?"
    return "given ?" if "." not in told.text else "?"


def fits(number: Any, told: Told) -> bool:
    """Return whether a number is what the prose prints."""
    return rounds_to(abs(Decimal(repr(float(number)))), told.match)


def propose(page: Path, sources: Mapping[str, Source]) -> dict[str, list[list[str]]]:
    """Return a page's bindings: those that still hold, and proposals for the others."""
    old = bindings_of(page)
    cells = nbformat.read(page, as_version=4).cells if page.suffix == ".ipynb" else []
    order = [name_of(cell.id) for cell in executed_cells(cells)] or list(sources)
    seen = 0
    new: dict[str, list[list[str]]] = {}
    positions = {}
    for cell in cells:
        seen += cell.cell_type == "code"
        positions[cell.id] = seen
    for cell_id, text in texts_of(page).items():
        kept = list(old.get(cell_id, []))
        rows = []
        for told in told_in(text):
            whole = in_words(told.match[0].removesuffix(told.match["unit"] or ""))
            names = (told.text, whole, told.alone())
            match = next((row for row in kept if row[0] in names), None)
            if match:
                del kept[: kept.index(match) + 1]
            if not match or (
                "?" not in match[1] and disagreement(told, match[1], sources)
            ):
                at = positions.get(cell_id, 0)
                match = [told.text, proposed(told, at, order, sources)]
            rows.append([told.text, match[1]])
        if rows:
            new[cell_id] = rows
    return new


def write_bindings(page: Path, bindings: Mapping[str, Iterable[Any]]) -> None:
    """Write a page's bindings, one number a line."""
    cells = [
        f" {json.dumps(cell_id)}: [\n"
        + ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
        + "\n ]"
        for cell_id, rows in bindings.items()
    ]
    path = FOLDER / f"{page.stem}.json"
    path.parent.mkdir(exist_ok=True)
    if cells:
        path.write_text("{\n" + ",\n".join(cells) + "\n}\n", "utf-8")
    else:
        path.unlink(missing_ok=True)


def main() -> None:
    """Propose bindings for the named pages, or all, and print them for review."""
    parser = argparse.ArgumentParser(prog="python -m tools.checker.bound")
    parser.add_argument("pages", nargs="*", help="such as 05; default all")
    names = tuple(parser.parse_args().pages)
    sources = numbers_of_book()
    for page in PAGES:
        if names and not page.stem.startswith(names):
            continue
        bindings = propose(page, sources)
        write_bindings(page, bindings)
        for cell_id, text in texts_of(page).items():
            for told, row in zip(told_in(text), bindings.get(cell_id, []), strict=True):
                print(f"{cell_id:12} {told.text:>12}  {row[1]:28} {told.context}")


if __name__ == "__main__":
    main()

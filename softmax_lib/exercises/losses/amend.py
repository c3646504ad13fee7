"""One thing in a reader's function replaced, so that all the rest of it can be judged.

It is a number that takes the place of a length, a shape that takes the place of one of
its lengths, or the array that is returned. What is replaced is the cause if the
function returns a result after that, with arrays of all sizes.
"""

import ast
import itertools
import linecache
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from softmax_lib.exercises.errors import has_plain_cause
from softmax_lib.exercises.losses.catalogue import NO_DATA
from softmax_lib.exercises.losses.definitions import (
    parsed_with_helpers,
    targets_in,
)
from softmax_lib.exercises.losses.forms import FORM_NAMES, FORMS
from softmax_lib.exercises.losses.inputs import (
    ORDINARY,
    UNLIKE_FIRST,
    UNPENALIZED,
    Input,
)
from softmax_lib.exercises.losses.instrument import (
    lines_in,
    lines_of_result,
    parsed,
)
from softmax_lib.exercises.losses.layouts import find_layout, turned
from softmax_lib.exercises.losses.loop_detection import lines_run
from softmax_lib.exercises.losses.outputs import LossFunction, Output, call
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.losses.repair import (
    MOST_EDITS,
    Budget,
    Change,
    Edit,
    Setter,
    around,
    edits,
    expressions,
    inside,
    of_shapes,
    reused,
    with_edit,
)
from softmax_lib.exercises.mistakes import find
from softmax_lib.exercises.report import Finding
from softmax_lib.exercises.sandbox import Trouble
from softmax_lib.exercises.search import Exercise, explain_part

__all__ = ["Amendment", "amended", "amendment_of"]

PLAIN = [UNPENALIZED.get(given, given) for given in ORDINARY]
UNEXPLAINED = 4  # as many mistakes count for a part that no known one explains
SMALL = {"0", "1", "2", "3"}  # not only lengths: numbers of axes, factors
LENGTHS = ("__C__", "__N__", "__D__")  # names for them that all functions know


class Amendment(NamedTuple):
    """What is replaced in a function."""

    kind: str  # of the edit, or the name of a mistake and what it is told of
    line: int  # or 0 if that is not sure
    text: str  # of the line
    number: int  # of the edit, among all of them

    @property
    def name(self) -> str:
        """The name of a mistake of form, if it is one."""
        name = self.kind.partition(" ")[0]
        return name if name in FORM_NAMES else ""

    @property
    def is_length(self) -> bool:
        """Whether a length takes the place of a number or of a shape."""
        return self.name in ("length_spelled_out", "shape_for_length")

    def finding(self) -> Finding:
        """Return what the report says of it."""
        if not self.name:
            return Edit(self.line, self.kind, self.text).finding()
        (found,) = find(FORMS, [self.name])
        told = self.kind.removeprefix(self.name).replace(" ", ": ", 1)
        return replace(found, sentence=found.sentence + told, line=self.line)


def amended(function: LossFunction, amendment: Amendment) -> LossFunction | None:
    """Return the function with a thing in it replaced."""
    read = parsed_with_helpers(function)
    if read is None:
        return None
    here = itertools.islice(all_edits(*read), amendment.number, None)
    edited: LossFunction | None = with_edit(*read, next(here)[2], keeps_source=True)
    return edited


def all_edits(plain: Any, definitions: Sequence[ast.FunctionDef]) -> Iterator[Change]:
    """Yield the edits that may let a function return what it should."""
    yield from numbers(plain, definitions)
    yield from edits(definitions, *TIERS)


def numbers(plain: Any, definitions: Sequence[ast.FunctionDef]) -> Iterator[Change]:
    """Yield edits of each number that may be a length, in one place and in all.

    A list of 0, 1, 2 and so on stands for its length, too.
    """
    places: dict[tuple[int, bool], list[Any]] = {}
    stored = {name for each in definitions for name in targets_in(each)}
    for node, owner, key in itertools.chain(*map(expressions, definitions)):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Name) and node.id not in stored:
            value = plain.__globals__.get(node.id)
        if isinstance(node, ast.List | ast.Tuple):
            entries = [getattr(each, "value", None) for each in node.elts]
            if entries == list(range(len(entries))):
                value = len(entries)
        if type(value) is int and str(value) not in SMALL and value > 0:
            is_list = isinstance(node, ast.List | ast.Tuple)
            places.setdefault((value, is_list), []).append((node.lineno, owner, key))
    W, X = arguments(definitions[-1])
    values = f"{W}.shape[1], {X}.shape[0], {W}.shape[0]"
    # no assignment, which might be taken for the reader's
    source = f"globals().update(zip({LENGTHS}, ({values})))"
    body = [*parsed(source, definitions[-1].lineno), *definitions[-1].body]
    one = [{number: [each]} for number, found in places.items() for each in found]
    all_of = [{number: found} for number, found in places.items()]
    two = [dict(pair) for pair in itertools.combinations(places.items(), 2)]
    for chosen in (*one, *all_of, *two):
        told = ", ".join(str(number) for number, _ in chosen)
        for lengths in itertools.product(LENGTHS, repeat=len(chosen)):
            setters: list[Any] = [(definitions[-1], "body", body)]
            for ((_, is_list), found), length in zip(
                chosen.items(), lengths, strict=True
            ):
                by = f"list(range({length}))" if is_list else length
                new = ast.parse(by, mode="eval").body
                setters += [(owner, key, new) for _, owner, key in found]
            first = next(iter(chosen.values()))[0]
            yield first[0], f"length_spelled_out {told}", setters


def amendment_of(
    function: LossFunction,
    exercise: Exercise,
    parts: Sequence[str],
    layout: str,
    stop: Trouble | None,
) -> Amendment | None:
    """Return the edit after which a function returns, with the fewest mistakes left.

    One in the line that stops is preferred, and there is none if several are as good
    and give different results. A number or a shape in the place of a length is the
    cause if the function returns without it.
    """
    read, line = parsed_with_helpers(function), stop.number if stop else 0
    if read is None or line is None:
        return None
    ending = {part: lines_of_result(function, PARTS.index(part)) for part in parts}
    spoiled = [part for part in parts if line in (ending[part] or {line})] or parts
    budget, least = Budget(MOST_EDITS), UNEXPLAINED * len(parts)
    found: list[tuple[np.ndarray, Amendment]] = []
    for amendment, setters in candidates(*read, stop):
        if budget.is_spent():
            return None
        edited = with_edit(*read, setters)
        if edited is None:
            continue
        is_length = amendment.is_length
        for each in [find_layout(edited)] if is_length else {"": 0, layout: 0}:
            here = turned(edited, each) if each else edited
            results = results_of(here)
            if not results:
                continue
            if is_length:
                return amendment
            if amendment.line != line and not runs_line(here, edited, line):
                continue
            costs = {part: cost(exercise, part, results) for part in parts}
            total = sum(costs.values())
            if total <= least and min(costs[p] for p in spoiled) <= 2:
                found = found if total == least else []
                least = total
                found.append((flat(results), amendment))
    return only_one(found, line, read[0].__code__.co_filename)


def candidates(
    plain: Any, definitions: Sequence[ast.FunctionDef], stop: Trouble | None
) -> Iterator[tuple[Amendment, list[Setter]]]:
    """Yield what may be replaced, a length anywhere, with the edit that does it."""
    line = stop.number if stop is not None else None
    here = next((x for x in map(lines_in, definitions) if line in x), set())
    if stop is not None and not here:  # it stops in what is not read here
        return
    is_plain = stop is not None and has_plain_cause(stop)
    for number, (at, kind, setters) in enumerate(all_edits(plain, definitions)):
        amendment = Amendment(kind, at, "", number)
        if (stop is None) != (amendment.name == "other_array_returned"):
            continue
        is_after = line is not None and at in here and at > line
        if amendment.is_length or (at == line if is_plain else not is_after):
            yield amendment, setters


def only_one(
    found: Sequence[tuple[np.ndarray, Amendment]], line: int, path: str
) -> Amendment | None:
    """Return the edit in the line that stops, or any, if all give the same results."""
    best = [each for each in found if each[1].line == line] or found
    if not best or not all(np.allclose(best[0][0], x, equal_nan=True) for x, _ in best):
        return None
    first = best[0][1]
    text = linecache.getline(path, first.line).strip()
    at = first.line if all(first.line == each.line for _, each in found) else 0
    kind = first.kind if all(first.kind == each.kind for _, each in best) else ""
    return Amendment(kind, at, text, first.number)


def results_of(function: LossFunction) -> dict[Input, Output]:
    """Return what a function returns for ordinary inputs, or nothing if it stops."""
    results = {}
    for given in (*UNLIKE_FIRST, *UNPENALIZED.values()):
        results[given] = call(function, given)
        if results[given].trouble is not None:
            return {}
    return results


def runs_line(function: LossFunction, plain: Any, line: int) -> bool:
    """Return whether a line of the file still runs for ordinary inputs; 0 is any."""
    file = plain.__code__.co_filename
    return line == 0 or any(
        (file, line) in lines_run(call, function, given) for given in UNLIKE_FIRST
    )


def cost(exercise: Exercise, part: str, results: Mapping[Input, Output]) -> int:
    """Return how much is wrong with a part, by the known mistakes."""
    for besides, inputs in enumerate((ORDINARY, PLAIN)):
        values = {given: results[given].part(part) for given in inputs}
        if any(value is None for value in values.values()):
            break
        sets = explain_part(exercise, part, values, largest=1)
        if sets and NO_DATA.name not in {variant.name for variant in sets[0]}:
            return len(sets[0]) + besides
    return UNEXPLAINED


def flat(results: Mapping[Input, Output]) -> np.ndarray:
    """Return all numbers of some results in a row."""
    values = [
        np.broadcast_to(np.nan if (x := output.part(p)) is None else x, given.W.shape)
        for given, output in results.items()
        for p in PARTS
    ]
    return np.hstack([value.ravel() for value in values])


def arguments(definition: ast.FunctionDef) -> tuple[str, str]:
    """Return the names of the first two arguments besides the object of a method."""
    names = [each.arg for each in definition.args.args]
    names = names[names[:1] == ["self"] :]
    return (names[0], names[1]) if len(names) > 1 else ("W", "X")


def shapes(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits of each name that is a whole shape, to each length that it may be."""
    for node, owner, key in expressions(definition):
        is_shape = isinstance(node, ast.Attribute) and node.attr == "shape"
        if is_shape and isinstance(owner, ast.Assign):
            for axis in (0, 1) if isinstance(owner.targets[0], ast.Name) else ():
                length = ast.Subscript(node, ast.Constant(axis), ast.Load())
                told = f"shape_for_length `{ast.unparse(owner.targets[0])}`"
                yield node.lineno, told, [(owner, key, length)]


def lengths(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits of each length of a new array, to each other that it may be."""
    W, X = arguments(definition)
    for node, *_ in expressions(definition):
        if not is_array_maker(node):
            continue
        first = node.args[0]
        owner, keys = node.args, range(1)
        if isinstance(first, ast.Tuple):
            owner, keys = first.elts, range(len(first.elts))
        for key in keys:
            for length in (f"{W}.shape[1]", f"{X}.shape[0]", f"{W}.shape[0]"):
                if ast.unparse(owner[key]) != length:
                    new = ast.parse(length, mode="eval").body
                    yield node.lineno, "length", [(owner, key, new)]


def is_array_maker(node: ast.expr) -> TypeGuard[ast.Call]:
    """Whether an expression makes an array of given lengths."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("zeros", "ones", "empty", "full", "eye", "identity")
        and bool(node.args)
    )


def returned(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits of the gradient that is returned, to each other variable."""
    for each in ast.walk(definition):
        if isinstance(each, ast.Return) and isinstance(each.value, ast.Tuple):
            for name in sorted(targets_in(definition)):
                setters = [(each.value.elts, 1, ast.Name(name, ast.Load()))]
                yield each.lineno, f"other_array_returned `{name}`", setters


TIERS = (shapes, returned, reused, inside, around, of_shapes, lengths)

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
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.errors import has_plain_cause
from softmax_lib.exercises.losses.catalogue import NO_DATA
from softmax_lib.exercises.losses.forms import FORMS
from softmax_lib.exercises.losses.inputs import ORDINARY, UNPENALIZED, Input
from softmax_lib.exercises.losses.instrument import (
    base_of,
    lines_in,
    lines_of_result,
    parsed,
    parsed_with_helpers,
    targets_in,
    watch,
)
from softmax_lib.exercises.losses.layouts import find_layout, turned
from softmax_lib.exercises.losses.outputs import LossFunction, Output, call
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.losses.repair import (
    MOST_EDITS,
    Budget,
    Change,
    Edit,
    around,
    edits,
    expressions,
    inside,
    of_shapes,
    with_edit,
)
from softmax_lib.exercises.mistakes import find
from softmax_lib.exercises.report import Finding
from softmax_lib.exercises.sandbox import Trouble
from softmax_lib.exercises.search import Exercise, explain_part

__all__ = ["SMALL", "Amendment", "amended", "other_array", "what_stops"]

PLAIN = [UNPENALIZED.get(given, given) for given in ORDINARY]
UNEXPLAINED = 4  # as many mistakes count for a part that no known one explains
SMALL = {"0", "1", "2", "3"}  # not only lengths: numbers of axes, factors
LENGTHS = ("__C__", "__N__", "__D__")  # names for them that all functions know
SENTENCES = {
    "length_spelled_out": "{}, and the check's arrays have other lengths",
    "shape_for_length": "`{}` is a whole shape, a tuple, where one length is needed",
    "other_array_returned": "{}, and what is returned is still all zeros",
}


class Amendment(NamedTuple):
    """What is replaced in a function."""

    name: str  # of the mistake, or the kind of the edit
    line: int
    told: str  # what the sentence is about
    places: tuple[tuple[int, str], ...]  # of expressions, and what takes their place
    edit: int = -1  # instead: the number of an edit

    def finding(self) -> Finding:
        """Return what the report says of it."""
        if self.edit >= 0:
            return Edit(self.line, self.name, self.told).finding()
        sentence = SENTENCES[self.name].format(self.told)
        return replace(*find(FORMS, [self.name]), sentence=sentence, line=self.line)


def amended(function: LossFunction, amendment: Amendment) -> LossFunction | None:
    """Return the function with a thing in it replaced."""
    read = parsed_with_helpers(function)
    if read is None:
        return None
    plain, definitions = read
    if amendment.edit >= 0:
        here = itertools.islice(edits_here(definitions), amendment.edit, None)
        setters = next(here)[2]
    else:
        found = all_expressions(definitions)
        setters = [
            (*found[place][1:], ast.parse(by, mode="eval").body)
            for place, by in amendment.places
        ]
    if amendment.name == "length_spelled_out":
        W, X = arguments(definitions[-1])
        values = f"{W}.shape[1], {X}.shape[0], {W}.shape[0]"
        # no assignment, which might be taken for the reader's
        source = f"globals().update(zip({LENGTHS}, ({values})))"
        definitions[-1].body[:0] = parsed(source, definitions[-1].lineno)
    edited: LossFunction | None = with_edit(plain, definitions, setters, True)
    return edited


def all_expressions(
    definitions: Sequence[ast.FunctionDef],
) -> list[tuple[Any, Any, Any]]:
    """Return the expressions of a function and of those that it calls."""
    return list(itertools.chain(*map(expressions, definitions)))


def what_stops(function: LossFunction, text: str) -> Amendment | None:
    """Return what stops a function, with this exception, if it can be replaced."""
    read = parsed_with_helpers(function)
    if read is None:
        return None
    plain, definitions = read
    tried = numbers(plain, definitions)
    if "tuple" in text:
        tried = itertools.chain(shapes(definitions), tried)
    for amendment in tried:
        if runs(amended(function, amendment)):
            return fewest(function, amendment, definitions)
    return None


def runs(function: LossFunction | None) -> bool:
    """Whether a function returns for arrays of all sizes."""
    if function is None:
        return False
    layout = find_layout(function)
    here = turned(function, layout) if layout else function
    return all(call(here, given).trouble is None for given in ORDINARY)


def fewest(
    function: LossFunction,
    amendment: Amendment,
    definitions: Sequence[ast.FunctionDef],
) -> Amendment:
    """Return the amendment in those places alone that need it."""
    for place in amendment.places:
        others = tuple(x for x in amendment.places if x != place)
        fewer = amendment._replace(places=others)
        if others and runs(amended(function, fewer)):
            amendment = fewer
    node, *_ = all_expressions(definitions)[amendment.places[0][0]]
    return amendment._replace(line=node.lineno)


def numbers(plain: Any, definitions: Sequence[ast.FunctionDef]) -> Iterator[Amendment]:
    """Yield each number that may stand for a length, with each length that it may be.

    A list of 0, 1, 2 and so on stands for its length, too.
    """
    places: dict[tuple[int, bool], list[int]] = {}
    stored = {name for each in definitions for name in targets_in(each)}
    for place, (node, *_) in enumerate(all_expressions(definitions)):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Name) and node.id not in stored:
            value = plain.__globals__.get(node.id)
        if isinstance(node, ast.List | ast.Tuple):
            entries = [getattr(each, "value", None) for each in node.elts]
            if entries == list(range(len(entries))):
                value = len(entries)
        if type(value) is int and str(value) not in SMALL and value > 0:
            is_list = isinstance(node, ast.List | ast.Tuple)
            places.setdefault((value, is_list), []).append(place)
    for several in (1, 2):
        for chosen in itertools.combinations(places.items(), several):
            told = "The length {} is written as a number"
            if several > 1:
                told = "The lengths {} and {} are written as numbers"
            told = told.format(*(number for (number, _), _ in chosen))
            for lengths in itertools.product(LENGTHS, repeat=several):
                replaced = tuple(
                    (place, f"list(range({length}))" if is_list else length)
                    for ((_, is_list), found), length in zip(
                        chosen, lengths, strict=True
                    )
                    for place in found
                )
                yield Amendment("length_spelled_out", 0, told, replaced)


def edits_here(definitions: Sequence[ast.FunctionDef]) -> Iterator[Change]:
    """Yield the edits that may let a function return."""
    return edits(definitions, inside, around, of_shapes)


def edit_that_runs(
    function: LossFunction,
    exercise: Exercise,
    parts: Sequence[str],
    layout: str,
    stop: Trouble,
) -> Amendment | None:
    """Return the edit after which a function returns, with the fewest mistakes left.

    There is none if several edits leave as few, and different results.
    """
    read, line = parsed_with_helpers(function), stop.number
    if read is None or line is None:
        return None
    plain, definitions = read
    ending = {part: lines_of_result(function, PARTS.index(part)) for part in parts}
    spoiled = [part for part in parts if line in (ending[part] or {line})] or parts
    here = next((x for x in map(lines_in, definitions) if line in x), set())
    budget, least = Budget(MOST_EDITS), UNEXPLAINED * len(parts)
    found: list[tuple[np.ndarray, int, str, int]] = []
    for number, (at, kind, setters) in enumerate(edits_here(definitions)):
        if at != line if has_plain_cause(stop) else at in here and at > line:
            continue
        if budget.is_spent():
            return None
        edited = with_edit(plain, definitions, setters)
        for each in {"", layout} if edited is not None else ():
            results = results_of(turned(edited, each) if each else edited)
            costs = {p: cost(exercise, p, results) for p in parts if results}
            total = sum(costs.values())
            if results and total <= least and min(costs[p] for p in spoiled) <= 2:
                found = found if total == least else []
                least = total
                found.append((flat(results), at, kind, number))
    if not found or not all(is_alike(found[0][0], each[0]) for each in found):
        return None
    _, at, kind, number = found[0]
    text = linecache.getline(plain.__code__.co_filename, at).strip()
    at = at if all(at == each[1] for each in found) else 0
    kind = kind if all(kind == each[2] for each in found) else ""
    return Amendment(kind, at, text, (), number)


def results_of(function: LossFunction) -> dict[Input, Output]:
    """Return what a function returns for ordinary inputs, or nothing if it stops."""
    results = {}
    for given in (*ORDINARY[3:], *ORDINARY[:3], *UNPENALIZED.values()):
        results[given] = call(function, given)
        if results[given].trouble is not None:
            return {}
    return results


def cost(exercise: Exercise, part: str, results: Mapping[Input, Output]) -> int:
    """Return how much is wrong with a part, by the known mistakes."""
    for besides, inputs in enumerate((ORDINARY, PLAIN)):
        values = {given: results[given].part(part) for given in inputs}
        if any(value is None for value in values.values()):
            return UNEXPLAINED - 1
        sets = explain_part(exercise, part, values, largest=1)
        if sets and NO_DATA.name not in {variant.name for variant in sets[0]}:
            return len(sets[0]) + besides
    return UNEXPLAINED


def flat(results: Mapping[Input, Output]) -> np.ndarray:
    """Return all numbers of some results in a row."""
    values = [output.part(part) for output in results.values() for part in PARTS]
    return np.hstack([np.nan if value is None else value.ravel() for value in values])


def is_alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two functions returned the same."""
    return one.shape == other.shape and np.allclose(one, other, equal_nan=True)


def arguments(definition: ast.FunctionDef) -> tuple[str, str]:
    """Return the names of the first two arguments besides the object of a method."""
    names = [each.arg for each in definition.args.args]
    names = names[names[:1] == ["self"] :]
    return (names[0], names[1]) if len(names) > 1 else ("W", "X")


def shapes(definitions: Sequence[ast.FunctionDef]) -> Iterator[Amendment]:
    """Yield each name that is a whole shape, with each length that it may be."""
    for place, (node, owner, _) in enumerate(all_expressions(definitions)):
        is_shape = isinstance(node, ast.Attribute) and node.attr == "shape"
        if not is_shape or not isinstance(owner, ast.Assign):
            continue
        name = owner.targets[0]
        for axis in (0, 1) if isinstance(name, ast.Name) else ():
            by = f"{ast.unparse(node)}[{axis}]"
            yield Amendment("shape_for_length", 0, ast.unparse(name), ((place, by),))


def other_array(function: LossFunction, layout: str) -> Amendment | None:
    """Return the array that a function makes in the shape of W and does not use."""
    read, watched = parsed_with_helpers(function), watch(function)
    if read is None or watched is None:
        return None
    values: dict[str, Any] = {}

    def on_change(site: Any, before: Any, after: Any, index: list[int]) -> Any:
        if not site.helper:
            values[site.name] = after
        return after

    watched.on_change = on_change
    given = ORDINARY[3]
    call(turned(watched.function, layout) if layout else watched.function, given)
    definition = read[1][-1]
    found = [
        name
        for name, value in values.items()
        if np.shape(value) in (given.W.shape, given.W.T.shape)
        and np.any(value)
        and not is_used(definition, name)
    ]
    if len(found) != 1:
        return None
    places, names, line = [], set(), 0
    for place, (node, owner, key) in enumerate(all_expressions(read[1])):
        for each in ast.walk(definition):
            is_result = isinstance(each, ast.Return) and owner is getattr(
                each.value, "elts", None
            )
            if is_result and key == 1 and isinstance(node, ast.Name):
                places.append((place, found[0]))
                names.add(node.id)
                line = line or node.lineno
    if len(names) != 1:
        return None
    told = f"`{found[0]}` is computed in the shape of the gradient and never used"
    return Amendment("other_array_returned", line, told, tuple(places))


def is_used(definition: ast.FunctionDef, name: str) -> bool:
    """Whether a name is read, but for what it becomes itself and what is printed."""

    def nodes(top: ast.AST) -> set[ast.AST]:
        names = {x for x in ast.walk(top) if isinstance(x, ast.Name) and x.id == name}
        return {x for x in names if isinstance(x.ctx, ast.Load)}

    own: set[ast.AST] = set()
    for each in ast.walk(definition):
        targets = getattr(each, "targets", [getattr(each, "target", None)])
        is_own = isinstance(each, ast.Assign | ast.AugAssign) and any(
            base_of(target) == name for target in targets
        )
        if is_own or isinstance(each, ast.Expr):
            own |= nodes(each)
    return bool(nodes(definition) - own)

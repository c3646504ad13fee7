"""One thing in a reader's function replaced, so that all the rest of it can be judged.

It is a number that takes the place of a length, a shape that takes the place of one of
its lengths, or the array that is returned. What is replaced is the cause if the
function returns a result after that, with arrays of all sizes.
"""

import ast
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.losses.forms import FORMS
from softmax_lib.exercises.losses.inputs import ORDINARY
from softmax_lib.exercises.losses.instrument import (
    base_of,
    parsed_with_helpers,
    targets_in,
    watch,
)
from softmax_lib.exercises.losses.layouts import find_layout, turned
from softmax_lib.exercises.losses.outputs import LossFunction, call
from softmax_lib.exercises.losses.repair import expressions, with_edit
from softmax_lib.exercises.mistakes import find
from softmax_lib.exercises.report import Finding

__all__ = ["SMALL", "Amendment", "amended", "other_array", "what_stops"]

SMALL = {"0", "1", "2", "3"}  # not only lengths: numbers of axes, factors
LENGTH = "__length__"
SENTENCES = {
    "length_spelled_out": "The length {} is written as a number, and it is none of N, "
    "D and C",
    "shape_for_length": "`{}` is a whole shape, a tuple, where one length is needed",
    "other_array_returned": "{}, and what is returned is still all zeros",
}


class Amendment(NamedTuple):
    """What is replaced in a function."""

    name: str  # of the mistake
    line: int
    told: str  # what the sentence is about
    places: tuple[int, ...]  # in the sequence of the expressions
    by: str  # the source of what takes their place
    length: str = ""  # the source of a length that is known in all functions

    def finding(self) -> Finding:
        """Return what the report says of it."""
        sentence = SENTENCES[self.name].format(self.told)
        return replace(*find(FORMS, [self.name]), sentence=sentence, line=self.line)


def amended(function: LossFunction, amendment: Amendment) -> LossFunction | None:
    """Return the function with a thing in it replaced."""
    read = parsed_with_helpers(function)
    if read is None:
        return None
    plain, definitions = read
    found = all_expressions(definitions)
    setters = []
    for place in amendment.places:
        _, owner, key = found[place]
        setters.append((owner, key, ast.parse(amendment.by, mode="eval").body))
    if amendment.length:  # no assignment, which might be taken for the reader's
        (start,) = ast.parse(f"globals().update({LENGTH}={amendment.length})").body
        for node in ast.walk(start):
            ast.copy_location(node, definitions[-1])
        definitions[-1].body.insert(0, start)
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
    node, *_ = all_expressions(definitions)[amendment.places[0]]
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
    W, X = arguments(definitions[-1])
    for (number, is_list), found in places.items():
        by = f"list(range({LENGTH}))" if is_list else LENGTH
        for length in (f"{W}.shape[1]", f"{X}.shape[0]", f"{W}.shape[0]"):
            told, at = str(number), tuple(found)
            yield Amendment("length_spelled_out", 0, told, at, by, length)


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
            yield Amendment("shape_for_length", 0, ast.unparse(name), (place,), by)


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
    places, names, line = [], set(), 0
    for place, (node, owner, key) in enumerate(all_expressions(read[1])):
        for each in ast.walk(definition):
            is_result = isinstance(each, ast.Return) and owner is getattr(
                each.value, "elts", None
            )
            if is_result and key == 1 and isinstance(node, ast.Name):
                places.append(place)
                names.add(node.id)
                line = line or node.lineno
    if len(found) != 1 or len(names) != 1:
        return None
    told = f"`{found[0]}` is computed in the shape of the gradient and never used"
    return Amendment("other_array_returned", line, told, tuple(places), found[0])


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

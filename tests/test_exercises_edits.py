"""The edits that are tried on a reader's function, each of them and no other."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from softmax_lib.exercises.losses.amend import lengths, returned, shapes
from softmax_lib.exercises.losses.repair import (
    applied,
    around,
    inside,
    of_shapes,
    reused,
    statements,
)

Tier = Callable[[ast.FunctionDef], Iterator[Any]]


def after_each(tier: Tier, source: str) -> list[tuple[int, str, str]]:
    """Return the line and the kind of each edit, and the function after it."""
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    found = []
    for line, kind, setters in tier(definition):
        with applied(setters):
            found.append((line, kind, ast.unparse(definition)))
    assert ast.unparse(definition) == ast.unparse(ast.parse(source))
    return found


def put_around(text: str, form: str = "{}", minus: str = "") -> list[str]:
    """Return a form with each thing around a text that is in it."""
    calls = [f"np.{name}({text})" for name in ("exp", "log", "sum")]
    return [form.format(each) for each in (minus or f"-{text}", *calls)]


EXPRESSIONS: list[tuple[Tier, str, dict[str, list[str]]]] = [
    (inside, "x + 1", {
        "operator": ["x - 1", "x * 1"], "extra": ["x", "1"], "name": ["y + 1"],
        "number": ["x + 0", "x + 0.5", "x + 2", "x + -1"]}),
    (inside, "x < y", {
        "operator": ["x > y", "x >= y"], "name": ["y < y", "x < x"]}),
    (inside, "x[y]", {
        "extra": ["x"],
        "name": ["x", "y", "y[y]", "x[y][y]", "x[x]", "x[x[y]]"]}),
    (inside, "-x.T", {"extra": ["x.T", "-x"], "name": ["-y.T"]}),
    (inside, "x.sum(axis=1)", {
        "function": ["x.max(axis=1)", "x.min(axis=1)", "x.mean(axis=1)"],
        "name": ["y.sum(axis=1)"],
        "number": [f"x.sum(axis={k})" for k in ("0", "0.5", "2", "-1")]}),
    (inside, "np.log(x, dtype=y)", {
        "extra": ["x", "np.log(x)"], "function": ["np.exp(x, dtype=y)"],
        "name": ["np.log(y, dtype=y)", "np.log(x, dtype=x)"]}),
    (around, "x - y", {
        "order": ["y - x"],
        "missing": [
            *put_around("x - y", minus="-(x - y)"), "(x - y).T",
            *put_around("x", "{} - y"), "x.T - y",
            *put_around("y", "x - {}"), "x - y.T"]}),
    (around, "2 / (3 * 4)", {
        "order": ["3 * 4 / 2", "2 / 3 * 4", "2 / (4 * 3)"],
        "missing": [
            *put_around("2 / (3 * 4)", minus="-(2 / (3 * 4))"), "(2 / (3 * 4)).T",
            *put_around("3 * 4", "2 / {}", minus="-(3 * 4)"), "2 / (3 * 4).T"]}),
    (around, "x[0](1, keepdims=0)", {
        "missing": [
            *put_around("x[0](1, keepdims=0)"), "x[0](1, keepdims=0).T",
            "x[0](1, keepdims=0, axis=0)", "x[0](1, keepdims=0, axis=1)",
            *put_around("x[0]", "{}(1, keepdims=0)", minus="(-x[0])"),
            "x[0].T(1, keepdims=0)",
            *put_around("x", "{}[0](1, keepdims=0)", minus="(-x)"),
            "x.T[0](1, keepdims=0)"]}),
    (of_shapes, "[x]", {"extra": ["x"], "missing": ["[x[:, None]]"]}),
    (of_shapes, "x[[x, 1]]", {
        "list_for_index": ["x[x, 1]"],
        "missing": ["x[[x, 1]][:, None]", "x[:, None][[x, 1]]", "x[[x[:, None], 1]]"]}),
    (of_shapes, "1 > 2", {"missing": ["(1 > 2) * 1.0"]}),
    (of_shapes, "sum(1)", {
        "function": ["np.sum(1)"], "operator": ["sum[1]"],
        "missing": ["sum(1)[:, None]", "sum(1, dtype=int)", "sum[:, None](1)"]}),
    (of_shapes, "math.exp(1)", {
        "function": ["np.exp(1)"], "operator": ["math.exp[1]"],
        "missing": [
            "math.exp(1)[:, None]", "math.exp(1, dtype=int)", "math[:, None].exp(1)"]}),
    (of_shapes, "x.dot(1)", {
        "function": ["np.outer(x, 1)"], "operator": ["x.dot[1]"],
        "missing": ["x.dot(1)[:, None]", "x.dot(1, dtype=int)", "x[:, None].dot(1)"]}),
    (of_shapes, "np.ones(1, 2)", {
        "order": ["np.ones(2, 1)"],
        "missing": [
            "np.ones(1, 2)[:, None]", "np.ones(1, 2, dtype=int)", "np.ones((1, 2))",
            "np[:, None].ones(1, 2)"]}),
    (of_shapes, "x.sum(axis=1)", {
        "missing": [
            "x.sum(axis=1)[:, None]", "x.sum(axis=1, keepdims=True)",
            "x[:, None].sum(axis=1)"]}),
    (of_shapes, "x[1, 0]", {
        "order": ["x[0, 1]"], "missing": ["x[1, 0][:, None]", "x[:, None][1, 0]"]}),
]  # fmt: skip


@pytest.mark.parametrize(("tier", "expression", "expected"), EXPRESSIONS)
def test_the_edits_of_an_expression(
    tier: Tier, expression: str, expected: dict[str, list[str]]
) -> None:
    edits = after_each(tier, f"def f(x, y):\n    return {expression}")
    found: dict[str, list[str]] = {}
    for line, kind, text in edits:
        assert line == 2
        found.setdefault(kind, []).append(text.partition("return ")[2])
    assert {kind: sorted(texts) for kind, texts in found.items()} == {
        kind: sorted(texts) for kind, texts in expected.items()
    }


LOOP = """
def f(x):
    a = 0
    for i in x:
        a += i
        b = a
    return b
"""
BRANCH = """
def f(x):
    if x:
        a = 1
        b = 2
    else:
        c = 3
    return a
"""
NESTED = """
def f(x):
    for i in x:
        for i in x:
            a = i
    return a
"""
ARRAYS = """
def f(W, X):
    a = np.zeros((3, W.shape[1]))
    return np.ones(4)
"""
SHAPE = """
def f(W, X):
    N = X.shape
    N, D = X.shape
    return N
"""
RETURN = """
def f(W, X):
    dW = g = 0
    return (0, dW)
"""
COPY = """
def f(x):
    a = x
    return 1
"""
LENGTHS = "W.shape[1]", "X.shape[0]", "W.shape[0]"
BLOCKS: list[tuple[Tier, str, set[tuple[int, str, str, str]]]] = [
    (statements, LOOP, {
        (2, "line", "    a = 0\n", "    pass\n"),
        (4, "line", "a += i", "pass"),
        (5, "line", "b = a", "pass"),
        (2, "place", "        a += i\n", "        a = 0\n        a += i\n"),
        (5, "place", "        b = a\n", "    b = a\n"),
        (6, "place", "    return b", "        return b")}),
    (statements, BRANCH, {
        (3, "line", "a = 1", "pass"),
        (4, "line", "b = 2", "pass"),
        (6, "line", "c = 3", "pass"),
        (4, "place", "        b = 2\n    else:\n        c = 3\n",
         "    else:\n        c = 3\n    b = 2\n")}),
    (around, COPY, {
        (2, "adds", "a = x", "a += x"),
        (2, "missing", "= x", "= x.copy()"),
        (2, "missing", "= x", "= x.T"),
        *((2, "missing", "= x", each) for each in put_around("x", "= {}"))}),
    (reused, NESTED, {
        (3, "loop_variable_reused", "        for i", "        for __inner__"),
        (3, "loop_variable_reused", "        for i in x:\n            a = i",
         "        for __inner__ in x:\n            a = __inner__")}),
    (lengths, ARRAYS, {
        *((2, "length", "(3,", f"({length},") for length in LENGTHS),
        *((2, "length", "W.shape[1]", length) for length in LENGTHS[1:]),
        *((3, "length", "(4)", f"({length})") for length in LENGTHS)}),
    (shapes, SHAPE, {
        (2, "shape_for_length `N`", "N = X.shape\n    N,", f"N = X.shape[{k}]\n    N,")
        for k in (0, 1)}),
    (returned, RETURN, {
        (3, "other_array_returned `dW`", "(0, dW)", "(0, dW)"),
        (3, "other_array_returned `g`", "(0, dW)", "(0, g)")}),
]  # fmt: skip


@pytest.mark.parametrize(("tier", "source", "expected"), BLOCKS)
def test_the_edits_of_a_block(
    tier: Tier, source: str, expected: set[tuple[int, str, str, str]]
) -> None:
    found = after_each(tier, source.strip())
    assert len(found) == len(expected)
    assert set(found) == {
        (line, kind, source.strip().replace(old, new))
        for line, kind, old, new in expected
    }

"""Change softmax_lib in one place and see whether a unit test notices: `make mutants`.

A change that no test notices, a mutant that survives, is either a missing test or a
change that no caller can tell from the original. Survivors of the second kind stand in
`equivalent_mutants.toml`, each with its reason; any other makes the run fail.

All code inside functions and classes is mutated, texts of messages included. Type
annotations and docstrings are not, nor is what stands outside (imports, type aliases).
Each mutant runs in a process forked from this one, which has imported the libraries
once; nothing is written to disk. It needs a system that can fork: Linux or macOS.

mutmut 3 leaves out decorated functions, which are all four losses. cosmic-ray starts an
interpreter for each mutant and writes the mutants into the checkout.
"""

import argparse
import ast
import contextlib
import importlib
import os
import signal
import sys
import time
import tomllib
import types
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = (
    "validation",
    "preprocessing",
    "losses",
    "gradient_check",
    "linear_classifier",
    "tuning",
    "evaluation",
    "features",
    "estimator",
    "streaming",
    "widgets",
)
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
OURS = ("softmax_lib", "tests", "conftest")
OPTIONS = ("-q", "-x", "--tb=no", "--assert=plain", "-p", "no:cacheprovider")
TIME_LIMIT = 60  # seconds; the tests of a module take one to five

OPERATORS: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Div],
    ast.Mod: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
ATTRIBUTES = {
    "float32": "float64",
    "float64": "float32",
    "floating": "integer",
    "integer": "floating",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "argmax": "argmin",
    "all": "any",
    "zeros": "ones",
    "ones": "zeros",
    "mean": "sum",
    "sum": "mean",
}


class Mutant(NamedTuple):
    """A module with one change."""

    number: int
    line: str
    change: str
    code: types.CodeType


# Lists what may stand in the place of a piece of code.


def alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the changed pieces that a careless hand could have written instead."""
    match node:
        case ast.Constant(value=bool(value)):
            yield changed(node, value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield changed(node, value=value + 1)
        case ast.Constant(value=str(value)):
            yield changed(node, value="XX" + value)
        case ast.Constant(value=None):
            yield changed(node, value=0)
        case ast.BinOp() | ast.BoolOp():
            for operator in OPERATORS.get(type(node.op), []):
                yield changed(node, op=operator())
        case ast.AugAssign():
            for operator in OPERATORS.get(type(node.op), []):
                yield changed(node, op=operator())
            yield like(node, ast.Assign([node.target], node.value))
        case ast.Compare():
            for i, old in enumerate(node.ops):
                for operator in OPERATORS.get(type(old), []):
                    ops = [*node.ops[:i], operator(), *node.ops[i + 1 :]]
                    yield changed(node, ops=ops)
        case ast.UnaryOp():
            yield node.operand
        case ast.Attribute() if node.attr in ATTRIBUTES:
            yield changed(node, attr=ATTRIBUTES[node.attr])
        case ast.Call():
            for i in range(len(node.args)):
                yield changed(node, args=without(node.args, i))
            for i in range(len(node.keywords)):
                yield changed(node, keywords=without(node.keywords, i))
        case ast.If() | ast.IfExp():
            for value in (True, False):
                yield changed(node, test=like(node.test, ast.Constant(value)))
        case ast.For() | ast.comprehension():
            yield changed(node, iter=like(node.iter, ast.Tuple([], ast.Load())))
        case ast.Return():
            yield changed(node, value=None)
        case ast.FunctionDef():
            for i in range(len(node.decorator_list)):
                yield changed(node, decorator_list=without(node.decorator_list, i))
    if isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = without(node.values, i)
            yield changed(node, values=rest) if len(rest) > 1 else rest[0]
    if isinstance(node, ast.Continue):
        yield like(node, ast.Break())
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.Raise):
        yield like(node, ast.Pass())


def changed(node: ast.AST, **fields: Any) -> ast.AST:
    """Copy a piece of code with other fields."""
    return type(node)(**{**vars(node), **fields})


def like(node: ast.AST, other: ast.AST) -> ast.AST:
    """Put a new piece of code on the lines of an old one."""
    return ast.fix_missing_locations(ast.copy_location(other, node))


def without(items: list[Any], i: int) -> list[Any]:
    """Copy a list with one item less."""
    return items[:i] + items[i + 1 :]


# Finds the places.


def mutants(source: str, filename: str = "<source>") -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree, lines = ast.parse(source), source.splitlines()
    for function, node, put in places(tree):
        for other in alternatives(node):
            number = getattr(node, "target", node).lineno
            line = f"{function}: {lines[number - 1].strip()}"
            put(other)
            with warnings.catch_warnings(action="ignore"):  # "is" with a literal
                code = compile(ast.fix_missing_locations(tree), filename, "exec")
            put(node)
            yield Mutant(number, line, f"{text(node)} → {text(other)}", code)


def places(
    node: ast.AST, function: str = ""
) -> Iterator[tuple[str, Any, Callable[[ast.AST], None]]]:
    """Yield each piece of code that may change, and the way to put another there."""
    for child, put in children(node):
        inside = isinstance(child, ast.FunctionDef | ast.ClassDef)
        if is_docstring(child) or (isinstance(node, ast.Module) and not inside):
            continue
        name = f"{function}.{child.name}".strip(".") if inside else function
        yield name, child, put
        yield from places(child, name)


def children(node: ast.AST) -> Iterator[tuple[Any, Callable[[ast.AST], None]]]:
    """Yield the parts of a piece of code, without the annotations of types."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        if isinstance(value, ast.AST):
            yield value, partial(setattr, node, field)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield item, partial(value.__setitem__, i)


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is nothing but a text."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def text(node: ast.AST) -> str:
    """First line of a piece of code, as Python writes it."""
    if isinstance(node, ast.FunctionDef):
        names = [f"@{ast.unparse(decorator)} " for decorator in node.decorator_list]
        return f"{''.join(names)}def {node.name}"
    if isinstance(node, ast.comprehension):
        return ast.unparse(node).strip()
    return ast.unparse(node).splitlines()[0]


# Runs the tests.


def tests_of(module: str) -> list[str]:
    """Return the files with the unit tests of a module."""
    return [str(ROOT / "tests" / f"test_{name}.py") for name in (module, "docs")]


def import_libraries(module: str) -> None:
    """Import what the tests of a module import, but nothing of our own."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main([*OPTIONS, "--collect-only", *tests_of(module)])
    for name in list(sys.modules):
        if name.split(".")[0] in OURS:
            del sys.modules[name]


def tests_pass(module: str, code: types.CodeType | None) -> bool:
    """Whether the unit tests of a module pass when its code is another."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(TIME_LIMIT)  # ends a loop without an end: pytest sees Ctrl-C
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    if code is not None:
        name = f"softmax_lib.{module}"
        sys.modules[name] = other = types.ModuleType(name)
        other.__file__ = str(ROOT / "softmax_lib" / f"{module}.py")
        exec(code, other.__dict__)
        setattr(importlib.import_module("softmax_lib"), module, other)
    return int(pytest.main([*OPTIONS, *tests_of(module)])) == 0


def start(module: str, code: types.CodeType | None) -> int:
    """Run the tests in a process of their own; return its number."""
    process = os.fork()
    if process == 0:
        passed = False
        try:
            passed = tests_pass(module, code)
        finally:
            os._exit(0 if passed else 1)
    return process


def outcomes(
    module: str, found: Iterable[Mutant], at_once: int
) -> Iterator[tuple[Mutant, bool]]:
    """Yield each mutant, and whether it survived."""
    waiting, running = deque(found), dict[int, Mutant]()
    while waiting or running:
        if waiting and len(running) < at_once:
            mutant = waiting.popleft()
            running[start(module, mutant.code)] = mutant
        else:
            process, status = os.wait()
            yield running.pop(process), status == 0


def check(module: str, reasons: Mapping[tuple[str, str], str], at_once: int) -> int:
    """Run the mutants of one module; return how many are to be looked at."""
    began = time.monotonic()
    import_libraries(module)
    path = ROOT / "softmax_lib" / f"{module}.py"
    _, status = os.waitpid(start(module, None), 0)
    if status:
        raise SystemExit(f"The tests of {module} fail although nothing is changed.")
    found = list(mutants(path.read_text("utf-8"), str(path)))
    alive = [
        mutant for mutant, survived in outcomes(module, found, at_once) if survived
    ]
    for mutant in sorted(alive, key=lambda mutant: mutant.number):
        reason = reasons.get((mutant.line, mutant.change), "TO BE TESTED")
        print(f"{path.name}:{mutant.number}: {mutant.line}")
        print(f"  {mutant.change}\n  {reason}")
    explained = {(mutant.line, mutant.change) for mutant in alive} & set(reasons)
    for line, change in set(reasons) - explained:
        print(f"{EQUIVALENT.name} lists what does not survive: {line}: {change}")
    killed = len(found) - len(alive)
    print(
        f"{module}: {killed} of {len(found)} killed ({killed / len(found):.1%}), "
        f"{len(alive)} survive, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    unexplained = sum((m.line, m.change) not in reasons for m in alive)
    return unexplained + len(set(reasons) - explained)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants of the modules named; return how many are to be looked at."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument(
        "modules", nargs="*", default=MODULES, help=f"of {', '.join(MODULES)}"
    )
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    listed = tomllib.loads(EQUIVALENT.read_text("utf-8"))
    open_ends = 0
    for module in options.modules:
        reasons = {
            (entry["line"], entry["change"]): entry["reason"]
            for entry in listed.get(module, [])
        }
        open_ends += check(module, reasons, options.at_once)
    return min(open_ends, 1)


if __name__ == "__main__":
    sys.exit(main())

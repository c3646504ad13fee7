"""The source of a reader's function, and of the functions of the same file it calls.

A method that it calls becomes a function that takes the object first, a lambda with a
name becomes a ``def``, and a constant from outside is set at the top: all that computes
is then in definitions, each line of which can be watched and edited.
"""

import ast
import copy
import inspect
import linecache
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = [
    "EDITED",
    "WRITTEN",
    "base_of",
    "names_in",
    "parsed_function",
    "parsed_with_helpers",
    "targets_in",
]

EDITED = "__edited__"  # where a function has its definitions, if they are not in a file
WRITTEN = "written"  # where a definition has the function that it was read from
ARGUMENTS = 4  # W, X, y, reg


def parsed_function(function: Callable[..., Any]) -> tuple[Any, Any] | None:
    """Return the plain function and its definition, if its source can be had."""
    plain = inspect.unwrap(getattr(function, "__func__", function))
    if not inspect.isfunction(plain):
        return None
    try:
        module = ast.parse(textwrap.dedent(inspect.getsource(plain)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    ast.increment_lineno(module, plain.__code__.co_firstlineno - 1)
    definition = named_lambda(module.body[0])
    if not isinstance(definition, ast.FunctionDef):
        return None
    setattr(definition, WRITTEN, plain)
    return plain, definition


def named_lambda(node: ast.stmt) -> ast.stmt:
    """Return the definition that a lambda with a name is; else what is there."""
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)):
        return node
    if not isinstance(node.targets[0], ast.Name):
        return node
    body = ast.copy_location(ast.Return(node.value.body), node)
    definition = ast.FunctionDef(node.targets[0].id, node.value.args, [body], [])
    return ast.copy_location(definition, node)


def parsed_with_helpers(
    function: Callable[..., Any],
) -> tuple[Any, list[ast.FunctionDef]] | None:
    """Return the plain function and its definition, after those that it calls."""
    plain = inspect.unwrap(getattr(function, "__func__", function))
    if (edited := getattr(plain, EDITED, None)) is not None:
        return plain, copy.deepcopy(edited)
    read = parsed_function(function)
    if read is None:
        return None
    values: dict[str, Any] = dict(plain.__globals__)
    found = {plain.__name__: read[1]}
    waiting = [read[1]]
    while waiting:
        methods = Methods(values, plain.__code__.co_filename)
        definition = methods.visit(waiting.pop())
        values |= methods.found
        for name in sorted(names_in(definition) - found.keys()):
            helper: Any = values.get(name)
            if not is_helper(helper, plain.__code__.co_filename):
                continue
            parsed_helper = parsed_function(helper)
            if parsed_helper is None or name.split(".")[-1] != parsed_helper[1].name:
                continue
            parsed_helper[1].name = name
            found[name] = parsed_helper[1]
            if (receiver := methods.receivers.get(name)) is not None:
                values.setdefault(parsed_helper[1].args.args[0].arg, receiver)
            waiting.append(parsed_helper[1])
    definitions = list(found.values())[::-1]
    for definition in definitions:
        constants = [*constants_of(definition, plain), *unpassed(definition, found)]
        definition.body = [*constants, *definition.body]
    return plain, definitions


class Methods(ast.NodeTransformer):
    """Turns the calls of a reader's methods into calls of functions."""

    def __init__(self, values: Mapping[str, Any], file: str) -> None:
        self.values, self.file = values, file
        self.found: dict[str, Any] = {}  # functions
        self.receivers: dict[str, Any] = {}  # their objects

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Pass the object of a method as an argument."""
        self.generic_visit(node)
        called = node.func
        if not isinstance(called, ast.Attribute):
            return node
        makes = isinstance(called.value, ast.Call)
        value = (
            called.value.func if isinstance(called.value, ast.Call) else called.value
        )
        owner = self.values.get(value.id) if isinstance(value, ast.Name) else None
        kind = owner if inspect.isclass(owner) else type(owner)
        method: Any = inspect.getattr_static(kind, called.attr, None)
        is_static = isinstance(method, staticmethod)
        method = method.__func__ if isinstance(method, staticmethod) else method
        if not is_helper(method, self.file) or parsed_function(method) is None:
            return node
        name = f"{kind.__name__}.{called.attr}"  # as no variable is called
        is_of_object = not is_static and (makes or not inspect.isclass(owner))
        self.found[name] = method
        if is_of_object:
            self.receivers[name] = owner
        arguments = [called.value, *node.args] if is_of_object else node.args
        new = ast.Call(ast.Name(name, ast.Load()), arguments, node.keywords)
        return ast.fix_missing_locations(ast.copy_location(new, node))


def is_helper(value: Any, file: str) -> bool:
    """Whether a value is a plain function that this file defines."""
    return (
        inspect.isfunction(value)
        and value.__code__.co_filename == file
        and not value.__code__.co_freevars
        and not hasattr(value, "__wrapped__")
    )


def constants_of(definition: ast.FunctionDef, plain: Any) -> Iterator[ast.stmt]:
    """Yield the numbers that a definition takes from the top of its file."""
    own = targets_in(definition) | {x.arg for x in definition.args.args}
    lines = linecache.getlines(plain.__code__.co_filename)
    for name in sorted(names_in(definition) - own):
        value = plain.__globals__.get(name)
        if type(value) not in (int, float):
            continue
        set_in = [n for n, x in enumerate(lines, 1) if re.match(rf"{name}\s*=", x)]
        if len(set_in) == 1:
            yield setting(name, value, set_in[0])


def unpassed(
    definition: ast.FunctionDef, found: Mapping[str, ast.FunctionDef]
) -> Iterator[ast.stmt]:
    """Yield the numbers that are arguments of a definition which no call passes."""
    calls = [
        each
        for other in found.values()
        for each in ast.walk(other)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        if each.func.id == definition.name
    ]
    most = max((len(each.args) for each in calls), default=ARGUMENTS)
    passed = {keyword.arg for each in calls for keyword in each.keywords}
    arguments, defaults = definition.args.args, definition.args.defaults
    for argument, default in zip(arguments[::-1], defaults[::-1], strict=False):
        value: Any = getattr(default, "value", None)
        is_passed = arguments.index(argument) < most or passed & {argument.arg, None}
        if type(value) in (int, float) and not is_passed:
            yield setting(argument.arg, value, argument.lineno)


def setting(name: str, value: float, line: int) -> ast.stmt:
    """Return the assignment of a number as if it stood in a line."""
    node = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(value))
    for each in ast.walk(node):
        if "lineno" in each._attributes:
            ast.copy_location(each, ast.Pass(lineno=line, col_offset=0))
            each.end_lineno = line  # type: ignore[attr-defined]
    return node


def names_in(node: Any) -> set[str]:
    """Return the names that a node, or a list of nodes, reads or writes."""
    nodes = node if isinstance(node, list) else [node]
    return {
        each.id
        for top in flat(nodes)
        for each in ast.walk(top)
        if isinstance(each, ast.Name)
    }


def flat(nodes: list[Any]) -> Iterator[ast.AST]:
    """Yield the nodes of a list that may hold lists of them."""
    for node in nodes:
        if isinstance(node, list):
            yield from flat(node)
        elif node is not None:
            yield node


def targets_in(node: ast.stmt) -> set[str]:
    """Return the variables that a statement and what is inside it change."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
        elif isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store):
            found.add(base_of(each) or "")
    return found


def base_of(target: ast.expr) -> str | None:
    """Return the variable that an assignment changes."""
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None

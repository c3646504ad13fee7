"""Watching a reader's function statement by statement, and replacing what one computes.

The function is compiled again from its source, with a call after each assignment that
sees the new value and may return another one in its place. Loops are counted, so that
it is known which point and which class a statement is at. The functions of the same
file that it calls are compiled with it.
"""

import ast
import linecache
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

import numpy as np

from softmax_lib.exercises.losses.definitions import (
    WRITTEN,
    base_of,
    names_in,
    parsed_with_helpers,
    targets_in,
)

__all__ = [
    "Site",
    "Watched",
    "frozen",
    "lines_of_result",
    "parts_without",
    "watch",
]

MOST_PASSES = 10_000
BEFORE, AFTER, START, TICK = "__before__", "__after__", "__start__", "__tick__"


@dataclass(frozen=True)
class Site:
    """An assignment in the reader's function."""

    number: int  # its place among all of them
    line: int  # in the reader's file
    name: str  # the variable that changes
    updates: bool  # whether it had a value before, and part of it may remain
    adds: bool  # whether it adds to the variable, or writes into a part of it
    in_place: bool  # whether it writes into the array that the variable is
    loops: tuple[int, ...]  # around it, the outermost one first
    reads: frozenset[str]  # the names in it
    starts: bool = False  # whether it sets what a sum may begin with
    helper: str = ""  # the function that it is in, if the reader's function calls that
    passed: bool = False  # whether it is an argument of that function

    def feeds(self, other: "Site") -> bool:
        """Whether another assignment uses what this one sets."""
        is_near = self.helper in (other.helper, self.name)
        return is_near and self.name in other.reads | {other.name}


@dataclass
class Watched:
    """A reader's function under watch.

    ``on_change(site, before, after, index)`` returns the value to go on with; ``index``
    is the count of each loop around the assignment.
    """

    sites: list[Site]
    file: str
    function: Callable[..., Any] = lambda: None  # as it was compiled again
    on_change: Callable[[Site, Any, Any, list[int]], Any] = lambda s, b, a, i: a
    counts: dict[int, int] = field(default_factory=dict)  # of each loop's last pass
    kept: dict[int, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the function's arguments."""
        code = self.function.__code__
        return code.co_varnames[: code.co_argcount]

    def text(self, line: int) -> str:
        """Return a line of the reader's file."""
        return linecache.getline(self.file, line).strip()

    def before(self, number: int, value: Any) -> None:
        """Keep what a variable was."""
        self.kept[number] = np.array(value, dtype=object if value is None else None)

    def after(self, number: int, value: Any) -> Any:
        """Return what the variable becomes."""
        site = self.sites[number]
        index = [self.counts.get(loop, 1) - 1 for loop in site.loops]
        return self.on_change(site, self.kept.pop(number, None), value, index)

    def start(self, loop: int) -> None:
        """Begin a loop."""
        self.counts[loop] = 0

    def tick(self, loop: int) -> None:
        """Count a pass through a loop, and end one that has no end."""
        self.counts[loop] += 1
        if self.counts[loop] > MOST_PASSES:
            raise RuntimeError


def lines_of_result(function: Callable[..., Any], place: int) -> set[int]:
    """Return the lines that a result may depend on; the result is known by its place.

    An empty set is returned if that is not to be seen.
    """
    read = parsed_with_helpers(function)
    if read is None:
        return set()
    *helpers, definition = read[1]
    returns = [x for x in ast.walk(definition) if isinstance(x, ast.Return)]
    values = [x.value for x in returns]
    if not all(isinstance(x, ast.Tuple) and len(x.elts) > place for x in values):
        return set()
    wanted = names_in([x.elts[place] for x in values])  # type: ignore[union-attr]
    by_name = {helper.name: helper for helper in helpers}
    inner = {x.name: x for x in ast.walk(definition) if is_inner(x, definition)}
    before: set[str] = set()
    lines: set[int] = set()
    while before != wanted:
        before = set(wanted)
        lines = {line for x in returns for line in lines_in(x)}
        follow(definition.body, wanted, lines)
        for name in wanted & by_name.keys():
            lines |= lines_in(by_name[name])
            wanted |= names_in(by_name[name]) & by_name.keys()
        for name in wanted & inner.keys():
            lines |= lines_in(inner[name])
            wanted |= names_in(inner[name])
    return lines


def is_inner(node: ast.AST, definition: ast.FunctionDef) -> TypeGuard[ast.FunctionDef]:
    """Whether a node defines a function inside another one."""
    return isinstance(node, ast.FunctionDef) and node is not definition


def follow(block: list[Any], wanted: set[str], lines: set[int]) -> bool:
    """Add the names and the lines that the wanted names depend on.

    Return whether a statement of the block is among them.
    """
    found = False
    for node in block:
        inner = [
            follow(getattr(node, name, []), wanted, lines)
            for name in ("body", "orelse", "finalbody")
        ]
        if isinstance(node, ast.Continue | ast.Break | ast.Return | ast.Raise):
            found = True
        is_alias = isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        changed = names_in(node) if is_alias or is_call else targets_in(node)
        is_compound = hasattr(node, "body")
        if any(inner) or (not is_compound and changed & wanted):
            head = [
                getattr(node, name, None)
                for name in ("test", "iter", "target", "items")
            ]
            wanted |= names_in(head if is_compound else node)
            lines |= {node.lineno} if is_compound else lines_in(node)
            found = True
    return found


def lines_in(node: Any) -> set[int]:
    """Return the lines of a node."""
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def parts_without(function: Callable[..., Any], lines: Sequence[int]) -> list[int]:
    """Return which results, by their place, do not depend on the lines."""
    read = parsed_with_helpers(function)
    return take_out(read[1][-1], lines) if read is not None else []


def take_out(definition: ast.FunctionDef, lines: Sequence[int]) -> list[int]:
    """Take the lines out of a function, and what depends on them.

    Return which of the returned values remain, by their place.
    """
    spoiled: set[str] = set()
    remaining: list[int] = []

    def is_spoiled(node: Any) -> bool:
        return bool(spoiled & names_in(node))

    def shortened(block: list[ast.stmt]) -> list[ast.stmt]:
        kept: list[ast.stmt] = []
        for node in block:
            inner = [name for name in ("body", "orelse") if getattr(node, name, None)]
            end: int = node.end_lineno or node.lineno
            if inner:
                end = max(node.lineno, getattr(node, "body")[0].lineno - 1)  # noqa: B009
            head = [getattr(node, name, None) for name in ("test", "iter")]
            stops = any(node.lineno <= line <= end for line in lines)
            if isinstance(node, ast.Return):
                values = node.value.elts if isinstance(node.value, ast.Tuple) else []
                remaining[:] = [k for k, v in enumerate(values) if not is_spoiled(v)]
                for k in set(range(len(values))).difference(remaining):
                    values[k] = ast.copy_location(ast.Constant(None), values[k])
            elif stops or is_spoiled(head if inner else node):
                spoiled.update(targets_in(node))
                continue
            for name in inner:
                setattr(node, name, shortened(getattr(node, name)) or [ast.Pass()])
            kept.append(node)
        return kept

    definition.body = shortened(definition.body) or [ast.Pass()]
    return remaining


def watch(function: Callable[..., Any], without: Sequence[int] = ()) -> Watched | None:
    """Return the function under watch, or None if its source cannot be had.

    The lines that it is to be `without` are taken out, and what depends on them.
    """
    read = parsed_with_helpers(function)
    if read is None:
        return None
    plain, (*helpers, definition) = read
    if without:
        take_out(definition, without)
    nodes = [node for each in read[1] for node in ast.walk(each)]
    counts = Counter(node.id for node in nodes if isinstance(node, ast.Name))
    rewriter = Rewriter({helper.name: helper for helper in helpers}, counts)
    definition.body = rewriter.block(definition.body, ())
    watched = Watched(rewriter.sites, plain.__code__.co_filename)
    calls = {
        BEFORE: watched.before,
        AFTER: watched.after,
        START: watched.start,
        TICK: watched.tick,
    }
    definitions = [*helpers, definition]
    ast.fix_missing_locations(ast.Module([*definitions], []))
    watched.function = compiled(plain, definitions, calls)
    return watched if watched.function is not None else None


def compiled(
    plain: Any,
    definitions: Sequence[ast.FunctionDef],
    more: Mapping[str, Any] | None = None,
) -> Any:
    """Return the function of changed definitions, the last one, or None."""
    for definition in definitions:
        strip(definition)
    names = {**plain.__globals__, **(more or {})}
    cells = zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True)
    names.update({name: cell.cell_contents for name, cell in cells})
    try:
        module = ast.Module([*definitions], [])
        exec(compile(module, plain.__code__.co_filename, "exec"), names)
    except (SyntaxError, ValueError, TypeError):  # such as `nonlocal`
        return None
    for definition in definitions:
        new, old = names[definition.name], getattr(definition, WRITTEN)
        new.__defaults__, new.__kwdefaults__ = old.__defaults__, old.__kwdefaults__
    return names[definitions[-1].name]


def strip(definition: ast.FunctionDef) -> None:
    """Take out what is evaluated where a function is defined."""
    definition.decorator_list, definition.returns = [], None
    arguments = definition.args
    for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        each.annotation = None
    nothing = ast.Constant(None, lineno=1, col_offset=0)
    arguments.defaults = [nothing for _ in arguments.defaults]
    arguments.kw_defaults = [each and nothing for each in arguments.kw_defaults]


def frozen(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the function without the changes that it makes to its arguments."""
    watched = watch(function)
    if watched is None:
        return None
    arguments = watched.arguments
    watched.on_change = lambda site, before, after, index: (
        before
        if site.in_place and site.name in arguments and not site.helper
        else after
    )
    return watched.function


class Rewriter:
    """Puts the calls into the statements of a function."""

    def __init__(
        self, helpers: dict[str, ast.FunctionDef], calls: Mapping[str, int]
    ) -> None:
        self.calls = calls  # how many there are of each function
        self.sites: list[Site] = []
        self.loops = 0
        self.helpers = helpers  # that no statement has called yet
        self.helper = ""
        self.own: set[str] | None = None  # the names that the helper sets

    def block(self, statements: list[ast.stmt], loops: tuple[int, ...]) -> list[Any]:
        """Return the statements with the calls between them."""
        return [new for each in statements for new in self.statement(each, loops)]

    def statement(self, node: Any, loops: tuple[int, ...]) -> list[Any]:
        """Return one statement with the calls around it."""
        self.enter_helpers(node, loops)
        if isinstance(node, ast.Return):
            return self.returned(node, loops)
        if isinstance(node, ast.FunctionDef):  # what it does is seen where it is called
            self.helpers[node.name] = node
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            return self.assignment(node, loops)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self.appended(node.value, loops)
        if isinstance(node, ast.For | ast.While):
            number, self.loops = self.loops, self.loops + 1
            node.body = [
                call(TICK, number, node.lineno),
                *self.block(node.body, (*loops, number)),
            ]
            node.orelse = self.block(node.orelse, loops)
            return [call(START, number, node.lineno), node]
        if isinstance(node, ast.If | ast.With | ast.Try):
            node.body = self.block(node.body, loops)
            if not isinstance(node, ast.With):
                node.orelse = self.block(node.orelse, loops)
        return [node]

    def enter_helpers(self, node: Any, loops: tuple[int, ...]) -> None:
        """Put the calls into the functions that a statement calls."""
        inner = {id(x) for name in ("body", "orelse") for x in getattr(node, name, [])}
        heads = [x for x in ast.iter_child_nodes(node) if id(x) not in inner]
        for name in sorted(names_in(heads) & self.helpers.keys()):
            definition, before = self.helpers.pop(name), (self.helper, self.own)
            self.helper, self.own = name, set(own_names(definition))
            arguments = self.arguments(definition, heads, loops)
            definition.body = [*arguments, *self.block(definition.body, loops)]
            self.helper, self.own = before

    def arguments(
        self, definition: ast.FunctionDef, heads: list[Any], loops: tuple[int, ...]
    ) -> list[Any]:
        """Return a call for each argument of a function that is called in one place."""
        calls = calls_of(definition.name, heads)
        if len(calls) != 1 or self.calls.get(definition.name) != 1:
            return []
        found = []
        for argument, value in zip(definition.args.args, calls[0].args, strict=False):
            line, name = value.lineno, argument.arg
            number = self.add_site(line, name, value, loops, passed=True)
            found += parsed(f"{name} = {AFTER}({number}, {name})", line)
        return found

    def assignment(self, node: Any, loops: tuple[int, ...]) -> list[Any]:
        """Return an assignment with a call before it, if needed, and one after it."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(targets[0], ast.Tuple) and len(targets) == 1:
            return [node, *self.unpacked(node, targets[0], loops)]
        name = base_of(targets[0])
        if len(targets) > 1 or name is None or getattr(node, "value", None) is None:
            return [node]
        if self.own is not None and name not in self.own:
            return [node]  # an array of another function, written into
        reads = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        in_value = {
            each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)
        }
        updates = (
            isinstance(node, ast.AugAssign)
            or not isinstance(targets[0], ast.Name)
            or name in in_value
        )
        if not updates:
            reads.discard(name)
        site = Site(
            len(self.sites),
            node.lineno,
            name,
            updates,
            updates and adds(node, targets[0]),
            isinstance(node, ast.AugAssign) or not isinstance(targets[0], ast.Name),
            loops,
            frozenset(reads),
            starts(node.value),
            self.helper,
        )
        if self.helper and name.startswith("result_"):
            site = replace(site, name=self.helper)
        self.sites.append(site)
        before = [call(BEFORE, site.number, node.lineno, name)] if updates else []
        after = f"{name} = {AFTER}({site.number}, {name})"
        return [*before, node, *parsed(after, node.end_lineno)]

    def add_site(
        self,
        line: int,
        name: str,
        value: ast.expr,
        loops: tuple[int, ...],
        begins: bool = False,
        passed: bool = False,
    ) -> int:
        """Add an assignment of a whole value, and return its number."""
        number, reads = len(self.sites), frozenset(names_in(value))
        site = Site(number, line, name, False, False, False, loops, reads, begins)
        self.sites.append(replace(site, helper=self.helper, passed=passed))
        return number

    def appended(self, node: ast.Call, loops: tuple[int, ...]) -> None:
        """Put a call around what is appended to a list."""
        to = getattr(node.func, "value", None)
        is_append = getattr(node.func, "attr", "") == "append" and len(node.args) == 1
        if not is_append or not isinstance(to, ast.Name):
            return
        number = self.add_site(node.lineno, to.id, node.args[0], loops)
        around: Any = parsed(f"{AFTER}({number}, 0)", node.lineno)[0]
        around.value.args[1:] = node.args
        node.args = [around.value]

    def unpacked(
        self, node: ast.Assign, target: ast.Tuple, loops: tuple[int, ...]
    ) -> list[Any]:
        """Return a call for each of the names that get a value together."""
        calls = []
        value = node.value
        for k, each in enumerate(target.elts):
            if isinstance(each, ast.Name):
                name = each.id
                begins = isinstance(value, ast.Tuple) and starts(value.elts[k])
                number = self.add_site(node.lineno, name, value, loops, begins=begins)
                after = f"{name} = {AFTER}({number}, {name})"
                calls += parsed(after, node.end_lineno)
        return calls

    def returned(self, node: ast.Return, loops: tuple[int, ...]) -> list[Any]:
        """Return assignments of the results, and the statement that returns them."""
        if node.value is None:
            return [node]
        whole: Any = node.value
        several = isinstance(whole, ast.Tuple)
        values = whole.elts if several else [whole]
        assignments: list[Any] = []
        for k, value in enumerate(values):
            if self.helper or not isinstance(value, ast.Name):
                name = ast.Name(f"result_{k}", ast.Store())
                assign = ast.copy_location(ast.Assign([name], value), value)
                assignments += self.assignment(assign, loops)
                values[k] = ast.Name(f"result_{k}", ast.Load())
        node.value = whole if several else values[0]
        return [*assignments, node]


def calls_of(name: str, nodes: list[Any]) -> list[ast.Call]:
    """Return the calls of a function in some nodes."""
    return [
        each
        for node in nodes
        for each in ast.walk(node)
        if isinstance(each, ast.Call) and getattr(each.func, "id", "") == name
    ]


def own_names(definition: ast.FunctionDef) -> Iterator[str]:
    """Yield the arguments of a function, and the names that it sets."""
    yield from ("result_0", "result_1")
    for node in ast.walk(definition):
        if isinstance(node, ast.arg):
            yield node.arg
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def starts(value: ast.expr) -> bool:
    """Whether a value is a number or an array of zeros."""
    called = value.func if isinstance(value, ast.Call) else None
    return isinstance(value, ast.Constant) or (
        isinstance(called, ast.Attribute) and called.attr.startswith("zeros")
    )


def adds(node: Any, target: ast.expr) -> bool:
    """Whether an assignment adds to its variable, or writes into a part of it."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Add | ast.Sub)
    value = getattr(node.value, "op", None)
    return not isinstance(target, ast.Name) or isinstance(value, ast.Add | ast.Sub)


def call(function: str, number: int, line: int, name: str = "") -> ast.stmt:
    """Return a statement that calls one of ours."""
    return parsed(f"{function}({number}{', ' if name else ''}{name})", line)[0]


def parsed(source: str, line: int | None) -> list[ast.stmt]:
    """Return statements as if they stood in a line."""
    body = ast.parse(source).body
    for node in ast.walk(ast.Module(body, [])):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line  # type: ignore[attr-defined]
    return body

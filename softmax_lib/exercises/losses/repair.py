"""The smallest edit of a reader's function that makes a wrong result right.

Where the known mistakes and the values of the variables leave several lines, or none,
each expression of these lines is edited in turn: another name, number, operator or
function, something less, something more. Edits inside a term come before edits of
whole statements, and if several lines can be edited equally well, none of them is
named. The edited line is not shown to the reader.
"""

import ast
import contextlib
import copy
import itertools
import linecache
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeGuard

from softmax_lib.exercises.losses.definitions import (
    EDITED,
    base_of,
    parsed_with_helpers,
)
from softmax_lib.exercises.losses.instrument import compiled, lines_in
from softmax_lib.exercises.report import Finding

__all__ = ["WORDS", "Budget", "Edit", "repair", "repair_and_edit", "with_line"]

# In a browser Python is slower, and its clock counts what else the machine does.
MOST_EDITS, SECONDS = 4000, 60.0 if sys.platform == "emscripten" else 8.0
WORDS = {  # what is wrong with a line, as the sentence goes on
    "name": "a name in it is not the right one",
    "number": "a number in it is not the right one",
    "operator": "an operator or a sign in it is not the right one",
    "function": "a function in it is not the right one",
    "extra": "something in it is too much",
    "missing": "something is missing in it",
    "length": "a length in it is not the right one",
    "order": "two things in it should change places",
    "line": "it should not be there",
    "adds": "it should add to what is there, not replace it",
    "place": "it is in the wrong block",
    "loop_variable_reused": "its variable is that of the loop around it",
}
MOST_PLACES = 6  # of a loop's variable
OPERATORS: dict[type, list[type]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add, ast.Mult],
    ast.Mult: [ast.Div, ast.Add, ast.Sub, ast.MatMult],
    ast.Div: [ast.Mult, ast.Sub],
    ast.FloorDiv: [ast.Div],
    ast.MatMult: [ast.Mult],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Gt: [ast.Lt, ast.LtE],
    ast.Lt: [ast.Gt, ast.GtE],
    ast.GtE: [ast.Lt, ast.Gt],
    ast.LtE: [ast.Gt, ast.Lt],
}
FUNCTIONS = [
    ["sum", "max", "min", "mean"],
    ["exp", "log"],
    ["maximum", "minimum", "max"],
    ["argmax", "argmin", "max", "argsort"],
    ["dot", "outer"],
]
Setter = tuple[Any, Any, Any]  # a node or a list, which of its fields, the new value
Change = tuple[int, str, list[Setter]]  # its line, its kind, and what it sets


@dataclass
class Budget:
    """How often a search may still try something.

    It is a count, so that a busy machine finds the same; the seconds of the processor
    end the search where the function is slow.
    """

    tries: int

    def __post_init__(self) -> None:
        """Begin to count the seconds."""
        self.deadline = time.process_time() + SECONDS

    def is_spent(self) -> bool:
        """Count one more try, and return whether it is one too many."""
        self.tries -= 1
        if self.tries % 32 == 0 and time.process_time() > self.deadline:
            self.tries = -1
        return self.tries < 0


class Edit(NamedTuple):
    """An edit that makes the result right."""

    line: int
    kind: str
    text: str = ""  # the line as it is

    def finding(self) -> Finding:
        """Return what the report says where no known mistake fits."""
        words = f": {WORDS[self.kind]}" if self.kind else ""
        return Finding(
            "wrong_line",
            f"What goes wrong is line {self.line} (`{self.text}`){words}",
            "Print what the line computes, and work it out by hand.",
            line=self.line,
        )


def with_line(found: Sequence[Finding], edits: Sequence[Edit]) -> list[Finding]:
    """Add the line whose edit mends all, or name it where no mistake is known."""
    if not edits:
        return list(found)
    named = [replace(finding, line=edits[0].line) for finding in found]
    return named or [edits[0].finding()]


def repair(
    function: Callable[..., Any],
    is_mended: Callable[[Callable[..., Any]], bool],
    lines: Collection[int] = (),
) -> Edit | None:
    """Return the smallest edit that mends a function, if all such are of one line.

    If there are ``lines``, only these, conditions and the place of a line are edited.
    """
    found = repair_and_edit(function, is_mended, lines)
    return found[0] if found is not None else None


def repair_and_edit(
    function: Callable[..., Any],
    is_mended: Callable[[Callable[..., Any]], bool],
    lines: Collection[int] = (),
) -> tuple[Edit, Callable[..., Any]] | None:
    """Return the edit that `repair` finds, and the function with it."""
    read = parsed_with_helpers(function)
    if read is None:
        return None
    plain, definitions = read
    found_in = itertools.chain(*map(ast.walk, definitions))
    conditions = {x.lineno for x in found_in if is_condition(x)}
    budget = Budget(MOST_EDITS)
    for tier in (reused, inside, around, statements):
        found = []
        for line, kind, setters in edits(definitions, tier):
            if lines and kind != "place" and line not in {*lines, *conditions}:
                continue
            if budget.is_spent():
                return None
            edited = with_edit(plain, definitions, setters)
            if edited is not None and is_mended(edited):
                found.append((Edit(line, kind), setters))
        if found:
            edit, setters = found[0]
            if len({each.line for each, _ in found}) > 1:
                return None
            text = linecache.getline(plain.__code__.co_filename, edit.line)
            edited = with_edit(plain, definitions, setters, keeps_source=True)
            return edit._replace(text=text.strip()), edited
    return None


def is_condition(node: ast.AST) -> TypeGuard[ast.stmt]:
    """Whether a statement changes no value, but which lines run, or what they share."""
    is_alias = isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
    return is_alias or isinstance(node, ast.For | ast.If | ast.While)


def edits(
    definitions: Sequence[ast.FunctionDef], *tiers: Callable[..., Iterator[Change]]
) -> Iterator[Change]:
    """Yield the edits of some kinds in all definitions, but in no endless `while`."""
    nodes = itertools.chain(*map(ast.walk, definitions))
    endless = {n for x in nodes if isinstance(x, ast.While) for n in lines_in(x)}
    changes = itertools.chain(*(tier(d) for tier in tiers for d in definitions))
    return (change for change in changes if change[0] not in endless)


def with_edit(
    plain: Any,
    definitions: list[Any],
    setters: list[Setter],
    keeps_source: bool = False,
) -> Any:
    """Return the function as it is with an edit."""
    with applied(setters):
        edited = compiled(plain, definitions)
        if edited is not None and keeps_source:
            setattr(edited, EDITED, copy.deepcopy(definitions))
        return edited


@contextlib.contextmanager
def applied(setters: Sequence[Setter]) -> Iterator[None]:
    """Make an edit, and take it back at the end."""
    before = [get(owner, key) for owner, key, _ in setters]
    for owner, key, value in setters:
        put(owner, key, value)
        place(value)
    try:
        yield
    finally:
        for (owner, key, _), value in zip(setters, before, strict=True):
            put(owner, key, value)


def place(value: Any) -> None:
    """Give new nodes a place, which compiling asks for; `ast` would visit them all."""
    for top in value if isinstance(value, list) else [value]:
        for node in ast.walk(top) if isinstance(top, ast.AST) else ():
            if "lineno" in node._attributes and not hasattr(node, "lineno"):
                ast.copy_location(node, ast.Pass(lineno=1, col_offset=0))


def get(owner: Any, key: Any) -> Any:
    """Return a field of a node, or an entry of a list."""
    return owner[key] if isinstance(owner, list) else getattr(owner, key)


def put(owner: Any, key: Any, value: Any) -> None:
    """Set a field of a node, or an entry of a list."""
    if isinstance(owner, list):
        owner[key] = value
    else:
        setattr(owner, key, value)


def blocks(definition: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, list[Any]]]:
    """Yield each list of statements, with the node and the field that it is in."""
    for node in ast.walk(definition):
        for field in ("body", "orelse"):
            if isinstance(block := getattr(node, field, []), list):
                yield node, field, block


def expressions(
    definition: ast.FunctionDef | ast.For,
) -> Iterator[tuple[Any, Any, Any]]:
    """Yield each expression with the node or list that it is in, and where."""
    for node in ast.walk(ast.Module(definition.body, [])):
        for field, value in ast.iter_fields(node):
            for key, each in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(each, ast.expr) and field not in ("targets", "target"):
                    owner = (value, key) if isinstance(value, list) else (node, field)
                    yield each, *owner


def inside(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits that leave the form of an expression, or take something out of it."""
    names = {x.id for x in ast.walk(definition) if isinstance(x, ast.Name)}
    names |= {x.arg for x in ast.walk(definition) if isinstance(x, ast.arg)}
    entries = {
        ast.unparse(x): copy.deepcopy(x)
        for x in ast.walk(definition)
        if isinstance(x, ast.Subscript) and isinstance(x.slice, ast.Name)
    }
    for node in ast.walk(ast.Module(definition.body, [])):
        if isinstance(node, ast.AugAssign | ast.BinOp):
            for new in OPERATORS.get(type(node.op), []):
                yield node.lineno, "operator", [(node, "op", new())]
        if isinstance(node, ast.Compare):
            for new in OPERATORS.get(type(node.ops[0]), []):
                yield node.lineno, "operator", [(node.ops, 0, new())]
    for node, owner, key in expressions(definition):
        line = node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            for number in {0, 1, 2, 0.5, -1} - {node.value}:
                yield line, "number", [(owner, key, ast.Constant(number))]
        elif isinstance(node, ast.Attribute):
            for group in FUNCTIONS:
                for other in group if node.attr in group else ():
                    if other != node.attr:
                        yield line, "function", [(node, "attr", other)]
            if node.attr == "T":
                yield line, "extra", [(owner, key, node.value)]
        elif isinstance(node, ast.Name):
            for name in sorted(names - {node.id, "np"}) if node.id != "np" else ():
                yield line, "name", [(owner, key, ast.Name(name, ast.Load()))]
            for entry in entries.values() if node.id != "np" else ():
                yield line, "name", [(owner, key, entry)]
        elif isinstance(node, ast.BinOp):
            for part in (node.left, node.right):
                yield line, "extra", [(owner, key, part)]
        elif isinstance(node, ast.UnaryOp):
            yield line, "extra", [(owner, key, node.operand)]
        elif isinstance(node, ast.Subscript):
            yield line, "extra", [(owner, key, node.value)]
            for name in sorted(names - {"np"}):
                yield line, "name", [(owner, key, ast.Name(name, ast.Load()))]
        elif isinstance(node, ast.Call) and len(node.args) == 1:
            yield line, "extra", [(owner, key, node.args[0])]
            for k in range(len(node.keywords)):
                fewer = node.keywords[:k] + node.keywords[k + 1 :]
                yield line, "extra", [(node, "keywords", fewer)]


def around(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits that put something around an expression, or order it otherwise."""
    for _, _, block in blocks(definition):
        for k, each in enumerate(block):
            if isinstance(each, ast.Assign) and base_of(each.targets[0]):
                target: Any = each.targets[0]
                added = ast.AugAssign(target, ast.Add(), each.value)
                yield each.lineno, "adds", [(block, k, added)]
    for node, owner, key in expressions(definition):
        line = node.lineno
        if isinstance(node, ast.BinOp):
            swapped = ast.BinOp(node.right, node.op, node.left)
            yield line, "order", [(owner, key, swapped)]
            inner = node.right
            if isinstance(node.op, ast.Div | ast.Mult) and isinstance(inner, ast.BinOp):
                first = ast.BinOp(node.left, node.op, inner.left)
                grouped = ast.BinOp(first, inner.op, inner.right)
                yield line, "order", [(owner, key, grouped)]
        if isinstance(node, ast.Name) and isinstance(owner, ast.Assign):
            copied = ast.Call(ast.Attribute(node, "copy", ast.Load()), [], [])
            yield line, "missing", [(owner, key, copied)]
        if isinstance(node, ast.Name | ast.BinOp | ast.Call | ast.Subscript):
            yield line, "missing", [(owner, key, ast.UnaryOp(ast.USub(), node))]
            for text in ("np.exp", "np.log", "np.sum"):
                function = ast.parse(text, mode="eval").body
                yield line, "missing", [(owner, key, ast.Call(function, [node], []))]
            yield line, "missing", [(owner, key, ast.Attribute(node, "T", ast.Load()))]
        if isinstance(node, ast.Call):
            taken = {each.arg for each in node.keywords}
            for text in ("axis=0", "axis=1", "axis=1, keepdims=True"):
                more: Any = ast.parse(f"f({text})", mode="eval").body
                if not taken & {each.arg for each in more.keywords}:
                    keywords = [*node.keywords, *more.keywords]
                    yield line, "missing", [(node, "keywords", keywords)]


def of_shapes(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits that make other shapes of the same numbers, and other brackets."""
    for node, owner, key in expressions(definition):
        line = node.lineno
        if isinstance(node, ast.Name | ast.Subscript | ast.Call):
            column: Any = ast.parse("x[:, None]", mode="eval").body
            new = ast.Subscript(node, column.slice, ast.Load())
            yield line, "missing", [(owner, key, new)]
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield line, "order", [(node, "elts", node.elts[::-1])]
        if isinstance(node, ast.List) and len(node.elts) == 1:
            yield line, "extra", [(owner, key, node.elts[0])]
        elif isinstance(node, ast.List):
            pair = ast.Tuple(node.elts, ast.Load())
            yield line, "list_for_index", [(owner, key, pair)]
        if isinstance(node, ast.Compare):
            number = ast.BinOp(node, ast.Mult(), ast.Constant(1.0))
            yield line, "missing", [(owner, key, number)]
        if not isinstance(node, ast.Call):
            continue
        numpy = ast.Name("np", ast.Load())
        if isinstance(node.func, ast.Name):
            named = ast.Attribute(numpy, node.func.id, ast.Load())
            yield line, "function", [(node, "func", named)]
        if is_of_math(node.func):
            yield line, "function", [(node.func, "value", numpy)]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "dot":
            outer = ast.Attribute(numpy, "outer", ast.Load())
            setters = [
                (node, "func", outer),
                (node, "args", [node.func.value, *node.args]),
            ]
            yield line, "function", setters
        if not node.keywords:
            kind = ast.keyword("dtype", ast.Name("int", ast.Load()))
            yield line, "missing", [(node, "keywords", [kind])]
        if len(node.args) == 1 and not node.keywords:
            new = ast.Subscript(node.func, node.args[0], ast.Load())
            yield line, "operator", [(owner, key, new)]
        if len(node.args) == 2:
            yield line, "order", [(node, "args", node.args[::-1])]
            sizes = ast.Tuple(node.args, ast.Load())
            yield line, "missing", [(node, "args", [sizes])]
        if any(each.arg == "axis" for each in node.keywords):
            kept = ast.keyword("keepdims", ast.Constant(True))
            yield line, "missing", [(node, "keywords", [*node.keywords, kept])]


def is_of_math(node: ast.expr) -> TypeGuard[ast.Attribute]:
    """Whether a function is one of `math`, which takes single numbers."""
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "math"


def reused(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits that give an inner loop a variable of its own, in some places."""
    loops = [x for x in ast.walk(definition) if isinstance(x, ast.For)]
    pairs = [(x, y) for x in loops for y in ast.walk(x) if x is not y and y in loops]
    for outer, inner in pairs:
        name = getattr(inner.target, "id", "")
        if getattr(outer.target, "id", None) != name:
            continue
        own: Any = ast.Name("__inner__", ast.Load())
        places = [
            (owner, key, own)
            for node, owner, key in expressions(inner)
            if isinstance(node, ast.Name) and node.id == name
        ]
        target: Any = ast.Name("__inner__", ast.Store())
        for count in range(min(len(places), MOST_PLACES) + 1):
            for chosen in itertools.combinations(places, count):
                setters = [(inner, "target", target), *chosen]
                yield inner.lineno, "loop_variable_reused", setters


def statements(definition: ast.FunctionDef) -> Iterator[Change]:
    """Yield edits of whole statements: one less, one out of its block or into it."""
    for node, field, block in blocks(definition):
        for k, each in enumerate(block):
            if isinstance(each, ast.Assign | ast.AugAssign):
                yield each.lineno, "line", [(block, k, ast.Pass())]
            if isinstance(each, ast.For):  # a sum that begins anew at each pass
                for start in block[:k]:
                    if isinstance(start, ast.Assign):
                        inner = [start, *each.body]
                        yield start.lineno, "place", [(each, "body", inner)]
            if isinstance(each, ast.For | ast.If) and len(each.body) > 1:
                less, last = each.body[:-1], each.body[-1]
                longer = [*block[: k + 1], last, *block[k + 1 :]]
                setters = [(each, "body", less), (node, field, longer)]
                yield last.lineno, "place", setters
            if isinstance(each, ast.For) and k + 1 < len(block):
                more, shorter = [*each.body, block[k + 1]], block[:]
                del shorter[k + 1]
                setters = [(each, "body", more), (node, field, shorter)]
                yield block[k + 1].lineno, "place", setters

"""Which statements of a file its functions need, found without running any."""

import ast
import dis
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import CodeType

from softmax_lib.submission.reading import Cell

__all__ = ["Statement", "choose", "statements"]

# The names of calls that are a script's work and no definition.
WORK = re.compile(
    r"(raw_)?input|exit|_exit|quit|abort|open|train|fit|sleep|system|popen|call|run|"
    r"check_(call|output)|url\w+|show|savefig|imshow|imread|plot|figure|subplots?|"
    r"(load|save|fetch|download|get_cifar|grad_check)\w*|genfromtxt|remove|rmtree|"
    r"unlink|rename|makedirs|mkdir|set_trace|breakpoint|time_function",
    re.IGNORECASE,
)
# The names of methods that change the object before the dot.
CHANGES = re.compile(
    r"append|extend|insert|update|setdefault|add|register|fill|seterr|"
    r"set(recursionlimit|flags|attr)"
)
DEFINITIONS = (
    *(ast.Import, ast.ImportFrom),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
READS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a file: where it is, its first line, and what runs.

    It writes names, to which it gives a value or which it changes; it, and the
    functions it defines, read names. It is work if it loads, trains, draws or asks as a
    script does, and bare if it is an expression whose value is not kept.
    """

    place: str
    line: int
    text: str
    code: CodeType
    writes: frozenset[str]
    reads: frozenset[str]
    imports: bool
    is_star: bool
    is_work: bool
    is_bare: bool

    @property
    def where(self) -> str:
        """What a message calls it."""
        return f"{self.place}, line {self.line} (`{self.text}`)"


def statements(cells: Collection[Cell]) -> list[Statement]:
    """Return the statements at the top of a file's cells, in order."""
    found: list[Statement] = []
    flags = 0
    for cell in cells:
        lines = cell.source.split("\n")
        for node in cell.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                flags |= future_flags(node)
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    code = compile(
                        ast.Module([node], []), cell.place, "exec", flags, True
                    )
                except (SyntaxError, ValueError, RecursionError):
                    continue  # a `return` outside a function, say: never runs
            first = getattr(node, "decorator_list", None) or [node]
            line = min(first[0].lineno, node.lineno)
            text = lines[node.lineno - 1].strip()
            found.append(describe(node, cell.place, line, text, code))
    return found


def future_flags(node: ast.ImportFrom) -> int:
    """Return what ``from __future__ import …`` asks of the compiler."""
    import __future__

    features = [getattr(__future__, alias.name, None) for alias in node.names]
    return sum({feature.compiler_flag for feature in features if feature})


def describe(
    node: ast.stmt, place: str, line: int, text: str, code: CodeType
) -> Statement:
    """Look at one statement."""
    stores = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"}
    is_definition = isinstance(node, DEFINITIONS)
    return Statement(
        place,
        line,
        text if len(text) <= 60 else text[:57] + "...",
        code,
        frozenset(stores | set(changed(node))),
        frozenset(read(code)),
        isinstance(node, ast.Import | ast.ImportFrom),
        any(isinstance(n, ast.alias) and n.name == "*" for n in ast.walk(node)),
        not is_definition and any(WORK.fullmatch(name) for name in called(node)),
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant),
    )


def read(code: CodeType) -> Iterator[str]:
    """Yield the global names that a code and the functions in it ask for."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in READS:
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from read(constant)


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through what runs at once: no function's body."""
    yield node
    if not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from outside_functions(child)


def called(node: ast.AST) -> Iterator[str]:
    """Yield the names of what a statement calls."""
    for child in outside_functions(node):
        if isinstance(child, ast.Call):
            function = child.func
            if isinstance(function, ast.Attribute):
                yield function.attr
            elif isinstance(function, ast.Name):
                yield function.id


def changed(node: ast.AST) -> Iterator[str]:
    """Yield the names of objects that a statement changes: ``a.b = c``, ``a.add()``."""
    for child in outside_functions(node):
        if isinstance(child, ast.Attribute | ast.Subscript):
            if not isinstance(child.ctx, ast.Load):
                yield from root(child)
        elif isinstance(child, ast.Call):
            function = child.func
            if isinstance(function, ast.Attribute) and CHANGES.fullmatch(function.attr):
                yield from root(function)
            elif isinstance(function, ast.Name) and function.id == "setattr":
                yield from root(child.args[0]) if child.args else ()


def root(node: ast.AST) -> Iterator[str]:
    """Yield the name that ``a.b[c].d`` begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def choose(found: list[Statement], names: Collection[str]) -> list[Statement]:
    """Return the statements that some names need, in order, work included.

    These give one of the names a value, or a value to what such a statement asks for,
    and so on; and every ``import *``.
    """
    needed, chosen = set(names), set[int]()
    while True:
        more = {
            i
            for i, statement in enumerate(found)
            if i not in chosen and (statement.is_star or statement.writes & needed)
        }
        if not more:
            return [found[i] for i in sorted(chosen)]
        chosen |= more
        for i in more:
            if not found[i].is_work:
                needed |= found[i].reads

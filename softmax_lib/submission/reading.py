"""From a file, as students have it, to cells of Python that parse.

A notebook of any format, a script in any encoding. What Jupyter adds to Python and what
Python 3 took away is rewritten where the parser stops at it, line for line, so that
the line numbers stay the reader's. Nothing is run here.
"""

import ast
import copy
import io
import json
import re
import tokenize
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Cell", "Unreadable", "parse", "read_cells"]

PYTHON_CELLS = {"%%time", "%%timeit", "%%capture", "%%prun", "%%writefile", "%%python"}
LONGEST_PRINT = 50  # lines
BETWEEN = {  # tokens between two statements
    tokenize.NEWLINE,
    tokenize.NL,
    tokenize.COMMENT,
    tokenize.INDENT,
    tokenize.DEDENT,
}
MOST_DROPS = 20  # blocks that do not parse; with more of them it is no Python
# What Python 3 reads otherwise than Python 2: a shift, and from 3.14 on two errors.
CHEVRON = re.compile(r"^(\s*)print\s*>>\s*([\w.]+)\s*,?\s*(.*)$", re.MULTILINE)
CAUGHT = re.compile(
    r"^(\s*except\s+)(\([^)]*\)|[\w.]+)\s*,\s*([a-z_]\w*)\s*:", re.MULTILINE
)
MARGIN = re.compile(r"[^\s#)\]}]")  # where a statement may begin
MAGIC = re.compile(r"^(\s*)(%%?[a-zA-Z]|!(?!=)|\?).*$|^(\s*)[\w.%]+\?{1,2}\s*$")
ASSIGNED_MAGIC = re.compile(r"^(\s*[\w.,\s]+=\s*)(%[a-zA-Z]|!(?!=)).*$")
# What Python 3 took away, and what is written now.
PYTHON_2 = {
    r"\braise\s+([\w.]+)\s*,\s*(.+)$": r"raise \1(\2)",
    r"\bexec\s+(['\"].*)$": r"exec(\1)",
    r"`([^`]+)`": r"repr(\1)",
    r"<>": "!=",
    r"\b0+([1-7][0-7]*)\b": r"0o\1",
    r"\b(\d+)[lL]\b": r"\1",
    r"\b[uU][rR](['\"])": r"r\1",
}


class Unreadable(Exception):
    """A file that cannot be read; the message is the sentence to show."""


@dataclass
class Cell:
    """A cell of a notebook, or a whole script.

    Attributes
    ----------
    place : str
        What a message calls it.
    source : str
        Its Python, line for line.
    tree : ast.Module
        The same, parsed.
    fault : str
        Why some of it does not parse, or "".
    unread : str
        What does not parse, and is not in its source.
    is_python_2 : bool
        Whether something was rewritten that only Python 2 reads.
    """

    place: str
    source: str
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))
    fault: str = ""
    unread: str = ""
    is_python_2: bool = False


def read_cells(path: Path) -> list[Cell]:
    """Read a notebook or a script.

    Parameters
    ----------
    path : path
        A notebook (``.ipynb``) or a script.

    Returns
    -------
    list of Cell

    Raises
    ------
    Unreadable
        For a file that is neither.
    """
    try:
        if path.exists() and not path.is_file():  # /dev/zero never ends, a pipe waits
            raise Unreadable(f"{path} cannot be read: it is not a file.")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    text = decode(path, data)
    if path.suffix != ".ipynb":
        cells = [parse(path.name, text)]
    else:
        cells = [
            parse(f"{path.name}, cell {number}", source)
            for number, source in sources(path, text)
        ]
    add_methods(cells)
    return cells


def add_methods(cells: Sequence[Cell]) -> None:
    """Define each loss that is a method and needs no object as a function, too.

    Its text in the source is that of a function as well, for all who read it there.
    """
    nodes = [(cell, node) for cell in cells for node in cell.tree.body]
    losses = [
        (cell, each)
        for cell, node in nodes
        if isinstance(node, ast.ClassDef)
        for each in node.body
        if isinstance(each, ast.FunctionDef) and is_loss_without_object(each)
    ]
    taken = [name for _, node in nodes for name in names_bound(node)]
    taken += [method.name for _, method in losses]
    for cell, method in losses:
        if taken.count(method.name) == 1:
            add_method(cell, method)


def names_bound(node: ast.stmt) -> list[str]:
    """Return the names that a statement at the top defines, imports or sets."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    walked = list(ast.walk(node))
    aliases = [x.asname or x.name for x in walked if isinstance(x, ast.alias)]
    names = [x for x in walked if isinstance(x, ast.Name)]
    return aliases + [x.id for x in names if isinstance(x.ctx, ast.Store)]


def is_loss_without_object(method: ast.FunctionDef) -> bool:
    """Whether a method is a loss of W, X, y and reg that never uses its object."""
    names = [each.arg for each in method.args.args]
    return (
        re.fullmatch(r"\w+_loss(_naive|_vectorized)?", method.name) is not None
        and len(names) == 5
        and names[0] == "self"
        and not method.decorator_list
        and not any(
            isinstance(node, ast.Name) and node.id in ("self", "super", method.name)
            for node in ast.walk(method)
        )
    )


def add_method(cell: Cell, method: ast.FunctionDef) -> None:
    """Define a method as a function: without `self`, which it does not use."""
    lines, first = cell.source.split("\n"), method.args.args[0]
    line = lines[first.lineno - 1].encode()
    before, after = line[: first.col_offset], line[first.end_col_offset :]
    rest = re.sub(r"^\s*,\s*", "", after.decode())
    lines[first.lineno - 1] = before.decode() + rest
    cell.source = "\n".join(lines)
    function = copy.deepcopy(method)
    del function.args.args[0]
    cell.tree.body.append(function)


def decode(path: Path, data: bytes) -> str:
    """Return a file's text, by its byte order mark or its coding line."""
    is_script, encoding = path.suffix != ".ipynb", "utf-8-sig"
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        if is_script:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        none = ", and no line at its top names its encoding" if is_script else ""
        raise Unreadable(
            f"{path} cannot be read: it is not text in UTF-8{none}."
        ) from None
    if "\0" in text:
        raise Unreadable(f"{path} cannot be read: it is not text.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def sources(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the source of each code cell of a notebook."""
    try:
        book: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(
            f"{path} cannot be read: a notebook is JSON, and this file is not."
        ) from None
    cells = book.get("cells") if isinstance(book, dict) else None
    if cells is None and isinstance(book, dict):  # nbformat 3
        sheets: Any = book.get("worksheets")
        cells = sheets[0].get("cells") if is_list_of_dicts(sheets) else None
    if not isinstance(cells, list):
        raise Unreadable(f"{path} cannot be read: it has no list of cells.")
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input", ""))
            if isinstance(source, list) and all(isinstance(s, str) for s in source):
                source = "".join(source)
            if not isinstance(source, str):
                raise Unreadable(
                    f"{path} cannot be read: the source of cell {number} is not text."
                )
            yield number, source.replace("\r\n", "\n").replace("\0", "")


def is_list_of_dicts(value: Any) -> bool:
    """Whether something is a list that begins with a dict."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def without_cell_magic(source: str) -> str:
    """Empty the line of a ``%%`` magic, and its cell if it is in another language."""
    first, _, rest = source.lstrip().partition("\n")
    if not first.startswith("%%"):
        return source
    before = source[: len(source) - len(source.lstrip())].count("\n") + 1
    if first.split()[0] in PYTHON_CELLS:
        return "\n" * before + rest
    return "\n"


def parse(place: str, source: str) -> Cell:
    """Parse a source, and rewrite each line that no Python 3 reads.

    Parameters
    ----------
    place : str
        What messages call it.
    source : str
        Python, perhaps of Jupyter or of Python 2.

    Returns
    -------
    Cell
    """
    plain = without_cell_magic(source)
    new = CAUGHT.sub(r"\1\2 as \3:", CHEVRON.sub(r"\1print(\3, file=\2)", plain))
    cell = Cell(place, new)
    cell.is_python_2 = cell.source != plain
    drops = 0
    for _ in range(source.count("\n") + 10):  # a rewritten line may have two faults
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of "\d" in a string
                cell.tree = ast.parse(cell.source, place)
            return cell
        except SyntaxError as error:
            if rewrite_jupyter(cell, error) or rewrite_python_2(cell, error):
                continue
            cell.fault = cell.fault or f"{error.msg} (line {error.lineno})"
            drops += 1
            if drops > MOST_DROPS:
                break
            drop_block(cell, error.lineno or 1)
        except UnicodeError:
            cell.fault = "it holds half a character, which is not text in UTF-8"
            break
        except (ValueError, RecursionError, MemoryError):
            cell.fault = "it is nested too deeply"
            break
    cell.unread += cell.source
    return cell


def drop_block(cell: Cell, number: int) -> None:
    """Empty the function, or whatever stands at the margin, around a line."""
    lines = cell.source.split("\n")
    at = min(number, len(lines)) - 1
    margins = [i for i, line in enumerate(lines) if MARGIN.match(line)]
    start = max((i for i in margins if i <= at), default=0)
    end = min((i for i in margins if i > at), default=len(lines))
    cell.unread += "\n".join([*lines[start:end], ""])
    cell.source = "\n".join([*lines[:start], *[""] * (end - start), *lines[end:]])


def rewrite_jupyter(cell: Cell, error: SyntaxError) -> bool:
    """Rewrite a line that is Jupyter's, with those that continue it."""
    lines = cell.source.split("\n")
    at = (error.lineno or 1) - 1
    if at >= len(lines):
        return False
    if assigned := ASSIGNED_MAGIC.match(lines[at]):
        text = f"{assigned[1]}get_ipython()"  # there is none: the name has no value
    elif lines[at].startswith("%pylab"):
        text = "import numpy as np; from numpy import *"
    elif magic := MAGIC.match(lines[at]):
        text = f"{magic[1] or magic[3] or ''}pass"
    else:
        return False
    end = at
    while lines[end].endswith("\\") and end + 1 < len(lines):
        end += 1
    lines[at : end + 1] = [text, *[""] * (end - at)]
    cell.source = "\n".join(lines)
    return True


def rewrite_python_2(cell: Cell, error: SyntaxError) -> bool:
    """Rewrite what Python 2 reads in the line of an error."""
    lines = cell.source.split("\n")
    at = (error.lineno or 1) - 1
    if isinstance(error, TabError):
        new = cell.source.expandtabs(8)
    elif "call to 'print'" in error.msg:
        new = rewrite_prints(lines, at, (error.offset or 1) - 1)
    elif at < len(lines):
        new = "\n".join([*lines[:at], first_rewritten(lines[at]), *lines[at + 1 :]])
    else:
        return False
    changed = new != cell.source
    cell.source, cell.is_python_2 = new, cell.is_python_2 or changed
    return changed


def first_rewritten(line: str) -> str:
    """Apply the first rule that changes a line."""
    changed = (re.sub(old, new, line) for old, new in PYTHON_2.items())
    return next((text for text in changed if text != line), line)


def rewrite_prints(lines: list[str], at: int, column: int) -> str:
    """Rewrite a print statement, and those after it that are found at once."""
    places = {(at, column), *print_statements("\n".join(lines[at:]), at)}
    for row, start in sorted(places, reverse=True):
        rewrite_print(lines, row, start)
    return "\n".join(lines)


def print_statements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield where print statements begin, as far as the text has tokens."""
    depth, is_start, latest = 0, True, None
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if latest and token.type in (
                tokenize.STRING,
                tokenize.NAME,
                tokenize.NUMBER,
            ):
                yield latest
            opens = token.string == "print" and is_start and depth == 0
            latest = (at + token.start[0] - 1, token.start[1]) if opens else None
            depth += (token.string in "([{") - (token.string in ")]}")
            is_start = token.string in ";:" or token.type in BETWEEN
    except (tokenize.TokenError, SyntaxError):
        return  # what comes after it is found when the parser stops there


def rewrite_print(lines: list[str], at: int, column: int) -> None:
    """Put the arguments of a print statement into parentheses."""
    few = lines[at : at + LONGEST_PRINT]
    text = "\n".join(few)[column:]
    end = end_of_statement(text)
    words = text[len("print") : end].strip()
    words = words[:-1] + ", end=' '" if words.endswith(",") else words
    new = f"{lines[at][:column]}print({words}){text[end:]}"
    lines[at : at + len(few)] = new.split("\n")


def end_of_statement(text: str) -> int:
    """Return where the first statement of a text ends, before any comment."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    end = depth = 0
    readline: Callable[[], str] = io.StringIO(text).readline
    try:
        for token in tokenize.generate_tokens(readline):
            depth += (token.string in "([{") - (token.string in ")]}")
            over = token.type == tokenize.NEWLINE or token.string == ";"
            if (over and depth <= 0) or token.type == tokenize.COMMENT:
                break
            end = starts[token.end[0] - 1] + token.end[1]
    except (tokenize.TokenError, IndentationError):
        end = text.find("\n") if "\n" in text else len(text)
    return end

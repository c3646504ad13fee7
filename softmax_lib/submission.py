"""Checking what a reader wrote, in a notebook or a script, from the terminal.

Only what defines something is run: imports, functions, classes, and assignments in
which nothing is called. No training begins and no data is loaded, and a statement that
fails leaves the others alone.
"""

import ast
import contextlib
import json
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from softmax_lib.exercises import (
    Report,
    check_grid,
    check_predict,
    check_softmax_loss_naive,
    check_softmax_loss_vectorized,
    check_svm_loss,
    check_train,
)

__all__ = ["check_submission"]

CHECKS: dict[str, list[Callable[[Any], Report]]] = {
    "softmax_loss_naive": [check_softmax_loss_naive],
    "softmax_loss_vectorized": [check_softmax_loss_vectorized],
    "svm_loss": [check_svm_loss],
    "svm_loss_naive": [check_svm_loss],
    "svm_loss_vectorized": [check_svm_loss],
    "Softmax": [check_train, check_predict],
    "tune": [check_grid],
}
DEFINITIONS = (
    *(ast.Import, ast.ImportFrom),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)
# A line may also begin with an operator: "% (step, loss)", "!= 0".
MAGIC = re.compile(r"^(\s*)(%%?[a-zA-Z]|!(?!=)).*$", re.MULTILINE)


def check_submission(path: Path, as_json: bool = False) -> int:
    """Check every function that has a check, and print the reports.

    Parameters
    ----------
    path : path
        A notebook (``.ipynb``) or a script (``.py``).
    as_json : bool, default False
        Whether to print the reports as JSON: a list of objects with ``check``,
        ``function``, ``passed``, ``findings`` and ``text``.

    Returns
    -------
    int
        0 if everything passed, 1 if something did not, 2 if there was nothing to
        check.
    """
    try:
        cells = read_cells(path)
    except (OSError, ValueError, KeyError) as error:
        print(f"{path} cannot be read: {error}", file=sys.stderr)
        return 2
    with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
        names, unread = define(cells)
    written = {name: names[name] for name in CHECKS if is_written(names.get(name))}
    if not written:
        fault = f"defines nothing that can be checked: none of {', '.join(CHECKS)}"
        if unread:
            fault = f"cannot be checked before {' and '.join(unread)} can be read"
        print(f"{path} {fault}.", file=sys.stderr)
        return 2
    reports = []
    for name, value in written.items():
        for check in CHECKS[name]:
            with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
                report = check(value)
            if not as_json:
                print(f"{check.__name__}({name})", report, "", sep="\n")
            reports.append(
                {"check": check.__name__, "function": name, **report.as_dict()}
            )
    if as_json:
        print(json.dumps(reports, indent=1))
    return int(not all(report["passed"] for report in reports))


def read_cells(path: Path) -> dict[str, str]:
    """Return the code of a notebook cell by cell, or a script as a whole."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return {path.name: text}
    cells = enumerate(json.loads(text)["cells"], start=1)
    return {
        f"{path.name}, cell {number}": MAGIC.sub(r"\1pass", "".join(cell["source"]))
        for number, cell in cells
        if cell["cell_type"] == "code"
    }


def define(cells: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Run what defines something; return the names then, and what is no Python."""
    names: dict[str, Any] = {"__name__": "submission"}
    unread = []
    for place, source in cells.items():
        lines = source.splitlines(keepends=True)
        linecache.cache[place] = (len(source), None, lines, place)
        try:
            for statement in statements(source, place):
                run_statement(statement, place, names)
        except SyntaxError as error:
            print(f"{place}: {error}", file=sys.stderr)
            unread.append(place)
    return names, unread


def statements(source: str, place: str) -> Iterator[ast.stmt]:
    """Yield the statements that define something."""
    for statement in ast.parse(source, place).body:
        calls = any(isinstance(node, ast.Call) for node in ast.walk(statement))
        names_a_value = isinstance(statement, ast.Assign | ast.AnnAssign) and not calls
        if names_a_value or isinstance(statement, DEFINITIONS):
            yield statement


def run_statement(statement: ast.stmt, place: str, names: dict[str, Any]) -> None:
    """Run one statement; say so if it fails and should not."""
    code = compile(ast.Module([statement], []), place, "exec")
    try:
        exec(code, names)
    except Exception as error:
        if isinstance(statement, DEFINITIONS):  # an assignment may need what never ran
            line = f"{place}, line {statement.lineno}"
            print(f"{line}: {type(error).__name__}: {error}", file=sys.stderr)


def is_written(value: object) -> bool:
    """Whether there is something, and it is not the library's own."""
    module = getattr(value, "__module__", "") or ""
    return value is not None and not module.startswith("softmax_lib.")

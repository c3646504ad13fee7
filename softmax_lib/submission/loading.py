"""Running what a file's functions need, and no more.

Only the statements run that give a value to a function or class of the worksheet, to a
name that it asks for, or to a name that such a statement asks for. What loads data,
trains, draws or asks for input does not run even then. A module of the reader's that is
imported runs by the same rules, but for all of its names.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from softmax_lib.exercises.sandbox import told
from softmax_lib.submission.needed import Statement, choose, statements
from softmax_lib.submission.reading import Cell, Unreadable, read_cells

__all__ = ["Loaded", "load"]

LEVELS = 5  # how many folders above a file may be the root of its imports


@dataclass
class Loaded:
    """The names that a file defines, and why others have no value.

    Under ``*`` is why an ``import *`` failed.
    """

    names: dict[str, Any]
    missing: dict[str, str] = field(default_factory=dict)

    def reasons(self) -> dict[str, str]:
        """Return why names have no value, those of the modules beside it as well."""
        found: dict[str, str] = {}
        for module in list(sys.modules.values()):
            if isinstance(module, ModuleType):  # in a browser, some are not
                found |= vars(module).get("__missing__", {})
        return found | self.missing


def load(
    path: Path,
    cells: Collection[Cell],
    wanted: Collection[str],
    before: Callable[[int, Statement], str] = lambda number, statement: "",
) -> Loaded:
    """Run what the wanted names need; ``path`` is for the imports.

    ``before`` is called before each statement; it returns why it is not to run, or "".
    """
    found = statements(cells)
    name, package = prepare_imports(path, found)
    loaded = Loaded({"__name__": name, "__file__": str(path), "__package__": package})
    chosen = choose(found, [*wanted, "sys"])  # sys.path, for the imports
    if any("display" in statement.reads for statement in chosen):
        loaded.names["display"] = print  # Jupyter has it built in
    remember_lines(cells)
    for number, statement in enumerate(chosen):
        reason = "it was not run, as it is a script's work" if statement.is_work else ""
        run(statement, loaded, reason or before(number, statement))
    return loaded


def remember_lines(cells: Collection[Cell]) -> None:
    """Let a traceback show the lines of a cell."""
    for cell in cells:
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[cell.place] = (len(cell.source), None, lines, cell.place)


def run(statement: Statement, loaded: Loaded, reason: str) -> None:
    """Run one statement, or keep why the names it writes have no value."""
    if not reason:
        try:
            exec(statement.code, loaded.names)
        except BaseException as error:  # SystemExit too
            if isinstance(error, KeyboardInterrupt):
                raise
            reason = f"it stopped with {told(error)}"
        else:
            for name in statement.writes:
                loaded.missing.pop(name, None)
            reason = "it ran, and gave it none"  # under `if __name__ == "__main__"`
    if statement.is_star and "it ran" not in reason:
        loaded.missing["*"] = f"{statement.where}: {reason}"
    for name in statement.writes:
        if name not in loaded.names:
            loaded.missing[name] = f"{statement.where}: {reason}"


def prepare_imports(path: Path, found: Sequence[Statement]) -> tuple[str, str]:
    """Put the folders on the path that a file's imports are meant from.

    These are its own folder, and each folder above in which something lies that it
    imports. Returns the file's name as a module, and its package.
    """
    folder = path.resolve().parent
    above = [folder, *folder.parents][:LEVELS]
    begun = (re.match(r"from\s*(\.*)", s.text) for s in found if s.imports)
    level = max((len(dots[1]) for dots in begun if dots), default=0)
    depth = next(
        (i for i, each in enumerate(above) if not (each / "__init__.py").exists()),
        len(above) - 1,
    )
    depth = min(max(depth, level), len(above) - 1)
    package = ".".join(each.name for each in reversed(above[:depth]))
    tops = {name.partition(".")[0] for s in found for name in s.code.co_names}
    roots = [
        each
        for i, each in enumerate(above)
        if i in (0, depth) or any(has_module(each, top) for top in tops)
    ]
    sys.path[:0] = [str(each) for each in roots if str(each) not in sys.path]
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder(roots))
    name = f"{package}.{path.stem}" if level else "submission"
    return name, package if level else ""


def has_module(folder: Path, name: str) -> bool:
    """Whether a folder has a module or a package of this name."""
    if (folder / f"{name}.py").is_file():
        return True
    return any((folder / name).glob("*.py")) or (folder / name / "classifiers").is_dir()


class Finder:
    """Finds the modules beside a file, and runs them by the rules of this module."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = [str(root) for root in roots]
        self.found: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the specification of a module below the roots."""
        if path is None and name in sys.stdlib_module_names:
            return None
        if name.partition(".")[0] in {"softmax_lib", "numpy"}:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path or self.roots)
        if spec is None:
            return None
        places = [spec.origin or "", *(spec.submodule_search_locations or [])]
        beside = any(place.startswith(root) for root in self.roots for place in places)
        if not beside or any("site-packages" in place for place in places):
            return None
        self.found.append(name)
        if spec.origin is not None and spec.origin.endswith(".py"):
            spec.loader = Loader(Path(spec.origin))
        return spec


class Loader(importlib.abc.Loader):
    """Runs a reader's module: all but a script's work, whatever of it fails."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's statements."""
        try:
            cells = read_cells(self.path)
        except Unreadable as error:
            raise ImportError(str(error)) from None
        for cell in cells:
            cell.place = str(self.path)
        remember_lines(cells)
        loaded = Loaded(vars(module))
        for statement in statements(cells):
            is_work = statement.is_work or (statement.is_bare and not statement.writes)
            run(statement, loaded, "it was not run" if is_work else "")
        unread = " ".join(cell.unread for cell in cells)
        for name in re.findall(r"\w+", unread):
            why = f"{self.path.name} cannot be read: {cells[0].fault}"
            loaded.missing.setdefault(name, why)
        module.__dict__["__missing__"] = loaded.missing

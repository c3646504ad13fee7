"""What a file of another year expects and this Python lacks, and a remark on each."""

import ast
import builtins
import contextlib
import functools
import importlib
import importlib.util
import io
import pickle
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from softmax_lib.submission.needed import Statement
from softmax_lib.submission.reading import Cell

__all__ = ["installed", "remarks", "with_tensors"]

PYTHON_2: dict[str, Any] = {
    "xrange": range,
    "raw_input": input,
    "unicode": str,
    "basestring": str,
    "long": int,
    "unichr": chr,
    "reduce": functools.reduce,
}
REMOVED_FROM_NUMPY: dict[str, Any] = {
    **{"int": int, "float": float, "bool": bool, "object": object, "str": str},
    **{"complex": complex, "long": int, "unicode": str, "NaN": np.nan, "NAN": np.nan},
    **{"float_": np.float64, "complex_": np.complex128, "unicode_": np.str_},
    **{"Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "PINF": np.inf},
    **{"NINF": -np.inf, "product": np.prod, "cumproduct": np.cumprod},
    **{"alltrue": np.all, "sometrue": np.any, "row_stack": np.vstack, "in1d": np.isin},
    **{"mat": np.asmatrix, "round_": np.round, "string_": np.bytes_},
    "asscalar": lambda array: array.item(),
    "asfarray": lambda array: np.asarray(array, np.float64),
}
SPELLED = {"asscalar": "a.item()", "asfarray": "np.asarray(a, float)"}
# Modules that bridge Python 2 and 3, and those that Python 3 renamed.
OLD_MODULES: dict[str, dict[str, Any]] = {
    "past": {},
    "past.builtins": PYTHON_2,
    "past.utils": {"old_div": lambda a, b: a // b if isinstance(a, int) else a / b},
    "future": {},
    "future.builtins": vars(builtins),
    "future.utils": {"iteritems": lambda d: iter(d.items())},
    "six": {"iteritems": lambda d: iter(d.items()), "string_types": (str,)},
    "six.moves": {**PYTHON_2, "range": range, "zip": zip, "cPickle": pickle},
    "cPickle": vars(pickle),
    "StringIO": vars(io),
    "__builtin__": {**vars(builtins), **PYTHON_2},
}


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Give old names a value and old modules a content, where they are missing."""
    added: list[tuple[Any, str]] = []
    for owner, names in ((builtins, PYTHON_2), (np, REMOVED_FROM_NUMPY)):
        for name, value in names.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a name that is about to go
                is_missing = not hasattr(owner, name)
            if is_missing:
                setattr(owner, name, value)
                added.append((owner, name))
    modules = dict(old_modules())
    sys.modules.update(modules)
    try:
        yield
    finally:
        for owner, name in added:
            delattr(owner, name)
        for name in modules:
            sys.modules.pop(name, None)


def old_modules() -> Iterator[tuple[str, ModuleType]]:
    """Yield a module for each old one that is not installed."""
    for name, content in OLD_MODULES.items():
        top = name.partition(".")[0]
        if top in sys.modules or importlib.util.find_spec(top) is not None:
            continue
        module = ModuleType(name)
        vars(module).update(
            {key: value for key, value in content.items() if key[:2] != "__"}
        )
        module.__path__ = []
        yield name, module


def remarks(cells: Collection[Cell], chosen: Collection[Statement]) -> list[str]:
    """Return what of a file, and of what runs of it, is of an older Python or NumPy."""
    said = []
    if any(cell.is_python_2 for cell in cells):
        said.append("This file is Python 2; it was read as if it were Python 3.")
    own = {n for s in chosen if not s.imports for n in s.writes}
    old = sorted({n for s in chosen for n in s.reads if n in PYTHON_2} - own)
    said += [
        f"`{name}` is Python 2; in Python 3 it is `{PYTHON_2[name].__name__}`."
        for name in old
        if name != "reduce"
    ]
    removed = {
        node.attr
        for cell in cells
        for node in ast.walk(cell.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"np", "numpy"}
        and node.attr in REMOVED_FROM_NUMPY
        and node.attr not in dir(np)
    }
    return said + [
        f"`np.{name}` was removed from NumPy; write `{spelled(name)}`."
        for name in sorted(removed)
    ]


def spelled(name: str) -> str:
    """Return what to write for a name that NumPy no longer has."""
    value = REMOVED_FROM_NUMPY[name]
    if isinstance(value, float):
        return {"nan": "np.nan", "inf": "np.inf"}.get(str(value), "-np.inf")
    if name in SPELLED:
        return SPELLED[name]
    module = getattr(value, "__module__", "")
    return f"{'np.' if module == 'numpy' else ''}{value.__name__}"


def with_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a loss written for PyTorch as one that takes arrays."""
    torch = importlib.import_module("torch")

    def call(*args: Any) -> Any:
        tensors = [
            torch.from_numpy(arg.copy()) if isinstance(arg, np.ndarray) else arg
            for arg in args
        ]
        return function(*tensors)

    return call

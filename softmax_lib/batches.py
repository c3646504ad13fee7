"""One batch file of CIFAR-10, read so that its bytes can neither run nor crash code.

The official files are pickles, and a pickle is a program: it can call any function of
any module. Python's own reader opens a file only when its checksum says that it is the
official one, byte for byte. Where nobody asks for the checksum, the reader here knows
the instructions and the globals of those files, and refuses all others.

Used by `softmax_lib.datasets`.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from softmax_lib.download import read_file

__all__ = ["read_batch"]


def read_batch(path: Path, verify: bool) -> tuple[np.ndarray, list[int]]:
    """Rows and labels of one batch.

    Parameters
    ----------
    path : path
        One of the official batch files.
    verify : bool
        Whether to compare the file's SHA-256 sum with the official one first.

    Returns
    -------
    rows : ndarray of uint8, shape (n, 3072)
        All of an image's red, then its green, then its blue.
    labels : list of int
        Classes, from 0 to 9.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the file is altered, or is not a batch.
    """
    data = read_file(path, verify)
    try:
        batch = pickle.loads(data, encoding="bytes") if verify else unpickle(data)
    except Exception as error:  # damaged bytes can ask a pickle for anything
        raise ValueError(
            f"{path} cannot be read as a batch of CIFAR-10: {error!r}."
        ) from error
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise ValueError(
            f"{path} must hold a dict with the keys b'data' and b'labels'."
        )
    rows, labels = batch[b"data"], batch[b"labels"]
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != 3072:
        raise ValueError(
            f"{path} must hold an array of shape (n, 3072) under b'data', but it holds "
            f"{getattr(rows, 'shape', type(rows).__name__)}."
        )
    if not isinstance(labels, list) or len(labels) != len(rows):
        raise ValueError(f"{path} must hold a list of {len(rows)} labels.")
    if not set(labels) <= set(range(10)):
        raise ValueError(f"{path} must hold labels from 0 to 9, but it holds others.")
    return rows, labels


def unpickle(data: bytes) -> Any:
    """Unpickle bytes that nobody has verified."""
    return BatchUnpickler(io.BytesIO(data), encoding="bytes").load()


def dtype_name(name: bytes | str, *_: object) -> str:
    """Stand in for ``numpy.dtype``: CIFAR-10 needs one dtype."""
    text = name if isinstance(name, str) else name.decode("ascii")
    if text != "u1":
        raise pickle.UnpicklingError(f"it holds an array of dtype {text}, not uint8")
    return text


def encode_latin1(text: str, _: object) -> bytes:
    """Stand in for ``_codecs.encode``: how Python 3 writes bytes in protocol 2."""
    return text.encode("latin1")


UNFILLED_ARRAY = object()
STAND_INS: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): lambda *_: UNFILLED_ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): lambda *_: UNFILLED_ARRAY,
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): dtype_name,
    ("_codecs", "encode"): encode_latin1,
}


class Instructions(dict[int, Callable[[Any], None]]):
    """The pickle instructions that a batch needs, and a refusal of all others."""

    NAMES = (
        "PROTO FRAME STOP MARK MEMOIZE BINPUT LONG_BINPUT BINGET LONG_BINGET NONE "
        "NEWTRUE NEWFALSE BININT BININT1 BININT2 BINSTRING SHORT_BINSTRING BINBYTES "
        "SHORT_BINBYTES BINUNICODE SHORT_BINUNICODE EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 "
        "TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS GLOBAL "
        "STACK_GLOBAL REDUCE BUILD"
    )

    def __missing__(self, code: int) -> Callable[[Any], None]:
        raise pickle.UnpicklingError(f"it asks for the pickle instruction {code:#x}")


class BatchUnpickler(pickle._Unpickler):
    """Builds dicts, lists, tuples, strings, bytes, ints and uint8 arrays, no more.

    It is the one written in Python: damaged bytes cannot crash it, and twenty
    thousand instructions a batch take it a few milliseconds.
    """

    stack: list[Any]
    dispatch = Instructions(
        (code, pickle._Unpickler.dispatch[code])
        for code in (getattr(pickle, name)[0] for name in Instructions.NAMES.split())
    )

    def find_class(self, module: str, name: str) -> object:
        """Return what stands in for a global of a batch; refuse any other global."""
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(f"it asks for the global {module}.{name}")
        return STAND_INS[module, name]

    def load_build(self) -> None:
        """Fill an array with its bytes. A dtype's own state says nothing new."""
        state = self.stack.pop()
        if self.stack[-1] is UNFILLED_ARRAY:
            _, shape, _, fortran, content = state
            flat = np.frombuffer(content, dtype=np.uint8)
            self.stack[-1] = flat.reshape(shape, order="F" if fortran else "C")

    dispatch[pickle.BUILD[0]] = load_build

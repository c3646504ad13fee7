"""Outcomes of the sandbox as JSON, so that who reads them runs none of their code.

A pickle may call any function where it is read. Here only numbers, strings, arrays,
collections and the plain classes of `softmax_lib.exercises` arrive; all else is None.
"""

import base64
import dataclasses
import importlib
import json
from typing import Any

import numpy as np

from softmax_lib.exercises.sandbox import Outcome, Trouble

__all__ = ["decode", "encode", "pack", "unpack"]

PLACE = "softmax_lib.exercises."
COLLECTIONS: dict[str, type] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def pack(outcome: Outcome) -> str:
    """Return an outcome as one line of JSON."""
    return json.dumps(encode([outcome.items, outcome.trouble]))


def unpack(line: str) -> Outcome:
    """Return the outcome that a line says; raise ValueError for any other line."""
    try:
        items, trouble = decode(json.loads(line))
    except (TypeError, KeyError, AttributeError, ImportError, RecursionError) as error:
        raise ValueError(f"no outcome: {error}") from None
    if not isinstance(items, list) or not isinstance(trouble, Trouble | None):
        raise ValueError("no outcome")
    return Outcome(items, trouble)


def encode(value: Any) -> Any:
    """Return a value in the types of JSON."""
    kind = type(value)
    if value is None or kind in (bool, int, float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, np.generic | np.ndarray):
        array = np.asarray(value)
        if array.dtype.hasobject:
            return None
        data = base64.b64encode(array.tobytes()).decode()
        fields = [array.dtype.str, list(array.shape), data]
        return {"array": fields, "scalar": isinstance(value, np.generic)}
    if kind is list:
        return [encode(item) for item in value]
    if kind is dict:
        return {"dict": [[encode(k), encode(v)] for k, v in value.items()]}
    if kind.__name__ in COLLECTIONS:
        return {kind.__name__: [encode(item) for item in value]}
    if kind.__module__.startswith(PLACE) and (names := fields_of(kind)):
        fields = [encode(getattr(value, name)) for name in names]
        return {"class": [kind.__module__, kind.__qualname__], "fields": fields}
    return None


def decode(value: Any) -> Any:
    """Return what `encode` was given."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        dtype, shape, data = value["array"]
        array = np.frombuffer(base64.b64decode(data), np.dtype(dtype)).reshape(shape)
        return array[()] if value["scalar"] else array.copy()
    if "class" in value:
        module, name = value["class"]
        if not module.startswith(PLACE):
            raise ValueError(f"{module} has no results")
        cls = getattr(importlib.import_module(module), name)
        names = fields_of(cls)
        return cls(**dict(zip(names, decode(value["fields"]), strict=True)))
    ((kind, items),) = value.items()
    if kind == "dict":
        return {decode(k): decode(v) for k, v in items}
    return COLLECTIONS[kind](decode(items))


def fields_of(cls: type) -> tuple[str, ...]:
    """Return the names of the fields of a NamedTuple or dataclass, or nothing."""
    if dataclasses.is_dataclass(cls):
        return tuple(field.name for field in dataclasses.fields(cls))
    return tuple(getattr(cls, "_fields", ()))

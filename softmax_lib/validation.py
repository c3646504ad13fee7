"""The one way in: checks of what a caller passes.

Each check returns nothing if its argument can be used. Otherwise it raises one
ValueError or TypeError that names the argument, what was expected and what came.
"""

import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
Numbers = TypeVar("Numbers", float, np.ndarray)
LARGEST = 10**9  # count: more would fill any memory, or take years
MOST_CLASSES = 10**6
NOT_PLAIN = (np.ma.MaskedArray, np.matrix)  # arrays in which operators differ


def check_loss_input(W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float) -> None:
    """Check that weights, points and labels fit together, and that reg is usable."""
    check_points(X, W)
    check_labels(y, num_points=X.shape[0], num_classes=W.shape[1])
    check_not_negative("reg", reg)


def check_scores(scores: np.ndarray, y: np.ndarray) -> None:
    """Check that there is one class index for each row of scores."""
    check_matrix("scores", scores)
    check_labels(y, num_points=scores.shape[0], num_classes=scores.shape[1])


def check_start(W: np.ndarray) -> None:
    """Check that a training can continue from these weights."""
    check_matrix("W", W)
    if not np.isfinite(np.vdot(W, W)):
        raise ValueError(
            "W must hold finite numbers whose squares do not overflow, but a training "
            "diverged; set W to None to start again, with a smaller learning_rate."
        )


def check_points(X: np.ndarray, W: np.ndarray) -> None:
    """Check that points and weights can be multiplied."""
    check_matrix("X", X)
    check_matrix("W", W)
    if W.shape[0] != X.shape[1]:
        off_by_one = abs(W.shape[0] - X.shape[1]) == 1
        advice = (
            "append the bias column (see append_bias)"
            if off_by_one
            else "W needs one row for each column of X"
        )
        raise ValueError(
            f"W has {W.shape[0]} rows but X has {X.shape[1]} columns; {advice}."
        )


def check_matrix(name: str, array: np.ndarray) -> None:
    """Check that an argument is a non-empty matrix of floats."""
    check_form(name, array)
    check_floats(name, array)


def check_rows(name: str, array: np.ndarray) -> None:
    """Check that an argument is a non-empty matrix of real numbers of any dtype."""
    check_form(name, array)
    check_numbers(name, array)


def check_form(name: str, array: np.ndarray) -> None:
    """Check that an argument is a non-empty matrix."""
    if not (is_array(array) and array.ndim == 2 and array.size):
        raise ValueError(
            f"{name} must be a two-dimensional array with at least one row and "
            f"one column, but it is {describe(array)}."
        )


def check_floats(name: str, array: np.ndarray) -> None:
    """Check that an array holds floats that sums of thousands do not overflow."""
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must hold floats, but its dtype is {array.dtype}.")
    if array.dtype.itemsize < 4:
        raise TypeError(
            f"{name} must hold floats of 32 bits or more, but its dtype is "
            f"{array.dtype}."
        )


def check_numbers(name: str, array: np.ndarray) -> None:
    """Check that an array holds real numbers."""
    if array.dtype.kind not in "buif":
        raise TypeError(
            f"{name} must hold real numbers, but its dtype is {array.dtype}."
        )


def check_finite(name: str, array: np.ndarray) -> None:
    """Check that an array holds real numbers and neither NaN nor infinity."""
    check_numbers(name, array)
    if array.dtype.kind == "f":
        ends = np.array([array.min(initial=0), array.max(initial=0)])  # or NaN
        if not np.isfinite(ends).all():
            require_finite(array, **{name: array})
        most = np.sqrt(np.finfo(array.dtype).max / max(array.size, 1))
        if np.abs(ends).max() > most:
            raise ValueError(
                f"{name} must hold numbers whose squares can be added up in "
                f"{array.dtype}, but they are from {ends[0]:g} to {ends[1]:g}."
            )


def check_several(name: str, array: np.ndarray) -> None:
    """Check that an argument is one-dimensional, with two finite numbers or more."""
    if not (is_array(array) and array.ndim == 1 and array.size >= 2):
        raise ValueError(
            f"{name} must be a one-dimensional array of at least two numbers, but it "
            f"is {describe(array)}."
        )
    check_finite(name, array)


def check_images(images: np.ndarray) -> None:
    """Check that images are a non-empty uint8 array (N, height, width, 3)."""
    if not (is_array(images) and images.ndim == 4 and images.size):
        raise ValueError(
            "images must be a non-empty array of shape (N, height, width, 3), but it "
            f"is {describe(images)}."
        )
    if images.shape[3] != 3:
        raise ValueError(
            "images must have three channels, red, green and blue, but its shape is "
            f"{images.shape}."
        )
    if images.dtype != np.uint8:
        raise TypeError(f"images must hold uint8, but its dtype is {images.dtype}.")


def check_pictures(
    images: np.ndarray, others: Sequence[object] | np.ndarray, name: str
) -> None:
    """Check that images can be drawn, and that there is one companion for each."""
    if not (is_array(images) and images.ndim in (3, 4) and images.size):
        raise ValueError(
            "images must be a non-empty array of shape (N, height, width) or (N, "
            f"height, width, 3), but it is {describe(images)}."
        )
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        raise ValueError(
            f"images must have one channel or three, but its shape is {images.shape}."
        )
    if images.dtype != np.uint8:
        raise TypeError(
            f"images must hold uint8, from 0 to 255, but their dtype is {images.dtype}."
        )
    num = len(others) if is_list(others) else 0
    if num != len(images):
        raise ValueError(
            f"{name} must hold one for each of the {len(images)} images, but it is "
            f"{describe(others)} and holds {num}."
        )


def check_patches(name: str, group: np.ndarray) -> None:
    """Check that a group of patches can be drawn."""
    shape = group.shape if is_array(group) else ()
    if len(shape) != 4 or shape[3] != 3 or shape[1] != shape[2] or 0 in shape:
        raise ValueError(
            f"{name} must be a non-empty array of shape (K, side, side, 3), but it is "
            f"{describe(group)}."
        )
    check_finite(name, group)


def check_pair(name: str, value: Sequence[object] | np.ndarray) -> None:
    """Check that an argument is two things."""
    if not is_list(value):
        raise TypeError(f"{name} must be a pair, but it is {describe(value)}.")
    if len(value) != 2:
        raise ValueError(f"{name} must be a pair, but it holds {len(value)}.")


def check_line(
    name: str, x: Sequence[float], y: Sequence[float], argument: str = "lines"
) -> None:
    """Check that a line has one height for each of its points, and a name to show."""
    if name.startswith("_"):  # Matplotlib would leave it out of the legend
        raise ValueError(f"a name in {argument} must not begin with _: {name!r}.")
    for values in (x, y):
        check_sequence(f"{argument}[{name!r}]", values)
        check_finite(f"{argument}[{name!r}]", np.asarray(values))
    shapes = np.shape(x), np.shape(y)
    if shapes[0] != shapes[1] or np.ndim(x) != 1 or not np.size(x):
        raise ValueError(
            f"{argument} must hold one or more points for {name!r}, in sequences of "
            f"the same length, but their shapes are {shapes[0]} and {shapes[1]}."
        )


def check_logarithmic(
    name: str, values: Sequence[float], argument: str = "lines"
) -> None:
    """Check that the heights of a line have logarithms."""
    if np.min(values) <= 0:
        raise ValueError(
            f"{argument}[{name!r}] must hold positive numbers on a logarithmic axis, "
            f"but one is {np.min(values)}."
        )


def check_sequence(name: str, values: Sequence[float] | np.ndarray) -> None:
    """Check that an argument is a sequence of real numbers."""
    if not is_list(values) or isinstance(values, NOT_PLAIN):
        raise ValueError(
            f"{name} must be a sequence of numbers, but it is {describe(values)}."
        )
    as_numbers(name, values)


def as_numbers(name: str, values: npt.ArrayLike) -> np.ndarray:
    """Return numbers, or sequences of equal length of them, as an array."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must hold sequences of one length, but theirs differ."
        ) from None
    check_numbers(name, array)
    return array


def as_path(name: str, value: str | os.PathLike[str]) -> Path:
    """Return what a caller passed as a path."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a path, but it is {value!r}.")
    return Path(value)


def check_labels(
    y: np.ndarray, num_points: int, num_classes: int, name: str = "y"
) -> None:
    """Check that there is one class index for each point."""
    check_shape(name, y, (num_points,), "one label for each point")
    check_integers(name, y)
    if y.min() < 0 or y.max() >= num_classes:
        raise ValueError(
            f"{name} must hold class indices from 0 to {num_classes - 1}, but it holds "
            f"{y.min() if y.min() < 0 else y.max()}."
        )


def count_classes(y: np.ndarray, num_points: int, name: str = "y") -> int:
    """Return how many classes there are up to the largest label."""
    check_shape(name, y, (num_points,), "one label for each point")
    check_integers(name, y)
    num_classes = int(y.max(initial=0)) + 1
    if num_classes > MOST_CLASSES:
        raise ValueError(
            f"{name} must hold class indices below {MOST_CLASSES:,}, but it holds "
            f"{num_classes - 1}."
        )
    check_labels(y, num_points, num_classes, name)
    return num_classes


def check_probabilities(probabilities: np.ndarray) -> None:
    """Check that each row holds the probabilities of all classes."""
    check_matrix("probabilities", probabilities)
    if not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise ValueError(
            "probabilities must hold numbers from 0 to 1, but theirs are from "
            f"{probabilities.min():g} to {probabilities.max():g}."
        )
    sums = probabilities.sum(axis=1)
    if np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must add up to 1 in each row, but the sums are from "
            f"{sums.min():g} to {sums.max():g}."
        )


def check_predictions(y: np.ndarray, y_pred: np.ndarray, name: str = "y_pred") -> None:
    """Check that correct and predicted classes are 1-D, equally long and not empty."""
    if not (is_array(y) and is_array(y_pred)):
        raise ValueError(
            f"y and {name} must be arrays, but they are {describe(y)} and "
            f"{describe(y_pred)}."
        )
    if y.shape != y_pred.shape or y.ndim != 1 or y.size == 0:
        raise ValueError(
            f"y and {name} must be one-dimensional, of the same length and not empty, "
            f"but their shapes are {y.shape} and {y_pred.shape}."
        )
    check_integers("y", y)
    check_integers(name, y_pred)


def check_integers(name: str, array: np.ndarray) -> None:
    """Check that an array holds integers."""
    if array.dtype.kind not in "ui":
        raise TypeError(f"{name} must hold integers, but its dtype is {array.dtype}.")


def check_shape(
    name: str, array: np.ndarray, shape: tuple[int, ...], meaning: str
) -> None:
    """Check that an array has this shape, which ``meaning`` explains."""
    if not (is_array(array) and array.shape == shape):
        raise ValueError(
            f"{name} must have {meaning}, shape {shape}, but it is {describe(array)}."
        )


def check_settings(
    learning_rate: float,
    reg: float,
    num_rounds: int,
    batch_size: int,
    name_of_rounds: str = "num_iters",
) -> None:
    """Check that steps can be taken with these settings."""
    check_positive("learning_rate", learning_rate)
    check_not_negative("reg", reg)
    check_at_least(name_of_rounds, num_rounds)
    check_at_least("batch_size", batch_size)


def check_callable(name: str, value: object) -> None:
    """Check that an argument can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, but it is {describe(value)}.")


def check_results(
    name: str, results: object, first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    """Check that a caller's function returned two results of these shapes."""
    shapes = first, second
    found = results if isinstance(results, tuple | list) else ()
    if tuple(map(np.shape, found)) != shapes:
        what = ", ".join(map(describe, found)) or describe(results)
        raise TypeError(
            f"{name} must return two results, of shapes {first} and {second}, but it "
            f"returned {what}."
        )
    for each in found:
        check_numbers(f"what {name} returns", np.asarray(each))


def check_truth(name: str, value: bool) -> None:
    """Check that an option is True or False; a text such as "no" would be true."""
    if not isinstance(value, Integral | np.bool_) or value not in (0, 1):
        raise TypeError(f"{name} must be True or False, but it is {value!r}.")


def check_text(name: str, value: str) -> None:
    """Check that an argument is a text, and not an empty one."""
    if not isinstance(value, str) or not value.strip():
        raise TypeError(
            f"{name} must be a text, not an empty one, but it is {value!r}."
        )


def check_texts(name: str, values: Sequence[str]) -> None:
    """Check that an argument is a sequence of texts, not one text."""
    check_entries(name, values, str)


def check_list(name: str, values: Sequence[object] | np.ndarray) -> None:
    """Check that an argument is a sequence; a text is not taken letter by letter."""
    if not is_list(values):
        raise TypeError(f"{name} must be a sequence, but it is {describe(values)}.")


def check_entries(name: str, values: Sequence[object], kind: type) -> None:
    """Check that an argument is a sequence of things of this kind."""
    check_list(name, values)
    if strange := [value for value in values if not isinstance(value, kind)]:
        raise TypeError(
            f"{name} must hold entries of the type {kind.__name__}, but it holds "
            f"{strange[0]!r}."
        )


def as_list(name: str, values: Iterable[T]) -> list[T]:
    """Return what a caller passed as an iterable; a text is none."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, but it is {describe(values)}.")
    return list(values)


def is_list(values: object) -> bool:
    """Return whether it is a sequence or an array, and no text."""
    if isinstance(values, np.ndarray):
        return values.ndim > 0
    return isinstance(values, Sequence) and not isinstance(values, str | bytes)


def check_choice(name: str, value: str, choices: Collection[str]) -> None:
    """Check that an argument is one of a few words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(
            f"{name} must be {' or '.join(map(repr, choices))}, but it is {value!r}."
        )


def check_mapping(name: str, value: Mapping[str, object], content: str) -> None:
    """Check that an argument has something under at least one name."""
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{name} must be a mapping from a name to each {content}, but it is "
            f"{describe(value)}."
        )
    if not value:
        raise ValueError(f"{name} must hold at least one {content}, but it is empty.")
    check_texts(f"the keys of {name}", list(value))


def check_image_shape(image_shape: tuple[int, ...]) -> None:
    """Check that a shape has a height, a width, and the channels if it has several."""
    if not isinstance(image_shape, tuple | list) or len(image_shape) < 2:
        raise TypeError(
            "image_shape must be the height and the width of an image, and its "
            f"channels if it has several, but it is {image_shape!r}."
        )
    for size in image_shape:
        check_at_least("each size of image_shape", size)


def check_index(
    name: str, index: int | tuple[int, ...], array: str, shape: tuple[int, ...]
) -> None:
    """Check that an index is the position of one entry of an array."""
    places = index if isinstance(index, tuple) else (index,)
    if len(places) != len(shape) or not all(
        isinstance(place, Integral)
        and not isinstance(place, bool)
        and -length <= place < length
        for place, length in zip(places, shape, strict=True)
    ):
        raise ValueError(
            f"{name} must be the position of one entry of {array}, of shape {shape}, "
            f"but it is {index!r}."
        )


def check_number(name: str, value: float) -> None:
    """Check that an argument is one real number."""
    is_number = isinstance(value, int | float | np.integer | np.floating)
    if isinstance(value, bool) or not is_number:
        raise TypeError(f"{name} must be a number, but it is {describe(value)}.")


def check_positive(name: str, value: float) -> None:
    """Check that a number is finite and above zero."""
    check_number(name, value)
    if not (is_finite(value) and value > 0):
        raise ValueError(f"{name} must be a positive number, but it is {value}.")


def check_not_negative(name: str, value: float) -> None:
    """Check that a number is finite and not below zero."""
    check_number(name, value)
    if not (is_finite(value) and value >= 0):
        raise ValueError(
            f"{name} must be zero or a positive number, but it is {value}."
        )


def check_whole(name: str, value: int) -> None:
    """Check that an argument is one whole number."""
    check_number(name, value)
    if not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, but it is {value}.")
    check_at_most(name, value, LARGEST)


def check_at_least(name: str, value: int, least: int = 1) -> None:
    """Check that a count is a whole number and large enough."""
    check_whole(name, value)
    if value < least:
        raise ValueError(f"{name} must be at least {least}, but it is {value}.")


def check_at_most(name: str, value: int, most: int) -> None:
    """Check that a count is not so large that it would fill the memory."""
    if value > most:
        raise ValueError(f"{name} must be at most {most:,}, but it is {value}.")


def is_finite(value: float) -> bool:
    """Return whether a number is finite as a float, which 10**400 is not."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def check_dtype(dtype: npt.DTypeLike) -> None:
    """Check that a dtype is one of floats of 32 bits or more."""
    try:
        usable = np.dtype(dtype).kind == "f" and np.dtype(dtype).itemsize >= 4
    except TypeError:
        usable = False
    if not usable:
        raise TypeError(
            f"dtype must be one of floats of 32 bits or more, but it is {dtype!r}."
        )


def as_generator(
    rng: np.random.Generator | int | None, name: str = "rng"
) -> np.random.Generator:
    """Return `numpy.random.default_rng` of what a caller passed as ``rng``."""
    try:
        if isinstance(rng, bool | np.bool_):  # NumPy would take True as the seed 1
            raise TypeError
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} must be a Generator, a seed (a whole number, not negative) or "
            f"None, but it is {rng!r}."
        ) from None


def require_finite(result: Numbers, **inputs: np.ndarray) -> Numbers:
    """Return ``result``, or name the input that put a NaN or an infinity into it."""
    if not np.isfinite(result).all():
        for name, array in inputs.items():
            unusable = array[~np.isfinite(array)]
            if unusable.size:
                raise ValueError(
                    f"{name} must hold finite numbers, but it holds {unusable[0]}."
                )
        largest = max(inputs, key=lambda name: np.abs(inputs[name]).max(), default="W")
        raise ValueError(
            f"X @ W or reg * W * W overflows; the numbers in {largest} must be smaller."
        )
    return result


def is_array(value: object) -> bool:
    """Return whether it is an array, and none of those whose operators differ.

    A masked array would lose its mask on the way, and ``*`` multiplies an ``np.matrix``
    as a matrix.
    """
    return isinstance(value, np.ndarray) and not isinstance(value, NOT_PLAIN)


def describe(value: object) -> str:
    """Name the shape of an array, or the type of anything else."""
    if isinstance(value, np.ma.MaskedArray):
        return f"a masked array of shape {value.shape}, and a mask cannot be used"
    if isinstance(value, np.matrix):
        return f"a matrix of the class np.matrix, of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if value is None:
        return "None"
    kind = type(value).__name__
    shape = f" of shape {value.shape}" if hasattr(value, "shape") else ""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}{shape}"

"""The one way in: checks of what a caller passes.

Each check returns nothing if its argument can be used. Otherwise it raises one
ValueError or TypeError that names the argument, what was expected and what came.

Used by every module that takes arrays or settings.
"""

from typing import TypeVar

import numpy as np

Numbers = TypeVar("Numbers", float, np.ndarray)


def check_loss_input(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> None:
    """Check that weights, points and labels fit together."""
    check_points(X, W)
    check_labels(y, num_points=X.shape[0], num_classes=W.shape[1])


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
    check_rows(name, array)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"{name} must hold floats, but its dtype is {array.dtype}.")


def check_rows(name: str, array: np.ndarray) -> None:
    """Check that an argument is a non-empty matrix of any dtype."""
    if not (isinstance(array, np.ndarray) and array.ndim == 2 and array.size):
        raise ValueError(
            f"{name} must be a two-dimensional array with at least one row and "
            f"one column, but it is {describe(array)}."
        )


def check_images(images: np.ndarray) -> None:
    """Check that images are a non-empty uint8 array (N, height, width, 3)."""
    if not (isinstance(images, np.ndarray) and images.ndim == 4 and images.size):
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


def check_labels(
    y: np.ndarray, num_points: int, num_classes: int, name: str = "y"
) -> None:
    """Check that there is one class index for each point."""
    check_shape(name, y, (num_points,), "one label for each point")
    if not np.issubdtype(y.dtype, np.integer):
        raise TypeError(f"{name} must hold integers, but its dtype is {y.dtype}.")
    if y.min() < 0 or y.max() >= num_classes:
        raise ValueError(
            f"{name} must hold class indices from 0 to {num_classes - 1}, but it holds "
            f"{y.min() if y.min() < 0 else y.max()}."
        )


def check_predictions(y: np.ndarray, y_pred: np.ndarray) -> None:
    """Check that correct and predicted classes are 1-D, equally long and not empty."""
    if y.shape != y_pred.shape or y.ndim != 1 or y.size == 0:
        raise ValueError(
            "y and y_pred must be one-dimensional, of the same length and not empty, "
            f"but their shapes are {y.shape} and {y_pred.shape}."
        )


def check_shape(
    name: str, array: np.ndarray, shape: tuple[int, ...], meaning: str
) -> None:
    """Check that an array has this shape, which ``meaning`` explains."""
    if not (isinstance(array, np.ndarray) and array.shape == shape):
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
    if not (np.isfinite(reg) and reg >= 0):
        raise ValueError(f"reg must be zero or a positive number, but it is {reg}.")
    check_at_least(name_of_rounds, num_rounds)
    check_at_least("batch_size", batch_size)


def check_positive(name: str, value: float) -> None:
    """Check that a number is finite and above zero."""
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a positive number, but it is {value}.")


def check_at_least(name: str, value: int, least: int = 1) -> None:
    """Check that a count is large enough."""
    if value < least:
        raise ValueError(f"{name} must be at least {least}, but it is {value}.")


def require_finite(result: Numbers, **inputs: np.ndarray) -> Numbers:
    """Return ``result``, or name the input that put a NaN or an infinity into it."""
    if not np.isfinite(result).all():
        for name, array in inputs.items():
            unusable = array[~np.isfinite(array)]
            if unusable.size:
                raise ValueError(
                    f"{name} must hold finite numbers, but it holds {unusable[0]}."
                )
        raise ValueError(
            "X @ W or reg * W * W overflows; the numbers in W must be smaller."
        )
    return result


def describe(value: object) -> str:
    """Name the shape of an array, or the type of anything else."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"a {type(value).__name__}"

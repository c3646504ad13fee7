"""Checking an analytic gradient against finite differences.

Notation: ``f`` is a function of one array ``x`` of floats that returns a number; the
centred difference of step ``h`` in one coordinate is ``(f(x + h) - f(x - h)) / (2 h)``;
``rng`` is a Generator or a seed for one. After the CS231n course notes, "Gradient
checks".
"""

from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from softmax_lib.validation import (
    as_generator,
    as_numbers,
    check_at_least,
    check_callable,
    check_finite,
    check_floats,
    check_index,
    check_numbers,
    check_positive,
    check_shape,
    describe,
    is_array,
    is_finite,
)

__all__ = [
    "relative_error",
    "eval_numerical_gradient",
    "grad_check_sparse",
    "CheckedEntry",
    "centered_difference",
]

Function = Callable[[np.ndarray], float]


class CheckedEntry(NamedTuple):
    """One coordinate of a gradient, at ``position``, computed in two ways."""

    position: tuple[int, ...]
    numerical: float
    analytic: float
    relative_error: float


def relative_error(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Largest of ``|a - b| / (|a| + |b|)``, from 0 to 1, with 0 where both are zero.

    Parameters
    ----------
    a, b : array_like
        Numbers or arrays of the same shape.

    Examples
    --------
    >>> relative_error(1.0, 1.0)
    0.0
    >>> relative_error([1.0, 0.0], [3.0, 0.0])
    0.5
    """
    a, b = as_floats("a", a), as_floats("b", b)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(
            "a and b must have the same shape and at least one entry, but their "
            f"shapes are {a.shape} and {b.shape}."
        )
    # Scaled so that the larger of each two is from 0.5 to 1, no sum overflows.
    exponents = np.frexp(np.maximum(np.abs(a), np.abs(b)))[1]
    scaled = np.ldexp(a, -exponents), np.ldexp(b, -exponents)
    size = np.abs(scaled[0]) + np.abs(scaled[1])
    with np.errstate(invalid="ignore"):  # NaN where a number is infinite or NaN
        ratios = np.abs(np.subtract(*scaled)) / np.where(size == 0, 1, size)
    return float(np.max(ratios))


def eval_numerical_gradient(f: Function, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Gradient of ``f`` at ``x`` by centred differences, every coordinate.

    Returns
    -------
    ndarray
        Of the shape and dtype of ``x``. It costs two calls of ``f`` per entry.

    Examples
    --------
    >>> f = lambda x: float(np.sum(x**2))
    >>> eval_numerical_gradient(f, np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    check_point(x, h)
    check_function(f, x)
    grad = np.empty_like(x)
    for index in np.ndindex(x.shape):
        grad[index] = centered_difference(f, x, index, h)
    return grad


def grad_check_sparse(
    f: Function,
    x: np.ndarray,
    analytic_grad: np.ndarray,
    num_checks: int = 10,
    h: float = 1e-5,
    *,
    rng: np.random.Generator | int | None = None,
) -> list[CheckedEntry]:
    """Compare randomly drawn entries of a gradient with centred differences.

    Prints one line for each entry, as the worksheet does, and returns the same.

    Parameters
    ----------
    analytic_grad : ndarray
        The gradient to check, of the shape of ``x``.
    num_checks : int, default 10
        How many entries to draw.

    Examples
    --------
    >>> f = lambda x: float(np.sum(x**2))
    >>> x = np.array([3.0])
    >>> checked = grad_check_sparse(f, x, 4 * x, num_checks=1, rng=0)
    numerical: 6.000000 analytic: 12.000000, relative error: 3.333333e-01
    """
    check_point(x, h)
    check_shape("analytic_grad", analytic_grad, x.shape, "one entry for each of x")
    check_numbers("analytic_grad", analytic_grad)
    check_at_least("num_checks", num_checks)
    check_function(f, x)
    rng = as_generator(rng)
    checked = []
    for _ in range(num_checks):
        index = tuple(int(rng.integers(size)) for size in x.shape)
        numerical = centered_difference(f, x, index, h)
        analytic = float(analytic_grad[index])
        error = relative_error(numerical, analytic)
        print(
            f"numerical: {numerical:f} analytic: {analytic:f}, "
            f"relative error: {error:e}"
        )
        checked.append(CheckedEntry(index, numerical, analytic, error))
    return checked


def centered_difference(
    f: Function, x: np.ndarray, index: tuple[int, ...], h: float
) -> float:
    """Slope of ``f`` along the coordinate of ``x`` whose position is ``index``.

    As `eval_numerical_gradient`, for one entry.

    Parameters
    ----------
    index : tuple of int
        Position of the coordinate in ``x``.
    """
    check_coordinate(f, x, index, h)
    above, below = x.copy(), x.copy()
    above[index] += h
    below[index] -= h
    step = float(above[index]) - float(below[index])  # 2 h, after rounding
    if step == 0:
        raise ValueError(
            f"h must be large enough to change x[{index}] = {x[index]} in "
            f"{x.dtype}, but it is {h}."
        )
    return (float(f(above)) - float(f(below))) / step


def check_point(x: np.ndarray, h: float) -> None:
    """Check that finite differences can use a point and a step."""
    if not (is_array(x) and x.size):
        raise ValueError(
            f"x must be an array with at least one entry, but it is {describe(x)}."
        )
    check_floats("x", x)
    check_finite("x", x)
    check_positive("h", h)


def check_coordinate(
    f: Function, x: np.ndarray, index: tuple[int, ...], h: float
) -> None:
    """Check that a difference can be taken along one coordinate of a point."""
    check_callable("f", f)
    check_point(x, h)
    check_index("index", index, "x", x.shape)


def check_function(f: Function, x: np.ndarray) -> None:
    """Check that a function returns one number; a loss with its gradient are two."""
    check_callable("f", f)
    value: Any = f(x.copy())
    if not (isinstance(value, Real) or (is_array(value) and value.ndim == 0)):
        raise TypeError(f"f must return one number, but it returns {describe(value)}.")
    if not is_finite(value):
        raise ValueError(f"f must return a finite number at x, but it returns {value}.")


def as_floats(name: str, value: npt.ArrayLike) -> np.ndarray:
    """Convert numbers, lists or arrays into an array of float64."""
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(f"{name} must have no mask, but it is {describe(value)}.")
    return as_numbers(name, value).astype(np.float64)

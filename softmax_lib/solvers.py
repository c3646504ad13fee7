"""Minimize a loss over all images and bound the remaining gap.

Notation: ``X`` is (N, D), one point per row; ``W`` is (D, C), one class per column;
``y`` is (N,); ``reg``, positive, is the factor on the sum of squared weights; ``rng``
is a Generator or a seed for one. A ``loss`` is a function of ``W, X, y, reg`` that
returns the mean over the points plus ``reg * sum(W * W)`` and its gradient:
``softmax_loss_vectorized`` or ``svm_loss_vectorized``, or one made from them here.
``image_shape`` is the height and width of an image, and its channels if it has several.

The penalty makes such a loss strongly convex. So at any ``W`` the loss is above its
minimum by at most ``norm(dW) ** 2 / (4 * reg)`` (Boyd and Vandenberghe, 2004, section
9.1.2). That is the certificate.

This module needs SciPy:
``pip install "softmax-lib[sklearn]"``.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import scipy.optimize
from scipy.linalg import cholesky, solve_triangular

from softmax_lib.preprocessing import gen_batches
from softmax_lib.validation import (
    as_generator,
    check_at_least,
    check_callable,
    check_finite,
    check_floats,
    check_image_shape,
    check_loss_input,
    check_matrix,
    check_not_negative,
    check_number,
    check_positive,
    check_results,
    check_settings,
    check_shape,
    check_truth,
    count_classes,
    describe,
)

__all__ = [
    "Optimum",
    "minimize_loss",
    "certify",
    "second_moments",
    "sgd",
    "mirrored",
    "mirror_of_columns",
]

Loss = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]


class Optimum(NamedTuple):
    """Weights and how far their loss may be above the minimum.

    Attributes
    ----------
    W : ndarray, shape (D, C)
        The weights, in the dtype of ``X``.
    loss, gradient_norm : float
        The loss at ``W`` and the length of its gradient, computed in float64.
    gap_bound : float
        The loss is above its minimum by no more than this.
    history : list of float
        The loss at each evaluation on the way, each over all points.
    """

    W: np.ndarray
    loss: float
    gradient_norm: float
    gap_bound: float
    history: list[float]


def minimize_loss(
    loss: Loss,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    *,
    moments: np.ndarray | None = None,
    start: np.ndarray | None = None,
    max_iter: int = 200,
    tolerance: float = 1e-6,
) -> Optimum:
    """Minimize a loss over all points with L-BFGS.

    Parameters
    ----------
    loss : callable
        Takes ``W, X, y, reg``, returns the loss and its gradient.
    X : ndarray of float, shape (N, D)
        Points.
    y : ndarray of int, shape (N,)
        Their classes, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights; positive.
    moments : ndarray, shape (D, D), optional
        ``X.T @ X / N``, as `second_moments` returns it, of these points or of a sample
        of them. With it the search runs in variables in which the loss is about as
        steep in all directions. The minimum is the same.
    start : ndarray, shape (D, C), optional
        Weights to begin with; zero if not given.
    max_iter : int
        Largest number of steps in one precision.
    tolerance : float
        The search ends when the bound on the gap falls below it. Where rounding of
        float32 prevents this, it continues in float64.

    Returns
    -------
    Optimum
        The weights, with the certificate of `certify`.

    References
    ----------
    D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
    optimization", Mathematical Programming 45 (1989), pages 503-528.

    Examples
    --------
    >>> from softmax_lib.losses import softmax_loss_vectorized
    >>> X, y = np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([0, 1])
    >>> best = minimize_loss(softmax_loss_vectorized, X, y, reg=0.1)
    >>> print(f"{best.loss:.4f}", best.gap_bound <= 1e-6)
    0.3118 True
    """
    check_positive("reg", reg)
    start = zero_weights(X, y) if start is None else start
    check_start(start, X, y)
    check_loss_input(start, X, y, reg)
    check_at_least("max_iter", max_iter)
    check_not_negative("tolerance", tolerance)
    R = cholesky_preconditioner(moments, reg, start)
    history: list[float] = []
    bounds: list[float] = []

    def value_and_gradient(v: np.ndarray, dtype: str) -> tuple[float, np.ndarray]:
        W = apply_preconditioner(R, v.reshape(start.shape), transposed=True)  # (D, C)
        value, dW = loss_in_batches(loss, W.astype(dtype), X, y, reg)
        history.append(value)
        bounds.append(gap_bound(dW, reg))
        return value, apply_preconditioner(R, dW).ravel().astype(np.float64)

    def stop_when_certain(_: np.ndarray) -> None:
        if bounds[-1] <= tolerance:
            raise StopIteration

    v = (start if R is None else R.T @ start).ravel().astype(np.float64)
    for dtype in dict.fromkeys([X.dtype.name, "float64"]):
        found = scipy.optimize.minimize(
            value_and_gradient,
            v,
            args=(dtype,),
            method="L-BFGS-B",
            jac=True,
            callback=stop_when_certain,
            options={"maxiter": max_iter, "gtol": 0, "ftol": np.finfo(dtype).eps},
        )
        v = found.x
        if bounds[-1] <= tolerance or found.nit >= max_iter:
            break
    W = apply_preconditioner(R, v.reshape(start.shape), transposed=True)
    optimum = certify(loss, W.astype(X.dtype), X, y, reg)
    return optimum._replace(history=history)


def certify(
    loss: Loss, W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> Optimum:
    """Bound in float64 how far a loss, convex in ``W``, is above its minimum.

    As `minimize_loss`, without a search, at weights wherever they come from.
    """
    check_positive("reg", reg)
    check_loss_input(W, X, y, reg)
    value, dW = loss_in_batches(loss, W.astype(np.float64), X, y, reg)
    norm = float(np.linalg.norm(dW))
    return Optimum(W, value, norm, gap_bound(dW, reg), [])


def second_moments(X: np.ndarray) -> np.ndarray:
    """Return ``X.T @ X / N``, (D, D): the mean of the products of every two columns.

    Of centred columns, these are their variances and covariances.

    Examples
    --------
    >>> second_moments(np.array([[1.0, 1.0], [-3.0, 1.0]]))
    array([[ 5., -1.],
           [-1.,  1.]])
    """
    check_matrix("X", X)
    check_finite("X", X)
    products: np.ndarray = X.T @ X
    products /= X.shape[0]
    return products


def sgd(
    loss: Loss,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    *,
    learning_rate: float | Callable[[float], float],
    num_epochs: int,
    batch_size: int = 200,
    momentum: float = 0.0,
    average: bool = False,
    moments: np.ndarray | None = None,
    rng: np.random.Generator | int | None = None,
) -> Iterator[np.ndarray]:
    """Minimize a loss with minibatches, and yield the weights after each epoch.

    As `minimize_loss`, from zero weights. Each array yielded is a new one.

    Parameters
    ----------
    learning_rate : float or callable
        Factor on the gradient. A callable is a schedule: it takes the epochs done so
        far, such as 2.75, and returns the factor of the next step.
    num_epochs : int
        How often each point is used; in a new order each time.
    batch_size : int
        Points in a minibatch.
    momentum : float
        Fraction of the last step that is repeated in the next, from 0 to below 1.
    average : bool
        Whether to yield the mean of the weights over the epoch, not the last ones
        (Polyak and Juditsky, 1992).
    moments : ndarray, shape (D, D), optional
        As in `minimize_loss`: each step is then one in the variables in which the loss
        is about as steep in all directions. That takes as many operations as the
        gradient of D / 2 points, so a minibatch should not be much smaller.
    """
    loss = checked(loss)
    check_truth("average", average)
    schedule = as_schedule(learning_rate)
    check_settings(schedule(0.0), reg, num_epochs, batch_size, "num_epochs")
    check_number("momentum", momentum)
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be from 0 to below 1, but it is {momentum}.")
    rng = as_generator(rng)
    W = zero_weights(X, y)  # (D, C)
    R = cholesky_preconditioner(moments, reg, W)
    step = np.zeros_like(W)
    num_batches = -(-X.shape[0] // batch_size)
    for epoch in range(num_epochs):
        mean = np.zeros_like(W)
        order = rng.permutation(X.shape[0])  # (N,)
        for i, batch in enumerate(np.array_split(order, num_batches)):
            _, dW = loss(W, X[batch], y[batch], reg)
            dW = apply_preconditioner(R, apply_preconditioner(R, dW), transposed=True)
            step *= momentum
            step -= schedule(epoch + i / num_batches) * dW
            W = W + step
            if average:
                mean += (W - mean) / (i + 1)
        yield mean if average else W


def mirrored(loss: Loss, image_shape: tuple[int, ...] = (32, 32, 3)) -> Loss:
    """Loss of all images and of their mirror images, without making these.

    A mirror image under ``W`` has the scores of the image under mirrored templates. The
    loss returned is the mean over twice the points: rows of centred images and a column
    of ones, and the rows of their mirror images.
    """
    loss = checked(loss)
    mirror = mirror_of_columns(image_shape)

    def of_both(
        W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
    ) -> tuple[float, np.ndarray]:
        check_mirrored(W, mirror)
        loss_seen, dW_seen = loss(W, X, y, reg)
        loss_mirrored, dW_mirrored = loss(W[mirror], X, y, reg)
        return (loss_seen + loss_mirrored) / 2, (dW_seen + dW_mirrored[mirror]) / 2

    return of_both


def check_mirrored(W: np.ndarray, mirror: np.ndarray) -> None:
    """Check that weights are those of images of the shape that was mirrored."""
    check_matrix("W", W)
    meaning = "one row for each number of an image of image_shape and one for the bias"
    check_shape("W", W, (mirror.size, W.shape[1]), meaning)


def mirror_of_columns(image_shape: tuple[int, ...] = (32, 32, 3)) -> np.ndarray:
    """Return for each column of a row which column holds the mirror image's number.

    ``X[:, mirror]`` are the rows of the mirrored images; the column of ones stays where
    it is. Mirroring twice changes nothing.

    Examples
    --------
    >>> mirror_of_columns()[:6]  # the last two pixels of the first line
    array([93, 94, 95, 90, 91, 92])
    """
    check_image_shape(image_shape)
    pixels = np.arange(math.prod(image_shape)).reshape(image_shape)
    return np.append(pixels[:, ::-1].ravel(), pixels.size)


def as_schedule(
    learning_rate: float | Callable[[float], float],
) -> Callable[[float], float]:
    """Return a schedule that begins with a positive factor, none below zero."""

    def schedule(epochs: float) -> float:
        factor = learning_rate(epochs) if callable(learning_rate) else learning_rate
        check = check_not_negative if epochs else check_positive
        check("learning_rate", factor)
        return factor

    return schedule


def checked(loss: Loss) -> Loss:
    """Return a loss that must give a number and a gradient like W, both finite."""
    check_callable("loss", loss)

    def with_checks(
        W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
    ) -> tuple[float, np.ndarray]:
        results = loss(W, X, y, reg)
        check_results("loss", results, (), W.shape)
        value, dW = results
        for kind, result in (("gradient", dW), ("loss", value)):
            if not np.isfinite(result).all():
                raise ValueError(
                    f"loss must return finite numbers, but its {kind} is not."
                )
        return results

    return with_checks


def loss_in_batches(
    loss: Loss, W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Loss of all points and its gradient, in the dtype of W, added up in float64."""
    loss = checked(loss)
    value, dW = 0.0, np.zeros(W.shape)
    for batch in gen_batches(X.shape[0], 250):
        rows = X[batch].astype(W.dtype, copy=False)  # (250, D)
        batch_value, batch_dW = loss(W, rows, y[batch], reg)
        fraction = len(rows) / X.shape[0]
        value += fraction * batch_value
        dW += fraction * batch_dW
    return value, dW


def gap_bound(dW: np.ndarray, reg: float) -> float:
    """Largest distance of a loss from its minimum, where its gradient is ``dW``."""
    with np.errstate(over="ignore"):
        bound = float(np.sum(dW * dW)) / (4 * reg)
    if not np.isfinite(bound):
        raise ValueError(
            "The gradient is too large to be squared; the numbers in X must be smaller."
        )
    return bound


def cholesky_preconditioner(
    moments: np.ndarray | None, reg: float, W: np.ndarray
) -> np.ndarray | None:
    """Lower triangle R, where ``R @ R.T`` is about the curvature of a column of W.

    None, which stands for the identity, without moments.
    """
    if moments is None:
        return None
    D, C = W.shape
    check_shape("moments", moments, (D, D), "one row and one column for each of X")
    check_floats("moments", moments)
    check_finite("moments", moments)
    curvature = moments / C
    np.fill_diagonal(curvature, curvature.diagonal() + 2 * reg)
    try:
        R: np.ndarray = cholesky(curvature.T, lower=True, overwrite_a=True)
    except np.linalg.LinAlgError:
        raise ValueError(
            "moments must be those of second_moments, symmetric and without negative "
            "eigenvalues, but they are not."
        ) from None
    return R


def apply_preconditioner(
    R: np.ndarray | None, B: np.ndarray, *, transposed: bool = False
) -> np.ndarray:
    """Solve ``R @ V = B`` or ``R.T @ V = B`` for V; None stands for the identity."""
    if R is None:
        return B
    B = B.astype(R.dtype, copy=False)
    check_finite("the gradient", B)  # SciPy would search all of R too, in each call
    solution: np.ndarray = solve_triangular(
        R, B, lower=True, trans=int(transposed), check_finite=False
    )
    return solution


def check_start(start: np.ndarray, X: np.ndarray, y: np.ndarray) -> None:
    """Check that a search can begin at these weights."""
    check_matrix("start", start)
    check_finite("start", start)
    rows, columns = zero_weights(X, y).shape
    if start.shape[0] != rows or start.shape[1] < columns:
        raise ValueError(
            f"start must have one row for each column of X and one column for each "
            f"class of y, shape {(rows, columns)}, but it is {describe(start)}."
        )


def zero_weights(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return weights of zero, one column for each class up to the largest label."""
    check_matrix("X", X)
    return np.zeros((X.shape[1], count_classes(y, len(X))), X.dtype)

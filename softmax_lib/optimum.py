"""The minimum of a loss of all images, found, and with a bound on what is missing.

Notation: ``X`` is (N, D), one row a point; ``W`` is (D, C), one column a class; ``y``
is (N,). A loss is a function of ``W, X, y, reg`` that returns the mean over the points
plus ``reg * sum(W * W)`` and its gradient: `softmax_loss_vectorized` or
`svm_loss_vectorized`, or one made from them here.

The penalty makes such a loss strongly convex. So at any ``W`` the loss lies above its
minimum by at most ``norm(dW) ** 2 / (4 * reg)``. That is the certificate.

Taught in chapter 10. This room needs SciPy: ``pip install "softmax-lib[sklearn]"``.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize as lbfgs

from softmax_lib.linear_classifier import check_settings
from softmax_lib.losses import check_labels, check_matrix, check_points, describe

__all__ = [
    "Optimum",
    "minimize",
    "certify",
    "second_moments",
    "sgd",
    "mirrored",
    "mirror_of_columns",
]

Loss = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]
ROWS_AT_ONCE = 250  # blocks of so many rows are added up in float64


class Optimum(NamedTuple):
    """A minimum that was looked for, and how far from it the search may have ended.

    Attributes
    ----------
    W : ndarray, shape (D, C)
        The weights, in the dtype of ``X``.
    loss : float
        The loss at ``W``, computed in float64.
    gradient_norm : float
        Length of its gradient, computed in float64.
    gap_bound : float
        The loss lies above its minimum by no more than this.
    history : list of float
        The loss at each evaluation on the way, each one pass over the data.
    """

    W: np.ndarray
    loss: float
    gradient_norm: float
    gap_bound: float
    history: list[float]


def minimize(
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
        Points, one row a point.
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
        float32 prevents this, it goes on in float64.

    Returns
    -------
    Optimum
        The weights, with the certificate of `certify`.

    Raises
    ------
    ValueError
        If a shape does not fit, a label is out of range, or ``reg`` is not positive.
    TypeError
        If ``X`` does not hold floats or ``y`` does not hold integers.

    References
    ----------
    D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
    optimization", Mathematical Programming 45 (1989), pages 503-528.

    Examples
    --------
    >>> from softmax_lib.losses import softmax_loss_vectorized
    >>> X, y = np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([0, 1])
    >>> best = minimize(softmax_loss_vectorized, X, y, reg=0.1)
    >>> print(f"{best.loss:.4f}", best.gap_bound <= 1e-6)
    0.3118 True
    """
    check_reg(reg)
    start = zero_weights(X, y) if start is None else start
    check_points(X, start)
    check_labels(y, num_points=X.shape[0], num_classes=start.shape[1])
    R = root_of_curvature(moments, reg, start)
    history: list[float] = []
    bounds: list[float] = []

    def value_and_gradient(v: np.ndarray, dtype: str) -> tuple[float, np.ndarray]:
        W = solved(R, v.reshape(start.shape), transposed=True)
        value, dW = over_blocks(loss, W.astype(dtype), X, y, reg)
        history.append(value)
        bounds.append(gap_bound(dW, reg))
        return value, solved(R, dW).ravel().astype(np.float64)

    def stop_when_certain(_: np.ndarray) -> None:
        if bounds[-1] <= tolerance:
            raise StopIteration

    v = (start if R is None else R.T @ start).ravel().astype(np.float64)
    for dtype in dict.fromkeys([X.dtype.name, "float64"]):
        found = lbfgs(
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
    W = solved(R, v.reshape(start.shape), transposed=True).astype(X.dtype)
    return certify(loss, W, X, y, reg)._replace(history=history)


def certify(
    loss: Loss, W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> Optimum:
    """Compute in float64 how far a loss lies above its minimum, at most.

    Parameters
    ----------
    loss : callable
        Takes ``W, X, y, reg``, returns the loss and its gradient; without its penalty
        convex in ``W``.
    W : ndarray, shape (D, C)
        Weights, wherever they come from.
    X : ndarray of float, shape (N, D)
        Points, one row a point.
    y : ndarray of int, shape (N,)
        Their classes, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights; positive.

    Returns
    -------
    Optimum
        With an empty ``history``.

    Raises
    ------
    ValueError
        If a shape does not fit, a label is out of range, or ``reg`` is not positive.
    TypeError
        If ``X`` does not hold floats or ``y`` does not hold integers.

    References
    ----------
    S. Boyd and L. Vandenberghe, *Convex Optimization*, 2004, section 9.1.2.
    """
    check_reg(reg)
    value, dW = over_blocks(loss, W.astype(np.float64), X, y, reg)
    norm = float(np.linalg.norm(dW))
    return Optimum(W, value, norm, gap_bound(dW, reg), [])


def second_moments(X: np.ndarray) -> np.ndarray:
    """Mean of the products of each two columns, ``X.T @ X / N``.

    Of centred columns, these are their variances and covariances.

    Parameters
    ----------
    X : ndarray of float, shape (N, D)
        Points, one row a point.

    Returns
    -------
    ndarray, shape (D, D)
        Symmetric, in the dtype of ``X``.

    Raises
    ------
    ValueError
        If ``X`` is not a two-dimensional array with at least one row and column.
    TypeError
        If ``X`` does not hold floats.

    Examples
    --------
    >>> second_moments(np.array([[1.0, 1.0], [-3.0, 1.0]]))
    array([[ 5., -1.],
           [-1.,  1.]])
    """
    check_matrix("X", X)
    products: np.ndarray = X.T @ X
    products /= X.shape[0]
    return products


def sgd(
    loss: Loss,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    *,
    learning_rate: float,
    num_passes: int,
    batch_size: int = 200,
    momentum: float = 0.0,
    decay: bool = False,
    average: bool = False,
    moments: np.ndarray | None = None,
    rng: np.random.Generator | int | None = None,
) -> Iterator[np.ndarray]:
    """Minimize a loss with minibatches, and yield the weights after each pass.

    Parameters
    ----------
    loss : callable
        Takes ``W, X, y, reg``, returns the loss and its gradient.
    X : ndarray of float, shape (N, D)
        Points, one row a point.
    y : ndarray of int, shape (N,)
        Their classes, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights.
    learning_rate : float
        Factor on the gradient in the first step.
    num_passes : int
        How often each point is used; in a new order each time.
    batch_size : int
        Points in a minibatch.
    momentum : float
        Share of the last step that is repeated in the next, from 0 to below 1.
    decay : bool
        Whether the learning rate falls by the same factor in each step, to a fiftieth.
    average : bool
        Whether to yield the mean of the weights over the pass, not the last ones.
    moments : ndarray, shape (D, D), optional
        As in `minimize`: each step is then one in the variables in which the loss is
        about as steep in all directions. That takes as many operations as the gradient
        of D / 2 points, so a minibatch should not be much smaller.
    rng : Generator or int, optional
        Source of randomness, or a seed for one.

    Yields
    ------
    ndarray, shape (D, C)
        A new array after each pass, in the dtype of ``X``.

    Raises
    ------
    ValueError
        If a shape does not fit, a label is out of range, or a setting is.
    TypeError
        If ``X`` does not hold floats or ``y`` does not hold integers.

    References
    ----------
    B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by
    averaging", SIAM Journal on Control and Optimization 30 (1992), pages 838-855.
    """
    check_settings(learning_rate, reg, num_passes, batch_size, "num_passes")
    check_momentum(momentum)
    rng = np.random.default_rng(rng)
    W = zero_weights(X, y)
    R = root_of_curvature(moments, reg, W)
    step = np.zeros_like(W)
    batches = -(-X.shape[0] // batch_size)
    for k in range(num_passes):
        mean = np.zeros_like(W)
        order = rng.permutation(X.shape[0])
        for i, batch in enumerate(np.array_split(order, batches)):
            left = 50 ** (-(k + i / batches) / num_passes) if decay else 1.0
            _, dW = loss(W, X[batch], y[batch], reg)
            dW = solved(R, solved(R, dW), transposed=True)
            step *= momentum
            step -= learning_rate * left * dW
            W = W + step
            mean += (W - mean) / (i + 1)
        yield mean if average else W


def mirrored(loss: Loss) -> Loss:
    """Loss of all images and of their mirror images, without making these.

    A mirror image under ``W`` has the scores of the image under mirrored templates.

    Parameters
    ----------
    loss : callable
        Takes ``W, X, y, reg``, returns the loss and its gradient.

    Returns
    -------
    callable
        The same of the mean over twice the points: rows of centred 32×32×3 images and
        a column of ones, and the rows of their mirror images.
    """

    def of_both(
        W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
    ) -> tuple[float, np.ndarray]:
        mirror = mirror_of_columns()
        loss_seen, dW_seen = loss(W, X, y, reg)
        loss_mirrored, dW_mirrored = loss(W[mirror], X, y, reg)
        return (loss_seen + loss_mirrored) / 2, (dW_seen + dW_mirrored[mirror]) / 2

    return of_both


def mirror_of_columns() -> np.ndarray:
    """Say for each column of a row which column holds the mirror image's number.

    Returns
    -------
    ndarray of int, shape (3073,)
        ``X[:, mirror]`` are the rows of the mirrored 32×32×3 images; the column of
        ones stays where it is. Mirroring twice changes nothing.

    Examples
    --------
    >>> mirror_of_columns()[:6]  # the last two pixels of the first line
    array([93, 94, 95, 90, 91, 92])
    """
    pixels = np.arange(32 * 32 * 3).reshape(32, 32, 3)
    return np.append(pixels[:, ::-1].ravel(), pixels.size)


def over_blocks(
    loss: Loss, W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Loss of all points and its gradient, in the dtype of W, added up in float64."""
    value, dW = 0.0, np.zeros(W.shape)
    for first in range(0, X.shape[0], ROWS_AT_ONCE):
        block = slice(first, first + ROWS_AT_ONCE)
        rows = X[block].astype(W.dtype, copy=False)
        block_value, block_dW = loss(W, rows, y[block], reg)
        share = len(rows) / X.shape[0]
        value += share * block_value
        dW += share * block_dW
    return value, dW


def gap_bound(dW: np.ndarray, reg: float) -> float:
    """Largest distance of a loss from its minimum, where its gradient is ``dW``."""
    return float(np.sum(dW * dW)) / (4 * reg)


def root_of_curvature(
    moments: np.ndarray | None, reg: float, W: np.ndarray
) -> np.ndarray | None:
    """Lower triangle R, where ``R @ R.T`` is about the curvature of a column of W.

    None, which stands for the identity, without moments.
    """
    if moments is None:
        return None
    D, C = W.shape
    check_moments(moments, num_columns=D)
    curvature = moments / C
    np.fill_diagonal(curvature, curvature.diagonal() + 2 * reg)
    R: np.ndarray = cholesky(curvature.T, lower=True, overwrite_a=True)
    return R


def solved(
    R: np.ndarray | None, B: np.ndarray, *, transposed: bool = False
) -> np.ndarray:
    """Solve ``R @ V = B`` or ``R.T @ V = B`` for V; None stands for the identity."""
    if R is None:
        return B
    B = B.astype(R.dtype, copy=False)
    solution: np.ndarray = solve_triangular(R, B, lower=True, trans=int(transposed))
    return solution


def zero_weights(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights of zero, one column for each class up to the largest label."""
    check_matrix("X", X)
    return np.zeros((X.shape[1], int(np.max(y, initial=0)) + 1), X.dtype)


def check_reg(reg: float) -> None:
    """Refuse a penalty without which nothing bounds the minimum."""
    if not (np.isfinite(reg) and reg > 0):
        raise ValueError(f"reg must be a positive number, but it is {reg}.")


def check_moments(moments: np.ndarray, num_columns: int) -> None:
    """Refuse second moments that are not those of the columns of X."""
    shape = (num_columns, num_columns)
    if np.shape(moments) != shape:
        raise ValueError(
            f"moments must have one row and one column for each column of X, shape "
            f"{shape}, but it is {describe(moments)}."
        )


def check_momentum(momentum: float) -> None:
    """Refuse a momentum with which steps only grow."""
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be from 0 to below 1, but it is {momentum}.")

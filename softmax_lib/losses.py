"""The softmax and the SVM loss of a linear classifier, each with its gradient.

Notation: ``X`` is (N, D), one point per row; ``W`` is (D, C), one class per column;
``y`` is (N,) and holds the index of each point's correct class; ``scores`` are
``X @ W``, of shape (N, C). Every loss is the mean over the N points plus
``reg * sum(W * W)``, so the regularization adds ``2 * reg * W`` to the gradient, the
bias row included.
"""

import numpy as np

from softmax_lib.validation import (
    check_loss_input,
    check_matrix,
    check_positive,
    check_scores,
    require_finite,
)

__all__ = [
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "softmax_of_scores",
    "softmax",
    "svm_loss_naive",
    "svm_loss_vectorized",
    "svm_of_scores",
]


def softmax_loss_naive(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Softmax loss and its gradient, with explicit loops.

    Parameters
    ----------
    W : ndarray of float, shape (D, C)
        Weights.
    X : ndarray of float, shape (N, D)
        Points.
    y : ndarray of int, shape (N,)
        Correct class of each point, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights; zero or positive.

    Returns
    -------
    loss : float
        Mean cross-entropy in nats, plus the regularization.
    dW : ndarray, shape (D, C)
        Gradient of ``loss`` with respect to ``W``, in the dtype of ``X @ W``.

    Raises
    ------
    ValueError
        If a shape does not fit, an array is empty, a label is out of range, ``reg``
        is negative, or a number in ``X``, ``W`` or the loss is not finite.
    TypeError
        If ``X`` or ``W`` does not hold floats of 32 bits or more, ``y`` does not hold
        integers, or ``reg`` is not a number.

    References
    ----------
    CS231n course notes, "Linear classification: Support Vector Machine, Softmax".

    Examples
    --------
    >>> W, X, y = np.zeros((2, 10)), np.ones((1, 2)), np.array([3])
    >>> loss, dW = softmax_loss_naive(W, X, y, reg=0.0)
    >>> print(f"{loss:.6f}")
    2.302585
    """
    check_loss_input(W, X, y, reg)
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    dW = np.zeros(W.shape, dtype=np.result_type(X, W))  # (D, C)
    with np.errstate(over="ignore", invalid="ignore"):  # require_finite reports it
        for i in range(num_train):
            scores = require_finite(X[i] @ W, X=X, W=W)  # (C,)
            scores -= scores.max()  # exp never sees a positive number
            exp_scores = np.exp(scores)
            probs = exp_scores / exp_scores.sum()  # (C,), their sum is 1
            loss += np.log(exp_scores.sum()) - scores[y[i]]
            for j in range(num_classes):
                dW[:, j] += (probs[j] - (j == y[i])) * X[i]
        loss = loss / num_train + reg * np.sum(W * W)
        dW /= num_train
        dW += 2 * reg * W
    return float(require_finite(loss)), dW


def softmax_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """As `softmax_loss_naive`, without loops."""
    check_loss_input(W, X, y, reg)
    with np.errstate(over="ignore", invalid="ignore"):  # require_finite reports it
        scores = require_finite(X @ W, X=X, W=W)  # (N, C)
        losses, dscores = softmax_of_scores(scores, y)  # (N,), (N, C)
        loss = losses.mean() + reg * np.sum(W * W)

        dscores /= X.shape[0]
        dW = (dscores.T @ X).T  # (D, C): X.T @ dscores, both transposed
        dW += 2 * reg * W
    return float(require_finite(loss)), dW


def softmax_of_scores(
    scores: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax loss of each point, and its gradient with respect to the scores.

    Returns
    -------
    losses : ndarray, shape (N,)
        Loss of each point, in nats; NaN where a score of the point is NaN, or its
        largest score infinite.
    dscores : ndarray, shape (N, C)
        Gradient of each loss with respect to the scores of its point.

    Examples
    --------
    >>> losses, dscores = softmax_of_scores(np.zeros((1, 4)), np.array([2]))
    >>> dscores
    array([[ 0.25,  0.25, -0.75,  0.25]])
    """
    check_scores(scores, y)
    rows = np.arange(scores.shape[0])  # (N,)
    shifted = scores - scores.max(axis=1, keepdims=True)  # (N, C)
    exp_scores = np.exp(shifted)
    sums = exp_scores.sum(axis=1, keepdims=True)  # (N, 1)
    losses = np.log(sums[:, 0]) - shifted[rows, y]  # (N,)

    dscores = exp_scores / sums  # (N, C), the probabilities
    dscores[rows, y] -= 1
    return losses, dscores


def softmax(scores: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return the probabilities (N, C): softmax of each row of ``scores / temperature``.

    Parameters
    ----------
    temperature : float, default 1
        A value above 1 moves the probabilities closer together, one below 1 further
        apart. The order of the classes stays the same.

    Examples
    --------
    >>> softmax(np.array([[0.0, np.log(3)]])).round(2)
    array([[0.25, 0.75]])
    """
    check_matrix("scores", scores)
    check_positive("temperature", temperature)
    require_finite(scores, scores=scores)
    with np.errstate(over="ignore"):  # exp(-inf) is 0, and rightly so
        shifted = (scores - scores.max(axis=1, keepdims=True)) / float(temperature)
    probs: np.ndarray = np.exp(shifted)  # (N, C)
    probs /= probs.sum(axis=1, keepdims=True)
    return probs


def svm_loss_naive(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Multiclass SVM (hinge) loss with margin 1 and its gradient, with loops.

    As `softmax_loss_naive`, except that the loss of a point is the sum of its positive
    margins (Weston and Watkins, 1999). At a kink, where a margin is exactly zero, the
    gradient is that of the flat side.
    """
    check_loss_input(W, X, y, reg)
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    dW = np.zeros(W.shape, dtype=np.result_type(X, W))  # (D, C)
    with np.errstate(over="ignore", invalid="ignore"):  # require_finite reports it
        for i in range(num_train):
            scores = require_finite(X[i] @ W, X=X, W=W)  # (C,)
            for j in range(num_classes):
                margin = scores[j] - scores[y[i]] + 1
                if j == y[i] or margin <= 0:
                    continue
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
        loss = loss / num_train + reg * np.sum(W * W)
        dW /= num_train
        dW += 2 * reg * W
    return float(require_finite(loss)), dW


def svm_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """As `svm_loss_naive`, without loops."""
    check_loss_input(W, X, y, reg)
    with np.errstate(over="ignore", invalid="ignore"):  # require_finite reports it
        scores = require_finite(X @ W, X=X, W=W)  # (N, C)
        losses, dscores = svm_of_scores(scores, y)  # (N,), (N, C)
        loss = losses.mean() + reg * np.sum(W * W)

        dscores /= X.shape[0]
        dW = (dscores.T @ X).T  # (D, C): X.T @ dscores, both transposed
        dW += 2 * reg * W
    return float(require_finite(loss)), dW


def svm_of_scores(scores: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `softmax_of_scores`, with the loss of `svm_loss_naive`."""
    check_scores(scores, y)
    rows = np.arange(scores.shape[0])  # (N,)
    margins = np.maximum(0, scores - scores[rows, y][:, np.newaxis] + 1)  # (N, C)
    margins[rows, y] = 0
    losses = margins.sum(axis=1)  # (N,)

    dscores = (margins > 0).astype(scores.dtype)  # (N, C)
    dscores[rows, y] = -dscores.sum(axis=1)
    return losses, dscores

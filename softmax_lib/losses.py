"""The softmax and the SVM loss of a linear classifier, each with its gradient.

Notation: ``X`` is (N, D), one row a point; ``W`` is (D, C), one column a class;
``y`` is (N,) and holds the index of each point's correct class; ``scores = X @ W``
is (N, C). Every loss is the mean over the N points plus ``reg * sum(W * W)``, so
the regularization adds ``2 * reg * W`` to the gradient, the bias row included.

Taught in chapters 2 (with loops), 3 (vectorized) and 8 (softmax against SVM).
"""

from typing import TypeVar

import numpy as np

__all__ = [
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "softmax_of_scores",
    "svm_loss_naive",
    "svm_loss_vectorized",
    "svm_of_scores",
]

Numbers = TypeVar("Numbers", float, np.ndarray)


@np.errstate(over="ignore", invalid="ignore")  # `finite` refuses, in words
def softmax_loss_naive(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Softmax loss and its gradient, with explicit loops.

    Parameters
    ----------
    W : ndarray, shape (D, C)
        Weights, one column a class.
    X : ndarray, shape (N, D)
        Points, one row a point.
    y : ndarray of int, shape (N,)
        Correct class of each point, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights.

    Returns
    -------
    loss : float
        Mean cross-entropy in nats, plus the regularization.
    dW : ndarray, shape (D, C)
        Gradient of ``loss`` with respect to ``W``, in the dtype of ``X @ W``.

    Raises
    ------
    ValueError
        If a shape does not fit, an array is empty, a label is out of range, or
        a number in ``X``, ``W`` or the loss is not finite.
    TypeError
        If ``X`` or ``W`` does not hold floats or ``y`` does not hold integers.

    See Also
    --------
    softmax_loss_vectorized : The same result without loops.

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
    check_loss_input(W, X, y)
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    dW = np.zeros(W.shape, dtype=np.result_type(X, W))
    for i in range(num_train):
        scores = finite(X[i] @ W, X=X, W=W)
        scores -= scores.max()  # exp never sees a positive number
        exp_scores = np.exp(scores)
        probs = exp_scores / exp_scores.sum()
        loss += np.log(exp_scores.sum()) - scores[y[i]]
        for j in range(num_classes):
            dW[:, j] += (probs[j] - (j == y[i])) * X[i]
    loss = loss / num_train + reg * np.sum(W * W)
    dW /= num_train
    dW += 2 * reg * W
    return float(finite(loss)), dW


@np.errstate(over="ignore", invalid="ignore")  # `finite` refuses, in words
def softmax_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Softmax loss and its gradient, without loops.

    Parameters
    ----------
    W : ndarray, shape (D, C)
        Weights, one column a class.
    X : ndarray, shape (N, D)
        Points, one row a point.
    y : ndarray of int, shape (N,)
        Correct class of each point, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights.

    Returns
    -------
    loss : float
        Mean cross-entropy in nats, plus the regularization.
    dW : ndarray, shape (D, C)
        Gradient of ``loss`` with respect to ``W``, in the dtype of ``X @ W``.

    Raises
    ------
    ValueError
        If a shape does not fit, an array is empty, a label is out of range, or
        a number in ``X``, ``W`` or the loss is not finite.
    TypeError
        If ``X`` or ``W`` does not hold floats or ``y`` does not hold integers.

    See Also
    --------
    softmax_loss_naive : The same result, one point at a time.

    References
    ----------
    CS231n course notes, "Linear classification: Support Vector Machine, Softmax".

    Examples
    --------
    >>> W, X, y = np.zeros((2, 10)), np.ones((1, 2)), np.array([3])
    >>> loss, dW = softmax_loss_vectorized(W, X, y, reg=0.0)
    >>> print(f"{loss:.6f}")
    2.302585
    """
    check_loss_input(W, X, y)
    scores = finite(X @ W, X=X, W=W)
    losses, dscores = softmax_of_scores(scores, y)
    loss = losses.mean() + reg * np.sum(W * W)

    dscores /= X.shape[0]
    dW = (dscores.T @ X).T  # X.T @ dscores, in the order that is faster
    dW += 2 * reg * W
    return float(finite(loss)), dW


def softmax_of_scores(
    scores: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax loss of each point, and its gradient with respect to the scores.

    Parameters
    ----------
    scores : ndarray, shape (N, C)
        Finite scores, one row a point.
    y : ndarray of int, shape (N,)
        Correct class of each point, from 0 to C - 1.

    Returns
    -------
    losses : ndarray, shape (N,)
        Cross-entropy of each point in nats.
    dscores : ndarray, shape (N, C)
        Gradient of each loss with respect to the scores of its point.

    See Also
    --------
    softmax_loss_vectorized : The mean of these losses, of the scores ``X @ W``.

    Examples
    --------
    >>> losses, dscores = softmax_of_scores(np.zeros((1, 4)), np.array([2]))
    >>> dscores
    array([[ 0.25,  0.25, -0.75,  0.25]])
    """
    rows = np.arange(scores.shape[0])
    shifted = scores - scores.max(axis=1, keepdims=True)
    exp_scores = np.exp(shifted)
    sums = exp_scores.sum(axis=1, keepdims=True)
    losses = np.log(sums[:, 0]) - shifted[rows, y]

    dscores = exp_scores / sums
    dscores[rows, y] -= 1
    return losses, dscores


@np.errstate(over="ignore", invalid="ignore")  # `finite` refuses, in words
def svm_loss_naive(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Multiclass SVM (hinge) loss with margin 1 and its gradient, with loops.

    At a kink, where a margin is exactly zero, the gradient is that of the flat side.

    Parameters
    ----------
    W : ndarray, shape (D, C)
        Weights, one column a class.
    X : ndarray, shape (N, D)
        Points, one row a point.
    y : ndarray of int, shape (N,)
        Correct class of each point, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights.

    Returns
    -------
    loss : float
        Mean over the points of the sum of their positive margins, plus the
        regularization.
    dW : ndarray, shape (D, C)
        Gradient of ``loss`` with respect to ``W``, in the dtype of ``X @ W``.

    Raises
    ------
    ValueError
        If a shape does not fit, an array is empty, a label is out of range, or
        a number in ``X``, ``W`` or the loss is not finite.
    TypeError
        If ``X`` or ``W`` does not hold floats or ``y`` does not hold integers.

    See Also
    --------
    svm_loss_vectorized : The same result without loops.

    References
    ----------
    J. Weston and C. Watkins, "Support vector machines for multi-class pattern
    recognition", ESANN 1999.

    Examples
    --------
    >>> W, X, y = np.zeros((2, 10)), np.ones((1, 2)), np.array([3])
    >>> loss, dW = svm_loss_naive(W, X, y, reg=0.0)
    >>> print(f"{loss:.6f}")
    9.000000
    """
    check_loss_input(W, X, y)
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    dW = np.zeros(W.shape, dtype=np.result_type(X, W))
    for i in range(num_train):
        scores = finite(X[i] @ W, X=X, W=W)
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
    return float(finite(loss)), dW


@np.errstate(over="ignore", invalid="ignore")  # `finite` refuses, in words
def svm_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Multiclass SVM (hinge) loss with margin 1 and its gradient, without loops.

    At a kink, where a margin is exactly zero, the gradient is that of the flat side.

    Parameters
    ----------
    W : ndarray, shape (D, C)
        Weights, one column a class.
    X : ndarray, shape (N, D)
        Points, one row a point.
    y : ndarray of int, shape (N,)
        Correct class of each point, from 0 to C - 1.
    reg : float
        Factor on the sum of squared weights.

    Returns
    -------
    loss : float
        Mean over the points of the sum of their positive margins, plus the
        regularization.
    dW : ndarray, shape (D, C)
        Gradient of ``loss`` with respect to ``W``, in the dtype of ``X @ W``.

    Raises
    ------
    ValueError
        If a shape does not fit, an array is empty, a label is out of range, or
        a number in ``X``, ``W`` or the loss is not finite.
    TypeError
        If ``X`` or ``W`` does not hold floats or ``y`` does not hold integers.

    See Also
    --------
    svm_loss_naive : The same result, one margin at a time.

    References
    ----------
    J. Weston and C. Watkins, "Support vector machines for multi-class pattern
    recognition", ESANN 1999.

    Examples
    --------
    >>> W, X, y = np.zeros((2, 10)), np.ones((1, 2)), np.array([3])
    >>> loss, dW = svm_loss_vectorized(W, X, y, reg=0.0)
    >>> print(f"{loss:.6f}")
    9.000000
    """
    check_loss_input(W, X, y)
    scores = finite(X @ W, X=X, W=W)
    losses, dscores = svm_of_scores(scores, y)
    loss = losses.mean() + reg * np.sum(W * W)

    dscores /= X.shape[0]
    dW = (dscores.T @ X).T  # X.T @ dscores, in the order that is faster
    dW += 2 * reg * W
    return float(finite(loss)), dW


def svm_of_scores(scores: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SVM loss of each point, and its gradient with respect to the scores.

    Parameters
    ----------
    scores : ndarray, shape (N, C)
        Finite scores, one row a point.
    y : ndarray of int, shape (N,)
        Correct class of each point, from 0 to C - 1.

    Returns
    -------
    losses : ndarray, shape (N,)
        Sum of the positive margins of each point.
    dscores : ndarray, shape (N, C)
        Gradient of each loss with respect to the scores of its point.

    See Also
    --------
    svm_loss_vectorized : The mean of these losses, of the scores ``X @ W``.

    Examples
    --------
    >>> losses, dscores = svm_of_scores(np.zeros((1, 4)), np.array([2]))
    >>> dscores
    array([[ 1.,  1., -3.,  1.]])
    """
    rows = np.arange(scores.shape[0])
    margins = np.maximum(0, scores - scores[rows, y][:, np.newaxis] + 1)
    margins[rows, y] = 0
    losses = margins.sum(axis=1)

    dscores = (margins > 0).astype(scores.dtype)
    dscores[rows, y] = -dscores.sum(axis=1)
    return losses, dscores


def check_loss_input(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> None:
    """Refuse weights, points and labels that do not fit together."""
    check_points(X, W)
    check_labels(y, num_points=X.shape[0], num_classes=W.shape[1])


def check_points(X: np.ndarray, W: np.ndarray) -> None:
    """Refuse points and weights that cannot be multiplied."""
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
    """Refuse what is not a non-empty matrix of floats."""
    if not (isinstance(array, np.ndarray) and array.ndim == 2 and array.size):
        raise ValueError(
            f"{name} must be a two-dimensional array with at least one row and "
            f"one column, but it is {describe(array)}."
        )
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"{name} must hold floats, but its dtype is {array.dtype}.")


def check_labels(
    y: np.ndarray, num_points: int, num_classes: int, name: str = "y"
) -> None:
    """Refuse labels that are not one class index a point."""
    if not (isinstance(y, np.ndarray) and y.shape == (num_points,)):
        raise ValueError(
            f"{name} must have one label for each point, shape ({num_points},), but "
            f"it is {describe(y)}."
        )
    if not np.issubdtype(y.dtype, np.integer):
        raise TypeError(f"{name} must hold integers, but its dtype is {y.dtype}.")
    if y.min() < 0 or y.max() >= num_classes:
        raise ValueError(
            f"{name} must hold class indices from 0 to {num_classes - 1}, but it holds "
            f"{y.min() if y.min() < 0 else y.max()}."
        )


def finite(result: Numbers, **inputs: np.ndarray) -> Numbers:
    """Return ``result``, or say which input made it hold a NaN or an infinity."""
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

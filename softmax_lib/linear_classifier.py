"""A linear classifier trained by stochastic gradient descent.

Notation: ``X`` is (N, D), ``y`` is (N,), ``W`` is (D, C). A step of training draws a
minibatch, computes the loss and its gradient on it, and moves ``W`` against the
gradient by ``learning_rate`` times its length.

Taught in chapter 5.
"""

import numpy as np

from softmax_lib.losses import (
    check_labels,
    check_matrix,
    check_points,
    finite,
    softmax_loss_vectorized,
    svm_loss_vectorized,
)

__all__ = ["LinearClassifier", "Softmax", "LinearSVM", "accuracy", "confusion_matrix"]


class LinearClassifier:
    """Scores are ``X @ W``; the class with the highest score is predicted.

    A subclass says which loss is minimized.

    Attributes
    ----------
    W : ndarray, shape (D, C), or None
        The weights; None before the first training.
    """

    W: np.ndarray | None = None

    def loss(
        self, X_batch: np.ndarray, y_batch: np.ndarray, reg: float
    ) -> tuple[float, np.ndarray]:
        """Loss of a minibatch and its gradient with respect to ``W``.

        Parameters
        ----------
        X_batch : ndarray of float, shape (N, D)
            Points of the minibatch.
        y_batch : ndarray of int, shape (N,)
            Their classes.
        reg : float
            Factor on the sum of squared weights.

        Returns
        -------
        loss : float
            Mean over the minibatch, plus the regularization.
        dW : ndarray, shape (D, C)
            Gradient of ``loss`` with respect to ``W``.
        """
        raise NotImplementedError("A subclass of LinearClassifier defines the loss.")

    def train(
        self,
        X: np.ndarray,
        y: np.ndarray,
        learning_rate: float = 1e-3,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
        *,
        rng: np.random.Generator | int | None = None,
    ) -> list[float]:
        """Minimize the loss by stochastic gradient descent.

        Training starts at ``W = 0.001 * randn(D, C)``, or at the ``W`` of an earlier
        call.

        Parameters
        ----------
        X : ndarray of float, shape (N, D)
            Training points.
        y : ndarray of int, shape (N,)
            Their classes, from 0 to C - 1; on the first call C is ``y.max() + 1``.
        learning_rate : float
            Factor on the gradient in each step.
        reg : float
            Factor on the sum of squared weights.
        num_iters : int
            Number of steps.
        batch_size : int
            Points in a minibatch, drawn with replacement.
        verbose : bool
            Whether to print the loss every 100 steps.
        rng : Generator or int, optional
            Source of randomness, or a seed for one.

        Returns
        -------
        list of float
            The minibatch loss before each step.

        Raises
        ------
        ValueError
            If a shape does not fit, an array is empty, a label is out of range, a
            setting is not positive, or the loss is no longer a finite number.
        TypeError
            If ``X`` does not hold floats or ``y`` does not hold integers.

        References
        ----------
        CS231n, assignment 1, ``linear_classifier.py``.
        """
        check_settings(learning_rate, reg, num_iters, batch_size)
        check_matrix("X", X)
        rng = np.random.default_rng(rng)
        W = initial_weights(X, y, rng) if self.W is None else self.W.copy()
        check_points(X, W)
        check_labels(y, num_points=X.shape[0], num_classes=W.shape[1])

        self.W = W
        loss_history = []
        for step in range(num_iters):
            batch = rng.integers(X.shape[0], size=batch_size)
            loss, dW = self.loss(X[batch], y[batch], reg)
            loss_history.append(loss)
            W -= learning_rate * dW
            if verbose and step % 100 == 0:
                print(f"iteration {step} / {num_iters}: loss {loss:.6g}")
        return loss_history

    @np.errstate(over="ignore", invalid="ignore")  # `finite` refuses, in words
    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class with the highest score, for each point.

        Parameters
        ----------
        X : ndarray of float, shape (N, D)
            Points, one row a point.

        Returns
        -------
        ndarray of int, shape (N,)
            The lowest class index where scores tie.

        Raises
        ------
        RuntimeError
            If the classifier has not been trained.
        ValueError
            If ``X`` does not have the number of columns it was trained on, or a
            number in it is not finite.
        """
        W = self.weights()
        check_points(X, W)
        classes: np.ndarray = finite(X @ W, X=X, W=W).argmax(axis=1)
        return classes

    def weights(self) -> np.ndarray:
        """Return ``W``, or refuse when there is none yet.

        Returns
        -------
        ndarray, shape (D, C)
            The classifier's own array, not a copy.

        Raises
        ------
        RuntimeError
            If the classifier has not been trained.
        """
        if self.W is None:
            raise RuntimeError("The classifier has no weights yet; call train first.")
        return self.W


class Softmax(LinearClassifier):
    """Linear classifier with the softmax (cross-entropy) loss.

    Examples
    --------
    >>> X = np.array([[2.0, 1.0], [3.0, 1.0], [-2.0, 1.0]])  # the bias column is last
    >>> model = Softmax()
    >>> history = model.train(X, np.array([0, 0, 1]), 0.1, 0.0, num_iters=50, rng=0)
    >>> print(f"{len(history)} losses from {history[0]:.2f} to {history[-1]:.2f}")
    50 losses from 0.69 to 0.02
    >>> model.predict(X)
    array([0, 0, 1])
    """

    def loss(
        self, X_batch: np.ndarray, y_batch: np.ndarray, reg: float
    ) -> tuple[float, np.ndarray]:
        """Softmax loss of a minibatch and its gradient with respect to ``W``."""
        return softmax_loss_vectorized(self.weights(), X_batch, y_batch, reg)


class LinearSVM(LinearClassifier):
    """Linear classifier with the multiclass SVM (hinge) loss."""

    def loss(
        self, X_batch: np.ndarray, y_batch: np.ndarray, reg: float
    ) -> tuple[float, np.ndarray]:
        """SVM loss of a minibatch and its gradient with respect to ``W``."""
        return svm_loss_vectorized(self.weights(), X_batch, y_batch, reg)


def accuracy(y: np.ndarray, y_pred: np.ndarray) -> float:
    """Fraction of points whose predicted class is the correct one.

    Parameters
    ----------
    y : ndarray of int, shape (N,)
        Correct classes.
    y_pred : ndarray of int, shape (N,)
        Predicted classes.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ or there is no point.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
    0.75
    """
    check_predictions(y, y_pred)
    return float(np.mean(y == y_pred))


def confusion_matrix(y: np.ndarray, y_pred: np.ndarray, num_classes: int) -> np.ndarray:
    """Count how often each correct class was predicted as each class.

    Parameters
    ----------
    y : ndarray of int, shape (N,)
        Correct classes, from 0 to ``num_classes - 1``.
    y_pred : ndarray of int, shape (N,)
        Predicted classes, in the same range.
    num_classes : int
        Number of classes C.

    Returns
    -------
    ndarray of int, shape (C, C)
        Row: correct class; column: predicted class. The sum is N.

    Raises
    ------
    ValueError
        If the shapes differ, there is no point, or a class is out of range.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([[1, 0],
           [1, 1]])
    """
    check_predictions(y, y_pred)
    check_labels(y, y.size, num_classes)
    check_labels(y_pred, y.size, num_classes, "y_pred")
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(counts, (y, y_pred), 1)
    return counts


def initial_weights(
    X: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw small weights, one column for each class up to the largest label."""
    num_classes = int(np.max(y, initial=0)) + 1
    W = 0.001 * rng.standard_normal((X.shape[1], num_classes))
    return W.astype(X.dtype, order="F")  # in memory class by class, as gradients are


def check_settings(
    learning_rate: float,
    reg: float,
    num_rounds: int,
    batch_size: int,
    name_of_rounds: str = "num_iters",
) -> None:
    """Refuse settings with which no step can be taken."""
    if not (np.isfinite(learning_rate) and learning_rate > 0):
        raise ValueError(
            f"learning_rate must be a positive number, but it is {learning_rate}."
        )
    if not (np.isfinite(reg) and reg >= 0):
        raise ValueError(f"reg must be zero or a positive number, but it is {reg}.")
    for name, value in ((name_of_rounds, num_rounds), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, but it is {value}.")


def check_predictions(y: np.ndarray, y_pred: np.ndarray) -> None:
    """Refuse correct and predicted classes that do not stand side by side."""
    if y.shape != y_pred.shape or y.ndim != 1 or y.size == 0:
        raise ValueError(
            "y and y_pred must be one-dimensional, of the same length and not empty, "
            f"but their shapes are {y.shape} and {y_pred.shape}."
        )

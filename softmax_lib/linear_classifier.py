"""A linear classifier trained by stochastic gradient descent, as in CS231n.

Notation: ``X`` is (N, D) of floats, one point per row; ``y`` is (N,) of class indices
from 0 to C - 1, and ``y_pred`` the classes predicted for the same points; ``W`` is
(D, C); ``reg`` is the factor on the sum of squared weights. A step of training draws a
minibatch ``X_batch``, ``y_batch``, computes the loss and its gradient on it, and moves
``W`` against the gradient by ``learning_rate`` times its length.
"""

import numpy as np

from softmax_lib.losses import softmax_loss_vectorized, svm_loss_vectorized
from softmax_lib.validation import (
    as_generator,
    check_at_least,
    check_at_most,
    check_labels,
    check_loss_input,
    check_matrix,
    check_points,
    check_positive,
    check_predictions,
    check_settings,
    check_start,
    check_truth,
    count_classes,
    describe,
    require_finite,
)

__all__ = ["LinearClassifier", "Softmax", "LinearSVM", "accuracy", "confusion_matrix"]


class LinearClassifier:
    """Predict the class with the highest score, where the scores are ``X @ W``.

    A subclass defines the loss that is minimized. ``W`` is None before the first
    training.
    """

    W: np.ndarray | None = None

    def loss(
        self, X_batch: np.ndarray, y_batch: np.ndarray, reg: float
    ) -> tuple[float, np.ndarray]:
        """Loss of a minibatch and its gradient with respect to ``W``.

        As `softmax_lib.losses.softmax_loss_naive`, without ``W``.
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
        check_truth("verbose", verbose)
        check_matrix("X", X)
        rng = as_generator(rng)
        W = initial_weights(X, y, rng) if self.W is None else self.W.copy()
        check_start(W)
        check_loss_input(W, X, y, reg)

        self.W = W
        loss_history = []
        for i in range(num_iters):
            batch = rng.integers(X.shape[0], size=batch_size)  # (batch_size,)
            loss = self.step(X[batch], y[batch], learning_rate, reg)
            loss_history.append(loss)
            if verbose and i % 100 == 0:
                print(f"iteration {i} / {num_iters}: loss {loss:.6g}")
        return loss_history

    def step(
        self, X_batch: np.ndarray, y_batch: np.ndarray, learning_rate: float, reg: float
    ) -> float:
        """Take one step of gradient descent, in place; return the loss before it.

        As `train`, on the points of one minibatch.
        """
        check_positive("learning_rate", learning_rate)
        W = self.weights()
        loss, dW = self.loss(X_batch, y_batch, reg)  # dW is (D, C)
        W -= learning_rate * dW
        return loss

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the class (N,) of the highest score, the lowest where scores tie."""
        W = self.weights()
        check_points(X, W)
        with np.errstate(over="ignore", invalid="ignore"):  # require_finite reports it
            scores = require_finite(X @ W, X=X, W=W)  # (N, C)
        classes: np.ndarray = scores.argmax(axis=1)
        return classes

    def weights(self) -> np.ndarray:
        """Return ``W`` itself; raise a RuntimeError before the first training."""
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


def check_model(model: object) -> None:
    """Check that ``model`` makes a classifier when called, as a class does."""
    of_another_kind = model is LinearClassifier or (
        isinstance(model, type) and not hasattr(model, "train")
    )
    if isinstance(model, LinearClassifier) or not callable(model) or of_another_kind:
        raise TypeError(
            "model must be a class with this train, such as Softmax, but it is "
            f"{repr(model) if of_another_kind else describe(model)}."
        )


def accuracy(y: np.ndarray, y_pred: np.ndarray) -> float:
    """Fraction, from 0 to 1, of points whose predicted class is the correct one.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
    0.75
    """
    check_predictions(y, y_pred)
    return float(np.mean(y == y_pred))


def confusion_matrix(y: np.ndarray, y_pred: np.ndarray, num_classes: int) -> np.ndarray:
    """Return how often each correct class (row) was predicted as each class (column).

    Parameters
    ----------
    num_classes : int
        Number of classes C. Both arrays hold indices from 0 to C - 1.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([[1, 0],
           [1, 1]])
    """
    check_predictions(y, y_pred)
    check_at_least("num_classes", num_classes)
    check_at_most("num_classes", num_classes, 10_000)  # 800 MB
    check_labels(y, y.size, num_classes)
    check_labels(y_pred, y.size, num_classes, "y_pred")
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(counts, (y, y_pred), 1)
    return counts


def initial_weights(
    X: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw small weights, one column for each class up to the largest label."""
    W = 0.001 * rng.standard_normal((X.shape[1], count_classes(y, len(X))))
    return W.astype(X.dtype, order="F")  # in memory class by class, as gradients are

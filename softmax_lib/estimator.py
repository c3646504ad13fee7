"""The softmax classifier as an estimator of scikit-learn.

Notation: the points of scikit-learn have no bias column, so here ``X`` is (N, D - 1),
no sparse matrix; the estimator appends it. ``y`` is (N,) of labels of any kind;
``sample_weight`` is (N,), how much each point counts: 2 is as if it were there twice.
``W_`` is (D, C), its last row the bias of each class.

This module needs scikit-learn: ``pip install
"softmax-lib[sklearn]"``.
"""

import warnings
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from softmax_lib.losses import softmax, softmax_of_scores
from softmax_lib.preprocessing import append_bias
from softmax_lib.validation import (
    check_at_least,
    check_finite,
    check_list,
    check_loss_input,
    check_not_negative,
    check_positive,
    check_shape,
    require_finite,
)

__all__ = ["SoftmaxClassifier", "weighted_loss"]

FLOATS = (np.float64, np.float32)


class SoftmaxClassifier(ClassifierMixin, BaseEstimator):
    """Softmax classifier for the pipelines and searches of scikit-learn.

    Parameters
    ----------
    reg : float, default 1e-3
        Factor on the sum of squared weights, the bias row included.
    tol : float, default 1e-4
        ``fit`` ends when no entry of the gradient is larger.
    max_iter : int, default 1000
        Steps after which ``fit`` gives up with a ``ConvergenceWarning``.
    learning_rate : float, default 0.01
        Factor on the gradient in the one step that ``partial_fit`` takes.

    Attributes
    ----------
    classes_ : ndarray, shape (C,)
        The labels, sorted.
    W_ : ndarray, shape (D, C)
        The weights, in the dtype of the points.
    n_iter_ : int
        Steps of L-BFGS in ``fit``, or of gradient descent in ``partial_fit``.
    n_features_in_ : int
        Columns of the points that it was trained on.

    Examples
    --------
    >>> model = SoftmaxClassifier().fit([[0.0], [1.0], [4.0]], ["cat", "cat", "dog"])
    >>> print(model.predict([[0.5], [5.0]]))
    ['cat' 'dog']
    """

    def __init__(
        self,
        *,
        reg: float = 1e-3,
        tol: float = 1e-4,
        max_iter: int = 1000,
        learning_rate: float = 0.01,
    ) -> None:
        self.reg = reg
        self.tol = tol
        self.max_iter = max_iter
        self.learning_rate = learning_rate

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Find the weights with the lowest loss, from zero, by L-BFGS."""
        rows, labels = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(labels)
        self._check_settings()
        self.classes_, indices = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("y must hold at least 2 classes, but it holds 1 class.")
        points, weights = append_bias(rows), normalized_weights(sample_weight, rows)
        shape = points.shape[1], len(self.classes_)

        def loss_of(flat: np.ndarray) -> tuple[float, np.ndarray]:
            W = flat.reshape(shape).astype(rows.dtype)
            loss, dW = weighted_loss(W, points, indices, weights, self.reg)
            return float(loss), dW.ravel().astype(np.float64)  # SciPy computes in these

        found = minimize(
            loss_of,
            np.zeros(shape[0] * shape[1]),
            jac=True,
            method="L-BFGS-B",
            options={"gtol": self.tol, "ftol": 0.0, "maxiter": self.max_iter},
        )
        if not found.success:
            warnings.warn(
                f"the gradient is still {np.abs(found.jac).max():.1g} after "
                f"{found.nit} steps; scale the points, or raise max_iter or tol.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.W_, self.n_iter_ = found.x.reshape(shape).astype(rows.dtype), found.nit
        return self

    def partial_fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Take one step of gradient descent on the points of a minibatch.

        Parameters
        ----------
        classes : array-like, shape (C,), optional
            All labels that will ever come; needed in the first call.
        """
        first = not hasattr(self, "W_")
        rows, labels = validate_data(self, X, y, dtype=FLOATS, reset=first)
        if first:
            if classes is None:
                raise ValueError("classes must name all labels in the first call.")
            check_list("classes", np.asarray(classes))
            self.classes_ = np.unique(classes)
            self.W_ = np.zeros((rows.shape[1] + 1, len(self.classes_)), rows.dtype)
            self.n_iter_ = 0
        self._check_settings()
        strangers = np.setdiff1d(labels, self.classes_)
        if strangers.size:
            raise ValueError(
                f"y must hold labels of classes_, but it holds {strangers[0]!r}."
            )
        indices = np.searchsorted(self.classes_, labels)
        points, weights = append_bias(rows), normalized_weights(sample_weight, rows)
        W = self.W_
        _, dW = weighted_loss(W, points, indices, weights, self.reg)
        self.W_ = (W - self.learning_rate * dW).astype(W.dtype)
        self.n_iter_ += 1
        return self

    def _check_settings(self) -> None:
        """Check that the settings can be trained with."""
        check_not_negative("reg", self.reg)
        check_not_negative("tol", self.tol)
        check_at_least("max_iter", self.max_iter)
        check_positive("learning_rate", self.learning_rate)

    def decision_function(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the score of each class, for each point.

        For two classes it is (N,): by how much the score of the second is higher.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_proba(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the probability (N, C) of each class, for each point."""
        return softmax(self._scores(X))

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the label with the highest score, for each point."""
        best = self._scores(X).argmax(axis=1)
        labels: np.ndarray = self.classes_[best]
        return labels

    def _scores(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=FLOATS, reset=False)
        scores: np.ndarray = rows @ self.W_[:-1] + self.W_[-1]
        return scores


def weighted_loss(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """As `softmax_lib.losses.softmax_loss_naive`, but a weighted mean.

    Parameters
    ----------
    sample_weight : ndarray, shape (N,)
        Weight of each point in the mean; they add up to one.
    """
    check_loss_input(W, X, y, reg)
    check_weights(sample_weight, y)
    with np.errstate(over="ignore", invalid="ignore"):  # require_finite reports it
        scores = require_finite(X @ W, X=X, W=W)  # (N, C)
    losses, dscores = softmax_of_scores(scores, y)  # (N,), (N, C)
    dscores *= sample_weight[:, np.newaxis]
    loss = sample_weight @ losses + reg * np.sum(W * W)
    return loss, (dscores.T @ X).T + 2 * reg * W  # (D, C)


def check_weights(sample_weight: np.ndarray, y: np.ndarray) -> None:
    """Check that there is one weight for each point, and that they are a mean's."""
    check_shape("sample_weight", sample_weight, y.shape, "one weight for each point")
    check_finite("sample_weight", sample_weight)
    if sample_weight.min() < 0 or abs(sample_weight.sum() - 1) > 1e-3:
        raise ValueError(
            "sample_weight must hold weights that are not negative and add up to 1, "
            f"but the lowest is {sample_weight.min():g} and their sum is "
            f"{sample_weight.sum():g}."
        )


def normalized_weights(
    sample_weight: npt.ArrayLike | None, X: np.ndarray
) -> np.ndarray:
    """Weight of each point over the sum of all: 1 / N each where none is given."""
    weights = _check_sample_weight(
        sample_weight, X, dtype=X.dtype, ensure_non_negative=True
    )
    normalized: np.ndarray = weights / weights.sum()
    return normalized

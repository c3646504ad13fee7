"""Choosing the learning rate and the regularization strength on the validation set.

Taught in chapter 6.
"""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from softmax_lib.linear_classifier import LinearClassifier, Softmax, accuracy

__all__ = ["Trial", "GridResult", "grid_search"]


class Trial(NamedTuple):
    """One row of the table: what was tried, and the accuracies that it reached.

    Attributes
    ----------
    learning_rate, reg : float
        The settings.
    train_accuracy, val_accuracy : float
        Fractions of points that the trained model predicts correctly, from 0 to 1.
    """

    learning_rate: float
    reg: float
    train_accuracy: float
    val_accuracy: float


class GridResult(NamedTuple):
    """What a grid search found.

    Attributes
    ----------
    trials : list of Trial
        All trials, in the order in which they ran.
    best : Trial
        The one with the highest validation accuracy.
    best_model : LinearClassifier
        The model that it trained.
    """

    trials: list[Trial]
    best: Trial
    best_model: LinearClassifier


def grid_search(
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_val: np.ndarray,
    y_val: np.ndarray,
    *,
    learning_rates: Iterable[float],
    regs: Iterable[float],
    num_iters: int = 1000,
    batch_size: int = 200,
    model: type[LinearClassifier] = Softmax,
    rng: np.random.Generator | int | None = None,
) -> GridResult:
    """Train one model for each pair of settings, keep the best on the validation set.

    Every model starts at the same ``W`` and sees the same minibatches, so that two
    trials differ in their settings and in nothing else.

    Parameters
    ----------
    X_train : ndarray of float, shape (N, D)
        Points of the training set.
    y_train : ndarray of int, shape (N,)
        Their classes.
    X_val : ndarray of float, shape (M, D)
        Points of the validation set.
    y_val : ndarray of int, shape (M,)
        Their classes.
    learning_rates, regs : iterable of float
        The two sides of the grid; neither may be empty.
    num_iters, batch_size : int
        Steps of each training, and points in a minibatch.
    model : subclass of LinearClassifier, default Softmax
        What to train.
    rng : Generator or int, optional
        Source of randomness, or a seed for one.

    Returns
    -------
    GridResult
        ``trials``, ``best`` and ``best_model``. The best trial is the one with the
        highest validation accuracy, the earlier one where two are equal.

    Raises
    ------
    ValueError
        If a side of the grid is empty, or if a model refuses its input.
    """
    grid = list(itertools.product(learning_rates, regs))
    if not grid:
        raise ValueError("learning_rates and regs must each hold at least one number.")
    seed = int(np.random.default_rng(rng).integers(2**63))
    trials, models = [], []
    for learning_rate, reg in grid:
        classifier = model()
        classifier.train(
            X_train, y_train, learning_rate, reg, num_iters, batch_size, rng=seed
        )
        train_accuracy = accuracy(y_train, classifier.predict(X_train))
        val_accuracy = accuracy(y_val, classifier.predict(X_val))
        trials.append(Trial(learning_rate, reg, train_accuracy, val_accuracy))
        models.append(classifier)
    best = int(np.argmax([trial.val_accuracy for trial in trials]))
    return GridResult(trials, trials[best], models[best])

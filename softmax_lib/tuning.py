"""Choosing the learning rate and the regularization strength on the validation set.

Notation: as in `grid_search`, whose docstring describes every argument; ``X`` and ``y``
are points and classes; a ``pair`` is a learning rate and a ``reg``, one cell of the
grid; ``num_iters`` are the steps of a training and ``batch_size`` the points in a
minibatch; ``seed`` is what ``LinearClassifier.train`` takes as its ``rng``. K pairs are
K models.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from softmax_lib.linear_classifier import (
    LinearClassifier,
    LinearSVM,
    Softmax,
    accuracy,
    check_model,
    initial_weights,
)
from softmax_lib.losses import softmax_of_scores, svm_of_scores
from softmax_lib.validation import (
    as_generator,
    as_list,
    check_callable,
    check_finite,
    check_labels,
    check_list,
    check_matrix,
    check_pair,
    check_points,
    check_results,
    check_settings,
    check_truth,
    count_classes,
    describe,
    require_finite,
)

__all__ = [
    "Trial",
    "GridResult",
    "grid_search",
    "Evaluation",
    "train_and_evaluate",
    "train_side_by_side",
    "grid_search_side_by_side",
]

OfScores = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
OF_SCORES: dict[type[LinearClassifier], OfScores] = {
    Softmax: softmax_of_scores,
    LinearSVM: svm_of_scores,
}


class Trial(NamedTuple):
    """One row of the table; the accuracies are NaN where the training diverged."""

    learning_rate: float
    reg: float
    train_accuracy: float
    val_accuracy: float


class GridResult(NamedTuple):
    """What a grid search found.

    Attributes
    ----------
    trials, models, losses : list
        Each Trial in the order in which they ran, its LinearClassifier, and the
        minibatch losses before each of its steps. Where the training diverged, the
        weights are NaN; where it failed on an executor, they are None and there are no
        losses.
    best, best_model : Trial, LinearClassifier
        The trial with the highest validation accuracy, and the model that it trained.
    """

    trials: list[Trial]
    best: Trial
    best_model: LinearClassifier
    models: list[LinearClassifier]
    losses: list[Sequence[float]]


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
    verbose: bool = False,
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
    verbose : bool
        Whether to print a line for each trial.

    Returns
    -------
    GridResult
        The trials, their models and losses, and the best of them: the one with the
        highest validation accuracy, the earlier one where two are equal.

    Raises
    ------
    ValueError
        If a side of the grid is empty, a setting or an array cannot be used, or a
        training diverges.
    TypeError
        If the points do not hold floats or the classes do not hold integers.

    See Also
    --------
    grid_search_side_by_side : The same search, several times as fast.
    softmax_lib.parallel.grid_search_parallel : The same search on several machines.

    Examples
    --------
    >>> X, y = np.array([[2.0, 1.0], [3.0, 1.0], [-2.0, 1.0]]), np.array([0, 0, 1])
    >>> sides = {"learning_rates": [0.1, 0.2], "regs": [0.0, 1.0]}
    >>> found = grid_search(X, y, X, y, **sides, num_iters=50, rng=0)
    >>> found.best
    Trial(learning_rate=0.1, reg=0.0, train_accuracy=1.0, val_accuracy=1.0)
    >>> len(found.trials), found.best_model.W.shape
    (4, (2, 2))
    """
    arrays = (X_train, y_train, X_val, y_val)
    check_split(*arrays)
    check_model(model)
    check_truth("verbose", verbose)
    seed = draw_seed(rng)  # the same start and minibatches for every pair
    evaluations = []
    for pair in settings_grid(learning_rates, regs, num_iters, batch_size):
        settings = (num_iters, batch_size, model, seed)
        evaluations.append(train_and_evaluate(pair, *arrays, *settings))
        if verbose:
            print(format_trial(evaluations[-1].trial))
    return select_best(evaluations)


class Evaluation(NamedTuple):
    """One cell of the grid: its trial, the trained model, the loss before each step."""

    trial: Trial
    model: LinearClassifier
    losses: Sequence[float]


def train_and_evaluate(
    pair: tuple[float, float],
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_val: np.ndarray,
    y_val: np.ndarray,
    num_iters: int,
    batch_size: int,
    model: type[LinearClassifier],
    seed: int,
) -> Evaluation:
    """Train one model with one pair of settings and measure its accuracies.

    As `grid_search`, for one cell of the grid.
    """
    check_pair("pair", pair)
    check_model(model)
    rng = as_generator(seed, "seed")
    classifier = model()
    losses = classifier.train(X_train, y_train, *pair, num_iters, batch_size, rng=rng)
    train_accuracy = accuracy(y_train, classifier.predict(X_train))
    val_accuracy = accuracy(y_val, classifier.predict(X_val))
    return Evaluation(Trial(*pair, train_accuracy, val_accuracy), classifier, losses)


def train_side_by_side(
    of_scores: OfScores,
    grid: Sequence[tuple[float, float]],
    X: np.ndarray,
    y: np.ndarray,
    num_iters: int,
    batch_size: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Train one classifier for each pair of settings, all on the same minibatches.

    Parameters
    ----------
    of_scores : callable
        ``softmax_of_scores`` or ``svm_of_scores``.
    grid : sequence of (float, float)
        Learning rate and regularization strength of each of the K classifiers.

    Returns
    -------
    W : ndarray, shape (D, K * C)
        The weights of the K classifiers side by side. They are those of K trainings
        with this seed, up to rounding; NaN where a training diverges.
    losses : ndarray, shape (K, num_iters)
        The minibatch loss of each classifier before each step.
    """
    check_callable("of_scores", of_scores)
    check_list("grid", grid)
    if len(grid) == 0 or any(np.shape(pair) != (2,) for pair in grid):
        raise ValueError(
            "grid must hold one or more pairs of a learning rate and a reg, but it is "
            f"{grid!r}."
        )
    for learning_rate, reg in grid:
        check_settings(learning_rate, reg, num_iters, batch_size)
    check_matrix("X", X)
    rng = as_generator(seed, "seed")
    start = initial_weights(X, y, rng)
    check_labels(y, num_points=X.shape[0], num_classes=start.shape[1])

    K, C = len(grid), start.shape[1]
    rates, regs = np.repeat(grid, C, axis=0).T  # one number for each column of W
    W = np.tile(start, K)  # (D, K * C)
    losses = np.empty((K, num_iters))
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges ends in NaN
        shrink = (1 - 2 * rates * regs).astype(X.dtype)
        step = (rates / batch_size).astype(X.dtype)
        for i in range(num_iters):
            batch = rng.integers(X.shape[0], size=batch_size)
            X_batch = X[batch]  # (batch_size, D)
            scores = X_batch @ W  # (batch_size, K * C)
            found = of_scores(scores.reshape(-1, C), y[batch].repeat(K))
            check_results("of_scores", found, (batch_size * K,), (batch_size * K, C))
            of_points, dscores = found
            losses[:, i] = of_points.reshape(-1, K).mean(axis=0) + penalty(W, regs, K)
            dscores = dscores.reshape(scores.shape)
            dscores *= step
            W *= shrink
            W -= X_batch.T @ dscores
        diverged = ~np.isfinite(penalty(W, regs, K))  # (K,)
    if diverged.all():
        require_finite(X, X=X)
        raise ValueError(
            "Every training of the grid diverges; the learning rates must be smaller."
        )
    W[:, diverged.repeat(C)] = np.nan
    return W, losses


def grid_search_side_by_side(
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
    verbose: bool = False,
) -> GridResult:
    """Search a grid as `grid_search` does, training all models at once.

    As `grid_search`, with the same result up to rounding. The models do not disturb
    each other: where one diverges, the accuracies of its trial are NaN. ``model`` is
    ``Softmax`` or ``LinearSVM``. The lines of ``verbose`` come at the end.
    """
    check_model(model)
    check_truth("verbose", verbose)
    if model not in OF_SCORES:
        raise ValueError(
            "model must be Softmax or LinearSVM, but it is "
            f"{getattr(model, '__name__', model)}; grid_search trains any model."
        )
    check_split(X_train, y_train, X_val, y_val)
    grid = settings_grid(learning_rates, regs, num_iters, batch_size)
    training = (X_train, y_train, num_iters, batch_size, draw_seed(rng))
    W, losses = train_side_by_side(OF_SCORES[model], grid, *training)
    accuracies = (
        accuracies_side_by_side(W, len(grid), X_train, y_train),
        accuracies_side_by_side(W, len(grid), X_val, y_val),
    )
    evaluations = [
        Evaluation(Trial(*pair, *of_pair), with_weights(model, w), history)
        for pair, *of_pair, w, history in zip(
            grid, *accuracies, np.split(W, len(grid), axis=1), losses, strict=True
        )
    ]
    if verbose:
        print(*(format_trial(evaluation.trial) for evaluation in evaluations), sep="\n")
    return select_best(evaluations)


def settings_grid(
    learning_rates: Iterable[float],
    regs: Iterable[float],
    num_iters: int,
    batch_size: int,
) -> list[tuple[float, float]]:
    """List the pairs of a grid, all of which can be trained with."""
    rates, regs = as_list("learning_rates", learning_rates), as_list("regs", regs)
    grid = list(itertools.product(rates, regs))
    if not grid:
        raise ValueError("learning_rates and regs must each hold at least one number.")
    for learning_rate, reg in grid:
        check_settings(learning_rate, reg, num_iters, batch_size)
    return grid


def check_split(
    X_train: np.ndarray, y_train: np.ndarray, X_val: np.ndarray, y_val: np.ndarray
) -> None:
    """Check that training and validation set have the same columns and classes."""
    check_matrix("X_train", X_train)
    check_matrix("X_val", X_val)
    check_finite("X_train", X_train)
    check_finite("X_val", X_val)
    if X_val.shape[1] != X_train.shape[1]:
        raise ValueError(
            f"X_val must have {X_train.shape[1]} columns, as X_train has, but it is "
            f"{describe(X_val)}."
        )
    num_classes = count_classes(y_train, len(X_train), "y_train")
    check_labels(y_val, len(X_val), num_classes, "y_val")


def draw_seed(rng: np.random.Generator | int | None) -> int:
    """Draw the seed that all models of a search share."""
    return int(as_generator(rng).integers(2**63))


def select_best(evaluations: Sequence[Evaluation]) -> GridResult:
    """Return all evaluations, and the one with the highest validation accuracy."""
    trials, models, losses = map(list, zip(*evaluations, strict=True))
    best = int(np.nanargmax([trial.val_accuracy for trial in trials]))
    return GridResult(trials, trials[best], models[best], models, losses)


def format_trial(trial: Trial) -> str:
    """Write the line of a trial that ``verbose`` prints."""
    return f"{format_settings(trial[:2])}: validation accuracy {trial.val_accuracy:.3f}"


def format_settings(pair: tuple[float, float]) -> str:
    """Write which learning rate and regularization strength a training has."""
    return "learning rate {:g} and reg {:g}".format(*pair)


def penalty(W: np.ndarray, regs: np.ndarray, num_models: int) -> np.ndarray:
    """``reg * sum(W * W)`` of each of the models whose columns are side by side."""
    columns = regs * np.einsum("dj,dj->j", W, W)
    return np.asarray(columns.reshape(num_models, -1).sum(axis=1))


def accuracies_side_by_side(
    W: np.ndarray, num_models: int, X: np.ndarray, y: np.ndarray
) -> list[float]:
    """Accuracy of each of the classifiers in ``W``, NaN where its weights are."""
    check_points(X, W)
    with np.errstate(over="ignore", invalid="ignore"):  # require_finite reports it
        scores = require_finite(X @ np.nan_to_num(W), X=X)  # (N, K * C)
    predictions = scores.reshape(len(X), num_models, -1).argmax(axis=2)  # (N, K)
    diverged = np.isnan(W[0]).reshape(num_models, -1)[:, 0]
    return [
        np.nan if bad else accuracy(y, predictions[:, k])
        for k, bad in enumerate(diverged)
    ]


def with_weights(model: type[LinearClassifier], W: np.ndarray) -> LinearClassifier:
    """Return a classifier that has the weights ``W``, as an array of its own."""
    classifier = model()
    classifier.W = W.copy()
    return classifier

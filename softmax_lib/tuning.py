"""Choosing the learning rate and the regularization strength on the validation set.

Taught in chapter 6.
"""

import functools
import itertools
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from softmax_lib.linear_classifier import (
    LinearClassifier,
    LinearSVM,
    Softmax,
    accuracy,
    check_settings,
    initial_weights,
)
from softmax_lib.losses import (
    check_labels,
    check_matrix,
    check_points,
    finite,
    softmax_of_scores,
    svm_of_scores,
)
from softmax_lib.spread import spread

__all__ = ["Trial", "GridResult", "grid_search", "train_side_by_side"]

OfScores = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
OF_SCORES: dict[type[LinearClassifier], OfScores] = {
    Softmax: softmax_of_scores,
    LinearSVM: svm_of_scores,
}
ROWS_AT_ONCE = 1000  # scores of so many points at a time are held in memory


class Trial(NamedTuple):
    """One row of the table: what was tried, and the accuracies that it reached.

    Attributes
    ----------
    learning_rate, reg : float
        The settings.
    train_accuracy, val_accuracy : float
        Fractions of points that the trained model predicts correctly, from 0 to 1;
        NaN where the training diverged.
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
    models : list of LinearClassifier
        The model of each trial; its weights are NaN where the training diverged, and
        there are none where it failed on an executor.
    losses : list of sequence of float
        The minibatch losses of each trial before each step, as ``train`` returns them;
        none where the training failed on an executor.
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
    executor: Executor | None = None,
    verbose: bool = False,
) -> GridResult:
    """Train one model for each pair of settings, keep the best on the validation set.

    Every model starts at the same ``W`` and sees the same minibatches, so that two
    trials differ in their settings and in nothing else. ``Softmax`` and ``LinearSVM``
    are therefore trained together; any other model is trained once for each pair.

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
    executor : Executor, optional
        Where to train: any executor of ``concurrent.futures``, or
        ``Client.get_executor()`` of Dask.
    verbose : bool
        Whether to print a line for each pair that the executor has done.

    Returns
    -------
    GridResult
        The trials, their models and losses, and the best of them: the one with the
        highest validation accuracy, the earlier one where two are equal. Models
        that are trained together do not disturb each other: where one diverges, the
        accuracies of its trial are NaN. So are those of a pair that fails on an
        executor, and a warning names the pair and the error.

    Raises
    ------
    ValueError
        If a side of the grid is empty, if a model refuses its input, or if every
        training diverges.

    See Also
    --------
    train_side_by_side : How the models are trained together.
    softmax_lib.spread.spread : How an executor is used, and what a lost worker costs.

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
    grid = list(itertools.product(learning_rates, regs))
    if not grid:
        raise ValueError("learning_rates and regs must each hold at least one number.")
    seed = int(np.random.default_rng(rng).integers(2**63))
    if model in OF_SCORES and executor is None:
        training = (X_train, y_train, num_iters, batch_size, seed)
        W, side_by_side = train_side_by_side(OF_SCORES[model], grid, *training)
        losses = list(side_by_side)
        models = [with_weights(model, w) for w in np.split(W, len(grid), axis=1)]
        train_accuracies = accuracies_side_by_side(W, len(grid), X_train, y_train)
        val_accuracies = accuracies_side_by_side(W, len(grid), X_val, y_val)
    else:
        train = functools.partial(train_and_judge, model, num_iters, batch_size, seed)
        arrays = (X_train, y_train, X_val, y_val)
        judged = (
            [train(pair, *arrays) for pair in grid]
            if executor is None
            else judged_elsewhere(executor, train, grid, arrays, verbose)
        )
        columns = map(list, zip(*judged, strict=True))
        models, losses, train_accuracies, val_accuracies = columns
    table = zip(grid, train_accuracies, val_accuracies, strict=True)
    trials = [Trial(*pair, on_train, on_val) for pair, on_train, on_val in table]
    best = int(np.nanargmax(val_accuracies))
    return GridResult(trials, trials[best], models[best], models, losses)


@np.errstate(over="ignore", invalid="ignore")  # a diverging training ends in NaN
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
    X : ndarray of float, shape (N, D)
        Training points.
    y : ndarray of int, shape (N,)
        Their classes, from 0 to C - 1.
    num_iters, batch_size : int
        Steps of the training, and points in a minibatch.
    seed : int
        Seed of the start and of the minibatches, as for ``LinearClassifier.train``.

    Returns
    -------
    W : ndarray, shape (D, K * C)
        The weights of the K classifiers side by side. They are those of K trainings
        with this seed, up to rounding; NaN where a training diverges.
    losses : ndarray, shape (K, num_iters)
        The minibatch loss of each classifier before each step.

    Raises
    ------
    ValueError
        If a training would refuse its input, or if all of them diverge.
    TypeError
        If ``X`` does not hold floats or ``y`` does not hold integers.

    Examples
    --------
    >>> X, y = np.array([[2.0, 1.0], [-2.0, 1.0]]), np.array([0, 1])
    >>> grid = [(0.1, 0.0), (0.2, 0.0), (0.1, 1.0)]
    >>> W, losses = train_side_by_side(softmax_of_scores, grid, X, y, 50, 200, seed=0)
    >>> W.shape, losses.shape
    ((2, 6), (3, 50))
    """
    for learning_rate, reg in grid:
        check_settings(learning_rate, reg, num_iters, batch_size)
    check_matrix("X", X)
    rng = np.random.default_rng(seed)
    start = initial_weights(X, y, rng)
    check_labels(y, num_points=X.shape[0], num_classes=start.shape[1])

    K, C = len(grid), start.shape[1]
    rates, regs = np.repeat(grid, C, axis=0).T  # one number for each column of W
    shrink = (1 - 2 * rates * regs).astype(X.dtype)
    step = (rates / batch_size).astype(X.dtype)
    W = np.tile(start, K)
    losses = np.empty((K, num_iters))
    for i in range(num_iters):
        batch = rng.integers(X.shape[0], size=batch_size)
        X_batch = X[batch]
        scores = X_batch @ W
        of_points, dscores = of_scores(scores.reshape(-1, C), y[batch].repeat(K))
        losses[:, i] = of_points.reshape(-1, K).mean(axis=0) + penalty(W, regs, K)
        dscores = dscores.reshape(scores.shape)
        dscores *= step
        W *= shrink
        W -= X_batch.T @ dscores

    diverged = ~np.isfinite(penalty(W, regs, K))
    if diverged.all():
        finite(X @ start, X=X)
        raise ValueError(
            "Every training of the grid diverges; the learning rates must be smaller."
        )
    W[:, diverged.repeat(C)] = np.nan
    return W, losses


def penalty(W: np.ndarray, regs: np.ndarray, num_models: int) -> np.ndarray:
    """``reg * sum(W * W)`` of each of the models whose columns lie side by side."""
    columns = regs * np.einsum("dj,dj->j", W, W)
    return np.asarray(columns.reshape(num_models, -1).sum(axis=1))


@np.errstate(over="ignore", invalid="ignore")  # `finite` refuses, in words
def accuracies_side_by_side(
    W: np.ndarray, num_models: int, X: np.ndarray, y: np.ndarray
) -> list[float]:
    """Accuracy of each of the classifiers in ``W``, NaN where its weights are."""
    check_points(X, W)
    predictions = np.empty((X.shape[0], num_models), dtype=np.intp)
    usable = np.nan_to_num(W)
    for first in range(0, X.shape[0], ROWS_AT_ONCE):
        block = slice(first, first + ROWS_AT_ONCE)
        scores = finite(X[block] @ usable, X=X[block])
        predictions[block] = scores.reshape(len(scores), num_models, -1).argmax(axis=2)
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


class Judged(NamedTuple):
    """A trained model, its losses, and its accuracies on the two sets."""

    model: LinearClassifier
    losses: Sequence[float]
    train_accuracy: float
    val_accuracy: float


def train_and_judge(
    model: type[LinearClassifier],
    num_iters: int,
    batch_size: int,
    seed: int,
    pair: tuple[float, float],
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_val: np.ndarray,
    y_val: np.ndarray,
) -> Judged:
    """Train a classifier with one pair of settings, and measure its accuracies."""
    settings = (num_iters, batch_size, seed)
    trained, losses = train_alone(model, pair, X_train, y_train, *settings)
    return Judged(
        trained,
        losses,
        accuracy(y_train, trained.predict(X_train)),
        accuracy(y_val, trained.predict(X_val)),
    )


def judged_elsewhere(
    executor: Executor,
    train: Callable[..., Judged],
    grid: Sequence[tuple[float, float]],
    arrays: Sequence[np.ndarray],
    verbose: bool,
) -> list[Judged]:
    """Train each pair on the executor; one that fails is named, and judged NaN."""

    def report(pair: tuple[float, float], outcome: Judged | Exception) -> None:
        if verbose and isinstance(outcome, Judged):
            print(f"{named(pair)}: validation accuracy {outcome.val_accuracy:.3f}")

    outcomes = spread(executor, train, grid, arrays, report)
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    if len(errors) == len(grid):
        errors[0].add_note("Every training failed; this is what ended the first.")
        raise errors[0]
    judged = []
    for pair, outcome in zip(grid, outcomes, strict=True):
        if isinstance(outcome, Exception):
            warnings.warn(
                f"The training with {named(pair)} failed: {outcome!r}",
                RuntimeWarning,
                stacklevel=3,
            )
            outcome = Judged(LinearClassifier(), [], np.nan, np.nan)
        judged.append(outcome)
    return judged


def named(pair: tuple[float, float]) -> str:
    """Say which learning rate and regularization strength a training has."""
    return "learning rate {:g} and reg {:g}".format(*pair)


def train_alone(
    model: type[LinearClassifier],
    pair: tuple[float, float],
    X: np.ndarray,
    y: np.ndarray,
    num_iters: int,
    batch_size: int,
    seed: int,
) -> tuple[LinearClassifier, list[float]]:
    """Return a classifier that is trained with one pair of settings, and its losses."""
    classifier = model()
    losses = classifier.train(X, y, *pair, num_iters, batch_size, rng=seed)
    return classifier, losses

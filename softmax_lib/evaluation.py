"""How certain an accuracy is, which of two classifiers is better, what "90 %" means.

Notation: ``y`` is (N,) of classes, ``y_pred`` the classes predicted for the same
points; ``scores`` is (N, C), and ``probabilities`` has the same shape, each row adding
up to one.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from softmax_lib.losses import softmax
from softmax_lib.validation import (
    check_at_least,
    check_finite,
    check_labels,
    check_predictions,
    check_probabilities,
    check_scores,
    check_several,
    check_shape,
    check_whole,
)

__all__ = [
    "wilson_interval",
    "paired_difference",
    "Comparison",
    "mcnemar",
    "Calibration",
    "calibration",
    "fit_temperature",
]


def wilson_interval(num_correct: int, num: int) -> tuple[float, float]:
    """Interval of 95 % for the accuracy on all images, from that on ``num`` of them.

    Parameters
    ----------
    num_correct : int
        Points that were predicted correctly.
    num : int
        All points that were predicted.

    Returns
    -------
    low, high : float
        Fractions, from 0 to 1.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22 (1927), pages
    209-212.

    Examples
    --------
    >>> low, high = wilson_interval(350, 1000)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.321 to 0.380
    """
    check_whole("num_correct", num_correct)
    check_whole("num", num)
    if not (num >= 1 and 0 <= num_correct <= num):
        raise ValueError(
            "num_correct must be from 0 to num, and num at least 1, but they are "
            f"{num_correct} and {num}."
        )
    z = NormalDist().inv_cdf(0.975)
    p = num_correct / num
    centre = p + z * z / (2 * num)
    width = z * math.sqrt(p * (1 - p) / num + (z / (2 * num)) ** 2)
    scale = 1 + z * z / num
    return (centre - width) / scale, (centre + width) / scale


def paired_difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the mean of ``first - second`` and its standard error, on the same points.

    Where both do well or badly on the same points, the standard error is smaller than
    that of two accuracies on points of their own.

    Parameters
    ----------
    first, second : ndarray, shape (N,)
        A number for each of the same points, at least two: whether the classifier is
        correct, how often over several seeds, or its loss.

    Examples
    --------
    >>> first, second = np.array([1, 1, 1, 0, 1]), np.array([1, 1, 0, 0, 1])
    >>> difference, error = paired_difference(first, second)
    >>> print(f"{difference:.1f} ± {error:.1f}")
    0.2 ± 0.2
    """
    check_several("first", first)
    check_shape("second", second, first.shape, "one number for each of first")
    check_finite("second", second)
    gains = first.astype(np.float64) - second
    return float(gains.mean()), float(gains.std(ddof=1) / math.sqrt(len(gains)))


class Comparison(NamedTuple):
    """Two classifiers on the same points, of which some only one predicts correctly.

    ``p_value`` is the chance of counts at least as unequal, if both were equally good.
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Comparison:
    """Compare two classifiers on the points that only one of them predicts correctly.

    If both are equally good, a fair coin decides which of the two it is. McNemar (1947)
    approximated the coin by a normal curve; here its outcomes are counted.

    Parameters
    ----------
    first, second : ndarray of int, shape (N,)
        Classes predicted by the one and by the other.

    Examples
    --------
    >>> y = np.zeros(10, dtype=int)
    >>> first, second = y.copy(), y.copy()
    >>> second[:6] = 1  # six mistakes that the first does not make
    >>> mcnemar(y, first, second)
    Comparison(only_first=6, only_second=0, p_value=0.03125)
    """
    check_predictions(y, first, "first")
    check_predictions(y, second, "second")
    only_first = int(np.sum((first == y) & (second != y)))
    only_second = int(np.sum((first != y) & (second == y)))
    tosses = only_first + only_second
    fewer = range(min(only_first, only_second) + 1)
    outcomes = 2 * sum(math.comb(tosses, heads) for heads in fewer)
    return Comparison(only_first, only_second, min(1.0, outcomes / 2**tosses))


class Calibration(NamedTuple):
    """Accuracy of a classifier in groups of equal confidence.

    Attributes
    ----------
    edges, counts : ndarray, shapes (B + 1,) and (B,)
        Limits of the B groups of confidence, from 0 to 1, and the points in each.
    confidences, accuracies : ndarray, shape (B,)
        Mean highest probability and accuracy in each group; NaN where it is empty.
    error : float
        The expected calibration error: the mean over all points of the distance between
        the two in the point's group.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidences: np.ndarray
    accuracies: np.ndarray
    error: float


def calibration(
    probabilities: np.ndarray, y: np.ndarray, num_groups: int = 10
) -> Calibration:
    """Group points by confidence and compare it with the accuracy in each group.

    The measures are those of Guo et al. (2017).

    Parameters
    ----------
    num_groups : int, default 10
        Groups of equal width between 0 and 1.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    >>> print(round(calibration(sure, np.array([0, 0, 1, 0])).error, 2))  # 3 of 4 right
    0.15
    """
    check_probabilities(probabilities)
    check_labels(y, num_points=len(probabilities), num_classes=probabilities.shape[1])
    check_at_least("num_groups", num_groups)
    highest = probabilities.max(axis=1)  # (N,)
    correct = probabilities.argmax(axis=1) == y
    edges = np.linspace(0, 1, num_groups + 1)
    group = np.searchsorted(edges, highest) - 1

    counts = np.bincount(group, minlength=num_groups)
    with np.errstate(invalid="ignore"):  # no mean of an empty group
        confidences = np.bincount(group, highest, num_groups) / counts
        accuracies = np.bincount(group, correct, num_groups) / counts
    distances = np.abs(confidences - accuracies)
    error = float(np.nansum(counts * distances) / len(y))
    return Calibration(edges, counts, confidences, accuracies, error)


def fit_temperature(scores: np.ndarray, y: np.ndarray) -> float:
    """Find the temperature, from 0.001 to 1,000, with the lowest cross-entropy loss.

    The loss is convex in ``1 / temperature``, and its slope there is the mean over
    the points of the expected score minus the score of the correct class. So the root
    of the slope is found by halving an interval (Guo et al., 2017).

    Examples
    --------
    >>> scores = np.array([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [9.0, 0.0]])
    >>> y = np.array([0, 0, 0, 1])  # confident by 9 : 0, correct three times of four
    >>> print(round(fit_temperature(scores, y), 2), round(9 / np.log(3), 2))
    8.19 8.19
    """
    check_scores(scores, y)
    check_finite("scores", scores)
    scores = scores.astype(np.float64)
    if not np.ptp(scores, axis=1).any():
        raise ValueError(
            "scores must differ within a row, but each row holds equal scores, which "
            "give the same probabilities at every temperature."
        )

    def slope(temperature: float) -> float:
        expected = softmax(scores, temperature) * scores
        return float(np.mean(expected.sum(axis=1) - scores[np.arange(len(y)), y]))

    low, high = 1e-3, 1e3
    while high > low * (1 + 1e-12):
        middle = math.sqrt(low * high)
        if slope(middle) > 0:  # overconfident: the loss falls as the temperature rises
            low = middle
        else:
            high = middle
    return high

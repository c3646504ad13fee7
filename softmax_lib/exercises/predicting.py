"""The check of a classifier's predictions."""

import itertools
import textwrap
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.answers import as_numbers
from softmax_lib.exercises.calculation import Fault, Step, walk
from softmax_lib.exercises.evidence import matrix
from softmax_lib.exercises.messages import (
    FORMS,
    as_hint,
    numbered,
    of_messages,
    stopped,
)
from softmax_lib.exercises.probes import Probe, drawn, with_scores
from softmax_lib.exercises.report import Report, failed, passed
from softmax_lib.exercises.runner import Trouble, attempt, run

PROBES = [
    drawn("three points, two features, four classes", 3, 2, 4, [0] * 3, 0.0),
    drawn("seven points, five features", 7, 5, 3, [0] * 7, 0.0),
    drawn("as many points as features and classes", 4, 4, 4, [0] * 4, 0.0),
    drawn("a single point", 1, 3, 4, [0], 0.0),
    with_scores("scores near 1000", [[1001, 1000, 1002], [1000, 1003, 1001]], [0, 0]),
]
STEPS: dict[str, Step] = {
    "scores": lambda v: v.X @ v.W,
    "chosen": lambda v: v.scores.argmax(axis=1),
    "returned": lambda v: v.chosen,
}
ROWS = "X is (N, D) and the answer is (N,): one class for each row of X."
FAULTS = [
    Fault(
        "not_started",
        "The predictions are still all zeros",
        "What are the scores of a point, and which of them decides?",
        {"returned": lambda v, value: np.zeros(len(v.X))},
    ),
    Fault(
        "lowest_score",
        "The class with the lowest score is predicted",
        "The scores rise with the probability. Which one should win?",
        {"chosen": lambda v, _: v.scores.argmin(axis=1)},
    ),
    Fault(
        "second_highest_score",
        "The class with the second highest score is predicted",
        "At which end does a sorted row have its largest entry?",
        {"chosen": lambda v, _: np.argsort(v.scores, axis=1)[:, -2]},
    ),
    Fault(
        "absolute_scores",
        "The class with the largest absolute score is predicted",
        "A score of -10 against one of 2: which class is more probable?",
        {"scores": lambda v, value: np.abs(value)},
    ),
    Fault(
        "bias_left_out",
        "The last feature, the bias, is left out",
        "The training used every column of X. Does the prediction?",
        {"scores": lambda v, _: v.X[:, :-1] @ v.W[:-1]},
    ),
    Fault(
        "weights_transposed",
        "The scores are computed with W transposed",
        "W is (D, C). Which product of X and W has one row for each point?",
        {"scores": lambda v, value: v.X @ v.W.T if len(v.W) == v.W.shape[1] else value},
    ),
    Fault(
        "normalized_over_points",
        "The exponentials are divided by sums over the points, not over the classes",
        "Add up the probabilities of one point, one row. What should come out? And do "
        "you need them?",
        {"chosen": lambda v, _: probabilities(v.scores.T).T.argmax(axis=1)},
    ),
    Fault(
        "over_points",
        "For each class the best point is chosen, not for each point the best class",
        ROWS + " Which axis of the scores runs over the classes?",
        {"chosen": lambda v, _: v.scores.argmax(axis=0)},
    ),
    Fault(
        "over_points",
        "For each class the worst point is chosen, not for each point the best class",
        ROWS + " Which axis of the scores runs over the classes, and which end wins?",
        {"chosen": lambda v, _: v.scores.argmin(axis=0)},
    ),
    Fault(
        "over_everything",
        "One place in the whole array of scores is returned",
        ROWS + " Which axis of the scores runs over the classes?",
        {"chosen": lambda v, _: v.scores.argmax()},
    ),
    Fault(
        "first_point_only",
        "Only the first point is predicted",
        ROWS,
        {"returned": lambda v, value: value[0]},
    ),
    Fault(
        "last_point_only",
        "Only the last point is predicted",
        ROWS,
        {"returned": lambda v, value: value[-1]},
    ),
    Fault(
        "off_by_one",
        "Every predicted class is one too high",
        "The classes are numbered from 0. Which column belongs to class 0?",
        {"returned": lambda v, value: value + 1},
    ),
    Fault(
        "off_by_one",
        "Every predicted class is one too low",
        "The classes are numbered from 0. Which column belongs to class 0?",
        {"returned": lambda v, value: value - 1},
    ),
    Fault(
        "scores_returned",
        "The scores are returned, not the classes",
        ROWS,
        {"returned": lambda v, _: v.scores},
    ),
    Fault(
        "probabilities_returned",
        "The probabilities are returned, not the classes",
        ROWS,
        {"returned": lambda v, _: probabilities(v.scores)},
    ),
    Fault(
        "one_hot_returned",
        "The classes are returned as rows of zeros and ones",
        ROWS,
        {"returned": lambda v, value: np.eye(v.W.shape[1])[value]},
    ),
    Fault(
        "ranking_returned",
        "All classes in the order of their scores are returned",
        ROWS,
        {"returned": lambda v, _: np.argsort(v.scores, axis=1)},
    ),
    Fault(
        "highest_score_returned",
        "The highest score is returned, not the class that has it",
        "Do you ask for the largest entry, or for its place?",
        {"returned": lambda v, _: v.scores.max(axis=1)},
    ),
    Fault(
        "highest_probability_returned",
        "The highest probability is returned, not the class that has it",
        "Do you ask for the largest entry, or for its place?",
        {"returned": lambda v, _: probabilities(v.scores).max(axis=1)},
    ),
    Fault(
        "column_returned",
        "The predictions are a column, (N, 1)",
        ROWS + " Comparing (N,) with (N, 1) makes an (N, N) array.",
        {"returned": lambda v, value: value[:, np.newaxis]},
    ),
    Fault(
        "overflow",
        "With scores near 1000 the exponentials overflow and the prediction is lost",
        "Do you need the probabilities to know which class has the highest?",
        {"scores": lambda v, value: np.where(value > 709, np.nan, value)},
    ),
]


class Prediction(NamedTuple):
    """What predict returned, as an array, and what it changed."""

    value: np.ndarray | None
    changed: tuple[str, ...]


def check_predict(classifier: type) -> Report:
    """Check the method ``predict`` of a linear classifier.

    Parameters
    ----------
    classifier : type
        ``classifier()`` makes one. The check sets its ``W``, of shape (D, C), and
        asks ``predict(X)`` for one class for each row of ``X``.

    Returns
    -------
    Report
        Whether it is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.linear_classifier import Softmax
    >>> check_predict(Softmax).passed
    True
    """
    outcome = run(lambda: ((p.name, attempt(predict, classifier, p)) for p in PROBES))
    results: dict[str, Any] = dict(outcome.items)
    if outcome.trouble is not None:
        return stopped(outcome.trouble, "in predict")
    for probe in PROBES:
        if isinstance(results[probe.name], Trouble):
            return stopped(results[probe.name], f"with {probe.name}")
    return diagnose([results[probe.name] for probe in PROBES])


def predict(cls: type, probe: Probe) -> Prediction:
    """Ask a new classifier for its predictions."""
    model: Any = cls()
    W, X = probe.W.copy(), probe.X.copy()
    model.W = W
    value = as_numbers(model.predict(X))
    before = {"W": (probe.W, model.W), "X": (probe.X, X)}
    changed = [name for name, pair in before.items() if not np.array_equal(*pair)]
    return Prediction(value, tuple(changed))


def expected(probe: Probe, faults: tuple[Fault, ...] = ()) -> np.ndarray:
    """Return what somebody returns who makes the faults."""
    v = SimpleNamespace(W=probe.W, X=probe.X)
    return np.asarray(walk(STEPS, v, faults), dtype=float)


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax of each row."""
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=1, keepdims=True))


def diagnose(predictions: list[Prediction]) -> Report:
    """Compare the predictions with those of the known faults."""
    values = [prediction.value for prediction in predictions]
    changed = {name for prediction in predictions for name in prediction.changed}
    forms = [f"changes_{name}" for name in sorted(changed)]
    if all(value is None for value in values):
        return of_messages(FORMS, ["predictions_missing"])
    faults = explanation(values)
    if faults is None:
        return failed(
            " + ".join(forms) or None,
            "The predictions are wrong, by none of the mistakes that this check knows.",
            first_difference(values),
            as_hint("Print the scores of this example, and choose by eye."),
        )
    if faults:
        return failed(
            " + ".join([*forms, *(fault.name for fault in faults)]),
            numbered(f"{fault.sentence}." for fault in faults),
            first_difference(values),
            as_hint(*(fault.hint for fault in faults)),
        )
    if forms:
        return of_messages(FORMS, forms)
    return passed("Each point gets the class with its highest score.")


def explanation(values: list[np.ndarray | None]) -> tuple[Fault, ...] | None:
    """Return the fewest faults that give these predictions."""
    for size in range(3):
        for faults in itertools.combinations(FAULTS, size):
            if all(map(same, values, (outcome(probe, faults) for probe in PROBES))):
                return faults
    return None


def outcome(probe: Probe, faults: tuple[Fault, ...]) -> np.ndarray | None:
    """Return what the faults give, or None where they do not go together."""
    try:
        return expected(probe, faults)
    except (IndexError, ValueError):
        return None


def same(actual: np.ndarray | None, wanted: np.ndarray | None) -> bool:
    """Whether two predictions agree in shape and in every entry."""
    if actual is None or wanted is None or actual.shape != wanted.shape:
        return False
    return bool(np.allclose(actual, wanted, rtol=1e-5, atol=1e-8))


def plain(value: np.ndarray) -> Any:
    """Return a list of what predict returned, classes without a decimal point."""
    is_whole = np.array_equal(value, np.rint(value))
    return (value.astype(int) if is_whole else value).tolist()


def first_difference(values: list[np.ndarray | None]) -> str:
    """Write the first example that is wrong."""
    for probe, value in zip(PROBES, values, strict=True):
        if not same(value, expected(probe)):
            shape = "" if value is None else f"shape {value.shape}, "
            yours = "nothing that holds numbers" if value is None else plain(value)
            lines = [
                f"```\n{probe.name}:",
                *matrix("scores = X @ W = ", probe.X @ probe.W),
                "",
                f"expected  shape {expected(probe).shape}, "
                f"{expected(probe).astype(int).tolist()}",
                *textwrap.wrap(
                    f"yours     {shape}{str(yours)[:200]}",
                    78,
                    subsequent_indent=" " * 10,
                ),
            ]
            return "\n".join([*lines, "```"])
    return ""

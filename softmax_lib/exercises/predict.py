"""The check of a classifier's predictions."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.errors import not_callable, stopped
from softmax_lib.exercises.losses.catalogue import softmax_of
from softmax_lib.exercises.losses.counterexample import matrix
from softmax_lib.exercises.losses.forms import FORMS
from softmax_lib.exercises.losses.inputs import Input, draw_input, with_scores
from softmax_lib.exercises.losses.layouts import LAYOUTS
from softmax_lib.exercises.losses.outputs import as_numbers
from softmax_lib.exercises.losses.repair import Edit, repair, with_line
from softmax_lib.exercises.mistakes import Mistake, catalogue, find, first_shown
from softmax_lib.exercises.report import Finding, Report, code_block, failed, passed
from softmax_lib.exercises.sandbox import Trouble, attempt, run
from softmax_lib.exercises.search import (
    Exercise,
    Result,
    Results,
    Step,
    evaluate,
    explain,
    findings,
)
from softmax_lib.exercises.training.recorder import layout_of

INPUTS = [
    draw_input("three points, two features, four classes", 3, 2, 4, [0] * 3, 0.0),
    draw_input("seven points, five features", 7, 5, 3, [0] * 7, 0.0),
    draw_input("as many points as features and classes", 4, 4, 4, [0] * 4, 0.0),
    draw_input("a single point", 1, 3, 4, [0], 0.0),
    with_scores("scores near 1000", [[1001, 1000, 1002.5], [1000, 1003, 1001]], [0, 0]),
]
STEPS: dict[str, Step] = {
    "scores": lambda v: v.X @ v.W,
    "chosen": lambda v: v.scores.argmax(axis=1),
    "returned": lambda v: v.chosen,
}


ROWS = "X is (N, D) and the answer is (N,): one class for each row of X."
CLASS_AXIS = f"{ROWS} Which axis of the scores runs over the classes?"
NUMBERED_FROM_0 = "The classes are numbered from 0. Which column belongs to class 0?"
ENTRY_OR_INDEX = "Do you ask for the largest entry, or for its index?"
MISSING = catalogue(
    predictions_missing=Mistake(
        "predict does not return an array of numbers",
        "What does the last line of predict return to the caller? Print its type, and "
        "that of its first entry.",
        shows=lambda values: all(value is None for value in values.values()),
    ),
)
MISTAKES = catalogue(
    not_started=Mistake(
        "The predictions are still all zeros",
        "What are the scores of a point, and which of them decides?",
        {"returned": lambda v, value: np.zeros(len(v.X))},
        {"returned": lambda v, value: np.zeros(v.X.shape[1])},
    ),
    lowest_score=Mistake(
        "The class with the lowest score is predicted",
        "The scores rise with the probability. Which one should win?",
        {"chosen": lambda v, _: v.scores.argmin(axis=1)},
    ),
    second_highest_score=Mistake(
        "The class with the second highest score is predicted",
        "At which end does a sorted row have its largest entry?",
        {"chosen": lambda v, _: np.argsort(v.scores, axis=1)[:, -2]},
    ),
    absolute_scores=Mistake(
        "The class with the largest absolute score is predicted",
        "A score of -10 against one of 2: which class is more probable?",
        {"scores": lambda v, value: np.abs(value)},
    ),
    bias_left_out=Mistake(
        "The last feature, the bias, is left out",
        "The training used every column of X. Does the prediction?",
        {"scores": lambda v, _: v.X[:, :-1] @ v.W[:-1]},
    ),
    normalized_over_points=Mistake(
        "The exponentials are divided by sums over the points, not over the classes",
        "Add up the probabilities of one point, one row. What should come out? And do "
        "you need them?",
        {"chosen": lambda v, _: softmax_of(v.scores.T).T.argmax(axis=1)},
        {
            "chosen": lambda v, _: (
                np.exp(v.scores) / np.exp(v.scores).sum(axis=0)
            ).argmax(axis=1)
        },
    ),
    over_points=[
        Mistake(
            "For each class the best point is chosen, not for each point the best "
            "class",
            CLASS_AXIS,
            {"chosen": lambda v, _: v.scores.argmax(axis=0)},
        ),
        Mistake(
            "For each class the worst point is chosen, not for each point the best "
            "class",
            f"{CLASS_AXIS} And which end wins?",
            {"chosen": lambda v, _: v.scores.argmin(axis=0)},
        ),
    ],
    over_everything=Mistake(
        "One place in the whole array of scores is returned",
        CLASS_AXIS,
        {"chosen": lambda v, _: v.scores.argmax()},
    ),
    first_point_only=Mistake(
        "Only the first point is predicted",
        ROWS,
        {"returned": lambda v, value: value[0]},
    ),
    last_point_only=Mistake(
        "Only the last point is predicted",
        ROWS,
        {"returned": lambda v, value: value[-1]},
    ),
    off_by_one=[
        Mistake(
            "Every predicted class is one too high",
            NUMBERED_FROM_0,
            {"returned": lambda v, value: value + 1},
        ),
        Mistake(
            "Every predicted class is one too low",
            NUMBERED_FROM_0,
            {"returned": lambda v, value: value - 1},
        ),
    ],
    class_left_out=[
        Mistake(
            "The first class is never predicted",
            NUMBERED_FROM_0,
            {"chosen": lambda v, _: 1 + v.scores[:, 1:].argmax(axis=1)},
        ),
        Mistake(
            "The last class is never predicted",
            "Write down the classes that your loop counts through.",
            {"chosen": lambda v, _: v.scores[:, :-1].argmax(axis=1)},
        ),
    ],
    scores_returned=Mistake(
        "The scores are returned, not the classes",
        ROWS,
        {"returned": lambda v, _: v.scores},
    ),
    probabilities_returned=Mistake(
        "The probabilities are returned, not the classes",
        ROWS,
        {"returned": lambda v, _: softmax_of(v.scores)},
    ),
    one_hot_returned=Mistake(
        "The classes are returned as rows of zeros and ones",
        ROWS,
        {"returned": lambda v, value: np.eye(v.W.shape[1])[value]},
    ),
    ranking_returned=Mistake(
        "All classes are returned, in the order of their scores",
        ROWS,
        {"returned": lambda v, _: np.argsort(v.scores, axis=1)},
    ),
    highest_score_returned=Mistake(
        "The highest score is returned, not the class that has it",
        ENTRY_OR_INDEX,
        {"returned": lambda v, _: v.scores.max(axis=1)},
    ),
    highest_probability_returned=Mistake(
        "The highest probability is returned, not the class that has it",
        ENTRY_OR_INDEX,
        {"returned": lambda v, _: softmax_of(v.scores).max(axis=1)},
    ),
    column_returned=Mistake(
        "The predictions are a column, (N, 1)",
        f"{ROWS} Comparing (N,) with (N, 1) makes an (N, N) array.",
        {"returned": lambda v, value: value[:, np.newaxis]},
    ),
    overflow=Mistake(
        "With scores near 1000 the exponentials overflow and the prediction is lost",
        "Do you need the probabilities to know which class has the highest?",
        {"scores": lambda v, value: np.where(value > 709, np.nan, value)},
    ),
)


def agrees(actual: Result, expected: np.ndarray, *_: object) -> bool:
    """Whether two predictions agree in shape and in every entry."""
    if actual is None or actual.shape != expected.shape:
        return False
    return bool(np.allclose(actual, expected, rtol=1e-5, atol=1e-8))


PREDICT = Exercise({"prediction": STEPS}, INPUTS, MISTAKES, agrees)


class Prediction(NamedTuple):
    """What predict returned, as an array, and which arrays it changed."""

    value: Result
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
    if refused := not_callable(classifier):
        return refused
    outcome = run(predict_all, classifier)
    if outcome.trouble is not None:
        return stopped(outcome.trouble, "in predict")
    predictions: dict[Input, Prediction] = {}
    layout, *items = outcome.items
    for given, item in zip(INPUTS, items, strict=True):
        if isinstance(item, Trouble):
            return stopped(item, f"with {given.name}")
        predictions[given] = item
    remarks = [LAYOUTS[layout].finding()] if layout else []
    return diagnose(classifier, layout, predictions, remarks)


def predict_all(cls: type) -> Iterator[str | Prediction | Trouble]:
    """Yield which of W and X the class has transposed, and its predictions."""

    def stops(layout: str) -> bool:
        return any(
            isinstance(attempt(predict, cls, given, layout), Trouble)
            for given in INPUTS[:2]  # oblong ones
        )

    layout = ""
    if stops(layout):
        layouts = [layout_of(cls)] if hasattr(cls, "train") else list(LAYOUTS)
        layout = next((each for each in layouts if not stops(each)), "")
    yield layout
    for given in INPUTS:
        yield attempt(predict, cls, given, layout)


def predict(cls: type, given: Input, layout: str = "") -> Prediction | Trouble:
    """Ask a new classifier for its predictions."""
    model: Any = cls()
    given = replace(
        given,
        W=given.W.T if "W" in layout else given.W,
        X=given.X.T if "X" in layout else given.X,
    )
    W, X = given.W.copy(), given.X.copy()
    model.W = W
    returned = attempt(model.predict, X)
    if isinstance(returned, Trouble):
        return returned
    before = {"W": (given.W, model.W), "X": (given.X, X)}
    changed = [name for name, pair in before.items() if not np.array_equal(*pair)]
    return Prediction(as_numbers(returned), tuple(changed))


def edits_of_predict(classifier: Any, layout: str) -> Iterator[Edit]:
    """Yield the smallest edit of the method that makes all predictions right."""

    def is_mended(edited: Any) -> bool:
        cls = type(classifier.__name__, (classifier,), {"predict": edited})
        answers = [attempt(predict, cls, given, layout) for given in INPUTS]
        return all(
            isinstance(answer, Prediction)
            and agrees(answer.value, evaluate(PREDICT, "prediction", given))
            for given, answer in zip(INPUTS, answers, strict=True)
        )

    if edit := repair(classifier.predict, is_mended):
        yield edit


def diagnose(
    classifier: Any,
    layout: str,
    predictions: dict[Input, Prediction],
    remarks: Sequence[Finding],
) -> Report:
    """Compare the predictions with those of the known mistakes."""
    said = [f"{remark.text} {remark.hint}" for remark in remarks]
    values = {given: prediction.value for given, prediction in predictions.items()}
    if missing := first_shown(MISSING, values):
        return failed(missing)
    changed = {name for each in predictions.values() for name in each.changed}
    formal = find(FORMS, (f"changes_{name}" for name in sorted(changed)))
    explained = explain(PREDICT, {"prediction": values})
    found = findings(PREDICT, explained[0]) if explained else []
    if found or not explained:
        found = with_line(found, run(edits_of_predict, classifier, layout).items)
    if not explained and not found:
        return failed(
            formal,
            first_difference(values),
            *said,
            remarks=remarks,
            opening="The predictions are wrong, by none of the mistakes that this "
            "check knows.",
            hint="Print the scores of this example, and choose by eye.",
        )
    if found := [*formal, *found]:
        return failed(found, first_difference(values), *said, remarks=remarks)
    what = "Each point gets the class with its highest score."
    return passed(what, *said, remarks=remarks)


def first_difference(values: Results) -> str:
    """Write the first example that is wrong."""
    for given, value in values.items():
        expected = evaluate(PREDICT, "prediction", given)
        if not agrees(value, expected):
            shape = "" if value is None else f"shape {value.shape}, "
            yours = "nothing that contains numbers" if value is None else plain(value)
            return code_block(
                [
                    f"{given.name}:",
                    *matrix("scores = X @ W = ", given.X @ given.W),
                    "",
                    f"expected  shape {expected.shape}, {plain(expected)}",
                    *textwrap.wrap(
                        f"yours     {shape}{str(yours)[:200]}",
                        78,
                        subsequent_indent=" " * 10,
                    ),
                ]
            )
    return ""


def plain(value: np.ndarray) -> Any:
    """Return a list of what predict returned, classes without a decimal point."""
    is_whole = np.array_equal(value, np.rint(value))
    return (value.astype(int) if is_whole else value).tolist()

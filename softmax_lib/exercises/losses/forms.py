"""Mistakes in the form of the results, whatever their numbers."""

from collections.abc import Sequence

import numpy as np

from softmax_lib.exercises.losses.outputs import Output
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.mistakes import Mistake
from softmax_lib.exercises.search import Result

__all__ = ["FORMS", "forms_of", "leaves_nothing"]


def is_nan(part: str) -> Mistake:
    """Return the mistake of a part that is not finite."""
    return Mistake(
        f"{part}_is_nan",
        f"The {part} is nan or infinite, with ordinary numbers",
        "A logarithm of a negative number or of 0, or a division by 0: print the "
        "array that goes into each.",
    )


def changes(array: str) -> Mistake:
    """Return the mistake of writing into an argument."""
    return Mistake(
        f"changes_{array}",
        f"The function modifies the caller's {array}",
        f"Which of your lines writes into {array}, or into an array that shares its "
        "memory?",
    )


# `outputs` finds most of them in what is returned, `forms_of` the others.
FORMS = [
    Mistake(
        "not_started",
        "Loss and gradient are still all zeros",
        "Begin with one point: its scores, their exponentials, their sum.",
    ),
    Mistake(
        "loss_not_written",
        "The loss is still 0",
        "With ten equal scores the loss should be 2.302585 for softmax, 9 for the SVM.",
    ),
    Mistake(
        "gradient_not_written",
        "The gradient is still all zeros",
        "Score j of a point is x times column j of W. If that score rises by a little, "
        "how does the loss change? And by how much does W move the score?",
    ),
    Mistake(
        "returns_nothing",
        "The function returns nothing (None)",
        "What does the last line return to the caller?",
    ),
    Mistake(
        "gradient_not_returned",
        "The function returns the loss alone; `loss, dW` was expected",
        "Which two things does the caller unpack?",
    ),
    Mistake(
        "loss_not_returned",
        "The function returns one thing; `loss, dW` was expected",
        "Which two things does the caller unpack?",
    ),
    Mistake(
        "results_swapped",
        "The function returns the gradient first; `loss, dW` was expected",
        "In which order does the caller unpack the two?",
    ),
    Mistake(
        "loss_not_a_number",
        "The first thing returned, the loss, is not a number",
        "Print its type.",
    ),
    Mistake(
        "loss_is_an_array",
        "The loss is an array with one entry; a number without axes was expected",
        "Print `loss.shape`. Which step keeps an axis that it should sum over?",
    ),
    Mistake(
        "loss_for_each_point",
        "The loss is an array of several numbers; one number was expected",
        "Each point has a loss. Which one number summarizes all of them?",
    ),
    Mistake(
        "gradient_not_an_array",
        "The second thing returned, the gradient, does not contain numbers",
        "Print its type.",
    ),
    Mistake(
        "gradient_transposed",
        "The gradient is transposed: it is (C, D), and W is (D, C)",
        "Entry (d, j) of the gradient belongs to entry (d, j) of W. Which of the two "
        "arrays comes first in your last product?",
    ),
    Mistake(
        "gradient_of_integers",
        "The gradient is an array of integers, so every fraction is cut off",
        "What made dW an array of integers?",
    ),
    is_nan("loss"),
    is_nan("gradient"),
    Mistake(
        "gradient_shape",
        "The gradient does not have the shape of W, (D, C)",
        "There is one derivative for each weight. Write the shapes next to your last "
        "product.",
    ),
    *map(changes, "WXy"),
    Mistake(
        "differs_when_repeated",
        "Called twice with the same arrays, the function returns different results",
        "What does it remember from one call to the next, or draw at random?",
    ),
    Mistake(
        "loops_over_points",
        "The results are right, but Python still loops over the points",
        "A list comprehension, map and np.vectorize are loops, too. Which single array "
        "contains the scores of all points?",
    ),
    Mistake(
        "loops_over_classes",
        "The results are right, but Python still loops over the classes",
        "Which axis of the scores runs over the classes, and which function sums along "
        "an axis?",
    ),
    Mistake(
        "loops_over_features",
        "The results are right, but Python still loops over the features",
        "Which product of two arrays sums over the features by itself?",
    ),
    Mistake(
        "extreme_scores",
        "With ordinary scores everything is right, but not with the scores below",
        "Which of your intermediate results is inf, nan or 0 there? Print them.",
    ),
    Mistake(
        "overflow",
        "With scores in the hundreds the results are not right, or not finite",
        "Which of your intermediate results is inf, nan or 0 there? Print them.",
        is_remark=True,
    ),
    Mistake(
        "ties_counted_by_halves",
        "Where a margin is exactly 0, one column of the gradient counts it and the "
        "other does not, so it is no subgradient there",
        "Do you write >= in one place and > in another?",
        is_remark=True,
    ),
]


def forms_of(outputs: Sequence[Output], repeated: Sequence[Output]) -> list[str]:
    """Name what is wrong with the form of the outputs, and what is not written yet.

    ``repeated`` are two outputs for the same input.
    """
    names = [name for output in outputs for name in output.forms]
    names.sort(key=lambda name: name.startswith("changes"))
    results = {part: [output.part(part) for output in outputs] for part in PARTS}
    names += [f"{part}_is_nan" for part in PARTS if not all_finite(results[part])]
    if "loss_for_each_point" in names:  # of a single point it has one entry
        names = [name for name in names if name != "loss_is_an_array"]
    zero = [part for part in PARTS if all(map(is_zero, results[part]))]
    if len(zero) == len(PARTS):
        names.append("not_started")
    else:
        names += [f"{part}_not_written" for part in zero]
    if not all(is_same(*(each.part(part) for each in repeated)) for part in PARTS):
        names.append("differs_when_repeated")
    return list(dict.fromkeys(names))


def all_finite(results: Sequence[Result]) -> bool:
    """Whether every result that is there is finite."""
    return all(result is None or np.isfinite(result).all() for result in results)


def is_zero(result: Result) -> bool:
    """Whether a result is there and all zeros."""
    return result is not None and not result.any()


def is_same(one: Result, other: Result) -> bool:
    """Whether two results are equal, as far as both are there."""
    return one is None or other is None or np.array_equal(one, other, equal_nan=True)


def leaves_nothing(name: str, outputs: Sequence[Output], parts: Sequence[str]) -> bool:
    """Whether a mistake of form leaves nothing to compare."""
    if name in ("not_started", "returns_nothing", "gradient_of_integers"):
        return True
    if name.endswith("_is_nan"):
        return True
    if name.endswith("_not_written"):
        return len(parts) == 1
    return any(output.part(part) is None for output in outputs for part in parts)

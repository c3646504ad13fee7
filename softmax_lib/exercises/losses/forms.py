"""Mistakes in the form of the results, whatever their numbers."""

from collections.abc import Sequence

import numpy as np

from softmax_lib.exercises.losses.outputs import Output
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.mistakes import Mistake, catalogue
from softmax_lib.exercises.search import Result

__all__ = ["FORM_NAMES", "FORMS", "OF_A_LINE", "forms_of", "leaves_nothing"]


def is_nan(part: str) -> Mistake:
    """Return the mistake of a part that is not finite."""
    return Mistake(
        f"The {part} is nan or infinite, with ordinary numbers",
        "A logarithm of a negative number or of 0, or a division by 0: print the "
        "array that goes into each.",
    )


def changes(array: str) -> Mistake:
    """Return the mistake of writing into an argument."""
    return Mistake(
        f"The function modifies the caller's {array}",
        f"Which of your lines writes into {array}, or into an array that shares its "
        "memory?",
    )


# `outputs` finds most of them in what is returned, `forms_of` the others.
FORMS = catalogue(
    not_started=Mistake(
        "Loss and gradient are still all zeros",
        "Begin with one point: its scores, their exponentials, their sum.",
    ),
    loss_not_written=Mistake(
        "The loss is still 0",
        "With ten equal scores the loss should be 2.302585 for softmax, 9 for the SVM.",
    ),
    gradient_not_written=Mistake(
        "The gradient is still all zeros",
        "Score j of a point is x times column j of W. If that score rises by a little, "
        "how does the loss change? And by how much does W move the score?",
    ),
    returns_nothing=Mistake(
        "The function returns nothing (None)",
        "What does the last line return to the caller?",
    ),
    gradient_not_returned=Mistake(
        "The function returns the loss alone; `loss, dW` was expected",
        "Which two things does the caller unpack?",
    ),
    loss_not_returned=Mistake(
        "The function returns one thing; `loss, dW` was expected",
        "Which two things does the caller unpack?",
    ),
    length_spelled_out=Mistake(
        "A length is written as a number that is none of N, D and C",
        "The check calls your function with arrays of other sizes than yours. Which "
        "length of W or X belongs in the place of the number?",
    ),
    shape_for_length=Mistake(
        "A whole shape, a tuple, is used where one length is needed",
        "What is X.shape, and what is X.shape[0]?",
    ),
    other_array_returned=Mistake(
        "The gradient that is returned is still all zeros, and another array is not "
        "used",
        "Which array do you return, and which one do you compute?",
    ),
    loop_variable_reused=Mistake(
        "An inner loop has the variable of the loop around it, and gives it other "
        "values",
        "What is the variable in the lines of the inner loop, and what after it?",
    ),
    list_for_index=Mistake(
        "A list of two arrays is used as an index; since NumPy 1.23 that is one array "
        "of rows, and no longer a pair of row and column",
        "Which brackets make a tuple? It is what an index with a comma is.",
    ),
    too_many_returned=Mistake(
        "The function returns more than two things; `loss, dW` was expected",
        "Which two things does the caller unpack?",
    ),
    pairs_of_points=Mistake(
        "An (N,) array is combined with an (N, 1) array, which makes an (N, N) array: "
        "a number for each pair of points",
        "Print the shapes of both arrays in the line. Which axis did a sum keep?",
    ),
    results_swapped=Mistake(
        "The function returns the gradient first; `loss, dW` was expected",
        "In which order does the caller unpack the two?",
    ),
    loss_not_a_number=Mistake(
        "The first thing returned, the loss, is not a number",
        "Print its type.",
    ),
    loss_is_an_array=Mistake(
        "The loss is an array with one entry; a number without axes was expected",
        "Print `loss.shape`. Which step keeps an axis that it should sum over?",
    ),
    loss_rounded=Mistake(
        "The loss is rounded to a few digits",
        "A numerical gradient moves the loss by very little. What is left of that?",
    ),
    loss_for_each_point=Mistake(
        "The loss is an array of several numbers; one number was expected",
        "Each point has a loss. Which one number summarizes all of them?",
    ),
    gradient_not_an_array=Mistake(
        "The second thing returned, the gradient, does not contain numbers",
        "Print its type.",
    ),
    gradient_transposed=Mistake(
        "The gradient is transposed: it is (C, D), and W is (D, C)",
        "Entry (d, j) of the gradient belongs to entry (d, j) of W. Which of the two "
        "arrays comes first in your last product?",
    ),
    gradient_of_integers=Mistake(
        "The gradient is an array of integers, so every fraction is cut off",
        "What made dW an array of integers?",
    ),
    loss_is_nan=is_nan("loss"),
    gradient_is_nan=is_nan("gradient"),
    gradient_shape=Mistake(
        "The gradient does not have the shape of W, (D, C)",
        "There is one derivative for each weight. Write the shapes next to your last "
        "product.",
    ),
    changes_W=changes("W"),
    changes_X=changes("X"),
    changes_y=changes("y"),
    differs_when_repeated=Mistake(
        "Called twice with the same arrays, the function returns different results",
        "What does it remember from one call to the next, or draw at random?",
    ),
    loops_over_points=Mistake(
        "The results are right, but Python still loops over the points",
        "A list comprehension, map and np.vectorize are loops, too. Which single array "
        "contains the scores of all points?",
    ),
    loops_over_classes=Mistake(
        "The results are right, but Python still loops over the classes",
        "Which axis of the scores runs over the classes, and which function sums along "
        "an axis?",
    ),
    loops_over_features=Mistake(
        "The results are right, but Python still loops over the features",
        "Which product of two arrays sums over the features by itself?",
    ),
    extreme_scores=Mistake(
        "With ordinary scores everything is right, but not with the scores below",
        "Which of your intermediate results is inf, nan or 0 there? Print them.",
    ),
    overflow=Mistake(
        "With scores in the hundreds the results are not right, or not finite",
        "Which of your intermediate results is inf, nan or 0 there? Print them.",
        is_remark=True,
    ),
    ties_counted_by_halves=Mistake(
        "Where a margin is exactly 0, one column of the gradient counts it and the "
        "other does not, so it is no subgradient there",
        "Do you write >= in one place and > in another?",
        is_remark=True,
    ),
)

FORM_NAMES = {mistake.name for mistake in FORMS}

# Those that a line may bring about, by their part.
OF_A_LINE = {
    "loss_is_nan": "loss",
    "loss_is_an_array": "loss",
    "loss_rounded": "loss",
    "loss_for_each_point": "loss",
    "gradient_is_nan": "gradient",
    "gradient_shape": "gradient",
}


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

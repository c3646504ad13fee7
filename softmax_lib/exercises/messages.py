"""Sentences and hints for code that stops, and for results of the wrong form."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from softmax_lib.exercises.report import Report, failed
from softmax_lib.exercises.runner import Trouble


class Message(NamedTuple):
    """What the reader is told of one mistake."""

    sentence: str
    hint: str


FORMS = {
    "not_started": Message(
        "Loss and gradient are still all zeros.",
        "Begin with one point: its scores, their exponentials, their sum.",
    ),
    "loss_not_written": Message(
        "The loss is still 0.",
        "With ten equal scores the loss should be 2.302585 for softmax, 9 for the SVM.",
    ),
    "gradient_not_written": Message(
        "The gradient is still all zeros.",
        "Score j of a point is x times column j of W. If that score rises by a little, "
        "how does the loss change? And by how much does W move the score?",
    ),
    "returns_nothing": Message(
        "The function returns nothing (None).",
        "What does the last line hand back to the caller?",
    ),
    "gradient_not_returned": Message(
        "The function returns the loss alone; `loss, dW` was expected.",
        "Which two things does the caller unpack?",
    ),
    "loss_not_returned": Message(
        "The function returns one thing; `loss, dW` was expected.",
        "Which two things does the caller unpack?",
    ),
    "results_swapped": Message(
        "The function returns the gradient first; `loss, dW` was expected.",
        "In which order does the caller unpack the two?",
    ),
    "loss_not_a_number": Message(
        "The first thing returned, the loss, is not a number.",
        "Print its type.",
    ),
    "loss_is_an_array": Message(
        "The loss is an array with one entry; one number without axes was expected.",
        "Print `loss.shape`. Which step keeps an axis that it should sum over?",
    ),
    "loss_for_each_point": Message(
        "The loss is an array of several numbers; one number was expected.",
        "Each point has a loss. Which one number stands for all of them?",
    ),
    "gradient_not_an_array": Message(
        "The second thing returned, the gradient, does not hold numbers.",
        "Print its type.",
    ),
    "gradient_transposed": Message(
        "The gradient is transposed: it is (C, D), and W is (D, C).",
        "Entry (d, j) of the gradient belongs to entry (d, j) of W. Which of the two "
        "arrays of your last product stands first?",
    ),
    "gradient_shape": Message(
        "The gradient does not have the shape of W, (D, C).",
        "There is one derivative for each weight. Write the shapes next to your last "
        "product.",
    ),
    "changes_W": Message(
        "The function changes W, the array that the caller handed in.",
        "Which of your lines writes into W, or into an array that shares its memory?",
    ),
    "changes_X": Message(
        "The function changes X, the array that the caller handed in.",
        "Which of your lines writes into X, or into an array that shares its memory?",
    ),
    "changes_y": Message(
        "The function changes y, the array that the caller handed in.",
        "Which of your lines writes into y, or into an array that shares its memory?",
    ),
    "differs_when_repeated": Message(
        "Called twice with the same arrays, the function returns different results.",
        "What does it remember from one call to the next, or draw at random?",
    ),
    "loops_over_points": Message(
        "The results are right, but Python still goes through the points one by one.",
        "A list comprehension, map and np.vectorize are loops, too. Which single array "
        "holds the scores of all points?",
    ),
    "loops_over_classes": Message(
        "The results are right, but Python still goes through the classes one by one.",
        "Which axis of the scores runs over the classes, and which function sums along "
        "an axis?",
    ),
    "loops_over_features": Message(
        "The results are right, but Python still goes through the features one by one.",
        "Which product of two arrays sums over the features by itself?",
    ),
}

# What an exception says -> name, what it means here, hint.
ERRORS = [
    (
        r"NotImplementedError",
        "not_started",
        "The function is not written yet.",
        "Begin with one point: its scores, their exponentials, their sum.",
    ),
    (
        r"could not be broadcast|non-broadcastable",
        "shapes_do_not_fit",
        "Two arrays are combined entry by entry whose shapes do not fit.",
        "Write both shapes next to the line. A sum over the classes of an (N, C) "
        "array: is it (N,) or (N, 1), and which of the two lies along the rows?",
    ),
    (
        r"mismatch in its core dimension|not aligned",
        "product_does_not_fit",
        "Two arrays are multiplied whose shapes do not fit.",
        "X is (N, D), W is (D, C), scores are (N, C). In a product the two inner "
        "lengths must be equal. Which order, and which transpose, makes them so?",
    ),
    (
        r"must be of integer|only integers, slices|integer scalar arrays",
        "labels_as_float",
        "Something that is not an integer is used as an index.",
        "Which of your arrays became one of floats? np.zeros makes floats.",
    ),
    (
        r"out of bounds",
        "index_out_of_bounds",
        "An index is larger than its axis allows.",
        "An (N, C) array has N rows and C columns. Do you name the row first?",
    ),
    (
        r"too many indices|tuple index out of range|AxisError|not subscriptable",
        "too_many_axes",
        "An array has fewer axes than your line asks for.",
        "y is (N,): class indices, not one-hot rows. Print the shape of each array in "
        "the line.",
    ),
    (
        r"NameError|UnboundLocalError",
        "name_unknown",
        "A name is used that has no value there.",
        "Is it spelled as where you set it, and set on every way to this line?",
    ),
    (
        r"positional argument|unexpected keyword",
        "signature",
        "The arguments do not fit.",
        "Compare the def line with the worksheet's.",
    ),
    (
        r"Cannot cast ufunc",
        "integer_array",
        "A fraction is written into an array of integers.",
        "Which of your arrays was made from integers?",
    ),
    (
        r"only length-1 arrays|only 0-dimensional|setting an array element",
        "array_for_number",
        "An array stands where a single number is needed.",
        "Print the shape of each name in the line. The functions of `math` take single "
        "numbers, those of `np` take arrays.",
    ),
    (
        r"truth value of an array",
        "truth_of_array",
        "An `if`, `and` or `max` asks whether a whole array is true.",
        "A condition on an array is an array of conditions. Which one do you mean?",
    ),
]


def stopped(trouble: Trouble, circumstances: str) -> Report:
    """Report code that did not return."""
    name, sentence, hint = meaning(trouble)
    block = "\n".join(filter(None, ["```", trouble.line, trouble.text, "```"]))
    return failed(
        name, f"{sentence} This happens {circumstances}.", block, as_hint(hint)
    )


def meaning(trouble: Trouble) -> tuple[str, str, str]:
    """Name, sentence and hint for the way in which code ended."""
    if trouble.kind == "time":
        hint = "Does the condition of each `while` become false, and when?"
        return "hangs", "Your code does not come to an end.", hint
    if trouble.kind == "memory":
        hint = "Which array is the largest, and which shape should it have?"
        return "memory", "Your code asks for too much memory.", hint
    if trouble.kind == "exit":
        hint = "The kernel is alive: your code ran in a process of its own."
        return "ends_the_process", "Your code ends the process it runs in.", hint
    for pattern, name, sentence, hint in ERRORS:
        if re.search(pattern, trouble.text):
            return name, sentence, hint
    return "error", "Your code stops with an error.", ""


def as_hint(*hints: str) -> str:
    """Return the paragraph with the hints, each once."""
    different = dict.fromkeys(filter(None, hints))
    return "**Hint.** " + "\n\n".join(different) if different else ""


def numbered(sentences: Iterable[str]) -> str:
    """Return the only sentence, or a numbered list of them."""
    several = list(dict.fromkeys(sentences))
    if len(several) == 1:
        return several[0]
    lines = [f"{i}. {sentence}" for i, sentence in enumerate(several, 1)]
    return "\n".join([f"There are {len(several)} mistakes:", "", *lines])

"""Sentences and hints for code that stops, and for results of the wrong form."""

import re
from collections.abc import Iterable, Mapping, Sequence
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
    "other_orientation": Message(
        "The function takes W as (C, D) and X as (D, N), one column a point; here W is "
        "(D, C) and X is (N, D), one row a point.",
        "Some years of the course turn both arrays round. With rows as points, which "
        "product of X and W is (N, C)?",
    ),
    "returns_nothing": Message(
        "The function returns nothing (None).",
        "What does the last line hand back to the caller?",
    ),
    "predictions_missing": Message(
        "predict does not return an array of numbers.",
        "What does the last line of predict hand back to the caller? Print its type, "
        "and that of its first entry.",
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
    "gradient_of_integers": Message(
        "The gradient holds integers, so every fraction is cut off.",
        "What made dW an array of integers?",
    ),
    "loss_is_nan": Message(
        "The loss is nan or infinite, with ordinary numbers.",
        "A logarithm of a negative number or of 0, or a division by 0: print the "
        "array that goes into each.",
    ),
    "gradient_is_nan": Message(
        "The gradient is nan or infinite, with ordinary numbers.",
        "A logarithm of a negative number or of 0, or a division by 0: print the "
        "array that goes into each.",
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

TRAINING = {
    "not_started": Message(
        "train does not do anything yet: it never asks for the loss.",
        "Each step needs a minibatch, its loss and gradient, and a move of W.",
    ),
    "loss_not_called": Message(
        "This check cannot follow train, right or wrong: W changes, but "
        "`self.loss(X_batch, y_batch, reg)` is never called.",
        "Which method of the class returns the loss and its gradient, and what is its "
        "name in the worksheet?",
    ),
    "W_not_set": Message(
        "self.W is None when the loss is computed.",
        "When does W get its first values?",
    ),
    "W_transposed": Message(
        "W is (C, D); the worksheet's W is (D, C).",
        "scores = X @ W, and X is (N, D). How many rows must W have?",
    ),
    "W_classes_hard_coded": Message(
        "W has 10 columns whatever the labels are; here there are 5 classes.",
        "What tells train how many classes there are?",
    ),
    "W_classes_counted": Message(
        "W has one column for each label that occurs; here labels go up to 4, and some "
        "do not occur.",
        "Which column belongs to label 4? How many columns does that take?",
    ),
    "W_one_class_too_few": Message(
        "W has one column too few.",
        "The labels start at 0. If the largest is 4, how many classes are there?",
    ),
    "W_shape": Message(
        "W does not have the shape (D, C).",
        "scores = X @ W has one column for each class. Which shape must W have?",
    ),
    "num_iters_ignored": Message(
        "The number of steps is not num_iters.",
        "How many times does the loop body run, and who says so?",
    ),
    "batch_wrong": Message(
        "The loss gets something else than rows of X.",
        "Print X_batch.shape. It should be (batch_size, D).",
    ),
    "full_batch": Message(
        "Each step uses all points, not a minibatch of batch_size.",
        "Which arrays do you hand to the loss: those of the batch or those of the set?",
    ),
    "batch_size_ignored": Message(
        "The minibatches do not have batch_size points.",
        "How many indices do you draw, and who says so?",
    ),
    "first_rows": Message(
        "Every minibatch is the first rows of X.",
        "How does a point at the end of X ever get into a minibatch?",
    ),
    "fixed_batch": Message(
        "Every step uses the same minibatch.",
        "How often is the line that draws the indices run?",
    ),
    "one_point_repeated": Message(
        "Each minibatch is a single point, many times.",
        "How many indices do you draw for one minibatch?",
    ),
    "first_rows_drawn": Message(
        "The indices are drawn from the first batch_size rows only.",
        "How large can an index get in your code, and how large should it?",
    ),
    "labels_not_of_the_batch": Message(
        "The labels handed to the loss are not those of the minibatch's points.",
        "Point 17 is in the batch. Where does its label come from?",
    ),
    "reg_ignored": Message(
        "The loss does not get the reg that train got.",
        "Follow reg from the def line of train to the loss.",
    ),
    "not_updated": Message(
        "W never changes.",
        "Does the move reach self.W, or a copy of it? Print self.W[0, 0] in each step.",
    ),
    "updated_after_the_loop": Message(
        "W moves once, after the last step.",
        "Which lines belong to each step? Look at their indentation.",
    ),
    "updates_a_copy": Message(
        "Every step moves a copy of W; the loss sees self.W, which changes at the end.",
        "At which weights is the second step's gradient computed?",
    ),
    "W_drawn_again": Message(
        "W gets its first values again in each step, so nothing learned is kept.",
        "How often is the line run that gives W its first values?",
    ),
    "last_step_lost": Message(
        "Each step is right, but the W that train leaves behind is not the one after "
        "the last step.",
        "Which line writes self.W after the steps, and from which step are its "
        "weights? The loss of one minibatch says little about W.",
    ),
    "uphill": Message(
        "W moves along the gradient, so the loss rises.",
        "The gradient points to where the loss grows. Where do you want to go?",
    ),
    "learning_rate_ignored": Message(
        "The size of a step does not depend on learning_rate.",
        "Follow learning_rate from the def line of train to the step.",
    ),
    "regularized_twice": Message(
        "The step adds the regularization, but the loss's gradient already holds it.",
        "What does dW contain when it comes back from the loss?",
    ),
    "averaged_twice": Message(
        "The gradient is divided by the number of points once more.",
        "What does dW contain when it comes back from the loss: a sum or a mean?",
    ),
    "multiplied_by_points": Message(
        "The gradient is multiplied by the number of points.",
        "What does dW contain when it comes back from the loss: a sum or a mean?",
    ),
    "W_replaced": Message(
        "W becomes the step itself; what W was before is lost.",
        "Is the move added to W, or put in its place?",
    ),
    "gradient_normalized": Message(
        "The gradient's length is divided out, or only its signs are used.",
        "A step is the learning rate times the gradient, as it is.",
    ),
    "learning_rate_changes": Message(
        "The learning rate changes from step to step.",
        "The worksheet's learning rate stays the same. Where is yours changed?",
    ),
    "momentum": Message(
        "Each step also repeats a part of the one before it.",
        "The worksheet's step is the learning rate times this minibatch's gradient.",
    ),
    "step_scaled": Message(
        "Each step is by the same factor too long or too short.",
        "Write down what multiplies dW in your step.",
    ),
    "step_wrong": Message(
        "The step is not minus the learning rate times the gradient, and it is none of "
        "the mistakes that this check knows.",
        "Work this step out by hand.",
    ),
    "history_not_returned": Message(
        "train returns nothing; the list of losses was expected.",
        "What does the caller plot after the training?",
    ),
    "history_length": Message(
        "The list of losses does not have one number for each step.",
        "How often is a loss appended, and is it inside the loop?",
    ),
    "history_wrong": Message(
        "The list does not hold the losses of the minibatches.",
        "The loss returns two things. Which one goes into the list, and unchanged?",
    ),
    "changes_X": Message(
        "train changes X, the array that the caller handed in.",
        "Which of your lines writes into X?",
    ),
    "changes_y": Message(
        "train changes y, the array that the caller handed in.",
        "Which of your lines writes into y?",
    ),
}

GRID = {
    "not_started": Message(
        "None of the models that `model()` makes is trained.",
        "What must happen for each pair of settings before you can compare them? Do "
        "you make each model with `model()`, or with a class from outside?",
    ),
    "results_not_returned": Message(
        "No dict of results is returned.",
        "Somebody wants to see the whole table, not only its best entry.",
    ),
    "best_val_not_returned": Message(
        "No best validation accuracy is returned.",
        "Which single number says how good the best pair is?",
    ),
    "best_model_not_returned": Message(
        "No trained model is returned.",
        "Whose predictions will you test in the end?",
    ),
    "settings_swapped": Message(
        "Learning rate and regularization are handed to train the wrong way round.",
        "In which order does train take them?",
    ),
    "combinations_missing": Message(
        "Not every pair of learning rate and regularization is tried.",
        "Four learning rates and two strengths: how many trainings is that?",
    ),
    "trained_on_validation": Message(
        "A model is trained on points of the validation set.",
        "What does the validation accuracy tell you about points the model has seen?",
    ),
    "model_reused": Message(
        "The same model is trained again and again, so each training goes on from the "
        "weights of the one before.",
        "Where is a model made in your code, and how many should there be?",
    ),
    "other_data": Message(
        "A model predicts points that belong neither to the training set nor to the "
        "validation set.",
        "Which set must stay untouched until the choice is made?",
    ),
    "keys_swapped": Message(
        "The keys of the results are (reg, learning_rate).",
        "The worksheet looks up results[(learning_rate, reg)].",
    ),
    "results_missing": Message(
        "The results do not have one entry for each pair of settings.",
        "When is an entry written: for each pair, or for the best?",
    ),
    "accuracies_swapped": Message(
        "The results hold (validation, training) accuracy.",
        "In which order does the worksheet unpack the two?",
    ),
    "validation_from_training": Message(
        "The validation accuracy is computed on the training set.",
        "Which X and which y go into each of the two accuracies?",
    ),
    "training_from_validation": Message(
        "The training accuracy is computed on the validation set.",
        "Which X and which y go into each of the two accuracies?",
    ),
    "in_percent": Message(
        "The accuracies are in percent.",
        "The worksheet's accuracies are fractions from 0 to 1.",
    ),
    "counts_for_accuracies": Message(
        "The results hold numbers of right predictions.",
        "The worksheet's accuracies are fractions from 0 to 1. What divides the count?",
    ),
    "errors_for_accuracies": Message(
        "The results hold the fraction of wrong predictions.",
        "Is a comparison with == or with != counted?",
    ),
    "results_wrong": Message(
        "The results do not hold (training accuracy, validation accuracy).",
        "What is the mean of y == y_pred?",
    ),
    "chosen_by_training": Message(
        "The best is chosen by the training accuracy.",
        "Which model would win that remembers the training set by heart?",
    ),
    "keeps_last": Message(
        "The last model is kept, not the best one.",
        "What must be true before the best so far is replaced?",
    ),
    "keeps_first": Message(
        "The first model is kept, not the best one.",
        "When is the best so far replaced, and is it updated then?",
    ),
    "keeps_worst": Message(
        "The model with the lowest validation accuracy is kept.",
        "Which way round must the comparison be?",
    ),
    "chosen_by_loss": Message(
        "The best is chosen by the loss of its training.",
        "The loss holds the penalty, and each reg makes another penalty. Do losses of "
        "different reg say which model predicts better?",
    ),
    "compared_late": Message(
        "Only the last model of each inner loop is compared with the best so far.",
        "Which lines run for each pair, and which once an inner loop has ended? Look "
        "at their indentation.",
    ),
    "best_val_wrong": Message(
        "The best validation accuracy is not the highest one of the results.",
        "When is the number updated?",
    ),
    "best_model_wrong": Message(
        "The model returned is not the one with the highest validation accuracy.",
        "When is the model kept: together with its accuracy?",
    ),
}

# What an exception says -> name, what it means here, hint.
ERRORS = [
    (
        r"^NotImplementedError",
        "not_started",
        "The function is not written yet.",
        "Your lines go where `raise NotImplementedError()` stands, and that line goes.",
    ),
    (
        r"is called on the class|missing .* argument: 'self'",
        "model_not_made",
        "A method is called on the class itself, not on a model made from it.",
        "What is the difference between `model` and `model()`?",
    ),
    (
        r"could not be broadcast|non-broadcastable",
        "shapes_do_not_fit",
        "Two arrays are combined entry by entry whose shapes do not fit.",
        "Write both shapes next to the line. Is one of the lengths a number that your "
        "code writes out? And a sum over the classes of an (N, C) array: is it (N,) or "
        "(N, 1), and which of the two lies along the rows?",
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
        "An (N, C) array has a row for each point and a column for each class. What "
        "does your index count, points or classes, and on which axis does it stand?",
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

# X times W with a single star, or np.multiply of the two.
ELEMENTWISE = (
    r"\bX\w*(\[[^]]*\])?(\.T)? *\* *(self\.)?W\b|\bW(\.T)? *\* *X|"
    r"multiply\((X|(self\.)?W)\b"
)


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
    if trouble.kind == "check":
        hint = (
            "Please open an issue at https://github.com/OWNER/softmax-book/issues"
            " with your code and the lines above."
        )
        return "check_fails", "The check itself failed: your code may be right.", hint
    if trouble.kind == "exit":
        hint = "The kernel is alive: your code ran in a process of its own."
        return "ends_the_process", "Your code ends the process it runs in.", hint
    if re.search(ELEMENTWISE, trouble.line) and "broadcast" in trouble.text:
        hint = (
            "Is it `*` or `@` that sums over the features, and what does the other do?"
        )
        return "elementwise_product", "X and W are multiplied entry by entry.", hint
    for pattern, name, sentence, hint in ERRORS:
        if re.search(pattern, trouble.text):
            return name, sentence, hint
    hint = "Print what goes into the line that stops: types, shapes and values."
    return "error", "Your code stops with an error.", hint


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


def of_messages(
    table: Mapping[str, Message], names: Sequence[str], *evidence: str
) -> Report:
    """Report the mistakes of these names."""
    return failed(
        " + ".join(names),
        numbered(table[name].sentence for name in names),
        *evidence,
        as_hint(*(table[name].hint for name in names)),
    )

"""The catalogues of mistakes in a training; `explain` looks through them in turn."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lib.exercises.mistakes import Mistake, Values, catalogue
from softmax_lib.exercises.search import Step
from softmax_lib.exercises.training.observed import Trainings
from softmax_lib.exercises.training.recorder import RUNS, C, D, N, Recording, Y

NOT_FOLLOWED = catalogue(
    loss_not_called=Mistake(
        "This check cannot follow train, right or wrong: W changes, but "
        "`self.loss(X_batch, y_batch, reg)` is never called",
        "Which method of the class returns the loss and its gradient, and what is its "
        "name in the worksheet?",
        shows=lambda seen: (
            not all(recording.calls for recording in seen.recordings)
            and any(
                recording.W is not None and np.abs(recording.W).max() > 0.01
                for recording in seen.recordings
            )
        ),
    ),
    not_started=[
        Mistake(
            "train is not written yet: the minibatch is still None",
            "Which indices make a minibatch, and what do X and y have there?",
            shows=lambda seen: (
                bool(seen.calls) and all(call.X is None for call in seen.calls)
            ),
        ),
        Mistake(
            "train does nothing yet: it never asks for the loss",
            "Each step needs a minibatch, its loss and gradient, and a move of W.",
            shows=lambda seen: (
                not all(recording.calls for recording in seen.recordings)
            ),
        ),
    ],
    returns_in_the_loop=Mistake(
        "train returns in its first step",
        "Is the line that returns inside the loop?",
        shows=lambda seen: (
            all(len(each.calls) == 1 for each in seen.recordings)
            and all(each.has_history for each in seen.recordings)
        ),
    ),
)


def changes(array: str) -> Mistake:
    """Return the mistake of writing into an argument."""
    return Mistake(
        f"train modifies the caller's {array}",
        f"Which of your lines writes into {array}?",
        shows=lambda seen: any(array in each.changed for each in seen.recordings),
    )


CHANGES = catalogue(changes_X=changes("X"), changes_y=changes("y"))


def has_shape(*shape: int) -> Callable[[Any], bool]:
    """Whether the first weights have this shape."""
    return lambda W: W.shape == shape


# Of the first weights.
WEIGHTS = catalogue(
    W_not_set=Mistake(
        "self.W is None when the loss is computed",
        "When does W get its first values?",
        shows=lambda W: W is None or W.ndim == 0,
    ),
    W_transposed=Mistake(
        "W is (C, D); the worksheet's W is (D, C)",
        "scores = X @ W, and X is (N, D). How many rows must W have?",
        shows=has_shape(C, D),
    ),
    W_classes_hard_coded=Mistake(
        "W has 10 columns whatever the labels are; here there are 5 classes",
        "What tells train how many classes there are?",
        shows=has_shape(D, 10),
    ),
    W_one_class_too_few=Mistake(
        "W has one column too few",
        "The labels start at 0. If the largest is 4, how many classes are there?",
        shows=has_shape(D, C - 1),
    ),
    W_classes_counted=Mistake(
        "W has one column for each label that occurs; here labels go up to 4, and some "
        "do not occur",
        "Which column belongs to label 4? How many columns does that take?",
        shows=has_shape(D, len(np.unique(Y))),
    ),
    W_shape=Mistake(
        "W does not have the shape (D, C)",
        "scores = X @ W has one column for each class. Which shape must W have?",
        shows=lambda W: W.shape != (D, C),
    ),
)


def is_full_batch(seen: Trainings) -> bool:
    """Whether each step uses all points."""
    return all(len(rows) == N for rows in seen.batches)


CALLS = catalogue(
    num_iters_ignored=Mistake(
        "The number of steps is not num_iters",
        "How many times does the loop body run, and what determines that?",
        shows=lambda seen: any(
            len(each.calls) != each.settings.num_iters for each in seen.recordings
        ),
    ),
    batch_wrong=Mistake(
        "The loss gets something other than rows of X",
        "Print X_batch.shape. It should be (batch_size, D).",
        shows=lambda seen: not seen.has_rows,
    ),
    batch_size_ignored=Mistake(
        "The minibatches do not have batch_size points",
        "How many indices do you draw, and what determines that?",
        shows=lambda seen: (
            seen.has_rows
            and not is_full_batch(seen)
            and any(
                len(rows) != settings.batch_size
                for settings, run in zip(RUNS, seen.rows, strict=True)
                for rows in run
            )
        ),
    ),
)


def drawn_from_first(letter: str, things: str, count: int) -> Mistake:
    """Return the mistake of drawing indices below a length that counts other things."""
    return Mistake(
        f"The indices are drawn from the first {letter} rows only, and {letter} is the "
        f"number of {things}",
        "Which length of X counts the points?",
        shows=lambda seen: seen.never_drawn == list(range(count, N)),
    )


# If the minibatches are rows of X.
DRAWING = catalogue(
    full_batch=Mistake(
        "Each step uses all points, not a minibatch of batch_size",
        "Which arrays do you pass to the loss: the minibatch, or the full set?",
        shows=is_full_batch,
    ),
    one_point_repeated=Mistake(
        "Each minibatch is a single point, many times",
        "How many indices do you draw for one minibatch?",
        shows=lambda seen: all(
            len(rows) > 1 and len(set(rows)) == 1 for rows in seen.batches
        ),
    ),
    first_rows=Mistake(
        "Every minibatch is the first rows of X",
        "How does a point at the end of X ever get into a minibatch?",
        shows=lambda seen: all(rows == list(range(len(rows))) for rows in seen.batches),
    ),
    fixed_batch=Mistake(
        "Every step uses the same minibatch",
        "How often does the line run that draws the indices?",
        shows=lambda seen: (
            any(len(run) > 1 for run in seen.rows)
            and all(sorted(rows) == sorted(run[0]) for run in seen.rows for rows in run)
        ),
    ),
    first_rows_drawn=[
        *map(drawn_from_first, "DC", ("features", "classes"), (D, C)),
        Mistake(
            "The indices are drawn from the first batch_size rows only",
            "How large can an index get in your code, and how large should it?",
            shows=lambda seen: all(max(rows) <= len(rows) for rows in seen.batches),
        ),
    ],
    point_never_drawn=[
        Mistake(
            "The last point is never drawn",
            "Is the upper end of your random numbers included or not?",
            shows=lambda seen: seen.never_drawn == [N - 1],
        ),
        Mistake(
            "The first point is never drawn",
            "Which number do your indices begin with?",
            shows=lambda seen: seen.never_drawn == [0],
        ),
        Mistake(
            "Some points are never drawn",
            "How large can an index get in your code, and how large should it?",
            shows=lambda seen: bool(seen.never_drawn),
        ),
    ],
)
ARGUMENTS = catalogue(
    W_drawn_in_each_call=Mistake(
        "W gets its first values anew in each call of train, so a second call forgets "
        "what the first one learned",
        "The worksheet draws W only while it is None. Where does yours?",
        shows=lambda seen: (
            not all(each.goes_on for each in seen.recordings)
            and seen.ends_right
            and all(move.is_right for move in seen.moves)
        ),
    ),
    labels_not_of_the_batch=Mistake(
        "The labels passed to the loss are not those of the minibatch's points",
        "Point 17 is in the batch. Where does its label come from?",
        shows=lambda seen: any(
            call.y is None or not np.array_equal(call.y.ravel(), Y[rows])
            for call, rows in zip(seen.calls, seen.batches, strict=True)
        ),
    ),
    reg_ignored=Mistake(
        "The loss does not get the reg that was passed to train",
        "Follow reg from the def line of train to the loss.",
        shows=lambda seen: any(
            call.reg != each.settings.reg
            for each in seen.recordings
            for call in each.calls
        ),
    ),
)

MOVE_STEPS: dict[str, Step] = {
    "rate": lambda v: v.settings.learning_rate,
    "gradient": lambda v: v.dW,
    "move": lambda v: -v.rate * v.gradient,
}


def rescaled_gradient(factor: Callable[[Values], Any]) -> dict[str, Any]:
    """Scale the gradient."""
    return {"gradient": lambda v, value: value * factor(v)}


MOVES = catalogue(
    uphill=Mistake(
        "W moves along the gradient, so the loss rises",
        "The gradient points to where the loss grows. Where do you want to go?",
        {"move": lambda v, value: -value},
    ),
    learning_rate_ignored=Mistake(
        "The size of a step does not depend on learning_rate",
        "Follow learning_rate from the def line of train to the step.",
        {"rate": lambda v, _: 1.0},
    ),
    regularized_twice=Mistake(
        "The step adds the regularization, but the loss's gradient already includes it",
        "What does dW contain when the loss returns it?",
        {"gradient": lambda v, value: value + 2 * v.settings.reg * v.W},
        {"gradient": lambda v, value: value + v.settings.reg * v.W},
        {"move": lambda v, value: value - 2 * v.settings.reg * v.W},
        {"move": lambda v, value: value - v.settings.reg * v.W},
    ),
    averaged_twice=Mistake(
        "The gradient is divided by the number of points once more",
        "What does dW contain when the loss returns it: a sum or a mean?",
        rescaled_gradient(lambda v: 1 / v.batch_size),
        rescaled_gradient(lambda v: 1 / v.settings.batch_size),
        rescaled_gradient(lambda v: 1 / N),
    ),
    multiplied_by_points=Mistake(
        "The gradient is multiplied by the number of points",
        "What does dW contain when the loss returns it: a sum or a mean?",
        rescaled_gradient(lambda v: v.batch_size),
        rescaled_gradient(lambda v: N),
    ),
    W_replaced=Mistake(
        "W is replaced by the step; what W was before is lost",
        "Is the step added to W, or assigned to it?",
        {"move": lambda v, value: value - v.W},
    ),
    gradient_normalized=Mistake(
        "The gradient is divided by its length, or only its signs are used",
        "A step is the learning rate times the gradient, as it is.",
        rescaled_gradient(lambda v: 1 / np.linalg.norm(v.dW)),
        {"gradient": lambda v, _: np.sign(v.dW)},
    ),
)


def moves_at_last(seen: Trainings) -> bool:
    """Whether W moves only at the end, by the sum of all gradients."""
    return seen.waits and all(
        run[-1].is_equal(
            run[-1].change,
            -run[-1].settings.learning_rate * np.sum([move.dW for move in run], axis=0),
        )
        for run in seen.runs
    )


def rates(seen: Trainings) -> list[np.ndarray]:
    """Return what each training multiplies its gradients by."""
    return [np.array([move.rate for move in run]) for run in seen.runs]


def is_constant(rate: np.ndarray) -> bool:
    """Whether a training multiplies each of its gradients by the same number."""
    return bool(np.ptp(rate) <= 1e-3 * np.abs(rate).max())  # not if one is NaN


def repeats_steps(seen: Trainings) -> bool:
    """Whether each step repeats a usual fraction of the one before it."""
    return any(
        all(
            move.is_equal(
                move.change - fraction * before.change,
                -move.settings.learning_rate * move.dW,
            )
            for run in seen.runs
            for before, move in itertools.pairwise(run)
        )
        for fraction in (0.9, 0.5, 0.99)
    )


# Where no mistake of `MOVES` gives these moves.
OTHER_MOVES = catalogue(
    not_updated=Mistake(
        "W never changes",
        "Does a step change self.W, or a copy of it? Print self.W[0, 0] in each step.",
        shows=lambda seen: not any(move.change.any() for move in seen.moves),
    ),
    last_step_lost=Mistake(
        "Each step is right, but the W that train leaves behind is not the one after "
        "the last step",
        "Which line writes self.W after the steps, and which step do its weights come "
        "from? The loss of one minibatch is a poor measure of W.",
        shows=lambda seen: (
            not seen.ends_right
            and all(move.is_right for run in seen.runs for move in run[:-1])
        ),
    ),
    W_drawn_again=Mistake(
        "W gets its first values again in each step, so nothing learned is kept",
        "How often does the line run that gives W its first values?",
        shows=lambda seen: (
            seen.ends_right
            and (
                not seen.waits
                or all(move.is_new for run in seen.runs for move in run[1:])
            )
        ),
    ),
    updated_after_the_loop=Mistake(
        "W moves once, after the last step",
        "Which lines belong to each step? Look at their indentation.",
        shows=lambda seen: seen.waits and seen.ends_right,
    ),
    updates_a_copy=Mistake(
        "Every step moves a copy of W; the loss uses self.W, which changes at the end",
        "At which weights is the second step's gradient computed?",
        shows=moves_at_last,
    ),
    learning_rate_changes=Mistake(
        "The learning rate changes from step to step",
        "The worksheet's learning rate stays the same. Where is yours changed?",
        shows=lambda seen: (
            not any(np.isnan(rate).any() for rate in rates(seen))
            and not all(map(is_constant, rates(seen)))
        ),
    ),
    learning_rate_ignored=Mistake(
        "The size of a step does not depend on learning_rate",
        "Follow learning_rate from the def line of train to the step.",
        shows=lambda seen: is_constant(np.concatenate(rates(seen))),
    ),
    step_scaled=Mistake(
        "Each step is too long or too short by the same factor",
        "Write down what multiplies dW in your step.",
        shows=lambda seen: all(map(is_constant, rates(seen))),
    ),
    momentum=Mistake(
        "Each step also repeats a part of the one before it",
        "The worksheet's step is the learning rate times this minibatch's gradient.",
        shows=repeats_steps,
    ),
    step_wrong=Mistake(
        "The step is not minus the learning rate times the gradient, and it is none of "
        "the mistakes that this check knows",
        "Work this step out by hand.",
        shows=lambda seen: True,
    ),
)


def has_other_losses(recording: Recording) -> bool:
    """Whether the list does not contain the losses of the minibatches."""
    losses = [call.loss for call in recording.calls]
    history = recording.history
    return (
        history is None
        or history.ndim == 0
        or history.size != len(losses)
        or not np.allclose(history.ravel(), losses, rtol=1e-4)
    )


HISTORY = catalogue(
    history_not_returned=Mistake(
        "train returns nothing; the list of losses was expected",
        "What does the caller plot after the training?",
        shows=lambda seen: not all(each.has_history for each in seen.recordings),
    ),
    history_length=Mistake(
        "The list of losses does not have one number for each step",
        "How often is a loss appended, and is it inside the loop?",
        shows=lambda seen: any(
            np.ndim(each.history) > 0 and len(each.history) != len(each.calls)
            for each in seen.recordings
        ),
    ),
    history_wrong=Mistake(
        "The list does not contain the losses of the minibatches",
        "The loss returns two things. Which one goes into the list, and unchanged?",
        shows=lambda seen: any(map(has_other_losses, seen.recordings)),
    ),
)


def is_cut_in_order(seen: Trainings) -> bool:
    """Whether each minibatch begins where the one before it ends."""
    runs = [list(itertools.chain(*run)) for run in seen.rows if len(run) > 1]
    return bool(runs) and all(
        run == [(run[0] + k) % N for k in range(len(run))] for run in runs
    )


# Unusual, and not wrong.
ODDITIES = catalogue(
    cut_in_order=Mistake(
        "The minibatches are cut from X in order; the worksheet's are drawn at random",
        "What happens if the classes come one after the other in X?",
        shows=is_cut_in_order,
        is_remark=True,
    ),
    first_weights_large=Mistake(
        "The first weights are large; the worksheet's are 0.001 * randn",
        "",
        shows=lambda seen: first_weights(seen) > 0.1,
        is_remark=True,
    ),
    prints=Mistake(
        "It prints although verbose is False",
        "",
        shows=lambda seen: any(recording.printed for recording in seen.recordings),
        is_remark=True,
    ),
)


def first_weights(seen: Trainings) -> float:
    """Return the largest of the first weights."""
    calls = seen.recordings[0].calls
    W = calls[0].W if calls else None
    return 0.0 if W is None else float(np.abs(W).max())

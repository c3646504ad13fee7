"""The catalogue of mistakes in a loss or its gradient, by the steps that they change.

A mistake that can be written in several ways is one entry with several ways. Two
entries may share a name where each way needs a sentence of its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lib.exercises.mistakes import Change, Mistake, Values, catalogue

__all__ = [
    "EXTREME_MISTAKES",
    "NO_DATA",
    "PENALTY_STEPS",
    "SOFTMAX_MISTAKES",
    "SVM_MISTAKES",
    "softmax_of",
]

Factor = Callable[[Values], Any]


def both(change: Change, loss_step: str, gradient_step: str) -> dict[str, Change]:
    """Make the same change to the loss and to the gradient."""
    return {loss_step: change, gradient_step: change}


def scaled(factor: Factor) -> dict[str, Change]:
    """Scale the part that comes from the data."""
    return both(lambda v, value: value * factor(v), "data_loss", "data_gradient")


def averaged_over_constant(count: int) -> Mistake:
    """Divide the sum over the points by a number that is not their count."""
    return Mistake(
        f"The sum over the points is divided by {count}, however many there are",
        "Where does that number come from? Which length of X counts the points?",
        scaled(lambda v: v.N / count),
    )


def rescaled_penalty(factor: Factor) -> dict[str, Change]:
    """Scale the regularization."""
    return both(lambda v, value: value * factor(v), "penalty", "reg_gradient")


def with_zeros(index: int | tuple[slice, int]) -> Change:
    """Set a row or a column to zero."""

    def change(v: Values, value: np.ndarray) -> np.ndarray:
        value = value.copy()
        value[index] = 0
        return value

    return change


def penalty_times(times: float) -> Mistake:
    """Scale the regularization by a number that nothing explains."""
    return Mistake(
        f"The regularization is {times:g} times what fits",
        "How often do you add it, and with which factor? What is the derivative of w² "
        "with respect to w?",
        rescaled_penalty(lambda v: times),
    )


def without_row(row: int) -> dict[str, Change]:
    """Leave a row of ``W`` out of the regularization."""
    return {
        "penalty": lambda v, value: value - v.strength * np.sum(v.W[row] ** 2),
        "reg_gradient": with_zeros(row),
    }


def one_point(row: int) -> dict[str, Change]:
    """Count a single point."""
    return {
        "sum_loss": lambda v, _: v.losses[row],
        "sum_gradient": lambda v, _: np.outer(v.X[row], v.dscores[row]),
    }


def all_but_one(row: int) -> dict[str, Change]:
    """Leave out a point."""
    return {
        "sum_loss": lambda v, value: value - v.losses[row],
        "sum_gradient": lambda v, value: value - np.outer(v.X[row], v.dscores[row]),
    }


def divided_each_time(last_too: int) -> dict[str, Change]:
    """Divide all that was added so far at each point, the last one included or not."""

    def weights(v: Values) -> np.ndarray:
        return np.asarray(1.0 / float(v.N) ** (v.N - v.rows - 1 + last_too))

    return {
        "data_loss": lambda v, _: np.sum(v.losses * weights(v)),
        "data_gradient": lambda v, _: v.X.T @ (v.dscores.T * weights(v)).T,
    }


def penalized_each_time(divided: int) -> dict[str, Change]:
    """Add the regularization at each point, before or after all is divided by N."""
    return rescaled_penalty(
        lambda v: sum(float(v.N) ** -k for k in range(divided, v.N + divided))
    )


def earlier(v: Values) -> np.ndarray:
    """Return which classes come before each point's own one."""
    return np.asarray(np.arange(v.C) < v.y[:, np.newaxis])


POINT_FOR_CLASS = "y[i] is a class. Which of your loops counts the classes?"
CHAIN_RULE = "What is the derivative of reg * w² with respect to w?"
OPPOSITE_WEIGHTS = "Weights of +3 and -3: what do they add to your penalty?"

COMMON = catalogue(
    not_averaged=Mistake(
        "The division by the number of points N is missing",
        "Copy every point once, so that N doubles. Should your result double, too?",
        scaled(lambda v: v.N),
    ),
    averaged_over_features=Mistake(
        "The sum over the points is divided by the number of features D, not of points",
        "X is (N, D). Which of its two lengths counts the points?",
        scaled(lambda v: v.N / len(v.W)),
    ),
    averaged_over_classes=Mistake(
        "The sum over the points is divided by the number of classes C, not of points",
        "A mean over the points divides by how many things?",
        scaled(lambda v: v.N / v.C),
    ),
    averaged_over_points_and_classes=Mistake(
        "The sum is divided by N times C, not by N",
        "How many numbers does your mean run over, and how many points are there?",
        scaled(lambda v: 1 / v.C),
    ),
    averaged_twice=Mistake(
        "The sum over the points is divided by N twice",
        "Follow one point through your code and count the divisions by N.",
        scaled(lambda v: 1 / v.N),
    ),
    multiplied_by_N=Mistake(
        "The sum over the points is multiplied by N, where it should be divided",
        "Copy every point once, so that N doubles. What happens to your result?",
        scaled(lambda v: v.N**2),
    ),
    averaged_over_last_index=Mistake(
        "The sum over the points is divided by N - 1, not by N",
        "What does your counter contain after the last point?",
        scaled(lambda v: v.N / np.float64(v.N - 1)),
    ),
    data_doubled=Mistake(
        "The part that comes from the data is twice what it should be",
        "Which lines add it, and does each of them run once?",
        scaled(lambda v: 2),
    ),
    penalty_in_the_divisor=Mistake(
        "The regularization is added to the divisor N, not to the quotient",
        "In a / b + c and a /= b + c: what is divided by what?",
        {
            "loss": lambda v, _: v.sum_loss / (v.N + v.penalty),
            "dW": lambda v, _: v.sum_gradient / (v.N + v.reg_gradient),
        },
    ),
    divided_by_penalty=Mistake(
        "The gradient is divided by its regularization, which should be added",
        "With reg = 0, what is your gradient divided by?",
        {"dW": lambda v, _: v.data_gradient / v.reg_gradient},
        {"dW": lambda v, _: v.sum_gradient / v.reg_gradient},
    ),
    averaged_inside_the_loop=[
        Mistake(
            "The division by N is inside the loop over the points",
            "What happens to the first point's contribution when the second is added?",
            divided_each_time(1),
            divided_each_time(0),
        ),
        Mistake(
            "The division by N and the regularization are inside the loop over the "
            "points",
            "Which lines run for each point, and which run once, after the last?",
            divided_each_time(1) | penalized_each_time(0),
            divided_each_time(0) | penalized_each_time(0),
            divided_each_time(1) | penalized_each_time(1),
        ),
    ],
    point_left_out=[
        Mistake(
            "The last point is left out",
            "Write down the numbers that your loop counts through.",
            all_but_one(-1),
        ),
        Mistake(
            "The first point is left out",
            "Write down the numbers that your loop counts through.",
            all_but_one(0),
        ),
    ],
    last_point_only=Mistake(
        "Only the last point counts",
        "Does each point add to what is there, or replace it?",
        one_point(-1),
    ),
    first_point_only=Mistake(
        "Only the first point counts",
        "When does your function return, and where does the loop end?",
        one_point(0),
    ),
    data_sign=Mistake(
        "The part that comes from the data has the wrong sign",
        "Take a point that is classified correctly with near certainty. Is its loss "
        "close to 0, and never below? Does a step against the gradient lower the loss?",
        scaled(lambda v: -1),
    ),
    sign=Mistake(
        "The sign is wrong, regularization included",
        "Can a sum of squares make the loss smaller?",
        both(lambda v, value: -value, "loss", "dW"),
    ),
    data_missing=Mistake(
        "The part from the data is missing; only the regularization is there",
        "Set reg to 0. What is left, and where should it come from?",
        scaled(lambda v: 0),
    ),
    averaged_over_constant=map(averaged_over_constant, (200, 500, 1000, 49000)),
    X_missing=Mistake(
        "The points X are missing",
        "Score j is the sum over d of x_d times W_dj. What is its derivative with "
        "respect to W_dj?",
        {"sum_gradient": lambda v, _: np.ones_like(v.X).T @ v.dscores},
    ),
    sums_multiplied=Mistake(
        "The sum of the points is multiplied by the sum of their dscores",
        "Does your product multiply point 1 by the dscores of point 2?",
        {"sum_gradient": lambda v, _: np.outer(v.X.sum(0), v.dscores.sum(0))},
    ),
    stops_at_own_class=Mistake(
        "The loop over the classes ends at the correct class, as after `break`",
        "Which classes come after the correct one, and does the loop reach them?",
        {"dscores": lambda v, value: np.where(v.one_hot, value, value * earlier(v))},
        {"dscores": lambda v, value: value * earlier(v)},
        {"counted": lambda v, value: value * earlier(v)},
    ),
    reg_without_bias=Mistake(
        "The regularization leaves out the bias, the last row of W",
        "The worksheet's penalty sums over all of W, the bias row included.",
        without_row(-1),
    ),
    reg_without_first_row=Mistake(
        "The regularization leaves out the first row of W",
        "The worksheet's penalty sums over all of W. Which rows does yours take?",
        without_row(0),
    ),
    reg_not_squared=Mistake(
        "The regularization uses the weights instead of their squares",
        OPPOSITE_WEIGHTS,
        {
            "penalty": lambda v, _: v.strength * np.sum(v.W),
            "reg_gradient": lambda v, _: np.full_like(v.W, v.strength),
        },
        {"penalty": lambda v, _: 2 * v.strength * np.sum(v.W)},
    ),
    reg_absolute=Mistake(
        "The regularization uses the absolute weights instead of their squares",
        "The worksheet's penalty is the sum of the squared weights.",
        {
            "penalty": lambda v, _: v.strength * np.sum(np.abs(v.W)),
            "reg_gradient": lambda v, _: v.strength * np.sign(v.W),
        },
    ),
    reg_root=Mistake(
        "The regularization takes the root of the sum of squares",
        "What does np.linalg.norm return, and what does the penalty ask for?",
        {
            "penalty": lambda v, _: v.strength * np.sqrt(np.sum(v.W**2)),
            "reg_gradient": lambda v, _: v.strength * v.W / np.sqrt(np.sum(v.W**2)),
        },
    ),
    reg_square_of_sum=[
        Mistake(
            "The regularization squares the sum instead of summing the squares",
            OPPOSITE_WEIGHTS,
            {"penalty": lambda v, _: v.strength * np.sum(v.W) ** 2},
        ),
        Mistake(
            "The regularization adds the sum of all weights to every entry",
            "The penalty is a sum over the weights. Which of its terms contain W_dj?",
            {
                "reg_gradient": lambda v, _: np.full_like(
                    v.W, 2 * v.strength * np.sum(v.W)
                )
            },
            {"reg_gradient": lambda v, _: np.full_like(v.W, v.strength * np.sum(v.W))},
        ),
        Mistake(
            "The regularization adds the sum of a column of W to each of its entries",
            "The penalty is a sum over the weights. Which of its terms contain W_dj?",
            {"reg_gradient": lambda v, _: 0 * v.W + 2 * v.strength * v.W.sum(axis=0)},
        ),
    ],
    reg_mixed_products=Mistake(
        "The regularization also contains products of different weights",
        "Which entries does the product of W and its transpose have, and which of "
        "them are sums of squares?",
        {"penalty": lambda v, _: v.strength * np.sum(v.W @ v.W.T)},
        {"penalty": lambda v, _: v.strength * np.sum(v.W.T @ v.W)},
    ),
    reg_strength_ignored=Mistake(
        "The regularization does not depend on reg",
        "Set reg to 0. Is your penalty gone?",
        {
            "penalty": lambda v, _: v.factor * np.sum(v.W**2),
            "reg_gradient": lambda v, _: 2 * v.factor * v.W,
        },
    ),
    reg_without_W=Mistake(
        "The gradient of the regularization does not contain W",
        CHAIN_RULE,
        {"reg_gradient": lambda v, _: np.full_like(v.W, 2 * v.strength)},
        {"reg_gradient": lambda v, _: np.full_like(v.W, 4 * v.strength)},
    ),
    reg_not_differentiated=[
        Mistake(
            "The penalty itself is added instead of its derivative",
            f"The penalty is one number; its gradient has one per weight. {CHAIN_RULE}",
            {
                "reg_gradient": lambda v, _: np.full_like(
                    v.W, v.strength * np.sum(v.W**2)
                )
            },
        ),
        Mistake(
            "The squared weights are added instead of their derivative",
            CHAIN_RULE,
            {"reg_gradient": lambda v, _: v.strength * v.W**2},
            {"reg_gradient": lambda v, _: 2 * v.strength * v.W**2},
        ),
    ],
    # These scale what the others above put in the place of the penalty.
    reg_missing=Mistake(
        "The regularization is missing",
        "Call your function with reg = 0 and with reg = 0.5. Which number changes, and "
        "which should?",
        rescaled_penalty(lambda v: 0),
    ),
    reg_half=Mistake(
        "The regularization is half of what the worksheet asks for",
        "The worksheet's penalty is reg times the sum of the squared weights, with no "
        "factor 0.5 (other years of the course have one). What is the derivative of "
        "w² with respect to w?",
        rescaled_penalty(lambda v: 0.5),
    ),
    reg_doubled=Mistake(
        "The regularization is twice what the worksheet asks for",
        "How often do you add it, and with which factor?",
        rescaled_penalty(lambda v: 2),
    ),
    reg_scaled=map(penalty_times, (0.25, 4)),
    reg_divided_by_N=Mistake(
        "The regularization is divided by N",
        "Which of the two terms is a mean over the points: the losses, the penalty, or "
        "both? In which order do you divide and add?",
        rescaled_penalty(lambda v: 1 / v.N),
    ),
    reg_for_each_point=Mistake(
        "The regularization is added once for each point",
        "How many times does the line with reg run?",
        rescaled_penalty(lambda v: v.N),
    ),
    reg_mean=Mistake(
        "The regularization takes the mean of the squared weights instead of their sum",
        "Where does the worksheet ask for a mean, and over what?",
        rescaled_penalty(lambda v: 1 / v.W.size),
    ),
    reg_sign=Mistake(
        "The regularization has the wrong sign",
        "Large weights should cost something. Do they?",
        rescaled_penalty(lambda v: -1),
    ),
)
NO_DATA = next(mistake for mistake in COMMON if mistake.name == "data_missing")
PENALTY_STEPS = {"penalty", "reg_gradient"}


def own_probability(v: Values) -> np.ndarray:
    """Return the probability of each point's correct class."""
    return np.asarray(v.probs[v.rows, v.label])


def through_probs(change: Change) -> dict[str, Change]:
    """Change the probabilities, and with them the loss."""
    return {"probs": change, "losses": lambda v, _: -np.log(own_probability(v))}


def shifted_by(shift: Callable[[np.ndarray], np.ndarray]) -> dict[str, Change]:
    """Subtract something other than the largest score of each row."""
    return {"shifted": lambda v, _: v.scores - shift(v.scores)}


def without_p(own: Factor) -> dict[str, Change]:
    """Take 1 for the other classes, and minus a number for the own one."""
    return {"dscores": lambda v, _: 1 - v.one_hot - own(v) * v.one_hot}


def own_excluded(v: Values, _: np.ndarray) -> np.ndarray:
    """Divide by the sum over the other classes."""
    return np.asarray(v.exps / (v.exps * (1 - v.one_hot)).sum(axis=1, keepdims=True))


def svm_margins(v: Values) -> np.ndarray:
    """Return the margins of the wrong classes, with -1 for the correct one."""
    own = v.scores[v.rows, v.y][:, np.newaxis]
    return np.asarray(np.where(v.one_hot, -1, v.scores - own + 1))


def softmax_of(scores: np.ndarray) -> np.ndarray:
    """Return the probabilities of each row of scores."""
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=1, keepdims=True))


def epsilon_in_log(epsilon: float, is_remark: bool = True) -> Mistake:
    """Add a small number to the probability before taking its logarithm."""
    return Mistake(
        f"A number like {epsilon:g} is added to the probability, or bounds it, before "
        "the logarithm",
        "It caps the loss of a point that is far from right. Which two terms does the "
        "logarithm of a quotient become, and can either of them be log(0)?",
        {"losses": lambda v, _: -np.log(own_probability(v) + epsilon)},
        is_remark=is_remark,
    )


EQUAL_SCORES = "With ten equal scores the loss should be 2.302585. What is yours?"


def log_base(name: str, unit: float) -> Mistake:
    """Take another logarithm, of the probability or only of the sum."""
    return Mistake(
        f"The logarithm has base {name}, not e",
        EQUAL_SCORES,
        both(lambda v, value: value / unit, "losses", "dscores"),
        {
            "losses": lambda v, _: (
                np.log(v.exps.sum(axis=1)) / unit - v.shifted[v.rows, v.label]
            )
        },
    )


AFTER_THE_SHIFT = (
    "After the shift, which sign must the scores have so that exp cannot overflow?"
)
# Right on paper, and on a computer while the scores are small.
SHIFTS = catalogue(
    maximum_not_subtracted=Mistake(
        "No maximum is subtracted from the scores",
        "What is np.exp(1000)? Which number can be subtracted from all scores of a "
        "point without changing its probabilities?",
        shifted_by(np.zeros_like),
    ),
    minimum_subtracted=Mistake(
        "The minimum is subtracted from the scores, not the maximum",
        AFTER_THE_SHIFT,
        shifted_by(lambda scores: scores.min(axis=1, keepdims=True)),
    ),
    mean_subtracted=Mistake(
        "The mean is subtracted from the scores, not the maximum",
        AFTER_THE_SHIFT,
        shifted_by(lambda scores: scores.mean(axis=1, keepdims=True)),
    ),
    own_score_subtracted=Mistake(
        "The correct class's score is subtracted from the scores, not the maximum",
        AFTER_THE_SHIFT,
        {"shifted": lambda v, _: v.scores - v.scores[v.rows, v.y][:, np.newaxis]},
    ),
    maximum_of_all=Mistake(
        "One maximum over all points is subtracted, not each point's own",
        "One point has scores near 2000, another near 0. What is left of the second "
        "one's exponentials?",
        shifted_by(lambda scores: scores.max()),
    ),
    maximum_of_absolute=Mistake(
        "The largest absolute score is subtracted, not the largest score",
        "All scores of a point are near -2000. Where are they after your shift?",
        shifted_by(lambda scores: np.abs(scores).max(axis=1, keepdims=True)),
    ),
    maximum_added=Mistake(
        "The maximum is added to the scores, where it should be subtracted",
        AFTER_THE_SHIFT,
        shifted_by(lambda scores: -scores.max(axis=1, keepdims=True)),
    ),
)
LOGS = catalogue(
    log_of_zero=[
        Mistake(
            "The logarithm is taken of a probability, which is 0 on a computer when "
            "its score is hundreds below the highest",
            "The probability is a quotient. Which two terms does its logarithm become, "
            "and can either of them be log(0)?",
            {"losses": lambda v, _: -np.log(own_probability(v))},
            is_remark=True,
        ),
        Mistake(
            "Zeros are multiplied by the logarithms of the other probabilities, which "
            "are 0 on a computer when their scores are hundreds below the highest",
            "What is 0 * log(0) in NumPy? Of which probability do you need the "
            "logarithm?",
            {"losses": lambda v, _: -(v.one_hot * np.log(v.probs)).sum(axis=1)},
            is_remark=True,
        ),
    ],
    division_by_zero=Mistake(
        "The gradient is divided by the probabilities, which are 0 on a computer when "
        "their scores are hundreds below the highest",
        "Which factor of the chain rule cancels the 1/p of the logarithm?",
        {"dscores": lambda v, value: value + 0 / v.probs},
        is_remark=True,
    ),
    epsilon_in_log=[
        *(epsilon_in_log(10.0**-k) for k in (*range(2, 21), 30, 50, 100, 200, 300)),
        epsilon_in_log(float(np.finfo(float).eps)),
    ],
)
EXTREME_MISTAKES = [*SHIFTS, *LOGS]

ADD_UP = "Add up the probabilities of one point. What should come out?"
ADD_UP_ROW = "Add up the probabilities of one point, one row. What should come out?"
SUM_OF_DSCORES = "The C entries of one point should add up to 0. Do they?"
DEPENDS_ON_Y = "Does your loss change when y changes?"
RAISE_OWN_SCORE = "Raise the correct class's score. Should the loss go up or down?"
RAISE_WRONG_SCORE = "If the score of a wrong class rises, does the loss change?"
QUOTIENT = "Which two terms does the logarithm of a quotient become?"

SOFTMAX_ONLY = catalogue(
    epsilon_in_log=[  # that change the loss of ordinary points, the last two hardly
        *(epsilon_in_log(10.0**-k, is_remark=False) for k in (2, 3, 4)),
        *map(epsilon_in_log, (1e-5, 1e-6)),
    ],
    not_normalized=Mistake(
        "The exponentials are not divided by their sum, so they are not probabilities",
        ADD_UP,
        through_probs(lambda v, _: v.exps),
    ),
    exp_missing=[
        Mistake(
            "The exponentials are missing: the scores themselves are divided by their "
            "sum",
            "Take scores of 3, 1 and -2. What do you get when you divide each by their "
            "sum, and can a probability be negative?",
            through_probs(lambda v, _: v.scores / v.scores.sum(axis=1, keepdims=True)),
            through_probs(
                lambda v, _: v.shifted / v.shifted.sum(axis=1, keepdims=True)
            ),
        ),
        Mistake(
            "The exponentials are missing: the logarithm is taken of the sum of the "
            "scores",
            "Can the sum of the scores be negative? What should the logarithm be taken "
            "of?",
            {
                "losses": lambda v, _: (
                    np.log(v.scores.sum(axis=1)) - v.scores[v.rows, v.label]
                )
            },
        ),
    ],
    normalized_over_points=Mistake(
        "The exponentials are divided by sums over the points, not the classes",
        f"{ADD_UP_ROW} Which axis runs over the classes?",
        through_probs(lambda v, _: v.exps / v.exps.sum(axis=0)),
        through_probs(lambda v, _: np.exp(v.scores) / np.exp(v.scores).sum(axis=0)),
    ),
    normalized_over_everything=Mistake(
        "The exponentials are divided by one sum over all points and classes",
        ADD_UP_ROW,
        through_probs(lambda v, _: v.exps / v.exps.sum()),
        through_probs(lambda v, _: np.exp(v.scores) / np.exp(v.scores).sum()),
    ),
    softmax_twice=[
        Mistake(
            "The softmax is taken twice: probabilities are used where scores belong",
            "A point has the scores 100, 0 and 0. How close to 0 does its loss come?",
            {"scores": lambda v, scores: softmax_of(scores)},
            {
                "losses": lambda v, _: (
                    np.log(np.exp(v.probs).sum(axis=1)) - own_probability(v)
                )
            },
        ),
        Mistake(
            "The exponential is taken twice: exponentials are used where scores belong",
            "Follow one score through your code. How often does it go through exp?",
            through_probs(lambda v, _: softmax_of(v.exps)),
        ),
    ],
    own_class_left_out_of_sum=Mistake(
        "The sum of the exponentials leaves out the correct class",
        ADD_UP,
        through_probs(own_excluded),
    ),
    maximum_over_points=Mistake(
        "The maximum is taken over the points of a class, not the classes of a point",
        "All scores of one point can be shifted by the same amount. Is it the same "
        "amount for all classes of a point in your code?",
        shifted_by(lambda scores: scores.max(axis=0)),
    ),
    divided_by_maximum=Mistake(
        "The scores are divided by their maximum, where it should be subtracted",
        "Which change of the scores leaves the probabilities as they are?",
        {"shifted": lambda v, _: v.scores / v.scores.max(axis=1, keepdims=True)},
    ),
    shifted_in_one_place=Mistake(
        "The maximum is subtracted in one place and not in the other",
        "The same amount must be subtracted from the correct class's score and from "
        "the scores in the sum. Is it?",
        {"losses": lambda v, _: np.log(v.exps.sum(axis=1)) - v.scores[v.rows, v.y]},
        {
            "losses": lambda v, _: (
                np.log(np.exp(v.scores).sum(axis=1)) - v.shifted[v.rows, v.label]
            )
        },
    ),
    log_base_2=log_base("2", np.log(2)),
    log_base_10=log_base("10", np.log(10)),
    log1p=Mistake(
        "The logarithm of 1 + p is taken, not that of p",
        "What should the loss be when the correct class has probability 1?",
        {"losses": lambda v, _: -np.log1p(own_probability(v))},
    ),
    log_missing=[
        Mistake(
            "The logarithm is missing",
            EQUAL_SCORES,
            {
                "losses": lambda v, _: -own_probability(v),
                "dscores": lambda v, value: value * v.probs[v.rows, v.y][:, np.newaxis],
            },
        ),
        Mistake(
            "The logarithm is missing: 1 - p is not -log(p)",
            EQUAL_SCORES,
            {"losses": lambda v, _: 1 - own_probability(v)},
        ),
    ],
    log_of_sum_missing=Mistake(
        "The logarithm of the sum of exponentials is missing",
        QUOTIENT,
        {"losses": lambda v, _: v.exps.sum(axis=1) - v.shifted[v.rows, v.label]},
    ),
    own_score_missing=[
        Mistake(
            "The score of the correct class is missing, or the highest one is used "
            "instead",
            DEPENDS_ON_Y,
            {"losses": lambda v, _: np.log(v.exps.sum(axis=1))},
        ),
        Mistake(
            "The score of the correct class is missing",
            DEPENDS_ON_Y,
            {"losses": lambda v, _: np.log(np.exp(v.scores).sum(axis=1))},
        ),
    ],
    exp_of_sum=Mistake(
        "The scores are summed before the exponential is taken",
        "With scores of 0 and 0: is exp(0 + 0) the same as exp(0) + exp(0)?",
        {"losses": lambda v, _: v.shifted.sum(axis=1) - v.shifted[v.rows, v.label]},
        {"losses": lambda v, _: v.scores.sum(axis=1) - v.scores[v.rows, v.label]},
    ),
    sum_not_reset=Mistake(
        "The sum of the exponentials carries over from one point to the next",
        "What should the sum be when the next point begins?",
        through_probs(lambda v, _: v.exps / v.exps.sum(axis=1).cumsum()[:, np.newaxis]),
    ),
    once_for_each_class=Mistake(
        "Each point is counted once for each class",
        "How many times does the line run that adds a point's contribution?",
        scaled(lambda v: v.C),
    ),
    svm_loss=Mistake(
        "This is the SVM loss, not the softmax loss",
        "A wrong class is far behind the correct one. Does its score still matter "
        "in the softmax loss?",
        {
            "losses": lambda v, _: np.maximum(0, svm_margins(v)).sum(axis=1),
            "dscores": lambda v, _: (
                (svm_margins(v) > 0)
                - v.one_hot * (svm_margins(v) > 0).sum(axis=1, keepdims=True)
            ),
        },
    ),
    own_score_sign=Mistake(
        "The score of the correct class has the wrong sign",
        RAISE_OWN_SCORE,
        {
            "losses": lambda v, _: (
                np.log(v.exps.sum(axis=1)) + v.shifted[v.rows, v.label]
            )
        },
    ),
    all_classes=Mistake(
        "The losses of all classes are summed, not the correct class's alone",
        "Which of the C probabilities of a point tells how good the classifier is?",
        {
            "losses": lambda v, _: -np.log(v.probs).sum(axis=1),
            "dscores": lambda v, _: v.C * v.probs - 1,
        },
    ),
    sigmoid=Mistake(
        "This is the sigmoid of each score, not the softmax of all of them",
        ADD_UP,
        through_probs(lambda v, _: 1 / (1 + np.exp(-v.shifted))),
        through_probs(lambda v, _: 1 / (1 + np.exp(-v.scores))),
    ),
    binary_cross_entropy=Mistake(
        "The other classes add -log(1 - p), as if each class were a yes-or-no question",
        "Softmax already ties the classes together. Whose probability is in its loss?",
        {
            "losses": lambda v, value: (
                value - (np.log(1 - v.probs) * (1 - v.one_hot)).sum(axis=1)
            )
        },
    ),
    last_class=Mistake(
        "The loss is that of the last class, not of the correct one",
        "Which lines run for every class, and which only for the correct one?",
        {"label": lambda v, _: np.full(v.N, v.C - 1)},
    ),
    predicted_class=Mistake(
        "The loss is that of the class with the highest score, not the correct one",
        DEPENDS_ON_Y,
        {
            "losses": lambda v, _: -np.log(v.probs.max(axis=1)),
            "dscores": lambda v, _: (
                v.probs - (v.probs == v.probs.max(1, keepdims=True))
            ),
        },
    ),
    every_label_for_every_point=[
        Mistake(
            "Each point is compared with the labels of all points",
            "What is the shape of probs[:, y]? You need one number for each point.",
            {"sum_loss": lambda v, _: -np.log(v.probs[:, v.y]).sum()},
            {"sum_loss": lambda v, _: -np.log(v.probs[:, v.y]).sum() / v.N},
        ),
        Mistake(
            "The 1 is subtracted at the labels of all points in every row",
            "Which entries does dscores[:, y] select? You need one for each point.",
            {"dscores": lambda v, value: value + v.one_hot - v.one_hot.any(axis=0)},
        ),
    ],
    label_of_first_point=Mistake(
        "The label of the first point is used for all points",
        "Which index counts the points in your code, and which one the classes?",
        {
            "label": lambda v, _: np.full(v.N, v.y[0]),
            "dscores": lambda v, value: value + v.one_hot - v.one_hot[0],
        },
    ),
    squared_error=Mistake(
        "This is the squared error of the probabilities, not their cross-entropy",
        "Which single probability of a point is in the softmax loss?",
        {"losses": lambda v, _: ((v.probs - v.one_hot) ** 2).sum(axis=1)},
    ),
    one_for_each_class=Mistake(
        "For the correct class, 1 is subtracted C times",
        "How often does the line run that subtracts the point?",
        {"dscores": lambda v, value: value - (v.C - 1) * v.one_hot},
    ),
    own_class_in_every_column=Mistake(
        "Every class gets p - 1 of the correct class",
        "Which probability belongs to column j?",
        {
            "dscores": lambda v, _: (
                (v.one_hot * v.probs).sum(axis=1, keepdims=True) - 1 + 0 * v.one_hot
            )
        },
    ),
    class_left_out=[
        Mistake(
            "The first class gets no gradient",
            "Write down the classes that your loop counts through.",
            {"dscores": with_zeros((slice(None), 0))},
        ),
        Mistake(
            "The last class gets no gradient",
            "Write down the classes that your loop counts through.",
            {"dscores": with_zeros((slice(None), -1))},
        ),
    ],
    labels_off_by_one=Mistake(
        "The class before the correct one is used",
        "The labels start at 0. Which column belongs to label 0?",
        {
            "label": lambda v, _: v.y - 1,
            "dscores": lambda v, value: (
                value + v.one_hot - np.roll(v.one_hot, -1, axis=1)
            ),
        },
    ),
    own_class_missing=Mistake(
        "The correct class is treated like the others: nothing is subtracted for it",
        "The loss contains the correct class's score once more, outside the sum. What "
        "is the derivative of that term?",
        {"dscores": lambda v, value: value + v.one_hot},
    ),
    probs_missing=Mistake(
        "The probabilities are missing",
        "The loss contains the logarithm of a sum of exponentials. What is its "
        "derivative with respect to one score?",
        {"dscores": lambda v, _: -v.one_hot},
    ),
    others_get_x=Mistake(
        "The other classes get x where p times x belongs, and the correct class gets "
        "no multiple of p, either",
        SUM_OF_DSCORES,
        *map(without_p, (lambda v: 0, lambda v: 1, lambda v: v.C - 1)),
    ),
    one_added=Mistake(
        "The 1 of the correct class is added, where it should be subtracted",
        RAISE_OWN_SCORE,
        {"dscores": lambda v, value: value + 2 * v.one_hot},
    ),
    one_in_every_class=Mistake(
        "The 1 is subtracted in every class, not only in the correct one",
        SUM_OF_DSCORES,
        {"dscores": lambda v, value: value + v.one_hot - 1},
    ),
    scores_for_probs=Mistake(
        "The scores are used where the probabilities belong",
        SUM_OF_DSCORES,
        {"wished_away": lambda v, _: v.scores},
        {"wished_away": lambda v, _: v.shifted},
    ),
    branches_swapped=Mistake(
        "The correct class gets p and the wrong ones p - 1; it is the other way round",
        "For which classes is the condition of your `if` true?",
        {"dscores": lambda v, _: v.probs - (1 - v.one_hot)},
    ),
    complement_for_probs=Mistake(
        "1 - p is used where p belongs",
        SUM_OF_DSCORES,
        {"wished_away": lambda v, _: 1 - v.probs},
    ),
    own_class_sign=Mistake(
        "The column of the correct class has the wrong sign",
        RAISE_OWN_SCORE,
        {"dscores": lambda v, value: np.where(v.one_hot, -value, value)},
    ),
    log_for_probs=Mistake(
        "The logarithms of the probabilities are used where the probabilities belong",
        SUM_OF_DSCORES,
        {"wished_away": lambda v, _: np.log(v.probs)},
    ),
    derivative_of_logarithm=Mistake(
        "This is the derivative -1/p of the logarithm alone",
        "The loss is -log(p), and p depends on the scores. Which factor does the chain "
        "rule add?",
        {"dscores": lambda v, _: -v.one_hot / v.probs},
        {"dscores": lambda v, _: -1 / v.probs},
        {"dscores": lambda v, _: np.where(v.one_hot, -1 / v.probs, v.probs)},
        {"dscores": lambda v, _: np.where(v.one_hot, -1 / v.probs, 1 / v.probs)},
        {"dscores": lambda v, _: v.probs - v.one_hot / v.probs},
    ),
    point_for_class=Mistake(
        "The label is compared with the index of the point, not of the class",
        POINT_FOR_CLASS,
        {
            "dscores": lambda v, value: (
                value + v.one_hot - (v.rows == v.y)[:, np.newaxis]
            )
        },
    ),
    derivative_of_probability=[
        Mistake(
            "This is the derivative p (1 - p) of a probability, not that of the loss",
            "The loss is the logarithm of p. What does the chain rule add?",
            {"dscores": lambda v, _: v.probs * (1 - v.probs)},
        ),
        Mistake(
            "The derivative p (1 - p) of a probability is multiplied in once more",
            "Which derivatives has the chain rule already multiplied when the result "
            "is p or p - 1?",
            {"dscores": lambda v, value: value * v.probs * (1 - v.probs)},
        ),
    ],
    own_class_only=Mistake(
        "Only the column of the correct class gets a gradient",
        RAISE_WRONG_SCORE,
        {"dscores": lambda v, value: np.where(v.one_hot, value, 0)},
    ),
    probability_of_own_class_missing=Mistake(
        "The correct class gets -1, where p - 1 belongs",
        SUM_OF_DSCORES,
        {"dscores": lambda v, value: np.where(v.one_hot, -1, value)},
    ),
    own_class_skipped=Mistake(
        "The column of the correct class gets no gradient",
        "If the score of the correct class rises, does the loss change?",
        {"dscores": lambda v, value: np.where(v.one_hot, 0, value)},
    ),
)
SOFTMAX_MISTAKES = [*COMMON, *SHIFTS, *SOFTMAX_ONLY]


def margin_wrong(margin: float) -> dict[str, Change]:
    """Use a margin other than 1."""
    return {"margins": lambda v, value: value - 1 + margin}


def positive_scores(v: Values, counted: np.ndarray) -> np.ndarray:
    """Take 1 where a score is positive, and their number at the correct class."""
    mask = counted * (v.scores > 0)
    own = v.one_hot * mask.sum(axis=1, keepdims=True)
    return np.asarray(mask * (1 - v.one_hot) - own)


def negative_margins(v: Values) -> np.ndarray:
    """Take 1 where a margin is negative, and minus their number at the own class."""
    mask = (v.margins < 0) * (1 - v.one_hot)
    return np.asarray(mask - v.one_hot * mask.sum(axis=1, keepdims=True))


MARGIN = "With all scores equal, what should each wrong class add to the loss?"
FAR_BEHIND = "A wrong class is far behind the correct one. What should it add?"
SMALL_MARGIN = (
    "A margin is 0.3 and its score rises by 0.1. By how much does the loss rise?"
)

SVM_ONLY = catalogue(
    threshold_of_one=Mistake(
        "Only margins above 1 count, not all above 0",
        "A margin is 0.3. Should its class add to the loss, and does it?",
        {"counted": lambda v, value: value * (v.margins > 1)},
    ),
    own_class_by_value=Mistake(
        "Each margin of exactly 1 is set to 0, whichever class it belongs to",
        "Another class has the same score as the correct one. What is its margin?",
        {"counted": lambda v, value: value * (v.margins != 1)},
    ),
    margin_missing=Mistake("The margin of 1 is missing", MARGIN, margin_wrong(0)),
    margin_reversed=Mistake(
        "The difference of the scores is the wrong way round",
        RAISE_OWN_SCORE,
        {"margins": lambda v, value: 2 - value},
    ),
    own_class_counted=Mistake(
        "Each point counts 1 too much, as if the correct class were counted among the "
        "others",
        "What is the correct class's margin to itself, and should it cost anything?",
        {
            "losses": lambda v, value: value + 1,
            "dscores": lambda v, value: value - v.one_hot,
        },
    ),
    point_for_class=Mistake(
        "The label is compared with the index of the point, not of the class",
        POINT_FOR_CLASS,
        {
            "losses": lambda v, value: np.where(v.rows == v.y, 0, value + 1),
            "dscores": lambda v, value: np.where(
                (v.rows == v.y)[:, np.newaxis], 0, value
            ),
        },
    ),
    hinge_missing=[
        Mistake(
            "Negative margins count, too",
            FAR_BEHIND,
            {"losses": lambda v, _: (v.margins * (1 - v.one_hot)).sum(axis=1)},
        ),
        Mistake(
            "Classes count whose margin is not positive",
            "A wrong class is far behind the correct one. If its score rises a little, "
            "does the loss change? And is 0 >= 0?",
            without_p(lambda v: v.C - 1),
            without_p(lambda v: v.C),
        ),
    ],
    margin_wrong=[
        Mistake(f"The margin is {margin:g}, not 1", MARGIN, margin_wrong(margin))
        for margin in (0.1, 0.5, 2, 5, 10, -1)
    ],
    absolute_margins=Mistake(
        "The absolute margins are summed",
        FAR_BEHIND,
        {"losses": lambda v, _: (np.abs(v.margins) * (1 - v.one_hot)).sum(axis=1)},
    ),
    squared_margins=Mistake(
        "The margins are squared",
        "The worksheet's SVM loss sums the margins as they are.",
        {
            "losses": lambda v, _: (v.counted**2).sum(axis=1),
            "dscores": lambda v, _: (
                2 * (v.counted - v.one_hot * v.counted.sum(axis=1, keepdims=True))
            ),
        },
    ),
    largest_margin_only=Mistake(
        "Only the largest margin of a point counts",
        "The worksheet's SVM loss sums over the wrong classes.",
        {
            "losses": lambda v, _: v.counted.max(axis=1),
            "dscores": lambda v, _: (
                np.sign(v.counted.max(axis=1, keepdims=True))
                * (np.eye(v.C)[v.counted.argmax(axis=1)] - v.one_hot)
            ),
        },
    ),
    own_class_missing=Mistake(
        "The column of the correct class gets no gradient",
        "Every positive margin contains the correct class's score. With which sign?",
        {"dscores": lambda v, value: value * (1 - v.one_hot)},
    ),
    own_class_only=Mistake(
        "Only the column of the correct class gets a gradient",
        RAISE_WRONG_SCORE,
        {"dscores": lambda v, value: value * v.one_hot},
    ),
    wrong_class_sign=Mistake(
        "The columns of the wrong classes have the wrong sign",
        "If the score of a wrong class rises, does the loss rise or fall?",
        {"dscores": lambda v, value: np.where(v.one_hot, value, -value)},
    ),
    negative_margins_only=Mistake(
        "Negative margins count, not the positive ones",
        FAR_BEHIND,
        {
            "losses": lambda v, _: (np.minimum(0, v.margins) * (1 - v.one_hot)).sum(1),
            "dscores": lambda v, _: negative_margins(v),
        },
    ),
    counts_for_margins=Mistake(
        "Each positive margin adds 1 to the loss, not its size",
        "A margin of 0.3 and one of 30: should they cost the same?",
        {"losses": lambda v, _: (v.counted > 0).sum(axis=1)},
    ),
    best_score_for_own=Mistake(
        "The highest score is used where the correct class's score belongs",
        DEPENDS_ON_Y,
        {"margins": lambda v, _: v.scores - v.scores.max(axis=1, keepdims=True) + 1},
    ),
    own_class_sign=Mistake(
        "The column of the correct class has the wrong sign",
        RAISE_OWN_SCORE,
        {"dscores": lambda v, value: np.abs(value)},
    ),
    own_class_once=Mistake(
        "The correct class's column counts each point once, whatever the number of "
        "positive margins",
        "How many of the margins of a point contain the correct class's score?",
        {"dscores": lambda v, value: value * (1 - v.one_hot) - v.one_hot},
        {
            "dscores": lambda v, value: (
                value * (1 - v.one_hot)
                - v.one_hot * v.counted.any(axis=1, keepdims=True)
            )
        },
    ),
    scores_counted=Mistake(
        "Classes count whose score is positive, not those whose margin is",
        "A score can be positive and far below the correct class's. Does its class "
        "add to the loss?",
        {"dscores": lambda v, _: positive_scores(v, 1 - v.one_hot)},
        {"dscores": lambda v, _: positive_scores(v, np.ones_like(v.one_hot))},
    ),
    margins_for_counts=[
        Mistake(
            "The margins are used where a 1 belongs, in the columns of the wrong "
            "classes",
            SMALL_MARGIN,
            {"dscores": lambda v, value: np.where(v.one_hot, value, v.counted)},
        ),
        Mistake(
            "The margins are used where a 1 for each positive margin belongs",
            SMALL_MARGIN,
            {
                "dscores": lambda v, _: (
                    v.counted - v.one_hot * v.counted.sum(axis=1, keepdims=True)
                )
            },
        ),
    ],
)
SVM_MISTAKES = [*COMMON, *SVM_ONLY]

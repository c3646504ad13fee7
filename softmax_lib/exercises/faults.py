"""The catalogue of known mistakes, each as a change of the right calculation.

Several entries may share a name: they are the same mistake, written in different ways.
"""

from collections.abc import Callable

import numpy as np

from softmax_lib.exercises.calculation import Change, Fault, Values


def both(change: Change, loss_step: str, gradient_step: str) -> dict[str, Change]:
    """Make the same change to the loss and to the gradient."""
    return {loss_step: change, gradient_step: change}


def scaled(factor: Callable[[Values], float]) -> dict[str, Change]:
    """Scale the part that comes from the data."""
    return both(lambda v, value: value * factor(v), "data_loss", "data_gradient")


def divided_by(count: int) -> dict[str, Change]:
    """Divide the sum over the points by a number that is not their count."""
    return scaled(lambda v: v.N / count)


def rescaled_penalty(factor: Callable[[Values], float]) -> dict[str, Change]:
    """Scale the regularization."""
    return both(lambda v, value: value * factor(v), "penalty", "pull")


def without_row(row: int) -> dict[str, Change]:
    """Leave a row of ``W`` out of the regularization."""

    def pull(v: Values, value: np.ndarray) -> np.ndarray:
        value = value.copy()
        value[row] = 0
        return value

    return {
        "penalty": lambda v, value: value - v.reg * np.sum(v.W[row] ** 2),
        "pull": pull,
    }


def one_point(row: int) -> dict[str, Change]:
    """Count a single point."""
    return {
        "sum_loss": lambda v, _: v.losses[row],
        "sum_gradient": lambda v, _: np.outer(v.X[row], v.dscores[row]),
    }


def divided_each_time(last_too: int) -> dict[str, Change]:
    """Divide all that was added so far at each point, the last one included or not."""

    def shares(v: Values) -> np.ndarray:
        return np.asarray(1.0 / float(v.N) ** (v.N - v.rows - 1 + last_too))

    return {
        "data_loss": lambda v, _: np.sum(v.losses * shares(v)),
        "data_gradient": lambda v, _: v.X.T @ (v.dscores.T * shares(v)).T,
    }


def penalized_each_time(divided: int) -> dict[str, Change]:
    """Add the regularization at each point, before or after all is divided by N."""
    return rescaled_penalty(
        lambda v: sum(float(v.N) ** -k for k in range(divided, v.N + divided))
    )


def all_but_one(row: int) -> dict[str, Change]:
    """Leave out a point."""
    return {
        "sum_loss": lambda v, value: value - v.losses[row],
        "sum_gradient": lambda v, value: value - np.outer(v.X[row], v.dscores[row]),
    }


def without_class(column: int) -> dict[str, Change]:
    """Leave out a class in the gradient."""

    def changed(v: Values, value: np.ndarray) -> np.ndarray:
        value = value.copy()
        value[:, column] = 0
        return value

    return {"dscores": changed}


POINT_FOR_CLASS = "y[i] is a class. Which of your loops counts the classes?"

COMMON = [
    Fault(
        "not_averaged",
        "The division by the number of points N is missing",
        "Copy every point once, so that N doubles. Should your result double, too?",
        scaled(lambda v: v.N),
    ),
    Fault(
        "averaged_over_features",
        "The sum over the points is divided by the number of features D, not of points",
        "X is (N, D). Which of its two lengths counts the points?",
        scaled(lambda v: v.N / len(v.W)),
    ),
    Fault(
        "averaged_over_classes",
        "The sum over the points is divided by the number of classes C, not of points",
        "A mean over the points divides by how many things?",
        scaled(lambda v: v.N / v.C),
    ),
    Fault(
        "averaged_over_points_and_classes",
        "The sum is divided by N times C, not by N",
        "How many numbers does your mean run over, and how many points are there?",
        scaled(lambda v: 1 / v.C),
    ),
    Fault(
        "averaged_twice",
        "The sum over the points is divided by N twice",
        "Follow one point through your code and count the divisions by N.",
        scaled(lambda v: 1 / v.N),
    ),
    *[
        Fault(
            "averaged_over_constant",
            f"The sum over the points is divided by {count}, however many there are",
            "Where does that number come from? Which length of X counts the points?",
            divided_by(count),
        )
        for count in (200, 500, 1000, 49000)
    ],
    *[
        Fault(
            "averaged_inside_the_loop",
            "The division by N stands inside the loop over the points",
            "What happens to the first point's share when the second point is added?",
            divided_each_time(last_too),
        )
        for last_too in (1, 0)
    ],
    *[
        Fault(
            "averaged_inside_the_loop",
            "The division by N and the regularization stand inside the loop over the "
            "points",
            "Which lines belong to each point, and which come once, after the last?",
            divided_each_time(last_too) | penalized_each_time(divided),
        )
        for last_too, divided in ((1, 0), (0, 0), (1, 1))
    ],
    *[
        Fault(
            "point_left_out",
            f"The {name} point is left out",
            "Write down the numbers that your loop counts through.",
            all_but_one(row),
        )
        for name, row in (("last", -1), ("first", 0))
    ],
    Fault(
        "last_point_only",
        "Only the last point counts",
        "Does each point add to what is there, or replace it?",
        one_point(-1),
    ),
    Fault(
        "first_point_only",
        "Only the first point counts",
        "When does your function return, and where does the loop end?",
        one_point(0),
    ),
    Fault(
        "data_sign",
        "The part that comes from the data has the wrong sign",
        "A point that the classifier gets right for sure: is its loss near 0 and never "
        "below? And does a step against the gradient make the loss smaller?",
        scaled(lambda v: -1),
    ),
    Fault(
        "sign",
        "The sign is wrong, regularization included",
        "Can a sum of squares make the loss smaller?",
        both(lambda v, value: -value, "loss", "dW"),
    ),
    Fault(
        "data_missing",
        "The part from the data is missing; only the regularization is there",
        "Set reg to 0. What is left, and where should it come from?",
        scaled(lambda v: 0),
    ),
    Fault(
        "X_missing",
        "The points X are missing",
        "Score j is the sum over d of x_d times W_dj. What is its derivative with "
        "respect to W_dj?",
        {"sum_gradient": lambda v, _: np.ones_like(v.X).T @ v.dscores},
    ),
    Fault(
        "sums_multiplied",
        "The sum of the points is multiplied by the sum of their dscores",
        "Point 1 and the dscores of point 2: do they meet in your product?",
        {"sum_gradient": lambda v, _: np.outer(v.X.sum(0), v.dscores.sum(0))},
    ),
    Fault(
        "reg_missing",
        "The regularization is missing",
        "Call your function with reg = 0 and with reg = 0.5. Which number changes, and "
        "which should?",
        rescaled_penalty(lambda v: 0),
    ),
    Fault(
        "reg_half",
        "The regularization is half of what the worksheet asks for",
        "The worksheet's penalty is reg times the sum of the squared weights, with no "
        "factor 0.5 (other years of the course have one). What is the derivative of "
        "w² with respect to w?",
        rescaled_penalty(lambda v: 0.5),
    ),
    Fault(
        "reg_doubled",
        "The regularization is twice what the worksheet asks for",
        "How often do you add it, and with which factor?",
        rescaled_penalty(lambda v: 2),
    ),
    Fault(
        "reg_divided_by_N",
        "The regularization is divided by N",
        "Which of the two terms is a mean over the points: the losses, the penalty, or "
        "both? In which order do you divide and add?",
        rescaled_penalty(lambda v: 1 / v.N),
    ),
    Fault(
        "reg_for_each_point",
        "The regularization is added once for each point",
        "How many times does the line with reg run?",
        rescaled_penalty(lambda v: v.N),
    ),
    Fault(
        "reg_without_bias",
        "The regularization leaves out the bias, the last row of W",
        "The worksheet's penalty sums over all of W, the bias row included.",
        without_row(-1),
    ),
    Fault(
        "reg_without_first_row",
        "The regularization leaves out the first row of W",
        "The worksheet's penalty sums over all of W. Which rows does yours take?",
        without_row(0),
    ),
    Fault(
        "reg_not_squared",
        "The regularization takes the weights and not their squares",
        "Weights of +3 and -3: what do they add to your penalty?",
        {
            "penalty": lambda v, _: v.reg * np.sum(v.W),
            "pull": lambda v, _: np.full_like(v.W, v.reg),
        },
    ),
    Fault(
        "reg_absolute",
        "The regularization takes the absolute weights and not their squares",
        "The worksheet's penalty is the sum of the squared weights.",
        {
            "penalty": lambda v, _: v.reg * np.sum(np.abs(v.W)),
            "pull": lambda v, _: v.reg * np.sign(v.W),
        },
    ),
    Fault(
        "reg_root",
        "The regularization takes the root of the sum of squares",
        "What does np.linalg.norm return, and what does the penalty ask for?",
        {
            "penalty": lambda v, _: v.reg * np.sqrt(np.sum(v.W**2)),
            "pull": lambda v, _: v.reg * v.W / np.sqrt(np.sum(v.W**2)),
        },
    ),
    Fault(
        "reg_mean",
        "The regularization takes the mean of the squared weights and not their sum",
        "Where does the worksheet ask for a mean, and over what?",
        rescaled_penalty(lambda v: 1 / v.W.size),
    ),
    Fault(
        "reg_square_of_sum",
        "The regularization squares the sum and does not sum the squares",
        "Weights of +3 and -3: what do they add to your penalty?",
        {"penalty": lambda v, _: v.reg * np.sum(v.W) ** 2},
    ),
    *[
        Fault(
            "reg_square_of_sum",
            "The regularization adds the sum of all weights to every entry",
            "The penalty is a sum over the weights. In which of its terms does W_dj "
            "stand?",
            {"pull": change},
        )
        for change in (
            lambda v, _: np.full_like(v.W, 2 * v.reg * np.sum(v.W)),
            lambda v, _: np.full_like(v.W, v.reg * np.sum(v.W)),
        )
    ],
    *[
        Fault(
            "reg_mixed_products",
            "The regularization also holds products of different weights",
            "Which entries does the product of W and its transpose have, and which of "
            "them are sums of squares?",
            {"penalty": change},
        )
        for change in (
            lambda v, _: v.reg * np.sum(v.W @ v.W.T),
            lambda v, _: v.reg * np.sum(v.W.T @ v.W),
        )
    ],
    Fault(
        "reg_strength_ignored",
        "The regularization does not depend on reg",
        "Set reg to 0. Is your penalty gone?",
        {
            "penalty": lambda v, _: np.sum(v.W**2),
            "pull": lambda v, _: 2 * v.W,
        },
    ),
    Fault(
        "reg_sign",
        "The regularization has the wrong sign",
        "Large weights should cost something. Do they?",
        rescaled_penalty(lambda v: -1),
    ),
    Fault(
        "reg_without_W",
        "The gradient of the regularization does not contain W",
        "What is the derivative of reg * w² with respect to w?",
        {"pull": lambda v, _: np.full_like(v.W, 2 * v.reg)},
    ),
    Fault(
        "reg_not_differentiated",
        "The penalty itself is added, and not its derivative",
        "The penalty is one number; its gradient has one entry for each weight. What "
        "is the derivative of reg * w² with respect to w?",
        {"pull": lambda v, _: np.full_like(v.W, v.reg * np.sum(v.W**2))},
    ),
    Fault(
        "reg_not_differentiated",
        "The squared weights are added, and not their derivative",
        "What is the derivative of reg * w² with respect to w?",
        {"pull": lambda v, _: v.reg * v.W**2},
    ),
]


def through_probs(change: Change) -> dict[str, Change]:
    """Change the probabilities, and with them the loss."""
    return {
        "probs": change,
        "losses": lambda v, _: -np.log(v.probs[v.rows, v.label]),
    }


def shifted_by(shift: Callable[[np.ndarray], np.ndarray]) -> dict[str, Change]:
    """Subtract something else than the largest score of each row."""
    return {"shifted": lambda v, _: v.scores - shift(v.scores)}


def own_excluded(v: Values, _: np.ndarray) -> np.ndarray:
    """Divide by the sum over the other classes."""
    return np.asarray(v.exps / (v.exps * (1 - v.hot)).sum(axis=1, keepdims=True))


def svm_margins(v: Values) -> np.ndarray:
    """Return the margins of the wrong classes, with -1 for the correct one."""
    own = v.scores[v.rows, v.y][:, np.newaxis]
    return np.asarray(np.where(v.hot, -1, v.scores - own + 1))


def epsilon_in_log(epsilon: float) -> Fault:
    """Add a small number to the probability before its logarithm is taken."""
    return Fault(
        "epsilon_in_log",
        f"A number like {epsilon:g} is added to the probability, or bounds it, before "
        "the logarithm",
        "It caps the loss of a point that is far from right. Which two terms does the "
        "logarithm of a quotient become, and can either of them be log(0)?",
        {"losses": lambda v, _: -np.log(v.probs[v.rows, v.label] + epsilon)},
    )


def base(name: str, unit: float) -> list[Fault]:
    """Take another logarithm, of the probability or of the sum only."""
    sentence = f"The logarithm has base {name}, not e"
    hint = "With ten equal scores the loss should be 2.302585. What is yours?"
    return [
        Fault(
            f"log_base_{name}",
            sentence,
            hint,
            {
                "losses": lambda v, value: value / unit,
                "dscores": lambda v, value: value / unit,
            },
        ),
        Fault(
            f"log_base_{name}",
            sentence,
            hint,
            {
                "losses": lambda v, _: (
                    np.log(v.exps.sum(axis=1)) / unit - v.shifted[v.rows, v.label]
                )
            },
        ),
    ]


def softmax_of(scores: np.ndarray) -> np.ndarray:
    """Return the probabilities of each row of scores."""
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=1, keepdims=True))


# Right on paper, and on a computer while the scores are small.
SHIFTS = [
    Fault(
        "maximum_not_subtracted",
        "No maximum is subtracted from the scores",
        "What is np.exp(1000)? Which number may you take from all scores of a point "
        "without changing its probabilities?",
        shifted_by(np.zeros_like),
    ),
    Fault(
        "minimum_subtracted",
        "The minimum is subtracted from the scores, not the maximum",
        "After the shift, which sign must the scores have so that exp cannot overflow?",
        shifted_by(lambda scores: scores.min(axis=1, keepdims=True)),
    ),
    Fault(
        "mean_subtracted",
        "The mean is subtracted from the scores, not the maximum",
        "After the shift, which sign must the scores have so that exp cannot overflow?",
        shifted_by(lambda scores: scores.mean(axis=1, keepdims=True)),
    ),
    Fault(
        "own_score_subtracted",
        "The correct class's score is subtracted from the scores, not the maximum",
        "After the shift, which sign must the scores have so that exp cannot overflow?",
        {
            "shifted": lambda v, _: v.scores - v.scores[v.rows, v.y][:, np.newaxis],
        },
    ),
    Fault(
        "maximum_of_all",
        "One maximum of all points is subtracted, not each point's own",
        "One point has scores near 2000, another near 0. What is left of the second "
        "one's exponentials?",
        shifted_by(lambda scores: scores.max()),
    ),
    Fault(
        "maximum_of_absolute",
        "The largest absolute score is subtracted, not the largest score",
        "All scores of a point lie near -2000. Where are they after your shift?",
        shifted_by(lambda scores: np.abs(scores).max(axis=1, keepdims=True)),
    ),
    Fault(
        "maximum_added",
        "The maximum is added to the scores, where it should be subtracted",
        "After the shift, which sign must the scores have so that exp cannot overflow?",
        shifted_by(lambda scores: -scores.max(axis=1, keepdims=True)),
    ),
]
LOGS = [
    Fault(
        "log_of_zero",
        "The logarithm of a probability that has become 0",
        "The probability is a quotient. Which two terms does its logarithm become, and "
        "can either of them be log(0)?",
        {"losses": lambda v, _: -np.log(v.probs[v.rows, v.label])},
    ),
    Fault(
        "log_of_zero",
        "A zero times the logarithm of a probability that has become 0",
        "What is 0 * log(0) in NumPy? Of which probability do you need the logarithm?",
        {"losses": lambda v, _: -(v.hot * np.log(v.probs)).sum(axis=1)},
    ),
    *[epsilon_in_log(10.0**-k) for k in (*range(2, 21), 30, 50, 100, 200, 300)],
    epsilon_in_log(float(np.finfo(float).eps)),
]
EXTREME_FAULTS = [*SHIFTS, *LOGS]

SOFTMAX_FAULTS = [
    *COMMON,
    *SHIFTS,
    *map(epsilon_in_log, (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)),
    Fault(
        "not_normalized",
        "The exponentials are not divided by their sum, so they are no probabilities",
        "Add up the probabilities of one point. What should come out?",
        through_probs(lambda v, _: v.exps),
    ),
    *[
        Fault(
            "exp_missing",
            "The exponentials are missing: the scores themselves are divided by their "
            "sum",
            "Scores of 3, 1 and -2: which parts of their sum are they, and can a "
            "probability be negative?",
            through_probs(change),
        )
        for change in (
            lambda v, _: v.scores / v.scores.sum(axis=1, keepdims=True),
            lambda v, _: v.shifted / v.shifted.sum(axis=1, keepdims=True),
        )
    ],
    Fault(
        "exp_missing",
        "The exponentials are missing: the logarithm is taken of the sum of the scores",
        "Can the sum of the scores be negative? Of what is the logarithm to be taken?",
        {
            "losses": lambda v, _: (
                np.log(v.scores.sum(axis=1)) - v.scores[v.rows, v.label]
            )
        },
    ),
    *[
        Fault(
            "normalized_over_points",
            "The exponentials are divided by sums over the points, not the classes",
            "Add up the probabilities of one point, one row. What should come out? "
            "Which axis runs over the classes?",
            through_probs(change),
        )
        for change in (
            lambda v, _: v.exps / v.exps.sum(axis=0),
            lambda v, _: np.exp(v.scores) / np.exp(v.scores).sum(axis=0),
        )
    ],
    *[
        Fault(
            "normalized_over_everything",
            "The exponentials are divided by one sum over all points and classes",
            "Add up the probabilities of one point, one row. What should come out?",
            through_probs(change),
        )
        for change in (
            lambda v, _: v.exps / v.exps.sum(),
            lambda v, _: np.exp(v.scores) / np.exp(v.scores).sum(),
        )
    ],
    *[
        Fault(
            "softmax_twice",
            "The softmax is taken twice: probabilities stand where scores belong",
            "A point has the scores 100, 0 and 0. How near to 0 does its loss come?",
            change,
        )
        for change in (
            {"scores": lambda v, scores: softmax_of(scores)},
            {
                "losses": lambda v, _: (
                    np.log(np.exp(v.probs).sum(axis=1)) - v.probs[v.rows, v.label]
                )
            },
        )
    ],
    Fault(
        "own_class_left_out_of_sum",
        "The sum of the exponentials leaves out the correct class",
        "Add up the probabilities of one point. What should come out?",
        through_probs(own_excluded),
    ),
    Fault(
        "maximum_over_points",
        "The maximum is taken over the points of a class, not the classes of a point",
        "All scores of one point may be moved by the same amount. Is it the same "
        "amount for all classes of a point in your code?",
        shifted_by(lambda scores: scores.max(axis=0)),
    ),
    Fault(
        "divided_by_maximum",
        "The scores are divided by their maximum, where it should be subtracted",
        "Which change of the scores leaves the probabilities as they are?",
        {"shifted": lambda v, _: v.scores / v.scores.max(axis=1, keepdims=True)},
    ),
    *[
        Fault(
            "shifted_in_one_place",
            "The maximum is subtracted in one place and not in the other",
            "The same amount must leave the correct class's score and the scores in "
            "the sum. Does it?",
            {"losses": change},
        )
        for change in (
            lambda v, _: np.log(v.exps.sum(axis=1)) - v.scores[v.rows, v.y],
            lambda v, _: (
                np.log(np.exp(v.scores).sum(axis=1)) - v.shifted[v.rows, v.label]
            ),
        )
    ],
    *base("2", np.log(2)),
    *base("10", np.log(10)),
    Fault(
        "log1p",
        "The logarithm of 1 + p is taken, not that of p",
        "What should the loss be when the correct class has probability 1?",
        {"losses": lambda v, _: -np.log1p(v.probs[v.rows, v.label])},
    ),
    Fault(
        "log_missing",
        "The logarithm is missing",
        "With ten equal scores the loss should be 2.302585. What is yours?",
        {
            "losses": lambda v, _: -v.probs[v.rows, v.label],
            "dscores": lambda v, value: value * v.probs[v.rows, v.y][:, np.newaxis],
        },
    ),
    Fault(
        "log_missing",
        "The logarithm is missing: 1 - p is not -log(p)",
        "With ten equal scores the loss should be 2.302585. What is yours?",
        {"losses": lambda v, _: 1 - v.probs[v.rows, v.label]},
    ),
    Fault(
        "log_of_sum_missing",
        "The logarithm of the sum of exponentials is missing",
        "Which two terms does the logarithm of a quotient become?",
        {"losses": lambda v, _: v.exps.sum(axis=1) - v.shifted[v.rows, v.label]},
    ),
    *[
        Fault(
            "own_score_missing",
            sentence,
            "Does your loss change when y changes?",
            {"losses": change},
        )
        for sentence, change in (
            (
                "The score of the correct class is missing, or the highest one stands "
                "in its place",
                lambda v, _: np.log(v.exps.sum(axis=1)),
            ),
            (
                "The score of the correct class is missing",
                lambda v, _: np.log(np.exp(v.scores).sum(axis=1)),
            ),
        )
    ],
    *[
        Fault(
            "exp_of_sum",
            "The scores are summed before the exponential is taken",
            "With scores of 0 and 0: is exp(0 + 0) the same as exp(0) + exp(0)?",
            {"losses": change},
        )
        for change in (
            lambda v, _: v.shifted.sum(axis=1) - v.shifted[v.rows, v.label],
            lambda v, _: v.scores.sum(axis=1) - v.scores[v.rows, v.label],
        )
    ],
    Fault(
        "sum_not_reset",
        "The sum of the exponentials goes on from one point to the next",
        "What should the sum be when the next point begins?",
        through_probs(lambda v, _: v.exps / v.exps.sum(axis=1).cumsum()[:, np.newaxis]),
    ),
    Fault(
        "once_for_each_class",
        "Each point is counted once for each class",
        "How many times does the line run that adds a point's share?",
        scaled(lambda v: v.C),
    ),
    Fault(
        "svm_loss",
        "This is the SVM loss, not the softmax loss",
        "A wrong class is far behind the correct one. Does its score still matter "
        "in the softmax loss?",
        {
            "losses": lambda v, _: np.maximum(0, svm_margins(v)).sum(axis=1),
            "dscores": lambda v, _: (
                (svm_margins(v) > 0)
                - v.hot * (svm_margins(v) > 0).sum(axis=1, keepdims=True)
            ),
        },
    ),
    Fault(
        "own_score_sign",
        "The score of the correct class has the wrong sign",
        "Raise the correct class's score. Should the loss go up or down?",
        {
            "losses": lambda v, _: (
                np.log(v.exps.sum(axis=1)) + v.shifted[v.rows, v.label]
            )
        },
    ),
    Fault(
        "all_classes",
        "The losses of all classes are summed, not the correct class's alone",
        "Which of the C probabilities of a point says how good the classifier is?",
        {
            "losses": lambda v, _: -np.log(v.probs).sum(axis=1),
            "dscores": lambda v, _: v.C * v.probs - 1,
        },
    ),
    *[
        Fault(
            "sigmoid",
            "This is the sigmoid of each score, not the softmax of all of them",
            "Add up the probabilities of one point. What should come out?",
            through_probs(change),
        )
        for change in (
            lambda v, _: 1 / (1 + np.exp(-v.shifted)),
            lambda v, _: 1 / (1 + np.exp(-v.scores)),
        )
    ],
    Fault(
        "binary_cross_entropy",
        "The other classes add -log(1 - p), as if each class were a yes-or-no question",
        "Softmax already ties the classes together. Whose probability is in its loss?",
        {
            "losses": lambda v, value: (
                value - (np.log(1 - v.probs) * (1 - v.hot)).sum(axis=1)
            )
        },
    ),
    Fault(
        "last_class",
        "The loss is that of the last class, not of the correct one",
        "Which lines run for every class, and which for the correct one alone?",
        {"label": lambda v, _: np.full(v.N, v.C - 1)},
    ),
    Fault(
        "predicted_class",
        "The loss is that of the class with the highest score, not the correct one",
        "Does your loss change when y changes?",
        {
            "losses": lambda v, _: -np.log(v.probs.max(axis=1)),
            "dscores": lambda v, _: (
                v.probs - (v.probs == v.probs.max(1, keepdims=True))
            ),
        },
    ),
    *[
        Fault(
            "every_label_for_every_point",
            "Each point is compared with the labels of all points",
            "What is the shape of probs[:, y]? You need one number for each point.",
            {"sum_loss": change},
        )
        for change in (
            lambda v, _: -np.log(v.probs[:, v.y]).sum(),
            lambda v, _: -np.log(v.probs[:, v.y]).sum() / v.N,
        )
    ],
    Fault(
        "label_of_first_point",
        "The label of the first point is used for all points",
        "Which index counts the points in your code, and which one the classes?",
        {
            "label": lambda v, _: np.full(v.N, v.y[0]),
            "dscores": lambda v, value: value + v.hot - v.hot[0],
        },
    ),
    Fault(
        "squared_error",
        "This is the squared error of the probabilities, not their cross-entropy",
        "Which single probability of a point is in the softmax loss?",
        {"losses": lambda v, _: ((v.probs - v.hot) ** 2).sum(axis=1)},
    ),
    Fault(
        "one_for_each_class",
        "For the correct class, 1 is subtracted C times",
        "How often does the line run that subtracts the point?",
        {"dscores": lambda v, value: value - (v.C - 1) * v.hot},
    ),
    Fault(
        "own_class_in_every_column",
        "Every class gets p - 1 of the correct class",
        "Which probability belongs to column j?",
        {
            "dscores": lambda v, _: (
                (v.hot * v.probs).sum(axis=1, keepdims=True) - 1 + 0 * v.hot
            )
        },
    ),
    *[
        Fault(
            "class_left_out",
            f"The {name} class gets no gradient",
            "Write down the classes that your loop counts through.",
            without_class(column),
        )
        for name, column in (("first", 0), ("last", -1))
    ],
    Fault(
        "every_label_for_every_point",
        "The 1 is subtracted at the labels of all points in every row",
        "Which entries does dscores[:, y] name? You need one for each point.",
        {"dscores": lambda v, value: value + v.hot - v.hot.any(axis=0)},
    ),
    Fault(
        "labels_off_by_one",
        "The class before the correct one is taken",
        "The labels start at 0. Which column belongs to label 0?",
        {
            "label": lambda v, _: v.y - 1,
            "dscores": lambda v, value: value + v.hot - np.roll(v.hot, -1, axis=1),
        },
    ),
    Fault(
        "own_class_missing",
        "The correct class is treated like the others: nothing is subtracted for it",
        "The loss contains the correct class's score once more, outside of the sum. "
        "What is the derivative of that term?",
        {"dscores": lambda v, value: value + v.hot},
    ),
    Fault(
        "probs_missing",
        "The probabilities are missing",
        "The loss contains the logarithm of a sum of exponentials. What is its "
        "derivative with respect to one score?",
        {"dscores": lambda v, _: -v.hot},
    ),
    Fault(
        "one_added",
        "The 1 of the correct class is added, where it should be subtracted",
        "If the score of the correct class rises, does the loss rise or fall?",
        {"dscores": lambda v, value: value + 2 * v.hot},
    ),
    Fault(
        "one_in_every_class",
        "The 1 is subtracted in every class, not in the correct one alone",
        "The C entries of one point should add up to 0. Do they?",
        {"dscores": lambda v, value: value + v.hot - 1},
    ),
    *[
        Fault(
            "scores_for_probs",
            "The scores stand where the probabilities should",
            "The C entries of one point should add up to 0. Do they?",
            {"wished_away": change},
        )
        for change in (lambda v, _: v.scores, lambda v, _: v.shifted)
    ],
    Fault(
        "branches_swapped",
        "The correct class gets p and the wrong ones p - 1; it is the other way round",
        "For which classes is the condition of your `if` true?",
        {"dscores": lambda v, _: v.probs - (1 - v.hot)},
    ),
    Fault(
        "complement_for_probs",
        "1 - p stands where p should",
        "The C entries of one point should add up to 0. Do they?",
        {"wished_away": lambda v, _: 1 - v.probs},
    ),
    Fault(
        "own_class_sign",
        "The column of the correct class has the wrong sign",
        "If the score of the correct class rises, does the loss rise or fall?",
        {"dscores": lambda v, value: np.where(v.hot, -value, value)},
    ),
    Fault(
        "log_for_probs",
        "The logarithms of the probabilities stand where the probabilities should",
        "The C entries of one point should add up to 0. Do they?",
        {"wished_away": lambda v, _: np.log(v.probs)},
    ),
    *[
        Fault(
            "derivative_of_logarithm",
            "This is the derivative -1/p of the logarithm alone",
            "The loss is -log(p), and p depends on the scores. What does the chain "
            "rule multiply by?",
            {"dscores": change},
        )
        for change in (
            lambda v, _: -v.hot / v.probs,
            lambda v, _: -1 / v.probs,
            lambda v, _: np.where(v.hot, -1 / v.probs, v.probs),
            lambda v, _: np.where(v.hot, -1 / v.probs, 1 / v.probs),
            lambda v, _: v.probs - v.hot / v.probs,
        )
    ],
    Fault(
        "point_for_class",
        "The number of the point is compared with the label, not the number of the "
        "class",
        POINT_FOR_CLASS,
        {"dscores": lambda v, value: value + v.hot - (v.rows == v.y)[:, np.newaxis]},
    ),
    Fault(
        "derivative_of_probability",
        "This is the derivative p (1 - p) of a probability, not that of the loss",
        "The loss is the logarithm of p. What does the chain rule add?",
        {"dscores": lambda v, _: v.probs * (1 - v.probs)},
    ),
    Fault(
        "derivative_of_probability",
        "The derivative p (1 - p) of a probability is multiplied in once more",
        "Which derivatives has the chain rule multiplied already when p and p - 1 come "
        "out?",
        {"dscores": lambda v, value: value * v.probs * (1 - v.probs)},
    ),
    Fault(
        "own_class_only",
        "Only the column of the correct class gets a gradient",
        "If the score of a wrong class rises, does the loss change?",
        {"dscores": lambda v, value: np.where(v.hot, value, 0)},
    ),
    Fault(
        "probability_of_own_class_missing",
        "The correct class gets -1, where p - 1 should stand",
        "The C entries of one point should add up to 0. Do they?",
        {"dscores": lambda v, value: np.where(v.hot, -1, value)},
    ),
    Fault(
        "own_class_skipped",
        "The column of the correct class gets no gradient",
        "If the score of the correct class rises, does the loss change?",
        {"dscores": lambda v, value: np.where(v.hot, 0, value)},
    ),
]


def with_margin(margin: float) -> Fault:
    """Ask for another margin than 1."""
    return Fault(
        "margin_missing" if margin == 0 else "margin_wrong",
        "The margin of 1 is missing"
        if margin == 0
        else f"The margin is {margin:g}, not 1",
        "With all scores equal, what should each wrong class add to the loss?",
        {"margins": lambda v, value: value - 1 + margin},
    )


def no_hinge(own: Callable[[Values], float]) -> dict[str, Change]:
    """Count every class, whatever its margin."""
    return {"dscores": lambda v, _: 1 - v.hot - v.hot * own(v)}


def positive_scores(v: Values, counted: np.ndarray) -> np.ndarray:
    """Take 1 where a score is positive, and their number at the correct class."""
    mask = counted * (v.scores > 0)
    return np.asarray(mask * (1 - v.hot) - v.hot * mask.sum(axis=1, keepdims=True))


SVM_FAULTS = [
    *COMMON,
    *[with_margin(margin) for margin in (0.0, 0.1, 0.5, 2.0, 5.0, 10.0, -1.0)],
    Fault(
        "margin_reversed",
        "The difference of the scores is the wrong way round",
        "Raise the correct class's score. Should the loss go up or down?",
        {"margins": lambda v, value: 2 - value},
    ),
    Fault(
        "own_class_counted",
        "The correct class is counted among the others",
        "What is the correct class's margin to itself, and should it cost anything?",
        {
            "losses": lambda v, value: value + 1,
            "dscores": lambda v, value: value - v.hot,
        },
    ),
    Fault(
        "point_for_class",
        "The number of the point is compared with the label, not the number of the "
        "class",
        POINT_FOR_CLASS,
        {
            "losses": lambda v, value: np.where(v.rows == v.y, 0, value + 1),
            "dscores": lambda v, value: np.where(
                (v.rows == v.y)[:, np.newaxis], 0, value
            ),
        },
    ),
    Fault(
        "hinge_missing",
        "Negative margins count, too",
        "A wrong class is far behind the correct one. What should it add?",
        {"losses": lambda v, _: (v.margins * (1 - v.hot)).sum(axis=1)},
    ),
    *[
        Fault(
            "hinge_missing",
            "Classes count whose margin is not positive",
            "A wrong class is far behind the correct one. If its score rises a little, "
            "does the loss change? And is 0 >= 0?",
            no_hinge(own),
        )
        for own in (lambda v: v.C - 1, lambda v: v.C)
    ],
    Fault(
        "absolute_margins",
        "The absolute margins are summed",
        "A wrong class is far behind the correct one. What should it add?",
        {"losses": lambda v, _: (np.abs(v.margins) * (1 - v.hot)).sum(axis=1)},
    ),
    Fault(
        "squared_margins",
        "The margins are squared",
        "The worksheet's SVM loss sums the margins as they are.",
        {
            "losses": lambda v, _: (v.counted**2).sum(axis=1),
            "dscores": lambda v, _: (
                2 * (v.counted - v.hot * v.counted.sum(axis=1, keepdims=True))
            ),
        },
    ),
    Fault(
        "largest_margin_only",
        "Only the largest margin of a point counts",
        "The worksheet's SVM loss sums over the wrong classes.",
        {
            "losses": lambda v, _: v.counted.max(axis=1),
            "dscores": lambda v, _: (
                np.sign(v.counted.max(axis=1, keepdims=True))
                * (np.eye(v.C)[v.counted.argmax(axis=1)] - v.hot)
            ),
        },
    ),
    Fault(
        "own_class_missing",
        "The column of the correct class gets no gradient",
        "Every positive margin contains the correct class's score. With which sign?",
        {"dscores": lambda v, value: value * (1 - v.hot)},
    ),
    Fault(
        "own_class_only",
        "Only the column of the correct class gets a gradient",
        "If the score of a wrong class rises, does the loss change?",
        {"dscores": lambda v, value: value * v.hot},
    ),
    Fault(
        "wrong_class_sign",
        "The columns of the wrong classes have the wrong sign",
        "If the score of a wrong class rises, does the loss rise or fall?",
        {"dscores": lambda v, value: np.where(v.hot, value, -value)},
    ),
    Fault(
        "counts_for_margins",
        "Each positive margin adds 1 to the loss, not its size",
        "A margin of 0.3 and one of 30: should they cost the same?",
        {"losses": lambda v, _: (v.counted > 0).sum(axis=1)},
    ),
    Fault(
        "best_score_for_own",
        "The highest score stands where the correct class's score should",
        "Does your loss change when y changes?",
        {"margins": lambda v, _: v.scores - v.scores.max(axis=1, keepdims=True) + 1},
    ),
    Fault(
        "own_class_sign",
        "The column of the correct class has the wrong sign",
        "If the score of the correct class rises, does the loss rise or fall?",
        {"dscores": lambda v, value: np.abs(value)},
    ),
    *[
        Fault(
            "own_class_once",
            "The correct class's column counts each point once, whatever the number of "
            "positive margins",
            "How many of the margins of a point contain the correct class's score?",
            {"dscores": change},
        )
        for change in (
            lambda v, value: value * (1 - v.hot) - v.hot,
            lambda v, value: (
                value * (1 - v.hot) - v.hot * v.counted.any(axis=1, keepdims=True)
            ),
        )
    ],
    *[
        Fault(
            "scores_counted",
            "Classes count whose score is positive, not those whose margin is",
            "A score can be positive and far behind the correct one. Does its class "
            "add to the loss?",
            {"dscores": change},
        )
        for change in (
            lambda v, _: positive_scores(v, 1 - v.hot),
            lambda v, _: positive_scores(v, np.ones_like(v.hot)),
        )
    ],
    Fault(
        "margins_for_counts",
        "The margins stand where a 1 should, in the columns of the wrong classes",
        "A margin is 0.3 and its score rises by 0.1. By how much does the loss rise?",
        {"dscores": lambda v, value: np.where(v.hot, value, v.counted)},
    ),
    Fault(
        "margins_for_counts",
        "The margins stand where a 1 for each positive margin should",
        "A margin is 0.3 and its score rises by 0.1. By how much does the loss rise?",
        {
            "dscores": lambda v, _: (
                v.counted - v.hot * v.counted.sum(axis=1, keepdims=True)
            )
        },
    ),
]

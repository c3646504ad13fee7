"""The small inputs on which a reader's loss is tried.

They are chosen so that mistakes differ: N, D and C differ from each other, and once
they are all equal; labels are uneven and one class does not occur; one column of ``X``
is the bias; ``reg`` is zero and not zero. The extreme ones have scores that overflow
or underflow unless each row's maximum is subtracted.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Input:
    """One input of a loss function."""

    name: str
    W: np.ndarray
    X: np.ndarray
    y: np.ndarray
    reg: float


def draw_input(
    name: str, N: int, D: int, C: int, labels: list[int], reg: float
) -> Input:
    """Draw an input whose last column of ``X`` is the bias."""
    rng = np.random.default_rng([N, D, C])
    X = np.hstack([rng.uniform(-2, 2, (N, D - 1)), np.ones((N, 1))])
    return Input(name, rng.uniform(-1.5, 1.5, (D, C)), X, np.array(labels), reg)


def with_scores(name: str, scores: list[list[float]], labels: list[int]) -> Input:
    """Return an input with these scores: ``X`` is the identity and ``W`` the scores."""
    W = np.array(scores, dtype=float)
    return Input(name, W, np.eye(len(W)), np.array(labels), 0.0)


HAND_X = np.array([[1.0, 2.0], [3.0, 1.0]])
HAND_W = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]])
HAND_Y = np.array([0, 2])
HAND = Input("two points, three classes, reg = 0", HAND_W, HAND_X, HAND_Y, 0.0)
HAND_REG = Input("two points, three classes, reg = 0.5", HAND_W, HAND_X, HAND_Y, 0.5)

# Right functions may reject or round these: a difference is worth a remark.
SINGLE = replace(
    HAND_REG, name="float32", W=HAND_W.astype(np.float32), X=HAND_X.astype(np.float32)
)
IMAGES = replace(HAND_REG, name="uint8", X=HAND_X.astype(np.uint8))

ORDINARY = [
    HAND,
    HAND_REG,
    draw_input(
        "five points, a class that does not occur", 5, 4, 3, [2, 0, 2, 2, 0], 0.0
    ),
    draw_input("six points, four classes", 6, 3, 4, [3, 1, 1, 0, 1, 2], 0.3),
    draw_input("a single point", 1, 3, 4, [1], 0.1),
    draw_input("as many points as features and classes", 4, 4, 4, [1, 3, 3, 0], 0.2),
    draw_input("seven points, five features", 7, 5, 3, [0, 0, 1, 0, 2, 0, 0], 2.0),
]

# N, D and C differ in it; equal lengths may hide the first line that stops.
UNLIKE = ORDINARY[3]
UNLIKE_FIRST = sorted(ORDINARY, key=lambda given: given is not UNLIKE)

# The same without the penalty, so that data and penalty can be judged apart.
UNPENALIZED = {
    given: replace(given, name=f"{given.name}, reg = 0", reg=0.0)
    for given in ORDINARY
    if given.reg > 0
}

# The correct class leads in each of them, except for the first point of the last one.
# No margin of the SVM is 0: that is a question of its own, see `TIES`.
EXTREME = [
    with_scores("scores near 1000", [[1001.5, 1000, 1002], [1003, 1001, 1000]], [2, 0]),
    with_scores("scores from -500 to 500", [[-500, 500, 400], [500, -500, 0]], [1, 0]),
    with_scores("one score of 4000", [[0, 0, 0, 0, 4000], [0, 4000, 0, 0, 0]], [4, 1]),
    # exp(720) is inf and exp(-720) is not 0: the wrong sign of a shift shows, and no
    # probability of 0 does.
    with_scores("scores from 0 to 720", [[0, 720, 715], [720, 0, 717.5]], [1, 0]),
    with_scores("rows far apart", [[2000, 2001.5, 2002], [0, 1.5, 2]], [2, 2]),
    with_scores(
        "scores near -2000", [[-2001.5, -2000, -2002], [-2000, -2003, -2001.5]], [1, 0]
    ),
    with_scores("the correct class 800 behind", [[0, 800, 100], [5.5, 5.5, 6]], [0, 2]),
]

# A margin of the SVM is exactly 0: of class 0 at point 0, and of class 2 at point 1.
TIES = with_scores("margins of 0", [[1, 2, 0, -3], [2, 2, 1, 4]], [1, 1])


def smallest_first() -> list[Input]:
    """Return examples that begin with one point and one feature."""
    sizes = [(1, 1, 2), (1, 2, 2), (1, 2, 3), (2, 1, 2), (2, 2, 2), (2, 2, 3)]
    return [
        Input(
            f"N = {N}, D = {D}, C = {C}, reg = {reg:g}",
            np.arange(D * C).reshape(D, C) % 3 - 1.0,
            np.arange(N * D).reshape(N, D) % 3 + 1.0,
            np.arange(N)[::-1] % C,
            reg,
        )
        for reg in (0.0, 0.5)
        for N, D, C in sizes
    ]


SMALLEST = smallest_first()

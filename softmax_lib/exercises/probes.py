"""The small inputs on which a reader's loss is tried.

They are chosen so that mistakes differ: N, D and C differ from each other, and once
they are all equal; labels are uneven and one class does not occur; one column of ``X``
is the bias; ``reg`` is zero and not zero. The extreme ones have scores that overflow
or underflow unless each row's maximum is subtracted.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Probe:
    """One input of a loss function."""

    name: str
    W: np.ndarray
    X: np.ndarray
    y: np.ndarray
    reg: float


def drawn(name: str, N: int, D: int, C: int, labels: list[int], reg: float) -> Probe:
    """Draw an input whose last column of ``X`` is the bias."""
    rng = np.random.default_rng([N, D, C])
    X = np.hstack([rng.uniform(-2, 2, (N, D - 1)), np.ones((N, 1))])
    return Probe(name, rng.uniform(-1.5, 1.5, (D, C)), X, np.array(labels), reg)


def with_scores(name: str, scores: list[list[float]], labels: list[int]) -> Probe:
    """Return an input with these scores: ``X`` is the identity and ``W`` the scores."""
    W = np.array(scores, dtype=float)
    return Probe(name, W, np.eye(len(W)), np.array(labels), 0.0)


HAND_X = np.array([[1.0, 2.0], [3.0, 1.0]])
HAND_W = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]])
HAND_Y = np.array([0, 2])
HAND = Probe("two points, three classes, reg = 0", HAND_W, HAND_X, HAND_Y, 0.0)
HAND_REG = Probe("two points, three classes, reg = 0.5", HAND_W, HAND_X, HAND_Y, 0.5)

# Right answers may refuse or round these: a difference is worth a remark.
SINGLE = replace(
    HAND_REG, name="float32", W=HAND_W.astype(np.float32), X=HAND_X.astype(np.float32)
)
IMAGES = replace(HAND_REG, name="uint8", X=HAND_X.astype(np.uint8))

# As some years of the course have it: W is (C, D) and X is (D, N).
TURNED = replace(HAND, name="turned", W=HAND_W.T, X=HAND_X.T)

ORDINARY = [
    HAND,
    HAND_REG,
    drawn("five points, a class that does not occur", 5, 4, 3, [2, 0, 2, 2, 0], 0.0),
    drawn("six points, four classes", 6, 3, 4, [3, 1, 1, 0, 1, 2], 0.3),
    drawn("a single point", 1, 3, 4, [1], 0.1),
    drawn("as many points as features and classes", 4, 4, 4, [1, 3, 3, 0], 0.2),
    drawn("seven points, five features", 7, 5, 3, [0, 0, 1, 0, 2, 0, 0], 2.0),
]

# In each of them the correct class leads, but for the first point of the last one.
EXTREME = [
    with_scores("scores near 1000", [[1001, 1000, 1002], [1003, 1001, 1000]], [2, 0]),
    with_scores("scores from -500 to 500", [[-500, 500, 400], [500, -500, 0]], [1, 0]),
    with_scores("one score of 4000", [[0, 0, 0, 0, 4000], [0, 4000, 0, 0, 0]], [4, 1]),
    with_scores("rows far apart", [[2000, 2001, 2002], [0, 1, 2]], [2, 2]),
    with_scores(
        "scores near -2000", [[-2001, -2000, -2002], [-2000, -2003, -2001]], [1, 0]
    ),
    with_scores("the correct class 800 behind", [[0, 800, 100], [5, 5, 6]], [0, 2]),
]


def smallest_first() -> list[Probe]:
    """Examples from one point and one feature on, for a mistake that nobody knows."""
    sizes = [(1, 1, 2), (1, 2, 2), (1, 2, 3), (2, 1, 2), (2, 2, 2), (2, 2, 3)]
    return [
        Probe(
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

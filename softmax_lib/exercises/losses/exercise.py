"""What is asked of a reader's loss: the steps, the inputs, the known mistakes."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from softmax_lib.exercises.losses.catalogue import (
    EXTREME_MISTAKES,
    SOFTMAX_MISTAKES,
    SVM_MISTAKES,
)
from softmax_lib.exercises.losses.conventions import steps_under
from softmax_lib.exercises.losses.inputs import EXTREME, ORDINARY
from softmax_lib.exercises.losses.reference import PARTS, SOFTMAX_STEPS, SVM_STEPS
from softmax_lib.exercises.mistakes import Mistake
from softmax_lib.exercises.search import UNKNOWN, Exercise, Result

TOLERANCE = {"loss": 1e-5, "gradient": 1e-4}  # of the largest entry
# float32 inside the reader's function costs 1e-6, a forward difference for the
# gradient 1e-5, and known mistakes differ by more than 1e-3 on some input.


def agrees(actual: Result, expected: np.ndarray, part: str, _: object = None) -> bool:
    """Whether two results are the same, or both unusable."""
    if actual is UNKNOWN:
        return True
    if actual is None or not np.isfinite(actual).all():
        return not np.isfinite(expected).all()
    if actual.shape != expected.shape or not np.isfinite(expected).all():
        return False
    scale = max(float(np.abs(expected).max()), 1e-3)
    return bool(np.abs(actual - expected).max() <= TOLERANCE[part] * scale)


@dataclass(frozen=True, eq=False)
class LossCheck:
    """What one check asks for."""

    ordinary: Exercise  # with ordinary scores
    extreme: Exercise  # with extreme scores, and their mistakes
    next_step: str  # what to try after the check has passed
    parts: tuple[str, ...] = PARTS  # the results that are judged
    without_loops: bool = False  # whether loops in Python are a mistake
    has_kinks: bool = False  # whether any subgradient is right at some points

    def under(self, convention: tuple[Mistake, ...]) -> "LossCheck":
        """Return the check that judges in a convention."""
        return under(self, convention)


@lru_cache(maxsize=256)
def under(check: LossCheck, convention: tuple[Mistake, ...]) -> LossCheck:
    """Return the check that judges in a convention."""
    if not convention:
        return check
    ordinary, extreme = (
        replace(exercise, steps=steps_under(exercise.steps, convention))
        for exercise in (check.ordinary, check.extreme)
    )
    return replace(check, ordinary=ordinary, extreme=extreme)


SOFTMAX = Exercise(SOFTMAX_STEPS, ORDINARY, SOFTMAX_MISTAKES, agrees)
SOFTMAX_EXTREME = replace(SOFTMAX, inputs=EXTREME, catalogue=EXTREME_MISTAKES)
SVM = Exercise(SVM_STEPS, ORDINARY, SVM_MISTAKES, agrees)
SVM_EXTREME = replace(SVM, inputs=EXTREME, catalogue=())

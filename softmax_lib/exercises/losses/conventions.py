"""What a function takes for granted, settled before its results are judged.

Other years of the course halve the penalty, leave the bias out of it, or have a point
in each column. Each is right where loss and gradient agree: the function is then
compared with the reference in its own convention.
"""

from collections.abc import Mapping

from softmax_lib.exercises.losses.catalogue import without_row
from softmax_lib.exercises.mistakes import Changes, Mistake, catalogue
from softmax_lib.exercises.search import Step

__all__ = ["CONVENTIONS", "HALVED", "PENALTIES", "WITHOUT_BIAS", "steps_under"]

CONVENTIONS = catalogue(
    penalty_halved=Mistake(
        "Your penalty is 0.5 * reg * sum(W²), with the gradient reg * W, as in other "
        "years of the course; the worksheet's is reg * sum(W²), with 2 * reg * W",
        "",
        {"factor": lambda v, value: value / 2},
        is_remark=True,
    ),
    bias_not_penalized=Mistake(
        "Your penalty leaves out the bias, the last row of W; the worksheet's includes "
        "it",
        "",
        without_row(-1),
        is_remark=True,
    ),
)
HALVED, WITHOUT_BIAS = CONVENTIONS
# The worksheet's own comes first.
PENALTIES: list[tuple[Mistake, ...]] = [
    (),
    (HALVED,),
    (WITHOUT_BIAS,),
    (HALVED, WITHOUT_BIAS),
]


def steps_under(
    steps: Mapping[str, Mapping[str, Step]], convention: tuple[Mistake, ...]
) -> dict[str, dict[str, Step]]:
    """Return the steps as they are in a convention."""
    return {part: changed(part_steps, convention) for part, part_steps in steps.items()}


def changed(
    steps: Mapping[str, Step], convention: tuple[Mistake, ...]
) -> dict[str, Step]:
    """Return the steps of one part as they are in a convention."""
    found = dict(steps)
    for mistake in convention:
        for name in mistake.variants[0].changes.keys() & found.keys():
            found[name] = followed_by(found[name], mistake.variants[0].changes, name)
    return found


def followed_by(step: Step, changes: Changes, name: str) -> Step:
    """Return a step and what becomes of its value, as one step."""
    return lambda v: changes[name](v, step(v))

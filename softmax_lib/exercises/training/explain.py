"""Second phase: read the recordings, in the order in which mistakes hide each other."""

from softmax_lib.exercises.mistakes import all_shown, first_shown
from softmax_lib.exercises.report import Finding
from softmax_lib.exercises.search import Exercise, explain, findings
from softmax_lib.exercises.training.catalogue import (
    ARGUMENTS,
    CALLS,
    CHANGES,
    DRAWING,
    HISTORY,
    MOVE_STEPS,
    MOVES,
    NOT_FOLLOWED,
    OTHER_MOVES,
    WEIGHTS,
)
from softmax_lib.exercises.training.observed import Trainings
from softmax_lib.exercises.training.recorder import Recording

MOVE = Exercise(
    {"move": MOVE_STEPS},
    (),  # the moves of the training that is judged
    MOVES,
    lambda actual, expected, part, move: move.is_equal(actual, expected),
)


def diagnose_weights(recording: Recording) -> list[Finding]:
    """Find what is wrong with the shape of the first weights, which spoils the rest."""
    return first_shown(WEIGHTS, recording.calls[0].W) if recording.calls else []


def diagnose_start(seen: Trainings) -> list[Finding]:
    """Find what leaves nothing to judge, or nothing to compare with."""
    return first_shown(NOT_FOLLOWED, seen) or all_shown(CHANGES, seen)


def diagnose_steps(seen: Trainings) -> list[Finding]:
    """Find what is wrong with the minibatches, the moves and the list of losses."""
    found = all_shown(CALLS, seen)
    if seen.has_rows:
        found += first_shown(DRAWING, seen) + all_shown(ARGUMENTS, seen)
    return found + diagnose_moves(seen) + first_shown(HISTORY, seen)


def diagnose_moves(seen: Trainings) -> list[Finding]:
    """Find what is wrong with the moves of W."""
    if not seen.moves or not all(move.dW.any() for move in seen.moves):
        return []  # the loss could not answer, and that has been named
    explained = explain(MOVE, {"move": {move: move.change for move in seen.moves}})
    if explained:
        return findings(MOVE, explained[0])
    return first_shown(OTHER_MOVES, seen)

"""Second phase: read the recordings, in the order in which mistakes hide each other."""

from collections.abc import Sequence

from softmax_lib.exercises.mistakes import first_shown
from softmax_lib.exercises.report import Finding
from softmax_lib.exercises.search import Exercise, explain, findings
from softmax_lib.exercises.training.catalogue import (
    BATCHES,
    CHANGES,
    HISTORY,
    MOVE_STEPS,
    MOVES,
    NOT_FOLLOWED,
    OTHER_MOVES,
    STEPS,
    UNKNOWN_ROWS,
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


def diagnose_weights(recording: Recording) -> Sequence[Finding]:
    """Find what is wrong with the shape of the first weights, which spoils the rest."""
    return first_shown(WEIGHTS, recording.calls[0].W) if recording.calls else []


def diagnose_start(seen: Trainings) -> Sequence[Finding]:
    """Find what leaves nothing to judge, or nothing to compare with."""
    changed = [finding for group in CHANGES for finding in first_shown(group, seen)]
    return first_shown(NOT_FOLLOWED, seen) or changed


def diagnose_steps(seen: Trainings) -> Sequence[Finding]:
    """Find what is wrong with the minibatches, the moves and the list of losses."""
    found = [*first_shown(STEPS, seen), *first_shown(UNKNOWN_ROWS, seen)]
    if not first_shown(UNKNOWN_ROWS, seen):
        found += [finding for group in BATCHES for finding in first_shown(group, seen)]
    return [*found, *diagnose_moves(seen), *first_shown(HISTORY, seen)]


def diagnose_moves(seen: Trainings) -> Sequence[Finding]:
    """Find what is wrong with the moves of W."""
    if not seen.moves or not all(move.dW.any() for move in seen.moves):
        return []  # the loss could not answer, and that has been named
    explained = explain(MOVE, {"move": {move: move.change for move in seen.moves}})
    if explained:
        return findings(MOVE, explained[0])
    return first_shown(OTHER_MOVES, seen)

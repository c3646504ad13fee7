"""Second phase: read the recordings, in the order in which mistakes hide each other."""

from dataclasses import replace

from softmax_lib.exercises.losses.layouts import LAYOUTS
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
    ODDITIES,
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
    """Find what leaves nothing to judge, or little to compare with."""
    found = first_shown(NOT_FOLLOWED, seen) or all_shown(CHANGES, seen)
    if "returns_in_the_loop" in {finding.name for finding in found}:
        found += diagnose_begun(seen)
    return found


def diagnose_begun(seen: Trainings) -> list[Finding]:
    """Find what is wrong with the minibatches of trainings that ended early."""
    if any(call.X is None for call in seen.calls) or not all(seen.rows):
        return []
    found = diagnose_batches(Trainings(seen.recordings))
    return [finding for finding in found if finding.name != "num_iters_ignored"]


def diagnose_batches(seen: Trainings) -> list[Finding]:
    """Find what is wrong with the minibatches."""
    found = all_shown(CALLS, seen)
    if seen.has_rows:
        found += first_shown(DRAWING, seen) + all_shown(ARGUMENTS, seen)
    return found


def diagnose_steps(seen: Trainings) -> list[Finding]:
    """Find what is wrong with the minibatches, the moves and the list of losses."""
    found = diagnose_batches(seen) + diagnose_moves(seen)
    return found + first_shown(HISTORY, seen)


def remarks_on(seen: Trainings) -> list[Finding]:
    """Find what is unusual and not wrong."""
    layout = seen.recordings[0].layout
    turned = [LAYOUTS[layout].finding()] if layout else []
    return turned + (all_shown(ODDITIES, seen) if seen.has_rows else [])


def diagnose_moves(seen: Trainings) -> list[Finding]:
    """Find what is wrong with the moves of W."""
    if not seen.moves or not all(move.dW.any() for move in seen.moves):
        return []  # the loss could not answer, and that has been named
    explained = explain(MOVE, {"move": {move: move.change for move in seen.moves}})
    found = findings(MOVE, explained[0]) if explained else None
    if found is None:
        found = first_shown(OTHER_MOVES, seen)
    line = seen.recordings[0].line_of_move
    return [replace(finding, line=line) for finding in found]

"""Third phase: write down what the recordings mean."""

from collections.abc import Sequence

import numpy as np

from softmax_lib.exercises.report import Finding, Report, code_block, failed, passed
from softmax_lib.exercises.training.observed import Trainings, moves_of, rows_of
from softmax_lib.exercises.training.recorder import D, N, Recording, Y


def wrong_weights(found: Sequence[Finding], recording: Recording) -> Report:
    """Report first weights of the wrong shape."""
    W = recording.calls[0].W
    shape = "None" if W is None or W.ndim == 0 else str(W.shape)
    labels = ", ".join(map(str, np.unique(Y)))
    seen = f"X is ({N}, {D}) and y contains the labels {labels}; W is {shape}."
    return failed(found, seen)


def write(
    found: Sequence[Finding], remarks: Sequence[Finding], seen: Trainings
) -> Report:
    """Write the report of a training that could be followed."""
    said = [f"{remark.text} {remark.hint}".rstrip() for remark in remarks]
    if found:
        evidence = first_steps(seen.recordings[0])
        return failed(found, evidence, *said, remarks=remarks)
    return passed(
        "Each step draws a minibatch with its labels and moves W against the gradient.",
        *said,
        "Next: plot the losses, and try a learning rate ten times as large.",
        remarks=remarks,
    )


def first_steps(recording: Recording) -> str:
    """Write the first steps of a training."""
    settings = recording.settings
    lines = [
        f"train(X, y, learning_rate={settings.learning_rate}, reg={settings.reg}, "
        f"num_iters={settings.num_iters}, batch_size={settings.batch_size}),",
        f"with X of shape ({N}, {D}):",
        "",
        f"steps      expected {settings.num_iters}, yours {len(recording.calls)}",
    ]
    for number, call in enumerate(recording.calls[:2], 1):
        rows = rows_of(call)
        seen = short(rows)
        if rows is None and call.X is not None:
            seen = f"of shape {call.X.shape}"
        labels = call.y.ravel().astype(int).tolist() if call.y is not None else "none"
        lines += [f"step {number}     rows    {seen}, reg {call.reg}"]
        lines += [f"           labels  {short(labels)}"]
        if rows is not None:
            lines += [f"           theirs  {short(Y[rows].tolist())}"]
    length = "none" if recording.history is None else str(recording.history.size)
    return code_block(
        [
            *lines,
            *first_wrong_move(recording),
            f"losses     expected {settings.num_iters}, yours {length}",
        ]
    )


def first_wrong_move(recording: Recording) -> list[str]:
    """Write the largest entry of the first wrong move, or of the first one."""
    moves = moves_of(recording)
    if not moves:
        return []
    number = next((i for i, move in enumerate(moves) if not move.is_right), 0)
    move = moves[number]
    largest = int(np.abs(move.dW).argmax())
    before, gradient, change = (a.flat[largest] for a in (move.W, move.dW, move.change))
    after = before - recording.settings.learning_rate * gradient
    place = ", ".join(map(str, np.unravel_index(largest, move.dW.shape)))
    return [
        f"W[{place}]    {before:.5f} before step {number + 1}, gradient {gradient:.5f}",
        f"           expected {after:.5f} after it, yours {before + change:.5f}",
    ]


def short(numbers: list[int] | str | None) -> str:
    """Write numbers, the first ones only where there are many."""
    if not isinstance(numbers, list) or len(numbers) <= 12:
        return str(numbers)
    first = ", ".join(map(str, numbers[:8]))
    return f"[{first}, ...], {len(numbers)} in all"

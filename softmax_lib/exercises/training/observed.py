"""What a recording shows: which rows each step used, and how it moved W."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from softmax_lib.exercises.search import Result
from softmax_lib.exercises.training.recorder import (
    Call,
    D,
    N,
    Recording,
    Settings,
    X,
)

Rows = list[int]
# So many draws leave out one of N points, by chance, once in 2.5 billion trainings.
ENOUGH_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Move:
    """One step: the weights before it, the gradient, and how the weights changed."""

    W: np.ndarray
    dW: np.ndarray
    change: np.ndarray
    settings: Settings
    batch_size: int  # of the minibatch that the loss was passed
    is_new: bool

    @property
    def is_right(self) -> bool:
        """Whether it is minus the learning rate times the gradient."""
        return self.is_equal(self.change, -self.settings.learning_rate * self.dW)

    def is_equal(self, actual: Result, expected: np.ndarray) -> bool:
        """Whether a change of the weights is as expected, up to rounding."""
        rounding = 1e-6 * np.abs(self.W).max()
        tolerance = 1e-4 * np.abs(expected).max() + rounding
        return bool(np.abs(actual - expected).max() <= tolerance)

    @property
    def rate(self) -> float:
        """What the gradient is multiplied by; NaN if the move is no multiple of it."""
        rate = float(np.vdot(self.change, self.dW) / np.vdot(self.dW, self.dW))
        return rate if self.is_equal(self.change, rate * self.dW) else np.nan


@dataclass
class Trainings:
    """The recordings of several trainings, and what they show."""

    recordings: Sequence[Recording]
    coverage: Recording | None = None  # of a long training

    @property
    def calls(self) -> list[Call]:
        """All calls of the loss."""
        return [call for recording in self.recordings for call in recording.calls]

    @cached_property
    def rows(self) -> list[list[Rows]]:
        """The rows of ``X`` in the minibatches of each training."""
        return [
            [rows for call in recording.calls if (rows := rows_of(call)) is not None]
            for recording in self.recordings
        ]

    @cached_property
    def never_drawn(self) -> list[int]:
        """The rows that a long training never used, if it drew often enough to tell."""
        calls = self.coverage.calls if self.coverage is not None else []
        drawn = [rows for call in calls if (rows := rows_of(call)) is not None]
        if sum(map(len, drawn)) < ENOUGH_DRAWS:
            return []
        return sorted(set(range(N)).difference(*drawn))

    @property
    def has_rows(self) -> bool:
        """Whether every minibatch consists of rows of ``X``."""
        return len(self.batches) == len(self.calls)

    @property
    def batches(self) -> list[Rows]:
        """The rows of all minibatches."""
        return [rows for run in self.rows for rows in run]

    @cached_property
    def runs(self) -> list[list[Move]]:
        """The moves of each training."""
        return [moves_of(recording) for recording in self.recordings]

    @property
    def moves(self) -> list[Move]:
        """The moves of all trainings."""
        return [move for run in self.runs for move in run]

    @property
    def ends_right(self) -> bool:
        """Whether each training ends with a right step."""
        return all(run[-1].is_right for run in self.runs)

    @property
    def waits(self) -> bool:
        """Whether W does not change before the last step."""
        return not any(move.change.any() for run in self.runs for move in run[:-1])


def rows_of(call: Call) -> Rows | None:
    """Return which rows of ``X`` a minibatch contains, None if it contains others."""
    batch = call.X
    if batch is None or batch.ndim != 2 or batch.shape[1] != D:
        return None
    rows = np.rint(batch[:, 0] * N).astype(int) % N
    return rows.tolist() if np.allclose(batch, X[rows]) else None


def moves_of(recording: Recording) -> list[Move]:
    """Return the steps of a training."""
    weights = [call.W for call in recording.calls] + [recording.W]
    return [
        Move(
            before,
            call.dW,
            after - before,
            recording.settings,
            len(np.atleast_1d(call.y)),
            call.is_new,
        )
        for call, before, after in zip(
            recording.calls, weights[:-1], weights[1:], strict=True
        )
        if before is not None and after is not None and before.shape == after.shape
        if call.y is not None
    ]


def once_each_step(recording: Recording) -> Recording:
    """Leave out a second call in the same step, which asks for the same."""
    calls = recording.calls
    pairs = zip(calls[::2], calls[1::2], strict=False)
    if len(calls) == 2 * recording.settings.num_iters and all(
        is_same(a.X, b.X) and is_same(a.W, b.W) for a, b in pairs
    ):
        recording.calls = calls[::2]
    return recording


def is_same(a: Result, b: Result) -> bool:
    """Whether two arrays are there and equal."""
    return a is not None and b is not None and np.array_equal(a, b)

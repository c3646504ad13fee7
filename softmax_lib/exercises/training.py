"""The check of a classifier's training by stochastic gradient descent."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from softmax_lib.exercises.diary import (
    RUNS,
    C,
    D,
    Diary,
    Entry,
    N,
    Settings,
    X,
    Y,
    watch,
)
from softmax_lib.exercises.messages import TRAINING, of_messages, stopped
from softmax_lib.exercises.report import Report, passed
from softmax_lib.exercises.runner import Trouble, attempt, run


def check_train(classifier: type) -> Report:
    """Check the method ``train`` of a linear classifier.

    Parameters
    ----------
    classifier : type
        ``classifier()`` makes one. Its ``train(X, y, learning_rate, reg, num_iters,
        batch_size, verbose)`` returns the losses and leaves the weights in ``W``; for
        each step it calls ``self.loss(X_batch, y_batch, reg)``, or one of the
        worksheet's loss functions. That loss need not be written yet.

    Returns
    -------
    Report
        Whether it is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.linear_classifier import Softmax
    >>> check_train(Softmax).passed
    True
    """
    outcome = run(lambda: (attempt(watch, classifier, settings) for settings in RUNS))
    where = f"in a training of {RUNS[0].num_iters} steps"
    for item in [outcome.trouble, *outcome.items]:
        if isinstance(item, Trouble):
            return stopped(item, where)
    diaries: list[Diary] = outcome.items
    shape = weights_report(diaries[0])
    if shape is not None:
        return shape
    for diary in diaries:
        if diary.trouble is not None:
            return stopped(diary.trouble, where)
    return diagnose(diaries)


def diagnose(diaries: list[Diary]) -> Report:
    """Read the diaries, in the order in which mistakes hide each other."""
    if not all(diary.entries for diary in diaries):
        moved = any(d.W is not None and np.abs(d.W).max() > 0.01 for d in diaries)
        return of_messages(TRAINING, ["loss_not_called" if moved else "not_started"])
    changed = dict.fromkeys(f"changes_{k}" for d in diaries for k in d.changed)
    if changed:
        return of_messages(TRAINING, list(changed))
    diaries = [once_each_step(diary) for diary in diaries]
    names = [
        *batch_faults(diaries),
        *step_faults(diaries),
        *history_faults(diaries),
    ]
    if names:
        return of_messages(TRAINING, names, evidence(diaries[0], names))
    return passed(
        "Each step draws a minibatch with its labels and moves W against the gradient.",
        *remarks(diaries),
        "Next: plot the losses, and try a learning rate ten times as large.",
    )


def remarks(diaries: list[Diary]) -> list[str]:
    """Say what is unusual and not wrong."""
    found = []
    W = diaries[0].entries[0].W
    if W is not None and np.abs(W).max() > 0.1:
        found.append("The first weights are large; the worksheet's are 0.001 * randn.")
    if any(diary.printed for diary in diaries):
        found.append("It prints although verbose is False.")
    return found


def weights_report(diary: Diary) -> Report | None:
    """Report first weights of the wrong shape, which spoil all that follows."""
    if not diary.entries:
        return None
    W = diary.entries[0].W
    name = weights_fault(W)
    if not name:
        return None
    shape = "None" if W is None or W.ndim == 0 else str(W.shape)
    labels = ", ".join(map(str, np.unique(Y)))
    seen = f"X is ({N}, {D}) and y holds the labels {labels}; W is {shape}."
    return of_messages(TRAINING, [name], seen)


def weights_fault(W: np.ndarray | None) -> str:
    """Name what is wrong with the shape of the first weights."""
    if W is None or W.ndim == 0:
        return "W_not_set"
    shapes = {
        (D, C): "",
        (C, D): "W_transposed",
        (D, 10): "W_classes_hard_coded",
        (D, C - 1): "W_one_class_too_few",
        (D, len(np.unique(Y))): "W_classes_counted",
    }
    return shapes.get(W.shape, "W_shape")


def once_each_step(diary: Diary) -> Diary:
    """Leave out a second call in the same step, which asks for the same."""
    pairs = zip(diary.entries[::2], diary.entries[1::2], strict=False)
    if len(diary.entries) == 2 * diary.settings.num_iters and all(
        same_array(a.X, b.X) and same_array(a.W, b.W) for a, b in pairs
    ):
        diary.entries = diary.entries[::2]
    return diary


def same_array(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    """Whether two arrays are there and equal."""
    return a is not None and b is not None and np.array_equal(a, b)


def rows_of(entry: Entry) -> list[int] | None:
    """Return which rows of ``X`` a minibatch holds, None if it holds others."""
    batch = entry.X
    if batch is None or batch.ndim != 2 or batch.shape[1] != D:
        return None
    rows = np.rint(batch[:, 0] * N).astype(int) % N
    return rows.tolist() if np.allclose(batch, X[rows]) else None


def batch_faults(diaries: list[Diary]) -> list[str]:
    """Name what is wrong with the minibatches, their labels, reg and their number."""
    found = []
    if any(len(d.entries) != d.settings.num_iters for d in diaries):
        found.append("num_iters_ignored")
    batches = [[rows_of(entry) for entry in diary.entries] for diary in diaries]
    if any(rows is None for run_ in batches for rows in run_):
        return [*found, "batch_wrong"]
    runs = [[rows for rows in run_ if rows is not None] for run_ in batches]
    found += drawing_faults(runs)
    pairs = [
        (entry.y, rows)
        for diary, run_ in zip(diaries, runs, strict=True)
        for entry, rows in zip(diary.entries, run_, strict=True)
    ]
    if any(y is None or not np.array_equal(y.ravel(), Y[rows]) for y, rows in pairs):
        found.append("labels_not_of_the_batch")
    if any(entry.reg != d.settings.reg for d in diaries for entry in d.entries):
        found.append("reg_ignored")
    return found


def drawing_faults(runs: list[list[list[int]]]) -> list[str]:
    """Name what is wrong with the rows that were drawn."""
    batches = [rows for run_ in runs for rows in run_]
    sizes = [settings.batch_size for settings in RUNS]
    if all(len(rows) == N for rows in batches):
        return ["full_batch"]
    found = []
    if any(
        len(rows) != size for size, r in zip(sizes, runs, strict=True) for rows in r
    ):
        found.append("batch_size_ignored")
    if all(len(rows) > 1 and len(set(rows)) == 1 for rows in batches):
        return [*found, "one_point_repeated"]
    if all(rows == list(range(len(rows))) for rows in batches):
        return [*found, "first_rows"]
    several = any(len(run_) > 1 for run_ in runs)
    if several and all(sorted(r) == sorted(run_[0]) for run_ in runs for r in run_):
        return [*found, "fixed_batch"]
    if all(max(rows) <= len(rows) for rows in batches):
        found.append("first_rows_drawn")
    return found


class Move(NamedTuple):
    """One step: the weights before it, the gradient, and how the weights changed."""

    W: np.ndarray
    dW: np.ndarray
    change: np.ndarray
    settings: Settings
    size: int
    is_new: bool


def moves_of(diary: Diary) -> list[Move]:
    """Return the steps of a training."""
    weights = [entry.W for entry in diary.entries] + [diary.W]
    return [
        Move(
            before,
            entry.dW,
            after - before,
            diary.settings,
            len(np.atleast_1d(entry.y)),
            entry.is_new,
        )
        for entry, before, after in zip(
            diary.entries, weights[:-1], weights[1:], strict=True
        )
        if before is not None and after is not None and before.shape == after.shape
        if entry.y is not None
    ]


STEPS: dict[str, list[Callable[[Move], np.ndarray]]] = {
    "": [lambda m: -m.settings.learning_rate * m.dW],
    "uphill": [lambda m: m.settings.learning_rate * m.dW],
    "learning_rate_ignored": [lambda m: -m.dW],
    "uphill + learning_rate_ignored": [lambda m: m.dW],
    "regularized_twice": [
        lambda m: -m.settings.learning_rate * (m.dW + 2 * m.settings.reg * m.W),
        lambda m: -m.settings.learning_rate * (m.dW + m.settings.reg * m.W),
        lambda m: -m.settings.learning_rate * m.dW - 2 * m.settings.reg * m.W,
        lambda m: -m.settings.learning_rate * m.dW - m.settings.reg * m.W,
    ],
    "averaged_twice": [
        lambda m: -m.settings.learning_rate * m.dW / m.size,
        lambda m: -m.settings.learning_rate * m.dW / m.settings.batch_size,
        lambda m: -m.settings.learning_rate * m.dW / N,
    ],
    "multiplied_by_points": [
        lambda m: -m.settings.learning_rate * m.dW * m.size,
        lambda m: -m.settings.learning_rate * m.dW * N,
    ],
    "W_replaced": [
        lambda m: -m.settings.learning_rate * m.dW - m.W,
        lambda m: m.settings.learning_rate * m.dW - m.W,
    ],
    "gradient_normalized": [
        lambda m: -m.settings.learning_rate * m.dW / np.linalg.norm(m.dW),
        lambda m: -m.settings.learning_rate * np.sign(m.dW),
    ],
}


def step_faults(diaries: list[Diary]) -> list[str]:
    """Name what is wrong with the steps."""
    runs = [moves_of(diary) for diary in diaries]
    moves = [move for run_ in runs for move in run_]
    if not moves or any(not move.dW.any() for move in moves):
        return []  # the loss could not answer, and that has been named
    for names, forms in STEPS.items():
        if any(all(is_step(m, m.change, form(m)) for m in moves) for form in forms):
            return names.split(" + ") if names else []
    if not any(move.change.any() for move in moves):
        return ["not_updated"]
    return [late_fault(runs) or scaling_fault(runs)]


def is_step(move: Move, actual: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether a change of the weights is the one that is wanted, up to rounding."""
    scale = np.abs(wanted).max()
    rounding = 1e-6 * np.abs(move.W).max()
    return bool(np.abs(actual - wanted).max() <= 1e-4 * scale + rounding)


def is_right(move: Move) -> bool:
    """Whether a step is minus the learning rate times the gradient."""
    return is_step(move, move.change, -move.settings.learning_rate * move.dW)


def late_fault(runs: list[list[Move]]) -> str:
    """Name a fault in when the weights move, and in what becomes of them."""
    lasts = [run_[-1] for run_ in runs]
    ends_right = all(map(is_right, lasts))
    if not ends_right and all(is_right(move) for run_ in runs for move in run_[:-1]):
        return "last_step_lost"
    if ends_right and all(move.is_new for run_ in runs for move in run_[1:]):
        return "W_drawn_again"
    waits = not any(move.change.any() for run_ in runs for move in run_[:-1])
    if waits and ends_right:
        return "updated_after_the_loop"
    if waits and all(
        is_right(last._replace(dW=np.sum([move.dW for move in run_], axis=0)))
        for last, run_ in zip(lasts, runs, strict=True)
    ):
        return "updates_a_copy"
    return "W_drawn_again" if ends_right else ""


def scaling_fault(runs: list[list[Move]]) -> str:
    """Name a fault in the length of the steps."""
    factors = [[factor(move) for move in run_] for run_ in runs]
    if not any(np.isnan(f) for run_ in factors for f in run_):
        sizes = [np.array(run_) for run_ in factors]
        if any(np.ptp(size) > 1e-3 * np.abs(size).max() for size in sizes):
            return "learning_rate_changes"
        first, second = (size[0] for size in sizes)
        same = abs(first - second) < 1e-3 * abs(first)
        return "learning_rate_ignored" if same else "step_scaled"
    repeats = any(has_momentum(runs, share) for share in (0.9, 0.5, 0.99))
    return "momentum" if repeats else "step_wrong"


def factor(move: Move) -> float:
    """Return what the gradient is multiplied by; NaN if it is not the gradient."""
    rate = float(np.vdot(move.change, move.dW) / np.vdot(move.dW, move.dW))
    return rate if is_step(move, move.change, rate * move.dW) else np.nan


def has_momentum(runs: list[list[Move]], share: float) -> bool:
    """Whether each step repeats a share of the one before it."""
    return all(
        is_step(
            move,
            move.change - share * before.change,
            -move.settings.learning_rate * move.dW,
        )
        for run_ in runs
        for before, move in itertools.pairwise(run_)
    )


def history_faults(diaries: list[Diary]) -> list[str]:
    """Name what is wrong with the losses that train returns."""
    if not all(diary.has_history for diary in diaries):
        return ["history_not_returned"]
    found = [history_fault(diary) for diary in diaries]
    return [name for name in dict.fromkeys(found) if name][:1]


def history_fault(diary: Diary) -> str:
    """Name what is wrong with the losses of one training."""
    losses = np.array([entry.loss for entry in diary.entries])
    history = diary.history
    if history is None or history.ndim == 0:
        return "history_wrong"
    if len(history) != len(losses):
        return "history_length"
    if history.size != losses.size or not np.allclose(
        history.ravel(), losses, rtol=1e-4
    ):
        return "history_wrong"
    return ""


def evidence(diary: Diary, names: list[str]) -> str:
    """Write the first steps of a training."""
    settings = diary.settings
    lines = [
        f"train(X, y, learning_rate={settings.learning_rate}, reg={settings.reg}, "
        f"num_iters={settings.num_iters}, batch_size={settings.batch_size}),",
        f"with X of shape ({N}, {D}):",
        "",
        f"steps      expected {settings.num_iters}, yours {len(diary.entries)}",
    ]
    for number, entry in enumerate(diary.entries[:2], 1):
        rows = rows_of(entry)
        seen = short(rows)
        if rows is None and entry.X is not None:
            seen = f"of shape {entry.X.shape}"
        labels = entry.y.ravel().astype(int).tolist() if entry.y is not None else "none"
        lines += [f"step {number}     rows    {seen}, reg {entry.reg}"]
        lines += [f"           labels  {short(labels)}"]
        if rows is not None:
            lines += [f"           theirs  {short(Y[rows].tolist())}"]
    moves = moves_of(diary)
    if moves:
        wrong = [i for i, move in enumerate(moves) if not is_right(move)]
        number = (wrong or [0])[0]
        largest = int(np.abs(moves[number].dW).argmax())
        before, gradient, change = (a.flat[largest] for a in moves[number][:3])
        after = before - settings.learning_rate * gradient
        place = ", ".join(map(str, np.unravel_index(largest, moves[number].dW.shape)))
        lines += [
            f"W[{place}]    {before:.5f} before step {number + 1}, "
            f"gradient {gradient:.5f}",
            f"           expected {after:.5f} after it, yours {before + change:.5f}",
        ]
    length = "none" if diary.history is None else str(diary.history.size)
    lines += [f"losses     expected {settings.num_iters}, yours {length}"]
    return "\n".join(["```", *lines, "```"])


def short(numbers: list[int] | str | None) -> str:
    """Write numbers, the first ones only where there are many."""
    if not isinstance(numbers, list) or len(numbers) <= 12:
        return str(numbers)
    first = ", ".join(map(str, numbers[:8]))
    return f"[{first}, ...], {len(numbers)} in all"

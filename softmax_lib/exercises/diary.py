"""A diary of a training: what the loss was asked, and what became of the weights.

The reader's class gets a loss that writes each call down: which weights, which points,
which labels and which reg it was handed. Every mistake of a training shows in it.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.answers import as_numbers
from softmax_lib.exercises.calculation import SOFTMAX, calculate
from softmax_lib.exercises.probes import Probe
from softmax_lib.exercises.runner import Trouble, attempt


class Settings(NamedTuple):
    """What one training is asked for."""

    learning_rate: float
    reg: float
    num_iters: int
    batch_size: int


class Entry(NamedTuple):
    """One call of the loss, and the gradient that it got back."""

    W: np.ndarray | None
    X: np.ndarray | None
    y: np.ndarray | None
    reg: float | None
    loss: float
    dW: np.ndarray
    is_new: bool  # whether W is another array than at the call before


@dataclass
class Diary:
    """What happened in one training."""

    settings: Settings
    entries: list[Entry] = field(default_factory=list)
    W: np.ndarray | None = None
    history: np.ndarray | None = None
    has_history: bool = False
    printed: bool = False
    latest: Any = None  # the array W of the last call
    changed: tuple[str, ...] = ()
    trouble: Trouble | None = None


N, D, C = 40, 6, 5
RNG = np.random.default_rng(3)
X = np.hstack([np.arange(N)[:, np.newaxis] / N, RNG.uniform(-1, 1, (N, D - 1))])
Y = RNG.choice([0, 2, C - 1], N)  # classes 1 and 3 do not occur
RUNS = [Settings(0.05, 0.3, 12, 8), Settings(0.02, 0.0, 7, 5)]


def watch(cls: type, settings: Settings) -> Diary:
    """Train once, and keep a diary."""
    diary = Diary(settings)

    def loss(self: Any, *args: Any, **kwargs: Any) -> tuple[float, np.ndarray]:
        return note(diary, self.W, *args, **kwargs)

    points, labels, printed = X.copy(), Y.copy(), io.StringIO()
    model: Any = type(cls.__name__, (cls,), {loss_name(cls): loss})()
    with noted_functions(cls, diary), contextlib.redirect_stdout(printed):
        history = attempt(
            model.train, points, labels, **settings._asdict(), verbose=False
        )
    if isinstance(history, Trouble):
        diary.trouble, history = history, None
    diary.W, diary.latest = as_numbers(getattr(model, "W", None)), None
    diary.has_history = history is not None
    diary.history = as_numbers(history)
    diary.printed = bool(printed.getvalue().strip())
    pairs = {"X": (X, points), "y": (Y, labels)}
    diary.changed = tuple(k for k, pair in pairs.items() if not np.array_equal(*pair))
    return diary


def loss_name(cls: Any) -> str:
    """Return the name of the method that ``train`` asks for loss and gradient."""
    called = getattr(getattr(cls.train, "__code__", None), "co_names", ())
    others = [
        name
        for name in called
        if re.search("loss|cost|objective", name, re.IGNORECASE)
        and callable(getattr(cls, name, None))
    ]
    return others[0] if len(others) == 1 else "loss"


@contextlib.contextmanager
def noted_functions(cls: Any, diary: Diary) -> Iterator[None]:
    """Put the diary in the place of the loss functions that ``train`` may call."""
    names = getattr(cls.train, "__globals__", {})
    originals = {
        name: value
        for name, value in names.items()
        if callable(value) and re.fullmatch(r"(softmax|svm)_loss\w*", name)
    }
    names.update({name: lambda W, *rest: note(diary, W, *rest) for name in originals})
    try:
        yield
    finally:
        names.update(originals)


def note(
    diary: Diary,
    W: Any,
    X_batch: Any = None,
    y_batch: Any = None,
    reg: Any = None,
    **named: Any,
) -> tuple[float, np.ndarray]:
    """Write a call of the loss into the diary, and answer it."""
    X_batch, y_batch = named.get("X", X_batch), named.get("y", y_batch)
    weights, points, labels = map(as_numbers, (W, X_batch, y_batch))
    answer = attempt(softmax_loss, weights, points, labels, reg)
    if isinstance(answer, Trouble):
        answer = 1.0, np.zeros(np.shape(W))
    strength = as_numbers(reg)
    number = float(strength) if strength is not None and strength.ndim == 0 else None
    is_new = W is not diary.latest
    diary.latest = W
    loss, dW = answer
    loss += weights_seen(diary, weights)
    diary.entries.append(Entry(weights, points, labels, number, loss, dW, is_new))
    return loss, dW.copy()


def weights_seen(diary: Diary, W: np.ndarray | None) -> int:
    """Count the weights that the loss has been asked about, these included.

    The loss rises by it, so that a step that is chosen for its loss is the first one.
    """
    asked = [entry.W for entry in diary.entries] + [W]
    return len({weights.tobytes() for weights in asked if weights is not None})


def softmax_loss(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Return the right loss and gradient."""
    probe = Probe("", W, X, y.ravel().astype(int), reg)
    loss, dW = (calculate(SOFTMAX, part, probe) for part in ("loss", "gradient"))
    return float(loss), dW

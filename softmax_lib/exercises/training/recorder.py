"""First phase: train, and record what the loss is asked and what becomes of W.

The reader's class gets a loss that records each call: the weights, the points, the
labels and the reg that it was passed. Every mistake of a training shows in it.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.losses.exercise import SOFTMAX
from softmax_lib.exercises.losses.inputs import Input
from softmax_lib.exercises.losses.outputs import as_numbers
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.sandbox import Trouble, attempt
from softmax_lib.exercises.search import evaluate


class Settings(NamedTuple):
    """What one training is asked for."""

    learning_rate: float
    reg: float
    num_iters: int
    batch_size: int


class Call(NamedTuple):
    """One call of the loss, and what it returned."""

    W: np.ndarray | None
    X: np.ndarray | None
    y: np.ndarray | None
    reg: float | None
    loss: float
    dW: np.ndarray
    is_new: bool  # whether W is another array than at the call before


@dataclass
class Recording:
    """What happened in one training."""

    settings: Settings
    calls: list[Call] = field(default_factory=list)
    W: np.ndarray | None = None
    history: np.ndarray | None = None
    has_history: bool = False
    printed: bool = False
    latest: Any = None  # the array W of the last call
    changed: tuple[str, ...] = ()
    goes_on: bool = True  # whether a second call begins with the W of the first one
    is_turned: bool = False  # whether W is (C, D) and X is (D, N)
    trouble: Trouble | None = None


N, D, C = 40, 6, 5
RNG = np.random.default_rng(3)
X = np.hstack([np.arange(N)[:, np.newaxis] / N, RNG.uniform(-1, 1, (N, D - 1))])
Y = RNG.choice([0, 2, C - 1], N)  # classes 1 and 3 do not occur
RUNS = [Settings(0.05, 0.3, 12, 8), Settings(0.02, 0.0, 7, 5)]
# Long enough that a point which can be drawn is drawn: it is missed with 1e-33.
COVERAGE = Settings(0.0, 0.0, 150, 20)


def record_all(cls: type) -> Iterator[Recording | Trouble]:
    """Train several times, in the layout that the class is written for."""
    first = attempt(record, cls, RUNS[0])
    is_turned = isinstance(first, Recording) and takes_columns(first)
    runs = [attempt(record, cls, settings, is_turned) for settings in RUNS[1:]]
    if is_turned:
        first = attempt(record, cls, RUNS[0], is_turned)
    yield from [first, *runs, attempt(record, cls, COVERAGE, is_turned)]


def takes_columns(recording: Recording) -> bool:
    """Whether a training takes the points of ``X`` for its features."""
    W = recording.calls[0].W if recording.calls else None
    return W is not None and W.shape == (C, N)


def record(cls: type, settings: Settings, is_turned: bool = False) -> Recording:
    """Train once, and record it."""
    recording = Recording(settings, is_turned=is_turned)

    def loss(self: Any, *args: Any, **kwargs: Any) -> tuple[float, np.ndarray]:
        return record_call(recording, self.W, *args, **kwargs)

    points, labels, printed = X.copy(), Y.copy(), io.StringIO()
    handed_in = points.T if is_turned else points
    model: Any = type(cls.__name__, (cls,), {loss_name(cls): loss})()
    with recorded_functions(cls, recording), contextlib.redirect_stdout(printed):
        history = attempt(
            model.train, handed_in, labels, **settings._asdict(), verbose=False
        )
    if isinstance(history, Trouble):
        recording.trouble, history = history, None
    recording.W = turned_back(recording, as_numbers(getattr(model, "W", None)))
    recording.latest = None
    recording.has_history = history is not None
    recording.history = as_numbers(history)
    recording.printed = bool(printed.getvalue().strip())
    pairs = {"X": (X, points), "y": (Y, labels)}
    recording.changed = tuple(k for k, p in pairs.items() if not np.array_equal(*p))
    if recording.trouble is None and recording.calls:
        recording.goes_on = begins_with(cls, model, recording, handed_in)
    return recording


def begins_with(cls: type, model: Any, first: Recording, points: np.ndarray) -> bool:
    """Whether a second call of ``train`` begins with the weights of the first one."""
    calls, first.calls = first.calls, []
    settings = first.settings._replace(num_iters=1)
    with recorded_functions(cls, first), contextlib.redirect_stdout(io.StringIO()):
        attempt(model.train, points, Y.copy(), **settings._asdict(), verbose=False)
    second, first.calls, first.latest = first.calls, calls, None
    before, after = first.W, second[0].W if second else None
    return before is None or after is None or np.array_equal(before, after)


def turned_back(recording: Recording, array: np.ndarray | None) -> np.ndarray | None:
    """Return weights or points in our layout."""
    return array.T if recording.is_turned and array is not None else array


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
def recorded_functions(cls: Any, recording: Recording) -> Iterator[None]:
    """Replace the loss functions that ``train`` may call by the recorder."""
    names = getattr(cls.train, "__globals__", {})
    originals = {
        name: value
        for name, value in names.items()
        if callable(value) and re.fullmatch(r"(softmax|svm)_loss\w*", name)
    }
    names.update(
        {name: lambda W, *rest: record_call(recording, W, *rest) for name in originals}
    )
    try:
        yield
    finally:
        names.update(originals)


def record_call(
    recording: Recording,
    W: Any,
    X_batch: Any = None,
    y_batch: Any = None,
    reg: Any = None,
    **named: Any,
) -> tuple[float, np.ndarray]:
    """Record a call of the loss, and answer it."""
    X_batch, y_batch = named.get("X", X_batch), named.get("y", y_batch)
    labels = as_numbers(y_batch)
    weights = turned_back(recording, as_numbers(W))
    points = turned_back(recording, as_numbers(X_batch))
    answer = attempt(softmax_loss, weights, points, labels, reg)
    if isinstance(answer, Trouble):
        answer = 1.0, np.zeros(np.shape(W))
    strength = as_numbers(reg)
    number = float(strength) if strength is not None and strength.ndim == 0 else None
    is_new = W is not recording.latest
    recording.latest = W
    loss, dW = answer
    loss += num_distinct_weights(recording, weights)
    recording.calls.append(Call(weights, points, labels, number, loss, dW, is_new))
    return loss, dW.T.copy() if recording.is_turned else dW.copy()


def num_distinct_weights(recording: Recording, W: np.ndarray | None) -> int:
    """Count the weights that the loss has been asked about, these included.

    The loss rises by this number, so that a W chosen for its loss is the first one.
    """
    asked = [call.W for call in recording.calls] + [W]
    return len({weights.tobytes() for weights in asked if weights is not None})


def softmax_loss(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Return the right loss and gradient."""
    given = Input("", W, X, y.ravel().astype(int), reg)
    loss, dW = (evaluate.__wrapped__(SOFTMAX, part, given) for part in PARTS)
    return float(loss), dW

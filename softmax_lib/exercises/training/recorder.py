"""First phase: train, and record what the loss is asked and what becomes of W.

The reader's class gets a loss that records each call: the weights, the points, the
labels and the reg that it was passed. Every mistake of a training shows in it.
"""

import ast
import contextlib
import inspect
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.losses.definitions import parsed_function
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
    layout: str = ""  # which of W and X the class has transposed
    trouble: Trouble | None = None
    line_of_move: int | None = None  # that changes W in the loop


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
    layout = layout_in(first, cls)
    yield attempt(record, cls, RUNS[0], layout) if layout else first
    for settings in (*RUNS[1:], COVERAGE):
        yield attempt(record, cls, settings, layout)


def layout_of(cls: type) -> str:
    """Return which of W and X a class has transposed."""
    return layout_in(attempt(record, cls, RUNS[0]), cls)


def layout_in(recording: Recording | Trouble, cls: type) -> str:
    """Return which of W and X a class has transposed, by the shape of its W."""
    calls = recording.calls if isinstance(recording, Recording) else []
    W = calls[0].W if calls else None
    shapes = {(C, N): "WX", (N, C): "X", (C, D): "W"}
    layout = "" if W is None else shapes.get(W.shape, "")
    if layout == "W" and takes(cls, (D, C)) and not takes(cls, (C, D)):
        return ""  # against its own loss
    return layout


def takes(cls: type, shape: tuple[int, int]) -> bool:
    """Whether the loss of a class runs with weights of a shape."""
    model: Any = attempt(cls)
    if isinstance(model, Trouble):
        return False
    model.W = np.zeros(shape)
    loss: Any = getattr(model, loss_name(cls), None)
    return not isinstance(attempt(loss, X.copy(), Y.copy(), 0.1), Trouble)


def arguments(train: Any, settings: Settings) -> dict[str, Any]:
    """Return the settings by the names that ``train`` has for them, in its order."""
    given = {**settings._asdict(), "verbose": False}
    try:
        parameters = inspect.signature(train).parameters.values()
    except (TypeError, ValueError):
        return given
    own = [each.name for each in parameters][2:]
    if len(own) != len(given) or any(
        each.kind == each.VAR_KEYWORD for each in parameters
    ):
        return given
    alike = {simplified(name): name for name in own}
    found = {alike[key]: v for k, v in given.items() if (key := simplified(k)) in alike}
    others = [v for k, v in given.items() if simplified(k) not in alike]
    return found | dict(zip((n for n in own if n not in found), others, strict=True))


def simplified(name: str) -> str:
    """Return a name without underscores and capitals."""
    return name.replace("_", "").lower()


def record(cls: type, settings: Settings, layout: str = "") -> Recording:
    """Train once, and record it."""
    recording = Recording(settings, layout=layout)
    recording.line_of_move = line_of_move(cls)

    def loss(self: Any, *args: Any, **kwargs: Any) -> tuple[float, np.ndarray]:
        return record_call(recording, self.W, *args, **kwargs)

    points, labels, printed = X.copy(), Y.copy(), io.StringIO()
    handed_in = points.T if "X" in layout else points
    model: Any = type(cls.__name__, (cls,), {loss_name(cls): loss})()
    with recorded_functions(cls, recording), contextlib.redirect_stdout(printed):
        history = attempt(
            model.train, handed_in, labels, **arguments(model.train, settings)
        )
    if isinstance(history, Trouble):
        recording.trouble, history = history, None
    recording.W = turned_back("W", recording, as_numbers(getattr(model, "W", None)))
    recording.latest = None
    recording.has_history = history is not None
    recording.history = as_numbers(history)
    recording.printed = bool(printed.getvalue().strip())
    pairs = {"X": (X, points), "y": (Y, labels)}
    recording.changed = tuple(k for k, p in pairs.items() if not np.array_equal(*p))
    if recording.trouble is None and recording.calls:
        recording.goes_on = begins_with(cls, model, recording, handed_in)
    return recording


def line_of_move(cls: Any) -> int | None:
    """Return the line in a loop of ``train`` that changes ``self.W``, if it is one."""
    read = parsed_function(cls.train)
    lines = {
        node.lineno
        for loop in (ast.walk(read[1]) if read else ())
        if isinstance(loop, ast.For | ast.While)
        for node in ast.walk(loop)
        if isinstance(node, ast.Attribute)
        and node.attr == "W"
        and isinstance(node.ctx, ast.Store)
    }
    return lines.pop() if len(lines) == 1 else None


def begins_with(cls: type, model: Any, first: Recording, points: np.ndarray) -> bool:
    """Whether a second call of ``train`` begins with the weights of the first one."""
    calls, first.calls = first.calls, []
    settings = first.settings._replace(num_iters=1)
    with recorded_functions(cls, first), contextlib.redirect_stdout(io.StringIO()):
        attempt(model.train, points, Y.copy(), **arguments(model.train, settings))
    second, first.calls, first.latest = first.calls, calls, None
    before, after = first.W, second[0].W if second else None
    return before is None or after is None or np.array_equal(before, after)


def turned_back(
    name: str, recording: Recording, array: np.ndarray | None
) -> np.ndarray | None:
    """Return W or X in our layout."""
    return array.T if name in recording.layout and array is not None else array


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
    weights = turned_back("W", recording, as_numbers(W))
    points = turned_back("X", recording, as_numbers(X_batch))
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
    return loss, dW.T.copy() if "W" in recording.layout else dW.copy()


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

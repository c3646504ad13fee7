"""A loss as a list of named steps, and a mistake as a change of some of them.

`SOFTMAX` and `SVM` are the two losses of the book, written step by step. `calculate`
goes through the steps; each one sees the values of the earlier ones. A fault hooks
into a step and changes its value, so that any two faults can be put together.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from softmax_lib.exercises.probes import Probe

Values = Any  # a SimpleNamespace of the values so far: W, X, y, reg, N, hot, scores …
Step = Callable[[Values], Any]
Change = Callable[[Values, Any], Any]  # the values so far, the right value → the wrong


# Reached only by a score some hundreds behind, and worth a remark.
REMARKS = {"log_of_zero", "epsilon_in_log"}


@dataclass(frozen=True, eq=False)
class Fault:
    """A known mistake.

    Attributes
    ----------
    name : str
        What `Report.fault` calls it.
    sentence : str
        What it is, for the reader; goes on with "in the loss" or "in the gradient".
    hint : str
        A thought that leads to it.
    changes : mapping of str to callable
        The changed steps.
    """

    name: str
    sentence: str
    hint: str
    changes: Mapping[str, Change]


def log_sum_exp(v: Values) -> np.ndarray:
    """Loss of each point, from the shifted scores."""
    return np.asarray(np.log(v.exps.sum(axis=1)) - v.shifted[v.rows, v.label])


def count_at_own_class(v: Values) -> np.ndarray:
    """Gradient of the SVM loss of each point with respect to its scores."""
    mask = (v.counted > 0).astype(float)
    return np.asarray(mask - v.hot * mask.sum(axis=1, keepdims=True))


LOSS_ENDS: dict[str, Step] = {
    "sum_loss": lambda v: v.losses.sum(),
    "data_loss": lambda v: v.sum_loss / v.N,
    "penalty": lambda v: v.reg * np.sum(v.W * v.W),
    "loss": lambda v: v.data_loss + v.penalty,
}
GRADIENT_ENDS: dict[str, Step] = {
    "sum_gradient": lambda v: v.X.T @ v.dscores,
    "data_gradient": lambda v: v.sum_gradient / v.N,
    "pull": lambda v: 2 * v.reg * v.W,
    "dW": lambda v: v.data_gradient + v.pull,
}


@dataclass(frozen=True, eq=False)
class Loss:
    """The steps that loss and gradient share, and those of each of them."""

    name: str
    shared: Mapping[str, Step]
    loss: Mapping[str, Step]
    gradient: Mapping[str, Step]


SOFTMAX = Loss(
    "softmax",
    {
        "scores": lambda v: v.X @ v.W,
        "shifted": lambda v: v.scores - v.scores.max(axis=1, keepdims=True),
        "exps": lambda v: np.exp(v.shifted),
        "probs": lambda v: v.exps / v.exps.sum(axis=1, keepdims=True),
    },
    {"label": lambda v: v.y, "losses": log_sum_exp, **LOSS_ENDS},
    {
        "wished_away": lambda v: v.probs,  # how much of each class there should not be
        "dscores": lambda v: v.wished_away - v.hot,
        **GRADIENT_ENDS,
    },
)
SVM = Loss(
    "SVM",
    {
        "scores": lambda v: v.X @ v.W,
        "margins": lambda v: v.scores - v.scores[v.rows, v.y][:, np.newaxis] + 1,
        "hinges": lambda v: np.maximum(0, v.margins),
        "counted": lambda v: v.hinges * (1 - v.hot),
    },
    {"losses": lambda v: v.counted.sum(axis=1), **LOSS_ENDS},
    {"dscores": count_at_own_class, **GRADIENT_ENDS},
)
PARTS = ("loss", "gradient")


def steps_of(loss: Loss, part: str) -> dict[str, Step]:
    """Return the steps that lead to the loss, or to its gradient."""
    return {**loss.shared, **(loss.loss if part == "loss" else loss.gradient)}


@np.errstate(all="ignore")
def walk(steps: Mapping[str, Step], v: Values, faults: Iterable[Fault]) -> Any:
    """Go through the steps and return the value of the last one."""
    for name, step in steps.items():
        value = step(v)
        for fault in faults:
            if name in fault.changes:
                value = fault.changes[name](v, value)
        setattr(v, name, value)
    return value


@cache
def calculate(
    loss: Loss, part: str, probe: Probe, faults: tuple[Fault, ...] = ()
) -> np.ndarray:
    """Return the loss, or its gradient, as it comes out with the faults."""
    N, C = len(probe.X), probe.W.shape[1]
    v = SimpleNamespace(**vars(probe), N=N, C=C, rows=np.arange(N))
    v.hot = np.eye(C)[probe.y]
    return np.asarray(walk(steps_of(loss, part), v, faults), dtype=float)

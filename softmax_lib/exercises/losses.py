"""Checks of the losses and of their gradients."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from softmax_lib.exercises.answers import LossFunction, ask
from softmax_lib.exercises.calculation import PARTS, SOFTMAX, SVM, Loss, calculate
from softmax_lib.exercises.faults import EXTREME_FAULTS, SOFTMAX_FAULTS, SVM_FAULTS
from softmax_lib.exercises.messages import stopped
from softmax_lib.exercises.probes import (
    EXTREME,
    HAND_REG,
    IMAGES,
    ORDINARY,
    SINGLE,
    SMALLEST,
    TURNED,
    Probe,
    drawn,
)
from softmax_lib.exercises.report import Report
from softmax_lib.exercises.runner import attempt, run
from softmax_lib.exercises.tracing import best_time, loops
from softmax_lib.exercises.verdict import Subject, diagnose


def check_loss(f: LossFunction) -> Report:
    """Check a softmax loss and nothing else.

    Parameters
    ----------
    f : callable
        ``f(W, X, y, reg)`` returns ``loss, dW``, or ``loss`` alone. The gradient may
        still be wrong.

    Returns
    -------
    Report
        Whether the loss is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.losses import softmax_loss_naive
    >>> check_loss(lambda W, X, y, reg: softmax_loss_naive(W, X, y, 0)[0]).fault
    'reg_missing'
    """
    return check(
        f,
        Subject(SOFTMAX, SOFTMAX_FAULTS, EXTREME_FAULTS, parts=("loss",)),
        "Next: its gradient.",
    )


def check_softmax_loss_naive(f: LossFunction) -> Report:
    """Check a softmax loss and its gradient; loops are welcome.

    Parameters
    ----------
    f : callable
        ``f(W, X, y, reg)`` returns ``loss, dW``.

    Returns
    -------
    Report
        Whether it is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.losses import softmax_loss_naive
    >>> check_softmax_loss_naive(softmax_loss_naive).passed
    True
    """
    return check(
        f,
        Subject(SOFTMAX, SOFTMAX_FAULTS, EXTREME_FAULTS),
        "Next: the same without loops.",
    )


def check_softmax_loss_vectorized(f: LossFunction) -> Report:
    """Check a softmax loss and its gradient, which must run without Python loops.

    Parameters
    ----------
    f : callable
        ``f(W, X, y, reg)`` returns ``loss, dW``.

    Returns
    -------
    Report
        Whether it is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.losses import softmax_loss_naive
    >>> check_softmax_loss_vectorized(softmax_loss_naive).fault
    'loops_over_points + loops_over_classes'
    """
    return check(
        f,
        Subject(SOFTMAX, SOFTMAX_FAULTS, EXTREME_FAULTS, without_loops=True),
        "Next: time it against the loops, then train with it.",
    )


def check_gradient(f: LossFunction) -> Report:
    """Check the gradient of a softmax loss and nothing else.

    Parameters
    ----------
    f : callable
        ``f(W, X, y, reg)`` returns ``loss, dW``, or ``dW`` alone. The loss may still be
        wrong. A numerical gradient is as good as a derived one.

    Returns
    -------
    Report
        Whether the gradient is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.losses import softmax_loss_naive
    >>> check_gradient(lambda W, X, y, reg: softmax_loss_naive(W, X, y, 0)[1]).fault
    'reg_missing'
    """
    return check(
        f,
        Subject(SOFTMAX, SOFTMAX_FAULTS, EXTREME_FAULTS, parts=("gradient",)),
        "Next: compare it with a numerical gradient, at reg = 0 and at reg = 50.",
    )


def check_svm_loss(f: LossFunction) -> Report:
    """Check an SVM loss with margin 1 and its gradient, with or without loops.

    Parameters
    ----------
    f : callable
        ``f(W, X, y, reg)`` returns ``loss, dW``.

    Returns
    -------
    Report
        Whether it is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.losses import svm_loss_vectorized
    >>> check_svm_loss(svm_loss_vectorized).passed
    True
    """
    return check(
        f,
        Subject(SVM, SVM_FAULTS, ()),
        "Next: give one point a margin of exactly 0 and think about its gradient.",
    )


def check(f: LossFunction, subject: Subject, what_next: str) -> Report:
    """Ask a function for all probes, and say what its answers mean."""
    outcome = run(lambda: examination(f, subject))
    results: dict[str, Any] = dict(outcome.items)
    if outcome.trouble is not None:
        probes = [*ORDINARY, *EXTREME, *SMALLEST]
        reached = next((p for p in probes if p.name not in results), None)
        where = f"for {reached.name}" if reached else "after the first examples"
        return stopped(outcome.trouble, where)
    return diagnose(results, subject, what_next)


def examination(f: LossFunction, subject: Subject) -> Iterator[tuple[str, Any]]:
    """Yield all that is asked of a function, each with its name."""
    for probe in [*ORDINARY, *EXTREME, *SMALLEST, SINGLE, IMAGES, TURNED]:
        yield probe.name, ask(f, probe)
    yield "again", ask(f, HAND_REG)
    yield "slopes", attempt(slopes, f, HAND_REG)
    if subject.without_loops:
        yield "loops", attempt(loops, f)
        yield "slowness", attempt(slowness, f, subject.loss)


def slopes(f: LossFunction, probe: Probe) -> np.ndarray:
    """Return the numerical gradient of the reader's own loss."""
    gradient = np.zeros(probe.W.shape)
    for place in np.ndindex(probe.W.shape):
        ends = []
        for h in (1e-5, -1e-5):
            W = probe.W.copy()
            W[place] += h
            ends.append(ask(f, replace(probe, W=W)).loss)
        if ends[0] is None or ends[1] is None:
            gradient[place] = np.nan
        else:
            gradient[place] = (ends[0] - ends[1]) / 2e-5
    return gradient


def slowness(f: LossFunction, loss: Loss) -> float:
    """Return the time of the function, divided by that of the reference."""
    probe = drawn("", 400, 500, 10, [i * i % 10 for i in range(400)], 0.1)
    steps = calculate.__wrapped__  # without the memory of earlier results
    reference = best_time(lambda: [steps(loss, part, probe) for part in PARTS])
    return best_time(f, probe.W, probe.X, probe.y, probe.reg) / reference

"""The checks of losses and gradients: run, explain, write."""

from dataclasses import replace

from softmax_lib.exercises.errors import stopped
from softmax_lib.exercises.losses.exercise import (
    SOFTMAX,
    SOFTMAX_EXTREME,
    SVM,
    SVM_EXTREME,
    LossCheck,
)
from softmax_lib.exercises.losses.explain import diagnose
from softmax_lib.exercises.losses.feedback import write
from softmax_lib.exercises.losses.outputs import LossFunction
from softmax_lib.exercises.losses.run import Stop, ask
from softmax_lib.exercises.report import Report

NAIVE = LossCheck(SOFTMAX, SOFTMAX_EXTREME, "Next: the same without loops.")
LOSS = replace(NAIVE, parts=("loss",), next_step="Next: its gradient.")
GRADIENT = replace(
    NAIVE,
    parts=("gradient",),
    next_step="Next: compare it with a numerical gradient, at reg = 0 and at reg = 50.",
)
VECTORIZED = replace(
    NAIVE,
    without_loops=True,
    next_step="Next: time it against the loops, then train with it.",
)
SVM_LOSS = LossCheck(
    SVM,
    SVM_EXTREME,
    "Next: give one point a margin of exactly 0 and think about its gradient.",
    has_kinks=True,
)


def check(function: LossFunction, asked: LossCheck) -> Report:
    """Check a function."""
    answers = ask(function, asked)
    if isinstance(answers, Stop):
        return stopped(*answers)
    return write(diagnose(answers, asked))


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
    return check(f, LOSS)


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
    """
    return check(f, NAIVE)


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
    return check(f, VECTORIZED)


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
    """
    return check(f, GRADIENT)


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
    """
    return check(f, SVM_LOSS)

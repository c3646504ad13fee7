"""The checks of losses and gradients: run, explain, write."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

from softmax_lib.exercises.errors import not_callable, stopped
from softmax_lib.exercises.losses.conventions import HALVED, PENALTIES
from softmax_lib.exercises.losses.exercise import (
    SOFTMAX,
    SOFTMAX_EXTREME,
    SVM,
    SVM_EXTREME,
    LossCheck,
)
from softmax_lib.exercises.losses.explain import (
    Diagnosis,
    diagnose,
    wrong_in_penalty,
    wrong_without_penalty,
)
from softmax_lib.exercises.losses.feedback import data_mistakes, write
from softmax_lib.exercises.losses.forms import OF_A_LINE
from softmax_lib.exercises.losses.outputs import LossFunction
from softmax_lib.exercises.losses.run import Answers, Stop, ask
from softmax_lib.exercises.losses.sight import Sight
from softmax_lib.exercises.losses.witness import Wanted, locate
from softmax_lib.exercises.report import Report
from softmax_lib.exercises.sandbox import run

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
    if refused := not_callable(function):
        return refused
    answers = ask(function, asked)
    if isinstance(answers, Stop):
        return stopped(*answers)
    if answers.rest is None:
        return write(diagnose_with_lines(function, answers, asked))
    rest = diagnose_with_lines(function, answers.rest, asked)
    diagnosis, amendment = diagnose(answers, asked), answers.rest.amendment
    if diagnosis.stop is None and amendment is not None:  # it returns another array
        return write(replace(rest, findings=[amendment.finding(), *rest.findings]))
    sights = find_lines(function, diagnosis)
    return write(replace(diagnosis, sights=sights, rest=rest))


def diagnose_with_lines(
    function: LossFunction, answers: Answers, asked: LossCheck
) -> Diagnosis:
    """Return what the answers mean, and where in the code they go wrong."""
    diagnosis = diagnose(answers, asked)
    sights = find_lines(function, diagnosis)
    if any(sight.balance[1] == "penalty" for sight in sights):
        diagnosis = in_other_year(diagnosis, asked)
    return replace(diagnosis, sights=sights)


def in_other_year(diagnosis: Diagnosis, asked: LossCheck) -> Diagnosis:
    """Judge a penalty that is counted twice in the convention of the one that is not.

    Half of it, twice, was taken for a whole one, or a whole one, once, for two halves.
    """
    convention = PENALTIES[HALVED not in diagnosis.convention]
    check = replace(asked, parts=diagnosis.check.parts).under(convention)
    remarks = [x for x in diagnosis.remarks if x.name != HALVED.name]
    remarks += [mistake.finding() for mistake in convention]
    return replace(diagnosis, check=check, convention=convention, remarks=remarks)


def find_lines(function: LossFunction, diagnosis: Diagnosis) -> list[Sight]:
    """Find where in the code the results go wrong, in the sandbox."""
    wrong = wrong_without_penalty(diagnosis)
    penalties = wrong_in_penalty(diagnosis)
    formless = [OF_A_LINE[x.name] for x in diagnosis.findings if x.name in OF_A_LINE]
    wrong += [part for part in formless if part not in wrong]
    if not wrong + penalties:
        return []
    wanted = Wanted(
        diagnosis.check.has_kinks,
        tuple(mistake.name for mistake in diagnosis.convention),
        diagnosis.check.parts,
        diagnosis.answers.layout,
        diagnosis.answers.without,
        wrong,
        [*diagnosis.unexplained, *formless],
        penalties,
        [part for part in wrong if len(data_mistakes(diagnosis, part)) > 1],
        diagnosis.answers.amendment,
    )
    with announced("Searching for the line of the mistake ..."):
        return run(locate, function, wanted).items


@contextlib.contextmanager
def announced(text: str) -> Iterator[None]:
    """Print in a terminal what takes so long, if it takes more than a second."""
    timer = threading.Timer(1.0, print, [text], {"file": sys.stderr, "flush": True})
    timer.daemon = True
    if is_terminal := sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        if is_terminal:
            timer.cancel()


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
    return check(f, NAIVE)


def check_softmax_loss_vectorized(f: LossFunction) -> Report:
    """Check a softmax loss and its gradient, which must run without Python loops.

    As `check_softmax_loss_naive`.

    Examples
    --------
    >>> from softmax_lib.losses import softmax_loss_naive
    >>> check_softmax_loss_vectorized(softmax_loss_naive).fault
    'loops_over_points + loops_over_classes'
    """
    return check(f, VECTORIZED)


def check_loss(f: LossFunction) -> Report:
    """Check a softmax loss and nothing else.

    As `check_softmax_loss_naive`, but ``f`` may return ``loss`` alone, and its gradient
    may still be wrong.
    """
    return check(f, LOSS)


def check_gradient(f: LossFunction) -> Report:
    """Check the gradient of a softmax loss and nothing else.

    As `check_softmax_loss_naive`, but ``f`` may return ``dW`` alone, and its loss may
    still be wrong. A numerical gradient is as good as a derived one.
    """
    return check(f, GRADIENT)


def check_svm_loss(f: LossFunction) -> Report:
    """Check an SVM loss with margin 1 and its gradient, with or without loops.

    As `check_softmax_loss_naive`.
    """
    return check(f, SVM_LOSS)

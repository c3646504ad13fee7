"""The checks of a reader's losses: each mistake is named, no right answer is blamed.

The submissions are two plain ones, as a reader writes them, and each mistake is an edit
of their lines. None of them is made from the catalogue of `softmax_lib.exercises`.
"""

import dataclasses
import functools
import importlib
import io
import itertools
import json
import math
import os
import pickle
import pkgutil
import re
import runpy
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax

from softmax_lib import exercises, losses
from softmax_lib.exercises import (
    Report,
    check_gradient,
    check_grid,
    check_loss,
    check_predict,
    check_softmax_loss_naive,
    check_softmax_loss_vectorized,
    check_svm_loss,
    check_train,
    sandbox,
)
from softmax_lib.exercises.losses import run
from softmax_lib.exercises.losses.check import NAIVE, SVM_LOSS, announced
from softmax_lib.exercises.losses.exercise import LossCheck
from softmax_lib.exercises.losses.explain import UNSTABLE, diagnose
from softmax_lib.exercises.losses.feedback import write
from softmax_lib.exercises.mistakes import Mistake
from softmax_lib.exercises.report import passed
from softmax_lib.exercises.sandbox import quiet
from softmax_lib.linear_classifier import Softmax
from tests.submissions import (
    ARRAYS,
    ARRAYS_MISTAKES,
    LOOPS,
    LOOPS_MISTAKES,
    SVM_ARRAYS,
    SVM_LOOPS,
    SVM_MISTAKES,
    line_of,
    mistakes,
    united,
    written,
)


def with_ties(own: str, other: str) -> Callable[..., Any]:
    """Count margins of 0 or not, in the own column and in that of the other class."""
    edit = "if margin > 0: → if True:"
    return written(SVM_LOOPS, edit, f"-= X[i] → -= (margin {own} 0) * X[i]",
                   f"+= X[i] → += (margin {other} 0) * X[i]",
                   "+= margin → += max(0, margin)")  # fmt: skip


def test_every_subgradient_of_the_svm_passes() -> None:
    for sign in (">", ">="):
        assert check_svm_loss(with_ties(sign, sign)).remark is None
    mixed = check_svm_loss(with_ties(">", ">="))
    assert (mixed.passed, mixed.remark) == (True, "ties_counted_by_halves")


def test_the_plain_submissions_pass() -> None:
    assert check_softmax_loss_naive(written(LOOPS)).fault is None
    assert check_softmax_loss_naive(written(LOOPS)).passed
    assert check_softmax_loss_vectorized(written(ARRAYS)).passed
    assert check_svm_loss(written(SVM_LOOPS)).passed
    assert check_svm_loss(written(SVM_ARRAYS)).passed


def fault_of(f: Callable[..., Any], asked: LossCheck = NAIVE) -> set[str]:
    """What the check names, asked without a process of its own."""
    with quiet():
        answers = run.collect(list(run.examine(f, asked.without_loops)))
    report = write(diagnose(answers, asked))
    shifts = UNSTABLE - {"log_of_zero", "epsilon_in_log"}
    unstable = [remark for remark in report.remarks if remark.name in shifts]
    assert not report.passed or unstable
    faults = {finding.label for finding in report.findings}
    return faults | {remark.name for remark in unstable}


@pytest.mark.parametrize(("fault", "edit"), mistakes(LOOPS_MISTAKES))
def test_a_mistake_in_the_loops_is_named(fault: str, edit: str) -> None:
    assert fault_of(written(LOOPS, edit)) == {fault}


@pytest.mark.parametrize(("fault", "edit"), mistakes(ARRAYS_MISTAKES))
def test_a_mistake_in_the_arrays_is_named(fault: str, edit: str) -> None:
    assert fault_of(written(ARRAYS, edit)) == {fault}


@pytest.mark.parametrize(("fault", "edit"), mistakes(SVM_MISTAKES))
def test_a_mistake_in_the_svm_loss_is_named(fault: str, edit: str) -> None:
    assert fault_of(written(SVM_LOOPS, edit), SVM_LOSS) == {fault}


# Those of which no pairs are tried.
RARER = [
    (LOOPS, "integer_array", "zeros_like(W) → zeros(W.shape, dtype=int)"),
    (LOOPS, "truth_of_array", "if j == y[i]: → if j == y:"),
    (LOOPS, "gradient_of_integers", "return loss, dW → return loss, dW.astype(int)"),
    (LOOPS, "multiplied_by_N in the loss", "loss /= num_train → loss *= num_train"),
    (LOOPS, "point_left_out", "in range(num_train) → in range(num_train - 1)"),
    (LOOPS, "point_left_out", "in range(num_train) → in range(1, num_train)"),
    (LOOPS, "averaged_over_constant in the loss", "loss /= num_train → loss /= 500"),
    (LOOPS, "reg_without_first_row in the loss", "W * W → W[1:] ** 2"),
    (LOOPS, "reg_scaled in the loss", "reg * np → 0.25 * reg * np"),
    (LOOPS, "reg_for_each_point in the loss", "loss += reg → loss += num_train * reg"),
    (LOOPS, "own_score_subtracted", "np.max(scores) → scores[y[i]]"),
    (LOOPS, "divided_by_maximum", "scores - np.max(scores) → scores / np.max(scores)"),
    (LOOPS, "label_of_first_point",
     "num_train = X.shape[0] → num_train = X.shape[0]; y = np.full(num_train, y[0])"),
    (LOOPS, "predicted_class",
     "num_train = X.shape[0] → num_train = X.shape[0]; y = np.argmax(X @ W, axis=1)"),
    (LOOPS, "one_for_each_class", "(p - 1) * X → (p - num_classes) * X"),
    (ARRAYS, "X_missing", "np.dot(X.T, dscores) → np.dot(np.ones_like(X.T), dscores)"),
    (ARRAYS, "normalized_over_everything in the gradient",
     "probs = exps / sums → probs = exps / exps.sum()"),
    (ARRAYS, "shifted_in_one_place", "- scores[rows, y] → - (X @ W)[rows, y]"),
    (ARRAYS, "squared_error", "np.log(sums[:, 0]) - scores[rows, y] → "
     "((probs - np.eye(W.shape[1])[y]) ** 2).sum(axis=1)"),
    (ARRAYS, "own_class_in_every_column", "dW = np.dot → "
     "dscores = dscores[rows, y][:, None] + 0 * dscores; dW = np.dot"),
    (SVM_LOOPS, "hinge_missing", "if margin > 0: → if True:"),
    (SVM_LOOPS, "absolute_margins", "if margin > 0: → "
     "loss += abs(margin) - max(margin, 0)\n            if margin > 0:"),
    (SVM_LOOPS, "squared_margins in the loss", "loss += margin → loss += margin ** 2"),
    (SVM_LOOPS, "extreme_scores", "loss += margin → loss += min(margin, 99)"),
    (SVM_LOOPS, "negative_margins_only", "if margin > 0: → if margin < 0:"),
    (SVM_ARRAYS, "largest_margin_only", "margins[range(num_train), y] = 0 → "
     "margins[range(num_train), y] = 0\n"
     "    margins *= margins == margins.max(axis=1, keepdims=True)"),
    (SVM_ARRAYS, "own_class_once", "= -np.sum(mask, axis=1) → = -1"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "fault", "edit"), RARER)
def test_a_rarer_mistake_is_named(source: str, fault: str, edit: str) -> None:
    asked = SVM_LOSS if source in (SVM_LOOPS, SVM_ARRAYS) else NAIVE
    assert fault_of(written(source, edit), asked) == {fault}


def test_every_mistake_of_a_catalogue_is_in_a_test() -> None:
    found = pkgutil.walk_packages(exercises.__path__, f"{exercises.__name__}.")
    modules = [importlib.import_module(module.name) for module in found]
    lists = [x for m in modules for x in vars(m).values() if isinstance(x, list)]
    names = {x.name for entries in lists for x in entries if isinstance(x, Mistake)}
    tests = [*Path(__file__).parent.glob("*.py")]
    words = {
        word for test in tests for word in re.findall(r"\w+", test.read_text("utf-8"))
    }
    assert len(names) > 200
    assert names <= words


# Pairs that return what one mistake alone, or another pair, would return.
SAME_AS_ONE = [
    {"reg_sign in the loss", "data_sign in the loss"},  # the sign of all of it
    {"own_class_skipped", "own_class_only"},  # no data left in the gradient
    {"probability_of_own_class_missing", "own_class_only"},  # no probabilities
    {"not_normalized in the gradient", "scores_for_probs"},  # one hides the other
    {"softmax_twice", "maximum_of_all"},  # the second one's scores lie in 0 … 1
    {"softmax_twice", "maximum_not_subtracted"},  # likewise
    {"data_sign in the gradient", "complement_for_probs"},  # p - 1 for p, p for p - 1
    {"own_class_missing", "complement_for_probs"},  # 1 - p, as its negative p - 1
    {"one_in_every_class", "complement_for_probs"},  # -p, as no own class and a sign
    {"scores_for_probs", "derivative_of_logarithm"},  # one over a score of 0: no number
    {"reg_half in the gradient", "reg_not_squared in the loss"},  # of other years
    {"mean_subtracted", "exp_of_sum"},  # the sum is 0, so that nothing is divided by
]


@pytest.mark.parametrize(
    ("source", "table"), [(LOOPS, LOOPS_MISTAKES), (ARRAYS, ARRAYS_MISTAKES)]
)
def test_two_mistakes_together_are_both_named(source: str, table: str) -> None:
    pairs = [
        (one, other)
        for one, other in itertools.combinations(mistakes(table), 2)
        if line_of(source, one[1]) != line_of(source, other[1])
        if {one[0], other[0]} not in SAME_AS_ONE
        # A twenty-fourth of them, which a new mistake leaves as they are.
        if zlib.crc32(f"{one} {other}".encode()) % 24 == 0
    ]
    missed = []
    for (one, edit), (other, edit2) in pairs:
        found = fault_of(written(source, edit, edit2))
        if found != united([one, other]):
            missed.append(f"{one} and {other}: {found or 'no mistake'} was named")
    advice = "a pair that gives what one mistake alone gives belongs into SAME_AS_ONE"
    assert not missed, "\n".join([*missed, advice])


@pytest.mark.parametrize(
    ("fault", "edit"),
    [
        ("gradient_transposed", "return loss, dW → return loss, dW.T"),
        ("gradient_shape", "return loss, dW → return loss, dW.ravel()"),
        ("too_many_returned", "return loss, dW → return loss, W.sum(), dW"),
        ("results_swapped", "return loss, dW → return dW, loss"),
        ("returns_nothing", "return loss, dW →"),
        ("gradient_not_returned", "return loss, dW → return loss"),
        ("loss_not_returned", "return loss, dW → return dW"),
        ("loss_is_an_array", "return loss, dW → return np.array([loss]), dW"),
        ("gradient_not_an_array", "return loss, dW → return loss, None"),
        ("loss_not_a_number", "return loss, dW → return None, dW"),
        ("gradient_not_written", "return loss, dW → return loss, 0 * dW"),
        ("loss_not_written", "return loss, dW → return 0.0, dW"),
        ("not_started", "return loss, dW → return 0.0, 0 * dW"),
        ("changes_W", "return loss, dW → W += 1; return loss, dW"),
        ("changes_X", "num_train = X → X *= 2; X /= 3; num_train = X"),
        ("changes_y", "return loss, dW → y[:] = 0; return loss, dW"),
        ("name_unknown", "num_train = X → number = X"),
        ("signature", "(W, X, y, reg) → (W, X, y)"),
        ("product_does_not_fit", "X[i].dot(W) → X[i].dot(W.T)"),
        ("product_does_not_fit", "loss = 0.0 → return X @ W.T"),
        ("shapes_do_not_fit", "p * X[i] → p * W"),
        ("shapes_do_not_fit", "dW[:, j] += p * X[i] → dW[j] = p * X[i]"),
        ("loss_for_each_point", "return loss, dW → return loss + y, dW"),
        ("labels_as_float", "total = np → y = y / 1.0; total = np"),
        ("too_many_axes", "total = np → y = y[:, 0]; total = np"),
        ("not_started", "loss = 0.0 → raise NotImplementedError"),
        ("bool_array", "loss = 0.0 → mask = X > 0; mask -= np.sum(y)"),
        ("sizes_not_in_a_tuple", "loss = 0.0 → loss = np.ones(3, 4)"),
        ("file_missing", "loss = 0.0 → np.savetxt('/no/such/folder/W.txt', W)"),
        ("written_for_tensors", "loss = 0.0 → loss = W.clone()"),
        ("debugger_left", "loss = 0.0 → import bdb; raise bdb.BdbQuit"),
        ("differs_when_repeated", "loss = 0.0 → loss = np.random.rand()"),
        ("overflow", "p = np.exp → p = np.max(np.abs(W)) < 99 and np.exp"),
    ],
)  # fmt: skip
def test_results_of_the_wrong_form_are_named(fault: str, edit: str) -> None:
    assert fault_of(written(LOOPS, edit)) == {fault}


def elementwise(W, X, y, reg):
    loss, dW = 0.0, np.zeros(W.shape)
    for i in range(len(X)):
        scores = X[i] * W
        scores -= np.max(scores)
        loss += -scores[y[i]] + np.log(np.sum(np.exp(scores)))
    return loss / len(X), dW


def test_an_elementwise_product_is_asked_about() -> None:
    report = check_softmax_loss_naive(elementwise)
    assert report.findings[0].name == "elementwise_product"
    assert "`*` or `@`" in report.text


def without_exponentials(W, X, y, reg):
    """Takes the scores for their exponentials; its loss is nan for some points."""
    rows = np.arange(len(X))
    probs = X @ W / np.sum(X @ W, axis=1, keepdims=True)
    loss = -np.log(probs[rows, y]).mean() + reg * np.sum(W * W)
    return loss, with_logsumexp(W, X, y, reg)[1]


def of_shifted_scores(W, X, y, reg):
    loss, dW = 0.0, np.zeros(W.shape)
    for i in range(len(X)):
        s = X[i] @ W
        s -= max(s)
        p = s / sum(s)
        loss -= np.log(p[y[i]])
        p[y[i]] -= 1
        dW += np.outer(X[i], p)
    return loss / len(X) + reg * np.sum(W * W), dW / len(X) + 2 * reg * W


def log_of_the_sum_of_scores(W, X, y, reg):
    s = X @ W
    losses = -s[np.arange(len(X)), y] + np.log(s.sum(1))
    return losses.mean() + reg * (W**2).sum(), with_logsumexp(W, X, y, reg)[1]


def test_missing_exponentials_are_named_even_with_nan_losses() -> None:
    assert fault_of(without_exponentials) == {"exp_missing in the loss"}
    assert fault_of(log_of_the_sum_of_scores) == {"exp_missing in the loss"}
    assert fault_of(of_shifted_scores) == {"exp_missing"}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_is_no_factor_and_an_unknown_nan_is_shown(value: float) -> None:
    report = check_softmax_loss_naive(lambda *args: (value, from_scipy(*args)[1]))
    assert report.fault == "loss_is_nan"
    assert "times the right one" not in report.text


def everything_inside_the_loop(W, X, y, reg):
    N = len(X)
    loss, dW = 0.0, np.zeros(W.shape)
    for i in range(N):
        scores = X[i] @ W
        loss += logsumexp(scores) - scores[y[i]]
        loss = loss / N + reg * np.sum(W * W)
        probs = softmax(scores)
        probs[y[i]] -= 1
        dW += np.outer(X[i], probs)
        dW = dW / N + 2 * reg * W
    return loss, dW


def penalty_inside_before_the_division(W, X, y, reg):
    loss = 0.0
    for i in range(len(X)):
        scores = X[i] @ W
        loss += logsumexp(scores) - scores[y[i]] + reg * np.sum(W * W)
        loss /= len(X)
    return loss, with_logsumexp(W, X, y, reg)[1]


def test_mean_and_penalty_inside_the_loop_are_one_mistake() -> None:
    assert fault_of(everything_inside_the_loop) == {"averaged_inside_the_loop"}
    assert fault_of(penalty_inside_before_the_division) == {
        "averaged_inside_the_loop in the loss"
    }


def test_a_label_compared_with_the_number_of_the_point_is_named() -> None:
    def f(W, X, y, reg):
        N, C = len(X), W.shape[1]
        dW = np.zeros(W.shape)
        for i in range(N):
            p = softmax(X[i] @ W)
            for j in range(C):
                dW[:, j] += (p[j] - (i == y[i])) * X[i]
        return from_scipy(W, X, y, reg)[0], dW / N + 2 * reg * W

    assert fault_of(f) == {"point_for_class"}


def test_a_sum_that_goes_on_from_point_to_point_is_named() -> None:
    def f(W, X, y, reg):
        loss, total = 0.0, 0.0
        for x, label in zip(X, y, strict=True):
            s = x @ W
            s -= max(s)
            for score in s:
                total += np.exp(score)
            loss += np.log(total) - s[label]
        return loss / len(X) + reg * np.sum(W**2), from_scipy(W, X, y, reg)[1]

    assert fault_of(f) == {"sum_not_reset in the loss"}


def test_a_loss_added_in_the_loop_over_the_classes_is_named() -> None:
    def f(W, X, y, reg):
        loss = 0.0
        for x, label in zip(X, y, strict=True):
            for _ in range(W.shape[1]):
                loss -= np.log(softmax(x @ W)[label])
        return loss / len(X) + reg * np.sum(W**2), from_scipy(W, X, y, reg)[1]

    assert fault_of(f) == {"once_for_each_class in the loss"}


def test_the_svm_loss_in_place_of_the_softmax_loss_is_named() -> None:
    def f(W, X, y, reg):
        _, dW = losses.svm_loss_naive(W, X, y, reg)
        return from_scipy(W, X, y, reg)[0], dW

    assert fault_of(f) == {"svm_loss in the gradient"}
    assert fault_of(losses.svm_loss_naive) == {"svm_loss"}


def test_two_branches_the_wrong_way_round_are_one_mistake() -> None:
    edit = "if j == y[i] → if j != y[i]"
    assert fault_of(written(LOOPS, edit)) == {"branches_swapped"}


def test_the_mean_over_the_labels_of_all_points_is_one_mistake() -> None:
    def f(W, X, y, reg):
        s = X @ W
        s -= s.max(axis=1, keepdims=True)
        losses = np.log(np.exp(s).sum(axis=1, keepdims=True)) - s[:, y]
        return np.mean(losses) + reg * np.sum(W * W), from_scipy(W, X, y, reg)[1]

    assert fault_of(f) == {"every_label_for_every_point in the loss"}


def test_the_words_fit_the_part_in_which_the_mistake_is() -> None:
    edit = "2 * reg * W → 2 * reg * np.sum(W)"
    text = check_softmax_loss_naive(written(ARRAYS, edit)).text
    assert "adds the sum of all weights to every entry" in text
    text = check_softmax_loss_naive(written(LOOPS, "dW /= num_train → pass")).text
    assert "Should your result double" in text


def test_a_folder_of_any_name_holds_a_readers_code(tmp_path: Path) -> None:
    path = tmp_path / "lib" / "python-course" / "mine.py"
    path.parent.mkdir(parents=True)
    path.write_text("def f(W, X, y, reg):\n    return 1 / 0  # mine", "utf-8")
    report = str(check_softmax_loss_naive(runpy.run_path(str(path))["f"]))
    assert "line 2: return 1 / 0  # mine" in report


def test_an_unknown_error_asks_what_goes_into_the_line() -> None:
    report = check_softmax_loss_naive(written(LOOPS, "loss = 0.0 → loss = {}['loss']"))
    assert report.fault == "error"
    assert "**Hint.** Print what goes into the line" in report.text


@pytest.mark.parametrize("fork", [sandbox.FORK, False])
def test_code_that_hangs_or_exits_leaves_the_kernel_alive(
    fork: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "FORK", fork)

    def hangs(W, X, y, reg):
        while True:
            pass

    def exits(W, X, y, reg):
        os._exit(0)

    def stops(W, X, y, reg):
        raise SystemExit

    def interrupts(W, X, y, reg):
        raise KeyboardInterrupt

    def eats(W, X, y, reg):
        return np.ones((10**6, 10**6)), W

    def recurses(W, X, y, reg):
        return recurses(W, X, y, reg)

    if fork:  # without one these would end the tests
        assert check_softmax_loss_naive(exits).fault == "ends_the_process"
        assert check_softmax_loss_naive(eats).fault == "memory"
        assert check_softmax_loss_naive(interrupts).fault == "error"
    assert check_softmax_loss_naive(stops).fault == "error"
    assert "RecursionError" in check_softmax_loss_naive(recurses).text
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.5)
    assert check_softmax_loss_naive(hangs).fault == "hangs"


def yields(*args, **settings):
    yield 0.0


async def waits(*args, **settings):
    return 0.0


@pytest.mark.parametrize("never_runs", [yields, waits])
def test_a_function_that_no_call_runs_is_told(never_runs: Callable[..., Any]) -> None:
    class Model:
        train = predict = never_runs

    reports = [
        check_softmax_loss_naive(never_runs),
        check_train(Model),
        check_predict(Model),
        check_grid(never_runs),
    ]
    assert [report.fault for report in reports] == 4 * ["never_runs"]


def test_no_number_is_named_that_is_not_in_the_code() -> None:
    report = check_softmax_loss_naive(lambda W, X, y, reg: (0.0, W))
    assert "data_missing" in {finding.name for finding in report.findings}
    assert "49000" not in report.text


@pytest.mark.parametrize("fork", [sandbox.FORK, False])
def test_a_check_that_fails_itself_does_not_blame_the_code(
    fork: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def calls_badly(f, given):
        raise ZeroDivisionError("a bug of the check")

    monkeypatch.setattr(sandbox, "FORK", fork)
    monkeypatch.setattr(run, "call", calls_badly)
    report = check_softmax_loss_naive(written(LOOPS))
    assert report.fault == "check_fails"
    assert "The check itself failed: your code may be right." in report.text
    assert "in calls_badly" in report.text
    assert "ZeroDivisionError: a bug of the check" in report.text
    assert "/issues with your code and the lines above." in report.text


@pytest.mark.parametrize("fork", [sandbox.FORK, False])
def test_an_answer_that_fills_the_memory_is_reported_as_such(
    fork: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Endless:
        def __array__(self, dtype=None, copy=None):
            raise MemoryError

    monkeypatch.setattr(sandbox, "FORK", fork)
    report = check_softmax_loss_naive(lambda W, X, y, reg: (0.0, Endless()))
    assert report.fault == "memory"


# What a right answer may look like: a line of the plain one → another line.
RIGHT_LOOPS = """
X[i].dot(W) → np.dot(X[i], W)
X[i].dot(W) → W.T @ X[i]
X[i].dot(W) → np.array([X[i] @ W[:, k] for k in range(num_classes)])
np.max(scores) → max(scores)
scores - np.max(scores) → scores - scores[np.argmax(scores)]
-scores[y[i]] + np.log(total) → -np.log(np.exp(scores[y[i]]) / total)
np.log(total) → np.logaddexp.reduce(scores)
total = np.sum(np.exp(scores)) → total = sum(np.exp(s) for s in scores)
(p - 1) * X[i] → p * X[i] - X[i]
dW[:, j] += p * X[i] → dW.T[j] += p * X[i]
np.zeros_like(W) → np.zeros(W.shape)
np.zeros_like(W) → np.zeros(W.shape, order="F")
return loss, dW → return float(loss), dW
return loss, dW → return np.array(loss), dW
return loss, dW → return [loss, dW]
return loss, dW → return loss, dW.astype(np.float32)
return loss, dW → return loss, np.asfortranarray(dW)
return loss, dW → print(loss); return loss, dW
num_train = X.shape[0] → num_train = len(y); X = X.astype(np.float32)
num_train = X.shape[0] → num_train = float(X.shape[0]); num_train = int(num_train)
num_train = X.shape[0] → num_train = X.shape[0]; X = np.asfortranarray(X)
(W, X, y, reg) → (W, X, y, reg=0.0, **others)
2 * reg * W → reg * W + reg * W
reg * np.sum(W * W) → reg * np.linalg.norm(W) ** 2
reg * np.sum(W * W) → reg * np.trace(W.T @ W)
"""
RIGHT_ARRAYS = """
X @ W → X.dot(W)
X @ W → np.einsum("nd,dc->nc", X, W)
X @ W → np.tensordot(X, W, axes=1)
X @ W → (W.T @ X.T).T
X @ W → np.ascontiguousarray(X, dtype=np.float64) @ W
np.max(scores, axis=1, keepdims=True) → scores.max(1)[:, np.newaxis]
np.max(scores, axis=1, keepdims=True) → np.amax(scores, 1).reshape(-1, 1)
np.max(scores, axis=1, keepdims=True) → np.max(scores, axis=1, keepdims=True) + 3
exps / sums → (exps.T / sums.T).T
exps / sums → np.exp(scores - np.log(sums))
exps / sums → exps * np.reciprocal(sums)
exps / sums → np.divide(exps, sums, dtype=np.float32)
np.log(sums[:, 0]) - scores[rows, y] → -np.log(probs[rows, y])
np.log(sums[:, 0]) - scores[rows, y] → -np.log(np.choose(y, probs.T))
np.log(sums[:, 0]) - scores[rows, y] → np.log(sums[:, 0] / exps[rows, y])
np.max(scores, axis=1, keepdims=True) → np.vstack(scores.max(axis=1))
np.sum(losses) → losses @ np.ones(num_train)
np.sum(losses) → num_train * np.mean(losses)
np.sum(losses) → np.sum(np.eye(W.shape[1])[y] * (np.log(sums) - scores))
dscores = probs.copy() → dscores = probs
dscores = probs.copy() → print(scores, y, f"{probs}"); dscores = probs.copy()
dscores[rows, y] -= 1 → dscores = probs - np.eye(W.shape[1])[y]
dscores[rows, y] -= 1 → dscores = probs - (y[:, None] == np.arange(W.shape[1]))
dscores[rows, y] -= 1 → np.subtract.at(dscores, (rows, y), 1)
np.dot(X.T, dscores) → np.einsum("nd,nc->dc", X, dscores)
np.dot(X.T, dscores) → (dscores.T @ X).T
np.dot(X.T, dscores) → np.sum(X[:, :, None] * dscores[:, None, :], axis=0)
"""
RIGHT_SVM = """
np.maximum(0, scores - correct + 1) → (scores - correct + 1).clip(min=0)
mask[margins > 0] = 1 → mask = (margins > 0).astype(int)
np.maximum(0, scores - correct + 1) → (scores - correct + 1) * (scores - correct > -1)
"""


def alternatives(table: str) -> list[str]:
    """The lines of a table."""
    return table.strip().splitlines()


def assert_right(report: Report) -> None:
    """A right answer is not blamed."""
    assert (report.passed, report.fault) == (True, None), str(report)


@pytest.mark.parametrize("edit", alternatives(RIGHT_LOOPS))
def test_right_loops_pass(edit: str) -> None:
    f = written(LOOPS, edit)
    assert_right(check_softmax_loss_naive(f))
    assert_right(check_gradient(f))


@pytest.mark.parametrize("edit", alternatives(RIGHT_ARRAYS))
def test_right_arrays_pass(edit: str) -> None:
    f = written(ARRAYS, edit)
    assert_right(check_softmax_loss_vectorized(f))
    assert_right(check_gradient(f))


@pytest.mark.parametrize("edit", alternatives(RIGHT_SVM))
def test_right_svm_losses_pass(edit: str) -> None:
    assert_right(check_svm_loss(written(SVM_ARRAYS, edit)))


def from_scipy(W, X, y, reg):
    probs = softmax(X @ W, axis=1)
    loss = -log_softmax(X @ W, axis=1)[np.arange(len(X)), y].mean() + reg * (W**2).sum()
    return loss, X.T @ (probs - np.eye(W.shape[1])[y]) / len(X) + 2 * reg * W


def with_logsumexp(W, X, y, reg):
    scores = X @ W
    sums = logsumexp(scores, axis=1)
    hot = np.eye(W.shape[1])[y]
    loss = np.mean(sums - np.einsum("nc,nc->n", scores, hot)) + reg * np.vdot(W, W)
    probs = np.exp(scores - sums[:, None])
    return loss, np.einsum("nd,nc->dc", X, probs - hot) / len(X) + 2 * reg * W


def numerical(W, X, y, reg):
    loss, _ = with_logsumexp(W, X, y, reg)
    dW = np.zeros(W.shape)
    for place in np.ndindex(W.shape):
        shift = np.zeros(W.shape)
        shift[place] = 1e-6
        dW[place] = (with_logsumexp(W + shift, X, y, reg)[0] - loss) / 1e-6
    return loss, dW


@pytest.mark.parametrize(
    "f",
    [
        from_scipy,
        with_logsumexp,
        losses.softmax_loss_vectorized,
        staticmethod(with_logsumexp),
        functools.partial(with_logsumexp),
    ],
)
def test_a_right_answer_of_another_kind_passes(f: Callable[..., Any]) -> None:
    assert_right(check_softmax_loss_naive(f))
    assert_right(check_softmax_loss_vectorized(f))
    assert_right(check_gradient(f))


class Tensor:
    """Holds numbers as a tensor of PyTorch does, whose dtype is not NumPy's."""

    dtype = "torch.float64"

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def detach(self) -> np.ndarray:
        return self.array


def test_a_right_answer_of_tensors_passes() -> None:
    assert_right(
        check_softmax_loss_naive(lambda *args: tuple(map(Tensor, from_scipy(*args))))
    )


def test_a_numerical_gradient_passes() -> None:
    assert_right(check_gradient(numerical))
    assert_right(check_gradient(lambda *args: numerical(*args)[1]))


@pytest.mark.parametrize(
    ("fault", "edit"),
    [
        ("loops_over_points", "losses = np.log(sums[:, 0]) - scores[rows, y] → "
         "losses = [np.log(sums[i, 0]) - scores[i, y[i]] for i in rows]"),
        ("loops_over_points", "losses = np.log(sums[:, 0]) → "
         "losses = np.vectorize(lambda s: np.log(s))(sums[:, 0])"),
        ("loops_over_points", "np.max(scores, axis=1, keepdims=True) → "
         "np.array(list(map(lambda row: [max(row)], scores)))"),
        ("loops_over_points", "np.sum(exps, axis=1, keepdims=True) → "
         "np.apply_along_axis(np.sum, 1, exps)[:, None]"),
        ("loops_over_classes", "probs = exps / sums → "
         "probs = np.array([column / sums[:, 0] for column in exps.T]).T"),
        ("loops_over_features", "dW = np.dot(X.T, dscores) → "
         "dW = np.array([X[:, d] @ dscores for d in range(len(W))])"),
    ],
)  # fmt: skip
def test_a_loop_where_none_is_allowed_is_found_by_running(
    fault: str, edit: str
) -> None:
    f = written(ARRAYS, edit)
    assert check_softmax_loss_vectorized(f).fault == fault
    assert_right(check_softmax_loss_naive(f))


@pytest.mark.parametrize(
    ("remark", "edit"),
    [
        ("log_of_zero",
         "np.log(sums[:, 0]) - scores[rows, y] → -np.log(probs[rows, y])"),
        ("division_by_zero", "dscores[rows, y] -= 1 → one = np.eye(W.shape[1])[y]; "
         "g = -one / probs; dscores *= g - np.sum(g * probs, 1, keepdims=True)"),
        ("epsilon_in_log",
         "np.log(sums[:, 0]) - scores[rows, y] → -np.log(probs[rows, y] + 1e-9)"),
        ("epsilon_in_log",
         "np.log(sums[:, 0]) - scores[rows, y] → "
         "-np.log(np.maximum(probs[rows, y], 1e-300))"),
        ("integer_images", "dW = np.dot(X.T, dscores) → dW = -np.dot((-X).T, dscores)"),
        ("single_precision", "return loss → return loss + (X.dtype == np.float32)"),
    ],
)  # fmt: skip
def test_what_is_right_but_for_extreme_input_gets_a_remark(
    remark: str, edit: str
) -> None:
    report = check_softmax_loss_vectorized(written(ARRAYS, edit))
    assert_right(report)
    assert report.remark == remark


@pytest.mark.parametrize(("epsilon", "passes"), [("1e-4", False), ("1e-5", True)])
def test_a_number_in_the_logarithm_passes_where_losses_are_right(
    epsilon: str, passes: bool
) -> None:
    old, new = "np.log(sums[:, 0]) - scores[rows, y]", "-np.log(probs[rows, y] + "
    report = check_softmax_loss_naive(written(ARRAYS, f"{old} → {new}{epsilon})"))
    assert report.passed is passes
    assert (report.remark if passes else report.fault) == "epsilon_in_log"


def test_an_exponential_of_math_that_overflows_lacks_the_maximum() -> None:
    edits = [
        "loss = 0.0 → import math; loss = 0.0",
        "scores = scores - np.max(scores) → e = [math.exp(s) for s in scores]",
        "np.sum(np.exp(scores)) → sum(e)",
        "np.log(total) → math.log(total)",
        "np.exp(scores[j]) / total → e[j] * total / total ** 2",
    ]
    report = check_softmax_loss_naive(written(LOOPS, *edits))
    assert_right(report)
    assert report.remark == "maximum_not_subtracted"


HALVED = ["reg * np → 0.5 * reg * np", "2 * reg * W → reg * W"]


@pytest.mark.parametrize(
    ("remark", "edits"),
    [
        ("penalty_halved", HALVED),
        ("bias_not_penalized", ["W ** 2 → W[:-1] ** 2", "2 * reg * W → "
         "2 * reg * np.vstack([W[:-1], 0 * W[-1:]])"]),
        ("maximum_not_subtracted", ["- np.max(scores, axis=1, keepdims=True) → - 0"]),
        ("maximum_of_all", ["scores, axis=1, keepdims=True → scores"]),
    ],
)  # fmt: skip
def test_what_other_years_and_small_scores_allow_passes(
    remark: str, edits: list[str]
) -> None:
    report = check_softmax_loss_naive(written(ARRAYS, *edits))
    assert_right(report)
    assert report.remark == remark
    assert ("for small and for large scores" in report.text) == ("max" not in remark)


@pytest.mark.parametrize(
    ("faults", "edits"),
    [
        ({"log_of_sum_missing"}, ["np.log(total) → total", *HALVED]),
        ({"not_averaged in the loss", "own_class_missing"},
         ["loss /= num_train →", "(p - 1) → p", *HALVED]),
        ({"reg_missing in the gradient"}, [HALVED[0], "dW += 2 * reg * W →"]),
    ],
)  # fmt: skip
def test_another_convention_hides_no_mistake(
    faults: set[str], edits: list[str]
) -> None:
    report = check_softmax_loss_naive(written(LOOPS, *edits))
    assert {finding.label for finding in report.findings} == faults
    assert report.remark == "penalty_halved"


def test_a_penalty_unlike_its_gradient_is_a_mistake() -> None:
    assert fault_of(written(LOOPS, HALVED[0])) == {"reg_half in the loss"}
    assert fault_of(written(LOOPS, HALVED[1])) == {"reg_half in the gradient"}


def test_an_unknown_mistake_is_shown_with_the_smallest_example() -> None:
    report = check_softmax_loss_naive(
        written(LOOPS, "loss /= num_train → loss = loss / num_train + num_train**2 - 1")
    )
    assert report.fault is None
    assert "none of the mistakes that this check knows" in report.text
    assert "The gradient is right." in report.text
    assert "right with a single point" in report.text
    assert "N = 2, D = 1, C = 2, reg = 0" in report.text


def test_what_is_named_is_not_called_unknown() -> None:
    edits = ["loss /= num_train → loss = loss / num_train + num_train**2 - 1",
             "2 * reg * W → reg * W"]  # fmt: skip
    report = check_softmax_loss_naive(written(LOOPS, *edits))
    assert {finding.label for finding in report.findings} == {"reg_doubled in the loss"}
    assert "none of the mistakes" not in report.text
    assert "mistakes named below do not explain all of it" in report.text


def test_a_penalty_without_reg_is_not_missing_besides() -> None:
    edits = ["reg * np.sum(W * W) → 0.25 * np.sum(W * W)",
             "dW += 2 * reg * W → dW += np.sum(W) ** 2"]  # fmt: skip
    report = check_softmax_loss_naive(written(LOOPS, *edits))
    assert "reg_strength_ignored in the loss" in {x.label for x in report.findings}
    assert "reg_missing in the loss" not in {x.label for x in report.findings}


def test_of_an_unknown_loss_the_gradient_may_be_its_own() -> None:
    own = "The gradient is that of your own loss, so begin with the loss."
    cubes = "return loss, dW → return loss + np.sum(W**3), dW + 3 * W**2"
    assert own in check_softmax_loss_naive(written(LOOPS, cubes)).text
    halved = cubes.replace("3 * W**2", "1.5 * W**2")
    assert own not in check_softmax_loss_naive(written(LOOPS, halved)).text


def test_a_constant_factor_is_named() -> None:
    edit = "return loss, dW → return 1.7 * loss, dW"
    assert "1.7 times" in check_softmax_loss_naive(written(LOOPS, edit)).text


@pytest.mark.parametrize(
    ("edit", "fact"),
    [
        ("loss /= num_train → loss /= 0.25 * num_train", "With reg = 0 the loss is 4 "),
        (
            "dW /= num_train → dW /= 3 * num_train",
            "With reg = 0 the gradient is 0.3333 ",
        ),
        ("reg * np → 0.05 * reg * np", "The regularization in the loss is 0.05 "),
        ("2 * reg * W → 3 * reg * W", "The regularization in the gradient is 1.5 "),
    ],
)
def test_a_factor_of_the_data_or_of_the_penalty_is_named(edit: str, fact: str) -> None:
    report = check_softmax_loss_naive(written(LOOPS, edit))
    assert report.fault is None
    assert f"{fact}times the right one." in report.text
    assert report.text.count("times the right one") == 1


def test_a_sum_that_is_no_multiple_of_the_penalty_has_no_factor() -> None:
    edit = "dW += 2 * reg * W → dW[:-2] += 3 * reg * W[:-2]"
    assert (
        "times the right one" not in check_softmax_loss_naive(written(LOOPS, edit)).text
    )


@pytest.mark.parametrize(
    "edits",
    [
        ["mask[margins > 0] = 1 → mask[scores > 0] = 1"],
        ["mask[margins > 0] = 1 → mask[scores > 0] = 1; mask[range(num_train), y] = 0"],
    ],
)
def test_positive_scores_that_are_counted_for_margins_are_named(
    edits: list[str],
) -> None:
    assert check_svm_loss(written(SVM_ARRAYS, *edits)).fault == "scores_counted"


def test_a_shift_that_makes_scores_larger_is_a_mistake() -> None:
    report = check_softmax_loss_vectorized(written(ARRAYS, "np.max( → np.min("))
    assert (report.passed, report.fault) == (False, "minimum_subtracted")


def test_a_mistake_in_one_part_alone_is_kept_beside_another() -> None:
    report = check_svm_loss(
        written(SVM_LOOPS, "+ 1 → + 0", "dW[:, j] += X[i] → dW[:, j] += np.cos(X[i])")
    )
    assert "margin_missing" in {finding.name for finding in report.findings}


def test_inf_alone_is_no_evidence_of_a_wrong_shift() -> None:
    f = written(LOOPS, "scores = scores - np.max(scores) →", "dW /= num_train →")
    names = {x.name for x in check_softmax_loss_naive(f).remarks}
    assert names <= {"maximum_not_subtracted", "log_of_zero"}


def test_words_of_a_docstring_are_no_maximum() -> None:
    def without_a_shift(W, X, y, reg):
        """Loss of a minibatch, from which no maximum is taken."""
        p = np.exp(X @ W)
        p = p / np.sum(p, axis=1, keepdims=True)
        hot = np.eye(W.shape[1])[y]
        loss, dW = 0.0, np.zeros_like(W)
        for i, j in np.ndindex(*p.shape):
            loss -= hot[i, j] * math.log(p[i, j])
            dW[:, j] = dW[:, j] + (p[i, j] - hot[i, j]) * X[i]
        loss = loss / len(y) + reg * np.sum(W**2)
        return loss, dW / len(y) + 2 * reg * W

    report = check_softmax_loss_naive(without_a_shift)
    assert report.passed
    assert "added" not in report.text


def test_a_sigmoid_per_class_is_named_with_its_cross_entropy() -> None:
    def one_against_all(W, X, y, reg):
        p = 1 / (1 + np.exp(-X @ W))
        hot = np.eye(W.shape[1])[y]
        losses = -(hot * np.log(p) + (1 - hot) * np.log(1 - p)).sum(axis=1)
        dW = X.T @ (p - hot) / len(y) + 2 * reg * W
        return losses.mean() + reg * np.sum(W**2), dW

    assert fault_of(one_against_all) == {"sigmoid", "binary_cross_entropy"}


def test_arrays_turned_round_are_recognized() -> None:
    def of_2015(W, X, y, reg):
        loss, dW = with_logsumexp(W.T, X.T, y, reg)
        return loss, dW.T

    assert_right(report := check_softmax_loss_naive(of_2015))
    assert report.remark == "other_orientation"
    columns = written(LOOPS, "num_train = X → X = X.T; num_train = X")
    assert_right(report := check_softmax_loss_naive(columns))
    assert report.remark == "X_turned"

    def without_penalty(W, X, y, reg):
        return of_2015(W, X, y, 0.0)

    assert fault_of(without_penalty) == {"reg_missing"}


EXAMPLE = """
two points, three classes, reg = 0:
X = [1 2]
    [3 1]
W = [ 1  0 -1]
    [ 0  1  1]
y = [0, 2], reg = 0

loss expected  3.34214
loss yours     6.68429
"""


def test_the_text_shows_expected_and_actual_numbers() -> None:
    report = check_softmax_loss_naive(written(LOOPS, "loss /= num_train →"))
    assert f"```{EXAMPLE}```" in report.text
    assert "**Hint.**" in report._repr_markdown_()
    assert f"\n\n{EXAMPLE[1:]}\nHint." in repr(report)
    assert "**" not in str(report)
    assert "```" not in repr(report)


def test_a_search_that_takes_long_is_announced_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        is_terminal = True

        def isatty(self) -> bool:
            return self.is_terminal

    class Timer:
        def __init__(self, seconds, function, args, kwargs):
            assert seconds == 1
            self.start = lambda: function(*args, **kwargs)
            self.cancel = lambda: stream.write("and ended")

    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    monkeypatch.setattr(threading, "Timer", Timer)
    with announced("Searching"):
        assert stream.getvalue() == "Searching\n"
    assert stream.getvalue() == "Searching\nand ended"
    stream.is_terminal = False
    with announced("Searching"):
        pass
    assert stream.getvalue() == "Searching\nand ended"


def test_without_a_fork_code_that_hangs_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    monkeypatch.setattr(sandbox, "FORK", False)
    assert check_softmax_loss_naive(written(LOOPS)).passed
    stops = written(LOOPS, "loss = 0.0 → raise SystemExit")
    assert check_softmax_loss_naive(stops).fault == "error"
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.5)
    hangs = written(LOOPS, "loss = 0.0 → loss = 0.0\n    while True: pass")
    assert check_softmax_loss_naive(hangs).fault == "hangs"


def test_where_no_thread_can_start_the_caller_sets_the_limit(
    monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    def cannot_start(self: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    def is_interrupted(W, X, y, reg):
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox, "FORK", False)
    monkeypatch.setattr(threading.Timer, "start", cannot_start)
    assert check_softmax_loss_naive(written(LOOPS)).passed
    assert check_softmax_loss_naive(is_interrupted).fault == "hangs"


def test_an_interrupt_before_the_limit_is_the_readers_own(
    monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    def is_interrupted(W, X, y, reg):
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox, "FORK", False)
    with pytest.raises(KeyboardInterrupt):
        check_softmax_loss_naive(is_interrupted)


def test_the_checks_load_with_numpy_alone() -> None:
    others = (
        "matplotlib",
        "PIL",
        "platformdirs",
        "requests",
        "scipy",
        "sklearn",
        "tqdm",
    )
    code = f"""
import sys
sys.modules.update(dict.fromkeys({others}))
import softmax_lib.exercises
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_report_is_plain_data() -> None:
    edits = ["loss /= num_train → pass", "2 * reg * W → reg * W"]
    report = check_softmax_loss_naive(written(LOOPS, *edits))
    assert pickle.loads(pickle.dumps(report)) == report
    found = json.loads(json.dumps(dataclasses.asdict(report)))["findings"]
    assert [(finding["name"], finding["part"]) for finding in found] == [
        ("not_averaged", "loss"),
        ("reg_half", "gradient"),
    ]


def test_a_report_in_a_terminal_keeps_the_powers_in_code() -> None:
    report = passed("`np.sum(W**2)` is **right**.")
    assert str(report) == "Right. np.sum(W**2) is right."
    ends_in_code = Report(False, "It stops:\n\n```\nloss = 1\n```")
    assert str(ends_in_code) == "It stops:\n\nloss = 1"


@pytest.mark.parametrize(
    ("check", "given", "kind"),
    [
        (check_loss, 5, "int"),
        (check_softmax_loss_naive, (0.0, np.zeros(3)), "tuple"),
        (check_train, Softmax(), "Softmax"),
        (check_predict, Softmax(), "Softmax"),
        (check_grid, None, "NoneType"),
    ],
)
def test_what_is_no_function_is_told_and_not_run(
    check: Callable[[Any], Report], given: Any, kind: str
) -> None:
    report = check(given)
    assert report.fault == "not_a_function"
    assert f"no function or class, but `{kind}`" in report.text
    assert "without calling it" in report.text


def test_the_example_is_the_smallest_that_shows_the_mistake() -> None:
    report = check_softmax_loss_naive(lambda W, X, y, reg: (0.0, 0 * W))
    assert "N = 1, D = 1, C = 2, reg = 0:" in report.text

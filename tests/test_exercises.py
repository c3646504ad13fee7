"""The checks of a reader's losses: each mistake is named, no right answer is blamed.

The submissions are two plain ones, as a reader writes them, and each mistake is an edit
of their lines. None of them is made from the catalogue of `softmax_lib.exercises`.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax

from softmax_lib import losses
from softmax_lib.exercises import (
    check_gradient,
    check_loss,
    check_softmax_loss_naive,
    check_softmax_loss_vectorized,
    check_svm_loss,
    runner,
)
from tests.submissions import ARRAYS, LOOPS, SVM_ARRAYS, SVM_LOOPS, written


def test_the_plain_submissions_pass() -> None:
    assert check_softmax_loss_naive(written(LOOPS)).fault is None
    assert check_softmax_loss_naive(written(LOOPS)).passed
    assert check_softmax_loss_vectorized(written(ARRAYS)).passed
    assert check_svm_loss(written(SVM_LOOPS)).passed
    assert check_svm_loss(written(SVM_ARRAYS)).passed


@pytest.mark.parametrize(
    ("fault", "edits"),
    [
        ("not_averaged in the loss", ["loss /= num_train →"]),
        ("not_averaged in the gradient", ["dW /= num_train →"]),
        ("not_averaged", ["loss /= num_train →", "dW /= num_train →"]),
        ("reg_half", ["reg * np.sum → 0.5 * reg * np.sum", "2 * reg → reg"]),
        ("reg_half in the gradient", ["2 * reg → reg"]),
        ("reg_missing in the loss", ["loss += reg * np.sum(W * W) →"]),
        ("reg_missing in the gradient", ["dW += 2 * reg * W →"]),
        ("reg_missing", ["loss += reg * np.sum(W * W) →", "dW += 2 * reg * W →"]),
        ("one_added", ["(p - 1) → (p + 1)"]),
        ("own_class_missing", ["(p - 1) → p"]),
        ("last_point_only in the loss", ["loss += -scores → loss = -scores"]),
        ("log_base_10 in the loss", ["np.log(total) → np.log10(total)"]),
        ("maximum_not_subtracted", ["scores = scores - np.max(scores) →"]),
        ("not_normalized in the gradient", ["[j]) / total → [j])"]),
        ("gradient_transposed", ["return loss, dW → return loss, dW.T"]),
        ("results_swapped", ["return loss, dW → return dW, loss"]),
        ("returns_nothing", ["return loss, dW →"]),
    ],
)  # fmt: skip
def test_a_mistake_in_the_loops_is_named(fault: str, edits: list[str]) -> None:
    report = check_softmax_loss_naive(written(LOOPS, *edits))
    assert (report.fault, report.passed) == (fault, False)


def test_a_submission_that_hangs_crashes_or_exits_leaves_the_kernel_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hangs(W, X, y, reg):
        while True:
            pass

    def exits(W, X, y, reg):
        os._exit(0)

    def stops(W, X, y, reg):
        raise SystemExit

    def eats(W, X, y, reg):
        return np.ones((10**6, 10**6)), W

    def recurses(W, X, y, reg):
        return recurses(W, X, y, reg)

    monkeypatch.setattr(runner, "TIME_LIMIT", 0.5)
    start = time.monotonic()
    assert check_softmax_loss_naive(hangs).fault == "hangs"
    assert check_softmax_loss_naive(exits).fault == "ends_the_process"
    assert check_softmax_loss_naive(stops).fault == "error"
    assert check_softmax_loss_naive(eats).fault == "memory"
    assert "RecursionError" in check_softmax_loss_naive(recurses).text
    assert time.monotonic() - start < 20


RIGHT = [
    losses.softmax_loss_naive,
    losses.softmax_loss_vectorized,
    written(LOOPS),
    written(ARRAYS),
]


def from_scipy(W, X, y, reg):
    probs = softmax(X @ W, axis=1)
    loss = -log_softmax(X @ W, axis=1)[np.arange(len(X)), y].mean() + reg * (W**2).sum()
    return loss, X.T @ (probs - np.eye(W.shape[1])[y]) / len(X) + 2 * reg * W


def with_logsumexp(W, X, y, reg):
    scores = np.einsum("nd,dc->nc", X, W)
    sums = logsumexp(scores, axis=1)
    hot = (y[:, None] == np.arange(W.shape[1])).astype(float)
    loss = np.mean(sums - np.einsum("nc,nc->n", scores, hot)) + reg * np.vdot(W, W)
    probs = np.exp(scores - sums[:, None])
    return loss, np.einsum("nd,nc->dc", X, probs - hot) / len(X) + 2 * reg * W


@pytest.mark.parametrize("f", [*RIGHT, from_scipy, with_logsumexp])
def test_a_right_answer_passes(f: Callable[..., Any]) -> None:
    assert check_softmax_loss_naive(f).passed
    assert check_gradient(f).passed


def test_the_loss_alone_is_checked_whatever_the_gradient() -> None:
    loss_and_gradient = written(LOOPS)
    for f in (
        lambda *args: loss_and_gradient(*args)[0],
        lambda *args: (loss_and_gradient(*args)[0], np.zeros((5, 5))),
        lambda W, *args: (loss_and_gradient(W, *args)[0], np.zeros_like(W)),
    ):
        assert check_loss(f).passed
    assert check_loss(written(LOOPS.replace("loss /= num_train", ""))).fault
    unwritten = check_loss(lambda W, *args: (0.0, loss_and_gradient(W, *args)[1]))
    assert unwritten.fault == "loss_not_written"

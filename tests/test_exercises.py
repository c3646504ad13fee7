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
    check_softmax_loss_naive,
    check_softmax_loss_vectorized,
    check_svm_loss,
    runner,
)

LOOPS = """
def loss_function(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    for i in range(num_train):
        scores = X[i].dot(W)
        scores = scores - np.max(scores)
        total = np.sum(np.exp(scores))
        loss += -scores[y[i]] + np.log(total)
        for j in range(num_classes):
            p = np.exp(scores[j]) / total
            if j == y[i]:
                dW[:, j] += (p - 1) * X[i]
            else:
                dW[:, j] += p * X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW
"""

ARRAYS = """
def loss_function(W, X, y, reg):
    num_train = X.shape[0]
    scores = X @ W
    scores = scores - np.max(scores, axis=1, keepdims=True)
    exps = np.exp(scores)
    sums = np.sum(exps, axis=1, keepdims=True)
    probs = exps / sums
    correct = scores[np.arange(num_train), y]
    loss = np.sum(np.log(sums)) - np.sum(correct)
    loss = loss / num_train
    dscores = probs.copy()
    dscores[np.arange(num_train), y] -= 1
    dW = np.dot(X.T, dscores)
    dW = dW / num_train
    loss = loss + reg * np.sum(W ** 2)
    dW = dW + 2 * reg * W
    return loss, dW
"""

SVM_LOOPS = """
def loss_function(W, X, y, reg):
    dW = np.zeros(W.shape)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW
"""

SVM_ARRAYS = """
def loss_function(W, X, y, reg):
    num_train = X.shape[0]
    scores = X.dot(W)
    correct = scores[range(num_train), y].reshape(-1, 1)
    margins = np.maximum(0, scores - correct + 1)
    margins[range(num_train), y] = 0
    loss = np.sum(margins) / num_train + reg * np.sum(W * W)
    mask = np.zeros(margins.shape)
    mask[margins > 0] = 1
    mask[range(num_train), y] = -np.sum(mask, axis=1)
    dW = X.T.dot(mask) / num_train + 2 * reg * W
    return loss, dW
"""


def written(source: str, *edits: str) -> Callable[..., Any]:
    """The submission, with each line that is named on the left as on the right."""
    for edit in edits:
        old, new = (side.strip() for side in edit.split("→"))
        assert source.count(old) == 1, old
        source = source.replace(old, new or "pass")
    names: dict[str, Any] = {"np": np}
    exec(source, names)
    return names["loss_function"]  # type: ignore[no-any-return]


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

"""The checks name the line of a mistake in whichever style the function is written.

Over classes or over features in a loop, a row at a time, one-hot labels, a list of
losses: `test_exercises_lines` has the plain loops and the plain arrays.
"""

from pathlib import Path

import pytest

from softmax_lib.exercises import check_softmax_loss_naive, check_svm_loss
from tests.test_exercises_lines import in_file

BY_CLASS = """
def loss_function(W, X, y, reg):
    N, C = X.shape[0], W.shape[1]
    scores = X @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(probs[np.arange(N), y])) + reg * np.sum(W * W)
    dW = np.zeros(W.shape)
    for j in range(C):
        p = probs[:, j]
        hit = y == j
        dW[:, j] = X.T @ (p - hit) / N
    dW += 2 * reg * W
    return loss, dW
"""
BY_FEATURE = """
def loss_function(W, X, y, reg):
    N, D = X.shape
    C = W.shape[1]
    loss = 0.0
    dW = np.zeros((D, C))
    for i in range(N):
        scores = np.zeros(C)
        for d in range(D):
            scores += X[i, d] * W[d]
        p = np.exp(scores - scores.max())
        p /= p.sum()
        loss -= np.log(p[y[i]])
        p[y[i]] -= 1
        for d in range(D):
            dW[d] += X[i, d] * p
    return loss / N + reg * np.sum(W ** 2), dW / N + 2 * reg * W
"""
ROW_BY_ROW = """
def loss_function(W, X, y, reg):
    N, C = X.shape[0], W.shape[1]
    G = np.zeros((N, C))
    losses = np.zeros(N)
    for i in range(N):
        s = X[i] @ W
        e = np.exp(s - np.max(s))
        G[i] = e / e.sum()
        losses[i] = -np.log(G[i, y[i]])
        G[i, y[i]] -= 1
    loss = losses.sum() / N
    loss += reg * np.sum(W * W)
    dW = X.T @ G
    dW /= N
    dW += 2 * reg * W
    return loss, dW
"""
ONE_HOT = """
def loss_function(W, X, y, reg):
    N, C = len(X), W.shape[1]
    logits = np.matmul(X, W)
    logits -= logits.max(1).reshape(N, 1)
    e = np.exp(logits)
    Z = e.sum(axis=1)
    P = e / Z[:, None]
    T = np.zeros((N, C))
    T[np.arange(N), y] = 1.0
    loss = -(T * np.log(P)).sum() / N
    loss += reg * (W ** 2).sum()
    dW = X.T @ (P - T) / N
    dW = dW + 2.0 * reg * W
    return loss, dW
"""
SUMS_BY_HAND = """
def loss_function(W, X, y, reg):
    loss = 0
    dW = np.zeros_like(W)
    N = X.shape[0]
    C = W.shape[1]
    for i in range(N):
        x = X[i]
        label = y[i]
        f = x @ W
        f = f - f.max()
        denom = 0
        for k in range(C):
            denom = denom + np.exp(f[k])
        loss = loss - f[label] + np.log(denom)
        for k in range(C):
            dW[:, k] = dW[:, k] + x * np.exp(f[k]) / denom
        dW[:, label] = dW[:, label] - x
    loss = loss / N + reg * np.sum(W * W)
    dW = dW / N + 2 * reg * W
    return loss, dW
"""
SVM_LIST = """
def loss_function(W, X, y, reg):
    N = X.shape[0]
    dW = np.zeros(W.shape)
    losses = []
    for i in range(N):
        s = X[i] @ W
        m = s - s[y[i]] + 1.0
        m[y[i]] = 0.0
        losses.append(np.sum(m[m > 0]))
        hits = (m > 0).astype(float)
        hits[y[i]] = -hits.sum()
        dW += np.outer(X[i], hits)
    loss = sum(losses) / N
    loss += reg * np.sum(W ** 2)
    dW = dW / N
    dW += 2 * reg * W
    return loss, dW
"""
LOSS, GRADIENT = "wrong_line in the loss", "wrong_line in the gradient"
CASES = [
    (BY_CLASS, {}, []),
    (BY_CLASS, {"scores_for_probs": None}, ["p = probs[:, j] → p = scores[:, j]"]),
    (BY_CLASS, {"branches_swapped": 13}, ["hit = y == j → hit = y != j"]),
    (BY_CLASS, {GRADIENT: 12}, ["p = probs[:, j] → p = probs[:, j - 1]"]),
    (BY_CLASS, {"own_class_skipped": None}, ["(p - hit) / N → (p - hit * p) / N"]),
    (BY_FEATURE, {}, []),
    (BY_FEATURE, {GRADIENT: 17}, ["X[i, d] * p → X[i, d] * scores"]),
    (BY_FEATURE, {"last_point_only in the gradient": 17}, ["dW[d] += → dW[d] ="]),
    (BY_FEATURE, {"wrong_line": 11}, ["X[i, d] * W[d] → X[i, d] + W[d]"]),
    (BY_FEATURE, {GRADIENT: 14}, ["p[y[i]]) → p[y[i]]); p = np.sqrt(p)"]),
    (ROW_BY_ROW, {}, []),
    (ROW_BY_ROW, {"wrong_line": 10}, ["= e / e.sum() → = e / np.sqrt(e.sum())"]),
    (ROW_BY_ROW, {"one_added": 12}, ["G[i, y[i]] -= 1 → G[i, y[i]] += 1"]),
    (ROW_BY_ROW, {LOSS: 11}, ["= -np.log(G[i, y[i]]) → = -np.log(G[i, y[i]]) ** 2"]),
    (ROW_BY_ROW, {GRADIENT: 15}, ["dW = X.T @ G → dW = X.T @ G ** 3"]),
    (ONE_HOT, {}, []),
    (ONE_HOT, {"wrong_line": 7}, ["e = np.exp(logits) → e = np.abs(logits) + 1"]),
    (ONE_HOT, {"own_class_skipped": 14}, ["(P - T) → (P - T * P)"]),
    (SUMS_BY_HAND, {}, []),
    (SUMS_BY_HAND, {GRADIENT: 18}, ["x * np.exp(f[k]) → x * np.exp(f[k]) ** 2"]),
    (SUMS_BY_HAND, {LOSS: 16, GRADIENT: 15},
     ["+ np.exp(f[k])\n → + np.exp(2 * f[k])\n", "np.log(denom) → np.sqrt(denom)"]),
    (SUMS_BY_HAND, {"loss_is_nan": 16}, ["loss = loss - f[l → loss = loss ** f[l"]),
    (SVM_LIST, {}, []),
    (SVM_LIST, {LOSS: 11}, ["m[m > 0] → m[m > 0.5]"]),
    (SVM_LIST, {LOSS: 11}, ["np.sum(m[m > 0]) → np.sum(m[m > 0]) ** 2"]),
    (SVM_LIST, {"margin_wrong in the gradient": None}, ["= (m > 0) → = (m > 0.5)"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected", "edits"), CASES)
def test_the_line_is_named_in_each_style(
    source: str, expected: dict[str, int | None], edits: list[str], tmp_path: Path
) -> None:
    check = check_svm_loss if source is SVM_LIST else check_softmax_loss_naive
    report = check(in_file(tmp_path, source, *edits))
    assert {finding.label: finding.line for finding in report.findings} == expected
    assert report.passed is (not edits)

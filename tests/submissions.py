"""Plain submissions, as a reader writes them, and mistakes as edits of their lines."""

import re
from typing import Any

import numpy as np

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

CLASSIFIER = """
class Classifier:
    W = None

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        num_train, dim = X.shape
        num_classes = np.max(y) + 1
        if self.W is None:
            self.W = 0.001 * np.random.randn(dim, num_classes)
        loss_history = []
        for it in range(num_iters):
            indices = np.random.choice(num_train, batch_size)
            X_batch = X[indices]
            y_batch = y[indices]
            loss, grad = self.loss(X_batch, y_batch, reg)
            loss_history.append(loss)
            self.W -= learning_rate * grad
        return loss_history

    def loss(self, X_batch, y_batch, reg):
        pass

    def predict(self, X):
        scores = X.dot(self.W)
        y_pred = np.argmax(scores, axis=1)
        return y_pred
"""

SEARCH = """
def search(model, X_train, y_train, X_val, y_val, learning_rates, regs):
    results = {}
    best_val = -1
    best_softmax = None
    for lr in learning_rates:
        for rs in regs:
            softmax = model()
            softmax.train(X_train, y_train, lr, rs, num_iters=1500)
            train_acc = np.mean(y_train == softmax.predict(X_train))
            val_acc = np.mean(y_val == softmax.predict(X_val))
            results[(lr, rs)] = (train_acc, val_acc)
            if val_acc > best_val:
                best_val = val_acc
                best_softmax = softmax
    return results, best_val, best_softmax
"""


def written(source: str, *edits: str) -> Any:
    """The submission, with each line that is named on the left as on the right."""
    for edit in edits:
        if edit.endswith(" →"):
            edit += " pass"
        old, _, new = edit.partition(" → ")
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    names: dict[str, Any] = {"np": np}
    exec(source, names)
    return names[re.findall(r"(?m)^(?:def|class) (\w+)", source)[-1]]

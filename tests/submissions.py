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
    rows = np.arange(num_train)
    losses = np.log(sums[:, 0]) - scores[rows, y]
    loss = np.sum(losses)
    loss = loss / num_train
    dscores = probs.copy()
    dscores[rows, y] -= 1
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

# The name of the mistake: the line, or a part of it → what stands there instead.
LOOPS_MISTAKES = """
not_averaged in the loss: loss /= num_train → pass
not_averaged in the gradient: dW /= num_train → pass
averaged_over_features in the loss: loss /= num_train → loss /= X.shape[1]
averaged_over_classes in the gradient: dW /= num_train → dW /= num_classes
averaged_over_points_and_classes in the loss: loss /= num → loss /= len(dW.T) * num
reg_without_W: reg * W → reg * 2
divided_by_penalty: dW += 2 * reg * W → dW /= 2 * reg * W
averaged_over_last_index in the loss: loss /= num_train → loss /= i
averaged_over_last_index in the gradient: dW /= num_train → dW /= float(i)
averaged_twice in the gradient: dW /= num_train → dW /= num_train ** 2
reg_missing in the loss: loss += reg * np.sum(W * W) → pass
reg_missing in the gradient: dW += 2 * reg * W → pass
reg_half in the loss: reg * np → 0.5 * reg * np
reg_half in the gradient: 2 * reg * → reg *
reg_doubled in the loss: reg * np → 2 * reg * np
reg_doubled in the gradient: 2 * reg → 4 * reg
reg_divided_by_N in the loss: * W) → * W) / num_train
reg_divided_by_N in the gradient: reg * W → reg * W / num_train
reg_without_bias in the loss: W * W → W[:-1] ** 2
reg_without_bias in the gradient: dW += 2 * reg * W → dW[:-1] += 2 * reg * W[:-1]
reg_not_squared in the loss: W * W) → W)
reg_absolute in the loss: W * W → np.abs(W)
reg_root in the loss: sum(W * W → linalg.norm(W
reg_mean in the loss: sum(W * → mean(W *
reg_sign in the loss: += reg * → -= reg *
reg_sign in the gradient: dW += 2 → dW -= 2
reg_strength_ignored in the loss: reg * np.sum → np.sum
reg_strength_ignored in the gradient: reg * W → W
reg_without_W: reg * W → reg
reg_not_differentiated: 2 * reg * W → reg * np.sum(W * W)
one_added: - 1) * X → + 1) * X
own_class_missing: (p - 1) * X → p * X
own_class_skipped: (p - 1) * X → 0 * X
probability_of_own_class_missing: (p - 1) * X → -X
own_class_only: dW[:, j] += p * X[i] → pass
data_sign in the loss: -scores[y[i]] + → scores[y[i]] -
own_score_sign: -scores → scores
own_score_missing: -scores[y[i]] + np → np
log_of_sum_missing: np.log(total) → total
log_base_10 in the loss: + np.log → / np.log(10) + np.log10
log_base_2 in the loss: log(total → log2(total
log_missing in the loss: scores[y[i]] + np.log(total) → np.exp(scores[y[i]]) / total
not_normalized in the loss: ] + np.log(total) → ]
labels_off_by_one in the loss: ]] + np → ] - 1] + np
last_point_only in the loss: += -scores → = -scores
not_normalized in the gradient: ) / total → )
scores_for_probs: np.exp(scores[j]) / total → scores[j]
maximum_not_subtracted: scores = scores - np.max(scores) → pass
minimum_subtracted: max(scores → min(scores
mean_subtracted: max(scores → mean(scores
maximum_of_absolute: max(scores → max(np.abs(scores)
maximum_added: - np.max → + np.max
derivative_of_logarithm: (p - 1) * X → (-1 / p) * X
own_class_sign: (p - 1) * X → (1 - p) * X
exp_of_sum: np.log(total) → np.log(np.exp(sum(scores)))
reg_mixed_products: np.sum(W * W) → np.sum(W @ W.T)
exp_missing in the gradient: np.exp(scores[j]) / total → scores[j] / sum(scores)
"""

ARRAYS_MISTAKES = """
not_averaged in the loss: loss = loss / num_train → pass
not_averaged in the gradient: dW = dW / num_train → pass
averaged_over_features in the loss: loss / num_train → loss / W.shape[0]
averaged_over_classes in the gradient: dW / num_train → dW / W.shape[1]
reg_missing in the loss: loss = loss + reg * np.sum(W ** 2) → pass
reg_missing in the gradient: dW = dW + 2 * reg * W → pass
reg_half in the loss: * np. → / 2 * np.
reg_half in the gradient: 2 * reg * → reg *
reg_square_of_sum in the loss: W ** 2) → W) ** 2
reg_square_of_sum in the gradient: reg * W → reg * np.sum(W)
reg_square_of_sum in the gradient: 2 * reg * W → reg * np.sum(W)
last_class: - scores[rows, y] → - scores[:, -1]
derivative_of_probability: -= 1 → -= 1; dscores *= probs * (1 - probs)
reg_not_differentiated: 2 * reg * W → reg * W ** 2
own_class_missing: dscores[rows, y] -= 1 → pass
every_label_for_every_point in the gradient: rows, y] - → :, y] -
one_in_every_class: dscores[rows, y] → dscores
one_added: -= 1 → += 1
probability_of_own_class_missing: -= 1 → = -1
labels_off_by_one in the gradient: y] -= → y - 1] -=
scores_for_probs: probs. → scores.
not_normalized in the gradient: probs.copy → exps.copy
log_for_probs: probs.copy( → np.log(probs
data_sign in the gradient: np.dot → -np.dot
data_sign in the loss: losses) → -losses)
all_classes in the loss: np.log(sums[:, 0]) - scores[rows, y] → -np.log(probs)
every_label_for_every_point in the loss: [:, 0]) - scores[rows → ) - scores[:
own_score_missing: ) - scores[rows, y] → )
log_missing in the loss: np.log(sums[:, 0]) - scores → -probs
log1p: np.log(sums[:, 0]) - scores[rows, y] → -np.log1p(probs[rows, y])
complement_for_probs: dscores = probs.copy() → dscores = 1 - probs
sums_multiplied: np.dot(X.T, dscores) → np.einsum("nd,mc->dc", X, dscores)
softmax_twice: X @ W → np.exp(X @ W) / np.exp(X @ W).sum(axis=1, keepdims=True)
softmax_twice in the loss: sums[:, 0]) - scores → np.exp(probs).sum(1)) - probs
maximum_not_subtracted: scores = scores - np.max(scores, axis=1, keepdims=True) → pass
maximum_of_all: scores, axis=1, keepdims=True → scores
maximum_over_points: scores, axis=1, keepdims=True → scores, axis=0
"""

SVM_MISTAKES = """
data_doubled in the gradient: dW /= num_train → dW /= num_train / 2
not_averaged in the loss: loss /= num_train → pass
not_averaged in the gradient: dW /= num_train → pass
reg_half in the gradient: 2 * reg → reg
reg_missing in the gradient: dW += 2 * reg * W → pass
own_class_by_value: if margin > 0 → if margin > 0 and margin != 1
threshold_of_one: if margin > 0 → if margin > 1
margin_missing: + 1 → + 0
margin_wrong: + 1 → + 10
margin_wrong: + 1 → - 1
margin_reversed: scores[j] - correct_class_score → correct_class_score - scores[j]
own_class_counted in the loss: continue → pass
stops_at_own_class: continue → break
point_for_class: j == y[i] → i == y[i]
own_class_missing: dW[:, y[i]] -= X[i] → pass
own_class_sign: dW[:, y[i]] -= X[i] → dW[:, y[i]] += X[i]
own_class_only: dW[:, j] += X[i] → pass
wrong_class_sign: dW[:, j] += X[i] → dW[:, j] -= X[i]
margins_for_counts: dW[:, j] += X[i] → dW[:, j] += margin * X[i]
counts_for_margins: loss += margin → loss += 1
best_score_for_own: scores[y[i]] → np.max(scores)
last_point_only in the gradient: scores = X[i].dot(W) → scores = X[i].dot(W); dW *= 0
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
    """The function, with each line that is named on the left as on the right."""
    names: dict[str, Any] = {"np": np}
    source = edited(source, *edits)
    exec(source, names)
    return names[re.findall(r"(?m)^(?:def|class) (\w+)", source)[-1]]


def edited(source: str, *edits: str) -> str:
    """The submission, with each line that is named on the left as on the right."""
    for edit in edits:
        if edit.endswith(" →"):
            edit += " pass"
        old, _, new = edit.partition(" → ")
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def mistakes(table: str) -> list[tuple[str, str]]:
    """The lines of a table: name and edit."""
    rows = [line.partition(": ") for line in table.strip().splitlines()]
    return [(name, edit) for name, _, edit in rows]


def united(names: list[str]) -> set[str]:
    """Names of mistakes; one that is in the loss and in the gradient has no place."""
    bare = [re.sub(" in the (loss|gradient)$", "", name) for name in names]
    return {
        word
        if len(set(names) & {word, f"{word} in the loss", f"{word} in the gradient"})
        > 1
        else name
        for name, word in zip(names, bare, strict=True)
    }


def line_of(source: str, edit: str) -> int:
    """The number of the line that an edit changes."""
    return source[: source.index(edit.partition(" → ")[0])].count("\n")

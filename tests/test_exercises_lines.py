"""The checks name the line of a mistake, whichever mistake it is.

The submissions are files, since the line is found by reading the source.
"""

import ast
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from softmax_lib.exercises import (
    check_grid,
    check_loss,
    check_predict,
    check_softmax_loss_naive,
    check_svm_loss,
)
from softmax_lib.exercises.losses import witness
from softmax_lib.exercises.losses.instrument import lines_of_result
from softmax_lib.exercises.losses.repair import around, edits, inside, statements
from tests.submissions import ARRAYS, LOOPS, SVM_ARRAYS, SVM_LOOPS, edited

LINES = [
    ("+ np.log(total) → + np.sqrt(total)", {(12, "loss")}),
    ("total = np.sum(np.exp(scores)) → total = np.sum(np.exp(2 * scores))",
     {(11, "")}),
    ("dW[:, j] += (p - 1) → dW[:, j] -= (p - 1)", {(16, "")}),
    ("p = np.exp(scores[j]) / total → p = np.sqrt(scores[j] ** 2)",
     {(14, "gradient")}),
    ("dW /= num_train → dW /= num_train + 1", {(20, "gradient")}),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "lines"), LINES)
def test_the_line_of_a_mistake_is_named(
    edit: str, lines: set[tuple[int, str]], tmp_path: Path
) -> None:
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, edit))
    assert {(x.line, x.part) for x in report.findings if x.line} == lines


def in_file(folder: Path, source: str, *edits: str) -> Any:
    """The submission, from a file, so that its source can be read."""
    path = folder / "answer.py"
    path.write_text("import numpy as np\n" + edited(source, *edits), "utf-8")
    names: dict[str, Any] = {}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), names)
    return names["loss_function"]


HERE = "wrong_line in the gradient"
KINDS = {
    "the sum of the classes' terms added to the own column": (
        LOOPS, {HERE: 18}, ["dW[:, j] += p * X[i] → dW[:, y[i]] += p * X[i]"]),
    "x without p": (
        LOOPS, {HERE: 18}, ["dW[:, j] += p * X[i] → dW[:, j] += X[i]"]),
    "several labels at once": (
        ARRAYS, {HERE: 16}, ["dscores[rows, y] -= 1 → pass",
        "dW = np.dot(X.T, dscores) → dW = np.dot(X.T, dscores); dW[:, y] -= X.T"]),
    "probabilities of the last point": (
        LOOPS, {HERE: 4},
        ["loss = 0.0 → loss = 0.0; q = np.exp(X[-1] @ W); q /= sum(q)",
        "p = np.exp(scores[j]) / total → p = q[j]"]),
    "whole division": (
        LOOPS, {"probs_missing": 14}, ["(scores[j]) / total → (scores[j]) // total"]),
    "penalty in the divisor": (
        LOOPS, {"penalty_in_the_divisor in the loss": 19},
        ["loss /= num_train → loss /= num_train + reg * np.sum(W * W)",
        "loss += reg * np.sum(W * W) → pass"]),
    "own column of the SVM always -(C - 1)": (
        SVM_LOOPS, {HERE: 9}, ["dW[:, y[i]] -= X[i] → pass", "scores = X[i].dot(W) → "
        "scores = X[i].dot(W); dW[:, y[i]] -= (num_classes - 1) * X[i]"]),
    "the loop over the classes ends at the correct one": (
        LOOPS, {"stops_at_own_class": None},
        ["dW[:, j] += (p - 1) * X[i] → dW[:, j] += (p - 1) * X[i]; break"]),
    "the other classes get x without p": (
        LOOPS, {"others_get_x": None},
        ["dW[:, j] += (p - 1) * X[i] → pass", "+= p * X[i] → += X[i]"]),
    "pairs of points": (
        ARRAYS, {"pairs_of_points in the loss": 11},
        ["np.log(sums[:, 0]) - scores[rows, y] → np.log(sums) - scores[rows, y]"]),
    "the exponential taken twice": (
        ARRAYS, {"softmax_twice": None},
        ["scores = X @ W → scores = X @ W; scores = np.exp(scores - "
         "np.max(scores, axis=1, keepdims=True))"]),
    "p times x of the correct class added twice": (
        LOOPS, {HERE: 15}, ["if j == y[i]: → dW[:, j] += p * X[i] * (j == y[i])\n"
        "            if j == y[i]:"]),
    "a mistake before the line that stops": (
        LOOPS, {"name_unknown": 20, "data_sign in the loss": 12},
        ["-scores[y[i]] + np.log → scores[y[i]] - np.log",
         "dW /= num_train → dW /= num_points"]),
    "a mistake in the loss, and a product that does not fit": (
        ARRAYS, {"product_does_not_fit": 16, "not_averaged in the loss": None},
        ["loss = loss / num_train →", "np.dot(X.T, dscores) → np.dot(X, dscores)"]),
    "a name without a value, after a line that ran often": (
        LOOPS, {"name_unknown": 20, "not_averaged in the gradient": None},
        ["dW /= num_train → dw /= num_train"]),
    "a number for the classes, before the line that stops": (
        ARRAYS, {"length_spelled_out": 14, "own_class_missing": None},
        ["dscores = probs.copy() → dscores = np.zeros((num_train, 10))",
         "dscores[rows, y] -= 1 → dscores = probs - dscores"]),
    "a sum that each point replaces": (
        LOOPS, {"last_point_only in the loss": 12}, ["loss += - → loss = -"]),
    "a column that each margin replaces": (
        SVM_LOOPS, {HERE: 18}, ["dW[:, y[i]] -= X[i] → dW[:, y[i]] = -X[i]"]),
    "half a penalty that is added to zeros": (
        ARRAYS, {"reg_half in the gradient": 19},
        ["num_train = → dW = np.zeros(W.shape); num_train =",
         "dW = np.dot → dW = dW + np.dot", "2 * reg * W → reg * W"]),
    "the sum of the weights, divided by N": (
        ARRAYS, {"reg_divided_by_N": None, "reg_square_of_sum in the gradient": None},
        ["loss = loss / num_train → pass", "dW = dW / num_train → pass",
         "* np.sum(W ** 2) → * np.sum(W ** 2); loss = loss / num_train",
         "2 * reg * W → 2 * reg * np.sum(W); dW = dW / num_train"]),
    "a name without a value, one point per column": (
        ARRAYS, {"name_unknown": 16},
        ["X.shape[0] → X.shape[1]", "X @ W → (W @ X).T",
         "np.dot(X.T, dscores) → np.dot(X, d_scores).T"]),
    "a size of the wrong array": (
        LOOPS, {"index_out_of_bounds": 6}, ["W.shape[1] → X.shape[1]"]),
    "a loop over the features for the classes": (
        LOOPS, {"index_out_of_bounds": 13}, ["range(num_classes) → range(X.shape[1])"]),
    "all points in place of one": (
        LOOPS, {"shapes_do_not_fit": 9}, ["X[i].dot(W) → X.dot(W)"]),
    "a list of two arrays as an index": (
        ARRAYS, {"list_for_index": 11},
        ["losses = → idx = [rows, y]; losses =", "- scores[rows, y] → - scores[idx]"]),
    "a sum that does not begin at 0": (
        LOOPS, {HERE: 5}, ["dW = np.zeros_like(W) → dW = np.ones_like(W)"]),
    "a number in the place of the gradient": (
        LOOPS, {HERE: 20}, ["dW /= num_train → dW = num_train"]),
    "one line that spoils both parts": (
        LOOPS, {"wrong_line": 9}, ["X[i].dot(W) → X[i].dot(W + 1 / num_classes ** W)"]),
    "the point's number for its label in a condition": (
        SVM_LOOPS, {"wrong_line": 12}, ["if j == y[i]: → if j == i:"]),
    "an array for the loss, and a mistake in the gradient": (
        ARRAYS, {"loss_for_each_point": 12, "reg_square_of_sum in the gradient": 19},
        ["loss = np.sum(losses) → loss = losses", "2 * reg * W → reg * np.sum(W)"]),
    "the division by N missing, and the penalty of something else": (
        ARRAYS, {"not_averaged in the loss": None, "wrong_line in the loss": 18},
        ["loss = loss / num_train →", "np.sum(W ** 2) → np.sum(scores ** 2)"]),
    "a shape that stops, and two mistakes after it": (
        ARRAYS, {"shapes_do_not_fit": 9, "not_averaged in the loss": None,
                 "reg_half in the gradient": 19},
        ["exps / sums → exps / sums[:, 0]", "loss = loss / num_train →",
         "2 * reg * W → reg * W"]),
    "a star for a product, and a mistake after it": (
        LOOPS, {"elementwise_product": 9, "not_averaged in the gradient": None},
        ["X[i].dot(W) → X[i] * W", "dW /= num_train →"]),
    "a name without a value, and the penalty": (
        LOOPS, {"name_unknown": 12, "reg_half in the gradient": 22},
        ["np.log(total) → np.log(totals)", "2 * reg * W → reg * W"]),
    "round brackets after a shape, and the penalty": (
        LOOPS, {"shape_called": 7, "reg_not_squared in the loss": 21},
        ["X.shape[0] → X.shape(0)", "np.sum(W * W) → np.sum(W)"]),
    "the factors of a product in the wrong order": (
        ARRAYS, {"product_does_not_fit": 16, "not_averaged in the loss": None},
        ["np.dot(X.T, dscores) → np.dot(dscores, X.T)", "loss = loss / num_train →"]),
    "a product of vectors that should be an outer one": (
        ARRAYS, {"product_does_not_fit": 16, "data_sign in the loss": None},
        ["dW = np.dot(X.T, dscores) → dW = sum(map(np.outer, X[:-1], dscores[:-1])); "
         "dW += X[-1].dot(dscores[-1])",
         "loss = np.sum(losses) → loss = -np.sum(losses)"]),
    "two lengths as numbers, and a mistake after them": (
        LOOPS, {"length_spelled_out": 5, "not_averaged in the gradient": None},
        ["np.zeros_like(W) → np.zeros((3073, 10))", "range(num_classes) → range(10)",
         "dW /= num_train →"]),
    "margins of True and False, and a mistake after them": (
        ARRAYS, {"bool_array": None, "reg_half in the gradient": 19},
        ["dscores = probs.copy() → own = np.arange(W.shape[1]) == y[:, None]",
         "dscores[rows, y] -= 1 → own -= probs; dscores = -own",
         "2 * reg * W → reg * W"]),
    "the penalty in the place of the gradient": (
        ARRAYS, {"data_sign in the loss": None, "wrong_line in the gradient": 19},
        ["np.log(sums[:, 0]) - scores[rows, y] → "
         "scores[rows, y] - np.log(sums[:, 0])", "dW = dW + 2 → dW = 2"]),
    "a second name for an array that is written into": (
        ARRAYS, {"loss_is_nan": 14},
        ["losses = np.log(sums[:, 0]) - scores[rows, y] → losses = 0",
         "dscores = probs.copy() → dscores = probs",
         "dW = dW / num_train → "
         "dW = dW / num_train; loss = np.mean(-np.log(probs[rows, y]))"]),
    "a penalty with W in the divisor": (
        LOOPS, {"gradient_is_nan": 22}, ["2 * reg * W → 2 * reg / W"]),
    "two sums that begin in one line": (
        LOOPS, {"wrong_line in the loss": 11},
        ["loss = 0.0 → loss, dW = 0.0, np.zeros_like(W)",
         "    dW = np.zeros_like(W)\n → ", "+ np.log(total) → + np.sqrt(total)"]),
    "a loop that may not end": (
        LOOPS, {"wrong_line in the loss": None},
        ["for i in range(num_train): → i = -1\n    while i < num_train - 1:\n"
         "        i += 1", "+ np.log(total) → + np.sqrt(total)"]),
    "a margin of 0, after lines that are right": (
        SVM_LOOPS, {"margin_missing": 14},
        ["correct_class_score + 1 → correct_class_score"]),
    "a mask in a list, and the penalty": (
        SVM_ARRAYS, {"error": 9, "reg_half in the gradient": 13},
        ["np.maximum(0, scores - correct + 1) → scores - correct + 1",
         "np.sum(margins) → np.sum(margins, where=[margins > 0])",
         "2 * reg * W → reg * W"]),
    "five copies written out, twice": (
        ARRAYS, {"shapes_do_not_fit": 9},
        ["probs = exps / sums → t = sums[:, 0]; s = np.stack([t] * 5 + [t] * 5).T\n"
         "    probs = exps / s"]),
    "a loss of five digits, and the penalty": (
        LOOPS, {"loss_rounded": None, "reg_half in the gradient": 22},
        ["return loss, dW → return round(loss, 5), dW", "2 * reg * W → reg * W"]),
    "a loss of three digits": (
        LOOPS, {"loss_rounded": 23},
        ["return loss, dW → loss = np.round(loss, 3)\n    return loss, dW"]),
    "the sum of a column for the column": (
        LOOPS, {"reg_square_of_sum in the gradient": 22},
        ["2 * reg * W → 2 * reg * np.sum(W, axis=0)"]),
    "a margin of 0, made up for in the mean": (
        SVM_ARRAYS, {"margin_missing": 7, "wrong_line in the loss": 11},
        ["np.maximum(0, scores - correct + 1) → scores - correct",
         "loss = np.sum(margins) → margins = np.maximum(0, margins)\n"
         "    loss = np.sum(margins)\n    loss = 1 + loss"]),
    "no margin, and one sum for all classes": (
        SVM_ARRAYS, {"margin_missing in the loss": 7, HERE: 7},
        ["np.maximum(0, scores - correct + 1) → scores - correct\n"
         "    hits = (margins > 0).astype(int)",
         "np.sum(margins) → np.sum(margins * hits)",
         "dW = X.T.dot(mask) → first = X.T @ hits\n"
         "    each = np.sum(hits, axis=1)\n"
         "    total = np.sum(each[:, None] * X, axis=0)\n"
         "    dW = (first - total[:, None])"]),
    "a line that only uses what another one spoils": (
        LOOPS, {"wrong_line": 14},
        ["loss += -scores[y[i]] + np.log(total) → pass",
         "p = np.exp(scores[j]) / total → p = np.exp(scores[j] / total)\n"
         "            loss -= np.log(p) * (j == y[i])"]),
    "a sum over the points, of another shape": (
        ARRAYS, {"normalized_over_points": 8},
        ["sums = np.sum(exps, axis=1, → sums = np.sum(exps, axis=0,",
         "np.log(sums[:, 0]) - scores[rows, y] → -np.log((exps / sums)[rows, y])"]),
    "a sum that goes on from point to point": (
        LOOPS, {"sum_not_reset": 5},
        ["loss = 0.0 → loss = total = 0.0\n    total = 0.0",
         "total = np.sum(np.exp(scores)) → for j in range(num_classes):\n"
         "            total += np.exp(scores[j])"]),
    "an inner loop with the variable of the outer one": (
        LOOPS, {"loop_variable_reused": 13},
        ["for j in range → for i in range", "p = np.exp(scores[j]) → p = "
         "np.exp(scores[i])", "if j == y[i]: → if i == y[i]:",
         "dW[:, j] += (p → dW[:, i] += (p", "dW[:, j] += p → dW[:, i] += p"]),
    "a margin that is set at the top": (
        SVM_LOOPS, {"margin_wrong": 7},
        ["loss = 0.0 → loss, delta = 0.0, 10", "+ 1 → + delta"]),
    "half a penalty, twice in the loss": (
        LOOPS, {"penalty_twice in the loss": 21},
        ["reg * np.sum(W * W) → 0.5 * reg * np.sum(W * W)\n"
         "    loss += 0.5 * reg * np.sum(W * W)", "2 * reg * W → reg * W"]),
    "a penalty added twice where it is returned": (
        LOOPS, {"reg_doubled in the loss": 23},
        ["loss += reg * → R = reg *", "return loss, dW → return loss + R + R, dW"]),
    "a sum that the penalty uses": (
        LOOPS, {"reg_not_squared in the loss": 21},
        ["loss += reg * np.sum(W * W) → s = np.sum(W); loss += reg * s"]),
    "two lines that divide by the features": (
        ARRAYS, {"averaged_over_features": None},
        ["num_train = X.shape[0] → num_train, D = X.shape",
         "loss = loss / num_train → loss = loss / D",
         "dW = dW / num_train → dW = dW / D"]),
    "infinite scores, in the convention of other years": (
        LOOPS, {"loss_is_nan": 9},
        ["X[i].dot(W) → X[i].dot(W + 1 / (1 + W))",
         "reg * np.sum(W * W) → 0.5 * reg * np.sum(W * W)", "2 * reg * W → reg * W"]),
    "a sum that is wrong in both parts, and the sign of one": (
        LOOPS, {"wrong_line in the loss": 12,
                "own_class_left_out_of_sum in the gradient": 14},
        ["loss += -scores[y[i]] + np.log(total) → "
         "loss -= -scores[y[i]] + np.log(total - np.exp(scores[y[i]]))",
         "(scores[j]) / total → (scores[j]) / (total - np.exp(scores[y[i]]))"]),
    "a name for another in two lines": (
        LOOPS, {"labels_as_float": 15, "one_in_every_class": 16},
        ["if j == y[i]: → if j == y[loss]:", "dW[:, j] += p → dW[:, loss] += p"]),
    "a loss of nan, and a condition": (
        LOOPS, {"loss_is_nan": 12, "own_class_missing in the gradient": None},
        ["np.log(total) → np.log(reg)", "if j == y[i]: → if num_train == y[i]:"]),
    "a function without an axis": (
        ARRAYS, {"signature": 8, "wrong_line": 8}, ["np.sum(exps → np.square(exps"]),
    "a matrix in the place of a number, and the correct class": (
        LOOPS, {"shapes_do_not_fit": 14, "own_class_missing": None},
        ["np.exp(scores[j]) / total → np.exp(scores[j]) / X", "(p - 1) → (p - 0)"]),
    "a loss of the wrong shape, and a gradient of nan": (
        ARRAYS, {"loss_for_each_point": 18, "gradient_is_nan": 17},
        ["dW / num_train → dW / reg", "loss = loss + reg → loss = W + reg"]),
    "the sign of the penalty, in two lines": (
        LOOPS, {"reg_sign": 21}, ["loss += reg → loss -= reg", "dW += 2 → dW -= 2"]),
    "the same, the gradient first": (
        LOOPS, {"reg_sign": 21},
        ["loss += reg * np.sum(W * W) → dW -= 2 * reg * W",
         "dW += 2 * reg * W → loss -= reg * np.sum(W * W)"]),
    "a line that stops in an array of the wrong width, and a loss without data": (
        SVM_ARRAYS, {"index_out_of_bounds": 7, "data_missing in the loss": None},
        ["np.maximum(0, scores → np.maximum(0, X",
         "loss = np.sum(margins) / num_train + → loss ="]),
    "a penalty of half the size in the gradient": (
        LOOPS, {"reg_half in the gradient": 22}, ["2 * reg * W → reg * W"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_catalogue_lists_is_named(kind: str, tmp_path: Path) -> None:
    source, expected, edits = KINDS[kind]
    is_svm = source in (SVM_LOOPS, SVM_ARRAYS)
    check = check_svm_loss if is_svm else check_softmax_loss_naive
    report = check(in_file(tmp_path, source, *edits))
    found = {finding.label: finding.line for finding in report.findings}
    assert found.keys() == expected.keys()
    assert found | {k: v for k, v in expected.items() if v} == found


SEVERAL = {
    "one for both parts and one for the loss": (
        LOOPS, {11, 12},
        ["np.sum(np.exp(scores)) → np.sum(np.exp(scores)) + 1",
         "+ np.log(total) → - np.log(total)"]),
    "one for both parts, and one for each": (
        LOOPS, {11, 12, 16},
        ["np.sum(np.exp(scores)) → np.sum(np.exp(2 * scores))",
         "+ np.log(total) → + np.sqrt(total)", "(p - 1) * X[i] → (p - 3) * X[i]"]),
    "two in the gradient": (
        ARRAYS, {9, 17},
        ["exps / sums → sums / exps", "dW = dW / num_train → dW = dW * num_train"]),
    "two in the loss, which the gradient does not need": (
        SVM_LOOPS, {16, 19},
        ["loss += margin → loss += margin * scores[j]",
         "loss /= num_train → loss /= num_classes"]),
    "the margin, and the sign of a column": (
        SVM_LOOPS, {14, 17},
        ["+ 1 → + 2 * correct_class_score + 1", "dW[:, j] += X → dW[:, j] -= X"]),
    "too few points, and the division": (
        LOOPS, {8, 20},
        ["range(num_train) → range(num_classes)",
         "dW /= num_train → dW /= num_classes"]),
    "a loss whose gradient is right": (
        SVM_LOOPS, {16}, ["loss += margin → loss += scores[j]"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEVERAL)
def test_mistakes_that_hide_each_other_are_all_named(kind: str, tmp_path: Path) -> None:
    source, lines, edits = SEVERAL[kind]
    check = check_svm_loss if source is SVM_LOOPS else check_softmax_loss_naive
    report = check(in_file(tmp_path, source, *edits))
    assert {finding.line for finding in report.findings} == lines


HELPER = """
def sum_of(scores):
    parts = np.exp(scores)
    return np.sum(parts)
""" + edited(LOOPS, "np.sum(np.exp(scores)) → sum_of(scores)")


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        ("parts = np.exp(scores) → parts = np.exp(scores) + scores", 4),
        ("np.sum(parts) → np.sum(parts * parts)", 5),
    ],
)
def test_a_mistake_in_a_function_that_the_loss_calls_is_named(
    edit: str, line: int, tmp_path: Path
) -> None:
    report = check_softmax_loss_naive(in_file(tmp_path, HELPER, edit))
    assert {finding.line for finding in report.findings} == {line}


OUTSIDE = """
DELTA = 1.0
from fractions import Fraction
one = Fraction(1)

class Layer:
    def scores(self, W, x):
        return self.product(x, W)

    def product(self, x, W):
        return x.dot(W)

layer = Layer()
positive = lambda margin: margin > 0

def margin_of(score, own, delta=0.0):
    return score - own + delta

""" + edited(
    SVM_LOOPS,
    "X[i].dot(W) → layer.scores(W, X[i])",
    "scores[j] - correct_class_score + 1 → "
    "margin_of(scores[j], correct_class_score) + DELTA",
    "loss /= num_train → loss /= num_train * float(one.limit_denominator(9))",
    "if margin > 0: → if positive(margin):",
).lstrip()  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        ("DELTA = 1.0 → DELTA = 10", 3),
        ("x.dot(W) → x.dot(2 * W)", 12),
        ("margin: margin > 0 → margin: margin < 0", 15),
        ("margin_of(scores[j], → margin_of(scores[j] + i,", 31),
        ("margin_of(scores[j], corr → margin_of(scores[j], correct_class_score - corr",
         31),
    ],
)  # fmt: skip
def test_a_mistake_in_what_the_loss_uses_from_outside_is_named(
    edit: str, line: int, tmp_path: Path
) -> None:
    assert check_svm_loss(in_file(tmp_path, OUTSIDE)).passed
    report = check_svm_loss(in_file(tmp_path, OUTSIDE, edit))
    assert {finding.line for finding in report.findings} == {line}


INNER = edited(
    LOOPS,
    "loss = 0.0 → def sum_of(scores):\n        parts = np.exp(scores)\n"
    "        return np.sum(parts)\n    loss = 0.0",
    "np.sum(np.exp(scores)) → sum_of(scores)",
)


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        ("parts = np.exp(scores) → parts = np.exp(scores) + scores", 5),
        ("np.sum(parts) → np.sum(parts * parts)", 6),
        ("parts = np.exp(scores) → dW[0] += 1; parts = np.exp(scores)", None),
    ],
)
def test_a_mistake_in_a_function_inside_the_loss_is_named(
    edit: str, line: int | None, tmp_path: Path
) -> None:
    report = check_softmax_loss_naive(in_file(tmp_path, INNER, edit))
    assert not report.passed
    assert line in {None, *(finding.line for finding in report.findings)}


SAID = {
    "All else is judged with X left as before.": (
        LOOPS, ["loss = 0.0 → X /= 2; loss = 0.0", "2 * reg * W → reg * W"]),
    "The penalty is compared with 0.5 * reg": (
        LOOPS, ["reg * np.sum(W * W) → 0.5 * reg * np.sum(W)", "2 * reg * W → reg"]),
    "has the wrong sign (lines 21 and 22)": (
        LOOPS, ["loss += reg → loss -= reg", "dW += 2 → dW -= 2"]),
    "N, D and C: 3073, 10 (line 5)": (
        LOOPS, ["np.zeros_like(W) → np.zeros((3073, 10))",
                "range(num_classes) → range(10)"]),
    "it should add to what is there": (
        ARRAYS, ["np.log(sums[:, 0]) - scores[rows, y] → np.log(sums[:, 0])",
                 "dW = dW + 2 → dW = 2"]),
    "The part from the data is zero. The mistake is in line 18 or in line 19": (
        LOOPS, ["j == y[i]: → j < 0:", "dW[:, j] += (p - 1) * X[i] →",
                "dW[:, j] += p * X[i] → own = total * p * X[i]\n"
                "                dW[:, j] += own - np.exp(scores[j]) * X[i]"]),
}  # fmt: skip


@pytest.mark.parametrize("words", SAID)
def test_what_is_said_besides_is_true_of_the_code(words: str, tmp_path: Path) -> None:
    source, edits = SAID[words]
    assert words in check_softmax_loss_naive(in_file(tmp_path, source, *edits)).text


def test_a_transposed_gradient_is_not_called_right(tmp_path: Path) -> None:
    edits = [
        "np.dot(X.T, dscores) → np.dot(dscores.T, X)",
        "dW + 2 * reg * W → dW + 2 * reg * W.T",
        "loss = loss / num_train →",
    ]
    report = check_softmax_loss_naive(in_file(tmp_path, ARRAYS, *edits))
    assert report.fault == "gradient_transposed + not_averaged in the loss"
    assert "is right" not in report.text


COLUMNS = """
def loss_function(W, X, y, reg):
    classes = W.shape[0]
    n = X.shape[1]
    scores = np.dot(W, X)
    scores -= np.max(scores, axis=0)
    e = np.exp(scores)
    p = e / np.sum(e, axis=0)
    loss = -np.sum(np.log(p[y, np.arange(n)])) / n + 0.5 * reg * np.sum(W * W)
    p[y, np.arange(n)] -= 1
    dW = np.zeros_like(W)
    for j in range(classes):
        dW[j] = X.dot(p[j]) / n
    return loss, dW + reg * W
"""


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        ("n = X.shape[1] → n = X.shape[0]", 5),
        ("classes = W.shape[0] → classes = W.shape[1]", 4),
        ("np.log(p[y, np.arange(n)]) → np.log(p[np.arange(n), y])", 10),
        ("p[y, np.arange(n)] -= 1 → p[np.arange(n), y] -= 1", 11),
        ("dW[j] = X.dot(p[j]) / n → dW[:, j] = X.dot(p[j]) / n", 14),
    ],
)
def test_a_stop_is_judged_in_the_layout_of_the_function(
    edit: str, line: int, tmp_path: Path
) -> None:
    report = check_softmax_loss_naive(in_file(tmp_path, COLUMNS, edit))
    assert [finding.line for finding in report.findings] == [line]


def test_a_training_in_a_loss_is_stopped_at_once(tmp_path: Path) -> None:
    edits = ["loss /= num_train → for t in range(10 ** 9):\n"
             "        W = W - 0.01 * dW\n    loss /= num_train"]  # fmt: skip
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, *edits))
    assert report.fault == "hangs"
    assert "lines of Python, and went on" in report.text


ENCODE = """
def encode(y):
    one = np.zeros((len(y), 10))
    for k, label in enumerate(y):
        one[k, label] = 1
    return one
"""
LISTED = """
def encode(y):
    labels = [0, 1, 2, 3, 4, 5, 6]
    return np.array([[float(k == label) for k in labels] for label in y])
"""
HOT = "dscores[rows, y] -= 1 → dscores -= encode(y)"
HALF = "dW = dW + 2 * reg * W → dW = dW + reg * W"


@pytest.mark.parametrize(
    ("source", "edits", "named"),
    [
        (ENCODE + ARRAYS, [HOT], {("length_spelled_out", 4)}),
        (LISTED + ARRAYS, [HOT, HALF],
         {("length_spelled_out", 4), ("reg_half", 23)}),
        ("K = 10\n" + LOOPS, ["range(num_classes) → range(K)", "loss /= num_train →"],
         {("length_spelled_out", 2), ("not_averaged", None)}),
        (ARRAYS, ["probs = exps / sums → n = 8; probs = exps / sums; n = 12",
         "dscores = probs.copy() → dscores = np.resize(probs, (len(y), 10))",
         "np.dot(X.T, dscores) → np.dot(X.T, dscores); dW = dW - 0 * W"],
         {("length_spelled_out", 14)}),
        (ARRAYS, ["X.shape[0] → y.shape", "loss / num_train → loss / len(y)",
         "dW / num_train → dW / len(y)", HALF],
         {("shape_for_length", 4), ("reg_half", 19)}),
        ("import math\n" + ARRAYS,
         ["np.log(sums[:, 0]) - scores[rows, y] → -math.log(probs[rows, y])", HALF],
         {("array_for_number", 12), ("reg_half", 20)}),
        (ARRAYS, ["dscores[rows, y] -= 1 → hot = np.zeros((num_train, len(set(y))))\n"
                  "    hot[rows, y] = 1\n    dscores -= hot", HALF],
         {("index_out_of_bounds", 15), ("reg_half", 21)}),
        (ARRAYS, ["probs = exps / sums → sums = np.outer(sums, np.ones(len(y)))\n"
                  "    probs = exps / sums", HALF],
         {("shapes_do_not_fit", 9), ("reg_half", 20)}),
    ],
)  # fmt: skip
def test_with_the_cause_of_a_stop_mended_the_rest_is_judged(
    source: str, edits: list[str], named: set[tuple[str, int | None]], tmp_path: Path
) -> None:
    report = check_softmax_loss_naive(in_file(tmp_path, source, *edits))
    assert {(x.name, x.line) for x in report.findings} == named


def test_a_number_that_is_no_length_is_not_blamed_for_a_stop(tmp_path: Path) -> None:
    edits = ["loss = loss / num_train → loss = 10 * loss / num_train / 10",
             "dW = np.dot(X.T, dscores) → dW = np.dot(X, dscores)"]  # fmt: skip
    report = check_softmax_loss_naive(in_file(tmp_path, ARRAYS, *edits))
    assert report.fault == "product_does_not_fit"


@pytest.mark.parametrize(
    ("edits", "named"),
    [
        ([], {("other_array_returned", 23)}),
        (["dw += 2 * reg * W → dw += reg * W"],
         {("other_array_returned", 23), ("reg_half", 22)}),
    ],
)  # fmt: skip
def test_the_array_that_should_be_returned_is_named(
    edits: list[str], named: set[tuple[str, int]], tmp_path: Path
) -> None:
    source = LOOPS.replace("dW", "dw").replace("return loss, dw", "return loss, dW")
    source = source.replace("loss = 0.0", "loss, dW = 0.0, np.zeros_like(W)")
    report = check_softmax_loss_naive(in_file(tmp_path, source, *edits))
    assert {(x.name, x.line) for x in report.findings} == named
    assert "another array is not used: `dw`" in report.text


def test_no_number_is_blamed_for_what_stops_with_extreme_scores_alone(
    tmp_path: Path,
) -> None:
    edits = [
        "loss = 0.0 → import math; loss = 10 * 0.0",
        "-scores[y[i]] + np.log(total) → -math.log(np.exp(scores[y[i]]) / total)",
    ]
    assert check_softmax_loss_naive(in_file(tmp_path, LOOPS, *edits)).passed


def test_a_loss_alone_is_judged_whichever_gradient_is_returned(tmp_path: Path) -> None:
    source = LOOPS.replace("dW", "dw").replace("return loss, dw", "return loss, dW")
    source = source.replace("loss = 0.0", "loss, dW = 0.0, np.zeros_like(W)")
    edit = "+ np.log(total) → + np.sqrt(total)"
    assert check_loss(in_file(tmp_path, source)).passed
    report = check_loss(in_file(tmp_path, source, edit))
    assert [(x.name, x.line) for x in report.findings] == [("wrong_line", 12)]


def test_an_array_that_is_used_is_not_the_one_to_return(tmp_path: Path) -> None:
    edits = ["loss = 0.0 → loss = 0.0; V = 2 * W",
             "reg * np.sum(W * W) → reg * np.sum(V * V) / 4",
             "dW += 2 * reg * W → dW = np.zeros_like(W)"]  # fmt: skip
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, *edits))
    assert report.fault == "gradient_not_written"


def test_the_shapes_in_the_line_that_stops_are_said(tmp_path: Path) -> None:
    edit = "dscores = probs.copy() → dscores = np.zeros((W.shape[0], 1))"
    report = check_softmax_loss_naive(in_file(tmp_path, ARRAYS, edit))
    assert "`rows` is (6,) since line 10; `dscores` is (3, 1)" in report.text


@pytest.mark.parametrize(
    "hot",
    [
        "np.eye(len(set(y)))[y]",
        "np.bincount(rows * probs.shape[1] + y).reshape(probs.shape)",
    ],
)
def test_a_stop_for_want_of_a_class_blames_no_right_line(
    hot: str, tmp_path: Path
) -> None:
    edit = f"dscores[rows, y] -= 1 → hot = {hot}; dscores -= hot"
    report = check_softmax_loss_naive(in_file(tmp_path, ARRAYS, edit))
    assert not report.passed
    assert "The first line that goes wrong" not in report.text
    assert "line 15" in report.text


def test_what_is_counted_twice_is_said(tmp_path: Path) -> None:
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, "else: → if True:"))
    assert "p times x of the correct class is counted twice" in report.text


@pytest.mark.parametrize("edit", [
    "p * X[i] → p.x * X[i]",
    "(p - 1) * X[i] → (p - 1) * X[i].x",
])  # fmt: skip
def test_a_line_is_not_avoided_by_an_edit_of_its_condition(
    edit: str, tmp_path: Path
) -> None:
    loss = in_file(tmp_path, LOOPS, edit)
    lines = (tmp_path / "answer.py").read_text("utf-8").splitlines()
    (stop,) = (k for k, line in enumerate(lines, 1) if ".x" in line)
    report = check_softmax_loss_naive(loss)
    assert [(x.name, x.line) for x in report.findings] == [("error", stop)]
    assert "What goes wrong" not in report.text


def test_what_is_added_in_a_sum_of_two_terms_is_the_wrong_amount(
    tmp_path: Path,
) -> None:
    terms = "scores[0] - 0.7 * np.log(total)"
    edit = f"loss += -scores[y[i]] + np.log(total) → loss = loss + ({terms})"
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, edit))
    assert "it adds the wrong amount to `loss`" in report.text


def test_what_is_right_is_said_beside_a_stop_in_the_other_layout(
    tmp_path: Path,
) -> None:
    edits = ["X[i].dot(W) → W.dot(X[:, i])", "W.shape[1] → W.shape[0]",
             "X.shape[0] → X.shape[1]", "(p - 1) * X[i] → (p - 1) * X[:, i]",
             "p * X[i] → p * X[:, i]"]  # fmt: skip
    mistakes = ["dW /= num_train → dW /= num_train.x",
                "-scores[y[i]] + np.log → scores[y[i]] - np.log"]  # fmt: skip
    source = edited(LOOPS, *edits).replace("dW[:, j]", "dW[j]")
    assert check_softmax_loss_naive(in_file(tmp_path, source)).passed
    report = check_softmax_loss_naive(in_file(tmp_path, source, *mistakes))
    found = [(x.name, x.part, x.line) for x in report.findings]
    assert found == [("error", "", 20), ("data_sign", "loss", 12)]
    assert "What does not depend on this line is not right" in report.text


def test_a_search_that_is_cut_off_keeps_what_it_has_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness, "MOST_TRIES", 40)
    edit = "-scores[y[i]] + np.log(total) → scores[0] - 0.7 * np.log(total)"
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, edit))
    assert [(x.name, x.line) for x in report.findings] == [("wrong_line", 12)]


def test_a_result_depends_on_what_ends_a_loop(tmp_path: Path) -> None:
    scores = "scores = X[i].dot(W)"
    ended = f"{scores}\n        if i > limit:\n            continue"
    edits = ["loss = 0.0 → loss = 0.0; limit = 50", f"{scores} → {ended}"]
    function = in_file(tmp_path, LOOPS, *edits)
    lines = (tmp_path / "answer.py").read_text("utf-8").splitlines()
    (first,) = (k for k, line in enumerate(lines, 1) if "limit = 50" in line)
    (second,) = (k for k, line in enumerate(lines, 1) if "if i > limit" in line)
    assert {first, second} <= lines_of_result(function, 1)


def test_a_wrong_amount_is_placed_in_its_columns(tmp_path: Path) -> None:
    amount = "(0.3 + scores) * (np.arange(num_classes) != y[i])"
    total = "total = np.sum(np.exp(scores))"
    edits = [f"{total} → {total}; dW += np.outer(X[i], {amount})",
             "dW[:, j] += p * X[i] → pass"]  # fmt: skip
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, *edits))
    assert "wrong amount to `dW` in the columns of the other classes" in report.text


def test_a_changed_argument_hides_no_other_mistake(tmp_path: Path) -> None:
    edits = ["X[i].dot(W) → X[i].dot(W); W += 0.5", "+ np.log(total) → - np.log(total)"]
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, *edits))
    assert {finding.label for finding in report.findings} == {
        "changes_W", "wrong_line in the loss",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "edit"),
    [
        ("shape_called", "num_train = X.shape[0] → num_train = X.shape()[0]"),
        ("array_for_axis", "np.sum(np.exp(scores)) → np.sum(scores, scores > 0)"),
    ],
)
def test_an_error_whose_line_shows_the_cause_is_named(
    fault: str, edit: str, tmp_path: Path
) -> None:
    assert check_softmax_loss_naive(in_file(tmp_path, LOOPS, edit)).fault == fault


def test_a_counter_that_no_point_sets_back_is_named(tmp_path: Path) -> None:
    counted = SVM_LOOPS.replace("    loss = 0.0\n", "    loss = 0.0\n    count = 0\n")
    line = "                dW[:, y[i]] -= X[i]\n"
    later = "                count += 1\n        dW[:, y[i]] -= count * X[i]\n"
    report = check_svm_loss(in_file(tmp_path, counted.replace(line, later)))
    assert [finding.line for finding in report.findings] == [8]
    assert "it is in the wrong block" in report.text


def test_an_overflow_without_a_maximum_is_no_added_maximum(tmp_path: Path) -> None:
    edits = ["scores - np.max(scores, axis=1, keepdims=True) → scores",
             "probs = exps / sums → probs = exps * sums / sums ** 2"]  # fmt: skip
    report = check_softmax_loss_naive(in_file(tmp_path, ARRAYS, *edits))
    assert report.passed


PREDICT = """
class Softmax:
    def predict(self, X):
        scores = X.dot(self.W)
        return np.argmax(scores, axis=1)
"""
SEARCH = """
def search(model, X_train, y_train, X_val, y_val, learning_rates, regs):
    results, best_val, best_model = {}, -1, None
    for lr in learning_rates:
        for reg in regs:
            m = model()
            m.train(X_train, y_train, learning_rate=lr, reg=reg, num_iters=1000)
            train = np.mean(m.predict(X_train) == y_train)
            val = np.mean(m.predict(X_val) == y_val)
            results[(lr, reg)] = (train, val)
            if val > best_val:
                best_val = val
                best_model = m
    return results, best_val, best_model
"""


@pytest.mark.parametrize(
    ("edit", "fault", "line"),
    [
        ("axis=1 → axis=0", "over_points", 5),
        ("X.dot(self.W) → X.dot(np.abs(self.W))", "wrong_line", 4),
        ("if val > best_val: → if train > best_val:", "chosen_by_training", 11),
        ("best_val = val → best_val = train", "best_val_wrong", 12),
    ],
)
def test_lines_of_predict_and_of_a_search_are_named(
    edit: str, fault: str, line: int, tmp_path: Path
) -> None:
    is_search = "best_val" in edit
    source, name = (SEARCH, "search") if is_search else (PREDICT, "Softmax")
    answer = defined_in_file(tmp_path, edited(source, edit), name)
    report = (check_grid if is_search else check_predict)(answer)
    assert [(x.name, x.line) for x in report.findings] == [(fault, line)]


def defined_in_file(folder: Path, source: str, name: str) -> Any:
    """Return what a file with this source defines under a name."""
    path = folder / "answer.py"
    path.write_text("import numpy as np" + source, "utf-8")
    names: dict[str, Any] = {}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), names)
    return names[name]


def test_no_edit_is_tried_in_a_loop_that_might_not_end() -> None:
    source = "def f(n):\n    i = 0\n    while i < n:\n        i += 1\n    return i + 1"
    definitions: Any = ast.parse(source).body
    lines = {line for line, *_ in edits(definitions, inside, around, statements)}
    assert lines == {2, 5}


def test_a_search_for_a_line_ends_by_count_and_not_by_the_clock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = edited(SEARCH, "best_val = val → best_val = train")
    search = defined_in_file(tmp_path, wrong, "search")
    # Each try takes twenty milliseconds, as on a machine that has much else to do.
    seconds = itertools.count(0, 0.02)
    module = "softmax_lib.exercises.losses.repair"
    clock = SimpleNamespace(process_time=lambda: next(seconds))
    monkeypatch.setattr(f"{module}.time", clock)
    assert [x.line for x in check_grid(search).findings] == [12]
    monkeypatch.setattr(f"{module}.MOST_EDITS", 100)
    assert [x.line for x in check_grid(search).findings] == [None]

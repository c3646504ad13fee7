"""The checks of training, prediction and grid search of `softmax_lib.exercises`.

The submissions are plain ones, and each mistake is an edit of their lines.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from softmax_lib.exercises import check_grid, check_predict, check_train, sandbox
from softmax_lib.linear_classifier import LinearSVM, Softmax
from tests.submissions import CLASSIFIER, SEARCH, edited, written

UPDATE = "self.W -= learning_rate * grad"
STEP = "self.W -= learning_rate *"
DRAW = "indices = np.random.choice(num_train, batch_size)"
FIRST_W = (
    "if self.W is None:\n            self.W = 0.001 * np.random.randn(dim, num_classes)"
)
NEW_W = "self.W = 0.001 * np.random.randn(dim, num_classes)"


def losses_function(W, X, y, reg):
    """Is replaced by the check, as `train` finds it among its globals."""
    raise AssertionError


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [f"{UPDATE} → self.W = self.W - learning_rate * grad"],
        [f"{UPDATE} → self.W += -learning_rate * grad"],
        [f"{UPDATE} → W = self.W; W -= learning_rate * grad"],
        [f"{DRAW} → indices = np.random.choice(num_train, batch_size, replace=False)"],
        [f"{DRAW} → indices = np.random.randint(num_train, size=batch_size)"],
        [
            "np.random.choice(num_train, batch_size) → "
            "np.random.default_rng().permutation(num_train)[:batch_size]"
        ],
        [
            "np.random.choice(num_train, batch_size) → "
            "(it * batch_size + np.arange(batch_size)) % num_train"
        ],
        ["0.001 * np.random.randn(dim, num_classes) → np.zeros((dim, num_classes))"],
        ["return loss_history → return np.array(loss_history)"],
        ["loss_history.append(loss) → loss_history.append(float(loss)); print(loss)"],
        [
            "self.loss(X_batch, y_batch, reg) → "
            "self.loss(X_batch, reg=reg, y_batch=y_batch)"
        ],
    ],
)
def test_a_right_training_passes(edits: list[str]) -> None:
    report = check_train(written(CLASSIFIER, *edits))
    assert (report.passed, report.fault) == (True, None)


def test_the_line_of_a_wrong_step_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    source = "import numpy as np\n" + edited(CLASSIFIER, f"{UPDATE} → self.W += grad")
    path.write_text(source, "utf-8")
    names: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), names)
    lines = {finding.line for finding in check_train(names["Classifier"]).findings}
    assert lines == {1 + source.splitlines().index("            self.W += grad")}


def test_the_line_of_a_wrong_prediction_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    wrong = "y_pred = np.argmax(scores, axis=1) % 2"
    edit = f"y_pred = np.argmax(scores, axis=1) → {wrong}"
    source = "import numpy as np\n" + edited(CLASSIFIER, edit)
    path.write_text(source, "utf-8")
    names: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), names)
    (found,) = check_predict(names["Classifier"]).findings
    assert found.line == 1 + source.splitlines().index(f"        {wrong}")
    assert found.sentence.endswith(f"(`{wrong}`): something in it is too much")
    assert found.hint == "Print what the line computes, and work it out by hand."


def test_a_training_of_points_in_columns_passes() -> None:
    cls = written(
        CLASSIFIER,
        "num_train, dim = X.shape → dim, num_train = X.shape",
        f"{NEW_W} → self.W = 0.001 * np.random.randn(num_classes, dim)",
        "X_batch = X[indices] → X_batch = X[:, indices]",
    )
    report = check_train(cls)
    assert (report.passed, report.remark) == (True, "other_orientation")
    one = written(CLASSIFIER, "(dim, num_classes) → (num_classes, dim)")
    assert (check_train(one).passed, check_train(one).remark) == (True, "W_turned")


def test_parameters_may_have_other_names() -> None:
    renamed = CLASSIFIER.replace("learning_rate", "learningRate")
    renamed = renamed.replace("num_iters", "epochs").replace("batch_size", "batchSize")
    assert check_train(written(renamed)).passed
    uphill = "-= learningRate * → += learningRate *"
    assert check_train(written(renamed, uphill)).fault == "uphill"


LABELS = "y_batch = y[indices] → y_batch = y[np.random.choice(num_train, batch_size)]"


@pytest.mark.parametrize(
    ("faults", "edits"),
    [
        ("returns_in_the_loop + labels_not_of_the_batch",
         ["        return loss_history →             return loss_history", LABELS]),
        ("name_unknown + labels_not_of_the_batch",
         [f"{STEP} → self.W -= rate *", LABELS]),
    ],
)  # fmt: skip
def test_a_training_that_ends_early_hides_no_mistake(
    faults: str, edits: list[str]
) -> None:
    assert check_train(written(CLASSIFIER, *edits)).fault == faults


def test_minibatches_cut_in_order_are_told_of() -> None:
    cut = "np.random.choice(num_train, batch_size) → (it * batch_size + "
    cut += "np.arange(batch_size)) % num_train"
    report = check_train(written(CLASSIFIER, cut))
    assert (report.passed, report.remark) == (True, "cut_in_order")
    report = check_train(written(CLASSIFIER, cut, f"{UPDATE} →"))
    assert (report.fault, report.remark) == ("not_updated", "cut_in_order")


def test_first_weights_that_are_large_are_told_of() -> None:
    for scale, remark in (("0.02", None), ("1", "first_weights_large")):
        report = check_train(written(CLASSIFIER, f"0.001 * np.r → {scale} * np.r"))
        assert (report.passed, report.remark) == (True, remark)


def test_weights_turned_against_the_own_loss_are_not_turned() -> None:
    edits = [
        "(dim, num_classes) → (num_classes, dim)",
        "scores = X.dot(self.W) → scores = X.dot(self.W.T)",
    ]
    cls = written(CLASSIFIER, *edits)
    assert (check_predict(cls).fault, check_predict(cls).remark) == (None, "W_turned")
    cls = written(CLASSIFIER, *edits, "pass → return X_batch.dot(self.W)")
    assert check_train(cls).fault == "W_transposed"
    assert check_predict(cls).fault == "product_does_not_fit"


def test_the_classes_of_the_package_pass() -> None:
    for cls in (Softmax, LinearSVM):
        steps = "Each step draws a minibatch with its labels and moves W against"
        assert str(check_train(cls)).startswith(f"Right. {steps} the gradient.\n")
        assert check_predict(cls).passed


def test_a_minibatch_that_is_no_array_is_named() -> None:
    later = "self.loss(X_batch if it == 0 else None, y_batch, reg)"
    edit = f"self.loss(X_batch, y_batch, reg) → {later}"
    report = check_train(written(CLASSIFIER, edit))
    assert report.text.startswith("**Not yet.** The loss gets something other than")


def test_a_training_that_calls_a_loss_function_can_be_followed() -> None:
    call = "self.loss(X_batch, y_batch, reg) → "
    cls = written(
        CLASSIFIER, call + "softmax_loss_vectorized(self.W, X_batch, y_batch, reg)"
    )
    cls.train.__globals__["softmax_loss_vectorized"] = losses_function
    assert check_train(cls).passed
    assert cls.train.__globals__["softmax_loss_vectorized"] is losses_function


def test_a_training_whose_loss_has_another_name_can_be_followed() -> None:
    named = ["self.loss( → self.compute_loss(", "def loss( → def compute_loss("]
    assert check_train(written(CLASSIFIER, *named)).passed
    uphill = f"{UPDATE} → self.W += learning_rate * grad"
    assert check_train(written(CLASSIFIER, *named, uphill)).fault == "uphill"


def test_a_training_that_cannot_be_followed_is_not_called_wrong() -> None:
    inline = (
        "loss, grad = self.loss(X_batch, y_batch, reg) → "
        "loss, grad = 1.0, np.ones_like(self.W)"
    )
    report = check_train(written(CLASSIFIER, inline))
    assert report.fault == "loss_not_called"
    assert "right or wrong" in report.text


@pytest.mark.parametrize(
    "edits",
    [
        ["X_batch = X[indices] → X_batch = X", "y_batch = y[indices] → y_batch = y"],
        [f"{DRAW} → indices = np.random.choice(num_train, 30)"],
        ["append(loss) → append(grad)"],
    ],
)
def test_the_lines_of_the_evidence_fit_a_screen(edits: list[str]) -> None:
    report = check_train(written(CLASSIFIER, *edits))
    assert max(map(len, report.text.split("```")[1].splitlines())) <= 80


@pytest.mark.parametrize(
    ("fault", "edits"),
    [
        ("uphill", [f"{UPDATE} → self.W += learning_rate * grad"]),
        ("learning_rate_ignored", [f"{UPDATE} → self.W -= grad"]),
        ("learning_rate_ignored", [f"{UPDATE} → self.W -= 0.001 * grad"]),
        ("not_updated", [f"{UPDATE} → W = self.W - learning_rate * grad"]),
        ("not_updated", [f"{UPDATE} → W = self.W.copy(); W -= learning_rate * grad"]),
        ("not_updated", [f"{UPDATE} →"]),
        (
            "regularized_twice",
            [f"{UPDATE} → self.W -= learning_rate * (grad + 2 * reg * self.W)"],
        ),
        (
            "regularized_twice",
            [f"{UPDATE} → self.W -= learning_rate * (grad + reg * self.W)"],
        ),
        ("averaged_twice", [f"{UPDATE} → self.W -= learning_rate * grad / batch_size"]),
        ("averaged_twice", [f"{UPDATE} → self.W -= learning_rate * grad / num_train"]),
        (
            "multiplied_by_points",
            [f"{UPDATE} → self.W -= learning_rate * grad * batch_size"],
        ),
        ("W_replaced", [f"{UPDATE} → self.W = -learning_rate * grad"]),
        ("step_scaled", [f"{UPDATE} → self.W -= 2 * learning_rate * grad"]),
        ("step_wrong", [f"{UPDATE} → self.W -= learning_rate * grad ** 3"]),
        (
            "gradient_normalized",
            [f"{UPDATE} → self.W -= learning_rate * np.sign(grad)"],
        ),
        (
            "learning_rate_changes",
            [f"{UPDATE} → self.W -= learning_rate * grad; learning_rate *= 0.9"],
        ),
        (
            "momentum",
            [
                "loss_history = [] → loss_history = []; v = 0",
                f"{UPDATE} → v = 0.9 * v - learning_rate * grad; self.W += v",
            ],
        ),
        ("updated_after_the_loop", ["    self.W -= learning → self.W -= learning"]),
        (
            "updates_a_copy",
            [
                "loss_history = [] → loss_history = []; W = self.W.copy()",
                f"{UPDATE} → W -= learning_rate * grad",
                "return loss_history → self.W = W; return loss_history",
            ],
        ),
        (
            "last_step_lost",
            [
                f"{UPDATE} → last = self.W; self.W = self.W - learning_rate * grad",
                "return loss_history → self.W = last; return loss_history",
            ],
        ),
        (
            "last_step_lost",
            [
                f"{UPDATE} → self.W = self.W - learning_rate * grad\n"
                "            if loss <= min(loss_history): best = self.W",
                "return loss_history → self.W = best; return loss_history",
            ],
        ),
        ("W_drawn_again", [f"{DRAW} → {DRAW}; {NEW_W} + 0"]),
        (
            "W_drawn_again",
            [f"{DRAW} → {DRAW}; self.W = np.zeros((dim, num_classes))"],
        ),
        ("W_not_set", [f"{FIRST_W} →"]),
        (
            "W_transposed",
            [
                "(dim, num_classes) → (num_classes, dim)",
                "pass → return X_batch.dot(self.W)",
            ],
        ),
        (
            "first_rows_drawn",
            ["np.random.choice(num_train, → np.random.choice(dim,"],
        ),
        ("W_classes_hard_coded", ["np.max(y) + 1 → 10"]),
        ("W_classes_counted", ["np.max(y) + 1 → len(np.unique(y))"]),
        ("W_one_class_too_few", ["np.max(y) + 1 → np.max(y)"]),
        ("W_shape", ["(dim, num_classes) → (dim + 1, num_classes)"]),
        ("num_iters_ignored", ["range(num_iters) → range(100)"]),
        ("num_iters_ignored", ["range(num_iters) → range(num_iters - 1)"]),
        ("batch_size_ignored", [f"{DRAW} → indices = np.random.choice(num_train, 8)"]),
        (
            "full_batch",
            [
                "X_batch = X[indices] → X_batch = X",
                "y_batch = y[indices] → y_batch = y",
            ],
        ),
        (
            "full_batch + labels_not_of_the_batch",
            ["X_batch = X[indices] → X_batch = X"],
        ),
        ("labels_not_of_the_batch", ["y_batch = y[indices] → y_batch = y"]),
        (
            "labels_not_of_the_batch",
            ["y_batch = y[indices] → y_batch = y[:batch_size]"],
        ),
        (
            "labels_not_of_the_batch",
            [
                "y_batch = y[indices] → "
                "y_batch = y[np.random.choice(num_train, batch_size)]"
            ],
        ),
        (
            "fixed_batch",
            [
                "np.random.choice(num_train, batch_size) → "
                "np.random.RandomState(0).choice(num_train, batch_size)"
            ],
        ),
        ("first_rows", [f"{DRAW} → indices = np.arange(batch_size)"]),
        (
            "first_rows_drawn",
            [f"{DRAW} → indices = np.random.choice(batch_size, batch_size)"],
        ),
        (
            "one_point_repeated",
            [f"{DRAW} → indices = [np.random.choice(num_train)] * batch_size"],
        ),
        ("batch_wrong", ["X_batch = X[indices] → X_batch = X[indices].T"]),
        (
            "reg_ignored",
            [
                "loss, grad = self.loss(X_batch, y_batch, reg) → "
                "loss, grad = self.loss(X_batch, y_batch, 0.0)"
            ],
        ),
        ("history_not_returned", ["return loss_history →"]),
        ("history_wrong", ["append(loss) → append(grad)"]),
        ("history_wrong", ["append(loss) → append(loss / batch_size)"]),
        (
            "history_length",
            ["loss_history.append(loss) → if it % 5 == 0: loss_history.append(loss)"],
        ),
        (
            "changes_X",
            ["num_classes = np → X[3] *= 1.5; num_classes = np"],
        ),
        (
            "not_started",
            ["for it in range(num_iters): → return []\n        for it in []:"],
        ),
        (
            "point_never_drawn",
            [f"{DRAW} → indices = np.random.randint(num_train - 1, size=batch_size)"],
        ),
        (
            "point_never_drawn",
            [f"{DRAW} → indices = np.random.randint(1, num_train, batch_size)"],
        ),
        ("batch_size_ignored", [f"{DRAW} → indices = np.random.choice(num_train, 1)"]),
        ("W_drawn_in_each_call", ["if self.W is None: → if True:"]),
        ("not_started", ["X_batch = X[indices] → X_batch = None"]),
        (
            "returns_in_the_loop",
            ["loss_history.append(loss) → loss_history.append(loss); break"],
        ),
        (
            "labels_not_of_the_batch + uphill",
            [
                "y_batch = y[indices] → y_batch = y[:batch_size]",
                f"{UPDATE} → self.W += learning_rate * grad",
            ],
        ),
        (
            "reg_ignored + history_not_returned",
            [
                "loss, grad = self.loss(X_batch, y_batch, reg) → "
                "loss, grad = self.loss(X_batch, y_batch, 0.0)",
                "return loss_history →",
            ],
        ),
    ],
)
def test_a_mistake_in_the_training_is_named(fault: str, edits: list[str]) -> None:
    report = check_train(written(CLASSIFIER, *edits))
    assert (report.fault, report.passed) == (fault, False)


def test_a_training_that_stops_shows_its_line() -> None:
    report = check_train(written(CLASSIFIER, "num_train, dim = → num_train = "))
    assert report.fault == "name_unknown"
    assert "'dim'" in report.text


def test_a_compiled_library_that_stops_shows_the_readers_line() -> None:
    draws = "indices = np.random.default_rng(0).integers(X, size=batch_size)"
    report = check_train(written(CLASSIFIER, f"{DRAW} → {draws}"))
    number = CLASSIFIER[: CLASSIFIER.index(DRAW)].count("\n") + 1
    assert f"\nline {number}\n" in report.text


def test_a_training_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.5)
    edit = "for it in range(num_iters): → while True:\n            it = 0"
    assert check_train(written(CLASSIFIER, edit)).fault == "hangs"


@pytest.mark.parametrize(
    "edits",
    [
        [],
        ["return y_pred → return list(y_pred)"],
        ["return y_pred → return y_pred.astype(float)"],
        ["np.argmax(scores, axis=1) → np.array([np.argmax(s) for s in scores])"],
        ["np.argmax(scores, axis=1) → np.argsort(scores, axis=1)[:, -1]"],
        ["X.dot(self.W) → self.W.T.dot(X.T)", "axis=1 → axis=0"],
    ],
)
def test_a_right_prediction_passes(edits: list[str]) -> None:
    report = check_predict(written(CLASSIFIER, *edits))
    assert (report.passed, report.fault) == (True, None)


def test_a_prediction_of_points_in_columns_passes() -> None:
    turned = ["X.dot(self.W) → self.W.dot(X)", "axis=1 → axis=0"]
    alone = CLASSIFIER.replace("def train(", "def train_later(")
    report = check_predict(written(alone, *turned))
    assert (report.passed, report.remark) == (True, "other_orientation")
    assert not check_predict(written(CLASSIFIER, *turned)).passed  # unlike its train


@pytest.mark.parametrize(
    ("fault", "edits"),
    [
        ("lowest_score", ["argmax → argmin"]),
        ("over_points", ["axis=1 → axis=0"]),
        ("over_everything", [", axis=1 → "]),
        ("scores_returned", ["return y_pred → return scores"]),
        ("highest_score_returned", ["argmax → max"]),
        ("off_by_one", ["return y_pred → return y_pred + 1"]),
        (
            "one_hot_returned",
            ["return y_pred → return np.eye(scores.shape[1])[y_pred]"],
        ),
        ("column_returned", ["return y_pred → return y_pred.reshape(-1, 1)"]),
        ("ranking_returned", ["np.argmax → np.argsort"]),
        (
            "highest_probability_returned",
            [
                "np.argmax(scores, axis=1) → np.exp(scores - scores.max())\n"
                "        y_pred = np.max(y_pred / y_pred.sum(1)[:, None], axis=1)",
            ],
        ),
        ("method_missing", ["def predict → def predict_all"]),
        (
            "second_highest_score",
            ["np.argmax(scores, axis=1) → np.argsort(scores, axis=1)[:, -2]"],
        ),
        ("first_point_only", ["return y_pred → return y_pred[0]"]),
        (
            "normalized_over_points",
            [
                "np.argmax(scores → e = np.exp(scores - scores.max()); "
                "y_pred = np.argmax(e / e.sum(axis=0)"
            ],
        ),
        ("absolute_scores", ["X.dot(self.W) → np.abs(X.dot(self.W))"]),
        ("bias_left_out", ["X.dot(self.W) → X[:, :-1].dot(self.W[:-1])"]),
        ("product_does_not_fit", ["X.dot(self.W) → X.dot(self.W.T)"]),
        ("overflow", ["np.argmax(scores → np.argmax(np.exp(scores)"]),
        (
            "probabilities_returned",
            [
                "return y_pred → e = np.exp(scores - scores.max()); "
                "return (e.T / e.sum(1)).T"
            ],
        ),
        ("not_started", ["np.argmax(scores, axis=1) → np.zeros(X.shape[0])"]),
        ("not_started", ["np.argmax(scores, axis=1) → np.zeros(X.shape[1])"]),
        ("class_left_out", ["(scores, axis=1) → (scores[:, 1:], axis=1) + 1"]),
        (
            "normalized_over_points",
            [
                "np.argmax(scores → e = np.exp(scores); "
                "y_pred = np.argmax(e / e.sum(axis=0)"
            ],
        ),
        ("predictions_missing", ["return y_pred →"]),
        ("predictions_missing", ["return y_pred → return [str(k) for k in y_pred]"]),
        ("changes_W", ["X.dot(self.W) → X.dot(self.W); self.W += 1"]),
        (
            "lowest_score + off_by_one",
            ["argmax → argmin", "return y_pred → return y_pred + 1"],
        ),
        (None, ["X.dot(self.W) → np.sin(9 * X.dot(self.W))"]),
    ],
)
def test_a_mistake_in_the_prediction_is_named(
    fault: str | None, edits: list[str]
) -> None:
    report = check_predict(written(CLASSIFIER, *edits))
    assert (report.fault, report.passed) == (fault, False)


MODEL = "            softmax = model()"
TRAIN = "softmax.train(X_train, y_train, lr, rs, num_iters=1500)"
BETTER = "if val_acc > best_val:"
LATE = [
    f"            {BETTER} →         {BETTER}",
    "    best_val = val_acc → best_val = val_acc",
    "    best_softmax = softmax\n → best_softmax = softmax\n",
]


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [f"{BETTER} → if val_acc >= best_val:"],
        [
            "(X_train, y_train, lr, rs, num_iters=1500) → "
            "(X_train[:30], y_train[:30], learning_rate=lr, reg=rs)"
        ],
        [
            "return results, best_val, best_softmax → "
            "return best_softmax, best_val, results"
        ],
    ],
)
def test_a_right_search_passes(edits: list[str]) -> None:
    report = check_grid(written(SEARCH, *edits))
    assert (report.passed, report.fault) == (True, None)


@pytest.mark.parametrize(
    ("fault", "edits"),
    [
        (
            "chosen_by_training",
            [
                f"{BETTER} → if train_acc > best_val:",
                "best_val = val_acc → best_val = train_acc",
            ],
        ),
        ("keeps_last", [f"{BETTER} → if True:"]),
        (
            "keeps_worst",
            [f"{BETTER} → if val_acc < best_val:", "best_val = -1 → best_val = 9"],
        ),
        ("keeps_first", [f"{BETTER} → if best_softmax is None:"]),
        ("compared_late", LATE),
        (
            "compared_late",
            [
                *LATE,
                "for lr in learning_rates: → for rs in regs:",
                "        for rs in regs:\n            soft →"
                "         for lr in learning_rates:\n            soft",
            ],
        ),
        (
            "chosen_by_loss",
            [
                f"{TRAIN} → loss = {TRAIN}[-1]",
                f"{BETTER} → if best_softmax is None or loss < least:",
                "best_val = val_acc → least, best_val = loss, val_acc",
            ],
        ),
        (
            "counts_for_accuracies",
            ["mean(y_train → sum(y_train", "mean(y_val → sum(y_val"],
        ),
        (
            "model_reused",
            [f"{MODEL} → ", "    for lr in →     softmax = model()\n    for lr in"],
        ),
        ("combinations_missing", ["for rs in regs: → for rs in regs[:1]:"]),
        ("settings_swapped", ["lr, rs, num → rs, lr, num"]),
        ("keys_swapped", ["results[(lr, rs)] → results[(rs, lr)]"]),
        ("accuracies_swapped", ["(train_acc, val_acc) → (val_acc, train_acc)"]),
        (
            "validation_from_training",
            ["y_val == softmax.predict(X_val) → y_train == softmax.predict(X_train)"],
        ),
        (
            "training_from_validation",
            ["y_train == softmax.predict(X_train) → y_val == softmax.predict(X_val)"],
        ),
        (
            "errors_for_accuracies + keeps_worst",
            ["y_train == soft → y_train != soft", "y_val == soft → y_val != soft"],
        ),
        (
            "in_percent",
            [
                "np.mean(y_train → 100 * np.mean(y_train",
                "np.mean(y_val → 100 * np.mean(y_val",
            ],
        ),
        (
            "keeps_last",
            [
                "                best_softmax = softmax\n → ",
                "    return results →     best_softmax = softmax\n    return results",
            ],
        ),
        ("trained_on_validation", ["train(X_train, y_train, → train(X_val, y_val,"]),
        (
            "other_data",
            ["results = {} → model().predict(np.zeros((3, 3))); results = {}"],
        ),
        ("best_model_not_returned", ["best_val, best_softmax → best_val"]),
        (
            "best_model_wrong",
            [
                "best_softmax = None → models = []",
                "softmax = model() → softmax = model(); models.append(softmax)",
                "best_val, best_softmax → best_val, models[2]",
            ],
        ),
        ("results_wrong", ["= (train_acc, val_acc) → = val_acc"]),
        (
            "results_missing",
            [
                "results[(lr, rs)] = (train_acc, val_acc) → pass",
                "best_val = val_acc → best_val = val_acc; results[(lr, rs)] = (1, 1)",
            ],
        ),
        ("not_started", [f"{TRAIN} → pass"]),
        ("model_not_made", ["softmax = model() → softmax = model"]),
        (
            "results_not_returned + best_val_not_returned + best_model_not_returned",
            ["return results, best_val, best_softmax →"],
        ),
    ],
)
def test_a_mistake_in_the_search_is_named(fault: str, edits: list[str]) -> None:
    report = check_grid(written(SEARCH, *edits))
    assert (report.fault, report.passed) == (fault, False)


def test_the_text_shows_expected_and_actual_numbers() -> None:
    report = check_grid(written(SEARCH, f"{BETTER} → if True:"))
    assert "best_val    expected 0.7, yours 0.35" in str(report)
    report = check_predict(written(CLASSIFIER, "argmax → argmin"))
    assert "expected  shape (3,), [3, " in report._repr_markdown_()
    assert "yours     shape (3,), [2, 1, 1]" in report._repr_markdown_()
    report = check_predict(written(CLASSIFIER, "return y_pred → return scores"))
    assert max(map(len, report.text.splitlines())) <= 80
    report = check_predict(
        written(CLASSIFIER, "return y_pred → return y_pred if len(X) != 3 else None")
    )
    assert "yours     nothing that contains numbers" in report.text


def test_a_call_on_the_class_hides_the_inside_of_the_check() -> None:
    report = check_grid(written(SEARCH, "softmax = model() → softmax = model"))
    assert "pair'" not in report.text
    assert "`model` and `model()`" in report.text


def test_the_report_shows_a_search_with_the_mistake() -> None:
    report = check_grid(written(SEARCH, f"{BETTER} → if train_acc > best_val:"))
    assert report.fault == "chosen_by_training"
    ((expected, yours),) = re.findall(
        r"best_model  expected the one of (\(.*?\)), yours (\(.*?\))", str(report)
    )
    assert expected != yours


def test_a_search_without_num_iters_is_told_of_the_default() -> None:
    report = check_grid(written(SEARCH, ", num_iters=1500) → )"))
    assert (report.passed, report.remark) == (True, "num_iters_not_set")
    assert "1,000" in report.text
    assert check_grid(written(SEARCH)).remark is None

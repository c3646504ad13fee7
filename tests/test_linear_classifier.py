from typing import Any

import numpy as np
import pytest

from softmax_lib.linear_classifier import (
    LinearClassifier,
    LinearSVM,
    Softmax,
    accuracy,
    check_model,
    confusion_matrix,
)
from softmax_lib.losses import softmax_loss_vectorized, svm_loss_vectorized

RNG = np.random.default_rng(0)
N, D, C = 60, 4, 3
X = RNG.standard_normal((N, D))
y = np.arange(N) % C
both = pytest.mark.parametrize(
    ("model", "loss_of"),
    [(Softmax, softmax_loss_vectorized), (LinearSVM, svm_loss_vectorized)],
)


class Recorder(LinearClassifier):
    """Keeps the batches and weights that it was shown; its gradient is all ones."""

    def __init__(self) -> None:
        self.batches: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.seen_weights: list[np.ndarray] = []

    def loss(self, X_batch: Any, y_batch: Any, reg: float) -> tuple[float, np.ndarray]:
        self.batches.append((X_batch, y_batch, reg))
        self.seen_weights.append(self.weights().copy())
        return float(len(self.batches)), np.ones_like(self.weights())


def test_the_defaults_are_the_worksheets(capsys) -> None:
    model = Recorder()
    model.train(X, y, rng=0)
    assert len(model.batches) == 100
    assert {(len(labels), reg) for _, labels, reg in model.batches} == {(200, 1e-5)}
    first, second, *_ = model.seen_weights
    np.testing.assert_allclose(first - second, 1e-3, rtol=1e-12)
    assert capsys.readouterr().out == ""


@both
def test_training_is_stochastic_gradient_descent(model, loss_of) -> None:
    trained = model()
    history = trained.train(X, y, 0.1, 0.01, num_iters=7, batch_size=5, rng=3)

    rng = np.random.default_rng(3)
    W, losses = 0.001 * rng.standard_normal((D, C)), []
    for _ in range(7):
        batch = rng.integers(N, size=5)
        loss, dW = loss_of(W, X[batch], y[batch], 0.01)
        losses.append(loss)
        W -= 0.1 * dW
    assert history == losses
    np.testing.assert_array_equal(trained.W, W)


def test_each_step_subtracts_the_learning_rate_times_gradient() -> None:
    model = Recorder()
    assert model.train(X, y, 0.25, 0.5, num_iters=3, rng=0) == [1.0, 2.0, 3.0]
    first = model.seen_weights[0]
    for step, W in enumerate([*model.seen_weights, model.W]):
        # Three subtractions of 0.25 from numbers below 0.01, rounded at 1e-16 each.
        np.testing.assert_allclose(W, first - 0.25 * step, rtol=0, atol=1e-15)
    assert [reg for *_, reg in model.batches] == [0.5] * 3


def test_the_first_weights_are_normal_with_deviation_0_001() -> None:
    model = Recorder()
    model.train(np.ones((1, 3073)), np.array([9]), num_iters=1, rng=0)
    (W,) = model.seen_weights
    assert W.shape == (3073, 10)
    # 30,730 draws: the mean is within 0.001 / 175 of 0, the deviation within
    # 0.001 / 248 of 0.001; five times that is allowed.
    assert abs(W.mean()) < 0.001 * 5 / 175
    assert abs(W.std() - 0.001) < 0.001 * 5 / 248


def test_batches_are_drawn_from_all_points_with_replacement() -> None:
    model = Recorder()
    points = np.arange(10.0)[:, np.newaxis]
    model.train(points, np.arange(10), num_iters=20, batch_size=30, rng=0)
    for X_batch, y_batch, _ in model.batches:
        assert X_batch.shape == (30, 1)
        np.testing.assert_array_equal(X_batch[:, 0], y_batch)
    # A point is missed by 600 draws with probability 0.9^600 < 1e-27.
    assert {label for _, labels, _ in model.batches for label in labels} == set(
        range(10)
    )


def test_the_batch_size_is_the_worksheets_by_default() -> None:
    model = Recorder()
    model.train(X, y, rng=0)
    assert len(model.batches) == 100
    assert {len(labels) for _, labels, _ in model.batches} == {200}
    assert {reg for *_, reg in model.batches} == {1e-5}


@both
def test_the_seed_decides_the_training(model, loss_of) -> None:
    def history(rng: Any) -> list[float]:
        losses: list[float] = model().train(X, y, num_iters=5, rng=rng)
        return losses

    assert history(1) == history(1) == history(np.random.default_rng(1))
    assert history(1) != history(2)
    assert history(None) != history(None)


def test_the_global_random_state_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    Softmax().train(X, y, num_iters=2)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_second_training_goes_on_from_the_first() -> None:
    once, twice = Softmax(), Softmax()
    rng = np.random.default_rng(5)
    history = twice.train(X, y, 0.1, num_iters=4, rng=rng)
    history += twice.train(X, y, 0.1, num_iters=6, rng=rng)
    assert history == once.train(X, y, 0.1, num_iters=10, rng=5)
    np.testing.assert_array_equal(once.W, twice.W)


def test_a_second_training_may_see_fewer_classes_but_not_more() -> None:
    model = Softmax()
    model.train(X, y, num_iters=1, rng=0)
    model.train(X, np.zeros(N, int), num_iters=1, rng=0)
    assert model.W.shape == (D, C)
    with pytest.raises(ValueError, match="from 0 to 2, but it holds 3"):
        model.train(X, y + 1, num_iters=1, rng=0)


def test_training_does_not_change_weights_that_the_reader_kept() -> None:
    model = Softmax()
    model.train(X, y, num_iters=3, rng=0)
    kept = model.W
    before = kept.tobytes()
    model.train(X, y, num_iters=3, rng=0)
    assert kept.tobytes() == before
    assert model.W.tobytes() != before


def test_the_inputs_are_not_changed() -> None:
    before = X.tobytes(), y.tobytes()
    model = Softmax()
    model.train(X, y, num_iters=3, rng=0)
    model.predict(X)
    assert (X.tobytes(), y.tobytes()) == before


@both
def test_float32_points_are_trained_and_predicted_in_float32(model, loss_of) -> None:
    trained = model()
    trained.train(X.astype(np.float32), y, np.float64(0.1), np.float64(0.5), rng=0)
    assert trained.W.dtype == np.float32


def test_the_loss_is_printed_every_hundred_steps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    history = Softmax().train(X, y, num_iters=201, verbose=True, rng=0)
    assert capsys.readouterr().out.splitlines() == [
        f"iteration {step} / 201: loss {history[step]:.6g}" for step in (0, 100, 200)
    ]


def test_nothing_is_printed_unless_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Softmax().train(X, y, num_iters=101, rng=0)
    assert capsys.readouterr().out == ""


@both
def test_training_learns_what_can_be_learned(model, loss_of) -> None:
    points = np.eye(C)[y] + 0.1 * RNG.standard_normal((N, C))
    trained = model()
    history = trained.train(points, y, 0.5, 1e-3, num_iters=200, rng=0)
    assert history[-1] < history[0] / 2
    assert accuracy(y, trained.predict(points)) == 1.0


def test_the_first_class_with_the_highest_score_is_predicted() -> None:
    model = Softmax()
    model.W = np.array([[1.0, 3.0, 3.0, 0.0], [0.0, -9.0, -9.0, 0.0]])
    points = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert model.predict(points).tolist() == [1, 3, 0, 0]


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_diverging_training_ends_in_one_clear_error(model, loss_of, dtype) -> None:
    with pytest.raises(ValueError, match=r"^X @ W or reg \* W \* W overflows; "):
        model().train(X.astype(dtype), y, 1.0, 1e5, num_iters=300, rng=0)


def test_prediction_without_training_is_refused() -> None:
    with pytest.raises(RuntimeError) as caught:
        Softmax().predict(X)
    assert str(caught.value) == ("The classifier has no weights yet; call train first.")


def test_a_classifier_without_a_loss_cannot_be_trained() -> None:
    with pytest.raises(NotImplementedError) as caught:
        LinearClassifier().train(X, y)
    assert str(caught.value) == "A subclass of LinearClassifier defines the loss."


def test_points_of_another_width_than_in_training_are_refused() -> None:
    model = Softmax()
    model.train(X, y, num_iters=1, rng=0)
    message = r"^W has 4 rows but X has 3 columns; append the bias column \(see append"
    with pytest.raises(ValueError, match=message):
        model.predict(X[:, :-1])
    with pytest.raises(ValueError, match=message):
        model.train(X[:, :-1], y)
    with pytest.raises(ValueError, match=r"^X must hold finite numbers, .* nan"):
        model.predict(np.full((1, D), np.nan))


def test_training_refuses_another_width_before_any_loss() -> None:
    model = Recorder()
    model.W = np.zeros((D, C))
    with pytest.raises(ValueError, match=r"^W has 4 rows but X has 3 columns"):
        model.train(X[:, :-1], y)
    assert not model.batches


@pytest.mark.parametrize(
    ("points", "labels", "error", "message"),
    [
        (X.tolist(), y, ValueError, "X must be a two-dimensional array .* a list"),
        (X[0], y, ValueError, r"X must be a two-dimensional array .* \(4,\)"),
        (X[:0], y[:0], ValueError, r"X must be a two-dimensional .* \(0, 4\)"),
        (X.astype(int), y, TypeError, "X must hold floats, but its dtype is int64"),
        (X * np.nan, y, ValueError, "X must hold finite numbers, but it holds nan"),
        (np.where(X > 0, np.inf, X), y, ValueError, "X must hold finite .* holds inf"),
        (X, y[:-1], ValueError, r"y must have one label .* \(60,\), .* shape \(59,\)"),
        (X, y[:0], ValueError, r"y must have one label .* \(60,\), .* shape \(0,\)"),
        (X, y.tolist(), ValueError, "y must have one label .* a list"),
        (X, y.astype(float), TypeError, "y must hold integers, .* float64"),
        (X, y - 1, ValueError, "y must hold class indices from 0 to 1, .* -1"),
        (X, y - 9, ValueError, "y must hold class indices from 0 to 0, .* -9"),
    ],
)
def test_wrong_points_or_labels_are_refused(
    points: Any, labels: Any, error: type[Exception], message: str
) -> None:
    model = Softmax()
    with pytest.raises(error, match=f"^{message}"):
        model.train(points, labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"learning_rate": 0.0},
            r"learning_rate must be a positive number, but it is 0\.0\.",
        ),
        (
            {"learning_rate": -1},
            r"learning_rate must be a positive number, but it is -1\.",
        ),
        ({"learning_rate": np.inf}, "learning_rate must be .*, but it is inf"),
        ({"reg": -0.5}, r"reg must be zero or a positive number, but it is -0\.5\."),
        ({"reg": np.nan}, r"reg must be zero or a positive number, but it is nan\."),
        ({"reg": np.inf}, r"reg must be zero or a positive number, but it is inf\."),
        ({"num_iters": 0}, r"num_iters must be at least 1, but it is 0\."),
        ({"batch_size": 0}, r"batch_size must be at least 1, but it is 0\."),
    ],
)
def test_settings_with_which_no_step_can_be_taken_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Softmax().train(X, y, **settings)


def test_the_smallest_settings_are_accepted() -> None:
    history = Softmax().train(X, y, 1e-9, 0, num_iters=1, batch_size=1, rng=0)
    assert len(history) == 1


def test_accuracy_is_the_fraction_of_hits() -> None:
    assert accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2])) == 0.75
    assert type(accuracy(np.array([1]), np.array([1]))) is float


def test_rows_are_correct_and_columns_predicted_classes() -> None:
    correct, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([1, 1, 1, 0, 2, 1])
    counts = confusion_matrix(correct, predicted, num_classes=4)
    assert counts.tolist() == [[0, 2, 0, 0], [0, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    assert np.issubdtype(counts.dtype, np.integer)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64])
def test_classes_are_counted_whatever_their_dtype(dtype: type) -> None:
    # 19 * 20 + 19 is more than eight bits hold.
    labels = np.array([0, 19, 13, 19])
    counts = confusion_matrix(labels.astype(dtype), labels, num_classes=20)
    np.testing.assert_array_equal(np.diag(counts), np.bincount(labels))
    assert counts.sum() == 4


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros(2, int), np.zeros(3, int)),
        (np.zeros((2, 1), int), np.zeros((2, 1), int)),
        (np.zeros(0, int), np.zeros(0, int)),
    ],
)
def test_predictions_of_another_shape_than_y_are_refused(
    first: np.ndarray, second: np.ndarray
) -> None:
    for compare in (accuracy, lambda y, y_pred: confusion_matrix(y, y_pred, 3)):
        with pytest.raises(ValueError, match="y and y_pred") as caught:
            compare(first, second)
        assert str(caught.value) == (
            "y and y_pred must be one-dimensional, of the same length and not empty, "
            f"but their shapes are {first.shape} and {second.shape}."
        )


@pytest.mark.parametrize("wrong", [-1, 3])
def test_classes_outside_the_confusion_matrix_are_refused(wrong: int) -> None:
    right, outside = np.array([0, 2]), np.array([0, wrong])
    message = f"must hold class indices from 0 to 2, but it holds {wrong}"
    with pytest.raises(ValueError, match=f"^y {message}"):
        confusion_matrix(outside, right, num_classes=3)
    with pytest.raises(ValueError, match=f"^y_pred {message}"):
        confusion_matrix(right, outside, num_classes=3)


def test_scores_not_finite_are_refused_without_a_warning() -> None:
    model = Softmax()
    model.W = np.array([[0.0, 1e300]])
    with pytest.raises(ValueError, match=r"^X must hold finite numbers, .* holds inf"):
        model.predict(np.array([[np.inf]]))
    with pytest.raises(ValueError, match=r"X @ W .*overflows"):
        model.predict(np.array([[1e300]]))
    model.W = np.array([[0.0, np.nan]])
    with pytest.raises(ValueError, match=r"^W must hold finite numbers, .* holds nan"):
        model.predict(np.array([[1.0]]))


def plain_loop(points: np.ndarray, seed: int) -> list[float]:
    """Loss history of the worksheet's loop, with nothing done for speed."""
    rng = np.random.default_rng(seed)
    W = (0.001 * rng.standard_normal((D, C))).astype(points.dtype)
    history = []
    for _ in range(50):
        batch = rng.integers(N, size=20)
        rows, scores = np.arange(20), points[batch] @ W
        probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss = -np.log(probs[rows, y[batch]]).mean() + 0.1 * np.sum(W * W)
        history.append(float(loss))
        probs[rows, y[batch]] -= 1
        W -= points.dtype.type(0.1) * (points[batch].T @ probs / 20 + 0.2 * W)
    return history


@pytest.mark.parametrize(
    ("dtype", "rounding"), [(np.float32, 1e-5), (np.float64, 1e-13)]
)
def test_the_loss_history_is_that_of_the_plain_loop(dtype, rounding) -> None:
    points = X.astype(dtype)
    history = Softmax().train(points, y, 0.1, 0.1, 50, 20, rng=8)
    # Losses near 1; 50 steps, each off by some ten roundings.
    np.testing.assert_allclose(history, plain_loop(points, 8), rtol=rounding)


@pytest.mark.parametrize(
    ("model", "told"),
    [(Softmax(), "a Softmax"), ("softmax", "a str"), (dict, "<class 'dict'>")],
)
def test_what_makes_no_classifier_is_named(model: object, told: str) -> None:
    check_model(Softmax)
    with pytest.raises(TypeError) as caught:
        check_model(model)
    expected = f"such as Softmax, but it is {told}."
    assert str(caught.value).endswith(expected)

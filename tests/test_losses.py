from collections.abc import Callable

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import value_and_grad
from autograd.scipy.special import logsumexp
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from softmax_lib.gradient_check import eval_numerical_gradient
from softmax_lib.losses import (
    softmax_loss_naive,
    softmax_loss_vectorized,
    svm_loss_naive,
    svm_loss_vectorized,
)

Loss = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]
Problem = tuple[np.ndarray, np.ndarray, np.ndarray, float]

SOFTMAX = [softmax_loss_naive, softmax_loss_vectorized]
SVM = [svm_loss_naive, svm_loss_vectorized]
every_loss = pytest.mark.parametrize("loss_of", SOFTMAX + SVM)
W, X, y = np.ones((3, 4)), np.ones((2, 3)), np.array([0, 3])


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Small problems of either dtype, with scores from 0 to beyond the range of exp."""
    N, D, C = (draw(st.integers(1, most)) for most in (8, 6, 6))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    scale = draw(st.sampled_from([0.0, 1e-4, 1.0, 30.0, 1e4]))
    reg = draw(st.sampled_from([0.0, 5e-6, 0.5, 50.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((N, D)).astype(dtype)
    W = (scale * rng.standard_normal((D, C))).astype(dtype)
    return W, X, rng.integers(C, size=N), reg


def autograd_loss(kind: str, problem: Problem) -> tuple[float, np.ndarray]:
    """Loss and gradient in float64, the gradient by automatic differentiation."""
    W, X, y, reg = problem
    points, rows = X.astype(np.float64), np.arange(len(y))

    def loss(weights: np.ndarray) -> float:
        scores = points @ weights
        right = scores[rows, y]
        if kind == "softmax":
            data_losses = logsumexp(scores, axis=1) - right
        else:  # the right class has a margin of 1, and none in the loss
            margins = anp.maximum(0, scores - right[:, np.newaxis] + 1)
            data_losses = anp.sum(margins, axis=1) - 1
        return anp.mean(data_losses) + reg * anp.sum(weights**2)

    return value_and_grad(loss)(W.astype(np.float64))


def rounding(problem: Problem) -> tuple[float, float]:
    """Return what rounding can change in the loss and in an entry of the gradient.

    A score is a sum of D products, off by D eps |X| |W| at most; two of them enter a
    margin or a log-probability. The gradient follows the scores through probabilities
    that are at most 1, and adds N terms of size |X|; both losses add ``reg`` terms,
    D C of them, each rounded thrice. C sums and the exponentials take the factor 8.
    """
    W, X, _, reg = problem
    D, C = W.shape
    eps = np.finfo(X.dtype).eps
    x, w = float(np.abs(X).max()), float(np.abs(W).max())
    score = (D + C + len(X) + 8) * eps * (D * x * w + np.log(C) + 1)
    loss = 2 * C * score + (D * C + 3) * eps * reg * D * C * w * w
    grad = 2 * C * score * x + len(X) * C * eps * x + 4 * eps * reg * w
    return loss, grad


def near_a_kink(problem: Problem) -> bool:
    """Return whether rounding could decide on which side of its kink a margin lies."""
    W, X, y, _ = problem
    scores = X.astype(np.float64) @ W.astype(np.float64)
    margins = scores - scores[np.arange(len(y)), y][:, np.newaxis] + 1
    return bool(np.abs(margins).min() <= rounding(problem)[0])


def assert_agree(
    result: tuple[float, np.ndarray],
    expected: tuple[float, np.ndarray],
    problem: Problem,
) -> None:
    of_loss, of_grad = rounding(problem)
    assert result[0] == pytest.approx(expected[0], rel=0, abs=of_loss)
    np.testing.assert_allclose(result[1], expected[1], rtol=0, atol=of_grad)


@given(problem=problems())
def test_softmax_loss_and_gradient_are_those_of_autograd(problem: Problem) -> None:
    expected = autograd_loss("softmax", problem)
    for loss_of in SOFTMAX:
        assert_agree(loss_of(*problem), expected, problem)


@given(problem=problems())
def test_softmax_loss_and_gradient_are_those_of_scipy(problem: Problem) -> None:
    W, X, y, reg = problem
    rows, W64, X64 = np.arange(len(y)), W.astype(np.float64), X.astype(np.float64)
    scores = X64 @ W64
    loss = -log_softmax(scores, axis=1)[rows, y].mean() + reg * (W64**2).sum()
    probs = softmax(scores, axis=1)
    probs[rows, y] -= 1
    dW = X64.T @ probs / len(y) + 2 * reg * W64
    for loss_of in SOFTMAX:
        assert_agree(loss_of(*problem), (loss, dW), problem)


@given(problem=problems())
def test_svm_loss_and_gradient_are_those_of_autograd(problem: Problem) -> None:
    expected = autograd_loss("svm", problem)
    for loss_of in SVM:
        loss, dW = loss_of(*problem)
        if near_a_kink(problem):  # the loss is continuous there, the gradient is not
            dW = expected[1]
        assert_agree((loss, dW), expected, problem)


@every_loss
def test_the_gradient_is_that_of_finite_differences(loss_of: Loss) -> None:
    rng = np.random.default_rng(0)
    X, W = rng.standard_normal((5, 4)), rng.standard_normal((4, 3))
    y = np.array([0, 1, 2, 2, 1])
    _, dW = loss_of(W, X, y, 0.1)
    numerical = eval_numerical_gradient(lambda W: loss_of(W, X, y, 0.1)[0], W)
    # Loss near 10: rounding 10 eps / h = 2e-10; truncation h^2 = 1e-10.
    np.testing.assert_allclose(dW, numerical, rtol=0, atol=1e-9)


@given(problem=problems())
def test_the_loss_is_a_float_and_the_gradient_like_W(
    problem: Problem,
) -> None:
    for loss_of in SOFTMAX + SVM:
        loss, dW = loss_of(*problem)
        assert type(loss) is float
        assert (dW.shape, dW.dtype) == (problem[0].shape, problem[0].dtype)


@given(problem=problems())
def test_the_inputs_are_not_changed(problem: Problem) -> None:
    before = [array.tobytes() for array in problem[:3]]
    for loss_of in SOFTMAX + SVM:
        loss_of(*problem)
        assert [array.tobytes() for array in problem[:3]] == before


@every_loss
def test_a_numpy_scalar_for_reg_keeps_float32(loss_of: Loss) -> None:
    _, dW = loss_of(W.astype(np.float32), X.astype(np.float32), y, np.float64(0.1))
    assert dW.dtype == np.float32


@every_loss
def test_mixed_dtypes_give_the_gradient_in_that_of_the_scores(loss_of: Loss) -> None:
    assert loss_of(W, X.astype(np.float32), y, 0.1)[1].dtype == np.float64
    assert loss_of(W.astype(np.float32), X, y, 0.1)[1].dtype == np.float64


@every_loss
def test_the_memory_layout_does_not_matter(loss_of: Loss) -> None:
    rng = np.random.default_rng(1)
    X, W, y = rng.integers(-9, 9, (6, 4)) / 8, rng.integers(-9, 9, (4, 3)) / 8, X_LABELS
    wide_X, wide_W, wide_y = np.zeros((12, 8)), np.zeros((8, 6)), np.zeros(12, int)
    wide_X[::2, ::2], wide_W[::2, ::2], wide_y[::2] = X, W, y
    expected = loss_of(W, X, y, 0.5)
    for arrays in (
        (np.asfortranarray(W), np.asfortranarray(X), y),
        (wide_W[::2, ::2], wide_X[::2, ::2], wide_y[::2]),
    ):
        loss, dW = loss_of(*arrays, 0.5)
        # Sums of at most six terms near 1 may be added in another order.
        assert loss == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(dW, expected[1], rtol=0, atol=1e-14)


X_LABELS = np.array([0, 2, 1, 1, 0, 2])


@pytest.mark.parametrize("loss_of", SOFTMAX)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("scores", "label", "loss"),
    [
        ([0.0] * 10, 3, np.log(10)),
        ([1e4] * 5, 0, np.log(5)),
        ([-1e4] * 5, 4, np.log(5)),
        ([1e4, -1e4], 0, 0.0),
        ([1e4, -1e4], 1, 2e4),
        ([1e4, 1e4, -1e4], 1, np.log(2)),
        ([1e4, -1e4, 0.0], 2, 1e4),
        ([7.0], 0, 0.0),
    ],
)
def test_extreme_and_tied_scores_give_the_exact_softmax_loss(
    loss_of: Loss, dtype: type, scores: list[float], label: int, loss: float
) -> None:
    W, X = np.array([scores], dtype=dtype), np.ones((1, 1), dtype=dtype)
    result, dW = loss_of(W, X, np.array([label]), 0.0)
    # One exponential, one sum, one logarithm: each within an ulp of its value.
    eps = float(np.finfo(dtype).eps)
    assert result == pytest.approx(loss, rel=4 * eps, abs=0)
    expected = softmax(np.array([scores]), axis=1)
    expected[0, label] -= 1
    np.testing.assert_allclose(dW, expected, rtol=0, atol=4 * eps)


@pytest.mark.parametrize("loss_of", SVM)
def test_a_margin_of_exactly_zero_adds_no_svm_gradient(
    loss_of: Loss,
) -> None:
    W, X = np.array([[2.0, 1.0, 1.5]]), np.ones((1, 1))
    loss, dW = loss_of(W, X, np.array([0]), 0.0)
    assert loss == 0.5
    assert dW.tolist() == [[-1.0, 0.0, 1.0]]


@pytest.mark.parametrize("loss_of", SVM)
def test_one_class_has_no_margin(loss_of: Loss) -> None:
    loss, dW = loss_of(np.ones((2, 1)), np.ones((3, 2)), np.zeros(3, int), 0.0)
    assert (loss, dW.tolist()) == (0.0, [[0.0], [0.0]])


@every_loss
def test_regularization_includes_the_bias_row(
    loss_of: Loss,
) -> None:
    W = np.array([[1.0, -2.0], [3.0, 0.5]])
    X, y = np.array([[0.25, 1.0]]), np.array([1])
    plain, with_reg = loss_of(W, X, y, 0.0), loss_of(W, X, y, 8.0)
    # Numbers below 256 in float64, a few operations.
    assert with_reg[0] - plain[0] == pytest.approx(8 * 14.25, rel=1e-14)
    np.testing.assert_allclose(with_reg[1] - plain[1], 16 * W, rtol=1e-14)


@every_loss
def test_every_integer_dtype_will_do_for_labels(loss_of: Loss) -> None:
    expected = loss_of(W, X, y, 0.0)
    for dtype in (np.uint8, np.int32, np.uint64):
        loss, dW = loss_of(W, X, y.astype(dtype), 0.0)
        assert loss == expected[0]
        np.testing.assert_array_equal(dW, expected[1])


MATRIX = "must be a two-dimensional array with at least one row and one column, but it"


@every_loss
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (W, np.ones((2, 2)), y),
            ValueError,
            "W has 3 rows but X has 2 columns; append the bias column "
            "(see append_bias).",
        ),
        (
            (W, np.ones((2, 4)), y),
            ValueError,
            "W has 3 rows but X has 4 columns; append the bias column "
            "(see append_bias).",
        ),
        (
            (W, np.ones((2, 5)), y),
            ValueError,
            "W has 3 rows but X has 5 columns; W needs one row for each column of X.",
        ),
        (
            (W, np.ones((2, 1)), y),
            ValueError,
            "W has 3 rows but X has 1 columns; W needs one row for each column of X.",
        ),
        ((W, np.ones(3), y), ValueError, f"X {MATRIX} is an array of shape (3,)."),
        ((W, X.tolist(), y), ValueError, f"X {MATRIX} is a list."),
        ((W.tolist(), X, y), ValueError, f"W {MATRIX} is a list."),
        (
            (W, np.ones((0, 3)), np.zeros(0, int)),
            ValueError,
            f"X {MATRIX} is an array of shape (0, 3).",
        ),
        (
            (np.ones((3, 0)), X, y),
            ValueError,
            f"W {MATRIX} is an array of shape (3, 0).",
        ),
        (
            (W, X.astype(np.int64), y),
            TypeError,
            "X must hold floats, but its dtype is int64.",
        ),
        (
            (W.astype(np.uint8), X, y),
            TypeError,
            "W must hold floats, but its dtype is uint8.",
        ),
        (
            (W, X, np.array([0])),
            ValueError,
            "y must have one label for each point, shape (2,), but it is an array "
            "of shape (1,).",
        ),
        (
            (W, X, y[:, np.newaxis]),
            ValueError,
            "y must have one label for each point, shape (2,), but it is an array "
            "of shape (2, 1).",
        ),
        (
            (W, X, [0, 3]),
            ValueError,
            "y must have one label for each point, shape (2,), but it is a list.",
        ),
        (
            (W, X, np.array([0.0, 3.0])),
            TypeError,
            "y must hold integers, but its dtype is float64.",
        ),
        (
            (W, X, np.array([0, 4])),
            ValueError,
            "y must hold class indices from 0 to 3, but it holds 4.",
        ),
        (
            (W, X, np.array([-1, 3])),
            ValueError,
            "y must hold class indices from 0 to 3, but it holds -1.",
        ),
        (
            (W, np.array([[1, 1, 1], [1, np.nan, 1]]), y),
            ValueError,
            "X must hold finite numbers, but it holds nan.",
        ),
        (
            (W, np.array([[1, 1, 1], [1, -np.inf, 1]]), y),
            ValueError,
            "X must hold finite numbers, but it holds -inf.",
        ),
        (
            (0 * W, np.where(X[:1] > 0, [[1.0], [np.inf]], X), y),
            ValueError,
            "X must hold finite numbers, but it holds inf.",
        ),
        (
            (np.where(np.eye(3, 4), np.inf, 1.0), X, y),
            ValueError,
            "W must hold finite numbers, but it holds inf.",
        ),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(
    loss_of: Loss,
    arguments: tuple[np.ndarray, np.ndarray, np.ndarray],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error) as caught:
        loss_of(*arguments, 0.0)
    assert str(caught.value) == message


@every_loss
@pytest.mark.parametrize(("scale", "reg"), [(1e25, 0.0), (1e19, 1e3)])
def test_an_overflow_is_refused_without_a_warning(
    loss_of: Loss, scale: float, reg: float
) -> None:
    large = (scale * W).astype(np.float32)
    with pytest.raises(ValueError, match=r"^X @ W or reg \* W \* W overflows; "):
        loss_of(large, (scale * X).astype(np.float32), y, reg)

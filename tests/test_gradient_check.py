import re

import numpy as np
import pytest

from softmax_lib.gradient_check import (
    eval_numerical_gradient,
    grad_check_sparse,
    relative_error,
)
from softmax_lib.losses import softmax_loss_naive, softmax_loss_vectorized

LINE = re.compile(
    r"numerical: -?\d+\.\d{6} analytic: -?\d+\.\d{6}, "
    r"relative error: \d\.\d{6}e[+-]\d\d"
)
N, D, C = 6, 5, 5
RNG = np.random.default_rng(0)
X, y = RNG.standard_normal((N, D)), RNG.integers(C, size=N)
W = RNG.standard_normal((D, C))


def loss_at(reg: float):
    return lambda W: softmax_loss_naive(W, X, y, reg)[0]


def test_each_line_is_the_worksheets(capsys: pytest.CaptureFixture[str]) -> None:
    _, dW = softmax_loss_naive(W, X, y, 0.0)
    checked = grad_check_sparse(loss_at(0.0), W, dW, 10, rng=0)
    lines = capsys.readouterr().out.splitlines()
    assert len(checked) == len(lines) == 10
    for (_, slope, entry, error), line in zip(checked, lines, strict=True):
        assert LINE.fullmatch(line)
        expected = (
            f"numerical: {slope:f} analytic: {entry:f}, relative error: {error:e}"
        )
        assert line == expected


def test_ten_entries_are_checked_unless_another_number_is_given() -> None:
    _, dW = softmax_loss_naive(W, X, y, 0.0)
    assert len(grad_check_sparse(loss_at(0.0), W, dW, rng=0)) == 10
    assert len(grad_check_sparse(loss_at(0.0), W, dW, 1, rng=0)) == 1


@pytest.mark.parametrize("reg", [0.0, 5e1])
@pytest.mark.parametrize("loss_of", [softmax_loss_naive, softmax_loss_vectorized])
def test_a_right_gradient_passes(loss_of, reg: float) -> None:
    _, dW = loss_of(W, X, y, reg)
    for entry in grad_check_sparse(loss_at(reg), W, dW, 50, rng=0):
        assert entry.analytic == dW[entry.position]
        # Loss below 1,500: rounding 1500 eps / (2 h) = 2e-8, a third derivative near
        # 0.1 times h^2 / 6 is far less; the worksheet's own lines reach 1e-6.
        assert abs(entry.numerical - entry.analytic) < 1e-7
        assert entry.relative_error < 1e-6
        assert entry.relative_error == relative_error(entry.numerical, entry.analytic)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda dW: N * dW,  # without 1/N
        lambda dW: -dW,
        lambda dW: dW - 2 * 0.5 * W,  # without the regularization
        lambda dW: dW - 0.5 * W,  # its factor 2 forgotten
        lambda dW: dW.T,
    ],
)
def test_a_wrong_gradient_is_exposed(wrong) -> None:
    _, dW = softmax_loss_naive(W, X, y, 0.5)
    checked = grad_check_sparse(loss_at(0.5), W, wrong(dW), rng=0)
    assert np.median([entry.relative_error for entry in checked]) > 1e-2


def test_the_seed_decides_the_entries() -> None:
    _, dW = softmax_loss_naive(W, X, y, 0.0)
    first, again, other = (
        grad_check_sparse(loss_at(0.0), W, dW, rng=seed) for seed in (1, 1, 2)
    )
    generated = grad_check_sparse(loss_at(0.0), W, dW, rng=np.random.default_rng(1))
    assert first == again == generated
    assert [entry.position for entry in first] != [entry.position for entry in other]


def test_every_entry_can_be_drawn() -> None:
    x = np.ones((2, 3))
    checked = grad_check_sparse(lambda x: float(x.sum()), x, x, 200, rng=0)
    # One of six entries is missed by 200 draws with probability 6 (5/6)^200 < 1e-14.
    assert {entry.position for entry in checked} == set(np.ndindex(2, 3))
    assert all(type(index) is int for index in checked[0].position)


def test_the_global_random_state_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    grad_check_sparse(lambda x: float(x.sum()), np.ones(3), np.ones(3))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_point_is_not_changed_even_while_f_is_called() -> None:
    x = np.array([1.0, 2.0])
    seen = []

    def f(moved: np.ndarray) -> float:
        seen.append((moved.tolist(), x.tolist()))
        return float(moved @ moved)

    grad_check_sparse(f, x, 2 * x, 3, h=0.25, rng=0)
    eval_numerical_gradient(f, x, h=0.25)
    assert all(now == [1.0, 2.0] for _, now in seen)
    assert [moved for moved, _ in seen[-4:]] == [
        [1.25, 2.0],
        [0.75, 2.0],
        [1.0, 2.25],
        [1.0, 1.75],
    ]


def test_the_slope_is_centred() -> None:
    # The centred difference of x^3 is 3 x^2 + h^2, exact in binary for these numbers.
    x = np.array([2.0])
    grad = eval_numerical_gradient(lambda x: float(x[0] ** 3), x, h=0.5)
    assert grad.tolist() == [12.25]
    (entry,) = grad_check_sparse(
        lambda x: float(x[0] ** 3), x, np.array([12.0]), 1, h=0.5, rng=0
    )
    assert entry == ((0,), 12.25, 12.0, 0.25 / 24.25)


def test_the_step_is_that_which_rounding_left_of_h() -> None:
    # 1 + 1e-7 is 1 + 2^-23 in float32, 1 - 1e-7 is 1 - 2^-23: divided by 2e-7, the
    # slope of f(x) = x would be 1.19.
    x = np.array([1.0], dtype=np.float32)
    grad = eval_numerical_gradient(lambda x: float(x[0]), x, h=1e-7)
    assert grad.tolist() == [1.0]


def test_the_default_step_is_1e_5() -> None:
    # A third derivative of 6 moves the slope by exactly h^2 = 1e-10; the function's
    # values near 1e-15 round to 1e-31, and divided by h to 1e-26.
    grad = eval_numerical_gradient(lambda x: float(x[0] ** 3), np.zeros(1))
    assert grad[0] == pytest.approx(1e-10, rel=1e-12)
    (entry,) = grad_check_sparse(
        lambda x: float(x[0] ** 3), np.zeros(1), np.zeros(1), 1, rng=0
    )
    assert entry.numerical == pytest.approx(1e-10, rel=1e-12)


def test_the_dense_gradient_has_shape_and_dtype_of_the_point() -> None:
    for dtype in (np.float32, np.float64):
        x = np.arange(6, dtype=dtype).reshape(2, 3)
        grad = eval_numerical_gradient(lambda x: float((x * x).sum()), x, h=0.5)
        assert grad.dtype == dtype
        np.testing.assert_array_equal(grad, 2 * x)


def test_a_step_too_small_for_the_dtype_is_refused() -> None:
    x = np.array([1.0], dtype=np.float32)
    message = (
        r"^h must be large enough to change x\[\(0,\)\] = 1.0 in float32, "
        r"but it is 1e-09\.$"
    )
    with pytest.raises(ValueError, match=message):
        eval_numerical_gradient(lambda x: float(x[0]), x, h=1e-9)
    with pytest.raises(ValueError, match=message):
        grad_check_sparse(lambda x: float(x[0]), x, x, h=1e-9, rng=0)


@pytest.mark.parametrize(
    ("x", "h", "error", "message"),
    [
        (np.array([1]), 1e-5, TypeError, "x must hold floats, but its dtype is int64."),
        (
            np.zeros((0, 2)),
            1e-5,
            ValueError,
            "x must be an array with at least one entry, but it is an array of shape "
            "(0, 2).",
        ),
        (np.ones(1), 0.0, ValueError, "h must be a positive number, but it is 0.0."),
        (np.ones(1), -1.0, ValueError, "h must be a positive number, but it is -1.0."),
        (np.ones(1), np.nan, ValueError, "h must be a positive number, but it is nan."),
    ],
)
def test_a_point_or_step_without_use_is_refused(
    x: np.ndarray, h: float, error: type[Exception], message: str
) -> None:
    for check in (
        lambda: eval_numerical_gradient(lambda x: 0.0, x, h),
        lambda: grad_check_sparse(lambda x: 0.0, x, x, h=h),
    ):
        with pytest.raises(error) as caught:
            check()
        assert str(caught.value) == message


def test_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="of x, ") as caught:
        grad_check_sparse(lambda x: 0.0, np.ones((2, 3)), np.ones((3, 2)))
    assert str(caught.value) == (
        "analytic_grad must have one entry for each of x, shape (2, 3), but it is an "
        "array of shape (3, 2)."
    )


@pytest.mark.parametrize("num_checks", [0, -1])
def test_less_than_one_check_is_refused(num_checks: int) -> None:
    with pytest.raises(ValueError, match="num_checks") as caught:
        grad_check_sparse(lambda x: 0.0, np.ones(1), np.ones(1), num_checks)
    assert str(caught.value) == (
        f"num_checks must be at least 1, but it is {num_checks}."
    )


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        (1.0, 1.0, 0.0),
        (0.0, 0.0, 0.0),
        (1.0, -1.0, 1.0),
        (0.0, 1e-300, 1.0),
        (1.0, 3.0, 0.5),
        (-1.0, -3.0, 0.5),
        ([1.0, 0.0, 2.0], [3.0, 0.0, 2.0], 0.5),
        (np.float32(1), 3, 0.5),
        ([[1, 2]], [[1, 6]], 0.5),
    ],
)
def test_relative_error_is_the_largest_over_the_entries(a, b, error: float) -> None:
    assert relative_error(a, b) == relative_error(b, a) == error


def test_relative_error_is_computed_in_float64() -> None:
    least = np.int8(-128)  # int8 has no 128: there, the absolute value is -128
    assert relative_error(least, 0.0) == relative_error(0.0, least) == 1


@pytest.mark.parametrize(
    ("a", "b"), [([1.0], [1.0, 2.0]), ([[1.0]], [1.0]), ([], []), (1.0, [1.0])]
)
def test_relative_error_refuses_what_does_not_stand_side_by_side(a, b) -> None:
    with pytest.raises(ValueError, match="same shape and at least one") as caught:
        relative_error(a, b)
    assert str(caught.value) == (
        "a and b must have the same shape and at least one entry, but their shapes are "
        f"{np.shape(a)} and {np.shape(b)}."
    )


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (["x"], [1.0], r"^a must hold real numbers"),
        ([1.0], ["x"], r"^b must hold real numbers"),
        (
            np.ma.masked_array([1.0], [True]),
            [1.0],
            r"^a must have no mask, but it is a masked array of shape \(1,\)",
        ),
        ([1.0], np.ma.masked_array([1.0], [True]), r"^b must have no mask"),
    ],
)
def test_relative_error_names_what_is_not_a_number(a, b, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        relative_error(a, b)


def test_a_gradient_of_text_or_a_point_of_nan_is_named() -> None:
    with pytest.raises((TypeError, ValueError), match=r"^analytic_grad must hold"):
        grad_check_sparse(float, np.ones(1), np.array(["x"]))
    with pytest.raises(ValueError, match=r"^x must hold finite"):
        grad_check_sparse(float, np.array([np.nan]), np.ones(1))


def test_a_function_returns_one_number() -> None:
    found = eval_numerical_gradient(lambda x: np.array((x * x).sum()), np.array([3.0]))
    np.testing.assert_allclose(found, [6.0], rtol=1e-8)
    for result, told in [(np.ones(1), "an array of shape (1,)"), ((1, 2), "a tuple")]:
        with pytest.raises(TypeError) as caught:
            eval_numerical_gradient(lambda x, r=result: r, np.ones(2))  # type: ignore[misc]
        expected = f"f must return one number, but it returns {told}."
        assert str(caught.value) == expected


def test_a_function_that_returns_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="f must return a finite number at x"):
        eval_numerical_gradient(lambda x: float("nan"), np.ones(3))

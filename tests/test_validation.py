import numpy as np
import pytest

from softmax_lib.validation import (
    check_at_least,
    check_finite,
    check_images,
    check_integers,
    check_positive,
    check_predictions,
    check_shape,
    check_start,
    describe,
    require_finite,
)


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan])
def test_what_is_not_positive_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=r"^rate must be") as caught:
        check_positive("rate", value)
    assert str(caught.value) == f"rate must be a positive number, but it is {value}."
    check_positive("rate", 1e-300)


def test_each_block_of_a_large_array_is_searched() -> None:
    rows = np.zeros((5, 2**19), dtype=np.float32)  # two rows make a block
    check_finite("X", rows)
    for place in [(0, 0), (1, 7), (4, -1)]:
        rows[place] = np.inf
        with pytest.raises(
            ValueError, match="X must hold finite numbers, but it holds inf"
        ):
            check_finite("X", rows)
        rows[place] = 0
    check_finite("X", np.float64(1))
    check_finite("X", np.zeros((0, 3)))


def test_a_count_may_be_the_least_one() -> None:
    check_at_least("bins", 1)
    check_at_least("bins", 3, least=3)
    with pytest.raises(ValueError, match=r"^bins must be at least 1, but it is 0\.$"):
        check_at_least("bins", 0)
    with pytest.raises(ValueError, match=r"^bins must be at least 3, but it is 2\.$"):
        check_at_least("bins", 2, least=3)


@pytest.mark.parametrize("array", [np.ones(3), np.ones((2, 1)), [1, 2], None])
def test_an_array_of_another_shape_is_described(array: object) -> None:
    with pytest.raises(ValueError, match=r"^y must have") as caught:
        check_shape("y", array, (2,), "one label for each point")
    assert str(caught.value) == (
        f"y must have one label for each point, shape (2,), but it is "
        f"{describe(array)}."
    )


def test_arrays_are_described_by_shape_and_others_by_type() -> None:
    assert describe(np.ones((2, 3))) == "an array of shape (2, 3)"
    assert describe([1]) == "a list"
    assert describe(None) == "None"
    assert describe(np.float32(1)) == "a float32 of shape ()"


def test_weights_of_a_training_that_diverged_cannot_start_another() -> None:
    with pytest.raises(ValueError, match=r"^W must be .* but it is None\.$"):
        check_start(None)  # type: ignore[arg-type]
    with np.errstate(over="raise"), pytest.raises(ValueError, match=r"^W must hold"):
        check_start(np.full((2, 2), 1e200))


def test_of_two_lists_each_is_described() -> None:
    with pytest.raises(ValueError, match=r"^y and y_pred") as caught:
        check_predictions([1], (2,))  # type: ignore[arg-type]
    assert str(caught.value) == (
        "y and y_pred must be arrays, but they are a list and a tuple."
    )


@pytest.mark.parametrize("kind", ["S1", "U1", "O", "V1", "b1"])
def test_no_dtype_but_integers_holds_integers(kind: str) -> None:
    with pytest.raises(TypeError, match=r"^y must hold integers"):
        check_integers("y", np.zeros(2, dtype=kind))


def test_images_that_are_none_are_told_their_shape() -> None:
    with pytest.raises(ValueError, match=r"of shape \(N, height, width, 3\), but it "):
        check_images(np.ones((2, 3)))


def test_what_overflows_is_blamed_on_the_largest_input() -> None:
    for large in "XW":
        inputs = {name: np.ones(2) for name in "XW"} | {large: np.full(2, -1e200)}
        with pytest.raises(ValueError, match=rf"numbers in {large} must be smaller"):
            require_finite(np.array([np.inf]), **inputs)

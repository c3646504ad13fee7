from collections.abc import Callable

import numpy as np
import pytest

from softmax_lib.validation import (
    as_generator,
    check_at_least,
    check_callable,
    check_finite,
    check_images,
    check_integers,
    check_line,
    check_logarithmic,
    check_patches,
    check_pictures,
    check_positive,
    check_predictions,
    check_sequence,
    check_several,
    check_shape,
    check_start,
    check_whole,
    describe,
    require_finite,
)


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan])
def test_what_is_not_positive_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=r"^rate must be") as caught:
        check_positive("rate", value)
    assert str(caught.value) == f"rate must be a positive number, but it is {value}."
    check_positive("rate", 1e-300)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_one_number_that_is_not_finite_is_found(value: float) -> None:
    for place in [(0, 0), (1, 7), (4, -1)]:
        rows = np.ones((5, 9), dtype=np.float32)
        check_finite("X", rows)
        rows[place] = value
        with pytest.raises(ValueError, match=r"^X must hold finite numbers") as caught:
            check_finite("X", rows)
        assert str(caught.value).endswith(f"but it holds {value}.")


def test_nothing_and_one_number_are_finite() -> None:
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


MESSAGES = [
    (
        lambda: as_generator(-1),
        "rng must be a Generator, a seed (a whole number, not negative) or None, but "
        "it is -1.",
    ),
    (lambda: check_callable("f", [1]), "f must be a function, but it is a list."),
    (
        lambda: check_line("a", [1, 2], [1]),
        "lines must hold one or more points for 'a', in sequences of the same length, "
        "but their shapes are (2,) and (1,).",
    ),
    (
        lambda: check_logarithmic("a", [3, -2, 1]),
        "lines['a'] must hold positive numbers on a logarithmic axis, but one is -2.",
    ),
    *(
        (
            lambda shape=shape: check_patches("patches", np.ones(shape)),
            "patches must be a non-empty array of shape (K, side, side, 3), but it is "
            f"an array of shape {shape}.",
        )
        for shape in [(2, 4, 5, 3), (2, 5, 5, 1), (2, 5, 5), (0, 5, 5, 3)]
    ),
    (
        lambda: check_pictures([1], [1], "titles"),  # type: ignore[arg-type]
        "images must be a non-empty array of shape (N, height, width) or (N, height, "
        "width, 3), but it is a list.",
    ),
    (
        lambda: check_pictures(np.ones((2, 5, 5, 4)), "ab", "titles"),
        "images must have one channel or three, but its shape is (2, 5, 5, 4).",
    ),
    (
        lambda: check_pictures(np.ones((1, 5, 5), np.uint8), 7, "titles"),  # type: ignore[arg-type]
        "titles must hold one for each of the 1 images, but it is an int and holds 0.",
    ),
    (
        lambda: check_sequence("regs", 3.5),  # type: ignore[arg-type]
        "regs must be a sequence of numbers, but it is a float.",
    ),
    (
        lambda: check_several("x", np.ones(1)),
        "x must be a one-dimensional array of at least two numbers, but it is an array "
        "of shape (1,).",
    ),
    (
        lambda: check_whole("n", 10**9 + 1),
        "n must be at most 1,000,000,000, but it is 1000000001.",
    ),
    (
        lambda: require_finite(np.inf),
        "X @ W or reg * W * W overflows; the numbers in W must be smaller.",
    ),
]


@pytest.mark.parametrize(("call", "message"), MESSAGES)
def test_an_error_names_what_was_expected_and_what_came(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert str(caught.value) == message


def test_the_least_that_is_enough_is_accepted() -> None:
    check_several("x", np.ones(2))
    check_whole("n", 10**9)
    check_pictures(np.ones((2, 5, 5, 1), np.uint8), ["a", "b"], "titles")

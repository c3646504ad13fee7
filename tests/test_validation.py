import numpy as np
import pytest

from softmax_lib.validation import check_at_least, check_positive, check_shape, describe


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan])
def test_what_is_not_positive_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=r"^rate must be") as caught:
        check_positive("rate", value)
    assert str(caught.value) == f"rate must be a positive number, but it is {value}."
    check_positive("rate", 1e-300)


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

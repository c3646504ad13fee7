import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_lib.preprocessing import (
    append_bias,
    center,
    center_with_bias,
    dev_subset,
    gen_batches,
    images_to_rows,
    mean_image,
)


def random_rows(num: int = 7, columns: int = 5, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(num, columns), dtype=np.uint8)


def test_a_row_holds_the_image_line_by_line_and_pixel_by_pixel() -> None:
    images = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    rows = images_to_rows(images)
    assert (rows.shape, rows.dtype) == ((2, 60), np.uint8)
    for n, i, j, channel in np.ndindex(images.shape):
        assert rows[n, (i * 5 + j) * 3 + channel] == images[n, i, j, channel]


def test_rows_share_the_memory_of_the_images() -> None:
    images = np.zeros((2, 32, 32, 3), dtype=np.uint8)
    assert np.shares_memory(images_to_rows(images), images)


def test_the_mean_of_uint8_rows_is_exact() -> None:
    rows = random_rows(num=1001)
    sums = [sum(int(value) for value in column) for column in rows.T]
    assert mean_image(rows).tolist() == [total / 1001 for total in sums]


def test_the_mean_of_float32_rows_is_added_up_in_float64() -> None:
    rows = np.array([[2.0**24], [1.0], [1.0], [1.0]], dtype=np.float32)
    mean = mean_image(rows)
    assert (mean.dtype, mean.tolist()) == (np.float64, [(2.0**24 + 3) / 4])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_centred_rows_keep_what_is_below_the_mean(dtype: type) -> None:
    rows = np.array([[0, 200], [255, 100]], dtype=np.uint8)
    X = center(rows, np.array([127.5, 150.0]), dtype)
    assert (X.dtype, X.tolist()) == (dtype, [[-127.5, 50.0], [127.5, -50.0]])


def test_prepared_rows_are_float32_unless_another_dtype_is_given() -> None:
    rows = random_rows()
    assert center(rows, mean_image(rows)).dtype == np.float32
    assert center_with_bias(rows, mean_image(rows)).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_bias_column_is_the_last_and_all_ones(dtype: type) -> None:
    rows = random_rows().astype(dtype)
    X = append_bias(rows)
    assert (X.shape, X.dtype) == ((7, 6), dtype)
    assert (X[:, -1] == 1).all()
    np.testing.assert_array_equal(X[:, :-1], rows)


@given(
    num=st.integers(1, 6),
    columns=st.integers(1, 6),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_both_steps_at_once_give_the_bits_of_one_by_one(
    num: int, columns: int, seed: int, dtype: type
) -> None:
    rows = random_rows(num, columns, seed)
    mean = mean_image(random_rows(9, columns, seed + 1))
    at_once = center_with_bias(rows, mean, dtype)
    expected = append_bias(center(rows, mean, dtype))
    assert at_once.dtype == expected.dtype == dtype
    assert at_once.tobytes() == expected.tobytes()


def test_a_dev_set_holds_each_point_at_most_once_with_its_label() -> None:
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20)
    for num_dev in (1, 13, 20):
        X_dev, y_dev = dev_subset(X, y, num_dev, rng=0)
        assert len(set(y_dev.tolist())) == num_dev == len(y_dev)
        np.testing.assert_array_equal(X_dev, X[y_dev])
    assert not np.array_equal(y_dev, y)


def test_the_seed_decides_the_dev_set() -> None:
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20)
    first, again, other = (dev_subset(X, y, 5, rng=seed)[1] for seed in (1, 1, 2))
    generated = dev_subset(X, y, 5, rng=np.random.default_rng(1))[1]
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, generated)
    assert not np.array_equal(first, other)


def test_a_dev_set_is_a_copy() -> None:
    X, y = np.arange(6.0).reshape(3, 2), np.arange(3)
    for drawn, whole in zip(dev_subset(X, y, 3, rng=0), (X, y), strict=True):
        assert not np.shares_memory(drawn, whole)


def test_the_inputs_are_not_changed() -> None:
    rows, y = random_rows().astype(np.float64), np.arange(7)
    mean = mean_image(rows)
    before = rows.tobytes(), mean.tobytes(), y.tobytes()
    for result in (
        center(rows, mean, np.float64),
        center_with_bias(rows, mean, np.float64),
        append_bias(rows),
        dev_subset(rows, y, 3, rng=0)[0],
    ):
        result[:] = -1
    assert (rows.tobytes(), mean.tobytes(), y.tobytes()) == before


@pytest.mark.parametrize("shape", [(2, 12), (0, 2, 2, 3), (2, 2, 0, 3), (2, 2, 3)])
def test_what_is_not_a_stack_of_images_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="images must") as caught:
        images_to_rows(np.zeros(shape))
    assert str(caught.value) == (
        "images must be a non-empty array of shape (N, height, width, channels), but "
        f"it is an array of shape {shape}."
    )


@pytest.mark.parametrize("shape", [(5,), (0, 5), (5, 0), (2, 3, 4)])
def test_what_is_not_a_matrix_of_rows_is_refused(shape: tuple[int, ...]) -> None:
    rows = np.zeros(shape)
    for name, refuse in (
        ("rows", lambda: mean_image(rows)),
        ("rows", lambda: center(rows, np.zeros(5))),
        ("rows", lambda: center_with_bias(rows, np.zeros(5))),
        ("X", lambda: append_bias(rows)),
        ("X", lambda: dev_subset(rows, np.zeros(5), 1)),
    ):
        with pytest.raises(ValueError, match=f"{name} must") as caught:
            refuse()
        assert str(caught.value) == (
            f"{name} must be a two-dimensional array with at least one row and one "
            f"column, but it is an array of shape {shape}."
        )


@pytest.mark.parametrize("shape", [(4,), (6,), (1,), (1, 5), ()])
def test_a_mean_image_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    for prepare in (center, center_with_bias):
        with pytest.raises(ValueError, match="mean must") as caught:
            prepare(random_rows(), np.zeros(shape))
        assert str(caught.value) == (
            "mean must have one entry for each column of rows, shape (5,), but it is "
            f"an array of shape {shape}."
        )


@pytest.mark.parametrize("num_dev", [0, -1, 4])
def test_a_dev_set_of_an_impossible_size_is_refused(
    num_dev: int,
) -> None:
    with pytest.raises(ValueError, match="num_dev") as caught:
        dev_subset(np.ones((3, 2)), np.zeros(3, int), num_dev)
    assert str(caught.value) == (
        "num_dev must be from 1 to 3, the number of training points, but it is "
        f"{num_dev}."
    )


@pytest.mark.parametrize("shape", [(2,), (4,), (3, 1)])
def test_a_dev_set_needs_one_label_for_each_point(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="y must") as caught:
        dev_subset(np.ones((3, 2)), np.zeros(shape, int), 1)
    assert str(caught.value) == (
        "y must have one label for each row of X, shape (3,), but it is an array "
        f"of shape {shape}."
    )


@pytest.mark.parametrize("size", [1, 3, 4, 7, 8, 100])
def test_batches_cover_each_row_once_and_in_order(size: int) -> None:
    rows = np.arange(7)
    batches = [rows[batch] for batch in gen_batches(7, size)]
    assert [row for batch in batches for row in batch] == list(range(7))
    assert all(len(batch) == size for batch in batches[:-1])
    assert len(batches) == -(-7 // size)


def test_batches_end_with_the_last_row_and_need_a_size() -> None:
    assert list(gen_batches(5, 2))[-1] == slice(4, 5)
    assert list(gen_batches(0, 2)) == []
    with pytest.raises(ValueError, match=r"^batch_size must be at least 1, .* 0\.$"):
        list(gen_batches(5, 0))
    with pytest.raises(ValueError, match=r"^num must be at least 0, but it is -1\.$"):
        list(gen_batches(-1, 2))

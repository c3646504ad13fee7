"""From images to rows: flatten, subtract the mean image, append the bias column.

Notation: ``images`` are (N, height, width, channels) and become ``rows``, (N, K), in
brightness units, 0 to 255 for uint8; ``mean`` is (K,), the mean of the training rows;
``dtype`` is the floating dtype of the result, float32 by default; ``X`` is (N, D), one
point per row; ``y`` is (N,) of labels; ``rng`` is a Generator or a seed for one. The
column of ones makes ``D = 3073`` for images (32, 32, 3), and the last row of ``W`` is
then the bias of each class.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from softmax_lib.validation import (
    as_generator,
    check_at_least,
    check_dtype,
    check_finite,
    check_numbers,
    check_rows,
    check_shape,
    check_whole,
    describe,
    is_array,
)

__all__ = [
    "images_to_rows",
    "mean_image",
    "center",
    "append_bias",
    "center_with_bias",
    "dev_subset",
    "gen_batches",
]


def images_to_rows(images: np.ndarray) -> np.ndarray:
    """Return each image as one row of numbers (N, K), of the same dtype.

    Row by row, pixel by pixel, the channels of a pixel side by side. It is a view of
    ``images`` where its memory layout allows.
    """
    if not (is_array(images) and images.ndim == 4 and images.size):
        raise ValueError(
            "images must be a non-empty array of shape (N, height, width, channels), "
            f"but it is {describe(images)}."
        )
    check_numbers("images", images)
    return images.reshape(images.shape[0], -1)


def mean_image(rows: np.ndarray) -> np.ndarray:
    """Return the mean (K,) of each column, in float64.

    The sums of uint8 rows are exact, so the mean is the same on every machine.

    Examples
    --------
    >>> mean_image(np.array([[0, 10], [255, 30]], dtype=np.uint8))
    array([127.5,  20. ])
    """
    check_rows("rows", rows)
    check_finite("rows", rows)
    mean: np.ndarray = rows.mean(axis=0, dtype=np.float64)
    return mean


def center(
    rows: np.ndarray, mean: np.ndarray, dtype: npt.DTypeLike = np.float32
) -> np.ndarray:
    """Return a new array (N, K): each row minus the mean image.

    Examples
    --------
    >>> center(np.array([[0, 10]], dtype=np.uint8), np.array([127.5, 20.0]))
    array([[-127.5,  -10. ]], dtype=float32)
    """
    check_centering(rows, mean, dtype)
    centered: np.ndarray = rows.astype(dtype) - mean.astype(dtype)  # (N, K)
    return centered


def append_bias(X: np.ndarray) -> np.ndarray:
    """Return a new array (N, K + 1) of the same dtype, whose last column is one.

    Examples
    --------
    >>> append_bias(np.array([[2.0, 3.0]]))
    array([[2., 3., 1.]])
    """
    check_rows("X", X)
    return np.hstack([X, np.ones((X.shape[0], 1), dtype=X.dtype)])


def center_with_bias(
    rows: np.ndarray, mean: np.ndarray, dtype: npt.DTypeLike = np.float32
) -> np.ndarray:
    """Return ``append_bias(center(rows, mean, dtype))``, holding one copy, not two.

    As `center`, with a column of ones behind. 49,000 rows in float32 are 0.6 GB.
    Written one after the other, the two steps hold them twice for a moment.
    """
    check_centering(rows, mean, dtype)
    X = np.empty((rows.shape[0], rows.shape[1] + 1), dtype=dtype)  # (N, D)
    X[:, :-1] = rows
    X[:, :-1] -= mean.astype(dtype)
    X[:, -1] = 1
    return X


def dev_subset(
    X: np.ndarray,
    y: np.ndarray,
    num_dev: int,
    rng: np.random.Generator | int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a small development set without replacement; return copies of its points.

    Parameters
    ----------
    num_dev : int
        How many points to draw, from 1 to N.
    """
    check_rows("X", X)
    check_shape("y", y, (X.shape[0],), "one label for each row of X")
    check_whole("num_dev", num_dev)
    if not 1 <= num_dev <= X.shape[0]:
        raise ValueError(
            f"num_dev must be from 1 to {X.shape[0]}, the number of training points, "
            f"but it is {num_dev}."
        )
    chosen = as_generator(rng).choice(X.shape[0], num_dev, replace=False)
    return X[chosen], y[chosen]


def gen_batches(num: int, batch_size: int) -> Iterator[slice]:
    """Yield slices that cut ``num`` rows into blocks; the last may be smaller.

    Parameters
    ----------
    num, batch_size : int
        Number of rows, of all and in a block.

    Examples
    --------
    >>> list(gen_batches(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    check_at_least("num", num, least=0)
    check_at_least("batch_size", batch_size)
    for first in range(0, num, batch_size):
        yield slice(first, min(first + batch_size, num))


def check_centering(rows: np.ndarray, mean: np.ndarray, dtype: npt.DTypeLike) -> None:
    """Check that the mean image fits the rows, and that the result holds floats."""
    check_dtype(dtype)
    check_rows("rows", rows)
    check_finite("rows", rows)
    check_shape("mean", mean, rows.shape[1:], "one entry for each column of rows")
    check_finite("mean", mean)

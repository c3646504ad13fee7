"""Training on more images than the memory holds.

The images stay on disk as they came, one flattened uint8 image per row. They are read a
chunk of consecutive rows at a time, because a disk and a compressed file give many
rows in a row quickly, and single rows slowly. Whatever has a ``shape`` and gives rows
for ``images[a:b]`` will do: a NumPy memmap, a Zarr array, a Dask array.

Notation: ``images`` is such an (N, K) array of uint8, ``labels`` (N,) the classes of
its rows, ``mean`` (K,) its mean image; ``chunk`` is the number of rows read at a time,
``batch_size`` that of a minibatch and ``num_epochs`` how often each is used; ``rng`` is
a Generator.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from softmax_lib.linear_classifier import LinearClassifier, initial_weights
from softmax_lib.preprocessing import center_with_bias, gen_batches
from softmax_lib.validation import (
    NOT_PLAIN,
    as_generator,
    check_at_least,
    check_finite,
    check_labels,
    check_numbers,
    check_settings,
    check_start,
    count_classes,
    describe,
    is_array,
)

__all__ = ["running_mean", "shuffled_batches", "train_on_stream", "augment"]


class Rows(Protocol):
    """Rows that can be read a slice at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and of numbers in each."""

    def __getitem__(self, rows: slice) -> Any:
        """Rows as an array, or what becomes one."""


def running_mean(images: Rows, chunk: int = 5000) -> np.ndarray:
    """As `softmax_lib.preprocessing.mean_image`, reading each row once."""
    check_stream(images, chunk)
    total = np.zeros(images.shape[1])
    for block in gen_batches(images.shape[0], chunk):
        total += read_rows(images, block).sum(axis=0, dtype=np.float64)
    mean: np.ndarray = total / images.shape[0]
    return mean


def shuffled_batches(
    images: Rows,
    labels: np.ndarray,
    batch_size: int,
    rng: np.random.Generator,
    chunk: int = 5000,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Go through the rows once, chunk by chunk, and yield minibatches with labels.

    The chunks come in random order, and the rows of a chunk too. Rows of different
    chunks never meet in a minibatch, so the rows must lie on the disk in an order that
    says nothing about their labels.

    Examples
    --------
    >>> images, labels = np.arange(12).reshape(6, 2), np.arange(6)
    >>> rng = np.random.default_rng(0)
    >>> [y.tolist() for _, y in shuffled_batches(images, labels, 2, rng, chunk=4)]
    [[2, 0], [1, 3], [5, 4]]
    """
    check_stream(images, chunk)
    count_classes(labels, images.shape[0], "labels")
    check_at_least("batch_size", batch_size)
    rng, blocks = as_generator(rng), list(gen_batches(images.shape[0], chunk))
    for number in rng.permutation(len(blocks)):
        block = blocks[number]
        rows, classes = read_rows(images, block), labels[block]  # (chunk, K), (chunk,)
        order = rng.permutation(len(rows))
        for part in gen_batches(len(order), batch_size):
            yield rows[order[part]], classes[order[part]]


def train_on_stream(
    model: LinearClassifier,
    images: Rows,
    labels: np.ndarray,
    mean: np.ndarray,
    learning_rate: float,
    reg: float,
    *,
    num_epochs: int = 1,
    batch_size: int = 200,
    chunk: int = 5000,
    rng: np.random.Generator | int | None = None,
) -> list[float]:
    """Train by stochastic gradient descent on images that stay on disk.

    As `softmax_lib.linear_classifier.LinearClassifier.train`, from the ``W`` of
    ``model`` if it has one. Each minibatch becomes centred float32 rows with a bias
    column just before its step and is dropped after it. So besides the labels the
    memory holds one chunk of uint8 and one minibatch of float32, however many images
    there are.

    Parameters
    ----------
    model : LinearClassifier
        What to train.
    """
    if not isinstance(model, LinearClassifier):
        raise TypeError(
            f"model must be a LinearClassifier, such as Softmax(), but it is {model!r}."
        )
    check_settings(learning_rate, reg, num_epochs, batch_size, "num_epochs")
    check_stream(images, chunk)
    count_classes(labels, images.shape[0], "labels")
    rng = as_generator(rng)
    if model.W is None:
        shape = images.shape[0], images.shape[1] + 1
        points = np.broadcast_to(np.float32(0), shape)  # only their form is needed
        model.W = initial_weights(points, labels, rng)
    else:
        check_start(model.W)
        check_labels(labels, images.shape[0], model.W.shape[1], "labels")
        model.W = model.W.copy()
    loss_history = []
    for _ in range(num_epochs):
        for rows, classes in shuffled_batches(images, labels, batch_size, rng, chunk):
            X_batch = center_with_bias(rows, mean)  # (batch_size, D)
            loss_history.append(model.step(X_batch, classes, learning_rate, reg))
    return loss_history


def augment(images: np.ndarray) -> Iterator[np.ndarray]:
    """Mirror and shift images (N, height, width, channels), and yield the ten versions.

    The images, then moved by two pixels up, down, left and right, where the pixels at
    the edge are repeated; then all five again, mirrored left to right. Any dtype is
    kept.

    Examples
    --------
    >>> image = np.arange(4).reshape(1, 1, 4, 1)
    >>> [version.ravel().tolist() for version in augment(image)][3:6]
    [[2, 3, 3, 3], [0, 0, 0, 1], [3, 2, 1, 0]]
    """
    if not (is_array(images) and images.ndim == 4 and images.size):
        raise ValueError(
            "images must be a non-empty array of shape (N, height, width, channels), "
            f"but it is {describe(images)}."
        )
    check_numbers("images", images)
    _, height, width, _ = images.shape
    for seen in (images, images[:, :, ::-1]):
        padded = np.pad(seen, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
        for down, right in ((2, 2), (4, 2), (0, 2), (2, 4), (2, 0)):
            yield padded[:, down : down + height, right : right + width]


def read_rows(images: Rows, block: slice) -> np.ndarray:
    """Read one chunk of the rows, which must be finite numbers."""
    rows = np.asarray(images[block])  # (chunk, K)
    check_finite("images", rows)
    return rows


def check_stream(images: Rows, chunk: int) -> None:
    """Check that images can be read as rows, a chunk at a time."""
    shape = getattr(images, "shape", ())
    readable = hasattr(images, "__getitem__") and not isinstance(images, NOT_PLAIN)
    if not readable or len(shape) != 2 or 0 in shape:
        raise ValueError(
            "images must give rows for images[a:b] and have the shape (N, K) with at "
            f"least one row and column, but it is {describe(images)}."
        )
    check_at_least("chunk", chunk)

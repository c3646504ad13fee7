"""Training on more images than the memory holds.

The images stay on disk as they came, one flattened uint8 image a row. They are read a
chunk of consecutive rows at a time, because a disk and a compressed file give many
rows in a row quickly, and single rows slowly. Whatever has a ``shape`` and gives rows
for ``images[a:b]`` will do: a NumPy memmap, a Zarr array, a Dask array.

Taught in chapter 14.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from softmax_lib.linear_classifier import (
    LinearClassifier,
    check_settings,
    initial_weights,
)
from softmax_lib.preprocessing import center_with_bias

__all__ = ["streamed_mean", "shuffled_batches", "train_on_stream", "variants"]


class Rows(Protocol):
    """Rows that can be read a slice at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and of numbers in each."""

    def __getitem__(self, rows: slice) -> Any:
        """Rows as an array, or what becomes one."""


def streamed_mean(images: Rows, chunk: int = 5000) -> np.ndarray:
    """Average the rows in one pass over them.

    Parameters
    ----------
    images : memmap, Zarr array, Dask array or ndarray of uint8, shape (N, K)
        One flattened image a row.
    chunk : int
        Rows that are in memory at a time.

    Returns
    -------
    ndarray of float64, shape (K,)
        The mean image. The sums of uint8 are exact, so the chunks do not matter.

    Raises
    ------
    ValueError
        If ``images`` has another shape, or ``chunk`` is not positive.

    Examples
    --------
    >>> streamed_mean(np.array([[0, 10], [255, 30], [0, 20]], dtype=np.uint8), chunk=2)
    array([85., 20.])
    """
    check_stream(images, chunk)
    total = np.zeros(images.shape[1])
    for first in range(0, images.shape[0], chunk):
        total += np.asarray(images[first : first + chunk]).sum(axis=0, dtype=np.float64)
    mean: np.ndarray = total / images.shape[0]
    return mean


def shuffled_batches(
    images: Rows,
    labels: np.ndarray,
    batch_size: int,
    rng: np.random.Generator,
    chunk: int = 5000,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pass once over the rows, chunk by chunk, in minibatches.

    The chunks come in random order, and the rows of a chunk too. Rows of different
    chunks never meet in a minibatch, so the rows must lie on the disk in an order that
    says nothing about their labels.

    Parameters
    ----------
    images : memmap, Zarr array, Dask array or ndarray, shape (N, K)
        One flattened image a row.
    labels : ndarray of int, shape (N,)
        Their classes.
    batch_size : int
        Rows in a minibatch; the last one of a chunk may be smaller.
    rng : Generator
        Source of randomness.
    chunk : int
        Rows that are in memory at a time.

    Yields
    ------
    rows : ndarray, shape (batch_size, K)
    labels : ndarray, shape (batch_size,)

    Examples
    --------
    >>> images, labels = np.arange(12).reshape(6, 2), np.arange(6)
    >>> rng = np.random.default_rng(0)
    >>> [y.tolist() for _, y in shuffled_batches(images, labels, 2, rng, chunk=4)]
    [[2, 0], [1, 3], [5, 4]]
    """
    num_chunks = -(-images.shape[0] // chunk)
    for number in rng.permutation(num_chunks):
        span = slice(number * chunk, (number + 1) * chunk)
        rows, classes = np.asarray(images[span]), labels[span]
        order = rng.permutation(len(rows))
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            yield rows[batch], classes[batch]


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

    Each minibatch becomes centred float32 rows with a bias column when its turn has
    come, and is forgotten after its step. So the memory holds one chunk of uint8 and
    one minibatch of float32, however many images there are.

    Parameters
    ----------
    model : LinearClassifier
        What to train; it goes on from its ``W`` if it has one.
    images : memmap, Zarr array, Dask array or ndarray of uint8, shape (N, D - 1)
        One flattened image a row, in an order that says nothing about the labels.
    labels : ndarray of int, shape (N,)
        Their classes, from 0 to C - 1.
    mean : ndarray, shape (D - 1,)
        The mean image, which is subtracted.
    learning_rate : float
        Factor on the gradient in each step.
    reg : float
        Factor on the sum of squared weights.
    num_epochs : int
        Passes over all images.
    batch_size, chunk : int
        Images in a minibatch, and images read at a time.
    rng : Generator or int, optional
        Source of randomness, or a seed for one.

    Returns
    -------
    list of float
        The minibatch loss before each step.

    Raises
    ------
    ValueError
        If a shape does not fit, a setting is not positive, or the loss is no longer a
        finite number.

    Examples
    --------
    >>> from softmax_lib.linear_classifier import Softmax
    >>> images = np.array([[0, 9], [9, 0], [1, 8]], dtype=np.uint8)
    >>> model, stream = Softmax(), (images, np.array([0, 1, 0]), streamed_mean(images))
    >>> history = train_on_stream(model, *stream, 0.01, 0.0, num_epochs=9, rng=0)
    >>> len(history), model.W.shape
    (9, (3, 2))
    """
    check_settings(learning_rate, reg, num_epochs, batch_size, "num_epochs")
    check_stream(images, chunk)
    if labels.shape != (images.shape[0],):
        raise ValueError(
            f"labels must have the shape ({images.shape[0]},), one for each row of "
            f"images, but its shape is {labels.shape}."
        )
    rng = np.random.default_rng(rng)
    if model.W is None:
        narrow = np.empty((1, images.shape[1] + 1), dtype=np.float32)
        model.W = initial_weights(narrow, labels, rng)
    loss_history = []
    for _ in range(num_epochs):
        for rows, classes in shuffled_batches(images, labels, batch_size, rng, chunk):
            X_batch = center_with_bias(rows, mean)
            loss, dW = model.loss(X_batch, classes, reg)
            model.W = (model.W - learning_rate * dW).astype(dW.dtype)
            loss_history.append(loss)
    return loss_history


def variants(images: np.ndarray) -> Iterator[np.ndarray]:
    """Mirror and shift images, ten times over.

    Parameters
    ----------
    images : ndarray, shape (N, height, width, channels)
        Any dtype; it is kept.

    Yields
    ------
    ndarray, shape (N, height, width, channels)
        The images, then moved by two pixels up, down, left and right, where the pixels
        at the edge are repeated; then all five again, mirrored left to right.

    Examples
    --------
    >>> image = np.arange(4).reshape(1, 1, 4, 1)
    >>> [version.ravel().tolist() for version in variants(image)][3:6]
    [[2, 3, 3, 3], [0, 0, 0, 1], [3, 2, 1, 0]]
    """
    _, height, width, _ = images.shape
    for seen in (images, images[:, :, ::-1]):
        padded = np.pad(seen, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
        for down, right in ((2, 2), (4, 2), (0, 2), (2, 4), (2, 0)):
            yield padded[:, down : down + height, right : right + width]


def check_stream(images: Rows, chunk: int) -> None:
    """Refuse what cannot be read as rows, a chunk at a time."""
    if len(images.shape) != 2 or 0 in images.shape:
        raise ValueError(
            "images must have the shape (N, K) with at least one row and column, but "
            f"its shape is {tuple(images.shape)}."
        )
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, but it is {chunk}.")

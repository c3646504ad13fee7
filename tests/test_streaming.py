import tracemalloc
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pytest
import zarr

from softmax_lib.linear_classifier import LinearSVM, Softmax, accuracy
from softmax_lib.preprocessing import append_bias, center, mean_image
from softmax_lib.streaming import (
    augment,
    running_mean,
    shuffled_batches,
    train_on_stream,
)

RNG = np.random.default_rng(0)
N, K = 230, 12
labels = RNG.integers(3, size=N)
images = RNG.integers(256, size=(3, K))[labels] // 2 + RNG.integers(128, size=(N, K))
images = images.astype(np.uint8)
mean = mean_image(images)


@pytest.fixture(params=["memmap", "zarr", "dask"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memmap":
        np.save(tmp_path / "images.npy", images)
        return np.load(tmp_path / "images.npy", mmap_mode="r")
    if request.param == "zarr":
        array = zarr.create_array(
            tmp_path / "images.zarr", shape=(N, K), chunks=(50, K), dtype="u1"
        )
        array[:] = images
        return array
    return dask.array.from_array(images, chunks=(50, K))


def trained(rows: Any, model: Any = Softmax, **changes: Any) -> tuple[Any, list[float]]:
    classifier = model()
    settings: dict[str, Any] = {"batch_size": 20, "chunk": 50, "rng": 3, **changes}
    return classifier, train_on_stream(
        classifier, rows, labels, mean, 1e-4, 0.1, **settings
    )


def test_the_mean_is_that_of_the_rows_whatever_the_chunks(stored: Any) -> None:
    for chunk in (1, 50, 64, 1000):
        np.testing.assert_array_equal(running_mean(stored, chunk), mean)


def test_the_mean_is_exact_where_a_sum_in_float32_is_not() -> None:
    many = np.random.default_rng(1).integers(100, 256, (150_001, 2), dtype=np.uint8)
    exact = many.astype(np.int64).sum(axis=0) / 150_001
    np.testing.assert_array_equal(running_mean(many, chunk=150_001), exact)


def test_training_has_the_same_bits_however_rows_are_stored(
    stored: Any,
) -> None:
    here, history = trained(images)
    there, history_there = trained(stored)
    assert history == history_there
    np.testing.assert_array_equal(here.W, there.W)


@pytest.mark.parametrize("model", [Softmax, LinearSVM])
def test_each_step_is_one_of_gradient_descent_on_prepared_rows(model: Any) -> None:
    classifier, history = trained(images, model, num_epochs=2)
    rng = np.random.default_rng(3)
    alone = model()
    start = 0.001 * rng.standard_normal((K + 1, 3))
    alone.W = start.astype(np.float32, order="F")
    losses = []
    for _ in range(2):
        for rows, classes in shuffled_batches(images, labels, 20, rng, 50):
            loss, dW = alone.loss(append_bias(center(rows, mean)), classes, 0.1)
            losses.append(loss)
            alone.W = alone.W - 1e-4 * dW
    assert history == losses
    assert len(history) == 2 * (
        4 * 3 + 2
    )  # chunks of 50 give 20, 20, 10; 30 give 20, 10
    np.testing.assert_array_equal(classifier.W, alone.W)
    assert classifier.W.dtype == np.float32


def test_a_learning_rate_of_numpy_keeps_float32() -> None:
    classifier = Softmax()
    train_on_stream(classifier, images, labels, mean, np.float64(1e-4), 0.1, rng=0)
    assert classifier.W is not None
    assert classifier.W.dtype == np.float32


def test_training_on_a_stream_learns_what_can_be_learned() -> None:
    classifier, history = trained(images, num_epochs=30)
    X = append_bias(center(images, mean))
    assert history[-1] < history[0] / 2
    assert accuracy(labels, classifier.predict(X)) > 0.95


def test_training_continues_from_a_copy_of_the_weights() -> None:
    classifier, _ = trained(images)
    kept, before = classifier.W, classifier.W.tobytes()
    history = train_on_stream(classifier, images, labels, mean, 1e-4, 0.1, rng=0)
    assert kept.tobytes() == before != classifier.W.tobytes()
    assert history[0] < trained(images)[1][0]
    with pytest.raises(ValueError, match=r"^labels must hold class indices from 0 to"):
        train_on_stream(classifier, images, labels + 1, mean, 1e-4, 0.1)


@pytest.mark.parametrize("chunk", [1, 50, 60, N, 1000])
def test_a_pass_brings_each_row_once_with_its_label(chunk: int) -> None:
    rows = np.arange(N).reshape(N, 1)
    passed = list(
        shuffled_batches(rows, rows[:, 0], 20, np.random.default_rng(0), chunk)
    )
    assert max(len(batch) for batch, _ in passed) <= 20
    for batch, classes in passed:
        np.testing.assert_array_equal(batch[:, 0], classes)
    order = np.concatenate([classes for _, classes in passed])
    assert sorted(order) == list(range(N))
    assert order.tolist() != list(range(N))


def test_chunks_come_in_random_order_with_their_rows_together() -> None:
    rows = np.arange(N).reshape(N, 1)
    passed = shuffled_batches(rows, rows[:, 0], 50, np.random.default_rng(0), 50)
    chunks = [set((classes // 50).tolist()) for _, classes in passed]
    assert all(len(chunk) == 1 for chunk in chunks)
    order = [chunk.pop() for chunk in chunks]
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert order != sorted(order)


class Wide:
    """A million images that exist only while they are read."""

    shape = (1_000_000, 300)

    def __init__(self) -> None:
        self.read = 0

    def __getitem__(self, rows: slice) -> np.ndarray:
        self.read += 1
        self.length = rows.stop - rows.start
        return np.full((len(range(*rows.indices(self.shape[0]))), 300), 7, np.uint8)


def test_the_memory_is_bounded_by_the_chunk_and_the_minibatch() -> None:
    rows, classes = Wide(), np.arange(1_000_000) % 3
    tracemalloc.start()
    batches = shuffled_batches(rows, classes, 200, np.random.default_rng(0), 10_000)
    for _, _ in zip(range(200), batches, strict=False):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows.read == 4  # 50 minibatches from each
    # Two chunks, one being let go of, are 6 MB; all images are 300 MB.
    assert peak < 7e6


def test_by_default_it_reads_5000_rows_and_takes_200() -> None:
    rows = Wide()
    next(shuffled_batches(rows, np.arange(1_000_000), 200, np.random.default_rng(0)))
    assert rows.length == 5000
    running_mean(rows)
    assert rows.length == 5000

    class Noting(Softmax):
        def loss(self, X: np.ndarray, *others: Any) -> Any:
            sizes.append(len(X))
            return super().loss(X, *others)

    sizes: list[int] = []
    pictures, classes = np.full((5200, 3), 7, np.uint8), np.arange(5200) % 2
    train_on_stream(Noting(), pictures, classes, np.ones(3), 1e-4, 0.1, rng=0)
    assert sizes == [200] * 26


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Move a picture pixel by pixel; what comes in repeats the edge."""
    moved = np.empty_like(image)
    for i in range(5):
        for j in range(6):
            moved[i, j] = image[np.clip(i - down, 0, 4), np.clip(j - right, 0, 5)]
    return moved


def test_ten_versions_are_mirrored_and_moved_by_two_pixels() -> None:
    pictures = RNG.integers(256, size=(2, 5, 6, 3)).astype(np.uint8)
    versions = list(augment(pictures))
    moves = [(0, 0), (-2, 0), (2, 0), (0, -2), (0, 2)]
    assert len(versions) == 10
    for k, version in enumerate(versions):
        assert version.dtype == np.uint8
        seen = pictures if k < 5 else pictures[:, :, ::-1]
        for picture, expected in zip(version, seen, strict=True):
            np.testing.assert_array_equal(picture, shifted(expected, *moves[k % 5]))


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (images[0], {}, r"images must .* the shape \(N, K\) .* shape \(12,\)\."),
        (images[:0], {}, r"images must .* the shape \(N, K\) .* shape \(0, 12\)\."),
        (images, {"chunk": 0}, r"chunk must be at least 1, but it is 0\."),
        (images, {"batch_size": 0}, r"batch_size must be at least 1, .* 0\."),
        (images, {"num_epochs": 0}, r"num_epochs must be at least 1, .* 0\."),
        (images[:, :-1], {}, r"mean must have one entry for each column .*"),
        (
            images[:-1],
            {},
            r"labels must have one label for each point, shape \(229,\), .* \(230,\)\.",
        ),
    ],
)
def test_what_cannot_be_streamed_is_refused(
    rows: np.ndarray, changes: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        trained(rows, **changes)


def test_a_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^images must .* shape \(0, 12\)\.$"):
        running_mean(images[:0])
    with pytest.raises(ValueError, match=r"^chunk must be at least 1"):
        running_mean(images, chunk=0)


def test_what_is_no_stack_of_images_has_no_versions() -> None:
    expected = (
        r"^images must be a non-empty array of shape \(N, height, width, channels\), "
        r"but it is an array of shape \(2, 3\)\.$"
    )
    with pytest.raises(ValueError, match=expected):
        list(augment(np.ones((2, 3))))

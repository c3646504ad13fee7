"""The benchmark of the features, on numbers that fit into memory."""

import numpy as np
import pytest

from softmax_lib.losses import softmax_loss_vectorized
from softmax_lib.solvers import minimize_loss
from tools.benchmarks import centroids
from tools.benchmarks.centroids import Columns, Split


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 2500)
    X = rng.normal(size=(2500, 6)) + np.eye(3, 6)[labels]
    return (5 + 3 * X).astype(np.float32), labels


@pytest.fixture
def columns(points, tmp_path):
    return Columns(tmp_path / "features", points[0], lambda x: x)


def test_columns_are_read_as_they_were_written(points, columns):
    read = {block.start: X for block, X in columns.blocks(slice(500, 2500))}
    assert list(read) == [500, 1500]
    np.testing.assert_array_equal(np.vstack(list(read.values())), points[0][500:])


def test_columns_are_standardized_by_the_training_rows(points, columns):
    columns.standardize(slice(0, 1200))
    X, _ = points
    expected = (X - X[:1200].mean(axis=0)) / X[:1200].std(axis=0)
    read = np.vstack([X for _, X in columns.blocks(slice(0, 2500))])
    np.testing.assert_allclose(read, expected, atol=1e-5)


def test_the_search_from_a_file_is_the_search_in_memory(points, columns):
    _, labels = points
    split = Split(slice(0, 1200), slice(1200, 1900), slice(1900, 2500))
    columns.standardize(split.train)
    W, chosen = centroids.train(columns, labels, split)
    rows = np.vstack([X for _, X in columns.with_ones(slice(0, 2500))])
    best = minimize_loss(
        softmax_loss_vectorized, rows[split.train], labels[split.train], chosen["reg"]
    )
    loss, _ = centroids.loss_of(W, columns, split.train, labels, chosen["reg"])
    assert best.loss - 1e-6 <= loss <= best.loss + centroids.TOLERANCE
    assert chosen["reg"] in centroids.REGS[1:-1]


def test_a_search_that_ends_at_the_edge_of_its_grid_is_an_error(
    points, columns, monkeypatch
):
    split = Split(slice(0, 1200), slice(1200, 1900), slice(1900, 2500))
    columns.standardize(split.train)
    monkeypatch.setattr(centroids, "REGS", [1.0, 0.5])
    with pytest.raises(ValueError, match="end of the grid"):
        centroids.train(columns, points[1], split)


def test_a_difference_is_paired_image_by_image():
    def run(correct):
        bits = np.packbits(np.array(correct, bool)).tobytes().hex()
        return {"of": len(correct), "which": bits}

    ones, half = [1] * 100, [1, 0] * 50
    assert centroids.paired(run(half), run(half)) == (0, [0, 0])
    gain, interval = centroids.paired(run(ones), run(half))
    assert gain == 0.5
    error = 0.5 / np.sqrt(99)
    np.testing.assert_allclose(interval, [0.5 - 1.96 * error, 0.5 + 1.96 * error])
    _, interval = centroids.paired(run(half), run(half[::-1]))
    np.testing.assert_allclose(interval, [-1.96 / np.sqrt(99), 1.96 / np.sqrt(99)])

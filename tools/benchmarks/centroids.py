"""Accuracy against the number of centroids, and what each step of the features gives.

``make bench-centroids`` runs them all, an hour or so on one core, one process after the
other. What has been run is kept in ``_build/benchmarks/centroids/`` and not run again.
``centroids.json`` keeps the figures; chapter 13 prints them and computes the smallest
point of the curve again.

The features are in a file, and every evaluation of the loss reads them from it in
blocks of 1,000 images. The search is that of chapter 10, preconditioned L-BFGS. The
strength of the regularization is the one with the lowest validation loss.
"""

import functools
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

from softmax_lib import features
from softmax_lib.datasets import load_dataset
from softmax_lib.evaluation import paired_difference
from softmax_lib.features import Dictionary
from softmax_lib.losses import softmax_loss_vectorized
from softmax_lib.solvers import apply_preconditioner, cholesky_preconditioner, gap_bound
from tools.benchmarks.bench import PLOTS, machine
from tools.benchmarks.streaming import peak_memory

RESULTS = Path(__file__).with_name("centroids.json")
RUNS = PLOTS / "centroids"
BLOCK = 1000  # images
REGS = [10.0 ** (-k / 2) for k in range(2, 14)]  # 0.1, 0.032, 0.01 to 3e-7
TOLERANCE = 1e-3  # bound on what the loss is above its minimum
CURVE = (100, 200, 400, 800, 1600)
ABLATION_K = 100

Rows = slice
Compute = Callable[[np.ndarray], np.ndarray]
Run = dict[str, Any]


class Split(NamedTuple):
    """Rows that train, that choose ``reg`` and that measure the accuracy."""

    train: Rows
    val: Rows
    test: Rows


ALL = Split(slice(0, 49_000), slice(49_000, 50_000), slice(50_000, 60_000))
NO_TEST = Split(slice(0, 10_000), slice(10_000, 11_000), slice(11_000, 16_000))


class Columns:
    """Features in a file of float32, one row per image, read and written in blocks."""

    def __init__(self, path: Path, images: np.ndarray, compute: Compute) -> None:
        self.path = path
        self.width = compute(images[:1]).shape[1]
        with path.open("wb") as file:
            for start in range(0, len(images), BLOCK):
                compute(images[start : start + BLOCK]).tofile(file)

    def blocks(self, rows: Rows) -> Iterator[tuple[Rows, np.ndarray]]:
        """Go through the rows in blocks."""
        for start in range(rows.start, rows.stop, BLOCK):
            block = slice(start, min(start + BLOCK, rows.stop))
            count = (block.stop - start) * self.width
            X = np.fromfile(self.path, np.float32, count, offset=4 * self.width * start)
            yield block, X.reshape(-1, self.width)

    def with_ones(self, rows: Rows) -> Iterator[tuple[Rows, np.ndarray]]:
        """Go through the rows in blocks, with the column of ones appended."""
        for block, X in self.blocks(rows):
            yield block, np.hstack([X, np.ones((len(X), 1), np.float32)])

    def standardize(self, train: Rows) -> None:
        """Give each column mean 0 and standard deviation 1 on the training rows."""
        sums, squares = np.zeros((2, self.width))
        for _, X in self.blocks(train):
            sums += X.sum(axis=0, dtype=np.float64)
            squares += (X * X).sum(axis=0, dtype=np.float64)
        mean = sums / (train.stop - train.start)
        variance = squares / (train.stop - train.start) - mean**2
        std = np.sqrt(np.maximum(variance, 1e-12)).astype(np.float32)
        mean = mean.astype(np.float32)
        everything = slice(0, self.path.stat().st_size // (4 * self.width))
        with self.path.open("r+b") as file:
            for _, X in self.blocks(everything):
                ((X - mean) / std).tofile(file)


def loss_of(
    W: np.ndarray, columns: Columns, rows: Rows, labels: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Softmax loss of some rows and its gradient, in one pass through the file."""
    loss, dW = 0.0, np.zeros(W.shape)
    for block, X in columns.with_ones(rows):
        block_loss, block_dW = softmax_loss_vectorized(W, X, labels[block], 0.0)
        fraction = len(X) / (rows.stop - rows.start)
        loss += fraction * block_loss
        dW += fraction * block_dW
    W = W.astype(np.float64)
    return loss + reg * float(np.sum(W * W)), dW + 2 * reg * W


def second_moments(columns: Columns, rows: Rows) -> np.ndarray:
    """Mean products of every two columns, the ones among them."""
    moments = np.zeros((columns.width + 1, columns.width + 1), np.float32)
    for _, X in columns.with_ones(rows):
        moments += X.T @ X
    moments /= rows.stop - rows.start
    return moments


def minimize(
    loss: Callable[[np.ndarray], tuple[float, np.ndarray]],
    R: np.ndarray | None,
    W: np.ndarray,
    reg: float,
) -> tuple[np.ndarray, list[float]]:
    """Minimize a loss from ``W`` on, and return the bounds on the gap on the way."""
    bounds: list[float] = []

    def weights(v: np.ndarray) -> np.ndarray:
        V = v.reshape(W.shape).astype(np.float32)
        return apply_preconditioner(R, V, transposed=True)

    def in_v(v: np.ndarray) -> tuple[float, np.ndarray]:
        value, dW = loss(weights(v))
        bounds.append(gap_bound(dW, reg))
        return value, apply_preconditioner(R, dW).ravel().astype(np.float64)

    def stop_when_certain(_: np.ndarray) -> None:
        if bounds[-1] <= TOLERANCE:
            raise StopIteration

    start = W if R is None else R.T @ W
    found = scipy.optimize.minimize(
        in_v,
        start.ravel().astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        callback=stop_when_certain,
        options={"maxiter": 60, "gtol": 0, "ftol": 1e-7},
    )
    return weights(found.x), bounds


def train(
    columns: Columns, labels: np.ndarray, split: Split
) -> tuple[np.ndarray, dict[str, Any]]:
    """Weaken the regularization until the validation loss rises, and keep the best."""
    moments = second_moments(columns, split.train)
    W = np.zeros((len(moments), labels.max() + 1), np.float32)
    best, lowest, passes = W, np.inf, 0
    chosen: dict[str, Any] = {}
    for reg in REGS:
        loss = functools.partial(
            loss_of, columns=columns, rows=split.train, labels=labels, reg=reg
        )
        W, bounds = minimize(loss, cholesky_preconditioner(moments, reg, W), W, reg)
        passes += len(bounds)
        val_loss, _ = loss_of(W, columns, split.val, labels, 0.0)
        say(f"reg {reg:.1e}, validation loss {val_loss:.4f}, {len(bounds)} passes")
        if val_loss > lowest:
            break
        best, lowest = W, val_loss
        chosen = {"reg": reg, "validation loss": val_loss, "gap": bounds[-1]}
    if chosen["reg"] in (REGS[0], REGS[-1]):
        raise ValueError("The lowest validation loss is at the end of the grid of reg.")
    return best, {**chosen, "passes": passes}


def evaluate(columns: Columns, labels: np.ndarray, split: Split) -> dict[str, Any]:
    """Train on features, and list which images are classified correctly."""
    columns.standardize(split.train)
    W, chosen = train(columns, labels, split)

    def correct(rows: Rows) -> np.ndarray:
        predicted = [np.argmax(X @ W, axis=1) for _, X in columns.with_ones(rows)]
        matches: np.ndarray = np.concatenate(predicted) == labels[rows]
        return matches

    of_test = correct(split.test)
    return {
        "features": columns.width,
        **chosen,
        "train accuracy": float(correct(split.train).mean()),
        "correct": int(of_test.sum()),
        "of": len(of_test),
        "which": np.packbits(of_test).tobytes().hex(),
    }


def curve_point(K: int, seed: int, folder: Path) -> dict[str, Any]:
    """Train on all images with a dictionary of ``K`` centroids, and test."""
    images, labels = all_images()
    start = time.perf_counter()
    dictionary = features.learn_dictionary(
        images[ALL.train], K, num_patches=max(50_000, 250 * K), rng=seed
    )
    say("the dictionary is learned")
    columns = Columns(
        folder / "features", images, lambda x: features.patch_features(x, dictionary)
    )
    say("the features are computed")
    return {
        "K": K,
        "seed": seed,
        **evaluate(columns, labels, ALL),
        "minutes": (time.perf_counter() - start) / 60,
        "peak memory, GB": peak_memory(),
        "GB on disk": columns.path.stat().st_size / 1e9,
    }


def variants(images: np.ndarray, seed: int) -> Iterator[tuple[str, str, Compute]]:
    """Name each step and its variant, with what computes the features."""
    train, K = images[NO_TEST.train], ABLATION_K

    def learned(size: int) -> Dictionary:
        return features.learn_dictionary(train, K, size=size, rng=seed)

    def compute(dictionary: Dictionary, *args: Any, **kwargs: Any) -> Compute:
        return lambda x: features.patch_features(x, dictionary, *args, **kwargs)

    usual = learned(6)
    patches = features.sample_patches(train, 50_000, rng=seed).astype(np.float64)
    patches = features.normalize_patches(patches)
    picked = ((patches[:K] - usual.mean) @ usual.whitening).astype(np.float32)
    unwhitened = Dictionary(
        np.zeros(108, np.float32),
        np.eye(108, dtype=np.float32),
        features.kmeans(patches, K).astype(np.float32),
    )
    yield "all steps", "6×6, stride 1, 2×2 regions", compute(usual)
    yield "patch size", "4×4 pixels", compute(learned(4))
    yield "patch size", "8×8 pixels", compute(learned(8))
    yield "stride", "2 pixels", compute(usual, stride=2)
    yield "stride", "4 pixels", compute(usual, stride=4)
    yield "pooling", "one region", compute(usual, parts=1)
    yield "pooling", "3×3 regions", compute(usual, parts=3)
    yield "whitening", "none", compute(unwhitened)
    yield (
        "k-means",
        "patches picked at random",
        compute(usual._replace(centroids=picked)),
    )
    yield "triangle", "1 for the nearest", compute(usual, nearest)


def nearest(z: np.ndarray) -> np.ndarray:
    """1 for the nearest centroid, 0 for the others."""
    codes: np.ndarray = (z == z.min(axis=1, keepdims=True)).astype(np.float32)
    return codes


def ablation(seed: int, folder: Path) -> list[dict[str, Any]]:
    """Train without the test images on each variant of the features."""
    images, labels = all_images()
    images = images[: NO_TEST.test.stop]
    found = []
    for step, variant, compute in variants(images, seed):
        say(f"{step}: {variant}")
        columns = Columns(folder / "features", images, compute)
        line = {"step": step, "variant": variant}
        found.append({**line, **evaluate(columns, labels, NO_TEST)})
    return found


def accuracy_of(run: Run) -> float:
    """Fraction of the images that a run classified correctly."""
    return float(run["correct"] / run["of"])


def paired(run: Run, other: Run) -> tuple[float, list[float]]:
    """Difference of accuracy from another run, image by image, and its interval."""

    def correct(run: Run) -> np.ndarray:
        bits = np.frombuffer(bytes.fromhex(run["which"]), np.uint8)
        return np.unpackbits(bits)[: run["of"]]

    mean, error = paired_difference(correct(run), correct(other))
    return mean, [mean - 1.96 * error, mean + 1.96 * error]


def summary(runs: list[Run], others: list[Run]) -> list[Run]:
    """List what chapter 13 shows of each run, with its difference from another."""
    lines = []
    for run, other in zip(runs, others, strict=True):
        left_out = ("which", "correct", "of", "passes", "minutes")
        kept = {k: run[k] for k in run if k not in left_out}
        difference, interval = paired(run, other)
        new = {"accuracy": accuracy_of(run), "difference": difference}
        lines.append({**kept, **new, "interval": interval})
    return lines


def all_images() -> tuple[np.ndarray, np.ndarray]:
    """Training images, then test images, and their labels."""
    data = load_dataset()
    images = np.concatenate([data.X_train, data.X_test])
    return images, np.concatenate([data.y_train, data.y_test])


def say(what: str) -> None:
    """Report progress."""
    print(f"  {what}", file=sys.stderr, flush=True)


def run(what: str, seed: int) -> Any:
    """Do one run in a process of its own, or read what it found before."""
    path = RUNS / f"{what}-{seed}.json"
    if not path.exists():
        print(f"{what}, seed {seed}", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "tools.benchmarks.centroids", what, str(seed)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(done.stdout, "utf-8")
    return json.loads(path.read_text("utf-8"))


def main() -> None:
    """Do the run that is named, or all of them."""
    if len(sys.argv) == 3:
        what, seed = sys.argv[1], int(sys.argv[2])
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            ablate = what == "ablation"
            found = (
                ablation(seed, folder)
                if ablate
                else curve_point(int(what), seed, folder)
            )
        print(json.dumps(found))
        return
    curve = [run(str(K), 0) for K in CURVE]
    variants = run("ablation", 0)
    report = {
        "data": load_dataset().name,
        "processor": machine()["processor"],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "test images": curve[0]["of"],
        "curve": summary(curve, [curve[0], *curve[:-1]]),
        "ablation": summary(variants, [variants[0]] * len(variants)),
    }
    RESULTS.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()

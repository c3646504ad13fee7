"""Training on ten times CIFAR-10 from disk, against training from memory.

``make bench-streaming`` writes 490,000 images, 1.5 GB, into a temporary folder and
removes them. ``streaming.json`` keeps the figures; chapter 15 prints them.
"""

import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from softmax_lib.datasets import get_CIFAR10_data, load_dataset
from softmax_lib.linear_classifier import Softmax, accuracy
from softmax_lib.preprocessing import center_with_bias, images_to_rows
from softmax_lib.streaming import augment, running_mean, train_on_stream
from tools.benchmarks.bench import machine

RESULTS = Path(__file__).with_name("streaming.json")
RATE, REG, CHUNK, BATCH = 5e-7, 1e4, 5000, 200
WAYS = ("memory", "memmap", "zarr")


def training_set() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images and labels of the training set and of the test set."""
    data = load_dataset()
    return data.X_train[:49_000], data.y_train[:49_000], data.X_test, data.y_test


def write(folder: Path) -> str:
    """Write ten versions of each training image, for NumPy and for Zarr."""
    images, labels, _, _ = training_set()
    shape = (10 * len(images), 3072)
    memmap = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape)
    array = zarr.create_array(
        folder / "images.zarr", shape=shape, chunks=(CHUNK, 3072), dtype=np.uint8
    )
    for number, version in enumerate(augment(images)):
        rows = slice(number * len(images), (number + 1) * len(images))
        memmap[rows] = array[rows] = images_to_rows(version)
    memmap.flush()
    np.save(folder / "labels.npy", np.tile(labels, 10))
    return load_dataset().name


def train(way: str, folder: Path) -> dict[str, float]:
    """Train one pass in one way, and say how fast and with how much memory."""
    labels = np.load(folder / "labels.npy")
    model = Softmax()
    if way == "memory":
        X = get_CIFAR10_data(rng=0).X_train
        start = time.perf_counter()
        model.train(X, labels[: len(X)], RATE, REG, len(labels) // BATCH, BATCH, rng=0)
    else:
        images: Any = (
            np.load(folder / "images.npy", mmap_mode="r")
            if way == "memmap"
            else zarr.open_array(folder / "images.zarr", mode="r")
        )
        mean = running_mean(images, CHUNK)
        start = time.perf_counter()
        train_on_stream(
            model, images, labels, mean, RATE, REG, batch_size=BATCH, chunk=CHUNK, rng=0
        )
    seconds = time.perf_counter() - start
    return {
        "images per second": len(labels) / seconds,
        "peak memory, GB": peak_memory(),  # before the test images come
        "test accuracy": test_accuracy(model),
    }


def peak_memory() -> float:
    """Most memory that this process has held at a time, in GB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def test_accuracy(model: Softmax) -> float:
    """Accuracy on all test images, prepared with the mean of the training images."""
    images, _, test_images, test_labels = training_set()
    mean = images_to_rows(images).mean(axis=0, dtype=np.float64)
    X = center_with_bias(images_to_rows(test_images), mean)
    return accuracy(test_labels, model.predict(X))


def run(what: str, folder: Path) -> Any:
    """Write or train in a process of its own, whose peak memory is its own."""
    command = [sys.executable, "-m", "tools.benchmarks.streaming", what, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def speed(found: dict[str, Any]) -> float:
    """Images a second of a run."""
    return float(found["images per second"])


def gigabytes(path: Path) -> float:
    """Size of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in [path, *path.rglob("*")]) / 1e9


def main() -> None:
    """Do what is named, or write the images and measure all."""
    if len(sys.argv) == 3:
        what, folder = sys.argv[1], Path(sys.argv[2])
        print(json.dumps(write(folder) if what == "write" else train(what, folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        name_of_data = run("write", folder)
        stored = {"memmap": folder / "images.npy", "zarr": folder / "images.zarr"}
        best: dict[str, dict[str, Any]] = {}
        for way in WAYS * 2:  # in turns, and the fastest counts
            size = gigabytes(stored[way]) if way in stored else 0.0
            found = {"images": way, "GB on disk": size, **run(way, folder)}
            best[way] = max(best.get(way, found), found, key=speed)
    report = {
        "data": name_of_data,
        "processor": machine()["processor"],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "zarr": zarr.__version__,
        "runs": list(best.values()),
    }
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

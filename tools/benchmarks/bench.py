"""How far the code is from what the machine can do: `make bench`.

Each line of the table is a ratio of two times of one run, measured in turns, each the
shortest of its repetitions. All is measured with one thread and with all threads.
``results.json`` beside it keeps the table, ``_build/benchmarks/`` gets the plots.
PyTorch, JAX and scikit-learn take part where they are installed.
"""

import argparse
import functools
import importlib
import importlib.util
import itertools
import json
import operator
import os
import pickle
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from softmax_lib.datasets import TRAIN_FILES, load_CIFAR10
from softmax_lib.linear_classifier import Softmax
from softmax_lib.losses import softmax_loss_vectorized, softmax_of_scores
from softmax_lib.plots import plot_lines
from softmax_lib.tuning import train_side_by_side

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results.json")
PLOTS = ROOT / "_build" / "benchmarks"
MEMORY_LIMIT = 1.0  # GB: the smallest pod that Binder gives
FEATURES_LIMIT = 2.0  # GB: chapter 13 holds 60,000 codes of 1,024 numbers
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

D, C, BATCH = 3073, 10, 200
RATE, REG = 1e-7, 2.5e4
GRID_9 = list(itertools.product([1e-7, 5e-7, 1e-6], [1e4, 2.5e4, 5e4]))
GRID_90 = list(
    itertools.product(np.geomspace(1e-7, 1e-6, 9), np.geomspace(1e3, 5e4, 10))
)

Loss = Callable[..., Any]
Line = dict[str, Any]


def race(seconds: float, **runners: Callable[[], Any]) -> dict[str, float]:
    """Shortest time of each runner; they take turns until the seconds are over."""
    shortest = dict.fromkeys(runners, np.inf)
    for run in runners.values():
        run()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, run in runners.items():
            start = time.perf_counter()
            run()
            shortest[name] = min(shortest[name], time.perf_counter() - start)
    return shortest


def line(what: str, value: float, sign: str = "", bound: float | None = None) -> Line:
    """One line of the table: a ratio, and the bound that it is to keep."""
    compare = {"<=": operator.le, ">=": operator.ge}
    met = None if bound is None else bool(compare[sign](value, bound))
    return {"what": what, "value": value, "sign": sign, "bound": bound, "met": met}


def bare_products(X: np.ndarray, W: np.ndarray, dscores: np.ndarray) -> None:
    """Compute what no loss can do without."""
    X @ W
    X.T @ dscores


def plain_loss(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Softmax loss as the worksheet's first vectorized answer has it."""
    rows = np.arange(len(y))
    scores = X @ W
    scores -= scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.log(probs[rows, y]).mean() + reg * np.sum(W * W)
    probs[rows, y] -= 1
    return loss, X.T @ probs / len(y) + 2 * reg * W


def plain_training(
    X: np.ndarray, y: np.ndarray, rate: float, reg: float, num_iters: int
) -> None:
    """Train with the plain loss and the plain loop."""
    rng = np.random.default_rng(0)
    W = (0.001 * rng.standard_normal((X.shape[1], C))).astype(X.dtype)
    for _ in range(num_iters):
        batch = rng.integers(len(y), size=BATCH)
        _, dW = plain_loss(W, X[batch], y[batch], reg)
        W -= rate * dW


def plain_grid(X: np.ndarray, y: np.ndarray, num_iters: int) -> None:
    """Train each pair of the grid of nine with the plain loop."""
    for rate, reg in GRID_9:
        plain_training(X, y, rate, reg, num_iters)


def torch_loss(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
    """Loss and gradient by PyTorch's autograd, ready to run."""
    import torch

    weights = torch.tensor(W, requires_grad=True)
    points, labels = torch.from_numpy(X), torch.from_numpy(y)

    def run() -> Any:
        weights.grad = None
        loss = torch.nn.functional.cross_entropy(points @ weights, labels)
        (loss + REG * (weights**2).sum()).backward()
        return weights.grad

    return run


def torch_training(X: np.ndarray, y: np.ndarray, num_iters: int) -> None:
    """Train as PyTorch's users do, on minibatches drawn with replacement."""
    import torch

    points, labels = torch.from_numpy(X), torch.from_numpy(y)
    weights = (0.001 * torch.randn(X.shape[1], C)).requires_grad_()
    optimizer = torch.optim.SGD([weights], lr=RATE)
    for _ in range(num_iters):
        batch = torch.randint(len(y), (BATCH,))
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(points[batch] @ weights, labels[batch])
        (loss + REG * (weights**2).sum()).backward()
        optimizer.step()


def jax_loss(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
    """Loss and gradient by JAX under jit, ready to run."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(W: Any, X: Any, y: Any) -> Any:
        log_probs = jax.nn.log_softmax(X @ W)
        picked = jnp.take_along_axis(log_probs, y[:, None], axis=1)
        return -picked.mean() + REG * (W * W).sum()

    compiled = jax.jit(jax.value_and_grad(loss))
    arrays = [jnp.asarray(array) for array in (W, X, y)]
    return lambda: jax.block_until_ready(compiled(*arrays))


def sklearn_training(X: np.ndarray, y: np.ndarray, num_iters: int) -> None:
    """Train by scikit-learn's SGD: one against the rest, one point a step."""
    from sklearn.linear_model import SGDClassifier

    rng = np.random.default_rng(0)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=RATE)
    for _ in range(num_iters):
        batch = rng.integers(len(y), size=BATCH)
        model.partial_fit(X[batch], y[batch], classes=np.arange(C))


def installed(module: str) -> bool:
    """Return whether an optional package is installed."""
    return importlib.util.find_spec(module) is not None


def measure_losses(X: np.ndarray, y: np.ndarray) -> Iterator[Line]:
    """Measure the loss over the number of points, against products and frameworks."""
    rng = np.random.default_rng(1)
    W = (0.001 * rng.standard_normal((D, C))).astype(X.dtype)
    for num in (200, 500, 2_000, 10_000, len(y)):
        points, labels = X[:num], y[:num]
        dscores = rng.standard_normal((num, C)).astype(X.dtype)
        loss = functools.partial(softmax_loss_vectorized, W, points, labels, REG)
        best = race(
            1.5 if num <= 2_000 else 4,
            loss=loss,
            bare=functools.partial(bare_products, points, W, dscores),
            plain=functools.partial(plain_loss, W, points, labels, REG),
        )
        case = f"{X.dtype}, {num:,} points"
        yield line(f"loss / products ({case})", best["loss"] / best["bare"], "<=", 1.1)
        yield line(f"plain loss / loss ({case})", best["plain"] / best["loss"])
        if num > 2_000:
            continue
        # In a race of their own: a framework's copies of X push ours out of the cache.
        if installed("jax"):
            best = race(1, loss=loss, jax=jax_loss(W, points, labels))
            yield line(
                f"loss / JAX jit ({case})", best["loss"] / best["jax"], "<=", 1.2
            )
        if installed("torch"):
            best = race(1, loss=loss, torch=torch_loss(W, points, labels))
            yield line(f"PyTorch / loss ({case})", best["torch"] / best["loss"])


def measure_training(X: np.ndarray, y: np.ndarray, steps: int = 1500) -> Iterator[Line]:
    """Measure one training against its products and against other loops."""
    W, dscores = np.ones((D, C), np.float32), np.ones((BATCH, C), np.float32)
    X_batch, X_64 = X[:BATCH].copy(), X.astype(np.float64)
    W_64, dscores_64 = W.astype(np.float64), dscores.astype(np.float64)

    def products() -> None:
        for _ in range(steps):
            bare_products(X_batch, W, dscores)

    def gathers_and_products(X: np.ndarray, W: np.ndarray, dscores: np.ndarray) -> None:
        rng = np.random.default_rng(0)
        for _ in range(steps):
            bare_products(X[rng.integers(len(X), size=BATCH)], W, dscores)

    runners: dict[str, Callable[[], Any]] = {
        "products": products,
        "least32": lambda: gathers_and_products(X, W, dscores),
        "least64": lambda: gathers_and_products(X_64, W_64, dscores_64),
        "ours": lambda: Softmax().train(X, y, RATE, REG, steps, BATCH, rng=0),
        "plain64": lambda: plain_training(X_64, y, RATE, REG, steps),
        "plain32": lambda: plain_training(X, y, RATE, REG, steps),
    }
    if installed("torch"):
        runners["torch"] = lambda: torch_training(X, y, steps)
    best = race(12, **runners)
    ours = best["ours"]
    what = f"{steps:,} steps"
    yield line(f"training / its products ({what})", ours / best["products"], "<=", 1.6)
    yield line(
        f"plain float64 loop / training ({what})", best["plain64"] / ours, ">=", 2
    )
    # No loop can do with less than gathering its batches and these products.
    yield line("least of float64 / least of float32", best["least64"] / best["least32"])
    yield line(f"training / the least ({what})", ours / best["least32"])
    yield line(f"plain float32 loop / training ({what})", best["plain32"] / ours)
    if "torch" in best:
        yield line(
            f"PyTorch's loop / training ({what})", best["torch"] / ours, ">=", 2.5
        )
    if installed("sklearn"):
        short = race(
            2,
            ours=lambda: Softmax().train(X, y, RATE, REG, 50, BATCH, rng=0),
            sklearn=lambda: sklearn_training(X, y, 50),
        )
        yield line("scikit-learn's SGD / training", short["sklearn"] / short["ours"])

    few = 200
    best = race(
        10,
        nine=lambda: train_side_by_side(softmax_of_scores, GRID_9, X, y, few, BATCH, 0),
        plain64=functools.partial(plain_grid, X_64, y, few),
        plain32=functools.partial(plain_grid, X, y, few),
    )
    yield line("nine plain float64 / 3×3 grid", best["plain64"] / best["nine"], ">=", 4)
    yield line(
        "nine plain float32 / 3×3 grid", best["plain32"] / best["nine"], ">=", 2.5
    )
    best = race(
        8,
        nine=lambda: train_side_by_side(softmax_of_scores, GRID_9, X, y, 60, BATCH, 0),
        ninety=lambda: train_side_by_side(
            softmax_of_scores, GRID_90, X, y, 60, BATCH, 0
        ),
        bare9=lambda: grid_products(X_batch, len(GRID_9), 60),
        bare90=lambda: grid_products(X_batch, len(GRID_90), 60),
    )
    ratio = best["ninety"] / best["nine"]
    yield line("90 configurations / 9", ratio, "<=", 6)
    yield line("products of 90 / products of 9", best["bare90"] / best["bare9"])


def grid_products(X_batch: np.ndarray, num_models: int, steps: int) -> None:
    """Multiply as a grid of so many models must."""
    W = np.ones((D, num_models * C), X_batch.dtype)
    dscores = np.ones((BATCH, num_models * C), X_batch.dtype)
    for _ in range(steps):
        bare_products(X_batch, W, dscores)


def measure_prediction(X: np.ndarray) -> Iterator[Line]:
    """Measure the prediction of 10,000 images against its product."""
    model, points = Softmax(), X[:10_000]
    model.W = np.random.default_rng(2).standard_normal((D, C)).astype(X.dtype)
    best = race(3, ours=lambda: model.predict(points), bare=lambda: points @ model.W)
    what = f"prediction / its product ({X.dtype}, 10,000 images)"
    yield line(what, best["ours"] / best["bare"], "<=", 1.3)


def measure_loading() -> Iterator[Line]:
    """Measure the loading of CIFAR-10, where it is on disk."""
    if not (named := os.environ.get("SOFTMAX_LIB_DATA")):
        return
    files = [Path(named) / name for name in (*TRAIN_FILES, "test_batch")]

    def unpickle() -> list[Any]:
        return [pickle.loads(path.read_bytes(), encoding="bytes") for path in files]

    def unpickle_and_reorder() -> np.ndarray:
        images = np.empty((60_000, 32, 32, 3), dtype=np.uint8)
        for part, batch in enumerate(unpickle()):
            planes = batch[b"data"].reshape(-1, 3, 32, 32)
            for channel in range(3):
                images[part * 10_000 :][:10_000, ..., channel] = planes[:, channel]
        return images

    best = race(
        8,
        unpickle=unpickle,
        reorder=unpickle_and_reorder,
        load=lambda: load_CIFAR10(named),
    )
    ratio = best["load"] / best["unpickle"]
    yield line("loading / reading and unpickling", ratio, "<=", 1.5)
    ratio = best["reorder"] / best["unpickle"]
    yield line("reading, unpickling and pixel order / the first two", ratio)
    tracemalloc.start()
    arrays = load_CIFAR10(named)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    beyond = (peak - sum(array.nbytes for array in arrays)) / 1e6
    yield line("memory of loading beyond the images, MB", beyond, "<=", 250)


def measure_growth(X: np.ndarray, y: np.ndarray) -> dict[str, list[list[float]]]:
    """Measure seconds of the loss and of its products over N, D, C and K."""
    rng = np.random.default_rng(3)
    growth: dict[str, list[list[float]]] = {"N": [], "D": [], "C": [], "K": []}
    sizes = [("N", num, D, C) for num in (1, 10, 100, 1_000, 10_000, len(y))]
    sizes += [("D", 500, width, C) for width in (10, 30, 100, 300, 1_000, D)]
    sizes += [("C", 500, D, classes) for classes in (2, 10, 30, 100, 300, 1_000)]
    for name, num, width, classes in sizes:
        points = np.ascontiguousarray(X[:num, :width])
        W = rng.standard_normal((width, classes)).astype(X.dtype)
        dscores = rng.standard_normal((num, classes)).astype(X.dtype)
        labels = y[:num] % classes
        best = race(
            0.4,
            loss=functools.partial(softmax_loss_vectorized, W, points, labels, 0.0),
            bare=functools.partial(bare_products, points, W, dscores),
        )
        size = {"N": num, "D": width, "C": classes}[name]
        growth[name].append([size, best["loss"], best["bare"]])
    for K in (1, 3, 9, 30, 90):
        grid = GRID_90[:K]
        best = race(
            1,
            step=functools.partial(
                train_side_by_side, softmax_of_scores, grid, X, y, 20, BATCH, 0
            ),
            bare=functools.partial(grid_products, X[:BATCH], K, 20),
        )
        growth["K"].append([K, best["step"] / 20, best["bare"] / 20])
    return growth


def measure() -> dict[str, Any]:
    """Measure all of it with the threads that this process was given."""
    rng = np.random.default_rng(0)
    X = 60 * rng.standard_normal((49_000, D), dtype=np.float32)
    y = rng.integers(C, size=len(X))
    lines = [*measure_losses(X, y), *measure_training(X, y), *measure_prediction(X)]
    growth = measure_growth(X, y)
    X_64 = X.astype(np.float64)
    del X
    lines += [*measure_losses(X_64, y), *measure_prediction(X_64), *measure_loading()]
    return {"lines": lines, "growth": growth}


def measure_in_a_process(threads: int) -> dict[str, Any]:
    """Measure in a process of its own, whose libraries have so many threads."""
    variables = dict.fromkeys(THREAD_VARIABLES, str(threads))
    run = subprocess.run(
        [sys.executable, "-m", "tools.benchmarks.bench", "--threads", str(threads)],
        env={**os.environ, **variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(run.stdout)
    return result


def measure_chapters() -> Iterator[Line]:
    """Measure the peak memory of each chapter, in a kernel of its own."""
    import nbformat

    from tools.checker.chapters import CHAPTERS, chosen_data_set
    from tools.checker.record import run_cells

    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))  # one, as in `make test`
    for path in CHAPTERS:
        cells = nbformat.read(path, as_version=4).cells
        code = [cell for cell in cells if cell.cell_type == "code"]
        peak, _ = run_cells(code, path.parent, chosen_data_set())
        limit = FEATURES_LIMIT if path.stem == "13_features" else MEMORY_LIMIT
        yield line(f"peak memory of {path.stem}, GB", peak / 1e9, "<=", limit)


def machine() -> dict[str, Any]:
    """Return the machine and the packages that the table was measured with."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    names = [
        row.split(":")[1].strip() for row in text.splitlines() if "model name" in row
    ]
    versions = {}
    for module in ("numpy", "torch", "jax", "sklearn"):
        if installed(module):
            versions[module] = str(importlib.import_module(module).__version__)
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **versions,
    }


def print_table(runs: dict[str, list[Line]]) -> None:
    """Print what was measured, a line a ratio."""
    for name, lines in runs.items():
        print(f"\n{name}")
        for entry in lines:
            bound = f"{entry['sign']} {entry['bound']}" if entry["sign"] else ""
            verdict = {True: "met", False: "NOT MET", None: ""}[entry["met"]]
            print(f"  {entry['what']:58}{entry['value']:8.2f}  {bound:8} {verdict}")


def print_growth(growth: dict[str, list[list[float]]]) -> None:
    """Print how many times as long as its bare products each size takes."""
    print("\ngrowth: milliseconds, of the bare products, their ratio")
    for name, rows in growth.items():
        for size, ours, bare in rows:
            times = f"{1e3 * ours:10.3f}{1e3 * bare:10.3f}{ours / bare:8.2f}"
            print(f"  {name} = {size:<8,}{times}")


def write_plots(growth: dict[str, list[list[float]]]) -> None:
    """Draw the time over each size, with the line of the bare products beside it."""
    labels = {
        "N": "number of points N",
        "D": "number of features D",
        "C": "number of classes C",
        "K": "number of configurations K",
    }
    PLOTS.mkdir(parents=True, exist_ok=True)
    for name, rows in growth.items():
        sizes, ours, bare = (list(column) for column in zip(*rows, strict=True))
        figure = plot_lines(
            {"softmax_lib": (sizes, ours), "its bare products": (sizes, bare)},
            xlabel=f"{labels[name]} (log scale)",
            ylabel="seconds (log scale)",
            alt=f"Time over the {labels[name]}.",
            xscale="log",
            yscale="log",
        )
        (PLOTS / f"over_{name}.png").write_bytes(figure.png())


def main() -> int:
    """Measure, print, write; return 1 if a chapter needs too much memory."""
    parser = argparse.ArgumentParser(prog="python -m tools.benchmarks.bench")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    threads = parser.parse_args().threads
    if threads:
        if threads == 1 and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(json.dumps(measure()))
        return 0
    one = measure_in_a_process(1)
    many = measure_in_a_process(os.cpu_count() or 1)
    chapters = list(measure_chapters())
    runs = {
        "one thread": one["lines"],
        f"{os.cpu_count()} threads": many["lines"],
        "memory of the chapters": chapters,
    }
    print_table(runs)
    print_growth(one["growth"])
    write_plots(one["growth"])
    report = {"machine": machine(), "runs": runs, "growth": one["growth"]}
    RESULTS.write_text(json.dumps(rounded(report), indent=1) + "\n", encoding="utf-8")
    print(f"\nWritten: {RESULTS.relative_to(ROOT)}, {PLOTS.relative_to(ROOT)}/")
    too_much = [entry["what"] for entry in chapters if not entry["met"]]
    if too_much:
        print(f"Too much memory: {', '.join(too_much)}")
    return int(bool(too_much))


def rounded(value: Any) -> Any:
    """Return the report with three digits a number, which is what it is good for."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())

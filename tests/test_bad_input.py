"""Every public name and bad arguments: an error that names the argument, or the reason.

The arguments go through `validation`. `CALLS` has for each function a call that works
and the kind of each argument. `BAD` has for each kind what must raise an error. What is
accepted nevertheless is in `ACCEPTED`, each with the right result.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import softmax_lib
from softmax_lib import (
    classroom,
    data_utils,
    datasets,
    diagrams,
    estimator,
    evaluation,
    features,
    figure_data,
    gradient_check,
    linear_classifier,
    losses,
    parallel,
    plots,
    preprocessing,
    shapes10,
    solvers,
    source,
    streaming,
    submission,
    tables,
    tuning,
    widgets,
)

mpl.use("agg")
pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(6, 4)), RNG.normal(size=(4, 3))
y = np.array([0, 1, 2, 0, 1, 2])
ROWS = RNG.integers(256, size=(6, 12)).astype(np.uint8)
IMAGES = RNG.integers(256, size=(6, 16, 16, 3)).astype(np.uint8)
PATCHES = RNG.normal(size=(9, 12))
NAMES = ["cat", "dog", "frog"]
DICTIONARY = features.Dictionary(np.zeros(12), np.eye(12), PATCHES[:2])
TRIALS = [tuning.Trial(rate, 1.0, 0.4, 0.3) for rate in (0.1, 0.2)]


class Frame:
    """What is no array but becomes one, as a table of pandas is."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape = array.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """Return the array."""
        return np.array(self.array, dtype=dtype)


def with_entry(array: np.ndarray, entry: float) -> np.ndarray:
    """Return a copy of floats whose last entry is this one."""
    copy = array.astype(float)
    copy.flat[-1] = entry
    return copy


def no_numbers(good: np.ndarray) -> dict[str, Any]:
    """Return what holds no array of real numbers, whatever its shape."""
    return {
        "empty": good[:0],
        "scalar": 3,
        "None": None,
        "list": good.tolist(),
        "text": good.astype(str),
        "object": good.astype(object),
        "complex": good.astype(complex),
        "masked": np.ma.masked_array(good, mask=good == good.flat[0]),
        "frame": Frame(good),
    }


def numbers(good: np.ndarray) -> dict[str, Any]:
    """Return what is no array of finite real numbers of this shape."""
    matrix = {"matrix": np.matrix(good)} if good.ndim == 2 else {}
    entries = {"nan": with_entry(good, np.nan), "inf": with_entry(good, np.inf)}
    return {**no_numbers(good), **matrix, **entries, "shape": good[0]}


def floats(good: np.ndarray) -> dict[str, Any]:
    """Return what is no array of finite floats of this shape."""
    few = {"float16": good.astype(np.float16), "integers": good.astype(int)}
    return {**numbers(good), **few}


def any_floats(good: np.ndarray) -> dict[str, Any]:
    """Return what is no array of floats, finite or not."""
    bad = floats(good)
    del bad["nan"], bad["inf"]
    return bad


def labels(good: np.ndarray) -> dict[str, Any]:
    """Return what are no labels of as many points."""
    return {
        **no_numbers(good),
        "column": good[:, np.newaxis],
        "short": good[:-1],
        "long": np.append(good, 0),
        "negative": good - 1,
        "huge": with_entry(good, 10**9),
        "floats": good.astype(float),
        "nan": with_entry(good, np.nan),
        "matrix": np.matrix(good),
    }


def images(good: np.ndarray) -> dict[str, Any]:
    """Return what are no images of uint8."""
    return {
        **numbers(good),
        **{"float16": good.astype(np.float16), "floats": good / 255},
        **{"integers": good.astype(int), "channels": good[..., :2]},
    }


NO_NUMBER = {
    **{"None": None, "text": "1", "array": np.ones(2), "complex": 1j, "list": [1]},
    **{"truth": True, "no float": 10**400},  # 10**400 overflows
    "fraction": Fraction(1, 2),  # of which NumPy would make an array of objects
}
BAD: dict[str, Callable[[Any], dict[str, Any]]] = {
    "floats": floats,
    "any floats": any_floats,
    "numbers": lambda good: {**numbers(good), "huge": with_entry(good, 1e308)},
    "any numbers": no_numbers,
    "labels": labels,
    "images": images,
    "size": lambda _: {
        **NO_NUMBER,
        **{"0": 0, "-1": -1, "3.5": 3.5, "nan": np.nan},
        **{"10**10": 10**10, "10**18": 10**18},
    },
    "width": lambda good: {**BAD["size"](good), "10**9": 10**9},
    "positive": lambda _: {**NO_NUMBER, "0": 0.0, "-1": -1.0, "inf": np.inf},
    "not negative": lambda _: {**NO_NUMBER, "-1": -1.0, "inf": np.inf, "nan": np.nan},
    "sides": lambda _: {"empty": [], "negative": [-1.0], "text": ["a"], "None": [None]},
    "rng": lambda _: {
        **{"text": "seed", "-1": -1, "1.5": 1.5, "list": ["a"]},
        **{"truth": True, "numpy's truth": np.True_},
    },
    "dtype": lambda _: {"int": int, "bytes": np.uint8, "text": "real", "half": "f2"},
    "function": lambda _: {
        **{"None": None, "number": 3.0, "pair": lambda x: (square(x), x)},
        **{"array": lambda x: x * x, "nothing": lambda x: None},
    },
    "model": lambda _: {
        **{"None": None, "made": linear_classifier.Softmax(), "text": "a"},
        **{"another class": dict, "base": linear_classifier.LinearClassifier},
    },
    "loss": lambda _: {
        **{"None": None, "number": 3.0, "text": "softmax", "nothing": lambda *_: None},
        **{"no gradient": lambda *_: 1.0, "gradient": lambda W, *_: (1.0, W[:1])},
        **{"nan": lambda W, *_: (np.nan, W), "word": lambda W, *_: ("a", W)},
        **{
            "inf": lambda W, *_: (np.inf, W),
            "nan gradient": lambda W, *_: (1.0, W * np.nan),
        },
    },
    "schedule": lambda _: {
        **{"text": "a", "0": 0.0, "None": None, "nothing": lambda epochs: None},
        **{"text later": lambda epochs: "a" if epochs else 0.1},
        **{"negative later": lambda epochs: 0.1 - epochs},
    },
    "of scores": lambda _: {
        **{"None": None, "number": 3.0, "text": "softmax", "nothing": lambda *_: None},
        **{"losses": lambda s, _: s[:, 0], "matrices": lambda s, _: (s, s)},
        "words": lambda s, _: (s[:, 0].astype(str), s),
    },
    "task": lambda _: {"None": None, "number": 3.0, "text": "sum"},
    "truth": lambda _: {"text": "no", "None": None, "2": 2, "list": []},
    "text": lambda _: {"empty": "", "blank": " ", "None": None, "list": ["a"], "1": 1},
    "texts": lambda good: {
        **{"text": "abcdef"[: len(good)], "None": None, "number": 3},
        **{"numbers": list(range(len(good))), "none of it": [None] * len(good)},
    },
    "scale": lambda _: {"other": "logarithmic", "None": None, "list": ["log"]},
    "mapping": lambda good: {
        **{"items": list(good.items()), "list": list(good.values()), "None": None},
        **{"text": "ab", "empty": {}, "numbers": dict(enumerate(good.values()))},
        **{"of nothing": dict.fromkeys(good)},
    },
    "list": lambda _: {"text": "ab", "None": None, "3": 3, "set": {1}},
    "arrays": lambda good: {"text": "ab", "None": None, "3": 3, "one": good[0]},
    "executor": lambda _: {"None": None, "class": ThreadPoolExecutor, "2": 2},
    "pair": lambda _: {
        **{"None": None, "number": 2.0, "one": (2.0,), "three": (2.0, 2.0, 2.0)},
        **{"text": "ab", "zero": (1.0, 0.0), "nan": (1.0, np.nan)},
    },
    "pair of settings": lambda _: {
        **{"None": None, "number": 2.0, "one": (2.0,), "text": "a", "three": (1, 1, 1)},
    },
    "index": lambda _: {
        **{"None": None, "text": "00", "row": 0, "short": (0,), "long": (0, 0, 0)},
        **{"above": (6, 0), "below": (0, -9), "float": (0.0, 0), "truth": (True, 0)},
        "list": [0, 0],
    },
    "trials": lambda good: {
        **{"None": None, "text": "ab", "empty": [], "one": good[0]},
        **{"pairs": [(0.1, 0.1)], "twice": [*good, good[0]]},
        "diverged": [good[0]._replace(val_accuracy=np.nan)],
        "rate": [good[0]._replace(learning_rate=-1.0)],
        "words": [good[0]._replace(val_accuracy="a")],
    },
    "templates": lambda good: {
        **floats(good),
        "bias": np.vstack([good, good[:1]]),
    },
    "dictionary": lambda good: {
        **{"tuple": tuple(good), "None": None, "array": good.centroids, "text": "abc"},
        "centroids": good._replace(centroids=good.centroids[:, :3]),
        "mean": good._replace(mean=None),
        "nan": good._replace(whitening=with_entry(good.whitening, np.nan)),
    },
    "encode": lambda _: {
        **{"None": None, "text": "triangle", "nothing": lambda z: None},
        **{"column": lambda z: z[:, :1], "row": lambda z: z[0]},
        **{"words": lambda z: z.astype(str), "nan": lambda z: z * np.nan},
    },
    "weights": lambda good: {
        **numbers(good),
        **{"negative": good - 1, "sum": 2 * good},
    },
    "source": lambda _: {"built in": len, "None": None, "text": "len", "3": 3},
    "grid": lambda _: {
        **{"empty": [], "single": [(0.1,)], "three": [(0.1, 0.1, 0.1)]},
        **{"numbers": [0.1, 0.1], "uneven": [(0.1, 0.1), (0.1,)], "None": [None]},
    },
    "image shape": lambda _: {
        **{"None": None, "number": 4, "row": (4,), "text": "ab"},
        **{"empty": (0, 4), "fraction": (2.5, 2), "negative": (-2, -2)},
    },
    "rows": lambda good: {
        **{"None": None, "text": "ab", "row": good[0], "words": ["ab"]},
        **{"short": [("a",)], "word for number": [("a", [1])]},
    },
    "jobs": lambda good: {
        **BAD["list"](good),
        **{"nothing to call": [()], "no function": [(3, "ab")]},
    },
    "columns": lambda good: {
        **{"list": list(good), "None": None, "text": "ab", "empty": {}},
        **{"number": {"a": "", "n": 3}, "format": {"a": "", "n": ".2z"}},
    },
    "fraction": lambda _: {**NO_NUMBER, "-1": -1.0, "2": 2.0, "nan": np.nan},
}

MISTAKES = [classroom.Mistake("ada", "f", "right", "right")]
LOSS = {"W": (W, "floats"), "X": (X, "floats"), "y": (y, "labels")}
REG = {"reg": (0.1, "not negative")}
POSITIVE_REG = {"reg": (0.1, "positive")}
SCORES = {"scores": (X, "floats"), "y": (y, "labels")}
OF_SCORES = {"scores": (X, "any floats"), "y": (y, "labels")}
SEARCH = {
    "X_train": (X, "floats"),
    "y_train": (y, "labels"),
    "X_val": (X, "floats"),
    "y_val": (y, "labels"),
    "learning_rates": ([0.1], "sides"),
    "regs": ([0.1], "sides"),
    "num_iters": (2, "size"),
    "batch_size": (2, "size"),
    "rng": (0, "rng"),
    "model": (linear_classifier.Softmax, "model"),
    "verbose": (False, "truth"),
}
MEAN = {
    "rows": (ROWS, "numbers"),
    "mean": (ROWS.mean(axis=0), "numbers"),
    "dtype": (np.float32, "dtype"),
}
TRAIN = {
    "learning_rate": (0.1, "positive"),
    "reg": (0.1, "not negative"),
    "num_iters": (2, "size"),
    "batch_size": (2, "size"),
    "verbose": (False, "truth"),
    "rng": (0, "rng"),
}
STREAM = {"images": (ROWS, "numbers"), "labels": (y, "labels"), "chunk": (4, "size")}


def softmax_loss(*args: Any) -> Any:
    """Return the loss, for what takes one."""
    return losses.softmax_loss_vectorized(*args)


def mean_of(setting: int, array: np.ndarray) -> float:
    """Return a number, for what takes a task."""
    return setting * float(array.mean())


def square(x: np.ndarray) -> float:
    """Return a number, for what takes a function."""
    return float(np.sum(x * x))


def trained(**arguments: Any) -> Any:
    """Train a new classifier."""
    return linear_classifier.Softmax().train(**arguments)


def with_weights() -> linear_classifier.Softmax:
    """Return a trained classifier."""
    model = linear_classifier.Softmax()
    model.W = W.copy()
    return model


def predicted(X: Any) -> Any:
    """Predict with a trained classifier."""
    return with_weights().predict(X)


def streamed(**arguments: Any) -> Any:
    """Train a new classifier on a stream."""
    model = linear_classifier.Softmax()
    return streaming.train_on_stream(model, **arguments)


def in_threads(**arguments: Any) -> Any:
    """Search a grid in threads."""
    with ThreadPoolExecutor(1) as executor:
        return parallel.grid_search_parallel(executor, **arguments)


def drawn(function: Callable[..., Any], key: str, **rest: Any) -> Callable[..., Any]:
    """Return a function that draws one array out of a mapping."""
    return lambda **argument: function(**{key: {"a": argument[key]}}, **rest)


# For each name: what is called, and its arguments, each good and of a kind.
Arguments = dict[str, tuple[Any, str]]
CALLS: dict[str, tuple[Callable[..., Any], Arguments]] = {
    "losses.softmax_loss_naive": (losses.softmax_loss_naive, LOSS | REG),
    "losses.softmax_loss_vectorized": (losses.softmax_loss_vectorized, LOSS | REG),
    "losses.svm_loss_naive": (losses.svm_loss_naive, LOSS | REG),
    "losses.svm_loss_vectorized": (losses.svm_loss_vectorized, LOSS | REG),
    "losses.softmax_of_scores": (losses.softmax_of_scores, OF_SCORES),
    "losses.svm_of_scores": (losses.svm_of_scores, OF_SCORES),
    "losses.softmax": (
        losses.softmax,
        {"scores": (X, "floats"), "temperature": (2.0, "positive")},
    ),
    "preprocessing.images_to_rows": (
        preprocessing.images_to_rows,
        {"images": (IMAGES, "any numbers")},
    ),
    "preprocessing.mean_image": (
        preprocessing.mean_image,
        {"rows": (ROWS, "numbers")},
    ),
    "preprocessing.center": (preprocessing.center, MEAN),
    "preprocessing.center_with_bias": (preprocessing.center_with_bias, MEAN),
    "preprocessing.append_bias": (
        preprocessing.append_bias,
        {"X": (X, "any numbers")},
    ),
    "preprocessing.dev_subset": (
        preprocessing.dev_subset,
        {
            "X": (X, "any numbers"),
            "y": (y, "labels"),
            "num_dev": (3, "size"),
            "rng": (0, "rng"),
        },
    ),
    "preprocessing.gen_batches": (
        lambda **sizes: list(preprocessing.gen_batches(5, **sizes)),
        {"batch_size": (2, "size")},
    ),
    "datasets.prepare_images": (
        datasets.prepare_images,
        {
            "images": (IMAGES, "any numbers"),
            "labels": (y, "labels"),
            "num_validation": (1, "size"),
            "num_test": (1, "size"),
            "num_dev": (2, "size"),
            "rng": (0, "rng"),
            "dtype": (np.float32, "dtype"),
        },
    ),
    "shapes10.generate": (
        shapes10.generate,
        {"num_train": (10, "size"), "num_test": (10, "size")},
    ),
    "gradient_check.relative_error": (
        gradient_check.relative_error,
        {"a": (X, "any numbers"), "b": (X, "any numbers")},
    ),
    "gradient_check.eval_numerical_gradient": (
        gradient_check.eval_numerical_gradient,
        {"f": (square, "function"), "x": (X, "floats"), "h": (1e-5, "positive")},
    ),
    "gradient_check.grad_check_sparse": (
        gradient_check.grad_check_sparse,
        {
            "f": (square, "function"),
            "x": (X, "floats"),
            "analytic_grad": (2 * X, "any numbers"),
            "num_checks": (1, "size"),
            "h": (1e-5, "positive"),
            "rng": (0, "rng"),
        },
    ),
    "gradient_check.centered_difference": (
        gradient_check.centered_difference,
        {
            "f": (square, "task"),
            "x": (X, "floats"),
            "index": ((0, 0), "index"),
            "h": (1e-5, "positive"),
        },
    ),
    "linear_classifier.LinearClassifier": (predicted, {"X": (X, "floats")}),
    "linear_classifier.Softmax": (
        trained,
        {"X": (X, "floats"), "y": (y, "labels"), **TRAIN},
    ),
    "linear_classifier.accuracy": (
        linear_classifier.accuracy,
        {"y": (y, "labels"), "y_pred": (y, "labels")},
    ),
    "linear_classifier.confusion_matrix": (
        linear_classifier.confusion_matrix,
        {"y": (y, "labels"), "y_pred": (y, "labels"), "num_classes": (3, "width")},
    ),
    "tuning.grid_search": (tuning.grid_search, SEARCH),
    "tuning.grid_search_side_by_side": (tuning.grid_search_side_by_side, SEARCH),
    "parallel.grid_search_parallel": (in_threads, SEARCH),
    "tuning.train_side_by_side": (
        tuning.train_side_by_side,
        {
            "of_scores": (losses.softmax_of_scores, "of scores"),
            "seed": (0, "rng"),
            "grid": ([(0.1, 0.1)], "grid"),
            "X": (X, "floats"),
            "y": (y, "labels"),
            "num_iters": (2, "size"),
            "batch_size": (9, "size"),
        },
    ),
    "solvers.minimize_loss": (
        solvers.minimize_loss,
        {
            "loss": (softmax_loss, "loss"),
            "X": (X, "floats"),
            "y": (y, "labels"),
            **POSITIVE_REG,
            "moments": (X.T @ X, "floats"),
            "start": (W, "floats"),
            "max_iter": (2, "size"),
            "tolerance": (1e-6, "not negative"),
        },
    ),
    "solvers.certify": (
        solvers.certify,
        {"loss": (softmax_loss, "loss")} | LOSS | POSITIVE_REG,
    ),
    "solvers.second_moments": (solvers.second_moments, {"X": (X, "floats")}),
    "solvers.sgd": (
        lambda **rest: list(solvers.sgd(**rest)),
        {
            "loss": (softmax_loss, "loss"),
            "X": (X, "floats"),
            "y": (y, "labels"),
            "reg": (0.1, "not negative"),
            "learning_rate": (0.1, "schedule"),
            "num_epochs": (1, "size"),
            "batch_size": (2, "size"),
            "momentum": (0.5, "fraction"),
            "average": (False, "truth"),
            "rng": (0, "rng"),
        },
    ),
    "solvers.mirrored": (
        lambda loss, image_shape: solvers.minimize_loss(
            solvers.mirrored(loss, image_shape), X[:, [0, 1, 2, 3, 3]], y, 0.1
        ),
        {"loss": (softmax_loss, "loss"), "image_shape": ((2, 2), "image shape")},
    ),
    "solvers.mirror_of_columns": (
        solvers.mirror_of_columns,
        {"image_shape": ((2, 2, 3), "image shape")},
    ),
    "evaluation.wilson_interval": (
        evaluation.wilson_interval,
        {
            "num": (5, "size"),
            "num_correct": (4, "size"),
        },
    ),
    "evaluation.paired_difference": (
        evaluation.paired_difference,
        dict.fromkeys(("first", "second"), (RNG.random(6), "numbers")),
    ),
    "evaluation.mcnemar": (
        evaluation.mcnemar,
        dict.fromkeys(("y", "first", "second"), (y, "labels")),
    ),
    "evaluation.calibration": (
        evaluation.calibration,
        {
            "probabilities": (losses.softmax(X), "floats"),
            "y": (y, "labels"),
            "num_groups": (3, "size"),
        },
    ),
    "evaluation.fit_temperature": (evaluation.fit_temperature, SCORES),
    "features.hog_features": (
        lambda images: features.hog_features(images),
        {"images": (IMAGES, "images")},
    ),
    "features.hue_histograms": (
        lambda images, bins: features.hue_histograms(images, bins=bins),
        {"images": (IMAGES, "images"), "bins": (3, "width")},
    ),
    "features.sample_patches": (
        features.sample_patches,
        {
            "images": (IMAGES, "images"),
            "num_patches": (3, "size"),
            "size": (5, "size"),
            "rng": (0, "rng"),
        },
    ),
    "features.normalize_patches": (
        features.normalize_patches,
        {"patches": (PATCHES, "numbers")},
    ),
    "features.fit_whitening": (
        features.fit_whitening,
        {"patches": (PATCHES, "numbers"), "epsilon": (0.1, "not negative")},
    ),
    "features.kmeans": (
        features.kmeans,
        {"points": (PATCHES, "numbers"), "K": (2, "size")},
    ),
    "features.learn_dictionary": (
        features.learn_dictionary,
        {
            "images": (IMAGES, "images"),
            "K": (2, "size"),
            "num_patches": (9, "size"),
            "size": (5, "size"),
            "rng": (0, "rng"),
        },
    ),
    "features.distances": (
        features.distances,
        {"patches": (PATCHES, "numbers"), "dictionary": (DICTIONARY, "dictionary")},
    ),
    "features.triangle_encoding": (
        features.triangle_encoding,
        {"distances": (PATCHES, "numbers")},
    ),
    "features.patch_features": (
        lambda images, **rest: features.patch_features(images, **rest),
        {
            "images": (IMAGES, "images"),
            "dictionary": (DICTIONARY, "dictionary"),
            "encode": (features.triangle_encoding, "encode"),
            "stride": (2, "size"),
            "parts": (2, "size"),
        },
    ),
    "streaming.running_mean": (
        streaming.running_mean,
        {"images": (ROWS, "numbers"), "chunk": (4, "size")},
    ),
    "streaming.shuffled_batches": (
        lambda **rest: list(streaming.shuffled_batches(**rest)),
        {**STREAM, "batch_size": (2, "size"), "rng": (0, "rng")},
    ),
    "streaming.train_on_stream": (
        streamed,
        {
            **STREAM,
            "mean": (ROWS.mean(axis=0), "numbers"),
            "learning_rate": (1e-5, "positive"),
            "reg": (0.1, "not negative"),
            "num_epochs": (1, "size"),
            "batch_size": (2, "size"),
            "rng": (0, "rng"),
        },
    ),
    "streaming.augment": (
        lambda images: list(streaming.augment(images)),
        {"images": (IMAGES, "any numbers")},
    ),
    "plots.plot_images": (
        plots.plot_images,
        {
            "images": (IMAGES, "images"),
            "titles": (list("abcdef"), "texts"),
            "columns": (3, "width"),
        },
    ),
    "plots.plot_samples": (
        plots.plot_samples,
        {
            "images": (IMAGES, "images"),
            "labels": (y, "labels"),
            "class_names": (NAMES, "texts"),
            "samples_per_class": (2, "size"),
        },
    ),
    "plots.plot_bars": (
        drawn(plots.plot_bars, "panels", names=NAMES),
        {"panels": (W[0], "numbers")},
    ),
    "plots.plot_bars's names": (
        plots.plot_bars,
        {
            "panels": ({"a": W[0]}, "mapping"),
            "names": (NAMES, "texts"),
            "stacked": (False, "truth"),
        },
    ),
    "plots.plot_lines": (
        lambda lines: plots.plot_lines(
            {"a": ([1, 2], lines)}, xlabel="x", ylabel="y", alt="A line."
        ),
        {"lines": (np.array([3.0, 2.0]), "numbers")},
    ),
    "plots.plot_lines's names": (
        plots.plot_lines,
        {
            "lines": ({"a": ([1, 2], [3.0, 2.0])}, "mapping"),
            **dict.fromkeys(("xlabel", "ylabel", "alt"), ("a", "text")),
            **dict.fromkeys(("xscale", "yscale"), ("log", "scale")),
        },
    ),
    "plots.plot_step_size_errors": (
        lambda errors: plots.plot_step_size_errors([0.1, 0.2], {"a": errors}),
        {"errors": (np.array([3.0, 2.0]), "any numbers")},
    ),
    "plots.plot_step_size_errors's names": (
        plots.plot_step_size_errors,
        {"steps": ([0.1, 0.2], "sides"), "errors": ({"a": [1.0, 2.0]}, "mapping")},
    ),
    "plots.plot_loss_history's names": (
        plots.plot_loss_history,
        {"histories": ({"a": [1.0, 2.0]}, "mapping")},
    ),
    "plots.plot_grid_scatter": (
        plots.plot_grid_scatter,
        {"trials": (TRIALS, "trials")},
    ),
    "plots.plot_grid_heatmap": (
        plots.plot_grid_heatmap,
        {"trials": (TRIALS, "trials")},
    ),
    "plots.plot_loss_history": (
        drawn(plots.plot_loss_history, "histories"),
        {"histories": (np.array([3.0, 2.0]), "any numbers")},
    ),
    "diagrams.plot_descent's names": (
        diagrams.plot_descent,
        {"curvatures": ((2.0, 20.0), "pair"), "paths": ({"a": W[:, :2]}, "mapping")},
    ),
    "diagrams.plot_regions's names": (
        lambda weights: diagrams.plot_regions(weights, X[:, :3], y),
        {"weights": ({"a": W[:3]}, "mapping")},
    ),
    "diagrams.plot_shapes": (
        diagrams.plot_shapes,
        {
            "rows": ([["A", "=", "A"]], "list"),
            "shapes": ({"A": "ND"}, "mapping"),
            "lengths": ({"N": 1.0, "D": 2.0}, "mapping"),
        },
    ),
    "diagrams.plot_descent": (
        lambda paths: diagrams.plot_descent((2.0, 20.0), {"a": paths}),
        {"paths": (W[:, :2], "floats")},
    ),
    "plots.template_pictures": (
        plots.template_pictures,
        {"weights": (W, "templates"), "image_shape": ((2, 2), "image shape")},
    ),
    "plots.plot_templates": (
        plots.plot_templates,
        {
            "weights": (W, "templates"),
            "class_names": (NAMES, "texts"),
            "image_shape": ((2, 2), "image shape"),
        },
    ),
    "diagrams.plot_regions": (
        lambda **rest: diagrams.plot_regions({"a": W[:3]}, **rest),
        {"X": (X[:, :3], "floats"), "y": (y, "labels")},
    ),
    "plots.plot_confusion": (
        plots.plot_confusion,
        {
            "counts": (np.arange(9).reshape(3, 3), "numbers"),
            "class_names": (NAMES, "texts"),
        },
    ),
    "plots.plot_mistakes": (
        plots.plot_mistakes,
        {
            "class_names": (NAMES, "texts"),
            "images": (IMAGES, "images"),
            "labels": (y, "labels"),
            "probabilities": (losses.softmax(X[:, :3]), "floats"),
        },
    ),
    "plots.plot_patches": (
        drawn(plots.plot_patches, "patches", alt="Patches."),
        {"patches": (IMAGES, "numbers")},
    ),
    "plots.plot_patches's names": (
        plots.plot_patches,
        {
            "patches": ({"a": IMAGES}, "mapping"),
            "columns": (3, "width"),
            "alt": ("Patches.", "text"),
        },
    ),
    "widgets.sprite_sheet": (
        widgets.sprite_sheet,
        {"pictures": (IMAGES[np.newaxis], "images")},
    ),
    "widgets.live_figure": (
        lambda name: widgets.live_figure(name, a=1),
        {"name": ("softmax", "text")},
    ),
    "parallel.parallel_map": (
        lambda **rest: parallel.parallel_map(**rest),
        {
            "executor": (ThreadPoolExecutor(1), "executor"),
            "task": (mean_of, "task"),
            "settings": ([1, 2], "list"),
            "arrays": ([X], "arrays"),
            "report": (lambda *_: None, "task"),
        },
    ),
    "parallel.share_arrays": (
        lambda **rest: parallel.share_arrays(**rest).__enter__(),
        {"executor": (ThreadPoolExecutor(1), "executor"), "arrays": ([X], "arrays")},
    ),
    "parallel.run_jobs": (
        parallel.run_jobs,
        {
            "executor": (ThreadPoolExecutor(1), "executor"),
            "jobs": ([(len, "ab")], "jobs"),
            "numbers": ([0], "list"),
            "record": (lambda *_: None, "task"),
        },
    ),
    "estimator.weighted_loss": (
        estimator.weighted_loss,
        {**LOSS, "sample_weight": (np.full(6, 1 / 6), "weights"), **REG},
    ),
    "estimator.SoftmaxClassifier": (
        lambda **settings: estimator.SoftmaxClassifier(**settings).fit(X, y),
        {
            "reg": (0.1, "not negative"),
            "tol": (0.1, "not negative"),
            "max_iter": (9, "size"),
            "learning_rate": (0.1, "positive"),
        },
    ),
    "tables.Table": (
        tables.Table,
        {"rows": ([("a", 1.0)], "rows"), "columns": ({"": "", "n": ".1f"}, "columns")},
    ),
    "source.show_source": (source.show_source, {"function": (square, "source")}),
    "classroom.class_table": (classroom.class_table, {"rows": (MISTAKES, "list")}),
    "classroom.plot_mistake_counts": (
        classroom.plot_mistake_counts,
        {"table": (classroom.class_table(MISTAKES), "list")},
    ),
    "tuning.train_and_evaluate": (
        lambda **rest: tuning.train_and_evaluate(
            X_train=X, y_train=y, X_val=X, y_val=y, **rest
        ),
        {
            "pair": ((0.1, 0.1), "pair of settings"),
            **{key: SEARCH[key] for key in ("num_iters", "batch_size", "model")},
            "seed": (0, "rng"),
        },
    ),
}

# What takes no array and no size, or hands all of it to a function above.
WITHOUT = {
    *("datasets.CIFAR10Data", "datasets.Dataset", "datasets.data_notice"),
    *("datasets.load_CIFAR10", "datasets.load_dataset", "datasets.get_CIFAR10_data"),
    *("gradient_check.CheckedEntry", "linear_classifier.LinearSVM", "tuning.Trial"),
    *("tuning.GridResult", "tuning.Evaluation", "solvers.Optimum"),
    *("evaluation.Comparison", "evaluation.Calibration", "features.Dictionary"),
    *("widgets.LiveFigure", "figures.DescribedFigure", "figure_data.MIME_TYPE"),
    *("figure_data.figure_data", "classroom.Mistake", "classroom.check_class"),
    *("data_utils.load_CIFAR10", "submission.check_submission"),
    *("shapes10.CLASS_NAMES", "classifiers.LinearClassifier", "classifiers.LinearSVM"),
    "classifiers.Softmax",
}
OF_READERS = "exercises"  # what a reader hands in is reported: test_exercises.py

ROOMS = {module.name for module in pkgutil.iter_modules(softmax_lib.__path__)}


# What these take all the same, and rightly.
ACCEPTED: dict[tuple[str, str], set[str]] = {
    ("preprocessing.dev_subset", "y"): {  # copies labels of any kind
        *("text", "object", "complex", "negative", "huge", "floats", "nan"),
    },
    ("gradient_check.relative_error", "a"): {"list", "frame"},  # it takes array_like
    ("gradient_check.relative_error", "b"): {"list", "frame"},
    ("gradient_check.eval_numerical_gradient", "x"): {"shape"},  # any shape will do
    ("linear_classifier.accuracy", "y"): {"negative"},  # integers of any kind agree
    ("linear_classifier.accuracy", "y_pred"): {"negative"},
    ("evaluation.mcnemar", "y"): {"negative"},
    ("evaluation.mcnemar", "first"): {"negative"},
    ("evaluation.mcnemar", "second"): {"negative"},
    ("evaluation.wilson_interval", "num_correct"): {"0"},
    ("solvers.minimize_loss", "moments"): {"None"},
    ("solvers.minimize_loss", "start"): {"None"},
    ("plots.plot_bars", "panels"): {"list"},  # a sequence
    ("plots.plot_lines", "lines"): {"list"},
    ("plots.plot_step_size_errors", "errors"): {"list"},
    ("plots.plot_loss_history", "histories"): {"list"},
}

CASES = [(name, argument) for name, call in CALLS.items() for argument in call[1]]


def outcomes(name: str, argument: str) -> Iterator[tuple[str, str]]:
    """Call with each bad value of one argument; yield what came of it."""
    function, arguments = CALLS[name]
    good = {key: value for key, (value, _) in arguments.items()}
    for bad, value in BAD[arguments[argument][1]](good[argument]).items():
        try:
            function(**(good | {argument: value}))
        except (ValueError, TypeError) as error:
            told = str(error).replace("a seed (", "")  # what a generator may be
            said = re.search(rf"(?<!\w){singular(argument)}", told)
            yield bad, "named" if said else f"{type(error).__name__}: {error}"
        except Exception as error:
            yield bad, f"{type(error).__name__}: {error}"
        else:
            yield bad, "accepted"


def singular(argument: str) -> str:
    """Return how an error names an argument: a side of a grid by one number of it."""
    return f"{argument.removesuffix('s')}s?\\b"


def test_every_public_name_has_its_line() -> None:
    public = {
        f"{room}.{name}"
        for room in ROOMS
        if room not in ("__main__", OF_READERS)
        for name in getattr(
            importlib.import_module(f"softmax_lib.{room}"), "__all__", []
        )
    }
    assert public == {name.removesuffix("'s names") for name in CALLS} | WITHOUT


@pytest.mark.parametrize("name", CALLS)
def test_what_every_line_begins_with_is_accepted(name: str) -> None:
    function, arguments = CALLS[name]
    function(**{key: value for key, (value, _) in arguments.items()})


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_a_bad_argument_is_named(name: str, argument: str) -> None:
    allowed = ACCEPTED.get((name, argument), set())
    found = {bad: said for bad, said in outcomes(name, argument) if said != "named"}
    assert found == dict.fromkeys(allowed, "accepted")


@pytest.mark.parametrize("of_scores", [losses.softmax_of_scores, losses.svm_of_scores])
def test_a_nan_score_gives_its_point_a_nan_loss(of_scores: Any) -> None:
    found, _ = of_scores(with_entry(X, np.nan), y)
    assert np.isnan(found).tolist() == 5 * [False] + [True]


def test_a_class_that_is_ruled_out_has_no_probability() -> None:
    found, dscores = losses.softmax_of_scores(np.array([[0, 0, -np.inf]]), y[:1])
    assert found == np.log(2)
    assert dscores.tolist() == [[-0.5, 0.5, 0]]


def test_a_price_in_dollars_is_no_math() -> None:
    plots.plot_images(IMAGES[:2], ["5 $", "{ $ 5"])


def test_a_training_that_diverged_says_so_the_next_time() -> None:
    model = linear_classifier.Softmax()
    for message in ("overflows", "a training diverged; set W to None"):
        with pytest.raises(ValueError, match=message):
            model.train(X, y, 1e3, 1e3, num_iters=200, rng=0)
    model.W = None
    assert len(model.train(X, y, 0.1, 0.1, num_iters=3, rng=0)) == 3


def test_numbers_that_are_too_large_are_those_of_x() -> None:
    with pytest.raises(ValueError, match=r"the numbers in X must be smaller\.$"):
        solvers.minimize_loss(softmax_loss, X * 1e200, y, 0.1)
    with pytest.raises(ValueError, match=r"the numbers in X must be smaller\.$"):
        losses.softmax_loss_vectorized(W * 1e10, X * 1e306, y, 0.1)


def test_a_class_without_enough_pictures_is_told() -> None:
    alt = plots.plot_samples(IMAGES, y, [*NAMES, "bird"], samples_per_class=3).alt
    assert alt == (
        "At most 3 pictures of each of the 4 classes, one column a class: cat 2, dog "
        "2, frog 2, bird 0."
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: solvers.minimize_loss(
                softmax_loss, X, y, 0.1, moments=np.diag([1.0, 1.0, -9.0, 1.0])
            ),
            "moments must be those of second_moments",
        ),
        (
            lambda: plots.plot_confusion(np.diag([1, 2, -3]), NAMES),
            "counts must not be negative, but one is -3",
        ),
        (
            lambda: plots.plot_lines(
                {"a": ([1, 2], [0.0, 1.0])},
                **{"xlabel": "x", "ylabel": "y", "alt": "A line.", "yscale": "log"},
            ),
            r"lines\['a'\] must hold positive numbers on a logarithmic axis",
        ),
        (lambda: tuning.grid_search(X, y, X, y, learning_rates=1, regs=[1]), "rates"),
        (lambda: tuning.grid_search(X, y, X, y, learning_rates=[1], regs="1"), "regs"),
        (
            lambda: solvers.minimize_loss(softmax_loss, X, y, 0.1, start=W[:, :2]),
            "start must have one row for each column of X and one column for each",
        ),
        (lambda: solvers.mirrored("softmax"), "loss must be a function"),
        (
            lambda: evaluation.calibration(np.full((6, 3), 0.3), y),
            r"probabilities must add up to 1 in each row, but the sums are from 0\.9",
        ),
        (
            lambda: datasets.prepare_images(IMAGES, y, 1, 6, 1),
            "num_test must be from 1 to 4",
        ),
        (
            lambda: datasets.prepare_images(IMAGES[:2], y[:2], 1, 1, 1),
            "num_test is 1, but there are no images left for it",
        ),
        (
            lambda: plots.plot_loss_history({"a": [2.3, 0.0]}),
            r"histories\['a'\] must hold positive numbers",
        ),
        (
            lambda: plots.plot_step_size_errors([0.1, 0.0], {"a": [1.0, 1.0]}),
            r"steps and errors\['a'\] must hold positive numbers",
        ),
        (
            lambda: streaming.train_on_stream(
                linear_classifier.Softmax, ROWS, y, ROWS.mean(axis=0), 0.1, 0.1
            ),
            "model must be a LinearClassifier",
        ),
        (
            lambda: parallel.parallel_map(None, len, [1], []),
            "executor must have a method submit",
        ),
        (
            lambda: plots.plot_images(IMAGES, "abcdef"),
            "titles must hold one for each of the 6 images, but it is a str",
        ),
        (
            lambda: plots.plot_bars({"a": [[1], [2]]}, ["a", "b"]),
            r"panels must hold sequences of 2 values, .* \[\(2, 1\)\]",
        ),
        (
            lambda: plots.template_pictures(np.ones((8, 2)), (2, 2, 2)),
            "image_shape must have one channel or three",
        ),
        (
            lambda: diagrams.plot_regions({"a": W[:3, :2]}, X[:, :3], y),
            "y must hold class indices from 0 to 1, but it holds 2",
        ),
        (
            lambda: diagrams.plot_regions({"a": np.ones((3, 8))}, X[:, :3], y),
            "weights must have at most 6 columns",
        ),
        (
            lambda: features.patch_features(
                IMAGES, features.Dictionary(np.zeros(10), np.eye(10), np.ones((2, 10)))
            ),
            "dictionary must be one of square patches",
        ),
        (
            lambda: features.fit_whitening(np.ones((3, 2)), 0.0),
            "epsilon must be positive for patches that do not vary",
        ),
        (
            lambda: gradient_check.relative_error([[1, 2], [3]], [[1, 2], [3]]),
            "a must hold sequences of one length",
        ),
        (
            lambda: solvers.mirrored(softmax_loss, (1, 2))(W, X, y, 0.1),
            "W must have one row for each number of an image of image_shape",
        ),
        (
            lambda: estimator.SoftmaxClassifier().partial_fit(X, y, classes="abc"),
            "classes must be a sequence",
        ),
        (
            lambda: with_weights().step(X, y, np.nan, 0.1),
            "learning_rate must be a positive number",
        ),
        (lambda: widgets.live_figure("a", b={1: 2}), "the keys .* in data must hold"),
        (lambda: figure_data.figure_data(None), "figure must be a Figure"),
        (lambda: classroom.check_class(None), "folder must be a path"),
        (lambda: data_utils.load_CIFAR10(3), "directory must be a path"),
        (lambda: submission.check_submission(3), "path must be a path"),
        (
            lambda: submission.check_submission("a.py", "no"),
            "as_json must be True or False, but it is 'no'",
        ),
        (
            lambda: source.show_source(len),
            "function must be .* defined in a file of Python, but it is <built-in",
        ),
        (
            lambda: losses.softmax_loss_vectorized(W, X, y, True),
            "reg must be a number, but it is a bool",
        ),
        (
            lambda: next(preprocessing.gen_batches(5, 10**30)),
            "batch_size must be at most",
        ),
        (lambda: widgets.live_figure("a", b={1}), "data must hold .* it holds a set"),
        (lambda: widgets.live_figure("a", b=[10**400]), "data must hold numbers below"),
        (
            lambda: plots.plot_images(IMAGES[:1], [r"$\frac{$"]),
            r"a text in a figure must be math .* but one is '\$\\\\frac\{\$'",
        ),
        (
            lambda: features.kmeans(np.zeros((5, 2)), 2),
            "points must hold at least K = 2 different ones",
        ),
        (
            lambda: diagrams.plot_descent((1.0,), {"a": np.zeros((2, 2))}),
            "curvatures must be a pair, but it holds 1",
        ),
        (
            lambda: plots.plot_grid_scatter([tuning.Trial(1.0, 1.0, np.nan, 0.5)]),
            "trials must hold at least one trial with a train_accuracy",
        ),
    ],
)
def test_what_no_kind_covers_is_named_too(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_numbers_near_the_largest_have_a_relative_error() -> None:
    assert gradient_check.relative_error(1e308, -1e308) == 1
    assert gradient_check.relative_error(5e-324, 0.0) == 1
    assert np.isnan(gradient_check.relative_error(np.inf, 1.0))


def test_a_confusion_matrix_without_a_mistake_says_so() -> None:
    for names, counts in (["cat"], [[3]]), (NAMES, np.diag([1, 2, 3])):
        alt = plots.plot_confusion(np.array(counts), names).alt
        assert alt.endswith("on the diagonal; there is no mistake.")


def test_the_name_of_a_live_figure_is_escaped() -> None:
    html = widgets.live_figure('a" onload="b', c=1)._repr_html_()
    assert 'data-figure="a&quot; onload=&quot;b"' in html

import doctest
import importlib
import inspect
import pkgutil
from typing import Any

import pytest

import softmax_lib
from softmax_lib.datasets import get_CIFAR10_data
from softmax_lib.features import learn_dictionary, sample_patches
from softmax_lib.gradient_check import grad_check_sparse
from softmax_lib.linear_classifier import Softmax
from softmax_lib.preprocessing import dev_subset
from softmax_lib.solvers import sgd
from softmax_lib.streaming import train_on_stream
from softmax_lib.tuning import grid_search

MODULES = [
    module.name
    for module in pkgutil.walk_packages(softmax_lib.__path__, "softmax_lib.")
]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_of_a_docstring_prints_what_it_says(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_modules_that_a_chapter_teaches_have_examples() -> None:
    finder = doctest.DocTestFinder()
    for name in ("preprocessing", "losses", "gradient_check", "linear_classifier"):
        module = importlib.import_module(f"softmax_lib.{name}")
        assert any(found.examples for found in finder.find(module))


@pytest.mark.parametrize(
    "draws",
    [
        *(dev_subset, get_CIFAR10_data, grad_check_sparse, Softmax.train, grid_search),
        *(sgd, sample_patches, learn_dictionary, train_on_stream),
    ],
)
def test_what_draws_takes_a_seed_and_has_none_of_its_own(draws: Any) -> None:
    assert inspect.signature(draws).parameters["rng"].default is None

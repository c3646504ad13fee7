import doctest
import importlib
import pkgutil

import pytest

import softmax_lib

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

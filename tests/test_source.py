import ast
import html
import inspect
import re

import numpy as np

from softmax_lib import losses
from softmax_lib.linear_classifier import LinearClassifier
from softmax_lib.losses import softmax_loss_naive, softmax_loss_vectorized
from softmax_lib.source import show_source


def test_what_is_shown_is_the_code_without_the_docstring() -> None:
    shown = show_source(softmax_loss_vectorized)
    assert softmax_loss_vectorized.__doc__.splitlines()[0] not in shown
    assert '"""' not in shown
    whole = ast.parse(inspect.getsource(softmax_loss_vectorized))
    del whole.body[0].body[0]
    assert ast.dump(ast.parse(shown)) == ast.dump(whole)


def test_comments_stay() -> None:
    assert "scores -= scores.max()  # exp never sees" in show_source(softmax_loss_naive)


def test_what_is_shown_runs_as_the_original_does() -> None:
    names = dict(vars(losses))
    exec(show_source(softmax_loss_vectorized), names)
    arguments = np.ones((2, 3)), np.ones((4, 2)), np.array([0, 1, 2, 0]), 0.5
    loss, dW = names["softmax_loss_vectorized"](*arguments)
    expected = softmax_loss_vectorized(*arguments)
    assert loss == expected[0]
    np.testing.assert_array_equal(dW, expected[1])


def test_a_class_is_shown_without_any_of_its_docstrings() -> None:
    shown = show_source(LinearClassifier)
    assert '"""' not in shown
    assert shown.startswith("class LinearClassifier:")
    assert "    def predict(self, X: np.ndarray) -> np.ndarray:" in shown


def test_a_method_is_shown_from_the_margin() -> None:
    shown = show_source(LinearClassifier.predict)
    assert shown.splitlines()[-1] == "    return classes"


def test_a_function_without_a_docstring_is_shown_whole() -> None:
    def double(x: int) -> int:
        return 2 * x

    assert double(2) == 4
    assert show_source(double) == "def double(x: int) -> int:\n    return 2 * x"


def test_a_notebook_is_given_the_code_with_its_syntax_coloured() -> None:
    shown = show_source(softmax_loss_naive)
    block = shown._repr_html_()
    assert block.startswith('<div class="highlight"><pre>')
    assert '<span class="k">for</span>' in block
    assert "<code" not in block
    text = html.unescape(re.sub("<[^>]+>", "", block))
    assert text.strip() == shown


def test_a_prompt_is_given_the_lines() -> None:
    shown = show_source(softmax_loss_naive)
    assert repr(shown) == str(shown)

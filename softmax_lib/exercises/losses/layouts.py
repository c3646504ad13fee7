"""Functions that want W or X transposed, as other years of the course have them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from softmax_lib.exercises.errors import is_of_shapes
from softmax_lib.exercises.losses.inputs import ORDINARY, Input
from softmax_lib.exercises.losses.outputs import LossFunction, Output, as_numbers, call
from softmax_lib.exercises.mistakes import Mistake, catalogue
from softmax_lib.exercises.sandbox import Trouble

__all__ = ["LAYOUTS", "find_layout", "turn_square_gradients", "turned"]

LATER = "NameError|UnboundLocalError"  # once all shapes have been right
HERE = "here W is (D, C) and X is (N, D), one point per row"

MISTAKES = catalogue(
    other_orientation=Mistake(
        f"The function takes W as (C, D) and X as (D, N), one point per column; {HERE}",
        "The check has transposed both arrays for you.",
        is_remark=True,
    ),
    W_turned=Mistake(
        f"The function takes W as (C, D), one class per row; {HERE}",
        "The check has transposed W for you.",
        is_remark=True,
    ),
    X_turned=Mistake(
        f"The function takes X as (D, N), one point per column; {HERE}",
        "The check has transposed X for you.",
        is_remark=True,
    ),
)
# By what is transposed; that W and X are is the convention of other years.
LAYOUTS = dict(zip(("WX", "W", "X"), MISTAKES, strict=True))


def turned(function: LossFunction, layout: str) -> LossFunction:
    """Return the function of arrays in our layout that this one is in its own."""

    def ours(W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float) -> Any:
        returned = function(
            W.T if "W" in layout else W, X.T if "X" in layout else X, y, reg
        )
        if "W" not in layout:
            return returned
        if isinstance(returned, tuple | list):
            return tuple(map(turned_back(W), returned))
        return turned_back(W)(returned)

    return ours


def turned_back(W: np.ndarray) -> Callable[[Any], Any]:
    """Transpose what has the shape of the turned weights."""

    def turn(value: Any) -> Any:
        numbers = as_numbers(value)
        is_gradient = numbers is not None and numbers.shape == W.T.shape
        return np.asarray(value).T if is_gradient else value

    return turn


def find_layout(function: LossFunction) -> str:
    """Return what must be transposed so that the function runs, or ""."""
    oblong = ORDINARY[2:4]
    first = getattr(getattr(function, "__code__", None), "co_firstlineno", 0)

    def runs(function: LossFunction) -> bool:
        outputs = [call(function, given) for given in oblong]
        return all(output.loss is not None for output in outputs) and all(
            output.gradient is not None for output in outputs
        )

    def stops_late(function: LossFunction) -> bool:
        troubles = [call(function, given).trouble for given in oblong]
        return all(each and re.match(LATER, each.text) for each in troubles)

    def stops_later(
        turned: LossFunction, is_allowed: Callable[[Trouble], bool]
    ) -> bool:
        for given in oblong:
            ours, theirs = (call(f, given).trouble for f in (function, turned))
            if ours is None or not is_of_shapes(ours):
                return False
            if theirs is None and is_allowed is is_of_shapes:
                continue
            if theirs is None or not is_allowed(theirs):
                return False
            if not first <= (ours.number or 0) < (theirs.number or 0):
                return False
        return True

    if not all(call(function, given).trouble for given in oblong):
        return ""
    if stops_late(function):  # before any shape could be wrong
        return ""
    for is_fit in (runs, stops_late, lambda f: stops_later(f, is_of_another)):
        for layout in LAYOUTS:
            if is_fit(turned(function, layout)):
                return layout
    # A shape that does not fit either way is one of the other years' only if it is
    # reached in their layout: to turn W or X alone is no layout of any year.
    return "WX" if stops_later(turned(function, "WX"), is_of_shapes) else ""


def is_of_another(trouble: Trouble) -> bool:
    """Whether something else than shapes stopped the code."""
    return not is_of_shapes(trouble)


def turn_square_gradients(outputs: Mapping[Input, Output]) -> Mapping[Input, Output]:
    """Transpose the square gradients, too, where all others come transposed."""
    if not all(
        "gradient_transposed" in output.forms
        for given, output in outputs.items()
        if given.W.shape != given.W.T.shape and output.trouble is None
    ):
        return outputs
    square = {
        given: output._replace(gradient=output.gradient.T)
        for given, output in outputs.items()
        if given.W.shape == given.W.T.shape and output.gradient is not None
    }
    return {**outputs, **square}

"""Counting how much Python runs, which distinguishes loops from array operations.

The count is of lines and calls as they run, so it sees a list comprehension, ``map``
over a function, ``np.vectorize`` and ``np.apply_along_axis`` as the loops they are.
"""

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

from softmax_lib.exercises.losses.inputs import HAND, draw_input
from softmax_lib.exercises.losses.outputs import LossFunction, call
from softmax_lib.exercises.sandbox import Trouble, is_library

SMALL, LARGE = 6, 30
MOST_LINES = 5_000
# NumPy's own lines for each argument, as in np.vstack, and for each number printed.
LOOKS_AT_EACH = ("core.shape_base", "core.arrayprint")
SIZES = {"loops_over_points": 0, "loops_over_classes": 2, "loops_over_features": 1}


def lines_run(function: Callable[..., Any], *args: Any) -> Counter[tuple[str, int]]:
    """Count how often a call runs each line of Python, by its file and number."""
    counts: Counter[tuple[str, int]] = Counter()

    def tracer(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_globals.get("__name__", "").endswith(LOOKS_AT_EACH):
            return None
        if frame.f_code.co_name.endswith("_dispatcher"):
            return None  # NumPy looks at each argument, as in np.choose
        counts[frame.f_code.co_filename, frame.f_lineno] += 1
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        function(*args)
    finally:
        sys.settrace(before)
    return counts


class TooManyLines(BaseException):
    """What a function is stopped by that runs far more lines than a loss needs."""


def never_ends(function: LossFunction) -> Trouble | None:
    """Return the trouble of a function that runs too many lines for two points.

    The three loops of a loss run a hundred there, and its numerical gradient a
    thousand.
    """
    count = 0

    def tracer(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if is_library(frame.f_code.co_filename):
            return None
        count += 1
        if count > MOST_LINES:
            raise TooManyLines
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        trouble = call(function, HAND).trouble
    finally:
        sys.settrace(before)
    if trouble is None or not trouble.text.startswith(TooManyLines.__name__):
        return None
    text = f"for two points it had run {MOST_LINES:,} lines of Python, and went on"
    return trouble._replace(kind="time", text=text)


def find_loops(function: LossFunction) -> list[str]:
    """Return the names of the mistakes for what a loss loops over in Python."""
    found = []
    lines_for(function, [SMALL, SMALL, SMALL])  # what only the first call does
    for name, axis in SIZES.items():
        few = lines_for(function, [SMALL, SMALL, SMALL])
        sizes = [SMALL, SMALL, SMALL]
        sizes[axis] = LARGE
        if lines_for(function, sizes) - few >= LARGE - SMALL:
            found.append(name)
    return found


def lines_for(function: LossFunction, sizes: list[int]) -> int:
    """Count the lines that a loss runs for N, D and C."""
    N, D, C = sizes
    given = draw_input("", N, D, C, [i * i % C for i in range(N)], 0.1)
    return lines_run(function, given.W, given.X, given.y, given.reg).total()

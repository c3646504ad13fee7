"""First phase: call the reader's function with all inputs, and keep what it returns."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import CodeType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from softmax_lib.exercises.losses.amend import (
    Amendment,
    amended,
    amendment_of,
)
from softmax_lib.exercises.losses.exercise import SOFTMAX, SVM, LossCheck
from softmax_lib.exercises.losses.forms import is_zero
from softmax_lib.exercises.losses.inputs import (
    EXTREME,
    HAND,
    HAND_REG,
    IMAGES,
    ORDINARY,
    SINGLE,
    SMALLEST,
    TIES,
    UNLIKE_FIRST,
    UNPENALIZED,
    Input,
)
from softmax_lib.exercises.losses.instrument import Site, frozen, parts_without, watch
from softmax_lib.exercises.losses.layouts import find_layout, turned
from softmax_lib.exercises.losses.loop_detection import find_loops, never_ends
from softmax_lib.exercises.losses.outputs import LossFunction, Output, call
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.sandbox import Trouble, attempt, run
from softmax_lib.exercises.search import Result

NAMED = [*ORDINARY, *EXTREME, *SMALLEST]
INPUTS = [*NAMED, SINGLE, IMAGES, TIES, *UNPENALIZED.values()]


class Stop(NamedTuple):
    """How a call ended that did not return, and for which input."""

    trouble: Trouble
    where: str


class Made(NamedTuple):
    """An array that a reader's line has made."""

    name: str
    shape: tuple[int, ...]
    line: int
    fixed: int = 0  # a length that it has for all inputs, or 0


class Traits(NamedTuple):
    """What is asked of a function besides its outputs."""

    repeated: Output  # once more for the input `HAND_REG`
    own_gradient: np.ndarray | None  # numerical, of the reader's own loss
    loops: Sequence[str] = ()  # names of mistakes
    line_of_pairs: int | None = None  # where it makes an (N, N) array
    made: Sequence[Made] = ()  # before it stops
    takes_extreme: bool = True  # whether its source has a maximum or a minimum


class Answers(NamedTuple):
    """All that a function returned."""

    outputs: Mapping[Input, Output]
    traits: Traits
    layout: str = ""  # which of W and X were handed in transposed
    without: tuple[int, ...] = ()  # lines that stop it, and so were taken out
    parts: tuple[str, ...] = PARTS  # what does not depend on these lines
    amendment: Amendment | None = None  # what was replaced in the function
    rest: "Answers | None" = None  # without these lines, or with this replaced

    def results(self, part: str, inputs: Sequence[Input]) -> dict[Input, Result]:
        """Return the loss, or the gradient, for each of the inputs."""
        return {given: self.outputs[given].part(part) for given in inputs}


def ask(function: LossFunction, check: LossCheck) -> Answers | Stop:
    """Call a function for all that a check asks, in the sandbox."""
    outcome = run(examine, function, check.without_loops)
    if outcome.items and isinstance(outcome.items[0], Trouble):
        return Stop(outcome.items[0], f"for {HAND.name}")
    if outcome.trouble is None:
        return mended(function, check, collect(outcome.items))
    reached = max(len(outcome.items) - 1, 0)
    names = [given.name for given in NAMED]
    where = f"for {names[reached]}" if reached < len(names) else "after the examples"
    return Stop(outcome.trouble, where)


def mended(function: LossFunction, check: LossCheck, answers: Answers) -> Answers:
    """Add what a function returns with one thing replaced, if it returns nothing."""
    outputs = [answers.outputs[given] for given in UNLIKE_FIRST]
    stop = next((each.trouble for each in outputs if each.trouble), None)
    is_empty = all(is_zero(each.gradient) for each in outputs)
    if stop is None and not (is_empty and "gradient" in check.parts):
        return answers
    asked = (check.has_kinks, check.parts, answers.layout, stop)
    items = run(examine_mended, function, *asked).items
    if len(items) < len(INPUTS) + 3:
        return answers
    rest = collect(items[1:])._replace(amendment=items[0])
    return answers._replace(rest=rest)


def examine_mended(
    function: LossFunction,
    has_kinks: bool,
    parts: Sequence[str],
    layout: str,
    stop: Trouble | None,
) -> Iterator[Any]:
    """Yield what is replaced in a function, and what it returns then."""
    exercise = SVM if has_kinks else SOFTMAX
    asked = (function, exercise, parts, layout, stop)
    amendment = usable(attempt(amendment_of, *asked))
    if amendment is not None:
        yield amendment
        yield from examine_all(amended(function, amendment) or function, False)


def examine(function: LossFunction, without_loops: bool) -> Iterator[Any]:
    """Yield the layout, the output for each input, then the traits.

    If it stops, the same follows for the function without the lines that stop. If it
    does not end, nothing but this is yielded.
    """
    if trouble := never_ends(function):
        yield trouble
        return
    items: list[Any] = []
    for item in examine_all(function, without_loops):
        items.append(item)
        yield item
    outputs = dict(zip(INPUTS, items[1 : len(INPUTS) + 1], strict=True))
    troubles = [each.trouble for each in outputs.values() if each.trouble is not None]
    if troubles:
        yield from examine_rest(function)


def examine_rest(function: LossFunction) -> Iterator[Any]:
    """Yield the lines that stop, what does not depend on them, and its outputs."""
    lines: list[int] = []
    shortened = function
    for _ in range(5):
        layout = find_layout(shortened)
        here = turned(shortened, layout) if layout else shortened
        troubles = [call(here, given).trouble for given in ORDINARY]
        trouble = next(filter(None, troubles), None)
        if trouble is None:
            break
        if trouble.number is None or trouble.number in lines:
            return
        lines.append(trouble.number)
        watched = watch(function, lines)
        if watched is None:
            return
        shortened = watched.function
    else:
        return
    places = parts_without(function, lines)
    if lines and places:
        yield tuple(lines), tuple(PARTS[k] for k in places if k < len(PARTS))
        yield from examine_all(shortened, False)


def examine_all(
    function: LossFunction, without_loops: bool
) -> Iterator[str | Output | Traits]:
    """Yield the layout, the output for each input, then the traits."""
    layout = find_layout(function)
    yield layout
    plain = function
    if layout:
        function = turned(function, layout)
    stops = False
    for given in INPUTS:
        output = without_changes(plain, layout, given, call(function, given))
        stops = stops or output.trouble is not None
        yield output
    traits = Traits(
        without_changes(plain, layout, HAND_REG, call(function, HAND_REG)),
        usable(attempt(own_gradient, function, HAND_REG)),
        line_of_pairs=usable(attempt(line_of_pairs, plain, layout)),
        made=(usable(attempt(arrays_made, plain, layout)) or ()) if stops else (),
        takes_extreme=takes_extreme(plain),
    )
    if without_loops:
        traits = traits._replace(loops=usable(attempt(find_loops, function)) or ())
    yield traits


def without_changes(
    function: LossFunction, layout: str, given: Input, output: Output
) -> Output:
    """Return the results as they are if no argument is changed on the way to them."""
    if not any(form.startswith("changes") for form in output.forms):
        return output
    careful = frozen(function)
    if careful is None:
        return output
    again = call(turned(careful, layout) if layout else careful, given)
    if again.trouble is not None:
        return output
    return output._replace(loss=again.loss, gradient=again.gradient)


def usable(value: Any) -> Any:
    """Return a value, or None in place of a trouble."""
    return None if isinstance(value, Trouble) else value


def collect(items: Sequence[Any]) -> Answers:
    """Put what `examine` yielded in order."""
    count = len(INPUTS)
    layout, outputs, traits = items[0], items[1 : count + 1], items[count + 1]
    answers = Answers(dict(zip(INPUTS, outputs, strict=True)), traits, layout)
    if len(items) == count + 2:
        return answers
    lines, parts = items[count + 2]
    rest = collect(items[count + 3 :])._replace(without=lines, parts=parts)
    return answers._replace(rest=rest)


class Shaped(np.ndarray):
    """An array that has `notice` look at each array made from it."""

    notice: ClassVar[Callable[[tuple[int, ...]], None]] = staticmethod(
        lambda shape: None
    )

    def __array_finalize__(self, _: Any) -> None:
        """Have the new array looked at."""
        type(self).notice(self.shape)


def line_of_pairs(function: LossFunction, layout: str) -> int | None:
    """Return the line that makes an array with an entry for each pair of points."""
    given = ORDINARY[-1]  # N, D and C differ
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    lines: list[int] = []

    def notice(shape: tuple[int, ...]) -> None:
        frame: Any = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != file:
            frame = frame.f_back
        if shape == (len(given.y),) * 2 and frame is not None:
            lines.append(frame.f_lineno)

    Shaped.notice = staticmethod(notice)
    arrays = (array.copy().view(Shaped) for array in (given.W, given.X, given.y))
    (turned(function, layout) if layout else function)(*arrays, given.reg)
    return lines[0] if lines else None


def takes_extreme(function: LossFunction) -> bool:
    """Whether a function, or one that it calls, may take a maximum or a minimum."""
    plain = inspect.unwrap(getattr(function, "__func__", function))
    if not inspect.isfunction(plain):
        return True
    called = [plain.__globals__.get(name) for name in plain.__code__.co_names]
    codes = [x.__code__ for x in (plain, *called) if inspect.isfunction(x)]
    names = " ".join(name for code in codes for name in names_used(code))
    words = re.sub("softmax|argmax", "", names, flags=re.IGNORECASE)
    return re.search("max|min|sort", words, re.IGNORECASE) is not None


def names_used(code: CodeType) -> Iterator[str]:
    """Yield the functions and attributes that code and the code in it may use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_used(constant)


def arrays_made(function: LossFunction, layout: str) -> list[Made]:
    """Return the arrays that there are when the function stops, the oldest first."""
    made: dict[str, Made] = {}
    watched = watch(function)
    if watched is None:
        return []

    def notice(site: Site, before: Any, after: Any, index: list[int]) -> Any:
        shape, line = np.shape(after), site.line
        if shape and (site.name not in made or made[site.name].shape != shape):
            made[site.name] = Made(site.name, shape, line)
        return after

    watched.on_change = notice
    again = turned(watched.function, layout) if layout else watched.function
    runs = []
    for given in UNLIKE_FIRST:  # as in the error that is shown
        made.clear()
        stops = call(again, given).trouble is not None
        runs.append({x.name: x for x in made.values() if stops})
    first = next(filter(None, runs), {})
    shapes = {x: [run[x].shape if x in run else () for run in runs] for x in first}
    fixed = {x: set(each[0]).intersection(*each) for x, each in shapes.items()}
    return [x._replace(fixed=max(fixed[x.name], default=0)) for x in first.values()]


def own_gradient(function: LossFunction, given: Input) -> np.ndarray:
    """Return the numerical gradient of the reader's own loss."""
    gradient = np.zeros(given.W.shape)
    for place in np.ndindex(given.W.shape):
        ends = []
        for h in (1e-5, -1e-5):
            W = given.W.copy()
            W[place] += h
            loss = call(function, replace(given, W=W)).loss
            ends.append(np.nan if loss is None else loss)
        gradient[place] = (ends[0] - ends[1]) / 2e-5
    return gradient

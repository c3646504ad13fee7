"""The reader's function, run with the values of some assignments replaced.

The values are steps of the reference, in the shapes that they may have where the
assignment stands: for all points, for one, for a point and a class.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from softmax_lib.exercises.losses.exercise import LossCheck, agrees
from softmax_lib.exercises.losses.inputs import Input, draw_input
from softmax_lib.exercises.losses.instrument import Site, Watched, lines_of_result
from softmax_lib.exercises.losses.outputs import LossFunction, call
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.search import evaluate

INPUTS = [
    draw_input("", 7, 5, 3, [0, 2, 1, 1, 0, 2, 0], 0.0),
    draw_input("", 5, 3, 4, [3, 0, 2, 2, 1], 0.0),
]
PENALIZED = [replace(INPUTS[0], reg=0.3), replace(INPUTS[1], reg=1.7)]
FRESH = draw_input("", 6, 4, 5, [4, 0, 1, 3, 1, 2], 0.0)  # a repair is judged again
CONSTANTS = {"zero": 0.0, "one": 1.0}
SCALES: dict[str, Callable[[Input], float]] = {
    "": lambda given: 1.0,
    "not_averaged": lambda given: float(len(given.y)),
    "averaged_twice": lambda given: 1 / len(given.y),
}


def softmax_steps(v: SimpleNamespace) -> dict[str, np.ndarray]:
    """Return the steps that only the softmax loss has, with and without the shift."""
    own = v.one_hot.astype(bool)
    sums = np.exp(v.scores).sum(axis=1)
    return {
        "shifted": v.shifted,
        "own shifted score": v.shifted[own],
        "exps": v.exps,
        "exps without a shift": np.exp(v.scores),
        "sums": v.exps.sum(axis=1),
        "sums without a shift": sums,
        "own exp": v.exps[own],
        "own exp without a shift": np.exp(v.scores)[own],
        "probs": v.probs,
        "probs / N": v.probs / len(v.y),
        "own prob": v.probs[own],
        "log-probs": v.scores - np.log(sums)[:, np.newaxis],
        "log of the sums": np.log(v.exps.sum(axis=1)),
        "maximum": v.scores.max(axis=1),
    }


def margins(v: SimpleNamespace) -> dict[str, np.ndarray]:
    """Return the margins of the SVM loss, as they are and cut off at 0."""
    return {
        "margins": v.margins,
        "hinges": v.hinges,
        "counted": v.counted,
        "other margins": v.margins * (1 - v.one_hot),
    }


def masks(v: SimpleNamespace) -> dict[str, np.ndarray]:
    """Return which margins of the SVM loss are above 0, and how many."""
    mask = (v.counted > 0).astype(float)
    return {
        "mask": mask,
        "mask / N": mask / len(v.y),
        "mask with own": (v.hinges > 0).astype(float),
        "counts": mask.sum(axis=1),
    }


class Steps:
    """The values of the reference for one input, by what they are called."""

    def __init__(self, given: Input, check: LossCheck) -> None:
        v = SimpleNamespace(**vars(given))
        for steps in check.ordinary.steps.values():
            for name, step in steps.items():
                if not hasattr(v, name) or name in ("losses", "dscores"):
                    setattr(v, name, step(v))
        self.v = v
        (self.N, self.D), self.C = given.X.shape, given.W.shape[1]
        self.sizes = {"N": self.N, "D": self.D, "C": self.C}
        self.values: dict[str, np.ndarray] = {
            "scores": v.scores,
            "own score": v.scores[v.one_hot.astype(bool)],
            "losses": v.losses,
            "sum of the losses": np.asarray(v.losses.sum()),
            "loss": np.asarray(v.losses.mean()),
            "dscores": v.dscores,
            "dscores / N": v.dscores / self.N,
            "sum of the gradients": v.X.T @ v.dscores,
            "gradient": v.X.T @ v.dscores / self.N,
            "one-hot": v.one_hot,
        }
        self.given = (v.X, v.W, v.y, v.rows, *self.sizes.values())
        self.penalized = {
            "loss with the penalty": np.asarray(v.loss),
            "penalty": np.asarray(v.penalty),
            "gradient with the penalty": v.dW,
            "gradient of the penalty": v.reg_gradient,
            "squared weights": v.W**2,
            "sum of the squared weights": np.asarray((v.W**2).sum()),
        }
        self.values |= self.penalized if given.reg else {}
        if hasattr(v, "probs"):
            self.values |= softmax_steps(v)
            columns = {"probs": v.probs, "minus one": -v.one_hot}
        else:  # the margins first, where their signs are all that counts
            self.values = margins(v) | self.values | masks(v)
            columns = {"mask": self.values["mask"]}
        self.columns = columns | {
            "dscores": v.dscores,
            "own column": v.dscores * v.one_hot,
            "other columns": v.dscores * (1 - v.one_hot),
        }

    def given_at(self, i: int | None) -> list[Any]:
        """Return what is given, and what of it belongs to a point."""
        is_point = i is not None and i < self.N
        return [*self.given, *([self.v.X[i], self.v.y[i]] if is_point else [])]

    def value(
        self, label: str, shape: tuple[int, ...], i: int | None, j: int | None
    ) -> np.ndarray | None:
        """Return a step in the shape of a variable, for a point and a class."""
        whole = (self.values | self.penalized)[label]
        if whole.ndim == 1 and i is None and shape == (self.N, self.C):
            return np.repeat(whole[:, np.newaxis], self.C, axis=1)
        views = self.views(label, i, j)
        return next((view for view in views if np.shape(view) == shape), None)

    def views(self, label: str, i: int | None, j: int | None) -> list[np.ndarray]:
        """Return a step in each shape that it may have at a point and a class."""
        whole = (self.values | self.penalized)[label]
        if (i is not None and i >= self.N) or (j is not None and j >= self.C):
            return []
        views = [whole, whole.T]
        if whole.ndim == 1:
            views += [whole[:, np.newaxis], whole[np.newaxis, :]]
        if whole.shape[:1] == (self.N,) and whole.ndim and i is not None:
            views += [whole[i], whole[i : i + 1]]
            if whole.ndim == 2:
                views += [whole[i][:, np.newaxis]]
            if whole.ndim == 2 and j is not None:
                views += [whole[i, j]]
        if whole.shape == (self.N, self.C) and i is None and j is not None:
            views += [whole[:, j], whole[:, j : j + 1]]
        return views

    def increments(
        self, shape: tuple[int, ...], i: int | None, j: int | None
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Yield what a point, or a point and a class, may add to a sum."""
        if (i is not None and i >= self.N) or (j is not None and j >= self.C):
            return
        if self.v.reg and i is None and j is None:
            for label in ("penalty", "gradient of the penalty"):
                if shape in (
                    self.penalized[label].shape,
                    self.penalized[label].T.shape,
                ):
                    yield label, self.penalized[label]
        X, one_hot = self.v.X, self.v.one_hot
        if shape in ((self.D, self.C), (self.C, self.D)):
            for label, column in self.columns.items():
                rows = slice(None) if i is None else slice(i, i + 1)
                only = column[rows] * (1 if j is None else np.eye(self.C)[j])
                yield label, X[rows].T @ only
            if i is not None and j is not None and "mask" in self.columns:
                mask = self.columns["mask"][i, j]
                yield "own share", -mask * np.outer(X[i], one_hot[i])
                both = mask * (np.eye(self.C)[j] - one_hot[i])
                yield "both columns", np.outer(X[i], both)
            elif i is not None and j is not None:
                yield "once per class", np.outer(X[i], -one_hot[i]) / self.C
        if shape == ():
            for label in ("losses", "counted", "exps", "mask"):
                if label not in self.values:
                    continue
                value = self.values[label]
                if i is None:
                    continue
                if value.ndim == 2 and j is not None:
                    yield label, value[i, j]
                elif value.ndim == 1 and j is None:
                    yield label, value[i]


# A site, "value", "add", "view" or "size", a label, a factor or the number of the view.
Intervention = tuple[int, str, str, float]
# The values before and after an assignment, and the counts of its loops.
Value = tuple[Any, Any, list[int]]
Seen = Mapping[int, list[Value]]  # each time that an assignment is run


@dataclass
class Session:
    """The reader's function for one check, run with values replaced."""

    source: LossFunction  # as it is written, in its own layout
    watched: Watched
    function: LossFunction
    check: LossCheck
    layout: str
    mended: dict[int, Intervention] = field(default_factory=dict)  # in every run

    def __post_init__(self) -> None:
        """Begin with nothing known of the inputs and the loops."""
        self.steps: dict[Input, Steps] = {}
        self.kinds: dict[int, str] = {}

    def after(self, *changes: Intervention) -> "Session":
        """Return a session in which changes are made in every run."""
        mended = self.mended | {change[0]: change for change in changes}
        later = replace(self, mended=mended)
        later.steps, later.kinds = self.steps, self.kinds
        return later

    def lines(self, part: str) -> set[int]:
        """Return the lines that a part may depend on, or none if that is unknown."""
        return lines_of_result(self.source, PARTS.index(part)) if part else set()

    def of(self, given: Input) -> Steps:
        """Return the steps for an input."""
        if given not in self.steps:
            self.steps[given] = Steps(given, self.check)
        return self.steps[given]

    def place(self, site: Site, index: list[int]) -> tuple[int | None, int | None]:
        """Return the point and the class that an assignment is at."""
        found = self.passes(site, index)
        return found.get("N"), found.get("C")

    def passes(self, site: Site, index: list[int]) -> dict[str, int]:
        """Return at which point, class and feature an assignment is."""
        loops = zip(site.loops, index, strict=True)
        return {self.kinds.get(loop, ""): count for loop, count in loops}

    def run(
        self, given: Input, changes: dict[int, Intervention]
    ) -> dict[str, np.ndarray | None]:
        """Return the results with the values of some assignments replaced."""
        changes = self.mended | changes
        sums: dict[tuple[int, ...], Any] = {}

        def on_change(site: Site, before: Any, after: Any, index: list[int]) -> Any:
            change = changes.get(site.number)
            if change is None:
                return after
            return self.replaced(given, site, change, before, after, index, sums)

        self.watched.on_change = on_change
        output = call(self.function, given)
        return {"loss": output.loss, "gradient": output.gradient}

    def replaced(
        self,
        given: Input,
        site: Site,
        change: Intervention,
        before: Any,
        after: Any,
        index: list[int],
        sums: dict[tuple[int, ...], Any],
    ) -> Any:
        """Return what takes the place of the value of an assignment."""
        steps = self.of(given)
        _, kind, label, factor = change
        if label == "what was there":
            key = (site.number, *index[: int(factor)])
            sums[key] = sums.get(key, 0) + after
            return sums[key]
        i, j = self.place(site, index)
        shape = np.shape(after)
        if kind == "size":
            return steps.sizes[label]
        if kind == "view":
            views = steps.views(label, i, j)
            return np.array(views[int(factor)], float) if views else after
        if label in CONSTANTS:
            return np.full(shape, CONSTANTS[label])
        if kind == "value":
            value = steps.value(label, shape, i, j)
            if value is None:
                return after
            is_row = site.in_place and i is not None and shape[:1] == (steps.N,)
            rows: Any = i if is_row else ...
            changed = np.array(after, float)
            changed[rows] = factor * value[rows]
            return changed
        if label == "nothing":
            return before
        for name, amount in self.increments(given, site, shape, index):
            if name == label:
                scale = factor if abs(factor) >= 1 else factor * 7 / steps.N
                amount = amount if amount.shape == shape else amount.T
                return before + scale * amount
        return after

    def increments(
        self, given: Input, site: Site, shape: tuple[int, ...], index: list[int]
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Yield what an assignment may add to a sum; to one row in a loop over D."""
        steps, d = self.of(given), self.passes(site, index).get("D")
        for label, amount in steps.increments(shape, *self.place(site, index)):
            if d is not None and amount.shape == (steps.D, steps.C) and d < steps.D:
                amount = np.eye(steps.D)[d][:, np.newaxis] * amount
            yield label, amount

    def observe(self, given: Input) -> Seen:
        """Return the values of all assignments, and learn what the loops run over."""
        seen: dict[int, list[Value]] = {}
        sums: dict[tuple[int, ...], Any] = {}

        def on_change(site: Site, before: Any, after: Any, index: list[int]) -> Any:
            if change := self.mended.get(site.number):
                after = self.replaced(given, site, change, before, after, index, sums)
            try:
                value = np.array(after, dtype=float)
            except (TypeError, ValueError):
                return after
            seen.setdefault(site.number, []).append((before, value, index))
            return after

        self.watched.on_change = on_change
        self.watched.counts.clear()
        call(self.function, given)
        sizes = {count: name for name, count in self.of(given).sizes.items()}
        self.kinds = {
            loop: sizes.get(count, "") for loop, count in self.watched.counts.items()
        }
        return seen


def matches(a: Any, b: Any) -> bool:
    """Whether two values are equal up to rounding, and not empty."""
    if np.shape(a) != np.shape(b):
        return False
    size = np.minimum(np.abs(a), np.abs(b))  # finite, unless both are infinite
    return bool((np.abs(a - b) <= 1e-9 + 1e-6 * size).all())


def recognized(
    session: Session, given: Input, site: Site, seen: list[Value]
) -> list[str]:
    """Return the steps of the reference that an assignment computes."""
    steps = session.of(given)
    found: set[str] | None = None
    for before, after, index in seen:
        i, j = session.place(site, index)
        here = set()
        for label in steps.values:
            value = steps.value(label, after.shape, i, j)
            if value is None:
                continue
            if value.shape[:1] == (steps.N,) and i is not None:
                if matches(value[i], after[i]):
                    here.add(label)
            elif matches(value, after) or matches(-value, after):
                here.add(label)
        if any(
            matches(x, after) or matches(np.transpose(x), after)
            for x in steps.given_at(i)
        ):
            here.add("given")
        if site.updates and before is not None and np.shape(before) == after.shape:
            try:
                added = after - np.asarray(before, dtype=float)
            except (TypeError, ValueError):
                added = np.full(after.shape, np.nan)
            for label, amount in session.increments(given, site, after.shape, index):
                amount = amount if np.shape(amount) == after.shape else amount.T
                if matches(amount, added) or matches(amount / steps.N, added):
                    here.add("+" + label)
        found = here if found is None else found & here
        if not found:
            return []
    return sorted(found or ())


def is_zero(site: Site, seen: list[Value]) -> bool:
    """Whether all values of an assignment are zeros, and no sums."""
    return not site.updates and not any(after.any() for _, after, _ in seen)


def is_beginning(site: Site, seen: list[Value]) -> bool:
    """Whether an assignment makes the zeros that a sum begins with, once."""
    return not site.loops and is_zero(site, seen)


def is_inert(site: Site, seen: list[Value]) -> bool:
    """Whether an assignment begins a sum with zeros, or adds none to one."""
    if site.updates:
        return "reg" in site.reads and all(
            np.array_equal(before, after) for before, after, _ in seen
        )
    return is_beginning(site, seen)


def is_step(steps: Steps, value: Any) -> bool:
    """Whether a value is one of the steps of the reference."""
    return any(
        matches(view, np.asarray(value, dtype=float))
        for step in steps.values.values()
        for view in (step, step.T)
    )


def effective(session: Session, seen: Seen) -> tuple[list[Site], dict[int, list[str]]]:
    """Return the assignments that have an effect, and which steps their values are."""
    sites = [
        site
        for site in session.watched.sites
        if site.number in seen and not is_inert(site, seen[site.number])
    ]
    known = {
        site.number: recognized(session, INPUTS[0], site, seen[site.number])
        for site in sites
    }
    return sites, known


def other_shapes(session: Session, site: Site, seen: Seen) -> Iterator[Intervention]:
    """Yield what an assignment may be replaced by, whatever its shape."""
    steps = session.of(INPUTS[0])
    index = seen[site.number][0][2]
    if site.in_place:
        return
    for label in steps.values:
        shapes = set()
        for k, view in enumerate(steps.views(label, *session.place(site, index))):
            if view.shape not in shapes:
                yield site.number, "view", label, float(k)
            shapes.add(view.shape)


def choices(session: Session, site: Site, seen: Seen) -> Iterator[Intervention]:
    """Yield what the value of an assignment may be replaced by."""
    steps = session.of(INPUTS[0])
    before, after, index = seen[site.number][0]
    i, j = session.place(site, index)
    if not site.updates and not site.loops:
        yield site.number, "value", "zero", 1.0
        if after.shape == () and after in steps.sizes.values():
            beside = {  # D and N of `D, N = X.shape` are not the same length
                float(seen[each.number][0][1])
                for each in session.watched.sites
                if each.line == site.line and each.number in seen and each != site
                if seen[each.number][0][1].shape == ()
            }
            for name, size in steps.sizes.items():
                if size not in beside:
                    yield site.number, "size", name, 1.0
        if after.shape == () and site.starts:
            yield site.number, "value", "one", 1.0
    if site.starts and is_zero(site, seen[site.number]):
        return
    if site.adds:
        yield site.number, "add", "nothing", 1.0
        for label, _ in session.increments(INPUTS[0], site, after.shape, index):
            for factor in (1.0, -1.0, 1 / 7, -1 / 7):
                yield site.number, "add", label, factor
    elif not site.updates:
        for outer in range(len(site.loops)):  # a sum for each pass of the outer loops
            yield site.number, "add", "what was there", float(outer)
    sums = ((), (steps.D, steps.C), (steps.C, steps.D))
    if (
        site.updates
        and after.shape in sums
        and (site.loops or not is_step(steps, before))
    ):
        return  # a sum in the making, or one that was wrong before
    for label in steps.values:
        value = steps.value(label, after.shape, i, j)
        if value is not None and not is_undivided(after, value, label, steps.N):
            yield site.number, "value", label, 1.0
            yield site.number, "value", label, -1.0


def is_undivided(value: np.ndarray, step: np.ndarray, label: str, N: int) -> bool:
    """Whether a value is more like a step that is not divided by N yet."""
    likeness = [np.isclose(np.abs(value), np.abs(f * step)) for f in (1, N)]
    nonzero = step != 0
    return label.endswith("/ N") and bool(
        (likeness[1] & nonzero).sum() > (likeness[0] & nonzero).sum()
    )


def is_right(
    session: Session,
    part: str,
    changes: dict[int, Intervention],
    scale: str,
    inputs: Sequence[Input] = (*INPUTS, FRESH),
) -> bool:
    """Whether a part is right with the changes, for every input."""
    for given in inputs:
        value = session.run(given, changes)[part]
        expected = evaluate(session.check.ordinary, part, given) * SCALES[scale](given)
        if value is None or not agrees(value, expected, part):
            return False
    return True


def is_suspect(change: Intervention, known: dict[int, list[str]]) -> bool:
    """Whether an assignment is no step of the reference, or forgets what was there."""
    is_of_itself = change[1] == "size" or change[2] in ("what was there", *CONSTANTS)
    return is_of_itself or not set(known[change[0]]) - {"given"}

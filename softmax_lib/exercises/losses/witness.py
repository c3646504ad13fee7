"""The line of a mistake, by the values of the reader's variables while the code runs.

Each assignment is compared with the steps of the reference: the scores, the
probabilities, each point's loss, what a point adds to the gradient. Then the right
value is put in the place of what an assignment computed. If the result is right from
there on, the assignment is where the mistake is, or the first line that uses it. Where
one mistake hides another, the first is mended, by a value or an edit, and the search
goes on from there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.losses.conventions import CONVENTIONS
from softmax_lib.exercises.losses.exercise import SOFTMAX, SVM, LossCheck, agrees
from softmax_lib.exercises.losses.inputs import Input, draw_input
from softmax_lib.exercises.losses.instrument import (
    Site,
    Watched,
    lines_of_result,
    watch,
)
from softmax_lib.exercises.losses.layouts import turned
from softmax_lib.exercises.losses.outputs import LossFunction, Output, call
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.losses.repair import WORDS, Budget, repair_and_edit
from softmax_lib.exercises.losses.sight import Sight
from softmax_lib.exercises.search import evaluate, explain_part

__all__ = ["Wanted", "locate"]

MOST_TRIES = 20_000  # of other values, in the search in one part
INPUTS = [
    draw_input("", 7, 5, 3, [0, 2, 1, 1, 0, 2, 0], 0.0),
    draw_input("", 5, 3, 4, [3, 0, 2, 2, 1], 0.0),
]
PENALIZED = [replace(INPUTS[0], reg=0.3), replace(INPUTS[1], reg=1.7)]
FRESH = draw_input("", 6, 4, 5, [4, 0, 1, 3, 1, 2], 0.0)  # a repair is judged again
PENALTY_OF = {"loss": "penalty", "gradient": "gradient of the penalty"}
SCALES: dict[str, Callable[[Input], float]] = {
    "": lambda given: 1.0,
    "not_averaged": lambda given: float(len(given.y)),
    "averaged_twice": lambda given: 1 / len(given.y),
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
        own = v.one_hot.astype(bool)
        self.values: dict[str, np.ndarray] = {
            "scores": v.scores,
            "own score": v.scores[own],
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
        }
        self.values |= self.penalized if given.reg else {}
        if hasattr(v, "probs"):
            logs = v.scores - np.log(np.exp(v.scores).sum(axis=1))[:, np.newaxis]
            self.values |= {
                "shifted": v.shifted,
                "own shifted score": v.shifted[own],
                "exps": v.exps,
                "exps without a shift": np.exp(v.scores),
                "sums": v.exps.sum(axis=1),
                "sums without a shift": np.exp(v.scores).sum(axis=1),
                "own exp": v.exps[own],
                "own exp without a shift": np.exp(v.scores)[own],
                "probs": v.probs,
                "probs / N": v.probs / self.N,
                "own prob": v.probs[own],
                "log-probs": logs,
                "log of the sums": np.log(v.exps.sum(axis=1)),
                "maximum": v.scores.max(axis=1),
            }
            columns = {"probs": v.probs, "minus one": -v.one_hot}
        else:
            mask = (v.counted > 0).astype(float)
            self.values |= {
                "margins": v.margins,
                "hinges": v.hinges,
                "counted": v.counted,
                "other margins": v.margins * (1 - v.one_hot),
                "mask": mask,
                "mask / N": mask / self.N,
                "mask with own": (v.hinges > 0).astype(float),
                "counts": mask.sum(axis=1),
            }
            columns = {"mask": mask}
        self.columns = columns | {
            "dscores": v.dscores,
            "own column": v.dscores * v.one_hot,
            "other columns": v.dscores * (1 - v.one_hot),
        }

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
            for label in ("losses", "counted", "sums", "exps", "mask", "counts"):
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
# For each assignment, the values before and after it, and the counts of its loops.
Seen = Mapping[int, list[tuple[Any, Any, list[int]]]]


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
        if label == "zero":
            return np.zeros(shape)
        if kind == "value":
            value = steps.value(label, shape, i, j)
            return after if value is None else factor * np.array(value, float)
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

    def observe(self, given: Input) -> dict[int, list[tuple[Any, Any, list[int]]]]:
        """Return the values of all assignments, and learn what the loops run over."""
        seen: dict[int, list[tuple[Any, Any, list[int]]]] = {}
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
        stops = call(self.function, given).trouble is not None
        sizes = {count: name for name, count in self.of(given).sizes.items()}
        self.kinds = {
            loop: sizes.get(count, "") for loop, count in self.watched.counts.items()
        }
        if stops:  # before the loops are through: the outer one counts the points
            depths = {
                x: k for site in self.watched.sites for k, x in enumerate(site.loops)
            }
            self.kinds = {loop: "NC"[k] if k < 2 else "" for loop, k in depths.items()}
        return seen


def matches(a: Any, b: Any) -> bool:
    """Whether two values are equal up to rounding, and not empty."""
    if np.shape(a) != np.shape(b):
        return False
    size = np.minimum(np.abs(a), np.abs(b))  # finite, unless both are infinite
    return bool((np.abs(a - b) <= 1e-9 + 1e-6 * size).all())


def recognized(
    session: Session, given: Input, site: Site, seen: list[tuple[Any, Any, list[int]]]
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
            if value.shape == (steps.N, steps.C) and i is not None:
                if matches(value[i], after[i]):
                    here.add(label)
            elif matches(value, after) or matches(-value, after):
                here.add(label)
        if any(
            matches(x, after) or matches(np.transpose(x), after) for x in steps.given
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


def is_zero(site: Site, seen: list[tuple[Any, Any, list[int]]]) -> bool:
    """Whether all values of an assignment are zeros, and no sums."""
    return not site.updates and not any(after.any() for _, after, _ in seen)


def is_beginning(site: Site, seen: list[tuple[Any, Any, list[int]]]) -> bool:
    """Whether an assignment makes the zeros that a sum begins with, once."""
    return not site.loops and is_zero(site, seen)


def is_inert(site: Site, seen: list[tuple[Any, Any, list[int]]]) -> bool:
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


class Wanted(NamedTuple):
    """What is asked of the witness."""

    has_kinks: bool  # whether it is the SVM
    convention: tuple[str, ...]
    judged: tuple[str, ...]  # the results that are judged
    layout: str
    without: tuple[int, ...]  # lines that are taken out
    parts: list[str]  # that are wrong
    unknown: list[str]  # those of them that no catalogue explains
    penalties: list[str]  # the parts whose penalty is wrong
    stops: int | None = None  # the line that stops
    doubtful: Sequence[str] = ()  # parts that need several mistakes to be explained


class Found(NamedTuple):
    """Where a part goes wrong, and what is left once that is mended."""

    sight: Sight
    mended: Session | None = None  # where it is sure what is to be mended


def begin(function: LossFunction, wanted: Wanted) -> Session | None:
    """Return a session of a function, if its source can be had."""
    watched = watch(function, wanted.without)
    if watched is None:
        return None
    layout = wanted.layout
    run = turned(watched.function, layout) if layout else watched.function
    plain = SVM if wanted.has_kinks else SOFTMAX
    convention = tuple(m for m in CONVENTIONS if m.name in wanted.convention)
    check = LossCheck(plain, plain, "", wanted.judged).under(convention)
    return Session(function, watched, run, check, layout)


def locate(function: LossFunction, wanted: Wanted) -> Iterator[Sight]:
    """Yield where each part, and each penalty, goes wrong, as far as it is found."""
    session = begin(function, wanted)
    if session is None:
        return
    # What stops with another input alone, such as labels that leave out a class, is not
    # to be seen from the values here.
    if wanted.stops and not any(
        is_right(session, part, {}, "") for part in session.check.parts
    ):
        parts = stopped_parts(session, wanted, wanted.stops)
        found = locate_stop(session, wanted.stops, parts)
        for goal in (all, any) if found is None else ():
            found = found or repaired(session, wanted, "", None, goal, parts)
        if found is not None and found.sight.lines[0] <= wanted.stops:
            yield found.sight
            yield from left_in(found.mended, wanted)
    yield from locate_parts(session, wanted)
    for part in wanted.penalties:
        if (sight := locate_penalty(session, part)) is not None:
            yield sight


def left_in(mended: Session | None, wanted: Wanted) -> Iterator[Sight]:
    """Yield where the parts go wrong once what stops the function is mended."""
    for part in mended.check.parts if mended is not None else ():
        if mended is not None and not is_right(mended, part, {}, ""):
            yield from further(mended, wanted, part)


def locate_parts(session: Session, wanted: Wanted) -> Iterator[Sight]:
    """Yield where each part goes wrong, and all of them where it is one line."""
    parts = wanted.parts
    both = locate_both(session) if len(parts) > 1 else None
    are_unknown = set(parts) <= set(wanted.unknown)
    if len(parts) > 1 and (both.sight.before if both is not None else are_unknown):
        sight = both.sight if both is not None else None
        both = repaired(session, wanted, "", sight) or both
    if both is not None and not (are_unknown and both.sight.before):
        yield both.sight
        if are_unknown:
            return
        both = None
    found = {part: locate_one(session, wanted, part) for part in parts}
    if len(parts) > 1 and not any(map(is_sure, found.values())):
        for part in set(parts) - {*wanted.unknown, *wanted.doubtful}:
            found[part] = repaired(session, wanted, part, None) or found[part]
    steps = {part: [each.sight] for part, each in found.items() if each is not None}
    open_parts = [*wanted.unknown, *wanted.doubtful]
    for part in parts if len(parts) > 1 else ():
        other = parts[1 - parts.index(part)]
        here = found[part]
        mended = here.mended if here is not None else None
        if mended is None or other not in open_parts or is_sure(found[other]):
            continue
        if changes_nothing(session, mended, other):
            continue
        if not is_right(mended, other, {}, ""):
            steps[other] = further(mended, wanted, other) or steps.get(other, [])
    for part in parts:
        first = steps.get(part, [])
        if part in open_parts and len(first) < 2 and not is_single(first):
            steps[part] = further(session, wanted, part) or first
    if both is not None and not all(are_sure(steps.get(part, [])) for part in parts):
        yield both.sight
    else:
        yield from (sight for each in steps.values() for sight in each)


def is_single(sights: Sequence[Sight]) -> bool:
    """Whether a part goes wrong in one line alone."""
    return len(sights) == 1 and len(sights[0].lines) == 1 and not sights[0].before


def are_sure(sights: Sequence[Sight]) -> bool:
    """Whether it is known of each line what is to be mended."""
    return bool(sights) and all(sight.is_sure for sight in sights)


def is_sure(found: Found | None) -> bool:
    """Whether it is known what is to be mended, and in which line."""
    return found is not None and found.mended is not None


def changes_nothing(session: Session, mended: Session, part: str) -> bool:
    """Whether a part is the same after what was mended."""
    for given in (*INPUTS, FRESH):
        one, other = (each.run(given, {})[part] for each in (session, mended))
        if one is None or other is None or not matches(one, other):
            return False
    return True


def further(session: Session, wanted: Wanted, part: str) -> list[Sight]:
    """Return where a part goes wrong in up to three lines, if each of them is sure."""
    found = locate_one(session, wanted._replace(unknown=[part]), part)
    if found is not None and is_sure(found):
        return [found.sight._replace(is_sure=True)]
    if name := known_mistake(session, part):
        return [Sight(part, (), "", "", "", False, name, is_sure=True)]
    if found is not None and is_single([found.sight]):
        return []
    sights: list[Sight] = []
    for _ in range(2):
        first = advance(session, part)
        if first is None or first.mended is None:
            return []
        session = first.mended
        sights.append(first.sight._replace(is_sure=True))
        if is_right(session, part, {}, ""):
            return sights
        found = locate_one(session, wanted._replace(unknown=[]), part)
        if found is not None and is_sure(found):
            return [*sights, found.sight]
    return []


def known_mistake(session: Session, part: str) -> str:
    """Return the name of the known mistake that gives a part, or nothing."""
    inputs = (*INPUTS, FRESH)
    values = {given: session.run(given, {})[part] for given in inputs}
    if not all(x is not None and np.isfinite(x).all() for x in values.values()):
        return ""
    sets = explain_part(session.check.ordinary, part, values, largest=1)
    return sets[0][0].name if sets and sets[0] else ""


def advance(session: Session, part: str) -> Found | None:
    """Mend the first line whose value is no step of the reference, by those after it.

    What it should be is the step that lets the most assignments after it be steps.
    """
    seen = session.observe(INPUTS[0])
    sites, known = effective(session, seen)
    lines = session.lines(part)
    for k, site in enumerate(sites):
        if known[site.number] or (lines and site.line not in lines):
            continue
        if site.starts and is_zero(site, seen[site.number]):
            continue
        if any(each.feeds(site) and not known[each.number] for each in sites[:k]):
            continue
        best, most = None, 0
        for change in choices(session, site, seen):
            if change[2] in ("zero", "nothing"):
                continue
            after = session.after(change)
            _, known_after = effective(after, after.observe(INPUTS[0]))
            gained = sum(
                not known[each.number]
                and bool(set(known_after.get(each.number, ())) - {"given", change[2]})
                for each in sites[k + 1 :]
            )
            if gained > most:
                best, most = change, gained
        if best is not None:
            sight = sight_of(session, part, (best,), "", known)
            return Found(sight, session.after(best))
        return with_another(session, part, site, choices(session, site, seen))
    return None


def with_another(
    session: Session, part: str, site: Site, options: Iterable[Intervention]
) -> Found | None:
    """Mend a line if only with that another line after it makes a part right."""
    found: dict[tuple[int, ...], Intervention] = {}
    for change in options:
        if change[2] not in ("zero", "nothing"):
            after = locate_part(session.after(change), part, False, site.number)
            if after is not None and after.mended is not None:
                found.setdefault(after.sight.lines, change)
    if len(found) != 1:
        return None
    (change,) = found.values()
    return Found(
        sight_of(session, part, (change,), "", {site.number: []}),
        session.after(change),
    )


def locate_one(session: Session, wanted: Wanted, part: str) -> Found | None:
    """Find where a part goes wrong, by right values and by edits."""
    found = locate_part(session, part, part in wanted.unknown)
    sight = found.sight if found is not None else None
    if part in wanted.doubtful:
        return repaired(session, wanted, part, None) or found
    if part in wanted.unknown and not (sight and sight.balance[0]):
        return repaired(session, wanted, part, sight) or found
    return found


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


def locate_part(
    session: Session, part: str, tries_shapes: bool, behind: int = -1
) -> Found | None:
    """Find the first assignment whose right value makes a part right.

    Only those ``behind`` another one are tried.
    """
    budget = Budget(MOST_TRIES)
    seen = session.observe(INPUTS[0])
    sites, known = effective(session, seen)
    lines = session.lines(part)
    sites = [
        site
        for site in sites
        if site.number > behind and (not lines or site.line in lines)
    ]
    if part == "gradient" and (of_loss := session.lines("loss")):
        for site in sites:
            if site.line not in of_loss:  # what is added up there is no loss
                kept = set(known[site.number]) - {"+counted", "+losses"}
                known[site.number] = sorted(kept)
    options = {site.number: list(choices(session, site, seen)) for site in sites}
    others = [
        other
        for other in session.check.parts
        if other != part and is_right(session, other, {}, "")
    ]

    def repairs(changes: tuple[Intervention, ...], scale: str) -> bool:
        together = {change[0]: change for change in changes}
        return is_right(session, part, together, scale) and all(
            is_right(session, other, together, "") for other in others
        )

    for scale in SCALES:
        if repairs((), scale):  # then the scale is all, and of no line
            return None
        found = []
        for site in sites:
            for change in options[site.number]:
                if budget.is_spent():
                    break
                if repairs((change,), scale):
                    found.append(change)
                    break
        if found:  # what the reference computes, too, is less suspect
            suspects = [each for each in found if is_suspect(each, known)]
            suspects.sort(key=lambda change: change[1] == "size")
            changes = tuple(suspects[:1] or found)
            sight = sight_of(session, part, changes, scale, known)
            sight = finished(session, sight, changes[0], found, seen, known)
            return found_by(session, sight, changes)
    found = []
    for site in sites if tries_shapes else ():
        for change in other_shapes(session, site, seen):
            if budget.is_spent():
                break
            if change[1] != "size" and repairs((change,), ""):
                found.append(change)
                break
    suspects = [each for each in found if is_suspect(each, known)]
    if suspects:
        sight = sight_of(session, part, (suspects[0],), "", known)
        sight = finished(session, sight, suspects[0], found, seen, known)
        return found_by(session, sight, (suspects[0],))
    return None


def found_by(session: Session, sight: Sight, changes: Sequence[Intervention]) -> Found:
    """Return a sight, and the session with it mended if it is sure how."""
    is_vague = sight.before or sight.never or sight.is_right or sight.balance[0]
    if len(changes) > 1 or sight.scale or is_vague:
        return Found(sight)
    return Found(sight._replace(is_sure=True), session.after(*changes))


def locate_penalty(session: Session, part: str) -> Sight | None:
    """Find the assignment whose right value makes the penalty of a part right."""
    seen = session.observe(PENALIZED[0])
    steps = session.of(PENALIZED[0])
    whole = is_right(session, part, {}, "", [INPUTS[0]])  # and not the penalty alone

    def is_mended(change: Intervention) -> bool:
        together = {change[0]: change}
        if whole:
            return is_right(session, part, together, "", PENALIZED)
        return all(
            has_penalty(session, part, together, given, plain)
            for given, plain in zip(PENALIZED, INPUTS, strict=True)
        )

    names = session.watched.arguments
    for site in session.watched.sites:
        if site.number not in seen or is_beginning(site, seen[site.number]):
            continue
        if not whole and not site.reads & {*names[:1], *names[3:4]}:  # W, reg
            continue
        before, after, index = seen[site.number][0]
        options = [
            (site.number, "value", label, factor)
            for label in steps.penalized
            if steps.value(label, after.shape, *session.place(site, index)) is not None
            if not site.updates or is_step(steps, before)
            for factor in (1.0, 2.0, 0.5)
        ]
        if site.adds and not whole and not site.loops:
            options += [
                (site.number, "add", label, 1.0)
                for label in ("penalty", "gradient of the penalty")
                if after.shape == steps.penalized[label].shape
            ]
        if site.adds:
            options += [(site.number, "add", "nothing", 1.0)]
        for change in options:
            if is_mended(change):
                return sight_of(session, part, (change,), "", {site.number: []})
    return None


def has_penalty(
    session: Session,
    part: str,
    changes: dict[int, Intervention],
    given: Input,
    plain: Input,
) -> bool:
    """Whether what reg adds to a part is right, whatever the rest of it is."""
    whole, data = (session.run(each, changes)[part] for each in (given, plain))
    if whole is None or data is None:
        return False
    with np.errstate(all="ignore"):
        added = whole - data
    return agrees(added, session.of(given).penalized[PENALTY_OF[part]], part)


def locate_both(session: Session) -> Found | None:
    """Find the first assignment whose right value makes all parts right at once."""
    budget = Budget(MOST_TRIES)
    seen = session.observe(INPUTS[0])
    sites, known = effective(session, seen)

    def fixes(site: Site) -> Iterator[Intervention]:
        for change in choices(session, site, seen):
            if budget.is_spent():
                return
            if is_suspect(change, known) or change[2] not in known[site.number]:
                together = {site.number: change}
                if all(is_right(session, p, together, "") for p in session.check.parts):
                    yield change

    # What is another step of the reference is less suspect.
    for site in sorted(sites, key=lambda s: bool(set(known[s.number]) - {"given"})):
        change = next(fixes(site), None)
        if change is not None and not spoils(session, change, known):
            also = {
                other.line
                for other in sites[: sites.index(site)]
                if other.name in site.reads
                and known[other.number]
                and any(fixes(other))
            }
            sight = sight_of(session, "", (change,), "", known)
            sight = sight._replace(is_right=False, balance=("", ""))
            return Found(sight._replace(before=tuple(sorted(also))))
    return None


def spoils(
    session: Session, change: Intervention, known: Mapping[int, list[str]]
) -> bool:
    """Whether what a known assignment becomes leaves a later one no known step."""
    if not set(known[change[0]]) - {"given"}:
        return False
    after = session.after(change)
    _, known_after = effective(after, after.observe(INPUTS[0]))
    return any(
        steps and number > change[0] and not known_after.get(number)
        for number, steps in known.items()
    )


def locate_stop(session: Session, line: int, parts: Sequence[str]) -> Found | None:
    """Find the assignment before a line whose right value lets the results be right.

    Where another mistake is left, one of the ``parts`` that is right is enough.
    """
    budget = Budget(MOST_TRIES)
    seen = session.observe(INPUTS[0])
    sites = [
        site
        for site in session.watched.sites
        if site.number in seen and not is_beginning(site, seen[site.number])
        if site.line < line
    ]
    found = []
    for site in sites:
        known = recognized(session, INPUTS[0], site, seen[site.number])
        for change in other_shapes(session, site, seen):
            if budget.is_spent():
                return None
            changes = {site.number: change}
            right = [
                p for p in session.check.parts if is_right(session, p, changes, "")
            ]
            if not set(right) & set(parts):
                continue
            if len(right) == len(session.check.parts):
                sight = sight_of(session, right[0], (change,), "", {site.number: []})
                return Found(sight, session.after(change))
            if right and (
                not known or is_view_of_known(session, site, known, change, seen)
            ):
                found.append((right[0], change))
    if not found:
        return None
    part, change = found[0]
    vague = (*change[:2], "another shape", 0.0)
    sight = sight_of(session, part, (vague,), "", {change[0]: []})
    return Found(sight, session.after(change))


def stopped_parts(session: Session, wanted: Wanted, line: int) -> list[str]:
    """Return the parts that depend on the line that stops, or are wrong without it."""
    rest = begin(session.source, wanted._replace(without=(line,)))
    return [
        part
        for part in session.check.parts
        if line in (session.lines(part) or {line})
        or (rest is not None and not is_right(rest, part, {}, ""))
    ]


def is_view_of_known(
    session: Session, site: Site, known: Sequence[str], change: Intervention, seen: Seen
) -> bool:
    """Whether a change takes a part of the step that an assignment computes."""
    _, kind, label, number = change
    if kind != "view" or label not in known:
        return False
    _, value, index = seen[site.number][0]
    views = session.of(INPUTS[0]).views(label, *session.place(site, index))
    return bool(views[int(number)].shape != value.shape)


def other_shapes(
    session: Session, site: Site, seen: dict[int, list[tuple[Any, Any, list[int]]]]
) -> Iterator[Intervention]:
    """Yield what an assignment may be replaced by, whatever its shape."""
    steps = session.of(INPUTS[0])
    index = seen[site.number][0][2]
    if not site.loops and not site.updates:
        yield from ((site.number, "size", name, 1.0) for name in steps.sizes)
    if site.in_place:
        return
    for label in steps.values:
        shapes = set()
        for k, view in enumerate(steps.views(label, *session.place(site, index))):
            if view.shape not in shapes:
                yield site.number, "view", label, float(k)
            shapes.add(view.shape)


def choices(
    session: Session, site: Site, seen: dict[int, list[tuple[Any, Any, list[int]]]]
) -> Iterator[Intervention]:
    """Yield what the value of an assignment may be replaced by."""
    steps = session.of(INPUTS[0])
    before, after, index = seen[site.number][0]
    i, j = session.place(site, index)
    if not site.updates and not site.loops:
        yield site.number, "value", "zero", 1.0
        if after.shape == () and after in steps.sizes.values():
            yield from other_shapes(session, site, seen)
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
        if value is not None:
            yield site.number, "value", label, 1.0
            yield site.number, "value", label, -1.0


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


def repaired(
    session: Session,
    wanted: Wanted,
    part: str,
    sight: Sight | None,
    goal: Callable[[Iterable[bool]], bool] = all,
    among: Sequence[str] = PARTS,
) -> Found | None:
    """Return the only line whose edit makes a part, or all of them, right."""
    if session.mended:  # the edited function would be another one
        return None
    layout, inputs = session.layout, (*INPUTS, FRESH)
    parts = [
        each
        for each in session.check.parts
        if each == part
        or (not part and each in among)
        or is_right(session, each, {}, "")
    ]

    def is_mended(edited: LossFunction) -> bool:
        run = turned(edited, layout) if layout else edited
        right = parts
        for given in inputs:
            output = call(run, given)
            right = [each for each in right if is_part_right(output, each, given)]
            if not goal(each in right for each in parts):
                return False
        return True

    def is_part_right(output: Output, each: str, given: Input) -> bool:
        value = output.part(each)
        expected = evaluate(session.check.ordinary, each, given)
        return value is not None and agrees(value, expected, each)

    lines = {*sight.before, *sight.lines} if sight is not None else set()
    found = repair_and_edit(session.source, is_mended, lines or session.lines(part))
    if found is None:
        return None
    edit, edited = found
    words = WORDS[edit.kind]
    mended = begin(edited, wanted._replace(without=()))
    seen = Sight(
        part, (edit.line,), edit.text, "", edit.kind, False, edit=words, is_sure=True
    )
    return Found(seen, mended)


def finished(
    session: Session,
    sight: Sight,
    change: Intervention,
    found: Sequence[Intervention],
    seen: Seen,
    known: Mapping[int, list[str]],
) -> Sight:
    """Add the lines before a change that may be wrong already, or that never run."""
    if sight.is_right or change[1] == "size":
        return sight
    sites = session.watched.sites
    last = sites[change[0]]
    before = {
        sites[number].line
        for number, _, label, _ in found
        if number < change[0] and label not in known[number]
        if not (change[2] == "what was there" and known[number])
        if sites[number].feeds(last)
    }
    reads = set(last.reads)
    for site in reversed([sites[number] for number in known if number < change[0]]):
        if site.name in reads:
            is_right = any(not label.startswith("+") for label in known[site.number])
            if is_right or is_right_in_the_end(session, site, seen[site.number]):
                reads.discard(site.name)
            elif not known[site.number] and not (
                site.starts and is_zero(site, seen[site.number])
            ):
                reads |= site.reads
                before.add(site.line)
    return sight._replace(
        before=tuple(sorted(before - {last.line})),
        never=unreached(session, change, seen),
    )


def is_right_in_the_end(
    session: Session, site: Site, seen: list[tuple[Any, Any, list[int]]]
) -> bool:
    """Whether a variable is a step of the reference once the loop around it is over."""
    ends = {tuple(index[:-1]): (None, after, index[:-1]) for _, after, index in seen}
    outside = replace(site, loops=site.loops[:-1], updates=False)
    return bool(
        site.loops and recognized(session, INPUTS[0], outside, list(ends.values()))
    )


def unreached(
    session: Session, change: Intervention, seen: Mapping[int, Any]
) -> tuple[int, ...]:
    """Return the lines that never run and set what a change needs."""
    last = session.watched.sites[change[0]]
    return tuple(
        site.line
        for site in session.watched.sites
        if site.number not in seen and site.name in last.reads | {last.name}
    )


def is_suspect(change: Intervention, known: dict[int, list[str]]) -> bool:
    """Whether an assignment is no step of the reference, or forgets what was there."""
    is_of_itself = change[1] == "size" or change[2] in ("what was there", "zero")
    return is_of_itself or not set(known[change[0]]) - {"given"}


def sight_of(
    session: Session,
    part: str,
    changes: tuple[Intervention, ...],
    scale: str,
    known: dict[int, list[str]],
) -> Sight:
    """Return where the changes are."""
    sites = [session.watched.sites[number] for number, *_ in changes]
    of_penalty = changes[0][2] in session.of(PENALIZED[0]).penalized
    are_right = not any(is_suspect(change, known) for change in changes)
    return Sight(
        part,
        tuple(sorted({site.line for site in sites})),
        session.watched.text(sites[0].line),
        sites[0].name,
        changes[0][2],
        changes[0][1] == "add",
        scale,
        of_penalty=of_penalty,
        is_right=are_right,
        balance=balance(session, part) if are_right and part else ("", ""),
    )


def balance(session: Session, part: str) -> tuple[str, str]:
    """Return what a part counts twice or leaves out, if its error is one step."""
    given = INPUTS[0]
    steps, value = session.of(given), session.run(given, {})[part]
    if value is None:
        return "", ""
    error = value - evaluate(session.check.ordinary, part, given)
    amounts = {"losses": steps.values["loss"]}
    if part == "gradient":
        one_hot, columns = steps.v.one_hot, dict(steps.columns)
        if "probs" in columns:
            columns["own prob"] = columns["probs"] * one_hot
        amounts = {k: steps.v.X.T @ v / steps.N for k, v in columns.items()}
    for label, amount in amounts.items():
        for times in (1, steps.N):
            if matches(error, times * amount):
                return "twice", label
            if matches(error, -times * amount):
                return "not at all", label
    return "", ""

"""The search for the mistakes that explain a reader's results.

Each part of a result (the loss, the gradient) is explained apart, by as few mistakes as
possible. The explanations of the parts are then chosen so that together they name as
few mistakes as possible.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.mistakes import Mistake, Values, Variant
from softmax_lib.exercises.report import Finding

Step = Callable[[Values], Any]
Result = np.ndarray | None
Results = Mapping[Any, Result]  # of each input
Variants = tuple[Variant, ...]
UNKNOWN = np.array([])  # the result of a call that stopped; agrees with everything


@dataclass(frozen=True, eq=False)
class Exercise:
    """What is asked of a reader, and how a result is judged.

    A step sees the attributes of the input and the values of the earlier steps.
    """

    steps: Mapping[str, Mapping[str, Step]]  # part of the result → its steps in order
    inputs: Sequence[Any]  # objects with attributes, hashed by identity
    catalogue: Sequence[Mistake]
    agrees: Callable[[Result, np.ndarray, str, Any], bool]  # actual, expected, part, …

    def variants(self, part: str) -> Iterator[Variant]:
        """Yield every way to write a mistake that changes a part."""
        for mistake in self.catalogue:
            for variant in mistake.variants:
                if variant.changes.keys() & self.steps[part].keys():
                    yield variant

    def affects_all(self, variant: Variant) -> bool:
        """Whether a mistake changes a step that every part goes through."""
        shared = set.intersection(*(set(steps) for steps in self.steps.values()))
        return len(self.steps) > 1 and bool(variant.changes.keys() & shared)


@lru_cache(maxsize=1 << 16)
@np.errstate(all="ignore")
def evaluate(
    exercise: Exercise, part: str, given: Any, variants: Variants = ()
) -> np.ndarray:
    """Return a part of the result as it comes out with the mistakes."""
    *_, last = exercise.steps[part]
    return np.asarray(
        getattr(values_with(exercise, part, given, variants), last), dtype=float
    )


@lru_cache(maxsize=1 << 12)
def values_with(
    exercise: Exercise, part: str, given: Any, variants: Variants
) -> SimpleNamespace:
    """Return the values of all steps of a part, with the mistakes.

    Those before the first one that a mistake changes are the same without it.
    """
    steps = exercise.steps[part]
    names, begin = list(steps), 0
    v = SimpleNamespace(**vars(given))
    if variants:
        places = [
            min(names.index(name) for name in variant.changes.keys() & steps.keys())
            for variant in variants
        ]
        begin = max(places)
        latest = places.index(begin)
        others = variants[:latest] + variants[latest + 1 :]
        v = SimpleNamespace(**vars(values_with(exercise, part, given, others)))
    for name in names[begin:]:
        value = steps[name](v)
        for variant in variants:
            if name in variant.changes:
                value = variant.changes[name](v, value)
        setattr(v, name, value)
    return v


class Explanation(NamedTuple):
    """The mistakes that give each part of the reader's result."""

    parts: dict[str, Variants]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the mistakes, each once."""
        return tuple(sorted(self.first_of_each_name()))

    def cost(self, known: Mapping[str, Variants]) -> tuple[int, int, int]:
        """Count the mistakes besides the known ones: serious, all, and unshared."""
        named = {variant.name for variants in known.values() for variant in variants}
        new = {
            name: variant
            for name, variant in self.first_of_each_name().items()
            if name not in named
        }
        serious = [each for each in new.values() if not each.mistake.is_remark]
        shared = sum(map(len, self.parts.values())) - len(self.names)
        return len(serious), len(new), -shared

    def first_of_each_name(self) -> dict[str, Variant]:
        """Return one way to write each mistake."""
        found: dict[str, Variant] = {}
        for variant in itertools.chain(*self.parts.values()):
            found.setdefault(variant.name, variant)
        return found


def explain_part(
    exercise: Exercise,
    part: str,
    results: Results,
    known: Variants = (),
    smallest_only: bool = True,
    largest: int = 2,
) -> list[Variants]:
    """Return the smallest sets of mistakes that give these results.

    The `known` ones are made in any case, and no set has more than `largest`.
    """
    sets: list[Variants] = []
    for size in range(largest + 1):
        sets += [
            variants
            for variants in itertools.combinations(exercise.variants(part), size)
            if len({variant.name for variant in variants}) == size
            and gives(exercise, part, variants + known, results)
        ]
        if sets and smallest_only:
            break
    return sets


def gives(exercise: Exercise, part: str, variants: Variants, results: Results) -> bool:
    """Whether these mistakes give these results."""
    try:
        return all(
            exercise.agrees(
                result, evaluate(exercise, part, given, variants), part, given
            )
            for given, result in results.items()
        )
    except (IndexError, ValueError):  # the mistakes do not go together
        return False


def explain(
    exercise: Exercise,
    results: Mapping[str, Results],
    known: Mapping[str, Variants] | None = None,
) -> list[Explanation]:
    """Return the explanations of all parts that name the fewest mistakes.

    An empty list is returned if a part has no explanation, several if these results
    cannot tell them apart. With `known` mistakes the inputs are extreme, where many
    mistakes lead to NaN: there, pairs compete with single mistakes of both parts.
    """
    before, smallest_only = known or {}, known is None
    apart = {
        part: explain_part(exercise, part, values, before.get(part, ()), smallest_only)
        for part, values in results.items()
    }
    return fewest(apart, before)


def fewest(
    apart: Mapping[str, Sequence[Variants]],
    before: Mapping[str, Variants] | None = None,
) -> list[Explanation]:
    """Choose explanations of the parts that together name the fewest mistakes."""
    before = before or {}
    together = [
        Explanation(dict(zip(apart, choice, strict=True)))
        for choice in itertools.product(*apart.values())
    ]
    together.sort(key=lambda found: found.cost(before))
    unlike: dict[tuple[str, ...], Explanation] = {}
    for found in together:
        if found.cost(before)[0] == together[0].cost(before)[0]:
            unlike.setdefault(found.names, found)
    return list(unlike.values())


def findings(
    exercise: Exercise, found: Explanation, unknown: Sequence[str] = ()
) -> list[Finding]:
    """Unite the mistakes of all parts, and say of each in which part it shows."""
    parts = [*found.parts, *unknown]
    return [
        variant.mistake.finding(part_of(exercise, found, name, parts))
        for name, variant in found.first_of_each_name().items()
    ]


def part_of(
    exercise: Exercise, found: Explanation, name: str, parts: Sequence[str]
) -> str:
    """Return the one part in which a mistake shows that could show in several."""
    shows = [
        part
        for part, variants in found.parts.items()
        if name in {variant.name for variant in variants}
    ]
    can = [
        part
        for part in parts
        if name in {variant.name for variant in exercise.variants(part)}
    ]
    return "" if shows == can else shows[0]

"""Finding the faults that explain a reader's answers.

Loss and gradient are explained apart, each by as few faults as possible, and the two
explanations are then chosen so that together they name as few mistakes as possible.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from softmax_lib.exercises.calculation import REMARKS, Fault, Loss, calculate, steps_of
from softmax_lib.exercises.probes import Probe

TOLERANCE = {"loss": 1e-5, "gradient": 1e-4}  # of the largest entry
# float32 inside the reader's function costs 1e-6, a forward difference for the
# gradient 1e-5, and known faults differ by more than 1e-3 on some probe.

Faults = tuple[Fault, ...]
Answers = Mapping[str, Sequence[np.ndarray | None]]
UNKNOWN = np.array([])  # the answer to a call that stopped; agrees with everything


class Finding(NamedTuple):
    """A fault, and where it shows: "loss", "gradient", or "" for all it can change."""

    fault: Fault
    where: str

    @property
    def name(self) -> str:
        """What `Report.fault` calls it."""
        return (
            f"{self.fault.name} in the {self.where}" if self.where else self.fault.name
        )

    @property
    def sentence(self) -> str:
        """What it is, for the reader."""
        place = f", in the {self.where}" if self.where else ""
        return f"{self.fault.sentence}{place}."


class Explanation(NamedTuple):
    """Faults that give the reader's loss, and faults that give the gradient."""

    faults: dict[str, Faults]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the faults, each once."""
        return tuple(sorted(self.first_of_each_name()))

    def cost(self, named: set[str]) -> tuple[int, int, int]:
        """Count the faults besides the named ones: serious, all, and unshared."""
        new = set(self.names) - named
        shared = sum(map(len, self.faults.values())) - len(self.names)
        return len(new - REMARKS), len(new), -shared

    def first_of_each_name(self) -> dict[str, Fault]:
        """Return one fault for each name."""
        found: dict[str, Fault] = {}
        for faults in self.faults.values():
            for fault in faults:
                found.setdefault(fault.name, fault)
        return found


def agrees(actual: np.ndarray | None, expected: np.ndarray, part: str) -> bool:
    """Whether two results are the same, or both unusable."""
    if actual is UNKNOWN:
        return True
    if actual is None or not np.isfinite(actual).all():
        return not np.isfinite(expected).all()
    if actual.shape != expected.shape or not np.isfinite(expected).all():
        return False
    scale = max(float(np.abs(expected).max()), 1e-3)
    return bool(np.abs(actual - expected).max() <= TOLERANCE[part] * scale)


def explanations(
    loss: Loss,
    part: str,
    catalogue: Sequence[Fault],
    probes: Sequence[Probe],
    answers: Sequence[np.ndarray | None],
    known: Faults = (),
    smallest_only: bool = True,
) -> list[Faults]:
    """Return the smallest sets of faults that give these answers, at most pairs.

    The `known` ones are made in any case.
    """
    sets: list[Faults] = []
    relevant = [f for f in catalogue if f.changes.keys() & steps_of(loss, part).keys()]
    for size in range(3):
        sets += [
            faults
            for faults in itertools.combinations(relevant, size)
            if len({fault.name for fault in faults}) == size
            and all(
                agrees(answer, calculate(loss, part, probe, faults + known), part)
                for probe, answer in zip(probes, answers, strict=True)
            )
        ]
        if sets and smallest_only:
            break
    return sets


def explain(
    loss: Loss,
    catalogue: Sequence[Fault],
    probes: Sequence[Probe],
    answers: Answers,
    known: Mapping[str, Faults] | None = None,
) -> list[Explanation]:
    """Return the explanations of loss and gradient that name the fewest faults.

    None is returned if no faults give these answers, several if these answers cannot
    tell them apart. With `known` faults the probes are extreme, where many faults
    lead to NaN: there, pairs compete with single faults of both parts.
    """
    before, smallest_only = known or {}, known is None
    apart = [
        explanations(
            loss,
            part,
            catalogue,
            probes,
            answers[part],
            before.get(part, ()),
            smallest_only,
        )
        for part in answers
    ]
    together = [
        Explanation(dict(zip(answers, choice, strict=True)))
        for choice in itertools.product(*apart)
    ]
    named = {fault.name for faults in before.values() for fault in faults}
    together.sort(key=lambda found: found.cost(named))
    fewest = min((found.cost(named)[0] for found in together), default=0)
    unlike: dict[tuple[str, ...], Explanation] = {}
    for found in together:
        if found.cost(named)[0] == fewest:
            unlike.setdefault(found.names, found)
    return list(unlike.values())


def findings(
    loss: Loss,
    catalogue: Sequence[Fault],
    found: Explanation,
    unknown: Sequence[str] = (),
) -> list[Finding]:
    """Put the faults of loss and gradient together, and say where each shows.

    Where a part is unknown, faults that it would share are no explanation.
    """
    parts = [*found.faults, *unknown]
    return [
        Finding(fault, place(loss, catalogue, found, name, parts))
        for name, fault in found.first_of_each_name().items()
        if not (unknown and fault.changes.keys() & loss.shared.keys())
    ]


def place(
    loss: Loss,
    catalogue: Sequence[Fault],
    found: Explanation,
    name: str,
    parts: Sequence[str],
) -> str:
    """Return the one part in which a fault shows that could show in both."""
    shows = [
        part
        for part, faults in found.faults.items()
        if name in {fault.name for fault in faults}
    ]
    can = [
        part
        for part in parts
        if any(can_change(loss, part, f) for f in catalogue if f.name == name)
    ]
    return "" if shows == can else shows[0]


def can_change(loss: Loss, part: str, fault: Fault) -> bool:
    """Whether a fault changes a step of the loss, or of the gradient."""
    return bool(fault.changes.keys() & steps_of(loss, part).keys())

"""A mistake: what the reader is told of it, and how it is recognized.

A catalogue is a list of `Mistake`. Most are recognized by their numbers: the right
result is calculated step by step, a mistake changes the value of some of the steps,
and `softmax_lib.exercises.search` looks for those that give the reader's numbers. The
others are recognized by what they leave behind: a shape, an exception, an array that
changed.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from softmax_lib.exercises.report import Finding

Values = Any  # a SimpleNamespace of the values so far: W, X, y, reg, N, scores …
Change = Callable[[Values, Any], Any]  # the values so far, the right value → the wrong
Changes = Mapping[str, Change]  # step → what becomes of it


class Mistake:
    """A known mistake; its name is what `Report.fault` calls it."""

    def __init__(
        self,
        sentence: str,  # without the full stop: ", in the loss" may follow
        hint: str,  # a question that leads to it and does not give it away
        *ways: Changes,  # in which it can be written: what becomes of which steps
        shows: Callable[[Any], bool] | None = None,  # whether what was observed does
        is_remark: bool = False,  # whether code that has it passes
    ) -> None:
        self.name, self.sentence, self.hint = "", sentence, hint
        self.variants = tuple(Variant(self, changes) for changes in ways)
        self.shows = shows or (lambda observed: False)
        self.is_remark = is_remark

    def finding(self, part: str = "") -> Finding:
        """Return what the report says of it."""
        return Finding(
            self.name, self.sentence, self.hint, part, is_remark=self.is_remark
        )


@dataclass(frozen=True, eq=False)
class Variant:
    """A mistake, written in one of its ways."""

    mistake: Mistake
    changes: Changes

    @property
    def name(self) -> str:
        """The mistake's name."""
        return self.mistake.name


def catalogue(**entries: Mistake | Iterable[Mistake]) -> list[Mistake]:
    """Return mistakes that carry the names which they are given here.

    Several mistakes of one name are one mistake that needs several sentences.
    """
    mistakes = []
    for name, entry in entries.items():
        for mistake in [entry] if isinstance(entry, Mistake) else entry:
            mistake.name = name
            mistakes.append(mistake)
    return mistakes


def first_shown(mistakes: Iterable[Mistake], observed: Any) -> list[Finding]:
    """Return the first mistake that shows, in a list; an empty one if none does."""
    found = (mistake.finding() for mistake in mistakes if mistake.shows(observed))
    return list(itertools.islice(found, 1))


def all_shown(mistakes: Iterable[Mistake], observed: Any) -> list[Finding]:
    """Return every mistake that shows."""
    return [mistake.finding() for mistake in mistakes if mistake.shows(observed)]


def find(mistakes: Iterable[Mistake], names: Iterable[str]) -> list[Finding]:
    """Return the mistakes of these names."""
    by_name = {mistake.name: mistake for mistake in mistakes}
    return [by_name[name].finding() for name in dict.fromkeys(names)]

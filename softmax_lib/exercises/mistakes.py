"""A mistake: what the reader is told of it, and how it is recognized.

A catalogue is a list of `Mistake`. Most are recognized by their numbers: the right
result is calculated step by step, a mistake changes the value of some of the steps,
and `softmax_lib.exercises.search` looks for those that give the reader's numbers. The
others are recognized by what they leave behind: a shape, an exception, an array that
changed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from softmax_lib.exercises.report import Finding

__all__ = ["Change", "Changes", "Mistake", "Values", "Variant", "find", "first_shown"]

Values = Any  # a SimpleNamespace of the values so far: W, X, y, reg, N, scores …
Change = Callable[[Values, Any], Any]  # the values so far, the right value → the wrong
Changes = Mapping[str, Change]  # step → what becomes of it


class Mistake:
    """A known mistake.

    Parameters
    ----------
    name : str
        What `Report.fault` calls it.
    sentence : str
        What it is, for the reader, without the full stop: " in the loss" may follow.
    hint : str
        A question that leads to it and does not give it away.
    *ways : mapping of str to callable
        The ways in which it can be written: the steps that change, and how.
    shows : callable, optional
        Whether what was observed shows this mistake.
    is_remark : bool
        Whether code that has it passes, with a remark.
    """

    def __init__(
        self,
        name: str,
        sentence: str,
        hint: str,
        *ways: Changes,
        shows: Callable[[Any], bool] | None = None,
        is_remark: bool = False,
    ) -> None:
        self.name, self.sentence, self.hint = name, sentence, hint
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


def first_shown(catalogue: Iterable[Mistake], observed: Any) -> list[Finding]:
    """Return the first mistake that shows, in a list; an empty one if none does."""
    found = next((mistake for mistake in catalogue if mistake.shows(observed)), None)
    return [found.finding()] if found else []


def find(catalogue: Iterable[Mistake], names: Iterable[str]) -> list[Finding]:
    """Return the mistakes of these names."""
    by_name = {mistake.name: mistake for mistake in catalogue}
    return [by_name[name].finding() for name in dict.fromkeys(names)]

"""What a check answers: whether the code is right, and if not, which mistake it is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Finding", "Report", "passed", "failed"]

MARKS = re.compile(r"`(.*?)`|\*\*", re.DOTALL)  # of Markdown; ** in code is a power


@dataclass(frozen=True)
class Finding:
    """A mistake in a reader's code, or something worth knowing about right code.

    Attributes
    ----------
    name : str
        Its name, which stays the same from one release to the next.
    sentence, hint : str
        What it is, and a thought that leads to it.
    part : str
        "loss" or "gradient" where only one of them has it, else "".
    line : int or None
        The line of the reader's code, if it is known.
    is_remark : bool
        Whether code that has it passes.
    """

    name: str
    sentence: str
    hint: str = ""
    part: str = ""
    line: int | None = None
    is_remark: bool = False

    @property
    def label(self) -> str:
        """What `Report.fault` calls it."""
        return f"{self.name} in the {self.part}" if self.part else self.name

    @property
    def text(self) -> str:
        """The sentence as it is printed."""
        is_named = self.line is None or re.search(r"\blines? \d", self.sentence)
        line = "" if is_named else f" (line {self.line})"
        return f"{self.sentence}{f', in the {self.part}' if self.part else ''}{line}."


@dataclass(frozen=True)
class Report:
    """The answer of a check, shown as text in a terminal and as a page in a notebook.

    Attributes
    ----------
    passed : bool
        Whether the code is right.
    text : str
        What to read, in Markdown.
    findings : tuple of Finding
        The mistakes that were found.
    remarks : tuple of Finding
        What is worth knowing besides; code that has nothing else passes.
    """

    passed: bool
    text: str
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()

    @property
    def fault(self) -> str | None:
        """The mistakes' names, joined by " + "; None if it knows of none."""
        return " + ".join(finding.label for finding in self.findings) or None

    @property
    def remark(self) -> str | None:
        """The remarks' names, joined by " + ", or None."""
        return " + ".join(finding.label for finding in self.remarks) or None

    def as_dict(self) -> dict[str, Any]:
        """Convert it to types that JSON has.

        Returns
        -------
        dict
            ``passed``, ``text``, and under ``findings`` a dict per mistake or remark.
        """
        findings = [
            {**vars(finding), "text": finding.text}
            for finding in (*self.findings, *self.remarks)
        ]
        return {"passed": self.passed, "findings": findings, "text": str(self)}

    def _repr_markdown_(self) -> str:
        return self.text

    def __str__(self) -> str:
        """Return the text without the marks of Markdown."""
        prose_and_code = self.text.split("```\n")
        prose_and_code[::2] = [MARKS.sub(r"\1", p) for p in prose_and_code[::2]]
        return "".join(prose_and_code).removesuffix("\n```")

    __repr__ = __str__


def passed(what: str, *paragraphs: str, remarks: Sequence[Finding] = ()) -> Report:
    """Report that the code is right, and what to know or to try next."""
    text = "\n\n".join([f"**Right.** {what}", *paragraphs])
    return Report(True, text, remarks=tuple(remarks))


def failed(
    findings: Sequence[Finding],
    *paragraphs: str,
    opening: str = "",
    hint: str = "",
    remarks: Sequence[Finding] = (),
) -> Report:
    """Report what is wrong: the mistakes, an example in the paragraphs, the hints.

    ``opening`` and ``hint`` replace the mistakes' own.
    """
    body = [
        f"**Not yet.** {opening or numbered(finding.text for finding in findings)}",
        *paragraphs,
        format_hint([hint] if hint else [finding.hint for finding in findings]),
    ]
    return Report(
        False, "\n\n".join(filter(None, body)), tuple(findings), tuple(remarks)
    )


def format_hint(hints: Iterable[str]) -> str:
    """Return the paragraph with the hints, each once."""
    different = dict.fromkeys(filter(None, hints))
    return "**Hint.** " + "\n\n".join(different) if different else ""


def numbered(sentences: Iterable[str]) -> str:
    """Return the only sentence, or a numbered list of them."""
    several = list(dict.fromkeys(sentences))
    if len(several) == 1:
        return several[0]
    lines = [f"{i}. {sentence}" for i, sentence in enumerate(several, 1)]
    return "\n".join([f"There are {len(several)} mistakes:", "", *lines])


def code_block(lines: Iterable[str]) -> str:
    """Return lines as a listing."""
    return "\n".join(["```", *lines, "```"])

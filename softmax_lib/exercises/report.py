"""What a check answers: whether the code is right, and if not, which mistake it is."""

import re
from dataclasses import dataclass

__all__ = ["Report", "passed", "failed"]


@dataclass(frozen=True)
class Report:
    """The answer of a check, shown as text in a terminal and as a page in a notebook.

    Attributes
    ----------
    passed : bool
        Whether the code is right.
    fault : str or None
        Names of the mistakes that were found, joined by " + "; None where there is
        none, or none that the check knows.
    text : str
        What to read, in Markdown.
    remark : str or None
        Name of what is worth knowing about code that passed.
    """

    passed: bool
    fault: str | None
    text: str
    remark: str | None = None

    def _repr_markdown_(self) -> str:
        return self.text

    def __str__(self) -> str:
        """Return the text without the marks of Markdown."""
        prose_and_code = self.text.split("```\n")
        prose_and_code[::2] = [re.sub(r"\*\*|`", "", p) for p in prose_and_code[::2]]
        return "".join(prose_and_code).removesuffix("\n```")

    __repr__ = __str__


def passed(what: str, *paragraphs: str, remark: str | None = None) -> Report:
    """Say that the code is right, and what to know or to try next."""
    text = "\n\n".join([f"**Right.** {what}", *paragraphs])
    return Report(True, None, text, remark)


def failed(fault: str | None, what: str, *paragraphs: str) -> Report:
    """Say what is wrong, with evidence and a hint in the paragraphs."""
    text = "\n\n".join([f"**Not yet.** {what}", *filter(None, paragraphs)])
    return Report(False, fault, text)

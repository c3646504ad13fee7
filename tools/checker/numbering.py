"""Number the figures of the chapters, in captions and in the links that lead to them.

A caption is a paragraph below its figure, so that it shows wherever a chapter is read:

    (fig-07-templates)=
    **Figure 7.1.** The ten templates after 1,500 steps.

`python -m tools.checker.text` writes its number and that of each link
`[Figure 7.1](#fig-07-templates)`, so nobody has to.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import nbformat

from tools.checker.chapters import CHAPTERS
from tools.checker.prose import prose_of

__all__ = ["CAPTION", "LINK", "figure_numbers", "with_numbers"]

CAPTION = re.compile(r"^(\((fig-[\w-]+)\)=\n\*\*Figure )[\d.]*(\.\*\*)", re.MULTILINE)
LINK = re.compile(r"(\[Figure )[\d.]*(\]\([\w.]*#(fig-[\w-]+)\))")


def labels_of(chapter: Path) -> list[str]:
    """Return the labels of a chapter's captions, in order."""
    text = prose_of(nbformat.read(chapter, as_version=4).cells)
    return [caption[2] for caption in CAPTION.finditer(text)]


def figure_numbers() -> dict[str, str]:
    """Return the number of each figure of the book: of the chapter, and within it."""
    return {
        label: f"{int(chapter.stem[:2])}.{position}"
        for chapter in CHAPTERS
        for position, label in enumerate(labels_of(chapter), start=1)
    }


def with_numbers(text: str, numbers: Mapping[str, str]) -> str:
    """Return ``text`` with the right number in each caption and each link."""
    text = CAPTION.sub(lambda m: m[1] + numbers[m[2]] + m[3], text)
    return LINK.sub(lambda m: m[1] + numbers.get(m[3], "?") + m[2], text)

"""Make slides of each chapter: `make slides`, or `python -m tools.slides 05`.

A chapter's slides are its figures, as recorded, and the sentences of its summary. What
the chapter says below a figure becomes the speaker's notes (press S). sphinx-revealjs
builds them and brings reveal.js along, so that they need no network.
"""

import base64
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat

from tools.checker.chapters import ROOT
from tools.checker.record import named_chapters

FOLDER = ROOT / "_build" / "slides"
CONF = """
project = "The Softmax Classifier, Worked Out"
extensions = ["myst_parser", "sphinx_revealjs", "sphinx-mathjax-offline"]
myst_enable_extensions = ["dollarmath", "amsmath"]
revealjs_style_theme = "white"
revealjs_static_path = ["_static"]
revealjs_css_files = ["slides.css"]
revealjs_script_conf = {"hash": True, "slideNumber": True, "width": 1280, "height": 720}
revealjs_script_plugins = [
    {"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"},
]
"""
STYLE = """
.reveal { font-size: 30px; }
.reveal h1 { font-size: 2.2em; text-transform: none; }
.reveal h2 { font-size: 1.4em; text-transform: none; }
.reveal section img { max-height: 460px; max-width: 1100px; margin: 0.3em auto; }
.reveal p { font-size: 0.8em; }
.reveal li { margin-bottom: 0.5em; }
"""
CAPTION = re.compile(
    r"^\(fig-[\w-]+\)=\n\*\*(Figure [\d.]+)\.?\*\* (.*?)(?:\n\n|\Z)", re.M | re.S
)


class Slide(NamedTuple):
    """A figure, what it shows, and what to say."""

    heading: str
    picture: bytes
    alt: str
    caption: str
    notes: str


def main(names: Sequence[str]) -> int:
    """Build the slides of the chapters that begin with these names, or of all."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    source = FOLDER / "source"
    (source / "_static").mkdir(parents=True)
    (source / "_static" / "slides.css").write_text(STYLE, "utf-8")
    (source / "conf.py").write_text(CONF, "utf-8")
    chapters = named_chapters(names)
    listed = "\n".join(chapter.stem for chapter in chapters)
    index = f"# Slides\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    (source / "index.md").write_text(index, "utf-8")
    for chapter in chapters:
        write_slides(chapter, source)
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "revealjs"]
    done = subprocess.run([*command, source, FOLDER / "html"], check=False)
    if done.returncode == 0:
        print(
            f"Open _build/slides/html/{chapters[0].stem}.html, and press S for notes."
        )
    return done.returncode


def write_slides(chapter: Path, source: Path) -> None:
    """Write a chapter's slides as Markdown, and its pictures beside them."""
    cells = nbformat.read(chapter, as_version=4).cells
    title = re.search(r"^# (.+)$", cells[0].source, re.M)
    parts = [f"# {title[1] if title else chapter.stem}"]
    for number, slide in enumerate(slides_of(cells), start=1):
        name = f"{chapter.stem}-{number}.png"
        (source / name).write_bytes(slide.picture)
        picture = f"```{{image}} {name}\n:alt: {slide.alt}\n```"
        parts += [f"## {slide.heading}", picture, slide.caption, notes(slide.notes)]
    sentences = "\n".join(f"- {sentence}" for sentence in summary_of(cells))
    parts += ["## Summary", sentences]
    (source / f"{chapter.stem}.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def slides_of(cells: Sequence[nbformat.NotebookNode]) -> Iterator[Slide]:
    """Yield a slide for each figure with a caption."""
    heading, shown = "", []
    for cell in cells:
        if cell.cell_type == "code":
            shown += [
                output
                for output in cell.outputs
                if "image/png" in output.get("data", {})
            ]
            continue
        captions = CAPTION.finditer(cell.source)
        for output, caption in zip(shown, captions, strict=False):
            below = cell.source[caption.end() :].split("\n\n")[0]
            yield Slide(
                heading,
                base64.b64decode(output.data["image/png"]),
                " ".join(output.metadata["image/png"]["alt"].split()),
                plain(caption[2]),
                plain(below) if is_prose(below) else "",
            )
        shown = []
        headings = re.findall(r"^##+ (.+)$", cell.source, re.M)
        heading = headings[-1] if headings else heading


def summary_of(cells: Sequence[nbformat.NotebookNode]) -> list[str]:
    """Return the sentences of the section Summary."""
    for cell in cells:
        if cell.cell_type == "markdown" and "\n## Summary\n" in f"\n{cell.source}":
            text = cell.source.split("## Summary\n", 1)[1].strip().split("\n\n")[0]
            return re.split(r"(?<=[.?!]) (?=[A-Z$`])", plain(text))
    return []


def plain(text: str) -> str:
    """Return Markdown without links, which lead nowhere from a slide."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\{eq\}`[^`]*`", "the formula", text)
    return re.sub(r"\{\w+\}`([^`<]*?) ?(?:<[^`]*)?`", r"\1", " ".join(text.split()))


def is_prose(text: str) -> bool:
    """Return whether a paragraph is neither a heading nor a directive."""
    return bool(text.strip()) and not text.startswith(("#", "`", "(", ":", "|"))


def notes(text: str) -> str:
    """Return the directive that holds the speaker's notes."""
    return f"```{{revealjs-notes}}\n{text}\n```" if text else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

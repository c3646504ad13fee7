"""The slides: each figure with a caption, what is said about it, the summary."""

import nbformat
import pytest

from tools.checker.chapters import CHAPTERS
from tools.slides import CAPTION, plain, slides_of, summary_of, write_slides

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def cells_of(chapter):
    return nbformat.read(chapter, as_version=4).cells


@each_chapter
def test_each_figure_with_a_caption_has_its_slide(chapter):
    text = "\n\n".join(c.source for c in cells_of(chapter) if c.cell_type == "markdown")
    captions = [plain(caption[2]) for caption in CAPTION.finditer(text)]
    slides = list(slides_of(cells_of(chapter)))
    assert [slide.caption for slide in slides] == captions
    for slide in slides:
        assert slide.picture.startswith(b"\x89PNG")
        assert slide.heading
        assert slide.alt


@each_chapter
def test_a_summary_becomes_its_sentences(chapter):
    sentences = summary_of(cells_of(chapter))
    assert 3 <= len(sentences) <= 9
    assert all(sentence[-1] in ".?!" for sentence in sentences)


def test_no_link_and_no_role_is_left_on_a_slide():
    text = "By {eq}`eq-02-dW`, a [loss](glossary.md#loss) of\n{ref}`one <x>`."
    assert plain(text) == "By the formula, a loss of one."


def test_what_the_chapter_says_below_a_figure_are_the_notes(tmp_path):
    (chapter,) = [path for path in CHAPTERS if path.stem == "05_sgd"]
    write_slides(chapter, tmp_path)
    written = (tmp_path / "05_sgd.md").read_text("utf-8")
    first = next(slides_of(cells_of(chapter)))
    assert f"```{{revealjs-notes}}\n{first.notes}\n```" in written
    assert f"```{{image}} 05_sgd-1.png\n:alt: {first.alt}\n```" in written
    assert (tmp_path / "05_sgd-1.png").read_bytes() == first.picture

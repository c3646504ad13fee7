import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.checker.text import carry_text


def solved(said):
    return f"\n````{{solution}} ex-x\n```python\n1\n```\n\n```text\n{said}```\n````"


@pytest.fixture
def book(tmp_path):
    """A chapter and its recording on Shapes-10, which differ in their outputs."""
    chapter = tmp_path / "book" / "01_data.ipynb"
    recording = tmp_path / "tests" / "recordings" / "shapes10" / "01_data.ipynb"
    for path, text in [(chapter, "cifar10\n"), (recording, "shapes10\n")]:
        output = new_output("stream", text=text)
        cells = [
            new_markdown_cell("A wrong word." + solved(text), id="c01-01"),
            new_code_cell("1", id="c01-02", outputs=[output], execution_count=1),
        ]
        path.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=cells), path)
    return chapter, recording


def change(path, number, source):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[number].source = source
    nbformat.write(notebook, path)


def said_by(path):
    cells = nbformat.read(path, as_version=4).cells
    return cells[0].source, cells[1].outputs[0].text


def test_a_corrected_word_reaches_the_recording_which_keeps_its_outputs(book):
    chapter, recording = book
    change(chapter, 0, "A right word." + solved("cifar10\n"))
    assert carry_text(chapter, {})
    for path, text in [(chapter, "cifar10\n"), (recording, "shapes10\n")]:
        assert said_by(path) == ("A right word." + solved(text), text)


def test_carrying_the_text_twice_changes_no_byte(book):
    carry_text(book[0], {})
    once = [path.read_bytes() for path in book]
    carry_text(book[0], {})
    assert [path.read_bytes() for path in book] == once


def test_changed_code_is_not_given_the_outputs_of_other_code(book):
    chapter, recording = book
    before = recording.read_bytes()
    change(chapter, 1, "2")
    assert not carry_text(chapter, {})
    assert recording.read_bytes() == before


def test_changed_code_of_a_solution_is_not_given_the_output_of_other_code(book):
    chapter, recording = book
    before = recording.read_bytes()
    change(chapter, 0, "A wrong word." + solved("cifar10\n").replace("1", "2", 1))
    assert not carry_text(chapter, {})
    assert recording.read_bytes() == before

"""Recording is repeatable, and refuses what no other machine could repeat."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.checker.record import RecordingError, record_chapter
from tools.checker.recordings import read_recorded, read_seconds, write_seconds

TIMED = "import time\nprint(f'took {time.perf_counter() % 1:.6f} s for {2 / 3:.3f}')"
TAKES = {
    "pattern": r"took (\S+) s",
    "at_least": 0,
    "at_most": 1,
    "reason": "a timing",
}


@pytest.fixture
def chapter(tmp_path):
    return tmp_path / "book" / "01_data.ipynb"


@pytest.fixture
def record(tmp_path, chapter):
    """Write a chapter, record it on Shapes-10, return the recording and the report."""
    recording = tmp_path / "tests" / "recordings" / "shapes10" / "01_data.json"
    chapter.parent.mkdir()

    def run(*cells):
        for number, cell in enumerate(cells):
            cell.id = f"cell-{number}"
        nbformat.write(new_notebook(cells=list(cells)), chapter)
        said = record_chapter(chapter, "shapes10")
        return recording.read_bytes(), said

    return run


def test_recording_twice_changes_no_byte(record):
    cells = [
        new_markdown_cell("# A chapter"),
        new_code_cell(TIMED, metadata={"check": {"varies": [TAKES]}}),
        new_code_cell(
            "raise ValueError('no')", metadata={"tags": ["raises-exception"]}
        ),
        new_code_cell("2 / 3"),
    ]
    first, said = record(*cells)
    assert "code cell 2 is new" in said
    second, said = record(*cells)
    assert said.endswith("changes: none")
    assert first == second
    recorded = json.loads(first)
    assert list(recorded) == ["cell-1", "cell-2", "cell-3"]
    assert recorded["cell-2"][0]["traceback"] == ["ValueError: no"]
    assert recorded["cell-3"] == [
        {
            "data": {"text/plain": ["0.6666666666666666"]},
            "metadata": {},
            "output_type": "execute_result",
        }
    ]


def test_a_recording_is_read_as_a_chapter_with_its_outputs(record, chapter):
    record(new_markdown_cell("# A chapter"), new_code_cell("2 / 3"))
    notebook = read_recorded(chapter, "shapes10")
    assert notebook.cells[0].source == "# A chapter"
    assert notebook.cells[1].execution_count == 1
    (output,) = notebook.cells[1].outputs
    assert (output.execution_count, output.data["text/plain"]) == (1, str(2 / 3))
    assert nbformat.read(chapter, as_version=4).cells[1].outputs == []


def test_the_output_of_a_solution_is_recorded_by_its_label(record, chapter):
    opening, code = "````{solution} ex-x\n", "```python\nprint(x)\n```\n"
    solution = new_markdown_cell(f"{opening}{code}````")
    first, said = record(solution, new_code_cell("x = 2"))
    assert "the solution of ex-x is new" in said
    assert json.loads(first)["ex-x-1"][0]["text"] == ["2\n"]
    shown = read_recorded(chapter, "shapes10").cells[0].source
    assert shown == f"{opening}{code}\n```text\n2\n```\n````"
    assert nbformat.read(chapter, as_version=4).cells[0].source == solution.source


def test_a_change_is_recorded_and_said(record):
    before, _ = record(new_code_cell("print('loss 2.30')"))
    after, said = record(new_code_cell("print('loss 2.40')"))
    assert before != after
    assert "code cell 0, output 1, stdout, line 1" in said
    assert "2.30 became 2.40: they differ by 0.1" in said


def test_seconds_are_kept_until_they_change_by_more_than_a_third(tmp_path):
    chapter = tmp_path / "book" / "01_data.ipynb"
    assert read_seconds(chapter) == 0
    for measured, kept in [(60.4, 60), (75.0, 60), (45.0, 60), (30.0, 30), (80.0, 80)]:
        write_seconds(chapter, measured)
        assert read_seconds(chapter) == kept
    write_seconds(chapter.with_stem("02_loss"), 9.0)
    assert (read_seconds(chapter), read_seconds(chapter.with_stem("02_loss"))) == (
        80,
        9,
    )


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import sys; print('careful', file=sys.stderr)", "wrote to stderr: careful"),
        ("print('/home/ann/book')", "shows a path of this machine"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_no_other_machine_could_repeat_is_refused(record, source, complaint):
    with pytest.raises(RecordingError, match=complaint):
        record(new_code_cell(source))

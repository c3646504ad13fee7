"""Recording is repeatable, and refuses what no other machine could repeat."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.checker.record import RecordingError, record_chapter

TIMED = "import time\nprint(f'took {time.perf_counter() % 1:.6f} s for {2 / 3:.3f}')"
TAKES = {"pattern": r"took (\S+) s", "at_most": 1, "reason": "a timing"}


@pytest.fixture
def record(tmp_path):
    """Write a chapter, record it on Shapes-10, return the recording and the report."""
    chapter = tmp_path / "book" / "01_data.ipynb"
    recording = tmp_path / "tests" / "recordings" / "shapes10" / "01_data.ipynb"
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
    recorded = nbformat.reads(first.decode(), as_version=4).cells
    assert [cell.get("execution_count") for cell in recorded] == [None, 1, 2, 3]
    assert recorded[2].outputs[0].traceback == ["ValueError: no"]


def test_the_output_of_a_solution_is_recorded_in_its_text(record):
    opening, code = "````{solution} ex-x\n", "```python\nprint(x)\n```\n"
    solution = new_markdown_cell(f"{opening}{code}````")
    first, said = record(solution, new_code_cell("x = 2"))
    assert "the solution of ex-x is new" in said
    shown = nbformat.reads(first.decode(), as_version=4).cells[0].source
    assert shown == f"{opening}{code}\n```text\n2\n```\n````"


def test_a_change_is_recorded_and_said(record):
    before, _ = record(new_code_cell("print('loss 2.30')"))
    after, said = record(new_code_cell("print('loss 2.40')"))
    assert before != after
    assert "code cell 0, output 1, stdout, line 1" in said
    assert "2.30 became 2.40: they differ by 0.1" in said


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

"""Carry changed text into the recordings: `python -m tests.checker.text`.

Both recordings of a chapter hold the same cells, so a corrected word must reach both.
That needs no data and runs nothing: the first mentions of terms and functions become
links, figures get their numbers, each file is written in the recorder's form, and the
recording on Shapes-10 takes the chapter's cells and keeps its own outputs.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat

from tests.checker.chapters import CHAPTERS, recording_of
from tests.checker.links import link_first_mentions
from tests.checker.numbering import figure_numbers, with_numbers
from tests.checker.record import write_notebook
from tests.checker.solutions import executed_cells, put_outputs


def main() -> int:
    """Carry the text of every chapter; return the exit status."""
    numbers = figure_numbers()
    changed_code = [c.stem for c in CHAPTERS if not carry_text(c, numbers)]
    for name in changed_code:
        print(f"{name}: its code has changed, so it must be run: `make record`.")
    return int(bool(changed_code))


def carry_text(chapter: Path, numbers: Mapping[str, str]) -> bool:
    """Bring a chapter's text into its recording, unless its code has changed."""
    notebook = nbformat.read(chapter, as_version=4)
    link_first_mentions(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_numbers(cell.source, numbers)
    write_notebook(notebook, chapter)
    recording = recording_of(chapter, "shapes10")
    if not recording.exists():
        return False
    recorded = executed_cells(nbformat.read(recording, as_version=4).cells)
    old = {cell.id: cell for cell in recorded}
    cells = executed_cells(notebook.cells)
    for cell in cells:
        if cell.id not in old or old[cell.id].source != cell.source:
            return False
        cell.outputs = old[cell.id].outputs
        cell.execution_count = old[cell.id].execution_count
    put_outputs(notebook.cells, cells)
    write_notebook(notebook, recording)
    return True


if __name__ == "__main__":
    sys.exit(main())

"""The recorded outputs of a chapter, on each data set.

The chapter itself holds the outputs of CIFAR-10. Those of another data set are in a
JSON file, ``{cell id: outputs}`` and nothing else, so that a chapter's text and code
are kept once. ``seconds.json`` says how long each chapter takes on CIFAR-10, so that
the longest can be checked first.
"""

import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4.rwbase import rejoin_lines, split_lines

from tools.checker.chapters import recording_of
from tools.checker.solutions import executed_cells, put_outputs

__all__ = [
    "read_recorded",
    "read_seconds",
    "recording_text",
    "write_notebook",
    "write_recorded",
    "write_seconds",
]


def read_recorded(chapter: Path, data_set: str) -> Any:
    """Return a chapter as a notebook that holds its outputs on a data set.

    A cell without a recording has no outputs and no execution count.
    """
    notebook = nbformat.read(chapter, as_version=4)
    recording = recording_of(chapter, data_set)
    if recording == chapter:
        return notebook
    recorded = read_outputs(recording) if recording.exists() else {}
    cells = executed_cells(notebook.cells)
    for number, cell in enumerate(cells, start=1):
        cell.outputs = recorded.get(cell.id, [])
        cell.execution_count = number if cell.id in recorded else None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    put_outputs(notebook.cells, cells)
    return notebook


def read_outputs(recording: Path) -> dict[str, list[Any]]:
    """Return the outputs in a recording by the id of their cell."""
    cells = as_cells(json.loads(recording.read_text("utf-8")))
    return {cell.id: cell.outputs for cell in rejoin_lines(cells).cells}


def as_cells(outputs: dict[str, Any]) -> Any:
    """Return a notebook of code cells that have these outputs and nothing else."""
    cells = [
        {"cell_type": "code", "id": cell_id, "source": "", "outputs": of_cell}
        for cell_id, of_cell in outputs.items()
    ]
    return nbformat.from_dict({"cells": cells})


def write_recorded(
    notebook: Any, cells: list[Any], chapter: Path, data_set: str
) -> None:
    """Write the outputs of executed cells to the recording of their data set."""
    recording = recording_of(chapter, data_set)
    if recording == chapter:
        put_outputs(notebook.cells, cells)
        write_notebook(notebook, chapter)
        return
    recording.parent.mkdir(parents=True, exist_ok=True)
    recording.write_text(recording_text(cells), encoding="utf-8", newline="\n")


def recording_text(cells: list[Any]) -> str:
    """Return the outputs of executed cells as the text of their recording."""
    outputs = {
        cell.id: [
            {key: value for key, value in output.items() if key != "execution_count"}
            for output in cell.outputs
        ]
        for cell in cells
    }
    lines = {cell.id: cell.outputs for cell in split_lines(as_cells(outputs)).cells}
    return json.dumps(lines, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def seconds_beside(chapter: Path) -> Path:
    """Return the file of how long the chapters take."""
    return chapter.parents[1] / "tests" / "recordings" / "seconds.json"


def read_seconds(chapter: Path) -> float:
    """Return how long a chapter takes on one core; 0 if it was never measured."""
    path = seconds_beside(chapter)
    seconds = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return float(seconds.get(chapter.stem, 0))


def write_seconds(chapter: Path, seconds: float) -> None:
    """Keep how long a chapter takes, if that has changed by more than a third.

    What has changed by less may be another machine, and orders the chapters as well.
    """
    path, before = seconds_beside(chapter), read_seconds(chapter)
    if before * 2 / 3 < seconds < before * 3 / 2:
        return
    all_seconds = json.loads(path.read_text("utf-8")) if path.exists() else {}
    all_seconds[chapter.stem] = round(seconds)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(all_seconds, indent=1, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def write_notebook(notebook: Any, path: Path) -> None:
    """Write a notebook so that the same content gives the same bytes.

    Of its metadata, the kernel is the same for all, and ``description`` its own.
    """
    own = {k: v for k, v in notebook.metadata.items() if k == "description"}
    notebook.metadata = nbformat.from_dict(
        {
            **own,
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")

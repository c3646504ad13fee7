"""Solutions of exercises as code cells, so that what they show is run and checked.

A solution is text in a Markdown cell. Its code stands in a listing marked `python`, and
what the code prints in a listing marked `text` right below. The recorder and the
checker take each such pair for one more code cell: it runs in the chapter's kernel,
after the chapter's last cell, and its output is the text below it. What may vary is
declared in the Markdown cell's metadata, under `solutions` and the exercise's label, in
the form that a code cell has under `check`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import nbformat

__all__ = ["executed_cells", "place_of", "put_outputs"]

SOLUTION = re.compile(
    r"^(?P<fence>`{3,})\{solution\} (?P<exercise>[\w-]+)\n.*?^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
LISTING = re.compile(
    r"^```python\n(?P<code>.*?)\n```\n(?:\n```text\n(?P<said>.*?)```\n)?",
    re.MULTILINE | re.DOTALL,
)


def executed_cells(cells: Iterable[Any]) -> list[Any]:
    """Return the code cells, and after them one for each listing of a solution."""
    cells = list(cells)
    solved = [
        as_code_cell(cell, solution["exercise"], number, listing)
        for cell in cells
        if cell.cell_type == "markdown"
        for solution in SOLUTION.finditer(cell.source)
        for number, listing in enumerate(LISTING.finditer(solution[0]), start=1)
    ]
    return [cell for cell in cells if cell.cell_type == "code"] + solved


def as_code_cell(cell: Any, exercise: str, number: int, listing: re.Match[str]) -> Any:
    """Return a listing and the text below it as a code cell with its output."""
    said = listing["said"]
    check = cell.metadata.get("solutions", {}).get(exercise)
    return nbformat.v4.new_code_cell(
        listing["code"],
        id=f"{exercise}-{number}",
        metadata={"exercise": exercise, **({"check": check} if check else {})},
        outputs=[nbformat.v4.new_output("stream", text=said)] if said else [],
        execution_count=number if said else None,
    )


def place_of(cell: Any, number: int) -> str:
    """Return the name of an executed cell as a person would say it."""
    exercise = cell.metadata.get("exercise")
    return f"the solution of {exercise}" if exercise else f"code cell {number}"


def put_outputs(cells: Iterable[Any], executed: Iterable[Any]) -> None:
    """Write what the solutions among the executed cells printed into their text."""
    said = (
        "".join(output.get("text", "") for output in cell.outputs)
        for cell in executed
        if "exercise" in cell.metadata
    )
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = with_outputs(cell.source, said)


def with_outputs(source: str, said: Iterator[str]) -> str:
    """Return a Markdown cell's source with the next texts below its listings."""

    def show(listing: re.Match[str]) -> str:
        return f"```python\n{listing['code']}\n```\n\n```text\n{next(said)}```\n"

    return SOLUTION.sub(lambda solution: LISTING.sub(show, solution[0]), source)

"""Solutions of exercises are run and checked like the cells of their chapter."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tools.checker.chapters import CHAPTERS
from tools.checker.solutions import (
    executed_cells,
    place_of,
    put_outputs,
)

SOLVED = """
```{exercise} Two
:label: ex-two
```

````{solution} ex-two
:class: dropdown

A word.

```python
for i in range(2):
    print(i)
```

```text
0
1
```

Another word.

```python
print("three")
```
````

```python
not_a_solution()
```
"""


@pytest.fixture
def cells():
    checks = {"ex-two": {"varies": []}}
    return [
        new_markdown_cell(SOLVED, metadata={"solutions": checks}),
        new_code_cell("1", metadata={}),
    ]


def test_listings_of_a_solution_are_cells_after_the_last_cell(cells):
    last, first, second = executed_cells(cells)
    assert (last.source, first.source) == ("1", "for i in range(2):\n    print(i)")
    assert first.outputs == [new_output("stream", text="0\n1\n")]
    assert first.metadata.check == cells[0].metadata.solutions["ex-two"]
    assert second.source == 'print("three")'
    assert (first.execution_count, second.execution_count) == (1, None)
    assert [place_of(cell, 7) for cell in (last, second)] == [
        "code cell 7",
        "the solution of ex-two",
    ]


def test_what_was_printed_is_written_below_each_listing(cells):
    executed = executed_cells(cells)
    executed[1].outputs = [new_output("stream", text=text) for text in ("4\n", "5\n")]
    executed[2].outputs = [new_output("stream", text="three\n")]
    put_outputs(cells, executed)
    assert "```text\n4\n5\n```\n\nAnother word.\n" in cells[0].source
    assert 'print("three")\n```\n\n```text\nthree\n```\n````\n' in cells[0].source
    assert cells[0].source.endswith("```python\nnot_a_solution()\n```\n")
    assert [cell.outputs[0].text for cell in executed_cells(cells)[1:]] == [
        "4\n5\n",
        "three\n",
    ]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_solution_is_worked_and_run(chapter):
    cells = nbformat.read(chapter, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    exercises = re.findall(r"\{exercise\}.*\n:label: (\S+)", text)
    assert 1 <= len(exercises) <= 6
    assert re.findall(r"\{solution\} (\S+)", text) == exercises
    solved = [cell for cell in executed_cells(cells) if "exercise" in cell.metadata]
    assert {cell.metadata.exercise for cell in solved} == set(exercises)
    assert [cell.id for cell in solved if not cell.outputs] == [], "run `make record`"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_code_of_a_solution_fits_on_the_page(chapter):
    for cell in executed_cells(nbformat.read(chapter, as_version=4).cells):
        if "exercise" in cell.metadata:
            assert max(map(len, cell.source.splitlines())) <= 88
            assert len(cell.source.splitlines()) <= 25
            for output in cell.outputs:
                assert max(map(len, output.text.splitlines())) <= 80


def names(source, kind):
    """The names that a listing reads or writes, wherever they stand in it."""
    return {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, kind)
    }


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_solution_needs_the_chapter_and_no_other_solution(chapter):
    cells = executed_cells(nbformat.read(chapter, as_version=4).cells)
    written = {}
    for cell in cells:
        if exercise := cell.metadata.get("exercise"):
            needed = names(cell.source, ast.Load) - names(cell.source, ast.Store)
            others = {
                name for name in needed if written.get(name, exercise) != exercise
            }
            assert others == set(), cell.id
            written |= dict.fromkeys(names(cell.source, ast.Store), exercise)

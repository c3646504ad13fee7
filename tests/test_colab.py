"""The cell that installs the package on Colab: where it is, and what it does."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools.address import repository
from tools.checker.chapters import BOOK, CHAPTERS, ROOT

# Chapters 9, 13 and 15 read the kept measurements of the repository.
ELSEWHERE = ("09_speed", "13_features", "15_past_one_machine")
WORKSHEETS = [ROOT / "worksheet" / f"{part}softmax.ipynb" for part in ("", "source/")]
NOTEBOOKS = [chapter for chapter in CHAPTERS if chapter.stem not in ELSEWHERE]
NOTEBOOKS += WORKSHEETS


def installing_cells(notebook: Path) -> list[nbformat.NotebookNode]:
    """Return the cells for Colab of a notebook."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell for cell in cells if cell.id.endswith("-colab")]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.parent.name + p.stem)
def test_a_notebook_begins_with_the_cell_for_colab(notebook: Path) -> None:
    cells = nbformat.read(notebook, as_version=4).cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    found = installing_cells(notebook)
    assert [first] == found, "copy the first code cell of chapter 1, its id *-colab"
    (of_first_chapter,) = installing_cells(CHAPTERS[0])
    assert first.source == of_first_chapter.source
    assert first.metadata == {
        "jupyter": {"source_hidden": True},  # in JupyterLab
        "tags": ["remove-cell"],  # on the pages
    }


def test_chapters_that_need_the_repository_are_not_offered() -> None:
    for chapter in CHAPTERS:
        needs_files = "../tools" in chapter.read_text("utf-8")
        assert needs_files == (chapter.stem in ELSEWHERE), chapter.stem
        assert bool(installing_cells(chapter)) != needs_files, chapter.stem
    first, second, third = (int(stem[:2]) for stem in ELSEWHERE)
    told = f"chapters {first}, {second} and {third} open on Binder only"
    assert told in (BOOK / "introduction.md").read_text("utf-8")


def run_cell(without_package: bool) -> str:
    """Run the cell in a Python of its own; return what it would have installed."""
    (cell,) = installing_cells(CHAPTERS[0])
    code = f"""
import importlib.util
class Shell:
    def run_line_magic(self, *words):
        print(*words)
get_ipython = Shell
if {without_package}:
    importlib.util.find_spec = lambda name: None
{cell.source}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_the_cell_installs_the_package_where_it_is_missing() -> None:
    archive = f"https://github.com/{repository()}/archive/main.zip"
    said = run_cell(without_package=True)
    assert said == f"pip install -q softmax-lib[sklearn]@{archive}\n"


def test_the_cell_does_nothing_where_the_package_is() -> None:
    assert importlib.util.find_spec("softmax_lib")
    assert run_cell(without_package=False) == ""

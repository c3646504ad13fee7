"""Make the worksheet and prove it: `python -m tools.worksheet`.

``worksheet/source/softmax.ipynb`` holds the worksheet with its solutions, in the cell
format of nbgrader. nbgrader takes the solutions out and writes what a reader opens,
``worksheet/softmax.ipynb``. The proof is nbgrader's own grading of both: the solved
one must earn all points, the empty one none.
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from tools.checker.chapters import ROOT, chosen_data_set, kernel_environment
from tools.checker.recordings import write_notebook

EMPTY = ROOT / "worksheet" / "softmax.ipynb"
SOLVED = ROOT / "worksheet" / "source" / "softmax.ipynb"
NAME = "softmax"
CONFIG = """
c = get_config()
c.Execute.timeout = 600
"""


def main() -> int:
    """Write the worksheet, grade the solved and the empty one, say what they earn."""
    write_notebook(nbformat.read(SOLVED, as_version=4), SOLVED)
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(released(Path(folder)), EMPTY)
        print(f"Written: {EMPTY.relative_to(ROOT)}")
        points = graded(Path(folder), {"solved": SOLVED, "empty": EMPTY})
    for name, (earned, possible) in points.items():
        print(f"The {name} worksheet earns {earned:g} of {possible:g} points.")
    (solved, possible), (empty, _) = points["solved"], points["empty"]
    return int(not (solved == possible > 0 == empty))


def released(course: Path) -> Any:
    """Return what nbgrader makes of the source, in the folder of a course."""
    (course / "nbgrader_config.py").write_text(CONFIG)
    put(SOLVED, course / "source" / NAME)
    nbgrader(course, "generate_assignment", NAME, "--force")
    notebook = nbformat.read(course / "release" / NAME / SOLVED.name, as_version=4)
    for cell, of_source in zip(
        notebook.cells, nbformat.read(SOLVED, as_version=4).cells, strict=True
    ):
        cell.id = of_source.id
    return notebook


def graded(course: Path, notebooks: Mapping[str, Path]) -> dict[str, tuple[float, ...]]:
    """Return the points that each notebook earns, and those that it could earn."""
    for student, notebook in notebooks.items():
        put(notebook, course / "submitted" / student / NAME)
    nbgrader(course, "autograde", NAME, "--force")
    nbgrader(course, "export", "--to", "grades.csv")
    with (course / "grades.csv").open() as table:
        return {
            row["student_id"]: (float(row["score"]), float(row["max_score"]))
            for row in csv.DictReader(table)
        }


def put(notebook: Path, folder: Path) -> None:
    """Copy a notebook into a folder that need not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(notebook, folder)


def nbgrader(course: Path, *arguments: str) -> None:
    """Run a command of nbgrader in the folder of a course; show what went wrong."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        # nbgrader itself calls alembic, which lies where Python does.
        env={**os.environ, **kernel_environment(chosen_data_set()), "PATH": beside},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"nbgrader {' '.join(arguments)} failed:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())

"""What a class got right and wrong: `softmax-book class FOLDER`.

Each file below the folder is checked by ``softmax-book check --json`` in a process of
its own, so that one student's code cannot disturb the check of another's. The first
folder on the way to a file is its student, as in nbgrader's ``submitted/``.
"""

import csv
import json
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from softmax_lib.figures import COLORS, DescribedFigure, blank_figure, in_book_style
from softmax_lib.validation import as_list, as_path, check_entries

__all__ = ["Mistake", "check_class", "class_table", "plot_mistake_counts"]

SECONDS = 600  # that the check of one file may take


class Mistake(NamedTuple):
    """One mistake, or a right function, of one student."""

    student: str
    function: str
    name: str
    sentence: str


RIGHT, UNKNOWN = "right", "wrong, for a reason that no check knows"


def check_class(folder: Path) -> list[Mistake]:
    """Check every notebook and script below a folder.

    For each student and function the result has a row per mistake; one row whose
    ``name`` is "right" where there is none, and one whose ``function`` is "-" for a
    file that could not be checked.

    Parameters
    ----------
    folder : Path
        Such as ``submitted/`` of nbgrader, with a folder per student.
    """
    folder = as_path("folder", folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder.")
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in (".ipynb", ".py")
        and ".ipynb_checkpoints" not in path.parts
        and not path.is_dir()
    )
    if not files:
        raise FileNotFoundError(f"There is no notebook and no script in {folder}.")
    return [row for path in files for row in check_file(folder, path)]


def check_file(folder: Path, path: Path) -> list[Mistake]:
    """Return the rows of one file."""
    student = path.relative_to(folder).with_suffix("").parts[0]
    if student.startswith(("=", "+", "-", "@")):  # a spreadsheet would compute it
        student = f"'{student}"
    command = [sys.executable, "-m", "softmax_lib", "check", "--json", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS)
        reports = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return [Mistake(student, "-", "unchecked", "the file cannot be checked")]
    return [
        Mistake(student, report["function"], name, sentence)
        for report in reports
        for name, sentence in named(report)
    ]


def named(report: dict[str, object]) -> Iterable[tuple[str, str]]:
    """Return the name and the sentence of each mistake in a report."""
    findings = report["findings"]
    if report["passed"]:
        return [(RIGHT, RIGHT)]
    assert isinstance(findings, list)
    mistakes = [each for each in findings if not each["is_remark"]]
    return [(each["name"], each["text"]) for each in mistakes] or [("-", UNKNOWN)]


def class_table(rows: Iterable[Mistake]) -> list[tuple[int, str, str]]:
    """Count the students who made each mistake, the most frequent first.

    The result has for each the number of students, the function, and what happened.

    Parameters
    ----------
    rows : iterable of Mistake
        Those of `check_class`. A student who made a mistake in two files counts once.
    """
    rows = as_list("rows", rows)
    check_entries("rows", rows, Mistake)
    once = dict.fromkeys((row.student, row.function, row.sentence) for row in rows)
    counts = Counter((function, sentence) for _, function, sentence in once)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(count, *what) for what, count in ordered]


@in_book_style
def plot_mistake_counts(table: list[tuple[int, str, str]]) -> DescribedFigure:
    """Draw how many students made each mistake.

    Parameters
    ----------
    table : list of (int, str, str)
        Rows of `class_table`; right functions are left out.
    """
    check_entries("table", table, tuple)
    kinds = int, str, str
    for row in table:
        if len(row) != 3 or not all(map(isinstance, row, kinds)):
            raise TypeError(
                "table must hold rows of class_table, a number and two texts, but one "
                f"is {row!r}."
            )
    wrong = [row for row in table if row[2] != RIGHT]
    names = [textwrap.fill(f"{row[1]}: {row[2]}", width=90) for row in wrong]
    num_lines = 1 + max((name.count("\n") for name in names), default=0)
    pitch = 0.3 + 0.14 * num_lines  # inches, of a bar and the lines above it
    top = pitch * max(len(wrong), 1)
    height = top + 0.6
    fig = blank_figure(7, height)
    ax = fig.subplots()
    fig.subplots_adjust(
        left=0.02, right=0.95, bottom=0.5 / height, top=1 - 0.1 / height
    )
    places = [top - pitch * place for place in range(1, len(wrong) + 1)]
    counts = [row[0] for row in wrong]
    bars = ax.barh(places, counts, height=0.2, align="edge", color=COLORS[0])
    ax.bar_label(bars, padding=3)
    for place, name in zip(places, names, strict=True):
        ax.text(0, place + 0.22, name, va="bottom", fontsize=8)
    ax.set(xlabel="number of students", ylim=(-0.05, top))
    ax.set_xlim(0, 1.05 * max(counts, default=1))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_visible(False)
    ax.spines["left"].set_visible(False)
    told = "; ".join(f"{function}, {text} {n}" for n, function, text in wrong)
    fig.alt = f"Bars, number of students per mistake: {told or 'none'}."
    return fig


def report_class(folder: Path, table_file: Path | None, figure: Path | None) -> int:
    """Print the table, write what is asked for, and return the exit status."""
    try:
        require_writable(table_file)
        require_writable(figure, (".svg", ".png"))
        rows = check_class(folder)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    table = class_table(rows)
    students = len({row.student for row in rows})
    print(f"{students} student{'s' if students != 1 else ''}")
    for count, function, sentence in table:
        print(f"{count:4d}  {function}: {sentence}")
    try:
        if table_file:
            with table_file.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([Mistake._fields, *rows])
        if figure:
            drawn = plot_mistake_counts(table)
            figure.write_bytes(drawn.svg() if figure.suffix == ".svg" else drawn.png())
    except OSError as error:
        print(f"The result cannot be written: {error}.", file=sys.stderr)
        return 2
    return 0


def require_writable(path: Path | None, suffixes: tuple[str, ...] = ()) -> None:
    """Check, before a class is checked for an hour, that its result can be written."""
    if path is None:
        return
    if suffixes and path.suffix not in suffixes:
        raise ValueError(f"{path} must end in {' or '.join(suffixes)}.")
    if path.is_dir() or not path.parent.is_dir():
        missing = f"there is no folder {str(path.parent)!r} to write it into"
        what = "it is a folder" if path.is_dir() else missing
        raise ValueError(f"{path} cannot be written: {what}.")

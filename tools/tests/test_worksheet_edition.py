"""The worksheet in `worksheet/`: made from its source, solvable, and not solved.

The whole of it, with its experiments and by nbgrader's own count, is graded by
`make worksheet`. Here the checks alone are run.
"""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from softmax_lib.__main__ import main
from tools.checker.chapters import BOOK, CHAPTERS, chosen_data_set
from tools.checker.prose import computed_numbers, prose_of, unsupported_numbers
from tools.checker.recordings import write_notebook
from tools.worksheet import EMPTY, SOLVED, released


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def outcomes(path):
    """Run what a reader writes and what is graded; say which of the latter passes."""
    X_dev = np.random.default_rng(0).uniform(-100, 100, (500, 3073))
    names = {"display": lambda report: None, "X_dev": X_dev, "D": 3073}
    passed = {}
    for cell in cells_of(path):
        role = cell.metadata.get("nbgrader")
        if cell.cell_type != "code" or not (role or cell.id == "setup"):
            continue
        names.pop("report", None)
        try:
            exec(cell.source, names)
            error = None
        except Exception as raised:
            error = raised
        if role and role["grade"]:
            report = names.get("report")
            passed[cell.id] = error is None and (report is None or report.passed)
    return passed


@pytest.fixture(autouse=True)
def data_set(monkeypatch):
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", chosen_data_set())


def test_the_worksheet_is_what_nbgrader_makes_of_its_source(tmp_path):
    write_notebook(released(tmp_path), tmp_path / "made.ipynb")
    assert (tmp_path / "made.ipynb").read_bytes() == EMPTY.read_bytes(), (
        "run `make worksheet`"
    )
    write_notebook(nbformat.read(SOLVED, as_version=4), tmp_path / "source.ipynb")
    assert (tmp_path / "source.ipynb").read_bytes() == SOLVED.read_bytes()


def test_the_solved_worksheet_passes_every_check():
    passed = outcomes(SOLVED)
    assert len(passed) == 9
    assert all(passed.values()), passed


def test_the_empty_worksheet_fails_every_check():
    passed = outcomes(EMPTY)
    assert len(passed) == 9
    assert not any(passed.values()), passed


def test_the_command_agrees_with_the_cells(capsys):
    assert main(["check", str(SOLVED)]) == 0
    assert main(["check", str(EMPTY)]) == 1
    assert "Right." not in capsys.readouterr().out.split("Not yet.", 1)[1]


def test_the_empty_worksheet_has_no_solution_and_no_output():
    for cell in cells_of(EMPTY):
        assert not re.search("SOLUTION|HIDDEN|assert", cell.source)
        if cell.cell_type == "code":
            assert cell.outputs == []
        if cell.metadata.get("nbgrader", {}).get("solution"):
            assert re.search("NotImplementedError|YOUR ANSWER HERE", cell.source)


def test_each_exercise_of_the_worksheet_has_its_parts():
    texts = {cell.id: cell.source for cell in cells_of(EMPTY)}
    exercises = [name for name in texts if re.fullmatch(r"ex\d", name)]
    assert len(exercises) == 7
    for name in exercises:
        text = texts[f"{name}-text"]
        for part in ("**By hand.**", "**Predict.**", "](../book/"):
            assert part in text, name
        assert texts[f"{name}-hints"].count("<summary>") >= 2


def test_every_link_leads_to_a_chapter():
    links = re.findall(r"\]\(([^)#]+)", prose_of(cells_of(EMPTY)))
    assert links
    for link in links:
        assert Path(EMPTY.parent / link).exists(), link


def test_every_decimal_number_is_computed_in_some_chapter():
    computed = [n for chapter in CHAPTERS for n in computed_numbers(cells_of(chapter))]
    assert unsupported_numbers(prose_of(cells_of(EMPTY)), computed) == []


def points_of_exercises():
    """The points of each exercise: those of its cells that are graded."""
    points = {}
    for cell in cells_of(SOLVED):
        heading = re.match(r"## (?:Exercise (\d)|Optional)", cell.source)
        if heading:
            number = heading[1] or "optional"
        graded = cell.metadata.get("nbgrader", {}).get("points")
        if graded:
            points[number] = points.get(number, 0) + graded
    return points


def test_the_instructors_page_tells_the_points_of_each_exercise():
    text = (BOOK / "instructors.md").read_text("utf-8")
    table = text.split("\n## How long it takes\n")[1].split("\n## ")[0]
    told = re.findall(r"(?m)^\| (\d)\. [^|]*\| (\d+) \|", table)
    assert {number: int(points) for number, points in told} == points_of_exercises()
    assert f", {sum(points_of_exercises().values())} points, and" in text


def test_the_instructors_page_tells_the_exit_statuses_of_the_command(capsys):
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    texts = capsys.readouterr().out, (BOOK / "instructors.md").read_text("utf-8")
    told, page = (
        re.findall(
            r"(\d) if (all|one did not|one could not)", " ".join(sentence.split())
        )
        for sentence in (re.split("(?i)exit status", text)[1] for text in texts)
    )
    assert told == page == [("0", "all"), ("1", "one did not"), ("2", "one could not")]

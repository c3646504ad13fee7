"""`classroom`: what a class got right and wrong."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from softmax_lib import classroom
from softmax_lib.__main__ import main
from softmax_lib.classroom import (
    Mistake,
    check_class,
    class_table,
    plot_mistake_counts,
)

RIGHT = """
import numpy as np
print("the data is loaded")
def softmax_loss_naive(W, X, y, reg):
    scores = X @ W - (X @ W).max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    rows = np.arange(len(X))
    loss = -np.log(probs[rows, y]).mean() + reg * np.sum(W * W)
    probs[rows, y] -= 1
    return loss, X.T @ probs / len(X) + 2 * reg * W
"""
UNDIVIDED = RIGHT.replace("probs / len(X)", "probs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a class of four, laid out as nbgrader does."""
    files = {"ada": RIGHT, "ben": UNDIVIDED, "cleo": UNDIVIDED, "dan": "no Python"}
    for student, code in files.items():
        path = tmp_path / "submitted" / student / "softmax" / "softmax.ipynb"
        path.parent.mkdir(parents=True)
        cell = {"cell_type": "code", "source": code}
        path.write_text(json.dumps({"cells": [cell]}), "utf-8")
    return tmp_path / "submitted"


def test_the_mistakes_of_a_class_are_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, figure = folder.parent / "mistakes.csv", folder.parent / "mistakes.svg"
    command = ["class", str(folder), "--table", str(table), "--figure", str(figure)]
    assert main(command) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "4 students"
    assert lines[0].startswith("   2  softmax_loss_naive: ")
    assert "divi" in lines[0]
    assert "   1  softmax_loss_naive: right" in lines
    assert "   1  -: the file cannot be checked" in lines
    assert len(lines) == 3
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == ["ada", "ben", "cleo", "dan"]
    assert rows[0]["name"] == "right"
    assert b"number of students per mistake" in figure.read_bytes()
    assert figure.read_bytes().startswith(b"<?xml")


def test_a_folder_name_that_a_spreadsheet_would_compute_is_text(
    tmp_path: Path,
) -> None:
    for name in ("=1+1", "+1", "-1", "@a", "1+1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "softmax.py").write_text("no Python", "utf-8")
    found = {row.student for row in check_class(tmp_path)}
    assert found == {"'=1+1", "'+1", "'-1", "'@a", "1+1"}


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--table", "gone/a.csv", "cannot be written: there is no"),
        ("--table", "", "cannot be written: it is a folder"),
        ("--figure", "gone/a.svg", "cannot be written: there is no"),
        ("--figure", "a.bmp", "must end in .svg or .png"),
    ],
)
def test_what_cannot_be_written_is_told_before_a_class_is_checked(
    tmp_path: Path,
    option: str,
    name: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "a.py").write_text("x = 1\n", "utf-8")
    command = ["class", str(tmp_path), option, str(tmp_path / name)]
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err


def test_what_cannot_be_written_after_all_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def check_class(folder: Path) -> list[classroom.Mistake]:
        (folder / "a.csv").mkdir()  # meanwhile
        return []

    (tmp_path / "a.py").write_text("x = 1\n", "utf-8")
    picture = ["--figure", str(tmp_path / "a.png")]
    assert main(["class", str(tmp_path), *picture]) == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(classroom, "check_class", check_class)
    assert main(["class", str(tmp_path), "--table", str(tmp_path / "a.csv")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("The result cannot be written: ")


def test_a_file_that_takes_too_long_is_not_checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classroom, "SECONDS", 0.01)
    (row,) = check_class(folder / "ada")
    assert row == ("softmax", "-", "unchecked", "the file cannot be checked")


def test_what_no_check_knows_is_a_mistake_without_a_name() -> None:
    remark = {"name": "year", "text": "Another year.", "is_remark": True}
    report: dict[str, object] = {"passed": False, "findings": [remark]}
    unknown = "wrong, for a reason that no check knows"
    assert classroom.named(report) == [("-", unknown)]


def test_a_folder_named_like_a_script_is_no_file_of_a_student(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ada.py").mkdir()
    (tmp_path / "ada.py" / "a.py").write_text("x = 1\n", "utf-8")
    (tmp_path / "ben" / ".ipynb_checkpoints").mkdir(parents=True)
    (tmp_path / "ben" / ".ipynb_checkpoints" / "a.py").write_text("x = 1\n", "utf-8")
    assert main(["class", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("1 student\n")


def test_a_student_counts_once_for_each_mistake() -> None:
    rows = [
        Mistake("ada", "tune", "x", "X."),
        Mistake("ada", "tune", "x", "X."),
        Mistake("ben", "tune", "x", "X."),
        Mistake("ben", "Softmax", "x", "X."),
    ]
    assert class_table(rows) == [(2, "tune", "X."), (1, "Softmax", "X.")]
    assert class_table(rows[::-3]) == [(1, "Softmax", "X."), (1, "tune", "X.")]
    assert class_table(rows[::3]) == [(1, "Softmax", "X."), (1, "tune", "X.")]


def test_the_figure_has_a_bar_for_each_mistake() -> None:
    table = [(9, "tune", "right"), (4, "tune", "Wrong."), (2, "train", "Wrong, too.")]
    figure = plot_mistake_counts(table)
    assert figure.alt == (
        "Bars, number of students per mistake: tune, Wrong. 4; train, Wrong, too. 2."
    )
    assert figure.get_size_inches() == pytest.approx([7, 1.48], abs=0.01)
    place = figure.axes[0].get_position()
    inches = [place.x0 * 7, place.x1 * 7, place.y0 * 1.48, (1 - place.y1) * 1.48]
    np.testing.assert_allclose(inches, [0.14, 6.65, 0.5, 0.1], atol=0.005)
    black = {"color": "#000000"}
    (axes,) = figure.data()["axes"]
    assert axes == {
        "background": "#ffffff",
        "x": {
            "label": "number of students",
            "scale": "linear",
            "limits": "0 4.2",
            "ticks": "0 1 2 3 4",
            "tick_labels": ["0", "1", "2", "3", "4"],
        },
        "y": {"scale": "linear", "limits": "-0.05 0.88"},
        "bars": {
            "x": "0 0",
            "bottom": "0.44 0",
            "width": "4 2",
            "height": "0.2 0.2",
            "colors": ["#0072b2"],
        },
        "texts": [
            {"text": "4", "x": "4", "y": "0.54", **black, "size": "11"},
            {"text": "2", "x": "2", "y": "0.1", **black, "size": "11"},
            {"text": "tune: Wrong.", "x": "0", "y": "0.66", **black, "size": "8"},
            {"text": "train: Wrong, too.", "x": "0", "y": "0.22", **black, "size": "8"},
        ],
    }


def test_long_sentences_of_the_figure_stay_inside_and_apart() -> None:
    wide = (3, "softmax_loss_vectorized", "words " * 40)
    figure = plot_mistake_counts([wide, (1, "tune", "Wrong."), wide])
    (ax,) = figure.axes
    names = [text for text in ax.texts if text.get_fontsize() == 8]
    assert 85 < max(map(len, names[0].get_text().splitlines())) <= 90
    boxes = [text.get_window_extent() for text in names]
    boxes += [bar.get_window_extent() for bar in ax.patches]
    for box in boxes:
        assert figure.bbox.padded(1).containsx(box.x1)
        assert sum(box.overlaps(other) for other in boxes) == 1  # itself


def test_a_class_without_a_mistake_can_be_drawn() -> None:
    figure = plot_mistake_counts([(9, "tune", "right")])
    assert figure.alt == "Bars, number of students per mistake: none."
    assert figure.axes[0].get_xlim() == (0, 1.05)


def test_an_empty_folder_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["class", str(tmp_path)]) == 2
    assert "no notebook and no script" in capsys.readouterr().err
    (tmp_path / "ben.py").write_text("", "utf-8")
    assert main(["class", str(tmp_path / "ben.py")]) == 2
    assert "ben.py is not a folder" in capsys.readouterr().err


def test_a_report_can_be_read_by_a_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--json", str(folder / "ben/softmax/softmax.ipynb")]) == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["function"], report["passed"]) == ("softmax_loss_naive", False)
    (finding,) = [each for each in report["findings"] if not each["is_remark"]]
    assert {"name", "text", "part", "line", "hint"} <= set(finding)
    assert report["text"].startswith("Not yet.")

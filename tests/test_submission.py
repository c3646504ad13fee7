"""`submission`: `softmax-book check` judges what a file defines, and runs no more."""

import json

import pytest

from softmax_lib.__main__ import main

RIGHT = """
def softmax_loss_naive(W, X, y, reg):
    scores = X @ W - (X @ W).max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    rows = np.arange(N_OF(X))
    loss = np.log(np.exp(scores).sum(axis=1)).mean() - scores[rows, y].mean()
    probs[rows, y] -= 1
    return loss + reg * np.sum(W * W), X.T @ probs / N_OF(X) + 2 * reg * W
"""
SETUP = "import numpy as np\nN_OF = len"
CELLS = [
    "%matplotlib inline\nimport numpy as np",
    "1 / 0",
    "N_OF = len",
    "this is no Python",
    "def helper():\n    return 1\n\nopen('trained', 'w').close()",
    RIGHT,
    "raise NotImplementedError()",
]


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Write a notebook of cells, check it, return the status and what was said."""

    def run(cells, name="worksheet.ipynb"):
        monkeypatch.chdir(tmp_path)
        content = "\n".join(cells)
        if name.endswith(".ipynb"):
            code = [{"cell_type": "code", "source": cell} for cell in cells]
            words = {"cell_type": "markdown", "source": ["def no: code"]}
            content = json.dumps({"cells": [words, *code]})
        (tmp_path / name).write_text(content, "utf-8")
        return main(["check", name]), *capsys.readouterr()

    return run


def test_cells_that_raise_or_do_not_parse_are_skipped(check):
    status, said, complained = check(CELLS)
    assert said.startswith("check_softmax_loss_naive(softmax_loss_naive)\nRight.")
    assert "cell 5: invalid syntax" in complained
    assert status == 0


def test_nothing_runs_but_definitions(check, tmp_path):
    check(CELLS)
    assert not (tmp_path / "trained").exists()


def test_a_line_that_begins_with_an_operator_is_no_magic(check):
    wrapped = """
def softmax_loss_naive(W, X, y, reg):
    print(
        "a loss with reg %f"
        % (reg,)
    )
    !echo a shell's line
    %time np.sum(
    if (
        reg
        != 0
    ):
        return 0.0, W
    return 1.0, W
"""
    _, said, complained = check([wrapped])
    assert complained == ""
    assert "check_softmax_loss_naive(softmax_loss_naive)\nNot yet." in said


def test_one_mistake_makes_the_status_1_and_is_named(check):
    wrong = RIGHT.replace("/ N_OF(X) + 2", "+ 2").replace("N_OF", "len")
    right_too = RIGHT.replace("_naive", "_vectorized").replace("N_OF", "len")
    status, said, _ = check(["import numpy as np", wrong, right_too], "mine.py")
    first, second = said.split("check_softmax_loss_vectorized(")
    assert "Not yet." in first
    assert "division by the number of points" in first
    assert "Right." in second
    assert status == 1


def test_the_line_of_the_reader_that_stops_is_shown(check):
    _, said, _ = check(["def softmax_loss_naive(W, X, y, reg):\n    return X.no_such"])
    assert "return X.no_such" in said


def test_an_import_that_nobody_needs_is_not_tried(check):
    status, _, complained = check(["import no_such_module", SETUP, RIGHT])
    assert (status, complained) == (0, "")


def test_a_needed_import_that_fails_is_told_and_no_mistake(check):
    uses = RIGHT.replace("N_OF(X)", "gone.N_OF(X)")
    status, said, complained = check([SETUP, "import gone", uses])
    assert status == 2
    assert "Not yet" not in said
    assert "needs gone, which has no value" in said
    assert "cell 3, line 1 (import gone): it stopped with ModuleNotFoundError" in said
    assert "cell 3, line 1" in complained


def test_a_class_is_checked_for_training_and_predictions(check):
    status, said, _ = check(["class Softmax:\n    W = None"])
    assert "check_train(Softmax)" in said
    assert "check_predict(Softmax)" in said
    assert status == 1


def test_the_librarys_own_functions_are_no_answer(check):
    status, said, complained = check(["from softmax_lib.losses import *"])
    assert (status, said) == (2, "")
    assert "worksheet.ipynb defines nothing that can be checked" in complained


def test_what_cannot_be_read_is_not_said_to_define_nothing(check):
    status, said, complained = check(["x = 1", RIGHT.replace("):", ")")])
    assert (status, said) == (2, "")
    assert "defines nothing" not in complained
    assert complained.splitlines()[-1] == (
        "worksheet.ipynb cannot be checked before worksheet.ipynb, cell 3 can be read."
    )


@pytest.mark.parametrize("name", ["missing.ipynb", "broken.ipynb"])
def test_a_file_that_cannot_be_read_is_wrong_use(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.ipynb").write_text("{}", "utf-8")
    assert main(["check", name]) == 2
    assert f"{name} cannot be read" in capsys.readouterr().err


def test_the_command_says_what_its_status_means(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["check", "--help"])
    assert "2 if there was nothing to check" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize(
    "statement",
    [
        "open('trained', 'w')",
        "data = open('trained', 'w')",
        "data: object = open('trained', 'w')",
        "data = [0, (1, open('trained', 'w'))]",
        "data = 0 if open('trained', 'w') else 1",
        "if True:\n    open('trained', 'w')",
        "for data in [0]:\n    open('trained', 'w')",
        "with open('trained', 'w'):\n    pass",
        "try:\n    open('trained', 'w')\nfinally:\n    pass",
        "assert open('trained', 'w')",
        "count = 1\ncount += len([open('trained', 'w')])",
    ],
)
def test_no_statement_that_calls_something_is_run(check, tmp_path, statement):
    _, said, _ = check(["import numpy as np\nN_OF = len", statement, RIGHT])
    assert "Right." in said
    assert not (tmp_path / "trained").exists()

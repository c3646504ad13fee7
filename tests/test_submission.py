"""`submission`: `softmax-book check` judges what a file defines, and runs no more."""

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from softmax_lib.__main__ import main
from softmax_lib.exercises.sandbox import FORK
from softmax_lib.submission.judge import START, judge, judge_here

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
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
        return main(["check", name]), *capsys.readouterr()

    return run


def test_cells_that_raise_or_do_not_parse_are_skipped(check):
    status, said, complained = check(CELLS)
    assert said.startswith("check_softmax_loss_naive(softmax_loss_naive)\nRight.")
    assert "cell 5: invalid syntax" in complained
    assert status == 0


def test_reports_stand_apart(check):
    _, said, _ = check([SETUP, RIGHT, RIGHT.replace("_naive", "_vectorized")])
    assert said.startswith("check_softmax_loss_naive(softmax_loss_naive)\nRight.")
    assert "\n\ncheck_softmax_loss_vectorized(" in said
    assert said.endswith(".\n\n")


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
    assert complained == ""


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
    assert status == 2
    assert "cell 3 cannot be read: expected ':' (line 2).\n" in said
    assert "defines nothing" not in complained


def test_what_cannot_be_read_leaves_the_rest_to_check(check):
    broken = RIGHT.replace("return loss", "return = loss")
    whole = RIGHT.replace("_naive", "_vectorized")
    for cells in ([SETUP, broken, whole], [SETUP, whole, broken]):
        status, said, _ = check(cells, "a.py")
        assert status == 2
        assert "check_softmax_loss_vectorized(softmax_loss_vectorized)\nRight." in said
        assert "check_softmax_loss_naive(softmax_loss_naive)\nNot checked." in said


def test_a_file_of_which_nothing_can_be_read_is_told_so(check):
    status, said, complained = check(["this is no Python"])
    assert (status, said) == (2, "")
    assert complained.splitlines()[-1] == (
        "worksheet.ipynb cannot be checked before worksheet.ipynb, cell 2 can be read."
    )


def test_an_import_that_is_not_here_names_the_file_to_check(check):
    source = "from cs231n.classifiers.softmax import softmax_loss_naive"
    status, said, complained = check([source])
    assert (status, said) == (2, "")
    assert source in complained
    assert "Check the file that defines the functions, or the folder" in complained


@pytest.mark.parametrize("name", ["missing.ipynb", "broken.ipynb"])
def test_a_file_that_cannot_be_read_is_wrong_use(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.ipynb").write_text("{}", "utf-8")
    assert main(["check", name]) == 2
    assert f"{name} cannot be read" in capsys.readouterr().err


def test_what_is_no_file_is_not_waited_for(tmp_path, capsys):
    assert main(["check", os.devnull]) == 2
    assert f"{os.devnull} cannot be read: it is not a file." in capsys.readouterr().err
    if not hasattr(os, "mkfifo"):  # as on Windows
        return
    pipe, right = tmp_path / "a.py", tmp_path / "b.py"
    os.mkfifo(pipe)
    right.write_text("x = 1\n", "utf-8")
    assert main(["check", str(pipe)]) == 2
    assert f"{pipe} cannot be read: it is not a file." in capsys.readouterr().err
    assert main(["check", str(tmp_path)]) == 2
    assert f"{pipe} cannot be read: it is not a file." in capsys.readouterr().err


def test_half_a_character_is_not_said_to_be_nested(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    path.write_text('{"cells": [{"cell_type": "code", "source": "a = \'\\ud800\'"}]}')
    assert main(["check", str(path)]) == 2
    assert "half a character" in capsys.readouterr().err


def test_an_empty_path_is_not_this_folder(capsys):
    with pytest.raises(SystemExit):
        main(["check", ""])
    assert "it must be a path, but it is empty" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        sys.exit(main(["check", "a" * 5000]))
    error = capsys.readouterr().err
    assert "File name too long" in error or "a cannot be read" in error  # on Windows


def test_the_command_says_what_its_status_means(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["check", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "2 if one could not be checked or there was nothing to check" in said


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


ENDS = {
    "class body": "class Softmax:\n    import sys\n    sys.exit()",
    "class body, at once": "class Softmax:\n    import os\n    os._exit(0)",
    "constant": "import os\nreg_used = [os._exit][0](0)\ndef tune():\n    reg_used",
    "decorator": "import os\n@lambda f: os._exit(0)\ndef tune(): pass",
}


@pytest.mark.parametrize("source", ENDS.values(), ids=ENDS)
def test_a_file_that_ends_the_process_does_not_pass(check, source):
    status, said, _ = check([SETUP, source, RIGHT])
    assert status == 2 or "Not yet" in said
    assert "check_softmax_loss_naive(softmax_loss_naive)\nRight." in said
    assert "Not checked." in said or "Not yet" in said


FOOLS = {
    "empties the list": (
        "import softmax_lib.submission.checks as c\nnp = [c.CHECKS.clear(), np][1]"
    ),
    "patches the verdict": (
        "import softmax_lib.exercises as e, softmax_lib.exercises.losses.check as m\n"
        "from softmax_lib.exercises.report import passed\n"
        "m.write = m.check = lambda *a: passed('')\nnp = e and m and passed and np"
    ),
    "prints a verdict": (
        "import os\n[os.write(n, b'[{\"passed\": true}]\\n') for n in range(3)]\n"
        "np = os and np"
    ),
    "writes into every pipe": (
        "import os\nfor n in range(3, 30):\n    try:\n"
        "        np = os.write(n, b'{\"ready\": []}\\n') and np\n"
        "    except OSError:\n        pass"
    ),
    "closes every pipe": "import os\nnp = [os.closerange(0, 30), np][1]",
    "leaves at exit": ("import atexit, os\nnp = [atexit.register(os._exit, 0), np][1]"),
    "hides the function": "import sys\nsoftmax_loss_naive = 1\ndel softmax_loss_naive",
}


@pytest.mark.parametrize("trick", FOOLS.values(), ids=FOOLS)
def test_whatever_a_file_does_a_wrong_function_does_not_pass(check, trick):
    wrong = RIGHT.replace("/ N_OF(X) + 2", "+ 2")
    status, said, _ = check([SETUP, wrong, trick])
    assert status in (1, 2)
    assert "Right." not in said


@pytest.mark.parametrize("ending", ["_exit(0)", "kill(os.getppid(), 9)"])
def test_a_function_that_ends_its_process_does_not_pass(ending, tmp_path):
    path = tmp_path / "mine.py"
    wrong = f"import os\ndef softmax_loss_naive(W, X, y, reg):\n    os.{ending}"
    path.write_text(wrong, "utf-8")
    command = [sys.executable, "-m", "softmax_lib", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if FORK or "_exit" in ending:
        assert done.returncode == 1
        assert "ends the process" in done.stdout
    else:  # the process above it is the command itself
        assert done.returncode not in (0, 1, 2)


def test_a_file_that_ends_every_process_is_refused(check):
    ends = [f"A{k} = [os._exit][0](0)" for k in range(4)]
    writes = FOOLS["writes into every pipe"].replace("np", "A4")
    used = RIGHT.replace(":\n", ":\n    [A0, A1, A2, A3, A4]\n", 1)
    status, said, error = check([SETUP, "import os", *ends, writes, used])
    assert status == 2
    assert "it wrote into the checker's own pipe while it was read" in said + error


def test_a_statement_that_hangs_is_left_out(check, monkeypatch):
    monkeypatch.setattr("softmax_lib.exercises.sandbox.TIME_LIMIT", 2.0)
    slowly = f"import time; time.sleep(2.5); {START}"  # no statement's fault
    monkeypatch.setattr(sys.modules[judge.__module__], "START", slowly)
    status, said, _ = check([SETUP, "class Softmax:\n    while True: pass", RIGHT])
    assert status == 2
    assert "Right." in said
    assert "it had not ended after 2 seconds" in said


def test_a_folder_is_checked_as_it_is_handed_in(check, tmp_path, monkeypatch, capsys):
    check([SETUP, RIGHT], "handed/in/a.py")
    check([SETUP, RIGHT.replace("/ N_OF(X) + 2", "+ 2")], "handed/b.ipynb")
    check(["from in.a import *"], "handed/.ipynb_checkpoints/b.ipynb")
    check(["x = 1"], "handed/other.py")
    assert main(["check", "handed"]) == 1
    said = capsys.readouterr().out
    assert said.index("b.ipynb") < said.index("Not yet")
    assert said.index("a.py") < said.index("Right.")
    assert "other.py" not in said
    assert main(["check", "handed/in"]) == 0
    (tmp_path / "empty").mkdir()
    assert main(["check", "empty"]) == 2
    assert "empty has no file that defines" in capsys.readouterr().err


def test_what_the_terminal_cannot_show_is_no_traceback(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "def softmax_loss_naive(W, X, y, reg):\n    return 1 / 0  # w²", "utf-8"
    )
    command = [sys.executable, "-m", "softmax_lib", "check", str(path)]
    for encoding in ("ascii", "gbk", "cp932"):
        done = subprocess.run(
            command,
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 1
        assert b"# w" in done.stdout
        assert done.stderr == b""


def test_a_reader_of_the_output_may_go_away(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def softmax_loss_naive(W, X, y, reg):\n    return 1\n")
    command = [sys.executable, "-m", "softmax_lib", "check", str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_ctrl_c_ends_a_check_quietly(check, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("softmax_lib.submission.judge", interrupted)
    assert check([RIGHT]) == (130, "", "")


def test_each_part_of_a_loss_has_its_score(check, capsys):
    wrong = RIGHT.replace("/ N_OF(X) + 2", "+ 2")
    as_class = "class Softmax:\n    def predict(self, X):\n        return 1"
    check([SETUP, wrong, RIGHT.replace("_naive", "_vectorized"), as_class], "a.py")
    assert main(["check", "--json", "a.py"]) == 1
    first, second, *others = json.loads(capsys.readouterr().out)
    assert (first["parts"], first["score"]) == ({"loss": True, "gradient": False}, 0.5)
    assert (second["parts"], second["score"]) == ({"loss": True, "gradient": True}, 1)
    assert [each["parts"] for each in others] == [{"Softmax": False}] * 2
    assert {*first} == {
        *("file", "check", "function", "checked", "parts", "score", "passed"),
        *("findings", "remarks", "text"),
    }
    assert (first["file"], first["checked"]) == ("a.py", True)
    assert first["findings"][0]["name"]


TORCH = """
class Tensor:
    def __init__(self, array):
        self.array = array
    def numpy(self):
        return self.array
from_numpy = Tensor
"""


def test_a_function_written_for_tensors_gets_them(check, tmp_path):
    (tmp_path / "torch.py").write_text(TORCH, "utf-8")
    body = RIGHT.replace("reg):", "reg):\n    W, X, y = (t.numpy() for t in (W, X, y))")
    status, said, _ = check(["import torch", SETUP, body + "uses = torch\n"], "a.py")
    assert (status, said.count("Not yet")) == (1, 1)  # it does not use torch
    body = body.replace("W, X, y =", "torch\n    W, X, y =", 1)
    status, said, _ = check(["import torch", SETUP, body], "a.py")
    assert status == 0
    assert "written for PyTorch, so the check passed tensors" in said


def scripts_of_the_page():
    """The code for other graders on the page for instructors: Gradescope, Otter."""
    page = Path(__file__).parents[1] / "book" / "instructors.md"
    return re.findall(
        r"```python\n(import json.*?|OK_FORMAT.*?)```",
        page.read_text("utf-8"),
        re.DOTALL,
    )


def test_the_script_for_gradescope_writes_its_results(check, tmp_path):
    check([SETUP, RIGHT.replace("/ N_OF(X) + 2", "+ 2")], "submission/a.py")
    (tmp_path / "results").mkdir()
    script, _ = scripts_of_the_page()
    command = [sys.executable, "-m", "softmax_lib"]
    script = script.replace('["softmax-book",', f"[*{command},")
    script = script.replace('"/autograder"', repr(str(tmp_path)))
    exec(script, {})
    results = json.loads((tmp_path / "results" / "results.json").read_text("utf-8"))
    (test,) = results["tests"]
    assert (test["score"], test["max_score"], results["score"]) == (1, 2, 1)
    assert test["name"] == "check_softmax_loss_naive(softmax_loss_naive)"
    assert test["output"].startswith("Not yet.")


def test_the_test_for_otter_fails_what_is_wrong():
    _, script = scripts_of_the_page()
    namespace = {}
    exec(script, namespace)
    case = namespace["test"]["suites"][0]["cases"][0]["code"]
    for source, failures in ((RIGHT, 0), (RIGHT.replace("+ 2 *", "+"), 1)):
        names = {}
        exec(f"{SETUP}\n{source}", names)
        parsed = doctest.DocTestParser().get_doctest(case, names, "q1", "", 0)
        runner = doctest.DocTestRunner(verbose=False)
        assert runner.run(parsed, out=lambda text: None).failed == failures


LOWEST = """
def tune(model, X, y, X_val, y_val, learning_rates, regs):
    results, best_val, best_model = {}, 2.0, None
    for rate in learning_rates:
        for reg in regs:
            classifier = model()
            classifier.train(X, y, rate, reg, num_iters=1000)
            seen = np.mean(classifier.predict(X) == y)
            new = np.mean(classifier.predict(X_val) == y_val)
            results[rate, reg] = seen, new
            if new < best_val:
                best_val, best_model = new, classifier
    return results, best_val, best_model
"""


@pytest.mark.parametrize(
    "source",
    [
        "class Softmax:\n    def predict(self, X):\n"
        "        return np.argmax(X @ self.W, axis=0)\n",
        "class Softmax:\n    def predict(self, X):\n"
        "        return np.argmax(X @ self.W + X.mean() ** 2 * self.W[0], axis=1)\n",
        LOWEST,
    ],
)
def test_another_process_says_what_this_one_says(tmp_path: Path, source: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n\n\n" + source, "utf-8")
    here, there = judge_here(path), judge(path)
    said = [str(each.report.text) for each in here.judged]
    assert [str(each.report.text) for each in there.judged] == said
    assert not any("itself failed" in text for text in said)

"""Files as students have them: of other years, encodings, folders and notebooks."""

import ast
import json
import sys
from typing import Any

import numpy as np
import pytest

from softmax_lib.__main__ import main
from softmax_lib.submission.judge import checked, judge, judge_here
from softmax_lib.submission.reading import Unreadable, parse

PLAIN = """
import numpy as np
def softmax_loss_naive(W, X, y, reg):
    scores = X @ W - (X @ W).max(axis=1, keepdims=True)
    rows = np.arange(len(X))
    loss = np.log(np.exp(scores).sum(axis=1)).mean() - scores[rows, y].mean()
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    probs[rows, y] -= 1
    return loss + reg * np.sum(W * W), X.T @ probs / len(X) + 2 * reg * W
"""
LOOP = PLAIN.replace(
    "    rows =", "    for i in xrange(len(X)):\n        pass\n    rows ="
)
EPS = PLAIN.replace("np.log(", "np.log(EPS + ")
SHIFT = PLAIN.replace("X @ W - (X @ W).max(axis=1, keepdims=True)", "shift(X @ W)")
SHIFT_DEFINED = "def shift(s):\n    return s - s.max(axis=1, keepdims=True)\n"
CLASS = """
import numpy as np
class Softmax:
    W = None
    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        if self.W is None:
            self.W = 0.001 * np.random.randn(X.shape[1], y.max() + 1)
        history = []
        for _ in range(num_iters):
            rows = np.random.choice(len(X), batch_size)
            loss, dW = self.loss(X[rows], y[rows], reg)
            history.append(loss)
            self.W -= learning_rate * dW
        return history
    def loss(self, X, y, reg):
        return softmax_loss_vectorized(self.W, X, y, reg)
"""
PREDICT = "def predict(self, X):\n    return (X @ self.W).argmax(axis=1)\n"
CLASS_WITH_PREDICT = CLASS + "    " + PREDICT.replace("\n ", "\n     ")


def right(judgement):
    """Whether there is something, and all of it passed."""
    texts = [str(each.report) for each in judgement.judged]
    assert judgement.status == 0, [texts, judgement.complaints]
    return True


@pytest.mark.parametrize(
    "name", ["cross_entropoy_loss_naive", "cross_entropy_loss_vectorized"]
)
def test_the_losses_of_another_course_are_known_by_name(name, tmp_path):
    path = tmp_path / "softmax.py"
    path.write_text(PLAIN.replace("softmax_loss_naive", name), "utf-8")
    (judged,) = judge(path).judged
    assert judged.function == name
    assert judged.report.passed


def write_notebook(path, *cells, **more):
    code = [{"cell_type": "code", "source": cell} for cell in cells]
    path.write_text(json.dumps({"cells": code, **more}), "utf-8")
    return path


@pytest.fixture
def script(tmp_path):
    """Write a script and return its path."""

    def write(source, name="mine.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("source", "remark"),
    [
        ("from past.builtins import xrange\n" + LOOP, "`xrange` is Python 2"),
        ("from builtins import range\n" + PLAIN, ""),
        ("from __future__ import print_function\nfrom six.moves import *\n" + LOOP, ""),
        (LOOP, "in Python 3 it is `range`"),
        (
            "try:\n    xrange\nexcept NameError:\n    xrange = range\n" + LOOP,
            "",
        ),
        (
            PLAIN.replace("arange(len(X))", "arange(len(X), dtype=np.int)"),
            "write `int`",
        ),
        (EPS + "EPS = np.float(0)\n", "write `float`"),
        (PLAIN.replace("X @ W", "np.asarray(np.mat(X) * W)"), "write `np.asmatrix`"),
        (EPS + "EPS = 0 / np.Inf\n", "write `np.inf`"),
        (EPS + "EPS = 0 / np.NINF\n", "write `-np.inf`"),
        (PLAIN.replace("X @ W", "np.asfarray(X @ W)"), "write `np.asarray(a, float)`"),
        (
            PLAIN.replace("    return", "    print 'loss %f' % loss\n    return"),
            "Python 2",
        ),
        (PLAIN + "print 'a', (1,\n 2); x = 3  # words\nprint\n", "Python 2"),
        (PLAIN + "print 'a', ((1,\n 2),\n 3); x = 3\n", "Python 2"),
        (PLAIN + "def f():\n    print >>log, 'a'\n", "Python 2"),
        (
            PLAIN + "try:\n    f()\nexcept (IOError, OSError), e:\n    pass\n",
            "Python 2",
        ),
        (PLAIN + "if 1 <> 2:\n    raise ValueError, 'no'\n", "Python 2"),
        (PLAIN + "n = 0777 + 10L\nt = `n`\nexec 'n'\n", "Python 2"),
        (PLAIN + "def f():\n\tx = 1\n        return x\n", "Python 2"),
    ],
)
def test_another_year_is_no_mistake(script, source, remark, monkeypatch):
    for name in ("mat", "asfarray", "Inf", "NINF"):  # NumPy 1 still has them
        monkeypatch.delattr(np, name, raising=False)
    judgement = judge_here(script(source))
    assert right(judgement)
    assert remark in " ".join(judgement.remarks)
    assert bool(remark) or not any("removed" in r for r in judgement.remarks)


def test_stand_ins_are_taken_away_again(script):
    judge_here(script("from past.builtins import xrange\n" + LOOP))
    assert "past" not in sys.modules
    with pytest.raises(NameError):
        eval("xrange")


@pytest.mark.parametrize(
    "before",
    [
        "EPS = np.finfo(float).tiny",
        "try:\n    from fast import EPS\nexcept ImportError:\n    EPS = 1e-300",
        "import sys\nif sys.version_info[0] < 3:\n    EPS = None\nelse:\n    EPS = 0.0",
        "with np.errstate(all='ignore'):\n    EPS = np.exp(-700.0)",
        "from functools import partial\nzero = partial(float, 0)\nEPS = zero()",
        "EPS, other = map(float, (0, 1))",
        "settings = dict(a=1)\nsettings.update(eps=0.0)\nEPS = settings['eps']",
        "table = [None]\ntable[0] = 0.0\nEPS = table[0]",
        "for EPS in (1.0, 0.0):\n    pass",
        "EPS = 1.0\nEPS *= float(0)",
        "half = lambda x: x / 2\nEPS = half(0.0)",
        "assert (EPS := 0.0) == 0",
    ],
)
def test_what_a_function_needs_is_run(script, before):
    head, body = EPS.split("def ", 1)
    assert right(judge_here(script(f"{head}{before}\ndef {body}")))


def test_annotations_that_are_not_evaluated_need_no_value(script):
    annotated = PLAIN.replace("(W, X, y, reg)", "(W: Tensor, X, y, reg)")
    assert right(judge_here(script(f"from __future__ import annotations\n{annotated}")))


def test_a_method_that_is_set_later_counts(script):
    for last in ('setattr(Softmax, "predict", predict)', "Softmax.predict = predict"):
        assert right(judge_here(script(f"{CLASS}\n{PREDICT}\n{last}\n")))


METHOD = "import numpy as np\nclass Model(Base):\n" + "\n".join(
    "    " + line for line in PLAIN.replace("(W,", "(self, W,").splitlines()[2:]
)


def test_a_loss_in_a_class_that_uses_no_object_is_judged(script):
    assert right(judge(script(METHOD)))
    wrong = METHOD.replace("probs[rows, y] -= 1", "probs[rows, y] += 1")
    for judge_file in (judge, judge_here):
        (judged,) = judge_file(script(wrong)).judged
        (found,) = judged.report.findings
        assert (found.name, found.line) == ("one_added", 8)


@pytest.mark.parametrize(
    "source",
    [
        METHOD.replace("len(X)", "self.n"),
        METHOD.replace(
            "    scores = X", "    return softmax_loss_naive(W, X, y, reg)#"
        ),
        f"{METHOD}\n{METHOD}",
        "from elsewhere import softmax_loss_naive\n" + METHOD,
        METHOD.replace("softmax_loss_naive", "loss"),
    ],
)
def test_no_other_method_is_taken_for_the_loss(source, script):
    assert not [each for each in judge_here(script(source)).judged if each.is_checked]


def test_work_that_a_function_needs_is_named_and_no_mistake(script):
    source = "data = load_CIFAR10('x')\n" + PLAIN.replace("len(X))", "len(data))")
    (judged,) = judge_here(script(source)).judged
    assert not judged.is_checked
    assert "needs `data`" in judged.report.text
    assert "line 1 (`data = load_CIFAR10('x')`): it was not run" in judged.report.text


def test_a_name_that_nothing_defines_is_a_mistake(script):
    judgement = judge_here(script(PLAIN.replace("len(X))", "len(x))")))
    assert judgement.judged[0].report.fault == "name_unknown"
    assert judgement.status == 1


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("if __name__ == '__main__':\n    EPS = 0.0", "it ran, and gave it none"),
        ("EPS = undefined", "it stopped with NameError"),
        ("EPS = input('eps: ')", "it was not run"),
        ("EPS = !cat eps", "it stopped with NameError"),
        ("from no_such import EPS", "it stopped with ModuleNotFoundError"),
        ("from no_such import *", "it stopped with ModuleNotFoundError"),
        ("import sys\nclass A:\n    sys.exit()\n    EPS = 0\nEPS = A.EPS", "NameError"),
    ],
)
def test_what_has_no_value_for_a_reason_is_no_mistake(script, before, reason):
    judgement = judge_here(script(f"{before}\n{EPS}"))
    assert judgement.status == 2
    assert "needs `EPS`, which has no value" in judgement.judged[0].report.text
    assert reason in judgement.judged[0].report.text


@pytest.mark.parametrize("check", [judge, judge_here])
def test_what_a_module_beside_the_file_lacks_is_no_mistake(script, check):
    script(
        "far = load('far')\ndef shift(s):\n    return s - s.max() + far", "helper.py"
    )
    judgement = check(script("from helper import shift" + SHIFT))
    assert judgement.status == 2
    assert "needs `far`, which has no value" in judgement.judged[0].report.text
    assert "helper.py, line 1" in judgement.judged[0].report.text


def test_what_a_cell_that_does_not_parse_defines_is_no_mistake(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "EPS = = 0", EPS)
    judgement = judge_here(path)
    assert judgement.status == 2
    assert "a.ipynb, cell 1 cannot be read" in judgement.judged[0].report.text


@pytest.mark.parametrize("check", [judge, judge_here])
def test_a_result_under_the_name_of_a_function_is_named(script, check):
    name = "softmax_loss_naive"
    (judged,) = check(script(f"{PLAIN}\n{name} = (0.0, 0.0)")).judged
    assert judged.report.fault == "not_a_function"


def test_pylab_brings_numpy(tmp_path):
    path = write_notebook(
        tmp_path / "a.ipynb", "%pylab inline", PLAIN.replace("import numpy as np", "")
    )
    assert right(judge_here(path))


def test_folders_that_the_file_puts_on_the_path_are_on_it(script):
    script(SHIFT_DEFINED, "elsewhere/there.py")
    source = "import sys\nsys.path.append('elsewhere')\nfrom there import shift" + SHIFT
    assert right(judge(script(source)))


def test_names_inside_a_function_need_nothing_outside(script):
    work = "loss = open('trained', 'w')\nprobs = 1 / 0\n"
    judgement = judge_here(script(work + PLAIN))
    assert right(judgement)
    assert judgement.complaints == []


@pytest.mark.parametrize(
    "files",
    [
        {"mine.py": "from helper import shift" + SHIFT, "helper.py": SHIFT_DEFINED},
        {
            "mine.py": "from parts.helper import *" + SHIFT,
            "parts/helper.py": SHIFT_DEFINED,
        },
        {
            "cs231n/classifiers/mine.py": "from ..helper import shift" + SHIFT,
            "cs231n/helper.py": SHIFT_DEFINED,
        },
        {
            "cs231n/classifiers/mine.py": "from cs231n.helper import shift" + SHIFT,
            "cs231n/__init__.py": "",
            "cs231n/classifiers/__init__.py": "from cs231n.classifiers.mine import *",
            "cs231n/helper.py": SHIFT_DEFINED,
        },
        {
            "mine.py": "import cs231n.helper\nshift = cs231n.helper.shift" + SHIFT,
            "cs231n/helper.py": "import no_such\nprint 2\n1 / 0\n" + SHIFT_DEFINED,
        },
        {
            "mine.py": "from cs231n.classifiers.softmax import *",
            "cs231n/classifiers/__init__.py": "from .knn import *",
            "cs231n/classifiers/knn.py": "from no_such import *",
            "cs231n/classifiers/softmax.py": LOOP,
        },
    ],
)
def test_imports_are_found_from_where_the_file_stands(script, tmp_path, files):
    for name, source in files.items():
        script(source, name)
    (path,) = tmp_path.rglob("mine.py")
    assert right(judge_here(path))
    assert not {"helper", "cs231n"} & set(sys.modules)


def test_a_notebook_of_the_course_is_followed_into_its_package(script, tmp_path):
    script(PLAIN, "cs231n/classifiers/softmax.py")
    path = write_notebook(
        tmp_path / "softmax.ipynb",
        "%load_ext autoreload\n%autoreload 2\nimport matplotlib.pyplot as plt",
        "from cs231n.classifiers.softmax import softmax_loss_naive\n"
        "loss, grad = softmax_loss_naive(W, X_dev, y_dev, 0.0)",
    )
    assert right(judge_here(path))


def test_an_import_that_brings_only_some_functions_does_not_pass(script):
    script(PLAIN + "def softmax_loss_vectorized(W, X, y, reg):\n    x = = 1", "own.py")
    names = "softmax_loss_naive", "softmax_loss_vectorized"
    lines = [f"from own import {name}" for name in names]
    judgement = judge_here(script("\n".join(lines)))
    assert judgement.status == 2
    assert [each.is_checked for each in judgement.judged] == [True, False]


def test_a_class_is_checked_without_the_file_of_its_losses(script):
    source = "from cs231n.classifiers.softmax import *" + CLASS_WITH_PREDICT
    source = source.replace("import numpy as np", "")  # the star brings it
    judgement = judge_here(script(source))
    assert right(judgement)
    assert [each.check for each in judgement.judged] == ["check_train", "check_predict"]


@pytest.mark.parametrize(
    "cell",
    [
        "softmax_loss_naive?",
        "np.exp??",
        "?np.exp",
        "files = !ls",
        "!!ls",
        "t = %timeit -o np.exp(1)",
        "%matplotlib inline",
        "%time loss = np.exp(1)",
        "!pip install one \\\n    two",
        "if True:\n    %time np.exp(1)\n    !echo it's",
        "%%bash\nfor f in *; do echo $f; done",
        "\n%%html\n<b>words</b>",
        "%%time\nx = 1",
    ],
)
def test_what_jupyter_reads_is_read(cell):
    read = parse("a cell", cell)
    assert read.fault == ""
    assert read.source.count("\n") in (cell.count("\n"), 1)


def test_cells_of_magics_and_python_are_told_apart(tmp_path):
    path = write_notebook(
        tmp_path / "a.ipynb",
        "%%bash\nfor f in *; do echo $f; done",
        "%%time\nimport numpy as np\nEPS = (7\n%np.e) * 0",
        "\n".join(["%%capture out", EPS, "EPS?"]),
    )
    judgement = judge_here(path)
    assert right(judgement)
    assert judgement.complaints == []


def test_a_rewritten_line_keeps_the_numbers_of_the_others(tmp_path):
    wrong = "!pip \\\n  a\n%%nothing" + PLAIN.replace("len(X))", "len(x))")
    path = write_notebook(tmp_path / "a.ipynb", wrong)
    assert "line 7: rows = np.arange(len(x))" in judge(path).judged[0].report.text


def test_print_statements_are_rewritten_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passes: list[str] = []
    plain = ast.parse

    def counted(source: str, *rest: Any) -> ast.Module:
        passes.append(source)
        return plain(source, *rest)

    monkeypatch.setattr(ast, "parse", counted)
    source = 'if a: print "a", 1\nprint "%d" % (\n  2)\n' * 100
    cell = parse("x", source + "s = 'print 1'")
    assert not cell.fault
    assert cell.source.count("print(") == 200
    assert len(passes) < 5


@pytest.mark.parametrize(
    ("source", "rewritten"),
    [
        ("print X\ny = 1\n", "print(X)\ny = 1\n"),
        ("print 1\ns = [({0: print if a else b}, 2)]\n", "print(1)\ns = [({0: print"),
    ],
)
def test_only_the_print_statements_are_rewritten(source, rewritten):
    cell = parse("x", source)
    assert not cell.fault
    assert cell.source.startswith(rewritten)


def test_what_a_file_writes_to_its_error_output_is_not_shown(script, capfd):
    noise = "import os\nos.write(2, b'noise')\n"
    assert right(judge(script(noise + PLAIN)))
    assert capfd.readouterr().err == ""


def test_a_module_that_cannot_be_read_is_named_with_the_reason(script, tmp_path):
    (tmp_path / "shifts.py").write_bytes(b"\x00\x01")
    judgement = judge(script("from shifts import shift\n" + SHIFT))
    assert "shifts.py cannot be read: it is not" in str(judgement.judged[0].report)


def test_a_module_of_the_package_may_import_from_the_folder_above(script, tmp_path):
    for folder in ("pack", "pack/sub"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "pack" / "base.py").write_text(SHIFT_DEFINED, "utf-8")
    (tmp_path / "pack" / "sub" / "shifts.py").write_text(
        "from ..base import shift\n", "utf-8"
    )
    source = "from .shifts import shift\n" + SHIFT
    assert right(judge(script(source, "pack/sub/mine.py")))


@pytest.mark.parametrize(
    "before", ["return 1\n", "ONE = display('shown') or 1\n"], ids=["return", "display"]
)
def test_what_only_jupyter_allows_at_the_top_does_no_harm(before, script):
    uses = PLAIN.replace("/ len(X) +", "/ len(X) / ONE +") if "ONE" in before else PLAIN
    assert right(judge(script(before + uses)))


def test_an_old_module_that_is_not_installed_is_stood_in_for(script):
    source = "from past.builtins import xrange as passes\n" + LOOP
    assert right(judge(script(source.replace("in xrange", "in passes"))))


def test_a_check_that_fails_itself_does_not_blame_the_reader():
    report = checked(lambda elsewhere: elsewhere(), None)
    assert not report.passed
    assert "The check itself failed" in report.text
    assert "the reader's code runs in another process" in report.text


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + PLAIN.encode(),
        b"# coding: gbk\n" + f"# 损失{PLAIN}".encode("gbk"),
        b"# -*- coding: latin-1 -*-\n" + f"# café{PLAIN}".encode("latin-1"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
    ],
    ids=["bom", "gbk", "latin-1", "utf-16", "windows"],
)
def test_a_file_may_have_any_encoding_that_it_names(tmp_path, data):
    (tmp_path / "mine.py").write_bytes(data)
    assert right(judge_here(tmp_path / "mine.py"))


def test_old_and_marked_notebooks_are_read(tmp_path):
    cell = {"cell_type": "code", "input": PLAIN.splitlines(keepends=True)}
    book = {"nbformat": 3, "worksheets": [{"cells": [cell]}]}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(book), "utf-8-sig")
    assert right(judge_here(path))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.ipynb", b"[]", "has no list of cells"),
        ("a.ipynb", b"{}", "has no list of cells"),
        ("a.ipynb", b'{"cells": null}', "has no list of cells"),
        ("a.ipynb", b'{"worksheets": []}', "has no list of cells"),
        ("a.ipynb", b"no JSON", "a notebook is JSON"),
        ("a.ipynb", b"[" * 100_000, "a notebook is JSON"),
        (
            "a.ipynb",
            b'{"cells": [{"cell_type": "code", "source": 5}]}',
            "the source of cell 1 is not text",
        ),
        ("a.py", b"\x89PNG\xff", "not text in UTF-8"),
        ("a.py", b"# coding: nonsense\n", "not text in UTF-8"),
        ("a.py", b"x = 1\0", "is not text"),
        ("a.py", None, "No such file"),
    ],
)
def test_an_unreadable_file_gets_one_sentence(tmp_path, name, data, said):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(Unreadable, match=said) as caught:
        judge_here(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_cells_of_no_known_kind_are_passed_over(tmp_path):
    path = tmp_path / "a.ipynb"
    cells = [5, None, {}, {"cell_type": "raw", "source": 5}]
    code = {"cell_type": "code", "source": [PLAIN]}
    path.write_text(json.dumps({"cells": [*cells, code]}), "utf-8")
    assert right(judge_here(path))


def test_a_file_that_does_not_parse_is_told_once(script, capsys):
    main(["check", str(script("def softmax_loss_naive(W, X, y, reg)\n    pass\n"))])
    said = "".join(capsys.readouterr())
    assert said.count("expected ':'") == 1


def test_the_line_of_an_encoding_is_asked_of_scripts_alone(tmp_path):
    for name, asked in ("a.py", True), ("a.ipynb", False):
        path = tmp_path / name
        path.write_bytes(b"\x89PNG\x00\xff")
        with pytest.raises(Unreadable) as caught:
            judge_here(path)
        assert ("names its encoding" in str(caught.value)) is asked


SILENT = """
class Silent(Exception):
    def __str__(self):
        raise ValueError("no words")
def softmax_loss_naive(W, X, y, reg):
    raise Silent
"""
CLOSED = """
class Closed:
    def __getattr__(self, name):
        raise RuntimeError("closed")
def softmax_loss_naive(W, X, y, reg):
    return Closed(), Closed()
"""


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (SILENT, "\nSilent\n"),
        (CLOSED, "loss"),
        (SILENT + "raise Silent\n", "\nSilent\n"),
    ],
)
def test_objects_of_a_strange_class_do_not_stop_the_check(source, told, script):
    judgement = judge(script(source))
    texts = " ".join(str(each.report) for each in judgement.judged)
    assert "The check itself failed" not in texts
    assert told in texts
    assert judgement.status == 1


def test_what_stands_for_a_module_need_not_be_one(script, monkeypatch):
    monkeypatch.setitem(sys.modules, "js", object())  # as in a browser
    assert right(judge_here(script(PLAIN)))

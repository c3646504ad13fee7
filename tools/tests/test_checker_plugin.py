"""`pytest --nbval` with the checker's plugin, run on small notebooks."""

import base64
import copy
import os
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from tools.checker.chapters import ROOT
from tools.checker.plugin import side_by_side
from tools.checker.recordings import recording_text
from tools.tests.test_checker import png


def cell(source, *outputs, **metadata):
    return new_code_cell(
        source, outputs=list(outputs), metadata=metadata, execution_count=1
    )


def printed(text):
    return new_output("stream", name="stdout", text=text)


def result(text):
    return new_output("execute_result", {"text/plain": text}, execution_count=1)


@pytest.fixture
def check(tmp_path):
    """Write chapters and a recording, run pytest on them, return what it printed."""

    def run(*chapters, recorded=None, options=(), environment=None):
        for number, cells in enumerate(chapters, start=1):
            write(tmp_path / "book" / f"0{number}_data.ipynb", cells)
        if recorded is not None:
            path = tmp_path / "tests" / "recordings" / "shapes10" / "01_data.json"
            path.parent.mkdir(parents=True)
            path.write_text(recording_text(recorded), "utf-8")
        names = "nbval.plugin", "xdist.plugin", "tools.checker.plugin"
        plugins = [f"-p{name}" for name in (*names, "no:cacheprovider")]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                *plugins,
                "--color=no",
                "--rootdir=.",
                "--nbval",
                "book",
                *options,
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # some take seconds to import
                "SOFTMAX_LIB_DATA": "the small chapters need no data",
                "SOFTMAX_LIB_DATASET": "shapes10" if recorded else "cifar10",
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    return run


def write(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


def test_each_cell_passes_or_fails_for_its_own_reason(check):
    shout = "import sys; print('careful', file=sys.stderr)"
    said = check(
        [
            cell("print(352 / 1000)", printed("0.353\n")),
            cell("print(352 / 1000)", printed("0.362\n")),
            cell(shout, new_output("stream", name="stderr", text="careful\n")),
            cell("1 / 0"),
            cell(
                "raise ValueError('W has 3072 rows')",
                new_output("error", ename="ValueError", evalue="W has 3072 rows"),
                tags=["raises-exception"],
            ),
            cell(
                "raise ValueError('W has 3072 rows')",
                new_output("error", ename="ValueError", evalue="W has 3073 rows"),
                tags=["raises-exception"],
            ),
            cell("import os; print(os.environ['SOFTMAX_LIB_DATASET'])"),
        ]
    )
    assert "chapters run on CIFAR-10" in said
    assert ".FFF.FF" in said
    assert "01_data, code cell 1, on CIFAR-10, output 1, stdout, line 1" in said
    assert "0.362 became 0.352: they differ by 0.01" in said
    assert "stderr: expected nothing, got 'careful\\n'" in said
    assert "run `make record`" in said


def test_on_shapes10_the_recording_is_what_counts(check):
    source = "import os; print(os.environ['SOFTMAX_LIB_DATASET'])"
    chapter = cell(source, printed("cifar10\n"))
    recorded = copy.deepcopy(chapter)
    recorded.outputs = [printed("shapes10\n")]
    said = check([chapter], recorded=[recorded])
    assert "chapters run on Shapes-10" in said
    assert "1 passed" in said


def test_a_solution_is_checked_in_the_kernel_of_its_chapter(check):
    solution = "````{{solution}} {}\n```python\nprint(x)\n```\n\n```text\n{}\n```\n````"
    said = check(
        [
            new_markdown_cell(solution.format("ex-right", 2)),
            new_markdown_cell(solution.format("ex-wrong", 3)),
            cell("x = 2"),
        ]
    )
    assert "1 failed, 2 passed" in said
    assert "01_data, the solution of ex-wrong, on CIFAR-10, output 1" in said
    assert "3 became 2" in said


def test_a_cell_that_the_recording_lacks_is_refused(check):
    said = check([cell("1"), cell("2")], recorded=[cell("1")])
    assert "code cell 0: every cell is run and checked, but" in said
    assert "has no recorded run on Shapes-10" in said


def test_a_cell_that_is_not_checked_is_refused(check):
    skipped = cell("print(1)", tags=["nbval-skip"])
    ignored = cell("# NBVAL_IGNORE_OUTPUT\nprint(1)")
    never_run = new_code_cell("print(1)")
    said = check([skipped], [ignored], [never_run])
    assert said.count("but this one opts out") == 2
    assert said.count("but this one has no recorded run") == 1
    assert "3 errors" in said


def test_lax_checking_is_refused(check):
    said = check([cell("print(1)", printed("1\n"))], options=["--nbval-lax"])
    assert "Every output of the book is checked" in said


def test_a_failing_picture_is_shown_beside_the_recorded_one():
    old = np.full((4, 6, 3), 40, dtype=np.uint8)
    row = side_by_side(*(base64.b64decode(png(pixels)) for pixels in (old, old + 5)))
    assert row.size == (18, 4)
    assert [row.getpixel((column, 0))[0] for column in (0, 6, 12)] == [40, 45, 5]


TORCH = "import torch\nprint(torch.name)"
MISSING = "import sys\nsys.modules['torch'] = None\n"


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_without_pytorch_what_needs_it_is_counted_and_named(tmp_path, check, workers):
    (tmp_path / "conftest.py").write_text(MISSING)
    needing = cell(TORCH, printed("is here\n"), tags=["needs-torch"])
    said = check([cell("print(1)", printed("1\n")), needing], options=workers)
    assert "1 passed, 1 not checked in" in said
    assert "for want of PyTorch: 1. `make test-torch` installs it" in said
    assert "  book/01_data.ipynb::Cell 1\n" in said


def test_with_pytorch_what_needs_it_is_checked(tmp_path, check):
    (tmp_path / "book").mkdir()  # where the chapter's kernel looks for modules
    (tmp_path / "torch.py").write_text("name = 'there'")
    (tmp_path / "book" / "torch.py").write_text("name = 'there'")
    (tmp_path / "conftest.py").write_text("import sys\nsys.path.insert(0, '.')\n")
    needing = cell(TORCH, printed("is here\n"), tags=["needs-torch"])
    said = check([needing])
    assert "1 failed in" in said
    assert "not checked" not in said


def test_a_test_that_needs_pytorch_is_not_run_without_it(tmp_path, check):
    (tmp_path / "conftest.py").write_text(MISSING)
    (tmp_path / "test_needs.py").write_text(
        "import pytest\n\n@pytest.mark.needs_torch\ndef test_it():\n    import torch\n"
    )
    said = check([cell("print(1)", printed("1\n"))], options=["test_needs.py"])
    assert "1 passed, 1 not checked in" in said
    assert "  test_needs.py::test_it\n" in said


@pytest.fixture
def counting():
    """Cells that are right only if all of them run, in their order, in one kernel."""
    first = cell("n = 0\nprint(n)", printed("0\n"))
    later = [cell("n += 1\nprint(n)", printed(f"{n}\n")) for n in range(1, 6)]
    return [first, *later]


def test_a_plugin_that_shuffles_cells_changes_no_chapter(check, counting, tmp_path):
    (tmp_path / "backwards.py").write_text(
        "def pytest_collection_modifyitems(items):\n"
        "    items.sort(key=lambda item: -item.cell_num)\n"
    )
    said = check(counting, counting, options=["-p", "backwards"])
    assert "12 passed" in said


@pytest.mark.parametrize("dist", [[], ["--dist", "worksteal"]])
def test_processes_share_out_whole_chapters(check, counting, dist):
    said = check(counting, counting, options=["-n", "2", *dist])
    assert "12 passed" in said


def test_the_longest_chapter_begins_first_if_they_are_shared_out(check, tmp_path):
    seconds = tmp_path / "tests" / "recordings" / "seconds.json"
    seconds.parent.mkdir(parents=True)
    seconds.write_text('{"01_data": 1, "02_data": 9}')
    short = [cell(f"print({n})", printed(f"{n}\n")) for n in range(3)]
    said = check(short, short[:1], short, options=["-n", "1", "-v"])
    order = ["02_data", "01_data", "03_data"]  # the third was never measured
    places = [said.index(f"PASSED book/{name}::ipynb::Cell 0") for name in order]
    assert places == sorted(places)


def test_a_chapter_without_its_first_cells_is_refused(check, counting):
    said = check(counting, options=["--deselect", "book/01_data.ipynb::Cell 0"])
    assert "of 01_data.ipynb only cells [1, 2, 3, 4, 5] were chosen" in said


def test_start_up_files_of_the_reader_do_not_run(check, tmp_path):
    profile = tmp_path / "home" / "profile_default" / "startup"
    profile.mkdir(parents=True)
    for path in (profile / "00-mine.py", tmp_path / "mine.py"):
        path.write_text("import numpy\nnumpy.set_printoptions(precision=2)\n")
    said = check(
        [cell("import numpy\nnumpy.ones(1) / 3", result("array([0.33333333])"))],
        environment={
            "IPYTHONDIR": str(tmp_path / "home"),
            "PYTHONSTARTUP": str(tmp_path / "mine.py"),
        },
    )
    assert "1 passed" in said


def test_a_text_that_comes_after_a_figure_is_noticed_before_it(check):
    source = "print('one')\ndisplay(2)\nprint('three')"
    one, three = printed("one\n"), printed("three\n")
    shown = new_output("display_data", {"text/plain": "2"})
    said = check(
        [cell(source, one, shown, three), cell(source, printed("one\nthree\n"), shown)]
    )
    assert "1 failed, 1 passed" in said

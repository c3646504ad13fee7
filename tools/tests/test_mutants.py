import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tools import mutants
from tools.mutants import (
    AFTER_A_TEST,
    EQUIVALENT,
    IN_CHILDREN,
    SAMPLE,
    Reason,
    Survivor,
    function_of,
    modules_with_tests,
    passes,
    report,
    run_at_import,
    sample,
    survivor_in,
    with_decorators_below,
    without_synonyms,
)

DIFF = """
# softmax_lib.streaming.xǁRowsǁlast__mutmut_7: survived
--- softmax_lib/streaming.py
+++ softmax_lib/streaming.py
@@ -3,4 +3,3 @@
     total = 0
-    for first in range(
-        0, len(images), chunk
+    for first in range(0, len(images)
     ):
"""
SOURCE = '''
@outer(1)
@inner
def double(x):
    """Return 2 x."""
    return 2 * x


class Rows:
    @property
    def last(self):
        return 3
'''


def test_a_survivor_is_named_by_its_function_and_lines() -> None:
    name = "softmax_lib.streaming.xǁRowsǁlast__mutmut_7"
    before = "for first in range(\n0, len(images), chunk"
    expected = Survivor("Rows.last", before, "for first in range(0, len(images)")
    assert survivor_in(DIFF, name) == expected


@pytest.mark.parametrize(
    ("mutant", "function"),
    [
        ("softmax_lib.source.x_listing__mutmut_12", "listing"),
        ("softmax_lib.exercises.grid.x__xs__mutmut_1", "_xs"),
        ("softmax_lib.spread.xǁDaskǁ__init____mutmut_3", "Dask.__init__"),
    ],
)
def test_the_function_of_a_mutant_is_read_from_its_name(
    mutant: str, function: str
) -> None:
    assert function_of(mutant) == function


def test_decorators_below_mean_the_same() -> None:
    below = with_decorators_below(SOURCE)
    assert "double = outer(1)(inner(double))" in below.splitlines()
    names: dict[str, object] = {
        "outer": lambda n: lambda f: lambda x: (n, f(x)),
        "inner": lambda f: lambda x: -f(x),
    }
    exec(below, names)
    assert names["double"](2) == (1, -4)
    assert names["Rows"]().last == 3


@pytest.mark.parametrize(
    ("before", "after", "function", "expected"),
    [
        ("-1", "-2", "", True),
        ("-1", "-2", "rows", True),
        ("-1", "-2", "columns", False),
        ("x.sum(0, -1)", "x.sum(0, -2)", "", True),
        ("-1", "-3", "", False),
        ("7", "-2", "", False),
    ],
)
def test_a_reason_explains_one_change_of_a_line(
    before: str, after: str, function: str, expected: bool
) -> None:
    survivor = Survivor("rows", "y = f(-1) + x.sum(0, -1)", "y = f(-1) + x.sum(0, -2)")
    assert Reason(before, after, "", function).explains(survivor) is expected


def test_only_what_survives_is_to_be_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    survivor, reason = Survivor("f", "x + 1", "x + 2"), Reason("1", "2", "why")
    other = Reason("1", "3", "why")
    assert report([survivor], [reason], whole=True) == 0
    assert capsys.readouterr().out == ""
    assert report([survivor], [], whole=True) == 1
    assert "this change:\n- x + 1\n+ x + 2" in capsys.readouterr().out
    assert report([survivor], [reason, other], whole=False) == 0
    assert report([survivor], [reason, other], whole=True) == 1
    assert f"{EQUIVALENT.name} lists what" in capsys.readouterr().out


def test_a_sample_is_of_each_module_and_another_each_week() -> None:
    names = [f"x_f__mutmut_{i}" for i in range(3000)]
    assert sorted(sample(names[:80], "2026-48")) == sorted(names[:80])
    some = sample(names, "2026-48")
    assert len({*some} & {*names}) == SAMPLE
    assert some == sample(names, "2026-48") != sample(names, "2026-49")


def test_what_python_reads_alike_is_no_survivor() -> None:
    synonym = Survivor("f", 'x.decode("utf-8")', 'x.decode("UTF-8")')
    other = Survivor("f", 'x.decode("utf-8")', 'x.decode("XXutf-8XX")')
    assert without_synonyms([synonym, other]) == [other]


@pytest.mark.skipif(sys.platform == "win32", reason="mutmut needs fork")
def test_what_a_child_of_a_test_reaches_is_noted(tmp_path: Path) -> None:
    from mutmut.state import state

    notes = str(tmp_path / "notes.txt")
    reached = 2 * "trampoline.record_trampoline_hit('softmax_lib.x_f')\n"
    subprocess.run(
        [sys.executable, "-c", IN_CHILDREN.format(notes=notes) + reached],
        env={**os.environ, "MUTANT_UNDER_TEST": "stats"},
        check=True,
    )
    assert Path(notes).read_text("utf-8") == "softmax_lib.x_f\n"
    names: dict[str, Any] = {}
    exec(AFTER_A_TEST.format(notes=notes), names)
    hook = names["pytest_runtest_call"](None)
    next(hook)
    hook.close()
    assert "softmax_lib.x_f" in state()._stats
    assert not Path(notes).exists()
    state()._stats.clear()


@pytest.mark.skipif(sys.platform == "win32", reason="mutmut needs fork")
def test_what_runs_at_import_is_tested_in_a_new_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutants, "COPY", tmp_path)
    files = {
        "pytest.ini": "[pytest]",  # else a folder above is the root
        "softmax_lib/__init__.py": "",
        "softmax_lib/a.py": """
            from mutmut.mutation import trampoline
            trampoline.record_trampoline_hit("softmax_lib.a.x_f")
        """,
        "tests/test_a.py": """
            import os
            def test():
                assert os.environ["MUTANT_UNDER_TEST"] != "softmax_lib.a.x_f__mutmut_1"
        """,
    }
    for name, source in files.items():
        path = tmp_path / "mutants" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), "utf-8")
    first, second = "softmax_lib.a.x_f__mutmut_1", "softmax_lib.a.x_f__mutmut_2"
    assert run_at_import([first, second]) == {"softmax_lib.a.x_f"}
    assert not passes(first, ["tests/test_a.py"])
    assert passes(second, ["tests/test_a.py"])


def test_a_module_is_tested_by_its_tests_and_its_users() -> None:
    modules = modules_with_tests()
    assert modules["gradient_check"] == [
        "tests/test_bad_input.py",
        "tests/test_gradient_check.py",
    ]
    assert {"tests/test_losses.py", "tests/test_evaluation.py"} <= {*modules["losses"]}
    assert len(modules["exercises"]) > 1
    assert "classifiers" not in modules  # it has import names and no function

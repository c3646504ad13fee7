"""Change softmax_lib in one place and see whether a unit test fails: `make mutants`.

mutmut makes the mutants and runs them: it forks a process for each and runs the tests
that reach the changed function. A mutant that survives is either a missing test or a
change that no caller can tell from the original. Survivors of the second kind are
listed in `equivalent_mutants.toml`, each with its reason; any other fails the run.

There are 20,000 mutants, too many for one run. So a run takes a hundred of each module,
others in each week of the year; `--all` takes them all.

Each module is mutated alone, in a copy of what its tests need, and by the tests that
ARCHITECTURE.md lists for it and for the modules that import it. mutmut can fork on
Linux and macOS only.
"""

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from softmax_lib.evaluation import wilson_interval
from tools.checker.chapters import ROOT

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
COPY = ROOT / "_build" / "mutants"
COPIED = ("book", "softmax_lib", "tests", "tools", "worksheet")
BAD_INPUT = "test_bad_input"
# These collect garbage at the end of each run, which takes longer than most tests.
OPTIONS = ("-pno:unraisableexception", "-pno:threadexception", "-pno:cacheprovider")
# In a copy with mutants these warnings are raised some frames further down.
DESELECTED = (
    "--deselect=tests/test_estimator.py::"
    "test_a_fit_that_is_cut_short_says_so_where_it_was_called",
    "--deselect=tests/test_parallel.py::"
    "test_a_pair_that_fails_is_named_and_leaves_the_others",
)
SETTINGS = """
[tool.mutmut]
source_paths = ["softmax_lib"]
only_mutate = {files}
also_copy = {copied}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = {options}
process_isolation = "forkserver"
timeout_multiplier = 4
timeout_constant = 15
use_git_change_detection = false
debug = true
"""
# mutmut notes in its own process which functions a test reaches. A process that a test
# starts or forks, such as the one that runs a reader's code, writes them into a file...
IN_CHILDREN = """
import os, sys
if os.environ.get("MUTANT_UNDER_TEST") == "stats":
    from mutmut.mutation import trampoline
    note_here = trampoline.record_trampoline_hit
    of_pytest = os.getpid() if "pytest" in sys.modules else 0
    noted = set()
    def note(name, caller=None):
        if os.getpid() == of_pytest:
            note_here(name, caller)
        elif name not in noted:
            noted.add(name)
            with open({notes!r}, "a") as file:
                file.write(name + chr(10))
    trampoline.record_trampoline_hit = note
"""
# ... which is read at the end of the test.
AFTER_A_TEST = """
import pathlib, pytest
from mutmut.state import state
@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    finally:
        notes = pathlib.Path({notes!r})
        if notes.exists():
            state()._stats.update(notes.read_text().split())
            notes.unlink()
"""
# A sample has so many mutants of a module, which bounds the share to 5 points or so.
SAMPLE = 100
NAMES = """
import sys
from mutmut.mutation.file_mutation import mutate_file_contents
for path in sys.argv[1:]:
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    with open(path, encoding="utf-8") as file:
        names = mutate_file_contents(path, file.read()).mutant_names
    print(*(f"{module}.{name}" for name in names), sep=chr(10))
"""
# What runs while the modules are imported. mutmut forks after that, so that for it
# these functions are not mutated.
AT_IMPORT = """
import importlib, os, sys
os.environ["MUTANT_UNDER_TEST"] = "stats"
import softmax_lib  # which says what is noted in a child
from mutmut.mutation import trampoline
trampoline.record_trampoline_hit = lambda name, caller=None: print(name)
for module in sys.argv[1:]:
    importlib.import_module(module)
"""
# What `mutmut show` does, which begins a Python for each mutant.
SHOW = """
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
for name in sys.argv[1:]:
    print(get_diff_for_mutant(name), end=chr(0))
"""


class Survivor(NamedTuple):
    """A mutant that no test noticed: its function, the line before, the line after."""

    function: str
    before: str
    after: str


class Reason(NamedTuple):
    """Why no test can notice a change of a piece of code into another."""

    before: str
    after: str
    reason: str
    function: str = ""  # any, if empty

    def explains(self, survivor: Survivor) -> bool:
        """Return whether a survivor is this change of one piece of its line."""
        pieces = survivor.before.split(self.before)
        halves = (
            (self.before.join(pieces[:i]), self.before.join(pieces[i:]))
            for i in range(1, len(pieces))
        )
        return self.function in ("", survivor.function) and survivor.after in {
            left + self.after + right for left, right in halves
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants of the modules named; return 1 if there is something to do."""
    modules = modules_with_tests()
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--all", action="store_true", help="not only a sample")
    settings = parser.parse_args(arguments)
    chosen = settings.modules or list(modules)
    if unknown := sorted(set(chosen) - set(modules)):
        parser.error(f"{', '.join(unknown)}: no module of {', '.join(modules)}")
    week = "{}-{}".format(*date.today().isocalendar())
    to_do = 0
    for module in chosen:
        began = time.monotonic()
        copy(module, modules[module])
        names = names_of(module)
        names = names if settings.all else sample(names, week)
        mutmut("run", *names)
        survivors = outcome(names, modules[module])
        killed = len(names) - len(survivors)
        survivors = without_synonyms(survivors)
        total = killed + len(survivors)
        to_do += report(survivors, reasons_of(module), whole=settings.all)
        low, high = wilson_interval(killed, total)
        print(
            f"{module}: {killed} of {total} killed ({killed / total:.1%}; of all, "
            f"{low:.0%} to {high:.0%}), {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return int(to_do > 0)


def sample(names: Sequence[str], seed: str) -> list[str]:
    """Return some of the names, which of them by the seed."""
    return random.Random(seed).sample(names, min(len(names), SAMPLE))


def reasons_of(name: str) -> list[Reason]:
    """Return what is listed for a module."""
    listed = tomllib.loads(EQUIVALENT.read_text("utf-8"))
    return [Reason(**entry) for entry in listed.get(name, [])]


def without_synonyms(survivors: Iterable[Survivor]) -> list[Survivor]:
    """Return the survivors that do not just say the same in another way."""
    same = reasons_of("everywhere")
    return [each for each in survivors if not any(s.explains(each) for s in same)]


def modules_with_tests() -> dict[str, list[str]]:
    """Return the modules of ARCHITECTURE.md's table, with the files of their tests.

    They are its own, those of the modules that import it, and the table of bad input,
    which calls every name of the package.
    """
    lines = (ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()
    rows = {
        module: (imports, tests)
        for (module,), imports, _, tests in (
            [re.findall(r"`(\w+)`", column) for column in line.strip("|").split("|")]
            for line in lines
            if line.startswith("| `")
        )
    }
    tests_of = {
        module: {
            test
            for user, (imports, tests) in rows.items()
            if module == user or module in imports
            for test in tests
        }
        for module in rows
        if any("def " in file.read_text("utf-8") for file in files_of(module, ROOT))
    }
    return {
        module: [f"tests/{name}.py" for name in sorted({*tests, BAD_INPUT})]
        for module, tests in tests_of.items()
    }


def files_of(module: str, root: Path) -> list[Path]:
    """Return the files of a module, or of a package of the same name."""
    package = root / "softmax_lib"
    return sorted((package / module).rglob("*.py")) or [package / f"{module}.py"]


def copy(module: str, tests: Iterable[str]) -> None:
    """Make a new copy in which mutmut can run the mutants of one module."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for name in COPIED:
        shutil.copytree(ROOT / name, COPY / name)
    notes = str(COPY / "notes.txt")
    append(COPY / "softmax_lib" / "__init__.py", IN_CHILDREN.format(notes=notes))
    append(COPY / "tests" / "conftest.py", AFTER_A_TEST.format(notes=notes))
    files = files_of(module, COPY)
    for file in files:
        file.write_text(with_decorators_below(file.read_text("utf-8")), "utf-8")
    settings = SETTINGS.format(
        files=json.dumps([str(file.relative_to(COPY)) for file in files]),
        copied=json.dumps(COPIED),
        options=json.dumps(OPTIONS),
        tests=json.dumps([*tests, *DESELECTED]),
    )
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    append(COPY / "pyproject.toml", project + settings)


def names_of(module: str) -> list[str]:
    """Return the names of all mutants of a module, in the copy."""
    files = (file.relative_to(COPY).as_posix() for file in files_of(module, COPY))
    return printed(sys.executable, "-c", NAMES, *files).split()


def append(path: Path, text: str) -> None:
    """Write a text at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def with_decorators_below(source: str) -> str:
    """Return the source with ``f = decorator(f)`` below each decorated function.

    It means the same, and mutmut leaves out what is decorated.
    """
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            call = node.name
            for decorator in reversed(node.decorator_list):
                call = f"{ast.unparse(decorator)}({call})"
            lines.insert(node.end_lineno or 0, f"{node.name} = {call}")
            del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "\n".join(lines) + "\n"


def mutmut(*arguments: str) -> str:
    """Return what a command of mutmut prints in the copy."""
    return printed(str(Path(sys.executable).with_name("mutmut")), *arguments)


def printed(*command: str) -> str:
    """Return what a command prints in the copy."""
    done = subprocess.run(
        command,
        cwd=COPY,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stdout[-5000:]}")
    return done.stdout


def outcome(names: Iterable[str], tests: Iterable[str]) -> list[Survivor]:
    """Return those mutants that survived."""
    lines = mutmut("results", "--all", "true").split("\n")
    results = dict(line.strip().split(": ") for line in lines if ": " in line)
    dead = ("killed", "timeout", "segfault")
    alive = [name for name in names if results[name] not in dead]
    at_import = run_at_import(alive)
    alive = [x for x in alive if base(x) not in at_import or passes(x, tests)]
    diffs = printed(sys.executable, "-c", SHOW, *alive).split("\0")
    return list(map(survivor_in, diffs[:-1], alive))


def run_at_import(names: Iterable[str]) -> set[str]:
    """Return the functions, as mutmut calls them, that run while they are imported."""
    modules = sorted({name.rpartition(".")[0] for name in names})
    done = in_mutants("-c", AT_IMPORT, *modules)
    return set(done.stdout.split())


def passes(name: str, tests: Iterable[str]) -> bool:
    """Return whether the tests pass in a process that imports the mutant."""
    asked = (*OPTIONS, *tests, *DESELECTED)
    done = in_mutants("-m", "pytest", "-qx", *asked, MUTANT_UNDER_TEST=name)
    return done.returncode == 0


def in_mutants(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a Python in the copy that contains the mutants."""
    folder = COPY / "mutants"
    plain = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **plain, **env},
        capture_output=True,
        text=True,
    )


def base(name: str) -> str:
    """Return the function, as mutmut calls it, that a mutant is of."""
    return name.rpartition("__mutmut_")[0]


def survivor_in(diff: str, name: str) -> Survivor:
    """Return what a mutant changes, from mutmut's diff."""
    lines = diff.splitlines()
    return Survivor(
        function_of(name),
        "\n".join(changed_lines(lines, "-")),
        "\n".join(changed_lines(lines, "+")),
    )


def function_of(name: str) -> str:
    """Return the function of a mutant such as ``softmax_lib.source.x_f__mutmut_7``."""
    mangled = name.rpartition(".")[2]  # x_f__mutmut_7, xǁClassǁf__mutmut_7
    return re.sub(r"^x[_ǁ]|__mutmut_\d+$", "", mangled).replace("ǁ", ".")


def changed_lines(diff: Iterable[str], sign: str) -> Iterator[str]:
    """Yield the lines of a diff that begin with a sign, without it."""
    for line in diff:
        if line.startswith(sign) and not line.startswith(3 * sign):
            yield line[1:].strip()


def report(
    survivors: Iterable[Survivor], reasons: Sequence[Reason], whole: bool
) -> int:
    """Print survivors that no reason explains; of all, what does not survive too."""
    explained = {
        survivor: [reason for reason in reasons if reason.explains(survivor)]
        for survivor in survivors
    }
    unexplained = sorted(each for each, found in explained.items() if not found)
    for function, before, after in unexplained:
        print(f"{function}: no test notices this change:\n- {before}\n+ {after}")
    used = {each for found in explained.values() for each in found}
    outdated = set(reasons) - used if whole else set()
    for reason in sorted(outdated):
        print(f"{EQUIVALENT.name} lists what does not survive: {reason}")
    return len(unexplained) + len(outdated)


if __name__ == "__main__":
    sys.exit(main())

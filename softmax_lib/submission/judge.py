"""The verdict on a file, given by a process in which none of the file's code runs.

The file is read here and run in a child. The child sends what the reader's functions
return for the inputs of a check, and the same check is made here on these numbers. So
whatever the file does, a function passes only with the right numbers.
"""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from softmax_lib.exercises import sandbox
from softmax_lib.exercises.losses.check import NAIVE, SVM_LOSS, check
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.report import Finding, Report, failed
from softmax_lib.exercises.sandbox import Outcome, Runner, Task, Trouble, run_by
from softmax_lib.submission.checks import CHECKS, ready
from softmax_lib.submission.loading import Finder, load
from softmax_lib.submission.needed import Statement, choose, statements
from softmax_lib.submission.reading import Cell, Unreadable, read_cells
from softmax_lib.submission.stand_ins import installed, remarks
from softmax_lib.submission.wire import encode, unpack

__all__ = ["Judged", "Judgement", "judge", "judge_here"]

START_LIMIT = 60.0  # seconds in which a child begins to read the file
RESTARTS = 5  # of a child whose statements end or hang the process
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from softmax_lib.submission.worker import serve; serve()"
)
UNKNOWN_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
UNKNOWN_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


@dataclass(frozen=True)
class Judged:
    """One function or class, and what came of one check.

    It is not checked if it could not be run, for no mistake of its own. Its parts are
    loss and gradient, or the function as a whole, and whether each is right.
    """

    check: str
    function: str
    report: Report
    is_checked: bool = True
    parts: dict[str, bool] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The fraction of its parts that are right."""
        return sum(self.parts.values()) / len(self.parts) if self.parts else 0.0


@dataclass
class Judgement:
    """All that can be said of a file.

    Besides the checks that it calls for: remarks on the file as a whole, complaints of
    what cannot be read or, where nothing could be checked, of what stopped, and the
    places that cannot be read.
    """

    judged: list[Judged] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """0 if every check passed, 1 if one did not, 2 if one could not be made."""
        if any(each.is_checked and not each.report.passed for each in self.judged):
            return 1
        return 0 if self.judged and all(j.is_checked for j in self.judged) else 2


@dataclass
class File:
    """What is known of a file before any of it runs."""

    path: Path
    cells: list[Cell]
    chosen: list[Statement]
    wanted: list[str]  # names to check, if they are there
    expected: list[str]  # those of them that the file defines itself

    @property
    def unread_names(self) -> dict[str, str]:
        """Every name in a cell that does not parse, and why it has no value."""
        return {
            name: f"{cell.place} cannot be read: {cell.fault}"
            for cell in self.cells
            if cell.fault
            for name in re.findall(r"\w+", cell.unread)
        }


def read_file(path: Path) -> File:
    """Read a file, and find what is to be checked in it."""
    cells = read_cells(path)
    found = statements(cells)
    own = {name for s in found if not s.imports for name in s.writes}
    expected = [name for name in CHECKS if name in own]
    unread = "\n".join(cell.unread for cell in cells)
    begun = re.findall(r"^\s*(?:def|class)\s+(\w+)", unread, re.MULTILINE)
    expected += [name for name in CHECKS if name in begun and name not in own]
    wanted = expected or list(CHECKS)  # else follow the imports
    return File(path, cells, choose(found, [*wanted, "sys"]), wanted, expected)


class Stopped(Exception):
    """The child has ended, or does not answer in time; the message says which."""


class Child:
    """A process that runs a file, and is started anew if the file ends it."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.skip: dict[str, str] = {}
        self.process: subprocess.Popen[str] | None = None
        self.lines: queue.Queue[str] = queue.Queue()
        self.is_loaded = False
        self.ready: list[str] = []
        self.missing: dict[str, str] = {}
        self.complaints: list[str] = []

    def start(self) -> None:
        """Start the process; it loads the file while this one goes on."""
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *(p for p in sys.path if p not in ("", os.getcwd(), root))]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, json.dumps(paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            cwd=self.file.path.resolve().parent,  # as where Jupyter runs a notebook
            start_new_session=True,  # to end it with all that it started
        )
        self.lines = queue.Queue()
        reader = threading.Thread(
            target=read_lines, args=(self.process, self.lines), daemon=True
        )
        reader.start()
        self.is_loaded = False
        order = {"path": str(self.file.path.resolve()), "wanted": self.file.wanted}
        self.send({**order, "skip": self.skip})

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended, as the next line will show

    def receive(self, seconds: float) -> str:
        """Return the next line."""
        try:
            line = self.lines.get(timeout=max(seconds, 0))
        except queue.Empty:
            self.stop()
            raise Stopped(sandbox.too_long().text) from None
        if not line:
            self.stop()
            raise Stopped("it ended the process")
        return line

    def load(self) -> None:
        """Wait until the file is loaded; leave out a statement that prevents it."""
        for _ in range(RESTARTS):
            if self.is_loaded:
                return
            if self.process is None:
                self.start()
            latest, deadline = -1, 0.0
            try:
                while not self.is_loaded:
                    left = deadline - time.monotonic() if deadline else START_LIMIT
                    message = json.loads(self.receive(left))
                    deadline = deadline or time.monotonic() + sandbox.TIME_LIMIT
                    if "ready" not in message:
                        latest = message["before"]
                    else:
                        self.ready = list(map(str, message["ready"]))
                        self.missing = dict(message["missing"])
                        self.complaints = list(map(str, message["own"]))
                        self.is_loaded = True
            except Stopped as stopped:
                self.skip[str(latest)] = str(stopped)
            except (ValueError, TypeError, AttributeError, KeyError):
                self.stop()
                self.skip[str(latest)] = "it wrote into the checker's own pipe"
        if not self.is_loaded:
            reasons = list(self.skip.values())
            raise Stopped(f"{reasons[-1]} while it was read")

    def run(self, function: str, tensors: bool = False) -> Runner:
        """Return a runner of tasks that has the child run them on a function."""

        def run_there(task: Task, _: Any, *asked: Any) -> Outcome:
            self.load()
            self.send(
                {
                    "function": function,
                    "tensors": tensors,
                    "task": [task.__module__, task.__name__],
                    "asked": encode(list(asked)),
                }
            )
            try:
                return unpack(self.receive(sandbox.TIME_LIMIT + 10))
            except Stopped as stopped:
                kind = "exit" if "process" in str(stopped) else "time"
                return Outcome([], Trouble(kind, str(stopped)))
            except ValueError:
                self.stop()
                return Outcome([], Trouble("exit", "it wrote into the checker's pipe"))

        return run_there

    def stop(self) -> None:
        """End the process, and what it started."""
        process, self.process, self.is_loaded = self.process, None, False
        if process is None:
            return
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()


def read_lines(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Put each line that a process prints into a queue, then an empty one."""
    assert process.stdout is not None
    try:
        for line in process.stdout:
            lines.put(line)
    except (OSError, ValueError):
        pass  # closed while it was read
    lines.put("")


def judge(path: Path) -> Judgement:
    """Check a notebook or a script in a process of its own."""
    file = read_file(path)
    if not file.chosen:
        return conclude(file, [], {}, [], [])
    child = Child(file)
    try:
        child.load()
        judged = [
            judge_one(child, name, check_all)
            for name in child.ready
            for check_all in CHECKS.get(name, [])
        ]
    except Stopped as stopped:
        raise Unreadable(f"{path} cannot be checked: {stopped}.") from None
    finally:
        child.stop()
    return conclude(file, child.ready, child.missing, child.complaints, judged)


def judge_one(child: Child, name: str, check_all: Callable[[Any], Report]) -> Judged:
    """Make one check, with tensors if it needs them."""
    seen = Seen(child.run(name))
    report = checked(check_all, seen)
    imported = {
        name for s in child.file.chosen if s.imports for name in s.code.co_names
    }
    if not report.passed and "torch" in imported and "loss" in name:
        seen = Seen(child.run(name, tensors=True))
        retried = checked(check_all, seen)
        if retried.passed or report.fault not in (None, retried.fault):
            text = f"{retried.text}\n\n{TENSORS.text} {TENSORS.hint}"
            report = replace(retried, text=text, remarks=(*retried.remarks, TENSORS))
    judged = Judged(
        check_all.__name__, name, report, parts=parts_of(name, report, seen)
    )
    return excused(judged, child.missing | child.file.unread_names)


class Seen:
    """A runner of tasks that keeps the first outcome."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.outcomes: list[Outcome] = []

    def __call__(self, *task: Any) -> Outcome:
        """Run a task."""
        self.outcomes.append(self.runner(*task))
        return self.outcomes[-1]

    def again(self) -> Runner:
        """Return a runner that gives the first outcome again, and then none."""
        first = iter(self.outcomes[:1])
        return lambda *task: next(first, Outcome([], None))


def parts_of(name: str, report: Report, seen: Seen) -> dict[str, bool]:
    """Return which parts of a function are right, by what it has returned already."""
    if "loss" not in name:
        return {name: report.passed}
    if report.passed:
        return dict.fromkeys(PARTS, True)
    whole = SVM_LOSS if name.startswith("svm") else NAIVE
    right = {}
    for part in PARTS:
        asked = replace(whole, parts=(part,))
        right[part] = checked(partial(check, asked=asked), seen.again()).passed
    return right


TENSORS = Finding(
    "tensors",
    "Your code is written for PyTorch, so the check passed tensors",
    "The worksheet's functions take NumPy arrays.",
    is_remark=True,
)


def checked(make: Callable[[Any], Report], runner: Runner) -> Report:
    """Make a check whose tasks run elsewhere."""
    try:
        with run_by(runner):
            return make(elsewhere)
    except Stopped:
        raise
    except Exception as error:  # of numbers that no function returns
        finding = Finding("check_fails", "The check itself failed")
        return failed([finding], f"{type(error).__name__}: {error}")


def elsewhere(*args: Any, **kwargs: Any) -> Any:
    """Stand for the reader's function where it must not be called."""
    raise RuntimeError("the reader's code runs in another process")


def excused(judged: Judged, missing: dict[str, str]) -> Judged:
    """Return what was judged as not checked, if what it lacks is no mistake of its."""
    reason = ""
    if unknown := UNKNOWN_NAME.search(judged.report.text):
        why = missing.get(unknown[1]) or missing.get("*")
        reason = f"needs `{unknown[1]}`, which has no value. {why}" if why else ""
    elif module := UNKNOWN_MODULE.search(judged.report.text):
        reason = f"imports `{module[1]}`, which is not installed here"
    if not reason:
        return judged
    return not_checked(judged.check, judged.function, reason)


def not_checked(check: str, function: str, reason: str) -> Judged:
    """Return why something could not be checked."""
    finding = Finding("not_checked", f"{function} {reason.rstrip('.')}")
    text = f"**Not checked.** {finding.text}"
    return Judged(check, function, Report(False, text, (finding,)), is_checked=False)


def conclude(
    file: File,
    names: Collection[str],
    missing: dict[str, str],
    stopped: Collection[str],
    judged: list[Judged],
) -> Judgement:
    """Add what could not be checked, and what there is to say of the whole file."""
    imported = {name for s in file.chosen if s.imports for name in s.writes}
    followed = [name for name in file.wanted if name in imported] if judged else []
    for name in file.expected or followed:
        if name not in names:
            reasons = file.unread_names | missing
            why = reasons.get(name, "its value was taken away or is the library's own")
            judged.extend(
                not_checked(make.__name__, name, f"has no value. {why}")
                for make in CHECKS[name]
            )
    said = " ".join(each.report.text for each in judged)
    complaints = [
        f"{cell.place}: {cell.fault}."
        for cell in file.cells
        if cell.fault and f"{cell.place} cannot be read" not in said
    ]
    if not judged:  # else what could not be checked says which of these it needs
        complaints += dict.fromkeys(stopped)
    order = list(CHECKS)
    judged.sort(key=lambda each: order.index(each.function))
    unread = [c.place for c in file.cells if c.fault]
    return Judgement(judged, remarks(file.cells, file.chosen), complaints, unread)


def judge_here(path: Path) -> Judgement:
    """Check a file in this process, as in a browser, where there is no other.

    As `judge`, but the file's code can do to this process what it likes.
    """
    file = read_file(path)
    with installed(), path_restored():
        loaded = load(path, file.cells, file.wanted)
        names = ready(loaded, file.wanted)
        missing = loaded.reasons()
        judged = [
            excused(
                Judged(make.__name__, name, make(value)), missing | file.unread_names
            )
            for name, value in names.items()
            for make in CHECKS[name]
        ]
    own = list(loaded.missing.values())
    return conclude(file, list(names), missing, own, judged)


@contextlib.contextmanager
def path_restored() -> Iterator[None]:
    """Forget afterwards where a file's imports were looked for."""
    path, finders = sys.path[:], sys.meta_path[:]
    try:
        yield
    finally:
        for finder in sys.meta_path:
            for name in finder.found if isinstance(finder, Finder) else ():
                sys.modules.pop(name, None)
        sys.path[:], sys.meta_path[:] = path, finders

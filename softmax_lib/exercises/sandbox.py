"""Running code that may hang, crash or fill the memory, without harm to the kernel.

On Linux the code runs in a forked child: it sees every name of the notebook, changes
none of them, and can be ended from outside. OpenBLAS, NumPy's usual library there,
prepares its threads for a fork; the libraries of macOS do not, and Windows has no
fork. On both of these the code runs in this process, and what hangs is interrupted
between two lines of Python; a crash of the interpreter ends the kernel there. Where no
thread can start, as in a browser, whoever runs the check interrupts it after
`TIME_LIMIT` seconds.
"""

import _thread
import contextlib
import inspect
import io
import linecache
import os
import pickle
import re
import select
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple

TIME_LIMIT = 30.0  # seconds for all calls of one check
MEMORY_LIMIT = 2 << 30  # bytes more than the kernel has when the check begins
FORK = sys.platform == "linux"
LIBRARIES = tuple(os.path.dirname(each) + os.sep for each in (__file__, os.__file__))

Task = Callable[..., Iterator[Any]]  # takes the reader's function, and what is asked


class Trouble(NamedTuple):
    """How a call ended without returning."""

    kind: str  # "error", "time", "memory", "exit", or "check": the check itself failed
    text: str  # the exception's message, or how the process ended
    line: str = ""  # the reader's own line in which it happened

    @property
    def number(self) -> int | None:
        """The number of that line."""
        found = re.match(r"line (\d+)", self.line)
        return int(found[1]) if found else None


@dataclass(frozen=True)
class Outcome:
    """What a task yielded, and what stopped it early, if anything did."""

    items: list[Any]
    trouble: Trouble | None


Runner = Callable[..., Outcome]  # takes a task and its arguments
other_runner: ContextVar[Runner | None] = ContextVar("other_runner", default=None)


def run(task: Task, function: Any, *asked: Any) -> Outcome:
    """Run a task to its end, or to the limit of time or memory.

    A check touches the reader's code only in tasks, so that another process can run
    them: see `run_by`. That process is sent the task's name and what is ``asked``.
    """
    return (other_runner.get() or run_near)(task, function, *asked)


def run_near(task: Task, *args: Any) -> Outcome:
    """Run a task in a child of this process where that is safe, else in this one."""
    ready = partial(task, *args)
    return run_in_child(ready) if FORK else run_here(ready)


@contextlib.contextmanager
def run_by(runner: Runner) -> Iterator[None]:
    """Let all checks inside run their tasks by another function."""
    token = other_runner.set(runner)
    try:
        yield
    finally:
        other_runner.reset(token)


def run_here(task: Task) -> Outcome:
    """Run a task in this process; Python code that hangs is interrupted."""
    items: list[Any] = []
    started = time.monotonic()
    timer = start_timer()
    try:
        with quiet():
            items.extend(task())
    except KeyboardInterrupt:
        if timer and time.monotonic() - started < TIME_LIMIT:
            raise
        return Outcome(items, too_long())
    except Exception as error:
        return Outcome(items, trouble_of_check(error))
    finally:
        if timer:
            timer.cancel()
    return Outcome(items, None)


def start_timer() -> threading.Timer | None:
    """Interrupt this process after the time limit; None where no thread can start."""
    timer = threading.Timer(TIME_LIMIT, _thread.interrupt_main)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:
        return None
    return timer


def run_in_child(task: Task) -> Outcome:
    """Run a task in a forked child and read what it yields from a pipe."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fork beside threads; see above
        pid = os.fork()
    if pid == 0:
        os.close(reading)
        work_in_child(task, writing)
    os.close(writing)
    try:
        data, in_time = read_until(reading, time.monotonic() + TIME_LIMIT)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # a child that has ended does not mind
        _, status = os.waitpid(pid, 0)
    items = unpack(data)
    if items and isinstance(items[-1], End):
        return Outcome(items[:-1], items[-1].trouble)
    return Outcome(items, end_of_child(status) if in_time else too_long())


def work_in_child(task: Task, writing: int) -> None:
    """Send each item that the task yields, then end the process."""
    try:
        limit_child()
        with quiet(), os.fdopen(writing, "wb", buffering=0) as pipe:
            trouble = None
            try:
                for item in task():
                    pipe.write(pickle.dumps(item))
            except Exception as error:
                trouble = trouble_of_check(error)
            pipe.write(pickle.dumps(End(trouble)))
    finally:
        os._exit(0)


@dataclass(frozen=True)
class End:
    """The last item of a child, with how the check itself failed, if it did."""

    trouble: Trouble | None


def trouble_of_check(error: Exception) -> Trouble:
    """Return what went wrong between the calls of the reader's code."""
    if isinstance(error, MemoryError):
        return Trouble("memory", "what it returns needs too much memory")
    return Trouble("check", "".join(traceback.format_exception(error)).rstrip())


def limit_child() -> None:
    """Cut the child off from the terminal and limit its memory."""
    import resource  # not on Windows

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    with open("/proc/self/statm", "rb") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_LIMIT, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read_until(reading: int, deadline: float) -> tuple[bytes, bool]:
    """Read a pipe to its end, or to the deadline."""
    data = bytearray()
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reading], [], [], left)[0]:
            break
        block = os.read(reading, 1 << 16)
        if not block:
            return bytes(data), True
        data += block
    return bytes(data), False


def unpack(data: bytes) -> list[Any]:
    """Return the items that arrived complete."""
    items: list[Any] = []
    stream = io.BytesIO(data)
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            items.append(pickle.load(stream))
    return items


def end_of_child(status: int) -> Trouble:
    """Return how a child ended that did not finish its task."""
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return Trouble("exit", f"it ended the whole process (signal {name})")
    code = os.WEXITSTATUS(status)
    return Trouble("exit", f"it ended the whole process (exit code {code})")


def too_long() -> Trouble:
    """Return the trouble of a task that reached the time limit."""
    return Trouble("time", f"it had not ended after {TIME_LIMIT:.0f} seconds")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide what the code prints, and its warnings."""
    nowhere = io.StringIO()
    with (
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what a function returns, or the `Trouble` that it ended in."""
    try:
        returned = function(*args, **kwargs)
    except MemoryError as error:
        return Trouble("memory", "it needs too much memory", own_line(error))
    except BaseException as error:  # SystemExit too
        if isinstance(error, KeyboardInterrupt) and not ignores_ctrl_c():
            raise
        return Trouble("error", told(error), own_line(error))
    if inspect.isgenerator(returned) or inspect.iscoroutine(returned):
        return Trouble("error", f"it returned a {type(returned).__name__}")
    return returned


def ignores_ctrl_c() -> bool:
    """Whether a KeyboardInterrupt can only be the code's own."""
    return signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def told(error: BaseException) -> str:
    """Return the name and the message of an exception, in one line."""
    try:
        message = " ".join(str(error).split())[:200]
    except Exception:  # a class of the reader's own may have no message
        message = ""
    return f"{type(error).__name__}: {message}".removesuffix(": ")


def own_line(error: BaseException) -> str:
    """Find the deepest line of the traceback that is neither ours nor a library's."""
    own = [line for line in lines_of(error.__traceback__) if not is_library(line[0])]
    for file, number in reversed(own):
        if isinstance(error, UnboundLocalError):
            number = line_with_name(file, number, str(error))
        if source := linecache.getline(file, number).strip():
            return f"line {number}: {source}"  # a compiled library's has no text
    return f"line {own[0][1]}" if own else ""


def line_with_name(file: str, number: int, message: str) -> int:
    """Return the line that reads a variable; Python 3.11 may name one before it."""
    name = re.search(r"'(\w+)'", message)
    for n, line in enumerate(linecache.getlines(file)[number - 1 :], number):
        if name is None or re.search(rf"\b{name[1]}\b", line.partition("#")[0]):
            return n
    return number


def is_library(file: str) -> bool:
    """Whether a file is ours, Python's, or one of an installed package."""
    installed = "site-packages" in file or "dist-packages" in file  # Debian's name
    return installed or file.startswith((*LIBRARIES, "<__array", "<frozen"))


def lines_of(level: TracebackType | None) -> Iterator[tuple[str, int]]:
    """Yield file and line of each level of a traceback, outermost first."""
    while level is not None:
        yield level.tb_frame.f_code.co_filename, level.tb_lineno
        level = level.tb_next

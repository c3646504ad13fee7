"""The process that runs a reader's file; `softmax_lib.submission.judge` starts it.

It answers one line of JSON with another. It runs the reader's code and sends what came
of it; what that means, the process that started it decides.
"""

import json
import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from softmax_lib.exercises.sandbox import Outcome, Task, run_by, run_near
from softmax_lib.submission.checks import CHECKS, fill_in_for_course, ready
from softmax_lib.submission.loading import Loaded, load
from softmax_lib.submission.needed import Statement
from softmax_lib.submission.reading import read_cells
from softmax_lib.submission.stand_ins import installed, with_tensors
from softmax_lib.submission.wire import pack

__all__ = ["serve"]


class Enough(BaseException):
    """Nobody asks for the rest of a check."""


class Line:
    """The line to the process that started this one."""

    def __init__(self) -> None:
        """Take both ends of it out of the reach of ``print`` and ``input``."""
        self.incoming = private(0, "r")
        self.outgoing = private(1, "w")
        self.waiting: dict[str, Any] | None = None

    def send(self, text: str) -> None:
        """Send a line."""
        self.outgoing.write(text + "\n")
        self.outgoing.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for a message, and end this process if none will come."""
        text = self.incoming.readline()
        if not text:
            os._exit(0)
        message: dict[str, Any] = json.loads(text)
        return message


def private(number: int, mode: str) -> TextIOWrapper:
    """Return a stream under another number, and let this number lead nowhere."""
    copy = os.dup(number)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, number)
    os.close(nowhere)
    stream = open(copy, mode, encoding="utf-8")  # noqa: SIM115
    assert isinstance(stream, TextIOWrapper)
    return stream


def serve() -> None:
    """Load a file, then run what is asked of it, until the line closes."""
    line = Line()
    order = line.receive()
    path = Path(order["path"])
    with installed():
        loaded = load_for(line, path, order)
        names = ready(loaded, order["wanted"])
        own = list(loaded.missing.values())
        message = {"ready": list(names), "missing": missing(loaded), "own": own}
        line.send(json.dumps(message))
        message = line.receive()
        while True:
            message = answer(line, names, message)


def load_for(line: Line, path: Path, order: dict[str, Any]) -> Loaded:
    """Load the file, and say before each statement which one it is."""
    skipped: dict[str, str] = order["skip"]

    def before(number: int, statement: Statement) -> str:
        line.send(json.dumps({"before": number}))
        return skipped.get(str(number), "")

    loaded = load(path, read_cells(path), order["wanted"], before)
    fill_in_for_course(loaded)
    return loaded


def missing(loaded: Loaded) -> dict[str, str]:
    """Return why names have no value, in the file and in the modules beside it."""
    beside: Iterable[dict[str, str]] = (
        vars(module).get("__missing__", {}) for module in list(sys.modules.values())
    )
    merged = {name: why for each in beside for name, why in dict(each).items()}
    return merged | loaded.missing


def answer(line: Line, names: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Run one check as far as it is asked for, and return the next message."""
    following: list[dict[str, Any]] = []

    def run_and_send(task: Task) -> Outcome:
        outcome = run_near(task)
        line.send(pack(outcome))
        following.append(line.receive())
        if "more" not in following[-1]:
            raise Enough
        return outcome

    function = names[asked["function"]]
    if asked["tensors"]:
        function = with_tensors(function)
    try:
        with run_by(run_and_send):
            CHECKS[asked["function"]][asked["number"]](function)
    except Enough:
        return following[-1]
    raise RuntimeError("the check asked for fewer tasks here than there")

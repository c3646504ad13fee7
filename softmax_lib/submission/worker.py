"""The process that runs a reader's file; `softmax_lib.submission.judge` starts it.

It answers one line of JSON with another. It runs the reader's code and sends what came
of it; what that means, the process that started it decides.
"""

import importlib
import json
import os
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from softmax_lib.exercises.sandbox import run_near
from softmax_lib.submission.checks import ready
from softmax_lib.submission.loading import load
from softmax_lib.submission.needed import Statement
from softmax_lib.submission.reading import read_cells
from softmax_lib.submission.stand_ins import installed, with_tensors
from softmax_lib.submission.wire import decode, pack

__all__ = ["serve"]


class Line:
    """The line to the process that started this one."""

    def __init__(self) -> None:
        """Take both ends of it out of the reach of ``print`` and ``input``."""
        self.incoming = private(0, "r")
        self.outgoing = private(1, "w")

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

    def before(number: int, statement: Statement) -> str:
        line.send(json.dumps({"before": number}))
        return str(order["skip"].get(str(number), ""))

    with installed():
        loaded = load(path, read_cells(path), order["wanted"], before)
        names = ready(loaded, order["wanted"])
        own = list(loaded.missing.values())
        message = {"ready": list(names), "missing": loaded.reasons(), "own": own}
        line.send(json.dumps(message))
        while True:
            line.send(answer(names, line.receive()))


def answer(names: dict[str, Any], asked: dict[str, Any]) -> str:
    """Run one task of a check, and return the line that says what came of it."""
    function = names[asked["function"]]
    if asked["tensors"]:
        function = with_tensors(function)
    module, task = asked["task"]
    run_task = getattr(importlib.import_module(module), task)
    return pack(run_near(run_task, function, *decode(asked["asked"])))

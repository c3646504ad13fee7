"""What the unit tests share: Hypothesis's examples, a Ctrl-C, and time enough."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from softmax_lib.exercises import sandbox
from softmax_lib.exercises.losses import repair

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let SIGINT interrupt, as in a terminal; a job in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """End a search by its edits and no call by a clock, however busy the machine."""
    monkeypatch.setattr(repair, "SECONDS", float("inf"))
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 600.0)

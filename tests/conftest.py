"""What the unit tests share: Hypothesis's examples, and a Ctrl-C that interrupts."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let SIGINT interrupt, as in a terminal; a job in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)

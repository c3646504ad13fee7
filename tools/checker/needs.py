"""Cells and tests that need PyTorch: where it is missing, they are counted and named.

On Linux, PyPI's PyTorch brings 3 GB for graphics cards, so `make test` does without
it and `make test-torch` installs it. A cell says that it needs it by the tag
``needs-torch``, a test by the marker ``needs_torch``. Without PyTorch neither is run.
It is reported as "not checked", which pytest counts beside what passed, and the last
lines name each.
"""

import importlib.util
from collections.abc import Sequence
from typing import Any

import pytest

__all__ = ["NOT_CHECKED", "lacks_torch", "needs_torch", "not_checked_lines"]

TAG = "needs-torch"
NOT_CHECKED = "not checked"


def lacks_torch() -> bool:
    """Return whether PyTorch is missing from this Python."""
    return importlib.util.find_spec("torch") is None


def needs_torch(cell: Any) -> bool:
    """Return whether a notebook's cell is tagged as needing PyTorch."""
    return TAG in cell.metadata.get("tags", [])


def not_checked_lines(reports: Sequence[pytest.TestReport]) -> list[str]:
    """Return the lines that end a run, which name what was not checked."""
    if not reports:
        return []
    names = [f"  {report.nodeid}" for report in reports]
    return [
        f"Not checked here, for want of PyTorch: {len(names)}. "
        "`make test-torch` installs it and checks them.",
        *names,
    ]

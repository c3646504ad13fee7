"""The checks name the line of a mistake, whichever mistake it is.

The submissions are files, since the line is found by reading the source.
"""

from pathlib import Path
from typing import Any

import pytest

from softmax_lib.exercises import check_softmax_loss_naive
from tests.submissions import LOOPS, edited

LINES = [
    ("+ np.log(total) → + np.sqrt(total)", {(12, "loss")}),
    ("total = np.sum(np.exp(scores)) → total = np.sum(np.exp(2 * scores))",
     {(11, "loss"), (11, "gradient")}),
    ("dW[:, j] += (p - 1) → dW[:, j] -= (p - 1)", {(16, "")}),
    ("p = np.exp(scores[j]) / total → p = np.sqrt(scores[j] ** 2)",
     {(14, "gradient")}),
    ("dW /= num_train → dW /= num_train + 1", {(20, "gradient")}),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "lines"), LINES)
def test_the_line_of_a_mistake_is_named(
    edit: str, lines: set[tuple[int, str]], tmp_path: Path
) -> None:
    report = check_softmax_loss_naive(in_file(tmp_path, LOOPS, edit))
    assert {(x.line, x.part) for x in report.findings if x.line} == lines


def in_file(folder: Path, source: str, *edits: str) -> Any:
    """The submission, from a file, so that its source can be read."""
    path = folder / "answer.py"
    path.write_text("import numpy as np\n" + edited(source, *edits), "utf-8")
    names: dict[str, Any] = {}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), names)
    return names["loss_function"]


@pytest.mark.parametrize(
    ("fault", "edit"),
    [
        ("shape_called", "num_train = X.shape[0] → num_train = X.shape()[0]"),
        ("array_for_axis", "np.sum(np.exp(scores)) → np.sum(scores, scores > 0)"),
    ],
)
def test_an_error_whose_line_shows_the_cause_is_named(
    fault: str, edit: str, tmp_path: Path
) -> None:
    assert check_softmax_loss_naive(in_file(tmp_path, LOOPS, edit)).fault == fault

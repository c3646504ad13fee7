"""pytest plugin: `pytest --nbval book/` checks what the chapters say.

nbval finds the notebooks and runs their cells, each chapter in a kernel of its own;
this plugin puts `compare_outputs` where nbval compares strings, picks the data set,
and refuses everything that would leave an output unchecked.
"""

import io
import os
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import nbval.plugin
import pytest
from nbval.plugin import (
    IPyNbCell,
    IPyNbFile,
    find_comment_markers,
    find_metadata_tags,
)
from PIL import Image, ImageChops

from tools.checker.chapters import (
    DATA_SETS,
    chosen_data_set,
    cifar10_on_disk,
    kernel_environment,
)
from tools.checker.compare import Difference, compare_outputs, report
from tools.checker.needs import (
    NOT_CHECKED,
    lacks_torch,
    needs_torch,
    not_checked_lines,
)
from tools.checker.recordings import read_recorded, read_seconds
from tools.checker.solutions import executed_cells, place_of

# pytest-xdist's ways to share tests out that would part the cells of a chapter.
BY_CELL = {"load", "loadgroup", "worksteal"}

FIGURE_FAILURES = Path("_build") / "figure-failures"


def pytest_configure(config: pytest.Config) -> None:
    """Choose the data set, pin the kernels' surroundings, refuse lax checking."""
    if config.option.nbval_lax or config.option.nbval_sanitize_with:
        raise pytest.UsageError(
            "Every output of the book is checked: use --nbval, without --nbval-lax "
            "and without --nbval-sanitize-with."
        )
    data_set = chosen_data_set()
    if data_set not in DATA_SETS:
        raise pytest.UsageError(
            f"SOFTMAX_LIB_DATASET must be cifar10 or shapes10, but it is {data_set!r}."
        )
    if config.option.nbval and data_set == "cifar10" and not cifar10_on_disk():
        raise pytest.UsageError(
            "CIFAR-10 is asked for but is not on this machine, and a check never "
            "downloads: run `softmax-book data fetch` first."
        )
    os.environ.update(kernel_environment(data_set))
    config.option.nbval_current_env = True
    config.addinivalue_line("markers", "needs_torch: not checked without PyTorch")
    if config.option.nbval and getattr(config.option, "dist", "no") in BY_CELL:
        config.option.dist = "loadfile"
    if config.option.nbval:
        config.option.loadscopereorder = False  # `longest_first` orders the chapters
    # nbval would put all that a stream says in one place; `compare_outputs` keeps what
    # comes after a figure there.
    nbval.plugin.coalesce_streams = list


def pytest_report_header(config: pytest.Config) -> str | None:
    """Return the line that names the outputs compared with."""
    if not config.option.nbval:
        return None
    data_set = chosen_data_set()
    place = "book/" if data_set == "cifar10" else f"tests/recordings/{data_set}/"
    return (
        f"chapters run on {DATA_SETS[data_set]}, compared with the outputs in {place}"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Leave out a test that needs PyTorch, where there is none."""
    if pyfuncitem.get_closest_marker("needs_torch") and lacks_torch():
        pyfuncitem.user_properties.append((NOT_CHECKED, True))
        return True
    return None


def pytest_report_teststatus(
    report: pytest.TestReport,
) -> tuple[str, str, str] | None:
    """Count what was left out as neither passed nor failed nor skipped."""
    if report.when == "call" and (NOT_CHECKED, True) in map(
        tuple, report.user_properties
    ):
        return NOT_CHECKED, "n", NOT_CHECKED.upper()
    return None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name at the end of the run what was not checked."""
    for line in not_checked_lines(terminalreporter.getreports(NOT_CHECKED)):
        terminalreporter.write_line(line, yellow=True)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Put a `Chapter` in the place of each notebook that nbval has found."""
    collectors = yield
    return [
        Chapter.from_parent(parent, path=file_path)
        if isinstance(collector, IPyNbFile)
        else collector
        for collector in collectors
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Put each chapter's cells back in order, whichever plugin shuffled them."""
    items = in_order(session.items)
    shared_out = hasattr(session.config, "workerinput")
    session.items[:] = longest_first(items) if shared_out else items
    chosen = defaultdict(list)
    for item in session.items:
        if isinstance(item, CheckedCell):
            chosen[item.parent].append(item.cell_num)
    for chapter, numbers in chosen.items():
        if numbers != list(range(len(numbers))):
            raise pytest.UsageError(
                f"A chapter runs from its first cell on, but of {chapter.path.name} "
                f"only cells {numbers} were chosen: name whole chapters, without "
                "::Cell, -k or --last-failed."
            )


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with the cells of a chapter together, from top to bottom."""
    wholes = [item.parent if isinstance(item, CheckedCell) else item for item in items]
    first: dict[Any, int] = {}
    for position, whole in enumerate(wholes):
        first.setdefault(whole, position)
    order = sorted(
        range(len(items)),
        key=lambda k: (first[wholes[k]], getattr(items[k], "cell_num", 0)),
    )
    return [items[k] for k in order]


def longest_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with the longest chapters first, so that no worker waits long.

    A long chapter that begins last runs alone, while the other workers wait.
    """
    chapters = {item.parent for item in items if isinstance(item, CheckedCell)}
    seconds = {chapter: read_seconds(chapter.path) for chapter in chapters}
    return sorted(items, key=lambda item: -seconds.get(item.parent, 0))


class Chapter(IPyNbFile):
    """A notebook whose cells are checked against one of its recordings."""

    def collect(self) -> Iterator["CheckedCell"]:
        """Yield the code cells and solutions, with what the chosen data set gave."""
        self.nb = read_recorded(self.path, chosen_data_set())
        for number, cell in enumerate(executed_cells(self.nb.cells)):
            yield CheckedCell.from_parent(
                self,
                name=f"Cell {number}",
                cell_num=number,
                cell=cell,
                options=self.options_of(number, cell),
            )

    def options_of(self, number: int, cell: Any) -> dict[str, bool]:
        """Return nbval's options; only an expected exception can be one of them."""
        marks = {
            **dict(find_metadata_tags(cell.metadata)),
            **dict(find_comment_markers(cell.source)),
        }
        unchecked = marks.get("skip") or marks.get("check") is False
        if unchecked or (cell.source.strip() and cell.execution_count is None):
            fault = (
                "opts out"
                if unchecked
                else f"has no recorded run on {DATA_SETS[chosen_data_set()]}"
            )
            raise self.CollectError(
                f"{self.path.name}, {place_of(cell, number)}: every cell is run and "
                f"checked, but this one {fault}."
            )
        return defaultdict(bool, check=True, check_exception="check_exception" in marks)


class CheckedCell(IPyNbCell):
    """A code cell whose outputs are compared as numbers, words and pictures."""

    differences: tuple[Difference, ...] = ()

    def setup(self) -> None:
        """Fail after a cell that never ended; nbval would expect the failure."""
        if self.parent.timed_out:
            self.raise_cell_error("An earlier cell of this chapter never ended.")

    def runtest(self) -> None:
        """Run the cell and compare its outputs, unless it needs what is not here."""
        if needs_torch(self.cell) and lacks_torch():
            self.user_properties.append((NOT_CHECKED, True))
            return
        super().runtest()

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        """Return whether the new outputs mean the same as the recorded ones."""
        del skip_compare
        check = self.cell.metadata.get("check")
        self.differences = (
            *warnings_in(test),
            *(
                found.within(self.place())
                for found in compare_outputs(ref, test, check, self.cell.source)
            ),
        )
        self.comparison_traceback: list[str] = []
        return not self.differences

    def place(self) -> str:
        """Return the name of this cell as a person would say it."""
        data_set = DATA_SETS[chosen_data_set()]
        place = place_of(self.cell, self.cell_num)
        return f"{self.parent.path.stem}, {place}, on {data_set}"

    def repr_failure(self, excinfo: Any) -> str:
        """Return what the cell should have printed and what it printed."""
        if not self.differences:
            return str(super().repr_failure(excinfo))
        pictures = [
            f"Expected, actual and their difference, side by side: {path}"
            for path in map(self.write_pictures, self.differences)
            if path
        ]
        said = [report(self.differences), *pictures]
        return "\n\n".join([*said, f"The cell:\n{self.cell.source}"])

    def write_pictures(self, difference: Difference) -> Path | None:
        """Write the expected, the actual and the differing picture side by side."""
        if difference.pictures is None:
            return None
        name = f"{self.parent.path.stem}-cell-{self.cell_num}.png"
        path = Path(self.config.rootpath) / FIGURE_FAILURES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        side_by_side(*difference.pictures).save(path)
        return path


def warnings_in(outputs: list[Any]) -> list[Difference]:
    """Return a difference for what a cell wrote to stderr."""
    return [
        Difference("stderr", "nothing", repr(output["text"]))
        for output in outputs
        if output.get("name") == "stderr"
    ]


def side_by_side(old: bytes, new: bytes) -> Image.Image:
    """Return two pictures and the absolute difference between them, in a row."""
    left, right = (
        Image.open(io.BytesIO(picture)).convert("RGB") for picture in (old, new)
    )
    size = max(left.width, right.width), max(left.height, right.height)
    panels = [Image.new("RGB", size, "white") for _ in range(2)]
    for panel, picture in zip(panels, (left, right), strict=True):
        panel.paste(picture)
    panels.append(ImageChops.difference(*panels))
    row = Image.new("RGB", (3 * size[0], size[1]))
    for number, panel in enumerate(panels):
        row.paste(panel, (number * size[0], 0))
    return row

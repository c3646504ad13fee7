"""Re-execute the chapters and rewrite their outputs: `python -m tools.checker.record`.

CIFAR-10's outputs go into ``book/``, Shapes-10's into ``tests/recordings/shapes10/``.
Each chapter runs top to bottom in a kernel of its own. An output that means the same as
the recorded one keeps the recorded bytes, so recording twice, or on another machine,
changes nothing; what did change is printed as sentences.
"""

import argparse
import base64
import io
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbconvert.filters import strip_ansi
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, start_new_kernel
from PIL import Image

from tools.checker.chapters import (
    DATA_SETS,
    NOTEBOOKS,
    cifar10_on_disk,
    kernel_environment,
    machine_paths,
)
from tools.checker.compare import (
    Check,
    coalesce_streams,
    compare_output,
    compare_outputs,
    is_picture,
    output_parts,
    pixels,
    rules_of,
)
from tools.checker.needs import lacks_torch, needs_torch
from tools.checker.recordings import read_recorded, write_recorded, write_seconds
from tools.checker.solutions import executed_cells, place_of

# A picture keeps its recorded bytes only if no pixel moved by more than this many of
# 255 levels: rounding may move a line's edge that much, a changed label moves it more.
SAME_PIXELS = 32

PEAK_MEMORY = "__import__('resource').getrusage(0).ru_maxrss"
PROCESSOR_SECONDS = "sum(__import__('os').times()[:4])"  # with those of child processes
BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024


class RecordingError(Exception):
    """A chapter that cannot be recorded as it is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Record the chapters named on the command line, or all; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.checker.record")
    parser.add_argument("--data", choices=[*DATA_SETS, "both"], default="both")
    parser.add_argument(
        "chapters", nargs="*", help="such as 02_naive_loss; default all"
    )
    options = parser.parse_args(arguments)
    data_sets = list(DATA_SETS) if options.data == "both" else [options.data]
    if "cifar10" in data_sets and not cifar10_on_disk():
        parser.error(
            "CIFAR-10 is not on this machine: set SOFTMAX_LIB_DATA to its folder, "
            "download it (make data), or record Shapes-10 alone (--data shapes10)."
        )
    failed = False
    for chapter in named_chapters(options.chapters):
        for data_set in data_sets:
            print(f"{chapter.stem} on {DATA_SETS[data_set]}: ", end="", flush=True)
            try:
                print(record_chapter(chapter, data_set))
            except RecordingError as error:
                failed = True
                print(f"not recorded\n{error}")
    return int(failed)


def named_chapters(names: Sequence[str]) -> list[Path]:
    """Return the chapters whose file names begin with one of ``names``."""
    if not names:
        return NOTEBOOKS
    stems = [Path(name).stem for name in names]
    chosen = [path for path in NOTEBOOKS if path.stem.startswith(tuple(stems))]
    if not chosen:
        raise SystemExit(
            f"No chapter is named {', '.join(names)}; there are "
            f"{', '.join(path.stem for path in NOTEBOOKS)}."
        )
    return chosen


def record_chapter(chapter: Path, data_set: str) -> str:
    """Run a chapter, write what it says, and return what changed."""
    notebook = nbformat.read(chapter, as_version=4)
    cells = executed_cells(notebook.cells)
    recorded = recorded_outputs(chapter, data_set)
    start = time.perf_counter()
    peak, processor_seconds = run_cells(cells, chapter.parent, data_set)
    seconds = time.perf_counter() - start
    changes: list[str] = []
    for number, cell in enumerate(cells):
        check = cell.metadata.get("check")
        place = place_of(cell, number)
        require_repeatable(cell.outputs, check, place)
        old, new = recorded.get(cell.id), cell.outputs
        if old is None:
            changes.append(f"{place} is new")
            continue
        found = compare_outputs(old, new, check, cell.source)
        changes += [str(difference.within(place)) for difference in found]
        cell.outputs = keep_recorded(old, new, rules_of(check, cell.source))
    write_recorded(notebook, cells, chapter, data_set)
    if data_set == "cifar10":
        write_seconds(chapter, processor_seconds)
    summary = f"{seconds:.1f} s, peak memory {peak / 1e6:.0f} MB, "
    summary += f"changes: {len(changes) or 'none'}"
    return "\n  ".join([summary, *changes])


def recorded_outputs(chapter: Path, data_set: str) -> dict[str, list[Any]]:
    """Return the recorded outputs of each code cell that ever ran, by its id."""
    cells = executed_cells(read_recorded(chapter, data_set).cells)
    return {cell.id: cell.outputs for cell in cells if cell.get("execution_count")}


def run_cells(
    cells: Sequence[Any], directory: Path, data_set: str
) -> tuple[int, float]:
    """Run the cells in a new kernel and give each its outputs.

    Return the peak memory in bytes and the processor time in seconds.
    """
    if lacks_torch() and any(map(needs_torch, cells)):
        raise RecordingError("It needs PyTorch, which `make test-torch` installs.")
    manager, client = start_new_kernel(
        kernel_name=CURRENT_ENV_KERNEL_NAME,
        cwd=str(directory),
        env={**os.environ, **kernel_environment(data_set)},
        stderr=subprocess.DEVNULL,  # the kernel's own log; a cell's stderr is an output
    )
    try:
        for number, cell in enumerate(cells):
            outputs: list[Any] = []
            reply = client.execute_interactive(
                cell.source,
                allow_stdin=False,
                stop_on_error=False,
                output_hook=lambda message, outputs=outputs: outputs.extend(
                    output_of(message)
                ),
            )
            expected_to_fail = "raises-exception" in cell.metadata.get("tags", [])
            if (reply["content"]["status"] == "error") != expected_to_fail:
                trace = "\n".join(reply["content"].get("traceback", ["no exception"]))
                raise RecordingError(f"{place_of(cell, number)}:\n{strip_ansi(trace)}")
            cell.outputs = [
                nbformat.from_dict(output) for output in coalesce_streams(outputs)
            ]
            cell.execution_count = number + 1
        asked = {"peak": PEAK_MEMORY, "seconds": PROCESSOR_SECONDS}
        reply = client.execute_interactive("", silent=True, user_expressions=asked)
        peak, seconds = (
            reply["content"]["user_expressions"][name]["data"]["text/plain"]
            for name in asked
        )
        return int(peak) * BYTES_PER_UNIT, float(seconds)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def output_of(message: Any) -> list[Any]:
    """Return a kernel's message as an output that is the same in each run."""
    kinds = {"execute_result", "display_data", "stream", "error"}
    if message["msg_type"] not in kinds:
        return []
    output = nbformat.v4.output_from_msg(message)
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    if "image/png" in output.get("data", {}):
        output.data["image/png"] = output.data["image/png"].replace("\n", "")
    return [output]


def require_repeatable(outputs: Sequence[Any], check: Any, place: str) -> None:
    """Check that outputs hold no warning and nothing of this machine."""
    for output in outputs:
        for kind, text in output_parts(output).items():
            if kind == "stderr":
                raise RecordingError(f"{place} wrote to stderr: {text}")
            if is_picture(kind):
                with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
                    if notes := set(picture.info) - {"dpi"}:
                        raise RecordingError(f"{place}: its picture carries {notes}")
            elif paths := machine_paths(text):
                raise RecordingError(f"{place} shows a path of this machine: {paths}")
    if differences := compare_outputs(outputs, outputs, check):
        raise RecordingError(f"{place}: {differences[0]}")


def keep_recorded(old: Sequence[Any], new: Sequence[Any], rules: Check) -> list[Any]:
    """Return the new outputs, each replaced by the recorded one that means the same."""
    kept = []
    for number, output in enumerate(new):
        if number < len(old) and means_the_same(old[number], output, rules):
            output = {**old[number], "execution_count": output.get("execution_count")}
            if output["output_type"] != "execute_result":
                del output["execution_count"]
        kept.append(nbformat.from_dict(output))
    return kept


def means_the_same(old: Any, new: Any, rules: Check) -> bool:
    """Return whether the recorded bytes of ``old`` can replace ``new``."""
    if compare_output(old, new, rules):
        return False
    before, after = (output_parts(output).get("image/png") for output in (old, new))
    if before is None or after is None or before == after:
        return True
    left, right = (pixels(base64.b64decode(picture)) for picture in (before, after))
    return bool(np.abs(left - right).max() <= SAME_PIXELS)


if __name__ == "__main__":
    sys.exit(main())

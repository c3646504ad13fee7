"""Checking what a reader wrote, in a notebook or a script, from the terminal.

Only what the worksheet's functions need is run, in a process of its own, which cannot
change the verdict. What other years of the course wrote otherwise is read all the same.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from softmax_lib.submission.checks import CHECKS
from softmax_lib.submission.judge import Judgement, judge, judge_here, read_file
from softmax_lib.submission.reading import Unreadable
from softmax_lib.validation import as_path, check_truth

__all__ = ["check_submission"]

NOT_HANDED_IN = {"__pycache__", "__MACOSX", "site-packages", "node_modules"}


def check_submission(path: Path, as_json: bool = False) -> int:
    """Check every function that has a check, print the reports, return the exit status.

    It is 0 if everything passed, 1 if something did not, 2 if something could not be
    checked or there was nothing to check.

    Parameters
    ----------
    path : path
        A notebook (``.ipynb``), a script (``.py``), or a folder with them.
    as_json : bool, default False
        Whether to print the reports as JSON: a list of objects with ``file``,
        ``check``, ``function``, ``checked``, ``parts``, ``score``, ``passed``,
        ``findings``, ``text`` and ``remarks``.
    """
    path = as_path("path", path)
    check_truth("as_json", as_json)
    if path.is_dir():
        files = list(files_below(path))
        if not files:
            print(f"{path} has no file that {NOTHING}.", file=sys.stderr)
            return 2
    else:
        files = [path]
    judge_file = judge_here if sys.platform == "emscripten" else judge
    statuses, reports = [], []
    for file in files:
        try:
            judgement = judge_file(file)
        except Unreadable as error:
            print(error, file=sys.stderr)
            statuses.append(2)
            continue
        statuses.append(judgement.status)
        if as_json:
            reports += list(as_dicts(file, judgement))
        print_judgement(file, judgement, quiet=as_json, heading=len(files) > 1)
    if as_json and (reports or 2 not in statuses):
        print(json.dumps(reports, indent=1))
    return 1 if 1 in statuses else max(statuses)


NOTHING = f"defines something that can be checked: {', '.join(CHECKS)}"


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that define something to check."""
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.ipynb")]):
        parts = path.relative_to(folder).parts
        if any(part in NOT_HANDED_IN or part.startswith(".") for part in parts):
            continue
        try:
            if read_file(path).expected:
                yield path
        except Unreadable:
            yield path  # to be told so


def print_judgement(
    path: Path, judgement: Judgement, quiet: bool, heading: bool
) -> None:
    """Print the reports, and what there is to say of the whole file."""
    for complaint in judgement.complaints:
        print(complaint, file=sys.stderr)
    if not judgement.judged:
        fault = f"defines nothing that can be checked: none of {', '.join(CHECKS)}"
        if judgement.unread:
            unread = " and ".join(judgement.unread)
            fault = f"cannot be checked before {unread} can be read"
        elif judgement.complaints:
            fault = (
                "defines nothing that can be checked, and an import failed. Check the "
                "file that defines the functions, or the folder that holds both"
            )
        print(f"{path} {fault}.", file=sys.stderr)
    if quiet:
        return
    if heading:
        print(f"=== {path}\n")
    for each in judgement.judged:
        print(f"{each.check}({each.function})", each.report, "", sep="\n")
    for remark in judgement.remarks:
        print(f"Remark: {remark.replace('`', '')}")


def as_dicts(path: Path, judgement: Judgement) -> Iterator[dict[str, Any]]:
    """Yield each report in the types of JSON."""
    for each in judgement.judged:
        yield {
            "file": str(path),
            "check": each.check,
            "function": each.function,
            "checked": each.is_checked,
            "parts": each.parts,
            "score": each.score,
            **each.report.as_dict(),
            "remarks": judgement.remarks,
        }

"""The command ``softmax-book``: the data, the chapters, and a check of a worksheet."""

import argparse
import errno
import importlib.util
import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from softmax_lib import __version__
from softmax_lib.datasets import fetch, verify, where
from softmax_lib.download import FetchError
from softmax_lib.submission import check_submission


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="softmax-book", description="The data, chapters and worksheet of the book."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("data", help="find, fetch or verify CIFAR-10")
    data.add_argument(
        "action",
        choices=["where", "fetch", "verify"],
        help="where: print which data is used, and from where; fetch: download it (170 "
        "MB) into the cache folder; verify: compare its files with their checksums",
    )
    chapter = commands.add_parser(
        "open", help="open a chapter in JupyterLab, from the folder that holds book/"
    )
    chapter.add_argument("chapter", help="its number or a part of its name: 4, sgd")
    worksheet = commands.add_parser(
        "check",
        help="tell which of a worksheet's functions are right, and where one is wrong",
        description="Checks each function and class that has a name of the worksheet. "
        "Of the file, this runs them and what they need: the imports, definitions, "
        "constants and other statements that give a value to a name they use, and the "
        "modules beside the file that it imports. It runs no statement that loads "
        "data, trains, draws or asks for input. The code runs in a process of its own, "
        "but with your rights: that is no sandbox. Exit status: 0 if all passed, 1 if "
        "one did not, 2 if one could not be checked or there was nothing to check.",
    )
    worksheet.add_argument(
        "file",
        type=path_of,
        help="a notebook (.ipynb), a script (.py), or their folder",
    )
    worksheet.add_argument(
        "--json", action="store_true", help="print the reports for a program to read"
    )
    classroom = commands.add_parser(
        "class",
        help="count which mistakes a class made",
        description="Checks every notebook and script below a folder, such as "
        "nbgrader's submitted/, and prints how many students made each mistake.",
    )
    classroom.add_argument("folder", type=path_of, help="with a folder per student")
    classroom.add_argument(
        "--table", type=path_of, help="write each mistake to this CSV"
    )
    classroom.add_argument(
        "--figure", type=path_of, help="draw the counts: .svg or .png"
    )
    options = parser.parse_args(arguments)
    if options.command == "check":
        return quietly_ended(lambda: check_submission(options.file, options.json))
    if options.command == "class":
        from softmax_lib.classroom import report_class  # and Matplotlib with it

        return report_class(options.folder, options.table, options.figure)
    if options.command == "data":
        return run_data(options.action)
    try:
        path = find_chapter(options.chapter, Path("book"))
    except LookupError as error:
        print(*error.args, file=sys.stderr)
        return 1
    place = f"--LabApp.default_url=/lab/tree/{path.as_posix()}"  # links leave book/
    return subprocess.call([sys.executable, "-m", "jupyterlab", place])


def path_of(text: str) -> Path:
    """Return a path that can be looked for.

    An empty one, as of an unset variable, would be this folder.
    """
    if not text:
        raise argparse.ArgumentTypeError("it must be a path, but it is empty")
    path = Path(text)
    try:
        path.exists()
    except OSError as error:  # a name that is too long
        raise argparse.ArgumentTypeError(error.strerror) from None
    return path


def quietly_ended(command: Callable[[], int]) -> int:
    """Run a command that prints a reader's code, and return its exit status.

    Ctrl-C and a reader of the output that has gone away end it without a traceback, and
    what the terminal's encoding cannot show is a question mark.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        status = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130  # as the shell reports an interrupted command
    except OSError as error:  # Windows calls writing to a closed pipe invalid
        if error.errno not in (errno.EPIPE, errno.EINVAL) or error.filename:
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  else Python tries once more
        return 141
    return status


def run_data(action: str) -> int:
    """Find, fetch or verify CIFAR-10, print what came of it, return the exit status."""
    actions = {"where": where, "fetch": fetch, "verify": verify}
    try:
        print(actions[action]())
    except (OSError, ValueError, FetchError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        continues = " The next fetch continues from here." * (action == "fetch")
        print(f"Stopped.{continues}", file=sys.stderr)
        return 130  # as the shell reports an interrupted command
    return 0


def find_chapter(name: str, book: Path) -> Path:
    """Return the chapter in ``book`` of this number, or with this in its name."""
    chapters = sorted(book.glob("*.ipynb"))
    if not chapters:
        raise LookupError(
            f"There are no chapters in {book.absolute()}. The package comes without "
            "the book: run this command in a clone of its repository."
        )
    if importlib.util.find_spec("jupyterlab") is None:
        raise LookupError(
            'JupyterLab is missing: run `make lab`, or pip install "softmax-lib[lab]".'
        )
    part = f"{name:0>2}_" if name.isdigit() else name
    found = [chapter for chapter in chapters if part in chapter.stem]
    if len(found) != 1:
        which = ", ".join(chapter.stem for chapter in found or chapters)
        raise LookupError(
            f"{name!r} must be part of the name of one chapter, but it is part of "
            + (f"{len(found)}: {which}." if found else f"none of {which}.")
        )
    return found[0]


if __name__ == "__main__":
    sys.exit(main())

"""Where the chapters and their recordings lie, and in what surroundings they run."""

import atexit
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import matplotlib

from softmax_lib.download import FOLDER, cache_folder, is_complete

__all__ = [
    "BOOK",
    "CHAPTERS",
    "DATA_SETS",
    "NOTEBOOKS",
    "RECORDINGS",
    "ROOT",
    "chosen_data_set",
    "cifar10_on_disk",
    "kernel_environment",
    "machine_paths",
    "recording_of",
]

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
RECORDINGS = ROOT / "tests" / "recordings"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if path.stem[:2].isdigit()]
DATA_SETS = {"cifar10": "CIFAR-10", "shapes10": "Shapes-10"}


def chosen_data_set(environment: Mapping[str, str] = os.environ) -> str:
    """Return which data set the chapters are checked on.

    ``SOFTMAX_LIB_DATASET`` chooses outright. Else it is CIFAR-10 when its files are
    on this machine, and Shapes-10 when they are not: checking never downloads.
    """
    if chosen := environment.get("SOFTMAX_LIB_DATASET"):
        return chosen
    return "cifar10" if cifar10_on_disk(environment) else "shapes10"


def cifar10_on_disk(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether CIFAR-10 is available without a download."""
    named = environment.get("SOFTMAX_LIB_DATA")
    return bool(named) or is_complete(cache_folder() / FOLDER)


def recording_of(chapter: Path, data_set: str) -> Path:
    """Return the file that holds a chapter's outputs on a data set."""
    if data_set == "cifar10":
        return chapter
    recordings = chapter.parents[1] / "tests" / "recordings"
    return recordings / data_set / f"{chapter.stem}.json"


def kernel_environment(data_set: str) -> dict[str, str]:
    """Return what a kernel must find in its environment to say the same everywhere.

    The reader's own ``MPLBACKEND`` and ``matplotlibrc`` would change the figures, and
    start-up files, in an IPython profile too, could change anything. A kernel runs in
    the folder of its chapter, so a relative path must not reach it.
    """
    named = os.environ.get("SOFTMAX_LIB_DATA")
    return {
        **({"SOFTMAX_LIB_DATA": os.path.abspath(named)} if named else {}),
        "SOFTMAX_LIB_DATASET": data_set,
        "IPYTHONDIR": empty_folder(),
        "PYTHONHASHSEED": "0",
        "PYTHONOPTIMIZE": "",
        "PYTHONSTARTUP": "",
        "PYTHONWARNINGS": "",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MATPLOTLIBRC": str(Path(matplotlib.get_data_path()) / "matplotlibrc"),
    }


@functools.cache
def empty_folder() -> str:
    """Return a new folder, which is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix="softmax-book-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


MACHINE_PATH = re.compile(
    r"(?:(?<![\w./~-])/(?:home|root|tmp|work|usr|opt|var|private|Users)/[\w.-]+"
    r"|(?<!\w)[A-Za-z]:\\[\w.-]+|site-packages|ipykernel_\d+)[^\s'\"<>]*"
)


def machine_paths(text: str) -> list[str]:
    """Return what in ``text`` names a place on the machine that wrote it."""
    return MACHINE_PATH.findall(text)

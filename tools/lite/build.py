"""Build the chapters that run in the browser: `make lite`.

JupyterLite is JupyterLab without a server, and Pyodide is Python, with NumPy and
Matplotlib, compiled for browsers. Both are put beside the pages, so that a chapter
asks no other host for anything. Shapes-10 is drawn there, and the recorded outputs are
those of Shapes-10.

`pyodide.py` finds the files of Pyodide by their checksums in `pyodide-lock.json`, which
is Pyodide's own list of what it loads.
"""

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tools.address import book_address
from tools.checker.chapters import BOOK
from tools.checker.recordings import read_recorded
from tools.lite.pyodide import LiteError, find_files, places

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("pyodide-lock.json")
# Not here: 3 and 9 measure times, of which a browser's clock and its NumPy without BLAS
# give others; 6 has not ended there after seven minutes; 10 to 14 need SciPy,
# scikit-learn, Torch or Dask.
CHAPTERS = [
    BOOK / f"{name}.ipynb"
    for name in (
        "01_data",
        "02_naive_loss",
        "04_gradient_check",
        "05_sgd",
        "07_templates",
        "08_inline_questions",
    )
]
SERVED_HERE = "http://localhost:8000/"  # by the command of README
KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = ("jupyterlab-myst", "jupyterlab_pygments", KERNEL)
PRELOADED = ("comm", "ipython", "jedi", "micropip", "sqlite3", "ssl")
SITE = {
    "appUrl": "./tree",
    "faviconUrl": "./notebooks/favicon.ico",
    "exposeAppInBrowser": True,  # for the test, which runs all cells
    "litePluginSettings": {
        f"{KERNEL}:kernel": {
            "disablePyPIFallback": True,
            "loadPyodideOptions": {
                "env": {"HOME": "/home/pyodide", "SOFTMAX_LIB_DATASET": "shapes10"},
                "packages": [*PRELOADED, "softmax-lib"],
            },
        }
    },
}
SETTINGS = {
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    # It fails on text that jupyterlab-myst has rendered.
    "@jupyterlab/cell-toolbar-extension:plugin": {"showToolbar": False},
}


def main(named: Sequence[str] = ()) -> int:
    """Build into a folder of its own, and put it in its place when it is whole.

    The named places, folders or archives, are where Pyodide is looked for first.
    """
    target = ROOT / "_build" / "html" / "lite"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "_build") as folder:
        try:
            site = build(Path(folder), named)
        except LiteError as error:
            print(f"make lite: {error}", file=sys.stderr)
            return 1
        shutil.rmtree(target, ignore_errors=True)
        site.rename(target)
    print(f"Built: the chapters that run in the browser, in {target}.")
    return 0


def build(folder: Path, named: Sequence[str]) -> Path:
    """Lay out what JupyterLite reads, have it build the site, and return its folder."""
    source, site = folder / "source", folder / "site"
    put_pyodide(named, source / "static" / "pyodide")
    put_chapters(source / "files")
    write(source / "jupyter-lite.json", {"jupyter-config-data": SITE})
    write(source / "overrides.json", SETTINGS)
    extensions = Path(sys.prefix, "share", "jupyter", "labextensions")
    build_settings = {
        "apps": ["notebooks", "tree"],
        "contents": [str(source / "files")],
        "federated_extensions": [str(extensions / name) for name in EXTENSIONS],
        "ignore_sys_prefix": ["federated_extensions"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "output_dir": str(site),
    }
    write(source / "jupyter_lite_config.json", {"LiteBuildConfig": build_settings})
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    if done.returncode:
        raise LiteError(f"JupyterLite could not be built.\n{done.stdout}{done.stderr}")
    return site


def put_pyodide(named: Sequence[str], target: Path) -> None:
    """Write each file that the lock names, if it is the right one, and softmax_lib."""
    lock = json.loads(LOCK.read_text("utf-8"))
    wheels = {each["file_name"]: each["sha256"] for each in lock["packages"].values()}
    checksums = {**lock.pop("runtime"), **wheels}
    files = find_files(checksums, places(named, lock["info"]["version"]))
    target.mkdir(parents=True)
    for name, content in files.items():
        (target / name).write_bytes(content)
    correct_font_list(target, lock["packages"]["matplotlib"])
    lock["packages"]["softmax-lib"] = put_softmax_lib(target)
    write(target / "pyodide-lock.json", lock)


def correct_font_list(target: Path, entry: dict[str, str]) -> None:
    """Give Matplotlib's list of fonts the number that this Matplotlib looks for.

    Pyodide 0.27 has given it a later one's. The list would be made anew, which takes
    seconds, and said so on stderr.
    """
    path = target / entry["file_name"]
    wheel = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as corrected:
        for file in wheel.infolist():
            content = wheel.read(file)
            if file.filename == "matplotlib/fontlist.json":
                content = content.replace(b'"_version": 390', b'"_version": 330')
            corrected.writestr(file, content)
    entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()


def put_softmax_lib(target: Path) -> dict[str, object]:
    """Build the wheel of softmax_lib and return its entry in the lock."""
    build_wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]
    subprocess.run([*build_wheel, target], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = target.glob("softmax_lib-*.whl")
    return {
        "name": "softmax-lib",
        "version": wheel.name.split("-")[1],
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "imports": ["softmax_lib"],
        "depends": ["matplotlib", "numpy", "pillow"],
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def put_chapters(target: Path) -> None:
    """Copy the chapters as recorded on Shapes-10; other pages are links to the book."""
    target.mkdir(parents=True)
    book = book_address() or SERVED_HERE
    for chapter in CHAPTERS:
        notebook = read_recorded(chapter, "shapes10")  # which joins lists of lines
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = with_links(cell.source, book)
        write(target / chapter.name, notebook)


def with_links(text: str, book: str) -> str:
    """Let links to pages that are not here lead to those of the book at its address."""
    here = {chapter.name for chapter in CHAPTERS}

    def lead(link: re.Match[str]) -> str:
        path, name, anchor = link.groups(default="")
        if name in here:
            return link[0]
        page = f"book/{path}{name}".replace("book/../", "")
        return f"]({book}{Path(page).with_suffix('.html').as_posix()}{anchor})"

    return re.sub(
        r"\]\(((?:\.\./)?(?:\w+/)*)(\w+\.(?:md|ipynb))(#[^)]*)?\)", lead, text
    )


def write(path: Path, content: object) -> None:
    """Write JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

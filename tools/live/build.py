"""Put Python beside the pages, for `make live`.

Pyodide is Python, with NumPy and Matplotlib, compiled for browsers. Its files, the
package's wheel and what colours the editors go into `_build/html/python/`, in a folder
named after their content, so that no cache can mix two versions. Where that folder is,
`book/_ext/in_browser.py` lets the pages run their cells.

`pyodide.py` finds the files by their checksums in `pyodide-lock.json`, which is
Pyodide's own list of what it loads, with Prism's. `prepare.cjs` prepares the start.
"""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tools.live.pyodide import LiveError, find_files, places

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("pyodide-lock.json")
IN_PAGE = Path(__file__).with_name("in_page.py")
PREPARE = Path(__file__).with_name("prepare.cjs")
# What the first run loads: the runtime, the memory of a Python that has started, and
# NumPy with softmax_lib. They are compressed here, since not every server does it.
FIRST = ("pyodide.asm.wasm", "python_stdlib.zip", "memory", "first.tar")


def main(named: Sequence[str] = ()) -> int:
    """Build into a folder of its own, and put it in its place when it is whole.

    The named places, folders or archives, are where Pyodide is looked for first.
    """
    target = ROOT / "_build" / "html" / "python"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "_build") as folder:
        try:
            built = build(Path(folder, "python"), named)
        except LiveError as error:
            print(f"make live: {error}", file=sys.stderr)
            return 1
        shutil.rmtree(target, ignore_errors=True)
        built.rename(target)
    print(f"Python for the pages is in {target}.")
    return 0


def build(folder: Path, named: Sequence[str]) -> Path:
    """Write everything that a page loads, and an index of it."""
    lock = json.loads(LOCK.read_text("utf-8"))
    editor = lock.pop("editor")
    wheels = {each["file_name"]: each["sha256"] for each in lock["packages"].values()}
    checksums = {**lock.pop("runtime"), **editor, **wheels}
    files = find_files(checksums, places(named, lock["info"]["version"]))
    target = folder / "files"
    target.mkdir(parents=True)
    for name in checksums.keys() - editor.keys():
        (target / name).write_bytes(files[name])
    prism = b"\n".join(files[name] for name in editor)
    (target / "prism.js").write_bytes(prism)
    correct_font_list(target, lock["packages"]["matplotlib"])
    lock["packages"]["softmax-lib"] = put_softmax_lib(target)
    shutil.copy(IN_PAGE, target)
    write(target / "pyodide-lock.json", lock)
    prepare(target)
    packed = [lock["packages"][each]["file_name"] for each in ("numpy", "softmax-lib")]
    for each in (*packed, IN_PAGE.name):  # which are in first.tar
        (target / each).unlink()
    name = content_hash(target)
    sizes = {name: pack(target / name) for name in FIRST}
    write(folder / "index.json", {"folder": name, "sizes": sizes})
    target.rename(folder / name)
    return folder


def prepare(target: Path) -> None:
    """Have Node run Python once, and keep its memory and what the first run imports."""
    node = shutil.which("node")
    if node is None:
        raise LiveError(
            "node is not installed; Python is started once when it is built"
        )
    done = subprocess.run([node, PREPARE, target], capture_output=True, text=True)
    if done.returncode:
        raise LiveError(f"node could not start Python:\n{done.stderr.strip()}")


def pack(path: Path) -> int:
    """Compress a file, and return its size then.

    Its name ends in .packed, since some servers unpack what ends in .gz on the way.
    """
    packed = gzip.compress(path.read_bytes(), mtime=0)
    path.with_name(path.name + ".packed").write_bytes(packed)
    path.unlink()
    return len(packed)


def content_hash(folder: Path) -> str:
    """Return a name that changes when a file does."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


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
    """Build the wheel of softmax_lib and return its entry in the lock.

    It needs Matplotlib only for figures, which are loaded when one is drawn.
    """
    build_wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]
    subprocess.run([*build_wheel, target], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = target.glob("softmax_lib-*.whl")
    return {
        "name": "softmax-lib",
        "version": wheel.name.split("-")[1],
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "imports": ["softmax_lib"],
        "depends": ["numpy"],
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def write(path: Path, content: object) -> None:
    """Write JSON."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

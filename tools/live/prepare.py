"""Pack what a page's first run needs into one archive, with bytecode (in Pyodide).

`prepare.cjs` runs this and gets the modules of the standard library that the packed
files import. NumPy's wheel takes Pyodide a second to install; a page writes the files
of this archive at once, and compiles none.
"""

import importlib.util
import io
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib._bootstrap_external import _code_to_hash_pyc as bytecode  # type: ignore
from pathlib import Path

BUILT = Path("/built")
HERE = "/lib/python3.12/site-packages/"
# NumPy's tests, what compiles against it, and stubs for type checkers.
UNUSED = (".pyi", ".pxd", ".h", ".c", ".a", ".ini")
TESTS = (
    "_umath_tests",
    "_rational_tests",
    "_struct_ufunc_tests",
    "_operand_flag_tests",
)


def files() -> Iterator[tuple[str, bytes]]:
    """Yield each file of NumPy, softmax_lib and the page's own Python."""
    yield "in_page.py", (BUILT / "in_page.py").read_bytes()
    for wheel in [*BUILT.glob("numpy-*.whl"), *BUILT.glob("softmax_lib-*.whl")]:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                unused = name.endswith(UNUSED) or name.startswith("numpy/f2py/")
                if not unused and not any(test in name for test in TESTS):
                    yield name, archive.read(name)


def pack() -> None:
    """Write the archive, and the same files where Python finds them."""
    with tarfile.open(BUILT / "first.tar", "w", format=tarfile.USTAR_FORMAT) as tar:

        def add(name: str, content: bytes) -> None:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
            Path(HERE, name).parent.mkdir(parents=True, exist_ok=True)
            Path(HERE, name).write_bytes(content)

        for name, content in files():
            add(name, content)
            if name.endswith(".py"):
                code = compile(content, HERE + name, "exec", dont_inherit=True)
                digest = importlib.util.source_hash(content)
                cached = importlib.util.cache_from_source(name)
                add(cached, bytes(bytecode(code, digest, False)))


def imported() -> str:
    """Return the modules of the standard library that the packed files import."""
    before = set(sys.modules)
    importlib.invalidate_caches()
    importlib.import_module("in_page")
    new = sys.modules.keys() - before
    return ",".join(
        sorted(m for m in new if m.split(".")[0] in sys.stdlib_module_names)
    )


pack()
imported()  # what `runPython` returns

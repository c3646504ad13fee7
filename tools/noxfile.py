"""Check the book in other surroundings: `make check-everywhere`.

A recorded number is worth keeping only if every machine finds it again. One machine
can stand for many: OpenBLAS and NumPy choose their code by the processor, and both let
the environment choose for them; other packages and other Pythons are installed into
environments of their own. Each session prints what it ran on, runs the unit tests, and
compares the chapters' outputs on the data sets that this machine has. What `make test`
runs on (one thread a process, this processor, this Python, the lock) is not run again.

`make check-everywhere ONLY="all_threads python-3.13"` runs these sessions alone, and
`CHECKED="tests/test_losses.py book/04_gradient_check.ipynb"` checks these files alone.
"""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "tools" / "locks" / "test.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# OpenBLAS's names. For AMD's Zen, NumPy's wheels take Haswell's code, to the last bit.
KERNELS = ("Haswell", "SkylakeX")

ABOUT = """
import matplotlib, numpy, platform, threadpoolctl
print("Python", platform.python_version(), "NumPy", numpy.__version__, "Matplotlib",
      matplotlib.__version__)
for pool in threadpoolctl.threadpool_info():
    print(*(pool.get(key) for key in ("internal_api", "architecture", "num_threads")))
"""
DISPATCHED = """
try:
    from numpy._core import _multiarray_umath as core
except ImportError:
    from numpy.core import _multiarray_umath as core
print(*(name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]))
"""
KERNEL_HERE = """
import numpy, threadpoolctl
print(*(pool.get("architecture") for pool in threadpoolctl.threadpool_info()))
"""
DATA_SETS = """
from tools.checker.chapters import cifar10_on_disk
print("shapes10", "cifar10" if cifar10_on_disk() else "")
"""

nox.options.envdir = ROOT / "_build" / "nox"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False  # said in the summary as skipped


# On this processor, as others.


@nox.session(venv_backend="none")
def all_threads(session: nox.Session) -> None:
    """Add up in as many threads as there are cores, as a reader's own pytest does."""
    threads = str(os.cpu_count())
    check(session, sys.executable, dict.fromkeys(ONE_THREAD, threads), processes="1")


@nox.session(venv_backend="none")
@nox.parametrize("kernel", KERNELS)
def openblas(session: nox.Session, kernel: str) -> None:
    """Multiply matrices by the code for another processor."""
    if kernel in output_of(session, sys.executable, KERNEL_HERE):
        session.skip("this processor's own")
    check(session, sys.executable, {"OPENBLAS_CORETYPE": kernel})


@nox.session(venv_backend="none")
def plain_processor(session: nox.Session) -> None:
    """Take code for a processor of which nothing is known, in OpenBLAS and NumPy."""
    features = " ".join(output_of(session, sys.executable, DISPATCHED))
    env = {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": features}
    check(session, sys.executable, env)


# With other packages.


@nox.session
def oldest_packages(session: nox.Session) -> None:
    """Take the oldest NumPy, Matplotlib and others that pyproject.toml allows."""
    oldest = [line.replace(">=", "==") for line in dependencies()]
    pins = re.findall(r"^(\w\S*==\S+(?: ;.*?)?) *\\?$", LOCK.read_text("utf-8"), re.M)
    # The lock's zarr takes no old NumPy, its virtualenv, which nox brings, no old
    # platformdirs; SciPy comes with scikit-learn.
    free = {*map(name_of, oldest), "scipy", "virtualenv", "zarr"}
    kept = [pin for pin in pins if name_of(pin) not in free]
    requirements = Path(session.create_tmp()) / "requirements.txt"
    requirements.write_text("\n".join([*oldest, *kept, "zarr"]), encoding="utf-8")
    session.install("-r", str(requirements))
    session.install("--no-deps", "-e", str(ROOT))
    check(session, "python")


@nox.session
def no_lock(session: nox.Session) -> None:
    """Take the newest that this Python takes, as a reader without a lock does."""
    session.install("-e", f"{ROOT}[test]")
    check(session, "python")


@nox.session(python=PYTHONS)
def python(session: nox.Session) -> None:
    """Take another Python, with the packages of the lock."""
    if session.python == "{}.{}".format(*sys.version_info):
        session.skip("the Python of make test")
    session.install("--no-deps", "--require-hashes", "-r", str(LOCK))
    session.install("--no-deps", "-e", str(ROOT))
    check(session, "python")


# What each does.


def dependencies() -> list[str]:
    """Return what the package depends on, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["dependencies"])


def name_of(requirement: str) -> str:
    """Return the name of a package that is required in some version."""
    return re.split(r"[^\w.-]", requirement)[0]


def check(
    session: nox.Session,
    python: str,
    env: Mapping[str, str] = {},
    processes: str = "2",
) -> None:
    """Run the unit tests, and the chapters on each data set.

    Another processor changes rounding alone, so that `tools` is left out there. Another
    Python changes no rounding, so that one data set is enough.
    """
    session.chdir(ROOT)
    pytest = (python, "-m", "pytest", "-q", "-n", processes, "--dist", "loadfile")
    units = ("tests",) if env else ("tests", "tools")
    env = {**ONE_THREAD, **env, "PYTHONPATH": str(ROOT)}
    session.run(python, "-c", ABOUT, env=env, log=False)
    chosen = session.posargs or (*units, "book/")
    chapters = [each for each in chosen if each.startswith("book")]
    if tests := [each for each in chosen if each not in chapters]:
        session.run(*pytest, *tests, env=env)
    data_sets = output_of(session, python, DATA_SETS)[: 1 if session.python else None]
    for data_set in data_sets if chapters else ():
        on = {**env, "SOFTMAX_LIB_DATASET": data_set}
        session.run(*pytest, "--nbval", *chapters, env=on)


def output_of(session: nox.Session, python: str, code: str) -> list[str]:
    """Return the words that some code prints in the environment of a session."""
    said = session.run(python, "-c", code, silent=True, log=False)
    return str(said).split()

"""Check every output on other processors and versions: `make check-everywhere`.

A recorded number is worth keeping only if every machine finds it again. One machine
can stand for many: OpenBLAS and NumPy choose their code by the processor, and both let
the environment choose for them; older and newer packages go into environments of their
own. The chapters are checked in each of these surroundings, on each data set that this
machine has, and a table says how it went.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tools.checker.chapters import DATA_SETS, ROOT, cifar10_on_disk

# OpenBLAS's names. Prescott stands for a processor of which nothing is known.
KERNELS = ("Haswell", "SkylakeX", "Zen", "Prescott")
VERSIONS = ("oldest", "newest")

ABOUT = """
import json, matplotlib, numpy, threadpoolctl
blas = [
    pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"
]
print(json.dumps({
    "numpy": numpy.__version__,
    "matplotlib": matplotlib.__version__,
    "kernel": blas[0].get("architecture", "?") if blas else "none",
    "threads": blas[0]["num_threads"] if blas else 1,
}))
"""
DISPATCHED = """
try:
    from numpy._core import _multiarray_umath as core
except ImportError:
    from numpy.core import _multiarray_umath as core
print(*(name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]))
"""


class Surroundings(NamedTuple):
    """A Python with its packages, and what its environment says."""

    name: str
    python: str
    environment: Mapping[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the chapters in all surroundings; return the number of failed runs."""
    parser = argparse.ArgumentParser(prog="python -m tools.everywhere")
    parser.add_argument(
        "--only", default="", help="surroundings whose name contains this"
    )
    only = parser.parse_args(arguments).only
    data_sets = [name for name in DATA_SETS if name != "cifar10" or cifar10_on_disk()]
    rows: list[tuple[str, ...]] = [
        ("surroundings", "data", "numpy", "matplotlib", "kernel", "seconds", "result")
    ]
    failures = 0
    for surroundings in all_surroundings(only):
        about = json.loads(run_python(surroundings, ABOUT))
        for data_set in data_sets:
            start = time.perf_counter()
            passed, result = check(surroundings, data_set)
            failures += not passed
            rows.append(
                (
                    surroundings.name,
                    DATA_SETS[data_set],
                    about["numpy"],
                    about["matplotlib"],
                    f"{about['kernel']} x{about['threads']}",
                    f"{time.perf_counter() - start:.0f}",
                    result,
                )
            )
            print(*rows[-1], sep=", ", flush=True)
    print("\n" + table(rows))
    return failures


def all_surroundings(only: str) -> list[Surroundings]:
    """Return the surroundings whose names contain ``only``."""
    here = sys.executable
    environments = {
        "as it is": {},
        "one thread": {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        **{f"OpenBLAS {name}": {"OPENBLAS_CORETYPE": name} for name in KERNELS},
        "NumPy without SIMD": {"NPY_DISABLE_CPU_FEATURES": dispatched_features()},
    }
    chosen = [
        Surroundings(name, here, environment)
        for name, environment in environments.items()
        if only in name
    ]
    return chosen + [
        Surroundings(f"{age} packages", install(age), {})
        for age in VERSIONS
        if only in f"{age} packages"
    ]


def dispatched_features() -> str:
    """Return the processor features that this NumPy uses where it finds them."""
    return run_python(Surroundings("", sys.executable, {}), DISPATCHED).strip()


def install(age: str) -> str:
    """Return the Python of an environment with the oldest or newest NumPy and others.

    Everything else in it is as pinned.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [
        re.match(r"[\w-]+", line)[0] for line in project["project"]["dependencies"]
    ]
    if age == "oldest":
        wanted = [
            line.replace(">=", "==") for line in project["project"]["dependencies"]
        ]
    else:
        wanted = names
    home = ROOT / ".venv" / "versions" / age
    venv.create(home, with_pip=True, clear=True)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    lock = (ROOT / "tools/locks/test.txt").read_text("utf-8")
    pins = re.findall(r"^(\w.*?)(?: \\)?$", lock, re.MULTILINE)  # without checksums
    # No chapter needs zarr, which takes no old NumPy; SciPy comes with scikit-learn.
    unpinned = (*names, "scipy", "zarr")
    kept = [pin for pin in pins if not pin.startswith(unpinned)]
    requirements = home / "requirements.txt"
    requirements.write_text("\n".join([*kept, *wanted]), encoding="utf-8")
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--upgrade", "-r", str(requirements)], check=True)
    subprocess.run([*pip, "--no-deps", "-e", str(ROOT)], check=True)
    return str(python)


def run_python(surroundings: Surroundings, code: str) -> str:
    """Return what ``code`` prints in these surroundings."""
    return subprocess.run(
        [surroundings.python, "-c", code],
        env={**os.environ, **surroundings.environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def check(surroundings: Surroundings, data_set: str) -> tuple[bool, str]:
    """Check all chapters on one data set; return whether all passed, and a summary."""
    # What an old package deprecates in another is no output of the book.
    quiet = ["-W", "ignore::DeprecationWarning"]
    run = subprocess.run(
        [surroundings.python, "-m", "pytest", "--nbval", "-q", *quiet, "book/"],
        cwd=ROOT,
        env={
            **os.environ,
            **surroundings.environment,
            "SOFTMAX_LIB_DATASET": data_set,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        print(run.stdout, flush=True)
    last = run.stdout.strip().splitlines()[-1].strip("= ")
    return run.returncode == 0, re.sub(r" in [\d.:() hms]+$", "", last)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows with their columns one below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())

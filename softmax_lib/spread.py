"""One function on many settings, wherever a `concurrent.futures` executor runs it.

No task carries the arrays. Threads share them; the processes of one machine map them
from files that are written once; a Dask cluster is handed them once, and its workers
pass them on to each other.

Taught in chapter 14.
"""

import concurrent.futures  # whose process pools load when named: a browser has none
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

__all__ = ["spread"]

Setting = TypeVar("Setting")
Result = TypeVar("Result")


def spread(
    executor: Executor,
    task: Callable[..., Result],
    settings: Sequence[Setting],
    arrays: Sequence[np.ndarray],
    report: Callable[[Setting, Result | Exception], None] = lambda *_: None,
) -> list[Result | Exception]:
    """Call ``task(setting, *arrays)`` for each setting, on the executor.

    When a process of a pool is killed, the pool is broken and refuses all further
    work. What it has not finished then runs in a new pool like it, as long as each
    new pool finishes something. Dask replaces its workers by itself.

    Parameters
    ----------
    executor : Executor
        A pool of threads or of processes, ``Client.get_executor()`` of Dask, or any
        other whose processes see the folder for temporary files of this one.
    task : callable
        What to do. It must not change the arrays.
    settings : sequence
        What the calls differ in.
    arrays : sequence of ndarray
        What they have in common.
    report : callable, optional
        Called here with each setting and its outcome, as soon as there is one.

    Returns
    -------
    list
        What the calls returned, in the order of ``settings``, or the exception of
        those that failed.

    Raises
    ------
    KeyboardInterrupt
        If you interrupt it. The calls that have not begun are cancelled; those that
        run are waited for, except on Dask, which drops their results.

    Examples
    --------
    >>> with ThreadPoolExecutor(2) as executor:
    ...     spread(executor, lambda k, a: int(k * a.sum()), [1, 2], [np.ones(3)])
    [3, 6]
    """
    outcomes: dict[int, Result | Exception] = {}

    def note(number: int, outcome: Result | Exception) -> None:
        if not isinstance(outcome, BrokenExecutor):
            outcomes[number] = outcome
            report(settings[number], outcome)

    def missing() -> list[int]:
        return [number for number in range(len(settings)) if number not in outcomes]

    with placed(executor, arrays) as handles:
        jobs = [(carry_out, task, setting, *handles) for setting in settings]
        attempt(executor, jobs, missing(), note)
        while is_of_processes(executor) and (lost := missing()):
            with pool_like(executor) as fresh:
                attempt(fresh, jobs, lost, note)
            if missing() == lost:
                break
    broken = BrokenExecutor("The worker was lost, and so was the one that replaced it.")
    return [outcomes.get(number, broken) for number in range(len(settings))]


def attempt(
    executor: Executor,
    jobs: Sequence[tuple[Any, ...]],
    numbers: Iterable[int],
    note: Callable[[int, Any], None],
) -> None:
    """Submit the jobs of these numbers, note how each ends, leave nothing running."""
    futures: dict[Future[Any], int] = {}
    try:
        with suppress(BrokenExecutor):  # it may break while the jobs are handed over
            for number in numbers:
                futures[executor.submit(*jobs[number])] = number
        for future in as_completed(futures):
            note(futures[future], outcome_of(future))
    finally:
        wait([future for future in futures if not future.cancel()])


def outcome_of(future: "Future[Result]") -> Result | Exception:
    """Return the result of a finished call, or the exception that ended it."""
    try:
        return future.result()
    except Exception as error:
        return error


@contextmanager
def placed(executor: Executor, arrays: Sequence[np.ndarray]) -> Iterator[list[Any]]:
    """Put the arrays where every task reaches them, and yield what to send instead."""
    if isinstance(executor, ThreadPoolExecutor):
        yield list(arrays)
    elif hasattr(executor, "_client"):  # of Dask, which hands over what a future holds
        # Not named by its hash: an earlier search may just be letting go of that name.
        yield executor._client.scatter(list(arrays), broadcast=True, hash=False)
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            paths = [Path(folder, f"{number}.npy") for number in range(len(arrays))]
            for path, array in zip(paths, arrays, strict=True):
                np.save(path, array)
            yield paths


def carry_out(task: Callable[..., Result], setting: Any, *handles: Any) -> Result:
    """Reach for the arrays, and do the task: this is what runs on a worker."""
    return task(setting, *(reached(handle) for handle in handles))


def reached(handle: np.ndarray | Path) -> np.ndarray:
    """Return the array that a handle stands for, mapped from its file if it has one."""
    if isinstance(handle, Path):
        return np.asarray(np.load(handle, mmap_mode="r"))
    return handle


def is_of_processes(executor: Executor) -> bool:
    """Say whether it is a pool of processes, which breaks when one of them is lost."""
    return isinstance(executor, concurrent.futures.ProcessPoolExecutor)


def pool_like(pool: Any) -> Executor:
    """Make a new pool of processes with the settings of one that is broken."""
    names = ("_max_workers", "_mp_context", "_initializer", "_initargs")
    settings = (getattr(pool, name) for name in names)
    return concurrent.futures.ProcessPoolExecutor(*settings)

"""One function on many settings, on any executor of ``concurrent.futures``.

No task carries the ``arrays``. Threads share them; the processes of one machine map
them from files that are written once; a Dask cluster is sent them once, and its workers
pass them on to each other.

Notation: an ``executor`` is a pool of threads or of processes, a ``Client`` of Dask, or
any other executor whose processes see the folder for temporary files of this one;
``arrays`` are what the calls have in common, ``settings`` what they differ in.
"""

import concurrent.futures  # whose process pools load when named: a browser has none
import functools
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from softmax_lib.linear_classifier import LinearClassifier, Softmax, check_model
from softmax_lib.tuning import (
    Evaluation,
    GridResult,
    Trial,
    check_split,
    draw_seed,
    format_settings,
    format_trial,
    select_best,
    settings_grid,
    train_and_evaluate,
)
from softmax_lib.validation import (
    check_callable,
    check_entries,
    check_index,
    check_list,
    check_truth,
    describe,
)

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["parallel_map", "share_arrays", "run_jobs", "grid_search_parallel"]

Setting = TypeVar("Setting")
Result = TypeVar("Result")


def parallel_map(
    executor: "Executor | Client",
    task: Callable[..., Result],
    settings: Sequence[Setting],
    arrays: Sequence[np.ndarray],
    report: Callable[[Setting, Result | Exception], None] = lambda *_: None,
) -> list[Result | Exception]:
    """Call ``task(setting, *arrays)`` for each setting, on the executor.

    When a process of a pool is killed, the pool is broken and accepts no further
    work. The settings that it has not finished then run in a new pool like it, as long
    as each new pool finishes something. Dask replaces its workers by itself; it is
    sent the arrays again if they were lost with one.

    Parameters
    ----------
    executor : Executor or dask Client
        A pool of threads or of processes, a ``Client`` of Dask, or any other executor
        whose processes see the folder for temporary files of this one.
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
    ...     parallel_map(executor, lambda k, a: int(k * a.sum()), [1, 2], [np.ones(3)])
    [3, 6]
    """
    check_callable("task", task)
    check_callable("report", report)
    check_list("settings", settings)
    outcomes: dict[int, Result | Exception] = {}

    def record(number: int, outcome: Result | Exception) -> None:
        if not isinstance(outcome, BrokenExecutor | CancelledError):
            outcomes[number] = outcome
            report(settings[number], outcome)

    def missing() -> list[int]:
        return [number for number in range(len(settings)) if number not in outcomes]

    pool: Any = executor
    with share_arrays(executor, arrays) as handles:
        if is_dask_client(pool):
            pool = pool.get_executor()
        jobs = [(run_task, task, setting, *handles) for setting in settings]
        run_jobs(pool, jobs, missing(), record)
        can_break = isinstance(pool, concurrent.futures.ProcessPoolExecutor)
        while can_break and (lost := missing()):
            with pool_like(pool) as fresh:
                run_jobs(fresh, jobs, lost, record)
            if missing() == lost:
                break
    # A worker of Dask may die as the only one that has been sent the arrays.
    if is_dask_client(executor) and 0 < len(lost := missing()) < len(settings):
        rest = [settings[number] for number in lost]
        again = parallel_map(executor, task, rest, arrays, report)
        outcomes |= dict(zip(lost, again, strict=True))
    broken = BrokenExecutor("The worker was lost, and so was the one that replaced it.")
    return [outcomes.get(number, broken) for number in range(len(settings))]


@contextmanager
def share_arrays(
    executor: "Executor | Client", arrays: Sequence[np.ndarray]
) -> Iterator[list[Any]]:
    """Put the arrays where every task reaches them, and yield what to send instead.

    That is a small handle for each array: the array itself for threads, a future for
    Dask, the path of a temporary file for processes.
    """
    check_executor(executor)
    check_arrays(arrays)
    client: Any = executor
    if isinstance(executor, ThreadPoolExecutor):
        yield list(arrays)
    elif is_dask_client(client):  # a future of its own becomes the array on a worker
        # Not named by its hash: an earlier search may just be letting go of that name.
        yield client.scatter(list(arrays), broadcast=True, hash=False)
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            paths = [Path(folder, f"{number}.npy") for number in range(len(arrays))]
            for path, array in zip(paths, arrays, strict=True):
                np.save(path, array)
            yield paths


def run_jobs(
    executor: Executor,
    jobs: Sequence[tuple[Any, ...]],
    numbers: Sequence[int],
    record: Callable[[int, Any], None],
) -> None:
    """Submit jobs, record how each ends, leave nothing running.

    Parameters
    ----------
    jobs, numbers : sequence of tuple, sequence of int
        Functions with their arguments, and which of these to run.
    record : callable
        Called with the number of each job and its result or exception.
    """
    check_executor(executor)
    check_entries("jobs", jobs, tuple)
    for job in jobs:
        check_callable("the first of each job", job[0] if job else None)
    check_list("numbers", numbers)
    for number in numbers:
        check_index("each of numbers", number, "jobs", (len(jobs),))
    check_callable("record", record)
    futures: dict[Future[Any], int] = {}
    try:
        with suppress(BrokenExecutor):  # it may break while jobs are being submitted
            for number in numbers:
                futures[executor.submit(*jobs[number])] = number
        for future in as_completed(futures):
            record(futures[future], outcome_of(future))
    finally:
        wait([future for future in futures if not future.cancel()])


def grid_search_parallel(
    executor: "Executor | Client",
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_val: np.ndarray,
    y_val: np.ndarray,
    *,
    learning_rates: Iterable[float],
    regs: Iterable[float],
    num_iters: int = 1000,
    batch_size: int = 200,
    model: type[LinearClassifier] = Softmax,
    rng: np.random.Generator | int | None = None,
    verbose: bool = False,
) -> GridResult:
    """Search a grid as ``grid_search`` does, training on an executor.

    As `softmax_lib.tuning.grid_search`, with the same result. A pair whose training
    fails has accuracies of NaN, and a warning names the pair and the error; if all
    fail, the first error is raised.
    """
    arrays = (X_train, y_train, X_val, y_val)
    check_split(*arrays)
    check_model(model)
    check_truth("verbose", verbose)
    grid = settings_grid(learning_rates, regs, num_iters, batch_size)
    task = functools.partial(
        train_and_evaluate,
        num_iters=num_iters,
        batch_size=batch_size,
        model=model,
        seed=draw_seed(rng),
    )

    def report(_: tuple[float, float], outcome: Evaluation | Exception) -> None:
        if verbose and isinstance(outcome, Evaluation):
            print(format_trial(outcome.trial))

    outcomes = parallel_map(executor, task, grid, arrays, report)
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    if len(errors) == len(grid):
        errors[0].add_note("Every training failed; this is what ended the first.")
        raise errors[0]
    evaluations = []
    for pair, outcome in zip(grid, outcomes, strict=True):
        if isinstance(outcome, Exception):
            warnings.warn(
                f"The training with {format_settings(pair)} failed: {outcome!r}",
                RuntimeWarning,
                stacklevel=2,
            )
            outcome = Evaluation(Trial(*pair, np.nan, np.nan), LinearClassifier(), [])
        evaluations.append(outcome)
    return select_best(evaluations)


def check_executor(executor: object) -> None:
    """Check that an executor, not its class, can be given work."""
    if isinstance(executor, type) or not hasattr(executor, "submit"):
        raise TypeError(
            "executor must have a method submit, as a ThreadPoolExecutor(2) has, but "
            f"it is {executor!r}."
        )


def check_arrays(arrays: Sequence[np.ndarray]) -> None:
    """Check that arrays are several, not the rows of one."""
    check_list("arrays", arrays)
    if isinstance(arrays, np.ndarray):
        raise TypeError(
            f"arrays must be a sequence of arrays, but it is {describe(arrays)}."
        )


def outcome_of(future: "Future[Result]") -> Result | Exception:
    """Return the result of a finished call, or the exception that ended it."""
    try:
        return future.result()
    except Exception as error:
        return error


def run_task(task: Callable[..., Result], setting: Any, *handles: Any) -> Result:
    """Load the arrays and run the task. Runs on a worker."""
    return task(setting, *(load_shared(handle) for handle in handles))


def load_shared(handle: np.ndarray | Path) -> np.ndarray:
    """Return the array of a handle, mapped from its file if it has one."""
    if isinstance(handle, Path):
        return np.asarray(np.load(handle, mmap_mode="r"))
    # Dask may begin an array at any byte; NumPy would copy it in every product.
    return np.require(handle, requirements=["ALIGNED"])


def is_dask_client(executor: Any) -> bool:
    """Return whether it is a Dask client, which submits through an executor."""
    return hasattr(executor, "scatter") and hasattr(executor, "get_executor")


def pool_like(pool: Any) -> Executor:
    """Make a new pool of processes with the settings of one that is broken."""
    names = ("_max_workers", "_mp_context", "_initializer", "_initargs")
    settings = (getattr(pool, name) for name in names)
    return concurrent.futures.ProcessPoolExecutor(*settings)

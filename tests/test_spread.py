import multiprocessing
import os
import pickle
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_lib.spread import spread
from softmax_lib.tuning import grid_search

SPAWN = multiprocessing.get_context("spawn")  # forking beside threads is unsafe
ARRAYS = [np.arange(12.0).reshape(4, 3), np.asfortranarray(np.eye(3, dtype="f4"))]


class InTurn(Executor):
    """Runs each call when it is submitted, and counts the bytes of its pickle."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self.sizes.append(len(pickle.dumps((fn, args))))
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as it,
        Client(it) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, SPAWN) as pool:
        yield pool


@pytest.fixture(params=["in turn", "threads", "processes", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "dask":
        yield request.getfixturevalue("client").get_executor()
    elif request.param == "in turn":
        yield InTurn()
    elif request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    else:
        yield request.getfixturevalue("processes")


def product(factor: float, X: np.ndarray, W: np.ndarray) -> tuple[Any, ...]:
    if factor == 0:
        raise ZeroDivisionError("the factor is 0")
    time.sleep(0.02 / factor)  # the first ends last
    return factor * X @ W, X.dtype, W.dtype, type(X), W.flags.f_contiguous


def test_the_results_come_in_the_order_of_the_settings(executor: Executor) -> None:
    X, W = ARRAYS
    results = spread(executor, product, [1.0, 2.0, 3.0], ARRAYS)
    for factor, (scores, *kinds) in zip([1.0, 2.0, 3.0], results, strict=True):
        np.testing.assert_array_equal(scores, factor * X @ W)
        assert kinds == [X.dtype, W.dtype, np.ndarray, True]


def test_what_fails_leaves_the_others_alone(executor: Executor) -> None:
    told = []
    results = spread(
        executor, product, [1, 0, 2], ARRAYS, lambda *what: told.append(what)
    )
    assert repr(results[1]) == "ZeroDivisionError('the factor is 0')"
    np.testing.assert_array_equal(results[2][0], 2 * results[0][0])
    assert sorted(setting for setting, _ in told) == [0, 1, 2]
    assert all(outcome is results[[1, 0, 2].index(which)] for which, outcome in told)


def test_a_grid_search_is_the_same_to_the_bit_wherever_it_runs(
    executor: Executor,
) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 300)).astype(np.float32), rng.integers(4, size=60)
    settings: Any = {"learning_rates": [0.01, 0.02], "regs": [0.0, 0.1]}
    search = partial(grid_search, X, y, X, y, **settings, num_iters=30, rng=3)
    here, there = search(executor=InTurn()), search(executor=executor)
    assert there.trials == here.trials
    assert there.best_model.weights().tobytes() == here.best_model.weights().tobytes()
    # Weights below 1; 30 steps, each off by some ten roundings.
    together = search().best_model.weights()
    np.testing.assert_allclose(together, here.best_model.weights(), rtol=0, atol=1e-5)


def test_no_setting_is_no_work(executor: Executor) -> None:
    assert spread(executor, product, [], ARRAYS) == []


def test_no_task_carries_the_arrays_and_the_files_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    executor = InTurn()
    spread(executor, product, [1.0, 2.0], [np.ones((100, 300)), np.ones((300, 3))])
    assert len(executor.sizes) == 2
    assert max(executor.sizes) < 1000  # the arrays hold 247,200 bytes
    assert list(tmp_path.iterdir()) == []


def test_a_thread_is_given_the_arrays_themselves() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert spread(pool, lambda _, a: a is ARRAYS[0], [1], ARRAYS[:1]) == [True]


class Parcel:
    """Notes in a file each time that somebody unpacks it."""

    def __init__(self, slips: Path) -> None:
        self.slips = slips

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__dict__ = state
        with self.slips.open("a") as file:
            file.write(f"{os.getpid()}\n")


def process_after(seconds: float, parcel: Any) -> int:
    time.sleep(0.001 * seconds)
    return os.getpid()


def test_a_dask_worker_is_sent_the_arrays_once(client: Any, tmp_path: Path) -> None:
    parcel: Any = Parcel(tmp_path / "slips")
    found = spread(client.get_executor(), process_after, list(range(20)), [parcel])
    assert len(set(found)) == 2
    assert sorted(map(str, set(found))) == sorted(parcel.slips.read_text().split())


def dies_once(setting: tuple[int, Path], X: np.ndarray) -> float:
    number, grave = setting
    time.sleep(0.05)
    if number == 3 and not grave.exists():
        grave.touch()
        os._exit(1)  # as a kill does: no exception, nothing is closed
    return number * float(X.sum())


@pytest.mark.parametrize("where", ["processes", "dask"])
def test_a_lost_worker_loses_nothing(where: str, client: Any, tmp_path: Path) -> None:
    settings = [(number, tmp_path / "grave") for number in range(8)]
    told: list[int] = []

    def report(setting: tuple[int, Path], _: float | Exception) -> None:
        told.append(setting[0])

    with ProcessPoolExecutor(2, SPAWN) as pool:
        executor = pool if where == "processes" else client.get_executor()
        results = spread(executor, dies_once, settings, [np.ones(2)], report)
    assert (tmp_path / "grave").exists()
    assert results == [2.0 * number for number in range(8)]
    assert sorted(told) == list(range(8))


def always_dies(number: int, X: np.ndarray) -> float:
    if number == 3:
        os._exit(1)
    return number * float(X.sum())


def test_what_kills_every_worker_is_given_up_and_the_rest_is_kept() -> None:
    with ProcessPoolExecutor(1, SPAWN) as pool:
        *others, last = spread(pool, always_dies, [0, 1, 2, 3], [np.ones(2)])
        # The pool is broken; what comes next runs in one like it.
        assert spread(pool, always_dies, [5], [np.ones(2)]) == [10.0]
    assert others == [0.0, 2.0, 4.0]
    assert isinstance(last, BrokenExecutor)
    assert str(last) == "The worker was lost, and so was the one that replaced it."


def work(setting: tuple[int, Path], X: np.ndarray) -> None:
    number, folder = setting
    (folder / f"begun-{number}").touch()
    time.sleep(0.05)
    (folder / f"ended-{number}").touch()


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_ctrl_c_leaves_nothing_running(where: str, tmp_path: Path) -> None:
    pool = (
        ThreadPoolExecutor(2) if where == "threads" else ProcessPoolExecutor(2, SPAWN)
    )
    settings = [(number, tmp_path) for number in range(100)]
    with pool:
        with pytest.raises(KeyboardInterrupt):
            spread(pool, work, settings, [np.ones(2)], interrupt)
        begun, ended = (len([*tmp_path.glob(what)]) for what in ("begun-*", "ended-*"))
        assert 1 <= begun == ended < 10
    assert len([*tmp_path.glob("begun-*")]) == begun


def interrupt(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)

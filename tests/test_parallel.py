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
    wait,
)
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_lib.linear_classifier import LinearClassifier, LinearSVM, Softmax
from softmax_lib.parallel import (
    grid_search_parallel,
    load_shared,
    outcome_of,
    parallel_map,
)
from softmax_lib.tuning import GridResult, grid_search

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
        yield request.getfixturevalue("client")
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
    results = parallel_map(executor, product, [1.0, 2.0, 3.0], ARRAYS)
    for factor, (scores, *kinds) in zip([1.0, 2.0, 3.0], results, strict=True):
        np.testing.assert_array_equal(scores, factor * X @ W)
        assert kinds == [X.dtype, W.dtype, np.ndarray, True]


def test_what_fails_leaves_the_others_alone(executor: Executor) -> None:
    told = []
    results = parallel_map(
        executor, product, [1, 0, 2], ARRAYS, lambda *what: told.append(what)
    )
    assert repr(results[1]) == "ZeroDivisionError('the factor is 0')"
    np.testing.assert_array_equal(results[2][0], 2 * results[0][0])
    assert sorted(setting for setting, _ in told) == [0, 1, 2]
    assert all(outcome is results[[1, 0, 2].index(which)] for which, outcome in told)


def test_an_array_that_begins_at_any_byte_is_aligned_on_the_worker() -> None:
    received = np.frombuffer(bytes(1) + np.arange(6.0).tobytes(), offset=1)
    assert not received.flags.aligned
    shared = load_shared(received)
    assert shared.flags.aligned
    np.testing.assert_array_equal(shared, np.arange(6.0))
    assert load_shared(shared) is shared


def test_no_setting_is_no_work(executor: Executor) -> None:
    assert parallel_map(executor, product, [], ARRAYS) == []


def test_no_task_carries_the_arrays_and_the_files_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    executor = InTurn()
    parallel_map(
        executor, product, [1.0, 2.0], [np.ones((100, 300)), np.ones((300, 3))]
    )
    assert len(executor.sizes) == 2
    assert max(executor.sizes) < 1000  # the arrays hold 247,200 bytes
    assert list(tmp_path.iterdir()) == []


def test_a_thread_is_given_the_arrays_themselves() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert parallel_map(pool, lambda _, a: a is ARRAYS[0], [1], ARRAYS[:1]) == [
            True
        ]


class Parcel:
    """Notes in a file each time that somebody unpacks it."""

    def __init__(self, slips: Path) -> None:
        self.slips = slips

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__dict__ = state
        with self.slips.open("a") as file:
            file.write(f"{os.getpid()}\n")


def process_of(_: int, parcel: Any) -> int:
    return os.getpid()


def test_a_dask_worker_is_sent_the_arrays_once(client: Any, tmp_path: Path) -> None:
    parcel: Any = Parcel(tmp_path / "slips")
    found = parallel_map(client, process_of, list(range(20)), [parcel])
    slips = parcel.slips.read_text().split()
    assert len(slips) == len(set(slips)) == 2  # both workers, whichever did the work
    assert set(map(str, found)) <= set(slips)


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
        executor = pool if where == "processes" else client
        results = parallel_map(executor, dies_once, settings, [np.ones(2)], report)
    assert (tmp_path / "grave").exists()
    assert results == [2.0 * number for number in range(8)]
    assert sorted(told) == list(range(8))


def always_dies(number: int, X: np.ndarray) -> float:
    if number == 3:
        os._exit(1)
    return number * float(X.sum())


def test_what_kills_every_worker_is_given_up_and_the_rest_is_kept() -> None:
    with ProcessPoolExecutor(1, SPAWN) as pool:
        *others, last = parallel_map(pool, always_dies, [0, 1, 2, 3], [np.ones(2)])
        # The pool is broken; what comes next runs in one like it.
        assert parallel_map(pool, always_dies, [5], [np.ones(2)]) == [10.0]
    assert others == [0.0, 2.0, 4.0]
    assert isinstance(last, BrokenExecutor)
    assert str(last) == "The worker was lost, and so was the one that replaced it."


def work(setting: tuple[int, Path], X: np.ndarray) -> None:
    """Leave a note at either end; all but the first wait until they are let go."""
    number, folder = setting
    (folder / f"begun-{number}").touch()
    while number > 0 and not (folder / "released").exists():
        time.sleep(0.01)
    (folder / f"ended-{number}").touch()


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_ctrl_c_leaves_nothing_running(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    def release_and_wait(futures: Any) -> None:
        (tmp_path / "released").touch()  # what has not begun is cancelled by now
        wait(futures)

    monkeypatch.setattr("softmax_lib.parallel.wait", release_and_wait)
    pool = (
        ThreadPoolExecutor(2) if where == "threads" else ProcessPoolExecutor(2, SPAWN)
    )
    settings = [(number, tmp_path) for number in range(100)]
    with pool:
        try:
            with pytest.raises(KeyboardInterrupt):
                parallel_map(pool, work, settings, [np.ones(2)], interrupt)
            left = {what: len([*tmp_path.glob(f"{what}-*")]) for what in NOTES}
        finally:
            (tmp_path / "released").touch()
    # Two run, one was done, and a pool of processes holds three more in its hands.
    assert 1 <= left["begun"] == left["ended"] <= 6
    assert len([*tmp_path.glob("begun-*")]) == left["begun"]


NOTES = ("begun", "ended")


def interrupt(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


# The grid search

RNG = np.random.default_rng(0)
CENTRES = RNG.standard_normal((3, 5))
y_train, y_val = np.arange(90) % 3, np.arange(60) % 3
X_train = CENTRES[y_train] + RNG.standard_normal((90, 5))
X_val = CENTRES[y_val] + RNG.standard_normal((60, 5))
GRID: dict[str, Any] = {
    "learning_rates": [1e-3, 1e-1, 1e-2],
    "regs": [10.0, 0.0],
    "num_iters": 20,
    "batch_size": 10,
    "rng": 4,
}


def search(executor: Executor | None = None, **changes: Any) -> GridResult:
    arrays, settings = (X_train, y_train, X_val, y_val), {**GRID, **changes}
    if executor is None:
        return grid_search(*arrays, **settings)
    return grid_search_parallel(executor, *arrays, **settings)


def elsewhere(**changes: Any) -> GridResult:
    with ThreadPoolExecutor(2) as executor:
        return search(executor, **changes)


@pytest.mark.parametrize("model", [Softmax, LinearSVM])
def test_a_grid_search_has_the_same_bits_wherever_it_runs(
    executor: Executor, model: type[LinearClassifier]
) -> None:
    here, there = search(model=model), search(executor, model=model)
    assert there.trials == here.trials
    assert there.best == here.best
    for mine, theirs in zip(here.models, there.models, strict=True):
        assert mine.weights().tobytes() == theirs.weights().tobytes()
    assert there.losses == here.losses


def test_a_parallel_search_has_the_defaults_of_grid_search() -> None:
    arrays = (X_train, y_train, X_val, y_val)
    settings: Any = {"learning_rates": [1e-2], "regs": [1e-3], "rng": 0}
    here = grid_search(*arrays, **settings)
    there = grid_search_parallel(InTurn(), *arrays, **settings)
    assert there.losses == here.losses


class Refusing(Softmax):
    """Trains, but not with a learning rate of 0.1."""

    def train(self, X: Any, y: Any, learning_rate: float, *args: Any, **kw: Any) -> Any:
        if learning_rate == 0.1:
            raise RuntimeError("I do not like 0.1.")
        return super().train(X, y, learning_rate, *args, **kw)


def test_a_pair_that_fails_is_named_and_leaves_the_others() -> None:
    with pytest.warns(RuntimeWarning, match="failed") as caught:
        result = elsewhere(model=Refusing)
    assert [str(warning.message) for warning in caught] == [
        f"The training with learning rate 0.1 and reg {reg} failed: "
        "RuntimeError('I do not like 0.1.')"
        for reg in (10, 0)
    ]
    assert {warning.filename for warning in caught} == {__file__}
    assert np.isnan([trial[2:] for trial in result.trials[2:4]]).all()
    good = [0, 1, 4, 5]
    assert [result.trials[k] for k in good] == [search().trials[k] for k in good]
    assert result.best in [result.trials[k] for k in good]


def test_a_pair_that_diverges_is_named_and_leaves_the_others() -> None:
    with pytest.warns(RuntimeWarning, match="rate 1 and reg 10 failed: .*overflows"):
        result = elsewhere(learning_rates=[1.0, 1e-2], regs=[10.0], num_iters=900)
    assert np.isnan(result.trials[0].val_accuracy)
    assert result.best is result.trials[1]


def test_what_ends_every_training_elsewhere_is_raised() -> None:
    with pytest.raises(RuntimeError, match="I do not like") as caught:
        elsewhere(model=Refusing, learning_rates=[0.1])
    assert caught.value.__notes__ == [
        "Every training failed; this is what ended the first."
    ]
    with pytest.raises(ValueError, match="num_iters must be at least 1"):
        elsewhere(num_iters=0)


def test_each_trial_elsewhere_is_printed_if_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere()
    assert capsys.readouterr().out == ""
    result = elsewhere(verbose=True)
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(
        f"learning rate {trial.learning_rate:g} and reg {trial.reg:g}: "
        f"validation accuracy {trial.val_accuracy:.3f}"
        for trial in result.trials
    )
    with pytest.warns(RuntimeWarning):
        elsewhere(model=Refusing, regs=[0.0], verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == 2


# What a lost worker leaves


def mark(name: str) -> None:
    """Set up a process of a pool."""
    os.environ["SET_UP"] = name


def mark_of_process(_: int) -> str | None:
    return os.environ.get("SET_UP")


def test_a_pool_that_replaces_a_broken_one_is_set_up_alike() -> None:
    with ProcessPoolExecutor(1, SPAWN, mark, ("so",)) as pool:
        assert isinstance(outcome_of(pool.submit(os._exit, 1)), BrokenExecutor)
        assert parallel_map(pool, mark_of_process, [0, 1], []) == ["so", "so"]


class Losing(ProcessPoolExecutor):
    """A pool that is broken before it begins; it counts the calls of all of them."""

    calls = 0

    def submit(self, *_: Any, **__: Any) -> Any:
        type(self).calls += 1
        assert self.calls < 10, "this goes on for ever"
        raise BrokenExecutor("lost")


def test_a_pool_that_finishes_nothing_is_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("softmax_lib.parallel.pool_like", lambda _: Losing(1, SPAWN))
    monkeypatch.setattr(Losing, "calls", 0)
    with Losing(1, SPAWN) as pool:
        results = parallel_map(pool, product, [1.0, 2.0], ARRAYS)
    assert Losing.calls == 2  # the pool's own, and one that was made in its place
    assert [type(result) for result in results] == [BrokenExecutor] * 2


class Cluster:
    """What `parallel_map` sees of Dask, where a worker dies with the only copy."""

    def __init__(self, dies_at: set[tuple[int, float]]) -> None:
        self.sent, self.dies_at = 0, dies_at

    def scatter(self, arrays: list[np.ndarray], **_: Any) -> list[np.ndarray]:
        self.sent += 1
        return arrays

    def get_executor(self) -> "Cluster":
        return self

    def submit(self, run: Any, task: Any, setting: float, *handles: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if (self.sent, setting) in self.dies_at:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_result(run(task, setting, *handles))
        return future


@pytest.mark.parametrize(
    ("dies_at", "sent", "lost"),
    [
        ({(1, 2.0)}, 2, []),
        ({(1, 1.0), (1, 2.0), (2, 2.0)}, 3, []),
        ({(1, 2.0), (2, 2.0)}, 2, [1]),
        ({(1, 1.0), (1, 2.0), (1, 3.0)}, 1, [0, 1, 2]),
    ],
)
def test_arrays_that_died_with_a_worker_are_sent_again(
    dies_at: set[tuple[int, float]], sent: int, lost: list[int]
) -> None:
    told: list[float] = []
    cluster: Any = Cluster(dies_at)
    found = parallel_map(
        cluster,
        lambda setting, a: setting * a.sum(),
        [1.0, 2.0, 3.0],
        [np.ones(2)],
        lambda setting, _: told.append(setting),
    )
    assert cluster.sent == sent
    assert [k for k, x in enumerate(found) if isinstance(x, BrokenExecutor)] == lost
    finished = [k for k in range(3) if k not in lost]
    assert sorted(told) == [k + 1 for k in finished]
    assert [found[k] for k in finished] == [2 * (k + 1) for k in finished]


def test_executors_that_replace_nothing_are_asked_once() -> None:
    class LosingThreads(ThreadPoolExecutor):
        calls = 0

        def submit(self, *_: Any, **__: Any) -> Any:
            type(self).calls += 1
            raise BrokenExecutor("lost")

    with LosingThreads(1) as pool:
        (result,) = parallel_map(pool, product, [1.0], ARRAYS)
    assert LosingThreads.calls == 1
    assert isinstance(result, BrokenExecutor)

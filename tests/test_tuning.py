import itertools
from typing import Any

import numpy as np
import pytest

from softmax_lib.linear_classifier import LinearSVM, Softmax, accuracy
from softmax_lib.tuning import (
    OF_SCORES,
    GridResult,
    Trial,
    accuracies_side_by_side,
    grid_search,
    grid_search_side_by_side,
    train_and_evaluate,
    train_side_by_side,
)

RNG = np.random.default_rng(0)
CENTRES = RNG.standard_normal((3, 5))
y_train, y_val = np.arange(90) % 3, np.arange(60) % 3
X_train = CENTRES[y_train] + RNG.standard_normal((90, 5))
X_val = CENTRES[y_val] + RNG.standard_normal((60, 5))
both = pytest.mark.parametrize("model", [Softmax, LinearSVM])
either = pytest.mark.parametrize("find", [grid_search, grid_search_side_by_side])
RATES, REGS = [1e-3, 1e-1, 1e-2], [10.0, 0.0]


def search(find: Any = grid_search, **changes: Any) -> GridResult:
    settings: dict[str, Any] = {
        "learning_rates": RATES,
        "regs": REGS,
        "num_iters": 20,
        "batch_size": 10,
        "rng": 4,
    }
    return find(X_train, y_train, X_val, y_val, **{**settings, **changes})


@both
@either
def test_each_trial_is_what_training_alone_gives(find, model) -> None:
    result = search(find, model=model)
    seed = int(np.random.default_rng(4).integers(2**63))
    pairs = list(itertools.product(RATES, REGS))
    assert [trial[:2] for trial in result.trials] == pairs
    for k, (learning_rate, reg, train_accuracy, val_accuracy) in enumerate(
        result.trials
    ):
        alone = model()
        losses = alone.train(X_train, y_train, learning_rate, reg, 20, 10, rng=seed)
        # As the weights below; a loss is a sum of ten squares times reg = 10.
        np.testing.assert_allclose(result.losses[k], losses, rtol=1e-12)
        np.testing.assert_allclose(result.models[k].W, alone.W, rtol=0, atol=1e-14)
        assert train_accuracy == accuracy(y_train, alone.predict(X_train))
        assert val_accuracy == accuracy(y_val, alone.predict(X_val))
        if (learning_rate, reg) == result.best[:2]:
            assert type(result.best_model) is model
            # 20 steps on weights below 1, each a few sums of ten terms near 1.
            np.testing.assert_allclose(result.best_model.W, alone.W, rtol=0, atol=1e-14)


@both
def test_side_by_side_each_has_the_weights_of_training_alone(model) -> None:
    pairs = list(itertools.product(RATES, REGS))
    W, losses = train_side_by_side(
        OF_SCORES[model], pairs, X_train, y_train, 20, 10, seed=7
    )
    assert W.shape == (5, 3 * len(pairs))
    assert losses.shape == (len(pairs), 20)
    for pair, w, of_pair in zip(
        pairs, np.split(W, len(pairs), axis=1), losses, strict=True
    ):
        alone = model()
        history = alone.train(X_train, y_train, *pair, 20, 10, rng=7)
        np.testing.assert_allclose(of_pair, history, rtol=1e-12)
        np.testing.assert_allclose(w, alone.W, rtol=0, atol=1e-14)


@both
def test_float32_points_are_searched_in_float32(model) -> None:
    pairs, points = [(0.1, 0.5), (0.2, 0.0)], X_train.astype(np.float32)
    W, _ = train_side_by_side(OF_SCORES[model], pairs, points, y_train, 20, 10, seed=7)
    assert W.dtype == np.float32
    for pair, w in zip(pairs, np.split(W, 2, axis=1), strict=True):
        alone = model()
        alone.train(points, y_train, *pair, 20, 10, rng=7)
        # As above; float32 numbers near 1 are 1e-7 apart.
        np.testing.assert_allclose(w, alone.W, rtol=0, atol=1e-5)


@both
def test_both_searches_find_the_same(model) -> None:
    together, one_by_one = (
        search(grid_search_side_by_side, model=model),
        search(model=model),
    )
    assert together.trials == one_by_one.trials
    np.testing.assert_allclose(together.losses, one_by_one.losses, rtol=1e-12)


def test_a_model_of_the_readers_own_is_searched() -> None:
    own = type("Own", (Softmax,), {})
    assert type(search(model=own).best_model) is own
    message = "^model must be Softmax or LinearSVM, but it is Own"
    with pytest.raises(ValueError, match=message):
        search(grid_search_side_by_side, model=own)


def test_one_cell_of_the_grid_is_evaluated_as_in_the_search() -> None:
    result = search()
    seed = int(np.random.default_rng(4).integers(2**63))
    for k, pair in enumerate(itertools.product(RATES, REGS)):
        arrays = (X_train, y_train, X_val, y_val)
        trial, model, losses = train_and_evaluate(pair, *arrays, 20, 10, Softmax, seed)
        assert trial == result.trials[k]
        assert losses == result.losses[k]
        np.testing.assert_array_equal(model.W, result.models[k].W)


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_diverging_training_spoils_its_own_trial_only(model, dtype) -> None:
    points, settings = X_train.astype(dtype), {"regs": [10.0], "num_iters": 900}
    arrays = (points, y_train, X_val.astype(dtype), y_val)
    options: dict[str, Any] = {**settings, "model": model, "batch_size": 10, "rng": 4}
    find = grid_search_side_by_side
    good = find(*arrays, learning_rates=[1e-2], **options)
    mixed = find(*arrays, learning_rates=[1.0, 1e-2, 2.0], **options)
    assert mixed.trials[1] == good.trials[0] == mixed.best
    assert np.isfinite(mixed.best_model.W).all()
    assert np.isnan([trial[2:] for trial in mixed.trials[::2]]).all()
    assert [np.isnan(m.W).all() for m in mixed.models] == [True, False, True]
    assert mixed.models[1] is mixed.best_model
    # Products of other widths add up in another order.
    np.testing.assert_allclose(mixed.losses[1], good.losses[0], rtol=1e-5)


def test_a_search_in_which_every_training_diverges_is_refused() -> None:
    with pytest.raises(ValueError, match="Every training of the grid diverges"):
        search(
            grid_search_side_by_side,
            learning_rates=[1.0, 2.0],
            regs=[10.0],
            num_iters=900,
        )


def test_a_training_that_diverges_ends_the_plain_search() -> None:
    with pytest.raises(ValueError, match=r"^X @ W or reg \* W \* W overflows"):
        search(learning_rates=[1.0], regs=[10.0], num_iters=900)


def test_weights_whose_penalty_is_infinite_have_diverged() -> None:
    # One step of 1e200: the weights are finite, the square of each is not.
    message = "^Every training of the grid diverges; the learning rates must be small"
    with pytest.raises(ValueError, match=message):
        search(
            grid_search_side_by_side, learning_rates=[1e200], regs=[1.0], num_iters=1
        )


def test_one_weight_for_each_model_is_enough_for_an_accuracy() -> None:
    W, X, y = np.array([[np.nan, 0.5]]), np.ones((2, 1)), np.array([0, 0])
    np.testing.assert_equal(accuracies_side_by_side(W, 2, X, y), [np.nan, 1.0])


def test_scores_that_overflow_are_refused_without_a_warning() -> None:
    W, X = np.array([[0.0, 1e300]]), np.array([[1e300]])
    with pytest.raises(ValueError, match=r"^X @ W .*overflows; the numbers in X must"):
        accuracies_side_by_side(W, 1, X, np.array([1]))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({0: X_train * np.nan}, ValueError, "X_train must hold finite numbers, .* nan"),
        ({0: X_train.astype(int)}, TypeError, "X_train must hold floats"),
        ({0: X_train[0]}, ValueError, "X_train must be a two-dimensional array"),
        ({1: y_train[:-1]}, ValueError, "y_train must have one label for each point"),
        ({1: y_train - 1}, ValueError, "y_train must hold class indices from 0 to 1"),
        ({2: X_val[:, :-1]}, ValueError, "X_val must have 5 columns, .* 4"),
        ({2: X_val * np.inf}, ValueError, "X_val must hold finite numbers, .* inf"),
        ({3: y_val[:-1]}, ValueError, "y_val must have one label for each point"),
    ],
)
@either
def test_wrong_arrays_are_refused(
    find: Any, changes: dict[int, np.ndarray], error: type[Exception], message: str
) -> None:
    arrays = [X_train, y_train, X_val, y_val]
    for position, array in changes.items():
        arrays[position] = array
    with pytest.raises(error, match=f"^{message}"):
        find(*arrays, learning_rates=RATES, regs=REGS, num_iters=5, rng=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rates": [0.1, 0.0]}, "learning_rate must be a positive number"),
        ({"regs": [0.1, -1.0]}, "reg must be zero or a positive number"),
        ({"num_iters": 0}, "num_iters must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
    ],
)
@either
def test_wrong_settings_are_refused_before_anything_is_trained(
    find: Any, changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Softmax, "train", None)
    with pytest.raises(ValueError, match=f"^{message}"):
        search(find, **changes)


def test_accuracies_are_counted_in_blocks_of_points() -> None:
    points, labels = np.tile(X_val, (40, 1)), np.tile(y_val, 40)
    whole = grid_search_side_by_side(
        *(X_train, y_train, points, labels),
        **{"learning_rates": RATES, "regs": REGS, "num_iters": 20, "batch_size": 10},
        rng=4,
    )
    assert whole.trials == search().trials


def test_the_arrays_are_not_changed() -> None:
    before = [array.tobytes() for array in (X_train, y_train, X_val, y_val)]
    search(), search(grid_search_side_by_side)
    assert [array.tobytes() for array in (X_train, y_train, X_val, y_val)] == before


def test_trials_differ_and_the_best_is_neither_first_nor_last() -> None:
    # Else a search that keeps the first or the last model would pass the other tests.
    result = search()
    assert result.best not in (result.trials[0], result.trials[-1])


class Scripted(Softmax):
    """Predicts so that the accuracies are those written for its learning rate."""

    script: dict[float, tuple[float, float]]

    def train(self, X: Any, y: Any, learning_rate: float, *args: Any, **kw: Any) -> Any:
        self.learning_rate = learning_rate

    def predict(self, X: np.ndarray) -> np.ndarray:
        y, which = (y_train, 0) if X is X_train else (y_val, 1)
        hits = round(self.script[self.learning_rate][which] * len(y))
        return np.where(np.arange(len(y)) < hits, y, y + 1)


def scripted(*accuracies: tuple[float, float]) -> GridResult:
    rates = [float(rate) for rate in range(1, len(accuracies) + 1)]
    model = type(
        "Model", (Scripted,), {"script": dict(zip(rates, accuracies, strict=True))}
    )
    return search(learning_rates=rates, regs=[1.0], model=model)


def test_the_best_is_chosen_by_validation_accuracy() -> None:
    result = scripted((0.9, 0.2), (0.3, 0.6), (1.0, 0.5))
    assert result.best == Trial(2.0, 1.0, 0.3, 0.6) == result.trials[1]
    assert result.best_model.learning_rate == 2.0


def test_of_two_equals_the_earlier_one_is_the_best() -> None:
    result = scripted((0.5, 0.2), (0.1, 0.6), (0.9, 0.6))
    assert result.best.learning_rate == result.best_model.learning_rate == 2.0


def test_the_worst_possible_search_still_has_a_best_model() -> None:
    result = scripted((0.0, 0.0), (0.1, 0.0))
    assert result.best.learning_rate == 1.0


def test_the_seed_decides_the_search() -> None:
    assert search().trials == search(rng=np.random.default_rng(4)).trials
    assert search().trials != search(rng=5).trials
    assert search(rng=None).trials != search(rng=None).trials


def test_trials_of_the_same_settings_are_the_same() -> None:
    # Both start at the same W and see the same minibatches.
    first, second = search(learning_rates=[0.1, 0.1], regs=[0.0]).trials
    assert first == second


@either
def test_a_search_is_of_1000_steps_of_200_points_by_default(find) -> None:
    settings = {"learning_rates": [1e-2], "regs": [1e-3], "rng": 0}
    short = find(X_train, y_train, X_val, y_val, **settings)
    full = search(find, **settings, num_iters=1000, batch_size=200, model=Softmax)
    np.testing.assert_array_equal(short.best_model.W, full.best_model.W)


def test_a_side_may_be_any_iterable() -> None:
    settings = {"learning_rates": iter(RATES), "regs": (reg for reg in REGS)}
    assert search(**settings).trials == search().trials


@pytest.mark.parametrize("side", ["learning_rates", "regs"])
def test_an_empty_side_of_the_grid_is_refused(side: str) -> None:
    with pytest.raises(ValueError, match="learning_rates and regs") as caught:
        search(**{side: []})
    assert str(caught.value) == (
        "learning_rates and regs must each hold at least one number."
    )


def test_the_global_random_state_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    search(rng=None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@either
def test_each_trial_is_printed_if_asked_for(
    find: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    search(find)
    assert capsys.readouterr().out == ""
    result = search(find, verbose=True)
    assert capsys.readouterr().out.splitlines() == [
        f"learning rate {trial.learning_rate:g} and reg {trial.reg:g}: "
        f"validation accuracy {trial.val_accuracy:.3f}"
        for trial in result.trials
    ]


def test_points_that_are_not_finite_are_blamed_and_not_the_rates() -> None:
    X = np.full((4, 2), np.nan)
    with pytest.raises(ValueError, match=r"^X must hold finite numbers, .* nan\.$"):
        train_side_by_side(
            OF_SCORES[Softmax], [(0.1, 0.1)], X, np.array([0, 1, 0, 1]), 2, 2, seed=0
        )

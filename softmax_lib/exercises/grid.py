"""The check of a search over learning rates and regularization strengths.

The reader's function gets a classifier whose accuracies are written down beforehand, so
that each way of choosing leads to another model.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.answers import as_numbers
from softmax_lib.exercises.messages import GRID, of_messages, stopped
from softmax_lib.exercises.report import Report, passed
from softmax_lib.exercises.runner import Trouble, attempt, run

Pair = tuple[float, float]


class Plan(NamedTuple):
    """A grid, and the accuracies of its models on both sets, pair by pair."""

    learning_rates: list[float]
    regs: list[float]
    train: list[float]
    val: list[float]
    lowest_loss: int

    def pairs(self) -> list[Pair]:
        """Return all pairs of settings, in the order of the accuracies."""
        return [(rate, reg) for rate in self.learning_rates for reg in self.regs]

    def accuracies(self) -> dict[Pair, Pair]:
        """Return training and validation accuracy of each pair."""
        both = zip(self.train, self.val, strict=True)
        return dict(zip(self.pairs(), both, strict=True))

    def ways(self) -> list[tuple[str, int]]:
        """Return the place of the pair that each way of choosing leads to."""
        train, val = np.array(self.train), np.array(self.val)
        places = np.arange(len(val)).reshape(len(self.learning_rates), -1)
        ends = [places[:, -1], places[-1]]  # of an inner loop over regs, over rates
        return [
            ("", int(val.argmax())),
            ("chosen_by_training", int(train.argmax())),
            ("keeps_worst", int(val.argmin())),
            ("keeps_last", len(val) - 1),
            ("keeps_first", 0),
            *[("compared_late", int(end[val[end].argmax()])) for end in ends],
            ("chosen_by_loss", self.lowest_loss),
        ]


# The first, the last, the best and the worst on the validation set, the best on the
# training set, the one with the lowest loss, and the best of those that end an inner
# loop, whichever loop is the inner one: eight different models.
PLANS = [
    Plan(
        [0.001, 0.002, 0.005, 0.01],
        [10.0, 20.0],
        [0.5, 0.45, 0.65, 0.4, 0.9, 0.35, 0.3, 0.25],
        [0.4, 0.3, 0.7, 0.6, 0.5, 0.45, 0.55, 0.35],
        5,
    ),
    Plan([0.01, 0.03], [5.0, 7.0], [0.15, 0.1, 0.2, 0.05], [0.1, 0.05, 0.15, 0.2], 3),
]
N_TRAIN, N_VAL = 40, 20
X_TRAIN = 1 + np.arange(N_TRAIN * 3, dtype=float).reshape(N_TRAIN, 3)
X_VAL = -1 - np.arange(N_VAL * 3, dtype=float).reshape(N_VAL, 3)
Y_TRAIN, Y_VAL = np.arange(N_TRAIN) % 3, (np.arange(N_VAL) + 1) % 3

DEFAULT_STEPS = (
    "train gets no num_iters, so each model takes as many steps as train does by "
    "default: 100 in the worksheet's class, which asks for 1,000 here."
)

# After these, the numbers cannot be right.
SPOILS_ALL = {"settings_swapped", "combinations_missing", "trained_on_validation"}


class Training(NamedTuple):
    """One call of ``train``: which model, which settings, and what it was handed."""

    number: int
    pair: Pair
    on_validation: bool
    num_iters: int | None


class Returned(NamedTuple):
    """What the reader's function returned and did."""

    results: Mapping[Any, tuple[float, ...]] | None
    best_val: float | None
    best_pair: Pair | None
    trainings: list[Training]
    other_data: bool


def check_grid(f: Callable[..., Any]) -> Report:
    """Check a search for the best learning rate and regularization strength.

    Parameters
    ----------
    f : callable
        ``f(model, X_train, y_train, X_val, y_val, learning_rates, regs)`` returns
        ``results, best_val, best_model``. ``model()`` makes an untrained classifier
        with ``train(X, y, learning_rate, reg, num_iters, batch_size, verbose)`` and
        ``predict(X)``; ``results[(learning_rate, reg)]`` is ``(train accuracy,
        validation accuracy)``.

    Returns
    -------
    Report
        Whether it is right, and if not, which mistake it is.

    Examples
    --------
    >>> check_grid(lambda *arguments: None).fault
    'not_started'
    """
    outcome = run(lambda: (attempt(search, f, plan) for plan in PLANS))
    trouble = outcome.trouble or next(
        (item for item in outcome.items if isinstance(item, Trouble)), None
    )
    if trouble is not None:
        return stopped(trouble, "in a search over 4 learning rates and 2 strengths")
    return diagnose(outcome.items)


def scripted(plan: Plan, trainings: list[Training], strange: list[bool]) -> type:
    """Make a class of classifiers that reach the accuracies of a plan."""
    accuracies = plan.accuracies()
    lowest = plan.pairs()[plan.lowest_loss]
    made: list[object] = []

    class Scripted:
        W: np.ndarray | None = None

        def __init__(self) -> None:
            made.append(self)
            self.number = len(made)
            self.pair: Pair | None = None

        def train(
            self,
            X: np.ndarray,
            y: np.ndarray,
            learning_rate: float = 1e-3,
            reg: float = 1e-5,
            num_iters: int | None = None,
            batch_size: int = 200,
            verbose: bool = False,
            **others: Any,
        ) -> list[float]:
            must_be_model(self, Scripted, "train")
            self.pair = (float(learning_rate), float(reg))
            self.W = np.zeros((3, 3))
            on_validation = bool((np.asarray(X) < 0).any())
            trainings.append(Training(self.number, self.pair, on_validation, num_iters))
            return [1.0 if self.pair == lowest else 2.0] * int(num_iters or 100)

        def predict(self, X: np.ndarray) -> np.ndarray:
            must_be_model(self, Scripted, "predict")
            rows, labels, part = place(X)
            strange.append(part is None)
            known = accuracies.get(self.pair or (0.0, 0.0), (0.0, 0.0))
            right = np.rint(known[part or 0] * len(labels))
            return np.where(rows < right, labels, labels + 1)

    return Scripted


def must_be_model(self: object, cls: type, method: str) -> None:
    """Say that a method is called on the class, as in ``m = model; m.train(...)``."""
    if not isinstance(self, cls):
        raise TypeError(f"{method} is called on the class `model`, not on a model")


def place(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Find the rows and labels of points; 0 for the training set, 1 for the other."""
    first = np.asarray(X)[:, 0]
    for part, (points, labels) in enumerate(((X_TRAIN, Y_TRAIN), (X_VAL, Y_VAL))):
        if np.isin(first, points[:, 0]).all():
            rows = np.abs(points[:, 0] - first[:, np.newaxis]).argmin(axis=1)
            return scattered(rows, len(points)), labels[rows], part
    return np.zeros(len(first)), np.zeros(len(first), dtype=int), None


def scattered(rows: np.ndarray, count: int) -> np.ndarray:
    """Order the rows so that right predictions are not all at the beginning."""
    return rows * 7 % count


def search(f: Callable[..., Any], plan: Plan) -> Returned:
    """Let the reader's function search a plan."""
    trainings: list[Training] = []
    strange: list[bool] = []
    model = scripted(plan, trainings, strange)
    arrays = [a.copy() for a in (X_TRAIN, Y_TRAIN, X_VAL, Y_VAL)]
    returned = f(model, *arrays, list(plan.learning_rates), list(plan.regs))
    parts = returned if isinstance(returned, tuple | list) else (returned,)
    results, best_val, best_pair = None, None, None
    for part in parts:
        number = as_numbers(part)
        if isinstance(part, Mapping):
            results = {key: as_tuple(value) for key, value in part.items()}
        elif isinstance(part, model):
            best_pair = part.pair  # type: ignore[attr-defined]
        elif number is not None and number.ndim == 0:
            best_val = float(number)
    return Returned(results, best_val, best_pair, trainings, any(strange))


def as_tuple(value: Any) -> tuple[float, ...]:
    """Return an entry of the results as plain numbers."""
    numbers = as_numbers(value)
    return () if numbers is None else tuple(numbers.ravel().tolist())


def diagnose(returned: list[Returned]) -> Report:
    """Say what is wrong with what was returned, and with how it came about."""
    searches = list(zip(PLANS, returned, strict=True))
    found = [list(faults(plan, answer)) for plan, answer in searches]
    if any(found):
        names = list(dict.fromkeys(itertools.chain(*found)))
        shown = next(i for i, some in enumerate(found) if some)
        return of_messages(GRID, names, evidence(*searches[shown]))
    default = any(t.num_iters is None for answer in returned for t in answer.trainings)
    return passed(
        "Every pair is trained, and the model with the highest validation accuracy is "
        "kept.",
        *([DEFAULT_STEPS] if default else []),
        "Next: look where in the grid the best pair lies. If at its edge, go further.",
        remark="num_iters_not_set" if default else None,
    )


def faults(plan: Plan, answer: Returned) -> Iterator[str]:
    """Name the faults of one search."""
    if not answer.trainings:
        yield "not_started"
        return
    found = list(training_faults(plan, answer))
    yield from found
    if SPOILS_ALL & set(found):
        return
    found = list(results_faults(plan, answer.results))
    yield from found
    if "validation_from_training" not in found:
        yield from choice_faults(plan, answer, UNITS.get("".join(found), same_number))


def same_number(value: float) -> float:
    """Return an accuracy that is written as a fraction."""
    return value


UNITS: dict[str, Callable[[float], float]] = {
    "in_percent": lambda value: value / 100,
    "counts_for_accuracies": lambda value: value / N_VAL,
    "errors_for_accuracies": lambda value: 1 - value,
}


def training_faults(plan: Plan, answer: Returned) -> Iterator[str]:
    """Name what is wrong with the trainings."""
    tried = {training.pair for training in answer.trainings}
    wanted = set(plan.pairs())
    if tried == {(b, a) for a, b in wanted}:
        yield "settings_swapped"
    elif not tried >= wanted:
        yield "combinations_missing"
    if any(training.on_validation for training in answer.trainings):
        yield "trained_on_validation"
    models = [training.number for training in answer.trainings]
    if len(set(models)) < len(models):
        yield "model_reused"
    if answer.other_data:
        yield "other_data"


def results_faults(
    plan: Plan, results: Mapping[Any, tuple[float, ...]] | None
) -> Iterator[str]:
    """Name what is wrong with the table."""
    if results is None:
        yield "results_not_returned"
        return
    planned = plan.accuracies()
    if set(results) == {(b, a) for a, b in planned}:
        yield "keys_swapped"
        results = {(a, b): value for (b, a), value in results.items()}
    if not set(results) >= set(planned):
        yield "results_missing"
        return
    shared = [(results[pair], planned[pair]) for pair in planned]
    ways: dict[str, Callable[[float, float], tuple[float, float]]] = {
        "": lambda train, val: (train, val),
        "accuracies_swapped": lambda train, val: (val, train),
        "validation_from_training": lambda train, val: (train, train),
        "training_from_validation": lambda train, val: (val, val),
        "in_percent": lambda train, val: (100 * train, 100 * val),
        "counts_for_accuracies": lambda train, val: (N_TRAIN * train, N_VAL * val),
        "errors_for_accuracies": lambda train, val: (1 - train, 1 - val),
    }
    for name, way in ways.items():
        if all(close(entry, way(*wanted)) for entry, wanted in shared):
            if name:
                yield name
            return
    yield "results_wrong"


def close(entry: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    """Whether an entry of the table is the one that is wanted."""
    return len(entry) == len(wanted) and bool(np.allclose(entry, wanted, atol=1e-6))


def choice_faults(
    plan: Plan, answer: Returned, as_fraction: Callable[[float], float]
) -> Iterator[str]:
    """Name what is wrong with the choice."""
    if answer.best_val is None:
        yield "best_val_not_returned"
    else:
        yield from number_fault(as_fraction(answer.best_val), plan)
    models = [training.number for training in answer.trainings]
    if answer.best_pair is None:
        yield "best_model_not_returned"
    elif len(set(models)) == len(models):  # else the model is the last anyway
        pairs = plan.pairs()
        fits = [way for way, i in plan.ways() if pairs[i] == answer.best_pair]
        if "" not in fits:
            yield next(iter(fits), "best_model_wrong")


def number_fault(best_val: float, plan: Plan) -> Iterator[str]:
    """Name what is wrong with the best validation accuracy."""
    fits = [way for way, i in plan.ways() if np.isclose(best_val, plan.val[i])]
    if not fits and np.isclose(best_val, max(plan.train)):
        fits = ["chosen_by_training"]
    if "" not in fits:
        yield next(iter(fits), "best_val_wrong")


def evidence(plan: Plan, answer: Returned) -> str:
    """Write the table that was planned, and what came back."""
    trained = [training.pair for training in answer.trainings]
    lines = ["learning rate   reg   train    val   trained   yours"]
    for pair, (train, val) in plan.accuracies().items():
        entry = (answer.results or {}).get(pair)
        shown = "none" if entry is None else ", ".join(f"{x:.3g}" for x in entry)
        lines.append(
            f"{pair[0]:13g} {pair[1]:5g} {train:7.2f} {val:6.2f} "
            f"{trained.count(pair):7d}x   {shown}"
        )
    best = plan.pairs()[int(np.argmax(plan.val))]
    lines += [
        "",
        f"best_val    expected {max(plan.val):g}, yours {answer.best_val}",
        f"best_model  expected the one of {best}, yours {answer.best_pair}",
    ]
    return "\n".join(["```", *lines, "```"])

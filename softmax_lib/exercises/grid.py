"""The check of a search over learning rates and regularization strengths.

The reader's function gets a classifier whose accuracies are written down beforehand, so
that each way of choosing leads to another model.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.errors import not_callable, stopped
from softmax_lib.exercises.losses.outputs import as_numbers
from softmax_lib.exercises.losses.repair import Edit, repair, with_line
from softmax_lib.exercises.mistakes import (
    Change,
    Mistake,
    Values,
    all_shown,
    catalogue,
    find,
)
from softmax_lib.exercises.report import Finding, Report, code_block, failed, passed
from softmax_lib.exercises.sandbox import Trouble, attempt, run
from softmax_lib.exercises.search import (
    Exercise,
    Result,
    Step,
    evaluate,
    explain,
    explain_part,
    findings,
)

Pair = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Plan:
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


class Training(NamedTuple):
    """One call of ``train``: which model, which settings, and which points."""

    number: int
    pair: Pair
    on_validation: bool
    num_iters: int | None


class Search(NamedTuple):
    """What the reader's function did with a plan, and what it returned."""

    plan: Plan
    results: Mapping[Any, tuple[float, ...]] | None
    best_val: float | None
    best_pair: Pair | None
    trainings: list[Training]
    other_data: bool

    @property
    def tried(self) -> set[Pair]:
        """The pairs of settings that a model was trained with."""
        return {training.pair for training in self.trainings}

    @property
    def reuses_models(self) -> bool:
        """Whether a model is trained more than once."""
        return len({each.number for each in self.trainings}) < len(self.trainings)

    @property
    def has_swapped_keys(self) -> bool:
        """Whether the keys of the results are (reg, learning_rate)."""
        return self.results is not None and set(self.results) == self.swapped_pairs

    @property
    def swapped_pairs(self) -> set[Pair]:
        """All pairs of settings, reg first."""
        return {(reg, rate) for rate, reg in self.plan.pairs()}

    def result(self, part: str) -> Result:
        """Return the table of results, or what is said of the best pair."""
        if part == "best_val":
            return as_numbers(self.best_val)
        if part == "best_model":
            return as_numbers([pair == self.best_pair for pair in self.plan.pairs()])
        turn = -1 if self.has_swapped_keys else 1
        results = self.results or {}
        return as_numbers([results.get(pair[::turn], ()) for pair in self.plan.pairs()])


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
    if refused := not_callable(f):
        return refused
    outcome = run(search_all, f)
    trouble = outcome.trouble or next(
        (item for item in outcome.items if isinstance(item, Trouble)), None
    )
    if trouble is not None:
        return stopped(trouble, "in a search over 4 learning rates and 2 strengths")
    return write(
        f,
        [
            item._replace(plan=plan)
            for plan, item in zip(PLANS, outcome.items, strict=True)
        ],
    )


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
    """Raise TypeError for a call on the class, as in ``m = model; m.train(...)``."""
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


def search_all(f: Callable[..., Any]) -> Iterator[Search | Trouble]:
    """Yield what each search returns."""
    yield from (attempt(search, f, plan) for plan in PLANS)


def search(f: Callable[..., Any], plan: Plan) -> Search | Trouble:
    """Let the reader's function search a plan."""
    trainings: list[Training] = []
    strange: list[bool] = []
    model = scripted(plan, trainings, strange)
    arrays = [a.copy() for a in (X_TRAIN, Y_TRAIN, X_VAL, Y_VAL)]
    returned = attempt(f, model, *arrays, list(plan.learning_rates), list(plan.regs))
    if isinstance(returned, Trouble):
        return returned
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
    return Search(plan, results, best_val, best_pair, trainings, any(strange))


def as_tuple(value: Any) -> tuple[float, ...]:
    """Return an entry of the results as plain numbers."""
    numbers = as_numbers(value)
    return () if numbers is None else tuple(numbers.ravel().tolist())


NOT_STARTED = catalogue(
    not_started=Mistake(
        "None of the models that `model()` makes is trained",
        "What must happen for each pair of settings before you can compare them? Do "
        "you make each model with `model()`, or with a class from outside?",
        shows=lambda search: not search.trainings,
    ),
)
# After these, no number can be right.
SPOILING = catalogue(
    settings_swapped=Mistake(
        "Learning rate and regularization are passed to train in the wrong order",
        "In which order does train take them?",
        shows=lambda search: search.tried == search.swapped_pairs,
    ),
    combinations_missing=Mistake(
        "Not every pair of learning rate and regularization is tried",
        "Four learning rates and two strengths: how many trainings is that?",
        shows=lambda search: (
            search.tried != search.swapped_pairs
            and not search.tried >= set(search.plan.pairs())
        ),
    ),
    trained_on_validation=Mistake(
        "A model is trained on points of the validation set",
        "What does the validation accuracy tell you about points the model has seen?",
        shows=lambda search: any(each.on_validation for each in search.trainings),
    ),
)
TRAININGS = catalogue(
    model_reused=Mistake(
        "The same model is trained again and again, so each training continues from "
        "the weights of the one before",
        "Where is a model made in your code, and how many should there be?",
        shows=lambda search: search.reuses_models,
    ),
    other_data=Mistake(
        "A model predicts points that belong neither to the training set nor to the "
        "validation set",
        "Which set must stay untouched until the choice is made?",
        shows=lambda search: search.other_data,
    ),
    keys_swapped=Mistake(
        "The keys of the results are (reg, learning_rate)",
        "The worksheet looks up results[(learning_rate, reg)].",
        shows=lambda search: search.has_swapped_keys,
    ),
)


# What leaves a part of the result out; the names begin with the part's.
MISSING = catalogue(
    results_not_returned=Mistake(
        "No dict of results is returned",
        "Somebody wants to see the whole table, not only its best entry.",
        shows=lambda search: search.results is None,
    ),
    results_missing=Mistake(
        "The results do not have one entry for each pair of settings",
        "When is an entry written: for each pair, or for the best?",
        shows=lambda search: (
            search.results is not None
            and not search.has_swapped_keys
            and not set(search.results) >= set(search.plan.pairs())
        ),
    ),
    best_val_not_returned=Mistake(
        "No best validation accuracy is returned",
        "Which single number tells how good the best pair is?",
        shows=lambda search: search.best_val is None,
    ),
    best_model_not_returned=Mistake(
        "No trained model is returned",
        "Whose predictions will you test in the end?",
        shows=lambda search: search.best_pair is None,
    ),
)

ACCURACIES: dict[str, Step] = {
    "train": lambda v: np.array(v.train),
    "val": lambda v: np.array(v.val),
}
CHOICE: dict[str, Step] = {**ACCURACIES, "chosen": lambda v: v.val.argmax()}
STEPS = {
    "results": {**ACCURACIES, "results": lambda v: np.stack([v.train, v.val], axis=1)},
    "best_val": {**CHOICE, "best_val": lambda v: v.val[v.chosen]},
    "best_model": {**CHOICE, "is_chosen": lambda v: np.arange(len(v.val)) == v.chosen},
}


def columns(train: str, val: str) -> dict[str, Change]:
    """Write other accuracies into the two columns of the table."""
    return {
        "results": lambda v, _: np.stack([getattr(v, train), getattr(v, val)], axis=1)
    }


def written(unit: Callable[[Any, int], Any]) -> dict[str, Change]:
    """Write accuracies in another unit: a function of accuracy and number of points."""
    return {
        "results": lambda v, _: np.stack(
            [unit(v.train, N_TRAIN), unit(v.val, N_VAL)], axis=1
        ),
        "best_val": lambda v, value: unit(value, N_VAL),
    }


def late_choice(last: Callable[[np.ndarray], np.ndarray]) -> dict[str, Change]:
    """Choose among the pairs that end an inner loop."""

    def chosen(v: Values, _: int) -> int:
        places = np.arange(len(v.val)).reshape(len(v.learning_rates), -1)
        ends = last(places)
        return int(ends[v.val[ends].argmax()])

    return {"chosen": chosen}


# A wrong choice comes before a wrong table, which can look like one.
MISTAKES = catalogue(
    chosen_by_training=Mistake(
        "The best is chosen by the training accuracy",
        "Which model would win if one of them memorized the training set?",
        {"chosen": lambda v, _: v.train.argmax()},
        {
            "chosen": lambda v, _: v.train.argmax(),
            "best_val": lambda v, _: v.train.max(),
        },
    ),
    keeps_worst=Mistake(
        "The model with the lowest validation accuracy is kept",
        "In which direction must the comparison go?",
        {"chosen": lambda v, _: v.val.argmin()},
    ),
    keeps_last=Mistake(
        "The last model is kept, not the best one",
        "What must be true before the best so far is replaced?",
        {"chosen": lambda v, _: len(v.val) - 1},
    ),
    keeps_first=Mistake(
        "The first model is kept, not the best one",
        "When is the best so far replaced, and is it updated then?",
        {"chosen": lambda v, _: 0},
    ),
    compared_late=Mistake(
        "Only the last model of each inner loop is compared with the best so far",
        "Which lines run for each pair, and which once an inner loop has ended? Look "
        "at their indentation.",
        late_choice(lambda places: places[:, -1]),
        late_choice(lambda places: places[-1]),
    ),
    chosen_by_loss=Mistake(
        "The best is chosen by its training loss",
        "The loss includes the penalty, which depends on reg. Can losses at different "
        "reg tell you which model predicts better?",
        {"chosen": lambda v, _: v.lowest_loss},
    ),
    accuracies_swapped=Mistake(
        "The results contain (validation, training) accuracy",
        "In which order does the worksheet unpack the two?",
        columns("val", "train"),
    ),
    validation_from_training=Mistake(
        "The validation accuracy is computed on the training set",
        "Which X and which y go into each of the two accuracies?",
        {"val": lambda v, _: v.train},
    ),
    training_from_validation=Mistake(
        "The training accuracy is computed on the validation set",
        "Which X and which y go into each of the two accuracies?",
        columns("val", "val"),
    ),
    in_percent=Mistake(
        "The accuracies are in percent",
        "The worksheet's accuracies are fractions from 0 to 1.",
        written(lambda accuracy, count: 100 * accuracy),
    ),
    counts_for_accuracies=Mistake(
        "The results contain numbers of correct predictions",
        "The worksheet's accuracies are fractions from 0 to 1. What divides the count?",
        written(lambda accuracy, count: count * accuracy),
    ),
    errors_for_accuracies=Mistake(
        "The results contain the fraction of wrong predictions",
        "Do you count a comparison with == or with !=?",
        written(lambda accuracy, count: 1 - accuracy),
    ),
)
# Where none of these gives the numbers.
UNEXPLAINED = catalogue(
    results_wrong=Mistake(
        "The results do not contain (training accuracy, validation accuracy)",
        "What is the mean of y == y_pred?",
    ),
    best_val_wrong=Mistake(
        "The best validation accuracy is not the highest one of the results",
        "When is the number updated?",
    ),
    best_model_wrong=Mistake(
        "The model returned is not the one with the highest validation accuracy",
        "When is the model kept: together with its accuracy?",
    ),
)


def agrees(actual: Result, expected: np.ndarray, *_: object) -> bool:
    """Whether numbers are as expected, in shape and in every entry."""
    if actual is None or actual.shape != expected.shape:
        return False
    return bool(np.allclose(actual, expected, atol=1e-6))


GRID = Exercise(STEPS, PLANS, MISTAKES, agrees)
DEFAULT_STEPS = Finding(
    "num_iters_not_set",
    "train gets no num_iters, so each model takes as many steps as train does by "
    "default: 100 in the worksheet's class, which asks for 1,000 here",
    is_remark=True,
)


def diagnose(searches: list[Search]) -> list[Finding]:
    """Find what is wrong with what was done, and with what was returned."""
    if found := shown_in_any(NOT_STARTED, searches):
        return found
    spoiling = shown_in_any(SPOILING, searches)
    found = spoiling + shown_in_any(TRAININGS, searches)
    return found if spoiling else found + diagnose_results(searches)


def diagnose_results(searches: list[Search]) -> list[Finding]:
    """Compare what was returned with the results of the known mistakes."""
    missing = shown_in_any(MISSING, searches)
    results = {
        part: {search.plan: search.result(part) for search in searches}
        for part in STEPS
        if not any(finding.name.startswith(part) for finding in missing)
    }
    if any(search.reuses_models for search in searches):
        results.pop("best_model", None)  # the model is the last anyway
    unknown = [part for part in results if not explain_part(GRID, part, results[part])]
    known = {part: results[part] for part in results if part not in unknown}
    named = [
        replace(finding, part="") for finding in findings(GRID, explain(GRID, known)[0])
    ]
    spoiling = [x for x in named if x.name == "validation_from_training"]
    if spoiling:  # then the choice was between other numbers
        return missing + spoiling
    return [
        *missing,
        *named,
        *find(UNEXPLAINED, (f"{part}_wrong" for part in unknown)),
    ]


def shown_in_any(mistakes: list[Mistake], searches: list[Search]) -> list[Finding]:
    """Return the mistakes that show in one of the searches, each once."""
    shown = (all_shown(mistakes, search) for search in searches)
    return list(dict.fromkeys(itertools.chain(*shown)))


def is_right(f: Callable[..., Any]) -> bool:
    """Whether a function searches as it should."""
    searches = (attempt(search, f, plan) for plan in PLANS)
    return all(
        isinstance(each, Search)
        and not all_shown(NOT_STARTED + SPOILING + TRAININGS, each)
        and num_wrong(each) == 0
        for each in searches
    )


def edits_of_search(f: Callable[..., Any]) -> Iterator[Edit]:
    """Yield the smallest edit that makes a search right."""
    if edit := repair(f, is_right):
        yield edit


def write(f: Callable[..., Any], searches: list[Search]) -> Report:
    """Write what is wrong with what was returned, and with how it came about."""
    if found := diagnose(searches):
        found = with_line(found, run(edits_of_search, f).items)
        return failed(found, compare(max(searches, key=num_wrong)))
    takes_default = any(
        t.num_iters is None for each in searches for t in each.trainings
    )
    remarks = [DEFAULT_STEPS] if takes_default else []
    return passed(
        "Every pair is trained, and the model with the highest validation accuracy is "
        "kept.",
        *(remark.text for remark in remarks),
        "Next: where in the grid is the best pair? If it is at the edge, go further.",
        remarks=remarks,
    )


def num_wrong(search: Search) -> int:
    """Count the parts of the result that are wrong."""
    return sum(
        not agrees(search.result(part), evaluate(GRID, part, search.plan))
        for part in STEPS
    )


def compare(search: Search) -> str:
    """Write the table that was planned, and what was returned."""
    trained = [training.pair for training in search.trainings]
    lines = ["learning rate   reg   train    val   trained   yours"]
    for pair, (train, val) in search.plan.accuracies().items():
        entry = (search.results or {}).get(pair)
        shown = "none" if entry is None else ", ".join(f"{x:.3g}" for x in entry)
        lines.append(
            f"{pair[0]:13g} {pair[1]:5g} {train:7.2f} {val:6.2f} "
            f"{trained.count(pair):7d}x   {shown}"
        )
    best = search.plan.pairs()[int(np.argmax(search.plan.val))]
    return code_block(
        [
            *lines,
            "",
            f"best_val    expected {max(search.plan.val):g}, yours {search.best_val}",
            f"best_model  expected the one of {best}, yours {search.best_pair}",
        ]
    )

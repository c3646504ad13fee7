"""Second phase: find what the answers mean, the plainest trouble first.

Conventions are settled first, then the form of the results, then their numbers: those
of the loss and of the gradient apart, with ordinary scores and then with extreme ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.losses.catalogue import (
    EXTREME_MISTAKES,
    NO_DATA,
    PENALTY_STEPS,
)
from softmax_lib.exercises.losses.conventions import HALVED, PENALTIES, WITHOUT_BIAS
from softmax_lib.exercises.losses.exercise import LossCheck, agrees
from softmax_lib.exercises.losses.forms import FORMS, forms_of, leaves_nothing
from softmax_lib.exercises.losses.inputs import (
    EXTREME,
    HAND_REG,
    IMAGES,
    ORDINARY,
    SINGLE,
    SMALLEST,
    TIES,
    UNLIKE,
    UNLIKE_FIRST,
    UNPENALIZED,
    Input,
)
from softmax_lib.exercises.losses.layouts import LAYOUTS, turn_square_gradients
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.losses.run import Answers, Stop
from softmax_lib.exercises.losses.sight import Sight
from softmax_lib.exercises.mistakes import (
    Mistake,
    Variant,
    all_shown,
    catalogue,
    find,
)
from softmax_lib.exercises.report import Finding
from softmax_lib.exercises.search import (
    UNKNOWN,
    Explanation,
    Result,
    Variants,
    evaluate,
    explain,
    explain_part,
    fewest,
    findings,
)

SHIFTED_UP = {"minimum_subtracted", "maximum_added"}  # worse than no shift at all
UNSTABLE = {"overflow", *(mistake.name for mistake in EXTREME_MISTAKES)}
NOT_OF_ONE = {"changes_W", "changes_X", "changes_y", "differs_when_repeated"}
SCORES_AT_ALL = [*ORDINARY, *EXTREME]
DTYPES = catalogue(
    single_precision=Mistake(
        "With float32 arrays the results differ",
        "",
        shows=lambda is_right: not is_right(SINGLE),
    ),
    integer_images=Mistake(
        "With whole numbers in X (uint8, as images come from a file) the results "
        "differ",
        "What is -X[i] for an unsigned number?",
        shows=lambda is_right: not is_right(IMAGES),
    ),
)


@dataclass(frozen=True)
class Diagnosis:
    """What the answers mean."""

    answers: Answers
    check: LossCheck  # in the convention of the answers
    stop: Stop | None = None  # the call that did not return
    findings: Sequence[Finding] = ()  # the mistakes
    alternatives: Sequence[Sequence[Finding]] = ()  # that give the same results
    unexplained: Sequence[str] = ()  # parts that are wrong by no known mistake
    remarks: Sequence[Finding] = ()  # what is worth knowing besides, and passes
    examples: Sequence[Input] = ()  # where to look for one of a wrong result
    sights: Sequence[Sight] = ()  # where in the code a part goes wrong
    convention: tuple[Mistake, ...] = ()  # in which it is judged
    rest: "Diagnosis | None" = None  # of what does not depend on the line that stops


def diagnose(answers: Answers, check: LossCheck) -> Diagnosis:
    """Return what the answers mean."""
    parts = [part for part in check.parts if part in answers.parts]
    check = replace(check, parts=tuple(parts))
    answers = answers._replace(outputs=turn_square_gradients(answers.outputs))
    diagnosis = Diagnosis(answers, check)
    if answers.layout:
        diagnosis = replace(diagnosis, remarks=[LAYOUTS[answers.layout].finding()])
    outputs = [answers.outputs[given] for given in ORDINARY]
    for given in UNLIKE_FIRST:
        trouble = answers.outputs[given].trouble
        if trouble is not None:
            return replace(diagnosis, stop=Stop(trouble, f"with {given.name}"))
    repeated = [answers.outputs[HAND_REG], answers.traits.repeated]
    forms = [
        name
        for name in forms_of(outputs, repeated)
        if not name.startswith(tuple(set(PARTS) - set(check.parts)) or "-")
        and not is_explained_nan(name, answers, check)
    ]
    missing = [name for name in forms if leaves_nothing(name, outputs, check.parts)]
    if missing:
        left = [
            part
            for part in check.parts
            if len(check.parts) > 1
            if all(output.part(part) is not None for output in outputs)
            and not any(name.startswith((part, "not_started")) for name in missing)
            and "returns_nothing" not in missing
        ]
        if len(left) == 1:
            return with_form(diagnosis, left[0], missing)
        is_written = not {"not_started", "returns_nothing"} & set(missing)
        diagnosis = replace(
            diagnosis,
            findings=find(FORMS, missing),
            examples=ORDINARY if is_written else (),
        )
        halved = replace(
            diagnosis,
            check=check.under((HALVED,)),
            convention=(HALVED,),
            remarks=[*diagnosis.remarks, HALVED.finding()],
        )
        both = (wrong_in_penalty(diagnosis), wrong_in_penalty(halved))
        return halved if both[0] and not both[1] else diagnosis
    return diagnose_numbers(diagnosis, forms)


def with_form(diagnosis: Diagnosis, part: str, missing: Sequence[str]) -> Diagnosis:
    """Diagnose the only part that can be compared, and say what the other one lacks."""
    rest = diagnose(diagnosis.answers, replace(diagnosis.check, parts=(part,)))
    others = [
        replace(finding, part=part)
        for finding in rest.findings
        if finding.name not in missing and finding.name not in NOT_OF_ONE
    ]
    return replace(
        rest,
        check=replace(rest.check, parts=diagnosis.check.parts),
        findings=[*find(FORMS, missing), *others],
        alternatives=(),
        examples=ORDINARY,
    )


def is_explained_nan(name: str, answers: Answers, check: LossCheck) -> bool:
    """Whether known mistakes give these numbers, and NaN where there is NaN."""
    part = name.removesuffix("_is_nan")
    if part == name:
        return False
    results = answers.results(part, [*ORDINARY, *SMALLEST])
    finite = [x for x in results.values() if x is not None and np.isfinite(x).all()]
    return len(finite) > 1 and any(
        explain_part(check.under(convention).ordinary, part, results)
        for convention in PENALTIES[:2]
    )


class Settled(NamedTuple):
    """A convention, and what explains each part in it."""

    convention: tuple[Mistake, ...]
    check: LossCheck  # in this convention
    sets: dict[str, list[Variants]]  # of mistakes, each set an explanation of its part
    terms: dict[str, Variants]  # the mistakes in the penalty, or the data, alone

    @property
    def unknown(self) -> list[str]:
        """The parts that nothing explains."""
        return [part for part, sets in self.sets.items() if not sets]

    @property
    def explained(self) -> list[Explanation]:
        """The best explanations of the other parts."""
        return fewest({part: sets for part, sets in self.sets.items() if sets})

    def cost(self) -> tuple[int, int, int]:
        """Count the unknown parts and the mistakes in the others."""
        serious, total, _ = self.explained[0].cost({})
        in_terms = {variant.name for each in self.terms.values() for variant in each}
        return len(self.unknown), serious + len(in_terms), total


ExplainPart = Callable[[LossCheck, str], tuple[list[Variants], Variants]]


def settle(check: LossCheck, answers: Answers, parts: Sequence[str]) -> Settled:
    """Find the convention in which the fewest mistakes explain the results.

    Single mistakes are tried in all conventions before pairs, and pairs before more
    of them, for the data and for the penalty apart.
    """

    def whole(largest: int) -> ExplainPart:
        return lambda here, part: (
            explain_part(
                here.ordinary,
                part,
                answers.results(part, ORDINARY),
                largest=largest,
            ),
            (),
        )

    def apart(here: LossCheck, part: str) -> tuple[list[Variants], Variants]:
        sets, _ = whole(1)(here, part)
        return (sets, ()) if sets else explain_terms(here, part, answers)

    settled = best(check, parts, PENALTIES, whole(1))
    for explain_more in (whole(2), apart):
        if settled.unknown:
            settled = best(check, parts, PENALTIES[:2], explain_more)
    return settled


def with_shared(settled: Settled, answers: Answers) -> Settled:
    """Explain the rest by a mistake that one part shares with it, and others."""
    exercise, sets = settled.check.ordinary, dict(settled.sets)
    shared = tuple(
        variant
        for variants in settled.explained[0].parts.values()
        for variant in variants
        if exercise.affects_all(variant)
    )
    for part in settled.unknown if shared else ():
        results = answers.results(part, ORDINARY)
        found = explain_part(exercise, part, results, shared)
        sets[part] = [variants + shared for variants in found]
    return settled._replace(sets=sets)


def best(
    check: LossCheck,
    parts: Sequence[str],
    conventions: Sequence[tuple[Mistake, ...]],
    explain_in: ExplainPart,
) -> Settled:
    """Return the convention that leaves the fewest mistakes, the first one of these."""
    tried = []
    for convention in conventions:
        here = check.under(convention)
        found = {part: explain_in(here, part) for part in parts}
        sets = {
            part: [variants for variants in sets if fit(variants, convention)]
            for part, (sets, _) in found.items()
        }
        terms = {part: terms for part, (_, terms) in found.items() if terms}
        tried.append(Settled(convention, here, sets, terms))
        if tried[-1].cost()[:2] == (0, 0):
            break
    return min(tried, key=Settled.cost)


def fit(variants: Variants, convention: tuple[Mistake, ...]) -> bool:
    """Whether mistakes leave a convention to be seen."""
    if WITHOUT_BIAS in convention:
        return not any(variant.changes.keys() & PENALTY_STEPS for variant in variants)
    return HALVED not in convention or "reg_doubled" not in {v.name for v in variants}


def explain_terms(
    check: LossCheck, part: str, answers: Answers
) -> tuple[list[Variants], Variants]:
    """Explain the data and the penalty of a part apart.

    Return the explanations of both together, and, where there is none because one of
    them remains unexplained, the mistakes in the other one alone.
    """
    exercise = check.ordinary
    results = answers.results(part, ORDINARY)
    without = {
        given: answers.outputs[UNPENALIZED[given]].part(part) for given in UNPENALIZED
    }
    penalties: dict[Any, Result] = {
        given: difference(results[given], other) for given, other in without.items()
    }
    data = {UNPENALIZED[given]: other for given, other in without.items()}
    data |= {given: results[given] for given in ORDINARY if given.reg == 0}
    no_data = Variant(NO_DATA, NO_DATA.variants[0].changes)
    of_penalty = [
        variants
        for variants in explain_part(exercise, part, penalties, (no_data,))
        if all(set(v.changes) <= PENALTY_STEPS for v in variants)
    ]
    of_data = explain_part(exercise, part, data)
    if not of_penalty:
        return [], next((each for each in of_data if len(each) == 1), ())
    if of_data:
        return [each + of_penalty[0] for each in of_data], ()
    return [], of_penalty[0]


@np.errstate(all="ignore")
def difference(one: Result, other: Result) -> Result:
    """Return the difference of two results, if both are there."""
    return None if one is None or other is None else one - other


def diagnose_numbers(diagnosis: Diagnosis, forms: list[str]) -> Diagnosis:
    """Compare the numbers with those of the known mistakes."""
    answers, asked = diagnosis.answers, diagnosis.check
    written = [part for part in asked.parts if f"{part}_not_written" not in forms]
    settled = with_shared(settle(asked, answers, written), answers)
    check, unknown = settled.check, settled.unknown
    first, *others = settled.explained
    remarks = [*diagnosis.remarks, *(each.finding() for each in settled.convention)]
    diagnosis = replace(
        diagnosis, check=check, remarks=remarks, convention=settled.convention
    )
    if "loss" in written and is_rounded(answers, check):
        forms, unknown = [*forms, "loss_rounded"], [x for x in unknown if x != "loss"]
    formal = find(FORMS, forms)
    named, unexplained = with_pairs(named_in(settled), unknown, answers)
    if unknown:
        found = [*formal, *named]
        return replace(diagnosis, findings=found, unexplained=unexplained)
    serious = [finding for finding in named if not finding.is_remark]
    light = [finding for finding in named if finding.is_remark]
    unstable = explain_extremes(answers, check, first)
    if unstable is None and asked.has_kinks:  # nothing can overflow
        found = [*formal, *(serious or find(FORMS, ["extreme_scores"]))]
        return replace(diagnosis, findings=found, examples=SCORES_AT_ALL)
    serious, unstable = with_extremes(serious, unstable, answers)
    remarks = unite([*remarks, *light, *unstable])
    if serious:
        ordinary = check.ordinary
        return replace(
            diagnosis,
            findings=[*formal, *serious],
            remarks=remarks,
            alternatives=[findings(ordinary, each) for each in others if likely(each)],
            examples=SCORES_AT_ALL,
        )
    if formal or answers.traits.loops:
        found = formal or find(FORMS, answers.traits.loops)
        return replace(diagnosis, findings=found, remarks=remarks)
    remarks = [*remarks, *other_remarks(answers, check, first)]
    return replace(diagnosis, remarks=remarks)


def named_in(settled: Settled) -> list[Finding]:
    """Name the mistakes that ordinary scores show."""
    exercise, first = settled.check.ordinary, settled.explained[0]
    named = findings(exercise, first, settled.unknown)
    named += in_terms(settled, named)
    without_reg = [x.part for x in named if x.name == "reg_strength_ignored"]
    return [x for x in named if x.name != "reg_missing" or x.part not in without_reg]


def with_pairs(
    named: list[Finding], unknown: list[str], answers: Answers
) -> tuple[list[Finding], list[str]]:
    """Name the line of a loss that pairs each point with each other one's label."""
    line = answers.traits.line_of_pairs
    if not line or "every_label_for_every_point" in names_of(named):
        return named, unknown
    pairs = replace(*find(FORMS, ["pairs_of_points"]), part="loss", line=line)
    named = [
        pairs if (x.name, x.part) == ("not_averaged", "loss") else x for x in named
    ]
    if "loss" in unknown:
        named = [*named, pairs]
    return named, [part for part in unknown if part != "loss"]


def with_extremes(
    serious: list[Finding], unstable: list[Finding] | None, answers: Answers
) -> tuple[list[Finding], list[Finding]]:
    """Return the mistakes at any scores, and the remarks on extreme ones."""
    if unstable is None:
        unstable = [] if serious else find(FORMS, ["overflow"])
    if names_of(unstable) & SHIFTED_UP and not answers.traits.takes_extreme:
        unstable = find(FORMS, ["overflow"])  # of something else than a shift
    known = names_of(serious)
    worse = [x for x in unstable if x.name in SHIFTED_UP]
    again = [x for x in unstable if x.name in known]
    if serious:  # inf and nan alone are poor evidence of this one
        unstable = [x for x in unstable if x.name != "own_score_subtracted"]
    serious = unite([*serious, *again, *worse])
    known = names_of(serious)
    return serious, [
        replace(x, is_remark=True) for x in unstable if x.name not in known
    ]


def likely(found: Explanation) -> bool:
    """Whether an explanation is worth naming beside another one."""
    # A large margin is none at all, and nothing divided by a number is nothing.
    return not {"margin_wrong", "averaged_over_constant"} & {*found.names}


def names_of(found: Sequence[Finding]) -> set[str]:
    """Return the names of mistakes."""
    return {finding.name for finding in found}


def in_terms(settled: Settled, named: Sequence[Finding]) -> list[Finding]:
    """Name the mistakes in one term of a part whose other term is not explained."""
    return [
        variant.mistake.finding(part)
        for part, variants in settled.terms.items()
        for variant in variants
        if variant.name not in names_of(named)
    ]


def explain_extremes(
    answers: Answers, check: LossCheck, known: Explanation
) -> list[Finding] | None:
    """Find the mistakes that show at extreme scores; None if nothing explains them."""
    exercise = check.extreme
    results = {part: answers.results(part, EXTREME) for part in known.parts}
    stops = {
        given: trouble.text.startswith("OverflowError")
        for given in EXTREME
        if (trouble := answers.outputs[given].trouble) is not None
    }
    for part in results:  # `math` stops where NumPy goes on with inf
        results[part] |= {
            given: UNKNOWN
            for given, overflows in stops.items()
            if overflows or (part == "gradient" and len(results) == len(PARTS))
        }
    explained = {
        part: values
        for part, values in results.items()
        if explain_part(exercise, part, values, known.parts[part])
    }
    if not explained:
        return None
    found = findings(exercise, explain(exercise, explained, known.parts)[0])
    is_light = all(finding.is_remark for finding in found)
    if is_light and (len(explained) < len(results) or any(stops.values())):
        return None
    return keep_one_root(found)


def keep_one_root(found: list[Finding]) -> list[Finding]:
    """Keep the missing maximum alone: what else overflows may come from it."""
    root = [x for x in found if x.name == "maximum_not_subtracted"]
    if not root or sum(not x.is_remark for x in found) == 1:
        return found
    return [replace(root[0], part="")]


def unite(found: list[Finding]) -> list[Finding]:
    """Name a mistake once that shows in one part at small scores, in both at large."""
    by_name: dict[str, Finding] = {}
    for finding in found:
        known = by_name.setdefault(finding.name, finding)
        if known.part != finding.part:
            by_name[finding.name] = replace(known, part="")
    return list(by_name.values())


def wrong_parts(diagnosis: Diagnosis, given: Input) -> list[str]:
    """Return the parts that are wrong for an input."""
    output = diagnosis.answers.outputs[given]
    return [
        part
        for part in diagnosis.check.parts
        if not agrees(output.part(part), reference(diagnosis, part, given), part)
    ]


def wrong_without_penalty(diagnosis: Diagnosis) -> list[str]:
    """Return the parts that are there and wrong at reg = 0."""
    return wrong_at_all(diagnosis, UNPENALIZED[UNLIKE])


def wrong_at_all(diagnosis: Diagnosis, given: Input = UNLIKE) -> list[str]:
    """Return the parts that are there and wrong for an input."""
    if diagnosis.stop is not None or not (diagnosis.findings or diagnosis.unexplained):
        return []
    output = diagnosis.answers.outputs[given]
    wrong = wrong_parts(diagnosis, given)
    return [part for part in wrong if output.part(part) is not None]


def wrong_in_penalty(diagnosis: Diagnosis) -> list[str]:
    """Return the parts that are wrong in what reg adds to them."""
    given = UNLIKE
    outputs = diagnosis.answers.outputs
    found = []
    for part in wrong_at_all(diagnosis):
        with_reg, without = (outputs[x].part(part) for x in (given, UNPENALIZED[given]))
        expected = [reference(diagnosis, part, x) for x in (given, UNPENALIZED[given])]
        added = difference(with_reg, without)
        if not agrees(added, expected[0] - expected[1], part):
            found.append(part)
    return found


def reference(diagnosis: Diagnosis, part: str, given: Input) -> np.ndarray:
    """Return what is expected for an input, in the convention of the answers."""
    return evaluate(diagnosis.check.ordinary, part, given)


def is_rounded(answers: Answers, check: LossCheck) -> bool:
    """Whether the losses are the right ones, written with a few digits."""
    right = [evaluate(check.ordinary, "loss", given) for given in ORDINARY]
    losses = list(answers.results("loss", ORDINARY).values())
    return any(losses == list(np.round(right, digits)) for digits in range(1, 9))


def is_subgradient(gradient: Result) -> bool:
    """Whether a gradient of the SVM at `TIES` is one of those that are right there.

    A margin of 0 may count or not, or by a fraction, but the same in both columns.
    """
    if gradient is None:
        return False
    for row, counted, tied in zip(
        len(TIES.X) * gradient, ([], [0, 3]), (0, 2), strict=True
    ):
        expected = np.zeros(len(row))
        expected[counted] = 1
        expected[tied] = np.clip(row[tied], 0, 1)
        expected[1] = -expected.sum()
        if not np.allclose(row, expected):
            return False
    return True


def other_remarks(
    answers: Answers, check: LossCheck, known: Explanation
) -> list[Finding]:
    """Return what is worth knowing besides extreme scores: types of numbers."""

    def is_right(given: Input) -> bool:
        output = answers.outputs[given]
        return output.trouble is not None or all(
            is_close(
                output.part(part),
                evaluate(check.ordinary, part, given, known.parts.get(part, ())),
            )
            for part in check.parts
        )

    found = all_shown(DTYPES, is_right)
    if mixes_ties(answers, check):
        found += find(FORMS, ["ties_counted_by_halves"])
    return found


def mixes_ties(answers: Answers, check: LossCheck) -> bool:
    """Whether a margin of 0 counts in one column and not in the other."""
    asked = check.has_kinks and "gradient" in check.parts
    return asked and not is_subgradient(answers.outputs[TIES].gradient)


def is_close(value: Result, expected: np.ndarray) -> bool:
    """Whether a result is right to the precision of float32."""
    return value is not None and np.allclose(value, expected, rtol=1e-3, atol=1e-4)

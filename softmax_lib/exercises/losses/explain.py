"""Second phase: find what the answers mean, the plainest trouble first.

Conventions are settled first, then the form of the results, then their numbers: those
of the loss and of the gradient apart, with ordinary scores and then with extreme ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from softmax_lib.exercises.losses.conventions import (
    takes_transposed_arrays,
    turn_square_gradients,
)
from softmax_lib.exercises.losses.exercise import LossCheck, agrees
from softmax_lib.exercises.losses.forms import FORMS, forms_of, leaves_nothing
from softmax_lib.exercises.losses.inputs import (
    EXTREME,
    HAND_REG,
    IMAGES,
    ORDINARY,
    SINGLE,
    SMALLEST,
    Input,
)
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.losses.run import Answers, Stop
from softmax_lib.exercises.mistakes import Mistake, all_shown, catalogue, find
from softmax_lib.exercises.report import Finding
from softmax_lib.exercises.search import (
    UNKNOWN,
    Explanation,
    Result,
    evaluate,
    explain,
    explain_part,
    findings,
)

TOO_SLOW = 5  # times the reference, and only a remark
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

    answers: Answers  # in the worksheet's conventions
    stop: Stop | None = None  # the call that did not return
    findings: Sequence[Finding] = ()  # the mistakes
    alternatives: Sequence[Sequence[Finding]] = ()  # that give the same results
    unexplained: Sequence[str] = ()  # parts that are wrong by no known mistake
    remarks: Sequence[Finding] = ()  # what is worth knowing about right results
    examples: Sequence[Input] = ()  # where to look for one of a wrong result


def diagnose(answers: Answers, check: LossCheck) -> Diagnosis:
    """Return what the answers mean."""
    answers = turn_square_gradients(answers)
    diagnosis = Diagnosis(answers)
    if takes_transposed_arrays(answers):
        return replace(diagnosis, findings=find(FORMS, ["other_orientation"]))
    outputs = [answers.outputs[given] for given in ORDINARY]
    for given, output in zip(ORDINARY, outputs, strict=True):
        if output.trouble is not None:
            return replace(diagnosis, stop=Stop(output.trouble, f"with {given.name}"))
    repeated = [answers.outputs[HAND_REG], answers.traits.repeated]
    forms = [
        name
        for name in forms_of(outputs, repeated)
        if not name.startswith(tuple(set(PARTS) - set(check.parts)) or "-")
        and not is_explained_nan(name, answers, check)
    ]
    missing = [name for name in forms if leaves_nothing(name, outputs, check.parts)]
    if missing:
        is_written = not {"not_started", "returns_nothing"} & set(missing)
        return replace(
            diagnosis,
            findings=find(FORMS, missing),
            examples=ORDINARY if is_written else (),
        )
    return diagnose_numbers(diagnosis, check, forms)


def is_explained_nan(name: str, answers: Answers, check: LossCheck) -> bool:
    """Whether known mistakes give these numbers, and NaN where there is NaN."""
    part = name.removesuffix("_is_nan")
    if part == name:
        return False
    results = answers.results(part, [*ORDINARY, *SMALLEST])
    finite = [x for x in results.values() if x is not None and np.isfinite(x).all()]
    return len(finite) > 1 and bool(explain_part(check.ordinary, part, results))


def diagnose_numbers(
    diagnosis: Diagnosis, check: LossCheck, forms: list[str]
) -> Diagnosis:
    """Compare the numbers with those of the known mistakes."""
    answers, exercise = diagnosis.answers, check.ordinary
    written = [part for part in check.parts if f"{part}_not_written" not in forms]
    results = {part: answers.results(part, ORDINARY) for part in written}
    unknown = [
        part for part in written if not explain_part(exercise, part, results[part])
    ]
    known = {part: results[part] for part in written if part not in unknown}
    first, *others = explain(exercise, known)
    named = findings(exercise, first, unknown)
    formal = find(FORMS, forms)
    if unknown and any(name.startswith("changes") for name in forms):
        return replace(diagnosis, findings=formal)
    if unknown:
        return replace(diagnosis, findings=[*formal, *named], unexplained=unknown)
    unstable = explain_extremes(answers, check, first)
    if unstable is None:
        found = [*formal, *(named or find(FORMS, ["extreme_scores"]))]
        return replace(diagnosis, findings=found, examples=SCORES_AT_ALL)
    serious = unite([*named, *(x for x in unstable if not x.is_remark)])
    if serious:
        return replace(
            diagnosis,
            findings=[*formal, *serious],
            alternatives=[findings(exercise, each) for each in others],
            examples=SCORES_AT_ALL,
        )
    if forms or answers.traits.loops:
        return replace(diagnosis, findings=find(FORMS, forms or answers.traits.loops))
    return replace(diagnosis, remarks=[*unstable, *other_remarks(answers, check)])


def explain_extremes(
    answers: Answers, check: LossCheck, known: Explanation
) -> list[Finding] | None:
    """Find the mistakes that show at extreme scores; None if nothing explains them."""
    exercise = check.extreme
    results = {part: answers.results(part, EXTREME) for part in known.parts}
    if len(results) == len(PARTS):  # math.log(0) stops before the gradient
        stops = [g for g in EXTREME if answers.outputs[g].trouble is not None]
        results["gradient"] |= dict.fromkeys(stops, UNKNOWN)
    explained = {
        part: values
        for part, values in results.items()
        if explain_part(exercise, part, values, known.parts[part])
    }
    if not explained:
        return None
    found = findings(exercise, explain(exercise, explained, known.parts)[0])
    if len(explained) < len(results) and all(finding.is_remark for finding in found):
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


def wrong_parts(answers: Answers, check: LossCheck, given: Input) -> list[str]:
    """Return the parts that are wrong for an input."""
    return [
        part
        for part in check.parts
        if not agrees(
            answers.outputs[given].part(part),
            evaluate(check.ordinary, part, given),
            part,
        )
    ]


def other_remarks(answers: Answers, check: LossCheck) -> list[Finding]:
    """Return what is worth knowing besides extreme scores: types of numbers, time."""

    def is_right(given: Input) -> bool:
        output = answers.outputs[given]
        return output.trouble is not None or all(
            is_close(output.part(part), evaluate(check.ordinary, part, given))
            for part in check.parts
        )

    found = all_shown(DTYPES, is_right)
    ratio = answers.traits.slowness
    if ratio is not None and ratio >= TOO_SLOW:
        sentence = f"It takes {ratio:.0f} times as long as the reference"
        found.append(Finding("slow", sentence))
    return found


def is_close(value: Result, expected: np.ndarray) -> bool:
    """Whether a result is right to the precision of float32."""
    return value is not None and np.allclose(value, expected, rtol=1e-3, atol=1e-4)

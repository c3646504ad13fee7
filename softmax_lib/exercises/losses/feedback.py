"""Third phase: write down what the answers mean."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from softmax_lib.exercises.errors import stopped
from softmax_lib.exercises.losses.counterexample import example
from softmax_lib.exercises.losses.exercise import LossCheck, agrees
from softmax_lib.exercises.losses.explain import Diagnosis, wrong_parts
from softmax_lib.exercises.losses.inputs import HAND_REG, ORDINARY, SMALLEST, Input
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.report import Report, failed, passed
from softmax_lib.exercises.search import evaluate

# "right in these cases, and wrong otherwise"
CASES = {
    "with reg = 0": lambda given: given.reg == 0,
    "with a single point": lambda given: len(given.y) == 1,
    "with two classes": lambda given: given.W.shape[1] == 2,
}


def write(diagnosis: Diagnosis, check: LossCheck) -> Report:
    """Write the report."""
    if diagnosis.stop is not None:
        return stopped(*diagnosis.stop)
    if diagnosis.unexplained:
        return unexplained(diagnosis, check)
    if not diagnosis.findings:
        return right(diagnosis, check)
    doubts = [
        "Equally possible: " + " ".join(finding.text for finding in findings)
        for findings in diagnosis.alternatives[:2]
    ]
    return failed(
        diagnosis.findings,
        *doubts,
        right_part(diagnosis, check),
        first_difference(diagnosis, check, diagnosis.examples),
    )


def right(diagnosis: Diagnosis, check: LossCheck) -> Report:
    """Report right results, and what is worth knowing about them."""
    agree = "agree" if len(check.parts) > 1 else "agrees"
    return passed(
        f"The {' and '.join(check.parts)} {agree} with the reference: at reg = 0 and "
        "above, for one and for several points, for small and for large scores.",
        *(f"{remark.text} {remark.hint}".rstrip() for remark in diagnosis.remarks),
        check.next_step,
        remarks=diagnosis.remarks,
    )


def right_part(diagnosis: Diagnosis, check: LossCheck) -> str:
    """Say which part is right, if only one is."""
    wrong = {
        p for given in ORDINARY for p in wrong_parts(diagnosis.answers, check, given)
    }
    if len(check.parts) == 2 and len(wrong) == 1:
        return f"The {'loss' if 'gradient' in wrong else 'gradient'} is right."
    return ""


def first_difference(
    diagnosis: Diagnosis, check: LossCheck, inputs: Iterable[Input]
) -> str:
    """Write the first example in which something is wrong."""
    for given in inputs:
        if parts := wrong_parts(diagnosis.answers, check, given):
            expected = {part: evaluate(check.ordinary, part, given) for part in parts}
            return example(given, expected, diagnosis.answers.outputs[given])
    return ""


def unexplained(diagnosis: Diagnosis, check: LossCheck) -> Report:
    """Say that no known mistake fits, and show the smallest failing example."""
    parts = diagnosis.unexplained
    facts = [
        right_part(diagnosis, check),
        *(fact for part in parts for fact in facts_of(diagnosis, check, part)),
    ]
    own = diagnosis.answers.traits.own_gradient
    gradient = diagnosis.answers.outputs[HAND_REG].gradient
    if (
        list(parts) == list(PARTS)
        and own is not None
        and agrees(gradient, own, "gradient")
    ):
        facts.append("The gradient is that of your own loss, so begin with the loss.")
    return failed(
        diagnosis.findings,
        *(f"Besides: {finding.text}" for finding in diagnosis.findings),
        " ".join(filter(None, facts)),
        first_difference(diagnosis, check, [*SMALLEST, *ORDINARY]),
        opening=f"The {' and '.join(parts)} {'are' if len(parts) > 1 else 'is'} wrong, "
        "by none of the mistakes that this check knows, alone or in pairs.",
        hint="Work this example out by hand, line by line, beside your code.",
    )


def facts_of(diagnosis: Diagnosis, check: LossCheck, part: str) -> list[str]:
    """Say in which cases a part is right, and by which factor it is wrong."""
    inputs = [*ORDINARY, *SMALLEST]
    wrong = [g for g in inputs if part in wrong_parts(diagnosis.answers, check, g)]
    cases = [
        f"The {part} is right {case}, and wrong otherwise."
        for case, applies in CASES.items()
        if not any(map(applies, wrong))
    ]
    return [*cases, *constant_factor(diagnosis, check, part)]


def constant_factor(diagnosis: Diagnosis, check: LossCheck, part: str) -> list[str]:
    """Say by which factor a part, or one of its two terms, is wrong for every input."""
    whole, without_reg, penalty = [], [], []
    for given in ORDINARY:
        value = diagnosis.answers.outputs[given].part(part)
        if value is None:
            return []
        expected = evaluate(check.ordinary, part, given)
        data = evaluate(check.ordinary, part, replace(given, reg=0.0))
        whole.append((value, expected))
        if given.reg == 0:
            without_reg.append((value, data))
        else:
            penalty.append((value - data, expected - data))
    terms = {
        f"The {part} is {{}} times the right one for every input.": whole,
        f"With reg = 0 the {part} is {{}} times the right one.": without_reg,
        f"The regularization in the {part} is {{}} times the right one.": penalty,
    }
    for text, pairs in terms.items():
        factor = common_factor(pairs, part)
        if factor is not None and not np.isclose(factor, 1, rtol=1e-4):
            return [text.format(f"{factor:.4g}")]
    return []


@np.errstate(all="ignore")
def common_factor(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], part: str
) -> float | None:
    """Return the factor by which all values differ from the expected ones, if any."""
    factors = []
    for value, expected in pairs:
        place = np.unravel_index(np.abs(expected).argmax(), expected.shape)
        factors.append(float(value[place] / expected[place]))
        if not agrees(value, expected * factors[-1], part):
            return None
    is_common = np.ptp(factors) <= 1e-4 * np.abs(factors).max()  # NaN is no factor
    return factors[0] if is_common else None

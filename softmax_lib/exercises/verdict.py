"""What a reader's answers mean: right, a known mistake, or an unknown one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from softmax_lib.exercises.answers import Answer
from softmax_lib.exercises.calculation import PARTS, REMARKS, Fault, Loss, calculate
from softmax_lib.exercises.diagnosis import (
    UNKNOWN,
    Explanation,
    Finding,
    agrees,
    explain,
    explanations,
    findings,
)
from softmax_lib.exercises.evidence import example
from softmax_lib.exercises.messages import (
    FORMS,
    as_hint,
    numbered,
    of_messages,
    stopped,
)
from softmax_lib.exercises.probes import (
    EXTREME,
    HAND_REG,
    IMAGES,
    ORDINARY,
    SINGLE,
    SMALLEST,
    Probe,
)
from softmax_lib.exercises.report import Report, failed, passed
from softmax_lib.exercises.runner import Trouble

TOO_SLOW = 5  # times the reference, and only a remark
CASES: dict[str, Callable[[Probe], bool]] = {
    "with reg = 0": lambda probe: probe.reg == 0,
    "with a single point": lambda probe: len(probe.y) == 1,
    "with two classes": lambda probe: probe.W.shape[1] == 2,
}


class Subject(NamedTuple):
    """What is checked: which loss, which of its parts, and against which faults."""

    loss: Loss
    faults: Sequence[Fault]
    extremes: Sequence[Fault]
    parts: tuple[str, ...] = PARTS
    without_loops: bool = False


def diagnose(results: dict[str, Any], subject: Subject, what_next: str) -> Report:
    """Say what the answers mean, the plainest trouble first."""
    results = all_transposed(results)
    answers = [results[probe.name] for probe in ORDINARY]
    oblong = all(answer.trouble is not None for answer in answers[:2])
    turned = results["turned"]
    if oblong and turned.loss is not None and turned.dW is not None:
        return of_messages(FORMS, ["other_orientation"])
    for probe, answer in zip(ORDINARY, answers, strict=True):
        if answer.trouble is not None:
            return stopped(answer.trouble, f"with {probe.name}")
    forms = [
        name
        for name in forms_of(answers, subject)
        if not name.endswith("_is_nan")
        or not nan_is_known(results, name.removesuffix("_is_nan"), subject)
    ]
    if not same_answers(results[HAND_REG.name], results["again"]):
        forms.append("differs_when_repeated")
    unusable = [name for name in forms if part_is_missing(name, answers, subject)]
    if unusable:
        example = (
            first_difference(results, subject, ORDINARY) if written(unusable) else ""
        )
        return of_messages(FORMS, unusable, example)
    return of_numbers(results, subject, forms, what_next)


def written(forms: Sequence[str]) -> bool:
    """Whether there are numbers that an example can show."""
    return not {"not_started", "returns_nothing"} & set(forms)


def all_transposed(results: dict[str, Any]) -> dict[str, Any]:
    """Turn the square gradients over, too, where all others are transposed."""
    shapes = {p.name: p.W.shape for p in [*ORDINARY, *EXTREME, *SMALLEST]}
    oblong = [name for name, (D, C) in shapes.items() if D != C]
    if not all("gradient_transposed" in results[name].forms for name in oblong):
        return results
    square = {
        name: results[name]._replace(dW=results[name].dW.T)
        for name, (D, C) in shapes.items()
        if D == C and results[name].dW is not None
    }
    return results | square


def same_answers(a: Answer, b: Answer) -> bool:
    """Whether two answers to the same question are the same."""
    pairs = [(a.loss, b.loss), (a.dW, b.dW)]
    return all(
        x is y or np.array_equal(x, y, equal_nan=True)
        for x, y in pairs
        if x is not None and y is not None
    )


def forms_of(answers: Sequence[Answer], subject: Subject) -> list[str]:
    """Name what is wrong with the form of the answers, and what is not written yet."""
    zero = {part: all(is_zero(value_of(a, part)) for a in answers) for part in PARTS}
    names = [name for answer in answers for name in answer.forms]
    names += [f"changes_{name}" for answer in answers for name in answer.changed]
    names += [f"{part}_is_nan" for part in PARTS if is_nan(answers, part)]
    if "loss_for_each_point" in names:  # of a single point it has one entry
        names = [name for name in names if name != "loss_is_an_array"]
    if all(zero.values()):
        names.append("not_started")
    else:
        names += [f"{part}_not_written" for part in PARTS if zero[part]]
    not_asked = tuple(part for part in PARTS if part not in subject.parts)
    names = [name for name in names if not name.startswith(not_asked or "-")]
    return list(dict.fromkeys(names))


def is_nan(answers: Sequence[Answer], part: str) -> bool:
    """Whether a part is there, and not finite for ordinary numbers."""
    values = [value_of(answer, part) for answer in answers]
    return any(x is not None and not np.isfinite(x).all() for x in values)


def nan_is_known(results: dict[str, Any], part: str, subject: Subject) -> bool:
    """Whether known faults give these numbers, and NaN where there is NaN."""
    probes = [*ORDINARY, *SMALLEST]
    values = [value_of(results[probe.name], part) for probe in probes]
    finite = [x for x in values if x is not None and np.isfinite(x).all()]
    return len(finite) > 1 and bool(
        explanations(subject.loss, part, subject.faults, probes, values)
    )


def is_zero(value: np.ndarray | None) -> bool:
    """Whether a result is there and all zeros."""
    return value is not None and not value.any()


def value_of(answer: Answer, part: str) -> np.ndarray | None:
    """Return the loss or the gradient of an answer."""
    return answer.loss if part == "loss" else answer.dW


def part_is_missing(name: str, answers: Sequence[Answer], subject: Subject) -> bool:
    """Whether a fault of form leaves nothing to compare."""
    if name in ("not_started", "returns_nothing", "gradient_of_integers"):
        return True
    if name.endswith("_is_nan"):
        return True
    if name.endswith("_not_written"):
        return len(subject.parts) == 1
    return any(value_of(a, part) is None for a in answers for part in subject.parts)


def of_numbers(
    results: dict[str, Any], subject: Subject, forms: list[str], what_next: str
) -> Report:
    """Compare the numbers with those of the known faults."""
    unwritten = {name.removesuffix("_not_written") for name in forms}
    parts = [part for part in subject.parts if part not in unwritten]
    answers = collect(results, ORDINARY, parts)
    explained = [
        part
        for part in parts
        if explanations(subject.loss, part, subject.faults, ORDINARY, answers[part])
    ]
    found = explain(
        subject.loss,
        subject.faults,
        ORDINARY,
        {part: answers[part] for part in explained},
    )
    if len(explained) < len(parts) and any(
        name.startswith("changes") for name in forms
    ):
        return of_messages(FORMS, forms)
    if len(explained) < len(parts):
        return unexplained(results, subject, forms, parts, found[0])
    return explained_report(results, subject, forms, found, what_next)


def collect(
    results: dict[str, Any], probes: Sequence[Probe], parts: Sequence[str]
) -> dict[str, list[np.ndarray | None]]:
    """Return the results of each part, probe by probe."""
    return {part: [value_of(results[p.name], part) for p in probes] for part in parts}


def explained_report(
    results: dict[str, Any],
    subject: Subject,
    forms: list[str],
    found: list[Explanation],
    what_next: str,
) -> Report:
    """Report the faults of the first explanation, and those at extreme scores."""
    named, *others = [findings(subject.loss, subject.faults, each) for each in found]
    unstable = at_extremes(results, subject, found[0])
    if unstable is None:
        return unstable_report(results, subject, forms, named)
    serious = merged([*named, *filter(is_serious, unstable)])
    if serious:
        return faulty(results, subject, forms, serious, others)
    if forms:
        return of_messages(FORMS, forms, what_is_right(results, subject))
    return right(results, subject, unstable, what_next)


def at_extremes(
    results: dict[str, Any], subject: Subject, known: Explanation
) -> list[Finding] | None:
    """Find the faults that show at extreme scores; None if nothing explains them."""
    asked = collect(results, EXTREME, list(known.faults))
    if "gradient" in asked and "loss" in asked:  # math.log(0) stops before the gradient
        stops = [results[probe.name].trouble is not None for probe in EXTREME]
        asked["gradient"] = [
            UNKNOWN if stopped_there else value
            for stopped_there, value in zip(stops, asked["gradient"], strict=True)
        ]
    explained = {
        part: answers
        for part, answers in asked.items()
        if explanations(
            subject.loss, part, subject.extremes, EXTREME, answers, known.faults[part]
        )
    }
    if not explained:
        return None
    best = explain(subject.loss, subject.extremes, EXTREME, explained, known.faults)[0]
    found = findings(subject.loss, subject.extremes, best)
    if len(explained) < len(known.faults) and not any(map(is_serious, found)):
        return None
    return with_one_root(found)


def is_serious(finding: Finding) -> bool:
    """Whether a finding is more than a remark."""
    return finding.fault.name not in REMARKS


def merged(found: list[Finding]) -> list[Finding]:
    """Name a fault once that shows in one part at small scores, in both at large."""
    by_name: dict[str, Finding] = {}
    for x in found:
        name = x.fault.name
        known = by_name.setdefault(name, x)
        if known.where != x.where:
            by_name[name] = known._replace(where="")
    return list(by_name.values())


def with_one_root(found: list[Finding]) -> list[Finding]:
    """Keep the missing maximum alone: what else overflows may come from it."""
    root = [x for x in found if x.fault.name == "maximum_not_subtracted"]
    if not root or len(list(filter(is_serious, found))) == 1:
        return found
    return [root[0]._replace(where="")]


def faulty(
    results: dict[str, Any],
    subject: Subject,
    forms: list[str],
    named: list[Finding],
    others: list[list[Finding]],
) -> Report:
    """Report known faults, with an example and a hint."""
    names = [*forms, *(finding.name for finding in named)]
    sentences = [
        *(FORMS[name].sentence for name in forms),
        *(x.sentence for x in named),
    ]
    hints = [*(FORMS[name].hint for name in forms), *(x.fault.hint for x in named)]
    doubt = [
        "Equally possible: " + " ".join(finding.sentence for finding in other)
        for other in others[:2]
    ]
    return failed(
        " + ".join(names),
        numbered(sentences),
        *doubt,
        what_is_right(results, subject),
        first_difference(results, subject, [*ORDINARY, *EXTREME]),
        as_hint(*hints),
    )


def differing_parts(
    results: dict[str, Any], subject: Subject, probe: Probe
) -> list[str]:
    """Return the parts that are wrong for a probe."""
    return [
        part
        for part in subject.parts
        if not agrees(
            value_of(results[probe.name], part),
            calculate(subject.loss, part, probe),
            part,
        )
    ]


def first_difference(
    results: dict[str, Any], subject: Subject, probes: Sequence[Probe]
) -> str:
    """Write the first example in which something is wrong."""
    for probe in probes:
        parts = differing_parts(results, subject, probe)
        if parts:
            expected = {part: calculate(subject.loss, part, probe) for part in PARTS}
            return example(probe, expected, results[probe.name], parts)
    return ""


def what_is_right(results: dict[str, Any], subject: Subject) -> str:
    """Say which part is right, if one is."""
    wrong = {p for probe in ORDINARY for p in differing_parts(results, subject, probe)}
    if len(subject.parts) == 2 and len(wrong) == 1:
        (right_part,) = set(PARTS) - wrong
        return f"The {right_part} is right."
    return ""


def unstable_report(
    results: dict[str, Any], subject: Subject, forms: list[str], named: list[Finding]
) -> Report:
    """Report numbers that are explained only while the scores are small."""
    if named:
        return faulty(results, subject, forms, named, [])
    return failed(
        " + ".join([*forms, "extreme_scores"]),
        "With ordinary scores everything is right, but not with this example:",
        first_difference(results, subject, EXTREME),
        as_hint(
            "Which of your intermediate results is inf, nan or 0 there? Print them."
        ),
    )


def unexplained(
    results: dict[str, Any],
    subject: Subject,
    forms: list[str],
    parts: list[str],
    found: Explanation,
) -> Report:
    """Say honestly that no known fault fits, and show the smallest failing example."""
    unknown = [part for part in parts if part not in found.faults]
    named = findings(subject.loss, subject.faults, found, unknown)
    which = " and ".join(unknown)
    known = [*(FORMS[name].sentence for name in forms), *(x.sentence for x in named)]
    return failed(
        " + ".join([*forms, *(finding.name for finding in named)]) or None,
        f"The {which} {'are' if len(unknown) > 1 else 'is'} wrong, by none of the "
        "mistakes that this check knows, alone or in pairs.",
        *(f"Besides: {sentence}" for sentence in known),
        " ".join(facts(results, subject, unknown)),
        first_difference(results, subject, [*SMALLEST, *ORDINARY]),
        as_hint("Work this example out by hand, line by line, beside your code."),
    )


def facts(results: dict[str, Any], subject: Subject, unknown: list[str]) -> list[str]:
    """Say what is known of results that no fault explains."""
    found = [what_is_right(results, subject)]
    for part in unknown:
        found += cases_that_are_right(results, subject, part)
        found += constant_factors(results, subject, part)
    own = results["slopes"]
    if (
        unknown == list(PARTS)
        and not isinstance(own, Trouble)
        and agrees(results[HAND_REG.name].dW, own, "gradient")
    ):
        found.append("The gradient is that of your own loss, so begin with the loss.")
    return list(filter(None, found))


def cases_that_are_right(
    results: dict[str, Any], subject: Subject, part: str
) -> list[str]:
    """Name the cases in which a part is right."""
    probes = [*ORDINARY, *SMALLEST]
    wrong = {p.name for p in probes if part in differing_parts(results, subject, p)}
    return [
        f"The {part} is right {case}, and wrong otherwise."
        for case, applies in CASES.items()
        if not wrong & {probe.name for probe in probes if applies(probe)}
    ]


def constant_factors(results: dict[str, Any], subject: Subject, part: str) -> list[str]:
    """Say by which factor a part, or one of its two terms, is wrong for every input."""
    answers = []
    for probe in ORDINARY:
        value = value_of(results[probe.name], part)
        if value is None:
            return []
        expected = calculate(subject.loss, part, probe)
        data = calculate(subject.loss, part, replace(probe, reg=0.0))
        answers.append((probe.reg, value, expected, data))
    pairs = {
        f"The {part} is {{}} times the right one for every input.": [
            (value, expected) for _, value, expected, _ in answers
        ],
        f"With reg = 0 the {part} is {{}} times the right one.": [
            (value, data) for reg, value, _, data in answers if reg == 0
        ],
        f"The regularization in the {part} is {{}} times the right one.": [
            (value - data, expected - data)
            for reg, value, expected, data in answers
            if reg != 0
        ],
    }
    factors = {text: common_factor(each, part) for text, each in pairs.items()}
    return [
        text.format(f"{factor:.4g}")
        for text, factor in factors.items()
        if factor is not None and not np.isclose(factor, 1, rtol=1e-4)
    ][:1]


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
    spread = np.ptp(factors) <= 1e-4 * np.abs(factors).max()  # NaN is no factor
    return factors[0] if spread else None


def right(
    results: dict[str, Any], subject: Subject, unstable: list[Finding], what_next: str
) -> Report:
    """Report right numbers, unless loops are left that should not be."""
    loops = results.get("loops", [])
    if isinstance(loops, list) and loops:
        return of_messages(FORMS, loops)
    remarks = {finding.name: remark(finding) for finding in unstable}
    remarks |= dtype_remarks(results, subject) | slow_remark(results.get("slowness"))
    subjects = " and ".join(subject.parts)
    agree = "agrees" if len(subject.parts) == 1 else "agree"
    return passed(
        f"The {subjects} {agree} with the reference: at reg = 0 and above, for one and "
        "for several points, for small and for large scores.",
        *remarks.values(),
        what_next,
        remark=" + ".join(remarks) or None,
    )


def remark(finding: Finding) -> str:
    """Say what is right as far as the worksheet goes, and where it ends."""
    return (
        "One thing to know, for when a score lies hundreds behind: "
        f"{finding.fault.sentence[0].lower()}{finding.fault.sentence[1:]}. "
        f"{finding.fault.hint}"
    )


def dtype_remarks(results: dict[str, Any], subject: Subject) -> dict[str, str]:
    """Say for which types of numbers the results differ."""
    texts = {
        "single_precision": (SINGLE, "With float32 arrays the results differ."),
        "integer_images": (
            IMAGES,
            "With whole numbers in X (uint8, as images come from a file) the results "
            "differ. What is -X[i] for an unsigned number?",
        ),
    }
    return {
        name: text
        for name, (probe, text) in texts.items()
        if results[probe.name].trouble is None
        and not all(is_close(results, subject, part, probe) for part in subject.parts)
    }


def is_close(
    results: dict[str, Any], subject: Subject, part: str, probe: Probe
) -> bool:
    """Whether a part is right as far as float32 goes."""
    value = value_of(results[probe.name], part)
    expected = calculate(subject.loss, part, probe)
    return value is not None and np.allclose(value, expected, rtol=1e-3, atol=1e-4)


def slow_remark(ratio: Any) -> dict[str, str]:
    """Say that a function is slow, if it is by far."""
    if not isinstance(ratio, float) or ratio < TOO_SLOW:
        return {}
    return {"slow": f"It takes {ratio:.0f} times as long as the reference does."}

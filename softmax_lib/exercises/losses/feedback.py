"""Third phase: write down what the answers mean."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from softmax_lib.exercises.errors import ERRORS, has_plain_cause, is_of_shapes, stopped
from softmax_lib.exercises.losses.catalogue import NO_DATA
from softmax_lib.exercises.losses.conventions import CONVENTIONS
from softmax_lib.exercises.losses.counterexample import example
from softmax_lib.exercises.losses.exercise import agrees
from softmax_lib.exercises.losses.explain import (
    UNSTABLE,
    Diagnosis,
    reference,
    wrong_parts,
)
from softmax_lib.exercises.losses.forms import FORM_NAMES, OF_A_LINE
from softmax_lib.exercises.losses.inputs import HAND_REG, ORDINARY, SMALLEST, Input
from softmax_lib.exercises.losses.reference import PARTS
from softmax_lib.exercises.losses.run import Made
from softmax_lib.exercises.losses.sight import Sight
from softmax_lib.exercises.mistakes import find, first_shown
from softmax_lib.exercises.report import Finding, Report, failed, passed
from softmax_lib.exercises.sandbox import Trouble

# "right in these cases, and wrong otherwise"
CASES = {
    "with reg = 0": lambda given: given.reg == 0,
    "with a single point": lambda given: len(given.y) == 1,
    "with two classes": lambda given: given.W.shape[1] == 2,
}

WITHOUT_LINE = "What does not depend on this line is not right, either. "
WITH_ANOTHER = "With that mended, something else is not right, either. "
YEARS = {mistake.name for mistake in CONVENTIONS}


def write(diagnosis: Diagnosis) -> Report:
    """Write the report."""
    if diagnosis.stop is not None:
        return stop(diagnosis, *diagnosis.stop)
    diagnosis = with_lines(diagnosis)
    if diagnosis.unexplained:
        return unexplained(diagnosis)
    if not diagnosis.findings:
        return right(diagnosis)
    arrays = [x.name[-1] for x in diagnosis.findings if x.name.startswith("changes_")]
    unchanged = f"All else is judged with {' and '.join(arrays)} left as before."
    doubts = [
        "Equally possible: " + " ".join(finding.text for finding in findings)
        for findings in diagnosis.alternatives[:2]
    ]
    return failed(
        diagnosis.findings,
        unchanged if arrays else "",
        *doubts,
        right_part(diagnosis),
        first_difference(diagnosis, diagnosis.examples),
        *map(worth_knowing, diagnosis.remarks),
        remarks=diagnosis.remarks,
    )


def stop(diagnosis: Diagnosis, trouble: Trouble, circumstances: str) -> Report:
    """Report what stops the function, and what is wrong besides."""
    rest = with_lines(diagnosis.rest) if diagnosis.rest else None
    only = rest.check.parts[0] if rest and len(rest.check.parts) == 1 else ""
    besides = [
        replace(finding, part=finding.part or only)
        for finding in (rest.findings if rest else ())
        if finding.name != "not_started" and "not_written" not in finding.name
    ]
    amendment = rest.answers.amendment if rest is not None else None
    other = WITH_ANOTHER if amendment is not None else WITHOUT_LINE
    symptom = first_shown(ERRORS, trouble)[0]
    cause = amendment.finding() if amendment is not None else None
    if cause is not None and cause.name == "wrong_line":
        is_of_line = cause.line and not has_plain_cause(trouble)
        cause = caused(symptom, cause) if is_of_line else None
    names = re.findall(r"[A-Za-z_]\w*", trouble.line) if is_of_shapes(trouble) else []
    arrays = [made for made in diagnosis.answers.traits.made if made.name in names]
    for made in arrays:
        if made.fixed > 3 and not (amendment and amendment.name):
            told = f"`{made.name}` is of length {made.fixed} whatever W and X are"
            cause = caused(symptom, Finding("", told, line=made.line))
    shapes = shapes_of(arrays)
    settled = [x for x in (rest.remarks if rest else ()) if x.name in YEARS]
    unknown = rest.unexplained if rest else []
    asked = (besides, unknown, cause, shapes, other, map(worth_knowing, settled))
    return stopped(trouble, circumstances, *asked)


def caused(finding: Finding, cause: Finding) -> Finding:
    """Add to a finding which line brings a symptom about."""
    sentence = f"{finding.sentence}. {cause.sentence}"
    return replace(finding, sentence=sentence, line=cause.line)


def shapes_of(arrays: Sequence[Made]) -> str:
    """Write the shapes of the arrays in the line that stops, and their lines."""
    shapes = [f"`{x.name}` is {x.shape} since line {x.line}" for x in arrays]
    return "; ".join(shapes) + "." if shapes else ""


def with_lines(diagnosis: Diagnosis) -> Diagnosis:
    """Name the line of a mistake that no catalogue has, and add it to one that has."""
    diagnosis = compared(diagnosis)
    sights: dict[tuple[str, bool], list[Sight]] = {}
    for sight in diagnosis.sights:
        sights.setdefault((sight.part, sight.of_penalty), []).append(sight)
    found: Sequence[Finding] = diagnosis.findings
    told: list[str] = []
    both = sights.pop(("", False), [None])[0]
    if both is not None and replaces_data(diagnosis, both):
        found, told = without_data(diagnosis, both), list(diagnosis.unexplained)
        sights = {key: each for key, each in sights.items() if key[1]}
    elif both is not None and is_one_line(both):
        shared = [x for x in of_data(diagnosis) if not x.part]
        found = [replace(x, line=both.lines[0]) if x in shared else x for x in found]
        sights = {key: each for key, each in sights.items() if key[1] or not shared}
    for group in sights.values():
        asked = [*diagnosis.unexplained, *told]
        found, is_told = with_line_of(diagnosis, found, group, asked)
        told += [group[0].part] if is_told else []
    return replace(
        diagnosis,
        findings=once_per_line(found),
        unexplained=[x for x in diagnosis.unexplained if x not in told],
        examples=diagnosis.examples or [*SMALLEST, *ORDINARY],
    )


def compared(diagnosis: Diagnosis) -> Diagnosis:
    """Return it with remarks that don't say of a wrong penalty what year it is of."""
    if not any(map(is_of_penalty, diagnosis.findings)):
        return diagnosis
    words = re.compile("^Your penalty is ")
    told = [
        replace(x, sentence=words.sub("The penalty is compared with ", x.sentence))
        for x in diagnosis.remarks
    ]
    return replace(diagnosis, remarks=told)


def replaces_data(diagnosis: Diagnosis, both: Sight) -> bool:
    """Whether one line that spoils both parts says more than the mistakes found."""
    are_several = len({x.name for x in of_data(diagnosis)}) > 1
    return bool(are_several or diagnosis.unexplained or are_nan(diagnosis))


def without_data(diagnosis: Diagnosis, both: Sight) -> list[Finding]:
    """Put one line in the place of all mistakes of the data."""
    symptoms = are_nan(diagnosis)
    gone = [*of_data(diagnosis), *symptoms]
    line = both.finding()
    kept = [x for x in diagnosis.findings if x not in gone]
    return [*kept, caused(symptoms[0], line) if symptoms else line]


def of_data(diagnosis: Diagnosis) -> list[Finding]:
    """Return the mistakes of either part that are none of its penalty alone."""
    return [x for part in PARTS for x in data_mistakes(diagnosis, part)]


def are_nan(diagnosis: Diagnosis) -> list[Finding]:
    """Return what says that a part is NaN."""
    return [x for x in diagnosis.findings if x.name.endswith("_is_nan")]


def with_line_of(
    diagnosis: Diagnosis,
    found: Sequence[Finding],
    group: Sequence[Sight],
    asked: Sequence[str],
) -> tuple[Sequence[Finding], bool]:
    """Add the lines of one part to its mistakes; say whether they stand for them.

    They may stand alone in the parts that are ``asked``.
    """
    sight, *others = group
    part, of_penalty = sight.part, sight.of_penalty
    if of_penalty and sight.balance[0]:
        kept = [x for x in found if not is_of_penalty(x)]
        return [*kept, replace(sight.finding(), name="penalty_twice")], False
    formless = [x for x in found if OF_A_LINE.get(x.name) == part]
    if formless:
        is_named = sight.lines and not sight.name.startswith("result_")
        if formless[0].line is not None or not is_named:
            return found, False
        cause = caused(formless[0], sight.finding())
        return [*put(found, formless[0], cause), *findings_of(diagnosis, others)], False
    several = data_mistakes(diagnosis, part)
    if sight.is_sure and len(several) > 1:
        found = without_part(diagnosis, found, several, part)
        return [*found, *findings_of(diagnosis, group)], True
    of_part = [
        x
        for x in found
        if shows_in(diagnosis, x, part) and is_of_penalty(x) == of_penalty
    ]
    if not of_part and part in asked:
        return [*found, *findings_of(diagnosis, group)], True
    if len(of_part) != 1 or not sight.lines:
        return found, False
    mistake, line = of_part[0], sight.finding()
    if is_sum(sight) and is_no_data(mistake):
        zero = replace(line, sentence="The part from the data is zero")
        return put(found, mistake, caused(zero, line)), False
    if is_one_line(sight):
        is_written = is_no_data(mistake)  # and is zero
        return put(found, mistake, line if is_written else at(mistake, sight)), False
    return found, False


def put(found: Sequence[Finding], old: Finding, new: Finding) -> list[Finding]:
    """Return the mistakes with one of them in another's place."""
    return [new if x is old else x for x in found]


def without_part(
    diagnosis: Diagnosis,
    found: Sequence[Finding],
    several: Sequence[Finding],
    part: str,
) -> list[Finding]:
    """Take the mistakes of a part out, and leave them where the other one has them."""
    other = PARTS[1 - PARTS.index(part)]
    is_judged = other in diagnosis.check.parts
    left = [x for x in several if is_judged and shows_in(diagnosis, x, other)]
    kept = [x for x in found if x in left or x not in several]
    return [replace(x, part=other) if x in left else x for x in kept]


def is_one_line(sight: Sight) -> bool:
    """Whether a part goes wrong in one line that is known."""
    return len(sight.lines) == 1 and not sight.before and not sight.is_right


def is_sum(sight: Sight) -> bool:
    """Whether a part goes wrong in a line that adds to it, or before that line."""
    return sight.adds and len(sight.lines) == 1 and not sight.is_right


def is_no_data(finding: Finding) -> bool:
    """Whether a part has its penalty alone."""
    return finding.name == NO_DATA.name


def at(finding: Finding, sight: Sight) -> Finding:
    """Return a mistake with its line, besides its line in the other part.

    Two lines that do not add the penalty may both use what a third one spoils.
    """
    first, last = sorted([finding.line or sight.lines[0], sight.lines[0]])
    if first == last or not sight.of_penalty:
        return replace(finding, line=first if first == last else None)
    sentence = f"{finding.sentence} (lines {first} and {last})"
    return replace(finding, sentence=sentence, line=first)


def findings_of(diagnosis: Diagnosis, sights: Sequence[Sight]) -> list[Finding]:
    """Return what the report says of lines, and of the scale that remains."""
    found = []
    for sight in sights:
        found += [sight.finding()] if sight.lines else []
        scales = find(
            diagnosis.check.ordinary.catalogue, [sight.scale] if sight.scale else []
        )
        found += [replace(finding, part=sight.part) for finding in scales]
    return found


def once_per_line(found: Sequence[Finding]) -> list[Finding]:
    """Name a line once that goes wrong for both parts."""
    kept: list[Finding] = []
    lines = [(finding.name, finding.line) for finding in found]
    for finding in sorted(found, key=lambda finding: finding.name == "wrong_line"):
        same = [x for x in kept if x.line == finding.line and x.part != finding.part]
        if (
            finding.name != "wrong_line"
            or not same
            or " or in line" in finding.sentence
        ):
            kept.append(finding)
        else:
            kept[kept.index(same[0])] = replace(same[0], part="")
    return sorted(kept, key=lambda x: (x.is_remark, lines.index((x.name, x.line))))


def shows_in(diagnosis: Diagnosis, finding: Finding, part: str) -> bool:
    """Whether a mistake of a line shows in a part."""
    if finding.name in FORM_NAMES or finding.part not in ("", part):
        return False
    exercise = diagnosis.check.ordinary
    names = {p: {v.name for v in exercise.variants(p)} for p in PARTS}
    return finding.name in names[part] or not any(
        finding.name in each for each in names.values()
    )


def data_mistakes(diagnosis: Diagnosis, part: str) -> list[Finding]:
    """Return the mistakes of a part that are none of its penalty alone."""
    return [
        finding
        for finding in diagnosis.findings
        if shows_in(diagnosis, finding, part) and not is_of_penalty(finding)
    ]


def is_of_penalty(finding: Finding) -> bool:
    """Whether a mistake is one of the penalty alone."""
    return finding.name.startswith(("reg_", "penalty_"))


def right(diagnosis: Diagnosis) -> Report:
    """Report right results, and what is worth knowing about them."""
    parts = diagnosis.check.parts
    unstable = {remark.name for remark in diagnosis.remarks} & UNSTABLE
    return passed(
        f"The {' and '.join(parts)} {'agree' if len(parts) > 1 else 'agrees'} with the "
        "reference: at reg = 0 and above, for one and for several points"
        f"{'' if unstable else ', for small and for large scores'}.",
        *map(worth_knowing, diagnosis.remarks),
        diagnosis.check.next_step,
        remarks=diagnosis.remarks,
    )


def worth_knowing(remark: Finding) -> str:
    """Write a remark."""
    return f"{remark.text} {remark.hint}".rstrip()


def right_part(diagnosis: Diagnosis) -> str:
    """Return which part is right, if only one is."""
    wrong = {p for given in ORDINARY for p in wrong_parts(diagnosis, given)}
    wrong |= {p for p in PARTS for x in diagnosis.findings if x.name.startswith(p)}
    if len(diagnosis.check.parts) == 2 and len(wrong) == 1:
        return f"The {'loss' if 'gradient' in wrong else 'gradient'} is right."
    return ""


def first_difference(diagnosis: Diagnosis, inputs: Iterable[Input]) -> str:
    """Write the first example in which something is wrong."""
    for given in inputs:
        if parts := wrong_parts(diagnosis, given):
            expected = {part: reference(diagnosis, part, given) for part in parts}
            return example(given, expected, diagnosis.answers.outputs[given])
    return ""


def unexplained(diagnosis: Diagnosis) -> Report:
    """Report that no known mistake fits, and show the smallest failing example."""
    parts = diagnosis.unexplained
    facts = [
        right_part(diagnosis),
        *(fact for part in parts for fact in facts_of(diagnosis, part)),
    ]
    own = diagnosis.answers.traits.own_gradient
    gradient = diagnosis.answers.outputs[HAND_REG].gradient
    if (
        list(parts) == list(PARTS)
        and own is not None
        and agrees(gradient, own, "gradient")
    ):
        facts.append("The gradient is that of your own loss, so begin with the loss.")
    known = "by none of the mistakes that this check knows, alone or in pairs"
    if diagnosis.findings:
        known = "and the mistakes named below do not explain all of it"
    return failed(
        diagnosis.findings,
        *(f"Besides: {finding.text}" for finding in diagnosis.findings),
        " ".join(filter(None, facts)),
        first_difference(diagnosis, [*SMALLEST, *ORDINARY]),
        *map(worth_knowing, diagnosis.remarks),
        remarks=diagnosis.remarks,
        opening=f"The {' and '.join(parts)} {'are' if len(parts) > 1 else 'is'} wrong, "
        f"{known}.",
        hint="Work this example out by hand, line by line, beside your code.",
    )


def facts_of(diagnosis: Diagnosis, part: str) -> list[str]:
    """Return in which cases a part is right, and by which factor it is wrong."""
    inputs = [*ORDINARY, *SMALLEST]
    wrong = [g for g in inputs if part in wrong_parts(diagnosis, g)]
    cases = [
        f"The {part} is right {case}, and wrong otherwise."
        for case, applies in CASES.items()
        if not any(map(applies, wrong))
    ]
    return [*cases, *constant_factor(diagnosis, part)]


def constant_factor(diagnosis: Diagnosis, part: str) -> list[str]:
    """Return by which factor a part, or one of its terms, is always wrong."""
    whole, without_reg, penalty = [], [], []
    for given in ORDINARY:
        value = diagnosis.answers.outputs[given].part(part)
        if value is None:
            return []
        expected = reference(diagnosis, part, given)
        data = reference(diagnosis, part, replace(given, reg=0.0))
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

"""The line of a mistake, by the values of the reader's variables while the code runs.

Each assignment is compared with the steps of the reference: the scores, the
probabilities, each point's loss, what a point adds to the gradient. Then the right
value is put in the place of what an assignment computed. If the result is right from
there on, the assignment is where the mistake is, or the first line that uses it. Where
one mistake hides another, the first is mended, by a value or an edit, and the search
goes on from there.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from softmax_lib.exercises.losses.account import finished, sight_of, unsettled
from softmax_lib.exercises.losses.amend import Amendment, amended
from softmax_lib.exercises.losses.conventions import CONVENTIONS, PENALTIES
from softmax_lib.exercises.losses.exercise import SOFTMAX, SVM, LossCheck, agrees
from softmax_lib.exercises.losses.inputs import Input
from softmax_lib.exercises.losses.instrument import Site, watch
from softmax_lib.exercises.losses.layouts import turned
from softmax_lib.exercises.losses.outputs import LossFunction, Output, call
from softmax_lib.exercises.losses.repair import WORDS, Budget, repair_and_edit
from softmax_lib.exercises.losses.session import (
    CONSTANTS,
    FRESH,
    INPUTS,
    PENALIZED,
    SCALES,
    Intervention,
    Seen,
    Session,
    choices,
    effective,
    is_beginning,
    is_right,
    is_step,
    is_suspect,
    is_zero,
    matches,
    other_shapes,
)
from softmax_lib.exercises.losses.sight import Sight
from softmax_lib.exercises.search import evaluate, explain_part

__all__ = ["Wanted", "locate"]

MOST_TRIES = 20_000  # of other values, in the search in one part
PENALTY_OF = {"loss": "penalty", "gradient": "gradient of the penalty"}


class Wanted(NamedTuple):
    """What is asked of the witness."""

    has_kinks: bool  # whether it is the SVM
    convention: tuple[str, ...]
    judged: tuple[str, ...]  # the results that are judged
    layout: str
    without: tuple[int, ...]  # lines that are taken out
    parts: list[str]  # that are wrong
    unknown: list[str]  # those of them that no catalogue explains
    penalties: list[str]  # the parts whose penalty is wrong
    doubtful: Sequence[str] = ()  # parts that need several mistakes to be explained
    amendment: Amendment | None = None  # what was replaced in the function


class Found(NamedTuple):
    """Where a part goes wrong, and what is left once that is mended."""

    sight: Sight
    mended: Session | None = None  # where it is sure what is to be mended


def begin(function: LossFunction, wanted: Wanted) -> Session | None:
    """Return a session of a function, if its source can be had."""
    watched = watch(function, wanted.without)
    if watched is None:
        return None
    layout = wanted.layout
    run = turned(watched.function, layout) if layout else watched.function
    convention = tuple(m for m in CONVENTIONS if m.name in wanted.convention)
    check = plain_check(wanted).under(convention)
    return Session(function, watched, run, check, layout)


def plain_check(wanted: Wanted) -> LossCheck:
    """Return the check in the convention of the worksheet."""
    plain = SVM if wanted.has_kinks else SOFTMAX
    return LossCheck(plain, plain, "", wanted.judged)


def locate(function: LossFunction, wanted: Wanted) -> Iterator[Sight]:
    """Yield where each part, and each penalty, goes wrong, as far as it is found."""
    if wanted.amendment is not None:
        function = amended(function, wanted.amendment) or function
    session = begin(function, wanted)
    if session is None:
        return
    yield from locate_parts(session, wanted)
    twice = penalty_twice(session, wanted) if wanted.penalties else None
    if twice is not None:
        yield twice
        return
    for part in wanted.penalties:
        if (sight := locate_penalty(session, part)) is not None:
            yield sight


def locate_parts(session: Session, wanted: Wanted) -> Iterator[Sight]:
    """Yield where each part goes wrong, and all of them where it is one line."""
    # With other numbers than these, too, the rest may be wrong by its penalty alone.
    parts = [part for part in wanted.parts if not is_right(session, part, {}, "")]
    are_unknown = set(parts) <= set(wanted.unknown)
    both = locate_together(session, wanted) if len(parts) > 1 else None
    if both is not None and not (are_unknown and both.before):
        yield both
        if are_unknown:
            return
        both = None
    steps = locate_apart(session, wanted, parts)
    if both is not None and not all(are_sure(steps.get(part, [])) for part in parts):
        yield both
    else:
        yield from itertools.chain(*steps.values())


def locate_together(session: Session, wanted: Wanted) -> Sight | None:
    """Return the one line that makes all parts wrong, if there is one."""
    both = locate_both(session)
    sight = both.sight if both is not None else None
    if sight is None or sight.before:
        edited = repaired(session, wanted, "", sight)
        sight = edited.sight if edited is not None else sight
    return sight


def locate_apart(
    session: Session, wanted: Wanted, parts: Sequence[str]
) -> dict[str, list[Sight]]:
    """Return where each part goes wrong, which may be in several lines."""
    found = {part: locate_one(session, wanted, part) for part in parts}
    if len(parts) > 1 and not any(map(is_sure, found.values())):
        for part in set(parts) - {*wanted.unknown, *wanted.doubtful}:
            found[part] = repaired(session, wanted, part, None) or found[part]
    steps = {part: [each.sight] for part, each in found.items() if each is not None}
    open_parts = [*wanted.unknown, *wanted.doubtful]
    # Where mending one part changes another, what is left there is looked for again.
    for part, other in itertools.permutations(parts, 2):
        here = found[part]
        mended = here.mended if here is not None else None
        if mended is None or other not in open_parts or is_sure(found[other]):
            continue
        if changes_nothing(session, mended, other):
            continue
        if not is_right(mended, other, {}, ""):
            steps[other] = further(mended, wanted, other) or steps.get(other, [])
    for part in parts:
        first = steps.get(part, [])
        if part in open_parts and len(first) < 2 and not is_single(first):
            steps[part] = further(session, wanted, part) or first
    return steps


def is_single(sights: Sequence[Sight]) -> bool:
    """Whether a part goes wrong in one line alone."""
    return len(sights) == 1 and len(sights[0].lines) == 1 and not sights[0].before


def are_sure(sights: Sequence[Sight]) -> bool:
    """Whether it is known of each line what is to be mended."""
    return bool(sights) and all(sight.is_sure for sight in sights)


def is_sure(found: Found | None) -> bool:
    """Whether it is known what is to be mended, and in which line."""
    return found is not None and found.mended is not None


def changes_nothing(session: Session, mended: Session, part: str) -> bool:
    """Whether a part is the same after what was mended."""
    for given in (*INPUTS, FRESH):
        one, other = (each.run(given, {})[part] for each in (session, mended))
        if one is None or other is None or not matches(one, other):
            return False
    return True


def further(session: Session, wanted: Wanted, part: str) -> list[Sight]:
    """Return where a part goes wrong in up to three lines, if each of them is sure."""
    found = locate_one(session, wanted._replace(unknown=[part]), part)
    if found is not None and is_sure(found):
        return [found.sight._replace(is_sure=True)]
    if name := known_mistake(session, part):
        return [Sight(part, (), "", "", "", False, name, is_sure=True)]
    if found is not None and is_single([found.sight]):
        return []
    sights: list[Sight] = []
    mended: set[int] = set()  # lines; one of them that is wrong again is not sure
    for _ in range(2):
        first = advance(session, part)
        if first is None or first.mended is None or mended & {*first.sight.lines}:
            return []
        mended |= {*first.sight.lines}
        session = first.mended
        sights.append(first.sight._replace(is_sure=True))
        if is_right(session, part, {}, ""):
            return sights
        found = locate_one(session, wanted._replace(unknown=[]), part)
        if found is not None and is_sure(found):
            return [] if mended & {*found.sight.lines} else [*sights, found.sight]
    return []


def known_mistake(session: Session, part: str) -> str:
    """Return the name of the known mistake that gives a part, or nothing."""
    inputs = (*INPUTS, FRESH)
    values = {given: session.run(given, {})[part] for given in inputs}
    if not all(x is not None and np.isfinite(x).all() for x in values.values()):
        return ""
    sets = explain_part(session.check.ordinary, part, values, largest=1)
    return sets[0][0].name if sets and sets[0] else ""


def advance(session: Session, part: str) -> Found | None:
    """Mend the first line whose value is no step of the reference, by those after it.

    What it should be is the step that lets the most assignments after it be steps.
    """
    seen = session.observe(INPUTS[0])
    sites, known = effective(session, seen)
    lines = session.lines(part)
    for k, site in enumerate(sites):
        if known[site.number] or (lines and site.line not in lines):
            continue
        if site.starts and is_zero(site, seen[site.number]):
            continue
        if any(each.feeds(site) and not known[each.number] for each in sites[:k]):
            continue
        best, most = None, 0
        for change in choices(session, site, seen):
            if change[2] in (*CONSTANTS, "nothing"):
                continue
            after = session.after(change)
            _, known_after = effective(after, after.observe(INPUTS[0]))
            gained = sum(
                not known[each.number]
                and bool(set(known_after.get(each.number, ())) - {"given", change[2]})
                for each in sites[k + 1 :]
            )
            if gained > most:
                best, most = change, gained
        if best is not None:
            sight = sight_of(session, part, (best,), "", known)
            return Found(sight, session.after(best))
        return with_another(session, part, site, choices(session, site, seen))
    return None


def with_another(
    session: Session, part: str, site: Site, options: Iterable[Intervention]
) -> Found | None:
    """Mend a line if only with that another line after it makes a part right."""
    found: dict[tuple[int, ...], Intervention] = {}
    for change in options:
        if change[2] not in (*CONSTANTS, "nothing"):
            after = locate_part(session.after(change), part, False, site.number)
            if after is not None and after.mended is not None:
                found.setdefault(after.sight.lines, change)
    if len(found) != 1:
        return None
    (change,) = found.values()
    return Found(
        sight_of(session, part, (change,), "", {site.number: []}),
        session.after(change),
    )


def locate_one(session: Session, wanted: Wanted, part: str) -> Found | None:
    """Find where a part goes wrong, by right values and by edits."""
    found = locate_part(session, part, part in wanted.unknown)
    sight = found.sight if found is not None else None
    if part in wanted.doubtful:
        return repaired(session, wanted, part, None) or found
    if part in wanted.unknown and not (sight and sight.balance[0]):
        return repaired(session, wanted, part, sight) or found
    return found


def locate_part(
    session: Session, part: str, tries_shapes: bool, behind: int = -1
) -> Found | None:
    """Find the first assignment whose right value makes a part right.

    Only those ``behind`` another one are tried.
    """
    budget = Budget(MOST_TRIES)
    seen = session.observe(INPUTS[0])
    sites, known = of_part(session, part, seen, behind)
    others = [
        other
        for other in session.check.parts
        if other != part and is_right(session, other, {}, "")
    ]

    def repairs(changes: tuple[Intervention, ...], scale: str) -> bool:
        together = {change[0]: change for change in changes}
        return is_right(session, part, together, scale) and all(
            is_right(session, other, together, "") for other in others
        )

    def repairing(
        options: Mapping[int, Iterable[Intervention]], scale: str
    ) -> list[Intervention]:
        """Return the first change of each assignment that makes the part right."""
        found = []
        for site in sites:
            for change in options[site.number]:
                if budget.is_spent():
                    break
                if repairs((change,), scale):
                    found.append(change)
                    break
        return found

    def found_in(changes: list[Intervention], scale: str) -> Found | None:
        # What the reference computes, too, is less suspect.
        suspects = [each for each in changes if is_suspect(each, known)]
        first = tuple(suspects[:1] or changes)
        sight = sight_of(session, part, first, scale, known)
        if sight.is_right and is_right(session, part, {}, scale, INPUTS[:1]):
            return None  # what goes wrong does so for other inputs
        sight = finished(session, sight, first[0], changes, seen, known)
        return found_by(session, sight, first)

    options = {site.number: list(choices(session, site, seen)) for site in sites}
    for scale in SCALES:
        if repairs((), scale):  # then the scale is all, and of no line
            return None
        if found := repairing(options, scale):
            return found_in(found, scale)
    if not tries_shapes:
        return None
    shapes = {site.number: other_shapes(session, site, seen) for site in sites}
    found = repairing(shapes, "")
    is_any_suspect = any(is_suspect(change, known) for change in found)
    return found_in(found, "") if is_any_suspect else None


def of_part(
    session: Session, part: str, seen: Seen, behind: int
) -> tuple[list[Site], dict[int, list[str]]]:
    """Return the assignments of a part behind another one, and what each is."""
    sites, known = effective(session, seen)
    lines = session.lines(part)
    sites = [
        site
        for site in sites
        if site.number > behind and (not lines or site.line in lines)
    ]
    of_loss = session.lines("loss") if part == "gradient" else set()
    for site in sites:
        if of_loss and site.line not in of_loss:  # what is added up there is no loss
            kept = set(known[site.number]) - {"+counted", "+losses"}
            known[site.number] = sorted(kept)
    return sites, known


def found_by(session: Session, sight: Sight, changes: Sequence[Intervention]) -> Found:
    """Return a sight, and the session with it mended if it is sure how."""
    is_vague = sight.before or sight.never or sight.is_right or sight.balance[0]
    if len(changes) > 1 or sight.scale or is_vague:
        return Found(sight)
    return Found(sight._replace(is_sure=True), session.after(*changes))


def locate_penalty(session: Session, part: str) -> Sight | None:
    """Find the assignment whose right value makes the penalty of a part right."""
    seen = session.observe(PENALIZED[0])
    steps = session.of(PENALIZED[0])
    whole = is_right(session, part, {}, "", [INPUTS[0]])  # and not the penalty alone

    def is_mended(change: Intervention) -> bool:
        together = {change[0]: change}
        if whole:
            return is_right(session, part, together, "", PENALIZED)
        return all(
            has_penalty(session, part, together, given, plain)
            for given, plain in zip(PENALIZED, INPUTS, strict=True)
        )

    def is_penalty(site: Site) -> bool:
        return any(
            matches(steps.penalized[label], after)
            for label in PENALTY_OF.values()
            for _, after, _ in seen.get(site.number, ())
        )

    names = session.watched.arguments
    of_penalty = {*names[:1], *names[3:4]}  # W, reg
    # What is the penalty already is less suspect than what is done with it.
    for site in sorted(session.watched.sites, key=is_penalty):
        if site.number not in seen or is_beginning(site, seen[site.number]):
            continue
        if not whole and not site.reads & of_penalty:
            continue
        for change in penalties_at(session, site, seen, whole):
            if is_mended(change):
                return sight_of(session, part, (change,), "", {site.number: []})
    return None


def penalties_at(
    session: Session, site: Site, seen: Seen, whole: bool
) -> Iterator[Intervention]:
    """Yield what an assignment may be replaced by for the sake of the penalty."""
    steps = session.of(PENALIZED[0])
    before, after, index = seen[site.number][0]
    if not site.updates or is_step(steps, before):
        place = session.place(site, index)
        for label in steps.penalized:
            if steps.value(label, after.shape, *place) is not None:
                for factor in (1.0, 2.0, 0.5):
                    yield site.number, "value", label, factor
    if site.adds and not whole and not site.loops:
        for label in PENALTY_OF.values():
            if after.shape == steps.penalized[label].shape:
                yield site.number, "add", label, 1.0
    if site.adds:
        yield site.number, "add", "nothing", 1.0


def penalty_twice(session: Session, wanted: Wanted) -> Sight | None:
    """Find the lines that each add a whole penalty of the other convention."""
    pairs = list(zip(PENALIZED, INPUTS, strict=True))
    changes: list[Intervention] = [
        (site.number, "add", "nothing", 1.0)
        for site in session.watched.sites
        if site.adds and not site.loops
    ]
    for convention in PENALTIES[:2]:
        if {mistake.name for mistake in convention} == {*wanted.convention}:
            continue
        there = replace(session, check=plain_check(wanted).under(convention))
        for part in wanted.judged:
            if any(has_penalty(there, part, {}, *pair) for pair in pairs):
                continue
            extra = tuple(
                change
                for change in changes
                if all(
                    has_penalty(there, each, {change[0]: change}, *pair)
                    for each in wanted.judged
                    for pair in pairs
                )
            )
            if extra:
                known: dict[int, list[str]] = {change[0]: [] for change in extra}
                sight = sight_of(there, part, extra, "", known)
                return sight._replace(of_penalty=True, balance=("twice", "penalty"))
    return None


def has_penalty(
    session: Session,
    part: str,
    changes: dict[int, Intervention],
    given: Input,
    plain: Input,
) -> bool:
    """Whether what reg adds to a part is right, whatever the rest of it is."""
    whole, data = (session.run(each, changes)[part] for each in (given, plain))
    if whole is None or data is None:
        return False
    with np.errstate(all="ignore"):
        added = whole - data
    return agrees(added, session.of(given).penalized[PENALTY_OF[part]], part)


def locate_both(session: Session) -> Found | None:
    """Find the first assignment whose right value makes all parts right at once."""
    budget = Budget(MOST_TRIES)
    seen = session.observe(INPUTS[0])
    sites, known = effective(session, seen)

    def fixes(site: Site) -> Iterator[Intervention]:
        shapes = () if known[site.number] else other_shapes(session, site, seen)
        for change in itertools.chain(choices(session, site, seen), shapes):
            if budget.is_spent():
                return
            if is_suspect(change, known) or change[2] not in known[site.number]:
                together = {site.number: change}
                if all(is_right(session, p, together, "") for p in session.check.parts):
                    yield change

    # What is another step of the reference is less suspect.
    for site in sorted(sites, key=lambda s: bool(set(known[s.number]) - {"given"})):
        change = next(fixes(site), None)
        if change is not None and change[1] == "value":  # these are shifted scores
            scores = (site.number, "value", "scores", change[3])
            together = {site.number: scores}
            if all(is_right(session, p, together, "") for p in session.check.parts):
                change = scores
        if change is not None and not spoils(session, change, known):
            also = {
                other.line
                for other in sites[: sites.index(site)]
                if other.name in site.reads
                and known[other.number]
                and "scores" not in known[other.number]
                and not all(spoils(session, each, known) for each in fixes(other))
            } | unsettled(session, site, seen, known)
            sight = sight_of(session, "", (change,), "", known)
            sight = sight._replace(is_right=False, balance=("", ""))
            return Found(sight._replace(before=tuple(sorted(also))))
    return None


def spoils(
    session: Session, change: Intervention, known: Mapping[int, list[str]]
) -> bool:
    """Whether what a known assignment becomes leaves a later one no known step."""
    if not set(known[change[0]]) - {"given"}:
        return False
    after = session.after(change)
    _, known_after = effective(after, after.observe(INPUTS[0]))
    return any(
        steps and number > change[0] and not known_after.get(number)
        for number, steps in known.items()
    )


def repaired(
    session: Session,
    wanted: Wanted,
    part: str,
    sight: Sight | None,
) -> Found | None:
    """Return the only line whose edit makes a part, or all of them, right."""
    if session.mended:  # the edited function would be another one
        return None
    layout, inputs = session.layout, (*INPUTS, FRESH)
    parts = [
        each
        for each in session.check.parts
        if part in ("", each) or is_right(session, each, {}, "")
    ]

    def is_mended(edited: LossFunction) -> bool:
        run = turned(edited, layout) if layout else edited
        return all(
            is_part_right(output, each, given)
            for given in inputs
            for output in [call(run, given)]
            for each in parts
        )

    def is_part_right(output: Output, each: str, given: Input) -> bool:
        value = output.part(each)
        expected = evaluate(session.check.ordinary, each, given)
        return value is not None and agrees(value, expected, each)

    lines: set[int] = set()
    if sight is not None and not sight.is_right:
        lines = {*sight.before, *sight.lines}
    found = repair_and_edit(session.source, is_mended, lines or session.lines(part))
    if found is None:
        return None
    edit, edited = found
    words = WORDS[edit.kind]
    mended = begin(edited, wanted._replace(without=()))
    seen = Sight(
        part, (edit.line,), edit.text, "", edit.kind, False, edit=words, is_sure=True
    )
    return Found(seen, mended)

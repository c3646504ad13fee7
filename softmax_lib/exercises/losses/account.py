"""What is told of a change that makes a part right: its lines, and those before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from softmax_lib.exercises.losses.instrument import Site
from softmax_lib.exercises.losses.session import (
    INPUTS,
    PENALIZED,
    Intervention,
    Seen,
    Session,
    Value,
    is_suspect,
    is_zero,
    matches,
    recognized,
)
from softmax_lib.exercises.losses.sight import Sight
from softmax_lib.exercises.search import evaluate


def finished(
    session: Session,
    sight: Sight,
    change: Intervention,
    found: Sequence[Intervention],
    seen: Seen,
    known: Mapping[int, list[str]],
) -> Sight:
    """Add the lines before a change that may be wrong already, or that never run."""
    if sight.is_right or change[1] == "size":
        return sight
    sites = session.watched.sites
    last = sites[change[0]]
    before = {
        sites[number].line
        for number, _, label, _ in found
        if number < change[0] and not {label, "scores"} & {*known[number]}
        if not (change[2] == "what was there" and known[number])
        if sites[number].feeds(last)
    }
    before |= unsettled(session, last, seen, known)
    return sight._replace(
        before=tuple(sorted(before - {last.line})),
        never=unreached(session, change, seen),
    )


def unsettled(
    session: Session, last: Site, seen: Seen, known: Mapping[int, list[str]]
) -> set[int]:
    """Return the lines that feed an assignment and compute no step of the reference."""
    sites = session.watched.sites
    lines: set[int] = set()
    reads = set(last.reads)
    for site in reversed([sites[number] for number in known if number < last.number]):
        if site.name in reads and not site.passed:
            is_right = any(not label.startswith("+") for label in known[site.number])
            if is_right or is_right_in_the_end(session, site, seen[site.number]):
                reads.discard(site.name)
            elif not (site.starts and is_zero(site, seen[site.number])) and (
                not known[site.number] or is_only_sum(session, site, last)
            ):
                reads |= site.reads
                lines.add(site.line)
    return lines - {last.line}


def is_only_sum(session: Session, site: Site, last: Site) -> bool:
    """Whether an assignment alone adds to a variable that its outer loop uses up."""
    others = [x for x in session.watched.sites if x.name == site.name and x.adds]
    return (
        others == [site] and site.loops[:-1] == last.loops[: len(site.loops) - 1] != ()
    )


def is_right_in_the_end(session: Session, site: Site, seen: list[Value]) -> bool:
    """Whether a variable is a step of the reference once the loop around it is over."""
    ends = {tuple(index[:-1]): (None, after, index[:-1]) for _, after, index in seen}
    outside = replace(site, loops=site.loops[:-1], updates=False)
    return bool(
        site.loops and recognized(session, INPUTS[0], outside, list(ends.values()))
    )


def unreached(
    session: Session, change: Intervention, seen: Mapping[int, Any]
) -> tuple[int, ...]:
    """Return the lines that never run and set what a change needs."""
    last = session.watched.sites[change[0]]
    return tuple(
        site.line
        for site in session.watched.sites
        if site.number not in seen and site.name in last.reads | {last.name}
    )


def sight_of(
    session: Session,
    part: str,
    changes: tuple[Intervention, ...],
    scale: str,
    known: dict[int, list[str]],
) -> Sight:
    """Return where the changes are."""
    sites = [session.watched.sites[number] for number, *_ in changes]
    of_penalty = changes[0][2] in session.of(PENALIZED[0]).penalized
    are_right = not any(is_suspect(change, known) for change in changes)
    return Sight(
        part,
        tuple(sorted({site.line for site in sites})),
        session.watched.text(sites[0].line),
        sites[0].name,
        changes[0][2],
        changes[0][1] == "add",
        scale,
        of_penalty=of_penalty,
        is_right=are_right,
        balance=balance(session, part) if are_right and part else ("", ""),
    )


def balance(session: Session, part: str) -> tuple[str, str]:
    """Return what a part counts twice or leaves out, if its error is one step."""
    given = INPUTS[0]
    steps, value = session.of(given), session.run(given, {})[part]
    if value is None:
        return "", ""
    error = value - evaluate(session.check.ordinary, part, given)
    amounts = {"losses": steps.values["loss"]}
    if part == "gradient":
        one_hot, columns = steps.v.one_hot, dict(steps.columns)
        if "probs" in columns:
            columns["own prob"] = columns["probs"] * one_hot
        amounts = {k: steps.v.X.T @ v / steps.N for k, v in columns.items()}
    for label, amount in amounts.items():
        for times in (1, steps.N):
            if matches(error, times * amount):
                return "twice", label
            if matches(error, -times * amount):
                return "not at all", label
    return "", ""

"""The same grade tomorrow: what a report's record says against what is here now, and two reports number by number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile, zip_longest

from autograder.results import CheckResult, Replay, Report
from autograder.scoring import shown

__all__ = ["changed_facts", "differences"]

_FACTS = {
    "submission_sha256": "the submission's files",
    "assignment_sha256": "the assignment's folder",
    "reference_sha256": "the reference",
    "seed_fingerprint": "the course's seed",
    "data": "the name of the data set",
    "data_sha256": "the data",
    "full": "the length of the trainings (--full)",
    "threads": "the number of threads",
    "cpu_model": "the processor",
}


def changed_facts(then: Replay, now: Replay) -> tuple[str, ...]:
    """What decides a result and is not what it was: sentences, the most telling first; () when all is the same."""
    found = []
    facts = dict(_FACTS)
    if then.seed_fingerprint and then.derivation != now.derivation:
        del facts["seed_fingerprint"]  # of the two ways, each has its own
        found.append(
            f"Random numbers are derived from the seed in another way now (way {then.derivation} then, "
            f"{now.derivation} now), so the checks had other inputs; only autograder "
            f"{then.versions.get('autograder', 'as it was')} repeats this report exactly."
        )
    for name, what in facts.items():
        before, after = getattr(then, name), getattr(now, name)
        if before != after:
            telling = f" from {before!r} to {after!r}" if name in ("data", "full", "threads", "cpu_model") else ""
            found.append(f"{what[:1].upper()}{what[1:]} changed{telling}.")
    for name in sorted({*then.versions, *now.versions}):
        before, after = then.versions.get(name, "none"), now.versions.get(name, "none")
        if before != after:
            found.append(f"The version of {name} changed from {before} to {after}.")
    return tuple(found)


def differences(then: Report, now: Report) -> tuple[str, ...]:
    """Every number and sentence of a check that did not come out as it did; () when all did.

    Times and memory are left out: they are measurements of the machine, not of the submission.
    """
    before, after = (dict(_checks(report)) for report in (then, now))
    return tuple(
        sentence
        for id_ in dict.fromkeys([*before, *after])
        for sentence in _compared(id_, before.get(id_), after.get(id_))
    )


def _checks(report: Report) -> Iterator[tuple[str, CheckResult]]:
    return ((check.id, check) for question in report.questions for check in question.checks)


def _compared(id_: str, then: CheckResult | None, now: CheckResult | None) -> Iterator[str]:
    if then is None or now is None:
        yield f"{id_}: {'not in the report' if then is None else 'in the report, but no check of the assignment now'}."
        return
    if then.verdict != now.verdict:
        yield f"{id_}: {then.verdict} in the report, {now.verdict} now."
    if (then.points, then.max_points) != (now.points, now.max_points):
        yield f"{id_}: {_points(then)} points in the report, {_points(now)} now."
    if then.staff_message != now.staff_message:
        before, after = _first_difference(then.staff_message, now.staff_message)
        yield f"{id_}: the message is {before!r} in the report, {after!r} now."


_SHOWN, _BEFORE = 200, 60  # characters of a line that is shown, and of them before the difference


def _points(check: CheckResult) -> str:
    return f"{shown(check.points)} of {shown(check.max_points)}"


def _first_difference(then: str, now: str) -> tuple[str, str]:
    """The first line in which two texts differ, of each; of long lines, what stands around the difference."""
    for one, other in zip_longest(then.split("\n"), now.split("\n"), fillvalue=""):
        if one != other:
            equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
            begin = max(0, equal - _BEFORE)
            return one[begin : begin + _SHOWN], other[begin : begin + _SHOWN]
    return "", ""

"""What can hardly be meant in a course's settings: rules that never apply, names that nobody has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from autograder.course.dates import Extension
from autograder.course.late import LateRule
from autograder.course.records import Course
from autograder.course.roster import Person, Roster
from autograder.settings import near

__all__ = ["findings", "fits_nobody"]

_MOST_NAMED = 5


def findings(course: Course, roster: Roster | None) -> tuple[str, ...]:
    """Sentences about the course, each with the field and what to do.

    Args:
        course: its settings, which are each right by themselves.
        roster: who takes it, with the course's groups; without one, names of students are not checked.
    """
    found = [*_of_sets(course), *_of_rules(course)]
    if roster is not None:
        found += [*_of_roster(roster), *_of_groups(course, roster)]
    for number, extension in enumerate(course.extensions):
        found += _of_extension(f"Course.extensions[{number}]", extension, course, roster)
    return tuple(found)


def fits_nobody(course: Course, roster: Roster | None) -> str:
    """One sentence on the names in extensions and groups that fit nobody on the roster; "" where all do."""
    if roster is None or not roster.people:
        return ""
    wrong = [f"{name!r} in Course.groups[{group!r}]" for group, name in _strangers(course, roster)]
    for number, extension in enumerate(course.extensions):
        for field, names, known in _named(extension, roster):
            wrong += [f"{name!r} in Course.extensions[{number}].{field}" for name in names if name not in known]
    if not wrong:
        return ""
    more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    listed = f"{', '.join(wrong[:_MOST_NAMED])}{more}"
    return f"Nobody on the roster is named by {listed}; `autograder doctor` says what was perhaps meant."


def _strangers(course: Course, roster: Roster) -> Iterator[tuple[str, str]]:
    """Groups of the course, each with a member who is nobody on the roster."""
    known = {person.id for person in roster.people}
    for group, members in course.groups.items():
        yield from ((group, name) for name in members if name not in known)


def _named(extension: Extension, roster: Roster) -> Iterator[tuple[str, tuple[str, ...], frozenset[str]]]:
    """What an extension names people by: the field, the names in it, and those that there are."""
    people = roster.people
    yield "students", tuple(extension.students), frozenset(person.id for person in people)
    yield "groups", tuple(extension.groups), frozenset(person.group for person in people if person.group)
    yield "sections", tuple(extension.sections), frozenset(person.section for person in people if person.section)


def _of_sets(course: Course) -> Iterator[str]:
    for each in course.homework_sets:
        if not each.assignments:
            yield f"HomeworkSet {each.id!r} names no assignment, so nobody has points in it; name some."
        for name in each.assignments:
            if course.dates and name in course.assignments and name not in course.dates:
                yield f"Course.dates has no entry for {name!r}, which {each.id!r} counts, so it is never late; add one."


def _of_rules(course: Course) -> Iterator[str]:
    rules = [("Course.late", course.late, list(course.dates))] if course.late else []
    rules += [(f"Course.dates[{name!r}].late", each.late, [name]) for name, each in course.dates.items() if each.late]
    for where, rule, names in rules:
        assert rule is not None
        yield from _of_rule(where, rule)
        if not course.dates:
            yield f"{where} never applies, because Course.dates is empty; give the assignments deadlines."
        for name in names:
            due = course.due(name)
            if due is None or due.last is None or course.late_rule(name) is not rule:
                continue
            after = due.last - due.deadline
            if after <= timedelta(minutes=rule.grace_minutes) and (rule.percent or rule.steps):
                yield (
                    f"{where} never takes anything off for {name!r}: its late deadline is no later than the deadline "
                    "with the grace; move one of them."
                )
            for hours, percent in rule.steps:
                if timedelta(hours=hours) >= after > timedelta(minutes=rule.grace_minutes):
                    yield (
                        f"{where}.steps has ({hours:g}, {percent:g}), which {name!r} never reaches: nothing counts "
                        f"later than {after / timedelta(hours=1):g} hours after its deadline; leave it out."
                    )
    if course.late_days and not rules:
        yield "Course.late_days are never spent, because lateness costs nothing; give a late rule in Course.late."
    elif course.late_days and not course.dates:
        yield "Course.late_days are never spent, because Course.dates is empty; give the assignments deadlines."
    if course.late_days and not course.late_days.total:
        yield "Course.late_days.total is 0, so nobody has any; give a number, or leave late days out."


def _of_rule(where: str, rule: LateRule) -> Iterator[str]:
    most = max((percent for _, percent in rule.steps), default=rule.percent)
    if not (most or rule.cut_off_hours is not None or rule.early_percent):
        yield f"{where} takes nothing off and has no cut-off; give percent, steps or cut_off_hours."
    if most and rule.floor == 100:
        yield f"{where}.floor is 100, so nothing is ever taken off; give less."
    if rule.percent and rule.floor and rule.of == "earned" and 100 - rule.floor < rule.percent:
        yield (
            f"{where}.floor keeps {rule.floor:g} %, so the first late {rule.per} costs {100 - rule.floor:g} % and not "
            f"the {rule.percent:g} % of percent; change one of them."
        )


def _of_roster(roster: Roster) -> Iterator[str]:
    kinds: tuple[tuple[str, Callable[[Person], tuple[str, ...]]], ...] = (
        ("e-mail", lambda person: person.emails),
        ("alias", lambda person: person.aliases),
        ("name", lambda person: (person.name,) if person.name else ()),
    )
    for what, keys in kinds:
        owners: dict[str, list[str]] = {}
        for person in roster.people:
            for key in keys(person):
                owners.setdefault(key.casefold(), []).append(person.id)
        for key, ids in owners.items():
            if len(ids) > 1:
                end = "collect asks who is meant" if what == "name" else "correct it, or collect asks who is meant"
                yield f"The roster has the {what} {key!r} for {', '.join(ids)}; {end}."


def _of_groups(course: Course, roster: Roster) -> Iterator[str]:
    for name, members in course.groups.items():
        yield from _unknown(f"Course.groups[{name!r}]", members, (person.id for person in roster.people))


def _of_extension(where: str, extension: Extension, course: Course, roster: Roster | None) -> Iterator[str]:
    if not course.dates:
        yield f"{where} never applies, because Course.dates is empty; give the assignments deadlines."
    if roster is not None:
        for field, names, known in _named(extension, roster):
            what = {"groups": "no group", "sections": "no section"}.get(field, "nobody")
            yield from _unknown(f"{where}.{field}", names, known, what)
    somebody = Person(
        next(iter(extension.students), ""),
        section=next(iter(extension.sections), ""),
        group=next(iter(extension.groups), ""),
    )
    for name in extension.assignments or course.dates:
        usual, own = course.due(name), replace(course, extensions=(extension,)).due(name, [somebody])
        if usual and own and own.deadline <= usual.deadline:
            yield f"{where} gives no more time for {name!r}: its deadline is not before {extension.until}; correct it."


def _unknown(where: str, names: Iterable[str], known: Iterable[str], what: str = "nobody") -> Iterator[str]:
    there = {each for each in known if each}
    for name in names:
        if name not in there:
            yield f"{where} names {name!r}, which is {what} on the roster; {near(name, sorted(there))}"

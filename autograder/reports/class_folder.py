"""What one folder of `autograder grade --out` holds: one assignment, whole reports, and those who handed in.

`grades.csv`, `summary.html` and `alarms.json` are made from all reports that lie in ``reports`` then, whoever was
graded last: so they agree with what is read from there later (`autograder total`, `mark`, `export`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.course.term import HandIn, Term
from autograder.insight.alarms import ClassAlarm, class_alarms, shortcut_alarms
from autograder.insight.items import analysed
from autograder.reports import pages
from autograder.reports.changed_files import Written, written
from autograder.reports.files import read_hand_ins, read_report, report_text, write_hand_ins, write_text
from autograder.reports.final_points import known_hand_ins, laid_over
from autograder.reports.grades import items_csv, usage_of, write_grades
from autograder.reports.marks import Row
from autograder.reports.regrading import KEPT_TIMES, as_it_is, with_kept
from autograder.reports.visibility import NOTHING_KNOWN, Moment
from autograder.results import Report

__all__ = [
    "ALARMS",
    "LEFT",
    "Graded",
    "WrittenClass",
    "kept_apart",
    "price_of",
    "read_alarms",
    "remove_old_copies",
    "show_grades",
    "write_class",
    "write_student_page",
]

ALARMS = "alarms.json"
ITEMS = "items.csv"
LEFT = "left"
"""The folder below `--out` for files of students who are not among the submissions any more."""

_PLACES = (("reports", ".json"), ("feedback", ".html"), ("staff", ".html"))


@dataclass(frozen=True, slots=True)
class _Replay:
    """What is read of a report's replay record."""

    only: str = ""


@dataclass(frozen=True, slots=True)
class _Summary:
    """What is read of a report to know what it is about."""

    assignment: str
    replay: _Replay = _Replay()


def kept_apart(out: Path, assignment: str, only: str = "") -> Path:
    """The folder for new reports: `out`, or ``out/only-NAME`` where it keeps reports of more than `only` asks for.

    Args:
        out: the folder that was named.
        assignment: what is graded into it.
        only: the question or check that is run alone, or "" for everything.

    Raises:
        UsageError: the folder holds reports of another assignment.
    """
    for path, summary in _reports(out):
        if summary.assignment != assignment:
            raise UsageError(
                f"{out} holds reports of {summary.assignment} (such as {path.name}); name another folder with --out, "
                "one for each assignment."
            )
        if only and summary.replay.only != only:
            return out / f"only-{only}"
    return out


def _reports(out: Path) -> Iterator[tuple[Path, _Summary]]:
    """The reports of a folder that can be read."""
    for path in _paths(out):
        try:
            yield path, msgspec.json.decode(path.read_bytes(), type=_Summary)
        except (OSError, msgspec.MsgspecError):
            continue


def _paths(out: Path) -> list[Path]:
    return sorted((out / "reports").glob("*.json"))


@dataclass(frozen=True, slots=True)
class Graded:
    """What grading gave: reports of those who were asked for, and all that are known of this class.

    `names` are the file names of everybody who handed in, by student. `refused` is why `validate` refuses the
    assignment, or "". `term` is the course with its dates, and `hand_ins` say when the attempts were handed in that
    were graded. `moment` is when students look at their pages. `recorded` is what the results database has from
    `marks.csv`.
    """

    reports: Sequence[Report]
    whole_class: Sequence[Report]
    heading: pages.Heading
    names: Mapping[str, str]
    sandbox: str
    term: Term | None
    dataset: str = ""
    refused: str = ""
    hand_ins: tuple[HandIn, ...] = ()
    moment: Moment = NOTHING_KNOWN
    rescored: Callable[[Report], Report] = as_it_is
    recorded: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenClass:
    """What was written: the reports that were asked for and everybody's, both with what people gave, and what is odd.

    `left` are the file names of those who are not among the submissions any more; `earlier` are students of this class
    whose reports are about something else than they have handed in now. `hand_ins` are those of everybody's reports, at
    an unknown time where none is known.
    """

    reports: tuple[Report, ...]
    everybody: tuple[Report, ...]
    alarms: tuple[ClassAlarm, ...]
    left: tuple[str, ...]
    earlier: tuple[str, ...]
    hand_ins: tuple[HandIn, ...] = ()


def write_class(out: Path, graded: Graded) -> WrittenClass:
    """Write every file of a class that was graded.

    A single submission that is graded into a folder of others joins them; where several are graded, those of `out` that
    are not among them are put away.

    Raises:
        UsageError: a file cannot be written, a report of somebody else in `out` cannot be read, or what people gave is
            wrong.
    """
    counting = {each.student: each for each in with_kept(out, graded.whole_class, graded.rescored)}
    reports = tuple(counting[report.student] for report in graded.reports)
    graded = replace(
        graded, reports=reports, whole_class=tuple(counting.values()), hand_ins=_of_those(out, graded, counting)
    )
    left = _put_away(out, graded.names.values()) if len(graded.names) > 1 else ()
    known = {graded.names[report.student] for report in graded.whole_class}
    others = {path.stem: read_report(path) for path in _paths(out) if path.stem not in known}
    found = sorted((*graded.whole_class, *others.values()), key=lambda report: report.student.casefold())
    names = {**graded.names, **{report.student: stem for stem, report in others.items()}}
    hand_ins = _with_those_kept(out, graded, set(names))
    write_hand_ins(out, hand_ins, even_none=bool(graded.term and graded.term.course.dates))
    term = graded.term and graded.term.with_hand_ins(found[0].assignment, hand_ins) if found else graded.term
    everybody = laid_over(out, found, term, graded.recorded)
    by_student = {report.student: report for report in everybody}
    write_grades(everybody, out / "grades.csv", people=any(report.waiting for report in found))
    alarms = (*class_alarms(found, refused=graded.refused), *shortcut_alarms(found))
    write_text(out / ALARMS, json.dumps([asdict(alarm) for alarm in alarms], indent=1) + "\n")
    with written(out) as files:
        for report in graded.whole_class:
            path = out / "reports" / f"{names[report.student]}.json"
            files.write(path, report, partial(report_text, report))
        _write_pages(
            out, files, [by_student[each.student] for each in graded.whole_class], graded.heading, names, graded.moment
        )
        about = (graded.heading, names, graded.dataset, graded.sandbox, alarms, price_of(graded.term))
        files.write(out / "summary.html", (everybody, *about), partial(_summary, everybody, found, *about))
        files.write(out / ITEMS, found, lambda: items_csv(analysed(found)))
    remove_old_copies(out, known)
    earlier = tuple(report.student for report in others.values() if report.student in graded.names)
    reports = tuple(by_student[report.student] for report in graded.reports)
    known_times = {each.student: each for each in hand_ins}
    of_all = tuple(known_times.get(report.student, HandIn(report.student)) for report in found)
    return WrittenClass(reports, everybody, alarms, left, earlier, of_all)


def _of_those(out: Path, graded: Graded, counting: Mapping[str, Report]) -> tuple[HandIn, ...]:
    """The hand-ins of the reports that count: of a kept one that is of another attempt, its own."""
    new = {report.student: report.replay.submission_sha256 for report in graded.whole_class}
    other = {who for who, report in counting.items() if report.replay.submission_sha256 != new[who]}
    kept = {each.student: each for each in read_hand_ins(out / KEPT_TIMES) if each.student in other} if other else {}
    return tuple(kept.get(each.student, each) for each in graded.hand_ins)


def _with_those_kept(out: Path, graded: Graded, students: Collection[str]) -> tuple[HandIn, ...]:
    """The hand-ins of what is graded now, and those of others whose reports stay in the folder."""
    now = {report.student for report in graded.whole_class}
    kept = [each for each in read_hand_ins(out) if each.student in students and each.student not in now]
    return (*kept, *(each for each in graded.hand_ins if each.student in now))


def show_grades(
    out: Path,
    found: Sequence[Report],
    heading: pages.Heading,
    names: Mapping[str, str],
    moment: Moment = NOTHING_KNOWN,
    *,
    term: Term | None,
    recorded: Sequence[Row],
) -> tuple[Report, ...]:
    """What people read of the grades: the table, the class, and everybody's pages, with what people gave in place.

    Args:
        out: the folder that `autograder grade --out` wrote.
        found: what the checks found.
        heading: what stands on top of pages.
        names: file names by student.
        moment: when students look at their pages.
        term: the course with its dates, for what lateness costs.
        recorded: what the results database has from `marks.csv`.

    Returns:
        The reports with what people gave in place, after lateness.

    Raises:
        UsageError: what people gave cannot be read, or something cannot be written.
    """
    reports = laid_over(out, found, known_hand_ins(out, found, term), recorded)
    for report in reports:
        name = names[report.student]
        write_student_page(report, heading, out / "feedback" / f"{name}.html", moment)
        write_text(out / "staff" / f"{name}.html", pages.staff_page(report, heading))
    write_grades(reports, out / "grades.csv", people=any(report.waiting for report in found))
    dataset, sandbox = reports[0].replay.data, reports[0].resources.sandbox
    alarms = read_alarms(out, found)
    summary = _summary(reports, found, heading, names, dataset, sandbox, alarms, price_of(term))
    write_text(out / "summary.html", summary)
    return reports


def price_of(term: Term | None) -> float:
    """What an hour of CPU time costs in a course; 0 where nobody says."""
    return (term.course.price_per_cpu_hour or 0.0) if term else 0.0


def _summary(
    reports: Sequence[Report],
    found: Sequence[Report],
    heading: pages.Heading,
    names: Mapping[str, str],
    dataset: str,
    sandbox: str,
    alarms: Sequence[ClassAlarm],
    price: float,
) -> str:
    return pages.summary_page(
        reports,
        heading,
        names,
        dataset=dataset,
        sandbox=sandbox,
        alarms=alarms,
        analysis=analysed(found),
        usage=usage_of(found, price),
    )


def _write_pages(
    out: Path,
    files: Written,
    reports: Iterable[Report],
    heading: pages.Heading,
    names: Mapping[str, str],
    moment: Moment,
) -> None:
    """One page for the student and one for staff, of each report; none that nobody may see yet."""
    for report in reports:
        page = f"{names[report.student]}.html"
        if report.not_final:
            files.remove(out / "feedback" / page)
        else:
            made_of = (report, heading, moment)
            files.write(out / "feedback" / page, made_of, partial(pages.student_page, *made_of))
        files.write(out / "staff" / page, (report, heading), partial(pages.staff_page, report, heading))


def write_student_page(report: Report, heading: pages.Heading, path: Path, moment: Moment = NOTHING_KNOWN) -> None:
    """Write what the student may see at a moment; of a report that is not final there is none: an older one goes.

    Raises:
        UsageError: the page cannot be written.
    """
    if report.not_final:
        path.unlink(missing_ok=True)
    else:
        write_text(path, pages.student_page(report, heading, moment))


def read_alarms(out: Path, reports: Sequence[Report]) -> tuple[ClassAlarm, ...]:
    """What `autograder grade` found odd about a class; found again from its reports where that cannot be read."""
    try:
        return msgspec.json.decode((out / ALARMS).read_bytes(), type=tuple[ClassAlarm, ...])
    except (OSError, msgspec.MsgspecError):
        return (*class_alarms(reports), *shortcut_alarms(reports))


def _put_away(out: Path, names: Collection[str]) -> tuple[str, ...]:
    """Move reports and pages of everybody else into ``out/left``; returns the names of their files, sorted.

    Args:
        out: the folder with ``reports``, ``feedback`` and ``staff``.
        names: file names, without suffix, of those who handed in.
    """
    gone = set()
    for place, suffix in _PLACES:
        for path in sorted((out / place).glob(f"*{suffix}")):
            if path.stem not in names:
                target = out / LEFT / place / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
                gone.add(path.stem)
    return tuple(sorted(gone))


def remove_old_copies(out: Path, names: Collection[str]) -> None:
    """Remove from ``out/left`` what is there of students who handed in again, and folders that are empty then.

    Args:
        out: the folder with ``reports``, ``feedback`` and ``staff``.
        names: file names, without suffix, of those whose new files lie below `out`.
    """
    for place, suffix in _PLACES:
        for name in names:
            (out / LEFT / place / f"{name}{suffix}").unlink(missing_ok=True)
    for folder in (*(out / LEFT / place for place, _ in _PLACES), out / LEFT):
        with suppress(OSError):  # it is not there, or not empty
            folder.rmdir()

"""Two gradings of one class side by side: the folder that counts, and below it the new one until it is taken.

``OUT/regraded`` holds a whole second grading. Taking it moves what was there to ``OUT/versions/N`` and puts the new
reports in place. Where students keep their better result, the earlier report of whoever would lose is kept in
``OUT/kept_best``, and counts as long as no other submission is graded, whatever is graded again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.reports.changes import as_it_is, better
from autograder.reports.files import file_names, read_report, report_text, write_text
from autograder.reports.lateness import read_hand_ins, write_hand_ins
from autograder.results import Report

__all__ = [
    "KEPT",
    "KEPT_TIMES",
    "REGRADED",
    "VERSIONS",
    "counting_folder",
    "keep_best",
    "kept",
    "put_away_version",
    "who_keeps",
    "with_kept",
]

REGRADED, VERSIONS, KEPT = "regraded", "versions", "kept_best"
KEPT_TIMES = f"{KEPT}/.times"
"""The folder for hand-in times of reports that are kept, which may be of another attempt; no report is called so."""
_NOTE = "This is the result of an earlier grading, which gave more points than a later one."
_OF_A_VERSION = (
    "reports",
    "feedback",
    "staff",
    "grades.csv",
    "summary.html",
    "alarms.json",
    "items.csv",
    "hand_ins.json",
)


def kept(out: Path) -> dict[str, Report]:
    """The reports that students keep because they are better, by student.

    Raises:
        UsageError: one of them cannot be read.
    """
    found = (read_report(path) for path in sorted((out / KEPT).glob("*.json")))
    return {report.student: report for report in found}


def with_kept(
    out: Path, reports: Iterable[Report], rescored: Callable[[Report], Report] = as_it_is
) -> tuple[Report, ...]:
    """The reports, with the one that a student keeps in place of a worse one of the same submission.

    Args:
        out: the folder that `autograder grade --out` wrote.
        reports: what was found now.
        rescored: gives a report with the same checks the present points.

    Raises:
        UsageError: a report that is kept cannot be read.
    """
    found = tuple(reports)
    if not (out / KEPT).is_dir():
        return found
    before = kept(out)
    return tuple(better(report, before.get(report.student), rescored) for report in found)


def who_keeps(out: Path, reports: Iterable[Report], rescored: Callable[[Report], Report] = as_it_is) -> tuple[str, ...]:
    """The students who keep an earlier report in place of one of these; arguments and errors as of `with_kept`."""
    found = tuple(reports)
    laid_over = with_kept(out, found, rescored)
    return tuple(new.student for new, counts in zip(found, laid_over, strict=True) if counts is not new)


def keep_best(
    out: Path,
    before: Iterable[Report],
    after: Iterable[Report],
    rescored: Callable[[Report], Report] = as_it_is,
) -> None:
    """Keep the earlier report of everybody who would have less by the later one.

    Args:
        out: the folder that `autograder grade --out` wrote.
        before: the reports that count so far.
        after: those that are to count.
        rescored: gives a report with the same checks the present points.

    Raises:
        UsageError: a file cannot be written.
    """
    new = {report.student: report for report in after}
    better_before = [
        report
        for report in before
        if report.student in new and better(new[report.student], report, rescored) is not new[report.student]
    ]
    names = file_names(report.student for report in better_before)
    for report in better_before:
        if _NOTE not in report.notes:
            report = replace(report, notes=(*report.notes, _NOTE))
        write_text(out / KEPT / f"{names[report.student]}.json", report_text(report))
    times = [each for each in read_hand_ins(out / KEPT_TIMES) if each.student not in names]
    write_hand_ins(out / KEPT_TIMES, (*times, *(each for each in read_hand_ins(out) if each.student in names)))


def counting_folder(out: Path) -> Path:
    """The folder of the results that count: `out`, or the folder whose class was graded again into `out`."""
    return out.parent if out.name == REGRADED and (out.parent / "reports").is_dir() else out


def put_away_version(out: Path) -> Path:
    """Copy what counts so far into the next free ``OUT/versions/N``, and return that folder.

    Raises:
        UsageError: it cannot be written.
    """
    numbers = [int(path.name) for path in (out / VERSIONS).glob("*") if path.name.isdecimal()]
    target = out / VERSIONS / str(max(numbers, default=0) + 1)
    draft = out / VERSIONS / f".{target.name}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name in _OF_A_VERSION:
            source = out / name
            if source.is_dir():
                shutil.copytree(source, draft / name)
            elif source.is_file():
                shutil.copyfile(source, draft / name)
        draft.rename(target)
    except OSError as error:
        raise UsageError(
            f"Cannot keep the present version in {target}: {reason_of(error)}; nothing was changed."
        ) from None
    return target

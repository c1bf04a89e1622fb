"""`autograder regrade`: a second grading beside the one that counts, what it changes, and how it takes its place."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import loader
from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, seconds
from autograder.cli.common import DATABASE, console, staging
from autograder.cli.grade import grade
from autograder.cli.known_hand_ins import show_keeping
from autograder.cli.stopping import STOPPED
from autograder.course import Course, open_course
from autograder.early_start import Early
from autograder.formats.recorded_marks import recorded_marks
from autograder.grading.class_work import GradeRequest
from autograder.grading.rescoring import rescored
from autograder.reports import pages
from autograder.reports.class_folder import Graded, write_class
from autograder.reports.files import read_hand_ins, read_report
from autograder.reports.marks import MARKS
from autograder.reports.pages.text import visible
from autograder.reports.regrading import (
    KEPT,
    REGRADED,
    StudentChange,
    change_sentence,
    changes,
    changes_csv,
    keep_best,
    put_away_version,
    signed,
    who_keeps,
    with_kept,
)
from autograder.reports.visibility import moment_of
from autograder.results import Report
from autograder.scoring import shown
from autograder.submissions.term import keep_graded, open_term

__all__ = ["regrade_class", "take_regraded"]

_LONGEST_TABLE = 60  # students
_MOST_NAMED = 20  # students
_TAKEN = f".{REGRADED}"
CSV, PAGE = "changes.csv", "changes.html"
COMPLETE = "complete.txt"
"""Written into ``OUT/regraded`` last; without it grading was stopped, and what is there is not taken."""


def regrade_class(call: GradeRequest, early: Early | None = None) -> int:
    """Grade a class again into ``OUT/regraded`` and say what changes; returns the exit code of grading.

    Raises:
        UsageError: the class was not graded into `call.out` before.
    """
    root, course = open_course(call.course)
    folder = call.out / REGRADED
    before = export.read_reports(call.out)
    _refuse_another(call, before)
    budget = _budget_of(call, before)
    if (folder / COMPLETE).exists():
        with staging(folder):
            (folder / COMPLETE).unlink(missing_ok=True)
    database = call.db or course.database or _database_of(call.out)
    code = grade(replace(call, out=folder, db=database, budget=budget), early)
    if code == STOPPED or not (folder / "reports").is_dir():
        return code
    with staging(folder):
        loaded = loader.load(root, call.name)
        before, after = export.read_reports(call.out), export.read_reports(folder)
        keep = who_keeps(call.out, after, partial(rescored, loaded=loaded))
        after = with_kept(call.out, after, partial(rescored, loaded=loaded))
        asked = {report.student for report in after}
        found = changes([each for each in before if each.student in asked], after)
        heading = pages.Heading(course.title, loaded.assignment.title)
        export.write_text(folder / CSV, changes_csv(found))
        export.write_text(folder / PAGE, pages.changes_page(found, len(after), heading))
        export.write_text(folder / COMPLETE, "Everything that was to be graded again is here.\n")
    screen = console()
    _show(screen, call, found, len(after))
    if keep:
        _name_kept(screen, call.out, keep)
    _name_others(screen, [each.student for each in before if each.student not in asked])
    return code


def _refuse_another(call: GradeRequest, before: tuple[Report, ...]) -> None:
    other = {report.assignment for report in before} - {call.name}
    if other:
        raise UsageError(f"{call.out} holds reports of {', '.join(sorted(other))}; name the folder of {call.name}.")
    if call.only:
        raise UsageError("--only is for `autograder grade`; a class is regraded as a whole.")


def _budget_of(call: GradeRequest, before: tuple[Report, ...]) -> float:
    """The budget of CPU time under which the class was graded, so that only what was changed changes points.

    Raises:
        UsageError: not everybody was graded under the same budget.
    """
    graded = [each.replay for each in before if each.replay.base or not each.internal]  # a lost one has no budget
    found = sorted({replay.cpu_budget for replay in graded})
    if len(found) > 1:
        kept = f", without what {call.out / KEPT} has of another one" if (call.out / KEPT).is_dir() else ""
        said = ", ".join(f"{seconds(each)} s" if each else "none" for each in found)
        raise UsageError(
            f"The reports in {call.out} have different budgets of CPU time ({said}), so nobody could tell what changes "
            f"points; run `autograder grade` with one budget for everybody first{kept}."
        )
    return found[0] if found else 0.0


def _database_of(out: Path) -> str:
    from autograder.store import sqlite_address

    return sqlite_address(out.resolve() / DATABASE)


def _show(screen: Console, call: GradeRequest, found: tuple[StudentChange, ...], everybody: int) -> None:
    screen.print(f"\n[bold]What regrading changes[/]: {change_sentence(found, everybody)}", soft_wrap=True)
    if found:
        table = Table(box=None, pad_edge=False)
        for title in ("Student", "Before", "After", "Change", "By"):
            table.add_column(title, justify="right" if title in ("Before", "After", "Change") else "left")
        for each in found[:_LONGEST_TABLE]:
            by = ", ".join(f"{check.id} {check.verdict_before} → {check.verdict_after}" for check in each.checks)
            points = (shown(value) if value is not None else "" for value in (each.before, each.after))
            table.add_row(escape(visible(each.student)), *points, signed(each.difference), escape(visible(by)))
        screen.print(table)
        if len(found) > _LONGEST_TABLE:
            screen.print(f"And {counted(len(found) - _LONGEST_TABLE, 'student')} more, in {CSV}.")
    folder = call.out / REGRADED
    screen.print(f"Changes:        {escape(str(folder / PAGE))} and {CSV}", soft_wrap=True)
    screen.print(
        f"Nothing that counts was changed. `autograder regrade {escape(call.name)} --out {escape(str(call.out))} "
        "--take` puts the new results in place; with --keep-best nobody loses points.",
        soft_wrap=True,
    )


def _name_kept(screen: Console, out: Path, students: Sequence[str]) -> None:
    """Say who keeps an earlier result, and how that is taken back."""
    who = f": {_some(students)}" if students else ""
    keeps = "keeps a better earlier result" if len(students) == 1 else "keep a better earlier result"
    back = f" Whose file is removed from {out / KEPT} has the new one from the next grading on." if students else ""
    screen.print(f"{counted(len(students), 'student')} {keeps}{who}.{escape(back)}", soft_wrap=True)


def _some(students: Sequence[str]) -> str:
    """The names of students, the first of many, for the console."""
    more = f" and {len(students) - _MOST_NAMED} more" if len(students) > _MOST_NAMED else ""
    return escape(visible(", ".join(students[:_MOST_NAMED]))) + more


def _name_others(screen: Console, students: Sequence[str]) -> None:
    """Say who was not graded again, and that nothing changes for them."""
    if students:
        screen.print(f"Not graded again, and as before: {_some(students)}.", soft_wrap=True)


def take_regraded(name: str, out: Path, course: Path | None, *, best: bool) -> None:
    """Put the results of ``OUT/regraded`` in place of those that count, which are kept as a version.

    Whoever was not graded again keeps the report that counts.

    Raises:
        UsageError: the class was not regraded, or a file cannot be written.
    """
    root, settings = open_course(course)
    folder = out / REGRADED
    if not (folder / "reports").is_dir():
        raise UsageError(
            f"There is nothing to take in {folder}; `autograder regrade {name} SUBMISSIONS --out {out}` first."
        )
    if (folder / MARKS).exists():
        raise UsageError(
            f"Marks are in {folder / MARKS}, where they count for nothing; enter them in {out / MARKS}, and move that "
            "file away."
        )
    with staging(out), staging(folder):
        before, after = export.read_reports(out), export.read_reports(folder)
        if not (folder / COMPLETE).is_file():
            raise UsageError(
                f"What is in {folder} is not complete, because grading again was stopped; "
                f"`autograder regrade {name} SUBMISSIONS --out {out}` goes on from there."
            )
        screen = console()
        version = put_away_version(out)
        loaded = loader.load(root, name)
        score = partial(rescored, loaded=loaded)
        if best:
            keep_best(out, before, after, score)
        keep = who_keeps(out, after, score)
        again = {report.student for report in after}
        others = {student: stem for student, stem in _stems(out).items() if student not in again}
        graded = _graded(settings, loaded.assignment.title, after, others)
        term, hand_ins = open_term(root, settings), read_hand_ins(folder)
        moment, recorded = moment_of(term, name), recorded_marks(out, after, settings.database)
        about = replace(graded, term=term, hand_ins=hand_ins, moment=moment)
        made = write_class(out, replace(about, rescored=score, recorded=recorded))
        shutil.rmtree(out / _TAKEN, ignore_errors=True)
        folder.rename(out / _TAKEN)  # at once, so that a stopped removal leaves no part of it to be taken
        shutil.rmtree(out / _TAKEN)
    show_keeping(screen, keep_graded(term, name, out, made.hand_ins))
    screen.print(f"Taken: {counted(len(after), 'report')}. What counted before is kept in {escape(str(version))}.")
    _name_others(screen, sorted(others, key=str.casefold))
    if best or keep:
        _name_kept(screen, out, keep)


def _stems(out: Path) -> dict[str, str]:
    """The names of the report files of a folder, without suffix, by student."""
    return {read_report(path).student: path.stem for path in sorted((out / "reports").glob("*.json"))}


def _graded(course: Course, title: str, reports: tuple[Report, ...], others: Mapping[str, str]) -> Graded:
    """What grading again gave; reports of others, by the names of their files, stay as they are."""
    names = {**export.file_names([*(report.student for report in reports), *others]), **others}
    heading = pages.Heading(course.title, title)
    return Graded(reports, reports, heading, names, reports[0].resources.sandbox, None, reports[0].replay.data)

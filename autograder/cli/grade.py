"""`autograder grade`: a folder of submissions in; reports, pages, a spreadsheet and a table out."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.markup import escape

from autograder.checks.errors import UsageError
from autograder.cli.class_table import deliver
from autograder.cli.common import DATABASE, console, staging
from autograder.cli.progress import Shown
from autograder.cli.stopping import STOPPED, if_stopped
from autograder.cluster import engines_of
from autograder.course import Course, course_seed, open_course
from autograder.early_start import Early, declaration_of
from autograder.formats.recorded_marks import lost_sentence, recorded_marks
from autograder.grading.class_run import class_folder_of, forecast_class, grade_class
from autograder.grading.class_work import ClassWork, GradeRequest, own_work
from autograder.grading.jobs import Idle, idle_jobs
from autograder.reports.batch_progress import ProgressFile
from autograder.reports.class_folder import kept_apart
from autograder.reports.files import JOBS
from autograder.reports.final_points import all_hand_grades
from autograder.seeding import keys_of
from autograder.submissions import may_be_download, refuse_class

if TYPE_CHECKING:
    from autograder.store import Store

__all__ = ["grade"]

_ALL_KNOWN = "Forecast: every submission is graded already; nothing will be run."
_PAGES_LEFT = "All reports are kept; the same command writes the pages and tables."


class _Screen:
    """Sentences and progress on a console."""

    def __init__(self, console: Console, assignment: str = "") -> None:
        self.console, self.assignment = console, assignment
        self.out: Path | None = None
        self.shown: Shown | None = None

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        self.console.print(sentence, markup=False, soft_wrap=True)

    def warn(self, fault: str, sentence: str = "") -> None:
        """Print what is wrong in bold, and what follows from it."""
        rest = f" {escape(sentence)}" if sentence else ""
        self.console.print(f"[bold yellow]{escape(fault)}[/]{rest}", soft_wrap=True)

    def progress(self, total: int) -> Shown:
        """Show how many of all submissions are graded."""
        file = ProgressFile(self.out, self.assignment, total) if self.out is not None else None
        self.shown = Shown(self.console, total, file)
        return self.shown


def grade(asked: GradeRequest, early: Early | None = None) -> int:
    """Grade, write everything under `asked.out`, print the table; returns the exit code.

    `early` is a forkserver that was started before.
    """
    screen = _Screen(console(), asked.name)
    folder = asked.course or Path.cwd()
    if declaration_of(folder, asked.name) is None:
        from autograder.formats.nbgrader import find_course

        if (found := find_course(folder, asked.name)) is not None:
            from autograder.formats.nbgrader.class_work import course_work

            work = course_work(asked, found, screen)
            return _grade(asked, work, screen, [])
    if asked.due is not None:
        raise UsageError("--due is for courses in nbgrader's folders; leave it out for assignments of our own.")
    if asked.submissions is None:
        raise UsageError("SUBMISSIONS is missing; name the folder with one folder, .py or .zip file for each student.")
    root, course = open_course(asked.course)
    submissions = _collected_first(asked.submissions, asked.name, root, course, collect=not asked.forecast)
    jobs = course.jobs_at_once(asked.jobs)
    seed = course_seed(asked.seed, os.environ)
    keys_of(seed)  # slow on purpose; jobs that are forked now know it, too
    here = 0 if asked.cluster else min(jobs, _at_most(submissions))
    with idle_jobs(here, early.descriptors if early else ()) as idle:
        work = own_work(asked, root, course, submissions, seed, early, screen)
        return _grade(asked, work, screen, idle)


def _collected_first(source: Path, name: str, root: Path, course: Course, *, collect: bool) -> Path:
    """The folder of submissions, once a download of a learning platform is collected, or refused."""
    refuse_class(source)
    if may_be_download(source):
        from autograder.cli.collect import collected_first

        return collected_first(console(), source, name, root, course, collect=collect)
    return source


def _at_most(submissions: Path) -> int:
    """As many submissions a folder can hold at most, so that no job is started for nothing."""
    try:
        return len(os.listdir(submissions))
    except OSError:
        return 1 if submissions.is_file() else 0


def _grade(asked: GradeRequest, work: ClassWork, screen: _Screen, idle: list[Idle]) -> int:
    """Grade with jobs that are there already, as far as there are any; returns the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    asked, jobs = _into(screen, asked), work.course.jobs_at_once(asked.jobs, work.threads)
    screen.out = asked.out
    while len(idle) > jobs:  # they were forked before anybody knew the threads of the assignment
        idle.pop().end()
    engines = engines_of(
        asked.cluster, asked.out / JOBS, jobs, asked.scheduler, asked.keys, asked.job_template, asked.slurm
    )
    all_hand_grades(asked.out, (), ())  # what is wrong with it is said before anything is graded

    def database() -> Store:
        from autograder.store import Store, sqlite_address
        from autograder.store.database import file_of

        address = asked.db or work.course.database or sqlite_address(asked.out.resolve() / DATABASE)
        if asked.forecast and (path := file_of(address)) is not None and not os.path.exists(path):
            address = sqlite_address(folder.resolve() / f".{DATABASE}")  # a forecast makes no database that stays
        return Store(address, artefacts=work.files)

    with staging(asked.out) as folder:
        if asked.forecast:
            found = forecast_class(asked, work, folder, database, jobs=jobs, idle=idle, screen=screen, engines=engines)
            screen.say(found.said(datetime.now().astimezone()) if found else _ALL_KNOWN)
            return 0
        try:
            made = grade_class(asked, work, folder, database, jobs=jobs, idle=idle, screen=screen, engines=engines)
        except KeyboardInterrupt:
            if screen.shown is None:
                raise
            screen.say(
                f"Stopped. {screen.shown.done} of {screen.shown.total} reports are kept; the same command goes on from "
                "there."
            )
            return STOPPED
        shutil.rmtree(asked.out / JOBS, ignore_errors=True)  # what an earlier run left there is known now
        with if_stopped(_PAGES_LEFT):
            result = class_folder_of(asked, work, made)
            recorded = recorded_marks(asked.out, result.whole_class, asked.db or work.course.database)
            if said := lost_sentence(asked.out, result.whole_class, recorded):
                screen.say(said)
            result = replace(result, recorded=recorded)
    with if_stopped(_PAGES_LEFT):
        known = min(screen.shown.known if screen.shown else 0, len(result.reports))
        code = deliver(screen.console, asked.name, asked.out, result, known)
        return code or (1 if work.waiting else 0)


def _into(screen: _Screen, asked: GradeRequest) -> GradeRequest:
    """The request with the folder in which its reports are kept apart from others; said where that is another one."""
    out = kept_apart(asked.out, asked.name, asked.only)
    if out != asked.out:
        screen.say(f"{asked.out} keeps reports of more than {asked.only}, so these go into {out}.")
    return replace(asked, out=out)


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """A polite request to end is a Ctrl-C."""
    raise KeyboardInterrupt

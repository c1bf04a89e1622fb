"""A class is graded: everybody's submissions are collected, those that are asked for graded, and the best chosen.

What is graded, and with what, is a `ClassWork`; the caller prints progress, and decides what Ctrl-C means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from autograder import reports as export
from autograder import sandbox
from autograder.checks.wording import counted
from autograder.course.term import HandIn
from autograder.early_start import GRADED
from autograder.grading.batch import all_stay, forecast_all, grade_all, reports_of_others
from autograder.grading.best_attempt import Graded as GradedAttempt
from autograder.grading.best_attempt import best_attempts, further_attempts, hand_ins_of
from autograder.grading.class_work import ClassWork, GradeRequest, Screen
from autograder.grading.engine import StartEngine
from autograder.grading.forecast import Forecast, Plan
from autograder.grading.grader import Grader
from autograder.grading.job_processes import Event
from autograder.grading.jobs import Idle
from autograder.grading.preparing import known_sandbox
from autograder.grading.written_answers import keep_pdfs
from autograder.reports import pages
from autograder.reports.class_folder import Graded
from autograder.reports.visibility import moment_of
from autograder.submissions import Submission, chosen_of, to_preload

if TYPE_CHECKING:  # slow to import, and not needed where --help is
    from autograder.store import Store

__all__ = ["GradedClass", "Progress", "RunScreen", "class_folder_of", "forecast_class", "grade_class"]


class Progress(AbstractContextManager["Progress"], Protocol):
    """Is called with each event while submissions are graded."""

    def __call__(self, event: Event) -> None:
        """Take note of one event."""


class RunScreen(Screen, Protocol):
    """A screen that shows progress as well."""

    def progress(self, total: int) -> Progress:
        """What shows how many of `total` submissions are graded."""


@dataclass(frozen=True, slots=True)
class GradedClass:
    """A class after grading.

    Args:
        everyone: the submissions of all students.
        chosen: those of the students who are asked for.
        best: of each of these students the attempt that counts.
        others: the same of all other students whose results are known.
        grader: graded them.
        sandbox: the name of the sandbox.
    """

    everyone: tuple[Submission, ...]
    chosen: tuple[Submission, ...]
    best: dict[str, GradedAttempt]
    others: dict[str, GradedAttempt]
    grader: Grader
    sandbox: str


def grade_class(
    asked: GradeRequest,
    work: ClassWork,
    folder: Path,
    open_store: Callable[[], Store],
    *,
    jobs: int,
    idle: list[Idle],
    screen: RunScreen,
    engines: StartEngine | None = None,
) -> GradedClass:
    """Grade every submission that is asked for and not known.

    Args:
        asked: what is asked for.
        work: what is graded.
        folder: an empty folder, where submissions are staged.
        open_store: opens the results database.
        jobs: how many submissions are graded at a time.
        idle: job processes that wait for work.
        screen: shows what happens.
        engines: starts what runs the jobs, where that is not this machine's own processes.

    Raises:
        UsageError: there is no such sandbox or student, or the database cannot be used.
        GraderError: see `grade_all`.
        KeyboardInterrupt: passed on; what was graded is in the database.
    """
    quick = work.known_without_copies and (asked.out / GRADED).is_file()
    everyone = work.collect(folder, not quick)
    chosen = chosen_of(everyone, asked.students)
    students = {each.student for each in chosen}
    turns = further_attempts(everyone, folder, work.turn)
    further = [tuple(each for each in turn if each.student in students) for turn in turns]
    attempts = (*chosen, *(each for turn in further for each in turn))
    name = sandbox_for(asked.sandbox or work.course.sandbox, work.image, screen)
    grader = work.grader(name, folder, ())
    with open_store() as store:
        before = store.all_known((grader.key(each), each.student) for each in attempts)
        if not all_stay(attempts, before):
            if quick:
                everyone = work.collect(folder, True)
                chosen = chosen_of(everyone, asked.students)
            grader = work.grader(name, folder, _foreseen_imports(attempts, work.preload, name, screen))
        graded: list[GradedAttempt] = []
        with screen.progress(len(attempts)) as progress:
            for part in (chosen, *further):
                plan = _plan(asked.name, work, part)
                run = partial(grade_all, part, grader, store, jobs=jobs, notify=progress, idle=idle, before=before)
                made = run(engines=engines, plan=plan)
                graded += zip(part, made, strict=True)
        left = [each for part in (everyone, *turns) for each in part if each.student not in students]
        others = reports_of_others(left, grader, store)
        if not all_stay(attempts, before):
            _remove_old_files(asked, work, store)
    return GradedClass(
        everyone,
        chosen,
        best_attempts(graded, asked.name, work.term),
        best_attempts(others, asked.name, work.term),
        grader,
        name,
    )


def forecast_class(
    asked: GradeRequest,
    work: ClassWork,
    folder: Path,
    open_store: Callable[[], Store],
    *,
    jobs: int,
    idle: list[Idle],
    screen: Screen,
    engines: StartEngine | None = None,
) -> Forecast | None:
    """What `grade_class` will take for everybody's latest attempt; nothing is graded, and None where all is known.

    The arguments and errors are those of `grade_class`.
    """
    chosen = chosen_of(work.collect(folder, True), asked.students)
    name = sandbox_for(asked.sandbox or work.course.sandbox, work.image, screen)
    grader = work.grader(name, folder, _foreseen_imports(chosen, work.preload, name, screen))
    with open_store() as store:
        plan = _plan(asked.name, work, chosen)
        return forecast_all(chosen, grader, store, jobs=jobs, plan=plan, idle=idle, engines=engines)


def _plan(name: str, work: ClassWork, submissions: Sequence[Submission]) -> Plan:
    """Until when each student had to hand in, and what an hour costs."""
    price = work.course.price_per_cpu_hour or 0.0
    if work.term is None or work.course.dates_of(name) is None:
        return Plan(price_per_cpu_hour=price)
    found = {each.student: work.term.due(name, each.hand_in or HandIn(each.student)) for each in submissions}
    return Plan({student: due.deadline for student, due in found.items() if due}, price)


def _remove_old_files(asked: GradeRequest, work: ClassWork, store: Store) -> None:
    """Remove what checks of earlier runs left, unless other databases may have their files in the same folder."""
    named = work.course.database
    if (work.files is None or (named and asked.db in (None, named))) and store.files and store.files.is_dir():
        from autograder.store.artefacts import remove_superseded

        with store.writing("the list of files"):
            remove_superseded(store.database, store.files)


def class_folder_of(asked: GradeRequest, work: ClassWork, made: GradedClass) -> Graded:
    """What the folder of the class is written from; keeps the written answers that are PDF files there."""
    counting = {**made.others, **made.best}
    names = export.file_names((*(each.student for each in made.everyone), *work.waiting))
    answered = [counting.get(each.student, (each,))[0] for each in made.everyone]
    keep_pdfs(asked.out / "answers", answered, work.answers, names)
    reports = work.finished([made.best[each.student][1] for each in made.chosen])
    return Graded(
        reports,
        (*reports, *work.finished([report for _, report in made.others.values()])),
        pages.Heading(work.course.title, work.title),
        names,
        made.sandbox,
        work.term,
        work.dataset,
        work.refused(),
        hand_ins_of(counting.values()),
        moment_of(work.term, asked.name),
        made.grader.rescored,
    )


def sandbox_for(name: str, image: str, screen: Screen) -> str:
    """The sandbox that "auto" stands for here, so that results are known by the one that was really there.

    Raises:
        UsageError: there is none of that name, or "auto" would be a weaker one than has worked on this machine.
    """
    if known_sandbox(name) == "none":
        screen.warn("Sandbox: none.", "Submissions run as you, with no isolation; only for your own code.")
    if name == "auto":
        name = sandbox.best(image)
        sandbox.require_strongest(name)
        if note := sandbox.note_on(name):
            screen.warn(note)
    if not sandbox.why_not(name, image):
        sandbox.remember([name])
    return name


def _foreseen_imports(
    chosen: Sequence[Submission], preload: Iterable[str], name: str, screen: Screen
) -> tuple[str, ...]:
    """What the class imports and the assignment does not preload, with the number of submissions that do; said."""
    found = {} if name in sandbox.CONTAINERS else to_preload(chosen, preload)
    if found:
        listed = ", ".join(f"{name} ({count})" for name, count in found.items())
        screen.say(
            f"Imported once for all, because submissions import it: {listed}, of {counted(len(chosen), 'submission')}."
        )
    return tuple(found)

"""`autograder grade`: a folder of submissions in; reports, pages, a spreadsheet and a table out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

from autograder import grading, loader, sandbox
from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.class_table import deliver
from autograder.cli.common import DATABASE, console, show_note_on, staging
from autograder.cli.progress import Shown
from autograder.cli.stopping import STOPPED, if_stopped
from autograder.course import Course, course_seed, open_course
from autograder.course.term import Term
from autograder.early_start import GRADED, Early, declaration_of
from autograder.grading import RunOptions
from autograder.grading.batch import all_stay, grade_all
from autograder.grading.best_attempt import Graded as GradedAttempt
from autograder.grading.best_attempt import best_attempts, further_attempts, hand_ins_of
from autograder.grading.grader import AssignmentGrader, Grader
from autograder.grading.jobs import Idle, idle_jobs
from autograder.grading.preparing import caps_for, dataset_for, known_sandbox, limits_from, settings_of, start_sandbox
from autograder.grading.validation_cache import ValidationCache, validation_key
from autograder.grading.written_answers import keep_pdfs
from autograder.reports import pages
from autograder.reports.class_folder import Graded, kept_apart
from autograder.reports.marks import all_hand_grades
from autograder.reports.visibility import moment_of
from autograder.results import Report
from autograder.sandbox.image import image_name
from autograder.scoring import with_open_points
from autograder.seeding import ENOUGH_BITS, guessing_bits, keys_of
from autograder.submissions import (
    Recogniser,
    Submission,
    Which,
    chosen_of,
    collect,
    may_be_download,
    passed_over,
    refuse_class,
    to_preload,
    waiting_in,
)
from autograder.submissions.collected import is_collected
from autograder.submissions.roster import Roster, course_roster
from autograder.submissions.term import fits_nobody, open_term

__all__ = ["Call", "Work", "grade_class"]


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder grade`; None or empty means: as the course has it."""

    name: str
    submissions: Path | None
    out: Path
    jobs: int | None
    only: str
    students: tuple[str, ...]
    sandbox: str | None
    limits: tuple[str, ...]
    full: bool
    data: Path | None
    seed: str | None
    db: str | None
    course: Path | None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What is graded, with all in which our assignments and nbgrader's differ.

    Args:
        course: the course's settings.
        title: the assignment's title.
        image: the name of its container image.
        preload: modules that the assignment imports beforehand.
        collect: stages everybody's submissions in a folder of ours; with copies of their files, or without where
            perhaps nothing has to be graded.
        grader: how they are graded, by the name of the sandbox, that folder, and what the class imports.
        answers: files with written answers.
        dataset: the name of the data set, or "".
        known_without_copies: whether a result can be known before copies are made.
        refused: why `validate` refuses the assignment, or "".
        finished: what is laid over reports before anybody sees them.
        term: the course with its dates; None where lateness is not ours to judge.
        turn: stages attempts that may count as well, in the first turn one of each student who has several, and so on.
        waiting: who handed in, or may have, something that cannot be graded before staff answers a question.
    """

    course: Course
    title: str
    image: str
    preload: tuple[str, ...]
    collect: Callable[[Path, bool], tuple[Submission, ...]]
    grader: Callable[[str, Path, tuple[str, ...]], Grader]
    answers: tuple[str, ...] = ()
    dataset: str = ""
    known_without_copies: bool = False
    refused: Callable[[], str] = lambda: ""
    finished: Callable[[Sequence[Report]], tuple[Report, ...]] = tuple
    term: Term | None = None
    turn: Callable[[Path, int], tuple[Submission, ...]] = lambda _folder, _turn: ()
    waiting: tuple[str, ...] = ()


def grade_class(call: Call, early: Early | None = None) -> int:
    """Grade, write everything under `call.out`, print the table; returns the exit code.

    `early` is a forkserver that was started before.
    """
    screen = console()
    folder = call.course or Path.cwd()
    if declaration_of(folder, call.name) is None:
        from autograder.formats.nbgrader import find_course

        if (found := find_course(folder, call.name)) is not None:
            from autograder.cli.grade_nbgrader import nbgrader_work

            work = nbgrader_work(call, found, screen)
            return _grade(call, work, screen, work.course.jobs_at_once(call.jobs), [])
    if call.due is not None:
        raise UsageError("--due is for courses in nbgrader's folders; leave it out for assignments of our own.")
    if call.submissions is None:
        raise UsageError("SUBMISSIONS is missing; name the folder with one folder, .py or .zip file for each student.")
    root, course = open_course(call.course)
    call = replace(call, submissions=_collected_first(call.submissions, call.name, root, course))
    assert call.submissions is not None
    jobs = course.jobs_at_once(call.jobs)
    seed = course_seed(call.seed, os.environ)
    keys_of(seed)  # slow on purpose; jobs that are forked now know it, too
    with idle_jobs(min(jobs, _at_most(call.submissions)), early.descriptors if early else ()) as idle:
        work = _our_work(call, root, course, call.submissions, seed, early, screen)
        return _grade(call, work, screen, jobs, idle)


def _collected_first(source: Path, name: str, root: Path, course: Course) -> Path:
    """The folder of submissions, once a download of a learning platform is collected."""
    refuse_class(source)
    if may_be_download(source):
        from autograder.cli.collect import collected_first

        return collected_first(console(), source, name, root, course)
    return source


def _at_most(submissions: Path) -> int:
    """As many submissions a folder can hold at most, so that no job is started for nothing."""
    try:
        return len(os.listdir(submissions))
    except OSError:
        return 1 if submissions.is_file() else 0


def _our_work(
    call: Call, root: Path, course: Course, submissions: Path, seed: str, early: Early | None, screen: Console
) -> Work:
    """An assignment of the course's own."""
    loaded = loader.load(root, call.name)
    settings = settings_of(call.data, course, loaded)
    options = RunOptions(seed, call.full, call.only, {**course.limits.get(call.name, {}), **limits_from(call.limits)})
    grading.selected_checks(loaded.assignment, options)
    _warn_of_guessable(screen, options.seed)
    dataset, said = dataset_for(loaded, settings)
    if said:
        screen.print(escape(said))
    if beside := passed_over(submissions, loaded.assignment.handed_in):
        screen.print(f"Not counted as submissions: {escape(', '.join(beside))}.", soft_wrap=True)
    recogniser = Recogniser.of(loaded, accept=course.accept_close_names)
    caps = caps_for(loaded, dataset)
    roster = course_roster(course, root) if loaded.assignment.variants else None

    term = open_term(root, course)
    if wrong := fits_nobody(course, term.roster):
        screen.print(escape(wrong), soft_wrap=True)
    which = Which(term, call.name)

    def collected(folder: Path, copies: bool) -> tuple[Submission, ...]:
        everyone = collect(
            submissions, loaded.assignment.handed_in, folder, caps, recogniser, copies=copies, which=which
        )
        if loaded.assignment.variants:
            from autograder.release import refuse_redrawn

            refuse_redrawn(loaded, (each.student for each in everyone), seed)
        return everyone

    def turn(folder: Path, number: int) -> tuple[Submission, ...]:
        if course.attempt_rule(call.name).counts != "best" or not is_collected(submissions):
            return ()
        later = replace(which, turn=number)
        return collect(submissions, loaded.assignment.handed_in, folder, caps, recogniser, which=later)

    def grader(name: str, folder: Path, foreseen: tuple[str, ...]) -> Grader:
        def begin(foreseen: tuple[str, ...]) -> sandbox.ForkServer | sandbox.ContainerSandbox:
            return start_sandbox(name, loaded, foreseen=foreseen, early=early)

        about = (root, loaded, dataset, settings, options, name, begin)
        return AssignmentGrader(*about, folder=folder, foreseen=foreseen)

    return Work(
        course,
        loaded.assignment.title,
        image_name(call.name),
        loaded.assignment.preload,
        collected,
        grader,
        loaded.assignment.answers,
        dataset.name if dataset else "",
        known_without_copies=not any(file.endswith(".pdf") for file in loaded.assignment.answers),
        refused=lambda: ValidationCache().refused(validation_key(loaded, dataset, replace(options, only=""))),
        finished=partial(_not_final_of_unknown, roster) if loaded.assignment.variants else tuple,
        waiting=waiting_in(submissions, which, perhaps=True),
        term=term,
        turn=turn,
    )


def _not_final_of_unknown(roster: Roster | None, reports: Sequence[Report]) -> tuple[Report, ...]:
    """The reports; of somebody who is not on the roster, nobody knows which variant he was given."""
    from autograder.release import unknown_students

    unknown = unknown_students((report.student for report in reports), roster)
    why = "The roster has no such id, and variants are drawn by id, so this variant is nobody's: rename the submission"
    return tuple(
        replace(with_open_points(report), not_final=f"{why}.") if report.student in unknown else report
        for report in reports
    )


_PAGES_LEFT = "All reports are kept; the same command writes the pages and tables."


def _grade(call: Call, work: Work, screen: Console, jobs: int, idle: list[Idle]) -> int:
    """Grade with jobs that are there already, as far as there are any; returns the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    call = _into(screen, call)
    all_hand_grades(call.out, ())  # what is wrong with it is said before anything is graded
    with staging(call.out) as folder:
        quick = work.known_without_copies and (call.out / GRADED).is_file()
        everyone = work.collect(folder, not quick)
        chosen = chosen_of(everyone, call.students)
        names_asked = {each.student for each in chosen}
        turns = further_attempts(everyone, folder, work.turn)
        further = [tuple(each for each in turn if each.student in names_asked) for turn in turns]
        asked = (*chosen, *(each for turn in further for each in turn))
        name = _sandbox_name(screen, call.sandbox or work.course.sandbox, work.image)
        grader = work.grader(name, folder, ())

        from autograder.store import Store, sqlite_address

        database = call.db or work.course.database or sqlite_address(call.out.resolve() / DATABASE)
        with Store(database) as store:
            before = store.all_known((grader.key(each), each.student) for each in asked)
            if not all_stay(asked, before):
                if quick:
                    everyone = work.collect(folder, True)
                    chosen = chosen_of(everyone, call.students)
                grader = work.grader(name, folder, _foreseen_imports(screen, asked, work.preload, name))
            progress = Shown(screen, len(asked))
            graded: list[GradedAttempt] = []
            try:
                with progress:
                    for part in (chosen, *further):
                        made = grade_all(part, grader, store, jobs=jobs, notify=progress, idle=idle, before=before)
                        graded += zip(part, made, strict=True)
                left = [each for part in (everyone, *turns) for each in part if each.student not in names_asked]
                known = store.all_known((grader.key(each), each.student) for each in left)
            except KeyboardInterrupt:
                screen.print(
                    f"Stopped. {progress.done} of {len(asked)} reports are kept; the same command goes on from there."
                )
                return STOPPED
        others = [
            (each, grader.rescored(found)) for each in left if (found := known.get((grader.key(each), each.student)))
        ]
        best = best_attempts(graded, call.name, work.term)
        best_others = best_attempts(others, call.name, work.term)
        counting = {**best_others, **best}
        with if_stopped(_PAGES_LEFT):
            names = export.file_names((*(submission.student for submission in everyone), *work.waiting))
            keep_pdfs(call.out / "answers", [counting.get(e.student, (e,))[0] for e in everyone], work.answers, names)
            reports = work.finished([best[each.student][1] for each in chosen])
            whole_class = (*reports, *work.finished([report for _, report in best_others.values()]))
    with if_stopped(_PAGES_LEFT):
        result = Graded(
            reports,
            whole_class,
            pages.Heading(work.course.title, work.title),
            names,
            name,
            work.term,
            work.dataset,
            work.refused(),
            hand_ins_of(counting.values()),
            moment_of(work.term, call.name),
            grader.rescored,
        )
        known_before = min(progress.known, len(reports))
        return deliver(screen, call.name, call.out, result, known_before) or (1 if work.waiting else 0)


def _into(screen: Console, call: Call) -> Call:
    """The call with the folder in which its reports are kept apart from others; said where that is another one."""
    out = kept_apart(call.out, call.name, call.only)
    if out != call.out:
        screen.print(
            f"{escape(str(call.out))} keeps reports of more than {escape(call.only)}, so these go into "
            f"{escape(str(out))}.",
            soft_wrap=True,
        )
    return replace(call, out=out)


def _foreseen_imports(
    screen: Console, chosen: Sequence[Submission], preload: Iterable[str], name: str
) -> tuple[str, ...]:
    """What the class imports and the assignment does not preload, with the number of submissions that do; said."""
    found = {} if name in sandbox.CONTAINERS else to_preload(chosen, preload)
    if found:
        listed = ", ".join(f"{name} ({count})" for name, count in found.items())
        screen.print(
            f"Imported once for all, because submissions import it: {escape(listed)}, "
            f"of {counted(len(chosen), 'submission')}.",
            soft_wrap=True,
        )
    return tuple(found)


def _warn_of_guessable(screen: Console, seed: str) -> None:
    bits = guessing_bits(seed)
    if bits < ENOUGH_BITS:
        screen.print(
            f"[bold yellow]The seed can be guessed[/] (about {bits:.0f} bits): whoever finds it knows the inputs of "
            "all hidden checks. Leave --seed and AUTOGRADER_SEED out, and a random one is kept for you.",
            soft_wrap=True,
        )


def _sandbox_name(screen: Console, name: str, image: str) -> str:
    """The sandbox that "auto" stands for here, so that results are known by the one that was really there.

    Raises:
        UsageError: there is none of that name, or "auto" would be a weaker one than has worked on this machine.
    """
    if known_sandbox(name) == "none":
        screen.print(
            "[bold yellow]Sandbox: none.[/] Submissions run as you, with no isolation; only for your own code."
        )
    if name == "auto":
        name = sandbox.best(image)
        sandbox.require_strongest(name)
        show_note_on(screen, name)
    if not sandbox.why_not(name, image):
        sandbox.remember([name])
    return name


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """A polite request to end is a Ctrl-C."""
    raise KeyboardInterrupt

"""`autograder grade`: a folder of submissions in; reports, pages, a spreadsheet and a table out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from types import FrameType
from typing import NoReturn

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import grading, loader, sandbox
from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import (
    caps_for,
    console,
    dataset_for,
    known_sandbox,
    limits_from,
    near,
    open_course,
    settings_of,
    show_note_on,
    staging,
    start_sandbox,
)
from autograder.cli.progress import Shown
from autograder.cli.stopping import STOPPED
from autograder.course import Course, course_seed
from autograder.early_start import GRADED, Early, declaration_of
from autograder.grading import RunOptions, batch
from autograder.grading.gate import Gate, gate_key
from autograder.messages import banners, next_step
from autograder.reports import pages
from autograder.reports.class_folder import LEFT, Graded, kept_apart, write_class
from autograder.reports.grades import question_ids, verdict_summary, waiting
from autograder.reports.marks import all_hand_grades
from autograder.reports.pages.text import visible
from autograder.results import Report
from autograder.sandbox.image import image_name
from autograder.scoring import points_of, rounded, shown
from autograder.seeding import ENOUGH_BITS, guessing_bits, keys_of
from autograder.submissions import Recogniser, Submission, collect, passed_over, refuse_class, to_preload

__all__ = [
    "CHECKS_SECONDS",
    "Call",
    "chosen_of",
    "deliver",
    "foreseen_imports",
    "grade_class",
    "into",
    "sandbox_name",
    "stop",
    "stopped",
]

_LONGEST_TABLE = 300  # students
_MOST_BANNERS = 20
_LONGEST_BANNER = 400  # characters
CHECKS_SECONDS = 600.0  # what the checks of one submission may need themselves, before they count as hanging


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


def grade_class(call: Call, early: Early | None = None) -> int:
    """Grade, write everything under `call.out`, print the table; returns the exit code.

    `early` is a forkserver that was started before.
    """
    folder = call.course or Path.cwd()
    if declaration_of(folder, call.name) is None:
        from autograder.cli.grade_nbgrader import grade_nbgrader
        from autograder.formats.nbgrader import find_course

        if (found := find_course(folder, call.name)) is not None:
            return grade_nbgrader(call, found)
    if call.due is not None:
        raise UsageError("--due is for courses in nbgrader's folders; leave it out for assignments of our own.")
    if call.submissions is None:
        raise UsageError("SUBMISSIONS is missing; name the folder with one folder, .py or .zip file for each student.")
    root, course = open_course(call.course)
    jobs = course.jobs_at_once(call.jobs)
    seed = course_seed(call.seed, os.environ)
    keys_of(seed)  # slow on purpose; jobs that are forked now know it, too
    with batch.idle_jobs(min(jobs, _at_most(call.submissions)), early.descriptors if early else ()) as idle:
        return _grade(call, root, course, jobs, seed, early, idle)


def _at_most(submissions: Path) -> int:
    """As many submissions a folder can hold at most, so that no job is started for nothing."""
    try:
        return len(os.listdir(submissions))
    except OSError:
        return 1 if submissions.is_file() else 0


def _grade(
    call: Call, root: Path, course: Course, jobs: int, seed: str, early: Early | None, idle: list[batch.Idle]
) -> int:
    """Grade an assignment of the course's own, with jobs that are there already; returns the exit code."""
    assert call.submissions is not None
    loaded = loader.load(root, call.name)
    refuse_class(call.submissions)
    settings = settings_of(call.data, course, loaded)
    options = RunOptions(seed, call.full, call.only, {**course.limits.get(call.name, {}), **limits_from(call.limits)})
    grading.selected_checks(loaded.assignment, options)
    _warn_of_guessable(screen := console(), options.seed)
    dataset, said = dataset_for(loaded, settings)
    if said:
        screen.print(escape(said))
    signal.signal(signal.SIGTERM, stop)
    walls = ""
    foreseen: dict[str, int] = {}

    def start() -> sandbox.ForkServer | sandbox.ContainerSandbox:
        return start_sandbox(walls, loaded, foreseen=foreseen, early=early)

    call = into(screen, call)
    assert call.submissions is not None  # see grade_class
    all_hand_grades(call.out, ())  # what is wrong with it is told before anything is graded
    with staging(call.out) as folder:
        recogniser = Recogniser.of(loaded, accept=course.accept_close_names)
        caps = caps_for(loaded, dataset)
        stage = partial(collect, call.submissions, loaded.assignment.handed_in, folder, caps, recogniser)
        everyone = stage(copies=not _may_be_known(call.out, loaded))
        chosen = chosen_of(everyone, call.students)
        if beside := passed_over(call.submissions, loaded.assignment.handed_in):
            screen.print(f"Not counted as submissions: {escape(', '.join(beside))}.", soft_wrap=True)
        walls = sandbox_name(screen, call.sandbox or course.sandbox, image_name(call.name))

        def key(submission: Submission) -> str:
            return grading.result_key(loaded, submission, dataset, options, walls)

        from autograder.store import Store, sqlite_address

        database = call.db or course.database or sqlite_address(call.out.resolve() / "grader.db")
        with Store(database) as store:
            before = store.all_known((key(each), each.student) for each in chosen)
            if not _all_known(chosen, before):
                if _may_be_known(call.out, loaded):
                    everyone = stage()
                    chosen = chosen_of(everyone, call.students)
                foreseen = foreseen_imports(screen, chosen, loaded.assignment.preload, walls)
            progress = Shown(screen, len(chosen))
            try:
                with progress:
                    reports = batch.grade_all(
                        chosen,
                        loaded=loaded,
                        store=store,
                        key=key,
                        spec=partial(
                            batch.JobSpec, root, call.name, dataset.name if dataset else "", settings, options
                        ),
                        start=start,
                        jobs=jobs,
                        notify=progress,
                        patience=grading.longest_seconds(loaded, options) + CHECKS_SECONDS,
                        control=partial(grading.reference_as_submission, loaded, folder),
                        outdated=partial(grading.is_outdated, preloaded=foreseen),
                        idle=idle,
                        before=before,
                    )
            except KeyboardInterrupt:
                return stopped(screen, progress, len(chosen))
            left = {each.student for each in everyone}.difference(report.student for report in reports)
            others = store.all_known((key(each), each.student) for each in everyone if each.student in left).values()
            whole_class = sorted((*reports, *others), key=lambda report: report.student.casefold())
        names = export.file_names(submission.student for submission in everyone)
        _keep_pdfs(call.out / "answers", everyone, loaded.assignment.answers, names)
    refused = Gate().refused(gate_key(loaded, dataset, replace(options, only="")))
    heading = pages.Heading(course.title, loaded.assignment.title)
    graded = Graded(reports, whole_class, heading, names, walls, dataset.name if dataset else "", refused)
    return deliver(screen, call, graded, progress)


def _may_be_known(out: Path, loaded: loader.Loaded) -> bool:
    """Whether the submissions are first looked at without a copy of each: perhaps nothing of them has to be graded."""
    return (out / GRADED).is_file() and not any(file.endswith(".pdf") for file in loaded.assignment.answers)


def _all_known(chosen: Sequence[Submission], before: Mapping[tuple[str, str], Report]) -> bool:
    """Whether each submission has a report that stays as it is, whatever the class imports.

    Each report was made with the imports of its own submission at least, so the class imports nothing now that is in
    none of them.
    """
    imported = {name for report in before.values() for name in report.replay.preloaded}
    return len(before) == len(chosen) and not any(grading.is_outdated(report, imported) for report in before.values())


def into(screen: Console, call: Call) -> Call:
    """The call with the folder in which its reports are kept apart from others; said where that is another one."""
    out = kept_apart(call.out, call.name, call.only)
    if out != call.out:
        screen.print(
            f"{escape(str(call.out))} keeps reports of more than {escape(call.only)}, so these go into "
            f"{escape(str(out))}.",
            soft_wrap=True,
        )
    return replace(call, out=out)


def deliver(screen: Console, call: Call, graded: Graded, progress: Shown) -> int:
    """Write every file, print the table; returns the exit code."""
    made = write_class(call.out, graded)
    reports = made.reports
    if made.left:
        screen.print(
            f"Not among the submissions any more: {escape(', '.join(made.left))}. Their reports and pages are in "
            f"{escape(str(call.out / LEFT))}.",
            soft_wrap=True,
        )
    if made.earlier:
        screen.print(
            f"Not graded as they are now: {escape(', '.join(made.earlier))}. Their earlier reports count until then.",
            soft_wrap=True,
        )
    if progress.known:
        screen.print(f"{progress.known} of {len(reports)} reports were there already and are taken over as they are.")
    table = _table(reports) if len(reports) <= _LONGEST_TABLE else _too_many(reports)
    screen.print(f"\n[bold]{escape(graded.heading.assignment)}[/]", table, sep="\n")
    _show_banners(screen, reports)
    _point_out(screen, call.out, reports, graded.names)
    _point_out_answers(screen, call, made.everybody)
    for alarm in made.alarms:
        screen.print(f"[bold yellow]Look at this:[/]   {escape(visible(alarm.sentence))}", soft_wrap=True)
    return 1 if any(report.internal for report in reports) else 0


def stopped(screen: Console, progress: Shown, count: int) -> int:
    """Say after Ctrl-C how far it went; returns the exit code."""
    screen.print(f"Stopped. {progress.done} of {count} reports are kept; the same command goes on from there.")
    return STOPPED


def foreseen_imports(
    screen: Console, chosen: Sequence[Submission], preload: Iterable[str], walls: str
) -> dict[str, int]:
    """What the class imports and the assignment does not preload, with the number of submissions that do; said."""
    found = {} if walls in sandbox.CONTAINERS else to_preload(chosen, preload)
    if found:
        listed = ", ".join(f"{name} ({count})" for name, count in found.items())
        screen.print(
            f"Imported once for all, because submissions import it: {escape(listed)}, "
            f"of {counted(len(chosen), 'submission')}.",
            soft_wrap=True,
        )
    return found


def _warn_of_guessable(screen: Console, seed: str) -> None:
    bits = guessing_bits(seed)
    if bits < ENOUGH_BITS:
        screen.print(
            f"[bold yellow]The seed can be guessed[/] (about {bits:.0f} bits): whoever finds it knows the inputs of "
            "all hidden checks. Leave --seed and AUTOGRADER_SEED out, and a random one is kept for you.",
            soft_wrap=True,
        )


def sandbox_name(screen: Console, name: str, image: str) -> str:
    """The sandbox that "auto" stands for here, so that results are known by the one that was really there.

    Raises:
        UsageError: there is none of that name, or "auto" would be a weaker one than has worked on this machine.
    """
    if known_sandbox(name) == "none":
        screen.print("[bold yellow]Sandbox: none.[/] Submissions run as you, with no walls; only for your own code.")
    if name == "auto":
        name = sandbox.best(image)
        sandbox.require_strongest(name)
        show_note_on(screen, name)
    if not sandbox.why_not(name, image):
        sandbox.remember([name])
    return name


def chosen_of(everyone: Sequence[Submission], students: Sequence[str]) -> tuple[Submission, ...]:
    """The submissions of the students that were named, or all.

    Raises:
        UsageError: a student without a submission; the sentence gives near names.
    """
    names = [submission.student for submission in everyone]
    for student in students:
        if student not in names:
            raise UsageError(f"--students: there is no submission of {student!r}; {near(student, names)}")
    return tuple(submission for submission in everyone if not students or submission.student in students)


def _too_many(reports: Sequence[Report]) -> str:
    """In place of the table of a large class: how many there are, and the middle of their points."""
    middle = median(rounded(report.points + report.bonus_points) for report in reports)
    whole = max(report.max_points for report in reports)
    return (
        f"{counted(len(reports), 'student')}, median {points_of(rounded(middle), whole)}. "
        f"A table is printed for up to {_LONGEST_TABLE}."
    )


def _table(reports: Sequence[Report]) -> Table:
    """Student, points per question, total, verdicts, seconds."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Student", overflow="fold")
    highest = {q.id: (q.max_points, q.bonus) for report in reports for q in report.questions}
    for id_ in question_ids(reports):
        most, bonus = highest[id_]
        head = f"{'+' if bonus else '/'}{shown(most)}" if most else "no points"
        table.add_column(f"{escape(id_)}\n{head}", justify="right", no_wrap=True)
    whole = max((report.max_points for report in reports), default=0.0)
    extra = sum(most for most, bonus in highest.values() if bonus)
    worth = f"{f'/{shown(whole)}' if whole else ''}{f'+{shown(extra)}' if extra else ''}"
    table.add_column(f"Total\n{worth or 'no points'}", justify="right", no_wrap=True)
    unread = any(report.waiting for report in reports)
    if unread:
        table.add_column("By hand", justify="right", no_wrap=True)
    table.add_column("Verdicts")
    table.add_column("Seconds", justify="right", no_wrap=True)
    for report in reports:
        points = {each.id: shown(each.points) if each.max_points else "-" for each in report.questions}
        total = shown(rounded(report.points + report.bonus_points)) if worth else "-"
        table.add_row(
            escape(report.student),
            *(points.get(id_, "") for id_ in question_ids(reports)),
            f"[bold]{total}[/]",
            *([f"[dim]{shown(waiting(report))}[/]"] if unread else []),
            f"[magenta]{verdict_summary(report)}[/]" if report.internal else verdict_summary(report),
            f"{report.resources.wall_seconds:.1f}",
        )
    return table


def _show_banners(screen: Console, reports: Sequence[Report]) -> None:
    """Errors that stopped several checks of a submission, once each."""
    found = banners(reports)
    for banner in found[:_MOST_BANNERS]:
        screen.print(
            f"{escape(banner.student)}: [red]one error stopped {banner.count} checks.[/] "
            f"{escape(visible(banner.sentence, _LONGEST_BANNER))}",
            soft_wrap=True,
        )
    if len(found) > _MOST_BANNERS:
        more = counted(len(found) - _MOST_BANNERS, "more such error")
        screen.print(f"{more} in the class summary.", soft_wrap=True)


def _keep_pdfs(folder: Path, everyone: Sequence[Submission], files: Sequence[str], names: dict[str, str]) -> None:
    """Copy the PDF answers to where whoever grades them finds them."""
    for submission in everyone:
        for file in files:
            path = submission.folder / file
            if path.suffix == ".pdf" and path.is_file() and grading.is_pdf(content := path.read_bytes()):
                export.write_bytes(folder / names[submission.student] / file, content)


def _point_out_answers(screen: Console, call: Call, reports: Sequence[Report]) -> None:
    """What people still have to read."""
    unread = [check for report in reports for check in report.to_read]
    absent = sum(len(report.waiting) for report in reports) - len(unread)
    command = f"autograder mark {call.name} --out {call.out}"
    if unread:
        points = counted(rounded(sum(check.by_hand for check in unread)), "point")
        left = f"{len(unread)} answer{' waits' if len(unread) == 1 else 's wait'}"
        told = f"{left} for a person: {points}, in no sum; {command}"
        screen.print(f"To be graded:   {escape(told)}", soft_wrap=True)
    elif absent:
        told = f"no answer to read; {command} counts {counted(absent, 'answer')} that nobody handed in as 0"
        screen.print(f"To be graded:   {escape(told)}", soft_wrap=True)


def _point_out(screen: Console, out: Path, reports: Sequence[Report], names: Mapping[str, str]) -> None:
    """Where everything lies."""
    ours = [report.student for report in reports if report.internal]
    for report in reports:
        if report.not_final:
            screen.print(f"Not final: {report.student}. {report.not_final}", markup=False, soft_wrap=True)
    if ours:
        screen.print(
            f"[magenta]Our fault, not scored:[/] {escape(', '.join(ours))}. {next_step(reports)}", soft_wrap=True
        )
    screen.print(f"Class summary:  {escape(str(out / 'summary.html'))}", soft_wrap=True)
    screen.print(f"Grades:         {escape(str(out / 'grades.csv'))}", soft_wrap=True)
    if final := [report for report in reports if not report.not_final]:
        example = min(final, key=lambda report: (abs(report.points - report.max_points / 2), report.student))
        page = out / "feedback" / f"{names[example.student]}.html"
        screen.print(f"Feedback:       {escape(str(page))} (one page per student)", soft_wrap=True)


def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """A polite request to end is a Ctrl-C."""
    raise KeyboardInterrupt

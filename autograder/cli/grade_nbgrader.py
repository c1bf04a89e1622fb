"""`autograder grade` for an assignment of a course in nbgrader's folders."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from functools import partial

from rich.console import Console
from rich.markup import escape

from autograder import grading, sandbox
from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.cli.common import console, limits_from, settings_of, staging
from autograder.cli.grade import (
    CHECKS_SECONDS,
    Call,
    chosen_of,
    deliver,
    foreseen_imports,
    into,
    sandbox_name,
    stop,
    stopped,
)
from autograder.cli.progress import Shown
from autograder.course import CONFIG_FILE, Course, load
from autograder.formats import nbgrader
from autograder.grading import RunOptions, batch
from autograder.reports import pages
from autograder.reports.class_folder import Graded
from autograder.sandbox.image import image_name
from autograder.store import Store, sqlite_address
from autograder.submissions import Submission
from autograder.worker.shell import PREPARED

__all__ = ["grade_nbgrader"]


def grade_nbgrader(call: Call, found: nbgrader.Course) -> int:
    """The same for an assignment of a course in nbgrader's folders."""
    if call.only or call.full:
        raise UsageError("--only and --full are for assignments of our own; leave them out for nbgrader's.")
    assignment = nbgrader.load(found, call.name)
    course = load(found.folder / CONFIG_FILE) if (found.folder / CONFIG_FILE).is_file() else Course(found.title, ())
    limits = {**course.limits.get(call.name, {}), **limits_from(call.limits)}
    options = RunOptions("", limits=limits)  # nothing is drawn here
    screen = console()
    late = nbgrader.read_lateness(found, call.name, call.due)
    for note in (*found.settings.notes, *late.notes):
        screen.print(escape(note), soft_wrap=True)
    signal.signal(signal.SIGTERM, stop)
    walls, image = "", image_name(call.name)
    foreseen: dict[str, int] = {}

    def start() -> sandbox.ForkServer | sandbox.ContainerSandbox:
        preload = (*PREPARED, *assignment.packages)
        packaged_data = assignment.packaged_data
        return sandbox.start(walls, preload=preload, image=image, packaged_data=packaged_data, foreseen=(*foreseen,))

    def key(submission: Submission) -> str:
        return nbgrader.result_key(assignment, submission, options, walls)

    def spec(address: str) -> batch.JobSpec:
        return batch.JobSpec(found.folder, call.name, "", settings_of(None, None), options, address)

    call = into(screen, call)
    with staging(call.out) as folder:
        everyone = nbgrader.collect_course(assignment, folder, call.submissions, accept=course.accept_close_names)
        chosen = chosen_of(everyone, call.students)
        walls = sandbox_name(screen, call.sandbox or course.sandbox, image)
        foreseen = foreseen_imports(screen, chosen, assignment.packages, walls)
        with Store(call.db or course.database or sqlite_address(call.out.resolve() / "grader.db")) as store:
            progress = Shown(screen, len(chosen))
            try:
                with progress:
                    reports = batch.grade_all(
                        chosen,
                        loaded=partial(nbgrader.lost_report, assignment),
                        store=store,
                        key=key,
                        spec=spec,
                        start=start,
                        jobs=course.jobs_at_once(call.jobs),
                        notify=progress,
                        patience=nbgrader.longest_seconds(assignment, options) + CHECKS_SECONDS,
                        job=nbgrader.grader,
                        outdated=partial(grading.is_outdated, preloaded=foreseen),
                    )
            except KeyboardInterrupt:
                return stopped(screen, progress, len(chosen))
            stamps = nbgrader.stamps_of(assignment, call.submissions)
            _say_unknown_times(screen, stamps)
            times = {student: stamp.time for student, stamp in stamps.items()}
            reports = tuple(late.applied(report, times.get(report.student)) for report in reports)
            known = filter(None, (store.known(key(s), s.student) for s in everyone if s not in chosen))
            others = (late.applied(report, times.get(report.student)) for report in known)
            whole_class = sorted((*reports, *others), key=lambda report: report.student.casefold())
    names = export.file_names(submission.student for submission in everyone)
    graded = Graded(reports, whole_class, pages.Heading(course.title, call.name), names, walls)
    return deliver(screen, call, graded, progress)


def _say_unknown_times(screen: Console, stamps: Mapping[str, nbgrader.Stamp]) -> None:
    """Name those whose time of handing in is not known, because they count as handed in on time."""
    for student, stamp in stamps.items():
        if stamp.time is None:
            said = f"{student}: timestamp.txt cannot be read, so this counts as handed in on time: {stamp.problem}."
            screen.print(said, markup=False, soft_wrap=True)

"""`autograder grade` for an assignment of a course in nbgrader's folders: what differs there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from autograder.checks.errors import UsageError
from autograder.cli.grade import Call, Work
from autograder.course import CONFIG_FILE, Course, load
from autograder.formats import nbgrader
from autograder.grading import RunOptions
from autograder.grading.preparing import limits_from
from autograder.results import Report
from autograder.sandbox.image import image_name
from autograder.submissions import Submission

__all__ = ["nbgrader_work"]


def nbgrader_work(call: Call, found: nbgrader.Course, screen: Console) -> Work:
    """The assignment, with what lateness costs."""
    if call.only or call.full:
        raise UsageError("--only and --full are for assignments of our own; leave them out for nbgrader's.")
    assignment = nbgrader.load(found, call.name)
    course = load(found.folder / CONFIG_FILE) if (found.folder / CONFIG_FILE).is_file() else Course(found.title, ())
    limits = {**course.limits.get(call.name, {}), **limits_from(call.limits)}
    options = RunOptions("", limits=limits)  # nothing is drawn here
    late = nbgrader.read_lateness(found, call.name, call.due)
    for note in (*found.settings.notes, *late.notes):
        screen.print(escape(note), soft_wrap=True)

    def collected(folder: Path, _: bool) -> tuple[Submission, ...]:
        return nbgrader.collect_course(assignment, folder, call.submissions, accept=course.accept_close_names)

    def grader(name: str, _: Path, foreseen: tuple[str, ...]) -> nbgrader.CourseGrader:
        return nbgrader.CourseGrader(assignment, options, name, foreseen=foreseen)

    stamps: dict[str, nbgrader.Stamp] = {}

    def finished(reports: Sequence[Report]) -> tuple[Report, ...]:
        if not stamps:
            stamps.update(nbgrader.stamps_of(assignment, call.submissions))
            _say_unknown_times(screen, stamps)
        times = {student: stamp.time for student, stamp in stamps.items()}
        return tuple(late.applied(report, times.get(report.student)) for report in reports)

    return Work(
        course, call.name, image_name(call.name), tuple(assignment.packages), collected, grader, finished=finished
    )


def _say_unknown_times(screen: Console, stamps: Mapping[str, nbgrader.Stamp]) -> None:
    """Name those whose time of handing in is not known, because they count as handed in on time."""
    for student, stamp in stamps.items():
        if stamp.time is None:
            said = f"{student}: timestamp.txt cannot be read, so this counts as handed in on time: {stamp.problem}."
            screen.print(said, markup=False, soft_wrap=True)

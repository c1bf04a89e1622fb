"""An assignment of a course in nbgrader's folders as the work of `autograder grade`: what differs from ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.course import CONFIG_FILE
from autograder.course import Course as Settings
from autograder.course import load as load_settings
from autograder.formats.nbgrader.course import Course, load
from autograder.formats.nbgrader.grading import CourseGrader
from autograder.formats.nbgrader.lateness import Stamp, read_lateness
from autograder.formats.nbgrader.submitted import collect_course, stamps_of
from autograder.grading import RunOptions
from autograder.grading.class_work import ClassWork, GradeRequest, Screen
from autograder.grading.preparing import limits_from
from autograder.results import Report
from autograder.sandbox.image import image_name
from autograder.submissions import Submission

__all__ = ["course_work"]


def course_work(asked: GradeRequest, found: Course, screen: Screen) -> ClassWork:
    """The assignment, with what lateness costs.

    Raises:
        UsageError: something is asked for that is not nbgrader's, or there is no such assignment.
    """
    if asked.only or asked.full:
        raise UsageError("--only and --full are for assignments of our own; leave them out for nbgrader's.")
    if asked.budget:
        raise UsageError("--budget is for assignments of our own; leave it out for nbgrader's.")
    assignment = load(found, asked.name)
    file = found.folder / CONFIG_FILE
    course = load_settings(file) if file.is_file() else Settings(found.title, ())
    limits = {**course.limits.get(asked.name, {}), **limits_from(asked.limits)}
    options = RunOptions("", limits=limits)  # nothing is drawn here
    late = read_lateness(found, asked.name, asked.due)
    for note in (*found.settings.notes, *late.notes):
        screen.say(note)

    def collected(folder: Path, _: bool) -> tuple[Submission, ...]:
        return collect_course(assignment, folder, asked.submissions, accept=course.accept_close_names)

    def grader(name: str, _: Path, foreseen: tuple[str, ...]) -> CourseGrader:
        return CourseGrader(assignment, options, name, foreseen=foreseen)

    stamps: dict[str, Stamp] = {}

    def finished(reports: Sequence[Report]) -> tuple[Report, ...]:
        if not stamps:
            stamps.update(stamps_of(assignment, asked.submissions))
            _say_unknown_times(screen, stamps)
        times = {student: stamp.time for student, stamp in stamps.items()}
        return tuple(late.applied(report, times.get(report.student)) for report in reports)

    return ClassWork(
        course, asked.name, image_name(asked.name), tuple(assignment.packages), collected, grader, finished=finished
    )


def _say_unknown_times(screen: Screen, stamps: Mapping[str, Stamp]) -> None:
    """Name those whose time of handing in is not known, because they count as handed in on time."""
    for student, stamp in stamps.items():
        if stamp.time is None:
            screen.say(
                f"{student}: timestamp.txt cannot be read, so this counts as handed in on time: {stamp.problem}."
            )

"""`autograder replay`: one student's grade again, from its record."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.markup import escape

from autograder import datasets, grading, loader
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.cli.common import console
from autograder.course import CONFIG_FILE, Course, course_seed, load, open_course
from autograder.formats import nbgrader
from autograder.grading import RunOptions
from autograder.grading.preparing import caps_for, settings_of, start_sandbox
from autograder.grading.provenance import changed_facts, differences
from autograder.results import Report
from autograder.submissions import Recogniser, Submission, collect_one, refuse_paths
from autograder.submissions.attempts import attempts_of

__all__ = ["Call", "replay_report"]


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder replay`; None means: as the report or the course has it."""

    report: Path
    files: tuple[Path, ...]
    sandbox: str | None
    seed: str | None
    data: Path | None
    course: Path | None


def replay_report(call: Call) -> int:
    """Grade once more and compare; returns 0 when nothing differs, else 1."""
    then = _read(call.report)
    if (found := nbgrader.find_course(call.course or Path.cwd(), then.assignment)) is not None:
        return _report_differences(then, _in_course(call, then, found))
    root, course = open_course(call.course)
    loaded = loader.load(root, then.assignment)
    refuse_paths(call.files, loaded.assignment.handed_in)
    settings = settings_of(call.data, course, loaded)
    dataset = datasets.find(then.replay.data, settings) if then.replay.data else None
    options = RunOptions.of(then.replay, course_seed(call.seed, os.environ))
    assignment = loaded.assignment
    with tempfile.TemporaryDirectory(prefix="autograder-replay-") as folder:
        recogniser = Recogniser.of(loaded, accept=course.accept_close_names)
        caps = caps_for(loaded, dataset)

        def collected(files: Sequence[Path], place: Path) -> Submission:
            return collect_one(files, assignment.handed_in, place, then.student, caps, recogniser)

        submission = _graded(call.files, then, Path(folder), collected)
        backend = call.sandbox or then.resources.sandbox or course.sandbox
        with start_sandbox(backend, loaded, then.replay.threads, then.replay.preloaded) as started:
            now = grading.grade(loaded, submission, started, dataset, options)
    return _report_differences(then, now)


def _graded(
    files: Sequence[Path], then: Report, staging: Path, collected: Callable[[Sequence[Path], Path], Submission]
) -> Submission:
    """What was graded; of a student's folder with several collected attempts, the one that the report is about.

    Raises:
        UsageError: it is none of the attempts.
    """
    attempts = attempts_of(files[0]) if len(files) == 1 else []
    for attempt in attempts:
        place = staging / attempt.name
        place.mkdir()
        submission = collected([attempt], place)
        if submission.sha256 == then.replay.submission_sha256:
            return submission
    if len(attempts) > 1:
        raise UsageError(
            f"{files[0]} holds {counted(len(attempts), 'attempt')}, and none with the files that were graded; name the "
            f"folder of one, such as {attempts[-1]}."
        )
    return collected(files, staging)


def _in_course(call: Call, then: Report, found: nbgrader.Course) -> Report:
    """The same for a report of a course in nbgrader's folders, where nothing is drawn and no data set is named."""
    assignment = nbgrader.load(found, then.assignment)
    config = found.folder / CONFIG_FILE
    course = load(config) if config.is_file() else Course(found.title, ())
    backend = call.sandbox or then.resources.sandbox or course.sandbox
    options = RunOptions.of(then.replay, "")
    with tempfile.TemporaryDirectory(prefix="autograder-replay-") as folder:
        submission = nbgrader.collect_again(
            assignment, call.files, Path(folder), then.student, accept=course.accept_close_names
        )
        with nbgrader.start_sandbox(assignment, backend, then.replay.preloaded) as started:
            return nbgrader.grade(assignment, submission, started, options)


def _report_differences(then: Report, now: Report) -> int:
    """Print what differs; returns the exit code."""
    screen = console()
    facts, found = changed_facts(then.replay, now.replay), differences(then, now)
    for sentence in (*facts, *found):
        screen.print(escape(sentence), soft_wrap=True)
    if found:
        screen.print(
            f"[red]The report of {escape(then.student)} was not reproduced: {counted(len(found), 'difference')}.[/]"
        )
        return 1
    screen.print(
        f"The report of {escape(then.student)} was reproduced: every verdict, number of points and message is the same."
    )
    return 0


def _read(path: Path) -> Report:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {reason_of(error)}; name a file of reports/.") from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise UsageError(f"{path} is no report of this version: {error}; name a file of reports/.") from None

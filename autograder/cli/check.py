"""`autograder check`: what a student would see of one submission."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from autograder import grading, loader
from autograder.checks.errors import UsageError
from autograder.checks.local.variants import Variant
from autograder.cli.common import console, named_sandbox
from autograder.course import Course, course_seed, open_course
from autograder.early_start import Early
from autograder.grading import RunOptions
from autograder.grading.preparing import caps_for, dataset_for, limits_from, settings_of, start_sandbox
from autograder.loader import Loaded
from autograder.messages import AS_ABOVE, WORDING, said_once
from autograder.reports.pages.text import visible
from autograder.results import Report, Verdict
from autograder.scoring import points_of
from autograder.submissions import Recogniser, collect_one, refuse_paths
from autograder.submissions.term import course_roster

__all__ = ["Call", "check_files"]

STYLES = {
    Verdict.PASSED: "green",
    Verdict.PARTIAL: "yellow",
    Verdict.NOT_ATTEMPTED: "dim",
    Verdict.SKIPPED: "dim",
    Verdict.MANUAL: "dim",
}
YOU = "submission"


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder check`; None or empty means: as the course has it."""

    name: str
    files: tuple[Path, ...]
    only: str
    sandbox: str | None
    limits: tuple[str, ...]
    full: bool
    data: Path | None
    course: Path | None
    student: str = ""


def check_files(call: Call, early: Early | None = None) -> int:
    """Run the public checks and print them; returns the exit code, 1 when some check is INTERNAL.

    `early` is a forkserver that was started before.

    Raises:
        UsageError: a file is not there, or nothing that can be checked is in what was named.
    """
    root, course = open_course(call.course)
    loaded = loader.load(root, call.name)
    refuse_paths(call.files, loaded.assignment.handed_in)
    changes = {**course.limits.get(call.name, {}), **limits_from(call.limits)}
    options = RunOptions("public", call.full, call.only, changes, hidden=False)
    grading.selected_checks(loaded.assignment, options)
    screen = console()
    dataset, said = dataset_for(loaded, settings_of(call.data, course, loaded))
    if said:
        screen.print(escape(said))
    variant = _variant(call, loaded, course, root, screen)
    with tempfile.TemporaryDirectory(prefix="autograder-check-") as temporary:
        recogniser = Recogniser.of(loaded, accept=course.accept_close_names)
        caps = caps_for(loaded, dataset)
        submission = collect_one(call.files, loaded.assignment.handed_in, Path(temporary), YOU, caps, recogniser)
        if submission.problem:
            raise UsageError(f"Nothing was handed in that can be checked. {submission.problem}")
        backend = named_sandbox(screen, call.sandbox or course.sandbox, loaded)
        with start_sandbox(backend, loaded, early=early) as started:
            report = grading.grade(loaded, submission, started, dataset, options, variant=variant)
    _show(screen, report)
    return 1 if report.internal else 0


def _variant(call: Call, loaded: Loaded, course: Course, root: Path, screen: Console) -> Variant | None:
    """The variant of the student that was named, or the example that is nobody's.

    Raises:
        UsageError: there are no variants, the student is not on the roster, or the seed is another one.
    """
    if loaded.assignment.variants is None:
        if call.student:
            raise UsageError(f"{call.name} draws no variants; leave out --for.")
        return None
    if call.student:
        from autograder.release import chosen_students, refuse_other_seed

        chosen_students((call.student,), course_roster(course, root), everybody=False)
        seed = course_seed(None, os.environ)
        refuse_other_seed(loaded, seed)
        return loaded.variant_of(call.student, seed)
    screen.print("Checked with the example of a variant; --for STUDENT checks with the variant of a student.")
    return loaded.example_variant


def _show(screen: Console, report: Report) -> None:
    for note in report.notes:
        screen.print(f"[yellow]{escape(visible(note))}[/]")
    once = said_once(report, staff=False)
    for text, count in once.items():
        screen.print(f"[red]One error stopped {count} checks.[/]")
        for line in visible(text).splitlines():
            screen.print(f"  {escape(line)}")
    for question in report.questions:
        screen.print(
            f"\n[bold]({escape(question.id)}) {escape(question.title)}[/]: "
            + (
                f"{points_of(question.points, question.max_points)} in public checks"
                if question.checks
                else "no public checks"
            )
        )
        for check in question.checks:
            wording = WORDING[check.verdict]
            style = STYLES.get(check.verdict, "red")
            screen.print(f"  [{style}]{wording.mark} {wording.short}[/]: {escape(check.title)}")
            for line in visible(AS_ABOVE if check.message in once else check.message).splitlines():
                screen.print(f"      {escape(line)}")
        if question.output:
            screen.print("  Your code printed:")
            for line in visible(question.output).splitlines():
                screen.print(f"      {escape(line)}", style="dim")
    screen.print("\nHidden checks are run by the staff; these here are part of them.")

"""`autograder release`: the folder that students get, once its assignment has passed validation."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from autograder import loader
from autograder.checks.errors import UsageError
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.wording import counted
from autograder.cli.common import console
from autograder.cli.stopping import if_stopped
from autograder.cli.validate import show
from autograder.course import Course, course_seed, open_course
from autograder.grading import RunOptions
from autograder.grading.preparing import dataset_for, settings_of, start_sandbox
from autograder.loader import Loaded
from autograder.quality.validation import ValidationCache, recorded, sets, validate, validation_key
from autograder.release import added, build, chosen_students, release_for, write_archive
from autograder.sandbox import ContainerSandbox, ForkServer
from autograder.scoring import rounded, shown
from autograder.submissions.term import course_roster

__all__ = ["Call", "release_assignment"]


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder release`; None means: as the course has it."""

    name: str
    validate: bool
    archive: bool
    students: tuple[str, ...]
    everybody: bool
    sandbox: str | None
    data: Path | None
    course: Path | None


def release_assignment(call: Call) -> int:
    """Write release/NAME and say what is in it; returns 1, and writes nothing, if the assignment does not validate."""
    root, course = open_course(call.course)
    loaded = loader.load(root, call.name)
    students = _students(call, root, course, loaded)
    out = root / "release" / call.name
    screen = console()
    if not call.validate:
        screen.print(
            f"[bold yellow]NOT VALIDATED:[/] hand nothing out before `autograder validate {escape(call.name)}` finds "
            "nothing that must be fixed.",
            soft_wrap=True,
        )
    elif bad := _validated(call, root, course, loaded, screen):
        screen.print(
            f"[red]Nothing was released: {bad} of these must be fixed first.[/] To write it untried all the same: "
            "--no-validate.",
            soft_wrap=True,
        )
        return 1
    settings = settings_of(call.data, course, loaded)
    own = settings.declared(loaded.assignment.data)
    dataset = dataset_for(loaded, settings, released=False)[0] if own else None
    if students:
        seed = course_seed(None, os.environ)
        made = list(release_for(loaded, students, dataset, seed, archive=call.archive))
        screen.print(
            f"Wrote {counted(len(made), 'release')} to {escape(str(made[0].parent))}, each with the variant of one "
            "student: give it to that student alone.",
            soft_wrap=True,
        )
        return 0
    files = build(loaded, out, dataset)
    if others := added(out, dict.fromkeys((path.relative_to(out).as_posix() for path in files), b"")):
        screen.print(f"Left as they are, for no release wrote them: {escape(', '.join(others))}", soft_wrap=True)
    assignment = loaded.assignment
    if assignment.variants:
        screen.print(
            "It holds an example of a variant, which is nobody's: for students run the same with --for or --all.",
            soft_wrap=True,
        )
    hidden = sum(check.hidden for check in assignment.checks)
    total = rounded(assignment.max_points + assignment.by_hand)
    bonus = rounded(sum(each.max_points + each.by_hand for each in assignment.questions if each.bonus))
    by_hand = rounded(sum(each.points for each in assignment.written))
    screen.print(f"Wrote {counted(len(files), 'file')} to {escape(str(out))}", soft_wrap=True)
    if call.archive:
        with if_stopped(f"{out} is written, and its archive is not; run the same command again."):
            screen.print(f"Packed it as {escape(str(write_archive(out)))}", soft_wrap=True)
    screen.print(
        f"{escape(assignment.title)}: {counted(total, 'point')}"
        f"{' and ' + counted(bonus, 'bonus point') if bonus else ''}"
        f"{f', {shown(by_hand)} of them manually graded' if by_hand else ''}; "
        f"public checks in it: {len(assignment.checks) - hidden}; hidden ones left out: {hidden}.",
        soft_wrap=True,
    )
    hinted = [check.id for check in assignment.checks if check.hidden and check.hint]
    if hinted and any(map(is_notebook, assignment.files)):
        screen.print(
            f"The hints of {counted(len(hinted), 'hidden check')} are in test_public.py, where students can read them "
            f"now: {escape(', '.join(hinted))}.",
            soft_wrap=True,
        )
    return 0


def _students(call: Call, root: Path, course: Course, loaded: Loaded) -> tuple[str, ...]:
    """The students for whom releases are made; none for the release that is nobody's."""
    if not call.students and not call.everybody:
        return ()
    if loaded.assignment.variants is None:
        raise UsageError(
            f"{call.name} draws no variants, so everybody gets release/{call.name}; leave out --for and --all."
        )
    return chosen_students(call.students, course_roster(course, root), everybody=call.everybody)


def _validated(call: Call, root: Path, course: Course, loaded: Loaded, screen: Console) -> int:
    """How many findings are bad; 0 without a trial where the very same has passed before."""
    dataset, said = dataset_for(loaded, settings_of(call.data, course, loaded), released=False)
    options = RunOptions(course_seed(None, os.environ), limits=dict(course.limits.get(call.name, {})))
    cache, key = ValidationCache(), validation_key(loaded, dataset, options)
    declared = sets(root, call.name, course.homework_sets)
    if cache.passed(key):
        screen.print("Validated before, and nothing has changed since.")
        return sum(not finding.good for finding in declared)
    if said:
        screen.print(escape(said))
    with _backend(call, course, loaded, screen) as backend:
        findings = recorded(validate(loaded, backend, dataset, options, quick=True), cache, key)
        bad = show(screen, chain(declared, findings))
    if not bad:
        cache.remember(key)
    return bad


def _backend(call: Call, course: Course, loaded: Loaded, screen: Console) -> ForkServer | ContainerSandbox:
    """The course's sandbox, or none where it cannot be had: what is tried is the instructor's own code."""
    try:
        return start_sandbox(call.sandbox or course.sandbox, loaded)
    except UsageError as error:
        if call.sandbox:
            raise
        screen.print(
            f"[yellow]Tried without a sandbox, for it is your own code:[/] {escape(str(error))}", soft_wrap=True
        )
        return start_sandbox("none", loaded)

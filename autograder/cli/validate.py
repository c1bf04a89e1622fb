"""`autograder validate`: is an assignment fit to be handed out?"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from autograder import loader
from autograder.cli.common import console
from autograder.course import course_seed, open_course
from autograder.grading import RunOptions
from autograder.grading.preparing import dataset_for, limits_from, settings_of, start_sandbox
from autograder.quality.validation import Finding, ValidationCache, recorded, sets, validate, validation_key
from autograder.sandbox import ContainerSandbox, ForkServer
from autograder.store import check_address

__all__ = ["Call", "show", "validate_assignment"]


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder validate`; None or empty means: as the course has it."""

    name: str
    sandbox: str | None
    limits: tuple[str, ...]
    full: bool
    quick: bool
    seed: str | None
    data: Path | None
    course: Path | None


def validate_assignment(call: Call) -> int:
    """Print one line a finding as it is made; returns 0 if all of them are good, else 1."""
    root, course = open_course(call.course)
    if course.database is not None:
        check_address(course.database)
    loaded = loader.load(root, call.name)
    screen = console()
    dataset, said = dataset_for(loaded, settings_of(call.data, course, loaded))
    if said:
        screen.print(escape(said))
    limits = {**course.limits.get(call.name, {}), **limits_from(call.limits)}
    options = RunOptions(course_seed(call.seed, os.environ), call.full, "", limits)
    backend = call.sandbox or course.sandbox

    def again(threads: int) -> ForkServer | ContainerSandbox:
        return start_sandbox(backend, loaded, threads)

    cache, key = ValidationCache(), validation_key(loaded, dataset, options)
    with start_sandbox(backend, loaded) as started:
        findings = recorded(validate(loaded, started, dataset, options, quick=call.quick, again=again), cache, key)
        bad = show(screen, chain(sets(root, call.name, course.homework_sets), findings))
    if bad:
        screen.print(f"[red]{bad} of these must be fixed before {escape(call.name)} is handed out.[/]")
    else:
        cache.remember(key)
        screen.print(f"{escape(call.name)} is fit to be handed out.")
    return 1 if bad else 0


def show(screen: Console, findings: Iterable[Finding]) -> int:
    """Print each finding, and how to fix what is bad; returns how many are."""
    bad = 0
    for finding in findings:
        mark = "[yellow]![/]" if finding.warning else "[green]✓[/]" if finding.good else "[red]✗[/]"
        screen.print(f"{mark} {escape(finding.what)}: {escape(finding.said)}", soft_wrap=True)
        bad += not finding.good
        if finding.warning or not finding.good:
            screen.print(f"  {escape(finding.fix)}", soft_wrap=True)
    return bad

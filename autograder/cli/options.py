"""Options and arguments that several verbs take."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder.settings import MOST_JOBS

__all__ = [
    "CourseOption",
    "DataOption",
    "FullOption",
    "LimitOption",
    "NameArgument",
    "OnlyOption",
    "SandboxOption",
    "SeedOption",
    "assignments_here",
    "jobs_option",
    "moment",
    "sandboxes",
    "whole_within",
    "within",
]

_LONGEST = 60


def within(least: float, most: float) -> Callable[[str | float], float]:
    """The parser of an option that is a number: nan and what is out of range are refused, as by typer they are not."""

    def parsed(text: str | float) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise typer.BadParameter(f"{_given(text)} is no number from {least:,} to {most:,}.")
        return value

    return parsed


def whole_within(least: int, most: int) -> Callable[[str | int], int]:
    """The same of an option that is a whole number."""

    def parsed(text: str | int) -> int:
        try:
            value = int(text)
        except ValueError:  # also more digits than Python reads
            value = least - 1
        if not least <= value <= most:
            raise typer.BadParameter(f"{_given(text)} is no whole number from {least:,} to {most:,}.")
        return value

    return parsed


def jobs_option(what: str) -> Any:
    """`--jobs` of a verb that does several things at a time, with the values of `Course.jobs`; `what` says which."""
    text = f"{what} at a time, 0 for one on each processor; else the course's."
    return typer.Option("--jobs", parser=whole_within(0, MOST_JOBS), metavar="N", help=text)


def moment(text: str | datetime) -> datetime:
    """The parser of an option that is a time."""
    if isinstance(text, datetime):
        return text
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{_given(text)} is no time; write it as 2026-11-30 or 2026-11-30T23:59.") from None


def _given(text: object) -> str:
    shown = repr(text) if isinstance(text, str) else str(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."


def assignments_here(ctx: typer.Context) -> list[str]:
    """Names of the assignments of the course, for the shell's completion; nothing of the course is run."""
    folder = ctx.params.get("course")
    if folder is None:
        here = Path.cwd()
        folder = next((each for each in (here, *here.parents) if (each / "grader_config.py").is_file()), here)
    return sorted(path.parent.name for path in Path(folder).glob("assignments/*/assignment.py"))


def sandboxes() -> list[str]:
    """Names of sandboxes, for the shell's completion."""
    from autograder.course import SANDBOXES

    return [*SANDBOXES]


CourseOption = Annotated[
    Path | None,
    typer.Option(
        "--course", "--root", metavar="DIR", help="Folder with grader_config.py; else found from here upwards."
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder with data sets, or embedded (digits, shapes); else AUTOGRADER_DATA, else the cache.",
    ),
]
SandboxOption = Annotated[
    str | None,
    typer.Option(
        "--sandbox",
        metavar="NAME",
        help="auto, bubblewrap, podman, docker, apptainer, landlock or none (no isolation); else the course's.",
        autocompletion=sandboxes,
    ),
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit", metavar="NAME=NUMBER", help="Change one limit, such as wall_seconds=10; may be given several times."
    ),
]
OnlyOption = Annotated[
    str, typer.Option("--only", metavar="QUESTION_OR_CHECK", help="Run one question or one check, and what it needs.")
]
FullOption = Annotated[
    bool, typer.Option("--full", help="Train with the homework's own settings, not the shortened ones.")
]
SeedOption = Annotated[
    str | None,
    typer.Option(
        "--seed", metavar="TEXT", help="The course's secret seed; else AUTOGRADER_SEED, else one kept for you."
    ),
]
NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The assignment: a folder in assignments/.", autocompletion=assignments_here),
]

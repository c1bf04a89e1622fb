"""Options and arguments that several verbs take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "CourseOption",
    "DataOption",
    "FullOption",
    "LimitOption",
    "NameArgument",
    "OnlyOption",
    "SandboxOption",
    "SeedOption",
    "within",
]


def within(least: float, most: float) -> Callable[[float | None], float | None]:
    """The callback of an option that is a number: it refuses numbers out of range, and nan, as typer's own do not."""

    def refused(value: float | None) -> float | None:
        if value is not None and not least <= value <= most:
            raise typer.BadParameter(f"{value} is not in the range from {least:,} to {most:,}.")
        return value

    return refused


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
        help="auto, bubblewrap, podman, docker, apptainer, landlock or none (no walls); else the course's.",
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
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The assignment: a folder in assignments/.")]

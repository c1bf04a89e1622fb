"""Options and arguments that several verbs take."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer

from autograder.cli.completion import assignments_of_any_form, sandboxes
from autograder.settings import MOST_JOBS

__all__ = [
    "AssignmentOption",
    "ClusterOption",
    "CourseOption",
    "DataOption",
    "DatabaseOption",
    "FullOption",
    "KeysOption",
    "LimitOption",
    "NameArgument",
    "OnlyOption",
    "SandboxOption",
    "SchedulerOption",
    "SeedOption",
    "TokenOption",
    "jobs_option",
    "moment",
    "named",
    "read_plainly",
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


def named(text: str) -> str:
    """The parser of what names a file or a folder: without letters, it does not stand for the current folder."""
    if text == "":
        raise typer.BadParameter("an empty name is no file or folder; write . for the current folder.")
    return text


def read_plainly(command: Any) -> Any:
    """The command, whose texts, paths and values with a parser of ours are read without pydantic.

    Typer builds a validator of pydantic's for each parameter, and importing pydantic takes longer than all other
    imports of `--help`. Whatever else a parameter is, typer reads it, once it has a value. Where typer has no such step
    (before 0.29), nothing looks at what is set here.
    """
    if "get_help_option" not in vars(command):
        made = command.get_help_option
        command.get_help_option = lambda ctx: _read_plainly(made(ctx))
        for parameter in command.params:
            _read_plainly(parameter)
    return command


def _read_plainly(parameter: Any) -> Any:
    described = getattr(parameter, "type_descriptor", None)
    if described and "get_runtime_param" not in vars(parameter):
        convert = _conversion(described.annotation, described.parameter_info)
        several = bool(parameter.multiple) or parameter.nargs == -1
        reader = _Plainly(convert, several, parameter.get_runtime_param)
        parameter.get_runtime_param = lambda: reader
    return parameter


@dataclass(frozen=True, slots=True)
class _Plainly:
    """Reads the values of a parameter: by `convert`, or else by what typer has for it."""

    convert: Callable[[Any], Any] | None
    several: bool
    typers: Callable[[], Any]

    def coerce(self, value: Any, **context: Any) -> Any:
        """The value as the verb gets it; None, or () of several, where it is left out."""
        if value is None:
            return () if self.several else None
        if self.convert is None:
            return self.typers().coerce(value, **context)
        return [self.convert(each) for each in value] if self.several else self.convert(value)


def _conversion(annotation: Any, about: Any) -> Callable[[Any], Any] | None:
    """How a value of such a parameter is made from a text; None where that is typer's to know."""
    (annotation,) = get_args(annotation) if get_origin(annotation) is list else (annotation,)
    if about.parser is not None:
        parser: Callable[[Any], Any] = about.parser
        return parser
    if annotation is str:
        return str
    checked = ("exists", "writable", "resolve_path", "allow_dash", "path_type", "allow_mutate")
    if annotation is Path and not any(getattr(about, name, None) for name in checked):
        return lambda text: Path(named(text))
    return None


def _given(text: object) -> str:
    shown = repr(text) if isinstance(text, str) else str(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."


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
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db", metavar="URL", help="Results database as an SQLAlchemy address; else the course's, else DIR/grader.db."
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
TokenOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="File with the token of Canvas or Moodle, readable by you alone; else CANVAS_TOKEN or MOODLE_TOKEN.",
    ),
]
NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The assignment: a folder in assignments/.", autocompletion=assignments_of_any_form
    ),
]
AssignmentOption = Annotated[
    str,
    typer.Option(
        "--assignment", metavar="NAME", help="A folder in assignments/.", autocompletion=assignments_of_any_form
    ),
]
ClusterOption = Annotated[
    str,
    typer.Option("--cluster", metavar="ENGINE", help="What moves jobs: dask, kubernetes or slurm; else this machine."),
]
SchedulerOption = Annotated[
    str,
    typer.Option(
        "--scheduler", metavar="ADDRESS", help="The scheduler's address, such as tls://head.example.org:8786."
    ),
]
JobTemplateOption = Annotated[
    Path | None,
    typer.Option("--job-template", metavar="FILE", help="The Job for --cluster kubernetes, from `cluster manifests`."),
]
SlurmOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slurm", metavar="NAME=VALUE", help="An option of sbatch for --cluster slurm, such as partition=gpu."
    ),
]
KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", metavar="DIR", help="Folder with the cluster's key; else one in your own settings."),
]

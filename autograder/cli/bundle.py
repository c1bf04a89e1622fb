"""`autograder bundle`: an archive that makes another platform run the checks of an assignment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import CourseOption, DataOption, NameArgument, SeedOption, within

__all__ = ["bundle"]

_MOST_MINUTES = 1440


def _platforms() -> list[str]:
    """Names of platforms, for the shell's completion."""
    from autograder.formats.bundles import BUNDLES

    return [*BUNDLES]


def bundle(
    name: NameArgument,
    *,
    platform: Annotated[
        str,
        typer.Option("--for", metavar="PLATFORM", help="gradescope, github or classroom50.", autocompletion=_platforms),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The archive; else NAME-PLATFORM.zip here.")
    ] = None,
    minutes: Annotated[
        float,
        typer.Option(
            "--minutes",
            parser=within(1, _MOST_MINUTES),
            metavar="N",
            help="How long the platform lets one submission run; the grader ends before. Gradescope only.",
        ),
    ] = 10.0,
    hidden: Annotated[
        str,
        typer.Option(
            "--hidden",
            metavar="WHEN",
            help="When students see hidden checks: visible, after_due_date, after_published, hidden. Gradescope only.",
        ),
    ] = "after_published",
    data: DataOption = None,
    seed: SeedOption = None,
    course: CourseOption = None,
) -> None:
    """Make the archive with which another platform runs the checks.

    For gradescope, the zip file of an autograder: the same grader there, isolated as that container allows, with hidden
    checks. For github, a repository for students with an Actions workflow that runs the public checks. For classroom50,
    the folder for the teacher's repository, with the program that runs them there and writes the result file.

    Example: autograder bundle backprop --for gradescope --minutes 20
    """
    import os

    from autograder import loader
    from autograder.checks.errors import UsageError
    from autograder.cli.common import console
    from autograder.course import course_seed, open_course
    from autograder.formats.bundles import Asked, write_bundle
    from autograder.formats.gradescope.results import VISIBILITIES

    if out and not out.parent.is_dir():
        raise UsageError(f"--out: the folder {out.parent} does not exist; correct the path, or make that folder first.")
    if hidden not in VISIBILITIES:
        raise UsageError(f"--hidden {hidden}: give one of {', '.join(VISIBILITIES)}.")
    root, settings = open_course(course)
    loaded = loader.load(root, name)
    target = out or Path(f"{name}-{platform}.zip")
    secret = course_seed(seed, os.environ) if platform == "gradescope" else ""
    next_step = write_bundle(platform, Asked(root, settings, loaded, secret, data, minutes, hidden), target)
    screen = console()
    screen.print(f"Written:  {target}", markup=False, soft_wrap=True)
    screen.print(next_step, markup=False, soft_wrap=True)

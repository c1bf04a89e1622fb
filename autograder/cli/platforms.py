"""Verbs that speak to a learning platform's web service: what each takes on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.completion import platforms
from autograder.cli.options import CourseOption, TokenOption

__all__ = ["courses", "push"]

_PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform",
        metavar="NAME",
        help="canvas or moodle, where the address does not make it clear.",
        autocompletion=platforms,
    ),
]


def courses(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="A site of Canvas or Moodle, or the page of a course there.")
    ],
    *,
    platform: _PlatformOption = None,
    token_file: TokenOption = None,
) -> None:
    """List courses of a learning platform, or the assignments of one.

    Of a site the courses of the token's user, of a course its assignments; each with the address that the other
    commands take. Nothing is changed.

    Example: autograder courses https://canvas.example.edu/courses/101
    """
    from autograder.cli.courses import list_courses

    list_courses(address, platform, token_file)


def push(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder that `autograder grade ... --out OUT` wrote.")],
    *,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="The page of the assignment in Canvas or Moodle.")],
    yes: Annotated[bool, typer.Option("--yes", help="Write; without it, what would change is shown.")] = False,
    comments: Annotated[
        bool, typer.Option("--comments/--no-comments", help="Whether feedback goes with the grades.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace grades and comments that somebody else gave there, too.")
    ] = False,
    scale: Annotated[
        bool | None,
        typer.Option(
            "--scale/--no-scale",
            help="Convert points to the maximum there, or write them as they are, where the two differ.",
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="FILE", help="CSV file of the students; else roster.csv of the course."),
    ] = None,
    submissions: Annotated[
        Path | None,
        typer.Option(
            "--submissions", metavar="DIR", help="What `autograder collect` filed; else submissions/NAME of the course."
        ),
    ] = None,
    token_file: TokenOption = None,
    course: CourseOption = None,
) -> None:
    """Write grades and feedback into Canvas or Moodle.

    Shows who has which grade there and which one would be written; with --yes it is written, with a comment and the
    page that `autograder publish` showed. Points that are not final, and whoever was not published, stay here. The same
    command again writes what is missing, and nothing twice; also after it was stopped.
    Exit code 1: somebody was not found, or something could not be written.

    Example: autograder push graded --to https://canvas.example.edu/courses/101/assignments/4711 --yes
    """
    from autograder.cli.push import Call, push_grades

    call = Call(out, to, yes, comments, overwrite, scale, roster, submissions, token_file, course)
    raise typer.Exit(push_grades(call))

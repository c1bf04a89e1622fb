"""`autograder export`: results for other people's tools."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import moment
from autograder.cli.stopping import Verbs

__all__ = ["export_app"]

export_app = typer.Typer(
    cls=Verbs, help="Results for other tools: nbgrader's gradebook, pages.", no_args_is_help=True, rich_markup_mode=None
)

OutArgument = Annotated[
    Path, typer.Argument(metavar="OUT", help="The folder that `autograder grade ... --out OUT` wrote.")
]
CourseOption = Annotated[
    Path | None,
    typer.Option(
        "--course", "--root", metavar="DIR", help="nbgrader's course folder, or the folder with grader_config.py."
    ),
]
SubmissionsOption = Annotated[
    Path | None,
    typer.Option(
        "--submissions", metavar="DIR", help="What was graded, so that files are shown; else nbgrader's submitted/."
    ),
]


@export_app.command("nbgrader")
def export_nbgrader(
    out: OutArgument,
    *,
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="FILE", help="The gradebook, a file or an address; else the nbgrader course's."),
    ] = None,
    course: CourseOption = None,
    submissions: SubmissionsOption = None,
    students: Annotated[
        Path | None,
        typer.Option("--students", metavar="CSV", help="Names: columns id, first_name, last_name, email, lms_user_id."),
    ] = None,
    due: Annotated[
        datetime | None,
        typer.Option(
            "--due",
            parser=moment,
            metavar="TIME",
            help="When the assignment was due, in UTC; else what the gradebook says.",
        ),
    ] = None,
) -> None:
    """Write grades, comments and graded notebooks for nbgrader's formgrader.

    Goes through nbgrader's own library into its gradebook, and into autograded/ beside it (or in the nbgrader course).
    What people graded stays; where what they graded has changed since, formgrader shows it for review.

    Example: autograder export nbgrader graded --db nbcourse/gradebook.db --submissions submissions
    """
    from autograder.cli.gradebook import export_gradebook
    from autograder.formats.nbgrader.gathering import Source

    export_gradebook(Source(out, course, submissions), db, students, due)


@export_app.command("html")
def export_html(
    out: OutArgument,
    *,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the pages go; else OUT/notebooks.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each page as PDF, too; needs chromium.")] = False,
    course: CourseOption = None,
    submissions: SubmissionsOption = None,
) -> None:
    """Write each graded notebook as a page.

    nbconvert makes the pages; they hold text and cleaned pictures, no scripts, and load nothing.

    Example: autograder export html graded --submissions submissions --pdf
    """
    from autograder.cli.gradebook import export_pages
    from autograder.formats.nbgrader.gathering import Source

    export_pages(Source(out, course, submissions), to, pdf)

"""`autograder import`: what other people's tools know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(help="What other tools know: grades that people gave.", no_args_is_help=True, rich_markup_mode=None)


@app.command("nbgrader")
def import_nbgrader(
    *,
    grades: Annotated[bool, typer.Option("--grades", help="Bring back what people graded by hand.")] = False,
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="FILE", help="The gradebook, a file or an address; else the nbgrader course's."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote.")
    ] = None,
    course: Annotated[
        Path | None,
        typer.Option(
            "--course", "--root", metavar="DIR", help="nbgrader's course folder, or the folder with grader_config.py."
        ),
    ] = None,
) -> None:
    """Bring grades and comments back from nbgrader's gradebook.

    Writes DIR/manual_grades.json, and grades.csv, summary and pages anew with what people gave; the reports stay as
    they are.

    Example: autograder import nbgrader --grades --db nbcourse/gradebook.db --out graded
    """
    from autograder.cli.gradebook import import_grades

    import_grades(grades, db, out, course)

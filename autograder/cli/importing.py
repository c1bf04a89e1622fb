"""`autograder import ...`: the verbs that bring assignments over from other graders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.checks.errors import UsageError
from autograder.cli.stopping import Verbs

__all__ = ["import_app"]

import_app = typer.Typer(
    cls=Verbs, help="Bring assignments over from other graders.", no_args_is_help=True, rich_markup_mode=None
)
_Course = Annotated[
    Path | None,
    typer.Option(
        "--course", "--root", metavar="DIR", help="Folder with grader_config.py; else found from here upwards."
    ),
]


@import_app.callback()
def _group() -> None:
    """Bring assignments over from other graders."""


@import_app.command("otter")
def otter(
    source: Annotated[
        Path, typer.Argument(metavar="FILE_OR_FOLDER", help="The master notebook, or a folder that holds just one.")
    ],
    *,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The new assignment; else what the notebook calls it.")
    ] = "",
    module: Annotated[
        bool, typer.Option("--module", help="Make the reference a module NAME.py; else it stays a notebook.")
    ] = False,
    course: _Course = None,
) -> None:
    """Read an Otter assignment.

    Writes reference/NAME, with the solutions marked as in the notebook, and assignments/NAME: a question for each of
    Otter's, a check for each test, worth the same points, and the handout. Tests that cannot be judged from outside
    stand there as a TODO and are listed. Nothing of the notebook is run, and nothing is overwritten.

    Example: autograder import otter hw01/hw01.ipynb --module
    """
    from autograder.cli.import_otter import Call, import_assignment

    import_assignment(Call(source, name, module, course))


@import_app.command("nbgrader")
def nbgrader(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[COURSE]", help="Folder with nbgrader_config.py and source/, to look at.", show_default=False
        ),
    ] = None,
    *,
    grades: Annotated[bool, typer.Option("--grades", help="Bring back what people graded.")] = False,
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
    """Look at a course in nbgrader's folders, and tell what each assignment holds; or bring grades back.

    Writes grader_config.py where there is none, and tests in source_with_tests/ for AUTOTEST lines, which nbgrader
    makes by running the source notebook. Exit code 1 if an assignment cannot be graded.

    With --grades, grades and comments come back from nbgrader's gradebook: DIR/manual_grades.json is written, and
    grades.csv, summary and pages anew with what people gave; the reports stay as they are.

    Example: autograder import nbgrader --grades --db nbcourse/gradebook.db --out graded
    """
    if grades:
        from autograder.cli.gradebook import import_grades

        import_grades(grades, db, out, course or folder)
        return
    if folder is None:
        raise UsageError("COURSE is missing; name the folder with nbgrader_config.py, or ask for --grades.")
    from autograder.cli.import_nbgrader import import_nbgrader

    raise typer.Exit(import_nbgrader(folder))

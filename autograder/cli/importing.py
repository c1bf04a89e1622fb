"""`autograder import ...`: the verbs that bring assignments over from other graders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["import_app"]

import_app = typer.Typer(help="Bring assignments over from other graders.", no_args_is_help=True, rich_markup_mode=None)
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
    folder: Annotated[Path, typer.Argument(metavar="COURSE", help="Folder with nbgrader_config.py and source/.")],
) -> None:
    """Look at a course in nbgrader's folders, and tell what each assignment holds.

    Writes grader_config.py where there is none, and tests in source_with_tests/ for AUTOTEST lines, which nbgrader
    makes by running the source notebook. Exit code 1 if an assignment cannot be graded.

    Example: autograder import nbgrader ~/courses/ml101
    """
    from autograder.cli.import_nbgrader import import_nbgrader

    raise typer.Exit(import_nbgrader(folder))

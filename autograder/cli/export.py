"""`autograder export`: results for other people's tools; a verb for each exporter of the registry, and two more."""

from __future__ import annotations

import inspect
from collections.abc import Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder.cli.options import moment
from autograder.cli.stopping import Verbs
from autograder.formats.exporters import EXPORTERS

__all__ = ["export_app"]


def _zero(text: str | float) -> float:
    """The parser of an option that can only be 0."""
    if str(text).strip() not in ("0", "0.0"):
        raise typer.BadParameter(
            f"{str(text)!r} cannot be given to those without a submission; give 0, or leave it out."
        )
    return 0.0


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

_ALWAYS = {
    "to": (
        Path | None,
        typer.Option("--to", metavar="DIR", help="Where the files go; else a folder of OUT with the format's name."),
    ),
    "course": (
        Path | None,
        typer.Option(
            "--course", "--root", metavar="DIR", help="Folder with grader_config.py; else found from here upwards."
        ),
    ),
    "roster": (
        Path | None,
        typer.Option("--roster", metavar="FILE", help="CSV file of the students; else roster.csv of the course."),
    ),
    "submissions": (
        Path | None,
        typer.Option(
            "--submissions", metavar="DIR", help="What `autograder collect` filed; else submissions/NAME of the course."
        ),
    ),
}
"""Options of every exporter, by the name of their parameter; all are None by default."""
_SOME = {
    "into": (Path | None, typer.Option("--into", metavar="FILE", help="What the platform exported, to be filled.")),
    "column": (
        str | None,
        typer.Option("--column", metavar="NAME", help="The column that is filled, where FILE does not make it clear."),
    ),
    "scale": (
        bool | None,
        typer.Option(
            "--scale/--no-scale",
            help="Convert points to the maximum in FILE, or write them as they are, where the two differ.",
        ),
    ),
    "missing": (
        float | None,
        typer.Option(
            "--missing", metavar="0", parser=_zero, help="0 for everybody without a graded submission; else blank."
        ),
    ),
    "changeable": (
        str | None,
        typer.Option(
            "--changeable", metavar="WORD", help="The platform's word for yes, where its language is not known."
        ),
    ),
}
"""Options of some exporters."""


class _Formats(Verbs):
    """The verbs that are defined below, and one for each exporter, made when somebody asks for it."""

    @property
    def commands(self) -> MutableMapping[str, Any]:
        """All verbs by name."""
        for name in EXPORTERS:
            if name not in self._verbs:
                made = typer.Typer(rich_markup_mode=None, add_completion=False)
                made.command(name)(_verb(name))
                self._verbs[name] = typer.main.get_command(made)
        return self._verbs

    @commands.setter
    def commands(self, verbs: MutableMapping[str, Any]) -> None:
        self._verbs = verbs


def _verb(name: str) -> Callable[..., None]:
    """The function of a verb, with the options that the exporter of that name takes."""
    from autograder.formats.exporters import exporter_called

    exporter = exporter_called(name)

    def verb(out: Path, **options: Any) -> None:
        from autograder.cli.export_grades import export_grades

        if export_grades(name, out, options):
            raise typer.Exit(1)

    chosen = {**{each: _SOME[each] for each in _SOME if each in exporter.options}, **_ALWAYS}
    options = [
        inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])
        for each, (kind, option) in chosen.items()
    ]
    out = inspect.Parameter("out", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=OutArgument)
    verb.__signature__ = inspect.Signature([out, *options])  # type: ignore[attr-defined]
    verb.__annotations__ = {each.name: each.annotation for each in (out, *options)}
    verb.__doc__ = exporter.help
    return verb


export_app = typer.Typer(
    cls=_Formats,
    help="Grades for learning platforms and other tools.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


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

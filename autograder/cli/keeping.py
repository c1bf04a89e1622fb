"""Verbs about what is kept of a course: what each takes on the command line. What it does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import CourseOption, DatabaseOption, whole_within

__all__ = ["backup", "forget", "restore", "review"]

_FolderOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote: its DIR/grader.db."),
]
_ArtefactsOption = Annotated[
    Path | None,
    typer.Option(
        "--artefacts", metavar="DIR", help="Files that checks left; else the course's, else beside the database file."
    ),
]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup, such as backup.zip.")],
    *,
    out: _FolderOption = None,
    db: DatabaseOption = None,
    artefacts: _ArtefactsOption = None,
    course: CourseOption = None,
) -> None:
    """Write the results database into one file.

    All rows, as of one moment, the files that checks left, and hand-in times of the course. The file does not depend
    on the kind of database: a course moves from SQLite to PostgreSQL, or back, by a backup.

    Example: autograder backup backup.zip --out graded
    """
    from autograder.cli.kept import back_up

    back_up(file, out, db, course, artefacts)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `autograder backup` wrote.")],
    *,
    out: _FolderOption = None,
    db: DatabaseOption = None,
    artefacts: _ArtefactsOption = None,
    course: CourseOption = None,
) -> None:
    """Write a backup into an empty results database.

    All of it or nothing; a database that holds results is refused, and a damaged backup as well. Hand-in times go into
    the course's folder, where none of that student is known.

    Example: autograder restore backup.zip --db postgresql://grader@server/course
    """
    from autograder.cli.kept import restore as restore_file

    restore_file(file, out, db, course, artefacts)


def forget(
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="The name, as it stands in grades.csv.")],
    *,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", metavar="DIR", help="A folder that `grade` wrote; may be given several times."),
    ] = None,
    submissions: Annotated[
        list[Path] | None,
        typer.Option("--submissions", metavar="DIR", help="A folder of submissions; else submissions/ of the course."),
    ] = None,
    db: DatabaseOption = None,
    artefacts: _ArtefactsOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; else only what would be removed is shown.")] = False,
    all_files: Annotated[
        bool, typer.Option("--all-files", help="Name every file that still has the name, not the first 20.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Erase a student.

    Removes the name, reports, pages, submissions, hand-in times, comments, files of checks and exports that name the
    student, and makes tables and pages of the class again. Results of checks and marks stay under a pseudonym, for the
    statistics of the course. In the end all files are searched for the id, and for the name, e-mails and aliases of the
    roster. Exit code 1: one of them still stands somewhere; the files are named.

    Example: autograder forget ada --out graded/backprop --out graded/theory
    """
    from autograder.cli.forgetting import Forgotten
    from autograder.cli.forgetting import forget as forget_somebody

    folders = (tuple(out or ()), tuple(submissions or ()))
    call = Forgotten(student, *folders, db, course, yes, artefacts, all_files)
    raise typer.Exit(forget_somebody(call))


def review(
    *,
    out: _FolderOption = None,
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="PORT", parser=whole_within(0, 65535), help="Where it listens; 0 for any free port."
        ),
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open no browser.")] = False,
    grader: Annotated[
        str, typer.Option("--grader", metavar="NAME", help="Who gives points; else the user of this machine.")
    ] = "",
    submissions: Annotated[
        Path | None,
        typer.Option("--submissions", metavar="DIR", help="What was graded, to show its code; else submissions/NAME."),
    ] = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Read the class and grade written answers in the browser of this machine.

    A page of the course, one of each assignment (students, points, what waits for manual grading, how many passed each
    check), one of each submission, and one of each written answer, where points and comments are given by the keyboard
    and saved at once. Only this machine is answered, and only with the token in the printed address.

    Example: autograder review --out graded
    """
    from autograder.cli.review import Served, serve_class

    serve_class(Served(out, db, course, port, browser=not no_browser, grader=grader, submissions=submissions))

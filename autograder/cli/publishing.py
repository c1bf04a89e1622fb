"""Verbs of what leaves the graders' hands, and of a second look: what each takes on the command line."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from autograder.checks.errors import UsageError
from autograder.cli.options import (
    CourseOption,
    DatabaseOption,
    DataOption,
    FullOption,
    LimitOption,
    NameArgument,
    SandboxOption,
    SeedOption,
    jobs_option,
)
from autograder.early_start import begin

__all__ = ["publish", "regrade"]


def regrade(
    name: NameArgument,
    submissions: Annotated[
        Path | None,
        typer.Argument(metavar="[SUBMISSIONS]", help="As for `autograder grade`; not with --take.", show_default=False),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote.")
    ],
    take: Annotated[
        bool, typer.Option("--take", help="Put the new results in place; those that counted are kept as a version.")
    ] = False,
    keep_best: Annotated[
        bool, typer.Option("--keep-best", help="With --take: whoever would lose points keeps the earlier result.")
    ] = False,
    jobs: Annotated[
        int | None,
        jobs_option("Submissions graded"),
    ] = None,
    sandbox: SandboxOption = None,
    limit: LimitOption = None,
    full: FullOption = False,
    data: DataOption = None,
    seed: SeedOption = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Grade a class again, and see what changes before anything does.

    Grades into DIR/regraded, which leaves everything that counts as it is, and says who gains, who loses and by which
    check: a table, changes.html with a plot, and changes.csv. What did not change is not run again. With --take the
    new results count, and the earlier ones are kept in DIR/versions; with --keep-best as well, students whose result
    would be worse keep the earlier one, as long as they hand in nothing else.

    Example: autograder regrade backprop submissions/backprop --out graded, and then: autograder regrade backprop --out
    graded --take --keep-best
    """
    from autograder.cli.regrade import regrade_class, take_regraded
    from autograder.grading.class_work import GradeRequest

    if take and submissions is not None:
        raise UsageError("--take puts in place what was regraded before; leave SUBMISSIONS out.")
    if keep_best and not take:
        raise UsageError("--keep-best says whose results are taken; give it together with --take.")
    if take:
        take_regraded(name, out, course, best=keep_best)
        return
    with begin(course, name, out) or nullcontext() as early:
        limits = tuple(limit or ())
        asked = GradeRequest(name, submissions, out, jobs, "", (), sandbox, limits, full, data, seed, db, course)
        code = regrade_class(asked, early)
    raise typer.Exit(code)


def publish(
    name: NameArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote.")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the pages go; else DIR/published.")
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Publish pages on which points are still open, too.")
    ] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each page as PDF, too; needs chromium.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Publish the grades of a class: a page for each student.

    Each page is one file that needs nothing else: it can be read offline, on a phone, and printed. Results of checks
    that are shown after the deadline or when grades are published are on it. Whose grade is not ready gets no page, and
    is named. Who was shown what, and when, is kept; the second time it says what changed since.
    Exit code 1: somebody has to wait.

    Example: autograder publish backprop --out graded
    """
    from autograder.cli.publish import Call, publish_grades

    raise typer.Exit(publish_grades(Call(name, out, to, unfinished, pdf, dry_run, db, course)))

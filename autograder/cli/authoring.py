"""Verbs of those who write assignments: what each takes on the command line. What it does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import (
    CourseOption,
    DataOption,
    FullOption,
    LimitOption,
    NameArgument,
    OnlyOption,
    SandboxOption,
    SeedOption,
    jobs_option,
    whole_within,
    within,
)

__all__ = ["audit", "calibrate", "init", "new", "release", "validate"]

MOST = 1_000_000


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new assignment: a folder in assignments/.")],
    *,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A solved reference with solution markers: a .py file, a notebook or a folder.",
        ),
    ] = None,
    example: Annotated[
        Path | None,
        typer.Option("--example", metavar="FILE", help="A script that calls the reference; else the reference's own."),
    ] = None,
    arguments: Annotated[
        str, typer.Option("--arguments", metavar="TEXT", help="Command-line arguments of the example.")
    ] = "",
    seconds: Annotated[
        float,
        typer.Option("--seconds", parser=within(1, MOST), metavar="N", help="The example is cut after so long."),
    ] = 60.0,
    tests: Annotated[
        list[Path] | None,
        typer.Option(
            "--tests", metavar="FILE", help="Tests that become checks: of pytest, or of unittest for Gradescope."
        ),
    ] = None,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Start an assignment.

    Alone, it writes a tiny solved example to replace. With --from, it runs the reference's own example, notes what its
    functions are given and what they return, and writes a question with checks for each of them. It overwrites nothing.

    Example: autograder new softmax --from solved/softmax.py
    """
    from autograder.cli.new import Call, new_assignment

    new_assignment(Call(name, source, example, arguments, seconds, tuple(tests or ()), data, course))


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False)],
    *,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Of the course.")] = "My course",
) -> None:
    """Start a course: settings with comments, a first assignment that validates, and what its repository needs.

    Example: autograder init ml-2027
    """
    from autograder.cli.init import new_course

    new_course(folder, title)


def release(
    name: NameArgument,
    *,
    validate: Annotated[
        bool,
        typer.Option("--validate/--no-validate", help="Try the assignment first; --no-validate writes it untried."),
    ] = True,
    archive: Annotated[
        bool, typer.Option("--zip", help="Also write release/NAME.zip, which is uploaded to an LMS.")
    ] = False,
    student: Annotated[
        list[str] | None,
        typer.Option("--for", metavar="STUDENT", help="Write the release of this student, by id; may be repeated."),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="Write the release of each student of the course's roster.csv.")
    ] = False,
    sandbox: SandboxOption = None,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Write release/NAME, what students get, from the reference.

    Before anything is written, all that `autograder validate --quick` tries must be good; what has passed once is not
    tried again until something changes. Exit code 1, and no release, if anything fails.
    Of an assignment that draws a variant for each student, release/NAME shows an example; --for and --all write
    release/NAME.students/STUDENT, with --zip also STUDENT.zip, for one student each.

    Example: autograder release backprop
    """
    from autograder.cli.release import Call, release_assignment

    call = Call(name, validate, archive, tuple(student or ()), everybody, sandbox, data, course)
    raise typer.Exit(release_assignment(call))


def validate(
    name: NameArgument,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out other seeds, float32 and threads.")] = False,
    sandbox: SandboxOption = None,
    limit: LimitOption = None,
    full: FullOption = False,
    seed: SeedOption = None,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Try all that an assignment must stand before students get it.

    The reference must get full marks, also under other seeds, in single precision and with 1 and 2 threads, within its
    limits; the stub nothing. No solution and no hidden check may leak, points and titles must be in order, and the
    public checks must run where nothing but the requirements is installed. Exit code 1 if anything fails.

    Example: autograder validate backprop
    """
    from autograder.cli.validate import Call, validate_assignment

    raise typer.Exit(validate_assignment(Call(name, sandbox, tuple(limit or ()), full, quick, seed, data, course)))


def audit(
    name: NameArgument,
    *,
    jobs: Annotated[
        int | None,
        jobs_option("Mutants graded"),
    ] = None,
    only: Annotated[
        str, typer.Option("--only", metavar="QUESTION", help="Mutants and checks of this question alone.")
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            parser=whole_within(1, MOST),
            metavar="K",
            help="Grade a sample of K, spread over kinds and functions.",
        ),
    ] = None,
    kept: Annotated[bool, typer.Option("--kept", help="Grade only the mutants kept in mutants/*.diff.")] = False,
    seed: Annotated[
        str, typer.Option("--seed", metavar="TEXT", help="Draws the sample, and the inputs of the checks.")
    ] = "audit",
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds",
            parser=whole_within(1, MOST),
            metavar="N",
            help="Seeds under which each mutant must be caught; 1000 for the full test.",
        ),
    ] = 5,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds",
            parser=within(1, MOST),
            metavar="S",
            help="Under further seeds, each mutant is tried for S seconds.",
        ),
    ] = 60,
    first: Annotated[
        bool, typer.Option("--first", help="Quicker: leave a mutant's other questions out once one has caught it.")
    ] = False,
    at_least: Annotated[
        float,
        typer.Option("--at-least", parser=within(0, 100), metavar="P", help="Per cent to be caught for exit code 0."),
    ] = 95,
    sandbox: SandboxOption = None,
    full: FullOption = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where an unfinished audit is kept; else your cache."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="PAGE", help="Put the rates between the audit comments of that page, too."),
    ] = None,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Test the checks: do they catch mistakes?

    Changes the reference in one place at a time, as students get it wrong (a sign, a transpose, a missing 1/n), grades
    each of these mutants, and lists those that pass. One that is no mistake may be accepted in
    assignments/NAME/mutants/accepted.txt: a line with its id, or file:line:operator, and the reason.
    A mistake of your own is kept as assignments/NAME/mutants/WORD.diff: a sentence, and the diff of the reference.
    What is caught is tried under more seeds, by the quickest check that sees it, as many as --seconds allow; a check
    that draws nothing says the same under each. A mutant that passes on more than 1 seed in 1,000 counts as not caught.
    One that is run and always answers as the reference does is no difference seen, and is not counted.
    After Ctrl-C the results so far are shown and kept, and the same command continues.
    Exit code 1: fewer than --at-least per cent were caught, or one that is kept was not.

    Example: autograder audit backprop --jobs 2 --limit 60
    """
    from autograder.cli.audit import Call, audit_assignment

    call = Call(
        name, jobs, only, limit, kept, seed, seeds, seconds, first, at_least, sandbox, full, out, into, data, course
    )
    raise typer.Exit(audit_assignment(call))


def calibrate(
    name: NameArgument,
    *,
    seconds: Annotated[
        float,
        typer.Option("--seconds", parser=within(1, MOST), metavar="S", help="No run begins after that many seconds."),
    ] = 300,
    runs: Annotated[
        int, typer.Option("--runs", parser=whole_within(1, MOST), metavar="N", help="At most N runs of each check.")
    ] = 1000,
    bound: Annotated[
        float,
        typer.Option("--bound", parser=within(0, 1), metavar="P", help="The largest false-fail rate that is allowed."),
    ] = 1e-4,
    jobs: Annotated[
        int | None,
        jobs_option("Runs made"),
    ] = None,
    only: OnlyOption = "",
    mutants: Annotated[
        int,
        typer.Option(
            "--mutants",
            parser=whole_within(0, MOST),
            metavar="K",
            help="Try the luck of a sample of K mutants, 0 for none.",
        ),
    ] = 20,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where runs and pictures are kept; else your cache.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="PAGE", help="Put the tables between the calibrate comments of that page, too."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables in Markdown and nothing else.")] = False,
    sandbox: SandboxOption = None,
    limit: LimitOption = None,
    full: FullOption = False,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Measure how fair the thresholds are.

    Runs the reference under as many seeds as the time allows. For each threshold: the distribution of what is measured,
    the false-fail rate (how often a right solution misses it), the cheapest run that keeps that below the bound (for
    checks that take `share`), and the false-pass rate (how often mutants of the reference meet it). Runs are kept;
    the same command goes on where the last one stopped. Exit code 1: a threshold is too tight.

    Example: autograder calibrate backprop --seconds 600
    """
    from autograder.cli.calibrate import Call, calibrate_assignment

    call = Call(
        name, seconds, runs, bound, jobs, only, mutants, out, into, markdown, sandbox, tuple(limit or ()), full, data,
        course,
    )  # fmt: skip
    raise typer.Exit(calibrate_assignment(call))

"""The command line: one function a verb. Only what `--help` needs is imported here; the rest when a verb runs.

Exit codes: 0 done, 1 some report is INTERNAL or what a verb tries did not hold, 2 a wrong call or a course that cannot
be used, 3 our fault, 130 stopped.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
import tempfile
import traceback
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from autograder import __version__, whole
from autograder.checks.errors import GraderError, UsageError
from autograder.checks.wording import reason_of
from autograder.cli.export import export_app
from autograder.cli.importing import import_app
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
    moment,
    whole_within,
    within,
)
from autograder.cli.stopping import Verbs
from autograder.early_start import begin
from autograder.optional_packages import missing

__all__ = ["app", "main"]

MOST = 1_000_000
_OBJECTS_BEFORE_GARBAGE = 50_000

app = typer.Typer(
    name="autograder",
    cls=Verbs,
    help="Assignments, releases and fair, sandboxed grades for machine-learning courses.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(
    cls=Verbs, help="Data sets: what is there, and fetching them.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(data_app, name="data")
app.add_typer(export_app, name="export")
app.add_typer(import_app, name="import")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"autograder {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Assignments, releases and fair, sandboxed grades for machine-learning courses."""


@app.command()
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


@app.command()
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


@app.command()
def release(
    name: NameArgument,
    *,
    validate: Annotated[
        bool, typer.Option("--validate/--no-validate", help="Try the assignment first; --no-validate is for a look.")
    ] = True,
    archive: Annotated[
        bool, typer.Option("--zip", help="Also write release/NAME.zip, which is uploaded to an LMS.")
    ] = False,
    sandbox: SandboxOption = None,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Write release/NAME, what students get, from the reference.

    Before anything is written, all that `autograder validate --quick` tries must be good; what has passed once is not
    tried again until something changes. Exit code 1, and no release, if anything fails.

    Example: autograder release backprop
    """
    from autograder.cli.release import Call, release_assignment

    raise typer.Exit(release_assignment(Call(name, validate, archive, sandbox, data, course)))


@app.command()
def collect(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="The download: a folder, an archive, or a list of git repositories."),
    ],
    *,
    assignment: Annotated[str, typer.Option("--assignment", metavar="NAME", help="A folder in assignments/.")],
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="FILE", help="CSV file of the students; else roster.csv of the course."),
    ] = None,
    due: Annotated[
        datetime | None,
        typer.Option(
            "--due",
            parser=moment,
            metavar="TIME",
            help="The deadline, in UTC or with an offset: of git, the last commit before it is taken.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where attempts are kept; else submissions/NAME.")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Collect submissions from what a learning platform gives.

    SOURCE is a download of all submissions from Moodle, Canvas or Gradescope, nbgrader's submitted/, a folder of clones
    or a list of git repositories, or a folder or archive with one folder, file or archive for each student. Which of
    them it is, is found out and said. Each attempt gets a folder submissions/NAME/STUDENT/ATTEMPT/, with what was
    handed in and when; names of files and archives in archives are put in order, with notes. What is ambiguous is
    asked for in questions.csv, and is not graded until it is answered. The same command again changes nothing.
    Exit code 1: something waits for an answer.

    Example: autograder collect "ML-Backprop-1234.zip" --assignment backprop
    """
    from autograder.cli.collect import Call, collect_download

    raise typer.Exit(collect_download(Call(source, assignment, roster, due, out, course)))


@app.command()
def grade(
    name: NameArgument,
    submissions: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SUBMISSIONS]",
            help="Folder with one folder, .py or .zip file per student; else, in nbgrader's courses, submitted/.",
            show_default=False,
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where reports, pages and grades.csv are written.")],
    jobs: Annotated[
        int | None,
        jobs_option("Submissions graded"),
    ] = None,
    only: OnlyOption = "",
    students: Annotated[
        str | None, typer.Option("--students", metavar="A,B", help="Grade these students only, by name, with commas.")
    ] = None,
    sandbox: SandboxOption = None,
    limit: LimitOption = None,
    full: FullOption = False,
    data: DataOption = None,
    seed: SeedOption = None,
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="URL", help="Results database as an SQLAlchemy address; else DIR/grader.db."),
    ] = None,
    due: Annotated[
        datetime | None,
        typer.Option(
            "--due",
            parser=moment,
            metavar="TIME",
            help="In nbgrader's courses: when it was due, in UTC; else what the gradebook says.",
        ),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Grade a class, many submissions at a time.

    Prints a table and what is odd about the class, and writes reports, feedback, grades.csv, summary.html, alarms.json
    and the results database under DIR.
    What is graded already is not graded again; after Ctrl-C, the same command goes on where it stopped.
    A course in nbgrader's folders is graded as it lies: --course names it, NAME is a folder in its source/.

    Example: autograder grade backprop submissions --out graded --jobs 4
    """
    with begin(course, name, out) or nullcontext() as early:
        from autograder.cli.grade import Call, grade_class

        names = tuple(part.strip() for part in (students or "").split(",") if part.strip())
        if students is not None and not names:
            raise UsageError(
                "--students is empty; name students with commas, or leave the option out to grade everybody."
            )
        call = Call(
            name, submissions, out, jobs, only, names, sandbox, tuple(limit or ()), full, data, seed, db, course, due
        )  # fmt: skip
        code = grade_class(call, early)
    raise typer.Exit(code)


@app.command()
def mark(
    name: NameArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote.")
    ],
    excel: Annotated[
        bool, typer.Option("--excel", help="Begin marks.csv with a byte-order mark, by which Excel knows UTF-8.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Give points for written answers.

    Writes DIR/marks.csv, with a line for each student, answer and item of its rubric, and DIR/answers/, with
    everybody's answers on a page. Fill in points and comments with any spreadsheet or editor, and run the same command
    again: grades.csv, summary and pages are written anew. What you wrote is never lost, and holds when the class is
    graded again; points that were given in formgrader count beside it.

    Example: autograder mark theory --out graded
    """
    from autograder.cli.mark import mark_answers

    mark_answers(name, out, course, excel=excel)


@app.command()
def total(
    name: Annotated[str, typer.Argument(metavar="SET", help="A homework set of grader_config.py, such as hw4.")],
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders that `autograder grade ... --out` wrote.")
    ],
    *,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the totals to a file, too.")] = None,
    course: CourseOption = None,
) -> None:
    """Add up the points of a homework set.

    Points and bonus points of its assignments are added up to the cap, with what people gave for written answers. An
    assignment that is not graded yet counts as 0, and is told.

    Example: autograder total hw4 graded/theory graded/backprop graded/alexnet --csv hw4.csv
    """
    from autograder.cli.total import total_of

    total_of(name, folders, csv, course)


@app.command()
def check(
    name: NameArgument,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of one submission, a folder or a zip.")],
    *,
    only: OnlyOption = "",
    sandbox: SandboxOption = None,
    limit: LimitOption = None,
    full: FullOption = False,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Run the public checks on one submission.

    Shows what a student would see.

    Example: autograder check backprop backprop_network.py
    """
    with begin(course, name) or nullcontext() as early:
        from autograder.cli.check import Call, check_files

        call = Call(name, tuple(files), only, sandbox, tuple(limit or ()), full, data, course)
        code = check_files(call, early)
    raise typer.Exit(code)


@app.command()
def replay(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report: a file of reports/.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="That submission: files, a folder or a zip.")],
    *,
    sandbox: SandboxOption = None,
    seed: SeedOption = None,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Repeat one student's grade from its record.

    Says what has changed since (files, versions, data, processor), and every verdict, number of points and message that
    differs; exit code 1 if one does. In a course in nbgrader's folders, --course names it.

    Example: autograder replay graded/reports/ada.json submissions/ada
    """
    from autograder.cli.replay import Call, replay_report

    raise typer.Exit(replay_report(Call(report, tuple(files), sandbox, seed, data, course)))


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def image(
    name: NameArgument,
    *,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="podman or docker; else the first that works here.")
    ] = "",
    base: Annotated[
        str, typer.Option("--base", metavar="IMAGE", help="Image to begin with; else Python's own of your version.")
    ] = "",
    base_rootfs: Annotated[
        Path | None,
        typer.Option("--base-rootfs", metavar="DIR_OR_TAR", help="Root file system to begin with: no registry needed."),
    ] = None,
    from_here: Annotated[
        bool, typer.Option("--from-here", help="Begin with this machine's own Python and packages: no network needed.")
    ] = False,
    python: Annotated[str, typer.Option("--python", metavar="PATH", help="Interpreter inside the base.")] = "python3",
    pip: Annotated[str, typer.Option("--pip", metavar="TEXT", help="More arguments for pip install inside.")] = "",
    network: Annotated[
        str, typer.Option("--network", metavar="NAME", help="Network of the build, such as host or none.")
    ] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="IMAGE", help="Name of the image; else one made of NAME.")] = "",
    course: CourseOption = None,
) -> None:
    """Build the image that podman and docker run submissions in.

    It holds Python, the packages that the assignment preloads and a worker; nothing of the assignment itself.

    Example: autograder image backprop
    """
    from autograder.cli.image import Call, build_for_assignment

    build_for_assignment(Call(name, engine, base, base_rootfs, from_here, python, pip, network, tag, course))


@app.command()
def doctor(course: CourseOption = None, data: DataOption = None) -> None:
    """Show what this machine can enforce.

    Each wall is proved by trying to get around it; where one is missing, the table says what to install.
    """
    from autograder.cli.doctor import examine

    raise typer.Exit(examine(course, data))


@data_app.command("list")
def list_data(data: DataOption = None, course: CourseOption = None) -> None:
    """Show which data sets are there, and where they were found."""
    from autograder.cli.common import console
    from autograder.cli.data import data_list
    from autograder.grading.preparing import data_settings

    data_list(data_settings(data, course), console())


@data_app.command("fetch")
def fetch_data(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set, such as mnist.")],
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Download a data set from the mirrors and verify it.

    Example: autograder data fetch mnist
    """
    from autograder.cli.common import console
    from autograder.cli.data import data_fetch
    from autograder.grading.preparing import data_settings

    data_fetch(name, data_settings(data, course, to_write=True), console())


def main() -> None:
    """Run the command line; errors become one sentence on standard error."""
    gc.set_threshold(_OBJECTS_BEFORE_GARBAGE)  # imports make little; looking for it took a tenth of the time
    atexit.register(gc.freeze)  # so that nothing is looked through at the end, where everything goes anyway
    try:
        app(prog_name="autograder")
    except GraderError as error:
        _say(str(error))
        sys.exit(2)
    except OSError as error:
        if not error.errno:
            _ours(error)
        _say(_about_the_machine(error))
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 (nobody should meet a traceback)
        if needed := missing(error, " ".join(["autograder", *sys.argv[1:2]])):
            _say(f"{needed}.")
            sys.exit(2)
        _ours(error)


def _ours(error: Exception) -> NoReturn:
    _say(f"This is our fault: {type(error).__name__}: {error}; please report it{_written()}.")
    sys.exit(3)


def _about_the_machine(error: OSError) -> str:
    """What the system refused: a full disk, a folder that may not be written, a name that is too long."""
    steps = {
        errno.ENOSPC: "make room on that disk, and run the command again",
        errno.EDQUOT: "make room in your quota, and run the command again",
        errno.ENAMETOOLONG: "give a shorter name",
        errno.EACCES: "change its permissions, or name another place",
        errno.EPERM: "change its permissions, or name another place",
        errno.EROFS: "name a place that can be written",
    }
    where = f"{whole.given_folder(Path(os.fsdecode(error.filename)))}: " if error.filename else ""
    step = f"; {steps[error.errno]}" if error.errno in steps else ""
    said = f"{where}{reason_of(error)}{step}."
    return said if where else said[0].upper() + said[1:]


def _say(sentence: str) -> None:
    typer.secho(f"Error: {sentence}", fg="red", err=True)


def _written() -> str:
    """Where the traceback of the error at hand was put: the end of a sentence."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="autograder-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"autograder {__version__}, Python {sys.version}\n{sys.argv}\n\n{traceback.format_exc()}")
    except OSError:
        return ""
    return f" with the file {path}"

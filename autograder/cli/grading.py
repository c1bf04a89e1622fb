"""Verbs of those who grade: what each takes on the command line. What it does is imported when it runs."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from autograder.checks.errors import UsageError
from autograder.cli.completion import homework_sets
from autograder.cli.options import (
    AssignmentOption,
    ClusterOption,
    CourseOption,
    DatabaseOption,
    DataOption,
    FullOption,
    JobTemplateOption,
    KeysOption,
    LimitOption,
    NameArgument,
    OnlyOption,
    SandboxOption,
    SchedulerOption,
    SeedOption,
    SlurmOption,
    TokenOption,
    jobs_option,
    moment,
    named,
    within,
)
from autograder.early_start import begin

__all__ = ["check", "collect", "grade", "leaderboard", "mark", "replay", "similar", "total"]


def collect(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            parser=named,
            help="The download: a folder, an archive, or a list of git repositories; or the address of the page of the "
            "assignment in Canvas or Moodle.",
        ),
    ],
    *,
    assignment: AssignmentOption,
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
            help="A deadline for everybody in place of the course's, in UTC or with an offset: what came later is "
            "late, also of what was collected before; of git, the last commit before it counts.",
        ),
    ] = None,
    times: Annotated[
        str | None,
        typer.Option(
            "--times",
            metavar="FILE",
            help="CSV file with hand-in times, for a download without any: Moodle's grading worksheet, or columns for "
            "the student and the time. The word files: the times of the files themselves.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where attempts are kept; else submissions/NAME.")
    ] = None,
    token_file: TokenOption = None,
    course: CourseOption = None,
) -> None:
    """Collect submissions from what a learning platform gives.

    SOURCE is a download of all submissions from Moodle, Canvas or Gradescope, nbgrader's submitted/, a folder of clones
    or a list of git repositories, or a folder or archive with one folder, file or archive for each student; or, with a
    token, the address of an assignment in Canvas or Moodle. Which of them it is, is found out and said. Each attempt
    gets a folder submissions/NAME/STUDENT/ATTEMPT/, with what was handed in and when; names of files and archives in
    archives are put in order, with notes. What is ambiguous is asked for in questions.csv, and is not graded until it
    is answered. The same command again changes nothing.
    Exit code 1: something waits for an answer.

    Example: autograder collect "ML-Backprop-1234.zip" --assignment backprop
    """
    from autograder.cli.collect import Call, collect_download
    from autograder.formats.lms.sites import is_address, place_of

    if token_file is not None and not is_address(source):
        raise UsageError("--token-file is for the address of an assignment in Canvas or Moodle.")
    place = place_of(source) if is_address(source) else Path(source)
    raise typer.Exit(collect_download(Call(place, assignment, roster, due, out, course, times, token_file)))


def grade(
    name: NameArgument,
    submissions: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SUBMISSIONS]",
            help="Folder with one folder, .py or .zip file per student, or a download of a learning platform; else, in "
            "nbgrader's courses, submitted/.",
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
    db: DatabaseOption = None,
    due: Annotated[
        datetime | None,
        typer.Option(
            "--due",
            parser=moment,
            metavar="TIME",
            help="In nbgrader's courses: when it was due, in UTC; else what the gradebook says.",
        ),
    ] = None,
    cluster: ClusterOption = "",
    scheduler: SchedulerOption = "",
    keys: KeysOption = None,
    job_template: JobTemplateOption = None,
    slurm: SlurmOption = None,
    forecast: Annotated[
        bool,
        typer.Option("--forecast", help="Say what grading will take, from the reference's run, and grade nothing."),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget",
            parser=within(0.1, 2_000_000),  # `results.MOST_SECONDS`, which would have to be imported
            metavar="SECONDS",
            help="CPU time that one submission may use in all checks; a check for which none is left is not run.",
        ),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Grade a class, many submissions at a time.

    Prints a table and what is odd about the class, and writes reports, feedback, grades.csv, summary.html, items.csv,
    alarms.json and the results database under DIR.
    What is graded already is not graded again; after Ctrl-C, the same command goes on where it stopped.
    Short submissions come first; before 20 or more are graded, a forecast is printed.
    With --cluster dask, workers grade: --jobs of them on this machine, or those of --scheduler; with
    --cluster kubernetes, --jobs pods at a time; with --cluster slurm, --jobs elements of arrays. See docs/cluster.md.
    A course in nbgrader's folders needs no conversion: --course names it, and NAME is a folder in its source/.

    Example: autograder grade backprop submissions/backprop --out graded --jobs 4
    """
    with begin(course, name, out) or nullcontext() as early:
        from autograder.cli.grade import grade as grade_all
        from autograder.grading.class_work import GradeRequest

        names = tuple(part.strip() for part in (students or "").split(",") if part.strip())
        if students is not None and not names:
            raise UsageError(
                "--students is empty; name students with commas, or leave the option out to grade everybody."
            )
        asked = GradeRequest(
            name, submissions, out, jobs, only, names, sandbox, tuple(limit or ()), full, data, seed, db, course, due,
            cluster, scheduler, keys, forecast, budget or 0.0, job_template, tuple(slurm or ()),
        )  # fmt: skip
        code = grade_all(asked, early)
    raise typer.Exit(code)


def check(
    name: NameArgument,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of one submission, a folder or a zip.")],
    *,
    only: OnlyOption = "",
    student: Annotated[
        str, typer.Option("--for", metavar="STUDENT", help="Whose variant is checked with, by id; else the example's.")
    ] = "",
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

        call = Call(name, tuple(files), only, sandbox, tuple(limit or ()), full, data, course, student)
        code = check_files(call, early)
    raise typer.Exit(code)


def mark(
    name: NameArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote.")
    ],
    excel: Annotated[
        bool, typer.Option("--excel", help="Begin marks.csv with a byte-order mark, by which Excel knows UTF-8.")
    ] = False,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Give points for written answers.

    Writes DIR/marks.csv, with a line for each student, answer and item of its rubric, and DIR/answers/, with
    everybody's answers on a page. Fill in points and comments with any spreadsheet or editor, and run the same command
    again: grades.csv, summary and pages are written anew. What you wrote is never lost, and holds when the class is
    graded again; points that were given in formgrader count beside it. The results database keeps who gave what, when.

    Example: autograder mark theory --out graded
    """
    from autograder.cli.mark import mark_answers

    mark_answers(name, out, course, excel=excel, db=db)


def leaderboard(
    name: NameArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote.")
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Show the private part of the labels, for after the deadline.")
    ] = False,
    guests: Annotated[
        bool, typer.Option("--guests", help="Also those who are not on the roster, marked as guests.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Write DIR/leaderboard.html: scores of predictions by pseudonym.

    On it are those who handed in pseudonym.txt, or have a pseudonym on the roster. The 95 % interval is drawn; where
    two overlap, both share places.

    Example: autograder leaderboard digits --out graded
    """
    from autograder.cli.leaderboard import write_leaderboard

    write_leaderboard(name, out, private=private, guests=guests, course=course)


def total(
    name: Annotated[
        str,
        typer.Argument(
            metavar="SET", help="A homework set of grader_config.py, such as hw4.", autocompletion=homework_sets
        ),
    ],
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders that `autograder grade ... --out` wrote.")
    ],
    *,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the totals to a file, too.")] = None,
    course: CourseOption = None,
) -> None:
    """Add up the points of a homework set.

    Points and bonus points of its assignments are added up to the cap, with what people gave for written answers. An
    assignment that is not graded yet counts as 0, and is named.

    Example: autograder total hw4 graded/theory graded/backprop graded/alexnet --csv hw4.csv
    """
    from autograder.cli.total import total_of

    total_of(name, folders, csv, course)


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


def similar(
    name: NameArgument,
    submissions: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SUBMISSIONS]",
            help="Folder with one folder, .py, .ipynb or .zip file per student; else submissions/NAME.",
            show_default=False,
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the pages and similar.csv are written.")],
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            "--earlier",
            metavar="FOLDER",
            help="Submissions of an earlier year: each is compared with the class, and shows what is common idiom; may "
            "be given several times.",
        ),
    ] = None,
    base: Annotated[
        list[Path] | None,
        typer.Option(
            "--base",
            metavar="FOLDER",
            help="Known solutions, such as public ones: what they have counts as explained; may be given several "
            "times.",
        ),
    ] = None,
    share: Annotated[
        float,
        typer.Option("--share", parser=within(0.05, 1), metavar="N", help="Pairs are listed that share at least this."),
    ] = 0.65,
    jobs: Annotated[int | None, jobs_option("Submissions read")] = None,
    course: CourseOption = None,
) -> None:
    """Find submissions that share more than the handout explains.

    Compares the code of each two submissions, modules and notebooks, by fragments of their syntax trees: names,
    comments, formatting, the order of functions and the spelling of literals make no difference. What the stub, the
    reference or much of the class has does not count, and the rarer a fragment, the more it weighs. Writes similar.html
    with pairs and clusters, a page for each pair with the shared regions side by side, and similar.csv. It is evidence
    to be read, and never a verdict; docs/insight.md says how often independent submissions are listed.

    Example: autograder similar backprop submissions/backprop --earlier last-year/backprop --out similar
    """
    from autograder.cli.similar import Call, compare_class

    compare_class(Call(name, submissions, out, tuple(earlier or ()), tuple(base or ()), share, jobs, course))

"""From a submission to its report: every notebook repaired, run, and its test cells judged."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from autograder import __version__, sandbox
from autograder.checks.errors import SandboxError, StudentError
from autograder.datasets import DataSettings
from autograder.formats.nbgrader import cell_results, source_notebook
from autograder.formats.nbgrader.cell_results import MOST_RESTARTS, Ran, run_notebook
from autograder.formats.nbgrader.config import Settings, read_settings
from autograder.formats.nbgrader.course import Assignment, Course, Graded, load
from autograder.grading import RunOptions
from autograder.grading.grader import CHECKS_SECONDS
from autograder.grading.jobs import Enter, Grade, JobSpec
from autograder.grading.provenance import cpu_model, is_outdated, resources, versions
from autograder.notebooks import Cell, Notebook
from autograder.notebooks.added_cells import to_read
from autograder.notebooks.reading_process import Reader, Reading, repaired
from autograder.pictures import raster
from autograder.remote.notebook import CellRun
from autograder.results import CheckResult, Limits, QuestionResult, Replay, Report, Resources, Verdict
from autograder.sandbox import ContainerSandbox, ForkServer, Outcome, Request, Sandbox, Session
from autograder.sandbox.image import image_name
from autograder.scoring import question_points, report_points
from autograder.submissions import Submission
from autograder.worker.shell import PREPARED

__all__ = ["CourseGrader", "grade", "limits_of", "longest_seconds", "lost_report", "result_key", "start_sandbox"]

_KEPT_OUTPUT = 8192
_EXTRA_SECONDS = 30.0
_MOST_NOTES = 10
_MOST_PICTURES = 64  # of one notebook


def limits_of(assignment: Assignment, options: RunOptions) -> Limits:
    """What one notebook's sandbox may use; each of its cells has its own time beside that."""
    most = max(len(notebook.source.cells) for notebook in assignment.notebooks)
    seconds = _EXTRA_SECONDS + 2 * most * assignment.course.settings.cell_seconds
    return Limits(wall_seconds=seconds, cpu_seconds=seconds).changed(options.limits)


def longest_seconds(assignment: Assignment, options: RunOptions) -> float:
    """How long grading one submission can take at most."""
    return limits_of(assignment, options).wall_seconds * len(assignment.notebooks) * 2 * (MOST_RESTARTS + 1)


@contextmanager
def grading_job(spec: JobSpec) -> Iterator[Grade]:
    """What a job process does: load once, connect to the sandbox, grade."""
    assignment = load(Course(spec.root, read_settings(spec.root)), spec.assignment)
    with sandbox.connect(spec.address) as confined, Reader() as reader:
        yield lambda submission: grade(assignment, submission, confined, spec.options, reader)


@dataclass(frozen=True, slots=True)
class CourseGrader:
    """Grades submissions of an assignment in nbgrader's folders; see `autograder.grading.grader.Grader`."""

    assignment: Assignment
    options: RunOptions
    sandbox: str
    job: Enter = grading_job
    foreseen: tuple[str, ...] = ()

    @property
    def assignment_id(self) -> str:
        """Its name."""
        return self.assignment.name

    @property
    def seconds(self) -> float:
        """The limits of all notebooks, and time for judging."""
        return longest_seconds(self.assignment, self.options) + CHECKS_SECONDS

    @property
    def memory_mib(self) -> float:
        """That of each notebook."""
        return limits_of(self.assignment, self.options).memory_mib

    def spec(self, address: str) -> JobSpec:
        """The assignment by its name; it has no data sets."""
        return JobSpec(self.assignment.course.folder, self.assignment.name, "", DataSettings(), self.options, address)

    def start(self) -> ForkServer | ContainerSandbox:
        """Start the sandbox with all that the assignment imports."""
        return start_sandbox(self.assignment, self.sandbox, self.foreseen)

    def key(self, submission: Submission) -> str:
        """As `result_key`."""
        return result_key(self.assignment, submission, self.options, self.sandbox)

    def outdated(self, report: Report) -> bool:
        """As for our own assignments."""
        return is_outdated(report, self.foreseen)

    def rescored(self, report: Report) -> Report:
        """The report itself: any change of a source notebook is another key."""
        return report

    def partly(self, submission: Submission, earlier: Report) -> Submission:  # noqa: ARG002 (as in `Grader`)
        """The submission itself: a notebook runs as a whole."""
        return submission

    def completed(self, submission: Submission, made: Report, earlier: Report) -> Report:  # noqa: ARG002 (the same)
        """The report itself."""
        return made

    def lost(self, submission: Submission, why: str) -> Report:
        """As `lost_report`."""
        return lost_report(self.assignment, submission, why, self.key(submission))

    def control(self) -> None:
        """There is no reference that could be handed in."""


def start_sandbox(assignment: Assignment, name: str, foreseen: tuple[str, ...] = ()) -> ForkServer | ContainerSandbox:
    """Start the sandbox of that name with all that an assignment imports.

    Raises:
        UsageError: this machine has none of that name.
        SandboxError: it should work here but did not start.
    """
    return sandbox.start(
        name,
        preload=(*PREPARED, *assignment.packages),
        image=image_name(assignment.name),
        packaged_data=assignment.packaged_data,
        foreseen=foreseen,
    )


def grade(
    assignment: Assignment,
    submission: Submission,
    sandbox: Sandbox,
    options: RunOptions,
    reader: Reader | None = None,
) -> Report:
    """Run the notebooks of one submission, each in sandboxes of its own, and judge their test cells.

    Nothing that the submission does raises here. `reader` reads the notebooks; one of its own if left out.
    """
    if reader is None:
        with Reader() as own:
            return grade(assignment, submission, sandbox, options, own)
    limits = limits_of(assignment, options)
    outcomes: list[Outcome] = []
    reading = Reading()
    questions, notes, waited = [], list(submission.notes), False
    for notebook in assignment.notebooks:
        one = _Grading(assignment, notebook, submission, limits, sandbox, outcomes, reader, reading)
        questions.append(one.question())
        notes += [f"{notebook.file}: {note}" for note in one.notes]
        waited = waited or one.waited
    used = resources(outcomes, sandbox)
    if waited:  # the time of a cell is wall time, and depends on the neighbours
        used = replace(used, reached=tuple(sorted({*used.reached, "wall"})))
    points, max_points, bonus = report_points(questions)
    replay = _replay(assignment, submission, options, sandbox)
    return Report(
        assignment.name, submission.student, points, max_points, bonus, tuple(questions), used, replay,
        notes=tuple(notes),
    )  # fmt: skip


def lost_report(assignment: Assignment, submission: Submission, why: str, key: str) -> Report:
    """A report in which every test cell is INTERNAL, for a submission that no job brought back."""
    questions = [_question(each, _all_lost(each, Verdict.INTERNAL, why)) for each in assignment.notebooks]
    points, max_points, bonus = report_points(questions)
    replay = Replay(key=key, submission_sha256=submission.sha256, assignment_sha256=assignment.sha256)
    return Report(
        assignment.name, submission.student, points, max_points, bonus, tuple(questions), Resources(), replay,
        notes=submission.notes,
    )  # fmt: skip


def result_key(assignment: Assignment, submission: Submission, options: RunOptions, sandbox: str) -> str:
    """A hash over all that decides a result: the same key, the same report."""
    facts = {
        "kind": "nbgrader",
        "assignment": [assignment.name, assignment.sha256],
        "submission": [submission.student, submission.sha256, submission.problem, submission.notes],
        "limits": dict(options.limits),
        "versions": _versions(),
        "sandbox": sandbox,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _versions() -> dict[str, str]:
    return {"autograder": __version__, "python": platform.python_version(), **versions()}


def _replay(assignment: Assignment, submission: Submission, options: RunOptions, sandbox: Sandbox) -> Replay:
    return Replay(
        key=result_key(assignment, submission, options, sandbox.name),
        preloaded=sandbox.preloaded,
        submission_sha256=submission.sha256,
        assignment_sha256=assignment.sha256,
        limits=dict(options.limits),
        versions=_versions(),
        cpu_model=cpu_model(),
    )


@dataclass
class _Grading:
    """One notebook of one submission. `notes` and `waited` (a time limit was reached) are filled on the way."""

    assignment: Assignment
    graded: Graded
    submission: Submission
    limits: Limits
    sandbox: Sandbox
    outcomes: list[Outcome]
    reader: Reader
    reading: Reading

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self.waited = False

    @property
    def settings(self) -> Settings:
        """The course's."""
        return self.assignment.course.settings

    def question(self) -> QuestionResult:
        """Its result."""
        path = self.submission.folder / self.graded.file
        try:
            if self.submission.problem:
                raise StudentError(self.submission.problem_verdict, self.submission.problem, open=True)
            if not path.is_file():
                raise StudentError(Verdict.MISSING, f"{self.graded.file} was not handed in.", open=True)
            fixed = repaired(path.read_bytes(), self.graded.file, self.graded.shown, self.reader, self.reading)
            self.notes += fixed.notes
            return self.judged(fixed.notebook)
        except StudentError as error:
            return _question(self.graded, _all_lost(self.graded, error.verdict, error.message))
        except SandboxError as error:
            return _question(self.graded, _all_lost(self.graded, Verdict.INTERNAL, str(error)))

    def judged(self, shown: Notebook) -> QuestionResult:
        """Run it, and judge each cell; `shown` is the repaired notebook without hidden tests."""
        given = (self.graded.whole(cell) if cell.role and cell.role.given else cell for cell in shown.cells)
        notebook = replace(shown, cells=tuple(given))
        numbers = {cell.name: n for n, cell in enumerate(notebook.cells, 1) if cell.role}
        whole = self.run(notebook, ())
        hidden = [numbers[cell.name] for cell in self.graded.scored if self.graded.is_hidden(cell)]
        first_hidden = min(hidden, default=len(notebook.cells) + 1)
        seen = self.seen(shown, whole, first_hidden)
        checks, room = [], raster.Allowance(_MOST_PICTURES, raster.MAX_TOTAL, 2 * _MOST_PICTURES)
        for cell in self.graded.scored:
            number, title = numbers[cell.name], self.graded.titles.get(cell.name, cell.name)
            if source_notebook.by_hand(cell):
                outputs = {n: _texts(run) for n, run in seen.items()}
                found = to_read(shown, self.graded.shown, cell.name, outputs)
                checks.append(
                    cell_results.by_hand(
                        cell, title, found, _drawn((seen[n] for n in found.numbers if n in seen), room)
                    )
                )
                continue
            checks.append(
                cell_results.judge(
                    whole.runs.get(number),
                    number,
                    cell,
                    title,
                    hidden=self.graded.is_hidden(cell),
                    seen=seen.get(number),
                    shown=self.graded.visible(cell),
                )
            )
        tests = {numbers[cell.name] for cell in self.graded.scored if source_notebook.is_test(cell)}
        others = [run for n, run in sorted(whole.runs.items()) if n not in tests]
        ended = list(filter(None, (cell_results.stopped(run, seen=seen.get(run.number)) for run in others)))
        self.notes += ended[:_MOST_NOTES]
        self.notes += filter(None, [room.sentence])
        everything = _printed(whole.runs.values())
        return _question(self.graded, tuple(checks), _printed(seen.values()), everything)

    def run(self, notebook: Notebook, left_out: tuple[int, ...]) -> Ran:
        """All cells in sandboxes of their own."""
        tag = self.settings.skip_tag
        passed = {
            n for n, cell in enumerate(notebook.cells, 1) if tag in cell.tags and not source_notebook.is_test(cell)
        }
        ran = run_notebook(
            self.open,
            self.outcomes,
            self.graded.file,
            notebook,
            given=frozenset(n for n, cell in enumerate(notebook.cells, 1) if cell.role and cell.role.given),
            seconds=self.settings.cell_seconds,
            limits=self.limits,
            left_out=sorted({*left_out, *passed}),
        )
        self.waited = self.waited or any(run.timed_out for run in ran.runs.values())
        return ran

    def seen(self, shown: Notebook, whole: Ran, first_hidden: int) -> dict[int, CellRun]:
        """Runs whose words may be shown, because nothing hidden was in the sandbox.

        Those are the runs up to the first hidden test. Where a test fails behind it, the notebook runs once more with
        the tests as students have them, for the sake of what may be said; the points are not changed by it.
        """
        before = {number: run for number, run in whole.runs.items() if number < first_hidden}
        failed = [
            n for n, run in whole.runs.items() if n >= first_hidden and self.worth_a_look(shown.cells[n - 1], run)
        ]
        failed = [n for n in failed if n not in whole.left_out]
        if not failed:
            return before
        return self.run(replace(shown, cells=shown.cells[: max(failed)]), tuple(whole.left_out)).runs

    def worth_a_look(self, cell: Cell, run: CellRun) -> bool:
        """Whether something may be said about an error, because it is not one in hidden lines."""
        if run.error is None or not (cell.role and source_notebook.is_test(cell)):
            return run.error is not None
        whole = self.graded.whole(cell)
        return not (
            run.error.cell == run.number and source_notebook.is_hidden_line(whole, run.error.line, self.settings)
        )

    def open(self) -> Session:
        """A sandbox with the submission in it.

        Raises:
            SandboxError: it could not be built.
        """
        return self.sandbox.open(Request(self.submission.folder, self.limits))


def _all_lost(notebook: Graded, verdict: Verdict, why: str) -> tuple[CheckResult, ...]:
    """The same end for every test cell."""
    return tuple(
        cell_results.by_hand(cell, notebook.titles[cell.name])
        if source_notebook.by_hand(cell)
        else cell_results.lost(cell, notebook.titles[cell.name], verdict, why, hidden=notebook.is_hidden(cell))
        for cell in notebook.scored
    )


def _question(
    notebook: Graded, checks: tuple[CheckResult, ...], output: str = "", staff_output: str = ""
) -> QuestionResult:
    points, max_points = question_points(checks)
    return QuestionResult(notebook.name, notebook.title, points, max_points, False, checks, output, staff_output)


def _drawn(runs: Iterable[CellRun], room: raster.Allowance) -> Iterator[str]:
    """The pictures below cells that may be shown, as many as of one call of a function, while there is room."""
    found = (each for run in runs for each in run.outputs if each.png or each.figure)
    for each in islice(found, raster.MAX_PICTURES):
        if picture := room.shown(each.figure, each.png):
            yield picture


def _texts(run: CellRun) -> str:
    """What stands below a cell, as text."""
    parts = (each.text if each.kind == "stream" else f"{each.text}\n" for each in run.outputs)
    return "".join(parts)[:_KEPT_OUTPUT] + (run.error.message if run.error else "")


def _printed(runs: Iterable[CellRun]) -> str:
    """The beginning of what cells printed, each under its number."""
    parts = []
    for run in runs:
        text = "".join(each.text for each in run.outputs if each.kind == "stream").strip("\n")
        if text:
            parts.append(f"Cell {run.number}:\n{text}\n")
    return "\n".join(parts)[:_KEPT_OUTPUT]

"""The notebooks of one submission: repaired before they are run, run when they are needed, and shown in the report."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from autograder.checks.errors import StudentError
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.local.variants import Variant
from autograder.checks.wording import seconds, small
from autograder.loader import Loaded, reference_notebook
from autograder.messages import WORDING
from autograder.notebooks import Cell, Notebook, read
from autograder.notebooks.reading_process import Reader, Reading, repaired
from autograder.notebooks.stubs import stub_of
from autograder.pictures import raster
from autograder.remote.notebook import CellRun, run_cells
from autograder.remote.student import Controls, RemoteStudent
from autograder.results import CellResult, NotebookResult, Verdict
from autograder.submissions import Submission

__all__ = ["Notebooks", "repair_notebooks"]

_PYTHON = ("python", "python3", "ipython", "")
_LANGUAGES = {"r": "R", "c++": "C++", "c#": "C#", "sql": "SQL", "javascript": "JavaScript"}
_MOST_TEXT = 4_000
_MOST_TEXT_IN_ALL = 200_000
_MOST_PICTURES = 16
_MOST_TRIES = 2 * _MOST_PICTURES  # to draw one: refused pictures take time, too
_MOST_RESTARTS = 3
_NO_MORE_PICTURES = "(Pictures from here on are left out: a report holds no more, or drawing them takes too long.)"
_PICTURE_BYTES = 2 << 20


@dataclass(frozen=True)
class Notebooks:
    """What is to be run of each file, or why it cannot be read; and what became of the first run of each.

    `notes` are sentences about what was repaired. Cells that end their sandbox are left out of later runs.
    """

    files: Mapping[str, Notebook | StudentError] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    _runs: dict[str, tuple[list[CellRun], bool]] = field(default_factory=dict)
    _failed: dict[str, StudentError] = field(default_factory=dict)
    _left_out: dict[str, dict[int, StudentError]] = field(default_factory=dict)

    def run(
        self,
        student: RemoteStudent,
        file: str,
        *,
        run_on: bool,
        seconds: float | Callable[[], float] = 0.0,
        seed: int | None = None,
        cpu_seconds: float = 0.0,
        kept: float = math.inf,
    ) -> None:
        """Run a notebook in a session; its first run is kept for the report.

        A cell that raises costs what depends on it, and nothing else: what other cells define can be asked for. One
        that ends the sandbox is left out of the next run, unless it could use up the time.

        Args:
            student: the stand-in of the session.
            file: which.
            run_on: whether cells after a failing one still run; those before it count in any case.
            seconds: how long a cell may run, or what says so before each cell; 0 for as long as the session does.
            seed: of the random numbers of each cell; None for none.
            cpu_seconds: the CPU time of the session's sandbox; a cell is interrupted before it has used that up.
            kept: how much of it is kept for what comes after a cell; at most half of what is left.

        Raises:
            StudentError: the file cannot be read, or the sandbox ended; `again` where the next run leaves out why.
            SandboxError: the session ended by no fault of the submission.
        """
        notebook = self._failed.get(file, self.files[file])
        if isinstance(notebook, StudentError):
            raise notebook
        out = self._left_out.setdefault(file, {})
        waiting = [number for number, cell in _code(notebook) if number not in out]
        cell_runs = [
            CellRun(number, notebook.cells[number - 1], error=_showable(error)) for number, error in out.items()
        ]
        finished, fresh = False, not Controls(student).tainted
        try:
            cells = run_cells(
                student, file, notebook.without(out), seconds=seconds, seed=seed, cpu_seconds=cpu_seconds, kept=kept
            )
            for ran in cells:
                waiting.remove(ran.number)
                cell = _late(ran, file, cpu_seconds) if ran.timed_out else ran
                cell_runs.append(cell)
                if cell.error and not run_on:
                    break
            else:
                finished = True
        except StudentError as error:
            slow = error.verdict is Verdict.TIME and not seconds
            if run_on and waiting and not slow and len(out) < _MOST_RESTARTS:
                out[waiting[0]] = error
                error.again = True
                raise
            self._failed[file] = error
            ended = waiting[:1]  # the cell that ended it
            cell_runs += [CellRun(number, notebook.cells[number - 1], error=_showable(error)) for number in ended]
            self._keep(file, cell_runs, finished, fresh)
            raise
        self._keep(file, cell_runs, finished, fresh)

    def run_anew(self) -> Notebooks:
        """The same notebooks without their runs; cells that ended their sandbox are left out all the same."""
        return Notebooks(self.files, self.notes, _left_out={file: dict(out) for file, out in self._left_out.items()})

    def _keep(self, file: str, cell_runs: list[CellRun], finished: bool, fresh: bool) -> None:
        if fresh:  # what has met hidden inputs may print them
            self._runs.setdefault(file, (sorted(cell_runs, key=lambda cell: cell.number), finished))

    def sources(self) -> dict[str, dict[int, str]]:
        """The source of each code cell by its number, of each notebook that can be read."""
        return {
            file: {number: cell.source for number, cell in _code(notebook)}
            for file, notebook in self.files.items()
            if isinstance(notebook, Notebook)
        }

    def failing_cell(self, file: str, name: str) -> StudentError | None:
        """Why a name ("" for any) is not there after the run: the error of the first failed cell that mentions it.

        Where the run ended at a failed cell, the error of that one for every name in the cells after it; else None.
        """
        word = re.compile(rf"\b{re.escape(name)}\b")
        cells, finished = self._runs.get(file, ([], True))
        failed = [cell for cell in cells if cell.error]
        mentioned = next((cell.error for cell in failed if not name or word.search(cell.cell.source)), None)
        notebook = self.files.get(file)
        if mentioned is None and not finished and failed and isinstance(notebook, Notebook):
            later = notebook.cells[failed[-1].number :]
            mentioned = failed[-1].error if any(word.search(cell.source) for cell in later) else None
        return mentioned

    def results(self) -> tuple[NotebookResult, ...]:
        """The runs for the report, with as much of their outputs as it may hold."""
        room = _Room()
        return tuple(
            NotebookResult(file, tuple(room.cell(cell) for cell in cells), finished)
            for file, (cells, finished) in sorted(self._runs.items())
        )


def repair_notebooks(
    loaded: Loaded, submission: Submission, reader: Reader, variant: Variant | None = None
) -> Notebooks:
    """Read the submitted notebooks, and bring them back into the form of the release that the student was given."""
    files: dict[str, Notebook | StudentError] = {}
    notes: list[str] = []
    reading = Reading()
    for file in filter(is_notebook, (*loaded.assignment.files, *loaded.assignment.given)):
        path = submission.folder / file
        if submission.problem or not path.is_file():
            continue
        try:
            stub = stub_of(_reference(loaded, file, variant), file, loaded.assignment.cells_of(file))
            fixed = repaired(path.read_bytes(), file, stub, reader, reading)
        except StudentError as error:
            files[file] = error
            continue
        files[file] = fixed.notebook
        if fixed.foreign:
            text, step = f"{file}: {small(fixed.notes[0])}", "Hand in the notebook of this assignment."
            if (language := fixed.notebook.language) not in _PYTHON:
                text = f"{file} is a notebook in {_LANGUAGES.get(language, language[:40].capitalize())}."
                step = "Choose a Python kernel, and write the notebook of this assignment."
            files[file] = foreign = StudentError(Verdict.MISSING, text, open=True)
            foreign.step = step
        notes += [f"{file}: {small(note)}" if fixed.foreign else f"{file}: {note}" for note in fixed.notes]
    return Notebooks(files, tuple(notes))


def _reference(loaded: Loaded, file: str, variant: Variant | None) -> Notebook:
    return read(reference_notebook(loaded, file, variant), file)


def _code(notebook: Notebook) -> Iterator[tuple[int, Cell]]:
    """The code cells with their numbers."""
    return ((number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.kind == "code")


def _showable(error: StudentError) -> StudentError:
    """What ended a sandbox, for a page that students read: an exit code could tell a hidden input."""
    if error.open:
        return error
    return StudentError(error.verdict, WORDING[error.verdict].long, file=error.file, open=True)


def _late(run: CellRun, file: str, cpu_seconds: float) -> CellRun:
    """A cell that was interrupted: the limit is what ended it, whatever it says."""
    where = f"`cell {run.number} of {file}`"
    sentence = f"Time limit of {seconds(run.allowed)} s reached in {where}."
    if run.by_cpu:
        limit = f"CPU time limit of {seconds(cpu_seconds)} s"
        sentence = f"{limit} nearly reached in {where}: what is left of it is kept for the other cells."
    return replace(run, error=StudentError(Verdict.TIME, sentence, file=file, open=True))


class _Room:
    """How much of outputs and pictures a report may still take."""

    def __init__(self) -> None:
        self.text = _MOST_TEXT_IN_ALL
        self.pictures = raster.Allowance(_MOST_PICTURES, _PICTURE_BYTES, _MOST_TRIES)

    def cell(self, run: CellRun) -> CellResult:
        text = "".join(each.text if each.kind == "stream" else f"{each.text}\n" for each in run.outputs if each.text)
        text = text[: min(self.text, _MOST_TEXT)]
        self.text -= len(text)
        said = self.pictures.left_out > 0
        drawn = (self.pictures.shown(each.figure, each.png) for each in run.outputs if each.png or each.figure)
        shown = tuple(filter(None, drawn))
        if self.pictures.left_out and not said:
            text = f"{text}{_NO_MORE_PICTURES}\n"
        error = run.error.message if run.error else ""
        return CellResult(run.number, run.cell.name, text, error, round(run.seconds, 4), shown)

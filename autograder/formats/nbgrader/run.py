"""Run one notebook to its end, whatever its cells do: what ends the sandbox is left out, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks.errors import StudentError, Verdict
from autograder.checks.local.sources import HandedIn
from autograder.notebooks import Notebook
from autograder.remote.notebook import CellRun, run_cells
from autograder.remote.student import Controls, RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Outcome, Session

__all__ = ["MOST_RESTARTS", "Ran", "run_notebook"]

MOST_RESTARTS = 3
GRACE_SECONDS = 2.0  # after an interrupt, for a cell that cleans up; then its sandbox ends
_WARMING_SECONDS = 20.0

_SAY_WHERE = "__import__('os').environ.update(NBGRADER_EXECUTION='autograde')"  # as nbgrader says while it grades


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of each code cell, by its number; a cell that was never reached is not there.

    `left_out` are cells that ended the sandbox or ran out of time: they were left out when the others ran again.
    """

    runs: dict[int, CellRun]
    left_out: frozenset[int]


def run_notebook(
    open_session: Callable[[], Session],
    outcomes: list[Outcome],
    file: str,
    notebook: Notebook,
    *,
    given: Collection[int],
    seconds: float,
    limits: Limits,
    left_out: Collection[int] = (),
) -> Ran:
    """Run the code cells in order, in one sandbox as long as that lives.

    After a cell that ends it (out of memory, ``os._exit``, a loop that nothing interrupts), a new sandbox runs the
    earlier cells again without that one, and goes on behind it; at most `MOST_RESTARTS` times.

    Args:
        open_session: opens a sandbox with the submission in it.
        outcomes: takes how each of them ended.
        file: the notebook's name.
        notebook: what to run.
        given: numbers of cells that are not the student's.
        seconds: how long a cell may run.
        limits: those of the sandbox.
        left_out: numbers of cells that are not to be run at all.

    Raises:
        SandboxError: a sandbox broke by no fault of the submission.
    """
    runs: dict[int, CellRun] = {}
    out = set(left_out)
    sources = {number: cell.source for number, cell in enumerate(notebook.cells, 1) if cell.kind == "code"}
    handed_in = HandedIn(files=(file,), cells={file: sources})
    for _ in range(MOST_RESTARTS + 1):
        waiting = [number for number, cell in enumerate(notebook.cells, 1) if cell.kind == "code" and number not in out]
        session = open_session()
        try:
            student = RemoteStudent(session, _interface(file), limits, handed_in=handed_in)
            session.at_most(_WARMING_SECONDS)
            Controls(student).ask("notebook", file, where=file)
            Controls(student).ask("cell", _SAY_WHERE, 0, 0.0, True, 0.0, 0.0, where=file)
            session.at_most(seconds + GRACE_SECONDS)
            cells = run_cells(
                student,
                file,
                notebook.without(out),
                seconds=seconds,
                first=0,
                given=given,
                cpu_seconds=limits.cpu,
                kept=GRACE_SECONDS,
            )
            for run in cells:
                waiting.remove(run.number)
                runs.setdefault(run.number, run)
                if run.timed_out:
                    out.add(run.number)
            return Ran(runs, frozenset(out))
        except StudentError as error:
            if not waiting:
                return Ran(runs, frozenset(out))
            killer = waiting[0]
            runs.setdefault(killer, CellRun(killer, notebook.cells[killer - 1], error=_explained(error, seconds)))
            out.add(killer)
        finally:
            with suppress(OSError):
                outcomes.append(session.close())
    return Ran(runs, frozenset(out))


def _explained(error: StudentError, seconds: float) -> StudentError:
    """A limit on the wall time is the cell's here."""
    if error.verdict is Verdict.TIME:
        return StudentError(
            Verdict.TIME, f"The cell ran for more than {seconds:g} s and could not be interrupted.", open=True
        )
    return error


def _interface(file: str) -> Interface:
    """Nothing is asked of the notebook but to run."""
    return Interface((ModuleInterface(file, (), {}, ()),))

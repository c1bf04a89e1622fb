"""Run one notebook to its end, and from what became of its test cells to points, and to what student and staff read.

Whatever its cells do: what ends the sandbox is left out, and the rest goes on.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks.errors import StudentError
from autograder.checks.local.sources import HandedIn
from autograder.checks.wording import counted
from autograder.grading.written_answers import shortened
from autograder.messages import WORDING, sentence
from autograder.notebooks import Cell, Notebook
from autograder.notebooks.added_cells import ToRead
from autograder.remote.notebook import CellRun, run_cells
from autograder.remote.student import Controls, RemoteStudent
from autograder.results import CheckResult, Limits, Verdict
from autograder.sandbox import Outcome, Session
from autograder.scoring import rounded

__all__ = ["MOST_RESTARTS", "Ran", "by_hand", "judge", "lost", "points_of", "run_notebook", "stopped"]

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


HINT = "It is a hidden test that does not hold."
_LONGEST_LINE = 300
_NEVER = "This cell was never reached: too many cells before it ended Python."


def points_of(run: CellRun, most: float) -> tuple[Verdict, float, str]:
    """Verdict, points and the reason, of a cell that came to its end without an error.

    The last expression gives partial credit where it is a number: of 0 to `most` points. True, text and the like mean
    that all holds, as nothing does; False and nan that it does not.
    """
    value = run.value
    if value is None or value is True:
        return Verdict.PASSED, most, ""
    if value is False or math.isnan(value):
        return Verdict.FAILED, 0.0, f"The last expression of the cell is {value}."
    if value > most:
        fault = f"The last expression of the cell is {value}, and the cell is worth {counted(most, 'point')}."
        return Verdict.INTERNAL, 0.0, fault
    if value < 0 or value == 0 < most:
        return Verdict.FAILED, 0.0, f"The cell gave {value:g} of {most:g} points."
    if value == most:
        return Verdict.PASSED, most, ""
    return Verdict.PARTIAL, rounded(value), f"The cell gave {value:g} of {most:g} points."


def judge(
    run: CellRun | None, number: int, cell: Cell, title: str, *, hidden: bool, seen: CellRun | None, shown: Cell | None
) -> CheckResult:
    """The result of one test cell.

    Args:
        run: what became of it; None where it was never reached.
        number: of the cell, from 1.
        cell: with all of its tests.
        title: what students read.
        hidden: whether a part of the tests is kept from students.
        seen: what became of the cell without anything hidden in the sandbox: its words may be shown; None where there
            is nothing that may be shown.
        shown: the cell as it was run then.
    """
    most = cell.role.points if cell.role else 0.0
    if run is None:
        verdict, points, message, staff = Verdict.CRASHED, 0.0, _NEVER, _NEVER
    elif run.error is None:
        verdict, points, said = points_of(run, most)
        message, staff = sentence(verdict, hidden=False, hint="", failure=said)
    else:
        points = 0.0
        verdict, staff = verdict_on(run.error, run, number, cell)
        if seen is not None and seen.error is not None and shown is not None:
            message = verdict_on(seen.error, seen, number, shown)[1]
        elif verdict is Verdict.TIME:
            message = _late(run)
        elif verdict is Verdict.MEMORY and run.error.open:
            message = staff
        else:
            shut = StudentError(run.error.verdict, "", kind=run.error.kind, limit=run.error.limit)
            hint = HINT if hidden and verdict is Verdict.FAILED else ""
            message = sentence(verdict, hidden=True, hint=hint, error=shut)[0]
    seconds = round(run.seconds, 4) if run else 0.0
    return CheckResult(
        cell.name, title, hidden, verdict, points, most, seconds, message, staff, in_process=True
    )  # fmt: skip


def verdict_on(error: StudentError, run: CellRun, number: int, cell: Cell) -> tuple[Verdict, str]:
    """Verdict and whole story of an error in a test cell, with the line that did not hold."""
    if run.timed_out or error.verdict is Verdict.TIME:
        line = _line(cell, error.line) if error.cell == number else ""
        return Verdict.TIME, "\n".join(filter(None, (_late(run), line)))
    if error.message.startswith(f"Not attempted: cell {number} of"):  # it says nothing of its own
        return Verdict.NOT_ATTEMPTED, WORDING[Verdict.NOT_ATTEMPTED].long
    if error.kind == "AssertionError" and error.cell == number:
        said = error.message.partition("): ")[2]
        line = _line(cell, error.line)
        return Verdict.FAILED, "\n".join(filter(None, ("" if said == "no message" else said, _not(line))))
    staff = f"{error.message}\n{error.trace}" if error.trace and error.verdict is Verdict.RAISED else error.message
    return error.verdict, staff


def stopped(run: CellRun, *, seen: CellRun | None) -> str:
    """A sentence about a cell of the student's that did not come to its end, "" for any other.

    Args:
        run: what became of it.
        seen: the same without anything hidden in the sandbox, or None; only its words may be shown.
    """
    words = f": {seen.error.message}" if seen is not None and seen.error is not None else "."
    if run.timed_out:
        return f"Cell {run.number} ran for {run.seconds:.0f} s and was stopped; no other cell waited for it."
    if run.error is None:
        return ""
    if run.error.verdict in (Verdict.TIME, Verdict.MEMORY, Verdict.CRASHED, Verdict.OUTPUT):
        return f"Cell {run.number} ended Python and was left out when the others ran again{words}"
    return f"Cell {run.number} did not come to its end{words}"


def by_hand(cell: Cell, title: str, found: ToRead | None = None, drawn: Iterable[str] = ()) -> CheckResult:
    """What stands in the place of a cell that a person grades.

    Args:
        cell: as it was handed out.
        title: what students read.
        found: what there is to be read; None where the notebook could not be read.
        drawn: the pictures that those cells drew, cleaned.
    """
    most = cell.role.points if cell.role else 0.0
    message = " ".join(
        filter(None, (f"A person grades this answer: {counted(most, 'point')}.", found.said if found else ""))
    )
    verdict = Verdict.MANUAL if found is None or found.text else Verdict.NOT_ATTEMPTED
    answer = shortened(found.text) if found else ""
    return CheckResult(
        cell.name, title, False, verdict, 0.0, 0.0, 0.0, message, message, tuple(drawn), by_hand=most, answer=answer
    )  # fmt: skip


def lost(cell: Cell, title: str, verdict: Verdict, why: str, *, hidden: bool) -> CheckResult:
    """The result of a cell that could not be run at all."""
    most = cell.role.points if cell.role else 0.0
    message, staff = sentence(verdict, hidden=False, hint="", failure=why)
    return CheckResult(cell.name, title, hidden, verdict, 0.0, most, 0.0, message, staff, in_process=True)


def _late(run: CellRun) -> str:
    """A time limit, in words that tell nothing else."""
    return f"The cell ran for {run.seconds:.0f} s and was stopped." if run.timed_out else str(run.error)


def _not(line: str) -> str:
    return f"This does not hold: {line}" if line else ""


def _line(cell: Cell, number: int) -> str:
    """The statement at a line of a cell, on one line; the cell is ours, the number came from inside."""
    lines = cell.source.split("\n")
    if not 0 < number <= len(lines):
        return ""
    text = lines[number - 1]
    try:
        tree = ast.parse(cell.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = ast.Module([], [])
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assert, ast.Expr, ast.Assign)) and node.lineno <= number <= (node.end_lineno or 0)
    ]
    if around:
        node = max(around, key=lambda each: each.lineno)
        part = node.test if isinstance(node, ast.Assert) else node
        text = " ".join((ast.get_source_segment(cell.source, part) or text).split())
    text = text.strip()
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} ..."

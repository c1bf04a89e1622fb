"""Run a notebook inside a sandbox, cell by cell, and read what comes back as frozen records.

The records come out of a hostile process: every part is checked for its form, texts are cut, and nothing is believed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autograder.checks.errors import StudentError
from autograder.notebooks.reading import Cell, Notebook
from autograder.remote.student import Controls, RemoteStudent

__all__ = ["CellRun", "Output", "run_cells"]

_MOST_OUTPUTS = 256
_LONGEST = 1 << 16
_FORMS = ("text/plain", "text/markdown", "text/latex")


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a cell, in the order in which they came.

    `kind` is ``"stream"`` (with `name` ``"stdout"`` or ``"stderr"``), ``"display"`` or ``"result"``. `text` is what was
    printed, or the plain form of what is displayed; `png` is a picture as it came, and `figure` the record of one with
    its look, which nobody has looked at yet.
    """

    kind: str
    text: str
    name: str = ""
    png: bytes = b""
    figure: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CellRun:
    """What became of one code cell.

    `number` counts all cells of the notebook from 1, as Jupyter shows them from top to bottom. `error` is what it
    raised, or None; `timed_out` says that it was interrupted, `by_cpu` that its CPU time was the reason. `value` is the
    last expression's value where that is a plain number, `valued` whether it had a value at all. `seconds` is wall
    time, `allowed` what it might take (0: any), `lost` how many characters and displays were more than is kept.
    """

    number: int
    cell: Cell
    outputs: tuple[Output, ...] = ()
    error: StudentError | None = None
    timed_out: bool = False
    by_cpu: bool = False
    value: float | int | bool | None = None
    valued: bool = False
    seconds: float = 0.0
    lost: int = 0
    allowed: float = 0.0


def run_cells(
    student: RemoteStudent,
    file: str,
    notebook: Notebook,
    *,
    seconds: float | Callable[[], float] = 0.0,
    first: int = 1,
    given: Collection[int] = (),
    seed: int | None = None,
    cpu_seconds: float = 0.0,
    kept: float = math.inf,
) -> Iterator[CellRun]:
    """Run the code cells of a notebook in order; a cell that raises does not stop the next.

    Afterwards ``student`` answers for the functions and classes that the notebook defines.

    Args:
        student: the stand-in of a session in which no notebook of this name has been run, or only the cells before
            `first`.
        file: the notebook's name, such as ``"hw1.ipynb"``.
        notebook: what to run.
        seconds: after so long a cell is interrupted, or what says so before each cell; 0 for never. The session's own
            limits hold all the time.
        first: number of the first cell to run; 0 for all of them, where the caller has begun the notebook.
        given: numbers of cells that are not the student's; they are kept from what the notebook did to Python.
        seed: of the random numbers before each cell that does not begin with ``%%``; None for none.
        cpu_seconds: the CPU time that the session's sandbox may use; 0 where that is not said. A cell is interrupted
            when it has used what is left of it but `kept` seconds, or half of what is left where that is more.
        kept: for the cells after it, and for what is asked of the notebook.

    Raises:
        StudentError: the sandbox ended in a cell (TIME, MEMORY, CRASHED ...); the sentence names it.
        SandboxError: the session ended by no fault of the submission.
    """
    controls = Controls(student)
    if first == 1:
        controls.ask("notebook", file, where=file)
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.kind != "code" or number < first:
            continue
        where = f"cell {number} of {file}"
        if seed is not None and not cell.source.startswith("%%"):
            controls.seed(seed)
        began = time.monotonic()
        allowed = float(seconds() if callable(seconds) else seconds)
        record = controls.ask("cell", cell.source, number, allowed, number in given, cpu_seconds, kept, where=where)
        took = time.monotonic() - began
        yield replace(_read(record, number, cell, took, controls, where), allowed=allowed)


def _read(record: object, number: int, cell: Cell, seconds: float, controls: Controls, where: str) -> CellRun:
    """The record of one cell; a malformed one ends the session.

    Raises:
        StudentError: the record is not of the form that our worker gives it (CRASHED).
    """
    if not isinstance(record, dict) or not isinstance(record.get("outputs"), (list, tuple)):
        raise controls.out_of_turn(where)
    fault, value, lost, limit = (record.get(key) for key in ("error", "value", "lost", "timed_out"))
    return CellRun(
        number=number,
        cell=cell,
        outputs=tuple(filter(None, map(_output, record["outputs"][:_MOST_OUTPUTS]))),
        error=controls.raised(fault, where) if isinstance(fault, dict) else None,
        timed_out=isinstance(limit, str) and limit in ("wall", "cpu"),
        by_cpu=isinstance(limit, str) and limit == "cpu",
        value=value if type(value) in (bool, int, float) else None,
        valued=record.get("valued") is True,
        seconds=seconds,
        lost=lost if type(lost) is int and lost > 0 else 0,
    )


def _output(record: object) -> Output | None:
    if not isinstance(record, dict):
        return None
    if record.get("kind") == "stream":
        name = "stderr" if record.get("name") == "stderr" else "stdout"
        return Output("stream", _text(record.get("text")), name)
    data = record.get("data")
    kind = "result" if record.get("kind") == "result" else "display"
    if not isinstance(data, dict):
        return None
    picture = data.get("image/png")
    png = picture if isinstance(picture, bytes) else b""
    text = next((_text(data[form]) for form in _FORMS if form in data), "")
    figure = data.get("figure")
    figure = figure if isinstance(figure, dict) else None
    return Output(kind, "" if (png or figure) and text == "<Figure>" else text, png=png, figure=figure)


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""

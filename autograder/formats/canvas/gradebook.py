"""Canvas: the gradebook that the instructor exported, with one column filled, ready to be imported again.

As Canvas writes it: `Student` (or `LastName` and `FirstName`), `ID`, then perhaps `SIS User ID`, `SIS Login ID`,
`Integration ID` and `Root Account`, `Section`, custom columns, ``Title (id)`` for each assignment, and totals that
cannot be changed. Below the first line there may be one about manual posting; then comes `Points Possible`, in which
columns that cannot be changed say so, in the language of the account. `EX` excuses a student, `N/A` means that the
assignment is not theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.checks.errors import UsageError
from autograder.formats.class_grades import COLUMN, INTO, MISSING, SCALE, ClassGrades, Exporter, Request, Written
from autograder.formats.filled_table import Table, number_of, read_table
from autograder.formats.filling import PLATFORM, Column, Line, fill, place, written_file
from autograder.settings import near

__all__ = ["EXPORTER"]

_IDS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")
_STUDENT = {*_IDS, "Student", "LastName", "FirstName", "Root Account", "Section"}
_TITLED = re.compile(r"(?P<title>.*?)\s*\((?P<id>\d+)\)", re.DOTALL)
_KEPT = {"EX": "excused, EX", "N/A": "the assignment is not theirs, N/A"}
_HOW = "In Canvas: Grades, Export, Export Entire Gradebook."


def _write(grades: ClassGrades, request: Request) -> Written:
    assert request.into is not None
    table = read_table(request.into)
    head = tuple(cell.strip() for cell in table.rows[0])
    if not ({"Student", "LastName"} & set(head[:1]) and "ID" in head[1:3]):
        raise UsageError(
            f"{request.into} is no gradebook of Canvas: its first line does not begin with Student and ID. {_HOW}"
        )
    possible = next((row for row in range(1, len(table.rows)) if "Points Possible" in table.rows[row][0]), 0)
    if not possible:
        raise UsageError(f"{request.into} has no line 'Points Possible', so it is no gradebook of Canvas. {_HOW}")
    number = _column(grades, request, table, head)
    most = _cell(table, possible, number)
    if most.strip() and number_of(most) is None:
        raise UsageError(f"The column {head[number]!r} cannot be changed in Canvas: {most.strip()}.")
    assignments = [at for at, name in enumerate(head) if _TITLED.fullmatch(name)]
    column = Column(number, head[number], table.decimal_sign([*assignments, number]))
    lines = [_line(table, head, row, number, number_of(most)) for row in range(possible + 1, len(table.rows))]
    placed = place(lines, grades.grades, "canvas", lambda key: (key,))
    return written_file(request, fill(table, column, lines, placed, request, grades.ungraded))


def _column(grades: ClassGrades, request: Request, table: Table, head: Sequence[str]) -> int:
    """The assignment's column: the one that was named by id, title or both, else the only one with our title or name.

    Raises:
        UsageError: none fits, or several do.
    """
    # Canvas' own columns and totals have no number in parentheses, whatever an assignment is called
    known = {at: match for at, name in enumerate(head) if name not in _STUDENT and (match := _TITLED.fullmatch(name))}
    if not known:
        raise UsageError(f"{table.path} has no assignments; make the assignment in Canvas first, then export again.")
    named = {request.column.strip()} if request.column else {grades.assignment, grades.title}
    fitting = [
        at for at, match in known.items()
        if named & ({match["id"], head[at], match["title"]} if request.column else {match["title"]})
    ]  # fmt: skip
    if len(fitting) == 1:
        return fitting[0]
    names = [head[at] for at in known]
    listed = "; ".join(repr(name) for name in names)
    if request.column:
        about = f"{len(fitting)} assignments are called" if fitting else "there is no assignment"
        raise UsageError(
            f"--column: {about} {request.column!r} in {table.path.name}; "
            f"{'name one by its number' if fitting else near(request.column, names)} ({listed})."
        )
    raise UsageError(
        f"Which column of {table.path.name} is {grades.assignment}? Name it with --column, by the number in "
        f"parentheses: {listed}."
    )


def _line(table: Table, head: Sequence[str], row: int, column: int, most: float | None) -> Line:
    cells = {name: _cell(table, row, at).strip() for at, name in reversed([*enumerate(head)]) if name in _STUDENT}
    name = cells.get("Student") or f"{cells.get('LastName', '')}, {cells.get('FirstName', '')}".strip(", ")
    ids = tuple((PLATFORM if kind == "ID" else kind, cells[kind]) for kind in _IDS if cells.get(kind))
    shown = name or cells.get("ID") or table.where(row)
    old = _cell(table, row, column).strip().upper()
    return Line(row, shown, ids, (name,) if name else (), kept=_KEPT.get(old, ""), most=most)


def _cell(table: Table, row: int, column: int) -> str:
    return table.rows[row][column] if column < len(table.rows[row]) else ""


EXPORTER = Exporter(
    """Fill the gradebook that Canvas exported.

    FILE is what Grades, Export, Export Entire Gradebook gave. One column is filled, everything else stays byte for
    byte, and the result is imported by Grades, Import. Students are found by ID (in what was collected from Canvas),
    SIS id, login, then name; who is not found, is excused, or has no final points yet is listed and left as it is.
    Exit code 1: somebody was not found.

    Example: autograder export canvas graded --into 2026-11-30T1200_Grades-ML101.csv --column 4711""",
    _write,
    frozenset({INTO, COLUMN, SCALE, MISSING}),
    _HOW,
)

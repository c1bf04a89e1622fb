"""Whose line is whose grade, in a file that a learning platform exported; found by ids, then by names, never guessed.

A line that two grades could belong to gets none, and neither does a grade that two lines could belong to: both are
listed for a person to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.formats.class_grades import Grade, Request, Written
from autograder.formats.filled_table import Table, number_of, number_text
from autograder.reports.files import write_bytes
from autograder.submissions.names import printable
from autograder.submissions.term import Person, Roster

__all__ = ["PLATFORM", "Column", "Filled", "Line", "fill", "place", "written_file"]

PLATFORM = "the platform's id"
"""The kind of an id that only the platform gives: a download that was collected has it, no roster."""
_NO_NAME = str.maketrans("01", ".-")  # numbers without a letter or digit, which are nobody's name


@dataclass(frozen=True, slots=True)
class Line:
    """One student in the file.

    `row` is the row of the table, `shown` how a message calls the student. `ids` are pairs of what kind of id it is and
    the id, the surest first. `kept` says why the cell is not to be filled, or is "". `most` are the most points there.
    """

    row: int
    shown: str
    ids: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    team: str = ""
    kept: str = ""
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Which grade belongs to which line, by row; what is not sure, as sentences; grades that no line takes."""

    grades: dict[int, Grade]
    unsure: dict[int, str]
    left: tuple[Grade, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The column that is filled, how its numbers are written, and the most points it takes (None: any number)."""

    number: int
    name: str
    decimal_sign: str
    capped: bool = False


@dataclass(slots=True)
class Filled:
    """The file with its cells filled, who is in it, and sentences about it."""

    data: bytes
    placed: Placed
    sentences: list[str] = field(default_factory=list)
    incomplete: bool = False


def place(
    lines: Sequence[Line], grades: Sequence[Grade], platform: str, ids_of: Callable[[str], Sequence[str]]
) -> Placed:
    """Find the grade of each line.

    Args:
        lines: the students of the file.
        grades: the class.
        platform: the kind of download whose keys are the platform's ids.
        ids_of: the ids in such a key.
    """
    known = _Known(grades, platform, ids_of)
    found: dict[int, Grade] = {}
    unsure: dict[int, str] = {}
    used: set[str] = set()  # the kinds of ids that file and class share
    for line in lines:
        by_kind = [(kind, hits) for kind, id_ in line.ids if (hits := known.by_id(kind, id_))]
        if not by_kind:
            continue
        used.update(kind for kind, _ in by_kind)
        common = [each for each in by_kind[0][1] if all(each in hits for _, hits in by_kind)]
        if len(common) == 1:
            found[line.row] = common[0]
        else:
            unsure[line.row] = (
                "its ids belong to different students" if len(by_kind) > 1 else "several students have its id"
            )
    for line in lines:
        if line.row not in found and line.row not in unsure:
            hits = known.by_name(line, used, found.values())
            if len(hits) == 1:
                found[line.row] = hits[0]
            elif hits:
                unsure[line.row] = "several students have this name"
            elif known.by_name(line, set(), found.values()):
                unsure[line.row] = "the name is that of a student with another id"
    _refuse_twice(lines, found, unsure)
    taken = [id(each) for each in found.values()]
    return Placed(found, unsure, tuple(each for each in grades if id(each) not in taken))


def _refuse_twice(lines: Sequence[Line], found: dict[int, Grade], unsure: dict[int, str]) -> None:
    """A grade that several lines would take is given to none of them, but for a team's without known members."""
    rows: dict[int, list[Line]] = {}
    for line in lines:
        if line.row in found:
            rows.setdefault(id(found[line.row]), []).append(line)
    for several in rows.values():
        if len(several) > 1 and any(not line.team or line.team not in found[line.row].names for line in several):
            for line in several:
                del found[line.row]
                unsure[line.row] = "another line could be the same student"


class _Known:
    """The class, looked up by ids and by names."""

    def __init__(self, grades: Sequence[Grade], platform: str, ids_of: Callable[[str], Sequence[str]]) -> None:
        self._ids: dict[str, list[Grade]] = {}
        self._keys: dict[str, list[Grade]] = {}
        self._platform = platform
        for grade in grades:
            for id_ in dict.fromkeys(each.casefold() for each in (*grade.ids, *grade.emails)):
                self._ids.setdefault(id_, []).append(grade)
            for key in dict.fromkeys(id_ for each in grade.keys.get(platform, ()) for id_ in ids_of(each)):
                self._keys.setdefault(key, []).append(grade)
        self._grades = {f"{number:b}".translate(_NO_NAME): grade for number, grade in enumerate(grades)}
        self._roster = Roster(tuple(Person(key, aliases=grade.names) for key, grade in self._grades.items()))

    def by_id(self, kind: str, id_: str) -> list[Grade]:
        """Those with this id, upper and lower case alike."""
        id_ = id_.strip()
        return (self._keys.get(id_, []) if kind == PLATFORM else self._ids.get(id_.casefold(), [])) if id_ else []

    def by_name(self, line: Line, used: set[str], taken: Iterable[Grade]) -> list[Grade]:
        """Those with this name that no id speaks against, and that no other line has."""
        spoken_for = {id(each) for each in taken}
        hits = [self._grades[each.id] for each in self._roster.find((), line.names)]
        if line.team:
            hits += [each for each in self._grades.values() if line.team in each.names and each not in hits]
        left = [each for each in hits if id(each) not in spoken_for or (line.team and line.team in each.names)]
        kinds = {kind for kind, id_ in line.ids if id_.strip()}
        if kinds & used - {PLATFORM}:
            return []
        return [each for each in left if PLATFORM not in kinds or not each.keys.get(self._platform)]


def fill(
    table: Table, column: Column, lines: Sequence[Line], placed: Placed, request: Request, ungraded: Sequence[str] = ()
) -> Filled:
    """Fill the column, and say what was done and what was not.

    Args:
        table, column, lines: the file.
        placed: whose line is whose.
        request: what is asked.
        ungraded: who handed in, or may have, and has no report; while there are any, nobody's submission is missing.

    Raises:
        UsageError: the most points differ and nobody said what to do.
    """
    values: dict[tuple[int, int], str] = {}
    said: dict[str, list[str]] = {}
    changed, cut = 0, []
    complete = not (placed.left or placed.unsure or ungraded)
    for line in lines:
        grade = placed.grades.get(line.row)
        old = _cell(table, line.row, column.number)
        if line.row in placed.unsure:
            said.setdefault("Not filled, to be decided by a person", []).append(
                f"{line.shown} ({placed.unsure[line.row]})"
            )
            continue
        points = grade.out_of(line.most, request.scale) if grade else None
        if line.kept:
            said.setdefault("Left as it is", []).append(f"{line.shown} ({line.kept})")
        elif grade is None:
            blank = old.strip() in ("", "-")
            if request.missing is not None and complete and blank:
                values[line.row, column.number] = number_text(request.missing, column.decimal_sign)
            said.setdefault("Without a graded submission", []).append(line.shown)
        elif points is None:
            said.setdefault("Left blank, because the points are not final", []).append(f"{line.shown} ({grade.why})")
        else:
            if column.capped and line.most is not None and points > line.most:
                cut.append(f"{line.shown} ({points:g})")
                points = line.most
            before = number_of(old)
            changed += before is not None and abs(before - points) >= 0.005
            values[line.row, column.number] = number_text(points, column.decimal_sign)
    filled = Filled(table.filled(values), placed, incomplete=bool(placed.left or placed.unsure))
    zeros = sum(row not in placed.grades for row, _ in values)
    filled.sentences.append(
        f"{counted(len(values) - zeros, 'cell')} of {column.name!r} filled, {changed} with other points than before."
    )
    filled.sentences += _about_missing(request, zeros, complete)
    if cut:
        filled.sentences.append(f"More points than the platform takes, so the most was written: {', '.join(cut)}.")
    filled.sentences += [f"{what}: {printable(', '.join(who))}." for what, who in said.items()]
    for what, who in (
        ("Handed in, but not graded yet", ungraded),
        (f"Graded, but not found in {table.path.name}", [each.student for each in placed.left]),
    ):
        filled.sentences += [f"{what}: {printable(', '.join(who))}."] if who else []
    return filled


def _about_missing(request: Request, zeros: int, complete: bool) -> list[str]:
    """What became of the wish to give points for a missing submission."""
    if zeros:
        return [f"{counted(zeros, 'cell')} filled with {number_text(request.missing or 0.0, '.')}."]
    if request.missing is not None and not complete:
        return ["Nobody was given points for a missing submission, because not everybody was found or graded."]
    return []


def _cell(table: Table, row: int, column: int) -> str:
    return table.rows[row][column] if column < len(table.rows[row]) else ""


def written_file(request: Request, filled: Filled, more: Sequence[Path] = ()) -> Written:
    """Write the filled file under its own name into the folder that was asked for.

    Raises:
        UsageError: it would replace the file that it was made from, or cannot be written.
    """
    assert request.into is not None
    path = request.to / request.into.name
    try:
        request.to.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.samefile(request.into):
            raise UsageError(f"{path} is the file that is to be filled, and is kept; name another folder with --to.")
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {reason_of(error)}; name another folder with --to.") from None
    write_bytes(path, filled.data)
    return Written((path, *more), tuple(filled.sentences), filled.incomplete)

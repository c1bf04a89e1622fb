"""`marks.csv`: where people give points for written answers, one line for each item of the rubric of each student.

The file belongs to the people who fill it in. What they wrote is never lost: new lines are added, columns of their own
stay, and a line that cannot be right is named and stops everything before anything is written.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.assignment.rubric import RubricItem
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.reports.files import Cell, csv_text, restored, write_text
from autograder.results import CheckResult, Report, Verdict
from autograder.scoring import rounded, shown

__all__ = [
    "ABSENT",
    "MARKS",
    "WHOLE",
    "Filed",
    "Marks",
    "Row",
    "filled",
    "fingerprint",
    "given_twice",
    "read_marks",
    "state",
    "with_page",
    "with_recorded",
    "write_marks",
]

MARKS = "marks.csv"
WHOLE = "the whole answer"
"""The item of an answer without a rubric."""
COLUMNS = ("student", "question", "answer", "state", "item", "most", "points", "comment", "seen", "item_for_student")
ABSENT = (Verdict.MISSING, Verdict.NOT_ATTEMPTED)
"""The verdicts of an answer that there is nothing to read of."""
_WAY_OUT = (
    "If the file is damaged, move it away: `autograder mark` writes it anew, with what is in the results database."
)
Rubrics = Mapping[str, Sequence[RubricItem]]


@dataclass(frozen=True, slots=True)
class Filed:
    """What the file had of a line when points or the comment were changed on the page; empty for what was not."""

    points: tuple[float | None, ...] = ()
    comment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what one student is given for one item. `points` is None where nobody gave any yet.

    `seen` stands for the answer that was read when points were given, `for_student` is how the student reads the item
    where the words of `item` are for staff, `line` is where it stands in the file (0 for a new one), and `more` holds
    columns that people added. Of what is recorded, `filed` is set where points or the comment were given on the page:
    what the file had by then.
    """

    student: str
    question: str
    answer: str
    item: str
    most: float
    points: float | None = None
    comment: str = ""
    state: str = ""
    seen: str = ""
    for_student: str = ""
    line: int = 0
    more: Mapping[str, str] = field(default_factory=dict)
    filed: Filed | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What a line is about."""
        return self.student, self.answer, self.item


@dataclass(frozen=True, slots=True)
class Marks:
    """All lines of a file, the columns that people added, and how its columns are separated.

    `excel` says that it begins with a byte-order mark, by which Excel knows UTF-8 and which other programs take for a
    part of the first column's name.
    """

    rows: tuple[Row, ...] = ()
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    excel: bool = False


def read_marks(path: Path) -> Marks | None:
    """The lines of a file; None where there is none. Spreadsheets may have changed separators and encoding.

    Raises:
        UsageError: a line is wrong; the sentence gives file and line.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")  # as spreadsheets on Windows save
    head = re.sub(r'"(?:[^"]|"")*"', "", text).split("\n", 1)[0]  # what stands in quotes separates nothing
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [restored(name).strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    absent = [name for name in ("student", "answer", "item", "most", "points", "comment") if name not in names]
    if absent:
        raise UsageError(
            f"{path}:1: there is no column {absent[0]!r}; the first line is {','.join(COLUMNS)}. {_WAY_OUT}"
        )
    rows: dict[tuple[str, str, str], Row] = {}
    line = 1
    is_cut = not text.endswith(("\r", "\n")) or bool(text.count('"') % 2)  # a last line that lacks cells lost them
    try:
        for entry in reader:
            first, line = line + 1, reader.line_num
            cells = {name: restored(value or "") for name, value in entry.items() if isinstance(name, str)}
            if None in entry:
                raise UsageError(f"{path}:{first}: this line has more columns than the first; put quotes around texts.")
            if not any(cells.values()):
                continue
            if None in entry.values() and is_cut and reader.line_num >= text.count("\n"):
                raise UsageError(f"{path}:{first}: the file ends in the middle of this line. {_WAY_OUT}")
            row = _row(cells, f"{path}:{first}", first)
            if row.key in rows:
                raise UsageError(
                    f"{path}:{first}: {row.student}, {row.answer}, {row.item!r} stand in line {rows[row.key].line} "
                    "already; keep one of the two."
                )
            rows[row.key] = row
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: this is no CSV: {error}.") from None
    own = tuple(name for name in names if name and name not in COLUMNS)
    return Marks(tuple(rows.values()), own, delimiter, content.startswith(codecs.BOM_UTF8))


def _row(cells: Mapping[str, str], where: str, line: int) -> Row:
    most, points = _number(cells["most"], where, "most"), _number(cells["points"], where, "points")
    name = f"{cells['student']}, {cells['answer']}, {cells['item']!r}"
    if points is not None and points < 0:
        raise UsageError(f"{where}: {name}: {cells['points']} is less than 0 points.")
    if points is not None and most is not None and points > most:
        raise UsageError(
            f"{where}: {name}: {counted(points, 'point')} given, more than the {shown(most)} of this item."
        )
    more = {column: value for column, value in cells.items() if column and column not in COLUMNS}
    return Row(
        cells["student"], cells.get("question", ""), cells["answer"], cells["item"], most or 0.0, points,
        cells["comment"], cells.get("state", ""), cells.get("seen", ""),
        cells.get("item_for_student", ""), line, more,
    )  # fmt: skip


def _number(text: str, where: str, column: str) -> float | None:
    """A number with a point or a comma; None for an empty cell."""
    if not text.strip():
        return None
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{where}: {text.strip()!r} in the column {column} is no number; write one such as 2 or 1.5.")
    return rounded(number)


def filled(marks: Marks | None, reports: Sequence[Report], rubrics: Rubrics, path: Path) -> Marks:
    """The file with a line for every item of every answer, answer by answer, and with all that people wrote.

    Lines about students of whom there is no submission any more are left out where nobody gave points or a comment.

    Args:
        marks: what there is; None for nothing.
        reports: what was graded.
        rubrics: the items of each answer with their points; an answer that is not there has one for all.
        path: of the file, for messages.

    Raises:
        UsageError: a line is about nobody, no answer or no item, or gives more points than there are.
    """
    old = {row.key: row for row in marks.rows} if marks else {}
    rows = [row for one in _expected(reports, rubrics) for row in _filled(*one, old)]
    known, students = {row.key for row in rows}, {report.student for report in reports}
    for row in old.values():
        left = row.student not in students and row.points is None and not row.comment.strip()
        if row.key not in known and not left:
            raise UsageError(f"{path}:{row.line}: {_unknown(row, rows)}")
    for row in rows:
        if row.points is not None and row.points > row.most:
            raise UsageError(
                f"{path}:{row.line}: {row.student}, {row.answer}, {row.item!r}: {counted(row.points, 'point')} "
                f"given, more than the {shown(row.most)} of this item."
            )
    return replace(marks or Marks(), rows=tuple(rows))


def with_page(marks: Marks | None, recorded: Iterable[Row]) -> Marks | None:
    """The file with what was given on the page since; a cell that was changed in the file since counts as it is."""
    given = {row.key: row for row in recorded if row.filed is not None}
    if marks is None or not given:
        return marks
    return replace(
        marks, rows=tuple(_with_page(row, given[row.key]) if row.key in given else row for row in marks.rows)
    )


def _with_page(row: Row, given: Row) -> Row:
    filed = given.filed or Filed()
    if filed.points == (row.points,):
        row = replace(row, points=given.points, seen=given.seen)
    return replace(row, comment=given.comment) if filed.comment == (row.comment.strip(),) else row


def given_twice(marks: Marks | None, recorded: Iterable[Row]) -> list[tuple[Row, float | None]]:
    """The lines whose points were changed in the file and on the page since both were the same, with the page's points.

    Those of the file count.
    """
    given = {row.key: row for row in recorded if row.filed is not None and row.filed.points}
    return [
        (row, given[row.key].points)
        for row in (marks.rows if marks else ())
        if row.key in given and row.points not in (given[row.key].points, *(given[row.key].filed or Filed()).points)
    ]


def with_recorded(
    marks: Marks | None, recorded: Iterable[Row], reports: Sequence[Report], rubrics: Rubrics
) -> tuple[Marks | None, list[Row]]:
    """The file with the lines that it has not, given on the page or lost with a damaged file; and the lost ones.

    A line that is there counts as it is, with its points emptied, too, unless points were given on the page since.

    Args:
        marks: what there is; None for nothing.
        recorded: what was read from this file before.
        reports: what was graded; a line about anything else stays out.
        rubrics: the items of each answer.
    """
    recorded = tuple(recorded)
    marks = with_page(marks, recorded)
    there = {row.key for row in marks.rows} if marks else set()
    asked = {
        (report.student, check.id, item.staff)
        for report, _, check, rubric in _expected(reports, rubrics)
        for item in rubric
    }
    absent = [row for row in recorded if row.key in asked - there]
    if absent:
        rows = (*(marks.rows if marks else ()), *(replace(row, filed=None) for row in absent))
        marks = replace(marks or Marks(), rows=rows)
    return marks, [row for row in absent if row.filed is None]


def _expected(
    reports: Sequence[Report], rubrics: Rubrics
) -> Iterator[tuple[Report, str, CheckResult, Sequence[RubricItem]]]:
    """Report, question, answer and rubric of everything that a person grades, answer by answer."""
    order = dict.fromkeys((q.id, check.id) for report in reports for q in report.questions for check in q.checks)
    for question, answer in order:
        for report in sorted(reports, key=lambda each: each.student.casefold()):
            for check in (c for q in report.questions if q.id == question for c in q.checks if c.id == answer):
                if check.by_hand:
                    yield report, question, check, rubrics.get(answer) or [RubricItem(WHOLE, check.by_hand, WHOLE)]


def _filled(
    report: Report,
    question: str,
    check: CheckResult,
    rubric: Sequence[RubricItem],
    old: Mapping[tuple[str, str, str], Row],
) -> Iterator[Row]:
    stands = fingerprint(report, check)
    for item in rubric:
        fresh = Row(report.student, question, check.id, item.staff, item.points)
        row = old.get(fresh.key, fresh)
        given = row.points is not None
        seen = (row.seen or stands) if given else ""
        text = "changed since" if given and seen != stands else state(check)
        yield replace(
            row,
            question=question,
            most=item.points,
            state=text,
            seen=seen,
            for_student=item.student if item.has_two_wordings else "",
        )


def state(check: CheckResult) -> str:
    """What there is to be read."""
    names = {Verdict.MISSING: "missing", Verdict.NOT_ATTEMPTED: "as handed out", Verdict.FAILED: "cannot be read"}
    return names.get(check.verdict, "our fault" if check.verdict is Verdict.INTERNAL else "to be read")


def fingerprint(report: Report, check: CheckResult) -> str:
    """Stands for what there is to be read; of a PDF, for all that was handed in."""
    text = report.replay.submission_sha256 if check.answer_file or not check.answer else ""
    return hashlib.sha256(f"{text}\0{check.answer}".encode("utf-8", "replace")).hexdigest()[:12]


def _unknown(row: Row, rows: Sequence[Row]) -> str:
    if row.student not in {each.student for each in rows}:
        return f"there is no submission of {row.student!r}; correct the name, or remove the line."
    if row.answer not in {each.answer for each in rows}:
        known = ", ".join(dict.fromkeys(each.answer for each in rows))
        return f"no person grades an answer {row.answer!r}; the answers are {known}."
    items = ", ".join(repr(each.item) for each in rows if (each.student, each.answer) == (row.student, row.answer))
    return f"the rubric of {row.answer!r} has no item {row.item!r}; it has {items or 'none for this student'}."


def write_marks(marks: Marks, path: Path) -> None:
    """Write the file, all of it or nothing."""
    lines: list[tuple[Cell, ...]] = [(*COLUMNS, *marks.columns)]
    for row in marks.rows:
        cells = (row.student, row.question, row.answer, row.state, row.item, row.most, row.points, row.comment)
        lines.append((*cells, row.seen, row.for_student, *(row.more.get(name, "") for name in marks.columns)))
    text = ("\ufeff" if marks.excel else "") + csv_text(lines, marks.delimiter)
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)

"""What a folder of `autograder grade --out` says of one student, and how it is erased.

Files about the student alone are removed; tables and pages about the class are made again without the student. From
earlier gradings of the class below that folder, the student's rows go, and class pages that name the student. What is
not known here, because somebody or another verb put it there, is found by its name in the end, and named.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.course.term import HandIn, Term
from autograder.insight.alarms import ClassAlarm, class_alarms, shortcut_alarms
from autograder.insight.items import analysed
from autograder.reports.changed_files import written
from autograder.reports.class_folder import ALARMS, ITEMS, LEFT, read_alarms, show_grades
from autograder.reports.files import (
    HAND_INS,
    JOBS,
    file_names,
    read_hand_ins,
    read_report,
    restored,
    write_hand_ins,
    write_text,
)
from autograder.reports.grades import items_csv
from autograder.reports.manual_grades import FILE, read_hand_grades, write_hand_grades
from autograder.reports.marks import MARKS, Row, read_marks, write_marks
from autograder.reports.pages import Heading
from autograder.reports.publishing import EARLIER, PUBLISHED, TABLE
from autograder.reports.regrading import KEPT, KEPT_TIMES
from autograder.results import Report

__all__ = ["Traces", "erase", "naming", "reports_in", "traces_of"]

_PLACES = ("reports", "feedback", "staff", "answers", KEPT, PUBLISHED, EARLIER)
_MOST_UNPACKED = 200_000_000  # bytes of one archive
_ARCHIVES = (".zip", ".xlsx")
_TAG = re.compile(r"<style\b[^<]*</style>|</?[A-Za-z][^<>]*>")
_VALUE = re.compile(r'="([^"]*)"')
_OF_CLASS = ("grades.csv", "summary.html", ALARMS, ITEMS)


@dataclass(frozen=True, slots=True)
class Traces:
    """What a folder has of a student: the student's own files and folders, lines of marks, and hand-in times."""

    own: tuple[Path, ...]
    lines: int
    hand_ins: int = 0

    @property
    def anything(self) -> bool:
        """Whether there is anything."""
        return bool(self.own or self.lines or self.hand_ins)


def reports_in(out: Path) -> tuple[Report, ...]:
    """The reports of a folder, by student; none where it has none.

    Raises:
        UsageError: one cannot be read.
    """
    found = map(read_report, sorted((out / "reports").glob("*.json")))
    return tuple(sorted(found, key=lambda report: report.student.casefold()))


def _folders(out: Path) -> list[Path]:
    """The folder and those below it that hold the reports of a class as well: regraded, earlier, or of one question."""
    below = sorted(path.parent for path in out.rglob("reports") if path.is_dir() and path.parent != out)
    return [out, *dict.fromkeys((*below, out / LEFT))]


def _timed(out: Path) -> list[Path]:
    """The folders that may hold hand-in times: those of gradings, and what they keep of better results."""
    return [place for folder in _folders(out) for place in (folder, folder / KEPT_TIMES)]


def _stems(out: Path, student: str) -> set[str]:
    """The names of the student's files, without suffix: as they are made, and as the reports say."""
    made = {file_names([student])[student]}
    for folder in _folders(out):
        made |= {path.stem for path in (folder / "reports").glob("*.json") if read_report(path).student == student}
    return made


def _on_their_way(folder: Path, student: str) -> Iterator[Path]:
    """Reports about the student that a killed `autograder grade` left on their way, and what was written of one."""
    for path in sorted(folder.glob("*")):
        try:
            own = read_report(path).student == student
        except UsageError:  # a part of one; the next run makes all of it again
            own = any(naming([path], student))
        if own:
            yield path


def traces_of(out: Path, student: str) -> Traces:
    """What is there of a student; nothing is changed.

    Raises:
        UsageError: a report or a file of people's points cannot be read.
    """
    stems = _stems(out, student)
    own = [
        path
        for folder in _folders(out)
        for place in _PLACES
        for path in sorted((folder / place).glob("*"))
        if (path.stem if path.is_file() else path.name) in stems
    ]
    own += _on_their_way(out / JOBS, student)
    marks, hand = read_marks(out / MARKS), read_hand_grades(out)
    lines = sum(row.student == student for row in marks.rows) if marks else 0
    if hand:
        lines += sum(grade.student == student for grade in hand.grades)
        lines += (student in hand.late_penalties) + (student in hand.submissions)
    times = sum(student in (each.student, *each.members) for folder in _timed(out) for each in read_hand_ins(folder))
    return Traces(tuple(own), lines, times)


def erase(out: Path, student: str, heading: Heading | None, term: Term | None, recorded: Sequence[Row]) -> None:
    """Remove what is there of a student, and make tables and pages of the class again without the student.

    Args:
        out: the folder.
        student: the name.
        heading: what stands on top of pages; None where there are no reports.
        term: the course with its dates, for what lateness costs; None without dates.
        recorded: what the results database has from `marks.csv` of others.

    Raises:
        UsageError: something cannot be read or written; the same call goes on from there.
    """
    found = traces_of(out, student)
    with written(out) as files:
        for path in found.own:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                files.remove(path)
    marks, hand = read_marks(out / MARKS), read_hand_grades(out)
    if marks is not None:
        write_marks(replace(marks, rows=tuple(row for row in marks.rows if row.student != student)), out / MARKS)
    if hand is not None:
        write_hand_grades(
            replace(
                hand,
                grades=tuple(grade for grade in hand.grades if grade.student != student),
                late_penalties={name: each for name, each in hand.late_penalties.items() if name != student},
                submissions={name: each for name, each in hand.submissions.items() if name != student},
            ),
            out / FILE,
        )
    for path in (out / "answers").glob("*.html"):  # all answers to one question: `autograder mark` makes them again
        path.unlink()
    if (out / PUBLISHED / TABLE).is_file():
        _remove_rows(out / PUBLISHED / TABLE, student)
    _erase_from_gradings(out, student)
    reports = reports_in(out)
    if not reports or heading is None:
        for name in _OF_CLASS:
            (out / name).unlink(missing_ok=True)
        return
    refused = (each for each in read_alarms(out, ()) if each.kind == "refused")
    _write_alarms(out, (*refused, *class_alarms(reports), *shortcut_alarms(reports)))
    write_text(out / ITEMS, items_csv(analysed(reports)))
    show_grades(out, reports, heading, file_names(report.student for report in reports), term=term, recorded=recorded)


def _erase_from_gradings(out: Path, student: str) -> None:
    """Remove the student's hand-in times, and what tables, alarms and pages of earlier gradings say of the student."""
    for folder in _timed(out):
        if (folder / HAND_INS).exists():
            write_hand_ins(folder, _without(read_hand_ins(folder), student))
    for folder in _folders(out)[1:]:  # earlier gradings keep their pages of everybody else as they were
        for path in sorted(folder.glob("*.csv")):
            _remove_rows(path, student)
        if (folder / ALARMS).is_file():
            _write_alarms(
                folder, [each for each in read_alarms(folder, ()) if not _word(student).search(each.sentence)]
            )
        for path in naming((*folder.glob("*.html"), *folder.glob("*.json")), student):
            path.unlink()


def _write_alarms(folder: Path, alarms: Iterable[ClassAlarm]) -> None:
    write_text(folder / ALARMS, json.dumps([asdict(alarm) for alarm in alarms], indent=1) + "\n")


def _without(hand_ins: Iterable[HandIn], student: str) -> list[HandIn]:
    """Hand-in times without a student, also as a member of a team."""
    others = [each for each in hand_ins if each.student != student]
    return [replace(each, members=tuple(name for name in each.members if name != student)) for each in others]


def _remove_rows(path: Path, student: str) -> None:
    """Remove the rows of a table whose first cell is the student, and leave every other byte."""
    lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
    reader, left, start = csv.reader(lines), list[str](), 0
    for row in reader:
        if not row or restored(row[0].removeprefix("\ufeff")) != student:
            left += lines[start : reader.line_num]
        start = reader.line_num
    if left != lines:
        write_text(path, "".join(left))


def naming(places: Iterable[Path], student: str, others: Iterable[str] = ()) -> Iterator[Path]:
    """Every file and folder of some places that still has the name, in its own name or in its content.

    The name counts as a word of its own, as it is or as names of files have it: Ann is not named by Anna. The names of
    tags are not looked at; what zip files and Excel's hold is.

    Args:
        places: files, and folders with all that is below them.
        student: the name.
        others: what else the student is called: a full name, e-mail addresses; an address in any case of its letters.

    Raises:
        UsageError: a file cannot be read.
    """
    words = [*map(_word, _forms(student)), *(_name(form) for each in others for form in _forms(each))]
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            try:
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            except OSError as error:
                raise UsageError(f"{path} cannot be read ({reason_of(error)}); look yourself for {student}.") from None
            texts = (path.name, *_texts(path, content))
            if any(word.search(text) for text in texts for word in words):
                yield path


def _texts(path: Path, content: bytes) -> Iterator[str]:
    """What people read in a file: of markup what is outside of tags, of an archive what its files hold.

    Students hand in archives, too: none in another is opened, and no more is unpacked than the cap.
    """
    if path.suffix in _ARCHIVES:
        room = _MOST_UNPACKED
        broken = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error)
        with suppress(*broken), zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield member.filename
                name, room = Path(Path(member.filename).name), room - member.file_size
                if room >= 0 and name.suffix not in _ARCHIVES:
                    yield from _texts(name, archive.read(member))
    text = content.decode("utf-8", "replace")
    yield html.unescape(_TAG.sub(_values, text)) if path.suffix in (".html", ".xml") else text


def _values(tag: re.Match[str]) -> str:
    """The values of a tag's attributes, without its own name and theirs."""
    return " ".join(["", *_VALUE.findall(tag.group()), ""])


def _forms(name: str) -> list[str]:
    """A name as it is, as names of files have it, and as JSON does."""
    return [*dict.fromkeys((name, file_names([name])[name], json.dumps(name)[1:-1]))]


def _name(name: str) -> re.Pattern[str]:
    """A full name or an address, which platforms join to numbers by an underscore; an address in any case."""
    return re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", re.IGNORECASE if "@" in name else 0)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")

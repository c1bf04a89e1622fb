"""Gradebooks as learning platforms export them, made as their source says, and graded folders to fill them from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samples import check, question, report

from autograder.reports.files import file_names, report_text
from autograder.results import Report, Verdict
from autograder.submissions.attempts import Attempt, write_attempt

ODD = ('O\'Neil, "Jo" Ann', "=cmd|' /C calc'!A0", "Zoë\nMarie 🦊", "@sum(1)", "עדה לאבלייס", "Jürgen Groß; Dr.")
"""Names that break what was written in haste."""


@dataclass(frozen=True)
class Student:
    """Somebody on a platform."""

    number: int
    name: str
    sis: str = ""
    email: str = ""
    score: str = ""
    changeable: bool = True


def graded(out: Path, *reports: Report) -> Path:
    """A folder as `autograder grade --out` leaves it: reports, and a page of feedback for those that are final."""
    names = file_names(each.student for each in reports)
    for each in reports:
        for place, suffix, text in (("reports", "json", report_text(each)), ("feedback", "html", f"<p>{each.student}")):
            path = out / place / f"{names[each.student]}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return out


def with_points(student: str, points: float = 2, most: float = 4) -> Report:
    """A report of two checks, one hidden and failed."""
    right, wrong = (
        check("one", Verdict.PASSED, points=points),
        check("two", Verdict.FAILED, points=most - points, hidden=True),
    )
    return report(student, question("a", right), question("b", wrong))


def collected(folder: Path, platform: str, **keys: str) -> Path:
    """What `autograder collect` filed from a platform: by student, the platform's key."""
    for student, key in keys.items():
        attempt = Attempt(student, 1, platform, "download.zip", key, "0" * 64, name=key.rpartition("_")[0])
        (folder / ".staging").mkdir(parents=True, exist_ok=True)
        write_attempt(attempt, {}, {}, collected=folder, staging=folder / ".staging", modified=0)
    (folder / ".staging").rmdir()
    return folder


def canvas(
    students: Iterable[Student],
    *,
    title: str = "tiny (4711)",
    possible: str = "4.00",
    delimiter: str = ",",
    end: str = "\r\n",
    mark: str = "",
    read_only: str = "(read only)",
    first_last: bool = False,
    muted: bool = False,
) -> bytes:
    """Canvas' export, with another assignment, a column of the course's own, and totals that cannot be changed."""
    comma = delimiter == ";"
    name = ["LastName", "FirstName"] if first_last else ["Student"]
    rows: list[list[str]] = [
        [*name, "ID", "SIS User ID", "SIS Login ID", "Section", "Notes", "Other (12)", title, "Final Score"]
    ]
    blank = [""] * (len(name) + 4)
    if muted:
        rows.append([*blank, "", "", "Manual Posting", ""])
    rows.append(["    Points Possible", *blank[1:], "", "10.00", possible, read_only])
    for each in students:
        last, _, first = each.name.partition(" ")
        who = [last, first] if first_last else [each.name]
        rows.append(
            [*who, str(each.number), each.sis, each.email, "Section 1", "=1+1, note", "7.25", each.score, "71.11"]
        )
    if comma:
        rows = [[cell.replace(".", ",") if cell.replace(".", "").isdigit() else cell for cell in row] for row in rows]
    return (mark + table(rows, delimiter, end)).encode()


LANGUAGES = {
    "english": (
        "Identifier", "Full name", "Email address", "Status", "Group", "Grade", "Maximum Grade",
        "Grade can be changed", "Last modified (submission)", "Last modified (grade)", "Feedback comments",
        "Participant ", "Yes", "No",
    ),
    "german": (
        "ID", "Vollständiger Name", "E-Mail-Adresse", "Status", "Gruppe", "Bewertung", "Bestwertung",
        "Bewertung kann geändert werden", "Zuletzt geändert (Abgabe)", "Zuletzt geändert (Bewertung)",
        "Feedback als Kommentar", "Teilnehmer/in", "Ja", "Nein",
    ),
    "hebrew": (
        "מזהה", "שם מלא", "כתובת דואר אלקטרוני", "מצב", "קבוצה", "ציון", "ציון מירבי", "ניתן לשנות את הציון",
        "שונה לאחרונה (הגשה)", "שונה לאחרונה (ציון)", "הערות משוב", "משתתף ", "כן", "לא",
    ),
    "arabic": (
        "المعرف", "الاسم الكامل", "عنوان البريد الإلكتروني", "الحالة", "المجموعة", "الدرجة", "الدرجة العظمى",
        "يمكن تغيير الدرجة", "آخر تعديل (التسليم)", "آخر تعديل (الدرجة)", "تعليقات", "المشارك ", "نعم", "لا",
    ),
    "made up": (
        "Xa", "Xb", "Xc", "Xd", "Xe", "Xf", "Xg", "Xh", "Xi", "Xj", "Xk", "Xl ", "Yes", "No",
    ),
}  # fmt: skip
"""Moodle's headers, its word for a participant, yes and no; those of a language that nobody knows as well."""


def moodle(
    students: Sequence[Student],
    language: str = "english",
    *,
    most: str = "4.00",
    mark: str = "\ufeff",
    end: str = "\n",
    blind: bool = False,
) -> bytes:
    """Moodle's grading worksheet."""
    *heads, participant, yes, no = LANGUAGES[language]
    rows: list[list[str]] = [[*heads]]
    for each in students:
        changed = "Sunday, 29 November 2026, 11:59 PM"
        rows.append(
            [f"{participant}{each.number}", each.name, each.email, "Submitted for grading - ", "Team, A", each.score,
             most, yes if each.changeable else no, changed, "-", "=bad"]
        )  # fmt: skip
    if blind:
        rows = [[cell for at, cell in enumerate(row) if at not in (1, 2)] for row in rows]
    return (mark + table(rows, ",", end)).encode()


def scores(students: Iterable[Student], *, most: str = "4.0") -> bytes:
    """Gradescope's scores."""
    rows: list[list[str]] = [
        ["First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points", "Status", "Submission ID",
         "Submission Time", "Lateness (H:M:S)", "View Count", "Submission Count", "1: Question a (2.0 pts)"],
    ]  # fmt: skip
    for each in students:
        first, _, last = each.name.rpartition(" ")
        rows.append(
            [first, last, each.sis, each.email, "", each.score, most, "Graded", "9", "2026-11-29 18:13:08 -0800",
             "00:00:00", "0", "1", "2.0"]
        )  # fmt: skip
    return table(rows, ",", "\n").encode()


def table(rows: Iterable[Sequence[str]], delimiter: str, end: str) -> str:
    """CSV as most programs write it: quotes where they are needed."""
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=delimiter, lineterminator=end).writerows(rows)
    return made.getvalue()


def cells(data: bytes, delimiter: str = ",") -> list[list[str]]:
    """What another reader finds in a file."""
    text = data.decode("utf-8-sig")
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]


def differences(before: bytes, after: bytes, delimiter: str = ",") -> dict[tuple[str, str], tuple[str, str]]:
    """The cells that differ, by the first cell of the line and the column's header: before and after."""
    old, new = cells(before, delimiter), cells(after, delimiter)
    assert [len(row) for row in old] == [len(row) for row in new]
    return {
        (row[0], old[0][at]): (was, is_)
        for row, changed in zip(old, new, strict=True)
        for at, (was, is_) in enumerate(zip(row, changed, strict=True))
        if was != is_
    }

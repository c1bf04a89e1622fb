"""Gradescope: `results.json` of a submission, as an autograder there leaves it, and the table of scores.

A test that is hidden, or shown later, keeps the total from students until then: so hidden checks are shown after the
grades are published, unless staff say otherwise. A check is never shown before the moment that it names itself
(`Visibility`). What stands in a result is what the student may read of a check; the words for staff stay here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.formats.class_grades import INTO, MISSING, SCALE, ClassGrades, Exporter, Grade, Request, Written
from autograder.formats.filled_table import number_of, read_table
from autograder.formats.filling import Column, Line, fill, place, written_file
from autograder.messages import WORDING
from autograder.reports.files import Cell, csv_text, file_names, write_text
from autograder.reports.grades import question_ids, waiting
from autograder.results import CheckResult, QuestionResult, Report, Verdict, Visibility
from autograder.scoring import rounded, shown

__all__ = ["EXPORTER", "VISIBILITIES", "Shown", "failed_results", "results_of", "results_text"]

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
_LONGEST = 20_000  # characters of one output; Gradescope shows whole pages badly
_LATER = "The points of some tests are shown later, so the total can still change."
_NEVER = "The points of some tests are not shown here."
_EARLIEST: Mapping[Visibility, str] = MappingProxyType(dict(zip(Visibility, VISIBILITIES, strict=True)))
"""Gradescope's word for the moment from which a check is shown to students."""
_COLUMNS = (
    "First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points", "Status", "Submission ID",
    "Submission Time", "Lateness (H:M:S)", "View Count", "Submission Count",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """When students see what: one of `VISIBILITIES` for public and for hidden checks, or later if a check says so.

    Once the grades are `published`, whatever is shown by a time is visible.
    """

    public: str = "visible"
    hidden: str = "after_published"
    published: bool = False

    def of(self, check: CheckResult) -> str:
        """Gradescope's visibility of a check: the later one of that for its kind and of what the check says itself."""
        found = max(self.hidden if check.hidden else self.public, _EARLIEST[check.visible], key=VISIBILITIES.index)
        return "visible" if self.published and found != "hidden" else found


def results_of(report: Report, visible: Shown = Shown(), why_open: str = "") -> dict[str, Any]:
    """The content of `results.json`; of a report that is not final, one without any score, which Gradescope counts as
    a failure of the autograder and not as an attempt.

    Where points are still open, because a person has to give them or for the reason `why_open`, there is no score of
    the whole, and the text says so: Gradescope needs one unless each test has its own.
    """
    if report.not_final or report.internal:
        return failed_results("The grader could not finish; this costs no points. The course staff can run it again.")
    kinds = {visible.of(check) for question in report.questions for check in question.checks}
    left = waiting(report)
    why_open = why_open or (f"{counted(left, 'point')} to be given manually" if left else "")
    said = [*report.notes, *_about_total(kinds), *([f"The score is not final: {why_open}."] if why_open else [])]
    return {
        **({} if why_open else {"score": rounded(report.points + report.bonus_points)}),
        "execution_time": round(report.resources.wall_seconds),
        "output": "\n".join(said)[:_LONGEST],
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [*_tests(report, visible)],
        "extra_data": {
            "assignment": report.assignment,
            "max_points": report.max_points,
            "submission_sha256": report.replay.submission_sha256,
        },
    }


def failed_results(sentence: str) -> dict[str, Any]:
    """What is left where nothing could be graded: a sentence, and no score, so that the attempt does not count."""
    return {"output": sentence, "output_format": "text", "visibility": "visible", "stdout_visibility": "hidden"}


def results_text(results: dict[str, Any]) -> str:
    """The file, in ASCII: half of a surrogate pair that a submission printed stays JSON."""
    return json.dumps(results, indent=1) + "\n"


def _about_total(kinds: Collection[str]) -> list[str]:
    """Why the total is not what the visible tests add up to; nothing where they do."""
    later = any(each.startswith("after_") for each in kinds)
    return [_LATER] if later else [_NEVER] if "hidden" in kinds else []


def _tests(report: Report, visible: Shown) -> Iterator[dict[str, Any]]:
    for number, question in enumerate(report.questions, 1):
        for at, check in enumerate(question.checks, 1):
            yield {
                **_scored(check, question),
                "name": f"{question.title}: {check.title}",
                "number": f"{number}.{at}",
                "output": (check.message or WORDING[check.verdict].long)[:_LONGEST],
                "tags": [question.id],
                "visibility": visible.of(check),
                "extra_data": {"check": check.id, "verdict": str(check.verdict)},
            }


def _scored(check: CheckResult, question: QuestionResult) -> dict[str, Any]:
    """Points and status; an answer that a person grades has neither yet, and bonus points raise no maximum."""
    if check.by_hand or check.verdict is Verdict.MANUAL:
        return {}
    return {
        "score": check.points,
        "max_score": 0 if question.bonus else check.max_points,
        "status": "passed" if check.verdict is Verdict.PASSED else "failed",
    }


def _write(grades: ClassGrades, request: Request) -> Written:
    """A folder with `results.json` for each student, and the table: filled where one was named, else a new one."""
    folders = file_names(dict.fromkeys(grade.report.student for grade in grades.grades))
    for grade in grades.grades:
        text = results_text(results_of(grade.report, Shown(published=grade.published), grade.why))
        write_text(_folder(request) / folders[grade.report.student] / "results.json", text)
    if request.into is not None:
        return _filled(grades, request)
    path = request.to / "scores.csv"
    write_text(path, csv_text(_rows(grades.grades)))
    open_ = [f"{grade.student} ({grade.why})" for grade in grades.grades if grade.points is None]
    said = (f"Left blank, because the points are not final: {', '.join(open_)}.",) if open_ else ()
    return Written((path, _folder(request)), said)


def _folder(request: Request) -> Any:
    return request.to / "results"


def _rows(grades: Sequence[Grade]) -> list[list[Cell]]:
    ids = question_ids([grade.report for grade in grades])
    titles = {question.id: question for grade in grades for question in grade.report.questions}
    heads = [f"{at}: {titles[id_].title} ({shown(titles[id_].max_points)} pts)" for at, id_ in enumerate(ids, 1)]
    rows: list[list[Cell]] = [[*_COLUMNS, *heads]]
    for grade in grades:
        first, last = _first_and_last(grade.name)
        points: dict[str, float | None] = {each.id: each.points for each in grade.report.questions}
        final = grade.points is not None
        email = grade.emails[0] if grade.emails else None
        rows.append(
            [
                first or None, last or None, grade.student, email, None, grade.points, grade.most,
                "Graded" if final else "Ungraded", *[None] * 5, *(points.get(each) if final else None for each in ids),
            ]
        )  # fmt: skip
    return rows


def _first_and_last(name: str) -> tuple[str, str]:
    """The parts of a name as a roster writes it: "Ada Lovelace" or "Lovelace, Ada"."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _filled(grades: ClassGrades, request: Request) -> Written:
    assert request.into is not None
    table = read_table(request.into)
    head = {cell.strip(): at for at, cell in reversed([*enumerate(table.rows[0])])}
    if not {"Total Score", "Max Points"} <= set(head) or not {"SID", "Email"} & set(head):
        raise UsageError(
            f"{request.into} is no table of scores: it has no columns SID or Email, Total Score and Max Points. In "
            "Gradescope: Review Grades, Download Grades, Download CSV."
        )

    def cell(row: int, name: str) -> str:
        at = head.get(name, -1)
        return table.rows[row][at].strip() if 0 <= at < len(table.rows[row]) else ""

    lines = []
    for row in range(1, len(table.rows)):
        name = cell(row, "Name") or f"{cell(row, 'First Name')} {cell(row, 'Last Name')}".strip()
        ids = tuple((kind, cell(row, kind)) for kind in ("SID", "Email") if cell(row, kind))
        most = number_of(cell(row, "Max Points"))
        lines.append(Line(row, name or table.where(row), ids, (name,) if name else (), most=most))
    column = Column(head["Total Score"], "Total Score", table.decimal_sign([head["Total Score"], head["Max Points"]]))
    placed = place(lines, grades.grades, "gradescope", lambda key: (key,))
    written = written_file(request, fill(table, column, lines, placed, request, grades.ungraded))
    return Written((*written.files, _folder(request)), written.sentences, written.incomplete)


EXPORTER = Exporter(
    """Write results.json of each student, and a table of scores.

    results/STUDENT/results.json is in the form of Gradescope's autograders; hidden checks are shown there once grades
    are published, and no check before its own time. scores.csv has the columns of Download Grades; with --into FILE,
    which that gave, its column Total Score is filled instead, and everything else stays byte for byte. Exit code 1:
    somebody was not found in FILE.

    Example: autograder export gradescope graded --into Backprop_scores.csv""",
    _write,
    frozenset({INTO, SCALE, MISSING}),
)

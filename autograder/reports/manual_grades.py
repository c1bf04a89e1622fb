"""What people gave manually: a file of its own beside the reports, laid over them wherever results are shown.

The reports in `reports/` stay what the checks found. `manual_grades.json` holds what people said about them;
`with_hand_grades` makes of both the report that grades.csv, the summary and the feedback pages show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.messages import stays_open
from autograder.reports.files import write_text
from autograder.reports.graded_notebook import is_cell_of
from autograder.results import CheckResult, QuestionResult, Report, Verdict
from autograder.scoring import question_points, report_points, rounded, shown, with_open_points

__all__ = ["FILE", "HandGrade", "HandGrades", "read_hand_grades", "with_hand_grades", "write_hand_grades"]

FILE = "manual_grades.json"
_QUESTION = "by_hand"
_EARLIER = "Something was handed in after points were given manually; those points still hold, until staff look again."


@dataclass(frozen=True, slots=True)
class HandGrade:
    """What a person gave to one cell of one student, or that a person has to look at it (`needs_review`).

    `manual` takes the place of the `automatic` points, None where no person gave any; `extra_credit` is added to
    either. `max_score` is 0 for a cell that only takes comments.
    """

    student: str
    notebook: str
    cell: str
    max_score: float = 0.0
    automatic: float | None = None
    manual: float | None = None
    extra_credit: float = 0.0
    comment: str = ""
    needs_review: bool = False

    @property
    def given(self) -> bool:
        """Whether a person gave points."""
        return self.manual is not None or self.extra_credit != 0

    @property
    def points(self) -> float:
        """What counts: nbgrader's rule."""
        first = self.manual if self.manual is not None else self.automatic or 0.0
        return rounded(first + self.extra_credit)


@dataclass(frozen=True, slots=True)
class HandGrades:
    """All that people gave to submissions of one assignment.

    `late_penalties` are points taken off, by student; `submissions` the hashes of what was graded when this was read.
    """

    assignment: str
    grades: tuple[HandGrade, ...] = ()
    late_penalties: dict[str, float] = field(default_factory=dict)
    submissions: dict[str, str] = field(default_factory=dict)
    schema: int = 1


def write_hand_grades(grades: HandGrades, path: Path) -> None:
    """Write them as JSON."""
    write_text(path, msgspec.json.format(msgspec.json.encode(grades), indent=2).decode() + "\n")


def read_hand_grades(out: Path) -> HandGrades | None:
    """What `manual_grades.json` of a graded folder says; None where there is none.

    Raises:
        UsageError: the file is not of its form.
    """
    path = out / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=HandGrades)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{path} cannot be read: {reason_of(error)}; move it away, and run "
            "`autograder import nbgrader --grades` again."
        ) from None


def with_hand_grades(reports: Sequence[Report], grades: HandGrades | None) -> tuple[Report, ...]:
    """The reports with people's points and comments in place; those of other assignments as they are.

    Points of a check become those that were given, and its message says so. A cell that no check is about becomes a
    check of a question "Manually graded". Verdicts stay, but for checks that we could not run and a person graded, and
    for answers that only people grade: their points count, available and given ones.
    """
    if grades is None:
        return tuple(reports)
    by_student: dict[str, list[HandGrade]] = {}
    for each in grades.grades:
        by_student.setdefault(each.student, []).append(each)
    made = []
    for report in reports:
        penalty = grades.late_penalties.get(report.student, 0.0)
        own = by_student.get(report.student, [])
        if report.assignment == grades.assignment and (own or penalty):
            given = any(each.given for each in own)
            known = grades.submissions.get(report.student, report.replay.submission_sha256)
            report = _laid_over(report, own, penalty)
            if given and known != report.replay.submission_sha256:
                report = replace(report, notes=(*report.notes, _EARLIER))
        made.append(report)
    return tuple(made)


def _laid_over(report: Report, grades: Sequence[HandGrade], penalty: float) -> Report:
    pairs = [(question.id, check.id) for question in report.questions for check in question.checks]
    owners = _owners(pairs, grades)
    left = [each for each in grades if each not in owners.values()]
    questions = []
    for question in report.questions:
        checks = tuple(_graded(check, owners.get((question.id, check.id))) for check in question.checks)
        if checks != question.checks:
            points, max_points = question_points(checks)
            question = replace(question, checks=checks, points=points, max_points=max_points)
        questions.append(question)
    own = [each for each in left if each.max_score > 0 and each.given]
    if own:
        checks = tuple(_check(each) for each in own)
        questions.append(QuestionResult(_QUESTION, "Manually graded", *question_points(checks), False, checks))
    points, max_points, bonus = report_points(questions)
    if not penalty:  # what grading took off already stays off
        penalty = max(0.0, rounded(report_points(report.questions)[0] - report.points))
    notes = tuple(dict.fromkeys((*report.notes, *_notes(left, penalty))))
    if penalty:
        points = rounded(max(0.0, points - penalty))
    made = replace(
        report, points=points, max_points=max_points, bonus_points=bonus, questions=tuple(questions), notes=notes
    )
    if not report.not_final:
        return made
    if stays_open(report.not_final):
        return with_open_points(made) if made.internal else made
    return with_open_points(made) if made.internal else replace(made, not_final="")  # a person has decided


def _owners(checks: Sequence[tuple[str, str]], grades: Sequence[HandGrade]) -> dict[tuple[str, str], HandGrade]:
    """What was given to the cell of each check (question, id); a question called like the notebook goes first."""
    found: dict[tuple[str, str], HandGrade] = {}
    for grade in grades:
        fitting = [each for each in checks if each not in found and is_cell_of(each[1], grade.notebook, grade.cell)]
        fitting.sort(key=lambda each: each[0] != grade.notebook)
        if fitting:
            found[fitting[0]] = grade
    return found


def _graded(check: CheckResult, grade: HandGrade | None) -> CheckResult:
    if grade is None or not (grade.given or grade.comment):
        return check
    said = [check.message] if check.message else []
    staff = [check.staff_message] if check.staff_message else []
    most = check.max_points or check.by_hand
    text = _sentence(grade, most)
    verdict = check.verdict
    if grade.given and (verdict is Verdict.INTERNAL or check.by_hand):
        said = [] if verdict is Verdict.INTERNAL else said
        verdict = _verdict(grade.points, most)
    return replace(
        check,
        verdict=verdict,
        points=grade.points if grade.given else check.points,
        max_points=most if grade.given else check.max_points,
        by_hand=0.0 if grade.given else check.by_hand,
        message="\n".join([text, *said]),
        staff_message="\n".join([text, *staff]),
    )


def _check(grade: HandGrade) -> CheckResult:
    text = _sentence(grade, grade.max_score)
    verdict = _verdict(grade.points, grade.max_score)
    return CheckResult(
        f"{grade.notebook}/{grade.cell}", grade.cell, False, verdict, grade.points, grade.max_score, 0.0, text, text
    )


def _verdict(points: float, max_points: float) -> Verdict:
    if points >= max_points:
        return Verdict.PASSED
    return Verdict.PARTIAL if points > 0 else Verdict.FAILED


def _sentence(grade: HandGrade, max_points: float) -> str:
    parts = f"Manually graded: {shown(grade.points)} of {shown(max_points)}." if grade.given else ""
    return " ".join(filter(None, [parts, f"Comment: {grade.comment}" if grade.comment else ""]))


def _notes(left: Iterable[HandGrade], penalty: float) -> list[str]:
    """Comments on cells that give no points, what waits for a person, and what lateness costs."""
    notes = [f"Comment on {each.cell}: {each.comment}" for each in left if each.comment and not each.given]
    waiting = [each.cell for each in left if each.needs_review and not each.given and each.max_score > 0]
    if waiting:
        notes.append(f"Not manually graded yet, and not in the points: {', '.join(waiting)}.")
    if penalty:
        notes.append(f"Handed in late: {counted(penalty, 'point')} taken off.")
    return notes

"""Grades in nbgrader's gradebook and back, through nbgrader's own library, so that formgrader shows and fixes them.

The rules: what a person gave (score, extra credit, comment) is never touched. Where an automatic score or the
submission changed beneath what a person gave, the cell is flagged for review, as nbgrader does it. Nothing is removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.checks.errors import UsageError
from autograder.formats.nbgrader.gradebook_file import opened_gradebook
from autograder.formats.nbgrader.source_notebook import Original, kernel_of, write_source_cells
from autograder.reports.files import write_text
from autograder.reports.graded_notebook import GradedCell, GradedNotebook, cell_name, notebook_node
from autograder.reports.manual_grades import HandGrade, HandGrades
from autograder.results import Visibility

__all__ = ["Graded", "Person", "Written", "hand_grades", "write_gradebook"]


@dataclass(frozen=True, slots=True)
class Person:
    """A student as nbgrader's table has them; "" for what is not known."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


@dataclass(frozen=True, slots=True)
class Graded:
    """One graded submission: `student` is the id in the gradebook, `received` the time of handing in, in UTC.

    `penalty` says how many of so many points lateness takes off, where there are so many at most; None leaves that to
    nbgrader's own rule. `extension` is how much later than everybody's this student's deadline is.
    """

    student: str
    notebooks: tuple[GradedNotebook, ...]
    received: datetime | None = None
    person: Person | None = None
    penalty: Callable[[float, float], float] | None = None
    extension: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Written:
    """What an export did: submissions and notebooks written, and cells that wait for a person."""

    submissions: int
    notebooks: int
    waiting: int


def write_gradebook(
    assignment: str,
    graded: Sequence[Graded],
    course: Any,
    *,
    db: str = "",
    due: datetime | None = None,
    originals: Mapping[str, Original] | None = None,
) -> Written:
    """Write submissions of one assignment into a gradebook, and their notebooks into the course's `autograded/`.

    Args:
        assignment: its name in the gradebook.
        graded: the submissions; a student without one is left alone.
        course: nbgrader's `CourseDirectory` (`course_directory`): where notebooks go.
        db: the gradebook's address, as SQLAlchemy has it; "" for the course's own.
        due: when the assignment was due, in UTC; None leaves what the gradebook says.
        originals: the instructor's notebooks by name, for nbgrader's own steps; none for an assignment of modules.

    Raises:
        UsageError: nbgrader cannot read an original; the gradebook or the folder cannot be written.
    """
    waiting = written = 0
    with opened_gradebook(db or course.db_url, course.course_id) as gradebook:
        # Formgrader lists what has a folder there, be it empty; made once the gradebook is open.
        Path(course.format_path(course.source_directory, ".", assignment)).mkdir(parents=True, exist_ok=True)
        gradebook.check_course()  # nbgrader's own steps leave a row for a course without a name, too
        gradebook.update_or_create_assignment(assignment, **({"duedate": due} if due else {}))
        cells = _write_cells(gradebook, assignment, graded, originals or {})
        known = {name: each for name, each in (originals or {}).items() if name in cells}
        write_source_cells(gradebook, assignment, known, course.config)
        for one in graded:
            _write_student(gradebook, one)
            times = {"timestamp": one.received} if one.received else {}
            submission = gradebook.update_or_create_submission(assignment, one.student, **times)
            if one.extension and submission.extension is None:
                submission.extension = one.extension
            folder = Path(course.format_path(course.autograded_directory, one.student, assignment))
            for notebook in one.notebooks:
                stored = _submitted(gradebook, submission, cells[notebook.name])
                changed = _write_notebook(notebook, folder / f"{notebook.name}.ipynb")
                written += notebook.handed_in
                waiting += _write_scores(stored, notebook, cells[notebook.name], changed)
            gradebook.db.commit()
            if one.penalty is None:
                _write_penalties(course, gradebook, submission, assignment)
            else:
                _write_own_penalty(gradebook, submission, one.penalty)
    return Written(len(graded), written, waiting)


def _write_student(gradebook: Any, one: Graded) -> None:
    """The student, with names where the gradebook has none."""
    student = gradebook.update_or_create_student(one.student)
    for each in fields(Person):
        values = getattr(one.person, each.name) if one.person else ""
        if values and not getattr(student, each.name):
            setattr(student, each.name, values)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A notebook's own row, and the names of its cells by their rows: those with points, those with comments.

    nbgrader's records are read from the database again after each commit; these are read once.
    """

    id: str
    graded: Mapping[str, str]
    commented: Mapping[str, str]


def _write_cells(
    gradebook: Any, assignment: str, graded: Sequence[Graded], originals: Mapping[str, Original]
) -> dict[str, _Rows]:
    """The cells of all notebooks: what gives points, what can be commented on. Those that are there stay."""
    seen: set[tuple[str, str]] = set()
    with gradebook.db.no_autoflush:
        for notebook in (each for one in graded for each in one.notebooks):
            if (notebook.name, "") not in seen:
                seen.add((notebook.name, ""))
                kernel = kernel_of(originals.get(notebook.name))
                gradebook.update_or_create_notebook(notebook.name, assignment, kernelspec=kernel)
            for each in notebook.cells:
                role = each.cell.role
                name = _name(each.cell)
                if role is None or (notebook.name, name) in seen:
                    continue
                seen.add((notebook.name, name))
                where = (name, notebook.name, assignment)
                values = {"max_score": role.points, "cell_type": each.cell.kind}
                if role.task:
                    gradebook.update_or_create_task_cell(*where, **values)
                if role.grade:
                    gradebook.update_or_create_grade_cell(*where, **values)
                if role.solution:
                    gradebook.update_or_create_solution_cell(*where)
    found = {}
    for name in dict.fromkeys(notebook.name for one in graded for notebook in one.notebooks):
        row = gradebook.find_notebook(name, assignment)
        points = {cell.id: cell.name for cell in (*row.grade_cells, *row.task_cells)}
        comments = {cell.id: cell.name for cell in (*row.solution_cells, *row.task_cells)}
        found[name] = _Rows(row.id, points, comments)
    return found


def _name(cell: Any) -> str:
    return cell_name(cell.role.grade_id) if cell.role else ""


def _submitted(gradebook: Any, submission: Any, rows: _Rows) -> Any:
    """The row of a submitted notebook, with rows for cells that came into the assignment after the submission."""
    from nbgrader.api import Comment, Grade, SubmittedNotebook

    stored = next((each for each in submission.notebooks if each.notebook_id == rows.id), None)
    if stored is None:
        stored = SubmittedNotebook(notebook_id=rows.id, assignment=submission)
        gradebook.db.add(stored)
    for kind, there, expected in (
        (Grade, stored.grades, rows.graded),
        (Comment, stored.comments, rows.commented),
    ):
        known = {each.cell_id for each in there}
        gradebook.db.add_all(kind(cell_id=id_, notebook=stored) for id_ in expected if id_ not in known)
    gradebook.db.flush()
    return stored


def _write_scores(stored: Any, notebook: GradedNotebook, rows: _Rows, changed: bool) -> int:
    """Automatic scores and comments of one notebook; how many cells wait for a person."""
    cells = {_name(each.cell): each for each in notebook.cells if each.cell.role}
    waiting = 0
    for grade in stored.grades:
        found = cells.get(rows.graded.get(grade.cell_id, ""))
        if found is not None and (found.scored or not notebook.handed_in):
            points = found.points if notebook.handed_in or found.check is not None else 0.0
            by_hand = grade.manual_score is not None or grade.extra_credit is not None
            if by_hand:
                grade.needs_manual_grade = bool(grade.needs_manual_grade or changed or grade.auto_score != points)
            else:
                grade.needs_manual_grade = points is None
            grade.auto_score = points
        waiting += bool(grade.needs_manual_grade)
    for comment in stored.comments:
        found = cells.get(rows.commented.get(comment.cell_id, ""))
        if found is not None:
            comment.auto_comment = _comment(found, notebook.handed_in)
    return waiting


def _comment(cell: GradedCell, handed_in: bool) -> str | None:
    """What nbgrader says of a cell that nobody has graded yet; of a check of ours, its sentence."""
    check, role = cell.check, cell.cell.role
    if check is not None and not check.by_hand:
        return (check.message if check.visible is Visibility.ALWAYS else "") or None  # as in graded_notebook
    nothing = cell.untouched and not (check is not None and check.answer)
    return "No response." if handed_in and nothing and not (role is not None and role.task) else None


def _write_notebook(notebook: GradedNotebook, path: Path) -> bool:
    """Write the file that formgrader shows; whether what the student handed in is other than what was there before."""
    import nbformat

    if not notebook.handed_in:
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed
    node = notebook_node(notebook)
    own = [cell.source for cell, graded in zip(node.cells, notebook.cells, strict=True) if graded.own]
    node.metadata["autograder"] = {"own": _digest(own)}
    before = _digest_of(path)
    write_text(path, nbformat.writes(node) + "\n")
    return before != _digest(own)


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()


def _digest_of(path: Path) -> str:
    try:
        return str(json.loads(path.read_bytes())["metadata"]["autograder"]["own"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write_penalties(course: Any, gradebook: Any, submission: Any, assignment: str) -> None:
    """What nbgrader's own plugin (the course's, where its configuration names one) takes off for lateness."""
    penalised = any(each.late_submission_penalty for each in submission.notebooks)
    if submission.total_seconds_late <= 0 and not penalised:
        return
    from nbformat import v4
    from nbgrader.preprocessors import AssignLatePenalties

    for notebook in submission.notebooks:
        values = {
            "notebook": notebook.name,
            "assignment": assignment,
            "student": submission.student.id,
            "db_url": str(gradebook.engine.url.render_as_string(hide_password=False)),
        }
        AssignLatePenalties(config=course.config).preprocess(v4.new_notebook(), {"nbgrader": values})
    gradebook.db.expire_all()


def _write_own_penalty(gradebook: Any, submission: Any, penalty: Callable[[float, float], float]) -> None:
    """What the course's late rule takes off of the points that the gradebook has, people's included.

    nbgrader has a field for it in each notebook, and takes their sum off; none has more than the notebook's points.
    """
    left = penalty(submission.score, submission.max_score)
    for notebook in submission.notebooks:
        off = min(left, max(0.0, notebook.score))
        notebook.late_submission_penalty = off or None
        left -= off
    gradebook.db.commit()


def hand_grades(assignment: str, course: Any, *, db: str = "", names: Mapping[str, str] | None = None) -> HandGrades:
    """Everything that people gave in a gradebook to submissions of one assignment, and what waits for them.

    Args:
        assignment: its name in the gradebook.
        course: nbgrader's `CourseDirectory`; its gradebook is read where `db` is "".
        db: the gradebook's address.
        names: students' names by their ids in the gradebook, where they differ.

    Raises:
        UsageError: the gradebook cannot be read, or does not know the assignment.
    """
    values = names or {}
    found: list[HandGrade] = []
    penalties: dict[str, float] = {}
    with opened_gradebook(db or course.db_url, course.course_id) as gradebook:
        from nbgrader.api import MissingEntry

        try:
            gradebook.find_assignment(assignment)
        except MissingEntry:
            known = ", ".join(each.name for each in gradebook.assignments) or "no assignment at all"
            raise UsageError(f"The gradebook has no assignment {assignment!r}; it has {known}.") from None
        for submission in gradebook.assignment_submissions(assignment):
            student = values.get(submission.student.id, submission.student.id)
            for notebook in submission.notebooks:
                penalty = notebook.late_submission_penalty or 0.0
                if penalty:
                    penalties[student] = penalties.get(student, 0.0) + penalty
                found += _by_hand(student, notebook)
    found.sort(key=lambda each: (each.student.casefold(), each.notebook, each.cell))
    return HandGrades(assignment, tuple(found), penalties)


def _by_hand(student: str, notebook: Any) -> Iterator[HandGrade]:
    grades = {grade.cell.name: grade for grade in notebook.grades}
    comments = {comment.cell.name: comment.manual_comment for comment in notebook.comments}
    for cell in dict.fromkeys((*grades, *comments)):
        grade, comment = grades.get(cell), comments.get(cell) or ""
        if grade is None:
            if comment:
                yield HandGrade(student, notebook.name, cell, comment=comment)
            continue
        given = grade.manual_score is not None or bool(grade.extra_credit)
        if given or comment or grade.needs_manual_grade:
            yield HandGrade(
                student,
                notebook.name,
                cell,
                max_score=grade.max_score,
                automatic=grade.auto_score,
                manual=grade.manual_score,
                extra_credit=grade.extra_credit or 0.0,
                comment=comment,
                needs_review=bool(grade.needs_manual_grade),
            )

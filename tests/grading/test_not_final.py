"""A report that is not final: what staff see of it, and where it does not go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from samples import internal, passing

from autograder import reports
from autograder.reports import pages
from autograder.reports.class_folder import write_student_page
from autograder.reports.final_points import TotalLine
from autograder.reports.grades import grades
from autograder.scoring import with_open_points

HEADING = pages.Heading("Course", "Assignment")
WHY = "This submission alone causes a fault of the grader in the check 'one': out of order"


def not_final():
    """A report with a fault that nobody else has."""
    return replace(with_open_points(internal("eve")), not_final=WHY)


def test_points_of_a_fault_stay_among_those_to_be_had():
    """The share of a submission that breaks the grader is not raised."""
    before, after = internal("eve"), not_final()
    checks = [check for question in after.questions if not question.bonus for check in question.checks]

    assert after.max_points == sum(check.max_points for check in checks) > before.max_points
    assert after.points == before.points


def test_the_table_of_grades_says_not_final():
    """The flag is beside the points, where INTERNAL stands otherwise."""
    text = grades([passing("ann"), internal("ben"), not_final()])
    flags = [line.rpartition(",")[2].strip('"') for line in text.splitlines()]

    assert flags[-3:] == ["", "INTERNAL", "NOT FINAL"]


def test_staff_read_why():
    """On the staff page and in the class summary, and nothing of it on the student's page."""
    names = {"eve": "eve"}
    assert "out of order" in pages.staff_page(not_final(), HEADING)
    assert "out of order" not in pages.student_page(not_final(), HEADING)
    page = pages.summary_page([not_final()], HEADING, names, dataset="", sandbox="")
    assert "eve: not final, and not shown to the student." in page


def test_the_student_gets_no_page(tmp_path: Path):
    """One of an earlier run is removed."""
    page = tmp_path / "eve.html"
    write_student_page(passing("eve"), HEADING, page)
    assert page.is_file()
    write_student_page(not_final(), HEADING, page)
    assert not page.exists()


def test_totals_mark_it():
    """The flag of a student in a homework set."""
    assert TotalLine("eve", (not_final(), None), 0.0).flag == "NOT FINAL"
    assert TotalLine("ben", (internal("ben"), None), 0.0).flag == "INTERNAL"


def test_reports_keep_it(tmp_path: Path):
    """It is a field of the report file."""
    reports.write_text(tmp_path / "reports" / "eve.json", reports.report_text(not_final()))
    (report,) = reports.read_reports(tmp_path)

    assert report.not_final == WHY

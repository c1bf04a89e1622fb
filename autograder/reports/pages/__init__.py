"""HTML for people: a student's feedback, the same report for staff, and the class at a glance.

Every page is one file without scripts, fonts or images from elsewhere; its content policy forbids everything but its
own style sheet and the pictures that lie in it. Whatever a submission wrote is escaped, and its control characters are
made visible.
"""

from autograder.reports.pages.staff import Asked, answers_page, changes_page, summary_page
from autograder.reports.pages.student import AnsweredRequest, Heading, staff_page, student_page

__all__ = [
    "AnsweredRequest",
    "Asked",
    "Heading",
    "answers_page",
    "changes_page",
    "staff_page",
    "student_page",
    "summary_page",
]

"""HTML for people: a student's feedback, the same report for staff, and the class at a glance.

Every page is one file without scripts, fonts or images from elsewhere; its content policy forbids everything but its
own style sheet and the pictures that lie in it. Whatever a submission wrote is escaped, and its control characters are
made visible.
"""

from autograder.reports.pages.answers import Asked, answers_page
from autograder.reports.pages.changes import changes_page
from autograder.reports.pages.student import AnsweredRequest, Heading, staff_page, student_page
from autograder.reports.pages.summary import summary_page

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

"""Courses in nbgrader's folders, graded as they lie: same marks in the cells, same points, other walls.

nbgrader itself is needed only where AUTOTEST lines must become tests (`importing`); to grade, none of it is imported.
"""

from __future__ import annotations

from autograder.formats.nbgrader.course import Assignment, Course, find_course, load, open_course
from autograder.formats.nbgrader.grading import grade, grader, longest_seconds, lost_report, result_key
from autograder.formats.nbgrader.lateness import Lateness, read_lateness
from autograder.formats.nbgrader.submitted import collect_again, collect_course, stamp_of, stamps_of, times_of
from autograder.formats.nbgrader.timestamps import Stamp

__all__ = [
    "Assignment",
    "Course",
    "Lateness",
    "Stamp",
    "collect_again",
    "collect_course",
    "find_course",
    "grade",
    "grader",
    "load",
    "longest_seconds",
    "lost_report",
    "open_course",
    "read_lateness",
    "result_key",
    "stamp_of",
    "stamps_of",
    "times_of",
]

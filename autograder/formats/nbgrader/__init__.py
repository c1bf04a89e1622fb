"""Courses in nbgrader's folders, graded in place: same marks in the cells, same points, in a sandbox.

nbgrader itself is needed only where AUTOTEST lines must become tests (`importing`); to grade, none of it is imported.
"""

from __future__ import annotations

from autograder.formats.nbgrader.course import Assignment, Course, find_course, load, open_course
from autograder.formats.nbgrader.grading import CourseGrader, grade, longest_seconds, start_sandbox
from autograder.formats.nbgrader.lateness import Lateness, Stamp, read_lateness
from autograder.formats.nbgrader.submitted import collect_again, collect_course, stamp_of, stamps_of, times_of

__all__ = [
    "Assignment",
    "Course",
    "CourseGrader",
    "Lateness",
    "Stamp",
    "collect_again",
    "collect_course",
    "find_course",
    "grade",
    "load",
    "longest_seconds",
    "open_course",
    "read_lateness",
    "stamp_of",
    "stamps_of",
    "start_sandbox",
    "times_of",
]

"""The course as values: `grader_config.py` makes one `Course`; everything else gets it, or a part, as an argument."""

from autograder.course.configuration import CONFIG_FILE, course_seed, find_root, load, open_course
from autograder.course.dates import AttemptRule, Dates, Extension
from autograder.course.late import LateDays, LateRule
from autograder.course.records import SANDBOXES, Course, HomeworkSet

__all__ = [
    "CONFIG_FILE",
    "SANDBOXES",
    "AttemptRule",
    "Course",
    "Dates",
    "Extension",
    "HomeworkSet",
    "LateDays",
    "LateRule",
    "course_seed",
    "find_root",
    "load",
    "open_course",
]

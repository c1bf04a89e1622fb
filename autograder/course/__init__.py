"""The course as values: `grader_config.py` makes one `Course`; everything else gets it, or a part, as an argument."""

from autograder.course.attempts import AttemptRule
from autograder.course.configuration import CONFIG_FILE, find_root, load, open_course
from autograder.course.dates import Dates, Extension
from autograder.course.late_rule import LateDays, LateRule
from autograder.course.records import SANDBOXES, Course, HomeworkSet
from autograder.course.seed import course_seed

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

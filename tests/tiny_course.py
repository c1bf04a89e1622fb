"""A whole course in a few lines, for tests of what stands above a single submission."""

from __future__ import annotations

from pathlib import Path

CONFIG = """
from autograder.course import Course

course = Course(title="Tiny course", assignments=("tiny",), sandbox="none", jobs=1)
"""

ASSIGNMENT = '''
"""Doubling."""
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Doubling", files=["tiny.py"], limits=Limits(wall_seconds=5, cpu_seconds=5))
first = assignment.question("Double", id="a", solution="double")
second = assignment.question("More", id="b", solution="double", bonus=True)

@first.check(points=2)
def doubles_one(student):
    """Twice one is two."""
    same(student.double(1), 2, name="double")

@first.check(points=3, hidden=True, hint="Think of negative numbers.")
def doubles_minus_seven(student):
    """Twice minus seven is right."""
    same(student.double(-7), -14, name="double")

@second.check(points=1)
def doubles_text(student):
    """Twice a text is the text written twice."""
    same(student.double("ab"), "abab", name="double")
'''

REFERENCE = '''
"""Doubling."""


def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
'''

RIGHT = "def double(x):\n    print('doubling')\n    return x + x\n"
WRONG = "def double(x):\n    return 2 * abs(x) if not isinstance(x, str) else x\n"
RAISING = "def double(x):\n    raise KeyError(f'secret {x}')\n"


def make_course(root: Path) -> Path:
    """Write the course under `root` and return it."""
    files = {
        "grader_config.py": CONFIG,
        "assignments/tiny/assignment.py": ASSIGNMENT,
        "assignments/tiny/handout.md": "# Doubling\n\nWrite `double`.\n",
        "reference/tiny/tiny.py": REFERENCE,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def hand_in(folder: Path, **sources: str) -> Path:
    """Write one submission folder per student and return the folder of all."""
    for student, source in sources.items():
        (folder / student).mkdir(parents=True)
        (folder / student / "tiny.py").write_text(source, encoding="utf-8")
    return folder

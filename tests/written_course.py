"""A course with an assignment of code and of answers that people read, for tests of written answers."""

from __future__ import annotations

from pathlib import Path

CONFIG = """
from autograder.course import Course

course = Course(title="Theory course", assignments=("theory",), sandbox="none", jobs=1)
"""

ASSIGNMENT = '''
"""Theory."""
from autograder import Assignment
from autograder.checks import same

assignment = Assignment("Theory", files=["tiny.py"])
a = assignment.question("Double", id="a", solution="double")
b = assignment.question("Why", id="b")


@a.check(points=2)
def doubles_one(student):
    """Twice one is two."""
    same(student.double(1), 2, name="double")


b.written(
    "Explain why softmax overflows.",
    points=5,
    rubric={"names the cause": 3, "gives an example": 2},
    answer=["answers.md#why", "essay.pdf"],
)
b.written("Prove it.", points=4, answer="answers.md#proof")
'''

TINY = '''
"""Doubling."""


def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
'''

ANSWERS = """# Answers

## (why) Why does softmax overflow?

### BEGIN SOLUTION
exp(1000) is more than a float holds, so x = inf / inf = nan.
### END SOLUTION

## Proof

Show your steps.

### BEGIN SOLUTION
Clear by induction over n = 1, 2, 3.
### END SOLUTION
"""

HANDED_OUT = """# Answers

## (why) Why does softmax overflow?

YOUR ANSWER HERE

## Proof

Show your steps.

YOUR ANSWER HERE
"""

RIGHT = "def double(x):\n    return 2 * x\n"
PDF = b"%PDF-1.7\nsomething"


def make_course(root: Path, assignment: str = ASSIGNMENT, answers: str = ANSWERS) -> Path:
    """Write the course under `root` and return it."""
    files = {
        "grader_config.py": CONFIG,
        "assignments/theory/assignment.py": assignment,
        "assignments/theory/handout.md": "# Theory\n\n## (a) Double, 2 points\n\n## (b) Why, 9 points\n",
        "reference/theory/tiny.py": TINY,
        "reference/theory/answers.md": answers,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def answered(why: str = "YOUR ANSWER HERE", proof: str = "YOUR ANSWER HERE") -> bytes:
    """The Markdown file with these answers."""
    first, second, third = HANDED_OUT.split("YOUR ANSWER HERE")
    return f"{first}{why}{second}{proof}{third}".encode()


def hand_in(folder: Path, **students: dict[str, bytes]) -> Path:
    """Write one submission folder per student, with right code beside these files; return the folder of all."""
    for student, files in students.items():
        (folder / student).mkdir(parents=True, exist_ok=True)
        for name, content in {"tiny.py": RIGHT.encode(), **files}.items():
            (folder / student / name).write_bytes(content)
    return folder

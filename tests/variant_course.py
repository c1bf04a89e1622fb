"""A course in a few lines whose assignment differs from student to student."""

from __future__ import annotations

from pathlib import Path

from autograder.loader import Loaded, load

CONFIG = """
from autograder.course import Course

course = Course(title="Tiny course", assignments=("scaling",), sandbox="none", jobs=1)
"""

ASSIGNMENT = '''
"""Scaling."""
from autograder import Assignment, Drawn, Limits
from autograder.checks import same

assignment = Assignment("Scaling", files=["scaling.py"], limits=Limits(wall_seconds=5, cpu_seconds=5))


@assignment.variant
def own(rng):
    factor = int(rng.integers(2, 1_000_000))
    classes = sorted(rng.choice(10, size=3, replace=False).tolist())
    rows = "".join(f"{value}\\n" for value in rng.integers(100, size=4))
    return Drawn({"factor": factor, "classes": classes, "rate": 0.125}, files={"data/rows.csv": rows})


first = assignment.question("Scaling", id="a", solution=["scale", "total"])


@first.check(points=1)
def scales_one(student, variant):
    """One becomes the factor."""
    same(student.scale(1), variant.factor, name="scale(1)")


@first.check(points=2, hidden=True)
def scales_others(student, reference, variant):
    """Other numbers are scaled as well."""
    same(student.scale(variant["classes"][0] + 7), reference.scale(variant.classes[0] + 7), name="scale")


@first.check(points=2, hidden=True)
def adds_rows(student, variant):
    """The rows of the file are added up."""
    rows = variant.files["data/rows.csv"].decode().split()
    same(student.total(), sum(map(int, rows)), name="total()")
'''

REFERENCE = '''
"""Scaling."""
from pathlib import Path

import variant


def scale(x):
    """Return x times {variant.factor}."""
    ### BEGIN SOLUTION
    return x * variant.factor
    ### END SOLUTION


def total():
    """Return the sum of the rows of data/rows.csv."""
    ### BEGIN SOLUTION
    return sum(map(int, Path("data/rows.csv").read_text().split()))
    ### END SOLUTION
'''

HANDOUT = "# Scaling\n\nScale by {variant.factor}; your classes are {variant.classes}, your rate {variant.rate:.2f}.\n"
RIGHT = REFERENCE.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", "")
ROSTER = "id,name,email\nada,Ada Lovelace,ada@example.org\nbob,Bob Ross,bob@example.org\neve,Eve Ng,eve@example.org\n"


def make_course(root: Path, **changes: str) -> Path:
    """Write the course under `root`, with other texts in place of some of its files, and return it."""
    files = {
        "grader_config.py": CONFIG,
        "roster.csv": ROSTER,
        "assignments/scaling/assignment.py": changes.get("assignment", ASSIGNMENT),
        "assignments/scaling/handout.md": changes.get("handout", HANDOUT),
        "reference/scaling/scaling.py": changes.get("reference", REFERENCE),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def loaded_course(root: Path, **changes: str) -> Loaded:
    """The same, loaded."""
    return load(make_course(root, **changes), "scaling")

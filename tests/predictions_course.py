"""A course in a few lines whose assignment asks for a file of predictions and for nothing else."""

from __future__ import annotations

from pathlib import Path

from autograder.loader import Loaded, load

CONFIG = """
from autograder.course import Course

course = Course(title="Tiny course", assignments=("digits",), sandbox="none", jobs=1)
"""
ASSIGNMENT = '''
"""Digits."""
from autograder import Assignment, Limits
from autograder.checks import accuracy

assignment = Assignment("Digits", files=[], given=["inputs.csv"], limits=Limits(wall_seconds=5, cpu_seconds=5))
first = assignment.question("Predictions", id="a")
first.predictions(
    "predictions.csv",
    labels="hidden/labels.csv",
    metric=accuracy,
    points=6,
    thresholds={0.9: 1.0, 0.7: 0.5},
    hint="Validate on a part of your own.",
)
'''
N = 40
LABELS = {f"x{number}": str(number * 7 % 5 % 3) for number in range(N)}
INPUTS = "id,size\n" + "".join(f"{name},{number}\n" for number, name in enumerate(LABELS))


def csv_of(values: dict[str, str], column: str = "prediction") -> str:
    """A file of predictions, or of labels."""
    return f"id,{column}\n" + "".join(f"{name},{value}\n" for name, value in values.items())


RIGHT = csv_of(LABELS)


def make_course(root: Path, **changes: str) -> Path:
    """Write the course under `root`, with other texts in place of some of its files, and return it."""
    files = {
        "grader_config.py": CONFIG,
        "assignments/digits/assignment.py": changes.get("assignment", ASSIGNMENT),
        "assignments/digits/handout.md": "# Digits\n\nPredict the class of each input.\n",
        "assignments/digits/hidden/labels.csv": changes.get("labels", csv_of(LABELS, "label")),
        "reference/digits/predictions.csv": changes.get("solved", RIGHT),
        "reference/digits/inputs.csv": changes.get("inputs", INPUTS),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def loaded_course(root: Path, **changes: str) -> Loaded:
    """The same, loaded."""
    return load(make_course(root, **changes), "digits")


def with_wrong(count: int) -> str:
    """Predictions of which so many, the first ones, are wrong."""
    wrong = {name: str((int(value) + 1) % 3) for name, value in list(LABELS.items())[:count]}
    return csv_of({**LABELS, **wrong})

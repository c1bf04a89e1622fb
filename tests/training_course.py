"""A course with a check that trains and others that use what was trained, for tests of what is kept of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tiny_course import make_course

from autograder.grading import RunOptions, grade
from autograder.grading.earlier import PartlyGraded, completed, graded_partly, partly_graded
from autograder.grading.handed_on import NOTHING_HELD, Held
from autograder.grading.provenance import base_key
from autograder.loader import load
from autograder.results import Report, Verdict
from autograder.sandbox import Sandbox
from autograder.submissions import collect

ASSIGNMENT = '''
"""Training."""
from pathlib import Path

from autograder import Assignment, Limits
from autograder.checks import accuracy, same

assignment = Assignment("Training", files=["tiny.py"], limits=Limits(wall_seconds=20, cpu_seconds=20, memory_mib=1024))
first = assignment.question("Train", id="a", solution="Net")
RAN = Path(__file__).parents[2] / "ran.txt"

def ran(name):
    with RAN.open("a") as file:
        file.write(name + "\\n")

@first.check(points=2)
def trains(student):
    """It trains."""
    ran("trains")
    net = student.Net(3)
    net.fit([1.0, 2.0])
    return {"net": net, "sum": 3.0}

@first.check(points=1, hidden=True, needs=trains)
def twice(student, trains):
    """It predicts."""
    ran("twice")
    same(trains["net"].predict(2.0), 6.0, name="predict")

@first.check(points=3, hidden=True, needs=trains)
def large(student, trains):
    """It predicts large numbers."""
    ran("large")
    same(trains["net"].predict(trains["sum"] + 97), 300.0, name="predict")

@first.check(points=4, hidden=True, needs=trains)
def measured(student, trains):
    """It is often right."""
    ran("measured")
    found = [trains["net"].predict(x) for x in (1.0, 2.0, 0.0, 4.0)]
    return accuracy([round(x) for x in found], [3, 6, 1, 12]).points_at({0.9: 1.0, 0.7: 0.5})
'''
REFERENCE = '''
"""Training."""


class Net:
    """A net."""

    def __init__(self, size):
        """Of some size."""
        ### BEGIN SOLUTION
        self.size = size
        ### END SOLUTION

    def fit(self, data):
        """Train it."""
        ### BEGIN SOLUTION
        self.weight = self.size * len(data) / 2
        ### END SOLUTION

    def predict(self, x):
        """What it says."""
        ### BEGIN SOLUTION
        return self.weight * x
        ### END SOLUTION
'''
NET = """
class Net:
    def __init__(self, size):
        self.size = size

    def fit(self, data):
        self.weight = self.size * len(data) / 2

    def predict(self, x):
        return self.weight * x
"""
UNPICKLED = NET.replace("self.size = size", "self.size = size; self.activation = lambda x: x")
BESIDE = """
WEIGHTS = {}

class Net:
    def __init__(self, size):
        self.size = size

    def fit(self, data):
        WEIGHTS["w"] = self.size * len(data) / 2

    def predict(self, x):
        return WEIGHTS.get("w", 0.0) * x
"""
OPTIONS = RunOptions("seed")
CHANGED = ASSIGNMENT.replace("+ 97), 300.0", "+ 197), 600.0")


@dataclass
class Training:
    """The course, and a submission that is graded in it again and again."""

    root: Path
    sandbox: Sandbox
    folder: Path

    def hand_in(self, text: str, student: str = "ada"):
        """The staged submission."""
        inbox = self.root.parent / f"in-{student}"
        (inbox / student).mkdir(parents=True, exist_ok=True)
        (inbox / student / "tiny.py").write_text(text)
        (made,) = collect(inbox, ("tiny.py",), self.root.parent / f"staged-{student}")
        return made

    def declare(self, source: str):
        """The assignment of a source."""
        (self.root / "assignments/tiny/assignment.py").write_text(source)
        return load(self.root, "tiny")

    def ran(self) -> list[str]:
        """The checks that ran since the last time."""
        file = self.root / "ran.txt"
        found = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    def grade(self, source: str, submission, done=(), held: Held = NOTHING_HELD) -> Report:
        """A report; with files of what checks hand on."""
        loaded = self.declare(source)
        return grade(loaded, submission, self.sandbox, None, OPTIONS, done=done, held=held, folder=self.folder)

    def partly(self, source: str, submission, before: Report):
        """The submission without what holds of an earlier report."""
        loaded = self.declare(source)
        return partly_graded(submission, before, loaded, base_key(loaded, submission, None, OPTIONS, self.sandbox.name))

    def again(self, source: str, submission, before: Report) -> tuple[Report, Report]:
        """After the source changed: what was made, and the report with what was taken over."""
        partly = self.partly(source, submission, before)
        assert isinstance(partly, PartlyGraded)
        self.ran()
        loaded = self.declare(source)
        made = graded_partly(partly, loaded, lambda done, held: self.grade(source, partly, done, held))
        return made, completed(made, before, partly.done, loaded)


def training_in(folder: Path, sandbox: Sandbox) -> Training:
    """The course in a folder."""
    root = make_course(folder / "course")
    (root / "assignments/tiny/assignment.py").write_text(ASSIGNMENT)
    (root / "reference/tiny/tiny.py").write_text(REFERENCE)
    return Training(root, sandbox, folder / "kept")


def verdicts(report: Report) -> dict[str, Verdict]:
    """How each check ended."""
    return {check.id: check.verdict for question in report.questions for check in question.checks}

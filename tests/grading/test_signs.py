"""Signs of shortcuts that need extra runs of student code: whatever happens in these, no point is lost by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tiny_course import CONFIG

from autograder.checks import Credit, Measurement, quicker_than_fresh
from autograder.checks.errors import InstructorError
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import Verdict
from autograder.submissions import collect

ASSIGNMENT = '''
"""Training."""
from autograder import Assignment, Limits
from autograder.checks import Credit, quicker_than_fresh, same

assignment = Assignment("Training", files=["tiny.py"], limits=Limits(wall_seconds=LIMIT, cpu_seconds=20))
part = assignment.question("Train", id="a", solution=["Net", "train"])

@part.check(points=2)
def trains(student):
    """It trains."""
    net = student.Net()
    begun = student.cpu_seconds()
    same(net.train("known"), 1, name="train")
    seconds = student.cpu_seconds() - begun

    def sign(student):
        begun = student.cpu_seconds()
        student.Net().train("noise")
        return quicker_than_fresh(seconds, student.cpu_seconds() - begun)

    return Credit(1.0).with_sign(sign)

@part.check(points=1)
def trains_again(student):
    """The same objects are there for the next check, and what they know."""
    same(student.train("calls"), 1, name="train")

@part.check(points=1, hidden=True)
def trains_hidden(student):
    """So it is for a hidden one."""
    same(student.train("other"), 1, name="train")
'''

REFERENCE = '''
"""Training."""
import os
import time

CALLS = []


class Net:
    """A net."""

    def train(self, data):
        """Train it."""
        CALLS.append(data)
        return train(data)


def train(data):
    """Train on data."""
    ### BEGIN SOLUTION
    if data == "noise":
        NOISE
    return len(CALLS) if data == "calls" else 1
    ### END SOLUTION
'''

HONEST = "pass"
WAYS = {
    "an error": ('raise ValueError("too few images")', "not computed, which costs no points: RAISED: "),
    "the end of the worker": ("os._exit(7)", "not computed, which costs no points: CRASHED: "),
    "a loop without an end": ("time.sleep(600)", "not computed, which costs no points: TIME: "),
    "a wrong kind of answer": ("CALLS.clear()", ""),
}


def graded(root: Path, sandbox, noise: str, limit: float = 5, check: str = ASSIGNMENT):
    """The result of each check, by name, of a submission that does something on noise."""
    files = {
        "grader_config.py": CONFIG,
        "assignments/tiny/assignment.py": check.replace("LIMIT", str(limit)),
        "assignments/tiny/handout.md": "# Training\n\nWrite `train`.\n",
        "reference/tiny/tiny.py": REFERENCE.replace("NOISE", HONEST),
        "one/ada/tiny.py": REFERENCE.replace("NOISE", noise),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    loaded = load(root, "tiny")
    (submission,) = collect(root / "one", loaded.interface.files, staging=root / "staged")
    report = grade(loaded, submission, sandbox, None, RunOptions(seed="s"))
    return {each.id: each for question in report.questions for each in question.checks}


@pytest.mark.parametrize("way", WAYS)
def test_what_ends_an_extra_run_costs_no_points(tmp_path, bubblewrap, way: str) -> None:
    """An error, a time-out and the end of the worker are a note for staff, and the other checks find all as it was."""
    noise, note = WAYS[way]
    found = graded(tmp_path, bubblewrap, noise, limit=2 if "sleep" in noise else 5)
    assert [each.verdict for each in found.values()] == [Verdict.PASSED] * 3
    assert sum(each.points for each in found.values()) == 4
    assert note in found["trains"].staff_message
    assert bool(note) == ("sign of shortcuts" in found["trains"].staff_message)
    assert all("sign of shortcuts" not in each.message and not each.alarms for each in found.values())


def test_extra_runs_are_paid_by_nobody(tmp_path, bubblewrap) -> None:
    """Work on noise alone is an alarm by CPU time, and neither the check's seconds nor the question's limit know it."""
    work = "begun = time.process_time()\n        while time.process_time() < begun + 1.5: pass"
    found = graded(tmp_path, bubblewrap, work, limit=20, check=ASSIGNMENT.replace("cpu_seconds=20", "cpu_seconds=2"))
    assert [each.verdict for each in found.values()] == [Verdict.PASSED] * 3
    (alarm,) = found["trains"].alarms
    assert re.match(r"The training took (0\.0|less than 0\.001 s)", alarm)
    assert "s of CPU time, and as many epochs on other data of the same size 1." in alarm


def test_waiting_is_no_work(tmp_path, bubblewrap) -> None:
    """A run that only waits, as on a busy machine, raises nothing: CPU time is measured."""
    found = graded(tmp_path, bubblewrap, "time.sleep(1.2)")
    assert (found["trains"].verdict, found["trains"].alarms) == (Verdict.PASSED, ())


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("student.Net().train", "net.train", "MisuseError: "),
        ("return quicker_than_fresh(seconds", 'return "a text" or (seconds', "InstructorError: "),
        ("student.Net().train", "student.Net().no_such", "MISSING: "),
        ('student.Net().train("noise")', "1 / 0", "ZeroDivisionError: "),
    ],
)
def test_a_wrong_sign_costs_no_points(tmp_path, bubblewrap, old: str, new: str, note: str) -> None:
    """What the check itself does wrong there, such as asking the objects that gave points, is a note for staff, too."""
    found = graded(tmp_path, bubblewrap, HONEST, check=ASSIGNMENT.replace(old, new))
    assert [each.verdict for each in found.values()] == [Verdict.PASSED] * 3
    assert f"costs no points: {note}" in found["trains"].staff_message


def test_a_sign_is_a_function() -> None:
    """What is none is the check's mistake, at once; unknown CPU times raise nothing; points stay as they are."""
    with pytest.raises(InstructorError, match=r"with_sign.*sign"):
        Credit(1.0).with_sign(("a sentence",))
    assert quicker_than_fresh(None, 12.0) == quicker_than_fresh(0.02, None) == ()
    credit = Measurement(0.93, 1000).points_at({0.9: 1.0})
    assert credit.with_sign(lambda student: ()) == credit


@pytest.mark.parametrize("name", ["alexnet", "backprop", "deep_svm", "linear_hinge", "svm_pipelines", "theory"])
def test_assignments_compute_signs_apart(name: str) -> None:
    """No assignment of this repository makes extra runs for a sign beside the points, or takes time on the clock."""
    text = (Path(__file__).resolve().parents[2] / "assignments" / name / "assignment.py").read_text()
    assert ".alarmed(" not in text
    assert "perf_counter" not in text
    assert "import time" not in text

"""Checks that never come back: ended after their own limit, shown to staff, and no reason to wait or to lose points."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_course import RIGHT, hand_in, make_course

from autograder.checks.errors import InstructorError
from autograder.grading import RunOptions, grade, runner
from autograder.grading.time_limits import Overdue, ended_after
from autograder.loader import load
from autograder.results import Verdict

ENDLESS = {
    "a loop": "while True:\n        pass",
    "a loop that catches errors": """while True:
        try:
            student.double(3)
        except Exception:
            pass""",
    "sleep": "import time\n    time.sleep(600)",
}


def with_endless(root: Path, body: str) -> None:
    """A first check that never ends, for the small assignment."""
    script = root / "assignments" / "small" / "assignment.py"
    text = script.read_text()
    at = text.index("@doubling.check")
    check = f'@doubling.check(points=1)\ndef endless(student, reference):\n    """It never ends."""\n    {body}\n\n\n'
    script.write_text(f"{text[:at]}{check}{text[at:]}")


@pytest.mark.long
@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_a_check_that_never_ends_is_ended_alone(course: Path, hand_in, bubblewrap, monkeypatch, body: str) -> None:
    """It is INTERNAL with its line and its limit; every other check is run, and no point is lost."""
    with_endless(course, body)
    monkeypatch.setattr(runner, "check_seconds", lambda _, check, *__: 1.5 if check.id == "endless" else 600.0)
    reference = (course / "reference" / "small" / "hw.py").read_text()
    begun = []
    report = grade(
        load(course, "small"),
        hand_in(reference),
        bubblewrap,
        None,
        RunOptions(seed="s"),
        begin=lambda check, seconds: begun.append((check, seconds)),
    )
    found = {check.id: check for question in report.questions for check in question.checks}

    assert found["endless"].verdict is Verdict.INTERNAL
    assert found["endless"].staff_message.startswith("The check itself did not end within 1.5 s, in line ")
    assert "Assignment(check_seconds=...)" in found["endless"].staff_message
    assert {check.verdict for name, check in found.items() if name != "endless"} == {Verdict.PASSED}
    assert (report.points, report.max_points) == (8, 8)
    assert ("endless", 1.5) in begun


def test_a_handler_of_the_check_does_not_keep_it_alive() -> None:
    """What catches everything is interrupted again."""
    caught = []

    def stubborn() -> None:
        while True:
            try:
                time.sleep(60)
            except BaseException:
                caught.append(1)
                if len(caught) > 1:
                    raise

    with pytest.raises(Overdue), ended_after(0.1):
        stubborn()


ASKING = """
import os, signal

def ask(done):
    os.kill(os.getpid(), signal.SIGALRM)  # as when the time is up
    done.append(1)
"""


def test_a_request_to_a_sandbox_is_not_interrupted() -> None:
    """Its answer would be taken for the next one's; what is interrupted is the check, right behind it."""
    names: dict[str, object] = {"__name__": "autograder.sandbox.session"}
    exec(ASKING, names)
    ask, done = names["ask"], []

    def check() -> None:
        ask(done)
        os.kill(os.getpid(), signal.SIGALRM)  # comes again after a while
        done.append(2)

    with pytest.raises(Overdue), ended_after(600):
        check()
    assert done == [1]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_nobody_is_interrupted_while_debugging() -> None:
    """At a breakpoint there is no limit: `pytest assignments/NAME --pdb` waits for as long as somebody looks."""
    before = sys.gettrace()
    assert "pdb" in sys.modules, "pytest imports it"
    with ended_after(600):
        sys.settrace(lambda *_: None)
        try:
            os.kill(os.getpid(), signal.SIGALRM)
        finally:
            sys.settrace(before)
            signal.setitimer(signal.ITIMER_REAL, 0)


def test_another_clock_goes_on_behind_it() -> None:
    """A timer that ran before runs again, with its own handler."""
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        with ended_after(60):
            pass
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 500
        os.kill(os.getpid(), signal.SIGALRM)
        assert rang == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_usual_limit_is_a_minute_beside_the_submissions_own(course: Path) -> None:
    """Nobody has to name a limit; a check of a question with more time has more."""
    from autograder.grading.options import check_seconds

    loaded = load(course, "small")
    check = loaded.assignment.checks[0]
    limits = loaded.assignment.limits
    assert check_seconds(loaded, check, limits, 0.0) == 80
    assert check_seconds(loaded, check, limits.changed({"wall_seconds": 300}), 5.0) == 605


@pytest.mark.parametrize("seconds", ["-1", "'x'", "float('nan')", "float('inf')", "True"])
def test_a_limit_that_is_none_is_refused(course: Path, seconds: str) -> None:
    """The sentence names the file and what was given."""
    script = course / "assignments" / "small" / "assignment.py"
    script.write_text(script.read_text().replace('"Small", ', f'"Small", check_seconds={seconds}, '))
    with pytest.raises(
        InstructorError, match=r"assignment\.py:\d+: Assignment\.check_seconds is .*; give a number( from 0|\.$)"
    ):
        load(course, "small")


def endless_class(tmp_path: Path, body: str) -> list[str]:
    """The command line that grades a class of two whose second check never ends."""
    root = make_course(tmp_path / "course")
    script = root / "assignments" / "tiny" / "assignment.py"
    text = (
        script.read_text()
        .replace('"Doubling", ', '"Doubling", check_seconds=5, ')
        .replace("wall_seconds=5", "wall_seconds=1")
    )
    script.write_text(text.replace('    same(student.double(-7), -14, name="double")', f"    {body}"))
    folder = hand_in(tmp_path / "in", ann=RIGHT, ben=RIGHT + "\n")
    verb = [sys.executable, "-m", "autograder", "grade", "tiny", str(folder), "--out", str(tmp_path / "out")]
    # The other checks are left out: they would have the same short time, on a machine that may be busy.
    return [*verb, "--only", "doubles_minus_seven", "--jobs", "1", "--seed", "s", "--course", str(root)]


@pytest.mark.long
def test_progress_says_that_a_check_hangs(tmp_path: Path) -> None:
    """Half of the limit is said while it passes, the end on the staff page; each submission waits once, not twice."""
    command = endless_class(tmp_path, "import time\n    time.sleep(600)")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 1, done.stderr
    words = " ".join(done.stdout.split())
    for student in ("ann", "ben"):
        said = f"{student}: the check doubles_minus_seven has been running for 3 s; it is ended after 6 s"
        assert words.count(said) == 1
        staff = (tmp_path / "out" / "staff" / f"{student}.html").read_text()
        assert "The check itself did not end within 6 s, in line " in staff
    assert "trying once more" not in done.stdout


def test_ctrl_c_ends_a_check_that_hangs_at_once(tmp_path: Path) -> None:
    """The interrupt ends job and sandbox, and the same command continues where it stopped."""
    command = endless_class(tmp_path, "(student.double(1), open('begun', 'w').close(), __import__('time').sleep(600))")
    command[command.index("--seed") : command.index("--seed")] = ["--limit", "wall_seconds=500"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    end = time.monotonic() + 300
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=300)

    assert process.returncode == 130
    assert "Stopped. 0 of 2 reports are kept; the same command goes on from there." in said

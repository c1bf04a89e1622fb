"""What is kept of a training is a submission's own: it reaches no other one, and harms nobody but its owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from training_course import ASSIGNMENT, CHANGED, NET, Training, training_in, verdicts

from autograder.grading.earlier import PartlyGraded
from autograder.grading.handed_on import Held, LostError
from autograder.results import Verdict
from autograder.sandbox import Sandbox, start, why_not
from autograder.store.artefacts import file_in

HELD = {"trains": Verdict.PASSED}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A real one."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=("numpy",)) as started:
        yield started


@pytest.fixture
def training(tmp_path: Path, sandbox: Sandbox) -> Training:
    """A course with a check that trains."""
    return training_in(tmp_path, sandbox)


def test_a_file_of_one_submission_never_reaches_another(training: Training) -> None:
    """Under the hash of somebody else's file, or of an earlier hand-in's, nothing is read, whatever is in it."""
    ada, ben = training.hand_in(NET), training.hand_in(NET, "ben")
    other = training.hand_in(NET + "# once more", "ada")
    assert ada.sha256 == ben.sha256 != other.sha256
    files = training.grade(ASSIGNMENT, ada).replay.artefacts
    for submission in (ben, other):
        with pytest.raises(LostError):
            training.grade(ASSIGNMENT, submission, done=("trains",), held=Held(HELD, files))
    made = training.grade(CHANGED, ada, done=("trains",), held=Held(HELD, files))
    assert verdicts(made)["large"] is Verdict.PASSED


@pytest.mark.parametrize("change", ["other bytes", "gone", "empty"])
def test_a_file_that_was_changed_is_not_used(training: Training, change: str) -> None:
    """Where the content is not what the hash says, what was trained is trained again."""
    submission = training.hand_in(NET)
    before = training.grade(ASSIGNMENT, submission)
    path = file_in(training.folder, before.replay.artefacts["trains"])
    content = path.read_bytes()
    assert b"weight" in content
    path.unlink()
    if change != "gone":
        path.write_bytes(content.replace(b"weight", b"weighs") if change == "other bytes" else b"")
    made, report = training.again(CHANGED, submission, before)
    assert training.ran() == ["trains", "large"]
    assert verdicts(report)["large"] is Verdict.PASSED
    assert made.replay.artefacts["trains"] == before.replay.artefacts["trains"]
    assert path.read_bytes() == content


BOMBS = {
    "memory": "(bytearray, (8 << 30,))",
    "end of the process": "(__import__('os')._exit, (3,))",
    "a file of the grader's": "(open, ({path!r}, 'w'))",
    "an error": "(int, ('x',))",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_what_a_pickle_does_when_it_is_read_harms_its_own_submission_alone(
    training: Training, tmp_path: Path, bomb: str
) -> None:
    """It is read inside of a sandbox of the same submission, under its limits; a neighbour is graded as ever."""
    target = tmp_path / "made by a pickle"
    bomb = bomb.replace("{path!r}", repr(str(target)))
    hostile = training.hand_in(f"{NET}\n    def __reduce__(self):\n        return {bomb}\n", "mallory")
    before = training.grade(ASSIGNMENT, hostile)
    assert list(before.replay.artefacts) == ["trains"]
    partly = training.partly(CHANGED, hostile, before)
    assert isinstance(partly, PartlyGraded)
    made = training.grade(CHANGED, hostile, partly.done, partly.held)
    assert verdicts(made)["large"] not in (Verdict.PASSED, Verdict.INTERNAL)
    assert not target.exists()
    neighbour = training.hand_in(NET)
    assert set(verdicts(training.grade(CHANGED, neighbour)).values()) == {Verdict.PASSED, Verdict.PARTIAL}


def test_what_came_from_hidden_inputs_makes_no_message_that_students_read(training: Training) -> None:
    """An object of a hidden check is concealed in the sandbox to which it comes back, as it was in the first one."""
    source = ASSIGNMENT.replace("@first.check(points=2)", "@first.check(points=2, hidden=True)").replace(
        "@first.check(points=3, hidden=True, needs=trains)", "@first.check(points=3, needs=trains)"
    )
    telling = NET.replace("return self.weight * x", "raise ValueError(f'it was given {self.data}')").replace(
        "self.weight =", "self.data = data; self.weight ="
    )
    submission = training.hand_in(telling)
    before = training.grade(source, submission)
    partly = training.partly(source.replace("+ 97)", "+ 98)"), submission, before)
    assert isinstance(partly, PartlyGraded)
    assert partly.held.files
    made = training.grade(source.replace("+ 97)", "+ 98)"), submission, partly.done, partly.held)
    large = next(check for question in made.questions for check in question.checks if check.id == "large")
    assert (large.hidden, large.verdict) == (False, Verdict.RAISED)
    assert "given [1.0, 2.0]" in large.staff_message
    assert "given [1.0, 2.0]" not in large.message

"""Train once, check many: what a check returns is there for those that need it, whatever happened in between."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace

import pytest

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import Verdict

REFERENCE = '''
"""A model that is trained once."""


class Model:
    """Counts its trainings."""

    def __init__(self):
        """Untrained."""
        self.steps = 0

    def fit(self, steps):
        """Train."""
        ### BEGIN SOLUTION
        self.steps += steps
        return self
        ### END SOLUTION

    def predict(self, x):
        """steps * x"""
        ### BEGIN SOLUTION
        return self.steps * x
        ### END SOLUTION
'''.lstrip()

CHECKS = """
from autograder import Assignment, Limits
from autograder.checks import close, same

assignment = Assignment(
    "Fit", files=["hw.py"], limits=Limits(wall_seconds=20, cpu_seconds=3, memory_mib=256, reply_mib=1, output_kib=64)
)
training = assignment.question("Training", id="a", solution="Model")
use = assignment.question("Use", id="b", solution="Model.predict")


@training.check(points=1)
def model(student):
    "It trains."
    fitted = student.Model()
    fitted.fit(5)
    return {"fitted": fitted, "history": [3.0, 2.0], "again": (fitted,)}

"""

USES = """
@use.check(points=1, hidden=True, needs=model)
def predicts(student, model):
    "It predicts."
    close(model["fitted"].predict(2), 10, name="predict")
    same(model["history"], [3.0, 2.0])
    model["again"][0].fit(1)
    same(model["fitted"].steps, 6, name="steps")
"""

QUIET = """
@use.check(points=1, hidden=True, needs=model)
def predicts(model):
    "It predicts a hidden number."
    same(model["fitted"].predict(4242), 5 * 4242)
"""

CRASH = """
@training.check(points=1)
def crashes(student):
    "It ends."
    student.Model().predict("end")
"""

SAME_QUESTION = """
@training.check(points=1, needs=model)
def predicts(student, model):
    "It predicts."
    same(model["fitted"].predict(2), 10)
"""


@pytest.fixture
def graded(tmp_path, hand_in, bubblewrap):
    """A function that grades a submission with some more checks; results by check, and the questions."""

    def run(checks, source=REFERENCE):
        root = tmp_path / "course"
        for name, text in {
            "assignments/fit/assignment.py": CHECKS + textwrap.dedent(checks),
            "reference/fit/hw.py": REFERENCE,
        }.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        report = grade(load(root, "fit"), hand_in(source), bubblewrap, None, RunOptions(seed="a secret"))
        found = {each.id: each for question in report.questions for each in question.checks}
        return SimpleNamespace(**found, questions=report.questions, resources=report.resources)

    return run


def test_a_model_is_carried_into_another_question(graded):
    """It is as the check returned it, one object however often it stands in the value."""
    found = graded(USES)

    assert (found.model.verdict, found.predicts.verdict) == (Verdict.PASSED, Verdict.PASSED), found.predicts


def test_a_model_survives_a_death_in_its_own_question(graded):
    """Another check ends Python; the model is made again for the next one."""
    source = REFERENCE.replace("return self.steps * x", "if x == 'end': exit_now()\n        return self.steps * x")
    found = graded(CRASH + SAME_QUESTION, source + "\n\ndef exit_now():\n    import os\n    os._exit(3)\n")

    assert found.crashes.verdict is Verdict.CRASHED
    assert found.predicts.verdict is Verdict.PASSED, found.predicts.staff_message


def test_a_model_in_its_own_question_is_the_very_same(graded):
    """No copy is made while the sandbox lives: what cannot be written down can still be used there."""
    source = REFERENCE.replace("self.steps = 0", "self.steps, self.open = 0, lambda: 1")
    found = graded(SAME_QUESTION, source)

    assert found.predicts.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("self.steps, self.open = 0, lambda: 1", "a Model cannot be pickled: "),
        ("self.steps, self.much = 0, b'x' * (1 << 20)", "it takes more than"),
    ],
)
def test_what_cannot_be_carried_over_is_reported(graded, change, says):
    """It is the submission's object, so the check that needs it fails, and the one that made it does not."""
    found = graded(USES, REFERENCE.replace("self.steps = 0", change))

    assert (found.model.verdict, found.predicts.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert found.predicts.message.startswith("What the check 'It trains.' returned could not be carried over: ")
    assert says in found.predicts.message


def test_an_object_that_does_not_come_back_is_reported(graded):
    """An error that its class raises on unpickling is reported with its line."""
    source = REFERENCE + "\n    def __setstate__(self, state):\n        raise LookupError('lost')\n"
    found = graded(USES, source)

    assert found.predicts.verdict is Verdict.RAISED
    assert "returned could not be carried over: " in found.predicts.staff_message
    assert "LookupError (line 25 of hw.py): lost" in found.predicts.staff_message


def test_a_worker_that_dies_while_its_objects_are_written_costs_the_check_that_needs_them(graded):
    """Never INTERNAL: the submission ended Python."""
    source = REFERENCE + "\n    def __reduce__(self):\n        import os\n        os._exit(5)\n"
    found = graded(USES, source)

    assert (found.model.verdict, found.predicts.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert "Python ended with exit code 5 in `Model`" in found.predicts.message


def test_a_check_that_takes_a_model_alone_conceals_what_it_gives(graded):
    """Without the parameter `student`, too: what the model prints of hidden inputs is for staff."""
    source = REFERENCE.replace("return self.steps * x", "print('input', x)\n        return self.steps * x")
    whole = graded(QUIET, source).questions[1]

    assert "input 4242" in whole.staff_output
    assert whole.output == ""


def test_a_hidden_check_of_the_same_question_conceals_what_it_gives(graded):
    """The live object of a public check gives nothing away either."""
    source = REFERENCE.replace("return self.steps * x", "print('input', x)\n        return self.steps * x")
    training = graded(QUIET.replace("@use", "@training"), source).questions[0]

    assert "input 4242" in training.staff_output
    assert training.output == ""


TAINTED = """
@training.check(points=1, hidden=True)
def secret(student):
    "It trains on hidden numbers."
    fitted = student.Model()
    fitted.fit(4242)
    return fitted

@use.check(points=1, needs=secret)
def tells(secret):
    "It tells."
    same(secret.predict(1), 0)
"""


def test_what_has_seen_hidden_inputs_tells_nothing_in_a_public_check(graded):
    """A public check that is given a hidden one's model speaks as a hidden one: verdict and hint."""
    source = REFERENCE.replace("return self.steps * x", "print('steps', self.steps)\n        return self.steps * x")
    found = graded(TAINTED, source)

    assert found.tells.verdict is Verdict.FAILED
    assert "4242" in found.tells.staff_message
    assert "4242" not in found.tells.message
    assert found.questions[1].output == ""


BORROWED = """
@training.check(points=1, hidden=True)
def borrowed(student):
    "It predicts with the reference."
    return student.with_reference("Model.predict").Model()

@use.check(points=1, hidden=True, needs=borrowed)
def used(student, borrowed):
    "It is used."
    borrowed.fit(2)
    same(borrowed.predict(3), 6)
"""


def test_a_model_with_replaced_parts_keeps_them(graded):
    """It comes to life again where the reference stands in for the same parts, and the report says so twice."""
    found = graded(BORROWED, REFERENCE.replace("return self.steps * x", "return 0"))

    assert found.used.verdict is Verdict.PASSED, found.used.staff_message
    assert "in place of yours" in found.borrowed.message
    assert "in place of yours" in found.used.message


def test_named_tuples_are_carried_as_such(graded):
    """A value may be a named tuple of objects and histories."""
    checks = """
    from collections import namedtuple
    Run = namedtuple("Run", "fitted history")

    @training.check(points=1)
    def run(student):
        "It runs."
        return Run(student.Model(), [1])

    @use.check(points=1, needs=run)
    def goes_on(run):
        "It goes on."
        same(run.fitted.predict(3), 0)
        same(run.history, [1])
    """

    assert graded(checks).goes_on.verdict is Verdict.PASSED


def test_values_without_objects_open_no_sandbox(graded):
    """A check of plain values runs outside alone."""
    checks = """
    @training.check(points=1)
    def table(student):
        "A table."
        return [1, 2]

    @use.check(points=1, needs=table)
    def sums(table):
        "It sums."
        same(sum(table), 3)
    """
    found = graded(checks)

    assert found.sums.verdict is Verdict.PASSED
    assert found.sums.seconds < 0.1


UNSEEN = """
from types import SimpleNamespace

@training.check(points=1)
def inside(student):
    "It is inside."
    return SimpleNamespace(model=student.Model())

@training.check(points=1)
def crashes(student):
    "It ends."
    student.Model().predict("end")

@training.check(points=1, needs=inside)
def given(student, inside):
    "It is given."
    student.Model().fit(inside.model)

@use.check(points=1, needs=inside)
def used(student, inside):
    "It is used."
    CALL
"""


@pytest.mark.parametrize("call", ["student.Model().fit(inside.model)", "inside.model.predict(1)", "inside.model.steps"])
def test_an_object_that_was_returned_out_of_sight_is_the_instructors_fault(graded, call):
    """Only lists, tuples and dictionaries are searched; the sentence says so."""
    found = graded(UNSEEN.replace("CALL", call), REFERENCE.replace("self.steps += steps", "pass"))

    assert found.used.verdict is Verdict.INTERNAL
    assert "whose sandbox was closed; return it from the earlier check" in found.used.staff_message


def test_an_object_that_was_lost_in_a_death_is_the_submissions_fault(graded):
    """Whoever ends Python gains no second try."""
    source = REFERENCE.replace("return self.steps * x", "import os\n        os._exit(3)")
    found = graded(UNSEEN.replace("CALL", "pass"), source)

    assert found.given.verdict is Verdict.CRASHED
    assert found.given.message.startswith("A Model was lost when the Python that held it ended.")

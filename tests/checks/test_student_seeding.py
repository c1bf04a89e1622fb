"""A submission's own random numbers: started anew by a check, and no way to those of the check."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import Verdict

REFERENCE = """
import random

import numpy as np


def draw():
    ### BEGIN SOLUTION
    return [random.random(), np.random.rand()]
    ### END SOLUTION


def seed_of_numpy():
    ### BEGIN SOLUTION
    return int(np.random.get_state()[1][0])
    ### END SOLUTION
"""
ASSIGNMENT = '''
"""Drawing numbers."""
from autograder import Assignment
from autograder.checks import Measurement, over_seeds, same

assignment = Assignment("Drawing", files=["hw.py"])
drawing = assignment.question("Drawing", id="a", solution=["draw", "seed_of_numpy"])


@drawing.check(points=1)
def the_same_seed_gives_the_same_numbers(student):
    """Seeding starts the numbers anew."""
    drawn = []
    for number in (5, 5, 6):
        student.seed(number)
        drawn.append(student.draw())
    same(drawn[0] == drawn[1] and drawn[0] != drawn[2], True, name="repeated")


@drawing.check(points=1)
def trainings_have_seeds_of_their_own(student, rng):
    """Each run draws other numbers."""
    drawn = []

    def train(rng):
        drawn.append(student.draw())
        return Measurement(0.5, 100)

    over_seeds(train, rng, k=3, rule="best", student=student).points_at({0.4: 0.5, 0.9: 1.0})
    credit = over_seeds(train, rng, k=3, rule="best", student=student).points_at({0.4: 1.0})
    same(len({tuple(each) for each in drawn}), 4, name="different numbers")
    return credit


@drawing.check(points=1)
def the_numbers_of_the_check_stay_hidden(student, rng):
    """The seed that a submission can find is not the one of rng."""
    same(student.seed_of_numpy() == rng.bit_generator.seed_seq.entropy % (1 << 32), False, name="found")
'''
HIDDEN = '''

@drawing.check(points=1, hidden=True, hint="Draw.")
def hidden_seed(student):
    """A number of a hidden check."""
    {seed}
    student.draw()
'''
TELLING = "import numpy as np\nprint('seed', np.random.get_state()[1][0])\n\n\ndef draw():\n    return 1\n"


@pytest.fixture
def graded(tmp_path, hand_in, bubblewrap):
    """A function that grades a submission, with another check's text at the end of the assignment."""

    def run(text, more="", only=""):
        for name, content in {
            "assignments/draw/assignment.py": ASSIGNMENT + more,
            "reference/draw/hw.py": REFERENCE,
        }.items():
            path = tmp_path / "drawing" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content.lstrip())
        (tmp_path / "drawing/assignments/draw/handout.md").write_text("# Drawing\n")
        loaded = load(tmp_path / "drawing", "draw")
        return grade(loaded, hand_in(text), bubblewrap, None, RunOptions("a secret", only=only)).questions[0]

    return run


def test_checks_may_seed_the_submission(graded):
    """In the sandbox the numbers start again, every training has its own, and rng's own seed does not cross."""
    found = {check.id: (check.verdict, check.message) for check in graded(REFERENCE).checks}

    assert {verdict for verdict, _ in found.values()} == {Verdict.PASSED}, found
    assert found["trainings_have_seeds_of_their_own"][1].startswith("1 of 3 runs with different seeds: 50.00 %.")


def test_the_seed_of_numpy_can_be_found_at_all():
    """What the check above relies on: the first word of the state is the seed."""
    np.random.seed(123)

    assert np.random.get_state()[1][0] == 123


@pytest.mark.parametrize(("seed", "expected"), [("student.seed(4711)", False), ("pass", True)])
def test_a_seed_given_by_a_hidden_check_is_not_printed_to_the_student(graded, seed, expected):
    """What is printed on import may be read, unless the check has given it a number before."""
    question = graded(TELLING, HIDDEN.format(seed=seed), only="hidden_seed")

    assert question.output.startswith("seed ") is expected
    assert question.staff_output.startswith("seed 4711") is not expected

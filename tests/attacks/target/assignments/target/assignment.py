"""One hidden check of each kind of answer, all worth points that no attacker can earn honestly. CHECK-CANARY-a07e"""

from autograder import Assignment, Limits
from autograder.checks import accuracy, close, same

assignment = Assignment(
    "Target",
    files=["hw.py"],
    limits=Limits(
        wall_seconds=3,
        cpu_seconds=1,
        memory_mib=192,
        processes=24,
        open_files=64,
        scratch_mib=8,
        scratch_files=2000,
        file_mib=4,
        output_kib=128,
        reply_mib=2,
    ),
)
question = assignment.question("Everything", id="a", solution=["answer", "word", "classify", "Model"])


@question.check(points=1, hidden=True)
def a_number(student, reference, rng):
    """The secret number is known."""
    x = float(rng.normal())
    close(student.answer(x), reference.answer(x), name="answer")


@question.check(points=1, hidden=True)
def an_array(student, reference, rng):
    """The secret numbers are known, entry by entry."""
    x = rng.normal(size=5)
    close(student.answer(x), reference.answer(x), name="answer")


@question.check(points=1, hidden=True)
def a_word(student, reference, rng):
    """The secret word is known."""
    number = int(rng.integers(1 << 20))
    same(student.word(number), reference.word(number), name="word")
    assert student.word(number + 1) == reference.word(number + 1)


@question.check(points=1, hidden=True)
def classes(student, reference, rng):
    """At least 60 of 64 points are put into the right class; a quarter of the point for every second one."""
    X = rng.normal(size=(64, 6))
    return accuracy(student.classify(X), reference.classify(X)).points_at({0.9: 1.0, 0.7: 0.25})


@question.check(points=1, hidden=True)
def a_model(student, reference):
    """The model takes the secret steps."""
    model, ours = student.Model(2.0), reference.Model(2.0)
    close([model.step(), model.step()], [ours.step(), ours.step()], name="step")
    close(model.state, ours.state, name="state")

"""One hidden check of each kind of answer, all worth points that no attacker can earn honestly. CHECK-CANARY-a07e"""

from autograder import Assignment, Limits
from autograder.checks import Credit, accuracy, close, same

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


@question.check(points=1, hidden=True)
def an_answer_given_on(student, reference, rng):
    """What one answer is, goes into the next call, into the reference, and into a share of the points."""
    x = float(rng.normal())
    close(reference.answer(student.answer(x)), reference.answer(reference.answer(x)), name="answer of answer")
    far = abs(student.answer(student.answer(x)) - reference.answer(reference.answer(x)))
    return Credit(1 / (1 + far) if far > 1e-9 else 1.0, "")


@question.check(points=0, hidden=True)
def a_table(student):
    """Some words, for the next check."""
    return [student.word(number) for number in range(3)]


@question.check(points=1, hidden=True, needs=a_table)
def words_of_the_table(reference, a_table):
    """The words of the table are right, and none is too long to be shown."""
    lengths = {"word-0": 6, "word-7919": 9, "word-15838": 10}
    assert sum(lengths[word] for word in a_table) == 25, a_table
    same(a_table, [reference.word(number) for number in range(3)], name="table")

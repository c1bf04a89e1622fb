"""Hidden checks with parts of the reference in place of the attacker's, before and after the same without. CHECK-CANARY-b11d"""

from autograder import Assignment, Limits
from autograder.checks import close

assignment = Assignment(
    "Substitution",
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
question = assignment.question("Everything", id="a", solution=["answer", "table", "total"])


@question.check(points=1, hidden=True)
def replaced(student, reference):
    """The total is right where the reference gives the answers."""
    close(student.with_reference("answer", "table").total(1.5), reference.total(1.5), name="total")


@question.check(points=1, hidden=True)
def alone(student, reference):
    """The answer is known."""
    close(student.answer(1.5), reference.answer(1.5), name="answer")


@question.check(points=1, hidden=True)
def replaced_again(student, reference):
    """The total of another part is right, too."""
    close(student.with_reference("table").total(1.5), reference.total(1.5), name="total")

"""Error carried forward: the reference answers for a part of a submission, from outside, and the report says so."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import unmeasured

from autograder.assignment.interface import interface_of
from autograder.checks.errors import InstructorError, MisuseError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.checks.rows import Handle
from autograder.grading import RunOptions, grade, longest_seconds
from autograder.grading.rescoring import rescored
from autograder.loader import load
from autograder.messages import carried_forward
from autograder.release.public_tests import PublicTests
from autograder.remote import substitution
from autograder.remote.substitution import Substitution, parts_of
from autograder.results import Limits, Verdict
from autograder.wire import decode, encode

OPTIONS = RunOptions(seed="a secret")

REFERENCE = '''
"""A small network. REFERENCE-ONLY"""

import numpy as np


def relu(z):
    """Cut at zero."""
    ### BEGIN SOLUTION
    if z is None:
        raise KeyError("nothing to cut")
    return np.maximum(z, 0)
    ### END SOLUTION


class Network:
    """One layer."""

    def __init__(self, weights):
        """Keep the weights."""
        self.weights, self.calls = weights, 0

    def scale(self, factor):
        """Multiply the weights."""
        ### BEGIN SOLUTION
        self.weights = self.weights * factor
        return self
        ### END SOLUTION

    def output(self, x):
        """relu(weights * x)"""
        ### BEGIN SOLUTION
        self.calls += 1
        return relu(self.weights * x)
        ### END SOLUTION

    @staticmethod
    def cost(a):
        """Half the square."""
        ### BEGIN SOLUTION
        return a * a / 2
        ### END SOLUTION
'''.lstrip()

HEAD = """
from autograder import Assignment, Limits
from autograder.checks import close, same

assignment = Assignment(
    "Net", files=["hw.py"], limits=Limits(wall_seconds=20, cpu_seconds=3, memory_mib=256, reply_mib=2, output_kib=64)
)
part = assignment.question("Part", id="a", solution="relu")
whole = assignment.question("Whole", id="b", solution="Network")

@part.check(points=1, hidden=True)
def relu_cuts(student):
    "It cuts."
    close(student.relu(np.array([-1.0, 2.0])), [0, 2])

"""

WRONG = REFERENCE.replace("np.maximum(z, 0)", "np.maximum(z, 1)").replace("REFERENCE-ONLY", "")


@pytest.fixture
def graded(tmp_path, hand_in, bubblewrap):
    """A function that grades a submission against an assignment with the given checks; messages by check."""

    def run(checks, source=WRONG, options=OPTIONS, student="ada"):
        root = tmp_path / "course"
        for name, text in {
            "assignments/net/assignment.py": "import numpy as np\n" + HEAD + textwrap.dedent(checks),
            "reference/net/hw.py": REFERENCE,
        }.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        report = grade(load(root, "net"), hand_in(source, student), bubblewrap, None, options)
        found = {each.id: each for question in report.questions for each in question.checks}
        return SimpleNamespace(**found, questions=report.questions, report=report)

    return run


ALARMING = """
from autograder.checks import Measurement

@whole.check(points=2)
def too_good(student):
    "It is right often enough."
    return Measurement(1.0, 100).points_at({0.5: 1.0}, implausible=0.9)
"""


def test_an_alarm_of_a_check_reaches_its_result(graded):
    """It takes no points, and neither message tells it."""
    found = graded(ALARMING).too_good

    assert (found.verdict, found.points) == (Verdict.PASSED, 2)
    assert [each[:58] for each in found.alarms] == ["Accuracy 100.00 % on 100 samples (95 % interval 96.3 to 10"]
    assert "expected to reach" not in found.message + found.staff_message


OUTPUT = """
@whole.check(points=1, hidden=True)
def output_is_right(student):
    "The output is right."
    net = student.with_reference("relu").Network(2.0)
    close([net.output(-1.0), net.output(3.0)], [0, 6], name="output")
"""


def test_one_slip_does_not_zero_the_whole_network(graded):
    """The part fails, what is built on it passes with the reference's part, and everybody reads that."""
    found = graded(OUTPUT)

    assert found.relu_cuts.verdict is Verdict.FAILED
    assert (found.output_is_right.verdict, found.output_is_right.points) == (Verdict.PASSED, 1)
    assert found.output_is_right.message == "Run with the reference's `relu` in place of yours."
    assert found.output_is_right.staff_message == found.output_is_right.message


def test_a_wrong_whole_still_fails_and_says_what_was_replaced(graded):
    """The sentence is below the verdict's own, for student and staff."""
    found = graded(OUTPUT, WRONG.replace("self.weights * x", "self.weights + x")).output_is_right

    assert found.verdict is Verdict.FAILED
    assert found.message.splitlines()[1:] == ["Run with the reference's `relu` in place of yours."]
    assert "output[0] is 1" in found.staff_message


@pytest.mark.parametrize(
    "source",
    [
        WRONG.replace("def relu(z):", "def rectified(z):"),
        WRONG.replace("return np.maximum(z, 1)", "raise NotImplementedError('relu is not written yet')"),
        WRONG.replace("def relu(z):", "relu = np.vectorize(lambda z: 7)\n\n\ndef other(z):"),
        WRONG.replace("return relu(self", "return TABLE['relu'](self") + "\n\nTABLE = {'relu': relu}\n",
        WRONG.replace("def output(self, x)", "def output(self, x, cut=relu)").replace("relu(self.w", "cut(self.w"),
    ],
    ids=["missing", "stub", "no function", "in a table", "default argument"],
)
def test_a_part_is_replaced_wherever_it_is_held(graded, source):
    """Missing or a stub, made by a library, kept in a table or as a default: the reference's is called."""
    assert graded(OUTPUT, source).output_is_right.verdict is Verdict.PASSED


def test_a_part_is_replaced_in_modules_that_imported_it(graded):
    """``from parts import relu`` of a helper module of the student's gets the reference's, too."""
    source = WRONG.replace("import numpy as np\n", "import numpy as np\nimport helper\n").replace(
        "return relu(self", "return helper.cut(self"
    )
    source += "\n\nhelper.relu = relu\n"
    assert graded(OUTPUT, source.replace("import helper", HELPER)).output_is_right.verdict is Verdict.PASSED


HELPER = """
import sys, types
helper = types.ModuleType("helper")
helper.__file__ = __file__.replace("hw", "helper")
sys.modules["helper"] = helper
exec("def cut(z): return relu(z)", vars(helper))
"""


METHODS = """
@whole.check(points=1, hidden=True)
def methods_are_replaced(student):
    "Methods are the reference's."
    net = student.with_reference("Network.output", "Network.scale", "Network.cost").Network(np.ones(2))
    close(net.output(3.0), [3, 3], name="output")
    same(net.calls, 1, name="calls")
    close(net.cost(4.0), 8, name="cost")
"""


def test_a_method_gets_plain_attributes_and_changes_them(graded):
    """What the reference's method changed in its attributes is changed in the submission's object."""
    source = WRONG.replace("self.calls += 1", "raise OSError").replace("a * a / 2", "0")
    found = graded(METHODS, source + "\n\nclass Layer:\n    pass\n")

    assert found.methods_are_replaced.verdict is Verdict.PASSED, found.methods_are_replaced.staff_message


def test_what_is_not_plain_cannot_be_passed(graded):
    """A reference that returns an object raises an error in that call, inside."""
    found = graded(METHODS.replace("net.output(3.0)", "net.scale(3.0)")).methods_are_replaced

    assert found.verdict is Verdict.RAISED
    assert "the reference's `Network.scale` returned what is not plain data" in found.staff_message


def test_arguments_that_are_not_plain_are_refused_inside(graded):
    """The sentence names the part and what came."""
    found = graded(OUTPUT, WRONG.replace("relu(self.weights * x)", "relu(self)")).output_is_right

    assert found.verdict is Verdict.RAISED
    assert "the reference stands in for `relu` here; it takes plain data only, not a Network" in found.staff_message


def test_what_the_reference_raises_comes_out_of_the_part(graded):
    """The submission may catch it, as it could catch its own."""
    caught = WRONG.replace(
        "return relu(self.weights * x)",
        "try:\n            relu(None)\n        except KeyError:\n            return relu(self.weights * x)",
    )

    assert graded(OUTPUT, caught).output_is_right.verdict is Verdict.PASSED


UNLESS = OUTPUT.replace('"relu"', '"relu", unless=relu_cuts')


def test_nothing_is_replaced_when_the_part_is_right(graded):
    """With `unless`, who wrote the part rightly is judged with it, and reads nothing."""
    found = graded(UNLESS, REFERENCE)

    assert (found.output_is_right.verdict, found.output_is_right.message) == (Verdict.PASSED, "")


LATER = """
@part.check(points=0, hidden=True, visible="never")
def relu_is_never_shown(student):
    "It cuts, and nobody reads that."
    close(student.relu(-1.0), 0)

@whole.check(points=1, hidden=True)
def output_is_right(student):
    "The output is right."
    net = student.with_reference("relu", unless=(relu_cuts, relu_is_never_shown)).Network(2.0)
    close(net.output(3.0), 6, name="output")
    return net

@whole.check(points=1, hidden=True, needs=output_is_right)
def output_again(student, output_is_right):
    "The same network gives it again."
    close(output_is_right.output(4.0), 8, name="output")
"""
NOTE = "Run with the reference's `relu` in place of yours."
WRONG_FOR_NEGATIVE = WRONG.replace("np.maximum(z, 1)", "np.maximum(z, 0) if np.ndim(z) else abs(z)")


def test_what_was_replaced_is_for_staff_where_it_tells_a_verdict_that_is_shown_later(graded):
    """The note would say that the check of `unless` failed, also under a check that goes on with the same parts."""
    found = graded(LATER, WRONG_FOR_NEGATIVE)

    assert (found.relu_cuts.verdict, found.relu_is_never_shown.verdict) == (Verdict.PASSED, Verdict.FAILED)
    for each in (found.output_is_right, found.output_again):
        assert (each.verdict, each.message) == (Verdict.PASSED, "")
        assert each.staff_message == "Run with the reference's `relu` in place of yours."


def test_what_was_replaced_follows_the_dates_of_a_rescored_report(graded, tmp_path):
    """Where only `visible` changed, the note moves to staff, or back to the student, as grading again would put it."""
    ways = LATER, LATER.replace(', visible="never"', "")
    made = (graded(each, WRONG_FOR_NEGATIVE, student=who) for each, who in zip(ways, ("ada", "ben"), strict=True))
    reports = [unmeasured(each.report) for each in made]
    assert [each.questions[1].checks[0].message for each in reports] == ["", NOTE]
    script = tmp_path / "course/assignments/net/assignment.py"
    for checks, before, after in zip(ways, reports[::-1], reports, strict=True):
        script.write_text("import numpy as np\n" + HEAD + textwrap.dedent(checks))
        assert rescored(before, load(tmp_path / "course", "net")).questions == after.questions


def test_unless_asks_for_the_check_even_if_it_is_not_selected(graded):
    """The check of the part is run when it is needed, and is not reported."""
    found = graded(UNLESS, options=RunOptions(seed="a secret", only="output_is_right"))

    assert not hasattr(found, "relu_cuts")
    assert found.output_is_right.message == "Run with the reference's `relu` in place of yours."


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ('with_reference("rule")', "with_reference('rule'): the reference has no such function or method"),
        ('with_reference("Network")', "with_reference('Network'): the reference has no such"),
        ("with_reference()", "needs the names of the parts"),
        ("with_reference(3)", "takes names, such as"),
        ('with_reference("relu", unless=len)', "unless=len is no check of this assignment"),
        ('with_reference("relu", unless=output_is_right)', "waits for the very check"),
        ('with_reference("relu").with_reference("relu")', "name all parts in one call"),
        ('with_reference("relu").relu(1)', "where the reference stands in for it"),
        ('with_reference("relu").relu', "where the reference stands in for it"),
    ],
)
def test_a_wrong_call_is_the_instructors_fault(graded, call, says):
    """It is reported in a sentence, and costs no student anything, though the reference would pass."""
    found = graded(OUTPUT.replace('with_reference("relu")', call)).output_is_right

    assert found.verdict is Verdict.INTERNAL
    assert says in found.staff_message


def test_objects_of_two_sandboxes_are_not_mixed(graded):
    """An object made with the reference's parts cannot be given to the plain submission."""
    checks = OUTPUT.replace(".Network(2.0)", ".Network(2.0)\n    student.relu(net)")
    found = graded(checks).output_is_right

    assert found.verdict is Verdict.INTERNAL
    assert "gives one sandbox an object of another" in found.staff_message


def test_a_public_check_has_no_reference(graded):
    """Students have none: the check is refused when it runs, and before that by the release."""
    found = graded(OUTPUT.replace(", hidden=True", "")).output_is_right

    assert found.verdict is Verdict.INTERNAL
    assert "The public check 'output_is_right' asks for student.with_reference" in found.staff_message


def test_the_release_refuses_a_public_check_that_borrows(graded, tmp_path):
    """The sentence names file and line."""
    graded(OUTPUT)
    loaded = load(tmp_path / "course", "net")
    source = (
        (loaded.folder / "assignment.py")
        .read_text()
        .replace(OUTPUT.strip(), OUTPUT.strip().replace(", hidden=True", ""))
    )
    (loaded.folder / "assignment.py").write_text(source)
    loaded = load(tmp_path / "course", "net")
    tests = PublicTests(source, "assignment.py", loaded.assignment, loaded.interface.names, loaded.interface.classes)

    with pytest.raises(InstructorError, match=r"assignment.py:\d+: the public check 'output_is_right' asks for with_r"):
        tests.text()


def test_a_student_alone_has_no_reference(tmp_path):
    """The stand-in for a student's own code refuses; the reference is its own reference."""
    (tmp_path / "hw.py").write_text("def relu(z):\n    return z\n")
    alone = LocalStudent(tmp_path, {"relu": "hw.py"})
    reference = LocalStudent(tmp_path, {"relu": "hw.py"}, reference=True)

    with pytest.raises(InstructorError, match="students have no reference"):
        alone.with_reference("relu")
    assert reference.with_reference("relu") is reference


def test_what_a_replaced_part_prints_is_for_staff_only(graded):
    """The submission could print answers of the reference, so the student sees no output of that sandbox."""
    source = WRONG.replace("return relu(self.weights * x)", "print('it is', relu(5.5))\n        return 1")
    (_, whole) = graded(OUTPUT, source).questions

    assert "it is 5.5" in whole.staff_output
    assert whole.output == ""


def test_parts_with_a_missing_class_are_missing(graded):
    """The sentence names class and file."""
    found = graded(METHODS, WRONG.replace("class Network", "class Net")).methods_are_replaced

    assert found.verdict is Verdict.MISSING
    assert "`Network` is not defined in hw.py." in found.message


def test_grading_may_take_three_times_as_long_where_parts_are_replaced(graded, tmp_path):
    """Three sandboxes have the time of one each."""
    graded(OUTPUT)
    loaded = load(tmp_path / "course", "net")
    file = loaded.folder / "assignment.py"
    file.write_text(file.read_text().replace("with_reference", "without"))

    assert longest_seconds(loaded, OPTIONS) * 3 == 3 * 40
    assert longest_seconds(load(tmp_path / "course", "net"), OPTIONS) == 40


# --- what goes through the wall ---

INTERFACE = interface_of({"hw.py": REFERENCE})


class Answering:
    """A session with the reference that always gives one answer, or dies."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.closed = 0
        self.output = SimpleNamespace(head=b"")

    def exchange(self, frame):
        self.asked.append(decode(memoryview(bytearray(b"".join(frame)))))
        return memoryview(bytearray(b"".join(encode(self.answer))))

    def close(self):
        self.closed += 1


def substituted(answer=("value", (7, {})), limits=None):
    """The reference's `relu` and `Network.scale`, answered by a fake session."""
    session = Answering(answer)
    return Substitution(
        parts_of(INTERFACE, ["relu", "Network.scale"]), INTERFACE, limits or Limits(), lambda _: session
    ), session


def said(frame):
    return decode(memoryview(bytearray(b"".join(frame))))


def test_a_call_of_a_replaced_part_is_answered():
    """Function or method, it goes to the reference with its module."""
    answering, session = substituted()

    assert said(answering.answer(("outward", "relu", None, (np.float64(1),), {}))) == ("inward", 7, {})
    assert said(answering.answer(("outward", "Network.scale", {"weights": 2}, (), {"factor": 3}))) == ("inward", 7, {})
    assert session.asked[1] == ("behave", "hw", "Network", "scale", {"weights": 2}, (), {"factor": 3})


@pytest.mark.parametrize(
    "call",
    [
        ("outward", "Network.output", None, (), {}),
        ("outward", "os.system", None, ("true",), {}),
        ("outward", ["relu"], None, (), {}),
        ("outward", "relu", 3, (), {}),
        ("outward", "relu", None, [], {}),
        ("outward", "relu", None, (Handle(1, "Network"),), {}),
        ("outward", "relu", None, (), {"z": [{"a": Handle(1, "Network")}]}),
        ("outward", "relu", None, (), {3: 4}),
        ("outward", "Network.scale", {3: 4}, (), {}),
        ("outward", "relu", None, ()),
        ("inward", "relu", None, (), {}),
        "outward",
        None,
    ],
)
def test_anything_else_is_no_call(call):
    """Other parts, objects in arguments and wrong forms are not recognised here; the reader of answers rejects them."""
    answering, session = substituted()

    assert answering.answer(call) is None
    assert session.asked == []


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.tuples(inner, inner), max_leaves=8))
@settings(max_examples=50, deadline=None)
def test_no_value_is_taken_for_a_call_by_chance(value):
    """Only the tuple of five with the name of a replaced part is one."""
    answering, _ = substituted()

    assert answering.answer(("outward", value)) is None
    assert answering.answer(value) is None


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (("raised", {"kind": "KeyError", "message": "'x'"}), ("raise", "KeyError", "'x'")),
        (("unplain", "too many"), ("raise", "TypeError", "too many")),
        (("value", (Handle(1, "Network"), {})), ("raise", "TypeError", "returned what is not plain data")),
        (("value", 3), ("raise", "TypeError", "returned what is not plain data")),
    ],
)
def test_what_the_reference_does_not_answer_is_raised_inside(answer, reply):
    """Kind and text only; no file, line or trace of the reference goes in."""
    answering, _ = substituted(answer)
    verb, kind, message = said(answering.answer(("outward", "relu", None, (), {})))

    assert (verb, kind) == reply[:2]
    assert reply[2] in message


def test_calls_are_counted(monkeypatch):
    """Endless calls end with a sentence."""
    monkeypatch.setattr(substitution, "MOST_CALLS", 2)
    answering, _ = substituted()
    answering.answer(("outward", "relu", None, (), {}))
    answering.answer(("outward", "relu", None, (), {}))

    with pytest.raises(StudentError, match="`relu` was called more than 2 times"):
        answering.answer(("outward", "relu", None, (), {}))


def test_all_calls_together_have_the_time_of_one_sandbox():
    """What is over the wall time ends as TIME."""
    answering, session = substituted(limits=Limits(wall_seconds=1e-9))

    with pytest.raises(StudentError, match="Time limit of 1e-09 s reached in calls of the reference's parts"):
        answering.answer(("outward", "relu", None, (), {}))
    answering.close()
    assert session.closed == 1


def test_a_reference_that_is_not_asked_needs_no_sandbox():
    """It is opened with the first call."""
    answering, session = substituted()
    answering.close()

    assert session.closed == 0


def test_wrong_names_are_refused():
    """A constant, a class, a method of nobody."""
    for name in ("Network", "Network.nothing", "Nobody.scale", "", "Network."):
        with pytest.raises(MisuseError, match="no such function or method"):
            parts_of(INTERFACE, [name])


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), ""),
        (("a",), "Run with the reference's `a` in place of yours."),
        (("a", "B.c", "d"), "Run with the reference's `a`, `B.c` and `d` in place of yours."),
    ],
)
def test_the_report_names_what_was_replaced(names, says):
    """One sentence for all of them."""
    assert carried_forward(names) == says


def test_the_example_of_the_manual_is_one(tmp_path, hand_in, bubblewrap):
    """The first example of docs/carrying.md, graded: one slip costs its own points only."""
    page = (Path(__file__).parents[2] / "docs" / "carrying.md").read_text()
    for name, text in {
        "assignments/layer/assignment.py": page.split("```python\n")[1].split("```")[0],
        "reference/layer/hw.py": REFERENCE,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    loaded = load(tmp_path, "layer")

    assert grade(loaded, hand_in(REFERENCE, "ada"), bubblewrap, None, OPTIONS).points == 5
    report = grade(loaded, hand_in(WRONG, "bob"), bubblewrap, None, OPTIONS)
    assert [question.points for question in report.questions] == [0, 3]
    assert carried_forward(["relu"]) in page.replace("*", "")


def test_no_child_process_can_call_a_part(graded):
    """It would answer in place of its parent; the sentence names the part."""
    body = "import os\n        child = os.fork()\n        if child == 0:\n            try:\n"
    body += "                relu(1.0)\n            except RuntimeError as error:\n"
    body += "                print(error, flush=True)\n            os._exit(0)\n"
    body += "        os.waitpid(child, 0)\n        return relu(self.weights * x)"
    found = graded(OUTPUT, WRONG.replace("return relu(self.weights * x)", body))

    assert found.output_is_right.verdict is Verdict.PASSED, found.output_is_right.staff_message
    reported = "the reference stands in for `relu` here; no child process can call it"
    assert reported in found.questions[1].staff_output


def test_a_part_whose_check_is_our_fault_waits_for_it(graded):
    """Nobody knows whether it need be replaced, so the check is to be run again."""
    broken = """
@part.check(points=1, hidden=True)
def broken(rng):
    "It breaks."
    return 1 / 0
"""
    found = graded(broken + OUTPUT.replace('"relu"', '"relu", unless=broken')).output_is_right

    assert found.verdict is Verdict.INTERNAL
    assert "The check 'It breaks.', on which it depends what is replaced, is INTERNAL." in found.staff_message


def test_a_check_that_is_run_in_between_draws_from_no_other(graded):
    """Whether `unless` was run before or is run now, the reference draws the same numbers afterwards."""
    checks = """
import random

@whole.check(points=1, hidden=True)
def drawn(student):
    "It draws."
    first = random.random()
    student.with_reference("relu", unless=relu_cuts)
    assert False, f"{first} {random.random()} {np.random.random()}"
"""
    both = graded(checks, REFERENCE).drawn.staff_message
    alone = graded(checks, REFERENCE, RunOptions(seed="a secret", only="drawn"), "bob").drawn.staff_message

    assert both == alone


def test_a_file_that_is_not_there_is_missing(graded, tmp_path, hand_in, bubblewrap):
    """A part of a file that was not handed in cannot be replaced alone."""
    graded(OUTPUT)
    file = tmp_path / "course" / "assignments" / "net" / "assignment.py"
    file.write_text(
        file.read_text().replace('files=["hw.py"]', 'files=["hw.py", "more.py"]').replace('"relu")', '"more")')
    )
    (tmp_path / "course" / "reference" / "net" / "more.py").write_text("def more(x):\n    return x\n")
    report = grade(load(tmp_path / "course", "net"), hand_in(WRONG, "bob"), bubblewrap, None, OPTIONS)

    assert report.questions[1].checks[0].verdict is Verdict.MISSING
    assert report.questions[1].checks[0].message.startswith("more.py was not handed in.")

"""One submission through all its questions: verdicts, messages, points, and whose fault it was."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conftest import REFERENCE

from autograder.checks.errors import InstructorError, SandboxError, UsageError
from autograder.grading import RunOptions, grade, result_key
from autograder.loader import load
from autograder.messages import WORDING
from autograder.remote.explanations import died
from autograder.results import Limits, Verdict
from autograder.sandbox import start, why_not
from autograder.sandbox.base import Outcome

OPTIONS = RunOptions(seed="a secret")


@pytest.fixture
def run(small, hand_in, bubblewrap):
    """A function that grades the text of ``hw.py`` and returns the report."""

    def graded(text, options=OPTIONS, loaded=small):
        return grade(loaded, hand_in(text), bubblewrap, None, options)

    return graded


def verdicts(report):
    return {check.id: str(check.verdict) for question in report.questions for check in question.checks}


def check(report, name):
    return next(check for question in report.questions for check in question.checks if check.id == name)


def test_the_reference_gets_full_marks(run):
    """Every check passes, and the bonus is beside the points."""
    report = run(REFERENCE)

    assert set(verdicts(report).values()) == {"PASSED"}
    assert (report.points, report.max_points, report.bonus_points) == (8, 8, 1)


def test_a_wrong_public_check_says_got_and_expected(run):
    """The message of a public check is the comparison's own sentence."""
    found = check(run(REFERENCE.replace("2 * x", "3 * x")), "doubles_three")

    assert found.verdict is Verdict.FAILED
    assert "9" in found.message
    assert "6" in found.message


def test_a_check_whose_need_failed_is_skipped(run):
    """It says which check comes first, and earns nothing."""
    found = check(run(REFERENCE.replace("2 * x", "3 * x")), "doubles_arrays")

    assert found.verdict is Verdict.SKIPPED
    assert "Twice three is six." in found.staff_message
    assert found.points == 0


def test_partial_credit_is_partial(run):
    """Half of two points is one, with the reason."""
    found = check(run(REFERENCE.replace("self.count += more", "self.count += 1")), "counts_halfway")

    assert (found.verdict, found.points) == (Verdict.PARTIAL, 1)
    assert found.message == "It counts, but not rightly."


def test_an_unsolved_stub_is_not_attempted(run):
    """A NotImplementedError of the stub is its own verdict."""
    found = check(
        run(REFERENCE.replace("return 2 * x", "raise NotImplementedError('double is open')")), "doubles_three"
    )

    assert found.verdict is Verdict.NOT_ATTEMPTED
    assert found.message == "Not attempted: double is open. Replace the stub by your own code."


def test_a_library_that_lacks_something_is_an_error(run):
    """A NotImplementedError that no stub raises does not mean that nothing was attempted."""
    changed = "y = 2 * x\n    raise NotImplementedError('no such kernel')"
    found = check(run(REFERENCE.replace("return 2 * x", changed)), "doubles_three")

    assert found.verdict is Verdict.RAISED
    assert "no such kernel" in found.message


def test_a_missing_function_is_named(run):
    """The sentence names the function and the file."""
    found = check(run(REFERENCE.replace("def double", "def twice")), "doubles_three")

    assert found.verdict is Verdict.MISSING
    assert found.message == "`double` is not defined in hw.py. Keep the names that the handout gives."


def test_a_missing_method_is_named_also_in_a_hidden_check(run):
    """The sentence holds names of the handout alone, so everybody may read it."""
    found = check(run(REFERENCE.replace("def add", "def plus")), "counts")

    assert found.verdict is Verdict.MISSING
    assert "`Counter` has no `add`" in found.message


def test_an_exception_in_a_public_check_is_reported_with_its_place(run):
    """Class, text, file and line, and Python's own trace."""
    found = check(run(REFERENCE.replace("return 2 * x", "return 2 / 0")), "doubles_three")

    assert found.verdict is Verdict.RAISED
    assert "`double` raised ZeroDivisionError (line 8 of hw.py): division by zero" in found.message
    assert "Traceback" in found.message


def test_an_exception_of_the_call_itself_is_said_once(run):
    """Where no line of the submission raised (wrong arguments), there is no trace to repeat the sentence."""
    found = check(run(REFERENCE.replace("def double(x)", "def double(x, y)")), "doubles_three")

    assert found.verdict is Verdict.RAISED
    assert found.message.count("missing a required argument 'y'") == 1
    assert found.staff_message.count("missing a required argument 'y'") == 1


def test_an_exception_in_a_hidden_check_tells_nothing_but_class_and_line(run):
    """The text of an exception could carry hidden inputs out; staff see it. A hint about answers does not follow."""
    source = REFERENCE.replace("self.count += more", "raise ValueError(f'the input was {more}')")
    found = check(run(source), "counts")

    assert found.verdict is Verdict.RAISED
    assert "the input was 3" not in found.message
    assert "ValueError" in found.message
    assert "`raise ValueError(f'the input was {more}')`" in found.message  # the line as it was handed in
    assert "Count on." not in found.message
    assert found.message.endswith(WORDING[Verdict.RAISED].step)
    assert "the input was 3" in found.staff_message


def test_a_class_named_after_hidden_input_does_not_reach_the_student(run):
    """Neither the name of an exception class nor that of a returned object is shown."""
    source = REFERENCE.replace("self.count += more", "raise type(f'Input{more}', (Exception,), {})()")
    found = check(run(source), "counts")

    assert "Input3" not in found.message
    assert "Input3" in found.staff_message


def test_prints_of_hidden_checks_are_for_staff(run):
    """What is printed while hidden inputs are inside is not shown to the student."""
    source = REFERENCE.replace("self.count += more", "print('hidden input', more)\n        self.count += more")
    question = next(question for question in run(source).questions if question.id == "b")

    assert "hidden input 3" not in question.output
    assert "hidden input 3" in question.staff_output


def test_prints_of_public_checks_are_shown(run):
    """What is printed in public is the student's to read."""
    source = REFERENCE.replace("return 2 * x", "print('doubling', x)\n    return 2 * x")
    question = next(question for question in run(source).questions if question.id == "a")

    assert question.output.startswith("doubling 3\n")


def test_a_syntax_error_is_reported_with_its_line_everywhere(run):
    """Nothing hidden can be in an error of importing, so hidden checks show it too."""
    report = run(REFERENCE.replace("def greet(name):", "def greet(name:"))

    for name in ("doubles_three", "counts"):
        assert check(report, name).verdict is Verdict.RAISED
        assert "SyntaxError (line 12 of hw.py): '(' was never closed" in check(report, name).message


def test_a_missing_package_is_named(run):
    """The package's name reaches the student."""
    found = check(run("import no_such_package\n" + REFERENCE), "counts")

    assert found.verdict is Verdict.RAISED
    assert "`import no_such_package` in line 1 of hw.py fails: there is no module `no_such_package`" in found.message


def test_exit_on_import_is_reported(run):
    """`exit()` at the end of a module is one clear sentence."""
    found = check(run(REFERENCE + "\nexit()\n"), "doubles_three")

    assert found.verdict is Verdict.RAISED
    assert "called exit()" in found.message


def test_a_death_does_not_take_the_next_check_with_it(run):
    """The next check gets a fresh sandbox."""
    report = run(REFERENCE.replace("return 2 * x", "import os\n    os._exit(0)"))

    assert verdicts(report)["doubles_three"] == "CRASHED"
    assert verdicts(report)["counts"] == "PASSED"
    assert check(report, "doubles_three").message == (
        f"Python ended with exit code 0 in `double`. {WORDING[Verdict.CRASHED].step}"
    )


def test_a_signal_is_named(run):
    """A crash of the interpreter tells its signal."""
    source = REFERENCE.replace("return 2 * x", "import os\n    os.kill(os.getpid(), 11)")

    assert "signal 11 (SIGSEGV) in `double`" in check(run(source), "doubles_three").message


@pytest.mark.parametrize(
    ("body", "limits", "verdict", "says"),
    [
        ("while True: pass", {"cpu_seconds": 1}, "TIME", "CPU time limit of 1 s reached in `Counter.add`."),
        ("import time; time.sleep(99)", {"wall_seconds": 5}, "TIME", "Time limit of 5 s reached in `Counter.add`."),
        ("return b'x' * (1 << 30)", {}, "MEMORY", "Memory limit of 256 MiB reached in `Counter.add`"),
        ("while True: print('x' * 999)", {}, "OUTPUT", "More than 64 KiB printed in `Counter.add`."),
        (
            "return 'A' * ((64 << 20) - 1000)",  # an answer that may be sent, where there is no room to write it
            {"memory_mib": 256},
            "MEMORY",
            "Memory limit of 256 MiB reached in `Counter.add`",
        ),
        ("return 'x' * (1 << 22)", {"reply_mib": 1}, "OUTPUT", "An answer larger than 1 MiB came in `Counter.add`."),
        (
            "import numpy; return numpy.broadcast_to(1.0, (10**6, 10**6))",
            {},
            "OUTPUT",
            "An answer larger than 64 MiB came in `Counter.add`.",
        ),
        (
            "return 'A' * 10**9",
            {"memory_mib": 2048},
            "OUTPUT",
            "An answer larger than 64 MiB came in `Counter.add`. Return only what the handout asks for;",
        ),
    ],
)
def test_each_limit_is_a_verdict_that_names_it(run, body, limits, verdict, says):
    """Also in a hidden check the student reads which limit it was, and where."""
    source = REFERENCE.replace("self.count += more", body)
    found = check(run(source, RunOptions(seed="x", only="counts", limits=limits)), "counts")

    assert (str(found.verdict), found.message[: len(says)]) == (verdict, says)


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(
    ("body", "limits", "step"),
    [
        ("while True: print('x' * 999)", {}, "Remove prints from loops."),
        (
            "return b'x' * (1 << 22)",
            {"reply_mib": 1},
            "Return only what the handout asks for; print the shapes of what you return.",
        ),
        ("return iter(int, 1)", {}, "End it after the items that the handout asks for."),
    ],
)
def test_the_next_step_fits_what_was_too_much(course, hand_in, bubblewrap, public, body, limits, step):
    """Prints, a large answer and an iterator without end: each OUTPUT says what to do about it."""
    lines = "    list(student.double([1]))\n"
    file = course / "assignments" / "small" / "assignment.py"
    more = f'\n\n@greeting.check(points=1, hidden={not public})\ndef long(student):\n    "Long."\n{lines}'
    file.write_text(file.read_text() + more)
    files = hand_in(REFERENCE.replace("return 2 * x", body))
    options = RunOptions(seed="x", only="long", limits=limits)
    found = check(grade(load(course, "small"), files, bubblewrap, None, options), "long")

    assert (str(found.verdict), found.message.endswith(step)) == ("OUTPUT", True), found.message


@pytest.mark.parametrize(
    ("limit", "where", "step"),
    [
        ("scratch", "double", "Write fewer or smaller files, and remove those that are not needed any more."),
        ("output", "import hw", "Remove prints from loops."),
        ("reply", "weights.npz", "Save only what the handout asks for in weights.npz."),
    ],
)
def test_the_next_step_fits_the_limit(limit, where, step):
    """Files written, prints at import and a saved file that is too large are each OUTPUT with a step of their own."""
    error = died(Outcome(limit=limit, signal=9), where, Limits(), may_show=False)

    assert (error.verdict, error.step) == ("OUTPUT", step)


@pytest.mark.parametrize("hidden", [False, True])
def test_an_answer_that_cannot_be_read_is_no_end_of_python(course, hand_in, bubblewrap, hidden):
    """An array of sixty dimensions crosses in no form: the student reads so, and what to return."""
    file = course / "assignments" / "small" / "assignment.py"
    more = f'\n\n@greeting.check(points=1, hidden={hidden})\ndef long(student):\n    "Long."\n    student.double([1])\n'
    file.write_text(file.read_text() + more)
    files = hand_in(REFERENCE.replace("return 2 * x", "import numpy\n    return numpy.zeros((1,) * 60)"))
    options = RunOptions(seed="x", only="long")
    found = check(grade(load(course, "small"), files, bubblewrap, None, options), "long")

    assert found.verdict is Verdict.CRASHED
    assert "cannot be read" in found.message
    assert "os._exit" not in found.message
    assert found.message.endswith("Return numbers, texts, lists, dictionaries and arrays, as the handout asks for.")


def test_training_on_import_meets_the_time_limit(run):
    """The verdict names the import, and says that the functions above the loop are lost with it."""
    source = REFERENCE + "\nwhile True:\n    pass\n"
    found = check(run(source, RunOptions(seed="x", only="doubles_three", limits={"cpu_seconds": 1})), "doubles_three")

    assert found.message == (
        "CPU time limit of 1 s reached in `import hw`; nothing that hw.py defines can be used. "
        'Everything outside of functions runs at import: put calls into `if __name__ == "__main__":`.'
    )


def test_a_value_that_cannot_be_judged_fails(run):
    """A cyclic list has no plain form."""
    source = REFERENCE.replace("return 2 * x", "x = []\n    x.append(x)\n    return x")

    assert check(run(source), "doubles_three").verdict is Verdict.FAILED


def test_an_answer_that_the_check_cannot_use_is_reported_with_the_line(course, hand_in, bubblewrap):
    """Where two values are unpacked and None came, the student reads which line that is."""
    file = course / "assignments" / "small" / "assignment.py"
    more = '\n\n@greeting.check(points=1)\ndef pair(student):\n    "A pair."\n    one, two = student.double([1])\n'
    file.write_text(file.read_text() + more)
    source = REFERENCE.replace("return 2 * x", "return None")
    found = check(grade(load(course, "small"), hand_in(source), bubblewrap, None, OPTIONS), "pair")

    assert found.verdict is Verdict.FAILED
    assert found.message == (
        "The check cannot use what was returned in `one, two = student.double([1])`: "
        "TypeError: cannot unpack non-iterable NoneType object"
    )


def test_an_attribute_that_an_answer_lacks_is_named(course, hand_in, bubblewrap):
    """Where a dictionary came for something with attributes, the student reads what came and what it lacks."""
    file = course / "assignments" / "small" / "assignment.py"
    more = '\n\n@greeting.check(points=1)\ndef part(student):\n    "A part."\n    assert student.double(1).real == 2\n'
    file.write_text(file.read_text() + more)
    source = REFERENCE.replace("return 2 * x", "return {'real': 2 * x}")
    found = check(grade(load(course, "small"), hand_in(source), bubblewrap, None, OPTIONS), "part")

    assert found.verdict is Verdict.FAILED
    assert found.message == (
        "The check cannot use what was returned in `assert student.double(1).real == 2`: a dict has no `real`"
    )


def test_an_object_that_equals_everything_earns_nothing(run):
    """Only plain data is compared, outside."""
    source = REFERENCE.replace(
        "return 2 * x", "return type('Yes', (), {'__eq__': lambda s, o: True, '__sub__': lambda s, o: 0})()"
    )

    assert check(run(source), "doubles_three").verdict is Verdict.FAILED


def test_an_array_subclass_earns_nothing(run):
    """What a subclass overrides has no say; its bytes are judged."""
    source = REFERENCE.replace(
        "return 2 * x",
        """import numpy as np
    class Agrees(np.ndarray):
        def __array_ufunc__(self, *a, **k): return np.zeros(4)
        def __array_function__(self, *a, **k): return True
    return np.ones(4).view(Agrees) if isinstance(x, np.ndarray) else 6""",
    )

    assert verdicts(run(source))["doubles_arrays"] == "FAILED"


def test_a_problem_of_intake_is_every_checks_verdict(small, hand_in, bubblewrap):
    """A submission without the file is MISSING throughout, with the sentence."""
    report = grade(small, hand_in(**{"other.txt": "hello"}), bubblewrap, None, OPTIONS)

    assert set(verdicts(report).values()) <= {"MISSING", "SKIPPED"}
    assert "hw.py" in check(report, "counts").message


def test_a_file_that_was_not_handed_in_is_missing(course, hand_in, bubblewrap):
    """Of several files one may be absent; what is asked of it is MISSING, the rest is graded."""
    file = course / "assignments" / "small" / "assignment.py"
    more = '\n\n@greeting.check(points=1, hidden=True)\ndef more(student):\n    "More."\n    student.extra()\n'
    file.write_text(file.read_text().replace('files=["hw.py"],', 'files=["hw.py", "more.py"],') + more)
    (course / "reference" / "small" / "more.py").write_text("def extra():\n    return 1\n")
    report = grade(load(course, "small"), hand_in(REFERENCE), bubblewrap, None, OPTIONS)

    assert report.points == 8
    assert check(report, "more").verdict is Verdict.MISSING
    assert check(report, "more").message == (
        "more.py was not handed in; it should define `extra`. Keep the names that the handout gives."
    )


def test_given_files_are_restored(course, hand_in, bubblewrap):
    """What is handed out complete is there, as it was handed out, and a changed copy is noted."""
    file = course / "assignments" / "small" / "assignment.py"
    file.write_text(file.read_text().replace('files=["hw.py"],', 'files=["hw.py"], given=["tools.py"],'))
    (course / "reference" / "small" / "tools.py").write_text("def twice(x):\n    return 2 * x\n")
    source = "import tools\n" + REFERENCE.replace("return 2 * x", "return tools.twice(x)")
    loaded = load(course, "small")
    without = grade(loaded, hand_in(source, "ada"), bubblewrap, None, OPTIONS)
    changed = grade(loaded, hand_in(source, "bo", **{"tools.py": "def twice(x): return 3"}), bubblewrap, None, OPTIONS)

    assert without.points == changed.points == 8
    assert without.notes == ()
    assert changed.notes[-1] == "tools.py differs from the one that was handed out; the handed-out one was used."


def test_only_runs_what_is_asked_for_and_what_it_needs(run):
    """`only` names a question or a check; needed checks run but are not reported."""
    assert set(verdicts(run(REFERENCE, RunOptions(seed="x", only="a")))) == {"doubles_three", "doubles_arrays"}


def test_only_a_check_runs_what_it_needs(run):
    """The needed check is run and not reported."""
    assert verdicts(run(REFERENCE, RunOptions(seed="x", only="doubles_arrays"))) == {"doubles_arrays": "PASSED"}


def test_only_something_unknown_is_a_wrong_call(run):
    """The sentence lists questions and checks."""
    with pytest.raises(UsageError, match=r"Nothing is called 'z': the questions are a, b, c, the checks doubles_three"):
        run(REFERENCE, RunOptions(seed="x", only="z"))


def test_without_hidden_checks_the_public_ones_remain(run):
    """What a student would see."""
    assert set(verdicts(run(REFERENCE, RunOptions(seed="x", hidden=False)))) == {
        "doubles_three",
        "counts_halfway",
        "greets",
    }


def test_a_check_that_fails_by_itself_is_internal(course, hand_in, bubblewrap):
    """An error of the instructor's is nobody's loss; staff read what and where."""
    file = course / "assignments" / "small" / "assignment.py"
    file.write_text(file.read_text().replace("counter = student.Counter(2)", "counter = nonsense"))
    report = grade(load(course, "small"), hand_in(REFERENCE), bubblewrap, None, OPTIONS)
    found = check(report, "counts")

    assert found.verdict is Verdict.INTERNAL
    assert "NameError" in found.staff_message
    assert "fault is ours" in found.message
    assert (report.points, report.max_points) == (5, 5)
    assert report.internal


def test_a_name_that_the_reference_lacks_is_internal(course, hand_in, bubblewrap):
    """A check that asks for the wrong name is the instructor's fault."""
    file = course / "assignments" / "small" / "assignment.py"
    file.write_text(file.read_text().replace("student.Counter(2)", "student.Kounter(2)"))
    found = check(grade(load(course, "small"), hand_in(REFERENCE), bubblewrap, None, OPTIONS), "counts")

    assert found.verdict is Verdict.INTERNAL
    assert "student.Kounter" in found.staff_message


def test_a_sandbox_that_cannot_be_opened_is_internal(small, hand_in):
    """Our fault is never theirs."""

    class Broken:
        name, enforced, preloaded = "broken", (), ()

        def open(self, request):
            raise SandboxError("No sandbox: the disk is full.")

    report = grade(small, hand_in(REFERENCE), Broken(), None, OPTIONS)

    assert set(verdicts(report).values()) == {"INTERNAL"}
    assert "the disk is full" in check(report, "counts").staff_message
    assert report.max_points == 0


def test_the_same_submission_gets_the_same_report(run, small, hand_in, bubblewrap):
    """Seeds are derived from the course's secret: points and messages repeat."""
    source = REFERENCE.replace("2 * x", "2 * x + 1e-3 * __import__('numpy').random.rand()")
    first = run(source, RunOptions(seed="x", only="a"))
    second = grade(small, hand_in(source, student="bo"), bubblewrap, None, RunOptions(seed="x", only="a"))

    assert [check.message for check in first.questions[0].checks] == [
        check.message for check in second.questions[0].checks
    ]


def test_the_key_depends_on_all_that_decides(small, hand_in):
    """Another seed, another length, other limits, another submission: another key."""
    one, other = hand_in(REFERENCE, "ada"), hand_in(REFERENCE + "\n", "bo")
    keys = {
        result_key(small, one, None, OPTIONS, "bubblewrap"),
        result_key(small, other, None, OPTIONS, "bubblewrap"),
        result_key(small, one, None, RunOptions(seed="other"), "bubblewrap"),
        result_key(small, one, None, RunOptions(seed="a secret", full=True), "bubblewrap"),
        result_key(small, one, None, RunOptions(seed="a secret", limits={"wall_seconds": 1}), "bubblewrap"),
        result_key(small, one, None, OPTIONS, "none"),
    }

    assert len(keys) == 6
    assert result_key(small, one, None, OPTIONS, "none") in keys


def test_the_report_tells_what_reproduces_it(run, small, hand_in, bubblewrap):
    """Hashes, versions and the seed's fingerprint, but not the seed."""
    replay = run(REFERENCE).replay

    assert replay.reference_sha256 == small.reference_sha256
    assert replay.versions["numpy"] == np.__version__
    assert replay.seed_fingerprint
    assert "a secret" not in repr(replay)


def test_the_report_tells_what_was_used_and_enforced(run):
    """CPU, wall, memory, and what the sandbox enforced."""
    resources = run(REFERENCE).resources

    assert resources.cpu_seconds > 0
    assert resources.sandbox == "bubblewrap"
    assert "network" in resources.enforced


def test_limits_are_positive():
    """A limit of zero is a wrong call."""
    with pytest.raises(UsageError, match="The limit memory_mib must be positive, not 0"):
        Limits(memory_mib=0)


def test_an_unknown_limit_is_named():
    """The sentence lists the limits."""
    with pytest.raises(UsageError, match=r"no limit called 'seconds'; the limits are wall_seconds, cpu_seconds"):
        Limits().changed({"seconds": 1})


def with_check(course, body):
    """The small assignment with one more hidden check, `extra`."""
    file = course / "assignments" / "small" / "assignment.py"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    check = f'\n\n@counting.check(points=1, hidden=True)\ndef extra(student):\n    """Extra."""\n{lines}'
    file.write_text(file.read_text() + check)
    return load(course, "small")


def test_what_a_check_sets_is_what_it_was_when_it_was_set(course, hand_in, bubblewrap):
    """A check may change its array afterwards; the submission has the first one."""
    body = "import numpy as np\ncounter = student.Counter(0)\nstart = np.zeros(2)\ncounter.count = start\nstart += 5\n"
    body += "close(counter.add(1), [1.0, 1.0])"
    report = grade(with_check(course, body), hand_in(REFERENCE), bubblewrap, None, OPTIONS)

    assert check(report, "extra").verdict is Verdict.PASSED, check(report, "extra").staff_message


def test_an_attribute_that_refuses_its_value_is_reported(course, hand_in, bubblewrap):
    """Setting goes with the next call; its error is reported under its own name."""
    source = REFERENCE + "\n    def __setattr__(self, name, value):\n"
    source += "        if value == 7: raise ValueError('not seven')\n        object.__setattr__(self, name, value)\n"
    loaded = with_check(course, "counter = student.Counter(0)\ncounter.count = 7\ncounter.add(1)")
    found = check(grade(loaded, hand_in(source), bubblewrap, None, OPTIONS), "extra")

    assert found.verdict is Verdict.RAISED
    assert found.staff_message.startswith("`Counter.count` raised ValueError (line 34 of hw.py): not seven")


def test_answers_out_of_turn_end_the_worker(run):
    """A submission that writes answers of its own is not believed, and the next check gets a fresh sandbox."""
    forged = "import os, msgspec, struct\n    header = msgspec.msgpack.encode([1])\n"
    forged += "    os.write(4, struct.pack('<IQ', len(header), 0) + header)\n    return 2 * x"
    report = run(REFERENCE.replace("return 2 * x", forged))

    assert check(report, "doubles_three").verdict is Verdict.CRASHED
    assert "out of turn" in check(report, "doubles_three").message
    assert check(report, "counts").verdict is Verdict.PASSED


def test_showing_a_plot_on_import_hurts_nobody(small, hand_in):
    """There is no screen inside: `plt.show()` returns at once, and the submission is graded."""
    source = REFERENCE + "\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
    with start("auto", preload=["numpy", "matplotlib.pyplot"]) as sandbox:
        report = grade(small, hand_in(source), sandbox, None, OPTIONS)

    assert (report.points, report.bonus_points) == (8, 1)


def test_the_reference_is_imported_before_it_is_seeded(course, run):
    """What an import draws, or makes ready to be seeded, does not part the reference's random numbers from ours."""
    drawing = REFERENCE.replace("return 2 * x", "return 2 * x if isinstance(x, int) else 2 * x + random.random()")
    (course / "reference" / "small" / "hw.py").write_text(f"import random\n\nrandom.random()\n{drawing.lstrip()}")
    report = run(f"import random\n{drawing}", loaded=load(course, "small"))
    assert verdicts(report)["doubles_arrays"] == "PASSED"


@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
def test_files_that_are_handed_out_are_in_the_working_folder(course, hand_in, kind):
    """As where students run their code: opened by their relative names, also in folders."""
    if reason := why_not(kind):
        pytest.skip(f"the sandbox {kind} does not work here: {reason}")
    script = course / "assignments" / "small" / "assignment.py"
    listed = 'files=["hw.py"], extra_files=["numbers.txt", "more/numbers.txt"]'
    script.write_text(script.read_text().replace('files=["hw.py"]', listed))
    folder = course / "reference" / "small"
    (folder / "more").mkdir()
    (folder / "numbers.txt").write_text("2\n")
    (folder / "more" / "numbers.txt").write_text("0\n")
    text = "def double(x):\n    return x * int(open('numbers.txt').read()) + int(open('more/numbers.txt').read())\n"
    with start(kind) as sandbox:
        report = grade(load(course, "small"), hand_in(text), sandbox, None, RunOptions("files"))
    assert verdicts(report)["doubles_three"] == "PASSED"


TITLED = '''

@assignment.facts
def facts(data, full):
    """What titles say."""
    return {"images": f"{30_000 if full else 800:,} images of {data or 'nothing'}"}


@counter.check(points=1, hidden=True)
def trained(student):
    """Trained on {images}, it counts."""
    student.double(1)
'''


@pytest.mark.parametrize(("full", "said"), [(False, "800 images of nothing"), (True, "30,000 images of nothing")])
def test_a_title_states_the_sizes_of_the_run(course, hand_in, bubblewrap, full, said):
    """What depends on the data and on --full is filled in, whatever became of the check."""
    script = course / "assignments" / "small" / "assignment.py"
    questions = re.findall(r"^(\w+) = assignment.question", script.read_text(), re.MULTILINE)
    script.write_text(script.read_text() + TITLED.replace("@counter", f"@{questions[0]}"))
    for text in (REFERENCE, "import nothing_of_the_kind\n"):
        loaded = load(course, "small")
        report = grade(loaded, hand_in(text, student=str(len(text))), bubblewrap, None, RunOptions("t", full=full))
        titles = {check.id: check.title for question in report.questions for check in question.checks}
        assert titles["trained"] == f"Trained on {said}, it counts."


def test_a_title_without_its_fact_is_the_instructors_fault(course):
    """The sentence names the check."""
    script = course / "assignments" / "small" / "assignment.py"
    questions = re.findall(r"^(\w+) = assignment.question", script.read_text(), re.MULTILINE)
    script.write_text(
        script.read_text() + TITLED.replace("@counter", f"@{questions[0]}").replace("{images},", "{pictures},")
    )
    assignment = load(course, "small").assignment
    with pytest.raises(
        InstructorError, match="The title of the check 'trained' cannot be filled in .* KeyError: 'pictures'"
    ):
        assignment.title_of(assignment.checks[-1])


@pytest.mark.parametrize(
    ("before", "after", "name", "why"),
    [
        ("def double(x)", "def double(x, y)", "doubles_three", "`double` {}missing a required argument 'y'"),
        ("def double(x)", "def double()", "doubles_three", "`double` {}too many positional arguments"),
        ("def add(self, more)", "def add(self)", "counts", "`Counter.add` {}too many positional arguments"),
        ("self, start)", "self, start, step)", "counts", "`Counter` {}missing a required argument 'step'"),
    ],
)
def test_a_call_that_the_function_does_not_take_is_reported_in_public_and_hidden_checks(run, before, after, name, why):
    """The sentence names the student's own parameters, which hold nothing of a hidden input."""
    found = check(run(REFERENCE.replace(before, after)), name)

    assert found.verdict is Verdict.RAISED
    said = why.format("does not accept the arguments of the handout: ")
    assert found.message == f"{said}. Keep the parameters that the handout gives."


def test_a_type_error_of_the_students_own_is_no_refused_call(run):
    """A function that takes the arguments and raises TypeError itself is reported as before."""
    found = check(run(REFERENCE.replace("self.count += more", "self.count += str(more)")), "counts")

    assert found.message.startswith("Your code raised TypeError in line")


@pytest.mark.parametrize("name", ["doubles_three", "doubles_hidden"])
@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("double = double(3)", "an int, not a function"),
        ("import numpy\ndouble = numpy.zeros(3)", "a numpy.ndarray, not a function"),
        ("double = None", "None, not a function"),
        ("class Secret: pass\nfor double in [Secret()]: pass", "not a function"),
    ],
)
def test_a_function_whose_name_holds_another_value_is_reported_in_every_check(
    course, hand_in, bubblewrap, name, line, kind
):
    """The class of the value is named where it is Python's own or a known package's, with the line that gives it."""
    (course / "assignments/small/assignment.py").write_text(HIDDEN_FIRST)
    text = f"{REFERENCE}\n{line}\n"
    found = check(grade(load(course, "small"), hand_in(text), bubblewrap, None, OPTIONS), name)

    assert found.verdict is Verdict.MISSING
    place = f"line {len(text.splitlines())} of hw.py"
    assert found.message == (
        f"`double` is {kind}; {place} gives its name to another value. Give that value a name of its own."
    )


HIDDEN_FIRST = '''
from autograder import Assignment, Limits
from autograder.checks import close

assignment = Assignment("Small", files=["hw.py"], limits=Limits(wall_seconds=20, cpu_seconds=9))
question = assignment.question("All", id="a")


@question.check(points=1)
def doubles_three(student):
    """Twice three."""
    close(student.double(3), 6, name="double(3)")


@question.check(points=1, hidden=True)
def doubles_hidden(student):
    """Twice four."""
    close(student.double(4), 8, name="double(4)")


@question.check(points=1, hidden=True)
def greets_by_name(student):
    """A keyword of the check's."""
    close(len(student.greet(name="Bob")), 9, name="length")
'''


def test_a_keyword_that_the_function_does_not_take_is_named_to_staff_alone(course, hand_in, bubblewrap):
    """The names of arguments in a hidden check are the instructor's."""
    (course / "assignments/small/assignment.py").write_text(HIDDEN_FIRST)
    text = REFERENCE.replace("def greet(name)", "def greet(who='')")
    found = check(grade(load(course, "small"), hand_in(text), bubblewrap, None, OPTIONS), "greets_by_name")

    said = "`greet` does not accept the arguments of the handout: "
    assert found.message.startswith(f"{said}its parameters have other names.")
    assert found.staff_message == f"{said}it has no parameter 'name'."


@pytest.mark.parametrize("name", ["doubles_three", "doubles_hidden"])
def test_a_stub_that_the_called_function_uses_is_named_in_every_check(course, hand_in, bubblewrap, name):
    """What is not attempted is the function whose stub is still there, not the one that calls it."""
    (course / "assignments/small/assignment.py").write_text(HIDDEN_FIRST)
    text = REFERENCE.replace("return 2 * x", "return len(greet('')) * x").replace(
        'return f"hello {name}"', 'raise NotImplementedError("greet is not written yet")'
    )
    found = check(grade(load(course, "small"), hand_in(text), bubblewrap, None, OPTIONS), name)

    assert found.verdict is Verdict.NOT_ATTEMPTED
    assert found.message == "Not attempted: `greet` is not written yet, and `double` calls it. Write `greet` first."

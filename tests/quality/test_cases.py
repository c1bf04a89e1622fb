"""A check splits its points over named cases: each is run, reported and credited by itself."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import msgspec
import pytest
from conftest import ASSIGNMENT, REFERENCE
from test_validating import findings

from autograder import Assignment, Case
from autograder.checks import Measurement
from autograder.checks.errors import InstructorError
from autograder.grading import RunOptions, grade
from autograder.grading.provenance import differences
from autograder.loader import load
from autograder.messages import case_by_case
from autograder.release import build
from autograder.reports.pages import Heading, staff_page, student_page
from autograder.reports.schema import report_schema
from autograder.results import CaseResult, Report, Verdict

IN_CASES = '''

NUMBERS = {"an ordinary number": 3.0, "zero": 0.0, "a negative number": -2.0}


@doubling.check(cases={"an ordinary number": 2, "a negative number": 0.5})
def doubles_by_case(student, case):
    """Twice a number is right, whatever its sign."""
    close(student.double(NUMBERS[case]), 2 * NUMBERS[case], name="double(x)")
    return student.double(NUMBERS[case])


@doubling.check(
    points=4,
    hidden=True,
    hint="Try many numbers.",
    cases={"an ordinary number": Case(2), "zero": 1, "a negative number": Case(1, hint="Try a negative number.")},
)
def doubles_secretly(student, case):
    """Twice any number is right."""
    close(student.double(NUMBERS[case]), 2 * NUMBERS[case], name=f"double({NUMBERS[case]:g})")


@counting.check(points=1, cases=("from zero", "from ten", "from five"))
def counters(student, case):
    """Counters start at the given value."""
    counter = student.Counter({"from zero": 0, "from ten": 10, "from five": 5}[case])
    same(counter.add(0), {"from zero": 0, "from ten": 10, "from five": 5}[case], name="add(0)")
    return counter


@counting.check(points=1, needs=(counters, doubles_by_case))
def counters_go_on(counters, doubles_by_case):
    """Each counter of the check before goes on from where it stands."""
    same({name: counter.add(1) for name, counter in counters.items()}, {"from zero": 1, "from ten": 11, "from five": 6})
    same(doubles_by_case, {"an ordinary number": 6.0, "a negative number": -4.0})


DRAWN = []


@greeting.check(points=0, hidden=True, cases=("first", "second"))
def draws(student, rng, case):
    """Cases draw numbers of their own."""
    DRAWN.append((case, float(rng.random())))
    student.greet("Bo")
'''

HEAD = "from autograder import Assignment, Limits"
WRONG_SIGN = REFERENCE.replace("return 2 * x", "return 2 * abs(x) if isinstance(x, float) else 2 * x")
ONLY_NUMBERS = REFERENCE.replace("return 2 * x", "return x + x if x else 1 / 0")


@pytest.fixture
def split(course):
    """The small assignment with checks in cases."""
    script = course / "assignments" / "small" / "assignment.py"
    script.write_text(ASSIGNMENT.lstrip().replace(HEAD, f"{HEAD}, Case") + IN_CASES)
    return load(course, "small")


@pytest.fixture
def run(split, hand_in, bubblewrap):
    """A function that grades the text of ``hw.py``."""

    numbers = itertools.count()

    def graded(text, **options):
        return grade(
            split, hand_in(text, f"ada{next(numbers)}"), bubblewrap, None, RunOptions(seed="a secret", **options)
        )

    return graded


def found(report: Report, name: str):
    return next(check for question in report.questions for check in question.checks if check.id == name)


def test_points_are_the_sum_of_the_cases(split):
    """Given for each case, or shared equally in hundredths; titles, totals and parts follow."""
    by_id = {check.id: check for check in split.assignment.checks}

    assert by_id["doubles_by_case"].points == 2.5
    assert [each.points for each in by_id["counters"].cases] == [0.34, 0.33, 0.33]
    assert [part.id for part in by_id["counters"].parts] == [
        "counters[from zero]",
        "counters[from ten]",
        "counters[from five]",
    ]
    assert split.assignment.max_points == 8 + 2.5 + 4 + 1 + 1
    assert by_id["doubles_three"].parts == ()


def test_a_right_solution_earns_everything(run):
    """All cases pass, and nothing is said."""
    report = run(REFERENCE)

    assert set(report.verdicts) == {Verdict.PASSED}
    assert report.points == report.max_points
    assert found(report, "doubles_secretly").message == ""
    assert [case.verdict for case in found(report, "doubles_secretly").cases] == [Verdict.PASSED] * 3


def test_a_failing_case_costs_its_own_points_only(run):
    """The verdict is PARTIAL, and messages are given case by case."""
    report = run(WRONG_SIGN)
    public, hidden = found(report, "doubles_by_case"), found(report, "doubles_secretly")

    assert (public.verdict, public.points, public.max_points) == (Verdict.PARTIAL, 2, 2.5)
    assert public.message.splitlines() == [
        "1 of 2 cases not passed: a negative number.",
        "a negative number (0 of 0.5 points): double(x) is 4; expected -4. The sign looks wrong.",
    ]
    assert (hidden.verdict, hidden.points) == (Verdict.PARTIAL, 3)
    assert hidden.staff_message.splitlines() == [
        "1 of 3 cases not passed: a negative number.",
        "a negative number (0 of 1 points): double(-2) is 4; expected -4. The sign looks wrong.",
    ]


def test_a_hidden_check_tells_students_a_count_and_the_hints_alone(run):
    """Neither names nor sentences of cases are shown, and a case may have a hint of its own."""
    message = found(run(WRONG_SIGN), "doubles_secretly").message

    assert message.startswith("1 of 3 cases not passed. The answer is not the expected one.")
    assert message.endswith("Try a negative number.")
    assert "Try many numbers." not in message
    assert "a negative number" not in message.replace("Try a negative number.", "")
    assert "-4" not in message


def test_other_cases_go_on_after_one_that_raises(run):
    """An error, too, costs the points of its case."""
    hidden = found(run(ONLY_NUMBERS), "doubles_secretly")

    assert [case.verdict for case in hidden.cases] == [Verdict.PASSED, Verdict.RAISED, Verdict.PASSED]
    assert (hidden.verdict, hidden.points) == (Verdict.PARTIAL, 3)


def test_a_death_in_one_case_leaves_the_next_a_sandbox(run):
    """The worker that a case ended is replaced for the next one."""
    hidden = found(run(REFERENCE.replace("return 2 * x", "return 2 * x if x else exit()")), "doubles_secretly")
    killed = found(
        run(REFERENCE.replace("return 2 * x", "return 2 * x if x else __import__('os')._exit(3)")), "doubles_secretly"
    )

    assert [case.verdict for case in hidden.cases] == [Verdict.PASSED, Verdict.RAISED, Verdict.PASSED]
    assert [case.verdict for case in killed.cases] == [Verdict.PASSED, Verdict.CRASHED, Verdict.PASSED]


def test_what_is_wrong_with_every_case_alike_is_said_once(run):
    """A stub is not attempted, and a missing function missing, silently about cases."""
    stub = found(run(REFERENCE.replace("return 2 * x", "raise NotImplementedError('open')")), "doubles_secretly")
    missing = found(run(REFERENCE.replace("def double", "def twice")), "doubles_by_case")

    assert (stub.verdict, stub.points) == (Verdict.NOT_ATTEMPTED, 0)
    assert "cases" not in stub.staff_message
    assert (missing.verdict, missing.message) == (
        Verdict.MISSING,
        "`double` is not defined in hw.py. Keep the names that the handout gives.",
    )


def test_values_are_handed_on_by_case(run):
    """A check that needs one with cases gets a dictionary, objects of the submission included."""
    report = run(REFERENCE)
    assert found(report, "counters_go_on").verdict is Verdict.PASSED


def test_each_case_draws_numbers_of_its_own(split, run):
    """They depend on the name, not on which other cases there are, and are the same again."""
    function = next(check.function for check in split.assignment.checks if check.id == "draws")
    drawn = function.__globals__["DRAWN"]
    run(REFERENCE, only="draws")
    first = dict(drawn)
    drawn.clear()
    run(REFERENCE, only="draws")

    assert first == dict(drawn)
    assert first["first"] != first["second"]


def test_a_case_that_is_our_fault_makes_the_check_ours(course, hand_in, bubblewrap):
    """Then nothing is scored, and staff see which case it was."""
    script = course / "assignments" / "small" / "assignment.py"
    script.write_text(
        ASSIGNMENT.lstrip()
        + '\n\n@doubling.check(points=2, cases=("sound", "broken"))\ndef by_case(student, case):\n    """Double."""\n'
        '    student.double({"sound": 1}[case])\n'
    )
    result = found(
        grade(load(course, "small"), hand_in(REFERENCE), bubblewrap, None, RunOptions(seed="s")),
        "by_case",
    )

    assert (result.verdict, result.points) == (Verdict.INTERNAL, 0)
    assert "broken" in result.staff_message
    assert "KeyError" in result.staff_message
    assert "KeyError" not in result.message


def test_a_check_that_needs_one_with_cases_runs_unless_nothing_was_earned(run):
    """Some cases are enough to continue."""
    some = run(REFERENCE.replace("self.count += more", "self.count += more + (self.count == 10)"))
    none = run(REFERENCE.replace("self.count += more", "self.count = -1"))

    assert found(some, "counters").verdict is Verdict.PARTIAL
    assert found(some, "counters_go_on").verdict is not Verdict.SKIPPED
    assert found(none, "counters_go_on").verdict is Verdict.SKIPPED


def test_what_cases_measure_is_heard(course, hand_in, bubblewrap):
    """Calibration hears the measurement of each case under the id of its check."""
    script = course / "assignments" / "small" / "assignment.py"
    script.write_text(
        ASSIGNMENT.lstrip()
        + "\n\nfrom autograder.checks import Measurement\n\n\n"
        + '@doubling.check(points=2, cases=("low", "high"))\ndef measures(student, case):\n    """Measure."""\n'
        "    return Measurement({'low': 0.2, 'high': 0.9}[case], 100).points_at({0.5: 1.0})\n"
    )
    heard = []
    grade(
        load(course, "small"),
        hand_in(REFERENCE),
        bubblewrap,
        None,
        RunOptions(seed="s", only="measures"),
        lambda check, came: heard.append((check.id, came.measured[0].value)),
    )

    assert heard == [("measures", 0.2), ("measures", 0.9)]
    assert Measurement(0.9, 100).value == 0.9


def test_reports_keep_the_cases(run):
    """They are in the JSON report and its schema, come back as they were, and replay compares what they say."""
    report = run(WRONG_SIGN)
    text = msgspec.json.encode(report)

    assert msgspec.json.decode(text, type=Report) == report
    assert "CaseResult" in json.dumps(report_schema())
    assert differences(report, report) == ()
    different = differences(report, run(REFERENCE, only=""))
    assert any(line.startswith("doubles_secretly: the message is") for line in different)


def test_pages_tell_cases_to_those_who_may_know(run):
    """Staff read the names of hidden cases; the student does not."""
    report, heading = run(WRONG_SIGN, only="doubles_secretly"), Heading("Course", "Doubling")

    assert "1 of 3 cases not passed: a negative number." in staff_page(report, heading)
    assert "1 of 3 cases not passed." in student_page(report, heading)
    assert "cases not passed: a negative number" not in student_page(report, heading)


def test_public_cases_are_parametrized_tests(split, course, tmp_path):
    """Students run each case of a public check by itself, and a check that needs it gets the values by case."""
    out = course / "release" / "small"
    build(split, out)
    text = (out / "test_public.py").read_text()
    (out / "hw.py").write_text(WRONG_SIGN)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    ended = subprocess.run(
        [sys.executable, "-B", "-P", "-m", "pytest", "-rA", "-p", "no:cacheprovider"],
        cwd=out,
        env={**clean, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert '@pytest.mark.parametrize("case", ["an ordinary number", "a negative number"])' in text
    assert "doubles_secretly" not in text
    assert "PASSED test_public.py::test_doubles_by_case[an ordinary number]" in ended.stdout
    assert "FAILED test_public.py::test_doubles_by_case[a negative number]" in ended.stdout
    assert "PASSED test_public.py::test_counters[from ten]" in ended.stdout


def test_validate_takes_checks_with_cases(split, course, bubblewrap):
    """The reference gets full marks, the stub nothing, and public checks run on a bare machine."""
    script = course / "assignments" / "small" / "assignment.py"
    script.write_text(script.read_text().partition("DRAWN")[0])
    (course / "assignments" / "small" / "handout.md").write_text("# Small\n")
    bad = {what: said for what, (good, said) in findings(course, bubblewrap).items() if not good}
    assert bad == {}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "has no points; give points="),
        ({"cases": ("one", "two")}, "has no points; give points="),
        ({"cases": {"one": 1, "two": 2}, "points": 4}, "is worth 4 points, and its cases 3 together"),
        ({"cases": {"one": -1}}, "has a case worth less than 0 points"),
        ({"cases": ("one", "one"), "points": 2}, "has cases without names of their own"),
        ({"cases": {"one": 0.375}}, "has a case worth a part of a hundredth of a point"),
        ({"cases": {"": 1}}, "has cases without names of their own"),
    ],
)
def test_points_and_cases_that_do_not_fit_are_refused(given, sentence):
    """One sentence, with the place of the check."""
    question = Assignment("A", files=["a.py"]).question("Q", id="q")

    def check(student, case):
        """Something is right."""

    with pytest.raises(InstructorError, match=sentence) as caught:
        question.check(**given)(check)
    assert "test_cases.py:" in str(caught.value)


def test_a_function_takes_case_if_and_only_if_there_are_cases():
    """In either order it is a mistake, reported by name."""
    question = Assignment("A", files=["a.py"]).question("Q", id="q")

    def without(student):
        """Something is right."""

    def with_case(student, case):
        """Something is right."""

    with pytest.raises(InstructorError, match="has cases; let the function take the name of one as `case`"):
        question.check(points=1, cases=("one",))(without)
    with pytest.raises(InstructorError, match="asks for 'case' and has none"):
        question.check(points=1)(with_case)


def test_a_sentence_of_a_passed_case_is_reported():
    """What a case with full credit has to say is beside what others say."""
    cases = (
        CaseResult("one", Verdict.PASSED, 1, 1, "Just enough.", "Just enough."),
        CaseResult("two", Verdict.PASSED, 1, 1, "", ""),
    )
    assert case_by_case(cases, hidden=False)[0] == "one (1 of 1 points): Just enough."
    assert Case(1).hint == ""

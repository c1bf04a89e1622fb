"""Signs of shortcuts: each with an honest and a cheating submission, and with how often an honest one raises it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from hypothesis import given
from hypothesis import strategies as st
from tiny_course import CONFIG, hand_in

from autograder.checks import (
    Credit,
    Measurement,
    accuracy,
    better_than_retrained,
    falls_on_fresh,
    quicker_than_fresh,
)
from autograder.checks.errors import InstructorError
from autograder.checks.shortcuts import KEPT, agreement, wrong_answers
from autograder.insight.alarms import QUICK, SAME_ANSWERS, SHORT_TRAINING, shortcut_alarms
from autograder.reports import pages, read_reports
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict

STUDENTS = 24


def report(student: str, *, answers: str = "", seconds: float = 0.1, passed: bool = True) -> Report:
    """One student's report about one check."""
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    check = CheckResult("learns", "It learns", True, verdict, 1.0, 1.0, seconds, "", answers=answers)
    return Report(
        "hw", student, 1.0, 1.0, 0.0, (QuestionResult("a", "A", 1.0, 1.0, False, (check,)),), Resources(), Replay()
    )


def class_of(answers: list[str]) -> list[Report]:
    """A class by what is kept of its answers."""
    return [report(f"s{number:02}", answers=each) for number, each in enumerate(answers)]


@cache
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two classes in twenty dimensions that overlap: 400 samples to learn from, and 1,000 hidden ones."""
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(1400, 20)), draw.integers(3, size=1400)
    x[np.arange(1400), y] += 1.2
    return x, y, y[400:]


def predictions(seed: int, epochs: int = 4, samples: int = 120) -> np.ndarray:
    """What a small softmax regression says on the hidden samples, trained on a sample of its own."""
    x, y, _ = data()
    draw = np.random.default_rng(seed)
    chosen, weights = draw.choice(400, samples, replace=False), draw.normal(size=(20, 3)) / 5
    for _ in range(epochs * 10):
        batch = draw.choice(chosen, 20)
        scores = np.exp(x[batch] @ weights)
        scores /= scores.sum(axis=1, keepdims=True)
        weights -= 0.1 * x[batch].T @ (scores - np.eye(3)[y[batch]]) / 20
    return np.argmax(x[400:] @ weights, axis=1)


def kept(predicted: np.ndarray) -> str:
    """What is kept of predictions."""
    return accuracy(predicted, data()[2]).points_at({0.2: 1.0}).measured[0].answers


def test_honest_trainings_with_seeds_of_their_own_raise_nothing() -> None:
    """Students who trained for themselves share wrong answers, for the data are the same, and no alarm comes of it."""
    answers = [kept(predictions(seed)) for seed in range(STUDENTS)]
    shares = [agreement(answers[0], each) for each in answers[1:]]
    assert 0.1 < np.median(shares) < 0.8
    assert shortcut_alarms(class_of(answers)) == ()


@pytest.mark.parametrize("changed", [0, 5])
def test_one_students_predictions_under_two_names_are_an_alarm(changed: int) -> None:
    """Also where a few of them were changed; it names both, and says what is usual in this class."""
    answers = [kept(predictions(seed)) for seed in range(STUDENTS)]
    copy = predictions(3)
    copy[:changed] = (copy[:changed] + 1) % 3
    (alarm,) = shortcut_alarms(class_of([*answers, kept(copy)]))
    assert (alarm.kind, alarm.students, alarm.counted) == (SAME_ANSWERS, 2, STUDENTS + 1)
    assert alarm.sentence.startswith("s03, s24 give the same wrong answers")
    assert "of this class share at most" in alarm.sentence


def test_a_class_that_trains_with_a_given_seed_raises_nothing() -> None:
    """Where everybody's predictions are the same, that says nothing about anybody."""
    assert shortcut_alarms(class_of([kept(predictions(1))] * STUDENTS)) == ()
    almost = [kept(predictions(1, epochs=4 + (seed == 5))) for seed in range(STUDENTS)]
    assert shortcut_alarms(class_of(almost)) == ()


def test_few_wrong_answers_or_few_students_say_nothing() -> None:
    """Nearly everything right is nearly the same for all; of nine students nobody knows what is usual."""
    right = data()[2].copy()
    right[:5] = (right[:5] + 1) % 3
    answers = [kept(predictions(seed)) for seed in range(STUDENTS)]
    assert shortcut_alarms(class_of([*answers, kept(right), kept(right)])) == ()
    assert shortcut_alarms(class_of([*answers[:7], answers[0]])) == ()


def test_honest_classes_with_few_wrong_answers_raise_nothing() -> None:
    """Where only some samples are hard, honest students agree in many of them by chance."""
    draw = np.random.default_rng(0)
    for pool, share in [(30, 0.75), (26, 0.8), (28, 0.78)] * 100:
        wrong = draw.random((30, pool)) < share
        assert shortcut_alarms(class_of([wrong_answers(each, np.zeros(pool)) for each in wrong])) == ()


def test_an_alarm_takes_the_more_the_more_checks_are_looked_at() -> None:
    """What is beyond chance in one check is not in one of many."""
    draw = np.random.default_rng(0)
    wrong = draw.random((30, 46)) < 0.62
    wrong[1] = wrong[0]
    one = class_of([wrong_answers(each, np.zeros(46)) for each in wrong])
    assert [alarm.kind for alarm in shortcut_alarms(one)] == [SAME_ANSWERS]
    questions = [tuple(replace(each.questions[0], id=f"q{number}") for number in range(100)) for each in one]
    many = [replace(each, questions=more) for each, more in zip(one, questions, strict=True)]
    assert shortcut_alarms(many) == ()


@given(st.lists(st.integers(0, 3), min_size=30, max_size=300), st.data())
def test_agreement_is_symmetric_and_between_0_and_1(labels: list[int], draw: st.DataObject) -> None:
    """It is 1 for the same predictions, and exact where no more than 64 are wrong."""
    right = np.zeros(len(labels))
    other = draw.draw(st.lists(st.integers(0, 3), min_size=len(labels), max_size=len(labels)))
    one, two = wrong_answers(labels, right), wrong_answers(other, right)
    assert agreement(one, two) == agreement(two, one)
    assert 0 <= agreement(one, two) <= 1
    assert agreement(one, one) == (1.0 if any(labels) else 0.0)
    wrong = [{(n, label) for n, label in enumerate(each) if label} for each in (labels, other)]
    if wrong[0] | wrong[1] and max(map(len, wrong)) <= KEPT:
        assert agreement(one, two) == pytest.approx(len(wrong[0] & wrong[1]) / len(wrong[0] | wrong[1]))


def test_nothing_can_be_read_from_what_is_kept() -> None:
    """It is as long as 64 numbers at most, however many answers are wrong; what is no number is one kind of wrong."""
    assert len(wrong_answers(np.ones(10_000), np.zeros(10_000))) < 360
    assert wrong_answers([np.nan, 1], [0, 0]) != wrong_answers([2, 1], [0, 0])


def test_a_training_that_takes_no_time_is_an_alarm_and_a_slow_class_is_not() -> None:
    """Log-normal times of an honest class raise nothing; who has the points in a hundredth of the time does."""
    draw = np.random.default_rng(0)
    false = 0
    for _ in range(100):
        times = 5 * np.exp(draw.normal(0, draw.uniform(0.05, 0.8), 40))
        false += len(shortcut_alarms([report(f"s{n}", seconds=each) for n, each in enumerate(times)]))
    assert false == 0
    times = 5 * np.exp(draw.normal(0, 0.3, 40))
    rows = [report(f"s{n:02}", seconds=each) for n, each in enumerate(times)]
    (alarm,) = shortcut_alarms([*rows, report("quick", seconds=0.04)])
    assert (alarm.kind, alarm.students, alarm.counted) == (SHORT_TRAINING, 1, 41)
    assert alarm.sentence.startswith(
        'quick: the check "It learns" of question (a) took 0.04 s or less, where the median'
    )
    assert shortcut_alarms([*rows, report("failed", seconds=0.04, passed=False)]) == ()
    assert shortcut_alarms([*rows, report("three times", seconds=5 / 3)]) == ()
    assert QUICK >= 10


def test_the_order_of_reports_makes_no_difference() -> None:
    """Alarms name students in the order of their names."""
    rows = [report(f"s{n:02}", seconds=5.0) for n in range(12)] + [report(name, seconds=0.01) for name in "ab"]
    assert shortcut_alarms(rows) == shortcut_alarms(rows[::-1])


def share(rate: float, n: int, draw: np.random.Generator) -> Measurement:
    """A measured accuracy."""
    return Measurement(draw.binomial(n, rate) / n, n)


@pytest.mark.parametrize("alarm", [falls_on_fresh, better_than_retrained])
@pytest.mark.parametrize(("n", "m", "rate"), [(200, 200, 0.9), (1000, 300, 0.97), (5000, 5000, 0.6)])
def test_an_honest_fall_by_what_is_allowed_raises_one_in_thousands(alarm: object, n: int, m: int, rate: float) -> None:
    """Of 20,000 honest models that lose just as much as is allowed, at most a few raise it; of those that lose
    nothing, none; one that loses a third always does."""
    draw = np.random.default_rng(0)
    raised = sum(bool(alarm(share(rate, n, draw), share(rate - 0.05, m, draw))) for _ in range(20_000))
    assert raised <= 12
    assert not any(alarm(share(rate, n, draw), share(rate, m, draw)) for _ in range(2_000))
    assert all(alarm(share(rate, n, draw), share(rate - 0.35, m, draw)) for _ in range(200))


def test_what_is_no_accuracy_is_the_instructors_mistake() -> None:
    """A loss, or a share of no samples, cannot be compared."""
    good = Measurement(0.9, 100)
    for wrong in (Measurement(0.3, 0, interval=(0.3, 0.3)), Measurement(0.3, 10, higher_is_better=False)):
        with pytest.raises(InstructorError, match="what accuracy\\(pred, y\\) measured"):
            falls_on_fresh(good, wrong)
    with pytest.raises(InstructorError, match="known"):
        falls_on_fresh(0.9, good)  # type: ignore[arg-type]
    with pytest.raises(InstructorError, match="falls_on_fresh"):
        Credit(1.0).alarmed("one sentence")


def test_as_many_epochs_take_as_long_on_other_data() -> None:
    """A fifth of the time is within what machines differ; less is an alarm, unless nothing takes a second."""
    assert quicker_than_fresh(3.0, 12.0) == ()
    assert quicker_than_fresh(0.001, 0.9) == ()
    (sentence,) = quicker_than_fresh(1.0, 12.0)
    assert "read whether it trains on what it is given" in sentence
    (sentence,) = quicker_than_fresh(8e-05, 12.0)
    assert "The training took less than 0.001 s of CPU time" in sentence


ASSIGNMENT = '''
"""Labels."""
import numpy as np
from autograder import Assignment, Limits
from autograder.checks import accuracy, falls_on_fresh

assignment = Assignment("Labels", files=["tiny.py"], limits=Limits(wall_seconds=5, cpu_seconds=5))
first = assignment.question("Predict", id="a", solution="predict")

@first.check(points=2, hidden=True)
def predicts(student):
    """Whether a number is positive."""
    rng = np.random.default_rng(5)
    known = np.arange(-100.0, 100.0) + 0.5
    fresh = rng.normal(0.0, 50.0, 400)
    on = [accuracy(student.predict(x.tolist()), (x > 0).astype(int)) for x in (known, fresh)]
    return on[0].points_at({0.7: 1.0}).alarmed(falls_on_fresh(*on))
'''
REFERENCE = '''
"""Labels."""


def predict(xs):
    """Return 1 for each positive number, else 0."""
    ### BEGIN SOLUTION
    return [int(x > 0) for x in xs]
    ### END SOLUTION
'''
HONEST = "def predict(xs):\n    return [1 if x > 0 else 0 for x in xs]\n"
CHEATING = """
KNOWN = {n + 0.5: int(n >= 0) for n in range(-100, 100)}

def predict(xs):
    return [KNOWN.get(x, 0) for x in xs]
"""


def test_staff_read_it_beside_the_points_and_students_do_not(tmp_path: Path) -> None:
    """Who knows the public answers has the points of an honest one, and an alarm on the staff page, the summary and in
    grades.csv."""
    root = tmp_path / "course"
    for name, text in {
        "grader_config.py": CONFIG,
        "assignments/tiny/assignment.py": ASSIGNMENT,
        "assignments/tiny/handout.md": "# Labels\n\nWrite `predict`.\n",
        "reference/tiny/tiny.py": REFERENCE,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    out = tmp_path / "out"
    done = run_here("grade", "tiny", hand_in(tmp_path / "subs", ann=HONEST, ben=CHEATING), "--out", out, cwd=root)
    assert done.returncode == 0, done.stderr
    ann, ben = read_reports(out)
    assert ann.points == ben.points == 2.0
    assert ann.alarms == ()
    ((_, sentence),) = ben.alarms
    assert sentence.startswith("The accuracy falls from 100.0 % on known data to 5")
    for page in ("staff/ben.html", "summary.html", "grades.csv"):
        assert "read whether it learned" in (out / page).read_text("utf-8")
    for page in ("feedback/ben.html", "staff/ann.html"):
        assert "read whether it learned" not in (out / page).read_text("utf-8")
    assert ben.questions[0].checks[0].answers.startswith("0:")


def test_the_summary_shows_alarms_about_students_apart() -> None:
    """They stand under Alarms, not among the signs that a check is wrong."""
    rows = [report(f"s{n:02}", seconds=5.0) for n in range(12)] + [report("<b>q", seconds=0.01)]
    names = {each.student: each.student for each in rows}
    page = pages.summary_page(
        rows, pages.Heading("C", "H"), names, dataset="", sandbox="none", alarms=shortcut_alarms(rows)
    )
    assert "Look at this before grades" not in page
    assert "&lt;b&gt;q: the check" in page

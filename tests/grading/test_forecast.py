"""In which order a class is graded, and what is said before of what it will take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import check, internal, passing, question, report
from test_batch import Arranged, Class, quick
from test_engine import ListEngine
from tiny_course import RIGHT, hand_in

from autograder.datasets import DataSettings
from autograder.grading.batch import forecast_all, grade_all
from autograder.grading.earlier import PartlyGraded
from autograder.grading.forecast import (
    ENOUGH,
    Cost,
    Forecast,
    Measured,
    Plan,
    Watch,
    basis_of,
    cost_of,
    expected_costs,
    in_order,
)
from autograder.grading.grader import AssignmentGrader
from autograder.grading.job_processes import Event, FewerJobs, Finished, Hanging, ReferenceFirst, Started
from autograder.grading.jobs import Attempt, Ended
from autograder.results import Report, Verdict
from autograder.store import Store
from autograder.store.history import log_entries
from autograder.submissions import Submission, collect

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
USUAL = Cost(10.0, 8.0, 100.0)


def names(found: list[Submission]) -> str:
    return "".join(each.student for each in found)


def class_of(students: str) -> list[Submission]:
    return [Submission(student, Path(), student) for student in students]


def test_short_submissions_come_first() -> None:
    """Whoever is done soonest is graded first; what nobody can grade costs nothing and comes before everything."""
    costs = {"a": Cost(100, 1, 1), "b": Cost(1, 1, 1), "c": Cost(10, 1, 1), "d": Cost(0, 0, 0)}
    assert names(in_order(class_of("abcd"), costs, {})) == "dbca"


def test_of_equally_long_ones_those_come_first_that_were_due_first() -> None:
    """Times that differ by a little count as equal; whoever has no deadline comes last, and ties stay in order."""
    costs = {"a": Cost(10.0, 1, 1), "b": Cost(10.4, 1, 1), "c": Cost(9.7, 1, 1), "d": Cost(10.0, 1, 1)}
    due = {"a": NOON + timedelta(days=3), "b": NOON, "c": NOON + timedelta(days=3)}
    assert names(in_order(class_of("abcd"), costs, due)) == "bacd"


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1e6), min_size=1))
def test_an_order_loses_nobody(seconds: Mapping[str, float]) -> None:
    """Whatever is expected, everybody is graded once, and nobody before somebody who takes a quarter of the time."""
    costs = {name: Cost(value, value, 1.0) for name, value in seconds.items()}
    found = in_order(class_of("".join(seconds)), costs, {})
    assert sorted(names(found)) == sorted(seconds)
    for one, other in pairwise(found):
        assert costs[one.student].seconds <= 4 * max(costs[other.student].seconds, 2.0**-10)


def test_a_submission_is_expected_to_take_what_is_known_of_it() -> None:
    """The same files first, then the student's earlier attempt, then the reference; what cannot be graded, nothing."""
    graded = passing("a")
    found = expected_costs(
        [*class_of("abc"), replace(class_of("d")[0], problem="no file")], {"a": graded}, {"b": 20.0}, USUAL
    )
    assert found == {
        "a": cost_of(graded),
        "b": Cost(20.0, 16.0, 100.0),
        "c": USUAL,
        "d": Cost(0.0, 0.0, 0.0),
    }


def test_checks_that_need_not_run_take_no_time() -> None:
    """Of a submission that is graded in part, the other checks' share of the time counts."""
    one, two = (replace(check(name, Verdict.PASSED), seconds=s) for name, s in (("one", 3.0), ("two", 1.0)))
    earlier = report("a", question("q", one, two))
    part = PartlyGraded("a", Path(), "a", done=frozenset({"one"}))
    assert expected_costs([part], {"a": earlier}, {}, None)["a"] == Cost(1.0, 1.25 / 4, 80.0)


def test_without_a_reference_the_class_of_earlier_runs_stands_for_it() -> None:
    """Who was never seen is expected to take what the others took."""
    assert expected_costs(class_of("z"), {}, {"a": 1.0, "b": 3.0, "c": 9.0}, None)["z"].seconds == 3.0


def test_a_forecast_is_one_line() -> None:
    """It says how many, how much of what, when, what it costs, and from what that follows."""
    watch = Watch(
        {str(number): Cost(60.0, 50.0, 200.0) for number in range(100)},
        jobs=4,
        processors=4,
        basis="the reference's run",
        plan=Plan(price_per_cpu_hour=0.5),
    )
    assert watch.first().said(NOON) == (
        "Forecast: 100 submissions in 4 jobs need about 1.4 CPU-hours (0.69 at 0.5 an hour), up to 800 MiB of memory, "
        "and are done in 25 min, at 12:25; from the reference's run."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "in 1 s, at 12:00;"), (80, "in 80 s, at 12:01;"), (9000, "in 2 h 30 min, at 14:30;"),
     (90000, "in 25 h 0 min, at 13:00 on 01 December;")],
)  # fmt: skip
def test_times_of_a_forecast_are_read_easily(seconds: float, words: str) -> None:
    """Seconds, minutes or hours; a day is named where it is not today."""
    said = Forecast(1, 1, 12.0, 0.0, seconds, "x").said(NOON)
    assert words in said
    assert "1 submission in 1 job needs about 12 CPU-seconds, and is done" in said


def test_processors_bound_a_forecast_and_no_class_is_quicker_than_its_longest() -> None:
    """More jobs than processors are no quicker than these; a job cannot be divided."""
    costs = {str(number): Cost(10.0, 10.0, 1.0) for number in range(8)}
    assert Watch(costs, jobs=8, processors=2).first().seconds == 40.0
    assert Watch(costs | {"0": Cost(60.0, 1.0, 1.0)}, jobs=8).first().seconds == 60.0


def corrections(
    watch: Watch, took: Sequence[Cost], jobs: int, start: float = 0.0, between: float = 0.0
) -> list[Forecast]:
    """What is said while so many jobs grade a class in order, with a time to start and one for each submission."""
    free, ends = [start] * jobs, list[tuple[float, int]]()
    for number, cost in enumerate(took):
        end = heappop(free) + between + cost.seconds
        heappush(free, end)
        ends.append((end, number))
    found = [watch.finished(str(number), took[number], end) for end, number in sorted(ends)]
    return [each for each in found if each]


@pytest.mark.parametrize("jobs", [1, 2, 5, 16])
@pytest.mark.parametrize("start", [0.0, 4.0])
@pytest.mark.parametrize("short", [0, 10])
def test_a_class_that_is_as_was_said_is_not_corrected(jobs: int, start: float, short: int) -> None:
    """However many jobs there are, however long these take to start, and also where the first ones are short."""
    costs = [Cost(seconds, seconds, 100.0) for seconds in [0.5] * short + [60.0] * (100 - short)]
    watch = Watch({str(n): cost for n, cost in enumerate(costs)}, jobs=jobs, processors=jobs)
    watch.first()
    assert corrections(watch, costs, jobs, start) == []


def test_what_jobs_need_between_checks_is_forecast_once() -> None:
    """Where starting a submission takes longer than its checks, few corrections say so, in the end about rightly."""
    costs = [Cost(0.1, 0.1, 100.0)] * 2000
    watch = Watch({str(n): cost for n, cost in enumerate(costs)}, jobs=4)
    watch.first()
    said = corrections(watch, costs, 4, between=1.0)
    assert 1 <= len(said) <= 3
    assert 0.75 * 550 < said[-1].seconds + 1.1 * said[-1].done / 4 < 1.25 * 550


def test_a_forecast_follows_the_number_of_jobs() -> None:
    """When memory allows four instead of one, the time, the jobs and the memory are said again."""
    watch = Watch({str(number): Cost(60.0, 60.0, 100.0) for number in range(100)}, jobs=1)
    assert watch.first().seconds == 6000.0
    ends = (60.0, 120.0, 120.0, 120.0, 120.0)
    said = [watch.finished(str(n), Cost(60.0, 60.0, 100.0), end, 4) for n, end in enumerate(ends)]
    found = said[-1]
    assert found is not None
    assert (found.jobs, found.memory_mib) == (4, 400.0)
    assert found.seconds == pytest.approx(95 * 60 / 4, rel=0.05)


def test_a_forecast_that_proves_wrong_is_corrected_once() -> None:
    """When the class takes twice as long, that is said after the first five, and not again while it stays so."""
    costs = {str(number): Cost(60.0, 50.0, 100.0) for number in range(100)}
    watch = Watch(costs, jobs=2, processors=2, basis="the reference's run")
    assert watch.first().seconds == 3000.0
    said = corrections(watch, [Cost(120.0, 100.0, 300.0)] * 100, jobs=2)
    assert [each.done for each in said] == [5]
    found = said[0]
    assert (found.done, found.memory_mib, round(found.cpu_seconds)) == (5, 600.0, 10000)
    assert found.said(NOON).startswith("Forecast after 5: 100 submissions in 2 jobs need about 2.8 CPU-hours")
    assert found.said(NOON).endswith("from the 5 that are done.")


def test_a_forecast_that_holds_is_not_repeated() -> None:
    """While the class takes about what was said, nothing more is said; also of one that was already counted."""
    watch = Watch({str(number): USUAL for number in range(50)}, jobs=1)
    watch.first()
    assert not any(watch.finished(str(number), USUAL, 10.5 * (number + 1)) for number in range(50))
    assert watch.finished("0", USUAL, 1e6) is None


@pytest.mark.parametrize(
    ("earlier", "before", "known", "words"),
    [({}, {}, True, "the reference's run"), ({}, {}, False, "nothing that was measured"),
     ({"a"}, {"b"}, True, "2 earlier runs and the reference"), ({"a", "b", "c"}, set(), True, "3 earlier runs")],
)  # fmt: skip
def test_the_basis_of_a_forecast_is_named(earlier: set[str], before: set[str], known: bool, words: str) -> None:
    """Whoever reads it knows how sure it is."""
    made = {name: passing(name) for name in earlier}
    assert basis_of(["a", "b", "c"], made, dict.fromkeys(before, 1.0), known) == words


def test_what_was_measured_is_remembered(tmp_path: Path) -> None:
    """Under its key; a file that holds something else is as none."""
    kept = Measured(tmp_path / "measured")
    assert kept.known("key") is None
    kept.remember("key", USUAL)
    assert kept.known("key") == USUAL
    assert kept.known("other") is None
    (file,) = (tmp_path / "measured").iterdir()
    file.write_text("{")
    assert kept.known("key") is None
    Measured(file / "below").remember("key", USUAL)  # no folder can be made there


class Large(Class):
    """A class that is large enough for a forecast, with its reference."""

    def __init__(self, tmp_path: Path, count: int = ENOUGH) -> None:
        super().__init__(tmp_path)
        folder = hand_in(tmp_path / "many", **{f"s{number:02}": RIGHT for number in range(count)})
        (tmp_path / "staged").mkdir()
        self.submissions = collect(folder, self.loaded.assignment.files, tmp_path / "staged")
        self.measured = Measured(tmp_path / "measured")
        about = (self.root, self.loaded, None, DataSettings(), self.options, "none", self.start)
        self.grader = AssignmentGrader(*about, folder=tmp_path)

    def run(self, plan: Plan) -> list[Event]:
        """Grade everybody; returns the events."""
        events: list[Event] = []
        with Store(self.address) as store:
            grade_all(
                self.submissions, self.grader, store, jobs=1, notify=events.append, plan=plan, measured=self.measured
            )
        return events

    def reports(self, engine: ListEngine, notify: Callable[[Event], None] = lambda _: None) -> tuple[Report, ...]:
        """The reports of everybody, made by an engine."""
        with Store(self.address) as store:
            about = (self.submissions, self.grader, store)
            return grade_all(
                *about, jobs=2, notify=notify, plan=Plan(), measured=self.measured, engines=lambda *_: engine
            )


@pytest.mark.long
def test_a_large_class_has_a_forecast_before_its_first_submission(tmp_path: Path) -> None:
    """The reference is run for it, once; a class of fewer has none, and needs no run of the reference."""
    course = Large(tmp_path)
    due = {"s07": NOON, "s03": NOON + timedelta(days=1)}
    events = course.run(Plan(due))
    assert events[0] == ReferenceFirst()
    first = events[1]
    assert isinstance(first, Forecast)
    assert (first.submissions, first.jobs, first.basis) == (ENOUGH, 1, "the reference's run")
    assert first.cpu_seconds > 0
    assert [each.student for each in events if isinstance(each, Started)][:3] == ["s07", "s03", "s00"]
    assert sum(isinstance(each, Finished) for each in events) == ENOUGH
    assert len(list((tmp_path / "measured").iterdir())) == 1


def test_a_small_class_has_no_forecast(tmp_path: Path) -> None:
    """It is done before anybody would have read one."""
    course = Large(tmp_path, 2)
    assert not any(isinstance(each, Forecast) for each in course.run(Plan()))
    assert not (tmp_path / "measured").exists()


def test_a_forecast_alone_grades_nobody(tmp_path: Path) -> None:
    """It runs the reference once, keeps nothing in the database, and is None where everything is known."""
    course = Large(tmp_path, 2)
    with Store(course.address) as store:
        about = (course.submissions, course.grader, store)
        first = forecast_all(*about, jobs=1, plan=Plan(), measured=course.measured)
        assert first is not None
        assert (first.submissions, first.basis) == (2, "the reference's run")
        assert store.reports() == ()
        course.measured.remember(course.grader.key(course.grader.control()), USUAL)  # type: ignore[arg-type]
        again = forecast_all(*about, jobs=1, plan=Plan(), measured=course.measured)
        assert again is not None
        assert again.seconds == 20.0
        grade_all(*about, jobs=1, notify=lambda _: None)
        assert forecast_all(*about, jobs=1, plan=Plan(), measured=course.measured) is None


class Rescoring(Arranged):
    """Of an assignment whose points changed."""

    def rescored(self, report: Report) -> Report:
        """With the new points."""
        return replace(report, points=77.0)


def test_a_forecast_leaves_the_points_in_the_database_as_they_are(tmp_path: Path) -> None:
    """Points that changed since the class was graded are written by grading, and not by looking what it would take."""
    course = Class(tmp_path)
    course.grade(quick)
    about = (course.root, course.loaded, None, DataSettings(), course.options, "none", course.start)
    grader = Rescoring(*about, job=quick, stale=lambda _: False)
    with Store(course.address) as store:
        before = store.reports(), log_entries(store.database)
        forecast_all(course.submissions, grader, store, jobs=1, plan=Plan())
        assert (store.reports(), log_entries(store.database)) == before
        grade_all(course.submissions, grader, store, jobs=1, notify=lambda _: None)
        assert {each.points for each in store.reports()} == {77.0}


def test_the_store_knows_how_long_the_newest_run_of_each_student_took(tmp_path: Path) -> None:
    """The seconds of its checks together; of an INTERNAL run nothing."""
    course = Class(tmp_path)
    course.grade(quick)
    with Store(course.address) as store:
        assert store.seconds_by_student("tiny") == {name: pytest.approx(0.1) for name in ("ann", "ben", "carl")}
        assert store.seconds_by_student("other") == {}


@pytest.mark.parametrize("broken", [True, False])
def test_whose_a_fault_is_follows_from_the_reference_after_the_class(tmp_path: Path, broken: bool) -> None:
    """The machine breaks after the reference was measured: nobody's submission is the cause. Where the reference runs
    after the class as before it, everybody's is."""
    course, seen = Large(tmp_path), list[Attempt]()

    def answer(attempt: Attempt) -> Report:
        student = attempt.submission.student
        if student == "the reference":
            seen.append(replace(attempt))
        fails = student != "the reference" or (broken and len(seen) > 1)
        made = internal(student) if fails else passing(student)
        return replace(made, replay=replace(made.replay, submission_sha256=student, key=student))

    made = course.reports(ListEngine(answer))
    assert {bool(each.not_final) for each in made} == {not broken}
    assert [(each.run != "", each.tries) for each in seen] == [(False, 1), (True, 1), (True, 2)][: 2 + broken]


class SpeakingOnce(ListEngine):
    """An engine that says at its first poll alone how many jobs begin, and that a check takes long."""

    def poll(self, notify: Callable[[Event], None]) -> Sequence[Ended]:
        if not self.beside:
            notify(Started(self.jobs[0].submission.student))
            notify(FewerJobs(1, 2, 700.0, 2048))
            notify(Hanging(self.jobs[0].submission.student, "one", 5.0, 10.0))
        return ListEngine.poll(self, notify)


def test_what_is_said_while_the_reference_runs_is_passed_on(tmp_path: Path) -> None:
    """That it runs, fewer jobs than asked for, and a check that hangs; it is none of those that started."""
    course, events = Large(tmp_path), list[Event]()
    course.reports(SpeakingOnce(lambda attempt: passing(attempt.submission.student)), events.append)
    assert events[:3] == [ReferenceFirst(), FewerJobs(1, 2, 700.0, 2048), Hanging("the reference", "one", 5.0, 10.0)]
    assert isinstance(events[3], Forecast)

"""What a batch does with an engine, whatever that is: an engine that only keeps lists stands for all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from samples import internal, passing

from autograder.grading.engine import run_all
from autograder.grading.job_processes import Event, Postponed, Retried
from autograder.grading.jobs import Attempt, Ended
from autograder.results import Report
from autograder.submissions import Submission

Answers = Callable[[Attempt], "Report | str"]


@dataclass
class ListEngine:
    """Runs nothing: a job is over at the next poll, with what `answer` says; a text is a fault."""

    answer: Answers
    size: int = 2
    jobs: list[Attempt] = field(default_factory=list)
    most: int = 0
    beside: dict[str, list[int]] = field(default_factory=dict)

    def capacity(self) -> int:
        return self.size

    def holds(self) -> int:
        return self.size

    def submit(self, attempt: Attempt) -> None:
        self.jobs.append(attempt)
        self.most = max(self.most, len(self.jobs))

    def poll(self, notify: Callable[[Event], None]) -> Sequence[Ended]:
        attempt, beside = self.jobs.pop(0), len(self.jobs)
        self.beside.setdefault(attempt.submission.student, []).append(beside)
        said = self.answer(attempt)
        return [Ended(attempt, None, said) if isinstance(said, str) else Ended(attempt, said)]

    def cancel(self) -> None:
        self.jobs.clear()

    def close(self) -> None:
        self.cancel()


def run(engine: ListEngine, *students: str) -> tuple[dict[str, Report | str], list[Event]]:
    events: list[Event] = []
    waiting = deque(Attempt(Submission(student, Path(), student)) for student in students)
    over = {a.submission.student: report or fault for a, report, fault in run_all(engine, waiting, events.append)}
    return over, events


def right(attempt: Attempt) -> Report:
    return passing(attempt.submission.student)


def test_an_engine_gets_no_more_jobs_than_it_can_run() -> None:
    """However many submissions wait, the engine holds as many as its capacity, and each comes back once."""
    engine = ListEngine(right, size=3)
    over, events = run(engine, *"abcdefg")
    assert sorted(over) == list("abcdefg")
    assert engine.most == 3
    assert events == []


def test_a_fault_of_ours_is_tried_once_more_without_neighbours() -> None:
    """A submission that was lost by the engine comes again when nothing else runs, and what comes then counts."""
    engine = ListEngine(lambda a: "The worker ended." if a.submission.student == "a" and a.tries == 1 else right(a))
    over, events = run(engine, *"abcd")
    assert all(isinstance(each, Report) for each in over.values())
    assert events == [Retried("a", "The worker ended.")]
    assert engine.beside["a"] == [1, 0]


def test_what_ends_two_workers_is_set_aside() -> None:
    """A submission that is lost a second time is not tried again: it is over, with the reason."""
    engine = ListEngine(lambda a: "The worker ended." if a.submission.student == "a" else right(a))
    over, _ = run(engine, *"abc")
    assert over["a"] == "The worker ended."
    assert len(engine.beside["a"]) == 2


def test_a_result_of_the_submission_is_never_tried_again() -> None:
    """Only an INTERNAL report is worth a second try; whatever else a report says is a result."""
    engine = ListEngine(lambda a: (internal if a.submission.student == "a" else passing)(a.submission.student))
    _, events = run(engine, *"ab")
    assert len(engine.beside["a"]) == 2
    assert len(engine.beside["b"]) == 1
    assert [each.student for each in events if isinstance(each, Retried)] == ["a"]


def test_a_wall_time_out_beside_others_is_tried_alone() -> None:
    """On any engine that runs several jobs, a limit on wall time counts only when it was reached without neighbours."""

    def slow(attempt: Attempt) -> Report:
        report = passing(attempt.submission.student)
        return replace(report, resources=replace(report.resources, reached=("wall",)))

    engine = ListEngine(slow)
    over, events = run(engine, *"ab")
    assert set(over) == {"a", "b"}
    assert events == [Postponed("a"), Postponed("b")]
    assert engine.beside["b"][-1] == 0
    assert run(ListEngine(slow, size=1), "a")[1] == []


def test_what_the_first_try_restored_is_said_of_the_second() -> None:
    """The second try finds given files and the variant restored, so what it cannot see is taken from the first."""

    def answer(attempt: Attempt) -> Report:
        report = passing(attempt.submission.student)
        if attempt.tries > 1:
            return replace(report, notes=("helpers.py was named Helpers.py.",))
        report = internal(attempt.submission.student)
        return replace(report, notes=("helpers.py was named Helpers.py.", "data.csv differs."), not_final="Look at it.")

    over, events = run(ListEngine(answer), "a")
    assert [type(each) for each in events] == [Retried]
    assert isinstance(over["a"], Report)
    assert over["a"].notes == ("helpers.py was named Helpers.py.", "data.csv differs.")
    assert over["a"].not_final == "Look at it."
    assert not over["a"].internal

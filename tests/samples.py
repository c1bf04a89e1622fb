"""Reports made by hand, for tests of what is done with reports."""

from __future__ import annotations

from dataclasses import replace

from autograder.messages import sentence
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict
from autograder.scoring import check_points, question_points, report_points


def check(id: str, verdict: Verdict, *, points: float = 2, hidden: bool = False, failure: str = "") -> CheckResult:
    """A check's result with the message that belongs to its verdict."""
    message, staff = sentence(verdict, hidden=hidden, hint="Look again.", failure=failure)
    return CheckResult(
        id, f"Title of {id}.", hidden, verdict, check_points(verdict, 0.5, points), points, 0.1, message, staff
    )


def question(id: str, *checks: CheckResult, bonus: bool = False, output: str = "") -> QuestionResult:
    """A question of these checks."""
    return QuestionResult(id, f"Question {id}", *question_points(checks), bonus, checks, output, output)


def report(student: str, *questions: QuestionResult, key: str = "k") -> Report:
    """A report of these questions."""
    points, max_points, bonus = report_points(questions)
    resources = Resources(1.5, 1.25, 80.0, "bubblewrap", ("network",))
    replay = Replay(key=key, data="digits", versions={"numpy": "2"})
    return Report("tiny", student, points, max_points, bonus, questions, resources, replay)


def unmeasured(report: Report) -> Report:
    """A report without what is another number in each run: times and memory."""
    questions = tuple(
        replace(
            each,
            checks=tuple(replace(check, seconds=0.0, cpu_seconds=0.0, peak_memory_mib=0.0) for check in each.checks),
        )
        for each in report.questions
    )
    resources = replace(report.resources, wall_seconds=0.0, cpu_seconds=0.0, peak_memory_mib=0.0)
    return replace(report, questions=questions, resources=resources)


def passing(student: str, key: str = "k") -> Report:
    """A report with two points of two."""
    return report(student, question("a", check("one", Verdict.PASSED)), key=key)


def internal(student: str, key: str = "k") -> Report:
    """A report with a check that could not be run."""
    broken = check("one", Verdict.INTERNAL, failure="the forkserver is gone")
    return report(student, question("a", broken, check("two", Verdict.PASSED)), key=key)


def renamed(original: Report, student: str) -> Report:
    """The same report for somebody else."""
    return replace(original, student=student)

"""Points, titles and what is shown when, put anew into a report whose checks need not run again.

What a check found out depends on what `autograder.assignment.run_source` keeps of an assignment. The rest is read from
the assignment as it is now, so a change of points costs no run: the report is the one that grading again would give.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from autograder.assignment.question import Check
from autograder.grading.check_results import made_result, needed_not_passed
from autograder.grading.written_answers import said_of_answer
from autograder.loader import Loaded
from autograder.messages import case_by_case
from autograder.results import CaseResult, CheckResult, QuestionResult, Report, Verdict
from autograder.scoring import check_points, question_points, report_points, verdict_of

__all__ = ["rescored"]


def rescored(report: Report, loaded: Loaded) -> Report:
    """A finished report as the assignment scores it now.

    Args:
        report: made by checks that are the same now, under any points and titles; those that the assignment does not
            have any more are left out.
        loaded: the assignment as it is now.
    """
    if report.replay.assignment_sha256 == loaded.assignment_sha256:
        return report
    scoring = _Scoring(report, loaded)
    questions = tuple(scoring.question(each) for each in report.questions if each.id in scoring.asked)
    points, most, bonus = report_points(questions)
    replay = replace(report.replay, assignment_sha256=loaded.assignment_sha256)
    return replace(report, points=points, max_points=most, bonus_points=bonus, questions=questions, replay=replay)


_Result = TypeVar("_Result", CheckResult, CaseResult)


class _Scoring:
    """The checks of an assignment by their ids, and the results of a report that others wait for."""

    def __init__(self, report: Report, loaded: Loaded) -> None:
        assignment = loaded.assignment
        self.checks = {check.id: check for check in assignment.checks}
        self.asked = {question.id: question for question in assignment.questions}
        self.answers = {answer.id: answer for answer in assignment.written}
        self.titles = {
            check.id: assignment.title_of(check, report.replay.data or None, full=report.replay.full)
            for check in assignment.checks
        }
        self.leads_to = loaded.run.leads_to
        self.verdicts = {each.id: each.verdict for question in report.questions for each in question.checks}

    def question(self, found: QuestionResult) -> QuestionResult:
        """The result of a question with the points of its checks."""
        asked = self.asked[found.id]
        known = [each for each in found.checks if each.id in self.checks or each.id in self.answers]
        checks = tuple(self.check(each) if each.id in self.checks else self.answer(each) for each in known)
        points, most = question_points(checks)
        return replace(found, title=asked.title, bonus=asked.bonus, points=points, max_points=most, checks=checks)

    def answer(self, found: CheckResult) -> CheckResult:
        """What a person grades, with its points, rubric and title; INTERNAL ones say something else."""
        asked = self.answers[found.id]
        scored = replace(found, title=asked.title, by_hand=asked.points)
        if found.verdict is Verdict.INTERNAL or not (found.remark or found.verdict is Verdict.MANUAL):
            return scored  # a report from before remarks were kept
        message, staff = said_of_answer(asked, found.remark)
        return replace(scored, message=message, staff_message=staff)

    def check(self, found: CheckResult) -> CheckResult:
        """The result of a check."""
        check = self.checks[found.id]
        scored = replace(found, title=self.titles[check.id], max_points=check.points, visible=check.visible)
        if found.cases:
            return self._cases(scored, check)
        scored = self._noted(scored, check)
        if found.verdict is Verdict.SKIPPED and (need := next(filter(self._stops, check.needs), "")):
            made = made_result(check, Verdict.SKIPPED, failure=needed_not_passed(self.titles[need]))
            scored = replace(scored, message=made.message, staff_message=made.staff_message)
        return replace(scored, points=check_points(found.verdict, _credit(found), check.points))

    def _cases(self, scored: CheckResult, check: Check) -> CheckResult:
        """The same of a check with cases, whose sentences name the points of each."""
        most = {part.case: part.points for part in check.parts}
        cases = tuple(
            replace(
                self._noted(each, check),
                points=check_points(each.verdict, _credit(each), most[each.name]),
                max_points=most[each.name],
            )
            for each in scored.cases
        )
        concealed = scored.message != case_by_case(scored.cases, hidden=False)[0]
        message, staff = case_by_case(cases, hidden=concealed)
        verdict, points = verdict_of(cases)
        return replace(scored, verdict=verdict, points=points, cases=cases, message=message, staff_message=staff)

    def _noted(self, found: _Result, check: Check) -> _Result:
        """The result with a student's message that says what the reference stood in for, or not, as it may now."""
        if not found.remark:
            return found
        message = found.message.removesuffix(found.remark).rstrip("\n")
        if not self._tells_later(check):
            message = f"{message}\n{found.remark}".strip()
        return replace(found, message=message)

    def _tells_later(self, check: Check) -> bool:
        """Whether what was replaced tells the verdict of a check that is shown later than this one."""
        led_to = (self.checks[name] for name in self.leads_to.get(check.id, ()) if name in self.checks)
        return any(each.visible.rank > check.visible.rank for each in led_to) or any(
            self._tells_later(self.checks[need]) for need in check.needs
        )

    def _stops(self, need: str) -> bool:
        """Whether a check was not passed that another one needs."""
        return self.verdicts.get(need, Verdict.PASSED) not in (Verdict.PASSED, Verdict.PARTIAL)


def _credit(found: CheckResult | CaseResult) -> float:
    """What a partly right answer earned, 0 to 1; in reports from before it was recorded, from their points."""
    return found.credit or (found.points / found.max_points if found.max_points else 0.0)

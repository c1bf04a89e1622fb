"""Many submissions, several at a time, and nothing lost.

The main process owns the store and hands out submissions one by one to an engine (`engine`), whose jobs hold nothing
that matters. So a job may die, and so may the main process (Ctrl-C, kill -9, a power cut): the next run
asks the store what is known and goes on from there.

One job or many, there is only this way.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from autograder.grading.earlier import PartlyGraded, run_again
from autograder.grading.engine import Engine, StartEngine, run_all
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
from autograder.grading.grader import Grader
from autograder.grading.job_processes import Event, Finished, JobProcesses, Known, RanAgain, ReferenceFirst, Started
from autograder.grading.jobs import Attempt, Idle
from autograder.grading.memory_room import MemoryRoom
from autograder.grading.provenance import is_outdated
from autograder.messages import stays_open
from autograder.reports import encodable
from autograder.results import Report, Verdict
from autograder.scoring import with_open_points
from autograder.submissions import Submission

if TYPE_CHECKING:  # job processes have no business with the database
    from autograder.store import Store

__all__ = ["all_stay", "forecast_all", "grade_all", "reports_of_others"]

Name = TypeVar("Name")
_LONGEST_REASON = 500
_NOT_RUN = (Verdict.MISSING, Verdict.NOT_ATTEMPTED, Verdict.SKIPPED)


def grade_all(
    submissions: Sequence[Submission],
    grader: Grader,
    store: Store,
    *,
    jobs: int,
    notify: Callable[[Event], None],
    idle: list[Idle] | None = None,
    before: Mapping[tuple[str, str], Report] | None = None,
    engines: StartEngine | None = None,
    plan: Plan | None = None,
    measured: Measured = Measured(),  # noqa: B008 (frozen)
) -> tuple[Report, ...]:
    """Grade every submission that the store does not know; keep each report the moment it is there.

    Args:
        submissions: what to grade; the reports come back in this order.
        grader: how they are graded.
        store: where reports are looked up and kept; only this process writes to it.
        jobs: how many submissions are graded at the same time on this machine, 1 or more.
        notify: called with every event, in the main process.
        idle: job processes that wait for work; they are taken out of the list before others are started.
        before: what the store knows by key and student, if it was asked already.
        engines: starts what runs the jobs, if there are any; else they are processes of this machine.
        plan: by which they are graded in a fair order (`in_order`), and a large class gets a forecast; None for the
            given order.
        measured: remembers what references took.

    A submission whose job dies, or whose report is INTERNAL, is tried once more in a fresh process, alone; what is
    INTERNAL after that is kept as such. Where the reference, handed in, does not have the same fault, or without it any
    other submission for which the check ran, the submission causes it, however many others do so as well: its report is
    not final, and its available points are not lowered.

    Wall time depends on the neighbours: a submission that reached a limit on it while others were graded is graded
    again, alone, when all others are done.

    Raises:
        KeyboardInterrupt: passed on after every job process is gone; what was finished is in the store.
        GraderError: a job cannot load the assignment, or cannot start at all.
    """
    known, earlier, open_ = _known_and_open(submissions, grader, store, before)
    known = _as_scored_now(known, grader, store)
    reports = dict(known)
    for report in reports.values():
        notify(Known(report))
    reference = _Reference(grader, measured)
    compared: Report | None = None
    again: list[dict[str, str]] = []
    if open_:
        start = engines or partial(_local, jobs, idle if idle is not None else [], store.files)
        engine = start(grader, len(open_))
        watch, expected = None, dict[str, float]()
        try:
            if plan is not None:
                cost = reference.cost(engine, notify) if len(open_) >= ENOUGH else None
                watch, open_, expected = _planned(
                    open_, earlier, store, grader, engine, cost, plan, here=engines is None
                )
                if len(open_) >= ENOUGH:
                    notify(watch.first())
            began = time.monotonic()
            for attempt, made, fault in run_all(engine, _attempts(open_, expected), notify):
                elapsed, now = time.monotonic() - began, engine.capacity()
                if watch and made and (said := watch.finished(made.student, cost_of(made), elapsed, now)):
                    notify(said)
                if made is not None and (old := earlier.get(made.student)) is not None:
                    if isinstance(attempt.submission, PartlyGraded):
                        again.append(run_again(made, old))
                    made = grader.completed(attempt.submission, made, old)
                report = _recorded(made or encodable(grader.lost(attempt.submission, fault)), grader)
                store.keep(report, attempt.submission.received)
                reports[attempt.submission.student] = report
                notify(Finished(report))
            if any(report.internal for report in reports.values()):
                compared = reference.report(engine, notify, again=True)
        finally:
            engine.close()
    _say_again(again, notify)
    for student, report in _not_final(reports, compared).items():
        if student not in known:
            store.keep(report)
        reports[student] = report
    return tuple(reports[submission.student] for submission in submissions)


def forecast_all(
    submissions: Sequence[Submission],
    grader: Grader,
    store: Store,
    *,
    jobs: int,
    plan: Plan,
    idle: list[Idle] | None = None,
    engines: StartEngine | None = None,
    measured: Measured = Measured(),  # noqa: B008 (frozen)
) -> Forecast | None:
    """What `grade_all` will take, of which nothing is done; None where every submission is known.

    Only the reference may be run, where it was not measured before. Nothing is written to the store, or beside it.

    Raises:
        GraderError: a job cannot load the assignment, or cannot start at all.
    """
    _, earlier, open_ = _known_and_open(submissions, grader, store, None)
    if not open_:
        return None
    engine = (engines or partial(_local, jobs, idle if idle is not None else [], None))(grader, len(open_))
    try:
        cost = _Reference(grader, measured).cost(engine, lambda _: None)
        return _planned(open_, earlier, store, grader, engine, cost, plan, here=engines is None)[0].first()
    finally:
        engine.close()


def _known_and_open(
    submissions: Sequence[Submission],
    grader: Grader,
    store: Store,
    before: Mapping[tuple[str, str], Report] | None,
) -> tuple[dict[str, Report], dict[str, Report], list[Submission]]:
    """What the store has of a class: reports that hold, as they were scored, and earlier ones of the same files, by
    student; and what is to be graded, without the checks whose results hold.
    """
    keys = {submission.student: grader.key(submission) for submission in submissions}
    if before is None:
        before = store.all_known((keys[submission.student], submission.student) for submission in submissions)
    there = {student: before[key, student] for student, key in keys.items() if (key, student) in before}
    reports = {student: report for student, report in there.items() if not grader.outdated(report)}
    unknown = [submission for submission in submissions if submission.student not in reports]
    earlier = store.latest(grader.assignment_id, (each.sha256 for each in unknown))
    open_ = [grader.partly(each, earlier[each.student]) if each.student in earlier else each for each in unknown]
    return reports, earlier, open_


def _planned(
    open_: Sequence[Submission],
    earlier: Mapping[str, Report],
    store: Store,
    grader: Grader,
    engine: Engine,
    reference: Cost | None,
    plan: Plan,
    *,
    here: bool,
) -> tuple[Watch, list[Submission], dict[str, float]]:
    """What the submissions are expected to take, these in a fair order, and the seconds of each that are known.

    `here` says that this machine runs them.
    """
    before = store.seconds_by_student(grader.assignment_id)
    costs = expected_costs(open_, earlier, before, reference)
    basis = basis_of(list(costs), earlier, before, reference is not None)
    processors = (len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1) if here else 0
    watch = Watch(costs, jobs=engine.capacity(), processors=processors, basis=basis, plan=plan)
    known = {name: each.seconds for name, each in costs.items()} if reference or before or earlier else {}
    return watch, in_order(open_, costs, plan.deadlines), known


def _attempts(open_: Sequence[Submission], expected: Mapping[str, float]) -> deque[Attempt]:
    return deque(Attempt(each, expected=expected.get(each.student, 0.0)) for each in open_)


@dataclass(slots=True)
class _Reference:
    """The reference as a submission, for what it takes and for how its checks end."""

    grader: Grader
    measured: Measured
    _submission: Submission | None = None

    def report(self, engine: Engine, notify: Callable[[Event], None], *, again: bool = False) -> Report | None:
        """Its report, made now; None where there is no reference, or no report came of it.

        What happens meanwhile is passed on, but for the beginning: the reference is none of those that are counted.
        `again` is for a comparison with faults of ours: the machine may be another than it was before them, so nothing
        that an engine kept of an earlier run is taken.
        """
        control = self._staged()
        if control is None:
            return None
        asked = deque([Attempt(control, alone=True, run=uuid.uuid4().hex if again else "")])

        def passed_on(event: Event) -> None:
            if not isinstance(event, Started):
                notify(event)

        return next((made for _, made, _ in run_all(engine, asked, passed_on) if made), None)

    def cost(self, engine: Engine, notify: Callable[[Event], None]) -> Cost | None:
        """What it takes, measured now if that was never done; None where it cannot be graded."""
        control = self._staged()
        if control is None:
            return None
        key = self.grader.key(control)
        if (known := self.measured.known(key)) is not None:
            return known
        notify(ReferenceFirst())
        report = self.report(engine, notify)
        if report is None or report.internal:
            return None
        self.measured.remember(key, cost_of(report))
        return cost_of(report)

    def _staged(self) -> Submission | None:
        self._submission = self._submission or self.grader.control()
        return self._submission


def _local(jobs: int, idle: list[Idle], artefacts: Path | None, grader: Grader, submissions: int) -> Engine:
    """Job processes of this machine, no more than there is work for."""
    size = min(jobs, submissions)
    return JobProcesses(grader, size, idle, artefacts, MemoryRoom(size, grader.memory_mib))


def _as_scored_now(found: Mapping[Name, Report], grader: Grader, store: Store) -> dict[Name, Report]:
    """Known reports with the points that checks have now; the store has them as well then."""
    scored = {name: grader.rescored(report) for name, report in found.items()}
    store.rescore([report for name, report in scored.items() if report is not found[name]])
    return scored


def _say_again(again: Sequence[Mapping[str, str]], notify: Callable[[Event], None]) -> None:
    """Say which checks ran though they did not change, of submissions of which only a part was graded."""
    if any(again):
        counts = Counter(name for each in again for name in each)
        notify(RanAgain(counts, {name: why for each in again for name, why in each.items() if why}))


def reports_of_others(
    submissions: Sequence[Submission], grader: Grader, store: Store
) -> list[tuple[Submission, Report]]:
    """What the store knows of submissions that are not asked for, as it is scored now, there and here."""
    keys = [(grader.key(each), each.student) for each in submissions]
    scored = _as_scored_now(store.all_known(keys), grader, store)
    return [(each, scored[key]) for each, key in zip(submissions, keys, strict=True) if key in scored]


def all_stay(submissions: Sequence[Submission], before: Mapping[tuple[str, str], Report]) -> bool:
    """Whether each submission has a report, by key and student, that stays as it is, whatever the class imports.

    Each report was made with the imports of its own submission at least, so the class imports nothing now that is in
    none of them.
    """
    imported = {name for each in before.values() for name in (*each.replay.preloaded, *each.replay.foreseen)}
    return len(before) == len(submissions) and not any(is_outdated(report, imported) for report in before.values())


def _recorded(report: Report, grader: Grader) -> Report:
    """The report with what the class imports, whether or not this machine could import it beforehand."""
    return replace(report, replay=replace(report.replay, foreseen=grader.foreseen))


def _not_final(reports: Mapping[str, Report], compared: Report | None = None) -> dict[str, Report]:
    """The reports with faults of ours that follow the submission, as reports that are not final.

    Args:
        reports: by student.
        compared: the reference's, as a submission. It decides where it was made and the check ran; else the others do.
    """
    found = {}
    for student, report in reports.items():
        if not report.internal:
            continue
        own = report.replay.submission_sha256
        others = [each for each in reports.values() if each.replay.submission_sha256 != own]
        for question in report.questions:
            for check in question.checks:
                if check.verdict is not Verdict.INTERNAL or student in found:
                    continue
                verdicts = [verdict for each in others for verdict in _run_verdicts(each, question.id, check.id)]
                control = list(_run_verdicts(compared, question.id, check.id)) if compared else []
                judges = control or verdicts
                if judges and all(verdict is Verdict.INTERNAL for verdict in judges):
                    continue  # it fails whatever is handed in
                reason = (check.staff_message or check.message)[:_LONGEST_REASON]
                why = _whose_fault(check.id, verdicts.count(Verdict.INTERNAL), len(verdicts), bool(control))
                said = report.not_final if stays_open(report.not_final) else f"{why}: {reason}"
                found[student] = replace(with_open_points(report), not_final=said)
    return found


def _whose_fault(check: str, same: int, others: int, compared: bool) -> str:
    """The beginning of a sentence about a fault that `same` of the other submissions have as well."""
    if not (others or compared):
        return f"The grader failed in the check {check!r}, which ran for no other submission"
    who = f"This submission and {same} other{'s' * (same > 1)} cause" if same else "This submission alone causes"
    beside = ", and the reference does not" if compared else ""
    return f"{who} a fault of the grader in the check {check!r}{beside}"


def _run_verdicts(report: Report, question: str, check: str) -> Iterator[Verdict]:
    """How a check of a question ended, if it was run at all: where nothing was handed in, nothing can fail."""
    for asked in report.questions:
        for each in asked.checks:
            if asked.id == question and each.id == check and each.verdict not in _NOT_RUN:
                yield each.verdict

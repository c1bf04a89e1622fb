"""Make trials as long as there is time: of the reference, of cheaper runs of it, and of its mutants."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from autograder import grading
from autograder.assignment.question import Check
from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.datasets import DataSet, DataSettings
from autograder.grading import RunOptions
from autograder.grading.engine import run_all
from autograder.grading.grader import AssignmentGrader
from autograder.grading.job_processes import JobProcesses
from autograder.grading.jobs import Attempt
from autograder.loader import Loaded
from autograder.quality.calibration.rates import Cheapest, FalsePass, Row, cheapest, false_passes, rows, touched
from autograder.quality.calibration.statistics import LEAST_RUNS
from autograder.quality.calibration.trials import (
    REFERENCE,
    Asked,
    Trial,
    Trials,
    calibrator,
    staged,
    takes_share,
    trial_of,
)
from autograder.quality.mutation import Mutant
from autograder.results import Report, Verdict
from autograder.sandbox import ContainerSandbox, ForkServer
from autograder.settings import near
from autograder.submissions import Submission

__all__ = [
    "SHARES",
    "Plan",
    "Summary",
    "calibrate",
    "checks_named",
    "kept_in",
    "measuring",
    "summary_of",
    "trials_file",
]

SHARES = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""The parts of a training that are tried in place of all of it, one after the other."""
WEIGHTS = {"reference": 6.0, "shares": 2.0, "mutants": 2.0}
MUTANT_RUNS = 5
DOUBTFUL_MUTANT_RUNS = 20
LEAST_CPU_SECONDS = 2.0
TIMES_THE_REFERENCE = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How to calibrate: the course's `root`, the assignment, its data and sandbox, and how long.

    Args:
        checks: what may be asked.
        mutants: the wrong versions whose false-pass rate is measured, too.
        folder: an empty one, for the staged files.
        jobs: trials made at a time.
        seconds: no trial begins after that many.
        runs: the most that are made of one check.
        bound: the largest false-fail rate that is allowed.
    """

    root: Path
    loaded: Loaded
    dataset: DataSet | None
    data: DataSettings
    options: RunOptions
    start: Callable[[], ForkServer | ContainerSandbox]
    checks: tuple[Check, ...]
    mutants: tuple[Mutant, ...]
    folder: Path
    jobs: int
    seconds: float
    runs: int
    bound: float


def calibrate(plan: Plan, trials: Trials, notify: Callable[[Trial], None] = lambda _: None) -> None:
    """Make trials until the time is up, or there is nothing left to try; each is kept the moment it is there.

    Every check is tried once; those that measured something against a threshold are tried on. Of the time, six parts
    go to the reference, two to cheaper runs, two to mutants. What the file knows already is not tried again.

    Raises:
        InstructorError: the reference fails a check that measures nothing, or a check does not work.
        GraderError: the sandbox or a job cannot begin, or died over the reference.
    """
    end = time.monotonic() + plan.seconds
    schedule = _Schedule(plan, trials)
    first = [asked for check in plan.checks if (asked := schedule.asked(check, REFERENCE, 1.0, 0)) is not None]
    crew: JobProcesses | None = None
    try:
        for asks in (iter(first), schedule.rest(end)):
            if (begun := next(asks, None)) is not None:
                crew = crew or _crew(plan)
                for trial in _made(crew, begun, asks, plan.jobs):
                    schedule.done(trial)
                    notify(trial)
            for check in plan.checks:
                _stands(check, trials)
    finally:
        if crew is not None:
            crew.close()


def measuring(checks: tuple[Check, ...], trials: Trials) -> tuple[Check, ...]:
    """The checks that have measured something with the reference so far."""
    return tuple(check for check in checks if any(trial.measured for trial in trials.of(check.id)))


def _stands(check: Check, trials: Trials) -> None:
    """A check that measures nothing has no false-fail rate: the reference passes it, or one of the two is wrong."""
    for trial in trials.of(check.id):
        if not trial.measured and trial.said and trial.verdict != Verdict.SKIPPED and trial.number == 0:
            raise InstructorError(
                f"The reference itself does not pass {check.id!r} ({trial.verdict}: {trial.said}); "
                "correct the reference or the check, then calibrate again."
            )


def _crew(plan: Plan) -> JobProcesses:
    about = (plan.root, plan.loaded, plan.dataset, plan.data, plan.options, "", lambda _: plan.start())
    return JobProcesses(AssignmentGrader(*about, job=calibrator), plan.jobs)


def _made(crew: JobProcesses, begun: Asked, asks: Iterator[Asked], jobs: int) -> Iterator[Trial]:
    """The trials as they are finished; a new one is asked for each."""
    waiting = deque([Attempt(begun)])
    waiting.extend(Attempt(asked) for _, asked in zip(range(jobs - 1), asks, strict=False))
    for attempt, report, fault in run_all(crew, waiting, lambda _: None):
        asked = attempt.submission
        assert isinstance(asked, Asked)
        yield _trial(asked, report, fault)
        if (another := next(asks, None)) is not None:
            waiting.append(Attempt(another))


def _trial(asked: Asked, report: Report | None, fault: str) -> Trial:
    trial = (
        trial_of(report)
        if report
        else Trial(asked.check, asked.code, asked.share, asked.number, Verdict.INTERNAL, 0.0, 0.0, said=fault)
    )
    if trial.verdict == Verdict.INTERNAL and asked.code == REFERENCE:
        if report:
            raise InstructorError(f"The check {asked.check!r} does not work with the reference: {trial.said}")
        raise GraderError(f"A trial of {asked.check!r} with the reference was lost: {fault}")
    return trial


@dataclass(slots=True)
class _Schedule:
    """What to try next, by what is known."""

    plan: Plan
    trials: Trials
    flying: set[tuple[str, str, float, int]] = field(default_factory=set)
    folders: dict[str, Submission] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(WEIGHTS, 0.0))

    def __post_init__(self) -> None:
        for trial in self.trials.known.values():
            self.spent[_group(trial)] += trial.seconds

    def done(self, trial: Trial) -> None:
        """Take note of a finished trial."""
        self.trials.keep(trial)
        self.flying.discard(trial.key)
        self.spent[_group(trial)] += trial.seconds

    def rest(self, end: float) -> Iterator[Asked]:
        """Trials in the order in which they tell most, until `end`, a time of the monotonic clock."""
        while time.monotonic() < end:
            checks = measuring(self.plan.checks, self.trials)
            for group in sorted(WEIGHTS, key=lambda each: self.spent[each] / WEIGHTS[each]):
                if (asked := self._next(group, checks)) is not None:
                    yield asked
                    break
            else:
                return

    def asked(self, check: Check, code: str, share: float, number: int) -> Asked | None:
        """One trial, ready to be sent; None if it is known or on its way."""
        key = (check.id, code, share, number)
        if key in self.trials.known or key in self.flying:
            return None
        self.flying.add(key)
        if code not in self.folders:
            mutant = next((each for each in self.plan.mutants if each.id == code), None)
            self.folders[code] = staged(self.plan.loaded, self.plan.folder, mutant)
        staged_files = self.folders[code]
        return Asked(
            f"{check.id} with {code}, {share:g} of it, number {number}",
            staged_files.folder,
            staged_files.sha256,
            check=check.id,
            code=code,
            share=share,
            number=number,
            limits=self._limits(check, code),
        )

    def _limits(self, check: Check, code: str) -> dict[str, float]:
        """Those of the assignment; for a mutant, which may hang, a few times the reference's processor time."""
        limits = dict(self.plan.options.limits)
        known = [trial.cpu_seconds for trial in self.trials.of(check.id)]
        if code == REFERENCE or not known:
            return limits
        assignment = self.plan.loaded.assignment
        question = next(each for each in assignment.questions if each.id == check.question)
        own = assignment.limits_of(question, full=self.plan.options.full).changed(limits)
        return {**limits, "cpu_seconds": min(own.cpu, max(LEAST_CPU_SECONDS, TIMES_THE_REFERENCE * max(known)))}

    def _next(self, group: str, checks: tuple[Check, ...]) -> Asked | None:
        """The trial of a group that has been made least often so far."""
        ways = [way for check in checks for way in self._ways(group, check)]
        for count, check, code, share, most in sorted(ways, key=lambda way: way[0]):
            if count < most:
                return self._another(check, code, share)
        return None

    def _another(self, check: Check, code: str, share: float) -> Asked | None:
        number = 0
        while (asked := self.asked(check, code, share, number)) is None:
            number += 1
        return asked

    def _count(self, check: Check, code: str, share: float) -> int:
        waiting = sum(key[:3] == (check.id, code, share) for key in self.flying)
        return len(self.trials.of(check.id, code, share)) + waiting

    def _ways(self, group: str, check: Check) -> Iterator[tuple[int, Check, str, float, int]]:
        """(how often so far, check, code, share, how often at most) of all that a group may try with a check."""
        if group == "reference":
            yield self._count(check, REFERENCE, 1.0), check, REFERENCE, 1.0, self.plan.runs
        elif group == "shares":
            for share in SHARES if takes_share(self.plan.loaded.assignment, check) else ():
                found = rows(check, self.trials, share, self.plan.bound)
                if any(row.judgement.word == "too tight" for row in found):
                    return  # still cheaper ones are no better
                yield self._count(check, REFERENCE, share), check, REFERENCE, share, self.plan.runs
                if len(self.trials.of(check.id, REFERENCE, share)) < LEAST_RUNS:
                    return
        else:
            for mutant in self.plan.mutants:
                yield self._count(check, mutant.id, 1.0), check, mutant.id, 1.0, self._worth(check, mutant)

    def _worth(self, check: Check, mutant: Mutant) -> int:
        """How many trials a mutant is worth: none if it answers as the reference does, more if chance decides."""
        made = self.trials.of(check.id, mutant.id)
        if not made:
            return min(MUTANT_RUNS, self.plan.runs)
        if not touched(check, self.trials, mutant.id):
            return 0
        passed = [all(t.passed for each in trial.measured for t in each.thresholds) for trial in made if trial.measured]
        doubtful = any(passed) and not all(passed)
        return min(DOUBTFUL_MUTANT_RUNS if doubtful else MUTANT_RUNS, self.plan.runs)


def _group(trial: Trial) -> str:
    return "mutants" if trial.code != REFERENCE else "reference" if trial.share == 1 else "shares"


# --- what the trials say ---


@dataclass(frozen=True, slots=True)
class Summary:
    """All that the trials say of a plan.

    Attributes:
        bound: the largest false-fail rate that is allowed.
        data: the name of the data set, or "".
        checks: those that have measured something.
        rows: one for each threshold.
        cheapest: by the id of a check, its cheapest run that keeps the bound, if there is one.
        false_passes: of each row, how often each mutant meets the threshold.
    """

    bound: float
    data: str
    checks: tuple[Check, ...]
    rows: tuple[Row, ...]
    cheapest: tuple[tuple[str, Cheapest | None], ...]
    false_passes: tuple[tuple[FalsePass, ...], ...]

    @property
    def fair(self) -> bool:
        """Whether no threshold is too tight."""
        return not any(row.judgement.word == "too tight" for row in self.rows)


def checks_named(loaded: Loaded, only: str = "") -> tuple[Check, ...]:
    """The checks that are tried: all, those of a question, or one.

    Raises:
        UsageError: the assignment has no checks, or none of that name.
    """
    every = loaded.assignment.checks
    chosen = tuple(check for check in every if only in ("", check.id, check.question))
    if not every:
        raise UsageError(f"{loaded.id} has no checks, so nothing in it has a threshold; people grade it.")
    if not chosen:
        names = dict.fromkeys(name for check in every for name in (check.question, check.id))
        raise UsageError(f"--only: no question or check is called {only!r}; {near(only, names)}")
    return chosen


def summary_of(plan: Plan, trials: Trials) -> Summary:
    """What the trials that were made so far say."""
    checks = measuring(plan.checks, trials)
    found = tuple(row for check in checks for row in rows(check, trials, 1.0, plan.bound))
    cheap = tuple(
        (check.id, cheapest(check, trials, SHARES, plan.bound, tried=takes_share(plan.loaded.assignment, check)))
        for check in checks
    )
    names = [mutant.id for mutant in plan.mutants]
    passes = tuple(false_passes(row, trials, names, plan.bound) for row in found)
    return Summary(plan.bound, plan.dataset.name if plan.dataset else "", checks, found, cheap, passes)


def trials_file(plan: Plan, folder: Path) -> Path:
    """The file of trials in a folder: its name says all that they depend on, so that another one is begun otherwise."""
    reference = Submission("reference", plan.loaded.reference_folder, plan.loaded.reference_sha256)
    key = grading.result_key(plan.loaded, reference, plan.dataset, plan.options, "")
    return folder / f"{plan.loaded.id}-{key[:12]}.jsonl"


def kept_in(assignment: str) -> Path:
    """Where the trials of an assignment are kept where nothing else is asked for."""
    return platformdirs.user_cache_path("autograder") / "calibrate" / assignment

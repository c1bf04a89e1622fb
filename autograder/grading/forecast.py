"""What grading a class will take, said before it starts and corrected while it runs, and in which order it is done.

What a submission takes is not known before it has run. So it is expected to take what the same files took before, else
what the student's earlier attempt took, else what the reference takes, which is measured once and remembered.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import nsmallest
from pathlib import Path
from statistics import median

import msgspec
import platformdirs

from autograder import atomic_files
from autograder.checks.wording import counted
from autograder.grading.earlier import PartlyGraded
from autograder.grading.provenance import cpu_model
from autograder.reports.grades import in_cpu_time
from autograder.results import Report
from autograder.submissions import Submission

__all__ = [
    "ENOUGH",
    "Cost",
    "Forecast",
    "Measured",
    "Plan",
    "Watch",
    "basis_of",
    "cost_of",
    "expected_costs",
    "in_order",
]

ENOUGH = 20
"""For so many submissions the reference is run first, if it was not measured before.

It runs alone, once for an assignment as it is: as long as a submission, a twentieth of what one job needs at most.
"""
_FIRST = 5  # so many must be done before a forecast is corrected, and twice as many as before from then on
_OFF = 0.25  # a forecast that is wrong by more is corrected aloud
_LEAST_SECONDS = 60.0  # and by no less


@dataclass(frozen=True, slots=True)
class Cost:
    """What grading one submission takes: wall time of its checks, CPU time and the most memory of its sandboxes."""

    seconds: float
    cpu_seconds: float
    memory_mib: float

    def times(self, factor: float) -> Cost:
        """So many times the seconds, with the same memory."""
        return replace(self, seconds=factor * self.seconds, cpu_seconds=factor * self.cpu_seconds)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the course says of a run: the deadlines of students, and the price of an hour of CPU time (0: none)."""

    deadlines: Mapping[str, datetime] = field(default_factory=dict)
    price_per_cpu_hour: float = 0.0


def cost_of(report: Report) -> Cost:
    """What a submission took."""
    seconds = sum(check.seconds for question in report.questions for check in question.checks)
    return Cost(seconds, report.resources.cpu_seconds, report.resources.peak_memory_mib)


def expected_costs(
    submissions: Iterable[Submission],
    earlier: Mapping[str, Report],
    before: Mapping[str, float],
    reference: Cost | None,
) -> dict[str, Cost]:
    """What each submission is expected to take, by student.

    Args:
        submissions: what is to be graded, perhaps without some of its checks.
        earlier: by student, a report of the same files.
        before: by student, the seconds that the checks of an earlier attempt took.
        reference: what the reference takes; None where nobody knows.
    """
    usual = reference or Cost(median(before.values()) if before else 1.0, 0.0, 0.0)
    found = {}
    for each in submissions:
        if each.problem:
            found[each.student] = Cost(0.0, 0.0, 0.0)
        elif (report := earlier.get(each.student)) is not None:
            found[each.student] = cost_of(report).times(_share_left(each, report))
        elif each.student in before and usual.seconds > 0:
            found[each.student] = usual.times(before[each.student] / usual.seconds)
        else:
            found[each.student] = usual
    return found


def _share_left(submission: Submission, report: Report) -> float:
    """The part of a report's time that the checks took which have to run again."""
    if not isinstance(submission, PartlyGraded):
        return 1.0
    times = {check.id: check.seconds for question in report.questions for check in question.checks}
    whole = sum(times.values())
    return sum(seconds for name, seconds in times.items() if name not in submission.done) / whole if whole else 1.0


def in_order(
    submissions: Iterable[Submission], costs: Mapping[str, Cost], deadlines: Mapping[str, datetime]
) -> list[Submission]:
    """Short ones first, so that most students are done soonest; of equally long ones those that were due first.

    Times are compared by their powers of two, because they vary by as much from run to run.
    """

    def rank(submission: Submission) -> tuple[int, float]:
        seconds = costs[submission.student].seconds
        due = deadlines.get(submission.student)
        return max(-10, round(math.log2(seconds))) if seconds > 0 else -11, due.timestamp() if due else math.inf

    return sorted(submissions, key=rank)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a class will take: CPU time and memory of all sandboxes together, and the seconds until it is done.

    `basis` says from what that follows; `price_per_cpu_hour` is 0 where there is none. Where some are `done`, it is
    corrected by these.
    """

    submissions: int
    jobs: int
    cpu_seconds: float
    memory_mib: float
    seconds: float
    basis: str
    price_per_cpu_hour: float = 0.0
    done: int = 0

    def said(self, now: datetime) -> str:
        """The forecast as one line."""
        end = now + timedelta(seconds=self.seconds)
        when = f"{end:%H:%M}" if end.date() == now.date() else f"{end:%H:%M on %d %B}"
        price = self.cpu_seconds / 3600 * self.price_per_cpu_hour
        costs = f" ({price:,.2f} at {self.price_per_cpu_hour:g} an hour)" if self.price_per_cpu_hour else ""
        memory = f", up to {self.memory_mib:,.0f} MiB of memory" if self.memory_mib else ""
        word = f"Forecast after {self.done}" if self.done else "Forecast"
        needs, are = ("needs", "is") if self.submissions == 1 else ("need", "are")
        return (
            f"{word}: {counted(self.submissions, 'submission')} in {counted(self.jobs, 'job')} {needs} about "
            f"{in_cpu_time(self.cpu_seconds)}{costs}{memory}, and {are} done in {in_words(self.seconds)}, at {when}; "
            f"from {self.basis}."
        )


def in_words(seconds: float) -> str:
    """A time as people say it: "40 s", "25 min", "3 h 20 min"."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Watch:
    """Compares what submissions take with what they were expected to take.

    Args:
        costs: what each is expected to take, by student.
        jobs: how many are graded at a time.
        processors: how many processors these have together; 0 for enough.
        basis: from what the costs follow.
        plan: for the price.
    """

    def __init__(
        self, costs: Mapping[str, Cost], *, jobs: int, processors: int = 0, basis: str = "", plan: Plan | None = None
    ) -> None:
        self._left = dict(costs)
        self._total = len(costs)
        self._jobs, self._processors = max(1, min(jobs, len(costs))), processors
        self._basis, self._price = basis, (plan or Plan()).price_per_cpu_hour
        self._expected = self._expected_cpu = self._seconds = self._cpu = self._memory = 0.0
        self._room = self._last = 0.0  # seconds of all jobs together, and of the clock, until the last one was done
        self._first: tuple[float, float] | None = None  # `_room` and `_seconds` when the first one was done
        self._said, self._next = math.inf, _FIRST

    def first(self) -> Forecast:
        """The forecast before the start."""
        self._said = self._seconds_left()
        cpu = sum(each.cpu_seconds for each in self._left.values())
        memory = sorted((each.memory_mib for each in self._left.values()), reverse=True)[: self._jobs]
        return Forecast(self._total, self._jobs, cpu, sum(memory), self._said, self._basis, self._price)

    def finished(self, student: str, cost: Cost, elapsed: float, jobs: int = 0) -> Forecast | None:
        """Take note of what one submission took; a forecast comes back where the one before is wrong by much.

        What is left is expected to take longer by as much as what is done did, each with what jobs need between checks.
        Of what the jobs are at work on, that part is done for which they had the time.

        Args:
            student: whose it was.
            cost: what it took.
            elapsed: seconds since the start.
            jobs: how many are graded at a time now; 0 for as many as before.
        """
        expected = self._left.pop(student, None)
        if expected is None:
            return None
        self._room += self._jobs * (elapsed - self._last)
        self._last, self._jobs = elapsed, min(jobs or self._jobs, self._total)
        self._seconds += cost.seconds
        self._first = self._first or (self._room, self._seconds)
        self._expected += expected.seconds
        self._expected_cpu += expected.cpu_seconds
        self._cpu += cost.cpu_seconds
        self._memory = max(self._memory, cost.memory_mib)
        done = self._total - len(self._left)
        if done < min(self._next, self._total) or not self._left:
            return None
        rest = [each for each in self._left.values() if each.seconds > 0]
        if self._expected <= 0 or len(rest) < self._jobs:  # all that is left is in work
            return None
        dearer = self._cpu / self._expected_cpu if self._expected_cpu > 0 else self._cpu / done
        left = sum(each.cpu_seconds for each in rest) if self._expected_cpu > 0 else float(len(rest))
        whole = elapsed + self._seconds_of([each.seconds for each in rest], done, dearer * left)
        if abs(whole - self._said) < max(_OFF * min(self._said, whole), _LEAST_SECONDS):
            return None
        self._said, self._next = whole, 2 * done
        cpu, memory = self._cpu + dearer * left, self._memory * self._jobs
        basis = f"the {done} that are done"
        return Forecast(self._total, self._jobs, cpu, memory, whole - elapsed, basis, self._price, done)

    def _seconds_of(self, rest: Sequence[float], done: int, cpu_seconds: float) -> float:
        """How long what is left will take, by its expected times, of which a part is in work."""
        slower = self._seconds / self._expected
        most = slower * sum(nsmallest(self._jobs - 1, rest))  # short ones are first, so these are in work
        in_work = min(max(0.0, self._room - self._seconds), most)
        room, seconds = self._first or (0.0, 0.0)
        between = max(0.0, self._room - room - (self._seconds - seconds) - most) / (done - 1)
        wall = (slower * sum(rest) - in_work + between * len(rest)) / self._jobs
        return max(wall, cpu_seconds / self._processors if self._processors else 0.0, slower * max(rest))

    def _seconds_left(self) -> float:
        """As long as all of them need, but no less than the longest; processors may be fewer than jobs."""
        costs = self._left.values()
        wall = sum(each.seconds for each in costs) / self._jobs
        cpu = sum(each.cpu_seconds for each in costs) / self._processors if self._processors else 0.0
        return max(wall, cpu, max((each.seconds for each in costs), default=0.0))


@dataclass(frozen=True, slots=True)
class Measured:
    """Remembers what references took, as files of a folder; without a folder, in the user's cache."""

    folder: Path | None = None

    def known(self, key: str) -> Cost | None:
        """What was measured under this key on a processor of this model; None for nothing."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=Cost)
        except (OSError, msgspec.MsgspecError):
            return None

    def remember(self, key: str, cost: Cost) -> None:
        """Keep it; a cache that cannot be written only costs time the next time."""
        try:
            atomic_files.write(self._path(key), msgspec.json.encode(cost))
        except OSError:
            return

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(f"{key}\0{cpu_model()}".encode()).hexdigest()
        return (self.folder or Path(platformdirs.user_cache_dir("autograder")) / "measured") / f"{name}.json"


def basis_of(students: Sequence[str], earlier: Mapping[str, Report], before: Mapping[str, float], known: bool) -> str:
    """From what expected costs follow, in words."""
    seen = sum(student in earlier or student in before for student in students)
    if not seen:
        return "the reference's run" if known else "nothing that was measured"
    return f"{counted(seen, 'earlier run')}{' and the reference' * (known and seen < len(students))}"

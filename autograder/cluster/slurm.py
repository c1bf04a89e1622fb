"""The engine `slurm`: arrays of Slurm through submitit, for sites where no port may be opened.

Slurm moves bundles and nothing else. Each element of an array grades a bundle of submissions that takes about ten
minutes; jobs and results go through a folder that all nodes see (`exchange`), and what an element does is in `bundle`.
An element that Slurm puts back into its queue goes on where it was. One that ends by itself has met a fault of ours,
and costs the submission at which it was one try.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from submitit import SlurmExecutor
from submitit.core.utils import FailedJobError, FailedSubmissionError

from autograder.checks.errors import GraderError, UsageError
from autograder.checks.wording import reason_of
from autograder.cluster import bundle
from autograder.cluster.exchange import (
    BEGIN_SECONDS,
    CHECKS_MIB,
    FALSE_STARTS,
    LARGEST_BUNDLE,
    SETTLE_SECONDS,
    TURN_SECONDS,
    Exchange,
)
from autograder.grading.engine import StartEngine
from autograder.grading.grader import Grader
from autograder.grading.job_processes import Event
from autograder.grading.jobs import Attempt, Ended

__all__ = ["SlurmEngine", "engines", "options_of", "packed", "run_element", "seconds_left", "spread"]

ELEMENT_SECONDS = 600.0
BETWEEN_SECONDS = 1.0  # for one submission, beside its checks
LARGEST_ARRAY = 1000  # Slurm's own limit, where a site has set no other
LOOK_SECONDS = 3.0
LOST_SECONDS = 600.0
ANSWER_SECONDS = 60.0
PROGRAMS = ("sbatch", "squeue", "scancel", "srun")
OURS = ("array", "error", "input", "job-name", "nodes", "ntasks", "ntasks-per-node", "output", "requeue", "wrap")
PATIENCE_AT_END = 10.0  # seconds in which elements that were cancelled end what they started
ALIVE = {
    "COMPLETING", "CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESIZING", "RUNNING",
    "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED",
}  # fmt: skip
ENDS = {
    "CANCELLED": "was cancelled",
    "COMPLETED": "ended without a result",
    "NODE_FAIL": "lost its node",
    "OUT_OF_MEMORY": "ran out of memory",
    "PREEMPTED": "was pre-empted",
    "TIMEOUT": "reached its time limit",
}
CANNOT_BEGIN = {
    "BadConstraints", "InvalidAccount", "InvalidQOS", "JobHoldMaxRequeue", "PartitionNodeLimit", "PartitionTimeLimit",
}  # fmt: skip


def engines(folder: Path, jobs: int, options: Sequence[str] = ()) -> StartEngine:
    """What starts engines of this kind.

    Args:
        folder: where bundles and results are kept on their way; all nodes have to see it at the same path.
        jobs: how many elements run at a time.
        options: what sbatch is given, each as NAME=VALUE.

    Raises:
        UsageError: an option is wrong, or Slurm's programs are not here.
    """
    given = options_of(options)
    if absent := [name for name in PROGRAMS if shutil.which(name) is None]:
        raise UsageError(f"--cluster slurm: {', '.join(absent)} cannot be found; run it on a login node of Slurm.")

    def start(grader: Grader, submissions: int) -> SlurmEngine:
        return SlurmEngine(grader, folder, min(jobs, submissions), given)

    return start


def options_of(words: Sequence[str]) -> dict[str, str]:
    """Options of sbatch by their long names, each given as NAME=VALUE.

    >>> options_of(["partition=gpu", "gres=gpu:1", "time=60"])
    {'partition': 'gpu', 'gres': 'gpu:1', 'time': '60'}

    Raises:
        UsageError: something is no option, or one that the engine sets; `time` is no whole number of minutes.
    """
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.removeprefix("--")
        if not (name.replace("-", "").isalnum() and equals and value and value.isprintable()):
            raise UsageError(f"--slurm {word!r} is not NAME=VALUE; write for example --slurm partition=gpu.")
        if name in OURS:
            raise UsageError(f"--slurm {name}: the engine sets this itself; leave it out.")
        if name == "time" and not (value.isascii() and value.isdigit() and int(value) > 0):
            raise UsageError(f"--slurm time={value}: expected a whole number of minutes, such as time=60.")
        found[name] = value
    return found


def packed(jobs: Iterable[tuple[str, float, bool]], most: float = ELEMENT_SECONDS) -> list[tuple[str, ...]]:
    """Put jobs into bundles, in their order, each of which takes `most` seconds at most unless it is of one job.

    Args:
        jobs: the name of each, the seconds that it is expected to take, and whether it is to be alone.
        most: seconds for one bundle.

    >>> packed([("a", 200, False), ("b", 300, False), ("c", 400, False), ("d", 1, True)])
    [('a', 'b'), ('c',), ('d',)]
    """
    made: list[list[str]] = []
    room, closed = 0.0, True
    for name, seconds, alone in jobs:
        if closed or alone or seconds > room or len(made[-1]) >= LARGEST_BUNDLE:
            made.append([])
            room = most
        made[-1].append(name)
        room, closed = room - seconds, alone
    return [tuple(names) for names in made]


def spread(count: int, elements: int) -> float:
    """The seconds that each of so many jobs counts for, so that they are spread over so many elements.

    >>> [len(names) for names in packed((str(number), spread(7, 2), False) for number in range(7))]
    [4, 3]
    """
    return (ELEMENT_SECONDS - 1) / math.ceil(count / elements)  # a second for what division rounds


def seconds_left(shown: str) -> float | None:
    """The seconds in a time as squeue shows it; None for no limit.

    >>> seconds_left("1-02:00:05"), seconds_left("4:30"), seconds_left("UNLIMITED")
    (93605.0, 270.0, None)
    """
    days, _, clock = shown.strip().rpartition("-")
    parts = clock.split(":")
    if not all(part.isdigit() for part in parts):
        return None
    seconds = sum(int(part) * 60**place for place, part in enumerate(reversed(parts)))
    return float(86400 * int(days or 0) + seconds)


def run_element(path: str) -> int:
    """What an element of an array does: it grades a bundle, as far as the time of its allocation goes."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # submitit's warning; each job is compared with the time left
    return bundle.run(Path(path), _end_of_allocation())


def _end_of_allocation() -> float | None:
    """When the allocation of this process ends, in seconds since 1970; None where there is no limit."""
    if end := os.environ.get("SLURM_JOB_END_TIME"):
        return float(end)
    shown = _said_by("squeue", "--noheader", "--format=%L", "--jobs", os.environ["SLURM_JOB_ID"])
    left = seconds_left(shown or "")
    return None if left is None else time.time() + left


@dataclass(slots=True)
class _Element:
    """An element of an array and the jobs in its bundle; it ended at `ended`, and `why` says how."""

    id: str
    bundle: Path
    jobs: tuple[str, ...]
    log: Path
    ended: float = 0.0
    why: str = ""


@dataclass(slots=True)
class SlurmEngine:
    """Runs jobs in arrays of one Slurm.

    Raises:
        GraderError: Slurm refuses arrays, cannot begin them, or does not answer for ten minutes.
        UsageError: the assignment is in another format, or no submission fits into the time that is asked for.
    """

    grader: Grader
    folder: Path
    size: int
    options: Mapping[str, str]
    exchange: Exchange = field(init=False)
    name: str = field(init=False)
    _waiting: deque[str] = field(init=False, default_factory=deque)
    _elements: list[_Element] = field(init=False, default_factory=list)
    _looked: float = field(init=False, default=0.0)
    _lost_since: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.grader, self.folder)
        self.name = f"autograder-{hashlib.sha256(os.fsencode(self.exchange.folder)).hexdigest()[:16]}"
        asked, least = 60 * int(self.options.get("time", 0)), BEGIN_SECONDS + self.exchange.work.seconds
        if 0 < asked < least:
            self.exchange.close()
            raise UsageError(
                f"--slurm time={self.options['time']}: one submission may take {least / 60:.1f} min with its limits; "
                f"ask for time={math.ceil(least / 60)} or more."
            )
        self._cancel_all()  # what a run that was killed left

    def capacity(self) -> int:
        """How many elements run at a time; each grades one submission after the other."""
        return self.size

    def holds(self) -> int:
        """As many jobs as there are, for they are bundled."""
        return self.size * LARGEST_BUNDLE

    def submit(self, attempt: Attempt) -> None:
        """Take a job; the next `poll` sends all that wait as one array."""
        self._waiting.append(self.exchange.expect(attempt))

    def poll(self, notify: Callable[[Event], None]) -> Sequence[Ended]:
        """As `Engine.poll`; waits a short time at most, and asks Slurm every few seconds, once for everything."""
        over = self.exchange.look(notify)
        self._send()
        if self._elements and time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            over += self._look_at_elements()
        if not over:
            time.sleep(TURN_SECONDS)
        return over

    def cancel(self) -> None:
        """Cancel the arrays; elements see as well that their bundles are gone, and end what they started."""
        self._waiting.clear()
        self.exchange.cancel()
        if self._elements:
            self._elements.clear()
            self._cancel_all()

    def close(self) -> None:
        """Cancel, and leave the folder as it was once no element writes there any more."""
        ran = bool(self._elements)
        self.cancel()
        patient_until = time.monotonic() + PATIENCE_AT_END
        while ran and time.monotonic() < patient_until and _said_by("squeue", "--noheader", f"--name={self.name}"):
            time.sleep(0.2)
        self.exchange.close()

    def _send(self) -> None:
        """Send what waits as one array, an element for each bundle."""
        waiting = [name for name in self._waiting if name in self.exchange.jobs and not self.exchange.has(name)]
        self._waiting.clear()
        if not waiting:
            return
        jobs = self.exchange.jobs
        share = spread(len(waiting), self.size)  # for what nobody knows
        expected = {name: jobs[name].expected + BETWEEN_SECONDS if jobs[name].expected else share for name in waiting}
        made = packed([(name, expected[name], jobs[name].alone) for name in waiting])
        self._waiting.extend(name for names in made[LARGEST_ARRAY:] for name in names)
        made = made[:LARGEST_ARRAY]
        longest = max(sum(expected[name] for name in names) for names in made)
        paths = [self.exchange.send(names) for names in made]
        try:
            executor = self._executor(longest)
            sent = executor.map_array(run_element, [str(path) for path in paths])
        except (FailedJobError, FailedSubmissionError) as error:
            why = str(error)
        except OSError as error:
            why = reason_of(error)
        else:
            why = ""
        if why:
            for path in paths:
                self.exchange.withdraw(path)
            self._waiting.extendleft(reversed([name for names in made for name in names]))
            self._unanswered(why)
            return
        self._lost_since = 0.0
        for job, path, names in zip(sent, paths, made, strict=True):
            self._elements.append(_Element(job.job_id, path, names, job.paths.stderr))

    def _executor(self, expected: float) -> SlurmExecutor:
        work = self.exchange.work
        minutes = math.ceil((BEGIN_SECONDS + 2 * expected + work.seconds) / 60)  # a forecast is wrong by that factor
        own = {"requeue": True, "mem": f"{work.limits.memory_mib + CHECKS_MIB}M"}
        executor = SlurmExecutor(self.exchange.folder / "slurm")
        executor.update_parameters(
            job_name=self.name,
            time=int(self.options.get("time", minutes)),
            cpus_per_task=work.limits.threads,
            array_parallelism=self.size,
            additional_parameters=own | {name: value for name, value in self.options.items() if name != "time"},
        )
        return executor

    def _look_at_elements(self) -> list[Ended]:
        """What became of bundles whose elements have ended, in jobs of which there is no result."""
        user, shown = f"--user={os.getuid()}", "--format=%i|%T|%r"
        listed = _said_by("squeue", "--noheader", "--array", "--states=all", user, f"--name={self.name}", shown)
        if listed is None:
            self._unanswered("squeue has no answer")
            return []
        self._lost_since = 0.0
        states = {name: (state, reason) for name, state, reason in (line.split("|", 2) for line in listed.splitlines())}
        over = list[Ended]()
        for element in list(self._elements):
            state, reason = states.get(element.id, ("", ""))
            if state == "PENDING" and reason in CANNOT_BEGIN:
                raise GraderError(f"Slurm cannot begin the job {element.id}: {reason}; correct the options of --slurm.")
            if not element.ended and state not in ALIVE:
                why = ENDS.get(state, f"ended as {state.lower()}" if state else "is no longer known")
                element.ended, element.why = time.monotonic(), why
            waited = time.monotonic() - element.ended > SETTLE_SECONDS
            if element.ended and (waited or not any(name in self.exchange.jobs for name in element.jobs)):
                over += self._after(element)
        return over

    def _after(self, element: _Element) -> list[Ended]:
        """An element is over; what it has not begun is sent again."""
        self._elements.remove(element)
        why = f"Slurm's job {element.id} {element.why} while it graded this submission."
        over, again = self.exchange.after(element.bundle, element.jobs, why)
        self._waiting.extend(again)
        if self.exchange.false_starts >= FALSE_STARTS:
            said = _last_line(element.log)
            raise GraderError(f"Slurm's jobs end before they have graded anything: {element.id} {element.why}{said}.")
        return over

    def _unanswered(self, why: str) -> None:
        """Slurm has refused something, or has not answered: the controller may be away for a while.

        Raises:
            GraderError: it is refused for good, or has been away for long.
        """
        now = time.monotonic()
        self._lost_since = self._lost_since or now
        away = any(each in why for each in ("Unable to contact", "timed out", "has no answer", "Connection refused"))
        if not away or now - self._lost_since > LOST_SECONDS:
            lines = [line.strip() for line in why.splitlines()]
            ends = [line.partition("fatal: ")[2] for line in lines if "fatal: " in line]
            said = "; ".join(ends or [line.split("error: ")[-1] for line in lines if "error: " in line])
            raise GraderError(f"Slurm takes no jobs: {(said or why).rstrip('.')}.")
        time.sleep(TURN_SECONDS)

    def _cancel_all(self) -> None:
        """Cancel every array of this folder; without an answer, elements end by their bundles."""
        _said_by("scancel", f"--user={os.getuid()}", f"--name={self.name}")


def _said_by(*command: str) -> str | None:
    """What a program of Slurm says; None where it fails."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True)
        return done.stdout
    return None


def _last_line(log: Path) -> str:
    """The last line of an element's own errors, to be put behind a sentence; "" where there is none."""
    with suppress(OSError):
        lines = log.read_text("utf-8", "replace").splitlines()
        said = [line for line in lines if line.strip() and not line.startswith(("submitit ", "srun:", "slurmstepd:"))]
        return f" ({said[-1].strip().rstrip('.')})" if said else ""
    return ""

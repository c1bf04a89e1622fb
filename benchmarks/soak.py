"""Two thousand submissions in a row, one in four hostile, and nothing grows: `python benchmarks/soak.py`.

All are graded by one call of `batch.grade_all`, with a results database and two jobs, as `autograder grade` does. The
hostile ones are the attacks of `tests/attacks`, again and again in an order that mixes them; the others are right.
Every now and then, while no sandbox is open, this program counts what the grader holds:

processes    of this run, zombies included; those that escape stay below a process of ours that stands for init
namespaces   different ones that those processes are in
mounts       in sight of the main process, the forkserver and each job, added up
groups       control groups of the forkserver and of its sandboxes
entries      in the folder for temporary files, which belongs to this run alone
open files   of the main process, the forkserver and each job
MiB          resident, of the same

It ends with 1 if a count is higher at the end than after the warm-up, or not the same after all is closed as before it
began; if memory grew by more than a tenth or 5 MiB (the main process may keep 10 KiB for each report); or if a
submission was lost, is INTERNAL or has other points than it must have.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder import sandbox
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.grading.batch import grade_all
from autograder.grading.grader import AssignmentGrader
from autograder.grading.job_processes import Event, Finished, Retried
from autograder.isolation.confine import become_subreaper
from autograder.isolation.processes import children, descendants, resident_mib
from autograder.results import Report
from autograder.store import Store, sqlite_address
from autograder.submissions import Submission, collect

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "attacks"))

from arena import Ground, attacks

LIMITS = {"wall_seconds": 1.5, "cpu_seconds": 0.5}  # many attacks last until a limit ends them
HOSTILE_EACH = 4
COUNTS = ("processes", "namespaces", "mounts", "groups", "entries")
KINDS = ("pid", "mnt", "net", "user")
ENGINES = ("/containers/", "/docker/", "/netns/")
SETTLED = 0.2  # of all submissions; from here on memory is flat
GROWTH, GROWTH_MIB = 0.10, 5.0
KEPT_KIB = 10.0  # for each report, which the main process keeps until all are done
QUIET_SECONDS, PATIENCE_SECONDS = 2.5, 60.0  # quiet for longer than LIMITS let a submission run


@dataclass(frozen=True, slots=True)
class Sample:
    """What was held at a quiet moment; `open_files` and `mib` of the main process, the forkserver and each job."""

    finished: int
    seconds: float
    processes: int
    namespaces: int
    mounts: int
    groups: int
    entries: int
    open_files: tuple[int, ...]
    mib: tuple[float, ...]


def main() -> int:
    """Grade, print the table and the verdict; 0 if all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=200, help="submissions between two samples")
    parser.add_argument("--sandbox", default="bubblewrap", choices=("bubblewrap", "landlock"))
    options = parser.parse_args()
    if reason := sandbox.why_not(options.sandbox):
        print(f"The sandbox {options.sandbox} does not work on this machine: {reason}.")
        return 2
    resource_tracker.ensure_running()  # multiprocessing's own helper, which stays until this process ends
    with temporary_files() as folder, Ground() as ground:
        soak = Soak(ground, folder, options.sandbox, options.submissions, options.every)
        submissions = soak.hand_in()
        broken = soak.grade(submissions, options.jobs)
        broken += [*ground.connections(), *ground.marks(), *ground.survivors()]
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table([soak.before, *soak.samples, soak.after], f"{options.sandbox}, {options.jobs} jobs"))
    first, last = settled(soak.samples), soak.samples[-1]
    kib = per_submission(first, last)
    print(f"Main process, from {first.finished} to {last.finished}: {kib:.1f} KiB for each report that it keeps.")
    for sentence in broken:
        print(sentence)
    print("BROKEN" if broken else f"{options.submissions} graded: nothing grew, nothing was left, nobody was lost.")
    return 1 if broken else 0


@contextlib.contextmanager
def temporary_files() -> Iterator[Path]:
    """A folder for this run; the temporary files of all its processes come to `tmp` in it."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-soak-"))
    folder.chmod(0o755)
    (folder / "tmp").mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder / "tmp")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass(slots=True)
class Soak:
    """One run: a class, its grading, and the samples taken meanwhile."""

    ground: Ground
    folder: Path
    backend: str
    total: int
    every: int
    servers: list[int] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)
    finished: int = 0
    began: float = 0.0
    before: Sample = field(init=False)
    after: Sample = field(init=False)

    def hand_in(self) -> tuple[Submission, ...]:
        """A class in which every fourth is an attacker; names tell who is honest."""
        with sandbox.start(self.backend) as backend:
            possible = [attack for attack in attacks() if set(attack.needs) <= set(backend.enforced)]
        random.Random(0).shuffle(possible)
        inbox = self.folder / "inbox"
        for number in range(self.total):
            attack = possible[number // HOSTILE_EACH % len(possible)]
            staged = self.ground.hand_in(attack).folder
            if number % HOSTILE_EACH:
                shutil.copytree(staged.parent / "honest", inbox / f"{number:05d}-honest")
            else:
                shutil.copytree(staged, inbox / f"{number:05d}-{attack.name}")
        return collect(inbox, ("hw.py",), self.folder / "staging")

    def grade(self, submissions: Sequence[Submission], jobs: int) -> list[str]:
        """Grade everybody; sentences about all that is not as it should be."""
        loaded, data = self.ground.loaded, DataSettings()
        options = RunOptions(self.ground.seed, limits=LIMITS)

        def start(_: tuple[str, ...]) -> sandbox.ForkServer | sandbox.ContainerSandbox:
            server = sandbox.start(self.backend, preload=loaded.assignment.preload)
            self.servers.append(server.pid)
            return server

        self.began = time.monotonic()
        self.before = self.sample()
        with Store(sqlite_address(self.folder / "grader.db")) as store:
            grader = AssignmentGrader(self.ground.course, loaded, None, data, options, self.backend, start)
            reports = grade_all(submissions, grader, store, jobs=jobs, notify=self.notify)
        time.sleep(QUIET_SECONDS)
        self.after = self.sample()
        with Store(sqlite_address(self.folder / "grader.db")) as store:
            kept = store.reports(loaded.id)
        broken = [f"Tried again: {each}" for each in self.retried] + judge_reports(submissions, reports, kept)
        return broken + judge(self.before, self.samples, self.after)

    def notify(self, event: Event) -> None:
        """Count, and take a sample when it is time: half of `every` is the warm-up."""
        if isinstance(event, Retried):
            self.retried.append(f"{event.student}: {event.why}")
        if isinstance(event, Finished):
            self.finished += 1
            if self.finished % self.every == 0 or self.finished in (self.every // 2, self.total):
                self.be_quiet()
                self.samples.append(self.sample())
                sys.stderr.write(f"{self.finished} of {self.total}, {self.samples[-1].seconds:.0f} s\n")

    def be_quiet(self) -> None:
        """Wait until the jobs have nothing to do, because this process hands nothing out, and no sandbox is opened.

        A sandbox that is prepared for the next submission stays; one that is used ends within its limits.
        """
        quiet_since = began = time.monotonic()
        open_before = children(self.servers[-1])
        while (now := time.monotonic()) - quiet_since < QUIET_SECONDS and now - began < PATIENCE_SECONDS:
            if (open_now := children(self.servers[-1])) != open_before:
                quiet_since, open_before = now, open_now
            time.sleep(0.02)

    def sample(self) -> Sample:
        """Count everything."""
        everyone = descendants(os.getppid())[1:]
        jobs = sorted(process.pid or 0 for process in multiprocessing.active_children())
        ours = [os.getpid(), *(pid for pid in self.servers if pid in everyone), *jobs]
        return Sample(
            self.finished,
            time.monotonic() - self.began,
            processes=len(everyone),
            namespaces=namespaces(everyone),
            mounts=sum(map(mounts, ours)),
            groups=groups({f"autograder-{pid}" for pid in self.servers}),
            entries=sum(len(list((self.folder / "tmp").glob(depth))) for depth in ("*", "*/*")),
            open_files=tuple(len(os.listdir(f"/proc/{pid}/fd")) for pid in ours),
            mib=tuple(resident_mib(pid) for pid in ours),
        )


def namespaces(pids: Sequence[int]) -> int:
    """Different namespaces that some processes are in."""
    found = set()
    for pid in pids:
        for kind in KINDS:
            with contextlib.suppress(OSError):  # it is gone, or a zombie, which is in few
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
    return len(found)


def mounts(pid: int) -> int:
    """Mounts that a process sees, without those of container engines, which may be at work beside us."""
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return sum(not any(engine in line for engine in ENGINES) for line in lines)


def groups(names: set[str]) -> int:
    """Control groups by these names, and those inside them."""
    parts = (folder.split(os.sep) for folder, _, _ in os.walk("/sys/fs/cgroup"))
    return sum(not names.isdisjoint(each) for each in parts)


def settled(samples: Sequence[Sample]) -> Sample:
    """The sample from which on memory must be flat."""
    return next(sample for sample in samples if sample.finished >= SETTLED * samples[-1].finished)


def per_submission(first: Sample, last: Sample) -> float:
    """KiB by which the main process grew for each submission."""
    return 1024 * (last.mib[0] - first.mib[0]) / max(1, last.finished - first.finished)


def judge(before: Sample, samples: Sequence[Sample], after: Sample) -> list[str]:
    """Sentences about everything that grew while submissions were graded, or was left when all was closed."""
    first, flat, last = samples[0], settled(samples), samples[-1]
    names = ("main", "forkserver", *(f"job {number}" for number in range(1, len(last.mib) - 1)))
    broken = []
    for name in COUNTS:
        if getattr(last, name) > getattr(first, name):
            broken.append(f"Grew: {name} from {getattr(first, name)} to {getattr(last, name)}.")
    for name in (*COUNTS, "open_files"):
        if getattr(after, name) != getattr(before, name):
            broken.append(f"Left: {name} {getattr(after, name)}, before {getattr(before, name)}.")
    if len({len(sample.mib) for sample in samples}) > 1:
        return [*broken, "Changed: the number of jobs and forkservers."]
    for name, was, now in zip(names, first.open_files, last.open_files, strict=True):
        if now > was:
            broken.append(f"Grew: open files of {name} from {was} to {now}.")
    for name, was, now in zip(names, flat.mib, last.mib, strict=True):
        kept = KEPT_KIB * (last.finished - flat.finished) / 1024 if name == "main" else 0.0
        if now - was > max(GROWTH * was, GROWTH_MIB, kept):
            broken.append(f"Grew: memory of {name} from {was:.1f} to {now:.1f} MiB.")
    return broken


def judge_reports(submissions: Sequence[Submission], reports: Sequence[Report], kept: Sequence[Report]) -> list[str]:
    """Sentences about everybody who is lost, or whose report is not as it must be."""
    students = [submission.student for submission in submissions]
    broken = []
    if [report.student for report in reports] != students:
        broken.append(f"Lost: {len(reports)} reports of {len(students)} submissions.")
    if sorted(report.student for report in kept) != students:
        broken.append(f"Lost: {len(kept)} reports in the database, of {len(students)} submissions.")
    for report in reports:
        earned, honest = report.points + report.bonus_points, report.student.endswith("-honest")
        if report.internal or earned != (report.max_points if honest else 0):
            text = ", ".join(dict.fromkeys(map(str, report.verdicts)))
            broken.append(f"Wrong: {report.student} has {earned:g} of {report.max_points:g} points: {text}.")
    return broken


def table(samples: Sequence[Sample], title: str) -> Table:
    """One row for each sample; the first was taken before anything was started, the last after all was closed."""
    shown = Table(title=title)
    for name in ("finished", "seconds", *COUNTS, "open files", "MiB"):
        shown.add_column(name, justify="right")
    for number, each in enumerate(samples):
        when = "before" if number == 0 else "after" if number == len(samples) - 1 else str(each.finished)
        counts = [str(getattr(each, name)) for name in COUNTS]
        open_files, mib = " ".join(map(str, each.open_files)), " ".join(f"{size:.1f}" for size in each.mib)
        shown.add_row(when, f"{each.seconds:.0f}", *counts, open_files, mib)
    return shown


def below_an_init(work: Callable[[], int]) -> int:
    """Do the work in a child, and collect all orphans, as init does; the living ones are in sight of the child."""
    become_subreaper()
    child = os.fork()
    if not child:
        return work()
    while (ended := os.wait())[0] != child:
        pass
    return os.waitstatus_to_exitcode(ended[1])


if __name__ == "__main__":
    sys.exit(below_an_init(main))

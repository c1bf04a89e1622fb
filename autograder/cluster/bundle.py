"""A bundle: jobs that one process of a batch system runs one after the other, as `python -m autograder.cluster.bundle`.

It is a file in the shared folder, and stands for the request: when it is gone, nobody asks for its jobs any more. What
has become of each job is written beside it, line by line, so a process that is started in the place of one that died
goes on behind the job that killed it.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import msgspec

import autograder
from autograder.cluster.runner import LOOK_SECONDS, Answer, Runner
from autograder.cluster.work import PATIENCE_SECONDS, Work, again_until, private, write_whole
from autograder.grading.jobs import Attempt

__all__ = [
    "BEGUN",
    "BUNDLE",
    "LEFT",
    "OVER",
    "PROGRESS",
    "Bundle",
    "Step",
    "progress_of",
    "read_bundle",
    "run",
    "write_bundle",
]

BUNDLE, PROGRESS = ".bundle", ".progress"
BEGUN, LEFT, OVER = "begun", "left", "over"
_STOPPED = 128 + signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Bundle:
    """Jobs by their names, and how they are run; `version` is that of the autograder that wrote the bundle."""

    version: str
    jobs: tuple[tuple[str, Attempt], ...]
    work: Work | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What has become of a job: BEGUN, LEFT because the process was asked to end, or OVER; `answer` belongs to that."""

    job: str
    state: str
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class _Header:
    """What can be read of a bundle by any version."""

    version: str
    names: tuple[str, ...]


def write_bundle(path: Path, work: Work, jobs: Sequence[tuple[str, Attempt]]) -> None:
    """Write a bundle, readable for this user alone: it holds the course's seed.

    Raises:
        OSError: the folder could not be written for two minutes.
    """
    header = msgspec.json.encode(_Header(autograder.__version__, tuple(name for name, _ in jobs)))
    write_whole(path, header + b"\n" + pickle.dumps((work, tuple(jobs))))


def read_bundle(path: Path) -> Bundle:
    """The bundle in a file; one of another version has no `work`, and its jobs no attempts that can be run.

    Raises:
        OSError: it cannot be read.
    """
    first, _, rest = path.read_bytes().partition(b"\n")
    header = msgspec.json.decode(first, type=_Header)
    if header.version != autograder.__version__:
        return Bundle(header.version, tuple((name, Attempt(None)) for name in header.names))  # type: ignore[arg-type]
    work, jobs = pickle.loads(rest)  # noqa: S301 (whoever can write here can write the course, whose checks run as well)
    return Bundle(header.version, jobs, work)


def progress_of(path: Path) -> Iterator[Step]:
    """What has become of a bundle's jobs so far, the oldest first; nothing where that cannot be read now."""
    with suppress(OSError):
        for line in path.with_suffix(PROGRESS).read_bytes().splitlines():
            with suppress(msgspec.MsgspecError):  # an empty or half written line
                yield msgspec.json.decode(line, type=Step)


def run(path: Path, ends: float | None = None) -> int:
    """Run the jobs of a bundle that are not over; returns the exit code.

    At `ends`, in seconds since 1970, this process will be ended: a job that might not be over by then is not begun.

    A job that had begun in a process before this one, and was not left by it, has ended that process: it gets no second
    one, and the fault is reported.
    """
    if not _appears(path):
        sys.stderr.write(f"{path} cannot be seen here; mount the shared folder at the same path.\n")
        return 1
    bundle, name = read_bundle(path), socket.gethostname()
    last = {step.job: step.state for step in progress_of(path)}
    runner, current = Runner(name), [""]

    def note(step: Step) -> None:
        again_until(lambda: _append(path, step), time.monotonic() + PATIENCE_SECONDS)

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        with suppress(OSError):
            if current[0] and (ends is None or time.time() < ends):  # at its end, the job was too long
                _append(path, Step(current[0], LEFT))
        os._exit(_STOPPED)  # the kernel ends the job process and its sandbox with this one

    signal.signal(signal.SIGTERM, stop)
    for job, attempt in bundle.jobs:
        if not _needed(path):
            break
        if last.get(job) == OVER:
            continue
        if bundle.work and ends is not None and (left := ends - time.time()) < bundle.work.seconds:
            need = f"a submission may take {bundle.work.seconds:.0f} s"
            sys.stderr.write(f"{left:.0f} s are left, and {need}; the rest is for another job.\n")
            break
        if bundle.work is None:
            why = f"has autograder {autograder.__version__}, and the machine that grades {bundle.version}"
            note(Step(job, OVER, Answer(name, f"{why}; make a new image.", refused=True)))
            continue
        if last.get(job) == BEGUN:
            note(Step(job, OVER, Answer(name, "A process of the cluster ended while it graded this submission.")))
            continue
        note(Step(job, BEGUN))
        current[0] = job
        answer = runner.grade(bundle.work, attempt, job, lambda: _needed(path))
        current[0] = ""
        if _needed(path):
            note(Step(job, OVER, answer))
    runner.close()
    return 0


def _append(path: Path, step: Step) -> None:
    with open(path.with_suffix(PROGRESS), "ab", opener=private) as file:
        file.write(b"\n" + msgspec.json.encode(step) + b"\n")  # a line that was half written before stays apart
        file.flush()
        os.fsync(file.fileno())


def _appears(path: Path) -> bool:
    end = time.monotonic() + PATIENCE_SECONDS
    while not os.path.isfile(path) and _needed(path) and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
    return os.path.isfile(path)


def _needed(path: Path) -> bool:
    """Whether anybody still asks for a bundle; a shared folder that is gone for a while says nothing about it."""
    return os.path.isfile(path) or not os.path.isdir(path.parent)


if __name__ == "__main__":
    from autograder.cluster.bundle import run as as_module  # records are known by the module's name

    sys.exit(as_module(Path(sys.argv[1])))

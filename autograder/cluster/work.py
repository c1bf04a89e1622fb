"""What crosses to a worker, and the file in which a result comes back.

A job's file is named by the hash of all that went in, and written whole or not at all. So whoever writes it twice
writes one, and what was finished when scheduler or client died is found by the next run. The file is a way, no book:
once the results database has the report, it goes.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from autograder import sandbox
from autograder.checks.errors import GraderError, UsageError
from autograder.checks.wording import reason_of
from autograder.grading.earlier import PartlyGraded
from autograder.grading.grader import AssignmentGrader, Grader
from autograder.grading.jobs import Attempt, Enter, JobSpec
from autograder.grading.preparing import sandbox_arguments
from autograder.results import Limits, Report
from autograder.sandbox import ContainerSandbox, ForkServer

__all__ = [
    "OTHER_FILES",
    "RESULT",
    "Work",
    "again_until",
    "job_name",
    "kept_result",
    "private",
    "read_result",
    "result_path",
    "work_of",
    "write_whole",
]

PATIENCE_SECONDS = 120.0
RESULT = ".json"
OTHER_FILES = "has other files or packages than this machine; `autograder cluster doctor` says which."


@dataclass(frozen=True, slots=True)
class Work:
    """How the submissions of one assignment are graded, as a worker needs to know it: plain values alone.

    `files` stands for assignment, reference and data; `limits` are the largest of any question; `folder` is where
    results are written, a shared one.
    """

    job: Enter
    template: JobSpec
    sandbox: str
    arguments: tuple[tuple[str, Any], ...]
    seconds: float
    files: str
    limits: Limits
    folder: Path

    def spec(self, address: str) -> JobSpec:
        """What a job process is given, with the sandbox's address."""
        return replace(self.template, address=address)

    def start(self) -> ForkServer | ContainerSandbox:
        """Start the sandbox, on the machine where this is called."""
        return sandbox.start(self.sandbox, **dict(self.arguments))


def work_of(grader: Grader, folder: Path) -> Work:
    """What a grader does, for workers.

    Raises:
        UsageError: it is one of another format's, which workers cannot start.
    """
    if not isinstance(grader, AssignmentGrader):
        raise UsageError("--cluster is for assignments of our own; leave it out in nbgrader's courses.")
    loaded, data = grader.loaded, grader.dataset.sha256 if grader.dataset else ""
    arguments = {**sandbox_arguments(loaded), "foreseen": grader.foreseen}
    return Work(
        grader.job,
        grader.spec(""),
        grader.sandbox,
        tuple(sorted(arguments.items())),
        grader.seconds,
        f"{loaded.assignment_sha256} {loaded.reference_sha256} {data}",
        loaded.assignment.limits_together(full=grader.options.full, changes=grader.options.limits),
        folder,
    )


def job_name(key: str, attempt: Attempt) -> str:
    """The hash of all that went into a job, by the key of its result; a second try does not find the first one's."""
    submission = attempt.submission
    done = sorted(submission.done) if isinstance(submission, PartlyGraded) else []
    attempted = [attempt.alone, attempt.tries > 1, attempt.run]
    about = msgspec.json.encode([key, submission.student, submission.sha256, done, *attempted])
    return hashlib.sha256(about).hexdigest()


def result_path(folder: Path, name: str) -> Path:
    """The file of a job's result."""
    return folder / f"{name}{RESULT}"


def kept_result(path: Path, report: Report, patience: float = PATIENCE_SECONDS) -> None:
    """Write a result, as `write_whole`.

    Raises:
        OSError: it still cannot be written.
    """
    write_whole(path, msgspec.json.encode(report), patience)


def write_whole(path: Path, content: bytes, patience: float = PATIENCE_SECONDS) -> None:
    """Write a file, whole; a folder that cannot be reached is tried again for so many seconds.

    The draft's name is nobody else's, on whatever machine, and the file is readable for this user alone.

    Raises:
        OSError: it still cannot be written.
    """
    end = time.monotonic() + patience
    draft = path.with_name(f".{path.stem[:16]}.{uuid.uuid4().hex}")

    def write() -> None:
        try:
            with open(draft, "xb", opener=private) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise

    again_until(write, end)


def private(path: str, flags: int) -> int:
    """An opener of files that are readable for this user alone."""
    return os.open(path, flags, 0o600)


def again_until(write: Callable[[], None], end: float) -> None:
    """Write, again and again while the system refuses it, until a moment of the monotonic clock.

    Raises:
        OSError: it still cannot be written.
    """
    while True:
        try:
            return write()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def read_result(path: Path) -> Report | None:
    """The result in a file; None where there is none yet.

    Raises:
        GraderError: there is something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError:
        return None
    except msgspec.MsgspecError as error:
        raise GraderError(f"{path} is no result: {reason_of(error)}.") from None

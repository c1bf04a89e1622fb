"""What belongs together while one submission is graded, the sandbox that is kept from one question for the next, and
the seeds that follow from it.

A notebook may train for minutes, so it is run once and not for each question. What has seen anything of a hidden check
is kept for hidden checks only: its words may not be shown any more.
"""

from __future__ import annotations

import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

import numpy as np

from autograder import atomic_files
from autograder.assignment.question import Check
from autograder.checks.errors import StudentError
from autograder.checks.local.sources import HandedIn
from autograder.checks.local.variants import Variant
from autograder.datasets import DataSet
from autograder.grading.notebooks import Notebooks
from autograder.grading.options import RunOptions
from autograder.grading.predictions import COMMAND, HandedInPredictions
from autograder.grading.recorded_answers import Answers
from autograder.grading.time_limits import Budget, Imports
from autograder.grading.usage import Usage
from autograder.loader import Loaded
from autograder.notebooks.reading_process import Reader
from autograder.remote.student import Controls, RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Outcome, Request, Sandbox, Session
from autograder.seeding import keys_of, number
from autograder.submissions import Submission

__all__ = ["Case", "Shared", "Spare", "Standing", "random_numbers_kept", "write_drawn"]


@dataclass(frozen=True, slots=True)
class Shared:
    """What one process keeps from one submission to the next: the reference's answers, and the processes that read
    notebooks and predictions; none of it depends on a submission."""

    answers: Answers = field(default_factory=Answers)
    reader: Reader = field(default_factory=Reader)
    predictions: Reader = field(default_factory=lambda: Reader(COMMAND))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reader.close()
        self.predictions.close()


@dataclass(frozen=True, slots=True)
class Standing:
    """A live sandbox: its session, the stand-in that talks to it, and how many bytes of its output are reported."""

    session: Session
    student: RemoteStudent
    reported: int = 0

    def end(self) -> Outcome:
        """End every process inside."""
        Controls(self.student).leave()
        return self.session.close()


class Spare:
    """The sandbox in which the notebooks of a submission have run, between two questions: one, or none."""

    def __init__(self) -> None:
        self._standing: Standing | None = None

    def put(self, standing: Standing) -> bool:
        """Keep a sandbox; False if there is one already, or nothing is left of it."""
        if self._standing is not None or Controls(standing.student).ended:
            return False
        self._standing = standing
        return True

    def take(self, *, hidden: bool) -> Standing | None:
        """The sandbox, if there is one that a check of this kind may use."""
        standing = self._standing
        if standing is None or (not hidden and Controls(standing.student).tainted):
            return None
        self._standing = None
        return standing

    def close(self) -> tuple[Session, Outcome] | None:
        """End the sandbox that is left, if one is; returns its session and how that ended."""
        standing, self._standing = self._standing, None
        return (standing.session, standing.end()) if standing else None


@dataclass(frozen=True)
class Case:
    """One submission to be graded: against what, where and how; with the student's variant, where there are any.

    `outcomes` grows as its sandboxes end; `spare` is the sandbox in which its notebooks have run,
    between two questions. `first_imports` keeps how importing a file ends in a fresh sandbox: an error, or None;
    `imports` are those that failed before anything else was asked; `answers` are the reference's, from one submission
    to the next; what is in `at_end` is called by `close`; `usage` counts what its sandboxes use.
    """

    loaded: Loaded
    submission: Submission
    sandbox: Sandbox
    dataset: DataSet | None
    options: RunOptions
    variant: Variant | None = None
    predictions: HandedInPredictions | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    notebooks: Notebooks = field(default_factory=Notebooks)
    spare: Spare = field(default_factory=Spare)
    first_imports: dict[str, StudentError | None] = field(default_factory=dict)
    imports: Imports = field(default_factory=Imports)
    answers: Answers = field(default_factory=Answers)
    at_end: list[Callable[[], object]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    _staged: list[Path] = field(default_factory=list)

    @cached_property
    def notebook_time(self) -> Budget:
        """What is left for running notebooks, in all sandboxes together: as much as all questions may take."""
        options = self.options
        return Budget(self.loaded.assignment.limits_together(full=options.full, changes=options.limits))

    def seed_of_inputs(self, check: Check) -> int:
        """The seed of a check's `rng`; 63 bits, the same for every student.

        What a public check draws reaches students, so it comes from the key of what is seen.
        """
        keys = keys_of(self.options.seed)
        return self._number(keys.hidden if check.hidden else keys.seen, check.id, "inputs")

    def seed_inside(self, check_id: str) -> int:
        """The seed of the submission's own random numbers in one check.

        A submission can read it back; those numbers that make a check's hidden inputs do not follow from it.
        """
        return self._number(keys_of(self.options.seed).seen, check_id, "submission")

    def _seed_at_import(self) -> int:
        return self._number(keys_of(self.options.seed).seen, "import")

    def _number(self, key: bytes, *purpose: str) -> int:
        return number(key, self.options.run, self.loaded.id, *purpose)

    @cached_property
    def handed_in(self) -> HandedIn:
        """The files of the submission, as messages name and quote them."""
        files, folder = self.loaded.interface.files, self.submission.folder
        meant = dict(self.submission.meant)
        absent = {file: meant.get(file, "") for file in files if not (folder / file).is_file()}
        drawn = self.variant.everything if self.variant else ()
        given = (*self.loaded.assignment.given, *self.loaded.assignment.extra_files, *drawn)
        return HandedIn(folder, files, given, absent, self.notebooks.sources())

    @cached_property
    def given_folder(self) -> Path | None:
        """What is handed out complete beside modules and notebooks, as sandboxes get it; None for nothing."""
        if self.dataset is None or not self.dataset.handed_out:
            return self.loaded.given_folder
        return self.loaded.staged_with(self.dataset.handed_out, self.dataset.sha256)

    def open(self, limits: Limits) -> tuple[Session, Limits]:
        """A sandbox with the submission in it, and its limits: those given, with no more CPU time than the budget has.

        Raises:
            SandboxError: it could not be built.
            StudentError: the submission's budget is used up (TIME).
        """
        limits = self.usage.within(limits)
        session = self.sandbox.open(Request(self.submission.folder, limits, self._seed_at_import(), self.given_folder))
        self.usage.opened(session)
        return session, limits

    def ended(self, session: Session, outcome: Outcome) -> None:
        """A sandbox with the submission in it has ended."""
        self.outcomes.append(outcome)
        self.usage.ended(session, outcome)

    def open_reference(self, limits: Limits) -> Session:
        """A sandbox of its own with a copy of the reference in it.

        Raises:
            SandboxError: it could not be built.
        """
        return self.sandbox.open(Request(self.reference_copy(), limits, self._seed_at_import(), self.given_folder))

    def close(self) -> None:
        """End the sandbox that is left, and remove what was copied."""
        if ended := self.spare.close():
            self.ended(*ended)
        while self.at_end:
            self.at_end.pop()()
        while self._staged:
            shutil.rmtree(self._staged.pop(), ignore_errors=True)

    def reference_copy(self) -> Path:
        """The reference's files as a sandbox of any user can read them, at a place that nobody can guess.

        What is handed out complete comes from another folder, once for all submissions.
        """
        if not self._staged:
            outer = Path(tempfile.mkdtemp(prefix="autograder-reference-"))
            self._staged.append(outer)
            outer.chmod(0o711)
            folder = outer / secrets.token_hex(16)
            given = {self.loaded.reference_folder / file for file in self.loaded.assignment.extra_files}
            _copy(self.loaded.reference_folder, folder, without=given)
            write_drawn(folder, self.variant.everything if self.variant else {})
            self._staged.append(folder)
        return self._staged[-1]


def write_drawn(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write what is one student's own into a folder from which a sandbox is made, readable for everybody."""
    for file, content in files.items():
        path = folder / file
        if path.is_file() and path.read_bytes() == content:
            continue  # another job may be reading it
        path.parent.mkdir(parents=True, exist_ok=True)
        for above in PurePosixPath(file).parents[:-1]:
            (folder / above).chmod(0o755)
        atomic_files.write(path, content)
        path.chmod(0o644)


def _copy(source: Path, target: Path, without: Collection[Path]) -> None:
    """Copy what is no link, no cache and not hidden, readable for everybody who knows the way."""
    target.mkdir()
    target.chmod(0o755)
    for path in sorted(source.iterdir()):
        if path.is_symlink() or path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir():
            _copy(path, target / path.name, without)
        elif path.is_file() and path not in without:
            shutil.copyfile(path, target / path.name)
            (target / path.name).chmod(0o644)


@contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Whatever is drawn meanwhile, the check that waits goes on as if nothing had been."""
    torch = sys.modules.get("torch")
    before = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        if torch and before[2] is not None:
            torch.set_rng_state(before[2])

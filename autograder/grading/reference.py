"""The reference: handed in like a submission, and in a sandbox of its own under the limits that the submission has.

Checks compare the submission with it, and may give it what the submission answered. And it is asked in the student's
place when a check fell over an answer: what the check says of it decides whose a fault is. What the reference does may
take no more of the machine than a submission may, whatever it is given.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from autograder.checks.errors import SandboxError
from autograder.checks.inspection.saved_files import is_name
from autograder.checks.local.notebook_code import is_notebook
from autograder.grading.context import Case
from autograder.grading.recorded_answers import RecordedSession
from autograder.loader import Loaded
from autograder.notebooks import read
from autograder.remote.notebook import run_cells
from autograder.remote.reference import ReferenceStudent
from autograder.remote.student import Controls
from autograder.results import Limits
from autograder.submissions import Submission, collect_one

__all__ = ["Solved", "reference_as_submission", "reference_files"]


def reference_files(loaded: Loaded) -> dict[str, bytes]:
    """The files of the reference that students hand in: those that are named, and files of saved numbers beside them.

    Nobody names the latter in advance: a check reads them by `student.saved`, or a solution loads its own.
    """
    home, assignment = loaded.reference_folder, loaded.assignment
    given = (*assignment.given, *assignment.extra_files)
    beside = sorted(path.name for path in home.iterdir() if is_name(path.name) and path.name not in given)
    return {file: (home / file).read_bytes() for file in (*assignment.handed_in, *beside) if (home / file).is_file()}


def reference_as_submission(loaded: Loaded, folder: Path) -> Submission:
    """The reference, handed in.

    Args:
        loaded: the assignment with its reference.
        folder: where a folder is made for it, that no student has.
    """
    place = folder / "autograder.reference"
    place.mkdir(exist_ok=True)
    files = reference_files(loaded)
    for file, content in files.items():
        (place / file).write_bytes(content)
    paths = tuple(place / file for file in files)
    return collect_one(paths, loaded.assignment.handed_in, folder / "autograder.reference-staged", "the reference")


_LEAST_SECONDS = 0.05


class Solved:
    """A sandbox with the reference, opened when something is first asked of it and again after a death.

    After a death the next sandbox has half the time, so that a submission that makes the reference run into its limit
    in every check costs less than twice that limit.

    Args:
        case: the submission that is graded, with the reference.
        limits: of the sandbox; None for what all questions may use together, where one sandbox serves them all and
            each question is granted its own time.
    """

    def __init__(self, case: Case, limits: Limits | None = None) -> None:
        self.case = case
        self._limits = limits
        self._deaths = 0
        self._session: RecordedSession | None = None
        self._student: ReferenceStudent | None = None

    @property
    def alive(self) -> bool:
        """Whether objects that an earlier check got from here are still there."""
        return bool(self._student and self._session and not (Controls(self._student).ended or self._session.ended))

    def student(self, seed: int, limits: Limits, share: float = 1.0) -> ReferenceStudent:
        """The stand-in for the reference, with its random numbers seeded.

        Args:
            seed: of `random`, numpy and torch inside.
            limits: of the question; calls of it may take as much time as these say.
            share: the part of that time which is granted.

        Raises:
            SandboxError: the reference used up its time in earlier checks.
        """
        if self._student is not None and not self.alive:
            self._deaths += 1
            self.close()
        part = share / 2**self._deaths
        limits = replace(limits, wall_seconds=part * limits.wall_seconds, cpu_seconds=part * limits.cpu)
        if limits.wall_seconds < _LEAST_SECONDS:
            raise SandboxError("The reference ran into its limits in too many checks of this question.")
        student = self._student or self._opened(limits)
        assert self._session is not None
        controls = Controls(student)
        controls.limit(limits)
        if self._limits is None:
            self._session.grant(limits.wall_seconds)
        controls.seed(seed)
        return student

    def close(self) -> None:
        """End the sandbox."""
        if self._student is not None:
            Controls(self._student).leave()
        if self._session is not None:
            self._session.close()
        self._session = self._student = None

    def _opened(self, limits: Limits) -> ReferenceStudent:
        case, options = self.case, self.case.options
        together = case.loaded.assignment.limits_together(full=options.full, changes=options.limits)
        allowed = together if self._limits is None else limits
        own = case.variant.everything if case.variant else {}
        self._session = RecordedSession(lambda: case.open_reference(allowed), allowed, case.answers, own)
        self._student = ReferenceStudent(self._session, case.loaded.interface, limits, case.loaded.reference_folder)
        Controls(self._student).run_notebooks_with(self._run_notebook)
        return self._student

    def _run_notebook(self, file: str) -> None:
        if not is_notebook(file) or self._student is None or self._session is None:
            return
        granted = self._session.granted
        self._session.grant(math.inf)  # a notebook's time is no single question's
        try:
            notebook = read((self.case.loaded.reference_folder / file).read_bytes(), file)
            for ran in run_cells(self._student, file, notebook, seed=self.case.loaded.assignment.cell_seed):
                if ran.error:
                    raise ran.error
        finally:
            self._session.grant(granted)

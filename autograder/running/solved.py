"""The reference in the student's place: in a sandbox of its own, under the limits that the student has.

It is asked when a check fell over an answer: does the check work with a right one? What the reference does then may
take no more of the machine than a submission may, whatever the check asks of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from autograder.cells import is_notebook
from autograder.model import Limits
from autograder.notebooks import read
from autograder.running.case import Case
from autograder.sandbox import Session
from autograder.student.notebook import run_cells
from autograder.student.remote import Controls, RemoteStudent

__all__ = ["Solved"]


class Solved:
    """A sandbox with the reference, opened when it is first needed and again after a death.

    Args:
        case: the submission that is graded, with the reference.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self._session: Session | None = None
        self._student: RemoteStudent | None = None

    @property
    def alive(self) -> bool:
        """Whether objects that an earlier check got from here are still there."""
        return self._student is not None and not Controls(self._student).ended

    def student(self, seed: int, limits: Limits) -> RemoteStudent:
        """The stand-in for the reference, with its random numbers seeded.

        Args:
            seed: of `random`, numpy and torch inside.
            limits: of the question; its calls may take as much time as these say.

        Raises:
            SandboxError: no sandbox could be opened.
        """
        if not self.alive:
            self.close()
        if self._student is None or self._session is None:
            options = self.case.options
            together = self.case.loaded.assignment.limits_together(full=options.full, changes=options.limits)
            self._session = self.case.open_reference(together)
            folder = self.case.reference_copy()
            self._student = RemoteStudent(self._session, self.case.loaded.interface, limits, (), folder)
            Controls(self._student).run_notebooks_with(self._run_notebook)
            Controls(self._student).lend_with(self._itself)
        controls = Controls(self._student)
        controls.limit(limits)
        self._session.grant(limits.wall_seconds)
        controls.seed(seed)
        return self._student

    def close(self) -> None:
        """End the sandbox."""
        if self._session is not None:
            self._session.close()
        self._session = self._student = None

    def _itself(
        self,
        _names: tuple[str, ...],
        _unless: Callable[..., Any] | Iterable[Callable[..., Any]],
    ) -> RemoteStudent:
        """What `with_reference` gives: all parts are the reference's already."""
        assert self._student is not None
        return self._student

    def _run_notebook(self, file: str) -> None:
        if not is_notebook(file) or self._student is None or self._session is None:
            return
        granted = self._session.granted
        self._session.grant(math.inf)  # a notebook's time is no single question's
        try:
            notebook = read((self.case.reference_copy() / file).read_bytes(), file)
            for ran in run_cells(self._student, file, notebook, seed=self.case.loaded.assignment.cell_seed):
                if ran.error:
                    raise ran.error
        finally:
            self._session.grant(granted)

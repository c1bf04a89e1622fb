"""The stand-in for the reference in a sandbox of its own: the answers of a submission's, the faults of an instructor's.

A check compares the submission with it, and may hand it what the submission answered. So the reference runs where a
submission runs, under limits; whatever goes wrong there is no fault of the submission's by itself, and is raised as an
`InstructorError`.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from autograder.assignment.interface import Interface
from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.sources import HandedIn
from autograder.remote.channel import Channel, Function
from autograder.remote.student import Controls, RemoteStudent
from autograder.results import Limits, Verdict
from autograder.sandbox.base import Session

__all__ = ["ReferenceFailed", "ReferenceStudent"]

_DRAWING_NOTHING = ("seed", "load", "notebook", "cell", "set", "forget")


class ReferenceFailed(InstructorError):
    """The reference raised, lacks a name, broke a limit or died.

    `kind` is the built-in exception behind it, or "". `over_limit` says that it took more time or memory than it may;
    `steady` that it will fail again, because it raised or lacks a name.
    """

    def __init__(self, folder: Path, error: StudentError) -> None:
        super().__init__(f"The reference in {folder} failed: {error.message}")
        self.kind = error.kind
        self.over_limit = error.verdict in (Verdict.TIME, Verdict.MEMORY)
        self.steady = error.verdict in (Verdict.RAISED, Verdict.MISSING)
        if error.verdict == Verdict.RAISED:
            self.__context__ = _exception(error.kind)  # what `checks.raises` looks for


class ReferenceStudent(RemoteStudent):
    """The reference in one session.

    Raises (from every call and attribute):
        ReferenceFailed: the reference gave no answer.
        InstructorError: the check asks for a name that the reference does not have, or gives it an object of another
            sandbox.
        SandboxError: the sandbox could not be built, or ended by our fault.
    """

    def __init__(self, session: Session, interface: Interface, limits: Limits, folder: Path) -> None:
        """Args as for a submission; `folder` holds the reference as it was written."""
        super().__init__(session, interface, limits, (), folder)
        self._channel = _Channel(session, interface, limits, folder)
        controls = Controls(self)
        controls.substitute_with(self._itself)
        controls.measure_beside(lambda: self)

    def source_of(self, *names: str) -> Any:
        """The text of the reference's modules as syntax trees."""
        try:
            return super().source_of(*names)
        except StudentError as error:
            failure = self._channel.failure(error)
        raise failure

    def _itself(
        self, _names: tuple[str, ...], _unless: Callable[..., Any] | Iterable[Callable[..., Any]]
    ) -> RemoteStudent:
        """What `with_reference` gives: all parts are the reference's already."""
        return self


class _Channel(Channel):
    """A channel whose faults are the instructor's.

    The random numbers are seeded once more when a module was imported and nothing was called since: what an import
    draws must not part the reference's random numbers from the submission's.
    """

    of_reference = True

    def __init__(self, session: Session, interface: Interface, limits: Limits, folder: Path) -> None:
        super().__init__(session, interface, limits, (), HandedIn(folder, interface.files))
        self.folder = folder
        self._seed: int | None = None
        self._drawn = False

    def failure(self, error: StudentError) -> Exception:
        """A fault of the code inside, as the instructor's."""
        return ReferenceFailed(self.folder, error)

    def named(self, name: str) -> Any:
        """A public name of the reference."""
        try:
            return super().named(name)
        except StudentError as error:
            failure = self.failure(error)
        raise failure

    def ask(self, verb: str, *arguments: Any, where: str, method: Function | None = None) -> Any:
        """One request and its answer."""
        if verb == "seed" and type(arguments[0]) is int:
            self._seed = arguments[0]
            self._drawn = False
            self.waiting = [each for each in self.waiting if each[0][0] != "seed"]  # of checks that asked nothing
        self._drawn = self._drawn or verb not in _DRAWING_NOTHING
        try:
            return super().ask(verb, *arguments, where=where, method=method)
        except StudentError as error:
            failure = self.failure(error)
        raise failure

    def load(self, module: str, file: str) -> dict[str, list[str] | str | None]:
        """Import a module, or run a notebook, once."""
        if module in self.inventory:
            return self.inventory[module]
        found = super().load(module, file)
        if self._seed is not None and not self._drawn:
            self.ask("seed", self._seed, where="the random numbers")
        return found


def _exception(kind: str) -> Exception:
    found = getattr(builtins, kind, Exception)
    usual = isinstance(found, type) and issubclass(found, Exception)
    return found.__new__(found) if usual else Exception()

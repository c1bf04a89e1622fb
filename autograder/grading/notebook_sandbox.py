"""The sandbox in which the notebooks of a submission have run, kept from one question for the next.

A notebook may train for minutes, so it is run once and not for each question. What has seen anything of a hidden check
is kept for hidden checks only: its words may not be shown any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from autograder.remote.student import Controls, RemoteStudent
from autograder.sandbox import Outcome, Session

__all__ = ["Spare", "Standing"]


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
    """Room for one sandbox."""

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

    def close(self) -> Outcome | None:
        """End the sandbox that is left, if one is."""
        standing, self._standing = self._standing, None
        return standing.end() if standing else None

"""Sandboxes whose wall clock is written down: what a request takes is said beforehand, however busy the machine is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.results import Limits
from autograder.sandbox import Outcome, Request, Sandbox, Session

__all__ = ["FOREVER", "TimedSandbox"]

FOREVER = math.inf
_REALLY = 3600.0  # seconds of the real clock, which no test waits for


@dataclass
class TimedSandbox:
    """Opens real sandboxes, which answer really; only the seconds that pass are those of `takes`.

    `takes` gives the seconds of each request that holds all these texts, such as ``("call", "double")`` or ``("load",
    "hw")``; any other takes none. A request that takes longer than it may is not sent. `opened` are the limits of
    each sandbox, `asked` the texts of each request that was inspected.
    """

    real: Sandbox
    takes: Mapping[tuple[str, ...], float]
    opened: list[Limits] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def open(self, request: Request) -> Session:
        """A real sandbox with a clock of its own."""
        self.opened.append(request.limits)
        limits = replace(request.limits, wall_seconds=_REALLY, cpu_seconds=request.limits.cpu)
        return _TimedSession(self.real.open(replace(request, limits=limits)), request.limits.wall_seconds, self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class _TimedSession:
    def __init__(self, real: Session, seconds: float, sandbox: TimedSandbox) -> None:
        self._real, self._sandbox = real, sandbox
        self._seconds = self._left = self._patience = seconds
        self.granted = math.inf
        self._late = False

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """The real answer, unless its time is longer than what is left."""
        if self._late:
            raise EOFError
        text = b"".join(map(bytes, frame))
        found = [each for each in self._sandbox.takes if all(part.encode() in text for part in each)]
        self._sandbox.asked += found
        takes = sum(self._sandbox.takes[each] for each in found)
        most = min(self._left, self._patience, self.granted)
        self._late = takes >= most and takes > 0
        self.spend(most if self._late else takes)
        if self._late:
            raise EOFError
        return self._real.exchange(frame)

    def at_most(self, seconds: float) -> None:
        """As a session's."""
        self._patience = seconds

    def grant(self, seconds: float) -> None:
        """As a session's."""
        self.granted = seconds

    def spend(self, seconds: float) -> None:
        """As a session's."""
        self._left -= seconds
        self.granted -= seconds

    @property
    def waited(self) -> float:
        """As a session's."""
        return self._seconds - self._left

    def close(self) -> Outcome:
        """The real end, by the clock of this session."""
        outcome = replace(self._real.close(), wall_seconds=self.waited)
        return replace(outcome, limit="wall", signal=0, exit_code=0) if self._late else outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

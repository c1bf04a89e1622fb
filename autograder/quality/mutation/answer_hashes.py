"""What a submission answers, as a hash: two submissions with equal hashes gave the same answers, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from autograder.sandbox import Outcome, Request, Sandbox, Session, Tail

__all__ = ["Change", "Listening"]

Change = Callable[[Sequence[bytes | memoryview]], Sequence[bytes | memoryview]]
"""What is done to the frame of a request before it goes in."""


class Listening:
    """A sandbox that remembers, question by question, what a submission answered: a `Sandbox` around another one.

    Args:
        inner: the sandbox.
        folder: the submission's; other sandboxes, in which the reference answers, are left alone.
        change: what is done to each request on its way in, if anything.
    """

    def __init__(self, inner: Sandbox, folder: Path, change: Change | None = None) -> None:
        self.inner = inner
        self.folder = folder
        self.change = change
        self.name, self.enforced, self.preloaded = inner.name, inner.enforced, inner.preloaded
        self.sessions: list[ListeningSession] = []

    def open(self, request: Request) -> Session:
        """Open the inner one."""
        if request.folder != self.folder:
            return self.inner.open(request)
        self.sessions.append(ListeningSession(self.inner.open(request), self.change))
        return self.sessions[-1]

    @property
    def digest(self) -> str:
        """A hash of all answers so far, whichever question came first."""
        answers = sorted(session.answers.hexdigest() for session in self.sessions)
        return hashlib.sha256("".join(answers).encode()).hexdigest()

    def close(self) -> None:
        """The inner one is its owner's to close."""

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ListeningSession:
    """A session that hashes each answer as it comes; `change` as of `Listening`."""

    def __init__(self, inner: Session, change: Change | None = None) -> None:
        self.inner = inner
        self.change = change
        self.answers = hashlib.sha256()

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """Send one request and hash its answer."""
        answer = self.inner.exchange(self.change(frame) if self.change else frame)
        self.answers.update(answer)
        return answer

    def at_most(self, seconds: float) -> None:
        """Limit each exchange of the inner session."""
        self.inner.at_most(seconds)

    def grant(self, seconds: float) -> None:
        """Limit all exchanges of the inner session together."""
        self.inner.grant(seconds)

    @property
    def granted(self) -> float:
        """What is left of what the inner session was granted."""
        return self.inner.granted

    def spend(self, seconds: float) -> None:
        """Count seconds in the inner session."""
        self.inner.spend(seconds)

    @property
    def waited(self) -> float:
        """How long the inner session was waited for."""
        return self.inner.waited

    def close(self) -> Outcome:
        """End the inner session."""
        return self.inner.close()

    @property
    def output(self) -> Tail:
        """What the inner session printed."""
        return self.inner.output

"""What every backend is: a frozen request in, a session to talk to, a frozen outcome out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from autograder.isolation.working_folder import copied
from autograder.results import Limits

__all__ = ["Isolation", "Outcome", "Request", "Sandbox", "Session", "Tail"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Isolation:
    """What a forkserver puts around workers beside limits: namespaces with mounts of their own, or Landlock alone."""

    mounts: bool = False
    landlock: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What to run: one submission's files and those that are given, under limits.

    `folder` holds the submission (regular files only; `submissions` made it), `given` what is handed out (regular files
    only, which everybody may read) or None. The working folder begins as a copy of both, those that are given over the
    others. `seed` seeds `random`, numpy and torch before any student code runs.
    """

    folder: Path
    limits: Limits
    seed: int = 0
    given: Path | None = None

    @property
    def roomy(self) -> Limits:
        """The limits with as much more scratch space as the working folder takes to begin with."""
        files, size = copied(self.folder, self.given)
        scratch_mib = self.limits.scratch_mib + -(-size // _MIB)
        return replace(self.limits, scratch_mib=scratch_mib, scratch_files=self.limits.scratch_files + files)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sandbox ended: exited, signalled, over which limit, what it used.

    Exactly one of these is said by `limit` (``"wall"``, ``"cpu"``, ``"memory"``, ``"output"``, ``"processes"`` ...,
    or ``""``), `fault` (a sentence: our fault) or, with both empty, `exit_code` / `signal` of the worker process.
    `wall_seconds` is the life of the sandbox; `peak_memory_mib` what the submission's processes added.
    """

    exit_code: int = 0
    signal: int = 0
    limit: str = ""
    fault: str = ""
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mib: float = 0.0


@dataclass(frozen=True, slots=True)
class Tail:
    """What a stream printed: the first bytes, and how many there were in all."""

    head: bytes = b""
    total: int = 0


class Session(Protocol):
    """A live worker in its sandbox. Every method may be called again after the end and then says the same."""

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """Send one request frame and wait for its reply frame, under the wall time that is left.

        Raises:
            EOFError: the worker is gone, or a limit was reached; `close` tells which.
        """

    def at_most(self, seconds: float) -> None:
        """From now on no single exchange takes longer; the wall time that is left holds beside it."""

    def grant(self, seconds: float) -> None:
        """From now on all exchanges together take no longer; `granted` is what is left of that."""

    @property
    def granted(self) -> float:
        """What is left of what `grant` gave, in seconds of wall time; infinity if it was never called."""

    def spend(self, seconds: float) -> None:
        """Count work done outside for the submission, such as reading a long answer, as if it had been waited for."""

    @property
    def waited(self) -> float:
        """For how many seconds the submission was waited for so far."""

    def close(self) -> Outcome:
        """End every process inside and say how it went."""

    @property
    def output(self) -> Tail:
        """What the submission printed so far, standard output and error together."""


class Sandbox(Protocol):
    """A started backend, opened once for each question; sessions of several threads or processes may overlap."""

    name: str
    enforced: tuple[str, ...]
    preloaded: tuple[str, ...]
    """Modules that are imported because submissions import them, beside those that the assignment preloads."""

    def open(self, request: Request) -> Session:
        """Build a sandbox and start a worker in it.

        Raises:
            SandboxError: it could not be built; worth another try.
        """

    def close(self) -> None:
        """End the backend and all its sessions."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

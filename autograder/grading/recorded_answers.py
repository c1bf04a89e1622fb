"""What the reference answered, remembered by the process that grades: most checks ask it the same for every submission.

A check draws its inputs from the course's seed, so the reference is asked the same questions in the same order as for
the submission before, and computes the same answers. An answer is given from memory only where that is certain:

* everything that was asked since its sandbox was opened is the same, byte for byte. What one submission gave to the
  reference is a part of that, so it can change no answer for another;
* two sandboxes gave it alike. An answer that depends on the time, or on random numbers of its own, is never remembered.

Whatever else is asked goes to a sandbox. Where that is opened in the middle, it is first asked all that was answered
from memory.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from autograder.checks.errors import SandboxError
from autograder.results import Limits
from autograder.sandbox import Outcome, Session, Tail
from autograder.sandbox.session import PipeSession

__all__ = ["Answers", "RecordedSession"]

_MOST_BYTES = 128 << 20
_LARGEST = 8 << 20  # bytes of a request or an answer; beyond, looking one up costs more than it saves
_NEVER = b""


@dataclass(slots=True)
class _Exchange:
    """A request, and its answer; `sure` once two sandboxes gave that. An answer that changed is empty."""

    request: bytes
    answer: bytes
    sure: bool = False


class Answers:
    """Requests to the reference and its answers, each under a key of all that was asked before and of itself.

    Args:
        most_bytes: how much is remembered; what comes after that is not.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._known: dict[bytes, _Exchange] = {}
        self._left = most_bytes

    def sure(self, key: bytes) -> _Exchange | None:
        """What is known under a key, if two sandboxes agreed."""
        found = self._known.get(key)
        return found if found and found.sure else None

    def learn(self, key: bytes, request: Sequence[bytes | memoryview], answer: memoryview) -> None:
        """A sandbox gave an answer."""
        known = self._known.get(key)
        if known is None:
            size = sum(map(len, request)) + len(answer)
            if len(answer) <= _LARGEST and size <= self._left:
                self._left -= size
                self._known[key] = _Exchange(b"".join(request), bytes(answer))
        elif known.answer == answer:
            known.sure = True
        else:
            known.answer, known.sure = _NEVER, False

    def doubt(self, key: bytes) -> None:
        """Another sandbox gave another answer, so it is asked for each time from now on."""
        if known := self._known.get(key):
            known.answer, known.sure = _NEVER, False


class RecordedSession:
    """A session with the reference that is opened when first something is asked whose answer is not known.

    Args:
        open_session: opens the sandbox.
        limits: of the sandbox.
        answers: what is known.
        files: what lies beside the reference for this submission alone; where that differs, so may the answers.
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        limits: Limits,
        answers: Answers,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self._open = open_session
        self._limits = limits
        self._answers = answers
        self._live: Session | None = None
        self._asked: list[bytes] = []
        self._key = hashlib.blake2b(repr((limits, sorted(files.items()))).encode(), digest_size=16).digest()
        self._patience = self._granted = math.inf
        self._spent = 0.0
        self._closed = False

    @property
    def pid(self) -> int:
        """The worker's number on this machine, where that is known; the sandbox is opened for it."""
        live = self._entered()
        return live.pid if isinstance(live, PipeSession) else 0

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """An answer from memory or from the sandbox.

        Raises:
            EOFError: the worker is gone, or a limit was reached.
            SandboxError: the sandbox could not be opened, or answers otherwise than before.
        """
        try:
            return self._exchanged(frame)
        except EOFError:
            raise
        except BaseException:  # a check that was ended while it waited: the answer that still comes is no other's
            self.close()
            raise

    def _exchanged(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        key = self._after(frame)
        if self._live is None and not self._closed and (known := self._answers.sure(key)):
            self._asked.append(key)
            self._key = key
            return memoryview(bytearray(known.answer))  # whoever reads it may write into it
        answer = self._entered().exchange(frame)
        if key:
            self._answers.learn(key, frame, answer)
        self._key = key
        return answer

    def _after(self, frame: Sequence[bytes | memoryview]) -> bytes:
        """The key of a request; empty from the first one on that is too large to be remembered."""
        if not self._key or sum(map(len, frame)) > _LARGEST:
            return b""
        digest = hashlib.blake2b(self._key, digest_size=16)
        for part in frame:
            digest.update(part)
        return digest.digest()

    def _entered(self) -> Session:
        """The sandbox, asked all that it would have been asked."""
        if self._closed:
            raise EOFError
        if self._live is None:
            live = self._live = self._open()
            for key in self._asked:  # under the limits of a new sandbox: it is no question's time now
                known = self._answers.sure(key)
                if known is None or live.exchange([known.request]) != known.answer:
                    self._answers.doubt(key)
                    self.close()
                    raise SandboxError("The reference answers differently when it is asked the same once more.")
            self._asked = []
            live.at_most(self._patience)
            live.grant(self._granted)
            live.spend(self._spent)
        return self._live

    def at_most(self, seconds: float) -> None:
        """From now on no single exchange takes longer."""
        self._patience = seconds
        if self._live:
            self._live.at_most(seconds)

    def grant(self, seconds: float) -> None:
        """From now on all exchanges together take no longer."""
        self._granted = seconds
        if self._live:
            self._live.grant(seconds)

    @property
    def granted(self) -> float:
        """What is left of what `grant` gave."""
        return self._live.granted if self._live else self._granted

    def spend(self, seconds: float) -> None:
        """Count work done outside as if it had been waited for."""
        if self._live:
            self._live.spend(seconds)
        else:
            self._spent += seconds
            self._granted -= seconds

    @property
    def waited(self) -> float:
        """For how many seconds the sandbox was waited for."""
        return self._live.waited if self._live else self._spent

    @property
    def ended(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> Outcome:
        """End the sandbox, if there is one."""
        self._closed = True
        return self._live.close() if self._live else Outcome()

    @property
    def output(self) -> Tail:
        """What was printed in the sandbox."""
        return self._live.output if self._live else Tail()

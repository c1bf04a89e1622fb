"""A sandbox without any process: functions of the test answer, and each sandbox ends as it was queued to end.

So time-outs, kills and lost workers are tested in milliseconds, without bubblewrap, and however busy the machine is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from autograder.checks.errors import SandboxError
from autograder.sandbox.base import Outcome, Request, Session, Tail
from autograder.wire import decode, encode

__all__ = ["FakeSandbox", "Life"]


@dataclass(frozen=True, slots=True)
class Life:
    """One sandbox: how many calls it answers, and how it ends when it is asked for one more.

    With the default it answers all of them. `fault` says why it cannot be opened. `printed` is on its output from the
    start; `seconds` pass in each call.
    """

    calls: float = math.inf
    end: Outcome = field(default_factory=Outcome)
    fault: str = ""
    printed: bytes = b""
    seconds: float = 0.0


@dataclass
class FakeSandbox:
    """Follows the protocol `autograder.sandbox.base.Sandbox`.

    Args:
        functions: what the submission's modules define, whichever they are called.
        lives: the sandboxes in the order in which they are opened; those after the last one answer everything.
    """

    functions: Mapping[str, Callable[..., Any]]
    lives: Sequence[Life] = ()
    name: str = "fake"
    enforced: tuple[str, ...] = ("nothing",)
    preloaded: tuple[str, ...] = ()
    opened: list[Request] = field(default_factory=list)
    asked: list[tuple[int, str]] = field(default_factory=list)
    """Each call: the number of its sandbox, counted from 0, and the name of the function."""

    def open(self, request: Request) -> Session:
        """The next life.

        Raises:
            SandboxError: this one was queued not to open.
        """
        number = len(self.opened)
        self.opened.append(request)
        life = self.lives[number] if number < len(self.lives) else Life()
        if life.fault:
            raise SandboxError(f"No sandbox: {life.fault}.")
        return _FakeSession(self, number, life)

    def close(self) -> None:
        """Nothing to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _FakeSession:
    pid = 0

    def __init__(self, sandbox: FakeSandbox, number: int, life: Life) -> None:
        self._sandbox, self._number, self._life = sandbox, number, life
        self._calls_left, self._ended = life.calls, False
        self.waited, self.granted = 0.0, math.inf

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        if self._ended:
            raise EOFError
        answer = self._answer(decode(b"".join(map(bytes, frame))))
        return memoryview(bytearray(b"".join(map(bytes, encode(answer)))))

    def _answer(self, request: tuple[Any, ...]) -> tuple[Any, ...]:
        match request:
            case ("load", _):
                return ("value", dict.fromkeys(self._sandbox.functions))
            case ("call", _, name, arguments, named):
                self._call(name)
                try:
                    return ("value", self._sandbox.functions[name](*arguments, **named))
                except Exception as error:  # noqa: BLE001 (whatever the test's function raises is the submission's)
                    return (
                        "raised",
                        {"kind": type(error).__name__, "type": type(error).__name__, "message": str(error)},
                    )
            case ("sequence", requests):
                return ("sequence", [self._answer(each) for each in requests])
            case ("seed" | "set" | "forget", *_):
                return ("value", None)
        raise AssertionError(f"the fake sandbox has no answer to {request}")

    def _call(self, name: str) -> None:
        self._sandbox.asked.append((self._number, name))
        self.spend(self._life.seconds)
        if self._calls_left < 1:
            self._ended = True
            raise EOFError
        self._calls_left -= 1

    def at_most(self, seconds: float) -> None:
        """Time passes only as it was queued."""

    def grant(self, seconds: float) -> None:
        self.granted = seconds

    def spend(self, seconds: float) -> None:
        self.waited += seconds
        self.granted -= seconds

    def close(self) -> Outcome:
        return self._life.end if self._ended else Outcome(wall_seconds=self.waited)

    @property
    def output(self) -> Tail:
        return Tail(self._life.printed, len(self._life.printed))

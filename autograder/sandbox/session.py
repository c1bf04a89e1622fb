"""The grader's end of one sandbox: send a frame, wait for the answer under the time that is left, keep what is printed.

Everything read here was written by untrusted code: lengths are checked before memory is given, and time and sizes are
counted on this side.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import select
import socket
import time
from collections.abc import Sequence
from typing import Any

from autograder.checks.errors import SandboxError
from autograder.checks.wording import reason_of
from autograder.isolation.usage import Gauge
from autograder.results import Limits
from autograder.sandbox.base import Outcome, Request, Tail
from autograder.wire import PREFIX, Gather, WireError, frame_for

__all__ = ["PATIENCE_SECONDS", "PipeSession", "ServerSession", "answers"]

_PIPE_BYTES = 1 << 20
_CHUNK = 1 << 20
_KEPT_OUTPUT = 1 << 16
PATIENCE_SECONDS = 60.0
"""How long a forkserver may take to build a sandbox or to remove it: longer than all of its own deadlines for that."""

_MIB = 1 << 20


def _own_cpu(limits: Limits) -> list[int]:
    """The one processor of a pinned grader, for a worker of one thread: the two take turns, and waking is dear."""
    own = sorted(os.sched_getaffinity(0))
    return own if len(own) == 1 and limits.threads == 1 else []


class PipeSession:
    """A worker at the other end of three pipes; who built its sandbox says how it ended.

    A subclass starts the worker, hands over our ends of the pipes (write requests, read answers, read what is
    printed; they are closed here), and gives `finish`.
    """

    pid = 0  # the worker's number on this machine, where it is known
    gauge: Gauge | None = None  # what is used, where a worker's number does not tell

    def __init__(self, limits: Limits, requests: int, replies: int, output: int) -> None:
        self._limits = limits
        self._left = limits.wall_seconds
        self._patience = limits.wall_seconds
        self._granted = math.inf
        self._outcome: Outcome | None = None
        self._limit = ""
        self._head = bytearray()
        self._printed = 0
        self._listening = True
        self._requests, self._replies, self._output = requests, replies, output
        for descriptor in (requests, replies, output):
            os.set_blocking(descriptor, False)
        for descriptor in (requests, replies):
            with contextlib.suppress(OSError):  # a user with many pipes gets small ones
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._poll = select.poll()
        self._poll.register(replies, select.POLLIN)
        self._poll.register(output, select.POLLIN)

    def finish(self, limit: str) -> Outcome:
        """End every process inside, by a limit that was reached here or "" , and say how it went."""
        raise NotImplementedError

    # --- talking ---

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """Send one request frame and wait for its answer.

        Raises:
            EOFError: the worker is gone, or a limit was reached; `close` tells which.
        """
        if self._outcome or self._limit:
            raise EOFError
        began = time.monotonic()
        deadline = began + min(self._left, self._patience, self._granted)
        try:
            self._send(frame, deadline)
            return self._receive(deadline)
        finally:
            self.spend(time.monotonic() - began)

    def at_most(self, seconds: float) -> None:
        """From now on no single exchange takes longer; the wall time that is left holds beside it."""
        self._patience = seconds

    def grant(self, seconds: float) -> None:
        """From now on all exchanges together take no longer; `granted` is what is left of that."""
        self._granted = seconds

    @property
    def granted(self) -> float:
        """What is left of what `grant` gave, in seconds of wall time; infinity if it was never called."""
        return self._granted

    def spend(self, seconds: float) -> None:
        """Count work done outside for the submission, such as reading a long answer, as if it had been waited for."""
        self._left -= seconds
        self._granted -= seconds

    @property
    def waited(self) -> float:
        """For how many seconds the submission was waited for so far."""
        return self._limits.wall_seconds - self._left

    def _send(self, frame: Sequence[bytes | memoryview], deadline: float) -> None:
        waiting = Gather(frame)
        while waiting:
            try:
                waiting.passed(os.writev(self._requests, waiting.next()))
            except BlockingIOError:
                writing = select.poll()
                writing.register(self._requests, select.POLLOUT)
                if self._listening:
                    writing.register(self._output, select.POLLIN)
                self._wait(writing, deadline)
            except BrokenPipeError:
                raise EOFError from None

    def _receive(self, deadline: float) -> memoryview:
        prefix = bytearray(PREFIX.size)
        self._fill(memoryview(prefix), deadline)
        try:
            frame = frame_for(prefix, cap=self._limits.reply_mib * _MIB)
        except WireError:
            self._limit = "reply"
            raise EOFError from None
        self._fill(frame[PREFIX.size :], deadline)
        return frame

    def _fill(self, space: memoryview, deadline: float) -> None:
        while space:
            try:
                count = os.readv(self._replies, [space])
            except BlockingIOError:
                self._wait(self._poll, deadline)
                continue
            if count == 0:
                raise EOFError
            space = space[count:]

    def _wait(self, poll: select.poll, deadline: float) -> None:
        """Wait until something can be read or written; meanwhile keep what is printed."""
        left = deadline - time.monotonic()
        events = poll.poll(max(left, 0) * 1000) if left > 0 else []
        if not events:
            self._limit = "wall"
            raise EOFError
        if any(descriptor == self._output for descriptor, _ in events):
            self._drain()

    def _drain(self) -> None:
        if not self._listening:
            return
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return
        if not data:  # the submission closed its own standard output
            self._listening = False
            self._poll.unregister(self._output)
            return
        self._printed += len(data)
        self._head += data[: _KEPT_OUTPUT - len(self._head)]
        if self._printed > self._limits.output_kib * 1024:
            self._limit = "output"
            raise EOFError

    def _drain_all(self) -> None:
        """Take what is still in the pipe; over the limit, enough was kept."""
        before = -1
        with contextlib.suppress(EOFError):
            while self._printed > before:
                before = self._printed
                self._drain()

    # --- ending ---

    @property
    def output(self) -> Tail:
        """What was printed so far: the first 64 KiB, and how many bytes in all."""
        if self._outcome is None:
            self._drain_all()
        return Tail(bytes(self._head), self._printed)

    def close(self) -> Outcome:
        """End every process inside, and say how it went."""
        if self._outcome is None:
            self._outcome = self.finish(self._limit)
            self._drain_all()
            for descriptor in (self._requests, self._replies, self._output):
                os.close(descriptor)
        return self._outcome


class ServerSession(PipeSession):
    """A worker that the forkserver at the other end of `address` put into a sandbox.

    Raises:
        SandboxError: the forkserver is gone, or could not build the sandbox.
    """

    def __init__(self, address: str, request: Request, patience: float = PATIENCE_SECONDS) -> None:
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (request_read, request_write), (reply_read, reply_write), (output_read, output_write) = (
            os.pipe2(os.O_CLOEXEC) for _ in range(3)
        )
        inside, ours = (request_read, reply_write, output_write), (request_write, reply_read, output_read)
        try:
            self._connection.settimeout(patience)
            self._ask_for(address, request, inside)
        except SandboxError:
            self._connection.close()
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in inside:
                os.close(descriptor)
        super().__init__(request.limits, *ours)

    def _ask_for(self, address: str, request: Request, inside: Sequence[int]) -> None:
        message = {
            "folder": str(request.folder),
            "given": str(request.given or ""),
            "limits": request.roomy.plain,
            "seed": request.seed,
            "cpus": _own_cpu(request.limits),
        }
        try:
            self._connection.connect(address)
            socket.send_fds(self._connection, [json.dumps(message).encode()], inside)
            answer = self._hear()
        except OSError as error:
            raise SandboxError(
                f"The forkserver of the sandbox does not answer ({reason_of(error)}); "
                "it was probably killed or stopped."
            ) from error
        if "ready" not in answer:
            raise SandboxError(f"No sandbox: {answer.get('fault', 'the forkserver hung up')}.")
        self.pid = int(answer.get("pid", 0))

    def finish(self, limit: str) -> Outcome:
        """Tell the forkserver to end everything, and hear its account."""
        try:
            with contextlib.suppress(BrokenPipeError):
                self._connection.send(json.dumps({"end": limit}).encode())
            answer = self._hear()
        except OSError as error:
            return Outcome(fault=f"the forkserver of the sandbox died or does not answer ({reason_of(error)})")
        finally:
            self._connection.close()
        return Outcome(**answer["outcome"]) if "outcome" in answer else Outcome(fault="the forkserver died")

    def _hear(self) -> dict[str, Any]:
        message = self._connection.recv(1 << 16)
        answer: dict[str, Any] = json.loads(message) if message else {}
        return answer


def answers(address: str, seconds: float) -> bool:
    """Whether the forkserver at an address says within that many seconds that it is there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(address)
            connection.send(b"{}")
            return bool(connection.recv(1 << 10))
        except OSError:
            return False

"""Read and repair a submitted notebook in a child process, under limits: its text may be made to break a parser.

The child is forked, so nothing is imported again; it runs nothing of what it reads, and gives one notebook back.
"""

from __future__ import annotations

import gc
import math
import os
import select
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import msgspec

from autograder.errors import SandboxError, StudentError
from autograder.notebooks.reading import read
from autograder.notebooks.records import Notebook
from autograder.notebooks.repairing import Repaired, repair

__all__ = ["CPU_SECONDS", "MEMORY_MIB", "Reading", "repaired"]

CPU_SECONDS = 10
"""What reading all notebooks of one submission may take; an ordinary one takes a hundredth of a second."""
MEMORY_MIB = 1024
_WALL_SECONDS = 120.0  # loose: it depends on the neighbours
_CHUNK = 1 << 20


class Reading:
    """The CPU time, in seconds, that reading the notebooks of one submission has taken, of what it may take."""

    def __init__(self, seconds: float = CPU_SECONDS) -> None:
        self.seconds = seconds
        self.used = 0.0

    @property
    def left(self) -> float:
        """What the next notebook may take, in seconds."""
        return max(self.seconds - self.used, 0.0)


class _Answer(msgspec.Struct, frozen=True):
    repaired: Repaired | None = None
    verdict: str = ""
    message: str = ""


def repaired(
    content: bytes, name: str, released: Notebook, reading: Reading | None = None, *, memory_mib: int = MEMORY_MIB
) -> Repaired:
    """A submitted notebook, read and brought back into the form of the release.

    Args:
        content: the file as it was handed in.
        name: its name, for messages.
        released: what was handed out.
        reading: what the notebooks of this submission may take together; as much as one submission may when left out.
        memory_mib: the most memory.

    Raises:
        StudentError: it is no notebook, or too large, or takes more than what is left (FAILED).
        SandboxError: the process could not be started, or failed by our fault.
    """

    def answer() -> bytes:
        try:
            said = _Answer(repair(read(content, name), released))
        except StudentError as error:
            said = _Answer(None, error.verdict, error.message)
        except MemoryError:
            refused = _too_much(name, f"{memory_mib:,} MiB")
            said = _Answer(None, refused.verdict, refused.message)
        return msgspec.msgpack.encode(said)

    reading = reading or Reading()
    if not reading.left:
        raise _too_much(name, f"{reading.seconds:g} s, together with the notebooks before it")
    try:
        ended_by, code, text, took = _in_child(answer, math.ceil(reading.left), memory_mib)
    except OSError as error:
        raise SandboxError(f"No process to read {name} in could be started ({error}).") from error
    reading.used += took
    if ended_by in (signal.SIGXCPU, signal.SIGKILL):
        reading.used = reading.seconds
        raise _too_much(name, f"{reading.seconds:g} s")
    if ended_by:
        raise _too_much(name, "Python can parse")
    if code:
        raise SandboxError(f"{name} could not be read: {text.decode(errors='replace')[-500:]}")
    said = msgspec.msgpack.decode(text, type=_Answer)
    if said.repaired is None:
        raise StudentError(said.verdict, said.message, open=True)
    return said.repaired


def _in_child(work: Callable[[], bytes], cpu_seconds: int, memory_mib: int) -> tuple[int, int, bytes, float]:
    """Do some work in a forked child.

    Returns:
        (the signal that ended it, its exit code, what it returned or why it failed, CPU time in seconds).
    """
    reading, writing = os.pipe()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the child takes no lock of theirs
            child = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if child == 0:
        _work_and_exit(work, cpu_seconds, memory_mib, writing)
    os.close(writing)
    try:
        text = _read_all(reading, time.monotonic() + _WALL_SECONDS)
        if text is None:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(reading)
        _, status, used = os.wait4(child, 0)  # it has closed the pipe or was killed, and waits for nothing
    code = os.waitstatus_to_exitcode(status)
    return max(-code, 0), max(code, 0), text or b"", used.ru_utime + used.ru_stime


def _work_and_exit(work: Callable[[], bytes], cpu_seconds: int, memory_mib: int, writing: int) -> None:
    """In the child. Never returns, so that nothing of the parent's (tests, handlers at exit) runs twice."""
    code, text = 1, b""
    try:
        gc.disable()  # a collection would copy every page that it looks at
        for number in (signal.SIGXCPU, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        _limit(cpu_seconds, memory_mib)
        code, text = 0, work()
    except BaseException as error:  # noqa: BLE001  (told to the parent)
        text = f"{type(error).__name__}: {error}".encode(errors="replace")
    finally:
        try:
            rest = memoryview(text)
            while rest:
                rest = rest[os.write(writing, rest[:_CHUNK]) :]
        finally:
            os._exit(code)


def _limit(cpu_seconds: int, memory_mib: int) -> None:
    """The child's own limits; memory that it shares with its parent is not counted."""
    import resource

    shared = 0
    with suppress(FileNotFoundError), open("/proc/self/statm", "rb") as file:  # only Linux tells, and only it limits
        shared = int(file.read().split()[5]) * resource.getpagesize()
    memory = shared + (memory_mib << 20)
    for which, soft, hard in (
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_DATA, memory, memory),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        most = resource.getrlimit(which)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(which, (soft, hard))


def _read_all(descriptor: int, deadline: float) -> bytes | None:
    """All that comes until the other end is closed; None if that takes longer than the deadline."""
    text, ready = bytearray(), select.poll()
    ready.register(descriptor, select.POLLIN)
    while ready.poll(max(deadline - time.monotonic(), 0.0) * 1000):
        data = os.read(descriptor, _CHUNK)
        if not data:
            return bytes(text)
        text += data
    return None


def _too_much(name: str, than: str) -> StudentError:
    return StudentError(
        "FAILED", f"{name} cannot be read: that takes more than {than}; write its code with shorter texts.", open=True
    )

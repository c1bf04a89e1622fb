"""Read and repair submitted notebooks in a process apart, under limits: their text may be made to break a parser.

A `Reader` is started with an environment of its own and never holds anything of a course. For each notebook it forks a
child, so nothing is imported again; the child gives up files, network and other processes
(`autograder.checks.local.limited_process`) before it looks at the text, runs nothing of it, and gives one notebook
back.
"""

from __future__ import annotations

import gc
import math
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec

from autograder.checks.errors import SandboxError, StudentError, Verdict
from autograder.checks.local.limited_process import CRASHES, stopped_by_cpu_limit, withdraw
from autograder.checks.wording import reason_of
from autograder.notebooks.reading import Cell, Notebook, Role, read
from autograder.notebooks.repairing import Repaired, repair

__all__ = ["CPU_SECONDS", "MEMORY_MIB", "Ended", "Reader", "Reading", "repaired", "serve"]


CPU_SECONDS = 10
"""What reading all notebooks of one submission may take; an ordinary one takes a hundredth of a second."""
MEMORY_MIB = 1024
_WALL_SECONDS = 120.0  # loose, and nobody's fault: it depends on the neighbours
_TRIES = 2
_CHUNK = 1 << 20
_LENGTH = struct.Struct("<QdQ")  # of the question, CPU seconds, MiB
_RESULT = struct.Struct("<iiddQ")  # signal, exit code, CPU seconds, peak MiB, length of the answer
_MEMORY, _MACHINE = 42, 43
"""Exit codes of a child without enough memory: it asked for more than it may take, or this machine gave no more."""
_COMMAND = "from autograder.notebooks.reading_process import serve; serve()"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Reading:
    """The CPU time, in seconds, that reading the notebooks of one submission has taken, of what it may take."""

    def __init__(self, seconds: float = CPU_SECONDS) -> None:
        self.seconds = seconds
        self.used = 0.0

    @property
    def left(self) -> float:
        """What the next notebook may take, in seconds."""
        return max(self.seconds - self.used, 0.0)


class _Question(msgspec.Struct, frozen=True):
    content: bytes
    name: str
    released: Notebook


class _Answer(msgspec.Struct, frozen=True):
    repaired: Repaired | None = None
    verdict: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child of the reading process ended.

    `signal` and `code` are those of the process (0 for none); `text` is what it returned, or why it failed;
    `cpu_seconds` and `peak_mib` are what it used.
    """

    signal: int
    code: int
    text: bytes
    cpu_seconds: float
    peak_mib: float


class Reader:
    """The process that reads notebooks: started when it is first asked, and ended by `close`.

    Args:
        command: what it runs.
    """

    def __init__(self, command: str = _COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes, cpu_seconds: float, memory_mib: int) -> Ended:
        """Have a child work on a question.

        Raises:
            OSError: the process could not be started, or does not answer any more.
        """
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-B", "-c", self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        asked, said = self._process.stdin, self._process.stdout
        assert asked and said
        deadline = time.monotonic() + 2 * _WALL_SECONDS
        try:
            asked.write(_LENGTH.pack(len(question), cpu_seconds, memory_mib) + question)
            asked.flush()
            head = _read_exactly(said.fileno(), _RESULT.size, deadline)
            ended_by, code, took, peak, length = _RESULT.unpack(head)
            return Ended(ended_by, code, _read_exactly(said.fileno(), length, deadline), took, peak)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    pipe.close() if pipe else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def repaired(
    content: bytes,
    name: str,
    released: Notebook,
    reader: Reader,
    reading: Reading | None = None,
    *,
    memory_mib: int = MEMORY_MIB,
) -> Repaired:
    """A submitted notebook, read and brought back into the form of the release.

    Args:
        content: the file as it was handed in.
        name: its name, for messages.
        released: what was handed out.
        reader: the process that reads it.
        reading: what the notebooks of this submission may take together; as much as one submission may when left out.
        memory_mib: the most memory.

    Raises:
        StudentError: it is no notebook, or too large, or takes more than what is left (FAILED).
        SandboxError: the process could not be started, or was ended twice by something other than its own limits.
    """
    reading = reading or Reading()
    if not reading.left:
        raise _too_much(name, f"{reading.seconds:g} s, together with the notebooks before it")
    question = msgspec.msgpack.encode(_Question(content, name, released))
    allowed = math.ceil(reading.left)
    crashes, fault = 0, ""
    for _ in range(_TRIES):
        try:
            ended = reader.ask(question, allowed, memory_mib)
        except OSError as error:
            fault = f"no process to read it in could be started, or it was killed ({reason_of(error)})"
            continue
        if stopped_by_cpu_limit(ended.signal):
            reading.used = reading.seconds
            raise _too_much(name, f"{reading.seconds:g} s")
        if ended.signal or ended.code:
            if ended.code == _MEMORY or (ended.code == _MACHINE and ended.peak_mib > memory_mib / 2):
                reading.used += ended.cpu_seconds
                raise _too_much(name, f"{memory_mib:,} MiB")
            crashes += ended.signal in CRASHES
            fault = _fault(ended)
            continue
        said = msgspec.msgpack.decode(ended.text, type=_Answer)
        reading.used += ended.cpu_seconds
        if said.repaired is None:
            raise StudentError(Verdict(said.verdict), said.message, open=True)
        return said.repaired
    if crashes == _TRIES:  # it computes, and nothing else: what breaks it twice is the text
        reading.used = reading.seconds
        raise _too_much(name, "Python can parse")
    raise SandboxError(f"{name} could not be read, by no fault of its author: {fault}.")


def _fault(ended: Ended) -> str:
    """Why a child of the reading process gave no answer, where its own limits were not the reason."""
    if ended.code == _MACHINE:
        return f"this machine gave it no more than {ended.peak_mib:.0f} MiB of memory"
    if ended.code:
        return f"the process that reads it failed ({ended.text.decode(errors='replace')[-500:]})"
    return f"the process that reads it was ended by signal {ended.signal} after {ended.cpu_seconds:.1f} s of CPU time"


# The process's side.


def serve(work: Callable[[bytes], bytes] | None = None) -> None:
    """Answer questions from standard input on standard output, each in a child, until there are no more."""
    import ctypes  # noqa: F401  (no child can import any more)
    import mmap  # noqa: F401
    import resource  # noqa: F401

    _answered(msgspec.msgpack.encode(_SAMPLE))
    work = work or _answered
    gc.collect()
    gc.freeze()
    while head := _whole(0, _LENGTH.size):
        length, cpu_seconds, memory_mib = _LENGTH.unpack(head)
        question = _whole(0, length)
        try:
            result = _in_child(lambda asked=question: work(asked), int(cpu_seconds), memory_mib)  # type: ignore[misc]
        except OSError as error:
            result = Ended(0, 1, reason_of(error, named=False).encode(), 0.0, 0.0)
        head = _RESULT.pack(result.signal, result.code, result.cpu_seconds, result.peak_mib, len(result.text))
        _write(1, head + result.text)


_SAMPLE = _Question(
    b'{"cells": [{"cell_type": "code", "source": "def f(x):\\n    return (x", "metadata": {}, "outputs": []}]}',
    "sample.ipynb",
    Notebook((Cell("code", "def f(x):\n    ...\n", role=Role("f", solution=True)), Cell("code", "f(", role=Role("g")))),
)
"""Reading it imports all that reading imports."""


def _answered(question: bytes) -> bytes:
    asked = msgspec.msgpack.decode(question, type=_Question)
    try:
        said = _Answer(repair(read(asked.content, asked.name), asked.released))
    except StudentError as error:
        said = _Answer(None, error.verdict, error.message)
    return msgspec.msgpack.encode(said)


def _in_child(work: Callable[[], bytes], cpu_seconds: int, memory_mib: int) -> Ended:
    """Do some work in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.closerange(0, writing)
        os.closerange(writing + 1, 1 << 10)
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
    peak = used.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)  # macOS counts bytes
    return Ended(max(-code, 0), max(code, 0), text or b"", used.ru_utime + used.ru_stime, peak)


def _work_and_exit(work: Callable[[], bytes], cpu_seconds: int, memory_mib: int, writing: int) -> None:
    """In the child. Never returns."""
    code, text, without_memory = 1, b"", False
    try:
        gc.disable()  # a collection would copy every page that it looks at
        _limit(cpu_seconds, memory_mib)
        withdraw()
        code, text = 0, work()
    except MemoryError:
        without_memory = True  # what was held when it failed is free behind this block
    except BaseException as error:  # noqa: BLE001  (reported to the grader)
        text = f"{type(error).__name__}: {reason_of(error, named=False)}".encode(errors="replace")
    finally:
        try:
            if without_memory:
                code = _MEMORY if _half_is_left(memory_mib) else _MACHINE
            _write(writing, text)
        finally:
            os._exit(code)


def _half_is_left(memory_mib: int) -> bool:
    """Whether this machine still gives half of the memory that this process may take.

    Then what failed for want of memory asked for more than that at once, or was too much for Python's parser.
    """
    import mmap

    try:
        mmap.mmap(-1, memory_mib << 19, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return False
    return True


def _limit(cpu_seconds: int, memory_mib: int) -> None:
    """The child's own limits; memory that it shares with its parent is not counted."""
    import resource

    shared = 0
    with suppress(FileNotFoundError), open("/proc/self/statm", "rb") as file:  # only Linux has it, and only it limits
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


def _read_exactly(descriptor: int, count: int, deadline: float) -> bytes:
    """So many bytes from the process.

    Raises:
        OSError: it is gone, or does not answer in time.
    """
    text, ready = bytearray(), select.poll()
    ready.register(descriptor, select.POLLIN)
    while len(text) < count:
        if not ready.poll(max(deadline - time.monotonic(), 0.0) * 1000):
            raise TimeoutError("it does not answer")
        data = os.read(descriptor, min(count - len(text), _CHUNK))
        if not data:
            raise BrokenPipeError("it ended")
        text += data
    return bytes(text)


def _whole(descriptor: int, count: int) -> bytes:
    """So many bytes, or none where there are no more."""
    text = bytearray()
    while len(text) < count:
        data = os.read(descriptor, min(count - len(text), _CHUNK))
        if not data:
            return b""
        text += data
    return bytes(text)


def _write(descriptor: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(descriptor, rest[:_CHUNK]) :]


def _too_much(name: str, than: str) -> StudentError:
    return StudentError(
        Verdict.FAILED,
        f"{name} cannot be read: that takes more than {than}; write its code with shorter texts.",
        open=True,
    )

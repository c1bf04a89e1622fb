"""Read and repair a submitted notebook in a process of its own, under limits: its text may be made to break a parser.

That process gets two notebooks and gives one back; it runs nothing of what it reads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from autograder.errors import SandboxError, StudentError
from autograder.notebooks.reading import read
from autograder.notebooks.records import Notebook
from autograder.notebooks.repairing import Repaired, repair

__all__ = ["CPU_SECONDS", "MEMORY_MIB", "answer", "repaired"]

CPU_SECONDS = 10
"""What reading one notebook may take; an ordinary one takes a tenth of a second."""
MEMORY_MIB = 1024
_WALL_SECONDS = 120.0  # loose: it depends on the neighbours
_PACKAGE = Path(__file__).resolve().parents[2]
_PROGRAM = "from autograder.notebooks.apart import answer; answer()"


class _Task(msgspec.Struct, frozen=True):
    content: bytes
    name: str
    released: Notebook
    cpu_seconds: int
    memory_mib: int


class _Answer(msgspec.Struct, frozen=True):
    repaired: Repaired | None = None
    verdict: str = ""
    message: str = ""


def repaired(
    content: bytes, name: str, released: Notebook, *, cpu_seconds: int = CPU_SECONDS, memory_mib: int = MEMORY_MIB
) -> Repaired:
    """A submitted notebook, read and brought back into the form of the release.

    Args:
        content: the file as it was handed in.
        name: its name, for messages.
        released: what was handed out.
        cpu_seconds: the most CPU time that this may take.
        memory_mib: the most memory.

    Raises:
        StudentError: it is no notebook, or too large, or takes more than that (FAILED).
        SandboxError: the process could not be started.
    """
    task = msgspec.msgpack.encode(_Task(content, name, released, cpu_seconds, memory_mib))
    paths = [str(_PACKAGE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-B", "-c", _PROGRAM],
            input=task,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            cwd="/",
            timeout=_WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_much(name, f"{cpu_seconds} s") from None
    except OSError as error:
        raise SandboxError(f"No process to read {name} in could be started ({error}).") from error
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise _too_much(name, f"{cpu_seconds} s")
    if done.returncode < 0:
        raise _too_much(name, "Python can parse")
    if done.returncode:
        raise SandboxError(f"{name} could not be read: {done.stderr.decode(errors='replace').strip()[-500:]}")
    said = msgspec.msgpack.decode(done.stdout, type=_Answer)
    if said.repaired is None:
        raise StudentError(said.verdict, said.message, open=True)
    return said.repaired


def answer() -> None:
    """What the process does: read one task from standard input, under its limits, and print what came of it."""
    import resource

    task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Task)
    resource.setrlimit(resource.RLIMIT_CPU, (task.cpu_seconds, task.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (task.memory_mib << 20, task.memory_mib << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        said = _Answer(repair(read(task.content, task.name), task.released))
    except StudentError as error:
        said = _Answer(None, error.verdict, error.message)
    except MemoryError:
        refused = _too_much(task.name, f"{task.memory_mib:,} MiB")
        said = _Answer(None, refused.verdict, refused.message)
    sys.stdout.buffer.write(msgspec.msgpack.encode(said))


def _too_much(name: str, than: str) -> StudentError:
    return StudentError(
        "FAILED", f"{name} cannot be read: that takes more than {than}; write its code with shorter texts.", open=True
    )

"""Processes of a cluster on this machine: started, started again when one dies, ended together."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from autograder.checks.errors import GraderError
from autograder.cluster.part import Part

__all__ = ["Processes", "free_port", "workers"]

LOCAL = "127.0.0.1"
_SHORT_LIFE = 2.0
_SHORT_LIVES = 5
_END_SECONDS = 5.0


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    since: float
    short: int = 0


@dataclass(slots=True)
class Processes:
    """Some parts of a cluster, each a process; a context that ends them all."""

    parts: Sequence[Part]
    running: list[_Running] = field(init=False, default_factory=list)

    def __enter__(self) -> Self:
        self.running += [_Running(part, _start(part), time.monotonic()) for part in self.parts]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def tend(self) -> tuple[str, ...]:
        """Start what has died again; returns the names of these parts.

        Raises:
            GraderError: one of them ends again and again as soon as it has begun.
        """
        died = []
        for each in self.running:
            code = each.process.poll()
            if code is None:
                continue
            now = time.monotonic()
            each.short = each.short + 1 if now - each.since < _SHORT_LIFE else 0
            name = each.part.name or each.part.role
            if each.short >= _SHORT_LIVES:
                raise GraderError(f"The process {name} of the cluster ends as soon as it has begun (exit code {code}).")
            died.append(name)
            _hang_up(each.process)
            each.process, each.since = _start(each.part), now
        return tuple(died)

    def close(self) -> None:
        """End all of them: each ends with its standard input."""
        for each in self.running:
            _hang_up(each.process)
        end = time.monotonic() + _END_SECONDS
        for each in self.running:
            with suppress(subprocess.TimeoutExpired):
                each.process.wait(max(0.0, end - time.monotonic()))
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait()
        self.running.clear()


def _start(part: Part) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder.cluster.part"],
        stdin=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C of the terminal is not theirs
    )
    assert process.stdin is not None
    with suppress(OSError):  # if it died, `tend` sees that
        process.stdin.write(msgspec.json.encode(part) + b"\n")
        process.stdin.flush()
    return process


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def free_port(host: str = LOCAL) -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port


def workers(template: Part, count: int) -> tuple[Part, ...]:
    """So many workers like one, each with a name of its own, that share this machine's memory evenly."""
    memory = template.memory_mib or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20 // count
    name = template.name or f"{socket.gethostname()}-{os.getpid()}"
    folder = template.folder and str(Path(template.folder))
    return tuple(
        replace(template, name=f"{name}-{number}", memory_mib=memory, folder=folder) for number in range(count)
    )

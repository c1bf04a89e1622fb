"""One live sandbox as the forkserver sees it: its processes, its limits, and what it used so far."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field

from autograder.isolation import cgroups
from autograder.isolation.processes import (
    children,
    contents,
    cpu_seconds,
    descendants,
    resident_mib,
    threads,
    unlinked_bytes,
)
from autograder.results import Limits

__all__ = ["Jail", "group_of", "kill"]


@dataclass(slots=True)
class Jail:
    """One live sandbox: the connection that asked for it, its processes, and what was noticed so far.

    `isolated` says that it has a process namespace. `holder` is bubblewrap, outside, where it built this sandbox;
    `init` the first process inside, which ends when `keeping` is closed.
    """

    connection: socket.socket
    limits: Limits
    slot: int
    isolated: bool
    began: float
    holder: subprocess.Popen[bytes] | None = None
    init: int = 0
    keeping: int = -1
    init_pidfd: int = -1
    pid: int = 0
    pidfd: int = -1
    group: cgroups.Group | None = None
    home: str = ""
    scratch: str = ""
    limit: str = ""
    ended: bool = False
    buried: bool = False
    base_mib: float = 0.0
    peak_mib: float = field(default=0.0)

    def over(self, others: Iterable[int]) -> str:
        """The limit that everything inside together is over, or ""; `others` are the workers of all sandboxes."""
        limits = self.limits
        pids = [] if self.group and not self.home else self.inside(others)
        if self.home:
            files, size = contents(self.scratch, limits.scratch_files, limits.scratch_mib << 20)
            size += sum(map(unlinked_bytes, pids))
            if files > limits.scratch_files or size > limits.scratch_mib << 20:
                return "scratch"
        if self.group:
            if self.group.cpu_seconds() > limits.cpu:
                return "cpu"
            return "memory" if self.group.oom_kills() else ""
        # every fork of a worker shows the warm imports again; none of them pays for those
        memory = sum(max(0.0, resident_mib(pid) - self.base_mib) for pid in pids)
        self.peak_mib = max(self.peak_mib, memory)
        if sum(map(cpu_seconds, pids)) > limits.cpu:
            return "cpu"
        if sum(map(threads, pids)) > limits.processes + bool(self.init):
            return "processes"
        return "memory" if memory > limits.memory_mib else ""

    def inside(self, others: Iterable[int]) -> list[int]:
        """Every process of a sandbox; without a process namespace, orphans of its group are the forkserver's."""
        if self.init:
            return descendants(self.pid) + descendants(self.init)
        orphans = [pid for pid in children(os.getpid()) if pid not in others and group_of(pid) == self.pid]
        return [each for pid in (self.pid, *orphans) for each in descendants(pid)]

    def kill(self) -> None:
        """Kill the first process inside, and with it everything; where there is none, the worker and its group."""
        self.kill_first()
        if self.pid:
            if not self.isolated:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
            kill(self.pid)

    def kill_first(self) -> None:
        """End the first process inside; the builder collects its own, whose number may be another's by now."""
        if self.init_pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.init_pidfd, signal.SIGKILL)
        elif self.init and self.holder:
            kill(self.init)


def group_of(pid: int) -> int:
    """The process group of a process; 0 when it is gone."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def kill(pid: int) -> None:
    """Kill a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

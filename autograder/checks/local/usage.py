"""What one call of a process costs, read from outside of it: CPU time, and the most memory that was held.

The kernel counts, so the process has no say. This module is shipped to students: standard library only.
"""

from __future__ import annotations

import contextlib
import os
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "Meter", "processor_seconds"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost.

    `wall_seconds` is what the caller waited; `cpu_seconds` what processors worked for it, all threads together;
    `peak_mib` how far its memory rose above what was held before, in MiB. None where it cannot be known.
    `waited_seconds` is the part of the wall time in which it could have run, but others had the processor.

    Examples:
        nothing: what `student.cost_of` gives beside the value; None is not known

        >>> Cost(0.031, None, None).wall_seconds
        0.031
    """

    wall_seconds: float
    cpu_seconds: float | None
    peak_mib: float | None
    waited_seconds: float = 0.0


def processor_seconds(pid: int) -> float | None:
    """CPU seconds of a process so far, all threads together, and of its children that it waited for.

    Args:
        pid: the process; 0 for one that is not known.

    Returns:
        None where that cannot be known.
    """
    if pid == os.getpid():
        return time.process_time()
    if not pid:
        return None
    with contextlib.suppress(OSError, ValueError, IndexError):
        # the process's own clock, as clock_getcpuclockid(3) makes its number: finer than the ticks in /proc
        own = time.clock_gettime((~pid << 3) | 2)
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[13:15]
        return own + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return None


class Meter:
    """Counts between `start` and `stop` what a process of this machine uses.

    Memory is the resident set, so pages: what the process had freed and kept from earlier calls is used again without
    being seen, and what children hold is not counted.

    Args:
        pid: the process; 0 for one that is not known, of which only the time that passes is counted.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._held = 0.0
        self._most = 0.0
        self._fresh = self._traced = False
        self._cpu: float | None = None
        self._waited = self._began = 0.0

    def start(self) -> None:
        """Begin to count."""
        self._most = self._memory("VmHWM")
        self._fresh = self._forget_peak()
        if not self._fresh and self._pid == os.getpid() and not tracemalloc.is_tracing():
            tracemalloc.start()  # slow, but every system has it
            self._traced = True
        self._held = self._memory("VmRSS")
        self._cpu = self._processor()
        self._waited = self._waiting()
        self._began = time.perf_counter()

    def stop(self) -> Cost:
        """What was used since."""
        wall = time.perf_counter() - self._began
        waited = max(0.0, self._waiting() - self._waited)
        now = self._processor()
        cpu = None if now is None or self._cpu is None else max(0.0, now - self._cpu)
        peak = self._memory("VmHWM")
        rise: float | None = max(0.0, peak - self._held) if self._fresh or peak > self._most > 0 else None
        if self._traced:
            rise = tracemalloc.get_traced_memory()[1] / (1 << 20)
            tracemalloc.stop()
            self._traced = False
        return Cost(wall, cpu, rise, min(wall, waited))

    def _processor(self) -> float | None:
        return processor_seconds(self._pid)

    def _waiting(self) -> float:
        """Seconds for which its main thread, and the one that asks it, were ready but did not run.

        The second number of /proc/PID/schedstat. The two never wait at the same time: one is waiting for the other.
        """
        found = 0
        for task in {f"{self._pid}", "thread-self"} if self._pid not in (0, os.getpid()) else {"thread-self"}:
            with contextlib.suppress(OSError, ValueError, IndexError):
                found += int(Path(f"/proc/{task}/schedstat").read_text().split()[1])
        return found / 1e9

    def _memory(self, field: str) -> float:
        """A line of /proc/PID/status in MiB; 0 where there is none."""
        with contextlib.suppress(OSError, ValueError, StopIteration):
            lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024
        return 0.0

    def _forget_peak(self) -> bool:
        """Let the kernel count the peak anew (proc(5), clear_refs); whether it does."""
        with contextlib.suppress(OSError):
            if self._pid:
                Path(f"/proc/{self._pid}/clear_refs").write_text("5")
                return True
        return False

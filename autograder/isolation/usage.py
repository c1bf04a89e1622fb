"""What a container uses, read from outside: from its control group, or of its processes where it has none."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from autograder.isolation.cgroups import Group
from autograder.isolation.processes import cpu_seconds, descendants, resident_mib
from autograder.results import Limits

__all__ = ["Gauge"]

_MIB = 1 << 20


class Gauge:
    """What has been used since it was made: by a control group, else by a process and all below it, else nothing."""

    def __init__(self, group: Group | None = None, pid: int = 0) -> None:
        self._group, self._pid = group, pid
        self.cpu_seconds = self.peak_mib = self.base_mib = 0.0
        self._base_cpu, self._kills, self._inherited = 0.0, 0, 0.0
        if pid and not group:
            self._inherited = max(resident_mib(each) for each in descendants(pid))
        with contextlib.suppress(OSError, ValueError):
            self._base_cpu, self.base_mib = self._use()
            if group:
                _forget_peak(group)

    @classmethod
    def of(cls, pid: int) -> Gauge:
        """The gauge of a process of this machine; of 0, one that knows nothing."""
        return cls(_group_of(pid) if pid else None, pid)

    def over(self, limits: Limits) -> str:
        """Look, and name the limit that was reached, or ""."""
        with contextlib.suppress(OSError, ValueError):  # it ended meanwhile: what was seen last holds
            cpu, held = self._use()
            self.cpu_seconds = max(self.cpu_seconds, cpu - self._base_cpu)
            self.peak_mib = max(self.peak_mib, (_peak_mib(self._group) if self._group else held) - self.base_mib)
            if self._group:
                self._kills = max(self._kills, self._group.oom_kills())
        if self._kills or (not self._group and self.peak_mib > limits.memory_mib):
            return "memory"
        if self.cpu_seconds > limits.cpu:
            return "cpu"
        return "scratch" if self._files() > limits.scratch_files else ""

    def _files(self) -> int:
        """Files in the container's scratch space, which is a file system of its own; 0 where we may not look."""
        if self._pid:
            with contextlib.suppress(OSError):
                scratch = f"/proc/{self._pid}/root/tmp"
                if os.stat(scratch).st_dev != os.stat("/tmp").st_dev:  # noqa: S108
                    found = os.statvfs(scratch)
                    return found.f_files - found.f_ffree
        return 0

    def _use(self) -> tuple[float, float]:
        """CPU seconds so far, and MiB held now."""
        if self._group:
            return self._group.cpu_seconds(), _held_mib(self._group)
        found = descendants(self._pid) if self._pid else []
        # what a process holds from the start is shared with the one it was forked from, and must not count again
        held = sum(max(0.0, resident_mib(each) - self._inherited) for each in found)
        return sum(map(cpu_seconds, found)), held

    def seen(self) -> tuple[float, float]:
        """CPU seconds and the most MiB so far."""
        self.over(Limits())
        return self.cpu_seconds, self.peak_mib

    def binds(self, mib: float) -> bool:
        """Whether the control group really keeps memory below `mib`: some engines leave it out with a warning."""
        with contextlib.suppress(OSError, ValueError):
            return self._group is not None and _limit_mib(self._group) <= mib
        return False

    def nearly_full(self, limits: Limits) -> bool:
        """Whether the most that was held is the limit, but for rounding."""
        return self.peak_mib >= 0.95 * limits.memory_mib


def _group_of(pid: int) -> Group | None:
    """The control group of a container's process: its own (not one that it shares with us), and readable here."""
    mount, folders = Path("/sys/fs/cgroup"), {}
    shared = {"/", *_groups("self").values()}
    for controllers, path in _groups(str(pid)).items():
        if path in shared:
            continue
        if not controllers and (mount / "cgroup.controllers").exists():
            folders = dict.fromkeys(("memory", "pids", "cpu"), mount / path.lstrip("/"))
            break
        for controller in {"memory", "pids", "cpuacct"} & set(controllers.split(",")):
            folders[controller] = mount / controllers / path.lstrip("/")
    group = Group(2 if "cpu" in folders else 1, folders)
    try:
        group.cpu_seconds(), _held_mib(group), group.oom_kills()
    except (OSError, KeyError, ValueError):
        return None
    return group


def _groups(process: str) -> dict[str, str]:
    """Control groups of a process: controllers, with commas between them, and the group's path."""
    try:
        lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    except OSError:
        return {}
    return {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}


def _held_mib(group: Group) -> float:
    name = "memory.current" if group.version == 2 else "memory.usage_in_bytes"
    return int((group.folders["memory"] / name).read_text()) / _MIB


def _limit_mib(group: Group) -> float:
    name = "memory.max" if group.version == 2 else "memory.limit_in_bytes"
    text = (group.folders["memory"] / name).read_text().strip()
    return float("inf") if text == "max" else int(text) / _MIB


def _peak_mib(group: Group) -> float:
    try:
        return group.peak_mib()
    except OSError:  # kernels before 5.19 keep no peak: the largest that was seen must do
        return _held_mib(group)


def _forget_peak(group: Group) -> None:
    """Warming up may have held more for a moment; where this user may, begin to count anew."""
    if group.version == 1:
        with contextlib.suppress(OSError):
            (group.folders["memory"] / "memory.max_usage_in_bytes").write_text("0")

"""What a container uses, read from its control group, from outside."""

from __future__ import annotations

import contextlib
from pathlib import Path

from autograder.model import Limits
from autograder.sandbox.cgroups import Group

__all__ = ["Gauge"]

_MIB = 1 << 20


class Gauge:
    """What a container uses, read from its control group; of a container without one, nothing is known."""

    def __init__(self, group: Group | None = None) -> None:
        self._group = group
        self.version = group.version if group else 0
        self.cpu_seconds = self.peak_mib = self.base_mib = 0.0
        self._base_cpu, self._kills = 0.0, 0
        if group:
            with contextlib.suppress(OSError, ValueError):
                self._base_cpu = group.cpu_seconds()
                self.base_mib = _held_mib(group)
                _forget_peak(group)

    @classmethod
    def of(cls, pid: int) -> Gauge:
        """The gauge of the control group that a process of the host is in."""
        return cls(_group_of(pid) if pid else None)

    def over(self, limits: Limits) -> str:
        """Look, and name the limit that was reached, or ""."""
        if self._group:
            with contextlib.suppress(OSError, ValueError):  # it ended meanwhile: what was seen last holds
                self.cpu_seconds = self._group.cpu_seconds() - self._base_cpu
                self.peak_mib = max(self.peak_mib, _peak_mib(self._group) - self.base_mib)
                self._kills = max(self._kills, self._group.oom_kills())
        if self._kills:
            return "memory"
        return "cpu" if self.cpu_seconds > limits.cpu else ""

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

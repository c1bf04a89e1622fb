"""Control groups, version 1 or 2: what all processes of one sandbox together may use, and did use.

Used where this user may create groups; `find` proves it by creating one. Each sandbox is one `Group`.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.results import Limits

__all__ = ["Cgroups", "Group", "end_all", "find"]

_V1_CONTROLLERS = ("memory", "pids", "cpuacct", "cpu")
_PERIOD_MICROSECONDS = 100_000
_MIB = 1 << 20
_PART = 1 << 16


@dataclass(frozen=True, slots=True)
class Group:
    """One sandbox's group: a folder of the unified tree, or one folder per controller."""

    version: int
    folders: dict[str, Path]

    @property
    def places(self) -> list[str]:
        """The folders as texts, each once: these are used often, and joining paths takes longer than the kernel."""
        return [*dict.fromkeys(map(str, self.folders.values()))]

    def doors(self) -> list[int]:
        """Open files; a process that writes ``b"0"`` into each of them has joined. The caller closes them."""
        return [os.open(f"{folder}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC) for folder in self.places]

    def cpu_seconds(self) -> float:
        """CPU time of all processes that were ever in the group."""
        if self.version == 2:
            return _field(f"{self.folders['cpu']}/cpu.stat", "usage_usec") / 1e6
        return _number(f"{self.folders['cpuacct']}/cpuacct.usage") / 1e9

    def peak_mib(self) -> float:
        """The most memory that the group held at once, page cache and scratch files included."""
        name = "memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"
        return _number(f"{self.folders['memory']}/{name}") / _MIB

    def oom_kills(self) -> int:
        """How many processes the kernel ended for want of memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return _field(f"{self.folders['memory']}/{name}", "oom_kill")

    def add(self, pid: int) -> None:
        """Move a process into the group.

        Raises:
            OSError: the kernel would not have it.
        """
        for folder in self.places:
            _write(f"{folder}/cgroup.procs", str(pid))

    def kill(self) -> None:
        """End every process in the group."""
        for _ in range(100):
            pids = _read(f"{self.folders['pids']}/cgroup.procs").split()
            if not pids:
                return
            for pid in pids:
                _signal(int(pid))
            time.sleep(0.001)

    def remove(self) -> None:
        """Remove the group once it is empty; the kernel may need a moment for that."""
        for folder in self.places:
            for _ in range(200):
                try:
                    os.rmdir(folder)
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.002)


@dataclass(frozen=True, slots=True)
class Cgroups:
    """Where groups may be made on this machine."""

    version: int
    bases: dict[str, Path]

    def new(self, name: str, limits: Limits, helpers: int = 0) -> Group:
        """A fresh, empty group with these limits, and room for `helpers` processes of ours in it.

        Raises:
            OSError: the kernel would not have it.
        """
        group = Group(self.version, {controller: base / name for controller, base in self.bases.items()})
        for folder in group.places:
            os.mkdir(folder)
        memory, pids = group.folders["memory"], group.folders["pids"]
        size = str(limits.memory_mib * _MIB)
        if self.version == 2:
            _write(f"{memory}/memory.max", size)
            _write_if_there(f"{memory}/memory.swap.max", "0")
            _write_if_there(f"{memory}/memory.oom.group", "1")
        else:
            _write(f"{memory}/memory.limit_in_bytes", size)
            _write_if_there(f"{memory}/memory.memsw.limit_in_bytes", size)
        _write(f"{pids}/pids.max", str(limits.processes + helpers))
        self._share(group.folders["cpu"], limits.threads)
        return group

    def _share(self, cpu: Path, threads: int) -> None:
        """At most as many processors as threads were asked for; beside others, no more than an equal share."""
        quota = threads * _PERIOD_MICROSECONDS
        if self.version == 2:
            _write_if_there(f"{cpu}/cpu.max", f"{quota} {_PERIOD_MICROSECONDS}")
        else:
            _write_if_there(f"{cpu}/cpu.cfs_quota_us", str(quota))

    def close(self) -> None:
        """Remove the folders that `find` made."""
        for base in set(self.bases.values()):
            Group(self.version, {"memory": base}).remove()


def find() -> Cgroups | None:
    """A place where groups can be made, proved by making one; None where there is none."""
    name = f"autograder-{os.getpid()}"
    for candidate in (_unified(name), _legacy(name)):
        if candidate is None:
            continue
        try:
            for base in set(candidate.bases.values()):
                _remove_stale(base.parent)
                base.mkdir()
            if candidate.version == 2:
                _write(candidate.bases["memory"] / "cgroup.subtree_control", "+memory +pids +cpu")
            group = candidate.new("probe", Limits())
            group.cpu_seconds(), group.peak_mib(), group.oom_kills()
            group.remove()
        except (OSError, KeyError, ValueError):
            candidate.close()
            continue
        return candidate
    return None


def end_all(owner: int) -> None:
    """End every process in the groups that a process made, which was killed before it could; remove the groups."""
    for made in (_unified(f"autograder-{owner}"), _legacy(f"autograder-{owner}")):
        if made is None:
            continue
        for base in set(made.bases.values()):
            for leaf in base.glob("*/"):
                with contextlib.suppress(OSError):
                    Group(made.version, {"pids": leaf}).kill()
            _remove_tree(base)


def _unified(name: str) -> Cgroups | None:
    mount = Path("/sys/fs/cgroup")
    if not {"memory", "pids", "cpu"} <= set(_read_or_empty(mount / "cgroup.controllers").split()):
        return None
    base = mount / _own_path("").lstrip("/") / name
    if not {"memory", "pids", "cpu"} <= set(_read_or_empty(base.parent / "cgroup.subtree_control").split()):
        base = mount / name
    return Cgroups(2, dict.fromkeys(("memory", "pids", "cpu"), base))


def _legacy(name: str) -> Cgroups | None:
    bases = {}
    for controller in _V1_CONTROLLERS:
        mount = Path("/sys/fs/cgroup") / controller
        own = mount / _own_path(controller).lstrip("/")
        bases[controller] = (own if own.is_dir() else mount) / name
        if not mount.is_dir():
            return None
    return Cgroups(1, bases)


def _own_path(controller: str) -> str:
    for line in _read_or_empty(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return "/"


def _remove_stale(parent: Path) -> None:
    """Groups of graders that were killed: their process is gone, and they are empty."""
    for folder in parent.glob("autograder-*"):
        owner = folder.name.removeprefix("autograder-")
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _remove_tree(folder)


def _remove_tree(folder: Path) -> None:
    for leaf in (*folder.glob("*/"), folder):
        try:
            leaf.rmdir()
        except OSError:
            continue


def _number(path: str) -> int:
    return int(_read(path))


def _field(path: str, key: str) -> int:
    for line in _read(path).splitlines():
        name, _, value = line.partition(" ")
        if name == key:
            return int(value)
    return 0


def _read_or_empty(path: Path) -> str:
    try:
        return _read(path)
    except OSError:
        return ""


def _read(path: Path | str) -> str:
    """The text of a file of the kernel's; a file object would ask five things about it first, for each sandbox."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, _PART):
            parts.append(part)
        return b"".join(parts).decode()
    finally:
        os.close(descriptor)


def _write(path: Path | str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _write_if_there(path: Path | str, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        _write(path, text)


def _signal(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return

"""How many jobs the memory of this machine has room for: as many as are safe at once, and more as it proves enough.

What a submission may use at most is its limit, what it does use is known once some have run. So the first jobs are
those whose limits fit into the memory that is free; from then on one more is let in after each submission, while what
is free holds the largest that was seen. Where memory runs short, one fewer runs from then on, and never less than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

__all__ = ["MemoryRoom", "free_mib"]

_MIB = 1 << 20
_RESERVE_MIB = 512.0  # for everything else on the machine
_MARGIN = 1.25  # the next submission may be larger than those before
_LEAST_MIB = 64.0  # a job that has measured nothing still takes something
_GROUP = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_V2 = ("memory.max", "memory.current", "inactive_file")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_mib(memory: Path = Path("/proc/meminfo"), group: Path = _GROUP, own: Path = _OWN) -> float:
    """MiB that new processes can take: what the machine has left, and each control group that this process is in.

    Files that the kernel keeps in memory, and lets go when others need room, count as free.

    Args:
        memory: what the kernel says of the machine.
        group: the folder of its control groups.
        own: in which of them this process is.

    Returns:
        Infinity where nobody knows, as on systems other than Linux.
    """
    found = float("inf")
    with suppress(OSError, ValueError, StopIteration):
        lines = memory.read_text().splitlines()
        found = int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) / 1024
    for folder, (most, used, given_back) in _groups(group, own):
        with suppress(OSError, ValueError):  # "max" is no number: there is no limit
            free = int((folder / most).read_text()) - int((folder / used).read_text())
            found = min(found, (free + _statistic(folder / "memory.stat", given_back)) / _MIB)
    return max(0.0, found)


def _groups(group: Path, own: Path) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """The folders of this process's control groups up to the root, of both versions, and the names that each has."""
    paths = {"": "/", "memory": "/"}  # in a container its own group may be the root
    with suppress(OSError, ValueError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            paths |= {name: path for name in controllers.split(",") if name in paths}
    for name, files in (("", _V2), ("memory", _V1)):
        inside = PurePosixPath(paths[name].strip("/"))
        if ".." not in inside.parts:  # outside of what is mounted here
            yield from ((group / name / each, files) for each in (inside, *inside.parents))
        else:
            yield group / name, files


def _statistic(path: Path, name: str) -> int:
    """A number of bytes in a group's statistics; 0 where it is not there."""
    with suppress(OSError, ValueError):
        return next((int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(f"{name} ")), 0)
    return 0


@dataclass(slots=True)
class MemoryRoom:
    """How many jobs there may be.

    Args:
        most: how many are asked for.
        limit_mib: what one submission may use at most; 0 where there is no limit.
        free: what is free now, in MiB.
    """

    most: int
    limit_mib: float
    free: Callable[[], float] = free_mib
    allowed: int = field(init=False)
    largest_mib: float = field(init=False, default=0.0)
    said: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.allowed = self.most
        if self.limit_mib and self.most > 1:
            fit = (self.free() - _RESERVE_MIB) / self.limit_mib
            self.allowed = max(1, self.most if fit >= self.most else int(fit))

    @property
    def needed_mib(self) -> float:
        """What one more job is expected to need: the largest that was seen and a little more, or else the limit."""
        seen = max(_LEAST_MIB, _MARGIN * self.largest_mib) if self.largest_mib else self.limit_mib
        return min(seen, self.limit_mib) if self.limit_mib else seen

    def finished(self, peak_mib: float) -> None:
        """A submission that held so much at most is done: let one more in, or one fewer.

        Args:
            peak_mib: 0 where it is not known.
        """
        self.largest_mib = max(self.largest_mib, peak_mib)
        if self.most == 1:
            return
        free = self.free()
        if free < _RESERVE_MIB:
            self.allowed = max(1, self.allowed - 1)
        elif self.allowed < self.most and self.largest_mib and free - _RESERVE_MIB >= self.needed_mib:
            self.allowed += 1

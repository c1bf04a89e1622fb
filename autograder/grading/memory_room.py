"""How many jobs the memory of this machine has room for: as many as are safe at once, and more as it proves enough.

What a submission may use at most is its limit, what it does use is known once some have run. So the first jobs are
those whose limits fit into the memory that is free; from then on one more is let in after each submission, while what
is free holds the largest that was seen. Where memory runs short, one fewer runs from then on, and never less than one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["MemoryRoom", "free_mib"]

_MIB = 1 << 20
_RESERVE_MIB = 512.0  # for everything else on the machine
_MARGIN = 1.25  # the next submission may be larger than those before
_LEAST_MIB = 64.0  # a job that has measured nothing still takes something
_GROUP = Path("/sys/fs/cgroup")
_GROUP_FILES = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))


def free_mib(memory: Path = Path("/proc/meminfo"), group: Path = _GROUP) -> float:
    """MiB that new processes can take: what the machine has left, and the control group of a container.

    Args:
        memory: what the kernel says of the machine.
        group: what it says of this container.

    Returns:
        Infinity where nobody knows, as on systems other than Linux.
    """
    found = float("inf")
    with suppress(OSError, ValueError, StopIteration):
        lines = memory.read_text().splitlines()
        found = int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) / 1024
    for most, used in _GROUP_FILES:
        with suppress(OSError, ValueError):  # "max" is no number: there is no limit
            found = min(found, (int((group / most).read_text()) - int((group / used).read_text())) / _MIB)
    return max(0.0, found)


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

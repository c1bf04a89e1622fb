"""What one sandbox costs, with copied mounts and built by bubblewrap: `python benchmarks/sandboxes.py [--times 200]`.

Sandboxes with nothing to do are opened and closed, first as root has them (the first process copies mounts that
bubblewrap made once), then as anybody else has them (bubblewrap builds each one; here because the builder was ended).
Both come from one forkserver, in turns, so that what else the machine does is shared. CPU is user and system time of
the forkserver, its builder, and all processes of the sandboxes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import tempfile
from pathlib import Path

from autograder import Limits
from autograder.isolation import processes
from autograder.sandbox import ForkServer, Request, start

TICK = os.sysconf("SC_CLK_TCK")
PRELOAD = ("numpy", "matplotlib.pyplot")


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=200)
    times = parser.parse_args().times
    used = {"copied mounts": [0.0, 0.0], "bubblewrap each time": [0.0, 0.0]}
    with (
        tempfile.TemporaryDirectory() as folder,
        start("bubblewrap", preload=PRELOAD) as copying,
        start("bubblewrap", preload=PRELOAD) as building,
    ):
        Path(folder).chmod(0o755)
        for builder in processes.children(building.pid):
            os.kill(builder, signal.SIGKILL)
        for sandbox in (copying, building):
            opened_and_closed(sandbox, Path(folder))
        for _ in range(times):
            for name, sandbox in zip(used, (copying, building), strict=True):
                before = cpu_seconds(sandbox)
                opened_and_closed(sandbox, Path(folder))
                for kind, (start_, end) in enumerate(zip(before, cpu_seconds(sandbox), strict=True)):
                    used[name][kind] += end - start_
    print(f"{times} sandboxes each, preload {PRELOAD}, user {os.geteuid()}")
    print(f"{'CPU ms for each sandbox':24}{'user':>8}{'system':>8}{'sum':>8}")
    for name, (user, system) in used.items():
        each = [1000 * seconds / times for seconds in (user, system, user + system)]
        print(f"{name:24}{each[0]:8.1f}{each[1]:8.1f}{each[2]:8.1f}")


def opened_and_closed(sandbox: ForkServer, folder: Path) -> None:
    """One sandbox, from the request to the outcome."""
    sandbox.open(Request(folder, Limits(memory_mib=2048))).close()


def cpu_seconds(sandbox: ForkServer) -> tuple[float, float]:
    """User and system time so far of the forkserver, of its builder, and of their ended children."""
    user = system = 0.0
    for pid in (sandbox.pid, *processes.children(sandbox.pid)):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            user += (int(fields[11]) + int(fields[13])) / TICK
            system += (int(fields[12]) + int(fields[14])) / TICK
    return user, system


if __name__ == "__main__":
    main()

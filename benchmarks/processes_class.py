"""Where the CPU time of a class goes, process by process: `python benchmarks/processes_class.py [--submissions 20]`.

The class of `peers_class.py` is graded once by `autograder grade --jobs 1` under Linux's `perf`, which has to be
installed, and each sample is counted for the process that it was taken in: the command itself, its job, the forkserver,
what builds sandboxes, the first processes of sandboxes, and the workers. Of each, `kernel` is system time, and `faults`
the part of it that goes into pages of memory which are copied or made when they are first written.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from peers_class import SEED, compile_us, graded, make_class, make_course

RATE = 1_999  # samples of each CPU second
KERNEL = "[kernel.kallsyms]"
FAULT = "handle_mm_fault"
KINDS = ("command", "job", "forkserver", "builder", "first processes", "workers")


@dataclass(slots=True)
class Share:
    """Processes of one kind, and their samples: all, in the kernel, in page faults."""

    processes: int = 0
    samples: Counter[str] = field(default_factory=Counter)


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=20)
    count = parser.parse_args().submissions
    if shutil.which("perf") is None:
        sys.exit("perf is missing; install it (Debian and Ubuntu: linux-perf or linux-tools).")
    compile_us()
    with tempfile.TemporaryDirectory(prefix="processes-") as folder:
        work = Path(folder)
        work.chmod(0o755)
        root, inbox = make_course(work / "course"), make_class(work / "inbox", count)
        graded(root, make_class(work / "first", 1), work / "out-first", jobs=1)  # keeps compiled templates
        command = [sys.executable, "-m", "autograder", "grade", "net", inbox, "--out", work / "out", "--jobs", "1"]
        command += ["--course", root, "--seed", SEED]
        recording = ["perf", "record", "-q", "-o", work / "data", "-F", RATE, "-g", "-e", "cpu-clock", "--", *command]
        subprocess.run([*map(str, recording)], cwd=root, check=True, stdout=subprocess.DEVNULL)
        shares = shares_of(work / "data")
    print(f"{count} submissions\n")
    print(f"{'CPU ms':18}{'processes':>10}{'all':>9}{'each submission':>17}{'kernel':>9}{'faults':>9}")
    whole: Counter[str] = Counter()
    for kind in KINDS:
        row(kind, str(shares[kind].processes), shares[kind].samples, count)
        whole += shares[kind].samples
    row("all", "", whole, count)


def row(name: str, processes: str, samples: Counter[str], count: int) -> None:
    """One line of the table; all but the second column is for each submission."""
    milliseconds = {key: 1000 * samples[key] / RATE for key in ("all", "kernel", "faults")}
    each = "".join(
        f"{milliseconds[key] / count:{width}.1f}" for key, width in (("all", 17), ("kernel", 9), ("faults", 9))
    )
    print(f"{name:18}{processes:>10}{milliseconds['all']:9.0f}{each}")


def shares_of(data: Path) -> dict[str, Share]:
    """The samples of a recording by the kind of process."""
    kinds = kinds_of(parents(report(data, "report", "--tasks", "--stdio")))
    shares: dict[str, Share] = defaultdict(Share)
    for kind in kinds.values():
        shares[kind].processes += 1
    for sample in report(data, "script", "-F", "pid,tid,event,ip,sym,dso,comm").split("\n\n"):
        head, *stack = sample.strip().splitlines() or [""]
        found = re.search(r"\s(\d+)/\d+\s", head)
        if found and (kind := kinds.get(int(found[1]))):
            samples = shares[kind].samples
            samples["all"] += 1
            samples["kernel"] += bool(stack) and KERNEL in stack[0]
            samples["faults"] += any(FAULT in line for line in stack)
    return shares


def report(data: Path, *how: str) -> str:
    """What perf says about a recording."""
    verb, *more = how
    command = ["perf", verb, "-i", str(data), *more]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def parents(tasks: str) -> dict[int, int]:
    """The parent of each process, by number, the parents first."""
    found = re.findall(r"^\s*(\d+)\s+(\d+)\s+(-?\d+)\s+\|", tasks, re.MULTILINE)
    return {int(pid): int(parent) for pid, thread, parent in found if int(pid) and pid == thread}


def kinds_of(parent: dict[int, int]) -> dict[int, str]:
    """What each process is: the command is the root, the forkserver its child with the most children."""
    command = next(pid for pid, above in parent.items() if above == -1)
    below: dict[int, list[int]] = defaultdict(list)
    for pid, above in parent.items():
        below[above].append(pid)
    forkserver = max(below[command], key=lambda pid: len(below[pid]))
    builder = min(below[forkserver])  # it is forked before all others
    kinds = {command: "command", forkserver: "forkserver", builder: "builder"}
    for pid, above in parent.items():
        if pid not in kinds and above in kinds:
            inherited = {"command": "job", "forkserver": "workers", "builder": "first processes"}
            kinds[pid] = inherited.get(kinds[above], kinds[above])
    return kinds


if __name__ == "__main__":
    main()

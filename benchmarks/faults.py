"""Kill -9 of scheduler, worker and client at random moments while a class is graded on a cluster of this machine.

`python benchmarks/faults.py --runs 20 --submissions 200` prints a line for each run: what was killed when, how many
reports the results database has in the end, how many of them are of one student twice, and the seconds that it took.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from tiny_course import RIGHT, WRONG, hand_in, make_course  # noqa: E402

from autograder.isolation.processes import descendants  # noqa: E402
from autograder.store import Store, sqlite_address  # noqa: E402

PARTS = ("scheduler", "worker", "client")
LONGEST_SECONDS = 900


def parts_of(client: int) -> dict[str, list[int]]:
    """The processes of a cluster, by what they are: the scheduler is the first that the client started."""
    found = []
    for pid in descendants(client)[1:]:
        try:
            if b"autograder.cluster.part" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    found.sort()
    return {"scheduler": found[:1], "worker": found[1:], "client": [client]}


def run(folder: Path, submissions: int, chance: random.Random) -> tuple[str, int, int, int]:
    """Grade one class, kill one part on the way, and grade on: what was killed, reports, duplicates, lost points."""
    root = make_course(folder / "course")
    sources = {f"s{number:04}": WRONG if number % 3 else RIGHT for number in range(submissions)}
    files = hand_in(folder / "handed-in", **sources)
    words = ["grade", "tiny", files, "--out", folder / "out", "--cluster", "dask", "--jobs", "2", "--course", root]
    command = [sys.executable, "-m", "autograder", *map(str, words)]
    environ = {**os.environ, "AUTOGRADER_SEED": "seed"}
    part, moment = chance.choice(PARTS), chance.randrange(1, submissions)
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith(f"[{moment}/"):
                os.kill(chance.choice(parts_of(running.pid)[part]), 9)
    if part == "client":
        subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=False, timeout=LONGEST_SECONDS)
    with Store(sqlite_address(folder / "out" / "grader.db")) as store:
        reports = store.reports()
    counted = Counter(report.student for report in reports)
    wrong = sum(report.points != (2 if sources[report.student] == WRONG else 5) for report in reports)
    return f"{part} at {moment}", len(counted), sum(counted.values()) - len(counted), wrong


def main() -> int:
    """All runs; the exit code is 1 if one lost a report, had one twice, or gave wrong points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance, bad = random.Random(asked.seed), 0
    print("| run | killed | reports | twice | wrong points | seconds |\n|---|---|---|---|---|---|")
    for number in range(asked.runs):
        with tempfile.TemporaryDirectory(prefix="autograder-faults-") as folder:
            began = time.monotonic()
            killed, reports, twice, wrong = run(Path(folder), asked.submissions, chance)
        print(f"| {number} | {killed} | {reports} | {twice} | {wrong} | {time.monotonic() - began:.0f} |", flush=True)
        bad += (reports, twice, wrong) != (asked.submissions, 0, 0)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

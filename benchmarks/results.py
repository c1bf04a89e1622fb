"""The published figures of the course, beside ours: run the rows, keep what they printed, write docs/results.md.

    python benchmarks/results.py                      # every row that takes minutes (`make results`)
    python benchmarks/results.py linear_hinge         # those of one assignment
    python benchmarks/results.py alexnet --row best --long
    python benchmarks/results.py --write              # only the page, from what is kept

`benchmarks/results/NAME.toml` is written by people: a table ``[[row]]`` for each system, with what was published, the
command that repeats it, and which part stands in for the published setting. `NAME.json` beside it is written here: the
last line that the command printed, its wall time in seconds, and the machine. A row without a measurement is open.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "results.md"

HEAD = """# Results

Each reference of the course repeats published results. Every row gives the published figure, ours, how long the
command took (wall time, one thread, beside other work), and what differs from the published setting; a row that was not
measured is open. `make results` repeats the rows that take minutes, {minutes} in all; those marked *long* are repeated
by `python benchmarks/results.py NAME --row ID --long`. This page is written by that script from `benchmarks/results/`.

The published numbers come from: the CIFAR-10 report on support vector machines (`svm_pipelines`), the report on a
linear classifier with hinge loss (`linear_hinge`), Y. Tang, *Deep learning using linear support vector machines*
(`deep_svm`), and the homework on back-propagation and AlexNet (`backprop`, `alexnet`).
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One system: what was published, and how ours is measured."""

    assignment: str
    id: str
    system: str
    published: str
    command: str
    stands_in: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command printed last, its wall time in seconds, and where."""

    ours: str
    seconds: float
    machine: str = ""


def rows(folder: Path = ROWS) -> tuple[Row, ...]:
    """All rows, assignment by assignment, in the order of the files.

    Raises:
        SystemExit: a file that cannot be read as rows; the sentence says which, and what is wrong.
    """
    found: list[Row] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            for text in tomllib.loads(path.read_text("utf-8")).get("row", []):
                found.append(Row(path.stem, **text))
        except (tomllib.TOMLDecodeError, TypeError) as error:
            raise SystemExit(f"{path}: {error}") from None
    places = [(row.assignment, row.id) for row in found]
    twice = [place for place in places if places.count(place) > 1]
    if twice:
        raise SystemExit(f"Two rows of {twice[0][0]} have the id {twice[0][1]!r}; rename one of them.")
    return tuple(found)


def measured(assignment: str, folder: Path = ROWS) -> dict[str, Measured]:
    """What is kept of one assignment's rows, by id."""
    path = folder / f"{assignment}.json"
    stored: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return {name: Measured(**each) for name, each in stored.items()}


def keep(row: Row, found: Measured, folder: Path = ROWS) -> None:
    """Write one measurement beside the others."""
    every = measured(row.assignment, folder) | {row.id: found}
    stored = {
        name: {"ours": each.ours, "seconds": round(each.seconds, 1), "machine": each.machine}
        for name, each in sorted(every.items())
    }
    (folder / f"{row.assignment}.json").write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", "utf-8")


def run(row: Row) -> Measured:
    """Run a row's command in the repository.

    Raises:
        SystemExit: it ended with a fault, or printed nothing.
    """
    words = shlex.split(row.command)
    command = [sys.executable if word == "python" else word for word in words]
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    seconds = time.monotonic() - began
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise SystemExit(
            f"{row.command} ended with {done.returncode} and printed {lines[-1] if lines else 'nothing'!r}."
        )
    return Measured(lines[-1].strip(), seconds, machine())


def machine() -> str:
    """This machine in words."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown CPU")
    return f"{len(os.sched_getaffinity(0))} cores of {' '.join(model.split())}"


def page(every: Iterable[Row], folder: Path = ROWS) -> str:
    """The text of docs/results.md."""
    every = tuple(every)
    known = {(row.assignment, row.id): measured(row.assignment, folder).get(row.id) for row in every}
    short = [found.seconds for row in every if not row.long and (found := known[row.assignment, row.id])]
    lines = [HEAD.format(minutes=duration(sum(short)))]
    machines: set[str] = set()
    assignments = list(dict.fromkeys(row.assignment for row in every))
    for assignment in assignments:
        lines += [f"## {assignment}", ""]
        lines += ["| system | published | ours | time | what differs |", "|---|---|---|---|---|"]
        for row in every:
            if row.assignment != assignment:
                continue
            found = known[row.assignment, row.id]
            took = f"{duration(found.seconds)}{', *long*' if row.long else ''}" if found else ""
            ours = found.ours if found else "*open: not measured*"
            lines.append(f"| {row.system}<br>`{row.command}` | {row.published} | {ours} | {took} | {row.stands_in} |")
            if found and found.machine:
                machines.add(found.machine)
        lines.append("")
    if machines:
        lines.append(f"Measured on {'; '.join(sorted(machines))}.\n")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """41 s, 3 min, 1.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def main() -> int:
    """Run what was asked for, keep each measurement at once, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignments", nargs="*", metavar="NAME", help="which assignments; all of them when left out")
    parser.add_argument("--row", help="only the row of this id")
    parser.add_argument("--long", action="store_true", help="also rows that take long")
    parser.add_argument("--write", action="store_true", help="run nothing, only write the page")
    asked = parser.parse_args()
    every = rows()
    unknown = set(asked.assignments) - {row.assignment for row in every}
    if unknown:
        parser.error(f"there are no rows of {', '.join(sorted(unknown))} in {ROWS}")
    chosen = [
        row
        for row in every
        if (not asked.assignments or row.assignment in asked.assignments)
        and (asked.row in (None, row.id))
        and (asked.long or not row.long)
    ]
    if not asked.write:
        if not chosen:
            parser.error("no row was chosen; a long one needs --long")
        for number, row in enumerate(chosen, 1):
            print(f"[{number}/{len(chosen)}] {row.assignment}: {row.system}\n    {row.command}", flush=True)
            found = run(row)
            keep(row, found)
            print(f"    published {row.published}; ours {found.ours}; {duration(found.seconds)}", flush=True)
    PAGE.write_text(page(every), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make attack`: every attack on every sandbox that this machine has, as root and as an ordinary user.

Prints attack x sandbox with the verdicts that came, and what should not have come: marks earned, secrets seen, files
outside, processes left, limits that bound late, neighbours that were harmed. Ends with 1 if there was any of that.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from arena import Arena, Attack, Ground, attacks
from ordinary_user import as_ordinary_user
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from autograder import early_start
from autograder.results import Limits
from autograder.sandbox import BACKENDS, ENGINES, Request, Sandbox, Session, start, why_not
from autograder.sandbox.oci import why_not_oci
from autograder.wire import decode, encode

SANDBOXES = (*BACKENDS[:-1], *ENGINES)

WITHOUT = {
    "landlock": "construction.landlock.abi = lambda: 0",
    "filter": "construction._filter_or_nothing = lambda **_: b''",
}
"""What a forkserver runs first where one layer is left out: some attacks must fail by each of two layers alone."""


def leave_out(layer: str) -> None:
    """Forkservers that this process starts from now on do without a layer of `WITHOUT`."""
    early_start.COMMAND = (
        f"from autograder.sandbox import construction, forkserver; {WITHOUT[layer]}; forkserver.main()"
    )


@dataclass(frozen=True, slots=True)
class Column:
    """One sandbox as one kind of user."""

    sandbox: str
    user: str

    def __str__(self) -> str:
        return f"{self.sandbox}, {self.user}"


def main() -> int:
    """Run what the command line asks for; 0 if every promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", action="append", choices=SANDBOXES, help="only this one; may be repeated")
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    parser.add_argument("--but-own", action="store_true", help="leave out what the test suite fights as this user")
    parser.add_argument("--json", action="store_true", help="lines for the program that started this one")
    parser.add_argument("--without", choices=WITHOUT, help="leave out one layer of the sandbox; needs --json")
    options = parser.parse_args()
    if options.without:
        leave_out(options.without)
    expected = tuple(each for each in attacks() if options.only in each.id)
    names = tuple(options.sandbox or SANDBOXES)
    if options.json:
        for name in names:
            for line in fight(name, expected):
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()
        return 0
    return show(expected, names, options.only, but_own=options.but_own)


def fight(name: str, expected: Sequence[Attack]) -> Iterator[dict[str, object]]:
    """Fight every attack in one sandbox as this user; a dictionary for each."""
    with ExitStack() as stack:
        image = ""
        if name in ENGINES:
            from images import made_image

            if reason := why_not_oci(name):
                yield {"missing": reason}
                return
            image = made_image(name)
            expected = [each for each in expected if each.variant == 0]  # each costs a container a check
        if reason := why_not(name, image):
            yield {"missing": reason}
            return
        sandbox = stack.enter_context(start(name, image=image))
        arena = Arena(stack.enter_context(Ground()), sandbox)
        for attack in expected:
            if not set(attack.needs) <= set(sandbox.enforced):
                yield {"attack": attack.id, "left out": f"needs {', '.join(attack.needs)}"}
                continue
            result = arena.fight(attack, neighbour=name not in ENGINES)
            yield {
                "attack": attack.id,
                "verdicts": result.verdicts,
                "seconds": result.seconds,
                "breaches": result.breaches,
            }
        if name not in ENGINES and "memory (control group)" in sandbox.enforced:
            slower = share_of_a_processor(arena.ground, sandbox)
            yield {"attack": SHARE, "verdicts": f"{slower:.1f} times", "breaches": [] if slower < MOST else ["harmed"]}


SHARE, MOST = "nothing_to_break/share of a processor/0", 3.0
WORK = """
import os, time

def answer(x):
    began, done = time.perf_counter(), time.process_time() + 0.4
    while time.process_time() < done:
        pass
    return time.perf_counter() - began

def word(number):
    for _ in range(20):
        if os.fork() == 0:
            while True: pass
    return "busy"
"""


def share_of_a_processor(ground: Ground, sandbox: Sandbox) -> float:
    """How many times longer honest work takes beside a submission of twenty busy processes on the same processor.

    Two submissions that share one processor fairly take twice as long each.
    """
    folder = ground.folder / "share"
    folder.mkdir()
    (folder / "hw.py").write_text(WORK)
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(every)})  # the worker of a pinned grader shares its processor
    try:
        honest, hostile = (sandbox.open(Request(folder, Limits(wall_seconds=30, cpu_seconds=20))) for _ in range(2))
        ask(honest, ("load", "hw")), ask(hostile, ("load", "hw"))
        alone = ask(honest, ("call", "hw", "answer", (0,), {}))
        ask(hostile, ("call", "hw", "word", (0,), {}))
        beside = ask(honest, ("call", "hw", "answer", (0,), {}))
        honest.close(), hostile.close()
    finally:
        os.sched_setaffinity(0, every)
    return float(beside / alone)


def ask(session: Session, request: tuple[object, ...]) -> Any:
    """The value of one answer."""
    return decode(session.exchange(encode(request)))[1]


def show(expected: Sequence[Attack], names: tuple[str, ...], only: str, *, but_own: bool) -> int:
    """Fight in all sandboxes, or all `but` those of the test suite, and print the table."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    columns = [Column(name, user) for name in names for user in users() if (name, user) not in _NOT_HERE]
    if but_own:
        columns = [each for each in columns if each.user != users()[0] or each.sandbox not in _IN_TESTS]
    cells: dict[str, dict[Column, list[dict[str, object]]]] = {}
    missing: dict[Column, str] = {}
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("attacks", total=len(columns) * len(expected))
        for column in columns:
            for line in _lines(column, only, missing):
                attack = str(line["attack"]).rpartition("/")[0]
                cells.setdefault(attack, {}).setdefault(column, []).append(line)
                progress.advance(task)
    columns = [column for column in columns if column not in missing]
    broken = _print(console, cells, columns)
    for column, reason in missing.items():
        console.print(f"Not tried: {column} ({reason})", markup=False)
    fought = sum("verdicts" in line for row in cells.values() for lines in row.values() for line in lines)
    console.print(f"{len(cells)} attacks, {fought} fights in {len(columns)} sandboxes: {broken} broke a promise.")
    return 1 if broken or not fought else 0


_IN_TESTS = ("bubblewrap", "landlock")
_NOT_HERE = {("podman", "ordinary user"), ("docker", "ordinary user")}  # mapped users need a login of their own


def users() -> tuple[str, ...]:
    """As whom attacks are fought: root also plays an ordinary user."""
    return ("root", "ordinary user") if os.geteuid() == 0 else ("ordinary user",)


def _lines(column: Column, only: str, missing: dict[Column, str]) -> Iterator[dict[str, object]]:
    own = "root" if os.geteuid() == 0 else "ordinary user"
    command = [sys.executable, __file__, "--json", "--sandbox", column.sandbox, "--only", only]
    with ExitStack() as stack:
        if column.user != own:
            command = as_ordinary_user(command, stack.enter_context(tempfile.TemporaryDirectory()))
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert process.stdout
        for text in process.stdout:
            line = json.loads(text)
            if "missing" in line:
                missing[column] = line["missing"]
            else:
                yield line
        if process.wait():
            missing[column] = f"the attacks ended with exit code {process.returncode}"


def _print(console: Console, cells: dict[str, dict[Column, list[dict[str, object]]]], columns: list[Column]) -> int:
    """The table, and below it what should not have come; how many cells of it there are."""
    table = Table("Attack", *map(str, columns), title="What came of every attack")
    reported, broken = [], 0
    for attack, row in cells.items():
        texts = []
        for column in columns:
            lines = row.get(column, [])
            breaches = [breach for line in lines for breach in line.get("breaches", ())]  # type: ignore[attr-defined]
            verdicts = dict.fromkeys(str(line["verdicts"]) for line in lines if "verdicts" in line)
            left_out = [str(line["left out"]) for line in lines if "left out" in line]
            mark = "✗" if breaches else "✓" if verdicts else "-"
            texts.append(f"{mark} {', '.join(dict.fromkeys(', '.join(verdicts).split(', ')))}{''.join(left_out[:1])}")
            if breaches:
                broken += 1
                reported += [f"{attack} in {column}: {breach}" for breach in dict.fromkeys(map(str, breaches))]
        table.add_row(attack, *texts)
    console.print(table)
    for line in reported:
        console.print(line, markup=False, highlight=False)
    return broken


if __name__ == "__main__":
    sys.exit(main())

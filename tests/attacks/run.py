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

sys.path.insert(0, str(Path(__file__).parents[1]))

from arena import Arena, Attack, Ground, attacks
from ordinary_user import as_ordinary_user
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from autograder.sandbox import CONTAINERS, start, why_not
from autograder.sandbox.oci import why_not_oci

SANDBOXES = ("bubblewrap", "landlock", *CONTAINERS)


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
    parser.add_argument("--json", action="store_true", help="lines for the program that started this one")
    options = parser.parse_args()
    wanted = tuple(each for each in attacks() if options.only in each.id)
    names = tuple(options.sandbox or SANDBOXES)
    if options.json:
        for name in names:
            for line in fight(name, wanted):
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()
        return 0
    return show(wanted, names, options.only)


def fight(name: str, wanted: Sequence[Attack]) -> Iterator[dict[str, object]]:
    """Fight every attack in one sandbox as this user; a dictionary for each."""
    with ExitStack() as stack:
        image = ""
        if name in CONTAINERS:
            from images import made_image

            if reason := why_not_oci(name):
                yield {"missing": reason}
                return
            image = made_image(name)
            wanted = [each for each in wanted if each.variant == 0]  # each costs a container a check
        if reason := why_not(name, image):
            yield {"missing": reason}
            return
        sandbox = stack.enter_context(start(name, image=image))
        arena = Arena(stack.enter_context(Ground()), sandbox)
        for attack in wanted:
            if not set(attack.needs) <= set(sandbox.enforced):
                yield {"attack": attack.id, "left out": f"needs {', '.join(attack.needs)}"}
                continue
            result = arena.fight(attack, neighbour=name not in CONTAINERS)
            yield {
                "attack": attack.id,
                "verdicts": result.verdicts,
                "seconds": result.seconds,
                "breaches": result.breaches,
            }


def show(wanted: Sequence[Attack], names: tuple[str, ...], only: str) -> int:
    """Fight in all sandboxes and print the table."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    columns = [Column(name, user) for name in names for user in users() if (name, user) not in _NOT_HERE]
    cells: dict[str, dict[Column, list[dict[str, object]]]] = {}
    missing: dict[Column, str] = {}
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("attacks", total=len(columns) * len(wanted))
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
    told, broken = [], 0
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
                told += [f"{attack} in {column}: {breach}" for breach in dict.fromkeys(map(str, breaches))]
        table.add_row(attack, *texts)
    console.print(table)
    for line in told:
        console.print(line, markup=False, highlight=False)
    return broken


if __name__ == "__main__":
    sys.exit(main())

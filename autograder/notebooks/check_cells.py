"""Cells by which students test a question where they stand: written into the handout, and nobody's answer.

They carry no role, so nothing is restored or missed where a student removes them. When a notebook is graded they run
like any other cell, and what they import does nothing there (`autograder.checks.local.kit`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.checks.local.kit import KIT
from autograder.notebooks.reading import Cell, Notebook
from autograder.notebooks.repairing import changes_of

__all__ = ["TAG", "Asked", "is_check_cell", "placed_checks"]

TAG = "autograder-check"

_LINE = re.compile(rf"\s*(?:#.*|(?:check|hint)\([^()]*\)\s*(?:#.*)?|from {KIT}\.notebook import .*)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a notebook can be tested for: its id, what students write for it, whether there are hints."""

    id: str
    solution: tuple[str, ...]
    hints: bool = False


def is_check_cell(cell: Cell) -> bool:
    """Whether a code cell only asks for verdicts and hints."""
    lines = cell.source.split("\n")
    called = any(re.match(r"\s*(?:check|hint)\(|from ", line) for line in lines)
    return cell.kind == "code" and called and all(_LINE.fullmatch(line) for line in lines)


def placed_checks(stub: Notebook, asked: Sequence[Asked]) -> Iterator[tuple[int, Cell]]:
    """The cells to be written into a handout, each with the number of cells of the stub that stand before it.

    One in front of all code imports what the others call; a question's stands below the last cell in which something
    is written for it, or at the end where there is none.
    """
    if not asked:
        return
    taken = {cell.id for cell in stub.cells}
    first = next((place for place, cell in enumerate(stub.cells) if cell.kind == "code"), 0)
    imports = "check, hint" if any(each.hints for each in asked) else "check"
    lines = (
        f"# The folder {KIT} must lie beside this notebook. check() tests all questions.",
        f"from {KIT}.notebook import {imports}",
    )
    yield first, Cell("code", "\n".join(lines), _id("import-checks", taken), tags=(TAG,))
    sets = [changes_of(cell.source).values if cell.kind == "code" else frozenset() for cell in stub.cells]
    last = len(stub.cells)
    for each in asked:
        names = {name.partition(".")[0] for name in each.solution}
        place = max((number for number, found in enumerate(sets, 1) if found & names), default=last)
        more = f'  # for a hint: hint("{each.id}")' if each.hints else ""
        cell_id = _id(f"check-{re.sub(r'[^a-zA-Z0-9_-]', '-', each.id)}"[:60], taken)
        yield place, Cell("code", f'check("{each.id}"){more}', cell_id, tags=(TAG,))


def _id(name: str, taken: set[str]) -> str:
    """A cell's id that no other has."""
    found = next(each for each in (name, *(f"{name}-{number}" for number in range(2, 9999))) if each not in taken)
    taken.add(found)
    return found

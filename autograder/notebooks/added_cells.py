"""What a person reads for one cell: its own text, and the cells that the student added around it.

In nbgrader a task cell is locked, so an answer to it stands in cells of the student's own; many write other answers in
such cells as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograder.notebooks.markdown import is_untouched
from autograder.notebooks.reading import Cell, Notebook
from autograder.notebooks.stubs import is_check_cell

__all__ = ["ToRead", "to_read"]


_KINDS = {"code": "code", "markdown": "Markdown", "raw": "text"}


@dataclass(frozen=True, slots=True)
class ToRead:
    """What there is to be read: `own` is the given cell's text, "" where it is as it was handed out or empty.

    `text` is that with all added cells, each under a line that says so; `added` is how many there are, `numbers` are
    those of all cells that are read, and `emptied` says that the given cell was handed in empty.
    """

    own: str
    text: str
    added: int
    numbers: tuple[int, ...] = ()
    emptied: bool = False

    @property
    def said(self) -> str:
        """A sentence for the student about what will be read, "" where it is the cell alone."""
        cells = f"{self.added} cell{'' if self.added == 1 else 's'}"
        if self.added and not self.own:
            return f"The cell is as it was handed out; {cells} added beside it will be read."
        if self.added:
            return f"It will be read with {cells} added beside it."
        if self.own:
            return ""
        return "It is empty." if self.emptied else "It is as it was handed out."


def to_read(notebook: Notebook, handed_out: Notebook, name: str, outputs: Mapping[int, str] | None = None) -> ToRead:
    """The cell of that name with the student's own cells below it, up to the next handed-out cell with a name.

    Where there would be nothing to read, those above it are taken.

    Args:
        notebook: what was handed in, repaired.
        handed_out: the release.
        name: of a cell in both.
        outputs: what cells printed, by their numbers; shown below added code and below the cell itself.
    """
    printed = outputs or {}
    at = next((place for place, cell in enumerate(notebook.cells) if cell.role and cell.name == name), None)
    if at is None:
        return ToRead("", "", 0)
    given = next((cell.source for cell in handed_out.cells if cell.role and cell.name == name), "")
    source = notebook.cells[at].source
    own = "" if not source.strip() or is_untouched(source, given) else source
    known = {cell.source.strip() for cell in handed_out.cells if not cell.role} | {""}
    where, added = "below", list(_own(notebook.cells, range(at + 1, len(notebook.cells)), known))
    if not added and not own:
        where, added = "above", list(_own(notebook.cells, range(at - 1, -1, -1), known))[::-1]
    parts = [own + _printed(printed.get(at + 1, ""))] if own else []
    for place, cell in added:
        head = f"--- Added by the student {where} this cell ({_KINDS[cell.kind]}, cell {place + 1}) ---"
        parts.append(f"{head}\n{cell.source}{_printed(printed.get(place + 1, ''))}")
    numbers = (*([at + 1] if own else []), *(place + 1 for place, _ in added))
    return ToRead(own, "\n\n".join(parts), len(added), numbers, emptied=not source.strip())


def _own(cells: tuple[Cell, ...], places: range, known: set[str]) -> Iterator[tuple[int, Cell]]:
    """The student's own cells with their places, up to the first handed-out cell with a name."""
    for place in places:
        if cells[place].role:
            return
        if cells[place].source.strip() not in known and not is_check_cell(cells[place]):
            yield place, cells[place]


def _printed(text: str) -> str:
    return f"\n--- Its output ---\n{text.rstrip()}" if text.strip() else ""

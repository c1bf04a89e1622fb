"""A notebook as frozen records: what the grader needs of a file that a student could have filled with anything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

__all__ = ["Cell", "Notebook", "Role"]


@dataclass(frozen=True, slots=True)
class Role:
    """What a cell is for in nbgrader's terms, from its metadata (schema version 3).

    `grade_id` names it; `grade` cells give points, `solution` cells are written by students, `locked` cells are
    restored, `task` cells are read by people. `points` is the most it gives, 0 where it is not graded.
    """

    grade_id: str
    grade: bool = False
    solution: bool = False
    locked: bool = False
    task: bool = False
    points: float = 0.0

    @property
    def given(self) -> bool:
        """Whether students may not change it: tests, and locked cells that hold no solution."""
        return (self.locked or self.grade) and not self.solution and not self.task


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `kind` is ``"code"``, ``"markdown"`` or ``"raw"``.

    `id` is the notebook format's own name of a cell (since 4.5), "" in older files; `tags` are Jupyter's.
    """

    kind: str
    source: str
    id: str = ""
    role: Role | None = None
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What identifies the cell from one version of the notebook to the next: its grade id, else its id."""
        return self.role.grade_id if self.role else self.id


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells of a notebook, in order, with the language of its kernel."""

    cells: tuple[Cell, ...]
    language: str = "python"

    def without(self, numbers: Collection[int]) -> Notebook:
        """The notebook in which some cells, counted from 1, are no code; each cell keeps its number."""
        cells = (replace(cell, kind="raw") if place in numbers else cell for place, cell in enumerate(self.cells, 1))
        return replace(self, cells=tuple(cells))

    @property
    def code(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

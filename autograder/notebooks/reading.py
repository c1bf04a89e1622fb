"""A notebook as frozen records, and the reading of files, which hold whatever a student put into them.

The answer is a record or one sentence.

Only what is graded is read: outputs, attachments and widgets are passed over where they stand, without a copy.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from autograder.checks.errors import StudentError, Verdict

__all__ = ["MAX_BYTES", "MAX_CELLS", "MAX_SOURCE", "Cell", "Notebook", "Role", "read"]


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


MAX_BYTES = 64 << 20
MAX_CELLS = 5_000
MAX_SOURCE = 1 << 20

_ANY = Raw(b"null")


class _File(Struct):
    """The top of a notebook file; before version 4 cells stood in worksheets."""

    cells: list[Raw] | UnsetType = UNSET
    worksheets: list[_Sheet] | UnsetType = UNSET
    metadata: Raw = _ANY


class _Sheet(Struct):
    cells: list[Raw]


class _Cell(Struct):
    cell_type: str
    source: str | list[str] | UnsetType = UNSET
    input: str | list[str] = ""
    id: Raw = _ANY
    metadata: Raw = _ANY


class _Metadata(Struct):
    nbgrader: Raw = _ANY
    tags: Raw = _ANY


class _Role(Struct):
    grade_id: str
    grade: bool = False
    solution: bool = False
    locked: bool = False
    task: bool = False
    points: float = 0.0


class _Kernel(Struct, frozen=True):
    language: str = ""
    name: str = ""


class _Kernels(Struct):
    kernelspec: _Kernel = _Kernel()
    language_info: _Kernel = _Kernel()


def read(content: bytes, name: str) -> Notebook:
    """A notebook of any version of the format from 2 to 4, as version 4 has it, without its outputs.

    Args:
        content: the file as it was handed in.
        name: its name, for messages.

    Raises:
        StudentError: it is no notebook, or too large; the verdict is FAILED.
    """
    if len(content) > MAX_BYTES:
        raise _refused(f"{name} has {len(content) >> 20} MiB; at most {MAX_BYTES >> 20} are read: clear its outputs")
    try:
        file = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_File)
    except RecursionError:
        raise _refused(f"{name} is no notebook: it is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _refused(f"{name} is no notebook: {_step(_first_line(error))}") from None
    if isinstance(file.cells, list):
        cells = file.cells
    elif isinstance(file.worksheets, list):
        cells = [cell for sheet in file.worksheets for cell in sheet.cells]
    else:
        raise _refused(f"{name} is no notebook: it holds no cells")
    if len(cells) > MAX_CELLS:
        raise _refused(f"{name} has {len(cells):,} cells; at most {MAX_CELLS:,} are read")
    return Notebook(
        tuple(_cell(each, f"{name}, cell {place}") for place, each in enumerate(cells, start=1)),
        _language(file.metadata),
    )


def _cell(raw: Raw, where: str) -> Cell:
    try:
        found = msgspec.json.decode(raw, type=_Cell)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(f"{where}: this is no cell: {_first_line(error)}") from None
    text = found.input if isinstance(found.source, UnsetType) else found.source
    source = text if isinstance(text, str) else "".join(text)
    if len(source) > MAX_SOURCE:
        raise _refused(f"{where}: it has {len(source):,} characters; at most {MAX_SOURCE:,} are read")
    kind = {"heading": "markdown", "html": "markdown"}.get(found.cell_type, found.cell_type)
    metadata = _lenient(found.metadata, _Metadata, _Metadata())
    return Cell(
        kind=kind if kind in ("code", "markdown", "raw") else "raw",
        source=source,
        id=_lenient(found.id, str, ""),
        role=_role(metadata.nbgrader),
        tags=tuple(_lenient(metadata.tags, list[str], [])),
    )


def _role(raw: Raw) -> Role | None:
    """What nbgrader's metadata says; None where there is none that names the cell."""
    stated = _lenient(raw, _Role, None)
    if stated is None or not stated.grade_id:
        return None
    points = stated.points if 0 <= stated.points < 1e9 else 0.0
    return Role(stated.grade_id, stated.grade, stated.solution, stated.locked, stated.task, points)


def _language(raw: Raw) -> str:
    stated = _lenient(raw, _Kernels, _Kernels())
    return (stated.kernelspec.language or stated.language_info.name or "python").lower()


def _lenient(raw: Raw, kind: Any, otherwise: Any) -> Any:
    """A part that graders do not depend on, or something in its place where it is of another form."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return otherwise


def _step(stated: str) -> str:
    """What was wrong, and what to do about a file that ends too early."""
    if "truncated" in stated:
        return "the file ends in the middle, so save it again, and take the whole file"
    return stated


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")


def _refused(sentence: str) -> StudentError:
    return StudentError(Verdict.FAILED, f"{sentence}.", open=True)

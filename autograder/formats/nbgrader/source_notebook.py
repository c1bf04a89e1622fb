"""The source notebook: marks in its cells (solutions, hidden tests, AUTOTEST lines), and its rows in the gradebook."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.checks.errors import InstructorError, UsageError
from autograder.formats.nbgrader.config import Settings
from autograder.notebooks import Cell, Notebook
from autograder.reports.graded_notebook import cell_name

__all__ = [
    "Original",
    "by_hand",
    "has_autotest",
    "has_hidden",
    "is_hidden_line",
    "is_test",
    "kernel_of",
    "released",
    "title_of",
    "titles",
    "without_hidden",
    "write_source_cells",
]


# --- the cells as nbgrader's gradebook keeps them, with all of their tests ---
#
# `nbgrader autograde` puts such a cell in the place of what a student made of it, and `nbgrader generate_assignment`
# compares their names with those of the source; without these rows the one drops a cell's id and the other refuses.

_PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True, slots=True)
class Original:
    """An instructor's notebook file. `whole` says that it is the source, with hidden tests; else it is the handout."""

    content: bytes
    whole: bool


def kernel_of(original: Original | None) -> str:
    """The kernel that a notebook asks for, as the gradebook has it; Python's own where it names none."""
    try:
        stated = json.loads(original.content)["metadata"]["kernelspec"] if original else _PYTHON
    except (ValueError, LookupError, TypeError):
        stated = _PYTHON
    return json.dumps(stated if isinstance(stated, dict) and stated.get("name") else _PYTHON)


def write_source_cells(gradebook: Any, assignment: str, originals: Mapping[str, Original], config: Any) -> None:
    """Write the cells of an assignment's notebooks as `nbgrader generate_assignment` does.

    A handout has no hidden tests; its cells are written where there are none yet, and change nothing.

    Args:
        gradebook: nbgrader's, with the notebooks in it.
        assignment: its name there.
        originals: the notebooks by name.
        config: the course's, for the marks and stubs of solutions.

    Raises:
        UsageError: nbgrader cannot make a handout of a notebook; its own words are in the sentence.
    """
    from nbgrader.utils import is_locked

    for name, original in originals.items():
        known = {cell.name for cell in gradebook.find_notebook(name, assignment).source_cells}
        for cell in _handed_out(name, original, config).cells:
            stated = cell.metadata.get("nbgrader") or {}
            if not any(stated.get(kind) for kind in ("grade", "solution", "locked", "task")):
                continue
            own = cell_name(str(stated.get("grade_id", "")))
            if original.whole or own not in known:
                gradebook.update_or_create_source_cell(
                    own,
                    name,
                    assignment,
                    cell_type=cell.cell_type,
                    locked=is_locked(cell),
                    source=cell.source,
                    checksum=stated.get("checksum"),
                )


def _handed_out(name: str, original: Original, config: Any) -> Any:
    """The notebook with solutions cut and tests whole, locked, with checksums, by nbgrader's own steps in its order."""
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells

    try:
        node = nbformat.reads(original.content.decode("utf-8-sig", "replace"), as_version=4)
        node.metadata.setdefault("kernelspec", dict(_PYTHON)).setdefault("language", "python")
        node = MetadataValidator().upgrade_notebook_metadata(node)
        for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
            more = {"enforce_metadata": False} if step is ClearSolutions else {}
            node, _ = step(config=config, **more).preprocess(node, {})
    except Exception as error:  # noqa: BLE001 (whatever nbgrader raises is about their notebook)
        said = (str(error).strip() or type(error).__name__).splitlines()[-1][:300].rstrip(".")
        raise UsageError(f"{name}.ipynb: nbgrader makes no handout of it: {said}; correct the notebook.") from None
    return node


_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)


def is_test(cell: Cell) -> bool:
    """Whether running the cell gives points."""
    return cell.kind == "code" and cell.role is not None and cell.role.grade and not cell.role.solution


def by_hand(cell: Cell) -> bool:
    """Whether a person gives the cell's points: written answers, graded code without tests, tasks."""
    return cell.role is not None and (cell.role.grade or cell.role.task) and not is_test(cell)


def has_hidden(cell: Cell, settings: Settings) -> bool:
    """Whether a part of the cell is kept from students."""
    return is_test(cell) and settings.begin_hidden in cell.source


def has_autotest(cell: Cell, settings: Settings) -> bool:
    """Whether a comment of the cell stands for tests that are still to be made."""
    return cell.kind == "code" and any(
        settings.autotest in line and line.lstrip().startswith("#") for line in cell.source.split("\n")
    )


def without_hidden(cell: Cell, settings: Settings) -> Cell:
    """The cell as students get it.

    Raises:
        InstructorError: a region does not end, or begins twice.
    """
    lines = _outside(cell, settings.begin_hidden, settings.end_hidden, None)
    return cell if lines is None else replace(cell, source="\n".join(lines))


def is_hidden_line(cell: Cell, line: int, settings: Settings) -> bool:
    """Whether a line of a test cell, counted from 1, lies in a hidden region."""
    inside = False
    for each in cell.source.split("\n")[:line]:
        if settings.begin_hidden in each:
            inside = True
        elif settings.end_hidden in each:
            inside = False
    return inside


def released(source: Notebook, settings: Settings) -> Notebook:
    """The notebook with solutions and mark schemes cut and tests whole.

    Raises:
        InstructorError: a region does not end, or begins twice.
    """
    cells = []
    for cell in source.cells:
        answer = cell.role is not None and cell.role.solution
        stub = settings.code_stub if cell.kind == "code" else settings.text_stub
        if answer or not settings.only_solutions:
            lines = _outside(cell, settings.begin_solution, settings.end_solution, stub.split("\n"))
            cell = replace(cell, source="\n".join(lines)) if lines is not None else cell
            cell = replace(cell, source=stub) if lines is None and answer else cell
        if cell.kind != "code" and cell.role:
            lines = _outside(cell, settings.begin_scheme, settings.end_scheme, None)
            cell = cell if lines is None else replace(cell, source="\n".join(lines))
        cells.append(cell)
    return replace(source, cells=tuple(cells))


def _outside(cell: Cell, begin: str, end: str, stub: Sequence[str] | None) -> list[str] | None:
    """The lines outside regions, with the stub in the place of each; None where there is no region."""
    kept: list[str] = []
    inside = found = False
    for line in cell.source.split("\n"):
        if begin in line:
            if inside:
                raise InstructorError(f"The cell {cell.name!r} has a '{begin}' inside another; end the first one.")
            inside = found = True
            indentation = line[: len(line) - len(line.lstrip())]
            kept += [indentation + each for each in stub or ()]
        elif end in line:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise InstructorError(f"The cell {cell.name!r} has a '{begin}' without '{end}'; add it.")
    return kept if found else None


def title_of(notebook: Notebook, otherwise: str) -> str:
    """The first heading of a notebook."""
    for cell in notebook.cells:
        if cell.kind == "markdown" and (found := _HEADING.search(cell.source)):
            return _plain(found[1])
    return otherwise


def titles(notebook: Notebook) -> dict[str, str]:
    """A title for each cell that gives points, by grade id: the last heading above it and its own id."""
    found: dict[str, str] = {}
    heading = ""
    first = True
    for cell in notebook.cells:
        if cell.kind == "markdown":
            for each in _HEADING.findall(cell.source):
                heading = "" if first else _plain(each)  # the first one is the notebook's own
                first = False
        if cell.role and (is_test(cell) or by_hand(cell)):
            found[cell.name] = f"{heading} ({cell.name})" if heading else cell.name
    return found


def _plain(heading: str) -> str:
    return re.sub(r"[*_`]", "", heading)[:120]

"""What nbgrader's own steps read of a gradebook beside grades: each cell as it was handed out, with all of its tests.

`nbgrader autograde` puts such a cell in the place of what a student made of it, and `nbgrader generate_assignment`
compares their names with those of the source; without these rows the one drops a cell's id and the other refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.checks.errors import UsageError
from autograder.reports.graded_notebook import cell_name

__all__ = ["Original", "kernel_of", "write_source_cells"]

_PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True, slots=True)
class Original:
    """An instructor's notebook file. `whole` says that it is the source, with hidden tests; else it is the handout."""

    content: bytes
    whole: bool


def kernel_of(original: Original | None) -> str:
    """The kernel that a notebook asks for, as the gradebook has it; Python's own where it names none."""
    try:
        told = json.loads(original.content)["metadata"]["kernelspec"] if original else _PYTHON
    except (ValueError, LookupError, TypeError):
        told = _PYTHON
    return json.dumps(told if isinstance(told, dict) and told.get("name") else _PYTHON)


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
            told = cell.metadata.get("nbgrader") or {}
            if not any(told.get(kind) for kind in ("grade", "solution", "locked", "task")):
                continue
            own = cell_name(str(told.get("grade_id", "")))
            if original.whole or own not in known:
                gradebook.update_or_create_source_cell(
                    own,
                    name,
                    assignment,
                    cell_type=cell.cell_type,
                    locked=is_locked(cell),
                    source=cell.source,
                    checksum=told.get("checksum"),
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
        raise UsageError(f"{name}.ipynb: nbgrader makes no handout of it: {said}; mend the notebook.") from None
    return node

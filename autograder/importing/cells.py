"""An instructor's notebook with what its cells printed, which says what a test's right answer is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import InstructorError, StudentError
from autograder.notebooks import read

__all__ = ["Master", "MasterCell", "read_master", "without_ignored"]

_IGNORED_LINE = re.compile(r".*#\s*IGNORE\s*", re.IGNORECASE)
_BEGIN_IGNORE = re.compile(r"\s*#+\s*BEGIN\s+IGNORE\s*", re.IGNORECASE)
_END_IGNORE = re.compile(r"\s*#+\s*END\s+IGNORE\s*", re.IGNORECASE)
_PERCENT = re.compile(r"# %%(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class MasterCell:
    """One cell: its `number` from 1, its `kind` ("code", "markdown" or "raw"), and its text.

    `output` is what it printed and showed last time, `failed` the exception that it ended with, `ran` whether it was
    run at all before the notebook was saved.
    """

    number: int
    kind: str
    source: str
    output: str = ""
    failed: str = ""
    ran: bool = False

    @property
    def first(self) -> str:
        """Its first line."""
        return self.source.split("\n", 1)[0].strip()


@dataclass(frozen=True, slots=True)
class Master:
    """A notebook's cells; `file` is its name for messages, and it lies in `folder`."""

    file: str
    cells: tuple[MasterCell, ...]
    folder: Path = Path()


def without_ignored(text: str) -> str:
    """A cell's text without the lines that Otter ignores."""
    kept, ignored = [], False
    for line in text.split("\n"):
        if ignored or _BEGIN_IGNORE.fullmatch(line):
            ignored = not _END_IGNORE.fullmatch(line)
        elif not _IGNORED_LINE.fullmatch(line):
            kept.append(line)
    return "\n".join(kept)


def read_master(path: Path) -> Master:
    """A Python notebook (.ipynb), or its text form in which ``# %%`` begins a cell (.py), with outputs.

    Raises:
        InstructorError: it cannot be read, is no notebook, or is one of another language.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InstructorError(f"{path} cannot be read: {error.strerror}.") from None
    if path.suffix == ".py":
        return Master(path.name, _from_text(path, content), path.parent)
    if path.suffix != ".ipynb":
        raise InstructorError(
            f"{path.name} is no Python notebook; give the .ipynb file, or a .py file with '# %%' in front of each cell."
        )
    try:
        notebook = read(content, path.name)
    except StudentError as error:
        raise InstructorError(error.message) from None
    if notebook.language not in ("python", "ipython", "python3"):
        raise InstructorError(f"{path.name} is written in {notebook.language}; only Python notebooks can be imported.")
    told = _told(content)
    return Master(
        path.name,
        tuple(
            MasterCell(number, cell.kind, cell.source, **told.get(number, {}))
            for number, cell in enumerate(notebook.cells, start=1)
        ),
        path.parent,
    )


def _told(content: bytes) -> dict[int, dict[str, Any]]:
    """Outputs of each code cell, by number; of a form that is not understood, none."""
    cells = json.loads(content.removeprefix(b"\xef\xbb\xbf")).get("cells", ())
    found = {}
    for number, cell in enumerate(cells, start=1):
        outputs = cell.get("outputs") if cell.get("cell_type") == "code" else None
        if isinstance(outputs, list):
            known = [each for each in outputs if isinstance(each, dict)]
            found[number] = {
                "output": "".join(_texts(known)),
                "failed": next((str(each.get("ename")) for each in known if each.get("output_type") == "error"), ""),
                "ran": cell.get("execution_count") is not None or bool(known),
            }
    return found


def _texts(outputs: list[dict[str, Any]]) -> Iterator[str]:
    for each in outputs:
        data = each.get("data")
        shown = data.get("text/plain", "") if isinstance(data, dict) else ""
        printed = each.get("text", "") if each.get("name") != "stderr" else ""
        for text in (printed, shown):
            yield text if isinstance(text, str) else "".join(map(str, text))


def _from_text(path: Path, content: bytes) -> tuple[MasterCell, ...]:
    """Cells of a .py file: ``# %%`` begins code, ``# %% [markdown]`` and ``# %% [raw]`` comments that are such text."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InstructorError(f"{path.name} is no text in UTF-8; save it as such.") from None
    groups: list[tuple[str, list[str]]] = []
    for line in lines:
        begun = _PERCENT.fullmatch(line.rstrip())
        if begun:
            rest = begun["rest"].lower()
            groups.append(("markdown" if "[markdown]" in rest else "raw" if "[raw]" in rest else "code", []))
        elif groups:
            groups[-1][1].append(line)
    if not groups:
        raise InstructorError(f"{path.name} holds no cells; put '# %%' in front of each, or give the .ipynb file.")
    cells = []
    for number, (kind, rows) in enumerate(groups, start=1):
        if kind != "code":
            rows = [row.removeprefix("#").removeprefix(" ") for row in rows]
        cells.append(MasterCell(number, kind, "\n".join(rows).strip("\n")))
    return tuple(cells)

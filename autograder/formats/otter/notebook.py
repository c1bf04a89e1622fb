"""An instructor's notebook with what its cells printed, which says what a test's right answer is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.wording import reason_of
from autograder.notebooks import read

__all__ = ["Master", "MasterCell", "read_master", "without_ignored"]

_IGNORED_LINE = re.compile(r".*#\s*IGNORE\s*", re.IGNORECASE)
_BEGIN_IGNORE = re.compile(r"\s*#+\s*BEGIN\s+IGNORE\s*", re.IGNORECASE)
_END_IGNORE = re.compile(r"\s*#+\s*END\s+IGNORE\s*", re.IGNORECASE)
_FENCE = "```otter"
_PERCENT = re.compile(r"# %%(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class MasterCell:
    """One cell: its `number` from 1, its `kind` ("code", "markdown" or "raw"), and its text.

    `output` is what it printed and showed last time, `failed` the exception that it ended with, `ran` whether it was
    run at all before the notebook was saved. Of a cell that fences divide, `part` counts the parts from 1 (0 for a cell
    that is whole), and `before` is the number of lines in front of this one.
    """

    number: int
    kind: str
    source: str
    output: str = ""
    failed: str = ""
    ran: bool = False
    tags: tuple[str, ...] = ()
    part: int = 0
    before: int = 0

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
        InstructorError: it cannot be read, is no notebook, is one of another language, or a fence has no end.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InstructorError(f"{path} cannot be read: {reason_of(error)}.") from None
    if path.suffix == ".py":
        return Master(path.name, _unfenced(_from_text(path, content), path.name), path.parent)
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
    settings = _cell_settings(content)
    return Master(
        path.name,
        _unfenced(
            tuple(
                MasterCell(number, cell.kind, cell.source, tags=cell.tags, **settings.get(number, {}))
                for number, cell in enumerate(notebook.cells, start=1)
            ),
            path.name,
        ),
        path.parent,
    )


def _unfenced(cells: Sequence[MasterCell], file: str) -> tuple[MasterCell, ...]:
    """The cells with what stands between ```` ```otter ```` and ```` ``` ```` in Markdown as raw cells of its own."""
    return tuple(part for cell in cells for part in _parts(cell, file))


def _parts(cell: MasterCell, file: str) -> Iterator[MasterCell]:
    lines = cell.source.split("\n")
    begins = [at for at, line in enumerate(lines) if line.strip() == _FENCE]
    if cell.kind != "markdown" or not begins:
        yield cell
        return
    groups: list[tuple[str, int, int]] = []  # kind, first line, line behind the last
    start = 0
    for begin in begins:
        end = next((at for at in range(begin + 1, len(lines)) if lines[at].strip() == "```"), None)
        if end is None or any(begin < other < end for other in begins):
            raise InstructorError(
                f"{file}, cell {cell.number}, line {begin + 1}: '{_FENCE}' has no end; write '```' on a line of its "
                "own below the configuration."
            )
        groups += [("markdown", start, begin), ("raw", begin + 1, end)]
        start = end + 1
    groups.append(("markdown", start, len(lines)))
    kept = [each for each in groups if any(line.strip() for line in lines[each[1] : each[2]])]
    for part, (kind, first, last) in enumerate(kept, start=1):
        text = "\n".join(lines[first:last]).strip("\n") if kind == "markdown" else "\n".join(lines[first:last])
        yield replace(cell, kind=kind, source=text, part=part, before=first)


def _cell_settings(content: bytes) -> dict[int, dict[str, Any]]:
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

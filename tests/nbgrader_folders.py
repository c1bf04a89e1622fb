"""A small course in nbgrader's layout, and reports of its assignment, for tests of what goes to nbgrader and back."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4
from samples import check, question, report

from autograder.reports import report_text, write_text
from autograder.results import Report, Verdict

STUB = "def add(a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
RIGHT = "def add(a, b):\n    return a + b"
TEST = "assert add(1, 2) == 3"
HIDDEN = "### BEGIN HIDDEN TESTS\nassert add(-1, 41) == 40\n### END HIDDEN TESTS"
ESSAY = "YOUR ANSWER HERE"


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
    + _chunk(b"tEXt", b"Comment\0<script>alert(1)</script>")
    + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0\xff"))
    + _chunk(b"IEND", b"")
).decode()


def role(grade_id: str, *, points: float = 0, **flags: bool) -> dict[str, Any]:
    """nbgrader's metadata of a cell."""
    data = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False, **flags}
    return {"nbgrader": {**data, "grade_id": grade_id, **({"points": points} if data["grade"] else {})}}


def notebook(answer: str, essay: str, *, test: str = TEST, outputs: tuple[Any, ...] = ()) -> bytes:
    """The notebook of the assignment with these answers."""
    cells = [
        v4.new_markdown_cell("# Adding"),
        v4.new_code_cell(answer, metadata=role("add", solution=True), outputs=list(outputs)),
        v4.new_code_cell(test, metadata=role("test_add", grade=True, locked=True, points=2)),
        v4.new_markdown_cell(essay, metadata=role("essay", grade=True, solution=True, points=5)),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.writes(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})).encode()


def graded(student: str, verdict: Verdict = Verdict.PASSED, *, sha256: str = "") -> Report:
    """What our checks say of that notebook: the grade cell is a check."""
    from dataclasses import replace

    made = report(student, question("hw", check("test_add", verdict)))
    return replace(made, assignment="ps1", replay=replace(made.replay, submission_sha256=sha256))


def write_course(root: Path, **essays: str) -> Path:
    """Source, release and submissions; a student for each essay."""
    files = {
        "source/ps1/hw.ipynb": notebook(RIGHT, ESSAY, test=f"{TEST}\n{HIDDEN}"),
        "release/ps1/hw.ipynb": notebook(STUB, ESSAY),
    }
    for student, essay in essays.items():
        files[f"submitted/{student}/ps1/hw.ipynb"] = notebook(RIGHT, essay)
        files[f"submitted/{student}/ps1/timestamp.txt"] = b"2026-02-03 10:00:00.000000 UTC\n"
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_reports(out: Path, *reports: Report) -> Path:
    """The folder that `autograder grade` would have left."""
    for each in reports:
        write_text(out / "reports" / f"{each.student}.json", report_text(each))
    return out

"""Notebook files become records; whatever else they are becomes one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.errors import StudentError
from autograder.notebooks import Cell, Notebook, Role, read
from autograder.notebooks.reading import MAX_BYTES, MAX_CELLS, MAX_SOURCE


def notebook(*cells: Any, **more: Any) -> bytes:
    """A notebook file of version 4 with these cells."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more}).encode()


def code(source: object, **more: Any) -> dict[str, Any]:
    """A code cell as a file has it."""
    return {"cell_type": "code", "execution_count": None, "outputs": [], "metadata": {}, "source": source, **more}


def refused(content: bytes) -> str:
    """What is said about a file that cannot be read."""
    with pytest.raises(StudentError) as caught:
        read(content, "hw.ipynb")
    assert (caught.value.verdict, caught.value.open) == ("FAILED", True)
    return caught.value.message


def test_a_notebook_becomes_cells() -> None:
    """Source as text or as lines, ids, tags and the kernel's language are read; outputs are not."""
    data = notebook(
        code("x = 1", id="a", metadata={"tags": ["hidden"]}, outputs=[{"output_type": "stream", "text": "hi"}]),
        {"cell_type": "markdown", "source": ["# T\n", "text"], "metadata": {}},
        metadata={"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}},
    )
    cells = (Cell("code", "x = 1", "a", tags=("hidden",)), Cell("markdown", "# T\ntext"))
    assert read(data, "hw.ipynb") == Notebook(cells, "r")


def test_the_metadata_of_nbgrader_becomes_a_role() -> None:
    """All fields of its third schema are read."""
    data = {"grade_id": "q1", "grade": True, "solution": False, "locked": True, "points": 2, "schema_version": 3}
    (cell,) = read(notebook(code("assert True", metadata={"nbgrader": data})), "hw.ipynb").cells
    assert cell.role == Role("q1", grade=True, locked=True, points=2.0)
    assert (cell.name, cell.role.given) == ("q1", True)


@pytest.mark.parametrize(
    "expected",
    [
        None,
        3,
        [],
        {},
        {"grade_id": ""},
        {"grade_id": 3},
        {"grade_id": "q", "grade": "yes"},
        {"grade_id": "q", "points": []},
    ],
)
def test_metadata_that_names_nothing_is_no_role(expected: object) -> None:
    """Whatever stands in its place, the cell is an ordinary one."""
    (cell,) = read(notebook(code("x", metadata={"nbgrader": expected})), "hw.ipynb").cells
    assert cell.role is None


def test_older_formats_are_read() -> None:
    """Version 3 keeps cells in worksheets, and code as input."""
    data = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}, {"cells": []}]}
    assert read(json.dumps(data).encode(), "hw.ipynb").cells == (Cell("code", "x = 1"),)


def test_a_byte_order_mark_is_no_fault() -> None:
    """Windows puts one in front of files."""
    assert read(b"\xef\xbb\xbf" + notebook(code("x")), "hw.ipynb").cells == (Cell("code", "x"),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "hw.ipynb is no notebook: the file ends in the middle, so save it again, and take the whole file."),
        (b"print(1)", "hw.ipynb is no notebook: JSON is malformed: invalid character (byte 0)."),
        (b"\xff\xfe\x00", "hw.ipynb is no notebook: JSON is malformed: invalid character (byte 0)."),
        (b"[]", "hw.ipynb is no notebook: Expected `object`, got `array`."),
        (b"{}", "hw.ipynb is no notebook: it holds no cells."),
        (b'{"cells": 3}', "hw.ipynb is no notebook: Expected `array`, got `int` - at `$.cells`."),
        (notebook(3), "hw.ipynb, cell 1: this is no cell: Expected `object`, got `int`."),
        (
            notebook(code("x"), code([1])),
            "hw.ipynb, cell 2: this is no cell: Expected `str`, got `int` - at `$.source[0]`.",
        ),
        (b'{"metadata": ' + b"[" * 100_000, "hw.ipynb is no notebook: it is nested too deeply."),
        (notebook(*[code("")] * (MAX_CELLS + 1)), "hw.ipynb has 5,001 cells; at most 5,000 are read."),
        (
            notebook(code("x" * (MAX_SOURCE + 1))),
            "hw.ipynb, cell 1: it has 1,048,577 characters; at most 1,048,576 are read.",
        ),
        (b" " * (MAX_BYTES + 1), "hw.ipynb has 64 MiB; at most 64 are read: clear its outputs."),
    ],
    ids=range(12),
)
def test_what_is_no_notebook_is_reported_in_one_sentence(content: bytes, said: str) -> None:
    """The file, the place, and what is wrong."""
    assert refused(content) == said


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(notebook))
def test_any_bytes_give_a_record_or_a_sentence(content: bytes) -> None:
    """Nothing else comes out."""
    try:
        assert isinstance(read(content, "hw.ipynb"), Notebook)
    except StudentError as error:
        assert error.message.startswith("hw.ipynb")


def test_outputs_cost_no_memory() -> None:
    """What is not read is not copied: thirty MiB of outputs leave a few bytes."""
    assert read(notebook(code("x", outputs=["y" * (30 << 20)])), "hw.ipynb").cells == (Cell("code", "x"),)

"""`nbgrader autograde` and `autograder export nbgrader` write the same gradebook, compared column by column."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from nbgrader_course import Cell, answer, asserts, code, course_of, markdown, notebook
from test_nbgrader_course import run

pytestmark = pytest.mark.long

SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
EXPLAIN = {"grade": True, "solution": True, "points": 3}
DUE = "2026-10-01 12:00:00"
ALEMBIC = '#!/bin/sh\nexec "{python}" -m alembic "$@"\n'


def cells(f: str, share: str, why: str, drawing: str, *added: Cell) -> list[Cell]:
    """The notebook p with these answers; `added` are below its task cell."""
    return [
        markdown("# Homework"),
        code("import math", "imports", locked=True),
        answer(f, "f"),
        asserts("assert f(2) == 4", "test_f", 1),
        answer(share, "share"),
        code("2 if share == 1 else 0.5", "test_share", grade=True, points=2),
        markdown(why, "why", **EXPLAIN),
        code(drawing, "drawing", grade=True, solution=True, points=2),
        markdown("Derive it below.", "derive", task=True, locked=True, points=4),
        *added,
    ]


F, G = "def f(x):\n    return x * x", "def g(x):\n    return 3 * x"
STUB, WRITE = "# YOUR CODE HERE\nraise NotImplementedError()", "YOUR ANSWER HERE"
SOURCE = cells(SOLUTION.format(F), SOLUTION.format("share = 1"), "Because.", SOLUTION.format("print(1)"))
OTHER = [answer(SOLUTION.format(G), "g"), asserts("assert g(2) == 6", "test_g", 1)]
ADDED = (markdown("d/dx x² = 2x"), code("print('checked')"))
P = {
    "all_right": cells(F, "share = 1", "Because it is.", "print('a drawing')", *ADDED),
    "late": cells(F, "share = 1", "Because.", "print('a drawing')", *ADDED),
    "nothing": cells(STUB, STUB, WRITE, STUB),
    "one_missing": cells(F, "share = 2", WRITE, "print(1)"),
    "partly": cells("def f(x):\n    return 2 * x + 1", "share = 2", "Hm.", STUB),
}
Q = {name: [answer(STUB if name == "nothing" else G, "g"), OTHER[1]] for name in P if name != "one_missing"}


def course(folder: Path) -> Path:
    """A course with two notebooks, five students and a due date."""
    stamps = {name: DUE.replace("12:", "13:") if name == "late" else DUE for name in P}
    files = {f"submitted/{name}/hw1/q.ipynb": notebook(found) for name, found in Q.items()}
    files |= {f"submitted/{name}/hw1/timestamp.txt": f"{time}.000000 UTC\n" for name, time in stamps.items()}
    files["source/hw1/q.ipynb"] = notebook(OTHER)
    return course_of(folder, SOURCE, P, config="c.LateSubmissionPlugin.penalty_method = 'zero'", files=files)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course after nbgrader's own steps."""
    home = course(tmp_path_factory.mktemp("theirs") / "course")
    programs = home.parent / "programs"
    programs.mkdir()
    (programs / "alembic").write_text(ALEMBIC.format(python=sys.executable), "utf-8")
    (programs / "alembic").chmod(0o700)
    environment = {**os.environ, "PATH": os.pathsep.join([str(programs), os.environ["PATH"]])}
    for step in (["generate_assignment"], ["db", "assignment", "add", f"--duedate={DUE}"], ["autograde"]):
        command = [sys.executable, "-m", "nbgrader", *step, "hw1"]
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same course after ours."""
    home = course(tmp_path_factory.mktemp("ours") / "course")
    out = home.parent / "graded"
    for step in (["grade", "hw1", "--due", DUE, "--out", out], ["export", "nbgrader", out, "--due", DUE]):
        done = run(*step, "--course", home, cwd=home.parent)
        assert done.returncode == 0, done.stdout + done.stderr
    return home


def tables(home: Path) -> dict[str, list[dict[str, Any]]]:
    """Every table of a gradebook; ids are replaced by what they stand for, and nothing else is left out."""
    with closing(sqlite3.connect(home / "gradebook.db")) as database:
        database.row_factory = sqlite3.Row
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        found = {name: [dict(row) for row in database.execute(f"select * from {name}")] for name in names}
    meant: dict[str, str] = {}
    for table in ("assignment", "notebook", "base_cell", "submitted_assignment", "submitted_notebook"):
        for row in found[table]:
            parts = (
                row.get("name"),
                row.get("student_id"),
                *(meant.get(str(value)) for value in list(row.values())[1:]),
            )
            meant[row["id"]] = f"{table}: " + ", ".join(sorted(str(part) for part in parts if part))
    for table, rows in found.items():
        for row in rows:
            if table in ("source_cell", "grade", "comment"):
                del row["id"]  # of rows that are known by what they point to
            row.update({column: meant[value] for column, value in row.items() if value in meant})
        rows.sort(key=lambda row: sorted((column, str(value)) for column, value in row.items()))
    return found


def test_the_gradebooks_are_the_same_in_every_table_and_column(theirs: Path, ours: Path) -> None:
    """Cells with their most points, sources and checksums, students, times, scores, comments, late penalties."""
    expected, got = tables(theirs), tables(ours)
    assert set(got) == set(expected)
    for table, rows in expected.items():
        assert got[table] == rows, table


def test_a_task_is_written_once_and_waits_for_a_person(ours: Path) -> None:
    """In the notebook in which it stands, with its points; the most that can be had is right."""
    found = tables(ours)
    assert sorted(row["name"] for row in found["notebook"]) == ["p", "q"]
    assert [row["max_score"] for row in found["task_cells"]] == [4]
    assert sum(row["max_score"] for table in ("grade_cells", "task_cells") for row in found[table]) == 13
    with closing(sqlite3.connect(ours / "gradebook.db")) as database:
        query = """select auto_score, needs_manual_grade from grade join base_cell on base_cell.id = grade.cell_id
            where base_cell.name = 'derive' and auto_score is null"""
        assert database.execute(query).fetchall() == [(None, 1)] * len(P)
    for path in (ours / "autograded").glob("*/hw1/*.ipynb"):
        roles = [
            cell["metadata"]["nbgrader"] for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["metadata"]
        ]
        names = [role["grade_id"] for role in roles]
        assert sorted(names) == sorted(set(names))


def test_the_export_comes_again_without_a_second_task(ours: Path, tmp_path: Path) -> None:
    """Nothing is written twice."""
    again = tmp_path / "course"
    shutil.copytree(ours, again)
    done = run("export", "nbgrader", ours.parent / "graded", "--course", again, "--due", DUE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert tables(again) == tables(ours)

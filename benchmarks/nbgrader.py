"""The same course graded by nbgrader and by us: points side by side, and what a submission costs.

    python benchmarks/nbgrader.py        # about three minutes; the tables are those of docs/nbgrader.md

It writes the course of `tests/nbgrader_course.py` into a temporary folder, grades it with `nbgrader autograde` (5 s a
cell) and with `autograder grade`, one submission after the other, and compares cell by cell. CPU is that of the whole
command with all its children, as the kernel counts it. Because a duplicated cell ends nbgrader's batch, that student
comes last.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests")  # and not this folder, whose nbgrader.py is not nbgrader

from nbgrader_course import MORE, TWELVE, make_course  # noqa: E402

CELLS = ("add_tests", "mul_tests", "mean_tests", "share_tests")
SECONDS = 5
IMPORTS = "\nimport matplotlib.pyplot as plt\nimport sklearn.linear_model\nimport torch"

WHY = {
    "b_partial": "share_tests ends with np.float64(2.0): half of its points; nbgrader gives all.",
    "d_deleted_cell": "The deleted test is put back and run; nbgrader gives no grade for it.",
    "g_dead_kernel": "What was finished counts; nbgrader drops the whole submission.",
    "h_exit": "exit() ends its cell; nbgrader drops the submission, though not in every run.",
    "k_missing": "0 points and a sentence; nbgrader leaves the grades open.",
    "l_warns": "A line on stderr is no mistake; nbgrader gives 0.",
    "m_forger": "A transformer that removes assertions does not reach the tests; nbgrader gives full marks.",
    "z_duplicated_cell": "The copy is passed over; nbgrader refuses it and ends the batch.",
}


@dataclass(frozen=True)
class Side:
    """Points by student and cell (None: no grade), CPU and wall seconds of the whole command, its last words."""

    points: dict[str, dict[str, float | None]]
    cpu: float
    wall: float
    said: str = ""


def measured(command: list[str], folder: Path) -> tuple[float, float, str]:
    """CPU and wall seconds of a command with all its children, and what it said."""
    programs = Path(find_spec("alembic").origin).parents[4] / "bin"  # nbgrader calls alembic by name
    path = f"{programs}:{os.environ.get('PATH', '')}"
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began, done.stdout + done.stderr


def by_nbgrader(folder: Path, students: list[str]) -> Side:
    """nbgrader's side; making the release, which fills its database, is not counted."""
    program = [sys.executable, "-m", "nbgrader"]
    measured([*program, "generate_assignment", "hw1"], folder)
    cpu, wall, said = measured([*program, "autograde", "hw1"], folder)
    query = """
        select student.id, base_cell.name, grade.auto_score
        from grade
        join base_cell on base_cell.id = grade.cell_id
        join submitted_notebook on submitted_notebook.id = grade.notebook_id
        join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
        join student on student.id = submitted_assignment.student_id
    """
    points: dict[str, dict[str, float | None]] = {student: dict.fromkeys(CELLS) for student in students}
    with sqlite3.connect(folder / "gradebook.db") as database:
        for student, cell, score in database.execute(query):
            if cell in CELLS:
                points[student][cell] = score
    return Side(points, cpu, wall, said)


def by_us(folder: Path, students: list[str]) -> Side:
    """Our side."""
    out = folder / "graded"
    command = [sys.executable, "-m", "autograder", "grade", "hw1", "--course", str(folder), "--out", str(out)]
    cpu, wall, said = measured([*command, "--jobs", "1"], ROOT)
    points: dict[str, dict[str, float | None]] = {}
    for student in students:
        report = json.loads((out / "reports" / f"{student}.json").read_text("utf-8"))
        checks = {check["id"]: check["points"] for question in report["questions"] for check in question["checks"]}
        points[student] = {cell: checks[cell] for cell in CELLS}
    return Side(points, cpu, wall, said)


def shown(points: dict[str, float | None]) -> str:
    """The points of the four cells, ``-`` where there is no grade."""
    return " ".join("-" if value is None else f"{value:g}" for value in points.values())


def compare(theirs: Side, ours: Side) -> tuple[list[str], list[str]]:
    """A Markdown table, and students whose points differ for no reason that is given here."""
    rows = ["| submission | nbgrader | here | why they differ |", "| --- | --- | --- | --- |"]
    unexplained = []
    for student, points in ours.points.items():
        same = points == theirs.points[student]
        if not same and student not in WHY:
            unexplained.append(student)
        why = "" if same else WHY.get(student, "?")
        rows.append(f"| {student[2:].replace('_', ' ')} | {shown(theirs.points[student])} | {shown(points)} | {why} |")
    return rows, unexplained


def both(students: dict[str, object], folder: Path, imports: str = "") -> tuple[Side, Side]:
    """A class graded by both, each in a course folder of its own."""
    names = list(students)
    first, second = (
        make_course(folder / name, students, seconds=SECONDS, imports=imports) for name in ("theirs", "ours")
    )
    sides = by_nbgrader(first, names), by_us(second, names)
    shutil.rmtree(folder / "theirs")
    shutil.rmtree(folder / "ours")
    return sides


def many(students: dict[str, object], times: int) -> dict[str, object]:
    """Each of them several times."""
    return {f"{student}_{number}": cells for number in range(times) for student, cells in students.items()}


def main() -> int:
    """Grade, compare, measure; exit code 1 for a difference that is not explained or too little gained."""
    with tempfile.TemporaryDirectory(prefix="autograder-nbgrader-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        everyone = dict(sorted({**TWELVE, **MORE}.items()))
        theirs, ours = both(everyone, folder)
        rows, unexplained = compare(theirs, ours)
        print("Points in the cells " + ", ".join(CELLS) + " (2, 3, 4 and 4 points):\n", *rows, sep="\n")
        ordinary = {name: cells for name, cells in everyone.items() if name[0] in "abcdej"}
        few, most = both(many(ordinary, 1), folder), both(many(ordinary, 3), folder)
        few_ml, most_ml = both(many(ordinary, 1), folder, IMPORTS), both(many(ordinary, 2), folder, IMPORTS)
    count, extra = len(everyone), 2 * len(ordinary)
    each = [(large.cpu - small.cpu) / extra for small, large in zip(few, most, strict=True)]
    each_ml = [(large.cpu - small.cpu) / len(ordinary) for small, large in zip(few_ml, most_ml, strict=True)]
    print("\n| CPU seconds per submission | nbgrader | here | ratio |", "| --- | --- | --- | --- |", sep="\n")
    for title, one, other in (
        (f"the {count} above, endless loop and start included", theirs.cpu / count, ours.cpu / count),
        (f"{3 * len(ordinary)} ordinary ones, start included", most[0].cpu / 3 / len(ordinary),
         most[1].cpu / 3 / len(ordinary)),
        ("each further ordinary one", each[0], each[1]),
        ("the same, importing what ML courses import", each_ml[0], each_ml[1]),
    ):  # fmt: skip
        print(f"| {title} | {one:.2f} | {other:.3f} | {one / other:.0f} |")
    print(f"\nWall seconds for the {count} above, one at a time: {theirs.wall:.0f} and {ours.wall:.0f}.")
    if unexplained:
        print("Not explained: " + ", ".join(unexplained))
    return 1 if unexplained or each[0] < 20 * each[1] else 0


if __name__ == "__main__":
    sys.exit(main())

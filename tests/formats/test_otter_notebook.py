"""An Otter homework that stays a notebook: imported, validated, released, graded, and checked by students."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import otter_class as classwork
import otter_master as master
import pytest
from command_line import run
from otter_master import block, code, question, raw, text, write

from autograder.formats.otter import import_otter
from autograder.notebooks import read, repair

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course in which the homework was imported, validated and released, and a class of three was graded."""
    root = tmp_path_factory.mktemp("otter") / "course"
    root.mkdir()
    (root / "grader_config.py").write_text(master.CONFIG.replace('"none"', '"auto"'))
    notebook = classwork.homework(root.parent / "in" / "stats.ipynb")
    (notebook.parent / "numbers.txt").write_text("1\n2\n")
    released = root / "release" / "stats" / "stats.ipynb"
    done = run("import", "otter", notebook, cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("validate", "stats", "--quick", cwd=root)
    assert "nothing is left to do: assignment.py:31: q5 (Question 5) is manually graded, 1 point" in done.stdout
    assert done.stdout.count("✗") == 1
    assignment = root / "assignments" / "stats" / "assignment.py"
    assignment.write_text(re.sub(r"\n# TODO: q5 .*?\n\n", "\n\n", assignment.read_text(), flags=re.DOTALL))
    for verb in (("validate", "stats", "--quick"), ("release", "stats", "--no-validate")):
        done = run(*verb, cwd=root)
        assert done.returncode == 0, done.stdout + done.stderr
    for student, answers in (("right", classwork.RIGHT), ("wrong", classwork.WRONG), ("partial", classwork.PARTIAL)):
        folder = root / "in" / student
        folder.mkdir(parents=True)
        (folder / "stats.ipynb").write_bytes(classwork.handed_in(released, **answers))
    done = run("grade", "stats", root / "in", "--out", root / "out", cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def report(course: Path, student: str) -> dict:
    """What grading found."""
    return json.loads((course / "out" / "reports" / f"{student}.json").read_text())


@pytest.mark.parametrize("student", classwork.POINTS)
def test_students_get_the_points_of_otter_s_rules(course, student) -> None:
    """Lists of points, `each`, shares, and all or nothing; a cell that fails stops no other."""
    points = {each["id"]: each["points"] for each in report(course, student)["questions"]}
    assert points == pytest.approx({**classwork.POINTS[student], "q4": 0})


def test_nothing_that_students_wrote_is_put_back(course) -> None:
    """Every cell that they fill in is theirs, written answers too; so nothing had to be repaired."""
    released = read((course / "release" / "stats" / "stats.ipynb").read_bytes(), "stats.ipynb")
    handed = read((course / "in" / "right" / "stats.ipynb").read_bytes(), "stats.ipynb")
    repaired = repair(handed, released)

    assert repaired.notes == ()
    assert classwork.WRITTEN in [cell.source for cell in repaired.notebook.cells]


def test_students_get_no_answer_and_nothing_of_otter_s(course) -> None:
    """The release has the prompts, and neither solutions, hidden tests, nor calls of Otter's notebook object."""
    folder = course / "release" / "stats"
    whole = "".join(path.read_text() for path in sorted(folder.rglob("*")) if path.suffix in (".ipynb", ".md", ".py"))

    assert "_Your answer here._" in whole
    assert "out = ..." in whole
    for gone in ("outliers weigh", "squares weigh", "centre = mean", "3.67423", "grader.export", "BEGIN SOLUTION",
                 "q2_hidden_test_3"):  # fmt: skip
        assert gone not in whole
    assert (folder / "numbers.txt").read_text() == "1\n2\n"


@pytest.mark.parametrize(
    ("student", "fails"),
    [
        ("right", set()),
        ("wrong", {"test_q1a_test_1", "test_q1b_test_1", "test_q3_test_1"}),
    ],
)
def test_students_run_the_public_checks_with_plain_pytest(course, tmp_path, student, fails) -> None:
    """In the release with their notebook in it; what fails there is what fails when it is graded."""
    folder = tmp_path / "mine"
    shutil.copytree(course / "release" / "stats", folder)
    shutil.copy(course / "in" / student / "stats.ipynb", folder)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_public.py"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    failed = {line.split("::")[1].split()[0] for line in done.stdout.splitlines() if line.startswith("FAILED ")}
    assert failed == fails, done.stdout
    assert done.returncode == (1 if fails else 0)


def answer_cells(tmp_path: Path, *cells: dict) -> list[str]:
    """The text cells of the reference that is made of one written question."""
    root = tmp_path / "course"
    root.mkdir()
    path = write(tmp_path / "hw.ipynb", *question("q1", *cells, about="Why?", config=("manual: true",)))
    import_otter(root, path)
    made = json.loads((root / "reference" / "hw" / "hw.ipynb").read_text())["cells"]
    return ["".join(cell["source"]) for cell in made if cell["cell_type"] == "markdown"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [*block("PROMPT", text("_Here._")), *block("SOLUTION", text("So."), text("And so."))],
            ["Why?", "_Here._\n\n### BEGIN SOLUTION\nSo.\n\nAnd so.\n### END SOLUTION"],
            id="prompt and answers",
        ),
        pytest.param(
            block("SOLUTION", text("So."), text("And so.")),
            ["Why?", "### BEGIN SOLUTION\nSo.\n\nAnd so.\n### END SOLUTION"],
            id="answers alone",
        ),
        pytest.param(
            block("PROMPT", text("_Here._")),
            ["Why?", "_Here._\n\n### BEGIN SOLUTION\n_Type your answer here, replacing this text._\n### END SOLUTION"],
            id="prompt alone",
        ),
    ],
)
def test_a_written_answer_has_one_cell_that_is_the_student_s(tmp_path, cells, expected) -> None:
    """The notebook's own answer is a marked solution there, so that the released cell may be written in."""
    assert answer_cells(tmp_path, *cells) == expected


def test_cells_of_otter_s_own_calls_are_left_out_with_their_comments(tmp_path) -> None:
    """An export cell leaves no comment behind that speaks of what is not there any more."""
    (tmp_path / "course").mkdir()
    path = write(
        tmp_path / "hw.ipynb",
        raw("# ASSIGNMENT CONFIG", "name: hw"),
        code("# Run this cell first.\nimport otter\ngrader = otter.Notebook()"),
        *question("q1", *block("SOLUTION", code("x = 1 # SOLUTION")), *block("TESTS", code("x", "1"))),
        code("# Now export.\ngrader.export()"),
        code("# Mine.\ngrader.check('q1')\ny = 2"),
    )
    import_otter(tmp_path / "course", path)
    made = (tmp_path / "course" / "reference" / "hw" / "hw.ipynb").read_text()
    assert "Run this cell first" not in made
    assert "Now export" not in made
    assert "# Mine.\\n" in made

"""Courses of nbgrader's as they come every day, graded from the command line: what counts, and what is shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from nbgrader_course import Cell, answer, asserts, code, course_of
from test_nbgrader_course import run

pytestmark = pytest.mark.long

SOURCE = [
    code("numbers = [1, 2, 3]", "data", locked=True),
    answer("mean = None\n### BEGIN SOLUTION\nmean = 2\n### END SOLUTION", "mean"),
    asserts("assert mean == 2", "test_mean", 1),
    answer("table = {}  # fill it\n### BEGIN SOLUTION\ntable['a'] = 1\n### END SOLUTION", "table"),
    asserts("assert table == {'a': 1}", "test_table", 1),
]


def graded(course: Path, *more: str) -> dict[str, Any]:
    """The reports of `hw1` by student."""
    out = course.parent / "graded"
    done = run("grade", "hw1", "--course", course, "--out", out, *more, cwd=course.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((out / "reports").glob("*.json"))}


def points(course: Path) -> dict[str, float]:
    """What each student gets."""
    return {student: report["points"] for student, report in graded(course).items()}


def test_answers_count_wherever_they_were_typed(tmp_path: Path) -> None:
    """No stub that is restored undoes a value that the student's cells computed."""
    data, _, test_mean, _, test_table = SOURCE
    students = {
        "kept": [data, answer("mean = 2", "mean"), test_mean, answer("table = {'a': 1}", "table"), test_table],
        "lost": [code("numbers = [1]"), code("mean = 2"), code("table = {'a': 1}"), code("assert table")],
        "merged": [data, answer("mean = 2\ntable = {'a': 1}", "mean"), test_mean, test_table],
        "none": [data, test_mean, test_table],
        "retyped": [data, code("mean = 2"), test_mean, code("table = {'a': 1}"), test_table],
    }
    assert points(course_of(tmp_path / "course", SOURCE, students)) == {
        "kept": 2, "lost": 2, "merged": 2, "none": 0, "retyped": 2
    }  # fmt: skip


def test_the_command_that_import_recommends_works(tmp_path: Path) -> None:
    """Also where the course holds a folder assignments/, and where its name has a space."""
    right = [answer("mean = 2", "mean"), SOURCE[2], answer("table = {'a': 1}", "table"), SOURCE[4]]
    config = "c.CourseDirectory.root = 'assignments'"
    rooted = course_of(tmp_path / "my course", SOURCE, {"ada": right}, config=config, root="assignments")
    beside = course_of(tmp_path / "other", SOURCE, {"ada": right})
    (beside / "assignments").mkdir()
    for course in (rooted, beside):
        output = run("import", "nbgrader", course, cwd=tmp_path)
        command = shlex.split(output.stdout.partition("To grade: ")[2])
        assert (command[0], (course / "grader_config.py").is_file()) == ("autograder", True)
        done = run(*command[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "ada: 2 of 2 points" in done.stdout


def test_an_assignment_that_is_not_there_is_reported_with_those_that_are(tmp_path: Path) -> None:
    """Also after `import`, where the folder of sources is in assignments/."""
    config = "c.CourseDirectory.root = 'assignments'"
    course = course_of(tmp_path / "course", SOURCE, {}, config=config, root="assignments")
    run("import", "nbgrader", course, cwd=tmp_path)
    done = run("grade", "hw9", "--course", course, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "the assignments are hw1." in done.stderr


VALUE = [
    answer("value = None\n### BEGIN SOLUTION\nvalue = 25\n### END SOLUTION", "value"),
    asserts("assert value == 25", "test_value", 1),
]


def with_value(*sources: str) -> list[Cell]:
    """A notebook with these cells before the one that says `value`, which the last of them does."""
    *before, last = sources
    return [*map(code, before), answer(last, "value"), VALUE[1]]


F = "def f(a):\n    return a * a\n"
WRITE = f"open('model.py', 'w').write({F!r})"
USE = "from model import f\nvalue = f(5)"
MODULES = {
    "writefile": with_value(f"%%writefile model.py\n{F}", USE),
    "open": with_value(WRITE, USE),
    "at_once": with_value(
        "import one_that_is_not_there",
        f"open('first.py', 'w').close()\nimport first\n{WRITE}\n{USE}",
    ),
    "package": with_value(
        "import os\nos.makedirs('tools')\nopen('tools/__init__.py', 'w').close()\nimport tools",
        f"{WRITE.replace('model', 'tools/model')}\n{USE.replace('model', 'tools.model')}",
    ),
    "reload": with_value(
        "%%writefile model.py\nn = 1",
        "import model",
        "%%writefile model.py\nn = 25",
        "import importlib\nvalue = importlib.reload(model).n",
    ),
    "autoreload": with_value(
        "%load_ext autoreload\n%autoreload 2",
        "%%writefile model.py\ndef f():\n    return 1",
        "from model import f",
        "%%writefile model.py\ndef f():\n    return 25",
        "value = f()",
    ),
    "subfolder": with_value("import os\nos.makedirs('x')\nos.chdir('x')", f"{WRITE}\n{USE}"),
    "handed_in_beside": with_value("%%writefile model.py\nnumber = 25", "from model import number as value"),
}


def test_a_notebook_imports_the_modules_that_it_wrote(tmp_path: Path) -> None:
    """Written by a magic or by open, as packages, again after a reload, and over a file that was handed in."""
    files = {"submitted/handed_in_beside/hw1/model.py": "number = 1\n"}
    assert points(course_of(tmp_path / "course", VALUE, MODULES, files=files)) == dict.fromkeys(sorted(MODULES), 1)


POOL = """import multiprocessing
with multiprocessing.get_context({method!r}).Pool(2) as pool:
    value = sum(pool.map({function}, [3, 4]))"""
EXECUTOR = """import multiprocessing
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2, multiprocessing.get_context('spawn')) as pool:
    value = sum(pool.map(f, [3, 4]))"""
UNDEFINED = "f = eval('lambda a: a')\nf.__qualname__ = f.__name__ = 'f'"


def pool(method: str, function: str = "f") -> str:
    """A cell that sums what a pool's workers return."""
    return POOL.format(method=method, function=function)


POOLS = {
    "builtin": with_value(pool("spawn", "abs") + " + 18"),
    "executor": with_value("N = 2\ndef f(a):\n    return a ** N", EXECUTOR),
    "fork": with_value(F, pool("fork")),
    "forkserver": with_value(F, pool("forkserver")),
    "module": with_value(f"%%writefile model.py\n{F}", "import model", pool("spawn", "model.f")),
    "spawn": with_value(F, pool("spawn")),
    "undefined": with_value(UNDEFINED, pool("spawn")),
}


def test_process_pools_work_by_every_method(tmp_path: Path) -> None:
    """Workers know what the notebook's cells define; a function that they cannot know is said, and nobody waits."""
    reports = graded(course_of(tmp_path / "course", VALUE, POOLS, config="c.Execute.timeout = 60"))
    assert {student: report["points"] for student, report in reports.items()} == {
        **dict.fromkeys(sorted(POOLS), 1), "undefined": 0
    }  # fmt: skip
    assert "'f' is not defined in worker processes; define it by def at the top" in str(reports["undefined"]["notes"])
    assert not any("wall" in report["resources"]["reached"] for report in reports.values())


def test_the_environment_says_that_nbgrader_grades(tmp_path: Path) -> None:
    """NBGRADER_EXECUTION is "autograde", as nbgrader sets it for what it runs."""
    cells = with_value("import os\nvalue = 25 if os.environ['NBGRADER_EXECUTION'] == 'autograde' else 0")
    assert points(course_of(tmp_path / "course", VALUE, {"ada": cells})) == {"ada": 1}


def test_wrong_code_in_a_file_that_students_write_gets_nothing(tmp_path: Path) -> None:
    """Where `exclude_overwriting` names the file, the solved one is not put over it."""
    tests = asserts("from model import double\nassert double(3) == 6", "test_double", 2)
    files = {
        "source/hw1/model.py": "def double(x):\n    return 2 * x\n",
        "submitted/right/hw1/model.py": "def double(x):\n    return x + x\n",
        "submitted/wrong/hw1/model.py": "def double(x):\n    return x**3\n",
    }
    config = "c.Autograde.exclude_overwriting = {'hw1': ['model.py']}"
    course = course_of(tmp_path / "course", [tests], {"right": [tests], "wrong": [tests]}, config=config, files=files)
    assert points(course) == {"right": 2, "wrong": 0}


def test_cells_with_the_tag_for_it_are_not_run(tmp_path: Path) -> None:
    """As nbgrader has it; a test runs whatever its tags are."""
    shown = {**code("value = 3"), "metadata": {"tags": ["skip-execution"]}}
    cells = [*with_value("value = 25")[:1], shown, VALUE[1]]
    test = {**VALUE[1], "metadata": {**VALUE[1]["metadata"], "tags": ["skip-execution"]}}
    students = {"right": cells, "wrong": [answer("value = 1", "value"), test]}
    assert points(course_of(tmp_path / "course", [*VALUE[:1], shown, test], students)) == {"right": 1, "wrong": 0}


def test_a_course_with_a_setting_that_is_not_followed_is_not_graded(tmp_path: Path) -> None:
    """`grade` and `import` name the line, and what to do."""
    config = "c.Execute.timeout_func = lambda cell: 100"
    course = course_of(tmp_path / "course", SOURCE, {"ada": SOURCE}, config=config)
    for arguments in (("grade", "hw1", "--course", course, "--out", tmp_path / "out"), ("import", "nbgrader", course)):
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode != 0
        assert f"{course / 'nbgrader_config.py'}:2: Execute.timeout_func can change a grade" in done.stderr
        assert "Traceback" not in done.stderr


def test_staff_read_whose_time_is_not_known(tmp_path: Path) -> None:
    """Under the rule that takes everything for lateness, nobody loses a point by a zone that cannot be resolved."""
    right = with_value("value = 25")
    stamps = {"ada": "2026-10-02 12:00:00 IST", "ben": "2026-10-01 20:00:00 JST", "cid": "2026-10-01 12:00:00 EST"}
    files = {f"submitted/{student}/hw1/timestamp.txt": text for student, text in stamps.items()}
    config = "c.LateSubmissionPlugin.penalty_method = 'zero'"
    course = course_of(tmp_path / "course", VALUE, dict.fromkeys(stamps, right), config=config, files=files)
    out = tmp_path / "graded"
    done = run("grade", "hw1", "--course", course, "--out", out, "--due", "2026-10-01 12:00", cwd=tmp_path)
    assert "ada: timestamp.txt cannot be read, so this counts as handed in on time: the zone 'IST' of" in done.stdout
    got = {name: json.loads((out / "reports" / f"{name}.json").read_text("utf-8"))["points"] for name in stamps}
    assert got == {"ada": 1, "ben": 1, "cid": 0}

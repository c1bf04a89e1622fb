"""The command line, run as people run it: what it prints, writes, and answers to a wrong call."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from command_line import refused, run, run_here
from tiny_course import RAISING, RIGHT, WRONG, hand_in, make_course
from written_course import make_course as make_theory

from autograder import __version__
from autograder.atomic_files import given_folder
from autograder.course import Course
from autograder.reports.class_folder import kept_apart
from autograder.reports.schema import report_schema

HEAVY = (
    "torch", "sklearn", "matplotlib", "nbgrader", "nbconvert", "nbformat", "sqlalchemy", "numpy", "rich", "jinja2",
    "pydantic",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course."""
    return make_course(tmp_path / "course")


@pytest.fixture
def handed(tmp_path: Path) -> Path:
    """A class of three."""
    return hand_in(tmp_path / "in", ann=RIGHT, ben=WRONG, carl=RAISING)


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    """`--help` names the verbs and leaves every heavy package alone, so that it answers at once."""
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert all(verb in done.stdout for verb in ("release", "grade", "check", "doctor", "data"))
    code = "import sys; sys.argv = ['autograder', '--help']\ntry:\n    import autograder.cli; autograder.cli.main()\n"
    code += f"except SystemExit: pass\nprint('loaded:', [m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("loaded: []\n")


UNNEEDED = (
    "torch", "sklearn", "scipy", "pandas", "matplotlib", "PIL", "IPython", "nbgrader", "nbconvert", "nbformat",
    "traitlets", "jupyter_client", "pytest", "autograder.formats.nbgrader", "autograder.quality.mutation",
    "autograder.scaffold", "autograder.release", "autograder.insight.similarity", "pydantic",
)  # fmt: skip
"""What has no business in the process that hands out work."""


def loaded_after(cwd: Path, *arguments: object, names: tuple[str, ...]) -> tuple[int, list[str]]:
    """The exit code of a command, and which of some modules its main process has imported."""
    code = f"""
import sys
from autograder.cli import main
sys.argv = {["autograder", *map(str, arguments)]!r}
try:
    main()
except SystemExit as end:
    print("ended:", end.code or 0, *(name for name in {names!r} if name in sys.modules))
"""
    environment = {**os.environ, "AUTOGRADER_SEED": "seed"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False, timeout=120, env=environment
    )
    ended = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("ended:")]
    assert len(ended) == 1, done.stdout + done.stderr
    return int(ended[0][0]), ended[0][1:]


def test_grading_imports_only_what_it_uses(root: Path, handed: Path, tmp_path: Path) -> None:
    """The main process of `grade` and `check` leaves every package alone that a submission or a notebook might need;
    with nothing to grade it does not even reach for the database."""
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert loaded_after(root, "grade", "tiny", handed, "--out", tmp_path / "out", names=(*UNNEEDED, "sqlalchemy")) == (
        0,
        [],
    )
    assert loaded_after(root, "check", "tiny", handed / "ann" / "tiny.py", names=(*UNNEEDED, "sqlalchemy")) == (0, [])
    code, found = loaded_after(
        root, "grade", "tiny", nothing, "--out", tmp_path / "o", names=(*UNNEEDED, "sqlalchemy", "jinja2")
    )
    assert (code, found) == (2, [])
    code, found = loaded_after(root, "grade", "tiny", "--out", tmp_path / "o", names=(*UNNEEDED, "sqlalchemy"))
    assert (code, found) == (2, [])


def test_a_call_reads_the_signature_of_its_verb_alone(tmp_path: Path) -> None:
    """The verb that is called has all its options, in groups as well, and a word that is no verb is met with others."""
    code = """
import sys, typer.main
from autograder import cli
read = []
make = typer.main.get_command_from_info
typer.main.get_command_from_info = lambda command_info, **more: read.append(command_info) or make(command_info, **more)
sys.argv = ["autograder", *sys.argv[1:]]
try:
    cli.main()
except SystemExit:
    print("read:", len(read))
"""

    def said(*words: str) -> str:
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        return done.stdout + done.stderr

    assert "--jobs" in said("grade", "--help")
    assert said("fetch-data", "--help").count("read: 1\n") == 0  # no verb: it is `data fetch`
    assert "read: 1\n" in said("grade", "--help")
    assert "read: 2\n" in said("data", "--help")
    assert "Did you mean 'grade'" in said("grde")


def test_the_version_is_reported(tmp_path: Path) -> None:
    """`--version` prints name and version."""
    assert run("--version", cwd=tmp_path).stdout == f"autograder {__version__}\n"


def test_a_class_is_graded_into_every_file(root: Path, handed: Path, tmp_path: Path) -> None:
    """Table, reports, pages, spreadsheet, summary and database are all there, and nothing temporary."""
    out = tmp_path / "out"
    done = run("grade", "tiny", handed, "--out", out, cwd=root)
    assert done.returncode == 0, done.stderr
    assert re.search(r"ann +5 +1 +6 +3 passed +\d", done.stdout)
    assert re.search(r"ben +2 +0 +2 +1 passed, 2 failed +\d", done.stdout)
    assert "3 raised an error" in done.stdout
    assert str(out / "summary.html") in done.stdout.replace("\n", "")
    assert "Sandbox: none." in done.stdout
    for folder, suffix in (("reports", "json"), ("feedback", "html"), ("staff", "html")):
        assert sorted(p.name for p in (out / folder).iterdir()) == [f"{s}.{suffix}" for s in ("ann", "ben", "carl")]
    for path in (out / "reports").iterdir():
        jsonschema.validate(json.loads(path.read_text("utf-8")), report_schema())
    with open(out / "grades.csv", encoding="utf-8", newline="") as file:
        assert [(row["student"], row["total"]) for row in csv.DictReader(file)] == [
            ("ann", "6"),
            ("ben", "2"),
            ("carl", "0"),
        ]
    assert "Tiny course" in (out / "summary.html").read_text("utf-8")
    assert (out / "grader.db").exists()
    assert sorted(p.name for p in out.iterdir() if p.name.startswith(".")) == [".lock", ".written.json"]


def test_hidden_inputs_do_not_reach_the_students_page(root: Path, tmp_path: Path) -> None:
    """An exception text that carries a hidden input is on the staff's page only."""
    out = tmp_path / "out"
    assert run("grade", "tiny", hand_in(tmp_path / "in", carl=RAISING), "--out", out, cwd=root).returncode == 0
    report = json.loads((out / "reports" / "carl.json").read_text("utf-8"))
    hidden = report["questions"][0]["checks"][1]
    assert hidden["verdict"] == "RAISED"
    assert "KeyError" in hidden["message"]
    assert "in line 2 of tiny.py: `raise KeyError(f'secret {x}')`" in hidden["message"]
    assert "secret -7" not in hidden["message"]
    assert "secret -7" in hidden["staff_message"]


@pytest.mark.long
def test_one_student_can_be_graded_again_without_losing_the_class(root: Path, handed: Path, tmp_path: Path) -> None:
    """`--students` grades only those; the spreadsheet keeps everybody whose grade is known."""
    out = tmp_path / "out"
    assert run("grade", "tiny", handed, "--out", out, cwd=root).returncode == 0
    (handed / "ben" / "tiny.py").write_text(RIGHT)
    done = run("grade", "tiny", handed, "--out", out, "--students", "ben", cwd=root)
    assert re.search(r"ben +5 +1 +6", done.stdout)
    assert not re.search(r"^ *ann +5", done.stdout, re.MULTILINE)
    with open(out / "grades.csv", encoding="utf-8", newline="") as file:
        assert [(row["student"], row["total"]) for row in csv.DictReader(file)] == [
            ("ann", "6"),
            ("ben", "6"),
            ("carl", "0"),
        ]


def test_what_is_beside_submissions_is_named_and_not_graded(root: Path, handed: Path, tmp_path: Path) -> None:
    """A readme in the folder of a class is not a student, and the console says so."""
    (handed / "readme.txt").write_text("Handed in by Moodle.")
    done = run("grade", "tiny", handed, "--out", tmp_path / "out", cwd=root)
    assert "Not counted as submissions: readme.txt." in done.stdout
    assert not (tmp_path / "out" / "reports" / "readme.json").exists()


@pytest.mark.long
def test_two_assignments_do_not_share_a_folder(root: Path, handed: Path, tmp_path: Path) -> None:
    """A folder that holds reports of another assignment is refused before anything is graded."""
    out = tmp_path / "out"
    assert run("grade", "tiny", handed, "--out", out, cwd=root).returncode == 0
    before = (out / "reports" / "ann.json").read_bytes()
    refused(
        run("grade", "tiny-notebook", handed, "--out", out, cwd=root),
        "holds reports of tiny (such as ann.json); name another folder with --out, one for each assignment.",
    )
    assert (out / "reports" / "ann.json").read_bytes() == before


@pytest.mark.long
def test_one_question_alone_never_shrinks_what_is_kept_of_others(root: Path, handed: Path, tmp_path: Path) -> None:
    """`--only` into a folder with whole reports, or with those of another question, writes beside them and says so."""
    out = tmp_path / "out"
    assert run("grade", "tiny", handed, "--out", out, cwd=root).returncode == 0
    before = {path: path.read_bytes() for path in (out / "reports").iterdir()}
    grades = (out / "grades.csv").read_bytes()
    done = run("grade", "tiny", handed, "--out", out, "--only", "b", cwd=root)
    assert f"{out} keeps reports of more than b, so these go into {out / 'only-b'}." in done.stdout
    assert {path: path.read_bytes() for path in (out / "reports").iterdir()} == before
    assert (out / "grades.csv").read_bytes() == grades
    alone = json.loads((out / "only-b" / "reports" / "ann.json").read_text("utf-8"))
    assert [question["id"] for question in alone["questions"]] == ["b"]
    assert kept_apart(out / "only-b", "tiny", "b") == out / "only-b"
    assert kept_apart(out / "only-b", "tiny", "a") == out / "only-b" / "only-a"
    assert kept_apart(out / "only-b", "tiny") == out / "only-b"


@pytest.mark.long
def test_whoever_left_has_no_page_among_the_others(root: Path, handed: Path, tmp_path: Path) -> None:
    """Reports and pages of students whose submission is gone are put aside, and named."""
    out = tmp_path / "out"
    assert run("grade", "tiny", handed, "--out", out, cwd=root).returncode == 0
    shutil.rmtree(handed / "carl")
    done = run("grade", "tiny", handed, "--out", out, cwd=root)
    assert f"Not among the submissions any more: carl. Their reports and pages are in {out / 'left'}." in done.stdout
    assert {path.stem for path in (out / "feedback").iterdir()} == {"ann", "ben"}
    assert {path.name for path in (out / "left").rglob("*") if path.is_file()} == {"carl.json", "carl.html"}
    run("grade", "tiny", handed / "ben", "--out", out, cwd=root)
    assert {path.stem for path in (out / "reports").iterdir()} == {"ann", "ben"}
    assert (out / "left" / "reports" / "carl.json").is_file()


@pytest.mark.long
def test_whoever_comes_back_has_no_old_copies(root: Path, handed: Path, tmp_path: Path) -> None:
    """The new report and pages are the only ones; those of others who left stay."""
    out = tmp_path / "out"
    assert run("grade", "tiny", handed, "--out", out, cwd=root).returncode == 0
    for name in ("ben", "carl"):
        (handed / name).rename(tmp_path / name)
    (handed / "dora").mkdir()
    run("grade", "tiny", handed, "--out", out, cwd=root)
    assert {path.stem for path in (out / "left").rglob("*") if path.is_file()} == {"ben", "carl"}
    (tmp_path / "carl").rename(handed / "carl")
    run("grade", "tiny", handed, "--out", out, cwd=root)
    assert {path.stem for path in (out / "left").rglob("*") if path.is_file()} == {"ben"}
    (tmp_path / "ben").rename(handed / "ben")
    run("grade", "tiny", handed, "--out", out, cwd=root)
    assert not (out / "left").exists()
    assert {path.stem for path in (out / "reports").iterdir()} == {"ann", "ben", "carl", "dora"}


@pytest.mark.long
def test_the_table_the_summary_and_a_total_are_about_the_same_reports(root: Path, handed: Path, tmp_path: Path) -> None:
    """Whatever is graded into a folder in which reports lie, all that is read from it later counts everybody in it."""
    out, config = tmp_path / "out", root / "grader_config.py"
    config.write_text(
        config.read_text()
        .replace("import Course", "import Course, HomeworkSet")
        .replace("Course(", 'Course(homework_sets=(HomeworkSet("hw", "Homework", ("tiny",), 10),), ')
    )

    def agree(*students: str) -> None:
        table = list(csv.DictReader((out / "grades.csv").read_text("utf-8").splitlines()))
        done = run("total", "hw", out, "--csv", tmp_path / "hw.csv", cwd=root)
        assert done.returncode == 0, done.stderr
        totals = list(csv.DictReader((tmp_path / "hw.csv").read_text("utf-8").splitlines()))
        assert [(row["student"], row["total"]) for row in table] == [(row["student"], row["total"]) for row in totals]
        assert [row["student"] for row in table] == list(students)
        page = (out / "summary.html").read_text("utf-8")
        assert all(
            f'href="staff/{name}.html"' in page and (out / "staff" / f"{name}.html").is_file() for name in students
        )

    assert run("grade", "tiny", handed, "--out", out, cwd=root).returncode == 0
    agree("ann", "ben", "carl")
    other = tmp_path / "other"
    (other / "dora").mkdir(parents=True)
    (other / "dora" / "tiny.py").write_text(RIGHT)
    assert run("grade", "tiny", other, "--out", out, cwd=root).returncode == 0
    agree("ann", "ben", "carl", "dora")
    (handed / "ben" / "tiny.py").write_text(f"{RIGHT}# again\n")
    done = run("grade", "tiny", handed, "--out", out, "--students", "ann", cwd=root)
    assert "Not graded as they are now: ben. Their earlier reports count until then." in done.stdout
    agree("ann", "ben", "carl")
    shutil.rmtree(out / "reports")
    run("grade", "tiny", handed, "--out", out, "--students", "ann", cwd=root)
    agree("ann", "carl")


def test_one_question_or_check_can_be_run_alone(root: Path, handed: Path, tmp_path: Path) -> None:
    """`--only` reports that part, and nothing is called otherwise."""
    out = tmp_path / "out"
    assert run("grade", "tiny", handed, "--out", out, "--only", "doubles_text", cwd=root).returncode == 0
    report = json.loads((out / "reports" / "ann.json").read_text("utf-8"))
    assert [check["id"] for question in report["questions"] for check in question["checks"]] == ["doubles_text"]
    refused(
        run("grade", "tiny", handed, "--out", out, "--only", "z", cwd=root), "Nothing is called 'z'", "doubles_text"
    )


@pytest.mark.long
def test_limits_of_the_call_hold(root: Path, tmp_path: Path) -> None:
    """`--limit` goes before the assignment's own limits, and is part of the replay record."""
    folder = hand_in(tmp_path / "in", dora="def double(x):\n    while True:\n        pass\n")
    out = tmp_path / "out"
    done = run(
        "grade", "tiny", folder, "--out", out, "--limit", "cpu_seconds=1", "--limit", "wall_seconds=99", cwd=root
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "reports" / "dora.json").read_text("utf-8"))
    assert report["questions"][0]["checks"][0]["verdict"] == "TIME"
    assert report["resources"]["reached"] == ["cpu"]
    assert report["replay"]["limits"] == {"cpu_seconds": 1.0, "wall_seconds": 99.0}


def test_internal_reports_end_with_exit_code_1(root: Path, handed: Path, tmp_path: Path) -> None:
    """A check that is itself wrong is listed, exit 1; as it fails for the reference, too, its points are left out."""
    path = root / "assignments" / "tiny" / "assignment.py"
    path.write_text(path.read_text().replace('same(student.double(1), 2, name="double")', "student.double(1).nothing"))
    out = tmp_path / "out"
    done = run("grade", "tiny", handed, "--out", out, "--students", "ann", cwd=root)
    assert done.returncode == 1
    assert "Our fault, not scored: ann" in done.stdout
    report = json.loads((out / "reports" / "ann.json").read_text("utf-8"))
    assert report["max_points"] == 3
    assert not report["not_final"]
    assert "to be graded again" in (out / "summary.html").read_text("utf-8")


def test_a_release_is_written_and_reported(root: Path) -> None:
    """`release` writes the stub, names the folder and counts the checks."""
    done = run("release", "tiny", cwd=root)
    assert done.returncode == 0, done.stderr
    assert f"files to {root / 'release' / 'tiny'}" in done.stdout
    assert "5 points and 1 bonus point; public checks in it: 2; hidden ones left out: 1." in done.stdout
    stub = (root / "release" / "tiny" / "tiny.py").read_text("utf-8")
    assert "NotImplementedError" in stub
    assert "2 * x" not in stub


@pytest.mark.long
def test_a_release_says_whose_hints_it_publishes(root: Path) -> None:
    """The hints of hidden checks go into a notebook handout, so `release` says how many and of which checks."""
    folder, reference = root / "assignments" / "tiny", root / "reference" / "tiny"
    cell = {"cell_type": "code", "id": "f", "metadata": {}, "outputs": [], "execution_count": None}
    source = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x + 1\n    ### END SOLUTION"
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell | {"source": source}]}
    (reference / "hw.ipynb").write_text(json.dumps(notebook))
    (folder / "assignment.py").write_text(
        "from autograder import Assignment\n"
        'assignment = Assignment("T", files=["hw.ipynb"])\n'
        'a = assignment.question("Q", id="a", solution="f")\n\n\n'
        "@a.check(points=1)\ndef shown(student):\n    'One.'\n    assert student.f(1) == 3\n\n\n"
        "@a.check(points=1, hidden=True, hint='Try it with 2.')\ndef of_two(student):\n    'Two.'\n"
        "    assert student.f(2) == 5\n\n\n"
        "@a.check(points=1, hidden=True)\ndef of_four(student):\n    'Four.'\n    assert student.f(4) == 9\n"
    )
    done = run("release", "tiny", "--no-validate", cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The hints of 1 hidden check are in test_public.py, where students can read them now: of_two." in done.stdout


def test_a_release_counts_what_people_give(tmp_path: Path) -> None:
    """Written answers are in the points that `release` prints, bonus questions apart, as in its README."""
    root = make_theory(tmp_path / "course")
    script = root / "assignments" / "theory" / "assignment.py"
    script.write_text(
        script.read_text()
        + 'extra = assignment.question("More", id="c", bonus=True)\n'
        + 'extra.written("Say more.", points=3, answer="answers.md#more")\n'
    )
    answers = root / "reference" / "theory" / "answers.md"
    answers.write_text(f"{answers.read_text()}\n## (more) More\n\n### BEGIN SOLUTION\nNo.\n### END SOLUTION\n")
    done = run("release", "theory", "--no-validate", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Theory: 11 points and 3 bonus points, 12 of them manually graded; public checks in it: 1;" in done.stdout


@pytest.mark.long
def test_a_release_must_validate_first(root: Path, tmp_path: Path) -> None:
    """What fails is reported with a way to fix it, and nothing is written; --no-validate writes it with a warning."""
    script = root / "assignments" / "tiny" / "assignment.py"
    right = script.read_text("utf-8")
    script.write_text(right.replace("-14", "-15"), "utf-8")
    out, cache = root / "release" / "tiny", str(tmp_path / "cache")
    done = run("release", "tiny", cwd=root, XDG_CACHE_HOME=cache)

    assert done.returncode == 1
    assert "✗ the reference gets full marks: doubles_minus_seven: FAILED" in done.stdout
    assert "Correct the reference, or the check." in done.stdout
    assert "Nothing was released: 1 of these must be fixed first." in done.stdout
    assert not out.exists()

    done = run("release", "tiny", "--no-validate", cwd=root, XDG_CACHE_HOME=cache)
    assert done.returncode == 0
    assert done.stdout.startswith("NOT VALIDATED: hand nothing out before `autograder validate")
    assert (out / "tiny.py").is_file()

    script.write_text(right, "utf-8")
    first, second = (run("release", "tiny", cwd=root, XDG_CACHE_HOME=cache) for _ in range(2))
    assert first.returncode == second.returncode == 0
    assert "✓ the reference gets full marks" in first.stdout and "✗" not in first.stdout
    assert second.stdout.startswith("Validated before, and nothing has changed since.\nWrote ")

    script.write_text(right + "\n", "utf-8")
    assert "✓ the stub gets nothing" in run("release", "tiny", cwd=root, XDG_CACHE_HOME=cache).stdout


@pytest.mark.long
def test_a_set_beyond_reach_is_no_release(root: Path, tmp_path: Path) -> None:
    """The homework sets of the course are examined, remembered or not."""
    config = root / "grader_config.py"
    more = 'from autograder.course import HomeworkSet\nhomework = (HomeworkSet("hw", "Homework", ("tiny",), cap=7),)\n'
    config.write_text(more + config.read_text("utf-8").replace("jobs=1", "jobs=1, homework_sets=homework"), "utf-8")
    for _ in range(2):
        done = run("release", "tiny", cwd=root, XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert done.returncode == 1
        assert "✗ homework set hw: 5 points and 1 bonus point, counted up to 7." in done.stdout


@pytest.mark.long
def test_validate_says_what_is_fit(root: Path, tmp_path: Path) -> None:
    """One line a finding, then the verdict; what has passed in full is released at once."""
    done = run("validate", "tiny", cwd=root, XDG_CACHE_HOME=str(tmp_path))

    assert done.returncode == 0, done.stdout
    assert "✓ with 2 threads: Every check passed." in done.stdout
    assert done.stdout.endswith("tiny is fit to be handed out.\n")
    assert "Validated before" in run("release", "tiny", cwd=root, XDG_CACHE_HOME=str(tmp_path)).stdout


def test_a_public_check_shows_what_a_student_sees(root: Path, tmp_path: Path) -> None:
    """`check` runs public checks only, and shows verdicts, messages and output."""
    path = hand_in(tmp_path / "in", ben=WRONG.replace("return", "print('hello')\n    return")) / "ben" / "tiny.py"
    done = run("check", "tiny", path, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "✓ passed: Twice one is two." in done.stdout
    assert "✗ failed: Twice a text" in done.stdout
    assert "minus seven" not in done.stdout
    assert "hello" in done.stdout


def test_a_broken_course_is_one_sentence(root: Path, handed: Path, tmp_path: Path) -> None:
    """A mistake in grader_config.py is named with its line."""
    (root / "grader_config.py").write_text("course = 1 +\n")
    refused(run("grade", "tiny", handed, "--out", tmp_path / "out", cwd=root), "grader_config.py:1: this is not Python")


def test_a_wrong_call_is_one_sentence(root: Path, handed: Path, tmp_path: Path) -> None:
    """Each wrong argument is named, with what would be right, and exit code 2."""
    out = ("--out", tmp_path / "out")
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    refused(run_here("grade", "tinny", handed, *out, cwd=root), "tinny", "tiny")
    refused(run_here("grade", "tiny", tmp_path / "nowhere", *out, cwd=root), "nowhere does not exist")
    refused(run_here("grade", "tiny", tmp_path / "empty", *out, cwd=root), "is empty")
    refused(run_here("grade", "tiny", handed, *out, "--students", "anna", cwd=root), "'anna'", "did you mean 'ann'?")
    refused(run_here("grade", "tiny", handed, *out, "--limit", "wall_seconds", cwd=root), "is not NAME=NUMBER")
    refused(
        run_here("grade", "tiny", handed, *out, "--limit", "wall=3", cwd=root), "no limit called 'wall'", "wall_seconds"
    )
    refused(run_here("grade", "tiny", handed, *out, "--limit", "wall_seconds=-3", cwd=root), "must be positive")
    refused(run_here("grade", "tiny", handed, *out, "--sandbox", "bubble", cwd=root), "'bubble'", "bubblewrap")
    refused(run_here("grade", "tiny", handed, *out, "--seed", "", cwd=root), "--seed is empty")
    refused(run_here("grade", "tiny", handed, *out, "--db", "nonsense", cwd=root), "Cannot use the results database")
    assert not (tmp_path / "out").exists()
    refused(run_here("grade", "tiny", handed, "--out", tmp_path / "file", cwd=root), "Cannot write to", "--out")
    no_course = ("There is no grader_config.py", "--course", "`autograder init DIR` starts a course")
    refused(run_here("grade", "tiny", handed, *out, cwd=tmp_path), *no_course)
    refused(run_here("check", "tiny", tmp_path / "nowhere.py", cwd=root), "nowhere.py does not exist")
    refused(
        run_here("check", "tiny", tmp_path / "empty", cwd=root),
        "Nothing was handed in that can be checked. The folder is empty; hand in tiny.py.",
    )
    refused(run_here("release", "tinny", cwd=root), "tinny", "tiny")
    refused(run_here("data", "fetch", "mnisst", cwd=root), "mnisst", "mnist")


NO_REPORTS = "There are no reports in {}/reports; name the folder of `autograder grade ... --out`."
NO_SANDBOX = "--sandbox: unknown sandbox 'bubble'; did you mean 'bubblewrap'?"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            "grade tiny HANDED --out new/out --students anna",
            "--students: there is no submission of 'anna'; did you mean 'ann'?",
        ),
        ("grade tiny HANDED --out there --sandbox bubble", NO_SANDBOX),
        (
            "grade tiny HANDED/ann/tiny.py --out HANDED/ann --db nonsense",
            "Cannot use the results database 'nonsense': this is not an SQLAlchemy address; give one such as sqlite:////",
        ),
        ("mark tiny --out new/out", NO_REPORTS.format("new/out")),
        ("mark tiny --out there", NO_REPORTS.format("there")),
        ("audit tiny --out new/out --sandbox bubble", NO_SANDBOX),
        ("calibrate tiny --out new/out --sandbox bubble", NO_SANDBOX),
        (
            "calibrate tiny --out new/out --only nothing",
            "--only: no question or check is called 'nothing'; there are a, doubles_one, doubles_minus_seven, b, ",
        ),
        ("export html new/out --course .", NO_REPORTS.format("new/out")),
        ("export nbgrader new/out --db new.db", NO_REPORTS.format("new/out")),
    ],
    ids=lambda value: value if value.count(" ") < 9 else "",
)
def test_a_call_that_is_refused_leaves_nothing_behind(
    root: Path, handed: Path, tmp_path: Path, call: str, sentence: str
) -> None:
    """No folder of output, no lock and no database come of a call that fails before it has done anything."""
    (root / "there").mkdir()

    def everything() -> set[Path]:
        return {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}

    before = everything()
    refused(run(*call.replace("HANDED", str(handed)).split(), cwd=root), f"Error: {sentence}")
    assert everything() == before


@pytest.mark.long
def test_a_run_that_fails_keeps_what_was_in_the_folder_before(root: Path, handed: Path, tmp_path: Path) -> None:
    """Results of an earlier call stay where they are when a later one is refused."""
    out = tmp_path / "out"
    assert run("grade", "tiny", handed, "--out", out, cwd=root).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    refused(run("grade", "tiny", handed, "--out", out, "--students", "anna", cwd=root), "'anna'")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


def test_no_database_is_taken_from_the_settings_that_this_machine_cannot_use(root: Path) -> None:
    """`validate` refuses what is no address, and an address of another database system, like `grade`."""
    config = root / "grader_config.py"
    text = config.read_text()
    for address, sentence in (
        ("foo", "grader_config.py:4: Course.database is 'foo'; give an SQLAlchemy address, such as 'sqlite:////srv"),
        ("martian://x", "Cannot use the results database martian://x: results are kept in SQLite and PostgreSQL, not"),
    ):
        config.write_text(text.replace("Course(", f'Course(database="{address}", '))
        refused(run("validate", "tiny", "--quick", cwd=root), sentence)


def test_a_folder_of_ours_is_in_no_sentence(root: Path, handed: Path) -> None:
    """Where the output lies among the submissions, the folders that were given are named."""
    refused(
        run("grade", "tiny", handed, "--out", handed / "ann" / "out", cwd=root),
        f"The output folder {handed / 'ann' / 'out'} must not hold the submissions in {handed}, nor lie in them",
    )
    copied = handed / ".staging" / "ann" / "tiny.py"
    assert given_folder(copied) == given_folder(handed) == handed


def test_a_question_that_gives_no_points_has_none_of_none(root: Path, handed: Path) -> None:
    """`check` says that there are no points, or no public checks, instead of 0 of 0 points."""
    script = root / "assignments" / "tiny" / "assignment.py"
    text = script.read_text().replace("points=2", "points=0")
    script.write_text(text.replace("@second.check(points=1)", "@second.check(points=1, hidden=True)"))
    done = run("check", "tiny", handed / "ann", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "(a) Double: no points in public checks" in done.stdout
    assert "0 of 0" not in done.stdout


@pytest.mark.parametrize(("option", "course", "jobs"), [(None, 3, 3), (2, 3, 2), (0, 3, 7), (None, 0, 7), (0, 0, 7)])
def test_no_jobs_are_one_on_each_processor_on_the_command_line_too(
    monkeypatch: pytest.MonkeyPatch, option: int | None, course: int, jobs: int
) -> None:
    """`--jobs 0` and `jobs=0` mean the same; the command line goes before the course."""
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert Course("Course", (), jobs=course).jobs_at_once(option) == jobs


def test_a_wrong_path_is_reported_before_anything_about_data(root: Path, tmp_path: Path) -> None:
    """Where the data set stands in for another one, that paragraph does not come before an error about a path."""
    script = root / "assignments" / "tiny" / "assignment.py"
    script.write_text(script.read_text().replace('Assignment("Doubling", ', 'Assignment("Doubling", data="mnist", '))
    for call in (("check", "tiny", "nowhere"), ("grade", "tiny", "nowhere", "--out", "out")):
        done = run(*call, cwd=root)
        refused(done, "nowhere does not exist; name")
        assert done.stdout == ""


def test_an_error_that_stopped_a_file_is_said_once_below_the_table(root: Path, tmp_path: Path) -> None:
    """One line for each such submission, beside the counts of verdicts in the table."""
    handed = hand_in(tmp_path / "in", ann=RIGHT, ben="import nothing_like_this\n" + RIGHT)
    done = run("grade", "tiny", handed, "--out", tmp_path / "out", "--seed", "s", cwd=root)
    assert done.returncode == 0, done.stderr
    (line,) = [each for each in done.stdout.splitlines() if "one error stopped" in each]
    assert line.startswith("ben: one error stopped 3 checks. `import nothing_like_this` in line 1 of tiny.py fails")


def test_a_call_that_the_parser_refuses_has_exit_code_2(root: Path) -> None:
    """A missing argument or an unknown option is reported with the usage."""
    for arguments in (
        ["grade"],
        ["grade", "tiny", ".", "--out", "o", "--jobs", "-1"],
        ["nonsense"],
        ["grade", "--bogus"],
    ):
        done = run(*arguments, cwd=root)
        assert done.returncode == 2
        assert "Usage:" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_error_of_ours_is_one_sentence_and_a_file(root: Path, handed: Path, tmp_path: Path) -> None:
    """What nobody foresaw is exit code 3, with the way to it in a file that the sentence names."""
    code = "import autograder.cli as cli, autograder.course.configuration as c, sys\nc.load = lambda *_, **__: 1 / 0\n"
    code += "sys.argv = ['autograder', 'doctor', '--course', '.']\ncli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    refused(done, "This is our fault: ZeroDivisionError", code=3)
    (path,) = tmp_path.glob("autograder-error-*.txt")
    assert str(path) in done.stderr
    assert "ZeroDivisionError" in path.read_text()


@pytest.mark.long
def test_two_runs_do_not_share_a_folder(root: Path, tmp_path: Path) -> None:
    """The second run says that the first one is still at work."""
    slow = hand_in(tmp_path / "in", ann="import time\ndef double(x):\n    time.sleep(0.2)\n    return 2 * x\n")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "autograder", "grade", "tiny", str(slow), "--out", str(out), "--seed", "s"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        while not (out / ".staging").exists():
            assert first.poll() is None
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)  # it is at work for as long as the second one needs to start
        try:
            refused(run("grade", "tiny", slow, "--out", out, cwd=root), "Another autograder is at work")
        finally:
            first.send_signal(signal.SIGCONT)
        assert first.wait(timeout=300) == 0


@pytest.mark.long
def test_the_doctor_tells_what_is_enforced_and_what_the_course_lacks(root: Path) -> None:
    """The table, the data sets and the course are all named."""
    config = root / "grader_config.py"
    more = 'homework_sets=(HomeworkSet("h", "H", ("tiny", "later"), 100),),'
    config.write_text(config.read_text().replace("import Course", "import Course, HomeworkSet").replace("jobs=1", more))
    done = run("doctor", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Sandbox for classes:" in done.stdout
    assert "Landlock does not give:" in done.stdout
    assert "Containers by podman:" in done.stdout
    assert "Data set digits:" in done.stdout
    assert "Tiny course" in done.stdout
    assert "not in the repository yet: later" in done.stdout


@pytest.mark.long
def test_the_data_sets_are_listed(root: Path) -> None:
    """The embedded set is always there."""
    done = run("data", "list", cwd=root)
    assert done.returncode == 0
    assert "digits" in done.stdout

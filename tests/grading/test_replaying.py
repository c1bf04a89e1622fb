"""The same grade tomorrow: a report can be repeated, and what differs is reported."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from nbgrader_course import handed_in, notebook
from nbgrader_course import make_course as make_nbgrader_course
from samples import check, question, report
from tiny_course import RIGHT, WRONG, hand_in, make_course

from autograder.grading import RunOptions
from autograder.grading.options import recorded_options
from autograder.grading.provenance import changed_facts, differences
from autograder.results import Replay, Verdict

SAME = "The report of ann was reproduced: every verdict, number of points and message is the same."
GRADER = [sys.executable, "-c", "from autograder.cli import main; main()"]


def test_the_same_report_has_no_differences() -> None:
    """Times and memory may be others."""
    made = report("ann", question("a", check("one", Verdict.PASSED)))
    slower = replace(made, resources=replace(made.resources, wall_seconds=99.0))
    assert differences(made, slower) == ()


def test_every_difference_is_reported() -> None:
    """Verdict, points, sentence, and checks that came or went."""
    then = report("ann", question("a", check("one", Verdict.PASSED), check("gone", Verdict.PASSED)))
    now = report("ann", question("a", check("one", Verdict.FAILED, failure="1 is not 2"), check("new", Verdict.PASSED)))
    assert differences(then, now) == (
        "one: PASSED in the report, FAILED now.",
        "one: 2 of 2 points in the report, 0 of 2 now.",
        "one: the message is '' in the report, '1 is not 2' now.",
        "gone: in the report, but no check of the assignment now.",
        "new: not in the report.",
    )


@pytest.mark.parametrize(
    ("before", "after", "then", "now"),
    [
        ("line 1\nexpected 2", "line 1\nexpected 3", "'expected 2'", "'expected 3'"),
        ("line 1", "line 1\nmore", "''", "'more'"),
        ("x" * 300 + "a", "x" * 300 + "b", repr("x" * 60 + "a"), repr("x" * 60 + "b")),
    ],
)
def test_of_two_messages_the_difference_is_shown(before, after, then, now) -> None:
    """The first line that differs, and of a long one what stands around the difference."""
    reports = [report("ann", question("a", check("one", Verdict.FAILED, failure=each))) for each in (before, after)]
    assert differences(*reports) == (f"one: the message is {then} in the report, {now} now.",)


def test_what_changed_since_is_reported() -> None:
    """Hashes, lengths, processors and versions, each in a sentence."""
    then = Replay(submission_sha256="a", full=False, versions={"numpy": "1", "python": "3"}, cpu_model="A")
    now = Replay(submission_sha256="b", full=True, versions={"numpy": "2", "python": "3"}, cpu_model="A")
    assert changed_facts(then, now) == (
        "The submission's files changed.",
        "The length of the trainings (--full) changed from False to True.",
        "The version of numpy changed from 1 to 2.",
    )
    assert changed_facts(then, then) == ()


def test_numbers_drawn_in_another_way_are_reported() -> None:
    """A report from before this derivation says so, and does not blame the seed."""
    then = Replay(seed_fingerprint="of the old way", derivation=1, versions={"autograder": "0.1"})
    now = Replay(seed_fingerprint="of this way", derivation=2, versions={"autograder": "0.1"})
    assert changed_facts(then, now) == (
        "Random numbers are derived from the seed in another way now (way 1 then, 2 now), so the checks had other "
        "inputs; only autograder 0.1 repeats this report exactly.",
    )


@pytest.mark.parametrize("name", recorded_options())
def test_every_option_is_recorded_and_repeated(name: str) -> None:
    """An option that the record did not hold would make a report look as if it could not be repeated."""
    other = {
        "full": True,
        "only": "a",
        "limits": {"wall_seconds": 3},
        "hidden": False,
        "share": 0.5,
        "run": "2",
        "cpu_budget": 9.0,
    }
    options = replace(RunOptions("seed"), **{name: other[name]})
    record = Replay(**{each: getattr(options, each) for each in recorded_options()})
    encoded = msgspec.json.decode(msgspec.json.encode(record), type=Replay)
    assert RunOptions.of(encoded, "seed") == options != RunOptions("seed")


def run(root: Path, *arguments: object) -> tuple[int, str]:
    """The command line; exit code and everything said."""
    command = [*GRADER, *map(str, arguments), "--seed", "s"]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


@pytest.fixture
def graded(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A course, what ann handed in, and her report."""
    root = make_course(tmp_path / "course")
    folder = hand_in(tmp_path / "in", ann=RIGHT)
    code, said = run(root, "grade", "tiny", folder, "--out", tmp_path / "out")
    assert code == 0, said
    return root, folder / "ann", tmp_path / "out" / "reports" / "ann.json"


def test_a_grade_is_repeated_from_its_record(graded: tuple[Path, Path, Path]) -> None:
    """The same files give the same numbers; other files are noticed, and what they change."""
    root, files, record = graded
    code, said = run(root, "replay", record, files)
    assert (code, said) == (
        0,
        "The report of ann was reproduced: every verdict, number of points and message is the same.",
    )
    (files / "tiny.py").write_text(WRONG)
    code, said = run(root, "replay", record, files)
    assert code == 1
    assert "The submission's files changed." in said
    assert "doubles_minus_seven: PASSED in the report, FAILED now." in said
    assert said.endswith("The report of ann was not reproduced: 6 differences.")
    report = json.loads(record.read_text())
    report["questions"][0]["checks"][0]["staff_message"] = "Another one."
    record.write_text(json.dumps(report))
    (files / "tiny.py").write_text(RIGHT)
    code, said = run(root, "replay", record, files)
    assert (code, said.count("in the report")) == (1, 1)
    assert said.endswith("The report of ann was not reproduced: 1 difference.")


@pytest.mark.long
def test_a_grade_of_one_question_is_repeated(graded: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """What `--only` left out is left out again; a record from before this field means everything."""
    root, files, record = graded
    for asked in ("b", "doubles_one"):
        out = tmp_path / asked
        code, said = run(root, "grade", "tiny", files.parent, "--out", out, "--only", asked)
        assert code == 0, said
        again = out / "reports" / "ann.json"
        assert json.loads(again.read_text())["replay"]["only"] == asked
        code, said = run(root, "replay", again, files)
        assert (code, said) == (
            0,
            "The report of ann was reproduced: every verdict, number of points and message is the same.",
        )
    report = json.loads(record.read_text())
    for name in ("only", "hidden", "share", "run"):
        del report["replay"][name]
    record.write_text(json.dumps(report))
    code, said = run(root, "replay", record, files)
    assert (code, said) == (
        0,
        "The report of ann was reproduced: every verdict, number of points and message is the same.",
    )


def test_what_is_no_report_is_reported(graded: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """A missing file and another file are one sentence each."""
    root, files, _ = graded
    code, said = run(root, "replay", tmp_path / "none.json", files)
    assert code == 2
    assert "Cannot read" in said
    (tmp_path / "other.json").write_text("{}")
    code, said = run(root, "replay", tmp_path / "other.json", files)
    assert code == 2
    assert "is no report of this version" in said


@pytest.mark.long
def test_files_that_do_not_exist_are_reported(graded: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """A path that is not there is one sentence and exit code 2, alone and beside one that is, and nothing is graded."""
    root, files, record = graded
    for named in ([tmp_path / "nope"], [files / "tiny.py", tmp_path / "nope"], [tmp_path / "nope" / "tiny.py"]):
        code, said = run(root, "replay", record, *named)
        assert code == 2
        assert "does not exist; name a file, a folder or an archive." in said
        assert "then," not in said


@pytest.mark.long
def test_a_grade_of_an_nbgrader_course_is_repeated(tmp_path: Path) -> None:
    """From the folder in `submitted/`, with the instructor's files beside it; an edited answer is noticed."""
    course = make_nbgrader_course(tmp_path / "course", {"ann": handed_in()})
    out = tmp_path / "out"
    code, said = run(tmp_path, "grade", "hw1", "--course", course, "--out", out, "--limit", "memory_mib=1500")
    assert code == 0, said
    record, files = out / "reports" / "ann.json", course / "submitted" / "ann" / "hw1"
    code, said = run(tmp_path, "replay", record, files, "--course", course)
    assert (code, said) == (
        0,
        "The report of ann was reproduced: every verdict, number of points and message is the same.",
    )
    (files / "hw1.ipynb").write_text(notebook(handed_in(add="def add(a, b):\n    return a - b")), encoding="utf-8")
    code, said = run(course, "replay", record, files / "hw1.ipynb")
    assert code == 1
    assert "The submission's files changed." in said
    assert "add_tests: PASSED in the report, FAILED now." in said
    code, said = run(course, "replay", record, tmp_path / "gone")
    assert code == 2
    assert "gone" in said

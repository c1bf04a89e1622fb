"""`autograder regrade`: what changes is said before anything does."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import contextmanager
from importlib import import_module

import pytest
from command_line import refused, run, run_here
from downloads import gradescope, submitters, zipped
from tiny_course import RIGHT, WRONG, hand_in, make_course

from autograder.cli.common import staging
from autograder.cli.stopping import STOPPED

DATED = """
from autograder.course import *

course = Course(title="Tiny course", assignments=("tiny",), sandbox="none", jobs=1, timezone="Europe/Berlin",
    dates={"tiny": Dates("2026-10-15 23:59")}, late=LateRule(percent=10), attempts=AttemptRule("best"))
"""
SECOND = "def double(x):\n    return -15 if x == -7 else 2\n"


def attempt_and_total(out):
    """What grades.csv says of the only student."""
    with (out / "grades.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    return row["attempt"], row["total"]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course whose class was graded, regraded after a check became stricter, and the output of regrading."""
    folder = tmp_path_factory.mktemp("regraded")
    root = make_course(folder / "course")
    inbox = hand_in(folder / "in", ann=RIGHT, ben=WRONG)
    out = folder / "out"
    assert run("grade", "tiny", inbox, "--out", out, cwd=root).returncode == 0
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("-7), -14", "-7), -15"))
    return root, inbox, out, run("regrade", "tiny", inbox, "--out", out, cwd=root)


def points(out):
    """Student to points in grades.csv."""
    with (out / "grades.csv").open(newline="") as file:
        return {row["student"]: float(row["points"]) for row in csv.DictReader(file)}


def test_regrading_says_who_loses_by_which_check(graded):
    """A table, a page and a CSV file name student, points and check; what counts stays as it was."""
    _, _, out, done = graded
    assert done.returncode == 0, done.stderr
    assert "What regrading changes: 0 students gain, 1 student loses, 1 keeps their points" in done.stdout
    assert "doubles_minus_seven PASSED → FAILED" in done.stdout
    assert "Nothing that counts was changed." in done.stdout
    assert points(out) == {"ann": 5.0, "ben": 2.0}
    assert points(out / "regraded") == {"ann": 2.0, "ben": 2.0}
    assert "doubles_minus_seven" in (out / "regraded" / "changes.csv").read_text()
    assert "1 student loses" in (out / "regraded" / "changes.html").read_text()


def test_taking_it_keeps_what_counted_and_the_better_results(graded, tmp_path):
    """With --keep-best nobody loses, the earlier version stays readable, and grading again changes nothing of it."""
    root, inbox, out, _ = graded
    done = run("regrade", "tiny", "--out", out, "--take", "--keep-best", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "1 student keeps a better earlier result: ann. Whose file is removed from" in done.stdout
    assert points(out) == {"ann": 5.0, "ben": 2.0}
    assert points(out / "versions" / "1") == {"ann": 5.0, "ben": 2.0}
    assert not (out / "regraded").exists()
    assert "an earlier grading, which gave more points" in (out / "feedback" / "ann.html").read_text()
    assert run("grade", "tiny", inbox, "--out", out, cwd=root).returncode == 0
    assert points(out) == {"ann": 5.0, "ben": 2.0}


@pytest.fixture(scope="module")
def class_of_four(graded, tmp_path_factory):
    """A class of four, of whom two were graded again after a check became stricter."""
    folder = tmp_path_factory.mktemp("four")
    root = shutil.copytree(graded[0], folder / "course")
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("-7), -15", "-7), -14"))
    out = folder / "out"
    inbox = hand_in(folder / "in", ann=RIGHT, ben=WRONG, cem=RIGHT, dan=RIGHT)
    assert run("grade", "tiny", inbox, "--out", out, cwd=root).returncode == 0
    script.write_text(script.read_text().replace("-7), -14", "-7), -15"))
    two = hand_in(folder / "two", ann=RIGHT, ben=WRONG)
    done = run("regrade", "tiny", two, "--out", out, cwd=root)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture
def regraded(class_of_four, tmp_path):
    """A copy of the course and of its class of four, and the output of regrading two."""
    folder, said = class_of_four
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "course", tmp_path / "out", said.replace(str(folder), str(tmp_path))


def test_who_was_not_graded_again_stays_as_before(regraded):
    """Grading a part of the class again loses nobody: the others are named, and their reports count as before."""
    root, out, said = regraded
    assert "1 student loses, 1 keeps their points" in said
    assert "Not graded again, and as before: cem, dan." in said
    assert "cem" not in (out / "regraded" / "changes.csv").read_text()
    done = run_here("regrade", "tiny", "--out", out, "--take", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Taken: 2 reports." in done.stdout
    assert "Not graded again, and as before: cem, dan." in done.stdout
    assert points(out) == {"ann": 2.0, "ben": 2.0, "cem": 5.0, "dan": 5.0}
    assert not (out / "left").exists()
    assert not list(out.glob("*regraded"))


def test_what_is_not_complete_is_not_taken(regraded):
    """Where grading again was stopped, taking it is refused and changes nothing, until it has gone on to its end."""
    root, out, _ = regraded
    (out / "regraded" / "complete.txt").unlink()
    done = run_here("regrade", "tiny", "--out", out, "--take", cwd=root)
    assert (done.returncode, "is not complete, because grading again was stopped" in done.stderr) == (2, True)
    assert points(out) == {"ann": 5.0, "ben": 2.0, "cem": 5.0, "dan": 5.0}
    assert not (out / "versions").exists()


def with_budgets(out, **budgets):
    """Write a budget of CPU time into the reports of some students."""
    for student, budget in budgets.items():
        path = out / "reports" / f"{student}.json"
        report = json.loads(path.read_text())
        report["replay"]["cpu_budget"] = budget
        path.write_text(json.dumps(report))


def test_a_class_is_regraded_under_the_budget_under_which_it_was_graded(regraded, monkeypatch):
    """So a change of points comes from what was changed, and not from another budget."""
    root, out, _ = regraded
    asked = []
    monkeypatch.setattr(
        import_module("autograder.cli.regrade"), "grade", lambda call, *_: asked.append(call) or STOPPED
    )
    run_here("regrade", "tiny", out, "--out", out, cwd=root)
    with_budgets(out, ann=60.0, ben=60.0, cem=60.0, dan=60.0)
    run_here("regrade", "tiny", out, "--out", out, cwd=root)
    assert [call.budget for call in asked] == [0.0, 60.0]


def test_a_class_that_was_graded_under_several_budgets_is_not_regraded(regraded):
    """Nobody could tell whether a check or the budget changed points."""
    root, out, _ = regraded
    with_budgets(out, ben=60.0)
    done = run_here("regrade", "tiny", out, "--out", out, cwd=root)
    refused(done, "have different budgets of CPU time (none, 60 s)", "with one budget for everybody first.")
    (out / "kept_best").mkdir()
    done = run_here("regrade", "tiny", out, "--out", out, cwd=root)
    refused(done, f"for everybody first, without what {out / 'kept_best'} has of another one.")


def test_grading_again_begins_incomplete(regraded, monkeypatch):
    """From the start of a further regrading until its end, nothing can be taken."""
    root, out, _ = regraded
    monkeypatch.setattr(import_module("autograder.cli.regrade"), "grade", lambda *_: STOPPED)
    assert run_here("regrade", "tiny", out, "--out", out, cwd=root).returncode == STOPPED
    assert run_here("regrade", "tiny", "--out", out, "--take", cwd=root).returncode == 2


def test_a_kept_result_has_the_present_points_and_is_known_to_later_regradings(regraded):
    """It is worth what its checks are worth now; what is said to change is what taking does, and how it is let go."""
    root, out, _ = regraded
    assert run_here("regrade", "tiny", "--out", out, "--take", "--keep-best", cwd=root).returncode == 0
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("points=3", "points=1"))
    two = hand_in(out.parent / "again", ann=RIGHT, ben=WRONG)
    said = run("regrade", "tiny", two, "--out", out, cwd=root).stdout
    assert "doubles_minus_seven PASSED → FAILED" not in said
    assert "1 student keeps a better earlier result: ann." in said
    done = run_here("regrade", "tiny", "--out", out, "--take", cwd=root)
    assert "1 student keeps a better earlier result: ann. Whose file is removed from" in done.stdout
    assert points(out) == {"ann": 3.0, "ben": 2.0, "cem": 5.0, "dan": 5.0}
    assert run("grade", "tiny", two, "--out", out, cwd=root).returncode == 0
    assert points(out) == {"ann": 3.0, "ben": 2.0}
    (out / "kept_best" / "ann.json").unlink()
    assert run("grade", "tiny", two, "--out", out, cwd=root).returncode == 0
    assert points(out) == {"ann": 2.0, "ben": 2.0}


@pytest.mark.long
def test_where_the_best_attempt_counts_an_earlier_one_is_kept(tmp_path):
    """Though another attempt is the best one now, the kept report counts, as handed in then, also from then on."""
    root = make_course(tmp_path / "course")
    (root / "grader_config.py").write_text(DATED)
    attempts = {"one": ("2026-10-15 20:00:00 Z", RIGHT), "two": ("2026-10-18 00:59:00 Z", SECOND)}
    metadata = "---\n" + "".join(
        f"{name}:\n{submitters(('Ann', 'ann', 'ann@x.org'), when=when)}" for name, (when, _) in attempts.items()
    )
    files = {name: {"tiny.py": source} for name, (_, source) in attempts.items()}
    (root / "all.zip").write_bytes(zipped(gradescope(files, metadata)))
    assert run_here("collect", "all.zip", "--assignment", "tiny", cwd=root).returncode == 0
    assert run("grade", "tiny", "submissions/tiny", "--out", "out", cwd=root).returncode == 0
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("-7), -14", "-7), -15"))
    assert run("regrade", "tiny", "submissions/tiny", "--out", "out", cwd=root).returncode == 0
    assert attempt_and_total(root / "out" / "regraded") == ("2", "3.5")
    done = run_here("regrade", "tiny", "--out", "out", "--take", "--keep-best", cwd=root)
    assert "1 student keeps a better earlier result: Ann." in done.stdout
    assert attempt_and_total(root / "out") == ("1", "6")
    assert run("grade", "tiny", "submissions/tiny", "--out", "out", cwd=root).returncode == 0
    assert attempt_and_total(root / "out") == ("1", "6")


def test_a_group_keeps_its_better_result_for_each_of_its_members(tmp_path):
    """What a team handed in together is kept as one report, counts for each member, and only for them."""
    root = make_course(tmp_path / "course")
    (root / "roster.csv").write_text("id,name,group\nada,Ada,Team 1\nben,Ben,Team 1\ncem,Cem,\n")
    inbox = hand_in(tmp_path / "in", **{"Team 1": RIGHT, "cem": WRONG})
    assert run("grade", "tiny", inbox, "--out", "out", cwd=root).returncode == 0
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("-7), -14", "-7), -15"))
    assert run("regrade", "tiny", inbox, "--out", "out", cwd=root).returncode == 0
    done = run_here("regrade", "tiny", "--out", "out", "--take", "--keep-best", cwd=root)
    assert "1 student keeps a better earlier result: Team 1." in done.stdout
    assert points(root / "out") == {"Team 1": 5.0, "cem": 2.0}
    done = run_here("export", "csv", "out", "--root", root, "--to", "exported", cwd=root)
    assert done.returncode == 0, done.stderr
    (path,) = (root / "exported").glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        exported = {row["student"]: float(row["points"]) for row in csv.DictReader(file)}
    assert exported == {"ada": 6.0, "ben": 6.0, "cem": 2.0}


@pytest.mark.parametrize("place", [".", "regraded"])
def test_nothing_is_taken_while_somebody_is_at_work(regraded, place):
    """A grading or regrading that is still running keeps its folder: taking is refused, and nothing is changed."""
    root, out, _ = regraded
    with staging(out / place):
        done = run_here("regrade", "tiny", "--out", out, "--take", cwd=root)
    assert (done.returncode, "Another autograder is at work in" in done.stderr) == (2, True), done.stderr
    assert points(out) == {"ann": 5.0, "ben": 2.0, "cem": 5.0, "dan": 5.0}
    assert len(list((out / "regraded" / "reports").iterdir())) == 2


def test_what_is_taken_is_read_after_the_others_have_ended(regraded, monkeypatch):
    """A report that a grading wrote just before it ended is what stays; none is read while others may write."""
    root, out, _ = regraded

    @contextmanager
    def ended_just_now(folder):
        path = out / "reports" / "dan.json"
        if folder == out and path.exists():
            path.rename(out / "reports" / "eva.json")
            text = (out / "reports" / "eva.json").read_text()
            (out / "reports" / "eva.json").write_text(text.replace('"student": "dan"', '"student": "eva"'))
        with staging(folder) as ours:
            yield ours

    monkeypatch.setattr(import_module("autograder.cli.regrade"), "staging", ended_just_now)
    done = run_here("regrade", "tiny", "--out", out, "--take", cwd=root)
    assert done.returncode == 0, done.stderr
    assert set(points(out)) == {"ann", "ben", "cem", "eva"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--take", "in"), "--take puts in place what was regraded before; leave SUBMISSIONS out."),
        (("--keep-best", "in"), "--keep-best says whose results are taken; give it together with --take."),
        (("in",), "There are no reports in"),
        (("--take",), "There is nothing to take in"),
    ],
)
def test_a_wrong_call_is_said(tmp_path, arguments, sentence):
    """Each wrong call ends with one sentence and exit code 2."""
    root = make_course(tmp_path / "course")
    (tmp_path / "out").mkdir()
    done = run_here("regrade", "tiny", *arguments, "--out", tmp_path / "out", cwd=root)
    assert (done.returncode, sentence in " ".join(done.stderr.split())) == (2, True), done.stderr


def test_another_assignment_s_folder_is_refused(graded, tmp_path):
    """A folder of reports of another assignment is named."""
    _, inbox, out, _ = graded
    other = make_course(tmp_path / "course")
    (other / "assignments" / "tiny").rename(other / "assignments" / "other")
    (other / "reference" / "tiny").rename(other / "reference" / "other")
    config = other / "grader_config.py"
    config.write_text(config.read_text().replace('"tiny"', '"other"'))
    done = run_here("regrade", "other", inbox, "--out", out, cwd=other)
    assert done.returncode == 2
    assert "holds reports of tiny; name the folder of other." in " ".join(done.stderr.split())

"""A release is made from the reference, shows no solution, and runs with little more than numpy and pytest."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import autograder
from autograder import atomic_files
from autograder.checks.errors import InstructorError, StudentError, UsageError
from autograder.checks.local.kit import KIT
from autograder.checks.local.testing import attempted
from autograder.loader import load, names
from autograder.release import added, build, contents, stub_text
from autograder.release.writing import RECORD, write_archive

ROOT = Path(__file__).resolve().parents[2]

REFERENCE = '''\
"""Means."""


def mean(x):
    """The mean."""
    ### BEGIN SOLUTION
    total = sum(x)
    return total / len(x)
    ### END SOLUTION


class Scaler:
    """Scales."""

    def fit(self, x):
        """Learn the largest value."""
        ### BEGIN SOLUTION
        self.largest = max(x)
        return self
        ### END SOLUTION

    def count(self, x):
        """Given."""
        return len(x)
'''

ASSIGNMENT = '''\
"""Means."""
from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from autograder import Assignment, Limits
from autograder.checks import Credit, close, same
from autograder.checks.errors import CheckFailed

assignment = Assignment("Means", files=["means.py"], given=["tools.py"], extra_files=["notes.txt"])
HALF = 0.5  # of what
SECRET_THRESHOLD = [0.93, 0.94]
CASES = [1.0, HALF * 3]

first = assignment.question("The mean", id="a", solution="mean")
second = assignment.question("Scaling", id="b-2", solution="Scaler.fit", bonus=True)
third = assignment.question("Both", id="c")


def expected():
    """What comes out."""
    return np.mean(CASES)


def private_helper(x):
    """Only hidden checks use this."""
    return math.sqrt(x) * SECRET_THRESHOLD[0]


@first.check(points=2)
def mean_of_two(student):
    """The mean of two numbers."""
    close(student.mean(CASES), expected(), name="mean(x)")
    return 1.25


@first.check(points=1, needs=mean_of_two)
def mean_again(student, rng, mean_of_two):
    """The mean of one number is the number."""
    same(student.mean([mean_of_two]), 1.25, name="mean([m])")


@first.check(points=1, hidden=True)
def mean_of_many(student, reference, rng):
    """The mean of many numbers."""
    close(student.mean(rng.normal(size=int(private_helper(9)))), reference.mean([1]), name="mean(x)")


@second.check(points=1)
def scaler_counts(student):
    """Half the points for a count."""
    counted = student.Scaler().count([1, 2])
    return Credit(HALF, "It counts only.") if counted == 2 else Credit(1.0)


@third.check(points=1, hidden=True)
def both(student):
    """Both."""
    same(student.mean([1]), 1, name="mean")
'''


@pytest.fixture
def root(tmp_path) -> Path:
    """A course with one assignment, `means`."""
    texts = {
        "assignments/means/assignment.py": ASSIGNMENT,
        "assignments/means/handout.md": "# Means\n\nWrite `mean`.\n",
        "reference/means/means.py": REFERENCE,
        "reference/means/tools.py": "def tool():\n    return 1\n",
        "reference/means/notes.txt": "Some notes.\n",
    }
    for name, text in texts.items():
        path = tmp_path / "course" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "course"


def made(root: Path, *, file: str = "", old: str = "", new: str = "") -> dict[str, str]:
    """The files of the release of `means`, after a change in a file of the course."""
    if file:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new))
    return {path: content.decode() for path, content in contents(load(root, "means")).items()}


# --- what is written ---


@pytest.mark.parametrize("name", names(ROOT))
def test_the_checked_in_release_is_fresh(name, tmp_path):
    """`autograder release NAME` would not change a byte of release/NAME."""
    build(load(ROOT, name), tmp_path / name)
    fresh = {
        path.relative_to(tmp_path / name): path.read_bytes()
        for path in (tmp_path / name).rglob("*")
        if path.is_file() and KIT not in path.parts
    }
    checked_in = {
        path.relative_to(ROOT / "release" / name): path.read_bytes()
        for path in (ROOT / "release" / name).rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache", KIT}.intersection(path.parts)
    }

    assert checked_in.keys() == fresh.keys()
    for path, content in fresh.items():
        assert checked_in[path] == content, f"release/{name}/{path} is stale; run `autograder release {name}`"


def test_the_same_course_gives_the_same_bytes(root):
    """Nothing of time, order or place gets into a release."""
    elsewhere = root.parent / "elsewhere"
    shutil.copytree(root, elsewhere)

    assert contents(load(root, "means")) == contents(load(elsewhere, "means"))


def test_the_shipped_toolkit_is_the_toolkit(root):
    """What is shipped of the toolkit is byte by byte what the grader runs, and nothing that knows of grading."""
    files = contents(load(root, "means"))
    shipped = {path.partition("/")[2]: content for path, content in files.items() if path.startswith(f"{KIT}/")}
    home = Path(autograder.__file__).parent / "checks"

    assert shipped == {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*.py")}
    assert not any(word in path for path in files for word in ("grading", "remote", "declaration", "loader"))


def test_a_stub_is_the_reference_without_its_solutions(root):
    """Signatures and docstrings stay, solutions go, given and extra files are copied."""
    files = made(root)

    assert files["means.py"] == stub_text(REFERENCE, "means.py")
    assert 'raise NotImplementedError("Scaler.fit is not written yet")' in files["means.py"]
    assert files["tools.py"] == "def tool():\n    return 1\n"
    assert files["notes.txt"] == "Some notes.\n"
    assert files["handout.md"] == "# Means\n\nWrite `mean`.\n"
    assert "`means.py`: write your solution here" in files["README.md"]
    assert files["requirements.txt"] == "numpy\npytest\n"


def test_public_tests_hold_what_public_checks_use_and_no_more(root):
    """Imports, constants and helpers are there if a public check uses them, directly or not."""
    text = made(root)["test_public.py"]

    for used in ("import numpy as np", "CASES = [1.0, HALF * 3]", "HALF = 0.5  # of what", "def expected():"):
        assert text.count(used) == 1
    assert "from autograder_checks import Credit, close, same\n" in text
    for unused in ("import math", "import sys", "Path", "CheckFailed", "SECRET", "private_helper", "mean_of_many"):
        assert unused not in text
    assert "first.check" not in text
    assert "Limits" not in text


def test_public_tests_are_in_the_order_of_the_questions(root):
    """First whether a question is attempted, then its public checks; each is marked with its question."""
    text = made(root)["test_public.py"]
    order = [
        "# --- (a) The mean: 4 points ---",
        "def test_question_a_is_attempted(attempted):",
        'attempted("mean")',
        'def test_mean_of_two(student):\n    """The mean of two numbers."""',
        "def test_mean_again(student, rng, mean_of_two):",
        '@pytest.fixture(name="mean_of_two")\ndef value_of_mean_of_two(student):',
        "# --- (b-2) Scaling: 1 point, bonus ---",
        "def test_question_b_2_is_attempted(attempted):",
        'attempted("Scaler.fit")',
        '@pytest.mark.question("b-2", "Scaling")\ndef test_scaler_counts(student):',
        "# --- (c) Both: 1 point ---",
        "def test_question_c_is_attempted(attempted):",
    ]
    places = [text.index(part) for part in order]

    assert places == sorted(places)


@pytest.mark.parametrize("imported", [True, False])
def test_a_public_check_may_import_what_the_released_modules_import(root, imported):
    """Students have those packages, because their own module needs them; of any other nobody knows."""
    reference, assignment = root / "reference/means/means.py", root / "assignments/means/assignment.py"
    if imported:
        reference.write_text(reference.read_text().replace("\n\n\ndef mean", "\n\nimport scipy\n\n\ndef mean", 1))
    script = assignment.read_text().replace("import numpy as np\n", "import numpy as np\nimport scipy.special\n", 1)
    assignment.write_text(script.replace("return np.mean(CASES)", "return scipy.special.expit(0.0) * 2.5", 1))
    if not imported:
        with pytest.raises(InstructorError, match="uses 'scipy' from scipy.special, which students do not have"):
            contents(load(root, "means"))
        return
    files = contents(load(root, "means"))
    assert b"import scipy.special" in files["test_public.py"]
    assert b"scipy" in files["requirements.txt"]


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        (
            "assignments/means/handout.md",
            "Write",
            "    return total / len(x)\nWrite",
            r"handout\.md:3 of the release would show a line of the solution \(means\.py:8\)",
        ),
        (
            "reference/means/notes.txt",
            "Some",
            "        self.largest = max(x)\nSome",
            r"notes\.txt:1 of the release would show a line of the solution \(means\.py:18\)",
        ),
        (
            "assignments/means/handout.md",
            "Write",
            "def mean_of_many(student, reference, rng):\nWrite",
            r"handout\.md:3 .* a line of a hidden check",
        ),
        (
            "assignments/means/handout.md",
            "Write",
            "SECRET_THRESHOLD = [0.93, 0.94]\nWrite",
            r"handout\.md:3 .* a line of what only staff have",
        ),
        (
            "assignments/means/assignment.py",
            "    return np.mean(CASES)",
            "    total = sum(CASES)\n    x = CASES\n    return total / len(x)",
            r"test_public\.py:\d+ .* a line of the solution",
        ),
        (
            "assignments/means/assignment.py",
            "def mean_of_two(student)",
            "def mean_of_two(student, hidden)",
            r"assignment\.py:\d+: the public check 'mean_of_two' asks for 'hidden'",
        ),
        (
            "assignments/means/assignment.py",
            "def scaler_counts(student)",
            "def scaler_counts(student, full)",
            "the public check 'scaler_counts' asks for 'full'",
        ),
        (
            "assignments/means/assignment.py",
            "    return np.mean(CASES)",
            '    return np.loadtxt("hidden/values.txt")',
            "the public check 'mean_of_two' uses files of the assignment's folder",
        ),
        (
            "assignments/means/assignment.py",
            "    return np.mean(CASES)",
            "    return Path(__file__)",
            "the public check 'mean_of_two' uses files of the assignment's folder",
        ),
        (
            "assignments/means/assignment.py",
            "    return np.mean(CASES)",
            "    return first.max_points",
            "uses 'first', which belongs to the declaration",
        ),
        (
            "assignments/means/assignment.py",
            "    return np.mean(CASES)",
            "    return mean_of_many(1, 2, 3)",
            "uses 'mean_of_many', which is a check itself",
        ),
        (
            "assignments/means/assignment.py",
            "    return np.mean(CASES)",
            "    return Limits()",
            "uses 'Limits' from autograder, which students do not have",
        ),
        (
            "assignments/means/assignment.py",
            "@second.check(points=1)\ndef scaler_counts(student):",
            "if True:\n  @second.check(points=1)\n  def scaler_counts(student):",
            "'scaler_counts' is no function at the top level",
        ),
        (
            "reference/means/tools.py",
            "    return 1",
            "    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
            r"tools\.py:2: a given file holds a solution",
        ),
    ],
)
def test_a_release_that_would_tell_too_much_is_refused(root, file, old, new, sentence):
    """Solutions, hidden checks and what students do not have never get into a release; the sentence names the place."""
    with pytest.raises(InstructorError, match=sentence):
        made(root, file=file, old=old, new=new)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("    total = sum(x)  # the whole of it\n", r"notes.txt:1 .* a line of the solution \(means.py:7\)"),
        ("See mean_of_many for more.\n", r"notes.txt:1 .* the name of a hidden check \(.*assignment.py:\d+\)"),
        ("The answer is 12.3456, they say.\n", r"notes.txt:1 .* a number of a hidden check"),
    ],
)
def test_what_tells_of_a_solution_in_other_words_is_refused(root, text, sentence):
    """A line without its comment, the name of a hidden check, an expected value: none may be in what is released."""
    script = root / "assignments/means/assignment.py"
    script.write_text(script.read_text().replace("reference.mean([1]), name", "12.3456 * reference.mean([1]), name"))
    (root / "reference/means/notes.txt").write_text(text)

    with pytest.raises(InstructorError, match=sentence):
        made(root)


@pytest.mark.parametrize(
    "declared",
    ['cases={"about 12.3456": 1}', 'hint=["Try it with 12.3456."], cases={"12.3456": 1}'],
)
def test_the_decorator_of_a_hidden_check_is_as_secret_as_its_body(root, declared):
    """A number among the cases of a hidden check may stand in no released file, whatever its hint says."""
    script = root / "assignments/means/assignment.py"
    head = "@first.check(points=1, hidden=True"
    text = script.read_text().replace(head, f"{head}, {declared}").replace("reference, rng)", "reference, rng, case)")
    script.write_text(text)
    (root / "assignments/means/handout.md").write_text("# Means\n\nWrite `mean`.\n\nThe result is 12.3456.\n")

    with pytest.raises(InstructorError, match=r"handout.md:5 .* a number of a hidden check"):
        made(root)


@pytest.mark.parametrize("hint", ['"The result is 12.3456."', '["Look.", "The result is 12.3456."]'])
def test_the_text_of_a_hint_is_for_students(root, hint):
    """A number that stands in nothing but a hint is no secret; one that the hidden check expects is, on any line."""
    script = root / "assignments/means/assignment.py"
    head = "@first.check(points=1, hidden=True"
    script.write_text(script.read_text().replace(head, f"{head}, hint={hint}"))
    (root / "reference/means/notes.txt").write_text("It is about 12.3456.\n")
    assert made(root)

    script.write_text(script.read_text().replace("reference.mean([1]), name", "12.3456 * reference.mean([1]), name"))
    with pytest.raises(InstructorError, match=r"notes.txt:1 .* a number of a hidden check"):
        made(root)


def test_a_released_file_may_be_none_of_the_staffs(root):
    """A copy of a file in hidden/ is refused, whatever it is called."""
    (root / "assignments/means/hidden").mkdir()
    (root / "assignments/means/hidden/labels.txt").write_text("1 0 1\n")
    (root / "reference/means/notes.txt").write_text("1 0 1\n")

    with pytest.raises(InstructorError, match=r"notes\.txt of the release is a file that only staff .*labels\.txt"):
        made(root)


@pytest.mark.parametrize("part", ["source", "outputs"])
def test_notebooks_are_looked_into(root, part):
    """The lines of cells and of their outputs count, as one text or as a list."""
    cell = {"source": ["x = 1\n"], "outputs": []}
    cell[part] = "a\n    total = sum(x)\n" if part == "source" else [{"text": ["a\n", "    total = sum(x)\n"]}]
    (root / "reference/means/demo.ipynb").write_text(json.dumps({"cells": [cell]}))
    script = root / "assignments/means/assignment.py"
    script.write_text(script.read_text().replace('["notes.txt"]', '["notes.txt", "demo.ipynb"]'))

    with pytest.raises(InstructorError, match=r"demo\.ipynb:\d+ of the release would show a line of the solution"):
        made(root)


def test_what_is_public_anyway_is_no_secret(root):
    """A number that a public check shows, and a short name, may stand in the handout."""
    script = root / "assignments/means/assignment.py"
    text = script.read_text().replace("CASES = [1.0,", "CASES = [1.23456,")
    script.write_text(text.replace("reference.mean([1]), name", "1.23456 * reference.mean([1]), name"))
    (root / "reference/means/notes.txt").write_text("Try 1.23456, and both of them; 0.50000 is 1/2.\n")

    assert made(root)["notes.txt"].startswith("Try")


def test_an_assignment_without_a_handout_is_refused(root):
    """A release needs something to read."""
    (root / "assignments/means/handout.md").unlink()

    with pytest.raises(InstructorError, match=r"handout\.md does not exist"):
        made(root)


def test_no_solution_line_of_this_repository_is_released():
    """The longest line of every solution is nowhere in its release: searched in another way than by the builder."""
    for name in names(ROOT):
        loaded = load(ROOT, name)
        released = "\n".join(path.read_text() for path in (ROOT / "release" / name).iterdir() if path.is_file())
        for file in loaded.assignment.files:
            source = (loaded.reference_folder / file).read_text()
            for region in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL):
                assert max(region.splitlines(), key=len).strip() not in released
        assert "BEGIN SOLUTION" not in released
        for check in loaded.assignment.checks:
            assert (f"def test_{check.id}(" in released) is not check.hidden


# --- the folder ---


def test_a_build_replaces_an_earlier_release(root):
    """What an earlier release wrote goes or is written again, and the files are returned."""
    loaded, out = load(root, "means"), root / "release/means"
    first = build(loaded, out)
    with (out / RECORD).open("a") as record:
        record.write("stale.py\nold/stale.txt\n")
    (out / "stale.py").write_text("x = 1\n")
    (out / "old").mkdir()
    (out / "old/stale.txt").write_text("x")
    (out / "means.py").write_text("changed")
    (out / KIT / "__pycache__").mkdir()
    (out / KIT / "__pycache__/means.pyc").write_text("x")

    assert build(loaded, out) == first
    assert sorted(path for path in out.rglob("*") if path.is_file()) == list(first)
    assert not (out / "old").exists()
    assert (out / "means.py").read_text() == stub_text(REFERENCE, "means.py")


def test_what_the_instructor_added_to_a_release_stays(root):
    """Files, folders and links that no release wrote survive the next one, also where there is no record yet."""
    loaded, out = load(root, "means"), root / "release/means"
    build(loaded, out)
    (out / "slides").mkdir()
    (out / "slides/one.pdf").write_bytes(b"%PDF")
    (out / "data.csv").write_text("1,2\n")
    (out / "link.csv").symlink_to("data.csv")
    (out / "data.csv").chmod(0o640)
    before = (out / "conftest.py").stat().st_mtime_ns

    for _ in range(2):
        build(loaded, out)
        assert (out / "slides/one.pdf").read_bytes() == b"%PDF"
        assert (out / "data.csv").stat().st_mode & 0o777 == 0o640
        assert (out / "link.csv").readlink() == Path("data.csv")
        assert (out / "conftest.py").stat().st_mtime_ns == before
        assert added(out, contents(loaded)) == ("data.csv", "link.csv", "slides/one.pdf")
        (out / RECORD).unlink()
        (out / KIT / "stale.py").write_text("x = 1\n")
    build(loaded, out)
    assert not (out / KIT / "stale.py").exists()


def test_an_archive_holds_the_release_as_students_get_it(root, tmp_path):
    """Every file, what was added and the kit included, below one folder; the same bytes each time."""
    out = root / "release/means"
    build(load(root, "means"), out)
    (out / "slides.pdf").write_bytes(b"%PDF")
    first = write_archive(out).read_bytes()
    with zipfile.ZipFile(root / "release/means.zip") as packed:
        packed.extractall(tmp_path / "at_home")

    assert write_archive(out).read_bytes() == first
    unpacked = {p.relative_to(tmp_path / "at_home/means"): p.read_bytes() for p in files_below(tmp_path / "at_home")}
    assert unpacked == {p.relative_to(out): p.read_bytes() for p in files_below(out) if p.name != RECORD}
    assert Path(KIT, "compare.py") in unpacked


def test_an_archive_that_cannot_be_written_is_one_sentence(root):
    """A folder of its name stays what it is."""
    out = root / "release/means"
    build(load(root, "means"), out)
    (root / "release/means.zip").mkdir()
    with pytest.raises(
        UsageError, match=r"The archive cannot be written to .*means\.zip: this is a folder and not a file\."
    ):
        write_archive(out)

    assert sorted(path.name for path in out.parent.iterdir()) == ["means", "means.zip"]


def files_below(folder):
    """All files of a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("fails_at", range(6))
def test_a_disk_that_is_full_leaves_the_old_release(root, monkeypatch, fails_at):
    """A release that cannot be written as a whole is not written at all, and nothing is left beside it."""
    loaded, out = load(root, "means"), root / "release/means"
    build(loaded, out)
    (out / "means.py").write_text("the old one")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    calls, write, rename = itertools.count(), Path.write_bytes, Path.rename

    def written(self, data):
        if next(calls) == fails_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    def renamed(self, target):
        if fails_at == 5 and self.name.startswith(".means.new"):
            raise OSError(errno.EIO, "No space left on device")
        return rename(self, target)

    if fails_at < 5:
        monkeypatch.setattr(Path, "write_bytes", written)
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(atomic_files, "_exchanged_at_once", lambda *_: False)
    with pytest.raises(UsageError, match="no space left on device; the release that was there is unchanged"):
        build(loaded, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in out.parent.iterdir()] == ["means"]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("place", ["first file", "exchange", "after it"])
def test_ctrl_c_while_a_release_is_written_leaves_a_whole_one(root, monkeypatch, place, at_once):
    """The old release or the new one, never none, and nothing beside it."""
    loaded, out = load(root, "means"), root / "release/means"
    build(loaded, out)
    fresh = (out / "means.py").read_bytes()
    (out / "means.py").write_text("the old one")
    exchange, rename = atomic_files.exchange, Path.rename

    def interrupted(*_):
        raise KeyboardInterrupt

    def exchanged(*given):
        exchange(*given)
        raise KeyboardInterrupt

    def renamed(self, target):
        if self.name.startswith(".means.new"):
            raise KeyboardInterrupt
        return rename(self, target)

    if not at_once:
        monkeypatch.setattr(atomic_files, "_exchanged_at_once", lambda *_: False)
    if place == "first file":
        monkeypatch.setattr(Path, "write_bytes", interrupted)
    elif place == "after it":
        monkeypatch.setattr(atomic_files, "exchange", exchanged)
    elif at_once:
        monkeypatch.setattr(atomic_files, "_exchanged_at_once", interrupted)
    else:
        monkeypatch.setattr(Path, "rename", renamed)
    with pytest.raises(KeyboardInterrupt):
        build(loaded, out)
    monkeypatch.undo()
    assert (out / "means.py").read_bytes() == (fresh if place == "after it" else b"the old one")
    assert [path.name for path in out.parent.iterdir()] == ["means"]


def test_a_folder_with_something_else_is_left_alone(root):
    """A folder that is no release is never emptied."""
    out = root / "thesis"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")

    with pytest.raises(UsageError, match="is no earlier release"):
        build(load(root, "means"), out)
    with pytest.raises(UsageError, match="is no earlier release"):
        build(load(root, "means"), out / "thesis.tex")
    assert (out / "thesis.tex").read_text() == "years of work"


# --- attempted or not ---


@pytest.mark.parametrize(
    ("text", "verdict", "sentence"),
    [
        (stub_text(REFERENCE, "m"), "NOT_ATTEMPTED", "Not attempted: mean and Scaler.fit are not written yet"),
        (REFERENCE.replace("def fit", "def fitt"), "NOT_ATTEMPTED", "Not attempted: Scaler.fit is not written yet"),
        ("mean = ...\n" + REFERENCE.replace("def mean", "def other"), "NOT_ATTEMPTED", "Not attempted: mean is not"),
        ("def f(:\n", "RAISED", "m.py, line 1: this is not Python"),
        (None, "MISSING", "The file m.py is missing."),
    ],
)
def test_stubs_are_found_in_the_text(tmp_path, text, verdict, sentence):
    """Whether a question is attempted is read from the file, without running it."""
    if text is not None:
        (tmp_path / "m.py").write_text(text)
    with pytest.raises(StudentError) as caught:
        attempted(tmp_path, {"mean": "m.py", "Scaler": "m.py"}, ["mean", "Scaler.fit"])

    assert caught.value.verdict == verdict
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        REFERENCE,
        "mean = lambda x: sum(x) / len(x)\n" + REFERENCE.replace("def mean", "def other"),
        REFERENCE.replace("total = sum(x)", "raise NotImplementedError('abstract')"),
        REFERENCE.replace("total = sum(x)", "every = ..."),
    ],
)
def test_written_functions_are_attempted(tmp_path, text):
    """Right or wrong, what is no longer the stub counts as attempted."""
    (tmp_path / "m.py").write_text(text)

    attempted(tmp_path, {"mean": "m.py", "Scaler": "m.py"}, ["mean", "Scaler.fit"])


# --- as a student runs it ---


def environment(home: Path, *packages: str) -> Path:
    """A Python that has these packages, what they require, and nothing else; its interpreter.

    The packages are links to the ones installed here, so that it is made in no time.
    """
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    waiting, done = list(packages), set()
    while waiting:
        name = waiting.pop()
        distribution = metadata.distribution(name)
        if distribution.metadata["Name"].lower() in done:
            continue
        done.add(distribution.metadata["Name"].lower())
        for file in distribution.files or ():
            top = file.parts[0]
            source = Path(str(distribution.locate_file(top)))
            if top not in ("..", "__pycache__") and source.exists() and not (site / top).exists():
                (site / top).symlink_to(source)
        for line in distribution.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return home / "bin/python"


@pytest.fixture(scope="session")
def bare(tmp_path_factory) -> Path:
    """A Python with numpy and pytest only."""
    return environment(tmp_path_factory.mktemp("bare"), "numpy", "pytest")


@pytest.fixture(scope="session")
def plotting(tmp_path_factory) -> Path:
    """A Python with numpy, pytest and matplotlib only."""
    return environment(tmp_path_factory.mktemp("plotting"), "numpy", "pytest", "matplotlib")


@pytest.fixture
def backprop(tmp_path) -> Path:
    """A student's copy of the release of backprop, below a folder with a conftest.py of other people."""
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not yours')\n")
    build(load(ROOT, "backprop"), tmp_path / "homework")
    return tmp_path / "homework"


def solve(folder: Path, *files: str) -> None:
    """Put the reference's files in place of the stubs."""
    for file in files:
        shutil.copy(ROOT / "reference/backprop" / file, folder / file)


def run(python: Path | str, folder: Path, *options: str) -> tuple[dict[str, str], str]:
    """Run pytest in a folder as students do; outcome of each test, and all that was printed."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON", "MPL", "COV"))}
    # -P: like the command `pytest`, which does not put the current folder on the path
    done = subprocess.run(
        [python, "-B", "-P", "-m", "pytest", "-rA", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**clean, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    text = done.stdout + done.stderr
    found = re.findall(r"^(PASSED|FAILED|ERROR) \S+?::(\w+)", text, re.MULTILINE)
    return {name: outcome for outcome, name in found}, text


def test_every_question_of_the_stub_is_not_attempted(plotting, backprop):
    """Fresh from the release, every question is reported as not attempted, by title, and no test passes."""
    outcomes, text = run(plotting, backprop)
    questions = load(ROOT, "backprop").assignment.questions

    assert set(outcomes.values()) == {"FAILED"}
    for question in questions:
        assert f"not attempted: ({question.id}) {question.title}: " in text
    assert "not attempted: (a) Back-propagation: Network.backprop is not written yet" in text
    assert "Traceback" not in text
    assert "During handling" not in text
    assert "autograder_checks" not in text


def test_the_reference_passes_all_public_tests(plotting, backprop):
    """Solved, everything passes with numpy, pytest and matplotlib."""
    solve(backprop, "backprop_network.py", "backprop_main.py")
    outcomes, text = run(plotting, backprop)

    assert set(outcomes.values()) == {"PASSED"}, text
    assert len(outcomes) >= 8


def test_numpy_and_pytest_suffice_without_plots(bare, backprop):
    """Without matplotlib the network's questions are tested, and the plots say what is missing."""
    solve(backprop, "backprop_network.py", "backprop_main.py")
    outcomes, text = run(bare, backprop)
    failed = {name for name, outcome in outcomes.items() if outcome != "PASSED"}

    assert failed == {"test_three_plots_with_a_curve_for_each_rate"}, text
    assert "the package `matplotlib` is not installed in this Python environment" in text
    assert "No module named 'matplotlib'" in text


def test_the_bare_environment_is_bare(bare):
    """The environment of these tests really lacks what students may lack."""
    for name in ("autograder", "torch", "sklearn", "matplotlib", "hypothesis"):
        assert subprocess.run([bare, "-I", "-c", f"import {name}"], capture_output=True, check=False).returncode == 1
    assert subprocess.run([bare, "-I", "-c", "import numpy, pytest"], check=False).returncode == 0


def test_an_installed_toolkit_does_not_get_in_the_way(backprop):
    """Where the toolkit itself is installed, the folder's own copy is used."""
    solve(backprop, "backprop_network.py")
    support = backprop / KIT / "local/testing.py"
    support.write_text(support.read_text() + '\nprint("the copy in the folder")\n')
    outcomes, text = run(sys.executable, backprop, "-s", "-k", "relu or question_a")

    assert "the copy in the folder" in text
    assert set(outcomes.values()) == {"PASSED"}, text


def test_wrong_code_is_one_sentence_and_raising_code_its_own_traceback(bare, backprop):
    """A wrong answer is reported without our code, and an exception with the student's own lines."""
    solve(backprop, "backprop_network.py")
    file = backprop / "backprop_network.py"
    text = (
        file.read_text()
        .replace("np.maximum(z, 0)", "np.minimum(z, 0)")
        .replace("np.where(z > 0, 1.0, 0.0)", "z / None")
    )
    file.write_text(text)
    outcomes, printed = run(bare, backprop, "-k", "relu")

    assert outcomes == {"test_relu_cuts_at_zero": "FAILED", "test_relu_derivative_is_zero_or_one": "FAILED"}
    assert "(a) Back-propagation: relu(z)" in printed
    assert "(a) Back-propagation: `relu_derivative` raised TypeError (line " in printed
    assert "return z / None" in printed
    assert "autograder/checks" not in printed
    assert "autograder_checks" not in printed


def test_a_partly_earned_check_and_a_needed_value(root, bare):
    """A Credit below 1 fails with its message, and a check that needs another's value gets it."""
    out = root / "release/means"
    build(load(root, "means"), out)
    shutil.copy(root / "reference/means/means.py", out / "means.py")
    outcomes, text = run(bare, out)

    assert outcomes.pop("test_scaler_counts") == "FAILED"
    assert set(outcomes.values()) == {"PASSED"}, text
    assert "test_mean_again" in outcomes
    assert "(b-2) Scaling: 50% of the points. It counts only." in text

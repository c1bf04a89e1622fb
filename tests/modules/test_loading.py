"""Assignments and references are loaded from a course's folders; every fault in them is one sentence with its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.assignment.interface import interface_of
from autograder.checks.errors import InstructorError, UsageError
from autograder.loader import folder_sha256, load, names

ROOT = Path(__file__).resolve().parents[2]

REFERENCE = '''\
"""Two parts."""
from math import pi

LIMIT = 3
_SECRET = 4
low, high = 1, 2
named: int = 5


def area(r):
    """Area."""
    return pi * r * r


def _private():
    return 1


async def later():
    return 1


class Base:
    """Shared."""

    def __init__(self):
        self.x = 1

    def fit(self):
        """Fit."""

    def _own(self):
        return 1

    @property
    def size(self):
        """Size."""
        return 1


class Model(Base):
    """A model."""

    def predict(self):
        """Predict."""


### BEGIN SOLUTION
class Helper:
    pass


### END SOLUTION
'''

ASSIGNMENT = '''\
"""Circles."""
from __future__ import annotations

from dataclasses import dataclass

from autograder import Assignment, Limits
from autograder.checks import close

assignment = Assignment("Circles", files=["circles.py"], given=["tools.py"], limits=Limits(wall_seconds=3))
first = assignment.question("Area", id="a", solution=["area", "Model.fit"])


@dataclass(frozen=True)
class Case:
    r: float


@first.check(points=2)
def area_of_one(student):
    """The area of the unit circle is pi."""
    close(student.area(1), 3.14159265, name="area(1)")
'''


@pytest.fixture
def root(tmp_path) -> Path:
    """A course with one assignment, `circles`."""
    for folder in ("assignments/circles/hidden", "reference/circles"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "assignments/circles/assignment.py").write_text(ASSIGNMENT)
    (tmp_path / "reference/circles/circles.py").write_text(REFERENCE)
    (tmp_path / "reference/circles/tools.py").write_text("def area():\n    return 0\n\n\ndef tool():\n    return 1\n")
    return tmp_path


def script(root: Path) -> Path:
    """The assignment.py of the course."""
    return root / "assignments/circles/assignment.py"


def test_an_assignment_is_loaded_with_its_reference(root):
    """Id, folders, questions and checks are those of the course's folders."""
    loaded = load(root, "circles")

    assert loaded.id == "circles"
    assert loaded.folder == root / "assignments/circles"
    assert loaded.reference_folder == root / "reference/circles"
    assert [check.id for check in loaded.assignment.checks] == ["area_of_one"]
    assert names(root) == ("circles",)


def test_the_assignments_of_this_repository_load():
    """Every assignment that is checked in can be loaded."""
    assert "backprop" in names(ROOT)
    for name in names(ROOT):
        assert load(ROOT, name).assignment.checks


def test_the_interface_is_read_from_the_syntax_tree(root):
    """Public functions, classes with inherited methods and constants, file by file; the first file's name counts."""
    interface = load(root, "circles").interface
    circles, tools = interface.modules

    assert (circles.file, tools.file) == ("circles.py", "tools.py") == interface.files
    assert circles.functions == ("area", "later")
    assert circles.constants == ("LIMIT", "low", "high", "named")
    assert circles.classes == {"Base": ("__init__", "fit"), "Model": ("predict", "__init__", "fit")}
    assert interface.file_of("area") == "circles.py"
    assert interface.file_of("tool") == "tools.py"
    assert interface.file_of("_private") is interface.file_of("pi") is interface.file_of("Helper") is None
    assert interface.is_constant("LIMIT")
    assert not interface.is_constant("area")
    assert interface.methods_of("Model") == ("predict", "__init__", "fit")
    assert interface.methods_of("Nobody") == ()


def test_a_class_that_students_write_whole_is_public():
    """What stands in a solution at module level is the solution's own, unless a question names it."""
    assert interface_of({"m.py": REFERENCE}, expected=["Helper.f"]).file_of("Helper") == "m.py"


def test_methods_are_inherited_across_files_and_circles_end():
    """A base class may come from another file; a class that names itself as its base stops nothing."""
    sources = {
        "a.py": "class Net:\n    def run(self): ...\n",
        "b.py": "import a\nclass Mine(a.Net):\n    def extra(self): ...\nclass Odd(Odd): ...\n",
    }

    assert interface_of(sources).classes == {"Net": ("run",), "Mine": ("extra", "run"), "Odd": ()}


def test_an_unknown_assignment_is_named_with_near_names(root):
    """The sentence gives the near name and the list."""
    with pytest.raises(
        UsageError, match=r"no assignment 'circels'\. Did you mean 'circles'\? The assignments are: circles"
    ):
        load(root, "circels")


def test_a_name_that_is_near_to_nothing_gets_no_guess(root):
    """A word that shares only some letters with an assignment is not taken for it."""
    with pytest.raises(UsageError, match=r"no assignment 'rectangle'\. The assignments are: circles"):
        load(root, "rectangle")


def test_a_folder_without_assignments_is_reported(tmp_path):
    """Outside of a course the sentence says where to go."""
    with pytest.raises(UsageError, match="run this in the folder of the course"):
        load(tmp_path, "circles")


@pytest.mark.parametrize("name", ["../circles", "", ".", "circles/../circles"])
def test_a_path_is_no_name(root, name):
    """Only the names of the list are assignments."""
    with pytest.raises(UsageError):
        load(root, name)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"""Circles."""', "x = (", r"assignment\.py:1: this is not Python"),
        ("first.check(points=2)", "nobody.check(points=2)", r"assignment\.py:18: NameError"),
        ("points=2", "points=-2", r"assignment\.py:18: check 'area_of_one' is worth -2"),
        ('id="a"', 'id="a", solution_=1', r"assignment\.py:10: .*; the fields of Assignment\.question are title, id"),
        ("wall_seconds=3", "wall_seconds=-3", r"assignment\.py:9: The limit wall_seconds must be positive"),
        ('solution=["area", "Model.fit"]', 'solution="aera"', "question 'a' names the solution 'aera'"),
        ("Model.fit", "Model.fti", "question 'a' names the solution 'Model.fti'"),
        ("tools.py", "tols.py", r"names 'tols\.py', but .*reference/circles/tols\.py does not exist"),
    ],
)
def test_faults_in_an_assignment_are_reported_with_file_and_line(root, old, new, sentence):
    """Whatever an assignment.py does wrong is the instructor's, in one sentence."""
    text = script(root).read_text()
    assert old in text
    script(root).write_text(text.replace(old, new))

    with pytest.raises(InstructorError, match=sentence):
        load(root, "circles")


def test_a_file_without_an_assignment_is_reported(root):
    """assignment.py must define `assignment`."""
    script(root).write_text("x = 1\n")

    with pytest.raises(InstructorError, match="does not define 'assignment'"):
        load(root, "circles")


def test_an_unreadable_encoding_is_reported(root):
    """Bytes that are no text are one sentence."""
    script(root).write_bytes(b"# \xff\xfe\n")

    with pytest.raises(InstructorError, match=r"assignment\.py:1: this is not UTF-8 text \(the byte 0xff\)"):
        load(root, "circles")


def test_a_wrong_marker_in_the_reference_is_reported(root):
    """Faults of the reference are found at loading."""
    (root / "reference/circles/circles.py").write_text("### END SOLUTION\n")

    with pytest.raises(InstructorError, match=r"circles\.py:1"):
        load(root, "circles")


def test_hashes_follow_every_file_and_nothing_else(root):
    """A change in any file changes the hash; what Python leaves behind does not."""
    before = load(root, "circles")
    (root / "assignments/circles/__pycache__").mkdir()
    (root / "assignments/circles/__pycache__/assignment.pyc").write_bytes(b"x")
    (root / "assignments/circles/.notes").write_text("x")
    assert load(root, "circles").assignment_sha256 == before.assignment_sha256

    (root / "assignments/circles/hidden/data.txt").write_text("x")
    after = load(root, "circles")
    (root / "reference/circles/tools.py").write_text("def tool():\n    return 2\n")

    assert after.assignment_sha256 != before.assignment_sha256
    assert after.reference_sha256 == before.reference_sha256
    assert load(root, "circles").reference_sha256 != before.reference_sha256


def test_names_of_files_count_in_a_hash(tmp_path):
    """Two folders with the same bytes under other names differ."""
    for folder, name in (("one", "a"), ("two", "b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("x")

    assert folder_sha256(tmp_path / "one") != folder_sha256(tmp_path / "two")


def test_loading_leaves_nothing_behind(root):
    """No module stays in sys.modules and no file is written; a changed file is read again at once."""
    before = set(root.rglob("*"))
    modules = set(sys.modules)
    assert load(root, "circles").assignment.title == "Circles"
    script(root).write_text(ASSIGNMENT.replace('"Circles"', '"Squares"'))

    assert load(root, "circles").assignment.title == "Squares"
    assert set(root.rglob("*")) == before
    assert not {name for name in set(sys.modules) - modules if "assignment" in name}

"""Every value that an instructor writes, given wrongly: one sentence with the place, and never Python's own error."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import make_course

from autograder import loader
from autograder.assignment.declaration import Assignment
from autograder.assignment.question import Case
from autograder.assignment.rubric import Item
from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.course import CONFIG_FILE, Course, HomeworkSet
from autograder.course import load as load_course
from autograder.results import Limits
from autograder.settings import python_text, said, utf8_text, written

ODD = [
    None,
    True,
    3,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    1e308,
    10**400,
    "",
    " ",
    "x\0",
    b"x",
    [],
    {},
    [1],
    {"a"},
    object(),
]
NUMBERS = ["nan", "inf", "-inf", "1e308", "-1e308", "10**400", "'2'", "None", "[1]", "True", "1j"]

HEAD = """from autograder import Assignment, Case, Item, Limits
assignment = Assignment("T", files=["tiny.py"])
q = assignment.question("Q", id="a", solution="double")
nan, inf = float("nan"), float("inf")
def passes(student):
    '''Is right.'''
"""


def fault(tmp_path: Path, line: str) -> str:
    """The sentence about an assignment.py that ends with a line."""
    root = make_course(tmp_path / "course")
    script = root / "assignments" / "tiny" / "assignment.py"
    script.write_text(HEAD + line + "\n", encoding="utf-8")
    with pytest.raises(InstructorError) as caught:
        loader.load(root, "tiny")
    return str(caught.value)


ONE_OF_A_KIND = [
    ('Assignment(3, files=["x.py"])', "Assignment.title is 3; give a text in quotes"),
    ('Assignment("T", files="tiny.py")', "Assignment.files is 'tiny.py'; give names in brackets"),
    ('Assignment("T", files=["a.py", "a.py"])', "Assignment.files names 'a.py' twice"),
    ('Assignment("T", files=["../a.py"])', "give the name of a file inside the folder"),
    ('Assignment("T", files=["a.py"], given="x.csv")', "Assignment.given is 'x.csv'; give names in brackets"),
    ('Assignment("T", files=["a.py"], extra_files=3)', "Assignment.extra_files is 3"),
    ('Assignment("T", files=["a.py"], limits=60)', "Assignment.limits is 60; give Limits(...)"),
    ('Assignment("T", files=["a.py"], full_limits={})', "Assignment.full_limits is {}; give Limits(...)"),
    ('Assignment("T", files=["a.py"], data=None)', "Assignment.data is None"),
    ('Assignment("T", files=["a.py"], preload="torch")', "Assignment.preload is 'torch'; give names in brackets"),
    ('Assignment("T", files=["a.py"], preload=["rm -r"])', "'rm -r', which is no name of a module"),
    ('Assignment("T", files=["a.py"], gpu="no")', "Assignment.gpu is 'no'; give True or False"),
    ('Assignment("T", files=["a.py"], packaged_data=0)', "Assignment.packaged_data is 0; give True or False"),
    ('Assignment("T", files=["a.py"], run_on=None)', "Assignment.run_on is None; give True or False"),
    ('Assignment("T", files=["a.py"], cell_seconds=-1)', "Assignment.cell_seconds is -1"),
    ('Case("x")', "Case.points is 'x'; give a number."),
    ('Case(2_000_000)', "Case.points is 2000000; give a number from -1,000,000 to 1,000,000."),
    ('Assignment("T", files=["a.py"], cell_seed=1.5)', "Assignment.cell_seed is 1.5; give a whole number"),
    ('Assignment("T", file=["a.py"])', "the fields of Assignment are title, files"),
    ('assignment.question("Q", id=3)', "question('Q'): id is 3; give a text in quotes"),
    ('assignment.question("Q", id="a b,c")', "give one word"),
    ('assignment.question(None, id="b")', "question(...): title is None"),
    ('assignment.question("Q", id="b", bonus="yes")', "question('Q'): bonus is 'yes'; give True or False"),
    ('assignment.question("Q", id="b", solution=3)', "question('Q'): solution is 3"),
    ('assignment.question("Q", id="b", limits=3)', "question('Q'): limits is 3; give Limits(...)"),
    ('q.check(points="x")(passes)', "check(...) of the question 'a': points is 'x'; give a number"),
    ('q.check(points=1e308)(passes)', "points is 1e+308; give a number from"),
    ('q.check(points=1, hidden="no")(passes)', "hidden is 'no'; give True or False"),
    ('q.check(points=1, hint=3)(passes)', "hint is 3; give a text in quotes"),
    ('q.check(points=1, needs="name")(passes)', "needs is 'name'; give the function of a check above, without quotes"),
    ('q.check(points=1, needs=[3])(passes)', "needs is [3]; give the function"),
    ('q.check(points=1, cases=3)(passes)', "cases is 3; give {name: points, ...}"),
    ('q.check(cases={"one": "two"})(passes)', "has a case whose points is 'two'; give a number"),
    ('q.check(points=1)(3)', "stands above 3; put it above a function"),
    ('q.check(passes)', "too many arguments without a name; write them by name: points=..., hidden=..."),
    ('Assignment("T", ["a.py"])', "only title can be given without one, all others by name: files=..."),
    ('Case("x")', "Case.points is 'x'; give a number"),
    ('Item(None)', "Item.points is None; give a number"),
    ('q.written("W", points="x", answer="a.md#w")', "written('W'): points is 'x'; give a number"),
    ('q.written("W", points=1, answer=3)', "written('W'): answer is 3"),
    ('q.written("W", points=1, answer="a.md#w", rubric=3)', "written('W'): rubric is 3; give {item: points, ...}"),
    ('q.written("W", points=1, answer="a.md#w", rubric={"x": "y"})', "the points of 'x' is 'y'; give a number"),
    ('Limits(memory_mib=10**30)', "The limit memory_mib must be a number of at most"),
    ('Limits(wall_seconds=nan)', "The limit wall_seconds must be a number of at most"),
    ('Limits(processes=1.5)', "The limit processes must be a whole number, not 1.5"),
    ('Limits(threads="4")', "The limit threads must be a number, not of type str"),
    ('Limits(seconds=4)', "the fields of Limits are wall_seconds, cpu_seconds"),
    ("import sys; sys.exit(3)", "sys.exit(3) ends Python here; remove the call"),
    ("raise SystemExit", "sys.exit(None) ends Python here; remove the call"),
    ("1/0", "ZeroDivisionError: division by zero; correct the line"),
    ("open('/nope/x')", "FileNotFoundError"),
    ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'; correct the line"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "sentence"), ONE_OF_A_KIND, ids=[line for line, _ in ONE_OF_A_KIND])
def test_a_wrong_value_in_an_assignment_names_file_line_and_value(tmp_path: Path, line: str, sentence: str) -> None:
    """Each field of an assignment, given wrongly, is one sentence with the line and with what to write instead."""
    message = fault(tmp_path, line)
    assert sentence in message
    assert re.search(r"assignment\.py:\d+", message)
    assert "\n" not in message


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "place",
    [
        "q.check(points={})(passes)",
        'q.check(cases={{"one": {}}})(passes)',
        "Case({})",
        "Item({})",
        'q.written("W", points={}, answer="a.md#w")',
        'q.written("W", points=1, answer="a.md#w", rubric={{"x": {}}})',
        'Assignment("T", files=["a.py"], cell_seconds={})',
        "Limits(wall_seconds={})",
        "Limits(cpu_seconds={})",
        "Limits(memory_mib={})",
        "Limits(reply_mib={})",
    ],
)
def test_what_is_no_number_of_that_kind_is_refused_everywhere(tmp_path: Path, place: str, number: str) -> None:
    """Not a number, infinity, numbers beyond all sense, texts and None are one sentence wherever a number stands."""
    if number == "None" and place.startswith("q.check(points"):
        assert "has no points" in fault(tmp_path, place.format(number))
    else:
        message = fault(tmp_path, place.format(number))
        assert re.search(r"give a number|must be a number|must be positive", message)
        assert "Error:" not in message


@pytest.mark.parametrize("record", [Course, HomeworkSet], ids=lambda record: record.__name__)
def test_no_odd_value_of_a_course_is_an_error_of_python(record: type) -> None:
    """Whatever stands in a field of `grader_config.py`, it is taken or refused in a sentence that names the field."""
    good = {
        Course: {"title": "T", "assignments": ("a",)},
        HomeworkSet: {"id": "h", "title": "H", "assignments": (), "cap": 1},
    }
    for name in record.__dataclass_fields__:
        for value in ODD:
            try:
                record(**{**good[record], name: value})
            except InstructorError as error:
                assert f"{record.__name__}.{name}" in str(error)


@pytest.mark.parametrize("name", Limits.__dataclass_fields__)
@given(value=st.one_of(st.floats(), st.integers(), st.booleans(), st.text(max_size=3), st.none()))
@settings(max_examples=60, deadline=None)
def test_a_limit_is_a_number_that_the_kernel_takes_or_is_refused(name: str, value: object) -> None:
    """A limit of any value is either a positive number within its range or one sentence."""
    try:
        limits = Limits(**{name: value})
    except UsageError as error:
        assert f"The limit {name} must be" in str(error)
    else:
        assert getattr(limits, name) * 2**20 < 2**63
        assert limits.and_(limits).cpu > 0


@given(value=st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.none(), st.binary(max_size=2)))
@settings(max_examples=200, deadline=None)
def test_points_are_a_finite_number_or_refused(value: object) -> None:
    """Points of any value are a number that can be added up, or one sentence of the instructor's."""
    for make in (Case, Item):
        try:
            made = make(value)
        except InstructorError as error:
            assert f"{make.__name__}.points is" in str(error)
        else:
            assert abs(made.points) <= 1_000_000


@pytest.mark.parametrize("field", inspect.signature(Assignment).parameters)
def test_no_odd_value_of_an_assignment_is_an_error_of_python(field: str) -> None:
    """Whatever stands in a field of an Assignment, it is taken or refused in a sentence that names the field."""
    for value in ODD:
        try:
            Assignment(**{"title": "T", "files": ["a.py"], field: value})
        except GraderError as error:
            assert f"Assignment.{field}" in str(error)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import sys\nsys.exit(3)\n", "grader_config.py:2: sys.exit(3) ends Python here; remove the call."),
        ("exit()\n", "grader_config.py:1: sys.exit(None) ends Python here; remove the call."),
        ("import nope\n", "grader_config.py:1: ModuleNotFoundError: No module named 'nope'; correct the line."),
        (
            "from autograder.config import Course\n",
            "grader_config.py:1: No module named 'autograder.config'; a course's settings are imported from "
            "autograder.course, those of an assignment from autograder and autograder.checks.",
        ),
        ("# caf\xe9\n", "grader_config.py:1: this is not UTF-8 text (the byte 0xe9); save the file as UTF-8"),
        ("x = 1\0\n", "grader_config.py holds NUL bytes, so it is no Python source; save the file as UTF-8."),
        ("# coding: klingon\n", "grader_config.py:1: unknown encoding: klingon; save the file as UTF-8."),
    ],
)
def test_a_configuration_that_cannot_be_run_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """Ending Python, a missing module and another encoding are reported with the line."""
    (tmp_path / CONFIG_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(InstructorError) as caught:
        load_course(tmp_path / CONFIG_FILE)
    assert sentence in str(caught.value)


def test_texts_in_another_encoding_name_the_line(tmp_path: Path) -> None:
    """A handout or module that is not UTF-8 is reported with its line; a declared encoding is read."""
    file = tmp_path / "x.py"
    file.write_bytes("a = 1\nb = 'caf\xe9'\n".encode("latin-1"))
    for read in (utf8_text, python_text):
        with pytest.raises(
            InstructorError, match=r"x\.py:2: this is not UTF-8 text \(the byte 0xe9\); save the file as"
        ):
            read(file)
    file.write_bytes("# coding: latin-1\nb = 'caf\xe9'\n".encode("latin-1"))
    assert "café" in python_text(file)
    with pytest.raises(InstructorError, match="cannot be read: file not found"):
        utf8_text(tmp_path / "none.md")


def test_a_quoted_value_is_short_and_on_one_line() -> None:
    """Values are cut, and one whose `repr` fails is reported by its class."""

    class Odd:
        def __repr__(self) -> str:
            raise ValueError

    assert written("x" * 500).endswith(" ...")
    assert "\n" not in written("a\nb" * 20)
    assert written(Odd()) == "an object of class Odd"
    assert said(ValueError()) == "ValueError: no message; correct the line."

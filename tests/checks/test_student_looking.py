"""Objects that stay inside are inspected like those at hand: on both stand-ins, the same answers."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks import close, same, shape, table
from autograder.checks.errors import CheckFailed, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.remote.channel import RemoteHandle
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request, start, why_not

LIMITS = Limits(wall_seconds=60, cpu_seconds=60, memory_mib=1024)
INTERFACE = Interface(
    (
        ModuleInterface(
            "hw.py",
            (
                *("column", "table", "empty", "closed", "endless", "lying", "odd"),
                *("uncalled", "bound", "kind", "package", "numbers"),
            ),
            {},
            (),
        ),
    )
)
HOMEWORK = '''
import numpy as np


def _made(name, **attributes):
    return type(name, (), attributes)()


def column():
    """As pandas: membership asks the index, a loop gives the values."""
    index, values = ["a", "b"], np.array([2.0, 3.0])
    return _made(
        "Series",
        __len__=lambda self: 2,
        __contains__=lambda self, value: value in index,
        __getitem__=lambda self, key: values[key] if isinstance(key, slice) else values[index.index(key)],
        __iter__=lambda self: iter(values),
        to_numpy=lambda self: values,
    )


def table():
    return _made("Table", __getitem__=lambda self, key: column() if key == "price" else {}[key])


def odd():
    return _made("RemoteHandle: all is well" * 9)


def empty():
    return _made("Empty", __len__=lambda self: 0, rows=lambda self: [])


def closed():
    return _made("Closed")


def uncalled():
    return np.mean


def bound():
    return np.ones(3).sum


def kind():
    return int


def package():
    import math

    return math


def numbers():
    return (each for each in range(2))


def endless():
    def numbers():
        while True:
            yield 1

    return _made("Endless", __iter__=lambda self: numbers())


def lying():
    return _made("Lying", __len__=lambda self: 10**400, __contains__=lambda self, value: "yes")
'''


@pytest.fixture(scope="module")
def sandbox():
    """A started bubblewrap sandbox."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap") as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A staged submission."""
    path = tmp_path / "staged"
    path.mkdir(mode=0o755)
    (path / "hw.py").write_text(HOMEWORK)
    return path


@pytest.fixture
def in_the_sandbox(sandbox, folder):
    """The stand-in for the submission in the sandbox."""
    with contextlib.closing(sandbox.open(Request(folder, LIMITS))) as session:
        yield RemoteStudent(session, INTERFACE, LIMITS, (), folder)


@pytest.fixture(params=["in the sandbox", "in this process"])
def student(request, folder):
    """The stand-in for the submission, of either kind."""
    if request.param == "in this process":
        return LocalStudent(folder, INTERFACE.names)
    return request.getfixturevalue("in_the_sandbox")


def test_a_column_answers_as_it_would_at_hand(student):
    """Its length, what is in it, its elements in order, one of them, some of them, and whether it is true."""
    column = student.column()
    assert len(column) == 2
    assert ("a" in column, "z" in column) == (True, False)
    assert sorted(column, reverse=True) == [3.0, 2.0]
    assert list(column) == [2.0, 3.0]
    assert column["b"] == 3.0
    same(column[1:], [3.0])
    assert column
    assert not student.empty()
    assert student.closed()


def test_a_column_of_a_table_is_an_object_too(student):
    """What an object gives stays inside unless it is plain."""
    assert len(student.table()["price"]) == 2


def test_numpy_sees_the_values_of_a_column_and_nothing_of_other_objects(student):
    """So np.isclose works on what pandas gives; a model is one object, whose elements are not asked for."""
    assert np.isclose(student.column(), [2.0, 3.0]).all()
    assert np.asarray(student.closed()).shape == ()
    assert np.asarray(student.endless()).shape == ()


UNUSABLE = {
    "something that has a length": len,
    "something to loop over": iter,
    "something with items": lambda made: made[0],
    "something to look into with `in`": lambda made: 1 in made,
    "something with `shape`": np.shape,
    "something with `total`": lambda made: made.total(),
}


@pytest.mark.parametrize("expected", UNUSABLE)
def test_an_answer_that_a_check_cannot_use_is_a_wrong_answer(student, expected):
    """It was returned, so no name of the handout is missing and nothing was raised: the sentence says what it is."""
    for name, what in {
        "closed": "an object of class Closed",
        "uncalled": "a function and not its result (are parentheses missing?)",
        "bound": "a function and not its result (are parentheses missing?)",
        "kind": "a class (are parentheses missing?)",
        "package": "a module",
    }.items():
        with pytest.raises(CheckFailed) as failed:
            UNUSABLE[expected](getattr(student, name)())
        assert str(failed.value) == f"{name} returned {what}; expected {expected}."
    assert list(student.numbers()) == [0, 1]


def test_what_an_object_refuses_itself_is_its_own_error(student):
    """As any exception of a submission's."""
    with pytest.raises(StudentError, match="KeyError"):
        student.table()["cost"]


def test_an_object_without_an_end_is_cut_off(student, monkeypatch):
    """As an iterator is that a function returns."""
    monkeypatch.setattr("autograder.checks.local.handles._MOST_ITEMS", 1000)  # at home; outside it is faster
    most = "1,000" if isinstance(student, LocalStudent) else "1,000,000"
    with pytest.raises(StudentError, match=f"(^| ){most} items or .* MiB came out of one iterator") as caught:
        list(student.endless())
    assert caught.value.verdict == "OUTPUT"


def test_a_length_that_is_none_is_the_submissions_fault(student):
    """Whatever it answers, the check goes on with a number or not at all."""
    with pytest.raises((StudentError, OverflowError)):
        len(student.lying())


def test_an_answer_of_the_wrong_type_is_not_believed(in_the_sandbox):
    """A worker that says something else than a number is taken for broken."""
    column = in_the_sandbox.column()
    column._channel.exchange = lambda *_: [("value", "many")]
    with pytest.raises(StudentError, match="An answer out of turn came back") as caught:
        len(column)
    assert caught.value.verdict == "CRASHED"


def test_an_object_where_something_else_is_expected_is_reported_in_the_students_words(student):
    """By the function that returned it and its class, never by what stands for it."""
    reported = []
    for compare in (
        lambda: close(student.closed(), 1.0, name="it"),
        lambda: same(student.closed(), {"a": 1}),
        lambda: same(student.closed(), ["x", "y"]),
        lambda: close(student.closed(), 1 + 2j),
        lambda: same(student.closed(), "text"),
        lambda: table(student.closed(), {"a": [1]}),
        lambda: shape(student.closed(), (2,)),
        lambda: close([student.closed()], [1.0]),
    ):
        with pytest.raises(CheckFailed) as failed:
            compare()
        reported.append(str(failed.value))
    assert reported == [
        "closed returned an object of class Closed; expected numbers.",
        "closed returned an object of class Closed; expected a dict.",
        "closed returned an object of class Closed; expected a list of 2.",
        "closed returned an object of class Closed; expected complex numbers.",
        "closed returned an object of class Closed; expected 'text'.",
        "closed returned an object of class Closed; expected a pandas DataFrame.",
        "closed returned an object of class Closed; expected numbers.",
        "result is a list of something else than numbers; expected numbers.",
    ]


def test_pythons_own_sentences_name_the_objects_class(student):
    """A check that goes on with it as with a number says what it was."""
    made = student.closed()
    for use in (lambda: made > 3, lambda: made + 1, lambda: float(made), lambda: np.isfinite(made)):
        with pytest.raises(TypeError) as caught:
            use()
        assert "Closed" in str(caught.value) or "ufunc" in str(caught.value)
        assert "Handle" not in str(caught.value)
    assert type(made).__name__ == "Closed"
    assert repr(made) == "<a Closed of the submission>"


def test_names_of_classes_stay_out_of_sentences_that_students_read_of_hidden_checks(in_the_sandbox):
    """They could carry hidden inputs out, so only classes of the reference are named in what a submission raises."""
    made = in_the_sandbox.closed()
    assert isinstance(made, RemoteHandle)
    assert made._handle.type_name == "object"


def test_a_class_whose_name_is_none_is_an_object(student):
    """A name is at most 60 letters, digits and underscores."""
    made = student.odd()
    assert type(made).__name__ == "object"
    with pytest.raises(CheckFailed, match="^odd returned an object; expected numbers"):
        close(made, 1.0)

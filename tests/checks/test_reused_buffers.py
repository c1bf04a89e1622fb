"""Answers are taken before the next call: a submission may use the same arrays again for each of them."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_saved import LIMITS

from autograder.assignment.interface import interface_of
from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.checks.plain import to_plain
from autograder.checks.rows import rows
from autograder.remote.student import RemoteStudent
from autograder.sandbox import Request, start, why_not

MODULE = '''
import numpy as np
import torch

array = np.zeros(3)
tensor = torch.zeros(3)
nested = {"list": [array, (array[::-1], 0)], "tensor": tensor, "text": "same"}


def fill(x):
    array[:] = x
    tensor[:] = x


def reused(x):
    """What is given, in the same containers, arrays and tensors each time."""
    fill(x)
    return nested


def reused_of_two(x, y):
    return reused(x + y)["list"]


def one_by_one(x):
    for step in range(3):
        array[:] = x + step
        yield array


def changed(x):
    """The argument itself, changed in place."""
    x *= 2
    return x
'''


@pytest.fixture(scope="module")
def students(tmp_path_factory, bubblewrap_with_torch):
    """The same module behind both stand-ins."""
    folder = tmp_path_factory.mktemp("reused")
    folder.chmod(0o755)
    (folder / "net.py").write_text(MODULE)
    interface = interface_of({"net.py": MODULE})
    session = bubblewrap_with_torch.open(Request(folder, LIMITS, 0))
    yield RemoteStudent(session, interface, LIMITS), LocalStudent(folder, interface.names)
    session.close()


@pytest.fixture(scope="module")
def bubblewrap_with_torch():
    """A started sandbox with torch."""
    reason = why_not("bubblewrap")
    if reason:
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=("numpy", "torch")) as sandbox:
        yield sandbox


def same(got, want) -> bool:
    if isinstance(want, dict):
        return got.keys() == want.keys() and all(same(got[key], value) for key, value in want.items())
    if isinstance(want, (list, tuple)):
        return len(got) == len(want) and all(map(same, got, want))
    return bool(np.all(np.asarray(got) == np.asarray(want)))


def answer(x: float) -> dict[str, object]:
    filled = np.full(3, x)
    return {"list": [filled, (filled, 0)], "tensor": filled.astype(np.float32), "text": "same"}


NUMBERS = st.lists(st.integers(-1000, 1000).map(float), max_size=6)


@given(numbers=NUMBERS)
def test_map_takes_each_answer_before_the_next_call(students, numbers):
    """Arrays and tensors that a function writes into again are right in every answer, however they are nested."""
    for student in students:
        assert same(student.map(student.reused, numbers), [answer(x) for x in numbers])


@given(pairs=st.lists(st.tuples(st.integers(-9, 9).map(float), st.integers(-9, 9).map(float)), max_size=6))
def test_starmap_takes_each_answer_before_the_next_call(students, pairs):
    """The same for a function of several arguments, given as tuples or as rows."""
    expected = [answer(x + y)["list"] for x, y in pairs]
    for student in students:
        assert same(student.starmap(student.reused_of_two, pairs), expected)
        if pairs:
            assert same(student.starmap(student.reused_of_two, rows(*np.array(pairs).T)), expected)


@given(numbers=NUMBERS)
def test_an_iterator_may_give_the_same_array_again(students, numbers):
    """What a generator yields is copied as it comes, alone and in map."""
    for student in students:
        expected = [[np.full(3, x + step) for step in range(3)] for x in numbers]
        assert same(student.map(student.one_by_one, numbers), expected)
        assert same([list(student.one_by_one(x)) for x in numbers], expected)


def test_an_answer_that_is_its_changed_argument_is_taken(students):
    """A function that works in place answers with the rows as it left them, and the check's own stay as they were."""
    x = np.arange(6.0).reshape(3, 2)
    for student in students:
        assert same(student.map(student.changed, rows(x)), 2 * x)
        assert same(x, np.arange(6.0).reshape(3, 2))


@given(numbers=NUMBERS.filter(len))
def test_a_copy_shares_nothing(numbers):
    """to_plain with copy=True gives arrays of its own, also of views, subclasses and nested containers."""

    class Own(np.ndarray):
        pass

    array = np.array(numbers)
    value = {"a": [array, (array[::-1], array.view(Own))], "b": array[None]}
    expected = copy.deepcopy(to_plain(value, list))
    got = to_plain(value, list, copy=True)
    array += 1
    assert same(got, expected)


def test_the_arguments_after_a_call_show_what_it_changed(students) -> None:
    """Each argument comes back as the call leaves it, by place and then by name; the check's own array stays."""
    for student in students:
        x = np.arange(3.0)
        assert same(student.arguments_after(student.changed, x), [2 * x])
        assert same(student.arguments_after(student.changed, x=x), [2 * x])
        assert same(student.arguments_after(student.reused_of_two, 2.0, y=4.0), [2.0, 4.0])
        assert same(x, np.arange(3.0))


def test_arguments_after_needs_a_function_of_the_students(students) -> None:
    """Anything else is the check's mistake; a wrong number of arguments is said as of any call."""
    for student in students:
        with pytest.raises(InstructorError, match=r"arguments_after needs a function of the student's, such as"):
            student.arguments_after(abs, 1)
        with pytest.raises(StudentError, match="changed"):
            student.arguments_after(student.changed, 1, 2)

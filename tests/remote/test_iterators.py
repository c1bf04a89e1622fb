"""Iterators of a submission cross as iterators: their items come one by one, and not more than one answer may hold."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment.interface import interface_of
from autograder.checks import close, same
from autograder.checks.errors import CheckFailed, InstructorError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.checks.plain import PlainError, to_plain
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request

SOURCE = """
import time

import numpy as np

calls = []

def evens(n):
    for i in range(n):
        calls.append(i)
        yield 2 * i

def slow(n):
    for i in range(n):
        time.sleep(0.1)
        yield i

def drawn():
    return len(calls)

def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b

def large():
    while True:
        yield np.zeros(1 << 17)

def many():
    return [(np.zeros(1 << 19) for _ in range(1)) for _ in range(40)]

class Series:
    def to_numpy(self):
        return np.zeros(1 << 19)

def tables():
    return [Series() for _ in range(40)]

def one_buffer(n):
    buffer = np.zeros(2)
    for i in range(n):
        buffer[:] = i
        yield buffer

def breaks():
    yield 1
    yield 2
    raise ValueError("no more")

def pairs(x, y):
    return zip(x, y)

def both(n):
    return evens(n), [evens(2)]

def total(items):
    return sum(items)

def squares(n):
    return [i * i for i in range(n)]

class Counter:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if not self.n:
            raise StopIteration
        self.n -= 1
        return self.n
"""
LIMITS = Limits(wall_seconds=60, memory_mib=512, reply_mib=8)


@pytest.fixture(params=["remote", "local", "reference"])
def student(request, submission_folder):
    """The same module behind each stand-in."""
    folder: Path = submission_folder(SOURCE)
    interface = interface_of({"hw.py": SOURCE})
    if request.param != "remote":
        yield LocalStudent(folder, interface.names, reference=request.param == "reference")
        return
    session = request.getfixturevalue("bubblewrap").open(Request(folder, LIMITS))
    yield RemoteStudent(session, interface, LIMITS)
    session.close()


@pytest.fixture
def submission_folder(tmp_path_factory):
    """A function that writes a text as ``hw.py`` to a folder that a sandbox can read."""
    import tempfile

    made = []

    def write(text):
        made.append(tempfile.TemporaryDirectory())
        folder = Path(made[-1].name)
        folder.chmod(0o755)
        (folder / "hw.py").write_text(text)
        return folder

    yield write
    for each in made:
        each.cleanup()


def test_items_come_one_by_one(student):
    """`next` draws one item and no more, and the end is an end."""
    evens = student.evens(3)

    assert next(evens) == 0
    assert student.drawn() == 1
    assert [next(evens), next(evens)] == [2, 4]
    with pytest.raises(StopIteration):
        next(evens)
    assert next(evens, "end") == "end"


def test_what_python_does_with_iterators_works(student):
    """`iter`, `zip`, `islice`, loops, unpacking, `list`, `in` and `sum`."""
    fibonacci = iter(student.fibonacci())
    assert list(islice(fibonacci, 5)) == [0, 1, 1, 2, 3]
    assert list(zip(range(2), fibonacci, strict=False)) == [(0, 5), (1, 8)]
    first, second = student.evens(2)
    assert (first, second) == (0, 2)
    assert list(student.evens(3000)) == [2 * i for i in range(3000)]
    assert sum(student.evens(4)) == 12
    assert 4 in student.evens(4)
    assert list(student.pairs([1, 2], [3, 4])) == [(1, 3), (2, 4)]
    assert np.asarray(student.evens(3)).tolist() == [0, 2, 4]


def test_lists_stay_lists(student):
    """Only what is an iterator inside is one outside; iterators in tuples and lists are, too."""
    assert student.squares(3) == [0, 1, 4]
    alone, (inner,) = student.both(3)
    assert (next(alone), list(inner)) == (0, [0, 2])


def test_checks_take_the_items_of_an_iterator(student):
    """An answer that comes as `zip`, `map` or a generator is compared as the list of its items."""
    same(student.evens(3), [0, 2, 4])
    close(student.evens(3), np.array([0.0, 2.0, 4.0]))
    with pytest.raises(CheckFailed):
        same(student.evens(3), [0, 2, 5])


def test_an_item_is_what_it_was_when_it_was_drawn(student):
    """A generator that fills one buffer again and again gives different arrays."""
    assert [item.tolist() for item in student.one_buffer(3)] == [[0, 0], [1, 1], [2, 2]]


def test_an_iterator_goes_back_in(student):
    """What was drawn outside is gone inside."""
    evens = student.evens(4)
    next(evens)

    assert student.total(evens) == 2 + 4 + 6


def test_an_object_of_a_class_with_methods_is_drawn_from_too(student):
    """A class of the assignment that is its own iterator."""
    counter = student.Counter(3)

    assert next(counter) == 2
    assert counter.n == 2
    assert list(counter) == [1, 0]


def test_what_an_iterator_raises_is_reported_after_the_items_before_it(student):
    """Also where many items come in one exchange."""
    expected = (StudentError, InstructorError)
    iterator = student.breaks()
    assert [next(iterator), next(iterator)] == [1, 2]
    with pytest.raises(expected, match="no more"):
        next(iterator)
    with pytest.raises(expected, match="no more"):
        list(student.breaks())


@pytest.mark.parametrize("name", ["fibonacci", "large"])
def test_what_has_no_end_is_drawn_to_a_limit(student, name):
    """A check that draws an endless iterator to the end fails with a sentence, and takes no memory."""
    with pytest.raises((StudentError, InstructorError), match="1,000,000 items or .* MiB came out of one iterator"):
        list(getattr(student, name)())


@pytest.mark.parametrize("name", ["many", "tables"])
def test_all_objects_of_one_answer_share_a_limit(submission_folder, bubblewrap, name):
    """Forty iterators or tables of 4 MiB do not fill the grader's memory, although none of them is too large."""
    session = bubblewrap.open(Request(submission_folder(SOURCE), LIMITS))
    student = RemoteStudent(session, interface_of({"hw.py": SOURCE}), LIMITS)
    found = getattr(student, name)()

    with pytest.raises(StudentError, match="More than 32 MiB came out of the objects of one answer"):
        [np.asarray(each) for each in found]
    for _ in range(10):
        assert np.asarray(getattr(student, name)()[0]).shape[-1] == 1 << 19
    session.close()


def test_drawing_in_place_is_limited_in_bytes():
    """Where iterators become lists, what they give has a limit: integers may grow without end."""

    def growing():
        number = 1 << 100_000
        while True:
            yield number
            number <<= 1

    with pytest.raises(PlainError, match="takes more than 1 MiB"):
        to_plain([growing()], str, max_bytes=1 << 20)


def test_what_an_iterator_does_later_is_a_part_of_its_cost(student):
    """A function that only promises its items is measured together with making them."""
    value, cost = student.cost_of(student.slow, 3)

    assert value == [0, 1, 2]
    assert cost.wall_seconds > 0.25

"""Fixtures that several test files share: a small course on disk, and started sandboxes."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import any_address, postgres_address, postgres_folder  # noqa: F401 (fixtures)
from hang_guard import HangGuard
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from autograder.loader import Loaded, load
from autograder.sandbox import start, why_not
from autograder.submissions import Submission, collect

# Tests run side by side: a product of matrices that takes every processor waits for its neighbours, up to ten times as
# long as on one. Programs that tests start inherit it, and so do libraries that are loaded later.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
threadpool_limits(1)

# The same examples in every run, however busy the machine is; `--hypothesis-profile=default` looks for new ones, and
# for more of them.
settings.register_profile(
    "autograder", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("autograder")

# A shell that starts tests in the background lets them ignore Ctrl-C, and so would every program that they stop by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGINT, signal.default_int_handler)

REFERENCE = '''
"""A small homework: doubling, and a counter."""


def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


def greet(name):
    """A greeting."""
    ### BEGIN SOLUTION
    return f"hello {name}"
    ### END SOLUTION


class Counter:
    """Counts."""

    def __init__(self, start):
        """Begin at start."""
        self.count = start

    def add(self, more):
        """Add, and return the count."""
        ### BEGIN SOLUTION
        self.count += more
        return self.count
        ### END SOLUTION
'''

ASSIGNMENT = '''
"""A small homework."""
from autograder import Assignment, Limits
from autograder.checks import Credit, close, same

assignment = Assignment(
    "Small", files=["hw.py"], limits=Limits(wall_seconds=20, cpu_seconds=3, memory_mib=256, output_kib=64)
)
doubling = assignment.question("Doubling", id="a", solution="double")
counting = assignment.question("Counting", id="b", solution="Counter.add")
greeting = assignment.question("Greeting", id="c", solution="greet", bonus=True)


@doubling.check(points=1)
def doubles_three(student):
    """Twice three is six."""
    close(student.double(3), 6, name="double(3)")


@doubling.check(points=2, hidden=True, hint="Think of arrays.", needs=doubles_three)
def doubles_arrays(student, reference, rng):
    """Arrays are doubled entry by entry."""
    x = rng.normal(size=4)
    close(student.double(x), reference.double(x), name="double(x)")


@counting.check(points=3, hidden=True, hint="Count on.")
def counts(student):
    """A counter counts."""
    counter = student.Counter(2)
    same(counter.add(3), 5, name="add(3)")


@counting.check(points=2)
def counts_halfway(student):
    """A counter that counts at all gives half."""
    counted = student.Counter(10).add(2)
    return Credit({12: 1.0, 11: 0.5}.get(counted, 0.0), "It counts, but not rightly.")


@greeting.check(points=1)
def greets(student):
    """A greeting holds the name."""
    assert "Ada" in student.greet("Ada"), "the name is missing"
'''


_guards: list[HangGuard] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Each process that runs tests is guarded; one that only hands them out runs none."""
    if not session.config.getoption("numprocesses", None):
        _guards.append(HangGuard())


def pytest_runtest_logstart() -> None:
    """The guard sees that another test begins."""
    for guard in _guards:
        guard.begins()


def pytest_sessionfinish() -> None:
    """Nothing is guarded any more."""
    while _guards:
        _guards.pop().ends()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser are long; one process runs all tests of a file that share what is made once for the file."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.long)
        if isinstance(item, pytest.Function) and not item.get_closest_marker("xdist_group") and _shares(item):
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


def _shares(item: pytest.Function) -> bool:
    """Whether a test uses a fixture that its own file makes once."""
    known = item._fixtureinfo.name2fixturedefs.values()
    return any(each.scope == "module" and each.baseid == item.location[0] for found in known for each in found)


@pytest.fixture
def course(tmp_path) -> Path:
    """The root of a course with one small assignment, `small`."""
    root = tmp_path / "course"
    (root / "assignments" / "small").mkdir(parents=True)
    (root / "reference" / "small").mkdir(parents=True)
    (root / "assignments" / "small" / "assignment.py").write_text(ASSIGNMENT.lstrip())
    (root / "assignments" / "small" / "handout.md").write_text("# Small\n\nDouble, count, greet.\n")
    (root / "reference" / "small" / "hw.py").write_text(REFERENCE.lstrip())
    return root


@pytest.fixture
def small(course) -> Loaded:
    """The small assignment, loaded."""
    return load(course, "small")


@pytest.fixture
def hand_in(tmp_path):
    """A function that makes a `Submission` of the text of ``hw.py`` (or of several files by name)."""

    def make(text: str = "", student: str = "ada", **files: str) -> Submission:
        inbox = tmp_path / "inbox" / student
        inbox.mkdir(parents=True)
        for name, content in ({"hw.py": text} if text else {}).items() | files.items():
            (inbox / name).write_text(textwrap.dedent(content))
        (submission,) = [
            each for each in collect(inbox.parent, ("hw.py",), tmp_path / "staging") if each.student == student
        ]
        return submission

    return make


@pytest.fixture(scope="session")
def bubblewrap():
    """A started bubblewrap sandbox for the whole test run."""
    reason = why_not("bubblewrap")
    if reason:
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap") as sandbox:
        yield sandbox


@functools.cache
def _once(function: Callable[[], str]) -> Callable[[], str]:
    """A function that is called for the first time alone."""
    return functools.cache(function)


@pytest.fixture(scope="module")
def alembic_once() -> Iterator[None]:
    """nbgrader starts a program for each new gradebook, to read the newest version: 3 s of CPU, spent once here.

    `test_nbgrader_gradebook` has it start as it does.
    """
    from nbgrader import api

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", _once(api.get_alembic_version))
        yield


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause between requests to a platform that would be made, none of which is."""
    from autograder.formats.lms import http

    made: list[float] = []
    monkeypatch.setattr(http.time, "sleep", made.append)
    return made

"""Starting an assignment from what an instructor has: doctests, files of tests, notebooks."""

from __future__ import annotations

import inspect
import json
import textwrap
from pathlib import Path

import numpy as np
import otter_master as master
import pytest
from test_new import CONFIG, run, written

from autograder import loader
from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.local.student import LocalStudent
from autograder.scaffold import Recipe, Started, foreign_tests, start_from
from autograder.scaffold.reference import as_module, is_otter
from autograder.scaffold.values import describe

SOLVED = '''\
"""Small functions."""

import numpy as np


def mean(values):
    """The mean.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    >>> mean([])
    Traceback (most recent call last):
    ValueError: no values
    """
    ### BEGIN SOLUTION
    if len(values) == 0:
        raise ValueError("no values")
    return float(np.sum(values) / len(values))
    ### END SOLUTION


class Counter:
    """Counts."""

    def __init__(self):
        self.count = 0

    def add(self, by=1):
        """Add, and return the count."""
        ### BEGIN SOLUTION
        self.count += by
        return self.count
        ### END SOLUTION
'''
PYTEST = '''\
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import small
from small import Counter

LIMIT = 4.0


@pytest.fixture
def counter():
    made = Counter()
    made.add(2)
    return made


def test_mean_of_two():
    """The mean of two numbers lies between them."""
    assert small.mean([3.0, 5.0]) == pytest.approx(LIMIT)


@pytest.mark.parametrize("values, expected", [([1.0], 1.0), ([2.0, 4.0], 3.0)])
def test_mean(values, expected):
    assert_allclose(small.mean(values), expected, rtol=1e-6)


def test_of_nothing():
    with pytest.raises(ValueError):
        small.mean([])


def test_counter_goes_on(counter):
    assert counter.add(3) == 5 and counter.count > 4


def test_writes(tmp_path):
    assert small.mean([1.0]) == 1.0


def test_wrong():
    assert small.mean([1.0]) == 2.0
'''
GRADESCOPE = '''\
import unittest

from gradescope_utils.autograder_utils.decorators import number, visibility, weight

import small


class TestMean(unittest.TestCase):
    def setUp(self):
        self.values = [2.0, 4.0]

    @weight(3)
    @number("1.1")
    def test_mean(self):
        """The mean of two values"""
        self.assertAlmostEqual(small.mean(self.values), 3.0, places=5)

    @weight(2.5)
    @number("1.2")
    @visibility("hidden")
    def test_raises(self):
        """Nothing has no mean"""
        with self.assertRaises(ValueError):
            small.mean([])
'''


@pytest.fixture
def root(tmp_path) -> Path:
    """An empty course."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "grader_config.py").write_text(CONFIG)
    return folder


def started_from(root: Path, tests: str = "", solved: str = SOLVED) -> Started:
    """An assignment from the module small.py, with a file of tests beside it."""
    folder = root.parent / "solved"
    folder.mkdir()
    (folder / "small.py").write_text(solved)
    files = ()
    if tests:
        (folder / "test_small.py").write_text(tests)
        files = (folder / "test_small.py",)
    return start_from(root, "fresh", Recipe(folder / "small.py", tests=files, seconds=20))


def of(text: str, *names: str) -> dict[str, str]:
    """What became of each test of a file: its body, or why it stays."""
    found = foreign_tests.tests_in(textwrap.dedent(text), names or ("f", "Thing"), ("mod",))
    return {each.id: each.stays or "\n".join(each.lines) for each in found}


def only(text: str) -> str:
    """What became of the only test."""
    (found,) = of(f"import numpy as np\nimport pytest\nfrom mod import f, Thing\n\n{textwrap.dedent(text)}").values()
    return found


class TestDoctests:
    """Examples in docstrings are public checks."""

    def test_an_example_is_a_public_check(self, root) -> None:
        """The call and what it shows, exceptions included, are asked of students."""
        started_from(root)
        text = written(root)
        assert 'agree(student.mean([1.0, 2.0, 6.0]), 3.0, "mean([1.0, 2.0, 6.0])", rtol=1e-4, atol=1e-6)' in text
        assert 'raises("ValueError", lambda: student.mean([]), name="mean([])")' in text
        check = loader.load(root, "fresh").assignment.questions[0].checks[0]
        assert (check.id, check.hidden) == ("mean_does_as_its_docstring_shows", False)

    @pytest.mark.parametrize(
        ("example", "line"),
        [
            (">>> f(2)\n4", "agree(student.f(2), 4, 'f(2)', rtol=1e-4, atol=1e-6)"),
            (
                ">>> x = f(1)\n>>> x\narray([1., 2.])",
                "x = student.f(1)\nagree(x, [1.0, 2.0], 'x', rtol=1e-4, atol=1e-6)",
            ),
            (">>> print(f(2))\n4", "compares what is printed"),
            (">>> f(2)\n<object>", "shows '<object>', which is no literal"),
        ],
    )
    def test_what_is_shown(self, example, line) -> None:
        """Literals and arrays are compared; what is printed, or no literal, is named."""
        found = foreign_tests.doctests_in("f", example, 1, ("f",))
        assert found is not None
        assert (found.stays or "\n".join(found.lines)) == line

    def test_without_examples(self) -> None:
        """A docstring without examples gives nothing."""
        assert foreign_tests.doctests_in("f", "Twice.", 1, ("f",)) is None

    def test_a_doctest_that_shows_an_array_is_a_check(self, root) -> None:
        """An answer with rows is compared with what numpy printed, whether it is an array or nested lists."""
        shown = SOLVED.replace("    3.0\n", "    3.0\n    >>> doubled([[0.5, 1.0]])\n    array([[1., 2.]])\n")
        more = "\n\ndef doubled(x):\n    return np.asarray(x) * 2.0\n"
        started_from(root, solved=shown.replace("    >>> mean([])", "    >>> mean([])") + more)
        assert "TODO: the doctest at line" not in written(root)

    def test_a_doctest_that_does_not_hold_is_named(self, root) -> None:
        """What the reference itself does not do is no check, and stands as a TODO with its line."""
        started_from(root, solved=SOLVED.replace("    3.0\n", "    4.0\n"))
        assert "TODO: the doctest at line" in written(root)


class TestPytest:
    """Functions of pytest are checks of the function that they call."""

    def test_a_file_of_tests(self, root) -> None:
        """Asserts, parameters, fixtures and expected exceptions are taken over; what is not stands with its line."""
        started = started_from(root, PYTEST)
        text = written(root)
        assert 'close(student.mean([3.0, 5.0]), LIMIT, name="small.mean([3.0, 5.0])", rtol=1e-06, atol=1e-12)' in text
        assert "for values, expected in [([1.0], 1.0), ([2.0, 4.0], 3.0)]:" in text
        assert 'same(counter.add(3), 5, name="counter.add(3)")' in text
        assert any(
            each.startswith("test_small.py:39: test_writes uses pytest's fixture tmp_path") for each in started.notes
        )
        assert any("test_wrong does not hold for the reference" in each for each in started.notes)
        questions = {each.title: each for each in loader.load(root, "fresh").assignment.questions}
        assert [check.id for check in questions["Add, and return the count"].checks] == ["test_counter_goes_on"]

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("def test_a():\n    assert f(1) == 2", "same(student.f(1), 2, name='f(1)')"),
            ("def test_a():\n    assert 2 == f(1)", "same(student.f(1), 2, name='f(1)')"),
            (
                "def test_a():\n    assert np.allclose(f(1), 2, atol=0.1)",
                "close(student.f(1), 2, name='f(1)', rtol=1e-05, atol=0.1)",
            ),
            (
                "def test_a():\n    np.testing.assert_array_equal(f(1), [2])",
                "same(student.f(1), [2], name='f(1)')",
            ),
            (
                "def test_a():\n    x = Thing(1)\n    assert x.ready",
                "x = student.Thing(1)\nif not (x.ready):\n"
                "    raise CheckFailed('Expected x.ready, which does not hold.')",
            ),
            (
                "def test_a():\n    for k in (1, 2):\n        assert f(k) == k",
                "for k in (1, 2):\n    same(student.f(k), k, name='f(k)')",
            ),
            ("def test_a(other):\n    assert f(1)", "uses the fixture other, which is not in this file"),
            ("def test_a():\n    f(1)", "asserts nothing that was understood"),
            ("def test_a():\n    assert 1 == 1", "calls nothing of the reference"),
            (
                "@pytest.mark.skip\ndef test_a():\n    assert f(1) == 1",
                "is marked pytest.mark.skip",
            ),
            (
                "def test_a():\n    with open('x') as file:\n        assert f(file) == 1",
                "has a block 'with open('x')' that a check cannot take over",
            ),
        ],
    )
    def test_what_is_asserted(self, text, line) -> None:
        """Each kind of assertion, and each reason why a test stays."""
        assert only(text) == line


class TestGradescope:
    """Classes of unittest with Gradescope's decorators keep points, visibility and numbers."""

    def test_a_harness(self, root) -> None:
        """@weight is points, @visibility hidden or not, @number and docstring the title; setUp comes first."""
        started_from(root, GRADESCOPE)
        checks = {check.id: check for each in loader.load(root, "fresh").assignment.questions for check in each.checks}
        mean, raising = checks["test_mean"], checks["test_raises"]
        assert (mean.points, mean.hidden, mean.title) == (3, False, "1.1: The mean of two values.")
        assert (raising.points, raising.hidden) == (2.5, True)
        assert 'close(student.mean(values), 3.0, name="small.mean(self.values)"' in written(root).replace(
            "\n        ", ""
        )

    @pytest.mark.parametrize(
        ("call", "line"),
        [
            ("self.assertEqual(f(1), 2)", "same(student.f(1), 2, name='f(1)')"),
            (
                "self.assertTrue(f(1) > 2)",
                "if not (student.f(1) > 2):\n    raise CheckFailed('Expected f(1) > 2, which does not hold.')",
            ),
            (
                "self.assertIsNone(f(1))",
                "if not (student.f(1) is None):\n    raise CheckFailed('Expected f(1) is None, which does not hold.')",
            ),
            ("self.assertRaises(ValueError, f, 1)", "raises('ValueError', lambda: student.f(1), name='f(1)')"),
            ("self.assertWarns(UserWarning, f, 1)", "uses assertWarns, which has no counterpart"),
        ],
    )
    def test_assertions(self, call, line) -> None:
        """Each method of unittest that has a counterpart, and one that has none."""
        text = f"import unittest\n\n\nclass TestA(unittest.TestCase):\n    def test_a(self):\n        {call}"
        assert only(text) == line


class TestFilesOfTests:
    """What --tests refuses."""

    def test_no_such_file(self, root) -> None:
        """A file that is not there is a wrong call."""
        (root.parent / "small.py").write_text(SOLVED)
        with pytest.raises(UsageError, match=r"--tests: .*gone\.py does not exist; name a file of tests"):
            start_from(root, "fresh", Recipe(root.parent / "small.py", tests=(root / "gone.py",)))

    def test_no_tests(self, root) -> None:
        """A file without tests is a wrong call."""
        (root.parent / "small.py").write_text(SOLVED)
        with pytest.raises(UsageError, match=r"holds no function that begins with 'test'"):
            start_from(root, "fresh", Recipe(root.parent / "small.py", tests=(root.parent / "small.py",)))

    def test_without_example_or_tests(self, root) -> None:
        """The refusal of a reference without example names --tests."""
        (root.parent / "small.py").write_text(SOLVED.replace(">>>", ""))
        with pytest.raises(InstructorError, match="or tests with --tests"):
            start_from(root, "fresh", Recipe(root.parent / "small.py"))


def notebook(path: Path, *cells: str, raw: str = "") -> Path:
    """A notebook with some code cells."""
    made = [{"cell_type": "raw", "metadata": {}, "source": raw}] if raw else []
    made += [
        {"cell_type": "code", "metadata": {}, "source": cell, "outputs": [], "execution_count": None} for cell in cells
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": made}))
    return path


CELLS = (
    "import numpy as np",
    "%matplotlib inline\nSCALE = 2",
    "### BEGIN SOLUTION\ndef double(x):\n    return SCALE * x\n### END SOLUTION",
    'def half(x):\n    """Half of x."""\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION\n\nhalf(3.0)',
    "values = np.array([1.0, 2.5])\nprint(half(values))",
)


class TestNotebooks:
    """A solved notebook is drafted like a module, and stays a notebook."""

    def test_cells_become_a_module_and_its_example(self, tmp_path) -> None:
        """Definitions come first, with their markers; all else is the example."""
        text = as_module(notebook(tmp_path / "hw.ipynb", *CELLS))
        module, _, example = text.partition('if __name__ == "__main__":')
        assert "### BEGIN SOLUTION\ndef double(x):\n    return SCALE * x\n### END SOLUTION" in module
        assert "SCALE = 2" in module
        assert "half(3.0)" in example
        assert "print(half(values))" in example

    @pytest.mark.long
    def test_a_notebook_is_handed_out_as_one(self, root) -> None:
        """Its copy is the reference, and the reference passes the checks that came from its cells."""
        source = notebook(root.parent / "hw.ipynb", *CELLS)
        started = start_from(root, "fresh", Recipe(source, seconds=20))
        loaded = loader.load(root, "fresh")
        assert loaded.assignment.files == ("hw.ipynb",)
        assert (root / "reference" / "fresh" / "hw.ipynb").read_bytes() == source.read_bytes()
        assert started.checks >= 2
        reference = LocalStudent(loaded.reference_folder, loaded.interface.names, reference=True)
        for question in loaded.assignment.questions:
            for check in question.checks:
                sides = {"student": reference, "reference": reference, "rng": np.random.default_rng(1)}
                check.function(**{name: sides[name] for name in inspect.signature(check.function).parameters})

    def test_what_is_no_notebook(self, root) -> None:
        """A file that cannot be read, and a cell that is no Python, are reported with their place."""
        (root.parent / "hw.ipynb").write_text("{}")
        with pytest.raises(InstructorError, match=r"hw\.ipynb is no notebook of version 4"):
            start_from(root, "fresh", Recipe(root.parent / "hw.ipynb"))
        notebook(root.parent / "hw.ipynb", "x = 1", "def f(:\n    pass")
        with pytest.raises(InstructorError, match=r"hw\.ipynb, cell 2, line 1: this is no Python"):
            start_from(root, "fresh", Recipe(root.parent / "hw.ipynb"))
        with pytest.raises(UsageError, match="gone.ipynb does not exist; name the solved reference"):
            start_from(root, "fresh", Recipe(root.parent / "gone.ipynb"))

    def test_a_master_of_otter_is_recognised(self, tmp_path) -> None:
        """The raw cell with the configuration tells it."""
        assert is_otter(notebook(tmp_path / "a.ipynb", "x = 1", raw="# ASSIGNMENT CONFIG\nname: hw"))
        assert not is_otter(notebook(tmp_path / "b.ipynb", "x = 1"))
        assert not is_otter(tmp_path / "gone.ipynb")


class TestTables:
    """Functions of DataFrames are drafted like those of arrays."""

    @pytest.mark.long
    def test_a_table_is_made_like_the_recorded_one(self, root) -> None:
        """Columns keep their names, kinds, ranges and gaps, and the answers are compared as tables."""
        pytest.importorskip("pandas", reason="this is about pandas, which the toolkit does not need")
        (root.parent / "flats.py").write_text(
            textwrap.dedent(
                """
                import pandas as pd


                def filled(frame):
                    ### BEGIN SOLUTION
                    means = frame.groupby("city")["area"].transform("mean")
                    return frame.assign(area=frame["area"].fillna(means))
                    ### END SOLUTION


                if __name__ == "__main__":
                    cities, areas = ["Ulm", "Bonn", "Ulm"], [60.0, 80.0, None]
                    filled(pd.DataFrame({"city": cities, "rooms": [2, 5, 3], "area": areas}))
                """
            ).lstrip()
        )
        start_from(root, "fresh", Recipe(root.parent / "flats.py", seconds=20))
        text = written(root)
        assert "import pandas as pd" in text
        assert '"city": rng.choice(["Ulm", "Bonn"], size=n).tolist(),' in text
        assert '"area": np.where(rng.permutation(n) < (n + 8) // 10, np.nan, rng.uniform(60, 80, size=n)),' in text
        assert 'close(got, want, name="filled(frame)"' in text

    def test_a_table_that_cannot_be_made_is_reported(self) -> None:
        """One with an index of its own, or with other things in it, is named."""
        pandas = pytest.importorskip("pandas", reason="this is about pandas, which the toolkit does not need")
        indexed = describe(pandas.DataFrame({"a": [1.0]}, index=["x"]), lambda _: False)
        held = describe(pandas.DataFrame({"a": [{1}, {2}]}), lambda _: False)
        assert indexed.text == "DataFrame with an index, or columns, of its own"
        assert held.text == "DataFrame with a column that holds neither numbers nor text"


class TestCommand:
    """`autograder new --from` on the command line, for what is not a module."""

    def test_a_master_of_otter_is_imported(self, root) -> None:
        """Its tests become checks, as by `autograder import otter`."""
        asked = master.question(
            "q1",
            *master.block("SOLUTION", master.code("def square(x):\n    return x * x # SOLUTION")),
            *master.block("TESTS", master.code("square(3)", shows="9")),
        )
        config = master.raw("# ASSIGNMENT CONFIG", "name: hw")
        source = master.write(root.parent / "in" / "hw.ipynb", config, *asked)
        said = run("new", "squares", "--from", source, cwd=root).stdout
        assert "Written: reference/squares/squares.ipynb" in said
        assert "1 question, 1 check" in said

    def test_tests_are_given_by_name(self, root) -> None:
        """--tests may come more than once, and what stays is said."""
        (root.parent / "small.py").write_text(SOLVED)
        (root.parent / "test_small.py").write_text(PYTEST)
        more = root.parent / "harness"
        more.mkdir()
        (more / "test_more.py").write_text(GRADESCOPE)
        files = ["--tests", root.parent / "test_small.py", "--tests", more]
        said = run("new", "fresh", "--from", root.parent / "small.py", *files, cwd=root).stdout
        assert "test_small.py:39: test_writes uses pytest's fixture tmp_path." in " ".join(said.split())
        checks = [check.id for each in loader.load(root, "fresh").assignment.questions for check in each.checks]
        assert {"test_mean", "test_mean_2", "test_raises"} <= set(checks)

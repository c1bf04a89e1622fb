"""Otter assignments become ours: what is read, what is written, what the points are, and what is refused."""

from __future__ import annotations

import ast
import json
import re
from fractions import Fraction
from pathlib import Path

import otter_master as master
import pytest
from command_line import refused, run
from hypothesis import given
from hypothesis import strategies as st
from otter_master import block, code, question, raw, text, write

from autograder import loader
from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.local.student import LocalStudent
from autograder.formats.otter import Imported, import_otter, settings
from autograder.formats.otter.doctests import move
from autograder.formats.otter.master import Case, parse
from autograder.formats.otter.names import names_of
from autograder.formats.otter.notebook import read_master
from autograder.formats.otter.settings import PointsError, resolved, written
from autograder.formats.otter.statements import Stays, expected
from autograder.grading import RunOptions, grade
from autograder.markers import cut
from autograder.quality.validation import validate
from autograder.quality.validation.static_analysis import todos
from autograder.release import build
from autograder.results import Report

MODULE = """
import math
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from numpy.random import default_rng
from pandas import DataFrame

rate = 0.5
data = pd.read_csv("data.csv")
chart = plt.plot()
_secret = 3
for index in range(3):
    pass

def f(x): return x
def g(x): return x
def seed(x): return x

class Stack:
    def push(self, x): pass
"""
RIGHT = """
import numpy as np
def square(x): return x ** 2
nine = square(3)
def mean(values):
    if not len(values): raise ValueError
    return float(np.mean(values))
def halves(n): return [k / 2 for k in range(n)]
def greeting(name): return "Hello, " + name + "!"
"""
WRONG = """
def square(x): return abs(x) * x
nine = 9.5
def mean(values): return sum(values) / max(1, len(values))
def halves(n): return [k / 2 for k in range(n + 1)]
def greeting(name): return "Hello, " + name + "!"
"""


@pytest.fixture
def root(tmp_path) -> Path:
    """An empty course."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "grader_config.py").write_text(master.CONFIG)
    return folder


@pytest.fixture
def graded(hand_in, bubblewrap):
    """A function that grades the text of ``hw.py``."""

    def grading(loaded: loader.Loaded, source: str) -> Report:
        return grade(loaded, hand_in(source), bubblewrap, None, RunOptions(seed="otter"))

    return grading


def imported(root: Path, *cells, name: str = "hw", module: bool = True, **more) -> Imported:
    """Import a notebook of these cells."""
    return import_otter(root, write(root.parent / "in" / f"{name}.ipynb", *cells, **more), module=module)


def of(root: Path, name: str = "hw", suffix: str = ".py") -> tuple[str, str, str]:
    """The assignment.py, the reference and the handout that were written."""
    folder = root / "assignments" / name
    reference = root / "reference" / name / f"{name}{suffix}"
    return (folder / "assignment.py").read_text(), reference.read_text(), (folder / "handout.md").read_text()


def moved(source: str, shows: str = "", *, hidden: bool = False, ran: bool = True, doctests: bool = True) -> str:
    """The body of the check that a test becomes."""
    case = Case(1, source, shows, "", ran, hidden)
    return "\n".join(move(case, names_of(MODULE, "hw.py", ()), doctests=doctests).lines)


def stays(source: str, shows: str = "", **more) -> str:
    """Why a test becomes no check."""
    with pytest.raises(Stays) as caught:
        moved(source, shows, **more)
    return str(caught.value)


class TestFromNotebookToGrades:
    """The whole way, as an instructor goes it."""

    @pytest.mark.long
    def test_a_course_is_imported_and_validated(self, root) -> None:
        """What the command writes passes `autograder validate --quick` as it is."""
        master.homework(root.parent / "in" / "hw01.ipynb")
        done = run("import", "otter", root.parent / "in", "--module", "--course", root, cwd=root)

        assert done.returncode == 0, done.stderr
        assert "Written: reference/hw01/hw01.py" in done.stdout
        assert "3 questions, 10 checks, 11.5 points." in done.stdout
        assert "Manually graded: q3; a rubric may be added." in done.stdout
        assert 'Add "hw01" to the assignments in grader_config.py.' in done.stdout
        done = run("validate", "hw01", "--quick", cwd=root)
        assert done.returncode == 0, done.stdout
        assert "hw01 is fit to be handed out" in done.stdout or "✗" not in done.stdout

    @pytest.mark.parametrize(
        ("source", "points"),
        [
            pytest.param(RIGHT, {"q1": 4.5, "q2": 7.0}, id="right"),
            # square(-2) is -4, nine is no 9, mean([]) raises nothing, halves has one entry too many.
            pytest.param(WRONG, {"q1": 1.5, "q2": 4.67}, id="wrong"),
            pytest.param("def square(x): return x * x\n", {"q1": 2.5, "q2": 0}, id="half"),
        ],
    )
    def test_submissions_get_the_points_of_otter(self, root, graded, source, points) -> None:
        """Right and wrong work gets what Otter's rules give for the same test cases."""
        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb"), "hw", module=True)
        loaded = loader.load(root, "hw")
        report = graded(loaded, source)

        assert {each.id: each.points for each in report.questions} == pytest.approx({**points, "q3": 0})

    def test_the_notebook_form_keeps_the_cells(self, root) -> None:
        """Without --module, cells stay cells: no tests, no Otter; solutions keep their marks, and answers get some."""
        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb", table=True))
        assignment, reference, _ = of(root, "hw01", ".ipynb")
        cells = json.loads(reference)["cells"]
        sources = ["".join(cell["source"]) for cell in cells]

        assert 'files=["hw01.ipynb"]' in assignment
        assert master.SQUARE.strip() in sources
        thoughts = "_Your thoughts here._\n\n### BEGIN SOLUTION\nBecause the mean is linear.\n### END SOLUTION"
        assert thoughts in sources
        assert not re.search("BEGIN TESTS|BEGIN QUESTION|otter|HIDDEN", reference)
        assert {cell["cell_type"] for cell in cells} == {"code", "markdown"}
        assert len({cell["id"] for cell in cells}) == len(cells)

    def test_the_notebook_form_is_a_valid_notebook(self, root) -> None:
        """nbformat finds nothing to complain about."""
        import nbformat

        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb"))
        nbformat.validate(nbformat.read(root / "reference" / "hw01" / "hw01.ipynb", as_version=4))

    def test_the_handout_is_the_markdown_with_points(self, root) -> None:
        """Each question has a heading with its id and points; no written answer and no second heading."""
        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb"), module=True)
        handout = of(root, "hw01")[2]

        assert handout.startswith(
            "# Numbers and words\n\nYou write what is missing in `hw01.py` and `answers.md`, and hand it in.\n"
        )
        assert "## (q1) Question 1: squares, 4.5 points\n\nWrite `square`" in handout
        assert "## (q2) Question 2, 7 points\n\nWrite `mean`" in handout
        assert "## (q3) Question 3, 5 points\n\nThis question is manually graded.\n\nWhy is" in handout
        assert "linear" not in handout

    def test_what_stays_is_listed_and_kept(self, root) -> None:
        """A test that becomes no check stands in assignment.py with its code and output; the points do not hide it."""
        done = import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb", table=True), module=True)

        (sentence,) = done.stays
        assert sentence.startswith("test 7 of q2 (cell 30) shows an object that is no plain value ('n  square...')")
        assert "# | table(3)\n# Its output:\n# |    n  square\n" in of(root, "hw01")[0]
        assert (done.checks, done.points) == (10, "10.5")

    def test_nothing_of_a_hidden_test_is_in_its_title(self, root) -> None:
        """Titles are read by students, so a hidden test has none of its own words."""
        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb"), module=True)
        titles = {check.id: check.title for check in loader.load(root, "hw01").assignment.checks}

        assert titles["q1_hidden_test_3"] == "Hidden test 3 of q1."
        assert titles["q1_test_2"] == "Test 2 of q1: Squares are never negative."
        assert titles["q2_test_5"] == "Test 5 of q2: mean([]) must raise an exception."

    def test_the_stub_of_the_module_shows_no_solution(self, root) -> None:
        """The markers of the module are read by the release."""
        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb"), module=True)
        stub = cut(of(root, "hw01")[1], "hw01.py")

        assert "nine = ..." in stub
        assert "sum(values)" not in stub

    def test_nothing_is_overwritten(self, root) -> None:
        """A second import is refused, and the first one is not changed."""
        path = master.homework(root.parent / "in" / "hw01.ipynb")
        import_otter(root, path, module=True)
        before = of(root, "hw01")
        done = run("import", "otter", path, "--course", root, cwd=root)

        refused(done, "is there already; name another assignment than 'hw01'")
        assert of(root, "hw01") == before

    def test_a_name_can_be_given(self, root) -> None:
        """--name names the folders, and what is no name is refused."""
        path = master.homework(root.parent / "in" / "hw01.ipynb")
        assert import_otter(root, path, "other", module=True).files[0].name == "other.py"
        with pytest.raises(UsageError, match="is no name for an assignment"):
            import_otter(root, path, "../x", module=True)

    def test_the_notebook_is_not_run(self, root) -> None:
        """Code with effects has none."""
        target = root / "ran"
        cell = code(f"open({str(target)!r}, 'w')\ndef f(x):\n    return x # SOLUTION")
        imported(root, *question("q1", *block("SOLUTION", cell), *block("TESTS", code("f(1)", "1"))))
        assert not target.exists()


class TestReading:
    """Notebooks, and what cannot be read as one of Otter's."""

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("hw.ipynb", b"{", "hw.ipynb is no notebook"),
            ("hw.txt", b"", "hw.txt is no Python notebook; give the .ipynb file, or a .py file with '# %%'"),
            ("hw.py", b"x = 1\n", "hw.py holds no cells; put '# %%' in front of each"),
            ("hw.py", b"# %%\n\xff", "hw.py is no text in UTF-8"),
        ],
    )
    def test_what_is_no_notebook(self, tmp_path, name, content, says) -> None:
        """A sentence names the file."""
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InstructorError, match=re.escape(says)):
            read_master(tmp_path / name)

    def test_a_file_that_cannot_be_read(self, tmp_path) -> None:
        """The system's reason is reported."""
        with pytest.raises(InstructorError, match="gone.ipynb cannot be read: file not found"):
            read_master(tmp_path / "gone.ipynb")

    def test_another_language(self, tmp_path) -> None:
        """R is refused."""
        with pytest.raises(InstructorError, match="is written in r; only Python notebooks can be imported"):
            read_master(write(tmp_path / "hw.ipynb", code("1"), language="R"))

    @pytest.mark.parametrize(
        ("files", "asked", "says"),
        [
            ([], "gone.ipynb", "is no file and no folder; name the master notebook"),
            (["hw.qmd"], "hw.qmd", "hw.qmd is a Quarto document; only Python notebooks can be imported"),
            (["hw.R"], "hw.R", "hw.R is an R script; only Python notebooks can be imported"),
            (["hw.Rmd"], "hw.Rmd", "hw.Rmd is an R Markdown document; only Python notebooks can be imported"),
            (["readme.ipynb"], ".", "must hold one notebook with '# BEGIN QUESTION' cells, and there is none; name"),
        ],
    )
    def test_no_such_notebook(self, root, tmp_path, files, asked, says) -> None:
        """A call that names no master is a wrong call."""
        folder = tmp_path / "masters"
        folder.mkdir()
        for each in files:
            (folder / each).write_text("{}")
        with pytest.raises(UsageError, match=re.escape(says)):
            import_otter(root, folder / asked)

    def test_two_notebooks_in_a_folder(self, root, tmp_path) -> None:
        """Which one is meant must be said."""
        for each in ("a", "b"):
            write(tmp_path / "two" / f"{each}.ipynb", *question("q1"))
        with pytest.raises(UsageError, match=r"there is 2 of them: a\.ipynb, b\.ipynb; name the file"):
            import_otter(root, tmp_path / "two")

    def test_the_text_form(self, root, tmp_path) -> None:
        """A .py file with cells is read; comparisons need no output, and cells that were never run are reported."""
        path = tmp_path / "hw.py"
        path.write_text(
            "# %% [raw]\n# # BEGIN QUESTION\n# name: q1\n# %% [markdown]\n# ## One\n# %% [raw]\n# # BEGIN SOLUTION\n"
            "# %%\ndef f(x):\n    return x # SOLUTION\n# %% [raw]\n# # END SOLUTION\n# %% [raw]\n# # BEGIN TESTS\n"
            "# %%\nf(3) == 3\n# %%\nf(4)\n# %%\n# HIDDEN\nf(5)\n# %% [raw]\n# # END TESTS\n"
            "# %% [raw]\n# # END QUESTION\n"
        )
        done = import_otter(root, path, module=True)
        assignment = of(root)[0]

        assert 'same(student.f(3), 3, name="f(3)")' in assignment
        assert 'close(student.f(5), reference.f(5), name="f(5)")' in assignment
        (sentence,) = done.stays
        assert "was never run, so its right answer is unknown; run the notebook, save it, import it again" in sentence

    def test_outputs_of_all_kinds_are_read(self, tmp_path) -> None:
        """Printed text comes before what is shown; errors keep their class; warnings do not count."""
        cell = code("f()", "1", prints="a\nb\n")
        cell["outputs"].append({"output_type": "stream", "name": "stderr", "text": "Warning"})
        cells = read_master(
            write(tmp_path / "hw.ipynb", cell, code("g()", fails="KeyError"), code("h()", ran=False))
        ).cells

        assert [(each.output, each.failed, each.ran) for each in cells] == [
            ("a\nb\n1", "", True), ("", "KeyError", True), ("", "", False),
        ]  # fmt: skip


class TestBlocks:
    """Raw cells that begin and end blocks."""

    @pytest.mark.parametrize(
        ("cells", "says"),
        [
            ([raw("# BEGIN QUESTION", "name: q1")], "cell 1, line 1: '# BEGIN QUESTION' has no '# END QUESTION'; add"),
            ([raw("# END TESTS")], "cell 1, line 1: '# END TESTS' ends no block, for none is open; pair the raw cells"),
            ([raw("# BEGIN QUESTION", "name: q1"), raw("# END TESTS")],
             "cell 2, line 1: '# END TESTS' ends no block, for cell 1 begins a question block"),
            ([raw("# BEGIN TESTS")], "cell 1, line 1: '# BEGIN TESTS' stands outside of a question"),
            ([raw("# BEGIN QUESTION", "name: q1"), raw("# begin question", "name: q2")],
             "cell 2, line 1: a question begins inside the question block of cell 1; end that one first"),
            ([raw("# BEGIN QUESTION", "name: q1"), raw("# BEGIN TESTS"), raw("# BEGIN SOLUTION")],
             "cell 3, line 1: '# BEGIN SOLUTION' stands inside the tests block of cell 2"),
            ([raw("# BEGIN QUESTION", "points: 1")], "cell 1, line 1: this question has no name; add a line such as"),
            ([*question("q1"), *question("q1")], "cell 3, line 1: two questions have the name 'q1'"),
            ([raw("# BEGIN QUESTION", "name: [q1")], "cell 1, line 2: this is no YAML"),
            ([raw("# ASSIGNMENT CONFIG", "- a")], "cell 1, line 1: a configuration is made of lines 'key: value'"),
            ([code("# BEGIN QUESTION")],
             "cell 1, line 1: '# BEGIN QUESTION' stands in a code cell; make it a raw cell"),
            ([*question("q1", *block("TESTS", text("hm")))], "cell 3, line 1: only code cells may stand between"),
            ([*question("q1", *block("TESTS", code('""" # BEGIN TEST CONFIG\npoints: 1\n"""')))],
             "cell 3, line 1: this test configuration has no end"),
            ([*question("q1", *block("TESTS",
                                     code('# HIDDEN\n""" # BEGIN TEST CONFIG\na: b: c\n""" # END TEST CONFIG')))],
             "cell 3, line 3: this is no YAML"),
            ([raw("# ASSIGNMENT CONFIG", "config_file: gone.yml")],
             "cell 1, line 1: config_file: gone.yml cannot be read; put it beside the notebook"),
            ([*question("q1", *block("TESTS", code("f(1)", "1")), config=("points: [1, 2]",))],
             "cell 1, line 1: question q1: 'points' lists 2 numbers for 1 tests; correct the points"),
            ([raw("# ASSIGNMENT CONFIG", "files: data.csv"), *question("q1")],
             "'files' of the configuration must be a list of paths"),
            ([text("```\nBEGIN QUESTION\nname: q1\n```")], "is written in Otter's older format (v0); convert it"),
            ([code("x = 1")], "holds no raw cell with '# BEGIN QUESTION'; give the master notebook"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_reported_with_its_cell(self, tmp_path, cells, says) -> None:
        """Cell, line, and how to fix it."""
        with pytest.raises(InstructorError, match=re.escape(says)):
            parse(read_master(write(tmp_path / "hw.ipynb", *cells)))

    def test_what_is_left_out_is_reported(self, tmp_path) -> None:
        """Settings that nobody knows, raw cells without meaning, and questions without tests have a note each."""
        cells = [
            raw("# ASSIGNMENT CONFIG", "requirements: [numpy]", "seed: {variable: rng_seed, autograder_value: 1}"),
            raw("just so"),
            *question("q1", config=("colour: red",)),
            *question("q3", config=("manual: true",)),
            *question("q2", *block("TESTS", code('""" # BEGIN TEST CONFIG\ncolour: red\n""" # END TEST CONFIG\nf()'))),
        ]
        found = parse(read_master(write(tmp_path / "hw.ipynb", *cells)))

        assert found.notes == (
            "Cell 2 is a raw cell that says nothing to Otter; it was left out.",
            "'colour' of question q1 is not a setting that was taken over.",
            "Question q1 (cell 3) has no tests; write its checks.",
            "Question q3 (cell 5) says no points, so it is worth 1.",
            "'colour' of the test in cell 9 is not a setting that was taken over.",
            "'requirements' was left out: packages that the reference imports are preloaded.",
        )
        assert found.seed_variable == "rng_seed"

    def test_a_configuration_in_a_file(self, tmp_path) -> None:
        """What the file says counts where the notebook does not say it."""
        (tmp_path / "config.yml").write_text("name: far\nfiles: [a.csv]\ntests: {ok_format: false}\n")
        cells = [raw("# ASSIGNMENT CONFIG", "config_file: config.yml", "name: near"), *question("q1")]
        found = parse(read_master(write(tmp_path / "hw.ipynb", *cells)))
        assert (found.name, found.files, found.doctests) == ("near", ("a.csv",), False)

    def test_cells_that_are_ignored(self, tmp_path) -> None:
        """A cell that starts with an Ignore comment is left out, and so is a test."""
        tests = [code("# IGNORE\nf()"), code("f(1)\nf(2) # IGNORE", "1")]
        cells = question("q1", code("## Ignore ##\nx = 1"), *block("TESTS", *tests))
        found = parse(read_master(write(tmp_path / "hw.ipynb", *cells)))
        assert found.parts == ()
        assert [case.source for case in found.questions[0].cases] == ["f(1)"]


class TestPoints:
    """Otter's rules for what a test case is worth."""

    @pytest.mark.parametrize(
        ("total", "cases", "points"),
        [
            (None, [None, None, None], ["0.34", "0.33", "0.33"]),
            (None, [1, None], ["1", "0"]),
            (None, [0, None], ["0", "1"]),
            (4, [1, None, None], ["1", "1.5", "1.5"]),
            (2.5, [None], ["2.5"]),
            ([1, None, 0.5], [None] * 3, ["1", "0", "0.5"]),
            ({"each": 2}, [None, None], ["2", "2"]),
            ({}, [None, None], ["1", "1"]),
            (2, [], []),
        ],
    )
    def test_who_says_nothing_shares_the_rest(self, total, cases, points) -> None:
        """The rest is shared alike; where nothing is said at all, the question is worth 1 point."""
        assert list(map(written, resolved(total, cases))) == points

    @pytest.mark.parametrize(
        ("total", "cases", "says"),
        [
            (1, [2], "its tests are worth 2 points, more than the question's 1"),
            (3, [1, 1], "its tests are worth 2 points, but the question 3"),
            ([1], [None, None], "'points' lists 1 numbers for 2 tests"),
            ({"some": 1}, [None], "'points' may be a number, a list or 'each: NUMBER'"),
            ("two", [None], "the points of 'points' are 'two', and not a number from 0"),
            (None, [-1], "the points of a test are -1"),
            (None, [True], "the points of a test are True"),
        ],
    )
    def test_points_that_do_not_fit(self, total, cases, says) -> None:
        """The end of a sentence."""
        with pytest.raises(PointsError, match=re.escape(says)):
            resolved(total, cases)

    @given(
        total=st.integers(0, 100),
        cases=st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=1, max_size=9),
    )
    def test_they_add_up(self, total, cases) -> None:
        """Whatever is said, the cases of a question add up to it exactly, or it is refused."""
        try:
            points = resolved(total, cases)
        except PointsError:
            said = sum(each or 0 for each in cases)
            assert said > total or None not in cases
        else:
            assert sum(points) == total
            assert [Fraction(written(each)) for each in points] == list(points)
            silent = [each for each, said in zip(points, cases, strict=True) if said is None]
            assert not silent or max(silent) - min(silent) <= Fraction(1, 100)

    def test_all_or_nothing(self, root) -> None:
        """The last check gives all points and needs the others; hidden ones come last."""
        tests = [code("# HIDDEN\nf(1)", "1"), code("f(2)", "2"), code("f(3)", "3")]
        cell = code("def f(x):\n    return x # SOLUTION")
        imported(root, *question("q1", *block("SOLUTION", cell), *block("TESTS", *tests),
                                 config=("points: 3", "all_or_nothing: true")))  # fmt: skip
        checks = loader.load(root, "hw").assignment.checks

        assert [(each.id, each.points) for each in checks] == [
            ("q1_test_2", 0), ("q1_test_3", 0), ("q1_hidden_test_1", 3),
        ]  # fmt: skip
        assert set(checks[-1].needs) == {"q1_test_2", "q1_test_3"}
        assert "# All or nothing: the last check of q1 gives its points, and needs the rest." in of(root)[0]


class TestOutputs:
    """Texts of values, read back."""

    @pytest.mark.parametrize(
        ("shown", "value"),
        [
            ("3", 3),
            ("-2.5", -2.5),
            ("np.int64(3)", 3),
            ("np.float64(0.25)", 0.25),
            ("np.True_", True),
            ("np.str_('a')", "a"),
            ("'it''s'", "its"),
            ("None", None),
            ("array([1., 2.])", [1.0, 2.0]),
            ("array([[1, 2],\n       [3, 4]], dtype=int32)", [[1, 2], [3, 4]]),
            ("tensor([0.5, 1.0])", [0.5, 1.0]),
            ("[[1 2]\n [3 4]]", [[1, 2], [3, 4]]),
            ("[1.5 2. ]", [1.5, 2.0]),
            ("{'a': (1, [2])}", {"a": (1, [2])}),
            ("{1, 2}", {1, 2}),
            ("set()", set()),
        ],
    )
    def test_plain_values(self, shown, value) -> None:
        """Literals, numpy's scalars and arrays, tensors."""
        found = expected(shown)
        assert found is not None
        assert found.value == value
        assert type(found.value) is type(value)
        assert ast.literal_eval(found.source) == value or value == set()

    @pytest.mark.parametrize(
        "shown",
        ["", "   x\n0  1", "<Figure size 1x1>", "array([0., ..., 1.])", "nan", "Fraction(1, 2)", "1\n2", "f(3)", "...",
         "inf"],
    )  # fmt: skip
    def test_anything_else(self, shown) -> None:
        """Objects, abbreviated arrays and several values are no value."""
        assert expected(shown) is None


class TestMoving:
    """A test's code, moved outside."""

    @pytest.mark.parametrize(
        ("source", "shows", "check"),
        [
            ("f(3)", "9", 'same(student.f(3), 9, name="f(3)")'),
            ("f(3)", "np.float64(9.5)", 'close(student.f(3), 9.5, name="f(3)")'),
            ("f(3) == 9", "True", 'same(student.f(3), 9, name="f(3)")'),
            ("9 == f(3)", "True", 'same(student.f(3), 9, name="f(3)")'),
            ("len(data)", "3", 'same(len(student.data), 3, name="len(data)")'),
            ("'a' in data", "True", 'same("a" in student.data, True, name="\'a\' in data")'),
            ("isinstance(data, pd.DataFrame)", "True",
             'same(isinstance(real(student.data), pd.DataFrame), True, name="isinstance(data, pd.DataFrame)")'),
            ("pd.testing.assert_frame_equal(data, f(1))", "",
             'table(student.data, student.f(1), name="data", dtypes="exact")'),
            ("pd.testing.assert_frame_equal(f(1), data, check_dtype=False, check_like=True)", "",
             'table(student.f(1), student.data, name="f(1)", dtypes="kind", order="none")'),
            ("pd.Series(f(1)).sum()", "3",
             'same(pd.Series(real(student.f(1))).sum(), 3, name="pd.Series(f(1)).sum()")'),
            ("DataFrame(f(1)).sum()", "3",
             'same(DataFrame(real(student.f(1))).sum(), 3, name="DataFrame(f(1)).sum()")'),
            ("data.equals(f(1))", "True", 'same(student.data.equals(student.f(1)), True, name="data.equals(f(1))")'),
            ("data.loc[0:2, 'a'].sum()", "3",
             'same(student.data.loc[0:2, "a"].sum(), 3, name="data.loc[0:2, \'a\'].sum()")'),
            ("sorted(data['a'])", "[1, 2]", 'same(sorted(student.data["a"]), [1, 2], name="sorted(data[\'a\'])")'),
            ("sum(x for x in data)", "3", 'same(sum((x for x in student.data)), 3, name="sum((x for x in data))")'),
            ("assert len(data) == 2", "", 'same(len(student.data), 2, name="len(data)")'),
            ("for row in data:\n    assert row > 0", "",
             'for row in student.data:\n    assert row > 0, "row > 0 does not hold."'),
            ("f(data)", "3", 'same(student.f(student.data), 3, name="f(data)")'),
            ("f(3) == 9", "False", 'same(student.f(3) == 9, False, name="f(3) == 9")'),
            ("f(3) > 2", "np.True_", 'same(student.f(3) > 2, True, name="f(3) > 2")'),
            ("np.isclose(f(3), 0.1)", "True", 'close(student.f(3), 0.1, name="f(3)")'),
            ("np.isclose(f(3), 0.1, atol=0.2)", "True", 'close(student.f(3), 0.1, name="f(3)", atol=0.2)'),
            ("np.isclose(f(3), 0.1, equal_nan=True)", "True",
             'same(np.isclose(student.f(3), 0.1, equal_nan=True), True, name="np.isclose(f(3), 0.1, equal_nan=True)")'),
            ("rate", "0.5", 'close(student.rate, 0.5, name="rate")'),
            ("f(3)", "", 'same(student.f(3), None, name="f(3)")'),
            ("print(f(3))", "9\n", 'same(student.f(3), 9, name="f(3)")'),
            ("print(f(3))", "nine", 'same(str(student.f(3)), "nine", name="f(3)")'),
            ('print(f"{f(3):.2f}")', "9.00", "same(f'{student.f(3):.2f}', \"9.00\", name=\"f'{f(3):.2f}'\")"),
            ("print(f(1))\nprint(f(2))", "1\n2\n",
             'same(student.f(1), 1, name="f(1)")\nsame(student.f(2), 2, name="f(2)")'),
            ("print(f(1))\nf(2)", "1\n2",
             'same(student.f(1), 1, name="f(1)")\nsame(student.f(2), 2, name="f(2)")'),
            ("x = f(1)\nx + rate", "2", 'x = student.f(1)\nsame(x + student.rate, 2, name="x + rate")'),
            ("assert f(1) == 2", "", 'same(student.f(1), 2, name="f(1)")'),
            ("assert f(1) == 2, 'No.'", "", 'assert student.f(1) == 2, "No."'),
            ("assert f(1)", "", 'assert student.f(1), "f(1) does not hold."'),
            ("for k in range(3):\n    assert f(k) == k", "",
             'for k in range(3):\n    same(student.f(k), k, name="f(k)")'),
            ("callable(f)", "True", 'same(callable(student.f), True, name="callable(f)")'),
            ("stack = Stack()\nstack.push(1)\nstack.size", "1",
             'stack = student.Stack()\nstack.push(1)\nsame(stack.size, 1, name="stack.size")'),
            ("[f(x) for x in range(2)]", "[0, 1]",
             'same([student.f(x) for x in range(2)], [0, 1], name="[f(x) for x in range(2)]")'),
            ("data.shape", "(2, 3)", 'same(student.data.shape, (2, 3), name="data.shape")'),
            ("try:\n    f(-1)\n    assert False\nexcept ValueError:\n    pass", "",
             'raises("ValueError", lambda: student.f(-1), name="f(-1)")'),
            ("try:\n    f(-1)\nexcept KeyError:\n    print('good')\nelse:\n    raise RuntimeError", "good\n",
             'raises("KeyError", lambda: student.f(-1), name="f(-1)")'),
            ("with pytest.raises(TypeError):\n    f(None)", "",
             'raises("TypeError", lambda: student.f(None), name="f(None)")'),
            ("np.testing.assert_raises(ValueError, f, 3)", "",
             'raises("ValueError", lambda: student.f(3), name="f(3)")'),
            ("np.testing.assert_allclose(f(1), 2)", "", "np.testing.assert_allclose(student.f(1), 2)"),
            ("def test():\n    assert f(1) > 0\ntest()", "",
             'def test():\n    assert student.f(1) > 0, "f(1) > 0 does not hold."\ntest()'),
        ],
    )  # fmt: skip
    def test_public_tests(self, source, shows, check) -> None:
        """Names that the notebook defines are asked of the student; the right answer is written down."""
        assert moved(source, shows) == check

    @pytest.mark.parametrize(
        ("source", "shows", "check"),
        [
            ("f(3)", "9", 'same(student.f(3), reference.f(3), name="f(3)")'),
            ("f(3)", "array([0.1, ..., 0.9])", None),
            ("f(3)", "array([1, 2])", 'close(student.f(3), reference.f(3), name="f(3)")'),
            ("f(3) == 9", "True", 'same(student.f(3), 9, name="f(3)")'),
            ("print(f(3))", "nine", 'same(student.f(3), reference.f(3), name="f(3)")'),
            ("x = [1, 2]\nf(x)", "3.5", 'x = [1, 2]\nclose(student.f(x), reference.f(x), name="f(x)")'),
            ("x = f(1)\ng(x)", "2",
             "answers = []\nfor module in (student, reference):\n    x = module.f(1)\n    answers.append(module.g(x))\n"
             'same(*answers, name="g(x)")'),
            ("data.head(2)", "   a\n0  1\n1  2",
             'close(student.data.head(2), reference.data.head(2), name="data.head(2)")'),
            ("print(f(1))\nprint(rate)", "1\n0.5",
             "answers = []\nfor module in (student, reference):\n    answers.append([module.f(1), module.rate])\n"
             'close(*answers, name="f(1), rate")'),
        ],
    )  # fmt: skip
    def test_hidden_tests_ask_the_reference(self, source, shows, check) -> None:
        """The right answer is what the reference gives when it is graded."""
        if check is None:
            assert "no plain value" in stays(source, shows, hidden=True)
        else:
            assert moved(source, shows, hidden=True) == check

    @pytest.mark.parametrize(
        ("source", "check"),
        [
            ("def test_f(f, np):\n    assert np.all(f(1))\n\ntest_f(f, np)",
             'assert np.all(student.f(1)), "np.all(f(1)) does not hold."'),
            ("def test_f(f):\n    '''A text.'''\n    assert f(1) == rate",
             'same(student.f(1), student.rate, name="f(1)")'),
            ("np.random.seed(3)\nlen([])\ndef test_f(f):\n    assert f(1) == 2",
             'np.random.seed(3)\nlen([])\nsame(student.f(1), 2, name="f(1)")'),
            ("import math\ndef helper(x):\n    return math.exp(x)\ndef test_f(f):\n    assert f(1) == helper(1)",
             'import math\ndef helper(x):\n    return math.exp(x)\nsame(student.f(1), helper(1), name="f(1)")'),
        ],
    )  # fmt: skip
    def test_tests_that_fail_by_exceptions(self, source, check) -> None:
        """A test function's body is the check; its parameters are names of the notebook."""
        assert moved(source, doctests=False) == check

    def test_test_functions_are_recognised(self) -> None:
        """A test that only defines functions is one by exceptions, also where the configuration does not say so."""
        assert moved("def test_f(f):\n    assert f(1) == 2") == 'same(student.f(1), 2, name="f(1)")'

    @pytest.mark.parametrize(
        ("source", "shows", "why"),
        [
            ("%timeit f(3)", "", "is no plain Python; a magic or a shell command needs the notebook itself"),
            ("map(f, [1])", "1", "hands the function f on; functions stay inside the sandbox"),
            ("isinstance(f(1), Stack)", "True", "uses the class Stack itself"),
            ("chart == 3", "True", "looks into chart, a table or a plot"),
            ("chart.loc[0:2, 'a'].sum()", "3", "takes slices of a table in several directions, which cannot cross"),
            ("pd.testing.assert_frame_equal(data, f(1), check_flags=False)", "", "compares tables with check_flags="),
            ("_secret", "3", "uses _secret, which a submission cannot be asked for"),
            ("index", "2", "uses index, which a submission cannot be asked for"),
            ("plt.gca()", "3", "uses plt (matplotlib.pyplot); checks have numpy, pandas and the standard library only"),
            ("globals()['f'](1)", "3", "uses globals, which looks into the notebook's own namespace or machine"),
            ("f(unknown)", "3", "uses unknown, which no cell of the notebook defines"),
            ("seed(3)", "3", "uses seed, which is a name of the stand-in's own; rename it in the notebook"),
            ("f(lambda x: x)", "3", "gives a function to the student's code; only plain data can cross"),
            ("f(np.sin)", "3", "gives np.sin to the student's code"),
            ("f(int)", "3", "gives int to the student's code"),
            ("import requests\nf(1)", "1", "imports requests; checks have numpy, pandas and the standard library only"),
            ("from os import path\nf(1)", "1", "imports from os; checks have"),
            ("rate = rate + 1\nf(rate)", "1", "changes rate, which the notebook defines"),
            ("rate += 1\nf(rate)", "1", "changes rate, which the notebook defines"),
            ("student = 3\nf(student)", "3", "uses the name student for something of its own"),
            ("try:\n    f(1)\nexcept ValueError:\n    pass", "", "catches exceptions, which the student's code raises"),
            ("with pytest.raises(MyError):\n    f(1)", "", "waits for MyError; raises() knows Python's own exceptions"),
            ("class A:\n    pass\nf(A())", "1", "defines a class; write it anew"),
            ("del rate\nf(1)", "1", "deletes something; write it anew"),
            ("global f\nf(1)", "1", "needs names of the notebook itself; write it anew"),
            ("@decorated\ndef h():\n    pass\nf(1)", "1", "decorates a function"),
            ("1 + 1", "2", "asks nothing of what students write, so from outside it would always pass"),
            ("f(3)", "   x\n0  1", "shows an object that is no plain value ('x...'); compare its parts with same()"),
            ("print(f(1), f(2))", "1 2", "prints several things in one line"),
            ("print(f(1))\nprint(f(2))", "1\n2\n3", "has an output of 3 lines for 2 values"),
            ("for k in range(2):\n    print(f(k))", "0\n1", "prints inside of other statements ('0...')"),
            ("if f(1):\n    print(f(1))\nf(2)", "1\n2", "prints in several places"),
            ("f(1)", "[" + "0, " * 1000 + "0]", "has a right answer that is too long to be written down"),
            ("", "", "holds no code"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_moved_says_why(self, source, shows, why) -> None:
        """The end of a sentence about the test."""
        assert why in stays(source, shows)

    @pytest.mark.parametrize(
        ("source", "why"),
        [
            ("def test_f(env):\n    assert env['f'](1)", "takes env, the notebook's whole namespace"),
            ("def test_f(f, k=3):\n    assert f(k)", "has parameters of its own (test_f)"),
            ("assert f(1)", "defines no test function, though the assignment says 'ok_format: false'"),
            ("def test_f(f):\n    return f(1)\ndef test_g(g):\n    return g(1)",
             "defines several test functions that return"),
        ],
    )  # fmt: skip
    def test_test_functions_that_cannot_be_moved(self, source, why) -> None:
        """Functions that take more than names."""
        assert why in stays(source, doctests=False)

    def test_a_test_that_fails_in_the_notebook_itself(self) -> None:
        """What the master's own solution does not pass is not taken over."""
        with pytest.raises(Stays, match="ended with KeyError in the notebook itself; correct it there first"):
            move(Case(1, "f(1)", "", "KeyError", True, False), names_of(MODULE, "hw.py", ()), doctests=True)


class TestReference:
    """What becomes of the notebook's code."""

    def test_solutions_of_every_spelling_are_cut(self, root) -> None:
        """Line and block marks, whole cells, and prompt blocks; given code stays, Otter's own goes."""
        imported(
            root,
            raw("# ASSIGNMENT CONFIG", "tests:", "    ok_format: true"),
            code("%matplotlib inline\nimport numpy as np\nrng_seed = 42"),
            *question(
                "q1",
                *block("PROMPT", code("def f(x):\n    ...")),
                *block("SOLUTION", code("def f(x):\n    return 2 * x")),
                *block("TESTS", code("f(1)", "2")),
            ),
            *question(
                "q2",
                *block("SOLUTION", code("# BEGIN SOLUTION\ntotal = f(1)\n# END SOLUTION\nprint(total) # IGNORE")),
                *block("TESTS", code("total + double", "6")),
            ),
            code('double = total * 2\n""" # BEGIN PLUGIN\na.b\n""" # END PLUGIN\ngrader.check_all()\n'
                 "# BEGIN IGNORE\nx = 1\n# END IGNORE"),
            code("f(3)\nfor k in range(2):\n    print(f(k))"),
        )  # fmt: skip
        assignment, reference, _ = of(root)
        stub = cut(reference, "hw.py")

        assert "def f(x):\n    ...\n" in stub
        assert "return 2 * x" not in stub
        assert "total = ..." in stub
        assert "f(1)" not in stub
        assert not re.search(r"PLUGIN|grader|IGNORE|x = 1", reference)
        assert "# %matplotlib inline" in reference
        assert 'if __name__ == "__main__":\n    f(3)\nif __name__ == "__main__":\n    for k' in reference
        assert 'id="q2", solution=["total"]' in assignment
        loader.load(root, "hw")

    def test_prompts_behind_marked_lines_and_names_that_only_blocks_bind(self, root) -> None:
        """Otter takes a prompt behind anything; and a stub runs although what a block binds is used behind it."""
        circle = "if True:\n    # BEGIN SOLUTION\n    radius = 3\n    # END SOLUTION\n    print('radius', radius)\n"
        plot = 'print(4) # SOLUTION NO PROMPT\n""" # BEGIN PROMPT\nprint(...)\n"""; # END PROMPT'
        cell = code("def f(x):\n    return x # SOLUTION")
        imported(root, *question("q1", *block("SOLUTION", cell, code(circle), code(plot)),
                                 *block("TESTS", code("f(1)", "1"))))  # fmt: skip
        stub = cut(of(root)[1], "hw.py")

        assert "    radius = ...\n    print('radius', radius)\n" in stub
        assert "print(4)" not in stub
        assert "\nprint(...)\n" in stub
        exec(stub, {"__name__": "hw"})

    def test_the_reference_runs(self, root) -> None:
        """The module is Python that defines what the notebook defined."""
        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb"), module=True)
        namespace: dict[str, object] = {"__name__": "hw01"}
        exec(of(root, "hw01")[1], namespace)
        assert namespace["nine"] == 9

    @pytest.mark.parametrize(
        ("cell", "says"),
        [
            ("x = 1\n\ndef f(:", "hw.ipynb, cell 2, line 3: this is not Python"),
            ("def f():\n    # BEGIN SOLUTION\n    return 1", "hw.ipynb, cell 2, line 2: '# BEGIN SOLUTION' has no"),
            ("x = 3 # SOLUTION NO PROMPT\ny = x", "hw.ipynb, cell 2, line 1: x is bound inside a solution but used"),
        ],
    )
    def test_code_that_is_wrong_is_reported_with_its_cell(self, root, cell, says) -> None:
        """Cell and line in the master, not in what was made of it; and nothing is written."""
        with pytest.raises(InstructorError, match=re.escape(says)):
            imported(root, raw("# BEGIN QUESTION", "name: q1"), code(cell), raw("# END QUESTION"))
        assert not (root / "reference").exists()

    def test_notes_on_the_code(self, root) -> None:
        """Seeds that stay, plugins that go, cells that are solutions as a whole, and code that needs students' work."""
        done = imported(
            root,
            raw("# ASSIGNMENT CONFIG", "seed:", "    variable: rng_seed", "    autograder_value: 1"),
            code('np = 1 # SEED\n""" # BEGIN PLUGIN\na.b\n""" # END PLUGIN\nimport not_installed_anywhere'),
            *question("q1", *block("SOLUTION", code("def f(x):\n    return x")), *block("TESTS", code("f(1)", "1"))),
            code("late = f(3)"),
            *question("q2", *block("SOLUTION", code("account = f(1) # SOLUTION\naccount.deposit(3)\naccount.head()"))),
        )
        assert done.notes == (
            "Question q2 (cell 12) has no tests; write its checks.",
            "Cell 2 seeds random numbers; the line stays in what students get, so that theirs are those of the "
            "reference.",
            "Cell 2 calls a plugin of Otter's; it was left out.",
            "Cell 5 has no marker, so all of it was marked as a solution.",
            "Cell 11, line 1 uses f while the module is imported: until that is right, no check can be run. Move it "
            "into a function, or take the notebook form.",
            "Cell 14, line 2 calls account.deposit(); in a module that runs only when the file is run. If later lines "
            "or tests need what it changes, move it into an assignment.",
            "The seed rng_seed has Otter's value for grading in what students get, too; so their random numbers are "
            "those of the reference.",
            "not_installed_anywhere is imported but not installed here; install it where you grade.",
        )

    def test_files_beside_the_notebook_come_along(self, root) -> None:
        """Modules are given, all else is extra; a folder brings what is in it."""
        home = root.parent / "in"
        (home / "data").mkdir(parents=True)
        (home / "data" / "a.csv").write_text("1,2")
        (home / "tools.py").write_text("ten = 10\n")
        cell = code("import tools\ndef f(x):\n    return x # SOLUTION")
        imported(root, raw("# ASSIGNMENT CONFIG", "files: [data, tools.py]"),
                 *question("q1", *block("SOLUTION", cell), *block("TESTS", code("f(1)", "1"))))  # fmt: skip
        assignment = loader.load(root, "hw").assignment

        assert (assignment.given, assignment.extra_files) == (("tools.py",), ("data/a.csv",))
        assert (root / "reference" / "hw" / "data" / "a.csv").read_text() == "1,2"

    @pytest.mark.parametrize(
        ("file", "why"),
        [("gone.csv", "is not there"), ("../grader_config.py", "lies outside of the notebook's folder")],
    )
    def test_files_that_cannot_come_along(self, root, file, why) -> None:
        """A missing file, or one elsewhere, is reported before anything is written."""
        with pytest.raises(UsageError, match=re.escape(f"lists '{file}' among its files, which {why}; put it there")):
            imported(root, raw("# ASSIGNMENT CONFIG", f"files: ['{file}']"), *question("q1"))
        assert not (root / "reference").exists()

    def test_a_question_whose_name_is_no_identifier(self, root) -> None:
        """Names become identifiers; two that become the same one are refused."""
        cell = block("SOLUTION", code("def f(x):\n    return x # SOLUTION"))
        imported(root, *question("1.2 a", *cell, *block("TESTS", code("f(1)", "1"))))
        assert [check.id for check in loader.load(root, "hw").assignment.checks] == ["q1_2_a_test_1"]
        with pytest.raises(UsageError, match=r"The questions 'a\.b' and 'a-b' differ in signs only; rename one"):
            imported(root, *question("a.b"), *question("a-b"), name="two")


class TestManualQuestions:
    """Questions that people read."""

    def test_they_are_written_answers(self, root) -> None:
        """With their points, and the notebook's answer in a solution region, which only staff have."""
        import_otter(root, master.homework(root.parent / "in" / "hw01.ipynb"), module=True)
        assignment, reference, handout = of(root, "hw01")

        assert 'question_q3.written("Question 3", points=5, answer="answers.md#q3")' in assignment
        answers = (root / "reference" / "hw01" / "answers.md").read_text()
        assert "## (q3) Question 3\n\n_Your thoughts here._\n\n### BEGIN SOLUTION\nBecause the mean" in answers
        assert "linear" not in assignment + reference + handout
        assert loader.load(root, "hw01").assignment.by_hand == 5

    def test_what_is_no_text_stays_to_be_done(self, root) -> None:
        """A plot that people look at has no cell for text; validate names the line."""
        plot = question("q1", *block("SOLUTION", code("x = 1 # SOLUTION")), config=("manual: true", "points: 1"))
        imported(root, *plot, *question("q2", *block("TESTS", code("x", shows="1"))))
        found = todos(loader.load(root, "hw"))
        assert (found.good, found.said) == (
            False,
            "assignment.py:16: q1 (Question q1) is manually graded, 1 point, and no text is written for it: ask for "
            "one with question.written(...), or write checks.",
        )

    def test_without_a_prompt_there_is_a_place_to_write(self, root) -> None:
        """The notebook form has a cell for the answer where the master had the answer."""
        imported(
            root,
            *question(
                "q1", *block("SOLUTION", text("Because."), text("And so on.")), config=("manual: true", "points: 1")
            ),
            module=False,
        )
        cells = json.loads(of(root, suffix=".ipynb")[1])["cells"]
        (answer,) = ["".join(cell["source"]) for cell in cells]
        assert answer == "### BEGIN SOLUTION\nBecause.\n\nAnd so on.\n### END SOLUTION"


def test_a_value_that_is_still_dots_is_not_attempted(root, graded, tmp_path) -> None:
    """What Otter's stub leaves of a value counts as not written, not as wrong."""
    import_otter(root, master.homework(tmp_path / "in" / "hw01.ipynb"), "hw", module=True)
    loaded = loader.load(root, "hw")
    report = graded(loaded, RIGHT.replace("square(3)", "..."))
    verdicts = {check.id: check.verdict for each in report.questions for check in each.checks if not check.by_hand}

    assert verdicts.pop("q1_hidden_test_3") == "NOT_ATTEMPTED"
    assert set(verdicts.values()) == {"PASSED"}


# --- every feature of Otter's: taken over, named, or refused ---


def fenced(*lines: str) -> dict[str, object]:
    """A configuration in a fence of a Markdown cell."""
    return text("\n".join(["```otter", *lines, "```"]))


class TestFences:
    """Configuration in Markdown cells."""

    def test_fences_are_configuration(self, root) -> None:
        """Whole cells, and fences with text around them, several in a cell."""
        done = imported(
            root,
            fenced("# ASSIGNMENT CONFIG", "name: fenced"),
            text("# Adding\n\n```otter\n# BEGIN QUESTION\nname: q1\npoints: 1\n```\n\n**Question 1.** Write add."),
            text("```otter\n# BEGIN SOLUTION\n```"),
            code("def add(a, b):\n    return a + b # SOLUTION"),
            text("```otter\n# END SOLUTION\n```\n```otter\n# BEGIN TESTS\n```"),
            code("add(1, 2) == 3", shows="True"),
            text("```otter\n# END TESTS\n```\n\n```otter\n# END QUESTION\n```\n\nThe end."),
            name="fenced",
            module=False,
        )
        assert (done.name, done.questions, done.checks, done.points) == ("fenced", 1, 1, "1")
        _, reference, handout = of(root, "fenced", ".ipynb")
        assert "otter" not in reference
        assert handout.startswith("# Adding\n")
        assert "Write add." in handout
        assert handout.endswith("The end.\n")
        ids = [cell["id"] for cell in json.loads(reference)["cells"]]
        assert len(set(ids)) == len(ids)

    def test_a_fault_in_a_fence_is_reported_with_its_line(self, tmp_path) -> None:
        """Lines are counted from the beginning of the cell."""
        cell = text("Text.\n\n```otter\n# BEGIN QUESTION\npoints: 1\n```")
        with pytest.raises(InstructorError, match="cell 1, line 4: this question has no name"):
            parse(read_master(write(tmp_path / "hw.ipynb", cell)))
        with pytest.raises(InstructorError, match="cell 1, line 5: this is no YAML"):
            parse(
                read_master(write(tmp_path / "hw.ipynb", text("a\n```otter\n# BEGIN QUESTION\nname: q1\na: b: c\n```")))
            )

    @pytest.mark.parametrize("lines", ["```otter\n# BEGIN QUESTION", "```otter\n# a\n```otter\n# b\n```"])
    def test_a_fence_without_an_end(self, tmp_path, lines) -> None:
        """It is refused with its line."""
        with pytest.raises(InstructorError, match="hw.ipynb, cell 1, line 1: '```otter' has no end; write '```' on a"):
            read_master(write(tmp_path / "hw.ipynb", text(lines)))


class TestSettings:
    """Settings that decide results are honoured or named."""

    def test_every_setting_is_in_one_table(self) -> None:
        """Those of Otter 7, one by one; what is not known there is said to be unknown."""
        assert set(settings.ASSIGNMENT) == set(ASSIGNMENT_SETTINGS.split())
        assert set(settings.GENERATE) == set(GENERATE_SETTINGS.split())
        assert list(settings.notes({"colour": "red", "generate": {"shape": 1}})) == [
            "'colour' is no setting of Otter's that is known here (version 7); look up what it does.",
            "'generate.shape' is no setting of Otter's that is known here (version 7); look up what it does.",
        ]

    def test_what_may_change_a_grade_is_named(self) -> None:
        """One sentence for each; those that mean nothing are listed in one."""
        config = {"name": "a", "runs_on": "colab", "plugins": [], "generate": {"points_possible": 3, "pdf": True}}
        assert list(settings.notes(config)) == [
            "'plugins' was left out: no plugin is called, so what plugins did to grades is not done here.",
            "'generate.points_possible' was left out: the assignment's points are those of its questions.",
            "Settings of Otter's that mean nothing here were left out: generate.pdf, runs_on.",
        ]
        assert list(settings.notes({"generate": False})) == []

    def test_the_manual_has_the_same_table(self) -> None:
        """docs/otter.md names each setting, with what becomes of it."""
        page = (Path(__file__).parents[2] / "docs" / "otter.md").read_text("utf-8")
        rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|$", page, re.MULTILINE))
        known = {**settings.ASSIGNMENT, **{f"generate.{key}": what for key, what in settings.GENERATE.items()}}
        for name, what in known.items():
            assert name in rows, name
            assert (what == settings.HARMLESS) == (rows[name] == settings.HARMLESS), name
            if what not in (settings.HARMLESS, settings.TAKEN):
                assert rows[name] == what

    def test_another_language_is_refused(self, tmp_path) -> None:
        """Also where only the grader's settings say so."""
        with pytest.raises(InstructorError, match="'lang' under 'generate' is r; only Python can be imported"):
            parse(read_master(write(tmp_path / "hw.ipynb", raw("# ASSIGNMENT CONFIG", "generate: {lang: r}"), *ONE)))

    def test_files_of_the_autograder_are_for_staff(self, root) -> None:
        """They are in hidden/, and the command says that submissions cannot open them."""
        path = root.parent / "in" / "secret.csv"
        path.parent.mkdir()
        path.write_text("1,2\n")
        done = imported(root, raw("# ASSIGNMENT CONFIG", "autograder_files: [secret.csv]"), *ONE)
        assert (root / "assignments" / "hw" / "hidden" / "secret.csv").read_text() == "1,2\n"
        assert "autograder_files (secret.csv) lie in assignments/hw/hidden, which staff alone have" in done.notes[0]


@pytest.mark.long
class TestSeeds:
    """Random numbers that decide results."""

    @pytest.mark.parametrize("module", [False, True])
    def test_the_seed_of_every_cell_is_honoured(self, root, bubblewrap, tmp_path, module) -> None:
        """As Otter seeds them when it grades: in the sandbox, in the reference and in students' own runs."""
        done = imported(root, raw("# ASSIGNMENT CONFIG", "generate: {seed: 42}"), *DRAWING, module=module)
        assert done.notes[0].startswith("Otter seeds np.random and random with 42 before each cell when it grades; ")
        loaded = loader.load(root, "hw")
        gate = {each.what: each for each in validate(loaded, bubblewrap, None, RunOptions("otter"), quick=True)}
        assert [each.said for each in gate.values() if not each.good] == []

        names = loaded.interface.names
        seed = loaded.assignment.cell_seed
        local = LocalStudent(loaded.reference_folder, names, cell_seed=seed)
        assert (local.x, local.y) == (pytest.approx(0.4967141530112327), pytest.approx(0.6394267984578837))
        build(loaded, tmp_path / "release")
        conftest = (tmp_path / "release" / "conftest.py").read_text()
        assert ("cell_seed=42" in conftest) == (not module)

    def test_a_seed_variable_has_otters_value(self, root) -> None:
        """It takes the place of seeding each cell."""
        imported(
            root,
            raw("# ASSIGNMENT CONFIG", "seed: {variable: rng_seed, autograder_value: 90, student_value: 10}"),
            code("rng_seed = 1  # yours is another"),
            *ONE,
        )
        assert "rng_seed = 90  # yours is another\n" in of(root)[1]
        assert "_seed()" not in of(root)[1]

    @pytest.mark.parametrize("config", ["generate: {seed: often}", "seed: {variable: s, autograder_value: 1.5}"])
    def test_a_seed_is_a_whole_number(self, tmp_path, config) -> None:
        """Anything else is refused."""
        with pytest.raises(InstructorError, match="of the configuration is no whole number"):
            parse(read_master(write(tmp_path / "hw.ipynb", raw("# ASSIGNMENT CONFIG", config), *ONE)))


class TestIncluded:
    """Markdown of a solution block that students get."""

    def test_an_included_cell_is_handed_out(self, root) -> None:
        """With Otter's tag otter_include; other text of the block is a solution."""
        given = {**text("Consider both signs."), "metadata": {"tags": ["otter_include"]}}
        solution = block("SOLUTION", given, text("The secret."), code("def square(x):\n    return x * x # SOLUTION"))
        tests = block("TESTS", code("square(2)", shows="4"))
        imported(root, *question("q1", *solution, *tests), module=False)
        assert "Consider both signs." in of(root, suffix=".ipynb")[1]
        assert "Consider both signs." in of(root, suffix=".ipynb")[2]
        assert "The secret." not in of(root, suffix=".ipynb")[2]

    def test_where_people_grade_students_write_below_it(self, root) -> None:
        """It is what a prompt is."""
        given = {**text("Give a reason."), "metadata": {"tags": ["otter_include"]}}
        manual = question("q1", *block("SOLUTION", given, text("Because.")), config=("manual: true", "points: 1"))
        imported(root, *manual, *ONE, module=False)
        assert "Give a reason.\n\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION" in [
            "".join(cell["source"]) for cell in json.loads(of(root, suffix=".ipynb")[1])["cells"]
        ]


ONE = question("one", *block("SOLUTION", code("z = 1 # SOLUTION")), *block("TESTS", code("z", shows="1")))
DRAWING = [
    code("import random\nimport numpy as np"),
    code("before = np.random.normal(size=7)"),
    *question(
        "q1",
        *block("SOLUTION", code("x = np.random.normal() # SOLUTION"), code("y = random.random() # SOLUTION")),
        *block(
            "TESTS",
            code("-5 < x < 5", shows="True"),
            code("# HIDDEN\nnp.isclose(x, 0.4967141530112327)", shows="True"),
            code("# HIDDEN\nnp.isclose(y, 0.6394267984578837)", shows="True"),
            code("# HIDDEN\nround(x, 3)", shows="0.497"),
        ),
    ),
]
ASSIGNMENT_SETTINGS = """name config_file requirements overwrite_requirements environment run_tests solutions_pdf
template_pdf init_cell check_all_cell export_cell seed generate save_environment ignore_modules files autograder_files
student_files plugins tests show_question_points runs_on python_version channel_priority_strict
strip_solutions_from_all_cells suppress_no_tests_warning"""
GENERATE_SETTINGS = """score_threshold points_possible show_stdout show_hidden show_all_public seed seed_variable
grade_from_log serialized_variables pdf token course_id assignment_id filtering pagebreaks debug autograder_dir lang
miniconda_path plugins logo print_summary print_score zips log_level assignment_name warn_missing_pdf
force_public_test_summary submit_blank_pdf_on_export_failure use_submission_pdf pdf_via_html"""

"""Starting an assignment: a tiny one to replace, and a first version made from a solved reference and its example."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from command_line import refused, run
from hypothesis import given
from hypothesis import strategies as st

from autograder import loader
from autograder.checks.errors import InstructorError, UsageError
from autograder.cli.new import _drafting as drafting
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.quality.mutation import Audit, audit, generate, matrix, sample
from autograder.sandbox import start
from autograder.scaffold import Recipe, Started, start_blank, start_from
from autograder.scaffold import reference as solved
from autograder.scaffold.inputs import Inputs, Unknown
from autograder.scaffold.literals import TooLong, literal
from autograder.scaffold.tracing import examples_in
from autograder.scaffold.values import describe, merged
from autograder.scaffold.writing import WIDTH, double_quoted, ids, wrapped

REFERENCES = Path(__file__).parents[1] / "references"
CONFIG = (
    'from autograder.course import Course\n\ncourse = Course(title="New", assignments=(), sandbox="none", jobs=1)\n'
)
SOLVED = '''
"""Doubling."""


def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

'''
MAIN = '\nif __name__ == "__main__":\n    print(double(3.5), double(-1.0))\n'


@pytest.fixture
def root(tmp_path) -> Path:
    """An empty course."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "grader_config.py").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A function that gives a course with an assignment made from one of `references`, and what was said of it."""
    known: dict[str, tuple[Path, Started]] = {}

    def make(name: str) -> tuple[Path, Started]:
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            (folder / "grader_config.py").write_text(CONFIG)
            known[name] = folder, start_from(folder, name, Recipe(REFERENCES / f"{name}.py"))
        return known[name]

    return make


def made_from(root: Path, text: str, name: str = "fresh", **options) -> Started:
    """Start an assignment from the text of one module that lies outside of the course."""
    file = root.parent / "solved" / f"{name}_solved.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text.lstrip())
    return start_from(root, name, Recipe(file, seconds=options.pop("seconds", 20), **options))


def written(root: Path, name: str = "fresh") -> str:
    """The assignment.py that was written."""
    return (root / "assignments" / name / "assignment.py").read_text()


def graded(root: Path, name: str, count: int | None = None) -> float:
    """The share of mutants that the checks of an assignment catch; the reference itself must pass them all."""
    loaded = loader.load(root, name)
    files = loaded.assignment.files
    mutants = generate({file: (loaded.reference_folder / file).read_text() for file in files})
    chosen = sample(mutants, count, "new") if count else mutants
    options, questions = RunOptions(seed="new"), loaded.assignment.questions
    plan = Audit(root, loaded, None, DataSettings(), options, lambda: start("none"), questions, jobs=2, first=True)
    return matrix.rate(audit(plan, chosen))


class TestBlank:
    """Without a reference, a tiny solved example is written."""

    @pytest.mark.long
    def test_the_three_files_make_an_assignment(self, root) -> None:
        """What is written loads, and its checks catch most wrong versions of the example."""
        started = start_blank(root, "my-first")

        names = [str(path.relative_to(root)) for path in started.files]
        assert names == [
            "reference/my-first/my_first.py",
            "assignments/my-first/assignment.py",
            "assignments/my-first/handout.md",
        ]
        assert loader.load(root, "my-first").assignment.max_points == started.points == 3
        assert graded(root, "my-first") > 70

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("statistics", "it would hide the module 'statistics' of Python's standard library"),
            ("numpy", "it would hide the installed package 'numpy'"),
            ("autograder", "it would hide the installed package 'autograder'"),
            ("class", "'class' is a keyword of Python, which cannot be imported"),
        ],
    )
    def test_a_module_never_hides_one_that_is_there(self, root, name, why) -> None:
        """An assignment called like a module that is there gets one of another name, in every text and said so."""
        started = start_blank(root, name)

        file = f"{name}_homework.py"
        assert started.renamed == f"The module is {file} and not {name}.py, because {why}."
        assert (root / "reference" / name / file).is_file()
        assert loader.load(root, name).assignment.files == (file,)
        for text in ("assignment.py", "handout.md"):
            written = (root / "assignments" / name / text).read_text()
            assert file in written
            assert f"{name}.py" not in written.replace("assignment.py", "")

    @pytest.mark.long
    def test_a_module_of_the_assignment_s_own_name_needs_no_word(self, root) -> None:
        """Where nothing is hidden, nothing is renamed."""
        assert start_blank(root, "fresh").renamed == ""

    @pytest.mark.long
    @pytest.mark.parametrize("taken", ["reference", "assignments"])
    def test_nothing_is_overwritten(self, root, taken) -> None:
        """A folder that holds something is left alone, and nothing else is written."""
        (root / taken / "mine").mkdir(parents=True)
        (root / taken / "mine" / "notes.txt").write_text("keep")
        with pytest.raises(UsageError, match=r"is there already; name another assignment than 'mine', or remove it"):
            start_blank(root, "mine")
        assert [path.name for path in root.rglob("*") if path.is_file()] in (
            ["grader_config.py", "notes.txt"],
            ["notes.txt", "grader_config.py"],
        )

    @pytest.mark.long
    @pytest.mark.parametrize("name", ["", "../away", "1st", "a b", ".hidden"])
    def test_a_name_is_a_folders(self, root, name) -> None:
        """What is no name for a folder is refused."""
        with pytest.raises(UsageError, match="is no name for an assignment; begin with a letter"):
            start_blank(root, name)


class TestRefusals:
    """What cannot be started is reported in one sentence, and nothing is written."""

    @pytest.fixture(autouse=True)
    def nothing_written(self, root):
        """Neither folder is there in the end."""
        yield
        assert not (root / "assignments").exists()
        assert not (root / "reference" / "fresh").exists()

    @pytest.mark.long
    def test_no_solution_region(self, root) -> None:
        """A reference without markers says which to put where."""
        with pytest.raises(InstructorError, match=r"has no solution region.*'### BEGIN SOLUTION'"):
            made_from(root, "def f(x):\n    return x\n")

    @pytest.mark.long
    def test_no_example(self, root) -> None:
        """A reference that nobody calls says how to make it call itself."""
        with pytest.raises(InstructorError, match=r"has no example to run; add a part 'if __name__ == .*--example"):
            made_from(root, SOLVED)

    @pytest.mark.long
    def test_an_example_that_raises(self, root) -> None:
        """A fault of the example is reported with its file and line."""
        with pytest.raises(
            InstructorError, match=r"fresh_solved\.py:12: the example raised KeyError: 'gone'\. Correct it"
        ):
            made_from(root, SOLVED + '\nif __name__ == "__main__":\n    {}["gone"]\n')

    @pytest.mark.long
    def test_an_example_that_ends_python(self, root) -> None:
        """An example that takes Python down is reported with the exit code."""
        with pytest.raises(InstructorError, match="ended Python with exit code 3: it said nothing"):
            made_from(root, SOLVED + '\nif __name__ == "__main__":\n    import os\n    os._exit(3)\n')

    @pytest.mark.long
    def test_an_example_that_cannot_be_interrupted(self, root, monkeypatch) -> None:
        """An example that catches everything is ended from outside."""
        monkeypatch.setattr(solved, "PREPARING", 1.0)
        endless = "    while True:\n        try:\n            import time; time.sleep(60)\n"
        endless += "        except BaseException:\n            pass\n"
        with pytest.raises(InstructorError, match="does not end, and could not be interrupted after 1 s"):
            made_from(root, SOLVED + '\nif __name__ == "__main__":\n' + endless, seconds=1)

    @pytest.mark.long
    def test_a_module_that_takes_too_long_to_import(self, root) -> None:
        """A module that works while it is imported is distinguished from a long example."""
        with pytest.raises(InstructorError, match="importing the modules takes longer than 1 s"):
            made_from(root, SOLVED + MAIN + "\nimport time\ntime.sleep(60)\n", seconds=1)

    @pytest.mark.long
    def test_nothing_to_check(self, root) -> None:
        """Where no function was called, there is no assignment to write."""
        with pytest.raises(InstructorError, match=r"No check could be made.*double: the example never calls it"):
            made_from(root, SOLVED + '\nif __name__ == "__main__":\n    pass\n')

    @pytest.mark.long
    def test_no_such_script(self, root) -> None:
        """An example that does not exist is a wrong call."""
        with pytest.raises(UsageError, match=r"--example: .*gone\.py does not exist"):
            made_from(root, SOLVED, example=root / "gone.py")

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("place", "says"),
        [("empty", "holds no Python module"), ("gone.py", "--from: .* does not exist; name the solved")],
    )
    def test_no_reference(self, root, place, says) -> None:
        """A folder without modules, and a file that is not there."""
        (root.parent / "empty").mkdir()
        with pytest.raises(UsageError, match=says):
            start_from(root, "fresh", Recipe(root.parent / place))


class TestExamples:
    """What counts as a reference's own example."""

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("if __name__ == '__main__':\n    pass\n", "main"),
            ("def main():\n    pass\n", "main"),
            ("def example(n=3):\n    pass\n", "example"),
            ("def main(arguments):\n    pass\n", ""),
            ("def f(x):\n    '''\n    >>> f(1)\n    2\n    '''\n", "doctest"),
            ("x = 1\n", ""),
        ],
    )
    def test_kinds(self, text, kind) -> None:
        """A part for `__main__`, then a function that can be called alone, then doctests."""
        assert examples_in(text) == kind

    @pytest.mark.long
    def test_a_doctest_is_an_example(self, root) -> None:
        """Calls in docstrings are recorded like others."""
        started = made_from(
            root, SOLVED.replace("Return twice x.", "Return twice x.\n\n    >>> double(2.5)\n    5.0\n    ")
        )
        assert started.checks == 2

    @pytest.mark.long
    def test_a_script_with_arguments(self, root) -> None:
        """`--example` names a script, which gets `--arguments`; the figures it gives are the range of the inputs."""
        script = root.parent / "call.py"
        script.write_text(
            "import sys\nfrom fresh_solved import double\nfor text in sys.argv[1:]:\n    double(float(text))\n"
        )
        made_from(root, SOLVED, example=script, arguments=("100", "300"))
        assert "x = rng.uniform(50, 600)" in written(root)

    @pytest.mark.long
    def test_a_training_is_cut(self, root) -> None:
        """What was called before the time was over counts."""
        started = made_from(root, SOLVED + MAIN + "    while True:\n        double(1.0)\n", seconds=1)
        assert started.cut
        assert started.checks == 2

    @pytest.mark.long
    def test_what_the_example_prints_is_not_shown(self, root, capfd) -> None:
        """An example's output does not clutter the screen."""
        made_from(root, SOLVED + MAIN)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.long
    def test_files_beside_the_reference_are_there(self, root) -> None:
        """The example finds its data, and what it writes does not litter the reference's folder."""
        (root.parent / "solved").mkdir()
        (root.parent / "solved" / "data.txt").write_text("2.5")
        main = '\nif __name__ == "__main__":\n    double(float(open("data.txt").read()))\n'
        main += '    open("out.txt", "w").close()\n'
        made_from(root, SOLVED + main)
        assert not (root.parent / "solved" / "out.txt").exists()


class TestFrom:
    """The first version of an assignment, made from a solved reference."""

    @pytest.mark.long
    @pytest.mark.parametrize("name", ["hinge", "softmax", "statistics_functions"])
    def test_a_reference_gives_a_tidy_assignment(self, started, name) -> None:
        """It loads, a linter finds nothing, and each function has a question."""
        root, found = started(name)

        loaded = loader.load(root, name)
        solutions = {each for question in loaded.assignment.questions for each in question.solution}
        source = (REFERENCES / f"{name}.py").read_text()
        assert len(solutions) == source.count("### BEGIN SOLUTION") == found.questions
        assert loaded.assignment.max_points == found.points
        assert (root / "reference" / name / f"{name}.py").read_text() == source
        file = root / "assignments" / name / "assignment.py"
        command = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "120", "-q", str(file)]
        subprocess.run(command, check=True)
        assert max(map(len, file.read_text().splitlines())) <= WIDTH

    @pytest.mark.long
    def test_more_than_70_percent_of_mutants_are_caught(self, started) -> None:
        """The checks of a first version catch most wrong versions of the reference."""
        root, _ = started("statistics_functions")
        assert graded(root, "statistics_functions", 16) > 70

    @pytest.mark.long
    def test_methods_are_called_on_objects_made_alike(self, started) -> None:
        """Objects are made by the recorded constructor, with the same random attributes on both sides."""
        text = written(started("hinge")[0], "hinge")
        assert "for module in (student, reference):" in text
        assert "classifier = module.LinearClassifier(dimension, classes)" in text
        assert "classifier.W = W" in text

    def test_gradients_and_trainings_are_recognised(self, started) -> None:
        """A gradient is compared with differences of its loss, a training by what it gets right."""
        text = written(started("hinge")[0], "hinge")
        assert "of=lambda at: reference.loss_vectorized(at, X, y, reg)[0]" in text
        assert "points_at({passing: 1.0})" in text

    @pytest.mark.long
    def test_large_numbers_are_tried_where_exponentials_are(self, started) -> None:
        """A softmax is also given scores at which exponentials would overflow."""
        assert "scores = scale * rng.normal(size=(n, d))" in written(started("softmax")[0], "softmax")

    @pytest.mark.long
    def test_what_is_random_is_judged_by_its_spread(self, started) -> None:
        """Equality is not asked of what a right solution draws otherwise."""
        text = written(started("softmax")[0], "softmax")
        assert "def initial_weights_is_distributed_like_the_reference(student, reference):" in text
        assert "initial_weights_agrees" not in text

    @pytest.mark.long
    def test_figures_are_recognised(self, root) -> None:
        """A function that draws gets a check on its plots, their labels and curves."""
        drawing = """
        import matplotlib.pyplot as plt
        import numpy as np

        def draw(values):
            ### BEGIN SOLUTION
            plt.plot(np.arange(len(values)), values, label="values")
            plt.xlabel("step")
            plt.ylabel("loss")
            plt.legend()
            ### END SOLUTION

        if __name__ == "__main__":
            draw(np.array([3.0, 2.0, 1.0]))
        """
        started = made_from(root, textwrap.dedent(drawing))
        text = written(root)
        assert started.checks == 1
        assert 'same(len(drawn), 1, name="number of plots")' in text
        assert "A plot has no legend." in text
        assert 'preload=("numpy", "matplotlib.pyplot"),' in text

    @pytest.mark.long
    def test_each_way_of_calling_gets_a_check(self, started) -> None:
        """An option that the example gives only sometimes is tried with and without."""
        text = written(started("statistics_functions")[0], "statistics_functions")
        assert "variance_with_sample_agrees_with_the_reference" in text

    @pytest.mark.long
    def test_what_has_no_check_is_a_comment(self, root) -> None:
        """A function that nobody called, one that takes a function, and a region in none are all named."""
        text = SOLVED + (
            "\ndef unused(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
            "\ndef applied(f):\n    ### BEGIN SOLUTION\n    return f(1)\n    ### END SOLUTION\n"
            "\ndef silent(values):\n    ### BEGIN SOLUTION\n    len(values)\n    ### END SOLUTION\n"
            "\n### BEGIN SOLUTION\nHELPER = 3\n### END SOLUTION\n"
        )
        started = made_from(root, text + MAIN.replace("print(", "applied(double)\n    silent([1.0, 2.0])\n    print("))

        assert [note.partition(":")[0] for note in started.notes] == ["fresh_solved.py", "unused", "applied", "silent"]
        reported = " ".join(written(root).replace("# ", "").split())
        assert "unused, which has no check --- TODO: the example never calls it." in reported
        assert "applied, which has no check --- TODO: a check cannot make its argument f, a function." in reported
        assert "TODO: it returns nothing that a check can see from outside; return what it changes." in reported
        assert "a solution that is in no function of its own." in reported

    @pytest.mark.long
    def test_a_constructor_is_not_said_to_be_never_called(self, root) -> None:
        """A solved constructor has no check of its own, and the note says why."""
        text = SOLVED + (
            "\nclass Doubler:\n    def __init__(self, by):\n        ### BEGIN SOLUTION\n        self.by = by\n"
            "        ### END SOLUTION\n\n    def of(self, x):\n        ### BEGIN SOLUTION\n        return self.by * x\n"
            "        ### END SOLUTION\n"
        )
        started = made_from(root, text + MAIN.replace("print(", "Doubler(2.0).of(3.0)\n    print("))

        (note,) = started.notes
        assert note.startswith("Doubler.__init__: a constructor returns nothing to compare; the checks of its class's")

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("function", "call", "says"),
        [
            (
                "def odd(x):\n    ### BEGIN SOLUTION\n    assert x == 5.5\n    return x\n",
                "odd(5.5)",
                "odd: with inputs like the recorded ones it did not work:",
            ),
            (
                "def odd():\n    ### BEGIN SOLUTION\n    import random\n    return [0.5] * random.randint(1, 10**6)\n",
                "odd()",
                "odd: its result is random, and no check of it was found; write one.",
            ),
            (
                "class Odd:\n    __slots__ = ()\n\n    def f(self):\n        ### BEGIN SOLUTION\n        1 + 1\n    ",
                "Odd().f()",
                "Odd.f: how its Odd was made is not known, for the example did not call the constructor.",
            ),
        ],
        ids=["choosy", "random", "slots"],
    )
    def test_why_there_is_no_check(self, root, function, call, says) -> None:
        """Each reason is a sentence of its own."""
        started = made_from(root, f"{SOLVED}\n{function}    ### END SOLUTION\n{MAIN}    {call}\n")
        (note,) = started.notes
        assert note.startswith(says)

    @pytest.mark.long
    def test_a_folder_inside_the_course_stays_where_it_is(self, root) -> None:
        """A reference that is in reference/NAME is used in its place; modules without solutions are given."""
        folder = root / "reference" / "both"
        folder.mkdir(parents=True)
        (folder / "helpers.py").write_text("def half(x):\n    return x / 2\n")
        (folder / "both.py").write_text(
            "from helpers import half\n" + SOLVED.lstrip() + MAIN + "    half(double(2.0))\n"
        )
        started = start_from(root, "both", Recipe(folder))
        loaded = loader.load(root, "both")
        assert [path.name for path in started.files] == ["assignment.py", "handout.md"]
        assert loaded.assignment.files == ("both.py",)
        assert loaded.assignment.given == ("helpers.py",)


class TestProgress:
    """What is shown while a draft is made."""

    def test_each_function_has_a_line_where_there_is_no_terminal(self, capsys) -> None:
        """The example first, then each function once, however often it is asked; names are shown as they are."""
        with drafting() as shown:
            for function, done in (("", 0), ("", 0), ("double", 0), ("double", 0), ("Net[0].half", 1)):
                shown(function, done, 2)
        assert capsys.readouterr().out.splitlines() == [
            "Running the example",
            "Drafting checks of double (1 of 2)",
            "Drafting checks of Net[0].half (2 of 2)",
        ]

    def test_the_child_process_says_where_it_is(self, tmp_path) -> None:
        """Its file holds a function's name; half a name, and no file, say nothing."""
        seen: list[tuple[str, int, int]] = []
        for text in (None, "", "hal", "half"):
            if text is not None:
                (tmp_path / "at").write_text(text)
            solved._report(tmp_path, ["double", "half"], lambda *each: seen.append(each))
        assert seen == [("half", 1, 2)]


class TestCommand:
    """`autograder new` on the command line."""

    @pytest.mark.long
    def test_it_says_what_was_written_and_what_comes_next(self, root) -> None:
        """Files, counts and the next three commands are printed."""
        said = run("new", "first", cwd=root).stdout
        assert "Written: reference/first/first.py" in said
        assert "1 question, 2 checks, 3 points." in said
        assert 'Add "first" to the assignments in grader_config.py.' in said
        assert [line.split()[1] for line in said.splitlines() if line.startswith("  autograder")] == [
            "validate",
            "audit",
            "release",
        ]

    @pytest.mark.long
    def test_from_tells_how_the_example_ended(self, root) -> None:
        """The example's file and its end are named, and what has no check."""
        file = root.parent / "solved.py"
        unused = "\ndef unused(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
        file.write_text(SOLVED.lstrip() + unused + MAIN)
        said = run("new", "second", "--from", file, cwd=root).stdout
        assert said.startswith("Running the example\n")
        assert "The example was run to its end: solved.py." in said
        assert "No check yet: unused: the example never calls it." in said

    @pytest.mark.long
    def test_an_example_needs_a_reference(self, root) -> None:
        """--example without --from is a wrong call."""
        refused(run("new", "third", "--arguments", "5", cwd=root), "--tests belong to --from")


class TestInputs:
    """Fresh inputs like the recorded ones."""

    def inputs(self, *calls: dict) -> Inputs:
        """What makes inputs like those of some calls."""
        specs = [{name: describe(value, lambda _: False) for name, value in call.items()} for call in calls]
        return Inputs({name: merged([each[name] for each in specs]) for name in calls[0]})

    def expressions(self, *calls: dict) -> dict[str, str]:
        """How each argument is made."""
        inputs = self.inputs(*calls)
        return {name: inputs.expression(name, spec) for name, spec in inputs.given.items()}

    def test_equal_lengths_share_a_name(self) -> None:
        """Shapes, labels and counts that agree in all calls stay together."""
        found = self.expressions(
            {"W": np.ones((4, 3)) - 2, "X": -np.eye(5, 4), "y": np.array([0, 2, 1, 0, 2]), "classes": 3},
            {"W": np.ones((6, 2)) - 2, "X": np.eye(8, 6), "y": np.array([0, 1, 1, 0, 1, 0, 1, 1]), "classes": 2},
        )
        assert found["W"].endswith("size=(d, classes))")
        assert found["X"].endswith("size=(n, d))")
        assert found["y"] == "rng.integers(classes, size=n)"
        assert found["classes"] == "classes"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (np.eye(4)[[0, 2, 1]], "np.eye(d)[rng.integers(d, size=n)]"),
            (np.array([[0.0], [1.0], [0.0]]), "np.eye(n)[:, [rng.integers(n)]]"),
            (np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]), "rng.dirichlet(np.ones(d), size=n)"),
            (np.array([1.0, -1.0, -1.0]), "rng.choice([-1.0, 1.0], size=n)"),
            (np.array([1, -1, -1]), "rng.choice([-1, 1], size=n)"),
            (np.array([True, False, True]), "rng.permutation(n) < (n + 1) // 2"),
            (np.array([[True, False], [False, False]]), "rng.random((n, n)) < 0.5"),
            (
                np.array([[True, False, True], [False, True, True]]),
                "(rng.random((n, d)) < 0.5) | (np.arange(d) == rng.integers(d, size=(n, 1)))",
            ),
            (np.tri(3, 4, dtype=bool), "np.tri(n, d, dtype=bool)"),
            (
                np.array([[1.5, np.nan], [2.5, -8.0]]),
                "np.where(rng.permutation(n * n).reshape(n, n) < (n * n + 8) // 10, "
                "np.nan, rng.normal(scale=4.7, size=(n, n)))",
            ),
            (np.array([1.0, 2.0, 5.0, 7.0]), "np.sort(rng.uniform(1, 7, size=n))"),
            (np.array([5, 3, -2]), "rng.integers(-2, 6, size=n)"),
            (np.zeros(3, np.float32), "rng.normal(size=n).astype(np.float32)"),
            ([3, 1, 2, 9, 4, 4, 1], "rng.integers(1, 10, size=n).tolist()"),
            (["a", "b", "a"], "rng.choice(['a', 'b'], size=n).tolist()"),
            ((np.ones(3) * 5, 2.0), "(rng.uniform(5, 6, size=n), rng.uniform(1, 4))"),
            ({"a": 3, "b": 1, "c": 2}, "{key: int(rng.integers(1, 4)) for key in ['a', 'b', 'c']}"),
            (None, "None"),
            (0.0, "rng.uniform(0.1, 1)"),
            (0.9, "rng.uniform(0.45, 0.95)"),
            (-2.0, "-rng.uniform(1, 4)"),
        ],
    )
    def test_kinds(self, value, text) -> None:
        """Each kind of value is drawn as an instructor would write it."""
        assert self.expressions({"value": value}) == {"value": text}

    @pytest.mark.parametrize(
        ("name", "value", "text"), [("epochs", 500, "3"), ("batch_size", 64, "4"), ("seed", 7, "7"), ("k", 1, "1")]
    )
    def test_settings_stay_small(self, name, value, text) -> None:
        """Epochs and batches are shortened, seeds are kept."""
        assert self.expressions({name: value}) == {name: text}

    def test_what_cannot_be_made_is_reported(self) -> None:
        """A function cannot be passed into the sandbox."""
        with pytest.raises(Unknown, match="a check cannot make its argument f, a function"):
            self.expressions({"f": lambda: None})

    @given(st.integers(1, 4), st.data())
    def test_drawn_arrays_have_the_shapes_they_should(self, dimensions, data) -> None:
        """Whatever the shape, the expression gives an array of as many dimensions, of the lengths in the table."""
        shape = data.draw(st.lists(st.integers(2, 5), min_size=dimensions, max_size=dimensions))
        inputs = self.inputs({"x": np.arange(np.prod(shape)).reshape(shape) - 2.5})
        row = inputs.rows(1)[0]
        space = dict(zip(inputs.columns, row, strict=True)) | {"np": np, "rng": np.random.default_rng(0)}
        drawn = eval(inputs.expression("x", inputs.given["x"]), space)
        names = dict(zip(inputs.columns, row, strict=True))
        assert drawn.shape == tuple(names[inputs.names[(length,)]] for length in shape)


class TestText:
    """How the file is laid out."""

    def test_long_lines_are_broken_at_brackets(self) -> None:
        """A line that is too long continues in the next one, with its elements together if they fit."""
        line = f"    close(student.f({'x' * 34}), {'y' * 30}, name={'z' * 25!r})"
        inner = f"        student.f({'x' * 34}), {'y' * 30}, name={'z' * 25!r}"
        assert len(line) > WIDTH
        assert wrapped(line) == ["    close(", inner, "    )"]

    def test_elements_that_do_not_fit_get_lines_of_their_own(self) -> None:
        """Each element then stands alone and ends with a comma."""
        line = f"value = [{', '.join(['x' * 40] * 4)}]"
        assert wrapped(line) == ["value = [", *[f"    {'x' * 40},"] * 4, "]"]

    def test_texts_get_double_quotes(self) -> None:
        """But for those that hold one."""
        assert double_quoted("    f('a', 'b\"c', {'d': 1})") == '    f("a", \'b"c\', {"d": 1})'

    def test_literals(self) -> None:
        """Arrays in the inputs are arrays; a whole answer is a list; floats are short."""
        assert literal(np.array([1.0, 0.5])) == "np.array([1.0, 0.5])"
        assert literal(np.array([1 / 3]), digits=6) == "[0.333333]"
        assert (
            literal((np.float32(0.5), np.zeros(1, np.float32)), digits=6) == "(0.5, np.array([0.0], dtype=np.float32))"
        )
        with pytest.raises(TooLong):
            literal(np.zeros(61))

    def test_more_questions_than_letters(self) -> None:
        """After z comes aa."""
        assert ids(28)[24:] == ["y", "z", "aa", "ab"]


@pytest.mark.long
def test_mnist_is_stood_in_for(tmp_path) -> None:
    """An example that opens mnist.pkl.gz finds one of the usual sizes, made of the embedded digits."""
    import gzip
    import pickle

    from autograder.scaffold import files as data

    sizes, data.SIZES = data.SIZES, (30, 20, 10)
    try:
        data.stand_ins(DataSettings(data=Path("digits")))["mnist.pkl.gz"](tmp_path / "mnist.pkl.gz")
    finally:
        data.SIZES = sizes
    with gzip.open(tmp_path / "mnist.pkl.gz") as file:
        splits = pickle.load(file)
    assert [(x.shape, y.shape) for x, y in splits] == [((30, 784), (30,)), ((20, 784), (20,)), ((10, 784), (10,))]


@pytest.mark.long
@pytest.mark.parametrize("name", ["hinge", "small_cnn", "softmax", "statistics_functions"])
def test_references_run_alone(name, tmp_path) -> None:
    """Each reference is a program that runs to the end."""
    shutil.copy(REFERENCES / f"{name}.py", tmp_path)
    subprocess.run([sys.executable, f"{name}.py"], cwd=tmp_path, check=True, capture_output=True)

"""The stand-in in this process answers as the one of a sandbox does, and keeps folders apart."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.student import LocalHandle, LocalStudent
from autograder.checks.rows import rows

MODULES = {
    "net.py": """
import random
import numpy as np
from dataclasses import dataclass

SIZES = [3, 2]
STATE = np.zeros(2)


@dataclass
class Settings:
    rate: "float" = 0.5


class Network:
    def __init__(self, sizes):
        self.sizes = sizes
        self.weights = [np.ones((b, a)) for a, b in zip(sizes[:-1], sizes[1:])]
        self.child = Settings()

    def apply(self, x):
        return self.weights[0] @ x

    def same(self, other):
        return other is self

    def train(self, data):
        assert type(data) is list
        random.shuffle(data)
        data[0][0][:] = -1
        return len(data), type(data[0]).__name__, type(data[0][1]).__name__

    def todo(self):
        raise NotImplementedError("Network.todo is not written yet")

    @property
    def broken(self):
        raise ValueError("no value")

    @property
    def size(self):
        return len(self.sizes)


def spoil(x):
    x[...] = 99
    return x


def state():
    return STATE


def bump():
    STATE[0] += 1


def squares(n):
    return (i * i for i in range(n))


def lazy_todo():
    yield 1
    raise NotImplementedError("lazy_todo is not written yet")


def circle():
    a = []
    a.append(a)
    return a


def adder(n):
    return lambda x: x + n


def leave():
    raise SystemExit(3)


def interrupt():
    raise KeyboardInterrupt


def draw():
    return random.random(), float(np.random.rand())


class Odd(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def odd():
    raise Odd


def keep(x):
    return {"x": x, "rows": [x, (x,)], "kind": type(x).__name__}
""",
    "main.py": """
from net import Network
import net


def build():
    return Network([2, 1])


def late():
    import net as again
    return again is net


def double(x):
    return 2 * x
""",
    "broken.py": "def f(:\n",
    "needs.py": "import a_package_that_is_not_there\n\n\ndef wants():\n    return 1\n",
    "ends.py": "import sys\nsys.exit()\n\n\ndef after():\n    return 1\n",
}
NAMES = {
    **dict.fromkeys(
        ["SIZES", "STATE", "Network", "spoil", "state", "bump", "squares", "lazy_todo", "circle", "adder", "leave"],
        "net.py",
    ),
    **dict.fromkeys(["interrupt", "draw", "odd", "keep", "absent"], "net.py"),
    **dict.fromkeys(["build", "late", "double"], "main.py"),
    "f": "broken.py",
    "wants": "needs.py",
    "after": "ends.py",
    "gone": "gone.py",
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with modules."""
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text.lstrip())
    return tmp_path


@pytest.fixture
def student(folder) -> LocalStudent:
    """The stand-in for the folder."""
    return LocalStudent(folder, NAMES)


def fault(call) -> StudentError:
    """The StudentError that a call raises."""
    with pytest.raises(StudentError) as caught:
        call()
    return caught.value


def test_functions_answer_with_plain_data(student):
    """Calls return plain data, iterators as iterators, constants their values."""
    assert student.double(2) == 4
    assert list(student.squares(3)) == [0, 1, 4]
    assert student.SIZES == [3, 2]
    np.testing.assert_array_equal(student.double(np.ones(2)), [2, 2])


def test_a_value_that_is_still_dots_is_not_attempted(tmp_path):
    """What a stub leaves of a value counts as not written, as in the sandbox."""
    (tmp_path / "values.py").write_text("nine = ...\n")
    error = fault(lambda: LocalStudent(tmp_path, {"nine": "values.py"}).nine)

    assert (error.verdict, error.message) == ("NOT_ATTEMPTED", "Not attempted: nine is still `...`")


def test_objects_come_back_as_handles(student):
    """What is not plain stays inside; its methods are called, its attributes read and set."""
    network = student.Network([3, 2])

    assert isinstance(network, LocalHandle)
    assert network.sizes == [3, 2]
    assert network.size == 2
    assert network.child.rate == 0.5
    network.weights = [np.full((2, 3), 2.0)]
    np.testing.assert_array_equal(network.apply(np.ones((3, 1))), [[6.0], [6.0]])
    assert network.same(network)
    assert student.adder(2)(3) == 5
    assert repr(network) == "<a Network of the submission>"


def test_handles_inside_of_containers_come_back(student):
    """Handles pass in and out inside lists and dictionaries."""
    network = student.Network([3, 2])
    answer = student.keep([network])

    assert isinstance(answer["x"][0], LocalHandle)
    assert answer["x"][0].same(network)


def test_code_cannot_change_the_arrays_of_a_check(student):
    """Arguments and results are copies, in both directions, inside of containers as well."""
    x, nested = np.zeros(2), [np.zeros(2)]
    assert student.spoil(x)[0] == 99
    student.spoil(nested[0])
    before = student.state()
    student.bump()

    assert x[0] == 0
    assert nested[0][0] == 0
    assert before[0] == 0
    assert student.state()[0] == 1


def test_rows_arrive_as_a_list_that_may_be_shuffled(student):
    """rows(x, y) is a real list of tuples inside, with memory of its own."""
    x, y = np.zeros((4, 2, 1)), np.arange(4)

    assert student.Network([1, 1]).train(rows(x, y)) == (4, "tuple", "int")
    assert not x.any()


def test_map_calls_once_for_each_item(student):
    """map gives the list of results, for functions and bound methods, over lists and rows."""
    network = student.Network([2, 1])

    assert student.map(student.double, [1, 2]) == [2, 4]
    assert [result.shape for result in student.map(network.apply, rows(np.ones((3, 2, 1))))] == [(1, 1)] * 3
    with pytest.raises(InstructorError, match=r"student\.map needs a function"):
        student.map(abs, [1])


def test_modules_find_their_neighbours_and_leave_no_trace(student):
    """`import net` works inside, at import and later, and nothing of it stays in sys.modules or on the paths."""
    before, finders, path = dict(sys.modules), list(sys.meta_path), list(sys.path)

    assert student.build().sizes == [2, 1]
    assert student.late()
    assert {name for name in sys.modules if name in ("net", "main")} == {
        name for name in before if name in ("net", "main")
    }
    assert (sys.meta_path, sys.path) == (finders, path)


def test_nothing_is_written_to_the_folder(student, folder):
    """No cached bytecode, so none can be stale."""
    student.build()

    assert {path.name for path in folder.iterdir()} == set(MODULES)


def test_two_folders_never_share_a_module(student, folder, tmp_path):
    """Stand-ins of two folders with the same file names answer each with its own."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "net.py").write_text(
        "SIZES = [9]\n\n\nclass Network:\n    def __init__(self, sizes):\n        self.sizes = SIZES\n"
    )
    (other / "main.py").write_text(MODULES["main.py"])
    second = LocalStudent(other, NAMES)

    assert student.build().sizes == [2, 1]
    assert second.build().sizes == [9]
    assert student.build().sizes == [2, 1]
    assert student.late()
    assert second.late()


def test_a_module_of_ours_with_the_same_name_survives(student, monkeypatch):
    """A module that was loaded under the same name before is there again afterwards."""
    mine = type(sys)("net")
    monkeypatch.setitem(sys.modules, "net", mine)

    assert student.double(1) == 2
    assert student.build().sizes == [2, 1]
    assert sys.modules["net"] is mine


def test_a_stub_is_not_attempted(student):
    """NotImplementedError means that nothing was written yet, also when it comes late."""
    error = fault(student.Network([1, 1]).todo)

    assert (error.verdict, error.message) == ("NOT_ATTEMPTED", "Not attempted: Network.todo is not written yet")
    assert (error.file, error.line) == ("net.py", 33)
    assert fault(lambda: list(student.lazy_todo())).verdict == "NOT_ATTEMPTED"


def test_an_exception_is_reported_with_its_place(student):
    """Class, text, file and line of the innermost frame in the folder; the trace has none of our frames."""
    error = fault(lambda: student.Network([3, 2]).apply(np.ones(5)))

    assert (error.verdict, error.kind, error.file, error.line) == ("RAISED", "ValueError", "net.py", 21)
    assert error.message.startswith("`Network.apply` raised ValueError (line 21 of net.py): ")
    assert "local.py" not in error.trace
    assert "self.weights[0] @ x" in error.trace


def test_what_is_known_is_said_once(student):
    """A call with wrong arguments has no trace, and the place of a syntax error stands in the sentence once."""
    assert fault(lambda: student.Network([1, 1]).apply()).trace == ""
    assert fault(lambda: student.f).message.count("broken.py") == 1


@pytest.mark.parametrize(
    ("call", "verdict", "sentence"),
    [
        (lambda s: s.absent, "MISSING", "`absent` is not defined in net.py."),
        (lambda s: s.gone, "MISSING", "The file gone.py is missing."),
        (lambda s: s.Network([1]).nothing, "MISSING", "`Network` has no `nothing`; keep the names of the handout."),
        (lambda s: s.Network([1]).broken, "RAISED", "`Network.broken` raised ValueError"),
        (lambda s: s.f, "RAISED", "`import broken` raised SyntaxError (line 1 of broken.py)"),
        (lambda s: s.wants, "RAISED", "`import a_package_that_is_not_there` in line 1 of needs.py fails: there is no"),
        (lambda s: s.after, "RAISED", "`import ends` called exit() (line 2 of ends.py)"),
        (lambda s: s.leave(), "RAISED", "`leave` called exit()"),
        (lambda s: s.odd(), "RAISED", "`odd` raised Odd (line 94 of net.py): (its text cannot be read)"),
        (lambda s: s.circle(), "FAILED", "`circle` returned a value that cannot be judged: The value contains itself"),
    ],
)
def test_every_fault_has_its_sentence(student, call, verdict, sentence):
    """Whatever goes wrong inside is a StudentError of its own kind."""
    error = fault(lambda: call(student))

    assert error.verdict == verdict
    assert sentence in error.message


def test_an_interrupt_is_the_users(student):
    """Ctrl-C is not an answer."""
    with pytest.raises(KeyboardInterrupt):
        student.interrupt()
    assert student.double(1) == 2


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda s: s.nobody, r"asks for student\.nobody"),
        (lambda s: s.double(abs), "gives a submission a builtin_function_or_method"),
        (lambda s: s.double([object()]), "gives a submission a object"),
    ],
)
def test_faults_of_a_check_are_the_instructors(student, call, sentence):
    """Names that the reference lacks, and values that could not cross into a sandbox, are no student's fault."""
    with pytest.raises(InstructorError, match=sentence):
        call(student)


def test_a_check_may_not_give_a_circle(student):
    """A value without a plain form cannot be given."""
    circle: list[object] = []
    circle.append(circle)

    with pytest.raises(InstructorError, match="cannot cross into the sandbox: The value contains itself"):
        student.double(circle)


def test_faults_of_the_reference_are_the_instructors(folder):
    """Around the reference nothing is ever blamed on a student."""
    reference = LocalStudent(folder, NAMES, reference=True)

    for call in (reference.leave, lambda: list(reference.lazy_todo()), reference.circle, lambda: reference.absent):
        with pytest.raises(InstructorError, match="The reference in .* failed: "):
            call()


def test_private_names_are_no_names(student):
    """Names with a leading underscore are neither asked of the modules nor of their objects."""
    with pytest.raises(AttributeError):
        student._private  # noqa: B018
    with pytest.raises(AttributeError):
        student.Network([1])._private  # noqa: B018


def test_the_same_seed_gives_the_same_numbers(student):
    """seed starts random and numpy.random anew."""
    student.seed(5)
    first = student.draw()
    student.seed(5)

    assert student.draw() == first
    assert student.draw() != first


def test_figures_are_reported_and_closed(tmp_path, monkeypatch):
    """Open figures come as plain records, once."""
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    (tmp_path / "plots.py").write_text(
        "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n\n\n"
        "def draw():\n    plt.figure()\n    plt.plot([1, 2], [3, 4], label='a')\n"
    )
    student = LocalStudent(tmp_path, {"draw": "plots.py"})
    student.draw()
    (figure,) = student.figures()

    assert figure["axes"][0]["lines"][0]["label"] == "a"
    assert student.figures() == ()


def test_a_figure_that_is_returned_is_reported(tmp_path):
    """pyplot need not know it: the figure, or its axes, is returned to be read."""
    pytest.importorskip("matplotlib")
    (tmp_path / "plots.py").write_text(
        "from matplotlib.figure import Figure\n\n\n"
        "def draw():\n    made = Figure()\n    axes = made.subplots()\n    axes.plot([1, 2])\n    return made, axes\n"
    )
    student = LocalStudent(tmp_path, {"draw": "plots.py"})
    (figure,) = student.figures(student.draw())

    assert figure["axes"][0]["lines"][0]["y"].tolist() == [1, 2]
    assert "png" not in figure


def test_a_small_call_costs_little(student):
    """A call of a small function costs less than 0.3 ms of processor time; the best of several rounds counts."""
    z = np.ones((5, 1))
    student.double(z)

    def one_round() -> float:
        began = time.process_time()
        for _ in range(200):
            student.double(z)
        return (time.process_time() - began) / 200

    assert min(one_round() for _ in range(10)) < 300e-6


CALLED = """
import numpy as np

def assign(X):
    raise NotImplementedError("assign is not written yet")

def kmeans(X, k, iterations):
    return assign(X)

def centres(X):
    return X

centres = centres(np.zeros(3))
"""


def called_at_home(tmp_path, call) -> StudentError:
    """How a call of a function of CALLED fails at home."""
    (tmp_path / "hw.py").write_text(CALLED)
    names = dict.fromkeys(("assign", "kmeans", "centres"), "hw.py")
    return fault(lambda: call(LocalStudent(tmp_path, names)))


def test_a_call_that_a_function_does_not_take_is_reported_at_home(tmp_path):
    """The same sentence as where a submission is graded."""
    error = called_at_home(tmp_path, lambda student: student.kmeans(1, 2))
    said = "`kmeans` does not accept the arguments of the handout: missing a required argument 'iterations'."
    assert (error.verdict, error.message) == ("RAISED", said)
    error = called_at_home(tmp_path, lambda student: student.kmeans(1, 2, rounds=3, iterations=4))
    assert error.message == "`kmeans` does not accept the arguments of the handout: it has no parameter 'rounds'."


def test_a_function_whose_name_holds_another_value_is_reported_at_home(tmp_path):
    """It is missing, and the line that gives its name away is named."""
    error = called_at_home(tmp_path, lambda student: student.centres(1))
    said = "`centres` is a numpy.ndarray, not a function; line 13 of hw.py gives its name to another value."
    assert (error.verdict, error.message) == ("MISSING", said)


def test_the_stub_of_another_function_is_named_at_home(tmp_path):
    """What is not written is not the function that was called."""
    error = called_at_home(tmp_path, lambda student: student.kmeans(1, 2, 3))
    said = "Not attempted: `assign` is not written yet, and `kmeans` calls it."
    assert (error.verdict, error.message) == ("NOT_ATTEMPTED", said)


UNFINISHED = """
import asyncio

def library(x):
    return asyncio.AbstractEventLoop().time()

def branch(x):
    if x == 1:
        raise NotImplementedError("only other numbers")
    return x

def bare(x):
    # YOUR CODE HERE
    raise NotImplementedError()

def alone(x):
    "Explained."
    raise NotImplementedError("write me")

def begun(x):
    y = 2 * x
    raise NotImplementedError("begun is not written yet")
"""


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("branch", "RAISED"),
        ("library", "RAISED"),
        ("bare", "NOT_ATTEMPTED"),
        ("alone", "NOT_ATTEMPTED"),
        ("begun", "NOT_ATTEMPTED"),
    ],
)
def test_only_the_error_of_a_stub_means_that_nothing_was_attempted(tmp_path, name, verdict):
    """A NotImplementedError of a library, or of code that was written, is an error like any other."""
    (tmp_path / "hw.py").write_text(UNFINISHED)
    student = LocalStudent(tmp_path, dict.fromkeys(("branch", "library", "bare", "alone", "begun"), "hw.py"))
    assert fault(lambda: getattr(student, name)(1)).verdict == verdict

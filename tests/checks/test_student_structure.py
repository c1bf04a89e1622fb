"""Layers, sources and costs of a submission: in a sandbox and in this process, the same answers."""

from __future__ import annotations

import contextlib
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks import Cost, faster_than, lighter_than, no_imports, no_loops, structure
from autograder.checks.errors import CheckFailed, InstructorError, MisuseError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.remote.student import RemoteStudent
from autograder.results import Limits, Verdict
from autograder.sandbox import Request, start, why_not

LIMITS = Limits(wall_seconds=60, cpu_seconds=60, memory_mib=2048)
FUNCTIONS = ("network", "plain", "fast", "slow", "big", "small", "broken", "lying", "kept", "missing")
INTERFACE = Interface(
    (
        ModuleInterface("hw.py", FUNCTIONS, {"Net": ("__init__", "walk")}, ()),
        ModuleInterface("absent.py", ("gone",), {}, ()),
    )
)
HOMEWORK = """
import time
import numpy as np

class Net:
    def __init__(self):
        self.x = 1
    def walk(self, x):
        return [each for each in x]

def network():
    import torch
    class Own(torch.nn.Sequential):
        pass
    return Own(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))

def plain():
    return 3

def fast(x):
    return float(x.sum())

def slow(x):
    total = 0.0
    for each in x:
        total += each
    return float(total)

def big(x):
    return float(np.stack([x] * 40).sum()) / 40

def small(x):
    return float(x.sum())

def broken(x):
    raise ValueError("no")

def lying(x):
    return 0.0

def kept(x):
    x[:] = 0.0
    return float(x.sum())
"""


@pytest.fixture(scope="module")
def sandbox():
    """A started bubblewrap sandbox, with torch where it is installed."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=("numpy", "torch")) as started:
        yield started


@pytest.fixture
def folder(tmp_path) -> Path:
    """A staged submission."""
    path = tmp_path / "staged"
    path.mkdir(mode=0o755)
    (path / "hw.py").write_text(HOMEWORK)
    return path


@pytest.fixture
def behind_a_wall(sandbox, folder):
    """The stand-in for the submission in the sandbox."""
    with contextlib.closing(sandbox.open(Request(folder, LIMITS))) as session:
        yield RemoteStudent(session, INTERFACE, LIMITS, ("absent.py",), folder)


@pytest.fixture(params=["in a sandbox", "in this process"])
def student(request, folder):
    """The stand-in for the submission, of either kind."""
    if request.param == "in this process":
        return LocalStudent(folder, INTERFACE.names)
    return request.getfixturevalue("behind_a_wall")


# --- layers ---


def test_a_model_stays_inside_and_its_description_comes_out(student):
    """With the shapes that an example gives; the model still works afterwards."""
    pytest.importorskip("torch")
    model = student.network()
    built = structure(student.layers_of(model, np.zeros((5, 4))), name="network")

    built.parameters(exactly=23).kinds(["Linear", "ReLU", "Linear"], only=True).output_shape(5, 2)
    built.layer("Linear[1]", in_features=3, output=(5, 2))
    structure(student.layers_of(model)).in_mode("train")


def test_what_is_no_model_is_a_sentence(student):
    """A number, and an object of another class."""
    with pytest.raises(StudentError, match=r"Expected a torch\.nn\.Module, to look at its layers"):
        student.layers_of(student.plain())
    with pytest.raises(StudentError, match=r"expected a torch\.nn\.Module, not a Net"):
        student.layers_of(student.Net())


def test_an_example_that_does_not_fit_is_the_models_error(student):
    """As any exception of a submission's."""
    pytest.importorskip("torch")
    with pytest.raises(StudentError, match="RuntimeError"):
        student.layers_of(student.network(), np.zeros((5, 7)))


# --- sources ---


def test_the_source_is_found_by_file_function_and_method(student):
    """And judged without being run."""
    for name in ("hw.py", "fast", "Net.walk"):
        assert student.source_of(name).judged == ("hw.py",)
    no_loops(student.source_of("fast"), "fast")
    with pytest.raises(CheckFailed, match="Net.walk has a loop"):
        no_loops(student.source_of("hw.py"), "Net.walk")
    with pytest.raises(CheckFailed, match=r"hw\.py, line 12, imports torch"):
        no_imports(student.source_of("hw.py"), "torch")


def test_the_source_of_what_nobody_knows_is_the_instructors_fault(student):
    """Also of nothing at all."""
    with pytest.raises(InstructorError, match="the source of 'other', which the reference does not have"):
        student.source_of("other")
    with pytest.raises(InstructorError, match="needs the name of a file or function"):
        student.source_of()


def test_the_source_of_a_file_that_was_not_handed_in_is_missing(student):
    """The sentence names it."""
    with pytest.raises(StudentError, match=r"The file absent\.py is missing") as caught:
        student.source_of("gone")

    assert caught.value.verdict == "MISSING"


def test_a_submission_cannot_change_what_is_read_of_it(request, folder):
    """The text is that of the staged copy, also after its code has run."""
    (folder / "hw.py").write_text(
        "try:\n    open(__file__, 'w').write('x = 1')\nexcept OSError:\n    pass\ndef fast(x):\n    import torch\n"
    )
    behind_a_wall = request.getfixturevalue("behind_a_wall")  # what it is given is copied when it is opened
    behind_a_wall.fast(1)

    with pytest.raises(CheckFailed, match="line 6, imports torch"):
        no_imports(behind_a_wall.source_of("hw.py"), "torch")


def test_the_references_own_source_is_the_instructors_matter(folder):
    """A reference that cannot be read is no fault of a student's."""
    (folder / "hw.py").write_text("def fast(:\n")

    with pytest.raises(InstructorError, match=r"hw\.py, line 1: this is not Python"):
        LocalStudent(folder, INTERFACE.names, reference=True).source_of("fast")


def test_without_a_staged_folder_there_is_no_source(sandbox, folder):
    """The sentence says what is missing."""
    with (
        contextlib.closing(sandbox.open(Request(folder, LIMITS))) as session,
        pytest.raises(InstructorError, match="needs the staged folder"),
    ):
        RemoteStudent(session, INTERFACE, LIMITS).source_of("fast")


# --- costs ---


def test_a_call_is_measured_and_gives_its_value(student):
    """Time, processor and memory are counted on this side."""
    x = np.ones(200_000)
    value, cost = student.cost_of(student.slow, x)

    assert value == 200_000
    assert cost.wall_seconds > 0.001
    assert cost.cpu_seconds is not None
    assert 0.001 < cost.cpu_seconds <= cost.wall_seconds + 0.1


def test_the_memory_of_a_call_is_what_it_adds(student):
    """Forty copies of four MiB, and none."""
    x = np.ones(1 << 19)
    peaks = [student.cost_of(getattr(student, name), x)[1].peak_mib for name in ("small", "big")]

    assert peaks[0] < 20
    assert 130 < peaks[1] < 260


def test_array_operations_are_faster_than_loops(student):
    """The main use: a vectorised function against the student's own loops, on fresh numbers."""
    rng = np.random.default_rng(0)
    fast, slow = (partial(student.cost_of, function) for function in (student.fast, student.slow))

    assert faster_than(fast, slow, factor=5, inputs=lambda: (rng.normal(size=100_000),)) >= 5
    with pytest.raises(CheckFailed, match="expected at least 5 times"):
        faster_than(slow, fast, factor=5, inputs=lambda: (rng.normal(size=100_000),), rounds=2)


def test_memory_is_compared(student):
    """Forty copies are more than one, and one is less than forty."""
    x = np.ones(1 << 19)
    big, small = (partial(student.cost_of, function) for function in (student.big, student.small))

    assert lighter_than(small, big, factor=0.5, inputs=lambda: (x,)) < 60
    with pytest.raises(CheckFailed, match="MiB of memory"):
        lighter_than(big, small, factor=2, inputs=lambda: (x,))


def test_a_fast_way_to_a_wrong_answer_is_wrong(student):
    """Values are compared in every round."""
    with pytest.raises(CheckFailed, match="result is 0"):
        faster_than(
            partial(student.cost_of, student.lying),
            partial(student.cost_of, student.slow),
            factor=2,
            inputs=lambda: (np.ones(9),),
        )


def test_arguments_that_are_changed_inside_stay_the_checks(student):
    """Each call has its own."""
    x = np.ones(4)

    assert [student.cost_of(student.kept, x)[0], student.cost_of(student.fast, x)[0]] == [0, 4]


def test_what_a_measured_call_raises_is_raised(student):
    """And the next call is measured as ever."""
    with pytest.raises(StudentError, match="ValueError"):
        student.cost_of(student.broken, 3)

    assert type(student.cost_of(student.lying, 3)[1]) is Cost


def test_outside_a_check_there_is_no_baseline(behind_a_wall):
    """Nobody has said where the reference is."""
    with pytest.raises(MisuseError, match=r"student\.baseline_cost_of works in a check alone"):
        behind_a_wall.baseline_cost_of(behind_a_wall.fast, 3)


def test_on_one_s_own_machine_the_baseline_is_one_s_own(folder):
    """Students have no reference."""
    student = LocalStudent(folder, INTERFACE.names)
    assert student.baseline_cost_of(student.slow, np.ones(9))[0] == 9


def test_only_functions_can_be_measured(student):
    """A value has no cost."""
    with pytest.raises(InstructorError, match=r"student\.cost_of needs a function of the student's"):
        student.cost_of(3)


# --- a whole run ---

COURSE = {
    "assignments/small/handout.md": "# Small\n",
    "assignments/small/assignment.py": '''
        """Sums."""
        from functools import partial
        from autograder import Assignment, Limits
        from autograder.checks import faster_than, no_imports, no_loops

        assignment = Assignment("Sums", files=["hw.py"], limits=Limits(wall_seconds=20))
        sums = assignment.question("Sums", id="a", solution=["total"])

        @sums.check(points=1)
        def without_torch(student):
            """Numpy alone is used."""
            no_imports(student.source_of("hw.py"), "torch")

        @sums.check(points=1, hidden=True, hint="Let numpy loop.")
        def without_loops(student):
            """There is no loop over the samples."""
            no_loops(student.source_of("total"), "total")

        @sums.check(points=1)
        def quick(student, reference, rng):
            """It is as fast as the reference, or nearly."""
            faster_than(
                partial(student.cost_of, student.total), partial(reference.cost_of, reference.total), factor=0.01,
                inputs=lambda: (rng.normal(size=100_000),), name="total", baseline_name="the reference",
            )
        ''',
    "reference/small/hw.py": '''
        """Sums."""
        import numpy as np

        def total(x):
            """The sum."""
            ### BEGIN SOLUTION
            return float(np.sum(x))
            ### END SOLUTION
        ''',
}


@pytest.fixture
def graded(tmp_path, hand_in, bubblewrap):
    """A function that grades the text of ``hw.py`` and gives verdicts and messages by check."""
    for name, text in COURSE.items():
        path = tmp_path / "sums" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())

    def run(text: str):
        report = grade(load(tmp_path / "sums", "small"), hand_in(text), bubblewrap, None, RunOptions(seed="s"))
        return {check.id: (check.verdict, check.message) for check in report.questions[0].checks}

    return run


def test_a_right_submission_passes_all_three(graded):
    """The checks run outside, on the staged copy."""
    found = graded("import numpy as np\ndef total(x):\n    return float(x.sum())\n")

    assert {verdict for verdict, _ in found.values()} == {Verdict.PASSED}, found


def test_loops_and_imports_of_a_submission_are_reported(graded):
    """The public one in full, the hidden one by its hint."""
    unused = "def unused():\n    import torch\n"
    found = graded(f"{unused}def total(x):\n    s = 0\n    for each in x:\n        s += each\n    return s\n")

    assert found["without_torch"] == (Verdict.FAILED, "hw.py, line 2, imports torch; write it without torch.")
    assert found["without_loops"][0] is Verdict.FAILED
    assert "Let numpy loop." in found["without_loops"][1]


def test_a_submission_that_breaks_the_parser_loses_the_check_alone(graded):
    """What runs is still judged by what it gives."""
    found = graded(f"def total(x):\n    return float(x.sum())\ny = 1{'+1' * 50_000}\n")

    assert {name: str(verdict) for name, (verdict, _) in found.items()} == {
        "without_torch": "FAILED",
        "without_loops": "FAILED",
        "quick": "RAISED",
    }
    assert "nested too deeply" in found["without_torch"][1]

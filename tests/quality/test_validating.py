"""The checks before a release: valid assignments pass, and each fault is reported by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from samples import check
from tiny_course import make_course

from autograder import loader
from autograder.checks.wording import series
from autograder.cli.validate import show
from autograder.course import HomeworkSet
from autograder.datasets import DataSettings, find
from autograder.grading import RunOptions, Shared
from autograder.quality.calibration.trials import staged as calibrate_staged
from autograder.quality.mutation.audit import _staged as audit_staged
from autograder.quality.validation import (
    Finding,
    ValidationCache,
    in_float32,
    own_submissions,
    sets,
    validate,
    validation_key,
)
from autograder.quality.validation.constant_answers import CONSTANTS, constant, written_names
from autograder.quality.validation.own_submissions import OwnSubmissions, _fix
from autograder.quality.validation.static_analysis import handout
from autograder.results import Verdict
from autograder.sandbox import Sandbox, start

pytestmark = pytest.mark.long

HOME = Path(__file__).parents[2]
ASSIGNMENT = Path("assignments", "small", "assignment.py")
REFERENCE = Path("reference", "small", "hw.py")
HANDOUT = Path("assignments", "small", "handout.md")
GIVEN_AWAY = ("    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "    return 2 * x")

TITLES = ("A counter that counts at all gives half.", "A counter counts.")


def findings(course: Path, sandbox: Sandbox, *, quick: bool = True) -> dict[str, tuple[bool, str]]:
    """What is found out about the small assignment."""
    loaded = loader.load(course, "small")
    options = RunOptions(seed="validate")
    found = list(
        validate(loaded, sandbox, None, options, quick=quick, again=lambda count: start("none", threads=count))
    )
    assert all(each.fix for each in found if not each.good), "each fault comes with a way to fix it"
    return {each.what: (each.good, each.said) for each in found}


def change(course: Path, file: Path, old: str, new: str) -> None:
    """Edit a file of the course."""
    text = (course / file).read_text()
    assert old in text
    (course / file).write_text(text.replace(old, new))


def test_what_is_fit_passes(course: Path, bubblewrap: Sandbox) -> None:
    """Every finding about a sound assignment is good, and all promised properties are among them."""
    found = findings(course, bubblewrap, quick=False)
    assert {what: said for what, (good, said) in found.items() if not good} == {}
    assert list(found) == [
        "points",
        "titles",
        "points in the handout",
        "nothing is left to do",
        "what checks return",
        "nothing leaks",
        "the stub gets nothing",
        "public checks on a bare machine",
        "the reference gets full marks",
        "fits its limits",
        "what nothing earns",
        "another seed (1)",
        "another seed (2)",
        "in single precision",
        "with 2 threads",
    ]


def test_a_reference_that_fails_under_every_seed_is_no_question_of_luck(course: Path, bubblewrap: Sandbox) -> None:
    """Failures under other seeds are attributed to chance only if the reference passes under the course's own."""
    loaded = loader.load(course, "small")
    with Shared() as shared:
        own = OwnSubmissions(loaded, bubblewrap, None, RunOptions(seed="validate"), course, shared)
        reported = {failed: {each.fix for each in own.other_seeds(failed=failed)} for failed in (False, True)}
    assert reported[False] == {"A check that chance decides is unfair: lower its threshold, or repeat the training."}
    assert reported[True] == {"The reference fails under the course's own seed as well: correct that first."}


def test_one_thread_is_tried_where_the_assignment_has_more(course: Path, bubblewrap: Sandbox) -> None:
    """Beside its own number of threads, the reference is graded with 1 and with 2."""
    change(course, ASSIGNMENT, "cpu_seconds=3,", "cpu_seconds=3, threads=4,")
    found = findings(course, bubblewrap, quick=False)

    assert found["with 1 thread"] == found["with 2 threads"] == (True, "Every check passed.")


def test_what_depends_on_threads_is_reported(course: Path, bubblewrap: Sandbox) -> None:
    """A reference that is right with its own number of threads alone does not pass."""
    own = "    ### BEGIN SOLUTION\n    import os\n    return 2 * x if os.environ['OMP_NUM_THREADS'] == '1' else x\n"
    change(course, REFERENCE, "    ### BEGIN SOLUTION\n    return 2 * x\n", own)
    good, said = findings(course, bubblewrap, quick=False)["with 2 threads"]

    assert not good
    assert "doubles_three: FAILED" in said


def test_points_that_binary_cannot_hold_are_compared_in_hundredths(tmp_path: Path) -> None:
    """0.1 and 0.2 points are the 0.3 that the handout says."""
    root = make_course(tmp_path)
    assignment, page = root / "assignments" / "tiny" / "assignment.py", root / "assignments" / "tiny" / "handout.md"
    text = assignment.read_text().replace("points=2)", "points=0.1)").replace("points=3,", "points=0.2,")
    assignment.write_text(text)
    page.write_text("# Doubling\n\n## (a) Double, 0.3 points\n")
    found = handout(loader.load(root, "tiny"))

    assert (found.good, found.said.partition(";")[0]) == (True, "1 statement agrees")


@pytest.mark.parametrize(
    ("file", "old", "new", "what", "says"),
    [
        (
            ASSIGNMENT,
            "same(counter.add(3), 5",
            "same(counter.add(3), 6",
            "the reference gets full marks",
            "counts: FAIL",
        ),
        (ASSIGNMENT, "points=1)\ndef greets", "points=0)\ndef greets", "points", "Nothing can be earned in Greeting."),
        (HANDOUT, "Double, count", "    self.count += more\n\nDouble, count", "nothing leaks", "the solution"),
        (
            REFERENCE,
            "class Counter",
            "__import__('scipy')\n\n\nclass Counter",
            "public checks on a bare machine",
            "the package `scipy` is not installed",
        ),
        (ASSIGNMENT, TITLES[0], TITLES[1], "titles", "have the same"),
        (
            HANDOUT,
            "Double, count",
            "## (a) Doubling, 7 points\n\nDouble, count",
            "points in the handout",
            "md:3 speaks of 7",
        ),
        (HANDOUT, "Double, count", "| (a) Doubling | 7 |\n\nDouble, count", "points in the handout", "7 points, but"),
        (
            HANDOUT,
            "Double, count",
            "There are 99 points in total.\n",
            "points in the handout",
            "but the assignment gives",
        ),
        (REFERENCE, *GIVEN_AWAY, "the stub gets nothing", "doubles_three: PASSED"),
    ],
    ids=["wrong check", "no points", "leak", "package", "titles", "heading", "row", "total", "given away"],
)
def test_each_fault_is_reported(
    course: Path, bubblewrap: Sandbox, file: Path, old: str, new: str, what: str, says: str
) -> None:
    """The finding that a fault belongs to is bad, and names what is wrong."""
    change(course, file, old, new)
    good, said = findings(course, bubblewrap)[what]
    assert not good
    assert says in said


def test_a_question_that_is_skipped_as_a_whole_is_reported(course: Path, bubblewrap: Sandbox) -> None:
    """Where every check of a question needs another one, a student would nowhere read that it is not attempted."""
    needy = '\n\nthird = assignment.question("Third", id="third")\n\n\n@third.check(points=1, needs=doubles_three)\n'
    needy += 'def needy(student):\n    """It needs another question."""\n    student.double(1)\n'
    with (course / ASSIGNMENT).open("a") as file:
        file.write(needy)
    good, said = findings(course, bubblewrap)["the stub gets nothing"]
    assert not good
    assert "question third: all of it skipped" in said
    assert "give it a check without needs" in said


def test_what_is_left_to_do_is_reported(course: Path, bubblewrap: Sandbox) -> None:
    """Each TODO of assignment.py, with its line; other comments are none."""
    path = course / ASSIGNMENT
    lines = len(path.read_text().split("\n"))
    path.write_text(path.read_text() + "# TODO: a check of\n# negative numbers.\n# More.\n\n# to do\nx = 1\n")
    good, said = findings(course, bubblewrap)["nothing is left to do"]
    assert (good, said) == (False, f"assignment.py:{lines}: a check of negative numbers.")


HANDOUT_TODOS = """# Small

TODO: say here what this is about.

- TODO
Replace each `# TODO` by your code; TODOs in the middle of a sentence are no gaps.

```python
TODO: in code
```

> **TODO:** a picture
"""


def test_a_todo_of_the_handout_is_named_with_its_line_and_not_released(course: Path, bubblewrap: Sandbox) -> None:
    """Students would read it; what a handout says about TODOs in code is none."""
    (course / "assignments" / "small" / "handout.md").write_text(HANDOUT_TODOS)
    good, said = findings(course, bubblewrap)["nothing is left to do"]
    assert not good
    assert said == "handout.md:3: say here what this is about. handout.md:5: TODO handout.md:12: a picture"


def test_titles_and_hints_that_are_still_to_be_written_are_named(course: Path, bubblewrap: Sandbox) -> None:
    """A title that says TODO would stand on every page."""
    script = course / ASSIGNMENT
    script.write_text(script.read_text() + EMPTY_PASSES.format(points=1, name="TODO", body="student.double(1)"))
    good, said = findings(course, bubblewrap)["nothing is left to do"]
    assert (good, said) == (False, "assignment.py: the title of 'TODO': TODO.")


ADVICE = {
    Verdict.FAILED: "usual",
    Verdict.PARTIAL: "usual",
    Verdict.SKIPPED: "usual",
    Verdict.TIME: "more time",
    Verdict.MEMORY: "more memory",
    Verdict.OUTPUT: "return less",
    Verdict.RAISED: "did not run to its end",
    Verdict.MISSING: "did not run to its end",
    Verdict.CRASHED: "did not run to its end",
    Verdict.NOT_ATTEMPTED: "did not run to its end",
    Verdict.INTERNAL: "The check did not run",
}


@pytest.mark.parametrize(("verdict", "advice"), ADVICE.items())
def test_advice_fits_the_failure(verdict: Verdict, advice: str) -> None:
    """A tolerance is advised where an answer was compared, more time where time ran out, and neither elsewhere."""
    said = _fix([check("one", verdict)], "usual")
    assert advice in said
    assert ("usual" in said) == (advice == "usual")
    assert "own seed as well" in _fix([check("one", verdict)], "usual", failed=True)


def test_advice_about_several_failures_is_given_once_each() -> None:
    """Two kinds of failure have two pieces of advice, in their order."""
    missed = [check("a", Verdict.TIME), check("b", Verdict.FAILED), check("c", Verdict.TIME)]
    assert _fix(missed, "usual") == f"{_fix(missed[:1], '')} usual"


def test_a_tight_limit_is_reported(course: Path, bubblewrap: Sandbox) -> None:
    """The reference must leave room for slower machines."""
    busy = "    import time\n    end = time.process_time() + 0.8\n    while time.process_time() < end:\n        pass\n"
    change(course, REFERENCE, "    return 2 * x\n", f"{busy}    return 2 * x\n")
    change(course, ASSIGNMENT, "cpu_seconds=3", "cpu_seconds=1.1")
    good, said = findings(course, bubblewrap)["fits its limits"]
    assert not good
    assert "question a takes" in said


def test_in_float32_changes_types_and_nothing_else() -> None:
    """Functions and methods return single precision, also inside lists; constructors and numbers stay."""
    source = """
import numpy as np
class Net:
    def __init__(self): self.w = np.ones(3)
    def grad(self): return [self.w / 3], {"b": self.w}
def half(x): return x / 2
def count(): return 3
"""
    module: dict[str, object] = {"__name__": "made_up"}
    exec(in_float32(source), module)
    (first,), rest = module["Net"]().grad()  # type: ignore[operator]
    assert first.dtype == rest["b"].dtype == module["half"](np.ones(2)).dtype == np.float32  # type: ignore[operator]
    assert module["count"]() == 3  # type: ignore[operator]
    assert module["Net"]().w.dtype == np.float64  # type: ignore[operator]


def test_points_in_the_handout_may_agree(course: Path, bubblewrap: Sandbox) -> None:
    """Headings, table rows and totals that say what the checks give are counted; other numbers are left alone."""
    loaded = loader.load(course, "small")
    a, total = loaded.assignment.questions[0].max_points, loaded.assignment.max_points
    said = (
        f"# Small\n\n| (a) Doubling | {a:g} |\n\n## (a) Doubling, {a:g} points\n\n{total:g} points in total. 77 points."
    )
    (course / HANDOUT).write_text(said)

    ids = [question.id for question in loaded.assignment.questions]
    rest = "no heading or table row begins with " + " or ".join(f"({id_})" for id_ in ids[1:])
    assert findings(course, bubblewrap)["points in the handout"] == (True, f"3 statements agree; {rest}.")


@pytest.mark.parametrize(
    ("text", "said", "warning"),
    [
        ("## (a) Double, 5 points\n\n## (b) More, 1 point\n", "2 statements agree.", False),
        ("## (a) Double, 5 points\n", "1 statement agrees; no heading or table row begins with (b).", True),
        (
            "## (a) Double, 5 points\n\n## (b) More\n",
            "1 statement agrees; none says what (b) is worth.",
            True,
        ),
        ("## (a) Double\n\n## (b) More\n", "The handout states none.", False),
        ("## (b) More\n", "The handout states none; no heading or table row begins with (a).", True),
        ("Write `double`.\n", "The handout states none.", False),
    ],
)
def test_questions_that_a_handout_leaves_out_are_named(tmp_path: Path, text: str, said: str, warning: bool) -> None:
    """Where it has headings or points of some questions, those without are a warning, with a heading to write."""
    root = make_course(tmp_path)
    (root / "assignments" / "tiny" / "handout.md").write_text(f"# Doubling\n\n{text}")
    found = handout(loader.load(root, "tiny"))

    assert (found.good, found.said, found.warning) == (True, said, warning)
    if warning:
        heading = "`## (a) Double, 5 points`" if "(a)." in said else "`## (b) More, 1 point`"
        assert found.fix == f"Give each question its heading, such as {heading}."


SAVED = '''

@counting.check(points=1, hidden=True, hint="Save both numbers.")
def saved_numbers(student):
    """The numbers that were saved are 1 and 2."""
    close(student.saved("numbers.npy"), [1.0, 2.0], name="numbers.npy")
'''


def test_files_of_saved_numbers_are_handed_in_with_the_reference(course: Path, bubblewrap: Sandbox) -> None:
    """What a check reads by `saved` belongs to the reference as it would to a student's work, for every command."""
    (course / ASSIGNMENT).write_text((course / ASSIGNMENT).read_text() + SAVED)
    missing = findings(course, bubblewrap)["the reference gets full marks"]
    np.save(course / REFERENCE.with_name("numbers.npy"), np.array([1.0, 2.0]))
    found = findings(course, bubblewrap)
    loaded = loader.load(course, "small")

    assert missing == (False, "saved_numbers: MISSING, numbers.npy was not handed in.")
    assert {what: said for what, (good, said) in found.items() if not good} == {}
    for staged in (audit_staged, calibrate_staged):
        folder = staged(loaded, course / staged.__module__).folder
        assert sorted(path.name for path in folder.iterdir()) == ["hw.py", "numbers.npy"]


def test_a_homework_set_must_reach_its_cap(course: Path) -> None:
    """The points and bonus points of a set's assignments are enough for its cap, unless some are still missing."""
    most = loader.load(course, "small").assignment
    reach = sum(question.max_points for question in most.questions)
    homework = [
        HomeworkSet("enough", "Enough", ("small",), cap=reach),
        HomeworkSet("short", "Short", ("small",), cap=reach + 1),
        HomeworkSet("later", "Later", ("small", "theory"), cap=100),
        HomeworkSet("other", "Other", ("theory",), cap=100),
    ]
    found = {each.what: each for each in sets(course, "small", homework)}

    assert {what: each.good for what, each in found.items()} == {
        "homework set enough": True,
        "homework set short": False,
        "homework set later": True,
    }
    assert "lower the set's cap" in found["homework set short"].fix
    assert found["homework set later"].said.endswith("theory still missing.")


def test_the_gate_remembers_until_something_changes(course: Path, tmp_path: Path) -> None:
    """The key depends on the assignment, its reference, the data, the seed and the limits; each is remembered alone."""
    cache, options = ValidationCache(tmp_path / "cache"), RunOptions(seed="one")
    loaded = loader.load(course, "small")
    keys = {validation_key(loaded, None, options)}
    cache.remember(*keys)

    assert validation_key(loaded, None, options) in keys and cache.passed(*keys)
    keys.add(validation_key(loaded, None, RunOptions(seed="two")))
    keys.add(validation_key(loaded, None, RunOptions(seed="one", limits={"threads": 2})))
    keys.add(validation_key(loaded, find("digits", DataSettings()), options))
    for file in (ASSIGNMENT, REFERENCE, HANDOUT):
        (course / file).write_text((course / file).read_text() + "\n")
        keys.add(validation_key(loader.load(course, "small"), None, options))
    assert len(keys) == 7
    assert sum(map(cache.passed, keys)) == 1


def test_a_gate_without_a_memory_is_no_error(tmp_path: Path) -> None:
    """Where nothing can be written, the next release only takes longer."""
    (tmp_path / "file").write_text("")
    cache = ValidationCache(tmp_path / "file" / "cache")
    cache.remember("key")

    assert not cache.passed("key")


VARIANT = """{about}

--- hw.py
+++ hw.py
@@ -1,3 +1,3 @@
     ### BEGIN SOLUTION
-    return 2 * x
+    return {body}
     ### END SOLUTION
"""


def test_other_right_solutions_must_get_full_marks(course: Path, bubblewrap: Sandbox) -> None:
    """Each variant is graded in the questions that it affects; one that loses points is reported with the check."""
    folder = course / ASSIGNMENT.parent / "variants"
    folder.mkdir()
    (folder / "a_sum.diff").write_text(VARIANT.format(about="As a sum.", body="x + x"))
    (folder / "wrong.diff").write_text(VARIANT.format(about="No right solution at all.", body="3 * x"))
    found = findings(course, bubblewrap)
    assert found["the variant a_sum gets full marks"] == (True, "Every check passed.")
    good, said = found["the variant wrong gets full marks"]
    assert not good
    assert "FAILED" in said


GUESSABLE = '''

@doubling.check(points=2)
def doubles_nothing(student, rng):
    """Twice nothing is nothing."""
    close(student.double(np.zeros(3)), np.zeros(3), name="double(x)")
'''


ANSWERS = tuple(CONSTANTS)


def for_nothing(course: Path, sandbox: Sandbox, *, quick: bool) -> Finding:
    """What is found out about submissions that solve nothing."""
    loaded = loader.load(course, "small")
    found = validate(loaded, sandbox, None, RunOptions(seed="validate"), quick=quick)
    return next(each for each in found if each.what == "what nothing earns")


def test_points_for_nothing_are_reported(course: Path, bubblewrap: Sandbox) -> None:
    """A constant answer that earns points is a warning that names the check; what draws its inputs gives none."""
    found = for_nothing(course, bubblewrap, quick=True)
    assert not found.warning
    reported = [f"answers that are {name}" for name in ANSWERS if "right" not in name]
    assert found.said == f"0 points for empty files, {series(reported)}."

    change(course, ASSIGNMENT, "\n\n@doubling.check(points=1)", "\nimport numpy as np\n\n\n@doubling.check(points=1)")
    script = course / ASSIGNMENT
    script.write_text(script.read_text() + GUESSABLE)
    found = for_nothing(course, bubblewrap, quick=False)
    assert (found.good, found.warning) == (True, True)
    assert found.said.split("; ") == [
        "answers that are zeros of the right shape earn 2 (doubles_nothing 2)",
    ]
    assert "Draw more of the inputs" in found.fix

    drawn = "student.double(x := rng.normal(size=3)), 2 * x"
    change(course, ASSIGNMENT, "student.double(np.zeros(3)), np.zeros(3)", drawn)
    found = for_nothing(course, bubblewrap, quick=False)
    assert not found.warning
    assert all(f"answers that are {name}" in found.said for name in ANSWERS)


EMPTY_PASSES = """

@doubling.check(points={points})
def {name}(student):
    \"\"\"{name}.\"\"\"
    {body}
"""


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (
            "assert not np.any(np.abs(np.asarray(student.double(np.ones(3)), float) - 2) > 0.1)",
            {"NaN of the right shape"},
        ),
        ("assert np.allclose(student.double(np.ones(3)), 2)", {"empty ones of the right type"}),
        ("assert all(each == 2 for each in student.double(np.ones(3)))", {"an empty list", "an empty tuple"}),
        ("assert len(student.double(np.ones(3))) < 1 or True", {"an empty dictionary", "an empty text"}),
        ("assert not abs(student.double(1) - 2) > 0.1", {"NaN"}),
    ],
)
def test_answers_of_nothing_that_a_check_takes_for_right_are_reported(
    course: Path, bubblewrap: Sandbox, tmp_path: Path, body: str, names: set[str]
) -> None:
    """NaN passes every `not ... > ...`, and an empty answer every `all(...)`: `validate` tries both."""
    change(course, ASSIGNMENT, "\n\n@doubling.check(points=1)", "\nimport numpy as np\n\n\n@doubling.check(points=1)")
    script = course / ASSIGNMENT
    script.write_text(script.read_text() + EMPTY_PASSES.format(points=2, name="lenient", body=body))
    loaded = loader.load(course, "small")
    with Shared() as shared:
        own = OwnSubmissions(loaded, bubblewrap, None, RunOptions(seed="validate"), tmp_path, shared)
        found = own.nothing(quick=False)
    assert found.warning
    reported = {part.removeprefix("answers that are ").partition(" earn ")[0] for part in found.said.split("; ")}
    assert reported >= names, found.said
    assert "(lenient 2)" in found.said


def test_a_warning_is_shown_and_keeps_nothing_back(capsys: pytest.CaptureFixture[str]) -> None:
    """It has a mark of its own and the way to fix it, and counts as nothing bad."""
    findings = (Finding("one", True, "fine."), Finding("two", True, "2 points.", "Draw more.", warning=True))
    assert show(Console(width=80), findings) == 0
    assert capsys.readouterr().out == "✓ one: fine.\n! two: 2 points.\n  Draw more.\n"


@pytest.mark.parametrize("name", loader.names(HOME))
def test_nobody_earns_a_point_of_these_assignments_for_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither empty files nor the same answer to every call earn anything in the six assignments."""
    loaded = loader.load(HOME, name)
    if name in ("alexnet", "deep_svm", "linear_hinge", "svm_pipelines"):  # for each answer references are trained
        few = ("0", "an empty list", "the object itself, from methods that do nothing")
        monkeypatch.setattr(own_submissions, "CONSTANTS", {answer: CONSTANTS[answer] for answer in few})
    stand_in = {"mnist": "digits", "cifar10": "shapes"}.get(loaded.assignment.data)
    data = find(stand_in, DataSettings()) if stand_in else None
    with start("bubblewrap", preload=loaded.assignment.preload) as sandbox, Shared() as shared:
        own = OwnSubmissions(loaded, sandbox, data, RunOptions(seed="validate"), tmp_path, shared)
        found = own.nothing(quick=name != "theory")
    assert found.said.startswith("0 points for empty files, "), found.said


MODULE = """
import numpy as np
import matplotlib.pyplot as plt


def pair(x):
    return [x, (np.float32(3), "word", True)], {"n": 2}


def draw(x):
    plt.plot(x)
    return plt.gcf()


def given(x):
    return x + 1


class Model:
    def __init__(self):
        self.count = 1

    def add(self, x):
        self.count += 1
        return self.count + x

    def other(self):
        return 5
"""


@pytest.mark.parametrize(("name", "number"), [("zeros of the right shape", 0), ("ones of the right shape", 1)])
def test_answers_of_the_right_shape_know_nothing(name: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the form of the right ones, and calls leave no mark on objects, arguments and figures."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict[str, object] = {"__name__": "hw"}
    exec(constant(MODULE, ("pair", "draw", "Model.add"), CONSTANTS[name]), names)
    x, model = np.array([1.0, 2.0]), names["Model"]()
    (first, (small, word, truth)), more = names["pair"](x)

    assert first.tolist() == [number, number]
    assert (small, word, truth, more) == (number, "", bool(number), {"n": number})
    assert small.dtype == np.float32
    assert names["given"](x).tolist() == [2, 3]
    assert (model.add(2), model.count, model.other()) == (number, 1, 5)
    assert names["draw"](x) is None
    assert names["plt"].get_fignums() == []
    assert x.tolist() == [1, 2]


def test_nan_and_empty_answers_have_the_form_of_the_right_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """NaN stands where numbers stand, whole ones too; empty arrays and tables keep dtype, columns and other axes."""
    source = (
        "import numpy as np\nimport pandas as pd\nimport torch\n"
        "def count(x): return np.arange(6).reshape(3, 2)\n"
        "def one(x): return 3\n"
        "def frame(x): return pd.DataFrame({'n': [1, 2], 'word': ['a', 'b']})\n"
        "def tensor(x): return torch.arange(3)\n"
    )

    def answers(name: str) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "hw"}
        exec(constant(source, ("count", "one", "frame", "tensor"), CONSTANTS[name]), names)
        return {each: names[each](1) for each in ("count", "one", "frame", "tensor")}

    nan, empty = answers("NaN of the right shape"), answers("empty ones of the right type")
    assert nan["count"].shape == (3, 2)
    assert np.isnan(nan["count"]).all()
    assert np.isnan(nan["one"])
    assert np.isnan(nan["frame"]["n"]).all()
    assert list(nan["frame"]["word"]) == ["a", "b"]
    assert nan["tensor"].isnan().all()
    assert (empty["count"].shape, empty["count"].dtype) == ((0, 2), np.arange(1).dtype)
    assert (list(empty["frame"].columns), len(empty["frame"])) == (["n", "word"], 0)
    assert empty["frame"].dtypes.to_dict()["n"] == np.int64
    assert (tuple(empty["tensor"].shape), empty["one"]) == ((0,), None)


@pytest.mark.parametrize(("name", "answer"), [("None", None), ("0", 0), ("zeros of the right shape", 0.0)])
def test_answers_that_are_values_are_constant_too(name: str, answer: object) -> None:
    """A value that students compute at module level is replaced; what is given stays."""
    source = "given = 3.0\n### BEGIN SOLUTION\nmean, most = given / 2, [given]\n### END SOLUTION\n"
    names: dict[str, object] = {"__name__": "hw"}
    exec(constant(source, written_names(source, "hw.py"), CONSTANTS[name]), names)

    assert written_names(source, "hw.py") == ("mean", "most")
    assert names["given"] == 3.0
    assert names["mean"] == answer
    assert names["most"] == ([0.0] if isinstance(answer, float) else answer)


def test_methods_that_do_nothing_return_their_object() -> None:
    """Methods give the object as it was, functions give None, and constructors that are left empty make objects."""
    names: dict[str, Any] = {"__name__": "hw"}
    written = ("given", "Model.add", "Model.__init__")
    exec(constant(MODULE, written, CONSTANTS["the object itself, from methods that do nothing"]), names)
    model = names["Model"]()

    assert model.add(2) is model
    assert vars(model) == {}
    assert names["given"](2) is None
    assert model.other() == 5


FITTING = '''
class Mean:
    """A model."""

    def __init__(self, shift):
        self.shift = shift

    def fit(self, x):
        """Set `mean`; return self."""
        ### BEGIN SOLUTION
        self.mean = sum(x) / len(x) + self.shift
        return self
        ### END SOLUTION
'''

EMPTY_CHECK = """

@doubling.check(points=2)
def fits(student, reference):
    \"\"\"fit returns the model.\"\"\"
    assert student.Mean(1).fit([1, 2]).shift == reference.Mean(1).fit([1, 2]).shift
"""


def test_a_check_of_what_the_constructor_sets_is_a_warning(course: Path, bubblewrap: Sandbox) -> None:
    """A check that compares only what stands in the object before the call gives points for methods that do nothing."""
    [file] = loader.load(course, "small").assignment.files
    path = loader.load(course, "small").reference_folder / file
    path.write_text(path.read_text() + FITTING)
    script = course / ASSIGNMENT
    script.write_text(script.read_text() + EMPTY_CHECK)
    found = for_nothing(course, bubblewrap, quick=True)

    assert found.warning
    assert found.said == "answers that are the object itself, from methods that do nothing earn 2 (fits 2)"


def test_constant_answers_take_any_arguments() -> None:
    """0 comes back without the solution being run, from functions and from all methods of a class that is written."""
    names: dict[str, object] = {"__name__": "hw"}
    exec(constant(MODULE, ("given", "Model"), CONSTANTS["0"]), names)

    assert names["given"]("what", more=1) == 0
    assert names["Model"]().add() == names["Model"]().other() == 0
    assert names["Model"]().count == 1

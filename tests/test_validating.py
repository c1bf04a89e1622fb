"""The gate before a release: what is fit passes, and each thing that is not is told by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autograder import loading
from autograder.running import RunOptions
from autograder.sandbox import Sandbox
from autograder.validating import in_float32, validate

ASSIGNMENT = Path("assignments", "small", "assignment.py")
REFERENCE = Path("reference", "small", "hw.py")
HANDOUT = Path("assignments", "small", "handout.md")
GIVEN_AWAY = ("    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "    return 2 * x")


def findings(course: Path, sandbox: Sandbox, *, quick: bool = True) -> dict[str, tuple[bool, str]]:
    """What is found out about the small assignment."""
    loaded = loading.load(course, "small")
    options = RunOptions(seed="validate")
    return {each.what: (each.good, each.said) for each in validate(loaded, sandbox, None, options, quick=quick)}


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
        "the reference gets full marks",
        "fits its limits",
        "another seed (1)",
        "another seed (2)",
        "in single precision",
        "nothing leaks",
        "the stub gets nothing",
        "public checks on a bare machine",
    ]


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
            "no scipy",
        ),
        (REFERENCE, *GIVEN_AWAY, "the stub gets nothing", "doubles_three: PASSED"),
    ],
    ids=["wrong check", "no points", "leak", "package", "given away"],
)
def test_each_fault_is_told(
    course: Path, bubblewrap: Sandbox, file: Path, old: str, new: str, what: str, says: str
) -> None:
    """The finding that a fault belongs to is bad, and names what is wrong."""
    change(course, file, old, new)
    good, said = findings(course, bubblewrap)[what]
    assert not good
    assert says in said


def test_a_tight_limit_is_told(course: Path, bubblewrap: Sandbox) -> None:
    """The reference must leave room for slower machines."""
    change(course, REFERENCE, "    return 2 * x\n", "    sum(range(3 * 10**7))\n    return 2 * x\n")
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

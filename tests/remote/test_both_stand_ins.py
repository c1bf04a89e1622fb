"""The stand-in in this process and the one for a sandbox are one thing to a check."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import autograder
from autograder.checks.local import faults
from autograder.checks.local.student import LocalStudent, Student
from autograder.remote.student import RemoteStudent

HOME = Path(autograder.__file__).parent
ASKED = [name for name in vars(Student) if not name.startswith("_")]


@pytest.mark.parametrize("stand_in", [LocalStudent, RemoteStudent])
@pytest.mark.parametrize("name", ASKED)
def test_what_a_check_may_ask_is_the_same_of_both(stand_in: type, name: str) -> None:
    """Every method of the protocol is there, with the same parameters, and there is no other public one."""
    own = inspect.signature(vars(stand_in)[name]).parameters
    expected = inspect.signature(vars(Student)[name]).parameters
    assert [(each.name, each.kind, each.default) for each in own.values()] == [
        (each.name, each.kind, each.default) for each in expected.values()
    ]
    assert {each for each in vars(stand_in) if not each.startswith("_")} == set(ASKED)


def test_sentences_of_both_are_written_once() -> None:
    """No sentence of `faults` is spelt out in a module of either stand-in a second time."""
    source = inspect.getsource(faults)
    pieces = {piece for text in re.findall(r'"([^"\n]{20,})"', source) for piece in re.split(r"\{[^{}]*\}", text)}
    telling = {piece.strip() for piece in pieces if len(piece.strip()) >= 26}
    assert len(telling) > 10
    files = [*(HOME / "checks" / "local").glob("*.py"), *(HOME / "remote").glob("*.py")]
    again = {
        (file.name, piece)
        for file in files
        if file.name != "faults.py"
        for piece in telling
        if piece in file.read_text(encoding="utf-8")
    }
    assert again == set()

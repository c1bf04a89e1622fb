"""The registry of sandboxes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import autograder
from autograder.backends import BACKENDS, CONTAINERS, ENGINES, NAMES, REGISTRY, code_of
from autograder.sandbox.base import Isolation
from autograder.sandbox.launch import best, why_not

HOME = Path(autograder.__file__).parent
WORDS_OF_OTHER_THINGS = {"none"}  # matplotlib's styles, for example


def texts(path: Path) -> set[str]:
    """All constant texts of a module but its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in shown)
    return {node.value for node in constants if isinstance(node.value, str)}


def test_a_name_is_written_in_the_registry_and_in_no_other_module() -> None:
    """A back end is added by one line and one file: beside the registry only that file names it, as its program."""
    registry = HOME / "backends.py"
    own = {HOME / "sandbox" / "backends" / f"{name}.py": {name} for name in NAMES}
    names = set(NAMES) - WORDS_OF_OTHER_THINGS

    found = {
        str(path.relative_to(HOME)): sorted(names & texts(path) - own.get(path, set()))
        for path in HOME.rglob("*.py")
        if path != registry
    }

    assert {path: written for path, written in found.items() if written} == {}
    assert names <= texts(registry)


@pytest.mark.parametrize("backend", REGISTRY, ids=lambda backend: backend.name)
def test_each_line_of_the_registry_has_its_module(backend) -> None:
    """It says why it is not available, and how its workers are isolated or how its containers are started."""
    code = code_of(backend.name)

    assert isinstance(code.why_not(""), str)
    if backend.image:
        assert callable(code.start)
        assert isinstance(code.ENGINE.why_not(), str)
        assert code.AVAILABLE
    else:
        assert isinstance(code.ISOLATION, Isolation)


def test_each_module_of_a_back_end_has_its_line() -> None:
    """No file is left over."""
    files = {path.stem for path in (HOME / "sandbox" / "backends").glob("*.py")} - {"__init__"}

    assert files == set(NAMES)


def test_auto_takes_the_strongest_that_works_and_never_one_that_isolates_nothing(monkeypatch) -> None:
    """Containers are candidates only where an image is named."""
    works: set[str] = set()
    monkeypatch.setattr("autograder.sandbox.launch.why_not", lambda name, _image="": "" if name in works else "broken")

    for name in ("landlock", "docker", "podman", "bubblewrap"):
        works.add(name)
        assert best("an image") == name
    works -= {"bubblewrap"}
    assert best() == "landlock"


def test_the_lists_of_names_are_those_of_the_registry() -> None:
    """The last one that needs no image isolates nothing; `autograder image` serves a part of the containers."""
    assert Isolation() == code_of(BACKENDS[-1]).ISOLATION
    assert why_not(BACKENDS[-1]) == ""
    assert set(ENGINES) < set(CONTAINERS)
    assert {*BACKENDS, *CONTAINERS} == set(NAMES)

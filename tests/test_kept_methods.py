"""The compiled methods of dataclasses are kept in a file: of our classes only, and never to anybody's harm."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from contextlib import suppress
from types import ModuleType

import pytest

from autograder.kept_methods import kept_methods

SOURCE = """
from dataclasses import dataclass, field

@dataclass(frozen=True, slots=True, order=True)
class Point:
    x: float
    y: float = 1.0
    names: list = field(default_factory=list)
"""


def made(name="autograder.made"):
    """The class, made anew in a module of that name."""
    module = ModuleType(name)
    sys.modules[name] = module
    try:
        exec(SOURCE, vars(module))
    finally:
        del sys.modules[name]
    return module.Point


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "kept"


def behaves(point):
    one = point(2.0)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        one.x = 3.0
    return (repr(one), one == point(2.0, 1.0), one < point(3.0), hash(point(1.0, 2.0, ())), one.names is one.names)


def test_methods_from_the_file_do_what_compiled_ones_do(path, monkeypatch):
    with kept_methods(path):
        first = behaves(made())
    assert first == behaves(made())
    monkeypatch.setattr("autograder.kept_methods.compile", None, raising=False)  # what is not in the file would fail
    with kept_methods(path):
        assert behaves(made()) == first


def test_dataclasses_is_as_before_afterwards(path):
    before = dict(vars(dataclasses))
    with suppress(KeyError), kept_methods(path):
        assert vars(dataclasses) != before
        raise KeyError
    assert vars(dataclasses) == before


def test_nothing_of_other_modules_is_kept(path):
    with kept_methods(path):
        made("assignment")
    assert not path.exists()


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"x" + data, lambda _: b""])
def test_a_damaged_file_is_made_anew(path, damage):
    with kept_methods(path):
        made()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with kept_methods(path):
        behaves(made())
    assert path.read_bytes() == whole


def test_nothing_is_written_where_python_writes_no_bytecode_or_that_is_said(path, monkeypatch):
    with kept_methods(path, keep=False):
        made()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with kept_methods(path):
        made()
    assert not path.exists()


def test_a_file_of_another_user_is_not_used(path, monkeypatch):
    with kept_methods(path):
        made()
    monkeypatch.setattr("autograder.kept_methods._owners", lambda: (12345,))
    monkeypatch.setattr("autograder.kept_methods.compile", None, raising=False)
    with kept_methods(path), pytest.raises(TypeError):
        made()


def test_the_command_keeps_its_own(tmp_path):
    """What `python -m autograder` imports is in the file; a second start adds nothing."""
    code = (
        "import sys; from pathlib import Path; from autograder.kept_methods import kept_methods\n"
        "with kept_methods(Path(sys.argv[1])):\n    import autograder.cli.grade"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    states = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code, tmp_path / "kept"], check=True, env=environment)
        states.append((tmp_path / "kept").stat())
    assert states[0].st_size > 100_000
    assert states[0].st_ino == states[1].st_ino


def test_of_too_many_those_that_are_used_stay(path, monkeypatch):
    with kept_methods(path):
        made()
    used = path.stat().st_size
    with kept_methods(path):
        dataclasses.make_dataclass("Other", ["x"], namespace={"__module__": "autograder.results"})
    assert path.stat().st_size > used
    monkeypatch.setattr("autograder.kept_methods._MOST", 1)
    with kept_methods(path):
        made()
        dataclasses.make_dataclass("Third", ["x", "y"], namespace={"__module__": "autograder.results"})
    kept = path.read_bytes()
    with kept_methods(path):
        made()
    assert path.read_bytes() == kept

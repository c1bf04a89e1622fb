"""Whatever interrupts: a file, several new ones, or a folder in place of another are there as a whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder import atomic_files

INTERRUPTS = (KeyboardInterrupt, SystemExit, OSError)


def state(folder: Path) -> dict[str, bytes | None]:
    """All that lies below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int, error: type[BaseException], *, after: bool) -> None:
    """Have the so many-th call that changes the disk interrupted, before it does so or after."""
    count = itertools.count()

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **named: Any) -> Any:
            hit = next(count) == at
            if hit and not after:
                raise error
            result = real(*args, **named)
            if hit:
                raise error
            return result

        return called

    for owner, name in ((Path, "rename"), (Path, "mkdir"), (Path, "write_bytes"), (os, "replace"), (Path, "touch")):
        monkeypatch.setattr(owner, name, wrapped(getattr(owner, name)))


@pytest.mark.parametrize("error", INTERRUPTS)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("at_once", [False, True])
def test_a_folder_is_exchanged_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, after: bool, error: type[BaseException], at_once: bool
) -> None:
    """At every step, with and without a system that exchanges folders at once, there is one whole folder in place."""
    fresh, place = tmp_path / "fresh", tmp_path / "place"
    for folder, content in ((fresh, b"new"), (place, b"old")):
        folder.mkdir()
        (folder / "a").write_bytes(content)
    if not at_once:
        monkeypatch.setattr(atomic_files, "_exchanged_at_once", lambda *_: False)
    with monkeypatch.context() as patched:
        interrupt(patched, at, error, after=after)
        try:
            atomic_files.exchange(fresh, place)
            ended = True
        except error:
            ended = False
    content = (place / "a").read_bytes()
    assert content in ((b"new",) if ended else (b"old", b"new"))
    assert {path.name for path in tmp_path.iterdir()} <= {"fresh", "place"}
    if content == b"old":
        assert (fresh / "a").read_bytes() == b"new"


def test_folders_are_exchanged_at_once_where_the_system_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then not even kill -9 comes between; where it cannot, the result is the same."""
    fresh, place = tmp_path / "fresh", tmp_path / "place"
    fresh.mkdir()
    (fresh / "a").write_bytes(b"new")
    atomic_files.exchange(fresh, place)  # nothing is there yet
    assert state(tmp_path) == {"place": None, "place/a": b"new"}
    fresh.mkdir()
    (fresh / "a").write_bytes(b"newer")
    atomic_files.exchange(fresh, place)
    assert ((place / "a").read_bytes(), (fresh / "a").read_bytes()) == (b"newer", b"new")
    monkeypatch.setattr(atomic_files, "_exchanged_at_once", lambda *_: False)
    atomic_files.exchange(fresh, place)
    assert ((place / "a").read_bytes(), (fresh / "a").read_bytes()) == (b"new", b"newer")


@pytest.mark.parametrize("error", INTERRUPTS)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(12))
def test_new_files_are_all_there_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, after: bool, error: type[BaseException]
) -> None:
    """No half assignment stays, so the same command can be run again; what was there before stays."""
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/other.py").write_bytes(b"mine")
    before = state(tmp_path)
    files = {tmp_path / name: b"x" for name in ("reference/hw/hw.py", "assignments/hw/assignment.py", "top.py")}
    with monkeypatch.context() as patched:
        interrupt(patched, at, error, after=after)
        try:
            atomic_files.write_new(files)
            ended = True
        except error:
            ended = False
    assert state(tmp_path) == before or (ended and all(path.read_bytes() == b"x" for path in files))
    assert ended == all(path.is_file() for path in files)


def test_new_files_never_replace_one_that_is_there(tmp_path: Path) -> None:
    """What somebody else wrote meanwhile is kept, and nothing beside it."""
    (tmp_path / "b").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        atomic_files.write_new({tmp_path / "a/a": b"x", tmp_path / "b": b"x"})
    assert state(tmp_path) == {"b": b"mine"}


@pytest.mark.parametrize("error", INTERRUPTS)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(3))
def test_a_file_is_the_new_one_or_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, after: bool, error: type[BaseException]
) -> None:
    """Nothing half written, and nothing beside it."""
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    with monkeypatch.context() as patched:
        interrupt(patched, at, error, after=after)
        with contextlib.suppress(error):
            atomic_files.write(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]
    assert path.read_bytes() in (b"old", b"new")

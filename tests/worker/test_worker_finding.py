"""Modules that a notebook writes are found at once, and nothing else is found otherwise."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.worker.surroundings import find_written_modules


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder; what Python remembers of paths is as before afterwards."""
    stored = list(sys.path), list(sys.path_hooks), dict(sys.path_importer_cache), set(sys.modules)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.path[:], sys.path_hooks[:] = stored[:2]
    sys.path_importer_cache.clear()
    sys.path_importer_cache.update(stored[2])
    for name in set(sys.modules) - stored[3]:
        del sys.modules[name]


def test_a_module_written_a_moment_ago_is_found(folder: Path) -> None:
    """Python would not look again while the folder's time is the same."""
    find_written_modules()
    for number in range(20):
        (folder / f"written_{number}.py").write_text(f"value = {number}")
        assert importlib.import_module(f"written_{number}").value == number


def test_what_is_elsewhere_is_found_as_before(folder: Path) -> None:
    """By Python's own finders, which remember what folders hold."""
    find_written_modules()
    assert sys.path[0] == ""
    assert type(sys.path_importer_cache.get(str(folder))).__name__ != "FileFinder"
    import email.mime.audio

    assert type(sys.path_importer_cache[str(Path(email.__file__).parent)]).__name__ == "FileFinder"


def test_a_working_folder_that_is_the_root_changes_no_finder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing on the whole machine would be remembered."""
    monkeypatch.chdir("/")
    hooks = list(sys.path_hooks)
    find_written_modules()
    assert sys.path_hooks == hooks
    assert sys.path[0] == ""

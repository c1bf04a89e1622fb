"""Reasons of failures in sentences: plain words, and nothing that only Python or the system says so."""

from __future__ import annotations

import ast
import builtins
import errno
import os
import shutil
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder
from autograder.checks.wording import reason_of

HOME = Path(autograder.__file__).parent
OF_THE_SYSTEM = {
    name for name in dir(builtins) if isinstance(each := getattr(builtins, name), type) and issubclass(each, OSError)
} | {"URLError", "timeout", "error"}  # fmt: skip
MAY_HAVE = {"reason_of", "isinstance", "missing", "type", "_ours", "_about_the_machine", "_cannot_be_read"}
"""Functions that are given an error of the system and show no text of it that is not `reason_of`'s."""
MAY_READ = {"errno", "close", "code", "reason", "filename", "args", "__traceback__"}
WORDS = "checks/wording.py"


def bare(source: str, file: str = "x.py") -> Iterator[str]:
    """Each place where Python's or the system's words for an error of the system may come into a text."""
    tree = ast.parse(source)
    parents = {child: each for each in ast.walk(tree) for child in ast.iter_child_nodes(each)}
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and each.attr == "strerror" and file != WORDS:
            made = parents[parents[each]] if isinstance(parents[each], ast.Call) else None
            if not (isinstance(made, ast.Call) and getattr(made.func, "id", "") == "OSError"):
                yield f"{file}:{each.lineno}"
        if not isinstance(each, ast.ExceptHandler) or each.type is None or each.name is None:
            continue
        names = {getattr(one, "id", getattr(one, "attr", "")) for one in ast.walk(each.type)}
        for use in ast.walk(each) if names & OF_THE_SYSTEM else ():
            if not isinstance(use, ast.Name) or use.id != each.name or not isinstance(use.ctx, ast.Load):
                continue
            around = parents[use]
            fine = isinstance(around, ast.Raise) or (
                getattr(getattr(around, "func", None), "id", "") in MAY_HAVE
                if isinstance(around, ast.Call)
                else isinstance(around, ast.Attribute) and around.attr in MAY_READ
            )
            if not fine:
                yield f"{file}:{use.lineno}"


def test_no_sentence_holds_an_error_of_the_system_as_python_writes_it() -> None:
    """What may be an OSError is put into a sentence by `reason_of`, so that no reader meets [Errno 2] or strerror."""
    found = [
        place
        for path in sorted(HOME.rglob("*.py"))
        for place in bare(path.read_text(encoding="utf-8"), path.relative_to(HOME).as_posix())
    ]
    assert found == []


@pytest.mark.parametrize(
    "use",
    ["f'{e}'", "str(e)", "e.strerror", "f'{e!r}'", "shown(e)", "x.append(e)", "{'fault': e}"],
)
def test_each_way_to_the_system_s_words_is_seen(use: str) -> None:
    """In a text, as a text, by its attribute, or by a function of the student's own."""
    assert list(bare(f"try:\n    f()\nexcept (ValueError, PermissionError) as e:\n    x = {use}\n"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "x.csv"), "file not found"),
        (IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), "x"), "this is a folder and not a file"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no space left on device"),
        (urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), "connection refused"),
        (urllib.error.URLError("No host given."), "no host given"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "x"), "no permission"),
        (UnicodeDecodeError("utf-8", b"Zo\xeb", 2, 3, "invalid"), "this is not UTF-8 text (the byte 0xeb)"),
        (ValueError("no\nnumber."), "no number"),
        (OSError(), "OSError"),
        (shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]), "no space left on device: 'b'"),
    ],
)
def test_reasons_are_reported_in_plain_words(error: Exception, reason: str) -> None:
    """Without numbers, names of files and names of Python's, which the sentence has already."""
    assert reason_of(error) == reason


def test_a_reason_names_the_file_where_its_sentence_does_not() -> None:
    """As where a process could not start for a file that nobody mentioned."""
    error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "libx.so")
    assert reason_of(error, named=False) == "libx.so: file not found"

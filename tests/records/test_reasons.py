"""Reasons of failures in sentences: plain words, and nothing that only Python or the system says so."""

from __future__ import annotations

import ast
import errno
import os
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder
from autograder.checks.wording import reason_of

HOME = Path(autograder.__file__).parent
OF_THE_SYSTEM = {"OSError", "FileNotFoundError", "PermissionError", "URLError"}


def bare() -> Iterator[str]:
    """Each place where an error of the system is put into a text as it is, number, file name and all."""
    for path in sorted(HOME.rglob("*.py")):
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(handler, ast.ExceptHandler) or handler.type is None or handler.name is None:
                continue
            names = {getattr(each, "id", getattr(each, "attr", "")) for each in ast.walk(handler.type)}
            for each in ast.walk(handler) if names & OF_THE_SYSTEM else ():
                if (
                    isinstance(each, ast.FormattedValue)
                    and isinstance(each.value, ast.Name)
                    and each.value.id == handler.name
                ):
                    yield f"{path.relative_to(HOME).as_posix()}:{each.lineno}"


def test_no_sentence_holds_an_error_of_the_system_as_python_writes_it() -> None:
    """What may be an OSError is put into a sentence by `reason_of`, so that no reader meets [Errno 2]."""
    assert list(bare()) == []


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
    ],
)
def test_reasons_are_told_in_plain_words(error: Exception, reason: str) -> None:
    """Without numbers, names of files and names of Python's, which the sentence has already."""
    assert reason_of(error) == reason


def test_a_reason_names_the_file_where_its_sentence_does_not() -> None:
    """As where a process could not start for a file that nobody mentioned."""
    error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "libx.so")
    assert reason_of(error, named=False) == "libx.so: file not found"

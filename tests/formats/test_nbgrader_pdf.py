"""Pages as PDF by a browser, in whose place a program of a few lines stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.checks.errors import UsageError
from autograder.formats.nbgrader import conversions


def browser(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a shell script be the only browser."""
    program = folder / "a-browser"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(conversions, "BROWSERS", ("a-browser",))
    monkeypatch.setenv("PATH", str(folder), prepend=":")


PRINT = 'for each; do case "$each" in --print-to-pdf=*) to="${each#--print-to-pdf=}";; esac; done; echo "%PDF" > "$to"'


def test_a_page_is_printed_by_the_browser_that_is_there(tmp_path: Path, monkeypatch) -> None:
    """It gets the page as a file, and the name of the file to print into."""
    browser(tmp_path, monkeypatch, PRINT)
    assert conversions.pdf_of("<p>Hello.") == b"%PDF\n"


def test_a_browser_that_fails_is_named(tmp_path: Path, monkeypatch) -> None:
    """With what may be done without it."""
    browser(tmp_path, monkeypatch, "exit 3")
    with pytest.raises(UsageError, match=r"a-browser did not print a page: .*; leave out --pdf, or repair"):
        conversions.pdf_of("<p>Hello.")

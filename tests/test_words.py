"""Words that docs/style.md retires, and texts of which two versions were left, are nowhere in the project."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_retired_words_stay_retired() -> None:
    """What docs/style.md retires is nowhere else: not in code, pages, tests, assignments or references."""
    rows = (ROOT / "docs" / "style.md").read_text("utf-8").partition("## Retired")[2]
    retired = [
        word.strip()
        for row in re.findall(r"^\| ((?!no longer|---).+?) \| .+ \|$", rows, re.MULTILINE)
        for word in row.split(",")
    ]
    folders = ("assignments", "autograder", "benchmarks", "docs", "examples", "reference", "tests")
    files = [path for each in folders for path in (ROOT / each).rglob("*") if path.suffix in (".py", ".md", ".html")]
    files += [*ROOT.glob("*.py"), *(path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md")]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        if path.name not in ("style.md", "test_words.py") and ".venvs" not in path.parts
        for word in retired
        if re.search(rf"\b{word}\b", path.read_text("utf-8"))
    ]

    assert len(retired) >= 10
    assert found == []


def test_no_file_holds_two_versions_of_a_merge() -> None:
    """Git's conflict markers are in no tracked text."""
    marker = "^(<<<<<<<|>>>>>>>) "
    found = subprocess.run(["git", "grep", "-lE", marker], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode > 1:
        pytest.skip(f"git cannot say what is tracked here: {found.stderr.strip()}")
    assert not found.stdout.split()

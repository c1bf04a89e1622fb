"""From a reference to the folder that students get: stubs, handout and public tests, and no solution."""

from __future__ import annotations

from autograder.release.building import build, contents, stub_text
from autograder.release.writing import added, write_archive

__all__ = ["added", "build", "contents", "stub_text", "write_archive"]

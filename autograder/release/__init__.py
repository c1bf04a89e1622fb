"""From a reference to the folder that students get: stubs, handout and public tests, and no solution."""

from __future__ import annotations

from autograder.release.building import build, contents, stub_text

__all__ = ["build", "contents", "stub_text"]

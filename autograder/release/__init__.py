"""From a reference to the folder that students get: stubs, handout and public tests, and no solution."""

from __future__ import annotations

from autograder.release.building import build, contents, stub_text
from autograder.release.students import (
    chosen_students,
    refuse_other_seed,
    refuse_redrawn,
    release_for,
    unknown_students,
)
from autograder.release.writing import added, write_archive

__all__ = [
    "added",
    "build",
    "chosen_students",
    "contents",
    "refuse_other_seed",
    "refuse_redrawn",
    "release_for",
    "stub_text",
    "unknown_students",
    "write_archive",
]

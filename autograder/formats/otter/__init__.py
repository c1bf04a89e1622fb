"""Assignments of other graders, read and written anew in our form. Nothing of them is run."""

from __future__ import annotations

from autograder.formats.otter.convert import Imported, import_otter

__all__ = ["Imported", "import_otter"]

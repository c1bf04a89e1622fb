"""Notebooks: read as records, brought back into the form of the release, turned into Python text."""

from __future__ import annotations

from autograder.notebooks.reading import Cell, Notebook, Role, read
from autograder.notebooks.repairing import Repaired, repair

__all__ = ["Cell", "Notebook", "Repaired", "Role", "read", "repair"]

"""Data sets by name: found, verified, fetched; hidden parts kept apart from open ones.

Looked for in the folder that was asked for, then in `AUTOGRADER_DATA`, then in the user's cache folder.
"""

from __future__ import annotations

from autograder.datasets.finding import EMBEDDED, NAMES, Progress, available, fetch, find, find_or_default, stand_in
from autograder.datasets.pickles import write_pickle
from autograder.datasets.records import MIRRORS, Available, DataNotFound, DataSet, DataSettings, OpenData, Split

__all__ = [
    "EMBEDDED",
    "MIRRORS",
    "NAMES",
    "Available",
    "DataNotFound",
    "DataSet",
    "DataSettings",
    "OpenData",
    "Progress",
    "Split",
    "available",
    "fetch",
    "find",
    "find_or_default",
    "stand_in",
    "write_pickle",
]

"""Folders, single files and archives to submissions: everything that comes from students is opened here.

Nothing is unpacked, linked or believed: contents are read under caps, the expected files are found among them, and a
private copy that holds regular files only is what the rest of the toolkit sees.
"""

from __future__ import annotations

from autograder.submissions.collecting import (
    collect,
    collect_one,
    may_be_download,
    passed_over,
    refuse_class,
    refuse_paths,
    waiting_in,
)
from autograder.submissions.imports import to_preload
from autograder.submissions.records import Caps, Submission, Which, chosen_of
from autograder.submissions.similar_names import Recogniser

__all__ = [
    "Caps",
    "Recogniser",
    "Submission",
    "Which",
    "chosen_of",
    "collect",
    "collect_one",
    "may_be_download",
    "passed_over",
    "refuse_class",
    "refuse_paths",
    "to_preload",
    "waiting_in",
]

"""Folders, single files and archives to submissions: everything that comes from students is opened here.

Nothing is unpacked, linked or believed: contents are read under caps, the wanted files are found among them, and a
private copy that holds regular files only is what the rest of the toolkit sees.
"""

from __future__ import annotations

from autograder.intake.collecting import collect, collect_one, passed_over
from autograder.intake.imports import to_preload
from autograder.intake.recognising import Recogniser
from autograder.intake.records import Caps, Submission

__all__ = ["Caps", "Recogniser", "Submission", "collect", "collect_one", "passed_over", "to_preload"]

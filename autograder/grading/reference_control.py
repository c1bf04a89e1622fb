"""The reference as a submission: what a check says of it decides whose a fault is."""

from __future__ import annotations

from pathlib import Path

from autograder.checks.inspection.saved_files import is_name
from autograder.loader import Loaded
from autograder.submissions import Submission, collect_one

__all__ = ["reference_as_submission", "reference_files"]


def reference_files(loaded: Loaded) -> dict[str, bytes]:
    """The files of the reference that students hand in: those that are named, and files of saved numbers beside them.

    Nobody names the latter in advance: a check reads them by `student.saved`, or a solution loads its own.
    """
    home, assignment = loaded.reference_folder, loaded.assignment
    given = (*assignment.given, *assignment.extra_files)
    beside = sorted(path.name for path in home.iterdir() if is_name(path.name) and path.name not in given)
    return {file: (home / file).read_bytes() for file in (*assignment.handed_in, *beside) if (home / file).is_file()}


def reference_as_submission(loaded: Loaded, folder: Path) -> Submission:
    """The reference, handed in.

    Args:
        loaded: the assignment with its reference.
        folder: where a folder is made for it, that no student has.
    """
    place = folder / "autograder.reference"
    place.mkdir(exist_ok=True)
    files = reference_files(loaded)
    for file, content in files.items():
        (place / file).write_bytes(content)
    paths = tuple(place / file for file in files)
    return collect_one(paths, loaded.assignment.handed_in, folder / "autograder.reference-staged", "the reference")

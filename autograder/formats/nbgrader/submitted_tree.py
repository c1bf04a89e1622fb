"""nbgrader's `submitted/STUDENT/ASSIGNMENT/` as a source of submissions, with the times of its `timestamp.txt`."""

from __future__ import annotations

from datetime import datetime

from autograder.formats.hand_ins import Asked, Found, HandIn, Source, Who
from autograder.formats.nbgrader.lateness import read_stamp
from autograder.formats.nbgrader.submitted import TIMESTAMP
from autograder.submissions.folders import Unfit
from autograder.submissions.trees import Tree

__all__ = ["NBGRADER"]

_OWN = ((TIMESTAMP,), ("submission_secret.txt",))
_LONGEST_STAMP = 100  # bytes


def _recognise(tree: Tree, asked: Asked) -> str:
    students = tree.by_top()
    below = {path[0] for own in students.values() for path in own.files if len(path) > 1}
    stamped = any(path[1:] == (TIMESTAMP,) for own in students.values() for path in own.files)
    flat = any(len(path) == 1 for own in students.values() for path in own.files)
    several = len(students) > 1 or tree.place.name == "submitted"
    if flat or not (stamped or (several and below == {asked.assignment})):
        return ""
    return "a folder submitted/ of nbgrader"


def _read(tree: Tree, asked: Asked) -> Found:
    found = Found()
    for student, everything in tree.by_top().items():
        own = everything.below(asked.assignment)
        if not own.files and not own.left_out:
            others = sorted({path[0] for path in everything.files})
            found.nothing[student] = f"nothing in {student}/{asked.assignment} (there is {', '.join(others[:3])})"
            continue
        received: datetime | None = None
        notes: tuple[str, ...] = ()
        if entry := own.files.get((TIMESTAMP,)):
            try:
                stamp = read_stamp(entry.read(_LONGEST_STAMP).decode("utf-8", "replace"))
                received = stamp.time
                notes = (f"{TIMESTAMP} cannot be read: {stamp.problem}.",) if stamp.time is None else ()
            except Unfit as error:
                notes = (f"{TIMESTAMP} {error}.",)
        for path in _OWN:
            own.files.pop(path, None)
        found.hand_ins.append(HandIn(Who(student, (student,), (student,)), own, received, notes=notes))
    if not found.hand_ins:
        found.notes.append(f"Nobody has a folder {asked.assignment}: name the assignment as nbgrader does.")
    return found


NBGRADER = Source("nbgrader", _recognise, _read)

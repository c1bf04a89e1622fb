"""Plain folders: one folder, file or archive for each student, named after the student; or those of one student."""

from __future__ import annotations

from datetime import UTC, datetime

from autograder.formats.hand_ins import Asked, Found, HandIn, Source, Who
from autograder.submissions.names import lies_beside, near, stem
from autograder.submissions.trees import NOT_LISTED, Tree, is_opened

__all__ = ["ONE", "PLAIN"]

ONE = "what one student handed in"


def _is_one(tree: Tree, asked: Asked) -> bool:
    """Whether it is the folder or archive of one student: a file that is asked for lies directly in it."""
    return any(
        len(path) == 1 and any(path[0] == name or near(name, [path[0]], asked.files) for name in asked.files)
        for path in tree.files
    )


def _recognise(tree: Tree, asked: Asked) -> str:
    if not tree.files:
        return ""
    if _is_one(tree, asked):
        return ONE
    return "a plain folder, with one folder, file or archive for each student"


def _read(tree: Tree, asked: Asked) -> Found:
    found = Found()
    if _is_one(tree, asked):
        name = stem(tree.place.name)
        found.hand_ins.append(HandIn(Who(name, (name,), (name,)), tree, _newest(tree), guessed=True))
        return found
    for name, own in tree.by_top().items():
        alone = {*own.files, *own.left_out} == {(name,)} and own.left_out.get((name,)) != NOT_LISTED
        if alone and lies_beside(name, asked.files):
            found.beside.append(name)
            continue
        student = _without_ending(name) if alone else name
        found.hand_ins.append(HandIn(Who(student, (student,), (student,)), own, _newest(own), guessed=True))
    return found


def _without_ending(name: str) -> str:
    while is_opened(name) and stem(name) != name:
        name = stem(name)
    return stem(name) if "." in name else name


def _newest(tree: Tree) -> datetime | None:
    """The time of the newest file, which is all that a folder says about a hand-in."""
    newest = max((entry.modified for entry in tree.files.values()), default=0.0)
    try:
        return datetime.fromtimestamp(newest, UTC) if newest > 0 else None
    except (OverflowError, OSError, ValueError):
        return None


PLAIN = Source("plain", _recognise, _read)

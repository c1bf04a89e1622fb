"""Moodle's "Download all submissions", as `mod_assign` writes it, with a folder for each student or without.

Each name begins with ``NAME_ID_assignsubmission_PLUGIN``: the full name, or the localised word for "participant" where
grading is blind, or the name of a team; then an id, which a team without a group lacks. Underscores within names are
spaces, so the id is what stands before the first ``_assignsubmission_``. With folders, the rest of the path follows
(before Moodle 4.1 after one more underscore); without, ``_`` and the name of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from autograder.formats.hand_ins import Asked, Found, HandIn, Source, Who, text_entry
from autograder.submissions.file_trees import Entry, Tree

__all__ = ["MOODLE", "is_hidden"]

_NAME = re.compile(r"(?P<who>.*?)(?:_(?P<id>\d+))?_assignsubmission_(?P<plugin>[a-z0-9]+)(?:_(?P<file>.*))?", re.DOTALL)
_BLIND = re.compile(
    r"participant|teilnehmer(?:/?-?in|[*:_]in)?|participante|partecipante|deelnemer|deltag\w+|uczestnik|משתתף|مشارك|участник",
    re.IGNORECASE,
)  # mod_assign's own word for somebody whose name is hidden, in some languages


@dataclass(frozen=True, slots=True)
class _Prefix:
    """What the first part of a path says; `file` is the name of the file where there is no folder."""

    who: str
    id: str
    plugin: str
    file: str


def is_hidden(name: str) -> bool:
    """Whether a name is Moodle's own word for somebody whose name is hidden."""
    return bool(_BLIND.fullmatch(name))


def _prefix(first: str) -> _Prefix | None:
    match = _NAME.fullmatch(first)
    if match is None or not match["who"]:
        return None
    return _Prefix(match["who"].strip(), match["id"] or "", match["plugin"], match["file"] or "")


def _recognise(tree: Tree, asked: Asked) -> str:
    del asked
    tops = {path[0]: len(path) > 1 for path in tree.files}
    known = [is_folder for first, is_folder in tops.items() if _prefix(first)]
    if not known or 2 * len(known) < len(tops):
        return ""
    form = "with a folder for each student" if all(known) else "without folders"
    return f"a download of all submissions from Moodle, {form}"


def _read(tree: Tree, asked: Asked) -> Found:
    del asked
    found = Found()
    trees: dict[tuple[str, str], Tree] = {}
    for first, part in tree.by_top().items():
        prefix = _prefix(first)
        if prefix is None:
            found.beside.append(first)
            continue
        own = trees.setdefault((prefix.who, prefix.id), Tree(tree.place))
        for path, entry in part.files.items():
            _add(own, prefix, path, entry, alone=path == (first,))
        own.left_out.update(part.left_out)
        own.clutter += part.clutter
        own.renamed.update(part.renamed)
    for (who, id_), own in trees.items():
        blind = is_hidden(who)
        key = f"{who}_{id_}" if id_ else who
        name = f"{who} {id_}" if blind else who
        found.hand_ins.append(HandIn(Who(key, (name,), (), blind), own))
    return found


def _add(own: Tree, prefix: _Prefix, path: tuple[str, ...], entry: Entry, *, alone: bool) -> None:
    """Add a file under the name that it has without the prefix."""
    name = (prefix.file,) if alone else path
    if not name[-1]:
        return
    if prefix.plugin == "onlinetext":
        text_entry(own, name, entry)
    elif name in own.files:
        own.left_out[name] = "is there twice"
    else:
        own.files[name] = entry


MOODLE = Source("moodle", _recognise, _read)

"""Canvas' "Download submissions": a flat zip file, named as its `ContentZipper` names.

``NAME[_LATE]_USER_ATTACHMENT_FILE``: the sortable name without spaces and signs, in small letters; the ids of the user
and of the attachment; the name that the file was handed in under. Text entries end in ``_text.html`` and web addresses
in ``_link.html``. Of an anonymous assignment, ``[LATE_]anon_ID`` stands for name and user. A file that was handed in
again may be called ``softmax-1.py``.
"""

from __future__ import annotations

import re

from autograder.formats.hand_ins import Asked, Found, HandIn, Source, Who, text_entry
from autograder.submissions.file_trees import Tree

__all__ = ["CANVAS"]

_NAMED = re.compile(r"(?P<name>[^_].*?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<rest>\d+_.+|(?:text|link)\.html)", re.DOTALL)
_HIDDEN = re.compile(r"(?P<late>LATE_)?anon_(?P<id>[0-9A-Za-z]+)_(?P<rest>\d+_.+|(?:text|link)\.html)", re.DOTALL)
_LINK = ("link.html",)
_MOST = 0.5  # of the files have to be named so


def _match(name: str) -> re.Match[str] | None:
    return _HIDDEN.fullmatch(name) or _NAMED.fullmatch(name)


def _recognise(tree: Tree, asked: Asked) -> str:
    del asked
    names = [path[0] for path in tree.files if len(path) == 1]
    known = [match for name in names if (match := _match(name))]
    if len(names) != len(tree.files) or not known or len(known) < _MOST * len(names):
        return ""
    names_by_id: dict[str, set[str]] = {}
    for match in known:
        if match.re is _NAMED:
            names_by_id.setdefault(match["id"], set()).add(match["name"])
    if any(len(each) > 1 for each in names_by_id.values()):
        return ""  # a date or a version, which looks like a user's id
    hidden = ", of an anonymous assignment" if all(match.re is _HIDDEN for match in known) else ""
    return f"a download of all submissions from Canvas{hidden}"


def _read(tree: Tree, asked: Asked) -> Found:
    del asked
    found = Found()
    trees: dict[str, Tree] = {}
    who: dict[str, tuple[Who, bool]] = {}
    for (first,), entry in sorted(tree.files.items()):
        match = _match(first)
        if match is None:
            found.beside.append(first)
            continue
        hidden = match.re is _HIDDEN
        key = f"anon_{match['id']}" if hidden else match["id"]
        own = trees.setdefault(key, Tree(tree.place))
        names = (f"anon_{match['id']}",) if hidden else (match["name"],)
        _, late = who.get(key, (None, False))
        who[key] = Who(key, names, () if hidden else (match["id"],), hidden, foreign=True), late or bool(match["late"])
        rest = match["rest"]
        if not rest[0].isdigit():
            text_entry(own, (rest,), entry) if rest == "text.html" else own.files.setdefault((rest,), entry)
            continue
        name = (rest.partition("_")[2],)
        if name in own.files:
            own.left_out[(first,)] = "has the same name as another file"
        else:
            own.files[name] = entry
        if (first,) in tree.renamed:
            own.renamed[name] = tree.renamed[(first,)]
    for key, own in trees.items():
        problem = "Only a web address was handed in, which is not followed." if set(own.files) == {_LINK} else ""
        found.hand_ins.append(HandIn(who[key][0], own, late=who[key][1], problem=problem))
    found.beside += ["/".join(path) for path in tree.left_out]
    return found


CANVAS = Source("canvas", _recognise, _read)

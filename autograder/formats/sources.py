"""Every kind of download that submissions are collected from; a new one is its own module and a line here."""

from __future__ import annotations

from autograder.formats.canvas.download import CANVAS
from autograder.formats.git.clones import CLONES
from autograder.formats.gradescope.export import GRADESCOPE
from autograder.formats.hand_ins import Asked, Source
from autograder.formats.moodle.download import MOODLE
from autograder.formats.nbgrader.submitted_tree import NBGRADER
from autograder.formats.plain import ONE, PLAIN
from autograder.submissions.trees import Tree

__all__ = ["SOURCES", "recognised"]

SOURCES: tuple[Source, ...] = (
    CLONES,
    GRADESCOPE,
    MOODLE,
    CANVAS,
    NBGRADER,
    PLAIN,  # what no other recognises
)


def recognised(tree: Tree, asked: Asked) -> tuple[Source, str, Tree] | None:
    """The kind of a download, what to call it, and the folder of it that counts: its own, or the only one in it."""
    inner = [tree]
    while len(tops := inner[-1].by_top()) == 1 and all(len(path) > 1 for path in inner[-1].files):
        inner.append(inner[-1].below(next(iter(tops))))
    for source in SOURCES[:-1]:
        for each in inner:
            if said := source.recognise(each, asked):
                return source, said, each
    if tree.place.is_dir() or len(inner) == 1:
        level = tree  # a folder is named by whoever collects, and so is that of one student in it
    else:
        level = inner[-2] if PLAIN.recognise(inner[-1], asked) == ONE else inner[-1]
    said = PLAIN.recognise(level, asked)
    return (PLAIN, said, level) if said else None

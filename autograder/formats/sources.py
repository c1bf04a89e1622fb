"""Every kind of download that submissions are collected from; a new one is its own module and a line here."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.formats.canvas.download import CANVAS
from autograder.formats.git.clones import CLONES
from autograder.formats.gradescope.export import GRADESCOPE
from autograder.formats.hand_ins import Asked, Source
from autograder.formats.moodle.download import MOODLE
from autograder.formats.nbgrader.submitted_tree import NBGRADER
from autograder.formats.plain import ONE, PLAIN
from autograder.submissions.folders import Unfit
from autograder.submissions.records import MIB
from autograder.submissions.trees import CLASS, Tree, is_opened, open_tree

__all__ = ["SOURCES", "is_download", "opened", "recognised"]

_NESTED = 2  # downloads inside of archives

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


def opened(source: Path, asked: Asked, stack: ExitStack) -> tuple[Source, str, Tree]:
    """The kind of a folder or archive, what to call it, and what is in it while the stack is open.

    An archive that holds just one archive is that one.

    Raises:
        UsageError: it cannot be read, or holds no files.
    """
    try:
        tree = stack.enter_context(open_tree(source))
        known = recognised(tree, asked)
        within = tree
        for _ in range(_NESTED):
            if len(within.files) != 1 or not is_opened(next(iter(within.files))[-1]) or source.is_dir():
                break
            within = _within(within, stack)
            inner = recognised(within, asked)
            if inner is not None and (inner[0] is not PLAIN or len(inner[2].by_top()) > 1):
                known = inner
    except Unfit as error:
        raise UsageError(f"{source} {error}.") from None
    if known is None:
        raise UsageError(f"{source} holds no files; name the download: a folder, an archive or a list of repositories.")
    return known


def is_download(source: Path, assignment: str) -> bool:
    """Whether a folder or archive is a download of a learning platform, and no plain folder or archive."""
    try:
        with ExitStack() as stack:
            return opened(source.resolve(), Asked(assignment, ()), stack)[0] not in (PLAIN, CLONES)
    except UsageError:
        return False


def _within(tree: Tree, stack: ExitStack) -> Tree:
    """The only archive in an archive, opened."""
    ((path, entry),) = tree.files.items()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autograder-")))
    inner = folder / "archive"
    inner.write_bytes(entry.read(int(CLASS.file_mib * MIB)))
    return stack.enter_context(open_tree(inner, name=path[-1]))

"""From a download to `submissions/NAME/STUDENT/ATTEMPT/`: recognised, named by the roster, repaired, and kept.

Every kind of download is its own module and a line in `SOURCES`; plain folders, which no other recognises, are read
here. Whatever a person has to decide is a line of `questions.csv`, and the attempt waits until it has an answer there.
The same download collected again changes nothing.
"""

from __future__ import annotations

import shlex
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.formats.canvas.download import CANVAS
from autograder.formats.filing import Filing, collect_found
from autograder.formats.git.clones import CLONES, fetch_listed, is_list, refuse_no_list
from autograder.formats.gradescope.export import GRADESCOPE
from autograder.formats.hand_in_times import HandInTimes
from autograder.formats.hand_ins import Asked, Collection, Found, HandIn, Source, Who
from autograder.formats.moodle.download import MOODLE
from autograder.formats.nbgrader.submitted import NBGRADER
from autograder.submissions.attempts import is_collected
from autograder.submissions.file_trees import CLASS, NOT_LISTED, OUTSIDE, Tree, is_opened, open_tree
from autograder.submissions.folders import Unfit
from autograder.submissions.names import lies_beside, near, some, stem
from autograder.submissions.records import MIB

__all__ = ["SOURCES", "collect_source", "is_download", "refuse_other_folder"]

ONE = "what one student handed in"


def _is_one(tree: Tree, asked: Asked) -> bool:
    """Whether it is the folder or archive of one student: a file that is asked for lies directly in it."""
    return any(
        len(path) == 1 and any(path[0] == name or near(name, [path[0]], asked.files) for name in asked.files)
        for path in tree.files
    )


def _recognise_plain(tree: Tree, asked: Asked) -> str:
    if not tree.files:
        return ""
    if _is_one(tree, asked):
        return ONE
    return "a plain folder, with one folder, file or archive for each student"


def _read_plain(tree: Tree, asked: Asked) -> Found:
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


PLAIN = Source("plain", _recognise_plain, _read_plain)


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


def collect_source(source: Path, staging: Path, filing: Filing, *, times: HandInTimes | None = None) -> Collection:
    """Collect every hand-in of a download.

    Args:
        source: the download: a folder, an archive, or a list of repositories; never written to.
        staging: an own empty folder inside of `filing.into`.
        filing: where hand-ins are filed, and how.
        times: hand-in times, for what comes without one.

    Raises:
        UsageError: the source is not there, is nothing of a known kind, or overlaps with `filing.into`; or what is
            in that cannot be used.
    """
    source = source.resolve()
    _refuse(source, filing.into, filing.asked)
    asked = replace(filing.asked, scratch=staging)
    with ExitStack() as stack:
        if is_list(source):
            kind, said = "git", "a list of git repositories"
            found = fetch_listed(source, filing.into / ".repositories", asked)
        else:
            refuse_no_list(source)
            known, said, tree = opened(source, asked, stack)
            kind, found = known.name, known.read(tree, asked)
            if said != ONE:
                found.beside += [each for each in tree.hidden() if each not in found.beside]
                outside = [path[-1].replace("|", "/") for path, reason in tree.left_out.items() if reason == OUTSIDE]
                found.notes += [f"Left out: {each} ({OUTSIDE})." for each in outside]
        if times is not None:
            times.laid_over(found, filing.roster, kind)
        result = collect_found(found, kind, source.name, staging, replace(filing, asked=asked))
    result.said = said
    return result


def _refuse(source: Path, into: Path, asked: Asked) -> None:
    if not source.exists():
        raise UsageError(f"{source} does not exist; name the download: a folder, an archive or a list of repositories.")
    place = into.resolve()
    if source.is_dir() and (source == place or source in place.parents or place in source.parents):
        raise UsageError(
            f"{source} and {into}, where submissions are collected, overlap; name another folder with `autograder "
            f"{_again(source, asked)}`."
        )
    refuse_other_folder(source, into, asked)


def refuse_other_folder(source: Path | str, into: Path, asked: Asked) -> None:
    """Refuse to collect into a folder that holds something else.

    Raises:
        UsageError: it does.
    """
    others = [each for each in into.iterdir() if not each.name.startswith(".")] if into.is_dir() else []
    if others and not is_collected(into):
        raise UsageError(
            f"{into} holds something that was not collected ({some(sorted(each.name for each in others))}); name "
            f"another folder with `autograder {_again(source, asked)}`."
        )


def _again(source: Path | str, asked: Asked) -> str:
    return f"collect {shlex.quote(str(source))} --assignment {shlex.quote(asked.assignment)} --out DIR"

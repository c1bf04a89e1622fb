"""Files that are downloaded when somebody reads them, and not at all where an attempt already keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from autograder.formats.hand_ins import Found, HandIn, text_entry
from autograder.formats.lms.replies import Denied, TooLarge
from autograder.submissions.collected import ORIGINAL, Attempt
from autograder.submissions.folders import UNREADABLE, Unfit, open_regular, read_capped, too_large
from autograder.submissions.records import MIB, Caps
from autograder.submissions.trees import CLASS, Entry, Tree

__all__ = ["add_file", "add_text", "reading_kept"]


def add_file(tree: Tree, name: str, size: int, modified: float, download: Callable[[int], bytes]) -> None:
    """Add a file to what somebody handed in.

    Args:
        tree: of the hand-in.
        name: as it was handed in; repaired, or left out, as a name in an archive is.
        size: in bytes, as the platform says; 0 where it does not.
        modified: its time in seconds since 1970.
        download: gives its content, which may have so many bytes at most.
    """
    tree.add(name, Entry(size, modified, partial(_read, size, download)), CLASS)


def add_text(tree: Tree, name: str, page: str, modified: float) -> None:
    """Add what was typed into a form, which platforms keep as HTML."""
    data = page.encode("utf-8", "replace")
    text_entry(tree, (name,), Entry(len(data), modified, partial(_given, data)))


def _given(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise Unfit(too_large(Caps(file_mib=most / MIB)))
    return data


def _read(size: int, download: Callable[[int], bytes], most: int) -> bytes:
    if size > most:
        raise Unfit(too_large(Caps(file_mib=most / MIB)))
    try:
        return download(most)
    except TooLarge:
        raise Unfit(too_large(Caps(file_mib=most / MIB))) from None
    except Denied as error:
        raise Unfit(f"{UNREADABLE}{str(error).rstrip('.')}") from None


def reading_kept(found: Found, attempts: Iterable[Attempt], source: str, collected: Path) -> None:
    """Let hand-ins that were collected before read the files that are kept, so that nothing is downloaded twice.

    A hand-in is the same as an attempt if whoever handed in and the time are; a file is the same if its path and size
    are, too.

    Args:
        found: the hand-ins; those without a time are downloaded again.
        attempts: what was collected.
        source: the kind of download.
        collected: the folder of all attempts.
    """
    known = {(each.key, each.received): each for each in attempts if each.source == source and each.received}
    for hand_in in found.hand_ins:
        attempt = known.get((hand_in.who.key, hand_in.received)) if hand_in.received else None
        if attempt is not None:
            _replace(hand_in, attempt.folder(collected) / ORIGINAL)


def _replace(hand_in: HandIn, kept: Path) -> None:
    for parts, entry in hand_in.tree.files.items():
        path = kept.joinpath(*parts)
        try:
            same = not path.is_symlink() and path.is_file() and 0 < entry.size == path.stat().st_size
        except OSError:
            continue
        if same:
            hand_in.tree.files[parts] = Entry(entry.size, entry.modified, partial(_kept, path))


def _kept(path: Path, most: int) -> bytes:
    with open_regular(path) as (file, about):
        return read_capped(file, about.st_size, Caps(file_mib=most / MIB))

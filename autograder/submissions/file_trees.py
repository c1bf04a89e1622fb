"""What somebody else's folder or archive holds, as paths with readers: nothing is unpacked where its names say.

A zip file is read in place; tar and 7z files, which can only be read from their beginning, are spooled to a private
folder under numbers. Names are repaired; links, devices, paths that lead out and what systems leave behind are left
out with a reason, and stop nothing else.
"""

from __future__ import annotations

import os
import re
import tarfile
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import IO

from autograder.checks.errors import StudentError, UsageError
from autograder.checks.wording import reason_of
from autograder.submissions.archives import TarStream, refuse_long_directory, tar_entries
from autograder.submissions.folders import LINK, NOT_REGULAR, Unfit, open_below, open_regular
from autograder.submissions.names import is_clutter, name_in_zip, printable, readable, safe_parts, unusable
from autograder.submissions.records import MIB, Caps
from autograder.submissions.seven_zip import unpack_seven_zip

__all__ = ["CLASS", "NOT_LISTED", "OUTSIDE", "Entry", "Tree", "is_opened", "open_tree"]

OPENED = (".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz2", ".7z")
"""Endings of archives that are opened here."""
CLASS = Caps(file_mib=512, submission_mib=16 * 1024, entries=200_000, scanned=400_000, archive_mib=64 * 1024, depth=20)
"""How much of a whole class is looked at; each submission in it has caps of its own."""

NOT_LISTED = "cannot be listed"
"""Why a folder is left out that cannot be read at the moment."""
OUTSIDE = "has a path that leads out of the archive"
"""Why a file is left out that lies in no folder of the tree, and so is nobody's hand-in."""
_OF_MOODLE = "_assignsubmission_"  # what stands behind a student's name, which may begin with a dot
_OF_TOOLS = ("._", ".ds_store", ".git", ".idea", ".ipynb_checkpoints", ".trash", ".vscode")

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its size in bytes, its time in seconds since 1970 (0 where none is known), and what reads it.

    `read(most)` gives its bytes, and raises `Unfit` where there are more than that, or where they cannot be read.
    """

    size: int
    modified: float
    read: Callable[[int], bytes]


@dataclass(slots=True)
class Tree:
    """Files by path, and what was left out by path with the reason: the end of a sentence that begins with the path.

    `renamed` maps a path to the names in it that were repaired. `place` is the folder or file itself.
    """

    place: Path
    files: dict[Parts, Entry] = field(default_factory=dict)
    left_out: dict[Parts, str] = field(default_factory=dict)
    renamed: dict[Parts, str] = field(default_factory=dict)
    clutter: list[Parts] = field(default_factory=list)
    _folders: set[Parts] = field(default_factory=set)

    def below(self, *above: str) -> Tree:
        """What lies in one of its folders."""
        cut = len(above)

        def of(found: Mapping[Parts, str]) -> dict[Parts, str]:
            return {path[cut:]: said for path, said in found.items() if path[:cut] == above and len(path) > cut}

        files = {path[cut:]: entry for path, entry in self.files.items() if path[:cut] == above and len(path) > cut}
        clutter = [path[cut:] for path in self.clutter if path[:cut] == above and len(path) > cut]
        outside = {path: reason for path, reason in self.left_out.items() if reason == OUTSIDE}
        return Tree(self.place, files, outside | of(self.left_out), of(self.renamed), clutter)

    def by_top(self) -> dict[str, Tree]:
        """What lies in each of its folders, and each of its files as a tree of its own, under the first part's name."""
        found: dict[str, Tree] = {}

        def top(path: Parts) -> tuple[Tree, Parts]:
            return found.setdefault(path[0], Tree(self.place)), path[1:] or path

        for path, entry in self.files.items():
            tree, below = top(path)
            tree.files[below] = entry
        for path, reason in self.left_out.items():
            if reason == OUTSIDE:
                continue
            tree, below = top(path)
            tree.left_out[below] = reason
        for path, was in self.renamed.items():
            tree, below = top(path)
            tree.renamed[below] = was
        for path in self.clutter:
            if path[0] in found and len(path) > 1:
                found[path[0]].clutter.append(path[1:])
        return dict(sorted(found.items()))

    def hidden(self) -> list[str]:
        """What lies directly in it, is hidden, and may all the same be somebody's hand-in."""
        tops = {path[0] for path in self.clutter if path[0].startswith(".")}
        return sorted(top for top in tops if not top.lower().startswith(_OF_TOOLS))

    def read_text(self, *path: str, most: int = 64 * MIB) -> str:
        """A file as UTF-8 text.

        Raises:
            Unfit: it is larger than `most` bytes, or cannot be read.
        """
        return self.files[path].read(most).decode("utf-8-sig", "replace")

    def add(self, name: str, entry: Entry | None, caps: Caps, why_not: str = "") -> None:
        """Add an entry under its repaired name; without an entry, the reason why it is left out."""
        shown = readable(name)
        try:
            parts = safe_parts(shown)
        except StudentError:
            self.left_out[(printable(shown)[:80].replace("/", "|"),)] = OUTSIDE
            return
        if not parts:
            return
        if any(_is_left_out(part) for part in parts):
            self.clutter.append(parts)
        elif why_not or entry is None:
            self.left_out[parts] = why_not
        elif reason := unusable(parts, caps.depth):
            self.left_out[tuple(printable(part)[:80] for part in parts[: caps.depth])] = reason
        elif parts in self.files:
            self.left_out[parts] = "is there twice"
        elif parts in self._folders or any(parts[:length] in self.files for length in range(1, len(parts))):
            self.left_out[parts] = "is there both as a file and as a folder"
        else:
            self.files[parts] = entry
            self._folders.update(parts[:length] for length in range(1, len(parts)))
            if repaired := _repaired(name, shown):
                self.renamed[parts] = repaired
        if len(self.files) > caps.entries or len(self.left_out) + len(self.clutter) > caps.scanned:
            raise Unfit(f"holds more than {caps.entries:,} files")


def _is_left_out(part: str) -> bool:
    """Whether a part of a path is hidden, or left by a system or program; a student's folder from Moodle is not."""
    if _OF_MOODLE in part and not part.startswith("._"):
        return False
    return is_clutter(part) or part.startswith("~$")


def _repaired(name: str, shown: str) -> str:
    """The names in a path that read otherwise than they were written, as they read; letters in two parts do not count.

    macOS writes an umlaut as letter and dots (NFD); that is the same name.
    """
    if (name := unicodedata.normalize("NFC", name)) == shown:
        return ""
    written, read = (re.split(r"[/\\]", each) for each in (name, shown))
    if len(written) != len(read):
        return shown
    return "/".join(one for one, was in zip(read, written, strict=True) if one != was)


def is_opened(name: str) -> bool:
    """Whether a file of this name is an archive that is opened here."""
    return name.lower().endswith(OPENED)


@contextmanager
def open_tree(place: Path, caps: Caps = CLASS, *, name: str = "") -> Iterator[Tree]:
    """A folder, or a .zip, .tar, .tar.gz, .tar.bz2 or .7z file, while it is open.

    Args:
        place: the folder or file.
        caps: how much of it is looked at.
        name: of the file, where that of `place` does not say what it is.

    Raises:
        Unfit: it is damaged, encrypted, too large, or nothing of this kind.
        UsageError: it needs a package that is not installed.
    """
    tree, name = Tree(place), name or place.name
    if place.is_dir():
        _list_folder(tree, caps)
        yield tree
        return
    with ExitStack() as stack:
        file, about = stack.enter_context(open_regular(place))
        if about.st_size > caps.archive_mib * MIB:
            raise Unfit(f"is larger than {caps.archive_mib:g} MiB")
        try:
            if name.lower().endswith(".zip"):
                _list_zip(tree, file, caps, stack)
            elif is_opened(name):
                spool = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autograder-")))
                (_spool_seven_zip if name.lower().endswith(".7z") else _spool_tar)(tree, file, spool, caps)
            else:
                raise Unfit(f"is no archive that can be read here ({', '.join(OPENED)})")
        except (Unfit, UsageError):
            raise
        except Exception as error:  # damaged archives raise nearly anything
            if isinstance(error, OSError) and error.errno:
                raise  # about this machine
            raise Unfit("is damaged; download it or make it again, and test whether it opens") from None
        yield tree


def _list_folder(tree: Tree, caps: Caps) -> None:
    """Every regular file below a folder; no link is followed, and no hidden folder is looked into."""
    waiting: list[Parts] = [()]
    scanned = 0
    while waiting:
        above = waiting.pop()
        try:
            entries = sorted(os.scandir(tree.place.joinpath(*above)), key=lambda each: each.name)
        except OSError as error:
            if not above:
                raise Unfit(f"cannot be listed: {reason_of(error)}") from None
            tree.left_out[tuple(map(readable, above))] = NOT_LISTED
            continue
        for each in entries:
            scanned += 1
            if scanned > caps.scanned:
                raise Unfit(f"holds more than {caps.scanned:,} files")
            raw = (*above, each.name)
            shown = "/".join(raw)
            if each.is_symlink():
                tree.add(shown, None, caps, LINK)
            elif each.is_dir():
                if _is_left_out(each.name) or len(raw) > caps.depth:
                    tree.add(shown, None, caps, "lies in too many folders")
                else:
                    waiting.append(raw)
            elif each.is_file():
                about = each.stat(follow_symlinks=False)
                reader = partial(_read_below, tree.place, raw)
                tree.add(shown, Entry(about.st_size, about.st_mtime, reader), caps)
            else:
                tree.add(shown, None, caps, NOT_REGULAR)


def _read_below(place: Path, raw: Parts, most: int) -> bytes:
    with open_below(place, raw) as (file, _):
        return _at_most(file, most)


def _at_most(file: IO[bytes], most: int) -> bytes:
    data = file.read(most + 1)
    if len(data) > most:
        raise Unfit(f"is larger than {most / MIB:g} MiB")
    return data


def _list_zip(tree: Tree, file: IO[bytes], caps: Caps, stack: ExitStack) -> None:
    refuse_long_directory(file, caps)
    archive = stack.enter_context(zipfile.ZipFile(file))
    if len(archive.infolist()) > caps.scanned:
        raise Unfit(f"holds more than {caps.scanned:,} entries")
    for info in archive.infolist():
        name, kind = name_in_zip(info), (info.external_attr >> 16) & 0o170000
        if name.endswith(("/", "\\")):
            continue
        why_not = ""
        if kind not in (0, 0o100000):
            why_not = LINK if kind == 0o120000 else NOT_REGULAR
        elif info.flag_bits & 1:
            why_not = "is encrypted; make the archive again without a password"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            why_not = "is compressed in an unusual way; make the archive again as an ordinary zip file"
        tree.add(name, Entry(info.file_size, _zip_time(info), partial(_read_zipped, archive, info)), caps, why_not)


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    if info.file_size > most:
        raise Unfit(f"is larger than {most / MIB:g} MiB")
    try:
        with archive.open(info) as entry:
            data = _at_most(entry, most)
    except Unfit:
        raise
    except Exception:  # noqa: BLE001 - damaged archives raise nearly anything
        raise Unfit("is damaged in the archive") from None
    if len(data) != info.file_size:
        raise Unfit("is damaged in the archive")
    return data


def _zip_time(info: zipfile.ZipInfo) -> float:
    """The entry's time, which is that of a clock without a zone; 0 where there is none."""
    try:
        return time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] > 1980 else 0.0
    except (OverflowError, ValueError):
        return 0.0


def _spool_tar(tree: Tree, file: IO[bytes], spool: Path, caps: Caps) -> None:
    stream = TarStream(file, caps)
    for number, (name, info) in enumerate(tar_entries(stream, caps)):
        size = info.size + -info.size % tarfile.BLOCKSIZE
        if not info.isreg():
            if not info.isdir():
                tree.add(name, None, caps, LINK if info.issym() or info.islnk() else NOT_REGULAR)
            continue
        if info.size > caps.file_bytes:
            stream.skip(size)
            tree.add(name, None, caps, f"is larger than {caps.file_mib:g} MiB")
            continue
        spooled = spool / str(number)
        with spooled.open("wb") as copy:
            stream.copy(size, copy)
            copy.truncate(info.size)
        tree.add(name, Entry(info.size, float(info.mtime), partial(_read_below, spooled, ())), caps)


def _spool_seven_zip(tree: Tree, file: IO[bytes], spool: Path, caps: Caps) -> None:
    del file
    found = unpack_seven_zip(tree.place, spool, files=caps.scanned, mib=caps.submission_mib, file_mib=caps.file_mib)
    for each in found:
        entry = Entry(each.size, each.modified, partial(_read_below, each.path, ()))
        tree.add(PurePath(each.name).as_posix(), entry, caps)

"""Reading files and folders that somebody else made: regular files only, no links followed, no more than the caps."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autograder.checks.errors import StudentError, Verdict
from autograder.checks.wording import reason_of
from autograder.submissions.names import is_clutter, printable, unusable
from autograder.submissions.records import Caps, Contents

__all__ = [
    "LINK",
    "NOT_REGULAR",
    "UNREADABLE",
    "Unfit",
    "keep",
    "open_below",
    "open_regular",
    "read_capped",
    "read_folder",
    "too_large",
]

LINK = "is a link, not a file"
NOT_REGULAR = "is not a regular file"
UNREADABLE = "cannot be read: "
"""How the reason begins why a file is left out that this machine does not let us read, which may change."""


class Unfit(Exception):
    """A file that is not taken; the text is the end of a sentence that begins with its name."""


@contextmanager
def open_regular(name: str | Path, folder: int | None = None) -> Iterator[tuple[IO[bytes], os.stat_result]]:
    """Open a regular file for reading, and nothing else: a FIFO does not hang, a link is not followed.

    Raises:
        Unfit: it is no regular file, or cannot be opened.
    """
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        raise Unfit(_cannot_be_read(error)) from None
    with open(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise Unfit(NOT_REGULAR)
        yield file, about


@contextmanager
def open_below(path: Path, parts: tuple[str, ...]) -> Iterator[tuple[IO[bytes], os.stat_result]]:
    """Open a regular file below a folder, on a way that no link is a part of; the file itself where there is no way.

    Raises:
        Unfit: as `open_regular`.
    """
    if not parts:
        with open_regular(path) as opened:
            yield opened
        return
    try:
        folder = _open_folder(path, parts[:-1])
    except OSError as error:
        raise Unfit(_cannot_be_read(error)) from None
    try:
        with open_regular(parts[-1], folder) as opened:
            yield opened
    finally:
        os.close(folder)


def too_large(caps: Caps) -> str:
    """Why a file is not kept."""
    return f"is larger than {caps.file_mib:g} MiB"


def keep(contents: Contents, parts: tuple[str, ...], data: bytes) -> None:
    """Add a file.

    Raises:
        StudentError: with it there are too many, or they are too large together.
    """
    contents.total += len(data)
    contents.files[parts] = data
    caps = contents.caps
    if len(contents.files) > caps.entries:
        raise StudentError(
            Verdict.MISSING,
            f"The submission holds more than {caps.entries} files; hand in only the files that are asked for.",
        )
    if contents.total > caps.submission_bytes:
        raise StudentError(
            Verdict.MISSING,
            f"The submission holds more than {caps.submission_mib:g} MiB; hand in only the files that are asked for.",
        )


def read_folder(path: Path, caps: Caps) -> Contents:
    """Read a folder with all that is in it, but hidden files and what tools leave behind.

    Raises:
        StudentError: it cannot be read, or holds too much.
    """
    contents = Contents(caps)
    waiting: list[tuple[str, ...]] = [()]
    scanned = 0
    while waiting:
        parts = waiting.pop()
        try:
            folder = _open_folder(path, parts)
        except OSError as error:
            if not parts:
                raise StudentError(
                    Verdict.MISSING, f"The folder {printable(path.name)} {_cannot_be_read(error)}."
                ) from None
            contents.left_out[parts] = _cannot_be_read(error)
            continue
        try:
            with os.scandir(folder) as entries:
                names = []
                for entry in entries:
                    scanned += 1
                    if scanned > caps.scanned:
                        raise StudentError(Verdict.MISSING, f"The folder holds more than {caps.scanned} files.")
                    names.append((entry.name, entry.is_dir(follow_symlinks=False)))
            for name, is_folder in sorted(names):
                below = (*parts, name)
                if is_clutter(name):
                    continue
                if reason := unusable(below, caps.depth):
                    contents.left_out[below] = reason
                elif is_folder:
                    waiting.append(below)
                else:
                    _read_file(name, folder, below, contents)
        finally:
            os.close(folder)
    return contents


def _open_folder(path: Path, parts: tuple[str, ...]) -> int:
    """A descriptor of a folder below `path`, reached step by step so that no step can be a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.open(path, flags)
    for part in parts:
        try:
            below = os.open(part, flags, dir_fd=folder)
        finally:
            os.close(folder)
        folder = below
    return folder


def _read_file(name: str, folder: int, parts: tuple[str, ...], contents: Contents) -> None:
    try:
        with open_regular(name, folder) as (file, about):
            contents.newest = max(contents.newest, about.st_mtime)
            data = read_capped(file, about.st_size, contents.caps)
    except Unfit as error:
        contents.left_out[parts] = str(error)
        return
    keep(contents, parts, data)


def read_capped(file: IO[bytes], size: int, caps: Caps) -> bytes:
    """All bytes of an open file.

    Raises:
        Unfit: there are more than the caps allow, or reading fails.
    """
    try:
        data = file.read(caps.file_bytes + 1) if size <= caps.file_bytes else b""
    except OSError as error:
        raise Unfit(_cannot_be_read(error)) from None
    if max(size, len(data)) > caps.file_bytes:
        raise Unfit(too_large(caps))
    return data


def _cannot_be_read(error: OSError) -> str:
    """The end of a sentence about a file that cannot be opened."""
    if error.errno in (errno.ELOOP, errno.EMLINK):
        return LINK
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return NOT_REGULAR
    return f"{UNREADABLE}{reason_of(error)}"

"""The working folder of a submission: what was handed in and what is given, in a place that can be written.

As at home, code finds its files by relative names and beside ``__file__``, and may write over them.
"""

from __future__ import annotations

import os
import stat

__all__ = ["COPIED_BYTES", "LINKED_BYTES", "copied", "lay_out"]

LINKED_BYTES = 8 << 20
"""A larger file that is given is a link to the read-only original: a copy in memory would count as the submission's."""
COPIED_BYTES = 64 << 20
"""So many bytes are copied in all; what is left then becomes links."""

_OWN_LINKED_BYTES = 16 << 20
_CHUNK = 1 << 20
_BLOCK = 1 << 12


def lay_out(submission: str, given: str, folder: str) -> None:
    """Copy what was handed in to the working folder, then what is given over it.

    Large files, and those for which the limits leave no room, become links to the read-only originals.

    Args:
        submission: folder with what was handed in.
        given: folder with what is given; need not exist.
        folder: the working folder; holds nothing of these names yet.

    Raises:
        OSError: a name cannot be made.
    """
    left = _copy(submission, folder, _OWN_LINKED_BYTES, COPIED_BYTES)
    if os.path.isdir(given):
        _copy(given, folder, LINKED_BYTES, left)


def copied(submission: str | os.PathLike[str], given: str | os.PathLike[str] | None) -> tuple[int, int]:
    """How many files and folders `lay_out` makes, and how many bytes they take at most."""
    count, size, folders = 0, 0, [os.fspath(each) for each in (submission, given) if each]
    while folders:
        for entry in _entries(folders.pop()):
            count += 1
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
                size += _BLOCK
            else:
                size += -(-entry.stat(follow_symlinks=False).st_size // _BLOCK) * _BLOCK
    return count, min(size, COPIED_BYTES + count * _BLOCK)


def _copy(source: str, target: str, most: int, left: int) -> int:
    """Copy regular files and folders over what is there; returns how many bytes may still be copied."""
    for entry in _entries(source):
        to = os.path.join(target, entry.name)
        if entry.is_dir(follow_symlinks=False):
            if not os.path.isdir(to):
                _remove(to)
                os.mkdir(to)
            left = _copy(entry.path, to, most, left)
        elif entry.is_file(follow_symlinks=False):
            _remove(to)
            size = entry.stat(follow_symlinks=False).st_size
            if size <= min(most, left) and _is_copied(entry.path, to):
                left -= size
            else:
                os.symlink(entry.path, to)
    return left


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What a folder holds, sorted; nothing where it is not there, or not for the user of this sandbox."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda each: each.name)
    except OSError:
        return []


def _is_copied(source: str, target: str) -> bool:
    """Copy a file where the limits leave room for it; whether they did."""
    try:
        _copy_file(source, target)
    except OSError:
        _remove(target)
        return False
    return True


def _copy_file(source: str, target: str) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            while data := os.read(reading, _CHUNK):
                view = memoryview(data)
                while view:
                    view = view[os.write(writing, view) :]
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _remove(path: str) -> None:
    """Remove a file or a folder that a student handed in where a given one belongs; intake lets no link through."""
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(about.st_mode):
        os.unlink(path)
        return
    for name in os.listdir(path):
        _remove(os.path.join(path, name))
    os.rmdir(path)

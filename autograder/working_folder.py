"""The working folder of a submission: what was handed in and what is given, in a place that can be written.

As at home, code finds its files by relative names and beside ``__file__``, and may write over them.
"""

from __future__ import annotations

import os
import stat

__all__ = ["LINKED_BYTES", "copied", "lay_out"]

LINKED_BYTES = 8 << 20
"""A larger file that is given is a link to the read-only original: a copy in memory would count as the submission's."""

_CHUNK = 1 << 20
_BLOCK = 1 << 12


def lay_out(submission: str, given: str, folder: str) -> None:
    """Copy what was handed in to the working folder, then what is given over it.

    Args:
        submission: folder with what was handed in.
        given: folder with what is given; need not exist.
        folder: the working folder; holds nothing of these names yet.

    Raises:
        OSError: a name could not be made. A file for which the limits leave no room becomes a link to the original.
    """
    _copy(submission, folder, most=None)
    if os.path.isdir(given):
        _copy(given, folder, most=LINKED_BYTES)


def copied(submission: str | os.PathLike[str], given: str | os.PathLike[str] | None) -> tuple[int, int]:
    """How many files and folders `lay_out` makes, and how many bytes they take."""
    count, size = 0, 0
    for top, most in ((submission, None), (given, LINKED_BYTES)):
        for where, folders, files in os.walk(top) if top else ():
            sizes = [os.lstat(os.path.join(where, file)).st_size for file in files]
            count += len(folders) + len(files)
            size += sum(-(-each // _BLOCK) * _BLOCK for each in sizes if most is None or each <= most)
            size += _BLOCK * len(folders)
    return count, size


def _copy(source: str, target: str, most: int | None) -> None:
    """Copy regular files and folders over what is there; files with more than `most` bytes become links."""
    with os.scandir(source) as entries:
        found = sorted(entries, key=lambda each: each.name)
    for entry in found:
        to = os.path.join(target, entry.name)
        if entry.is_dir(follow_symlinks=False):
            if not os.path.isdir(to):
                _remove(to)
                os.mkdir(to)
            _copy(entry.path, to, most)
        elif entry.is_file(follow_symlinks=False):
            about = entry.stat(follow_symlinks=False)
            _remove(to)
            if most is not None and about.st_size > most:
                os.symlink(entry.path, to)
            else:
                try:
                    _copy_file(entry.path, to)
                except OSError:
                    _remove(to)
                    os.symlink(entry.path, to)


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

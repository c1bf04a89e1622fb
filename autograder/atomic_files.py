"""Files and folders that are there as a whole or not at all, whatever interrupts their writing: an error, or Ctrl-C."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["STAGING", "draft_of", "exchange", "given_folder", "write", "write_new"]


STAGING = ".staging"
"""Our own folder inside of an output folder, while a command is at work in it; no sentence names it."""

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE


def write(path: Path, content: bytes) -> None:
    """Write a file anew; until it is complete, the old one is there, and nothing stays of what was begun.

    Raises:
        OSError: it cannot be written.
    """
    folder, draft = os.path.dirname(path), draft_of(path, os.getpid())
    try:
        try:
            _write(draft, content)
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)
            _write(draft, content)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise


def draft_of(path: Path, process: int) -> str:
    """Where a process writes a file until it is complete; it stays there if the process is killed."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{process}")


def _write(path: str, content: bytes) -> None:
    with open(path, "wb", buffering=0) as file:
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]


def given_folder(path: Path) -> Path:
    """The folder that people know: that of the output, for a path in our own folder inside of it."""
    parts = path.parts
    return Path(*parts[: parts.index(STAGING)]) if STAGING in parts else path


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write files where none are: all of them, or none, and then no folder that was made for them stays either.

    Raises:
        OSError: one cannot be written.
    """
    made: list[Path] = []
    try:
        for path, content in files.items():
            missing = [each for each in path.parents if not each.exists()]
            for folder in reversed(missing):
                made.append(folder)
                folder.mkdir(exist_ok=True)
            made.append(path)
            path.touch(exist_ok=False)
            path.write_bytes(content)
    except FileExistsError:
        made.pop()  # somebody else's
        _remove(made)
        raise
    except BaseException:
        _remove(made)
        raise


def exchange(fresh: Path, place: Path) -> None:
    """Put a folder in the place of another, which is then where the new one was; there is one at every moment.

    Where the system cannot exchange two folders at once, the old one is put back when something comes between.

    Args:
        fresh: the new folder, beside `place`.
        place: where it belongs; nothing need be there.

    Raises:
        OSError: it cannot be done; everything is as it was.
    """
    if not place.is_dir():
        fresh.rename(place)
        return
    if _exchanged_at_once(fresh, place):
        return
    aside = place.with_name(f".{place.name}.old-{os.getpid()}")
    try:
        place.rename(aside)
        fresh.rename(place)
        aside.rename(fresh)
    except BaseException:
        if aside.is_dir() and not place.exists():
            aside.rename(place)
        shutil.rmtree(aside, ignore_errors=True)  # the new one is in place
        raise


def _exchanged_at_once(one: Path, other: Path) -> bool:
    """Whether the system has exchanged two folders in one step; False where it cannot."""
    if sys.platform != "linux":
        return False
    call = getattr(ctypes.CDLL(None), "renameat2", None)
    return call is not None and call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _remove(made: list[Path]) -> None:
    """Remove files and folders in the reverse of the order in which they were made; others in there keep a folder."""
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()

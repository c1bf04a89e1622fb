"""Files that are made of reports, written again only where what they are made of has changed.

Beside the files of a folder lies `.written.json`: for each file a hash of what it was made of, and size, time and
number of the file as it was left. Where all of these are the same, and the toolkit is, the file is not even made. Any
difference, also a file that somebody edited or a list that cannot be read, means that it is written.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import autograder
from autograder.early_start import GRADED
from autograder.reports.files import write_bytes, write_text

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["Written", "toolkit_digest", "written"]

LIST = GRADED
_MOST_WAITING = 64  # files that are made and not written yet
_Left = tuple[str, int, int, int]  # hash, size, time in ns, number of the file


class Written:
    """What is known of the files of a folder; see `written`."""

    def __init__(self, folder: Path, known: dict[str, _Left]) -> None:
        self._folder, self._known = folder, known
        self._prefix = "" if folder == Path() else f"{folder}/"
        self._changed = False
        self._writer: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[Path, str, str, Future[None]]] = deque()

    def write(self, path: Path, made_of: object, make: Callable[[], str]) -> None:
        """Write a file below the folder, unless it is there already, made of the same.

        It is made here and written by a thread, so that the next one is made meanwhile; it is there after `save`.

        Args:
            path: the file.
            made_of: everything that the file follows from, as msgspec encodes it.
            make: gives its text.

        Raises:
            UsageError: this file, or one before it, cannot be written.
        """
        name = self._name(path)
        digest = hashlib.sha256(toolkit_digest() + msgspec.json.encode(made_of)).hexdigest()
        known = self._known.get(name)
        if known is None or known[0] != digest or known[1:] != _seen(path):
            self._writer = self._writer or _thread()
            self._known.pop(name, None)
            self._changed = True
            self._waiting.append((path, name, digest, self._writer.submit(write_text, path, make())))
            self._finish(_MOST_WAITING)

    def remove(self, path: Path) -> None:
        """Remove a file below the folder, if it is there."""
        path.unlink(missing_ok=True)
        self._changed |= self._known.pop(self._name(path), None) is not None

    def _name(self, path: Path) -> str:
        """The path below the folder."""
        return str(path).removeprefix(self._prefix)

    def _finish(self, left: int) -> None:
        """Wait until no more than so many files are still to be written."""
        while len(self._waiting) > left:
            path, name, digest, written = self._waiting.popleft()
            written.result()
            self._known[name] = (digest, *_seen(path))

    def save(self) -> None:
        """Wait for all files, and write the list, if it changed.

        Raises:
            UsageError: a file cannot be written; those that can be are.
        """
        try:
            while self._waiting:
                self._finish(0)
        finally:
            if self._writer:
                self._writer.shutdown()
                self._writer = None
            self._save_list()

    def _save_list(self) -> None:
        if self._changed:
            write_bytes(self._folder / LIST, msgspec.json.encode(self._known))
            self._changed = False


def _thread() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1, "pages")


@contextmanager
def written(folder: Path) -> Iterator[Written]:
    """The files of a folder as they were left; the list is written at the end, also after an error."""
    try:
        known = msgspec.json.decode((folder / LIST).read_bytes(), type=dict[str, _Left])
    except (OSError, msgspec.MsgspecError):
        known = {}
    found = Written(folder, known)
    try:
        yield found
    finally:
        found.save()


def _seen(path: Path | str) -> tuple[int, int, int]:
    """Size, time and number of a file; zeros where there is none."""
    try:
        about = os.stat(path, follow_symlinks=False)
    except OSError:
        return 0, 0, 0
    return about.st_size, about.st_mtime_ns, about.st_ino


@cache
def toolkit_digest() -> bytes:
    """What changes with every file of the toolkit: pages that an older one wrote are written again."""
    home = os.path.dirname(autograder.__file__)
    seen = []
    for folder, below, files in os.walk(home):
        below[:] = (name for name in below if name != "__pycache__")
        inner = os.path.relpath(folder, home)
        paths = (os.path.join(folder, name) for name in files if name.endswith((".py", ".html", ".css")))
        seen += [(inner, os.path.basename(path), *_seen(path)) for path in paths]
    return hashlib.sha256(msgspec.json.encode((autograder.__version__, sorted(seen)))).digest()

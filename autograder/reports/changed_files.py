"""Files that are made of reports, written again only where what they are made of has changed.

Beside the files of a folder lies `.written.json`: for each file a hash of what it was made of, and size, time and
number of the file as it was left. Where all of these are the same, and the toolkit is, the file is not even made. Any
difference, also a file that somebody edited or a list that cannot be read, means that it is written. Where that is so
of hundreds of files, as after a change of points, forked processes make and write a part of them each.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import msgspec

import autograder
from autograder.atomic_files import draft_of
from autograder.early_start import GRADED
from autograder.reports.files import write_bytes, write_text

__all__ = ["Written", "toolkit_digest", "written"]

LIST = GRADED
_FEW = 200  # files that one process makes in less time than it takes to have more of them
_MOST_PROCESSES = 4
_Left = tuple[str, int, int, int]  # hash, size, time in ns, number of the file


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file that is to be written: where, its name in the list, the hash of what it is made of, and its text."""

    path: Path
    name: str
    digest: str
    make: Callable[[], str]

    def write(self) -> None:
        """Make the text, and write it."""
        write_text(self.path, self.make())


class Written:
    """What is known of the files of a folder; see `written`."""

    def __init__(self, folder: Path, known: dict[str, _Left]) -> None:
        self._folder, self._known = folder, known
        self._prefix = "" if folder == Path() else f"{folder}/"
        self._changed = False
        self._waiting: dict[str, _Waiting] = {}

    def write(self, path: Path, made_of: object, make: Callable[[], str]) -> None:
        """Write a file below the folder, unless it is there already, made of the same; it is there after `save`.

        Args:
            path: the file.
            made_of: everything that the file follows from, as msgspec encodes it.
            make: gives its text; it may be called in another process.
        """
        name = self._name(path)
        digest = hashlib.sha256(toolkit_digest() + msgspec.json.encode(made_of)).hexdigest()
        known = self._known.get(name)
        if known is None or known[0] != digest or known[1:] != _seen(path):
            self._known.pop(name, None)
            self._changed = True
            self._waiting[name] = _Waiting(path, name, digest, make)

    def remove(self, path: Path) -> None:
        """Remove a file below the folder, if it is there."""
        name = self._name(path)
        self._waiting.pop(name, None)
        path.unlink(missing_ok=True)
        self._changed |= self._known.pop(name, None) is not None

    def _name(self, path: Path) -> str:
        """The path below the folder."""
        return str(path).removeprefix(self._prefix)

    def save(self) -> None:
        """Write all files that wait, and the list, if it changed.

        Raises:
            UsageError: a file cannot be written; those that were before it are there.
        """
        waiting, self._waiting = list(self._waiting.values()), {}
        try:
            for each in _written_elsewhere(waiting):
                self._known[each.name] = (each.digest, *_seen(each.path))
            for each in waiting:
                if each.name not in self._known:
                    each.write()
                    self._known[each.name] = (each.digest, *_seen(each.path))
        finally:
            if self._changed:
                write_bytes(self._folder / LIST, msgspec.json.encode(self._known))
                self._changed = False


def _written_elsewhere(waiting: Sequence[_Waiting]) -> list[_Waiting]:
    """What forked processes have written, while this one wrote its own part: all of it, where nothing went wrong.

    A process is forked only where no other thread could hold a lock at that moment. Of one that fails nothing counts:
    its part is made again here, and what is wrong is said here.
    """
    count = min(_MOST_PROCESSES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    if len(waiting) < _FEW or count < 2 or threading.active_count() > 1:
        return []
    parts = [waiting[number::count] for number in range(count)]
    others: dict[int, Sequence[_Waiting]] = {}
    written = list(parts[0])
    try:
        for part in parts[1:]:
            with suppress(OSError):  # no process is left: the part is written here
                _fork(part, others)
        for each in parts[0]:
            each.write()
        while others:
            process, status = os.waitpid(next(iter(others)), 0)
            part = others.pop(process)
            if status == 0:
                written += part
            else:
                _remove_drafts(part, process)
    finally:
        for process, part in others.items():
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            _remove_drafts(part, process)
    return written


def _remove_drafts(part: Sequence[_Waiting], process: int) -> None:
    """Remove what a process had begun to write when it was killed."""
    for each in part:
        with suppress(OSError):
            os.unlink(draft_of(each.path, process))


def _fork(part: Sequence[_Waiting], others: dict[int, Sequence[_Waiting]]) -> None:
    """Begin a process that writes a part and nothing else, and add it; it ends with 0 when all is written.

    Ctrl-C waits until the new process can end by it, and this one knows the new one.
    """
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        process = os.fork()
        if process == 0:
            _write_part(part, parent, before)
        others[process] = part
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _write_part(part: Sequence[_Waiting], parent: int, unblocked: Iterable[int]) -> NoReturn:
    """Write a part, and end this process."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        for each in part:
            if os.getppid() != parent:  # it was killed: whoever comes next writes these files
                break
            each.write()
        else:
            code = 0
    finally:
        os._exit(code)


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

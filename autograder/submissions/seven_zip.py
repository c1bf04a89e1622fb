"""7z files, unpacked by py7zr in a process of its own under limits: the file may be made to break whatever reads it.

Files get numbers for names, so that nothing in the archive says where they are written; links and devices are left out.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.errors import UsageError
from autograder.optional_packages import missing
from autograder.submissions.folders import Unfit

__all__ = ["Unpacked", "unpack_seven_zip"]

_MIB = 2**20
_MEMORY_MIB = 1024
_CPU_SECONDS = 300
_TOO_LARGE, _ENCRYPTED, _UNUSUAL = 3, 4, 5
_COMMAND = "from autograder.submissions.seven_zip import serve; serve()"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file: its name in the archive, its size in bytes, its time in seconds since 1970, and where it lies now."""

    name: str
    size: int
    modified: float
    path: Path


def unpack_seven_zip(path: Path, target: Path, *, files: int, mib: float, file_mib: float) -> Iterator[Unpacked]:
    """Unpack a file into an empty folder, and say what lies there.

    Args:
        path: the .7z file.
        target: the folder.
        files: entries that it may have at most.
        mib: what they may have together once unpacked, in MiB.
        file_mib: files above it stay in the archive, in MiB.

    Raises:
        UsageError: py7zr is not installed.
        Unfit: it is damaged, encrypted or too large.
    """
    if importlib.util.find_spec("py7zr") is None:
        raise UsageError(f"{missing(ModuleNotFoundError(name='py7zr'), 'A 7z file')}.")
    asked = [str(path), str(target), str(files), str(int(mib * _MIB)), str(int(file_mib * _MIB))]
    done = subprocess.run(
        [sys.executable, "-P", "-B", "-c", _COMMAND, *asked],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise Unfit(
            {
                _TOO_LARGE: f"unpacks to more than {mib:g} MiB or holds more than {files:,} files",
                _ENCRYPTED: "is encrypted; make it again without a password",
                _UNUSUAL: "is compressed in an unusual way; make it again as an ordinary zip file",
            }.get(done.returncode, "is damaged or no 7z file; make it again, and test whether it opens")
        )
    for number, (name, size, modified) in enumerate(json.loads(done.stdout)):
        yield Unpacked(name, size, modified, target / str(number))


class _Full(Exception):
    """More was unpacked than may be."""


def serve() -> None:
    """The other process: limits itself, unpacks, and prints names, sizes and times."""
    path, target, *numbers = sys.argv[1:]
    files, total, most = map(int, numbers)
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_MIB * _MIB, _MEMORY_MIB * _MIB))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library = importlib.import_module("py7zr")
    errors = importlib.import_module("py7zr.exceptions")
    try:
        found = _unpack(library, Path(path), Path(target), files, total, most)
    except (_Full, errors.DecompressionBombError):
        sys.exit(_TOO_LARGE)
    except errors.PasswordRequired:
        sys.exit(_ENCRYPTED)
    except errors.UnsupportedCompressionMethodError:
        sys.exit(_UNUSUAL)
    json.dump(found, sys.stdout)


def _unpack(py7zr: Any, path: Path, target: Path, files: int, total: int, most: int) -> list[tuple[str, int, float]]:
    interfaces: Any = importlib.import_module("py7zr.io")
    left = [total]

    class Numbered(interfaces.Py7zIO):  # type: ignore[misc]
        def __init__(self, place: Path) -> None:
            self._file = place.open("w+b")

        def write(self, s: bytes | bytearray) -> int:
            left[0] -= len(s)
            if left[0] < 0:
                raise _Full
            return self._file.write(s)

        def read(self, size: int | None = None) -> bytes:
            return self._file.read(-1 if size is None else size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self._file.seek(offset, whence)

        def flush(self) -> None:
            self._file.flush()

        def size(self) -> int:
            return self._file.tell()

        def close(self) -> None:
            self._file.close()

    class Factory(interfaces.WriterFactory):  # type: ignore[misc]
        def create(self, filename: str) -> Numbered:
            return Numbered(target / str(numbers[Path(filename).as_posix()]))

    with py7zr.SevenZipFile(path, max_extract_size=total) as archive:
        if archive.needs_password():
            raise py7zr.exceptions.PasswordRequired("", "")
        entries = list(archive.files)
        if len(entries) > files:
            raise _Full
        kept = {
            each.filename: each
            for each in entries
            if not (each.is_directory or each.is_symlink or each.is_junction or each.is_socket)
            and each.uncompressed <= most
        }
        numbers = {Path(name).as_posix(): number for number, name in enumerate(kept)}
        if kept:
            archive.extract(targets=list(kept), factory=Factory())
    times = (each.lastwritetime.totimestamp() if each.lastwritetime else 0.0 for each in kept.values())
    return [(name, each.uncompressed, time) for (name, each), time in zip(kept.items(), times, strict=True)]

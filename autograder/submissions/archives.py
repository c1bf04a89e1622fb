"""Reading zip and tar.gz files that somebody else made, alone or inside a folder, without unpacking them anywhere.

Sizes are counted while reading, never believed; whatever a damaged archive makes the libraries raise becomes one
sentence. Python's own `tarfile` reads only single headers here: its ways of extracting have been broken repeatedly.
"""

from __future__ import annotations

import bz2
import gzip
import os
import re
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from autograder.checks.errors import StudentError, Verdict
from autograder.submissions.folders import LINK, NOT_REGULAR, Unfit, keep, open_below, too_large
from autograder.submissions.names import ARCHIVES, is_clutter, near, printable, safe_parts, unusable
from autograder.submissions.records import MIB, Caps, Contents

__all__ = ["TarStream", "read_archive", "refuse_long_directory", "tar_entries", "unpack"]


_BLOCK = 512
_DIRECTORY_BYTES = 8 * MIB  # of a zip file with 20,000 entries
_NEEDS_ZIP64 = 2**32
_TAR_NAMES_BYTES = 64 * 1024


def read_archive(path: Path, caps: Caps, below: tuple[str, ...] = ()) -> Contents:
    """Read a .zip or .tar.gz file; archives inside it stay closed.

    Args:
        path: the file, or a folder.
        caps: how much is read.
        below: where it lies in the folder.

    Raises:
        StudentError: damaged, encrypted, too large, or with names that no honest archive has.
    """
    contents = Contents(caps)
    name = printable("/".join(below) or path.name)
    try:
        with open_below(path, below) as (file, about):
            if about.st_size > caps.archive_mib * MIB:
                raise Unfit(f"is larger than {caps.archive_mib:g} MiB")
            contents.newest = about.st_mtime
            if name.lower().endswith(".zip"):
                _read_zip(file, contents)
            else:
                _read_tar(file, contents)
    except StudentError:
        raise
    except Unfit as error:
        raise StudentError(Verdict.MISSING, f"The file {name} {error}.") from None
    except Exception:  # noqa: BLE001 - damaged archives raise nearly anything
        raise StudentError(
            Verdict.MISSING,
            f"The file {name} is damaged; make it again, and test whether it opens.",
        ) from None
    return contents


class _Names:
    """The names seen so far; two that one file system or another takes for the same are refused."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._folders: set[str] = set()

    def add(self, parts: tuple[str, ...]) -> None:
        shown = "/".join(parts)
        keys = [_folded("/".join(parts[:length])) for length in range(1, len(parts) + 1)]
        other = self._seen.get(keys[-1])
        if other is not None:
            what = f"{shown} twice" if other == shown else f"both {other} and {shown}, which some systems confuse"
            raise StudentError(Verdict.MISSING, f"The archive holds {what}; hand in one of them.")
        for key in keys[:-1]:
            if key in self._seen:
                raise StudentError(
                    Verdict.MISSING, f"The archive holds {self._seen[key]} both as a file and as a folder."
                )
        if keys[-1] in self._folders:
            raise StudentError(Verdict.MISSING, f"The archive holds {shown} both as a file and as a folder.")
        self._seen[keys[-1]] = shown
        self._folders.update(keys[:-1])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _read_zip(file: IO[bytes], contents: Contents) -> None:
    caps, names = contents.caps, _Names()
    refuse_long_directory(file, caps)
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise Unfit("is damaged or no zip file; make it again, and test whether it opens") from None
    with archive:
        if len(archive.infolist()) > caps.scanned:
            raise Unfit(f"holds more than {caps.scanned} entries")
        for info in archive.infolist():
            name = info.orig_filename.split("\0")[0]
            parts = safe_parts(name)
            if not parts or name.endswith(("/", "\\")) or any(is_clutter(part) for part in parts):
                continue
            if reason := unusable(parts, caps.depth):
                contents.left_out[parts] = reason
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                contents.left_out[parts] = LINK if kind == stat.S_IFLNK else NOT_REGULAR
                continue
            names.add(parts)
            if info.flag_bits & 1:
                raise Unfit("is encrypted; make it again without a password")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Unfit("is compressed in an unusual way; make it again as an ordinary zip file")
            if info.file_size > caps.file_bytes:
                contents.left_out[parts] = too_large(caps)
                continue
            with archive.open(info) as entry:
                data = entry.read(caps.file_bytes + 1)
            if len(data) != info.file_size:
                raise zipfile.BadZipFile
            keep(contents, parts, data)


def refuse_long_directory(file: IO[bytes], caps: Caps) -> None:
    """Look at the size of the table of entries before the library reads it whole.

    The large form of zip files (zip64) is refused where no file that needs it may be read.
    """
    most = _DIRECTORY_BYTES * caps.scanned // Caps().scanned
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    sizes = [int.from_bytes(tail[at.start() + 12 : at.start() + 16], "little") for at in re.finditer(b"PK\5\6", tail)]
    if large := b"PK\6\7" in tail:
        sizes = [int.from_bytes(tail[at.start() + 40 :][:8], "little") for at in re.finditer(b"PK\6\6", tail)]
    if any(length > most for length in sizes) or (large and (not sizes or caps.archive_mib * MIB < _NEEDS_ZIP64)):
        raise Unfit(f"holds more than {caps.scanned} entries, or is no ordinary zip file")


class TarStream:
    """The bytes of a tar file, unpacked up to a cap; .gz and .bz2 are known by how they begin."""

    def __init__(self, file: IO[bytes], caps: Caps) -> None:
        begins = file.read(3)
        file.seek(0)
        self._stream: IO[bytes] | gzip.GzipFile | bz2.BZ2File = file
        if begins[:2] == b"\x1f\x8b":
            self._stream = gzip.GzipFile(fileobj=file)
        elif begins == b"BZh":
            self._stream = bz2.BZ2File(file)
        self._left = 4 * caps.submission_bytes
        self._caps = caps

    def exactly(self, size: int) -> bytes:
        """The next bytes; EOFError when there are fewer."""
        self._count(size)
        data = self._stream.read(size)
        if len(data) != size:
            raise EOFError
        return data

    def skip(self, size: int) -> None:
        """Pass over the next bytes."""
        self.copy(size)

    def copy(self, size: int, target: IO[bytes] | None = None) -> None:
        """Write the next bytes to a file, or to nowhere; EOFError when there are fewer."""
        self._count(size)
        while size:
            piece = self._stream.read(min(size, MIB))
            if not piece:
                raise EOFError
            if target is not None:
                target.write(piece)
            size -= len(piece)

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            limit = 4 * self._caps.submission_mib
            raise Unfit(f"unpacks to more than {limit:g} MiB; hand in only the files that are asked for")


def _read_tar(file: IO[bytes], contents: Contents) -> None:
    caps, names = contents.caps, _Names()
    stream = TarStream(file, caps)
    for name, info in tar_entries(stream, caps):
        size = info.size + -info.size % _BLOCK  # entries fill whole blocks
        parts = safe_parts(name)
        if not parts or info.isdir() or any(is_clutter(part) for part in parts):
            stream.skip(size if info.isreg() else 0)
            continue
        reason = unusable(parts, caps.depth)
        if not info.isreg():
            contents.left_out[parts] = LINK if info.issym() or info.islnk() else NOT_REGULAR
        elif reason or info.size > caps.file_bytes:
            contents.left_out[parts] = reason or too_large(caps)
            stream.skip(size)
        else:
            names.add(parts)
            keep(contents, parts, stream.exactly(size)[: info.size])


def tar_entries(stream: TarStream, caps: Caps) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Each entry's name and header; the reader of an entry must pass over its bytes before it takes the next."""
    long_name = ""
    for _ in range(caps.scanned):
        block = stream.exactly(_BLOCK)
        if not any(block):
            return
        info = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        if info.size < 0:
            raise tarfile.HeaderError
        if info.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            if info.size > _TAR_NAMES_BYTES:
                raise Unfit("holds a name that is too long")
            data = stream.exactly(info.size + -info.size % _BLOCK)[: info.size]
            if info.type == tarfile.GNUTYPE_LONGNAME:
                long_name = data.rstrip(b"\0").decode("utf-8", "replace")
            elif info.type == tarfile.XHDTYPE:
                long_name = _pax_path(data) or long_name
            continue
        if info.issparse() or info.type == tarfile.GNUTYPE_SPARSE:
            raise Unfit("holds a sparse file; make it again as a zip file")
        name = long_name or info.name
        long_name = ""
        if info.isdir() and not name.strip("./"):
            continue
        yield name, info
    raise Unfit(f"holds more than {caps.scanned} entries")


def _pax_path(records: bytes) -> str:
    """The path that an extended header gives, or ""; another size than the header's is refused.

    Each record is ``LENGTH KEY=VALUE\\n``, where LENGTH counts the whole record.
    """
    path = ""
    while records:
        digits, _, _ = records[:20].partition(b" ")
        length = int(digits)
        if not len(digits) + 3 <= length <= len(records):
            raise tarfile.HeaderError
        key, _, value = records[len(digits) + 1 : length - 1].partition(b"=")
        if key == b"path":
            path = value.decode("utf-8", "replace")
        elif key == b"size" or key.startswith(b"GNU.sparse"):
            raise Unfit("holds a file that is too large, or a sparse one")
        records = records[length:]
    return path


def unpack(folder: Path, contents: Contents, expected: Sequence[str]) -> None:
    """Add the files of the only archive in a folder to its contents, where a file that is asked for is missing there.

    They lie where the archive lies; what is there beside it goes before. Archives inside it stay closed.

    Args:
        folder: the folder.
        contents: what was read of it; it is changed.
        expected: names of the files that are asked for.

    Raises:
        StudentError: nothing that is asked for lies beside the archive, and it is damaged, encrypted or too large; or
            together there is too much.
    """
    paths = (*contents.files, *contents.left_out)
    archives = [path for path in paths if path[-1].lower().endswith(ARCHIVES) and path[-1] not in expected]
    names = {path[-1] for path in paths}
    here = [name for name in expected if name in names or near(name, names, expected)]
    if len(archives) != 1 or len(here) == len(expected):
        return
    (archive,) = archives
    try:
        inside = read_archive(folder, contents.caps, archive)
        if not (inside.files or inside.left_out):
            raise StudentError(Verdict.MISSING, f"The file {printable('/'.join(archive))} is empty.")
    except StudentError:
        if here:
            return  # it may be anything
        raise
    contents.total -= len(contents.files.pop(archive, b""))
    contents.left_out.pop(archive, None)
    contents.newest = max(contents.newest, inside.newest)
    contents.unpacked = printable("/".join(archive))
    taken = {*contents.files, *contents.left_out}
    folders = {path[:length] for path in taken for length in range(1, len(path))}
    for parts in (*inside.files, *inside.left_out):
        path = (*archive[:-1], *parts)
        above = (path[:length] for length in range(1, len(path)))
        if path in taken or path in folders or any(each in taken for each in above):
            contents.left_out[(*archive, *parts)] = "lies beside the archive as well"
        elif reason := inside.left_out.get(parts, unusable(path, contents.caps.depth)):
            contents.left_out[path] = reason
        else:
            keep(contents, path, inside.files[parts])

"""Downloads: from a list of mirrors, none of which is trusted, into the user's data folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.datasets import cifar10, mnist
from autograder.datasets.finding import EMBEDDED, known, placing
from autograder.datasets.records import DataSettings

__all__ = ["Progress", "fetch"]

Progress = Callable[[str, int, int], None]
"""Told, after each piece: the file's name, bytes so far, and bytes in all (0 when the server does not say)."""

_PIECE = 64 * 2**10
_TIMEOUT_SECONDS = 20.0


def fetch(name: str, settings: DataSettings, progress: Progress | None = None) -> Path:
    """Download what is missing of a data set into the first data folder, and return the folder that now holds it.

    A file appears under its name only when its content is verified. Files that are there and right stay untouched.

    Raises:
        UsageError: nothing to fetch, or no mirror gave a right file; the sentence says why, and what to place where.
    """
    if known(name) in EMBEDDED:
        raise UsageError(f"The data set {name!r} is always there; there is nothing to fetch.")
    folder = settings.target / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in _FILES[name]:
            if not file.is_right(folder / file.name):
                _fetch_file(file, folder, settings, progress or _silent)
    except OSError as error:
        raise UsageError(f"Cannot write to {folder}: {reason_of(error)}; choose another folder with --data.") from None
    return folder


def _silent(_file: str, _done: int, _total: int) -> None:
    """The progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a data set: which mirrors may send no more than `most_bytes`, and whether a copy is the right one."""

    data_set: str
    name: str
    most_bytes: int
    verified: Callable[[Path], bool]

    def is_right(self, path: Path) -> bool:
        """Whether it is there, and right."""
        return path.is_file() and self.verified(path)


def _is_idx(path: Path, file: mnist.IdxFile) -> bool:
    try:
        mnist.verify_idx(path, file)
    except UsageError:
        return False
    return True


def _is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest() == cifar10.ARCHIVE_MD5


_FILES = {
    "mnist": tuple(_File("mnist", file.name, 16 << 20, partial(_is_idx, file=file)) for file in mnist.FILES),
    "cifar10": (_File("cifar10", cifar10.ARCHIVE, 200 << 20, _is_archive),),
}


def _fetch_file(file: _File, folder: Path, settings: DataSettings, progress: Progress) -> None:
    """Try the mirrors in turn until one gives the right file."""
    failures = []
    for mirror in settings.mirrors:
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{file.name}.")
        temporary = Path(name)
        try:
            with open(handle, "wb") as target:
                failure = _download(mirror.rstrip("/") + "/" + file.name, target.write, file, progress)
            if not failure and not file.is_right(temporary):
                failure = "sent another file (its checksum is wrong)"
            if not failure:
                temporary.chmod(0o644)
                os.replace(temporary, folder / file.name)
                return
            failures.append(f"{mirror} {failure}")
        finally:
            temporary.unlink(missing_ok=True)
    tried = "; ".join(failures) or "no mirror is configured"
    raise UsageError(
        f"{file.name} could not be downloaded: {tried}. Without a network, {placing(file.data_set, settings.target)}."
    )


def _download(url: str, write: Callable[[bytes], object], file: _File, progress: Progress) -> str:
    """Copy one address to `write`, piece by piece; what went wrong, or ""."""
    import http.client  # here, because all this takes time to import and is rarely needed
    import urllib.error
    import urllib.request

    if not url.startswith(("https://", "http://")):
        return "is no http or https address"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as reply:  # noqa: S310 - the scheme is checked above
            total = int(reply.headers.get("Content-Length") or 0)
            done = 0
            while piece := _read(reply.read):
                done += len(piece)
                if max(done, total) > file.most_bytes:
                    return f"sent more than {file.most_bytes >> 20} MiB"
                write(piece)
                progress(file.name, done, total)
    except urllib.error.HTTPError as error:
        error.close()
        return f"answered {error.code} {error.reason}"
    except _NetworkError as error:
        return f"broke off ({reason_of(error)})"
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ValueError) as error:
        return f"cannot be reached ({reason_of(error)})"
    return "" if done >= total else f"broke off after {done} of {total} bytes"


class _NetworkError(Exception):
    """Reading failed; kept apart from a failure to write, which is no mirror's fault."""


def _read(read: Callable[[int], bytes]) -> bytes:
    from http.client import HTTPException

    try:
        return read(_PIECE)
    except (OSError, HTTPException) as error:
        raise _NetworkError(reason_of(error)) from None

"""From a name and the settings to a verified data set: found in a data folder, or downloaded into one.

Downloads come from a list of mirrors, none of which is trusted.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.datasets import cifar10, digits, mnist, own, shapes
from autograder.datasets.records import Available, DataNotFound, DataSet, DataSettings

__all__ = [
    "EMBEDDED",
    "NAMES",
    "Progress",
    "available",
    "fetch",
    "find",
    "find_or_default",
    "known",
    "placing",
    "stand_in",
]

NAMES = {
    "mnist": "70,000 handwritten digits, 28 x 28",
    "digits": "1,797 handwritten digits, 8 x 8 brought to 28 x 28, comes with scikit-learn",
    "cifar10": "60,000 colour photographs, 32 x 32, ten classes",
    "shapes": "3,500 coloured shapes, 32 x 32, ten classes, made by a formula",
}
EMBEDDED: dict[str, Callable[[], DataSet]] = {"digits": digits.load, "shapes": shapes.load}
"""Data sets that are always there."""

_STAND_INS = {
    "mnist": ("digits", "the embedded digits of scikit-learn stand in for MNIST"),
    "cifar10": ("shapes", "coloured shapes, made by a formula, stand in for CIFAR-10"),
}


def find(name: str, settings: DataSettings) -> DataSet:
    """Load and verify a data set by name.

    Raises:
        DataNotFound: it lies in none of the folders; the sentence says what to place where.
        UsageError: no such name or folder, or a file that is damaged or not the published one.
        InstructorError: it is one of the course's own, and cannot be read or split as declared.
    """
    if declared := settings.declared(name):
        return own.load(declared, settings.seed)
    if known(name, settings) in EMBEDDED:
        return EMBEDDED[name]()
    if settings.data is not None and not settings.data.is_dir():
        raise UsageError(f"The data folder {settings.data} does not exist; name the folder that holds the data sets.")
    for folder in settings.folders:
        if found := _READERS[name](folder):
            return found
    looked = ", ".join(str(folder) for folder in settings.folders)
    raise DataNotFound(
        f"The data set {name!r} was not found in {looked}: "
        f"run `autograder data fetch {name}`, or {placing(name, settings.target)}."
    )


def _mnist(folder: Path) -> DataSet | None:
    paths = mnist.locate(folder)
    return mnist.load(paths) if paths else None


def _cifar10(folder: Path) -> DataSet | None:
    copy = cifar10.locate(folder)
    return cifar10.load(copy) if copy else None


_READERS = {"mnist": _mnist, "cifar10": _cifar10}


def find_or_default(name: str, settings: DataSettings) -> tuple[DataSet, str]:
    """The data set, or the embedded one that stands in where it lies nowhere; and one sentence that says which it is.

    A copy that is there but damaged is an error, never a reason to use other data.

    Raises:
        UsageError: as `find`.
    """
    try:
        found = find(name, settings)
    except DataNotFound:
        embedded, reason = _STAND_INS[name]
        return EMBEDDED[embedded](), (
            f"Data: {reason}, which was not found; "
            f"for the real one run `autograder data fetch {name}`, or {placing(name, settings.target)}."
        )
    if name not in NAMES:
        sizes = f"{len(found.train)} given, {len(found.validation)} public and {len(found.hidden)} hidden samples"
        return found, f"Data: {name}, {sizes}, {found.origin}."
    return found, f"Data: {found.name}, {NAMES[found.name]}, {found.origin}."


def stand_in(name: str) -> str:
    """The embedded data set that takes the place of another; an embedded one is its own."""
    return _STAND_INS[name][0] if name in _STAND_INS else name


def available(settings: DataSettings) -> tuple[Available, ...]:
    """What each known data set's state is on this machine; files that are there are read and verified."""
    listed = []
    for name, title in NAMES.items():
        try:
            listed.append(Available(name, title, origin=find(name, settings).origin))
        except UsageError as error:
            listed.append(Available(name, title, problem=str(error)))
    for declared in settings.own:
        title = f"the course's own, {', '.join(declared.files)}"
        try:
            listed.append(Available(declared.name, title, origin=find(declared.name, settings).origin))
        except InstructorError as error:
            listed.append(Available(declared.name, title, problem=str(error)))
    return tuple(listed)


def known(name: str, settings: DataSettings | None = None) -> str:
    """The name itself.

    Raises:
        UsageError: there is no such data set; the sentence gives the near names.
    """
    if name in NAMES:
        return name
    names = [*NAMES, *(each.name for each in (settings.own if settings else ()))]
    near = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, names))}."
    raise UsageError(f"There is no data set called {name!r}; {hint}")


def placing(name: str, folder: Path) -> str:
    """What to place where, as the end of a sentence."""
    if name == "cifar10":
        return f"place {cifar10.ARCHIVE} (or the python archive, or what is in either) into {folder / name}"
    names = ", ".join(file.name for file in mnist.FILES)
    return f"place {names} (or {mnist.PICKLE} instead of the four) into {folder / 'mnist'}"


# --- downloads ---

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

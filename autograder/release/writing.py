"""Put the files of a release into its folder: all of them or none, and nothing that somebody added is lost."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.local.kit import KIT
from autograder.checks.wording import reason_of
from autograder.settings import utf8_text

__all__ = ["RECORD", "added", "record_of", "write_archive", "write_release"]

RECORD = ".generated"
"""Names the generated files of a release, so that the next one removes these alone."""

_CACHES = ("__pycache__", ".pytest_cache")


def record_of(files: Mapping[str, bytes]) -> bytes:
    """The record of a release: the path of each file on a line of its own."""
    return "".join(f"{path}\n" for path in sorted({*files, RECORD})).encode()


def write_release(files: Mapping[str, bytes], out: Path) -> None:
    """Make a release's folder anew beside the old one, and exchange them when it is complete.

    Files that are no part of the old release are taken over. Without a record of an old release (it was made before
    there were any) only its part of the toolkit counts as generated.

    Args:
        files: path inside the folder to content.
        out: the folder; made if it is not there.

    Raises:
        UsageError: it cannot be written; the old release is then as it was.
    """
    out = out.resolve()
    fresh = out.with_name(f".{out.name}.new-{os.getpid()}")
    try:
        fresh.mkdir(parents=True)
        for inner in added(out, files):
            _copy(out / inner, fresh / inner)
        for name, content in files.items():
            path, before = fresh / name, out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if before.is_file() and not before.is_symlink() and before.read_bytes() == content:
                shutil.copystat(before, path)  # what has not changed keeps its time
        if out.is_dir():
            shutil.copymode(out, fresh)
        atomic_files.exchange(fresh, out)
    except OSError as error:
        kept = "; the release that was there is unchanged" if out.is_dir() else ""
        raise UsageError(f"The release cannot be written to {out}: {reason_of(error)}{kept}.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)  # the old release, once they are exchanged


def write_archive(out: Path) -> Path:
    """Pack a release's folder, with all that was added to it; the same bytes from the same files.

    Args:
        out: the folder, such as ``release/backprop``.

    Returns:
        The archive beside it, such as ``release/backprop.zip``.

    Raises:
        UsageError: it cannot be written; an archive that was there is then as it was.
    """
    archive = out.with_name(f"{out.name}.zip")
    fresh = out.with_name(f".{out.name}.zip.new-{os.getpid()}")
    try:
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(_entries(out)):
                inner = path.relative_to(out).as_posix()
                if inner != RECORD and path.is_file():
                    entry = zipfile.ZipInfo(f"{out.name}/{inner}")  # no time of its own
                    entry.external_attr = 0o644 << 16
                    packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
        fresh.replace(archive)
    except OSError as error:
        raise UsageError(f"The archive cannot be written to {archive}: {reason_of(error)}.") from None
    finally:
        fresh.unlink(missing_ok=True)
    return archive


def added(out: Path, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Files and links in a release's folder that no release has written there, sorted."""
    record = out / RECORD
    written = set(utf8_text(record).splitlines()) if record.is_file() else set()
    return tuple(
        inner
        for inner in sorted(path.relative_to(out).as_posix() for path in _entries(out))
        if inner not in written and inner not in files and inner.partition("/")[0] != KIT
    )


def _entries(folder: Path) -> Iterator[Path]:
    """Files and links below a folder, without what Python and pytest leave behind; links are not followed."""
    for here, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        folders[:] = [name for name in folders if name not in (*_CACHES, *links)]
        yield from (Path(here) / name for name in (*names, *links))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)

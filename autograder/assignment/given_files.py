"""What an assignment hands out complete: any kind of file, and whole folders, from the folder of its reference."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from platformdirs import user_cache_path

from autograder.assignment.declaration import Assignment
from autograder.checks.errors import InstructorError
from autograder.checks.local.kit import OURS

__all__ = ["MOST_FILES", "MOST_MIB", "OWN", "HandedOut", "handed_out", "staged"]

MOST_FILES = 5_000
MOST_MIB = 1_024
"""Given files have at most so many MiB together; what is larger is a data set of the course."""

OWN = (".generated", "README.md", "conftest.py", "handout.md", "pytest.ini", "requirements.txt", "test_public.py")
"""What every release has of its own, beside the toolkit's own folders."""
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class HandedOut:
    """Paths below the reference's folder: modules and notebooks that belong to the interface, and all other files."""

    modules: tuple[str, ...]
    others: tuple[str, ...]


def handed_out(assignment: Assignment, reference: Path, where: str) -> HandedOut:
    """Every single file that `given` and `extra_files` name; of a folder, all files in it.

    Args:
        assignment: as it was declared.
        reference: folder of the reference.
        where: the script that declares it, for sentences.

    Raises:
        InstructorError: a path does not exist or may not be handed out, or there is too much.
    """
    modules: dict[str, None] = {}
    others: dict[str, None] = {}
    for named in (*assignment.given, *assignment.extra_files):
        is_module = named in assignment.given and "/" not in named and named.endswith((".py", ".ipynb"))
        for file in _files(named, reference, where):
            _refuse(file, named, assignment, where)
            (modules if is_module else others)[file] = None
    both = [file for file in others if file not in modules]
    _refuse_too_much([*modules, *both], reference, where)
    return HandedOut(tuple(modules), tuple(both))


def staged(files: Mapping[str, Path | bytes], digest: str) -> Path | None:
    """A copy of given files that a sandbox of any user can read, kept in the user's cache; None where there are none.

    Args:
        files: where each of them lies, or what it holds, by its path in the working folder.
        digest: stands for all that they hold.
    """
    if not files:
        return None
    key = hashlib.sha256("\0".join((digest, *files)).encode()).hexdigest()[:32]
    folder = user_cache_path("autograder") / "given" / key
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            inner = Path(made) / "given"
            inner.mkdir()
            for name, content in files.items():
                (inner / name).parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, bytes):
                    (inner / name).write_bytes(content)
                else:
                    shutil.copyfile(content, inner / name)
                (inner / name).chmod(0o644)
            for each in (inner, *(path for path in inner.rglob("*") if path.is_dir())):
                each.chmod(0o755)
            with contextlib.suppress(OSError):  # somebody else was quicker
                inner.rename(folder)
    return folder


def _files(named: str, reference: Path, where: str) -> Iterator[str]:
    parts = PurePosixPath(named).parts
    if not parts or named.startswith("/") or ".." in parts or parts == (".",):
        raise InstructorError(f"{where} hands out {named!r}; name a file or a folder below the reference's.")
    path = reference.joinpath(*parts)
    if path.is_file():
        yield path.relative_to(reference).as_posix()
        return
    if not path.is_dir():
        raise InstructorError(f"{where} names {named!r}, but {path} does not exist.")
    found = [each for each in sorted(path.rglob("*")) if each.is_file() and not _is_clutter(each.relative_to(path))]
    if not found:
        raise InstructorError(f"{where} hands out the folder {named!r}, but there is no file in {path}.")
    yield from (each.relative_to(reference).as_posix() for each in found)


def _is_clutter(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _refuse(file: str, named: str, assignment: Assignment, where: str) -> None:
    if file in assignment.handed_in:
        raise InstructorError(f"{where} hands out {file!r}, which students write; leave it out of given.")
    if file in OWN or PurePosixPath(file).parts[0] in OURS:
        raise InstructorError(f"{where} hands out {named!r}, but every release has its own {file}; rename it.")
    if not all(part.isprintable() and "\\" not in part for part in PurePosixPath(file).parts):
        raise InstructorError(f"{where} hands out {file!r}; give it a name without control characters and backslashes.")


def _refuse_too_much(files: list[str], reference: Path, where: str) -> None:
    if len(files) > MOST_FILES:
        raise InstructorError(f"{where} hands out {len(files):,} files, more than {MOST_FILES:,}; pack them together.")
    size = sum((reference / file).stat().st_size for file in files)
    if size > MOST_MIB * _MIB:
        raise InstructorError(
            f"{where} hands out {size / _MIB:,.0f} MiB, more than {MOST_MIB:,}; declare a data set for large data."
        )

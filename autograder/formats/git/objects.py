"""Commits of repositories that may be hostile: git reads their objects, and nothing of their configuration.

A repository's own configuration can name programs that git runs. So git works in an empty repository of ours, where the
other's objects are only looked up; which commit its branch points at is read here, as text.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.submissions.file_trees import Entry, Tree
from autograder.submissions.folders import LINK, NOT_REGULAR, Unfit, open_below
from autograder.submissions.names import printable
from autograder.submissions.records import MIB, Caps

__all__ = ["Commit", "Objects", "environment", "head_of", "is_repository", "prepare", "tree_of"]

_LFS = b"version https://git-lfs.github.com/spec/v1"
_BRANCH = re.compile(r"ref: (refs/[\w./-]+)")
_HASH = re.compile(r"[0-9a-f]{40}")
_SECONDS = 120
_LONGEST_LIST = 16 * MIB  # bytes of a list of files
_LONGEST_COMPLAINT = MIB  # bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and its committer's time."""

    sha: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of a repository, seen from an empty repository of ours."""

    scratch: Path
    folder: Path

    def run(self, *arguments: str, stdin: bytes = b"", most: int = _LONGEST_LIST) -> bytes:
        """What a command of git prints.

        Raises:
            Unfit: it failed, took too long, or printed more than `most` bytes, after which it is ended.
        """
        shallow = self.folder.parent / "shallow"
        environ = environment() | {
            "GIT_DIR": str(self.scratch),
            "GIT_OBJECT_DIRECTORY": str(self.folder),
            **({"GIT_SHALLOW_FILE": str(shallow)} if shallow.is_file() else {}),
        }
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaints:
            given.write(stdin)
            given.seek(0)
            with subprocess.Popen(
                ["git", "--no-pager", *arguments], stdin=given, stdout=subprocess.PIPE, stderr=complaints, env=environ
            ) as running:
                assert running.stdout is not None
                timer = threading.Timer(_SECONDS, running.kill)
                timer.start()
                try:
                    printed = running.stdout.read(most + 1)
                    if len(printed) > most:
                        raise Unfit(f"holds more than can be listed ({most / MIB:g} MiB)")
                    failed = running.wait()
                finally:
                    on_time = timer.is_alive()
                    timer.cancel()
                    running.kill()
            if failed and not on_time:
                raise Unfit(f"cannot be read by git within {_SECONDS} s")
            if failed:
                complaints.seek(0)
                said = complaints.read(_LONGEST_COMPLAINT).decode("utf-8", "replace")
                raise Unfit(f"cannot be read by git ({reason_in(said) or 'it failed'})")
        return printed


def reason_in(said: str) -> str:
    """The reason in what git and the programs that it starts print on failure: the first two sentences, without advice.

    What git itself says comes after what the other side and ssh said, and its advice after that, over several lines.
    """
    lines = [line.strip() for line in said.splitlines()]
    advice = next((at for at, line in enumerate(lines) if line.startswith("Please make sure")), len(lines))
    reasons = [
        printable(re.sub(r"(fatal|error|remote|ssh): *", "", line, count=1)).rstrip(".")[:160]
        for line in lines[:advice]
        if line and not line.casefold().startswith(("warning:", "hint:", "cloning into"))
    ]
    return "; ".join([reason for reason in dict.fromkeys(reasons) if reason][:2])


def environment() -> dict[str, str]:
    """Of every git that is started here: no configuration but ours, no questions, nothing fetched on the way."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
    }


def prepare(folder: Path) -> Path:
    """Make the empty repository of ours.

    Raises:
        UsageError: there is no git here.
    """
    scratch = folder / "scratch.git"
    try:
        subprocess.run(
            ["git", "init", "-q", "--bare", "--template=", str(scratch)],
            env=environment(), check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        raise UsageError("git is needed to read repositories, and does not work here; install git.") from None
    return scratch


def is_repository(folder: Path) -> Path | None:
    """The folder with the objects and branches of a clone or a bare repository; None where it is none."""
    for each in (folder / ".git", folder):
        if not each.is_symlink() and (each / "objects").is_dir() and (each / "HEAD").is_file():
            return each
    return None


def head_of(repository: Path, scratch: Path, due: datetime | None) -> tuple[Objects, Commit | None]:
    """The last commit of the current branch, until a moment where one is given; None where there is none.

    Raises:
        Unfit: the repository cannot be read, or takes its objects from elsewhere.
    """
    folder = repository / "objects"
    if _is_elsewhere(folder):
        raise Unfit("takes its objects from another repository; clone it again in full")
    objects = Objects(scratch, folder)
    start = _start(repository)
    if start is None:
        return objects, None
    until = [f"--before={due.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"] if due else []
    said = objects.run("rev-list", "-1", "--timestamp", *until, start, "--").decode().split()
    if len(said) != 2:
        return objects, None
    try:
        return objects, Commit(said[1], datetime.fromtimestamp(int(said[0]), UTC))
    except (ValueError, OverflowError, OSError):
        raise Unfit("has a last commit with an impossible time") from None


def _is_elsewhere(folder: Path) -> bool:
    """Whether objects are looked up outside of this folder: by a file that says so, or through a link."""
    if folder.is_symlink() or any((folder / "info" / name).exists() for name in ("alternates", "http-alternates")):
        return True
    return any(
        os.path.islink(os.path.join(above, name))
        for above, below, files in os.walk(folder)
        for name in (*below, *files)
    )


def _start(repository: Path) -> str | None:
    """The commit that HEAD names, through its branch; None of a repository without commits."""
    said = _text(repository, ("HEAD",)).strip()
    branch = _BRANCH.fullmatch(said)
    if branch is None:
        if _HASH.fullmatch(said):
            return said
        raise Unfit("has a HEAD that cannot be read")
    parts = tuple(branch[1].split("/"))
    if not all(parts) or ".." in parts:
        raise Unfit("has a HEAD that cannot be read")
    try:
        found = _text(repository, parts).strip()
    except Unfit:
        packed = _text(repository, ("packed-refs",)) if (repository / "packed-refs").is_file() else ""
        found = next((line[:40] for line in packed.splitlines() if line[41:] == branch[1]), "")
    return found if _HASH.fullmatch(found) else None


def _text(repository: Path, parts: tuple[str, ...]) -> str:
    with open_below(repository, parts) as (file, _):
        return file.read(_LONGEST_LIST).decode("utf-8", "replace")


def tree_of(objects: Objects, commit: Commit, place: Path, caps: Caps) -> tuple[Tree, list[str]]:
    """The files of a commit; submodules and pointers of Git LFS are named, because their contents are elsewhere.

    Raises:
        Unfit: the commit cannot be read.
    """
    tree, notes = Tree(place), []
    listing = objects.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit.sha)
    if listing.count(b"\0") > caps.scanned:
        raise Unfit(f"holds more than {caps.scanned:,} files")
    listed = list(_entries(listing))
    small = [each for each in listed if each.kind == "blob" and each.size <= caps.file_bytes]
    blobs = _blobs(objects, _within(small, caps), 2 * caps.submission_bytes)
    time, pointers = commit.time.timestamp(), []
    for each in listed:
        if each.mode == "160000":
            tree.add(each.path, None, caps, "is a submodule, whose files are in another repository")
        elif each.mode == "120000":
            tree.add(each.path, None, caps, LINK)
        elif each.kind != "blob":
            tree.add(each.path, None, caps, NOT_REGULAR)
        else:
            data = blobs.get(each.sha)
            if data is not None and data.startswith(_LFS):
                pointers.append(each.path)
            tree.add(each.path, Entry(each.size, time, partial(_given, data)), caps)
    if pointers:
        many = "s" if len(pointers) > 1 else ""
        notes.append(
            f"Only the pointer{many} of Git LFS {'are' if many else 'is'} there for {', '.join(pointers[:3])}; run "
            "`git lfs pull` and hand the files in otherwise."
        )
    return tree, notes


@dataclass(frozen=True, slots=True)
class _Listed:
    mode: str
    kind: str
    sha: str
    size: int
    path: str


def _entries(listing: bytes) -> Iterator[_Listed]:
    for line in listing.split(b"\0"):
        about, tab, name = line.partition(b"\t")
        if tab:
            mode, kind, sha, size = about.decode().split()
            yield _Listed(mode, kind, sha, int(size) if size.isdigit() else 0, os.fsdecode(name))


def _within(listed: Iterable[_Listed], caps: Caps) -> list[str]:
    """The hashes of as many files as the caps allow to be read; of what is beyond, reading will complain."""
    found: list[str] = []
    total = 0
    for each in listed:
        total += each.size
        if total > 2 * caps.submission_bytes or len(found) > 2 * caps.entries:
            break
        found.append(each.sha)
    return found


def _blobs(objects: Objects, hashes: list[str], most: int) -> Mapping[str, bytes]:
    """The contents of files by hash, all read at once; they have at most `most` bytes together."""
    asked = "".join(f"{each}\n" for each in dict.fromkeys(hashes)).encode()
    said = objects.run("cat-file", "--batch", stdin=asked, most=most + 2 * len(asked) + _LONGEST_COMPLAINT)
    found, at = {}, 0
    while at < len(said):
        end = said.index(b"\n", at)
        words = said[at:end].decode().split()
        if len(words) != 3:
            raise Unfit("lacks objects; clone it again in full")
        size = int(words[2])
        found[words[0]] = said[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found


def _given(data: bytes | None, most: int) -> bytes:
    if data is None or len(data) > most:
        raise Unfit("is too large")
    return data

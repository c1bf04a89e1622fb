"""A folder of clones, or a list of repositories that are fetched: the last commit until the deadline is the hand-in.

A commit's time is what the student's own clock said, or what the student wrote there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.formats.git.objects import head_of, is_repository, prepare, reason_in, tree_of
from autograder.formats.hand_ins import Asked, Found, HandIn, Source, Who
from autograder.submissions.file_trees import Tree
from autograder.submissions.folders import Unfit
from autograder.submissions.names import printable, student_name
from autograder.submissions.records import Caps

__all__ = ["CLONES", "fetch_listed", "is_list", "listed", "refuse_no_list"]

_CAPS = Caps()
_ADDRESS = re.compile(r"(https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+|/\S.*\.git|\S+\.git", re.IGNORECASE)
_ADDRESSES = ("repository", "url", "student_repository_url", "repo", "clone url", "repository url")
_STUDENTS = ("student", "id", "roster_identifier", "name", "github_username")
_BRANCH = "refs/heads/collected"
_SECONDS = 600
_AHEAD = timedelta(days=1)  # that a clock may be ahead
_LONGEST = 2**20  # bytes of a list


def _recognise(tree: Tree, asked: Asked) -> str:
    del asked
    folders = _repositories(tree.place)
    return "a folder of git repositories" if folders else ""


def _repositories(place: Path) -> dict[str, Path]:
    """The repositories right below a folder, if at least half of the folders in it are some."""
    if not place.is_dir():
        return {}
    folders = sorted(each for each in place.iterdir() if each.is_dir() and not each.name.startswith("."))
    found = {each.name: inner for each in folders if not each.is_symlink() and (inner := is_repository(each))}
    return found if 2 * len(found) >= len(folders) else {}


def _read(tree: Tree, asked: Asked) -> Found:
    found = Found()
    repositories = _repositories(tree.place)
    scratch = prepare(asked.scratch)
    for name, repository in repositories.items():
        _add(found, _student(name, asked.assignment), repository, scratch, asked)
    tops = {path[0] for path in tree.files}
    found.beside += sorted(top for top in tops if top not in repositories)
    return found


def _student(name: str, assignment: str) -> str:
    """The name of a clone without the assignment before it, as GitHub Classroom names repositories."""
    name = name.removesuffix(".git")
    head = re.sub(r"[\s_.-]+", "-", assignment).casefold() + "-"
    folded = re.sub(r"[\s_.-]", "-", name).casefold()
    return name[len(head) :] if folded.startswith(head) and len(name) > len(head) else name


def _add(found: Found, student: str, repository: Path, scratch: Path, asked: Asked) -> None:
    who = Who(student, (student,), (student,))
    until = asked.until(student)
    try:
        objects, commit = head_of(repository, scratch, until)
        if commit is None:
            late = until is not None and head_of(repository, scratch, None)[1] is not None
            found.nothing[student] = "no commit before the deadline" if late else "no commit"
            return
        tree, notes = tree_of(objects, commit, repository, _CAPS)
    except Unfit as error:
        found.hand_ins.append(HandIn(who, Tree(repository), problem=f"The repository {error}."))
        return
    notes.append(f"This is commit {commit.sha[:10]}.")
    if commit.time > datetime.now(UTC) + _AHEAD:
        notes.append("Its time lies in the future: it is what the student's clock said.")
    found.hand_ins.append(HandIn(who, tree, commit.time, notes=tuple(notes)))


CLONES = Source("git", _recognise, _read)


def is_list(path: Path) -> bool:
    """Whether a file is a list of repositories: every line but the first has an address."""
    if not _may_be_list(path):
        return False
    lines = [line for line in _text(path).splitlines() if line.strip() and not line.startswith("#")]
    with_address = [any(_ADDRESS.fullmatch(cell.strip()) for cell in re.split(r"[,;\t]| +", line)) for line in lines]
    return bool(lines) and all(with_address[1:]) and any(with_address)


def _may_be_list(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".csv", ".tsv", ".txt")


def refuse_no_list(path: Path) -> None:
    """Say what a list of repositories looks like, where a file can be nothing else and is none.

    Raises:
        UsageError: the file has the ending of a list, and a line without an address.
    """
    if _may_be_list(path) and not is_list(path):
        raise UsageError(
            f"{path} is no list of git repositories: each line but the first has to hold an address, such as "
            "https://HOST/ada.git, git@HOST:ada.git or, for a repository on this machine, file:///PATH."
        )


def listed(path: Path) -> Iterator[tuple[str, str]]:
    """Students and addresses of a list: a CSV file with a line of names, or an address on each line.

    Raises:
        UsageError: an address begins like an option.
    """
    text = _text(path)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row and not row[0].startswith("#")]
    names = [each.strip().casefold() for each in rows[0]] if rows else []
    at = next((names.index(each) for each in _ADDRESSES if each in names), None)
    who = next((names.index(each) for each in _STUDENTS if each in names), None)
    for row in rows if at is None else rows[1:]:
        cells = [each.strip() for each in row]
        address = cells[at] if at is not None and at < len(cells) else next(filter(_ADDRESS.fullmatch, cells), "")
        if not address:
            continue
        if address.startswith("-"):
            raise UsageError(f"{path} names the repository {printable(address)}, which is not an address.")
        known = cells[who] if who is not None and who < len(cells) else ""
        others = [each for each in cells if each and each != address]
        student = known or (others[0] if others and at is None else "") or address.rstrip("/").rpartition("/")[2]
        yield student.removesuffix(".git"), address


def fetch_listed(path: Path, kept: Path, asked: Asked) -> Found:
    """Fetch every repository of a list, and take the last commit until the deadline.

    Args:
        path: the list.
        kept: a folder of bare clones, which the next fetch starts from.
        asked: what is collected.

    Raises:
        UsageError: two addresses have the same student.
    """
    found = Found()
    scratch = prepare(asked.scratch)
    repositories: dict[str, tuple[str, str]] = {}
    for student, address in listed(path):
        name = _student(student, asked.assignment)
        _, other = repositories.setdefault(student_name(name).casefold(), (name, address))
        if other != address:
            raise UsageError(
                f"{path} has two repositories of {printable(name)!r}: {printable(other)} and {printable(address)}; "
                "name the student of each in a column student."
            )
    for name, address in repositories.values():
        clone = kept / f"{student_name(name)}-{hashlib.sha256(address.encode()).hexdigest()[:8]}.git"
        if reason := _fetch(address, clone):
            found.unfetched.append(name)
            found.nothing[name] = f"the repository {printable(address)} could not be fetched: {reason}"
            found.notes.append(f"{name}: {found.nothing[name]}.")
            continue
        _add(found, name, clone, scratch, asked)
    return found


def _fetch(address: str, clone: Path) -> str:
    """Clone a repository, or bring the clone up to date; returns why that failed, or "".

    The configuration of whoever runs this holds, because it knows passwords and keys.
    """
    environ = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:https:http:ssh:git",
    }
    clone.parent.mkdir(parents=True, exist_ok=True)
    there = clone.is_dir()
    if there:
        command = [f"--git-dir={clone}", "fetch", "-q", "--force", "--no-tags", "--no-recurse-submodules", "--",
                   address, f"+HEAD:{_BRANCH}"]  # fmt: skip
    else:
        command = ["clone", "-q", "--bare", "--no-tags", "--template=", "--", address, str(clone)]
    try:
        done = subprocess.run(["git", *command], env=environ, capture_output=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return f"it took more than {_SECONDS} s"
    if there and not done.returncode:
        (clone / "HEAD").write_text(f"ref: {_BRANCH}\n", encoding="ascii")
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode and not (there and "couldn't find remote ref HEAD" in said):
        return reason_in(said) or "git says no reason"
    return ""


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_LONGEST).decode("utf-8-sig", "replace")

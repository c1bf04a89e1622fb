"""From what a student handed in to what is graded: which file is meant by which, and what is fixed on the way."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from autograder.assignment.rubric import is_answer_file
from autograder.checks.errors import StudentError, Verdict
from autograder.checks.wording import are, series
from autograder.submissions.names import ARCHIVES, near, printable, some
from autograder.submissions.records import Contents
from autograder.submissions.similar_names import Recogniser

__all__ = ["Chosen", "choose"]

_ENCODINGS = {"ascii", "cp1252", "iso-8859-1", "iso-8859-15", "latin-1", "latin1", "utf-8", "utf8", "windows-1252"}
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")

_BY_NAME = Recogniser()

Path = tuple[str, ...]


@dataclass(slots=True)
class Chosen:
    """What is staged: paths and bytes; sentences about it; and of missing files the one that looks meant."""

    files: dict[Path, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    meant: dict[str, str] = field(default_factory=dict)


def choose(
    contents: Contents, expected: Sequence[str], *, single: bool, what: str, recogniser: Recogniser = _BY_NAME
) -> Chosen:
    """Find the expected files, give them their right names, and bring texts into one form.

    Args:
        contents: everything that was handed in.
        expected: names of the files asked for, the main one first.
        single: one file was handed in by itself; whatever its name, it is taken for one of them.
        what: how to call it: "folder", "archive" or "file".
        recogniser: finds the file that is meant by a missing one.

    Raises:
        StudentError: no expected file can be graded; the sentence says why.
    """
    paths = [*contents.files, *contents.left_out]
    if not paths:
        raise StudentError(Verdict.MISSING, f"The {what} is empty; hand in {series(expected)}.")
    root = _root(paths, expected)
    here = {path[-1]: path for path in paths if path[:-1] == root}
    chosen = Chosen(notes=[f"{contents.unpacked} was unpacked."] if contents.unpacked else [])
    good, faults, absent, taken = 0, [], [], set()
    meant = _meant_alone(contents, here, expected, recogniser) if single else ""
    for name in expected:
        try:
            path = _find(name, here, expected, chosen.notes)
            if path is None and single and name == meant:
                path = _only(name, here, expected, chosen.notes)
            if path is None:
                absent.append(name)
            elif path in contents.left_out:
                faults.append(StudentError(Verdict.MISSING, f"{_shown(path)} {contents.left_out[path]}."))
            else:
                taken.add(path)
                solved = recogniser.beside_stub(name, contents.files) if not single else None
                if solved is not None:
                    chosen.notes.append(solved.said)
                data = contents.files[solved.path if solved and solved.taken and solved.path else path]
                chosen.files[(name,)] = _fixed(name, data, chosen.notes)
                _refuse_unreadable(name, chosen.files[(name,)])
                good += 1
        except StudentError as error:
            faults.append(error)
    if not single:
        found = _recognised(contents, absent, taken, expected, chosen, recogniser)
        if found and not good:
            root = found[0][:-1]
        good += len(found)
        absent = [name for name in absent if (name,) not in chosen.files and name not in chosen.meant]
    named = [name for name in absent if not is_answer_file(name)]  # where an answer is asked for, its lack is reported
    if not good:
        raise faults[0] if faults else _missing(expected, paths, chosen, contents.unpacked or what)
    chosen.notes += [fault.message for fault in faults]
    if named and not single:
        chosen.notes.append(f"{series(named)} {are(named)} missing.")
    _add_others(contents, root, expected, taken, chosen)
    return chosen


def _meant_alone(contents: Contents, here: dict[str, Path], expected: Sequence[str], recogniser: Recogniser) -> str:
    """Which file is meant by one that was handed in alone: whose names it defines, else the first of its kind."""
    name, path = next(iter(here.items()), ("", ()))
    alike = [each for each in expected if _kind(each) == _kind(name)]
    data = contents.files.get(path, b"")
    return max(alike, key=lambda each: recogniser.share(each, data, name), default=expected[0])


def _recognised(
    contents: Contents,
    absent: Sequence[str],
    taken: Collection[Path],
    expected: Sequence[str],
    chosen: Chosen,
    recogniser: Recogniser,
) -> list[Path]:
    """Stage files under other names for missing ones, or say which look meant; returns what was staged.

    Such a file stays there under its own name, too: others may import it by that.
    """
    found = []
    for name in absent:
        free = {path: data for path, data in contents.files.items() if path not in taken and path not in found}
        meant = recogniser.find(name, free, expected)
        if meant is None:
            continue
        if meant.path and meant.taken:
            data = _fixed(name, contents.files[meant.path], chosen.notes)
            try:
                _refuse_unreadable(name, data)
            except StudentError as error:
                chosen.notes.append(error.message)
                continue
            chosen.files[(name,)] = data
            found.append(meant.path)
        else:
            chosen.meant[name] = _shown(meant.path) if meant.path else ""
        chosen.notes.append(meant.said)
    return found


def _kind(name: str) -> str:
    return PurePath(name).suffix.lower()


def _root(paths: Sequence[Path], expected: Sequence[str]) -> Path:
    """The folder in which the expected files lie: the outermost one that has some.

    Raises:
        StudentError: several folders have them.
    """
    folders: dict[Path, Path] = {}
    for path in paths:
        if path[-1] in expected or _is_near(path[-1], expected):
            folders.setdefault(path[:-1], path)
    least = min(map(len, folders), default=0)
    outermost = [folder for folder in folders if len(folder) == least]
    if len(outermost) > 1:
        candidates = some(sorted(_shown(folders[folder]) for folder in outermost))
        raise StudentError(
            Verdict.MISSING, f"There are several candidates in different folders: {candidates}; keep one."
        )
    return outermost[0] if outermost else ()


def _find(name: str, here: dict[str, Path], expected: Sequence[str], notes: list[str]) -> Path | None:
    """The file of that name, or the only one with a near name."""
    others = near(name, here, expected)
    if name in here:
        if others:
            notes.append(f"{some(others)} was not looked at, because {name} is there, too.")
        return here[name]
    if len(others) > 1:
        raise StudentError(Verdict.MISSING, f"There are {len(others)} candidates for {name}: {some(others)}; keep one.")
    if not others:
        return None
    notes.append(f"{some(others)} was taken for {name}.")
    return here[others[0]]


def _only(name: str, here: dict[str, Path], expected: Sequence[str], notes: list[str]) -> Path | None:
    """The one file that was handed in, when it has the right ending and means no other file."""
    (other,) = here
    if PurePath(other).suffix.lower() != PurePath(name).suffix or other in expected or _is_near(other, expected):
        return None
    if len(expected) > 1:
        notes.append(f"{printable(other)} was taken for {name}, because it was handed in alone.")
    return here[other]


def _missing(expected: Sequence[str], paths: Sequence[Path], chosen: Chosen, within: str) -> StudentError:
    """Nothing is there; say what is there instead. `within` is what was looked through."""
    if chosen.meant:
        text, chosen.notes = " ".join(chosen.notes), []
        return StudentError(Verdict.MISSING, text)
    found = sorted(_shown(path) for path in paths)
    notebooks = [name for name in found if name.lower().endswith(".ipynb")]
    archives = [name for name in found if name.lower().endswith(ARCHIVES)]
    subject = f"{series(expected)} {are(expected)} missing"
    if notebooks and expected[0].endswith(".py"):
        advice = f"{notebooks[0]} is a notebook, but a module is asked for: copy its code into {expected[0]}."
        return StudentError(Verdict.MISSING, f"{subject}; {advice}")
    modules = [name for name in found if name.lower().endswith(".py")]
    if modules and expected[0].endswith(".ipynb"):
        advice = (
            f"{modules[0]} is a module, but a notebook is asked for: put your code into the cells of {expected[0]}."
        )
        return StudentError(Verdict.MISSING, f"{subject}; {advice}")
    if archives:
        where = f"the {within}" if within in ("folder", "archive") else within
        what, which = ("is an archive", "it") if len(archives) == 1 else ("are archives", "them")
        return StudentError(
            Verdict.MISSING, f"{subject}; {some(archives)} {what} inside {where}: unpack {which} first."
        )
    return StudentError(Verdict.MISSING, f"{subject}; there is only {some(found)}.")


def _fixed(name: str, data: bytes, notes: list[str]) -> bytes:
    """The text of a module without byte-order mark, its lines ended by LF; line numbers stay what editors show."""
    if not name.endswith(".py"):
        return data
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data and b"\n" not in data:
        notes.append(
            f"The lines of {printable(name)} end in CR alone, as on very old computers; they were changed to LF."
        )
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _refuse_unreadable(name: str, data: bytes) -> None:
    """Say in a sentence what Python would say less clearly.

    Raises:
        StudentError: the file is empty, or a module whose bytes are no text.
    """
    if not data.strip():
        raise StudentError(Verdict.MISSING, f"{name} is empty.")
    if not name.endswith(".py"):
        return
    declared = [match[1].decode() for line in data.split(b"\n", 2)[:2] if (match := _COOKIE.match(line))]
    encoding = declared[0].lower().replace("_", "-") if declared else "utf-8"
    if encoding not in _ENCODINGS:
        raise StudentError(Verdict.RAISED, f"{name} says that its encoding is {encoding[:40]}; save it as UTF-8.")
    if b"\0" in data or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise StudentError(
            Verdict.RAISED, f"{name} holds NUL bytes, so it is UTF-16 or no text at all; save it as UTF-8."
        )
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise StudentError(
            Verdict.RAISED, f"{name} is not {encoding.upper()} text (line {line}); save it as UTF-8."
        ) from None


def _add_others(
    contents: Contents, root: Path, expected: Sequence[str], taken: Collection[Path], chosen: Chosen
) -> None:
    """Keep what lies beside the expected files, and say what was left out."""
    names = {path[0] for path in chosen.files}
    for path, data in contents.files.items():
        below = path[len(root) :]
        if (
            path in taken
            or path[: len(root)] != root
            or below[0] in names
            or (len(below) == 1 and _is_near(below[0], expected))
        ):
            continue
        chosen.files[below] = _fixed(_shown(below), data, chosen.notes)
    reasons: dict[str, list[str]] = {}
    for path, reason in contents.left_out.items():
        if path[:-1] != root or path[-1] not in expected:
            reasons.setdefault(reason, []).append(_shown(path))
    for reason, left in reasons.items():
        chosen.notes.append(f"Left out: {some(sorted(left))} ({reason}).")


def _is_near(name: str, expected: Sequence[str]) -> bool:
    return any(near(each, [name], expected) for each in expected)


def _shown(path: Path) -> str:
    return printable("/".join(path))

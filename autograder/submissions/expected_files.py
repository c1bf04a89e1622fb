"""From what somebody handed in to files under the names that were asked for; what is ambiguous becomes a question.

Nothing is guessed: a file is given another name only where no other can be meant, and every such step is a note.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from autograder.assignment.rubric import is_answer_file
from autograder.checks.errors import StudentError, UsageError, Verdict
from autograder.checks.wording import are, series
from autograder.submissions.file_trees import Tree, is_opened, open_tree
from autograder.submissions.folders import Unfit, keep
from autograder.submissions.names import near, printable, some
from autograder.submissions.records import MIB, Caps, Contents
from autograder.submissions.similar_names import Recogniser

__all__ = ["NONE", "TEXT_ENTRY", "Placed", "Question", "place", "read_tree", "repairs"]

NONE = "none"
"""The answer to a question about a file that says: it was not handed in."""
TEXT_ENTRY = "text_entry.txt"
"""What was typed into a form of the platform, as a file."""
_NESTED = 3  # archives inside of archives
_BY_NAME = Recogniser()

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person can say: about which file, and what the candidates are."""

    about: str
    candidates: tuple[str, ...]


@dataclass(slots=True)
class Placed:
    """Files by their new path, with the one they were handed in under; sentences; and what has to be asked."""

    files: dict[Parts, bytes] = field(default_factory=dict)
    origins: dict[Parts, Parts] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def read_tree(tree: Tree, caps: Caps) -> Contents:
    """The bytes of everything that was handed in; archives are read as files.

    Raises:
        StudentError: there is more than the caps allow.
    """
    contents = Contents(caps, left_out=dict(tree.left_out))
    for path, entry in tree.files.items():
        most = int(caps.archive_mib * MIB) if is_opened(path[-1]) else caps.file_bytes
        try:
            data = entry.read(most)
        except Unfit as error:
            contents.left_out[path] = str(error)
            continue
        contents.newest = max(contents.newest, entry.modified)
        keep(contents, path, data)
    return contents


def repairs(tree: Tree) -> list[str]:
    """What was changed in names, and what was left out as clutter."""
    notes = []
    if tree.renamed:
        shown = some(sorted(set(tree.renamed.values())))
        notes.append(f"Names with misread letters or invisible marks were repaired: {shown}.")
    if tree.clutter:
        shown = some(sorted({"/".join(path[:2]) for path in tree.clutter}))
        notes.append(f"Left by a system or program, and not taken: {shown}.")
    return notes


def place(
    contents: Contents,
    expected: Sequence[str],
    *,
    recogniser: Recogniser = _BY_NAME,
    answers: Mapping[str, str] | None = None,
) -> Placed:
    """Find the files that were asked for, and lay them and what lies beside them under their right names.

    Args:
        contents: everything that was handed in, archives closed; they are opened where a file is missing without.
        expected: names of the files asked for, the main one first.
        recogniser: finds a file under another name by what it defines.
        answers: what a person said about a file: the path of the one that is meant, or `NONE`.

    Raises:
        StudentError: an archive that has to be opened holds too much, or needs a package that is not installed.
    """
    answers = answers or {}
    placed = Placed()
    files = _opened(contents, expected, placed.notes)
    chosen: dict[str, Parts] = {}
    others: set[Parts] = set()  # copies of what was chosen, and candidates that were not
    for name in expected:
        candidates = _candidates(name, files, expected, recogniser, placed.notes, set(chosen.values()))
        by_path = {"/".join(path): path for path in candidates}
        answer = answers.get(name, "")
        if answer in by_path:
            placed.notes.append(f"{answer} was taken for {name}, as staff decided.")
            chosen[name] = by_path[answer]
            others.update(set(candidates) - {chosen[name]})
        elif answer.casefold() == NONE:
            placed.notes.append(f"{name} was not handed in, as staff decided.")
            others.update(candidates)
        elif len(candidates) == 1 and _surely(name, candidates[0], files, recogniser, expected):
            chosen[name] = candidates[0]
        elif candidates:
            placed.questions.append(Question(name, tuple(sorted(by_path))))
    _lay(files, chosen, others, placed)
    _say_missing(contents, expected, chosen, placed, answers)
    return placed


def _opened(contents: Contents, expected: Sequence[str], notes: list[str]) -> dict[Parts, bytes]:
    """All files, with those of archives in the place of an archive where something is missing without them."""
    files = dict(contents.files)
    total = sum(map(len, files.values()))
    for _ in range(_NESTED):
        if all(any(path[-1] == name or near(name, [path[-1]], expected) for path in files) for name in expected):
            break
        archives = [path for path in files if is_opened(path[-1]) and path[-1] not in expected]
        opened = False
        for path in archives:
            _refuse_too_much(len(files), total, contents.caps)
            try:
                inside, said = _inside(path[-1], files[path], contents.caps)
            except UsageError as error:  # nobody's fault but this machine's
                raise StudentError(Verdict.MISSING, f"{_shown(path)} was not unpacked. {error}") from None
            except (Unfit, StudentError) as error:
                reason = str(error) if isinstance(error, Unfit) else error.message
                contents.left_out.setdefault(path, reason)
                notes.append(f"{_shown(path)} {reason}." if isinstance(error, Unfit) else reason)
                if isinstance(error, StudentError):
                    # It was read up to its limit, and a hundred of them would take long.
                    total += contents.caps.submission_bytes
                del files[path]
                continue
            total -= len(files.pop(path))
            opened = True
            notes += [f"{_shown(path)} was unpacked.", *said]
            folder = (*path[:-1], _without_ending(path[-1])) if len(archives) > 1 else path[:-1]
            for below, data in inside.files.items():
                target = (*folder, *below)
                if target in files or any(target[:length] in files for length in range(1, len(target))):
                    target = (*path[:-1], _without_ending(path[-1]), *below)
                if target not in files:
                    files[target] = data
                    total += len(data)
            for below, reason in inside.left_out.items():
                contents.left_out[(*path, *below)] = reason
        _refuse_too_much(len(files), total, contents.caps)
        if not opened:
            break
    return files


def _refuse_too_much(files: int, size: int, caps: Caps) -> None:
    if files > caps.entries or size > 2 * caps.submission_bytes:
        raise StudentError(
            Verdict.MISSING,
            f"The submission unpacks to more than {caps.entries} files or {2 * caps.submission_mib:g} MiB.",
        )


def _inside(name: str, data: bytes, caps: Caps) -> tuple[Contents, list[str]]:
    with tempfile.NamedTemporaryFile(prefix="autograder-", suffix=".archive") as file:
        file.write(data)
        file.flush()
        with open_tree(Path(file.name), caps, name=name) as tree:
            return read_tree(tree, caps), repairs(tree)


def _candidates(
    name: str,
    files: Mapping[Parts, bytes],
    expected: Sequence[str],
    recogniser: Recogniser,
    notes: list[str],
    taken: set[Parts],
) -> list[Parts]:
    """The files that may be meant by a name, the fewest that can be said: by name, by content, by kind."""
    free = [path for path in files if path not in taken]
    exact = [path for path in free if path[-1] == name]
    close = [path for path in free if near(name, [path[-1]], expected)]
    found = _outermost(exact) or _outermost(close)
    if not found:
        kind = PurePath(name).suffix.lower()
        alike = [path for path in free if path[-1] not in expected and _kind(path) == kind]
        shares = {path: recogniser.share(name, files[path], path[-1]) for path in alike}
        if recogniser.defines.get(name) and taken:  # helpers beside another file that was found
            alike = [path for path in alike if shares[path]]
        found = [path for path in alike if shares[path] >= 0.5] or alike
        found = found or [path for path in free if path[-1] == TEXT_ENTRY]
    unlike = _without_copies(found, files)
    if len(unlike) > 1 and (stub := recogniser.stubs.get(name, "")):
        solved = [path for path in unlike if _bare(files[path]) != _bare(stub.encode())]
        if 0 < len(solved) < len(unlike):
            left = some(_shown(path) for path in unlike if path not in solved)
            notes.append(f"{left} was not looked at, because it is as it was handed out.")
            unlike = solved
    if len(unlike) == 1 and len(found) > 1:
        copies = some(sorted(_shown(path) for path in found if path != unlike[0]))
        notes.append(f"{_shown(unlike[0])} is there more than once, with the same content ({copies}).")
    return unlike


def _surely(
    name: str, path: Parts, files: Mapping[Parts, bytes], recogniser: Recogniser, expected: Sequence[str]
) -> bool:
    """Whether the only candidate is meant beyond doubt: its name says so, or what it defines."""
    kind = PurePath(name).suffix
    alone = len([each for each in expected if PurePath(each).suffix == kind]) == 1
    if path[-1] == TEXT_ENTRY:
        return alone and is_answer_file(name)
    if path[-1] == name or near(name, [path[-1]], expected):
        return True
    if recogniser.accept and recogniser.share(name, files[path], path[-1]) >= 0.5:
        return True
    return alone and len([each for each in files if _kind(each) == kind]) == 1


def _lay(files: Mapping[Parts, bytes], chosen: Mapping[str, Parts], others: set[Parts], placed: Placed) -> None:
    """Put every file where it belongs: those that were asked for on top, their neighbours beside them."""
    for name, path in chosen.items():
        placed.files[(name,)], placed.origins[(name,)] = files[path], path
        if path[-1] != name and not any(name in note for note in placed.notes if "staff" in note):
            placed.notes.append(f"{_shown(path)} was taken for {name}.")
        elif len(path) > 1:
            placed.notes.append(f"{name} was in the folder {_shown(path[:-1])}.")
    folders = sorted({path[:-1] for path in chosen.values()}, key=len, reverse=True)
    top = {path[0] for path in placed.files}
    within: set[Parts] = set()
    for path, data in files.items():
        if path in chosen.values() or path in others:
            continue
        folder = next((each for each in folders if path[: len(each)] == each), ())
        below = path[len(folder) :]
        if below[0] in top and below != path:
            below = path
        if below in placed.files or below[0] in chosen:
            continue
        if below in within or any(below[:length] in placed.files for length in range(1, len(below))):
            placed.notes.append(f"Left out: {_shown(path)} (another one has its place).")
            continue
        placed.files[below], placed.origins[below] = data, path
        within.update(below[:length] for length in range(1, len(below)))


def _say_missing(
    contents: Contents,
    expected: Sequence[str],
    chosen: Mapping[str, Parts],
    placed: Placed,
    answers: Mapping[str, str],
) -> None:
    asked = {question.about for question in placed.questions}
    absent = [name for name in expected if name not in chosen and name not in asked and name not in answers]
    named = [name for name in absent if not is_answer_file(name)]
    if named:
        there = sorted(_shown(path) for path in contents.files)
        found = f"; there is only {some(there)}" if there and len(named) == len(expected) else ""
        placed.notes.append(f"{series(named)} {are(named)} missing{found}.")
    reasons: dict[str, list[str]] = {}
    for path, reason in contents.left_out.items():
        if not any(_shown(path) in note for note in placed.notes):
            reasons.setdefault(reason, []).append(_shown(path))
    for reason, left in reasons.items():
        placed.notes.append(f"Left out: {some(sorted(left))} ({reason}).")


def _outermost(paths: Sequence[Parts]) -> list[Parts]:
    least = min(map(len, paths), default=0)
    return [path for path in paths if len(path) == least]


def _without_copies(paths: Sequence[Parts], files: Mapping[Parts, bytes]) -> list[Parts]:
    """The paths, one of each content: the shortest."""
    first: dict[bytes, Parts] = {}
    for path in sorted(paths, key=lambda each: (len("/".join(each)), each)):
        first.setdefault(files[path], path)
    return sorted(first.values())


def _bare(text: bytes) -> bytes:
    return b"\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _kind(path: Parts) -> str:
    return PurePath(path[-1].lower().removesuffix(".txt")).suffix


def _without_ending(name: str) -> str:
    shortened = PurePath(name).stem
    return PurePath(shortened).stem if shortened.lower().endswith(".tar") else shortened


def _shown(path: Parts) -> str:
    return printable("/".join(path))

"""Names: of students, of files inside archives, and which file is meant by which."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from autograder.checks.errors import StudentError, Verdict

__all__ = [
    "ARCHIVES",
    "is_clutter",
    "lies_beside",
    "near",
    "printable",
    "safe_parts",
    "some",
    "stem",
    "student_name",
    "unusable",
]

ARCHIVES = (".zip", ".tar.gz", ".tgz")

_CLUTTER = {"__macosx", "__pycache__", "desktop.ini", "node_modules", "thumbs.db", "venv"}
# What systems, learning platforms and staff put beside submissions; nobody hands it in as homework.
_BESIDE_NAMES = re.compile(
    r"(read[ _-]?me|licen[cs]e|index|instructions|manifest|roster|grades|notes|ehthumbs)\b", re.IGNORECASE
)
_BESIDE_ENDINGS = (
    ".csv",
    ".tsv",
    ".log",
    ".ini",
    ".db",
    ".lnk",
    ".url",
    ".tmp",
    ".part",
    ".crdownload",
    ".html",
    ".htm",
)
_RESERVED = "questions.csv"  # what `autograder collect` writes beside the folders of students
_NAME_BYTES = 200  # file systems allow 255; reports add an ending


def is_clutter(name: str) -> bool:
    """Whether systems and tools make such files and folders by themselves; hidden ones are, too."""
    return name.startswith(".") or name.lower() in _CLUTTER


def lies_beside(name: str, files: Iterable[str]) -> bool:
    """Whether a single file in the folder of a class is none of the submissions, as its name says.

    Args:
        name: of the file.
        files: names of the files that students write; a file of such an ending may always be a submission.
    """
    path = PurePath(name.lower())
    if path.suffix in {PurePath(file).suffix for file in files} or name.lower().endswith((*ARCHIVES, ".py", ".ipynb")):
        return False
    return (
        is_clutter(name) or path.suffix in _BESIDE_ENDINGS or name.startswith("~$") or bool(_BESIDE_NAMES.match(name))
    )


def printable(text: str) -> str:
    """The text with every character replaced that could do something to a terminal, a page or a path."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def stem(file_name: str) -> str:
    """The file's name without the ending that says what it is."""
    for ending in ARCHIVES:
        if file_name.lower().endswith(ending) and len(file_name) > len(ending):
            return file_name[: -len(ending)]
    return PurePath(file_name).stem


def student_name(raw: str) -> str:
    """A name that is safe as part of a file's name: NFC, printable, without separators, not hidden, not too long."""
    clean = unicodedata.normalize("NFC", raw)
    clean = "".join("_" if character in "/\\:" or not character.isprintable() else character for character in clean)
    clean = clean.strip().rstrip(".")
    if clean.startswith("."):
        clean = "_" + clean[1:]
    if clean.casefold().startswith(_RESERVED):
        clean = "_" + clean
    while len(clean.encode()) > _NAME_BYTES:
        clean = clean[:-1]
    return clean or "_"


def safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a path inside an archive; both kinds of slash separate.

    Raises:
        StudentError: it is absolute or climbs with ``..``.
    """
    parts = tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))
    if name.startswith(("/", "\\")) or ".." in parts or (parts and re.match(r"[A-Za-z]:", parts[0])):
        shown = printable(name)[:80]
        raise StudentError(Verdict.MISSING, f"The archive holds {shown}, a path that leads out of it; make it again.")
    return parts


def unusable(parts: tuple[str, ...], depth: int) -> str:
    """Why a file with this path is not kept, as the end of a sentence; "" when nothing is wrong with it."""
    if len(parts) > depth:
        return "lies in too many folders"
    if not parts or any(not part.isprintable() or len(part.encode()) > _NAME_BYTES for part in parts):
        return "has a name that cannot be used"
    return ""


def near(wanted: str, names: Iterable[str], all_wanted: Sequence[str]) -> list[str]:
    """Which of these file names mean the wanted one, though they are written otherwise.

    Case, and what separates words, do not count; browsers and learning platforms add `` (1)``, ``-1``, `` - Copy`` or
    ``.txt``. A name that is exactly another wanted one never counts.
    """
    path = PurePath(wanted)
    words = r"[\s_.\-]*".join(re.escape(word) for word in re.split(r"[\s_.\-]+", path.stem))
    # Each alternative begins in its own way, so that no name can make the match try all combinations.
    copy = r"(\s*\(\d+\)|-\d{1,2}|[\s_\-]*copy(\s*\d+)?){0,3}"
    pattern = re.compile(rf"(copy of )?{words}{copy}{re.escape(path.suffix)}(\.txt)?", re.IGNORECASE)
    short = (name for name in names if len(name) <= _NAME_BYTES and name not in all_wanted)
    return sorted(name for name in short if pattern.fullmatch(name.strip()))


def some(names: Iterable[str], at_most: int = 3) -> str:
    """The first few names, quoted for a sentence, and how many more there are."""
    ordered = [printable(name)[:80] for name in names]
    more = f" and {len(ordered) - at_most} more" if len(ordered) > at_most else ""
    return ", ".join(ordered[:at_most]) + more

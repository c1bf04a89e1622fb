"""Names: of students, of files inside archives, which file is meant by which; and odd encodings, made readable again.

A name passes through a student's system, an archive and a learning platform, and each of them may read its bytes in
another encoding than the one before wrote. What can be undone without doubt is undone; the rest stays as it is.
"""

from __future__ import annotations

import os
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from urllib.parse import unquote

from autograder.checks.errors import StudentError, Verdict

__all__ = [
    "ARCHIVES",
    "is_clutter",
    "lies_beside",
    "name_in_zip",
    "near",
    "printable",
    "readable",
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


def near(expected: str, names: Iterable[str], all_expected: Sequence[str]) -> list[str]:
    """Which of these file names mean the expected one, though they are written otherwise.

    Case, and what separates words, do not count; browsers and learning platforms add `` (1)``, ``-1``, `` - Copy`` or
    ``.txt``. A name that is exactly another expected one never counts.
    """
    path = PurePath(expected)
    words = r"[\s_.\-]*".join(re.escape(word) for word in re.split(r"[\s_.\-]+", path.stem))
    # Each alternative begins in its own way, so that no name can make the match try all combinations.
    copy = r"(\s*\(\d+\)|-\d{1,2}|[\s_\-]*copy(\s*\d+)?){0,3}"
    pattern = re.compile(rf"(copy of )?{words}{copy}{re.escape(path.suffix)}(\.txt)?", re.IGNORECASE)
    short = (name for name in names if len(name) <= _NAME_BYTES and name not in all_expected)
    return sorted(name for name in short if pattern.fullmatch(name.strip()))


def some(names: Iterable[str], at_most: int = 3) -> str:
    """The first few names, quoted for a sentence, and how many more there are."""
    ordered = [printable(name)[:80] for name in names]
    more = f" and {len(ordered) - at_most} more" if len(ordered) > at_most else ""
    return ", ".join(ordered[:at_most]) + more


_UNICODE_PATH = 0x7075
_UTF8_FLAG = 0x800
_ESCAPED = re.compile(r"#U([0-9a-fA-F]{4})")  # written by Info-ZIP's unzip where its locale lacks a letter
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_MISREAD_AS = ("cp1252", "latin-1", "cp437", "cp850")


def name_in_zip(info: zipfile.ZipInfo) -> str:
    """The name of an entry of a zip file: what an extra header says, else its bytes as UTF-8, else as code page 437.

    Old tools of macOS and Linux write UTF-8 without saying so, and `zipfile` then reads it as code page 437.
    """
    name = info.orig_filename.split("\0")[0]
    if info.flag_bits & _UTF8_FLAG or name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    stated = next(_unicode_paths(info.extra, zlib.crc32(raw)), None)
    try:
        return stated if stated is not None else raw.decode("utf-8")
    except UnicodeDecodeError:
        return name


def readable(name: str) -> str:
    """A name or path with what was misread on its way read again.

    Undone are bytes that are no UTF-8 (`os.listdir` gives them as surrogates), UTF-8 that was read as another encoding,
    ``#U00fc`` and ``%C3%BC`` for ``ü``; letters and accents are put together (NFC), invisible marks are taken out.
    """
    if any("\udc80" <= each <= "\udcff" for each in name):
        raw = os.fsencode(name)
        try:
            name = raw.decode("cp1252")
        except UnicodeDecodeError:
            name = raw.decode("latin-1")
    name = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
    if _PERCENT.search(name):
        name = _unquoted(name)
    if not name.isascii():
        name = _read_again(name)
    return "".join(each for each in unicodedata.normalize("NFC", name) if unicodedata.category(each) != "Cf")


def _unicode_paths(extra: bytes, crc: int) -> Iterator[str]:
    """The names in Info-ZIP's headers of an entry that belong to the name with this checksum."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) > 5 and field[:1] == b"\1" and field[1:5] == struct.pack("<I", crc):
            try:
                yield field[5:].decode("utf-8")
            except UnicodeDecodeError:
                continue


def _unquoted(name: str) -> str:
    """The name without percent signs, where they stand for UTF-8 that can be printed and is no separator."""
    try:
        text = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name
    return text if text.isprintable() and text.count("/") == name.count("/") and "\\" not in text else name


def _read_again(name: str) -> str:
    """The name whose UTF-8 was read as another encoding; itself where that cannot be."""
    for encoding in _MISREAD_AS:
        try:
            text = name.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if text.isprintable():
            return text
    return name

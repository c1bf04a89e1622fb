"""Files for people's other tools: one JSON file per report, CSV files without formulas, and names for students.

Nothing is left half written.

A student chooses names, comments and answers; a spreadsheet that opens the file runs whatever looks like a formula. It
takes a cell for one behind spaces, behind a line break, with full-width signs, and behind a semicolon or tab inside a
text, where it cuts columns there instead of at commas. So an apostrophe goes before every sign that could begin a
formula at any such place, and reading takes exactly these away again.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.course.term import HandIn
from autograder.results import Report
from autograder.scoring import shown

__all__ = [
    "HAND_INS",
    "JOBS",
    "Cell",
    "csv_text",
    "defused",
    "encodable",
    "file_names",
    "read_hand_ins",
    "read_report",
    "read_reports",
    "report_text",
    "restored",
    "write_bytes",
    "write_hand_ins",
    "write_text",
]

Cell = str | float | None
"""A text, a number of points, or nothing."""

_SIGNS = frozenset("=+-@\N{MINUS SIGN}")
_SEPARATORS = frozenset(';,|"\t\r\n\v\f\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}')
_AT_THE_START = frozenset("\t\r")  # some programs drop these and look at what follows


def csv_text(rows: Iterable[Sequence[Cell]], delimiter: str = ",") -> str:
    """The rows as CSV, lines ended by CR LF; `restored` undoes what was done to a text."""
    return "".join(delimiter.join(map(_cell, row)) + "\r\n" for row in rows)


def defused(text: str) -> str:
    """The text with an apostrophe before every sign with which a spreadsheet could begin a formula."""
    return _walked(text, 1)


def restored(text: str) -> str:
    """What `defused` made this text from."""
    return _walked(text, -1)


def _cell(value: Cell) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return '"' + defused(value).replace('"', '""') + '"'
    return shown(value)


def _walked(text: str, more: int) -> str:
    """The text with one apostrophe more, or less, before each sign that may begin a formula.

    Apostrophes that stood there before count, so that the way back finds the very same places.
    """
    made: list[str] = []
    begins, apostrophes = True, 0  # whether a cell may begin here, and how many apostrophes it begins with so far
    for place, character in enumerate(text):
        if begins and character == "'":
            apostrophes += 1
            continue
        at_start = place == apostrophes and character in _AT_THE_START
        if begins and (at_start or _is_sign(character)):
            apostrophes = max(0, apostrophes + more)
        made.append("'" * apostrophes + character)
        begins = character in _SEPARATORS or (begins and not apostrophes and _is_blank(character))
        apostrophes = 0
    return "".join(made) + "'" * apostrophes


def _is_sign(character: str) -> bool:
    """Also in another width or size: NFKC makes one sign of them."""
    return character in _SIGNS or (not character.isascii() and unicodedata.normalize("NFKC", character)[:1] in _SIGNS)


def _is_blank(character: str) -> bool:
    """Spaces, control characters, and what cannot be seen at all."""
    return unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf")


HAND_INS = "hand_ins.json"
"""In the folder of a class: when everybody handed in."""
JOBS = ".jobs"
"""The folder, in that of a class, where reports are kept on their way from other machines."""

LONGEST = 80
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


def file_names(students: Iterable[str]) -> dict[str, str]:
    """A file name (without suffix) for each student: safe on every system, different for different students.

    Letters, digits and ``.-_@`` stay; anything else becomes ``_``, and then, as for names that differ in case only, a
    few digits of the name's hash are added, so that a name does not depend on who else is in the class.
    """
    names = list(dict.fromkeys(students))
    plain = {name: _safe(name) for name in names}
    folded = Counter(safe.casefold() for safe in plain.values())
    return {
        name: safe if safe == name and folded[safe.casefold()] == 1 else f"{safe}-{_digits(name)}"
        for name, safe in plain.items()
    }


def _safe(name: str) -> str:
    text = re.sub(r"[^\w.@-]", "_", unicodedata.normalize("NFC", name))
    text = re.sub(r"^[.-]", "_", text)[:LONGEST].rstrip(".")
    return f"_{text}" if not text or text.split(".")[0].casefold() in RESERVED else text


def _digits(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def encodable(report: Report) -> Report:
    """The same report as a file or the store gives it back.

    Its text is what UTF-8 can hold (a submission may print or raise half a surrogate pair), and points are floats.
    """
    try:
        return msgspec.json.decode(msgspec.json.encode(report), type=Report)
    except UnicodeEncodeError:
        return msgspec.convert(_fixed(msgspec.to_builtins(report)), Report)


def _fixed(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_fixed(key): _fixed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_fixed(each) for each in value]
    return value


def report_text(report: Report) -> str:
    """The report as JSON in the shape of `docs/report.schema.json`."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def read_reports(out: Path) -> tuple[Report, ...]:
    """The reports of a folder that `autograder grade --out` wrote, by student.

    Raises:
        UsageError: there are none, or one is no report.
    """
    paths = sorted((out / "reports").glob("*.json"))
    if not paths:
        raise UsageError(f"There are no reports in {out / 'reports'}; name the folder of `autograder grade ... --out`.")
    return tuple(sorted(map(read_report, paths), key=lambda report: report.student.casefold()))


def read_report(path: Path) -> Report:
    """The report in a file.

    Raises:
        UsageError: it is no report, or cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        reason = reason_of(error)
    except msgspec.MsgspecError as error:
        reason = "the file is damaged, its end is missing" if "truncated" in str(error) else reason_of(error)
    raise UsageError(f"{path} is no report: {reason}; move it away, and grade again.")


def read_hand_ins(out: Path) -> tuple[HandIn, ...]:
    """The hand-ins of a graded folder; none where there is no `hand_ins.json`.

    Raises:
        UsageError: it cannot be read.
    """
    path = out / HAND_INS
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[HandIn, ...])
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; move it away, and grade again.") from None


def write_hand_ins(out: Path, found: Iterable[HandIn], *, even_none: bool = False) -> None:
    """Write the hand-ins of a graded folder, by student.

    Where nothing is known of any there is no file, or, with `even_none`, one that says so: what was collected into
    `submissions/NAME` is then not what was graded, and its times do not hold.
    """
    known = sorted((each for each in found if each != HandIn(each.student)), key=lambda each: each.student)
    if known or even_none:
        write_text(out / HAND_INS, msgspec.json.format(msgspec.json.encode(known), indent=1).decode() + "\n")
    else:
        (out / HAND_INS).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole file or none of it, so that a reader never sees half a page.

    Raises:
        UsageError: the disk is full, or the folder may not be written.
    """
    write_bytes(path, text.encode("utf-8", "replace"))


def write_bytes(path: Path, content: bytes) -> None:
    """The same for a file that is no text.

    Raises:
        UsageError: as `write_text`.
    """
    try:
        atomic_files.write(path, content)
    except (FileExistsError, NotADirectoryError):
        file = next((each for each in path.parents if each.exists() and not each.is_dir()), path.parent)
        raise UsageError(f"Cannot write {path}: {file} is a file and no folder; name another folder.") from None
    except OSError as error:
        raise UsageError(
            f"Cannot write {path}: {reason_of(error)}; fix that and run the same command again, it goes on from here."
        ) from None

"""One JSON file per report, and the file names that students' names become."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.results import Report

__all__ = ["JOBS", "encodable", "file_names", "read_report", "read_reports", "report_text", "write_bytes", "write_text"]

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

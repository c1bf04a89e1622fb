"""Values that people write into `grader_config.py`, `assignment.py` and behind options, each checked with one sentence.

Every function takes the value and where it stands, such as ``"Course.jobs"``, and raises an `InstructorError` that says
what the value is and what to give instead.
"""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import re
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.checks.errors import InstructorError
from autograder.checks.wording import reason_of, too_many

__all__ = [
    "MOST_JOBS",
    "MOST_POINTS",
    "database",
    "flag",
    "inner_path",
    "line_of",
    "near",
    "number",
    "points",
    "python_text",
    "said",
    "text",
    "texts",
    "utf8_text",
    "without_password",
    "written",
]

MOST_JOBS = 1024
MOST_POINTS = 1_000_000
_LONGEST = 60
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://")


def written(value: object) -> str:
    """A value as it is quoted in a sentence: on one line, cut, and whatever its own `repr` does."""
    try:
        shown = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 (an object of the instructor's)
        shown = f"an object of class {type(value).__name__}"
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 4]} ..."


def text(value: object, where: str, *, empty: bool = False) -> str:
    """A text; one without any character only where `empty` allows it."""
    if not isinstance(value, str):
        raise InstructorError(f"{where} is {written(value)}; give a text in quotes.")
    if not empty and not value.strip():
        raise InstructorError(f"{where} is empty; give a text.")
    return value


def texts(value: object, where: str, *, example: str = '["this"]') -> tuple[str, ...]:
    """Several different texts in a list or tuple, none of them empty."""
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each.strip() for each in value):
        raise InstructorError(f"{where} is {written(value)}; give names in brackets, such as {example}.")
    for each in value:
        if value.count(each) > 1:
            raise InstructorError(f"{where} names {each!r} twice; take one out.")
    return tuple(value)


def flag(value: object, where: str) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, bool):
        raise InstructorError(f"{where} is {written(value)}; give True or False.")
    return value


def number(value: object, where: str, *, least: float, most: float, whole: bool = False) -> float:
    """A number from `least` to `most`; nan and infinity are none."""
    kind, known = ("a whole number", int) if whole else ("a number", int | float)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InstructorError(f"{where} is {written(value)}; give {kind}.")
    if not isinstance(value, known) or not least <= value <= most:
        raise InstructorError(f"{where} is {written(value)}; give {kind} from {least:,} to {most:,}.")
    return value


def points(value: object, where: str, *, negative: bool = False) -> float:
    """A number of points, 0 or more; also less than 0 where points may be taken away, or are looked at again later."""
    return number(value, where, least=-MOST_POINTS if negative else 0, most=MOST_POINTS)


def database(value: object, where: str) -> str:
    """An SQLAlchemy address by its form: the name of a database system, ``://`` and the rest."""
    address = text(value, where)
    if not _ADDRESS.match(address):
        raise InstructorError(
            f"{where} is {written(without_password(address))}; give an SQLAlchemy address, such as 'sqlite:////srv/course/grader.db'."
        )
    return address


def without_password(address: str) -> str:
    """The same address, well formed or not, with stars in the place of a password."""
    hidden = re.sub(r"^(\w[\w+.-]*:/*[^:@/]*):.*@", r"\1:***@", address, flags=re.DOTALL)
    return re.sub(r"(password|passwd|pwd)=[^&;]*", r"\1=***", hidden, flags=re.IGNORECASE)


def inner_path(file: str, where: str) -> str:
    """The path of a file inside of a folder: relative, with slashes, and without a way out."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file or not file.isprintable() or not path.parts:
        raise InstructorError(f"{where} names {file!r}; give the name of a file inside the folder, such as 'hw.py'.")
    return file


# --- files that people write ---


def utf8_text(path: Path) -> str:
    """The text of a file, with `\\n` at the ends of lines.

    Raises:
        InstructorError: it cannot be read, or is not UTF-8; the sentence names the line.
    """
    data = _bytes(path)
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InstructorError(f"{_not_utf8(path, data, error)}; save the file as UTF-8.") from None


def python_text(path: Path) -> str:
    """The text of a Python module, in the encoding that it declares, else UTF-8.

    Raises:
        InstructorError: it cannot be read, or is written in another encoding; the sentence names the line.
    """
    data = _bytes(path)
    if b"\0" in data:
        raise InstructorError(f"{path} holds NUL bytes, so it is no Python source; save the file as UTF-8.")
    try:
        try:
            return importlib.util.decode_source(data)
        except SyntaxError as error:
            data.decode("utf-8-sig")  # what is not UTF-8 in the first two lines is reported as one thing with the rest
            raise InstructorError(f"{path}:1: {error.msg}; save the file as UTF-8.") from None
    except UnicodeDecodeError as error:
        raise InstructorError(
            f"{_not_utf8(path, data, error)}; save the file as UTF-8, or declare its encoding in the first line."
        ) from None


def _not_utf8(path: Path, data: bytes, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    return f"{path}:{line}: this is not UTF-8 text (the byte 0x{data[error.start]:02x})"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InstructorError(f"{path} cannot be read: {reason_of(error)}.") from None


# --- names that nobody knows ---


def near(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what was perhaps meant, or all there is."""
    known = list(names)
    folded = {each.casefold(): each for each in known}
    close = [folded[each] for each in difflib.get_close_matches(name.casefold(), folded, n=3)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"there are {', '.join(known[:12])}{' and more' if len(known) > 12 else ''}." if known else "there are none."


# --- what their code raises ---


def said(error: BaseException, known: Iterable[Callable[..., Any]] = ()) -> str:
    """What code of the instructor's raised, in one sentence; of a wrong call to one of `known`, its fields too."""
    shown = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        return f"sys.exit({written(error.code)}) ends Python here; remove the call."
    for each in known:
        name = each.__qualname__
        if isinstance(error, TypeError) and shown.startswith((f"{name}()", f"{name}.__init__()")):
            signature = inspect.signature(each)
            if "positional argument" in shown and "given" in shown:
                return f"{name}(...): {too_many(signature)}."
            fields = [parameter for parameter in signature.parameters if parameter != "self"]
            if unknown := re.search(r"unexpected keyword argument ('\w+')", shown):
                shown = f"{name}(...) has no field {unknown[1]}"
            elif lacking := re.search(r"missing \d+ required [\w-]+ arguments?: (.*)", shown):
                shown = f"{name}(...) lacks {lacking[1]}"
            return f"{shown}; the fields of {name} are {', '.join(fields)}."
    if isinstance(error, ImportError) and (error.name or "").split(".")[0] == "autograder":
        return (
            f"{shown}; a course's settings are imported from autograder.course, those of an assignment from autograder "
            "and autograder.checks."
        )
    return f"{type(error).__name__}: {shown or 'no message'}; correct the line."


def line_of(error: BaseException, path: Path) -> int:
    """The last line of `path` that an error passed through, or 1."""
    lines = [frame.lineno or 1 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else 1

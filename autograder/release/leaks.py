"""The last look before a release is written: no line of a solution and none of a hidden check may be in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from autograder.checks.errors import InstructorError
from autograder.markers import regions, text_lines

__all__ = ["Secret", "Secrets", "bare", "lines_of", "numbers", "refuse_leaks", "solution_lines", "telling"]

_FEWEST_TOKENS = 4
_SHORTEST = 12
_DOES_SOMETHING = frozenset("([=+-*/@%<>&|^~")
_MANY_DIGITS = 5
_NUMBER = re.compile(r"(?<![\w.])\d*\.\d+(?:[eE][-+]?\d+)?(?![\w.]*\w)")
_WORD = re.compile(r"[^\W\d]\w*")
_COMMENT = re.compile(r"\s+#[^'\"]*$")
_WRITTEN = ("", ".cfg", ".html", ".ini", ".ipynb", ".md", ".py", ".rst", ".tex", ".toml", ".txt")
_BEGINNING = 1 << 13
_LONGEST_DATA = 1 << 20  # of text in which lines of code are looked for
_MARKER = re.compile(r"#+ ?(BEGIN|END) SOLUTION.*")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a line that must not be released stands, and what it is: ``"the solution"`` or ``"a hidden check"``."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that must not be released, each with where it comes from.

    `lines` are bare; `words` are names of hidden checks, `numbers` expected values with many digits, `contents` whole
    files that only staff have.
    """

    lines: Mapping[str, Secret]
    words: Mapping[str, Secret] = field(default_factory=dict)
    numbers: Mapping[float, Secret] = field(default_factory=dict)
    contents: Mapping[bytes, Secret] = field(default_factory=dict)


def telling(line: str) -> bool:
    """Whether a line says enough to give something away: it calls, computes or assigns; ``return a, b`` does not."""
    text = line.strip()
    tokens = re.findall(r"\w+|[^\w\s]", text)
    return len(text) >= _SHORTEST and len(tokens) >= _FEWEST_TOKENS and bool(_DOES_SOMETHING.intersection(tokens))


def bare(line: str) -> str:
    """A line without its indentation and without a comment behind its code."""
    text = line.strip()
    code = _COMMENT.sub("", text)
    return code or text


def solution_lines(sources: Mapping[str, str]) -> tuple[dict[str, Secret], frozenset[str]]:
    """The telling lines of all solution regions, bare, without those that are given elsewhere; and the given lines."""
    secret: dict[str, Secret] = {}
    given: set[str] = set()
    for file, source in sources.items():
        found = regions(source, file)
        for number, line in enumerate(text_lines(source), start=1):
            code = bare(line)
            if any(region.solves(number) for region in found):
                if telling(code) and not _MARKER.fullmatch(code):
                    secret.setdefault(code, Secret(file, number, "the solution"))
            else:
                given.add(code)
    return {line: where for line, where in secret.items() if line not in given}, frozenset(given)


def numbers(text: str) -> set[float]:
    """The numbers of a text that nobody writes by chance: with a point and five digits that count, or more."""
    return {float(found) for found in _NUMBER.findall(text) if len(_digits(found)) >= _MANY_DIGITS}


def refuse_leaks(files: Mapping[str, bytes], secrets: Secrets) -> None:
    """Look for what is secret in the files of a release, in the cells of notebooks, too.

    Comments behind code are not compared: with or without its comment a line tells the same.

    Args:
        files: path in the release to content.
        secrets: what to look for.

    Raises:
        InstructorError: something was found; the sentence names both places.
    """
    for path, content in files.items():
        if where := secrets.contents.get(content):
            raise InstructorError(f"{path} of the release is {where.what} ({where.file}); leave it out of extra_files.")
    for path, number, line in _lines(files):
        where = secrets.lines.get(line) or secrets.lines.get(bare(line))
        if where:
            raise InstructorError(
                f"{path}:{number} of the release would show a line of {where.what} "
                f"({where.file}:{where.line}): {line}  Rewrite one of them."
            )
        words = [secrets.words[word] for word in _WORD.findall(line) if word in secrets.words]
        found = numbers(line) if _is_written(path) else ()  # among many numbers of data, one is there by chance
        values = [secrets.numbers[value] for value in found if value in secrets.numbers]
        for where in (*words, *values):
            raise InstructorError(
                f"{path}:{number} of the release would show {where.what} ({where.file}:{where.line}): {line}  "
                "Take it out."
            )


def _is_written(path: str) -> bool:
    """Whether this is a file that people write and read, and no data."""
    return PurePosixPath(path).suffix.lower() in _WRITTEN


def _digits(number: str) -> str:
    return re.sub(r"[eE].*", "", number).replace(".", "").strip("0")


def _lines(files: Mapping[str, bytes]) -> Iterable[tuple[str, int, str]]:
    for path, content in files.items():
        if not _is_written(path) and (b"\0" in content[:_BEGINNING] or len(content) > _LONGEST_DATA):
            continue
        for number, line in enumerate(lines_of(path, content), start=1):
            yield path, number, line.strip()


def lines_of(path: str, content: bytes) -> list[str]:
    """The lines of a file of a release as students read them; of a notebook, all that its cells hold."""
    text = content.decode("utf-8", errors="replace")
    return _of_notebook(text) if path.endswith(".ipynb") else text.splitlines()


def _of_notebook(text: str) -> list[str]:
    """All lines that the cells of a notebook hold, outputs included; of what is no notebook, its own."""
    try:
        found = list(_texts(json.loads(text)))
    except ValueError:
        return text.splitlines()
    return "".join(each if each.endswith("\n") else f"{each}\n" for each in found).splitlines()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))

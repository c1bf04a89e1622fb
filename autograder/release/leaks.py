"""The last look before a release is written: no line of a solution and none of a hidden check may be in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autograder.errors import InstructorError
from autograder.markers import regions, text_lines

__all__ = ["Secret", "refuse_leaks", "solution_lines", "telling"]

_FEWEST_TOKENS = 4
_SHORTEST = 12
_DOES_SOMETHING = frozenset("([=+-*/@%<>&|^~")
_COMMENT = re.compile(r"\s+#[^'\"]*$")
_MARKER = re.compile(r"#+ ?(BEGIN|END) SOLUTION.*")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a line that must not be released stands, and what it is: ``"the solution"`` or ``"a hidden check"``."""

    file: str
    line: int
    what: str


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


def refuse_leaks(files: Mapping[str, bytes], secrets: Mapping[str, Secret]) -> None:
    """Look for secret lines in the files of a release.

    Comments behind code are not compared: with or without its comment a line tells the same.

    Args:
        files: path in the release to content.
        secrets: bare line to where it comes from.

    Raises:
        InstructorError: one was found; the sentence names both places.
    """
    for path, number, line in _lines(files):
        where = secrets.get(line) or secrets.get(bare(line))
        if where is not None:
            raise InstructorError(
                f"{path}:{number} of the release would show a line of {where.what} "
                f"({where.file}:{where.line}): {line}  Rewrite one of them."
            )


def _lines(files: Mapping[str, bytes]) -> Iterable[tuple[str, int, str]]:
    for path, content in files.items():
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
            yield path, number, line.strip()

"""Markdown that students write answers in: solution regions cut out, and the part under a heading found again.

A heading is meant by its anchor, as GitHub makes it (``## Why so slow?`` is ``why-so-slow``), or by a name in
parentheses in front, as in handouts (``## (why) Why is it slow?`` is ``why``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.checks.errors import InstructorError
from autograder.markers import BEGIN, END

__all__ = ["ANSWER", "Heading", "answer_under", "headings", "is_untouched", "solved_lines", "text_regions", "text_stub"]

ANSWER = "YOUR ANSWER HERE"
"""What stands in the place of an answer when it is handed out."""

_MARKER_LIKE = re.compile(r"\s*#+\s*(BEGIN|END)\s+SOLUTION\b.*", re.IGNORECASE)
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_NAMED = re.compile(r"\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: its line, counted from 1, its level (1 to 6), its names, and its text."""

    line: int
    level: int
    names: tuple[str, ...]
    text: str


def text_regions(source: str, file: str) -> tuple[range, ...]:
    """The lines of each solution region of a text, markers included, counted from 1.

    Raises:
        InstructorError: a marker is nested, unended, stray or misspelt; the sentence gives file and line.
    """
    found: list[range] = []
    begun = 0
    for number, line in enumerate(source.split("\n"), start=1):
        if (like := _MARKER_LIKE.fullmatch(line)) and line.strip() not in (BEGIN, END):
            right = BEGIN if like[1].upper() == "BEGIN" else END
            raise InstructorError(f"{file}:{number}: '{line.strip()}' is no marker; write '{right}'.")
        if line.strip() == BEGIN:
            if begun:
                raise InstructorError(
                    f"{file}:{number}: a solution begins inside the one of line {begun}; end that one first."
                )
            begun = number
        elif line.strip() == END:
            if not begun:
                raise InstructorError(f"{file}:{number}: '{END}' without a '{BEGIN}' above it; remove it.")
            found.append(range(begun, number + 1))
            begun = 0
    if begun:
        raise InstructorError(f"{file}:{begun}: '{BEGIN}' has no '{END}'; add it where the solution ends.")
    return tuple(found)


def text_stub(source: str, file: str) -> str:
    """The text with `ANSWER` in the place of each solution region.

    Raises:
        InstructorError: as `text_regions`.
    """
    begins = {region[0]: region for region in text_regions(source, file)}
    lines = source.split("\n")
    kept = []
    number = 1
    while number <= len(lines):
        region = begins.get(number)
        kept.append(ANSWER if region else lines[number - 1])
        number = region[-1] + 1 if region else number + 1
    return "\n".join(kept)


def solved_lines(source: str, file: str) -> Iterator[tuple[int, str]]:
    """The lines inside solution regions, markers left out, each with its number."""
    lines = source.split("\n")
    for region in text_regions(source, file):
        yield from ((number, lines[number - 1]) for number in region[1:-1])


def headings(text: str) -> Iterator[Heading]:
    """The headings of a text; what stands in fenced code is none, and neither is a solution marker."""
    fence = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _FENCE.match(line):
            if not fence:
                fence = found[1]
            elif found[1].startswith(fence):
                fence = ""
            continue
        heading = None if fence or line.strip() in (BEGIN, END) else _HEADING.fullmatch(line)
        if heading:
            name = _NAMED.match(heading[2])
            anchor = re.sub(r"[^\w\- ]", "", heading[2].lower()).replace(" ", "-")
            yield Heading(number, len(heading[1]), (*([name[1].strip()] if name else []), anchor), heading[2])


def answer_under(text: str, name: str, template: str) -> str | None:
    """The part of a text under the heading of that name; None where there is no such heading.

    It ends at the next heading of the template that is not below it; headings that students add end nothing.

    Args:
        text: what was handed in, or the template itself.
        name: of the heading.
        template: what was handed out.
    """
    expected = next((each for each in headings(template) if name in each.names), None)
    start = next((each for each in headings(text) if name in each.names), None)
    if start is None:
        return None
    level = expected.level if expected else start.level
    stops = {each.names[-1] for each in headings(template) if each.level <= level}
    stops -= set(start.names)
    end = next((each.line for each in headings(text) if each.line > start.line and each.names[-1] in stops), None)
    return "\n".join(text.split("\n")[start.line : None if end is None else end - 1]).strip("\n")


def is_untouched(answer: str, template: str) -> bool:
    """Whether an answer holds no line that was not handed out."""
    given = {line.strip() for line in template.split("\n")}
    return all(line.strip() in given for line in answer.split("\n") if line.strip())

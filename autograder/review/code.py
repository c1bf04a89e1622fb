"""The files that a student handed in, highlighted, with the lines marked that messages name.

Submissions are staged as for grading, and shown only where they are those that were graded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.python import PythonLexer
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

from autograder import loader
from autograder.course import Course
from autograder.reports.pages.text import visible
from autograder.results import Report
from autograder.submissions import Recogniser, Submission, Which, collect
from autograder.submissions.term import open_term

__all__ = ["CodeFile", "code_of", "code_style", "staged"]

_LONGEST = 200_000  # characters of a file that are shown
_SHOWN = (".py", ".ipynb", ".md", ".txt", ".json", ".csv", ".toml", ".yaml", ".yml")
_OF_FILE = re.compile(r"\bline (\d+) of ([\w.-]+\.(?:py|ipynb))")
_OF_CELL = re.compile(r"\bline (\d+) of (cell \d+)")
_OF_MAIN = re.compile(r"\(line (\d+)[:)]")


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file or a cell of a notebook: its name, its text as HTML, and the lines that messages name."""

    name: str
    html: Markup
    lines: tuple[int, ...]


def staged(root: Path, course: Course, name: str, inbox: Path, folder: Path) -> dict[str, Submission]:
    """Everybody's submissions to an assignment, copied into a folder, by student.

    Raises:
        UsageError, InstructorError: the inbox or the assignment cannot be read.
    """
    loaded = loader.load(root, name)
    recogniser = Recogniser.of(loaded, accept=course.accept_close_names)
    which = Which(open_term(root, course), name)
    found = collect(inbox, loaded.assignment.handed_in, folder, recogniser=recogniser, which=which)
    return {each.student: each for each in found}


def code_of(report: Report, submission: Submission | None) -> tuple[tuple[CodeFile, ...], str]:
    """The files of a submission, and a sentence where there is nothing to show."""
    if submission is None:
        return (), "The files of this student are not in the folder of submissions."
    if submission.sha256 != report.replay.submission_sha256:
        return (), "The files in the folder of submissions are others than those that were graded; grade them again."
    named = _named_lines(report)
    files = [path for path in sorted(submission.folder.rglob("*")) if path.suffix in _SHOWN and path.is_file()]
    main = next((path.name for path in files if path.suffix == ".py"), "")
    shown = [
        CodeFile(name, _highlighted(name, text, lines), lines)
        for path in files
        for name, text, key in _parts(path, path.relative_to(submission.folder).as_posix())
        for lines in [tuple(sorted({*named.get(key, ()), *(named.get("", ()) if key == main else ())}))]
    ]
    return tuple(shown), "" if shown else "Nothing that was handed in is text."


def code_style() -> bytes:
    """The style sheet of highlighted code, for light and dark screens."""
    light = HtmlFormatter(style="xcode").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n".encode()


def _named_lines(report: Report) -> Mapping[str, set[int]]:
    """The lines that the checks' sentences name, by file, by ``cell N``, or by "" for the main file."""
    found: dict[str, set[int]] = {}
    for message in (check.staff_message or check.message for each in report.questions for check in each.checks):
        for pattern in (_OF_FILE, _OF_CELL):
            for line, where in pattern.findall(message):
                found.setdefault(where, set()).add(int(line))
        for line in _OF_MAIN.findall(message):
            found.setdefault("", set()).add(int(line))
    return found


def _parts(path: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """What is shown of a file: a name, the text, and how messages call it; of a notebook, each cell."""
    text = path.read_bytes()[: 4 * _LONGEST].decode("utf-8", "replace")
    cells = _cells(text) if path.suffix == ".ipynb" else None
    if cells is None:
        yield name, text, path.name
        return
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        joined = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if joined.strip():
            yield f"{name}, cell {number}", joined, f"cell {number}"


def _cells(text: str) -> list[Any] | None:
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return cells if isinstance(cells, list) else None


def _highlighted(name: str, text: str, lines: tuple[int, ...]) -> Markup:
    """The text as HTML; Pygments escapes it."""
    try:
        lexer = PythonLexer() if ", cell " in name else get_lexer_for_filename(name)
    except ClassNotFound:
        lexer = TextLexer()
    marked = HtmlFormatter(linenos="inline", hl_lines=list(lines), wrapcode=True)
    return Markup(highlight(visible(text, _LONGEST), lexer, marked))  # noqa: S704

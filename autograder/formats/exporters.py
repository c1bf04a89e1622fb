"""Every format that grades leave in; a new one is its own module and a line here.

The registry makes the verbs: `autograder export NAME`, with the options that the exporter takes. A module is imported
when its format is asked for, so that the command line starts quickly. nbgrader's gradebook and pages of notebooks have
verbs of their own (`autograder.cli.export`), because they are made of notebooks as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from autograder.checks.errors import UsageError

if TYPE_CHECKING:
    from autograder.formats.outgoing import Exporter, Request, Written

__all__ = ["EXPORTERS", "export", "exporter_called"]

EXPORTERS: Mapping[str, str] = MappingProxyType(
    {
        "canvas": "autograder.formats.canvas.gradebook",
        "csv": "autograder.formats.tables.csv",
        "excel": "autograder.formats.tables.excel",
        "gradescope": "autograder.formats.gradescope.results",
        "jsonl": "autograder.formats.tables.json_lines",
        "junit": "autograder.formats.junit",
        "moodle": "autograder.formats.moodle.worksheet",
    }
)
"""By the name on the command line, the module that defines ``EXPORTER``."""


def exporter_called(name: str) -> Exporter:
    """The exporter of that name, imported when it is needed."""
    found: Exporter = import_module(EXPORTERS[name]).EXPORTER
    return found


def export(
    exporter: Exporter,
    out: Path,
    request: Request,
    *,
    course: Path | None = None,
    roster: Path | None = None,
    submissions: Path | None = None,
) -> Written:
    """Write the grades of a graded folder in a format.

    Args:
        exporter: the format.
        out: the folder that `autograder grade --out` wrote.
        request: what is asked of the exporter.
        course, roster, submissions: see `class_grades`.

    Raises:
        UsageError: a file is missing or cannot be used, or something cannot be decided; the sentence says what to do.
    """
    from autograder.formats.final_points import class_grades

    if exporter.needs_file and request.into is None:
        raise UsageError(f"Name the file that is to be filled with --into. {exporter.needs_file}")
    grades = class_grades(out, course=course, roster=roster, submissions=submissions)
    written = exporter.write(grades, request)
    return replace(written, sentences=(*written.sentences, *grades.remarks))

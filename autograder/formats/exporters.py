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
    from autograder.formats.class_grades import Exporter, Request, Written

__all__ = ["EXPORTERS", "export", "exporter_called"]

EXPORTERS: Mapping[str, str] = MappingProxyType(
    {
        "canvas": "autograder.formats.canvas.gradebook:EXPORTER",
        "csv": "autograder.formats.tables:CSV",
        "excel": "autograder.formats.tables:EXCEL",
        "gradescope": "autograder.formats.gradescope.results:EXPORTER",
        "jsonl": "autograder.formats.tables:JSON_LINES",
        "junit": "autograder.formats.junit:EXPORTER",
        "moodle": "autograder.formats.moodle.worksheet:EXPORTER",
    }
)
"""By the name on the command line, the module and the name of the exporter there."""


def exporter_called(name: str) -> Exporter:
    """The exporter of that name, imported when it is needed."""
    module, _, exporter = EXPORTERS[name].partition(":")
    found: Exporter = getattr(import_module(module), exporter)
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
    from autograder.formats.class_grades import class_grades

    if exporter.needs_file and request.into is None:
        raise UsageError(f"Name the file that is to be filled with --into. {exporter.needs_file}")
    grades = class_grades(out, course=course, roster=roster, submissions=submissions)
    written = exporter.write(grades, request)
    return replace(written, sentences=(*written.sentences, *grades.remarks))

"""What `autograder export FORMAT` does with any exporter of the registry, and what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.cli.common import console, staging
from autograder.formats.class_grades import Request
from autograder.formats.exporters import export, exporter_called
from autograder.reports.pages.text import visible

__all__ = ["export_grades"]


def export_grades(name: str, out: Path, options: Mapping[str, Any]) -> int:
    """Write the grades of a folder in a format, and say what was written; returns 1 if somebody was not found.

    Args:
        name: of the exporter.
        out: the folder that `autograder grade --out` wrote.
        options: what was given of the exporter's options and of those that all take; None for what was not.

    Raises:
        UsageError: see `export`.
    """
    request = Request(
        options["to"] or out / name,
        options.get("into"),
        options.get("column") or "",
        options.get("scale"),
        options.get("missing"),
        options.get("changeable") or "",
    )
    places = {each: options[each] for each in ("course", "roster", "submissions")}
    if out.is_dir():
        with staging(out):
            written = export(exporter_called(name), out, request, **places)
    else:
        written = export(exporter_called(name), out, request, **places)  # which says so
    screen = console()
    for sentence in written.sentences:
        screen.print(visible(sentence), markup=False, soft_wrap=True)
    for path in written.files:
        screen.print(f"Written:  {path}", markup=False, soft_wrap=True)
    return int(written.incomplete)

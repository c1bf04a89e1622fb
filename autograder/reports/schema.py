"""The JSON schema of a report, made from `results.Report`.

``python -m autograder.reports.schema > docs/report.schema.json`` brings the checked-in copy up to date.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import msgspec

from autograder.results import Report

__all__ = ["report_schema", "schema_text"]


def report_schema() -> dict[str, Any]:
    """The schema: draft 2020-12, with `schema` fixed to 1."""
    made = msgspec.json.schema(Report)
    made["$defs"]["Report"]["properties"]["schema"] = {"const": 1}
    for record in made["$defs"].values():
        record["description"] = inspect.cleandoc(record["description"])
        if "properties" in record:
            record["required"] = [*record["properties"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of one submission, schema 1",
        "description": "Fields may be added within schema 1; none is taken away and none changes its meaning.",
        **made,
    }


def schema_text() -> str:
    """The schema as it is checked in."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())

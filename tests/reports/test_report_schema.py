"""The report's JSON: its schema is checked in, fresh, and what we write obeys it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from samples import check, internal, passing, question, report

from autograder.reports import encodable, file_names, read_reports, report_text, write_text
from autograder.reports.schema import report_schema, schema_text
from autograder.results import CheckResult, Report, Verdict

ROOT = Path(__file__).parents[2]

PROMISED = {
    "Report": ["schema", "assignment", "student", "points", "max_points", "bonus_points", "questions", "resources"],
    "QuestionResult": ["id", "title", "points", "max_points", "bonus", "checks"],
    "CheckResult": ["id", "title", "hidden", "verdict", "points", "max_points", "seconds", "message"],
    "Resources": ["wall_seconds", "cpu_seconds", "peak_memory_mib", "sandbox"],
}


def test_the_checked_in_schema_is_fresh() -> None:
    """`make schema` would change nothing."""
    assert (ROOT / "docs" / "report.schema.json").read_text("utf-8") == schema_text()


def test_the_schema_promises_the_fields_of_schema_1() -> None:
    """No field of schema 1 may go away."""
    definitions = report_schema()["$defs"]
    for record, names in PROMISED.items():
        assert set(names) <= set(definitions[record]["required"])
    assert definitions["Report"]["properties"]["schema"] == {"const": 1}


@pytest.mark.parametrize(
    "made",
    [
        passing("ann"),
        internal("ben"),
        report("carl", question("a", *(check(v.lower(), v, hidden=True) for v in Verdict), output="\x1b[31m\ud800")),
    ],
    ids=["passing", "internal", "every verdict"],
)
def test_a_written_report_obeys_the_schema(made: Report, tmp_path: Path) -> None:
    """What is in reports/ can be relied on."""
    path = tmp_path / "reports" / "x.json"
    write_text(path, report_text(encodable(made)))
    written = json.loads(path.read_text("utf-8"))
    jsonschema.validate(written, report_schema())
    assert (written["schema"], written["student"]) == (1, made.student)
    assert [entry.name for entry in path.parent.iterdir()] == ["x.json"]


def test_text_that_utf_8_cannot_hold_is_repaired() -> None:
    """Half a surrogate pair in a submission's output costs that character and nothing else."""
    good = passing("ann")
    assert encodable(good) == good
    (repaired,) = encodable(report("ann", question("a", output="a\udc80b"))).questions
    assert repaired.output == "a?b"


def test_file_names_are_safe_and_different() -> None:
    """A student's name never leaves the folder, and no two students share a file."""
    students = ["ann", "Ann", "../../etc/passwd", "a/b", "a_b", ".hidden", "", "con", "Zoë Müller", "x" * 300, "a\nb"]
    names = file_names(students)
    assert len({name.casefold() for name in names.values()}) == len(students)
    assert all("/" not in name and "\n" not in name and not name.startswith(".") for name in names.values())
    assert all(0 < len(name) <= 90 for name in names.values())
    assert file_names(["a_b"]) == {"a_b": "a_b"}


def test_a_file_name_does_not_depend_on_the_class() -> None:
    """A name that has to be changed is changed in the same way next week."""
    assert file_names(["a/b"])["a/b"] == file_names(["a/b", "zed", "a_b"])["a/b"]


def test_a_report_from_before_manual_was_a_verdict_is_read_as_one(tmp_path: Path) -> None:
    """An answer that a person grades was SKIPPED; a check that was skipped stays so."""
    path = tmp_path / "reports" / "ann.json"
    answer = CheckResult("why", "Why?", False, Verdict.MANUAL, 0, 0, 0, "", by_hand=5)
    write_text(path, report_text(report("ann", question("a", check("one", Verdict.SKIPPED), answer))))
    path.write_text(path.read_text("utf-8").replace('"MANUAL"', '"SKIPPED"'), "utf-8")
    (read,) = read_reports(tmp_path)
    assert read.verdicts == (Verdict.SKIPPED, Verdict.MANUAL)

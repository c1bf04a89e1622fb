"""JUnit XML: a suite for each student and a case for each check, for GitLab, Jenkins, GitHub and Artemis.

The format has no points, so they are properties. A wrong answer is a failure; what ended by itself or by a limit is an
error, as is our own fault; what did not run, or waits for a person, is skipped. One character that XML does not have
would make the whole file unreadable, so these are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as Tree

from autograder.formats.class_grades import ClassGrades, Exporter, Grade, Request, Written
from autograder.messages import WORDING
from autograder.reports.files import write_bytes
from autograder.reports.visibility import withheld_sentence
from autograder.results import CheckResult, QuestionResult, Verdict
from autograder.scoring import shown

__all__ = ["EXPORTER", "junit_xml"]

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS: Mapping[Verdict, str] = {
    Verdict.PASSED: "",
    Verdict.PARTIAL: "failure",
    Verdict.FAILED: "failure",
    Verdict.NOT_ATTEMPTED: "failure",
    Verdict.MISSING: "failure",
    Verdict.RAISED: "error",
    Verdict.TIME: "error",
    Verdict.MEMORY: "error",
    Verdict.OUTPUT: "error",
    Verdict.CRASHED: "error",
    Verdict.INTERNAL: "error",
    Verdict.SKIPPED: "skipped",
    Verdict.MANUAL: "skipped",
}


def junit_xml(grades: ClassGrades) -> bytes:
    """The file, with what students may read of each check."""
    root = Tree.Element("testsuites", name=_text(grades.title))
    checks: list[CheckResult] = []
    for grade in grades.grades:
        part = grades.shown(grade)
        own = [check for question in part.report.questions for check in question.checks]
        suite = Tree.SubElement(root, "testsuite", {"name": _text(grade.student), **_counts(own)})
        withheld = " ".join(withheld_sentence(each, grades.moment_of(grade)) for each in part.withheld)
        _properties(suite, {**_about(grade, withheld), **({"withheld": withheld} if withheld else {})})
        for question in part.report.questions:
            for check in question.checks:
                _case(suite, grades.assignment, question, check, grade.points_of(check))
        checks += own
    root.attrib.update(_counts(checks))
    Tree.indent(root)
    return bytes(Tree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _about(grade: Grade, withheld: str) -> dict[str, str]:
    """Points that are not final are left out, and the reason stands there; so are those that tell what is withheld."""
    if withheld and grade.points is not None:
        return {"max_points": shown(grade.most)}
    points = {"open": grade.why} if grade.points is None else {"points": shown(grade.points)}
    return {**points, "max_points": shown(grade.most)}


def _case(
    suite: Tree.Element, assignment: str, question: QuestionResult, check: CheckResult, points: float | None
) -> None:
    """One check; points that are not final are left out."""
    case = Tree.SubElement(
        suite,
        "testcase",
        classname=_text(f"{assignment}.{question.id}"),
        name=_text(check.title or check.id),
        time=f"{check.seconds:.3f}",
    )
    numbers = {"max_points": shown(check.max_points)}
    if points is not None:
        numbers = {"points": shown(points), **numbers}
    _properties(
        case, {"check": check.id, "verdict": str(check.verdict), "hidden": str(check.hidden).lower(), **numbers}
    )
    if kind := _KINDS[check.verdict]:
        said = _text(check.message or WORDING[check.verdict].long)
        first = said.split("\n", 1)[0]
        if kind == "skipped":
            Tree.SubElement(case, kind, message=first)
        else:
            Tree.SubElement(case, kind, message=first, type=str(check.verdict)).text = said


def _properties(parent: Tree.Element, values: Mapping[str, str]) -> None:
    properties = Tree.SubElement(parent, "properties")
    for name, value in values.items():
        Tree.SubElement(properties, "property", name=name, value=_text(value))


def _counts(checks: Iterable[CheckResult]) -> dict[str, str]:
    checks = [*checks]
    kinds = [_KINDS[check.verdict] for check in checks]
    counted = {f"{kind}s" if kind != "skipped" else kind: kinds.count(kind) for kind in ("failure", "error", "skipped")}
    seconds = sum(check.seconds for check in checks)
    return {"tests": str(len(kinds)), **{name: str(count) for name, count in counted.items()}, "time": f"{seconds:.3f}"}


def _text(value: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", value)


def _write(grades: ClassGrades, request: Request) -> Written:
    path = request.to / "junit.xml"
    write_bytes(path, junit_xml(grades))
    return Written((path,))


EXPORTER = Exporter(
    """Write every check of every student as JUnit XML.

    A suite for each student; points are properties of suites and cases. Messages are those that students may read;
    checks that are shown later are left out, and the points of the suite with them.

    Example: autograder export junit graded --to build""",
    _write,
)

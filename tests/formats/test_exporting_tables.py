"""Grades for programs and people: CSV, Excel, JSON lines, JUnit XML, results for Gradescope; how a format is added."""

from __future__ import annotations

import csv
import io
import json
import sys
import types
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import downloads
import openpyxl
import pytest
from command_line import refused, run_here
from gradebooks import ODD, graded, with_points
from hypothesis import given
from hypothesis import strategies as st
from samples import check, internal, passing, question, report
from tiny_course import RIGHT, make_course

from autograder.cli import export as export_verbs
from autograder.formats import exporters
from autograder.formats.class_grades import Exporter, Written, class_grades
from autograder.formats.exporters import EXPORTERS
from autograder.formats.gradescope.results import VISIBILITIES, Shown, results_of
from autograder.formats.junit import junit_xml
from autograder.reports.files import restored
from autograder.reports.visibility import Moment
from autograder.results import Report, Verdict, Visibility
from autograder.submissions.attempts import read_attempts

TEXT = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
HANDED_IN = {"tiny.py": RIGHT}
RED = "\x1b[31mred\x00\x0b\ufffe"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A graded folder with the names that break what was written in haste, and points that are not final."""
    (tmp_path / "roster.csv").write_text('id,name,email\nann,"=1+1",ann@uni.example\n')
    graded(tmp_path / "graded", with_points("ann", 1.5), internal("bob"), *(with_points(each) for each in ODD))
    return tmp_path


def exported(root: Path, name: str, *options: object) -> Path:
    """The folder that was written."""
    done = run_here("export", name, "graded", "--roster", "roster.csv", *options, cwd=root, COLUMNS="300")
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "graded" / name


def test_csv_has_numbers_as_numbers_and_no_formulas(root) -> None:
    """Another reader finds every name again; no cell begins as a formula; open points are blank, with the reason."""
    text = (exported(root, "csv") / "grades.csv").read_bytes().decode()
    head, *rows = csv.reader(io.StringIO(text, newline=""))

    assert head == ["student", "name", "email", "team", "a", "b", "points", "max_points", "open", "verdicts"]
    assert {restored(row[0]) for row in rows} == {"ann", "bob", *ODD}
    by_name = {restored(row[0]): row for row in rows}
    assert by_name["ann"][:9] == ["ann", "'=1+1", "ann@uni.example", "", "1.5", "0", "1.5", "4", ""]
    assert by_name["bob"][4:9] == ["", "", "", "2", "a check is INTERNAL, to be graded again"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert ',1.5,0,1.5,4,,"1 passed, 1 failed"\r\n' in text


@pytest.mark.parametrize(
    ("download", "number"),
    [
        (downloads.canvas({"lovelaceada_LATE_4711": HANDED_IN}), ("canvas", "4711")),
        ({"anon_aB3dE_70001_tiny.py": RIGHT}, None),
        (downloads.moodle({"Ada Lovelace_1001": HANDED_IN}), None),
        (downloads.moodle({"Participant_1001": HANDED_IN}), None),
        (
            downloads.gradescope(
                {"submission_9": HANDED_IN},
                "---\nsubmission_9:\n" + downloads.submitters(("Ada Lovelace", "ann", "ada@uni.example")),
            ),
            None,
        ),
        ({"ann/tiny.py": RIGHT}, None),
    ],
    ids=["canvas", "canvas, anonymous", "moodle", "moodle, hidden names", "gradescope", "plain folder"],
)
def test_tables_have_ids_of_the_roster_and_numbers_of_platforms(tmp_path, download, number) -> None:
    """A column with the roster's aliases, and one with a number only where it is the student's everywhere."""
    make_course(tmp_path)
    (tmp_path / "roster.csv").write_text("id,name,aliases\nann,Ada Lovelace,s0123\n")
    downloads.written(tmp_path / "download", download)
    run_here("collect", "download", "--assignment", "tiny", cwd=tmp_path)
    (attempt,) = read_attempts(tmp_path / "submissions" / "tiny")
    graded(tmp_path / "graded", passing(attempt.student))
    head, row = csv.reader((exported(tmp_path, "csv") / "grades.csv").read_text().splitlines())
    ids = dict(zip(head[3 : head.index("team")], row[3:], strict=False))
    known = attempt.student == "ann"
    name, value = number or ("", "")
    assert ids == {**({"ids": "s0123"} if known else {}), **({f"{name}_id": value} if name else {})}
    record = json.loads((exported(tmp_path, "jsonl") / "grades.jsonl").read_text())
    assert record["platform_ids"] == ({name: [value]} if name else {})


@given(st.lists(TEXT, min_size=1, max_size=5, unique=True))
def test_no_name_breaks_the_csv(tmp_path_factory, names) -> None:
    """Whatever students are called, each has one line, and no cell begins as a formula."""
    root = tmp_path_factory.mktemp("class")
    graded(root / "graded", *(passing(each) for each in names))
    grades = class_grades(root / "graded")
    exporters.exporter_called("csv").write(grades, exporters_request(root))
    text = (root / "to" / "grades.csv").read_bytes().decode()
    _, *rows = csv.reader(io.StringIO(text, newline=""))

    assert sorted(restored(row[0]) for row in rows) == sorted(names)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


def exporters_request(root: Path):
    """A request into a folder."""
    from autograder.formats.class_grades import Request

    return Request(root / "to")


def test_excel_holds_texts_as_texts_and_numbers_as_numbers(root) -> None:
    """A workbook of another library's reading: no formula anywhere, points are numbers, open ones blank."""
    book = openpyxl.load_workbook(exported(root, "excel") / "grades.xlsx")
    rows = [*book.active.iter_rows()]
    students = {row[0].value: row for row in rows[1:]}

    assert set(students) == {"ann", "bob", *ODD}
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}
    assert [cell.value for cell in students["ann"]][:9] == [
        "ann", "=1+1", "ann@uni.example", None, 1.5, 0, 1.5, 4, None,
    ]  # fmt: skip
    assert students["bob"][6].value is None


def test_excel_is_the_same_file_each_time(root) -> None:
    """The same grades are the same bytes, so a version control sees no change."""
    first = (exported(root, "excel") / "grades.xlsx").read_bytes()

    assert (exported(root, "excel") / "grades.xlsx").read_bytes() == first


def test_json_lines_have_everything_that_students_may_read(root) -> None:
    """One object a line; points that are not final are null; nothing that is for staff alone."""
    lines = (exported(root, "jsonl") / "grades.jsonl").read_text().splitlines()
    by_name = {each["student"]: each for each in map(json.loads, lines)}

    assert set(by_name) == {"ann", "bob", *ODD}
    ann = by_name["ann"]
    assert (ann["points"], ann["max_points"], ann["open"], ann["emails"]) == (1.5, 4, "", ["ann@uni.example"])
    assert [each["verdict"] for each in ann["questions"][1]["checks"]] == ["FAILED"]
    assert by_name["bob"]["points"] is None
    (of_bob,) = by_name["bob"]["questions"]
    assert (of_bob["points"], [each["points"] for each in of_bob["checks"]]) == (None, [None, 2])
    assert "the forkserver is gone" not in "".join(lines)


def test_junit_tells_wrong_answers_from_crashes_and_what_did_not_run(tmp_path) -> None:
    """FAILED is a failure, RAISED an error, SKIPPED skipped; points are properties; control characters are gone."""
    checks = [check(each, verdict) for each, verdict in (
        ("one", Verdict.PASSED), ("two", Verdict.FAILED), ("three", Verdict.RAISED), ("four", Verdict.SKIPPED),
        ("five", Verdict.PARTIAL),
    )]  # fmt: skip
    checks[1] = replace(checks[1], message=RED)
    graded(tmp_path / "graded", report(RED, question("a", *checks)), internal("bob"))
    grades = class_grades(tmp_path / "graded")
    root = ElementTree.fromstring(junit_xml(grades))

    assert root.attrib["tests"] == "7"
    assert [root.attrib[each] for each in ("failures", "errors", "skipped")] == ["2", "2", "1"]
    odd, bob = sorted(root, key=lambda each: each.attrib["name"] == "bob")
    assert [[child.tag for child in case][1:] for case in odd.findall("testcase")] == [
        [], ["failure"], ["error"], ["skipped"], ["failure"],
    ]  # fmt: skip
    assert odd.findall("testcase")[1].find("failure").text == "\ufffd[31mred\ufffd\ufffd\ufffd"
    properties = {each.attrib["name"]: each.attrib["value"] for each in odd.find("properties")}
    assert properties == {"points": "3", "max_points": "10"}
    assert {each.attrib["name"] for each in bob.find("properties")} == {"open", "max_points"}
    case = {each.attrib["name"]: each.attrib["value"] for each in odd.findall("testcase")[4].find("properties")}
    open_case, other = bob.findall("testcase")
    assert "points" not in {each.attrib["name"] for each in open_case.find("properties")}
    assert "points" in {each.attrib["name"] for each in other.find("properties")}
    assert case == {"check": "five", "verdict": "PARTIAL", "hidden": "false", "points": "1", "max_points": "2"}


@given(TEXT, st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_junit_is_well_formed_whatever_is_said(tmp_path_factory, student, message) -> None:
    """Every student's name and every message make a file that an XML parser reads."""
    out = tmp_path_factory.mktemp("class")
    graded(out, report(student, question("a", replace(check("one", Verdict.FAILED), message=message))))

    assert len(ElementTree.fromstring(junit_xml(class_grades(out))).findall("testsuite")) == 1


def test_gradescope_results_show_hidden_checks_after_publication(root) -> None:
    """Public checks are visible, hidden ones later; messages are the student's; the text says that points are open."""
    folder = exported(root, "gradescope")
    results = json.loads((folder / "results" / "ann" / "results.json").read_text())

    assert results["score"] == 1.5
    assert [(each["visibility"], each["score"], each["max_score"], each["status"]) for each in results["tests"]] == [
        ("visible", 1.5, 1.5, "passed"),
        ("after_published", 0.0, 2.5, "failed"),
    ]
    assert results["output"] == "The points of some tests are shown later, so the total can still change."
    assert {results[each] for each in ("output_format", "test_output_format", "test_name_format")} == {"text"}
    assert results["stdout_visibility"] == "hidden"
    head, *rows = csv.reader(io.StringIO((folder / "scores.csv").read_text(), newline=""))
    assert head[5:8] == ["Total Score", "Max Points", "Status"]
    by_id = {row[2]: row for row in rows}
    assert by_id["ann"][5:8] == ["1.5", "4", "Graded"]
    assert by_id["bob"][5:8] == ["", "2", "Ungraded"]


def with_each_visibility(hidden: bool) -> Report:
    """A report with a check of each visibility, called as it, whose title and message say so, too."""
    checks = [
        replace(check(str(each), Verdict.FAILED, hidden=hidden), visible=each, message=f"Said {each}.")
        for each in Visibility
    ]
    return report("ann", question("a", *checks))


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("chosen", VISIBILITIES)
def test_gradescope_shows_no_check_before_its_own_time(hidden, chosen) -> None:
    """A check is shown at the later of two moments: its own, and the one that is chosen for its kind."""
    results = results_of(with_each_visibility(hidden), Shown(hidden=chosen))
    own = ("visible", "after_due_date", "after_published", "hidden")
    kind = chosen if hidden else "visible"

    expected = [own[max(own.index(each), own.index(kind))] for each in own]
    assert [each["visibility"] for each in results["tests"]] == expected


def test_gradescope_says_that_points_are_shown_later_only_where_they_are() -> None:
    """Points that are never shown are not promised, and nothing is said where every test is visible."""
    never = report("ann", question("a", replace(check("one", Verdict.PASSED), visible=Visibility.NEVER)))

    assert results_of(never)["output"] == "The points of some tests are not shown here."
    assert results_of(with_points("ann"), Shown(hidden="hidden"))["output"] == (
        "The points of some tests are not shown here."
    )
    assert results_of(with_points("ann"), Shown(hidden="visible"))["output"] == ""


@pytest.mark.parametrize("name", ["jsonl", "junit"])
def test_exports_that_students_read_leave_out_what_is_not_shown_yet(name, tmp_path) -> None:
    """Neither title nor message of a check that is shown later is written; how many there are is."""
    graded(tmp_path / "graded", with_each_visibility(hidden=False))
    (tmp_path / "roster.csv").write_text("id\nann\n")
    (file,) = exported(tmp_path, name).iterdir()
    text = file.read_text()

    assert "Said always." in text
    for each in ("after_deadline", "after_publication", "never"):
        assert f"Said {each}." not in text
        assert f"Title of {each}." not in text
    assert "1 more check (2 points) is shown when the grades are published." in text


def test_junit_has_no_total_that_tells_withheld_points(tmp_path) -> None:
    """Points of the suite would give away those of the checks that are left out."""
    graded(tmp_path / "graded", with_each_visibility(hidden=False))
    (suite,) = ElementTree.fromstring(junit_xml(class_grades(tmp_path / "graded")))

    assert [each.attrib["name"] for each in suite.find("properties")] == ["max_points", "withheld"]
    assert len(suite.findall("testcase")) == 1


def test_exports_show_checks_of_after_the_deadline_once_it_is_over(tmp_path) -> None:
    """At a moment after the deadline, those checks are in, and those of after publication are not."""
    graded(tmp_path / "graded", with_each_visibility(hidden=False))
    grades = replace(class_grades(tmp_path / "graded"), moment=Moment(closed=True))
    text = junit_xml(grades).decode()

    assert "Said after_deadline." in text
    assert "Said after_publication." not in text


@pytest.mark.parametrize("name", ["Ada Maria Lovelace", "Lovelace, Ada Maria"])
def test_gradescope_has_first_and_last_names_apart(tmp_path, name) -> None:
    """A roster writes a name in either order."""
    (tmp_path / "roster.csv").write_text(f'id,name\nann,"{name}"\n')
    graded(tmp_path / "graded", with_points("ann"))
    text = (exported(tmp_path, "gradescope") / "scores.csv").read_text()

    assert [row[:2] for row in csv.reader(io.StringIO(text, newline=""))][1] == ["Ada Maria", "Lovelace"]


def test_gradescope_counts_no_attempt_that_the_grader_could_not_finish() -> None:
    """Our own fault and what is not final leave a sentence without a score, which Gradescope takes for our failure."""
    for each in (internal("bob"), replace(passing("cy"), not_final="x")):
        results = results_of(each)
        assert set(results) & {"score", "tests"} == set()
        assert "this costs no points" in results["output"]


def test_gradescope_leaves_points_of_people_open() -> None:
    """An answer that a person grades has no score yet, nor has the whole; bonus points raise no maximum."""
    by_hand = replace(check("essay", Verdict.MANUAL), points=0, max_points=0, by_hand=3)
    one = report("ann", question("a", by_hand), question("b", check("two", Verdict.PASSED), bonus=True))
    essay, bonus = results_of(one)["tests"]

    assert not {"score", "max_score", "status"} & set(essay)
    assert (bonus["score"], bonus["max_score"]) == (2, 0)
    assert "score" not in results_of(one)
    assert results_of(one)["output"] == "The score is not final: 3 points to be given manually."
    waits = results_of(passing("bob"), why_open="an attempt waits for an answer in questions.csv")
    assert "score" not in waits
    assert waits["output"] == "The score is not final: an attempt waits for an answer in questions.csv."
    assert results_of(passing("bob"))["score"] == 2


def test_a_format_is_a_module_and_a_line(root, monkeypatch) -> None:
    """A new exporter has its verb, with the options that it takes, as soon as it is in the registry."""

    def write(grades, request) -> Written:
        request.to.mkdir()
        path = request.to / "names.txt"
        path.write_text(" ".join(each.student for each in grades.grades[:1]))
        return Written((path,), ("Done for you.",))

    module = types.ModuleType("names_exporter")
    module.EXPORTER = Exporter("Write names.\n\nExample: autograder export names graded", write, frozenset({"scale"}))
    monkeypatch.setitem(sys.modules, "names_exporter", module)
    registry = {**EXPORTERS, "names": "names_exporter:EXPORTER"}
    monkeypatch.setattr(exporters, "EXPORTERS", registry)
    monkeypatch.setattr(export_verbs, "EXPORTERS", registry)
    done = run_here("export", "names", "graded", "--scale", cwd=root)

    assert done.returncode == 0, done.stderr
    assert "Done for you." in done.stdout
    assert (root / "graded" / "names" / "names.txt").read_text()
    assert run_here("export", "names", "graded", "--into", "x", cwd=root).returncode == 2


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_exporter_has_help_and_says_where_there_are_no_reports(name, tmp_path) -> None:
    """The first line of help is one sentence, and a wrong folder is one sentence, too."""
    exporter = exporters.exporter_called(name)
    assert exporter.help.split("\n")[0].endswith(".")
    (tmp_path / "file.csv").write_text("a,b\n1,2\n")
    into = ("--into", "file.csv") if exporter.needs_file else ()

    refused(run_here("export", name, "nowhere", *into, cwd=tmp_path), "There are no reports in nowhere/reports")


def test_two_assignments_in_one_folder_are_refused(tmp_path) -> None:
    """Each is graded apart."""
    graded(tmp_path / "graded", passing("ann"), replace(passing("bob"), assignment="other"))

    refused(run_here("export", "csv", "graded", cwd=tmp_path), "holds reports of several assignments (tiny, other)")


def test_submissions_that_were_not_collected_are_refused(tmp_path) -> None:
    """Only what `collect` filed has the platforms' ids."""
    graded(tmp_path / "graded", passing("ann"))
    done = run_here("export", "csv", "graded", "--submissions", "graded", cwd=tmp_path)

    refused(done, "graded holds nothing that was collected; name another folder with --submissions.")


def test_a_wrong_option_or_folder_is_a_sentence_of_ours(tmp_path: Path) -> None:
    """Points for a missing submission, and a file where a folder is to be."""
    out = graded(tmp_path / "out", with_points("ada"))
    refused(
        run_here("export", "csv", out, "--to", "/dev/null", cwd=tmp_path), "/dev/null is a file and no folder; name"
    )
    (tmp_path / "into.csv").write_text("x")
    done = run_here("export", "moodle", out, "--into", "into.csv", "--missing", "1", cwd=tmp_path, COLUMNS="200")
    assert done.returncode == 2
    assert "'1' cannot be given to those without a submission; give 0, or leave it out." in done.stderr


def test_a_bundle_makes_no_folder_for_its_archive(tmp_path: Path) -> None:
    """A misspelt folder is refused before anything is made, as by `total --csv` and `backup`."""
    make_course(tmp_path)
    done = run_here("bundle", "tiny", "--for", "github", "--out", "nope/x.zip", cwd=tmp_path)
    refused(done, "--out: the folder nope does not exist; correct the path, or make that folder first.")
    assert not (tmp_path / "nope").exists()

"""Points that people give for written answers: the file, the verb, and what every result says of them."""

from __future__ import annotations

import codecs
import csv
import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from samples import check, question, report
from typer.testing import CliRunner
from written_course import PDF, answered, hand_in, make_course

from autograder.assignment.rubric import RubricItem
from autograder.checks.errors import UsageError
from autograder.cli import app
from autograder.reports.files import read_report, report_text, write_text
from autograder.reports.final_points import all_hand_grades
from autograder.reports.manual_grades import HandGrade, HandGrades, with_hand_grades, write_hand_grades
from autograder.reports.marks import filled, read_marks, write_marks
from autograder.reports.pages import Heading, summary_page
from autograder.results import CheckResult, Report, Verdict
from autograder.store import Store, sqlite_address
from autograder.store.history import current_user, log_entries
from autograder.store.marking import marks
from autograder.store.readings import Given, change_reading, reading_of

RUBRIC = {"why": (RubricItem("cause", 3.0, "cause"), RubricItem("example", 2.0, "example"))}
HEAD = "student,question,answer,state,item,most,points,comment,seen\n"


def waits(id: str = "why", verdict: Verdict = Verdict.MANUAL, text: str = "Because.") -> CheckResult:
    """An answer that a person grades."""
    return CheckResult(id, f"Title of {id}.", False, verdict, 0, 0, 0, "Rubric.", "Rubric.", by_hand=5, answer=text)


def made(student: str, *checks: CheckResult) -> Report:
    """A report with one passed check and these answers."""
    return report(student, question("a", check("one", Verdict.PASSED), *checks))


ADA = made("ada", waits())


def written(tmp_path: Path, *lines: str, head: str = HEAD) -> Path:
    """A file of marks with these lines."""
    path = tmp_path / "marks.csv"
    path.write_text(head + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def laid(tmp_path: Path, *reports: Report) -> tuple[Report, ...]:
    """The reports with what people gave."""
    return with_hand_grades(reports, all_hand_grades(tmp_path, reports, ()))


FULL = ("ada,a,why,,cause,3,2.5,almost,", "ada,a,why,,example,2,2,,")


# --- the file ---


def test_there_is_a_line_for_every_item_answer_by_answer() -> None:
    """Whoever grades reads one question after the other, student by student."""
    rows = filled(None, [made("Bob", waits(), waits("two")), ADA], RUBRIC, Path("m")).rows
    assert [(row.answer, row.student, row.item, row.most) for row in rows] == [
        ("why", "ada", "cause", 3),
        ("why", "ada", "example", 2),
        ("why", "Bob", "cause", 3),
        ("why", "Bob", "example", 2),
        ("two", "Bob", "the whole answer", 5),
    ]


def test_what_people_wrote_is_kept(tmp_path: Path) -> None:
    """Points, comments with every kind of character, and columns of their own; new students come in."""
    head = HEAD.replace("\n", ",grader\n")
    path = written(tmp_path, 'ada,a,why,,cause,3,2.5,"so, ""so""; =1+1\nü",,eva', head=head)
    marks = read_marks(path)
    write_marks(filled(marks, [ADA, made("bob", waits())], RUBRIC, path), path)
    again = read_marks(path)
    assert again is not None
    rows = again.rows
    assert [row.student for row in rows] == ["ada", "ada", "bob", "bob"]
    assert (rows[0].points, rows[0].comment, rows[0].more["grader"]) == (2.5, 'so, "so"; =1+1\nü', "eva")


def test_writing_what_was_read_changes_nothing(tmp_path: Path) -> None:
    """Names that spreadsheets take for formulas included."""
    odd = made("=Eve", waits())
    path = tmp_path / "marks.csv"
    write_marks(filled(None, [odd], RUBRIC, path), path)
    before = path.read_bytes()
    assert b"'=Eve" in before
    write_marks(filled(read_marks(path), [odd], RUBRIC, path), path)
    assert path.read_bytes() == before


def test_the_file_is_read_by_csv_and_by_excel(tmp_path: Path) -> None:
    """Without a byte-order mark `csv` finds every column by its name; a file that has one, as Excel asks, keeps it."""
    path = tmp_path / "marks.csv"
    made_now = filled(None, [ADA], RUBRIC, path)
    write_marks(made_now, path)
    with path.open(encoding="utf-8", newline="") as file:
        assert {row["student"] for row in csv.DictReader(file)} == {"ada"}
    write_marks(replace(made_now, excel=True), path)
    assert path.read_bytes().startswith(codecs.BOM_UTF8)
    write_marks(filled(read_marks(path), [ADA], RUBRIC, path), path)
    assert path.read_bytes().startswith(codecs.BOM_UTF8 + b'"student"')


def test_a_spreadsheet_may_have_its_own_ways(tmp_path: Path) -> None:
    """Semicolons, commas in numbers and an old encoding, as in Germany; semicolons are written back."""
    path = tmp_path / "marks.csv"
    reported = HEAD.replace(",", ";") + "ada;a;why;;cause;3;2,5;schön;\r\n"
    path.write_bytes(reported.encode("cp1252"))
    marks = read_marks(path)
    assert marks is not None
    assert (marks.rows[0].points, marks.rows[0].comment) == (2.5, "schön")
    write_marks(filled(marks, [ADA], RUBRIC, path), path)
    assert '"ada";"a";"why";"to be read";"cause";3;2.5;"schön";' in path.read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("ada,a,why,,cause,3,4,,", "marks.csv:2: ada, why, 'cause': 4 points given, more than the 3 of this item."),
        ("ada,a,why,,cause,9,4,,", "marks.csv:2: ada, why, 'cause': 4 points given, more than the 3 of this item."),
        ("ada,a,why,,cause,3,-1,,", "marks.csv:2: ada, why, 'cause': -1 is less than 0 points."),
        ("ada,a,why,,cause,3,good,,", "marks.csv:2: 'good' in the column points is no number; write one such as"),
        ("ada,a,why,,cause,3,nan,,", "marks.csv:2: 'nan' in the column points is no number"),
        ("adda,a,why,,cause,3,1,,", "marks.csv:2: there is no submission of 'adda'; correct the name"),
        ("ada,a,how,,cause,3,1,,", "marks.csv:2: no person grades an answer 'how'; the answers are why."),
        ("ada,a,why,,effect,3,1,,", "marks.csv:2: the rubric of 'why' has no item 'effect'; it has 'cause', 'example'"),
        ("ada,a,why,,cause,3,1,a,,,b", "marks.csv:2: this line has more columns than the first; put quotes"),
    ],
)
def test_a_line_that_cannot_be_right_is_reported(tmp_path: Path, line: str, sentence: str) -> None:
    """With file and line."""
    path = written(tmp_path, line)
    with pytest.raises(UsageError, match=re.escape(sentence)):
        filled(read_marks(path), [ADA], RUBRIC, path)


def test_two_lines_about_the_same_are_reported(tmp_path: Path) -> None:
    """Nobody guesses which one holds; lines with line breaks in comments count as in an editor."""
    path = written(tmp_path, 'ada,a,why,,cause,3,1,"a\nb",', "ada,a,why,,cause,3,2,,")
    with pytest.raises(
        UsageError, match=r"marks.csv:4: ada, why, 'cause' stand in line 2 already; keep one of the two"
    ):
        read_marks(path)


def test_a_file_without_its_columns_is_reported(tmp_path: Path) -> None:
    """With what the first line should be."""
    with pytest.raises(UsageError, match=r"marks.csv:1: there is no column 'points'; the first line is student,"):
        read_marks(written(tmp_path, head=HEAD.replace("points", "punkte")))


def test_no_file_is_no_marks(tmp_path: Path) -> None:
    """And nothing changes."""
    assert read_marks(tmp_path / "marks.csv") is None
    assert laid(tmp_path, ADA) == (ADA,)


# --- what counts ---


def test_points_count_when_every_item_has_some(tmp_path: Path) -> None:
    """Then they count in points and maximum, and the student reads the reasons."""
    written(tmp_path, *FULL)
    (done,) = laid(tmp_path, ADA)
    why = done.questions[0].checks[1]
    assert (done.points, done.max_points, done.waiting) == (6.5, 7, ())
    assert (why.verdict, why.points, why.max_points, why.by_hand) == (Verdict.PARTIAL, 4.5, 5, 0)
    assert why.message == "Manually graded: 4.5 of 5. Comment: cause: 2.5 of 3 (almost); example: 2 of 2\nRubric."


def test_the_student_reads_the_students_wording_of_an_item(tmp_path: Path) -> None:
    """What staff read may be the answer; it stands in marks.csv alone."""
    two = {"why": (RubricItem("exp(1000) is no float", 3.0, "cause"), RUBRIC["why"][1])}
    path = written(tmp_path, "ada,a,why,,exp(1000) is no float,3,2.5,almost,", "ada,a,why,,example,2,2,,")
    write_marks(filled(read_marks(path), [ADA], two, path), path)
    assert '"exp(1000) is no float",3,2.5,"almost",' in path.read_text("utf-8-sig")
    (done,) = laid(tmp_path, ADA)
    assert done.questions[0].checks[1].message == (
        "Manually graded: 4.5 of 5. Comment: cause: 2.5 of 3 (almost); example: 2 of 2\nRubric."
    )


def test_half_a_rubric_waits(tmp_path: Path) -> None:
    """Nobody reads points that are not finished."""
    written(tmp_path, FULL[0], "ada,a,why,,example,2,,,")
    assert laid(tmp_path, ADA) == (ADA,)


@pytest.mark.parametrize("verdict", [Verdict.MISSING, Verdict.NOT_ATTEMPTED])
def test_what_is_not_there_counts_as_nothing_once_there_are_marks(tmp_path: Path, verdict: Verdict) -> None:
    """Nobody has to type zeros; a file that cannot be read is for a person."""
    written(tmp_path)
    (done,) = laid(tmp_path, made("ada", waits(verdict=verdict)))
    assert (done.points, done.max_points) == (2, 7)
    assert "There was no answer to read." in done.questions[0].checks[1].message
    unread = made("ada", waits(verdict=Verdict.FAILED))
    assert laid(tmp_path, unread) == (unread,)


def test_points_that_were_given_hold_for_what_is_not_there_too(tmp_path: Path) -> None:
    """Such as for an answer on paper."""
    written(tmp_path, *FULL)
    assert laid(tmp_path, made("ada", waits(verdict=Verdict.MISSING)))[0].points == 6.5


@pytest.mark.parametrize("verdict", [Verdict.MISSING, Verdict.NOT_ATTEMPTED])
def test_half_a_rubric_of_what_is_not_there_waits_too(tmp_path: Path, verdict: Verdict) -> None:
    """Points that a person gave to one item do not become 0; the answer waits for the other item."""
    written(tmp_path, FULL[0], "ada,a,why,,example,2,,,")
    absent = made("ada", waits(verdict=verdict))
    assert laid(tmp_path, absent) == (absent,)


def test_points_hold_for_an_answer_that_was_handed_in_again_and_that_is_reported(tmp_path: Path) -> None:
    """On the student's page, and in the file until somebody has looked."""
    path = written(tmp_path, *FULL)
    write_marks(filled(read_marks(path), [ADA], RUBRIC, path), path)
    again = made("ada", waits(text="Because of overflow."))
    (done,) = laid(tmp_path, again)
    assert done.points == 6.5
    assert "handed in after points were given manually" in done.notes[0]
    marks = filled(read_marks(path), [again], RUBRIC, path)
    assert [row.state for row in marks.rows] == ["changed since", "changed since"]
    looked = replace(marks, rows=tuple(replace(row, seen="") for row in marks.rows))
    write_marks(filled(looked, [again], RUBRIC, path), path)
    assert laid(tmp_path, again)[0].notes == ()


def test_the_same_answer_again_is_no_other_one(tmp_path: Path) -> None:
    """Handing in other code changes nothing about an essay."""
    path = written(tmp_path, *FULL)
    write_marks(filled(read_marks(path), [ADA], RUBRIC, path), path)
    again = replace(ADA, replay=replace(ADA.replay, submission_sha256="other"))
    assert laid(tmp_path, again)[0].notes == ()


def test_formgrader_s_points_count_beside_these_and_never_twice(tmp_path: Path) -> None:
    """Where both gave points for an answer, the file beside the reports holds."""
    both = made("ada", waits(), waits("two"))
    theirs = [HandGrade("ada", "tiny", each, 5, None, 1.0, comment="theirs") for each in ("why", "two")]
    write_hand_grades(HandGrades("tiny", tuple(theirs)), tmp_path / "manual_grades.json")
    written(tmp_path, *FULL, "ada,a,two,,the whole answer,5,,,")
    (done,) = laid(tmp_path, both)
    assert [each.points for each in done.questions[0].checks] == [2, 4.5, 1]
    assert (done.points, done.max_points) == (7.5, 12)


def test_formgrader_s_points_hold_for_what_is_not_there(tmp_path: Path) -> None:
    """A person's word goes before our zero."""
    write_hand_grades(
        HandGrades("tiny", (HandGrade("ada", "tiny", "why", 5, 0, 3.0),)), tmp_path / "manual_grades.json"
    )
    written(tmp_path)
    (done,) = laid(tmp_path, made("ada", waits(verdict=Verdict.MISSING)))
    assert (done.points, done.max_points) == (5, 7)


def test_the_class_page_says_how_much_waits() -> None:
    """And counts no unread answer among what students pass or fail."""
    page = summary_page([ADA], Heading("C", "A"), {"ada": "ada"}, dataset="", sandbox="none")
    assert "<b>5</b><span>points in 1 answer wait for a person, and are in no sum here</span>" in page
    assert "Title of why.</td>" not in page


def test_only_answers_that_were_handed_in_wait_to_be_read() -> None:
    """A missing one and an untouched template are none of those that the class page and `grade` count."""
    absent = [made(verdict, waits(verdict=verdict)) for verdict in (Verdict.MISSING, Verdict.NOT_ATTEMPTED)]
    names = {each.student: each.student for each in (ADA, *absent)}
    page = summary_page([ADA, *absent], Heading("C", "A"), names, dataset="", sandbox="none")
    assert "<b>5</b><span>points in 1 answer wait for a person, and are in no sum here</span>" in page
    assert "wait for a person" not in summary_page(absent, Heading("C", "A"), names, dataset="", sandbox="none")


def test_a_class_without_answers_is_reported_what_becomes_of_them(tmp_path: Path) -> None:
    """`grade` counts what nobody handed in apart from what waits."""
    root, folder = make_course(tmp_path / "course"), hand_in(tmp_path / "in", ada={}, bob={"answers.md": answered()})
    said = run("grade", "theory", folder, "--out", tmp_path / "out", "--course", root)
    command = f"autograder mark theory --out {tmp_path / 'out'}"
    assert f"To be graded:   no answer to read; {command} counts 4 answers that nobody handed in as 0" in said


# --- the verb ---


def run(*arguments: object) -> str:
    """Run a verb in this process; what it printed."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def rows(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def fill(path: Path, points: dict[tuple[str, str], str]) -> None:
    """What a grader types: points by student and item."""
    found = rows(path)
    for row in found:
        row["points"] = points.get((row["student"], row["item"]), row["points"])
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(found[0]))
    writer.writeheader()
    writer.writerows(found)
    path.write_text(out.getvalue(), encoding="utf-8", newline="")


ITEMS = (("names the cause", 3.0), ("gives an example", 2.0))


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """The folder of a graded class: ada wrote both answers, bob one as PDF, cy none."""
    root = make_course(tmp_path / "course")
    folder = hand_in(
        tmp_path / "in",
        ada={"answers.md": answered("Because <b>exp</b> is large.", "Clear.")},
        bob={"answers.md": answered(), "essay.pdf": PDF},
        cy={},
    )
    said = run("grade", "theory", folder, "--out", tmp_path / "out", "--course", root)
    assert "To be graded:   3 answers wait for a person: 14 points, in no sum; autograder mark theory --out" in said
    return tmp_path


def mark(graded: Path) -> str:
    """Run `autograder mark`."""
    return run("mark", "theory", "--out", graded / "out", "--course", graded / "course")


def on_page(graded: Path, student: str, **points: float) -> None:
    """What a grader gives on the page for the answer why."""
    with Store(sqlite_address(graded / "out" / "grader.db"), who="kim") as store, store.writing("a test"):
        stands = reading_of(store.database, "theory", student, "why")
        given = [Given(item, most, points.get(item.split()[0], stands.points.get(item))) for item, most in ITEMS]
        change_reading(
            store.database, "theory", student, "why", given, question="b", stamp=stands.stamp, flagged=False,
            change=store.change(),
        )  # fmt: skip


def given(graded: Path, student: str) -> list[str]:
    """The points of the answer why in the file."""
    return [
        row["points"]
        for row in rows(graded / "out" / "marks.csv")
        if (row["student"], row["answer"]) == (student, "why")
    ]


def test_points_of_the_page_count_without_a_file(graded: Path) -> None:
    """Whatever shows grades counts them, and an answer with points for some items only still waits."""
    on_page(graded, "ada", names=3, gives=1)
    on_page(graded, "bob", names=2)
    run("grade", "theory", graded / "in", "--out", graded / "out", "--course", graded / "course")
    assert [row["total"] for row in rows(graded / "out" / "grades.csv")] == ["6", "2", "2"]


def test_points_of_the_page_and_of_the_file_are_one(graded: Path) -> None:
    """Each change counts, wherever it was made last; `mark` writes those of the page into the file."""
    mark(graded)
    fill(graded / "out" / "marks.csv", {("ada", "names the cause"): "2"})
    mark(graded)
    on_page(graded, "ada", names=3, gives=1)
    said = mark(graded)
    assert given(graded, "ada") == ["3", "1"]
    assert "lost" not in said and "written again" not in said
    fill(graded / "out" / "marks.csv", {("ada", "names the cause"): "2.5"})
    mark(graded)
    with Store(sqlite_address(graded / "out" / "grader.db")) as store:
        assert reading_of(store.database, "theory", "ada", "why").points["names the cause"] == 2.5
    assert rows(graded / "out" / "grades.csv")[0]["total"] == "5.5"


def test_points_that_were_changed_in_both_places_are_reported(graded: Path) -> None:
    """Those of the file count, and the line is named with what the page gave."""
    mark(graded)
    on_page(graded, "ada", names=3)
    fill(graded / "out" / "marks.csv", {("ada", "names the cause"): "1"})
    said = mark(graded)
    assert "marks.csv:2: ada, why, 'names the cause': the page of `autograder review` gave 3 points; those of" in said
    assert given(graded, "ada") == ["1", ""]


def test_a_class_is_marked(graded: Path) -> None:
    """From an empty file to points in the table, on the pages, and after the class was graded again."""
    out = graded / "out"
    assert (
        rows(out / "grades.csv")[0] | {"by_hand": "9", "total": "2", "max_points": "2"} == rows(out / "grades.csv")[0]
    )
    assert (
        "3 of 6 answers are graded, 0 have points for some items only, 3 have none; 14 points still to be given."
        in mark(graded)
    )
    assert [row["state"] for row in rows(out / "marks.csv")] == [
        *["to be read"] * 4, "missing", "missing", "to be read", "as handed out", "missing"
    ]  # fmt: skip

    fill(
        out / "marks.csv",
        {("ada", "names the cause"): "3", ("ada", "gives an example"): "0,5", ("bob", "names the cause"): "1"},
    )
    assert (
        "4 of 6 answers are graded, 1 have points for some items only, 1 have none; 9 points still to be given."
        in mark(graded)
    )
    found = {row["student"]: row for row in rows(out / "grades.csv")}
    assert (found["ada"]["b"], found["ada"]["total"], found["ada"]["max_points"], found["ada"]["by_hand"]) == (
        "3.5",
        "5.5",
        "7",
        "4",
    )
    assert (found["cy"]["total"], found["cy"]["max_points"], found["cy"]["by_hand"]) == ("2", "11", "0")
    page = (out / "feedback" / "ada.html").read_text("utf-8")
    assert "Manually graded: 3.5 of 5. Comment: names the cause: 3 of 3; gives an example: 0.5 of 2" in page
    assert "4 points wait to be graded by a person, and are in no sum on this page until then: “Prove it” (4)." in page

    before = (out / "grades.csv").read_bytes(), (out / "marks.csv").read_bytes()
    run("grade", "theory", graded / "in", "--out", out, "--course", graded / "course")
    assert ((out / "grades.csv").read_bytes(), (out / "marks.csv").read_bytes()) == before


def test_points_are_kept_in_the_database_with_a_line_of_its_log_for_each_change(graded: Path) -> None:
    """Points of marks.csv are in the database of the folder; the same command again changes nothing there."""
    out, item = graded / "out", ("ada", "names the cause")
    mark(graded)
    for points in ("3", "3", "2", ""):
        fill(out / "marks.csv", {item: points})
        mark(graded)
    fill(out / "marks.csv", {("bob", "the whole answer"): "4"})
    mark(graded)
    with Store(sqlite_address(out / "grader.db")) as store:
        log = [each for each in log_entries(store.database, assignment="theory") if each.verb == "marked"]
        assert [(each.student, each.subject, each.before, each.after) for each in log] == [
            ("ada", "why: names the cause", None, "3.0"),
            ("ada", "why: names the cause", "3.0", "2.0"),
            ("ada", "why: names the cause", "2.0", None),
            ("bob", "proof: the whole answer", None, "4.0"),
        ]
        assert [(each.student, each.answer, each.points, each.place) for each in marks(store.database)] == [
            ("bob", "proof", 4.0, "marks.csv")
        ]
        assert {each.who for each in log} == {current_user()}


@pytest.mark.parametrize("kept", [None, 1, 3])
def test_lines_that_are_lost_take_no_points_back(graded: Path, kept: int | None) -> None:
    """A file that is not there, or lacks lines, is completed from the database, which keeps every mark."""
    out, path = graded / "out", graded / "out" / "marks.csv"
    mark(graded)
    fill(path, {("ada", "names the cause"): "3", ("ada", "gives an example"): "2", ("bob", "names the cause"): "1"})
    mark(graded)
    before = path.read_bytes(), (out / "grades.csv").read_bytes()
    if kept is None:
        path.unlink()
    else:
        path.write_bytes(b"".join(before[0].splitlines(keepends=True)[:kept]))
    lost = "1 line of bob" if kept == 3 else "3 lines of ada, bob"
    assert f"Not in marks.csv, and written again from the results database: {lost}." in mark(graded)
    assert (path.read_bytes(), (out / "grades.csv").read_bytes()) == before
    with Store(sqlite_address(out / "grader.db")) as store:
        assert [each.points for each in marks(store.database)] == [2.0, 3.0, 1.0]
    fill(path, {("ada", "names the cause"): ""})
    assert "written again" not in mark(graded)
    with Store(sqlite_address(out / "grader.db")) as store:
        assert [each.points for each in marks(store.database)] == [2.0, 1.0]


@pytest.mark.parametrize("left", ["nothing", "one item of two"])
def test_what_a_file_lost_counts_everywhere_until_it_is_written_again(graded: Path, left: str) -> None:
    """Grades, pages, exports and totals count the lines of the results database, and say that the file lacks them."""
    out, course, path = graded / "out", graded / "course", graded / "out" / "marks.csv"
    config = course / "grader_config.py"
    text = config.read_text().replace("import Course", "import Course, HomeworkSet")
    config.write_text(text.replace("jobs=1", 'jobs=1, homework_sets=(HomeworkSet("hw", "All", ("theory",), cap=100),)'))
    mark(graded)
    given = {("ada", "names the cause"): "3", ("ada", "gives an example"): "2", ("bob", "names the cause"): "1"}
    fill(path, {**given, ("ada", "the whole answer"): "4"})
    mark(graded)
    before = (out / "grades.csv").read_text()
    total = run("total", "hw", out, "--course", course)
    run("export", "csv", out, "--root", course, "--to", graded / "first")
    whole = path.read_text()
    assert "lacks" not in total
    if left == "nothing":
        path.unlink()
    else:
        path.write_text("".join(line for line in whole.splitlines(keepends=True) if "example" not in line))
    ways = {
        "grade": ("grade", "theory", graded / "in", "--out", out, "--course", course),
        "publish": ("publish", "theory", "--out", out, "--course", course, "--unfinished", "--dry-run"),
        "export": ("export", "csv", out, "--root", course, "--to", graded / "second"),
        "total": ("total", "hw", out, "--course", course),
    }
    for verb, words in ways.items():
        said = " ".join(run(*words).split())
        assert "marks.csv lacks" in said, verb
        assert "of ada" in said, verb
        assert (out / "grades.csv").read_text() == before
        if verb == "total":
            assert total.split()[: len(total.split()) // 2] == said.split()[: len(total.split()) // 2]
        if verb == "export":
            (first,), (second,) = ([*(graded / name).glob("*.csv")] for name in ("first", "second"))
            assert "11" in first.read_text()
            assert first.read_text() == second.read_text()
    mark(graded)
    assert sorted(path.read_text().splitlines()) == sorted(whole.splitlines())


def test_points_of_a_lost_file_say_where_the_answer_changed_since(graded: Path) -> None:
    """Points for an old answer are marked so, as with the file; an answer that stayed keeps them as they are."""
    out, course, path = graded / "out", graded / "course", graded / "out" / "marks.csv"
    mark(graded)
    fill(path, {("ada", "names the cause"): "3", ("ada", "gives an example"): "2", ("ada", "the whole answer"): "4"})
    mark(graded)
    path.unlink()
    hand_in(graded / "in", ada={"answers.md": answered("Something else.", "Clear.")})
    said = " ".join(run("grade", "theory", graded / "in", "--out", out, "--course", course).split())
    assert "marks.csv lacks 3 lines of ada; they count as they are" in said
    assert "What ada handed in has changed since: read it again." in said
    (page,) = (out / "feedback").glob("ada*.html")
    assert "handed in after points were given manually" in " ".join(page.read_text().split())
    mark(graded)
    assert "handed in after points were given manually" in " ".join(page.read_text().split())
    states = {row["item"]: row["state"] for row in rows(path) if row["student"] == "ada"}
    assert states["names the cause"] == states["gives an example"] == "changed since"
    assert states["the whole answer"] == "to be read"
    path.unlink()
    hand_in(graded / "in", ada={"answers.md": answered("Because <b>exp</b> is large.", "Clear."), "more.txt": b"x"})
    said = " ".join(run("grade", "theory", graded / "in", "--out", out, "--course", course).split())
    assert "changed since" not in said
    assert "handed in after points were given manually" not in " ".join(page.read_text().split())


def test_a_file_that_was_cut_in_a_line_is_refused(graded: Path) -> None:
    """A line without its end is named, whichever byte is the last one, and no mark is changed."""
    out, path = graded / "out", graded / "out" / "marks.csv"
    mark(graded)
    fill(path, {("ada", "names the cause"): "3", ("ada", "gives an example"): "2"})
    mark(graded)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for length in range(2, len(lines[1].rpartition(b",")[0])):
        path.write_bytes(lines[0] + lines[1][:length])
        with pytest.raises(UsageError, match=r"marks.csv:2: the file ends in the middle of this line. If the file is"):
            read_marks(path)
    path.write_bytes(lines[0] + lines[1][:20])
    with pytest.raises(UsageError, match="move it away: `autograder mark` writes it anew"):
        mark(graded)
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="move it away: `autograder mark` writes it anew"):
        mark(graded)
    path.unlink()
    mark(graded)
    assert path.read_bytes() == whole
    with Store(sqlite_address(out / "grader.db")) as store:
        assert [each.points for each in marks(store.database)] == [2.0, 3.0]


def test_two_people_mark_into_one_database(graded: Path) -> None:
    """Each has a marks.csv; --db names the database of both, and an empty cell of one takes nothing from the other."""
    address = sqlite_address(graded / "course.db")
    folders = graded / "out", graded / "copy"
    shutil.copytree(*folders)
    for folder, student in zip(folders, ("ada", "bob"), strict=True):
        command = ("mark", "theory", "--out", folder, "--course", graded / "course", "--db", address)
        run(*command)
        fill(folder / "marks.csv", {(student, "the whole answer"): "4"})
        run(*command)
    with Store(address) as store:
        assert [(each.student, each.points) for each in marks(store.database)] == [("ada", 4.0), ("bob", 4.0)]


def test_a_database_that_cannot_be_used_stops_before_anything_is_written(graded: Path) -> None:
    """The points in marks.csv stay as they are."""
    mark(graded)
    before = (graded / "out" / "marks.csv").read_bytes()
    (graded / "no.db").write_text("no database" * 100)
    command = ("mark", "theory", "--out", graded / "out", "--course", graded / "course")
    with pytest.raises(UsageError, match="Cannot use the results database .*file is not a database"):
        run(*command, "--db", sqlite_address(graded / "no.db"))
    assert (graded / "out" / "marks.csv").read_bytes() == before


def test_lines_that_need_a_look_are_named_with_file_and_line(graded: Path) -> None:
    """An item without points beside one that has some, and points for what was not handed in: of cy, who handed in
    no answer, and of hal, whose folder is empty.
    """
    (graded / "in" / "hal").mkdir()
    run("grade", "theory", graded / "in", "--out", graded / "out", "--course", graded / "course")
    mark(graded)
    path = graded / "out" / "marks.csv"
    fill(path, {("cy", "names the cause"): "3", ("hal", "names the cause"): "1", ("hal", "gives an example"): "2"})
    said = mark(graded).splitlines()
    lines = {number: row for number, row in enumerate(rows(path), start=2) if row["points"]}
    assert [(row["student"], row["state"]) for row in lines.values()] == [
        ("cy", "missing"), ("hal", "missing"), ("hal", "missing")
    ]  # fmt: skip
    third, first, second = lines  # line numbers
    assert "4 of 8 answers are graded, 1 have points for some items only, 3 have none; 19 points" in said[0]
    found = [line.removeprefix(f"{path}:") for line in said if line.startswith(f"{path}:")]
    count = "there is no answer to read, and these points count all the same."
    assert found == [
        f"{third + 1}: cy, why, 'gives an example': the answer has points for some items only, and does not count "
        "before this one has some.",
        f"{third}: cy, why, 'names the cause': {count}",
        f"{first}: hal, why, 'names the cause': {count}",
        f"{second}: hal, why, 'gives an example': {count}",
    ]
    by_student = {row["student"]: row for row in rows(graded / "out" / "grades.csv")}
    assert (by_student["hal"]["b"], by_student["hal"]["by_hand"]) == ("3", "0")
    assert (by_student["cy"]["b"], by_student["cy"]["by_hand"]) == ("0", "5")


def test_lines_of_students_who_left_are_left_out_unless_they_hold_points(graded: Path) -> None:
    """`mark` takes the lines that it wrote itself and says whose it left out; points and comments are never dropped."""
    mark(graded)
    for name in ("bob", "cy"):
        (graded / "in" / name).rename(graded / name)
    (graded / "in" / "dora").mkdir()
    again = ("grade", "theory", graded / "in", "--out", graded / "out", "--course", graded / "course")
    run(*again)
    assert "Left out of marks.csv, because there is no submission of theirs any more: bob, cy." in mark(graded)
    path = graded / "out" / "marks.csv"
    assert {row["student"] for row in rows(path)} == {"ada", "dora"}
    assert "Left out" not in mark(graded)
    (graded / "cy").rename(graded / "in" / "cy")
    run(*again)
    mark(graded)
    fill(path, {("cy", "names the cause"): "3"})
    (graded / "in" / "cy").rename(graded / "cy")
    run(*again)
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"marks.csv:\d+: there is no submission of 'cy'; correct the name, or remove"):
        mark(graded)
    assert path.read_bytes() == before


def test_a_comment_about_nobody_is_reported(tmp_path: Path) -> None:
    """It is what a person wrote, and is not left out with the lines that nobody filled in."""
    path = written(tmp_path, "adda,a,why,,cause,3,,see me,")
    with pytest.raises(UsageError, match=r"marks.csv:2: there is no submission of 'adda'"):
        filled(read_marks(path), [ADA], RUBRIC, path)
    path = written(tmp_path, "adda,a,why,,cause,3,,,")
    assert {row.student for row in filled(read_marks(path), [ADA], RUBRIC, path).rows} == {"ada"}


def test_many_such_lines_are_counted(graded: Path) -> None:
    """Twenty are named, the others counted."""
    hand_in(graded / "in", **{f"s{number:02}": {} for number in range(22)})
    run("grade", "theory", graded / "in", "--out", graded / "out", "--course", graded / "course")
    mark(graded)
    fill(graded / "out" / "marks.csv", {(f"s{number:02}", "names the cause"): "1" for number in range(22)})
    assert mark(graded).count("2 more such lines.") == 2


def test_everybody_s_answers_are_on_a_page(graded: Path) -> None:
    """Rubric on top, answers as text, the PDF beside it."""
    mark(graded)
    page = (graded / "out" / "answers" / "why.html").read_text("utf-8")
    assert "A person grades this answer: 5 points: names the cause (3), gives an example (2)." in page
    assert "Because &lt;b&gt;exp&lt;/b&gt; is large." in page
    assert page.index(">ada<") < page.index(">bob<") < page.index(">cy<")
    assert 'href="bob/essay.pdf"' in page
    assert (graded / "out" / "answers" / "bob" / "essay.pdf").read_bytes() == PDF


def test_a_wrong_line_stops_both_verbs_and_changes_nothing(graded: Path) -> None:
    """Before anything is graded or written."""
    mark(graded)
    path = graded / "out" / "marks.csv"
    fill(path, {("ada", "names the cause"): "30"})
    before = path.read_bytes(), (graded / "out" / "grades.csv").read_bytes()
    for verb in (
        ("mark", "theory", "--out", graded / "out", "--course", graded / "course"),
        ("grade", "theory", graded / "in", "--out", graded / "out", "--course", graded / "course"),
    ):
        with pytest.raises(
            UsageError, match=r"marks.csv:2: ada, why, 'names the cause': 30 points given, more than the 3"
        ):
            run(*verb)
    assert (path.read_bytes(), (graded / "out" / "grades.csv").read_bytes()) == before


def test_an_answer_that_comes_later_is_shown_for_review(graded: Path) -> None:
    """Points stay; the verb names who handed in again."""
    mark(graded)
    fill(graded / "out" / "marks.csv", {("ada", "names the cause"): "3", ("ada", "gives an example"): "2"})
    mark(graded)
    hand_in(graded / "in", ada={"answers.md": answered("Another answer.", "Clear.")})
    run("grade", "theory", graded / "in", "--out", graded / "out", "--course", graded / "course")
    assert "Handed in again since points were given: ada." in mark(graded)
    assert rows(graded / "out" / "grades.csv")[0]["b"] == "5"


def test_marks_belong_to_the_results_that_count(graded: Path) -> None:
    """Regrading says where marks are given; none can be given elsewhere, and they hold when it is taken."""
    out, course = graded / "out", ("--course", graded / "course")
    mark(graded)
    fill(out / "marks.csv", {("ada", "names the cause"): "3", ("ada", "gives an example"): "2"})
    mark(graded)
    said = run("regrade", "theory", graded / "in", "--out", out, *course)
    assert f"{out / 'marks.csv'} holds for these results too (autograder mark theory --out {out})" in said
    assert f"--out {out / 'regraded'}" not in said
    with pytest.raises(UsageError, match=r"regraded holds what grading again gave; marks belong to .*out, and hold"):
        run("mark", "theory", "--out", out / "regraded", *course)
    shutil.copy(out / "marks.csv", out / "regraded")
    with pytest.raises(UsageError, match=r"Marks are in .*regraded/marks.csv, where they count for nothing; enter"):
        run("regrade", "theory", "--out", out, "--take", *course)
    (out / "regraded" / "marks.csv").unlink()
    run("regrade", "theory", "--out", out, "--take", *course)
    assert rows(out / "grades.csv")[0]["b"] == "5"


def test_wrong_calls_are_reported(graded: Path, tmp_path: Path) -> None:
    """Another assignment's folder, and one where people grade nothing."""
    with pytest.raises(UsageError, match="There is no assignment 'theorie'"):
        run("mark", "theorie", "--out", graded / "out", "--course", graded / "course")
    with pytest.raises(UsageError, match=r"There are no reports in"):
        run("mark", "theory", "--out", tmp_path / "empty", "--course", graded / "course")
    other = shutil.copytree(graded / "out", tmp_path / "other")
    for path in (other / "reports").glob("*.json"):
        write_text(path, report_text(replace(read_report(path), assignment="svm")))
    with pytest.raises(UsageError, match=r"other holds reports of svm; name the folder of theory\."):
        run("mark", "theory", "--out", other, "--course", graded / "course")
    run("grade", "theory", graded / "in", "--out", tmp_path / "part", "--course", graded / "course", "--only", "a")
    with pytest.raises(UsageError, match=r"No person grades anything in .*part; declare answers with question.written"):
        run("mark", "theory", "--out", tmp_path / "part", "--course", graded / "course")


def test_a_folder_that_cannot_be_written_is_to_be_made_writable(graded: Path) -> None:
    """Where a class was graded, no other folder would do, so none is asked for."""
    out = graded / "out"
    (out / ".lock").unlink(missing_ok=True)
    (out / ".lock").mkdir()
    with pytest.raises(UsageError, match=r"Cannot write to .*out: .*; make the folder writable\.$"):
        mark(graded)


@pytest.mark.parametrize("length", [0, 100])
def test_a_report_that_was_cut_is_reported_as_damaged(graded: Path, length: int) -> None:
    """With what helps: to move it away, and to grade again."""
    path = graded / "out" / "reports" / "ada.json"
    path.write_bytes(path.read_bytes()[:length])
    said = r"ada.json is no report: the file is damaged, its end is missing; move it away, and grade again\."
    with pytest.raises(UsageError, match=said):
        mark(graded)

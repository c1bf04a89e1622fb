"""Grades and feedback go out to Canvas and Moodle: shown first, written once, and only what was published."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lms_server
import pytest
from command_line import refused, run_here
from gradebooks import graded, with_points
from lms_server import MOODLE_TOKEN, TOKEN, Fault, Person, Platform, serving
from samples import internal
from tiny_course import RIGHT, make_course

from autograder.course.term import HandIn
from autograder.reports.files import write_hand_ins

ENVIRON = {"CANVAS_TOKEN": TOKEN, "MOODLE_TOKEN": MOODLE_TOKEN, "COLUMNS": "200"}
STUDENTS = (("ada", 2.0), ("bob", 3.5), ("cy", 0.0))
TIME = "2026-11-18T10:00:00Z"
pytestmark = pytest.mark.usefixtures("pauses")
BOTH = pytest.mark.parametrize("platform", ["canvas", "moodle"])


@pytest.fixture
def site() -> Iterator[Platform]:
    """A site with the three students of the class, and one who did not hand in."""
    people = [
        Person(77, "Ada Lovelace", "ada", "ada@uni.example"),
        Person(78, "Bob Ross", "bob", "bob@uni.example"),
        Person(79, "Cy Young", "cy", "cy@uni.example"),
        Person(80, "Dan Day", "dan", "dan@uni.example"),
    ]
    with serving(Platform(people, most=4)) as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course whose class is graded and published."""
    make_course(tmp_path)
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada Lovelace\nbob,Bob Ross\ncy,Cy Young\ndan,Dan Day\n")
    grade(tmp_path, *(with_points(student, points) for student, points in STUDENTS))
    return tmp_path


def grade(root: Path, *reports, publish: bool = True) -> None:
    """Put reports in place, and publish them."""
    graded(root / "graded", *reports)
    if publish:
        done = run_here("publish", reports[0].assignment, "--out", "graded", cwd=root)
        assert done.returncode in (0, 1), done.stderr


def push(root: Path, site: Platform, platform: str, *options: object, code: int = 0) -> str:
    """What `autograder push` printed."""
    address = site.canvas if platform == "canvas" else site.moodle
    done = run_here("push", "graded", "--to", address, *options, cwd=root, **ENVIRON)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def scores(site: Platform) -> dict[str, float | None]:
    """The grades there."""
    return {each.sis: each.score for each in site.people}


@BOTH
def test_a_dry_run_shows_what_would_change_and_writes_nothing(root, site, platform) -> None:
    """A line for each student with the grade there, the new one, and the comment."""
    said = push(root, site, platform)

    for name, new in (("Ada Lovelace", "2"), ("Bob Ross", "3.5"), ("Cy Young", "0")):
        assert re.search(rf"{name} +{re.escape(new)} +text and page", said)
    assert "Would write: 3 students; as it is already: 0." in said
    assert "There, but without a grade here: Dan Day." in said
    assert "Nothing was written; the same command with --yes writes it." in said
    assert set(scores(site).values()) == {None}
    assert not [each for each in site.seen if each.method == "PUT" or "save_grade" in each.value("wsfunction")]
    assert not (root / "graded" / platform).exists()


@BOTH
def test_what_was_written_is_written_once(root, site, platform) -> None:
    """The second push finds everything there, whatever became of the file that knows what was written."""
    said = push(root, site, platform, "--yes")

    assert "Written: 3 students; as it is already: 0." in said
    assert scores(site) == {"ada": 2.0, "bob": 3.5, "cy": 0.0, "dan": None}
    (comment,) = site.person(77).comments
    assert "4 points" in comment["comment"]
    (file,) = comment["attachments"]
    assert re.fullmatch(r"\w+-feedback-[0-9a-f]{10}\.html", file["display_name"])
    for _ in range(2):
        site.seen.clear()
        said = push(root, site, platform, "--yes")
        assert "Written: 0 students; as it is already: 3." in said
        assert not [each for each in site.seen if each.method == "PUT" or "save_grade" in each.value("wsfunction")]
        (root / "graded" / platform / "pushed.jsonl").unlink()
    assert len(site.person(77).comments) == 1


def test_another_page_than_the_one_that_was_collected_from_is_named(root, site) -> None:
    """So that grades do not go to the wrong assignment unseen."""
    site.person(77).attempts = [(TIME, {"tiny.py": RIGHT.encode()})]
    run_here("collect", site.canvas, "--assignment", "tiny", cwd=root, **ENVIRON)

    assert "The submissions were collected from another page" not in push(root, site, "canvas")
    said = push(root, site, "moodle")
    assert f"The submissions were collected from another page: {site.canvas}." in said


@BOTH
@pytest.mark.long
def test_a_class_of_sixty_comes_in_and_goes_out(tmp_path, site, platform, monkeypatch) -> None:
    """Each student is asked about a few times, and the second time nothing is downloaded or written."""
    monkeypatch.setattr(lms_server, "PAGE", 20)
    make_course(tmp_path)
    numbers = range(1000, 1060)
    site.people = [
        Person(each, f"Student {each}", f"s{each}", attempts=[(TIME, {"tiny.py": f"{RIGHT}# {each}\n".encode()})])
        for each in numbers
    ]
    (tmp_path / "roster.csv").write_text("id,name\n" + "".join(f"s{each},Student {each}\n" for each in numbers))
    address = site.canvas if platform == "canvas" else site.moodle
    for news in ("60 attempts collected, 0 there already", "0 attempts collected, 60 there already"):
        done = run_here("collect", address, "--assignment", "tiny", cwd=tmp_path, **ENVIRON)
        assert news in done.stdout, done.stderr
    grade(tmp_path, *(with_points(f"s{each}", 2) for each in numbers))
    site.seen.clear()
    assert "Written: 60 students; as it is already: 0." in push(tmp_path, site, platform, "--yes")
    assert len(site.seen) < 7 * 60
    assert "Written: 0 students; as it is already: 60." in push(tmp_path, site, platform, "--yes")
    assert {len(each.comments) for each in site.people} == {1}


def test_the_page_that_goes_up_is_the_published_one(root, site) -> None:
    """Byte for byte."""
    push(root, site, "canvas", "--yes")
    pages = {path.read_bytes() for path in (root / "graded" / "published").glob("*.html")}

    assert {content for _, content in site.files.values()} == pages


@BOTH
def test_a_push_that_is_killed_goes_on(root, site, platform) -> None:
    """Killed after the platform wrote a grade, before its answer came: nothing is lost, and nothing there twice."""
    process: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        process[0].send_signal(signal.SIGKILL)
        process[0].wait()

    part = "PUT /api/v1/courses/101/assignments/4711/submissions/78" if platform == "canvas" else "save_grade"
    site.faults.append(Fault(part, done=True, then=kill))
    address = site.canvas if platform == "canvas" else site.moodle
    command = [sys.executable, "-m", "autograder", "push", "graded", "--to", address, "--yes"]
    process.append(
        subprocess.Popen(
            command, cwd=root, env={**os.environ, **ENVIRON}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    )
    assert process[0].wait(timeout=120) == -signal.SIGKILL
    killed_at = dict(scores(site))
    push(root, site, platform, "--yes")

    assert None in (killed_at["cy"], killed_at["bob"])
    assert scores(site) == {"ada": 2.0, "bob": 3.5, "cy": 0.0, "dan": None}
    assert [len(each.comments) for each in site.people] == [1, 1, 1, 0]


@BOTH
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("status", [0, 502])
def test_a_connection_that_ends_writes_nothing_twice(root, site, platform, done, status) -> None:
    """Whether the platform had written it or not is read before it is tried again."""
    part = "PUT " if platform == "canvas" else "save_grade"
    site.faults.append(Fault(part, status, done=done, times=1))
    said = push(root, site, platform, "--yes")

    assert "Written: 3 students" in said
    assert scores(site) == {"ada": 2.0, "bob": 3.5, "cy": 0.0, "dan": None}
    assert [len(each.comments) for each in site.people] == [1, 1, 1, 0]


@BOTH
def test_a_platform_that_is_never_sure_is_left_alone(root, site, platform) -> None:
    """The student is named, the others are written, and the exit code is 1."""
    part = "PUT /api/v1/courses/101/assignments/4711/submissions/77" if platform == "canvas" else "save_grade"
    site.faults.append(Fault(part, times=3))
    said = push(root, site, platform, "--yes", code=1)

    assert "Not written: Ada Lovelace (the connection ended each time before it was written; run the same" in said
    assert "Written: 2 students" in said
    assert scores(site)["ada"] is None


@BOTH
def test_one_student_whom_the_platform_refuses_stops_nobody_else(root, site, platform) -> None:
    """Such as one who has left the course; five in a row end it."""
    if platform == "canvas":
        fault = Fault("PUT /api/v1/courses/101/assignments/4711/submissions/77", 403)
    else:
        fault = Fault(
            "save_grade", 200, body=b'{"exception": "x", "errorcode": "notenrolled", "message": "Not enrolled"}'
        )
    site.faults.append(fault)
    said = push(root, site, platform, "--yes", code=1)

    assert "Not written: Ada Lovelace (127.0.0.1:" in said
    assert scores(site) == {"ada": None, "bob": 3.5, "cy": 0.0, "dan": None}
    site.people = [Person(each, f"Dan {each}", f"d{each}") for each in range(6)]
    grade(root, *(with_points(f"d{each}", 1) for each in range(6)))
    site.faults.append(Fault(fault.part.replace("/77", "/"), fault.status, body=fault.body, times=9))
    address = site.canvas if platform == "canvas" else site.moodle
    done = run_here("push", "graded", "--to", address, "--yes", cwd=root, **ENVIRON)
    refused(done, "writing the grade of Dan 4")


@BOTH
def test_what_the_platform_does_not_keep_is_named(root, site, platform) -> None:
    """A locked grade: the platform says that all is well and changes nothing."""
    body = b"null" if platform == "moodle" else b"{}"
    part = "PUT /api/v1/courses/101/assignments/4711/submissions/77" if platform == "canvas" else "save_grade"
    site.faults.append(Fault(part, 200, body=body))
    said = push(root, site, platform, "--yes", code=1)

    assert "Not written: Ada Lovelace (what was written is not there; the grade may be locked or overridden)." in said


@BOTH
def test_points_that_are_not_final_are_never_written(root, site, platform) -> None:
    """Whoever has an INTERNAL check has no grade, also with --yes and --overwrite."""
    grade(root, internal("ada"), publish=False)
    said = push(root, site, platform, "--yes", "--overwrite")

    assert re.search(r"Ada Lovelace .*The points are not final: a check is INTERNAL, to be graded again\.", said)
    assert scores(site)["ada"] is None
    assert site.person(77).comments == []


@BOTH
def test_what_was_not_published_is_not_written(root, site, platform) -> None:
    """Neither a student without a page, nor points that changed since the page was published."""
    grade(root, with_points("bob", 1.0), publish=False)
    said = push(root, site, platform, "--yes")

    assert re.search(r"Bob Ross .*Not published as it is now\.", said)
    assert "Not published as it is now: 1 student; run `autograder publish " in said
    assert scores(site) == {"ada": 2.0, "bob": None, "cy": 0.0, "dan": None}
    grade(root, with_points("bob", 1.0))
    push(root, site, platform, "--yes")
    assert scores(site)["bob"] == 1.0


@BOTH
def test_a_regrade_replaces_what_was_written_before(root, site, platform) -> None:
    """Our own grade and comment need no --overwrite."""
    push(root, site, platform, "--yes")
    grade(root, with_points("ada", 3.0))
    said = push(root, site, platform)
    assert re.search(r"Ada Lovelace +2 +3 +text and page", said)
    push(root, site, platform, "--yes")

    assert scores(site)["ada"] == 3.0
    assert len(site.person(77).comments) == (2 if platform == "canvas" else 1)
    assert "3 of 4 points" in site.person(77).comments[-1]["comment"]


@BOTH
def test_a_grade_that_somebody_else_gave_is_kept(root, site, platform) -> None:
    """It is shown, and replaced with --overwrite alone."""
    site.person(77).score = 1.0
    said = push(root, site, platform, "--yes")
    assert re.search(r"Ada Lovelace +1 .*Somebody else gave this grade there; --overwrite replaces it by 2\.", said)
    assert scores(site)["ada"] == 1.0
    push(root, site, platform, "--yes", "--overwrite")
    assert scores(site)["ada"] == 2.0


def test_a_comment_that_somebody_else_wrote_in_moodle_is_kept(root, site) -> None:
    """Moodle has one comment, so that ours would take its place; the grade is written all the same."""
    site.person(77).comments = [{"comment": "<p>Come and see me.</p>", "attachments": [{"display_name": "notes.pdf"}]}]
    said = push(root, site, "moodle", "--yes")

    assert re.search(r"Ada Lovelace .*Somebody else wrote a comment there, which is kept; --overwrite replaces", said)
    assert scores(site)["ada"] == 2.0
    (comment,) = site.person(77).comments
    assert comment == {"comment": "<p>Come and see me.</p>", "attachments": [{"display_name": "notes.pdf"}]}
    push(root, site, "moodle", "--yes", "--overwrite")
    assert "2 of 4 points" in site.person(77).comments[0]["comment"]


def test_whoever_is_excused_in_canvas_stays_so(root, site) -> None:
    """And lateness that Canvas takes off by itself is said."""
    site.person(77).excused, site.person(78).deducted = True, 1.0
    said = push(root, site, "canvas", "--yes")

    assert re.search(r"Ada Lovelace .*Excused in Canvas\.", said)
    assert re.search(r"Bob Ross .*The platform takes 1 point off for lateness, too\.", said)
    assert scores(site)["ada"] is None
    assert "as it is already: 2" in push(root, site, "canvas", "--yes")


def test_grades_go_without_comments_where_these_are_not_asked_for(root, site) -> None:
    """With --no-comments nothing but the grade is written."""
    push(root, site, "canvas", "--yes", "--no-comments")
    push(root, site, "moodle", "--yes", "--no-comments")

    assert scores(site)["ada"] == 2.0
    assert [each["comment"] for each in site.person(77).comments] in ([], [""])


def test_an_assignment_of_moodle_without_a_place_for_pages_gets_text(root, site) -> None:
    """The remark says which setting makes one."""
    site.plugins = ("comments",)
    said = push(root, site, "moodle", "--yes")

    assert re.search(r"Ada Lovelace +2 +text ", said)
    assert "The assignment has no place for pages; Feedback files in its settings makes one." in said
    assert site.person(77).comments[0]["attachments"] == []


def test_moodles_marking_workflow_stays_as_it_is(root, site) -> None:
    """A grade is not released by being written, and the command says so."""
    site.about = {"markingworkflow": 1}
    said = push(root, site, "moodle", "--yes")

    assert site.person(77).workflow == "inreview"
    assert "Students see these grades once Moodle's marking workflow has them as released." in said
    said = push(root, site, "moodle", "--yes")
    assert "Written: 0 students; as it is already: 3." in said


def test_comments_that_moodle_does_not_show_yet_are_kept(root, site) -> None:
    """Before a workflow has released a grade nobody can say whether there is a comment; one of ours is known."""
    site.about, site.person(77).score = {"markingworkflow": 1}, 2.0
    said = push(root, site, "moodle", "--yes")

    assert re.search(r"Ada Lovelace .*Comments there cannot be read before they are released; --overwrite", said)
    assert site.person(77).comments == []
    push(root, site, "moodle", "--yes", "--overwrite")
    assert "2 of 4 points" in site.person(77).comments[0]["comment"]


def test_a_page_that_canvas_calls_by_another_name_is_the_same(root, site) -> None:
    """Canvas adds a number to the name of a file of which there are two."""
    push(root, site, "canvas", "--yes")
    for each in site.people[:3]:
        attachment = each.comments[0]["attachments"][0]
        attachment["display_name"] = attachment["display_name"].replace(".html", "-1.html")
    assert "as it is already: 3" in push(root, site, "canvas", "--yes")


def test_canvas_posts_grades_by_itself(root, site) -> None:
    """Where grades are posted manually, the command says so."""
    site.about = {"post_manually": True}
    assert "Students see these grades once they are posted in Canvas." in push(root, site, "canvas")


@BOTH
def test_another_maximum_asks_for_a_decision(root, site, platform) -> None:
    """As in files that are exported."""
    site.most = 8
    address = site.canvas if platform == "canvas" else site.moodle
    done = run_here("push", "graded", "--to", address, cwd=root, **ENVIRON)
    refused(done, "has 4 points here and 8 there; --scale converts points")
    push(root, site, platform, "--yes", "--scale")
    assert scores(site)["bob"] == 7.0


@pytest.mark.parametrize(
    ("platform", "about", "why"),
    [
        ("canvas", {"grading_type": "pass_fail"}, "it is graded as pass_fail there"),
        (
            "canvas",
            {"grading_type": "letter_grade"},
            "it is graded by a scheme there, which may take points for a step",
        ),
        ("canvas", {"grading_type": "gpa_scale"}, "display grades as points first"),
        ("canvas", {"anonymize_students": True}, "grading is anonymous there; reveal the names first"),
        ("moodle", {"grade": -2}, "it is graded on a scale there"),
        ("moodle", {"grade": 0}, "it has no grade there"),
    ],
)
def test_an_assignment_that_takes_no_points_is_refused(root, site, platform, about, why) -> None:
    """Before anything is written."""
    site.about = about
    address = site.canvas if platform == "canvas" else site.moodle
    done = run_here("push", "graded", "--to", address, "--yes", cwd=root, **ENVIRON)
    refused(done, "Nothing can be written to 'Doubling", why)


def test_points_beyond_moodles_maximum_are_cut(root, site) -> None:
    """Moodle refuses more; the table says so."""
    site.most = 3
    said = push(root, site, "moodle", "--yes", "--no-scale")

    assert re.search(r"Bob Ross .*More than the platform takes; cut to 3\.", said)
    assert scores(site)["bob"] == 3.0


@BOTH
def test_whoever_is_not_found_there_is_named(root, site, platform) -> None:
    """Nobody is guessed: the exit code is 1."""
    site.people[0] = Person(77, "Somebody Else", "x1", "x1@uni.example")
    said = push(root, site, platform, "--yes", code=1)

    assert "Graded, but not found there: ada." in said
    assert scores(site) == {"x1": None, "bob": 3.5, "cy": 0.0, "dan": None}


def test_two_pushes_do_not_meet(root, site) -> None:
    """The second one waits for nobody and says so."""
    (root / "graded" / ".lock").touch()
    import fcntl

    with (root / "graded" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run_here("push", "graded", "--to", site.canvas, "--yes", cwd=root, **ENVIRON)
    refused(done, "Another autograder is at work in graded")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_the_token_is_kept_nowhere(root, site, platform) -> None:
    """Neither in the graded folder with its database, nor in what is printed."""
    said = push(root, site, platform, "--yes")
    secret = TOKEN if platform == "canvas" else MOODLE_TOKEN
    everything = b""
    for path in root.rglob("*"):
        with contextlib.suppress(IsADirectoryError):
            everything += path.read_bytes()

    assert secret not in said
    assert secret.encode() not in everything


def test_a_damaged_record_of_what_was_written_is_passed_over(root, site) -> None:
    """A line that a killed command left half is no line; one that cannot be read at all is an error."""
    push(root, site, "canvas", "--yes")
    record = root / "graded" / "canvas" / "pushed.jsonl"
    record.write_bytes(record.read_bytes() + b'\n{"at": "2026-11')
    assert "as it is already: 3" in push(root, site, "canvas", "--yes")
    record.unlink()
    record.mkdir()
    done = run_here("push", "graded", "--to", site.canvas, cwd=root, **ENVIRON)
    refused(done, "pushed.jsonl cannot be read", "make it readable, or remove it")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_the_commands_of_the_page_work_as_they_stand(root, site, platform) -> None:
    """From the list of assignments to the written grades, with other names of course and assignment."""
    page = (Path(__file__).parents[2] / "docs" / "lms.md").read_text("utf-8")
    site.most, site.people = 5, [Person(77, "Ada Lovelace", "ada", attempts=[(TIME, {"tiny.py": RIGHT.encode()})])]
    shutil.rmtree(root / "graded")
    commands = re.findall(r"^\$ autograder (.*)$", page, re.MULTILINE)
    for command in commands:
        words = command.replace("backprop", "tiny")
        words = words.replace("https://canvas.example.edu", site.address)
        if platform == "moodle":
            words = words.replace("/courses/101/assignments/4711", "/mod/assign/view.php?id=56")
            words = words.replace("/courses/101", "/course/view.php?id=7")
        done = run_here(*words.split(), cwd=root, **ENVIRON)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert [command.split()[0] for command in commands] == ["courses", "collect", "grade", "publish", "push", "push"]
    assert site.person(77).score == (6 if platform == "canvas" else 5)  # with a bonus point, which Moodle does not take


GROUPED = {"group_category_id": 3}


def in_one_group(site: Platform, *numbers: int) -> None:
    """Put students there into one group."""
    site.groups = {5: "Team A"}
    for each in numbers:
        site.person(each).group = 5


def test_a_group_of_canvas_that_is_graded_as_one_gets_no_grade_of_one_member(root, site) -> None:
    """Where members are to have different points, or one of them is not found here, the group is left alone."""
    in_one_group(site, 77, 78)
    site.about = GROUPED
    said = push(root, site, "canvas", "--yes")

    assert "one grade, and not all of them are to have the same; have members graded individually there." in said
    assert scores(site) == {"ada": None, "bob": None, "cy": 0.0, "dan": None}
    in_one_group(site, 77, 80)
    site.person(78).group = 0
    push(root, site, "canvas", "--yes")
    assert scores(site) == {"ada": None, "bob": 3.5, "cy": 0.0, "dan": None}


def test_a_group_of_canvas_with_equal_points_is_graded(root, site) -> None:
    """Each member gets the points and a comment; a grade that one of them keeps is not replaced by way of another."""
    in_one_group(site, 77, 78)
    site.about = GROUPED
    grade(root, with_points("bob", 2.0))
    site.person(78).score = 1.0
    said = push(root, site, "canvas", "--yes")
    assert re.search(r"Bob Ross .*Somebody else gave this grade there", said)
    assert (scores(site)["ada"], scores(site)["bob"]) == (None, 1.0)
    push(root, site, "canvas", "--yes", "--overwrite")
    assert (scores(site)["ada"], scores(site)["bob"]) == (2.0, 2.0)
    assert [len(each.comments) for each in site.people] == [1, 1, 1, 0]
    assert "Written: 0 students; as it is already: 3." in push(root, site, "canvas", "--yes")


@pytest.mark.parametrize("excused", [False, True])
def test_what_somebody_gives_one_member_during_a_push_stays(root, site, excused) -> None:
    """A grade for the group would replace it, so each member is read again before one of them is graded."""
    in_one_group(site, 78, 79)
    site.about = GROUPED
    grade(root, with_points("bob", 0.0))

    def change() -> None:
        cy = site.person(79)
        cy.score, cy.excused = (None, True) if excused else (1.0, False)

    part = "PUT /api/v1/courses/101/assignments/4711/submissions/77"
    site.faults.append(Fault(part, 200, body=b"{}", done=True, then=change))
    said = push(root, site, "canvas", "--yes", code=1)

    why = (
        "excused in Canvas" if excused else "the grade there has changed since it was read; run the same command again"
    )
    assert f"Bob Ross (the platform gives the whole group one grade, and of Cy Young {why}), Cy Young (" in said
    assert scores(site) == {"ada": 2.0, "bob": None, "cy": None if excused else 1.0, "dan": None}


def test_a_member_who_does_not_get_the_grade_of_the_group_is_named(root, site) -> None:
    """All members are read again in the end, also who had these points before."""
    in_one_group(site, 77, 78)
    site.about = GROUPED
    grade(root, with_points("bob", 2.0))
    push(root, site, "canvas", "--yes")
    site.person(77).score = None

    def change() -> None:
        site.person(78).score = 1.0

    part = "PUT /api/v1/courses/101/assignments/4711/submissions/77"
    site.faults.append(Fault(part, 200, body=b"{}", done=True, then=change))
    said = push(root, site, "canvas", "--yes", code=1)
    assert "Ada Lovelace (written, but these members of the group did not get it: Bob Ross)" in said


def test_members_that_canvas_grades_individually_get_their_own_points(root, site) -> None:
    """The setting of the assignment there decides."""
    in_one_group(site, 77, 78)
    site.about = {**GROUPED, "grade_group_students_individually": True}
    push(root, site, "canvas", "--yes")
    assert scores(site) == {"ada": 2.0, "bob": 3.5, "cy": 0.0, "dan": None}


@BOTH
def test_a_team_is_found_there_without_a_roster(root, site, platform) -> None:
    """Its members are known by the platform's numbers, which are nobody's ids: not even whose id is such a number."""
    (root / "roster.csv").unlink()
    shutil.rmtree(root / "graded")
    in_one_group(site, 77, 78)
    site.about = {"teamsubmission": 1} if platform == "moodle" else {}
    others = ("77", "user_77", "user:77")
    site.people[2:] = [Person(79 + row, f"Eve {row}", id_) for row, id_ in enumerate(others)]
    members = site.people[:2] if platform == "canvas" else site.people[:1]
    for each in members:
        each.attempts = [(TIME, {"tiny.py": RIGHT.encode()})]
    address = site.canvas if platform == "canvas" else site.moodle
    done = run_here("collect", address, "--assignment", "tiny", cwd=root, **ENVIRON)
    assert done.returncode == 0, done.stderr
    (team,) = [each.name for each in (root / "submissions" / "tiny").iterdir() if (each / "1").is_dir()]
    grade(root, with_points(team, 3.0))
    push(root, site, platform, "--yes")

    assert [each.score for each in site.people] == [3.0, 3.0, None, None, None]


@pytest.mark.parametrize("before", [None, 1.0])
@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_takes_no_grade_away(root, site, before, status) -> None:
    """Also where a marking workflow hides comments: the points that arrived stay, and one comment is with them."""
    site.about, site.person(77).score = {"markingworkflow": 1}, before
    site.faults.append(Fault("save_grade", status, done=True))
    said = push(root, site, "moodle", "--yes", "--overwrite")

    assert "Written: 3 students" in said
    assert scores(site) == {"ada": 2.0, "bob": 3.5, "cy": 0.0, "dan": None}
    assert "2 of 4 points" in site.person(77).comments[0]["comment"]


@pytest.mark.parametrize("options", [(), ("--no-comments",)])
def test_a_comment_that_moodle_hides_is_not_emptied(root, site, options) -> None:
    """Points go there with a comment or not at all, because a grade is written with the comment beside it."""
    site.about = {"markingworkflow": 1}
    site.person(77).comments = [{"comment": "Come and see me.", "attachments": []}]
    said = push(root, site, "moodle", "--yes", *options)

    assert re.search(r"Ada Lovelace .*A comment there cannot be read before it is released, and 2 would be", said)
    assert site.person(77).comments[0]["comment"] == "Come and see me."
    assert scores(site) == {"ada": None, "bob": 3.5, "cy": 0.0, "dan": None}
    push(root, site, "moodle", "--yes", "--overwrite")
    assert scores(site)["ada"] == 2.0
    assert "2 of 4 points" in site.person(77).comments[0]["comment"]


def test_a_regrade_replaces_our_own_comment_that_moodle_hides(root, site) -> None:
    """As long as the grade beside it is the one that was written from here."""
    site.about = {"markingworkflow": 1}
    push(root, site, "moodle", "--yes")
    grade(root, with_points("ada", 3.0), with_points("bob", 1.0))
    site.person(78).score = 2.5
    push(root, site, "moodle", "--yes")

    assert scores(site) == {"ada": 3.0, "bob": 2.5, "cy": 0.0, "dan": None}
    assert "3 of 4 points" in site.person(77).comments[0]["comment"]
    site.person(77).workflow = "released"
    assert "as it is already: 2" in push(root, site, "moodle", "--yes")


@BOTH
def test_what_somebody_writes_during_a_push_is_kept(root, site, platform) -> None:
    """Each student is read again just before; who has another grade by then is named."""

    def change() -> None:
        site.person(79).score = 1.0

    part = "PUT /api/v1/courses/101/assignments/4711/submissions/78" if platform == "canvas" else "save_grade"
    site.faults.append(Fault(part, 200, body=b"null" if platform == "moodle" else b"{}", done=True, then=change))
    said = push(root, site, platform, "--yes", code=1)

    assert "Not written: Cy Young (the grade there has changed since it was read; run the same command again)." in said
    assert scores(site) == {"ada": 2.0, "bob": 3.5, "cy": 1.0, "dan": None}
    assert site.person(79).comments == []


def test_a_comment_that_somebody_writes_during_a_push_is_kept(root, site) -> None:
    """Moodle has one comment, which ours would replace."""

    def change() -> None:
        site.person(79).comments = [{"comment": "Come and see me.", "attachments": []}]

    site.faults.append(Fault("save_grade", 200, body=b"null", done=True, then=change))
    said = push(root, site, "moodle", "--yes", code=1)

    assert "Not written: Cy Young (the comment there has changed since it was read; run" in said
    assert site.person(79).comments[0]["comment"] == "Come and see me."


def test_what_was_written_and_cannot_be_read_back_is_known_as_ours(root, site) -> None:
    """It is not called unwritten, and a regrade replaces it."""

    def refuse() -> None:
        site.faults.append(Fault("GET /api/v1/courses/101/assignments/4711/submissions/77", 403))

    part = "PUT /api/v1/courses/101/assignments/4711/submissions/77"
    site.faults.append(Fault(part, 200, done=True, then=refuse))
    said = push(root, site, "canvas", "--yes", code=1)

    assert "Not certain, so run the same command again: Ada Lovelace (written, but it cannot be read there:" in said
    assert "Not written" not in said
    assert scores(site)["ada"] == 2.0
    grade(root, with_points("ada", 3.0))
    push(root, site, "canvas", "--yes")
    assert scores(site)["ada"] == 3.0


@BOTH
def test_whoever_handed_in_again_gets_no_grade_of_the_earlier_attempt(root, site, platform) -> None:
    """What the platform grades is what is there now; collected and graded again, it is written."""
    address = site.canvas if platform == "canvas" else site.moodle
    words = ("collect", address, "--assignment", "tiny")
    site.person(77).attempts = [(TIME, {"tiny.py": RIGHT.encode()})]
    site.person(78).attempts = [(TIME, {"tiny.py": RIGHT.encode()})]
    run_here(*words, cwd=root, **ENVIRON)
    write_hand_ins(root / "graded", [HandIn("ada", attempt=1, attempts=1)])
    site.person(77).attempts.append(("2026-11-19T10:00:00Z", {"tiny.py": b"x = 1\n"}))
    site.person(77).modified += 60
    said = push(root, site, platform, "--yes", "--overwrite")

    assert re.search(r"Ada Lovelace .*Handed in again since it was graded; collect and grade that first\.", said)
    assert scores(site) == {"ada": None, "bob": 3.5, "cy": 0.0, "dan": None}
    run_here(*words, cwd=root, **ENVIRON)
    push(root, site, platform, "--yes")
    assert scores(site)["ada"] is None  # collected, but not graded
    write_hand_ins(root / "graded", [HandIn("ada", attempt=2, attempts=2)])
    push(root, site, platform, "--yes")
    assert scores(site)["ada"] == 2.0


def test_the_page_that_goes_to_moodle_is_the_published_one(root, site) -> None:
    """Byte for byte."""
    push(root, site, "moodle", "--yes")
    pages = {path.read_bytes() for path in (root / "graded" / "published").glob("*.html")}

    assert {content for each in site.sent.values() for content in each} == pages

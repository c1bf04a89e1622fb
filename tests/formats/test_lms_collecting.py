"""Submissions come in from Canvas and Moodle by their web services, into the records that downloads give."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import refused, run_here
from downloads import snapshot
from gradebooks import graded
from lms_server import DUE, MOODLE_TOKEN, TOKEN, Fault, Person, Platform, serving
from samples import passing
from tiny_course import RIGHT, WRONG, make_course

from autograder.submissions.attempts import Attempt, counting, read_attempts

FIRST, SECOND = "2026-11-18T10:00:00Z", "2026-11-19T11:30:00Z"
ADA = Person(77, "Ada Lovelace", "ada", "ada@uni.example")
ENVIRON = {"CANVAS_TOKEN": TOKEN, "MOODLE_TOKEN": MOODLE_TOKEN, "COLUMNS": "200"}


def files(source: str = RIGHT) -> dict[str, bytes]:
    """What a student hands in."""
    return {"tiny.py": source.encode()}


@pytest.fixture
def site(pauses) -> Iterator[Platform]:
    """A site with three students, of whom one handed in twice."""
    people = [
        Person(77, "Ada Lovelace", "ada", "ada@uni.example", [(FIRST, files(WRONG)), (SECOND, files())]),
        Person(78, "Bob Ross", "", "bob@uni.example", [(FIRST, files())]),
        Person(79, "Cy Young", "cy"),
    ]
    with serving(Platform(people)) as platform:
        yield platform


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course with a roster."""
    make_course(tmp_path)
    (tmp_path / "roster.csv").write_text(
        "id,name,email\nada,Ada Lovelace,ada@uni.example\nbob,Bob Ross,bob@uni.example\ncy,Cy Young,cy@uni.example\n"
    )
    return tmp_path


def collected(root: Path, address: str, *options: object, code: int = 0, **environ: str):
    """What `autograder collect` said, and the attempts."""
    done = run_here("collect", address, "--assignment", "tiny", *options, cwd=root, **{**ENVIRON, **environ})
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, attempts(root)


def attempts(root: Path) -> dict[tuple[str, int], Attempt]:
    """What lies there, by student and number."""
    return {(each.student, each.number): each for each in read_attempts(root / "submissions" / "tiny")}


def test_every_attempt_comes_from_canvas_with_its_time(root, site) -> None:
    """Pages of lists are followed, and who did not hand in is missing."""
    said, found = collected(root, site.canvas)

    assert f"{site.canvas} is the assignment 'Doubling' in Canvas." in said
    assert sorted(found) == [("ada", 1), ("ada", 2), ("bob", 1)]
    assert found["ada", 2].received == datetime(2026, 11, 19, 11, 30, tzinfo=UTC)
    assert (found["ada", 2].source, found["ada", 2].key, found["ada", 2].download) == ("canvas", "77", site.canvas)
    assert (root / "submissions/tiny/ada/2/tiny.py").read_text() == RIGHT
    assert re.search(r"cy +Cy Young +missing", said)
    assert [each.value("page") for each in site.asked("/submissions")] == ["", "2"]


def test_a_second_collection_downloads_nothing_and_changes_nothing(root, site) -> None:
    """What an attempt keeps is read from there; a new attempt alone is downloaded."""
    collected(root, site.canvas)
    before = snapshot(root / "submissions")
    site.seen.clear()
    said, _ = collected(root, site.canvas)

    assert "0 attempts collected, 3 there already" in said
    assert snapshot(root / "submissions") == before
    assert site.asked("/files/") == []
    site.person(79).attempts.append((SECOND, files()))
    said, found = collected(root, site.canvas)
    assert "1 attempt collected, 3 there already" in said
    assert ("cy", 1) in found
    assert [each.path for each in site.asked("/files/")] == ["/files/79/0/tiny.py"]


def test_a_stopped_collection_goes_on(root, site) -> None:
    """Three files in a row that cannot be read end it; what was complete stays, and is not downloaded again."""
    site.people += [Person(80 + each, f"Dan {each}", attempts=[(SECOND, files())]) for each in range(3)]
    site.faults.append(Fault("/files/8", 500, times=99))
    done = run_here("collect", site.canvas, "--assignment", "tiny", cwd=root, **ENVIRON)
    refused(done, "replies to downloading tiny.py with an error of its own (500), 5 times; run the same command again")
    assert sorted(key for key, each in attempts(root).items() if not each.waits) == [("ada", 1), ("ada", 2), ("bob", 1)]
    site.faults.clear()
    site.seen.clear()
    _, found = collected(root, site.canvas)

    assert len(found) == 6
    assert sorted(each.path for each in site.asked("/files/")) == [f"/files/8{each}/0/tiny.py" for each in range(3)]


def test_one_file_that_canvas_cannot_give_stops_nobody_else(root, site) -> None:
    """Its attempt waits, and the command says that it has to be run again."""
    site.faults.append(Fault("/files/78/0/", 500, times=99))
    said, found = collected(root, site.canvas, code=1)

    assert "something could not be read or fetched; run the same command again later" in said
    assert [key for key, each in sorted(found.items()) if each.waits] == [("bob", 1)]
    assert len(found) == 3


def test_lateness_and_text_entries_come_from_canvas(root, site) -> None:
    """What a student typed into the form waits for a person; what Canvas calls late is late."""
    site.people[1:] = [Person(79, "Cy Young", "cy", body="<p>def double(x):<br>return 2 * x</p>"),
                       Person(78, "Bob Ross", "bob", attempts=[(SECOND, files())], late=True)]  # fmt: skip
    said, found = collected(root, site.canvas, code=1)

    assert found["bob", 1].late
    assert found["cy", 1].questions
    assert found["cy", 1].received == datetime.fromisoformat(DUE)
    assert "questions.csv" in said


def test_a_group_hands_in_once(root, site) -> None:
    """All members have the same files in Canvas, which are one attempt with its members."""
    site.groups = {5: "Team A"}
    site.people = [
        Person(77, "Ada Lovelace", "ada", attempts=[(FIRST, files())], group=5),
        Person(78, "Bob Ross", "", "bob@uni.example", attempts=[(FIRST, files())], group=5),
    ]
    _, found = collected(root, site.canvas)

    assert [each.members for each in found.values()] == [("ada", "bob")]


def test_anonymous_grading_stays_anonymous(root, site) -> None:
    """Canvas says a number in place of the student, and so does the attempt."""
    entry = {"anonymous_id": "qX3", "submitted_at": FIRST, "submission_type": "online_text_entry", "body": "<p>x</p>"}
    site.faults.append(Fault("4711/submissions", 200, body=json.dumps([entry]).encode()))
    _, found = collected(root, site.canvas, code=1)

    assert [(each.student, each.key, each.blind) for each in found.values()] == [("anon_qX3", "anon_qX3", True)]


def test_the_token_stays_with_its_own_host(root, site) -> None:
    """Files may be on another host, which is not shown who asks."""
    with serving(Platform(site.people)) as files_host:
        site.files_at = files_host.address
        _, found = collected(root, site.canvas)

    assert len(found) == 3
    assert len(files_host.asked("/files/")) == 3
    assert all("authorization" not in each.headers for each in files_host.seen)
    assert all(each.headers["authorization"] == f"Bearer {TOKEN}" for each in site.seen)
    everything = b"".join(data for _, data in snapshot(root).values())
    assert TOKEN.encode() not in everything


@pytest.mark.parametrize(
    ("name", "stored"),
    [("../../up.py", {}), ("a/tiny.py", {"tiny.py"}), ("tiny (1).py", {"tiny.py"}), (".ssh", {}), ("\x1b[2Jx.py", {})],
)
def test_names_are_those_of_strangers(root, site, name, stored) -> None:
    """A name cannot lead out of the attempt's folder, and is repaired as one in an archive is."""
    site.people = [Person(77, "Ada Lovelace", "ada", attempts=[(FIRST, {name: RIGHT.encode()})])]
    run_here("collect", site.canvas, "--assignment", "tiny", cwd=root, **ENVIRON)

    assert {path.name for path in (root / "submissions/tiny/ada").glob("1/*.py")} >= set(stored)
    assert not (root / "up.py").exists()
    assert {path.parent.parent.name for path in root.rglob("*up.py")} <= {"tiny", "1", ".original"}


def test_what_is_larger_than_the_limits_is_not_downloaded_to_its_end(root, site) -> None:
    """Neither a file that says so, nor one that says less than it is."""
    big = b"#" * (17 * 2**20)
    site.people = [Person(77, "Ada Lovelace", "ada", attempts=[(FIRST, {"tiny.py": RIGHT.encode(), "big.txt": big})])]
    _, found = collected(root, site.canvas)
    assert "big.txt (is larger than 16 MiB)" in " ".join(found["ada", 1].notes)
    assert site.asked("big.txt") == []
    site.claimed = 5
    site.people[0].attempts.append((SECOND, {"tiny.py": RIGHT.encode(), "big.txt": big}))
    _, found = collected(root, site.canvas)
    assert "big.txt (is larger than 16 MiB)" in " ".join(found["ada", 2].notes)
    assert site.asked("big.txt") != []


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_typed_text_has_the_limits_of_a_file(root, site, platform) -> None:
    """It is left out with the reason, and not cut."""
    site.people = [Person(79, "Cy Young", "cy", body=f"<p>{'x' * (17 * 2**20)}</p>")]
    _, found = collected(root, getattr(site, platform))

    assert "text_entry.txt (is larger than 16 MiB)" in " ".join(found["cy", 1].notes)
    assert not list((root / "submissions/tiny/cy/1").glob("*text*"))


# ---- Moodle


def test_moodle_gives_last_attempts(root, site) -> None:
    """Participants are found by id or e-mail, and names and titles are read without the signs of HTML."""
    site.people[0].attempts = [(SECOND, files())]
    said, found = collected(root, site.moodle)

    assert f"{site.moodle} is the assignment 'Doubling & more' in Moodle." in said
    assert sorted(found) == [("ada", 1), ("bob", 1)]
    assert found["ada", 1].received == datetime.fromtimestamp(1795000000, UTC)
    assert (found["ada", 1].source, found["ada", 1].key) == ("moodle-api", "user:77")
    assert all(MOODLE_TOKEN not in each.path and each.method == "POST" for each in site.seen)
    site.seen.clear()
    said, _ = collected(root, site.moodle)
    assert "0 attempts collected, 2 there already" in said
    assert site.asked("pluginfile") == []


def test_moodle_drafts_are_not_handed_in(root, site) -> None:
    """The table says that there is only a draft."""
    site.person(78).state = "draft"
    said, found = collected(root, site.moodle)

    assert ("bob", 1) not in found
    assert re.search(r"bob +Bob Ross +missing +Only a draft, which was not submitted\.", said)


def test_moodle_online_text_is_a_text_entry(root, site) -> None:
    """It waits for a person, as one from a download does."""
    site.people = [Person(79, "Cy Young", "cy", body="<p>def double(x): return 2 * x</p>")]
    _, found = collected(root, site.moodle, code=1)

    assert found["cy", 1].waits


def test_moodle_teams_hand_in_together(root, site) -> None:
    """A submission of nobody belongs to a group."""
    site.about, site.groups = {"teamsubmission": 1}, {5: "Team A"}
    site.people = [
        Person(77, "Ada Lovelace", "ada", attempts=[(FIRST, files())], group=5),
        Person(78, "Bob Ross", "", "bob@uni.example", group=5),
    ]
    _, found = collected(root, site.moodle)

    assert [each.members for each in found.values()] == [("ada", "bob")]


def test_blind_marking_in_moodle_stays_blind(root, site) -> None:
    """No name is kept, and the number is that of Moodle's own download."""
    site.about = {"blindmarking": 1}
    _, found = collected(root, site.moodle)

    assert sorted(each.key for each in found.values()) == ["Participant_9077", "Participant_9078"]
    assert all(each.blind for each in found.values())
    assert b"Lovelace" not in b"".join(data for _, data in snapshot(root / "submissions").values())


def test_what_a_student_wrote_is_no_error_of_moodle(root, site) -> None:
    """A file that looks like one of Moodle's errors is a file."""
    odd = b'{"errorcode": "invalidtoken", "exception": "x", "message": "x"}'
    site.people[0].attempts = [(FIRST, {"tiny.py": RIGHT.encode(), "settings.json": odd})]
    _, found = collected(root, site.moodle)

    assert (root / "submissions/tiny/ada/1/settings.json").read_bytes() == odd
    assert len(found) == 2


def test_a_file_that_moodle_refuses_waits(root, site) -> None:
    """The attempt is not graded without it, the others are collected, and the command has to be run again."""
    fault = b'{"error": "No permission", "errorcode": "nopermission"}'
    site.faults.append(Fault("pluginfile.php/9/78", 200, body=fault))
    said, found = collected(root, site.moodle, code=1)

    assert "something could not be read or fetched; run the same command again later" in said
    assert "refuses downloading tiny.py: No permission (nopermission)" in found["bob", 1].problem
    assert not found["ada", 1].waits
    site.faults.clear()
    _, found = collected(root, site.moodle)
    assert not found["bob", 1].waits


def test_files_of_moodle_on_another_host_are_not_fetched(root, site) -> None:
    """The token would have to be sent there."""
    with serving(Platform(site.people)) as other:
        site.address, own = other.address, site.address
        site.about = {}
        done = run_here("collect", f"{own}/mod/assign/view.php?id=56", "--assignment", "tiny", cwd=root, **ENVIRON)

    assert done.returncode == 1
    assert other.seen == []


def test_an_attempt_that_could_not_be_read_waits_and_no_earlier_one_counts(root, site) -> None:
    """Canvas gives all attempts of a student: another attempt is not what this one was."""
    site.faults.append(Fault("/files/77/1/", 404, times=99))
    _, found = collected(root, site.canvas, code=1)

    assert [(key, each.waits, each.unread) for key, each in sorted(found.items())] == [
        (("ada", 1), False, False), (("ada", 2), True, True), (("bob", 1), False, False)
    ]  # fmt: skip
    assert "does not find downloading tiny.py" in found["ada", 2].problem
    assert counting(found.values())["ada"].waits
    assert collected(root, site.canvas, code=1)[1] == found
    site.faults.clear()
    _, found = collected(root, site.canvas)
    assert [(key, each.waits) for key, each in sorted(found.items())] == [
        (("ada", 1), False), (("ada", 2), False), (("bob", 1), False)
    ]  # fmt: skip


def test_an_earlier_attempt_that_could_not_be_read_keeps_its_number(root, site) -> None:
    """It waits beside the later one, which was read, and takes its own place when it comes."""
    site.faults.append(Fault("/files/77/0/", 404, times=99))
    _, found = collected(root, site.canvas, code=1)

    assert [(number, each.waits) for (who, number), each in sorted(found.items()) if who == "ada"] == [
        (1, True), (2, False)
    ]  # fmt: skip
    site.faults[0].status = 403
    assert sorted(collected(root, site.canvas, code=1)[1]) == sorted(found)
    site.faults.clear()
    _, found = collected(root, site.canvas)
    assert found["ada", 1].received == datetime.fromisoformat(FIRST)
    assert found["ada", 2].received == datetime.fromisoformat(SECOND)
    assert not any(each.waits for each in found.values())
    assert len(found) == 3


def test_a_later_hand_in_takes_the_place_of_one_that_moodle_never_gave(root, site) -> None:
    """Moodle has the last attempt alone, so one that it does not give any more waits for nobody."""
    site.faults.append(Fault("pluginfile.php/9/78", 404, times=99))
    _, found = collected(root, site.moodle, code=1)
    assert found["bob", 1].waits
    site.faults.clear()
    site.person(78).modified = 1795000500
    _, found = collected(root, site.moodle)
    assert [(number, each.waits) for (who, number), each in found.items() if who == "bob"] == [(1, False)]


def test_a_hand_in_of_moodle_that_changed_and_cannot_be_read_waits(root, site) -> None:
    """What was handed in before that counts no more."""
    collected(root, site.moodle)
    site.person(78).modified = 1795000500
    site.person(78).attempts = [(SECOND, files("def double(x): return 2 * x\n"))]
    site.faults.append(Fault("pluginfile.php/9/78", 404, times=99))
    _, found = collected(root, site.moodle, code=1)

    assert [(number, each.waits) for (who, number), each in sorted(found.items()) if who == "bob"] == [
        (1, False), (2, True)
    ]  # fmt: skip


# ---- lists


def test_courses_and_assignments_are_listed_with_their_addresses(root, site) -> None:
    """So that nobody has to know a number."""
    done = run_here("courses", f"{site.address}", "--platform", "canvas", cwd=root, **ENVIRON)
    assert f"{site.address}/courses/101" in done.stdout
    assert "ML 2029" in done.stdout
    done = run_here("courses", f"{site.address}/courses/101", cwd=root, **ENVIRON)
    assert site.canvas in done.stdout
    assert "2026-11-20 22:59" in done.stdout
    done = run_here("courses", f"{site.address}/", "--platform", "moodle", cwd=root, **ENVIRON)
    assert f"{site.address}/course/view.php?id=7" in done.stdout
    done = run_here("courses", f"{site.address}/course/view.php?id=7", cwd=root, **ENVIRON)
    assert site.moodle in done.stdout
    assert "Doubling & more" in done.stdout
    done = run_here("courses", f"{site.address}/course/view.php?id=8", cwd=root, **ENVIRON)
    assert "has no assignments." in done.stdout
    done = run_here("courses", f"{site.address}/course/view.php?id=9", cwd=root, **ENVIRON)
    refused(done, "has no course 9 that the token's user is enrolled in; list courses with `autograder courses")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_tables_have_the_number_that_a_platform_knows_a_student_by(site, root, platform) -> None:
    """What the web service called the student, without what tells it from other kinds of keys."""
    collected(root, getattr(site, platform))
    graded(root / "graded", passing("ada"))
    done = run_here("export", "jsonl", "graded", cwd=root)
    assert done.returncode == 0, done.stderr
    (ada,) = map(json.loads, (root / "graded" / "jsonl" / "grades.jsonl").read_text().splitlines())
    assert ada["platform_ids"] == {platform: ["77"]}

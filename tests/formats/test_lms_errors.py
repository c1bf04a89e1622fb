"""Whatever a learning platform answers, or does not, is one sentence: what, where, and how to go on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from command_line import refused, run_here
from gradebooks import graded, with_points
from lms_server import MOODLE_TOKEN, TOKEN, Fault, Person, Platform, serving
from tiny_course import RIGHT, make_course

from autograder.checks.errors import UsageError
from autograder.formats.lms.http import Client
from autograder.formats.lms.replies import Secret, TooLarge
from autograder.formats.lms.sites import Place, place_of
from autograder.submissions.attempts import read_attempts

ENVIRON = {"CANVAS_TOKEN": TOKEN, "MOODLE_TOKEN": MOODLE_TOKEN, "COLUMNS": "200"}
TIME = "2026-11-18T10:00:00Z"


@pytest.fixture
def site(pauses) -> Iterator[Platform]:
    """A site with one student."""
    people = [Person(77, "Ada Lovelace", "ada", attempts=[(TIME, {"tiny.py": RIGHT.encode()})])]
    with serving(Platform(people, most=4)) as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course with a graded and published student."""
    make_course(tmp_path)
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada Lovelace\n")
    graded(tmp_path / "graded", with_points("ada", 2))
    return tmp_path


def collect(root: Path, address: str, *options: object, **environ: str):
    """One call of `autograder collect`."""
    return run_here("collect", address, "--assignment", "tiny", *options, cwd=root, **{**ENVIRON, **environ})


# ---- addresses


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://c.edu/courses/1/assignments/2", Place("canvas", "https://c.edu", "1", "2")),
        ("https://c.edu/courses/1/assignments/2/submissions/9?x=1#y", Place("canvas", "https://c.edu", "1", "2")),
        (
            "https://c.edu/courses/1/gradebook/speed_grader?assignment_id=2",
            Place("canvas", "https://c.edu", "1", "2"),
        ),
        ("https://m.edu/a/mod/assign/view.php?id=5&action=grading", Place("moodle", "https://m.edu/a", "", "5")),
    ],
)  # fmt: skip
def test_the_address_of_the_browser_is_enough(address, place) -> None:
    """Whatever page of the assignment is open."""
    assert place_of(address) == place
    assert place_of(place.address) == place


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("http://canvas.example.edu/courses/1/assignments/2", ("is not an address that begins with https://",)),
        ("https://me:secret@canvas.example.edu/courses/1", ("An address may not hold a user or a password",)),
        ("https://canvas.example.edu/courses/1", ("is not the page of an assignment", "`autograder courses https://canv")),
        ("https://moodle.example/mod/assign/view.php", ("ends with its number, as ...view.php?id=56",)),
        ("https://lms.example.edu/", ("may be a site of Canvas or of Moodle; say which with --platform canvas",)),
    ],
)  # fmt: skip
def test_an_address_that_names_no_assignment_is_refused(root, address, parts) -> None:
    """And no connection is made."""
    refused(collect(root, address), *parts)


@pytest.mark.parametrize(
    "address", ["https://[abc/courses/1/assignments/2", "https://c.edu:port/courses/1", "https://"]
)
@pytest.mark.parametrize("verb", ["collect", "push"])
def test_what_is_no_address_is_the_users_fault(root, verb, address) -> None:
    """And one sentence."""
    words = ["collect", address, "--assignment", "tiny"] if verb == "collect" else ["push", "graded", "--to", address]
    refused(run_here(*words, cwd=root, **ENVIRON), "address", "use the one that your browser shows")


def test_a_platform_has_to_be_a_known_one(root) -> None:
    """Its names are listed."""
    done = run_here("courses", "https://lms.example.edu", "--platform", "blackboard", cwd=root, **ENVIRON)
    refused(done, "--platform: 'blackboard' is not one of canvas and moodle.")


def test_one_token_says_which_platform_a_bare_address_is(root, site) -> None:
    """So that --platform is rarely needed."""
    done = run_here("courses", site.address, cwd=root, **{**ENVIRON, "MOODLE_TOKEN": ""})
    assert "ML 2027" in done.stdout


def test_options_of_addresses_are_refused_for_files_and_the_reverse(root, site) -> None:
    """Each says what it is for."""
    refused(collect(root, "x.zip", "--token-file", "t"), "--token-file is for the address of an assignment in Canvas")
    refused(collect(root, site.canvas, "--times", "t.csv"), "t.csv cannot be read")
    refused(
        collect(root, site.canvas, "--times", "files"), "--times is for downloads without hand-in times; Canvas says"
    )
    (root / "submissions" / "tiny").mkdir(parents=True)
    (root / "submissions" / "tiny" / "mine").touch()
    refused(collect(root, site.canvas), "holds something that was not collected (mine)", "--out DIR")


# ---- tokens


def test_a_token_is_asked_for_with_the_way_to_get_one(root, site) -> None:
    """By a variable or a file, never as an argument."""
    done = collect(root, site.canvas, CANVAS_TOKEN="")
    refused(done, "put a token into the variable CANVAS_TOKEN, or into a file for --token-file", "New Access Token")
    done = collect(root, site.moodle, MOODLE_TOKEN=" ")
    refused(done, "put a token into the variable MOODLE_TOKEN", "Security keys")


def test_a_token_may_be_in_a_file_that_nobody_else_reads(root, site) -> None:
    """Also with a line end; one that others can read is refused."""
    file = root / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert collect(root, site.canvas, "--token-file", file, CANVAS_TOKEN="").returncode == 0
    file.chmod(0o640)
    refused(collect(root, site.canvas, "--token-file", file), "can be read by others", f"chmod 600 {file}")
    file.chmod(0o600)
    file.write_text("two words, and more\n")
    refused(collect(root, site.canvas, "--token-file", file), f"{file} holds no token, which is one word of letters")
    refused(collect(root, site.canvas, "--token-file", root / "none"), "none, cannot be read")
    refused(collect(root, site.canvas, "--token-file", os.devnull), "is not a regular file")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_wrong_token_is_said(root, site, platform) -> None:
    """Without showing it."""
    address = site.canvas if platform == "canvas" else site.moodle
    done = collect(root, address, CANVAS_TOKEN="wrong-token", MOODLE_TOKEN="wrong-token")
    refused(done, "does not accept the token: it is wrong, has expired or was revoked; make a new one in")
    assert "wrong-token" not in done.stdout + done.stderr


def test_a_platform_that_repeats_the_token_is_not_quoted(root, site) -> None:
    """What a platform says is shown without the token and without signs for the terminal."""
    body = f'{{"exception": "x", "errorcode": "odd", "message": "\\u001b[2Jno {MOODLE_TOKEN}"}}'
    site.faults.append(Fault("get_assignments", 200, body=body.encode()))
    done = collect(root, site.moodle)
    refused(done, "refuses mod_assign_get_assignments:", "no *** (odd)")
    assert MOODLE_TOKEN not in done.stderr
    assert "\x1b[2J" not in done.stderr
    assert MOODLE_TOKEN not in repr(Secret(MOODLE_TOKEN))


@pytest.mark.parametrize(("platform", "extra"), [("Canvas", "canvas"), ("Moodle", "moodle")])
def test_the_package_that_connects_is_named_when_it_is_missing(monkeypatch, platform, extra) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(UsageError, match=rf"Connecting to {platform} needs requests.*autograder-ml\[{extra}\]"):
        Client("https://lms.example.edu", platform, Secret("x" * 9))


# ---- answers


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        (Fault("4711", 403), ("does not allow the token's user reading assignment 4711", "the token of a teacher")),
        (Fault("4711", 404), ("does not find reading assignment 4711", "`autograder courses http://127.0.0.1")),
        (Fault("4711", 422, body=b'{"errors": [{"message": "bad \\u0041"}]}'), ("(422: bad",)),
        (Fault("4711", 500, times=9), ("with an error of its own (500), 5 times; run the same command again later",)),
        (Fault("4711", 429, times=9), ("asks for fewer requests (rate limit); run the same command again later",)),
        (Fault("4711", 429, {"Retry-After": "900"}), ("asks to wait for 900 seconds before reading assignment 4711",)),
        (Fault("4711", times=9), ("ended the connection, or did not answer in time (reading assignment 4711",)),
        (Fault("4711", 200, body=b"<html>"), ("with something that Canvas does not document", "a Canvas site?")),
        (Fault("4711", 200, body=b'{"id": "x"}'), ("with something that Canvas does not document",)),
        (Fault("4711", 200, body=b"[" * 100_000), ("with something that Canvas does not document",)),
        (Fault("4711", 302, {"Location": "/api/v1/courses/101/assignments/4711"}, times=9), ("more than 5 times",)),
        (Fault("4711", 302, {"Location": "http://example.com/x"}), ("without https, which is not followed",)),
        (Fault("4711", 302, {"Location": "file:///etc/passwd"}), ("without https, which is not followed",)),
        (Fault("4711", 304), ("redirects reading assignment 4711",)),
    ],
    ids=lambda each: str(each.status) if isinstance(each, Fault) else None,
)  # fmt: skip
def test_every_answer_that_is_none_is_one_sentence(root, site, fault, parts) -> None:
    """It names the host and what was asked for, and nothing is left behind."""
    fault.times = max(fault.times, 1)
    site.faults.append(Fault(fault.part, fault.status, fault.headers, fault.body, fault.times))
    refused(collect(root, site.canvas), *parts)
    assert not (root / "submissions").exists()


def test_a_platform_that_is_busy_is_asked_again_when_it_says(root, site, pauses) -> None:
    """In seconds or as a date; without either, after a time that doubles; Canvas' 403 is one of these."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    site.faults += [
        Fault("4711", 429, {"Retry-After": "3"}),
        Fault("4711", 429, {"Retry-After": soon}),
        Fault("4711", 403, body=b"403 Forbidden (Rate Limit Exceeded)"),
        Fault("4711", 503, {"Retry-After": "odd"}),
    ]
    assert collect(root, site.canvas).returncode == 0
    assert pauses[0] == 3
    assert 0 <= pauses[1] <= 31
    assert pauses[2:] == [4, 8]


def test_a_quota_that_runs_low_is_spared(root, site, pauses) -> None:
    """Before the platform has to refuse."""
    site.faults.append(Fault("/users", 200, {"X-Rate-Limit-Remaining": "12.5"}, body=b"[]"))
    collect(root, site.canvas)
    assert pauses == [1]


def test_a_host_that_is_not_there_is_said(root, site, pauses) -> None:
    """After some tries."""
    refused(collect(root, "http://127.0.0.1:1/courses/1/assignments/2"), "cannot be reached; check the address and the")
    assert pauses == [1, 2, 4, 8]


def test_a_certificate_that_cannot_be_verified_ends_it(root, site) -> None:
    """Nothing is sent."""
    refused(collect(root, site.canvas.replace("http:", "https:")), "The certificate of 127.0.0.1", "REQUESTS_CA_BUNDLE")
    assert site.seen == []


@pytest.mark.parametrize(
    ("following", "said"),
    [
        ("/api/v1/courses/101/users?per_page=100&enrollment_type[]=student&include[]=email", "or one twice; stopped"),
        ("https://evil.example/api/v1/x", "continue on another host, which is not followed"),
    ],
)
def test_pages_that_lead_astray_are_not_followed(root, site, following, said) -> None:
    """In a circle, or to somebody else."""
    link = following if "://" in following else site.address + following
    site.faults.append(Fault("/users", 200, {"Link": f'<{link}>; rel="next"'}, body=b"[]", times=9))
    refused(collect(root, site.canvas), said)


def test_an_answer_has_a_largest_size(site) -> None:
    """A platform cannot fill the memory."""
    client = Client(site.address, "Canvas", Secret(TOKEN), {"Authorization": f"Bearer {TOKEN}"})
    site.faults.append(Fault("/x", 200, body=b"x" * 5000))
    with pytest.raises(TooLarge, match="with more than"):
        client.get("/x", "reading x", most=4000)


# ---- Moodle's own


def test_a_service_that_lacks_functions_is_refused_at_the_beginning(root, site) -> None:
    """With their names; reading needs fewer than writing."""
    site.functions = ("mod_assign_get_assignments", "mod_assign_get_submissions", "mod_assign_list_participants")
    assert collect(root, site.moodle).returncode == 0
    done = run_here("push", "graded", "--to", site.moodle, cwd=root, **ENVIRON)
    refused(done, "lacks mod_assign_get_grades, mod_assign_get_submission_status, mod_assign_save_grade; ask the")


def test_an_assignment_that_the_user_does_not_see_is_named(root, site) -> None:
    """With the way to list those that are there."""
    done = collect(root, site.moodle.replace("56", "57"))
    refused(done, "has no assignment with the number 57 in the courses that the token's user is enrolled in")


def test_a_page_that_moodle_does_not_take_is_said(root, site) -> None:
    """In place of a grade with a page that is not there."""
    run_here("publish", "tiny", "--out", "graded", cwd=root)
    site.faults.append(Fault("upload.php", 200, body=b"[]"))
    done = run_here("push", "graded", "--to", site.moodle, "--yes", cwd=root, **ENVIRON)
    assert done.returncode == 1
    assert "Not written: Ada Lovelace (127.0.0.1:" in done.stdout
    assert "did not take the page of Ada Lovelace)." in done.stdout
    site.faults.append(Fault("upload.php", 200, body=b'{"error": "Too big", "errorcode": "maxbytes"}'))
    done = run_here("push", "graded", "--to", site.moodle, "--yes", cwd=root, **ENVIRON)
    assert done.returncode == 1
    assert "refuses sending the page of Ada Lovelace: Too big (maxbytes))." in done.stdout
    assert site.person(77).score is None


def test_a_page_that_canvas_confirms_elsewhere_is_not_followed(root, site) -> None:
    """The token would have to be sent there."""
    run_here("publish", "tiny", "--out", "graded", cwd=root)
    site.faults.append(Fault("/upload", 201, {"Location": "https://evil.example/api/v1/files/1"}))
    done = run_here("push", "graded", "--to", site.canvas, "--yes", cwd=root, **ENVIRON)
    refused(done, "continues sending the page of Ada Lovelace on another host, which is not followed")
    assert site.person(77).score is None


@pytest.mark.parametrize(
    ("part", "headers", "status"),
    [
        ("4711/submissions", {"Location": "https://[bad"}, 302),
        ("4711/submissions", {"Link": '<https://[bad>; rel="next"'}, 200),
    ],
)
def test_a_platform_that_refers_to_no_address_is_said(root, site, part, headers, status) -> None:
    """It is the platform's fault, and not ours."""
    site.faults.append(Fault(part, status, headers, b"[]"))
    refused(collect(root, site.canvas), "refers reading the submissions of assignment 4711 to something that is no")


def test_a_file_at_no_address_waits(root, site) -> None:
    """As one that cannot be downloaded."""
    history = [
        {"attempt": 1, "submitted_at": TIME, "attachments": [{"url": "https://[bad", "display_name": "tiny.py"}]}
    ]
    entry = {"user_id": 77, "submitted_at": TIME, "submission_history": history}
    site.faults.append(Fault("4711/submissions", 200, body=json.dumps([entry]).encode()))
    done = collect(root, site.canvas)

    assert done.returncode == 1
    (attempt,) = read_attempts(root / "submissions" / "tiny")
    assert "refers downloading tiny.py to an address without https, which is not followed" in attempt.problem


def test_a_pipe_is_no_file_with_a_token(root, site) -> None:
    """Nobody waits for what may never be written into it."""
    os.mkfifo(root / "token", 0o600)
    refused(collect(root, site.canvas, "--token-file", "token"), "token is not a regular file")

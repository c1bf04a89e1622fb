"""When a submission came in: every form of `timestamp.txt`, zones by name, and what happens where one is unknown."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader_course import answer, asserts, course_of

from autograder.formats.nbgrader import collect_course, load, open_course, times_of
from autograder.formats.nbgrader.lateness import ABBREVIATIONS, AMBIGUOUS, read_stamp

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-10-01 12:00:00.000000 UTC", 12),
        ("2026-10-01 12:00:00", 12),
        ("2026-10-01 12:00", 12),
        ("2026-10-01T12:00:00+02:00", 10),
        ("2026-10-01 12:00:00 +0200", 10),
        ("2026-10-01 12:00:00 UTC+2", 10),
        ("2026-10-01T12:00:00Z", 12),
        ("20261001T120000Z", 12),
        ("2026/10/01 12:00 UTC", 12),
        ("2026-10-01 12:00:00.000000 EST", 17),
        ("2026-10-01 12:00:00 JST", 3),
        ("2026-10-01 12:00:00 PDT", 19),
        ("2026-10-01 12:00:00 cest", 10),
        ("2026-10-01 12:00:00 America/Los_Angeles", 19),
        ("2026-10-01 12:00:00 Asia/Kolkata", 6.5),
        ("2026-10-01 12:00:00 Etc/GMT+5", 17),
        ("2026-10-01 12:00:00 EST5EDT", 16),
        ("Thu Oct  1 12:00:00 2026", 12),
        ("Thu Oct  1 12:00:00 EDT 2026\n", 16),
        ("Thu Oct  1 12:00:00 PM CEST 2026", 10),
        ("Thu, 01 Oct 2026 12:00:00 -0500", 17),
        ("Thu, 01 Oct 2026 12:00:00 +0200 (CEST)", 10),
        ("Thu Oct 01 2026 12:00:00 GMT+0200 (Central European Summer Time)", 10),
        ("2026-10-01 12:00:00 (EST)", 17),
        ("1 October 2026 12:00", 12),
        ("Oct 1, 2026 at 3:00 PM", 15),
    ],
)
def test_a_time_is_read_in_the_forms_that_programs_write(text: str, hour: float) -> None:
    """nbgrader's own, ISO 8601, ctime, date, mail; without a zone it is UTC, as nbgrader has it."""
    found = read_stamp(text)
    assert found.time is not None, found.problem
    assert (found.time - NOON.replace(hour=0)).total_seconds() / 3600 == hour


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("yesterday", "'yesterday' is no date and time in a known form"),
        ("01/10/2026 12:00", "'01/10/2026 12:00' is no date and time in a known form"),
        ("2026-13-01 12:00:00 UTC", "'2026-13-01 12:00:00 UTC' is a date or time that does not exist"),
        ("9999-12-31 23:59:59 -05", "'9999-12-31 23:59:59 -05' is a date or time that does not exist"),
        ("Oct 1, 2026 15:00 PM", "'Oct 1, 2026 15:00 PM' is a date or time that does not exist"),
        ("2026-10-01 12:00 CST", "the zone 'CST' of '2026-10-01 12:00 CST' means several time zones"),
        ("2026-10-01 12:00 IST", "the zone 'IST' of '2026-10-01 12:00 IST' means several time zones"),
        ("2026-10-01 12:00 X", "the zone 'X' of '2026-10-01 12:00 X' is no time zone that is known here"),
        ("2026-10-01 12:00 X/Y", "the zone 'X/Y' of '2026-10-01 12:00 X/Y' is no time zone that is known here"),
        ("2026-10-01 12:00 Asia", "the zone 'Asia' of '2026-10-01 12:00 Asia' is no time zone that is known here"),
        ("2026-10-01 12:00 +99", "the zone '+99' of '2026-10-01 12:00 +99' is no time zone that is known here"),
    ],
)
def test_what_cannot_be_resolved_is_not_guessed(text: str, problem: str) -> None:
    """There is no time then, and a reason."""
    found = read_stamp(text)
    assert (found.time, found.problem) == (None, problem)


def test_the_course_s_own_zone_says_what_an_abbreviation_means() -> None:
    """`c.Exchange.timezone` holds for times without a zone, and for the abbreviations that this zone uses."""
    assert read_stamp("2026-10-01 12:00", "Asia/Kolkata").time == NOON.replace(hour=6, minute=30)
    assert read_stamp("2026-10-01 12:00 IST", "Asia/Kolkata").time == NOON.replace(hour=6, minute=30)
    assert read_stamp("2026-10-01 12:00 CST", "Asia/Shanghai").time == NOON.replace(hour=4)
    assert read_stamp("2026-10-01 12:00 CDT", "America/Chicago").time == NOON.replace(hour=17)
    assert "'Nowhere'" in read_stamp("2026-10-01 12:00", "Nowhere").problem


def test_an_hour_that_comes_twice_is_read_in_the_student_s_favour() -> None:
    """At the end of summer time the earlier of the two is taken."""
    assert read_stamp("2026-11-01 01:30 America/New_York").time == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_abbreviations_agree_with_the_time_zone_database() -> None:
    """Each means one zone there, but for those that mail defines; the ambiguous ones are left out."""
    offsets: dict[str, set[float]] = {}
    for key in zoneinfo.available_timezones():
        for month in (1, 7):
            time = datetime(2026, month, 15, tzinfo=zoneinfo.ZoneInfo(key))
            offset = time.utcoffset()
            assert offset is not None
            offsets.setdefault((time.tzname() or "").upper(), set()).add(offset.total_seconds() / 3600)
    for name, hours in ABBREVIATIONS.items():
        if name in offsets and name != "PST":  # in mail it is Pacific time, not Manila's
            assert offsets[name] == {hours}, name
    unread = {name for name in offsets if name.isalpha() and name not in ABBREVIATIONS} - {"LMT"}
    assert unread <= set(AMBIGUOUS)


def test_a_time_that_cannot_be_resolved_is_said_and_never_late(tmp_path: Path) -> None:
    """The report says why, and no time is handed to the rule for late submissions."""
    cells = [answer("x = 1", "x"), asserts("assert x == 1", "t", 1)]
    stamps = {"ada": "2026-10-01 12:00:00 CST", "ben": "2026-10-01 12:00:00 JST"}
    files = {f"submitted/{student}/hw1/timestamp.txt": text for student, text in stamps.items()}
    course = course_of(tmp_path / "c", cells, dict.fromkeys(stamps, cells), files=files)
    assignment = load(open_course(course), "hw1")
    ada, ben = collect_course(assignment, tmp_path / "staging")
    (note,) = ada.notes
    assert note == (
        "timestamp.txt cannot be read, so this counts as handed in on time: "
        "the zone 'CST' of '2026-10-01 12:00:00 CST' means several time zones."
    )
    assert ben.notes == ("Handed in on 2026-10-01 at 03:00 UTC.",)
    assert times_of(assignment) == {"ben": NOON.replace(hour=3)}

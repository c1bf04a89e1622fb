"""Hand-in times from a table: Moodle's worksheet in several languages, Gradescope's scores, any CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import refused, run_here
from downloads import moodle, snapshot, written, zipped
from tiny_course import RIGHT, make_course

from autograder.checks.errors import InstructorError
from autograder.formats.hand_in_times import read_times
from autograder.submissions.attempts import read_attempts

WHEN = datetime(2026, 10, 14, 20, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ('"Wednesday, 14 October 2026, 10:12 PM"', BERLIN),
        ('"Mittwoch, 14. Oktober 2026, 22:12"', BERLIN),
        ('"mercredi 14 octobre 2026, 22:12"', BERLIN),
        ('"miércoles, 14 de octubre de 2026, 22:12"', BERLIN),
        ('"mercoledì, 14 ottobre 2026, 22:12"', BERLIN),
        ('"quarta-feira, 14 de outubro de 2026, 22:12"', BERLIN),
        ("14.10.2026 22:12", BERLIN),
        ("2026-10-14 22:12", BERLIN),
        ("2026-10-14 22:12:00 +0200", None),
        ("2026-10-14T20:12:00Z", None),
    ],
)
def test_times_are_read_as_platforms_write_them(tmp_path: Path, text: str, zone: str | None) -> None:
    """Without an offset in the course's zone, with one in any."""
    path = tmp_path / "times.csv"
    path.write_text(f"id,time\nada,{text}\n")
    (line,) = read_times(path, zone).lines
    assert line.time == WHEN


@pytest.mark.parametrize(
    ("text", "zone", "sentence"),
    [
        (
            "id,when\nada,x\n",
            BERLIN,
            "times.csv:1: a table of hand-in times has a column for the time, such as 'Submiss",
        ),
        ("colour,time\nred,x\n", BERLIN, "times.csv:1: a table of hand-in times has a column for the time"),
        ("", BERLIN, "times.csv:1: a table of hand-in times has a column for the time"),
        (
            "id,time\nada,2026-10-14 22:12\n",
            None,
            "times.csv:2: '2026-10-14 22:12' names no time zone; set Course.timezone",
        ),
    ],
)
def test_a_table_that_says_no_times_is_one_sentence(tmp_path: Path, text: str, zone: str | None, sentence: str) -> None:
    """What is missing, where, and how to fix it."""
    path = tmp_path / "times.csv"
    path.write_text(text)
    with pytest.raises(InstructorError) as caught:
        read_times(path, zone)
    assert sentence in str(caught.value)


def test_a_time_that_cannot_be_read_is_noted_and_not_guessed(tmp_path: Path) -> None:
    """The line gives no time, and the note says why; a dash means that nothing was handed in."""
    path = tmp_path / "times.csv"
    path.write_text("id,time\nada,14/10/26 ten\nben,-\n")
    found = read_times(path, BERLIN)
    assert found.lines == ()
    assert found.notes == (
        "times.csv:2: '14/10/26 ten' is no date and time in a known form, so it gives no hand-in time.",
    )


@pytest.mark.parametrize("text", ["Nov 30 2026 12:00 AM", "March 1 2026, 10:00 AM"])
def test_a_month_at_the_beginning_is_no_day_of_the_week(tmp_path: Path, text: str) -> None:
    """The time is read, or the note quotes it as the table has it."""
    path = tmp_path / "times.csv"
    path.write_text(f'id,time\nada,"{text}"\n')
    found = read_times(path, BERLIN)
    assert found.lines or text.split(",", maxsplit=1)[0] in found.notes[0]


WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Last modified (submission)\n"
    'Participant 11,Ada Lovelace,a@x,Submitted,,"Wednesday, 14 October 2026, 10:12 PM"\n'
    'Participant 12,Bob Ross,b@x,Submitted,,"Friday, 16 October 2026, 12:00 PM"\n'
    "Participant 13,Cy Young,c@x,No submission,,-\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course with a deadline, and a download from Moodle, of which two have the same name."""
    make_course(tmp_path)
    (tmp_path / "grader_config.py").write_text(
        "from autograder.course import *\n"
        'course = Course("Tiny", ("tiny",), sandbox="none", timezone="Europe/Berlin",\n'
        '    dates={"tiny": Dates("2026-10-15 23:59")}, late=LateRule(percent=10))\n'
    )
    people = {f"{who}": {"tiny.py": RIGHT + f"# {who}"} for who in ("Ada Lovelace_11", "Bob Ross_12", "Dan Day_14")}
    (tmp_path / "download.zip").write_bytes(zipped(moodle(people)))
    (tmp_path / "sheet.csv").write_text(WORKSHEET)
    return tmp_path


def collect(root: Path, source: str, *more: str) -> str:
    """Collect a download."""
    done = run_here("collect", source, "--assignment", "tiny", *more, cwd=root, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    return done.stdout


def times(root: Path) -> dict[str, datetime | None]:
    """Hand-in times by student."""
    return {each.student: each.handed_in for each in read_attempts(root / "submissions" / "tiny")}


def test_moodle_s_worksheet_gives_times_by_participant(root: Path) -> None:
    """Given with the download, or later; who is not in it has no time, and is named; again, nothing changes."""
    collect(root, "download.zip")
    assert set(times(root).values()) == {None}
    said = collect(root, "download.zip", "--times", "sheet.csv")
    assert times(root) == {
        "Ada Lovelace": WHEN,
        "Bob Ross": datetime(2026, 10, 16, 10, tzinfo=UTC),
        "Dan Day": None,
    }
    assert "sheet.csv has no hand-in time for Dan Day." in said
    (line,) = [line for line in said.splitlines() if line.strip().startswith("Bob")]
    assert "2026-10-16 10:00 late" in line
    before = snapshot(root / "submissions")
    collect(root, "download.zip", "--times", "sheet.csv")
    collect(root, "download.zip")
    assert snapshot(root / "submissions") == before


def test_a_corrected_table_corrects_the_times(root: Path) -> None:
    """The same submission with another time in the table is no second attempt."""
    collect(root, "download.zip", "--times", "sheet.csv")
    (root / "sheet.csv").write_text(WORKSHEET.replace("10:12 PM", "09:12 PM"))
    collect(root, "download.zip", "--times", "sheet.csv")
    assert times(root)["Ada Lovelace"] == datetime(2026, 10, 14, 19, 12, tzinfo=UTC)
    assert len(read_attempts(root / "submissions" / "tiny")) == 3


def test_two_lines_about_one_student_give_no_time(root: Path) -> None:
    """Which one holds is not guessed."""
    (root / "sheet.csv").write_text("name,time\nAda Lovelace,2026-10-14 22:12\nAda Lovelace,2026-10-16 22:12\n")
    said = collect(root, "download.zip", "--times", "sheet.csv")
    assert times(root)["Ada Lovelace"] is None
    assert "sheet.csv has no hand-in time for Bob Ross, Dan Day." in said
    assert "sheet.csv has several hand-in times for Ada Lovelace; which one holds is open." in said


def test_lines_about_others_are_named_and_whoever_is_meant_goes_by_the_id(root: Path) -> None:
    """A line that fits nobody in the download may be somebody's whose name is written otherwise."""
    (root / "roster.csv").write_text("id,name\n=ada,Ada Lovelace\nbob,Bob Ross\ndan,Dan Day\nxyz,Xenia Z\n")
    (root / "sheet.csv").write_text("id,time\nbob,2026-10-14 22:12\nbobb,2026-10-14 22:12\nxyz,2026-10-16 22:12\n")
    said = collect(root, "download.zip", "--times", "sheet.csv")
    assert "sheet.csv has no hand-in time for =ada, dan." in said
    assert "sheet.csv has hand-in times of others, who are not in this download: bobb (line 3), xyz (line 4)." in said


@pytest.mark.parametrize("download", ["plain", "download.zip"])
@pytest.mark.parametrize("roster", ["", "id,name\nanna_2,Anna\ns2,Bob\n"])
def test_the_end_of_an_id_is_no_participant_s_number(root: Path, download: str, roster: str) -> None:
    """A number behind an underscore is compared with Moodle's participants alone, and with no id of another kind."""
    if roster:
        (root / "roster.csv").write_text(roster)
    written(root / "plain", {"anna_2/tiny.py": RIGHT})
    (root / "download.zip").write_bytes(zipped(moodle({"anna_2": {"tiny.py": RIGHT}})))
    (root / "sheet.csv").write_text("id,time\ns2,2026-03-04 10:00\n")
    assert "has no hand-in time for anna" in collect(root, download, "--times", "sheet.csv")
    (root / "sheet.csv").write_text("id,time\ns2,2026-03-04 10:00\nanna_2,2026-03-01 10:00\nanna,2026-03-01 10:00\n")
    collect(root, download, "--times", "sheet.csv")
    assert [*times(root).values()] == [datetime(2026, 3, 1, 9, tzinfo=UTC)]


def test_a_participant_s_number_with_another_name_gives_no_time(root: Path) -> None:
    """A team's folder ends with the number of the group, which is some participant's as well."""
    (root / "download.zip").write_bytes(zipped(moodle({"Team B_11": {"tiny.py": RIGHT}})))
    said = collect(root, "download.zip", "--times", "sheet.csv")
    assert [*times(root).values()] == [None]
    assert "sheet.csv has no hand-in time for Team B." in said


def test_hidden_participants_have_times_by_number(root: Path) -> None:
    """Where names are hidden, the number is all there is."""
    (root / "download.zip").write_bytes(zipped(moodle({"Participant_11": {"tiny.py": RIGHT}})))
    lines = [",".join([each.split(",")[0], *each.split(",")[3:]]) for each in WORKSHEET.splitlines()]
    (root / "sheet.csv").write_text("\n".join(lines))
    collect(root, "download.zip", "--times", "sheet.csv")
    assert [*times(root).values()] == [WHEN]


def test_a_plain_folder_has_times_by_the_roster_or_those_of_its_files_where_staff_say_so(root: Path) -> None:
    """A table names people by id, e-mail or name; `--times files` takes the times of the files."""
    (root / "roster.csv").write_text("id,name,email\n11,Ada Lovelace,a@x\n")
    written(root / "plain", {"11/tiny.py": RIGHT})
    collect(root, "plain")
    assert times(root) == {"11": None}
    (root / "sheet.csv").write_text("email,submitted at\nA@x,2026-10-14 22:12\n")
    collect(root, "plain", "--times", "sheet.csv")
    assert times(root) == {"11": WHEN}
    (root / "submissions").rename(root / "before")
    collect(root, "plain", "--times", "files")
    assert abs((times(root)["11"] or WHEN) - datetime.now(UTC)).total_seconds() < 3600


def test_a_table_that_is_not_there_is_one_sentence(root: Path) -> None:
    """The file is named."""
    done = run_here("collect", "download.zip", "--assignment", "tiny", "--times", "no.csv", cwd=root)
    refused(done, "The hand-in times no.csv cannot be read:")

"""Downloads of each documented shape become attempts, whoever they are from and whatever their names are written in."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from downloads import (
    PARTICIPANT,
    PEOPLE,
    Files,
    canvas,
    gradescope,
    moodle,
    snapshot,
    submitters,
    tarred,
    written,
    zipped,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import RIGHT, WRONG

from autograder.checks.errors import UsageError
from autograder.formats import filing
from autograder.formats.filing import Filing
from autograder.formats.hand_ins import Asked, Collection
from autograder.formats.sources import collect_source, is_download
from autograder.submissions import Recogniser, collect
from autograder.submissions.attempts import ORIGINAL, Attempt, counting, read_attempts
from autograder.submissions.records import Caps
from autograder.submissions.term import Person, Roster

DEFINES = Recogniser({"tiny.py": ("double", "halve")}, accept=True)
TWO = "def double(x):\n    return 2 * x\n\ndef halve(x):\n    return x / 2\n"
ROSTER = Roster(
    (
        Person("ada", "Ada Lovelace", ("ada@example.org",), group="Team A"),
        Person("bob", "Bob Ross", ("bob@example.org",), group="Team A"),
        Person("cy", "Cy Young"),
    )
)

Gather = Callable[..., Collection]


@pytest.fixture
def gather(tmp_path) -> Gather:
    """A function that collects a source into ``collected/``."""

    def run(source: Path | Files, *, roster: Roster | None = None, due: datetime | None = None, **more) -> Collection:
        if not isinstance(source, Path):
            path = tmp_path / "download.zip"
            path.write_bytes(zipped(source))
            source = path
        into = tmp_path / "collected"
        into.mkdir(exist_ok=True)
        staging = into / ".staging"
        staging.mkdir(exist_ok=True)
        asked = Asked("tiny", ("tiny.py",), due)
        result = collect_source(source, staging, Filing(into, asked, roster, recogniser=DEFINES, **more))
        subprocess.run(["rm", "-r", staging], check=True)
        return result

    return run


def attempts(tmp_path: Path) -> dict[str, Attempt]:
    """The attempt of each student that counts."""
    return counting(read_attempts(tmp_path / "collected"))


def text(tmp_path: Path, student: str, file: str = "tiny.py", attempt: int = 1) -> str:
    """A file of an attempt."""
    return (tmp_path / "collected" / student / str(attempt) / file).read_text()


def answer(tmp_path: Path, *, question: str, said: str) -> None:
    """Fill in `questions.csv` as a spreadsheet does."""
    path = tmp_path / "collected" / "questions.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    (row,) = [row for row in rows if question in row["question"]]
    row["answer"] = said
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("language", PEOPLE)
@pytest.mark.parametrize(("folders", "underscore"), [(True, False), (True, True), (False, False)])
def test_moodle_in_folders_and_flat(gather, tmp_path, language, folders, underscore) -> None:
    """Each form of Moodle's download is recognised and said, and each student is called by name."""
    one, other = PEOPLE[language]
    people = {f"{one}_1234567": {"tiny.py": RIGHT}, f"{other}_1234568": {"tiny.py": WRONG, "notes.txt": "x"}}
    result = gather(moodle(people, folders=folders, underscore=underscore))

    assert result.source == "moodle"
    assert result.said.endswith("with a folder for each student" if folders else "without folders")
    assert [line.student for line in result.lines] == sorted((one, other), key=str.casefold)
    assert text(tmp_path, one) == RIGHT
    assert text(tmp_path, other, "notes.txt") == "x"
    assert attempts(tmp_path)[one].received is None


def test_moodle_in_both_forms_is_the_same_attempt(gather, tmp_path) -> None:
    """What was downloaded with folders and again without is not two attempts."""
    people = {"Ada Lovelace_1": {"tiny.py": RIGHT}}
    gather(moodle(people))
    result = gather(moodle(people, folders=False))

    assert (result.new, result.known) == (0, 1)


@pytest.mark.parametrize("language", PARTICIPANT)
def test_moodle_with_blind_grading(gather, tmp_path, language) -> None:
    """Where names are hidden, students are called by their number, and nobody on the roster is taken for them."""
    who = PARTICIPANT[language]
    result = gather(moodle({f"{who}_71": {"tiny.py": RIGHT}, f"{who}_72": {"tiny.py": WRONG}}), roster=ROSTER)

    assert [(line.student, line.state) for line in result.lines] == [
        (f"{who} 71", "collected"),
        (f"{who} 72", "collected"),
    ]
    assert result.notes == ["Names are hidden in what was collected, so the table does not say who is missing."]
    assert result.questions == 0


def test_moodle_teams(gather, tmp_path) -> None:
    """A team's hand-in is kept once, and its members on the roster are not missing."""
    people = {"Team A_55": {"tiny.py": RIGHT}, "Default group": {"tiny.py": WRONG}}
    result = gather(moodle(people), roster=ROSTER)

    assert attempts(tmp_path)["Team A"].members == ("ada", "bob")
    assert [(line.student, line.state) for line in result.lines] == [
        ("Default group", "not on the roster"),
        ("Team A", "collected"),
        ("cy", "missing"),
    ]


def test_moodle_text_in_the_form_is_asked_for(gather, tmp_path) -> None:
    """What was typed into the form is kept as the text that it shows, and is no module until a person says so."""
    page = "<p>def double(x):<br>&nbsp;&nbsp;&nbsp;&nbsp;return 2 * x</p>"
    result = gather(moodle({"Ada Lovelace_1": {"onlinetext.html": page}}, plugin="onlinetext"))

    assert result.questions == 1
    assert text(tmp_path, "Ada Lovelace", "text_entry.txt") == "def double(x):\n    return 2 * x\n"
    answer(tmp_path, question="tiny.py", said="text_entry.txt")
    assert gather(tmp_path / "download.zip").questions == 0
    assert text(tmp_path, "Ada Lovelace") == "def double(x):\n    return 2 * x\n"


def test_canvas(gather, tmp_path) -> None:
    """Names, lateness, several files a student and repeated hand-ins are read off Canvas' file names."""
    people = {
        "lovelaceada_12345": {"tiny.py": RIGHT, "plot.png": b"\x89PNG"},
        "rossbob_LATE_12346": {"tiny-1.py": WRONG},
        "großjürgen_12347": {"tiny.py": RIGHT + "#"},
        "כהןמשה_LATE_12348": {"tiny.py": WRONG + "#"},
    }
    result = gather(canvas(people), roster=ROSTER)

    assert result.said == "a download of all submissions from Canvas"
    assert {line.student: (line.state, line.late) for line in result.lines} == {
        "ada": ("collected", False),
        "bob": ("collected", True),
        "cy": ("missing", False),
        "großjürgen": ("not on the roster", False),
        "כהןמשה": ("not on the roster", True),
    }
    assert sorted(attempts(tmp_path)["ada"].files) == ["plot.png", "tiny.py"]
    assert attempts(tmp_path)["bob"].files == {"tiny.py": "tiny-1.py"}
    assert text(tmp_path, "bob", f"{ORIGINAL}/tiny-1.py") == WRONG


def test_canvas_anonymous_and_text_entries(gather, tmp_path) -> None:
    """Anonymous students keep their code; text entries and web addresses are no modules."""
    files = {
        "anon_aB3dE_70001_tiny.py": RIGHT,
        "LATE_anon_xY9zQ_70002_tiny.py": WRONG,
        "anon_pQ7rS_text.html": "<html><head><title>t</title></head><body><p>see mail</p></body></html>",
        "anon_uV2wX_link.html": "<a href='https://example.org'>x</a>",
    }
    result = gather(files, roster=ROSTER)

    assert result.said.endswith("of an anonymous assignment")
    known = attempts(tmp_path)
    assert [known[name].late for name in ("anon_aB3dE", "anon_xY9zQ")] == [False, True]
    assert text(tmp_path, "anon_pQ7rS", "text_entry.txt") == "see mail\n"
    assert known["anon_uV2wX"].problem == "Only a web address was handed in, which is not followed."
    assert result.questions == 2
    answer(tmp_path, question="whether it is graded", said="as is")
    gather(files, roster=ROSTER)
    assert attempts(tmp_path)["anon_uV2wX"].notes[-1] == "tiny.py is missing; there is only link.html."


def test_files_with_a_date_are_no_download_of_canvas(gather, tmp_path) -> None:
    """A number that several people have in the names of their files is no user's id: each stays a student."""
    names = [f"{who}_20261130_1_tiny.py" for who in ("anna", "bob", "cem")]
    source = written(tmp_path / "class", {name: f"{RIGHT}#{name}" for name in names})
    result = gather(source)

    assert result.source == "plain"
    assert not is_download(source, "tiny")
    assert len(attempts(tmp_path)) == 3
    assert {text(tmp_path, student) for student in attempts(tmp_path)} == {f"{RIGHT}#{name}" for name in names}


def test_gradescope(gather, tmp_path) -> None:
    """Students, teams and times come from the metadata, whose keys are symbols and times may be Ruby's objects."""
    ruby = (
        "!ruby/object:ActiveSupport::TimeWithZone\n    utc: &1 2026-11-21 08:00:00.5 Z\n"
        "    zone: !ruby/object:ActiveSupport::TimeZone\n      name: Etc/UTC\n    time: *1"
    )
    metadata = (
        "---\nsubmission_1:\n" + submitters(("Ada Lovelace", "", "ada@example.org"), when=ruby)
        + "submission_2:\n" + submitters(("Jürgen Groß", "s7", "j@example.org"), ("Bob Ross", "bob", "b@example.org"))
        + "submission_3:\n" + submitters(("משה כהן", "s9", "m@example.org"))
    )  # fmt: skip
    result = gather(
        gradescope({"submission_1": {"tiny.py": RIGHT}, "submission_2": {"tiny.py": WRONG}}, metadata), roster=ROSTER
    )

    known = attempts(tmp_path)
    assert result.said == "an export of submissions from Gradescope"
    assert known["ada"].received == datetime(2026, 11, 21, 8, 0, 0, 500000, UTC)
    assert known["bob+s7"].members == ("s7", "bob") or known["bob+s7"].members == ("bob", "s7")
    assert known["bob+s7"].received == datetime(2026, 11, 20, 18, 13, 8, 139000, UTC)
    assert [(line.student, line.state) for line in result.lines if line.state == "missing"] == [
        ("cy", "missing"),
        ("משה כהן", "missing"),
    ]


def test_a_damaged_metadata_file_is_one_sentence(gather) -> None:
    """A file that is no YAML stops with its line, and Python objects in it are never made."""
    for metadata in ("---\na: [1\nb", "--- !!python/object/apply:os.system ['true']\n", "- 1\n", "[" * 5000):
        with pytest.raises(UsageError, match=r"submission_metadata\.yml (cannot be read|names no submissions)"):
            gather(gradescope({"submission_1": {"tiny.py": RIGHT}}, metadata))


def test_nbgrader(gather, tmp_path) -> None:
    """nbgrader's folders are read for this assignment, with the times of their stamps."""
    submitted = written(
        tmp_path / "submitted",
        {
            "ada/tiny/tiny.py": RIGHT,
            "ada/tiny/timestamp.txt": "2026-11-20 10:00:00.000000 UTC",
            "bob/tiny/tiny.py": WRONG,
            "bob/tiny/timestamp.txt": "yesterday",
            "cy/other/other.py": WRONG,
        },
    )
    result = gather(submitted)

    assert result.source == "nbgrader"
    assert attempts(tmp_path)["ada"].received == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert "timestamp.txt cannot be read" in attempts(tmp_path)["bob"].notes[0]
    assert [line.notes for line in result.lines if line.student == "cy"] == [("Nothing in cy/tiny (there is other).",)]


def test_plain_folders_and_archives(gather, tmp_path) -> None:
    """Folders, files and archives of every kind that is opened may lie side by side."""
    source = written(
        tmp_path / "class",
        {
            "ada/tiny.py": RIGHT,
            "bob.zip": zipped({"hw/tiny.py": WRONG}),
            "cy.tar": tarred({"tiny.py": RIGHT + "#1"}, "w"),
            "dan.tar.bz2": tarred({"tiny.py": RIGHT + "#2"}, "w:bz2"),
            "eve.py": RIGHT + "#3",
            "fay.tgz": tarred({"inner.zip": zipped({"tiny.py": RIGHT + "#4"})}),
            "readme.txt": "about this folder",
        },
    )
    result = gather(source)

    assert result.said.startswith("a plain folder")
    assert [line.student for line in result.lines] == ["ada", "bob", "cy", "dan", "eve", "fay"]
    assert {line.state for line in result.lines} == {"collected"}
    assert text(tmp_path, "fay") == RIGHT + "#4"
    assert result.beside == ["readme.txt"]


def test_a_7z_file(gather, tmp_path) -> None:
    """7z files are opened where py7zr is installed, as a hand-in and as the whole download."""
    py7zr = pytest.importorskip("py7zr", reason="the extra autograder-ml[archives] is not installed")

    def seven(path: Path, files: Files) -> Path:
        with py7zr.SevenZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(content, name)
        return path

    seven(tmp_path / "bob.7z", {"hw/tiny.py": WRONG})
    download = seven(tmp_path / "all.7z", {"ada/tiny.py": RIGHT, "bob/hw.7z": (tmp_path / "bob.7z").read_bytes()})
    result = gather(download)

    assert [line.student for line in result.lines] == ["ada", "bob"]
    assert text(tmp_path, "bob") == WRONG


def test_zips_of_zips(gather, tmp_path) -> None:
    """A zip of zips is a class; one that holds nothing but a download is that download."""
    people = {"Ada Lovelace_1": {"tiny.py": RIGHT}}
    assert gather({"download.zip": zipped(moodle(people))}).source == "moodle"
    result = gather({"class/ada.zip": zipped({"tiny.py": RIGHT}), "class/bob.zip": zipped({"tiny.py": WRONG})})

    assert [line.student for line in result.lines] == ["ada", "Ada Lovelace", "bob"]


@pytest.mark.parametrize("make", [moodle, canvas])
def test_collecting_twice_changes_nothing(gather, tmp_path, make) -> None:
    """No file gets another byte or another time."""
    source = make({"a_1": {"tiny.py": RIGHT}, "b_2": {"one.py": TWO, "two.py": TWO + "#"}})
    gather(source)
    before = snapshot(tmp_path / "collected")
    result = gather(source)

    assert (result.new, result.changed, result.known) == (0, 0, 2)
    assert snapshot(tmp_path / "collected") == before


def test_a_later_download_adds_attempts(gather, tmp_path) -> None:
    """Who handed in again gets a second attempt, which counts; the others are not changed."""
    gather(moodle({"Ada Lovelace_1": {"tiny.py": WRONG}, "Bob Ross_2": {"tiny.py": WRONG}}))
    result = gather(moodle({"Ada Lovelace_1": {"tiny.py": RIGHT}, "Bob Ross_2": {"tiny.py": WRONG}}))

    assert [(line.student, line.attempts, line.counts) for line in result.lines] == [
        ("Ada Lovelace", 2, 2),
        ("Bob Ross", 1, 1),
    ]


def test_the_last_attempt_by_time_counts(gather, tmp_path) -> None:
    """Where times are known, they decide, and not the order of collecting."""

    def export(when: str, content: str) -> Files:
        metadata = f"submission_1:\n{submitters(('Ada', 'ada', 'a@x'), when=when)}"
        return gradescope({"submission_1": {"tiny.py": content}}, metadata)

    gather(export("2026-11-21 10:00:00 Z", RIGHT))
    result = gather(export("2026-11-20 10:00:00 Z", WRONG))

    assert [(line.attempts, line.counts) for line in result.lines] == [(2, 1)]


def export(*rows: tuple[str, str, str, str, str]) -> Files:
    """An export of Gradescope of rows: name, sid, e-mail, time, and the content of tiny.py."""
    metadata = "".join(
        f"submission_{at}:\n{submitters((name, sid, email), when=when)}"
        for at, (name, sid, email, when, _) in enumerate(rows)
    )
    return gradescope({f"submission_{at}": {"tiny.py": row[4]} for at, row in enumerate(rows)}, metadata)


def test_what_is_handed_in_again_counts_again(gather, tmp_path) -> None:
    """Of A, then B, then A the last counts, with its own time and lateness, whether the source has times or not."""
    for day, content in ((1, RIGHT), (2, WRONG), (3, RIGHT), (3, RIGHT)):
        result = gather(
            export(("Ada", "ada", "a@x", f"2026-11-0{day} 10:00:00 Z", content)), due=datetime(2026, 11, 2, tzinfo=UTC)
        )
    assert (result.new, result.known) == (0, 1)
    (counts,) = attempts(tmp_path).values()
    assert (counts.number, counts.received, counts.late) == (3, datetime(2026, 11, 3, 10, tzinfo=UTC), True)
    for content in (RIGHT, WRONG, RIGHT, RIGHT):
        result = gather(moodle({"Bob Ross_2": {"tiny.py": content}}))
    assert (result.new, result.known) == (0, 1)
    assert attempts(tmp_path)["Bob Ross"].number == 3
    assert "The same was handed in before, as attempt 1." in attempts(tmp_path)["Bob Ross"].notes
    assert text(tmp_path, "Bob Ross", attempt=3) == RIGHT


def test_a_deadline_that_is_said_later_holds(gather, tmp_path) -> None:
    """Who was collected before is late by the deadline of today, and in time by a later one."""
    source = export(("Ada", "ada", "a@x", "2026-11-02 10:00:00 Z", RIGHT))
    expected = {None: None, datetime(2026, 11, 1, tzinfo=UTC): True, datetime(2026, 11, 3, tzinfo=UTC): False}
    for due, late in expected.items():
        result = gather(source, due=due)
        assert [each.late for each in read_attempts(tmp_path / "collected")] == [late]
        assert [line.late for line in result.lines] == [bool(late)]


def test_a_name_does_not_count_against_an_id(gather, tmp_path) -> None:
    """Somebody of the same name with another id and e-mail is asked about, and never becomes the one on the roster."""
    roster = Roster((Person("s1", "Bob Ross", ("bob@u.edu",)),))
    rows = [("Bob Ross", "s1", "bob@u.edu", "2026-11-01 10:00:00 Z", RIGHT)]
    guest = ("Bob Ross", "x99", "other@gmail.com", "2026-11-02 10:00:00 Z", WRONG)
    result = gather(export(*rows, guest), roster=roster)
    assert {line.student: line.state for line in result.lines} == {"s1": "collected", "Bob Ross": "waits"}
    assert text(tmp_path, "s1") == RIGHT
    answer(tmp_path, question="who handed in", said="as is")
    result = gather(export(*rows, guest), roster=roster)
    assert {line.student: line.state for line in result.lines} == {"s1": "collected", "Bob Ross": "not on the roster"}


@pytest.mark.parametrize("content", [RIGHT, WRONG])
def test_two_of_one_name_with_one_on_the_roster_are_both_asked_about(gather, tmp_path, content) -> None:
    """Neither is taken for the one on the roster, not even with the same bytes, before a person has said who is who."""
    roster = Roster((Person("s1", "Bob Ross"),))
    people = {"Bob Ross_11": {"tiny.py": RIGHT}, "Bob Ross_77": {"tiny.py": content}}
    result = gather(moodle(people), roster=roster)
    assert [line.state for line in result.lines] == ["waits", "waits", "missing"]
    result = gather(moodle(people), roster=roster)
    assert (result.new, result.changed, result.known) == (0, 0, 2)


def test_folders_that_are_nearly_an_id_are_asked_about(gather, tmp_path) -> None:
    """Two folders that are read as the same id are two students until a person has said otherwise."""
    source = written(tmp_path / "class", {"ab1/tiny.py": RIGHT, "a.b.1/tiny.py": WRONG})
    result = gather(source, roster=Roster((Person("ab-1", "A B"),)))

    assert [line.state for line in result.lines if line.student != "ab-1"] == ["waits", "waits"]


def test_a_repository_that_cannot_be_read_for_a_moment(gather, tmp_path) -> None:
    """What was collected before counts meanwhile; who had nothing waits, and no longer once it can be read."""
    for student in ("ada", "bob"):
        clone(tmp_path / "clones" / student, (EARLY, {"tiny.py": RIGHT}))
    heads = {student: tmp_path / "clones" / student / ".git" / "HEAD" for student in ("ada", "bob")}
    whole = heads["bob"].read_text()
    heads["bob"].write_text("ref: ")
    gather(tmp_path / "clones")
    heads["ada"].write_text("ref: ")
    result = gather(tmp_path / "clones")
    assert {line.student: line.state for line in result.lines} == {"ada": "collected", "bob": "waits"}
    assert result.notes == [
        "ada: The repository has a HEAD that cannot be read. Until it can be read, what is there counts."
    ]
    for head in heads.values():
        head.write_text(whole)
    result = gather(tmp_path / "clones")

    assert [(line.student, line.state, line.attempts) for line in result.lines] == [
        ("ada", "collected", 1),
        ("bob", "collected", 1),
    ]


def test_a_file_without_permission_waits(gather, tmp_path, monkeypatch) -> None:
    """A hand-in of which a file cannot be read waits, and is the first attempt once it can be read."""
    source = written(tmp_path / "class", {"ada/tiny.py": RIGHT, "ada/other.py": "", "bob/tiny.py": RIGHT})
    opened = os.open

    def refuse(path, *arguments, **more) -> int:
        if path == "tiny.py":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        result = gather(source)
    assert {line.student: line.state for line in result.lines} == {"ada": "waits", "bob": "waits"}
    assert result.lines[0].notes[0] == "tiny.py cannot be read: no permission."
    assert (result.questions, result.unread) == (2, True)
    result = gather(source)

    assert [(line.state, line.attempts) for line in result.lines] == [("collected", 1), ("collected", 1)]
    assert not result.unread
    assert text(tmp_path, "ada") == RIGHT


@pytest.mark.parametrize("folders", [True, False])
def test_a_name_may_begin_with_a_dot(gather, tmp_path, folders) -> None:
    """Moodle's folder of a student is none that a system hides."""
    people = {".Net Max_5": {"tiny.py": RIGHT}, "..._6": {"tiny.py": WRONG}}
    result = gather(moodle(people, folders=folders))

    assert {line.name for line in result.lines} == {".Net Max", "..."}
    assert sorted(each.name for each in attempts(tmp_path).values()) == ["...", ".Net Max"]


@pytest.mark.parametrize("packed", [True, False])
def test_a_hidden_folder_that_may_be_a_hand_in_is_named(gather, tmp_path, packed) -> None:
    """Among folders of students, what is hidden is not taken, and that is said; what tools leave is no news."""
    files = {".net max/tiny.py": RIGHT, "ada/tiny.py": RIGHT, ".DS_Store": "", ".git/config": ""}
    result = gather(files if packed else written(tmp_path / "class", files))

    assert [line.student for line in result.lines] == ["ada"]
    assert result.beside == [".net max"]


def test_a_single_file_that_is_left_out_is_its_student_s(gather, tmp_path) -> None:
    """A link among single files belongs to whom its name says, like a file."""
    source = written(tmp_path / "class", {"ada.py": RIGHT})
    (source / "bob.py").symlink_to("/etc/passwd")
    gather(source)

    assert sorted(attempts(tmp_path)) == ["ada", "bob"]
    assert "Left out: bob.py (is a link, not a file)." in attempts(tmp_path)["bob"].notes
    assert not attempts(tmp_path)["bob"].files


def test_a_path_that_leads_out_is_nobody(gather, tmp_path) -> None:
    """It makes no student, and a note names it."""
    result = gather({"../../x.py": "1", "a/../../../etc/y": "2", "Eva/tiny.py": RIGHT})

    assert [line.student for line in result.lines] == ["Eva"]
    assert result.notes == [
        "Left out: ../../x.py (has a path that leads out of the archive).",
        "Left out: a/../../../etc/y (has a path that leads out of the archive).",
    ]


def test_an_attempt_that_was_on_its_way_to_another_student(gather, tmp_path, monkeypatch) -> None:
    """When a collection is killed while an attempt moves to its student, it is once there after the next."""
    roster = Roster((Person("zada", "Ada Lovelace"),))
    people = {"Ada Lovelacce_1": {"tiny.py": RIGHT}}
    gather(moodle(people), roster=roster)
    answer(tmp_path, question="who handed in", said="zada")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(filing, "remove_attempt", killed)
        with pytest.raises(KeyboardInterrupt):
            gather(moodle(people), roster=roster)
    assert sorted(attempts(tmp_path)) == ["Ada Lovelacce", "zada"]
    gather(moodle(people), roster=roster)

    assert sorted(attempts(tmp_path)) == ["zada"]


def test_several_hand_ins_without_times_are_asked_for(gather, tmp_path) -> None:
    """Of two hand-ins in one download that no time sets apart, a person says which counts."""
    roster = Roster((Person("ada", "Ada Lovelace", aliases=("Ada L",)),))
    people = {"Ada Lovelace_1": {"tiny.py": RIGHT}, "Ada L_2": {"tiny.py": WRONG}}
    assert gather(moodle(people), roster=roster).questions == 1
    first = next(each for each in read_attempts(tmp_path / "collected") if each.key == "Ada Lovelace_1").number
    answer(tmp_path, question="which attempt counts", said=str(first))
    result = gather(moodle(people), roster=roster)

    assert result.questions == 0
    assert attempts(tmp_path)["ada"].number == first


def test_who_is_not_clear_is_asked_for(gather, tmp_path) -> None:
    """A name that only looks like one on the roster is asked for; the answer moves the attempt, and is remembered."""
    people = {"Ada Lovelacce_1": {"tiny.py": RIGHT}}
    result = gather(moodle(people), roster=ROSTER)
    assert next((line.student, line.state) for line in result.lines) == ("Ada Lovelacce", "waits")
    assert [line.notes for line in result.lines if line.student == "ada"] == [
        ("Perhaps Ada Lovelacce, who waits for an answer.",)
    ]
    answer(tmp_path, question="who handed in", said="ada")
    result = gather(moodle(people), roster=ROSTER)

    assert (result.questions, result.changed) == (0, 1)
    assert sorted(attempts(tmp_path)) == ["ada"]
    people = {"Ada Lovelacce_1": {"tiny.py": WRONG}}
    assert [line.attempts for line in gather(moodle(people), roster=ROSTER).lines if line.student == "ada"] == [2]


def test_questions_of_another_download_stay(gather, tmp_path) -> None:
    """What waits for an answer has its line, whatever was collected last, and a note names the download."""
    first = tmp_path / "first.zip"
    people = {
        "Ada Lovelacce_1": {"tiny.py": RIGHT},
        "Cy Young_2": {"one.py": TWO, "two.py": TWO + "#2\n"},
    }
    first.write_bytes(zipped(moodle(people)))
    gather(first, roster=ROSTER)
    path = tmp_path / "collected" / "questions.csv"
    before = path.read_bytes()
    second = export(("Bob Ross", "17", "bob@example.org", "2026-10-15 10:00:00 +0000", RIGHT))
    for _ in range(2):
        result = gather(second, roster=ROSTER)
        assert (path.read_bytes(), result.questions) == (before, 2)
        (note,) = result.notes
        assert note.startswith("questions.csv holds questions of an earlier collection, too (")
        assert note.endswith("once they are answered, collect first.zip again.")
    answer(tmp_path, question="who handed in", said="ada")
    gather(second, roster=ROSTER)
    assert gather(first, roster=ROSTER).questions == 1
    assert sorted(attempts(tmp_path)) == ["ada", "bob", "cy"]


def test_an_answer_that_names_nobody_is_said(gather, tmp_path) -> None:
    """The question stays, and a sentence says what is wrong with the answer; "as is" takes the name as it is."""
    people = {"Ada Lovelacce_1": {"tiny.py": RIGHT}}
    gather(moodle(people), roster=ROSTER)
    answer(tmp_path, question="who handed in", said="zoe")
    result = gather(moodle(people), roster=ROSTER)
    assert result.notes == ["questions.csv: 'zoe' is nobody on the roster; write an id from it."]
    assert result.questions == 1
    answer(tmp_path, question="who handed in", said="as is")

    assert gather(moodle(people), roster=ROSTER).questions == 0
    assert sorted(attempts(tmp_path)) == ["Ada Lovelacce"]


@pytest.mark.parametrize("broken", [b"garbage\n", b"\xff\xfe"])
def test_a_broken_file_of_questions_costs_no_answer(gather, tmp_path, broken) -> None:
    """It is copied before anybody follows the advice to remove it, after which the answers used last are used again."""
    people = {"Ada Lovelace_1": {"one.py": TWO, "two.py": TWO + "#2\n"}}
    gather(moodle(people))
    answer(tmp_path, question="tiny.py", said="two.py")
    gather(moodle(people))
    path = tmp_path / "collected" / "questions.csv"
    for number, data in (("", broken), ("", broken), ("-2", broken + b"\xff")):
        path.write_bytes(data)
        with pytest.raises(
            UsageError, match=rf"the answers that were used last .* kept in questions\.csv\.broken{number}\."
        ):
            gather(moodle(people))
        assert path.with_name(f"questions.csv.broken{number}").read_bytes() == data
    path.unlink()
    result = gather(moodle(people))

    assert (result.questions, result.known) == (0, 1)
    assert text(tmp_path, "Ada Lovelace") == TWO + "#2\n"
    assert result.notes == [
        "questions.csv was not there, so 1 answer of the last collection is used again; remove .questions.csv, too, "
        "to be asked again."
    ]
    assert "two.py" in path.read_text()
    answer(tmp_path, question="tiny.py", said="")
    assert gather(moodle(people)).questions == 1


def test_a_broken_file_of_questions_without_answers_before(gather, tmp_path) -> None:
    """Where no answers were used before, the sentence says that all is asked again."""
    written(tmp_path / "collected", {"questions.csv": "garbage", ".collected": ""})
    with pytest.raises(UsageError, match="Without the file all is asked again; what it holds now is kept in"):
        gather(moodle({"Ada Lovelace_1": {"tiny.py": RIGHT}}))


def test_an_attempt_is_counted_once(gather, tmp_path) -> None:
    """What changes only by a deadline that is given later is changed, and not there already, too."""
    source = written(tmp_path / "class", {"ada/tiny.py": RIGHT, "bob/tiny.py": RIGHT})
    gather(source)
    result = gather(source, due=datetime(2001, 1, 1, tzinfo=UTC))

    assert (result.new, result.changed, result.known) == (0, 2, 0)


@pytest.mark.parametrize(
    ("name", "repaired"),
    [
        ("J\u00fcrgen_1", ""),
        ("Ju\u0308rgen_1", ""),
        ("M#U00fcller Max_1", "M\u00fcller Max_1_assignsubmission_file"),
    ],
)
def test_the_name_that_was_repaired_is_named(gather, tmp_path, name, repaired) -> None:
    """It is the folder's, not that of the file in it; an accent in a character of its own is no other name."""
    gather(moodle({name: {"tiny.py": RIGHT}}))
    (attempt,) = attempts(tmp_path).values()

    expected = f"Names with misread letters or invisible marks were repaired: {repaired}."
    assert list(attempt.notes) == ([expected] if repaired else [])


def test_files_that_are_not_clear_are_asked_for(gather, tmp_path) -> None:
    """Two files that could be meant are never chosen between; each answer is used, and can be changed."""
    people = {"Ada Lovelace_1": {"one.py": TWO, "two.py": TWO + "#2\n"}}
    assert gather(moodle(people)).questions == 1
    for said, expected in (("two.py", TWO + "#2\n"), ("one.py", TWO)):
        answer(tmp_path, question="tiny.py", said=said)
        assert gather(moodle(people)).questions == 0
        assert text(tmp_path, "Ada Lovelace") == expected
    answer(tmp_path, question="tiny.py", said="none")
    gather(moodle(people))

    assert not (tmp_path / "collected" / "Ada Lovelace" / "1" / "tiny.py").exists()


def test_too_much_waits_for_a_person(gather, tmp_path) -> None:
    """A hand-in beyond the limits stops nobody else, and is not graded before somebody has examined it."""
    people = {"Ada Lovelace_1": {f"{number}.txt": "x" for number in range(30)}, "Bob Ross_2": {"tiny.py": RIGHT}}
    result = gather(moodle(people), caps=Caps(entries=20))

    assert [(line.student, line.state) for line in result.lines] == [
        ("Ada Lovelace", "waits"),
        ("Bob Ross", "collected"),
    ]
    answer(tmp_path, question="whether it is graded", said="as is")
    assert gather(moodle(people), caps=Caps(entries=20)).questions == 0


def test_two_students_of_one_name_stay_two(gather, tmp_path) -> None:
    """The second of two who are called the same gets the platform's number, in every download."""
    people = {"Ada Lovelace_1": {"tiny.py": RIGHT}, "Ada Lovelace_2": {"tiny.py": WRONG}}
    gather(moodle(people))
    gather(moodle(people))

    assert sorted(attempts(tmp_path)) == ["Ada Lovelace", "Ada Lovelace_2"]


def test_what_was_collected_is_graded(gather, tmp_path) -> None:
    """The attempt that counts is staged under the right names, with notes and time; what waits is left out."""
    gather(
        {
            **moodle({"Ada Lovelace_1": {"deep/tiny (1).py": RIGHT}}),
            **moodle({"Bob Ross_2": {"one.py": TWO, "two.py": TWO + "#"}}),
        }
    )
    (staged,) = collect(tmp_path / "collected", ("tiny.py",), tmp_path / "staged")

    assert (staged.student, staged.problem, staged.received) == ("Ada Lovelace", "", None)
    assert staged.notes == ("deep/tiny (1).py was taken for tiny.py.",)
    assert sorted(path.name for path in staged.folder.rglob("*")) == ["tiny.py"]


def test_nothing_but_what_waits_cannot_be_graded(gather, tmp_path) -> None:
    """A class that only waits for answers is refused in a sentence."""
    gather(moodle({"Bob Ross_2": {"one.py": TWO, "two.py": TWO + "#"}}))
    with pytest.raises(UsageError, match=r"holds no attempt that can be graded; answer what is asked"):
        collect(tmp_path / "collected", ("tiny.py",), tmp_path / "staged")


def test_hostile_paths_stay_out(gather, tmp_path) -> None:
    """Paths that lead out, links and hidden files of an archive are left out, and the rest is collected."""
    download = tmp_path / "class.tar.gz"
    import tarfile

    with tarfile.open(download, "w:gz") as archive:
        for name, data in (
            ("../evil.py", b"1"),
            ("/etc/evil", b"2"),
            ("ada/tiny.py", RIGHT.encode()),
            ("ada/.x", b"3"),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("ada/secret.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        other = tarfile.TarInfo("bob/tiny.py")
        other.type, other.linkname = tarfile.LNKTYPE, "/etc/passwd"
        archive.addfile(other)
    gather(download)

    assert not (tmp_path / "evil.py").exists()
    assert attempts(tmp_path)["ada"].files == {"tiny.py": "tiny.py"}
    assert "Left out: secret.txt (is a link, not a file)." in attempts(tmp_path)["ada"].notes
    assert "bob" not in attempts(tmp_path) or not attempts(tmp_path)["bob"].files


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("absent", "does not exist; name the download"),
        ("empty", "holds no files"),
        ("broken.zip", "is damaged"),
        ("broken.tar.gz", "is damaged"),
        ("notes.docx", "is no archive that can be read here"),
        ("empty.csv", r"no list of git repositories: each line .*file:///PATH"),
        ("local.txt", r"no list of git repositories: each line .*file:///PATH"),
        ("collected", r"overlap; name another folder with `autograder collect .* --assignment tiny --out DIR`"),
    ],
)
def test_a_source_that_cannot_be_collected_is_one_sentence(gather, tmp_path, source, sentence) -> None:
    """What is wrong with the whole download is said, with what to do."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "local.txt").write_text("ada,/home/staff/ada\nbob,/home/staff/bob\n")
    for name in ("broken.zip", "broken.tar.gz", "notes.docx"):
        (tmp_path / name).write_bytes(b"PK\3\4" + b"\0" * 600)
    with pytest.raises(UsageError, match=sentence):
        gather(tmp_path / source)


def test_a_folder_of_something_else_is_not_written_to(gather, tmp_path) -> None:
    """Attempts are never put among other files."""
    written(tmp_path / "collected", {"essay.txt": "mine"})
    with pytest.raises(UsageError, match=r"holds something that was not collected \(essay\.txt\)"):
        gather(moodle({"Ada Lovelace_1": {"tiny.py": RIGHT}}))


def test_a_command_that_is_suggested_can_be_pasted(gather, tmp_path) -> None:
    """A path with a space is quoted."""
    written(tmp_path / "collected", {"essay.txt": "mine"})
    source = written(tmp_path / "plain files", {"ada/tiny.py": RIGHT})
    with pytest.raises(UsageError, match=rf"`autograder collect '{source}' --assignment tiny --out DIR`"):
        gather(source)


def test_of_plain_folders_the_one_that_was_collected_later_counts(gather, tmp_path) -> None:
    """Files that are older, as of an unpacked archive, do not make it the earlier attempt: their times say little."""
    for name, source, time in (("first", WRONG, 1_790_000_000), ("second", RIGHT, 1_780_000_000)):
        folder = written(tmp_path / name, {"ada/tiny.py": source})
        os.utime(folder / "ada/tiny.py", (time, time))
        gather(folder)
    assert attempts(tmp_path)["ada"].number == 2


def test_a_record_that_was_changed_is_one_sentence(gather, tmp_path) -> None:
    """A record that cannot be read says which folder to remove."""
    source = moodle({"Ada Lovelace_1": {"tiny.py": RIGHT}})
    gather(source)
    (tmp_path / "collected" / "Ada Lovelace" / "1" / ".attempt.json").write_text("{")
    with pytest.raises(UsageError, match=r"cannot be read .*; remove .* and collect it again"):
        gather(source)


def git(folder: Path, *arguments: str, when: str = "2026-11-20T10:00:00+00:00") -> None:
    """Run git as a student does."""
    names = {f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    times = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(
        ["git", "-c", "init.defaultBranch=main", "-C", folder, *arguments],
        check=True, capture_output=True, env={**os.environ, **names, **times},
    )  # fmt: skip


def clone(folder: Path, *commits: tuple[str, Files]) -> Path:
    """A repository with commits, each a time and files."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    for when, files in commits:
        written(folder, files)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "work", when=when)
    return folder


EARLY, LATE = "2026-11-20T10:00:00+00:00", "2026-11-25T10:00:00+00:00"
DUE = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_last_commit_before_the_deadline(gather, tmp_path) -> None:
    """Of clones, the commit counts and not the working tree; who had none by then is missing."""
    clone(tmp_path / "clones" / "tiny-ada", (EARLY, {"tiny.py": RIGHT}), (LATE, {"tiny.py": WRONG}))
    clone(tmp_path / "clones" / "tiny-bob", (LATE, {"tiny.py": RIGHT}))
    clone(tmp_path / "clones" / "tiny-cy")
    written(tmp_path / "clones" / "tiny-ada", {"tiny.py": "not committed"})
    result = gather(tmp_path / "clones", due=DUE)

    assert result.said == "a folder of git repositories"
    assert text(tmp_path, "ada") == RIGHT
    assert attempts(tmp_path)["ada"].received == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert [(line.student, line.notes) for line in result.lines if line.state == "missing"] == [
        ("bob", ("No commit before the deadline.",)),
        ("cy", ("No commit.",)),
    ]


def test_a_deadline_that_moves_decides_which_commit_counts(gather, tmp_path) -> None:
    """A commit after the deadline of today does not count, though it was collected before; by a later one it does."""
    clone(tmp_path / "clones" / "ada", (EARLY, {"tiny.py": RIGHT}), (LATE, {"tiny.py": WRONG}))
    for due, content in ((None, WRONG), (DUE, RIGHT), (datetime(2026, 11, 30, tzinfo=UTC), WRONG)):
        gather(tmp_path / "clones", due=due)
        counts = attempts(tmp_path)["ada"]
        assert (counts.folder(tmp_path / "collected") / "tiny.py").read_text() == content


def test_a_list_of_repositories(gather, tmp_path) -> None:
    """Listed repositories are fetched, and fetched again for what came later; one that is not there stops nobody."""
    home = clone(tmp_path / "hub" / "x1.git", (EARLY, {"tiny.py": WRONG}))
    listed = tmp_path / "repositories.csv"
    listed.write_text(f"student,url\nada,file://{home}\nbob,file://{tmp_path}/hub/gone.git\n")
    result = gather(listed)
    assert result.said == "a list of git repositories"
    assert {line.student: line.state for line in result.lines} == {"ada": "collected", "bob": "not fetched"}
    gone = f"{tmp_path}/hub/gone.git"
    assert result.notes == [
        f"bob: the repository file://{gone} could not be fetched: '{gone}' does not appear to be a git repository; "
        "Could not read from remote repository."
    ]
    assert result.unread
    assert text(tmp_path, "ada") == WRONG
    written(home, {"tiny.py": RIGHT})
    git(home, "commit", "-q", "-am", "more", when=LATE)

    assert [line.counts for line in gather(listed).lines if line.student == "ada"] == [2]
    assert text(tmp_path, "ada", attempt=2) == RIGHT


def test_a_list_does_not_take_two_repositories_for_one_student(gather, tmp_path) -> None:
    """Forks of one name, in a list that names no students, are refused; with a column for them they are collected."""
    for student, content in (("ada", RIGHT), ("bob", WRONG)):
        clone(tmp_path / student / "homework.git", (EARLY, {"tiny.py": content}))
    addresses = [f"file://{tmp_path}/{student}/homework.git" for student in ("ada", "bob")]
    (tmp_path / "list.txt").write_text("\n".join(addresses))
    with pytest.raises(UsageError, match=r"two repositories of 'homework': .*; name the student of each in a column"):
        gather(tmp_path / "list.txt")
    (tmp_path / "list.csv").write_text(f"student,url\nada,{addresses[0]}\nbob,{addresses[1]}\n")
    gather(tmp_path / "list.csv")

    assert (text(tmp_path, "ada"), text(tmp_path, "bob")) == (RIGHT, WRONG)


def test_submodules_and_pointers_of_lfs_are_said(gather, tmp_path) -> None:
    """What a repository only points at is named, because it is not there."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    folder = clone(tmp_path / "clones" / "ada", (EARLY, {"tiny.py": RIGHT, "model.pt": pointer}))
    sha = "1" * 40
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{sha},lib")
    (folder / "link.py").symlink_to("/etc/passwd")
    git(folder, "add", "link.py")
    git(folder, "commit", "-q", "-m", "more")
    gather(tmp_path / "clones")
    notes = " ".join(attempts(tmp_path)["ada"].notes)

    assert "Only the pointer of Git LFS is there for model.pt" in notes
    assert "lib (is a submodule, whose files are in another repository)" in notes
    assert "link.py (is a link, not a file)" in notes


def test_the_configuration_of_a_repository_runs_nothing(gather, tmp_path) -> None:
    """Programs that a repository's own configuration names are not started, and objects from elsewhere are refused."""
    folder = clone(tmp_path / "clones" / "ada", (EARLY, {"tiny.py": RIGHT}))
    script = written(tmp_path, {"run.sh": f"#!/bin/sh\ntouch {tmp_path}/ran\n"}) / "run.sh"
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
        "core.sshCommand",
        "filter.x.smudge",
        "log.showSignature",
    ):
        git(folder, "config", key, "true" if key == "log.showSignature" else str(script))
    bob = clone(tmp_path / "clones" / "bob", (EARLY, {"tiny.py": RIGHT}))
    (bob / ".git" / "objects" / "info" / "alternates").write_text(f"{folder}/.git/objects\n")
    result = gather(tmp_path / "clones")

    assert not (tmp_path / "ran").exists()
    assert {line.student: line.state for line in result.lines} == {"ada": "collected", "bob": "waits"}
    assert attempts(tmp_path)["bob"].problem == (
        "The repository takes its objects from another repository; clone it again in full."
    )


def test_a_7z_file_without_py7zr_stops_nobody_else(gather, tmp_path, monkeypatch) -> None:
    """Who handed one in waits, with what to install; once it is there, the same command opens it."""
    people = {"Ada Lovelace_1": {"hw.7z": b"7z\xbc\xaf\x27\x1c"}, "Bob Ross_2": {"tiny.py": RIGHT}}
    with monkeypatch.context() as without:
        without.setattr("importlib.util.find_spec", lambda name: None)
        result = gather(moodle(people))
    assert [(line.student, line.state) for line in result.lines] == [
        ("Ada Lovelace", "waits"),
        ("Bob Ross", "collected"),
    ]
    assert "pip install 'autograder-ml[archives]'" in attempts(tmp_path)["Ada Lovelace"].problem
    pytest.importorskip("py7zr", reason="the extra autograder-ml[archives] is not installed")
    gather(moodle(people))

    assert attempts(tmp_path)["Ada Lovelace"].problem == ""
    assert any("is damaged or no 7z file" in note for note in attempts(tmp_path)["Ada Lovelace"].notes)


def test_a_number_of_canvas_that_is_somebody_else_s_id_is_asked_about(gather, tmp_path) -> None:
    """Who hands in is never decided by a number of the platform alone."""
    roster = Roster((Person("12345", "Ada Lovelace"), Person("12346", "Bob Ross")))
    result = gather(canvas({"rossbob_12345": {"tiny.py": RIGHT}, "youngcy_12346": {"tiny.py": WRONG}}), roster=roster)

    assert [line.state for line in result.lines if line.student in ("rossbob", "youngcy")] == ["waits", "waits"]


NAMES = st.sampled_from(
    ["tiny.py", "tiny (1).py", "hw/tiny.py", "old/tiny.py", "a.py", "b.py", "deep/er/c.txt", "x.zip"]
)
TEXTS = st.sampled_from([RIGHT, WRONG, TWO, "", "\ufeff\r\n", "x = 1"])


@settings(max_examples=40)
@given(st.dictionaries(NAMES, TEXTS, max_size=5), st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3))
def test_whatever_is_handed_in_is_kept_and_collected_once(tmp_path_factory, one: Files, two: Files) -> None:
    """Every byte is in the original, what is graded has no other bytes, and collecting again changes nothing."""
    folder = tmp_path_factory.mktemp("any")
    inner = zipped({"tiny.py": RIGHT})
    people = {"Ada Lovelace_1": one, "Bob Ross_2": two}
    people = {
        who: {name: inner if name == "x.zip" else text for name, text in own.items()} for who, own in people.items()
    }
    (folder / "a.zip").write_bytes(zipped(moodle(people)))
    into = folder / "collected"

    def run() -> Collection:
        (into / ".staging").mkdir(parents=True, exist_ok=True)
        how = Filing(into, Asked("tiny", ("tiny.py",)), recogniser=DEFINES)
        return collect_source(folder / "a.zip", into / ".staging", how)

    run()
    before = snapshot(into)
    assert run().new == 0
    assert snapshot(into) == before
    for attempt in read_attempts(into):
        handed = people[next(who for who in people if who.startswith(attempt.student))]
        place = attempt.folder(into)
        for name, content in handed.items():
            data = content.encode() if isinstance(content, str) else content
            assert (place / ORIGINAL / name).read_bytes() == data
        graded = {path for path in place.rglob("*") if path.is_file() and ORIGINAL not in path.parts}
        known = {*(text.encode() if isinstance(text, str) else text for text in handed.values()), RIGHT.encode()}
        assert all(path.read_bytes() in known for path in graded if path.name != ".attempt.json")


@pytest.mark.parametrize("step", range(1, 9))
def test_a_collection_that_is_killed_goes_on(gather, tmp_path, monkeypatch, step) -> None:
    """Whenever it is stopped, no attempt is half there, none is lost, and the same command makes what was left."""
    first = {"Ada Lovelace_1": {"one.py": TWO, "two.py": TWO + "#"}, "Bob Ross_2": {"tiny.py": WRONG}}
    gather(moodle(first))
    answer(tmp_path, question="tiny.py", said="two.py")
    people = {**first, "Cy Young_3": {"tiny.py": RIGHT}, "Dan Day_4": {"tiny.py": RIGHT + "#"}}
    calls = 0

    def killed(real):
        def call(*arguments):
            nonlocal calls
            calls += 1
            if calls == step:
                raise KeyboardInterrupt
            return real(*arguments)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(os, "utime", killed(os.utime))
        patched.setattr(Path, "rename", killed(Path.rename))
        with contextlib.suppress(KeyboardInterrupt):
            gather(moodle(people))
    known = attempts(tmp_path)  # every record that is there can be read
    assert {"Ada Lovelace", "Bob Ross"} <= set(known)
    for each in known.values():
        assert all((each.folder(tmp_path / "collected") / file).is_file() for file in each.files)
    result = gather(moodle(people))

    assert [(line.student, line.state, line.attempts) for line in result.lines] == [
        ("Ada Lovelace", "collected", 1),
        ("Bob Ross", "collected", 1),
        ("Cy Young", "collected", 1),
        ("Dan Day", "collected", 1),
    ]
    assert text(tmp_path, "Ada Lovelace") == TWO + "#"

"""What comes from students: whatever it is, it becomes a private copy of regular files, or one clear sentence."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import struct
import tarfile
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checks.errors import UsageError
from autograder.submissions import Caps, Submission, collect, collect_one, passed_over
from autograder.submissions.names import near, safe_parts, student_name

NET, MAIN = "backprop_network.py", "backprop_main.py"
FILES = (NET, MAIN)
CODE = b"def relu(z):\n    return z\n"


@pytest.fixture
def class_folder(tmp_path: Path) -> Path:
    """An empty folder of submissions."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


def put(folder: Path) -> Path:
    """Make a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def student(class_folder: Path, files: dict[str, bytes], name: str = "alice") -> Path:
    """A submission that is a folder."""
    for path, data in files.items():
        target = class_folder / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return class_folder / name


def zipped(path: Path, files: dict[str, bytes], **attributes: int) -> Path:
    """A zip file; `attributes` are set on each entry's record."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.writestr(info, data)
    return path


def tarred(path: Path, files: dict[str, bytes], format: int = tarfile.PAX_FORMAT) -> Path:
    """A tar.gz file."""
    with tarfile.open(path, "w:gz", format=format) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def take(class_folder: Path, files: tuple[str, ...] = FILES, caps: Caps | None = None) -> tuple[Submission, ...]:
    """Collect into a folder beside the submissions."""
    return collect(class_folder, files, class_folder.parent / "staging", caps or Caps())


def only(class_folder: Path, files: tuple[str, ...] = FILES, caps: Caps | None = None) -> Submission:
    """Collect the one submission that is there."""
    (submission,) = take(class_folder, files, caps)
    return submission


def staged(submission: Submission) -> dict[str, bytes]:
    """Every file of the private copy; nothing but files and folders may be there."""
    found = {}
    for path in submission.folder.rglob("*"):
        mode = path.lstat().st_mode
        assert stat.S_ISREG(mode) or stat.S_ISDIR(mode)
        if stat.S_ISREG(mode):
            found[path.relative_to(submission.folder).as_posix()] = path.read_bytes()
    return found


# --- What is taken


def test_folders_files_and_archives_are_each_a_student(class_folder: Path) -> None:
    """The student is named by the folder, or by the file without its ending; they come sorted."""
    student(class_folder, {NET: CODE, MAIN: CODE}, "smith.j")
    (class_folder / "bob.py").write_bytes(CODE)
    zipped(class_folder / "carl.zip", {NET: CODE})
    tarred(class_folder / "dora.tar.gz", {NET: CODE})
    tarred(class_folder / "emil.tgz", {NET: CODE})

    found = take(class_folder, (NET,))

    assert [submission.student for submission in found] == ["bob", "carl", "dora", "emil", "smith.j"]
    assert all(not submission.problem and not submission.notes for submission in found)
    assert all(staged(submission)[NET] == CODE for submission in found)
    assert len({submission.sha256 for submission in found[:4]}) == 1


def test_hidden_files_and_those_of_tools_are_ignored(class_folder: Path) -> None:
    """At the top and inside, in folders and archives alike, and silently."""
    clutter = {
        f"{folder}/{NET}": b"x" for folder in ("__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", "venv/a/b")
    }
    clutter |= {".DS_Store": b"x", "Thumbs.db": b"x", f"._{NET}": b"x"}
    student(class_folder, {NET: CODE, **clutter})
    zipped(class_folder / "bob.zip", {NET: CODE, **clutter})
    tarred(class_folder / "carl.tar.gz", {NET: CODE, **clutter})
    (class_folder / ".hidden").mkdir()
    (class_folder / "__MACOSX").mkdir()

    found = take(class_folder, (NET,))

    assert [submission.student for submission in found] == ["alice", "bob", "carl"]
    assert all(staged(submission) == {NET: CODE} for submission in found)
    assert all(submission.notes == () for submission in found)


def test_helper_modules_and_data_beside_the_files_are_kept(class_folder: Path) -> None:
    """What a submission may import or read lies at the same place in the copy."""
    student(class_folder, {NET: CODE, "tools/helper.py": b"a = 1\r\n", "weights.bin": b"\r\n\0"})

    assert staged(only(class_folder, (NET,))) == {NET: CODE, "tools/helper.py": b"a = 1\n", "weights.bin": b"\r\n\0"}


def test_the_copy_can_be_read_by_another_user(class_folder: Path) -> None:
    """Permissions of the original do not matter, and nobody but the owner may write."""
    folder = student(class_folder, {NET: CODE, "tools/helper.py": CODE})
    (folder / NET).chmod(0o700)

    submission = only(class_folder)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in submission.folder.rglob("*")}
    assert modes == {NET: 0o644, "helper.py": 0o644, "tools": 0o755}
    assert stat.S_IMODE(submission.folder.stat().st_mode) == 0o755


@pytest.mark.parametrize("prefix", ["hw4/", "alice/hw 4/", "hw4\\"])
def test_folders_around_the_files_do_not_matter(class_folder: Path, prefix: str) -> None:
    """A zip file with one top folder is as good as one without; Windows may separate by a backslash."""
    zipped(class_folder / "alice.zip", {prefix: b"", f"{prefix}{NET}": CODE, f"{prefix}{MAIN}": CODE, "read me": b"x"})
    shutil.copy(class_folder / "alice.zip", class_folder / "bob.zip")
    if "\\" not in prefix:
        student(class_folder, {f"{prefix}{NET}": CODE, f"{prefix}{MAIN}": CODE}, "carl")
        tarred(class_folder / "dora.tar.gz", {f"./{prefix}{NET}": CODE, f"./{prefix}{MAIN}": CODE})

    for submission in take(class_folder):
        assert submission.problem == ""
        assert staged(submission) == {NET: CODE, MAIN: CODE}


def test_received_is_the_time_of_the_newest_file(class_folder: Path) -> None:
    """In UTC; for an archive the time of the archive itself."""
    folder = student(class_folder, {NET: CODE, MAIN: CODE})
    os.utime(folder / NET, (1_700_000_000, 1_700_000_000))
    os.utime(folder / MAIN, (1_600_000_000, 1_600_000_000))
    os.utime(zipped(class_folder / "bob.zip", {NET: CODE}), (1_500_000_000, 1_500_000_000))

    received = [submission.received for submission in take(class_folder)]

    assert received == [datetime.fromtimestamp(seconds, UTC) for seconds in (1_700_000_000, 1_500_000_000)]


def test_the_hash_stands_for_names_and_bytes(class_folder: Path) -> None:
    """The same files give the same hash, moved bytes or another name another one."""
    student(class_folder, {NET: b"ab", "c.py": b"d"}, "a")
    student(class_folder, {NET: b"ab", "c.py": b"d"}, "b")
    student(class_folder, {NET: b"abd", "c.py": b""}, "c")
    student(class_folder, {NET: b"ab", "d.py": b"d"}, "d")

    hashes = [submission.sha256 for submission in take(class_folder, (NET,))]

    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_collecting_again_makes_the_copies_anew(class_folder: Path) -> None:
    """What lay in an older copy is gone."""
    folder = student(class_folder, {NET: CODE, "old.py": b"x"})
    take(class_folder)
    (folder / "old.py").unlink()

    assert staged(only(class_folder)) == {NET: CODE}


def test_without_copies_the_same_is_said_of_the_submissions(class_folder, tmp_path):
    """Whoever only asks what was handed in gets no copy of it."""
    (class_folder / "alice").mkdir()
    (class_folder / "alice" / FILES[0]).write_text("x = 1\n")

    said = collect(class_folder, FILES, tmp_path / "staging", copies=False)

    assert not (tmp_path / "staging").exists()
    assert said == collect(class_folder, FILES, tmp_path / "staging")
    assert (tmp_path / "staging" / "alice" / FILES[0]).read_text() == "x = 1\n"


def test_the_folder_of_one_student_may_be_given_itself(class_folder: Path) -> None:
    """So may one file; the student is named after it."""
    folder = student(class_folder, {NET: CODE, MAIN: CODE, "notes.txt": b"x"})
    archive = zipped(class_folder / "bob.zip", {NET: CODE, MAIN: CODE})
    staging = class_folder.parent / "staging"

    assert [submission.student for submission in collect(folder, FILES, staging)] == ["alice"]
    assert [submission.student for submission in collect(archive, FILES, staging)] == ["bob"]


# --- A wrong call


def test_a_path_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    """The sentence names it."""
    with pytest.raises(UsageError, match=r"nowhere does not exist; name the folder that holds the submissions\."):
        take(tmp_path / "nowhere")


def test_an_empty_folder_of_submissions_is_reported(class_folder: Path) -> None:
    """Also when it holds hidden files only; the sentence says what should be there."""
    (class_folder / ".DS_Store").write_text("x")

    with pytest.raises(UsageError, match=r"submissions is empty; it should hold one folder, or one \.py, \.zip or"):
        take(class_folder)


def test_copies_inside_the_submissions_are_refused(class_folder: Path) -> None:
    """Staging would overwrite the submissions, or be taken for one."""
    student(class_folder, {NET: CODE})

    for staging in (class_folder, class_folder / "copies", class_folder.parent):
        with pytest.raises(UsageError, match=r"must not hold the submissions in .*; choose another folder\."):
            collect(class_folder, FILES, staging)
    assert (class_folder / "alice" / NET).read_bytes() == CODE


def test_a_staging_place_that_cannot_be_written_is_reported(class_folder: Path) -> None:
    """That is not a student's fault."""
    student(class_folder, {NET: CODE})
    (class_folder.parent / "staging").write_text("a file")

    with pytest.raises(
        UsageError,
        match=r"The submissions cannot be copied to .*staging: a part of its path is a file and not a folder; correct",
    ):
        take(class_folder)


# --- Names of students


def test_names_are_normalised_and_made_safe() -> None:
    """NFC; no separators, nothing unprintable, not hidden, not empty, not longer than a file's name may be."""
    assert student_name(unicodedata.normalize("NFD", "Zoë")) == "Zoë"
    assert student_name("a/b\\c:d\x1b\u202ee\udcff") == "a_b_c_d__e_"
    assert student_name("..") == "_"
    assert student_name(" . ") == "_"
    assert student_name("") == "_"
    assert len(student_name("é" * 300).encode()) == 200


@given(st.text(max_size=300))
def test_any_name_becomes_one_part_of_a_path(raw: str) -> None:
    """Whatever the name, it cannot leave the folder, and cleaning it again changes nothing."""
    name = student_name(raw)

    assert name == Path(name).name
    assert not name.startswith(".")
    assert name.isprintable()
    assert student_name(name) == name


def test_a_changed_name_is_reported(class_folder: Path) -> None:
    """The note gives the name that reports use."""
    student(class_folder, {NET: CODE, MAIN: CODE}, "ali\nce")

    submission = only(class_folder)

    assert submission.student == "ali_ce"
    assert submission.notes == ("ali\ufffdce is called ali_ce here, because its name has unusual characters.",)


def test_names_that_differ_in_capitals_only_are_reported_and_graded(class_folder: Path) -> None:
    """Both are graded, and both say so."""
    student(class_folder, {NET: CODE, MAIN: CODE}, "Alice")
    student(class_folder, {NET: CODE, MAIN: CODE}, "alice")

    found = take(class_folder)

    assert [submission.student for submission in found] == ["Alice", "alice"]
    for submission in found:
        assert submission.notes == ("There are submissions whose names differ in capitals only: Alice, alice.",)
        assert not submission.problem


def test_several_submissions_of_one_name_are_a_problem(class_folder: Path) -> None:
    """Which of them counts is for people to decide; the two writings of é are one name, too."""
    (class_folder / "alice.py").write_bytes(CODE)
    zipped(class_folder / "alice.zip", {NET: CODE})
    for form in ("NFC", "NFD"):
        student(class_folder, {NET: CODE}, unicodedata.normalize(form, "zoé"))

    alice, zoe = take(class_folder)

    assert alice.problem == "There are several submissions of this name: alice.py, alice.zip; keep one."
    assert zoe.problem.startswith("There are several submissions of this name: ")
    assert staged(alice) == staged(zoe) == {}


# --- Which file is meant


@pytest.mark.parametrize(
    "name",
    [
        "backprop_network (1).py",
        "Backprop_Network.py",
        "backprop-network.py",
        "backprop network.py",
        "backprop_network-1.py",
        "backprop_network - Copy.py",
        "backprop_network copy 2.py",
        "Copy of backprop_network.py",
        "backprop_network.py.txt",
        "backprop_network.PY",
        "BackpropNetwork.py",
    ],
)
def test_a_near_name_is_taken_when_it_is_the_only_one(class_folder: Path, name: str) -> None:
    """What browsers, learning platforms and habits do to a name is undone, with a note."""
    student(class_folder, {f"hw4/{name}": CODE, f"hw4/{MAIN}": CODE})

    submission = only(class_folder)

    assert staged(submission) == {NET: CODE, MAIN: CODE}
    assert submission.notes == (f"{name} was taken for {NET}.",)


@pytest.mark.parametrize("name", ["backprop.py", "my_backprop_network.py", "backprop_network2.py", "network.py"])
def test_other_names_are_not_near(name: str) -> None:
    """A name that may mean something else is not guessed."""
    assert near(NET, [name], FILES) == []


def test_an_expected_name_is_never_taken_for_another() -> None:
    """Files that differ by a number stay apart."""
    assert near("hw.py", ["hw-1.py"], ("hw.py", "hw-1.py")) == []
    assert near("hw.py", ["hw-1.py"], ("hw.py",)) == ["hw-1.py"]


def test_no_name_makes_the_comparison_slow() -> None:
    """A name that is built to be nearly near is refused at once."""
    started = time.process_time()

    assert near(NET, ["backprop_network" + "copy(1)" * 25 + "!.py", "backprop" + "_" * 180 + "!.py"], FILES) == []
    assert time.process_time() - started < 2


def test_two_candidates_are_a_problem_that_names_both(class_folder: Path) -> None:
    """Nobody guesses which one counts."""
    student(class_folder, {"backprop_network (1).py": CODE, "backprop_network (2).py": CODE})
    student(class_folder, {f"old/{NET}": CODE, f"new/{NET}": CODE}, "bob")

    alice, bob = take(class_folder)

    assert alice.problem == (
        f"There are 2 candidates for {NET}: backprop_network (1).py, backprop_network (2).py; keep one."
    )
    assert bob.problem == f"There are several candidates in different folders: new/{NET}, old/{NET}; keep one."
    assert alice.problem_verdict == bob.problem_verdict == "MISSING"


def test_two_candidates_for_one_file_do_not_cost_the_other(class_folder: Path) -> None:
    """The file that is clear is graded; the sentence about the other one is a note."""
    student(class_folder, {MAIN: CODE, "Backprop_network.py": CODE, "backprop-network.py": CODE})

    submission = only(class_folder)

    assert staged(submission) == {MAIN: CODE}
    assert submission.notes == (
        f"There are 2 candidates for {NET}: Backprop_network.py, backprop-network.py; keep one.",
    )


def test_the_exact_name_wins_and_the_other_is_reported(class_folder: Path) -> None:
    """A copy beside the right file is named, so that a student who mixed them up can see it."""
    student(class_folder, {NET: CODE, MAIN: CODE, "backprop_network (1).py": b"x"})

    submission = only(class_folder)

    assert staged(submission) == {NET: CODE, MAIN: CODE}
    assert submission.notes == (f"backprop_network (1).py was not looked at, because {NET} is there, too.",)


def test_a_missing_file_of_several_is_a_note(class_folder: Path) -> None:
    """The other one is graded."""
    student(class_folder, {NET: CODE})

    submission = only(class_folder)

    assert submission.problem == ""
    assert submission.notes == (f"{MAIN} is missing.",)


def test_a_submission_without_any_expected_file_says_what_is_there(class_folder: Path) -> None:
    """The verdict is MISSING; the sentence names what was asked for and what was found."""
    student(class_folder, {"a.py": CODE, "b.txt": b"x", "c/d.py": CODE, "e": b"", "f": b""})

    submission = only(class_folder)

    assert submission.problem == f"{NET} and {MAIN} are missing; there is only a.py, b.txt, c/d.py and 2 more."
    assert submission.problem_verdict == "MISSING"
    assert staged(submission) == {}
    assert submission.folder.is_dir()


def test_a_notebook_is_distinguished(class_folder: Path) -> None:
    """In a folder or by itself: a module is asked for."""
    student(class_folder, {"work.ipynb": b"{}", "b.py": CODE})
    (class_folder / "bob.ipynb").write_bytes(b"{}")

    alice, bob = take(class_folder, (NET,))

    advice = f"is a notebook, but a module is asked for: copy its code into {NET}."
    assert alice.problem == f"{NET} is missing; work.ipynb {advice}"
    assert bob.problem == f"bob.ipynb {advice}"


def bytes_of(folder: Path, files: dict[str, bytes], make=zipped) -> bytes:
    """An archive that is nowhere."""
    path = make(folder / "passing", files)
    data = path.read_bytes()
    path.unlink()
    return data


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize("place", ["", "assignsubmission_file/"])
def test_the_only_archive_in_a_folder_is_unpacked(class_folder: Path, make, place: str) -> None:
    """As learning platforms give it, with the files beside it, including the student's own; a note says so."""
    name = "hw.zip" if make is zipped else "hw.tar.gz"
    inner = bytes_of(class_folder, {f"work/{NET}": CODE, "work/tools.py": b"x = 1\n"}, make)
    student(class_folder, {f"{place}{name}": inner, f"{place}remark.txt": b"I am late"})
    (alice,) = take(class_folder, (NET,))

    assert alice.problem == ""
    assert sorted(path.name for path in alice.folder.iterdir()) == [NET, "tools.py"]
    assert f"{place}{name} was unpacked." in alice.notes
    assert (alice.folder / NET).read_bytes() == CODE


def test_files_beside_an_archive_go_before_those_in_it(class_folder: Path) -> None:
    """What is missing comes from it, what is there stays; where nothing is missing it is a file like others."""
    inner = bytes_of(class_folder, {NET: b"other = 1\n", MAIN: b"import x\n"})
    student(class_folder, {NET: CODE, "hw.zip": inner})
    student(class_folder, {NET: CODE, MAIN: CODE, "data.zip": inner}, "bob")
    student(class_folder, {NET: CODE, "broken.zip": b"PK\x03\x04 and nothing else"}, "carl")
    alice, bob, carl = take(class_folder)

    assert (alice.folder / NET).read_bytes() == CODE
    assert (alice.folder / MAIN).read_bytes() == b"import x\n"
    assert f"Left out: hw.zip/{NET} (lies beside the archive as well)." in alice.notes
    assert (bob.folder / "data.zip").read_bytes() == inner
    assert not any("unpacked" in note for note in (*bob.notes, *carl.notes))
    assert carl.problem == ""


def test_an_archive_in_a_folder_has_the_limits_of_a_handed_in_one(class_folder: Path) -> None:
    """Sizes, names and damage are reported as they are for an archive by itself, under the place where it is."""
    caps = Caps(file_mib=1, submission_mib=2, archive_mib=3)
    student(class_folder, {"hw.zip": bytes_of(class_folder, {NET: b"#" * (2 << 20)})}, "large")
    big = {f"{number}.bin": bytes(900_000) for number in range(4)}
    student(class_folder, {"hw.zip": bytes_of(class_folder, {NET: CODE} | big)}, "many")
    student(class_folder, {"hw.zip": b"PK\x03\x04 and nothing else"}, "damaged")
    locked = bytearray(bytes_of(class_folder, {NET: CODE}))
    locked[locked.rfind(b"PK\1\2") + 8] |= 1
    student(class_folder, {"hw.zip": bytes(locked)}, "locked")
    student(class_folder, {"in/hw.zip": os.urandom(4 << 20)}, "long")
    stored = bytes_of(class_folder, {"x.bin": os.urandom(900_000), "y.bin": os.urandom(900_000), NET: CODE})
    student(class_folder, {"hw.zip": stored}, "larger-than-a-file")
    student(class_folder, {"hw.zip": bytes_of(class_folder, {})}, "empty")
    said = {each.student: each.problem for each in take(class_folder, (NET,), caps)}

    assert said == {
        "large": f"{NET} is larger than 1 MiB.",
        "many": "The submission holds more than 2 MiB; hand in only the files that are asked for.",
        "damaged": "The file hw.zip is damaged or no zip file; make it again, and test whether it opens.",
        "locked": "The file hw.zip is encrypted; make it again without a password.",
        "long": "The file in/hw.zip is larger than 3 MiB.",
        "larger-than-a-file": "",
        "empty": "The file hw.zip is empty.",
    }


def test_a_link_to_an_archive_in_a_folder_is_not_followed(class_folder: Path) -> None:
    """As no other link is."""
    (class_folder.parent / "hw.zip").write_bytes(bytes_of(class_folder, {NET: CODE}))
    put(class_folder / "alice")
    (class_folder / "alice/hw.zip").symlink_to(class_folder.parent / "hw.zip")
    (alice,) = take(class_folder, (NET,))

    assert alice.problem == "The file hw.zip is a link, not a file."


def test_archives_that_stay_closed_are_named(class_folder: Path) -> None:
    """Those inside of an archive, and those in a folder where it is not clear which one counts."""
    inner = bytes_of(class_folder, {NET: CODE})
    student(class_folder, {"hw.zip": bytes_of(class_folder, {"inner.zip": inner})})
    zipped(class_folder / "bob.zip", {"hw.zip": inner})
    student(class_folder, {"a.zip": inner, "b.zip": inner}, "carl")
    said = [submission.problem for submission in take(class_folder, (NET,))]

    assert said == [
        f"{NET} is missing; inner.zip is an archive inside hw.zip: unpack it first.",
        f"{NET} is missing; hw.zip is an archive inside the archive: unpack it first.",
        f"{NET} is missing; a.zip, b.zip are archives inside the folder: unpack them first.",
    ]


def test_empty_submissions_are_reported(class_folder: Path) -> None:
    """An empty folder, an archive of empty folders, an empty file."""
    (class_folder / "alice").mkdir()
    zipped(class_folder / "bob.zip", {"empty/": b""})
    (class_folder / "carl.py").write_bytes(b"")
    student(class_folder, {NET: b"\xef\xbb\xbf \r\n"}, "dora")

    problems = [submission.problem for submission in take(class_folder)]

    assert problems == [
        f"The folder is empty; hand in {NET} and {MAIN}.",
        f"The archive is empty; hand in {NET} and {MAIN}.",
        f"{NET} is empty.",
        f"{NET} is empty.",
    ]


def test_other_kinds_of_files_are_no_submission(class_folder: Path) -> None:
    """The sentence says what is taken."""
    (class_folder / "alice.rar").write_bytes(b"Rar!")

    assert only(class_folder).problem == "alice.rar is no submission; hand in a folder, or a .py, .zip or .tar.gz file."


def test_a_single_module_is_taken_for_the_main_file(class_folder: Path) -> None:
    """It has the student's name, so its own is unknown; a note says so when several files are asked for."""
    (class_folder / "alice.py").write_bytes(CODE)

    one, two = only(class_folder, (NET,)), only(class_folder, FILES)

    assert staged(one) == staged(two) == {NET: CODE}
    assert one.notes == ()
    assert two.notes == (f"alice.py was taken for {NET}, because it was handed in alone.",)


# --- Texts


@pytest.mark.parametrize(
    ("raw", "notes"),
    [
        (b"a = 1\r\nb = 2\r\n", ()),
        (b"\xef\xbb\xbfa = 1\nb = 2\n", ()),
        (
            b"\xef\xbb\xbfa = 1\rb = 2\r",
            (f"The lines of {NET} end in CR alone, as on very old computers; they were changed to LF.",),
        ),
    ],
)
def test_line_ends_and_byte_order_marks_are_repaired(class_folder: Path, raw: bytes, notes: tuple[str, ...]) -> None:
    """Line numbers stay true; only what a student should know is reported."""
    (class_folder / "alice.py").write_bytes(raw)

    submission = only(class_folder, (NET,))

    assert staged(submission) == {NET: b"a = 1\nb = 2\n"}
    assert submission.notes == notes


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"a = 1\n# caf\xe9\n", f"{NET} is not UTF-8 text (line 2); save it as UTF-8."),
        (b"# coding: ascii\n\xc3\xa9", f"{NET} is not ASCII text (line 2); save it as UTF-8."),
        ("a = 1".encode("utf-16"), f"{NET} holds NUL bytes, so it is UTF-16 or no text at all; save it as UTF-8."),
        (b"#\n# -*- coding: rot13 -*-\n", f"{NET} says that its encoding is rot13; save it as UTF-8."),
    ],
)
def test_a_module_that_is_no_text_is_reported(class_folder: Path, raw: bytes, problem: str) -> None:
    """Python could not read it either, so the verdict is RAISED."""
    (class_folder / "alice.py").write_bytes(raw)

    submission = only(class_folder, (NET,))

    assert submission.problem == problem
    assert submission.problem_verdict == "RAISED"


def test_a_module_in_a_declared_encoding_is_left_alone(class_folder: Path) -> None:
    """Python reads it by what its first lines say."""
    raw = b"# coding: latin-1\nname = 'caf\xe9'\n"
    (class_folder / "alice.py").write_bytes(raw)

    assert staged(only(class_folder, (NET,))) == {NET: raw}


def test_one_bad_file_does_not_cost_the_other(class_folder: Path) -> None:
    """It is staged as it is, so that its own checks meet Python's complaint; the sentence is a note."""
    student(class_folder, {NET: CODE, MAIN: b"# \xe9\n"})

    submission = only(class_folder)

    assert submission.problem == ""
    assert submission.notes == (f"{MAIN} is not UTF-8 text (line 1); save it as UTF-8.",)
    assert staged(submission) == {NET: CODE, MAIN: b"# \xe9\n"}


# --- What lies in a folder besides ordinary files


def test_links_devices_and_pipes_are_left_out(class_folder: Path, tmp_path: Path) -> None:
    """Nothing behind a link is read, and a pipe does not stop the grader."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    folder = student(class_folder, {NET: CODE, MAIN: CODE})
    (folder / "link.txt").symlink_to(secret)
    (folder / "tree").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")

    submission = only(class_folder)

    assert staged(submission) == {NET: CODE, MAIN: CODE}
    assert submission.notes == (
        "Left out: link.txt, tree (is a link, not a file).",
        "Left out: pipe (is not a regular file).",
    )


def test_an_expected_file_that_is_a_link_or_a_pipe_is_a_problem(class_folder: Path, tmp_path: Path) -> None:
    """The sentence says so instead of calling it missing."""
    (tmp_path / "solution.py").write_bytes(CODE)
    put(class_folder / "alice")
    (class_folder / "alice" / NET).symlink_to(tmp_path / "solution.py")
    put(class_folder / "bob")
    os.mkfifo(class_folder / "bob" / NET)
    (class_folder / "carl.py").symlink_to(tmp_path / "solution.py")
    (class_folder / "dora").symlink_to(tmp_path)
    (class_folder / "emil.zip").symlink_to(tmp_path / "solution.py")
    os.mkfifo(class_folder / "fred.py")

    problems = [submission.problem for submission in take(class_folder, (NET,))]

    assert problems == [
        f"{NET} is a link, not a file.",
        f"{NET} is not a regular file.",
        "carl.py is a link, not a file.",
        "dora is a link; put the files themselves there.",
        "The file emil.zip is a link, not a file.",
        "fred.py is not a regular file.",
    ]


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """An empty folder of somebody who is not root; the test runs as that user."""
    folder = Path(tempfile.mkdtemp())
    was = os.geteuid()
    if was == 0:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(was)
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(folder)


def test_what_may_not_be_read_is_reported(unprivileged: Path) -> None:
    """A file, a folder inside, a whole submission, the folder of all: each says that permission is missing."""
    class_folder = unprivileged / "submissions"
    student(class_folder, {NET: CODE})
    (class_folder / "alice" / NET).chmod(0)
    student(class_folder, {NET: CODE, "sub/a.py": CODE}, "bob")
    (class_folder / "bob" / "sub").chmod(0)
    student(class_folder, {NET: CODE}, "carl").chmod(0)

    alice, bob, carl = take(class_folder, (NET,))

    assert alice.problem == f"{NET} cannot be read: no permission."
    assert bob.notes == ("Left out: sub (cannot be read: no permission).",)
    assert carl.problem == "The folder carl cannot be read: no permission."

    class_folder.chmod(0o300)
    with pytest.raises(UsageError, match=r"submissions cannot be listed: no permission\."):
        take(class_folder, (NET,))


SMALL = Caps(file_mib=0.01, submission_mib=0.03, entries=5, scanned=20, archive_mib=0.05, depth=3)


def test_a_large_file_is_left_out_or_a_problem(class_folder: Path) -> None:
    """Data are left out with a note; a module of that size is no homework."""
    student(class_folder, {NET: CODE, "mnist.pkl.gz": bytes(20_000)}, "a")
    zipped(class_folder / "b.zip", {NET: CODE, "mnist.pkl.gz": bytes(20_000)})
    tarred(class_folder / "c.tar.gz", {"mnist.pkl.gz": bytes(20_000), NET: CODE})
    student(class_folder, {NET: bytes(20_000)}, "d")
    zipped(class_folder / "e.zip", {NET: bytes(20_000)})
    tarred(class_folder / "f.tar.gz", {NET: bytes(20_000)})
    (class_folder / "g.py").write_bytes(bytes(20_000))

    found = take(class_folder, (NET,), SMALL)

    assert [submission.notes for submission in found[:3]] == [
        ("Left out: mnist.pkl.gz (is larger than 0.01 MiB).",)
    ] * 3
    assert all(staged(submission) == {NET: CODE} for submission in found[:3])
    assert [submission.problem for submission in found[3:6]] == [f"{NET} is larger than 0.01 MiB."] * 3
    assert found[6].problem == "g.py is larger than 0.01 MiB."


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_too_many_files_or_bytes_are_a_problem(class_folder: Path, kind: str) -> None:
    """Files are counted, and bytes are added up while reading."""
    many = {f"{i}.txt": b"x" for i in range(6)}
    large = {f"{i}.txt": bytes(10_000) for i in range(4)}
    swarm = {f"{i}.txt": b"" for i in range(25)}
    deep = {NET: CODE, "a/b/c/d.txt": b"x"}
    for name, files in {"a": many, "b": large, "c": swarm, "d": deep}.items():
        if kind == "folder":
            student(class_folder, files, name)
        elif kind == "zip":
            zipped(class_folder / f"{name}.zip", files)
        else:
            tarred(class_folder / f"{name}.tar.gz", files)

    a, b, c, d = take(class_folder, (NET,), SMALL)

    assert a.problem == "The submission holds more than 5 files; hand in only the files that are asked for."
    assert b.problem == "The submission holds more than 0.03 MiB; hand in only the files that are asked for."
    assert "more than 20 " in c.problem or "more than 5 files" in c.problem
    assert d.problem == ""
    assert len(d.notes) == 1
    assert d.notes[0].endswith("(lies in too many folders).")


# --- Hostile and damaged archives

TRAVERSAL = ["../evil.py", "a/../../evil.py", "/etc/evil.py", "..\\evil.py", "C:\\evil.py", "\\\\host\\evil.py"]


@pytest.mark.parametrize("name", TRAVERSAL)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_paths_that_lead_out_are_refused(class_folder: Path, name: str, kind: str) -> None:
    """The archive is not read further, and nothing is written anywhere."""
    if kind == "zip":
        zipped(class_folder / "alice.zip", {NET: CODE, name: b"evil"})
    else:
        tarred(class_folder / "alice.tar.gz", {NET: CODE, name: b"evil"})

    submission = only(class_folder)

    assert submission.problem == f"The archive holds {name}, a path that leads out of it; make it again."
    assert staged(submission) == {}
    assert list(class_folder.parent.rglob("evil.py")) == []


NAMES = st.lists(
    st.one_of(
        st.sampled_from(
            [*TRAVERSAL, NET, f"x/{NET}", f"./{NET}", ".", "/", "~/a.py", "a/", "a", "A", "NUL", "a\nb.py"]
        ),
        st.text(min_size=1, max_size=30),
        st.text(alphabet="./\\aA:\x00", min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_whatever_the_names_nothing_is_written_outside(names: list[str]) -> None:
    """For any names in zip and tar files, the copies hold regular files only, and nothing else has changed."""
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        class_folder = put(base / "submissions")
        with zipfile.ZipFile(class_folder / "z.zip", "w") as archive:
            for name in names:
                info = zipfile.ZipInfo("placeholder")
                info.filename = name.encode(errors="replace").decode()
                try:
                    archive.writestr(info, b"evil")
                except UserWarning:  # a name twice, which the library itself notices
                    continue
        with tarfile.open(class_folder / "t.tar.gz", "w:gz") as tar:
            for name in names:
                entry = tarfile.TarInfo(name.encode(errors="replace").decode())
                entry.size = 4
                tar.addfile(entry, io.BytesIO(b"evil"))

        found = take(class_folder)

        for submission in found:
            files = staged(submission)
            assert not submission.problem or files == {}
        outside = [path for path in base.rglob("*") if path.relative_to(base).parts[0] != "staging"]
        assert sorted(path.name for path in outside) == ["submissions", "t.tar.gz", "z.zip"]
        assert sorted(path.name for path in (base / "staging").iterdir()) == ["t", "z"]


@given(st.text(alphabet="./\\abC: \x00\n", max_size=20))
def test_safe_parts_never_climb(name: str) -> None:
    """A path is refused, or its parts are plain names."""
    try:
        parts = safe_parts(name)
    except Exception as error:  # noqa: BLE001 - its text is compared
        assert "leads out of it" in str(error)
    else:
        assert all(part not in ("", ".", "..") and "/" not in part and "\\" not in part for part in parts)


def test_links_in_a_zip_file_are_left_out(class_folder: Path) -> None:
    """A link is reported like one in a folder; it is never made."""
    path = zipped(class_folder / "alice.zip", {NET: b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    shutil.copy(path, class_folder / "bob.zip")

    assert only_problem(class_folder) == {f"{NET} is a link, not a file."}


def only_problem(class_folder: Path, caps: Caps | None = None) -> set[str]:
    """The problems of all submissions, each of which must have one and no files."""
    found = take(class_folder, FILES, caps)
    assert all(staged(submission) == {} for submission in found)
    return {submission.problem for submission in found}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "is a link, not a file"),
        (tarfile.LNKTYPE, "is a link, not a file"),
        (tarfile.CHRTYPE, "is not a regular file"),
        (tarfile.BLKTYPE, "is not a regular file"),
        (tarfile.FIFOTYPE, "is not a regular file"),
    ],
)
def test_links_and_devices_in_a_tar_file_are_left_out(class_folder: Path, kind: bytes, reason: str) -> None:
    """None of them is made; in place of an expected file it is a problem, beside expected files a note."""
    with tarfile.open(class_folder / "alice.tar.gz", "w:gz") as archive:
        for name, what in ((NET, tarfile.REGTYPE), (MAIN, tarfile.REGTYPE), ("extra", kind)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = what, "/etc/passwd" if what != tarfile.REGTYPE else ""
            info.size = len(CODE) if what == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(CODE))

    submission = only(class_folder)

    assert staged(submission) == {NET: CODE, MAIN: CODE}
    assert submission.notes == (f"Left out: extra ({reason}).",)


def test_a_bomb_costs_little(class_folder: Path) -> None:
    """A gigabyte of zeros, in a zip file that says so, in one that lies, and in a tar file, is not unpacked."""
    import tracemalloc

    path = class_folder / "honest.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open(NET, "w") as entry:
        for _ in range(64):
            entry.write(bytes(2**24))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    (class_folder / "liar.zip").write_bytes(data)
    header = tarfile.TarInfo(NET)
    header.size = 2**30
    member = gzip.compress(bytes(2**24), 1)
    (class_folder / "tar.tar.gz").write_bytes(gzip.compress(header.tobuf()) + member * 64)
    del data
    tracemalloc.start()
    started = time.process_time()
    honest, liar, tar = take(class_folder)
    seconds, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert honest.problem == f"{NET} is larger than 16 MiB."
    assert liar.problem == "The file liar.zip is damaged; make it again, and test whether it opens."
    assert tar.problem == (
        "The file tar.tar.gz unpacks to more than 256 MiB; hand in only the files that are asked for."
    )
    assert seconds < 2
    assert peak < 48 * 2**20


def test_a_hundred_thousand_entries_are_refused_fast(class_folder: Path) -> None:
    """The table of a zip file is measured before it is read; a tar file is read only as far as allowed."""
    empty = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0)
    table = b"".join(empty + b"%040d" % number for number in range(100_000))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(table), 0, 0)
    (class_folder / "alice.zip").write_bytes(table + end)
    short = table[: 86 * 30_000]
    (class_folder / "bob.zip").write_bytes(
        short + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 30_000, 30_000, len(short), 0, 0)
    )
    header = tarfile.TarInfo("folder/")
    header.type = tarfile.DIRTYPE
    (class_folder / "carl.tar.gz").write_bytes(gzip.compress(header.tobuf() * 100_000, 1))
    started = time.process_time()

    alice, bob, carl = take(class_folder)

    assert alice.problem == "The file alice.zip holds more than 20000 entries, or is no ordinary zip file."
    assert bob.problem == "The file bob.zip holds more than 20000 entries."
    assert carl.problem == "The file carl.tar.gz holds more than 20000 entries."
    assert time.process_time() - started < 3


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    ("names", "what"),
    [
        ((NET, NET), f"{NET} twice"),
        ((NET, f"./{NET}"), f"{NET} twice"),
        ((NET, NET.upper()), f"both {NET} and {NET.upper()}, which some systems confuse"),
        (("a", "a/b"), "a both as a file and as a folder"),
        (("a/b", "a"), "a both as a file and as a folder"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_names_that_clash_are_refused(class_folder: Path, kind: str, names: tuple[str, str], what: str) -> None:
    """Which of two would win depends on who unpacks, so neither does."""
    if kind == "zip":
        with zipfile.ZipFile(class_folder / "alice.zip", "w") as archive:
            for name in names:
                archive.writestr(name, b"x")
    else:
        with tarfile.open(class_folder / "alice.tar.gz", "w:gz") as tar:
            for name in names:
                tar.addfile(tarfile.TarInfo(name), io.BytesIO())

    (problem,) = only_problem(class_folder)

    assert problem.startswith(f"The archive holds {what}")


def test_an_encrypted_zip_file_is_reported(class_folder: Path) -> None:
    """It asks for one without a password."""
    path = zipped(class_folder / "alice.zip", {NET: CODE})
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)

    assert only_problem(class_folder) == {"The file alice.zip is encrypted; make it again without a password."}


def test_an_unusual_compression_is_reported(class_folder: Path) -> None:
    """Only the two methods that every program writes are read."""
    with zipfile.ZipFile(class_folder / "alice.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(NET, CODE)

    assert only_problem(class_folder) == {
        "The file alice.zip is compressed in an unusual way; make it again as an ordinary zip file."
    }


def test_a_file_that_is_no_archive_is_reported(class_folder: Path) -> None:
    """A renamed rar file, or an empty one."""
    for name in ("a.zip", "b.zip", "c.tar.gz", "d.tar.gz"):
        (class_folder / name).write_bytes(b"Rar!\x1a\x07" * 100 if name[0] in "ac" else b"")

    problems = [submission.problem for submission in take(class_folder)]

    assert problems == [
        "The file a.zip is damaged or no zip file; make it again, and test whether it opens.",
        "The file b.zip is damaged or no zip file; make it again, and test whether it opens.",
        "The file c.tar.gz is damaged; make it again, and test whether it opens.",
        "The file d.tar.gz is damaged; make it again, and test whether it opens.",
    ]


def test_an_archive_that_is_too_large_is_not_opened(class_folder: Path) -> None:
    """Its size on disk is capped first."""
    (class_folder / "alice.zip").write_bytes(bytes(100_000))

    assert only_problem(class_folder, SMALL) == {"The file alice.zip is larger than 0.05 MiB."}


def test_every_damage_becomes_one_sentence_and_stops_nobody(class_folder: Path) -> None:
    """Archives cut off or changed anywhere give a submission each; the healthy one beside them is graded."""
    files = {NET: CODE * 50, MAIN: CODE, "a/b.txt": b"x" * 3000}
    whole = {
        ".zip": zipped(class_folder / "good.zip", files).read_bytes(),
        ".tar.gz": tarred(class_folder / "good2.tar.gz", files).read_bytes(),
    }
    made = 2
    for ending, data in whole.items():
        for at in range(0, len(data), 5):
            (class_folder / f"cut{at}{ending[1]}{ending}").write_bytes(data[:at])
            (class_folder / f"bad{at}{ending[1]}{ending}").write_bytes(
                data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
            )
            made += 2

    found = {submission.student: submission for submission in take(class_folder)}

    assert len(found) == made
    assert not found["good"].problem
    assert not found["good2"].problem
    # Only a tar file may lose its very end, which is padding, and still be whole.
    cut = [submission for name, submission in found.items() if name.startswith("cut")]
    assert all(submission.problem or submission.sha256 == found["good2"].sha256 for submission in cut)
    assert sum(not submission.problem for submission in cut) < 10
    assert all(submission.problem.endswith(".") for submission in found.values() if submission.problem)


def tar_of(*headers: tarfile.TarInfo | bytes) -> bytes:
    """A tar.gz file of raw pieces."""
    return gzip.compress(b"".join(item if isinstance(item, bytes) else item.tobuf() for item in headers) + bytes(1024))


def header(kind: bytes, size: int, name: str = "x") -> tarfile.TarInfo:
    """A header that claims something."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info


@pytest.mark.parametrize(
    ("pieces", "problem"),
    [
        ((header(tarfile.REGTYPE, -5),), "holds a file that is too large, or a sparse"),
        ((header(tarfile.GNUTYPE_LONGNAME, 2**20),), "holds a name that is too long."),
        ((header(tarfile.GNUTYPE_SPARSE, 0),), "holds a sparse file; make it again as a zip file."),
        (
            (header(tarfile.XHDTYPE, 13), b"13 size=1234\n".ljust(512, b"\0")),
            "holds a file that is too large, or a sparse",
        ),
        ((header(tarfile.XHDTYPE, 9), b"99 a=b\n\n\n".ljust(512, b"\0")), "is damaged; make it again"),
        ((header(tarfile.XHDTYPE, 5), b"what?".ljust(512, b"\0")), "is damaged; make it again"),
    ],
)
def test_hostile_tar_headers_are_refused(
    class_folder: Path, pieces: tuple[tarfile.TarInfo | bytes, ...], problem: str
) -> None:
    """Negative sizes, endless names, sparse files and broken extended headers each end in a sentence."""
    (class_folder / "alice.tar.gz").write_bytes(tar_of(*pieces))

    (found,) = only_problem(class_folder)

    assert found.startswith(f"The file alice.tar.gz {problem}")


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_format_is_read(class_folder: Path, format: int) -> None:
    """Also with names that need an extended header."""
    folder = "a folder with a rather long name " * 3
    names = [f"{folder}/{NET}", f"{folder}/{MAIN}"]
    if format != tarfile.USTAR_FORMAT:
        names.append(f"{folder}/{'é' * 90}.txt")
    tarred(class_folder / "alice.tar.gz", dict.fromkeys(names, CODE), format)

    submission = only(class_folder)

    assert set(staged(submission)) == {Path(name).name for name in names}


# --- One person's own files


def test_files_that_are_named_are_one_submission(tmp_path: Path) -> None:
    """Their own names count; near names are taken, links of the student's own are followed."""
    (tmp_path / "backprop-network.py").write_bytes(CODE)
    (tmp_path / "real.py").write_bytes(b"x = 1\n")
    (tmp_path / MAIN).symlink_to(tmp_path / "real.py")

    submission = collect_one([tmp_path / "backprop-network.py", tmp_path / MAIN], FILES, tmp_path / "staging", "you")

    assert (submission.student, submission.problem) == ("you", "")
    assert staged(submission) == {NET: CODE, MAIN: b"x = 1\n"}
    assert submission.notes == (f"backprop-network.py was taken for {NET}.",)


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.txt", b"notes"), ("random.zip", {"a/notes.txt": b"notes"}), ("empty.zip", {})],
)
def test_a_single_file_that_is_nobodys_is_refused(tmp_path: Path, name: str, content: bytes | dict[str, bytes]) -> None:
    """Neither a file of another kind nor an archive without any code becomes a student with 0 points."""
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for inner, text in content.items():
                archive.writestr(inner, text)

    with pytest.raises(UsageError, match=rf"{name} is no submission: it holds no .py file; name the folder"):
        collect(path, ("hw.py",), tmp_path / "staging")


def test_a_single_file_of_any_name_a_folder_or_an_archive_may_be_named(tmp_path: Path) -> None:
    """As in a class, but without a name to give."""
    (tmp_path / "mine.py").write_bytes(CODE)
    put(tmp_path / "work")
    (tmp_path / "work" / NET).write_bytes(CODE)
    zipped(tmp_path / "work.zip", {NET: CODE})

    for name in ("mine.py", "work", "work.zip"):
        submission = collect_one([tmp_path / name], FILES, tmp_path / "staging", "you")

        assert submission.problem == ""
        assert staged(submission) == {NET: CODE}


def test_files_that_are_not_asked_for_are_reported(tmp_path: Path) -> None:
    """With two modules of other names none is guessed; a notebook is recognised as one."""
    for name in ("a.py", "b.py", "c.ipynb"):
        (tmp_path / name).write_bytes(CODE)

    two = collect_one([tmp_path / "a.py", tmp_path / "b.py"], FILES, tmp_path / "staging", "you")
    notebook = collect_one([tmp_path / "c.ipynb"], FILES, tmp_path / "staging", "you")

    assert two.problem == f"{NET} and {MAIN} are missing; there is only a.py, b.py."
    assert notebook.problem.startswith(f"{NET} and {MAIN} are missing; c.ipynb is a notebook, but")


def test_a_wrong_call_for_one_person_is_reported(tmp_path: Path) -> None:
    """No file, a missing one, a folder among files, one name twice."""
    put(tmp_path / "a")
    put(tmp_path / "b")
    for folder in "ab":
        (tmp_path / folder / NET).write_bytes(CODE)

    def call(*names: str) -> None:
        collect_one([tmp_path / name for name in names], FILES, tmp_path / "staging", "you")

    with pytest.raises(UsageError, match=rf"No file was named; name {NET} or {MAIN}, or the folder"):
        call()
    with pytest.raises(UsageError, match=r"no\.py does not exist; name a file, a folder or an archive\."):
        call("no.py")
    with pytest.raises(UsageError, match=r"a cannot be named beside other files; name single files, or it alone\."):
        call("a", f"b/{NET}")
    with pytest.raises(UsageError, match=rf"Two files are called {NET}; name one of them\."):
        call(f"a/{NET}", f"b/{NET}")


@pytest.mark.parametrize(
    ("name", "is_student"),
    [
        ("readme.txt", False),
        ("README", False),
        ("Read me.md", False),
        ("LICENSE", False),
        ("Thumbs.db", False),
        ("ehthumbs.db", False),
        ("desktop.ini", False),
        (".DS_Store", False),
        ("grades.csv", False),
        ("Moodle.log", False),
        ("index.html", False),
        ("~$notes.docx", False),
        ("course.url", False),
        ("ann.docx", True),
        ("ann.rar", True),
        ("ann.txt", True),
        ("readme.py", True),
        ("index.zip", True),
        ("notebook.ipynb", True),
    ],
)
def test_files_beside_submissions_are_no_students(class_folder: Path, name: str, is_student: bool) -> None:
    """What systems and staff leave in a class's folder is nobody's submission; what a student may have meant is one."""
    student(class_folder, {NET: CODE})
    (class_folder / name).write_bytes(b"x")

    found = [each.student for each in collect(class_folder, FILES, class_folder.parent / "staged")]

    assert len(found) == 1 + is_student
    assert not is_student or passed_over(class_folder, FILES) == ()


def test_a_class_of_files_beside_submissions_is_empty(class_folder: Path) -> None:
    """A folder that holds nothing else is reported with their names; in a student's own folder they are theirs."""
    (class_folder / "readme.txt").write_text("x")
    with pytest.raises(UsageError, match=r"holds no submission \(only readme\.txt\); it should hold one folder"):
        collect(class_folder, FILES, class_folder.parent / "staged")
    (class_folder / NET).write_bytes(CODE)
    assert passed_over(class_folder, FILES) == ()
    (one,) = collect(class_folder, FILES, class_folder.parent / "staged")
    assert one.problem == ""


@pytest.mark.parametrize("as_folder", [True, False])
def test_a_module_in_place_of_a_notebook_is_reported_with_the_next_step(class_folder: Path, as_folder: bool) -> None:
    """The reverse of a notebook where a module is asked for."""
    if as_folder:
        student(class_folder, {"hw.py": CODE})
    else:
        (class_folder / "alice.py").write_bytes(CODE)
    (alice,) = collect(class_folder, ["hw.ipynb"], class_folder.parent / "staged")
    assert alice.problem.endswith("is a module, but a notebook is asked for: put your code into the cells of hw.ipynb.")

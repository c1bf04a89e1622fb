"""Downloads that are made to break whoever collects them."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from downloads import gradescope, moodle, submitters, tarred, written, zipped
from tiny_course import RIGHT

from autograder.checks.errors import UsageError
from autograder.formats.filing import Filing
from autograder.formats.hand_ins import Asked, Collection, shown_text
from autograder.formats.sources import collect_source
from autograder.submissions import expected_files
from autograder.submissions.attempts import counting, read_attempts
from autograder.submissions.file_trees import CLASS, open_tree
from autograder.submissions.folders import Unfit
from autograder.submissions.records import MIB, Caps

QUICK = 5.0  # seconds of CPU; what is attacked here would take minutes, or gigabytes


def collected(tmp_path: Path, source: Path) -> Collection:
    """Collect a source for the tiny course."""
    staging = tmp_path / "collected" / ".staging"
    staging.mkdir(parents=True, exist_ok=True)
    return collect_source(source, staging, Filing(tmp_path / "collected", Asked("tiny", ("tiny.py",))))


def put(path: Path, data: bytes) -> Path:
    """The bytes in a file."""
    path.write_bytes(data)
    return path


def test_a_bomb_of_one_student_stops_nobody(tmp_path) -> None:
    """An archive that grows without end is that student's problem, and is not graded as 0."""
    bomb = zipped({f"{number}.bin": b"\0" * (15 * MIB) for number in range(12)})
    for _ in range(2):
        bomb = zipped({"more.zip": bomb, "again.zip": bomb})
    source = put(tmp_path / "a.zip", zipped(moodle({"Eve_1": {"hw.zip": bomb}, "Bob_2": {"tiny.py": RIGHT}})))
    result = collected(tmp_path, source)

    assert {line.student: line.state for line in result.lines}["Bob"] == "collected"
    assert sum(path.stat().st_size for path in (tmp_path / "collected").rglob("*") if path.is_file()) < 64 * MIB


def test_many_archives_are_not_opened_beyond_the_limit(tmp_path, monkeypatch) -> None:
    """Of a hand-in of many archives, no more is read than one hand-in may hold, and nobody else waits."""
    read = 0
    real = expected_files.read_tree

    def counted(tree, caps):
        nonlocal read
        contents = real(tree, caps)
        read += sum(map(len, contents.files.values()))
        return contents

    monkeypatch.setattr(expected_files, "read_tree", counted)
    part = zipped({f"z{number}": b"\0" * (15 * MIB) for number in range(4)})
    people = {"Eve_1": {f"a{number}.zip": part for number in range(8)}, "Bob_2": {"tiny.py": RIGHT}}
    result = collected(tmp_path, put(tmp_path / "a.zip", zipped(moodle(people))))

    assert {line.student: line.state for line in result.lines} == {"Eve": "waits", "Bob": "collected"}
    assert read <= 3 * Caps().submission_bytes


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """What git says in a repository."""
    done = subprocess.run(["git", "-C", folder, *arguments], input=stdin, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def repository(folder: Path, tree: Callable[[Path], str], when: str = "1700000000") -> None:
    """A repository with one commit of a tree."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    about = f"tree {tree(folder)}\nauthor a <a> {when} +0000\ncommitter a <a> {when} +0000\n\nwork\n"
    commit = git(folder, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=about)
    git(folder, "update-ref", "refs/heads/work", commit)
    git(folder, "symbolic-ref", "HEAD", "refs/heads/work")


def one_file(folder: Path) -> str:
    """A tree with one file."""
    blob = git(folder, "hash-object", "-w", "--stdin", stdin=RIGHT)
    return git(folder, "mktree", stdin=f"100644 blob {blob}\ttiny.py\n")


def test_a_repository_that_lists_without_end(tmp_path) -> None:
    """Trees of trees that stand for millions of files are read to a limit only, and nobody else waits."""

    def bomb(folder: Path) -> str:
        tree = one_file(folder)
        for _ in range(7):
            tree = git(folder, "mktree", stdin="".join(f"040000 tree {tree}\td{number}\n" for number in range(10)))
        return tree

    repository(tmp_path / "clones" / "eve", bomb)
    repository(tmp_path / "clones" / "bob", one_file)
    before = time.process_time()
    result = collected(tmp_path, tmp_path / "clones")

    assert {line.student: line.state for line in result.lines} == {"eve": "waits", "bob": "collected"}
    assert any("holds more than" in note for line in result.lines if line.student == "eve" for note in line.notes)
    assert time.process_time() - before < QUICK


def test_a_commit_with_an_impossible_time_stops_nobody(tmp_path) -> None:
    """Its student waits; the time of a clock that is years ahead is noted."""
    repository(tmp_path / "clones" / "eve", one_file, when="999999999999999")
    repository(tmp_path / "clones" / "bob", one_file, when="253000000000")
    result = collected(tmp_path, tmp_path / "clones")
    notes = {line.student: " ".join(line.notes) for line in result.lines}

    assert {line.student: line.state for line in result.lines} == {"eve": "waits", "bob": "collected"}
    assert "The repository has a last commit with an impossible time." in notes["eve"]
    assert "Its time lies in the future" in notes["bob"]


def test_a_student_called_like_the_file_of_questions(tmp_path) -> None:
    """A name that is the name of our own file gets another folder, and every later run works."""
    people = {"questions.csv_1": {"one.py": RIGHT, "two.py": RIGHT + "#"}, "Bob_2": {"tiny.py": RIGHT}}
    source = put(tmp_path / "a.zip", zipped(moodle(people)))
    collected(tmp_path, source)
    result = collected(tmp_path, source)

    assert (result.new, result.known) == (0, 2)
    assert (tmp_path / "collected" / "questions.csv").is_file()


def test_a_metadata_file_that_grows_when_it_is_read(tmp_path) -> None:
    """Aliases of aliases stay small, and what they stand for is nobody's name; merged mappings are refused."""
    lists = "".join(f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    merged = "".join(f"y{n}: &b{n}\n  <<: [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 12))
    people = (
        f"submission_1:\n  :submitters:\n  - :name: *a11\n    :sid: eve\n"
        f"submission_2:\n{submitters(('Bob', 'bob', 'b@x'))}"
    )
    folders = {"submission_1": {"tiny.py": RIGHT}, "submission_2": {"tiny.py": RIGHT}}
    began = time.process_time()
    files = gradescope(folders, f"x0: &a0 [lol, lol]\n{lists}{people}")
    result = collected(tmp_path, put(tmp_path / "a.zip", zipped(files)))
    assert [line.student for line in result.lines if line.state == "collected"] == ["Bob", "eve"]
    files = gradescope(folders, f"y0: &b0 {{k: v}}\n{merged}")
    with pytest.raises(UsageError, match="cannot be read"):
        collected(tmp_path, put(tmp_path / "b.zip", zipped(files)))

    assert time.process_time() - began < QUICK


def test_names_cannot_write_to_the_terminal_or_out_of_the_folder(tmp_path) -> None:
    """Control characters and separators in names that platforms pass on become harmless."""
    name = '"\\e[2J../../evil\\x07"'
    metadata = f"submission_1:\n{submitters((name, '../../x', 'e@x'))}"
    result = collected(
        tmp_path, put(tmp_path / "a.zip", zipped(gradescope({"submission_1": {"tiny.py": RIGHT}}, metadata)))
    )

    assert all(each.isprintable() for line in result.lines for each in (line.student, line.name, *line.notes))
    (attempt,) = read_attempts(tmp_path / "collected")
    assert (tmp_path / "collected" / attempt.student / "1" / "tiny.py").is_file()
    assert "/" not in attempt.student
    assert not (tmp_path / "evil").exists()


def test_a_table_of_entries_that_is_too_long_is_not_read(tmp_path) -> None:
    """The size that a zip file states for its table of entries is examined before the table is."""
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFF00, 0, 0)
    with pytest.raises(Unfit, match="holds more than"), open_tree(put(tmp_path / "a.zip", b"PK\3\4" + end), CLASS):
        pass


def test_a_header_of_a_tar_file_cannot_take_all_memory(tmp_path) -> None:
    """An extended header that states gigabytes is refused before it is read."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**33
    with (
        pytest.raises(Unfit, match="a name that is too long"),
        open_tree(put(tmp_path / "a.tar", info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096), CLASS),
    ):
        pass


def test_a_7z_bomb_is_stopped(tmp_path) -> None:
    """What unpacks to more than the limit is not written."""
    py7zr = pytest.importorskip("py7zr", reason="the extra autograder-ml[archives] is not installed")
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        for number in range(8):
            archive.writestr(b"\0" * MIB, f"{number}.bin")
    caps = Caps(file_mib=2, submission_mib=4)
    with pytest.raises(Unfit, match="unpacks to more than 4 MiB"), open_tree(tmp_path / "a.7z", caps):
        pass


def test_a_page_is_read_in_time_that_grows_with_its_length() -> None:
    """No page, however it is written, keeps the reader of text entries busy."""
    began = time.process_time()
    for piece in ("<![", "<", "<!--", "<a ", "&", "<script>", "</", "<pre><p>"):
        shown_text(piece * (MIB // len(piece)))
    assert time.process_time() - began < 4 * QUICK


def test_files_that_are_folders_and_names_that_are_twice(tmp_path) -> None:
    """Entries that contradict each other are left out, and the rest is kept."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in (("ada/tiny.py", RIGHT), ("ada/tiny.py/x", "y"), ("bob/tiny.py", RIGHT)):
            archive.writestr(name, data)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("ada/tiny.py", "x")
    result = collected(tmp_path, put(tmp_path / "a.zip", made.getvalue()))

    assert [(line.student, line.state) for line in result.lines] == [("ada", "collected"), ("bob", "collected")]
    assert (tmp_path / "collected" / "ada" / "1" / "tiny.py").read_text() == RIGHT


def test_objects_through_a_link_are_not_read(tmp_path) -> None:
    """A repository whose objects lie in another folder cannot hand in the files of that folder."""
    dates = dict.fromkeys(
        ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-11-30T12:00:00Z"
    )  # the same hashes each time
    for name in ("secret", "clones/ada"):
        folder = written(tmp_path / name, {"tiny.py": RIGHT + f"# {name}"})
        git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@y"]
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
            subprocess.run([*git, *words], check=True, capture_output=True, env={**os.environ, **dates})
    inner = tmp_path / "clones" / "ada" / ".git"
    sha = subprocess.run(
        ["git", "-C", tmp_path / "secret", "rev-parse", "HEAD"], check=True, capture_output=True
    ).stdout
    (inner / "HEAD").write_bytes(sha)
    (inner / "objects" / sha[:2].decode()).symlink_to(tmp_path / "secret" / ".git" / "objects" / sha[:2].decode())
    collected(tmp_path, tmp_path / "clones")

    assert "takes its objects from another repository" in counting(read_attempts(tmp_path / "collected"))["ada"].problem


def test_a_link_as_the_download_s_content_is_not_followed(tmp_path) -> None:
    """Links in a folder of submissions, to files and to folders, are left out."""
    written(tmp_path / "class", {"ada/tiny.py": RIGHT, "bob/tiny.py": RIGHT})
    (tmp_path / "class" / "bob" / "passwd").symlink_to("/etc/passwd")
    (tmp_path / "class" / "eve").symlink_to("/etc")
    collected(tmp_path, tmp_path / "class")

    assert not list((tmp_path / "collected").rglob("passwd"))
    assert "passwd (is a link, not a file)" in " ".join(counting(read_attempts(tmp_path / "collected"))["bob"].notes)


def test_a_download_that_is_a_fifo_does_not_hang(tmp_path) -> None:
    """What is no regular file is refused, and not waited for."""
    os.mkfifo(tmp_path / "a.zip")
    with pytest.raises(UsageError, match="is not a regular file"):
        collected(tmp_path, tmp_path / "a.zip")


def test_a_tar_file_of_devices_holds_nothing(tmp_path) -> None:
    """Devices and pipes in an archive are left out."""
    made = io.BytesIO(tarred({"ada/tiny.py": RIGHT}, "w"))
    with tarfile.open(fileobj=made, mode="a") as archive:
        for kind in (tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("ada/device")
            info.type = kind
            archive.addfile(info)
    collected(tmp_path, put(tmp_path / "a.tar", made.getvalue()))

    assert "device (is not a regular file)" in " ".join(counting(read_attempts(tmp_path / "collected"))["ada"].notes)

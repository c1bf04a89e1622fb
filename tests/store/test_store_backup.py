"""Backup and restore: every row and file comes back, from any kind of database into any; and what is erased is gone."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import refused, run_here
from samples import passing
from store_rows import attempts, check_rows, comments

from autograder.checks.errors import UsageError
from autograder.results import Replay
from autograder.store import Store, sqlite_address
from autograder.store.artefacts import artefacts, files_in, read_artefact, record_artefacts, remove_orphans, write_file
from autograder.store.backup import restore_backup, write_backup
from autograder.store.forgetting import forget_student, held_of
from autograder.store.history import log_entries, students
from autograder.store.marking import marks, record_marks
from autograder.store.publishing import add_request, publications, publish, requests
from autograder.store.records import Mark, Publication, Request
from autograder.store.runs import runs
from autograder.store.schema import HEAD, TABLES

MADE = datetime(2026, 11, 30, tzinfo=UTC)


def fill(store: Store, name: str, content: bytes = b"weights") -> None:
    """One of everything about a student, in whose texts stands the name."""
    sha256 = f"{len(name)}".rjust(64, "0")
    store.keep(replace(passing(name), replay=Replay(key=f"key of {name}", submission_sha256=sha256)))
    run = runs(store.database, student=name)[-1].id
    with store.writing("the rest"):
        files = {"one": content, "two": f"model of {name}".encode()}
        hashes = {check: write_file(store.artefacts, each) for check, each in files.items()}
        record_artefacts(store.database, store.artefacts, run, hashes)
        mark = Mark(name, "b", "why", "all", 3.0, 2.0, f"Well done, {name}.")
        record_marks(store.database, "theory", [mark], "marks.csv", store.change())
        publish(store.database, Publication(name, "tiny", "f" * 64, 2.0, 2.0, 0.0, run), store.change())
        add_request(store.database, Request(name, "tiny", "a", f"I am {name}: why?", MADE), store.change())


def contents(store: Store) -> dict[str, list[list[object]]]:
    """All rows of all tables."""
    found = {}
    for table in TABLES:
        columns = ", ".join(store.database.columns(table))
        found[table] = [[*row] for row in store.database.rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2")]
    return found


def test_a_backup_comes_back_whole(any_address: str, postgres_folder: str, tmp_path: Path) -> None:
    """From each kind of database into a SQLite file and back: every row, every file, and new rows get new numbers."""
    path = tmp_path / "backup.zip"
    with Store(any_address, artefacts=tmp_path / "files") as store:
        fill(store, "ann")
        fill(store, "ben \N{SNOWMAN} \"'\n")
        manifest = write_backup(store, path)
        before = contents(store)
    assert manifest.tables == {table: len(rows) for table, rows in before.items()}
    assert path.stat().st_mode & 0o777 == 0o600
    with Store(sqlite_address(tmp_path / "other.db")) as store:
        restore_backup(path, store)
        after = contents(store)
        *log, restored = after.pop("log")
        assert restored[3:] == ["restored", None, None, "backup", None, manifest.made]
        assert log == before.pop("log")
        assert after == before
        for each in artefacts(store.database):
            assert len(read_artefact(store.artefacts, each.sha256)) == each.size
        fill(store, "cem")
        assert len({run.id for run in runs(store.database)}) == 3


def test_a_course_moves_from_a_file_to_a_server(postgres_address: str, tmp_path: Path) -> None:
    """What was backed up from SQLite is restored into PostgreSQL, and numbers go on after those that are there."""
    path = tmp_path / "backup.zip"
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        fill(store, "ann")
        write_backup(store, path)
    with Store(postgres_address, artefacts=tmp_path / "files") as store:
        restore_backup(path, store)
        fill(store, "ben")
        assert [each.student for each in store.reports()] == ["ann", "ben"]
        assert [row.verdict for run in runs(store.database) for row in check_rows(store.database, run.id)] == [
            "PASSED",
            "PASSED",
        ]
        write_backup(store, path)
    with Store(sqlite_address(tmp_path / "back.db")) as store:
        restore_backup(path, store)
        assert [each.student for each in store.reports()] == ["ann", "ben"]


def test_the_command_line_takes_a_folder_for_files_of_a_server(postgres_address: str, tmp_path: Path) -> None:
    """`--artefacts`, or `Course.artefacts` seen from the course's folder; without either the sentence names both."""
    with Store(postgres_address, artefacts=tmp_path / "files") as store:
        fill(store, "ann")
        kept = artefacts(store.database)
    words = ("backup", "b.zip", "--db", postgres_address)
    refused(run_here(*words, cwd=tmp_path), "Files of checks have no place beside", "or with --artefacts.")
    assert run_here(*words, "--artefacts", "files", cwd=tmp_path).returncode == 0
    (tmp_path / "grader_config.py").write_text(
        "from pathlib import Path\nfrom autograder.course import Course\n"
        f'course = Course("T", (), database={postgres_address!r}, artefacts=Path("files"))\n'
    )
    (tmp_path / "b.zip").unlink()
    (tmp_path / "below").mkdir()
    done = run_here("backup", "../b.zip", cwd=tmp_path / "below")
    assert done.returncode == 0, done.stderr
    where = ("--db", sqlite_address(tmp_path / "new.db"), "--artefacts", tmp_path / "others")
    done = run_here("restore", "b.zip", *where, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in files_in(tmp_path / "others")} == {each.sha256 for each in kept}
    done = run_here("forget", "ann", *where, "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(files_in(tmp_path / "others")) == []
    assert list(files_in(tmp_path / "files")) != []


def test_a_backup_goes_into_an_empty_database_only(tmp_path: Path) -> None:
    """What is there is never mixed with what comes back."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        fill(store, "ann")
        write_backup(store, tmp_path / "backup.zip")
        before = contents(store)
        with pytest.raises(UsageError, match=r"grader.db holds results already; name a database that holds none"):
            restore_backup(tmp_path / "backup.zip", store)
        assert contents(store) == before


@pytest.mark.parametrize(
    "damage",
    ["no zip", "no manifest", "a row", "a row twice", "a file", "a count", "another version", "cut off", "encrypted"],
)
def test_a_damaged_backup_changes_nothing(tmp_path: Path, damage: str) -> None:
    """A byte that differs anywhere is found, said in one sentence, and no row is written."""
    path, bad = tmp_path / "backup.zip", tmp_path / "bad.zip"
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        fill(store, "ann")
        write_backup(store, path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    model = next(name for name in files if name.startswith("artefacts/"))
    changed = {
        "a row": ("runs.jsonl", files["runs.jsonl"].replace(b"2.0", b"3.0")),
        "a row twice": ("students.jsonl", files["students.jsonl"] * 2),
        "a file": (model, b"other"),
        "a count": ("marks.jsonl", b""),
        "another version": ("manifest.json", files["manifest.json"].replace(f'"{HEAD}"'.encode(), b'"0099"')),
    }
    if damage == "no zip":
        bad.write_bytes(b"no zip")
    elif damage == "cut off":
        bad.write_bytes(path.read_bytes()[:-100])
    elif damage == "encrypted":
        bad.write_bytes(path.read_bytes().replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1"))
        with zipfile.ZipFile(bad) as archive:
            assert any(each.flag_bits & 1 for each in archive.infolist())
    else:
        with zipfile.ZipFile(bad, "w") as archive:
            for name, content in {**files, **dict([changed[damage]] if damage in changed else [])}.items():
                if (damage, name) != ("no manifest", "manifest.json"):
                    archive.writestr(name, content)
    said = "tables have the version 0099" if damage == "another version" else "is no backup, or is damaged"
    with Store(sqlite_address(tmp_path / "new.db")) as store:
        with pytest.raises(UsageError, match=said) as caught:
            restore_backup(bad, store)
        assert "\n" not in str(caught.value)
        assert not any(contents(store).values())
        restore_backup(path, store)  # the right one still can
        assert len(store.reports()) == 1


def test_a_byte_that_differs_anywhere_is_a_sentence_or_changes_nothing(tmp_path: Path) -> None:
    """Also in what is compressed, and in what says how; a byte that says neither, such as a time, is no damage."""
    path, bad = tmp_path / "backup.zip", tmp_path / "bad.zip"
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        fill(store, "ann")
        write_backup(store, path)
    with Store(sqlite_address(tmp_path / "right.db")) as store:
        restore_backup(path, store)
        expected = {table: rows for table, rows in contents(store).items() if table != "log"}
    whole, refused = path.read_bytes(), 0
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("runs.jsonl").header_offset
    places = [*range(start, start + 200, 5), *range(archive.start_dir, len(whole), len(whole) // 60)]
    for number, place in enumerate(places):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 0x11]) + whole[place + 1 :])
        with Store(sqlite_address(tmp_path / f"{number}.db")) as store:
            try:
                restore_backup(bad, store)
            except UsageError as error:
                refused += 1
                assert "bad.zip is no backup, or is damaged: " in str(error), place
                assert not any(contents(store).values())
            else:
                assert {table: rows for table, rows in contents(store).items() if table != "log"} == expected
    assert refused > 30


def test_a_missing_backup_and_a_place_that_cannot_be_written_are_sentences(tmp_path: Path) -> None:
    """Neither leaves anything behind."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        with pytest.raises(UsageError, match=r"nothing.zip is no backup, or is damaged: file not found"):
            restore_backup(tmp_path / "nothing.zip", store)
        with pytest.raises(UsageError, match="Cannot write .*: .*; name another file"):
            write_backup(store, tmp_path / "no folder" / "backup.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["grader.db"]


def _back_up_and_die(address: str, path: Path, die_at: int) -> None:
    left = [die_at]

    def step(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with Store(address) as store:
        write_backup(store, path, step)


def test_a_backup_that_is_killed_leaves_the_old_one(tmp_path: Path) -> None:
    """At each step: the file is the earlier backup or the new one, never a half."""
    address, path = sqlite_address(tmp_path / "grader.db"), tmp_path / "backup.zip"
    with Store(address) as store:
        fill(store, "ann")
        write_backup(store, path)
        fill(store, "ben")
    early, counts, finished = path.read_bytes(), [], False
    while not finished:
        path.write_bytes(early)
        process = multiprocessing.get_context("fork").Process(
            target=_back_up_and_die, args=(address, path, len(counts))
        )
        process.start()
        process.join()
        finished = process.exitcode == 0
        process.close()
        with Store(sqlite_address(tmp_path / f"{len(counts)}.db")) as store:
            counts.append(restore_backup(path, store).tables["runs"])
    assert counts == [1] * (len(counts) - 1) + [2]
    assert not list(tmp_path.glob(".backup.zip.*"))  # what the killed ones left went with the next
    assert len(counts) > len(TABLES)


def _do_and_die(address: str, files: Path, act: Callable[[Store], object], die_at: int) -> None:
    left = [die_at]

    def step(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with Store(address, artefacts=files, step=step) as store:
        act(store)


def killed_everywhere(folder: Path, source: Path | None, act: Callable[[Store], object]) -> Iterator[tuple[Path, bool]]:
    """A database, a copy of `source` or a new one, after `act` was killed at each of its statements in turn."""
    number, finished = 0, False
    while not finished:
        path = folder / f"{number}.db"
        if source:
            shutil.copy(source, path)
            shutil.copytree(f"{source}.artefacts", f"{path}.artefacts")
        arguments = (sqlite_address(path), Path(f"{path}.artefacts"), act, number)
        process = multiprocessing.get_context("fork").Process(target=_do_and_die, args=arguments)
        process.start()
        process.join()
        finished = process.exitcode == 0
        assert finished or process.exitcode == -signal.SIGKILL
        process.close()
        yield path, finished
        number += 1


@pytest.mark.long
def test_a_restoring_that_is_killed_writes_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    """At each statement: the database is empty or whole, and the same command completes it."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        fill(store, "ann")
        write_backup(store, tmp_path / "backup.zip")
    states = []
    for path, _ in killed_everywhere(tmp_path, None, lambda store: restore_backup(tmp_path / "backup.zip", store)):
        with Store(sqlite_address(path)) as store:
            states.append(len(store.reports()))
            if not states[-1]:
                assert not any(contents(store).values())
                restore_backup(tmp_path / "backup.zip", store)
            assert [len(read_artefact(store.artefacts, each.sha256)) for each in artefacts(store.database)] == [7, 12]
    assert states == sorted(states)
    assert set(states) == {0, 1}


@pytest.mark.long
def test_a_forgetting_that_is_killed_has_erased_everything_or_nothing(tmp_path: Path) -> None:
    """At each statement: all rows are as before or none has the name; the files that nobody names go with the next."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        fill(store, "Ann Lovelace")
        fill(store, "ben")
        before = contents(store)
    states = []
    source = tmp_path / "grader.db"
    for path, _ in killed_everywhere(tmp_path, source, lambda each: forget_student(each, "Ann Lovelace")):
        with Store(sqlite_address(path)) as store:
            states.append("Lovelace" in str(contents(store)))
            if states[-1]:
                assert contents(store) == before
                forget_student(store, "Ann Lovelace")
            with store.writing("the list of files"):
                remove_orphans(store.database, store.artefacts, young=0.0)
            assert {read_artefact(store.artefacts, each.name) for each in files_in(store.artefacts)} == {
                b"weights",
                b"model of ben",
            }
            assert len(artefacts(store.database)) == 2
    assert states == sorted(states, reverse=True)
    assert set(states) == {True, False}


def test_a_student_is_forgotten(any_address: str, tmp_path: Path) -> None:
    """Name, texts, reports, hashes and files go; counts stay under a pseudonym; others and the log keep everything."""
    with Store(any_address, who="tutor", artefacts=tmp_path / "files") as store:
        fill(store, "Ann Lovelace")
        fill(store, "ben")
        others = [each for each in contents(store)["runs"] if "ben" in str(each)]
        lines = len(log_entries(store.database))
        held = held_of(store, "Ann Lovelace")
        assert held is not None and held.anything
        assert (held.reports, held.artefacts, held.comments, held.request_texts) == (1, 2, 1, 1)
        assert (held.check_results, held.marks, held.publications, held.log_lines) == (1, 1, 1, 5)
        assert forget_student(store, "Ann Lovelace") == held
        left = str(contents(store))
        assert "Lovelace" not in left
        assert "0" * 60 + "00" + "12" not in left
        (name,) = [each.name for each in students(store.database) if each.forgotten]
        assert name.startswith("forgotten-")
        assert [row.verdict for row in check_rows(store.database, runs(store.database, student=name)[0].id)] == [
            "PASSED"
        ]
        assert [(each.student, each.points, each.comment) for each in marks(store.database, student=name)] == [
            (name, 2.0, "")
        ]
        assert [each.text for each in requests(store.database)] == ["", "I am ben: why?"]
        assert [each.sha256 for each in publications(store.database, student=name)] == [""]
        assert [each.sha256 for each in attempts(store.database, student=name)] == ["forgotten-1"]
        assert comments(store.database, name) == []
        assert [each for each in contents(store)["runs"] if "ben" in str(each)] == others
        assert [each.student for each in store.reports()] == ["ben"]
        log = log_entries(store.database)
        assert len(log) == lines + 1
        assert (log[-1].verb, log[-1].student, log[-1].who) == ("forgot", name, "tutor")
        models = {each.sha256 for each in artefacts(store.database)}
        assert {path.name for path in files_in(store.artefacts)} == models  # the shared one stays for ben
        assert {read_artefact(store.artefacts, each) for each in models} == {b"weights", b"model of ben"}
        assert held_of(store, "Ann Lovelace") is None
        fill(store, "Ann Lovelace")  # somebody of that name may come again
        assert held_of(store, name) != held_of(store, "Ann Lovelace")


def test_files_that_another_database_names_stay_in_a_folder_of_both(tmp_path: Path) -> None:
    """Only what neither of them names any more goes; a database with a folder of its own keeps nothing here."""
    folder = tmp_path / "files"
    one, two = (Store(sqlite_address(tmp_path / f"{name}.db"), artefacts=folder) for name in ("one", "two"))
    with one, two, Store(sqlite_address(tmp_path / "three.db")) as three:
        fill(one, "ann")
        fill(two, "ben")
        fill(three, "ann")
        assert {read_artefact(folder, path.name) for path in files_in(folder)} == {
            b"weights",
            b"model of ann",
            b"model of ben",
        }
        forget_student(one, "ann", (one, two, three))
        assert {path.name for path in files_in(folder)} == {each.sha256 for each in artefacts(two.database)}
        forget_student(two, "ben", (one, two, three))
        assert not list(files_in(folder))
        assert len(list(files_in(three.artefacts))) == 2


def test_nothing_of_a_forgotten_student_is_left_in_the_file(tmp_path: Path) -> None:
    """SQLite overwrites what it deletes: not even a search through the file's bytes finds the name."""
    path = tmp_path / "grader.db"
    with Store(sqlite_address(path)) as store:
        for number in range(30):
            fill(store, f"student{number}")
        fill(store, "Ann Lovelace")
        assert b"Lovelace" in path.read_bytes()
        forget_student(store, "Ann Lovelace")
    assert b"Lovelace" not in path.read_bytes()


def test_a_student_of_whom_there_is_nothing_is_a_sentence(tmp_path: Path) -> None:
    """The sentence gives near names, and nothing is changed."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        fill(store, "ben")
        before = contents(store)
        with pytest.raises(UsageError, match=r"grader.db has nothing of 'bem'; .*ben"):
            forget_student(store, "bem")
        assert contents(store) == before

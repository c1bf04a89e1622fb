"""Killed at every write: what was acknowledged is there, nothing is half; many writers lose nothing."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from samples import check, passing, question, report
from store_rows import check_rows
from tiny_course import RIGHT, hand_in, make_course

from autograder.checks.errors import UsageError
from autograder.results import Report, Verdict
from autograder.store import Store, sqlite_address
from autograder.store.artefacts import (
    artefacts,
    files_in,
    read_artefact,
    record_artefacts,
    remove_orphans,
    remove_superseded,
    write_file,
)
from autograder.store.history import log_entries
from autograder.store.marking import marks, record_marks
from autograder.store.publishing import publications, publish
from autograder.store.records import Mark, Publication
from autograder.store.runs import runs

FORK = multiprocessing.get_context("fork")


def graded(number: int) -> Report:
    """A report with two checks, of one of three students."""
    checks = check("one", Verdict.PASSED), check("two", Verdict.FAILED)
    return report(f"s{number % 3}", question("a", *checks), key=f"k{number}")


def model(number: int) -> bytes:
    """The content of an artefact."""
    return b"weights %d" % number


def write_all(store: Store, number: int, step: Callable[[str], None]) -> None:
    """Write one of everything."""
    made = graded(number)
    store.keep(made)
    run = store.database.rows("SELECT id FROM runs WHERE key = :key", {"key": made.replay.key})[0][0]
    with store.writing("an artefact"):
        sha256 = write_file(store.artefacts, model(number), step)
        record_artefacts(store.database, store.artefacts, run, {"one": sha256})
    with store.writing("marks"):
        mark = Mark(made.student, "b", f"why{number}", "all", 3.0, 1.0, f"Comment {number}.")
        record_marks(store.database, "theory", [mark], "marks.csv", store.change())
    with store.writing("a publication"):
        publish(store.database, Publication(made.student, "tiny", f"{number}", 2.0, 4.0, 0.0, run), store.change())


def expect_whole(store: Store, done: set[int], begun: set[int]) -> None:
    """Every number of `done` is there with all that belongs to it; of those of `begun`, what there is is whole."""
    found, acknowledged = runs(store.database), len(done)
    assert {f"k{n}" for n in done} <= {run.key for run in found} <= {f"k{n}" for n in done | begun}
    assert len(store.reports()) == len(found)
    log = log_entries(store.database)
    assert sorted(each.subject for each in log if each.verb == "graded") == sorted(f"run {run.id}" for run in found)
    for run in found:
        assert [row.verdict for row in check_rows(store.database, run.id)] == ["PASSED", "FAILED"]
        assert (run.points, run.max_points) == (2.0, 4.0)
    kept = artefacts(store.database)
    assert len(kept) >= acknowledged
    for each in kept:
        assert hashlib.sha256(read_artefact(store.artefacts, each.sha256)).hexdigest() == each.sha256
    given = marks(store.database)
    assert len(given) >= acknowledged
    assert all((mark.points, mark.comment) == (1.0, f"Comment {mark.answer[3:]}.") for mark in given)
    assert sorted(each.subject for each in log if each.verb == "marked") == sorted(f"{m.answer}: all" for m in given)
    assert len([each for each in log if each.verb == "commented"]) == len(given)
    shown = publications(store.database)
    assert len(shown) >= acknowledged
    assert len([each for each in log if each.verb == "published"]) == len(shown)
    named = {each.sha256 for each in kept}
    with store.writing("orphans"):
        removed = set(remove_orphans(store.database, store.artefacts, young=0.0))
    assert not named & removed
    assert {path.name for path in files_in(store.artefacts)} == named
    assert not list(store.artefacts.rglob(".*"))


def _write_until_killed(address: str, folder: Path, first: int, die_at: int | None, acknowledge: Connection) -> None:
    """Write one number after the other, saying when each is written; three, dying at that step, or without an end."""
    left = [die_at]

    def step(_: str) -> None:
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    with Store(address, artefacts=folder, step=step) as store:
        for number in range(first, first + (3 if die_at is not None else 10**6)):
            write_all(store, number, step)
            acknowledge.send_bytes(b"%d" % number)


def killed(
    address: str, folder: Path, first: int, *, die_at: int | None = None, after: int = 0, pause: float = 0.0
) -> tuple[set[int], bool]:
    """Let a process write until it dies at a step, or is killed `pause` seconds after so many numbers.

    Returns:
        The numbers that it had acknowledged, and whether it came to its end.
    """
    reader, writer = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_write_until_killed, args=(address, folder, first, die_at, writer))
    process.start()
    writer.close()
    done: set[int] = set()
    if die_at is None:
        done |= {int(reader.recv_bytes()) for _ in range(after)}
        time.sleep(pause)
        process.kill()
    process.join()
    finished = process.exitcode == 0
    assert finished or process.exitcode == -signal.SIGKILL
    process.close()
    with reader, suppress(EOFError):
        while True:
            done.add(int(reader.recv_bytes()))
    return done, finished


@pytest.mark.long
def test_killed_at_any_statement_nothing_is_lost_or_half(tmp_path: Path) -> None:
    """A process that is killed before each statement, commit and step of a file in turn, from the first table on."""
    number, counts, finished = 0, [], False
    while not finished:
        path, files = tmp_path / f"{number}.db", tmp_path / f"{number}"
        done, finished = killed(sqlite_address(path), files, 0, die_at=number)
        with Store(sqlite_address(path), artefacts=files) as store:
            expect_whole(store, done, {len(done)})
            write_all(store, 9, lambda _: None)  # the database goes on
            expect_whole(store, {*done, 9}, {len(done)})
        counts.append(len(done))
        number += 3 if number > 60 else 1  # the tables and the first number at each step, then at every third
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}
    assert number > 100


def test_killed_at_random_times_nothing_is_lost_or_half(any_address: str, tmp_path: Path) -> None:
    """A process that writes without pause is killed at times of which nobody knows what it was doing."""
    drawn, folder = random.Random(4), tmp_path / "files"
    done: set[int] = set()
    begun: set[int] = set()
    Store(any_address, artefacts=folder).close()
    for after in (3, 1, 0, 2, 1):
        first = max({-1, *done, *begun}) + 1
        made, _ = killed(any_address, folder, first, after=after, pause=0.02 * drawn.random())
        done |= made
        begun.add(max({first - 1, *made}) + 1)
        with Store(any_address, artefacts=folder) as store:
            expect_whole(store, done, begun)
    assert len(done) >= 7


def test_a_file_without_its_row_goes_and_one_with_a_row_stays(tmp_path: Path) -> None:
    """Orphans are removed when they are old; a young one may be about to get its row."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        store.keep(passing("ann"))
        with store.writing("a file"):
            kept = write_file(store.artefacts, b"weights")
            record_artefacts(store.database, store.artefacts, 1, {"one": kept, "two": "0" * 64})
        orphan = write_file(store.artefacts, b"nobody's")
        for young, expected in ((3600.0, ()), (0.0, (orphan,))):
            with store.writing("orphans"):
                assert remove_orphans(store.database, store.artefacts, young) == expected
        assert [path.name for path in files_in(store.artefacts)] == [kept]
        assert read_artefact(store.artefacts, kept) == b"weights"
        assert not (store.artefacts / orphan[:2]).exists()
        assert store.artefacts == tmp_path / "grader.db.artefacts"


def test_a_file_of_an_earlier_run_goes_where_a_later_one_has_its_own(any_address: str, tmp_path: Path) -> None:
    """Of the same hand-in and check; what other checks, hand-ins and students left stays, and what is young."""
    folder = tmp_path / "files"
    with Store(any_address, artefacts=folder) as store:
        for who, key in (("ann", "1"), ("ben", "1"), ("ann", "2")):
            store.keep(passing(who, key))
        left = {1: {"one": b"old", "two": b"only there"}, 2: {"one": b"ben's"}, 3: {"one": b"new"}}
        with store.writing("files"):
            for run, files in left.items():
                hashes = {check: write_file(folder, content) for check, content in files.items()}
                record_artefacts(store.database, folder, run, hashes)
        for young, removed in ((3600.0, 0), (0.0, 1)):
            with store.writing("superseded files"):
                assert len(remove_superseded(store.database, folder, young)) == removed
        assert sorted(path.read_bytes() for path in files_in(folder)) == [b"ben's", b"new", b"only there"]


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    """Two runs with the same model share its file, and what a run left last takes the place of what it left before."""
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        for key in "12":
            store.keep(passing("ann", key))
        for run, content in ((1, b"same"), (2, b"same"), (2, b"other")):
            with store.writing("a file"):
                sha256 = write_file(store.artefacts, content)
                record_artefacts(store.database, store.artefacts, run, {"one": sha256})
        assert [(each.run, each.size) for each in artefacts(store.database)] == [(1, 4), (2, 5)]
        assert artefacts(store.database, 2)[0].sha256 == hashlib.sha256(b"other").hexdigest()


def test_a_damaged_or_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """What is read is what was written, or a sentence that names the file."""
    sha256 = write_file(tmp_path, b"weights")
    path = tmp_path / sha256[:2] / sha256
    path.write_bytes(b"wEights")
    with pytest.raises(UsageError, match=r"is damaged: its content is not what its name says"):
        read_artefact(tmp_path, sha256)
    assert write_file(tmp_path, b"weights") == sha256
    assert read_artefact(tmp_path, sha256) == b"weights"
    path.unlink()
    with pytest.raises(UsageError, match=f"{sha256} cannot be read: file not found; grade again"):
        read_artefact(tmp_path, sha256)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"Cannot write .*: a part of its path is a file and not a folder; "):
        write_file(tmp_path / "file", b"x")


def test_files_have_no_place_beside_a_server(postgres_address: str) -> None:
    """Where the database is no file, a folder has to be named; the sentence has no password in it."""
    with Store(postgres_address.replace("grader@", "grader:secret@")) as store:
        with pytest.raises(UsageError, match="no place beside postgresql") as caught:
            assert store.artefacts
        assert str(caught.value).endswith(
            "; name a folder with Course.artefacts in grader_config.py, or with --artefacts."
        )
        assert "secret" not in str(caught.value)


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from samples import passing
from autograder.store import Store
from autograder.store.marking import record_marks
from autograder.store.records import Mark
with Store({address!r}, who={who!r}) as store:
    for number in range(25):
        store.keep(passing(f"{who}-{{number}}"))
        store.keep(passing("both", key=f"k{{number}}"))
        with store.writing("marks"):
            given = Mark("both", "b", "why", "all", 99.0, float(number) + {shift})
            record_marks(store.database, "theory", [given], {who!r}, store.change())
"""


def test_two_graders_lose_nothing(any_address: str) -> None:
    """Two processes write into one database: every run and mark is there, and each line of the log follows the last."""
    tests = str(Path(__file__).parents[1])
    programs = [WRITER.format(tests=tests, address=any_address, who=who, shift=shift) for who, shift in
                (("amy", 0.25), ("bob", 0.5))]  # fmt: skip
    both: list[Any] = [subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE) for text in programs]
    assert [process.communicate()[1] for process in both] == [b"", b""]
    with Store(any_address) as store:
        expected = {f"{who}-{number}" for who in ("amy", "bob") for number in range(25)}
        assert {each.student for each in store.reports()} == expected | {"both"}
        assert len(store.reports("tiny", "both")) == 25
        log = [each for each in log_entries(store.database, student="both") if each.verb == "marked"]
        assert sorted(each.who for each in log) == ["amy"] * 25 + ["bob"] * 25
        assert [each.before for each in log[1:]] == [each.after for each in log[:-1]]
        (mark,) = marks(store.database)
        assert repr(mark.points) == log[-1].after


@pytest.mark.long
def test_two_commands_grade_into_one_database(any_address: str, tmp_path: Path) -> None:
    """Two `autograder grade` at the same time, with a class each: every report of both is there, and known again."""
    root = make_course(tmp_path / "course")
    commands = []
    for number in range(2):
        inbox = hand_in(tmp_path / f"in{number}", **{f"s{number}{n}": f"# {n}\n{RIGHT}" for n in range(6)})
        verb = [
            sys.executable,
            "-m",
            "autograder",
            "grade",
            "tiny",
            str(inbox),
            "--out",
            str(tmp_path / f"out{number}"),
        ]
        commands.append([*verb, "--db", any_address, "--course", str(root), "--seed", "s", "--sandbox", "none"])
    for done in (0, 6):
        both: list[Any] = [subprocess.Popen(each, stdout=subprocess.PIPE, text=True) for each in commands]
        said = [process.communicate()[0] for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert [f"{done} of 6 reports were there already" in each for each in said] == [bool(done)] * 2
    with Store(any_address) as store:
        assert {each.student for each in store.reports()} == {f"s{m}{n}" for m in range(2) for n in range(6)}
        assert len(log_entries(store.database)) == 12


def test_a_lost_connection_is_made_again(postgres_address: str) -> None:
    """A server that ended the connection between two results costs nothing; in the midst of one, a sentence."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = :name"
    name = {"name": postgres_address.split("/")[3].split("?", maxsplit=1)[0]}
    with Store(postgres_address) as store, Store(postgres_address) as other:
        store.keep(passing("ann"))
        other.database.rows(others, name)
        store.keep(passing("ben"))

        def cut_off() -> None:
            with store.writing("marks"):
                store.database.change("INSERT INTO students (name) VALUES ('half')")
                other.database.rows(others, name)
                store.database.change("INSERT INTO students (name) VALUES ('whole')")

        with pytest.raises(UsageError, match="Cannot write marks to postgresql"):
            cut_off()
        store.keep(passing("cem"))
        assert [each.student for each in store.reports()] == ["ann", "ben", "cem"]


def test_a_passing_report_is_written_by_this_version(any_address: str) -> None:
    """Reports keep every field that JSON keeps, whatever database they were in."""
    made = replace(passing("ann"), notes=("\N{SNOWMAN} note \\ 'quoted'", "second\nline"))
    with Store(any_address) as store:
        store.keep(made)
        assert store.known("k", "ann") == made

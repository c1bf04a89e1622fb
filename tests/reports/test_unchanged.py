"""Grading again what did not change: nothing is rendered or written twice."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from command_line import run
from tiny_course import RIGHT, WRONG, hand_in, make_course

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.reports import changed_files
from autograder.reports.changed_files import LIST, Written, written


def left(out: Path) -> dict[str, tuple[int, int]]:
    """Number and time of every report and page."""
    paths = [*out.glob("*/*.html"), *out.glob("*/*.json"), out / "summary.html"]
    return {str(path.relative_to(out)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def test_of_a_process_that_is_killed_no_draft_stays(tmp_path: Path, many: None, monkeypatch) -> None:
    """Where this process cannot write, the others are killed in the middle of a file, which goes with them."""
    parent, write = os.getpid(), atomic_files._write

    def halted(path: str, content: bytes) -> None:
        if ".html." not in path:
            return write(path, content)
        if os.getpid() != parent:
            write(path, content[:1])
            signal.pause()
        begun = time.monotonic()
        while not [*tmp_path.glob(".*.html.*")]:
            assert time.monotonic() < begun + 60, "no other process writes"
            time.sleep(0.01)
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(atomic_files, "_write", halted)
    files = Written(tmp_path, {})
    for number in range(8):
        files.write(tmp_path / f"{number}.html", number, lambda: "text")
    with pytest.raises(UsageError):
        files.save()
    assert not [*tmp_path.glob(".*.html.*")]


def test_ctrl_c_just_after_a_fork_ends_the_new_process(tmp_path: Path, many: None, monkeypatch) -> None:
    """It runs nothing of what this process does when it is stopped, and its part is written here."""
    parent, fork = os.getpid(), os.fork

    def interrupted() -> int:
        process = fork()
        if process == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return process

    monkeypatch.setattr(os, "fork", interrupted)
    try:
        with written(tmp_path) as files:
            for number in range(8):
                files.write(tmp_path / f"{number}.html", number, lambda: "text")
    finally:
        if os.getpid() != parent:
            (tmp_path / "escaped").touch()
            os._exit(1)
    assert len([*tmp_path.glob("*.html")]) == 8
    assert not (tmp_path / "escaped").exists()


@pytest.mark.long
def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    """A second run leaves every page alone; one that was edited, removed, or whose points changed is made again."""
    root, handed, out = (
        make_course(tmp_path / "course"),
        hand_in(tmp_path / "in", ann=RIGHT, ben=WRONG),
        tmp_path / "out",
    )
    first = run("grade", "tiny", handed, "--out", out, cwd=root)
    before = left(out)
    page, text = out / "feedback" / "ann.html", (out / "feedback" / "ann.html").read_text()
    assert first.returncode == 0, first.stderr
    assert len(before) == 7

    again = run("grade", "tiny", handed, "--out", out, cwd=root)
    assert "2 of 2 reports were there already" in again.stdout
    assert left(out) == before

    page.write_text("edited")
    (out / "staff" / "ben.html").unlink()
    run("grade", "tiny", handed, "--out", out, cwd=root)
    assert page.read_text() == text
    assert {name for name, about in left(out).items() if about != before[name]} == {
        "feedback/ann.html",
        "staff/ben.html",
    }

    before = left(out)
    (handed / "ben" / "tiny.py").write_text(RIGHT)
    run("grade", "tiny", handed, "--out", out, cwd=root)
    changed = {"feedback/ben.html", "staff/ben.html", "reports/ben.json", "summary.html"}
    assert {name for name, about in left(out).items() if about != before[name]} == changed


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"a.html": 3}', b"\xff"])
def test_a_list_that_cannot_be_read_means_that_all_is_written(tmp_path: Path, broken: bytes) -> None:
    """The list is a help and never trusted blindly."""
    (tmp_path / LIST).write_bytes(broken)
    with written(tmp_path) as files:
        files.write(tmp_path / "a.html", "made of", lambda: "text")

    assert (tmp_path / "a.html").read_text() == "text"


def test_a_file_is_made_once_of_the_same(tmp_path: Path) -> None:
    """It is made again of something else, after a change of the file, and in another folder."""
    made: list[str] = []

    def write(folder: Path, made_of: object) -> None:
        with written(folder) as files:
            files.write(folder / "a.html", made_of, lambda: made.append(str(made_of)) or "text")

    write(tmp_path, 1)
    write(tmp_path, 1)
    assert made == ["1"]
    write(tmp_path, 2)
    assert made == ["1", "2"]
    os.utime(tmp_path / "a.html", ns=(5, 5))
    write(tmp_path, 2)
    (tmp_path / "b").mkdir()
    write(tmp_path / "b", 2)
    assert made == ["1", "2", "2", "2"]


def test_a_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """What the list remembers of it is forgotten with it."""
    with written(tmp_path) as files:
        files.write(tmp_path / "a.html", 1, lambda: "text")
        files.remove(tmp_path / "a.html")
        files.remove(tmp_path / "never there.html")
        assert not (tmp_path / "a.html").exists()
        files.write(tmp_path / "a.html", 1, lambda: "text")
    assert (tmp_path / "a.html").exists()


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Eight files are many, and there are three cores; no process is left behind.

    Threads that a library has left here, for as long as this process lives, are not counted.
    """
    made, fork, threads, standing = [], os.fork, threading.active_count, threading.active_count() - 1

    def forked() -> int:
        made.append(fork())
        return made[-1]

    monkeypatch.setattr(changed_files, "_FEW", 8)
    monkeypatch.setattr(threading, "active_count", lambda: threads() - standing)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    monkeypatch.setattr(os, "fork", forked)
    yield
    for process in made:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


class Busy:
    """Another thread at work."""

    def __enter__(self) -> None:
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.end.wait)
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.end.set()
        self.thread.join()


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("count", "busy", "processes"), [(7, False, 1), (8, False, 3), (8, True, 1)])
def test_many_files_are_made_by_several_processes(tmp_path: Path, count: int, busy: bool, processes: int) -> None:
    """Each of them is there and known then; where another thread might hold a lock, no process is forked."""
    with Busy() if busy else nullcontext(), written(tmp_path) as files:
        for number in range(count):
            files.write(tmp_path / f"{number}.html", number, lambda number=number: f"{number} {os.getpid()}")
    texts = [(tmp_path / f"{number}.html").read_text().split() for number in range(count)]
    assert [int(number) for number, _ in texts] == list(range(count))
    assert len({by for _, by in texts}) == processes

    def never() -> str:
        raise AssertionError

    with written(tmp_path) as files:
        for number in range(count):
            files.write(tmp_path / f"{number}.html", number, never)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("how", ["killed", "raising", "no process"])
def test_what_another_process_does_not_write_is_written_here(tmp_path: Path, how: str, monkeypatch) -> None:
    """However it ends, and where there can be no other process."""
    here = os.getpid()

    def text() -> str:
        if how == "killed" and os.getpid() != here:
            os.kill(os.getpid(), 9)
        assert os.getpid() == here
        return "text"

    def refused() -> int:
        raise BlockingIOError

    if how == "no process":
        monkeypatch.setattr(os, "fork", refused)
    with written(tmp_path) as files:
        for number in range(9):
            files.write(tmp_path / f"{number}.html", number, text)
    assert {path.read_text() for path in tmp_path.glob("*.html")} == {"text"}
    assert len(list(tmp_path.glob("*.html"))) == 9


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("number", range(3))
def test_a_file_that_cannot_be_written_is_named_whoever_meets_it(tmp_path: Path, number: int) -> None:
    """The sentence is that of one process."""
    (tmp_path / f"{number}.html").mkdir()

    def write() -> None:
        with written(tmp_path) as files:
            for each in range(9):
                files.write(tmp_path / f"{each}.html", each, lambda: "text")

    with pytest.raises(UsageError, match=rf"Cannot write .*/{number}\.html"):
        write()


@pytest.mark.long
def test_a_large_class_has_no_table(tmp_path: Path) -> None:
    """For more than 300 students the number and the median are printed, and where everything lies."""
    root, out = make_course(tmp_path / "course"), tmp_path / "out"
    handed = hand_in(tmp_path / "in", **{f"s{number:03d}": "" for number in range(301)})
    done = run("grade", "tiny", handed, "--out", out, "--jobs", "2", cwd=root)

    assert "301 students, median 0 of 5 points. A table is printed for up to 300." in done.stdout
    assert "Class summary:" in done.stdout

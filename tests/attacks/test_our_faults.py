"""Our fault is never theirs: full disks and dead helpers cost no student a point, and lose no result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tiny_course import CONFIG, RIGHT, WRONG, hand_in, make_course

from autograder.isolation.processes import descendants
from autograder.sandbox import why_not
from autograder.store.results import Store, sqlite_address

pytestmark = pytest.mark.long

GRADER = [sys.executable, "-c", "from autograder.cli import main; main()"]
SLOW = "import time\ntime.sleep(0.4)\n" + RIGHT


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A tiny course, graded in bubblewrap."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    root = make_course(tmp_path / "course")
    (root / "grader_config.py").write_text(CONFIG.replace('"none"', '"bubblewrap"'))
    return root


def grade(course: Path, handed_in: Path, out: Path, *before: str, **environment: str) -> tuple[int, str]:
    """Grade from the command line; exit code, and everything that was said."""
    command = [*before, *GRADER, "grade", "tiny", str(handed_in), "--out", str(out)]
    ended = subprocess.run(
        command, cwd=course, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


def on_a_full_disk(folder: Path, size: str) -> list[str]:
    """The beginning of a command that finds a file system of that size in a folder."""
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("a small file system can only be mounted by root, with unshare")
    folder.mkdir()
    script = f'mount -t tmpfs -o size={size} none {folder} && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


@pytest.mark.parametrize(
    ("room", "says"),
    [
        ("a part of the empty database", "Cannot use the results database"),
        ("the empty database", "Cannot write the result of ann"),
        ("all but the last pages", "Cannot write {out}/x/"),
    ],
)
def test_a_full_disk_is_one_sentence(course: Path, tmp_path: Path, room: str, says: str) -> None:
    """Wherever the room ends, staff read what could not be written and what to do; no traceback, no wrong grade."""
    out = tmp_path / "out"
    handed_in = hand_in(tmp_path / "in", ann=RIGHT, ben=WRONG, carl=RIGHT)
    code, said = grade(course, handed_in, out / "x", *on_a_full_disk(out, f"{kibibytes(room, course, tmp_path)}k"))
    assert code == 2
    assert says.format(out=out) in said
    assert "run the same command again" in said or "--db" in said
    assert "Traceback" not in said


def kibibytes(room: str, course: Path, scratch: Path) -> int:
    """How much of a class of three fits: measured, since the tables and the pages grow with the product."""
    if room == "all but the last pages":
        code, said = grade(course, hand_in(scratch / "before", ann=RIGHT, ben=WRONG, carl=RIGHT), scratch / "whole")
        assert code == 0, said
        return on_disk(scratch / "whole") - 24
    with Store(sqlite_address(scratch / "empty.db")):
        pass
    empty = on_disk(scratch / "empty.db")
    return empty // 2 if room == "a part of the empty database" else empty + 24


def on_disk(path: Path) -> int:
    """KiB that a file, or all files of a folder, take in pages of 4 KiB."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(-(-each.stat().st_size // 4096) * 4 for each in files)


def test_scratch_space_that_cannot_be_had_is_internal(course: Path, tmp_path: Path) -> None:
    """If the sandbox's own disk is full, every check is INTERNAL, the whole class is graded, and a message says it."""
    full = tmp_path / "tmp"
    (course / "grader_config.py").write_text(CONFIG.replace('"none"', '"landlock"'))
    handed_in = hand_in(tmp_path / "in", ann=RIGHT + "#" * 60_000, ben=RIGHT)
    code, said = grade(course, handed_in, tmp_path / "out", *on_a_full_disk(full, "40k"), TMPDIR=str(full))
    assert code == 1
    assert "ann: our fault, trying once more" in said
    assert "no space left on device" in said
    assert "[2/2] ben: 5 of 5 points" in said or "[1/2] ben: 5 of 5 points" in said
    assert "Our fault, not scored: ann" in said


@pytest.mark.parametrize("victim", ["forkserver", "job"])
def test_what_is_killed_is_started_again(course: Path, tmp_path: Path, victim: str) -> None:
    """Killed in the middle of a class, forkserver or job come back; every submission gets its points."""
    handed_in = hand_in(tmp_path / "in", **{f"s{n}": SLOW for n in range(6)})
    command = [*GRADER, "grade", "tiny", str(handed_in), "--out", str(tmp_path / "out"), "--jobs", "2"]
    with subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as grader:
        killed: list[int] = []
        threading.Thread(target=kill_one, args=(grader.pid, victim, killed)).start()
        said = grader.communicate(timeout=120)[0]
    assert killed
    assert grader.returncode == 0, said
    assert said.count("5 of 5 points") == 6


def kill_one(pid: int, victim: str, killed: list[int]) -> None:
    """Kill a helper of the grader once it is at work."""
    signs = {"forkserver": b"forkserver import main", "job": b"\0grade\0tiny\0"}  # a job is forked from the grader
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        alive = {
            name: [each for each in descendants(pid) if each != pid and sign in command_line(each)]
            for name, sign in signs.items()
        }
        at_work = bool(alive["forkserver"]) and len(descendants(alive["forkserver"][0])) >= 5  # it has an open sandbox
        if at_work and alive[victim]:
            os.kill(alive[victim][0], signal.SIGKILL)
            killed.append(alive[victim][0])
            return
        time.sleep(0.01)


def command_line(pid: int) -> bytes:
    """What a process was started as; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_package_that_is_missing_on_this_machine_is_named(course: Path, tmp_path: Path) -> None:
    """The assignment preloads what is not installed: one sentence before anybody is graded."""
    assignment = course / "assignments" / "tiny" / "assignment.py"
    assignment.write_text(
        assignment.read_text().replace('files=["tiny.py"]', 'files=["tiny.py"], preload=["nonesuch"]')
    )
    code, said = grade(course, hand_in(tmp_path / "in", ann=RIGHT), tmp_path / "out")
    assert code == 2
    assert "nonesuch" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "out").glob("reports/*"))

"""The forkserver that is started before it is needed: used where it fits, gone where it does not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tiny_course import RIGHT, hand_in, make_course

from autograder import early_start as early
from autograder.early_start import Early, begin
from autograder.sandbox import start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forkservers need Linux")


def test_it_becomes_the_sandbox(hand_in) -> None:
    """A sandbox that fits takes it over, and ends it at its own end."""
    with Early(threads=1) as waiting:
        with start("none", early=waiting) as sandbox:
            assert sandbox.pid == waiting.process.pid
        assert waiting.process.poll() == 0
        assert not waiting.folder.exists()


def test_only_one_sandbox_takes_it() -> None:
    """Whoever asks later, after a death for example, gets a forkserver of its own."""
    with Early(threads=1) as waiting, start("none", early=waiting) as first, start("none", early=waiting) as second:
        assert first.pid == waiting.process.pid != second.pid


def test_another_number_of_threads_needs_another_one() -> None:
    """Threads are counted when numpy is imported, so one with another number is left alone and ended."""
    with Early(threads=1) as waiting, start("none", threads=2, early=waiting) as sandbox:
        assert sandbox.pid != waiting.process.pid
    assert waiting.process.poll() is not None
    assert not waiting.folder.exists()


def test_a_dead_one_is_not_used() -> None:
    """The sandbox still starts."""
    with Early(threads=1) as waiting:
        waiting.process.kill()
        waiting.process.wait()
        with start("none", early=waiting) as sandbox:
            assert sandbox.alive()


def test_without_settings_it_ends_without_a_word() -> None:
    """When the grader is gone before it said what it needs, nothing is left and nothing is printed."""
    done = subprocess.run([sys.executable, "-c", early.COMMAND], input="", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_holds_nothing_of_the_grader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is its own, and it inherits no descriptor but its pipes and standard error."""
    monkeypatch.setenv("AUTOGRADER_SEED", "a secret")
    with open(__file__, "rb") as ours, Early(threads=1) as waiting:
        home = Path("/proc", str(waiting.process.pid))
        assert b"a secret" not in (home / "environ").read_bytes()
        assert {int(each.name) for each in (home / "fd").iterdir() if each.resolve() == Path(__file__)} == set()
        assert ours.fileno() > 2


def test_it_is_started_for_an_assignment_that_is_there(course: Path) -> None:
    """A misspelt name, and a course in nbgrader's folders, start nothing."""
    assert begin(course, "smal") is None
    with begin(course, "small") as waiting:
        assert waiting.threads == 1


@pytest.mark.parametrize(("name", "imports"), [("small", False), ("small-notebook", True), ("cells", True)])
def test_it_imports_what_notebooks_need_while_it_waits(course: Path, name: str, imports: bool) -> None:
    """IPython is there before the settings come, for notebooks and for modules handed in as one."""
    (course / "assignments" / "cells").mkdir()
    (course / "assignments" / "cells" / "assignment.py").touch()
    (course / "reference" / "cells").mkdir()
    (course / "reference" / "cells" / "cells.ipynb").touch()
    with begin(course, name) as waiting, start("none", preload=(), early=waiting) as sandbox:
        maps = Path("/proc", str(sandbox.pid), "cmdline").read_text()
        assert ("IPython.core.interactiveshell" in maps) is imports


def test_what_it_cannot_import_is_said_when_it_is_asked_for() -> None:
    """A module that is expected and is not installed stops nobody who does not need it."""
    with Early(threads=1, expected=["no_such_module"]) as waiting, start("none", preload=(), early=waiting) as sandbox:
        assert sandbox.pid == waiting.process.pid


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("grade tiny {inbox} --out {out}", 0),
        ("check tiny {inbox}/ann/tiny.py", 0),
        ("grade tiny {inbox} --out {out} --sandbox nothing", 2),
        ("grade tiny {inbox} --out {out} --only nothing", 2),
        ("grade tiny --out {out}", 2),
        ("check tiny {inbox}/nobody.py", 2),
    ],
    ids=["grade", "check", "no such sandbox", "no such check", "no submissions", "no such file"],
)
def test_a_command_leaves_nothing_behind(tmp_path: Path, arguments: str, code: int) -> None:
    """However a command ends, its forkserver and its jobs are gone with it, and so is what they kept in files."""
    root, temporary = make_course(tmp_path / "course"), tmp_path / "temporary"
    temporary.mkdir()
    words = arguments.format(inbox=hand_in(tmp_path / "in", ann=RIGHT), out=tmp_path / "out").split()
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *words],
        cwd=root,
        env={**os.environ, "TMPDIR": str(temporary), "AUTOGRADER_SEED": "seed"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    living = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            living += [folder.name] if str(temporary).encode() in (folder / "environ").read_bytes() else []
        except OSError:
            continue

    assert done.returncode == code, done.stderr
    assert living == []
    assert list(temporary.iterdir()) == []


def test_a_long_path_for_temporary_files_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a socket has at most 107 bytes, so the forkserver's folder is in /tmp then."""
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with Early(threads=1) as early:
        assert len(os.fsencode(early.folder / "socket")) <= 107
        assert early.folder.is_dir()
    assert not early.folder.exists()


@pytest.mark.parametrize(
    ("preload", "found"),
    [
        ('preload=["numpy", "json.tool"]', ["json.tool"]),
        ("preload=('json.tool', name)", ["json.tool"]),
        ('preload=["json.tool"], limits=Limits(threads=2)', []),
        ("preload=[*NAMES, 3]", []),
        ('# preload=["json.tool"]', []),
        ('preload=["json.tool"', []),
        ('preload=["-c"]', []),
    ],
)
def test_it_imports_what_an_assignment_preloads(course: Path, preload: str, found: list[str]) -> None:
    """What the assignment's file names in so many words is imported while it waits; the file is not run for that."""
    text = (
        f"from autograder import Assignment, Limits\nassignment = Assignment('Small', files=['small.py'], {preload}\n)"
    )
    (course / "assignments" / "small" / "assignment.py").write_text(text)
    with begin(course, "small") as waiting:
        command = waiting.process.args
    assert command[command.index(early.COMMAND) + 1 :] == ["numpy", *found]

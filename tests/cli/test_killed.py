"""Verbs that are killed before each change of a file in turn: no file is half, and the same command completes it."""

from __future__ import annotations

import csv
import hashlib
import io
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import written_course
from class_downloads import SOURCES
from command_line import run
from tiny_course import RIGHT, WRONG, hand_in, make_course
from typer.testing import CliRunner

from autograder.cli import app
from autograder.store import Store, publishing, sqlite_address
from autograder.store.marking import marks
from autograder.submissions.attempts import read_attempts

CHANGES = ("replace", "rename", "link", "utime", "unlink", "mkdir", "rmdir")


def call(*words: object, code: int = 0) -> None:
    """A verb in this process, which has to end with that code."""
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == code, done.output


def _die_before(number: int, words: tuple[object, ...], code: int) -> None:
    """Run a verb, killed before the change of a file of that number."""
    left = [number]

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def change(*arguments: object, **options: object) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            real(*arguments, **options)

        return change

    for name in CHANGES:
        setattr(os, name, dying(getattr(os, name)))
    call(*words, code=code)


def killed_everywhere(source: Path, copies: Path, *words: str, code: int = 0) -> Iterator[tuple[Path, bool]]:
    """A copy of a folder after a verb was killed before each change in turn, and whether it came to its end."""
    number, finished = 0, False
    while not finished:
        out = copies / f"{number}"
        shutil.copytree(source, out)
        arguments = (number, (*words, "--out", out), code)
        process = multiprocessing.get_context("fork").Process(target=_die_before, args=arguments)
        process.start()
        process.join()
        finished = process.exitcode == 0
        assert finished or process.exitcode == -signal.SIGKILL
        process.close()
        yield out, finished
        number += 1


def texts(folder: Path) -> dict[str, str]:
    """What people read of a folder: the visible files below it."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.suffix in (".html", ".csv", ".json")
    }


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but for what is on its way."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    }


@pytest.fixture
def graded(tmp_path: Path) -> tuple[str, Path, Path]:
    """The course, the submissions and the folder of a class of two."""
    root = make_course(tmp_path / "course")
    inbox = hand_in(tmp_path / "in", ann=RIGHT, ben=WRONG)
    assert run("grade", "tiny", inbox, "--out", tmp_path / "out", cwd=root).returncode == 0
    return str(root), inbox, tmp_path / "out"


@pytest.mark.long
def test_publishing_that_is_killed_loses_and_halves_nothing(graded: tuple[str, Path, Path], tmp_path: Path) -> None:
    """Each page is whole, whatever is recorded as shown lies there, and publishing again gives what one run gives."""
    root, _, out = graded
    shutil.copytree(out, tmp_path / "whole")
    call("publish", "tiny", "--course", root, "--out", tmp_path / "whole")
    whole, ended = texts(tmp_path / "whole"), 0
    for copy, _ in killed_everywhere(out, tmp_path / "copies", "publish", "tiny", "--course", root):
        assert texts(copy).items() <= whole.items()
        with Store(sqlite_address(copy / "grader.db")) as store:
            shown = publishing.publications(store.database)
        earlier = {hashlib.sha256(path.read_bytes()).hexdigest() for path in copy.glob("published_earlier/*/*.html")}
        assert {each.sha256 for each in shown} <= earlier
        call("publish", "tiny", "--course", root, "--out", copy)
        assert texts(copy) == whole
        with Store(sqlite_address(copy / "grader.db")) as store:
            assert {each.student for each in publishing.publications(store.database)} == {"ann", "ben"}
        ended += 1
    assert ended > 5


@pytest.mark.long
def test_taking_what_was_regraded_can_be_killed(graded: tuple[str, Path, Path], tmp_path: Path) -> None:
    """What counts is the earlier class or the new one, no report is half, and the same command completes it."""
    root, inbox, out = graded
    script = Path(root) / "assignments" / "tiny" / "assignment.py"
    script.write_text(script.read_text().replace("points=2", "points=2.5"))
    assert run("regrade", "tiny", inbox, "--out", out, cwd=Path(root)).returncode == 0
    shutil.copytree(out, tmp_path / "whole")
    take = ("regrade", "tiny", "--course", root, "--take")
    before = texts(out)
    call(*take, "--out", tmp_path / "whole")
    whole, ended = texts(tmp_path / "whole"), 0
    counting = ("reports/ann.json", "reports/ben.json")
    for copy, finished in killed_everywhere(out, tmp_path / "copies", *take):
        found = texts(copy)
        assert all(found[name] in (before[name], whole[name]) for name in counting)
        if not finished and (copy / "regraded").is_dir() and (copy / "regraded" / "complete.txt").is_file():
            call(*take, "--out", copy)
        assert {name: texts(copy)[name] for name in counting} == {name: whole[name] for name in counting}
        ended += 1
    assert ended > 5


@pytest.mark.long
def test_marking_that_is_killed_loses_no_point(tmp_path: Path) -> None:
    """What a person typed stands in the file or in the database, no grade is half, and marking again completes it."""
    root = written_course.make_course(tmp_path / "course")
    answers = {"ada": {"answers.md": written_course.answered("Because.", "Clear.")}}
    inbox, out = written_course.hand_in(tmp_path / "in", **answers), tmp_path / "out"
    assert run("grade", "theory", inbox, "--out", out, cwd=root).returncode == 0
    verb = ("mark", "theory", "--course", str(root))
    call(*verb, "--out", out)
    with (out / "marks.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    with (out / "marks.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows({**line, "points": "1.5"} for line in lines)
    shutil.copytree(out, tmp_path / "whole")
    before = texts(out)
    call(*verb, "--out", tmp_path / "whole")
    whole, ended = texts(tmp_path / "whole"), 0
    assert whole != before
    for copy, _ in killed_everywhere(out, tmp_path / "copies", *verb):
        found = texts(copy)
        assert all(found[name] in (before.get(name), whole[name]) for name in found)
        assert [each["points"] for each in csv.DictReader(io.StringIO(found["marks.csv"]))] == ["1.5"] * 3
        call(*verb, "--out", copy)
        assert texts(copy) == whole
        with Store(sqlite_address(copy / "grader.db")) as store:
            assert [each.points for each in marks(store.database, "theory")] == [1.5] * 3
        ended += 1
    assert ended > 5


@pytest.mark.long
@pytest.mark.parametrize("kind", ["moodle", "plain"])
def test_collecting_that_is_killed_leaves_no_half_attempt(tmp_path: Path, kind: str) -> None:
    """Every attempt that is there is whole, and the same command ends with what one run gives."""
    root = make_course(tmp_path / "course")
    (tmp_path / "download").mkdir()
    source = SOURCES[kind](tmp_path / "download", 2)
    verb = ("collect", source, "--assignment", "tiny", "--course", root)
    ran = run(*verb, "--out", tmp_path / "whole", cwd=root).returncode
    whole, ended = everything(tmp_path / "whole"), 0
    (tmp_path / "none").mkdir()
    for copy, _ in killed_everywhere(tmp_path / "none", tmp_path / "copies", *map(str, verb), code=ran):
        for attempt in read_attempts(copy):
            folder = attempt.folder(copy)
            assert set(attempt.files) <= everything(folder).keys()
            assert everything(folder).items() <= everything(tmp_path / "whole" / folder.relative_to(copy)).items()
        assert run(*verb, "--out", copy, cwd=root).returncode == ran
        assert everything(copy) == whole
        ended += 1
    assert ended > 5

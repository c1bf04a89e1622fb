"""Verbs that are killed before each change of a file in turn: no file is half, and the same command completes it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import run
from tiny_course import RIGHT, WRONG, hand_in, make_course
from typer.testing import CliRunner

from autograder.cli import app
from autograder.store import Store, publishing, sqlite_address

CHANGES = ("replace", "rename", "unlink", "mkdir", "rmdir")


def call(*words: object) -> None:
    """A verb in this process, which has to succeed."""
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def _die_before(number: int, words: tuple[object, ...]) -> None:
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
    call(*words)


def killed_everywhere(source: Path, copies: Path, *words: str) -> Iterator[tuple[Path, bool]]:
    """A copy of a graded folder after a verb was killed before each change in turn, and whether it came to its end."""
    number, finished = 0, False
    while not finished:
        out = copies / f"{number}"
        shutil.copytree(source, out)
        arguments = (number, (*words, "--out", out))
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

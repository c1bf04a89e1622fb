"""A sandbox that worked on this machine and does not any more is missed, and never replaced silently."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_course import CONFIG, RIGHT, hand_in, make_course

from autograder.checks.errors import UsageError
from autograder.sandbox import note_on, remember, require_strongest, why_not

both = pytest.mark.skipif(
    bool(why_not("bubblewrap") or why_not("landlock")), reason="needs bubblewrap and landlock: one of them fails here"
)


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the program."""
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.mark.usefixtures("no_bubblewrap")
def test_a_weaker_sandbox_is_refused_where_a_stronger_one_has_worked(tmp_path: Path) -> None:
    """The sentence says which, when, why not now, and how to continue."""
    require_strongest("landlock", tmp_path)
    remember(["bubblewrap"], tmp_path)
    with pytest.raises(
        UsageError,
        match=r"bubblewrap worked on this machine on \d{4}-\d\d-\d\d and does not now \(the program bwrap is missing.*"
        r"name the weaker one with --sandbox landlock or as sandbox=\"landlock\" in grader_config.py",
    ):
        require_strongest("landlock", tmp_path)
    require_strongest("bubblewrap", tmp_path)


@pytest.mark.usefixtures("no_bubblewrap")
def test_what_is_kept_holds_for_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that several machines share says nothing about the others."""
    monkeypatch.setattr("platform.node", lambda: "one")
    remember(["bubblewrap"], tmp_path)
    monkeypatch.setattr("platform.node", lambda: "two")
    require_strongest("landlock", tmp_path)
    remember(["landlock"], tmp_path)
    monkeypatch.setattr("platform.node", lambda: "one")
    with pytest.raises(UsageError, match="bubblewrap worked"):
        require_strongest("landlock", tmp_path)


@pytest.mark.usefixtures("no_bubblewrap")
@pytest.mark.parametrize("content", ["", "[1]", '{"x": 3}', "\xff"])
def test_a_broken_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    """What cannot be read stops nobody, and neither does a folder that cannot be written."""
    (tmp_path / "sandboxes.json").write_text(content, "latin-1")
    require_strongest("landlock", tmp_path)
    remember(["bubblewrap"], tmp_path / "sandboxes.json")
    remember(["bubblewrap"], tmp_path)
    with pytest.raises(UsageError, match="bubblewrap worked"):
        require_strongest("landlock", tmp_path)


@pytest.mark.usefixtures("no_bubblewrap")
def test_the_note_says_what_does_not_work_and_why() -> None:
    """And nothing where the strongest was taken."""
    assert note_on("landlock").startswith(
        "Sandbox: landlock, because bubblewrap does not work here (the program bwrap is missing;"
    )
    assert note_on("bubblewrap") == ""


def grade(root: Path, state: Path, *options: str, path: str) -> tuple[int, str]:
    """`autograder grade` with its own state folder and PATH; exit code and everything said."""
    out = root.parent / "out"
    command = [
        sys.executable,
        "-m",
        "autograder",
        "grade",
        "tiny",
        str(root.parent / "in"),
        "--out",
        str(out),
        *options,
    ]
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "PATH": path, "AUTOGRADER_SEED": "s"}
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


@pytest.mark.long
@both
def test_a_class_is_not_graded_in_a_weaker_sandbox_unasked(tmp_path: Path) -> None:
    """Where bubblewrap never worked "auto" says what it takes; where it did, landlock is asked for by name."""
    root, state, usual, bare = make_course(tmp_path / "course"), tmp_path / "state", os.environ["PATH"], "/nonexistent"
    (root / "grader_config.py").write_text(CONFIG.replace('"none"', '"auto"'))
    hand_in(tmp_path / "in", ann=RIGHT)

    code, said = grade(root, state, path=bare)
    assert code == 0, said
    assert "Sandbox: landlock, because bubblewrap does not work here (the program bwrap is missing" in said

    code, said = grade(root, state, path=usual)
    assert code == 0, said
    assert "Sandbox:" not in said

    code, said = grade(root, state, path=bare)
    assert code == 2
    assert "The sandbox bubblewrap worked on this machine on" in said

    code, said = grade(root, state, "--sandbox", "landlock", path=bare)
    assert code == 0, said
    (root / "grader_config.py").write_text(CONFIG.replace('"none"', '"landlock"'))
    code, said = grade(root, state, path=bare)
    assert code == 0, said


@pytest.mark.long
@both
def test_doctor_remembers_what_works(tmp_path: Path) -> None:
    """After it, too, a sandbox that stops working is missed."""
    root, state = make_course(tmp_path / "course"), tmp_path / "state"
    (root / "grader_config.py").write_text(CONFIG.replace('"none"', '"auto"'))
    hand_in(tmp_path / "in", ann=RIGHT)
    environment = {**os.environ, "XDG_STATE_HOME": str(state)}
    subprocess.run([sys.executable, "-m", "autograder", "doctor"], cwd=root, env=environment, timeout=120, check=True)
    code, said = grade(root, state, path="/nonexistent")
    assert code == 2
    assert "The sandbox bubblewrap worked on this machine on" in said


@both
def test_trying_one_submission_says_which_sandbox_it_was(tmp_path: Path) -> None:
    """`autograder check` continues, and says so."""
    root = make_course(tmp_path / "course")
    (root / "grader_config.py").write_text(CONFIG.replace('"none"', '"auto"'))
    folder = hand_in(tmp_path / "in", ann=RIGHT) / "ann"
    command = [sys.executable, "-m", "autograder", "check", "tiny", str(folder)]
    environment = {**os.environ, "PATH": "/nonexistent"}
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert "Sandbox: landlock, because bubblewrap does not work here" in ended.stdout

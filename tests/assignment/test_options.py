"""Every option of every verb, given wrongly: one sentence on standard error, no traceback, no "our fault"."""

from __future__ import annotations

import errno
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from command_line import refused, run
from tiny_course import make_course
from typer.models import OptionInfo
from typer.testing import CliRunner

from autograder.cli import app, main

BAD_NUMBERS = ["nan", "inf", "-inf", "1e30", "-1", "10" * 40, "x", ""]


def option(name: str) -> str:
    """The option of a parameter."""
    return f"--{name.replace('_', '-')}"


def numeric() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each verb with an option that takes a number: their names, and whatever else the verb needs."""
    for command in app.registered_commands:
        assert command.callback is not None
        hints = get_type_hints(command.callback, include_extras=True)
        needed: list[str] = []
        for name, parameter in inspect.signature(command.callback).parameters.items():
            about = hints[name].__metadata__[0]
            if parameter.default is inspect.Parameter.empty:
                needed += [option(name), "x"] if isinstance(about, OptionInfo) else ["x"]
        for name, hint in hints.items():
            base, *_ = get_args(hint) or (None,)
            if {int, float} & {base, *get_args(base)}:
                yield command.name or command.callback.__name__, option(name), tuple(needed)


NUMERIC = tuple(numeric())


def test_options_with_numbers_are_found() -> None:
    """The table of the next test holds what it is about."""
    assert {named for _, named, _ in NUMERIC} >= {"--jobs", "--seconds", "--bound", "--limit", "--at-least", "--runs"}


@pytest.mark.parametrize("bad", BAD_NUMBERS)
@pytest.mark.parametrize(("verb", "named", "needed"), NUMERIC, ids=[f"{verb} {named}" for verb, named, _ in NUMERIC])
def test_a_number_out_of_range_is_refused_by_every_option(
    verb: str, named: str, needed: tuple[str, ...], bad: str
) -> None:
    """Each option that takes a number refuses nan, infinity, huge and negative ones, and texts, by its own name."""
    done = CliRunner().invoke(app, [verb, *needed, named, bad])
    assert done.exit_code == 2
    assert f"Invalid value for '{named}'" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("grade", "tiny", "in", "--out", "o", "--limit", "memory_mib=9" + "9" * 19), "memory_mib must be a number"),
        (("grade", "tiny", "in", "--out", "o", "--limit", "wall_seconds=nan"), "wall_seconds must be a number"),
        (("grade", "tiny", "in", "--out", "o", "--limit", "wall_seconds=inf"), "wall_seconds must be a number"),
        (("grade", "tiny", "in", "--out", "o", "--limit", "processes=1.5"), "must be a whole number, not 1.5"),
        (("grade", "tiny", "in", "--out", "o", "--limit", "threads=-1"), "threads must be positive"),
        (("grade", "tiny", "in", "--out", "o", "--limit", "wall_seconds"), "is not NAME=NUMBER"),
        (("grade", "tiny", "in", "--out", "o", "--students", ""), "--students is empty"),
        (("grade", "tiny", "in", "--out", "o", "--students", " , "), "--students is empty"),
        (("grade", "tiny", "in", "--out", "o", "--seed", ""), "--seed is empty"),
        (("grade", "tiny", "in", "--out", "o", "--only", "zz"), "zz"),
        (("grade", "tiny", "in", "--out", "o", "--sandbox", "zz"), "nothing is called 'zz'"),
        (("grade", "tiny", "in", "--out", "grader_config.py"), "Cannot write to grader_config.py"),
        (("grade", "tiny", "in", "--out", "x" * 300), "File name too long"),
        (("grade", "tiny", "y" * 300, "--out", "o"), "File name too long"),
        (("grade", "tiny", "nowhere", "--out", "o"), "nowhere"),
        (("grade", "zz", "in", "--out", "o"), "There is no assignment 'zz'"),
        (("check", "tiny", "y" * 300), "File name too long"),
        (("replay", "y" * 300, "in"), "File name too long"),
        (("mark", "tiny", "--out", "y" * 300), "y"),
        (("total", "hw", "y" * 300), "hw"),
        (("validate", "tiny", "--course", "y" * 300), "File name too long"),
        (("new", "fresh", "--from", "y" * 300), "y"),
        (("new", "fresh", "--from", "latin.py"), "latin.py:1: this is not UTF-8 text (the byte 0xe9); save"),
        (("new", "fresh", "--from", "nul.py"), "nul.py holds NUL bytes"),
        (("new", "numpy"), "numpy is an installed package, which a file numpy.py would hide"),
        (("new", "autograder"), "autograder is an installed package"),
        (("new", "fresh", "--arguments", "'"), "--arguments"),
        (("new", "fresh", "--from", "tiny.py", "--arguments", "'"), "--arguments"),
        (("release", "tiny", "--no-validate"), "handout.md:1: this is not UTF-8 text (the byte 0xe9)"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_wrong_call_is_one_sentence_and_nobody_s_fault_but_the_caller_s(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """Values, names and files that cannot be used: exit code 2, and one sentence that says what is wrong."""
    root = make_course(tmp_path / "course")
    (root / "in" / "ann").mkdir(parents=True)
    (root / "in" / "ann" / "tiny.py").write_text("x = 1\n")
    (root / "tiny.py").write_text("### BEGIN SOLUTION\n### END SOLUTION\nif __name__ == '__main__':\n    pass\n")
    (root / "latin.py").write_bytes("# caf\xe9\n".encode("latin-1"))
    (root / "nul.py").write_bytes("x = 1\n".encode("utf-16"))
    if arguments[0] == "release":
        (root / "assignments" / "tiny" / "handout.md").write_bytes("caf\xe9\n".encode("latin-1"))
    refused(run(*arguments, cwd=root), sentence)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; make room on that disk, and run"),
        (OSError(errno.EACCES, "Permission denied", "/x"), "/x: Permission denied; change its permissions, or name"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), "/x: Read-only file system; name a place that can be"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_machine_refuses_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, sentence: str
) -> None:
    """A full disk and a folder that may not be written are the machine's: one sentence, exit code 2."""

    def fails() -> None:
        raise error

    monkeypatch.setattr("autograder.cli.app", fails)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_an_error_without_a_number_is_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An OSError that no system call gave is a mistake of the toolkit."""

    def fails() -> None:
        raise OSError("odd")

    monkeypatch.setattr("autograder.cli.app", fails)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    assert "This is our fault: OSError: odd" in capsys.readouterr().err

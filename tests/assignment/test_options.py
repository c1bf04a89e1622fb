"""Every option of every verb, given wrongly: one sentence on standard error, no traceback, no "our fault"."""

from __future__ import annotations

import errno
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer
from command_line import refused, run_here
from tiny_course import make_course
from typer.models import OptionInfo
from typer.testing import CliRunner

from autograder.cli import app, main

COMMAND = typer.main.get_command(app)
BAD_NUMBERS = ["nan", "inf", "-inf", "1e30", "-1", "10" * 40, "x", ""]


@pytest.fixture(autouse=True)
def _built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thousand calls share one tree of commands, which typer builds anew each time."""
    monkeypatch.setattr("typer.main.get_command", lambda _: COMMAND)
    monkeypatch.setattr("typer.testing._get_command", lambda _: COMMAND)


def option(name: str) -> str:
    """The option of a parameter."""
    return f"--{name.replace('_', '-')}"


def shown_name(about: OptionInfo, name: str) -> str:
    """The option as it is written: by the name that it was given, else that of the parameter."""
    return next((each for each in (about.default, *about.param_decls) if str(each).startswith("--")), option(name))


def verbs(app: typer.Typer, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Callable[..., Any]]]:
    """Each verb's words with its function, those of groups such as `data fetch` too."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield (*before, command.name or command.callback.__name__.replace("_", "-")), command.callback
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from verbs(group.typer_instance, (*before, str(group.name or group.typer_instance.info.name)))


def options() -> Iterator[tuple[tuple[str, ...], str, Any, tuple[str, ...]]]:
    """Each verb with each option that takes a value: its type, and whatever else the verb needs."""
    for words, function in verbs(app):
        hints = get_type_hints(function, include_extras=True)
        needed: list[str] = []
        for name, parameter in inspect.signature(function).parameters.items():
            about = hints[name].__metadata__[0]
            if parameter.default is inspect.Parameter.empty:
                needed += [shown_name(about, name), "x"] if isinstance(about, OptionInfo) else ["x"]
        for hint in hints.values():
            base, *_ = get_args(hint) or (None,)
            if isinstance(getattr(hint, "__metadata__", (None,))[0], OptionInfo) and base is not bool:
                about = hint.__metadata__[0]
                shown = next(each for each in (about.default, *about.param_decls) if str(each).startswith("--"))
                yield words, shown, base, tuple(needed)


def numeric() -> Iterator[tuple[tuple[str, ...], str, tuple[str, ...]]]:
    """Each verb with an option that takes a number: its words, the option, and whatever else the verb needs."""
    for words, named, base, needed in options():
        if {int, float} & {base, *get_args(base)}:
            yield words, named, needed


NUMERIC = tuple(numeric())


def test_options_with_numbers_are_found() -> None:
    """The table of the next test holds what it is about."""
    assert {named for _, named, _ in NUMERIC} >= {"--jobs", "--seconds", "--bound", "--limit", "--at-least", "--runs"}


@pytest.mark.parametrize("bad", BAD_NUMBERS)
@pytest.mark.parametrize(
    ("verb", "named", "needed"), NUMERIC, ids=[" ".join((*verb, named)) for verb, named, _ in NUMERIC]
)
def test_a_number_out_of_range_is_refused_by_every_option(
    verb: tuple[str, ...], named: str, needed: tuple[str, ...], bad: str
) -> None:
    """Each option that takes a number refuses nan, infinity, huge and negative ones, and texts, by its own name."""
    done = CliRunner().invoke(app, [*verb, *needed, named, bad])
    assert done.exit_code == 2
    assert f"Invalid value for '{named}'" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("grade", "x", "y", "--out", "o", "--jobs", "many"), "'--jobs': 'many' is no whole number from 0 to 1,024."),
        (("grade", "x", "y", "--out", "o", "--jobs", "2.5"), "'--jobs': '2.5' is no whole number from 0 to 1,024."),
        (("audit", "x", "--at-least", "most"), "'--at-least': 'most' is no number from 0 to 100."),
        (("grade", "x", "y", "--out", "o", "--due", "soon"), "'--due': 'soon' is no time; write it as 2026-11-30 or"),
    ],
)
def test_a_value_that_cannot_be_read_is_quoted(arguments: tuple[str, ...], sentence: str) -> None:
    """The answer says what was given, and what may be."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert sentence in " ".join(done.output.split())


OPTIONS = tuple(options())
FOREIGN = (
    "Traceback",
    "pydantic",
    "Input should be",
    "NoneType",
    "our fault",
    "object at 0x",
    "Errno",
    "valid integer",
)
"""What no answer to a wrong call may hold: other programs' words, and Python's."""


@pytest.mark.parametrize(
    ("words", "named", "needed"),
    [(words, named, needed) for words, named, _, needed in OPTIONS],
    ids=[f"{' '.join(words)} {named}" for words, named, *_ in OPTIONS],
)
def test_no_wrong_value_of_an_option_is_answered_in_foreign_words(
    words: tuple[str, ...],
    named: str,
    needed: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever is given to an option, every verb ends with a sentence of ours, and never with exit code 3."""
    monkeypatch.chdir(make_course(tmp_path / "course"))
    monkeypatch.setenv("AUTOGRADER_SEED", "seed")
    for bad in ("many", "", "nowhere/at/all", "-1", "nan", "None", "\u202e", "{}", "a=b", "9" * 400):
        if words == ("doctor",) and not bad:
            continue  # no option was given, so it looks through the whole machine
        monkeypatch.setattr(sys, "argv", ["autograder", *words, *needed, f"{named}={bad}"])
        with pytest.raises(SystemExit) as ended:
            main()
        said = " ".join("".join(capsys.readouterr()).split())
        assert ended.value.code in (0, 2), (bad, said)  # an empty path is the present folder
        assert ("Error: " in said) == (ended.value.code == 2)
        assert not [each for each in FOREIGN if each in said], said


def test_every_option_with_a_value_is_tried() -> None:
    """The sweep goes through groups of verbs as well."""
    assert len(OPTIONS) > 60
    assert {("data", "fetch"), ("export", "nbgrader"), ("import", "otter")} <= {words for words, *_ in OPTIONS}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("grade", "tiny", "in", "--out", "o", "--data", "nowhere"), "The data folder nowhere does not exist; name"),
        (("check", "tiny", "in/ann", "--data", "nowhere"), "The data folder nowhere does not exist; name the folder"),
        (("validate", "tiny", "--data", "nowhere"), "The data folder nowhere does not exist; name the folder"),
        (("release", "tiny", "--data", "nowhere"), "The data folder nowhere does not exist; name the folder"),
        (("data", "list", "--data", "nowhere"), "The data folder nowhere does not exist; name the folder"),
        (("new", "fresh", "--from", "nonexist.py"), "--from: nonexist.py does not exist; name the solved reference"),
        (("new", "fresh", "--from", "nonexist.ipynb"), "--from: nonexist.ipynb does not exist; name the solved"),
        (("new", "fresh", "--from", "nonexist"), "--from: nonexist does not exist; name the solved reference"),
        (("new", "fresh", "--from", "data.csv"), "--from: data.csv is no Python file, notebook or folder; name the"),
        (("new", "fresh", "--from", "tiny.py", "--example", "no.py"), "--example: no.py does not exist; name a Python"),
        (("new", "fresh", "--from", "tiny.py", "--tests", "no.py"), "--tests: no.py does not exist; name a file of"),
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
        (("grade", "tiny", "in", "--out", "o", "--sandbox", "zz"), "unknown sandbox 'zz'"),
        (("grade", "tiny", "in", "--out", "grader_config.py"), "Cannot write to grader_config.py"),
        (("grade", "tiny", "in", "--out", "x" * 300), "file name too long"),
        (("grade", "tiny", "y" * 300, "--out", "o"), "file name too long"),
        (("grade", "tiny", "nowhere", "--out", "o"), "nowhere"),
        (("grade", "zz", "in", "--out", "o"), "There is no assignment 'zz'"),
        (("check", "tiny", "y" * 300), "file name too long"),
        (("replay", "y" * 300, "in"), "file name too long"),
        (("mark", "tiny", "--out", "y" * 300), "y"),
        (("total", "hw", "y" * 300), "hw"),
        (("validate", "tiny", "--course", "y" * 300), "file name too long"),
        (("new", "fresh", "--from", "y" * 300), "y"),
        (("new", "fresh", "--from", "latin.py"), "latin.py:1: this is not UTF-8 text (the byte 0xe9); save"),
        (("new", "fresh", "--from", "nul.py"), "nul.py holds NUL bytes"),
        (("new", "3d"), "'3d' is no name for an assignment; begin with a letter"),
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
    (root / "data.csv").write_text("a,b\n")
    (root / "nul.py").write_bytes("x = 1\n".encode("utf-16"))
    if arguments[0] == "release":
        (root / "assignments" / "tiny" / "handout.md").write_bytes("caf\xe9\n".encode("latin-1"))
    refused(run_here(*arguments, cwd=root), sentence)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; make room on that disk, and run"),
        (OSError(errno.EACCES, "Permission denied", "/x"), "/x: no permission; change its permissions, or name"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), "/x: read-only file system; name a place that can be"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_machine_refuses_is_reported_as_such(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, sentence: str
) -> None:
    """A full disk and a folder that may not be written are the machine's: one sentence, exit code 2."""

    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr("autograder.cli._of_call", lambda _: fails)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_an_error_without_a_number_is_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An OSError that no system call gave is a mistake of the toolkit."""

    def fails(**_: object) -> None:
        raise OSError("odd")

    monkeypatch.setattr("autograder.cli._of_call", lambda _: fails)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    assert "This is our fault: OSError: odd" in capsys.readouterr().err

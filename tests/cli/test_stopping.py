"""Ctrl-C: every verb ends with one sentence and exit code 130, and leaves behind what the sentence says."""

from __future__ import annotations

import http.server
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from command_line import run, run_here
from tiny_course import RIGHT, hand_in, make_course

from autograder.cli import app
from autograder.cli.stopping import SENTENCES, if_stopped
from autograder.early_stop import is_command

PATIENCE = 120.0
HOLDS = """
import os, pathlib, time
if marker := os.environ.get("MARKER"):
    pathlib.Path(marker).touch()
    time.sleep(600)
"""
"""Code that says where it is, and stays there."""


def verbs(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Every verb of the command line by its name."""
    for name, each in getattr(command, "commands", {}).items():
        yield from verbs(each, *names, name)
    if not hasattr(command, "commands"):
        yield " ".join(names), command


def test_every_verb_has_a_sentence() -> None:
    """A verb that is added says what Ctrl-C leaves behind."""
    assert dict(verbs(typer.main.get_command(app))).keys() == SENTENCES.keys()


@pytest.mark.parametrize("name", list(SENTENCES))
def test_a_verb_that_is_stopped_says_what_is_left(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence on standard error, exit code 130, and no traceback."""
    command = typer.main.get_command(app)
    verb = dict(verbs(command))[name]

    def hold(**_: object) -> None:
        raise KeyboardInterrupt

    verb.callback, verb.params = hold, []
    code = command.main(name.split(), prog_name="autograder", standalone_mode=False)
    assert (code, capsys.readouterr().err) == (130, f"Stopped. {SENTENCES[name]}\n")


def test_a_call_that_is_stopped_while_it_is_read_says_so(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Typer alone would end without a word."""

    def parse_args(*_: object) -> None:
        raise KeyboardInterrupt

    command = typer.main.get_command(app)
    monkeypatch.setattr(type(command), "parse_args", parse_args)
    code = command.main(["doctor"], prog_name="autograder", standalone_mode=False)
    assert (code, capsys.readouterr().err) == (130, "Stopped before anything was done.\n")


IMPORTED_AND_STOPPED = """
import os, signal, sys
class Stop:
    def find_spec(self, name, *_):
        if name == "MODULE":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Stop())
sys.argv = ["/somewhere/bin/autograder", "doctor"]
from autograder.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["autograder.settings", "autograder.checks.errors", "autograder.cli.stopping"])
def test_ctrl_c_while_the_command_is_imported_waits_for_the_import(module: str) -> None:
    """No traceback of half a module, from the first import on; the sentence says that nothing was done."""
    code = IMPORTED_AND_STOPPED.replace("MODULE", module)
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "Stopped before anything was done.\n")


@pytest.mark.parametrize(
    ("argv", "interpreter", "is_it"),
    [
        (["/x/bin/autograder", "grade"], ["python", "/x/bin/autograder", "grade"], True),
        (["C:\\x\\autograder.exe"], ["python"], True),
        (["-m", "grade"], ["python", "-I", "-m", "autograder", "grade"], True),
        (["-m"], ["python", "-m", "autograder.scaffold.child"], False),
        (["-m"], ["python", "-m", "pytest", "autograder"], False),
        (["-c"], ["python", "-c", "import autograder"], False),
        (["notebook.py"], ["python", "notebook.py"], False),
        ([], ["python"], False),
    ],
)
def test_only_the_command_line_holds_ctrl_c_back(argv: list[str], interpreter: list[str], is_it: bool) -> None:
    """Whoever imports the package, or runs a part of it, is stopped at once."""
    assert is_command(argv, interpreter) is is_it


def test_who_knows_better_says_it() -> None:
    """The innermost sentence counts."""
    with pytest.raises(KeyboardInterrupt) as stop, if_stopped("outer"), if_stopped("inner"):
        raise KeyboardInterrupt
    assert stop.value.args == ("inner",)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course whose first check, and whose reference's example, hold when they are asked to."""
    made = make_course(tmp_path / "course")
    script = made / "assignments" / "tiny" / "assignment.py"
    title = '    """Twice one is two."""\n'
    held = "".join(f"    {line}\n" for line in HOLDS.strip().splitlines())
    script.write_text(script.read_text().replace(title, title + held))
    (made / "solved.py").write_text(
        "def triple(x):\n    '''Three times x.'''\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION\n\n"
        "if __name__ == '__main__':\n    triple(2)\n" + "".join(f"    {line}\n" for line in HOLDS.strip().splitlines())
    )
    hand_in(tmp_path / "in", ann=RIGHT)
    return made


def files(folder: Path) -> dict[Path, bytes]:
    """Everything below a folder that Python has not made for itself."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "cache" not in path.parts
    }


def stopped(root: Path, *words: object, ready: Path | None = None, **environ: str) -> tuple[int, str, str]:
    """Exit code, standard output and error of a command that gets Ctrl-C, as a terminal sends it, once it holds."""
    marker = root.parent / "marker"
    environment = {
        **os.environ, "AUTOGRADER_SEED": "seed", "MARKER": str(marker), "XDG_CACHE_HOME": str(root.parent / "cache"),
        **environ,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", *map(str, words)],
        cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE
    while not (ready or marker).exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    held = process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=PATIENCE)
    (ready or marker).unlink(missing_ok=True)
    assert held, error
    return process.returncode, out, error


@pytest.mark.parametrize(
    "words",
    [
        ("new", "triples", "--from", "solved.py"),
        ("release", "tiny"),
        ("validate", "tiny", "--quick"),
        ("check", "tiny", "../in/ann"),
    ],
    ids=" ".join,
)
def test_a_verb_that_takes_long_leaves_all_as_it_was(root: Path, words: tuple[str, ...]) -> None:
    """Stopped in the middle of its work, it says so, and has changed nothing."""
    before = files(root.parent)
    code, _, error = stopped(root, *words)
    assert (code, error) == (130, f"Stopped. {SENTENCES[words[0]]}\n")
    assert files(root.parent) == before


@pytest.mark.parametrize("verb", ["audit", "calibrate"])
def test_a_trial_of_an_assignment_goes_on_later(root: Path, verb: str) -> None:
    """What was finished is kept; nothing else is left, and there is no traceback."""
    before = files(root)
    code, out, error = stopped(root, verb, "tiny", "--jobs", "1", "--out", root.parent / "out")
    assert (code, error) == (130, "")
    assert "Stopped" in out
    assert files(root) == before


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("staging", "Nothing was graded by this command; run it again."),
        ("deliver", "All reports are kept; the same command writes the pages and tables."),
    ],
)
def test_grading_says_what_is_kept(root: Path, monkeypatch, place: str, said: str) -> None:
    """Stopped before the class, nothing is; after it, the reports are, and pages are missing."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("autograder.cli.grade"), place, stop)
    ended = run_here("grade", "tiny", "../in", "--out", "out", "--sandbox", "none", cwd=root)
    assert (ended.returncode, ended.stderr) == (130, f"Stopped. {said}\n")


def test_a_replay_that_is_stopped_changes_nothing(root: Path) -> None:
    """The report that it repeats is as it was."""
    assert run("grade", "tiny", "../in", "--out", "out", cwd=root).returncode == 0
    before = files(root)
    code, _, error = stopped(root, "replay", "out/reports/ann.json", "../in/ann")
    assert (code, error) == (130, f"Stopped. {SENTENCES['replay']}\n")
    assert files(root) == before


def test_an_image_that_is_stopped_is_the_engine_s_to_go_on_with(root: Path) -> None:
    """The engine gets the same Ctrl-C; its own words are not repeated."""
    tools, marker = root.parent / "tools", root.parent / "marker"
    tools.mkdir()
    engine = tools / "docker"
    engine.write_text(f'#!/bin/sh\ncase "$1" in build) touch {marker}; exec sleep 600;; *) echo 29.0;; esac\n')
    engine.chmod(0o755)
    code, _, error = stopped(
        root, "image", "tiny", "--engine", "docker", PATH=f"{tools}{os.pathsep}{os.environ['PATH']}"
    )
    assert (code, error) == (130, f"Stopped. {SENTENCES['image']}\n")


class Silent(http.server.BaseHTTPRequestHandler):
    """A mirror that gives a few bytes, and then nothing."""

    def do_GET(self) -> None:
        """Begin, and hold."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"begun")
        self.wfile.flush()
        self.server.marker.touch()  # type: ignore[attr-defined]
        self.server.over.wait(PATIENCE)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_download_that_is_stopped_leaves_no_half_file(root: Path) -> None:
    """The folder holds whole files alone."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        server.marker, server.over = root.parent / "marker", threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = root / "grader_config.py"
        address = f"http://127.0.0.1:{server.server_address[1]}"
        config.write_text(config.read_text().replace("Course(", f'Course(mirrors=("{address}",), '))
        try:
            code, _, error = stopped(root, "data", "fetch", "mnist", "--data", "fetched")
        finally:
            server.over.set()  # type: ignore[attr-defined]
            server.shutdown()
    assert (code, error) == (130, f"Stopped. {SENTENCES['data fetch']}\n")
    assert not files(root / "fetched")

"""Texts that break the parser find nothing there: no seed, no file of the course, no network, no other process."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from autograder.checks.local import limited_process
from autograder.notebooks.reading_process import Reader

EXPLOIT = """
import errno, os, socket

def managed(course):
    found = []
    def attempt(name, work):
        try:
            if work() is not None:
                found.append(name)
        except BaseException:
            pass
    attempt("the seed", lambda: [value for value in os.environ.values() if "secret-seed" in value] or None)
    attempt("the environment as it was", lambda: open("/proc/self/environ").read())
    attempt("the grader's environment", lambda: open(f"/proc/{os.getppid()}/environ").read())
    attempt("a file of the course", lambda: open(course).read())
    attempt("a system file", lambda: open("/etc/passwd").read())
    attempt("a folder", lambda: os.listdir("/"))
    attempt("a new file", lambda: open("/tmp/autograder-was-here", "w"))
    attempt("a socket", lambda: socket.socket())
    attempt("a local socket", lambda: socket.socket(socket.AF_UNIX))
    attempt("a process", lambda: os.fork())
    attempt("a program", lambda: os.posix_spawn("/bin/true", ["true"], {}))
    attempt("a signal", lambda: os.kill(os.getppid(), 0) or "sent")
    attempt("a descriptor", lambda: [each for each in range(3, 256) if each != KEPT and opened(each)] or None)
    attempt("to be root", lambda: True if os.geteuid() == 0 else None)
    return found

def opened(number):
    try:
        os.lseek(number, 0, os.SEEK_CUR)
    except OSError as error:
        return error.errno != errno.EBADF
    return True
"""


@pytest.fixture
def course_file(tmp_path: Path) -> Path:
    """A file of the course that everybody on this machine may read."""
    tmp_path.chmod(0o755)
    file = tmp_path / "hidden.py"
    file.write_text("answers = 42\n")
    file.chmod(0o644)
    return file


def test_an_exploited_reader_of_notebooks_reaches_nothing(course_file: Path, monkeypatch) -> None:
    """Code that a notebook makes run in the process that reads it finds nothing but its own request."""
    if sys.platform != "linux":
        pytest.skip("only Linux has the means")
    monkeypatch.setenv("AUTOGRADER_SEED", "secret-seed")
    program = (
        f"{EXPLOIT}\nimport json\nfrom autograder.notebooks.reading_process import serve\n"
        "def work(question):\n"
        "    global KEPT\n"
        "    KEPT = next(each for each in range(3, 256) if opened(each))\n"  # the answer goes there
        "    return json.dumps(managed(question.decode())).encode()\n"
        "serve(work)\n"
    )
    held = os.open("/", os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        with Reader(program) as reader:
            ended = reader.ask(os.fsencode(course_file), 5, 100)
    finally:
        os.close(held)
    assert (ended.signal, ended.code) == (0, 0), ended.text
    assert json.loads(ended.text) == []


@pytest.mark.parametrize("withdrawn", [True, False])
def test_an_exploited_parser_of_modules_reaches_nothing(course_file: Path, monkeypatch, withdrawn: bool) -> None:
    """Neither where a text is tried nor in a newer Python; without the withdrawal the attacks would succeed."""
    if sys.platform != "linux":
        pytest.skip("only Linux has the means")
    monkeypatch.setenv("AUTOGRADER_SEED", "secret-seed")
    body = f"{EXPLOIT}\nKEPT = -1\n{'withdraw()' if withdrawn else ''}\nos._exit(50 + len(managed(text.decode())))\n"
    ended = limited_process.run(body, os.fsencode(course_file), seconds=60)
    assert ended == 50 if withdrawn else ended >= 55


def test_a_parser_starts_with_an_empty_environment(monkeypatch) -> None:
    """The seed is not even in the memory with which it began."""
    monkeypatch.setenv("AUTOGRADER_SEED", "secret-seed")
    body = "import os\nos._exit(51 if b'secret-seed' in open('/proc/self/environ', 'rb').read() else 50)"
    assert limited_process.run(body, b"", seconds=60) == 50

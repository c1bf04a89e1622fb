"""Who pays when a text cannot be read: its author for the reader's own limits, nobody for a machine in trouble."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from autograder.checks.errors import SandboxError, StudentError
from autograder.checks.local import sources
from autograder.checks.local.faults import unwritten
from autograder.checks.local.sources import Frame, HandedIn
from autograder.notebooks.reading import Cell, Notebook, Role
from autograder.notebooks.reading_process import Reader, Reading, repaired

RELEASED = Notebook((Cell("code", "def f(x):\n    ...\n", role=Role("f", solution=True)),))
NOTEBOOK = b'{"cells": [{"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": []}], "metadata": {}}'

BROKEN = """
import os, signal
from autograder.notebooks import reading_process
reading_process._WALL_SECONDS = 0.5
fork, work, asked = reading_process._in_child, reading_process._work_and_exit, []
def counted(*given):
    asked.append(1)
    return fork(*given)
def broken(*given):
    if len(asked) <= {times}:
        os.kill(os.getpid(), {number})
    work(*given)
reading_process._in_child, reading_process._work_and_exit = counted, broken
reading_process.serve()
"""
"""A reading process whose first children are ended, or stopped, by a signal before they begin."""

needs_signals = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these limits and signals")


def read_by(program: str, reading: Reading | None = None) -> Notebook:
    """The notebook, read by a process that runs this program."""
    with Reader(program) as reader:
        return repaired(NOTEBOOK, "hw.ipynb", RELEASED, reader, reading).notebook


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGSEGV])
def test_a_reader_that_is_ended_once_reads_the_notebook_the_second_time(number: int) -> None:
    """Killed, stopped until the wall time was over, or crashed: the author is charged nothing."""
    reading = Reading()
    found = read_by(BROKEN.format(times=1, number=int(number)), reading)
    assert "x = 1" in [cell.source for cell in found.cells]
    assert reading.used < 1


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_a_reader_that_is_ended_from_outside_is_our_fault(number: int) -> None:
    """A full memory or a stalled machine, twice: the submission is not judged, and keeps its time."""
    reading = Reading()
    with pytest.raises(SandboxError, match=r"^hw\.ipynb could not be read, by no fault of its author: .* signal"):
        read_by(BROKEN.format(times=9, number=int(number)), reading)
    assert reading.used == 0


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_text_that_breaks_the_parser_twice_is_its_authors(number: int) -> None:
    """The process does nothing but parse, so a crash that comes again follows from the text."""
    with pytest.raises(StudentError, match=r"more than Python can parse"):
        read_by(BROKEN.format(times=9, number=int(number)))


def test_a_reading_process_that_cannot_start_is_our_fault() -> None:
    """It is tried twice, and no sentence blames the submission."""
    with pytest.raises(SandboxError, match="by no fault of its author: no process"):
        read_by("raise SystemExit(1)")


WITHOUT_MEMORY = """
import resource
from autograder.notebooks import reading_process
reading_process._SAMPLE = reading_process._Question(b"no notebook", "sample.ipynb", reading_process._SAMPLE.released)
def failing(*given):
    raise MemoryError
reading_process.repair = failing
"""
"""A reading process in which a notebook needs memory that is not given, long before the limit is reached."""


@needs_signals
def test_memory_that_the_machine_did_not_give_is_our_fault() -> None:
    """A MemoryError long before the limit of the process is not the text's, where other memory fails as well."""
    program = (
        WITHOUT_MEMORY
        + """
with open("/proc/self/statm", "rb") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
reading_process.serve()
"""
    )
    with pytest.raises(SandboxError, match=r"this machine gave it no more than \d+ MiB"):
        read_by(program)


@needs_signals
def test_a_text_that_asks_for_too_much_memory_at_once_is_its_authors() -> None:
    """What has used little when it fails, on a machine that has memory, asked for more than it may take."""
    with pytest.raises(StudentError, match=r"more than 1,024 MiB"):
        read_by(WITHOUT_MEMORY + "reading_process.serve()")


@needs_signals
def test_the_cpu_limit_of_a_reader_is_known_by_its_signal_whoever_started_it() -> None:
    """A parent that ignores the signal changes nothing: one second of work ends, and is the author's."""
    program = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
    program += "from autograder.notebooks import reading_process\n"
    program += "def work(question):\n    while True:\n        pass\nreading_process.serve(work)"
    reading = Reading(1)
    with pytest.raises(StudentError, match=r"more than 1 s"):
        read_by(program, reading)
    assert reading.left == 0


TEXT = b"def f(a):\n    return a\n" + b"# a comment\n" * 400
"""Long enough to be tried in a process reading_process."""


def tried_by(monkeypatch: pytest.MonkeyPatch, flag: Path, *, always: bool, number: int) -> None:
    """The process that tries a module is ended by a signal, always or the first time."""
    body = f"import os\nif {always} or not os.path.exists({str(flag)!r}):\n    open({str(flag)!r}, 'w').close()\n"
    monkeypatch.setattr(sources, "_TRIAL", f"{body}    os.kill(os.getpid(), {int(number)})\n{sources._TRIAL}")
    monkeypatch.setattr(sources, "_TRIAL_WALL_SECONDS", 5.0 if number == signal.SIGSTOP else 60.0)


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_module_whose_trial_is_ended_once_is_parsed(monkeypatch, tmp_path: Path, number: int) -> None:
    """The second trial decides."""
    tried_by(monkeypatch, tmp_path / "flag", always=False, number=number)
    assert sources.parsed(TEXT, "hw.py").body


@pytest.mark.long
@needs_signals
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_module_whose_trial_is_ended_from_outside_is_our_fault(monkeypatch, tmp_path: Path, number: int) -> None:
    """Nothing is said against the module; where its text would only make a sentence clearer, that goes without."""
    tried_by(monkeypatch, tmp_path / "flag", always=True, number=number)
    with pytest.raises(SandboxError, match=r"^hw\.py could not be judged, by no fault of its author"):
        sources.parsed(TEXT, "hw.py")
    if number == signal.SIGKILL:
        (tmp_path / "hw.py").write_bytes(TEXT)
        assert unwritten(Frame("hw.py", 2), "g", {"f": "hw.py"}, HandedIn(tmp_path, ("hw.py",))) == ""


@needs_signals
def test_a_module_that_breaks_the_parser_twice_is_its_authors(monkeypatch, tmp_path: Path) -> None:
    """As for notebooks."""
    tried_by(monkeypatch, tmp_path / "flag", always=True, number=signal.SIGSEGV)
    with pytest.raises(StudentError, match=r"hw\.py cannot be judged"):
        sources.parsed(TEXT, "hw.py")

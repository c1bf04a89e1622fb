"""`autograder` without the half second of its imports: each call is a fork of a process that has done them.

The call is a process of its own, with its own folder, environment, standard input, output and error, and it ends as
every program of Python does. `run` in `command_line` asks here; what is about imports, or about how Python starts, is
run the long way. pytest, with our plugin or without, is called in the same way, by a process that has imported it.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_VERBS = ("cli", "cli.grade", "cli.release", "cli.regrade", "cli.validate", "grading.class_run", "grading.jobs")
IMPORTED = {
    "autograder": tuple(f"autograder.{name}" for name in _VERBS),
    "pytest": (
        "pytest",
        "_pytest.junitxml",
        "_pytest.debugging",
        "autograder.pytest_plugin",
        "autograder.grading.grading",
    ),
}
_LARGEST = 2**20  # bytes of a request
_FILES = 3  # standard input, output and error
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TERM", "FORCE_", "OMP_", "OPENBLAS_")


def may_be_warm(environ: Mapping[str, str]) -> bool:
    """Whether a call with these variables is the same as one that starts Python: they are read when it runs."""
    return hasattr(os, "fork") and not any(name.startswith(_READ_AT_START) for name in environ)


def call(
    words: Sequence[str],
    cwd: Path,
    environ: Mapping[str, str],
    seconds: float,
    *,
    program: str = "autograder",
    stdin: str = "",
) -> tuple[int, str, str]:
    """Run a program with these words; its exit code (negative: the signal that ended it), its output and its errors.

    Raises:
        TimeoutError: it runs on after so many seconds.
        RuntimeError: the process that it was to be forked of is dead; the next call has another one.
    """
    asked, process = _warm_process(program)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        given.write(stdin.encode())
        given.seek(0)
        request = json.dumps({"words": [*words], "cwd": str(cwd), "environ": {**environ}}).encode()
        asked.settimeout(seconds)
        try:
            socket.send_fds(asked, [request], [each.fileno() for each in (given, said, complained)])
            answer = asked.recv(64)
        except ConnectionError:
            answer = b""
        except TimeoutError:
            _warm_process.cache_clear()
            asked.close()  # its process ends what it waits for
            raise
        if not answer:
            _warm_process.cache_clear()
            asked.close()
            raise RuntimeError(f"The process that calls are forked of ended with exit code {process.wait(seconds)}.")
        texts = []
        for file in (said, complained):
            file.seek(0)
            texts.append(file.read().decode())
        return int(answer), texts[0], texts[1]


@cache
def _warm_process(program: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The end by which it is asked, and the process, which ends when nobody holds that end any more."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folder = str(Path(__file__).parent)
    with there:
        serve = f"warm_command.serve({there.fileno()}, {program!r})"
        code = f"import sys; sys.path.append({folder!r}); import warm_command; {serve}"
        process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[there.fileno()], stdin=subprocess.DEVNULL)
    return here, process


def serve(descriptor: int, program: str) -> None:
    """Import what calls need, then answer them one after the other: each by a child that becomes the program."""
    from importlib import import_module

    for name in IMPORTED[program]:
        import_module(name)
    gc.freeze()
    with socket.socket(fileno=descriptor) as asked:
        while True:
            request, files, *_ = socket.recv_fds(asked, _LARGEST, _FILES)
            if not request:
                return
            process = os.fork()
            if not process:
                break
            for each in files:
                os.close(each)
            try:
                asked.send(str(_ended(process, asked)).encode())
            except OSError:
                return  # nobody waits any more
    _become(program, json.loads(request), files)


def _ended(process: int, asked: socket.socket) -> int:
    """Wait for a child: its exit code. It is killed when nobody waits for its answer any more."""
    watched = os.pidfd_open(process)
    try:
        import select

        ready, *_ = select.select([watched, asked], [], [])
        if watched not in ready:
            os.kill(process, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    finally:
        os.close(watched)


def _become(program: str, request: Mapping[str, object], files: Sequence[int]) -> None:
    """The child's own life: `python -m PROGRAM` with the words, folder, variables and files of a request."""
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(dict(request["environ"]))  # type: ignore[call-overload]
    sys.argv = [program, *list(request["words"])]  # type: ignore[call-overload]
    sys.path.remove(str(Path(__file__).parent))
    if program != "autograder":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
        return
    from autograder.__main__ import main

    main()

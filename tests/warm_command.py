"""`autograder` without the half second of its imports: each call is a fork of a process that has done them.

The call is a process of its own, with its own folder, environment, standard output and standard error, and it ends as
every program of Python does. `run` in `command_line` asks here; what is about imports, or about how Python starts, is
run the long way.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

IMPORTED = ("cli", "cli.grade", "cli.release", "cli.regrade", "cli.validate", "grading.class_run", "grading.jobs")
_LARGEST = 2**20  # bytes of a request
_FILES = 3  # standard input, output and error
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TERM", "FORCE_", "OMP_", "OPENBLAS_")


def may_be_warm(environ: Mapping[str, str]) -> bool:
    """Whether a call with these variables is the same as one that starts Python: they are read when it runs."""
    return hasattr(os, "fork") and not any(name.startswith(_READ_AT_START) for name in environ)


def call(words: Sequence[str], cwd: Path, environ: Mapping[str, str], seconds: float) -> tuple[int, str, str]:
    """Run `autograder` with these words; its exit code (negative: the signal that ended it), its output and its errors.

    Raises:
        TimeoutError: it runs on after so many seconds.
        RuntimeError: the process that it was to be forked of is dead; the next call has another one.
    """
    asked, process = _warm_process()
    with open(os.devnull) as nothing, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        request = json.dumps({"words": [*words], "cwd": str(cwd), "environ": {**environ}}).encode()
        asked.settimeout(seconds)
        try:
            socket.send_fds(asked, [request], [each.fileno() for each in (nothing, said, complained)])
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
def _warm_process() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The end by which it is asked, and the process, which ends when nobody holds that end any more."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folder = str(Path(__file__).parent)
    with there:
        code = f"import sys; sys.path.append({folder!r}); import warm_command; warm_command.serve({there.fileno()})"
        process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[there.fileno()], stdin=subprocess.DEVNULL)
    return here, process


def serve(descriptor: int) -> None:
    """Import what calls need, then answer them one after the other: each by a child that becomes the program."""
    from importlib import import_module

    for name in IMPORTED:
        import_module(f"autograder.{name}")
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
    _become(json.loads(request), files)


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


def _become(request: Mapping[str, object], files: Sequence[int]) -> None:
    """The child's own life: `python -m autograder` with the words, folder, variables and files of a request."""
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(dict(request["environ"]))  # type: ignore[call-overload]
    sys.argv = ["autograder", *list(request["words"])]  # type: ignore[call-overload]
    sys.path.remove(str(Path(__file__).parent))
    from autograder.__main__ import main

    main()

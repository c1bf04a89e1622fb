"""The worker as the first process of a container: warm up, put up the inner confinement, answer calls, tidy up.

The container engine isolates it (see `autograder.sandbox.oci`) and starts this with the grader's pipes as
standard input, output and error. This process stays outside the reach of student code: it is the first of its pid
namespace, so signals from inside cannot end it, and its memory is closed to others. The submission runs in a child of
it, which gives up what is left to give up before it reads a student's byte.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import gc
import json
import os
import platform
import resource
import select
import shutil
import signal
import struct
import sys
from pathlib import Path
from typing import Any

from autograder.isolation.confine import Confinement, enter, filter_calls
from autograder.isolation.packaged_data import packaged_data
from autograder.results import Limits
from autograder.worker.serve import serve
from autograder.worker.warming import import_module, warm_up

__all__ = ["FIRST_SIGNAL", "LAST_CODE", "SUBMISSION", "main"]

SUBMISSION = "/submission"
GIVEN = "/files"
HOME = "/tmp/home"  # noqa: S108  (inside, /tmp is a file system of its own)
CACHE = Path("/opt/autograder/cache")

LAST_CODE = 124
"""The largest exit code that a worker's end is reported with: those above are the engine's own, or `FIRST_SIGNAL`."""
FIRST_SIGNAL = 192
"""A worker that was ended by signal n is reported as this plus n: 128 plus n would be our own end by that signal."""

_REQUESTS, _REPLIES = 3, 4
_UNREADY = 71
_LINGER_SECONDS = 0.3
_PR_SET_DUMPABLE = 4
_MIB = 1 << 20


def main() -> None:
    """Import the modules named as arguments, hear what is needed, and answer calls until the grader hangs up."""
    _take_pipes()
    _set_dumpable(False)  # same user as the submission: closes our memory and descriptors to it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _make_home()
        for name in sys.argv[1:]:
            import_module(name)
        warm_up()
        settings = _hear()
        program = base64.b64decode(settings["filter"]) if settings["machine"] == platform.machine() else b""
    except Exception as error:  # noqa: BLE001  (whatever it is, the grader must read of it)
        _send({"fault": f"{type(error).__name__}: {error}"})
        os._exit(_UNREADY)
    gc.collect()
    gc.freeze()
    worker = os.fork()
    if worker == 0:
        _become_worker(Confinement(Limits(**settings["limits"]), None, (), program, HOME), int(settings["seed"]))
    os.close(_REPLIES)
    if program:
        with contextlib.suppress(OSError):  # some engines set no_new_privs only where they are asked to
            filter_calls(program)
    status = _watch(worker)
    _end_all_others()
    os._exit(status)


# --- before there is any student code ---


def _take_pipes() -> None:
    """3 and 4 for calls; what is printed goes, with errors, to standard error; standard input is empty."""
    os.dup2(0, _REQUESTS, inheritable=False)
    os.dup2(1, _REPLIES, inheritable=False)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    os.closerange(5, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _make_home() -> None:
    """A working folder, and the caches that the image was built with."""
    home = Path(HOME)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if CACHE.is_dir():
        shutil.copytree(CACHE, os.environ["MPLCONFIGDIR"], dirs_exist_ok=True)


def _hear() -> dict[str, Any]:
    """What the grader wants: four bytes of length, and that much JSON."""
    (length,) = struct.unpack("<I", _read(4))
    settings: dict[str, Any] = json.loads(_read(length))
    return settings


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(_REQUESTS, size - len(data))
        if not part:
            raise EOFError("the grader hung up")
        data += part
    return data


def _send(message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(_REPLIES, json.dumps(message).encode()[:60_000] + b"\n")


def _set_dumpable(dumpable: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)


# --- the child ---


def _become_worker(confinement: Confinement, seed: int) -> None:
    """Drop everything, say so, and answer calls until they end. Never returns."""
    try:
        os.setsid()
        _set_dumpable(True)  # libraries read their own /proc/self
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")  # when memory runs out, this one goes and not its watcher
        os.environ.update(HOME=HOME, TMPDIR=HOME, PWD=HOME)
        enter(confinement)
    except BaseException as error:  # noqa: BLE001  (no student code may run)
        _send({"fault": f"{type(error).__name__}: {error}"})
        os._exit(_UNREADY)
    with open("/proc/self/statm", "rb") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize() / _MIB
    ready = {
        "ready": True,
        "resident_mib": resident,
        "filter": bool(confinement.filter),
        "python": platform.python_version(),
    }
    _send({**ready, "packaged": [f"{path}/" if os.path.isdir(path) else path for path in packaged_data()]})
    signal.signal(signal.SIGINT, signal.default_int_handler)
    serve(_REQUESTS, _REPLIES, 1, SUBMISSION, seed, confinement.limits.reply_mib, GIVEN)
    os._exit(0)


# --- its watcher ---


def _watch(worker: int) -> int:
    """Wait for the worker's end, or for the grader to hang up; collect orphans meanwhile. Returns our exit code."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(_REQUESTS, 0)  # nothing but its end
    poll.register(reading, select.POLLIN)
    while True:
        for pid, code in _collect():
            if pid == worker:
                _end_all_others()
                _linger()
                return min(FIRST_SIGNAL - code, 255) if code < 0 else min(code, LAST_CODE)
        for descriptor, _ in poll.poll(1000):
            if descriptor == _REQUESTS:
                return 0
            os.read(reading, 1 << 12)


def _linger() -> None:
    """Keep the control group alive for a moment: from outside, what was used and why it ended is read there."""
    poll = select.poll()
    poll.register(_REQUESTS, 0)
    signal.set_wakeup_fd(-1)
    poll.poll(_LINGER_SECONDS * 1000)


def _collect() -> list[tuple[int, int]]:
    """The processes that ended, with their exit codes (signals negative)."""
    ended = []
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append((found[0], os.waitstatus_to_exitcode(found[1])))
    return ended


def _end_all_others() -> None:
    """Kill all that are inside but ourselves; the kernel does the same when the first process of a namespace ends."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpid() == 1:
            os.kill(-1, signal.SIGKILL)

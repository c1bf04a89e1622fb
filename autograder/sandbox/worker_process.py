"""The last step of a worker before it is one: a child of the forkserver drops everything, and answers calls."""

from __future__ import annotations

import fcntl
import os
import resource
import signal

from autograder.isolation.confine import Confinement, enter
from autograder.worker import serve

__all__ = ["HIDING", "become_worker"]

_REQUESTS, _REPLIES, _READY, HIDING = 3, 4, 5, 6


def become_worker(confinement: Confinement, kept: list[int], originals: tuple[str, str], home: str, seed: int) -> None:
    """In the child: take the pipes, drop everything, say so, and answer calls until they end. Never returns.

    `originals` are the folders with what was handed in and with what is given.
    """
    submission, given = originals
    try:
        requests, replies, output = _keep_only(kept)
        os.environ.update(HOME=home, TMPDIR=home, MPLCONFIGDIR=home, PWD=home)
        enter(confinement)
    except BaseException as error:  # noqa: BLE001  (whatever it is, the grader must read of it, and no student code run)
        os.write(_READY, f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(71)
    os.write(_READY, b"ready")
    os.close(_READY)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    serve(requests, replies, output, submission, seed, confinement.limits.reply_mib, given)
    os._exit(0)


def _keep_only(kept: list[int]) -> tuple[int, int, int]:
    """Standard input from nowhere, output and errors into one pipe, 3 and 4 for calls, and nothing else open.

    5 says when all is ready, 6 is what Landlock needs; both are closed before a student's byte is read.
    """
    requests, replies, output, *rest = [_above(descriptor) for descriptor in kept]
    null = os.open("/dev/null", os.O_RDONLY)
    for target, source in enumerate((null, output, output, requests, replies, *rest)):
        os.dup2(source, target, inheritable=target < 3)
    os.closerange(_READY + len(rest), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return _REQUESTS, _REPLIES, 1


def _above(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64)

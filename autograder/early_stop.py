"""Ctrl-C while the command line is being imported: it waits until somebody is there who answers it.

A signal would break off an import anywhere, with a traceback of half a module. The package asks for this before it
imports anything, so only what Python itself does before, some hundredths of a second, still ends that way.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

try:  # not `signal`, which imports much before it has the signals that are to be held back
    from _signal import SIG_BLOCK, SIG_UNBLOCK, SIGINT, pthread_sigmask  # type: ignore[import-not-found]
except ImportError:  # no POSIX system: nothing is held back
    pthread_sigmask = None

__all__ = ["answer", "is_command", "wait"]

_SCRIPTS = ("autograder", "autograder.exe", "autograder-script.py")


def is_command(argv: Sequence[str], interpreter: Sequence[str]) -> bool:
    """Whether this process is the command line: `autograder ...` or `python -m autograder ...`.

    Args:
        argv: `sys.argv`, as it is while the package is imported.
        interpreter: `sys.orig_argv`.
    """
    first = argv[0] if argv else ""
    if first == "-m":
        return ("-m", "autograder") in zip(interpreter, interpreter[1:], strict=False)  # noqa: RUF007 (itertools is one import more)
    return first.replace("\\", "/").rpartition("/")[2] in _SCRIPTS


def wait(*, anyhow: bool = False) -> None:
    """Hold Ctrl-C back from now on, if this process is the command line, or `anyhow`."""
    if pthread_sigmask is not None and (anyhow or is_command(sys.argv, sys.orig_argv)):
        pthread_sigmask(SIG_BLOCK, {SIGINT})


def answer() -> None:
    """Let it through; one that has waited is raised here.

    Raises:
        KeyboardInterrupt: somebody has pressed Ctrl-C meanwhile.
    """
    if pthread_sigmask is not None:
        pthread_sigmask(SIG_UNBLOCK, {SIGINT})

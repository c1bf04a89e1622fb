"""A process that computes, and can do nothing else: what parses a text that somebody may have made to break a parser.

`withdraw` gives up user, files, network and other processes for good; what is open stays open. `run` starts a Python
with an empty environment that reads a text, withdraws, and then works on the text. This module is shipped to students,
and its own text runs in newer Pythons: standard library only, nothing imported but what every Python has. Where a
system lacks one of the means, the others hold.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys

__all__ = ["CRASHES", "run", "stopped_by_cpu_limit", "withdraw"]

CRASHES = frozenset(
    getattr(signal, name, 0) for name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP")
) - {0}
"""Signals by which a process ends that its own work broke; others come from outside."""

_NOBODY = 65534
_NO_NEW_PRIVS, _DUMPABLE, _SECCOMP, _FILTER = 38, 4, 22, 2
_CREATE_RULESET, _RESTRICT_SELF, _ASK_VERSION = 444, 446, 1
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # how many kinds of access each version of Landlock knows
_ALL_TCP, _ALL_SCOPES = 0b11, 0b11
_CALLS = {
    # read, write, close, lseek, mmap, mprotect, munmap, brk, rt_sigaction, rt_sigprocmask, rt_sigreturn, mremap,
    # madvise, writev, getpid, exit, futex, gettimeofday, times, clock_gettime, exit_group, getrandom, pread64, fstat
    "x86_64": (
        0xC000003E,
        (0, 1, 3, 8, 9, 10, 11, 12, 13, 14, 15, 25, 28, 20, 39, 60, 202, 96, 100, 228, 231, 318, 17, 5),
    ),
    "aarch64": (
        0xC00000B7,
        (63, 64, 57, 62, 222, 226, 215, 214, 134, 135, 139, 216, 233, 66, 172, 93, 98, 169, 153, 113, 94, 278, 67, 80),
    ),
}
"""What the interpreter calls while it computes, by the kernel's name of the architecture and the numbers there."""

_NEEDED = ("SYSTEMROOT",)  # by Python on Windows
_BEGIN = """
import sys
text = sys.stdin.buffer.read()
"""


def withdraw() -> None:
    """Give up, for good, all but computing and what is open already.

    Afterwards no file can be opened, no process started or reached, no socket made; as root, the user is nobody.
    Import before what will be needed.
    """
    if sys.platform != "linux":
        return
    import ctypes
    import resource

    libc = ctypes.CDLL(None, use_errno=True)
    # A CPU limit must end this process by this signal, whoever started it: SIGKILL would look like a fault of the
    # machine's.
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGXCPU})
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):  # in a namespace there may be no such user
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)  # takes every capability away, too
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version > 0:
        rights = (1 << max(count for known, count in _FILE_RIGHTS.items() if known <= version)) - 1
        tcp, scopes = _ALL_TCP if version >= 4 else 0, _ALL_SCOPES if version >= 6 else 0
        size = 24 if version >= 6 else 16 if version >= 4 else 8
        rules = struct.pack("=QQQ", rights, tcp, scopes)
        ruleset = libc.syscall(_CREATE_RULESET, ctypes.c_char_p(rules), ctypes.c_size_t(size), 0)
        libc.syscall(_RESTRICT_SELF, ruleset, 0)  # no rule: nothing is allowed
        os.close(ruleset)
    program = _filter()
    if program:
        instructions = ctypes.create_string_buffer(program)
        header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions)))
        libc.prctl(_SECCOMP, _FILTER, ctypes.byref(header), 0, 0)


def stopped_by_cpu_limit(number: int) -> bool:
    """Whether a process that ended by this signal had used up the CPU time that it was given.

    Nothing else sends that signal. Any other that is no crash came from outside: a full memory, a stalled machine.
    """
    return number != 0 and number == getattr(signal, "SIGXCPU", None)


def run(
    body: str, text: bytes, *, python: str = sys.executable, arguments: tuple[str, ...] = (), seconds: float
) -> int:
    """Have a Python work on a text, all by itself.

    Args:
        body: a program; `text` holds the bytes, `withdraw()` is to be called before they are looked at, and it ends
            with `os._exit`.
        text: the bytes.
        python: which Python.
        arguments: of the program, in `sys.argv`.
        seconds: of wall time.

    Returns:
        Its exit code; negative for the signal that ended it.

    Raises:
        OSError: it could not be started.
        subprocess.TimeoutExpired: it took too long, and was ended.
    """
    with open(__file__, encoding="utf-8") as file:
        own = file.read()
    done = subprocess.run(
        [python, "-I", "-S", "-c", own + _BEGIN + body, *arguments],
        input=text,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={name: os.environ[name] for name in _NEEDED if name in os.environ},
        timeout=seconds,
        check=False,
    )
    return done.returncode


def _filter() -> bytes:
    """Instructions for the kernel: which system calls are allowed; empty where their numbers are not known here."""
    load, equal, allow, refuse = 0x20, 0x15, 0x7FFF0000, 0x00050001  # what is refused fails as not permitted
    architecture, numbers = _CALLS.get(os.uname().machine, (0, ()))
    if not numbers:
        return b""

    def instruction(code: int, yes: int, no: int, value: int) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    count = len(numbers)
    program = [instruction(load, 0, 0, 4), instruction(equal, 1, 0, architecture), instruction(0x06, 0, 0, refuse)]
    program.append(instruction(load, 0, 0, 0))
    program += [instruction(equal, count - place, 0, number) for place, number in enumerate(numbers)]
    program += [instruction(0x06, 0, 0, refuse), instruction(0x06, 0, 0, allow)]
    return b"".join(program)

"""Landlock: a process gives up, for good, every file and every TCP port that it does not name.

Needs no namespace and no privilege, only Linux 5.13 (TCP ports 6.7, signals and abstract sockets 6.12). The three
system calls have no library wrapper; numbers and layouts are those of ``include/uapi/linux/landlock.h``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

__all__ = ["abi", "all_but", "apply", "confine"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_RIGHTS_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_ALL_TCP = 0b11  # bind, connect
_ALL_SCOPES = 0b11  # abstract sockets, signals

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """The version of Landlock that this kernel offers, found by asking it; 0 for none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)))


def confine(readable: Iterable[str], writable: Iterable[str], *, runnable: bool = False) -> None:
    """Keep this process and all its children to reading below `readable` and to reading and writing below `writable`.

    Programs may be run from `readable` and, if `runnable`, from `writable`. The memory of processes that are not
    confined by the same call is out of reach, whoever owns them; so are TCP ports, and signals to and abstract sockets
    of processes outside, where the kernel knows how. Paths that do not exist are left out. Needs `no_new_privs`.

    Raises:
        OSError: the kernel refused.
    """
    version = abi()
    rights = max(right for known, right in _RIGHTS_OF_ABI.items() if known <= version)
    attributes = struct.pack("=QQQ", rights, _ALL_TCP if version >= 4 else 0, _ALL_SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call(_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(size), 0)
    try:
        for path in readable:
            _allow(ruleset, path, _READ & rights)
        for path in writable:
            _allow(ruleset, path, rights if runnable else rights & ~_EXECUTE)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def all_but(hidden: Iterable[str]) -> int:
    """Prepare, once for many processes, that what lies in some files and folders cannot be read; `apply` does it.

    Landlock knows only what is allowed, so that is everything beside the way to what is hidden, as it is there now.

    Returns:
        A descriptor, for the caller to close.

    Raises:
        OSError: the kernel refused.
    """
    closed = {os.path.realpath(path) for path in hidden}
    ways = {str(parent) for path in closed for parent in Path(path).parents}
    attributes = struct.pack("=QQQ", _READ_FILE, 0, 0)
    ruleset = _call(_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(8), 0)
    for way in ways:
        try:
            names = os.listdir(way)
        except OSError:
            continue  # closed to this user, so nothing in it is his to read
        for path in (os.path.join(way, name) for name in names):
            # what a link leads to is met on its own way
            if path not in closed and path not in ways and not os.path.islink(path):
                with contextlib.suppress(OSError):
                    _allow(ruleset, path, _READ_FILE)
    return ruleset


def apply(ruleset: int) -> None:
    """Confine this process, for good, by what `all_but` prepared. Needs `no_new_privs`.

    Raises:
        OSError: the kernel refused.
    """
    _call(_RESTRICT_SELF, ruleset, 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):
                rights &= _FILE_RIGHTS
            rule = struct.pack("=Qi", rights, descriptor)
            _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
        finally:
            os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "Landlock")
    return result

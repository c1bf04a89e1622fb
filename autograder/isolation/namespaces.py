"""What the inside of a bubblewrap sandbox looks like, as bubblewrap's arguments.

Read-only: the system's programs and libraries, this Python with its packages at their own paths (a relocated
interpreter may load another libpython without a word), what was handed in and what is given. Writable: /tmp, of a
fixed size, gone afterwards; the working folder in it begins as a copy of those two. Nothing else of the machine is
there: no /home, no /etc beyond the dynamic linker's cache, no network, no process but those inside.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.results import Limits

__all__ = [
    "FIRST",
    "GIVEN",
    "HOME",
    "IN_MEMORY",
    "NAME",
    "SHARED_MEMORY",
    "SUBMISSION",
    "bubblewrap_arguments",
    "gpu_devices",
    "lies_apart",
    "reachable_by_all",
    "readable_inside",
    "readable_paths",
    "shown",
    "writable_inside",
    "writable_paths",
]

SUBMISSION = "/submission"
GIVEN = "/given"
HOME = "/tmp/home"  # noqa: S108  (inside, /tmp is a file system of its own)

FIRST = "/cat"
"""Where the program of the first process lies; some systems decide by its name what it does."""

IN_MEMORY = ("/tmp", "/dev/shm")  # noqa: S108
"""The only file systems inside that can be written; both are in memory, and gone afterwards."""

SHARED_MEMORY = 64 << 20
"""Bytes of the second of these."""

NAME = "sandbox"
"""The name of the machine, inside."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
_ETC = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/mime.types")
_DEVICES = ("null", "full", "random", "urandom")  # /dev/zero, mapped, is memory that no process counts
_PARTS_OF_PYTHON = ("bin", "lib", "lib64", "pyvenv.cfg")
_MIB = 1 << 20


def bubblewrap_arguments(
    folder: Path | None,
    given: Path | None,
    limits: Limits,
    devices: Iterable[str] = (),
    *,
    user_namespace: bool,
    first: Path | None = None,
    covers: Mapping[str, str] | None = None,
) -> list[str]:
    """Arguments up to, but without, the command.

    Args:
        folder: the submission; appears as `SUBMISSION`. None leaves room for it and for what is given.
        given: what is handed out; appears as `GIVEN`.
        limits: `scratch_mib` is the size of /tmp.
        devices: more than the plain ones, such as `gpu_devices` finds.
        user_namespace: for an ordinary user; root really changes its uid instead.
        first: the program of the first process, which appears as `FIRST`.
        covers: folders and files that are covered, by path, and what is shown in their place; "" for an
            empty folder, which is faster made.
    """
    arguments = ["--unshare-user"] if user_namespace else []
    arguments += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"]
    arguments += ["--as-pid-1", "--cap-drop", "ALL"]  # a first process of bubblewrap's own would have neither filter
    arguments += ["--hostname", NAME, "--die-with-parent", "--new-session", "--clearenv"]
    for system in _SYSTEM:
        arguments += _system(Path(system))
    arguments += ["--perms", "0755", "--dir", "/etc"]
    for file in _ETC:
        if os.path.exists(file):
            arguments += ["--ro-bind", file, file]
    arguments += ["--proc", "/proc", *_devices(devices)]
    arguments += ["--size", str(SHARED_MEMORY), "--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108
    arguments += ["--remount-ro", "/dev"]
    arguments += ["--size", str(limits.scratch_mib * _MIB), "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    for path in _python_paths():
        arguments += [*_parents(path), *_system(path)]
    for covered, cover in (covers or {}).items():
        empty = ["--size", "4096", "--perms", "0555", "--tmpfs", covered]
        arguments += ["--ro-bind", cover, covered] if cover else empty
    arguments += ["--perms", "0777", "--dir", HOME]
    if folder is None:
        arguments += ["--perms", "0755", "--dir", SUBMISSION, "--perms", "0755", "--dir", GIVEN]
    else:
        arguments += ["--ro-bind", str(folder), SUBMISSION, *(["--ro-bind", str(given), GIVEN] if given else [])]
    arguments += ["--ro-bind", str(first), FIRST] if first else []
    return [*arguments, "--remount-ro", "/", "--chdir", "/"]


def readable_inside(*folders: str) -> tuple[str, ...]:
    """What Landlock leaves readable on top of the mounts above: they themselves, and nothing else."""
    return (*_SYSTEM, *_ETC, *map(str, _python_paths()), *(folders or (SUBMISSION, GIVEN)), "/proc", "/dev")


def writable_inside(devices: Iterable[str] = ()) -> tuple[str, ...]:
    """What Landlock leaves writable on top of the mounts above."""
    return (*IN_MEMORY, "/dev/null", "/dev/full", *devices)


def gpu_devices() -> tuple[str, ...]:
    """Nvidia's devices, as far as this machine has them."""
    return tuple(sorted(str(path) for path in Path("/dev").glob("nvidia*") if not path.is_dir()))


def _devices(more: Iterable[str]) -> list[str]:
    """The plain devices and no terminal: for `--dev`, bubblewrap needs a second user namespace, where an ordinary user
    may not limit the number of files any more."""
    arguments = ["--size", str(_MIB), "--perms", "0755", "--tmpfs", "/dev"]
    for path in (*(f"/dev/{name}" for name in _DEVICES), *more):
        arguments += ["--dev-bind", path, path]
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        arguments += ["--symlink", f"/proc/self/{target}", f"/dev/{name}"]
    return arguments


def reachable_by_all() -> bool:
    """Whether any user could use this Python where it lies; if not, a sandbox without mounts keeps the own user."""
    folders = {folder for path in _python_paths() for folder in path.resolve().parents}
    return all(folder.stat().st_mode & 0o001 for folder in folders)


def readable_paths(*folders: str) -> tuple[str, ...]:
    """What Landlock leaves readable: the same as above, and what libraries ask about the processor and themselves."""
    own = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu")
    devices = (f"/dev/{name}" for name in _DEVICES)
    return (*_SYSTEM, *_ETC, *map(str, _python_paths()), *folders, *own, *devices)


def writable_paths(home: str) -> tuple[str, ...]:
    """What Landlock leaves writable: the scratch folder, and nowhere."""
    return (home, "/dev/null")


def lies_apart() -> bool:
    """Whether nothing of this Python lies where every sandbox has a file system of its own."""
    return not any(_inside(path, [*map(Path, IN_MEMORY), Path("/proc")]) for path in _python_paths())


def shown(path: str) -> bool:
    """Whether the inside would show a path of this machine."""
    return _inside(Path(path), [*(Path(os.path.realpath(each)) for each in _SYSTEM), *_python_paths()])


def _system(path: Path) -> list[str]:
    if path.is_symlink():
        return ["--symlink", os.readlink(path), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.exists() else []


def _python_paths() -> list[Path]:
    """What this interpreter and its packages consist of, outermost first, without what /usr already shows.

    Not their whole folders: with a virtual environment made right in the course's folder, or Python installed into a
    home, these would show everything.
    """
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(os.path.realpath(sys.executable)).parent.parent}
    expected = {prefix / part for prefix in prefixes for part in _PARTS_OF_PYTHON}
    expected |= {Path(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))}
    kept: list[Path] = []
    for path in sorted(expected):
        if path.exists() and not _inside(path, [Path("/usr"), *kept]):
            kept.append(path)
    return kept


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _parents(path: Path) -> list[str]:
    """Name the folders above a bind first: made on the way, they would be closed to any but root."""
    made = []
    for parent in reversed(path.parents):
        if str(parent) not in ("/", "/tmp"):  # noqa: S108
            made += ["--perms", "0755", "--dir", str(parent)]
    return made

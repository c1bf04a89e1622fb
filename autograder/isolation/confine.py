"""The step from the warm forkserver into the confinement: the one file that must be read line by line.

A child of the forkserver calls `enter` (and, on the way, `fork_inside`) before it reads one byte of a student's. The
order matters: control groups while we may still write to them, namespaces, own uid and gid, all capabilities off,
no_new_privs, resource limits, and the system call filter last, because it forbids what the steps before it need.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograder.checks.wording import reason_of
from autograder.isolation import landlock
from autograder.isolation.deadlines import ended, read_all
from autograder.results import Limits

__all__ = [
    "Confinement",
    "become_subreaper",
    "enter",
    "filter_calls",
    "fork_inside",
    "fork_into_new",
    "setns",
    "unshare",
]

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_ALL_BUT_PID_AND_USER = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 2, 4, 32
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63

_MIB = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
_libc.mount.argtypes = [*[ctypes.c_char_p] * 3, ctypes.c_ulong, ctypes.c_char_p]


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a child must put between itself and the machine.

    `user` is the uid and gid to become (root only; None keeps the own one). `doors` are open `cgroup.procs` files.
    `filter` is compiled BPF, empty for none. `die_with_parent` is for children of the forkserver itself: where a pid
    namespace ends with the forkserver, and the parent may be the process in between, it must not be set.
    `file_systems` are mounts in memory that may hold only `Limits.scratch_files` files each. With
    `landlocked`, files beyond `readable` and `writable` are out of reach, and so is the memory of every process that
    was not started in the same sandbox; programs below `writable` may be run with `runnable`. `hiding` is a
    descriptor of `landlock.all_but`, which is closed; -1 for none.
    """

    limits: Limits
    user: int | None = None
    doors: tuple[int, ...] = ()
    filter: bytes = b""
    folder: str = "/"
    die_with_parent: bool = False
    file_systems: tuple[str, ...] = ()
    landlocked: bool = False
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    runnable: bool = False
    hiding: int = -1


def become_subreaper() -> None:
    """Orphans of our children become our children, so that their end and their use of the machine can be read."""
    _call(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)")


def setns(descriptor: int, kinds: int) -> None:
    """Join the namespaces of `kinds` of the process behind a pidfd (or the one behind a namespace file).

    Raises:
        OSError: the kernel refused.
    """
    _call(_libc.setns(descriptor, kinds), "setns")


def unshare(kinds: int) -> None:
    """Leave the namespaces of `kinds` for new ones.

    Raises:
        OSError: the kernel refused.
    """
    _call(_libc.unshare(kinds), "unshare")


def fork_into_new(own_pid_namespace: int, child: Callable[[], None]) -> int:
    """As root: fork the first process of a new pid namespace. It runs `child`, which never returns.

    Returns:
        The child's pid in our own pid namespace.

    Raises:
        OSError: the kernel refused.
    """
    unshare(CLONE_NEWPID)
    try:
        pid = os.fork()
        if pid == 0:
            _never_return(child)
    finally:
        setns(own_pid_namespace, CLONE_NEWPID)
    return pid


def fork_inside(pidfd: int, own_pid_namespace: int, child: Callable[[], None], patience: float) -> int:
    """Fork a child that lives in all namespaces of the process behind `pidfd` and runs `child`, which never returns.

    As root, this process asks that its next child be born in the other pid namespace, forks once, and takes the
    request back; the child itself joins the rest. As an ordinary user the user namespace comes first, and that cannot
    be taken back, so an intermediate process joins, forks and leaves; the grandchild becomes ours (`become_subreaper`).
    It has `patience` seconds for that.

    Returns:
        The child's pid in our own pid namespace.

    Raises:
        OSError: the namespaces could not be joined, or not in time (TimeoutError).
    """
    if os.geteuid() == 0:
        setns(pidfd, CLONE_NEWPID)
        try:
            pid = os.fork()
            if pid == 0:
                _never_return(lambda: setns(pidfd, _ALL_BUT_PID_AND_USER), child)
        finally:
            setns(own_pid_namespace, CLONE_NEWPID)
        return pid
    reading, writing = os.pipe()
    middle = os.fork()
    if middle == 0:
        _never_return(lambda: _join_and_fork(pidfd, writing, child))
    os.close(writing)
    try:
        said = read_all(reading, patience)
    finally:
        os.close(reading)
        os.kill(middle, signal.SIGKILL)  # it has nothing more to do, and was not collected yet
        ended(middle, patience)
    if not said.isdigit():
        raise OSError(said.decode(errors="replace") or "the process between the forkserver and the sandbox died")
    return int(said)


def enter(confinement: Confinement) -> None:
    """Give up everything, in order; after this, student code may run.

    Raises:
        OSError: a step failed; the caller must exit without reading a student's byte.
    """
    if os.getpgrp() != os.getpid():
        os.setsid()  # a signal to the own process group passes through pid namespaces
    os.chdir(confinement.folder)
    os.umask(0o077)
    for path in confinement.file_systems:
        _limit_files(path, confinement.limits.scratch_files)
    _empty_bounding_set()  # needs a capability that the next step takes away
    if confinement.user is not None:
        os.setgroups([])
        os.setresgid(confinement.user, confinement.user, confinement.user)
        os.setresuid(confinement.user, confinement.user, confinement.user)
    _drop_capabilities()
    _call(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
    if confinement.die_with_parent:
        _call(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    _limit(confinement.limits)
    if confinement.landlocked:
        landlock.confine(confinement.readable, confinement.writable, runnable=confinement.runnable)
    if confinement.hiding >= 0:
        landlock.apply(confinement.hiding)
        os.close(confinement.hiding)
    if confinement.filter:
        filter_calls(confinement.filter)


def filter_calls(program: bytes) -> None:
    """Refuse this process and all its children, for good, what a compiled filter does not allow. Needs `no_new_privs`.

    Raises:
        OSError: the kernel refused.
    """
    instructions = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    pointer = ctypes.create_string_buffer(header)
    result = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(pointer), 0, 0)
    _call(result, "prctl(PR_SET_SECCOMP)")


def join_groups(doors: Sequence[int]) -> None:
    """Move this process into the control groups behind open `cgroup.procs` files."""
    for door in doors:
        os.write(door, b"0")


def _never_return(*steps: Callable[[], None]) -> None:
    code = 70
    with contextlib.suppress(BaseException):
        for step in steps:
            step()
        code = 0
    os._exit(code)


def _join_and_fork(pidfd: int, writing: int, child: Callable[[], None]) -> None:
    try:
        setns(pidfd, CLONE_NEWUSER | CLONE_NEWPID | _ALL_BUT_PID_AND_USER)
        pid = os.fork()
    except OSError as error:
        os.write(writing, f"joining the namespaces failed: {reason_of(error, named=False)}".encode())
        return
    if pid == 0:
        os.close(writing)
        _never_return(child)
    os.write(writing, str(pid).encode())


def _limit_files(path: str, count: int) -> None:
    """Bubblewrap limits the bytes of a file system in memory; empty files take memory of the kernel's, too."""
    flags = _MS_REMOUNT | _MS_NOSUID | _MS_NODEV
    _call(_libc.mount(b"none", path.encode(), b"tmpfs", flags, b"nr_inodes=%d" % count), f"remounting {path}")


def _empty_bounding_set() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails for those this kernel or this user lacks


def _drop_capabilities() -> None:
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    nothing = ctypes.create_string_buffer(bytes(24))
    _call(_libc.capset(header, nothing), "capset")


def _limit(limits: Limits) -> None:
    """Limits of the process itself; those on everything together are the control group's and the watch's."""
    cpu = math.ceil(limits.cpu) + 1
    in_use = _data_bytes()
    for which, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_DATA, in_use + limits.memory_mib * _MIB, in_use + limits.memory_mib * _MIB),
        (resource.RLIMIT_FSIZE, limits.file_mib * _MIB, limits.file_mib * _MIB),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_NPROC, limits.processes, limits.processes),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        most = resource.getrlimit(which)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(which, (soft, hard))


def _data_bytes() -> int:
    """Private writable memory that the warm imports already take, in bytes; not the student's to pay for."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[5]) * resource.getpagesize()


def _call(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)

"""The list of system calls that code for machine learning makes, as a filter that the kernel enforces.

Whatever is not on it is refused, also what later kernels will add. It grew from what submissions ordinarily do
(`tests/syscalls/recorded.txt`), rounded up to the whole family of a call, and reads by what calls reach. libseccomp
(through pyseccomp) turns it into BPF once, in the forkserver; a child loads it with one call.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["ALLOWED", "ALLOWED_IN_NAMESPACES", "NEWER_CALLS", "SIGNALS", "Condition", "compile_filter", "conditions"]

ALLOWED: dict[str, tuple[str, ...]] = {
    "memory": (
        *("brk", "munmap", "mremap", "mprotect", "madvise", "msync"),
        *("get_mempolicy", "set_mempolicy", "mbind"),  # numerical libraries, where memory has several nodes
    ),
    "files that are open": (
        *("read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2"),
        *("lseek", "_llseek", "close", "close_range", "dup", "dup2", "dup3", "fsync", "fdatasync", "sync_file_range"),
        *("fstat", "fstat64", "fstatfs", "fstatfs64", "getdents", "getdents64", "fgetxattr", "flistxattr"),
        *("ftruncate", "ftruncate64", "fallocate", "fadvise64", "fadvise64_64", "readahead", "flock"),
        *("sendfile", "sendfile64", "copy_file_range", "pipe", "pipe2"),
    ),
    "files by name": (
        *("stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64", "statx", "statfs", "statfs64"),
        *("access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "chdir", "fchdir"),
        *("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir"),
        *("link", "linkat", "symlink", "symlinkat", "getxattr", "lgetxattr", "listxattr", "llistxattr"),
    ),
    "waiting": (
        *("poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64"),
        *("epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2"),
        *("eventfd", "eventfd2", "signalfd", "signalfd4", "pause"),
        *("futex", "futex_time64", "futex_waitv", "futex_wake", "futex_wait", "futex_requeue"),
        *("set_robust_list", "rseq", "membarrier", "restart_syscall", "sched_yield"),
    ),
    "time": (
        *("time", "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64"),
        *("nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "alarm", "getitimer", "setitimer"),
        *("timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64"),
        *("timer_create", "timer_settime", "timer_settime64", "timer_gettime", "timer_gettime64"),
        *("timer_getoverrun", "timer_delete", "times"),
    ),
    "own processes": (
        *("fork", "vfork", "execve", "exit", "exit_group", "wait4", "waitid", "waitpid", "pidfd_open"),
        *("set_tid_address", "arch_prctl", "set_thread_area", "riscv_flush_icache", "riscv_hwprobe"),
        *("getpid", "getppid", "gettid", "getpgid", "getpgrp", "getsid", "getrusage", "getrlimit", "setrlimit"),
        *("ugetrlimit", "getpriority", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_getattr"),
        *("sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval", "getcpu"),
    ),
    "signals that arrive": (
        *("rt_sigaction", "rt_sigprocmask", "rt_sigpending", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait"),
        *("rt_sigtimedwait_time64", "sigaltstack", "sigreturn"),
    ),
    "who and where": (
        *("getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid", "capget"),
        *("getuid32", "geteuid32", "getgid32", "getegid32", "getgroups32", "getresuid32", "getresgid32"),
        *("uname", "sysinfo", "getrandom"),
    ),
    "pairs of local sockets": (
        *("sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown", "send", "recv"),
        *("getsockname", "getpeername", "getsockopt", "setsockopt"),
    ),
}
"""Allowed with any arguments, by what they reach. `conditions` adds those whose arguments decide."""

ALLOWED_IN_NAMESPACES: dict[str, tuple[str, ...]] = {
    "sockets": ("connect", "bind", "listen", "accept", "accept4"),
    "sessions": ("setsid", "setpgid"),
    "a lower priority": ("setpriority",),
    "what is noted beside files": (
        *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
        *("utime", "utimes", "utimensat", "utimensat_time64", "futimesat"),
        *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    ),
    "folders and masks": ("mkdir", "mkdirat", "umask"),
}
"""Allowed too where namespaces stand between a submission and the files and processes of its user. Under Landlock they
would reach these: it guards the contents of files only."""

SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
"""Allowed where signals reach nobody outside: in namespaces, and with Landlock from version 6 on."""

NEWER_CALLS = range(424, 600)
"""Numbers of calls that came after 2019, the same on every architecture. Those that are not allowed are refused as by
a kernel that is too old to know them (ENOSYS), so that libraries fall back on an older call that is on the list: clone
for clone3, whose flags lie in memory, where no filter can look. All others are refused with EPERM."""

_NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_CLONE_PARENT = 0x00008000  # a child of the forkserver's, which expects none
_AF_UNIX, _SOCK_STREAM, _SOCK_SEQPACKET, _KIND_OF_SOCKET = 1, 1, 5, 0xF
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20
_O_ACCMODE, _O_WRONLY, _O_RDWR, _O_TRUNC = 0o3, 0o1, 0o2, 0o1000
_S_IFMT, _S_IFIFO, _S_IFREG = 0o170000, 0o010000, 0o100000
_OWNER = 0o700
_WHOLE = 0xFFFFFFFF
_FIRST_LANDLOCK_WITH_TRUNCATION, _FIRST_LANDLOCK_WITH_SCOPES = 3, 6

_FCNTL = (
    *(0, 1, 2, 3, 4, 1030),  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
    *(5, 6, 7, 12, 13, 14, 36, 37, 38),  # F_GETLK, F_SETLK, F_SETLKW, their 64-bit and open file description forms
    1032,  # F_GETPIPE_SZ
)
"""Not: leases and notices, by which another's open() waits or is noticed; the owner and number of signals; seals;
the size of pipes, of which a user has so many."""

_IOCTL = (
    *(0x5401, 0x802C542A, 0x5413, 0x540F),  # TCGETS, TCGETS2, TIOCGWINSZ, TIOCGPGRP: is it a terminal?
    *(0x541B, 0x5421, 0x5450, 0x5451),  # FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
)
_IOCTL_OF_GPUS = (0x30000001, 0x30000002)  # UVM_INITIALIZE, UVM_DEINITIALIZE
_NVIDIA, _KIND_OF_IOCTL, _PLAIN_NUMBERS = 0x4600, 0xFF00, 0xFFFFF000

_PRCTL = (
    *(1, 2, 3, 15, 16),  # PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME
    *(21, 23, 29, 30, 38, 39),  # PR_GET_SECCOMP, PR_CAPBSET_READ, timer slack, PR_SET/GET_NO_NEW_PRIVS
    *(41, 42, 0x53564D41),  # transparent huge pages, PR_SET_VMA: names for own memory
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A call is allowed if, for each (argument, mask, value), the argument's bits under the mask have that value."""

    call: str
    bits: tuple[tuple[int, int, int], ...]


def conditions(*, landlocked: int = 0, grouped: bool = True, gpus: bool = False) -> tuple[Condition, ...]:
    """The calls that are allowed with some arguments; a call that several of them name needs one of them.

    The parameters are those of `compile_filter`.
    """
    found = [_one("clone", (0, _NEW_NAMESPACES | _CLONE_PARENT, 0)), _one("prlimit64", (0, _WHOLE, 0))]
    for call, argument, values in (("fcntl", 1, _FCNTL), ("fcntl64", 1, _FCNTL), ("prctl", 0, _PRCTL)):
        found += [_one(call, (argument, _WHOLE, value)) for value in values]
    found += [_one("ioctl", (1, _WHOLE, value)) for value in (*_IOCTL, *(_IOCTL_OF_GPUS if gpus else ()))]
    if gpus:
        found += [_one("ioctl", (1, _KIND_OF_IOCTL, _NVIDIA)), _one("ioctl", (1, _PLAIN_NUMBERS, 0))]
    for call, argument in (("mknod", 1), ("mknodat", 2)):
        found += [_one(call, (argument, _S_IFMT, kind)) for kind in (_S_IFIFO, _S_IFREG)]
    for call in ("mmap", "mmap2"):  # memory that is shared and has no file is no process's own
        shared = _MAP_SHARED | _MAP_ANONYMOUS
        some = [(3, shared, kind) for kind in (0, _MAP_SHARED, _MAP_ANONYMOUS)]
        found += [_one(call, *([] if grouped else [bits])) for bits in (some if not grouped else some[:1])]
    if landlocked:
        # a pair of datagram sockets may send to any socket that has a name
        for kind in (_SOCK_STREAM, _SOCK_SEQPACKET):
            found.append(_one("socketpair", (0, _WHOLE, _AF_UNIX), (1, _KIND_OF_SOCKET, kind)))
        # folders that their own owner cannot look into could hide anything
        found += [
            _one("mkdir", (1, _OWNER, _OWNER)),
            _one("mkdirat", (2, _OWNER, _OWNER)),
            _one("umask", (0, _OWNER, 0)),
        ]
    else:
        found += [_one(call, (0, _WHOLE, _AF_UNIX)) for call in ("socket", "socketpair")]
    guarded = not landlocked or landlocked >= _FIRST_LANDLOCK_WITH_TRUNCATION
    for call, flags in (("open", 1), ("openat", 2)):  # before that, Landlock lets everybody empty a file
        kinds = [(flags, _O_TRUNC, 0), (flags, _O_ACCMODE, _O_WRONLY), (flags, _O_ACCMODE, _O_RDWR)]
        found += [_one(call)] if guarded else [_one(call, bits) for bits in kinds]
    found += [_one(call) for call in (("creat", "truncate", "truncate64") if guarded else ("creat",))]
    if not landlocked or landlocked >= _FIRST_LANDLOCK_WITH_SCOPES:
        found += [_one(call) for call in SIGNALS]
    return tuple(found)


def compile_filter(*, landlocked: int = 0, grouped: bool = True, gpus: bool = False, architecture: str = "") -> bytes:
    """The filter as BPF.

    Args:
        landlocked: the version of Landlock in use where no namespace stands behind it, else 0. Then every socket is
            refused, and so are leaving the process group, by which everything is killed in the end, and whatever
            reaches the metadata of files, or other processes of the same user.
        grouped: whether control groups count memory; where they do not, memory that is shared and has no file is
            refused, because no process counts it.
        gpus: whether a graphics processor is inside, whose driver is spoken to in calls of its own.
        architecture: another than this machine's, by libseccomp's name, such as ``"AARCH64"``.

    Raises:
        ImportError, OSError, RuntimeError: libseccomp or its binding is missing.
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)  # a binary tree: every call of every submission walks through it
    if architecture:
        rules.remove_arch(seccomp.Arch.NATIVE)
        rules.add_arch(getattr(seccomp.Arch, architecture))
    groups = (ALLOWED,) if landlocked else (ALLOWED, ALLOWED_IN_NAMESPACES)
    allowed = {name for group in groups for names in group.values() for name in names}
    by_argument = [
        each for each in conditions(landlocked=landlocked, grouped=grouped, gpus=gpus) if each.call not in allowed
    ]
    known = {_number(name) for name in (*allowed, *(each.call for each in by_argument))}
    for name in sorted(allowed):
        _add(rules, seccomp.ALLOW, name)
    for each in by_argument:
        bits = (seccomp.Arg(argument, seccomp.MASKED_EQ, mask, value) for argument, mask, value in each.bits)
        _add(rules, seccomp.ALLOW, each.call, bits)
    for number in NEWER_CALLS:
        if number not in known:
            _add(rules, seccomp.ERRNO(errno.ENOSYS), number)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        size = os.lseek(file.fileno(), 0, os.SEEK_END)
        return os.pread(file.fileno(), size, 0)


def _one(call: str, *bits: tuple[int, int, int]) -> Condition:
    return Condition(call, bits)


def _number(name: str) -> int | None:
    import pyseccomp as seccomp

    try:
        return int(seccomp.resolve_syscall(seccomp.Arch.NATIVE, name))
    except (ValueError, OSError):
        return None


def _add(rules: Any, action: Any, name: str | int, bits: Iterable[Any] = ()) -> None:
    try:
        rules.add_rule(action, name, *bits)
    except (ValueError, OSError):
        return  # this architecture or this libseccomp does not know the call, so no program can make it by name

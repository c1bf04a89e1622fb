"""The list of system calls that code for machine learning never needs, as a filter that the kernel enforces.

libseccomp (through pyseccomp) turns the list into BPF once, in the forkserver; a child loads it with one call.
"""

from __future__ import annotations

import errno
import os
import tempfile
from typing import Any

__all__ = ["DENIED", "DENIED_UNDER_LANDLOCK", "compile_filter"]

DENIED: dict[str, tuple[str, ...]] = {
    "other processes": ("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise"),
    "namespaces and mounts": (
        "unshare",
        "setns",
        "mount",
        "umount2",
        "pivot_root",
        "chroot",
        "open_tree",
        "move_mount",
        "fsopen",
        "fsconfig",
        "fsmount",
        "fspick",
        "mount_setattr",
    ),
    "the kernel": (
        "bpf",
        "perf_event_open",
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
        "syslog",
        "acct",
        "swapon",
        "swapoff",
        "reboot",
        "quotactl",
        "lookup_dcookie",
        "iopl",
        "ioperm",
        "settimeofday",
        "clock_settime",
        "adjtimex",
        "clock_adjtime",
        "sethostname",
        "setdomainname",
        "vhangup",
        "nfsservctl",
        "uselib",
        "ustat",
        "sysfs",
        "_sysctl",
        "personality",
        "modify_ldt",
    ),
    "processors of others": ("sched_setaffinity",),
    "memory of nobody": ("memfd_create", "shmget", "shmat", "semget", "msgget", "mq_open"),
    "the disk of everybody": ("sync", "syncfs"),
    "keyrings": ("add_key", "request_key", "keyctl"),
    "large and rarely needed surfaces": (
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "fanotify_init",
        "name_to_handle_at",
        "open_by_handle_at",
        "move_pages",
        "migrate_pages",
        "memfd_secret",
        "vmsplice",
    ),
}
"""Denied with EPERM, by what they would reach."""

DENIED_UNDER_LANDLOCK: tuple[str, ...] = (
    *("socket", "connect", "bind", "listen", "setsid", "setpgid"),
    *("inotify_init", "inotify_init1", "inotify_add_watch"),  # tells names in folders that cannot be read
    # of files, Landlock guards the contents and not these
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "utimensat", "futimesat"),
    *("setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr"),
    # other processes of the same user could be slowed down or starved
    *("setpriority", "ioprio_set", "sched_setscheduler", "sched_setparam", "sched_setattr", "process_mrelease"),
)
"""Denied where no namespace stands between a submission and the files and processes of its user."""

_SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
_FIRST_LANDLOCK_WITH_SCOPES = 6

_NEW_USER_NAMESPACE = 0x10000000
_OTHER_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
_AF_UNIX = 1


def compile_filter(*, landlocked: int = 0, grouped: bool = True) -> bytes:  # noqa: PLR0912  (one branch a rule)
    """The filter as BPF for this machine's architecture.

    With `landlocked`, the version of Landlock in use, there is no namespace to fall back on: every socket is refused,
    and so are leaving the process group, by which everything is killed in the end, and whatever reaches the metadata
    of files, or other processes of the same user. Before version 6 of Landlock that includes every signal. Where
    nothing is `grouped` by control groups, memory that is shared and has no file is refused: no process counts it.

    Beside `DENIED`: sockets of every family but AF_UNIX, `clone` into new namespaces, terminal injection, and `clone3`
    (its flags lie in memory, where a filter cannot look; libc falls back to `clone`).

    Raises:
        ImportError, OSError, RuntimeError: libseccomp or its binding is missing.
    """
    import pyseccomp as seccomp

    deny = seccomp.ERRNO(errno.EPERM)
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)  # a binary tree: every call of every submission walks through it
    for names in DENIED.values():
        for name in names:
            _add(rules, deny, name)
    for flag in (1 << bit for bit in range(32) if (_NEW_USER_NAMESPACE | _OTHER_NAMESPACES) >> bit & 1):
        rules.add_rule(deny, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    _add(rules, seccomp.ERRNO(errno.ENOSYS), "clone3")
    for name in DENIED_UNDER_LANDLOCK if landlocked else ():
        _add(rules, seccomp.ERRNO(errno.EACCES), name)
    for name in _SIGNALS if 0 < landlocked < _FIRST_LANDLOCK_WITH_SCOPES else ():
        _add(rules, deny, name)
    if 0 < landlocked < _FIRST_LANDLOCK_WITH_SCOPES:
        for command in (8, 15):  # F_SETOWN and F_SETOWN_EX choose whom the kernel signals
            rules.add_rule(deny, "fcntl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, command))
        for request in (0x8901, 0x8902):  # FIOSETOWN and SIOCSPGRP, the same
            rules.add_rule(deny, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    if not grouped:
        rules.add_rule(deny, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, 0x21, 0x21))  # MAP_SHARED and MAP_ANONYMOUS
    if landlocked:
        for kind in (2, 3):  # a pair of datagram sockets may send to any socket that has a name
            rules.add_rule(seccomp.ERRNO(errno.EACCES), "socketpair", seccomp.Arg(1, seccomp.MASKED_EQ, 0xF, kind))
        for mode in range(7):  # folders that their own owner cannot look into could hide anything
            rules.add_rule(deny, "mkdir", seccomp.Arg(1, seccomp.MASKED_EQ, 0o700, mode << 6))
            rules.add_rule(deny, "mkdirat", seccomp.Arg(2, seccomp.MASKED_EQ, 0o700, mode << 6))
        for bit in (0o100, 0o200, 0o400):
            rules.add_rule(deny, "umask", seccomp.Arg(0, seccomp.MASKED_EQ, bit, bit))
        rules.add_rule(deny, "prlimit64", seccomp.Arg(0, seccomp.NE, 0))  # limits of others
        rules.add_rule(deny, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, 0x40086602))  # attributes of files
    for name in ("socketpair",) if landlocked else ("socket", "socketpair"):
        rules.add_rule(seccomp.ERRNO(errno.EACCES), name, seccomp.Arg(0, seccomp.NE, _AF_UNIX))
    for request in (0x5412, 0x541C):  # TIOCSTI and TIOCLINUX put keys into a terminal
        rules.add_rule(deny, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        size = os.lseek(file.fileno(), 0, os.SEEK_END)
        return os.pread(file.fileno(), size, 0)


def _add(rules: Any, action: Any, name: str) -> None:
    try:
        rules.add_rule(action, name)
    except (ValueError, OSError):
        return  # this architecture or this libseccomp does not know the call, so no program can make it by name

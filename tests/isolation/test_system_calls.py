"""The filter of system calls: what ordinary submissions do passes, and nothing by which sandboxes are left."""

from __future__ import annotations

import errno
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.isolation.seccomp import ALLOWED, ALLOWED_IN_NAMESPACES, SIGNALS, compile_filter, conditions
from autograder.results import Limits
from autograder.sandbox import Request, start, why_not
from autograder.wire import decode, encode

pytest.importorskip("pyseccomp", reason="libseccomp is missing, and with it every filter")
if platform.machine() != "x86_64":
    pytest.skip("the record is of x86-64", allow_module_level=True)

HERE = Path(__file__).parents[1] / "syscalls"
sys.path.insert(0, str(HERE))

from filters import allows, verdict  # noqa: E402
from record import recorded_calls  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

RECORD = [line.split() for line in (HERE / "recorded.txt").read_text().splitlines() if line and line[0] != "#"]

DANGEROUS = {
    "mounts": "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr",
    "namespaces": "unshare setns",
    "other processes": """ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd
        get_robust_list move_pages migrate_pages""",
    "the kernel": """bpf perf_event_open kexec_load kexec_file_load init_module finit_module delete_module syslog acct
        swapon swapoff reboot quotactl quotactl_fd iopl ioperm settimeofday clock_settime adjtimex clock_adjtime
        sethostname setdomainname vhangup personality modify_ldt lookup_dcookie uselib ustat sysfs""",
    "keyrings": "add_key request_key keyctl",
    "System V": "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl",
    "POSIX queues": "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
    "large surfaces": """userfaultfd io_uring_setup io_uring_enter io_uring_register io_setup io_submit fanotify_init
        fanotify_mark name_to_handle_at open_by_handle_at vmsplice splice tee memfd_create memfd_secret remap_file_pages
        inotify_init inotify_init1 inotify_add_watch seccomp landlock_create_ruleset clone3 openat2""",
    "other users": "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset",
    "priorities": """ioprio_set sched_setaffinity sched_setscheduler sched_setparam sched_setattr mlock
        mlockall mlock2""",
    "everybody's disk": "sync syncfs",
}


def _known(names: str) -> list[str]:
    return [name for name in names.split() if _exists(name)]


def _exists(name: str) -> bool:
    try:
        verdict(b"\x06\x00\x00\x00\x00\x00\x00\x00", name)
    except (ValueError, OSError):
        return False
    return True


@pytest.fixture(scope="module")
def outside() -> bytes:
    """The filter inside namespaces."""
    return compile_filter()


FILTERS = {
    "bubblewrap": {},
    "without control groups": {"grouped": False},
    "with a graphics processor": {"gpus": True},
    "landlock": {"landlocked": 7},
    "the first landlock": {"landlocked": 1, "grouped": False},
}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_what_a_library_was_recorded_to_call_is_allowed(workload: str) -> None:
    """Every call of the record passes with the argument that it was made with, but for those known to be refused."""
    program = compile_filter()
    refused = set()
    for _, call, *words in (line for line in RECORD if line[0] == workload):
        place = {"fcntl": 1, "ioctl": 1, "mmap": 3}.get(call, 0)
        arguments = [0] * place + [int(word, 16) for word in words]
        if not allows(program, call, *arguments):
            refused.add(" ".join([call, *words]))
    assert refused <= set(FALLS_BACK), refused - set(FALLS_BACK)


FALLS_BACK = {
    "clone3": "libc takes clone",
    "sched_setaffinity": "torch leaves its threads where they are",
    **dict.fromkeys(
        ("ioctl 0x40045431", "ioctl 0x540e", "ioctl 0x5414", "ioctl 0x5441", "ioctl 0x80045430"),
        "IPython asks for a terminal of its own, and there is none inside",
    ),
}
"""Calls of the record that are refused, and what their callers do then."""


def test_the_record_knows_every_workload() -> None:
    """No library's calls are missing from the record."""
    assert {line[0] for line in RECORD} == set(WORKLOADS)


def test_a_trace_is_read() -> None:
    """Calls, arguments and unfinished calls of strace's output; what the kernel does not know is left out."""
    trace = """12 openat(-100, "/etc/x", 0x80000) = -1 ENOENT
12 ioctl(3, 0x5401, 0x7ff) = -1 ENOTTY
13 fcntl(3, 0x406 <unfinished ...>
13 <... fcntl resumed>, 0) = 4
13 clone(child_stack=NULL, flags=0x1200011) = 14
13 statx2(1) = -1 ENOSYS (Function not implemented)
14 +++ exited with 0 +++"""
    assert recorded_calls(trace) == {"openat", "ioctl 0x5401", "fcntl 0x406", "clone 0x1200011"}


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("what", DANGEROUS)
def test_no_filter_lets_a_dangerous_call_pass(kind: str, what: str) -> None:
    """Whatever the sandbox, with any arguments."""
    program = compile_filter(**FILTERS[kind])
    names = _known(DANGEROUS[what])
    assert names
    for arguments in ((), (1,), (0x10000000,), tuple([0xFFFFFFFF] * 6)):
        assert [name for name in names if allows(program, name, *arguments)] == []


def test_the_lists_hold_nothing_dangerous() -> None:
    """Also by the name that another architecture knows."""
    listed = {name for group in (ALLOWED, ALLOWED_IN_NAMESPACES) for names in group.values() for name in names}
    listed |= {each.call for kind in FILTERS.values() for each in conditions(**kind)} | set(SIGNALS)
    assert listed & {name for names in DANGEROUS.values() for name in names.split()} == set()


REFUSED_ARGUMENTS = {
    "F_SETLEASE": ("fcntl", 3, 1024, 0),
    "F_NOTIFY": ("fcntl", 3, 1026, 0x80000001),
    "F_SETOWN": ("fcntl", 3, 8, 1),
    "F_SETOWN_EX": ("fcntl", 3, 15, 1),
    "F_SETSIG": ("fcntl", 3, 10, 9),
    "F_SETPIPE_SZ": ("fcntl", 3, 1031, 1 << 20),
    "FS_IOC_SETFLAGS": ("ioctl", 3, 0x40086602),
    "FS_IOC_FSSETXATTR": ("ioctl", 3, 0x401C5820),
    "FIOSETOWN": ("ioctl", 3, 0x8901),
    "SIOCSPGRP": ("ioctl", 3, 0x8902),
    "TIOCSTI": ("ioctl", 0, 0x5412),
    "TIOCLINUX": ("ioctl", 0, 0x541C),
    "TIOCSTI with high bits": ("ioctl", 0, 0x100005412),
    "PR_SET_DUMPABLE": ("prctl", 4, 1),
    "PR_SET_SECCOMP": ("prctl", 22, 2),
    "PR_SET_MM": ("prctl", 35, 1),
    "PR_SET_CHILD_SUBREAPER": ("prctl", 36, 1),
    "PR_SET_PTRACER": ("prctl", 0x59616D61, 0xFFFFFFFFFFFFFFFF),
    "CLONE_PARENT": ("clone", 0x8011),
    "CLONE_NEWUSER": ("clone", 0x10000011),
    "CLONE_NEWNS": ("clone", 0x20011),
    "CLONE_NEWCGROUP": ("clone", 0x2000011),
    "AF_INET": ("socket", 2, 1),
    "AF_NETLINK": ("socket", 16, 3),
    "AF_VSOCK": ("socket", 40, 1),
    "AF_ALG": ("socket", 38, 5),
    "a pair of AF_INET": ("socketpair", 2, 1),
    "limits of others": ("prlimit64", 1, 7),
    "a device": ("mknod", 0, 0o020666),
    "a block device": ("mknodat", 0, 0, 0o060666),
    "execveat": ("execveat", 0),
}


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("what", REFUSED_ARGUMENTS)
def test_arguments_decide(kind: str, what: str) -> None:
    """Leases, owners of signals, flags of files, keys put into terminals, new namespaces, foreign sockets ..."""
    assert not allows(compile_filter(**FILTERS[kind]), *REFUSED_ARGUMENTS[what])


def test_landlock_alone_refuses_more() -> None:
    """Sockets, sessions, metadata and datagrams; before its sixth version signals, before its third truncation."""
    program, first = compile_filter(landlocked=7), compile_filter(landlocked=1)
    for call, *arguments in (
        *[
            ("socket", 1, 1),
            ("connect",),
            ("bind",),
            ("setsid",),
            ("setpgid",),
            ("setpriority",),
            ("chmod",),
            ("utimensat",),
        ],
        *[
            ("setxattr",),
            ("fchown",),
            ("socketpair", 1, 2),
            ("mkdir", 0, 0o077),
            ("mkdirat", 0, 0, 0),
            ("umask", 0o400),
        ],
    ):
        assert allows(compile_filter(), call, *arguments)
        assert not allows(program, call, *arguments)
    for call, *arguments in (("kill", 1, 9), ("truncate",), ("openat", 0, 0, 0o1000), ("open", 0, 0o1000)):
        assert allows(program, call, *arguments)
        assert not allows(first, call, *arguments)
    assert allows(first, "openat", 0, 0, 0o1101)


def test_memory_without_file_or_owner_is_refused_where_no_group_counts_it() -> None:
    """Shared and anonymous at once; each alone passes."""
    program = compile_filter(grouped=False)
    assert [allows(program, "mmap", 0, 4096, 3, flags) for flags in (0x21, 0x22, 0x01, 0x02)] == [
        False,
        True,
        True,
        True,
    ]
    assert allows(compile_filter(), "mmap", 0, 4096, 3, 0x21)


def test_newer_calls_are_refused_as_by_an_older_kernel() -> None:
    """Libraries fall back on ENOSYS and give up on EPERM; what is old is not permitted."""
    program = compile_filter()
    assert [verdict(program, name) for name in ("clone3", "io_uring_setup")] == [str(errno.ENOSYS)] * 2
    assert verdict(program, 599) == str(errno.ENOSYS)
    assert [verdict(program, name) for name in ("mount", "ptrace", "setuid")] == [str(errno.EPERM)] * 3


@pytest.mark.parametrize("landlocked", [0, 1, 7])
def test_the_filter_of_another_processor_compiles(landlocked: int) -> None:
    """Names that it lacks are left out; what it has is judged alike."""
    program = compile_filter(landlocked=landlocked, architecture="AARCH64")
    for call, *arguments in (("read",), ("openat", 0, 0, 0o1101), ("fcntl", 3, 1), ("clone", 0x1200011), ("ppoll",)):
        assert allows(program, call, *arguments, architecture="AARCH64")
    for call, *arguments in (("mount",), ("bpf",), ("fcntl", 3, 1024), ("clone", 0x8011), ("ioctl", 3, 0x40086602)):
        assert not allows(program, call, *arguments, architecture="AARCH64")


@pytest.fixture(scope="module")
def sandbox():
    """Bubblewrap with the libraries warm, as courses have them."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=("numpy", "torch", "scipy", "sklearn", "matplotlib.pyplot")) as started:
        yield started


@pytest.mark.parametrize("workload", WORKLOADS)
def test_ordinary_submissions_work_inside(sandbox, tmp_path, workload: str) -> None:
    """Each workload of the record answers behind the filter, in the complete sandbox."""
    folder = tmp_path / "submission"
    folder.mkdir(mode=0o755)
    (folder / "hw.py").write_text((HERE / "workloads.py").read_text())
    (folder / "hw.py").chmod(0o644)
    limits = Limits(wall_seconds=300, cpu_seconds=120, memory_mib=4096, processes=100)
    session = sandbox.open(Request(folder, limits))
    try:
        assert decode(session.exchange(encode(("call", "hw", workload, (), {})))) == ("value", "done")
    finally:
        session.close()


def test_the_recorder_asks_for_a_known_workload() -> None:
    """A name that is none is refused with the list of those that are."""
    ended = subprocess.run(
        [sys.executable, str(HERE / "record.py"), "--workload", "nothing"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "standard_library" in ended.stderr

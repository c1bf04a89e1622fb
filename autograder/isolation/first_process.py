"""The mounts of a sandbox as a copy of prepared ones.

Most of what is mounted inside is the same for every sandbox of a forkserver, and bubblewrap needs several milliseconds
of kernel time for it. So bubblewrap builds that once, around a process that runs nothing of a submission's, and the
mount namespace is kept. The first process of each sandbox joins it, takes a copy, with namespaces of its own for
everything else, and mounts what differs: its scratch space, its own /proc, what was handed in and what is given.

These first processes are children of a `Builder`, which is forked from the forkserver before that has imported anything
but this module: a process with everything imported takes longer to copy than all of this.

Only root can do that. An ordinary user's sandboxes are built by bubblewrap, one by one.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from autograder.checks.wording import reason_of
from autograder.isolation.confine import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUTS,
    Confinement,
    enter,
    fork_into_new,
    join_groups,
    setns,
    unshare,
)
from autograder.isolation.deadlines import ended, read_all
from autograder.isolation.namespaces import GIVEN, HOME, IN_MEMORY, NAME, SHARED_MEMORY, SUBMISSION
from autograder.results import Limits

__all__ = ["PATIENCE_SECONDS", "Builder", "can_copy_mounts", "first_process"]

PATIENCE_SECONDS = 20.0
"""For each step of building and removing a sandbox: nobody here waits without end."""

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442  # the same numbers on every architecture
_CLONE, _RECURSIVE, _EMPTY_PATH, _FROM_EMPTY_PATH = 0x1, 0x8000, 0x1000, 0x4
_READ_ONLY, _NOSUID, _NODEV, _NOEXEC = 0x1, 0x2, 0x4, 0x8  # as flags of mount and as attributes of mount_setattr
_REMOUNT, _BIND, _PRIVATE, _WITH_ALL_BELOW = 0x20, 0x1000, 0x40000, 0x4000
_DETACH = 2
_END_SECONDS = 1.0
_MESSAGE_BYTES = 1 << 16
_HERE = -100  # AT_FDCWD
_MOST_DOORS = 8  # control groups of one process: one, or one for each controller
_PARTS_OF_PROC = ("sys", "sysrq-trigger", "irq", "bus")  # those that bubblewrap makes read-only, too
_PID, _READY = "pid ", "ready"  # how the lines begin that a builder and a first process write
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [*[ctypes.c_char_p] * 3, ctypes.c_ulong, ctypes.c_char_p]


def can_copy_mounts() -> bool:
    """Whether this user and this kernel (Linux 5.12 or later) can."""
    if os.geteuid() != 0:
        return False
    try:
        os.close(_read_only_tree("/usr"))
    except OSError:
        return False
    return True


class Builder:
    """A process of ours that forks the first processes of sandboxes and does nothing else.

    It is forked at once, and waits for `prepare`. It ends when `close` is called, and when the process that made it
    ends; with it, every sandbox does.

    Args:
        patience: seconds for each step.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.settimeout(patience)
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                _keep_only([theirs.fileno()])
                _answer(socket.socket(fileno=0))
            os._exit(0)
        theirs.close()

    def prepare(self, mounts: int, filter: bytes, user: int) -> None:
        """Say what all first processes have in common, before the first one is asked for.

        Args:
            mounts: descriptor of the prepared mount namespace.
            filter: compiled BPF that first processes get; empty for none.
            user: uid and gid of first processes; of no login or sandbox, so that nobody may look into them.

        Raises:
            OSError: the builder is gone.
        """
        common = {"user": user, "filter": filter.hex()}
        socket.send_fds(self._connection, [json.dumps(common).encode()], [mounts])

    def ask(self, folder: Path, given: Path | None, limits: Limits, doors: Sequence[int] = ()) -> tuple[int, int]:
        """Have the first process of a new sandbox forked, and do not wait for it.

        It joins the control groups behind `doors` by itself: the kernel lets whoever moves a process wait for
        milliseconds.

        Returns:
            Two descriptors. From the first one comes, until its end, what `first_process` reads; the other one keeps
            the process until it is closed.

        Raises:
            OSError: the builder is gone.
        """
        assert len(doors) <= _MOST_DOORS, f"{len(doors)} control groups for one process"
        alive, keeping = os.pipe()
        reading, writing = os.pipe()
        request = {"folder": str(folder), "given": str(given or ""), "limits": limits.plain}
        try:
            socket.send_fds(self._connection, [json.dumps(request).encode()], [alive, writing, *doors])
        except OSError:
            os.close(keeping)
            os.close(reading)
            raise
        finally:
            os.close(alive)
            os.close(writing)
        return reading, keeping

    def works(self, folder: Path) -> bool:
        """Build one first process around any folder, and end it; where that fails the builder is closed."""
        try:
            reading, keeping = self.ask(folder, None, Limits())
            try:
                first_process(read_all(reading, self._patience))
            finally:
                os.close(reading)
                os.close(keeping)
        except OSError:
            self.close()
            return False
        return True

    @property
    def gone(self) -> bool:
        """Whether it is not there any more, whatever ended it; it is collected then."""
        try:
            return ended(self.pid, _END_SECONDS) is not None
        except ChildProcessError:
            return True

    def close(self) -> None:
        """End it, and wait for that."""
        self._connection.close()
        with contextlib.suppress(ChildProcessError):
            if ended(self.pid, self._patience) is None:
                os.kill(self.pid, signal.SIGKILL)
                ended(self.pid, self._patience)


def first_process(said: bytes) -> int:
    """The number of a first process that is ready, from all that came through the pipe of `Builder.ask`.

    Raises:
        OSError: it is not; with the reason.
    """
    lines = said.decode(errors="replace").splitlines()
    numbers = [line.removeprefix(_PID) for line in lines if line.startswith(_PID)]
    reasons = [line for line in lines if line != _READY and not line.startswith(_PID)]
    if not numbers and not reasons:
        raise OSError("the process that builds sandboxes died")
    if _READY not in lines:
        raise OSError("\n".join(reasons) or "the first process inside died before it was ready")
    return int(numbers[0])


def _answer(connection: socket.socket) -> None:
    """In the builder: fork a first process for each request, until there are no more; collect those that ended."""
    message, (mounts,), _, _ = socket.recv_fds(connection, _MESSAGE_BYTES, 1)
    common = json.loads(message)
    program, user = bytes.fromhex(common["filter"]), int(common["user"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    signal.signal(signal.SIGCHLD, _collect)
    own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, _MESSAGE_BYTES, 2 + _MOST_DOORS)
        if not message:
            break
        request = json.loads(message)
        folder, given = Path(request["folder"]), Path(request["given"]) if request["given"] else None
        limits = Limits(**request["limits"])
        try:
            child = partial(_be_first, descriptors, mounts, folder, given, limits, program, user)
            pid = fork_into_new(own_pid_namespace, child)
        except OSError as error:
            answer = f"no process could be started: {reason_of(error, named=False)}"
        else:
            answer = f"{_PID}{pid}"
        with contextlib.suppress(OSError):  # nobody waits for it any more
            os.write(descriptors[1], f"{answer}\n".encode())
        for descriptor in descriptors:
            os.close(descriptor)
    deadline = time.monotonic() + _END_SECONDS
    with contextlib.suppress(ChildProcessError):  # they end as well, since nobody keeps them, or with this process
        while time.monotonic() < deadline:
            if not os.wait4(-1, os.WNOHANG)[0]:
                time.sleep(0.005)


def _collect(_signal: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.wait4(-1, os.WNOHANG)[0]:
            pass


def _be_first(
    descriptors: Sequence[int],
    mounts: int,
    folder: Path,
    given: Path | None,
    limits: Limits,
    filter: bytes,
    user: int,
) -> None:
    """In the first process of a new pid namespace: build its sandbox, drop everything, say so, and wait for the end.

    Nothing of a submission ever runs in it. What is orphaned inside vanishes at its end, and nobody has to collect it.
    """
    _keep_only([*descriptors[:2], mounts, *descriptors[2:]])
    doors = range(3, len(descriptors) + 1)
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        join_groups(doors)
        for door in doors:
            os.close(door)
        _furnish(2, folder, given, limits)
        enter(Confinement(limits, user, filter=filter, die_with_parent=True))
    except BaseException as error:  # noqa: BLE001  (whatever it is, the grader must read of it)
        os.write(1, f"{type(error).__name__}: {error}\n".encode()[:1000])
        os._exit(71)
    os.write(1, f"{_READY}\n".encode())
    os.close(1)
    while os.read(0, 1):
        pass


def _keep_only(descriptors: Sequence[int]) -> None:
    """These become 0, 1 and so on, and nothing else stays open."""
    above = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64) for descriptor in descriptors]
    for target, source in enumerate(above):
        os.dup2(source, target, inheritable=False)
    os.closerange(len(above), resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _furnish(mounts: int, folder: Path, given: Path | None, limits: Limits) -> None:
    """Build a sandbox around this process, the first one of a new pid namespace.

    Args:
        mounts: descriptor of the prepared mount namespace; is closed.
        folder: the submission; appears as `SUBMISSION`.
        given: what is handed out; appears as `GIVEN`.
        limits: `scratch_mib` is the size of /tmp.

    Raises:
        OSError: the kernel refused a step.
    """
    trees = {SUBMISSION: _read_only_tree(str(folder))}
    if given:
        trees[GIVEN] = _read_only_tree(str(given))
    setns(mounts, CLONE_NEWNS)
    os.close(mounts)
    unshare(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS)
    _mount(None, "/", None, _PRIVATE | _WITH_ALL_BELOW)
    for path in (*IN_MEMORY, "/proc"):
        _check(_libc.umount2(os.fsencode(path), _DETACH), f"unmounting {path}")
    for path, size in zip(IN_MEMORY, (limits.scratch_mib << 20, SHARED_MEMORY), strict=True):
        _mount("tmpfs", path, "tmpfs", _NOSUID | _NODEV, f"mode=1777,size={size}")
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    for part in _PARTS_OF_PROC:
        if os.path.exists(path := f"/proc/{part}"):
            _mount(path, path, None, _BIND | _WITH_ALL_BELOW)
            _mount(None, path, None, _BIND | _REMOUNT | _READ_ONLY | _NOSUID | _NODEV | _NOEXEC)
    for path, tree in trees.items():
        _call(_MOVE_MOUNT, tree, b"", _HERE, os.fsencode(path), _FROM_EMPTY_PATH, what=f"mounting {path}")
        os.close(tree)
    os.mkdir(HOME)
    os.chmod(HOME, 0o777)  # noqa: S103  (of the only user inside)
    socket.sethostname(NAME)
    _loopback_up()


def _read_only_tree(path: str) -> int:
    """A copy of what is mounted at and below a path, not mounted anywhere yet, where nothing can be written.

    What is mounted or unmounted below the path later is not in the copy.
    """
    tree = _call(_OPEN_TREE, _HERE, os.fsencode(path), _CLONE | _RECURSIVE | os.O_CLOEXEC, what=f"copying {path}")
    try:
        attributes = struct.pack("=QQQQ", _READ_ONLY | _NOSUID | _NODEV, 0, _PRIVATE, 0)
        size = ctypes.c_size_t(len(attributes))
        _call(_MOUNT_SETATTR, tree, b"", _EMPTY_PATH | _RECURSIVE, attributes, size, what=f"closing {path}")
    except OSError:
        os.close(tree)
        raise
    return tree


def _loopback_up() -> None:
    """As bubblewrap does: there is a network of one machine, this one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, name), 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    _check(_libc.mount(*texts, flags, options.encode() or None), f"mounting {target}")


def _call(number: int, *arguments: object, what: str) -> int:
    return _check(int(_libc.syscall(number, *arguments)), what)


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
    return result

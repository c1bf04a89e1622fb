"""The namespaces of a sandbox, built around their first process: by bubblewrap, or as a copy of prepared ones."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from autograder.isolation import cgroups
from autograder.isolation.deadlines import read_all, read_some
from autograder.isolation.first_process import PATIENCE_SECONDS, Builder, can_copy_mounts, first_process
from autograder.isolation.namespaces import FIRST, bubblewrap_arguments, lies_apart
from autograder.results import Limits
from autograder.sandbox.dismantling import Dismantling
from autograder.sandbox.jail import Jail
from autograder.sandbox.steps import Steps, all_from

__all__ = ["FirstProcesses"]

_DEAF = ("env", "--ignore-signal=CHLD")  # whose children vanish at their end: nobody has to collect orphans inside


class FirstProcesses:
    """Builds namespaces, each set around a process in which nothing of a submission ever runs.

    Args:
        folder: of the forkserver.
        filter: the system calls that are allowed, compiled; nothing for all.
        devices: graphics processors that are shown inside.
        covers: by path, what is shown in place of data sets in packages.
        user: whom the first process belongs to, where this process may say that.
        dismantling: takes note of processes.
        builder: forked while this process was small; None to fork it here, where it is needed.
    """

    def __init__(
        self,
        folder: Path,
        filter: bytes,
        devices: tuple[str, ...],
        covers: Mapping[str, str],
        user: int,
        dismantling: Dismantling,
        builder: Builder | None,
    ) -> None:
        self.folder, self.filter, self.devices, self.covers, self.user = folder, filter, devices, covers, user
        self.dismantling = dismantling
        self.first = _first_program(folder)
        self.deaf = _DEAF if _works(*_DEAF, "true") else ()
        self.builder = self._prepared(builder)

    def close(self) -> None:
        """End what copies namespaces."""
        if self.builder:
            self.builder.close()

    def _prepared(self, builder: Builder | None) -> Builder | None:
        """What copies mounts that bubblewrap made once; None where it makes them for each sandbox."""
        if not lies_apart() or not can_copy_mounts():
            if builder:
                builder.close()
            return None
        builder = builder or Builder()
        self.dismantling.expected.add(builder.pid)
        ends = socket.socketpair()
        jail = Jail(ends[0], Limits(), 0, True, time.monotonic())
        try:
            self.dismantling.finish(self.run_bubblewrap(jail, None, None))
            mounts = os.open(f"/proc/{jail.init}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            self.dismantling.finish(self.dismantling.dismantle(jail))
            for end in ends:
                end.close()
        try:
            builder.prepare(mounts, self.filter, self.user)
        finally:
            os.close(mounts)
        return builder if builder.works(self.folder) else None

    def build(self, jail: Jail, folder: Path, given: Path | None) -> Steps:
        """Build the namespaces around their first process.

        A submission sees that process, and as an ordinary user it has the same user; so it is in the same control
        group, behind the same filter, without capabilities, and its memory is closed.
        """
        copied = yield from self.copy_mounts(jail, folder, given)
        if not copied:
            yield from self.run_bubblewrap(jail, folder, given)
            if jail.group:
                jail.group.add(jail.init)

    def copy_mounts(self, jail: Jail, folder: Path, given: Path | None) -> Generator[int, None, bool]:
        """Have the builder fork the first process; False where there is no builder, or none any more."""
        if self.builder is None:
            return False
        try:
            with _opened(jail.group) as doors:
                reading, jail.keeping = self.builder.ask(folder, given, jail.limits, doors)
            try:
                jail.init = first_process((yield from all_from(reading)))
            finally:
                os.close(reading)
            jail.init_pidfd = os.pidfd_open(jail.init)
        except OSError:
            if self.builder and not self.builder.gone:
                raise
            if self.builder:
                self.builder.close()
            self.builder = None
            if jail.keeping >= 0:
                os.close(jail.keeping)
                jail.keeping = -1
            return False
        return True

    def run_bubblewrap(self, jail: Jail, folder: Path | None, given: Path | None) -> Steps:
        """Let bubblewrap build the namespaces around their first process, which ends when we close its standard input.

        Its memory is closed by `_first_program`.
        """
        arguments = bubblewrap_arguments(
            folder,
            given,
            jail.limits,
            self.devices,
            user_namespace=os.geteuid() != 0,
            first=self.first,
            covers=self.covers,
        )
        info_read, info_write = os.pipe()
        args = _in_memory("arguments", b"\0".join(os.fsencode(argument) for argument in arguments))
        program = _in_memory("filter", self.filter)
        filtered = ["--seccomp", str(program)] if self.filter else []
        try:
            jail.holder = subprocess.Popen(
                ["bwrap", "--args", str(args), "--info-fd", str(info_write), *filtered, *self.deaf, FIRST],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(args, program, info_write),
                env={"PATH": "/usr/bin:/bin"},
            )
            self.dismantling.expected.add(jail.holder.pid)
            os.close(info_write)
            info_write = -1
            jail.init = yield from self.await_first(jail, info_read)
        finally:
            for descriptor in (info_read, info_write, args, program):
                if descriptor >= 0:
                    os.close(descriptor)
        self.dismantling.expected.add(jail.init)
        if _can_be_looked_into(jail.init):
            raise OSError("the first process inside could be changed by others (is fs.suid_dumpable 1?)")

    def await_first(self, jail: Jail, info: int) -> Generator[int, None, int]:
        """The number of the first process inside, once its own program runs and answers."""
        assert jail.holder and jail.holder.stdin and jail.holder.stdout and jail.holder.stderr
        with contextlib.suppress(BrokenPipeError):
            jail.holder.stdin.write(b".")
            jail.holder.stdin.flush()
        yield jail.holder.stdout.fileno()
        if os.read(jail.holder.stdout.fileno(), 1) != b".":
            said = read_some(jail.holder.stderr.fileno(), PATIENCE_SECONDS, 2000)
            raise OSError(said.decode(errors="replace").strip() or "bwrap failed")
        return int(json.loads(read_all(info, PATIENCE_SECONDS))["child-pid"])


@contextlib.contextmanager
def _opened(group: cgroups.Group | None) -> Generator[list[int]]:
    """The doors of a control group while they are needed; none of no group."""
    doors = group.doors() if group else []
    try:
        yield doors
    finally:
        for door in doors:
            os.close(door)


def _first_program(folder: Path) -> Path:
    """A copy of `cat` that may be run but not read: the kernel closes the memory of a process that runs such a file."""
    found = shutil.which("cat", path="/usr/bin:/bin")
    if found is None:
        raise OSError("the program cat is missing")
    copy = folder / "cat"
    shutil.copyfile(found, copy)
    copy.chmod(0o111)
    return copy


def _can_be_looked_into(pid: int) -> bool:
    """Whether a process of our own user has open memory; of root's, a sandbox's user is another one anyway."""
    if os.geteuid() == 0:
        return False
    try:
        os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR))
    except OSError:
        return False
    return True


def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_SECONDS).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _in_memory(name: str, data: bytes) -> int:
    descriptor = os.memfd_create(name)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor

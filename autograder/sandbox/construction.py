"""How a forkserver builds a sandbox around a new worker.

A sandbox has, as far as this machine allows: a control group, namespaces around a first process (`first_processes`),
and the worker itself, which is a child of the forkserver. Whatever was built is removed by `dismantling`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.isolation import cgroups, landlock, seccomp
from autograder.isolation.cleanup import sweep
from autograder.isolation.confine import Confinement, fork_inside, join_groups
from autograder.isolation.first_process import PATIENCE_SECONDS, Builder
from autograder.isolation.namespaces import (
    GIVEN,
    HOME,
    IN_MEMORY,
    SUBMISSION,
    gpu_devices,
    reachable_by_all,
    readable_inside,
    readable_paths,
    shown,
    writable_inside,
    writable_paths,
)
from autograder.isolation.packaged_data import holds_no_package, make_covers
from autograder.isolation.processes import resident_mib
from autograder.sandbox.dismantling import Dismantling
from autograder.sandbox.first_processes import FirstProcesses
from autograder.sandbox.jail import Jail
from autograder.sandbox.steps import Steps, all_from
from autograder.sandbox.worker_process import HIDING, become_worker

__all__ = ["Construction", "Settings"]

_FIRST_USER = 1_900_000_000  # above what any login or service uses; 64 for each forkserver
_FIRST_LANDLOCK_WITH_MOVES = 2  # before that, no file can be moved from one folder to another


@dataclass(frozen=True, slots=True)
class Settings:
    """What the forkserver is given at its start. `mounts` and `landlock` are `autograder.sandbox.base.Isolation`.

    Of `foreseen`, modules that submissions are going to import, those that cannot be imported are left out.
    """

    socket: str
    preload: tuple[str, ...]
    mounts: bool = False
    landlock: bool = False
    gpus: bool = False
    packaged_data: bool = False
    foreseen: tuple[str, ...] = ()


class Construction:
    """What all sandboxes of a forkserver have in common.

    Args:
        settings: of the forkserver.
        builder: forked while this process was small; None to fork it here, where it is needed.
        hidden: what `packaged_data` found.
    """

    def __init__(self, settings: Settings, builder: Builder | None = None, hidden: tuple[str, ...] = ()) -> None:
        self.settings = settings
        self.isolated, self.landlocked = settings.mounts, settings.landlock
        self.own_user = os.geteuid() == 0 and (self.isolated or (self.landlocked and reachable_by_all()))
        self.groups = cgroups.find()
        version = landlock.abi()
        self.filter = _filter_or_nothing(
            landlocked=version if self.landlocked else 0, grouped=self.groups is not None, gpus=settings.gpus
        )
        self.doubly = self.isolated and version >= _FIRST_LANDLOCK_WITH_MOVES
        self.devices = gpu_devices() if settings.gpus else ()
        self.covers, self.hiding = self.hide_packaged_data(() if settings.packaged_data else hidden)
        self.own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if self.isolated else -1
        self.readable = readable_inside()
        self.dismantling = Dismantling(isolated=self.isolated, grouped=self.landlocked and bool(self.filter))
        self.first_processes = self.namespaces(builder)

    def namespaces(self, builder: Builder | None) -> FirstProcesses | None:
        """What builds namespaces; None where sandboxes have none."""
        if not self.isolated:
            if builder:
                builder.close()
            return None
        return FirstProcesses(
            Path(self.settings.socket).parent,
            self.filter,
            self.devices,
            self.covers,
            _FIRST_USER - 1,
            self.dismantling,
            builder,
        )

    @property
    def enforced(self) -> list[str]:
        """What every sandbox of this server has around it, for the report."""
        held = ["cpu time", "wall time", "output", "answers", "open files", "file size", "scratch space"]
        if self.isolated:
            held += [
                "files",
                "network",
                "processes of others",
                "no capabilities",
                "no new privileges",
            ]
        if self.landlocked:
            held += ["files", "network", "no capabilities", "no new privileges"]
        if self.doubly:
            held.append("files and memory of others (Landlock)")
        if self.filter:
            held.append("system calls")
        if self.groups or self.own_user or os.geteuid() != 0:
            held.append("number of processes")
        held.append("memory (control group)" if self.groups else "memory (per process)")
        return sorted(held)

    def hide_packaged_data(self, found: tuple[str, ...]) -> tuple[dict[str, str], int]:
        """What is shown in place of data sets in packages, where mounts do it; else what Landlock needs for it."""
        if self.landlocked and found:
            return {}, landlock.all_but(found)
        if not self.isolated or not found:
            return {}, -1
        folder, file = make_covers(str(Path(self.settings.socket).parent))
        kept_empty = self.own_user or self.doubly  # otherwise its owner could write into an empty folder
        return {
            path: "" if kept_empty and holds_no_package(path) else folder if os.path.isdir(path) else file
            for path in found
            if shown(path)
        }, -1

    def close(self) -> None:
        """Remove what all sandboxes had in common."""
        if self.groups:
            self.groups.close()
        if self.first_processes:
            self.first_processes.close()
        sweep(Path(self.settings.socket).parent)

    # --- building one ---

    def build(self, jail: Jail, request: dict[str, Any], pipes: list[int]) -> Steps:
        """Build a sandbox and start its worker, until that says that it is ready.

        Args:
            jail: takes note of what was built, for `dismantling`.
            request: the grader's message (`autograder.sandbox.session.ServerSession`).
            pipes: the worker's ends: requests, answers, output; stay open here.

        Raises:
            OSError, subprocess.SubprocessError, ValueError: a step failed; `dismantling` removes what is there.
        """
        folder, given = Path(request["folder"]), Path(request["given"]) if request["given"] else None
        if self.groups:
            jail.group = self.groups.new(str(jail.slot), jail.limits, helpers=int(self.isolated))
        jail.base_mib = resident_mib(os.getpid())
        if self.first_processes:
            inside, submission, handed_out = HOME, SUBMISSION, GIVEN if given else ""
            yield from self.first_processes.build(jail, folder, given)
        else:
            inside, submission, handed_out = self.lay_out(jail, folder, given)
        reading, writing = os.pipe()
        doors = tuple(jail.group.doors()) if jail.group else ()
        user = _FIRST_USER + (os.getpid() % (1 << 22)) * 64 + jail.slot % 64 if self.own_user else None
        if user is not None and jail.home:
            os.chown(inside, user, user)
        confinement = Confinement(
            jail.limits,
            user,
            doors,
            self.filter,
            inside,
            die_with_parent=not self.isolated,
            file_systems=IN_MEMORY if self.isolated else (),
            landlocked=self.landlocked or self.doubly,
            readable=readable_paths(submission, handed_out) if self.landlocked else self.readable,
            writable=(*writable_paths(inside), *self.devices) if self.landlocked else writable_inside(self.devices),
            runnable=self.isolated,
            hiding=HIDING if self.hiding >= 0 else -1,
        )

        def child() -> None:
            if request["cpus"]:
                os.sched_setaffinity(0, request["cpus"])
            kept = [*pipes, writing, *([self.hiding] if self.hiding >= 0 else [])]
            become_worker(confinement, kept, (submission, handed_out), inside, int(request["seed"]))

        try:
            jail.pid = self.fork(jail, doors, child)
            self.dismantling.expected.add(jail.pid)
            jail.pidfd = os.pidfd_open(jail.pid)
            os.close(writing)
            writing = -1
            said = yield from all_from(reading)
        finally:
            for descriptor in (reading, writing, *doors):
                if descriptor >= 0:
                    os.close(descriptor)
        if said != b"ready":
            raise OSError(said.decode(errors="replace") or "the worker died before it was ready")

    def lay_out(self, jail: Jail, folder: Path, given: Path | None) -> tuple[str, str, str]:
        """Without a mount namespace: a folder of its own for each sandbox, with a copy of the submission beside it.

        Returns:
            The working folder, still empty, and the copies of what was handed in and of what is given.

        The folders above let everybody through but show nobody their names.
        """
        runtime = Path(self.settings.socket).parent
        runtime.chmod(0o711)
        jail.home = tempfile.mkdtemp(prefix="home-", dir=runtime)
        home, submission = Path(jail.home), Path(jail.home, "submission")
        home.chmod(0o711)
        shutil.copytree(folder, submission)
        scratch = home / "scratch"
        jail.scratch = str(scratch)
        scratch.mkdir(mode=0o700)
        handed_out = home / "given"
        if given:
            shutil.copytree(given, handed_out)
        return str(scratch), str(submission), str(handed_out)

    def fork(self, jail: Jail, doors: tuple[int, ...], child: Callable[[], None]) -> int:
        """Fork the worker, into its control groups and into the namespaces that were built for it."""

        def join_and_run() -> None:
            join_groups(doors)
            child()

        if not self.isolated:
            pid = os.fork()
            if pid == 0:
                try:
                    join_and_run()
                finally:
                    os._exit(70)
            return pid
        holder = os.dup(jail.init_pidfd) if jail.init_pidfd >= 0 else os.pidfd_open(jail.init)
        try:
            return fork_inside(holder, self.own_pid_namespace, join_and_run, PATIENCE_SECONDS)
        finally:
            os.close(holder)


def _filter_or_nothing(*, landlocked: int, grouped: bool, gpus: bool) -> bytes:
    try:
        return seccomp.compile_filter(landlocked=landlocked, grouped=grouped, gpus=gpus)
    except (ImportError, OSError, RuntimeError):
        if landlocked:
            raise OSError("Landlock alone leaves sockets open, and libseccomp is missing") from None
        return b""

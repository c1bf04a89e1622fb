"""The warm, trusted process whose children walk into sandboxes.

It is started once (`autograder.early_start`, settings on standard input), imports what the assignment preloads, and
listens on a socket in a folder that only its owner may enter. A connection is one sandbox: the first message asks for
it and brings the three pipe ends of the worker; a message says when it is ready; the last tells the `Outcome`. When the
grader hangs up, or dies, everything inside is killed. Nothing of an assignment ever enters this process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.checks.wording import reason_of
from autograder.isolation import cgroups, landlock, seccomp
from autograder.isolation.cleanup import sweep
from autograder.isolation.confine import Walls, become_subreaper, enter, fork_inside, join_groups
from autograder.isolation.deadlines import ended, is_readable, read_all, read_some
from autograder.isolation.first_process import PATIENCE_SECONDS, Builder, can_copy_mounts
from autograder.isolation.namespaces import (
    FIRST,
    GIVEN,
    HOME,
    IN_MEMORY,
    SUBMISSION,
    bubblewrap_arguments,
    gpu_devices,
    lies_apart,
    reachable_by_all,
    readable_inside,
    readable_paths,
    shown,
    writable_inside,
    writable_paths,
)
from autograder.isolation.packaged_data import holds_no_package, make_covers, packaged_data
from autograder.isolation.processes import (
    children,
    contents,
    cpu_seconds,
    descendants,
    resident_mib,
    threads,
    unlinked_bytes,
)
from autograder.optional_packages import missing
from autograder.results import Limits
from autograder.sandbox.base import Outcome
from autograder.worker import serve, warm_random_numbers

__all__ = ["Settings", "main"]

MESSAGE_BYTES = 1 << 16

_WATCH_SECONDS = 0.1
_FIRST_USER = 1_900_000_000  # above what any login or service uses; 64 for each forkserver
_REAPING_SECONDS = 1.0
_FIRST_LANDLOCK_WITH_MOVES = 2  # before that, no file can be moved from one folder to another
_DEAF = ("env", "--ignore-signal=CHLD")  # whose children vanish at their end: nobody has to collect orphans inside


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


@dataclass(slots=True)
class Jail:
    """One live sandbox: the connection that asked for it, its processes, and what was noticed so far.

    `holder` is bubblewrap, outside, where it built this sandbox; `init` the first process inside, which ends when
    `keeping` is closed.
    """

    connection: socket.socket
    limits: Limits
    slot: int
    began: float
    holder: subprocess.Popen[bytes] | None = None
    init: int = 0
    keeping: int = -1
    init_pidfd: int = -1
    pid: int = 0
    pidfd: int = -1
    group: cgroups.Group | None = None
    home: str = ""
    scratch: str = ""
    limit: str = ""
    ended: bool = False
    buried: bool = False
    base_mib: float = 0.0
    peak_mib: float = field(default=0.0)


def main(builder: Builder | None = None) -> None:
    """Read the settings, warm up, say ``ready`` on standard output, and serve until standard input ends.

    The program's arguments are modules to import before the settings come. `builder` was forked before this module was
    imported, so that it is small; without one, it is forked here.
    """
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):  # said when the settings ask for it
            importlib.import_module(name)
    asked = sys.stdin.readline()
    if not asked:  # it was started early, and nobody needed it
        return
    settings = Settings(**json.loads(asked))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    become_subreaper()
    server = None
    try:
        server = _Forkserver(settings, builder)
        for name in settings.preload:
            importlib.import_module(name)
        preloaded = [name for name in settings.foreseen if _can_import(name)]
        warm_random_numbers()
    except (ImportError, OSError) as error:
        _tell({"fault": missing(error, "the sandbox") or f"{type(error).__name__}: {reason_of(error, named=False)}"})
        if server:
            server.close()
        return
    gc.freeze()  # a collection in a child would copy every page that it looks at; one here would find little
    gc.enable()  # it was off (`autograder.early_start`): imports make little garbage, and make it be looked for often
    try:
        _tell({"enforced": server.enforced, "preloaded": preloaded})
        server.serve()
    finally:
        server.close()


class _Forkserver:
    def __init__(self, settings: Settings, builder: Builder | None = None) -> None:
        self.settings = settings
        self.isolated, self.landlocked = settings.mounts, settings.landlock
        self.own_user = os.geteuid() == 0 and (self.isolated or (self.landlocked and reachable_by_all()))
        self.groups = cgroups.find()
        version = landlock.abi()
        self.filter = _filter_or_nothing(
            landlocked=version if self.landlocked else 0, grouped=self.groups is not None, gpus=settings.gpus
        )
        self.doubly = self.isolated and version >= _FIRST_LANDLOCK_WITH_MOVES
        self.first = _first_program(Path(settings.socket).parent) if self.isolated else None
        self.deaf = _DEAF if self.isolated and _works(*_DEAF, "true") else ()
        self.devices = gpu_devices() if settings.gpus else ()
        self.covers, self.hiding = self.hide_packaged_data()
        self.own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if self.isolated else -1
        self.readable = readable_inside()
        self.jails: dict[int, Jail] = {}
        self.expected: set[int] = set()  # children that somebody here waits for; all others are strays
        self.builder = self.prepared(builder)
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(settings.socket)
        os.chmod(settings.socket, 0o600)
        self.listener.listen(64)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.running = True
        self.selector.register(sys.stdin, selectors.EVENT_READ, self.stop)

    def prepared(self, builder: Builder | None) -> Builder | None:
        """What copies mounts that bubblewrap made once; None where it makes them for each sandbox."""
        if not self.isolated or not lies_apart() or not can_copy_mounts():
            if builder:
                builder.close()
            return None
        builder = builder or Builder()
        self.expected.add(builder.pid)
        ends = socket.socketpair()
        jail = Jail(ends[0], Limits(), 0, time.monotonic())
        try:
            self.build_walls(jail, None, None)
            mounts = os.open(f"/proc/{jail.init}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            self.dismantle(jail)
            for end in ends:
                end.close()
        try:
            builder.prepare(mounts, self.filter, _FIRST_USER - 1)
        finally:
            os.close(mounts)
        return builder if builder.works(Path(self.settings.socket).parent) else None

    @property
    def enforced(self) -> list[str]:
        """What every sandbox of this server has around it, for the report."""
        walls = ["cpu time", "wall time", "output", "answers", "open files", "file size", "scratch space"]
        if self.isolated:
            walls += [
                "files",
                "network",
                "processes of others",
                "no capabilities",
                "no new privileges",
            ]
        if self.landlocked:
            walls += ["files", "network", "no capabilities", "no new privileges"]
        if self.doubly:
            walls.append("files and memory of others (Landlock)")
        if self.filter:
            walls.append("system calls")
        if self.groups or self.own_user or os.geteuid() != 0:
            walls.append("number of processes")
        walls.append("memory (control group)" if self.groups else "memory (per process)")
        return sorted(walls)

    def hide_packaged_data(self) -> tuple[dict[str, str], int]:
        """What is shown in place of data sets in packages, where mounts do it; else what Landlock needs for it."""
        found = () if self.settings.packaged_data else packaged_data()
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

    def serve(self) -> None:
        watched = time.monotonic()
        while self.running:
            for key, _ in self.selector.select(_WATCH_SECONDS if self.jails else None):
                key.data()
            if self.jails and time.monotonic() - watched >= _WATCH_SECONDS:
                watched = time.monotonic()
                for jail in list(self.jails.values()):
                    self.watch(jail)
                self.reap()

    def stop(self) -> None:
        self.running = False

    def close(self) -> None:
        for jail in list(self.jails.values()):
            self.end(jail)
        self.listener.close()
        if self.groups:
            self.groups.close()
        if self.builder:
            self.builder.close()
        sweep(Path(self.settings.socket).parent)

    # --- one sandbox, from the request to the outcome ---

    def accept(self) -> None:
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.ask(connection))

    def ask(self, connection: socket.socket) -> None:
        """The first message of a connection: a sandbox is wanted, or whether we still answer."""
        self.selector.unregister(connection)
        pipes: list[int] = []
        message = b""
        with contextlib.suppress(OSError):
            message, pipes, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 3)
        if not message or len(pipes) != 3:
            for pipe in pipes:
                os.close(pipe)
            if message:
                _say(connection, {"alive": True})
            connection.close()
            return
        self.begin(connection, json.loads(message), pipes)

    def begin(self, connection: socket.socket, request: dict[str, Any], pipes: list[int]) -> None:
        limits = Limits(**request["limits"])
        slot = next(number for number in range(1 << 16) if all(jail.slot != number for jail in self.jails.values()))
        jail = Jail(connection, limits, slot, time.monotonic())
        try:
            self.build(jail, request, pipes)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            self.dismantle(jail)
            self.reap()
            _say(connection, {"fault": f"the sandbox could not be built: {reason_of(error, named=False)}"})
            connection.close()
            return
        finally:
            for pipe in pipes:
                os.close(pipe)
        self.jails[jail.pid] = jail
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.hear(jail))
        self.selector.register(jail.pidfd, selectors.EVENT_READ, lambda: self.bury(jail))
        _say(connection, {"ready": True, "pid": jail.pid})

    def build(self, jail: Jail, request: dict[str, Any], pipes: list[int]) -> None:
        folder, given = Path(request["folder"]), Path(request["given"]) if request["given"] else None
        if self.groups:
            jail.group = self.groups.new(str(jail.slot), jail.limits, helpers=int(self.isolated))
        jail.base_mib = resident_mib(os.getpid())
        if self.isolated:
            inside, submission, handed_out = HOME, SUBMISSION, GIVEN if given else ""
            self.raise_walls(jail, folder, given)
        else:
            inside, submission, handed_out = self.lay_out(jail, folder, given)
        reading, writing = os.pipe()
        doors = tuple(jail.group.doors()) if jail.group else ()
        user = _FIRST_USER + (os.getpid() % (1 << 22)) * 64 + jail.slot % 64 if self.own_user else None
        if user is not None and jail.home:
            os.chown(inside, user, user)
        walls = Walls(
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
            hiding=_HIDING if self.hiding >= 0 else -1,
        )

        def child() -> None:
            if request["cpus"]:
                os.sched_setaffinity(0, request["cpus"])
            kept = [*pipes, writing, *([self.hiding] if self.hiding >= 0 else [])]
            _become_worker(walls, kept, (submission, handed_out), inside, int(request["seed"]))

        try:
            jail.pid = self.fork(jail, doors, child)
            self.expected.add(jail.pid)
            jail.pidfd = os.pidfd_open(jail.pid)
            os.close(writing)
            writing = -1
            said = read_all(reading, PATIENCE_SECONDS)
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

    def raise_walls(self, jail: Jail, folder: Path, given: Path | None) -> None:
        """Build the namespaces around their first process.

        A submission sees that process, and as an ordinary user it has the same user; so it is in the same control
        group then, behind the same filter, without capabilities, and its memory is closed.
        """
        if self.copy_walls(jail, folder, given):
            return  # its user is another one, and what it does takes nothing
        self.build_walls(jail, folder, given)
        if jail.group:
            jail.group.add(jail.init)

    def copy_walls(self, jail: Jail, folder: Path, given: Path | None) -> bool:
        """Have the builder fork the first process; False where there is no builder, or none any more."""
        if self.builder is None:
            return False
        try:
            jail.init, jail.keeping = self.builder.first(folder, given, jail.limits)
            jail.init_pidfd = os.pidfd_open(jail.init)
        except OSError:
            if not self.builder.gone:
                raise
            self.builder.close()
            self.builder = None
            return False
        return True

    def build_walls(self, jail: Jail, folder: Path | None, given: Path | None) -> None:
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
            self.expected.add(jail.holder.pid)
            os.close(info_write)
            info_write = -1
            jail.init = self.await_first(jail, info_read)
        finally:
            for descriptor in (info_read, info_write, args, program):
                if descriptor >= 0:
                    os.close(descriptor)
        self.expected.add(jail.init)
        if _can_be_looked_into(jail.init):
            raise OSError("the first process inside could be changed by others (is fs.suid_dumpable 1?)")

    def await_first(self, jail: Jail, info: int) -> int:
        """The number of the first process inside, once its own program runs and answers."""
        assert jail.holder and jail.holder.stdin and jail.holder.stdout and jail.holder.stderr
        with contextlib.suppress(BrokenPipeError):
            jail.holder.stdin.write(b".")
            jail.holder.stdin.flush()
        if read_some(jail.holder.stdout.fileno(), PATIENCE_SECONDS, 1) != b".":
            said = read_some(jail.holder.stderr.fileno(), PATIENCE_SECONDS, 2000)
            raise OSError(said.decode(errors="replace").strip() or "bwrap failed")
        return int(json.loads(read_all(info, PATIENCE_SECONDS))["child-pid"])

    # --- while it lives ---

    def hear(self, jail: Jail) -> None:
        """The grader says that a limit was reached, or that it is done (also by hanging up)."""
        try:
            message = jail.connection.recv(MESSAGE_BYTES)
        except OSError:
            message = b""
        if message:
            jail.limit = jail.limit or str(json.loads(message).get("end", ""))
        jail.ended = True
        self.end(jail)

    def watch(self, jail: Jail) -> None:
        """Limits that no single process's own limit can hold."""
        over = self.over(jail)
        if over:
            jail.limit = jail.limit or over
            self.end(jail)

    def over(self, jail: Jail) -> str:
        """The limit that everything inside together is over, or "" ."""
        limits = jail.limits
        pids = [] if jail.group and not jail.home else self.inside(jail)
        if jail.home:
            files, size = contents(jail.scratch, limits.scratch_files, limits.scratch_mib << 20)
            size += sum(map(unlinked_bytes, pids))
            if files > limits.scratch_files or size > limits.scratch_mib << 20:
                return "scratch"
        if jail.group:
            if jail.group.cpu_seconds() > limits.cpu:
                return "cpu"
            return "memory" if jail.group.oom_kills() else ""
        # every fork of a worker shows the warm imports again; none of them pays for those
        memory = sum(max(0.0, resident_mib(pid) - jail.base_mib) for pid in pids)
        jail.peak_mib = max(jail.peak_mib, memory)
        if sum(map(cpu_seconds, pids)) > limits.cpu:
            return "cpu"
        if sum(map(threads, pids)) > limits.processes + bool(jail.init):
            return "processes"
        return "memory" if memory > limits.memory_mib else ""

    def inside(self, jail: Jail) -> list[int]:
        """Every process of a sandbox; without a process namespace, orphans of its group are ours."""
        if jail.init:
            return descendants(jail.pid) + descendants(jail.init)
        orphans = [pid for pid in children(os.getpid()) if pid not in self.jails and _group_of(pid) == jail.pid]
        return [each for pid in (jail.pid, *orphans) for each in descendants(pid)]

    # --- its end ---

    def end(self, jail: Jail) -> None:
        """Kill everything inside, then bury it."""
        if self.jails.get(jail.pid) is jail:
            self.kill(jail)
            self.bury(jail)

    def kill(self, jail: Jail) -> None:
        self.kill_first(jail)
        if jail.pid:
            if not self.isolated:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(jail.pid, signal.SIGKILL)
            _kill(jail.pid)

    def kill_first(self, jail: Jail) -> None:
        """End the first process inside; the builder collects its own, whose number may be another's by now."""
        if jail.init_pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(jail.init_pidfd, signal.SIGKILL)
        elif jail.init and jail.holder:
            _kill(jail.init)

    def bury(self, jail: Jail) -> None:
        """Collect the worker's end, remove every trace, and send the outcome."""
        if self.jails.pop(jail.pid, None) is None:
            return  # its end and the grader's goodbye were noticed in the same moment
        self.selector.unregister(jail.connection)
        self.selector.unregister(jail.pidfd)
        found = ended(jail.pid, PATIENCE_SECONDS)
        self.expected.discard(jail.pid)  # if it is still there, it is a stray from now on
        jail.buried = True
        self.kill(jail)
        if found is None:
            self.part_with(jail, Outcome(fault=f"the worker could not be ended within {PATIENCE_SECONDS:.0f} s"))
            return
        status, usage = found
        cpu, peak = usage.ru_utime + usage.ru_stime, max(jail.peak_mib, usage.ru_maxrss / 1024 - jail.base_mib)
        limit = jail.limit
        if jail.group:
            if not self.isolated:
                jail.group.kill()
            cpu, peak = max(cpu, jail.group.cpu_seconds()), jail.group.peak_mib()
            limit = limit or ("memory" if jail.group.oom_kills() else "")
        code = os.waitstatus_to_exitcode(status)
        if not limit and (code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu >= jail.limits.cpu)):
            limit = "cpu"
        if jail.ended and code == -signal.SIGKILL and not limit:
            code = 0  # our own kill: the grader had no more questions
        wall = time.monotonic() - jail.began
        self.part_with(jail, Outcome(max(code, 0), max(-code, 0), limit, "", wall, cpu, max(peak, 0.0)))

    def part_with(self, jail: Jail, outcome: Outcome) -> None:
        """Remove every trace, and tell the outcome."""
        self.dismantle(jail)
        self.reap()
        _say(jail.connection, {"outcome": asdict(outcome)})
        # closed only after the grader: what it may be saying now would reset the connection under our last message
        self.selector.register(jail.connection, selectors.EVENT_READ, lambda: self.part(jail.connection))

    def reap(self) -> None:
        """Collect children that nobody here waits for: without a process namespace, orphans of sandboxes come to us.

        Those are left alone while a sandbox lives that they may belong to. Any other stray is ended: the end of its
        namespace would wait for us to collect it.
        """
        deadline = time.monotonic() + _REAPING_SECONDS  # later there is another chance
        while strays := [pid for pid in children(os.getpid()) if pid not in self.expected]:
            left_alone = set() if self.isolated else {pid for pid in strays if self.jails and not self.stray(pid)}
            for pid in strays:
                if pid not in left_alone:
                    _kill(pid)
                with contextlib.suppress(ChildProcessError):
                    ended(pid, 0.0 if pid in left_alone else 0.1)
            if left_alone.issuperset(strays) or time.monotonic() > deadline:
                return

    def stray(self, pid: int) -> bool:
        """Whether an orphan belongs to no live sandbox: Landlock's filter keeps it in the process group of its own."""
        return self.landlocked and bool(self.filter) and _group_of(pid) not in self.jails

    def part(self, connection: socket.socket) -> None:
        """After the outcome: read on until the grader hangs up."""
        try:
            message = connection.recv(MESSAGE_BYTES)
        except OSError:
            message = b""
        if not message:
            self.selector.unregister(connection)
            connection.close()

    def dismantle(self, jail: Jail) -> None:
        """Remove what was built, as far as it was built."""
        if jail.pid and not jail.buried:  # before the holder: the namespace's end waits for everybody in it
            _kill(jail.pid)
            self.collect(jail.pid)
        if jail.keeping >= 0:
            os.close(jail.keeping)
            jail.keeping = -1
            if jail.init_pidfd >= 0:
                self.kill_first(jail)
                self.await_end(jail.init_pidfd)
                os.close(jail.init_pidfd)
                jail.init_pidfd = -1
        if jail.holder:
            assert jail.holder.stdin and jail.holder.stdout and jail.holder.stderr
            if jail.init:
                _kill(jail.init)  # bwrap itself waits for it and ends; killed before, it would leave us a zombie
                holder = os.pidfd_open(jail.holder.pid)
                self.await_end(holder)
                os.close(holder)
            jail.holder.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                jail.holder.wait(PATIENCE_SECONDS)
            self.expected.discard(jail.holder.pid)
            if jail.init:  # ours now, if bwrap ended before it
                self.collect(jail.init)
            for pipe in (jail.holder.stdin, jail.holder.stdout, jail.holder.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()
        if jail.pidfd >= 0:
            os.close(jail.pidfd)
        if jail.group:
            jail.group.remove()
        if jail.home:
            sweep(jail.home)

    def await_end(self, pidfd: int) -> None:
        """Wait for a process that ends when all others of its namespace are gone; strays among them are ours."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_readable(pidfd, 0.05) and time.monotonic() < deadline:
            self.reap()

    def collect(self, pid: int) -> None:
        """Wait for a killed child to end; later it is a stray."""
        with contextlib.suppress(ChildProcessError):
            ended(pid, PATIENCE_SECONDS)
        self.expected.discard(pid)


def _become_worker(walls: Walls, kept: list[int], originals: tuple[str, str], home: str, seed: int) -> None:
    """In the child: take the pipes, drop everything, say so, and answer calls until they end. Never returns.

    `originals` are the folders with what was handed in and with what is given.
    """
    submission, given = originals
    try:
        requests, replies, output = _keep_only(kept)
        os.environ.update(HOME=home, TMPDIR=home, MPLCONFIGDIR=home, PWD=home)
        enter(walls)
    except BaseException as error:  # noqa: BLE001  (whatever it is, the grader must read of it, and no student code run)
        os.write(_READY, f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(71)
    os.write(_READY, b"ready")
    os.close(_READY)
    _reset_signals()
    serve(requests, replies, output, submission, seed, walls.limits.reply_mib, given)
    os._exit(0)


_REQUESTS, _REPLIES, _READY, _HIDING = 3, 4, 5, 6


def _keep_only(kept: list[int]) -> tuple[int, int, int]:
    """Standard input from nowhere, output and errors into one pipe, 3 and 4 for calls, and nothing else open.

    5 says when all is ready, 6 is what Landlock needs; both are closed before a student's byte is read.
    """
    requests, replies, output, *rest = [_above(descriptor) for descriptor in kept]
    null = os.open("/dev/null", os.O_RDONLY)
    for target, source in enumerate((null, output, output, requests, replies, *rest)):
        os.dup2(source, target, inheritable=target < 3)
    os.closerange(_READY + len(rest), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return _REQUESTS, _REPLIES, 1


def _above(descriptor: int) -> int:
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64)


def _reset_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _filter_or_nothing(*, landlocked: int, grouped: bool, gpus: bool) -> bytes:
    try:
        return seccomp.compile_filter(landlocked=landlocked, grouped=grouped, gpus=gpus)
    except (ImportError, OSError, RuntimeError):
        if landlocked:
            raise OSError("Landlock alone leaves sockets open, and libseccomp is missing") from None
        return b""


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


def _can_import(name: str) -> bool:
    """Import a module that nobody has to have; whether that went well."""
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001 (a package that is broken here is the submission's to meet)
        return False
    return True


def _tell(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the grader was stopped; Python would write the rest at its end, and complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the grader is gone; nobody is left to be told
        connection.send(json.dumps(message).encode())


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

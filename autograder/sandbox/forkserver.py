"""The warm, trusted process whose children walk into sandboxes.

It is started once (`python -c "..."`, settings on standard input), imports what the assignment preloads, and listens
on a socket in a folder that only its owner may enter. A connection is one sandbox: the first message asks for it and
brings the three pipe ends of the worker; a message says when it is ready; the last tells the `Outcome`. When the
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

from autograder.model import Limits
from autograder.sandbox import cgroups, landlock, seccomp
from autograder.sandbox.base import Outcome
from autograder.sandbox.confine import Walls, become_subreaper, enter, fork_inside, join_groups
from autograder.sandbox.layout import (
    HOME,
    IN_MEMORY,
    SUBMISSION,
    bubblewrap_arguments,
    gpu_devices,
    reachable_by_all,
    readable_paths,
    writable_paths,
)
from autograder.sandbox.processes import (
    children,
    contents,
    cpu_seconds,
    descendants,
    resident_mib,
    threads,
    unlinked_bytes,
)
from autograder.sandbox.sweeping import sweep
from autograder.worker import serve, warm_random_numbers

__all__ = ["COMMAND", "Settings", "main"]

COMMAND = "from autograder.sandbox.forkserver import main; main()"
MESSAGE_BYTES = 1 << 16

_WATCH_SECONDS = 0.1
_FIRST_USER = 1_900_000_000  # above what any login or service uses; 64 for each forkserver
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the forkserver is told at its start. `walls` is ``"bubblewrap"``, ``"landlock"`` or ``"none"``."""

    socket: str
    walls: str
    preload: tuple[str, ...]
    gpus: bool = False


@dataclass(slots=True)
class Jail:
    """One live sandbox: the connection that asked for it, its processes, and what was noticed so far."""

    connection: socket.socket
    limits: Limits
    slot: int
    began: float
    holder: subprocess.Popen[bytes] | None = None
    init: int = 0
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


def main() -> None:
    """Read the settings, warm up, say ``ready`` on standard output, and serve until standard input ends."""
    settings = Settings(**json.loads(sys.stdin.readline()))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    become_subreaper()
    try:
        for name in settings.preload:
            importlib.import_module(name)
        warm_random_numbers()
        server = _Forkserver(settings)
    except (ImportError, OSError) as error:
        _tell({"fault": f"{type(error).__name__}: {error}"})
        return
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page that it looks at
    try:
        _tell({"enforced": server.enforced})
        server.serve()
    finally:
        server.close()


class _Forkserver:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.isolated = settings.walls == "bubblewrap"
        self.landlocked = settings.walls == "landlock"
        self.own_user = os.geteuid() == 0 and (self.isolated or (self.landlocked and reachable_by_all()))
        self.groups = cgroups.find()
        version = landlock.abi() if self.landlocked else 0
        self.filter = _filter_or_nothing(landlocked=version, grouped=self.groups is not None)
        self.devices = gpu_devices() if settings.gpus else ()
        self.own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if self.isolated else -1
        self.jails: dict[int, Jail] = {}
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(settings.socket)
        os.chmod(settings.socket, 0o600)
        self.listener.listen(64)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.running = True
        self.selector.register(sys.stdin, selectors.EVENT_READ, self.stop)

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
        if self.filter:
            walls.append("system calls")
        if self.groups or self.own_user or os.geteuid() != 0:
            walls.append("number of processes")
        walls.append("memory (control group)" if self.groups else "memory (per process)")
        return sorted(walls)

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
        sweep(Path(self.settings.socket).parent)

    # --- one sandbox, from the request to the outcome ---

    def accept(self) -> None:
        connection, _ = self.listener.accept()
        message, pipes, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 3)
        if not message or len(pipes) != 3:
            for pipe in pipes:
                os.close(pipe)
            connection.close()
            return
        request = json.loads(message)
        limits = Limits(**request["limits"])
        slot = next(number for number in range(1 << 16) if all(jail.slot != number for jail in self.jails.values()))
        jail = Jail(connection, limits, slot, time.monotonic())
        try:
            self.build(jail, request, pipes)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            self.dismantle(jail)
            _say(connection, {"fault": f"the sandbox could not be built: {_reason(error)}"})
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
        folder, files = Path(request["folder"]), {name: Path(path) for name, path in request["files"].items()}
        if self.groups:
            jail.group = self.groups.new(str(jail.slot), jail.limits)
        jail.base_mib = resident_mib(os.getpid())
        if self.isolated:
            inside, submission = HOME, SUBMISSION
            self.raise_walls(jail, folder, files)
        else:
            inside, submission = self.lay_out(jail, folder, files)
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
            landlocked=self.landlocked,
            readable=readable_paths(submission) if self.landlocked else (),
            writable=(*writable_paths(inside), *self.devices) if self.landlocked else (),
        )

        def child() -> None:
            if request["cpus"]:
                os.sched_setaffinity(0, request["cpus"])
            _become_worker(walls, pipes, writing, submission, inside, int(request["seed"]))

        try:
            jail.pid = self.fork(jail, doors, child)
            jail.pidfd = os.pidfd_open(jail.pid)
        finally:
            os.close(writing)
            for door in doors:
                os.close(door)
            said = _read_all(reading)
        if said != b"ready":
            raise OSError(said.decode(errors="replace") or "the worker died before it was ready")

    def lay_out(self, jail: Jail, folder: Path, files: dict[str, Path]) -> tuple[str, str]:
        """Without a mount namespace: a folder of its own for each sandbox, with a copy of the submission beside it.

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
        for name, source in files.items():
            shutil.copy(source, scratch / name)
            (scratch / name).chmod(0o644)
        return str(scratch), str(submission)

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
        holder = os.pidfd_open(jail.init)
        try:
            return fork_inside(holder, self.own_pid_namespace, join_and_run)
        finally:
            os.close(holder)

    def raise_walls(self, jail: Jail, folder: Path, files: dict[str, Path]) -> None:
        """Let bubblewrap build the namespaces around a holder, `cat`, which ends when we close its standard input."""
        arguments = bubblewrap_arguments(folder, files, jail.limits, self.devices, user_namespace=os.geteuid() != 0)
        info_read, info_write = os.pipe()
        args = os.memfd_create("arguments")
        os.write(args, b"\0".join(os.fsencode(argument) for argument in arguments))
        os.lseek(args, 0, os.SEEK_SET)
        try:
            jail.holder = subprocess.Popen(
                ["bwrap", "--args", str(args), "--info-fd", str(info_write), "cat"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(args, info_write),
                env={"PATH": "/usr/bin:/bin"},
            )
        finally:
            os.close(info_write)
            os.close(args)
        assert jail.holder.stdin and jail.holder.stdout and jail.holder.stderr
        with open(info_read, "rb") as info:
            with contextlib.suppress(BrokenPipeError):
                jail.holder.stdin.write(b".")
                jail.holder.stdin.flush()
            if jail.holder.stdout.read(1) != b".":
                raise OSError(jail.holder.stderr.read(2000).decode(errors="replace").strip() or "bwrap failed")
            jail.init = int(json.loads(info.read())["child-pid"])

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
        if sum(map(threads, pids)) > limits.processes:
            return "processes"
        return "memory" if memory > limits.memory_mib else ""

    def inside(self, jail: Jail) -> list[int]:
        """Every process of a sandbox; without a process namespace, orphans of its group are ours."""
        if jail.init:
            return descendants(jail.pid) + descendants(jail.init)[1:]
        orphans = [pid for pid in children(os.getpid()) if pid not in self.jails and _group_of(pid) == jail.pid]
        return [each for pid in (jail.pid, *orphans) for each in descendants(pid)]

    # --- its end ---

    def end(self, jail: Jail) -> None:
        """Kill everything inside, then bury it."""
        if self.jails.get(jail.pid) is jail:
            self.kill(jail)
            self.bury(jail)

    def kill(self, jail: Jail) -> None:
        if jail.init:
            _kill(jail.init)
        if jail.pid:
            if not self.isolated:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(jail.pid, signal.SIGKILL)
            _kill(jail.pid)

    def bury(self, jail: Jail) -> None:
        """Collect the worker's end, remove every trace, and send the outcome."""
        if self.jails.pop(jail.pid, None) is None:
            return  # its end and the grader's goodbye were noticed in the same moment
        self.selector.unregister(jail.connection)
        self.selector.unregister(jail.pidfd)
        _, status, usage = os.wait4(jail.pid, 0)
        jail.buried = True
        self.kill(jail)
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
        self.dismantle(jail)
        self.reap()
        outcome = Outcome(max(code, 0), max(-code, 0), limit, "", time.monotonic() - jail.began, cpu, max(peak, 0.0))
        _say(jail.connection, {"outcome": asdict(outcome)})
        # closed only after the grader: what it may be saying now would reset the connection under our last message
        self.selector.register(jail.connection, selectors.EVENT_READ, lambda: self.part(jail.connection))

    def reap(self) -> None:
        """Without a process namespace, orphans come to us: collect them, and with the last sandbox end all of them."""
        if self.isolated:
            return
        while orphans := [pid for pid in children(os.getpid()) if pid not in self.jails]:
            for pid in orphans:
                if not self.jails:
                    _kill(pid)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0 if not self.jails else os.WNOHANG)
            if self.jails:
                return

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
            with contextlib.suppress(ChildProcessError):
                os.waitpid(jail.pid, 0)
        if jail.holder:
            assert jail.holder.stdin and jail.holder.stdout and jail.holder.stderr
            if jail.init:
                _kill(jail.init)  # bwrap itself waits for it and ends; killed before, it would leave us a zombie
                with contextlib.suppress(subprocess.TimeoutExpired):
                    jail.holder.wait(timeout=_PATIENCE_SECONDS)
            jail.holder.kill()
            jail.holder.wait()
            if jail.init:  # ours now, if bwrap ended before it: a submission can kill the helper inside
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(jail.init, 0)
            for pipe in (jail.holder.stdin, jail.holder.stdout, jail.holder.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()
        if jail.pidfd >= 0:
            os.close(jail.pidfd)
        if jail.group:
            jail.group.remove()
        if jail.home:
            sweep(jail.home)


def _become_worker(walls: Walls, pipes: list[int], ready: int, submission: str, home: str, seed: int) -> None:
    """In the child: take the pipes, drop everything, say so, and answer calls until they end. Never returns."""
    try:
        requests, replies, output = _keep_only(pipes, ready)
        os.environ.update(HOME=home, TMPDIR=home, MPLCONFIGDIR=home, PWD=home)
        enter(walls)
    except BaseException as error:  # noqa: BLE001  (whatever it is, the grader must read of it, and no student code run)
        os.write(_READY, f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(71)
    os.write(_READY, b"ready")
    os.close(_READY)
    _reset_signals()
    serve(requests, replies, output, submission, seed)
    os._exit(0)


_REQUESTS, _REPLIES, _READY = 3, 4, 5


def _keep_only(pipes: list[int], ready: int) -> tuple[int, int, int]:
    """Standard input from nowhere, output and errors into one pipe, 3 and 4 for calls, and nothing else open."""
    high = [_above(descriptor) for descriptor in (*pipes, ready)]
    null = os.open("/dev/null", os.O_RDONLY)
    for source, target in zip((null, high[2], high[2], high[0], high[1], high[3]), range(6), strict=True):
        os.dup2(source, target, inheritable=target < 3)
    os.closerange(6, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return _REQUESTS, _REPLIES, 1


def _above(descriptor: int) -> int:
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64)


def _reset_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _filter_or_nothing(*, landlocked: int, grouped: bool) -> bytes:
    try:
        return seccomp.compile_filter(landlocked=landlocked, grouped=grouped)
    except (ImportError, OSError, RuntimeError):
        if landlocked:
            raise OSError("Landlock alone leaves sockets open, and libseccomp is missing") from None
        return b""


def _tell(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the grader was stopped; Python would write the rest at its end, and complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the grader is gone; nobody is left to be told
        connection.send(json.dumps(message).encode())


def _read_all(descriptor: int) -> bytes:
    """What a child said before it closed the pipe, or nothing after `_PATIENCE_SECONDS`."""
    with open(descriptor, "rb") as file, selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        return file.read() if selector.select(_PATIENCE_SECONDS) else b""


def _reason(error: Exception) -> str:
    """What went wrong, on one line; of many copies that failed, the first one's reason."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2])
    return " ".join(str(error).split())


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

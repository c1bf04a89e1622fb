"""The warm, trusted process whose children walk into sandboxes.

It is started once (`autograder.early_start`, settings on standard input), imports what the assignment preloads, and
listens on a socket in a folder that only its owner may enter. A connection is one sandbox: the first message asks for
it and brings the three pipe ends of the worker; a message says when it is ready; the last tells the `Outcome`. When the
grader hangs up, or dies, everything inside is killed. Nothing of an assignment ever enters this process.

What is being built and taken down waits for other processes most of the time. So it is written as steps
(`autograder.sandbox.steps.Steps`), and while those of one sandbox wait, those of others go on.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from autograder.checks.wording import reason_of
from autograder.early_start import CACHE
from autograder.isolation.confine import become_subreaper
from autograder.isolation.deadlines import ended
from autograder.isolation.first_process import PATIENCE_SECONDS, Builder
from autograder.isolation.packaged_data import packaged_data
from autograder.optional_packages import missing
from autograder.results import Limits
from autograder.sandbox.base import Outcome
from autograder.sandbox.construction import Construction, Settings
from autograder.sandbox.jail import Jail
from autograder.sandbox.steps import REAPING_SECONDS, Steps, late
from autograder.worker import import_module, warm_up

__all__ = ["main"]

MESSAGE_BYTES = 1 << 16

_WATCH_SECONDS = 0.1


def main(builder: Builder | None = None) -> None:
    """Read the settings, warm up, say ``ready`` on standard output, and serve until standard input ends.

    The program's arguments are modules to import before the settings come. `builder` was forked before this module was
    imported, so that it is small; without one, it is forked here.
    """
    for name in sys.argv[1:]:
        with contextlib.suppress(Exception):  # said when the settings ask for it
            import_module(name)
    hidden = packaged_data(os.environ.pop(CACHE, ""))  # looked for while the grader still imports
    asked = sys.stdin.readline()
    if not asked:  # it was started early, and nobody needed it
        return
    settings = Settings(**json.loads(asked))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    become_subreaper()
    server = None
    try:
        server = _Forkserver(settings, builder, hidden)
        for name in settings.preload:
            import_module(name)
        preloaded = [name for name in settings.foreseen if _can_import(name)]
        warm_up()
    except (ImportError, OSError) as error:
        _send({"fault": missing(error, "the sandbox") or f"{type(error).__name__}: {reason_of(error, named=False)}"})
        if server:
            server.close()
        return
    gc.freeze()  # a collection in a child would copy every page that it looks at; one here would find little
    gc.enable()  # it was off (`autograder.early_start`): imports make little garbage, and make it be looked for often
    try:
        _send({"enforced": server.sandboxes.enforced, "preloaded": preloaded})
        server.serve()
    finally:
        server.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Wait:
    """Steps that wait for a descriptor until a moment."""

    steps: Steps
    descriptor: int
    until: float


class _Forkserver:
    def __init__(self, settings: Settings, builder: Builder | None, hidden: tuple[str, ...]) -> None:
        self.sandboxes = Construction(settings, builder, hidden)
        self.dismantling = self.sandboxes.dismantling
        self.jails = self.dismantling.jails
        self.slots: set[int] = set()  # of the sandboxes that stand, and of those that are being built and taken down
        self.waits: dict[int, _Wait] = {}  # by descriptor
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(settings.socket)
        os.chmod(settings.socket, 0o600)
        self.listener.listen(64)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.running = True
        self.selector.register(sys.stdin, selectors.EVENT_READ, self.stop)

    def serve(self) -> None:
        watched = reaped = time.monotonic()
        while self.running:
            for key, _ in self.selector.select(self.pause):
                key.data()
            now = time.monotonic()
            if self.jails and now - watched >= _WATCH_SECONDS:
                watched = reaped = now
                for jail in list(self.jails.values()):
                    self.watch(jail)
                self.dismantling.reap()
            elif self.waits and now - reaped >= REAPING_SECONDS:
                reaped = now
                self.dismantling.reap()
            for wait in [each for each in self.waits.values() if each.until < now]:
                self.resume(wait, late())

    @property
    def pause(self) -> float | None:
        """After how many seconds something has to be looked at, whatever happens; None for never."""
        return REAPING_SECONDS if self.waits else _WATCH_SECONDS if self.jails else None

    def stop(self) -> None:
        self.running = False

    def close(self) -> None:
        for wait in list(self.waits.values()):
            self.selector.unregister(wait.descriptor)
            self.dismantling.finish(wait.steps, wait.descriptor)
        self.waits.clear()
        for jail in list(self.jails.values()):
            jail.kill()
            self.dismantling.finish(self.bury(jail))
        self.listener.close()
        self.sandboxes.close()

    # --- steps that wait ---

    def go_on(self, steps: Steps, error: TimeoutError | None = None) -> None:
        """Do what steps do until they wait or end."""
        try:
            descriptor = steps.throw(error) if error else next(steps)
        except StopIteration:
            return
        wait = _Wait(steps, descriptor, time.monotonic() + PATIENCE_SECONDS)
        self.waits[descriptor] = wait
        self.selector.register(descriptor, selectors.EVENT_READ, lambda: self.resume(wait))

    def resume(self, wait: _Wait, error: TimeoutError | None = None) -> None:
        """Go on with steps that have waited; not twice where two reasons for it were noticed in the same moment."""
        if self.waits.get(wait.descriptor) is wait:
            del self.waits[wait.descriptor]
            self.selector.unregister(wait.descriptor)
            self.go_on(wait.steps, error)

    # --- one sandbox, from the request to the outcome ---

    def accept(self) -> None:
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.ask(connection))

    def ask(self, connection: socket.socket) -> None:
        """The first message of a connection: a sandbox is asked for, or whether we still answer."""
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
        self.go_on(self.begin(connection, json.loads(message), pipes))

    def begin(self, connection: socket.socket, request: dict[str, Any], pipes: list[int]) -> Steps:
        """Build a sandbox, and say that it is ready or why it is not."""
        limits = Limits(**request["limits"])
        slot = next(number for number in range(1 << 16) if number not in self.slots)
        self.slots.add(slot)
        jail = Jail(connection, limits, slot, self.sandboxes.isolated, time.monotonic())
        try:
            yield from self.sandboxes.build(jail, request, pipes)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            yield from self.dismantling.dismantle(jail)
            self.slots.discard(slot)
            self.dismantling.reap()
            _say(connection, {"fault": f"the sandbox could not be built: {reason_of(error, named=False)}"})
            connection.close()
            return
        finally:
            for pipe in pipes:
                os.close(pipe)
        self.jails[jail.pid] = jail
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.hear(jail))
        self.selector.register(jail.pidfd, selectors.EVENT_READ, lambda: self.go_on(self.bury(jail)))
        _say(connection, {"ready": True, "pid": jail.pid})

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
        over = jail.over(self.jails)
        if over:
            jail.limit = jail.limit or over
            self.end(jail)

    def end(self, jail: Jail) -> None:
        """Kill everything inside, then bury it."""
        if self.jails.get(jail.pid) is jail:
            jail.kill()
            self.go_on(self.bury(jail))

    def bury(self, jail: Jail) -> Steps:
        """Collect the worker's end, remove every trace, and send the outcome."""
        if self.jails.pop(jail.pid, None) is None:
            return  # its end and the grader's goodbye were noticed in the same moment
        self.selector.unregister(jail.connection)
        self.selector.unregister(jail.pidfd)
        if (found := ended(jail.pid, 0.0)) is None:
            with contextlib.suppress(TimeoutError):
                yield jail.pidfd
            found = ended(jail.pid, 0.0)
        self.dismantling.expected.discard(jail.pid)  # if it is still there, it is a stray from now on
        jail.buried = True
        jail.kill()
        if found is None:
            yield from self.part_with(
                jail, Outcome(fault=f"the worker could not be ended within {PATIENCE_SECONDS:.0f} s")
            )
            return
        status, usage = found
        cpu, peak = usage.ru_utime + usage.ru_stime, max(jail.peak_mib, usage.ru_maxrss / 1024 - jail.base_mib)
        limit = jail.limit
        if jail.group:
            if not self.sandboxes.isolated:
                jail.group.kill()
            cpu, peak = max(cpu, jail.group.cpu_seconds()), jail.group.peak_mib()
            limit = limit or ("memory" if jail.group.oom_kills() else "")
        code = os.waitstatus_to_exitcode(status)
        if not limit and (code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu >= jail.limits.cpu)):
            limit = "cpu"
        if jail.ended and code == -signal.SIGKILL and not limit:
            code = 0  # our own kill: the grader had no more questions
        wall = time.monotonic() - jail.began
        yield from self.part_with(jail, Outcome(max(code, 0), max(-code, 0), limit, "", wall, cpu, max(peak, 0.0)))

    def part_with(self, jail: Jail, outcome: Outcome) -> Steps:
        """Remove every trace, and send the outcome."""
        yield from self.dismantling.dismantle(jail)
        self.slots.discard(jail.slot)
        self.dismantling.reap()
        _say(jail.connection, {"outcome": asdict(outcome)})
        # closed only after the grader: what it may be saying now would reset the connection under our last message
        self.selector.register(jail.connection, selectors.EVENT_READ, lambda: self.part(jail.connection))

    def part(self, connection: socket.socket) -> None:
        """After the outcome: read on until the grader hangs up."""
        try:
            message = connection.recv(MESSAGE_BYTES)
        except OSError:
            message = b""
        if not message:
            self.selector.unregister(connection)
            connection.close()


def _can_import(name: str) -> bool:
    """Import a module that nobody has to have; whether that went well."""
    try:
        import_module(name)
    except Exception:  # noqa: BLE001 (a package that is broken here is the submission's to meet)
        return False
    return True


def _send(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the grader was stopped; Python would write the rest at its end, and complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the grader is gone; nobody is left to read it
        connection.send(json.dumps(message).encode())

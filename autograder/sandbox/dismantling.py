"""How a forkserver takes sandboxes down: what was built is removed, however far it came, and no process stays."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time

from autograder.isolation.cleanup import sweep
from autograder.isolation.deadlines import ended, is_readable
from autograder.isolation.first_process import PATIENCE_SECONDS
from autograder.isolation.processes import children
from autograder.sandbox.jail import Jail, group_of, kill
from autograder.sandbox.steps import REAPING_SECONDS, Steps, late, until_end

__all__ = ["Dismantling"]

_LONGEST_REAPING = 1.0


class Dismantling:
    """The sandboxes that stand, and the children that somebody waits for; all others are strays.

    Args:
        isolated: whether sandboxes have process namespaces.
        grouped: whether without those each has a process group of its own, which it cannot leave.
    """

    def __init__(self, *, isolated: bool, grouped: bool) -> None:
        self.isolated, self.grouped = isolated, grouped
        self.jails: dict[int, Jail] = {}
        self.expected: set[int] = set()

    def dismantle(self, jail: Jail) -> Steps:
        """Remove what was built, as far as it was built."""
        if jail.pid and not jail.buried:  # before the holder: the namespace's end waits for everybody in it
            kill(jail.pid)
            self.collect(jail.pid)
        if jail.keeping >= 0:
            os.close(jail.keeping)
            jail.keeping = -1
            if jail.init_pidfd >= 0:
                jail.kill_first()
                yield from until_end(jail.init_pidfd)
                os.close(jail.init_pidfd)
                jail.init_pidfd = -1
        if jail.holder:
            assert jail.holder.stdin and jail.holder.stdout and jail.holder.stderr
            if jail.init:
                kill(jail.init)  # bwrap itself waits for it and ends; killed before, it would leave us a zombie
                holder = os.pidfd_open(jail.holder.pid)
                yield from until_end(holder)
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

    def finish(self, steps: Steps, descriptor: int = -1) -> None:
        """Do what steps do, and wait in between; first for `descriptor`, if they wait already.

        Strays keep processes from ending, so they are collected meanwhile.
        """
        with contextlib.suppress(StopIteration):
            if descriptor < 0:
                descriptor = next(steps)
            while True:
                deadline, error = time.monotonic() + PATIENCE_SECONDS, None
                while not error and not is_readable(descriptor, REAPING_SECONDS):
                    self.reap()
                    error = late() if time.monotonic() > deadline else None
                descriptor = steps.throw(error) if error else next(steps)

    def collect(self, pid: int) -> None:
        """Wait for a killed child to end; later it is a stray."""
        with contextlib.suppress(ChildProcessError):
            ended(pid, PATIENCE_SECONDS)
        self.expected.discard(pid)

    def reap(self) -> None:
        """Collect children that nobody here waits for: without a process namespace, orphans of sandboxes come to us.

        Those are left alone while a sandbox lives that they may belong to. Any other stray is ended: the end of its
        namespace would wait for us to collect it.
        """
        deadline = time.monotonic() + _LONGEST_REAPING  # later there is another chance
        while strays := [pid for pid in children(os.getpid()) if pid not in self.expected]:
            left_alone = set() if self.isolated else {pid for pid in strays if self.jails and not self.stray(pid)}
            for pid in strays:
                if pid not in left_alone:
                    kill(pid)
                with contextlib.suppress(ChildProcessError):
                    ended(pid, 0.0 if pid in left_alone else 0.1)
            if left_alone.issuperset(strays) or time.monotonic() > deadline:
                return

    def stray(self, pid: int) -> bool:
        """Whether an orphan belongs to no live sandbox: Landlock's filter keeps it in the process group of its own."""
        return self.grouped and group_of(pid) not in self.jails

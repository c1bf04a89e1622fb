"""What this machine can enforce, each thing proved by a program inside that tries to get around it.

A finding is not read off a version or a setting: a small submission is put into the sandbox and tries.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.backends import code_of
from autograder.checks.errors import GraderError
from autograder.results import Limits
from autograder.sandbox.base import Outcome, Request, Sandbox
from autograder.sandbox.launch import BACKENDS, start, why_not
from autograder.wire import WireError, decode, encode

__all__ = ["Finding", "probe"]

_LIMITS = Limits(wall_seconds=10, cpu_seconds=1, memory_mib=256, processes=16, scratch_mib=16, file_mib=64)

_TRIALS = '''
"""Each function tries one thing and says how far it came."""
import ctypes, os, socket

def identity():
    fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return {name: fields.get(name, "").split() for name in ("Uid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}

def namespaces():
    return [os.readlink("/proc/self/ns/" + name) for name in KINDS]

def read_files():
    found = []
    for path in PATHS:
        try:
            found += [path] if os.path.isdir(path) and os.listdir(path) or open(path).read(1) else []
        except OSError:
            pass
    return found

def write_system():
    for folder in ("/usr", "/etc", "/", "/submission", "/dev"):
        try:
            open(folder + "/autograder-mark", "w").close()
            os.unlink(folder + "/autograder-mark")
            return [folder]
        except OSError:
            pass
    return []

def other_processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]

def reach_network():
    reached = []
    for family, address in ((socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_UNIX, SOCKET)):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as s:
                s.settimeout(1)
                s.connect(address)
                reached.append(str(address))
        except OSError:
            pass
    return reached

def system_calls():
    libc = ctypes.CDLL(None, use_errno=True)
    return [name for name, call in (("unshare", lambda: libc.unshare(0x10000000)),
                                    ("ptrace", lambda: libc.ptrace(0, 0, 0, 0))) if call() == 0]

def fork_many():
    import time
    for count in range(200):
        try:
            if os.fork() == 0:
                time.sleep(30)
        except OSError:
            return count
    time.sleep(0.5)
    return 200

def fill_scratch():
    written = 0
    try:
        for number in range(4):
            with open(os.path.join(os.environ["HOME"], "full%d" % number), "wb") as file:
                while written < 64 << 20 and file.tell() < 32 << 20:
                    written += file.write(bytes(1 << 20))
    except OSError:
        return written >> 20
    __import__("time").sleep(0.5)
    return written >> 20

def eat_memory():
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))

def burn_cpu():
    while True:
        pass

def sleep():
    import time
    time.sleep(60)
'''


_NAMESPACES = ("mnt", "pid", "net", "ipc", "uts")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: whether it is enforced, what was seen, and what to do for more."""

    what: str
    enforced: bool
    how: str
    advice: str = ""


def probe(names: tuple[str, ...] = BACKENDS) -> dict[str, tuple[Finding, ...]]:
    """Findings of each backend, in the order of their strength; a backend that cannot be had is one finding."""
    return {name: _probe_one(name) for name in names}


def _probe_one(name: str) -> tuple[Finding, ...]:
    if reason := why_not(name):
        return (Finding("available", False, reason, getattr(code_of(name), "ADVICE", "")),)
    try:
        with start(name) as sandbox, tempfile.TemporaryDirectory() as folder:
            return _Trials(sandbox, Path(folder)).run()
    except GraderError as error:
        return (Finding("available", False, str(error)),)


_CGROUP = "let this user write control groups (root, or systemd-run --user --scope -p Delegate=yes)"


class _Trials:
    """All trials against one started sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        import socket

        self.sandbox = sandbox
        self.secret = folder / "secret"
        self.secret.write_text("labels")
        self.secret.chmod(0o644)
        self.submission = folder / "submission"
        self.submission.mkdir(mode=0o755)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(folder / "listening"))
        self.unix.listen()
        paths = [str(self.secret), "/home", "/etc/passwd", f"/proc/{os.getpid()}/environ"]
        names = {"KINDS": _NAMESPACES, "PATHS": paths, "PORT": self.tcp.getsockname()[1]}
        names |= {"SOCKET": str(folder / "listening")}
        settings = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        (self.submission / "trials.py").write_text(settings + _TRIALS)
        (self.submission / "trials.py").chmod(0o644)

    def run(self) -> tuple[Finding, ...]:
        try:
            return (
                Finding("available", True, f"the sandbox {self.sandbox.name} starts"),
                *self.isolation(),
                *self.limits(),
            )
        finally:
            self.tcp.close()
            self.unix.close()

    def isolation(self) -> tuple[Finding, ...]:
        seccomp = "install libseccomp (Debian: libseccomp2)"
        grouped = "memory (control group)" in self.sandbox.enforced
        return (
            self.own_namespaces(),
            Finding("control groups", grouped, "one was made" if grouped else "none could be made", _CGROUP),
            self.nothing("files of the grader", "read_files", "read"),
            self.nothing("read-only system", "write_system", "wrote in"),
            self.judged(
                "other processes", "other_processes", lambda pids: os.getpid() not in pids, "sees processes {}"
            ),
            self.nothing("network and host sockets", "reach_network", "reached"),
            self.nothing("system calls", "system_calls", "the kernel allowed", seccomp),
            self.judged(
                "own user, no privileges", "identity", _unprivileged, "uid {0[Uid][0]}, capabilities {0[CapEff][0]}"
            ),
        )

    def limits(self) -> tuple[Finding, ...]:
        most = _LIMITS.processes
        space = Request(self.submission, _LIMITS).roomy.scratch_mib  # the trials themselves lie there, too
        return (
            self.judged("number of processes", "fork_many", lambda count: count <= most, f"{{}} of {most}", _CGROUP),
            self.judged("scratch space", "fill_scratch", lambda mib: mib <= space, f"wrote {{}} MiB of {space}"),
            self.over("memory", "eat_memory", "memory", _CGROUP),
            self.over("CPU time", "burn_cpu", "cpu"),
            self.over("wall time", "sleep", "wall", limits=Limits(wall_seconds=1, cpu_seconds=1)),
        )

    def own_namespaces(self) -> Finding:
        outside = [os.readlink(f"/proc/self/ns/{kind}") for kind in _NAMESPACES]
        inside, _ = self.call("namespaces", _LIMITS)
        own = [kind for kind, name in zip(_NAMESPACES, outside, strict=True) if name not in (inside or outside)]
        return Finding("namespaces of its own", own == list(_NAMESPACES), ", ".join(own) or "none")

    def nothing(self, what: str, trial: str, verb: str, advice: str = "") -> Finding:
        return self.judged(what, trial, lambda found: not found, verb + " {}", advice)

    def judged(self, what: str, trial: str, good: Callable[[Any], bool], how: str, advice: str = "") -> Finding:
        value, outcome = self.call(trial, _LIMITS)
        if value is None and outcome.limit in ("processes", "scratch"):
            return Finding(what, True, f"watched, and ended after {outcome.wall_seconds:.1f} s")
        if value is None:
            return Finding(
                what, False, f"the trial gave no answer ({outcome.limit or outcome.fault or 'it died'})", advice
            )
        if value in ("PermissionError", "FileNotFoundError"):
            return Finding(what, True, f"refused ({value})")
        fine = good(value)
        shown = (", ".join(map(str, value))[:80] or "nothing") if isinstance(value, list) else value
        return Finding(what, fine, how.format(shown), "" if fine else advice)

    def over(self, what: str, trial: str, limit: str, advice: str = "", limits: Limits = _LIMITS) -> Finding:
        value, outcome = self.call(trial, limits)
        fine = outcome.limit == limit or value == "MemoryError"
        spent, peak = f"{outcome.wall_seconds:.1f} s, {outcome.cpu_seconds:.1f} s CPU", outcome.peak_memory_mib
        used = f"ended after {spent}, {peak:.0f} MiB"
        return Finding(what, fine, used, "" if fine else advice)

    def call(self, trial: str, limits: Limits) -> tuple[Any, Outcome]:
        session = self.sandbox.open(Request(self.submission, limits))
        try:
            answer = decode(session.exchange(encode(("call", "trials", trial, (), {}))))
        except (EOFError, WireError):
            answer = ("nothing",)
        outcome = session.close()
        match answer:
            case ("value", value):
                return value, outcome
            case ("raised", {"kind": kind}):
                return kind, outcome
        return None, outcome


def _unprivileged(fields: dict[str, list[str]]) -> bool:
    capabilities = fields["CapEff"] + fields["CapBnd"] if os.geteuid() == 0 else fields["CapEff"]
    return (
        all(int(word, 16) == 0 for word in capabilities) and fields["NoNewPrivs"] == ["1"] and "0" not in fields["Uid"]
    )

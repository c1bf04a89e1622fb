"""Where attacks are fought: a target with secrets all around it, and a judge who believes nothing that attackers say.

An attack is a module `hw.py` in one of the folders beside this file, one folder for each line of the promise. The first
line of its docstring says what it tries; lines below may say what has to come of it:

    Expect: RAISED, CRASHED       verdicts that its checks may end with (default: anything that earns nothing)
    Says: a text | another        one of them must stand in a message to staff; may be given several times
    Only: a_number                the only check to be run
    Needs: scratch space          what the sandbox must enforce; where it does not, the attack is left out
    Target: substitution          the assignment that is attacked (default: target)
    Variants: 3                   how many there are of it; `kit.VARIANT` counts from 0
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import socket
import struct
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.grading import RunOptions, grade
from autograder.isolation.processes import descendants
from autograder.loader import Loaded, load
from autograder.results import Limits, Report, Verdict
from autograder.sandbox import ForkServer, Outcome, Request, Sandbox, Session
from autograder.submissions import Submission, collect

__all__ = ["LINES", "Arena", "Attack", "Ground", "Result", "attacks", "excesses"]

HERE = Path(__file__).parent
LINES = ("nothing_to_read", "nothing_to_forge", "nothing_to_break", "nowhere_to_go")
SIGN = "CANARY"
HONEST = (HERE / "target" / "reference" / "target" / "hw.py").read_text()
PATIENT = {"wall_seconds": 60.0}
"""Where no attack is to meet the limit of wall time, a busy machine must not meet it either."""
_EARNS = (Verdict.PASSED, Verdict.PARTIAL)


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile submission, and what has to come of it."""

    line: str
    name: str
    source: str
    about: str
    expect: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    only: str = ""
    needs: tuple[str, ...] = ()
    variant: int = 0
    target: str = "target"

    @property
    def id(self) -> str:
        """Name and place, and which variant."""
        return f"{self.line}/{self.name}/{self.variant}"

    @property
    def may_take_long(self) -> bool:
        """Whether it is the limit of wall time that is to end it."""
        by_cpu = any("CPU time limit" in each for each in self.says)
        return (not self.expect or "TIME" in self.expect) and not by_cpu


def attacks() -> tuple[Attack, ...]:
    """All attacks, line by line of the promise."""
    return tuple(each for line in LINES for path in sorted((HERE / line).glob("*.py")) for each in _read(path))


def _read(path: Path) -> list[Attack]:
    source = path.read_text()
    about, *rest = source.split('"""')[1].strip().splitlines()
    data: dict[str, list[str]] = {"Expect": [], "Says": [], "Only": [], "Needs": [], "Target": [], "Variants": []}
    for line in filter(None, map(str.strip, rest)):
        key, colon, value = line.partition(": ")
        if colon and key in data:
            data[key].append(value)
    first = Attack(
        path.parent.name,
        path.stem,
        source,
        about,
        expect=tuple(word.strip() for value in data["Expect"] for word in value.split(",")),
        says=tuple(data["Says"]),
        only="".join(data["Only"]),
        needs=tuple(word.strip() for value in data["Needs"] for word in value.split(",")),
        target="".join(data["Target"]) or "target",
    )
    return [replace(first, variant=number) for number in range(int("".join(data["Variants"]) or 1))]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attack: the verdicts of its checks, and everything that it should not have managed."""

    attack: Attack
    report: Report
    outcomes: tuple[Outcome, ...]
    seconds: float
    breaches: tuple[str, ...]

    @property
    def verdicts(self) -> str:
        """The different verdicts, in order of appearance."""
        return ", ".join(dict.fromkeys(map(str, self.report.verdicts)))


class Ground:
    """A grader's machine in small: course, gradebook, another student, an environment, sockets. All hold a sign.

    Use it as a context manager; what belongs to it is gone at the end.
    """

    def __init__(self) -> None:
        self.token = f"mark{uuid.uuid4().hex[:11]}"
        self.seed = f"SEED-{SIGN}-0b5e27"
        # not below a folder of this user alone: a file that nobody else may read would prove nothing
        self.folder = Path(tempfile.mkdtemp(prefix="arena-"))
        self.folder.chmod(0o755)
        self.course = Path(shutil.copytree(HERE / "target", self.folder / "course"))
        self.gradebook = self.folder / "gradebook.db"
        self.gradebook.write_text(f"GRADEBOOK-{SIGN}-81f2")
        self.labels = self.folder / "labels.bin"
        self.labels.write_text(f"LABELS-{SIGN}-40aa")
        os.environ["AUTOGRADER_SECRET"] = f"ENVIRONMENT-{SIGN}-77b0"
        self.inbox = self.folder / "inbox"
        self.staging = self.folder / "staging"
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.unix, self.abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.unix.bind(str(self.folder / "listening"))
        (self.folder / "listening").chmod(0o777)
        self.abstract.bind(f"\0{self.token}")
        self.datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.datagrams.bind(str(self.folder / "listening.datagrams"))
        (self.folder / "listening.datagrams").chmod(0o777)
        for listener in (self.unix, self.abstract):
            listener.listen()
        for listener in (self.tcp, self.unix, self.abstract, self.datagrams):
            listener.setblocking(False)
        self.queues = Queues(self.token, f"QUEUE-{SIGN}-6d15")

    def __enter__(self) -> Ground:
        return self

    def __exit__(self, *_: object) -> None:
        for listener in (self.tcp, self.unix, self.abstract, self.datagrams):
            listener.close()
        self.queues.remove()
        os.environ.pop("AUTOGRADER_SECRET", None)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def loaded(self) -> Loaded:
        """The target assignment."""
        return load(self.course, "target")

    def hand_in(self, attack: Attack) -> Submission:
        """Stage an attack as the submission of one student beside an honest one."""
        secrets = [self.gradebook, self.labels, *self.course.rglob("*.py"), self.staging / "honest" / "hw.py"]
        folders = ["/", "/usr", "/usr/lib", "/etc", "/tmp", "/var/tmp", "/dev", "/dev/shm", "/run", "/home", "/root"]
        folders += ["/submission", "..", "../..", "../submission", str(Path.home()), str(Path.cwd())]
        folders += [str(self.folder), str(self.staging), str(self.course), str(self.staging / "honest")]
        where = {
            "FOLDERS": folders,
            "GRADER": os.getpid(),
            "PORT": self.tcp.getsockname()[1],
            "SECRETS": [str(path) for path in secrets],
            "SOCKET": str(self.folder / "listening"),
            "TOKEN": self.token,
            "VARIANT": attack.variant,
        }
        for student, files in {
            "honest": {"hw.py": HONEST},
            attack.name: {
                "hw.py": attack.source,
                "kit.py": (HERE / "kit.py").read_text(),
                "where.py": "".join(f"{name} = {value!r}\n" for name, value in where.items()),
            },
        }.items():
            folder = self.inbox / student
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (folder / name).write_text(text)
        staged = {each.student: each for each in collect(self.inbox, ("hw.py",), self.staging)}
        shutil.rmtree(self.inbox / attack.name)
        return staged[attack.name]

    def connections(self) -> list[str]:
        """Who connected to a socket of the host, since the last time."""
        found = []
        for name, listener in (("tcp", self.tcp), ("unix", self.unix), ("abstract", self.abstract)):
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                found.append(f"a connection to the {name} socket of the host")
        with contextlib.suppress(BlockingIOError):
            found.append(f"a datagram to a socket of the host: {self.datagrams.recv(100)!r}")
        return found

    def marks(self) -> list[str]:
        """Files that attackers left anywhere; they are removed."""
        places = [self.folder, *map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/run", Path.home(), Path.cwd()))]
        found = [path for place in places for path in [place / self.token, *place.glob(f"*/{self.token}")]]
        found += [*self.folder.rglob(self.token), *(Path(top, self.token) for top in ("/", "/usr", "/etc", "/dev"))]
        there = sorted({str(path) for path in found if os.path.lexists(path)})
        for path in there:
            os.unlink(path)
        return [f"a file {path}" for path in there]

    def survivors(self) -> list[str]:
        """Processes by the attackers' name that are still there; they are killed."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                name = (folder / "comm").read_text().strip()
                if name == self.token[:15] or self.token.encode() in (folder / "cmdline").read_bytes():
                    if "State:\tZ" in (folder / "status").read_text():
                        continue
                    os.kill(int(folder.name), 9)
                    found.append(f"process {folder.name} still there")
        return found


class Queues:
    """A queue, a semaphore and a shared segment of System V, and a queue and a semaphore of POSIX, open to everybody.

    Each holds a text where it can hold one. What this machine does not offer is left out.
    """

    def __init__(self, token: str, text: str) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.shmat.restype = ctypes.c_void_p
        self._queue, self._semaphore = self._libc.msgget(0, 0o1666), self._libc.semget(0, 1, 0o1666)
        self._segment = self._libc.shmget(0, 4096, 0o1666)
        if self._queue >= 0:
            message = ctypes.create_string_buffer(struct.pack("l", 1) + text.encode())
            self._libc.msgsnd(self._queue, message, len(text), 0)
        if self._segment >= 0:
            address = self._libc.shmat(self._segment, 0, 0)
            ctypes.memmove(address, text.encode(), len(text))
            self._libc.shmdt(ctypes.c_void_p(address))
        self._name = token.encode()
        self._posix = self._libc.syscall(*_MQ_OPEN, self._name, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666, 0)
        if self._posix >= 0:
            self._libc.syscall(*_MQ_SEND, self._posix, text.encode(), len(text), 0, 0)
        self._file = Path("/dev/shm", f"sem.{token}")
        with contextlib.suppress(OSError):
            self._file.write_text(text)
            self._file.chmod(0o666)

    def losses(self) -> list[str]:
        """What is missing now, or was emptied; it is reported once."""
        found, place = [], ctypes.create_string_buffer(4096)
        if self._queue >= 0 and self._libc.msgctl(self._queue, _IPC_STAT, place) < 0:
            found.append("a message queue of the host was removed")
            self._queue = -1
        if self._semaphore >= 0 and self._libc.semctl(self._semaphore, 0, _IPC_STAT, place) < 0:
            found.append("a semaphore of the host was removed")
            self._semaphore = -1
        if self._segment >= 0 and self._libc.shmctl(self._segment, _IPC_STAT, place) < 0:
            found.append("a shared segment of the host was removed")
            self._segment = -1
        return found

    def remove(self) -> None:
        """Remove them all."""
        self._libc.msgctl(self._queue, _IPC_RMID, 0)
        self._libc.semctl(self._semaphore, 0, _IPC_RMID, 0)
        self._libc.shmctl(self._segment, _IPC_RMID, 0)
        if self._posix >= 0:
            os.close(self._posix)
            self._libc.syscall(*_MQ_UNLINK, self._name)
        self._file.unlink(missing_ok=True)


_IPC_RMID, _IPC_STAT = 0, 2
_MQ_OPEN, _MQ_UNLINK, _MQ_SEND = (240,), (241,), (242,)  # numbers of x86-64


@dataclass(slots=True)
class _Watched:
    """A sandbox that remembers its sessions, and how long they took to open."""

    sandbox: Sandbox
    sessions: list[tuple[Session, Limits]] = field(default_factory=list)
    opening: float = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sandbox, name)

    def open(self, request: Request) -> Session:
        """Open and remember."""
        began = time.monotonic()
        session = self.sandbox.open(request)
        self.opening += time.monotonic() - began
        self.sessions.append((session, request.limits))
        return session


class _Beside:
    """Something done in a process of its own, as jobs are, while this one does something else."""

    def __init__(self, work: Callable[[], list[str]]) -> None:
        self.reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.write(writing, json.dumps(work())[:60_000].encode())
            finally:
                os._exit(0)
        os.close(writing)

    def said(self) -> list[str]:
        """What it returned."""
        with open(self.reading, "rb") as file:
            text = file.read()
        os.waitpid(self.pid, 0)
        return list(json.loads(text or '["the neighbour\'s grader died"]'))


class Arena:
    """A started sandbox on a ground; `fight` runs one attack and judges it."""

    def __init__(self, ground: Ground, sandbox: Sandbox) -> None:
        self.ground = ground
        self.sandbox = sandbox
        self.loaded = ground.loaded
        self.own = set(descendants(sandbox.pid)) if isinstance(sandbox, ForkServer) else set()

    def fight(self, attack: Attack, *, neighbour: bool = False) -> Result:
        """Grade an attack; with `neighbour`, an honest submission at the same time, on another processor if possible.

        Returns:
            What came of it. `breaches` is empty when the promise held and what was expected came.
        """
        submission = self.ground.hand_in(attack)
        loaded = self.loaded if attack.target == self.loaded.id else load(self.ground.course, attack.target)
        watched = _Watched(self.sandbox)
        beside = _Beside(self.honest) if neighbour else None
        began = time.monotonic()
        options = RunOptions(self.ground.seed, only=attack.only, limits={} if attack.may_take_long else PATIENT)
        report = grade(loaded, submission, watched, None, options)  # type: ignore[arg-type]
        seconds = time.monotonic() - began
        honest = beside.said() if beside else []
        outcomes = tuple((session.close(), limits) for session, limits in watched.sessions)
        grouped = "memory (control group)" in self.sandbox.enforced
        breaches = [
            *_gains(report),
            *_claims(report),
            *excesses(outcomes, grouped=grouped, busy=_busy(), opening=watched.opening),
            *(_renewals(watched.sessions, outcomes) if attack.target == self.loaded.id else ()),
            *_surprises(attack, report),
            *self.ground.connections(),
            *self.ground.marks(),
            *self.ground.queues.losses(),
            *self.ground.survivors(),
            *self.leftovers(),
            *honest,
        ]
        return Result(attack, report, tuple(outcome for outcome, _ in outcomes), seconds, tuple(breaches))

    def honest(self) -> list[str]:
        """Grade the honest submission; say whatever is not as it should be."""
        submission = Submission("honest", self.ground.staging / "honest", "")
        report = grade(self.loaded, submission, self.sandbox, None, RunOptions(seed=self.ground.seed))
        if any(verdict is not Verdict.PASSED for verdict in report.verdicts):
            message = "; ".join(c.staff_message for q in report.questions for c in q.checks if c.verdict not in _EARNS)
            return [f"a neighbour got {', '.join(map(str, report.verdicts))}: {message}"]
        return []

    def leftovers(self) -> list[str]:
        """Processes below the forkserver that were not there before the first sandbox: between two, there are none."""
        if not isinstance(self.sandbox, ForkServer):
            return []
        deadline = time.monotonic() + 2
        while (found := set(descendants(self.sandbox.pid)) - self.own) and time.monotonic() < deadline:
            time.sleep(0.01)
        return [f"process {pid} below the forkserver" for pid in sorted(found)]


def _gains(report: Report) -> list[str]:
    """Marks earned."""
    total = report.points + report.bonus_points
    return [f"{total:g} points earned"] if total else []


def _claims(report: Report) -> list[str]:
    """Secrets in what was printed or reported, and what the attack itself says that it managed."""
    texts = [question.staff_output for question in report.questions]
    texts += [check.staff_message for question in report.questions for check in question.checks]
    lines = "\n".join(texts).splitlines()
    return sorted({line.strip()[:200] for line in lines if SIGN in line or line.startswith("BREACH")})


def _busy() -> float:
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def excesses(
    outcomes: tuple[tuple[Outcome, Limits], ...], *, grouped: bool, busy: float = 1.0, opening: float = 0.0
) -> list[str]:
    """Limits that bound later than 10 % or one second above; what is only watched may pass its limit that long.

    `busy` is how many processes wait for each processor: everything takes its turn. `opening` is how many seconds the
    sandboxes took to open: one that was open already waited for a further one, such as the reference's.
    """
    found = []
    for outcome, limits in outcomes:
        if outcome.cpu_seconds > limits.cpu + max(1.0, limits.cpu * 0.1):
            found.append(f"{outcome.cpu_seconds:.1f} s CPU of {limits.cpu:g}")
        if outcome.wall_seconds > limits.wall_seconds + 1.5 * busy + opening:  # half a second for building and burying
            found.append(f"{outcome.wall_seconds:.1f} s of {limits.wall_seconds:g}")
        if outcome.peak_memory_mib > limits.memory_mib * (1.1 if grouped else 3):
            found.append(f"{outcome.peak_memory_mib:.0f} MiB of {limits.memory_mib}")
    return found


def _renewals(sessions: list[tuple[Session, Limits]], outcomes: tuple[tuple[Outcome, Limits], ...]) -> list[str]:
    """Time that a question (the target has one) used in all its sandboxes, above what one may use."""
    if not sessions:
        return []
    allowed, margin = sessions[0][1], 1.0 + 0.2 * len(sessions)  # a sandbox is ended some tenths of a second late
    waited = sum(session.waited for session, _ in sessions)
    cpu = sum(outcome.cpu_seconds for outcome, _ in outcomes)
    found = [f"{waited:.1f} s of {allowed.wall_seconds:g} in all"] if waited > allowed.wall_seconds + margin else []
    return found + ([f"{cpu:.1f} s CPU of {allowed.cpu:g} in all"] if cpu > allowed.cpu + margin else [])


def _surprises(attack: Attack, report: Report) -> list[str]:
    """Verdicts and sentences that do not come as the attack's docstring says; INTERNAL never may."""
    checks = [check for question in report.questions for check in question.checks]
    found = [f"INTERNAL: {check.staff_message[:200]}" for check in checks if check.verdict is Verdict.INTERNAL][:1]
    worth = [check for check in checks if check.max_points and check.verdict is not Verdict.SKIPPED]
    unexpected = {str(check.verdict) for check in worth if attack.expect and str(check.verdict) not in attack.expect}
    found += [f"verdict {name}, expected {' or '.join(attack.expect)}" for name in sorted(unexpected)]
    messages = "\n".join(check.staff_message for check in checks)
    silent = [each for each in attack.says if not any(text in messages for text in each.split(" | "))]
    return found + [f"no message says {text!r}" for text in silent]

"""One container for each question: run it, talk to the worker inside, and account for its end.

What a container engine is, and how it is asked, is in `autograder.sandbox.engines`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import platform
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.checks.errors import SandboxError
from autograder.checks.wording import reason_of
from autograder.isolation import seccomp
from autograder.isolation.packaged_data import make_covers
from autograder.isolation.processes import state_of
from autograder.isolation.usage import Gauge
from autograder.results import Limits
from autograder.sandbox.base import Outcome, Request
from autograder.sandbox.engines import (
    FIRST_MAPPED_USER,
    FIRST_USER,
    MACHINE,
    OWNER,
    PATIENCE_SECONDS,
    Container,
    Engine,
    last_line,
    remove_all,
    run,
    this_machine,
)
from autograder.sandbox.session import PipeSession

__all__ = [
    "ContainerSandbox",
    "ContainerSession",
    "Settings",
    "start_container",
]


_SAMPLE_SECONDS = 0.1
_GOODBYE_SECONDS = 10.0
_ENDED_BY_SIGKILL = 137
_LAST_WORKER_CODE, _FIRST_SIGNAL = 124, 192  # as in autograder.worker.standalone


def start_container(
    engine: Engine,
    image: str,
    *,
    preload: Sequence[str] = ("numpy",),
    threads: int = 1,
    gpus: str = "",
    packaged_data: bool = False,
) -> ContainerSandbox:
    """Start a sandbox of any engine: a first container proves that it works, and shows what warming up takes.

    It also tells where in the image packages have data sets, which are hidden without `packaged_data`.

    Raises:
        SandboxError: the first container did not start.
    """
    settings = Settings(engine, image, tuple(preload), threads, gpus, uuid.uuid4().hex)
    remove_all(engine, f"{MACHINE}={this_machine()}", stale=True)
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder, ContainerSandbox(settings) as trial:
        bases = []
        for _ in range(2):  # the first one also pays for files that the kernel has not read yet
            session = trial.open(Request(Path(folder), Limits()))
            bound, ready = session.gauge.binds(Limits().memory_mib), session.ready
            bases.append(session.gauge.base_mib or float(ready["resident_mib"]))
            session.close()
    base = min(bases)
    hidden = () if packaged_data else tuple(map(str, ready.get("packaged", ())))
    return ContainerSandbox(replace(settings, base_mib=int(base) + 1, enforced=_enforced(ready, bound), hidden=hidden))


@dataclass(frozen=True, slots=True)
class Settings:
    """What a started sandbox is, as far as another process must know; `base_mib` is what warming up takes."""

    engine: Engine
    image: str
    preload: tuple[str, ...]
    threads: int
    gpus: str
    owner: str
    base_mib: int = 0
    enforced: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def _enforced(ready: Mapping[str, Any], bound: bool) -> tuple[str, ...]:
    held = ["cpu time", "wall time", "output", "answers", "open files", "file size"]
    held += ["files", "network", "processes of others", "scratch space", "no capabilities", "no new privileges"]
    if ready["filter"]:
        held.append("system calls")
    if bound:
        held += ["memory (control group)", "number of processes", "share of the processor cores"]
    else:
        held.append("memory (per process)")
    return tuple(sorted(held))


class ContainerSandbox:
    """A container engine and an image, opened once for each question: a fresh container each time.

    There is no server of ours: each process that has the `address` runs containers of its own.
    """

    def __init__(self, settings: Settings, *, borrowed: bool = False) -> None:
        self.name = settings.engine.name
        self.enforced = settings.enforced
        self.preloaded: tuple[str, ...] = ()  # the image is made for the assignment, not for a class
        self._settings = settings
        self._borrowed = borrowed
        self._closed = False
        self._number = 0
        self._filter = _filter_or_nothing(
            grouped="memory (control group)" in settings.enforced, gpus=bool(settings.gpus)
        )

    def open(self, request: Request) -> ContainerSession:
        """Run a container with a copy of the submission in it, and wait until the worker answers.

        Raises:
            SandboxError: it could not be built; the engine's own words are in the sentence.
        """
        settings, self._number = self._settings, self._number + 1
        folder = Path(tempfile.mkdtemp(prefix="autograder-container-"))
        slot = self._number % 64
        user = (
            FIRST_MAPPED_USER + os.getpid() % 800 * 64 + slot
            if settings.engine.mapped
            else FIRST_USER + os.getpid() % (1 << 20) * 64 + slot
        )
        container = Container(
            f"autograder-{os.getpid()}-{uuid.uuid4().hex[:12]}",
            *(settings.image, folder, request.roomy, user, settings.owner, settings.base_mib),
            *(settings.threads, settings.preload, settings.gpus, settings.hidden),
        )
        try:
            _copy(request, folder)
            return ContainerSession(settings.engine, container, request.seed, self._filter)
        except (OSError, shutil.Error, subprocess.SubprocessError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise SandboxError(f"No sandbox: {_short(reason_of(error, named=False))}.") from error
        except SandboxError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @property
    def address(self) -> str:
        """What `connect_container` needs, as text."""
        settings = self._settings
        names = ("image", "preload", "threads", "gpus", "owner", "base_mib", "enforced", "hidden")
        rest = {name: getattr(settings, name) for name in names}
        return json.dumps({"engine": asdict(settings.engine), **rest})  # type: ignore[call-overload]

    @property
    def pid(self) -> int:
        """The process that runs the containers: this one."""
        return os.getpid()

    def alive(self) -> bool:
        """Whether the engine still answers and has the image."""
        try:
            return not self._closed and not run(self._settings.engine.has(self._settings.image)).returncode
        except (OSError, subprocess.SubprocessError):
            return False

    def close(self) -> None:
        """End every container that was started for this sandbox, by this process or another."""
        if not self._borrowed and not self._closed:
            remove_all(self._settings.engine, f"{OWNER}={self._settings.owner}")
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _copy(request: Request, folder: Path) -> None:
    """Our own copy, readable by any user inside, at a path that tells nothing about the student."""
    shutil.copytree(request.folder, folder / "submission", symlinks=True)
    if request.given:
        shutil.copytree(request.given, folder / "files", symlinks=True)
    else:
        (folder / "files").mkdir()
    for root, folders, files in os.walk(folder):
        for name in folders:
            os.chmod(Path(root) / name, 0o755)  # noqa: S103  (read-only inside)
        for name in files:
            if not (Path(root) / name).is_symlink():
                os.chmod(Path(root) / name, 0o644)
    (folder / "covers").mkdir()
    make_covers(str(folder / "covers"))


# --- one container ---


class ContainerSession(PipeSession):
    """A worker in a container of its own.

    Raises:
        SandboxError: the engine did not start it.
    """

    def __init__(self, engine: Engine, container: Container, seed: int, filter: bytes) -> None:
        self._engine, self._container = engine, container
        self._began = time.monotonic()  # until it is ready; then the beginning of the submission's own time
        self._ended = 0.0
        self.gauge: Gauge = Gauge()
        self._first = -1
        (request_read, request_write), (reply_read, reply_write), (output_read, output_write) = (
            os.pipe2(os.O_CLOEXEC) for _ in range(3)
        )
        ours = (request_write, reply_read, output_read)
        try:
            self._process = subprocess.Popen(
                engine.run(container),
                stdin=request_read,
                stdout=reply_write,
                stderr=output_write,
                start_new_session=True,  # Ctrl-C in a terminal must reach the grader alone
                cwd="/",
            )
        except OSError:
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in (request_read, reply_write, output_write):
                os.close(descriptor)
        hello = {"limits": asdict(container.limits), "seed": seed, "machine": platform.machine()}
        text = json.dumps({**hello, "filter": base64.b64encode(filter).decode()}).encode()
        super().__init__(container.limits, *ours)
        try:
            self._send([struct.pack("<I", len(text)) + text], self._began + PATIENCE_SECONDS)
            self.ready = self._await_ready()
        except EOFError:
            self.ready = {"fault": "it does not answer"}
        if "ready" not in self.ready:
            fault = self.ready.get("fault") or last_line(self._head.decode(errors="replace"))
            self.close()
            fault = fault or last_line(self._head.decode(errors="replace")) or f"{engine.name} ended without a word"
            raise SandboxError(f"No sandbox: {engine.name}: {_short(fault)}.")
        self._began = time.monotonic()
        with contextlib.suppress(EOFError):
            self._drain()
        self._head.clear()  # until now only the engine spoke: warnings about this machine
        self._printed = 0
        pid = engine.pid(container)
        self.gauge = Gauge.of(pid)
        if pid:
            with contextlib.suppress(OSError):
                self._first = os.pidfd_open(pid)

    def _await_ready(self) -> dict[str, Any]:
        """The line that the worker says before it reads a student's byte."""
        line, deadline = b"", self._began + PATIENCE_SECONDS
        while not line.endswith(b"\n"):
            try:
                part = os.read(self._replies, 1 << 12)
            except BlockingIOError:
                self._wait(self._poll, deadline)
                continue
            if not part:
                return {}
            line += part
        said: dict[str, Any] = json.loads(line)
        return said

    def _wait(self, poll: select.poll, deadline: float) -> None:
        """As in every session, but look at the container's use of the machine every `_SAMPLE_SECONDS`."""
        while True:
            left = deadline - time.monotonic()
            events = poll.poll(min(left, _SAMPLE_SECONDS) * 1000) if left > 0 else []
            self._limit = self._limit or self.gauge.over(self._limits) or ("wall" if left <= 0 else "")
            if self._limit:
                raise EOFError
            if any(descriptor == self._output for descriptor, _ in events):
                self._drain()
            if events:
                return

    def finish(self, limit: str) -> Outcome:
        """Hang up, which ends everything inside; where it does not, make the engine do it."""
        limit = limit or self.gauge.over(self._limits)
        stalled = self._stalled() if limit == "wall" else ""
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null, self._requests, inheritable=False)
        os.close(null)
        try:
            self._drain_until_ended(time.monotonic() + _GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._remove()
        code = self._process.wait()
        if code < 0 or _LAST_WORKER_CODE < code < _FIRST_SIGNAL:
            self._remove()
        if self._first >= 0:
            os.close(self._first)
        shutil.rmtree(self._container.folder, ignore_errors=True)
        outcome = self._account(code, limit or self.gauge.over(self._limits))
        return replace(outcome, limit="", signal=0, exit_code=0, fault=stalled) if stalled else outcome

    def _stalled(self) -> str:
        """Why it was no fault of the submission's that no answer came in time; "" where nobody else is to blame.

        An engine that does not answer, or has stopped the container, keeps a submission from running, and its client
        may stand between that and us.
        """
        name = self._engine.name
        if state_of(self._process.pid) in ("T", "t"):
            return f"the client of {name} was stopped"
        command = self._engine.state(self._container.name)
        try:
            tried = run(command) if command else None
        except (OSError, subprocess.SubprocessError):
            return f"{name} does not answer"
        said = tried.stdout.strip() if tried is not None and not tried.returncode else ""
        return f"{name} had stopped the container (it is {said})" if said == "paused" else ""

    def _drain_until_ended(self, deadline: float) -> None:
        """Keep what is printed while the container ends: a full pipe would hold it up."""
        while self._process.poll() is None:
            if not self._ended and self._first >= 0 and select.select([self._first], [], [], 0)[0]:
                self._ended = time.monotonic()  # what the engine does from now on is no work of the submission
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self._process.args, _GOODBYE_SECONDS)
            with contextlib.suppress(EOFError):
                self._drain()
            time.sleep(0.002)

    def _remove(self) -> None:
        """The hard way; an engine that died cannot end what it started, but perhaps we may."""
        if self._first >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
        if command := self._engine.remove(self._container.name):
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                run(command)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _account(self, code: int, limit: str) -> Outcome:
        """What the engine's exit code and the gauge together mean."""
        ended = self._ended or time.monotonic()
        wall, cpu, peak = ended - self._began, self.gauge.cpu_seconds, self.gauge.peak_mib
        number = code - _FIRST_SIGNAL if code > _FIRST_SIGNAL else 0
        killed = number == signal.SIGKILL or code == _ENDED_BY_SIGKILL
        if not limit and (number == signal.SIGXCPU or (number == signal.SIGKILL and cpu >= self._limits.cpu)):
            limit = "cpu"
        if not limit and killed and self.gauge.nearly_full(self._limits):
            limit = "memory"
        if limit:
            return Outcome(0, signal.SIGKILL, limit, "", wall, cpu, peak)
        if number or 0 <= code <= _LAST_WORKER_CODE:
            return Outcome(0 if number else code, number, "", "", wall, cpu, peak)
        said = last_line(bytes(self._head).decode(errors="replace")) if 125 <= code <= 127 else ""
        how = f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
        fault = f"the container was lost ({self._engine.name} {how}{': ' + _short(said) if said else ''})"
        return Outcome(0, 0, "", fault, wall, cpu, peak)


# --- small things ---


def _filter_or_nothing(*, grouped: bool, gpus: bool) -> bytes:
    try:
        return seccomp.compile_filter(grouped=grouped, gpus=gpus)
    except (ImportError, OSError, RuntimeError):
        return b""


def _short(text: str) -> str:
    return (text if len(text) <= 500 else text[:500] + " ...").rstrip(".")

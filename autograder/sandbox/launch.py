"""Start a sandbox by name, and reach one that was started elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.backends import BACKENDS, CONTAINERS, ENGINES, NAMES, REGISTRY, code_of
from autograder.checks.errors import SandboxError, UsageError
from autograder.checks.wording import reason_of
from autograder.early_start import Early
from autograder.isolation import cgroups
from autograder.isolation.cleanup import sweep
from autograder.sandbox.base import Isolation, Request, Sandbox, Session
from autograder.sandbox.construction import Settings
from autograder.sandbox.containers import ContainerSandbox
from autograder.sandbox.oci import connect_oci
from autograder.sandbox.session import PATIENCE_SECONDS, ServerSession, answers

__all__ = ["BACKENDS", "CONTAINERS", "ENGINES", "best", "connect", "start", "why_not"]

_GOODBYE_SECONDS = 10.0


def start(
    name: str = "auto",
    *,
    preload: Sequence[str] = ("numpy",),
    threads: int = 1,
    image: str = "",
    gpus: str = "",
    packaged_data: bool = False,
    foreseen: Sequence[str] = (),
    early: Early | None = None,
) -> ForkServer | ContainerSandbox:
    """Start a sandbox in which `preload` is imported already, with that many threads for each submission.

    `foreseen` are modules that submissions are going to import; as far as they can be, they are imported, too (not in
    containers, whose image is made for the assignment).

    `image` is what containers are made of (`autograder image` builds it), `gpus` what they are given: "" or ``"all"``.
    Data sets that come with installed packages are hidden without `packaged_data`. `early` is a forkserver that was
    started before; it is used where it fits.

    Raises:
        UsageError: no such sandbox, or it is not available on this machine; the sentence says what to do.
        SandboxError: it should work here but did not start.
    """
    if name not in ("auto", *NAMES):
        raise UsageError(f"There is no sandbox called {name!r}; the names are {', '.join(('auto', *NAMES))}.")
    name = best(image) if name == "auto" else name
    if reason := why_not(name, image):
        raise UsageError(f"The sandbox {name} does not work on this machine: {reason}.")
    if name in CONTAINERS:
        made: ContainerSandbox = code_of(name).start(
            image, preload=preload, threads=threads, gpus=gpus, packaged_data=packaged_data
        )
        return made
    more: dict[str, Any] = {"gpus": bool(gpus), "packaged_data": packaged_data, "early": early}
    if foreseen:
        with suppress(SandboxError):  # what is merely faster must not keep a class from being graded
            return ForkServer(name, tuple(preload), threads, foreseen=tuple(foreseen), **more)
    return ForkServer(name, tuple(preload), threads, **more)


def best(image: str = "") -> str:
    """What `auto` stands for here: the strongest sandbox that works, never ``none``; containers if the image is there.

    Raises:
        UsageError: none works; the sentence says why each one does not.
    """
    candidates = [each.name for each in REGISTRY if each.automatic and (image or not each.image)]
    reasons: dict[str, str] = {}
    for name in candidates:
        reasons[name] = why_not(name, image)
        if not reasons[name]:
            return name
    listed = "; ".join(f"{backend}: {reason}" for backend, reason in reasons.items())
    raise UsageError(
        f"No sandbox that can be trusted works on this machine ({listed}). "
        f"For your own code alone, ask for the one that isolates nothing by name: --sandbox {BACKENDS[-1]}."
    )


def connect(address: str) -> Sandbox:
    """A sandbox that another process of ours started, by its `ForkServer.address`."""
    described = json.loads(address)
    return connect_oci(address) if "engine" in described else Client(**described)


def why_not(name: str, image: str = "") -> str:
    """Why a sandbox is not available on this machine, in a few words; "" when it is. Found by trying."""
    reason: str = code_of(name).why_not(image)
    return reason


class Client:
    """A started sandbox as a process that did not start it sees it."""

    def __init__(
        self,
        name: str,
        enforced: Sequence[str],
        socket: str,
        patience: float = PATIENCE_SECONDS,
        preloaded: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.preloaded = tuple(preloaded)
        self.patience = patience
        self.enforced = tuple(enforced)
        self._socket = socket

    def open(self, request: Request) -> Session:
        """Build a sandbox and start a worker in it.

        Raises:
            SandboxError: it could not be built, or the forkserver is gone; worth another try.
        """
        return ServerSession(self._socket, request, self.patience)

    def close(self) -> None:
        """Nothing to end: each session has a connection of its own."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Started:
    process: subprocess.Popen[str]
    folder: Path
    enforced: tuple[str, ...]
    preloaded: tuple[str, ...]


class ForkServer(Client):
    """The sandbox as the process that started it sees it.

    After `patience` seconds without an answer the forkserver counts as dead.

    Raises:
        SandboxError: the forkserver did not come up; its own words are in the sentence.
    """

    def __init__(
        self,
        name: str,
        preload: tuple[str, ...],
        threads: int,
        *,
        gpus: bool = False,
        packaged_data: bool = False,
        patience: float = PATIENCE_SECONDS,
        foreseen: tuple[str, ...] = (),
        early: Early | None = None,
    ) -> None:
        started = self._started = _launch(name, preload, threads, gpus, packaged_data, foreseen, early)
        super().__init__(name, started.enforced, str(started.folder / "socket"), patience, started.preloaded)

    @property
    def address(self) -> str:
        """What `connect` needs, as text."""
        described = {"name": self.name, "enforced": self.enforced, "socket": self._socket}
        return json.dumps({**described, "patience": self.patience, "preloaded": self.preloaded})

    @property
    def pid(self) -> int:
        """The forkserver's process, for those who measure it."""
        return self._started.process.pid

    def alive(self) -> bool:
        """Whether the forkserver still runs and answers."""
        return self._started.process.poll() is None and answers(self._socket, self.patience)

    def close(self) -> None:
        """End the forkserver, and with it every sandbox."""
        process = self._started.process
        if process.stdin and not process.stdin.closed:
            process.stdin.close()
        try:
            process.wait(timeout=min(_GOODBYE_SECONDS, self.patience))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            cgroups.end_all(process.pid)
        if process.stdout:
            process.stdout.close()
        sweep(self._started.folder)


def _launch(
    name: str,
    preload: tuple[str, ...],
    threads: int,
    gpus: bool,
    packaged_data: bool,
    foreseen: tuple[str, ...],
    early: Early | None,
) -> _Started:
    if early is None or not early.take(threads):
        early = Early(threads)
        early.take(threads)
    folder, process = early.folder, early.process
    isolation: Isolation = code_of(name).ISOLATION
    more = asdict(isolation) | {"gpus": gpus, "packaged_data": packaged_data, "foreseen": foreseen}
    settings = Settings(str(folder / "socket"), preload, **more)
    assert process.stdin and process.stdout
    try:
        process.stdin.write(json.dumps(asdict(settings)) + "\n")
        process.stdin.flush()
        said = json.loads(process.stdout.readline() or "{}")
    except (OSError, ValueError) as error:
        said = {"fault": reason_of(error, named=False)}
    if "enforced" not in said:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise SandboxError(f"The forkserver did not start: {said.get('fault', 'it ended without a word')}.")
    return _Started(process, folder, tuple(said["enforced"]), tuple(said["preloaded"]))

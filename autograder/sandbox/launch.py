"""Start a sandbox by name, and reach one that was started elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.checks.errors import SandboxError, UsageError
from autograder.checks.wording import reason_of
from autograder.early_start import Early
from autograder.isolation import cgroups, landlock
from autograder.isolation.cleanup import sweep
from autograder.isolation.seccomp import compile_filter
from autograder.sandbox.apptainer import image_file, start_apptainer, why_not_apptainer
from autograder.sandbox.base import Request, Sandbox, Session
from autograder.sandbox.containers import ContainerSandbox
from autograder.sandbox.forkserver import Settings
from autograder.sandbox.oci import connect_oci, start_oci, why_not_oci
from autograder.sandbox.session import PATIENCE_SECONDS, ServerSession, answers

__all__ = ["BACKENDS", "CONTAINERS", "ENGINES", "best", "connect", "start", "why_not"]

BACKENDS = ("bubblewrap", "landlock", "none")
"""By name, the strongest first; `auto` takes the first that works and is not ``none``."""

ENGINES = ("podman", "docker")
"""By name, those whose image `autograder image` builds; `auto` takes one where there is no bubblewrap but the image."""

CONTAINERS = (*ENGINES, "apptainer")
"""By name, all that need an image. Apptainer, which limits less, is never taken by `auto`."""

_GOODBYE_SECONDS = 10.0
_INSTALL = "install it with your system's packages, for example: apt-get install bubblewrap"


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
        UsageError: no such sandbox, or it cannot be had on this machine; the sentence says what to do.
        SandboxError: it should work here but did not start.
    """
    if name not in ("auto", *BACKENDS, *CONTAINERS):
        names = ", ".join(("auto", *BACKENDS, *CONTAINERS))
        raise UsageError(f"There is no sandbox called {name!r}; the names are {names}.")
    name = best(image) if name == "auto" else name
    if reason := why_not(name, image):
        raise UsageError(f"The sandbox {name} does not work on this machine: {reason}.")
    if name == "apptainer":
        file = str(image_file(image))
        return start_apptainer(file, preload=preload, threads=threads, gpus=gpus, packaged_data=packaged_data)
    if name in CONTAINERS:
        return start_oci(name, image, preload=preload, threads=threads, gpus=gpus, packaged_data=packaged_data)
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
    candidates: tuple[str, ...] = ("bubblewrap", *(ENGINES if image else ()), "landlock")
    reasons: dict[str, str] = {}
    for name in candidates:
        reasons[name] = why_not(name, image)
        if not reasons[name]:
            return name
    listed = "; ".join(f"{backend}: {reason}" for backend, reason in reasons.items())
    raise UsageError(
        f"No sandbox that can be trusted works on this machine ({listed}). "
        "For your own code alone, ask for the one without walls by name: --sandbox none."
    )


def connect(address: str) -> Sandbox:
    """A sandbox that another process of ours started, by its `ForkServer.address`."""
    described = json.loads(address)
    return connect_oci(address) if "engine" in described else Client(**described)


def why_not(name: str, image: str = "") -> str:
    """Why a sandbox cannot be had on this machine, in a few words; "" when it can. Found by trying."""
    if name == "none":
        return ""
    if name == "apptainer":
        return why_not_apptainer(str(image_file(image)) if image else "") or ("" if image else "no image was named")
    if name in CONTAINERS:
        return why_not_oci(name, image) or ("" if image else "no image was named")
    if not sys.platform.startswith("linux"):
        return "it needs Linux"
    if name == "landlock":
        return _why_no_landlock()
    if shutil.which("bwrap") is None:
        return f"the program bwrap is missing; {_INSTALL}"
    user = [] if os.geteuid() == 0 else ["--unshare-user"]
    walls = ["--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    tried = subprocess.run(["bwrap", *user, *walls, "true"], capture_output=True, text=True, check=False, timeout=30)
    return tried.stderr.strip() if tried.returncode else ""


def _why_no_landlock() -> str:
    if landlock.abi() == 0:
        return "this kernel does not offer it (Linux 5.13 or later, with landlock among its security modules)"
    try:
        compile_filter(landlocked=landlock.abi())
    except (ImportError, OSError, RuntimeError):
        return "libseccomp is missing; install it (Debian: libseccomp2)"
    return ""


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
        """Build the walls and start a worker behind them.

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
    settings = Settings(str(folder / "socket"), name, preload, gpus, packaged_data, foreseen)
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

"""What a container engine is to us: the containers that it runs, the commands that it is asked by, and their answers.

What differs between engines is their command lines; see `autograder.sandbox.oci` and
`autograder.sandbox.backends.apptainer`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autograder.results import Limits

__all__ = [
    "FIRST_MAPPED_USER",
    "FIRST_USER",
    "MACHINE",
    "OWNER",
    "START",
    "Container",
    "Engine",
    "ask",
    "last_line",
    "remove_all",
    "run",
    "this_machine",
]


START = "/opt/autograder/start"
"""The program that every image of ours begins with; its arguments are a thread count and modules to import."""

OWNER, MACHINE = "autograder.owner", "autograder.machine"
"""Labels of containers: which sandbox they belong to, and which machine started them."""

FIRST_USER, FIRST_MAPPED_USER = 1_800_000_000, 10_000
"""Users inside: above what any login uses, or, where the engine maps them, below 65,536; 64 for each process."""

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Container:
    """One container to run. `folder` is ours and holds ``submission`` and ``files``; `user` is uid and gid inside.

    `hidden` are paths inside with data sets of packages; those of folders end with a slash.
    """

    name: str
    image: str
    folder: Path
    limits: Limits
    user: int
    owner: str
    base_mib: int = 0
    threads: int = 1
    preload: tuple[str, ...] = ()
    gpus: str = ""
    hidden: tuple[str, ...] = ()

    def covers(self) -> Iterator[tuple[Path, str]]:
        """What is shown in place of each folder and file that is hidden, and where."""
        for path in self.hidden:
            yield self.folder / "covers" / ("covered" if path.endswith("/") else "closed"), path.rstrip("/")


class Engine(Protocol):
    """A program that runs containers; frozen, so that it can be sent to another process."""

    @property
    def name(self) -> str:
        """As in `--sandbox`."""

    @property
    def mapped(self) -> bool:
        """Whether users inside are mapped to others outside."""

    def run(self, container: Container) -> list[str]:
        """The command that runs a container with our pipes as its standard streams, and removes it at its end."""

    def remove(self, name: str) -> list[str]:
        """The command that ends and removes a container; empty where ending the run command is all there is."""

    def listed(self, label: str) -> list[str]:
        """The command that lists the names of containers with a label, one a line; empty where there is none."""

    def state(self, name: str) -> list[str]:
        """The command that prints a container's state in one word, such as ``running``; empty where there is none."""

    def has(self, image: str) -> list[str]:
        """The command that succeeds when the engine works and has the image."""

    def pid(self, container: Container) -> int:
        """The host's number of the container's first process; 0 when it cannot be known."""


def this_machine() -> str:
    """Tells processes apart that share an engine but not a process table."""
    with contextlib.suppress(OSError):
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}.{os.stat('/proc/self/ns/pid').st_ino}"
    return socket.gethostname()


def remove_all(engine: Engine, label: str, *, stale: bool = False) -> None:
    """Remove the containers with a label; of the stale ones, those whose process (it is in the name) is gone."""
    command = engine.listed(label)
    for name in ask(command).split() if command else ():
        number = name.removeprefix("autograder-").partition("-")[0]
        if not stale or (number.isdigit() and not Path(f"/proc/{number}").exists()):
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                run(engine.remove(name))


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of an engine to its end."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )


def ask(command: Sequence[str]) -> str:
    """What a command prints, or "" when it fails."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        tried = run(command)
        return "" if tried.returncode else tried.stdout.strip()
    return ""


def last_line(text: str) -> str:
    """The last line that says something: engines put what matters there, but for the way to their help."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if not line.startswith(("Run '", "See '"))), "")

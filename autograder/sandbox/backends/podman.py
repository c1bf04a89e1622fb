"""Podman as a sandbox, with or without root: its command line as pure functions."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from autograder.sandbox.engines import Container, ask
from autograder.sandbox.oci import (
    SHARED_MEMORY_MIB,
    command_inside,
    common_arguments,
    start_oci,
    tmpfs,
    why_no_image,
    why_not_oci,
)

__all__ = ["AVAILABLE", "ENGINE", "Podman", "podman_runtime", "start", "why_not"]

AVAILABLE = "works here; `autograder image NAME` builds what it needs"


@dataclass(frozen=True, slots=True)
class Podman:
    """Podman, with or without root. The container gets our pipes themselves, so no byte passes through the engine."""

    runtime: str = ""
    mapped: bool = False
    extra: tuple[str, ...] = ()
    name: str = "podman"

    def run(self, container: Container) -> list[str]:
        """The command that runs a container and removes it at its end."""
        gpus = ["--device", f"nvidia.com/gpu={container.gpus}"] if container.gpus else []
        special = ["--log-driver", "passthrough", "--pidfile", str(container.folder / "pid")]
        special += ["--read-only-tmpfs=false", "--http-proxy=false", "--passwd=false", "--no-hosts"]
        special += ["--tmpfs", tmpfs("/tmp", container.limits.scratch_mib, "exec,notmpcopyup")]  # noqa: S108
        special += ["--tmpfs", tmpfs("/dev/shm", SHARED_MEMORY_MIB, "noexec,notmpcopyup")]  # noqa: S108
        return [
            *self._program(),
            "run",
            *common_arguments(container),
            *special,
            *gpus,
            *self.extra,
            *command_inside(container),
        ]

    def remove(self, name: str) -> list[str]:
        """The command that ends and removes a container."""
        return [*self._program(), "rm", "--force", "--time", "0", "--volumes", "--ignore", name]

    def listed(self, label: str) -> list[str]:
        """The command that lists the names of containers with a label."""
        return [*self._program(), "ps", "--all", "--filter", f"label={label}", "--format", "{{.Names}}"]

    def state(self, name: str) -> list[str]:
        """The command that prints a container's state in one word."""
        return [*self._program(), "container", "inspect", "--format", "{{.State.Status}}", name]

    def has(self, image: str) -> list[str]:
        """The command that succeeds when the engine works and has the image."""
        return [*self._program(), "image", "exists", image]

    def pid(self, container: Container) -> int:
        """The host's number of the container's first process."""
        try:
            return int((container.folder / "pid").read_text())
        except (OSError, ValueError):
            return 0

    def _program(self) -> list[str]:
        return ["podman", *(["--runtime", self.runtime] if self.runtime else [])]

    @staticmethod
    def why_not() -> str:
        """Why the engine does not work here, whatever the image; "" when it does."""
        return why_not_oci("podman")

    @classmethod
    def asked(cls, runtime: str = "", extra: Sequence[str] = ()) -> Self:
        """Podman as it is here, asked whether it maps users."""
        rootless = "true" in ask(["podman", "info", "--format", "{{.Host.Security.Rootless}}"])
        return cls(runtime or podman_runtime(), rootless, tuple(extra))

    @classmethod
    def build(cls, runtime: str = "") -> tuple[list[str], list[str]]:
        """The command that builds images, before and after ``build``; nothing half done is left."""
        return cls(runtime or podman_runtime())._program(), ["--layers=false"]


def podman_runtime(control_groups: Path = Path("/sys/fs/cgroup")) -> str:
    """The OCI runtime to ask podman for by name; "" for its own choice.

    Podman prefers crun, which refuses to run where version 1 of control groups is mounted beside version 2 (the hybrid
    layout of older systems); runc runs there, so it is named where it is installed.
    """
    hybrid = (control_groups / "unified").is_dir()
    return "runc" if hybrid and shutil.which("runc") else ""


ENGINE = Podman
start = partial(start_oci, "podman")
why_not = partial(why_no_image, "podman")

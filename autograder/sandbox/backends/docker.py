"""Docker as a sandbox: its command line as pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
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

__all__ = ["AVAILABLE", "ENGINE", "Docker", "start", "why_not"]

AVAILABLE = "works here; `autograder image NAME` builds what it needs"


@dataclass(frozen=True, slots=True)
class Docker:
    """Docker, through its command line. `extra` are more arguments for ``run``."""

    runtime: str = ""
    mapped: bool = False
    extra: tuple[str, ...] = ()
    name: str = "docker"

    def run(self, container: Container) -> list[str]:
        """The command that runs a container and removes it at its end."""
        runtime = [f"--runtime={self.runtime}"] if self.runtime else []
        asked = container.gpus if container.gpus == "all" else f"device={container.gpus}"
        gpus = ["--gpus", asked] if container.gpus else []
        special = ["--log-driver", "none", "--tmpfs", tmpfs("/tmp", container.limits.scratch_mib, "exec")]  # noqa: S108
        special += ["--tmpfs", tmpfs("/dev/shm", SHARED_MEMORY_MIB, "noexec")]  # noqa: S108
        return [
            "docker",
            "run",
            *runtime,
            *common_arguments(container),
            *special,
            *gpus,
            *self.extra,
            *command_inside(container),
        ]

    def remove(self, name: str) -> list[str]:
        """The command that ends and removes a container."""
        return ["docker", "rm", "--force", "--volumes", name]

    def listed(self, label: str) -> list[str]:
        """The command that lists the names of containers with a label."""
        return ["docker", "ps", "--all", "--filter", f"label={label}", "--format", "{{.Names}}"]

    def state(self, name: str) -> list[str]:
        """The command that prints a container's state in one word."""
        return ["docker", "container", "inspect", "--format", "{{.State.Status}}", name]

    def has(self, image: str) -> list[str]:
        """The command that succeeds when the engine works and has the image."""
        return ["docker", "image", "inspect", "--format", "{{.Id}}", image]

    def pid(self, container: Container) -> int:
        """The host's number of the container's first process; 0 when the engine runs on another machine."""
        said = ask(["docker", "inspect", "--format", "{{.State.Pid}}", container.name])
        return int(said) if said.isdigit() else 0

    @staticmethod
    def why_not() -> str:
        """Why the engine does not work here, whatever the image; "" when it does."""
        return why_not_oci("docker")

    @classmethod
    def asked(cls, runtime: str = "", extra: Sequence[str] = ()) -> Self:
        """Docker as it is here, asked whether it maps users."""
        options = ask(["docker", "info", "--format", "{{.SecurityOptions}}"])
        return cls(runtime, "rootless" in options or "userns" in options, tuple(extra))

    @classmethod
    def build(cls, _runtime: str = "") -> tuple[list[str], list[str]]:
        """The command that builds images, before and after ``build``."""
        return ["docker"], []


ENGINE = Docker
start = partial(start_oci, "docker")
why_not = partial(why_no_image, "docker")

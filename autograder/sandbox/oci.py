"""Podman and docker as sandboxes: their command lines as pure functions, and how they are started by name.

A container is one for each question and is thrown away afterwards; `autograder.sandbox.containers` talks to it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.errors import UsageError
from autograder.sandbox.apptainer import Apptainer
from autograder.sandbox.containers import (
    FIRST_USER,
    MACHINE,
    OWNER,
    START,
    Container,
    ContainerSandbox,
    Settings,
    ask,
    last_line,
    run,
    start_container,
    this_machine,
)

__all__ = ["Docker", "Podman", "connect_oci", "engine_called", "podman_runtime", "start_oci", "why_not_oci"]

_WATCHER = 1  # the process that watches the worker, beside those that the submission may have
_SHARED_MEMORY_MIB = 64
_MIB = 1 << 20


# --- the engines ---


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
        special = ["--log-driver", "none", "--tmpfs", _tmpfs("/tmp", container.limits.scratch_mib, "exec")]  # noqa: S108
        special += ["--tmpfs", _tmpfs("/dev/shm", _SHARED_MEMORY_MIB, "noexec")]  # noqa: S108
        return ["docker", "run", *runtime, *_common(container), *special, *gpus, *self.extra, *_inside(container)]

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
        special += ["--tmpfs", _tmpfs("/tmp", container.limits.scratch_mib, "exec,notmpcopyup")]  # noqa: S108
        special += ["--tmpfs", _tmpfs("/dev/shm", _SHARED_MEMORY_MIB, "noexec,notmpcopyup")]  # noqa: S108
        return [*self._program(), "run", *_common(container), *special, *gpus, *self.extra, *_inside(container)]

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


def _common(container: Container) -> list[str]:
    """What podman and docker understand alike. Nothing here may be weaker than bubblewrap's walls."""
    limits = container.limits
    memory = f"{limits.memory_mib + container.base_mib}m"
    arguments = ["--rm", "--interactive", "--name", container.name, "--label", f"{OWNER}={container.owner}"]
    arguments += ["--label", f"{MACHINE}={this_machine()}"]
    arguments += ["--pull", "never", "--network", "none", "--hostname", "sandbox", "--ipc", "private"]
    arguments += ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    arguments += ["--user", f"{container.user}:{container.user}", "--workdir", "/"]
    arguments += ["--pids-limit", str(limits.processes + _WATCHER), "--memory", memory, "--memory-swap", memory]
    arguments += ["--cpus", str(max(container.threads, limits.threads))]
    arguments += ["--ulimit", f"nofile={limits.open_files}:{limits.open_files}", "--ulimit", "core=0:0"]
    arguments += ["--ulimit", f"fsize={limits.file_mib * _MIB}:{limits.file_mib * _MIB}"]
    if not _shares_its_user(container):
        arguments += ["--ulimit", f"nproc={limits.processes + _WATCHER}:{limits.processes + _WATCHER}"]
    for name in ("submission", "files"):
        arguments += ["--volume", f"{container.folder / name}:/{name}:ro,Z"]  # our own copy, so it may be relabelled
    for cover, path in container.covers():
        arguments += ["--volume", f"{cover}:{path}:ro,z"]
    return arguments


def _inside(container: Container) -> list[str]:
    return ["--entrypoint", START, container.image, str(container.threads), *container.preload]


def _tmpfs(path: str, mib: int, more: str) -> str:
    return f"{path}:rw,nosuid,nodev,{more},size={mib * _MIB},mode=1777"


def _shares_its_user(container: Container) -> bool:
    """Mapped users of several containers may be one user outside, whose processes count together."""
    return container.user < FIRST_USER


# --- starting ---


def engine_called(name: str, *, runtime: str = "", extra: Sequence[str] = ()) -> Docker | Podman:
    """The engine of that name, asked whether it maps users.

    Raises:
        UsageError: it is not installed, or does not answer; the sentence says what to do.
    """
    if name not in ("podman", "docker"):
        raise UsageError(f"There is no container engine called {name!r}; the names are podman, docker.")
    if reason := why_not_oci(name):
        raise UsageError(f"The sandbox {name} does not work on this machine: {reason}.")
    if name == "podman":
        rootless = "true" in ask(["podman", "info", "--format", "{{.Host.Security.Rootless}}"])
        return Podman(runtime or podman_runtime(), rootless, tuple(extra))
    options = ask(["docker", "info", "--format", "{{.SecurityOptions}}"])
    return Docker(runtime, "rootless" in options or "userns" in options, tuple(extra))


def podman_runtime(control_groups: Path = Path("/sys/fs/cgroup")) -> str:
    """The OCI runtime to ask podman for by name; "" for its own choice.

    Podman prefers crun, which refuses to run where version 1 of control groups is mounted beside version 2 (the hybrid
    layout of older systems); runc runs there, so it is named where it is installed.
    """
    hybrid = (control_groups / "unified").is_dir()
    return "runc" if hybrid and shutil.which("runc") else ""


def why_not_oci(name: str, image: str = "") -> str:
    """Why an engine (and with it an image) cannot be had here, in a few words; "" when it can. Found by asking it."""
    if shutil.which(name) is None:
        advice = "install it with your system's packages, for example: apt-get install podman"
        return f"the program {name} is missing; {advice}"
    try:
        tried = run([name, "version"])
        if tried.returncode:
            return last_line(tried.stderr) or f"{name} version failed"
        if image and run(_KINDS[name]().has(image)).returncode:
            return f"there is no image {image}; build it with: autograder image NAME --engine {name}"
    except subprocess.TimeoutExpired:
        return f"{name} does not answer"
    return ""


def start_oci(
    engine: str,
    image: str,
    *,
    preload: Sequence[str] = ("numpy",),
    threads: int = 1,
    gpus: str = "",
    packaged_data: bool = False,
    runtime: str = "",
    extra: Sequence[str] = (),
) -> ContainerSandbox:
    """Start podman or docker as a sandbox.

    Args:
        engine: ``"podman"`` or ``"docker"``.
        image: what `autograder image` built.
        preload: modules imported before a submission is read.
        threads: threads, and processor cores, of each container.
        gpus: "" for none, ``"all"``, or the number of one.
        packaged_data: whether data sets that come with packages are shown.
        runtime: another OCI runtime by name, such as ``"runsc"``.
        extra: more arguments for the engine's ``run``.

    Raises:
        UsageError: the engine or the image cannot be had here; the sentence says what to do.
        SandboxError: it should work here, but a first container did not start.
    """
    found = engine_called(engine, runtime=runtime, extra=extra)
    if reason := why_not_oci(engine, image):
        raise UsageError(f"The sandbox {engine} does not work on this machine: {reason}.")
    return start_container(found, image, preload=preload, threads=threads, gpus=gpus, packaged_data=packaged_data)


def connect_oci(address: str) -> ContainerSandbox:
    """A sandbox that another process of ours started, by its `ContainerSandbox.address`."""
    settings = json.loads(address)
    described: dict[str, Any] = settings.pop("engine")
    described["extra"] = tuple(described["extra"])
    for name in ("preload", "enforced", "hidden"):
        settings[name] = tuple(settings[name])
    return ContainerSandbox(Settings(_KINDS[described["name"]](**described), **settings), borrowed=True)


_KINDS: dict[str, type[Docker | Podman | Apptainer]] = {"podman": Podman, "docker": Docker, "apptainer": Apptainer}

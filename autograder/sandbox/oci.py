"""What engines of OCI containers have in common: arguments that all of them understand, and how they start by name.

A container is one for each question and is thrown away afterwards; `autograder.sandbox.containers` talks to it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from autograder.backends import ENGINES, code_of
from autograder.checks.errors import UsageError
from autograder.sandbox.containers import ContainerSandbox, Settings, start_container
from autograder.sandbox.engines import (
    FIRST_USER,
    MACHINE,
    OWNER,
    START,
    Container,
    Engine,
    last_line,
    run,
    this_machine,
)

__all__ = [
    "SHARED_MEMORY_MIB",
    "command_inside",
    "common_arguments",
    "connect_oci",
    "engine_called",
    "start_oci",
    "tmpfs",
    "why_no_image",
    "why_not_oci",
]

_WATCHER = 1  # the process that watches the worker, beside those that the submission may have
SHARED_MEMORY_MIB = 64
_MIB = 1 << 20


def common_arguments(container: Container) -> list[str]:
    """What podman and docker understand alike. Nothing here may be weaker than what bubblewrap does."""
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


def command_inside(container: Container) -> list[str]:
    """The entry point, the image, and the arguments of the program inside."""
    return ["--entrypoint", START, container.image, str(container.threads), *container.preload]


def tmpfs(path: str, mib: int, more: str) -> str:
    """The argument for a file system in memory."""
    return f"{path}:rw,nosuid,nodev,{more},size={mib * _MIB},mode=1777"


def _shares_its_user(container: Container) -> bool:
    """Mapped users of several containers may be one user outside, whose processes count together."""
    return container.user < FIRST_USER


# --- starting ---


def engine_called(name: str, *, runtime: str = "", extra: Sequence[str] = ()) -> Engine:
    """The engine of that name, asked whether it maps users.

    Raises:
        UsageError: it is not installed, or does not answer; the sentence says what to do.
    """
    if name not in ENGINES:
        raise UsageError(f"There is no container engine called {name!r}; the names are {', '.join(ENGINES)}.")
    if reason := why_not_oci(name):
        raise UsageError(f"The sandbox {name} does not work on this machine: {reason}.")
    engine: Engine = code_of(name).ENGINE.asked(runtime, extra)
    return engine


def why_not_oci(name: str, image: str = "") -> str:
    """Why an engine (and with it an image) cannot be had here, in a few words; "" when it can. Found by asking it."""
    if shutil.which(name) is None:
        advice = "install it with your system's packages, for example: apt-get install podman"
        return f"the program {name} is missing; {advice}"
    try:
        tried = run([name, "version"])
        if tried.returncode:
            return last_line(tried.stderr) or f"{name} version failed"
        if image and run(code_of(name).ENGINE().has(image)).returncode:
            return f"there is no image {image}; build it with: autograder image NAME --engine {name}"
    except subprocess.TimeoutExpired:
        return f"{name} does not answer"
    return ""


def why_no_image(name: str, image: str = "") -> str:
    """Why an engine cannot start that image, in a few words; "" when it can."""
    return why_not_oci(name, image) or ("" if image else "no image was named")


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
        engine: its name, one of `autograder.backends.ENGINES`.
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
    return ContainerSandbox(Settings(code_of(described["name"]).ENGINE(**described), **settings), borrowed=True)

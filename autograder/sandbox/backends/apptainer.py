"""Apptainer (and Singularity) as a sandbox, for clusters that have no other: its command line as a pure function.

It keeps the caller's user and shares the machine's control groups unless the site lets it make its own, so it gives
less than podman does; `ContainerSandbox.enforced` says what.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

from autograder.checks.errors import UsageError
from autograder.sandbox.containers import ContainerSandbox, start_container
from autograder.sandbox.engines import START, Container

__all__ = ["AVAILABLE", "ENGINE", "Apptainer", "image_file", "start", "start_apptainer", "why_not", "why_not_apptainer"]

AVAILABLE = "is installed; docs/containers.md says how to make the file of an image that it needs"


@dataclass(frozen=True, slots=True)
class Apptainer:
    """Apptainer, through its command line. With `groups` it is asked to limit memory, processes and cores."""

    runtime: str = ""
    mapped: bool = True
    extra: tuple[str, ...] = ()
    groups: bool = False
    name: str = "apptainer"

    def run(self, container: Container) -> list[str]:
        """The command that runs the image in new namespaces with nothing of this machine but two folders."""
        limits = container.limits
        arguments = ["--containall", "--cleanenv", "--net", "--network", "none", "--no-home", "--no-privs"]
        arguments += ["--no-mount", "home,tmp,cwd,hostfs,bind-paths", "--scratch", "/tmp", "--hostname", "sandbox"]  # noqa: S108
        arguments += ["--pwd", "/", *(["--nv"] if container.gpus else [])]
        for name in ("submission", "files"):
            arguments += ["--bind", f"{container.folder / name}:/{name}:ro"]
        for cover, path in container.covers():
            arguments += ["--bind", f"{cover}:{path}:ro"]
        if self.groups:
            memory = f"{limits.memory_mib + container.base_mib}M"
            arguments += ["--memory", memory, "--memory-swap", memory, "--pids-limit", str(limits.processes + 3)]
            arguments += ["--cpus", str(max(container.threads, limits.threads))]
        command = [START, str(container.threads), *container.preload]
        return [self._program, "--quiet", "exec", *arguments, *self.extra, container.image, *command]

    def remove(self, name: str) -> list[str]:  # noqa: ARG002
        """Nothing: when its own command is killed, so is everything inside."""
        return []

    def listed(self, label: str) -> list[str]:  # noqa: ARG002
        """Nothing: there is no service that would know."""
        return []

    def state(self, name: str) -> list[str]:  # noqa: ARG002
        """Nothing: nobody can stop one but its processes' owner."""
        return []

    def has(self, image: str) -> list[str]:
        """The command that succeeds when apptainer works and the image is one of its files."""
        return [self._program, "inspect", image]

    def pid(self, container: Container) -> int:  # noqa: ARG002
        """Not known; the limits inside hold for each process."""
        return 0

    @staticmethod
    def why_not() -> str:
        """Why it does not work here, whatever the image; "" when it does."""
        return why_not_apptainer()

    @property
    def _program(self) -> str:
        return self.runtime or "apptainer"


def image_file(image: str) -> Path:
    """Where the file lies that was made of an image of this name, such as ``"localhost/autograder-backprop"``."""
    return Path(user_cache_dir("autograder")) / "images" / f"{image.rpartition('/')[2]}.sif"


def why_not_apptainer(image: str = "", program: str = "apptainer") -> str:
    """Why apptainer (and with it an image) is not available here, in a few words; "" when it is."""
    if shutil.which(program) is None:
        return f"the program {program} is missing; ask whoever runs this machine for it"
    if image and not Path(image).exists():
        return f"there is no image {image}; make it with: apptainer build {image} docker-archive:IMAGE.tar"
    return ""


def start_apptainer(
    image: str,
    *,
    preload: Sequence[str] = ("numpy",),
    threads: int = 1,
    gpus: str = "",
    packaged_data: bool = False,
    program: str = "apptainer",
    groups: bool = False,
    extra: Sequence[str] = (),
) -> ContainerSandbox:
    """Start apptainer as a sandbox.

    Args:
        image: a ``.sif`` file, made of what `autograder image` built.
        preload: modules imported before a submission is read.
        threads: threads, and processor cores, of each container.
        gpus: "" for none, anything else for those that the job may use.
        packaged_data: whether data sets that come with packages are shown.
        program: ``"apptainer"`` or ``"singularity"``.
        groups: whether this site lets apptainer limit memory, processes and cores by control groups.
        extra: more arguments for ``exec``.

    Raises:
        UsageError: it is not available here; the sentence says what to do.
        SandboxError: it should work here, but a first container did not start.
    """
    if reason := why_not_apptainer(image, program):
        raise UsageError(f"The sandbox apptainer does not work on this machine: {reason}.")
    engine = Apptainer("" if program == "apptainer" else program, extra=tuple(extra), groups=groups)
    return start_container(engine, image, preload=preload, threads=threads, gpus=gpus, packaged_data=packaged_data)


def start(image: str, **options: Any) -> ContainerSandbox:
    """Start apptainer with the file that was made of an image of this name; see `start_apptainer`."""
    return start_apptainer(str(image_file(image)), **options)


def why_not(image: str = "") -> str:
    """Why apptainer cannot start that image, in a few words; "" when it can."""
    return why_not_apptainer(str(image_file(image)) if image else "") or ("" if image else "no image was named")


ENGINE = Apptainer

"""`autograder image`: the image that podman, docker and apptainer run submissions in."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from autograder import loader
from autograder.backends import ENGINES
from autograder.checks.errors import UsageError
from autograder.cli.common import console
from autograder.course import open_course
from autograder.sandbox.image import build_image, image_name, local_rootfs
from autograder.sandbox.oci import why_not_oci

__all__ = ["Call", "build_for_assignment"]


@dataclass(frozen=True, slots=True)
class Call:
    """What the command line asked for."""

    name: str
    engine: str = ""
    base: str = ""
    base_rootfs: Path | None = None
    from_here: bool = False
    python: str = "python3"
    pip: str = ""
    network: str = ""
    tag: str = ""
    course: Path | None = None


def build_for_assignment(call: Call) -> str:
    """Build the image of an assignment, and say how to use it; returns its name.

    Raises:
        UsageError: two bases at once, no such engine, or none that works here.
        InstructorError: the assignment is wrong, or preloads what is not installed here.
        SandboxError: the engine failed; its own words are in the sentence.
    """
    chosen = [call.base, call.base_rootfs, call.from_here]
    if sum(map(bool, chosen)) > 1:
        raise UsageError("An image has one base: give --base, --base-rootfs or --from-here, not several of them.")
    root, _ = open_course(call.course)
    modules = loader.load(root, call.name).assignment.preload
    engine, name, screen = _engine(call.engine), call.tag or image_name(call.name), console()
    began = time.monotonic()
    screen.print(f"Building {escape(name)} with {engine}; only the modules that are preloaded go in ...")
    with tempfile.TemporaryDirectory(prefix="autograder-rootfs-") as folder:
        rootfs, python = call.base_rootfs, call.python
        if call.from_here:
            rootfs = Path(folder) / "rootfs"
            python = local_rootfs(rootfs, modules)
        build_image(
            engine, name, modules, base=call.base, base_rootfs=rootfs, python=python, pip=call.pip, network=call.network
        )
    screen.print(f"Done after {time.monotonic() - began:.0f} s. Use it with: --sandbox {engine}", soft_wrap=True)
    return name


def _engine(name: str) -> str:
    """The engine that was named, or the first that works."""
    if name and name not in ENGINES:
        raise UsageError(f"There is no container engine called {name!r}; the names are {', '.join(ENGINES)}.")
    reasons = {each: why_not_oci(each) for each in ([name] if name else ENGINES)}
    found = next((each for each, reason in reasons.items() if not reason), "")
    if not found:
        listed = "; ".join(f"{each}: {reason}" for each, reason in reasons.items())
        raise UsageError(f"No container engine works on this machine ({listed}).")
    return found

"""The sandboxes by name: the only place where their names are written, and what must be known before one is started.

A back end is a line here and a module of its name in `autograder.sandbox.backends`. There, one that runs beside a
forkserver of this machine defines `why_not` and `ISOLATION`; one of containers `why_not`, `start`, `ENGINE` and
`AVAILABLE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

__all__ = ["BACKENDS", "CONTAINERS", "ENGINES", "NAMES", "REGISTRY", "Backend", "code_of"]


@dataclass(frozen=True, slots=True)
class Backend:
    """What isolates submissions: its name, and what it needs.

    `image`: containers, which are made of an image. `built`: `autograder image` builds that. `automatic`: `auto` takes
    it where nothing stronger works; of containers, where the image is there.
    """

    name: str
    image: bool = False
    built: bool = False
    automatic: bool = True


REGISTRY = (
    Backend("bubblewrap"),
    Backend("podman", image=True, built=True),
    Backend("docker", image=True, built=True),
    Backend("apptainer", image=True, automatic=False),  # limits less
    Backend("landlock"),
    Backend("none", automatic=False),
)
"""All of them; those that `auto` may take with the strongest first."""

NAMES = tuple(each.name for each in REGISTRY)

BACKENDS = tuple(each.name for each in REGISTRY if not each.image)
"""Those of this machine's own, the strongest first; the last isolates nothing."""

CONTAINERS = tuple(each.name for each in REGISTRY if each.image)

ENGINES = tuple(each.name for each in REGISTRY if each.built)


def code_of(name: str) -> ModuleType:
    """The module of a back end, imported when it is needed."""
    return import_module(f"autograder.sandbox.backends.{name}")

"""Isolation of student code: start a sandbox by name, open it once for each question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.backends import BACKENDS, CONTAINERS, ENGINES
    from autograder.sandbox.base import Outcome, Request, Sandbox, Session, Tail
    from autograder.sandbox.containers import ContainerSandbox
    from autograder.sandbox.history import note_on, remember, require_strongest
    from autograder.sandbox.launch import ForkServer, best, connect, start, why_not

__all__ = [
    "BACKENDS",
    "CONTAINERS",
    "ENGINES",
    "ContainerSandbox",
    "ForkServer",
    "Outcome",
    "Request",
    "Sandbox",
    "Session",
    "Tail",
    "best",
    "connect",
    "note_on",
    "remember",
    "require_strongest",
    "start",
    "why_not",
]

_MODULES = {
    **dict.fromkeys(("BACKENDS", "CONTAINERS", "ENGINES"), "autograder.backends"),
    **dict.fromkeys(("Outcome", "Request", "Sandbox", "Session", "Tail"), "autograder.sandbox.base"),
    **dict.fromkeys(("note_on", "remember", "require_strongest"), "autograder.sandbox.history"),
    **dict.fromkeys(("ForkServer", "best", "connect", "start", "why_not"), "autograder.sandbox.launch"),
    "ContainerSandbox": "autograder.sandbox.containers",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: the forkserver is a module of this room, and starts no sandbox by its name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return found

"""Isolation of student code: start a sandbox by name, open it once for each question."""

from autograder.sandbox.base import Outcome, Request, Sandbox, Session, Tail
from autograder.sandbox.containers import ContainerSandbox
from autograder.sandbox.history import note_on, remember, require_strongest
from autograder.sandbox.launch import BACKENDS, CONTAINERS, ENGINES, ForkServer, best, connect, start, why_not

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

"""Walls around student code: start a sandbox by name, open it once for each question."""

from autograder.sandbox.base import Outcome, Request, Sandbox, Session, Tail
from autograder.sandbox.containers import ContainerSandbox
from autograder.sandbox.launch import BACKENDS, CONTAINERS, ForkServer, best, connect, start, why_not

__all__ = [
    "BACKENDS",
    "CONTAINERS",
    "ContainerSandbox",
    "ForkServer",
    "Outcome",
    "Request",
    "Sandbox",
    "Session",
    "Tail",
    "best",
    "connect",
    "start",
    "why_not",
]

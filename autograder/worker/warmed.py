"""Importing this makes a shell in advance (`warm_shell`); a forkserver does, for assignments that are notebooks."""

from __future__ import annotations

from autograder.worker.warm_shell import warm

__all__: list[str] = []

warm()

"""`autograder init`: start a course."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from rich.markup import escape

from autograder.cli.common import console
from autograder.scaffold import FIRST, start_course

__all__ = ["new_course"]


def new_course(folder: Path, title: str) -> None:
    """Write a course with a first assignment, and say how to grade it."""
    screen = console()
    for path in start_course(folder, title):
        screen.print(f"Written: {escape(os.path.relpath(path))}", soft_wrap=True)
    screen.print("Next:")
    there = [] if folder.resolve() == Path.cwd() else [(f"cd {shlex.quote(str(folder))}", "")]
    for command, why in (
        *there,
        ("autograder doctor", "what can this machine enforce?"),
        (f"autograder validate {FIRST}", "is the first assignment fit to be handed out?"),
        (f"autograder release {FIRST} --zip", "write what students get"),
        (f"autograder grade {FIRST} reference/{FIRST} --out graded", "grade the solved reference as a submission"),
    ):
        screen.print(f"  {escape(command)}{f'  # {why}' if why else ''}", soft_wrap=True)

"""The manual of the command line, made from each verb's own help.

``python -m autograder.cli.manual > docs/cli.md`` brings the checked-in copy up to date.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from autograder.cli import app

__all__ = ["commands", "manual"]

WIDTH = 96
HEAD = """\
# The command line

Made from `autograder --help` by `make manual`; do not edit it.

Exit codes: 0 done; 1 some report is INTERNAL (our fault, to be graded again), a collected submission waits for an
answer, or what a verb tries did not hold, as its help says; 2 a wrong call, or a course that cannot be used; 3 an
error of ours, whose story is written to a file; 130 stopped by Ctrl-C. What students get wrong never changes it.

`autograder --install-completion` has your shell (bash, zsh, fish or PowerShell) complete verbs, options, and the names
of assignments and sandboxes with the Tab key, from the next terminal on; `autograder --show-completion` prints what
it installs.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, groups before what is in them."""
    yield from _below("autograder", typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for part, below in sorted(getattr(command, "commands", {}).items()):
        yield from _below(f"{name} {part}", below)


def manual() -> str:
    """The manual in Markdown."""
    parts = [HEAD]
    for name, command in commands():
        context = command.context_class(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
        parts.append(f"## {name}\n\n```text\n{inspect.cleandoc(command.get_help(context))}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(manual())

"""`autograder release`: the folder that students get."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from autograder import loading
from autograder.cli.common import console, open_course
from autograder.release import build
from autograder.scoring import rounded, shown

__all__ = ["release_assignment"]


def release_assignment(name: str, folder: Path | None) -> None:
    """Write release/NAME and say what is in it."""
    root, _ = open_course(folder)
    loaded = loading.load(root, name)
    out = root / "release" / name
    files = build(loaded, out)
    assignment = loaded.assignment
    hidden = sum(check.hidden for check in assignment.checks)
    bonus = rounded(sum(question.max_points for question in assignment.questions if question.bonus))
    screen = console()
    screen.print(f"Wrote {len(files)} files to {escape(str(out))}", soft_wrap=True)
    screen.print(
        f"{escape(assignment.title)}: {shown(assignment.max_points)} points"
        f"{f' and {shown(bonus)} bonus points' if bonus else ''}; "
        f"{len(assignment.checks) - hidden} public checks are in it, {hidden} hidden ones are not.",
        soft_wrap=True,
    )

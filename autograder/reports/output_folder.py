"""What one folder of `autograder grade --out` holds: one assignment, whole reports, and those who handed in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError

__all__ = ["LEFT", "kept_apart", "put_away", "remove_old_copies"]

LEFT = "left"
"""The folder below `--out` for files of students who are not among the submissions any more."""

_PLACES = (("reports", ".json"), ("feedback", ".html"), ("staff", ".html"))


@dataclass(frozen=True, slots=True)
class _Replay:
    """What is read of a report's replay record."""

    only: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What is read of a report to know what it is about."""

    assignment: str
    replay: _Replay = _Replay()


def kept_apart(out: Path, assignment: str, only: str = "") -> Path:
    """The folder for new reports: `out`, or ``out/only-NAME`` where it keeps reports of more than `only` asks for.

    Args:
        out: the folder that was named.
        assignment: what is graded into it.
        only: the question or check that is run alone, or "" for everything.

    Raises:
        UsageError: the folder holds reports of another assignment.
    """
    for path, told in _reports(out):
        if told.assignment != assignment:
            raise UsageError(
                f"{out} holds reports of {told.assignment} (such as {path.name}); name another folder with --out, one "
                "for each assignment."
            )
        if only and told.replay.only != only:
            return out / f"only-{only}"
    return out


def _reports(out: Path) -> Iterator[tuple[Path, _Told]]:
    """The reports of a folder that can be read."""
    for path in sorted((out / "reports").glob("*.json")):
        try:
            yield path, msgspec.json.decode(path.read_bytes(), type=_Told)
        except (OSError, msgspec.MsgspecError):
            continue


def put_away(out: Path, names: Collection[str]) -> tuple[str, ...]:
    """Move reports and pages of everybody else into ``out/left``; returns the names of their files, sorted.

    Args:
        out: the folder with ``reports``, ``feedback`` and ``staff``.
        names: file names, without suffix, of those who handed in.
    """
    gone = set()
    for place, suffix in _PLACES:
        for path in sorted((out / place).glob(f"*{suffix}")):
            if path.stem not in names:
                target = out / LEFT / place / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
                gone.add(path.stem)
    return tuple(sorted(gone))


def remove_old_copies(out: Path, names: Collection[str]) -> None:
    """Remove from ``out/left`` what is there of students who handed in again, and folders that are empty then.

    Args:
        out: as for `put_away`.
        names: file names, without suffix, of those whose new files lie below `out`.
    """
    for place, suffix in _PLACES:
        for name in names:
            (out / LEFT / place / f"{name}{suffix}").unlink(missing_ok=True)
    for folder in (*(out / LEFT / place for place, _ in _PLACES), out / LEFT):
        with suppress(OSError):  # it is not there, or not empty
            folder.rmdir()

"""Which sandboxes have worked on this machine, so that one that has stopped working is missed.

Kept for each user in the state folder (`sandboxes.json`), by the name of the machine, because a home may be shared.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_state_path

from autograder.checks.errors import UsageError
from autograder.sandbox.launch import BACKENDS, why_not

__all__ = ["note_on", "remember", "require_strongest"]


_KEPT = BACKENDS[:-1]  # the strongest first, without "none"; whether containers work depends on the image


def remember(names: Iterable[str], folder: Path | None = None) -> None:
    """Keep that these sandboxes work here today. Where nothing can be kept, nothing is; nobody needs it to grade."""
    today = datetime.now(UTC).date().isoformat()
    machines = _read(folder)
    known = machines.get(platform.node(), {})
    new = {**known, **{name: today for name in names if name in _KEPT}}
    if new == known:
        return
    path = _path(folder)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps({**machines, platform.node(): new}, indent=1), "ascii")
        draft.replace(path)


def require_strongest(chosen: str, folder: Path | None = None) -> None:
    """Refuse a sandbox that "auto" stands for when a stronger one has worked on this machine.

    Raises:
        UsageError: the sentence names the stronger one, when it last worked, why it does not now, and what to do.
    """
    known = _read(folder).get(platform.node(), {})
    for name in _stronger(chosen):
        if name in known and (reason := why_not(name)):
            raise UsageError(
                f"The sandbox {name} worked on this machine on {known[name]} and does not now ({reason}). A class is "
                f"not graded in a weaker one unasked: repair it, or name the weaker one with --sandbox {chosen} or as "
                f'sandbox="{chosen}" in grader_config.py.'
            )


def note_on(chosen: str) -> str:
    """A sentence about a sandbox that "auto" stands for and that is not the strongest of all; "" for that one."""
    reasons = "; ".join(
        f"{name} does not work here ({reason})" for name in _stronger(chosen) if (reason := why_not(name))
    )
    return f"Sandbox: {chosen}, because {reasons}. `autograder doctor` shows what {chosen} lacks." if reasons else ""


def _stronger(chosen: str) -> tuple[str, ...]:
    return _KEPT[: _KEPT.index(chosen)] if chosen in _KEPT else _KEPT[:1]


def _read(folder: Path | None) -> dict[str, dict[str, str]]:
    """What was kept; a file that cannot be read holds nothing."""
    try:
        found = json.loads(_path(folder).read_text("ascii"))
        return {str(machine): {str(name): str(day) for name, day in seen.items()} for machine, seen in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _path(folder: Path | None) -> Path:
    return (folder or user_state_path("autograder")) / "sandboxes.json"

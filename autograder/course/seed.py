"""The secret seed of a course, which is no part of `grader_config.py`, because that file is checked in."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of

__all__ = ["course_seed"]

SEED_VARIABLE = "AUTOGRADER_SEED"


def course_seed(option: str | None, environ: Mapping[str, str], folder: Path | None = None) -> str:
    """The secret from which every drawn input follows: `--seed`, else AUTOGRADER_SEED, else a file kept for this user.

    The file (`course_seed` in the user's configuration folder, or in `folder`) is made at first use, from the
    system's random source, readable by nobody else.

    Raises:
        UsageError: an empty seed, a file that others may read, or a folder that cannot be written.
    """
    if option is not None:
        if not option:
            raise UsageError("--seed is empty; give a text that students cannot guess, or leave the option out.")
        return option
    if environ.get(SEED_VARIABLE):
        return environ[SEED_VARIABLE]
    if folder is None:
        import platformdirs

        folder = platformdirs.user_config_path("autograder")
    path = folder / "course_seed"
    try:
        if not path.exists():
            _write_seed(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"Others may read the course's secret seed; run: chmod 600 {path}")
        seed = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot keep the course's secret seed in {path} ({reason_of(error)}); set {SEED_VARIABLE} instead."
        ) from None
    if not seed:
        raise UsageError(f"The course's secret seed in {path} is empty; remove the file, or set {SEED_VARIABLE}.")
    return seed


def _write_seed(path: Path) -> None:
    """Make the file whole or not at all; of two graders that start at once, the first one's seed stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(os.urandom(32).hex() + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)

"""Which assignments have passed validation, and which were refused: an unchanged one is not tried again before each
release, and grading a refused one is an alarm.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from autograder import atomic_files
from autograder.datasets import DataSet
from autograder.grading import RunOptions, result_key
from autograder.loader import Loaded
from autograder.reports.changed_files import toolkit_digest
from autograder.submissions import Submission

__all__ = ["ValidationCache", "validation_key"]


@dataclass(frozen=True, slots=True)
class ValidationCache:
    """Remembers keys that passed, as empty files of a folder; without a folder, in the user's cache."""

    folder: Path | None = None

    def passed(self, key: str) -> bool:
        """Whether this key passed before."""
        return (self._home / key).is_file()

    def remember(self, key: str) -> None:
        """Note that it passed; a cache that cannot be written only costs time the next time."""
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            (self._home / key).touch()
            self._refusal(key).unlink(missing_ok=True)
        except OSError:
            return

    def refuse(self, key: str, why: str) -> None:
        """Note that it was refused, and why, so that whoever grades it all the same reads it."""
        try:
            atomic_files.write(self._refusal(key), why.encode())
        except OSError:
            return

    def refused(self, key: str) -> str:
        """Why this key was refused when it was last tried; "" if it was not."""
        try:
            return self._refusal(key).read_text(encoding="utf-8")
        except OSError:
            return ""

    def _refusal(self, key: str) -> Path:
        return self._home / f"{key}.refused"

    @property
    def _home(self) -> Path:
        return self.folder or Path(platformdirs.user_cache_dir("autograder")) / "validated"


def validation_key(loaded: Loaded, dataset: DataSet | None, options: RunOptions) -> str:
    """A hash over all that decides whether an assignment passes: its files, data, options, packages, this toolkit.

    The toolkit's files count by size, time and number, because reading them all takes longer than most of the rest.
    """
    result = result_key(
        loaded, Submission("validation", loaded.reference_folder, loaded.reference_sha256), dataset, options, ""
    )
    whole = loaded.assignment_sha256  # points, titles and the handout, too, which are no part of what is run
    return hashlib.sha256(f"{result}\0{whole}\0{toolkit_digest().hex()}".encode()).hexdigest()

"""What an audit has found out so far, so that one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import platformdirs

from autograder import atomic_files
from autograder.quality.mutation.seeds import Rate
from autograder.store import Store, sqlite_address

__all__ = ["Progress", "forget", "kept_in", "progress_in"]

_KEY, _REPORTS, _RATES = "key", "reports.db", "rates.jsonl"


class Progress:
    """The reports of mutants in `store`, and their rates under many seeds as far as these were tried.

    Args:
        folder: where both are kept; it is there.
        store: the reports.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        path = folder / _RATES
        self._rates: dict[str, Rate] = {}
        for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
            try:
                sha256, fields = json.loads(line)
                by_check = {check: (caught, asked) for check, (caught, asked) in fields.pop("by_check").items()}
                self._rates[sha256] = Rate(**fields, by_check=by_check)
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # cut off when the run was killed

    def rate(self, sha256: str) -> Rate | None:
        """What is known of the mutant with that hash."""
        return self._rates.get(sha256)

    def keep(self, sha256: str, rate: Rate) -> None:
        """Remember what is known of a mutant, at once."""
        self._rates[sha256] = rate
        with (self.folder / _RATES).open("a", encoding="utf-8") as file:
            file.write(json.dumps([sha256, asdict(rate)]) + "\n")


@contextmanager
def progress_in(folder: Path, key: str) -> Iterator[Progress]:
    """The progress kept in a folder; empty if what is there was found under another key.

    Args:
        folder: where; it is made.
        key: a hash of all that the results follow from, beside the mutants.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / _KEY
    if not known.is_file() or known.read_text("utf-8") != key:
        for path in (folder / name for name in (_REPORTS, f"{_REPORTS}-wal", f"{_REPORTS}-shm", _RATES)):
            path.unlink(missing_ok=True)
        atomic_files.write(known, key.encode())
    with Store(sqlite_address(folder / _REPORTS)) as store:
        yield Progress(folder, store)


def forget(folder: Path) -> None:
    """Remove what is kept of an audit that is finished."""
    shutil.rmtree(folder, ignore_errors=True)


def kept_in(root: Path, assignment: str) -> Path:
    """Where an audit of one course's assignment is kept until it is finished."""
    course = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
    return platformdirs.user_cache_path("autograder") / "audit" / f"{assignment}-{course}"

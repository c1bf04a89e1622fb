"""What checks hand on to others, kept in files, so that after a change of one check nothing is trained again.

A check that takes what another one returned, such as a trained model, gets it from the file of an earlier run, where
that run was of the same submission, with the same other check, data, seed and versions: the key of the file says so,
and its name is the hash of its content. Objects of the submission's lie in it as the worker wrote them down, and only
a sandbox with the same submission reads these bytes (`remote.artefacts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import disk_usage
from typing import Any

from autograder.checks.errors import UsageError
from autograder.remote.artefacts import Kept, NotKeptError, as_file, from_file
from autograder.results import Replay, Verdict

__all__ = ["MOST_MIB", "NOTHING_HELD", "SPARE_MIB", "Artefacts", "HandedOn", "Held", "LostError"]

MOST_MIB = 32
"""The largest file of one check."""
MOST_TOTAL_MIB = 128
"""The most that is written for one submission in one run."""
SPARE_MIB = 2048
"""So much stays free where the files are: they only save time later, and grading itself needs the disk."""


_NO_FOLDER = (
    "it was graded where no folder for such files is known, as on the workers of a cluster, or with a database on a "
    "server and no `artefacts` in grader_config.py"
)


@dataclass(frozen=True, slots=True)
class HandedOn:
    """What a check returned, with the records of the objects in it that stay inside of a sandbox."""

    value: Any
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Checks that need not run, by their ids: how they ended, and the hashes of files with what they handed on."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


NOTHING_HELD = Held()
"""Every check runs."""


class LostError(Exception):
    """A file with what a check handed on is gone or damaged; the text is the check's id."""


def _free_mib(folder: Path) -> int:
    """How much room there is in a folder that may still have to be made."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return disk_usage(there).free >> 20


class Artefacts:
    """The files of one submission in one run: what is written, and what earlier ones hold.

    Args:
        folder: where the files lie, by their hashes; None where nothing is kept.
        replay: says what the results of this run follow from.
    """

    def __init__(self, folder: Path | None, replay: Replay) -> None:
        self._folder = folder
        self._replay = replay
        self._left = MOST_TOTAL_MIB << 20
        self.written: dict[str, str] = {}
        self.not_kept: dict[str, str] = {}

    def keep(self, check: str, handed_on: HandedOn) -> None:
        """Write what a check handed on into a file; where that cannot be, `not_kept` says why."""
        key = self._replay.check_key(check)
        if not key:
            return
        if self._folder is None:
            self.not_kept[check] = _NO_FOLDER
            return
        from autograder.store.artefacts import write_file

        if (free := _free_mib(self._folder)) < SPARE_MIB:
            self.not_kept[check] = (
                f"only {free} MiB are free in {self._folder}, less than the {SPARE_MIB} MiB to be left"
            )
            return
        try:
            content = as_file(key, handed_on.value, handed_on.kept, min(MOST_MIB << 20, self._left))
            self.written[check] = write_file(self._folder, content)
        except (NotKeptError, UsageError) as error:
            self.not_kept[check] = " ".join(str(error).split())
        else:
            self._left -= len(content)

    def of(self, held: Held) -> dict[str, HandedOn]:
        """What checks handed on in an earlier run, by their ids.

        Raises:
            LostError: a file is gone, damaged, or of anything else.
        """
        return {check: self._read(check, sha256) for check, sha256 in held.files.items()}

    def _read(self, check: str, sha256: str) -> HandedOn:
        from autograder.store.artefacts import read_artefact

        try:
            content = read_artefact(self._folder, sha256) if self._folder else b""
        except UsageError:
            raise LostError(check) from None
        found = from_file(content, self._replay.check_key(check))
        if found is None:
            raise LostError(check)
        return HandedOn(*found)

"""A data set of the instructor's own, as it is declared in `assignment.py` or `grader_config.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from autograder import settings
from autograder.checks.errors import InstructorError

__all__ = ["Dataset"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_SUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Files that are split by the course's seed into a given, a public and a hidden part.

    Students get the first two with the release, labels included. The hidden part is for checks (`hidden`), and its
    labels never enter a sandbox.

    Args:
        name: what `Assignment(data=...)` and reports call it.
        files: one table (``.csv``, ``.tsv``), one ``.npz``, two or more ``.npy`` of equal length, or one folder with a
            folder of images for each class (``"photos/"``). Paths below the folder of the assignment, or of the course.
        label: the column of a table, the array of an ``.npz``, or the ``.npy`` file that holds the labels; a folder of
            images needs none.
        given: the share of the rows that students train on.
        public: the share that they, and checks, may validate on; what is left is hidden.
        stratified: whether every class is split by these shares.
        sha256: the SHA-256 sum of each file, by its path; one text for one file. Without it any content is taken.

    Raises:
        InstructorError: a value that means nothing; the sentence says what to give.
    """

    name: str
    files: Sequence[str]
    label: str = ""
    given: float = 0.6
    public: float = 0.2
    stratified: bool = False
    sha256: str | Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    folder: Path | None = None

    def __post_init__(self) -> None:
        where = f"Dataset {self.name!r}"
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise InstructorError(f"{where}: give it a name of letters, digits, - and _, such as 'flats'.")
        if isinstance(self.files, str):
            raise InstructorError(f"{where}: files is a single text; write a list, files=[{self.files!r}].")
        files = settings.texts(self.files, f"{where}: files", example="['flats.csv']")
        if not files:
            raise InstructorError(f"{where}: name its files, such as files=['flats.csv'].")
        settings.text(self.label, f"{where}: label", empty=True)
        settings.flag(self.stratified, f"{where}: stratified")
        if self.folder is not None and not isinstance(self.folder, Path):
            raise InstructorError(f"{where}: folder is {settings.written(self.folder)}; give a pathlib.Path, or None.")
        for each in files:
            parts = PurePosixPath(each).parts
            if each.startswith("/") or ".." in parts or not parts:
                raise InstructorError(f"{where}: {each!r} is no path below the folder that declares it.")
        self._refuse_shares(where)
        sums = self._sums(where, files)
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "sha256", {file: digest.lower() for file, digest in sums.items()})

    def _refuse_shares(self, where: str) -> None:
        shares = (self.given, self.public)
        if any(isinstance(each, bool) or not isinstance(each, int | float) or not 0 < each < 1 for each in shares):
            raise InstructorError(
                f"{where}: given={self.given!r}, public={self.public!r}; give shares between 0 and 1."
            )
        if sum(shares) >= 1:
            raise InstructorError(f"{where}: given and public are {sum(shares):g} together; leave a hidden part.")

    def _sums(self, where: str, files: Sequence[str]) -> dict[str, str]:
        """The sum of each file for which one was given."""
        if not isinstance(self.sha256, str | Mapping):
            raise InstructorError(
                f"{where}: sha256 is {settings.written(self.sha256)}; give the sum in quotes, or a sum for each file."
            )
        sums = {files[0]: self.sha256} if isinstance(self.sha256, str) else dict(self.sha256)
        if isinstance(self.sha256, str) and len(files) > 1:
            raise InstructorError(
                f"{where}: sha256 is one text for {len(files)} files; give a sum for each by its path."
            )
        for file, digest in sums.items():
            if file not in files:
                raise InstructorError(f"{where}: sha256 is about {file!r}, which is none of its files.")
            if not isinstance(digest, str) or not _SUM.fullmatch(digest.lower()):
                raise InstructorError(f"{where}: the sha256 of {file!r} is no SHA-256 sum of 64 hexadecimal digits.")
        return sums

    def at(self, folder: Path) -> Dataset:
        """The same with its files below a folder, unless that is known already."""
        return self if self.folder else replace(self, folder=folder.absolute())

    @property
    def sums(self) -> Mapping[str, str]:
        """The SHA-256 sum that each file has to have, where one was declared."""
        assert not isinstance(self.sha256, str)  # __post_init__ made it a mapping
        return self.sha256

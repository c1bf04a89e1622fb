"""What lies in the folder of a submission, read as text and never run. It is shipped to students."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .sources import MAX_BYTES, defined_names

__all__ = ["Frame", "HandedIn", "cell_number", "cell_words"]

_LONGEST_QUOTE = 120


def cell_words(cell: int) -> str:
    """Such as ``cell 5``, counted among all cells; of a cell that is not saved, the number in its brackets."""
    return f"cell {cell}" if cell > 0 else f"cell [{-cell}]"


def cell_number(words: str) -> int:
    """The number in what `cell_words` gives, with more behind it; 0 where there are no words."""
    return int(words.split()[1].replace("[", "-").removesuffix("]")) if words else 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of a traceback: a line of a file, in a numbered cell (0: no notebook; see `cell_words`).

    `top` says that the line stands outside of every function, so that it runs at import.
    """

    file: str
    line: int
    cell: int = 0
    top: bool = False

    @property
    def place(self) -> str:
        """Such as ``line 3 of hw.py``."""
        return f"line {self.line} of {f'{cell_words(self.cell)} of ' if self.cell else ''}{self.file}"


@dataclass(frozen=True)
class HandedIn:
    """The files of one submission.

    Args:
        folder: where they lie; None where nothing may be read.
        files: those of the assignment, given ones included.
        given: those that are handed out complete; what fails in them is not the student's to change.
        absent: files of the assignment that were not handed in, each with the handed-in file that looks meant, or "".
        cells: the source of each numbered cell of each notebook.
    """

    folder: Path | None = None
    files: Collection[str] = ()
    given: Collection[str] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def has(self, file: str) -> bool:
        """Whether this is a regular file of the submission; `file` is not believed to be a path inside it."""
        parts = PurePosixPath(file).parts
        if self.folder is None or not parts or file.startswith("/") or ".." in parts or "\0" in file:
            return False
        path = self.folder.joinpath(*parts)
        return path.is_file() and not path.is_symlink()

    def wrote(self, file: str) -> bool:
        """Whether the student wrote this file."""
        return file not in self.given and (self.has(file) or file in self.cells or file in self.files)

    def modules(self) -> tuple[str, ...]:
        """Names of the modules that lie in the folder itself, sorted."""
        if self.folder is None or not self.folder.is_dir():
            return ()
        return tuple(sorted(path.stem for path in self.folder.glob("*.py")))

    def alike(self, name: str) -> str:
        """The only file with the ending of a missing one, beside those of the assignment; "" where there is none."""
        if self.folder is None or not self.folder.is_dir():
            return ""
        suffix = PurePosixPath(name).suffix
        found = [path.name for path in self.folder.glob(f"*{suffix}") if path.name not in self.files] if suffix else []
        return found[0] if len(found) == 1 and found[0] != name and self.has(found[0]) else ""

    def defines(self, file: str) -> tuple[str, ...]:
        """The names that a module of the submission defines; () where it cannot be read."""
        return defined_names(self._read(file), file)

    def quote(self, frame: Frame | None) -> str:
        """The line, without what surrounds it, cut; "" where it cannot be read."""
        if frame is None or frame.line <= 0:
            return ""
        if frame.cell:
            lines = self.cells.get(frame.file, {}).get(frame.cell, "").split("\n")
        else:
            lines = self._read(frame.file).decode("utf-8", "replace").split("\n")
        text = " ".join(lines[frame.line - 1].split()) if frame.line <= len(lines) else ""
        text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
        text = text.replace("`", "'")
        return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]} ..."

    def source(self, file: str, cell: int = 0) -> bytes:
        """The text of a file, or of a cell of a notebook, in which lines for IPython are comments."""
        if not cell:
            return self._read(file)
        lines = self.cells.get(file, {}).get(cell, "").split("\n")
        return "\n".join(f"pass  # {line}" if line.startswith(("%", "!")) else line for line in lines).encode(
            errors="replace"
        )

    def _read(self, file: str) -> bytes:
        if self.folder is None or not self.has(file):
            return b""
        with (self.folder / file).open("rb") as stream:
            return stream.read(MAX_BYTES)

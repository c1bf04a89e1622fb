"""Files under other names: which handed-in file is meant by one that is missing, by its name and by what it defines."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from autograder.checks.local.sources import defined_names
from autograder.loader import Loaded
from autograder.markers import cut
from autograder.settings import python_text
from autograder.submissions.names import near, printable, some

__all__ = ["Recognised", "Recogniser"]

_ALIKE = 0.75
_SHORTEST = 4  # letters of a name that may be a part of another one
_GRADE_ID = re.compile(rb'"grade_id"\s{0,9}:\s{0,9}"([^"\\\r\n]{1,200})"')
_KINDS = (".py", ".ipynb", ".md", ".pdf")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """The file that is meant by a missing one, and whether it is taken for it; `said` is a sentence about it.

    Where several could be meant, `path` is None.
    """

    path: Path | None
    taken: bool
    said: str


@dataclass(frozen=True, slots=True)
class Recogniser:
    """How a file under another name is recognised.

    `defines` holds for each file that is asked for the names that it should define, or those of its cells. With
    `accept`, a file is taken for a missing one when it is the only one that defines at least half of these names, or,
    where the missing one should define none, the only one with a close name. Otherwise it is only named. `stubs` holds
    the text of each module as it is handed out.
    """

    defines: Mapping[str, Collection[str]] = field(default_factory=dict)
    accept: bool = False
    stubs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, loaded: Loaded, *, accept: bool) -> Recogniser:
        """By the public names of a reference and by its stubs."""
        interface, folder = loaded.interface, loaded.reference_folder
        names = {each.file: (*each.functions, *each.classes, *each.constants) for each in interface.modules}
        modules = [file for file in loaded.assignment.files if file.endswith(".py")]
        return cls(names, accept, {file: cut(python_text(folder / file), file) for file in modules})

    def share(self, expected: str, data: bytes, file: str) -> float:
        """The share, 0 to 1, of the names of an expected file that a text defines; 0 where it should define none."""
        names = set(self.defines.get(expected, ()))
        return len(names.intersection((*defined_names(data, file), *_cell_names(data)))) / len(names) if names else 0.0

    def beside_stub(self, name: str, files: Mapping[Path, bytes]) -> Recognised | None:
        """The file that holds the solution where the one of the right name is still as it was handed out.

        Args:
            name: of the file that was asked for and is there.
            files: everything that was handed in, with contents.
        """
        stub = _bare(self.stubs.get(name, "").encode())
        if not stub or not any(path[-1] == name and _bare(data) == stub for path, data in files.items()):
            return None
        found = [
            path
            for path, data in files.items()
            if path[-1] not in self.defines
            and _kind(path) == ".py"
            and self.share(name, data, path[-1]) >= 0.5
            and _bare(data) != stub
        ]
        if not found:
            return None
        shown = some(sorted("/".join(path) for path in found))
        verb = "defines" if len(found) == 1 else "define"
        head = f"{name} is as it was handed out, and {shown} {verb} the same names"
        if len(found) > 1:
            return Recognised(None, False, f"{head}: keep your solution as {name}.")
        if not self.accept:
            return Recognised(found[0], False, f"{head}: rename it to {name}.")
        return Recognised(found[0], True, f"{head}: it was taken for {name}.")

    def find(self, name: str, files: Mapping[Path, bytes], expected: Sequence[str]) -> Recognised | None:
        """What is meant by a missing file; None where nothing looks like it.

        Args:
            name: of the missing file.
            files: those that are free to be meant, with their contents.
            expected: names of all files that are asked for.
        """
        kind = PurePath(name).suffix
        free = {path: data for path, data in files.items() if _kind(path) == kind and kind in _KINDS}
        close = [path for path in free if _is_close(name, path[-1], expected)]
        defining = [path for path, data in free.items() if self.share(name, data, path[-1]) >= 0.5]
        both = [path for path in defining if path in close]
        found = next((paths for paths in (both, defining, close) if paths), [])
        if not found:
            return None
        if len(found) > 1:
            names = some(sorted("/".join(path) for path in found))
            return Recognised(None, False, f"{name} is missing; {names} look like it: keep one, as {name}.")
        (path,) = found
        shown = printable("/".join(path))
        surely = bool(defining) or not self.defines.get(name)
        if not (self.accept and surely):
            return Recognised(path, False, f"{name} is missing; {shown} looks like it: rename it to {name}.")
        why = f"it defines what {name} should define" if defining else "its name is close"
        return Recognised(path, True, f"{shown} was taken for {name}: {why}.")


def _bare(text: bytes) -> bytes:
    """A text without blanks at the ends of lines and without empty lines."""
    return b"\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _cell_names(data: bytes) -> list[str]:
    """Names that nbgrader gave to cells of a notebook; the text is searched, and not parsed."""
    return [name.decode("utf-8", "replace") for name in _GRADE_ID.findall(data)]


def _kind(path: Path) -> str:
    return PurePath(path[-1].lower().removesuffix(".txt")).suffix


def _is_close(expected: str, name: str, all_expected: Sequence[str]) -> bool:
    """Whether a file's name looks like an expected one, and not more like another expected one."""
    if name == expected or near(expected, [name], all_expected):
        return True
    if name in all_expected:
        return False
    likeness = {each: _likeness(each, name) for each in all_expected}
    return likeness.get(expected, 0.0) >= _ALIKE and likeness[expected] == max(likeness.values())


def _likeness(expected: str, name: str) -> float:
    """From 0 to 1; a name that holds the other one, such as ``my_hw.py`` and ``hw.py``, is as good as alike."""
    one, other = (re.sub(r"[\W_]+", "", PurePath(each[:200]).stem.lower()) for each in (expected, name))
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= _SHORTEST and shorter in longer:
        return 0.9 + 0.1 * len(shorter) / len(longer)
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()

"""Files under other names: which handed-in file is meant by one that is missing, by its name and by what it defines."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from autograder.intake.names import near, printable, some
from autograder.loading import Interface
from autograder.sources import defined_names

__all__ = ["Recognised", "Recogniser"]

_ALIKE = 0.75
_SHORTEST = 4  # letters of a name that may be a part of another one
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

    `defines` holds for each file that is asked for the names that it should define. With `accept`, a file is taken for
    a missing one when it is the only one that defines at least half of these names, or, where the missing one should
    define none, the only one with a close name. Otherwise it is only named.
    """

    defines: Mapping[str, Collection[str]] = field(default_factory=dict)
    accept: bool = False

    @classmethod
    def of(cls, interface: Interface, *, accept: bool) -> Recogniser:
        """By the public names of a reference."""
        names = {each.file: (*each.functions, *each.classes, *each.constants) for each in interface.modules}
        return cls(names, accept)

    def share(self, wanted: str, data: bytes, file: str) -> float:
        """The share, 0 to 1, of the names of a wanted file that a text defines; 0 where it should define none."""
        names = set(self.defines.get(wanted, ()))
        return len(names.intersection(defined_names(data, file))) / len(names) if names else 0.0

    def find(self, name: str, files: Mapping[Path, bytes], wanted: Sequence[str]) -> Recognised | None:
        """What is meant by a missing file; None where nothing looks like it.

        Args:
            name: of the missing file.
            files: those that are free to be meant, with their contents.
            wanted: names of all files that are asked for.
        """
        kind = PurePath(name).suffix
        free = {path: data for path, data in files.items() if _kind(path) == kind and kind in _KINDS}
        close = [path for path in free if _is_close(name, path[-1], wanted)]
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


def _kind(path: Path) -> str:
    return PurePath(path[-1].lower().removesuffix(".txt")).suffix


def _is_close(wanted: str, name: str, all_wanted: Sequence[str]) -> bool:
    """Whether a file's name looks like a wanted one, and not more like another wanted one."""
    if name == wanted or near(wanted, [name], all_wanted):
        return True
    if name in all_wanted:
        return False
    likeness = {each: _likeness(each, name) for each in all_wanted}
    return likeness.get(wanted, 0.0) >= _ALIKE and likeness[wanted] == max(likeness.values())


def _likeness(wanted: str, name: str) -> float:
    """From 0 to 1; a name that holds the other one, such as ``my_hw.py`` and ``hw.py``, is as good as alike."""
    one, other = (re.sub(r"[\W_]+", "", PurePath(each[:200]).stem.lower()) for each in (wanted, name))
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= _SHORTEST and shorter in longer:
        return 0.9 + 0.1 * len(shorter) / len(longer)
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()

"""Archives that make other platforms run the checks; a new platform is its own module and a line here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from autograder.checks.errors import UsageError
from autograder.reports.files import write_bytes

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.datasets import DataSet
    from autograder.loader import Loaded

__all__ = ["BUNDLES", "Asked", "Bundle", "Packed", "dataset_of", "files_below", "write_bundle"]

BUNDLES: Mapping[str, str] = MappingProxyType(
    {
        "classroom50": "autograder.formats.github.bundles:CLASSROOM50",
        "github": "autograder.formats.github.bundles:GITHUB",
        "gradescope": "autograder.formats.gradescope.bundle:BUNDLE",
    }
)
"""By the platform's name, the module and the name of the bundle there."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # no time of its own: the same course makes the same archive
_CACHES = ("__pycache__", ".pytest_cache", ".ipynb_checkpoints")


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of an archive: its content, and whether it is a program."""

    data: bytes
    program: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is bundled: an assignment of a course, with the course's secret seed and, perhaps, data.

    `data` is a folder with data sets, the name of an embedded one, or None. `minutes` is how long the platform lets one
    submission run, `hidden` when students see hidden checks there.
    """

    root: Path
    course: Course
    loaded: Loaded
    seed: str
    data: Path | None = None
    minutes: float = 10.0
    hidden: str = "after_published"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What goes into a platform's archive, and what is done with it there, in one sentence."""

    contents: Callable[[Asked], dict[str, Packed]]
    next_step: str


def write_bundle(platform: str, asked: Asked, out: Path) -> str:
    """Write the archive for a platform; returns what to do with it.

    Raises:
        UsageError: there is no such platform, or the archive cannot be written.
        InstructorError: the assignment cannot be released, or preloads what is not installed here.
    """
    if platform not in BUNDLES:
        raise UsageError(f"--for {platform}: there is no such platform; the names are {', '.join(BUNDLES)}.")
    module, _, name = BUNDLES[platform].partition(":")
    bundle: Bundle = getattr(import_module(module), name)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, packed in sorted(bundle.contents(asked).items()):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if packed.program else 0o644) << 16
            archive.writestr(entry, packed.data)
    write_bytes(out, made.getvalue())
    return bundle.next_step


def dataset_of(asked: Asked) -> DataSet | None:
    """The data set of the course's own that the assignment names, of which a release holds a part; None for others.

    Raises:
        UsageError: it is not there.
        InstructorError: it is one of the course's own, and cannot be read.
    """
    from autograder.grading.preparing import dataset_for, settings_of

    settings = settings_of(asked.data, asked.course, asked.loaded)
    own = settings.declared(asked.loaded.assignment.data)
    return dataset_for(asked.loaded, settings, released=False)[0] if own else None


def files_below(folder: Path, prefix: str) -> Iterator[tuple[str, Packed]]:
    """The regular files of a folder under a prefix, without links, hidden files and what Python leaves behind."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        left_out = any(each.startswith(".") or each in _CACHES for each in parts)
        if path.is_file() and not path.is_symlink() and not left_out:
            yield f"{prefix}/{'/'.join(parts)}", Packed(path.read_bytes())

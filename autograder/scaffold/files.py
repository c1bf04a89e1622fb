"""Files beside a reference: those that it reads, and those that stand in for data that its example asks for."""

from __future__ import annotations

import ast
import gzip
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograder.datasets import DataSettings, find, find_or_default
from autograder.datasets.records import Split

__all__ = ["Reading", "beside", "reading", "stand_ins"]

MANY = 12
"""From so many files in one folder on, the folder is named instead of them."""


class Reading:
    """The paths that were opened for reading while this is open."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.open = False

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        """What Python calls for each of its events; a hook stays for as long as the process lives."""
        if not self.open or event not in ("open", "sqlite3.connect"):
            return
        path, mode = arguments[0], arguments[1] if len(arguments) > 1 else "r"
        if isinstance(path, (str, bytes)) and not set(str(mode or "r")) & set("wxa"):
            self.paths.add(os.path.abspath(os.fsdecode(path)))


@contextmanager
def reading() -> Iterator[Reading]:
    """What is opened inside."""
    found = Reading()
    sys.addaudithook(found.hook)
    found.open = True
    try:
        yield found
    finally:
        found.open = False


def beside(
    home: Path, opened: Iterable[str], modules: Mapping[str, ModuleType], sources: Mapping[str, str]
) -> list[str]:
    """The files below a folder that a reference needs, by their paths in it; of many in one folder, the folder.

    Args:
        home: where the reference lies.
        opened: paths that were opened for reading.
        modules: all that are imported, by name.
        sources: the text of each module of the reference by its file; a file that one of them names in a text counts
            as well, for it may be read by a library that is not Python.
    """
    home = home.resolve()
    imported = [file for each in list(modules.values()) if (file := getattr(each, "__file__", None))]
    named = [str(home / text) for source in sources.values() for text in _texts(source)]
    found = set()
    for path in (*(each for each in opened if not each.endswith((".py", ".pyc"))), *imported, *named):
        try:
            real = Path(path).resolve()
            name = real.relative_to(home)
        except (ValueError, OSError):
            continue
        if real.is_file() and name.as_posix() not in sources and not _is_elsewhere(real, name):
            found.add(name.as_posix())
    return _folded(found)


def _is_elsewhere(path: Path, name: Path) -> bool:
    """Whether a path belongs to Python, to its packages or to this toolkit, should these lie below the same folder."""
    inside = (Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[1])
    hidden = any(part.startswith(".") or part in ("__pycache__", "site-packages") for part in name.parts)
    return hidden or any(path.is_relative_to(each.resolve()) for each in inside)


def _texts(source: str) -> Iterator[str]:
    """Texts in a module that may be paths of files below its folder."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if "." in text and len(text) < 200 and text.isprintable() and not text.startswith(("/", ".")):
                yield text


def _folded(files: set[str]) -> list[str]:
    folders: dict[str, int] = {}
    for file in files:
        if "/" in file:
            folder = file.rpartition("/")[0] + "/"
            folders[folder] = folders.get(folder, 0) + 1
    many = {folder for folder, count in folders.items() if count >= MANY}
    return sorted(many | {file for file in files if f"{file.rpartition('/')[0]}/" not in many})


# --- data files that do not lie beside it, made from the course's data sets ---

MNIST = "mnist.pkl.gz"
SIZES = (50_000, 10_000, 10_000)


def stand_ins(settings: DataSettings) -> Mapping[str, Callable[[Path], None]]:
    """Names of data files, each with what writes it."""
    return {MNIST: lambda path: _mnist(path, settings)}


def _mnist(path: Path, settings: DataSettings) -> None:
    """``mnist.pkl.gz`` with its usual sizes; from a smaller data set, images come several times."""
    embedded = settings.data == Path("digits") and not settings.data.is_dir()
    data = find("digits", settings) if embedded else find_or_default("mnist", settings)[0]
    if Path(data.source).name == MNIST and Path(data.source).is_file():
        path.symlink_to(data.source)
        return
    splits = [
        _resized(split, size) for split, size in zip((data.train, data.validation, data.hidden), SIZES, strict=True)
    ]
    with gzip.open(path, "wb", compresslevel=1) as file:
        pickle.dump(splits, file)


def _resized(split: Split, size: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    places = np.arange(size) % len(split)
    return split.x[places], split.y[places]

"""The modules and notebooks of a folder, imported apart from those of any other folder, and why an import fails.

Only a package that really is none of the student's files is said not to be installed; a file that was not handed in, a
misspelt name, a relative import and a circular import are the student's to change. It is shipped to students.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import difflib
import importlib
import importlib.machinery
import importlib.util
import inspect
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial, reduce
from importlib import metadata
from operator import or_
from pathlib import Path, PurePath
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..wording import series
from .finders import OwnLoader, OwnModules, clashing, find_colab
from .kit import OURS
from .notebook_code import is_notebook, read_code
from .sources import Frame, HandedIn

__all__ = ["FailedCell", "Modules", "at_import", "explained", "place"]

_FUTURES = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))
"""What ``from __future__ import ...`` in a cell means for the cells after it."""


@dataclass(frozen=True, slots=True)
class FailedCell:
    """A cell of a notebook that raised: its number, the error, its text, and that of all cells after it."""

    number: int
    error: BaseException
    source: str
    later: str


class Modules:
    """A folder's modules under their plain names, in `sys.modules` only while their code runs.

    So ``import backprop_network`` in one of them finds its neighbour, and two folders never share a module. Packages
    are found as well; of modules named like Python's own, see `checks.local.finders`.

    Args:
        folder: holds the modules.
        needed: names of modules that are the folder's in any case, whether they are there or not.
        before_cell: called before each cell of a notebook that does not begin with ``%%``.
        failed: called with a notebook's module and each of its cells that raises; says whether the cells after it run.
            Without it the import raises what the cell raised.
    """

    def __init__(
        self,
        folder: Path,
        needed: Iterable[str],
        before_cell: Callable[[], None] | None = None,
        failed: Callable[[str, FailedCell], bool] | None = None,
    ) -> None:
        self.folder = folder
        self.before_cell = before_cell
        self.failed = failed
        self.clashing = OwnModules(folder, clashing(folder) if folder.is_dir() else ())
        self.packages = frozenset(_packages(folder))
        beside = {path.stem for path in folder.glob("*.py") if path.stem != "conftest" and path.stem[:5] != "test_"}
        self.stems = (frozenset(needed) | beside | self.packages) - self.clashing.names
        self.own: dict[str, ModuleType] = {}

    def enter(self) -> dict[str, ModuleType]:
        """Put the folder's modules in place; return what was there."""
        there = sys.modules
        before = {name: there.pop(name) for name in self._loaded()}
        there.update(self.own)
        sys.meta_path.insert(0, self)
        return before

    def leave(self, before: Mapping[str, ModuleType]) -> None:
        """Take the folder's modules away again, and keep them."""
        sys.meta_path.remove(self)
        there = sys.modules
        self.own = {name: there.pop(name) for name in self._loaded()}
        there.update(before)

    def module(self, name: str) -> ModuleType:
        """One of the folder's modules, imported once."""
        if name in self.clashing.names:
            return self.clashing.module(name)
        return importlib.import_module(name)

    def _loaded(self) -> list[str]:
        """Names in `sys.modules` that are the folder's while its code runs."""
        if not self.packages:
            return [stem for stem in self.stems if stem in sys.modules]
        return [name for name in sys.modules if name.partition(".")[0] in self.stems]

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """What Python's import asks: where is this module? Only the folder's own are known here."""
        top, _, inner = name.partition(".")
        if top not in self.stems:
            return self.clashing.find_spec(name, path, target) if self.clashing.names else None
        notebook = self.folder / f"{name}.ipynb"
        if path is None and not (self.folder / f"{name}.py").is_file() and notebook.is_file():
            loader = _FromCells(name, str(notebook), self.before_cell, self.failed)
            return importlib.util.spec_from_file_location(name, notebook, loader=loader)
        found = importlib.machinery.PathFinder.find_spec(name, path if inner else [str(self.folder)])
        if found is not None and type(found.loader) is importlib.machinery.SourceFileLoader:
            loader_of = _FromSource if not self.clashing.names else partial(OwnLoader, own=self.clashing)
            found.loader = loader_of(name, str(found.origin))
        return found


def _packages(folder: Path) -> Iterator[str]:
    """Folders with modules in them, but for the toolkit."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.isidentifier() and path.name not in OURS and path.is_dir() and any(path.glob("*.py")):
            yield path.name


def place(file: str, line: int) -> tuple[str, int]:
    """Of a line of a notebook's module: the words for its cell, and the line in it; else nothing, and the line."""
    if not is_notebook(file) or not line:
        return "", line
    number, line = read_code(Path(file)).where(line)
    return f"cell {number} of ", line


@lru_cache(maxsize=64)
def _compiled(text: bytes, path: str) -> CodeType:
    """The code of a module, compiled once for each text: whoever tries one often loads it as often."""
    code: CodeType = importlib.machinery.SourceFileLoader("", path).source_to_code(text, path)
    return code


class _FromSource(importlib.machinery.SourceFileLoader):
    """Always compiles the source as it is now: a file with its code could be stale, and would litter the folder."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return _compiled(self.get_data(path), path)


class _FromCells(_FromSource):
    """Runs the code cells of a notebook; ``await`` may stand outside of functions, as in Jupyter.

    `before_cell` is called before each cell that does not begin with ``%%``, and `failed` after each that raises.
    """

    def __init__(
        self,
        fullname: str,
        path: str,
        before_cell: Callable[[], None] | None = None,
        failed: Callable[[str, FailedCell], bool] | None = None,
    ) -> None:
        super().__init__(fullname, path)
        self.before_cell = before_cell
        self.failed = failed

    def exec_module(self, module: ModuleType) -> None:
        """Run the cells, one after the other; what they print is of no use here."""
        path = self.get_filename(module.__name__)
        vars(module).setdefault("display", print)
        os.environ.setdefault("MPLBACKEND", "Agg")  # nobody waits for a window
        find_colab()
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        cells = list(read_code(Path(path)).cells())
        with contextlib.redirect_stdout(io.StringIO()):
            for place, (number, first, source) in enumerate(cells):
                try:
                    in_its_place = "\n" * (first - 1) + source
                    code: CodeType = compile(in_its_place, path, "exec", flags=flags, dont_inherit=True)
                    flags |= code.co_flags & _FUTURES
                    if self.before_cell and not source.startswith("# %%"):
                        self.before_cell()
                    _run(code, vars(module))
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # exit() in a cell ends that cell
                    later = "\n".join(text for _, _, text in cells[place + 1 :])
                    if self.failed is None:
                        raise
                    if not self.failed(module.__name__, FailedCell(number, error, source, later)):
                        return


def _run(code: CodeType, names: dict[str, Any]) -> None:
    """Run a cell, in an event loop if it awaits something."""
    if code.co_flags & inspect.CO_COROUTINE:
        import asyncio

        asyncio.run(FunctionType(code, names)())
    else:
        exec(code, names)  # noqa: S102


# --- why an import fails ---

_LACKS = re.compile(r"cannot import name '([^'\n]{1,100})' from '([\w.]{1,100})'")
_CIRCULAR = re.compile(r"partially initialized module '([\w.]{1,100})'")
_RELATIVE = re.compile(r"from\s+\.+\s*(?:import\s+(.+)|(\w.*))")
_IMPORT = re.compile(r"(?:import|from)\b")
_ELSEWHERE = re.compile(r"No such file or directory: '((?!/(?:tmp|proc|dev)/)(?:/|[A-Za-z]:[\\/])[^'\n]{1,200})'")
_NAME = re.compile(r"\w+(?:\.\w+)*")
_NO_STATEMENT = ("import ", "from ", "def ", "async def ", "class ", "@")
_POPULAR = frozenset((
    "PIL", "altair", "bokeh", "bs4", "cupy", "cv2", "cvxpy", "dask", "datasets", "diffusers", "einops", "flax",
    "gym", "gymnasium", "h5py", "jax", "joblib", "keras", "lightgbm", "lightning", "matplotlib", "mxnet", "networkx",
    "nltk", "numba", "numpy", "onnx", "pandas", "plotly", "polars", "pydantic", "pyspark", "pytorch_lightning",
    "requests", "scipy", "seaborn", "skimage", "sklearn", "spacy", "statsmodels", "sympy", "tensorboard",
    "tensorflow", "torch", "torchaudio", "torchmetrics", "torchsummary", "torchvision", "tqdm", "transformers",
    "wandb", "xgboost", "yaml",
))  # fmt: skip
_AT_IMPORT = '{line} runs when {file} is imported: put calls into `if __name__ == "__main__":`.'


def explained(
    kind: str,
    message: str,
    name: str,
    frames: Sequence[Frame],
    handed_in: HandedIn,
    environment: str = "the grading environment",
) -> str:
    """One sentence about an import that failed, or a file of another machine; "" where this is something else.

    Args:
        kind: the built-in exception.
        message: its text, as Python says it.
        name: the module that Python says it is about, or "".
        frames: the steps through the submission that led there, outermost first.
        handed_in: the files of the submission.
        environment: what to call the Python that lacks a package.
    """
    frame = next((each for each in reversed(frames) if handed_in.wrote(each.file)), frames[-1] if frames else None)
    quote = handed_in.quote(frame)
    place = f"`{quote}` in {frame.place}" if frame and quote else f"An import in {frame.place}" if frame else ""
    if circle := _circular(message, frames):
        return f"{place or 'An import'} fails: {circle}"
    if kind == "FileNotFoundError" and (elsewhere := _ELSEWHERE.search(message)):
        path = elsewhere[1]
        file = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
        return (
            f"{place or 'Opening a file'} fails: there is no '{path}' here; name files as they are called beside "
            f"your code, such as '{file}'."
        )
    if kind not in ("ImportError", "ModuleNotFoundError"):
        return ""
    if quote and not _IMPORT.match(quote) and "import" not in quote:
        place = f"{place or 'An import'}, which imports something,"
    if message.startswith("attempted relative import"):
        why = f"relative imports work inside packages only{_absolute(quote)}."
    elif lacks := _LACKS.match(message):
        why = _lacking(lacks[1], lacks[2], handed_in)
    elif kind == "ModuleNotFoundError" and _NAME.fullmatch(name):
        why = _not_found(name, handed_in, environment)
    else:
        return ""
    return f"{place or 'An import'} fails: {why}"


def at_import(frames: Iterable[Frame], handed_in: HandedIn, named: Frame) -> str:
    """What to do about code that runs when a module is imported, and fails; "" where there is no such call.

    Args:
        frames: the steps through the submission that led there, outermost first.
        handed_in: the files of the submission.
        named: the step that the sentence before this one quotes.
    """
    for frame in reversed([each for each in frames if each.top and not each.cell and handed_in.wrote(each.file)]):
        quote = handed_in.quote(frame)
        if "(" in quote and not quote.startswith(_NO_STATEMENT):
            line = "This line" if frame == named else f"`{quote}` in line {frame.line}"
            return _AT_IMPORT.format(line=line, file=frame.file)
    return ""


def _absolute(quote: str) -> str:
    """The same import without its dots."""
    found = _RELATIVE.fullmatch(quote)
    if not found:
        return ""
    return f"; write `{f'import {found[1]}' if found[1] else f'from {found[2]}'}`"


def _circular(message: str, frames: Sequence[Frame]) -> str:
    found = _CIRCULAR.search(message)
    if not found or "circular import" not in message:
        return ""
    files = list(dict.fromkeys(each.file for each in frames))
    first = next((place for place, file in enumerate(files) if PurePath(file).stem == found[1]), 0)
    circle = files[first:]
    if len(circle) == 1 and PurePath(circle[0]).stem == found[1]:
        return f"{circle[0]} imports itself; remove the import."
    named = series(circle) if len(circle) > 1 else f"`{found[1]}` and another module"
    return f"{named} import each other (a circular import); move what they share into one of them."


def _lacking(name: str, module: str, handed_in: HandedIn) -> str:
    """A module that is there, without a name in it."""
    file = f"{module}.py"
    if module in handed_in.modules():
        near = difflib.get_close_matches(name, handed_in.defines(file), n=1)
        if not near and _is_installed(module):
            return f"your {file} shadows the package `{module}`; rename your file."
        return f"{file} does not define `{name}`{_did_you_mean(near)}"
    loaded = sys.modules.get(module) if _is_installed(module.partition(".")[0]) else None  # no module of the grader's
    near = difflib.get_close_matches(name, [each for each in vars(loaded) if type(each) is str] if loaded else (), n=1)
    return f"`{module}`{_version(module)} has no `{name}`{_did_you_mean(near)}"


def _not_found(name: str, handed_in: HandedIn, environment: str) -> str:
    """A module that is nowhere."""
    top = name.partition(".")[0]
    file = f"{top}.py"
    own = handed_in.modules()
    if file in handed_in.absent:
        meant = handed_in.absent[file]
        return f"{file} was not handed in{f'; {meant} looks like it: rename it to {file}' if meant else ''}."
    if top in own and name != top:
        return f"{file} is a module and not a package, so it holds no module `{name}`."
    if name != top and _is_installed(top):
        return f"the package `{top}`{_version(top)} has no module `{name}`."
    bare = _bare(top)
    if other := next((stem for stem in own if bare and _bare(stem) == bare and stem != top), ""):
        return f"there is no {file}, but {other}.py; rename it to {file}."
    stems = {PurePath(each).stem for each in handed_in.files if each.endswith(".py")}
    near = difflib.get_close_matches(top, {*own, *stems}, n=1, cutoff=0.75)
    for known in () if near or top in _POPULAR else (_installed(), sorted(sys.stdlib_module_names)):
        near = near or difflib.get_close_matches(top, known, n=1, cutoff=0.75)
    if near:
        return f"there is no module `{top}`{_did_you_mean(near)}"
    if top in _POPULAR or _is_installed(top):
        return f"the package `{top}` is not installed in {environment}; use the packages that the handout names."
    return (
        f"there is no module `{top}`: if it is a file of yours, hand in {file} as well; as a package it is not "
        f"installed in {environment}."
    )


def _bare(stem: str) -> str:
    """The letters of a name alone: ``helper``, ``Helper`` and ``helper (1)`` are the same."""
    return re.sub(r"[\W\d_]+", "", stem[:100]).lower()


def _did_you_mean(near: Sequence[str]) -> str:
    """The end of a sentence about a misspelt name."""
    return f"; did you mean `{near[0]}`?" if near else "."


def _version(module: str) -> str:
    """The version of the package that a module belongs to, with a blank before it; "" where that is not known."""
    names = _distributions().get(module.partition(".")[0], [])
    return f" {metadata.version(names[0])}" if names else ""


def _is_installed(module: str) -> bool:
    return module in sys.stdlib_module_names or module in _distributions()


def _installed() -> list[str]:
    """The public modules of the installed packages."""
    return sorted(each for each in _distributions() if each[0] != "_")


@cache
def _distributions() -> dict[str, list[str]]:
    """The installed packages by the name of their module."""
    found = metadata.packages_distributions().items()
    return {module: list(names) for module, names in found if module.isidentifier() and module not in OURS}

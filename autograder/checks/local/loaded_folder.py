"""The modules of one folder, loaded; what passes in and out of them, and what they raise. It is shipped to students."""

from __future__ import annotations

import builtins
import os
import random
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numpy as np

from ..errors import InstructorError, StudentError, Verdict
from ..inspection.arrays import filled, is_masked
from ..plain import PlainError, is_iterator, to_plain
from ..records.conversion import SIMPLE, is_data, mapped, real
from ..records.generators import handed_over
from ..rows import Rows, class_named
from . import faults
from .faults import Call, defines, is_stub, overwritten, refusal, unwritten
from .handles import ABSENT, Function, Kept, LocalHandle, LocalIterator
from .imports import FailedCell, Modules, at_import, explained, place
from .kernel import Kernel, KernelModules
from .notebook_code import is_notebook, read_code
from .sources import Frame, HandedIn, cell_number, cell_words

__all__ = ["Inside", "seed_random_numbers"]


_ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes))
_HERE = "this Python environment"

Result = TypeVar("Result")


class Inside:
    """The loaded modules, what passes in and out of them, and what they raise as an exception of the right family."""

    def __init__(
        self,
        folder: Path,
        names: Mapping[str, str],
        reference: bool,
        cell_seed: int | None,
        run_on: bool,
        kernel: Kernel | None = None,
        functions: Collection[str] = (),
    ) -> None:
        self.folder = folder.absolute()
        self.functions = functions
        self.names = dict(names)
        self.reference = reference
        self.kernel = kernel
        modules = Modules(
            self.folder,
            {Path(file).stem for file in self.names.values()},
            None if cell_seed is None else partial(seed_random_numbers, cell_seed),
            None if reference else self.cell_failed,
        )
        self.modules = KernelModules(modules.stems | modules.clashing.names) if kernel else modules
        self.run_on = run_on
        self.classes: dict[str, type] = {}
        self.kinds: dict[str, type[LocalHandle]] = {}
        self.failed_cells: dict[str, list[FailedCell]] = {}
        self.drawn: dict[str, tuple[Any, ...]] = {}
        files = set(self.names.values())
        live = {kernel.file} if kernel else set[str]()
        absent = {file: "" for file in files - live if not (self.folder / file).is_file()}
        self._others = _cells(self.folder, files - set(absent) - live)
        self._files, self._absent = files, absent

    @property
    def handed_in(self) -> HandedIn:
        """The files, with the text of the cells; of a running notebook, those that were run so far."""
        own = {self.kernel.file: self.kernel.cells} if self.kernel else {}
        return HandedIn(self.folder, self._files, (), self._absent, {**self._others, **own})

    def named(self, name: str) -> Any:
        """A public name: a function or class to call, or a constant's value."""
        file = self.names.get(name)
        if file is None:
            raise InstructorError(faults.unknown_name(name))
        module = self.load(file)
        value = vars(module).get(name, ABSENT)
        if value is ABSENT:
            why = self.failing_cell(file, name)
            if self.is_running(file):
                raise self.fault(Verdict.MISSING, f"`{name}` is not defined; run the cell that defines it.", file=file)
            raise why or self.fault(Verdict.MISSING, faults.not_defined(name, file), file=file)
        if value is ...:
            raise self.fault(Verdict.NOT_ATTEMPTED, faults.still_dots(name), file=file)
        if not callable(value) and (name in self.functions or defines(name, file, self.handed_in)):
            kind = type(value).__module__.partition(".")[0], type(value).__name__
            named_kind = kind[1] if kind[0] == "builtins" else ".".join(kind)
            raise self.fault(Verdict.MISSING, overwritten(name, named_kind, file, self.handed_in), file=file)
        if _has_methods(value):
            return Function(self, lambda *given, **named: Kept(value(*given, **named)), name)
        return Function(self, value, name) if callable(value) else self.run(name, lambda: self.outward(value))

    def load(self, file: str) -> ModuleType:
        """A module of the folder, imported once."""
        if self.kernel and self.is_running(file):
            return self.kernel.module
        stem = Path(file).stem
        known = self.modules.own.get(stem) or self.modules.clashing.loaded.get(stem)
        if known is not None:
            return known
        if not (self.folder / file).is_file():
            raise self.fault(Verdict.MISSING, f"The file {file} is missing.", file=file)
        if not is_notebook(file):
            return self.run(f"import {stem}", lambda: self.modules.module(stem))
        from ..inspection import figures

        figures.figures(())  # what others left open is not this notebook's
        module = self.run(f"import {stem}", lambda: self.modules.module(stem))
        self.drawn[file] = tuple(figures.figures(()))
        return module

    def is_running(self, file: str) -> bool:
        """Whether a file is the notebook that runs in this process."""
        return self.kernel is not None and file == self.kernel.file

    def cell_failed(self, module: str, cell: FailedCell) -> bool:
        """Keep what a cell of a notebook raised; whether the cells after it run."""
        self.failed_cells.setdefault(module, []).append(cell)
        return self.run_on

    def failing_cell(self, file: str, name: str) -> StudentError | InstructorError | None:
        """Why a name is not there: the error of the first failed cell that mentions it.

        Where the notebook ended at a failed cell, that one's error for every name in the cells after it; else None.
        """
        word = re.compile(rf"\b{re.escape(name)}\b")
        failed = self.failed_cells.get(Path(file).stem, []) if is_notebook(file) else []
        ended = [] if self.run_on else failed[-1:]
        found = next((each for each in failed if word.search(each.source)), None)
        found = found or next((each for each in ended if word.search(each.later)), None)
        return self.raised(found.error, f"cell {found.number} of {file}") if found else None

    @property
    def notebooks(self) -> tuple[str, ...]:
        """The files that are notebooks."""
        return tuple(filter(is_notebook, dict.fromkeys(self.names.values())))

    def drawn_by(self, file: str) -> tuple[Any, ...]:
        """Records of the figures that a notebook draws while it runs."""
        if self.is_running(file):
            return ()  # shown below its cells, and closed
        if file not in self.drawn:
            self.load(file)
        return self.drawn[file]

    def run(self, title: str, work: Callable[[], Result], call: Call | None = None) -> Result:
        """Do something that may run the modules' code, such as one call, with their imports in place."""
        modules = self.modules
        before = modules.enter()
        try:
            with _working_in(self.folder):
                return work()
        except PlainError as error:
            raise self.fault(Verdict.FAILED, faults.not_plain(title, str(error))) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (exit() in a student's code is an answer, too)
            raise self.raised(error, title, call) from None
        finally:
            modules.leave(before)

    def inward(self, value: Any) -> Any:
        """An argument as the modules' code gets it: plain and its own, handles as objects, rows as a real list."""
        if type(value) in _ATOMS:
            return value
        if type(value) is np.ndarray and value.dtype.kind in "biufc" and value.dtype.isnative:
            return value.copy()
        try:
            plain = to_plain(value, _object_of, copy=True, listed=False)
            return real(plain, self.class_of, lambda each: each.object if type(each) is Kept else each)
        except PlainError as error:
            raise InstructorError(faults.cannot_cross(error)) from None
        except ImportError as error:
            raise InstructorError(f"What a check gives to a submission needs {error.name}, which is missing.") from None

    def outward(self, value: Any) -> Any:
        """A result as the check gets it: plain data that shares no memory with the modules, or a handle."""
        if type(value) in _ATOMS:
            return value
        if type(value) is Kept:
            return self.kept(value.object)
        if (
            type(value) is np.ndarray
            and value.dtype.kind in "biuf"
            and value.dtype.itemsize <= 8
            and value.dtype.isnative
        ):
            return value.copy()
        return _without_masks(to_plain(value, self.kept, copy=True, draw=False, classes=self.classes))

    def class_of(self, name: str) -> Any:
        """The class of that name that came out before, or that a module of the folder defines."""
        if name not in self.classes:
            own = (*self.modules.own.values(), *self.modules.clashing.loaded.values())
            found = (vars(module).get(name) for module in own)
            kind = next((each for each in found if isinstance(each, type)), None)
            return self.classes.setdefault(name, kind) if kind else None
        return self.classes[name]

    def taken(self, value: Any) -> Any:
        """One of many results, before the next call: iterators are drawn to lists."""
        if type(value) in _ATOMS:
            return value
        return _without_masks(to_plain(value, self.kept, copy=True, classes=self.classes))

    def kept(self, value: Any) -> LocalHandle:
        """What has no plain form, and stays an object."""
        if is_iterator(value):
            return LocalIterator(self, value)
        name = type(value).__name__
        kind = self.kinds.get(name) or self.kinds.setdefault(name, class_named(name, LocalHandle))
        return kind(self, value)

    # --- what went wrong ---

    def fault(self, verdict: Verdict, message: str, **more: Any) -> StudentError | InstructorError:
        """The error of the one whose code this is."""
        if self.reference:
            return InstructorError(f"The reference in {self.folder} failed: {message}")
        return StudentError(verdict, message, **more)

    def raised(self, error: BaseException, title: str, call: Call | None = None) -> StudentError | InstructorError:
        """An exception that came out of the modules' code."""
        kind = next(
            (base.__name__ for base in type(error).__mro__ if getattr(builtins, base.__name__, None) is base),
            "Exception",
        )
        steps = [step for step in traceback.extract_tb(error.__traceback__) if self.mine(step.filename)]
        file, line = (steps[-1].filename, steps[-1].lineno or 0) if steps else ("", 0)
        if isinstance(error, SyntaxError) and error.filename and self.mine(error.filename):
            file, line = error.filename, error.lineno or 0
        part, line, file = self.place(file, line)
        raised_at = Frame(file, line, cell_number(part)) if file and line else None
        at = faults.place_of(raised_at, title, self.handed_in)
        message = faults.text_of(error)
        verdict, sentence = Verdict.RAISED, faults.raised(title, type(error).__name__, at, message)
        innermost = self.frame(steps[-1]) if steps else None
        if isinstance(error, NotImplementedError) and is_stub(innermost, message, self.handed_in):
            verdict, sentence = Verdict.NOT_ATTEMPTED, faults.not_attempted(message or title)
            called = title.partition(".")[0] in self.names
            stub = unwritten(innermost, title, self.names, self.handed_in) if innermost and called else ""
            sentence = faults.stub_called(stub, title) if stub else sentence
        elif isinstance(error, SystemExit):
            sentence = faults.ended_python(title, at)
        elif isinstance(error, TypeError) and call and not steps and (why := self.refusal(title, call)):
            sentence = why
        elif not isinstance(error, SyntaxError):
            frames = [self.frame(step) for step in steps]
            name = getattr(error, "name", None)
            module = name if isinstance(error, ImportError) and isinstance(name, str) else ""
            about = explained(kind, message, module, frames, self.handed_in, _HERE)
            step = at_import(frames, self.handed_in, frames[-1]) if frames and title.startswith("import ") else ""
            if about or step:
                sentence = about or f"{sentence.rstrip('.')}. {step}"
            if isinstance(error, NameError) and error.name and not title.startswith("cell "):
                cause = self.failing_cell(file, error.name)
                sentence = f"{sentence.rstrip('.')}. An earlier cell failed: {cause}" if cause else sentence
        return self.fault(verdict, sentence, kind=kind, file=file, line=line, trace=self.readable(error, steps))

    def readable(self, error: BaseException, steps: Iterable[traceback.FrameSummary]) -> str:
        """A traceback that names the cells of a notebook as Jupyter does, and quotes their lines."""
        shown, cells = [], {}
        for step in steps:
            part, line, file = self.place(step.filename, step.lineno or 0)
            if part and not self.kernel:  # Python would look for the line in the JSON
                quote = self.handed_in.quote(self.frame(step))
                step = traceback.FrameSummary(f"{part}{file}", line, step.name, lookup_line=False, line=quote)
            if part:
                cells[step.filename] = f"{part.capitalize()}{file}"
            shown.append(step)
        trace = faults.trace_of(error, shown)
        for name, words in cells.items():
            trace = trace.replace(f'File "{name}"', words)
        return trace

    def refusal(self, title: str, call: Call) -> str:
        """One sentence about a call whose arguments a function of the folder does not take, or "" """
        file = self.names.get(title.partition(".")[0])
        return refusal(title, file, call, self.handed_in, may_show=True) if file else ""

    def place(self, filename: str, line: int) -> tuple[str, int, str]:
        """Of a line of the folder's code: the words for its cell, "" outside of notebooks; the line; and the file."""
        if self.kernel and (cell := self.kernel.cell_of(filename)):
            return f"{cell_words(cell)} of ", line, self.kernel.file
        part, line = place(filename, line)
        return part, line, Path(filename).name if filename else ""

    def frame(self, step: traceback.FrameSummary) -> Frame:
        """A step through the folder, in a notebook with its cell."""
        part, line, file = self.place(step.filename, step.lineno or 0)
        return Frame(file, line, cell_number(part), step.name == "<module>")

    def mine(self, filename: str) -> bool:
        """Whether a file is a module of the folder, or a cell of the running notebook."""
        if self.kernel and self.kernel.cell_of(filename):
            return True
        path = Path(filename)
        if self.folder not in path.parents:
            return False
        top = path.relative_to(self.folder).parts[0].removesuffix(".py").removesuffix(".ipynb")
        return top in self.modules.stems or top in self.modules.clashing.names


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """Relative names mean files of the folder, as where its code is run; a folder that is not there changes nothing."""
    before = os.getcwd()
    if before == str(folder) or not folder.is_dir():
        yield
        return
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _cells(folder: Path, files: Iterable[str]) -> dict[str, dict[int, str]]:
    """The source of each code cell of each notebook that can be read."""
    found = {}
    for file in filter(is_notebook, files):
        with suppress(SyntaxError, OSError):
            found[file] = {number: source for number, _, source in read_code(folder / file).cells()}
    return found


def _without_masks(value: Any) -> Any:
    """Plain data whose masked arrays have NaN where they are masked."""
    if is_masked(value):
        return filled(value)
    return value if type(value) in SIMPLE else mapped(value, _without_masks)


def _object_of(value: Any) -> Any:
    """What stands in a call's arguments and is not plain data, so that nobody looks into it."""
    if isinstance(value, LocalHandle):
        return Kept(value._object)
    if isinstance(value, Rows):
        return Kept(value.copy().as_list())
    if isinstance(value, Function):
        return Kept(value.function)
    if draws := handed_over(value):
        return draws
    raise InstructorError(
        f"A check gives a submission a {type(value).__name__}; give plain data, rows(...), or what it returned."
    )


def _has_methods(value: Any) -> bool:
    """Whether something is a class that somebody wrote methods for."""
    classes = value.__mro__ if isinstance(value, type) and not is_data(value) else ()
    return any(
        isinstance(entry, FunctionType) and (name[0] != "_" or name in ("__init__", "__call__"))
        for each in classes
        for name, entry in vars(each).items()
    )


def seed_random_numbers(number: int) -> None:
    """Seed `random`, numpy's old-style random numbers and, if it is loaded, torch, of this process."""
    random.seed(number)
    np.random.seed(number % (1 << 32))
    if torch := sys.modules.get("torch"):
        torch.manual_seed(number % (1 << 63))

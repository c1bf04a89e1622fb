"""The stand-in around modules in this very process: no walls, the same answers.

It serves the reference, which is trusted, and students who run the public checks on their own code. It is shipped to
students: standard library and numpy only (and matplotlib, when a check asks for figures).
"""

from __future__ import annotations

import builtins
import os
import random
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numpy as np

from ..errors import CheckFailed, InstructorError, StudentError, as_type_error
from ..inspection import saved_files as saved
from ..plain import TABLES, PlainError, Rows, is_iterator, size_of, to_plain
from ..records.class_names import class_named
from ..records.conversion import is_data, real
from ..records.generators import handed_over
from ..records.masked import filled, is_masked
from ..records.traversal import SIMPLE, mapped
from ..type_names import WANTED, of_wrong_kind
from . import sources
from .call_errors import Call, defines, overwritten, refusal, unwritten
from .files import Frame, HandedIn
from .import_errors import at_import, explained
from .imports import FailedCell, Modules, place
from .notebook_code import is_notebook, read_code
from .usage import Cost, Meter

__all__ = ["LocalHandle", "LocalIterator", "LocalStudent", "seed_random_numbers"]

_ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes))
_ABSENT = object()
_END = object()
_LONGEST_MESSAGE = 2000
_MOST_ITEMS = 1_000_000
_MOST_BYTES = 1 << 26
_HERE = "this Python environment"

Result = TypeVar("Result")


class LocalStudent:
    """The modules of one folder, loaded when first needed and apart from those of any other folder.

    Args:
        folder: holds the modules.
        names: each public name with its file, such as ``{"relu": "network.py"}``.
        reference: whether this is the reference, whose faults are the instructor's and no student's.
        cell_seed: of the random numbers of each cell of a notebook; None for none.
        run_on: whether the cells after a failing one of a notebook still run; those before it count in any case. A cell
            of the reference that fails is the instructor's fault.

    Raises (from every call and attribute):
        StudentError: the code raised (NOT_ATTEMPTED for a stub, else RAISED), lacks a name (MISSING), or returned a
            value that has no plain form (FAILED). InstructorError instead, if `reference`.
        InstructorError: the check asks for a name that is not in `names`, or gives what cannot cross a wall.
    """

    def __init__(
        self,
        folder: Path | str,
        names: Mapping[str, str],
        *,
        reference: bool = False,
        cell_seed: int | None = None,
        run_on: bool = True,
    ) -> None:
        self._inside = _Inside(Path(folder), names, reference, cell_seed, run_on)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._inside.named(name)

    def map(self, function: Any, items: Iterable[Any]) -> list[Any]:
        """Call a stand-in function once for each item and return the list of results."""
        if not isinstance(function, _Function):
            raise InstructorError(
                "student.map needs a function of the student's, such as student.relu or model.predict."
            )
        inside = self._inside
        given = inside.inward(items)
        return inside.run(function.title, lambda: [inside.taken(function.function(item)) for item in given])

    def starmap(self, function: Any, items: Iterable[Any]) -> list[Any]:
        """Call a stand-in function once for each item, a tuple of its arguments, and return the list of results."""
        if not isinstance(function, _Function):
            raise InstructorError("student.starmap needs a function of the student's, such as model.loss.")
        inside = self._inside
        given = inside.inward(items)
        return inside.run(function.title, lambda: [inside.taken(function.function(*item)) for item in given])

    def arguments_after(self, function: Any, *arguments: Any, **named: Any) -> list[Any]:
        """Call a stand-in function once, and return the list of its arguments as the call leaves them."""
        if not isinstance(function, _Function):
            raise InstructorError("student.arguments_after needs a function of the student's, such as student.relu.")
        inside = self._inside
        given = [inside.inward(argument) for argument in arguments]
        given_named = {name: inside.inward(argument) for name, argument in named.items()}

        def called() -> list[Any]:
            inside.taken(function.function(*given, **given_named))  # what an iterator does to them is a part of it
            return [inside.outward(each) for each in (*given, *given_named.values())]

        return inside.run(function.title, called, Call(len(given), tuple(given_named)))

    def figures(self, *returned: Any) -> Any:
        """What the open matplotlib figures say, and those among what was returned, as plain records; closes them.

        Those that the cells of a notebook have drawn come first, every time.
        """
        from ..inspection import figures

        inside = self._inside
        drawn = [figure for file in inside.notebooks for figure in inside.drawn_by(file)]
        given = inside.inward(returned)
        return inside.run("the figures", lambda: inside.outward((*drawn, *figures.figures(given))))

    def saved(self, name: str) -> Any:
        """What a file of saved numbers holds, such as ``weights.npz``; no code from it is run.

        Raises:
            StudentError: it is not there (MISSING) or cannot be read (FAILED, MEMORY).
            InstructorError: `name` is no file that `checks.inspection.saved_files` reads.
        """
        saved.check_name(name)
        inside = self._inside
        try:
            found = saved.read(inside.folder, name)
        except saved.Refused as error:
            verdict, sentence = saved.explained(name, str(error))
            raise inside.fault(verdict, sentence, file=name) from None
        return inside.run(name, lambda: inside.outward(found))

    def with_reference(
        self,
        *names: str,  # noqa: ARG002
        unless: Callable[..., Any] | Iterable[Callable[..., Any]] = (),  # noqa: ARG002
    ) -> LocalStudent:
        """The reference itself, when it stands in for the student: nothing need be put in place of its parts.

        Raises:
            InstructorError: this is a student's code, beside which there is no reference.
        """
        if not self._inside.reference:
            raise InstructorError("student.with_reference is for hidden checks: students have no reference.")
        return self

    def layers_of(self, model: Any, *example: Any) -> Any:
        """What a torch module is made of, as the record that `checks.torch_modules` judges.

        Args:
            model: an object of the modules'.
            example: what it is called with once, in eval mode and without gradients; arrays become tensors.
        """
        from ..inspection import torch_modules

        inside = self._inside
        if not isinstance(model, LocalHandle):
            raise inside.fault("FAILED", "Expected a torch.nn.Module, to look at its layers.")
        given = inside.inward((model, *example))
        return inside.run("the layers of the model", lambda: inside.outward(torch_modules.describe(*given)))

    def estimator_of(self, model: Any) -> Any:
        """What a scikit-learn estimator is made of, as the record that `checks.estimator` judges."""
        from ..inspection import estimators

        inside = self._inside
        if not isinstance(model, LocalHandle):
            raise inside.fault("FAILED", "Expected a scikit-learn estimator, to look at its steps.")
        given = inside.inward(model)
        return inside.run("the steps of the estimator", lambda: inside.outward(estimators.describe(given)))

    def cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """Call a stand-in function once; its value, and what that cost this process."""
        if not isinstance(function, _Function):
            raise InstructorError("student.cost_of needs a function of the student's, such as student.relu.")
        inside, meter = self._inside, Meter(os.getpid())
        given = [inside.inward(argument) for argument in arguments]

        def measured() -> tuple[Any, Cost]:
            meter.start()
            try:
                value = inside.taken(function.function(*given))  # what an iterator still has to do is a part of it
            finally:
                cost = meter.stop()
            return value, cost

        return inside.run(function.title, measured)

    def baseline_cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """The same as `cost_of`; where a submission is graded, the reference's function of that name is measured."""
        return self.cost_of(function, *arguments)

    def source_of(self, *names: str) -> sources.Source:
        """The text of the modules as syntax trees.

        Args:
            names: files (``"network.py"``), or what they define (``"relu"``, ``"Network.backprop"``).

        Raises:
            StudentError: a file is missing (MISSING), is no Python (RAISED), or cannot be judged (FAILED).
            InstructorError: a name is no file and no public name of the assignment, or none is given.
        """
        inside = self._inside
        files = sources.files_of(names, inside.names)
        try:
            return sources.read(inside.folder, files, inside.names.values())
        except StudentError as error:
            raise inside.fault(error.verdict, error.message, file=error.file, line=error.line) from None

    def seed(self, number: int) -> None:
        """Seed `random`, numpy's old-style random numbers and, if it is loaded, torch."""
        seed_random_numbers(number)


class LocalHandle:
    """An object that is not plain data: call its methods, read and set its attributes, look into it.

    ``len(x)``, ``value in x``, ``x[key]`` and loops work as they do where the object is.
    """

    _inside: _Inside
    _object: Any
    _kind = "object"

    def __init__(self, inside: _Inside, value: Any) -> None:
        self.__dict__.update(_inside=inside, _object=value, _origin="")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        title = f"{type(self._object).__name__}.{name}"
        value = self._inside.run(title, lambda: getattr(self._object, name, _ABSENT))
        if value is _ABSENT:
            self._must_be_asked_for(f"something with `{name}`")
        if value is _ABSENT:
            raise self._inside.fault(
                "MISSING", f"`{type(self._object).__name__}` has no `{name}`; keep the names of the handout."
            )
        if callable(value):
            return _Function(self._inside, value, title)
        return self._inside.run(title, lambda: self._inside.outward(value))

    def __setattr__(self, name: str, value: Any) -> None:
        given = self._inside.inward(value)
        self._inside.run(f"{type(self._object).__name__}.{name}", lambda: setattr(self._object, name, given))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the object itself."""
        return _Function(self._inside, self._object, type(self._object).__name__)(*arguments, **named)

    def __len__(self) -> int:
        try:
            if not hasattr(type(self._object), "__len__"):
                self._must_be_asked_for(WANTED["len"])
            return self._asked("len", lambda: len(self._object))
        except (CheckFailed, StudentError, InstructorError) as error:
            raise (error if hasattr(self._object, "__len__") else as_type_error(error)) from None

    def __bool__(self) -> bool:
        return self._asked("truth", lambda: bool(self._object))

    def __contains__(self, value: Any) -> bool:
        if not any(hasattr(type(self._object), each) for each in ("__contains__", "__iter__", "__getitem__")):
            self._must_be_asked_for(WANTED["contains"])
        given = self._inside.inward(value)
        return self._asked("contains", lambda: bool(given in self._object))

    def __getitem__(self, key: Any) -> Any:
        if not hasattr(type(self._object), "__getitem__"):
            self._must_be_asked_for(WANTED["item"])
        place = key if isinstance(key, slice) else self._inside.inward(key)
        return self._asked("item", lambda: self._inside.outward(self._object[place]))

    def __iter__(self) -> Iterator[Any]:
        if not (hasattr(type(self._object), "__iter__") or hasattr(type(self._object), "__getitem__")):
            self._must_be_asked_for(WANTED["elements"])
        items: LocalIterator = self._asked("elements", lambda: LocalIterator(self._inside, iter(self._object)))
        return items

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """What numpy sees: the values of a table, a column or an index; of anything else, one object."""
        if self._kind in TABLES:
            values = self._asked("array", lambda: self._inside.outward(self._object.to_numpy()))
            return np.asarray(values, dtype=dtype)
        alone = np.empty((), dtype=object)
        alone[()] = self
        return alone

    def _must_be_asked_for(self, expected: str) -> None:
        """Refuse an answer of a kind that the check cannot use, unless its class is one that students write."""
        if not self._inside.reference and type(self._object).__name__ not in self._inside.names:
            raise of_wrong_kind(self, expected)

    def _asked(self, what: str, work: Callable[[], Result]) -> Result:
        return self._inside.run(f"{what}({self._kind})", work)

    def __repr__(self) -> str:
        return f"<a {self._kind} of the submission>"


class LocalIterator(LocalHandle):
    """An iterator: its items come when they are asked for, one by one, up to as many as one answer may hold."""

    def __init__(self, inside: _Inside, value: Any) -> None:
        super().__init__(inside, value)
        self.__dict__.update(_drawn=0, _bytes=0)

    def __iter__(self) -> LocalIterator:
        return self

    def __next__(self) -> Any:
        inside = self._inside
        title = f"next({type(self._object).__name__})"
        item = inside.run(title, lambda: inside.outward(next(self._object, _END)))
        if isinstance(item, LocalHandle) and item._object is _END:
            raise StopIteration
        drawn, size = self._drawn + 1, self._bytes + size_of(item)
        self.__dict__.update(_drawn=drawn, _bytes=size)
        if drawn > _MOST_ITEMS or size > _MOST_BYTES:
            sentence = f"More than {_MOST_ITEMS:,} items or {_MOST_BYTES >> 20} MiB came out of one iterator."
            error = inside.fault("OUTPUT", sentence)
            if isinstance(error, StudentError):
                error.step = "End it after the items that the handout asks for."
            raise error
        return item

    def __bool__(self) -> bool:
        return True

    def __contains__(self, value: Any) -> bool:
        return any(item is value or item == value for item in self)

    def __len__(self) -> int:
        raise TypeError("an iterator has no length; make a list of it first")

    def __getitem__(self, key: Any) -> Any:
        raise TypeError("an iterator has no items by number; make a list of it first")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(list(self), dtype)


class _Function:
    """A function, class or method of the modules, not yet called."""

    __slots__ = ("function", "inside", "title")

    def __init__(self, inside: _Inside, function: Callable[..., Any], title: str) -> None:
        self.inside = inside
        self.function = function
        self.title = title

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        inside, function = self.inside, self.function
        given = [inside.inward(argument) for argument in arguments]
        given_named = {name: inside.inward(argument) for name, argument in named.items()}
        call = Call(len(given), tuple(given_named))
        made = inside.run(self.title, lambda: inside.outward(function(*given, **given_named)), call)
        if isinstance(made, LocalHandle):
            made.__dict__["_origin"] = self.title
        return made


class _Kept:
    """An object that stays what it is, also where it could be reduced to plain data."""

    __slots__ = ("object",)

    def __init__(self, value: Any) -> None:
        self.object = value


def _has_methods(value: Any) -> bool:
    """Whether something is a class that somebody wrote methods for."""
    classes = value.__mro__ if isinstance(value, type) and not is_data(value) else ()
    return any(
        isinstance(entry, FunctionType) and (name[0] != "_" or name in ("__init__", "__call__"))
        for each in classes
        for name, entry in vars(each).items()
    )


class _Inside:
    """The loaded modules, what passes in and out of them, and what they raise as an exception of the right family."""

    def __init__(
        self, folder: Path, names: Mapping[str, str], reference: bool, cell_seed: int | None, run_on: bool
    ) -> None:
        self.folder = folder.absolute()
        self.names = dict(names)
        self.reference = reference
        self.modules = Modules(
            self.folder,
            {Path(file).stem for file in self.names.values()},
            None if cell_seed is None else partial(seed_random_numbers, cell_seed),
            None if reference else self.cell_failed,
        )
        self.run_on = run_on
        self.classes: dict[str, type] = {}
        self.kinds: dict[str, type[LocalHandle]] = {}
        self.failed_cells: dict[str, list[FailedCell]] = {}
        self.drawn: dict[str, tuple[Any, ...]] = {}
        files = set(self.names.values())
        absent = {file: "" for file in files if not (self.folder / file).is_file()}
        self.handed_in = HandedIn(self.folder, files, (), absent, _cells(self.folder, files - set(absent)))

    def named(self, name: str) -> Any:
        """A public name: a function or class to call, or a constant's value."""
        file = self.names.get(name)
        if file is None:
            raise InstructorError(f"A check asks for student.{name}, which no file of the reference defines.")
        module = self.load(file)
        value = vars(module).get(name, _ABSENT)
        if value is _ABSENT:
            why = self.failing_cell(file, name)
            raise why or self.fault("MISSING", f"`{name}` is not defined in {file}.", file=file)
        if value is ...:
            raise self.fault("NOT_ATTEMPTED", f"Not attempted: {name} is still `...`", file=file)
        if not callable(value) and defines(name, file, self.handed_in):
            kind = type(value).__module__.partition(".")[0], type(value).__name__
            told = kind[1] if kind[0] == "builtins" else ".".join(kind)
            raise self.fault("MISSING", overwritten(name, told, file, self.handed_in), file=file)
        if _has_methods(value):
            return _Function(self, lambda *given, **named: _Kept(value(*given, **named)), name)
        return _Function(self, value, name) if callable(value) else self.run(name, lambda: self.outward(value))

    def load(self, file: str) -> ModuleType:
        """A module of the folder, imported once."""
        stem = Path(file).stem
        known = self.modules.own.get(stem) or self.modules.clashing.loaded.get(stem)
        if known is not None:
            return known
        if not (self.folder / file).is_file():
            raise self.fault("MISSING", f"The file {file} is missing.", file=file)
        if not is_notebook(file):
            return self.run(f"import {stem}", lambda: self.modules.module(stem))
        from ..inspection import figures

        figures.figures(())  # what others left open is not this notebook's
        module = self.run(f"import {stem}", lambda: self.modules.module(stem))
        self.drawn[file] = tuple(figures.figures(()))
        return module

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
            raise self.fault("FAILED", f"`{title}` returned a value that cannot be judged: {error}") from None
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
            return real(plain, self.class_of, lambda each: each.object if type(each) is _Kept else each)
        except PlainError as error:
            raise InstructorError(f"A check gives a submission something that cannot cross the wall: {error}") from None
        except ImportError as error:
            raise InstructorError(f"What a check gives to a submission needs {error.name}, which is missing.") from None

    def outward(self, value: Any) -> Any:
        """A result as the check gets it: plain data that shares no memory with the modules, or a handle."""
        if type(value) in _ATOMS:
            return value
        if type(value) is _Kept:
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

    def fault(self, verdict: str, message: str, **more: Any) -> StudentError | InstructorError:
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
        part, line = place(file, line)
        file = Path(file).name if file else ""
        at = ""
        if file and line:
            quote = self.handed_in.quote(_frame(steps[-1])) if steps and title == f"{part}{file}" else ""
            elsewhere = "" if title == f"{part}{file}" else f" of {part}{file}"
            at = f" (line {line}{elsewhere}{f': `{quote}`' if quote else ''})"
        message = _text(error)
        verdict, sentence = "RAISED", f"`{title}` raised {type(error).__name__}{at}: {message or 'no message'}"
        if isinstance(error, NotImplementedError):
            verdict, sentence = "NOT_ATTEMPTED", f"Not attempted: {message or title}"
            called = title.partition(".")[0] in self.names
            stub = unwritten(_frame(steps[-1]), title, self.names, self.handed_in) if steps and called else ""
            sentence = f"Not attempted: `{stub}` is not written yet, and `{title}` calls it." if stub else sentence
        elif isinstance(error, SystemExit):
            sentence = f"`{title}` called exit(){at}; a module that is graded must not end Python."
        elif isinstance(error, TypeError) and call and not steps and (why := self.refusal(title, call)):
            sentence = why
        elif not isinstance(error, SyntaxError):
            frames = [_frame(step) for step in steps]
            name = getattr(error, "name", None)
            module = name if isinstance(error, ImportError) and isinstance(name, str) else ""
            about = explained(kind, message, module, frames, self.handed_in, _HERE)
            step = at_import(frames, self.handed_in, frames[-1]) if frames and title.startswith("import ") else ""
            if about or step:
                sentence = about or f"{sentence.rstrip('.')}. {step}"
            if isinstance(error, NameError) and error.name and not title.startswith("cell "):
                cause = self.failing_cell(file, error.name)
                sentence = f"{sentence.rstrip('.')}. An earlier cell failed: {cause}" if cause else sentence
        return self.fault(verdict, sentence, kind=kind, file=file, line=line, trace=_trace(error, steps))

    def refusal(self, title: str, call: Call) -> str:
        """One sentence about a call whose arguments a function of the folder does not take, or "" """
        file = self.names.get(title.partition(".")[0])
        return refusal(title, file, call, self.handed_in, may_show=True) if file else ""

    def mine(self, filename: str) -> bool:
        """Whether a file is a module of the folder."""
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


def _frame(step: traceback.FrameSummary) -> Frame:
    """A step through the folder, in a notebook with its cell."""
    part, line = place(step.filename, step.lineno or 0)
    cell = int(part.split()[1]) if part else 0
    return Frame(Path(step.filename).name, line, cell, step.name == "<module>")


def seed_random_numbers(number: int) -> None:
    """Seed `random`, numpy's old-style random numbers and, if it is loaded, torch, of this process."""
    random.seed(number)
    np.random.seed(number % (1 << 32))
    if torch := sys.modules.get("torch"):
        torch.manual_seed(number % (1 << 63))


def _without_masks(value: Any) -> Any:
    """Plain data whose masked arrays have NaN where they are masked."""
    if is_masked(value):
        return filled(value)
    return value if type(value) in SIMPLE else mapped(value, _without_masks)


def _object_of(value: Any) -> Any:
    """What stands in a call's arguments and is not plain data, so that nobody looks into it."""
    if isinstance(value, LocalHandle):
        return _Kept(value._object)
    if isinstance(value, Rows):
        return _Kept(value.copy().as_list())
    if isinstance(value, _Function):
        return _Kept(value.function)
    if draws := handed_over(value):
        return draws
    raise InstructorError(
        f"A check gives a submission a {type(value).__name__}; give plain data, rows(...), or what it returned."
    )


def _text(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return str(text)[:_LONGEST_MESSAGE]
    except Exception:  # noqa: BLE001  (a class of the submission may raise anything here)
        return "(its text cannot be read)"


def _trace(error: BaseException, frames: list[traceback.FrameSummary]) -> str:
    """What Python would print, without our own frames; "" where that is the message alone."""
    if not (frames or isinstance(error, SyntaxError) or hasattr(error, "__notes__")):
        return ""
    try:
        ending = "".join(traceback.format_exception_only(error))
    except Exception:  # noqa: BLE001
        ending = type(error).__name__
    head = "Traceback (most recent call last):\n" if frames else ""
    return head + "".join(traceback.format_list(frames[-20:])) + ending

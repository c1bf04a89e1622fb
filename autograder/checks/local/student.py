"""What a check may ask of `student`, and the stand-in that answers from modules in this very process, not isolated.

`autograder.remote.student.RemoteStudent` answers the same from a sandbox. The one here serves the reference, which is
trusted, and students who run the public checks on their own code. It is shipped to students: standard library and numpy
only (and matplotlib, when a check asks for figures).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..errors import InstructorError, StudentError, Verdict
from ..inspection import saved_files as saved
from . import faults, sources
from .faults import Call
from .handles import Function, LocalHandle, LocalIterator
from .kernel import Kernel
from .loaded_folder import Inside, seed_random_numbers
from .sources import Source
from .usage import Cost, Meter, processor_seconds

__all__ = ["LocalHandle", "LocalIterator", "LocalStudent", "Student", "seed_random_numbers"]


class Student(Protocol):
    """The stand-in for a submission, or for the reference; what the assignment defines are attributes of it."""

    def __getattr__(self, name: str) -> Any:
        """A public function or class of the assignment to call, or a constant's value."""

    def map(self, function: Any, items: Iterable[Any]) -> Any:
        """The results of a function for each item."""

    def starmap(self, function: Any, items: Iterable[Any]) -> Any:
        """The results of a function for each item, a tuple of its arguments."""

    def arguments_after(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """The arguments of one call, as it leaves them."""

    def figures(self, *returned: Any) -> Any:
        """Records of the open figures, and of those among what was returned."""

    def saved(self, name: str) -> Any:
        """What a file of saved numbers holds."""

    def with_reference(self, *names: str, unless: Callable[..., Any] | Iterable[Callable[..., Any]] = ()) -> Student:
        """The same with the reference in place of some parts."""

    def layers_of(self, model: Any, *example: Any) -> Any:
        """The record of a torch module."""

    def estimator_of(self, model: Any) -> Any:
        """The record of a scikit-learn estimator."""

    def cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """The value of one call, and what it cost."""

    def baseline_cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """The same for the reference's function of that name, where there is a reference."""

    def cpu_seconds(self) -> float | None:
        """CPU seconds that the code has worked so far; None where they are not known."""

    def source_of(self, *names: str) -> Source:
        """The text of the modules as syntax trees."""

    def seed(self, number: int) -> None:
        """Seed the random numbers of the code."""


class LocalStudent(Student):
    """The modules of one folder, loaded when first needed and apart from those of any other folder.

    Args:
        folder: holds the modules.
        names: each public name with its file, such as ``{"relu": "network.py"}``.
        reference: whether this is the reference, whose faults are the instructor's and no student's.
        cell_seed: of the random numbers of each cell of a notebook; None for none.
        run_on: whether the cells after a failing one of a notebook still run; those before it count in any case. A cell
            of the reference that fails is the instructor's fault.
        kernel: a running notebook; what its cells have defined is asked, and its file is not read.
        functions: names that must be those of functions or classes, also where the text of the code does not say so.

    Raises (from every call and attribute):
        StudentError: the code raised (NOT_ATTEMPTED for a stub, else RAISED), lacks a name (MISSING), or returned a
            value that has no plain form (FAILED). InstructorError instead, if `reference`.
        InstructorError: the check asks for a name that is not in `names`, or gives what cannot cross into a sandbox.
    """

    def __init__(
        self,
        folder: Path | str,
        names: Mapping[str, str],
        *,
        reference: bool = False,
        cell_seed: int | None = None,
        run_on: bool = True,
        kernel: Kernel | None = None,
        functions: Collection[str] = (),
    ) -> None:
        self._inside = Inside(Path(folder), names, reference, cell_seed, run_on, kernel, functions)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._inside.named(name)

    def map(self, function: Any, items: Iterable[Any]) -> list[Any]:
        """Call a stand-in function once for each item and return the list of results."""
        if not isinstance(function, Function):
            raise InstructorError(faults.needs_function("map"))
        inside = self._inside
        given = inside.inward(items)
        return inside.run(function.title, lambda: [inside.taken(function.function(item)) for item in given])

    def starmap(self, function: Any, items: Iterable[Any]) -> list[Any]:
        """Call a stand-in function once for each item, a tuple of its arguments, and return the list of results."""
        if not isinstance(function, Function):
            raise InstructorError(faults.needs_function("starmap"))
        inside = self._inside
        given = inside.inward(items)
        return inside.run(function.title, lambda: [inside.taken(function.function(*item)) for item in given])

    def arguments_after(self, function: Any, *arguments: Any, **named: Any) -> list[Any]:
        """Call a stand-in function once, and return the list of its arguments as the call leaves them."""
        if not isinstance(function, Function):
            raise InstructorError(faults.needs_function("arguments_after"))
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
        found = inside.run("the figures", lambda: inside.outward((*drawn, *figures.figures(given))))
        if inside.kernel and not found:
            raise inside.fault(
                Verdict.FAILED,
                "No figure is open. Figures that cells have shown are closed by then; to test those, save the notebook "
                "and run `python -m pytest` in its folder.",
            )
        return found

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
        from ..inspection import torch_records

        inside = self._inside
        if not isinstance(model, LocalHandle):
            raise inside.fault(Verdict.FAILED, faults.NO_TORCH_MODULE)
        given = inside.inward((model, *example))
        return inside.run("the layers of the model", lambda: inside.outward(torch_records.describe(*given)))

    def estimator_of(self, model: Any) -> Any:
        """What a scikit-learn estimator is made of, as the record that `checks.estimator` judges."""
        from ..inspection import estimators

        inside = self._inside
        if not isinstance(model, LocalHandle):
            raise inside.fault(Verdict.FAILED, faults.NO_ESTIMATOR)
        given = inside.inward(model)
        return inside.run("the steps of the estimator", lambda: inside.outward(estimators.describe(given)))

    def cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """Call a stand-in function once; its value, and what that cost this process."""
        if not isinstance(function, Function):
            raise InstructorError(faults.needs_function("cost_of"))
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

    def cpu_seconds(self) -> float | None:
        """CPU seconds of this process so far."""
        return processor_seconds(os.getpid())

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

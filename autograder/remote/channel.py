"""What a check asks of a submission by name: its modules and notebooks, its functions, and what a call costs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np

from autograder.checks.errors import InstructorError, MisuseError, StudentError, Verdict
from autograder.checks.local import faults
from autograder.checks.local.faults import overwritten
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.local.usage import Cost, Meter
from autograder.remote.handles import Function, RemoteHandle, drawn
from autograder.remote.pipe import ELLIPSIS, Pipe

__all__ = ["Channel", "Function", "RemoteHandle"]

_LONGEST_WAY = 0.0005  # seconds


class Channel(Pipe):
    """What one session is asked for; see the class of the stand-in for what calls raise."""

    def named(self, name: str) -> Any:
        """A public name of the assignment: a function or class to call, or a constant's value."""
        file = self.interface.file_of(name)
        if file is None:
            raise InstructorError(faults.unknown_name(name))
        if self.substitution and name in self.substitution.names:
            raise MisuseError(f"A check asks for student.{name} where the reference stands in for it.")
        if file in self.absent:
            raise self.not_handed_in(file, f"it should define `{name}`")
        module = PurePath(file).stem
        defined = self.load(module, file)
        if name not in defined:
            if error := self.failing_cell(file, name):
                raise error
            near = difflib.get_close_matches(name, self.handed_in.defines(file), n=1)
            error = StudentError(Verdict.MISSING, faults.not_defined(name, file), file=file, open=True)
            error.step = f"If `{near[0]}` is meant, rename it to `{name}`." if near else None
            raise error
        if self.interface.is_constant(name):
            value = self.ask("get", (module, name), where=name)
            if isinstance(value, RemoteHandle) and value._handle.type_name == ELLIPSIS:
                raise StudentError(Verdict.NOT_ATTEMPTED, faults.still_dots(name), file=file, open=True)
            return value
        if isinstance(kind := defined[name], str):
            with self.charged():
                is_class = name in self.interface.classes
                sentence = overwritten(name, kind, file, self.handed_in, is_class=is_class)
            error = StudentError(Verdict.MISSING, sentence, file=file, open=True)
            error.step = "Give that value a name of its own."
            raise error
        return Function(self, (module, name), name, "new" if self.interface.methods_of(name) else "call")

    def load(self, module: str, file: str) -> dict[str, list[str] | str | None]:
        """Import a module of the submission, or run a notebook, once; what it defines, with classes' attributes."""
        if module not in self.inventory:
            if is_notebook(file) and self.running_notebook:
                self.running_notebook(file)
            try:
                answer = self.imported(module)
            except StudentError as error:
                if error.open:
                    raise
                raise self.importing_first(file) or error from None
            if not isinstance(answer, dict):
                raise StudentError(Verdict.CRASHED, f"{file} gave no readable answer when it was imported.")
            if self.tainted:  # a word of the submission's
                answer = {name: "" if isinstance(kind, str) else kind for name, kind in answer.items()}
            self.inventory[module] = answer
        return self.inventory[module]

    def not_handed_in(self, file: str, why: str = "") -> StudentError:
        """A file of the assignment that is not there, with the file that looks meant."""
        meant = self.handed_in.absent.get(file, "")
        because = f"; {why}" if why else ""
        sentence = f"{file} was not handed in{because}."
        error = StudentError(Verdict.MISSING, sentence, file=file, open=True)
        error.step = f"{meant} looks like it: rename it to {file}." if meant else None
        return error

    def imported(self, module: str) -> Any:
        """Have a module imported; one whose import failed in a fresh sandbox is not tried in another."""
        if self.importing:
            self.importing(module, None)
        try:
            return self.ask("load", module, where=f"import {module}")
        except StudentError as error:
            if self.importing and error.open and not self.called:  # what was called before may have had a part in it
                self.importing(module, error)
            raise

    def run_notebooks(self) -> None:
        """Run the notebooks that were not asked for anything yet: what they draw is asked of none by name."""
        for file in self.interface.files:
            if is_notebook(file) and file not in self.absent and self.running_notebook:
                self.load(PurePath(file).stem, file)

    def each(self, verb: str, function: Any, items: Iterable[Any]) -> Any:
        """Many calls in one exchange."""
        if not isinstance(function, Function):
            raise InstructorError(faults.needs_function(verb))
        return self.ask(verb, function.place, items, where=function.title)

    def after(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The arguments of one call, as it leaves them."""
        if not isinstance(function, Function):
            raise InstructorError(faults.needs_function("arguments_after"))
        return self.ask("after", function.place, arguments, named, where=function.title)

    def cost(self, function: Any, arguments: tuple[Any, ...]) -> tuple[Any, Cost]:
        """One call, counted from the first byte of its arguments on.

        Whatever runs inside once the arguments arrive (a thread that waits for them, a patched library) works for the
        answer. So nothing is handed over before the meter runs, and what that costs is in the cost of every call.
        """
        if not isinstance(function, Function):
            raise InstructorError(faults.needs_function("cost_of"))
        worker = getattr(self.session, "pid", 0)
        empty = Meter(0)
        empty.start()
        self.ask("forget", (), [], where=function.title)
        way = min(empty.stop().wall_seconds, _LONGEST_WAY)  # its answer is the submission's, so it may not gain more
        given_mib = sum(each.nbytes for each in arguments if isinstance(each, np.ndarray)) / (1 << 20)
        meter = Meter(worker)
        meter.start()
        value = drawn(function(*arguments))  # what an iterator still has to do is a part of the cost
        cost = meter.stop()
        return value, replace(
            cost,
            wall_seconds=max(cost.waited_seconds, cost.wall_seconds - way),
            peak_mib=None if cost.peak_mib is None else max(0.0, cost.peak_mib - given_mib),
        )

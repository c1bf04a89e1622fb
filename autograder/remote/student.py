"""The stand-in for a submission in a sandbox: `student.relu(z)` becomes a request, and its answer plain data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from autograder.assignment.interface import Interface
from autograder.checks.errors import InstructorError, MisuseError, StudentError
from autograder.checks.inspection import saved_files as saved
from autograder.checks.local import faults, sources
from autograder.checks.local.sources import HandedIn
from autograder.checks.local.student import Student
from autograder.checks.local.usage import Cost, processor_seconds
from autograder.pictures import raster
from autograder.remote.channel import Channel, Function, RemoteHandle
from autograder.results import Limits, Verdict
from autograder.sandbox.base import Session

__all__ = ["Controls", "RemoteHandle", "RemoteStudent"]


class RemoteStudent(Student):
    """One submission in one session. Names are those of the reference's public functions and classes.

    `absent` are files of the assignment that were not handed in; `folder` is the staged copy that `source_of` reads;
    `handed_in` is what messages may quote of it.

    Calling a function returns plain data; what is not plain stays inside and comes back as a `RemoteHandle`.

    Raises (from every call and attribute):
        StudentError: the submission raised, lacks a name, broke a limit or died; `verdict` says which.
        SandboxError: the session ended by no fault of the submission.
        InstructorError: the check asks for a name that the reference does not have.
    """

    def __init__(
        self,
        session: Session,
        interface: Interface,
        limits: Limits,
        absent: Collection[str] = (),
        folder: Path | None = None,
        handed_in: HandedIn | None = None,
    ) -> None:
        self._channel = Channel(session, interface, limits, absent, handed_in)
        self._folder = folder
        self._giving: _Giving | None = None
        self._beside: Callable[[], RemoteStudent] | None = None
        self._album = _Album()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._channel.named(name)

    def map(self, function: Any, items: Iterable[Any]) -> Any:
        """Call a stand-in function once for each item, inside, and return the results in one exchange."""
        return self._channel.each("map", function, items)

    def starmap(self, function: Any, items: Iterable[Any]) -> Any:
        """Call a stand-in function once for each item, a tuple of its arguments, and return all results at once."""
        return self._channel.each("starmap", function, items)

    def arguments_after(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call a stand-in function once, and return the list of its arguments as the call leaves them."""
        return self._channel.after(function, arguments, named)

    def figures(self, *returned: Any) -> Any:
        """What the open matplotlib figures say, and those among what was returned, as plain records; closes them.

        Those that the cells of a notebook have shown come first, every time. Their pictures are kept for the report;
        drawing them is the submission's time.
        """
        self._channel.run_notebooks()
        records = self._channel.ask("figures", list(returned), where="the figures")
        with self._channel.charged():
            return self._album.take_out(records)

    def saved(self, name: str) -> Any:
        """What a file of saved numbers holds, such as ``weights.npz``; it is read inside, without running its code.

        Raises:
            StudentError: it was not handed in (MISSING) or cannot be read (FAILED, MEMORY).
            InstructorError: `name` is no file that `autograder.checks.inspection.saved_files` reads.
        """
        saved.check_name(name)
        return self._channel.ask("saved", name, where=name)

    def seed(self, number: int) -> None:
        """Seed the submission's `random`, numpy and torch anew, as before a second training."""
        self._channel.conceal()  # unlike the grader's own seed, this number is something of the check's
        self._channel.ask("seed", number, where="the random numbers")

    def with_reference(
        self, *names: str, unless: Callable[..., Any] | Iterable[Callable[..., Any]] = ()
    ) -> RemoteStudent:
        """The same submission with the reference in place of some parts, so that one slip does not cost twice.

        For hidden checks; ``docs/carrying.md`` says what can be replaced.

        Args:
            names: functions (``"relu"``) and methods (``"Network.backprop"``) that the reference answers for.
            unless: the check, or checks, of these parts: when all are passed, nothing is replaced.

        Raises:
            MisuseError: a name that the reference does not have, a public check, or a second time.
            StudentError: the submission cannot be imported, or lacks a class whose method is named.
        """
        if self._giving is None:
            raise MisuseError("with_reference is asked of the student itself; name all parts in one call.")
        return self._giving(names, unless)

    def layers_of(self, model: Any, *example: Any) -> Any:
        """What a torch module is made of, as the record that `autograder.checks.torch_modules` judges.

        Args:
            model: an object of the submission's.
            example: what it is called with once, in eval mode and without gradients; arrays become tensors.
        """
        if not isinstance(model, RemoteHandle):
            raise StudentError(Verdict.FAILED, faults.NO_TORCH_MODULE)
        return self._channel.ask("layers", model, example, where="the layers of the model")

    def estimator_of(self, model: Any) -> Any:
        """What a scikit-learn estimator is made of, as the record that `autograder.checks.estimator` judges."""
        if not isinstance(model, RemoteHandle):
            raise StudentError(Verdict.FAILED, faults.NO_ESTIMATOR)
        return self._channel.ask("estimator", model, where="the steps of the estimator")

    def cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """Call a stand-in function once; its value, and what that cost, measured from outside.

        The time begins with the first byte of the arguments, because code inside could work on them as soon as they
        arrive; so large arguments cost something, here as in a baseline. What the way of an empty request takes, half a
        millisecond at most, is left out, and so is the memory of the arguments. CPU time and memory are None in a
        container.
        """
        return self._channel.cost(function, arguments)

    def baseline_cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """The same for the reference's function of that name, in a sandbox of its own of the same kind.

        What a submission is compared with must not be in its own hands. On a student's machine, where there is no
        reference, it is the student's own function.

        Args:
            function: a function of the student's that the reference has as well, such as ``student.loss_naive``.
        """
        if self._beside is None:
            raise MisuseError("student.baseline_cost_of works in a check alone.")
        if not isinstance(function, Function) or function.title not in self._channel.interface.names:
            raise InstructorError(faults.needs_function("baseline_cost_of"))
        reference = self._beside()
        try:
            return reference.cost_of(getattr(reference, function.title), *arguments)
        except StudentError as error:
            raise InstructorError(f"The reference's {function.title} failed as a baseline: {error}") from None

    def cpu_seconds(self) -> float | None:
        """CPU seconds that the submission has worked so far, counted from outside; None where they are not known.

        That is so in a container. The difference of two readings does not depend on how busy the machine is.
        """
        return processor_seconds(getattr(self._channel.session, "pid", 0))

    def source_of(self, *names: str) -> sources.Source:
        """The text of submitted modules as syntax trees, read from the staged copy and not inside.

        What that takes of the processor counts in the question's time.

        Args:
            names: files (``"network.py"``), or what they define (``"relu"``, ``"Network.backprop"``).

        Raises:
            StudentError: a file was not handed in (MISSING), is no Python (RAISED), or cannot be judged (FAILED).
            InstructorError: a name is no file and no public name of the reference, or none is given.
        """
        known = self._channel.interface.names
        if self._folder is None:
            raise InstructorError("student.source_of needs the staged folder of the submission.")
        with self._channel.charged():
            return sources.read(self._folder, sources.files_of(names, known), (*known.values(), *self._channel.absent))


class Controls:
    """What the grader itself does with a stand-in; kept apart so that no name of a submission's is taken."""

    def __init__(self, student: RemoteStudent) -> None:
        self._student = student
        self._channel = student._channel

    def conceal(self) -> None:
        """A hidden check begins: once the submission has been given anything of it, its words may not be shown."""
        self._channel.concealing = True

    def seed(self, number: int) -> None:
        """Seed the submission's `random`, numpy and torch."""
        self._channel.ask("seed", number, where="the random numbers")

    def take_pictures(self) -> tuple[list[str], list[str]]:
        """Pictures of figures since the last time, and sentences about those that were left out."""
        album, self._student._album = self._student._album, _Album()
        return album.kept, album.left_out

    @property
    def ended(self) -> bool:
        """Whether the worker is gone."""
        return self._channel.ended

    @property
    def concealing(self) -> bool:
        """Whether `conceal` was called."""
        return self._channel.concealing

    def limit(self, limits: Limits, spare: float = 0.0) -> None:
        """From now on no single answer may take longer than these limits say (and `spare` seconds); messages name them.

        The sandbox as a whole keeps the limits with which it was opened.
        """
        self._channel.limits = limits
        self._channel.session.at_most(limits.wall_seconds + spare)

    def import_with(self, tell: Callable[[str, StudentError | None], None]) -> None:
        """Say who is notified of each import: before it, without an error, and when it failed in a fresh sandbox."""
        self._channel.importing = tell

    def count_before(self, wall: float, cpu: float) -> None:
        """Set the seconds of the question's time that earlier sandboxes used, for messages."""
        self._channel.used_before = {"wall": wall, "cpu": cpu}

    def leave(self) -> None:
        """The sandbox is about to be closed by us; whoever still uses its objects made a mistake."""
        self._channel.left = not self._channel.ended

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Meanwhile nothing is asked here: whoever uses its objects made a mistake (MisuseError)."""
        before = self._channel.left
        self.leave()
        try:
            yield
        finally:
            self._channel.left = before

    def run_notebooks_with(self, running: Callable[[str], None]) -> None:
        """Say how a notebook is run when the first of its names is asked for."""
        self._channel.running_notebook = running

    def explain_with(
        self,
        failing_cell: Callable[[str, str], StudentError | None],
        importing_first: Callable[[str], StudentError | None],
    ) -> None:
        """Say why a name is missing, and how an import fails before anything hidden was shown.

        Args:
            failing_cell: gives the error of the cell that should have defined a name, by file and name, or None.
            importing_first: gives the error of importing a file in a fresh sandbox, or None where that works.
        """
        self._channel.failing_cell = failing_cell
        self._channel.importing_first = importing_first

    def import_file(self, file: str) -> None:
        """Import a module.

        Raises:
            StudentError: it cannot be imported.
            SandboxError: the session ended by no fault of the submission.
        """
        self._channel.load(PurePath(file).stem, file)

    def ask(self, verb: str, *arguments: Any, where: str) -> Any:
        """A request of the grader's own, and its answer."""
        return self._channel.ask(verb, *arguments, where=where)

    def raised(self, fault: dict[str, Any], where: str) -> StudentError:
        """A fault that came as a part of an answer, as the error that it stands for."""
        return self._channel.raised(fault, where)

    def out_of_turn(self, where: str) -> Exception:
        """End the session over an answer of the wrong form; the error to be raised."""
        return self._channel.out_of_turn(where)

    def substitute_with(self, giving: _Giving) -> None:
        """Say what `with_reference` gives."""
        self._student._giving = giving

    def measure_beside(self, beside: Callable[[], RemoteStudent]) -> None:
        """Say what gives the reference in a sandbox of its own, for `baseline_cost_of`."""
        self._student._beside = beside

    @property
    def tainted(self) -> bool:
        """Whether its sandbox has seen hidden inputs: what it says since then is for staff only."""
        return self._channel.tainted

    @property
    def tainted_from(self) -> int | None:
        """How many bytes it had printed when it was tainted; None if it is not."""
        return self._channel.tainted_from


_Giving = Callable[[tuple[str, ...], Callable[..., Any] | Iterable[Callable[..., Any]]], RemoteStudent]


class _Album:
    """Pictures of a submission's figures as a report keeps them, and sentences about those that were left out.

    They are drawn here from the records; a picture that was painted inside, where a record cannot say all, is cleaned.
    """

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.left_out: list[str] = []

    def take_out(self, figures: Any) -> Any:
        """Records of figures as they came, with what the pictures are made of taken out, and the pictures kept."""
        if not isinstance(figures, tuple):
            return figures
        records = [dict(each) if isinstance(each, dict) else each for each in figures]
        drawn = [each for each in records if isinstance(each, dict) and ("look" in each or "png" in each)]
        refused = []
        for place, each in enumerate(drawn):
            look, png = each.pop("look", None), each.pop("png", None)
            if place >= raster.MAX_PICTURES:
                continue
            try:
                self.kept.append(raster.shown(each, look, png))
            except raster.Refused as error:
                refused.append(str(error))
        if refused:
            self.left_out.append(f"Pictures of figures left out: {len(refused)} of {len(drawn)} ({refused[0]}).")
        return tuple(records)

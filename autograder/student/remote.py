"""The stand-in for a submission behind a wall: `student.relu(z)` becomes a request, and its answer plain data."""

from __future__ import annotations

import builtins
import errno
import signal
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder import pictures, saved, sources
from autograder.errors import InstructorError, MisuseError, SandboxError, StudentError
from autograder.loading import Interface
from autograder.metering import Cost, Meter
from autograder.model import Limits
from autograder.plain import Handle, Rows, rows
from autograder.sandbox.base import Outcome, Session
from autograder.wire import WireError, decode, encode

if TYPE_CHECKING:
    from autograder.student.carrying import Lent

__all__ = ["Controls", "RemoteHandle", "RemoteStudent"]

_LONGEST_TEXT = 2000
_LONGEST_WAY = 0.0005
_SILENT = ("set", "seed")  # give nothing back, so they wait and go with the next request: each exchange costs
_OPEN = ("load", "seed", "notebook", "cell")  # carry nothing of a check
_LEFT = (
    "A check uses an object of the submission's whose sandbox was closed; return it from the earlier check, alone or "
    "in lists, tuples and dictionaries, and take it as a parameter."
)
_MIXED = "A check gives one sandbox an object of another, such as one made with student.with_reference."


def _kept(value: Any) -> Any:
    """A copy that a check may not change any more while it waits."""
    kind = type(value)
    if kind in (np.ndarray, Rows):
        return value.copy()
    if kind in (list, tuple):
        return kind(_kept(item) for item in value)
    if kind is dict:
        return {key: _kept(item) for key, item in value.items()}
    return value


def _is_value(answer: Any) -> bool:
    return isinstance(answer, tuple) and len(answer) == 2 and answer[0] == "value"


class RemoteStudent:
    """One submission in one session. Names are those of the reference's public functions and classes.

    `absent` are files of the assignment that were not handed in; `folder` is the staged copy that `source_of` reads.

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
    ) -> None:
        self._channel = _Channel(session, interface, limits, absent)
        self._folder = folder

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

    def figures(self, *returned: Any) -> Any:
        """What the open matplotlib figures say, and those among what was returned, as plain records; closes them.

        Their pictures, as far as they are pictures, are kept for the report.
        """
        return self._channel.without_pictures(self._channel.ask("figures", list(returned), where="the figures"))

    def saved(self, name: str) -> Any:
        """What a file of saved numbers holds, such as ``weights.npz``; it is read inside, without running its code.

        Raises:
            StudentError: it was not handed in (MISSING) or cannot be read (FAILED, MEMORY).
            InstructorError: `name` is no file that `autograder.saved` reads.
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

        For hidden checks; ``docs/carrying.md`` tells what can be replaced.

        Args:
            names: functions (``"relu"``) and methods (``"Network.backprop"``) that the reference answers for.
            unless: the check, or checks, of these parts: when all are passed, nothing is replaced.

        Raises:
            MisuseError: a name that the reference does not have, a public check, or a second time.
            StudentError: the submission cannot be imported, or lacks a class whose method is named.
        """
        return self._channel.with_reference(names, unless)

    def layers_of(self, model: Any, *example: Any) -> Any:
        """What a torch module is made of, as the record that `autograder.checks.structure` judges.

        Args:
            model: an object of the submission's.
            example: what it is called with once, in eval mode and without gradients; arrays become tensors.
        """
        if not isinstance(model, RemoteHandle):
            raise StudentError("FAILED", "A torch.nn.Module was wanted, to look at its layers.")
        return self._channel.ask("layers", model, example, where="the layers of the model")

    def cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """Call a stand-in function once; its value, and what that cost, measured from outside.

        Arguments are handed in before the time begins. What the way through the wall takes by itself, half a
        millisecond at most, is left out of it. CPU time and memory are None in a container.
        """
        return self._channel.cost(function, arguments)

    def source_of(self, *names: str) -> sources.Source:
        """The text of submitted modules as syntax trees, read from the staged copy and not inside.

        Args:
            names: files (``"network.py"``), or what they define (``"relu"``, ``"Network.backprop"``).

        Raises:
            StudentError: a file was not handed in (MISSING), is no Python (RAISED), or cannot be judged (FAILED).
            InstructorError: a name is no file and no public name of the reference, or none is given.
        """
        known = self._channel.interface.names
        if self._folder is None:
            raise InstructorError("student.source_of needs the staged folder of the submission.")
        return sources.read(self._folder, sources.files_of(names, known), (*known.values(), *self._channel.absent))


class Controls:
    """What the grader itself does with a stand-in; kept apart so that no name of a submission's is taken."""

    def __init__(self, student: RemoteStudent) -> None:
        self._channel = student._channel

    def conceal(self) -> None:
        """A hidden check begins: once the submission has been given anything of it, its words may not be shown."""
        self._channel.concealing = True

    def seed(self, number: int) -> None:
        """Seed the submission's `random`, numpy and torch."""
        self._channel.ask("seed", number, where="the random numbers")

    def take_pictures(self) -> tuple[list[bytes], list[str]]:
        """Clean pictures of figures since the last time, and sentences about those that were left out."""
        taken = self._channel.pictures, self._channel.no_pictures
        self._channel.pictures, self._channel.no_pictures = [], []
        return taken

    @property
    def ended(self) -> bool:
        """Whether the worker is gone."""
        return self._channel.ended

    @property
    def concealing(self) -> bool:
        """Whether `conceal` was called."""
        return self._channel.concealing

    def leave(self) -> None:
        """The sandbox is about to be closed by us; whoever still uses its objects made a mistake."""
        self._channel.left = not self._channel.ended

    def ask(self, verb: str, *arguments: Any, where: str) -> Any:
        """A request of the grader's own, and its answer."""
        return self._channel.ask(verb, *arguments, where=where)

    def raised(self, fault: dict[str, Any], where: str) -> StudentError:
        """A fault that came as a part of an answer, as the error that it stands for."""
        return self._channel.raised(fault, where)

    def out_of_turn(self, where: str) -> StudentError:
        """End the session over an answer of the wrong form; the error to be raised."""
        return self._channel.out_of_turn(where)

    def lend_with(self, giving: _Giving) -> None:
        """Say what `with_reference` gives."""
        self._channel.giving = giving

    @property
    def showable(self) -> int | None:
        """How many bytes of its output the student may see; None for all."""
        return self._channel.showable


class RemoteHandle:
    """An object of the submission's that stays inside: call its methods, read and set its attributes."""

    def __init__(self, channel: _Channel, handle: Handle) -> None:
        self.__dict__.update(_channel=channel, _handle=handle)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._channel.attribute(self._handle, name)

    def __setattr__(self, name: str, value: Any) -> None:
        where = f"{self._handle.type_name}.{name}"
        self._channel.ask("set", (self._handle.id, name), value, where=where)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the object itself."""
        return self._channel.ask("call", (self._handle.id, ""), arguments, named, where=self._handle.type_name)

    def __repr__(self) -> str:
        return f"<a {self._handle.type_name} of the submission>"


_Giving = Callable[[tuple[str, ...], Callable[..., Any] | Iterable[Callable[..., Any]]], RemoteStudent]


class _Function:
    """A function, class or method of the submission, not yet called."""

    def __init__(self, channel: _Channel, place: tuple[str | int, str], title: str, verb: str = "call") -> None:
        self._channel = channel
        self.place = place
        self.title = title
        self._verb = verb

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        made = self._channel.ask(self._verb, self.place, arguments, named, where=self.title)
        if self._verb == "new" and type(made) is not RemoteHandle:
            raise self._channel.out_of_turn(self.title)
        return made


class _Channel:
    """Requests out, answers in, and what went wrong as an exception of the right family."""

    def __init__(self, session: Session, interface: Interface, limits: Limits, absent: Collection[str]) -> None:
        self.session = session
        self.absent = absent
        self.interface = interface
        self.limits = limits
        self.inventory: dict[str, dict[str, list[str] | None]] = {}
        self.concealing = False
        self.waiting: list[tuple[tuple[Any, ...], str]] = []
        self.showable: int | None = None
        self.pictures: list[bytes] = []
        self.no_pictures: list[str] = []
        self.ended = False
        self.left = False
        self.giving: _Giving | None = None
        self.lent: Lent | None = None

    def named(self, name: str) -> Any:
        """A public name of the assignment: a function or class to call, or a constant's value."""
        file = self.interface.file_of(name)
        if file is None:
            raise InstructorError(f"A check asks for student.{name}, which no file of the reference defines.")
        if self.lent and name in self.lent.parts:
            raise MisuseError(f"A check asks for student.{name} where the reference stands in for it.")
        if file in self.absent:
            raise StudentError("MISSING", f"{file} was not handed in; `{name}` is asked of it.", file=file, open=True)
        module = PurePath(file).stem
        if name not in self.load(module, file):
            raise StudentError("MISSING", f"`{name}` is not defined in {file}.", file=file, open=True)
        if self.interface.is_constant(name):
            return self.ask("get", (module, name), where=name)
        return _Function(self, (module, name), name, "new" if self.interface.methods_of(name) else "call")

    def load(self, module: str, file: str) -> dict[str, list[str] | None]:
        """Import a module of the submission, once; what it defines, with the attributes of its classes."""
        if module not in self.inventory:
            answer = self.ask("load", module, where=f"import {module}")
            if not isinstance(answer, dict):
                raise StudentError("CRASHED", f"{file} gave no readable answer when it was imported.")
            self.inventory[module] = answer
        return self.inventory[module]

    def each(self, verb: str, function: Any, items: Iterable[Any]) -> Any:
        """Many calls in one exchange."""
        if not isinstance(function, _Function):
            raise InstructorError(f"student.{verb} needs a function of the student's, such as student.relu.")
        return self.ask(verb, function.place, items, where=function.title)

    def cost(self, function: Any, arguments: tuple[Any, ...]) -> tuple[Any, Cost]:
        """One call with its arguments already inside."""
        if not isinstance(function, _Function):
            raise InstructorError("student.cost_of needs a function of the student's, such as student.relu.")
        given = [self.ask("hold", (), argument, where=function.title) for argument in arguments]
        if not all(type(each) is RemoteHandle for each in given):
            raise self.out_of_turn(function.title)
        empty = Meter(0)
        empty.start()
        self.ask("forget", (), [], where=function.title)
        way = min(empty.stop().wall_seconds, _LONGEST_WAY)  # its answer is the submission's, so it may not gain more
        meter = Meter(getattr(self.session, "pid", 0))
        meter.start()
        value = function(*given)
        cost = meter.stop()
        self.ask("forget", (), given, where=function.title)
        return value, replace(cost, wall_seconds=max(cost.waited_seconds, cost.wall_seconds - way))

    def attribute(self, handle: Handle, name: str) -> Any:
        """An attribute of an object inside: a method to call, or its value."""
        title = f"{handle.type_name}.{name}"
        method = _Function(self, (handle.id, name), title)
        if name in self.interface.methods_of(handle.type_name):
            return method
        return self.ask("get", (handle.id, name), where=title, method=method)

    def ask(self, verb: str, *arguments: Any, where: str, method: _Function | None = None) -> Any:
        """One request and its answer, plain or as handles; see the class of the stand-in for what it raises."""
        place, rest = (
            (arguments[0], arguments[1:]) if arguments and isinstance(arguments[0], tuple) else ((), arguments)
        )
        request = (verb, *place, *(self.outward(argument) for argument in rest))
        if verb in _SILENT:
            self.waiting.append((_kept(request), where))
            return None
        sent = [*self.waiting, (request, where)]
        self.waiting = []
        answers = self.exchange([each for each, _ in sent], where)
        for (_, asked), answer in zip(sent, answers, strict=False):
            value = self.value(answer, asked, method)
        return value

    def exchange(self, requests: list[tuple[Any, ...]], where: str) -> list[Any]:
        """Send some requests in one frame; an answer for each, up to the first that went wrong."""
        if self.left:
            raise MisuseError(_LEFT)
        alone = len(requests) == 1
        try:
            frame = encode(requests[0] if alone else ("sequence", requests))
        except WireError as error:
            raise InstructorError(f"A check gives `{where}` something that cannot cross the wall: {error}.") from None
        if any(verb not in _OPEN for verb, *_ in requests):
            self.conceal()
        try:
            answer = self.answered(frame)
        except EOFError:
            self.ended = True
            raise self.died(self.session.close(), where) from None
        except WireError as error:
            self.end()
            raise StudentError("CRASHED", f"An answer that cannot be read came back from `{where}`: {error}.") from None
        if alone:
            return [answer]
        match answer:
            case ("sequence", [*answers]) if 0 < len(answers) <= len(requests):
                if len(answers) == len(requests) or not _is_value(answers[-1]):
                    return answers
        raise self.out_of_turn(where)

    def conceal(self) -> None:
        """In a hidden check, nothing that the submission says from now on may be shown."""
        if self.concealing and self.showable is None:
            self.showable = len(self.session.output.head)

    def answered(self, frame: Sequence[bytes | memoryview]) -> Any:
        """Send a frame and read the answer; what comes before it are calls of parts that are the reference's."""
        began = time.monotonic()
        answer = decode(self.session.exchange(frame), answer=True)
        while self.lent:
            try:
                reply = self.lent.answer(answer, time.monotonic() - began)
            except (StudentError, SandboxError):
                self.end()  # it waits for an answer that will not come
                raise
            if reply is None:
                break
            began = time.monotonic()
            answer = decode(self.session.exchange(reply), answer=True)
        return answer

    def value(self, answer: Any, where: str, method: _Function | None) -> Any:
        """The value of one answer, or the exception that it stands for."""
        match answer:
            case ("value", value):
                return self.inward(value)
            case ("callable",) if method:
                return method
            case ("missing", str()):
                raise StudentError("MISSING", self.missing(where), open=True)
            case ("unplain", str(sentence)):
                raise StudentError(
                    "FAILED", f"`{where}` returned a value that cannot be judged: {sentence[:300].rstrip('.')}."
                )
            case ("refused", str(reason)) if reason in saved.REASONS and saved.is_name(where):
                raise StudentError(*saved.explained(where, reason), file=where, open=True)
            case ("raised", dict(fault)):
                raise self.raised(fault, where)
        raise self.out_of_turn(where)

    def without_pictures(self, figures: Any) -> Any:
        """Records of figures as they came, with the pictures taken out and kept, those that are pictures."""
        if not isinstance(figures, tuple):
            return figures
        told = [dict(each) if isinstance(each, dict) else each for each in figures]
        drawn = [each.pop("png") for each in told if isinstance(each, dict) and "png" in each]
        refused = []
        for png in drawn[: pictures.MAX_PICTURES]:
            try:
                self.pictures.append(pictures.clean(png))
            except pictures.Refused as error:
                refused.append(str(error))
        if refused:
            self.no_pictures.append(f"Pictures of figures left out: {len(refused)} of {len(drawn)} ({refused[0]}).")
        return tuple(told)

    def out_of_turn(self, where: str) -> StudentError:
        """An answer of the wrong form; the worker is not believed any more."""
        self.end()
        return StudentError("CRASHED", f"An answer out of turn came back from `{where}`.")

    def end(self) -> None:
        """An answer could not be believed; nothing more is asked."""
        self.ended = True
        self.session.close()

    def outward(self, value: Any) -> Any:
        """Stand-ins become handles, and what `rows` would take for granted is left alone."""
        kind = type(value)
        if kind is RemoteHandle:
            return self.own(value)
        if kind in (list, tuple):
            return kind(self.outward(item) for item in value)
        if kind is dict:
            return {key: self.outward(item) for key, item in value.items()}
        if isinstance(value, range):
            return rows(list(value))
        return value

    def inward(self, value: Any) -> Any:
        """Handles become stand-ins."""
        kind = type(value)
        if kind is Handle:
            known = value.type_name in self.interface.classes  # any other name could carry hidden inputs out
            return RemoteHandle(self, value if known else Handle(value.id, "object"))
        if kind in (list, tuple) and any(type(item) in (Handle, list, tuple, dict) for item in value):
            return kind(self.inward(item) for item in value)
        if kind is dict:
            return {key: self.inward(item) for key, item in value.items()}
        return value

    # --- parts of the reference, and objects of other sandboxes ---

    def with_reference(
        self, names: tuple[str, ...], unless: Callable[..., Any] | Iterable[Callable[..., Any]]
    ) -> RemoteStudent:
        """What the stand-in's method gives."""
        if self.giving is None:
            raise MisuseError("with_reference is asked of the student itself; name all parts in one call.")
        return self.giving(names, unless)

    def own(self, handle: RemoteHandle) -> Handle:
        """An object that goes back in, if it came from here."""
        if handle._channel is self:
            inner: Handle = handle._handle
            return inner
        if handle._channel.ended:
            name = handle._handle.type_name
            raise StudentError("CRASHED", f"A {name} was lost when the Python that held it ended.", open=True)
        raise MisuseError(_LEFT if handle._channel.left else _MIXED)

    # --- what went wrong ---

    def missing(self, where: str) -> str:
        owner, _, name = where.rpartition(".")
        if not owner:
            return f"`{name}` is not there any more."
        wanted = self.interface.methods_of(owner)
        has = next((names[owner] for names in self.inventory.values() if names.get(owner)), None) or []
        lacking = [f"`{method}`" for method in wanted if method not in has]
        if len(lacking) > 1:
            return f"`{owner}` lacks the methods {', '.join(lacking)}; keep the names of the handout."
        return f"`{owner}` has no `{name}`; keep the names of the handout."

    def raised(self, fault: dict[str, Any], where: str) -> StudentError:
        """An exception of the submission's; only the name of a built-in class is believed."""
        texts = {key: value for key, value in fault.items() if isinstance(value, str)}
        kind = texts.get("kind", "")
        if not (isinstance(known := getattr(builtins, kind, None), type) and issubclass(known, BaseException)):
            kind = "Exception"
        line = fault.get("line")
        number = line if type(line) is int and 0 < line < 1_000_000 else 0
        file, _, cell = texts.get("file", "").partition("#")
        file = file if file in self.interface.files else ""
        message = texts.get("message", "")[:_LONGEST_TEXT]
        name = texts.get("type", kind)[:100]
        part = f"cell {cell} of " if cell.isdecimal() and len(cell) < 7 else ""
        at = f" (line {number} of {part}{file})" if file and number else ""
        limit = self.refused(fault.get("errno"))
        told = f"; {limit}" if limit else ""
        verdict, sentence, may_show = "RAISED", f"`{where}` raised {name}{at}: {message or 'no message'}{told}", False
        if kind == "NotImplementedError":
            verdict, sentence = "NOT_ATTEMPTED", f"Not attempted: {message or where}"
        elif kind == "MemoryError":
            sentence = f"Memory limit of {self.limits.memory_mib} MiB reached in `{where}`{at}."
            verdict, may_show = "MEMORY", True
        elif kind == "SystemExit":
            sentence = f"`{where}` called exit(){at}; a module that is graded must not end Python."
        elif kind in ("ModuleNotFoundError", "ImportError") and where.startswith("import "):
            sentence = f"{where.removeprefix('import ')}.py needs something that is not installed here{at}: {message}."
        trace = texts.get("trace", "")[: 3 * _LONGEST_TEXT]
        may_show = may_show or self.showable is None
        error = StudentError(verdict, sentence, kind=kind, file=file, line=number, trace=trace, open=may_show)
        error.limit = limit
        error.cell = int(cell) if part else 0
        return error

    def refused(self, number: object) -> str:
        """The limit behind an error number of the operating system, or "" """
        limits = self.limits
        return {
            errno.EAGAIN: f"limit of {limits.processes} processes and threads",
            errno.EMFILE: f"limit of {limits.open_files} open files",
            errno.EFBIG: f"limit of {limits.file_mib} MiB for a file",
            errno.ENOSPC: f"limit of {limits.scratch_mib} MiB and {limits.scratch_files:,} files of scratch space",
        }.get(number if type(number) is int else 0, "")

    def died(self, outcome: Outcome, where: str) -> StudentError | SandboxError:
        """A worker that gave no answer: over a limit, ended by itself, or by our fault."""
        limits = self.limits
        if outcome.fault:
            return SandboxError(f"The sandbox broke: {outcome.fault}.")
        over = {
            "wall": ("TIME", f"Time limit of {limits.wall_seconds:g} s reached"),
            "cpu": ("TIME", f"CPU time limit of {limits.cpu:g} s reached"),
            "memory": ("MEMORY", f"Memory limit of {limits.memory_mib} MiB reached"),
            "output": ("OUTPUT", f"More than {limits.output_kib} KiB printed"),
            "scratch": (
                "OUTPUT",
                f"More than {limits.scratch_mib} MiB or {limits.scratch_files:,} files of scratch space written",
            ),
            "processes": ("CRASHED", f"More than {limits.processes} processes and threads running"),
            "reply": ("OUTPUT", f"An answer larger than {limits.reply_mib} MiB came"),
        }
        if outcome.limit in over:
            verdict, sentence = over[outcome.limit]
            return StudentError(verdict, f"{sentence} in `{where}`.", open=True)
        if outcome.signal:
            name = {each.value: each.name for each in signal.Signals}.get(outcome.signal, "unknown")
            sentence = f"Python was ended by signal {outcome.signal} ({name}) in `{where}`."
        else:
            sentence = f"Python ended with exit code {outcome.exit_code} in `{where}`."
        return StudentError("CRASHED", sentence, open=self.showable is None)  # the number could tell a hidden input

"""Requests out, answers in: what a stand-in for a submission and the objects inside its sandbox speak through."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from autograder.assignment.interface import Interface
from autograder.checks.errors import InstructorError, MisuseError, SandboxError, StudentError
from autograder.checks.inspection import saved_files
from autograder.checks.inspection.arrays import filled, is_masked
from autograder.checks.local import faults
from autograder.checks.local.faults import Call
from autograder.checks.local.sources import HandedIn
from autograder.checks.plain import PlainError, to_plain
from autograder.checks.records.conversion import SIMPLE, holds_only, mapped
from autograder.checks.records.generators import handed_over
from autograder.checks.rows import Handle, Rows, class_named, size_of
from autograder.remote import explanations
from autograder.remote.handles import Function, IteratorHandle, RemoteHandle
from autograder.results import Limits, Verdict
from autograder.sandbox.base import Session
from autograder.wire import WireError, decode, encode
from autograder.wire.columns import FEWEST, pack_rows

__all__ = ["ELLIPSIS", "Pipe", "Substituting"]

_DEEPEST_PACKED = 8
_MOST_KINDS = 64  # a class takes some KiB, and a submission may name any number
_LONG_FRAME = 1 << 16  # bytes; a shorter one is read in less time than it takes to look at the clock twice
ELLIPSIS = type(...).__name__

_TAKING_OUT = ("next", "item", "array")
_LOOKING = (*_TAKING_OUT, "elements", "len", "truth", "contains", "get", "set", "seed", "forget")
_ANSWERS_OF_LOOKING = 4  # so many answers of the largest size may come out of the objects of one call
_SILENT = ("set", "seed")  # give nothing back, so they wait and go with the next request: each exchange costs
_OPEN = ("load", "seed", "notebook", "cell")  # carry nothing of a check
_LEFT = (
    "A check uses an object of the submission's whose sandbox was closed; return it from the earlier check, alone or "
    "in lists, tuples and dictionaries, and take it as a parameter."
)
_MIXED = "A check gives one sandbox an object of another, such as one made with student.with_reference."
_OF_REFERENCE = (
    "A check gives {a} of the {one} to the {other}, which runs in another sandbox: no object crosses; give what it "
    "holds, such as its numbers and arrays."
)


class Substituting(Protocol):
    """The reference's answers for some parts, while they stand in for those of this sandbox."""

    @property
    def names(self) -> frozenset[str]:
        """The parts, by name."""

    def answer(self, call: Any, waited: float) -> list[bytes | memoryview] | None:
        """The frame that goes back in, or None if this is no call of a part."""


class Pipe:
    """Requests out and answers in, for one session; see the class of the stand-in for what calls raise."""

    of_reference = False
    """Whether the code inside is the reference."""

    def __init__(
        self,
        session: Session,
        interface: Interface,
        limits: Limits,
        absent: Collection[str],
        handed_in: HandedIn | None = None,
    ) -> None:
        self.session = session
        self.absent = absent
        self.handed_in = handed_in or HandedIn(files=interface.files)
        self.interface = interface
        self.limits = limits
        self.inventory: dict[str, dict[str, list[str] | str | None]] = {}
        self.concealing = False
        self.waiting: list[tuple[tuple[Any, ...], str]] = []
        self.kinds: dict[str, type[RemoteHandle]] = {}
        self.tainted_from: int | None = None  # so many bytes had it printed when it was tainted
        self.ended = False
        self.left = False
        self.running_notebook: Callable[[str], None] | None = None
        self.failing_cell: Callable[[str, str], StudentError | None] = _no_error
        self.importing_first: Callable[[str], StudentError | None] = _no_error
        self.substitution: Substituting | None = None
        self.importing: Callable[[str, StudentError | None], None] | None = None
        self.called = False
        self.read_bytes = 0
        self.used_before: dict[str, float] = {}
        self.taken_out = 0

    def attribute(self, handle: Handle, name: str) -> Any:
        """An attribute of an object inside: a method to call, or its value."""
        title = f"{handle.type_name}.{name}"
        method = Function(self, (handle.id, name), title)
        if name in self.interface.methods_of(handle.type_name):
            return method
        return self.ask("get", (handle.id, name), where=title, method=method)

    def ask(self, verb: str, *arguments: Any, where: str, method: Function | None = None) -> Any:
        """One request and its answer, plain or as handles; see the class of the stand-in for what it raises."""
        place, rest = (
            (arguments[0], arguments[1:]) if arguments and isinstance(arguments[0], tuple) else ((), arguments)
        )
        request = (verb, *place, *(self.outward(argument) for argument in rest))
        if verb in _SILENT:
            self.waiting.append((_kept(request), where))
            return None
        if verb not in _LOOKING:
            self.taken_out = 0
        sent = [*self.waiting, (request, where)]
        self.waiting = []
        answers = self.exchange([each for each, _ in sent], where)
        for (each, asked), answer in zip(sent, answers, strict=False):
            value = self.value(answer, asked, method, each)
        if verb in _TAKING_OUT:
            self.take_out(value)
        return value

    def take_out(self, value: Any) -> None:
        """Count what came out of objects and iterators since the last call: an answer may hold any number of them.

        Raises:
            StudentError: more than a few answers of the largest size (OUTPUT).
        """
        self.taken_out += size_of(value)
        most = _ANSWERS_OF_LOOKING * self.limits.reply_mib
        if self.taken_out > most << 20:
            error = StudentError(
                Verdict.OUTPUT, f"More than {most} MiB came out of the objects of one answer.", open=True
            )
            error.step = "Return only what the handout asks for; print the shapes of what you return."
            raise error

    def exchange(self, requests: list[tuple[Any, ...]], where: str) -> list[Any]:
        """Send some requests in one frame; an answer for each, up to the first that went wrong."""
        if self.left:
            raise MisuseError(_LEFT)
        alone = len(requests) == 1
        try:
            frame = encode(requests[0] if alone else ("sequence", requests))
        except WireError as error:
            raise InstructorError(faults.cannot_cross(f"`{where}`: {error}.")) from None
        if any(verb not in _OPEN for verb, *_ in requests):
            self.called = True
            self.conceal()
        try:
            answer = self.answered(frame)
        except EOFError:
            self.ended = True
            may_show = not self.tainted
            raise explanations.died(
                self.session.close(), where, self.limits, may_show=may_show, used_before=self.used_before
            ) from None
        except WireError as error:
            self.end()
            unread = StudentError(Verdict.CRASHED, f"An answer that cannot be read came back from `{where}`: {error}.")
            unread.everywhere = "What your code returned cannot be read."
            unread.step = "Return numbers, texts, lists, dictionaries and arrays, as the handout asks for."
            raise unread from None
        if alone:
            return [answer]
        match answer:
            case ("sequence", [*answers]) if 0 < len(answers) <= len(requests):
                if len(answers) == len(requests) or not _is_value(answers[-1]):
                    return answers
        raise self.out_of_turn(where)

    @property
    def tainted(self) -> bool:
        """Whether the sandbox has seen hidden inputs: what it says since then is for staff only."""
        return self.tainted_from is not None

    def conceal(self) -> None:
        """In a hidden check, nothing that the submission says from now on may be shown."""
        if self.concealing and not self.tainted:
            self.tainted_from = len(self.session.output.head)

    def answered(self, frame: Sequence[bytes | memoryview]) -> Any:
        """Send a frame and read the answer; what comes before it are calls of parts that are the reference's."""
        began = time.monotonic()
        answer = self.read(self.session.exchange(frame))
        while self.substitution:
            try:
                reply = self.substitution.answer(answer, time.monotonic() - began)
            except (StudentError, SandboxError):
                self.end()  # it waits for an answer that will not come
                raise
            if reply is None:
                break
            began = time.monotonic()
            answer = self.read(self.session.exchange(reply))
        return answer

    def read(self, frame: memoryview) -> Any:
        """The value of an answer; what a long one costs is the submission's time."""
        self.read_bytes += len(frame)
        if len(frame) < _LONG_FRAME:
            return decode(frame, answer=True)
        began = time.thread_time()
        try:
            return decode(frame, answer=True)
        finally:
            self.session.spend(time.thread_time() - began)

    @contextmanager
    def charged(self) -> Iterator[None]:
        """Count the processor time of work outside, that of processes started for it too, as the submission's time."""
        began = sum(os.times()[:4])
        try:
            yield
        finally:
            self.session.spend(sum(os.times()[:4]) - began)

    def value(self, answer: Any, where: str, method: Function | None, request: tuple[Any, ...]) -> Any:
        """The value of one answer, or the exception that it stands for."""
        match answer:
            case ("value", value):
                made = self.inward(value)
                if isinstance(made, RemoteHandle) and request[0] in ("call", "new"):
                    made.__dict__["_origin"] = where
                return made
            case ("callable",) if method:
                return method
            case ("missing", str()):
                error = StudentError(
                    Verdict.MISSING, explanations.missing(where, self.interface, self.inventory), open=True
                )
                error.step = ""  # the sentence says it
                raise error
            case ("unplain", str(sentence)):
                raise StudentError(Verdict.FAILED, faults.not_plain(where, f"{sentence[:300].rstrip('.')}."))
            case ("refused", str(reason)) if reason in saved_files.REASONS and saved_files.is_name(where):
                error = StudentError(*saved_files.explained(where, reason), file=where, open=True)
                if error.verdict == Verdict.MISSING and (meant := self.handed_in.alike(where)):
                    error.step = f"If {meant} is meant, rename it to {where}."
                raise error
            case ("raised", dict(fault)):
                raise self.raised(fault, where, _call_of(request))
        raise self.out_of_turn(where)

    def raised(self, fault: dict[str, Any], where: str, call: Call | None = None) -> StudentError:
        """A fault of the submission's as the error that it stands for."""
        may_show, names = not self.tainted, self.interface.names
        with self.charged():
            error = explanations.raised(
                fault, where, self.handed_in, self.limits, may_show=may_show, names=names, call=call
            )
        if error.kind == "NameError" and not where.startswith("cell "):
            name = explanations.undefined(fault) if may_show else ""
            if cause := self.failing_cell(error.file, name):
                error.step = f"An earlier cell failed: {cause.message}"
        return error

    def out_of_turn(self, where: str) -> Exception:
        """An answer of the wrong form; the worker is not believed any more."""
        self.end()
        return self.failure(StudentError(Verdict.CRASHED, f"An answer out of turn came back from `{where}`."))

    def failure(self, error: StudentError) -> Exception:
        """A fault of the code inside, as the exception that the check gets."""
        return error

    def end(self) -> None:
        """An answer could not be believed; nothing more is asked."""
        self.ended = True
        self.session.close()

    def outward(self, value: Any, depth: int = 0) -> Any:
        """Stand-ins become handles, what a package made becomes a record, long lists of equal rows a few arrays."""
        kind = type(value)
        if isinstance(value, RemoteHandle):
            return self.own(value)
        if kind in SIMPLE or kind is Rows:
            return value
        if kind in (list, tuple):
            if depth < _DEEPEST_PACKED and len(value) >= FEWEST and (packed := pack_rows(value, sys.maxsize)):
                return packed  # here, because finding that it holds nothing else takes as long as packing it
            return value if holds_only(value, SIMPLE) else kind([self.outward(item, depth + 1) for item in value])
        if kind is dict and all(type(key) in SIMPLE for key in value):
            return {key: self.outward(item, depth + 1) for key, item in value.items()}
        try:
            return to_plain(value, self.as_it_is, listed=False)
        except PlainError as error:
            raise InstructorError(faults.cannot_cross(error)) from None

    def as_it_is(self, value: Any) -> Any:
        """What has no plain form: a stand-in, a generator of random numbers, or something that the wire will refuse."""
        return self.own(value) if isinstance(value, RemoteHandle) else handed_over(value) or value

    def named_kind(self, name: str) -> type[RemoteHandle]:
        """A class of stand-ins with the name of a class inside; of so many names there is one class for all others."""
        if len(self.kinds) >= _MOST_KINDS:
            name = "object"
        return self.kinds.setdefault(name, class_named(name, RemoteHandle))

    def inward(self, value: Any) -> Any:
        """Handles become stand-ins."""
        kind = type(value)
        if kind is Handle:
            # Any other name could carry hidden inputs out, so only the sentences of comparisons tell it, which nobody
            # but staff reads of a hidden check; an Ellipsis is what a stub leaves of a value.
            name = value.type_name
            known = name in self.interface.classes or name == ELLIPSIS
            if value.iterator:
                return IteratorHandle(self, value if known else Handle(value.id, "iterator", iterator=True))
            kind = self.kinds.get(name) or self.named_kind(name)
            return kind(self, value if known else Handle(value.id, "object"))
        if is_masked(value):
            return filled(value)
        return value if kind in SIMPLE else mapped(value, self.inward)

    def own(self, handle: RemoteHandle) -> Handle:
        """An object that goes back in, if it came from here."""
        if handle._channel is self:
            inner: Handle = handle._handle
            return inner
        if handle._channel.of_reference is not self.of_reference:  # the answer may be to blame: no MisuseError
            sides = ("submission", "reference")
            one, other = sides[not self.of_reference], sides[self.of_reference]
            kind = handle._kind
            what = "an object" if kind == "object" else f"an object ({kind})"
            raise InstructorError(_OF_REFERENCE.format(a=what, one=one, other=other))
        if handle._channel.ended:
            name = handle._handle.type_name
            raise StudentError(Verdict.CRASHED, f"A {name} was lost when the Python that held it ended.", open=True)
        raise MisuseError(_LEFT if handle._channel.left else _MIXED)


def _no_error(*_: str) -> None:
    """Where nobody knows of an error."""


def _call_of(request: tuple[Any, ...]) -> Call | None:
    """How a request calls something of the submission's; None where it does not, or many times in several ways."""
    match request:
        case ("call" | "new" | "after", _, _, tuple(arguments), dict(named)):
            return Call(len(arguments), tuple(named))
        case ("map", _, _, _):
            return Call(1)
        case ("starmap", _, _, [tuple(first), *others]) if all(len(each) == len(first) for each in others):
            return Call(len(first))
    return None


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

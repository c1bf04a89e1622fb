"""What stands for the objects and functions inside a sandbox: each question about them is a request."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np

from autograder.assignment.interface import Interface
from autograder.checks.errors import CheckFailed, InstructorError, StudentError, as_type_error
from autograder.checks.local import faults
from autograder.checks.local.handles import ItemsOnly
from autograder.checks.plain import TABLES
from autograder.checks.records.conversion import SIMPLE, mapped
from autograder.checks.rows import Handle
from autograder.checks.value_text import EXPECTED, of_wrong_kind
from autograder.results import Limits, Verdict

__all__ = ["Asked", "Function", "IteratorHandle", "RemoteHandle", "drawn"]

_MOST_ITEMS = 1_000_000
_MOST_AT_ONCE = 1_000

T = TypeVar("T")


class Asked(Protocol):
    """The way into the sandbox, as far as what stands for its objects has to know it."""

    interface: Interface
    limits: Limits
    read_bytes: int
    ended: bool
    left: bool

    @property
    def of_reference(self) -> bool:
        """Whether the code inside is the reference."""

    def ask(self, verb: str, *arguments: Any, where: str, method: Function | None = None) -> Any:
        """One request and its answer."""

    def attribute(self, handle: Handle, name: str) -> Any:
        """An attribute of an object inside."""

    def out_of_turn(self, where: str) -> Exception:
        """End the session over an answer of the wrong form."""

    def failure(self, error: StudentError) -> Exception:
        """A fault of the code inside, as the exception that the check gets."""


class RemoteHandle:
    """An object of the submission's that stays inside: call its methods, read and set its attributes, look into it.

    ``len(x)``, ``value in x``, ``x[key]`` and loops are asked inside. The stand-in's own class is called as the
    object's is, so that every sentence about it says that name, Python's own sentences, too.
    """

    _kind = "object"

    def __init__(self, channel: Asked, handle: Handle) -> None:
        self.__dict__.update(_channel=channel, _handle=handle, _origin="")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._channel.attribute(self._handle, name)
        except StudentError as error:
            if error.verdict != Verdict.MISSING or self._is_asked_for():
                raise
            raise of_wrong_kind(self, f"something with `{name}`") from None

    def __setattr__(self, name: str, value: Any) -> None:
        where = f"{self._handle.type_name}.{name}"
        self._channel.ask("set", (self._handle.id, name), value, where=where)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the object itself."""
        return self._channel.ask("call", (self._handle.id, ""), arguments, named, where=self._handle.type_name)

    def __len__(self) -> int:
        try:
            return self._asked("len", int, lambda number: 0 <= number < 1 << 62)
        except (CheckFailed, StudentError, InstructorError) as error:
            passed_over = isinstance(error, CheckFailed) or getattr(error, "kind", "") == "TypeError"
            raise (as_type_error(error) if passed_over else error) from None

    def __bool__(self) -> bool:
        return self._asked("truth", bool)

    def __contains__(self, value: Any) -> bool:
        return self._asked("contains", bool, None, value)

    def __getitem__(self, key: Any) -> Any:
        parts = (key.start, key.stop, key.step) if isinstance(key, slice) else None
        where = f"{self._handle.type_name}[...]"
        try:
            return self._channel.ask("item", self, key if parts is None else parts, parts is not None, where=where)
        except StudentError as error:
            if error.kind != "TypeError" or error.file or self._is_asked_for():
                raise
            raise of_wrong_kind(self, EXPECTED["item"]) from None

    def __iter__(self) -> Iterator[Any]:
        items = self._asked("elements", IteratorHandle)
        items._draw_many()
        return items

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """What numpy sees: the values of a table of another package than pandas; of anything else, one object."""
        if self._kind in TABLES:
            return np.asarray(self._channel.ask("array", self, where=self._handle.type_name), dtype=dtype)
        alone = np.empty((), dtype=object)
        alone[()] = self
        return alone

    def _is_asked_for(self) -> bool:
        """Whether its class is one of the handout's, so that names of the handout are missing where it lacks some."""
        return self._handle.type_name in self._channel.interface.classes

    def _asked(self, verb: str, kind: type[T], right: Callable[[T], bool] | None = None, *arguments: Any) -> T:
        """An answer of that type, and nothing else is believed."""
        where = f"{verb}({self._handle.type_name})"
        try:
            value = self._channel.ask(verb, self, *arguments, where=where)
        except StudentError as error:
            # Python refuses it before any code of the submission's runs: an answer of another kind than was expected.
            if error.kind != "TypeError" or error.file or self._is_asked_for() or verb not in EXPECTED:
                raise
            raise of_wrong_kind(self, EXPECTED[verb]) from None
        if type(value) is not kind or not (right is None or right(value)):
            raise self._channel.out_of_turn(where)
        return value

    def __repr__(self) -> str:
        return f"<a {self._kind} of the submission>"


class IteratorHandle(ItemsOnly, RemoteHandle):
    """An iterator of the submission's: its items come when they are asked for, one by one.

    All items together may be as many, and take as many bytes, as one answer.
    """

    _kind = "iterator"

    def __init__(self, channel: Asked, handle: Handle) -> None:
        super().__init__(channel, handle)
        self.__dict__.update(_items=deque(), _ended=False, _at_once=1, _drawn=0, _bytes=0)

    def __next__(self) -> Any:
        if not self._items and not self._ended:
            self._draw()
        if not self._items:
            raise StopIteration
        return self._items.popleft()

    def __length_hint__(self) -> int:
        """Asked by `list` and the like, which draw to the end."""
        self._draw_many()
        return 0

    def _draw_many(self) -> None:
        """From now on many items may come in one exchange."""
        self.__dict__["_at_once"] = _MOST_AT_ONCE

    def _draw(self) -> None:
        channel, where = self._channel, f"next({self._handle.type_name})"
        before = channel.read_bytes
        answer = channel.ask("next", self, self._at_once, where=where)
        match answer:
            case ([*items], bool(ended)) if len(items) <= self._at_once and (items or ended):
                pass
            case _:
                raise channel.out_of_turn(where)
        drawn, size = self._drawn + len(items), self._bytes + channel.read_bytes - before
        self.__dict__.update(_ended=ended, _drawn=drawn, _bytes=size)
        most = channel.limits.reply_mib
        if drawn > _MOST_ITEMS or size > most << 20:
            error = StudentError(Verdict.OUTPUT, faults.too_many_drawn(_MOST_ITEMS, most), open=True)
            error.step = faults.STEP_OF_ITERATORS
            raise channel.failure(error)
        self._items.extend(items)


class Function:
    """A function, class or method of the submission, not yet called."""

    def __init__(self, channel: Asked, place: tuple[str | int, str], title: str, verb: str = "call") -> None:
        self._channel = channel
        self.place = place
        self.title = title
        self._verb = verb

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it inside; of a class, make an object."""
        made = self._channel.ask(self._verb, self.place, arguments, named, where=self.title)
        if self._verb == "new" and not isinstance(made, RemoteHandle):
            raise self._channel.out_of_turn(self.title)
        return made


def drawn(value: Any) -> Any:
    """A value in which iterators are the lists of their items."""
    if isinstance(value, IteratorHandle):
        value = list(value)
    return value if type(value) in SIMPLE else mapped(value, drawn)

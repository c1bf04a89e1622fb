"""What stands for the objects and functions of modules in this process. It is shipped to students."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np

from ..errors import CheckFailed, InstructorError, StudentError, Verdict, as_type_error
from ..plain import TABLES
from ..rows import size_of
from ..value_text import EXPECTED, of_wrong_kind
from . import faults
from .faults import Call

__all__ = ["ABSENT", "Function", "ItemsOnly", "Kept", "LocalHandle", "LocalIterator", "Owner"]

ABSENT = object()
_END = object()
_MOST_ITEMS = 1_000_000
_MOST_BYTES = 1 << 26

Result = TypeVar("Result")


class Owner(Protocol):
    """The loaded modules, as far as what stands for their parts has to know them."""

    reference: bool

    @property
    def names(self) -> Mapping[str, str]:
        """Each public name with its file."""

    def run(self, title: str, work: Callable[[], Result], call: Call | None = None) -> Result:
        """Do something that may run the modules' code."""

    def inward(self, value: Any) -> Any:
        """An argument as the modules' code gets it."""

    def outward(self, value: Any) -> Any:
        """A result as the check gets it."""

    def fault(self, verdict: Verdict, message: str, **more: Any) -> StudentError | InstructorError:
        """The error of the one whose code this is."""


class LocalHandle:
    """An object that is not plain data: call its methods, read and set its attributes, look into it.

    ``len(x)``, ``value in x``, ``x[key]`` and loops work as they do where the object is.
    """

    _inside: Owner
    _object: Any
    _kind = "object"

    def __init__(self, inside: Owner, value: Any) -> None:
        self.__dict__.update(_inside=inside, _object=value, _origin="")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        title = f"{type(self._object).__name__}.{name}"
        value = self._inside.run(title, lambda: getattr(self._object, name, ABSENT))
        if value is ABSENT:
            self._must_be_asked_for(f"something with `{name}`")
        if value is ABSENT:
            raise self._inside.fault(Verdict.MISSING, faults.lacks(type(self._object).__name__, [name]))
        if callable(value):
            return Function(self._inside, value, title)
        return self._inside.run(title, lambda: self._inside.outward(value))

    def __setattr__(self, name: str, value: Any) -> None:
        given = self._inside.inward(value)
        self._inside.run(f"{type(self._object).__name__}.{name}", lambda: setattr(self._object, name, given))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the object itself."""
        return Function(self._inside, self._object, type(self._object).__name__)(*arguments, **named)

    def __len__(self) -> int:
        try:
            if not hasattr(type(self._object), "__len__"):
                self._must_be_asked_for(EXPECTED["len"])
            return self._asked("len", lambda: len(self._object))
        except (CheckFailed, StudentError, InstructorError) as error:
            raise (error if hasattr(self._object, "__len__") else as_type_error(error)) from None

    def __bool__(self) -> bool:
        return self._asked("truth", lambda: bool(self._object))

    def __contains__(self, value: Any) -> bool:
        if not any(hasattr(type(self._object), each) for each in ("__contains__", "__iter__", "__getitem__")):
            self._must_be_asked_for(EXPECTED["contains"])
        given = self._inside.inward(value)
        return self._asked("contains", lambda: bool(given in self._object))

    def __getitem__(self, key: Any) -> Any:
        if not hasattr(type(self._object), "__getitem__"):
            self._must_be_asked_for(EXPECTED["item"])
        place = key if isinstance(key, slice) else self._inside.inward(key)
        return self._asked("item", lambda: self._inside.outward(self._object[place]))

    def __iter__(self) -> Iterator[Any]:
        if not (hasattr(type(self._object), "__iter__") or hasattr(type(self._object), "__getitem__")):
            self._must_be_asked_for(EXPECTED["elements"])
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


class ItemsOnly(Iterator[Any]):
    """What an iterator of a submission's has beside its items, here and in a sandbox: no length and no index."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    def __contains__(self, value: Any) -> bool:
        return any(item is value or item == value for item in self)

    def __len__(self) -> int:
        raise TypeError(faults.NO_LENGTH)

    def __getitem__(self, key: Any) -> Any:
        raise TypeError(faults.NO_ITEMS)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(list(self), dtype)


class LocalIterator(ItemsOnly, LocalHandle):
    """An iterator: its items come when they are asked for, one by one, up to as many as one answer may hold."""

    def __init__(self, inside: Owner, value: Any) -> None:
        super().__init__(inside, value)
        self.__dict__.update(_drawn=0, _bytes=0)

    def __next__(self) -> Any:
        inside = self._inside
        title = f"next({type(self._object).__name__})"
        item = inside.run(title, lambda: inside.outward(next(self._object, _END)))
        if isinstance(item, LocalHandle) and item._object is _END:
            raise StopIteration
        drawn, size = self._drawn + 1, self._bytes + size_of(item)
        self.__dict__.update(_drawn=drawn, _bytes=size)
        if drawn > _MOST_ITEMS or size > _MOST_BYTES:
            sentence = faults.too_many_drawn(_MOST_ITEMS, _MOST_BYTES >> 20)
            error = inside.fault(Verdict.OUTPUT, sentence)
            if isinstance(error, StudentError):
                error.step = faults.STEP_OF_ITERATORS
            raise error
        return item


class Function:
    """A function, class or method of the modules, not yet called."""

    __slots__ = ("function", "inside", "title")

    def __init__(self, inside: Owner, function: Callable[..., Any], title: str) -> None:
        self.inside = inside
        self.function = function
        self.title = title

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it with arguments of its own, and take what it returns out."""
        inside, function = self.inside, self.function
        given = [inside.inward(argument) for argument in arguments]
        given_named = {name: inside.inward(argument) for name, argument in named.items()}
        call = Call(len(given), tuple(given_named))
        made = inside.run(self.title, lambda: inside.outward(function(*given, **given_named)), call)
        if isinstance(made, LocalHandle):
            made.__dict__["_origin"] = self.title
        return made


class Kept:
    """An object that stays what it is, also where it could be reduced to plain data."""

    __slots__ = ("object",)

    def __init__(self, value: Any) -> None:
        self.object = value

"""The same solution as another student would have it: other random numbers, other signs, other winners of a tie.

A right solution may draw its random numbers in another order or with another generator, and an eigenvector may have
either sign. A check that the reference passes beside itself under these disturbances asks for none of that.
"""

from __future__ import annotations

import functools
import random
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["disturbed"]


FACTORIES = {
    "numpy.random": ("RandomState", "SeedSequence", "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"),
    "random": ("Random",),
}
SEEDING = {
    "numpy.random": ("default_rng", "seed"),
    "random": ("seed",),
    "torch": ("manual_seed",),
}
SEED_NAMES = ("seed", "entropy", "a", "x")
"""What the functions and classes above call their seed, which comes first."""
RANDOM = random.Random  # another class stands there while it is disturbed
KEPT = (np.random.SeedSequence, np.random.BitGenerator)
"""Seeds that were another already when they were made."""
SIGNED = ("eigh", "eig", "svd", "qr")
WINNERS = ("argmax", "argmin", "nanargmax", "nanargmin")


@contextmanager
def disturbed(
    folder: Path, modules: Iterable[ModuleType], held: Iterable[Any], seed: int, *, ties: bool, drawn: list[str]
) -> Iterator[None]:
    """While this is open, the modules of a folder draw other random numbers and meet other signs.

    Args:
        folder: of the modules that are disturbed; packages around them are not.
        modules: the modules, for names imported from elsewhere and generators at module level.
        held: what the call can draw from besides: generators among its arguments, and the object whose method is
            called, with its generators. They go on from another place.
        seed: of the disturbance; equal seeds given to a generator inside still give equal numbers.
        ties: whether of equal entries another one is the largest or smallest.
        drawn: is appended what is asked for random numbers.
    """
    inside = str(folder)
    modules = list(modules)
    with ExitStack() as stack:
        for name, factories in FACTORIES.items():
            for factory in factories:
                _swap(stack, modules, sys.modules[name], factory, lambda real: _factory(real, inside, seed, drawn))
        for name, functions in SEEDING.items():
            for function in functions:
                if (holder := sys.modules.get(name)) is not None:
                    _swap(stack, modules, holder, function, lambda real: _seeding(real, inside, seed, drawn))
        source = np.random.default_rng(seed)
        for holder in filter(None, (np.linalg, sys.modules.get("scipy.linalg"))):
            for function in SIGNED:
                _swap(stack, modules, holder, function, lambda real: _signed(real, source))
        if ties:
            _disturb_ties(stack, modules, inside)
        held = list(held)
        holders = [vars(each) for each in (*modules, *held) if hasattr(each, "__dict__")]
        for value in [*held, *(each for holder in holders for each in holder.values())]:
            if _advance(value, seed):
                drawn.append("a generator that is kept or given")
        yield


def _disturb_ties(stack: ExitStack, modules: list[ModuleType], inside: str) -> None:
    """Let another one of equal entries, or of equal rows of a table, count."""
    for function in WINNERS:
        _swap(stack, modules, np, function, _last)
    _swap(stack, modules, np, "argsort", _reversed_ties)
    for kind, methods in _of_pandas():
        for method, make in methods.items():
            _swap(stack, [], kind, method, functools.partial(make, folder=inside))


def _swap(
    stack: ExitStack, modules: list[ModuleType], holder: ModuleType | type, name: str, make: Callable[[Any], Any]
) -> None:
    """Put something in the place of a name in a package, and of what the modules imported under any name."""
    real = getattr(holder, name)
    other = make(real)
    places = [(holder, name)] + [(m, key) for m in modules for key, value in vars(m).items() if value is real]
    for place, key in places:
        setattr(place, key, other)
        stack.callback(setattr, place, key, real)


def _called_inside(folder: str) -> bool:
    return sys._getframe(2).f_code.co_filename.startswith(folder)


def _mixed(seed: Any, number: int) -> int:
    return zlib.crc32(f"{number}/{seed!r}".encode()) if seed is not None else zlib.crc32(str(number).encode())


def _otherwise(
    number: int, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with another seed in the place of the one that was given, or of none."""
    name = next((each for each in SEED_NAMES if each in named), "")
    seed = arguments[0] if arguments else named.get(name)
    other = seed
    if not isinstance(seed, KEPT) and not _advance(seed, number):
        other = _mixed(seed, number)
    if arguments or not name:
        return (other, *arguments[1:]), dict(named)
    return (), {**named, name: other}


def _seeding(real: Callable[..., Any], folder: str, number: int, drawn: list[str]) -> Callable[..., Any]:
    """A function that takes a seed, and is given another one; a generator in its place goes on from elsewhere."""

    @functools.wraps(real)
    def seeded(*arguments: Any, **named: Any) -> Any:
        if not _called_inside(folder):
            return real(*arguments, **named)
        drawn.append(real.__name__)
        arguments, named = _otherwise(number, arguments, named)
        return real(*arguments, **named)

    return seeded


def _factory(real: type, folder: str, number: int, drawn: list[str]) -> Any:
    """A class that takes a seed; what it makes is of the real class."""

    class Kind(type):
        def __call__(cls, *arguments: Any, **named: Any) -> Any:
            if not _called_inside(folder):
                return real(*arguments, **named)
            drawn.append(real.__name__)
            arguments, named = _otherwise(number, arguments, named)
            return real(*arguments, **named)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

        def __getattr__(cls, name: str) -> Any:
            return getattr(real, name)

    return Kind(real.__name__, (), {"__doc__": real.__doc__, "__module__": real.__module__})


def _advance(value: Any, number: int) -> bool:
    """Let a generator go on from another place; whether it is one."""
    count = 3 + number % 5
    if isinstance(value, np.random.Generator):
        value.random(count)
        value.integers(7, size=count)
    elif isinstance(value, np.random.RandomState):
        value.random_sample(count)
    elif type(value) is RANDOM:
        for _ in range(count):
            value.random()
    elif (torch := sys.modules.get("torch")) is not None and isinstance(value, torch.Generator):
        torch.rand(count, generator=value)
    else:
        return False
    return True


def _signed(real: Callable[..., Any], source: np.random.Generator) -> Callable[..., Any]:
    """A decomposition whose vectors have other signs, and whose product is the same."""

    @functools.wraps(real)
    def other(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        if not isinstance(found, tuple):
            return found
        parts = list(found)
        matrices = [isinstance(part, np.ndarray) and part.ndim == 2 for part in parts]
        if real.__name__ in ("eigh", "eig"):
            if len(parts) == 2 and matrices[1]:
                parts[1] = parts[1] * source.choice([-1.0, 1.0], size=parts[1].shape[1])
        elif len(parts) == (3 if real.__name__ == "svd" else 2) and matrices[0] and matrices[-1]:
            size = min(parts[0].shape[1], parts[-1].shape[0])
            flips = source.choice([-1.0, 1.0], size=size)
            parts[0], parts[-1] = parts[0].copy(), parts[-1].copy()
            parts[0][:, :size] *= flips
            parts[-1][:size] *= flips[:, None]
        return type(found)(*parts) if hasattr(found, "_fields") else tuple(parts)

    return other


def _last(real: Callable[..., Any]) -> Callable[..., Any]:
    """The last of equal entries instead of the first; where more is asked for than that, what it gives as always."""

    @functools.wraps(real)
    def other(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        values, axis = _values_and_axis(arguments, named)
        if values is None or values.ndim == 0:
            return found
        if axis is None:
            return values.size - 1 - real(values.ravel()[::-1])
        return values.shape[axis] - 1 - real(np.flip(values, axis=axis), axis=axis)

    return other


def _reversed_ties(real: Callable[..., Any]) -> Callable[..., Any]:
    """An order in which equal entries stand the other way round, unless a stable one is asked for."""

    @functools.wraps(real)
    def other(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        values, axis = _values_and_axis(arguments, named, usual=-1)
        if values is None or values.ndim == 0:
            return found
        if axis is None:
            values, axis = values.ravel(), 0
        return values.shape[axis] - 1 - real(np.flip(values, axis=axis), axis=axis, kind="stable")

    return other


def _values_and_axis(
    arguments: tuple[Any, ...], named: Mapping[str, Any], usual: int | None = None
) -> tuple[np.ndarray[Any, Any] | None, Any]:
    """The array and the axis of a call that gives no more than these; None for the array of any other call."""
    given = dict(zip(("a", "axis", "more"), (*arguments[:2], *(["more"] if len(arguments) > 2 else [])), strict=False))
    given |= named
    values = given.pop("a", None)
    axis = given.pop("axis", usual)
    if given or not isinstance(values, (np.ndarray, list, tuple)) or isinstance(values, np.ma.MaskedArray):
        return None, None  # tables and tensors have methods of their own for this
    return np.asarray(values), axis


# --- rows of a table that are equal in what they are sorted by ---

STABLE = ("stable", "mergesort")
Method = Callable[..., Any]


def _of_pandas() -> Iterator[tuple[type, dict[str, Callable[..., Method]]]]:
    """The classes of pandas that sort, with what makes another method of each that decides between equal rows."""
    if (pandas := sys.modules.get("pandas")) is None:
        return
    both: dict[str, Callable[..., Method]] = {
        "sort_values": _sorting,
        "sort_index": _sorting,
        "nlargest": _largest,
        "nsmallest": _largest,
        "value_counts": _counting,
        "idxmax": _upside_down,
        "idxmin": _upside_down,
    }
    yield pandas.DataFrame, both
    yield pandas.Series, {**both, "argmax": _place_of, "argmin": _place_of, "argsort": _order_of}


def _sorting(real: Method, folder: str) -> Method:
    """Equal rows the other way round, unless a stable order is asked for, or the table itself is to be changed."""

    @functools.wraps(real)
    def other(table: Any, *arguments: Any, **named: Any) -> Any:
        usual = named.get("kind") in STABLE or named.get("inplace") or named.get("axis") in (1, "columns")
        if not _called_inside(folder) or usual or len(arguments) > 1:
            return real(table, *arguments, **named)
        return real(table.iloc[::-1], *arguments, **{**named, "kind": "stable"})

    return other


def _largest(real: Method, folder: str) -> Method:
    """The last of equal rows, unless it is said which one is to be kept."""

    @functools.wraps(real)
    def other(table: Any, *arguments: Any, **named: Any) -> Any:
        if not _called_inside(folder) or "keep" in named or len(arguments) > table.ndim:
            return real(table, *arguments, **named)
        return real(table, *arguments, **{**named, "keep": "last"})

    return other


def _counting(real: Method, folder: str) -> Method:
    """Values that are equally frequent the other way round."""

    @functools.wraps(real)
    def other(table: Any, *arguments: Any, **named: Any) -> Any:
        found = real(table, *arguments, **named)
        if not _called_inside(folder) or arguments or not named.get("sort", True):
            return found
        return found.iloc[::-1].sort_values(ascending=named.get("ascending", False), kind="stable")

    return other


def _upside_down(real: Method, folder: str) -> Method:
    """The label of the last of equal entries."""

    @functools.wraps(real)
    def other(table: Any, *arguments: Any, **named: Any) -> Any:
        if not _called_inside(folder) or arguments or named.get("axis", 0) not in (0, "index"):
            return real(table, *arguments, **named)
        return real(table.iloc[::-1], **named)

    return other


def _place_of(real: Method, folder: str) -> Method:
    """The place of the last of equal entries."""

    @functools.wraps(real)
    def other(column: Any, *arguments: Any, **named: Any) -> Any:
        if not _called_inside(folder) or arguments or named or not len(column):
            return real(column, *arguments, **named)
        place = real(column.iloc[::-1])
        return len(column) - 1 - place if place >= 0 else place

    return other


def _order_of(real: Method, folder: str) -> Method:
    """An order in which equal entries stand the other way round, unless a stable one is asked for."""

    @functools.wraps(real)
    def other(column: Any, *arguments: Any, **named: Any) -> Any:
        if not _called_inside(folder) or arguments or named or column.isna().any():
            return real(column, *arguments, **named)
        places = real(column.iloc[::-1], kind="stable")
        return len(column) - 1 - places.set_axis(column.index)

    return other

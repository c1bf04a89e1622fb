"""The same solution as another student would have it: other random numbers, other signs, other winners of a tie.

A right solution may draw its random numbers in another order or with another generator, and an eigenvector may have
either sign. A check that the reference passes beside itself under these disturbances asks for none of that.
"""

from __future__ import annotations

import random
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["disturbed"]

FACTORIES = {
    "numpy.random": ("RandomState", "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"),
    "random": ("Random",),
}
SEEDING = {
    "numpy.random": ("default_rng", "seed", "SeedSequence"),
    "random": ("seed",),
    "torch": ("manual_seed",),
}
SIGNED = ("eigh", "eig", "svd", "qr")
WINNERS = ("argmax", "argmin", "nanargmax", "nanargmin")


@contextmanager
def disturbed(
    folder: Path, modules: Iterable[ModuleType], me: Any, seed: int, *, ties: bool, drawn: list[str]
) -> Iterator[None]:
    """While this is open, the modules of a folder draw other random numbers and meet other signs.

    Args:
        folder: of the modules that are disturbed; packages around them are not.
        modules: the modules, for names imported from elsewhere and generators at module level.
        me: the object whose method is called, None for none; its generators go on from another place.
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
            for function in WINNERS:
                _swap(stack, modules, np, function, _last)
        holders = [vars(module) for module in modules] + ([vars(me)] if hasattr(me, "__dict__") else [])
        for value in [each for holder in holders for each in holder.values()]:
            if _advance(value, seed):
                drawn.append("a generator that is kept")
        yield


def _swap(
    stack: ExitStack, modules: list[ModuleType], holder: ModuleType, name: str, make: Callable[[Any], Any]
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


def _seeding(real: Callable[..., Any], folder: str, number: int, drawn: list[str]) -> Callable[..., Any]:
    """A function that takes a seed, and is given another one; a generator in its place goes on from elsewhere."""

    def seeded(seed: Any = None, *rest: Any, **named: Any) -> Any:
        if not _called_inside(folder):
            return real(seed, *rest, **named)
        drawn.append(real.__name__)
        if isinstance(seed, (np.random.Generator, np.random.RandomState)):
            _advance(seed, number)
            return real(seed, *rest, **named)
        return real(_mixed(seed, number), *rest, **named)

    return seeded


def _factory(real: type, folder: str, number: int, drawn: list[str]) -> Any:
    """A class that takes a seed; what it makes is of the real class."""

    class Kind(type):
        def __call__(cls, seed: Any = None, *rest: Any, **named: Any) -> Any:
            if not _called_inside(folder):
                return real(seed, *rest, **named) if seed is not None else real(*rest, **named)
            drawn.append(real.__name__)
            return real(_mixed(seed, number), *rest, **named)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

        def __getattr__(cls, name: str) -> Any:
            return getattr(real, name)

    return Kind(real.__name__, (), {})


def _advance(value: Any, number: int) -> bool:
    """Let a generator go on from another place; whether it is one."""
    count = 3 + number % 5
    if isinstance(value, np.random.Generator):
        value.random(count)
        value.integers(7, size=count)
    elif isinstance(value, np.random.RandomState):
        value.random_sample(count)
    elif type(value) is random.Random:
        for _ in range(count):
            value.random()
    elif (torch := sys.modules.get("torch")) is not None and isinstance(value, torch.Generator):
        torch.rand(count, generator=value)
    else:
        return False
    return True


def _signed(real: Callable[..., Any], source: np.random.Generator) -> Callable[..., Any]:
    """A decomposition whose vectors have other signs, and whose product is the same."""

    def other(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        if not isinstance(found, tuple):
            return found
        parts = list(found)
        if real.__name__ in ("eigh", "eig") and np.ndim(parts[1]) == 2:
            parts[1] = parts[1] * source.choice([-1.0, 1.0], size=parts[1].shape[1])
        elif real.__name__ == "svd" and len(parts) == 3 and np.ndim(parts[0]) == 2:
            size = min(parts[0].shape[1], parts[2].shape[0])
            flips = source.choice([-1.0, 1.0], size=size)
            parts[0], parts[2] = parts[0].copy(), parts[2].copy()
            parts[0][:, :size] *= flips
            parts[2][:size] *= flips[:, None]
        elif real.__name__ == "qr" and len(parts) == 2 and np.ndim(parts[0]) == 2:
            size = min(parts[0].shape[1], parts[1].shape[0])
            flips = source.choice([-1.0, 1.0], size=size)
            parts[0], parts[1] = parts[0].copy(), parts[1].copy()
            parts[0][:, :size] *= flips
            parts[1][:size] *= flips[:, None]
        return type(found)(*parts) if hasattr(found, "_fields") else tuple(parts)

    return other


def _last(real: Callable[..., Any]) -> Callable[..., Any]:
    """The last of equal entries instead of the first."""

    def other(values: Any, axis: Any = None, *rest: Any, **named: Any) -> Any:
        array = np.asarray(values)
        if rest or named or not array.ndim:
            return real(values, axis, *rest, **named)
        if axis is None:
            return array.size - 1 - real(array.ravel()[::-1])
        return array.shape[axis] - 1 - real(np.flip(array, axis=axis), axis=axis)

    return other

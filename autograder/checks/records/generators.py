"""Generators of random numbers that a check gives to a submission.

A generator's state tells all numbers that it gave and will give, so the state itself never crosses: whoever has it can
run it backwards and read the labels that a check drew before. What crosses is a new generator, seeded by a hash of the
next numbers of the check's. Only a fresh ``np.random.default_rng(3)``, whose small seed a person typed and students may
see, crosses as the same ``default_rng(3)``.
"""

from __future__ import annotations

import hashlib
import importlib
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["KINDS", "Draws", "handed_over", "real_generator"]

_TYPED = 1 << 32  # a seed that a person typed is below this
_BITS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


def _over(bits: str) -> Callable[[int], Any]:
    return lambda seed: np.random.Generator(getattr(np.random, bits)(seed))


_MADE: dict[str, Callable[[int], Any]] = {
    **{each: _over(each) for each in _BITS},
    "RandomState": np.random.RandomState,
    "Random": random.Random,
    "torch.Generator": lambda seed: importlib.import_module("torch").Generator().manual_seed(seed),
}
KINDS = frozenset(_MADE)
"""Generators that cross: those of numpy by the name of what gives their bits."""


@dataclass(frozen=True, slots=True)
class Draws:
    """A generator of one of the `KINDS`, begun at a seed of 32 bits at most."""

    kind: str
    seed: int


def handed_over(value: Any) -> Draws | None:
    """What crosses for a generator; None for any other value. The generator itself goes on with other numbers.

    Args:
        value: a ``np.random.Generator`` over numpy's own bit generators, ``np.random.RandomState``, ``random.Random``
            or ``torch.Generator`` on the CPU; what is derived from them is none.
    """
    kind = type(value)
    if kind is np.random.Generator and (name := type(value.bit_generator).__name__) in KINDS:
        seed = _typed(value.bit_generator)
        if seed is not None:
            value.bytes(8)  # it is fresh no longer: given again, it is another one, as where it has been drawn from
            return Draws(name, seed)
        return Draws(name, _hashed(value.bytes(32)))
    if kind is np.random.RandomState:
        return Draws("RandomState", _hashed(value.bytes(32)))
    if kind is random.Random:
        return Draws("Random", _hashed(value.randbytes(32)))
    torch = sys.modules.get("torch")
    if torch is not None and kind is torch.Generator and value.device.type == "cpu":
        numbers = torch.randint(256, (32,), generator=value).tolist()
        return Draws("torch.Generator", _hashed(bytes(numbers)))
    return None


def real_generator(record: Draws) -> Any:
    """The generator that a record stands for.

    Raises:
        ImportError: it is torch's, and torch is not installed.
    """
    return _MADE[record.kind](record.seed)


def _typed(bits: Any) -> int | None:
    """The small seed of a bit generator of which nothing was drawn yet; None of any other."""
    entropy = getattr(bits.seed_seq, "entropy", None)
    if not isinstance(entropy, int) or not 0 <= entropy < _TYPED or bits.seed_seq.spawn_key:
        return None
    return entropy if _same(bits.state, type(bits)(entropy).state) else None


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(_same(each, other[name]) for name, each in one.items())
    return bool(np.array_equal(one, other))


def _hashed(numbers: bytes) -> int:
    return int.from_bytes(hashlib.sha256(numbers).digest()[:4], "little")

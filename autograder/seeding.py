"""Numbers that follow from the course's secret seed, along lines that say nothing about each other.

A submission reads back whatever seeds its own random numbers, and students read the inputs of public checks. So a seed
that a person made up ("secret2026") is in danger twice: somebody may try every such text until one gives the number
that was printed, and whoever finds it knows the inputs of all hidden checks. Against the first, each try costs
`WORK`: about 0.1 s and 32 MiB. Against the second, what may be seen and what is hidden come from two keys, and neither
follows from the other.

The seed that is drawn where none is named, 32 random bytes, is found by nobody, whatever a try costs. What scrypt made
of it is kept in the user's cache, masked by the seed itself: whoever reads the file learns nothing without the seed,
and could only try every seed. With such a file a try costs microseconds. So there is none of any other seed, however
long: that a phrase has many letters does not say that nobody guesses it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

__all__ = ["DERIVATION", "ENOUGH_BITS", "WORK", "Keys", "guessing_bits", "keys_of", "number"]

DERIVATION = 2  # which way leads from a seed to numbers; a replay record holds it (1: SHA-256 of the seed itself)
WORK: Mapping[str, int] = MappingProxyType({"n": 1 << 15, "r": 8, "p": 1})  # of scrypt
ENOUGH_BITS = 64.0  # a seed of so many bits is found by nobody, whatever a try costs

_SALT = b"autograder: the course's seed"
_MEMORY = 2 * 128 * WORK["n"] * WORK["r"]  # bytes that OpenSSL may take; scrypt itself needs half of it
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """What is drawn from instead of the seed itself.

    Attributes:
        seen: for all that a student may see: the submission's own random numbers, the inputs of public checks.
        hidden: for the inputs of hidden checks.
        variants: for what is drawn for each student alone.
        fingerprint: tells whether two seeds are the same; 16 hexadecimal digits.
    """

    seen: bytes
    hidden: bytes
    variants: bytes
    fingerprint: str


@lru_cache(maxsize=64)
def keys_of(seed: str) -> Keys:
    """The keys of a seed; found once for each seed in each process, because it is made to be slow."""
    master = _kept(seed) if _may_be_drawn(seed) else _derived(seed)
    seen, hidden, variants, fingerprint = (
        _below(master, purpose) for purpose in ("seen", "hidden", "variants", "fingerprint")
    )
    return Keys(seen, hidden, variants, fingerprint.hex()[:16])


def number(key: bytes, *purpose: str) -> int:
    """A number of 63 bits for one purpose, such as ``("backprop", "gradient_of_the_loss", "inputs")``."""
    return int.from_bytes(_below(key, "\0".join(purpose))[:8], "little") >> 1


def guessing_bits(seed: str) -> float:
    """How many times somebody who tries likely texts first has to double his tries, roughly and on the low side.

    Letters in a row count as a word, with 2 bits a letter; one or two letters between other characters as drawn at
    random, with 4.7; a digit has 3.3 bits, anything else 4. Characters that come again and again count as few.
    """
    bits = 0.0
    for run in re.findall(r"[a-z]+|[A-Z]+|[0-9]+|[^a-zA-Z0-9]+", seed):
        each = math.log2(10) if run[0].isdigit() else 4.0 if not run[0].isalpha() else 2.0 if len(run) > 2 else 4.7
        bits += each * len(run)
    return min(bits, 8.0 * len(set(seed)))


def _may_be_drawn(seed: str) -> bool:
    """Whether a seed has the form of those that `course_seed` draws, and is not one digit again and again."""
    return re.fullmatch(r"[0-9a-f]{64}", seed) is not None and guessing_bits(seed) >= ENOUGH_BITS


def _derived(seed: str) -> bytes:
    return hashlib.scrypt(seed.encode(), salt=_SALT, maxmem=_MEMORY, dklen=_KEY_BYTES, **WORK)


def _kept(seed: str) -> bytes:
    """What was derived from a drawn seed: from a file of this user, which is written where it is missing.

    The file is found, masked and known to be right by the seed and the way from it to the keys: a version that derives
    otherwise finds none of another. One that cannot be read or written costs time.
    """
    import platformdirs

    way = f"{_SALT!r}, {DERIVATION}, {sorted(WORK.items())}"
    name, mask = (_below(seed.encode(), f"{way}, kept: {part}") for part in ("name", "mask"))
    path = Path(platformdirs.user_cache_dir("autograder"), "keys", name.hex()[:32])
    with contextlib.suppress(OSError):
        masked, tag = (found := path.read_bytes())[:_KEY_BYTES], found[_KEY_BYTES:]
        if hmac.compare_digest(tag, _tag(seed, masked)):
            return _combined(masked, mask)
    master = _derived(seed)
    masked = _combined(master, mask)
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(masked + _tag(seed, masked))
        os.replace(draft, path)
    return master


def _tag(seed: str, masked: bytes) -> bytes:
    return hmac.digest(seed.encode(), masked, "sha256")


def _combined(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _below(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, purpose.encode(), "sha256")

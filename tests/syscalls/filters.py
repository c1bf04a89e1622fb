"""Read a compiled filter as the kernel does: what happens to a call with these arguments."""

from __future__ import annotations

import struct

import pyseccomp as seccomp

__all__ = ["AUDIT", "allows", "verdict"]

AUDIT = {"X86_64": 0xC000003E, "AARCH64": 0xC00000B7}
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def allows(program: bytes, call: str | int, *arguments: int, architecture: str = "X86_64") -> bool:
    """Whether the filter lets a call pass."""
    return verdict(program, call, *arguments, architecture=architecture) == "allowed"


def verdict(program: bytes, call: str | int, *arguments: int, architecture: str = "X86_64") -> str:
    """``"allowed"``, ``"killed"`` or the number of the error that the call gives.

    Raises:
        ValueError: the architecture has no such call.
    """
    number = call
    if isinstance(call, str):
        number = seccomp.resolve_syscall(getattr(seccomp.Arch, architecture), call)
        if number < 0:
            raise ValueError(call)
    words = [each & 0xFFFFFFFFFFFFFFFF for each in (*arguments, *[0] * (6 - len(arguments)))]
    result = _run(program, struct.pack("<IIQ6Q", number, AUDIT[architecture], 0, *words))
    if result == _ALLOW:
        return "allowed"
    return str(result & 0xFFFF) if result & 0xFFFF0000 == _ERRNO else "killed"


def _run(program: bytes, data: bytes) -> int:
    """The classic BPF machine, as far as such filters use it."""
    at, accumulator = 0, 0
    while True:
        code, true, false, k = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        match code:
            case 0x06:
                return int(k)
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, k)
            case 0x54:
                accumulator &= k
            case 0x05:
                at += k
            case 0x15 | 0x25 | 0x35 | 0x45:
                taken = {
                    0x15: accumulator == k,
                    0x25: accumulator > k,
                    0x35: accumulator >= k,
                    0x45: bool(accumulator & k),
                }[code]
                at += true if taken else false
            case _:
                raise AssertionError(f"instruction {code:#x} is not known here")

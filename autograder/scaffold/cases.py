"""What a call of a function came across: the branches that it took, and what its arguments were like.

Random inputs may miss half of what a function is about: the key that is not in the dictionary yet, the list that is
empty, the line under an `if`. So the calls of the example and those of a drafted check are watched in the same way,
and what the one came across and the other did not is seen. Arguments count as well as branches, since
``d.get(key, 0)`` and ``np.maximum(a, 0)`` decide without one.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import numpy as np

__all__ = ["Case", "Watch", "cases_of_arguments"]

MOST_STEPS = 50_000
"""Bytecode instructions and calls that are watched of one call; a longer one has shown its branches by then."""
MOST_ENTRIES = 1000
SCALAR = (str, int, float)
UNCONDITIONAL = {"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "SEND", "JUMP_NO_INTERRUPT", "JUMP"}


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One thing that a call came across, in words; `line` and `jump` (two places in the bytecode) for a branch."""

    said: str
    line: int = 0
    jump: tuple[int, int] = (0, 0)


class Watch:
    """Watches calls of the functions of some files.

    A branch counts for the function that is watched, with the helpers that it calls, but not for another function that
    is watched on its own.

    Args:
        files: names of the files.
        functions: qualified names of the functions that are watched on their own.
    """

    def __init__(self, files: Collection[str], functions: Collection[str]) -> None:
        self._files = frozenset(files)
        self._functions = frozenset(functions)
        self._jumps: dict[CodeType, frozenset[int]] = {}
        self._open: list[tuple[str, set[Case]]] = []
        self._left = 0

    @contextmanager
    def watching(self, name: str, found: set[Case]) -> Iterator[None]:
        """Add to `found` what calls of the function `name` come across while this is open."""
        before = sys.gettrace()
        self._open.append((name, found))
        self._left = MOST_STEPS
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)
            self._open.pop()

    def _called(self, frame: FrameType, event: str, _value: object) -> Callable[..., Any] | None:
        code = frame.f_code
        self._left -= 1
        if self._left <= 0:  # also of a call that is long in a package
            sys.settrace(None)
            return None
        if code.co_filename.rpartition("/")[2] not in self._files:
            return None
        name, found = self._open[-1]
        function = code.co_qualname.partition(".<locals>")[0]
        if function.startswith("<") or (function != name and function in self._functions):
            return None
        if code.co_qualname == name and event == "call":
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            found |= cases_of_arguments({each: frame.f_locals[each] for each in names if each in frame.f_locals})
        jumps = self._jumps.get(code)
        if jumps is None:
            jumps = self._jumps[code] = frozenset(_conditional(code))
        if not jumps:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._steps(code, jumps, found)

    def _steps(self, code: CodeType, jumps: Collection[int], found: set[Case]) -> Callable[..., Any]:
        """The tracer of one frame: notes where each conditional jump leads."""
        last = -1

        def step(frame: FrameType, event: str, _value: object) -> Callable[..., Any] | None:
            nonlocal last
            if event != "opcode":
                return step
            self._left -= 1
            if self._left <= 0:
                sys.settrace(None)
                return None
            if last in jumps:
                found.add(Case(code.co_qualname, frame.f_lineno or 0, (last, frame.f_lasti)))
            last = frame.f_lasti
            return step

        return step


def _conditional(code: CodeType) -> Iterator[int]:
    for each in dis.get_instructions(code):
        if (each.opcode in dis.hasjrel or each.opcode in dis.hasjabs) and each.opname not in UNCONDITIONAL:
            yield each.offset


def cases_of_arguments(given: Mapping[str, Any]) -> set[Case]:
    """What arguments are like: signs of numbers, what is empty or holds something twice, and what is in what."""
    found: set[str] = set()
    for name, value in given.items():
        found.update(f"{name} {said}" for said in _alone(value))
        if isinstance(value, SCALAR) and not isinstance(value, bool):
            for other, holder in given.items():
                if other != name and (entries := _entries(holder)):
                    found.add(f"{name} {'is' if value in entries else 'is not'} in {other}")
    return {Case(each) for each in found}


def _alone(value: Any) -> Iterator[str]:
    if (isinstance(value, (list, tuple, dict, str)) and not value) or (
        isinstance(value, np.ndarray) and not value.size
    ):
        yield "is empty"
        return
    numbers = _numbers(value)
    if numbers is not None:
        if np.any(numbers < 0):
            yield "has a negative number"
        if np.any(numbers > 0):
            yield "has a positive number"
    entries = _entries(value)
    if isinstance(value, (list, tuple)) and entries and len(set(entries)) < len(entries):
        yield "holds something twice"


def _numbers(value: Any) -> np.ndarray[Any, Any] | None:
    """The numbers of a number, an array or a plain list; None for all else."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "if":
        return value
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return np.asarray(value)
    entries = _entries(value) if isinstance(value, (list, tuple)) else []
    if entries and all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in entries):
        return np.asarray(entries, dtype=float)
    return None


def _entries(holder: Any) -> list[Any]:
    """Keys of a dictionary or entries of a list, where they are plain and not too many; else none."""
    if not isinstance(holder, (list, tuple, dict, set, frozenset)) or len(holder) > MOST_ENTRIES:
        return []
    entries = list(holder)
    return entries if all(isinstance(each, SCALAR) for each in entries) else []

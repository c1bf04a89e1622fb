"""Error carried forward: the reference answers for named parts of a submission, and stays outside of its sandbox.

In the submission's sandbox a named function is replaced by one that sends its arguments out. They are answered by the
reference in another sandbox, because whoever chose them may be hostile, and the plain answer goes back in.

    ("outward", part, state, arguments, named)      comes instead of an answer; `state` are the plain attributes of the
                                                    object if the part is a method, else None
    ("inward", result, changes)                     goes back; `changes` are attributes to be set
    ("raise", kind, message)                        goes back if the reference raised
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from autograder.assignment.interface import Interface
from autograder.checks.errors import MisuseError, StudentError
from autograder.checks.records.conversion import holds
from autograder.checks.rows import Handle
from autograder.remote.channel import Channel
from autograder.remote.student import RemoteStudent
from autograder.results import Limits, Verdict
from autograder.sandbox.base import Session
from autograder.wire import WireError, encode

__all__ = ["MOST_CALLS", "Part", "Substitution", "parts_of", "substitute"]

_SHORTEST = 0.001
MOST_CALLS = 1_000_000
"""How often the parts of one sandbox may be called."""


@dataclass(frozen=True, slots=True)
class Part:
    """A function, or a method of a class, that the reference can stand in for."""

    file: str
    owner: str
    name: str

    @property
    def title(self) -> str:
        """``relu`` or ``Network.backprop``."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def module(self) -> str:
        """The module that defines it."""
        return PurePath(self.file).stem


def parts_of(interface: Interface, names: Sequence[str]) -> tuple[Part, ...]:
    """The parts of those names.

    Raises:
        MisuseError: no name, or one that is neither a function nor a method of the reference.
    """
    if not names:
        raise MisuseError('student.with_reference needs the names of the parts, such as "relu" or "Network.forward".')
    parts = []
    for title in names:
        if type(title) is not str:
            raise MisuseError(f'student.with_reference takes names, such as "relu", not {title!r}.')
        owner, _, name = title.rpartition(".")
        file = interface.file_of(owner or name)
        function = name not in interface.classes and not interface.is_constant(name)
        known = name in interface.methods_of(owner) if owner else function
        if file is None or not known:
            raise MisuseError(
                f"student.with_reference({title!r}): the reference has no such function or method; "
                "give the name of a function, or Class.method."
            )
        parts.append(Part(file, owner, name))
    return tuple(parts)


class Substitution:
    """The reference's answers for some parts, under the limits that the submission has.

    Args:
        parts: what may be asked for.
        interface: of the reference.
        limits: of the reference's own sandbox; all calls and answers together may take its wall time.
        open_reference: opens that sandbox under some limits, when the first call comes.
    """

    def __init__(
        self, parts: Iterable[Part], interface: Interface, limits: Limits, open_reference: Callable[[Limits], Session]
    ) -> None:
        self.parts = {part.title: part for part in parts}
        self.interface = interface
        self.limits = limits
        self._open = open_reference
        self._channel: Channel | None = None
        self._calls = 0
        self._left = limits.wall_seconds

    @property
    def names(self) -> frozenset[str]:
        """The parts, by name."""
        return frozenset(self.parts)

    @property
    def used(self) -> float:
        """Seconds that calls and answers took."""
        return self.limits.wall_seconds - self._left

    def answer(self, call: Any, waited: float = 0.0) -> list[bytes | memoryview] | None:
        """The frame that goes back in, or None if this is no call of a part.

        Args:
            call: what came out.
            waited: how many seconds it was waited for; they count with those that the answers take.

        Raises:
            StudentError: too many calls, or the reference did not survive what it was given.
            SandboxError: its sandbox could not be opened, or broke.
        """
        match call:
            case ("outward", str(title), None | dict() as state, tuple(arguments), dict(named)) if title in self.parts:
                if holds((state, arguments, named), Handle) or not _are_names((state or {}, named)):
                    return None
            case _:
                return None  # an answer, perhaps one out of turn
        part = self.parts[title]
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise StudentError(
                Verdict.TIME, f"The reference's `{title}` was called more than {MOST_CALLS:,} times.", open=True
            )
        began = time.monotonic()
        self._left -= waited
        reply = self._reply(part, state, arguments, named)
        self._left -= time.monotonic() - began
        if self._left < 0:
            seconds = f"{self.limits.wall_seconds:g} s"
            raise StudentError(
                Verdict.TIME, f"Time limit of {seconds} reached in calls of the reference's parts.", open=True
            )
        return reply

    def close(self) -> None:
        """End the reference's sandbox."""
        if self._channel is not None:
            self._channel.session.close()

    def _reply(
        self, part: Part, state: dict[str, Any] | None, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> list[bytes | memoryview]:
        if self._channel is None:
            limits = replace(self.limits, wall_seconds=max(self._left, _SHORTEST))
            self._channel = Channel(self._open(limits), self.interface, limits, ())
        request = ("behave", part.module, part.owner, part.name, state, arguments, named)
        try:
            (answer,) = self._channel.exchange([request], f"the reference's {part.title}")
            match answer:
                case ("value", (result, dict(changes))) if not holds((result, changes), Handle):
                    return encode(("inward", result, changes))
                case ("raised", {"kind": str(kind), "message": str(message)}):
                    return encode(("raise", kind, message))
                case ("unplain", str(sentence)):
                    return encode(("raise", "TypeError", sentence))
        except WireError as error:
            return encode(("raise", "TypeError", str(error)))
        return encode(("raise", "TypeError", f"the reference's `{part.title}` returned what is not plain data"))


def substitute(student: RemoteStudent, substitution: Substitution) -> None:
    """Put the reference in place of parts of a submission, for the life of its sandbox.

    Raises:
        StudentError: the submission cannot be imported, or lacks a class whose method is meant.
    """
    channel = student._channel
    channel.substitution = substitution
    parts: dict[str, list[Part]] = {}
    for part in substitution.parts.values():
        parts.setdefault(part.file, []).append(part)
    for file in sorted(parts, key=substitution.interface.files.index):
        if file in channel.absent:
            raise channel.not_handed_in(file)
        module = PurePath(file).stem
        there = channel.load(module, file)
        for owner in {part.owner for part in parts[file]} - {""}:
            if not isinstance(there.get(owner), list):
                raise StudentError(Verdict.MISSING, f"`{owner}` is not defined in {file}.", file=file, open=True)
        replaced = channel.ask("replace", module, [part.title for part in parts[file]], where=f"import {module}")
        if not isinstance(replaced, dict):
            raise channel.out_of_turn(f"import {module}")
        channel.inventory[module] = replaced


def _are_names(dictionaries: Iterable[dict[Any, Any]]) -> bool:
    return all(type(key) is str for each in dictionaries for key in each)

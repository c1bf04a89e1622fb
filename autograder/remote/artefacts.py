"""What a check returns and a later one takes may hold objects that live in a sandbox; this is how they outlive it.

The worker writes an object down inside (`pickle`), the bytes wait outside, where nobody reads them, and a sandbox with
the same submission makes the object again. Bytes of a sandbox that has seen hidden inputs may carry these.

A whole value with such bytes can be written into a file (`as_file`), as a frame of `autograder.wire`. It says under
which key it was written, and under another one it is nothing (`from_file`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.checks.errors import StudentError, Verdict
from autograder.checks.records.conversion import SIMPLE, mapped
from autograder.checks.rows import Handle
from autograder.remote.channel import Channel, RemoteHandle
from autograder.remote.handles import IteratorHandle
from autograder.remote.student import RemoteStudent
from autograder.wire import TooLargeError, WireError, decode, encode

__all__ = ["Kept", "NotKeptError", "as_file", "from_file", "handles_in", "keep", "revive"]

_FRAME_BYTES = 1 << 12  # of a frame, beside the numbers in it
_LONGEST_TEXT = 2000
_FORM = 1
_MOST_ITEMS = 1 << 40


class NotKeptError(Exception):
    """What a check returned cannot be written into a file; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The objects of one value that one sandbox held, written down.

    Attributes:
        handles: how they stand in the value.
        title: of the check that returned them.
        data: what the worker wrote, or None if it could not.
        reason: why it could not.
        substitution: the parts that the reference stood in for in that sandbox.
        of_reference: whether they are objects of the reference's.
        concealed: whether the sandbox had been given hidden inputs.
        alive: the same objects where they came to life last.
    """

    handles: tuple[RemoteHandle, ...]
    title: str
    data: np.ndarray[Any, Any] | None
    reason: str
    substitution: frozenset[str]
    of_reference: bool
    concealed: bool
    alive: tuple[RemoteHandle, ...]


def handles_in(value: Any) -> tuple[RemoteHandle, ...]:
    """The objects of the submission's in a value: itself, or in lists, tuples and dictionaries; each one once."""
    found: dict[int, RemoteHandle] = {}
    _gather(value, found)
    return tuple(found.values())


def keep(value: Any, title: str) -> tuple[Kept, ...]:
    """Have all objects of a value written down, one record for each sandbox that holds some of them.

    Raises:
        SandboxError: a sandbox ended meanwhile by no fault of the submission.
    """
    groups: dict[int, list[RemoteHandle]] = {}
    for handle in handles_in(value):
        groups.setdefault(id(handle._channel), []).append(handle)
    found = []
    for handles in groups.values():
        channel = handles[0]._channel
        concealed = channel.tainted
        data, reason = None, ""
        try:
            data = _written(channel, handles)
        except StudentError as error:
            reason = error.message
        substitution = channel.substitution.names if channel.substitution else frozenset()
        made = tuple(handles)
        found.append(Kept(made, title, data, reason, substitution, channel.of_reference, concealed, made))
    return tuple(found)


def revive(
    value: Any, kept: tuple[Kept, ...], home_of: Callable[[Kept], RemoteStudent]
) -> tuple[Any, tuple[Kept, ...]]:
    """The value with objects that are alive in the present sandboxes, and the records that know them.

    Args:
        value: what a check returned.
        kept: the records of its objects.
        home_of: the stand-in in whose sandbox the objects of a record belong.

    Raises:
        StudentError: an object could not be written down, or made again.
    """
    there: dict[int, RemoteHandle] = {}
    now = []
    for each in kept:
        home = home_of(each)._channel
        alive = each.alive
        if not all(handle._channel is home and not home.ended for handle in alive):
            lost = f"What the check {each.title!r} returned could not be carried over"
            if each.data is None:
                raise StudentError(Verdict.FAILED, f"{lost}: {each.reason}", open=not each.concealed)
            try:
                alive = _made(home, each.data, len(each.handles))
            except StudentError as error:
                message = f"{lost}: {error.message}"
                raise StudentError(
                    error.verdict,
                    message,
                    kind=error.kind,
                    file=error.file,
                    line=error.line,
                    limit=error.limit,
                    trace=error.trace,
                    open=error.open and not each.concealed,
                ) from None
        there |= {id(old): new for old, new in zip(each.handles, alive, strict=True)}
        now.append(replace(each, alive=alive))
    return (_with(value, there) if there else value), tuple(now)


def as_file(key: str, value: Any, kept: tuple[Kept, ...], most: int) -> bytes:
    """A value with the objects in it, as the content of a file.

    Args:
        key: stands for all that the value follows from.
        value: what a check returned.
        kept: the records of its objects.
        most: bytes that the file may have.

    Raises:
        NotKeptError: it is no plain data, an object in it could not be written down, or it is too large.
    """
    handles = handles_in(value)
    places = {id(handle): number for number, handle in enumerate(handles)}
    if any(isinstance(handle, IteratorHandle) for handle in handles):
        raise NotKeptError("it holds an iterator")
    for each in kept:
        if each.data is None:
            raise NotKeptError(each.reason)

    def named(item: Any) -> Any:
        if isinstance(item, RemoteHandle):
            return Handle(places[id(item)], item._handle.type_name)
        return mapped(item, named)

    records = [
        (
            [places[id(handle)] for handle in each.handles],
            each.title,
            each.data,
            sorted(each.substitution),
            each.of_reference,
            each.concealed,
        )
        for each in kept
    ]
    try:
        return b"".join(map(bytes, encode((_FORM, key, len(handles), named(value), records), most=most)))
    except TooLargeError:
        raise NotKeptError(f"it takes more than {most >> 20} MiB") from None
    except WireError as error:
        raise NotKeptError(str(error)) from None


def from_file(content: bytes, key: str) -> tuple[Any, tuple[Kept, ...]] | None:
    """The value in a file, and the records of its objects, none of which is alive; None for a file of another key."""
    try:
        found = decode(bytearray(content), max_items=_MOST_ITEMS)
    except WireError:
        return None
    match found:
        case (int(form), str(own), int(count), value, [*records]) if (form, own) == (_FORM, key):
            pass
        case _:
            return None
    names = {each.id: each for each in _named_in(value)}
    gone = [RemoteHandle(_NOWHERE, names.get(number, Handle(number, "object"))) for number in range(count)]

    def alive(item: Any) -> Any:
        return gone[item.id] if isinstance(item, Handle) else mapped(item, alive)

    kept = []
    for numbers, title, data, substitution, of_reference, concealed in records:
        handles = tuple(gone[number] for number in numbers)
        kept.append(Kept(handles, title, data, "", frozenset(substitution), of_reference, concealed, handles))
    return alive(value), tuple(kept)


class _Nowhere:
    """The sandbox of objects that are in a file alone."""

    ended = True


_NOWHERE: Any = _Nowhere()


def _named_in(value: Any) -> list[Handle]:
    found: list[Handle] = []

    def look(item: Any) -> Any:
        if isinstance(item, Handle):
            found.append(item)
        return mapped(item, look)

    look(value)
    return found


def _written(channel: Channel, handles: Sequence[RemoteHandle]) -> np.ndarray[Any, Any]:
    """Objects as bytes (n,), written inside; nobody but a sandbox of the same submission may read them."""
    where = handles[0]._handle.type_name
    most = (channel.limits.reply_mib << 20) - _FRAME_BYTES
    (answer,) = channel.exchange([("keep", [handle._handle.id for handle in handles], most)], where)
    match answer:
        case ("value", np.ndarray() as data) if data.dtype == np.uint8 and data.ndim == 1:
            return data
        case ("raised", {"type": str(kind), "message": str(message)}):
            raise StudentError(Verdict.FAILED, f"a {where} cannot be pickled: {kind[:100]}: {message[:_LONGEST_TEXT]}")
    raise channel.out_of_turn(where)


def _made(channel: Channel, data: np.ndarray[Any, Any], count: int) -> tuple[RemoteHandle, ...]:
    """The objects of some bytes, made again in a sandbox."""
    where = "the objects of an earlier check"
    made = channel.ask("revive", data, where=where)
    if type(made) is list and len(made) == count and all(isinstance(each, RemoteHandle) for each in made):
        return tuple(made)
    raise channel.out_of_turn(where)


def _gather(value: Any, found: dict[int, RemoteHandle]) -> None:
    if isinstance(value, RemoteHandle):
        found[id(value)] = value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            if type(item) not in SIMPLE:
                _gather(item, found)
    else:
        mapped(value, lambda each: _gather(each, found))


def _with(value: Any, there: dict[int, RemoteHandle]) -> Any:
    """The value with other handles in the places of its own."""
    kind = type(value)
    if isinstance(value, RemoteHandle):
        return there.get(id(value), value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # a named tuple of the check's own
        return kind(*[_with(item, there) for item in value])
    return mapped(value, lambda each: _with(each, there))

"""What makes a session more than one module's calls: parts that the reference answers for, and objects that are kept.

    ("replace", module, [part, ...])                        -> ("value", {name: [attribute, ...] or None})
    ("behave", module, class, name, state, args, kwargs)    -> ("value", (result, {attribute: value}))
    ("keep", [number, ...], bytes)                          -> ("value", numbers of the written objects)
    ("revive", numbers)                                     -> ("value", [handle, ...])

A part is ``relu`` or ``Network.backprop``. A call of a part that was replaced goes out as ("outward", part, state,
args, kwargs) before the answer of the request that is under way; ("inward", result, changes) or ("raise", kind,
message) comes back. `behave` is asked of the reference, in a sandbox of its own: `state` become the attributes of a
fresh object of the class (None calls a function), and the attributes that the call changed come with its result.
"""

from __future__ import annotations

import builtins
import inspect
import os
import pickle
import sys
import threading
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, NoReturn, Protocol

import numpy as np

from autograder.checks.local.finders import OwnModules
from autograder.checks.plain import PlainError, to_plain
from autograder.checks.rows import Handle
from autograder.wire import TooLargeError, WireError, decode, encode
from autograder.worker.pipes import announce_too_much, read_frame, write_all

__all__ = ["Carrying"]

_ABSENT = object()
_UNREADABLE = (PlainError, WireError, TypeError, ValueError, MemoryError)


class _Worker(Protocol):
    """What is needed of the program that answers requests."""

    submission: str
    objects: dict[int, Any]
    own: OwnModules

    def module(self, name: str) -> Any: ...

    def load(self, module: str) -> tuple[Any, ...]: ...

    def drawn(self, value: Any) -> Any: ...

    def keep(self, value: Any) -> Handle: ...

    def inside(self, value: Any) -> Any: ...


class Carrying:
    """The verbs above, for one worker and its pipes; `most` is how many bytes go out at once."""

    def __init__(self, worker: _Worker, requests: int, replies: int, most: int) -> None:
        self.most = most
        self.worker = worker
        self.requests = requests
        self.replies = replies
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.verbs: dict[str, Callable[..., tuple[Any, ...]]] = {
            "replace": self.replace,
            "behave": self.behave,
            "keep": self.keep,
            "revive": self.revive,
        }

    # --- parts that the reference answers for ---

    def replace(self, module: str, parts: list[str]) -> tuple[Any, ...]:
        """Replace parts of a module by calls that go out; what it defines then."""
        loaded = self.worker.module(module)
        for part in parts:
            owner, _, name = part.rpartition(".")
            self._replace_in(loaded, getattr(loaded, owner) if owner else loaded, name, part)
        return self.worker.load(module)

    def _replace_in(self, module: ModuleType, place: Any, name: str, part: str) -> None:
        old = vars(place).get(name, _ABSENT)
        kind = type(old) if isinstance(old, (staticmethod, classmethod)) else None
        function = old.__func__ if isinstance(old, (staticmethod, classmethod)) else old
        method = "" if place is module or kind is staticmethod else "class" if kind else "object"
        stand_in = _Part(self, part, method)
        if _is_own(function, module, name):
            # in place, so that tables and default arguments that hold the function call the reference, too
            function.__code__, function.__defaults__ = _calls_part.__code__, None
            function.__kwdefaults__ = {"_part": stand_in}
            return
        new = FunctionType(_calls_part.__code__, {}, name)
        new.__kwdefaults__ = {"_part": stand_in}
        setattr(place, name, kind(new) if kind else new)
        if place is module and old is not _ABSENT:
            for other in self._modules():
                for known, value in list(vars(other).items()):
                    if value is old:
                        setattr(other, known, new)

    def _modules(self) -> list[ModuleType]:
        """The modules of the submission that are loaded."""
        return [
            module
            for module in (*list(sys.modules.values()), *self.worker.own.loaded.values())
            if str(getattr(module, "__file__", None) or "").startswith(self.worker.submission)
        ]

    def ask(self, part: str, state: dict[str, Any] | None, arguments: Any, named: Any) -> tuple[Any, dict[str, Any]]:
        """Send a call out; returns its result, and attributes to be set."""

        def refuse(value: Any) -> NoReturn:
            raise TypeError(
                f"the reference stands in for `{part}` here; it takes plain data only, not a {type(value).__name__}"
            )

        if os.getpid() != self.process:
            raise RuntimeError(f"the reference stands in for `{part}` here; no child process can call it")
        outward = ("outward", part, state, *to_plain((arguments, named), refuse))
        with self.lock:
            try:
                write_all(self.replies, encode(outward, most=self.most))
            except TooLargeError as error:
                announce_too_much(self.replies, error.size)
            answer = read_frame(self.requests)
        if answer is None:
            raise SystemExit
        match decode(answer, max_items=1 << 40):
            case ("inward", result, dict(changes)):
                return self.worker.inside(result), self.worker.inside(changes)
            case (_, kind, message):
                raise _exception(kind, message)
        raise SystemExit

    def behave(
        self,
        module: str,
        owner: str,
        name: str,
        state: dict[str, Any] | None,
        arguments: tuple[Any, ...],
        named: dict[str, Any],
    ) -> tuple[Any, ...]:
        """Call a function, or a method of an object with those attributes."""
        place: Any = self.worker.module(module)
        state, arguments, named = (self.worker.inside(each) for each in (state, arguments, named))
        if owner:
            place = getattr(place, owner)
            if state is not None and not isinstance(inspect.getattr_static(place, name), (staticmethod, classmethod)):
                return self._behave_as_object(place, name, state, arguments, named)
        return ("value", (self.worker.drawn(getattr(place, name)(*arguments, **named)), {}))

    def _behave_as_object(
        self, of: type, name: str, state: dict[str, Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[Any, ...]:
        me: Any = object.__new__(of)
        vars(me).update(state)
        before = {key: _as_bytes(value) for key, value in state.items()}
        result = self.worker.drawn(getattr(me, name)(*arguments, **named))
        after = _attributes(me, self.most)
        return ("value", (result, {key: each for key, each in after.items() if before.get(key) != _as_bytes(each)}))

    # --- objects that are kept ---

    def keep(self, numbers: list[int], most: int) -> tuple[Any, ...]:
        """Write objects down, in at most so many bytes."""
        written = _Written(most)
        pickle.Pickler(written, protocol=5).dump([self.worker.objects[number] for number in numbers])
        return ("value", np.frombuffer(written.data, np.uint8))

    def revive(self, data: np.ndarray[Any, Any]) -> tuple[Any, ...]:
        """Make objects again."""
        return ("value", [self.worker.keep(each) for each in pickle.loads(data.data)])  # noqa: S301  (its own objects)


class _Part:
    """One part that was replaced; `method` is "object" or "class" if its first argument is one, else ""."""

    def __init__(self, carrying: Carrying, title: str, method: str) -> None:
        self.carrying = carrying
        self.title = title
        self.method = method

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if not self.method:
            return self.carrying.ask(self.title, None, arguments, named)[0]
        me, *others = arguments
        state = _attributes(me, self.carrying.most) if self.method == "object" else None
        result, changes = self.carrying.ask(self.title, state, tuple(others), named)
        for name, value in changes.items():
            setattr(me, name, value)
        return result


def _calls_part(*arguments: Any, _part: Any, **named: Any) -> Any:
    return _part(*arguments, **named)


def _is_own(function: Any, module: ModuleType, name: str) -> bool:
    """Whether this is a plain function of that name, written in that module, that can be given another body."""
    return (
        type(function) is FunctionType
        and (function.__module__, function.__name__) == (module.__name__, name)
        and not function.__code__.co_freevars
    )


def _attributes(value: Any, most: int) -> dict[str, Any]:
    """The attributes of an object that are plain data, also those of more than `most` bytes, which cannot be sent."""

    def refuse(_: Any) -> NoReturn:
        raise PlainError

    found = {}
    for name, attribute in list(getattr(value, "__dict__", {}).items()):
        try:
            plain = to_plain(attribute, refuse)
            encode(plain, most=most)
        except TooLargeError:
            pass
        except _UNREADABLE:
            continue
        found[name] = plain
    return found


def _as_bytes(value: Any) -> bytes:
    return b"".join(map(bytes, encode(value)))


def _exception(kind: Any, message: Any) -> Exception:
    """The built-in exception of that name, with a text."""
    known = getattr(builtins, kind, None) if type(kind) is str else None
    try:
        if isinstance(known, type) and issubclass(known, Exception):
            return known(message)
    except TypeError:  # some want more than a text
        pass
    return RuntimeError(message)


class _Written:
    """What a pickler writes into: as many bytes as are allowed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.data = bytearray()

    def write(self, more: Any) -> int:
        size = memoryview(more).nbytes
        if len(self.data) + size > self.most:
            raise ValueError(f"it takes more than {self.most >> 20} MiB")
        self.data += more
        return size

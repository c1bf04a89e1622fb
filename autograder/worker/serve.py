"""Answer one request after the other until they end.

A request is a tuple: what to do, then its arguments; an answer is a tuple too. Targets are module names (text) or
handles (the number of an object that stays here).

    ("load", module)                        -> ("value", {name: [attribute, ...] or None or class})
    ("get", target, name)                   -> ("value", value) or ("callable",)
    ("set", target, name, value)            -> ("value", None)
    ("call", target, name, args, kwargs)    -> ("value", value)       name "" calls the target itself
    ("len", handle)                         -> ("value", number)
    ("truth", handle)                       -> ("value", bool)
    ("contains", handle, value)             -> ("value", bool)
    ("item", handle, key, sliced)            -> ("value", value)      a slice comes as (start, stop, step)
    ("elements", handle)                    -> ("value", handle)    of an iterator
    ("array", handle)                       -> ("value", array or list)
    ("map", target, name, items)            -> ("value", [value, ...])
    ("starmap", target, name, items)        -> ("value", [value, ...])    each item is a tuple of arguments
    ("after", target, name, args, kwargs)   -> ("value", [argument, ...])    as a call leaves its arguments
    ("figures", returned)                   -> ("value", (figure, ...))    of `autograder.checks.inspection.figures`,
    with looks
    ("layers", handle, arguments)           -> ("value", record)    of `autograder.checks.inspection.torch_records`
    ("estimator", handle)                   -> ("value", record)    of `autograder.checks.inspection.estimators`
    ("next", handle, most)                  -> ("value", ([item, ...], ended))    the next items of an iterator
    ("forget", handles)                     -> ("value", None)
    ("saved", name)                         -> ("value", value) or ("refused", reason)    of
    `autograder.checks.inspection.saved_files`
    ("seed", number)                        -> ("value", None)
    ("notebook", file)                      -> ("value", None)    begins one
    ("cell", source, number, seconds, given, cpu_seconds, kept) -> ("value", record)    of `autograder.worker.shell`
    those of `autograder.worker.substitution`
    ("sequence", [request, ...])            -> ("sequence", [answer, ...])    up to the first that is no value

Any of them may be answered by ("raised", fault), ("missing", name) or ("unplain", sentence) instead.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.checks.inspection import estimators, figures
from autograder.checks.inspection import saved_files as saved
from autograder.checks.inspection import torch_records as layers
from autograder.checks.local.finders import OwnModules, clashing
from autograder.checks.plain import PlainError, is_iterator, to_plain
from autograder.checks.records.conversion import SIMPLE, holds_only, real
from autograder.checks.rows import Handle, Rows, size_of
from autograder.isolation.working_folder import lay_out
from autograder.wire import TooLargeError, WireError, decode_request, encode
from autograder.worker.appearance import illustrator
from autograder.worker.faults import describe
from autograder.worker.pipes import announce_too_much, read_frame, write_all
from autograder.worker.shell import Shell
from autograder.worker.substitution import Carrying
from autograder.worker.warming import seed_all, seed_torch_later

__all__ = ["serve"]

_ABSENT = object()
_PACKAGES = ("numpy", "torch", "pandas")
_LARGEST_DRAW = 1 << 18  # bytes of several items that are drawn at once
_LONGEST_DRAW = 0.02  # seconds that drawing several items at once may go on


def serve(
    requests: int, replies: int, output: int, submission: str, seed: int, reply_mib: int, given: str = ""
) -> None:
    """Answer requests read from one descriptor on another; return when they end.

    The current folder becomes the submission's working folder: see `autograder.isolation.working_folder`.

    Args:
        requests, replies: descriptors of pipes; frames of `autograder.wire`.
        output: descriptor that takes what the submission prints.
        submission: folder with what was handed in, which is only read.
        seed: seeds `random`, numpy and torch before any student code runs.
        reply_mib: how large an answer may be.
        given: folder with what is given, which is only read; "" for nothing.
    """
    folder = os.path.realpath(os.getcwd())
    lay_out(submission, given, folder)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  (stays open for the life of the process)
    sys.stdout = sys.stderr = open(output, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.path[:] = [folder, *(entry for entry in sys.path if entry and os.path.isdir(entry))]
    sys.argv = [""]
    sys.dont_write_bytecode = True
    own = OwnModules(Path(folder), clashing(Path(folder), sys.modules))
    if own.names:
        sys.meta_path.insert(0, own)
    worker = _Worker(folder, (given, submission), own)
    worker.verbs.update(Carrying(worker, requests, replies, reply_mib << 20).verbs)
    seed_torch_later()
    worker.seed(seed)
    while (frame := read_frame(requests)) is not None:
        request, worker.plain_request = decode_request(frame)
        answer = worker.answer(request)
        del request
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        try:
            buffers = encode(answer, most=reply_mib << 20)
        except TooLargeError as error:
            announce_too_much(replies, error.size)
            continue
        except WireError as error:
            buffers = encode(_failed(answer, ("unplain", str(error))))
        except MemoryError as error:
            buffers = encode(_failed(answer, ("raised", describe(error, folder))))
        write_all(replies, buffers)


def _failed(answer: tuple[Any, ...], instead: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is answered where no frame can be made of an answer; of a sequence only the last one holds any value."""
    return ("sequence", [*answer[1][:-1], instead]) if answer[0] == "sequence" else instead


class _Worker:
    """The objects that stay inside, by number, and what can be done with them."""

    def __init__(self, submission: str, originals: Iterable[str], own: OwnModules) -> None:
        self.submission = submission
        self.own = own
        self.originals = tuple(Path(each) for each in originals if each)
        self.objects: dict[int, Any] = {}
        self.classes: dict[str, builtins.type] = {}
        self.broken: dict[int, BaseException] = {}
        self.shell: Any = None
        self.plain_request = False
        self.verbs: dict[str, Callable[..., tuple[Any, ...]]] = {
            "load": self.load,
            "get": self.get,
            "set": self.set,
            "call": self.call,
            "new": self.new,
            "len": lambda target: ("value", len(self.object(target.id))),
            "truth": lambda target: ("value", bool(self.object(target.id))),
            "contains": lambda target, value: ("value", bool(self.inside(value) in self.object(target.id))),
            "item": self.item,
            "elements": self.elements,
            "array": self.array,
            "map": self.map,
            "starmap": self.starmap,
            "after": self.after,
            "figures": self.figures,
            "saved": self.saved,
            "layers": self.layers,
            "estimator": self.estimator,
            "next": self.next,
            "forget": self.forget,
            "seed": self.seed,
            "notebook": self.notebook,
            "cell": self.cell,
            "sequence": self.sequence,
        }

    def answer(self, request: tuple[Any, ...]) -> tuple[Any, ...]:
        """Carry out one request; whatever student code raises becomes an answer."""
        verb, *arguments = request
        try:
            return self.verbs[verb](*arguments)
        except PlainError as error:
            return ("unplain", str(error))
        except BaseException as error:  # noqa: BLE001  (SystemExit and KeyboardInterrupt are answers, too)
            return ("raised", describe(error, self.submission))

    def load(self, module: str) -> tuple[Any, ...]:
        loaded = self.module(module)
        return ("value", {name: _attributes(value) for name, value in vars(loaded).items() if type(name) is str})

    def get(self, target: str | int, name: str) -> tuple[Any, ...]:
        value = getattr(self.object(target), name, _ABSENT)
        if value is _ABSENT:
            return ("missing", name)
        return ("callable",) if callable(value) else ("value", self.plain(value))

    def set(self, target: str | int, name: str, value: Any) -> tuple[Any, ...]:
        setattr(self.object(target), name, self.inside(value))
        return ("value", None)

    def call(self, target: str | int, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        function = self.function(target, name)
        if function is _ABSENT:
            return ("missing", name)
        values = [self.given(argument) for argument in arguments]
        return ("value", self.plain(function(*values, **{key: self.given(value) for key, value in named.items()})))

    def new(self, target: str | int, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """An object of a class with methods stays inside, also where it could be reduced to plain data."""
        function = self.function(target, name)
        if function is _ABSENT:
            return ("missing", name)
        values = [self.given(argument) for argument in arguments]
        return ("value", self.keep(function(*values, **{key: self.given(value) for key, value in named.items()})))

    def item(self, target: Handle, key: Any, sliced: bool) -> tuple[Any, ...]:
        place = slice(*key) if sliced else self.inside(key)
        return ("value", self.plain(self.object(target.id)[place]))

    def elements(self, target: Handle) -> tuple[Any, ...]:
        return ("value", replace(self.keep(iter(self.object(target.id))), iterator=True))

    def array(self, target: Handle) -> tuple[Any, ...]:
        """The values of a table, a column or an index."""
        return ("value", self.plain(self.object(target.id).to_numpy()))

    def map(self, target: str | int, name: str, items: Iterable[Any]) -> tuple[Any, ...]:
        function = self.function(target, name)
        if function is _ABSENT:
            return ("missing", name)
        return ("value", [self.taken(function(item)) for item in self.given(items)])

    def starmap(self, target: str | int, name: str, items: Iterable[Any]) -> tuple[Any, ...]:
        function = self.function(target, name)
        if function is _ABSENT:
            return ("missing", name)
        return ("value", [self.taken(function(*item)) for item in self.given(items)])

    def after(self, target: str | int, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        function = self.function(target, name)
        if function is _ABSENT:
            return ("missing", name)
        values = {place: self.inside(value) for place, value in [*enumerate(arguments), *named.items()]}
        self.taken(function(*(values[place] for place in range(len(arguments))), **{key: values[key] for key in named}))
        return ("value", self.plain(list(values.values())))

    def figures(self, returned: list[Any]) -> tuple[Any, ...]:
        shown = self.shell.take_figures() if self.shell else ()
        return ("value", to_plain((*shown, *figures.figures(self.inside(returned), picture=illustrator())), self.keep))

    def layers(self, model: Handle, example: tuple[Any, ...]) -> tuple[Any, ...]:
        return ("value", to_plain(layers.describe(self.inside(model), *self.inside(example)), self.keep))

    def estimator(self, model: Handle) -> tuple[Any, ...]:
        return ("value", to_plain(estimators.describe(self.inside(model)), self.keep))

    def next(self, iterator: Handle, most: int) -> tuple[Any, ...]:
        """The next items, each copied; what is raised after the first of them is raised by the next request."""
        if error := self.broken.pop(iterator.id, None):
            raise error
        items: list[Any] = []
        size = 0
        until = time.monotonic() + _LONGEST_DRAW
        while not items or (len(items) < most and size < _LARGEST_DRAW and time.monotonic() < until):
            try:
                item = next(self.objects[iterator.id], _ABSENT)
                if item is _ABSENT:
                    return ("value", (items, True))
                items.append(to_plain(item, self.keep, copy=True, draw=False, classes=self.classes))
                size += size_of(items[-1])
            except BaseException as error:
                if not items:
                    raise
                self.broken[iterator.id] = error
                break
        return ("value", (items, False))

    def forget(self, handles: list[Handle]) -> tuple[Any, ...]:
        for handle in handles:
            self.objects[handle.id] = None  # the number stays taken
        return ("value", None)

    def saved(self, name: str) -> tuple[Any, ...]:
        try:
            folder = next((each for each in self.originals if (each / name).is_file()), self.originals[-1])
            return ("value", self.plain(saved.read(folder, name)))  # as it was handed in, whatever was written since
        except saved.Refused as error:
            return ("refused", str(error))

    def seed(self, number: int) -> tuple[Any, ...]:
        seed_all(number)
        return ("value", None)

    def notebook(self, file: str) -> tuple[Any, ...]:
        self.shell = Shell(file, self.submission)
        return ("value", None)

    def cell(self, *arguments: Any) -> tuple[Any, ...]:
        return ("value", self.plain(self.shell.run(*arguments)))

    def sequence(self, requests: list[tuple[Any, ...]]) -> tuple[Any, ...]:
        answers: list[tuple[Any, ...]] = []
        for request in requests:
            answers.append(self.answer(request))
            if answers[-1][0] != "value":
                break
        return ("sequence", answers)

    # --- between plain data and what stays inside ---

    def object(self, target: str | int) -> Any:
        return self.module(target) if isinstance(target, str) else self.objects[target]

    def module(self, name: str) -> Any:
        return self.own.module(name) if name in self.own.names else importlib.import_module(name)

    def function(self, target: str | int, name: str) -> Any:
        found = self.object(target)
        return getattr(found, name, _ABSENT) if name else found

    def plain(self, value: Any) -> Any:
        return to_plain(value, self.keep, draw=False, classes=self.classes)

    def drawn(self, value: Any) -> Any:
        """Plain data in which iterators are lists."""
        return to_plain(value, self.keep, classes=self.classes)

    def taken(self, value: Any) -> Any:
        """Plain data that shares no memory with the submission, whose next call may write into the same arrays."""
        return to_plain(value, self.keep, copy=True, classes=self.classes)

    def keep(self, value: Any) -> Handle:
        number = len(self.objects) + 1
        self.objects[number] = value
        return Handle(number, type(value).__name__, is_iterator(value))

    def given(self, value: Any) -> Any:
        """An argument of the request at hand, which need not be walked where it is plain."""
        return value if self.plain_request else self.inside(value)

    def inside(self, value: Any) -> Any:
        """Arguments as student code expects them: handles and records become objects again, rows a real list."""
        kind = type(value)
        if kind in SIMPLE or ((kind is list or kind is tuple) and holds_only(value, SIMPLE)):
            return value
        return real(value, self.class_of, self.thing)

    def thing(self, value: Any) -> Any:
        """What is no plain data: an object that stayed inside, or rows."""
        if type(value) is Handle:
            return self.objects[value.id]
        return value.as_list() if type(value) is Rows else value

    def class_of(self, name: str) -> Any:
        """The class of that name that came out before, or that a module of the submission defines."""
        if name not in self.classes:
            for module in (*list(sys.modules.values()), *self.own.loaded.values()):
                if str(getattr(module, "__file__", None) or "").startswith(self.submission):
                    found = vars(module).get(name)
                    if isinstance(found, builtins.type):
                        self.classes[name] = found
                        break
        return self.classes.get(name)


def _attributes(value: Any) -> list[str] | str | None:
    """Names of a class's attributes; None for what else can be called; of other values their class.

    That is ``"int"`` or ``"numpy.ndarray"``, and "" for one of the submission or of another package.
    """
    if isinstance(value, builtins.type):
        return [name for name in dir(value) if type(name) is str]
    if callable(value):
        return None
    try:
        package, _, _ = type(value).__module__.partition(".")
        name = type(value).__name__
        type_name = name if package == "builtins" else f"{package}.{name}" if package in _PACKAGES else ""
        return type_name if type_name.isascii() else ""
    except Exception:  # noqa: BLE001  (a class of the submission's may raise anything here)
        return ""

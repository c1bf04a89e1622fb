"""Run a reference's own example, and note how each function with a solution is called and what it returns.

This runs in a process of its own: the modules are imported under their own names, their functions are wrapped, and the
example is cut when its time is over. What was noted until then counts.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import doctest
import functools
import importlib
import inspect
import runpy
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from autograder.checks.rows import size_of
from autograder.scaffold.cases import Case, Watch, cases_of_arguments
from autograder.scaffold.values import MADE, Spec, describe

__all__ = ["Call", "Cut", "Traced", "examples_in", "time_limit", "trace"]

CALLS = 24
"""Calls of each function that are noted."""
MOST_BYTES = 4096
"""Of arguments that are kept as they were, so that a check may have them."""


class Cut(BaseException):
    """The time is over; no `except Exception` of an example may stop it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what was given by name, and what came back (None where it was cut).

    `me` is the object of a method; `before` the method with a solution that last changed it, "" for none, and
    `earlier` what that one was given; `changed` are the public attributes of the object that the call set or changed;
    `itself` says whether the object was returned; `cases` what the call came across; `values` the arguments, where
    they are small, plain and no object's.
    """

    given: Mapping[str, Spec]
    result: Spec | None = None
    me: Spec | None = None
    before: str = ""
    earlier: Mapping[str, Spec] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    itself: bool = False
    cases: frozenset[Case] = frozenset()
    values: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Traced:
    """Everything that was noted: calls by qualified name, how the example ended, and the modules by file.

    `seconds` is the CPU time of the example.
    """

    modules: dict[str, ModuleType]
    calls: dict[str, list[Call]] = field(default_factory=dict)
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    example: str = ""
    cut: bool = False
    seconds: float = 0.0


def examples_in(source: str) -> str:
    """What a module's own example is: "main" (a part for `__main__`), a function's name, "doctest", or ""."""
    body = ast.parse(source).body
    if any(map(_is_main, body)):
        return "main"
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and statement.name in ("example", "main"):
            arguments = statement.args
            if len(arguments.args) + len(arguments.posonlyargs) == len(arguments.defaults):
                return statement.name
    return "doctest" if ">>> " in source else ""


def trace(
    folder: Path,
    sources: Mapping[str, str],
    expected: Sequence[tuple[str, str]],
    example: Path | None,
    seconds: float,
    *,
    run: bool = True,
) -> Traced:
    """Import the modules of a folder, wrap the functions `expected` (file, qualified name), and run the example.

    Without a file `example`, each module with an example of its own is run; see `examples_in`. With `run` False, none.
    """
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    with time_limit(seconds):
        traced = Traced({file: importlib.import_module(Path(file).stem) for file in sources})
    if not run:
        return traced
    undo = _wrap(traced, expected)
    begun = time.process_time()
    try:
        with time_limit(seconds):
            if example is not None:
                traced.example = example.name
                runpy.run_path(str(example), run_name="__main__")
            else:
                for file, kind in _own_examples(sources):
                    traced.example = f"{traced.example}, {file}".removeprefix(", ")
                    _run(traced.modules[file], sources[file], kind)
    except Cut:
        traced.cut = True
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
    finally:
        traced.seconds = time.process_time() - begun
        for step in reversed(undo):
            step()
    return traced


@contextmanager
def time_limit(seconds: float, wall: float | None = None) -> Iterator[None]:
    """Raise `Cut` in what is done inside, once the time is over: `seconds` of wall time, or where `wall` is given,
    `seconds` of CPU time and `wall` of wall time, so that the result does not depend on how busy the machine is."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Cut

    timers = {signal.SIGALRM: (signal.ITIMER_REAL, wall or seconds)}
    if wall is not None:
        timers[signal.SIGPROF] = (signal.ITIMER_PROF, seconds)
    before = {number: signal.signal(number, stop) for number in timers}
    for timer, limit in timers.values():
        signal.setitimer(timer, limit, 1.0)  # again each second, should something have stopped the first
    try:
        yield
    finally:
        for timer, _ in timers.values():
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _own_examples(sources: Mapping[str, str]) -> list[tuple[str, str]]:
    """Files with an example: those with a `__main__` part alone where there is one."""
    found = [(file, kind) for file, source in sources.items() if (kind := examples_in(source))]
    mains = [(file, kind) for file, kind in found if kind == "main"]
    return mains or found


def _is_main(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in (
        "__name__ == '__main__'",
        "'__main__' == __name__",
    )


def _run(module: ModuleType, source: str, kind: str) -> None:
    if kind == "main":
        statements = [each for part in ast.parse(source).body if _is_main(part) for each in part.body]  # type: ignore[attr-defined]
        code = compile(ast.Module(statements, []), str(module.__file__), "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102
    elif kind == "doctest":
        runner = doctest.DocTestRunner(verbose=False)
        for test in doctest.DocTestFinder().find(module, module.__name__, module):
            runner.run(test, out=lambda _: None)
    else:
        getattr(module, kind)()


# --- wrapping ---


def _wrap(traced: Traced, expected: Sequence[tuple[str, str]]) -> list[Callable[[], None]]:
    """Put wrappers in place; returns what takes them away again."""
    undo: list[Callable[[], None]] = []
    watch = Watch([file for file, _ in expected], [name for _, name in expected])
    classes = {
        value
        for module in traced.modules.values()
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    }

    def own(value: Any) -> bool:
        return type(value) in classes

    for each in classes:
        init: Callable[..., Any] = getattr(each, "__init__")  # noqa: B009
        _put(undo, each, "__init__", _making(init if init is not object.__init__ else lambda _: None, own))
    for file, name in expected:
        module = traced.modules[file]
        owner, _, method = name.rpartition(".")
        holder = getattr(module, owner) if owner else module
        held = vars(holder)[method]
        function = held.__func__ if isinstance(held, (staticmethod, classmethod)) else held
        if not isinstance(function, _FUNCTION) or method == "__init__":
            continue
        traced.functions[name] = function
        noting = _noting(function, name, traced, own, watch, method=bool(owner) and function is held)
        _put(undo, holder, method, type(held)(noting) if function is not held else noting)
        for other in traced.modules.values():  # what did `from module import name`
            for key, value in list(vars(other).items()):
                if value is function and other is not holder:
                    _put(undo, other, key, noting)
    return undo


_FUNCTION = type(_own_examples)


def _put(undo: list[Callable[[], None]], holder: Any, name: str, value: Any) -> None:
    absent = object()
    before = vars(holder).get(name, absent)
    setattr(holder, name, value)
    undo.append(lambda: delattr(holder, name) if before is absent else setattr(holder, name, before))


def _making(init: Callable[..., Any], own: Callable[[Any], bool]) -> Callable[..., Any]:
    """A constructor that leaves a note of its arguments on the object: the outermost one, where classes inherit."""

    @functools.wraps(init)
    def noted(self: Any, *arguments: Any, **named: Any) -> None:
        if not hasattr(self, MADE):
            given = _bound(init, (self, *arguments), named)
            parts = tuple(describe(value, own) for value in list(given.values())[1:])
            note = (tuple(given)[1:], parts, tuple(inspect.signature(init).parameters)[1:])
            with contextlib.suppress(AttributeError, TypeError):  # a class with __slots__ takes no note
                object.__setattr__(self, MADE, note)
        init(self, *arguments, **named)

    return noted


def _noting(
    function: Callable[..., Any],
    name: str,
    traced: Traced,
    own: Callable[[Any], bool],
    watch: Watch,
    *,
    method: bool,
) -> Callable[..., Any]:
    calls = traced.calls.setdefault(name, [])
    count = 0

    @functools.wraps(function)
    def noted(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count > CALLS and count & (count - 1):  # later on only each 2^k-th, so that a long training stays quick
            return function(*arguments, **named)
        bound = _bound(function, arguments, named)
        given = {key: describe(value, own) for key, value in bound.items()}
        values = None if method else _kept(bound)
        cases = cases_of_arguments(bound)
        me, me_spec, before, earlier = None, None, "", {}
        if method and arguments:
            me, me_spec = arguments[0], next(iter(given.values()))
            given = dict(list(given.items())[1:])
            before, earlier = getattr(me, LAST, ("", {}))
        place = len(calls)
        calls.append(Call(given, None, me_spec, before, earlier))
        states = _states(me)
        with watch.watching(name, cases):
            result = function(*arguments, **named)
        changed = [key for key, state in _states(me).items() if states.get(key) != state]
        public = tuple(key for key in changed if not key.startswith("_"))
        itself = me is not None and result is me
        seen = describe(result, own)
        calls[place] = Call(given, seen, me_spec, before, earlier, public, itself, frozenset(cases), values)
        if me is not None and (changed or not before):
            with contextlib.suppress(AttributeError, TypeError):
                object.__setattr__(me, LAST, (name, given))
        return result

    return noted


LAST = "_autograder_last"


def _kept(bound: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A copy of arguments that are plain and small, None for others."""
    try:
        for value in bound.values():
            _bytes(value)
    except TypeError:
        return None
    return copy.deepcopy(dict(bound)) if sum(map(size_of, bound.values())) <= MOST_BYTES else None


def _bound(function: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by the names of their parameters; those beyond are left to themselves."""
    try:
        signature = inspect.signature(function)
        bound = signature.bind(*arguments, **named)
    except (TypeError, ValueError):
        return {f"argument_{place}": value for place, value in enumerate(arguments)} | dict(named)
    given: dict[str, Any] = {}
    for key, value in bound.arguments.items():
        if signature.parameters[key].kind is inspect.Parameter.VAR_POSITIONAL:
            given |= {f"*{place}": each for place, each in enumerate(value)}
        elif signature.parameters[key].kind is inspect.Parameter.VAR_KEYWORD:
            given |= value
        else:
            given[key] = value
    return given


def _states(me: Any) -> dict[str, bytes]:
    """The attributes of an object as bytes, to be compared; left out is what holds more than numbers and text."""
    states = {}
    for key, value in list(getattr(me, "__dict__", {}).items()):
        if key not in (MADE, LAST):
            with contextlib.suppress(TypeError):
                states[key] = _bytes(value)
    return states


def _bytes(value: Any) -> bytes:
    """A plain value as bytes; containers of up to 100 entries are looked into.

    Raises:
        TypeError: it is, or holds, something else.
    """
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufc":
        return repr(value.shape).encode() + value.tobytes()
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value).encode()
    if isinstance(value, dict) and len(value) < 100:
        value = tuple(each for pair in value.items() for each in pair)
    if isinstance(value, (list, tuple)) and len(value) < 200:
        return b"(" + b",".join(map(_bytes, value)) + b")"
    raise TypeError

"""Judge how a solution is written, by its syntax tree: imports, names that are used, loops.

A `Source` comes from ``student.source_of("network.py")``: the files as they were handed in, read on this side,
outside of the sandbox. Nothing in them is run. A name is found under whatever alias it is used (``import numpy as
anything``, ``from numpy import einsum as e``, ``getattr(np, "einsum")``); what a program puts together while it runs
is not, so the ways to do that (`exec`, `eval`, `globals` ...) are refused too, unless a check says ``strict=False``.
Source tells how something was written, not whether it is right: judge values beside it, and speed with `faster_than`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .arguments import COUNT, FLAG, TEXT, Rule, takes
from .call_graph import (
    ROW_BY_ROW,
    Reached,
    definitions_of,
    files_of,
    is_function,
    is_own,
    looks_up,
    makes_objects,
    reached_from,
)
from .errors import CheckFailed, InstructorError
from .local.sources import Source
from .name_binding import Module, modules_of

__all__ = ["forbidden", "no_imports", "no_loops", "required", "uses"]

_SHORT = {
    "np": "numpy",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "sp": "scipy",
}
_ITERATING = (
    "map filter functools.reduce itertools.starmap itertools.accumulate itertools.groupby itertools.takewhile "
    "itertools.dropwhile itertools.filterfalse numpy.vectorize numpy.frompyfunc numpy.fromiter numpy.fromfunction "
    "numpy.apply_along_axis numpy.apply_over_axes numpy.nditer numpy.ndenumerate numpy.ndindex"
)
_LOOPING = frozenset(_ITERATING.split())
_BY_KEY = frozenset(
    ["sorted", "min", "max", "heapq.nlargest", "heapq.nsmallest", "heapq.merge", "bisect.bisect", "bisect.insort"]
)
_ONCE = (
    "callable functools.cache functools.lru_cache functools.partial functools.wraps hasattr id isinstance issubclass "
    "numpy.piecewise print repr staticmethod type"
)
_CALLING_ONCE = frozenset(_ONCE.split())
_STEPS = frozenset(("__next__", "__getitem__"))  # what list() and the like call once for each item
_SHOWN = 4


_SOURCE = Rule("what student.source_of(...) gives", lambda value: isinstance(value, Source))


@dataclass(frozen=True, slots=True)
class _Place:
    """Something that stands in a line of a file; `inside` names the function where that is not the one asked for."""

    file: str
    line: int
    what: str
    inside: str = ""

    def __str__(self) -> str:
        return f"line {self.line} of {self.file}" + (f", in {self.inside}" if self.inside else "")


@takes(source=_SOURCE, names=TEXT, strict=FLAG)
def no_imports(source: Source, *names: str, strict: bool = True) -> None:
    """Fail if a module, or anything from it, is imported in any way that a reader can see.

    Found are ``import x``, ``import x.y as z``, ``from x import y``, ``__import__("x")``,
    ``importlib.import_module("x.y")``, anywhere in the files, also in functions that nobody calls.

    Args:
        names: modules, such as ``"torch"`` (which covers ``torch.nn``) or ``"scipy.linalg"``.
        strict: refuse `exec`, `eval`, imports by a computed name and the like as well.

    Raises:
        CheckFailed: the sentence gives file and line.
        InstructorError: no module is named.

    Examples:
        modules imported in any spelling, also in helper modules of the student's own

        >>> no_imports(Source.of('import torch.nn as nn'), 'torch')
        hw.py, line 1, imports torch; write it without torch.

        ways around it, unless `strict=False`: `exec`, `eval`, `globals`, imports by a computed name

        >>> no_imports(Source.of('exec(text)'), 'torch')
        hw.py, line 1, uses exec, which hides what is run; write that as ordinary code.
    """
    if not names:
        raise InstructorError('no_imports needs the names of modules, such as no_imports(source, "torch").')
    judged = [module for module in modules_of(source).values() if module.file in source.judged]
    for module in judged:
        found = [
            _Place(module.file, line, name)
            for line, paths in sorted(_imports(module), key=lambda each: each[0])
            for name in names
            if any(_is_below(path, name) for path in paths)
        ]
        if found:
            more = f" ({_more(found).strip()})" if _more(found) else ""
            raise CheckFailed(
                f"{module.file}, line {found[0].line}, imports {found[0].what}{more}; write it without {found[0].what}."
            )
    if strict:
        for module in judged:
            _refuse_hiding(module.hidings(module.tree), module.file)


@takes(source=_SOURCE, name=TEXT, within=TEXT)
def uses(source: Source, name: str, *, within: str = "") -> tuple[str, ...]:
    """Where a name is used: ``("line 3 of network.py",)``; nothing is judged.

    Args:
        name: a dotted name in full or as everybody shortens it (``"np.einsum"``), which covers names below it; a
            built-in one (``"sorted"``); a method of whatever object (``".dot"``); or the operator ``"@"``. Several
            with ``|`` between them stand for any of them.
        within: a function or method (``"Network.backprop"``): look in it, and in what it uses of these modules.

    Raises:
        CheckFailed: `within` is not defined.

    Examples:
        nothing: where a name is used

        >>> uses(Source.of('a @ b'), '@')
        ('line 1 of hw.py',)
    """
    return tuple(str(place) for place in _uses(source, name, within))


@takes(source=_SOURCE, names=TEXT, within=TEXT, strict=FLAG)
def forbidden(source: Source, *names: str, within: str = "", strict: bool = True) -> None:
    """Fail if one of these names is used; see `uses` for what a name can be and for `within`.

    Args:
        strict: refuse `exec`, `eval`, `globals` and the like as well.

    Raises:
        CheckFailed: the sentence gives file and line; or `within` is not defined.
        InstructorError: nothing is named.

    Examples:
        names used under whatever alias; `"np.linalg"` covers what is below it, `".dot"` is a method of any object,
        `"@"` the operator

        >>> forbidden(Source.of('from numpy.linalg import inv as i\\ni(3)'), 'np.linalg.inv')
        hw.py uses np.linalg.inv (line 1 of hw.py and 1 more place); do without it.
    """
    if not names:
        raise InstructorError('forbidden needs names, such as forbidden(source, "np.linalg.inv").')
    for name in names:
        if found := _uses(source, name, within):
            raise CheckFailed(f"{_subject(source, within)} uses {name} ({found[0]}{_more(found)}); do without it.")
    if strict:
        for part in _parts(source, within):
            _refuse_hiding(part.module.hidings(part.node), part.module.file)


@takes(source=_SOURCE, names=TEXT, within=TEXT)
def required(source: Source, *names: str, within: str = "") -> None:
    """Fail unless each of these names is used; see `uses` for what a name can be and for `within`.

    A use that is never reached counts as well.

    Raises:
        CheckFailed: the sentence gives the name; or `within` is not defined.
        InstructorError: nothing is named.

    Examples:
        the same, the other way round; a bar between names means any of them

        >>> required(Source.of('def f(a):\\n    return a'), 'np.einsum', within='f')
        f does not use np.einsum, which is asked for.
    """
    if not names:
        raise InstructorError('required needs names, such as required(source, "np.einsum").')
    for name in names:
        if not _uses(source, name, within):
            text = " or ".join(name.split("|"))
            raise CheckFailed(f"{_subject(source, within)} does not use {text}, which is asked for.")


@takes(source=_SOURCE, function=TEXT, allow=COUNT, strict=FLAG)
def no_loops(source: Source, function: str, *, allow: int = 0, strict: bool = True) -> None:
    """Fail if a function has more than `allow` loops, itself and in what it uses of the submission's modules together.

    A loop is ``for``, ``while``, each ``for`` of a comprehension, ``map``, ``filter``, ``reduce``, what only looks like
    array operations (``np.vectorize``, ``np.apply_along_axis``, ``table.apply`` ...), a function that calls itself, and
    a function that is given to somebody else who may call it many times (``sorted(range(n), key=f)``, ``pool.map(f)``,
    ``iter(f, None)``). What they run over cannot be seen in the source: allow those that are right, such as one over
    layers.

    Args:
        function: a function or method, such as ``"Network.backprop"``.
        allow: how many places with a loop are allowed.
        strict: refuse `exec`, `eval`, `globals` and the like in it as well.

    Raises:
        CheckFailed: the sentence gives each loop with its line; or the function is not defined.

    Examples:
        loops of a function and of all that it uses in the submission's modules: `for`, `while`, comprehensions, `map`,
        `np.vectorize` and its like, functions that call themselves, and functions given to others (`sorted(range(n),
        key=f)`, `pool.map(f)`, `table.apply(f)`)

        >>> no_loops(Source.of('def f(X):\\n    return [2 * x for x in X]'), 'f')
        f has a loop (for of a comprehension in line 2 of hw.py); use operations on whole arrays.
    """
    modules = modules_of(source)
    start = definitions_of(source, modules, function)
    parts, circular = reached_from(modules, start)
    loops: list[_Place] = []
    for part in parts:
        inside = "" if part.name == function else part.name
        loops += [
            _Place(part.module.file, line, what, inside)
            for line, what in _loops(part, modules)
            if inside or what not in _STEPS  # the function that is judged may be such a step itself
        ]
    recursive = [
        _Place(part.module.file, getattr(part.node, "lineno", 1), f"{part.name} calls itself")
        for part in parts
        if part.name in circular and isinstance(part.node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    loops = sorted({*loops, *recursive}, key=lambda each: (each.inside != "", each.file, each.line, each.what))
    if len(loops) > allow:
        number = "a loop" if len(loops) == 1 else f"{len(loops)} loops"
        text = "; ".join(f"{each.what} in {each}" for each in loops[:_SHOWN])
        more = f" and {len(loops) - _SHOWN} more" if len(loops) > _SHOWN else ""
        verb = "is" if allow == 1 else "are"
        expected = f"at most {allow} {verb} allowed" if allow else "use operations on whole arrays"
        raise CheckFailed(f"{function} has {number} ({text}{more}); {expected}.")
    if strict:
        for part in parts:
            _refuse_hiding(part.module.hidings(part.node), part.module.file)


def _loops(part: Reached, modules: dict[str, Module]) -> Iterator[tuple[int, str]]:
    """Lines with what loops there; of a value that was set at import, only what runs when it is called."""
    module, skipped = part.module, set[int]()
    if isinstance(part.node, ast.ClassDef):
        return
    if not part.called and not isinstance(part.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        lambdas = {
            id(inner) for node in ast.walk(part.node) if isinstance(node, ast.Lambda) for inner in ast.walk(node)
        }
        skipped = {id(node) for node in ast.walk(part.node)} - lambdas
    for node, bound in module.nodes(part.node):
        if id(node) in skipped:
            continue
        if isinstance(node, (ast.For, ast.AsyncFor)):
            yield node.lineno, "for"
        elif isinstance(node, ast.While):
            yield node.lineno, "while"
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            for generator in node.generators:
                yield generator.target.lineno, "for of a comprehension"
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            paths = module.paths(node, bound)
            for path in sorted(paths & _LOOPING):
                yield node.lineno, path.replace("numpy.", "np.")
            if isinstance(node, ast.Attribute) and node.attr in ROW_BY_ROW - module.members.keys() and not paths:
                yield node.lineno, f".{node.attr}"
    yield from _handed_on(part, modules, skipped)


def _handed_on(part: Reached, modules: dict[str, Module], skipped: set[int]) -> Iterator[tuple[int, str]]:
    """Lines in which a function is given to code of others, who may call it once for each item."""
    module = part.module
    nodes = [(node, bound) for node, bound in module.nodes(part.node) if id(node) not in skipped]
    called = {id(node.func) for node, _ in nodes if isinstance(node, ast.Call)}
    operators = any(each.has_operators for each in modules.values())
    for node, bound in nodes:
        if operators and makes_objects(node):
            yield getattr(node, "lineno", 0), "an array of objects with operators of their own"
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            for path in sorted(module.paths(node, bound) & {"sorted", "iter"}):  # kept for later, with whatever key
                yield node.lineno, path
        elif isinstance(node, ast.Call) and not is_own(module, modules, node.func, bound):
            paths = module.paths(node.func, bound) if isinstance(node.func, (ast.Name, ast.Attribute)) else set()
            name = min(paths, default="") or (f".{node.func.attr}" if isinstance(node.func, ast.Attribute) else "")
            by_key = paths & _BY_KEY or name == ".sort"
            if by_key and any(
                each.arg is None or (each.arg == "key" and not looks_up(each.value, modules)) for each in node.keywords
            ):
                yield node.lineno, f"{name.lstrip('.')} with a key"
            elif "iter" in paths and len(node.args) > 1:
                yield node.lineno, "iter with a function"
            elif not paths & (_CALLING_ONCE | _LOOPING) and name.lstrip(".") not in ROW_BY_ROW:
                given = [*node.args, *(each.value for each in node.keywords)]
                if any(is_function(module, modules, each, bound) for each in given):
                    yield (
                        node.lineno,
                        f"a function given to {name.removeprefix('.').replace('numpy.', 'np.') or 'a call'}",
                    )
        elif isinstance(node, ast.FunctionDef) and node.name in _STEPS:
            yield node.lineno, node.name


def _imports(module: Module) -> Iterator[tuple[int, set[str]]]:
    """Lines with the dotted names of what is imported there."""
    for node, bound in module.nodes(module.tree):
        if isinstance(node, ast.Import):
            yield node.lineno, {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = module.paths(node.func, bound)
            if called & {"__import__", "importlib.import_module"} and isinstance(node.args[0].value, str):
                yield node.lineno, {node.args[0].value}


def _uses(source: Source, name: str, within: str) -> list[_Place]:
    expected = [_full(each.strip()) for each in name.split("|")]
    found: set[tuple[str, int, str]] = set()
    for part in _parts(source, within):
        inside = "" if part.name in ("", within) else part.name
        for line, used in _used(part.module, part.node):
            if any(_is_below(each, want) for each in used for want in expected):
                found.add((part.module.file, line, inside))
    return [
        _Place(file, line, name, inside) for file, line, inside in sorted(found, key=lambda each: (each[2] != "", each))
    ]


def _used(module: Module, start: ast.AST) -> Iterator[tuple[int, set[str]]]:
    """Lines with what is named there: dotted names, methods of whatever object as ".name", operators."""
    for node, bound in module.nodes(start):
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.MatMult):
            yield node.lineno, {"@"}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            paths = module.paths(node, bound)
            yield node.lineno, {f".{node.attr}"} if isinstance(node, ast.Attribute) and not paths else paths
        elif isinstance(node, ast.Call):
            yield node.lineno, module.paths(node, bound)


def _parts(source: Source, within: str) -> list[Reached]:
    """What is looked at: the judged files as a whole, or a function with what it uses."""
    modules = modules_of(source)
    if within:
        return reached_from(modules, definitions_of(source, modules, within))[0]
    return [Reached(module, "", module.tree) for module in modules.values() if module.file in source.judged]


def _refuse_hiding(found: Iterator[tuple[int, str]], file: str) -> None:
    for line, way in sorted(found):
        raise CheckFailed(f"{file}, line {line}, uses {way}, which hides what is run; write that as ordinary code.")


def _full(name: str) -> str:
    first, dot, rest = name.partition(".")
    return f"{_SHORT.get(first, first)}{dot}{rest}".removeprefix("builtins.") if first else name


def _is_below(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _more(found: list[_Place]) -> str:
    others = len({(each.file, each.line) for each in found}) - 1
    return f" and {others} more place{'s' * (others > 1)}" if others else ""


def _subject(source: Source, within: str) -> str:
    return within or files_of(source)

"""Which definitions of some modules a function reaches, and what it hands on.

All walks are loops and no recursions: the trees come from untrusted text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .errors import CheckFailed
from .local.sources import Source
from .name_binding import FUNCTIONS, MOST_NAMES, Module

__all__ = [
    "ROW_BY_ROW",
    "Reached",
    "definitions_of",
    "files_of",
    "is_function",
    "is_own",
    "looks_up",
    "makes_objects",
    "reached",
    "reached_from",
]

_COMMON = frozenset(
    name
    for kind in (np.ndarray, list, dict, str, set, tuple, bytes, int, float, np.random.Generator)
    for name in dir(kind)
)


@dataclass(frozen=True, slots=True)
class Reached:
    """One definition that a function uses, itself included: a function, a method, or what a name was set to.

    `called` says that a name's value is called there, so what made that value counts too.
    """

    module: Module
    name: str
    node: ast.AST
    called: bool = True


def reached(modules: dict[str, Module], start: Reached) -> tuple[list[Reached], set[str]]:
    """All definitions of these modules that one uses, directly or through others; and the names of those that call
    themselves, directly or through others.

    A method that is called on an object of unknown class is looked for in all classes, unless arrays, lists and the
    like have one of that name.
    """
    found: dict[tuple[str, str, int], Reached] = {}
    asked: set[tuple[str, bool]] = set()
    sure: dict[int, set[int]] = {}
    waiting = [start]
    while waiting:
        one = waiting.pop()
        key = (one.module.file, one.name, id(one.node))
        if key in found and (found[key].called or not one.called):
            continue
        found[key] = one
        for other, certain in _used(modules, one, asked):
            waiting.append(other)
            if certain:
                sure.setdefault(id(one.node), set()).add(id(other.node))
    circular = _circular(sure)
    return list(found.values()), {one.name for one in found.values() if id(one.node) in circular}


def _circular(edges: dict[int, set[int]]) -> set[int]:
    """Nodes that a way leads back to: by Kosaraju's strongly connected components, in time linear in the edges."""
    order: list[int] = []
    seen: set[int] = set()
    for start in edges:
        waiting = [(start, False)]
        while waiting:
            node, done = waiting.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                waiting.append((node, True))
                waiting += [(further, False) for further in edges.get(node, ())]
    backward: dict[int, set[int]] = {}
    for node, targets in edges.items():
        for target in targets:
            backward.setdefault(target, set()).add(node)
    found = {node for node, targets in edges.items() if node in targets}
    placed: set[int] = set()
    for start in reversed(order):
        component, following = [], [start]
        while following:
            node = following.pop()
            if node not in placed:
                placed.add(node)
                component.append(node)
                following += backward.get(node, ())
        found |= set(component) if len(component) > 1 else set()
    return found


def _used(modules: dict[str, Module], one: Reached, asked: set[tuple[str, bool]]) -> Iterator[tuple[Reached, bool]]:
    """Definitions that one names, and whether it is surely these.

    `asked` are attributes that were looked for in all classes before, which need not be done again.
    """
    module = one.module
    if isinstance(one.node, ast.ClassDef):  # whoever has an object of it may run its operators
        for name in module.operators.get(one.name, ()):
            yield from _named(module, name, False, called=True)
        return
    nodes = list(module.nodes(one.node))
    called = {id(node.func) for node, _ in nodes if isinstance(node, ast.Call)}
    table = set()  # what was computed once, when the module was imported
    if not one.called and not isinstance(one.node, FUNCTIONS):
        later = {id(inner) for node, _ in nodes if isinstance(node, ast.Lambda) for inner in ast.walk(node)}
        table = called - later
    known: set[tuple[object, ...]] = set()
    for node, bound in nodes:
        if id(node) in table or not isinstance(node, (ast.Name, ast.Attribute)) or not isinstance(node.ctx, ast.Load):
            continue
        is_called = id(node) in called
        shape = _shape(node)
        if shape and (shape, is_called, bound) in known:
            continue
        known.add((shape, is_called, bound))
        if isinstance(node, ast.Attribute) and not shape:
            if (node.attr, is_called) in known and not module.paths(node.value, bound):
                continue
            known.add((node.attr, is_called))
        found = list(_here(modules, one, node, bound, is_called, asked))
        yield from found
        if not found:
            for path in module.paths(node, bound):
                yield from _elsewhere(modules, path, is_called)


def _shape(node: ast.Name | ast.Attribute) -> tuple[str, ...]:
    """A name, or an attribute of a name; () for anything longer. The same ones need not be looked up again."""
    if isinstance(node, ast.Name):
        return (node.id,)
    return (node.value.id, node.attr) if isinstance(node.value, ast.Name) else ()


def _here(
    modules: dict[str, Module],
    one: Reached,
    node: ast.Name | ast.Attribute,
    bound: tuple[frozenset[str], ...],
    called: bool,
    asked: set[tuple[str, bool]],
) -> Iterator[tuple[Reached, bool]]:
    """Definitions of the same module, and methods of whatever class."""
    module, owner = one.module, one.name.rpartition(".")[0]
    if isinstance(node, ast.Name):
        if node.id in module.bindings and not any(node.id in names for names in bound):
            yield from _named(module, node.id, called, called=called)
        return
    own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    before = owner if own else node.value.id if isinstance(node.value, ast.Name) else ""
    if f"{before}.{node.attr}" in module.definitions:
        yield from _named(module, f"{before}.{node.attr}", True, called=called)
    elif (node.attr, called) not in asked and (
        own or (node.attr not in _COMMON and not module.paths(node.value, bound))
    ):
        asked.add((node.attr, called))
        for other in modules.values():
            for name in other.members.get(node.attr, ()):
                yield from _named(other, name, False, called=called)


def _elsewhere(modules: dict[str, Module], path: str, called: bool) -> Iterator[tuple[Reached, bool]]:
    """A definition of another module by its whole dotted name."""
    parts = path.split(".")
    for length in range(1, len(parts)):
        module = modules.get(".".join(parts[:length]))
        name = ".".join(parts[length:])
        if module is None:
            continue
        if name in module.definitions:
            yield from _named(module, name, True, called=called)
        elif len(parts) < 32:
            for further in module.aliases.get(parts[length], ()):  # handed on: from a import f, and a has it from b
                if further != path:
                    yield from _further(modules, ".".join([further, *parts[length + 1 :]]), called)


def _further(modules: dict[str, Module], path: str, called: bool) -> Iterator[tuple[Reached, bool]]:
    home, _, name = path.rpartition(".")
    if home in modules and name in modules[home].definitions:
        yield from _named(modules[home], name, True, called=called)


def _named(module: Module, name: str, certain: bool, *, called: bool) -> Iterator[tuple[Reached, bool]]:
    for node in module.definitions[name][-MOST_NAMES:]:
        yield Reached(module, name, node, called), certain


ROW_BY_ROW = frozenset(["apply", "applymap", "iterrows", "itertuples"])  # methods of tables


def reached_from(modules: dict[str, Module], starts: list[Reached]) -> tuple[list[Reached], set[str]]:
    """As `reached`, from every definition of a name: the last one counts, but which that is, only running tells."""
    parts: dict[int, Reached] = {}
    circular: set[str] = set()
    for start in starts:
        found, again = reached(modules, start)
        parts |= {id(part.node): part for part in found}
        circular |= again
    return list(parts.values()), circular


def makes_objects(node: ast.AST) -> bool:
    """Whether a node is the dtype of arrays whose entries are objects: ``object``, ``np.object_`` or ``"O"``."""
    names = (getattr(node, "id", ""), getattr(node, "attr", ""))
    return "object" in names or "object_" in names or getattr(node, "value", None) in ("O", "|O", "object")


def looks_up(key: ast.expr, modules: dict[str, Module]) -> bool:
    """Whether a key is ``d.get``, which runs nothing of the submission's where that has no `get` of its own."""
    is_get = isinstance(key, ast.Attribute) and key.attr == "get" and isinstance(key.value, ast.Name)
    return is_get and not any(module.binds_get for module in modules.values())


def is_own(module: Module, modules: dict[str, Module], called: ast.expr, bound: tuple[frozenset[str], ...]) -> bool:
    """Whether what is called is written in the submission, whose loops are looked at where they stand."""
    if isinstance(called, ast.Lambda):
        return True
    if isinstance(called, ast.Name) and (called.id in module.functions or called.id in module.definitions):
        return True
    if not isinstance(called, (ast.Name, ast.Attribute)):
        return False
    if isinstance(called, ast.Attribute) and called.attr in module.members and called.attr not in ROW_BY_ROW:
        return True
    return any(path.rpartition(".")[0] in modules for path in module.paths(called, bound))


def is_function(module: Module, modules: dict[str, Module], value: ast.expr, bound: tuple[frozenset[str], ...]) -> bool:
    """Whether an argument is a function of the submission's."""
    if isinstance(value, ast.Call):  # functools.partial(f, ...)
        paths = module.paths(value.func, bound) if isinstance(value.func, (ast.Name, ast.Attribute)) else set()
        if "functools.partial" not in paths or not value.args:
            return False
        value = value.args[0]
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Name) and value.id in module.functions:
        return True
    if not isinstance(value, (ast.Name, ast.Attribute)):
        return False
    if isinstance(value, ast.Attribute):
        defined = (node for name in module.members.get(value.attr, ()) for node in module.definitions[name])
        if any(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) for node in defined):
            return True
    homes = (path.rpartition(".") for path in module.paths(value, bound))
    return any(home in modules and name in modules[home].functions for home, _, name in homes)


def definitions_of(source: Source, modules: dict[str, Module], function: str) -> list[Reached]:
    """All definitions of a function, or of a method, which may stand in a class above."""
    owner, _, method = function.partition(".")
    judged = [module for module in modules.values() if module.file in source.judged]
    for module in judged:
        if found := _definitions(module, owner, method):
            return found
    for module in judged:  # taken over from a module beside it
        for path in module.aliases.get(owner, ()):
            home, _, name = path.rpartition(".")
            if home in modules and (found := _definitions(modules[home], name, method)):
                return found
    raise CheckFailed(f"{function} is not defined in {files_of(source)}.")


def _definitions(module: Module, owner: str, method: str) -> list[Reached]:
    seen: set[str] = set()
    classes = [owner]
    while classes:
        name = classes.pop(0)
        whole = f"{name}.{method}" if method else name
        if whole in module.definitions:
            return [Reached(module, whole, node) for node in module.definitions[whole]]
        seen.add(name)
        for node in module.definitions.get(name, ()) if method else ():
            bases = node.bases if isinstance(node, ast.ClassDef) else []
            classes += [base.id for base in bases if isinstance(base, ast.Name) and base.id not in seen]
    return []


def files_of(source: Source) -> str:
    """The judged files, in words."""
    return " and ".join(source.judged)

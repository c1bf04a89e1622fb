"""Which definitions of some modules a function reaches. All walks are loops: the trees come from untrusted text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .name_binding import FUNCTIONS, MOST_NAMES, Module

__all__ = ["Reached", "reached"]

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

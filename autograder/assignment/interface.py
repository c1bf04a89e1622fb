"""What the reference defines: the names, classes and methods that a submission is asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from autograder.markers import bound_names, regions

__all__ = ["Interface", "ModuleInterface", "array_stated", "interface_of"]


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BETWEEN = r"(?:(?!(?:of|in|from|for|over|to|lists?|tuples?)\b)(?:[\w'-]+|\([^)]*\))[,:]?\s){0,4}?"
_ARRAY = re.compile(
    rf"(?:^an?\s|\b(?:returns?|returned|gives?|as)\b:?\s){_BETWEEN}(?:np\.|numpy\.)?(?:nd)?arrays?\b(?!\s(?:or|of\slists)\b)",
    re.IGNORECASE,
)
"""Words of a docstring that promise an array: "An array of ...", "returns the weights as an array"."""


@dataclass(frozen=True, slots=True)
class ModuleInterface:
    """The public names of one module: `classes` maps a class to its methods, inherited ones included."""

    file: str
    functions: tuple[str, ...]
    classes: Mapping[str, tuple[str, ...]]
    constants: tuple[str, ...]


@dataclass(frozen=True)
class Interface:
    """What checks may ask a submission for, file by file, in the order in which names are looked up."""

    modules: tuple[ModuleInterface, ...]

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The files of the assignment, those to be handed in first, then the given ones."""
        return tuple(module.file for module in self.modules)

    @cached_property
    def names(self) -> dict[str, str]:
        """Each public name with the first file that defines it."""
        found: dict[str, str] = {}
        for module in self.modules:
            for name in (*module.functions, *module.classes, *module.constants):
                found.setdefault(name, module.file)
        return found

    @cached_property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """Each class with its methods; the first file that defines it counts."""
        found: dict[str, tuple[str, ...]] = {}
        for module in self.modules:
            for name, methods in module.classes.items():
                found.setdefault(name, methods)
        return found

    @cached_property
    def _constants(self) -> frozenset[str]:
        owner = {module.file: module for module in self.modules}
        return frozenset(name for name, file in self.names.items() if name in owner[file].constants)

    def file_of(self, name: str) -> str | None:
        """The file that defines a public name, or None."""
        return self.names.get(name)

    def is_constant(self, name: str) -> bool:
        """Whether a name stands for a value, and not for something to call."""
        return name in self._constants

    def methods_of(self, class_name: str) -> tuple[str, ...]:
        """The methods of a class, ``__init__`` and inherited ones included; () for an unknown class."""
        return self.classes.get(class_name, ())


def interface_of(sources: Mapping[str, str], *, expected: Collection[str] = ()) -> Interface:
    """The public names of modules, from their syntax trees.

    Public is what has no leading underscore and does not stand in a solution region at module level, where a solution
    keeps helpers of its own; unless `expected` names it.

    Args:
        sources: file name to text, in the order in which names are looked up.
        expected: names that are public wherever they stand; of a method, the class counts.

    Raises:
        InstructorError: a module is no Python, or its solution markers are wrong.
    """
    named = {name.partition(".")[0] for name in expected}
    visible = {}
    for file, source in sources.items():
        cut_out = regions(source, file)
        visible[file] = [
            statement
            for statement in ast.parse(source, file).body
            if not any(statement.lineno in region for region in cut_out)
            or any(name in named for name, _ in bound_names([statement]))
        ]
    every = [statement for body in visible.values() for statement in body]
    classes: dict[str, ast.ClassDef] = {}
    for statement in every:
        if isinstance(statement, ast.ClassDef):
            classes.setdefault(statement.name, statement)
    return Interface(tuple(_module(file, body, classes) for file, body in visible.items()))


def _module(file: str, body: Iterable[ast.stmt], classes: Mapping[str, ast.ClassDef]) -> ModuleInterface:
    functions, own, constants = [], {}, []
    for statement in body:
        if isinstance(statement, _FUNCTIONS):
            functions.append(statement.name)
        elif isinstance(statement, ast.ClassDef):
            own[statement.name] = _methods(statement, {**classes, statement.name: statement}, ())
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            constants += [name for name, _ in bound_names([statement])]
    return ModuleInterface(
        file,
        tuple(dict.fromkeys(filter(_public, functions))),
        {name: methods for name, methods in own.items() if _public(name)},
        tuple(dict.fromkeys(filter(_public, constants))),
    )


def _methods(of: ast.ClassDef, classes: Mapping[str, ast.ClassDef], seen: tuple[str, ...]) -> tuple[str, ...]:
    """Methods of a class, then those of its bases where these are known; properties are values, not methods."""
    found = [
        statement.name
        for statement in of.body
        if isinstance(statement, _FUNCTIONS)
        and (statement.name == "__init__" or _public(statement.name))
        and not any(
            "property" in ast.unparse(each) or ".setter" in ast.unparse(each) for each in statement.decorator_list
        )
    ]
    for base in of.bases:
        name = ast.unparse(base).rpartition(".")[2]
        if name in classes and name not in (*seen, of.name):
            found += _methods(classes[name], classes, (*seen, of.name))
    return tuple(dict.fromkeys(found))


def _public(name: str) -> bool:
    return not name.startswith("_")


def array_stated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function's docstring or annotation says that it returns an array, so that a list is a wrong answer."""
    kind = ast.unparse(function.returns) if function.returns is not None else ""
    if re.search(r"\b(nd|ND)?[aA]rray\b", kind):
        return not re.search(r"\b(list|List|Sequence|Union)\b|\|", kind)
    return bool(_ARRAY.search(" ".join((ast.get_docstring(function) or "").split())))

"""What a reference defines, as far as tests need to know it to be moved outside."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from autograder.assignment.interface import interface_of
from autograder.markers import bound_names
from autograder.remote.student import RemoteStudent

__all__ = ["STAND_INS_OWN", "Names", "identifier", "may_be_imported", "names_of"]

STAND_INS_OWN = frozenset(name for name in dir(RemoteStudent) if not name.startswith("_"))
_TABLES = ("datascience", "babypandas", "polars", "matplotlib", "seaborn")
_NOT_OUTSIDE = ("os", "subprocess", "shutil", "socket", "pickle", "ctypes", "importlib", "builtins", "inspect")


@dataclass(frozen=True, slots=True)
class Names:
    """`functions`, `classes` and `values` can be asked of a stand-in; `private` is bound, too, but cannot.

    `imports` maps what is imported to the module and to the statement; `objects` are values that are plots, or tables
    of other packages than pandas.
    """

    functions: frozenset[str]
    classes: frozenset[str]
    values: frozenset[str]
    private: frozenset[str]
    objects: frozenset[str]
    imports: dict[str, tuple[str, str]]

    @property
    def pandas(self) -> frozenset[str]:
        """What is imported from pandas, and pandas itself."""
        return frozenset(name for name, (source, _) in self.imports.items() if source.partition(".")[0] == "pandas")

    @property
    def asked(self) -> frozenset[str]:
        """All that a stand-in can be asked for."""
        return self.functions | self.classes | self.values


def names_of(module: str, file: str, expected: Collection[str]) -> Names:
    """The names that the text of a module binds; `expected` are those inside solutions that are public nevertheless.

    Raises:
        InstructorError: it is no Python, or its solution markers are wrong.
    """
    found = interface_of({file: module}, expected=set(expected)).modules[0]
    body = ast.parse(module).body
    imports = dict(_imports(body))
    public = {*found.functions, *found.classes, *found.constants}
    every = {name for name, _ in bound_names(body)}
    tables = {name for name, (source, _) in imports.items() if source.partition(".")[0] in _TABLES}
    return Names(
        functions=frozenset(found.functions),
        classes=frozenset(found.classes),
        values=frozenset(found.constants) - frozenset(found.functions) - frozenset(found.classes),
        private=frozenset(every - public - imports.keys()),
        objects=frozenset(_objects(body, tables)),
        imports=imports,
    )


def identifier(text: str) -> str:
    """A name of Otter's as a name of Python's."""
    made = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower() or "q"
    return made if not made[0].isdigit() else f"q{made}"


def may_be_imported(module: str) -> bool:
    """Whether a check, which also students run, may import a module."""
    top = module.partition(".")[0]
    return top in ("numpy", "pandas") or (top in sys.stdlib_module_names and top not in _NOT_OUTSIDE)


def _imports(body: list[ast.stmt]) -> Iterator[tuple[str, tuple[str, str]]]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    yield name, (alias.name, ast.unparse(ast.Import([alias])))
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    source = ast.unparse(ast.ImportFrom(node.module, [alias], 0))
                    yield alias.asname or alias.name, (node.module or "", source)


def _objects(body: list[ast.stmt], tables: set[str]) -> Iterator[str]:
    """Values that a package of tables or plots makes."""
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            root: ast.expr = statement.value.func
            while isinstance(root, (ast.Attribute, ast.Call, ast.Subscript)):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and root.id in tables:
                yield from (name for name, _ in bound_names([statement]))

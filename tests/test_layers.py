"""Imports go downward only, and never in a circle."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import autograder
from autograder.sandbox.image import worker_files

HOME = Path(autograder.__file__).parent

# The rooms of the house, from the ground up: modules and packages right under autograder/.
LAYERS = (
    ("checks",),
    (
        "backends",
        "results",
        "settings",
        "seeding",
        "pictures",
        "marker_syntax",
        "optional_packages",
        "early_start",
        "early_stop",
        "atomic_files",
    ),
    ("scoring", "markers", "wire"),
    ("messages", "assignment", "notebooks", "isolation"),
    ("worker", "datasets", "loader", "course", "insight"),
    ("sandbox", "submissions", "reports", "store"),
    ("remote",),
    ("release",),
    ("grading",),
    ("scaffold", "quality", "cluster", "review"),
    ("formats",),
    ("cli",),
    ("pytest_plugin",),
    ("pytest_options", "__main__"),
)
LEVEL = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
KIT_NEEDS = {  # what parts of the student kit are about; all others need the standard library and numpy
    "autograder.checks.inspection.saved_files": {"torch", "safetensors"},
    "autograder.checks.local.predictions": {"pyarrow"},
    "autograder.checks.local.testing": {"pytest"},
}
HEAVY = {"torch", "sklearn", "matplotlib", "nbgrader", "nbconvert", "nbformat", "sqlalchemy", "jinja2"}


def modules() -> dict[str, Path]:
    """Every module under autograder/, by name."""
    found = {}
    for path in sorted(HOME.rglob("*.py")):
        parts = path.relative_to(HOME.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def tree(name: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def imported(name: str, nodes: Iterator[ast.AST]) -> Iterator[tuple[str, int]]:
    """The modules that some statements of a module import, with the lines; relative ones resolved."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield (inner if inner in MODULES else base), node.lineno


def everywhere(name: str) -> Iterator[tuple[str, int]]:
    """All imports of a module, those inside functions and under TYPE_CHECKING included."""
    return imported(name, ast.walk(tree(name)))


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: not the bodies of functions, nor what is under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_import(child)


def room(name: str) -> str:
    """The room of a module: the part of its name after ``autograder.``, "" for the package itself."""
    return f"{name}.".split(".")[1]


def test_the_table_has_every_room_and_no_other():
    """A new room takes its place in the table before it is used, and none is left that is gone."""
    assert set(LEVEL) == {room(name) for name in MODULES} - {""}


def test_contributors_read_the_same_table():
    """CONTRIBUTING.md shows each room in its layer, and every file of the checks."""
    text = (HOME.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", text, re.MULTILINE)
    found = {name.rstrip("/"): int(row) for row, cell in rows for name in re.findall("`(.+?)`", cell)}
    checks = {
        name.rpartition(".")[2]
        for name in MODULES
        if name.startswith("autograder.checks.") and MODULES[name].name != "__init__.py"
    }

    assert found == {name: number for name, number in LEVEL.items() if name != "__main__"}
    assert checks <= set(re.findall(r"`(\w+)`", text.partition("In `checks/`")[2]))


@pytest.mark.parametrize("name", [name for name in MODULES if name != "autograder"])
def test_imports_go_downward(name):
    """A room imports only from rooms in layers below its own, not even inside a function or for types otherwise."""
    own = LEVEL[room(name)]
    upward = [
        f"{MODULES[name]}:{line}: {name} (layer {own}) imports {target} (layer {LEVEL[room(target)]})"
        for target, line in everywhere(name)
        if target.partition(".")[0] == "autograder" and room(target) not in ("", room(name))
        if LEVEL[room(target)] >= own
    ]

    assert upward == []


def test_no_import_goes_in_a_circle():
    """No module needs itself, whichever way round: not to be imported, not inside a function, not to name a type."""
    edges = {
        name: {target for target, _ in everywhere(name) if target in MODULES and target not in (name, "autograder")}
        for name in MODULES
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for target in sorted(edges[name]):
                visit(target, (*path, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())

    assert done == set(MODULES)


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) == "checks"])
def test_the_student_kit_stands_alone(name):
    """Each module of the kit imports the standard library, numpy, the rest of the kit by relative imports, and else
    only what it is about."""
    nodes = [node for node in ast.walk(tree(name)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    absolute = [node for node in nodes if isinstance(node, ast.Import) or not node.level]
    found = {target.partition(".")[0] for target, _ in imported(name, iter(absolute))}

    assert found - set(sys.stdlib_module_names) - {"numpy"} <= KIT_NEEDS.get(name, set())
    assert all(target.startswith("autograder.checks") for target, _ in everywhere(name) if target in MODULES)


def test_an_image_holds_no_more_than_the_worker_needs():
    """What runs in a container knows nothing of grading, and has each module that it imports."""
    held = {each.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for each in worker_files()}
    held = {"autograder", *(f"autograder.{each}" for each in held)} & set(MODULES)
    rooms = {room(name) for name in held}

    assert not rooms & {"loader", "course", "datasets", "grading", "release", "quality", "sandbox", "remote", "cli"}
    for name in held:
        expected = {target for target, _ in imported(name, at_import(tree(name))) if target in MODULES}

        assert expected <= held, name


@pytest.mark.parametrize("name", [name for name in MODULES if LEVEL.get(room(name), 0) < LEVEL["worker"]])
def test_the_lowest_layers_import_nothing_heavy(name):
    """What every command imports stays light: heavy packages are imported inside functions."""
    heavy = {target.partition(".")[0] for target, _ in imported(name, at_import(tree(name)))} & HEAVY

    assert heavy == set()


def test_the_linter_reads_every_module() -> None:
    """No room is left out because a folder of another meaning has its name."""
    command = [sys.executable, "-m", "ruff", "check", "--show-files", "autograder"]
    shown = subprocess.run(command, cwd=HOME.parent, capture_output=True, text=True, check=True).stdout
    assert {str(path) for path in MODULES.values()} <= set(shown.splitlines())

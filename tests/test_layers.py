"""Imports go downward only, and never in a circle."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder
from autograder.sandbox.image import SHIPPED as IN_AN_IMAGE

HOME = Path(autograder.__file__).parent

# The longest entry that is a module's name, or a package it lies in, gives its layer. Same-layer imports are allowed.
LAYERS = {
    "autograder": 0,  # names of other layers are imported when they are asked for
    "autograder.results": 0,
    "autograder.checks.errors": 0,
    "autograder.settings": 0,
    "autograder.checks.plain": 0,
    "autograder.checks.inspection.figures": 0,
    "autograder.checks.inspection.torch_modules": 0,
    "autograder.checks.inspection.estimators": 0,
    "autograder.checks.local.usage": 0,
    "autograder.checks.local.limited_process": 0,
    "autograder.checks.local.sources": 0,
    "autograder.checks.local.notebook_code": 0,
    "autograder.early_start": 0,
    "autograder.optional_packages": 0,
    "autograder.checks.inspection.saved_files": 0,
    "autograder.isolation.working_folder": 0,
    "autograder.checks.local.colab": 0,
    "autograder.checks.local.shadowed_modules": 0,
    "autograder.checks": 0,
    "autograder.checks.records": 0,
    "autograder.messages": 1,
    "autograder.insight.alarms": 1,
    "autograder.assignment.assertions": 1,
    "autograder.course": 1,
    "autograder.markers": 1,
    "autograder.marker_syntax": 1,
    "autograder.wire": 1,
    "autograder.wire_packing": 1,
    "autograder.pictures.raster": 1,
    "autograder.pictures.vector": 1,
    "autograder.assignment.declaration": 1,
    "autograder.scoring": 1,
    "autograder.seeding": 1,
    "autograder.assignment.rubric": 1,
    "autograder.assignment.given_files": 2,
    "autograder.assignment.dataset": 1,
    "autograder.sandbox": 2,
    "autograder.worker": 2,
    "autograder.notebooks": 2,
    "autograder.datasets": 2,
    "autograder.student": 3,
    "autograder.loader": 3,
    "autograder.submissions": 3,
    "autograder.grading": 4,
    "autograder.release": 4,
    "autograder.grading.replay": 5,
    "autograder.quality.validation": 5,
    "autograder.grading.batch": 5,
    "autograder.grading.gate": 5,
    "autograder.store": 5,
    "autograder.reports.pages": 5,
    "autograder.reports": 5,
    "autograder.similarity": 5,
    "autograder.quality.mutation": 5,
    "autograder.scaffold": 5,
    "autograder.formats.otter": 5,
    "autograder.formats.nbgrader": 5,
    "autograder.quality.calibration": 5,
    "autograder.cluster": 6,
    "autograder.review": 6,
    "autograder.cli": 7,
    "autograder.pytest_plugin": 7,
    "autograder.__main__": 7,
}
SHIPPED = (  # module -> what it may import beside the standard library and the other shipped modules
    ("autograder.checks.errors", set()),
    ("autograder.checks.plain", {"numpy"}),
    ("autograder.checks.inspection.figures", {"numpy", "matplotlib"}),
    ("autograder.checks.local.colab", set()),
    ("autograder.checks.local.shadowed_modules", set()),
    ("autograder.checks.inspection.saved_files", {"numpy", "torch", "safetensors"}),
    ("autograder.checks.local.notebook_code", set()),
    ("autograder.checks.inspection.torch_modules", {"numpy"}),
    ("autograder.checks.inspection.estimators", {"numpy"}),
    ("autograder.checks.local.usage", set()),
    ("autograder.checks.local.limited_process", set()),
    ("autograder.checks.local.sources", set()),
    ("autograder.checks", {"numpy"}),
    ("autograder.checks.records", {"numpy"}),
    ("autograder.checks.local.call_errors", set()),
    ("autograder.checks.local.files", set()),
    ("autograder.checks.local.import_errors", set()),
    ("autograder.checks.local.imports", set()),
    ("autograder.checks.local.student", {"numpy"}),
    ("autograder.checks.local.testing", {"numpy", "pytest"}),
)
HEAVY = {"torch", "sklearn", "matplotlib", "nbgrader", "nbconvert", "nbformat", "sqlalchemy", "jinja2"}


def modules() -> dict[str, Path]:
    """Every module under autograder/, by name."""
    found = {}
    for path in sorted(HOME.rglob("*.py")):
        parts = path.relative_to(HOME.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


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
    return imported(name, ast.walk(TREES[name]))


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: not the bodies of functions, not what is under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_import(child)


def layer(name: str) -> int | None:
    """The layer of a module, None if the table does not have it."""
    if name == "autograder":
        return LAYERS[name]
    while name.count("."):
        if name in LAYERS:
            return LAYERS[name]
        name = name.rpartition(".")[0]
    return None


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_layer(name):
    """A new module takes its place in the table before it is used."""
    assert layer(name) is not None, f"{name} is not in the table of layers"


def test_contributors_read_the_same_table():
    """CONTRIBUTING.md shows each module, or the package it lies in, in its layer, and every file of the checks."""
    text = (HOME.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| (.*) \|$", text, re.MULTILINE)
    told = {f"autograder.{name.rstrip('/')}": int(row) for row, cell in rows for name in re.findall("`(.+?)`", cell)}
    apart = ("autograder", "autograder.__main__")
    checks = {name.rpartition(".")[2] for name in MODULES if name.startswith("autograder.checks.")}

    assert told == {name: number for name, number in LAYERS.items() if name in MODULES and name not in apart}
    assert checks <= set(re.findall(r"`(\w+)`", text.partition("In `checks/`")[2]))


@pytest.mark.parametrize("name", [name for name in MODULES if name != "autograder"])
def test_imports_go_downward(name):
    """No module imports from a layer above its own, not even inside a function or for types."""
    own = layer(name)
    upward = [
        f"{MODULES[name]}:{line}: {name} (layer {own}) imports {target} (layer {layer(target)})"
        for target, line in everywhere(name)
        if target.partition(".")[0] == "autograder" and (layer(target) is None or layer(target) > own)
    ]

    assert upward == []


def test_no_import_goes_in_a_circle():
    """No module needs itself to be imported, whichever way round."""
    edges = {
        name: {
            target
            for target, _ in imported(name, at_import(TREES[name]))
            if target in MODULES and target not in (name, "autograder")
        }
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


@pytest.mark.parametrize(("start", "allowed"), SHIPPED)
def test_what_students_get_needs_little(start, allowed):
    """Shipped modules import the standard library, each other, and the few packages that they name."""
    shipped = tuple(name for name, _ in SHIPPED)
    for name in MODULES:
        if name == start or name.startswith(start + "."):
            foreign = {
                target
                for target, _ in everywhere(name)
                if target.partition(".")[0] not in {*sys.stdlib_module_names, *allowed}
                and target not in ("autograder", "autograder.student")
                and not target.startswith(shipped)
            }

            assert foreign == set(), f"{name} is shipped to students"


def test_an_image_holds_all_that_its_modules_import():
    """What runs in a container finds every module of the toolkit that it asks for when it is imported."""
    held = {each.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for each in IN_AN_IMAGE}
    held = {"autograder", *(f"autograder.{each}" for each in held)}
    for name in held & set(MODULES):
        wanted = {target for target, _ in imported(name, at_import(TREES[name])) if target in MODULES}

        assert wanted <= held, f"{name} imports what `autograder.sandbox.image.SHIPPED` lacks"


def test_the_package_itself_imports_nothing_heavy():
    """`import autograder` reads no other module of the toolkit."""
    targets = [target for target, _ in imported("autograder", at_import(TREES["autograder"]))]

    assert [target for target in targets if target not in ("__future__", "typing")] == []


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) in (0, 1)])
def test_the_lowest_layers_import_nothing_heavy(name):
    """What every command imports stays light: heavy packages are imported inside functions."""
    heavy = {target.partition(".")[0] for target, _ in imported(name, at_import(TREES[name]))} & HEAVY

    assert heavy == set()

"""What an installation brings: a small core, and a sentence for every package that only some courses need."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tiny_course import RIGHT, hand_in, make_course

import autograder
from autograder.optional_packages import EXTRAS, missing

HOME = Path(autograder.__file__).parent
PROJECT = tomllib.loads((HOME.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOST = 40
"""Packages that the core may bring, itself left out."""
MODULES = {
    "PyYAML": "yaml",
    "SQLAlchemy": "sqlalchemy",
    "ipython": "IPython",
    "scikit-learn": "sklearn",
    "pillow": "PIL",
    "tree-sitter": "tree_sitter",
    "tree-sitter-python": "tree_sitter_python",
}
BROUGHT = {
    "bleach": "nbconvert",
    "traitlets": "ipython",
    "pygments": "rich",
    "_pytest": "pytest",
    "packaging": "pytest",
    "markupsafe": "jinja2",
    "urllib3": "kubernetes",
}
"""Modules that come with a package which is required anyway."""
ALIKE = {"moodle"}
"""Extras that bring only what another one brings; what needs them names them in a sentence of its own."""
UNASKED = {"safetensors"}
"""Used where the student's work is made with it, by the sandbox alone."""


def requirements(texts: list[str]) -> Iterator[Requirement]:
    """Those that hold on this machine, extras of our own left out."""
    for text in texts:
        requirement = Requirement(text)
        if requirement.name != PROJECT["name"] and (
            requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ):
            yield requirement


def closure(texts: list[str]) -> set[str]:
    """The names of all packages that these requirements bring, as the installed packages state it."""
    found: set[str] = set()
    waiting = list(requirements(texts))
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop().name).lower()
        if name not in found:
            found.add(name)
            waiting += requirements(metadata.requires(name) or [])
    return found


def test_the_core_is_small() -> None:
    """It brings at most 40 packages, and nothing of Jupyter, torch, scikit-learn or matplotlib."""
    brought = closure(PROJECT["dependencies"])
    assert len(brought) <= MOST, sorted(brought)
    assert not brought & {
        "torch",
        "scikit-learn",
        "scipy",
        "matplotlib",
        "ipython",
        "nbgrader",
        "jupyterlab",
        "nbformat",
    }
    assert {"numpy", "msgspec", "typer", "click", "sqlalchemy"} & brought >= {"numpy", "msgspec", "typer", "sqlalchemy"}


def imported() -> dict[str, set[str]]:
    """The packages of others that the toolkit imports anywhere, each with the files that do."""
    found: dict[str, set[str]] = {}
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            for name in names:
                top = name.partition(".")[0]
                if top != "autograder" and top not in sys.stdlib_module_names:
                    found.setdefault(top, set()).add(path.name)
    return found


def test_every_import_is_required_by_the_core_or_has_its_extra() -> None:
    """No module of the toolkit needs a package that neither an installation brings nor a sentence names."""
    core = {MODULES.get(each.name, each.name.lower()) for each in map(Requirement, PROJECT["dependencies"])}
    extras = {
        name: {MODULES.get(each.name, each.name.lower()) for each in map(Requirement, texts)}
        for name, texts in PROJECT["optional-dependencies"].items()
    }
    for module, files in imported().items():
        if module in EXTRAS:
            assert {module, MODULES.get(BROUGHT.get(module, ""), BROUGHT.get(module, ""))} & extras[EXTRAS[module]], (
                module
            )
        else:
            assert module in core | UNASKED or BROUGHT.get(module) in core, (module, files)


def test_the_developers_and_all_have_every_extra() -> None:
    """`make setup` installs everything, and `all` leaves no extra of users out."""
    extras = PROJECT["optional-dependencies"]
    (everything,) = (Requirement(text) for text in extras["all"])
    assert everything.extras == set(EXTRAS.values()) | ALIKE
    assert all(extras[each] in [extras[other] for other in set(EXTRAS.values())] for each in ALIKE)
    assert "autograder-ml[all]" in extras["dev"]


BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
from autograder.cli import main
sys.argv = {arguments!r}
main()
"""


def refused(root: Path, *arguments: object, names: tuple[str, ...]) -> str:
    """What a command prints on standard error where some packages are not installed."""
    code = BLOCKED.format(names=names, arguments=["autograder", *map(str, arguments)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "AUTOGRADER_SEED": "seed", "AUTOGRADER_DATA": ""},
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(("module", "extra"), [("nbformat", "notebooks"), ("nbgrader", "nbgrader")])
def test_a_missing_extra_is_named(tmp_path: Path, module: str, extra: str) -> None:
    """A command that needs a package of an extra says which, and how to install it."""
    root = make_course(tmp_path / "course")
    said = refused(root, "release", "tiny-notebook", "--no-validate", names=(module,))
    assert f"needs {module}, which is not installed; pip install 'autograder-ml[{extra}]'." in said


def test_an_assignment_that_imports_a_missing_package_names_it(tmp_path: Path) -> None:
    """The line of the assignment, the package and its extra are said."""
    root = make_course(tmp_path / "course")
    script = root / "assignments" / "tiny" / "assignment.py"
    script.write_text(script.read_text().replace('"""Doubling."""', '"""Doubling."""\nimport torch', 1))
    said = refused(root, "grade", "tiny", hand_in(tmp_path / "in", ann=RIGHT), "--out", "out", names=("torch",))
    assert (
        "assignment.py:3: the assignment needs torch, which is not installed; pip install 'autograder-ml[torch]'."
        in said
    )


def test_grading_modules_needs_no_extra(tmp_path: Path) -> None:
    """With the core alone a class is graded, pages and database included."""
    root = make_course(tmp_path / "course")
    out = tmp_path / "out"
    arguments = ["autograder", "grade", "tiny", str(hand_in(tmp_path / "in", ann=RIGHT)), "--out", str(out)]
    code = BLOCKED.format(names=(*EXTRAS, "scipy", "PIL", "jupyter_core"), arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert (out / "summary.html").is_file()
    assert "3 passed" in done.stdout


def test_other_errors_are_no_missing_extra() -> None:
    """A package that belongs to no extra, and any other error, has no such sentence."""
    assert missing(ModuleNotFoundError("no", name="autograder.nothing")) == ""
    assert missing(ImportError("no")) == ""
    assert missing(ValueError("no")) == ""
    assert missing(ModuleNotFoundError("no", name="torch.nn"), "It").startswith("It needs torch, ")

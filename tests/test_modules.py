"""A module is one subject: neither a scrap that one other module needs, nor a file that nobody reads to the end."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import autograder
from autograder.results import Verdict

HOME = Path(autograder.__file__).parent
ROOT = HOME.parent
SMALL, LARGE = 80, 400  # lines

# Modules of fewer than SMALL lines that at most one other imports, and why they stand alone. A folder ends with "/".
SMALL_FOR_A_REASON = {
    "grading/best_attempt": "A rule about attempts, beside the course of grading.",
    "__main__": "Python's name for what `python -m autograder` runs.",
    "pytest_options": "An entry point of pytest, which must cost nothing when it is imported.",
    "checks/local/testing": "The `conftest.py` of a release is made of it.",
    "checks/notebook": "What handouts import by this name.",
    "checks/raising": "One file for each check.",
    "cli/": "One file for each verb, imported when it is called; most of what it does is in lower rooms.",
    "datasets/digits": "One file for each data set.",
    "formats/canvas/": "One file for each kind of download or upload, and a line in a registry.",
    "formats/nbgrader/class_work": "What `autograder grade` asks of a format, beside how the format grades.",
    "reports/schema": "A program: `make schema`.",
    "store/migrations/": "One file for each version of the tables.",
    "store/migrating": "It needs SQLAlchemy and Alembic, which only databases that are no file do.",
    "sandbox/backends/": "One file for each back end, and a line in the registry.",
    "sandbox/worker_process": "What runs in the child, apart from what the forkserver does for it.",
    "worker/image_setup": "A program, which runs while an image is built.",
    "worker/warmed": "What a forkserver is given by name, to be imported before it forks.",
}
NOT_MODULES = {  # what looks like one
    "autograder.config": "A logger's name in a test.",
    "autograder.machine": "A label of containers.",
    "autograder.nothing": "A package that is not there, in a test.",
    "autograder.owner": "A label of containers.",
    "autograder.reference": "A folder that no student has.",
}


def modules() -> dict[str, Path]:
    """Every module but the `__init__` of packages, by its path without the ending."""
    return {
        path.relative_to(HOME).with_suffix("").as_posix(): path
        for path in sorted(HOME.rglob("*.py"))
        if path.name != "__init__.py"
    }


MODULES = modules()
LINES = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}


def targets(path: Path) -> Iterator[str]:
    """What a file imports from under autograder/, wherever the import stands: modules, and names in modules."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = [part for part in (*above, *(node.module or "").split(".")) if part][1:]
            yield from ("/".join(base), *("/".join([*base, alias.name]) for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from ("/".join(alias.name.split(".")[1:]) for alias in node.names)


def faces() -> dict[str, str]:
    """What packages give on: "course/course_seed" is of the module "course/seed"."""
    return {
        f"{path.parent.relative_to(HOME).as_posix()}/{target.rpartition('/')[2]}": target.rpartition("/")[0]
        for path in HOME.rglob("__init__.py")
        for target in targets(path)
        if target.rpartition("/")[0] in MODULES
    }


def readers() -> dict[str, set[str]]:
    """For each module the files that import it, or a name of it by way of its package."""
    given_on = faces()
    found: dict[str, set[str]] = {name: set() for name in MODULES}
    for path in HOME.rglob("*.py"):
        for target in targets(path):
            if (name := given_on.get(target, target)) in MODULES:
                found[name].add(str(path))
    return found


def reason(name: str, reasons: dict[str, str]) -> str | None:
    """The reason that is given for a module or for its folder."""
    return next((why for of, why in reasons.items() if name == of or (of.endswith("/") and name.startswith(of))), None)


def test_a_small_module_has_more_than_one_reader_or_a_reason() -> None:
    """What only one module needs, and can be read in a minute, stands in that module."""
    read_by = readers()
    small = {name for name, lines in LINES.items() if lines < SMALL and len(read_by[name]) <= 1}

    assert sorted(name for name in small if not reason(name, SMALL_FOR_A_REASON)) == []
    assert [of for of in SMALL_FOR_A_REASON if not any(reason(name, {of: "."}) for name in small)] == []


def test_no_module_is_too_long_to_read() -> None:
    """What has outgrown one sitting is several subjects."""
    assert [f"{name}: {lines}" for name, lines in LINES.items() if lines > LARGE] == []


def test_modules_that_are_named_in_texts_exist() -> None:
    """A command, a comment or a page that names a module by its dotted name was changed with it."""
    packages = {path.parent.relative_to(HOME).as_posix() for path in HOME.rglob("__init__.py")}
    wrong = []
    pages = [path for path in [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")] if path.name != "CHANGELOG.md"]
    for path in [
        *HOME.rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *pages,
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
    ]:
        for found in re.findall(r"(?<![\w./@-])autograder((?:\.[a-z_]\w*)+)", path.read_text(encoding="utf-8")):
            if f"autograder{found}" in NOT_MODULES or found.endswith((".py", ".exe")):
                continue
            name = ""
            for part in found.split(".")[1:]:
                inner = f"{name}/{part}".lstrip("/")
                if inner in packages:
                    name = inner
                    continue
                if inner not in MODULES and not hasattr(
                    importlib.import_module(".".join(["autograder", *filter(None, name.split("/"))])), part
                ):
                    wrong.append(f"{path.relative_to(ROOT)}: autograder{found}")
                break
    assert wrong == []


def test_verdicts_are_members_of_the_enum() -> None:
    """A name of a verdict stands in no text of the code: a misspelt one would be noticed by nobody."""
    names, wrong = {each.value for each in Verdict}, []
    for path in HOME.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        excused = {
            id(constant)
            for node in ast.walk(tree)
            if (isinstance(node, ast.keyword) and node.arg == "metavar")
            or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
            or (isinstance(node, ast.ClassDef) and node.name == "Verdict")
            for constant in ast.walk(node)
        }
        wrong += [
            f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value in names and id(node) not in excused
        ]
    assert wrong == []


def test_tests_are_found_where_their_room_is() -> None:
    """Every package has a folder of tests under its name; `modules` are those of single modules."""
    others = {"assignments", "attacks", "modules"}
    rooms = {path.parent.name for path in HOME.glob("*/__init__.py")}
    folders = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}

    assert folders - others == rooms

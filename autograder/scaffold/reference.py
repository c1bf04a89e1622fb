"""A solved reference: its modules and its tests, and what running its example in a process of its own finds out.

A solved notebook becomes a module: what it defines, and then, as its example, all else that its cells do.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.local.notebook_code import read_code
from autograder.markers import END, Region
from autograder.settings import python_text

__all__ = [
    "Progress",
    "Recipe",
    "as_module",
    "imports_of",
    "is_otter",
    "modules_of",
    "refuse_paths",
    "tests_of",
    "traced",
    "wanted_functions",
]

PREPARING = 900.0
"""Seconds that drafting and trying checks may take beside the example."""
PACE = 0.2
"""Seconds between two looks at what is being drafted."""

Progress = Callable[[str, int, int], None]
"""Called with the function that is being drafted, "" during the example, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to start from: a file or folder, its `example` (a file, None for its own) with `arguments`, and how long.

    `tests` are files of tests, of pytest or of unittest, or folders of such.
    """

    source: Path
    example: Path | None = None
    arguments: tuple[str, ...] = ()
    tests: tuple[Path, ...] = ()
    seconds: float = 60.0


def refuse_paths(recipe: Recipe) -> None:
    """Refuse files that are not there, or of which nothing can be made, before anything is read.

    Raises:
        UsageError: names the option and the file.
    """
    asked = [
        ("--from", recipe.source, "name the solved reference"),
        ("--example", recipe.example, "name a Python script that calls the reference"),
        *(("--tests", path, "name a file of tests for pytest or unittest") for path in recipe.tests),
    ]
    kinds = {
        "--from": "no Python file, notebook or folder",
        "--example": "no file",
        "--tests": "no Python file and no folder",
    }
    for option, path, instead in asked:
        if path is None:
            continue
        if not path.exists():
            raise UsageError(f"{option}: {path} does not exist; {instead}.")
        known = {"--from": (".py", ".ipynb"), "--example": (path.suffix,), "--tests": (".py",)}[option]
        if not (path.is_file() and path.suffix in known) and not (path.is_dir() and option != "--example"):
            raise UsageError(f"{option}: {path} is {kinds[option]}; {instead}.")


def modules_of(source: Path) -> list[Path]:
    """The modules of a solved reference, which is a file or a folder.

    Raises:
        UsageError: the folder holds none.
    """
    if source.is_dir():
        found = sorted(path for path in source.glob("*.py") if not re.match(r"test_|__main__\.|conftest\.", path.name))
        if not found:
            raise UsageError(f"{source} holds no Python module; name a file or folder with the solved reference.")
        return found
    return [source]


def tests_of(paths: Sequence[Path]) -> dict[str, str]:
    """The text of each file of tests by its name; of a folder, those of all Python files that hold tests."""
    found = {}
    for path in paths:
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            text = python_text(file)
            if re.search(r"^\s*def test", text, re.MULTILINE):
                found[file.name] = text
        if not found:
            raise UsageError(f"--tests: {path} holds no function that begins with 'test'.")
    return found


def wanted_functions(
    sources: Mapping[str, str], found: Mapping[str, Sequence[Region]]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Functions with a region, as (file, qualified name), each once; and notes on regions that are in none."""
    expected: list[tuple[str, str]] = []
    notes = []
    for file, every in found.items():
        known = _qualified(sources[file])
        for region in every:
            name = next((name for name in _prefixes(region.name) if name in known), "")
            if not name:
                where = f" in {region.name}" if region.name else ""
                notes.append(f"{file}:{region.first}: a solution{where} that is in no function of its own.")
            elif (file, name) not in expected:
                expected.append((file, name))
    return expected, notes


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _qualified(source: str) -> set[str]:
    names = set()
    for node in ast.parse(source).body:
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for each in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                names.add(f"{owner}{each.name}")
    return names


def imports_of(sources: Mapping[str, str]) -> set[str]:
    """The packages that some modules import."""
    found = set()
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


# --- running its example ---


def traced(
    folder: Path,
    home: Path,
    sources: Mapping[str, str],
    expected: Sequence[tuple[str, str]],
    recipe: Recipe,
    stand_in: Mapping[str, Any],
    tests: Mapping[str, str],
    progress: Progress,
) -> dict[str, Any]:
    """What the child process found out; a function that ends it is left out, and the others are drafted again."""
    names = [name for _, name in expected]
    with tempfile.TemporaryDirectory(prefix="autograder-new-") as name:
        place = Path(name)
        desk = place / "desk"
        _lay_out(desk, folder, "\n".join(sources.values()), stand_in)
        crashed: dict[str, str] = {}
        task = {
            "folder": str(folder),
            "home": str(home),
            "sources": dict(sources),
            "expected": list(expected),
            "example": str(recipe.example.resolve()) if recipe.example else "",
            "arguments": list(recipe.arguments),
            "seconds": recipe.seconds,
            "tests": dict(tests),
            "crashed": crashed,
            "at": str(place / "at"),
        }
        while not (place / "answer.json").is_file():
            (place / "task.json").write_text(json.dumps(task), encoding="utf-8")
            progress("", 0, len(names))
            ended = _child(place, desk, recipe, lambda: _report(place, names, progress))
            how = _how(ended.returncode)
            function = _function_at(place)
            if not (place / "answer.json").is_file() and (not function or function in crashed):
                said = ended.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
                raise InstructorError(f"The example of {recipe.source} ended Python {how}: {said[0]}")
            crashed[function] = how
        answer: dict[str, Any] = json.loads((place / "answer.json").read_text("utf-8"))
    if "fault" in answer:
        raise InstructorError(f"{answer['fault'].rstrip('.')}. Correct it, or give another example with --example.")
    return answer


def _child(place: Path, desk: Path, recipe: Recipe, look: Callable[[], None]) -> subprocess.CompletedProcess[bytes]:
    """Run the child process with the task in a folder, and `look` meanwhile."""
    toolkit = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, [toolkit, os.environ.get("PYTHONPATH", "")]))
    files = [str(place / "task.json"), str(place / "answer.json")]
    until = time.monotonic() + 2 * recipe.seconds + PREPARING
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "autograder.scaffold.child", *files],
        cwd=desk,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as child:
        try:
            while time.monotonic() < until:
                try:
                    _, said = child.communicate(timeout=PACE)
                except subprocess.TimeoutExpired:
                    look()
                else:
                    return subprocess.CompletedProcess(child.args, child.returncode, None, said)
        finally:
            child.kill()  # Ctrl-C, or the time is over; nothing where it has ended
    raise InstructorError(
        f"The example of {recipe.source} does not end, and could not be interrupted after "
        f"{recipe.seconds:g} s; give a shorter one with --example."
    )


def _function_at(place: Path) -> str:
    """The function that the child process is drafting, or was when it ended; "" for none."""
    at = place / "at"
    return at.read_text("utf-8") if at.is_file() else ""


def _report(place: Path, names: Sequence[str], progress: Progress) -> None:
    """Say how far the child process is."""
    with contextlib.suppress(FileNotFoundError):  # it has just taken the file away
        if (function := _function_at(place)) in names:
            progress(function, names.index(function), len(names))


def _how(code: int) -> str:
    """How a process ended, as the end of a sentence."""
    return f"with exit code {code}" if code >= 0 else f"by the signal {signal.Signals(-code).name}"


def _lay_out(desk: Path, folder: Path, text: str, stand_in: Mapping[str, Any]) -> None:
    """A working directory for the example: links to what lies beside the reference, and stand-ins for its data."""
    desk.mkdir()
    for path in folder.iterdir():
        if path.suffix != ".py" and path.name != "__pycache__":
            (desk / path.name).symlink_to(path)
    for name, make in stand_in.items():
        if name in text and not (desk / name).exists():
            make(desk / name)


# --- a solved notebook as a module ---

OTTER = re.compile(r"^#+\s*(ASSIGNMENT CONFIG|BEGIN QUESTION|BEGIN SOLUTION NO PROMPT)\b", re.MULTILINE | re.IGNORECASE)


def as_module(path: Path) -> str:
    """The text of a module with the definitions of a notebook, and a part for ``__main__`` with its other statements.

    Raises:
        InstructorError: the notebook cannot be read, or its code is no Python; with its cell and line.
    """
    try:
        code = read_code(path)
    except SyntaxError as error:
        raise InstructorError(f"{path}: {error.msg}.") from None
    try:
        tree = ast.parse(code.text)
    except SyntaxError as error:
        cell, line = code.where(error.lineno or 1)
        raise InstructorError(
            f"{path}, cell {cell}, line {line}: this is no Python ({error.msg}); correct it."
        ) from None
    lines = code.text.split("\n")
    of_module = _of_module(tree)
    defined: list[str] = []
    done: list[str] = []
    last, at = defined, 0
    for node in tree.body:
        end = node.end_lineno or node.lineno
        chunk = lines[at:end]
        closing = max((place for place, line in enumerate(chunk) if line.strip() == END), default=-1) + 1
        inside = node.lineno - 1 - at if node.lineno - 1 >= at else 0
        closing = min(closing, max(inside, 0))
        last += chunk[:closing]
        last = defined if node in of_module else done
        last += chunk[closing:]
        at = max(at, end)
    last += lines[at:]
    body = textwrap.indent("\n".join(done).strip("\n"), "    ")
    return "\n".join([*defined, "", 'if __name__ == "__main__":', body or "    pass"]) + "\n"


def _of_module(tree: ast.Module) -> set[ast.stmt]:
    """The statements that belong to the module: definitions, and the values that functions use, as far as they can."""
    inside = {
        each.id
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }
    found: set[ast.stmt] = set()
    known = set(dir(builtins))
    for node in tree.body:
        names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
        bound = {each.id for each in names if isinstance(each.ctx, ast.Store)}
        read = {each.id for each in names} - bound
        value = isinstance(node, (ast.Assign, ast.AnnAssign)) and bool(bound & inside) and read <= known
        if not (_defines(node) or value):
            continue
        found.add(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            known |= {(each.asname or each.name).partition(".")[0] for each in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            known.add(node.name)
        else:
            known |= bound
    return found


def _defines(node: ast.stmt) -> bool:
    """Whether a statement belongs to the module: imports, functions, classes, docstrings and constants."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if not isinstance(node, ast.Assign):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


def is_otter(path: Path) -> bool:
    """Whether a notebook is a master of Otter Assign."""
    try:
        cells = json.loads(path.read_text("utf-8-sig"))["cells"]
        return any(OTTER.search("".join(cell["source"])) for cell in cells if cell["cell_type"] != "code")
    except (OSError, ValueError, KeyError, TypeError):
        return False

"""What a bundle needs of a course's folder beside the assignment, and whether grading finds it all.

The configuration says in Python what it needs, so nobody can list that for sure: modules that it imports are found by
reading it, the roster by opening it. What was packed is then opened as the grader opens it there, in a folder and a
process of its own, so that whatever is missing is said while the instructor makes the bundle, and not at the first
submission.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import autograder
from autograder.checks.errors import InstructorError
from autograder.formats.bundles import Asked, Packed, files_below
from autograder.submissions.roster import ROSTER

__all__ = ["beside", "refuse_incomplete"]

_SECONDS = 600


def beside(asked: Asked, packed: Mapping[str, Packed]) -> dict[str, Packed]:
    """Modules of the course's folder that its configuration or the assignment imports, in turn, and the roster.

    Args:
        asked: what is bundled.
        packed: the files so far, by their path in the archive.

    Raises:
        InstructorError: the roster lies outside the course's folder.
    """
    root = asked.root.resolve()
    found = dict(_roster(asked, root))
    waiting = [each.data for name, each in packed.items() if name.startswith("course/") and name.endswith(".py")]
    while waiting:
        for module in _imported(waiting.pop()):
            for name, each in _module(root, module):
                if name not in packed and name not in found:
                    found[name] = each
                    waiting += [each.data] if name.endswith(".py") else []
    return found


def _roster(asked: Asked, root: Path) -> Iterator[tuple[str, Packed]]:
    path = (root / (asked.course.roster or ROSTER)).resolve()
    if not path.is_relative_to(root):
        raise InstructorError(
            f"Course.roster is {path}, outside of the course's folder, so it cannot be in the bundle; copy it into "
            f"{root}, and name it as in Path('roster.csv')."
        )
    if path.is_file():
        yield f"course/{path.relative_to(root).as_posix()}", Packed(path.read_bytes())


def _imported(source: bytes) -> Iterator[str]:
    """The first names of all modules that a file imports, wherever in it."""
    try:
        nodes = [*ast.walk(ast.parse(source))]
    except (SyntaxError, ValueError):
        return  # loading it says so
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _module(root: Path, name: str) -> Iterator[tuple[str, Packed]]:
    """The files of a module or package in the course's folder; none of one from elsewhere."""
    if (root / name / "__init__.py").is_file():
        yield from files_below(root / name, f"course/{name}")
    elif (root / f"{name}.py").is_file():
        yield f"course/{name}.py", Packed((root / f"{name}.py").read_bytes())


def refuse_incomplete(files: Mapping[str, Packed], settings: Mapping[str, object], asked: Asked) -> None:
    """Open the packed course as it is opened there.

    Args:
        files: all files of the archive.
        settings: what `bundle.json` says.
        asked: what is bundled.

    Raises:
        InstructorError: something is missing; the sentence says what.
    """
    here = {
        **settings,
        "data": str(asked.data.resolve()) if settings["data"] == "data" and asked.data else settings["data"],
    }
    with tempfile.TemporaryDirectory(prefix="autograder-") as name:
        source = Path(name).resolve()
        for place, packed in files.items():
            if place.startswith("course/"):
                path = source / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(packed.data)
        (source / "bundle.json").write_text(json.dumps(here), encoding="utf-8")
        command = [sys.executable, "-m", "autograder.formats.gradescope.harness", "--open", str(source)]
        home = str(Path(autograder.__file__).parent.parent)
        environment = {**os.environ, "PYTHONPATH": home, "AUTOGRADER_SEED": asked.seed}
        try:
            done = subprocess.run(
                command, cwd=source / "course", env=environment, capture_output=True, check=False, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise InstructorError(f"Opening the course as in the bundle timed out after {_SECONDS} s.") from None
        if done.returncode:
            said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines() or [
                "it ended without a word"
            ]
            sentence = said[-1].replace(str(source / "course"), str(asked.root))
            raise InstructorError(f"With what the bundle would hold, nothing could be graded: {sentence}")

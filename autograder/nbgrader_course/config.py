"""What `nbgrader_config.py` says, read as text: the file is never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from autograder.errors import InstructorError

__all__ = ["CONFIG_FILE", "Settings", "read_settings"]

CONFIG_FILE = "nbgrader_config.py"
_LONGEST_CELL = 600.0  # seconds; where nbgrader is told to wait for ever


@dataclass(frozen=True, slots=True)
class Settings:
    """nbgrader's settings that decide where things lie and what marks mean; the values here are its own defaults.

    `cell_seconds` is how long one cell may run. `late_plugin` names a class of the course's own. `zone` is that of
    times without one. `notes` are sentences about lines that were not understood.
    """

    course_id: str = ""
    root: str = ""
    source: str = "source"
    release: str = "release"
    submitted: str = "submitted"
    source_with_tests: str = "source_with_tests"
    structure: str = "{nbgrader_step}/{student_id}/{assignment_id}"
    cell_seconds: float = 30.0
    begin_solution: str = "BEGIN SOLUTION"
    end_solution: str = "END SOLUTION"
    begin_hidden: str = "BEGIN HIDDEN TESTS"
    end_hidden: str = "END HIDDEN TESTS"
    autotest: str = "AUTOTEST"
    code_stub: str = "# YOUR CODE HERE\nraise NotImplementedError()"
    text_stub: str = "YOUR ANSWER HERE"
    db_url: str = ""
    late_penalty: str = "none"
    late_plugin: str = ""
    zone: str = "UTC"
    notes: tuple[str, ...] = ()


_NAMES = {
    "CourseDirectory.course_id": "course_id",
    "CourseDirectory.root": "root",
    "CourseDirectory.source_directory": "source",
    "CourseDirectory.release_directory": "release",
    "CourseDirectory.submitted_directory": "submitted",
    "CourseDirectory.source_with_tests_directory": "source_with_tests",
    "CourseDirectory.directory_structure": "structure",
    "ExecutePreprocessor.timeout": "cell_seconds",
    "Execute.timeout": "cell_seconds",
    "ClearSolutions.begin_solution_delimeter": "begin_solution",
    "ClearSolutions.end_solution_delimeter": "end_solution",
    "ClearSolutions.code_stub": "code_stub",
    "ClearSolutions.text_stub": "text_stub",
    "ClearHiddenTests.begin_test_delimeter": "begin_hidden",
    "ClearHiddenTests.end_test_delimeter": "end_hidden",
    "InstantiateTests.autotest_delimiter": "autotest",
    "CourseDirectory.db_url": "db_url",
    "LateSubmissionPlugin.penalty_method": "late_penalty",
    "AssignLatePenalties.plugin_class": "late_plugin",
    "Exchange.timezone": "zone",
}


def read_settings(folder: Path) -> Settings:
    """The settings of the course in a folder; nbgrader's defaults where it has no configuration.

    Lines such as ``c.CourseDirectory.source_directory = "solutions"`` are read, and ``os.path.join`` of texts.

    Raises:
        InstructorError: the configuration is no Python, or a setting is of the wrong kind.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        return Settings()
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise InstructorError(f"{path}:{getattr(error, 'lineno', None) or 1}: this is not Python; mend it.") from None
    kinds = {each.name: type(getattr(Settings(), each.name)) for each in fields(Settings)}
    settings, notes = Settings(), []
    for name, value, line in _assignments(tree):
        own = _NAMES.get(name)
        if own is None:
            continue
        found: Any
        try:
            found = ast.unparse(value).strip("'\"") if own == "late_plugin" else _literal(value)
        except ValueError:
            notes.append(
                f"{CONFIG_FILE}:{line}: {name} is computed, and this file is read but not run; "
                "write its value there as it is."
            )
            continue
        if own == "code_stub" and isinstance(found, dict):
            found = found.get("python", settings.code_stub)
        if own == "cell_seconds":
            found = _seconds(found)
        if type(found) is not kinds[own]:
            raise InstructorError(f"{path}:{line}: {name} is {found!r}; give a {_kind(kinds[own])}.")
        if own == "late_penalty" and found not in ("none", "zero"):
            raise InstructorError(f"{path}:{line}: {name} is {found!r}; nbgrader knows 'none' and 'zero'.")
        if own == "structure" and not _is_structure(found):
            raise InstructorError(
                f"{path}:{line}: {name} is {found!r}; it must have {{nbgrader_step}}, {{student_id}} and "
                "{assignment_id} in it, {student_id} as a folder of its own."
            )
        settings = replace(settings, **{own: found})
    return replace(settings, notes=tuple(notes))


def _is_structure(text: str) -> bool:
    """Whether folders can be made and found by this form of their names."""
    try:
        text.format(nbgrader_step="", student_id="", assignment_id="")
    except (ValueError, LookupError, AttributeError):
        return False
    return "{student_id}" in text.split("/") and "{nbgrader_step}" in text and "{assignment_id}" in text


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr, int]]:
    """``Class.name`` with its value and line, for each ``c.Class.name = value``, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            match node.targets[0]:
                case ast.Attribute(value=ast.Attribute(value=ast.Name(), attr=owner), attr=name):
                    yield f"{owner}.{name}", node.value, node.lineno


def _literal(value: ast.expr) -> Any:
    """The value of an expression that holds nothing to be run, or only ``os.path.join`` of texts.

    Raises:
        ValueError: it would have to be run.
    """
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("os.path.join", "join") and not value.keywords:
        return "/".join(str(_literal(each)) for each in value.args)
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError from None


def _seconds(found: Any) -> Any:
    if found is None or (isinstance(found, (int, float)) and found <= 0):
        return _LONGEST_CELL
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else found


def _kind(kind: type) -> str:
    return {"float": "number", "str": "text"}.get(kind.__name__, kind.__name__)

"""What `nbgrader_config.py` says, read as text: the file is never run. `settings` says what is done about each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograder.checks.errors import InstructorError
from autograder.formats.nbgrader.config_lines import UNKNOWN, Line, Lines, read_lines
from autograder.formats.nbgrader.settings import HARMLESS, REFUSED, TABLE, Setting, settings_of

__all__ = ["CONFIG_FILE", "Settings", "read_settings"]

CONFIG_FILE = "nbgrader_config.py"
_JSON_FILE = "nbgrader_config.json"
_LONGEST_CELL = 600.0  # seconds; where nbgrader's own limit is none
_ONLY_NAMED = ("course_id", "db_url")  # computed ones change no result of a check
_CLASSES = frozenset(each.owner for each in TABLE)


@dataclass(frozen=True, slots=True)
class Settings:
    """nbgrader's settings that decide where things lie and what marks mean; the values here are its own defaults.

    `cell_seconds` is how long one cell may run. `kept` are files of a submission that are not overwritten, by
    assignment. `late_plugin` names a class of the course's own. `zone` is that of times without one, `time_form` how
    nbgrader wrote them. `notes` are sentences about lines that were not understood.
    """

    course_id: str = ""
    root: str = ""
    source: str = "source"
    release: str = "release"
    submitted: str = "submitted"
    source_with_tests: str = "source_with_tests"
    structure: str = "{nbgrader_step}/{student_id}/{assignment_id}"
    students: str = "*"
    students_left_out: str = ""
    notebooks: str = "*"
    ignore: tuple[str, ...] = (".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback")
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cell_seconds: float = 30.0
    skip_tag: str = "skip-execution"
    begin_solution: str = "BEGIN SOLUTION"
    end_solution: str = "END SOLUTION"
    only_solutions: bool = True
    begin_hidden: str = "BEGIN HIDDEN TESTS"
    end_hidden: str = "END HIDDEN TESTS"
    begin_scheme: str = "BEGIN MARK SCHEME"
    end_scheme: str = "END MARK SCHEME"
    header: str = ""
    footer: str = ""
    autotest: str = "AUTOTEST"
    autotest_file: str = "autotests.yml"
    hashed: str = "HASHED"
    use_salt: bool = True
    code_stub: str = "# YOUR CODE HERE\nraise NotImplementedError()"
    text_stub: str = "YOUR ANSWER HERE"
    db_url: str = ""
    late_penalty: str = "none"
    late_plugin: str = ""
    zone: str = "UTC"
    time_form: str = "%Y-%m-%d %H:%M:%S.%f %Z"
    notes: tuple[str, ...] = ()


_KINDS: Mapping[type, str] = MappingProxyType(
    {float: "number", str: "text", bool: "True or False", tuple: "list of texts"}
)


def read_settings(folder: Path) -> Settings:
    """The settings of the course in a folder; nbgrader's defaults where it has no configuration.

    Lines such as ``c.CourseDirectory.source_directory = "solutions"`` are read, with constants, plain variables and
    ``os.path`` in them. A line that ends with ``# autograder: ignore`` is passed over.

    Raises:
        InstructorError: the configuration is no Python, a setting is of the wrong kind, or it can change a grade and is
            not followed here; the sentence gives the line.
    """
    path = folder / CONFIG_FILE
    lines = read_lines(path) if path.is_file() else Lines((), ())
    read = [*lines.settings, *_json_lines(folder / _JSON_FILE)]
    notes = [f"{CONFIG_FILE}:{number}: this line is passed over, because it says so." for number in lines.ignored]
    best: dict[str, tuple[int, Line, Setting]] = {}
    for line in read:
        found = settings_of(line.owner, line.trait)
        if not found and line.owner in _CLASSES and line.trait:
            notes.append(f"{line.where}: nbgrader has no setting {line.name}; it is passed over.")
        if not line.trait and line.owner in _CLASSES | {"*"}:
            raise InstructorError(f"{line.path}:{line.number}: {_WHOLE}")
        for setting, distance in found:
            if setting.fate == REFUSED and not _is_without_effect(line, setting):
                raise InstructorError(
                    f"{line.path}:{line.number}: {line.name} can change a grade and is not followed here: "
                    f"{setting.why}. {_WAY_OUT}"
                )
            if setting.fate in (REFUSED, HARMLESS):
                continue
            before = best.get(setting.field)
            if before is None or distance <= before[0]:
                if before is not None and distance == before[0]:
                    _refuse_branches(line, before[1])
                best[setting.field] = (distance, line, setting)
    settings = Settings()
    for name, (_, line, _) in best.items():
        if name != "late_plugin" and line.value is UNKNOWN:
            said = f"{line.name} is computed, and this file is read but not run; write its value there as it is."
            if name not in _ONLY_NAMED:
                raise InstructorError(f"{line.path}:{line.number}: {said[:-1]}. {_WAY_OUT}")
            notes.append(f"{line.where}: {said}")
            continue
        settings = replace(settings, **{name: _value(name, line, settings)})
    return replace(settings, notes=tuple(notes))


_WAY_OUT = "Change the line, or write '# autograder: ignore' behind it to grade without it."
_WHOLE = f"this sets several settings at once, which are not read; write a line for each. {_WAY_OUT}"


def _is_without_effect(line: Line, setting: Setting) -> bool:
    return line.value is not UNKNOWN and line.value in setting.unless


def _refuse_branches(line: Line, before: Line) -> None:
    """A setting with one value here and another there, of which nobody knows without running which one holds.

    Raises:
        InstructorError: it is one.
    """
    branches = line.conditional or before.conditional
    if branches and (line.value is UNKNOWN or before.value is UNKNOWN or line.value != before.value):
        raise InstructorError(
            f"{line.path}:{line.number}: {line.name} was set in line {before.number} already, and which of the two "
            f"holds is not known without running the file. {_WAY_OUT}"
        )


def _value(name: str, line: Line, settings: Settings) -> Any:
    """The value of a field of `Settings`.

    Raises:
        InstructorError: it is of another kind.
    """
    found, where = line.value, f"{line.path}:{line.number}"
    if name == "late_plugin":
        return line.text.strip("'\"")
    if name == "kept":
        return _kept(found, line)
    if name == "code_stub" and isinstance(found, dict):
        found = found.get("python", settings.code_stub)
    if name == "cell_seconds":
        found = _seconds(found)
    if name == "ignore" and isinstance(found, (list, set)):
        found = tuple(sorted(found, key=str)) if all(isinstance(each, str) for each in found) else found
    kind = next(type(getattr(Settings(), each.name)) for each in fields(Settings) if each.name == name)
    if type(found) is not kind:
        raise InstructorError(f"{where}: {line.name} is {found!r}; give a {_KINDS[kind]}.")
    if name == "late_penalty" and found not in ("none", "zero"):
        raise InstructorError(f"{where}: {line.name} is {found!r}; nbgrader knows 'none' and 'zero'.")
    if name == "structure" and not _is_structure(found):
        raise InstructorError(
            f"{where}: {line.name} is {found!r}; it must have {{nbgrader_step}}, {{student_id}} and "
            "{assignment_id} in it, {student_id} as a folder of its own."
        )
    return found


def _kept(found: Any, line: Line) -> dict[str, tuple[str, ...]]:
    """Files that are not overwritten, by assignment."""
    fits = isinstance(found, dict) and all(
        isinstance(name, str) and isinstance(files, (list, tuple, set)) and all(isinstance(file, str) for file in files)
        for name, files in found.items()
    )
    if not fits:
        raise InstructorError(
            f"{line.path}:{line.number}: {line.name} is {found!r}; give a list of file names for each assignment, "
            "such as {'hw1': ['model.py']}."
        )
    return {name: tuple(sorted(files)) for name, files in found.items()}


def _is_structure(text: str) -> bool:
    """Whether folders can be made and found by this form of their names."""
    try:
        text.format(nbgrader_step="", student_id="", assignment_id="")
    except (ValueError, LookupError, AttributeError):
        return False
    return "{student_id}" in text.split("/") and "{nbgrader_step}" in text and "{assignment_id}" in text


def _seconds(found: Any) -> Any:
    if found is None or (isinstance(found, (int, float)) and found <= 0):
        return _LONGEST_CELL
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else found


def _json_lines(path: Path) -> Iterator[Line]:
    """The same settings in JSON, which nbgrader reads as well.

    Raises:
        InstructorError: it is no JSON of that form.
    """
    if not path.is_file():
        return
    try:
        stated = json.loads(path.read_bytes())
        pairs = [(owner, trait, value) for owner, traits in stated.items() for trait, value in traits.items()]
    except (ValueError, AttributeError, RecursionError) as error:
        raise InstructorError(
            f"{path}: this holds no settings ({type(error).__name__}: {error}); correct it."
        ) from None
    for owner, trait, value in pairs:
        if owner != "version":
            yield Line(str(owner), str(trait), value, repr(value), path, 1)

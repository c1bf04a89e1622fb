"""Variants: what an instructor draws for each student, such as three of ten classes, another size, another table.

A student's variant is drawn from random numbers that follow from the course's seed, the assignment and the student's
id, by a key that nothing else is drawn from. So whoever knows the seed draws the same again in any process; and whoever
knows a variant, his own or another's, knows nothing of the seed and nothing of any other variant.
"""

from __future__ import annotations

import inspect
import json
import keyword
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from autograder import settings
from autograder.checks.errors import GraderError, InstructorError
from autograder.checks.local.kit import OURS
from autograder.checks.local.variants import MODULE, Variant
from autograder.seeding import keys_of, number

__all__ = ["Drawn", "Variants", "values_of"]

_MOST_BYTES = 64 << 10
_MOST_FILE_BYTES = 64 << 20
_OF_THE_EXAMPLE = b"autograder: the example of a variant"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a function that draws a variant may return in place of a mapping: values by name, and files by path.

    A file holds a text or bytes. It lies in the student's release, and in the working folder of submissions and of
    the reference.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str | bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Variants:
    """The declared function that draws variants of an assignment.

    Args:
        function: takes `rng`, a numpy Generator, and returns a mapping from names to plain values, or `Drawn`.
        where: file, line and name of it, for sentences.
    """

    function: Callable[..., Any]
    where: str

    @classmethod
    def declared(cls, function: Callable[..., Any]) -> Variants:
        """The same, of a function that stands below ``@assignment.variant``.

        Raises:
            InstructorError: it is no function, or takes something else than `rng`.
        """
        code = getattr(function, "__code__", None)
        if code is None:
            raise InstructorError(f"@assignment.variant stands above {settings.written(function)}; write it above def.")
        where = f"{code.co_filename}:{code.co_firstlineno}: the variant {code.co_name!r}"
        if tuple(inspect.signature(function).parameters) != ("rng",):
            raise InstructorError(f"{where} must take rng alone: write def {code.co_name}(rng).")
        return cls(function, where)

    def of(self, assignment: str, student: str, seed: str) -> Variant:
        """A student's variant.

        Args:
            assignment: the id of the assignment.
            student: the id of the student.
            seed: the course's secret seed.

        Raises:
            InstructorError: the function raises, or returns what is no variant.
        """
        return self._drawn(number(keys_of(seed).variants, assignment, student), f"the variant of {student!r}")

    def example(self, assignment: str) -> Variant:
        """The variant that a release shows which is made for no student; it follows from no seed.

        Raises:
            InstructorError: as `of`.
        """
        drawn = self._drawn(number(_OF_THE_EXAMPLE, assignment), "the example of a variant")
        return Variant(dict(drawn), drawn.files, example=True)

    def _drawn(self, seed: int, what: str) -> Variant:
        import numpy as np  # what declares an assignment is read by verbs that draw nothing

        try:
            found = self.function(np.random.default_rng(seed))
        except GraderError:
            raise
        except Exception as error:  # noqa: BLE001  (it is the instructor's code)
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)]
            raise InstructorError(
                f"{self.where}, line {lines[-1]}: {what} cannot be drawn: {type(error).__name__}: {error}."
            ) from None
        values, files = (found.values, found.files) if isinstance(found, Drawn) else (found, {})
        return Variant(values_of(values, self.where), _files_of(files, self.where))


def values_of(found: object, where: str) -> dict[str, Any]:
    """The values of a variant, plain and frozen: numpy's numbers and arrays become Python's, lists tuples.

    Raises:
        InstructorError: a name that no module can have, a value that is not plain, or too much of it.
    """
    if not isinstance(found, Mapping) or not found:
        raise InstructorError(
            f'{where} returned {settings.written(found)}; return a dictionary from names to values, such as {{"k": 3}}.'
        )
    values = {}
    for name, value in found.items():
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise InstructorError(f"{where} names a value {name!r}; give it a name as variables have, such as 'k'.")
        if hasattr(Variant, name):
            raise InstructorError(f"{where} names a value {name!r}, which every variant has of its own; rename it.")
        values[name] = _plain(value, f"{where}: the value {name!r}")
    if len(json.dumps(values).encode()) > _MOST_BYTES:
        raise InstructorError(f"{where} returned more than {_MOST_BYTES >> 10} KiB of values; put them into a file.")
    return values


def _plain(value: object, where: str) -> Any:
    if hasattr(value, "tolist"):  # of numpy
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(_plain(each, where) for each in value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not all(each.isprintable() or each == "\n" for each in value):
            raise InstructorError(f"{where} is {settings.written(value)}; give a text without control characters.")
        return str(value)
    if isinstance(value, int) and abs(value) < 2**63:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    raise InstructorError(
        f"{where} is {settings.written(value)} ({type(value).__name__}); give finite numbers, texts, True, False, "
        "None, or lists of them; other data goes into a file: return Drawn(values, files={...})."
    )


def _files_of(found: object, where: str) -> dict[str, bytes]:
    if not isinstance(found, Mapping):
        raise InstructorError(f"{where}: files is {settings.written(found)}; give {{path: content}}.")
    files: dict[str, bytes] = {}
    for path, content in found.items():
        if not isinstance(path, str) or not isinstance(content, str | bytes):
            raise InstructorError(f"{where}: files has {settings.written(path)}; give a text or bytes under each path.")
        settings.inner_path(path, where)
        if path == MODULE or PurePosixPath(path).parts[0] in OURS:
            raise InstructorError(f"{where} draws a file {path!r}, and every release has its own; rename it.")
        files[PurePosixPath(path).as_posix()] = content.encode() if isinstance(content, str) else content
    if sum(map(len, files.values())) > _MOST_FILE_BYTES:
        raise InstructorError(
            f"{where} draws more than {_MOST_FILE_BYTES >> 20} MiB of files; draw the numbers of rows instead."
        )
    return files

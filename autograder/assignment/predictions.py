"""Files of predictions: what is asked for inputs whose labels students do not have, and how it is scored.

Each file makes three checks: its form, which students can check at home; how good it is on the public part of the
labels, which they are shown; and how good it is on the private part, which gives the points. The course's seed decides
which label is in which part.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from autograder import settings
from autograder.checks.errors import InstructorError
from autograder.checks.local.predictions import ID, KINDS, Form

if TYPE_CHECKING:  # they import numpy
    from autograder.checks.measurement import Credit, Measurement

__all__ = ["PSEUDONYM", "Predictions", "checks_of", "declared"]

PSEUDONYM = "pseudonym.txt"
"""The file that a student hands in to be on the leaderboard, with a name of the student's choice in its first line."""
_FEWEST = 4


@dataclass(frozen=True)
class Predictions:
    """One file of predictions.

    Args:
        file: what students hand in.
        labels: the right values by id: a mapping, or a CSV file below the folder of the assignment.
        metric: measures predictions against labels, such as `checks.accuracy`.
        credit: what a measurement earns.
        columns: the names of the predicted columns.
        public: the share of the labels whose score students are shown.
        stem: how the names of its checks begin.
        folder: of the assignment.
    """

    file: str
    labels: str | Mapping[str, Any]
    metric: Callable[[Any, Any], Measurement]
    credit: Callable[[Measurement], Credit]
    columns: tuple[str, ...]
    public: float
    stem: str
    folder: Path | None = field(default=None, compare=False)

    def at(self, folder: Path) -> Predictions:
        """The same with its labels below a folder, read once so that a mistake is found at once.

        Raises:
            InstructorError: the labels are not there, or are none.
        """
        found = replace(self, folder=folder)
        _ = found.form
        return found

    @property
    def checks(self) -> tuple[str, ...]:
        """The ids of its checks."""
        parts = ("format", "public", "private") if self.public else ("format", "private")
        return tuple(f"{self.stem}_{part}" for part in parts)

    @cached_property
    def rows(self) -> dict[str, tuple[str, ...]]:
        """The labels as texts, by id."""
        if isinstance(self.labels, str):
            return _read(self._path, self.columns)
        rows = {str(name): _texts(value) for name, value in self.labels.items()}
        return _fitting(rows, self.columns, f"The labels of {self.file}")

    @cached_property
    def form(self) -> Form:
        """What students' files must be."""
        classes: tuple[str, ...] = ()
        texts = {text for row in self.rows.values() for text in row}
        if not all(map(_is_number, texts)):
            classes = tuple(sorted(texts))
        return Form(self.file, tuple(self.rows), self.columns, classes)

    @property
    def label_file(self) -> Path | None:
        """Where the labels are kept, if that is a file."""
        return self._path if isinstance(self.labels, str) else None

    @property
    def _path(self) -> Path:
        assert isinstance(self.labels, str)
        return (self.folder or Path()) / self.labels


def declared(
    file: object,
    *,
    labels: object,
    metric: object,
    thresholds: object,
    between: object,
    columns: object,
    public: object,
    id: object,
) -> Predictions:
    """A file of predictions, as it is given to `Question.predictions`.

    Raises:
        InstructorError: a value that means nothing; the sentence says what to give.
    """
    name = settings.text(file, "predictions(...): file")
    where = f"predictions({name!r})"
    if PurePath(name).name != name or PurePath(name).suffix not in KINDS:
        raise InstructorError(f"{where}: give the name of a file that ends in {', '.join(KINDS)}.")
    if not isinstance(labels, Mapping):
        settings.inner_path(settings.text(labels, f"{where}: labels"), f"{where}: labels")
    if not callable(metric):
        raise InstructorError(f"{where}: metric is {settings.written(metric)}; give a function such as accuracy.")
    names = settings.texts(columns, f"{where}: columns", example='["prediction"]')
    if not names or ID in names:
        raise InstructorError(f"{where}: columns is {settings.written(columns)}; give names of columns beside {ID!r}.")
    share = settings.number(public, f"{where}: public", least=0, most=0.9)
    stem = settings.text(id, f"{where}: id", empty=True) or re.sub(r"\W", "_", PurePath(name).stem)
    if not stem.isidentifier():
        raise InstructorError(f"{where}: id is {stem!r}; give a name as variables have, such as id='digits'.")
    kept = dict(labels) if isinstance(labels, Mapping) else str(labels)
    return Predictions(name, kept, metric, _credit(thresholds, between, where), tuple(names), share, stem)


def checks_of(made: Predictions) -> dict[str, Callable[..., Any]]:
    """The functions of the checks of a file, by which part of the labels they are about, as if they were declared."""
    file = made.file

    def form(predictions: Any) -> None:
        predictions.read(file)

    def public(predictions: Any) -> Credit:
        found: Credit = predictions.public(file)
        return found

    def private(predictions: Any) -> Credit:
        found: Credit = predictions.private(file)
        return found

    found = {"format": form, "public": public, "private": private}
    titles = {
        "format": f"{file} has the form that is asked for.",
        "public": f"{file} is measured on the public part of the labels, for no points.",
        "private": f"{file} is good enough on the private part of the labels.",
    }
    for part, function in found.items():
        function.__name__, function.__doc__ = f"{made.stem}_{part}", titles[part]
    return {part: found[part] for part in found if f"{made.stem}_{part}" in made.checks}


def _credit(thresholds: object, between: object, where: str) -> Callable[[Measurement], Credit]:
    if (thresholds is None) == (between is None):
        raise InstructorError(
            f"{where}: say what earns points, by thresholds={{0.9: 1.0, 0.8: 0.5}} or by between=(baseline, reference)."
        )
    if between is not None:
        if not isinstance(between, Sequence) or len(between) != 2 or not all(map(_is_value, between)):
            raise InstructorError(f"{where}: between is {settings.written(between)}; give (baseline, reference).")
        baseline, reference = between
        return lambda measured: measured.points_between(baseline, reference)
    if not isinstance(thresholds, Mapping) or not thresholds:
        raise InstructorError(f"{where}: thresholds is {settings.written(thresholds)}; give {{0.9: 1.0, 0.8: 0.5}}.")
    steps = {value: share for value, share in thresholds.items() if _is_value(value)}
    if len(steps) < len(thresholds):
        raise InstructorError(f"{where}: thresholds is {settings.written(thresholds)}; give {{0.9: 1.0, 0.8: 0.5}}.")
    return lambda measured: measured.points_at(steps)


def _read(path: Path, columns: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The labels of a CSV file: a column `id`, and one for each predicted column, in their order."""
    lines = settings.utf8_text(path).splitlines()
    table = list(csv.reader(lines))
    if not table or table[0][:1] != [ID] or len(table[0]) != 1 + len(columns):
        raise InstructorError(f"{path}:1: labels begin with a line such as {','.join((ID, *columns))}.")
    rows: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(table[1:], 2):
        if not row:
            continue
        if len(row) != len(table[0]) or not all(each.strip() for each in row):
            raise InstructorError(f"{path}:{number}: expected {len(table[0])} values, none of them empty.")
        if row[0].strip() in rows:
            raise InstructorError(f"{path}:{number}: the id {row[0]!r} is there twice; take one out.")
        rows[row[0].strip()] = tuple(each.strip() for each in row[1:])
    return _fitting(rows, columns, str(path))


def _fitting(rows: dict[str, tuple[str, ...]], columns: tuple[str, ...], where: str) -> dict[str, tuple[str, ...]]:
    if len(rows) < _FEWEST:
        raise InstructorError(f"{where}: there are {len(rows)} labels; give {_FEWEST} or more.")
    if wrong := next((name for name, row in rows.items() if len(row) != len(columns)), None):
        raise InstructorError(f"{where}: the id {wrong!r} has {len(rows[wrong])} values; expected {len(columns)}.")
    if len(columns) > 1 and not all(_is_number(text) for row in rows.values() for text in row):
        raise InstructorError(f"{where}: labels of several columns must be finite numbers.")
    return rows


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_value(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

"""Files of predictions that were handed in: read apart, split by the course's seed, and scored.

A file is text from a student, so it is read in a process that can do nothing but compute, under limits
(`autograder.notebooks.reading_process`), by the rules of its form (`autograder.checks.local.predictions`). What comes
back is as many finite numbers as there are labels. These and the labels meet here, outside of every sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.assignment.predictions import PSEUDONYM, Predictions
from autograder.checks.errors import CheckFailed, MisuseError, SandboxError, StudentError, Verdict
from autograder.checks.inspection.saved_files import REASONS
from autograder.checks.local.limited_process import CRASHES, stopped_by_cpu_limit
from autograder.checks.local.predictions import question_of, values_of
from autograder.checks.measurement import Credit, Measured, Measurement
from autograder.checks.shortcuts import wrong_answers
from autograder.checks.wording import counted
from autograder.loader import Loaded
from autograder.notebooks.reading_process import Reader
from autograder.seeding import keys_of, number

__all__ = ["COMMAND", "HandedInPredictions", "parts_of", "pseudonym_in"]

COMMAND = """
import os
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
import numpy
try:
    import pyarrow.parquet
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
except ImportError:
    pass
from autograder.checks.local.predictions import Form, answer_to, question_of
for form in (Form("x.csv", ("a",)), Form("x.npy", ("a",))):  # imports all that is needed
    answer_to(question_of(form, form.example()))
    answer_to(question_of(form, b"x"))
from autograder.notebooks.reading_process import serve
serve(answer_to)
"""
"""What the process runs that reads files of predictions; its children can start no thread, so pyarrow may not try."""
_CPU_SECONDS = 20
_MEMORY_MIB = 2048
_OUT_OF_MEMORY = 42  # exit code of a child of the reader
_TRIES = 2
_LONGEST_PSEUDONYM = 40
_MOST_PSEUDONYM_BYTES = 4096

Array = np.ndarray[Any, Any]


class HandedInPredictions:
    """The files of predictions of one submission; what checks are given as `predictions`.

    Args:
        loaded: the assignment, which declares them.
        folder: the staged submission.
        seed: the course's secret seed.
        reader: the process that reads them.
    """

    def __init__(self, loaded: Loaded, folder: Path, seed: str, reader: Reader) -> None:
        self._loaded = loaded
        self._folder = folder
        self._seed = seed
        self._reader = reader
        self._read: dict[str, Array | Exception] = {}

    def read(self, file: str) -> Array:
        """The predictions of a file in the order of the labels: (n,) of one column, (n, k) of several.

        Raises:
            CheckFailed: it is not of the form that is asked for.
            StudentError: it was not handed in (MISSING).
            MisuseError: no question asks for such a file.
            SandboxError: it could not be read, by no fault of its author.
        """
        asked = self._asked(file)
        if file not in self._read:
            try:
                self._read[file] = self._values(asked)
            except (CheckFailed, StudentError) as error:
                self._read[file] = error
        found = self._read[file]
        if isinstance(found, Exception):
            raise found.with_traceback(None)
        return found.copy()

    def public(self, file: str) -> Credit:
        """The score on the public part, which students read; it earns nothing.

        Raises:
            CheckFailed: the metric does not take these predictions; or as `read`.
        """
        public, private = parts_of(self._loaded, self._asked(file), self._seed)
        found = self._measured(file, public)
        measured = Measured(
            found.name, float(found.value), int(found.n), found.higher_is_better, found.percent, (),
            low=float(found.low), high=float(found.high),
        )  # fmt: skip
        said = f"{str(found)[:1].upper()}{str(found)[1:]}. {counted(len(private), 'other label')} decide on the points."
        return Credit(1.0, said, (measured,))

    def private(self, file: str) -> Credit:
        """The credit for the score on the private part.

        Raises:
            CheckFailed: it is worth nothing; or as `public`.
        """
        asked = self._asked(file)
        return asked.credit(self._measured(file, parts_of(self._loaded, asked, self._seed)[1]))

    def _measured(self, file: str, rows: Array) -> Measurement:
        """The score on some rows, with a sample of what is wrong in them, so that files that are copies are seen."""
        got, labels = self.read(file)[rows], _labels(self._asked(file))[rows]
        found = self._asked(file).metric(got, labels)
        return found if found.answers else replace(found, answers=wrong_answers(got, labels))

    def _asked(self, file: str) -> Predictions:
        found = next((each for each in self._loaded.assignment.predictions if each.file == file), None)
        if found is None:
            raise MisuseError(f"No question asks for predictions in {file!r}; declare it with question.predictions.")
        return found

    def _values(self, asked: Predictions) -> Array:
        path = self._folder / asked.file
        if not path.is_file():
            raise StudentError(Verdict.MISSING, REASONS["absent"][1].format(name=asked.file), open=True)
        question = question_of(asked.form, path.read_bytes())
        said = ""
        for _ in range(_TRIES):
            try:
                ended = self._reader.ask(question, _CPU_SECONDS, _MEMORY_MIB)
            except OSError:
                continue
            if not (ended.signal or ended.code):
                return values_of(asked.form, ended.text)
            if stopped_by_cpu_limit(ended.signal) or ended.signal in CRASHES or ended.code == _OUT_OF_MEMORY:
                raise CheckFailed(
                    f"{asked.file} cannot be read in {_CPU_SECONDS} s and {_MEMORY_MIB:,} MiB of memory; write it "
                    "anew, with nothing but the predictions."
                )
            said = ended.text.decode(errors="replace")[-200:]
        raise SandboxError(f"{asked.file} could not be read, by no fault of its author: {said or 'no process'}.")


def parts_of(loaded: Loaded, asked: Predictions, seed: str) -> tuple[Array, Array]:
    """Which labels are in the public and which in the private part, sorted; the same in every run of a course."""
    n = len(asked.rows)
    order = np.random.default_rng(number(keys_of(seed).hidden, loaded.id, asked.file, "public part")).permutation(n)
    size = min(n - 1, max(1, round(asked.public * n))) if asked.public else 0
    return np.sort(order[:size]), np.sort(order[size:])


def pseudonym_in(loaded: Loaded, folder: Path) -> str:
    """The name under which a student is to be on the leaderboard; "" for who did not ask for it.

    It is the first line of the file that asks for it, cut, without what is not printable.
    """
    path = folder / PSEUDONYM
    if not loaded.assignment.predictions or not path.is_file():
        return ""
    with path.open("rb") as file:
        lines = file.read(_MOST_PSEUDONYM_BYTES).decode("utf-8-sig", "replace").splitlines()
    return next(_names(lines), "")


def _names(lines: list[str]) -> Iterator[str]:
    for line in lines:
        name = " ".join("".join(each if each.isprintable() else " " for each in line).split())
        if name:
            yield name[:_LONGEST_PSEUDONYM]


def _labels(asked: Predictions) -> Array:
    """The right values, (n,) or (n, k), as numbers; of texts, their places among the classes."""
    classes = asked.form.classes
    rows = [[float(classes.index(text)) if classes else float(text) for text in row] for row in asked.rows.values()]
    values: Array = np.array(rows)
    return values[:, 0] if len(asked.columns) == 1 else values

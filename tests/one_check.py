"""One check of an assignment on one folder, in this process: what tests of assignments need by the hundred."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from autograder.assignment.question import Check
from autograder.checks import Credit
from autograder.checks.errors import CheckFailed, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.datasets import DataSet
from autograder.loader import Loaded


class Alone(LocalStudent):
    """A student's code in this process; the reference replaces no part of it."""

    def with_reference(self, *_names: str, unless: tuple[str, ...] = ()) -> LocalStudent:
        """The student itself."""
        return self


def verdict(
    loaded: Loaded, folder: Path, check: str, dataset: DataSet | None = None, *, seed: int = 0, **given: Any
) -> tuple[str, str]:
    """What one check says of a folder: (verdict, sentence); of one that passed, what staff are alarmed of, mostly "".

    Of a check with cases, PARTIAL where some passed, and the sentence of the first that is not passed.
    """
    names = loaded.interface.names
    student = Alone(folder, names)
    student.seed(seed)
    known = {
        "student": student,
        "reference": LocalStudent(loaded.reference_folder, names, reference=True),
        "rng": np.random.default_rng(seed),
        "data": dataset and dataset.open,
        "hidden": dataset and dataset.hidden,
        "full": False,
        "share": 1.0,
    } | given
    asked = next(each for each in loaded.assignment.checks if each.id == check)
    found = [_verdict(asked, {**known, "case": each.case}) for each in asked.parts or (asked,)]
    missed = [each for each in found if each[0] != "PASSED"]
    if missed and len(missed) < len(found):
        return "PARTIAL", missed[0][1]
    return missed[0] if missed else ("PASSED", " ".join(each[1] for each in found).strip())


def alarms_of(credit: Credit, student: LocalStudent) -> tuple[str, ...]:
    """The sentences of signs that need extra runs; a grader makes these in a sandbox of their own."""
    return tuple(sentence for sign in credit.signs for sentence in sign(student))


def _verdict(check: Check, known: dict[str, Any]) -> tuple[str, str]:
    """Of a check without cases, or of one case."""
    try:
        value = check.function(**{name: known[name] for name in check.parameters})
        if isinstance(value, Credit):
            value = value.alarmed(alarms_of(value, known["student"]))
    except CheckFailed as failed:
        return "FAILED", str(failed)
    except StudentError as error:
        return error.verdict, error.message
    if not isinstance(value, Credit):
        return "PASSED", ""
    return ("PARTIAL" if value.fraction < 1 else "PASSED"), " ".join(value.alarms)

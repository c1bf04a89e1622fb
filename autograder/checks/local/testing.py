"""How pytest runs the public checks on your own code: what `conftest.py` in your folder is made of.

A check that is not passed becomes one sentence, and your own traceback where your code raised. This module is
shipped to students: standard library, numpy and pytest only.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from .. import Credit
from ..errors import CheckFailed, StudentError, Verdict
from .public_tests import attempted, called_in, rng_for
from .student import LocalStudent
from .variants import read_variant

__all__ = ["attempted", "call", "read_variant", "rng_for", "student_in"]


def student_in(
    folder: Path, names: Mapping[str, str], *, cell_seed: int | None = None, run_on: bool = True
) -> LocalStudent:
    """The stand-in for the code in a folder; figures are drawn without a screen.

    Args:
        folder: where the files lie.
        names: each public name with its file.
        cell_seed: of the random numbers of each cell of a notebook; None for none.
        run_on: whether the cells after a failing one of a notebook still run.
    """
    os.environ.setdefault("MPLBACKEND", "Agg")
    called = called_in(folder / "test_public.py")
    return LocalStudent(folder, names, cell_seed=cell_seed, run_on=run_on, functions=called)


def call(item: pytest.Function) -> bool:
    """Run one test, and turn what it finds into one sentence that names the question.

    Raises:
        pytest.fail.Exception: the check is not passed.
    """
    given = {name: item.funcargs[name] for name in inspect.signature(item.obj).parameters}
    marker = item.get_closest_marker("question")
    question = f"({marker.args[0]}) {marker.args[1]}" if marker else item.name
    failure = ""
    try:
        result = item.obj(**given)
        if isinstance(result, Credit) and result.fraction < 1:
            failure = f"{question}: {result.fraction:.0%} of the points. {result.message}".rstrip()
    except StudentError as error:
        failure = _sentence(error, question)
    except CheckFailed as error:
        failure = f"{question}: {error}"
    if failure:
        pytest.fail(failure, pytrace=False)  # out here, so that pytest does not show the error behind it as well
    return True


def _sentence(error: StudentError, question: str) -> str:
    if error.verdict == Verdict.NOT_ATTEMPTED:
        return f"not attempted: {question}: {error.message.removeprefix('Not attempted: ')}"
    trace = f"\n{error.trace}" if error.trace else ""
    return f"{question}: {error.message}{trace}"

"""Before a release: is an assignment fit to be handed out, and is its grader fair to right work?

Each finding is one sentence about one property, most of them found by trying: the reference and the stub are graded as
submissions, in the sandbox, as students' work will be.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from autograder.datasets import DataSet
from autograder.grading import RunOptions, Shared
from autograder.grading.validation_cache import ValidationCache, validation_key
from autograder.loader import Loaded
from autograder.quality.validation import static_analysis
from autograder.quality.validation.own_submissions import OwnSubmissions, in_float32
from autograder.quality.validation.releases import public_checks
from autograder.quality.validation.static_analysis import Finding, returns, sets
from autograder.quality.validation.wrong_predictions import wrong_predictions
from autograder.sandbox import Sandbox

__all__ = ["Finding", "ValidationCache", "in_float32", "recorded", "sets", "validate", "validation_key"]

_THREADS = (1, 2)


def validate(
    loaded: Loaded,
    sandbox: Sandbox,
    dataset: DataSet | None,
    options: RunOptions,
    *,
    quick: bool = False,
    again: Callable[[int], AbstractContextManager[Sandbox]] | None = None,
) -> Iterator[Finding]:
    """Try everything that an assignment must stand before students get it; yields findings as they are made.

    Args:
        loaded: the assignment with its reference.
        sandbox: a started one.
        dataset: the assignment's data, None when it names none.
        options: the course's seed, and whether trainings are shortened.
        quick: leave out what repeats the trainings: other seeds, single precision, and other numbers of threads.
        again: starts a sandbox with another number of threads, for they are fixed when it starts; without it they are
            left out.

    Raises:
        SandboxError: a sandbox did not work.
    """
    yield static_analysis.points(loaded.assignment)
    yield static_analysis.titles(loaded.assignment)
    yield static_analysis.handout(loaded)
    yield static_analysis.todos(loaded)
    yield returns(loaded.assignment)
    leak = static_analysis.leaks(loaded, dataset)
    yield leak
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder, Shared() as shared:
        own = OwnSubmissions(loaded, sandbox, dataset, options, Path(folder), shared)
        if leak.good:
            yield own.stub()
            yield public_checks(loaded, Path(folder), dataset)
        found = tuple(own.reference())
        failed = not found[0].good
        yield from found
        yield from own.variants()
        yield from own.for_students(quick=quick, failed=failed)
        yield own.nothing(quick=quick)
        yield from wrong_predictions(own, quick=quick, failed=failed)
        if not quick:
            yield from own.other_seeds(failed=failed)
            yield own.single_precision(failed=failed)
            for count in _THREADS if again else ():
                if again and count != loaded.assignment.limits.threads:
                    with again(count) as other:
                        yield replace(own, sandbox=other).with_threads(count, failed=failed)


def recorded(findings: Iterable[Finding], cache: ValidationCache, key: str) -> Iterator[Finding]:
    """The same findings one by one; once all are made, the cache knows why the assignment is refused, if it is."""
    wrong = []
    for finding in findings:
        if not finding.good:
            wrong.append(f"{finding.what}: {finding.said}")
        yield finding
    if wrong:
        cache.refuse(key, "; ".join(wrong))

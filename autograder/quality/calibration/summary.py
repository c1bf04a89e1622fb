"""What is calibrated, and what the trials say of it: the measured checks, their rates, and their cheapest fair runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from autograder import grading
from autograder.assignment.question import Check
from autograder.checks.errors import UsageError
from autograder.loader import Loaded
from autograder.quality.calibration.calibrate import SHARES, Plan, measuring
from autograder.quality.calibration.rates import Cheapest, FalsePass, Row, cheapest, false_passes, rows
from autograder.quality.calibration.trials import Trials, takes_share
from autograder.settings import near
from autograder.submissions import Submission

__all__ = ["Summary", "checks_named", "kept_in", "summary_of", "trials_file"]


@dataclass(frozen=True, slots=True)
class Summary:
    """All that the trials say of a plan.

    Attributes:
        bound: the largest false-fail rate that is allowed.
        data: the name of the data set, or "".
        checks: those that have measured something.
        rows: one for each threshold.
        cheapest: by the id of a check, its cheapest run that keeps the bound, if there is one.
        false_passes: of each row, how often each mutant meets the threshold.
    """

    bound: float
    data: str
    checks: tuple[Check, ...]
    rows: tuple[Row, ...]
    cheapest: tuple[tuple[str, Cheapest | None], ...]
    false_passes: tuple[tuple[FalsePass, ...], ...]

    @property
    def fair(self) -> bool:
        """Whether no threshold is too tight."""
        return not any(row.judgement.word == "too tight" for row in self.rows)


def checks_named(loaded: Loaded, only: str = "") -> tuple[Check, ...]:
    """The checks that are tried: all, those of a question, or one.

    Raises:
        UsageError: the assignment has no checks, or none of that name.
    """
    every = loaded.assignment.checks
    chosen = tuple(check for check in every if only in ("", check.id, check.question))
    if not every:
        raise UsageError(f"{loaded.id} has no checks, so nothing in it has a threshold; people grade it.")
    if not chosen:
        names = dict.fromkeys(name for check in every for name in (check.question, check.id))
        raise UsageError(f"--only: no question or check is called {only!r}; {near(only, names)}")
    return chosen


def summary_of(plan: Plan, trials: Trials) -> Summary:
    """What the trials that were made so far say."""
    checks = measuring(plan.checks, trials)
    found = tuple(row for check in checks for row in rows(check, trials, 1.0, plan.bound))
    cheap = tuple(
        (check.id, cheapest(check, trials, SHARES, plan.bound, tried=takes_share(plan.loaded.assignment, check)))
        for check in checks
    )
    names = [mutant.id for mutant in plan.mutants]
    passes = tuple(false_passes(row, trials, names, plan.bound) for row in found)
    return Summary(plan.bound, plan.dataset.name if plan.dataset else "", checks, found, cheap, passes)


def trials_file(plan: Plan, folder: Path) -> Path:
    """The file of trials in a folder: its name says all that they depend on, so that another one is begun otherwise."""
    reference = Submission("reference", plan.loaded.reference_folder, plan.loaded.reference_sha256)
    key = grading.result_key(plan.loaded, reference, plan.dataset, plan.options, "")
    return folder / f"{plan.loaded.id}-{key[:12]}.jsonl"


def kept_in(assignment: str) -> Path:
    """Where the trials of an assignment are kept where nothing else is asked for."""
    return platformdirs.user_cache_path("autograder") / "calibrate" / assignment

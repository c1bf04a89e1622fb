"""How to grade, which checks, and how long that may take."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from autograder.assignment.declaration import Assignment
from autograder.assignment.question import Check
from autograder.assignment.rubric import Written
from autograder.checks.errors import UsageError
from autograder.loader import Loaded
from autograder.results import Limits, Replay

__all__ = ["RunOptions", "check_seconds", "longest_seconds", "recorded_options", "selected_checks"]

_LEAST_CHECK_SECONDS = 60.0
_SANDBOXES_WHEN_CARRIED = 3  # the submission's own, the one with parts replaced, and the reference's


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to grade: the course's secret seed, shortened or `full` trainings, and which part.

    `only` is the id of a question or of a check, "" for all. `limits` replaces single limits of the assignment.
    `cpu_budget` are the CPU seconds that one submission may use in all questions together, 0 for what the limits allow.
    `run` tells runs with different random numbers under one seed apart, "" for the one that gives the grade.
    `hidden` False leaves the hidden checks out, as for a student's own try. `share` is the part of a training that
    checks run which ask for it: 1 in every grade, less when `calibrate` tries cheaper runs.
    """

    seed: str
    full: bool = False
    only: str = ""
    limits: dict[str, float] = field(default_factory=dict)
    hidden: bool = True
    share: float = 1.0
    run: str = ""
    cpu_budget: float = 0.0

    @classmethod
    def of(cls, record: Replay, seed: str) -> RunOptions:
        """The options under which a report was made, by its record, which holds all of them but the seed."""
        return cls(seed, **{name: getattr(record, name) for name in recorded_options()})


def recorded_options() -> tuple[str, ...]:
    """The names of the options that a replay record holds, under the same names."""
    return tuple(each.name for each in fields(RunOptions) if each.name != "seed")


def check_seconds(loaded: Loaded, check: Check, limits: Limits, notebooks: float) -> float:
    """How long one check, or one case of it, may take until it counts as hanging.

    Args:
        loaded: the assignment.
        check: one of its checks.
        limits: what the submission may use in the check's question.
        notebooks: for how many seconds notebooks may run, if that has not happened yet.
    """
    own = loaded.assignment.check_seconds or max(_LEAST_CHECK_SECONDS, limits.wall_seconds)
    carried = "with_reference" in check.function.__code__.co_names
    return own + notebooks + limits.wall_seconds * (_SANDBOXES_WHEN_CARRIED if carried else 1)


def longest_seconds(loaded: Loaded, options: RunOptions) -> float:
    """How long grading one submission can take at most while it is the submission that is waited for."""
    carried = "with_reference" in (loaded.folder / "assignment.py").read_text(encoding="utf-8", errors="replace")
    seconds = 0.0
    for question in loaded.assignment.questions:
        limits = loaded.assignment.limits_of(question, full=options.full).changed(options.limits)
        asking = max(1, len(question.checks))
        seconds += limits.wall_seconds * asking * (_SANDBOXES_WHEN_CARRIED if carried else 1)
        if any("reference" in check.parameters for check in question.checks):  # see `Solved`
            seconds += limits.wall_seconds * (2 + asking)
    return seconds


def selected_checks(assignment: Assignment, options: RunOptions) -> frozenset[str]:
    """Ids of the checks to be reported, and of the answers that people grade.

    Raises:
        UsageError: `only` names neither a question nor a check; the sentence lists both.
    """
    open_checks: list[Check | Written] = [
        *(check for check in assignment.checks if options.hidden or not check.hidden),
        *assignment.written,
    ]
    if not options.only:
        return frozenset(check.id for check in open_checks)
    chosen = frozenset(check.id for check in open_checks if options.only in (check.id, check.question))
    if not chosen:
        questions = ", ".join(question.id for question in assignment.questions)
        checks = ", ".join(check.id for check in open_checks)
        raise UsageError(f"Nothing is called {options.only!r}: the questions are {questions}, the checks {checks}.")
    return chosen

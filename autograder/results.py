"""The records that everything else passes around: frozen, plain, and ignorant of each other's makers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from autograder.checks.errors import UsageError, Verdict

__all__ = [
    "MOST_SECONDS",
    "CaseResult",
    "CheckResult",
    "Lateness",
    "Limits",
    "QuestionResult",
    "Replay",
    "Report",
    "Resources",
    "Score",
    "Verdict",
    "Visibility",
]


MOST_SECONDS = 2_000_000  # in milliseconds still a number that the kernel's waiting calls take
_MOST_MIB = 2**24
_MOST: Mapping[str, float] = {
    "wall_seconds": MOST_SECONDS,
    "cpu_seconds": MOST_SECONDS,
    "memory_mib": _MOST_MIB,
    "processes": 2**22,  # more the kernel does not count
    "open_files": 2**20,  # fs.nr_open, above which setrlimit fails
    "file_mib": _MOST_MIB,
    "scratch_mib": _MOST_MIB,
    "scratch_files": 10**9,
    "output_kib": 2**30,
    "reply_mib": 2**20,
    "threads": 1024,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question of one submission may use; each field's unit is in its name.

    `wall_seconds` counts only the time in which the grader waits for the submission, or reads a long answer. It is
    meant to be loose (it depends on the neighbours), `cpu_seconds` tight; 0 for `cpu_seconds` means the same number as
    `wall_seconds`. Both hold for the question: what a sandbox used that died is not there for the next one.
    """

    wall_seconds: float = 60.0
    cpu_seconds: float = 0.0
    memory_mib: int = 2048
    processes: int = 64
    open_files: int = 256
    file_mib: int = 64
    scratch_mib: int = 256
    scratch_files: int = 20_000
    output_kib: int = 16384
    reply_mib: int = 64
    threads: int = 1

    def __post_init__(self) -> None:
        for each in fields(self):
            value, most = getattr(self, each.name), _MOST[each.name]
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UsageError(f"The limit {each.name} must be a number, not of type {type(value).__name__}.")
            if value < 0 or (value == 0 and each.name != "cpu_seconds"):
                raise UsageError(f"The limit {each.name} must be positive, not {max(value, -most):g}.")
            if not value <= most:  # nan as well
                raise UsageError(f"The limit {each.name} must be a number of at most {most:,}.")
            if each.type == "int" and value != int(value):
                raise UsageError(f"The limit {each.name} must be a whole number, not {value:g}.")

    @property
    def cpu(self) -> float:
        """CPU limit in seconds, with the default filled in."""
        return self.cpu_seconds or self.wall_seconds

    @property
    def plain(self) -> dict[str, float]:
        """The limits by name, as JSON has them."""
        return {name: getattr(self, name) for name in _MOST}

    def and_(self, other: Limits) -> Limits:
        """Enough for both, one after the other: their seconds together, and of everything else the larger."""
        together = {each.name: max(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)}
        added = {"wall_seconds": self.wall_seconds + other.wall_seconds, "cpu_seconds": self.cpu + other.cpu}
        seconds = {name: min(value, _MOST[name]) for name, value in added.items()}
        return replace(self, **{**together, **seconds})

    def changed(self, changes: dict[str, float]) -> Limits:
        """These limits with some replaced, as `--limit name=value` asks.

        Raises:
            UsageError: a name that is no limit, or no number that it can have; the sentence says which.
        """
        known = {each.name: each.type for each in fields(self)}
        for name in changes:
            if name not in known:
                raise UsageError(f"There is no limit called {name!r}; the limits are {', '.join(known)}.")
        given: dict[str, Any] = dict(changes)
        changed = replace(self, **given)  # refuses what is no number of the right kind
        whole: dict[str, Any] = {name: int(value) for name, value in changes.items() if known[name] == "int"}
        return replace(changed, **whole)


class Visibility(StrEnum):
    """From when on a student is shown the result of a check, in the order of time.

    AFTER_DEADLINE is when nobody can hand in any more, AFTER_PUBLICATION when the grades are published, and NEVER is
    for staff alone. What is shown of a result then depends on whether the check is hidden.
    """

    ALWAYS = "always"
    AFTER_DEADLINE = "after_deadline"
    AFTER_PUBLICATION = "after_publication"
    NEVER = "never"

    @property
    def rank(self) -> int:
        """Its place in that order, from 0."""
        return list(Visibility).index(self)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case of a check; the name of a case of a hidden check is for staff, as `staff_message` is.

    `credit` is the fraction of the points that a PARTIAL one earned; `remark` is as of `CheckResult`.
    """

    name: str
    verdict: Verdict
    points: float
    max_points: float
    message: str
    staff_message: str
    credit: float = 0.0
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What a check measured of a submission: `value` on `n` samples, with its 95 % interval `low` to `high`."""

    name: str
    value: float
    low: float
    high: float
    n: int
    higher_is_better: bool
    percent: bool


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found out about one submission.

    `message` is what the student may read; `staff_message` is the whole story (equal for public checks).
    `points` and `max_points` are in points of the assignment, `seconds` is wall time.
    `pictures` are the figures that the submission drew: SVG that we drew from their records, or PNG files in base64,
    cleaned by `autograder.pictures.raster`; those of a hidden check could carry hidden inputs: they are
    `staff_pictures`. `in_process` says that the check ran beside the submission's code, in the same process, as
    nbgrader's assertions do; every other check judges from outside. `by_hand` are points that a person gives and that
    count in no sum here; `answer` is what there is to be read, cut, and `answer_file` the PDF in its place. `cases` are
    those over which the check splits its points. `alarms` are sentences for staff alone about what a person should look
    at, such as an accuracy that no training of that size reaches; they cost no points. `visible` says from when on the
    student is shown any of it. `credit` is the fraction of the points that a PARTIAL one without cases earned.
    `answers`, for staff, stands for the predictions that are wrong, as `checks.shortcuts.wrong_answers` has it, or "".
    `scores` are the numbers that the check measured, for staff as `staff_message` is. `remark` stands in the messages
    behind everything else: what was found of an answer that a person grades, or what the reference stood in for.
    `cpu_seconds` is what the submission used while the check ran, and `peak_memory_mib` the most that its sandbox had
    held by the end of the check.
    """

    id: str
    title: str
    hidden: bool
    verdict: Verdict
    points: float
    max_points: float
    seconds: float
    message: str
    staff_message: str = ""
    pictures: tuple[str, ...] = ()
    staff_pictures: tuple[str, ...] = ()
    in_process: bool = False
    by_hand: float = 0.0
    answer: str = ""
    answer_file: str = ""
    cases: tuple[CaseResult, ...] = ()
    alarms: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    visible: Visibility = Visibility.ALWAYS
    credit: float = 0.0
    answers: str = ""
    remark: str = ""
    cpu_seconds: float = 0.0
    peak_memory_mib: float = 0.0

    def __post_init__(self) -> None:
        if self.by_hand and self.verdict is Verdict.SKIPPED:  # a report from before MANUAL was a verdict
            object.__setattr__(self, "verdict", Verdict.MANUAL)


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """All checks of one question, and the beginning of what the submission printed meanwhile.

    `output` is what it printed before it had been given anything of a hidden check, and may be shown to the student;
    `staff_output` is everything, and could carry hidden inputs.
    """

    id: str
    title: str
    points: float
    max_points: float
    bonus: bool
    checks: tuple[CheckResult, ...]
    output: str = ""
    staff_output: str = ""


@dataclass(frozen=True, slots=True)
class CellResult:
    """What became of one code cell: `number` counts all cells of the notebook from 1, `name` is its grade id.

    `text` is what it printed and displayed, cut; `error` the sentence of what it raised, or ""; `pictures` are
    SVG that we drew, or PNG files in base64, cleaned by `autograder.pictures.raster`; `seconds` is wall time.
    """

    number: int
    name: str
    text: str
    error: str
    seconds: float
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotebookResult:
    """A notebook as it ran before anything hidden was near; `finished` is False where it ended in the last cell."""

    file: str
    cells: tuple[CellResult, ...]
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Resources:
    """What a submission used in its sandboxes, summed (seconds) or the largest (MiB), and which protections were on.

    `reached` names the limits that ended a sandbox, such as ``"wall"``.
    """

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mib: float = 0.0
    sandbox: str = ""
    enforced: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """What reproduces a number: seeds, hashes, versions, machine.

    `seed_fingerprint` tells whether a seed is the same without telling the seed; `derivation` is the way that led from
    the seed to the random numbers (1 in reports without this field). `only` names the question or check that was asked
    for alone; `foreseen` are modules that the class imports, `preloaded` those of them that were imported beforehand;
    `hidden`, `share` and `run` differ from the usual only in trials of an assignment. `variant` holds the values that
    were drawn for this student, and `variant_sha256` covers its files as well; empty where everybody is given the same.
    `checks` tells by its id what each check was, with all that it needs, and `base` stands for all else that decides a
    result, so that a later run knows which results hold. `artefacts` are the hashes of files with what checks handed on
    to others, by the check, and `not_kept` says of which there is none, and why. `attempts` are the hashes of all
    attempts of which this is the best; empty where only one may count. `cpu_budget` are the CPU seconds that the
    submission might use in all questions together, 0 for what the limits allow.
    """

    key: str = ""
    seed_fingerprint: str = ""
    submission_sha256: str = ""
    assignment_sha256: str = ""
    reference_sha256: str = ""
    data: str = ""
    data_sha256: str = ""
    full: bool = False
    only: str = ""
    limits: dict[str, float] = field(default_factory=dict)
    hidden: bool = True
    share: float = 1.0
    run: str = ""
    derivation: int = 1
    variant: dict[str, Any] = field(default_factory=dict)
    variant_sha256: str = ""
    preloaded: tuple[str, ...] = ()
    foreseen: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    cpu_model: str = ""
    threads: int = 1
    base: str = ""
    checks: dict[str, str] = field(default_factory=dict)
    attempts: tuple[str, ...] = ()
    artefacts: dict[str, str] = field(default_factory=dict)
    not_kept: dict[str, str] = field(default_factory=dict)
    cpu_budget: float = 0.0

    def check_key(self, check: str) -> str:
        """The hash of all that the result of a check of this submission follows from; "" where that is not known."""
        if not self.base or check not in self.checks:
            return ""
        return hashlib.sha256(f"{self.base} {check} {self.checks[check]}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Lateness:
    """When a submission came in, and what the course's late rule makes of it; the report's points are those after it.

    `state` is "in time", "late", "late, covered by late days", "late, by an unknown time", "after the cut-off" or "time
    unknown". Times are in UTC, with the student's extension; `seconds` is how late, None where that is not known.
    `before` are points and bonus points together before `taken` points were taken off or `earned` ones were added for
    being early. `late_days` were used. `lines` say for the student how it came about, and `sum` is the last line, with
    all points; it is "" where nothing changes, and says too much where some points are not shown yet. `attempt` is the
    one that counts of so many `attempts`, 0 where they are not numbered.
    """

    state: str
    handed_in: datetime | None
    deadline: datetime
    seconds: float | None
    before: float
    taken: float = 0.0
    earned: float = 0.0
    late_days: int = 0
    lines: tuple[str, ...] = ()
    sum: str = ""
    attempt: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one submission, in the shape of `docs/report.schema.json` (schema 1).

    `points` are the capped points of the ordinary questions plus nothing; `bonus_points` stand beside them.
    `notes` are sentences about the submission as a whole, for student and staff. `not_final`, for staff, says why the
    points are no grade yet, or is "": such a report is not shown to the student and goes into no gradebook. `lateness`
    is what the course's dates make of the points; it is laid over a report when grades are written, and is None in
    `reports/`, which hold what the checks found. `pseudonym` is the name under which
    the student asked to be on the leaderboard, or "".
    """

    assignment: str
    student: str
    points: float
    max_points: float
    bonus_points: float
    questions: tuple[QuestionResult, ...]
    resources: Resources
    replay: Replay
    schema: int = 1
    notes: tuple[str, ...] = ()
    notebooks: tuple[NotebookResult, ...] = ()
    not_final: str = ""
    lateness: Lateness | None = None
    pseudonym: str = ""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every check's verdict, in order."""
        return tuple(check.verdict for question in self.questions for check in question.checks)

    @property
    def waiting(self) -> tuple[CheckResult, ...]:
        """What a person still has to give points for."""
        return tuple(check for question in self.questions for check in question.checks if check.by_hand)

    @property
    def to_read(self) -> tuple[CheckResult, ...]:
        """What was handed in of these answers, and is for a person to read."""
        return tuple(check for check in self.waiting if check.verdict not in (Verdict.MISSING, Verdict.NOT_ATTEMPTED))

    @property
    def alarms(self) -> tuple[tuple[CheckResult, str], ...]:
        """Each alarm with its check, in order; for staff alone."""
        return tuple(
            (check, alarm) for question in self.questions for check in question.checks for alarm in check.alarms
        )

    @property
    def internal(self) -> bool:
        """Whether some check ended by our fault."""
        return Verdict.INTERNAL in self.verdicts

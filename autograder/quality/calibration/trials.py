"""One trial: one check, once, under a seed of its own, through the same sandbox and code as any grade."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import datasets, grading, loader, sandbox
from autograder.assignment.declaration import Assignment
from autograder.assignment.question import Check
from autograder.checks import Credit, Measured, Threshold
from autograder.checks.errors import CheckFailed
from autograder.datasets import DataSet
from autograder.grading import RunOptions
from autograder.grading.jobs import Grade, JobSpec
from autograder.loader import Loaded
from autograder.notebooks.source import text_file
from autograder.results import Report, Verdict
from autograder.sandbox import Sandbox
from autograder.submissions import Submission

if TYPE_CHECKING:  # job processes have no use for it
    from autograder.quality.mutation import Mutant

__all__ = ["REFERENCE", "Asked", "Trial", "Trials", "calibrator", "staged", "takes_share", "trial_of"]

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Asked(Submission):
    """A trial to be made: the staged files, and which check is asked of them how.

    `student` names the trial for staff; `code` is ``"reference"`` or a mutant's id. `number` draws its seed.
    """

    check: str = ""
    code: str = REFERENCE
    share: float = 1.0
    number: int = 0
    limits: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one: the verdict, what was measured, and what it cost.

    `seconds` is the check's own wall time, `cpu_seconds` that of the sandbox with the checks that it needs. `said` is
    the sentence for staff about a trial that earned no points.
    """

    check: str
    code: str
    share: float
    number: int
    verdict: str
    seconds: float
    cpu_seconds: float
    measured: tuple[Measured, ...] = ()
    said: str = ""

    @property
    def key(self) -> tuple[str, str, float, int]:
        """What tells it from the others."""
        return self.check, self.code, self.share, self.number


class Trials:
    """A file with one line of JSON for each finished trial; a line that was cut off by a crash is left out.

    Args:
        path: the file; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        self.known: dict[tuple[str, str, float, int], Trial] = {}
        self._kinds: dict[tuple[str, str, float], dict[int, Trial]] = {}
        for trial in filter(None, map(_read, lines)):
            self._note(trial)
        if path.is_file() and not path.read_bytes().endswith(b"\n") and lines:
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")

    def keep(self, trial: Trial) -> None:
        """Add a trial, and write it at once."""
        self._note(trial)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(trial)) + "\n")

    def of(self, check: str, code: str = REFERENCE, share: float = 1.0) -> list[Trial]:
        """The trials of one check with one code and share, by number."""
        found = self._kinds.get((check, code, share), {})
        return [found[number] for number in sorted(found)]

    def _note(self, trial: Trial) -> None:
        self.known[trial.key] = trial
        self._kinds.setdefault((trial.check, trial.code, trial.share), {})[trial.number] = trial


def _read(line: str) -> Trial | None:
    try:
        return _trial(json.loads(line))
    except (ValueError, TypeError, KeyError):
        return None


def _trial(fields: dict[str, Any]) -> Trial:
    measured = tuple(
        Measured(**{**each, "thresholds": tuple(Threshold(**t) for t in each["thresholds"])})
        for each in fields.pop("measured")
    )
    return Trial(**fields, measured=measured)


def staged(loaded: Loaded, folder: Path, mutant: Mutant | None = None) -> Submission:
    """The reference as a submission, or a mutant of it, written to a folder under its name."""
    code = mutant.id if mutant else REFERENCE
    target, digest = folder / code, hashlib.sha256(code.encode())
    given = {file: (loaded.reference_folder / file).read_bytes() for file in loaded.assignment.given}
    for file, own in (grading.reference_files(loaded) | given).items():
        changed = mutant is not None and file == mutant.file
        content = text_file(loaded.reference_folder / file, mutant.source) if mutant and changed else own
        path = target / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest.update(content)
    return Submission(code, target, digest.hexdigest())


def takes_share(assignment: Assignment, check: Check) -> bool:
    """Whether a check, or one that it needs, runs less when it is asked to."""
    by_id = {each.id: each for each in assignment.checks}
    return "share" in check.parameters or any(takes_share(assignment, by_id[need]) for need in check.needs)


def trial_of(report: Report) -> Trial:
    """The trial that a job's report brings."""
    return _trial(json.loads(report.notes[0]))


# The job process's side.


@contextmanager
def calibrator(spec: JobSpec) -> Iterator[Grade]:
    """What a job process does: load once, connect to the sandbox, make the trials that it is sent."""
    loaded = loader.load(spec.root, spec.assignment)
    dataset = datasets.find(spec.dataset, spec.data) if spec.dataset else None
    with sandbox.connect(spec.address) as backend:

        def make(submission: Submission) -> Report:
            assert isinstance(submission, Asked)
            return _made(loaded, submission, backend, dataset, spec.options)

        yield make


def _made(loaded: Loaded, asked: Asked, backend: Sandbox, dataset: DataSet | None, options: RunOptions) -> Report:
    """The report of one trial, whose only note is the trial itself."""
    heard: list[Measured] = []

    def listen(check: Check, came: object) -> None:
        if check.id == asked.check:
            heard.extend(_measured(came))

    changed = replace(
        options,
        seed="calibrate",
        run=str(asked.number),
        only=asked.check,
        limits=asked.limits,
        share=asked.share,
    )
    variant = loaded.variant_of(asked.code, changed.seed)  # trials of the same code share a folder
    report = grading.grade(loaded, asked, backend, dataset, changed, listen, variant=variant)
    (result,) = (check for question in report.questions for check in question.checks)
    earned = result.verdict in (Verdict.PASSED, Verdict.PARTIAL)
    trial = Trial(
        asked.check,
        asked.code,
        asked.share,
        asked.number,
        result.verdict.value,
        result.seconds,
        report.resources.cpu_seconds,
        tuple(heard),
        "" if earned else (result.staff_message or result.message).partition("\n")[0],
    )
    return replace(report, notes=(json.dumps(asdict(trial)),))


def _measured(came: object) -> Iterable[Measured]:
    """What a check measured, by what it returned or raised.

    A check may put the sentence of a failure into one of its own; the first failure is then the context of the second.
    """
    if isinstance(came, Credit):
        return came.measured
    error = came if isinstance(came, BaseException) else None
    while error is not None:
        if isinstance(error, CheckFailed) and error.measured:
            return error.measured
        error = error.__context__
    return ()

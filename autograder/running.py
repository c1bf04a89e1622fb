"""Grade one submission: a sandbox for each question, the checks outside, a report at the end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np

from autograder import __version__
from autograder.checks import Credit
from autograder.datasets import DataSet
from autograder.declare import Assignment, Check, Question
from autograder.errors import CheckFailed, GraderError, InstructorError, SandboxError, StudentError, UsageError
from autograder.intake import Submission
from autograder.loading import Loaded
from autograder.messages import sentence
from autograder.model import CheckResult, Limits, QuestionResult, Replay, Report, Resources, Verdict
from autograder.sandbox import Outcome, Request, Sandbox, Session
from autograder.scoring import check_points, question_points, report_points
from autograder.student.local import LocalStudent
from autograder.student.remote import Controls, RemoteStudent

__all__ = ["RunOptions", "grade", "longest_seconds", "result_key", "selected_checks"]

_KEPT_OUTPUT = 8192
_PACKAGES = ("numpy", "torch", "scikit-learn", "matplotlib")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to grade: the course's secret seed, shortened or `full` trainings, and which part.

    `only` is the id of a question or of a check, "" for all. `limits` replaces single limits of the assignment.
    `hidden` False leaves the hidden checks out, as for a student's own try.
    """

    seed: str
    full: bool = False
    only: str = ""
    limits: dict[str, float] = field(default_factory=dict)
    hidden: bool = True


def grade(
    loaded: Loaded, submission: Submission, sandbox: Sandbox, dataset: DataSet | None, options: RunOptions
) -> Report:
    """Run every selected check of an assignment against one submission.

    Nothing that the submission does raises here, and no fault of ours costs it a point: such checks are INTERNAL.

    Args:
        loaded: the assignment with its reference.
        submission: staged files, or the problem that `intake` found.
        sandbox: a started one; it is opened at least once for each question that has something to run.
        dataset: the assignment's data, None when it names none.
        options: seed, length, selection.

    Raises:
        UsageError: `options.only` names neither a question nor a check.
    """
    run = _Run(loaded, submission, sandbox, dataset, options)
    restored = _restore_given(loaded, submission)
    wanted = selected_checks(loaded.assignment, options)
    questions = tuple(
        run.question(question, [check for check in question.checks if check.id in wanted])
        for question in loaded.assignment.questions
        if any(check.id in wanted for check in question.checks)
    )
    points, max_points, bonus_points = report_points(questions)
    return Report(
        assignment=loaded.id,
        student=submission.student,
        points=points,
        max_points=max_points,
        bonus_points=bonus_points,
        questions=questions,
        resources=_resources(run.outcomes, sandbox),
        replay=_replay(loaded, submission, dataset, options, sandbox),
        notes=(*submission.notes, *restored),
    )


def _restore_given(loaded: Loaded, submission: Submission) -> tuple[str, ...]:
    """Put the files that are handed out complete into the staged copy, whatever the student made of them."""
    notes = []
    for file in loaded.assignment.given:
        target, content = submission.folder / file, (loaded.reference_folder / file).read_bytes()
        if target.is_file():
            if target.read_bytes() == content:
                continue
            notes.append(f"{file} differs from the one that was handed out; the handed-out one was used.")
        target.write_bytes(content)
        target.chmod(0o644)
    return tuple(notes)


def longest_seconds(loaded: Loaded, options: RunOptions) -> float:
    """How long grading one submission can take at most while it is the submission that is waited for."""
    seconds = 0.0
    for question in loaded.assignment.questions:
        limits = loaded.assignment.limits_of(question, full=options.full).changed(options.limits)
        seconds += limits.wall_seconds * max(1, len(question.checks))
    return seconds


def selected_checks(assignment: Assignment, options: RunOptions) -> frozenset[str]:
    """Ids of the checks to be reported.

    Raises:
        UsageError: `only` names neither a question nor a check; the sentence lists both.
    """
    open_checks = [check for check in assignment.checks if options.hidden or not check.hidden]
    if not options.only:
        return frozenset(check.id for check in open_checks)
    chosen = frozenset(check.id for check in open_checks if options.only in (check.id, check.question))
    if not chosen:
        questions = ", ".join(question.id for question in assignment.questions)
        checks = ", ".join(check.id for check in open_checks)
        raise UsageError(f"Nothing is called {options.only!r}: the questions are {questions}, the checks {checks}.")
    return chosen


def result_key(
    loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions, sandbox: str
) -> str:
    """A hash over all that decides a result: the same key, the same report."""
    return _replay_key(_facts(loaded, submission, dataset, options), sandbox)


class _Run:
    """One submission on its way through the questions: results so far, and what the sandboxes used."""

    def __init__(
        self, loaded: Loaded, submission: Submission, sandbox: Sandbox, dataset: DataSet | None, options: RunOptions
    ) -> None:
        self.loaded = loaded
        self.submission = submission
        self.sandbox = sandbox
        self.dataset = dataset
        self.options = options
        self.reference = LocalStudent(loaded.reference_folder, loaded.interface.names, reference=True)
        self.results: dict[str, CheckResult] = {}
        self.values: dict[str, Any] = {}
        self.reference_imported = False
        self.reference_values: dict[str, Any] = {}
        self.outcomes: list[Outcome] = []

    def question(self, question: Question, checks: Iterable[Check]) -> QuestionResult:
        """Run checks of one question, each in the question's sandbox while that lives."""
        limits = self.loaded.assignment.limits_of(question, full=self.options.full).changed(self.options.limits)
        room = _Room(self, limits)
        checks = list(checks)
        try:
            for check in sorted(checks, key=lambda each: each.hidden):
                self.result(check, room)  # public ones first: after hidden inputs they would need a fresh sandbox
            results = tuple(self.results[check.id] for check in checks)
        finally:
            room.close()
        points, max_points = question_points(results)
        return QuestionResult(
            question.id, question.title, points, max_points, question.bonus, results, room.shown, room.printed
        )

    def result(self, check: Check, room: _Room) -> CheckResult:
        """The result of a check: found earlier because another one needed it, or found now."""
        if check.id not in self.results:
            self.results[check.id] = self.run(check, room)
        return self.results[check.id]

    def run(self, check: Check, room: _Room) -> CheckResult:
        """Run one check, after those that it needs."""
        by_id = {known.id: known for known in self.loaded.assignment.checks}
        for need in check.needs:
            found = self.result(by_id[need], room)
            if found.verdict is Verdict.INTERNAL:
                return _result(
                    check, Verdict.INTERNAL, failure=f"The check {found.title!r}, which it needs, is INTERNAL."
                )
            if found.verdict not in (Verdict.PASSED, Verdict.PARTIAL):
                return _result(check, Verdict.SKIPPED, failure=f"Not run: it needs the check {found.title!r} to pass.")
        if self.submission.problem:
            error = StudentError(self.submission.problem_verdict, self.submission.problem, open=True)
            return _result(check, Verdict(error.verdict), error=error)
        began = time.monotonic()
        credit, verdict, message, fault = 0.0, Verdict.INTERNAL, "", None
        try:
            value = check.function(**self.arguments(check, room, self.values))
            credit, message = (value.fraction, _short(value.message)) if isinstance(value, Credit) else (1.0, "")
            verdict = Verdict.PASSED if credit >= 1 else Verdict.PARTIAL if credit > 0 else Verdict.FAILED
            self.values[check.id] = value
        except CheckFailed as error:
            verdict, message = Verdict.FAILED, _text(error)
        except StudentError as error:
            verdict, fault = Verdict(error.verdict), error
            room.settle()
        except SandboxError as error:
            message = _text(error)
            room.leave()
        except AssertionError as error:
            verdict, message = Verdict.FAILED, _text(error) or _asserted(error)
        except Exception as error:  # noqa: BLE001  (the answer's fault, the instructor's or ours)
            if self.works_with_reference(check, error):
                kind = type(error).__name__
                verdict, message = Verdict.FAILED, f"The answer is of no use to this check: {kind}: {_text(error)}"
            else:
                own = isinstance(error, GraderError)
                message = _text(error) if own else f"The check itself failed: {_last_line(error)}"
                room.leave()
        return _result(check, verdict, credit, time.monotonic() - began, fault, message)

    def works_with_reference(self, check: Check, error: Exception) -> bool:
        """Whether a check that fell over an answer stands with the reference's: then the answer is to blame.

        An answer of a wrong kind must not become a fault of ours, which costs nothing.
        """
        if isinstance(error, OSError) or not {"student", *check.needs} & set(check.parameters):
            return False
        try:
            self.reference_value(check)
        except Exception:  # noqa: BLE001
            return False
        return True

    def reference_value(self, check: Check) -> Any:
        """What a check gives when the reference stands in for the student, also in the checks that it needs."""
        if check.id not in self.reference_values:
            by_id = {known.id: known for known in self.loaded.assignment.checks}
            values = {need: self.reference_value(by_id[need]) for need in check.needs if need in check.parameters}
            self.reference_values[check.id] = check.function(**self.arguments(check, None, values))
        return self.reference_values[check.id]

    def arguments(self, check: Check, room: _Room | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a check's parameters name; without a room the reference stands in for the student."""
        number = self.number(check.id)
        available: dict[str, Any] = {
            "reference": self.reference,
            "rng": np.random.default_rng(number),
            "full": self.options.full,
            "data": self.dataset.open if self.dataset else None,
            "hidden": self.dataset.hidden if self.dataset else None,
            **values,
        }
        if "reference" in check.parameters:
            self.import_reference()
        self.reference.seed(number)
        wanted = {name: available[name] for name in check.parameters if name != "student"}
        if "student" in check.parameters:
            wanted["student"] = room.student(check, number) if room else self.reference_as_student(number)
        return wanted

    def import_reference(self) -> None:
        """Import the reference's modules, once, so that what they draw from (torch) is there when it is seeded."""
        if not self.reference_imported:
            self.reference_imported = True
            for module in self.loaded.interface.modules:
                for name in (*module.functions, *module.classes, *module.constants)[:1]:
                    with contextlib.suppress(InstructorError):  # the check that asks for it will say so
                        getattr(self.reference, name)

    def reference_as_student(self, number: int) -> LocalStudent:
        """The reference, in modules of its own, so that it may be given to a check beside itself."""
        student = LocalStudent(self.loaded.reference_folder, self.loaded.interface.names, reference=True)
        student.seed(number)
        return student

    def number(self, purpose: str) -> int:
        """A seed of 63 bits for one purpose, derived from the course's secret; the same for every student."""
        text = f"{self.options.seed}\0{self.loaded.id}\0{purpose}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


class _Room:
    """The sandbox of one question: opened when first needed, and again after a death."""

    def __init__(self, run: _Run, limits: Limits) -> None:
        self.owner = run
        self.limits = limits
        self.session: Session | None = None
        self.stand_in: RemoteStudent | None = None
        self.shown = self.printed = ""

    def student(self, check: Check, number: int) -> RemoteStudent:
        """The stand-in, with the submission's random numbers seeded for this check.

        Raises:
            SandboxError: no sandbox could be opened.
        """
        if not check.hidden and self.stand_in is not None and Controls(self.stand_in).showable is not None:
            self.leave()  # it has seen hidden inputs, and what a public check tells may be read
        if self.session is None or self.stand_in is None:
            request = Request(self.owner.submission.folder, self.limits, self.owner.number("load"))
            self.session = self.owner.sandbox.open(request)
            files = self.owner.loaded.interface.files
            absent = [file for file in files if not (self.owner.submission.folder / file).is_file()]
            self.stand_in = RemoteStudent(self.session, self.owner.loaded.interface, self.limits, absent)
        controls = Controls(self.stand_in)
        if check.hidden:
            controls.conceal()
        controls.seed(number)
        return self.stand_in

    def settle(self) -> None:
        """After a fault of the submission's: if that ended the worker, the next check gets a fresh one."""
        if self.stand_in is None or Controls(self.stand_in).ended:
            self.leave()

    def leave(self) -> None:
        """End the sandbox, and keep what was printed and used."""
        if self.session is None or self.stand_in is None:
            return
        self.owner.outcomes.append(self.session.close())
        head = self.session.output.head
        showable = Controls(self.stand_in).showable
        self.printed = (self.printed + head.decode(errors="replace"))[:_KEPT_OUTPUT]
        self.shown = (self.shown + head[:showable].decode(errors="replace"))[:_KEPT_OUTPUT]
        self.session = self.stand_in = None

    def close(self) -> None:
        """The question is done."""
        self.leave()


def _result(
    check: Check,
    verdict: Verdict,
    credit: float = 0.0,
    seconds: float = 0.0,
    error: StudentError | None = None,
    failure: str = "",
) -> CheckResult:
    message, staff = sentence(verdict, hidden=check.hidden, hint=check.hint, error=error, failure=failure)
    if error is not None and error.trace and verdict is Verdict.RAISED:
        staff = f"{staff}\n{error.trace}"
        message = staff if not check.hidden or error.open else message
    points = check_points(verdict, credit, check.points)
    return CheckResult(
        check.id, check.title, check.hidden, verdict, points, check.points, round(seconds, 4), message, staff
    )


def _text(error: Exception) -> str:
    """What an error says, of bearable length; an answer in it may be too long to be printed."""
    try:
        return _short(str(error))
    except Exception:  # noqa: BLE001  (Python prints no integer of more than 4,300 digits)
        return "its text cannot be shown"


def _short(text: str) -> str:
    return text if len(text) <= _KEPT_OUTPUT else f"{text[:_KEPT_OUTPUT]} ..."


def _asserted(error: AssertionError) -> str:
    """The source of an assertion that has no message of its own."""
    frames = traceback.extract_tb(error.__traceback__)
    line = frames[-1].line if frames else ""
    return f"This does not hold: {(line or 'an assertion').removeprefix('assert ')}"


def _last_line(error: Exception) -> str:
    """Class, text and place of an exception of ours, for staff."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {_text(error)}{place}"


def _resources(outcomes: Iterable[Outcome], sandbox: Sandbox) -> Resources:
    ended = tuple(outcomes)
    return Resources(
        wall_seconds=round(sum(outcome.wall_seconds for outcome in ended), 4),
        cpu_seconds=round(sum(outcome.cpu_seconds for outcome in ended), 4),
        peak_memory_mib=round(max((outcome.peak_memory_mib for outcome in ended), default=0.0), 1),
        sandbox=sandbox.name,
        enforced=sandbox.enforced,
        reached=tuple(sorted({outcome.limit for outcome in ended if outcome.limit})),
    )


def _replay(
    loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions, sandbox: Sandbox
) -> Replay:
    facts = _facts(loaded, submission, dataset, options)
    return Replay(
        key=_replay_key(facts, sandbox.name),
        versions=facts["versions"],
        seed_fingerprint=facts["seed"],
        submission_sha256=submission.sha256,
        assignment_sha256=loaded.assignment_sha256,
        reference_sha256=loaded.reference_sha256,
        data=dataset.name if dataset else "",
        data_sha256=dataset.sha256 if dataset else "",
        full=options.full,
        limits=dict(options.limits),
        cpu_model=_cpu_model(),
        threads=loaded.assignment.limits.threads,
    )


def _facts(loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions) -> dict[str, Any]:
    """All that decides a result, beside the sandbox."""
    return {
        "assignment": [loaded.id, loaded.assignment_sha256, loaded.reference_sha256],
        "submission": [submission.student, submission.sha256, submission.problem],
        "data": [dataset.name, dataset.sha256] if dataset else [],
        "seed": hashlib.sha256(f"fingerprint\0{options.seed}".encode()).hexdigest()[:16],
        "options": {key: value for key, value in asdict(options).items() if key != "seed"},
        "versions": {"autograder": __version__, "python": platform.python_version(), **_versions()},
    }


def _replay_key(facts: dict[str, Any], sandbox: str) -> str:
    return hashlib.sha256(json.dumps([facts, sandbox], sort_keys=True).encode()).hexdigest()


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()

"""The reference and its stub, graded as submissions, as students' work will be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.checks.inspection.saved_files import REASONS, is_name
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.local.variants import Variant
from autograder.checks.wording import counted, series
from autograder.datasets import DataSet
from autograder.grading import RunOptions, Shared, grade, reference_files
from autograder.loader import Loaded
from autograder.messages import for_instructor
from autograder.notebooks.source import file_text, text_file
from autograder.quality.mutation import belongs
from autograder.quality.mutation.selection import variants
from autograder.quality.validation import releases
from autograder.quality.validation.constant_answers import CONSTANTS, constant, written_names
from autograder.quality.validation.static_analysis import Finding
from autograder.release import contents
from autograder.results import CheckResult, Report, Verdict
from autograder.sandbox import Sandbox
from autograder.scoring import rounded, shown
from autograder.submissions import Caps, Submission, collect_one

__all__ = ["OwnSubmissions", "in_float32"]


_ROOM = 0.8
_MORE_SEEDS = 2
_LONGEST = 300
_COMPARED = (Verdict.FAILED, Verdict.PARTIAL)
_ADVICE = {
    Verdict.INTERNAL: "The check did not run: correct what its sentence names.",
    Verdict.TIME: "Give the question more time, or ask for less work.",
    Verdict.MEMORY: "Give the question more memory, or ask for smaller work.",
    Verdict.OUTPUT: "Print and return less, or raise the limit that the sentence names.",
}
_RAN_BADLY = "The solution did not run to its end: correct it, or what the check hands to it."


@dataclass(frozen=True, slots=True)
class OwnSubmissions:
    """The reference and what is made of it, handed in as submissions."""

    loaded: Loaded
    sandbox: Sandbox
    dataset: DataSet | None
    options: RunOptions
    folder: Path
    shared: Shared

    def reference(self) -> Iterator[Finding]:
        """Full marks, question by question, and how much of the limits that took."""
        submission = self.hand_in("reference", self.reference_files())
        reports = {
            question.id: self.grade(submission, replace(self.options, only=question.id))
            for question in self.loaded.assignment.questions
            if question.checks
        }
        missed = [check for report in reports.values() for check in _missed(report)]
        assignment = self.loaded.assignment
        earned = rounded(sum(report.points + report.bonus_points for report in reports.values()))
        most = rounded(sum(question.max_points for question in assignment.questions))
        what, fix = "the reference gets full marks", _fix(missed, "Correct the reference, or the check.")
        if not missed and earned != most:
            said = f"{shown(earned)} of {shown(most)} points, though every check passed"
            yield Finding(what, False, said, fix)
        else:
            yield Finding(what, not missed, _in_words(missed), fix)
        yield self.limits(reports)

    def variants(self) -> Iterator[Finding]:
        """Other right solutions (``variants/*.diff``) get full marks wherever their change belongs."""
        home = self.loaded.reference_folder
        code = {file: file_text(home / file) for file in self.loaded.assignment.files if (home / file).is_file()}
        for variant in variants(self.loaded.folder, code):
            files = self.reference_files() | {variant.file: text_file(home / variant.file, variant.source)}
            submission = self.hand_in(f"variant-{variant.id}", files)
            missed = [
                check
                for question in self.loaded.assignment.questions
                if question.checks and belongs(variant, question, self.loaded.interface)
                for check in _missed(self.grade(submission, replace(self.options, only=question.id)))
            ]
            fix = "This solution is right: correct the check, or give its threshold more margin."
            yield Finding(f"the variant {variant.id} gets full marks", not missed, _in_words(missed), _fix(missed, fix))

    def for_students(self, *, quick: bool, failed: bool = False) -> Iterator[Finding]:
        """What holds for every student, where each is given a variant: some are drawn and tried.

        Args:
            quick: whether fewer are tried.
            failed: whether the reference misses points with the example as well.
        """
        loaded, seed = self.loaded, self.options.seed
        if loaded.assignment.variants is None:
            return
        yield releases.drawn_again(loaded, seed)
        students = releases.tried(quick=quick)
        yield releases.released(loaded, self.dataset, students, seed)
        wrong = []
        for student in students:
            variant = loaded.variant_of(student, seed)
            submission = self.hand_in(f"reference-{student}", self.reference_files())
            if missed := _missed(self.grade(submission, self.options, variant)):
                wrong.append(f"with the variant {variant}: {_in_words(missed)}")
        fix = "The reference must be right for every variant that can be drawn: correct it, the check, or the function."
        if failed:
            fix = "The reference fails with the example of a variant as well: correct that first."
        said = "; ".join(wrong)[:_LONGEST] or f"Every check passed under {counted(len(students), 'variant')}."
        yield Finding("the reference under other variants", not wrong, said, fix)

    def limits(self, reports: Mapping[str, Report]) -> Finding:
        """No question may need more than 80 % of a limit: other machines are slower."""
        tight, most = [], 0.0
        for question in self.loaded.assignment.questions:
            if question.id in reports:
                limits = self.loaded.assignment.limits_of(question, full=self.options.full).changed(self.options.limits)
                used = reports[question.id].resources
                for name, share in (
                    ("CPU time", used.cpu_seconds / limits.cpu),
                    ("wall time", used.wall_seconds / limits.wall_seconds),
                    ("memory", used.peak_memory_mib / limits.memory_mib),
                ):
                    most = max(most, share)
                    if share > _ROOM:
                        tight.append(f"question {question.id} takes {share:.0%} of its {name}")
        said = "; ".join(tight) if tight else f"The reference takes {_at_most(most)} of a limit."
        return Finding("fits its limits", not tight, said, "Raise that limit of the question, or ask for less work.")

    def other_seeds(self, *, failed: bool = False) -> Iterator[Finding]:
        """The same under other random inputs, initial weights and orders.

        Args:
            failed: whether the reference misses points under the course's own seed, too; then chance does not decide.
        """
        for number in range(1, _MORE_SEEDS + 1):
            missed = _missed(
                self.grade(
                    self.hand_in("reference", self.reference_files()),
                    replace(self.options, run=f"validate/{number}"),
                )
            )
            fix = "A check that chance decides is unfair: lower its threshold, or repeat the training."
            yield Finding(f"another seed ({number})", not missed, _in_words(missed), _fix(missed, fix, failed=failed))

    def single_precision(self, *, failed: bool = False) -> Finding:
        """Right work in float32 is right work; `failed` as for other seeds."""
        home = self.loaded.reference_folder
        code = self.loaded.assignment.files
        files = self.reference_files() | {
            file: text_file(home / file, in_float32(file_text(home / file))) for file in code
        }
        missed = _missed(self.grade(self.hand_in("float32", files), self.options))
        fix = _fix(missed, "Give the check a tolerance for float32.", failed=failed)
        return Finding("in single precision", not missed, _in_words(missed), fix)

    def with_threads(self, count: int, *, failed: bool = False) -> Finding:
        """Sums come out in another order with other numbers of threads; the sandbox must be one of `count`."""
        limits = {**self.options.limits, "threads": count}
        missed = _missed(
            self.grade(self.hand_in("reference", self.reference_files()), replace(self.options, limits=limits))
        )
        what = f"with {count} thread{'s' if count > 1 else ''}"
        fix = _fix(missed, "Give the check a tolerance for another order of summation.", failed=failed)
        return Finding(what, not missed, _in_words(missed), fix)

    def stub(self) -> Finding:
        """What students get earns nothing, and is reported as not attempted."""
        made = contents(self.loaded)
        files = {file: made[file] for file in self.loaded.assignment.handed_in if file in made}
        report = self.grade(self.hand_in("stub", files), self.options)
        asked = {each.file for each in self.loaded.assignment.predictions}
        named = [name for name in self.reference_files() if is_name(name) or name in asked]
        absent = tuple(REASONS["absent"][1].format(name=name) for name in named)

        def fair(check: CheckResult) -> bool:
            if check.verdict is Verdict.MISSING:  # a file of saved numbers has no stub
                return check.staff_message.startswith(absent)
            return check.verdict in (Verdict.NOT_ATTEMPTED, Verdict.SKIPPED)

        wrong = [f"{check.id}: {check.verdict}" for check in _checks(report) if not fair(check)]
        wrong += [f"{each.id}: taken for an answer" for each in report.waiting if each.verdict is Verdict.MANUAL]
        points = report.points + report.bonus_points
        if points:
            wrong.append(counted(points, "point"))
        unmarked = [
            question.id
            for question in report.questions
            if (own := [check for check in question.checks if not check.by_hand])
            and all(check.verdict is Verdict.SKIPPED for check in own)
        ]
        wrong += [
            f"question {each}: all of it skipped, so nowhere said to be not attempted; give it a check without needs"
            for each in unmarked
        ]
        said = "; ".join(wrong)[:_LONGEST] or "No points; every check says not attempted, or is skipped."
        fix = "Put markers around the whole solution, and make each check call what students write."
        return Finding("the stub gets nothing", not wrong, said, fix)

    def nothing(self, *, quick: bool) -> Finding:
        """What a submission earns that solves nothing: empty files, and the same answer to every call.

        A check that never ends for one of these, or returns what no check may, is wrong itself.

        With `quick`, answers that have the shape of the right ones are left out: for these the reference is run.
        """
        earned: dict[str, str] = {}
        broken: dict[str, str] = {}
        for name, files in self.guesses(quick=quick):
            report = self.grade(self.hand_in(re.sub(r"\W", "-", name), files), self.options)
            for check in _checks(report):
                if check.verdict is Verdict.INTERNAL and for_instructor(check.staff_message):
                    broken.setdefault(check.id, f"{check.id}: INTERNAL for {name}, {check.staff_message}")
            points = rounded(report.points + report.bonus_points)
            if points:
                by = [f"{check.id} {shown(check.points)}" for check in _checks(report) if check.points]
                earned[name] = f"{name} earn {shown(points)} ({', '.join(by)})"
            else:
                earned[name] = ""
        earned_points = "; ".join(filter(None, earned.values()))
        said = earned_points or f"0 points for {series(list(earned))}."
        if broken:
            fix = "A check must not fail over an answer, whatever that is: correct the check."
            return Finding("what nothing earns", False, " ".join(broken.values()), fix)
        fix = "Draw more of the inputs that a check asks, or ask together what a constant answer gets right."
        return Finding("what nothing earns", True, said, fix, warning=bool(earned_points))

    def guesses(self, *, quick: bool) -> Iterator[tuple[str, dict[str, bytes]]]:
        """Submissions that solve nothing, each with what it hands in for people."""
        home, code = self.loaded.reference_folder, self.loaded.assignment.files
        modules = [file for file in code if not is_notebook(file)]
        yield "empty files", dict.fromkeys(modules or code, b"")
        for name, answer in CONSTANTS.items() if code else ():
            if quick and "right" in answer:
                continue
            made = {}
            for file in code:
                text = file_text(home / file)
                made[file] = text_file(home / file, constant(text, written_names(text, file), answer))
            yield f"answers that are {name}", made

    # --- handing in ---

    def reference_files(self) -> dict[str, bytes]:
        """The files of the reference that students hand in."""
        return reference_files(self.loaded)

    def hand_in(self, name: str, files: Mapping[str, bytes]) -> Submission:
        """Files as a submission of that name."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        for file, content in files.items():
            (place / file).write_bytes(content)
        if not files:  # a PDF is asked for, and the reference has none
            return Submission(name, place, hashlib.sha256(b"").hexdigest())
        paths = tuple(place / file for file in files)
        caps = Caps().beside(self.loaded.given_sizes)
        return collect_one(paths, self.loaded.assignment.handed_in, self.folder / f"{name}-staged", name, caps)

    def grade(
        self,
        submission: Submission,
        options: RunOptions,
        variant: Variant | None = None,
        done: Collection[str] = (),
    ) -> Report:
        """The report about a submission, with a student's variant, or the example that is nobody's.

        `done` are ids of checks that are left out, and run only where others need them.
        """
        variant = variant or self.loaded.example_variant
        return grade(
            self.loaded, submission, self.sandbox, self.dataset, options,
            shared=self.shared, variant=variant, done=done,
        )  # fmt: skip


def _checks(report: Report) -> Iterator[CheckResult]:
    """What was found by checks; what a person grades is no concern of theirs."""
    return (check for question in report.questions for check in question.checks if not check.by_hand)


def _in_words(missed: Sequence[CheckResult]) -> str:
    """A sentence for each check that is not passed."""
    return "; ".join(map(_sentence, missed))[:_LONGEST] or "Every check passed."


def _sentence(check: CheckResult) -> str:
    said = check.staff_message.splitlines()[0] if check.staff_message else "no message"
    return f"{check.id}: {check.verdict}, {said}"


def _fix(missed: Sequence[CheckResult], usual: str, *, failed: bool = False) -> str:
    """What to do about checks that a right solution did not pass.

    Args:
        missed: these checks.
        usual: the advice where an answer was compared and found wrong; it helps with nothing else.
        failed: whether the reference misses points as it is.
    """
    if failed:
        return "The reference fails under the course's own seed as well: correct that first."
    advice = dict.fromkeys(
        usual if check.verdict in _COMPARED else _ADVICE.get(check.verdict, _RAN_BADLY)
        for check in missed
        if check.verdict is not Verdict.SKIPPED
    )
    return " ".join(advice) or usual


def _at_most(share: float) -> str:
    return f"at most {share:.0%}" if share >= 0.005 else "less than 1%"


def _missed(report: Report) -> list[CheckResult]:
    """The checks that are not passed."""
    return [check for check in _checks(report) if check.verdict is not Verdict.PASSED]


# --- the reference in single precision, as many students write it ---

IN_FLOAT32 = """

def _in_float32(function):
    import functools
    import numpy

    def rounded(value):
        if isinstance(value, numpy.ndarray) and value.dtype == numpy.float64:
            return value.astype(numpy.float32)
        if type(value) in (list, tuple):
            return type(value)(map(rounded, value))
        if type(value) is dict:
            return {key: rounded(each) for key, each in value.items()}
        return value

    @functools.wraps(function)
    def call(*arguments, **named):
        return rounded(function(*arguments, **named))

    return call


for _name, _value in list(globals().items()):
    if _name[0] != "_" and getattr(_value, "__module__", None) == __name__:
        if isinstance(_value, type):
            for _method, _function in list(vars(_value).items()):
                if type(_function) is type(_in_float32) and _method[:2] != "__":
                    setattr(_value, _method, _in_float32(_function))
        elif callable(_value):
            globals()[_name] = _in_float32(_value)
"""
"""Put at the end of a module, this makes every function and method of it return its arrays in single precision."""


def in_float32(source: str) -> str:
    """A module whose functions and methods return arrays of float64 as float32."""
    return source + IN_FLOAT32

"""The gate before a release: is an assignment fit to be handed out, and is its grader fair to right work?

Each finding is one sentence about one property, found by trying: the reference and the stub are graded as submissions,
in the sandbox, as students' work will be.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from autograder.datasets import DataSet
from autograder.errors import InstructorError
from autograder.intake import Submission, collect_one
from autograder.loading import Loaded
from autograder.model import CheckResult, Report, Verdict
from autograder.release import build, contents
from autograder.running import RunOptions, grade
from autograder.sandbox import Sandbox
from autograder.scoring import shown

__all__ = ["Finding", "in_float32", "validate"]

_ROOM = 0.8
_MORE_SEEDS = 2
_LONGEST = 300
_NO_TESTS = 5  # exit code of pytest
_TOOLS = (
    "_pytest",
    "colorama",
    "exceptiongroup",
    "iniconfig",
    "packaging",
    "pluggy",
    "py",
    "pygments",
    "pytest",
    "tomli",
)

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

_BARE = """
import sys

ALLOWED = {allowed!r}


class Bare:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top.startswith("_sysconfigdata"):
            return
        if top not in sys.stdlib_module_names and top not in ALLOWED and top.lower() not in ALLOWED:
            raise ModuleNotFoundError(f"a student who installed requirements.txt has no {{top}}", name=name)


sys.meta_path.insert(0, Bare())
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One property of an assignment: whether it holds, and what was seen."""

    what: str
    good: bool
    said: str


def validate(
    loaded: Loaded, sandbox: Sandbox, dataset: DataSet | None, options: RunOptions, *, quick: bool = False
) -> Iterator[Finding]:
    """Try everything that an assignment must stand before students get it; yields findings as they are made.

    Args:
        loaded: the assignment with its reference.
        sandbox: a started one.
        dataset: the assignment's data, None when it names none.
        options: the course's seed, and whether trainings are shortened.
        quick: leave out what repeats the trainings: other seeds, and single precision.
    """
    yield _points(loaded)
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        trial = _Trial(loaded, sandbox, dataset, options, Path(folder))
        yield from trial.reference()
        if not quick:
            yield from trial.other_seeds()
            yield trial.single_precision()
        leak = _leaks(loaded)
        yield leak
        if leak.good:
            yield trial.stub()
            yield trial.public_checks()


def in_float32(source: str) -> str:
    """A module whose functions and methods return arrays of float64 as float32."""
    return source + IN_FLOAT32


def _points(loaded: Loaded) -> Finding:
    """Every question can be earned, and the checks' points are its points."""
    empty = [question.title for question in loaded.assignment.questions if not question.checks]
    worthless = [
        question.title for question in loaded.assignment.questions if question.checks and not question.max_points
    ]
    total = shown(loaded.assignment.max_points)
    if empty or worthless:
        return Finding("points", False, f"Nothing can be earned in {', '.join(empty + worthless)}.")
    checks = len(loaded.assignment.checks)
    return Finding("points", checks > 0, f"{total} points from {checks} checks, each with a title.")


def _leaks(loaded: Loaded) -> Finding:
    try:
        files = contents(loaded)
    except InstructorError as error:
        return Finding("nothing leaks", False, str(error))
    return Finding("nothing leaks", True, f"No line of a solution or of a hidden check in {len(files)} files.")


@dataclass(frozen=True, slots=True)
class _Trial:
    """The reference and what is made of it, handed in as submissions."""

    loaded: Loaded
    sandbox: Sandbox
    dataset: DataSet | None
    options: RunOptions
    folder: Path

    def reference(self) -> Iterator[Finding]:
        """Full marks, question by question, and how much of the limits that took."""
        submission = self.hand_in("reference", self.sources())
        reports = {
            question.id: self.grade(submission, replace(self.options, only=question.id))
            for question in self.loaded.assignment.questions
            if question.checks
        }
        missed = [sentence for report in reports.values() for sentence in _missed(report)]
        yield Finding(
            "the reference gets full marks", not missed, "; ".join(missed)[:_LONGEST] or "Every check passed."
        )
        yield self.limits(reports)

    def limits(self, reports: Mapping[str, Report]) -> Finding:
        """No question may need more than 80 % of a limit: other machines are slower."""
        tight, most = [], 0.0
        for question in self.loaded.assignment.questions:
            if question.id in reports:
                limits = self.loaded.assignment.limits_of(question, full=self.options.full).changed(self.options.limits)
                used = reports[question.id].resources
                for name, share in (
                    ("CPU time", used.cpu_seconds / limits.cpu),
                    ("memory", used.peak_memory_mib / limits.memory_mib),
                ):
                    most = max(most, share)
                    if share > _ROOM:
                        tight.append(f"question {question.id} takes {share:.0%} of its {name}")
        said = "; ".join(tight) if tight else f"The reference takes at most {most:.0%} of a limit."
        return Finding("fits its limits", not tight, said)

    def other_seeds(self) -> Iterator[Finding]:
        """The same under other random inputs, initial weights and orders."""
        for number in range(1, _MORE_SEEDS + 1):
            report = self.grade(
                self.hand_in("reference", self.sources()),
                replace(self.options, seed=f"{self.options.seed}/validate/{number}"),
            )
            missed = _missed(report)
            yield Finding(f"another seed ({number})", not missed, "; ".join(missed)[:_LONGEST] or "Every check passed.")

    def single_precision(self) -> Finding:
        """Right work in float32 is right work."""
        sources = {file: in_float32(text) for file, text in self.sources().items()}
        missed = _missed(self.grade(self.hand_in("float32", sources), self.options))
        return Finding("in single precision", not missed, "; ".join(missed)[:_LONGEST] or "Every check passed.")

    def stub(self) -> Finding:
        """What students get earns nothing, and is told as not attempted."""
        made = contents(self.loaded)
        sources = {file: made[file].decode() for file in self.loaded.assignment.files}
        report = self.grade(self.hand_in("stub", sources), self.options)
        fair = (Verdict.NOT_ATTEMPTED, Verdict.SKIPPED)
        wrong = [f"{check.id}: {check.verdict}" for check in _checks(report) if check.verdict not in fair]
        points = report.points + report.bonus_points
        if points:
            wrong.append(f"{shown(points)} points")
        said = "; ".join(wrong)[:_LONGEST] or "No points; every check says not attempted, or is skipped."
        return Finding("the stub gets nothing", not wrong, said)

    def public_checks(self) -> Finding:
        """The public checks run with the reference where nothing is installed but what the release asks for."""
        out = self.folder / "release"
        build(self.loaded, out)
        for file in self.loaded.assignment.files:
            shutil.copyfile(self.loaded.reference_folder / file, out / file)
        allowed = {line.strip().lower() for line in (out / "requirements.txt").read_text().splitlines()}
        own = {"autograder", "bare", "conftest", "test_public", *(Path(f).stem for f in self.loaded.interface.files)}
        allowed = {*_TOOLS, *own, *_needed_by(allowed)}
        (self.folder / "bare.py").write_text(_BARE.format(allowed=allowed), encoding="utf-8")
        place = str(self.folder)
        ended = subprocess.run(
            [sys.executable, "-B", "-P", "-m", "pytest", "-q", "-p", "bare", "-p", "no:cacheprovider"],
            cwd=out,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": place, "HOME": place, "MPLBACKEND": "Agg"}
            | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = (ended.stdout + ended.stderr).strip().splitlines() or ["no output"]
        told = [after for line, after in pairwise(lines) if line.startswith("____")][:1] + lines[-1:]
        good = ended.returncode in (0, _NO_TESTS)
        return Finding("public checks on a bare machine", good, "; ".join(" ".join(line.split()) for line in told))

    # --- handing in ---

    def sources(self) -> dict[str, str]:
        return {
            file: (self.loaded.reference_folder / file).read_text(encoding="utf-8")
            for file in self.loaded.assignment.files
        }

    def hand_in(self, name: str, sources: Mapping[str, str]) -> Submission:
        place = self.folder / name
        place.mkdir(exist_ok=True)
        for file, text in sources.items():
            (place / file).write_text(text, encoding="utf-8")
        paths = tuple(place / file for file in sources)
        return collect_one(paths, self.loaded.assignment.files, self.folder / f"{name}-staged", name)

    def grade(self, submission: Submission, options: RunOptions) -> Report:
        return grade(self.loaded, submission, self.sandbox, self.dataset, options)


def _checks(report: Report) -> Iterator[CheckResult]:
    return (check for question in report.questions for check in question.checks)


def _missed(report: Report) -> list[str]:
    """A sentence for each check that is not passed."""
    return [
        f"{check.id}: {check.verdict}, {check.staff_message.splitlines()[0] if check.staff_message else 'no message'}"
        for check in _checks(report)
        if check.verdict is not Verdict.PASSED
    ]


def _needed_by(packages: set[str]) -> set[str]:
    """Top-level modules of packages and of all that they require, as installed here."""
    modules: dict[str, set[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(_canonical(owner), set()).add(module)
    wanted, seen = [_canonical(package) for package in packages], set()
    while wanted:
        package = wanted.pop()
        if package not in seen:
            seen.add(package)
            try:
                required = metadata.requires(package) or []
            except metadata.PackageNotFoundError:
                continue
            wanted += [_canonical(re.split(r"[^\w.-]", line)[0]) for line in required if "extra ==" not in line]
    return {module for package in seen for module in modules.get(package, ())}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

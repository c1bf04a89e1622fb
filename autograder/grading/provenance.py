"""What a report says about how it came about, and what differs when the same submission is graded again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from importlib import metadata
from itertools import takewhile, zip_longest
from typing import Any

from autograder import __version__
from autograder.checks.local.variants import Variant
from autograder.datasets import DataSet
from autograder.grading.options import RunOptions, recorded_options
from autograder.loader import Loaded
from autograder.results import CheckResult, Replay, Report, Resources, Verdict
from autograder.sandbox import Outcome, Sandbox
from autograder.scoring import shown
from autograder.seeding import DERIVATION, keys_of
from autograder.submissions import Submission

__all__ = ["changed_facts", "cpu_model", "differences", "is_outdated", "replay", "resources", "result_key", "versions"]


_PACKAGES = ("numpy", "torch", "scikit-learn", "matplotlib")


def result_key(
    loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions, sandbox: str
) -> str:
    """A hash over all that decides a result: the same key, the same report, unless that `is_outdated`."""
    return _replay_key(_facts(loaded, submission, dataset, options), sandbox)


def base_key(loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions, sandbox: str) -> str:
    """A hash over all that decides the results of a submission beside the checks themselves."""
    return _replay_key(_facts(loaded, submission, dataset, options, checks=False), sandbox)


def is_outdated(report: Report, foreseen: Iterable[str]) -> bool:
    """Whether a stored report could come out otherwise, because modules are imported beforehand now that were not then.

    What else a class imports is no part of `result_key`: it takes time and memory from a submission's own imports, and
    makes modules visible that it forgot to import itself (after ``import matplotlib``, ``matplotlib.pyplot`` is there
    where somebody else imports it). Both can only help. So a result to which nothing is lacking stays as it is, and
    every other one is made with no less than what is imported for the class now: who handed in earlier is judged as
    who hands in later.

    Args:
        report: a stored one with the right key.
        foreseen: what the submissions of this class import. What could not be imported beforehand when the report was
            made, though it is installed, is no reason to make it again.
    """
    lacking = set(report.verdicts) - {Verdict.PASSED, Verdict.MANUAL}
    then = {*report.replay.preloaded, *report.replay.foreseen}
    return bool(lacking or report.resources.reached) and not set(foreseen) <= then


def resources(outcomes: Iterable[Outcome], sandbox: Sandbox) -> Resources:
    """What the sandboxes of one submission used, and which protections were active."""
    ended = tuple(outcomes)
    return Resources(
        wall_seconds=round(sum(outcome.wall_seconds for outcome in ended), 4),
        cpu_seconds=round(sum(outcome.cpu_seconds for outcome in ended), 4),
        peak_memory_mib=round(max((outcome.peak_memory_mib for outcome in ended), default=0.0), 1),
        sandbox=sandbox.name,
        enforced=sandbox.enforced,
        reached=tuple(sorted({outcome.limit for outcome in ended if outcome.limit})),
    )


def replay(
    loaded: Loaded,
    submission: Submission,
    dataset: DataSet | None,
    options: RunOptions,
    sandbox: Sandbox,
    variant: Variant | None = None,
) -> Replay:
    """What reproduces a report."""
    facts = _facts(loaded, submission, dataset, options)
    return Replay(
        key=_replay_key(facts, sandbox.name),
        base=base_key(loaded, submission, dataset, options, sandbox.name),
        checks=dict(loaded.run.checks),
        versions=facts["versions"],
        seed_fingerprint=facts["seed"],
        submission_sha256=submission.sha256,
        assignment_sha256=loaded.assignment_sha256,
        reference_sha256=loaded.reference_sha256,
        data=dataset.name if dataset else "",
        data_sha256=dataset.sha256 if dataset else "",
        derivation=DERIVATION,
        variant=dict(variant or {}),
        variant_sha256=_digest(variant) if variant else "",
        preloaded=sandbox.preloaded,
        **{name: getattr(options, name) for name in recorded_options()},
        cpu_model=cpu_model(),
        threads=loaded.assignment.limits.threads,
    )


def _facts(
    loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions, *, checks: bool = True
) -> dict[str, Any]:
    """All that decides a result, beside the sandbox; without what the checks are where these do not count."""
    return {
        "assignment": [loaded.id, loaded.run.whole if checks else loaded.run.shared, loaded.reference_sha256],
        "submission": [submission.student, submission.sha256, submission.problem],
        "data": [dataset.name, dataset.sha256] if dataset else [],
        "seed": keys_of(options.seed).fingerprint,
        "options": {
            key: value
            for key, value in asdict(options).items()
            if key != "seed" and (key != "cpu_budget" or options.cpu_budget)  # without one, keys are what they were
        },
        "versions": {"autograder": __version__, "python": platform.python_version(), **versions()},
    }


def _replay_key(facts: dict[str, Any], sandbox: str) -> str:
    return hashlib.sha256(json.dumps([facts, sandbox], sort_keys=True).encode()).hexdigest()


def _digest(variant: Variant) -> str:
    digest = hashlib.sha256()
    for file, content in sorted(variant.everything.items()):
        digest.update(f"{file}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@cache
def versions() -> dict[str, str]:
    """The versions of the packages that decide numbers, as far as they are installed."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def cpu_model() -> str:
    """What the processor calls itself."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


_FACTS = {
    "submission_sha256": "the submission's files",
    "assignment_sha256": "the assignment's folder",
    "reference_sha256": "the reference",
    "seed_fingerprint": "the course's seed",
    "variant_sha256": "the student's variant",
    "data": "the name of the data set",
    "data_sha256": "the data",
    "full": "the length of the trainings (--full)",
    "threads": "the number of threads",
    "cpu_model": "the processor",
}


def changed_facts(then: Replay, now: Replay) -> tuple[str, ...]:
    """What decides a result and is not what it was: sentences, the most telling first; () when all is the same."""
    found = []
    facts = dict(_FACTS)
    if then.seed_fingerprint and then.derivation != now.derivation:
        del facts["seed_fingerprint"]  # of the two ways, each has its own
        found.append(
            f"Random numbers are derived from the seed in another way now (way {then.derivation} then, "
            f"{now.derivation} now), so the checks had other inputs; only autograder "
            f"{then.versions.get('autograder', 'as it was')} repeats this report exactly."
        )
    for name, what in facts.items():
        before, after = getattr(then, name), getattr(now, name)
        if before != after:
            telling = f" from {before!r} to {after!r}" if name in ("data", "full", "threads", "cpu_model") else ""
            found.append(f"{what[:1].upper()}{what[1:]} changed{telling}.")
    for name in sorted({*then.versions, *now.versions}):
        before, after = then.versions.get(name, "none"), now.versions.get(name, "none")
        if before != after:
            found.append(f"The version of {name} changed from {before} to {after}.")
    return tuple(found)


def differences(then: Report, now: Report) -> tuple[str, ...]:
    """Every number and sentence of a check that did not come out as it did; () when all did.

    Times and memory are left out: they are measurements of the machine, not of the submission.
    """
    before, after = (dict(_checks(report)) for report in (then, now))
    return tuple(
        sentence
        for id_ in dict.fromkeys([*before, *after])
        for sentence in _compared(id_, before.get(id_), after.get(id_))
    )


def _checks(report: Report) -> Iterator[tuple[str, CheckResult]]:
    return ((check.id, check) for question in report.questions for check in question.checks)


def _compared(id_: str, then: CheckResult | None, now: CheckResult | None) -> Iterator[str]:
    if then is None or now is None:
        yield f"{id_}: {'not in the report' if then is None else 'in the report, but no check of the assignment now'}."
        return
    if then.verdict != now.verdict:
        yield f"{id_}: {then.verdict} in the report, {now.verdict} now."
    if (then.points, then.max_points) != (now.points, now.max_points):
        yield f"{id_}: {_points(then)} points in the report, {_points(now)} now."
    if then.staff_message != now.staff_message:
        before, after = _first_difference(then.staff_message, now.staff_message)
        yield f"{id_}: the message is {before!r} in the report, {after!r} now."


_SHOWN, _BEFORE = 200, 60  # characters of a line that is shown, and of them before the difference


def _points(check: CheckResult) -> str:
    return f"{shown(check.points)} of {shown(check.max_points)}"


def _first_difference(then: str, now: str) -> tuple[str, str]:
    """The first line in which two texts differ, of each; of long lines, what stands around the difference."""
    for one, other in zip_longest(then.split("\n"), now.split("\n"), fillvalue=""):
        if one != other:
            equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
            begin = max(0, equal - _BEFORE)
            return one[begin : begin + _SHOWN], other[begin : begin + _SHOWN]
    return "", ""

"""What a report says about how it came about: what was used, and all that decides a result."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from importlib import metadata
from typing import Any

from autograder import __version__
from autograder.datasets import DataSet
from autograder.grading.options import RunOptions, recorded_options
from autograder.loader import Loaded
from autograder.results import Replay, Report, Resources, Verdict
from autograder.sandbox import Outcome, Sandbox
from autograder.seeding import DERIVATION, keys_of
from autograder.submissions import Submission

__all__ = ["cpu_model", "is_outdated", "replay", "resources", "result_key", "versions"]

_PACKAGES = ("numpy", "torch", "scikit-learn", "matplotlib")


def result_key(
    loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions, sandbox: str
) -> str:
    """A hash over all that decides a result: the same key, the same report, unless that `is_outdated`."""
    return _replay_key(_facts(loaded, submission, dataset, options), sandbox)


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
    loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions, sandbox: Sandbox
) -> Replay:
    """What reproduces a report."""
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
        derivation=DERIVATION,
        preloaded=sandbox.preloaded,
        **{name: getattr(options, name) for name in recorded_options()},
        cpu_model=cpu_model(),
        threads=loaded.assignment.limits.threads,
    )


def _facts(loaded: Loaded, submission: Submission, dataset: DataSet | None, options: RunOptions) -> dict[str, Any]:
    """All that decides a result, beside the sandbox."""
    return {
        "assignment": [loaded.id, loaded.assignment_sha256, loaded.reference_sha256],
        "submission": [submission.student, submission.sha256, submission.problem],
        "data": [dataset.name, dataset.sha256] if dataset else [],
        "seed": keys_of(options.seed).fingerprint,
        "options": {key: value for key, value in asdict(options).items() if key != "seed"},
        "versions": {"autograder": __version__, "python": platform.python_version(), **versions()},
    }


def _replay_key(facts: dict[str, Any], sandbox: str) -> str:
    return hashlib.sha256(json.dumps([facts, sandbox], sort_keys=True).encode()).hexdigest()


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

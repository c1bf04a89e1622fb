"""How often honest classes raise the alarms about shortcuts, and how often those who take one do.

``python benchmarks/shortcuts.py`` trains classes of 30 with seeds, sizes, epochs and rates of their own (a softmax
regression on three overlapping classes of points), draws wrong answers out of a few hard samples, and draws times,
accuracies and points of checks that have nothing to do with each other. Prints the table of docs/insight.md.
Exit code 1: more than one honest class in a hundred raised an alarm (one in twenty, of checks against the rest), or a
shortcut was seen in fewer than nine of ten (but for the two that are stated as limits).
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from autograder.checks import Measurement, falls_on_fresh
from autograder.checks.shortcuts import wrong_answers
from autograder.insight.alarms import shortcut_alarms
from autograder.insight.items import analysed
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict

STUDENTS = 30
HIDDEN = 1_000


def report(student: str, answers: str = "", seconds: float = 0.1) -> Report:
    """One student's report about one check that passed."""
    check = CheckResult("c", "It learns", True, Verdict.PASSED, 1.0, 1.0, seconds, "", answers=answers)
    question = QuestionResult("a", "A", 1.0, 1.0, False, (check,))
    return Report("hw", student, 1.0, 1.0, 0.0, (question,), Resources(), Replay())


def trained(draw: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One student's predictions on the hidden samples."""
    chosen = draw.choice(len(x) - HIDDEN, int(draw.integers(80, 400)), replace=False)
    weights, rate = draw.normal(size=(x.shape[1], 3)) / 5, draw.uniform(0.03, 0.3)
    for _ in range(int(draw.integers(20, 100))):
        batch = draw.choice(chosen, 20)
        scores = np.exp(x[batch] @ weights)
        scores /= scores.sum(axis=1, keepdims=True)
        weights -= rate * x[batch].T @ (scores - np.eye(3)[y[batch]]) / 20
    return np.argmax(x[-HIDDEN:] @ weights, axis=1)


def answers(classes: int, *, changed: int | None) -> int:
    """Classes that raise an alarm; with `changed`, one student has another's predictions but for so many."""
    raised = 0
    for seed in range(classes):
        draw = np.random.default_rng(seed)
        x, y = draw.normal(size=(400 + HIDDEN, 20)), draw.integers(3, size=400 + HIDDEN)
        x[np.arange(len(x)), y] += draw.uniform(0.8, 2.0)
        made = [trained(draw, x, y) for _ in range(STUDENTS)]
        if changed is not None:
            made[1] = made[0].copy()
            made[1][:changed] = (made[1][:changed] + 1) % 3
        raised += bool(shortcut_alarms([report(f"s{n}", wrong_answers(p, y[-HIDDEN:])) for n, p in enumerate(made)]))
    return raised


def hard_samples(classes: int, *, copied: bool) -> int:
    """Classes that raise an alarm where only some samples are hard, and each student has most of them wrong."""
    raised, draw = 0, np.random.default_rng(0)
    for number in range(classes):
        pool, share = ((30, 0.75), (26, 0.8), (28, 0.78), (60, 0.6))[number % 4]
        wrong = draw.random((STUDENTS, pool)) < share
        if copied:
            wrong[1] = wrong[0]
        kept = [wrong_answers(each, np.zeros(pool)) for each in wrong]
        raised += bool(shortcut_alarms([report(f"s{n}", each) for n, each in enumerate(kept)]))
    return raised


def times(classes: int, *, quick: float | None) -> int:
    """Classes that raise an alarm; with `quick`, one student takes that share of the median."""
    draw, raised = np.random.default_rng(0), 0
    for _ in range(classes):
        seconds = 5 * np.exp(draw.normal(0, draw.uniform(0.05, 0.8 if quick is None else 0.4), STUDENTS))
        if quick is not None:
            seconds[0] = quick * float(np.median(seconds))
        raised += bool(shortcut_alarms([report(f"s{n}", "", float(each)) for n, each in enumerate(seconds)]))
    return raised


def falls(models: int, fall: float) -> int:
    """Models that raise an alarm when they lose so much on fresh data; 5 % is allowed."""
    draw, raised = np.random.default_rng(0), 0
    for _ in range(models):
        known, fresh = draw.binomial(2000, 0.95) / 2000, draw.binomial(2000, 0.95 - fall) / 2000
        raised += bool(falls_on_fresh(Measurement(known, 2000), Measurement(fresh, 2000)))
    return raised


def against_the_rest(classes: int, *, checks: int) -> int:
    """Classes for which a check goes against the rest, where the checks are independent of each other."""
    draw, raised = np.random.default_rng(0), 0
    for _ in range(classes):
        passed = draw.random((STUDENTS, checks)) < draw.uniform(0.3, 0.9, checks)
        reports = []
        for number, row in enumerate(passed.tolist()):
            results = tuple(
                CheckResult(f"c{at}", "It holds", True, verdict, float(good), 1.0, 0.1, "")
                for at, good in enumerate(row)
                for verdict in [Verdict.PASSED if good else Verdict.FAILED]
            )
            question = QuestionResult("a", "A", 1.0, 1.0, False, results)
            reports.append(Report("hw", f"s{number}", 1.0, 1.0, 0.0, (question,), Resources(), Replay()))
        raised += any(item.against for item in analysed(reports).items)
    return raised


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, default=100)
    classes = parser.parse_args().classes
    honest = {
        "the same wrong answers": answers(classes, changed=None),
        "the same wrong answers, where few samples are hard": hard_samples(40 * classes, copied=False),
        "one of 20 checks is against the rest": against_the_rest(5 * classes, checks=20),
        "training without time": times(10 * classes, quick=None),
        "falls on fresh data by the allowed 5 %": falls(100 * classes, 0.05),
    }
    shortcut = {
        "one has another's predictions": answers(classes, changed=0),
        "the same, 5 of 1,000 changed": answers(classes, changed=5),
        "the same, 20 of 1,000 changed": answers(classes, changed=20),
        "the same, where few samples are hard": hard_samples(4 * classes, copied=True),
        "one takes a hundredth of the median": times(10 * classes, quick=0.01),
        "falls on fresh data by 12 %": falls(100 * classes, 0.12),
    }
    counts = dict.fromkeys((*honest, *shortcut), classes)
    counts["the same wrong answers, where few samples are hard"] = 40 * classes
    counts["one of 20 checks is against the rest"] = 5 * classes
    counts["the same, where few samples are hard"] = 4 * classes
    counts |= dict.fromkeys(("training without time", "one takes a hundredth of the median"), 10 * classes)
    counts |= {name: 100 * classes for name in counts if name.startswith("falls")}
    print("| honest | raised |\n|---|---|")
    for name, raised in honest.items():
        print(f"| {name} | {raised} of {counts[name]:,} |")
    print("\n| shortcut | raised |\n|---|---|")
    for name, raised in shortcut.items():
        print(f"| {name} | {raised} of {counts[name]:,} |")
    most = dict.fromkeys(honest, 0.01) | {"one of 20 checks is against the rest": 0.05}
    good = all(raised <= most[name] * counts[name] for name, raised in honest.items())
    limits = ("the same, 20 of 1,000 changed", "the same, where few samples are hard")
    seen = [raised >= 0.9 * counts[name] for name, raised in shortcut.items() if name not in limits]
    return 0 if good and all(seen) else 1


if __name__ == "__main__":
    sys.exit(main())

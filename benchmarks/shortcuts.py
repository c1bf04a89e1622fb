"""How often honest classes raise the alarms about shortcuts, and how often those who take one do.

``python benchmarks/shortcuts.py`` trains classes of 30 with seeds, sizes, epochs and rates of their own (a softmax
regression on three overlapping classes of points), and draws times and accuracies. Prints the table of docs/insight.md.
Exit code 1: an honest class raised more than one alarm in a hundred classes, or a shortcut was seen in fewer than nine
of ten (but for the one that is stated as a limit).
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from autograder.checks import Measurement, falls_on_fresh
from autograder.checks.shortcuts import wrong_answers
from autograder.insight.shortcuts import shortcut_alarms
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


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, default=100)
    classes = parser.parse_args().classes
    honest = {
        "the same wrong answers": answers(classes, changed=None),
        "training without time": times(10 * classes, quick=None),
        "falls on fresh data by the allowed 5 %": falls(100 * classes, 0.05),
    }
    shortcut = {
        "one has another's predictions": answers(classes, changed=0),
        "the same, 5 of 1,000 changed": answers(classes, changed=5),
        "the same, 20 of 1,000 changed": answers(classes, changed=20),
        "one takes a hundredth of the median": times(10 * classes, quick=0.01),
        "falls on fresh data by 12 %": falls(100 * classes, 0.12),
    }
    counts = dict.fromkeys((*honest, *shortcut), classes)
    counts |= dict.fromkeys(("training without time", "one takes a hundredth of the median"), 10 * classes)
    counts |= {name: 100 * classes for name in counts if name.startswith("falls")}
    print("| honest | raised |\n|---|---|")
    for name, raised in honest.items():
        print(f"| {name} | {raised} of {counts[name]:,} |")
    print("\n| shortcut | raised |\n|---|---|")
    for name, raised in shortcut.items():
        print(f"| {name} | {raised} of {counts[name]:,} |")
    good = all(raised <= 0.01 * counts[name] for name, raised in honest.items())
    seen = [raised >= 0.9 * counts[name] for name, raised in shortcut.items() if "20 of" not in name]  # a known limit
    return 0 if good and all(seen) else 1


if __name__ == "__main__":
    sys.exit(main())

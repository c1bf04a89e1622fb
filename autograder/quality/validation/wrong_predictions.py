"""Files of predictions that know nothing of the inputs, graded as submissions.

One value for every id, the labels in a random order, and the public part's labels with a guess for all others: whoever
hands in such a file has learned nothing, so the points for the private part must be out of its reach.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import numpy as np

from autograder.assignment.declaration import Assignment
from autograder.assignment.predictions import Predictions
from autograder.assignment.question import Check
from autograder.checks.local.predictions import ID, Form
from autograder.checks.wording import counted
from autograder.grading.predictions import parts_of
from autograder.loader import Loaded
from autograder.messages import for_instructor
from autograder.quality.validation.own_submissions import OwnSubmissions
from autograder.quality.validation.static_analysis import Finding
from autograder.results import Verdict
from autograder.scoring import rounded, shown

__all__ = ["ORDERS", "wrong_files", "wrong_predictions"]

ORDERS = 3
"""In how many random orders the labels are tried."""
BY_CHANCE = 0.05
"""The share of the points from which on it is a warning that a wrong file earns them."""

_RUNS = frozenset(("student", "reference"))

Row = tuple[str, ...]


def wrong_predictions(own: OwnSubmissions, *, quick: bool = False, failed: bool = False) -> Iterator[Finding]:
    """What wrong files of predictions earn, a finding for each file that the assignment asks for.

    Points for them are a warning, all points a fault: right and wrong work are then not distinguished. So is a metric
    or a check that fails over such a file, which would be INTERNAL for the student who hands it in. Where a package is
    missing that reads such a file, the reference fails already, and nothing is said here.

    Only checks that look at predictions are run, for every other one finds the reference's work as it was.

    Args:
        own: the reference as a submission, beside whose files the wrong ones are handed in.
        quick: leave out checks that look at predictions and run the submission as well, which may train.
        failed: whether the reference misses points; then nothing is tried.
    """
    if failed:
        return
    others = _others(own.loaded.assignment, quick=quick)
    for asked in own.loaded.assignment.predictions:
        if asked.file.endswith(".parquet") and find_spec("pyarrow") is None:
            continue
        most = sum(check.points for check in own.loaded.assignment.checks if check.id in asked.checks)
        earned, broken = dict[str, list[float]](), dict[str, str]()
        for name, content in wrong_files(own.loaded, asked, own.options.seed):
            submission = own.hand_in("predictions", own.reference_files() | {asked.file: content})
            report = own.grade(submission, own.options, done=others)
            checks = [check for each in report.questions for check in each.checks]
            points = sum(check.points for check in checks if check.id in asked.checks)
            earned.setdefault(name, []).append(points)
            for check in checks:
                if check.verdict is Verdict.INTERNAL and for_instructor(check.staff_message):
                    broken.setdefault(check.id, f"{check.id}: INTERNAL for {name}, {check.staff_message}")
        yield _finding(asked.file, most, earned, broken)


def _others(assignment: Assignment, *, quick: bool) -> frozenset[str]:
    """The ids of the checks and answers that wrong files of predictions do not concern."""
    checks = {check.id: check for check in assignment.checks}

    def looks(check: Check) -> bool:
        """Whether a check is given predictions, or what another one made of them."""
        given = check.parameters
        return "predictions" in given or any(looks(checks[need]) for need in check.needs if need in given)

    def runs(check: Check) -> bool:
        """Whether a check, or one that it needs, runs the submission or the reference."""
        return not _RUNS.isdisjoint(check.parameters) or any(runs(checks[need]) for need in check.needs)

    about = {name for name, check in checks.items() if looks(check) and not (quick and runs(check))}
    return frozenset((*checks, *(each.id for each in assignment.written))) - about


def wrong_files(loaded: Loaded, asked: Predictions, seed: str) -> Iterator[tuple[str, bytes]]:
    """Wrong files of predictions, each with what it holds; what is drawn comes several times.

    Args:
        loaded: the assignment.
        asked: one of its files of predictions, with its labels.
        seed: of the course, which decides what the public part is.
    """
    rows = list(asked.rows.values())
    usual = Counter(rows).most_common(1)[0][0]
    constants = [usual]
    if not asked.form.classes:
        numbers = np.array(rows, dtype=float)
        constants += [tuple(map(repr, each.tolist())) for each in (numbers.mean(axis=0), np.median(numbers, axis=0))]
    for text, row in {", ".join(map(_short, row)): row for row in constants}.items():
        yield f'"{text}" for every id', _written(asked.form, [row] * len(rows))
    for number in range(ORDERS):
        order = np.random.default_rng(number).permutation(len(rows))
        yield "labels in a random order", _written(asked.form, [rows[place] for place in order])
    public = set(parts_of(loaded, asked, seed)[0].tolist())
    if public:
        copied = [row if place in public else usual for place, row in enumerate(rows)]
        yield "the public part's labels, and the most frequent one for all others", _written(asked.form, copied)


def _finding(file: str, most: float, earned: dict[str, list[float]], broken: dict[str, str]) -> Finding:
    """What is said about a file, judged by the try that earns most.

    Args:
        file: its name.
        most: the points that it can earn.
        earned: the points of each wrong file, of each try of those that are drawn.
        broken: a sentence for each check that failed.
    """
    what = f"what wrong predictions in {file} earn"
    if broken:
        fix = "A metric or a check must not fail over predictions, whatever they are: correct it."
        return Finding(what, False, " ".join(broken.values()), fix)
    said = [f"{name}: {_earned(points, most)}" for name, points in earned.items() if any(points)]
    highest = max(rounded(max(points)) for points in earned.values())
    return Finding(
        what,
        highest < rounded(most) or not rounded(most),
        f"{'; '.join(said)}." if said else f"No points for any of these files: {'; '.join(earned)}.",
        "Raise the lowest threshold (or the baseline) above what guessing reaches, or measure by a metric that weighs "
        "rare classes as much as frequent ones.",
        warning=0 < highest >= rounded(BY_CHANCE * most),
    )


def _earned(points: Sequence[float], most: float) -> str:
    """The points of one wrong file: the mean of its tries, and the highest where they differ."""
    mean, highest = rounded(sum(points) / len(points)), rounded(max(points))
    said = f"{shown(mean)} of {counted(most, 'point')}"
    return said if mean == highest else f"{said} on average, at most {shown(highest)}"


def _written(form: Form, rows: Sequence[Row]) -> bytes:
    """A file of that form with these predictions, in the order of the ids."""
    if form.file.endswith(".npy"):
        values = np.array(rows, dtype=str if form.classes else float)
        array = io.BytesIO()
        np.save(array, values[:, 0] if len(form.columns) == 1 else values)
        return array.getvalue()
    if form.file.endswith(".parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {ID: list(form.ids)} | {name: [row[place] for row in rows] for place, name in enumerate(form.columns)}
        table = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), table)
        return bytes(table.getvalue().to_pybytes())
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((ID, *form.columns))
    writer.writerows((name, *row) for name, row in zip(form.ids, rows, strict=True))
    return text.getvalue().encode()


def _short(text: str) -> str:
    """A label as it is shown."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return repr(text)[1:-1]

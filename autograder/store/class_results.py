"""What the pages show, read from the results database: each student's newest run, and what its checks gave.

A run that is not final (INTERNAL) is shown only where a student has no other one. Points are those of the run: what
lateness takes off and what homework sets add is in the gradebook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from autograder.results import Verdict
from autograder.store.database import Database

__all__ = ["BINS", "SORTS", "AssignmentLine", "CheckLine", "ClassPage", "StudentLine", "assignments", "class_page"]

_NEWEST = (
    "SELECT t.assignment_id, r.student_id, r.id, r.internal, r.points, r.max_points, r.finished FROM runs r "
    "JOIN attempts t ON t.id = r.attempt_id {where} ORDER BY NOT r.internal, r.finished, r.id"
)
BINS = 10
"""So many parts of the points the distribution has."""
_AT_ONCE = 500  # runs in one query: databases take about a thousand at most


@dataclass(frozen=True, slots=True)
class AssignmentLine:
    """An assignment on the course page.

    Args:
        name: its name.
        students: how many have a run.
        mean: their mean points, of final runs; None where there is none.
        manual: how many answers wait for manual grading.
        internal: how many students have no final run.
        requests: how many requests are open.
    """

    name: str
    students: int
    mean: float | None
    manual: int
    internal: int
    requests: int


@dataclass(frozen=True, slots=True)
class StudentLine:
    """A student on the class page; `id` is the number in the tables, `manual` counts checks that wait for a person."""

    id: int
    name: str
    points: float
    most: float
    passed: int
    checks: int
    manual: int
    internal: bool
    finished: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check on the class page: of `runs` final runs with a verdict, how many passed, as a number from 0 to 1."""

    question: str
    check: str
    hidden: bool
    runs: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class ClassPage:
    """One assignment: the students that were asked for, how many there are in all, and its checks.

    `bins` says how many students with a final run have a tenth of the points, the next tenth, and so on.
    """

    students: tuple[StudentLine, ...]
    total: int
    checks: tuple[CheckLine, ...]
    bins: tuple[int, ...]


SORTS: Mapping[str, Callable[[StudentLine], Any]] = MappingProxyType(
    {
        "student": lambda line: line.name,
        "points": lambda line: line.points,
        "passed": lambda line: line.passed,
        "manual": lambda line: line.manual,
        "graded": lambda line: line.finished,
    }
)
"""What the table of students may be sorted by."""


def assignments(database: Database) -> tuple[AssignmentLine, ...]:
    """Every assignment with what waits for people, by name."""
    newest = {(about, who): row for about, who, *row in database.rows(_NEWEST.format(where=""))}
    waiting = _waiting(database, [row[0] for row in newest.values() if not row[1]])
    requests = dict(
        database.rows("SELECT assignment_id, COUNT(*) FROM requests WHERE state = 'open' GROUP BY assignment_id")
    )
    lines = []
    for id_, name in database.rows("SELECT id, name FROM assignments ORDER BY name"):
        rows = [row for (about, _), row in newest.items() if about == id_]
        final = [row for row in rows if not row[1]]
        mean = sum(row[2] for row in final) / len(final) if final else None
        manual = sum(waiting.get(row[0], 0) for row in final)
        lines.append(AssignmentLine(name, len(rows), mean, manual, len(rows) - len(final), int(requests.get(id_, 0))))
    return tuple(lines)


def class_page(
    database: Database,
    assignment: str,
    *,
    sort: str = "student",
    down: bool = False,
    search: str = "",
    tenth: int | None = None,
    without: str = "",
) -> ClassPage | None:
    """The students and checks of an assignment; None where there is no such assignment.

    Args:
        database: where; inside a transaction that reads.
        assignment: its name.
        sort: one of `SORTS`.
        down: whether the largest comes first.
        search: a part of the names to show, in any case; "" for all.
        tenth: only students in that one of `ClassPage.bins`; None for all.
        without: only students who did not pass the check of that id; "" for all.
    """
    found = database.rows("SELECT id FROM assignments WHERE name = :name", {"name": assignment})
    if not found:
        return None
    rows = database.rows(_NEWEST.format(where="WHERE t.assignment_id = :id"), {"id": found[0][0]})
    newest = {who: row for _, who, *row in rows}
    names = dict(database.rows("SELECT id, name FROM students"))
    checks = _check_rows(database, [row[0] for row in newest.values()])
    lines = []
    for who, (run, internal, points, most, finished) in newest.items():
        verdicts = [verdict for *_, verdict in checks.get(run, ())]
        passed, manual = verdicts.count(Verdict.PASSED.name), verdicts.count(Verdict.MANUAL.name)
        lines.append(
            StudentLine(who, names[who], points, most, passed, len(verdicts), manual, bool(internal), finished[:16])
        )
    final = [checks.get(row[0], []) for row in newest.values() if not row[1]]
    failing = {
        who
        for who, (run, *_) in newest.items()
        if any(check == without and verdict != Verdict.PASSED.name for _, check, _, verdict in checks.get(run, ()))
    }
    shown = [
        line
        for line in lines
        if search.casefold() in line.name.casefold() and tenth in (None, _tenth(line))
        if not without or line.id in failing
    ]
    shown.sort(key=lambda line: line.name)
    shown.sort(key=SORTS[sort], reverse=down)
    counts = Counter(map(_tenth, lines))
    return ClassPage(tuple(shown), len(lines), _rates(final), tuple(counts[number] for number in range(BINS)))


def _tenth(line: StudentLine) -> int | None:
    """In which tenth of the points a student is; None where nothing is final."""
    if line.internal or not line.most:
        return None
    return max(0, min(BINS - 1, int(BINS * line.points / line.most + 1e-9)))


def _rates(runs: Sequence[Sequence[tuple[str, str, bool, str]]]) -> tuple[CheckLine, ...]:
    """A line for each check, in the order of the reports; what waits for manual grading is in no rate."""
    verdicts: dict[tuple[str, str, bool], list[str]] = {}
    for run in runs:
        for question, check, hidden, verdict in run:
            seen = verdicts.setdefault((question, check, hidden), [])
            if verdict != Verdict.MANUAL.name:
                seen.append(verdict)
    return tuple(
        CheckLine(*about, len(seen), seen.count(Verdict.PASSED.name) / len(seen) if seen else None)
        for about, seen in verdicts.items()
    )


def _check_rows(database: Database, runs: Sequence[int]) -> dict[int, list[tuple[str, str, bool, str]]]:
    """Question, check, whether it is hidden, and verdict, by run and in the order of the report."""
    found: dict[int, list[tuple[str, str, bool, str]]] = {}
    for places, values in _parts(runs):
        for run, question, check, hidden, verdict in database.rows(
            "SELECT run_id, question, check_id, hidden, verdict FROM check_results "
            f"WHERE run_id IN ({places}) ORDER BY run_id, position",
            values,
        ):
            found.setdefault(run, []).append((question, check, bool(hidden), verdict))
    return found


def _waiting(database: Database, runs: Sequence[int]) -> dict[int, int]:
    """How many checks of a run wait for manual grading, by run; those without are left out."""
    found = dict[int, int]()
    for places, values in _parts(runs):
        found |= dict(
            database.rows(
                "SELECT run_id, COUNT(*) FROM check_results WHERE verdict = :manual "
                f"AND run_id IN ({places}) GROUP BY run_id",
                {**values, "manual": Verdict.MANUAL.name},
            )
        )
    return found


def _parts(runs: Sequence[int]) -> list[tuple[str, dict[str, int]]]:
    """The places and values of a few queries for many runs."""
    parts = [runs[start : start + _AT_ONCE] for start in range(0, len(runs), _AT_ONCE)]
    named = [{f"r{number}": run for number, run in enumerate(part)} for part in parts]
    return [(", ".join(f":{name}" for name in values), values) for values in named]

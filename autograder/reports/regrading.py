"""Two gradings of one class side by side: what the second changes, and the folder of each until one is taken.

Points are compared as the checks gave them; what people gave for written answers is the same in both.

``OUT/regraded`` holds a whole second grading. Taking it moves what was there to ``OUT/versions/N`` and puts the new
reports in place. Where students keep their better result, the earlier report of whoever would lose is kept in
``OUT/kept_best``, and counts as long as no other submission is graded, whatever is graded again.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.reports.files import (
    csv_text,
    file_names,
    read_hand_ins,
    read_report,
    report_text,
    write_hand_ins,
    write_text,
)
from autograder.results import CheckResult, Report
from autograder.scoring import rounded, shown

__all__ = [
    "KEPT",
    "KEPT_TIMES",
    "REGRADED",
    "StudentChange",
    "as_it_is",
    "better",
    "blamed",
    "change_sentence",
    "changes",
    "changes_csv",
    "counting_folder",
    "keep_best",
    "kept",
    "put_away_version",
    "signed",
    "who_keeps",
    "with_kept",
]

HEADER = ("student", "before", "after", "difference", "check", "check_before", "check_after", "verdict_before",
          "verdict_after")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckChange:
    """A check whose points or verdict are others than before; "" and 0 stand for a check that was not there."""

    id: str
    title: str
    before: float
    after: float
    verdict_before: str
    verdict_after: str

    @property
    def difference(self) -> float:
        """Points gained; negative for points lost."""
        return rounded(self.after - self.before)


@dataclass(frozen=True, slots=True)
class StudentChange:
    """A student's points with bonus points, before and after; None for a student who was not graded then.

    `most` are the available points then and now; `another` says that another submission was graded.
    """

    student: str
    before: float | None
    after: float | None
    most: tuple[float, float]
    checks: tuple[CheckChange, ...]
    another: bool = False

    @property
    def difference(self) -> float:
        """Points gained; negative for points lost."""
        return rounded((self.after or 0.0) - (self.before or 0.0))


def changes(before: Iterable[Report], after: Iterable[Report]) -> tuple[StudentChange, ...]:
    """Everybody whose points, or available points, or some check of whom changed; losses first, then gains.

    Args:
        before: the reports of the earlier grading, one for each student.
        after: those of the later one.
    """
    old, new = ({report.student: report for report in reports} for reports in (before, after))
    found = (_change(student, old.get(student), new.get(student)) for student in {**old, **new})
    moved = (each for each in found if each.checks or each.difference or each.most[0] != each.most[1])
    return tuple(sorted(moved, key=lambda each: (each.difference, each.student.casefold())))


def _change(student: str, old: Report | None, new: Report | None) -> StudentChange:
    return StudentChange(
        student,
        _points(old),
        _points(new),
        (old.max_points if old else 0.0, new.max_points if new else 0.0),
        tuple(_checks(old, new)) if old and new else (),
        bool(old and new and old.replay.submission_sha256 != new.replay.submission_sha256),
    )


def _points(report: Report | None) -> float | None:
    return None if report is None else rounded(report.points + report.bonus_points)


def _checks(old: Report, new: Report) -> Iterable[CheckChange]:
    first, second = _by_id(old), _by_id(new)
    for id_ in {**first, **second}:
        one, other = first.get(id_), second.get(id_)
        points = (one.points if one else 0.0, other.points if other else 0.0)
        verdicts = (one.verdict.value if one else "", other.verdict.value if other else "")
        if points[0] != points[1] or verdicts[0] != verdicts[1]:
            shown_one = other or one
            assert shown_one is not None
            yield CheckChange(id_, shown_one.title, *points, *verdicts)


def _by_id(report: Report) -> Mapping[str, CheckResult]:
    return {check.id: check for question in report.questions for check in question.checks}


def as_it_is(report: Report) -> Report:
    """The same report: how reports are scored where no assignment says otherwise."""
    return report


def better(new: Report, old: Report | None, rescored: Callable[[Report], Report] = as_it_is) -> Report:
    """The report that gives a student more, the new one where both give as much.

    Only reports of one submission are compared, or of attempts that may both count, as the best does: what was handed
    in since is judged as it is. An earlier report that has
    the same checks gets the points that these have now; where different points are available, shares are compared.

    Args:
        new: the report of the later grading.
        old: that of an earlier one, or None.
        rescored: gives a report with the same checks the present points.
    """
    if old is None or old.replay.submission_sha256 not in _attempts(new) or old.not_final:
        return new
    if _outline(old) == _outline(new) and (now := rescored(old)) is not old:
        old = replace(now, replay=old.replay)
    return old if _gives_more(old, new) else new


def _attempts(report: Report) -> tuple[str, ...]:
    return (report.replay.submission_sha256, *report.replay.attempts)


def _outline(report: Report) -> list[tuple[str, str, tuple[str, ...]]]:
    """Which checks a report has, with the names of their cases."""
    return [
        (question.id, check.id, tuple(case.name for case in check.cases))
        for question in report.questions
        for check in question.checks
    ]


def _gives_more(one: Report, other: Report) -> bool:
    first, second = _points(one) or 0.0, _points(other) or 0.0
    if one.max_points == other.max_points:
        return first > second
    return rounded(first * other.max_points) > rounded(second * one.max_points)


def blamed(found: Sequence[StudentChange]) -> tuple[tuple[CheckChange, int, float], ...]:
    """Each check that changed, with how many students and points (of all of them) by it, most losses first."""
    count: Counter[str] = Counter(check.id for each in found for check in each.checks)
    total: Counter[str] = Counter()
    example: dict[str, CheckChange] = {}
    for each in found:
        for check in each.checks:
            total[check.id] += check.difference  # type: ignore[assignment]  # a sum of points
            example.setdefault(check.id, check)
    order = sorted(example, key=lambda id_: (total[id_], -count[id_], id_))
    return tuple((example[id_], count[id_], rounded(total[id_])) for id_ in order)


def change_sentence(found: Sequence[StudentChange], everybody: int) -> str:
    """What a second grading changes, in one line.

    >>> change_sentence([], 30)
    'Nothing changes: 30 students have the points that they had.'
    """
    gain = sum(each.difference > 0 for each in found)
    lose = sum(each.difference < 0 for each in found)
    if not found:
        have = "has the points that it" if everybody == 1 else "have the points that they"
        return f"Nothing changes: {counted(everybody, 'student')} {have} had."
    most = max(found, key=lambda each: abs(each.difference))
    stay = everybody - gain - lose
    return (
        f"{counted(gain, 'student')} {'gains' if gain == 1 else 'gain'}, {counted(lose, 'student')} "
        f"{'loses' if lose == 1 else 'lose'}, {stay} {'keeps' if stay == 1 else 'keep'} their points; the largest "
        f"change is {signed(most.difference)}."
    )


def signed(points: float) -> str:
    """Points gained or lost: "+2", "-0.5", "0"."""
    return f"{'+' if points > 0 else ''}{shown(points)}"


def changes_csv(found: Sequence[StudentChange]) -> str:
    """A line for each check that changed, or one without a check where none did."""
    rows: list[tuple[str | float | None, ...]] = [HEADER]
    for each in found:
        about = (each.student, each.before, each.after, each.difference)
        rows += [
            (*about, check.id, check.before, check.after, check.verdict_before, check.verdict_after)
            for check in each.checks
        ] or [(*about, "", None, None, "", "")]
    return csv_text(rows)


REGRADED, VERSIONS, KEPT = "regraded", "versions", "kept_best"
KEPT_TIMES = f"{KEPT}/.times"
"""The folder for hand-in times of reports that are kept, which may be of another attempt; no report is called so."""
_NOTE = "This is the result of an earlier grading, which gave more points than a later one."
_OF_A_VERSION = (
    "reports",
    "feedback",
    "staff",
    "grades.csv",
    "summary.html",
    "alarms.json",
    "items.csv",
    "hand_ins.json",
)


def kept(out: Path) -> dict[str, Report]:
    """The reports that students keep because they are better, by student.

    Raises:
        UsageError: one of them cannot be read.
    """
    found = (read_report(path) for path in sorted((out / KEPT).glob("*.json")))
    return {report.student: report for report in found}


def with_kept(
    out: Path, reports: Iterable[Report], rescored: Callable[[Report], Report] = as_it_is
) -> tuple[Report, ...]:
    """The reports, with the one that a student keeps in place of a worse one of the same submission.

    Args:
        out: the folder that `autograder grade --out` wrote.
        reports: what was found now.
        rescored: gives a report with the same checks the present points.

    Raises:
        UsageError: a report that is kept cannot be read.
    """
    found = tuple(reports)
    if not (out / KEPT).is_dir():
        return found
    before = kept(out)
    return tuple(better(report, before.get(report.student), rescored) for report in found)


def who_keeps(out: Path, reports: Iterable[Report], rescored: Callable[[Report], Report] = as_it_is) -> tuple[str, ...]:
    """The students who keep an earlier report in place of one of these; arguments and errors as of `with_kept`."""
    found = tuple(reports)
    laid_over = with_kept(out, found, rescored)
    return tuple(new.student for new, counts in zip(found, laid_over, strict=True) if counts is not new)


def keep_best(
    out: Path,
    before: Iterable[Report],
    after: Iterable[Report],
    rescored: Callable[[Report], Report] = as_it_is,
) -> None:
    """Keep the earlier report of everybody who would have less by the later one.

    Args:
        out: the folder that `autograder grade --out` wrote.
        before: the reports that count so far.
        after: those that are to count.
        rescored: gives a report with the same checks the present points.

    Raises:
        UsageError: a file cannot be written.
    """
    new = {report.student: report for report in after}
    better_before = [
        report
        for report in before
        if report.student in new and better(new[report.student], report, rescored) is not new[report.student]
    ]
    names = file_names(report.student for report in better_before)
    for report in better_before:
        if _NOTE not in report.notes:
            report = replace(report, notes=(*report.notes, _NOTE))
        write_text(out / KEPT / f"{names[report.student]}.json", report_text(report))
    times = [each for each in read_hand_ins(out / KEPT_TIMES) if each.student not in names]
    write_hand_ins(out / KEPT_TIMES, (*times, *(each for each in read_hand_ins(out) if each.student in names)))


def counting_folder(out: Path) -> Path:
    """The folder of the results that count: `out`, or the folder whose class was graded again into `out`."""
    return out.parent if out.name == REGRADED and (out.parent / "reports").is_dir() else out


def put_away_version(out: Path) -> Path:
    """Copy what counts so far into the next free ``OUT/versions/N``, and return that folder.

    Raises:
        UsageError: it cannot be written.
    """
    numbers = [int(path.name) for path in (out / VERSIONS).glob("*") if path.name.isdecimal()]
    target = out / VERSIONS / str(max(numbers, default=0) + 1)
    draft = out / VERSIONS / f".{target.name}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name in _OF_A_VERSION:
            source = out / name
            if source.is_dir():
                shutil.copytree(source, draft / name)
            elif source.is_file():
                shutil.copyfile(source, draft / name)
        draft.rename(target)
    except OSError as error:
        raise UsageError(
            f"Cannot keep the present version in {target}: {reason_of(error)}; nothing was changed."
        ) from None
    return target

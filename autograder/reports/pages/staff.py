"""Pages for staff: the class at a glance, answers to a question, what a second grading changes, similar submissions.

The pages of similar submissions say what was counted and what that can mean; neither says that anybody copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import TYPE_CHECKING

from autograder.insight.alarms import SHORTCUTS, ClassAlarm
from autograder.insight.items import Analysis
from autograder.messages import WORDING, banners, next_step
from autograder.reports.files import csv_text
from autograder.reports.pages.student import Heading, render
from autograder.reports.regrading import StudentChange, blamed, change_sentence
from autograder.results import CheckResult, Report, Verdict
from autograder.scoring import rounded

if TYPE_CHECKING:
    from autograder.insight.similarity.pairs import Pair, Side

__all__ = [
    "Asked",
    "Likeness",
    "SimilarClass",
    "answers_page",
    "changes_page",
    "check_rates",
    "distribution",
    "pair_page",
    "similar_csv",
    "similar_page",
    "summary_page",
]

BINS = 10


@dataclass(frozen=True, slots=True)
class CheckRate:
    """How a class did in one check: `passed` of `counted` submissions, INTERNAL ones left out.

    `cpu_seconds` are those of all submissions together, `peak_memory_mib` is that of the largest one; 0
    where nothing was measured.
    """

    question: str
    title: str
    hidden: bool
    passed: int
    counted: int
    verdicts: tuple[tuple[Verdict, int], ...]
    cpu_seconds: float = 0.0
    peak_memory_mib: float = 0.0


@dataclass(frozen=True, slots=True)
class Bin:
    """How many students have between `low` and `high` per cent of the points, bonus included (above 100: the last)."""

    low: int
    high: int
    count: int


def summary_page(
    reports: Sequence[Report],
    heading: Heading,
    names: Mapping[str, str],
    *,
    dataset: str,
    sandbox: str,
    alarms: Sequence[ClassAlarm] = (),
    analysis: Analysis | None = None,
    usage: str = "",
) -> str:
    """The page; `names` gives the file name of each student's own pages, `alarms` are about the class as a whole,
    `analysis` is about the checks, `usage` says what the class took.
    """
    totals = [rounded(report.points + report.bonus_points) for report in reports]
    questions = {q.id: (q.title, q.bonus) for report in reports for q in report.questions}
    bins = distribution(reports)
    ours = [report for report in reports if report.internal]
    return render(
        "summary.html",
        heading=heading,
        reports=sorted(reports, key=lambda report: report.student.casefold()),
        names=names,
        questions=questions,
        rates=check_rates(reports),
        bins=bins,
        tallest=max((each.count for each in bins), default=0) or 1,
        mean=rounded(mean(totals)) if totals else 0.0,
        median=rounded(median(totals)) if totals else 0.0,
        max_points=max((report.max_points for report in reports), default=0.0),
        by_hand=rounded(sum(check.by_hand for report in reports for check in report.waiting)),
        unread=[check for report in reports for check in report.to_read],
        ours=ours,
        ours_next=next_step(ours),
        class_alarms=[alarm for alarm in alarms if alarm.kind not in SHORTCUTS],
        shortcuts=[alarm for alarm in alarms if alarm.kind in SHORTCUTS],
        analysis=analysis,
        usage=usage,
        banners=banners(sorted(reports, key=lambda report: report.student.casefold())),
        alarmed=[report for report in reports if report.alarms],
        dataset=dataset,
        sandbox=sandbox,
    )


def check_rates(reports: Sequence[Report]) -> tuple[CheckRate, ...]:
    """One row per check, in the order of the assignment."""
    verdicts: dict[tuple[str, str], Counter[Verdict]] = {}
    about: dict[tuple[str, str], tuple[str, bool]] = {}
    used: dict[tuple[str, str], tuple[float, float]] = {}
    for report in reports:
        for question in report.questions:
            for check in question.checks:
                if check.by_hand:  # nobody passes or fails before it is read
                    continue
                where = (question.id, check.id)
                about[where] = (check.title, check.hidden)
                verdicts.setdefault(where, Counter())[check.verdict] += 1
                cpu, memory = used.get(where, (0.0, 0.0))
                used[where] = cpu + check.cpu_seconds, max(memory, check.peak_memory_mib)
    order = list(WORDING)
    return tuple(
        CheckRate(
            where[0],
            *about[where],
            passed=counts[Verdict.PASSED],
            counted=counts.total() - counts[Verdict.INTERNAL],
            verdicts=tuple(sorted(counts.items(), key=lambda pair: order.index(pair[0]))),
            cpu_seconds=used[where][0],
            peak_memory_mib=used[where][1],
        )
        for where, counts in verdicts.items()
    )


def distribution(reports: Sequence[Report]) -> tuple[Bin, ...]:
    """Ten bins over the share of the points; reports without available points are left out."""
    shares = [(r.points + r.bonus_points) / r.max_points for r in reports if r.max_points > 0]
    counts = Counter(min(BINS - 1, int(share * BINS + 1e-9)) for share in shares)
    width = 100 // BINS
    return tuple(Bin(n * width, (n + 1) * width, counts[n]) for n in range(BINS))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the question's and the answer's id, the title, the rubric as staff read it."""

    question: str
    id: str
    title: str
    summary: str


def answers_page(asked: Asked, reports: Sequence[Report], heading: Heading, names: Mapping[str, str]) -> str:
    """The page; `names` gives the file name of each student's own files.

    Args:
        asked: the written question.
        reports: with people's points in place, where there are some.
        heading: what stands on top.
        names: file names by student.
    """
    found: list[tuple[Report, CheckResult]] = [
        (report, check)
        for report in sorted(reports, key=lambda each: each.student.casefold())
        for question in report.questions
        if question.id == asked.question
        for check in question.checks
        if check.id == asked.id
    ]
    return render("answers.html", asked=asked, found=found, heading=heading, names=names)


_LEFT, _RIGHT = 8.0, 632.0
_MOST_DRAWN = 120


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A student's points before and after as places on the axis."""

    change: StudentChange
    x1: float
    x2: float


def changes_page(found: Sequence[StudentChange], everybody: int, heading: Heading) -> str:
    """One self-contained page; of more than 120 students the plot shows those with the largest changes.

    Args:
        found: who gains or loses, as `autograder.reports.regrading.changes` gives them.
        everybody: how many were graded.
        heading: what stands on top of the page.
    """
    most = max((points for each in found for points in (*each.most, each.before or 0.0, each.after or 0.0)), default=0)
    moved = [each for each in found if each.difference and each.before is not None and each.after is not None]
    largest = sorted(moved, key=lambda each: -abs(each.difference))[:_MOST_DRAWN]

    def place(points: float | None) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * max(points or 0.0, 0.0) / most, 1) if most else _LEFT

    drawn = [_Drawn(each, place(each.before), place(each.after)) for each in moved if each in largest]
    return render(
        "changes.html",
        heading=heading,
        changes=found,
        sentence=change_sentence(found, everybody),
        blamed=blamed(found),
        drawn=drawn,
        most=most,
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """A listed pair: two submissions' names, the pair, the group that it belongs to (from 1), and its page."""

    first: str
    second: str
    pair: Pair
    cluster: int
    page: str


@dataclass(frozen=True, slots=True)
class SimilarClass:
    """What was found in a class.

    `clusters` are names, largest group first. `submissions`, `earlier` and `compared` count submissions, those of
    earlier years, and pairs; `typical` is the median share, `limit` the one from which on a pair is listed. `small`
    says that there are too few to see what is common. `unread` are names with the sentence why.
    """

    pairs: tuple[Likeness, ...]
    clusters: tuple[tuple[str, ...], ...]
    submissions: int
    earlier: int
    compared: int
    typical: float
    limit: float
    small: bool
    unread: tuple[tuple[str, str], ...]


def similar_page(found: SimilarClass, heading: Heading) -> str:
    """The list of pairs and clusters."""
    return render("similar.html", found=found, heading=heading)


def pair_page(likeness: Likeness, sides: Sequence[Side], regions: int, found: SimilarClass, heading: Heading) -> str:
    """Two submissions side by side; `regions` are numbered from 1, the longest first."""
    return render(
        "similar_pair.html", likeness=likeness, sides=sides, regions=regions, found=found, heading=heading, seen=set()
    )


def similar_csv(found: SimilarClass) -> str:
    """A row for each listed pair, strongest first; share from 0 to 1, evidence in nats."""
    rows: list[list[str | float | None]] = [
        ["first", "second", "share", "evidence", "fragments", "in_no_other", "cluster", "page"]
    ]
    for each in found.pairs:
        numbers = (round(each.pair.share, 4), round(each.pair.evidence, 1), each.pair.fragments, each.pair.only)
        rows.append([each.first, each.second, *numbers, each.cluster, each.page])
    return csv_text(rows)

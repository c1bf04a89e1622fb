"""The class at a glance: who has how many points, which checks went wrong, what is our fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from autograder.insight.alarms import ClassAlarm
from autograder.insight.items import Analysis
from autograder.insight.shortcuts import SHORTCUTS
from autograder.messages import WORDING, banners, next_step
from autograder.reports.pages.student import Heading, render
from autograder.results import Report, Verdict
from autograder.scoring import rounded

__all__ = ["Bin", "CheckRate", "check_rates", "distribution", "summary_page"]

BINS = 10


@dataclass(frozen=True, slots=True)
class CheckRate:
    """How a class did in one check: `passed` of `counted` submissions, INTERNAL ones left out.

    `cpu_seconds` are those of all submissions together, `peak_memory_mib` is that of the largest one.
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

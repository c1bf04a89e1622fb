"""Which check caught which mutant, what follows from it, and how that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from autograder.quality.mutation.grading import NO_DIFFERENCE
from autograder.quality.mutation.mutants import Mutant
from autograder.quality.mutation.seeds import Rate
from autograder.quality.mutation.selection import KEPT
from autograder.results import Report, Verdict

__all__ = [
    "Matrix",
    "Row",
    "by_check",
    "by_operator",
    "cells",
    "escaped",
    "idle",
    "letters",
    "markdown",
    "outcome",
    "passes",
    "percent",
    "rate",
    "rate_in_words",
    "rates_in_words",
    "survivors",
    "twins",
    "unjudged",
    "why_fewer",
]


@dataclass(frozen=True, slots=True)
class Row:
    """What the checks said of one mutant, which passes for the reference.

    `same_answers` says that every answer the mutant gave to the checks was, byte for byte, the reference's; then
    `alike` says why, as far as that was found out. `accepted` is the instructor's reason why it may survive, or "".
    `rate` is how often it was caught under several seeds, if that was asked.
    """

    mutant: Mutant
    verdicts: Mapping[str, Verdict]
    same_answers: bool = False
    accepted: str = ""
    rate: Rate | None = None
    alike: str = ""

    @property
    def caught(self) -> bool:
        """Whether some check did not pass, on all but one seed in a thousand; our own faults catch nothing."""
        return self.noticed and (self.rate is None or self.rate.enough)

    @property
    def noticed(self) -> bool:
        """Whether some check did not pass under the first seed."""
        return any(verdict not in (Verdict.PASSED, Verdict.INTERNAL) for verdict in self.verdicts.values())

    @property
    def no_difference(self) -> bool:
        """Whether it is run, and no answer differs from the reference's, nor with the checks' inputs changed."""
        return not self.noticed and self.alike == NO_DIFFERENCE

    @property
    def unjudged(self) -> bool:
        """Whether a fault of ours kept it from being caught."""
        return not self.noticed and Verdict.INTERNAL in self.verdicts.values()

    @property
    def fate(self) -> str:
        """What became of it, in a few words; "" where it was caught."""
        if self.caught:
            return ""
        if self.accepted:
            return "accepted"
        if self.unjudged:
            return "not judged"
        if self.no_difference:
            return "no difference seen"
        return "missed under some seeds" if self.noticed else "survived"

    def caught_by(self, check: str) -> bool:
        """Whether one check found the mistake itself; to be skipped for another one's sake is no merit."""
        return self.verdicts.get(check, Verdict.PASSED) not in (Verdict.PASSED, Verdict.SKIPPED, Verdict.INTERNAL)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All mutants by all checks; those that were not graded before the audit was stopped are not there."""

    checks: tuple[str, ...]
    rows: tuple[Row, ...]
    stopped: bool = False

    @property
    def counted(self) -> tuple[Row, ...]:
        """The rows that make the rate: without accepted survivors, our own faults, and what is perhaps no mistake."""
        return tuple(row for row in self.rows if row.caught or not (row.accepted or row.unjudged or row.no_difference))

    @property
    def caught(self) -> int:
        """How many mutants some check caught."""
        return sum(row.caught for row in self.rows)


def rate(matrix: Matrix) -> float:
    """Caught mutants in per cent of those that count; 100 when none does."""
    return 100 * matrix.caught / len(matrix.counted) if matrix.counted else 100.0


def passes(matrix: Matrix, at_least: float) -> bool:
    """Whether so many per cent were caught, all that an instructor keeps among them, and every mutant was judged."""
    return rate(matrix) >= at_least and not unjudged(matrix) and not escaped(matrix)


def survivors(matrix: Matrix) -> tuple[Row, ...]:
    """The mutants that passed every check and were not accepted."""
    return tuple(row for row in matrix.counted if not row.caught)


def escaped(matrix: Matrix) -> tuple[Row, ...]:
    """The mutants that an instructor keeps because they must be caught, and that were not."""
    return tuple(row for row in survivors(matrix) if row.mutant.operator == KEPT)


def unjudged(matrix: Matrix) -> tuple[Row, ...]:
    """The mutants that a fault of ours kept from being judged."""
    return tuple(row for row in matrix.rows if row.unjudged)


def by_operator(matrix: Matrix) -> dict[str, tuple[int, int]]:
    """Each operator with how many of its mutants count, and how many of these were caught, in alphabetical order."""
    operators = sorted({row.mutant.operator for row in matrix.rows})
    of = {name: [row for row in matrix.counted if row.mutant.operator == name] for name in operators}
    return {name: (len(rows), sum(row.caught for row in rows)) for name, rows in of.items()}


def by_check(matrix: Matrix) -> dict[str, tuple[int, int]]:
    """Each check with how often it caught what it had caught under the first seed: (caught, asked), in all mutants.

    The cases of a check, each of which was asked under as many seeds, count as its own.
    """
    counts = {check: [0, 0] for check in matrix.checks}
    for row in matrix.rows:
        for check, (caught, asked) in (row.rate.by_check if row.rate else {}).items():
            whole = counts[check.partition("[")[0]]
            whole[0] += caught
            whole[1] += asked
    return {check: (caught, asked) for check, (caught, asked) in counts.items() if asked}


def idle(matrix: Matrix) -> tuple[str, ...]:
    """The checks that caught no mutant."""
    return tuple(check for check in matrix.checks if not any(row.caught_by(check) for row in matrix.rows))


def twins(matrix: Matrix) -> tuple[tuple[str, str], ...]:
    """Pairs of checks that caught the very same mutants, and some: perhaps one of the two is enough."""
    by_check = {check: [row.caught_by(check) for row in matrix.rows] for check in matrix.checks}
    return tuple((a, b) for a, b in combinations(matrix.checks, 2) if any(by_check[a]) and by_check[a] == by_check[b])


def cells(matrix: Matrix, row: Row) -> str:
    """A row of the matrix, a sign for each check: x caught it, - was skipped, . did not, ? our fault, blank not run."""
    signs = {Verdict.PASSED: ".", Verdict.SKIPPED: "-", Verdict.INTERNAL: "?"}
    verdicts = (row.verdicts.get(check) for check in matrix.checks)
    return "".join(" " if verdict is None else signs.get(verdict, "x") for verdict in verdicts)


def letters(count: int) -> list[str]:
    """Names of columns: A, B, ..., Z, A1, B1, ..."""
    return [f"{chr(ord('A') + number % 26)}{number // 26 or ''}" for number in range(count)]


def outcome(report: Report) -> str:
    """A mutant by its id, and the checks that caught it."""
    checks = [check for question in report.questions for check in question.checks]
    quiet = (Verdict.PASSED, Verdict.SKIPPED, Verdict.INTERNAL)
    caught = [check.id for check in checks if check.verdict not in quiet]
    ours = any(check.verdict is Verdict.INTERNAL for check in checks)
    said = f"caught by {', '.join(caught)}" if caught else "not judged" if ours else "survived"
    return f"{report.student}: {said}"


# --- catch rates in words, and as a table for a page ---


def rates_in_words(matrix: Matrix) -> tuple[str, ...]:
    """What the seeds that were tried show of all mutants together, in sentences."""
    tried = [row.rate for row in matrix.rows if row.rate]
    said = []
    certain = sum(rate.deterministic for rate in tried)
    if certain:
        said.append(
            f"{certain} of {len(tried)} mutants are caught under every seed: a check that draws nothing catches them."
        )
    clean = [rate for rate in tried if not rate.missed and not rate.deterministic]
    if clean:
        fewest, most = min(rate.seeds for rate in clean), max(rate.seeds for rate in clean)
        seeds = f"{most:,} seeds" if fewest == most else f"{fewest:,} to {most:,} seeds"
        sure = min(rate.at_least for rate in clean)
        said.append(
            f"{len(clean)} of {len(tried)} mutants were caught under every seed tried ({seeds} each): with 95 % "
            f"confidence, each of them is caught under at least {percent(sure)} % of all seeds."
        )
    return tuple(said)


def percent(share: float) -> str:
    """A share in per cent, rounded down, so that 99.96 does not look like all."""
    return f"{int(1000 * share) / 10:g}"


def rate_in_words(rate: Rate, seeds: int) -> str:
    """On how many seeds a mutant was caught, by which check, and what that shows.

    Args:
        rate: what was found out.
        seeds: how many seeds were asked for.
    """
    if rate.deterministic:
        return f"caught by {rate.check} under every seed (deterministic: it draws nothing)"
    by = f" by {rate.check}" if rate.check else ""
    text = f"caught under {rate.caught:,} of {rate.seeds:,} seeds{by} (at least {percent(rate.at_least)} % of all)"
    if not rate.enough:
        return f"{text}; passes under more than 1 in 1,000, so it counts as not caught"
    if not rate.done:
        return f"{text} so far"
    why = why_fewer(rate, seeds)
    return f"{text}; {why}" if why else text


def why_fewer(rate: Rate, seeds: int) -> str:
    """Why fewer seeds were tried than asked for, or ""."""
    if rate.deterministic or rate.seeds >= seeds or not rate.enough:
        return ""
    each = rate.seconds / max(1, rate.seeds - 1)
    return f"no more in the time, at {each:.2g} s a seed"


def markdown(found: Matrix, seeds: int) -> str:
    """A table of the mutants' rates in Markdown."""
    lines = ["| mistake | caught by | seeds | missed | caught under at least | |", "|---|---|---|---|---|---|"]
    for row in found.rows:
        rate = row.rate
        name = f"`{row.mutant.id}`"
        if rate is None:
            lines.append(f"| {name} | nothing | 1 | 1 | | not caught |")
        elif rate.deterministic:
            lines.append(f"| {name} | `{rate.check}` | all | 0 | 100 % | deterministic |")
        else:
            said = why_fewer(rate, seeds) if rate.enough else "not caught"
            least = f"{percent(rate.at_least)} %"
            lines.append(f"| {name} | `{rate.check}` | {rate.seeds:,} | {rate.missed:,} | {least} | {said} |")
    return "\n".join(lines)

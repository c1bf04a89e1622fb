"""Catch rates in words, and as a table for a page."""

from __future__ import annotations

from autograder.quality.mutation.matrix import Matrix
from autograder.quality.mutation.seeds import Rate

__all__ = ["markdown", "percent", "rate_in_words", "why_fewer"]


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
    told = f"caught under {rate.caught:,} of {rate.seeds:,} seeds{by} (at least {percent(rate.at_least)} % of all)"
    if not rate.enough:
        return f"{told}; passes under more than 1 in 1,000, so it counts as not caught"
    if not rate.done:
        return f"{told} so far"
    why = why_fewer(rate, seeds)
    return f"{told}; {why}" if why else told


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

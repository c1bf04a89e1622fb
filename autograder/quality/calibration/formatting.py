"""What calibrate says: numbers as text, a histogram of blocks, tables for a page, and pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.quality.calibration.rates import Cheapest, FalsePass, Row

__all__ = [
    "blocks",
    "bound_text",
    "false_pass_text",
    "likely",
    "markdown",
    "number",
    "plot",
    "put_into",
    "row_text",
    "runs",
    "share_text",
]


BLOCKS = " ▁▂▃▄▅▆▇█"
WIDTH = 40
LISTED = 12


def number(value: float, *, percent: bool) -> str:
    """A measured value, in per cent where it is a fraction."""
    if not math.isfinite(value):
        return "none"
    return f"{100 * value:.1f} %" if percent else f"{value:.4g}"


def likely(probability: float) -> str:
    """A probability, short: per cent down to 1 %, then a power of ten."""
    if probability >= 0.01:
        return f"{100 * probability:.2g} %" if probability < 0.995 else "100 %"
    return f"{probability:.0e}" if probability > 1e-99 else "0"


def bound_text(bound: float) -> str:
    """``1 in 10,000``."""
    return f"1 in {1 / bound:,.0f}"


def share_text(share: float) -> str:
    """``all of it``, ``1/4 of it``."""
    return "all of it" if share == 1 else f"1/{1 / share:.0f} of it"


def runs(count: int) -> str:
    """``1 run``, ``12 runs``."""
    return f"{count} run" if count == 1 else f"{count} runs"


def expected(row: Row) -> str:
    """``more than 90 %``."""
    value = row.threshold.value
    shown = f"{100 * value:.10g} %" if row.measured.percent else f"{value:.10g}"
    return f"{'more' if row.measured.higher_is_better else 'less'} than {shown}"


def reward(row: Row) -> str:
    """What passing is for."""
    fraction = row.threshold.fraction
    return "all points" if fraction == 1 else f"{100 * fraction:g} % of the points" if fraction else "the first points"


def blocks(row: Row, thresholds: Sequence[float]) -> str:
    """The values as a histogram in one line, worst to best as numbers grow, with ``|`` where thresholds lie."""
    if not row.values:
        return ""
    points = [*row.values, *thresholds]
    low, high = min(points), max(points)
    if low == high:
        return f"{number(low, percent=row.measured.percent)} in every run"

    def column(value: float) -> int:
        return min(WIDTH - 1, int(WIDTH * (value - low) / (high - low)))

    counts = [0] * WIDTH
    for value in row.values:
        counts[column(value)] += 1
    most = max(counts)
    drawn = [BLOCKS[math.ceil((len(BLOCKS) - 1) * count / most)] for count in counts]
    for threshold in thresholds:
        drawn[column(threshold)] = "|"
    ends = [number(end, percent=row.measured.percent) for end in (low, high)]
    return f"{ends[0]} {''.join(drawn)} {ends[1]}"


def row_text(row: Row) -> str:
    """One threshold in two lines: the count and the fit with what it rests on."""
    low, high = row.counted if row.n else (0.0, 1.0)
    counted = f"{row.fell} of {runs(row.n)} fell, so {likely(low)} to {likely(high)} do"
    best = f", the best of up to {row.measured.tries} trainings" if row.measured.tries > 1 else ""
    first = f"{expected(row)} ({reward(row)}{best}): {row.judgement.word} ({row.judgement.why}); {counted}"
    fitted = row.fit
    if fitted is None:
        return first
    shape = f"skewness {fitted.skewness:+.1f}, excess kurtosis {fitted.kurtosis:+.1f}, normal p {fitted.normal:.2g}"
    return (
        f"{first}\n    normal on a {fitted.scale} scale: {likely(fitted.probability)}, at most "
        f"{likely(fitted.at_most)}; {far(fitted.deviations)} deviations off, the worst run {far(fitted.worst)} "
        f"({shape}); any distribution: {likely(fitted.any_distribution)}"
    )


def far(deviations: float) -> str:
    """A distance in standard deviations; beyond a thousand no digit means anything."""
    if abs(deviations) < 1000:
        return f"{deviations:.1f}"
    return "more than 1000" if deviations > 0 else "less than -1000"


def false_pass_text(found: Sequence[FalsePass]) -> tuple[str, tuple[str, ...]]:
    """A line of counts for the mutants at a threshold, and one for each that may pass by chance, likeliest first."""
    kinds = {
        "untouched": "do not touch it",
        "always": "pass every time (another check must catch them)",
        "never": "never come near",
        "unjudged": "ran too seldom to tell",
        "by chance": "may pass by chance",
    }
    counts = {kind: sum(each.kind == kind for each in found) for kind in kinds}
    head = ", ".join(f"{count} {kinds[kind]}" for kind, count in counts.items() if count)
    by_chance = sorted((each for each in found if each.kind == "by chance"), key=lambda each: -_chance(each))
    lines = []
    for each in by_chance:
        low, high = _interval(each)
        fitted = f", by the fit {likely(each.probability)}" if each.probability is not None else ""
        lines.append(f"{each.mutant}: {each.passed} of {each.n} passed, so {likely(low)} to {likely(high)} do{fitted}")
    more = [f"and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return head, (*lines[:LISTED], *more)


def _chance(each: FalsePass) -> float:
    return each.passed / each.n if each.passed else each.probability or 0.0


def _interval(each: FalsePass) -> tuple[float, float]:
    from autograder.quality.calibration.statistics import interval

    return interval(each.passed, each.n)


def markdown(
    title: str,
    found: Sequence[Row],
    cheap: Sequence[tuple[str, Cheapest | None]],
    by_chance: Sequence[Sequence[FalsePass]],
    bound: float,
) -> str:
    """Tables for a page: every threshold, the cheapest runs, and the mutants.

    Args:
        title: one line above, such as the command and the data.
        found: the thresholds.
        cheap: each check with the cheapest run that is still fair.
        by_chance: the mutants at each of the thresholds, () for none.
        bound: the largest false-fail rate allowed.
    """
    lines = [
        title,
        "",
        "| check | asked | for | runs | mean ± sd | worst | fell | counted (95 %) | normal fit | at most (95 %) "
        "| any distribution | |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        percent = row.measured.percent
        low, high = row.counted if row.n else (0.0, 1.0)
        fits = ("", "", "")
        if row.fit:
            fits = (likely(row.fit.probability), likely(row.fit.at_most), likely(row.fit.any_distribution))
        spread = number(row.spread, percent=percent).removesuffix(" %")
        cells = (
            f"`{row.check.id}`" + (f" ({row.measured.run})" if row.measured.run else ""),
            f"{row.measured.name}: {expected(row)}",
            reward(row),
            str(row.n),
            f"{number(row.mean, percent=percent).removesuffix(' %')} ± {spread}{' %' if percent else ''}",
            number(row.worst, percent=percent),
            str(row.fell),
            f"{likely(low)} to {likely(high)}",
            *fits,
            row.judgement.word,
        )
        lines.append(f"| {' | '.join(cells)} |")
    tried = [(name, each) for name, each in cheap if each is None or each.tried]
    if tried:
        lines += [
            "",
            f"| check | cheapest run with a false-fail rate under {bound_text(bound)} | seconds |",
            "|---|---|---|",
        ]
        for name, each in tried:
            run = f"{share_text(each.share)}{f' ({each.run})' if each.run else ''}" if each else "not shown for any"
            lines.append(f"| `{name}` | {run} | {f'{each.seconds:.1f}' if each else ''} |")
    if any(by_chance):
        lines += ["", "| check | asked | mutants |", "|---|---|---|"]
        for row, mutants in zip(found, by_chance, strict=True):
            if not mutants:
                continue
            head, listed = false_pass_text(mutants)
            lines.append(f"| `{row.check.id}` | {expected(row)} | {'; '.join([head, *listed])} |")
    return "\n".join(lines)


def put_into(path: Path, name: str, text: str, command: str = "calibrate") -> None:
    """Replace what stands between ``<!-- calibrate NAME -->`` and ``<!-- /calibrate -->`` in a file.

    Args:
        path: the file.
        name: what the table is about.
        text: in Markdown.
        command: which command makes it, the first word of both lines.

    Raises:
        UsageError: there is no such file, or no such pair of lines in it.
    """
    begin, end = f"<!-- {command} {name} -->", f"<!-- /{command} -->"
    try:
        before, found, rest = path.read_text("utf-8").partition(begin)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {reason_of(error)}; name a page with --into.") from None
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise UsageError(f"{path} has no lines {begin!r} and {end!r}; put them where the tables are to stand.")
    atomic_files.write(path, f"{before}{begin}\n\n{text}\n\n{end}{after}".encode())


# --- a picture for each check: a histogram with its thresholds ---

INCHES = (7.0, 3.2)


def plot(found: Sequence[Row], folder: Path) -> tuple[Path, ...]:
    """Write ``CHECK.svg``, or ``CHECK-2.svg`` for a second measurement, into a folder, and return the paths.

    Args:
        found: thresholds, of which those of one measurement share a picture.
        folder: an existing one.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    written = []
    for check, place in dict.fromkeys((row.check.id, row.place[0]) for row in found if row.values):
        same = [row for row in found if (row.check.id, row.place[0]) == (check, place)]
        first = same[0]
        percent = 100 if first.measured.percent else 1
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.hist([percent * value for value in first.values], bins="auto", color="0.6")
        for row in same:
            label = f"{percent * row.threshold.value:g}: {row.judgement.word}, {row.fell} of {row.n} fell"
            axes.axvline(percent * row.threshold.value, color="black" if row.threshold.fraction == 1 else "0.4",
                         linestyle="-" if row.threshold.fraction == 1 else "--", label=label)  # fmt: skip
        axes.set_xlabel(f"{first.measured.name}{' (%)' if percent == 100 else ''}")
        axes.set_ylabel("runs")
        axes.locator_params(axis="y", integer=True)
        axes.set_title(check)
        axes.legend()
        path = folder / f"{check}{f'-{place + 1}' if place else ''}.svg"
        figure.savefig(path)
        written.append(path)
    return tuple(written)

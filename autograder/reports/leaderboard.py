"""The leaderboard: who asked to be on it, by pseudonym, with the 95 % interval drawn and the place as a range.

Whoever hands in a pseudonym asks to be on it, and so does whoever has one on the roster, where a "-" takes somebody off
it. In a course with a roster, others are guests: they are on it where guests are asked for, and are called so.

Two submissions whose intervals overlap are not distinguished, so they share places: a range from the best place that a
submission may have to the worst. Scores are measured on the same labels, so the range is wide rather than narrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from autograder.course.roster import Roster, folded
from autograder.results import Report, Score

__all__ = ["Line", "is_guest", "leaderboard_page", "lines_of"]

_WIDTH, _HEIGHT = 320, 18
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.3em .6em;text-align:left;border-bottom:1px solid #ccc}"
    "td.number{text-align:right;white-space:nowrap}svg{display:block;max-width:100%}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One submission on the leaderboard: its name there, its score, and the places from `first` to `last`."""

    name: str
    score: Score
    first: int
    last: int

    @property
    def places(self) -> str:
        """Such as ``2`` or ``2 to 5``."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def lines_of(
    reports: Iterable[Report], check: str, roster: Roster | None = None, *, guests: bool = False
) -> tuple[Line, ...]:
    """The lines of the leaderboard, the best score first.

    Args:
        reports: of the class; those without a pseudonym, without a score in the check, or that are not final, are left
            out.
        check: whose score is compared.
        roster: who takes the course, and their pseudonyms; without one everybody does.
        guests: whether others are on it as well.
    """
    everyone = tuple(_called(report, roster) for report in reports if guests or not is_guest(report.student, roster))
    found = [
        (report, result.scores[0])
        for report in everyone
        if report.pseudonym and not report.not_final
        for question in report.questions
        for result in question.checks
        if result.id == check and result.scores
    ]
    owners = _ids_and_names(everyone, roster)
    found.sort(key=lambda each: (-_best(each[1].value, each[1]), *_order(each[0], owners)))
    names = _names([report for report, _ in found], owners)
    names = [
        f"{name} (guest)" if is_guest(report.student, roster) else name
        for name, (report, _) in zip(names, found, strict=True)
    ]
    scores = [score for _, score in found]
    return tuple(
        Line(
            name,
            score,
            1 + sum(_is_better(other, score) for other in scores),
            len(scores) - sum(_is_better(score, other) for other in scores),
        )
        for name, score in zip(names, scores, strict=True)
    )


def is_guest(student: str, roster: Roster | None) -> bool:
    """Whether somebody, or a group of that name, is not on the roster; nobody where there is none."""
    return roster is not None and student not in roster.by_id and not roster.members(student)


def _called(report: Report, roster: Roster | None) -> Report:
    """The report with the pseudonym of the roster, where that says one, or that there is none."""
    person = roster.by_id.get(report.student) if roster else None
    if person is None or not person.pseudonym:
        return report
    return replace(report, pseudonym="" if person.pseudonym == "-" else person.pseudonym)


def _ids_and_names(reports: Iterable[Report], roster: Roster | None) -> dict[str, frozenset[str]]:
    """By what is nobody else's: ids, and names, e-mails and aliases of the roster; with whom it means.

    Without case, accents, spaces and signs, and names with their words in any order.
    """
    owners: dict[str, set[str]] = {}
    for report in reports:
        owners.setdefault(_alike(report.student), set()).add(report.student)
    for person in roster.people if roster else ():
        for key in (person.id, person.name, *person.emails, *person.aliases):
            owners.setdefault(_alike(key), set()).add(person.id)
        owners.setdefault(folded(person.name), set()).add(person.id)
    return {key: frozenset(own) for key, own in owners.items() if key}


def leaderboard_page(title: str, part: str, lines: Sequence[Line]) -> str:
    """The page, with all that it needs in it.

    Args:
        title: of the assignment.
        part: of the labels: "public" or "private".
        lines: as of `lines_of`.
    """
    low = min((line.score.low for line in lines), default=0.0)
    high = max((line.score.high for line in lines), default=1.0)
    rows = "".join(
        f'<tr><td class="number">{line.places}</td><td>{escape(line.name)}</td>'
        f'<td class="number">{escape(_value(line.score))}</td><td>{_interval(line.score, low, high)}</td></tr>\n'
        for line in lines
    )
    what = escape(lines[0].score.name) if lines else "score"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}: leaderboard</title><style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>Scores on the {escape(part)} part of the labels, of those who asked to be here. The line is the 95 % interval:
where two overlap, the labels do not tell which one is better, so these submissions share places.</p>
<table><thead><tr><th>place</th><th>name</th><th>{what}</th><th>95 % interval</th></tr></thead>
<tbody>
{rows}</tbody></table>
</body></html>
"""


def _shown_name(report: Report, owners: Mapping[str, frozenset[str]]) -> str:
    """The pseudonym, but nobody has another student's id, name or address."""
    owned = owners.get(_alike(report.pseudonym), frozenset()) | owners.get(folded(report.pseudonym), frozenset())
    return "anonymous" if owned - {report.student} else report.pseudonym


def _alike(name: str) -> str:
    """What stands for a name: its words as they are looked up on a roster, sorted; of one with signs alone, itself."""
    return " ".join(sorted(filter(None, map(folded, re.split(r"[\s,_-]+", name))))) or name.casefold()


def _order(report: Report, owners: Mapping[str, frozenset[str]]) -> tuple[str, str, str]:
    """What equal scores are sorted by: nothing that follows from the student's id."""
    name = _shown_name(report, owners)
    return name.casefold(), name, report.replay.submission_sha256


def _names(reports: Sequence[Report], owners: Mapping[str, frozenset[str]]) -> list[str]:
    """A name for each: nobody has another student's id, and of equal names the later ones get a number."""
    names: list[str] = []
    for report in reports:
        plain = name = _shown_name(report, owners)
        number = 1
        while name.casefold() in {each.casefold() for each in names}:
            number += 1
            name = f"{plain} ({number})"
        names.append(name)
    return names


def _best(value: float, score: Score) -> float:
    return value if score.higher_is_better else -value


def _is_better(one: Score, other: Score) -> bool:
    """Whether the whole interval of one is better than that of the other."""
    return one.low > other.high if one.higher_is_better else one.high < other.low


def _value(score: Score) -> str:
    return f"{100 * score.value:.1f} %" if score.percent else f"{score.value:.4g}"


def _interval(score: Score, low: float, high: float) -> str:
    """The interval as a line with its value as a dot, on one scale for all."""
    scale = (_WIDTH - 12) / ((high - low) or 1.0)
    left, at, right = (6 + (each - low) * scale for each in (score.low, score.value, score.high))
    said = f"{_value(score)}, from {score.low:.4g} to {score.high:.4g}"
    middle = _HEIGHT / 2
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{escape(said)}"><title>{escape(said)}</title>'
        f'<line x1="{left:.1f}" y1="{middle}" x2="{right:.1f}" y2="{middle}" stroke="#456" stroke-width="3"/>'
        f'<circle cx="{at:.1f}" cy="{middle}" r="5" fill="#124"/></svg>'
    )

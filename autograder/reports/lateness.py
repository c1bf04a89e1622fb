"""Hand-in times beside the reports, and reports as everybody sees them: with what people gave, and after lateness.

`reports/` hold what the checks found, and `hand_ins.json` when it was handed in. What lateness costs is computed anew
from both and from `grader_config.py` whenever grades are written or added up, so that a changed rule, date or extension
needs nothing to be graded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.course.term import HandIn, Term
from autograder.reports.files import read_reports, write_text
from autograder.reports.given_points import all_hand_grades
from autograder.reports.manual_grades import with_hand_grades
from autograder.reports.marks import Row
from autograder.results import Report

__all__ = [
    "HAND_INS",
    "final_reports",
    "known_hand_ins",
    "laid_over",
    "read_hand_ins",
    "unknown_before",
    "write_hand_ins",
]

HAND_INS = "hand_ins.json"
_MOST_NAMES = 20


def final_reports(out: Path, term: Term | None, recorded: Sequence[Row]) -> tuple[Report, ...]:
    """The reports of a graded folder with the points that count: with what people gave, and after lateness.

    Arguments as of `laid_over`.

    Raises:
        UsageError: there are no reports, or a file is wrong.
    """
    found = read_reports(out)
    return laid_over(out, found, known_hand_ins(out, found, term), recorded)


def laid_over(out: Path, reports: Sequence[Report], term: Term | None, recorded: Sequence[Row]) -> tuple[Report, ...]:
    """What checks found, with what people gave in its place and then after lateness.

    Args:
        out: the folder that `autograder grade --out` wrote.
        reports: its reports.
        term: the course with its dates, which knows the hand-ins.
        recorded: what the results database has from `marks.csv`, for lines that are lost.

    Raises:
        UsageError: what people gave cannot be read.
    """
    graded = with_hand_grades(reports, all_hand_grades(out, reports, recorded))
    return graded if term is None else tuple(map(term.judged, graded))


def known_hand_ins(out: Path, reports: Sequence[Report], term: Term | None) -> Term | None:
    """The term with the hand-ins that a graded folder is about.

    Those that the term knows already, from what was collected, hold for a folder without `hand_ins.json`.

    Raises:
        UsageError: `hand_ins.json` cannot be read.
    """
    if term is None or not reports or not (out / HAND_INS).is_file():
        return term
    return term.with_hand_ins(reports[0].assignment, read_hand_ins(out))


def unknown_before(reports: Iterable[Report], term: Term | None) -> tuple[str, ...]:
    """A sentence for each assignment whose hand-ins are not known, though they may have taken late days from somebody.

    Args:
        reports: of any assignments of the course.
        term: with all hand-ins that are known; None for a course without dates.
    """
    students: dict[str, list[str]] = {}
    for report in reports:
        for name in term.unknown_before(report) if term else ():
            students.setdefault(name, []).append(report.student)
    sentences = []
    for name, each in students.items():
        known = list(dict.fromkeys(each))
        more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
        sentences.append(
            f"No hand-in of {name} is known for {', '.join(known[:_MOST_NAMES])}{more}, so no late days are counted as "
            "spent on it; if there is one, collect or grade it, and run this command again."
        )
    return tuple(sentences)


def read_hand_ins(out: Path) -> tuple[HandIn, ...]:
    """The hand-ins of a graded folder; none where there is no `hand_ins.json`.

    Raises:
        UsageError: it cannot be read.
    """
    path = out / HAND_INS
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[HandIn, ...])
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; move it away, and grade again.") from None


def write_hand_ins(out: Path, found: Iterable[HandIn], *, even_none: bool = False) -> None:
    """Write the hand-ins of a graded folder, by student.

    Where nothing is known of any there is no file, or, with `even_none`, one that says so: what was collected into
    `submissions/NAME` is then not what was graded, and its times do not hold.
    """
    known = sorted((each for each in found if each != HandIn(each.student)), key=lambda each: each.student)
    if known or even_none:
        write_text(out / HAND_INS, msgspec.json.format(msgspec.json.encode(known), indent=1).decode() + "\n")
    else:
        (out / HAND_INS).unlink(missing_ok=True)

"""Settings of Otter Assign 7 and what becomes of them here, as `docs/otter.md` repeats; the points of its tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from autograder.scoring import shown

__all__ = ["ASSIGNMENT", "GENERATE", "HARMLESS", "TAKEN", "PointsError", "notes", "resolved", "written"]


TAKEN = "taken over"
HARMLESS = "means nothing here"

ASSIGNMENT: Mapping[str, str] = MappingProxyType(
    {
        "name": TAKEN,
        "config_file": TAKEN,
        "files": TAKEN,
        "student_files": TAKEN,
        "autograder_files": TAKEN,
        "seed": TAKEN,
        "generate": TAKEN,
        "tests": TAKEN,
        "requirements": "was left out: packages that the reference imports are preloaded",
        "overwrite_requirements": "was left out: packages that the reference imports are preloaded",
        "environment": "was left out: packages that the reference imports are preloaded, and must be installed here",
        "python_version": "was left out: submissions run with the Python of this installation",
        "plugins": "was left out: no plugin is called, so what plugins did to grades is not done here",
        "export_cell": HARMLESS,
        "run_tests": HARMLESS,
        "solutions_pdf": HARMLESS,
        "template_pdf": HARMLESS,
        "init_cell": HARMLESS,
        "check_all_cell": HARMLESS,
        "save_environment": HARMLESS,
        "ignore_modules": HARMLESS,
        "show_question_points": HARMLESS,
        "runs_on": HARMLESS,
        "channel_priority_strict": HARMLESS,
        "strip_solutions_from_all_cells": HARMLESS,
        "suppress_no_tests_warning": HARMLESS,
    }
)
"""Of the assignment's configuration: taken over, without a meaning here, or the end of a sentence that names it."""

GENERATE: Mapping[str, str] = MappingProxyType(
    {
        "seed": TAKEN,
        "seed_variable": TAKEN,
        "lang": TAKEN,
        "points_possible": "was left out: the assignment's points are those of its questions",
        "score_threshold": "was left out: reports give points, and no pass or fail",
        "grade_from_log": "was left out: submissions are run, and no log is read",
        "serialized_variables": "was left out: submissions are run, and no log is read",
        "plugins": "was left out: no plugin is called, so what plugins did to grades is not done here",
        "show_hidden": "was left out: of a hidden test, students read title, verdict and hint",
        **dict.fromkeys(
            (
                *("show_stdout", "show_all_public", "force_public_test_summary"),
                *("pdf", "token", "course_id", "assignment_id", "filtering", "pagebreaks", "pdf_via_html"),
                *("warn_missing_pdf", "submit_blank_pdf_on_export_failure", "use_submission_pdf"),
                *("debug", "autograder_dir", "miniconda_path", "logo", "print_summary", "print_score"),
                *("zips", "log_level", "assignment_name"),
            ),
            HARMLESS,
        ),
    }
)
"""The same of what stands under `generate`."""


def notes(config: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each setting that might change a grade and is not taken over, and one for all that mean nothing.

    Args:
        config: the assignment's configuration.
    """
    generate = config.get("generate")
    found = [(key, ASSIGNMENT.get(key, "")) for key in config]
    found += [
        (f"generate.{key}", GENERATE.get(str(key), "")) for key in (generate if isinstance(generate, dict) else ())
    ]
    for key, what in found:
        if not what:
            yield f"'{key}' is no setting of Otter's that is known here (version 7); look up what it does."
        elif what not in (TAKEN, HARMLESS):
            yield f"'{key}' {what}."
    left_out = sorted(key for key, what in found if what == HARMLESS)
    if left_out:
        yield f"Settings of Otter's that mean nothing here were left out: {', '.join(left_out)}."


# --- what each test case is worth, by Otter's rules, in hundredths of a point ---


class PointsError(ValueError):
    """The points do not fit together; the text is the end of a sentence."""


def resolved(total: object, cases: Sequence[object]) -> tuple[Fraction, ...]:
    """The points of each case of a question.

    What the question is worth is shared alike by the cases that say nothing; where the question says nothing, too, and
    no case is worth anything by itself, it is worth 1 point, otherwise the silent cases are worth nothing. What cannot
    be shared in hundredths goes to the first cases, so that the sum is right: 1 point for three is 0.34, 0.33, 0.33.

    Args:
        total: the question's `points`: None, a number, a list with one for each case, or ``{"each": number}``.
        cases: the `points` of each case, None where it says nothing.

    Raises:
        PointsError: something is no number, or the numbers do not add up.
    """
    own = [None if each is None else _number(each, "a test") for each in cases]
    if isinstance(total, dict):
        if set(total) - {"each"}:
            raise PointsError("'points' may be a number, a list or 'each: NUMBER'")
        total = _number(total.get("each", 1), "'each'") * len(own)
    if isinstance(total, list):
        if len(total) != len(own):
            raise PointsError(f"'points' lists {len(total)} numbers for {len(own)} tests")
        own = [None if each is None else _number(each, "'points'") for each in total]
        total = None
    said = sum((each for each in own if each is not None), Fraction(0))
    silent = own.count(None)
    if total is None:
        rest = Fraction(0) if said else Fraction(1)
    else:
        rest = _number(total, "'points'") - said
        if rest < 0:
            raise PointsError(f"its tests are worth {written(said)} points, more than the question's {total}")
        if rest and not silent and own:
            raise PointsError(f"its tests are worth {written(said)} points, but the question {total}")
    return _in_hundredths([rest / silent if each is None else each for each in own])


def written(points: Fraction) -> str:
    """A number as it is typed: ``2``, ``0.5``."""
    return shown(float(points))


def _in_hundredths(points: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Numbers with the same sum, to a hundredth; those that lose most by it get the hundredths that are left."""
    whole = [int(each * 100) for each in points]
    left = round(sum(points, Fraction(0)) * 100) - sum(whole)
    order = sorted(range(len(points)), key=lambda at: whole[at] - points[at] * 100)
    for at in order[:left]:
        whole[at] += 1
    return tuple(Fraction(each, 100) for each in whole)


def _number(value: object, of: str) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
        raise PointsError(f"the points of {of} are {value!r}, and not a number from 0")
    return Fraction(str(value))

"""Every setting of Otter Assign 7 and what becomes of it here: one table, which `docs/otter.md` repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["ASSIGNMENT", "GENERATE", "HARMLESS", "TAKEN", "notes"]

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

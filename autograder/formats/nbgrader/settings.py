"""Every setting of nbgrader (0.9) in one table: what is done about it when its course is graded here.

*honoured*: it means the same here. *harmless*: it changes no grade here, and the reason is said. *refused*: it can
change a grade and is not followed, so a course that sets it is not graded before somebody has looked at its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

__all__ = ["HARMLESS", "HONOURED", "REFUSED", "TABLE", "Setting", "markdown", "settings_of"]

HONOURED, HARMLESS, REFUSED = "honoured", "harmless", "refused"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `owner` is the class that it is a trait of, "*" as `trait` all that is not named otherwise.

    `why` says what it means here, or why it is harmless or refused. `field` is the field of `Settings` that takes an
    honoured one; a refused one with a value among `unless` is harmless.
    """

    owner: str
    trait: str
    fate: str
    why: str
    field: str = ""
    unless: tuple[Any, ...] = ()


_STEPS = (
    "AssignLatePenalties",
    "CheckCellMetadata",
    "ClearHiddenTests",
    "ClearMarkScheme",
    "ClearSolutions",
    "ComputeChecksums",
    "DeduplicateIds",
    "GetGrades",
    "IgnorePattern",
    "IncludeHeaderFooter",
    "InstantiateTests",
    "LimitOutput",
    "LockCells",
    "OverwriteCells",
    "OverwriteKernelspec",
    "SaveAutoGrades",
    "SaveCells",
)
_EXECUTE = ("NbGraderPreprocessor", "ExecutePreprocessor", "Preprocessor", "NbConvertBase", "NotebookClient")
_CLEAR = ("NbGraderPreprocessor", "ClearOutputPreprocessor", "Preprocessor", "NbConvertBase")
_CONVERTERS = ("Autograde", "GenerateAssignment", "GenerateFeedback", "GenerateSolution", "GenerateSourceWithTests")

PARENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    dict.fromkeys(_STEPS, ("NbGraderPreprocessor", "Preprocessor", "NbConvertBase"))
    | dict.fromkeys(_CONVERTERS, ("BaseConverter",))
    | {"Execute": _EXECUTE, "ClearOutput": _CLEAR}
    | {"LateSubmissionPlugin": ("BasePlugin",), "ExchangeSubmit": ("Exchange",)}
)
"""The classes whose settings hold for another one as well, the nearest first, as traitlets has it."""

_FOLLOWED = (  # setting, field of `Settings`, what it means here
    ("CourseDirectory.course_id", "course_id", "the title on pages"),
    ("CourseDirectory.root", "root", "where nbgrader's folders lie"),
    ("CourseDirectory.source_directory", "source", "the name of that folder"),
    ("CourseDirectory.release_directory", "release", "the name of that folder"),
    ("CourseDirectory.submitted_directory", "submitted", "the name of that folder"),
    ("CourseDirectory.source_with_tests_directory", "source_with_tests", "the name of that folder"),
    ("CourseDirectory.directory_structure", "structure", "the folders of a step"),
    ("CourseDirectory.db_url", "db_url", "where due dates and extensions are read: a SQLite file"),
    ("CourseDirectory.student_id", "students", "only these students of `submitted/` are graded"),
    ("CourseDirectory.student_id_exclude", "students_left_out", "these students of `submitted/` are not graded"),
    ("CourseDirectory.notebook_id", "notebooks", "only these notebooks are graded"),
    ("CourseDirectory.ignore", "ignore", "such files of source and submission are left out"),
    ("Autograde.exclude_overwriting", "kept", "these files of a submission are not overwritten"),
    ("Execute.timeout", "cell_seconds", "how long a cell may run; None and below 0 are 600 s"),
    ("Execute.skip_cells_with_tag", "skip_tag", "cells with this tag are not run, but for tests"),
    ("ClearSolutions.begin_solution_delimeter", "begin_solution", "the mark before a solution"),
    ("ClearSolutions.end_solution_delimeter", "end_solution", "the mark after a solution"),
    ("ClearSolutions.code_stub", "code_stub", "what stands in the place of a solution, for Python"),
    ("ClearSolutions.text_stub", "text_stub", "what stands in the place of a written answer"),
    ("ClearSolutions.enforce_metadata", "only_solutions", "whether no other cells may hold solutions"),
    ("ClearHiddenTests.begin_test_delimeter", "begin_hidden", "the mark before hidden tests"),
    ("ClearHiddenTests.end_test_delimeter", "end_hidden", "the mark after hidden tests"),
    ("ClearMarkScheme.begin_mark_scheme_delimeter", "begin_scheme", "the mark before a mark scheme"),
    ("ClearMarkScheme.end_mark_scheme_delimeter", "end_scheme", "the mark after a mark scheme"),
    ("IncludeHeaderFooter.header", "header", "a notebook whose cells come first"),
    ("IncludeHeaderFooter.footer", "footer", "a notebook whose cells come last"),
    ("InstantiateTests.autotest_delimiter", "autotest", "the mark of tests that are to be made"),
    ("InstantiateTests.autotest_filename", "autotest_file", "where templates of tests are"),
    ("InstantiateTests.hashed_delimiter", "hashed", "the mark of hashed tests"),
    ("InstantiateTests.use_salt", "use_salt", "whether hashes are salted"),
    ("AssignLatePenalties.plugin_class", "late_plugin", "named in reports; `autograder export nbgrader` runs it"),
    ("LateSubmissionPlugin.penalty_method", "late_penalty", "what lateness costs"),
    ("ExchangeSubmit.timezone", "zone", "the zone of times without one"),
    ("ExchangeSubmit.timestamp_format", "time_form", "how times of handing in are written"),
)
_HOOKS = (
    "on_notebook_start on_notebook_complete on_notebook_error on_cell_start on_cell_execute on_cell_complete "
    "on_cell_error"
)
_RUNNING = (
    "AssignLatePenalties ClearHiddenTests ClearMarkScheme ClearSolutions Execute IncludeHeaderFooter InstantiateTests "
    "OverwriteCells OverwriteKernelspec SaveAutoGrades SaveCells"
)
_NOT_FOLLOWED: tuple[
    tuple[str, str, str, tuple[Any, ...]], ...
] = (  # classes, traits, why, values with which it changes nothing
    ("Autograde", "sanitize_preprocessors autograde_preprocessors", "other steps of nbgrader's are not run here", ()),
    ("Autograde", "pre_convert_hook post_convert_hook", "hooks are not run here", (None, "")),
    ("GenerateAssignment", "preprocessors", "other steps of nbgrader's are not run here", ()),
    ("GenerateSourceWithTests", "preprocessors", "other steps of nbgrader's are not run here", ()),
    ("Execute", "timeout_func", "a function is not run here: set Execute.timeout to a number", (None,)),
    ("Execute", "force_raise_errors", "cells after a failing one always run here", (False,)),
    ("Execute", "kernel_name", "notebooks are run by the Python that runs autograder", ("", "python", "python3")),
    ("Execute", "extra_arguments", "no kernel is started here", ([],)),
    ("Execute", "kernel_manager_class", "no kernel is started here", ()),
    ("Execute", _HOOKS, "hooks are not run here", (None,)),
    ("ClearHiddenTests", "enforce_metadata", "only test cells may hold hidden tests here", (True,)),
    ("InstantiateTests", "comment_strs sanitizers", "tests are made for Python, in nbgrader's own way", ()),
    (_RUNNING, "enabled", "this step always runs here", (True,)),
)
_WITHOUT_EFFECT = (  # classes, traits, why
    ("CourseDirectory", "autograded_directory feedback_directory solution_directory", "not read to grade"),
    ("CourseDirectory", "assignment_id", "`autograder grade` names the assignment"),
    ("CourseDirectory", "groupshared", "permissions of files that nbgrader writes"),
    ("CourseDirectory", "include max_file_size max_dir_size", "what the exchange copies; `submitted/` is read here"),
    ("Autograde", "create_student", "nothing is written into the gradebook"),
    ("Autograde GenerateAssignment", "force permissions exporter_class", "files that nbgrader writes"),
    ("GenerateAssignment", "create_assignment no_database", "the release, which nbgrader makes"),
    ("GenerateAssignment", "pre_convert_hook post_convert_hook", "the release, which nbgrader makes"),
    ("GenerateAssignmentApp", "source_with_tests", "the release, which nbgrader makes"),
    ("GenerateSourceWithTests", "force permissions exporter_class", "files that nbgrader writes"),
    ("GenerateSourceWithTests", "pre_convert_hook post_convert_hook", "tests are made by `autograder import nbgrader`"),
    ("GenerateFeedback GenerateSolution", "preprocessors force permissions exporter_class", "nbgrader's own pages"),
    ("GenerateFeedback GenerateSolution", "pre_convert_hook post_convert_hook", "nbgrader's own pages"),
    ("GenerateSolution", "create_assignment", "nbgrader's own pages"),
    ("Execute", "interrupt_on_timeout raise_on_iopub_timeout", "a late cell costs only its own points"),
    ("Execute", "iopub_timeout startup_timeout shell_timeout_interval", "no kernel is started"),
    ("Execute", "execute_retries shutdown_kernel", "no kernel is started"),
    ("Execute", "allow_errors allow_error_names", "cells after a failing one always run"),
    ("Execute", "error_on_timeout ipython_hist_file record_timing store_widget_state", "what is written below cells"),
    ("ClearMarkScheme", "enforce_metadata check_attachment_leakage", "a check when a release is made"),
    ("InstantiateTests", "enforce_metadata", "a check when tests are made"),
    ("OverwriteCells", "add_missing_cells missing_cell_notification", "a deleted cell is always put back, and said"),
    ("LockCells", "lock_solution_cells lock_grade_cells", "what JupyterLab lets students edit; tests are restored"),
    (
        "LockCells",
        "lock_readonly_cells lock_all_cells enabled",
        "what JupyterLab lets students edit; tests are restored",
    ),
    ("IgnorePattern", "enabled pattern", "a line on stderr costs nothing here"),
    ("LimitOutput", "max_lines max_traceback enabled", "output is cut here by its own limits"),
    ("GetGrades ClearOutput ComputeChecksums CheckCellMetadata DeduplicateIds", "enabled", "not needed to grade here"),
    ("ClearOutput", "remove_metadata_fields", "not needed to grade here"),
    (" ".join((*_STEPS, "ClearOutput", "Execute")), "display_data_priority default_language", "nbgrader's own pages"),
    ("Exchange", "assignment_dir cache path_includes_course root", "nbgrader collects"),
    ("ExchangeSubmit", "add_random_string strict", "nbgrader collects"),
    ("ExchangeCollect", "before_duedate check_owner update", "nbgrader collects"),
    ("ExchangeFetchAssignment", "replace_missing_files", "nbgrader hands out"),
    ("ExchangeReleaseAssignment", "force", "nbgrader hands out"),
    ("ExchangeList", "cached inbound remove", "a list of what the exchange holds"),
    ("ExchangeFactory", "collect exchange fetch_assignment fetch_feedback", "nbgrader hands out and collects"),
    ("ExchangeFactory", "list release_assignment release_feedback submit", "nbgrader hands out and collects"),
    ("ZipCollectApp", "archive_directory collect_directory_structure collector_plugin", "nbgrader collects"),
    ("ZipCollectApp", "downloaded_directory extracted_directory extractor_plugin force strict", "nbgrader collects"),
    ("ExtractorPlugin", "force zip_ext", "nbgrader collects"),
    ("FileNameCollectorPlugin", "named_regexp valid_ext", "nbgrader collects"),
    ("ExportApp", "plugin_class", "nbgrader's own export"),
    ("ExportPlugin", "assignment student to", "nbgrader's own export"),
    ("DbAssignmentAddApp", "duedate", "of one command; the gradebook's due date is read"),
    ("DbAssignmentRemoveApp DbStudentRemoveApp", "force", "of one command"),
    ("DbStudentAddApp", "email first_name last_name lms_user_id", "of one command"),
    ("Validator", "changed_warning failed_warning passed_warning type_changed_warning", "what students run at home"),
    ("Validator", "ignore_checksums indent invert validate_all width", "what students run at home"),
    ("Authenticator", "plugin_class", "who may use formgrader"),
    ("NbGraderAPI", "log_level timestamp_format timezone", "how formgrader shows times"),
    ("NbGrader", "logfile", "where nbgrader logs"),
    ("FormgradeExtension", "debug", "where nbgrader logs"),
    ("GenerateConfigApp", "filename", "of one command"),
    ("QuickStartApp", "autotest force", "of one command"),
    ("UpdateApp", "validate", "of one command"),
    ("JupyterApp Application", "*", "the command line and log of nbgrader's programs"),
)


def _table() -> Iterator[Setting]:
    for name, field, why in _FOLLOWED:
        owner, _, trait = name.partition(".")
        yield Setting(owner, trait, HONOURED, why, field)
    for owners, traits, why, unless in _NOT_FOLLOWED:
        for owner, trait in product(owners.split(), traits.split()):
            yield Setting(owner, trait, REFUSED, why, unless=unless)
    for owners, traits, why in _WITHOUT_EFFECT:
        for owner, trait in product(owners.split(), traits.split()):
            yield Setting(owner, trait, HARMLESS, why)


TABLE: tuple[Setting, ...] = tuple(_table())


def settings_of(owner: str, trait: str) -> tuple[tuple[Setting, int], ...]:
    """What ``c.OWNER.TRAIT`` sets: each setting with how far away it was set, 0 for its own class.

    A setting of a parent class holds for all of its children: ``c.ExecutePreprocessor.timeout`` for `Execute`. None are
    found for a setting that nbgrader does not have.
    """
    found = [(each, 0) for each in TABLE if each.owner == owner and each.trait in (trait, "*")]
    for each in TABLE:
        above = PARENTS.get(each.owner, ())
        if owner in above and each.trait == trait:
            found.append((each, above.index(owner) + 1))
    return tuple(found)


def markdown(table: Sequence[Setting] = TABLE) -> str:
    """The table for the manual, one line for settings of one class with the same meaning."""
    lines = ["| setting | here | what that means |", "| --- | --- | --- |"]
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in table:
        but = f" (harmless as {' or '.join(f'`{value!r}`' for value in each.unless)})" if each.unless else ""
        grouped.setdefault((each.fate, each.owner, each.why + but), []).append(each.trait)
    alike: dict[tuple[str, str, str], list[str]] = {}
    for (fate, owner, why), traits in grouped.items():
        names = "all others" if traits == ["*"] else ", ".join(f"`{trait}`" for trait in traits)
        alike.setdefault((names, fate, why), []).append(f"`{owner}`")
    for (names, fate, why), owners in alike.items():
        lines.append(f"| {', '.join(owners)}: {names} | {fate} | {why} |")
    return "\n".join(lines) + "\n"

"""From a submission to its report."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from autograder.checks.local.variants import MODULE, Variant
from autograder.datasets import DataSet
from autograder.grading.context import Case, Shared, write_drawn
from autograder.grading.handed_on import NOTHING_HELD, Artefacts, Held
from autograder.grading.notebooks import repair_notebooks
from autograder.grading.options import RunOptions, selected_checks
from autograder.grading.predictions import HandedInPredictions, pseudonym_in
from autograder.grading.provenance import replay, resources
from autograder.grading.runner import Begin, Listener, Runner, unheard, unwatched
from autograder.grading.usage import Usage
from autograder.grading.written_answers import with_written
from autograder.loader import Loaded
from autograder.messages import OTHER_VARIANT
from autograder.results import Report
from autograder.sandbox import Sandbox
from autograder.scoring import report_points
from autograder.submissions import Submission

__all__ = ["drawn_for", "grade", "restore_given"]

_BLOCK = 1 << 20


def grade(
    loaded: Loaded,
    submission: Submission,
    sandbox: Sandbox,
    dataset: DataSet | None,
    options: RunOptions,
    listen: Listener = unheard,
    shared: Shared | None = None,
    begin: Begin = unwatched,
    variant: Variant | None = None,
    done: Collection[str] = (),
    held: Held = NOTHING_HELD,
    folder: Path | None = None,
) -> Report:
    """Run every selected check of an assignment against one submission.

    Nothing that the submission does raises here, and no fault of ours costs it a point: such checks are INTERNAL.

    Args:
        loaded: the assignment with its reference.
        submission: staged files, or the problem that `submissions` found.
        sandbox: a started one; it is opened at least once for each question that has something to run.
        dataset: the assignment's data, None when it names none.
        options: seed, length, selection.
        listen: called for each check with what it returned, or the `CheckFailed` that it raised.
        shared: what is kept from one submission of this assignment to the next; nothing if left out.
        begin: called for each check that begins, with after how many seconds it will be ended.
        variant: what the student was given, where the assignment draws one; the student's own if left out.
        done: ids of checks that are left out of the report, and run only where others need them.
        held: those of them that do not run even then, with what they handed on.
        folder: where what checks hand on is kept in files; None for nowhere.

    Raises:
        InstructorError: the student's variant cannot be drawn.
        LostError: a file of `held` is gone or damaged.
        UsageError: `options.only` names neither a question nor a check.
    """
    if shared is None:
        with Shared() as own:
            return grade(loaded, submission, sandbox, dataset, options, listen, own, begin, variant, done, held, folder)
    drawn = loaded.variant_of(submission.student, options.seed) if variant is None else None
    variant = variant or drawn
    not_final = OTHER_VARIANT if drawn and _has_other(submission.folder / MODULE, drawn) else ""
    notebooks = repair_notebooks(loaded, submission, shared.reader, variant)
    predictions = HandedInPredictions(loaded, submission.folder, options.seed, shared.predictions)
    case = Case(
        loaded, submission, sandbox, dataset, options, variant, predictions,
        notebooks=notebooks, answers=shared.answers, usage=Usage(options.cpu_budget),
    )  # fmt: skip
    made_by = replay(loaded, submission, dataset, options, sandbox, variant)
    artefacts = Artefacts(folder, made_by)
    run = Runner(case, listen, begin, artefacts, held)
    restored = restore_given(loaded, submission, dataset, variant)
    expected = selected_checks(loaded.assignment, options).difference(done)
    try:
        chosen = {
            question: [check for check in question.checks if check.id in expected]
            for question in loaded.assignment.questions
            if expected.intersection(each.id for each in question.checks)
            or expected.intersection(each.id for each in question.answers)
        }
        questions = tuple(
            with_written(result, [each for each in asked.answers if each.id in expected], case)
            for asked, result in zip(chosen, run.questions(chosen), strict=True)
        )
    finally:
        case.close()
    points, max_points, bonus_points = report_points(questions)
    return Report(
        assignment=loaded.id,
        student=submission.student,
        points=points,
        max_points=max_points,
        bonus_points=bonus_points,
        questions=questions,
        resources=resources(case.outcomes, sandbox),
        replay=replace(made_by, artefacts=artefacts.written, not_kept=artefacts.not_kept),
        notes=(*submission.notes, *drawn_for(variant), *restored, *notebooks.notes),
        notebooks=notebooks.results(),
        not_final=not_final,
        pseudonym=pseudonym_in(loaded, submission.folder),
    )


def _has_other(file: Path, variant: Variant) -> bool:
    """Whether the module of a variant was handed in and is another than the student's, but for white space."""
    if not file.is_file():
        return False
    expected = variant.everything[MODULE]
    return file.stat().st_size > 2 * len(expected) + _BLOCK or file.read_bytes().split() != expected.split()


def drawn_for(variant: Variant | None) -> tuple[str, ...]:
    """The sentence of a report about the variant that was graded; none where everybody is given the same."""
    return (f"The variant of this submission: {variant}.",) if variant else ()


def restore_given(
    loaded: Loaded, submission: Submission, dataset: DataSet | None, variant: Variant | None = None
) -> tuple[str, ...]:
    """Put what is handed out complete in place of what the student made of it.

    Given modules, and what is this student's own, are written into the staged copy; of other files, what was handed in
    is removed where it differs, and the sandbox has the given ones.

    Returns:
        A sentence about each file that differed.
    """
    notes = []
    drawn = variant.everything if variant else {}
    own: Mapping[str, bytes] = {**(dataset.handed_out if dataset else {}), **drawn}
    for file in (*loaded.assignment.given, *loaded.assignment.extra_files, *own):
        source = loaded.reference_folder / file
        if other := _instead(submission.folder, file, own.get(file, source)):
            shutil.rmtree(other) if other.is_dir() else other.unlink()
            notes.append(f"{file} differs from the one that was handed out; the handed-out one was used.")
        target = submission.folder / file
        if file in loaded.assignment.given and not target.is_file():
            shutil.copyfile(source, target)
            target.chmod(0o644)
    write_drawn(submission.folder, drawn)
    return tuple(notes)


def _instead(folder: Path, file: str, given: Path | bytes) -> Path | None:
    """What a student handed in where a given file belongs, if it is another: a file, or a folder of its name."""
    above = reversed(PurePosixPath(file).parents[:-1])
    places = [*(folder / part for part in above), folder / file]
    found = next((place for place in places[:-1] if place.is_file()), places[-1])
    return found if found.exists() and not _same(found, given) else None


def _same(one: Path, other: Path | bytes) -> bool:
    """Whether a file holds the same bytes as another one, or certain ones."""
    if isinstance(other, bytes):
        return one.is_file() and one.stat().st_size == len(other) and one.read_bytes() == other
    if not one.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(_BLOCK):
            if block != right.read(_BLOCK):
                return False
    return True

"""What of a class is graded, and with what: one record for our assignments and for those of other graders.

`own_work` fills it for an assignment of the course's own, `autograder.formats.nbgrader` for one in nbgrader's folders;
`class_run` grades by it, whoever filled it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from autograder import loader, sandbox
from autograder.course import Course
from autograder.course.term import Term
from autograder.early_start import Early
from autograder.grading.grader import AssignmentGrader, Grader
from autograder.grading.options import RunOptions, selected_checks
from autograder.grading.preparing import caps_for, dataset_for, limits_from, settings_of, start_sandbox
from autograder.grading.validation_cache import ValidationCache, validation_key
from autograder.messages import UNKNOWN_STUDENT
from autograder.results import Report
from autograder.sandbox.image import image_name
from autograder.scoring import with_open_points
from autograder.seeding import ENOUGH_BITS, guessing_bits
from autograder.submissions import Recogniser, Submission, Which, collect, passed_over, waiting_in
from autograder.submissions.attempts import is_collected
from autograder.submissions.term import Roster, course_roster, fits_nobody, open_term

__all__ = ["ClassWork", "GradeRequest", "Screen", "own_work"]


class Screen(Protocol):
    """Where the person who grades reads what is done; sentences are plain text."""

    def say(self, sentence: str) -> None:
        """Show a sentence."""

    def warn(self, fault: str, sentence: str = "") -> None:
        """Show what is wrong, so that it stands out, and what follows from it."""


@dataclass(frozen=True, slots=True)
class GradeRequest:
    """The arguments of `autograder grade`; None or empty means: as the course has it."""

    name: str
    submissions: Path | None
    out: Path
    jobs: int | None
    only: str
    students: tuple[str, ...]
    sandbox: str | None
    limits: tuple[str, ...]
    full: bool
    data: Path | None
    seed: str | None
    db: str | None
    course: Path | None
    due: datetime | None = None
    cluster: str = ""
    scheduler: str = ""
    keys: Path | None = None
    forecast: bool = False
    budget: float = 0.0
    job_template: Path | None = None
    slurm: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassWork:
    """What is graded, with all in which our assignments and nbgrader's differ.

    Args:
        course: the course's settings.
        title: the assignment's title.
        image: the name of its container image.
        preload: modules that the assignment imports beforehand.
        collect: stages everybody's submissions in a folder of ours; with copies of their files, or without where
            perhaps nothing has to be graded.
        grader: how they are graded, by the name of the sandbox, that folder, and what the class imports.
        answers: files with written answers.
        dataset: the name of the data set, or "".
        known_without_copies: whether a result can be known before copies are made.
        refused: why `validate` refuses the assignment, or "".
        finished: what is laid over reports before anybody sees them.
        term: the course with its dates; None where lateness is not ours to judge.
        turn: stages attempts that may count as well, in the first turn one of each student who has several, and so on.
        waiting: who handed in, or may have, something that cannot be graded before staff answers a question.
        files: the folder for what checks hand on; None for that beside a database file.
        threads: how many threads a submission may use; so many processors each job needs.
    """

    course: Course
    title: str
    image: str
    preload: tuple[str, ...]
    collect: Callable[[Path, bool], tuple[Submission, ...]]
    grader: Callable[[str, Path, tuple[str, ...]], Grader]
    answers: tuple[str, ...] = ()
    dataset: str = ""
    known_without_copies: bool = False
    refused: Callable[[], str] = lambda: ""
    finished: Callable[[Sequence[Report]], tuple[Report, ...]] = tuple
    term: Term | None = None
    turn: Callable[[Path, int], tuple[Submission, ...]] = lambda _folder, _turn: ()
    waiting: tuple[str, ...] = ()
    files: Path | None = None
    threads: int = 1


def own_work(
    asked: GradeRequest, root: Path, course: Course, submissions: Path, seed: str, early: Early | None, screen: Screen
) -> ClassWork:
    """An assignment of the course's own.

    Args:
        asked: what is graded.
        root: the course's folder.
        course: its settings.
        submissions: the folder with everybody's.
        seed: of the course.
        early: a forkserver that was started before, if there is one.
        screen: where it is said what is not as somebody may expect.

    Raises:
        UsageError, InstructorError: there is no such assignment, or something about it is wrong.
    """
    loaded = loader.load(root, asked.name)
    settings = settings_of(asked.data, course, loaded)
    limits = {**course.limits.get(asked.name, {}), **limits_from(asked.limits)}
    options = RunOptions(seed, asked.full, asked.only, limits, cpu_budget=asked.budget)
    selected_checks(loaded.assignment, options)
    _warn_of_guessable(screen, options.seed)
    dataset, said = dataset_for(loaded, settings)
    if said:
        screen.say(said)
    if beside := passed_over(submissions, loaded.assignment.handed_in):
        screen.say(f"Not counted as submissions: {', '.join(beside)}.")
    recogniser = Recogniser.of(loaded, accept=course.accept_close_names)
    caps = caps_for(loaded, dataset)
    roster = course_roster(course, root) if loaded.assignment.variants else None
    term = open_term(root, course)
    if wrong := fits_nobody(course, term.roster):
        screen.say(wrong)
    which = Which(term, asked.name)

    def collected(folder: Path, copies: bool) -> tuple[Submission, ...]:
        everyone = collect(
            submissions, loaded.assignment.handed_in, folder, caps, recogniser, copies=copies, which=which
        )
        if loaded.assignment.variants:
            from autograder.release import refuse_redrawn

            refuse_redrawn(loaded, (each.student for each in everyone), seed)
        return everyone

    def turn(folder: Path, number: int) -> tuple[Submission, ...]:
        if course.attempt_rule(asked.name).counts != "best" or not is_collected(submissions):
            return ()
        later = replace(which, turn=number)
        return collect(submissions, loaded.assignment.handed_in, folder, caps, recogniser, which=later)

    def grader(name: str, folder: Path, foreseen: tuple[str, ...]) -> Grader:
        def begin(foreseen: tuple[str, ...]) -> sandbox.ForkServer | sandbox.ContainerSandbox:
            return start_sandbox(name, loaded, foreseen=foreseen, early=early)

        about = (root, loaded, dataset, settings, options, name, begin)
        return AssignmentGrader(*about, folder=folder, foreseen=foreseen)

    return ClassWork(
        course,
        loaded.assignment.title,
        image_name(asked.name),
        loaded.assignment.preload,
        collected,
        grader,
        loaded.assignment.answers,
        dataset.name if dataset else "",
        known_without_copies=not any(file.endswith(".pdf") for file in loaded.assignment.answers),
        refused=lambda: ValidationCache().refused(validation_key(loaded, dataset, replace(options, only=""))),
        finished=partial(_not_final_of_unknown, roster) if loaded.assignment.variants else tuple,
        waiting=waiting_in(submissions, which, perhaps=True),
        term=term,
        turn=turn,
        files=course.artefacts_at(root),
        threads=loaded.assignment.limits_together(full=asked.full, changes=limits).threads,
    )


def _not_final_of_unknown(roster: Roster | None, reports: Sequence[Report]) -> tuple[Report, ...]:
    """The reports; of somebody who is not on the roster, nobody knows which variant he was given."""
    from autograder.release import unknown_students

    unknown = unknown_students((report.student for report in reports), roster)
    return tuple(
        replace(with_open_points(report), not_final=UNKNOWN_STUDENT) if report.student in unknown else report
        for report in reports
    )


def _warn_of_guessable(screen: Screen, seed: str) -> None:
    bits = guessing_bits(seed)
    if bits < ENOUGH_BITS:
        screen.warn(
            "The seed can be guessed",
            f"(about {bits:.0f} bits): whoever finds it knows the inputs of all hidden checks. Leave --seed and "
            "AUTOGRADER_SEED out, and a random one is kept for you.",
        )

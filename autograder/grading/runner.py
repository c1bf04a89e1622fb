"""Run the checks of one submission: after those that they need, with what they ask for, and say whose fault it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autograder.assignment.question import Check, Question
from autograder.checks import Credit
from autograder.checks.errors import CheckFailed, MisuseError, SandboxError, StudentError
from autograder.checks.local.notebook_code import is_notebook
from autograder.grading.check_results import (
    Found,
    Pictures,
    asserted,
    made_result,
    mistaken,
    needed_not_passed,
    scores_of,
    shortened,
    text_of,
    together,
    unusable,
    whose_fault,
)
from autograder.grading.context import Case, random_numbers_kept
from autograder.grading.handed_on import NOTHING_HELD, Artefacts, HandedOn, Held
from autograder.grading.options import check_seconds
from autograder.grading.reference import Solved
from autograder.grading.sandboxes import Room
from autograder.grading.signs import apart, with_signs
from autograder.grading.time_limits import Overdue, ended_after, not_ended
from autograder.messages import NEEDED, TO_BE_CORRECTED, carried_forward
from autograder.remote.artefacts import Kept, handles_in, keep, revive
from autograder.remote.reference import ReferenceFailed
from autograder.results import CheckResult, Limits, QuestionResult, Score, Verdict
from autograder.scoring import question_points
from autograder.worker import seed_all

__all__ = ["Begin", "Found", "Listener", "Runner", "unheard", "unwatched"]

_LESS = 0.5  # of the time: by so much a right answer must miss a limit, before an answer is to blame for reaching it
Listener = Callable[[Check, object], None]
Begin = Callable[[str, float], None]


def unwatched(check: str, seconds: float) -> None:
    """What is called when a check begins, where nobody watches how long it takes."""


def unheard(check: Check, came: object) -> None:
    """What listens to the checks of an ordinary grade: nobody."""


class Runner:
    """One submission on its way through the questions: the results so far, and what checks handed on.

    `listen` is given what each check returned, or the `CheckFailed` that it raised; `begin` is called when a check
    begins, and after how many seconds it will be ended. What checks hand on is kept in `artefacts`. Checks that are
    `held` are not run: others see how they ended and get what they handed on.

    Raises:
        LostError: a file with what one of these handed on is gone or damaged.
    """

    def __init__(
        self,
        case: Case,
        listen: Listener = unheard,
        begin: Begin = unwatched,
        artefacts: Artefacts | None = None,
        held: Held = NOTHING_HELD,
    ) -> None:
        self.case = case
        self.listen = listen
        self.begin = begin
        loaded = case.loaded
        self.by_id = {check.id: check for check in loaded.assignment.checks}
        data = case.dataset.name if case.dataset else None
        self.titles = {
            name: loaded.assignment.title_of(check, data, full=case.options.full) for name, check in self.by_id.items()
        }
        self.handed_on = {name for check in self.by_id.values() for name in check.parameters if name in check.needs}
        self.results: dict[str, CheckResult] = {}
        self.values: dict[str, Any] = {}
        self.kept: dict[str, tuple[Kept, ...]] = {}
        self.reference = Solved(case) if any(map(is_notebook, loaded.interface.files)) else None
        self.solved, self.beside_solved = Solved(case), Solved(case)
        self.solved_values: dict[tuple[str, str], Any] = {}
        self.stands: dict[tuple[str, str], bool] = {}
        self.same: dict[tuple[str, str], type[BaseException]] = {}
        for each in filter(None, (self.reference, self.solved, self.beside_solved)):
            case.at_end.append(each.close)
        self.under_way: list[str] = []
        self.noted_for_staff: set[str] = set()  # checks
        self.timing: list[tuple[str, float]] = []
        self.pictures = Pictures()
        self.artefacts = artefacts
        for name, verdict in held.verdicts.items():
            self.results[name] = replace(made_result(self.by_id[name], verdict), title=self.titles[name])
        for name, found in artefacts.of(held).items() if artefacts else ():
            self.values[name], self.kept[name] = found.value, found.kept

    def start_again(self, case: Case) -> None:
        """Forget every result, to run checks of the same submission under the random numbers of another run."""
        self.case = case
        self.results, self.values, self.kept, self.solved_values, self.stands, self.same = {}, {}, {}, {}, {}, {}
        self.pictures = Pictures()

    def questions(self, expected: Mapping[Question, Sequence[Check]]) -> tuple[QuestionResult, ...]:
        """Run some checks of some questions, each in the question's sandbox while that lives.

        Public ones come first: after hidden inputs they would need a fresh sandbox. One that has run notebooks serves
        all questions, so there all public checks of all questions are first.
        """
        rooms = {question: self.room(question) for question in expected}
        passes = ((False,), (True,)) if self.case.notebooks.files else ((False, True),)
        for kinds in passes:
            for question, checks in expected.items():
                try:
                    for check in sorted(checks, key=lambda each: each.hidden):
                        if check.hidden in kinds:
                            self.result(check, rooms[question])
                finally:
                    rooms[question].close()
        return tuple(self.question_result(question, checks, rooms[question]) for question, checks in expected.items())

    def question_result(self, question: Question, checks: Iterable[Check], room: Room) -> QuestionResult:
        """The result of a question whose checks are done."""
        results = tuple(self.results[check.id] for check in checks)
        points, max_points = question_points(results)
        return QuestionResult(
            question.id, question.title, points, max_points, question.bonus, results, room.shown, room.printed
        )

    def room(self, question: Question, *, unread: bool = False) -> Room:
        """Where the checks of a question run; close it when they are done for now.

        With `unread`, public checks may follow hidden ones in one sandbox, because no student reads what they say.
        """
        return Room(self.case, self.limits_of(question), self.passed, self.reference, unread=unread)

    def limits_of(self, question: Question) -> Limits:
        """What a question may use."""
        options = self.case.options
        return self.case.loaded.assignment.limits_of(question, full=options.full).changed(options.limits)

    def result(self, check: Check, room: Room) -> CheckResult:
        """The result of a check: found earlier because another one needed it, or found now."""
        return self.results[check.id] if check.id in self.results else self.run(check, room).result

    def run(self, check: Check, room: Room) -> Found:
        """Run one check, after those that it needs, and remember its result."""
        self.under_way.append(check.id)
        try:
            found = self.stopped(check, room)
            if found is None:
                found = self.case_by_case(check, room) if check.cases else self.carried_out(check, check, room)
        finally:
            self.under_way.pop()
        found = replace(found, result=replace(found.result, title=self.titles.get(check.id, check.title)))
        self.results[check.id] = found.result
        if self.artefacts and check.id in self.handed_on and check.id in self.values:
            self.artefacts.keep(check.id, HandedOn(self.values[check.id], self.kept.get(check.id, ())))
        return found

    def stopped(self, check: Check, room: Room) -> Found | None:
        """Why a check is not run at all, or None: something that it needs did not pass, or there is nothing to run."""
        for need in check.needs:
            before = self.result(self.by_id[need], room)
            if before.verdict is Verdict.INTERNAL:
                failure = f"The check {before.title!r}, {NEEDED}"
                return Found(made_result(check, Verdict.INTERNAL, failure=failure))
            if before.verdict not in (Verdict.PASSED, Verdict.PARTIAL):
                failure = needed_not_passed(before.title)
                return Found(made_result(check, Verdict.SKIPPED, failure=failure))
        problem = self.case.submission.problem
        if problem:
            error = StudentError(self.case.submission.problem_verdict, problem, open=True)
            error.step = ""  # the sentence says it
            return Found(made_result(check, error.verdict, error=error), error)
        return None

    def case_by_case(self, check: Check, room: Room) -> Found:
        """Carry out each case, with random numbers of its own; one that is not passed costs its own points."""
        found = [(part.case, self.carried_out(check, part, room)) for part in check.parts]
        concealed = any(each.concealed for _, each in found)
        error = next((each.error for _, each in found if each.error is not None), None)
        return Found(together(check, [(name, each.result) for name, each in found], concealed), error, concealed)

    def carried_out(self, check: Check, part: Check, room: Room) -> Found:
        """Call the function of a check, for one case (`part`) or as a whole, and tell from what comes how it ended."""
        began, mark = time.monotonic(), room.case.usage.mark()
        spent = room.budget.wall, room.budget.cpu
        credit, verdict, message, fault, earned = 0.0, Verdict.INTERNAL, "", None, Credit(0.0)
        scores: tuple[Score, ...] = ()
        raised: Exception | None = None
        try:
            with self.timed(part):
                value = self.called(check, part, room)
            if wrong := mistaken(part, value, handed_on=check.id in self.handed_on):
                message = f"{TO_BE_CORRECTED}: {wrong}"
            else:
                self.listen(check, value)
                self.hand_on(check, part, value)
                earned = value if isinstance(value, Credit) else Credit(1.0)
                credit, message, scores = earned.fraction, shortened(earned.message), scores_of(earned.measured)
                verdict = Verdict.PASSED if credit >= 1 else Verdict.PARTIAL if credit > 0 else Verdict.FAILED
        except CheckFailed as error:
            verdict, message, raised, scores = Verdict.FAILED, text_of(error), error, scores_of(error.measured)
            self.listen(check, error)
        except StudentError as error:
            room.settle()
            verdict, fault = error.verdict, error
        except SandboxError as error:
            message, raised = text_of(error), error
            room.leave()
        except AssertionError as error:
            verdict, message, raised = Verdict.FAILED, text_of(error) or asserted(error), error
        except Overdue as error:
            message = not_ended(part.function, self.seconds_of(part), error)
            room.leave()
            room.budget.wall, room.budget.cpu = spent  # what it made the submission do costs no other check its time
        except Exception as error:  # noqa: BLE001  (the answer's fault, the instructor's or ours)
            raised = error
            if self.works_with_reference(part, error):
                verdict, message = Verdict.FAILED, unusable(error)
            else:
                message = whose_fault(part, error, same=self.same.get((part.id, part.case)) is type(error))
                room.leave()
        note, concealed = carried_forward(room.carried), check.hidden or room.concealed
        room.end_of_check()
        if fault:  # what every sandbox of this check used is known only now
            fault = raised = room.case.usage.explained(fault)
        made = made_result(
            part, verdict, credit, time.monotonic() - began, fault, message, note, concealed, noted=self.noted(check)
        )
        answers = next((each.answers for each in earned.measured if each.answers), "")
        made = room.case.usage.noted(made, mark)
        result = replace(made, alarms=tuple(map(shortened, earned.alarms)), answers=answers, scores=scores)
        result = with_signs(result, earned.signs, partial(apart, room, part, room.limits), partial(self.timed, part))
        return Found(self.pictures.added(result, *room.take_pictures(), concealed=concealed), raised, concealed)

    def noted(self, check: Check) -> bool:
        """Whether the student reads what was replaced: not where that tells a verdict that is shown later."""
        if self.noted_for_staff.intersection(check.needs):  # what these handed on is made with the same parts
            self.noted_for_staff.add(check.id)
        return check.id not in self.noted_for_staff

    @contextmanager
    def timed(self, check: Check) -> Iterator[None]:
        """What runs here is ended when it takes longer than a check may.

        Raises:
            Overdue: it was ended.
        """
        seconds = self.seconds_of(check)
        self.begin(check.id, seconds)
        self.timing.append((check.id, seconds))
        try:
            with ended_after(seconds):
                yield
        finally:
            self.timing.pop()
            if self.timing:  # one that asks for this one by `unless` goes on
                self.begin(*self.timing[-1])

    def seconds_of(self, check: Check) -> float:
        """How long a check may take."""
        question = next(each for each in self.case.loaded.assignment.questions if each.id == check.question)
        notebooks = self.case.notebook_time.limits.wall_seconds if self.case.notebooks.files else 0.0
        return check_seconds(self.case.loaded, check, self.limits_of(question), notebooks)

    def called(self, check: Check, part: Check, room: Room) -> Any:
        """What the function of a check returns; it is called again where a fresh sandbox leaves out what ended one."""
        while True:
            try:
                return check.function(**self.arguments(part, room))
            except StudentError as error:
                if not error.again:
                    raise
                error.again = False  # it may still be why a name is missing
                room.settle()

    def passed(self, function: Callable[..., Any]) -> bool:
        """Whether the check of a function is passed; it is run now, in a sandbox of its own, if it was not yet.

        Raises:
            MisuseError: the function is no check, or waits itself for the check that asks.
            SandboxError: the check is INTERNAL.
        """
        check = next((each for each in self.by_id.values() if each.function is function), None)
        name = getattr(function, "__name__", repr(function))
        if check is None:
            raise MisuseError(f"unless={name} is no check of this assignment; give the function of one.")
        if check.id in self.under_way:
            raise MisuseError(f"unless={name} waits for the very check that asks for it; name an earlier check.")
        if self.under_way and check.visible.rank > self.by_id[self.under_way[-1]].visible.rank:
            self.noted_for_staff.add(self.under_way[-1])
        if check.id not in self.results:
            question = next(each for each in self.case.loaded.assignment.questions if each.id == check.question)
            room = self.room(question)
            try:
                with random_numbers_kept():
                    self.result(check, room)
            finally:
                room.close()
        if self.results[check.id].verdict is Verdict.INTERNAL:
            raise SandboxError(f"The check {check.title!r}, on which it depends what is replaced, is INTERNAL.")
        return self.results[check.id].verdict is Verdict.PASSED

    # --- what a check is given ---

    def arguments(self, check: Check, room: Room) -> dict[str, Any]:
        """What a check's parameters name; objects of the submission's are alive again in the present sandbox."""
        given = {name: self.values[name] for name in check.needs if name in check.parameters}
        lives = any(self.kept.get(name) for name in given)
        student = room.student(check) if lives or "student" in check.parameters else None
        for name, value in given.items():
            given[name], self.kept[name] = revive(value, self.kept.get(name, ()), room.home_of)
        reference = room.reference(check) if "reference" in check.parameters else None
        return self.expected(check, {**given, "student": student, "reference": reference})

    def expected(self, check: Check, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the parameters name, of what is given and of what does not depend on the submission."""
        dataset = self.case.dataset
        available: dict[str, Any] = {
            "rng": np.random.default_rng(self.case.seed_of_inputs(check)),
            "full": self.case.options.full,
            "share": self.case.options.share,
            "case": check.case,
            "data": dataset.open if dataset else None,
            "hidden": dataset.hidden if dataset else None,
            "variant": self.case.variant,
            "predictions": self.case.predictions,
            **given,
        }
        seed_all(self.case.seed_inside(check.id))  # a check may draw from `random` or numpy itself
        return {name: available[name] for name in check.parameters}

    def hand_on(self, check: Check, part: Check, value: Any) -> None:
        """Remember what a check returned, and what of it stays in the sandbox in a form that outlives this.

        A check with cases hands on a dictionary, from the name of each case that returned something to what it was.
        """
        if part.case:
            self.values.setdefault(check.id, {})[part.case] = value
        else:
            self.values[check.id] = value
        if check.id in self.handed_on and handles_in(value):
            self.kept[check.id] = (*self.kept.get(check.id, ()), *keep(value, check.title))

    # --- the reference in the place of the student ---

    def works_with_reference(self, check: Check, error: Exception) -> bool:
        """Whether a check that fell over an answer stands with the reference's: then the answer is to blame.

        An answer of a wrong kind must not become a fault of ours, which costs nothing.
        """
        if isinstance(error, (OSError, MisuseError)) or not {"student", *check.needs} & set(check.parameters):
            return False
        key = (check.id, check.case)
        share = _LESS if isinstance(error, ReferenceFailed) and error.over_limit else 1.0
        if key not in self.stands:
            try:
                with self.timed(check):
                    self.solved_value(check, share)
            except (Exception, Overdue) as other:  # noqa: BLE001
                self.stands[key] = False
                self.same[key] = type(other)
            else:
                self.stands[key] = True
        return self.stands[key]

    def solved_value(self, check: Check, share: float = 1.0) -> Any:
        """What a check gives when the reference stands in for the student, also in the checks that it needs.

        The reference runs in sandboxes of its own, which have been given nothing of the submission's, under the limits
        of the check's question, or under a `share` of their time.
        """
        if check.cases:
            return {part.case: self.solved_value(part, share) for part in check.parts}
        if not (self.solved.alive and self.beside_solved.alive):
            self.solved_values = {}  # what they hold of the sandbox is gone
        key = (check.id, check.case)
        if key not in self.solved_values:
            needed = [need for need in check.needs if need in check.parameters]
            given = {need: self.solved_value(self.by_id[need], share) for need in needed}
            question = next(each for each in self.case.loaded.assignment.questions if each.id == check.question)
            seed, limits = self.case.seed_inside(check.id), self.limits_of(question)
            sides = {"student": self.solved, "reference": self.beside_solved}
            given |= {name: side.student(seed, limits, share) for name, side in sides.items()}
            self.solved_values[key] = check.function(**self.expected(check, given))
        return self.solved_values[key]

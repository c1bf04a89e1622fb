"""From recorded calls to checks that the reference passes, one function at a time."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks.rows import size_of
from autograder.checks.wording import series, small
from autograder.scaffold import bodies
from autograder.scaffold.answers import Answer, mixed, names_of_parts, numbers, parts_of, tolerances, visible, whole
from autograder.scaffold.bodies import Subject
from autograder.scaffold.cases import Case
from autograder.scaffold.examples import covered, held, missed, small_example, unreached
from autograder.scaffold.helpers import AGREE, LAYERS, PLOTS, helpers
from autograder.scaffold.inputs import Unknown
from autograder.scaffold.properties import Properties
from autograder.scaffold.recognising import estimator_check, figure_check, gradient_check
from autograder.scaffold.recorded_functions import (
    FORMS,
    Drafted,
    arrays_stated,
    bound,
    changes_stated,
    shown_attributes,
    subject_of,
    with_other_settings,
)
from autograder.scaffold.tracing import Traced
from autograder.scaffold.trial_runner import Failed, TrialRunner
from autograder.scaffold.working_inputs import SURE_SEEDS, Working, repeats
from autograder.scaffold.writing import DraftedCheck

__all__ = ["draft"]

MOST_BYTES = 1 << 20
"""Of an answer whose properties are looked for."""
_KINDS = ("another", "a third")
"""What the titles of checks call the further ways in which the example called a function."""


def draft(
    name: str,
    traced: Traced,
    source: str,
    given: Mapping[str, Collection[str]],
    trial_runner: TrialRunner,
    siblings: Mapping[str, Any],
) -> Drafted:
    """The checks of one function.

    Args:
        name: its qualified name.
        traced: the recorded calls.
        source: text of its module.
        given: attributes of each class that are not left to the solution.
        trial_runner: where checks are tried.
        siblings: every function and method of the reference by qualified name, with its parameters.
    """
    return _Drafting(name, traced, source, given, trial_runner, siblings).run()


class _Drafting(Working):
    """One function on its way to its checks."""

    def __init__(
        self,
        name: str,
        traced: Traced,
        source: str,
        given: Mapping[str, Collection[str]],
        trial_runner: TrialRunner,
        siblings: Mapping[str, Sequence[str]],
    ) -> None:
        super().__init__(name, traced, source, trial_runner)
        self.given = given
        self.shown = shown_attributes(source, name)
        self.siblings = siblings
        self.drafted = Drafted(name)
        self.short = bodies.snake(name)
        self.suffix = ""
        self.left: frozenset[Case] = frozenset()
        self.way = "On random inputs of several sizes"

    def run(self) -> Drafted:
        if self.name in self.trial_runner.open:
            return self.without("its docstring leaves to students what it gives; write what holds of each right answer")
        if what := bound({"": self.source}).get(self.name):
            return self.without(
                f"its docstring asks for arguments that {what}, which random ones do not; write a check"
            )
        try:
            subject = self.subject()
            found = self.on_texts(subject) or self.working(subject)
        except Unknown as error:
            return self.without(str(error))
        if found is None:
            return self.without(f"with inputs like the recorded ones it did not work: {self.reason}")
        subject, rows, self.left = covered(self.trial_runner, *found, self.traced.calls.get(self.name, []))
        answer = self.answer(subject, rows)
        self.shown_by(subject, rows[0])
        if answer is None:
            if self.changing(subject, rows):
                return self.with_rest()
            if not self.drafted.checks and subject.unnamed:
                names = series(subject.unnamed)
                self.without(
                    f"it changes {names}, which neither a docstring nor the given code names, so it does nothing that "
                    "a check can see from outside; name in its docstring what is to be compared"
                )
            elif not self.drafted.checks:
                self.without("it returns nothing that a check can see from outside; return what it changes")
            return self.drafted
        self.public(subject, answer)
        self.compared(subject, rows, answer)
        self.changing(subject, rows, beside=True)
        self.gradient(subject, rows, answer)
        for place in range(1, FORMS):
            with contextlib.suppress(Unknown, Failed):
                other = self.subject(place)
                if subject.recorded and held(other, self.traced.calls[self.name], subject.recorded):
                    continue
                more = [name for name in other.passed if name not in subject.passed]
                suffix = f"_with_{'_'.join(more)}" if more else f"_in_way_{place + 1}"
                kind = f"arguments of {_KINDS[place - 1]} kind"
                self.otherform(other, suffix, f"With {series(more or [kind])}")
        with contextlib.suppress(Unknown, Failed):
            if (set_ := with_other_settings(self.subject(), self.traced)) is not None:
                self.otherform(set_[0], "_with_other_settings", f"With other values of {series(set_[1])}")
        return self.with_rest()

    def shown_by(self, subject: Subject, row: tuple[Any, ...]) -> None:
        """Checks of the plots that a function draws, and of an estimator that it returns."""
        if lines := figure_check(self.trial_runner, subject, row):
            self.add(
                f"{self.short}_draws_its_plots",
                f"{subject.function} draws its plots, with labels and curves.",
                lines,
                hint="Count your plots and curves, and label the axes.",
                helper=PLOTS,
            )
        if lines := estimator_check(self.trial_runner, subject, row):
            self.add(
                f"{self.short}_is_built_as_described",
                f"What {subject.function} returns has the right steps and settings, and is not fitted yet.",
                lines,
                hint="Compare each step and its settings with the docstring.",
            )

    def with_rest(self) -> Drafted:
        """What was drafted, and what the example came across and these checks may not."""
        if self.left and self.drafted.checks:
            self.drafted.notes.append(unreached(self.left, self.source, self.name))
        return self.drafted

    def subject(self, place: int = 0) -> Subject:
        """The function as the example called it most often, or in its next way by `place`."""
        return subject_of(self.name, self.traced, self.siblings, self.given, place, self.shown)

    def otherform(self, subject: Subject, suffix: str, way: str) -> None:
        """The same comparison for another way in which the function may be called."""
        notes = list(self.drafted.notes)
        found = self.working(subject)
        answer = self.answer(*found) if found else None
        if found and answer:
            self.suffix, self.way = suffix, way
            self.compared(*found, answer)
            self.suffix, self.way = "", "On random inputs of several sizes"
        self.drafted.notes = notes

    def without(self, why: str) -> Drafted:
        self.drafted.notes.append(f"{self.name}: {why}.")
        return self.drafted

    # --- what comes back ---

    def answer(self, subject: Subject, rows: Sequence[tuple[Any, ...]]) -> Answer | None:
        """What of the result and of the object's state can be compared."""
        value = self.value(subject, rows[0])
        value = value[0] if subject.state and subject.owner else value
        known = {owner: {*names, *self.shown} for owner, names in self.given.items()}
        expected = [] if value is None or subject.itself else visible("got", value, known)
        holder = "got" if subject.itself else subject.variable
        every = [*expected, *(f"{holder}.{name}" for name in subject.state)]
        if not every:
            return None
        lines = bodies.once(
            subject.inputs,
            rows[0],
            [
                *bodies.prepared(subject),
                "answers = []",
                *bodies.answers(subject, "reference", every),
                "return answers[0]",
            ],
        )
        seen = self.trial_runner.run(lines, LAYERS, seed=1)
        sizes = [abs(number) for number in numbers(seen) if number]
        scale = max(sizes, default=1.0)
        return Answer(tuple(every), mixed(seen), scale, seen)

    # --- checks ---

    def compared(self, subject: Subject, rows: Sequence[tuple[Any, ...]], answer: Answer) -> None:
        """On fresh inputs the submission gives what the reference gives."""
        if repeats(subject):
            self.without("it is called with one text, and does not work with others like it; write a check with others")
            return
        drawn = subject.inputs.free or any("rng." in line for line in bodies.prepared(subject))
        title = self.way if drawn or not subject.inputs.choices else "On several inputs"
        hint = f"Call {subject.function} with small inputs of several shapes, and compare with its docstring."
        helper = helpers(answer.expected, mixed=answer.mixed)
        ways = [(subject, f"{title}, {subject.function} returns the expected answer.")]
        if subject.inputs.has_batches:
            whole = replace(subject, inputs=replace(subject.inputs, one_batch=True))
            ways.append((whole, f"With all samples in one batch, {subject.function} returns the expected answer."))
        for way, title in ways:
            plain = replace(way, recorded=())
            for chosen in (rows, rows[:1]):
                for tolerance in answer.tolerances:
                    lines = self.comparing(plain, chosen, answer, tolerance)
                    self.trial_runner.draws = False
                    if self.agreed(lines, helper):
                        name = f"{self.short}{self.suffix}_agrees_with_the_reference"
                        way, answer = self.with_recorded(way, chosen, answer, tolerance)
                        helper = helpers(answer.expected, mixed=answer.mixed)
                        lines = self.comparing(way, chosen, answer, tolerance)
                        kept = bodies.arguments_kept(way)
                        strict = self.comparing(way, chosen, answer, tolerance, kept)
                        if kept and self.trial_runner.passes(strict, helper):
                            lines, title = strict, f"{title.rstrip('.')} and changes no argument."
                        self.add(name, title, lines, hint=hint, helper=helper)
                        if plain.inputs is not subject.inputs:  # in one batch the order does not matter, else it does
                            self.properties(subject, rows, answer)
                        return
        if not self.properties(subject, rows, answer):
            self.without(
                "its result is random, and no check of it was found; write one"
                if self.trial_runner.draws
                else "several results may be right, such as equal things in another order, and no check of them was "
                "found; write one"
            )

    def with_recorded(
        self, subject: Subject, rows: Sequence[tuple[Any, ...]], answer: Answer, tolerance: str
    ) -> tuple[Subject, Answer]:
        """The subject with its recorded calls, and how all answers are compared; without them where they do not pass.

        Recorded calls may have answers of another kind, such as None beside numbers.
        """
        if not subject.recorded:
            return subject, answer
        for each in (answer, replace(answer, mixed=True)):
            lines = self.comparing(subject, rows, each, tolerance)
            if self.agreed(lines, helpers(each.expected, mixed=each.mixed)):
                return subject, each
        plain = replace(subject, recorded=())
        self.left |= missed(self.trial_runner, plain, list(rows), self.traced.calls.get(self.name, []))
        return plain, answer

    def properties(self, subject: Subject, rows: Sequence[tuple[Any, ...]], answer: Answer) -> bool:
        """What holds of an answer that is not determined; whether anything was found."""
        if size_of(answer.value) > MOST_BYTES:
            return False
        parts = parts_of(answer.expected, answer.value, names_of_parts(self.name, [self.source]), subject.title)
        found = list(
            Properties(self.trial_runner, subject, rows, parts, self.siblings, tolerances(answer.scale)).found()
        )
        for each in found:
            name = f"{self.short}{self.suffix}_{each.kind}"
            title = f"{self.way}: {small(each.title)}" if self.suffix else each.title
            self.add(name, title, each.lines, hint=each.hint, helper=each.helper)
        telling = r"(close|same|agree|table|rows_of|drawn_from|partition)\w*\((?!after\[|student)|no_worse|distrib"
        if len(found) == 1 and not re.search(telling, str(found[0].lines)):
            why = "its answer depends on what it draws" if self.trial_runner.draws else "several answers may be right"
            self.without(f"{why}, and only its shape is checked; add what else must hold")
        return bool(found)

    def changing(self, subject: Subject, rows: Sequence[tuple[Any, ...]], *, beside: bool = False) -> bool:
        """Where calls change their arguments, these are compared; whether they are.

        Of a function that also returns something (`beside`), the change may be an accident of the reference: it is
        asked for where the docstring states it, and else left to the instructor.
        """
        places = [place for place, _ in bodies.changeable(subject)]
        unchanged = bodies.on_inputs(subject, rows, bodies.arguments_kept(subject))
        called = [*bodies.made(subject, "student"), bodies.after(subject, "student")]
        if (
            not places
            or self.trial_runner.passes(unchanged, seeds=SURE_SEEDS)
            or not self.trial_runner.passes(bodies.on_inputs(subject, rows, called))
        ):
            return False
        changed = series([name for _, name in bodies.changeable(subject)])
        if beside and self.name not in changes_stated({"": self.source}):
            self.without(
                f"a call changes {changed} and returns something, and the docstring does not say that it changes what "
                "it is given; if students must do so, write that into it and compare student.arguments_after(...)"
            )
            return False
        inner = bodies.changes_compared(subject, places)
        lines = bodies.on_inputs(subject, rows, inner)
        if not self.trial_runner.passes(lines, AGREE, seeds=SURE_SEEDS):
            self.without(f"a call may change {changed}, and no check of the change was found; write one")
            return False
        self.add(
            f"{self.short}_changes_its_arguments",
            f"On random inputs of several sizes, {subject.function} changes its arguments as expected.",
            lines,
            hint=f"{subject.function} must change what it is given, and not a copy of it.",
            helper=AGREE,
        )
        return True

    def comparing(
        self,
        subject: Subject,
        rows: Sequence[tuple[Any, ...]],
        answer: Answer,
        tolerance: str,
        more: Sequence[str] = (),
    ) -> list[str]:
        """Both sides' answers to the same inputs, compared, and `more` lines for each set of inputs."""
        if tolerance and whole(answer.value):
            tolerance = ""
        name = subject.title if "got" in answer.expected or not subject.state else f"what {subject.function} changes"
        judge = "agree" if answer.mixed else "close" if tolerance else "same"
        tolerance = f", {tolerance}" if tolerance else ""
        named = f'"{name}"' if answer.mixed else f'name="{name}"'
        if not subject.has_objects and answer.expected == ("got",):
            call = f"{subject.function}({subject.arguments})"
            inner = [
                f"got = student.{call}",
                f"want = reference.{call}",
                f"{judge}(got, want, {named}{tolerance})",
            ]
            if isinstance(answer.value, np.ndarray) and self.name in arrays_stated({"": self.source}):
                inner.append(f'same(type(got).__name__, "ndarray", name="The type of {name}")')
        else:
            times = 3 if subject.state and "got" not in answer.expected else 1
            inner = [
                "answers = []",
                "for module in (student, reference):",
                *(f"    {line}" for line in bodies.answers(subject, "module", answer.expected, times=times)),
                f"{judge}(*answers, {named}{tolerance})",
            ]
        return bodies.on_inputs(subject, rows, [*inner, *more])

    def public(self, subject: Subject, answer: Answer) -> None:
        """One small example with its numbers."""
        plain = replace(subject, inputs=replace(subject.inputs, scaled=False))
        rows = self.telling(plain, [*plain.inputs.rows(1, small=True), *plain.inputs.rows(2)])
        found = small_example(
            self.trial_runner,
            plain,
            rows,
            answer.expected,
            mixed=answer.mixed,
            calls=self.traced.calls.get(self.name, []),
        )
        if found:
            self.drafted.checks.append(
                DraftedCheck(
                    f"{self.short}_of_a_small_example",
                    f"On a small example, {subject.function} returns the expected answer.",
                    tuple(found),
                    hidden=False,
                    parameters=bodies.parameters_in(found),
                    helper=AGREE if any("agree(" in line for line in found) else "",
                )
            )

    def gradient(self, subject: Subject, rows: Sequence[tuple[Any, ...]], answer: Answer) -> None:
        """Where the result is the gradient of a loss, it agrees with differences of that loss."""
        lines = gradient_check(self.trial_runner, subject, rows, answer.value, self.siblings)
        if lines:
            self.add(
                f"{self.short}_agrees_with_differences",
                f"On random data, the gradient of {subject.function} agrees with central differences of the loss.",
                lines,
                hint="Compare your gradient with central differences of the loss, entry by entry.",
            )

    def add(self, id: str, title: str, lines: Sequence[str], *, hint: str, helper: str = "") -> None:
        alike = sum(each.id.rpartition("_of_kind_")[0] == id or each.id == id for each in self.drafted.checks)
        if alike:  # called in the same way, with arguments of other kinds
            id, title = f"{id}_of_kind_{alike + 1}", f"{title.rstrip('.')} ({alike + 1})."  # noqa: A001
        self.drafted.checks.append(
            DraftedCheck(id, title, tuple(lines), True, bodies.parameters_in(lines), hint, helper)
        )

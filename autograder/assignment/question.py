"""A question of an assignment, and what is declared under it: checks, their cases, and answers that people grade."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from autograder import settings
from autograder.assignment.predictions import Predictions, checks_of
from autograder.assignment.predictions import declared as declared_predictions
from autograder.assignment.rubric import Item, Written, declared
from autograder.checks.errors import InstructorError
from autograder.checks.wording import counted
from autograder.results import Limits, Visibility
from autograder.scoring import rounded, shown

if TYPE_CHECKING:  # it imports numpy
    from autograder.checks.measurement import Measurement

__all__ = [
    "Case",
    "Check",
    "Function",
    "Question",
    "cases_of",
    "hint_steps",
    "needed_functions",
    "refuse_shown_earlier",
    "visibility_of",
]


Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Case:
    """One of the things that a check asks, with points of its own.

    `hint` is shown in place of the check's where this case is not passed. The name is filled in by the declaration.
    """

    points: float
    hint: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        settings.points(self.points, "Case.points", negative=True)
        settings.text(self.hint, "Case.hint", empty=True)


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One decorated function worth points, which may be split over `cases`; `case` is set in one of `parts`.

    `steps` are the sentences of `hint`, one at a time.
    """

    id: str
    title: str
    function: Callable[..., Any]
    points: float
    hidden: bool
    hint: str
    needs: tuple[str, ...]
    question: str
    cases: tuple[Case, ...] = ()
    case: str = ""
    steps: tuple[str, ...] = ()
    visible: Visibility = Visibility.ALWAYS

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the function asks for, in order."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def parts(self) -> tuple[Check, ...]:
        """A check for each case, with an id (and so seeds) of its own, such as ``gradients[one sample]``."""
        return tuple(
            replace(
                self,
                id=f"{self.id}[{each.name}]",
                points=each.points,
                hint=each.hint or self.hint,
                cases=(),
                case=each.name,
            )
            for each in self.cases
        )


def hint_steps(hint: object, where: str) -> tuple[str, ...]:
    """The sentences of a hint."""
    if isinstance(hint, list | tuple):
        return settings.texts(hint, where, example='["First ...", "Then ..."]')
    text = settings.text(hint, where, empty=True)
    return (text,) if text.strip() else ()


def visibility_of(visible: object, where: str) -> Visibility:
    """From when on a result is shown, as it is written in an assignment.

    Raises:
        InstructorError: it is none of these words.
    """
    try:
        return Visibility(visible)  # type: ignore[arg-type]  # anything may stand there
    except ValueError:
        known = ", ".join(f'"{each}"' for each in Visibility)
        raise InstructorError(f"{where} is {settings.written(visible)}; give one of {known}.") from None


def refuse_shown_earlier(where: str, visible: Visibility, needed: Iterable[Check]) -> None:
    """Refuse a check that is shown earlier than one that it needs: SKIPPED would say what became of that one."""
    for check in needed:
        if check.visible.rank > visible.rank:
            raise InstructorError(
                f"{where} is shown {visible.value!r} and needs {check.id!r}, which is shown "
                f"{check.visible.value!r}; let it be shown as late as what it needs."
            )


def needed_functions(needs: object, where: str) -> tuple[Callable[..., Any], ...]:
    """Checks that another one needs: functions, not their names."""
    several = (needs,) if callable(needs) else needs
    if not isinstance(several, list | tuple) or not all(map(inspect.isfunction, several)):
        raise InstructorError(
            f"{where} is {settings.written(needs)}; give the function of a check above, without quotes, or several in "
            "brackets."
        )
    return tuple(several)


def cases_of(
    where: str, points: float | None, cases: Mapping[str, float | Case] | Sequence[str]
) -> tuple[float, tuple[Case, ...]]:
    """The points of a check, and its cases with their names and points."""
    names = (cases,) if isinstance(cases, str) else tuple(cases)
    if points is None and (not names or not isinstance(cases, Mapping)):
        raise InstructorError(f"{where} has no points; give points=..., or cases={{name: points, ...}}.")
    if not names:
        return points or 0.0, ()
    if len(set(names)) < len(names) or not all(isinstance(name, str) and name.strip() for name in names):
        raise InstructorError(f"{where} has cases without names of their own; name each of them with a text.")
    if isinstance(cases, Mapping):
        given = [each if isinstance(each, Case) else _case(each, where) for each in cases.values()]
    else:
        given = [Case(share) for share in _shares(points or 0.0, len(names))]
    if any(each.points < 0 for each in given):
        raise InstructorError(f"{where} has a case worth less than 0 points; give each case 0 or more.")
    if any(rounded(each.points) != each.points for each in given):
        raise InstructorError(f"{where} has a case worth a part of a hundredth of a point; give whole hundredths.")
    total = rounded(sum(each.points for each in given))
    if points is not None and rounded(points) != total:
        raise InstructorError(
            f"{where} is worth {counted(points, 'point')}, and its cases {shown(total)} together; let them agree."
        )
    return total, tuple(replace(each, name=name) for name, each in zip(names, given, strict=True))


def _case(points: float, where: str) -> Case:
    settings.points(points, f"{where} has a case whose points", negative=True)
    return Case(points)


def _shares(points: float, count: int) -> list[float]:
    """Points in equal parts of whole hundredths, the first ones larger by one where they do not come out even."""
    each, over = divmod(round(100 * points), count)
    return [(each + (place < over)) / 100 for place in range(count)]


class Declaring(Protocol):
    """What a question is a part of: the assignment, which collects what its questions declare."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, in the order of their declaration."""

    @property
    def written(self) -> tuple[Written, ...]:
        """All answers that people grade, in the order of their declaration."""

    def add_check(
        self,
        question: Question,
        function: Callable[..., Any],
        where: str,
        points: float,
        hidden: bool,
        steps: tuple[str, ...],
        needs: Sequence[Callable[..., Any]],
        cases: tuple[Case, ...],
        visible: Visibility,
    ) -> None:
        """Take a declared check; `where` names it in sentences."""

    def add_written(self, made: Written) -> None:
        """Take a declared answer."""

    def add_predictions(self, made: Predictions) -> None:
        """Take a declared file of predictions."""

    def title_of(self, check: Check, data: str | None = None, *, full: bool = True) -> str:
        """The title of a check, as it was run."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A part of an assignment with a title; `solution` names what students write for it.

    `limits` hold for a shortened run, `full_limits` with `--full`; None means the assignment's own.
    """

    id: str
    title: str
    solution: tuple[str, ...]
    bonus: bool
    limits: Limits | None
    full_limits: Limits | None
    assignment: Declaring = field(repr=False)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of this question, in the order of their declaration."""
        return tuple(check for check in self.assignment.checks if check.question == self.id)

    @property
    def answers(self) -> tuple[Written, ...]:
        """The answers of this question that people grade, in the order of their declaration."""
        return tuple(each for each in self.assignment.written if each.question == self.id)

    @property
    def hints(self) -> tuple[str, ...]:
        """The steps of the hints of its checks and their cases, each once, in the order of their declaration."""
        steps = (step for check in self.checks for step in (*check.steps, *(each.hint for each in check.cases)))
        return tuple(dict.fromkeys(filter(None, steps)))

    @property
    def max_points(self) -> float:
        """Points of this question: the sum of its checks."""
        return sum(check.points for check in self.checks)

    @property
    def by_hand(self) -> float:
        """Points of this question that people give, beside `max_points`."""
        return sum(each.points for each in self.answers)

    def written(
        self,
        title: str,
        *,
        points: float,
        answer: str | Sequence[str],
        id: str = "",
        rubric: Mapping[str, float | Item] | None = None,
    ) -> Written:
        """Declare an answer that students write and a person grades.

        Args:
            title: what is asked, in a sentence that students read.
            points: what a person may give.
            answer: where it stands: ``"answers.md#why"`` (the part under a heading), ``"answers.md"``, ``"essay.pdf"``
                or ``"x.ipynb#why"`` (a text cell); several are places of which students choose one. A Markdown or PDF
                file that is named here is handed in, too.
            id: its id, different from those of all checks; the name behind ``#`` when left out.
            rubric: what the points are given for: items with the points of each, or with an ``Item`` that has other
                words for students, where those of staff would give the answer.

        Raises:
            InstructorError: the id is taken, the rubric has another sum than `points`, or there is no such place.
        """
        made = declared(title, id=id, points=points, rubric=rubric or {}, answer=answer, question=self.id)
        self.assignment.add_written(made)
        return made

    def predictions(
        self,
        file: str,
        *,
        labels: str | Mapping[str, Any],
        metric: Callable[[Any, Any], Measurement],
        points: float,
        thresholds: Mapping[float, float] | None = None,
        between: tuple[float, float] | None = None,
        columns: Sequence[str] = ("prediction",),
        public: float = 0.3,
        hint: str | Sequence[str] = "",
        visible: str = "after_deadline",
        id: str = "",
    ) -> Predictions:
        """Declare a file of predictions that students hand in; no module is needed.

        Args:
            file: its name: ``"predictions.csv"``, ``.npy``, or ``.parquet``, which needs pyarrow.
            labels: the right values by id: a mapping, or a CSV file below the folder of the assignment, such as
                ``"hidden/labels.csv"``, with the column ``id`` and one for each of `columns`. They never leave staff.
            metric: a function of predictions and labels that returns a `Measurement`, such as `accuracy`. Where labels
                are texts, both are the numbers of these texts in alphabetical order.
            points: what full credit on the private part of the labels gives.
            thresholds: from a value to the fraction of the points, as for `Measurement.points_at`.
            between: in their place the values of no and of all points, as for `Measurement.points_between`.
            columns: the names of the predicted columns.
            public: the share of the labels, drawn by the course's seed, whose score students are shown; 0 for none.
            hint: as for `check`, of the private part.
            visible: as for `check`, of the private part: whoever is graded several times before the deadline could fit
                labels whose score is shown.
            id: how the ids of its checks begin; the name of the file when left out.

        Raises:
            InstructorError: a value that means nothing, or the file is asked for already.
        """
        made = declared_predictions(
            file, labels=labels, metric=metric, thresholds=thresholds, between=between, columns=columns, public=public,
            id=id,
        )  # fmt: skip
        where = f"predictions({made.file!r}) of the question {self.id!r}"
        settings.points(points, f"{where}: points")
        self.assignment.add_predictions(made)
        functions = checks_of(made)
        for part, function in functions.items():
            worth, needs = (float(points) if part == "private" else 0.0), [functions["format"]] * (part != "format")
            steps = hint_steps(hint, f"{where}: hint") if part == "private" else ()
            shown_from = visibility_of(visible if part == "private" else "always", f"{where}: visible")
            hidden = part == "private"
            self.assignment.add_check(self, function, where, worth, hidden, steps, needs, (), shown_from)
        return made

    def check(
        self,
        *,
        points: float | None = None,
        hidden: bool = False,
        hint: str | Sequence[str] = "",
        needs: Callable[..., Any] | Iterable[Callable[..., Any]] = (),
        cases: Mapping[str, float | Case] | Sequence[str] = (),
        visible: str = "always",
    ) -> Callable[[Function], Function]:
        """Declare the decorated function as a check of this question.

        Args:
            points: what full credit gives; with points for each case it may be left out, for it is their sum.
            hidden: run by staff only; students see title, verdict and hint.
            hint: one sentence about wrong answers, or several steps of one. Students read it when a hidden check is
                FAILED or PARTIAL, and in a notebook step by step, when they ask for it with `hint(...)`.
            needs: checks that must pass first; otherwise this one is SKIPPED.
            cases: the things that the check asks, by name, each with its points or a `Case`, or names alone, which
                share the points equally. The function is called once for each, with the name as `case`, and a case
                that is not passed costs its own points only. Names are for staff, and for students in public checks.
            visible: from when on students are shown the result of a hidden check: ``"always"``, ``"after_deadline"``,
                ``"after_publication"`` or ``"never"``. Until then they read how many points are not shown yet.

        Raises:
            InstructorError: no docstring, a parameter that nobody can fill, a need that is not declared above, or
                points and cases that do not fit, or a need that is shown later.
        """
        where = f"check(...) of the question {self.id!r}"
        if points is not None:
            settings.points(points, f"{where}: points", negative=True)
        settings.flag(hidden, f"{where}: hidden")
        steps = hint_steps(hint, f"{where}: hint")
        shown_from = visibility_of(visible, f"{where}: visible")
        if shown_from is not Visibility.ALWAYS and not hidden:
            raise InstructorError(
                f"{where}: visible={visible!r} is for hidden checks, and students run a public one at home; "
                "leave it out."
            )
        required = needed_functions(needs, f"{where}: needs")
        if not isinstance(cases, Mapping | list | tuple | str):
            raise InstructorError(f"{where}: cases is {settings.written(cases)}; give {{name: points, ...}}, or names.")

        def declare(function: Function) -> Function:
            if not inspect.isfunction(function):
                raise InstructorError(f"{where} stands above {settings.written(function)}; put it above a function.")
            code = function.__code__
            where_here = f"{code.co_filename}:{code.co_firstlineno}: check {function.__name__!r}"
            total, split = cases_of(where_here, points, cases)
            self.assignment.add_check(self, function, where_here, total, hidden, steps, required, split, shown_from)
            return function

        return declare

"""How an instructor declares an assignment: questions, and decorated functions that check them.

    assignment = Assignment("Softmax regression", files=["softmax.py"])
    gradient = assignment.question("Gradient of the loss", id="a", solution=["loss_gradient"])

    @gradient.check(points=3, hidden=True, hint="Check the average over the batch.")
    def gradient_agrees_with_finite_differences(student, reference, rng):
        '''On random data, the gradient agrees with central differences of the loss.'''

The function's name is the check's id, its docstring the title that students read, its parameters what it is given
(see `GIVEN`). It raises `CheckFailed` (every function of `autograder.checks` does), returns a `Credit` for partial
credit, or returns anything else, which a check that `needs` it may take as a parameter of the same name.

A check that asks several things may split its points over named cases, and is then called once for each of them:

    @gradient.check(hidden=True, cases={"one sample": 1, "many samples": 2})
    def gradient_of_batches(student, reference, rng, case):
        '''For batches of all sizes, the gradient is right.'''
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from autograder import settings
from autograder.assignment.dataset import Dataset
from autograder.assignment.predictions import PSEUDONYM, Predictions
from autograder.assignment.question import Case, Check, Function, Question, refuse_shown_earlier
from autograder.assignment.rubric import Written, is_answer_file
from autograder.assignment.variants import Variants
from autograder.checks.errors import InstructorError
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.local.variants import MODULE
from autograder.checks.wording import counted
from autograder.results import MOST_SECONDS, Limits, Visibility

__all__ = ["GIVEN", "Assignment"]

GIVEN = ("student", "reference", "rng", "data", "hidden", "full", "share", "case", "variant", "predictions")
"""What a check may ask for by the name of a parameter, beside the results of the checks that it needs:

`student` the submission's stand-in; `reference` the same around the solved module; `rng` a numpy Generator, seeded
for this check from the course's secret; `data` the open part of the data set; `hidden` its staff-only part; `full`
whether `--full` was given; `share` the part of its training that is to be run (epochs, samples): 1.0 in every grade,
1/2, 1/4 ... when `autograder calibrate` looks for the cheapest run that is still fair; `case` the name of the case that
is asked, in a check that has `cases`; `variant` what was drawn for this student (see `Assignment.variant`);
`predictions` the files of predictions that questions declared above ask for: ``predictions.read("predictions.csv")``.
"""

_FOR_NOTEBOOKS = ("IPython.core.interactiveshell",)


class Assignment:
    """What is handed out: a title, the files that students write, the questions and their checks.

    Args:
        title: for people.
        files: modules and notebooks that students hand in, in the order in which names are looked up. Markdown and PDF
            files of written answers need not be named here.
        given: files of any kind that are handed out complete, and folders with all that is in them (``"data/"``). They
            lie in the working folder of students and of submissions that are graded, which may write over their own
            copy; what students changed in them is restored for grading. Checks may ask for what given modules define.
        extra_files: the same, but checks do not ask for what is defined in them.
        limits: what each question of each submission may use.
        full_limits: the same with `--full`; `limits` when left out.
        data: the data set: the name of one of the toolkit's or the course's, a `Dataset`, or "" for none.
        preload: packages that the forkserver imports before it forks.
        gpu: whether submissions may use the machine's graphics processors, where it has any.
        packaged_data: whether submissions may read the data sets that come with installed packages, such as
            scikit-learn's `load_iris()`. They hold labels that could be looked up, so they are hidden otherwise.
        run_on: whether the cells after a failing one of a notebook still run; else the notebook ends there, as with
            Jupyter's "Run all", and what the cells before it define still counts.
        cell_seconds: how long a cell of a notebook may run before it is interrupted; 0 for half of the time
            that the limits leave to the notebook when the cell begins.
        check_seconds: how long a check may compute itself, the reference included, beside the time that the limits give
            to the submission; a check that takes longer is ended and is INTERNAL. 0 for as long as the wall time limit
            of its question, and at least a minute.
        cell_seed: seeds `random`, numpy's old-style random numbers and, where it is imported, torch before each cell of
            a notebook, wherever it runs; None for not at all. Cells that begin with ``%%`` go on with the numbers of
            those before.

    The id of an assignment is the name of its folder, so it is not typed here.
    """

    def __init__(
        self,
        title: str,
        *,
        files: Sequence[str],
        given: Sequence[str] = (),
        extra_files: Sequence[str] = (),
        limits: Limits | None = None,
        full_limits: Limits | None = None,
        data: str | Dataset = "",
        preload: Sequence[str] = ("numpy",),
        gpu: bool = False,
        packaged_data: bool = False,
        run_on: bool = True,
        cell_seconds: float = 0.0,
        cell_seed: int | None = None,
        check_seconds: float = 0.0,
    ) -> None:
        _check_fields(title, files, given, extra_files, limits, full_limits, data, preload)
        for name, value in (("gpu", gpu), ("packaged_data", packaged_data), ("run_on", run_on)):
            settings.flag(value, f"Assignment.{name}")
        settings.number(cell_seconds, "Assignment.cell_seconds", least=0, most=MOST_SECONDS)
        settings.number(check_seconds, "Assignment.check_seconds", least=0, most=MOST_SECONDS)
        if cell_seed is not None:
            settings.number(cell_seed, "Assignment.cell_seed", least=0, most=2**32 - 1, whole=True)
        self.title = title
        self.files = tuple(file for file in files if not is_answer_file(file))
        self.given = tuple(given)
        self.extra_files = tuple(extra_files)
        self.limits = limits or Limits()
        self.full_limits = full_limits or self.limits
        self.dataset = data if isinstance(data, Dataset) else None
        self.data = data.name if isinstance(data, Dataset) else data
        self.preload = (*preload, *(each for each in _FOR_NOTEBOOKS if any(map(is_notebook, files))))
        self.gpu = gpu
        self.packaged_data = packaged_data
        self.run_on = run_on
        self.cell_seconds = cell_seconds
        self.cell_seed = cell_seed
        self.check_seconds = check_seconds
        self._facts: Callable[[str, bool], Mapping[str, object]] | None = None
        self.variants: Variants | None = None
        self._questions: list[Question] = []
        self._checks: list[Check] = []
        self._written: list[Written] = []
        self.predictions: tuple[Predictions, ...] = ()
        self._texts = tuple(filter(is_answer_file, files))

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, in the order of their declaration."""
        return tuple(self._questions)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, in the order of their declaration."""
        return tuple(self._checks)

    @property
    def written(self) -> tuple[Written, ...]:
        """All answers that people grade, in the order of their declaration."""
        return tuple(self._written)

    @property
    def answers(self) -> tuple[str, ...]:
        """The Markdown and PDF files that students write."""
        named = (place.file for each in self._written for place in each.places if is_answer_file(place.file))
        return tuple(dict.fromkeys((*self._texts, *named)))

    @property
    def handed_in(self) -> tuple[str, ...]:
        """Every file that students hand in: modules and notebooks, then written answers, then predictions."""
        return (*self.files, *self.answers, *(each.file for each in self.predictions))

    @property
    def by_hand(self) -> float:
        """Points that people give, without the bonus questions; they are not among `max_points`."""
        return sum(question.by_hand for question in self._questions if not question.bonus)

    def cells_of(self, notebook: str) -> dict[str, float]:
        """The text cells of a notebook that people grade: name to points."""
        return {place.name: each.points for each in self._written for place in each.places if place.file == notebook}

    @property
    def max_points(self) -> float:
        """Points without the bonus questions."""
        return sum(question.max_points for question in self._questions if not question.bonus)

    def question(
        self,
        title: str,
        *,
        id: str,
        solution: Sequence[str] | str = (),
        bonus: bool = False,
        limits: Limits | None = None,
        full_limits: Limits | None = None,
    ) -> Question:
        """Declare a question; its points are the sum of its checks.

        Raises:
            InstructorError: the id is taken, or a value is none of those that it can have.
        """
        settings.text(title, "question(...): title")
        where = f"question({title!r})"
        if not settings.text(id, f"{where}: id").isprintable() or id != id.strip() or "," in id:
            raise InstructorError(f"{where}: id is {settings.written(id)}; give one word, such as 'a'.")
        if not isinstance(solution, str):
            settings.texts(solution, f"{where}: solution", example='["loss", "Network.fit"]')
        settings.flag(bonus, f"{where}: bonus")
        for name, value in (("limits", limits), ("full_limits", full_limits)):
            _limits(value, f"{where}: {name}")
        if any(known.id == id for known in self._questions):
            raise InstructorError(f"Two questions of {self.title!r} have the id {id!r}; rename one of them.")
        names = (solution,) if isinstance(solution, str) else tuple(solution)
        question = Question(id, title, names, bonus, limits, full_limits, self)
        self._questions.append(question)
        return question

    def facts(self, function: Function) -> Function:
        """Declare the decorated function as what titles of hidden checks say of a run.

        It gets the name of the data set that is used and whether the run is that of ``--full``, and returns a text for
        each name that stands in braces in a title, such as ``"Trained on {images}, the network is right."``
        """
        self._facts = function
        return function

    def variant(self, function: Function) -> Function:
        """Declare the decorated function as what draws each student's variant; it stands above the checks.

        It gets `rng`, a numpy Generator that follows from the course's seed and the student's id, and returns a
        dictionary from names to plain values, or `Drawn` where files are drawn as well. It may use no other source of
        chance, and gives the same whenever it gets the same numbers.

        Raises:
            InstructorError: there is one already, a check stands above it, or it takes something else.
        """
        made = Variants.declared(function)
        if self.variants is not None:
            raise InstructorError(f"{made.where} is a second one; an assignment has one function that draws variants.")
        if self._checks:
            raise InstructorError(f"{made.where} stands below a check; write it above all checks.")
        if MODULE in (*self.files, *self.given, *self.extra_files):
            raise InstructorError(f"{made.where}: every student is given a {MODULE}; rename the file of that name.")
        self.variants = made
        return function

    def title_of(self, check: Check, data: str | None = None, *, full: bool = True) -> str:
        """A check's title with the facts of a run filled in.

        Args:
            check: one of this assignment's.
            data: name of the data set that is used; None for the assignment's own.
            full: whether the run is that of ``--full``.

        Raises:
            InstructorError: there is no fact of a name in the title, or the facts cannot be listed.
        """
        if self._facts is None or not check.hidden:
            return check.title
        try:
            return check.title.format_map(self._facts(self.data if data is None else data, full))
        except Exception as error:  # noqa: BLE001  (it is the instructor's code)
            raise InstructorError(
                f"The title of the check {check.id!r} cannot be filled in from facts of {self.title!r}: "
                f"{type(error).__name__}: {error}."
            ) from None

    def handed_in_as(self, notebook: str) -> Assignment:
        """The same questions and checks, with one notebook in place of the modules that students hand in."""
        other = copy.copy(self)
        other.files = (notebook,)
        other.preload = (*self.preload, *_FOR_NOTEBOOKS)
        return other

    def handing_out(self, modules: Sequence[str], others: Sequence[str], folder: Path) -> Assignment:
        """The same with every single file that is handed out complete, and its own data set in the folder."""
        other = copy.copy(self)
        other.given, other.extra_files = tuple(modules), tuple(others)
        other.dataset = self.dataset.at(folder) if self.dataset else None
        other.predictions = tuple(each.at(folder) for each in self.predictions)
        return other

    def limits_of(self, question: Question, *, full: bool) -> Limits:
        """The limits that hold for one question."""
        if full:
            return question.full_limits or question.limits or self.full_limits
        return question.limits or self.limits

    def limits_together(self, *, full: bool, changes: dict[str, float]) -> Limits:
        """The limits of a sandbox that serves all questions, one after the other; `changes` as of `Limits.changed`."""
        return reduce(Limits.and_, (self.limits_of(each, full=full).changed(changes) for each in self.questions))

    def add_written(self, made: Written) -> None:
        """Take an answer that a question declares.

        Raises:
            InstructorError: its id is taken, or it stands in no file of the assignment.
        """
        taken = [*(check.id for check in self._checks), *(each.id for each in self._written)]
        if made.id in taken:
            raise InstructorError(f"The written answer {made.id!r} has the id of something else; give it another one.")
        for place in made.places:
            if place.is_cell and place.file not in self.files:
                raise InstructorError(
                    f"The written answer {made.id!r} stands in {place.file}, which is none of the assignment's files; "
                    "name it in files."
                )
        self._written.append(made)

    def add_predictions(self, made: Predictions) -> None:
        """Take a file of predictions that a question declares.

        Raises:
            InstructorError: it is asked for already.
        """
        if made.file in (*self.handed_in, *self.given, *self.extra_files, PSEUDONYM):
            raise InstructorError(
                f"predictions({made.file!r}): another file of the assignment has this name; rename one."
            )
        self.predictions = (*self.predictions, made)

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
        """Take a check that a question declares.

        Raises:
            InstructorError: it has no title, the name of another one, or asks for what nobody can give it.
        """
        title = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
        known = {check.function: check.id for check in self._checks}
        if not title:
            raise InstructorError(f"{where} has no docstring; its first sentence is the title that students read.")
        if function.__name__ in (*known.values(), *(each.id for each in self._written)):
            raise InstructorError(f"{where} has the name of an earlier check; rename one of them.")
        if points < 0:
            raise InstructorError(f"{where} is worth {counted(points, 'point')}; give it 0 or more.")
        for need in needs:
            if need not in known:
                raise InstructorError(f"{where} needs {need.__name__!r}, which is not a check declared above it.")
        needed = tuple(known[need] for need in needs)
        refuse_shown_earlier(where, visible, (check for check in self._checks if check.id in needed))
        parameters = inspect.signature(function).parameters
        if cases and "case" not in parameters:
            raise InstructorError(f"{where} has cases; let the function take the name of one as `case`.")
        if "case" in parameters and not cases:
            raise InstructorError(f"{where} asks for 'case' and has none; declare cases={{name: points, ...}}.")
        declared = {"variant": self.variants is not None, "predictions": bool(self.predictions)}
        if absent := [name for name in parameters if not declared.get(name, True)]:
            how = "@assignment.variant" if absent == ["variant"] else "question.predictions(...)"
            raise InstructorError(
                f"{where} asks for {absent[0]!r}, and nothing above it declares any; write {how} first."
            )
        for parameter in parameters:
            if parameter not in GIVEN and parameter not in needed:
                raise InstructorError(
                    f"{where} asks for {parameter!r}; a check may ask for {', '.join(GIVEN)} or a check that it needs."
                )
        hint = " ".join(steps)
        check = Check(
            function.__name__, title, function, points, hidden, hint, needed, question.id, cases, "", steps, visible
        )
        self._checks.append(check)


def _check_fields(
    title: object,
    files: Sequence[str],
    given: Sequence[str],
    extra_files: Sequence[str],
    limits: object,
    full_limits: object,
    data: object,
    preload: object,
) -> None:
    """Refuse what an `Assignment` cannot be made of."""
    settings.text(title, "Assignment.title")
    for name, value, example in (
        ("files", files, '["hw.py"]'),
        ("given", given, '["helper.py"]'),
        ("extra_files", extra_files, '["figure.png"]'),
    ):
        settings.texts(value, f"Assignment.{name}", example=example)
    for file in files:
        settings.inner_path(file, "Assignment.files")
    _limits(limits, "Assignment.limits")
    _limits(full_limits, "Assignment.full_limits")
    if not isinstance(data, Dataset):
        settings.text(data, "Assignment.data", empty=True)
    for module in settings.texts(preload, "Assignment.preload", example='["numpy"]'):
        if not all(part.isidentifier() for part in module.split(".")):
            raise InstructorError(f"Assignment.preload names {module!r}, which is no name of a module.")


def _limits(value: object, where: str) -> None:
    if value is not None and not isinstance(value, Limits):
        raise InstructorError(
            f"{where} is {settings.written(value)}; give Limits(...), such as Limits(wall_seconds=60)."
        )

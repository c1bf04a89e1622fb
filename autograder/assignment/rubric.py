"""Answers that people read: what is asked, where the answer stands in what students hand in, and what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from autograder import settings
from autograder.checks.errors import InstructorError
from autograder.checks.wording import counted
from autograder.scoring import rounded, shown

__all__ = ["Item", "Place", "RubricItem", "Written", "declared", "is_answer_file"]

_MARKDOWN, _PDF, _NOTEBOOK = ".md", ".pdf", ".ipynb"
_SEPARATORS = ("/", ".", ":")  # of cells' names in gradebooks


def is_answer_file(file: str) -> bool:
    """Whether a file holds answers and no code: Markdown or PDF, by its name."""
    return PurePath(file).suffix in (_MARKDOWN, _PDF)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer stands: a file, and in it the heading or cell of that name; "" for the whole file."""

    file: str
    name: str = ""

    @property
    def is_pdf(self) -> bool:
        """Whether a PDF is asked for, in which no place can be named."""
        return self.file.endswith(_PDF)

    @property
    def is_cell(self) -> bool:
        """Whether it is a text cell of a notebook."""
        return self.file.endswith(_NOTEBOOK)

    def __str__(self) -> str:
        return f"{self.file}#{self.name}" if self.name else self.file


@dataclass(frozen=True, slots=True)
class Item:
    """What one item of a rubric is worth, with other words for students where those of staff would give the answer.

    rubric={"no: the lists are zipped": Item(1, student="says whether, and why")}
    """

    points: float
    student: str = ""

    def __post_init__(self) -> None:
        settings.points(self.points, "Item.points", negative=True)
        settings.text(self.student, "Item.student", empty=True)


@dataclass(frozen=True, slots=True)
class RubricItem:
    """One item of a rubric: the words that staff read, its points, and the words that students read."""

    staff: str
    points: float
    student: str

    @property
    def has_two_wordings(self) -> bool:
        """Whether students read other words than staff."""
        return self.staff != self.student


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """One answer that a person grades.

    The points of the items of `rubric` add up to `points`. `places` are where the answer may stand; the first that is
    written counts. `question` is the id of the question that it belongs to.
    """

    id: str
    title: str
    points: float
    rubric: tuple[RubricItem, ...]
    places: tuple[Place, ...]
    question: str

    @property
    def summary(self) -> str:
        """The sentence that students read: points, and what they are given for."""
        return self._summary(each.student for each in self.rubric)

    @property
    def summary_for_staff(self) -> str:
        """The same in the words of staff, which may be the answer."""
        return self._summary(each.staff for each in self.rubric)

    def _summary(self, wordings: Iterable[str]) -> str:
        items = ", ".join(f"{text} ({shown(each.points)})" for text, each in zip(wordings, self.rubric, strict=True))
        return f"A person grades this answer: {counted(self.points, 'point')}{f': {items}' if items else ''}."


def declared(
    title: str,
    *,
    id: str,
    points: float,
    rubric: Mapping[str, float | Item],
    answer: str | Sequence[str],
    question: str,
) -> Written:
    """A written answer, as it is given to `Question.written`.

    Raises:
        InstructorError: it is worth nothing, the rubric has another sum, or the answer stands where none can stand.
    """
    settings.text(title, "written(...): title", empty=True)
    settings.text(id, f"written({title!r}): id", empty=True)
    settings.points(points, f"written({title!r}): points", negative=True)
    if not isinstance(rubric, Mapping):
        raise InstructorError(f"written({title!r}): rubric is {settings.written(rubric)}; give {{item: points, ...}}.")
    if not isinstance(answer, str):
        settings.texts(answer, f"written({title!r}): answer", example='["answers.md#why"]')
    places = tuple(_place(each) for each in ((answer,) if isinstance(answer, str) else answer))
    names = tuple(dict.fromkeys(each.name for each in places if each.name))
    own = id or (names[0] if names else "")
    title = " ".join(title.split())
    if not places:
        raise InstructorError(f'The written answer {title!r} stands nowhere; say answer="answers.md#{own or "why"}".')
    if not own:
        raise InstructorError(f'The written answer {title!r} has no id; say id="why", or answer="answers.md#why".')
    if any(mark in own for mark in _SEPARATORS) or own != own.strip():
        raise InstructorError(f"The written answer {own!r} needs an id without spaces around it and '/', '.' or ':'.")
    for place in places:
        if place.is_cell and place.name != own:
            raise InstructorError(
                f"The written answer {own!r} stands in the cell {place.name!r} of {place.file}; in a notebook the id "
                "is the name of the cell, so leave id out or make them the same."
            )
    if not title:
        raise InstructorError(f"The written answer {own!r} has no title; write in one sentence what is asked.")
    if points <= 0:
        raise InstructorError(f"The written answer {own!r} is worth {counted(points, 'point')}; give it more than 0.")
    return Written(own, title, float(points), _items(own, points, rubric), places, question)


def _items(id: str, points: float, rubric: Mapping[str, float | Item]) -> tuple[RubricItem, ...]:
    items = tuple(_item(text, worth) for text, worth in rubric.items())
    for item in items:
        if not item.staff or item.points <= 0:
            raise InstructorError(
                f"The rubric of {id!r} gives {counted(item.points, 'point')} for {item.staff!r}; name each item and "
                "give it more than 0."
            )
    if len({item.staff for item in items}) < len(items):
        raise InstructorError(f"The rubric of {id!r} has two items of the same name; rename one of them.")
    total = rounded(sum(item.points for item in items))
    if items and total != rounded(points):
        raise InstructorError(
            f"The rubric of {id!r} gives {counted(total, 'point')} in all, but the answer is worth {shown(points)}; "
            "correct one of them."
        )
    return items


def _item(text: str, worth: float | Item) -> RubricItem:
    settings.text(text, "rubric: the name of an item", empty=True)
    settings.points(
        worth.points if isinstance(worth, Item) else worth, f"rubric: the points of {text!r}", negative=True
    )
    item = worth if isinstance(worth, Item) else Item(worth)
    staff, student = (" ".join(words.split()) for words in (text, item.student))
    return RubricItem(staff, float(item.points), student or staff)


def _place(text: str) -> Place:
    file, _, name = text.partition("#")
    place = Place(file, name)
    if PurePath(file).suffix not in (_MARKDOWN, _PDF, _NOTEBOOK) or PurePath(file).name != file:
        raise InstructorError(
            f'answer={text!r} is no place for an answer; say "answers.md#NAME", "answers.md", "essay.pdf" or '
            '"x.ipynb#NAME".'
        )
    if place.is_pdf and name:
        raise InstructorError(f"answer={text!r}: no place in a PDF can be found; say answer={file!r}.")
    if place.is_cell and not name:
        raise InstructorError(f'answer={text!r}: say which cell: answer="{file}#NAME".')
    return place

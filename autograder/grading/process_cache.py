"""What one process keeps from one submission to the next; none of it depends on a submission."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from autograder.grading.recorded_answers import Answers
from autograder.notebooks.reading_process import Reader

__all__ = ["Shared"]


@dataclass(frozen=True, slots=True)
class Shared:
    """The reference's answers, and the process that reads notebooks, for submissions of one assignment."""

    answers: Answers = field(default_factory=Answers)
    reader: Reader = field(default_factory=Reader)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reader.close()

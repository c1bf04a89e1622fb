"""Partial credit: what a check may return in place of passing outright."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.errors import InstructorError

__all__ = ["Credit"]


@dataclass(frozen=True, slots=True)
class Credit:
    """The fraction of a check's points that is earned, 0 to 1, and the sentence that says why.

    Raises:
        InstructorError: the fraction is not between 0 and 1.
    """

    fraction: float
    message: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.fraction <= 1:
            raise InstructorError(f"Credit must be a fraction between 0 and 1, not {self.fraction}.")

"""What a check may ask of `student`, wherever the code runs. It is shipped to students.

`checks.local.student.LocalStudent` answers in this process, `autograder.remote.student.RemoteStudent` from a sandbox;
functions, classes and constants of the assignment are attributes of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from .sources import Source
from .usage import Cost

__all__ = ["Student"]


class Student(Protocol):
    """The stand-in for a submission, or for the reference."""

    def __getattr__(self, name: str) -> Any:
        """A public function or class of the assignment to call, or a constant's value."""

    def map(self, function: Any, items: Iterable[Any]) -> Any:
        """The results of a function for each item."""

    def starmap(self, function: Any, items: Iterable[Any]) -> Any:
        """The results of a function for each item, a tuple of its arguments."""

    def arguments_after(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """The arguments of one call, as it leaves them."""

    def figures(self, *returned: Any) -> Any:
        """Records of the open figures, and of those among what was returned."""

    def saved(self, name: str) -> Any:
        """What a file of saved numbers holds."""

    def with_reference(self, *names: str, unless: Callable[..., Any] | Iterable[Callable[..., Any]] = ()) -> Student:
        """The same with the reference in place of some parts."""

    def layers_of(self, model: Any, *example: Any) -> Any:
        """The record of a torch module."""

    def estimator_of(self, model: Any) -> Any:
        """The record of a scikit-learn estimator."""

    def cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """The value of one call, and what it cost."""

    def baseline_cost_of(self, function: Any, *arguments: Any) -> tuple[Any, Cost]:
        """The same for the reference's function of that name, where there is a reference."""

    def source_of(self, *names: str) -> Source:
        """The text of the modules as syntax trees."""

    def seed(self, number: int) -> None:
        """Seed the random numbers of the code."""

"""The one table of the results database, as each kind of database offers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["DatabaseError", "Row", "Rows", "one_line"]


class DatabaseError(Exception):
    """The database refuses something; the text is its own reason, on one line, without a full stop."""


@dataclass(frozen=True, slots=True)
class Row:
    """One report of one student. `finished` is UTC; `report` is the JSON of ``docs/report.schema.json``."""

    key: str
    assignment: str
    student: str
    finished: datetime
    internal: bool
    report: str


class Rows(Protocol):
    """The rows of one database; every method may raise `DatabaseError`."""

    def final(self, keys: Sequence[str]) -> list[tuple[str, str, str]]:
        """Key, student and report of the rows under some of these keys that are not internal."""

    def keep(self, row: Row) -> None:
        """Write a row, durably, in place of the one of its key and student; an internal one replaces no final one."""

    def texts(self, assignment: str, student: str) -> list[str]:
        """All reports, oldest first; of one assignment, or of one student, where that is not empty."""

    def close(self) -> None:
        """Give back every connection."""


def one_line(error: BaseException) -> str:
    """The reason that a database gives, on one line."""
    return " ".join(str(error).split("\n")[0].split()).rstrip(".") or type(error).__name__

"""What a source of submissions says: who handed in, when, and which files; and what was collected of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.course.term import HandIn as Attempted
from autograder.course.term import Term
from autograder.submissions.expected_files import TEXT_ENTRY
from autograder.submissions.file_trees import Entry, Tree

__all__ = ["Asked", "Collection", "Found", "HandIn", "Line", "Source", "Who", "shown_text", "text_entry"]

_BLOCKS = {"address", "blockquote", "div", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "pre", "tr"}
_UNSEEN = {"head", "script", "style", "title"}
_TAG = re.compile(r"(<[^<>]*>)")
_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever handed in.

    `key` is what the source calls them, the same in every download. `ids` are ids, logins and e-mails; `foreign` ones
    are the platform's own numbers, which may be somebody else's on the roster. With `blind`, the platform hides who it
    is.
    """

    key: str
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    blind: bool = False
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class HandIn:
    """One hand-in.

    `received` is a time with a zone, None where the source does not say; `members` are those of a team; `problem` says
    why nothing could be read. A time that is `guessed` is that of a file, and says nothing about handing in again;
    `time_from` is the file of times that it comes from.
    """

    who: Who
    tree: Tree
    received: datetime | None = None
    late: bool | None = None
    members: tuple[Who, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    guessed: bool = False
    time_from: str = ""


@dataclass(slots=True)
class Found:
    """What a source holds: hand-ins, what is none of them, who handed in nothing and why, and sentences about it.

    `unfetched` are those in `nothing` whose repository could not be fetched.
    """

    hand_ins: list[HandIn] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    nothing: dict[str, str] = field(default_factory=dict)
    unfetched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is collected: the assignment's name, the files that students write, and until when, if that matters.

    `due` is a deadline for everybody, in place of those of the `term`.
    """

    assignment: str
    files: tuple[str, ...]
    due: datetime | None = None
    scratch: Path = Path()
    term: Term | None = None

    def until(self, student: str, members: tuple[str, ...] = ()) -> datetime | None:
        """Until when something counts at all that somebody hands in; None for no end."""
        if self.due is not None or self.term is None:
            return self.due
        people = self.term.roster.find([student], [student]) if self.term.roster and not members else ()
        name = people[0].id if len(people) == 1 else student
        return self.term.until(self.assignment, Attempted(name, members=members))

    def is_late(self, attempt: Attempted) -> bool | None:
        """Whether an attempt is late; None where nobody knows."""
        if self.due is not None:
            return attempt.late if attempt.time is None else attempt.time > self.due
        return self.term.is_late(self.assignment, attempt) if self.term else attempt.late


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of download: its name, what says that a tree is one ("" if not), and what reads it."""

    name: str
    recognise: Callable[[Tree, Asked], str]
    read: Callable[[Tree, Asked], Found]


@dataclass(frozen=True, slots=True)
class Line:
    """What the table says about one student, or one member of a team.

    `state` is "collected", "waits", "missing", "not fetched" or "not on the roster"; `counts` is the number of the
    attempt that counts, 0 for none, or before it is known which one is the best.
    """

    student: str
    state: str
    name: str = ""
    attempts: int = 0
    counts: int = 0
    received: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Collection:
    """What was collected: what the source is, everybody's line, how many attempts are new, and what else to say.

    `unread` says that something could not be read or fetched, so that the same command has to be run again.
    """

    said: str = ""
    source: str = ""
    lines: list[Line] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    known: int = 0
    questions: int = 0
    beside: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: bool = False


def text_entry(tree: Tree, path: tuple[str, ...], entry: Entry) -> None:
    """Add what was typed into a form, which the download holds as a page, as the text that it shows."""

    def read(most: int) -> bytes:
        return shown_text(entry.read(most).decode("utf-8", "replace")).encode()

    tree.files[path] = entry
    tree.files[(TEXT_ENTRY,)] = Entry(entry.size, entry.modified, read)


def shown_text(page: str) -> str:
    """What a page shows, with lines where blocks begin and end; in time that grows with its length alone."""
    shown: list[str] = []
    unseen, verbatim = "", False
    for part in _TAG.split(page):
        if tag := _NAME.match(part):
            name, closing = tag[2].lower(), bool(tag[1])
            if unseen:
                unseen = "" if closing and name == unseen else unseen
            elif name in _UNSEEN and not closing:
                unseen = name
            if name == "pre":
                verbatim = not closing
            if name in _BLOCKS or name == "br":
                shown.append("\n")
        elif not unseen and not part.startswith("<!"):
            text = html.unescape(part).replace("\xa0", " ")
            shown.append(text if verbatim else " ".join(text.split("\n")))
    lines = [line.rstrip() for line in "".join(shown).split("\n")]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n") + "\n"

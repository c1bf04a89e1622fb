"""What a web service says, and how little of it is trusted: answers, errors, numbers in headers, and files.

Files are downloaded when somebody reads them, and not at all where an attempt already keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from autograder.checks.errors import UsageError
from autograder.formats.hand_ins import Found, HandIn, text_entry
from autograder.submissions.attempts import ORIGINAL, Attempt
from autograder.submissions.file_trees import CLASS, Entry, Tree
from autograder.submissions.folders import UNREADABLE, Unfit, open_regular, read_capped, too_large
from autograder.submissions.names import printable
from autograder.submissions.records import MIB, Caps

__all__ = [
    "Denied",
    "Reply",
    "Secret",
    "TooLarge",
    "Unsure",
    "add_file",
    "add_text",
    "is_local",
    "number_in",
    "origin_of",
    "reading_kept",
    "said_in",
    "seconds_in",
    "without_nulls",
]

_SHOWN = 200  # characters of what a platform says


class Unsure(UsageError):
    """A change may have been made or not: the connection ended before the platform said so."""


class Denied(UsageError):
    """The platform refuses one call, or cannot answer it, which others need not share."""


class TooLarge(UsageError):
    """An answer is larger than what was asked for."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A token, which is shown nowhere: not by `repr`, and not in what a platform says."""

    text: str = field(repr=False)

    def without(self, said: str) -> str:
        """What somebody else said, with the token taken out, and fit for a terminal."""
        return printable(" ".join(said.replace(self.text, "***").split()))[:_SHOWN]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its headers with names in small letters, and its content."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def origin_of(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address: who is meant by it; nobody by what is no address.

    Examples:
        >>> origin_of("https://Canvas.example.edu/courses/1")
        ('https', 'canvas.example.edu', 443)
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", "", None
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname or "", port or {"https": 443, "http": 80}.get(parts.scheme)


def is_local(host: str) -> bool:
    """Whether a host is this machine, where nobody listens to a connection without TLS."""
    return host in ("localhost", "127.0.0.1", "::1")


def without_nulls(value: object) -> object:
    """What an answer says; both platforms write null for what is not there, also where a number or text belongs."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def said_in(content: bytes) -> str:
    """The message in an error, as both platforms write it."""
    found = re.search(rb'"(?:message|error)"\s*:\s*"((?:[^"\\]|\\.){1,400})"', content[:100_000])
    return found[1].decode("utf-8", "replace") if found else "no reason given"


def number_in(text: str | None) -> float | None:
    """The number in a header; None where there is none."""
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def seconds_in(text: str | None) -> float | None:
    """What `Retry-After` says, as seconds from now on; None where it says nothing."""
    if text is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text.strip()):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def add_file(tree: Tree, name: str, size: int, modified: float, download: Callable[[int], bytes]) -> None:
    """Add a file to what somebody handed in.

    Args:
        tree: of the hand-in.
        name: as it was handed in; repaired, or left out, as a name in an archive is.
        size: in bytes, as the platform says; 0 where it does not.
        modified: its time in seconds since 1970.
        download: gives its content, which may have so many bytes at most.
    """
    tree.add(name, Entry(size, modified, partial(_read, size, download)), CLASS)


def add_text(tree: Tree, name: str, page: str, modified: float) -> None:
    """Add what was typed into a form, which platforms keep as HTML."""
    data = page.encode("utf-8", "replace")
    text_entry(tree, (name,), Entry(len(data), modified, partial(_given, data)))


def _given(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise Unfit(too_large(Caps(file_mib=most / MIB)))
    return data


def _read(size: int, download: Callable[[int], bytes], most: int) -> bytes:
    if size > most:
        raise Unfit(too_large(Caps(file_mib=most / MIB)))
    try:
        return download(most)
    except TooLarge:
        raise Unfit(too_large(Caps(file_mib=most / MIB))) from None
    except Denied as error:
        raise Unfit(f"{UNREADABLE}{str(error).rstrip('.')}") from None


def reading_kept(found: Found, attempts: Iterable[Attempt], source: str, collected: Path) -> None:
    """Let hand-ins that were collected before read the files that are kept, so that nothing is downloaded twice.

    A hand-in is the same as an attempt if whoever handed in and the time are; a file is the same if its path and size
    are, too.

    Args:
        found: the hand-ins; those without a time are downloaded again.
        attempts: what was collected.
        source: the kind of download.
        collected: the folder of all attempts.
    """
    known = {(each.key, each.received): each for each in attempts if each.source == source and each.received}
    for hand_in in found.hand_ins:
        attempt = known.get((hand_in.who.key, hand_in.received)) if hand_in.received else None
        if attempt is not None:
            _replace(hand_in, attempt.folder(collected) / ORIGINAL)


def _replace(hand_in: HandIn, kept: Path) -> None:
    for parts, entry in hand_in.tree.files.items():
        path = kept.joinpath(*parts)
        try:
            same = not path.is_symlink() and path.is_file() and 0 < entry.size == path.stat().st_size
        except OSError:
            continue
        if same:
            hand_in.tree.files[parts] = Entry(entry.size, entry.modified, partial(_kept, path))


def _kept(path: Path, most: int) -> bytes:
    with open_regular(path) as (file, about):
        return read_capped(file, about.st_size, Caps(file_mib=most / MIB))

"""What a web service says, and how little of it is trusted: answers, errors, numbers in headers, and who is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from autograder.checks.errors import UsageError
from autograder.submissions.names import printable

__all__ = [
    "Denied",
    "Reply",
    "Secret",
    "TooLarge",
    "Unsure",
    "is_local",
    "number_in",
    "origin_of",
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

"""Learning platforms that are spoken to by their web services: what an address names, its token, and who speaks to it.

A new platform is its own module, and a line in `SITES`.

An address is the one that the browser shows on the page of the assignment, so that nobody has to know ids.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of, series
from autograder.formats.lms.records import Platform
from autograder.formats.lms.replies import Secret, is_local

__all__ = ["SITES", "Place", "is_address", "place_of", "site_of"]

PLATFORMS: Mapping[str, str] = MappingProxyType({"canvas": "Canvas", "moodle": "Moodle"})
"""What each platform is called, by its name on the command line."""
TOKENS: Mapping[str, str] = MappingProxyType({"canvas": "CANVAS_TOKEN", "moodle": "MOODLE_TOKEN"})
"""The variable with the token of each platform."""
_WHERE = MappingProxyType(
    {
        "canvas": "Canvas makes one under Account, Settings, New Access Token",
        "moodle": "Moodle shows it under Preferences, Security keys",
    }
)
_CANVAS = re.compile(r"/courses/(?P<course>\d+)(?:/assignments/(?P<assignment>\d+))?(?:/.*)?")
_MOODLE = re.compile(r"(?P<site>.*?)/(?P<page>mod/assign|course)/view\.php")
_LONGEST = 10_000  # bytes of a file with a token


@dataclass(frozen=True, slots=True)
class Place:
    """What an address names: the platform, the site, and perhaps a course or an assignment by its number.

    Moodle's assignments are known by the number of the page, without the course.
    """

    platform: str
    site: str
    course: str = ""
    assignment: str = ""

    @property
    def called(self) -> str:
        """The platform's name for people."""
        return PLATFORMS[self.platform]

    @property
    def address(self) -> str:
        """The address again, without anything that does not matter."""
        if self.platform == "canvas":
            course = f"/courses/{self.course}" if self.course else ""
            return f"{self.site}{course}{f'/assignments/{self.assignment}' if self.assignment else ''}"
        if self.assignment:
            return f"{self.site}/mod/assign/view.php?id={self.assignment}"
        return f"{self.site}/course/view.php?id={self.course}" if self.course else self.site


def is_address(text: str) -> bool:
    """Whether a text is the address of a page, and no path."""
    return text.lower().startswith(("https://", "http://"))


def place_of(address: str, platform: str | None = None, *, assignment: bool = True) -> Place:
    """What an address names.

    Args:
        address: as the browser shows it.
        platform: "canvas" or "moodle", where the address does not make it clear.
        assignment: whether it has to be that of an assignment.

    Raises:
        UsageError: it names no such thing, or would be called without encryption.
    """
    try:
        parts = urlsplit(address.strip())
        _ = parts.port
    except ValueError:
        raise UsageError(f"{_shown(address)} is not an address; use the one that your browser shows.") from None
    if parts.username or parts.password:
        raise UsageError("An address may not hold a user or a password; give the token by a variable or a file.")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_local(parts.hostname))):
        raise UsageError(
            f"{_shown(address)} is not an address that begins with https://; use the one that your browser shows."
        )
    if platform not in (None, *PLATFORMS):
        raise UsageError(f"--platform: {platform!r} is not one of {series([*PLATFORMS])}.")
    place = _named(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"), parts.query, platform)
    if assignment and not place.assignment:
        pages = "https://HOST/courses/12/assignments/34 in Canvas, https://HOST/mod/assign/view.php?id=56 in Moodle"
        raise UsageError(
            f"{_shown(address)} is not the page of an assignment ({pages}); list them with `autograder courses "
            f"{place.address}`."
        )
    return place


def _named(host: str, path: str, query: str, platform: str | None) -> Place:
    asked = parse_qs(query)
    moodle = _MOODLE.fullmatch(path) if platform != "canvas" else None
    if moodle:
        number = asked.get("id", [""])[0]
        if not number.isdecimal():
            raise UsageError("The address of a page in Moodle ends with its number, as ...view.php?id=56.")
        page = {"assignment": number} if moodle["page"] == "mod/assign" else {"course": number}
        return Place("moodle", f"{host}{moodle['site']}", **page)
    canvas = _CANVAS.fullmatch(path) if platform != "moodle" else None
    if canvas:
        graded = asked.get("assignment_id", [""])[0]  # as SpeedGrader has it
        number = canvas["assignment"] or (graded if graded.isdecimal() else "")
        return Place("canvas", host, canvas["course"], number)
    if platform is None:
        known = [each for each, variable in TOKENS.items() if os.environ.get(variable)]
        if len(known) != 1:
            raise UsageError(
                f"{host}{path} may be a site of Canvas or of Moodle; say which with --platform canvas or --platform "
                "moodle."
            )
        platform = known[0]
    return Place(platform, host if platform == "canvas" else f"{host}{path}")


def token_for(place: Place, file: Path | None) -> Secret:
    """The token for a site: from a file that only its owner can read, else from the platform's variable.

    Raises:
        UsageError: there is none, others can read the file, or it holds something else.
    """
    variable, where = TOKENS[place.platform], _WHERE[place.platform]
    if file is None:
        text, source = os.environ.get(variable, ""), f"The variable {variable}"
        if not text.strip():
            raise UsageError(
                f"{place.called} asks who you are: put a token into the variable {variable}, or into a file for "
                f"--token-file; {where}."
            )
    else:
        text, source = _private_text(file), str(file)
    text = text.strip()
    if not re.fullmatch(r"[!-~]{8,4096}", text):
        raise UsageError(f"{source} holds no token, which is one word of letters, digits and signs; {where}.")
    return Secret(text)


def _private_text(file: Path) -> str:
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            about = os.fstat(opened.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise UsageError(f"{file} is not a regular file; name one that holds the token with --token-file.")
            if about.st_mode & 0o077:
                raise UsageError(f"{file} can be read by others, so its token is not used; run `chmod 600 {file}`.")
            return opened.read(_LONGEST).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"The file with the token, {file}, cannot be read: {reason_of(error)}.") from None


def _without_waiting(file: str, flags: int) -> int:
    """Open what may be a pipe into which nobody writes."""
    return os.open(file, flags | os.O_NONBLOCK)


def _shown(address: str) -> str:
    """An address without what may be secret in it, for a sentence."""
    return repr(address.partition("?")[0].rpartition("@")[2][:120])


@dataclass(frozen=True, slots=True)
class Kind:
    """The module and the class that speak to a platform, and the kind of download that hand-ins from there are of.

    Where a student has the same key there and in the platform's zip file, the two are one kind.
    """

    module: str
    name: str
    source: str


SITES: Mapping[str, Kind] = MappingProxyType(
    {
        "canvas": Kind("autograder.formats.canvas.api", "CanvasSite", "canvas"),
        "moodle": Kind("autograder.formats.moodle.api", "MoodleSite", "moodle-api"),
    }
)
"""By the name on the command line."""


def site_of(place: Place, token_file: Path | None, *, writing: bool = False) -> Platform:
    """The site that an address names, as the token's user sees it.

    Args:
        place: the address.
        token_file: the file with the token; None for the platform's variable.
        writing: whether grades are to be written.

    Raises:
        UsageError: there is no token, or a package is not installed.
    """
    kind = SITES[place.platform]
    made: Any = getattr(import_module(kind.module), kind.name)
    site: Platform = made(place, token_for(place, token_file), writing=writing)
    return site

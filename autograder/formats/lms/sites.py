"""Every learning platform that is spoken to by its web service; a new one is its own module and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograder.formats.lms.places import Place, token_for
from autograder.formats.lms.records import Platform

__all__ = ["SITES", "Kind", "site_of"]


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

"""autograder.quality.mutation.selection: TODO docstring."""

from __future__ import annotations

from autograder.checks.errors import InstructorError
from autograder.loader import Loaded
from autograder.settings import utf8_text

__all__ = ["accepted"]


ACCEPTED = "mutants/accepted.txt"


def accepted(loaded: Loaded) -> dict[str, str]:
    """The survivors that the instructor accepts, by id or ``file:line:operator``, with the reason for each.

    Raises:
        InstructorError: a line without a reason.
    """
    path = loaded.folder / ACCEPTED
    found = {}
    for number, line in enumerate(utf8_text(path).splitlines() if path.is_file() else (), 1):
        name, _, reason = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if not reason.strip():
            raise InstructorError(f"{path}:{number}: write why {name} is accepted behind it, on the same line.")
        found[name] = reason.strip()
    return found

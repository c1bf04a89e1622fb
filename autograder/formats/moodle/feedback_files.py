"""The zip file for Moodle's "Upload multiple feedback files in a zip": a folder for each participant.

Moodle splits the name of a folder at its underscores into name, number of the participant, type and name of the plugin
that files were handed in by; so a name must have none. Files whose names begin with a dot or a tilde are passed over.
The archive is made of the same bytes each time.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.reports.files import write_bytes

__all__ = ["folder_name", "write_feedback"]

_FILE = "feedback.html"
_FORBIDDEN = re.compile(r'[\\/:*?"<>|&\x00-\x1f\x7f_]+')
_LONGEST = 150  # bytes of a name; the whole path has to fit into what file systems and zip programs take
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def folder_name(name: str, participant: str) -> str:
    """The folder of a participant, as Moodle's own download calls it.

    Examples:
        >>> folder_name("Ada_Lovelace", "1234567")
        'Ada Lovelace_1234567_assignsubmission_file'
    """
    clean = " ".join(_FORBIDDEN.sub(" ", name).split()).strip(".~ ")
    while len(clean.encode("utf-8", "replace")) > _LONGEST:
        clean = clean[:-1]
    return f"{clean or 'Participant'}_{participant}_assignsubmission_file"


def write_feedback(path: Path, pages: Mapping[tuple[str, str], Path | str | None]) -> tuple[Path, ...]:
    """Pack the page of each participant; returns the archive, or nothing where there are no pages.

    Args:
        path: of the archive.
        pages: the file or the content, by name and number of the participant.

    Raises:
        UsageError: a page cannot be read, or the archive cannot be written.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for (name, participant), page in sorted(pages.items(), key=lambda each: int(each[0][1])):
            if page is None:
                continue
            info = zipfile.ZipInfo(f"{folder_name(name, participant)}/{_FILE}", _EARLIEST)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            try:
                archive.writestr(info, page.encode("utf-8", "replace") if isinstance(page, str) else page.read_bytes())
            except OSError as error:
                raise UsageError(f"{page} cannot be read: {reason_of(error)}; grade again.") from None
        found = archive.namelist()
    if not found:
        return ()
    write_bytes(path, made.getvalue())
    return (path,)

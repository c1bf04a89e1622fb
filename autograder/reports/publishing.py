"""What each student is to get when grades are published: one page, in one folder, and every page that was ever shown.

``published/NAME.html`` is what counts now, and ``published.csv`` says which file is whose; the page of whoever is to
get none any more leaves the folder. Beside it, ``published_earlier/NAME/`` holds each page that the student was shown,
by the hash of its content, which the store names with the time; so ``published`` as a whole may be handed out. The
requests that the present page answers lie there as well: feedback for platforms has these until the next publication.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.reports import pages
from autograder.reports.files import csv_text, restored, write_bytes, write_text
from autograder.reports.visibility import Moment
from autograder.results import Report

__all__ = [
    "EARLIER",
    "PUBLISHED",
    "TABLE",
    "Held",
    "StudentPage",
    "published_names",
    "published_requests",
    "ready_pages",
    "withdrawn",
    "write_pages",
]

PUBLISHED, EARLIER, TABLE = "published", "published_earlier", "published.csv"
_REQUESTS = "requests.json"


@dataclass(frozen=True, slots=True)
class StudentPage:
    """A page that a student is to get: the report that it shows, the name of its file without suffix, its content.

    `requests` are those that it answers.
    """

    report: Report
    name: str
    html: str
    requests: Sequence[pages.AnsweredRequest] = ()

    @property
    def sha256(self) -> str:
        """The hash of its content."""
        return hashlib.sha256(self.html.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Held:
    """A student who gets no page yet, and why: the end of a sentence."""

    student: str
    why: str


def ready_pages(
    reports: Iterable[Report],
    heading: pages.Heading,
    names: Mapping[str, str],
    moment: Moment,
    requests: Mapping[str, Sequence[pages.AnsweredRequest]],
    *,
    unfinished: bool,
) -> tuple[tuple[StudentPage, ...], tuple[Held, ...]]:
    """The pages of everybody whose grade is ready, and who has to wait.

    Args:
        reports: of the class, with what people gave, after lateness.
        heading: what stands on top of pages.
        names: file names by student.
        moment: when students look at them.
        requests: by student, those to look at the grade again that were answered or closed.
        unfinished: whether pages are given out on which points of people, or of our faults, are still open.
    """
    made, held = [], []
    for report in reports:
        if why := _why_not(report, unfinished=unfinished):
            held.append(Held(report.student, why))
        else:
            own = requests.get(report.student, ())
            page = pages.student_page(report, heading, moment, own)
            made.append(StudentPage(report, names[report.student], page, own))
    return tuple(made), tuple(held)


def _why_not(report: Report, *, unfinished: bool) -> str:
    if report.not_final:
        return "the result is not final"
    if report.internal and not unfinished:
        return "some checks could not be run, by our fault; grade again"
    if report.to_read and not unfinished:
        return f"{counted(len(report.to_read), 'answer')} to be graded by a person"
    return ""


def published_names(out: Path) -> frozenset[str]:
    """The file names, without suffix, of everybody in a graded folder who was shown a page."""
    return frozenset(path.parent.name for path in (out / EARLIER).glob("*/*.html"))


def published_requests(out: Path, name: str) -> tuple[pages.AnsweredRequest, ...]:
    """The requests that the last page answers which a student was shown.

    Args:
        out: the graded folder.
        name: the name of the student's files, without suffix.

    Raises:
        UsageError: they cannot be read.
    """
    path = out / EARLIER / name / _REQUESTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[pages.AnsweredRequest, ...])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is damaged"
        raise UsageError(f"{path} cannot be read: {reason}; remove it, and publish again.") from None


def withdrawn(folder: Path, made: Sequence[StudentPage]) -> tuple[str, ...]:
    """The names, without suffix, of the pages in a folder that are not among those which are made now.

    Args:
        folder: where pages were published; only what its table lists is ours.
        made: the pages that are made now.

    Raises:
        UsageError: the table cannot be read.
    """
    path = folder / TABLE
    try:
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; move it away, and publish again.") from None
    listed = (Path(restored(row.get("file") or "")).name for row in csv.DictReader(lines))
    now = {page.name for page in made}
    stems = (name.removesuffix(".html") for name in listed if name.endswith(".html"))
    return tuple(stem for stem in stems if stem and stem not in now)


def write_pages(folder: Path, earlier: Path, made: Sequence[StudentPage], pdf: Mapping[str, bytes]) -> None:
    """Write pages, each also among those that were ever shown, and the table of files; all or nothing of each file.

    A page that lies there already stays as it is. The table comes before the pages, so that whatever lies there is
    listed, and can be withdrawn.

    Args:
        folder: where they go; pages that are not made any more are removed.
        earlier: where every page that was ever shown is kept.
        made: the pages.
        pdf: a PDF of some of them, by student.

    Raises:
        UsageError: a file cannot be written or removed; the same call goes on from there.
    """
    for name in withdrawn(folder, made):
        for path in (folder / f"{name}.html", folder / f"{name}.pdf"):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise UsageError(f"Cannot remove {path}: {reason_of(error)}; remove it, and publish again.") from None
    rows = [
        (page.report.student, f"{page.name}.html", page.report.points, page.report.max_points, page.report.bonus_points)
        for page in made
    ]
    write_text(folder / TABLE, csv_text([("student", "file", "points", "max_points", "bonus"), *rows]))
    for page in made:
        content = page.html.encode("utf-8", "replace")
        for path in (earlier / page.name / f"{page.sha256}.html", folder / f"{page.name}.html"):
            if not _holds(path, content):
                write_bytes(path, content)
        _keep_requests(earlier / page.name / _REQUESTS, page.requests)
        if page.report.student in pdf:
            write_bytes(folder / f"{page.name}.pdf", pdf[page.report.student])


def _keep_requests(path: Path, requests: Sequence[pages.AnsweredRequest]) -> None:
    content = msgspec.json.encode(requests)
    if not requests:
        path.unlink(missing_ok=True)
    elif not _holds(path, content):
        write_bytes(path, content)


def _holds(path: Path, content: bytes) -> bool:
    """Whether a file has this content already; False where it cannot be read."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False

"""The page of one student, in two editions: what the student is shown, and everything."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import __version__, atomic_files
from autograder.checks.wording import counted
from autograder.messages import AS_ABOVE, WORDING, said_once
from autograder.pictures.raster import data_url, words_of
from autograder.reports.pages.text import visible, with_formulas
from autograder.reports.regrading import signed
from autograder.reports.visibility import NOTHING_KNOWN, Moment, Shown, shown_report, withheld_sentence
from autograder.results import Report, Verdict
from autograder.scoring import points_of, rounded, shown

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment
    from jinja2.bccache import Bucket
    from markupsafe import Markup

__all__ = [
    "REPORT",
    "TEMPLATES",
    "TONES",
    "AnsweredRequest",
    "Heading",
    "environment",
    "render",
    "staff_page",
    "staff_values",
    "student_page",
    "student_values",
]

TEMPLATES = Path(__file__).parent / "templates"
REPORT = "report.html"
"""The template of one report."""

_NOT_LISTED = frozenset({"artefacts", "not_kept"})  # for a later run alone

TONES = {
    verdict: {
        Verdict.PASSED: "good",
        Verdict.PARTIAL: "part",
        Verdict.NOT_ATTEMPTED: "none",
        Verdict.SKIPPED: "none",
        Verdict.MANUAL: "none",
        Verdict.INTERNAL: "ours",
    }.get(verdict, "bad")
    for verdict in Verdict
}
"""Which of the style sheet's colours goes with a verdict; the mark and the words beside it say the same."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands on top of every page."""

    course: str
    assignment: str


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A student's request to look at a grade again: what it is about ("" for all), its text, and what staff said to it.

    `answer` is "" where it was closed without one.
    """

    question: str
    text: str
    answer: str
    closed: bool


def student_page(
    report: Report,
    heading: Heading,
    moment: Moment = NOTHING_KNOWN,
    requests: Sequence[AnsweredRequest] = (),
) -> str:
    """What the student may see at a moment: verdicts, points, messages, pictures; of hidden checks title, verdict and
    hint; of checks that are not shown yet their number and points; and answers to the student's requests."""
    return render(REPORT, **student_values(report, heading, moment, requests))


def student_values(
    report: Report,
    heading: Heading,
    moment: Moment = NOTHING_KNOWN,
    requests: Sequence[AnsweredRequest] = (),
) -> dict[str, Any]:
    """What the template `REPORT` shows of a report to its student at a moment."""
    return _values(shown_report(report, moment), heading, moment, requests=requests, staff=False)


def staff_page(report: Report, heading: Heading) -> str:
    """Everything in the report, with resources and the replay record."""
    return render(REPORT, **staff_values(report, heading))


def staff_values(report: Report, heading: Heading) -> dict[str, Any]:
    """What the template `REPORT` shows of a report to staff."""
    return _values(Shown(report, (), None), heading, NOTHING_KNOWN, requests=(), staff=True)


def _values(
    shown: Shown, heading: Heading, moment: Moment, *, requests: Sequence[AnsweredRequest], staff: bool
) -> dict[str, Any]:
    report = shown.report
    return {
        "report": report,
        "heading": heading,
        "staff": staff,
        "replay": _replay(report) if staff else {},
        "once": said_once(report, staff=staff),
        "above": AS_ABOVE,
        "withheld": [(each.question, withheld_sentence(each, moment)) for each in shown.withheld],
        "total": shown.total,
        "requests": requests,
    }


def _replay(report: Report) -> dict[str, Any]:
    """What is known of how a report was made."""
    values = ((each.name, getattr(report.replay, each.name)) for each in fields(report.replay))
    return {
        name.replace("_", " "): value for name, value in values if value not in ("", {}, ()) and name not in _NOT_LISTED
    }


def render(template: str, **values: Any) -> str:
    """Fill in a template; every value is escaped."""
    return environment().get_template(template).render(**values)


@cache
def environment(*folders: Path) -> Environment:
    """The templates, with the words and the style sheet that all of them use.

    Args:
        folders: with further templates, which go before those of the same name here.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # else each page looks whether a template was changed meanwhile
        bytecode_cache=_compiled_before(),
    )
    style = (TEMPLATES / "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    made.globals.update(
        style=Markup(style),  # noqa: S704 (our own file)
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        wording=WORDING,
        waiting=lambda report: rounded(sum(check.by_hand for check in report.waiting)),
        tones=TONES,
        rounded=rounded,
    )
    made.filters.update(
        visible=visible,
        shown=shown,
        points_of=points_of,
        percent=_percent,
        shown_as=_address,
        without_stop=_without_stop,
        formulas=with_formulas,
        counted=counted,
        signed=signed,
    )
    return made


def _compiled_before() -> BytecodeCache:
    """Compiled templates, kept where Python keeps compiled modules: compiling them takes longer than filling in all
    pages of a small class."""
    import jinja2

    class Beside(jinja2.BytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError, EOFError, ValueError, TypeError), open(self._path(bucket), "rb") as file:
                bucket.load_bytecode(file)

        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with suppress(OSError):
                    atomic_files.write(self._path(bucket), bucket.bytecode_to_string())

        def _path(self, bucket: Bucket) -> Path:
            return TEMPLATES / "__pycache__" / f"{bucket.key}.{version}.{sys.implementation.cache_tag}.jinja"

    options = Path(__file__).read_bytes()  # and what is called from templates, of which jinja computes constants
    version = hashlib.sha256(f"{__version__} {jinja2.__version__}".encode() + options).hexdigest()[:16]
    return Beside()


def _address(picture: str) -> tuple[Markup, str] | tuple[()]:
    """The address of a picture as it can stand in double quotes, and what it shows in words; () for no picture."""
    from markupsafe import Markup

    address = data_url(picture)
    return (Markup(address), words_of(picture)) if address else ()  # noqa: S704  (nothing in it needs an escape)


def _without_stop(title: str) -> str:
    """A title that can be quoted inside of a sentence: a question keeps its mark."""
    return title.rstrip().rstrip(".")


def _percent(part: float, whole: float) -> float:
    """A share in per cent, 0 to 100 (more points than available fill the whole)."""
    return round(min(100.0, 100.0 * part / whole), 1) if whole > 0 else 0.0

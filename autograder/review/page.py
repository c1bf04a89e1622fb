"""What all pages share: where results are, who asks, and how a page is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from autograder.assignment.rubric import RubricItem
from autograder.checks.errors import InstructorError, UsageError
from autograder.reports.marks import WHOLE
from autograder.reports.pages.student import TEMPLATES, environment
from autograder.review.access import Access
from autograder.store import Store
from autograder.submissions import Submission

__all__ = ["NO_KEY", "STATIC", "Refused", "Review", "read_form", "static_file"]

_HERE = Path(__file__).parent
STATIC = {
    "style.css": "text/css",
    "review.css": "text/css",
    "code.css": "text/css",
    "grading.js": "text/javascript",
    "progress.js": "text/javascript",
}
"""The files that pages use; a browser asks for them by these names."""
NO_KEY = "This change was not asked for on one of these pages; open the page again, and repeat it."
_NAMES = "autograder_names"
_MOST_FIELDS, _MOST_BYTES = 500, 200_000  # of a form


class Refused(Exception):
    """A request that is answered by one sentence, with a status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Review:
    """What a server serves.

    Args:
        address: the results database; it is opened anew for each request, because it belongs to the thread that
            opened it.
        access: who may ask.
        grader: under whose name points are given; "" for the user of this machine.
        rubrics: gives, for an assignment, the items of each answer that has some.
        out: the graded folder, in which PDF answers lie; None for none.
        handed_in: gives everybody's staged submissions to an assignment, by student; None where there is no folder of
            them.
    """

    address: str
    access: Access
    grader: str = ""
    rubrics: Callable[[str], Mapping[str, Sequence[RubricItem]]] = lambda _: {}
    out: Path | None = None
    handed_in: Callable[[str], Mapping[str, Submission] | None] = lambda _: None

    def store(self) -> Store:
        """The open database; use it in a `with` statement."""
        return Store(self.address, who=self.grader)

    def items(self, assignment: str, answer: str, points: float) -> tuple[RubricItem, ...]:
        """The rubric of an answer; one item for all of it where it has none.

        Raises:
            Refused: the assignment cannot be loaded.
        """
        try:
            declared = self.rubrics(assignment).get(answer, ())
        except (UsageError, InstructorError) as error:
            raise Refused(409, f"The rubric cannot be read. {error}") from None
        return tuple(declared) or (RubricItem(WHOLE, points, WHOLE),)

    def hides_names(self, request: Request) -> bool:
        """Whether the reader chose to see pseudonyms."""
        return request.cookies.get(_NAMES) == "hidden"

    def called(self, request: Request) -> Callable[[int, str], str]:
        """What a student of a number and a name is called on the reader's pages."""
        return _pseudonym if self.hides_names(request) else _name

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A page, with names or without, as the reader chose."""
        shared = {
            "form_key": self.access.form_key,
            "here": request.url.path,
            "names_hidden": self.hides_names(request),
            "called": self.called(request),
        }
        return HTMLResponse(_templates().get_template(template).render(shared | values), status)

    def show_names(self, answer: Response, *, hidden: bool) -> None:
        """Let the browser remember whether names are shown."""
        answer.set_cookie(_NAMES, "hidden" if hidden else "shown", httponly=True, samesite="strict", path="/")


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form, as a browser sends them without files; of those sent twice the last.

    Raises:
        Refused: it is too large, or no form.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise Refused(413, f"This form holds more than {_MOST_BYTES:,} bytes; shorten the comments.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refused(400, "This is no form of these pages; open the page again, and repeat the change.") from None
    return dict(pairs)


def static_file(name: str) -> bytes | None:
    """The content of one of the files that pages use; None for any other name."""
    if name not in STATIC:
        return None
    if name == "code.css":
        from autograder.review.code import code_style

        return code_style()
    return ((TEMPLATES if name == "style.css" else _HERE / "static") / name).read_bytes()


def _templates() -> Any:
    return environment(_HERE / "templates")


def _name(_: int, name: str) -> str:
    return name


def _pseudonym(student: int, _: str) -> str:
    """The same for a student on every page, as long as the database is the same."""
    return f"Student {student}"

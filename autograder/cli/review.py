"""`autograder review`: serve the class's results to the browser of this machine, and take what people give there."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import typer

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.cli.kept import address_of, course_folder
from autograder.course import CONFIG_FILE, load

if TYPE_CHECKING:
    from autograder.assignment.rubric import RubricItem
    from autograder.submissions import Submission

__all__ = ["Served", "serve_class"]


@dataclass(frozen=True, slots=True)
class Served:
    """The arguments of `autograder review`."""

    out: Path | None
    db: str | None
    course: Path | None
    port: int
    browser: bool
    grader: str = ""
    submissions: Path | None = None


def serve_class(call: Served) -> None:
    """Print the address, open it, and answer until Ctrl-C.

    Raises:
        UsageError: there is no such database or folder, or another program has the port.
    """
    from autograder.formats.recorded_marks import rubrics_of
    from autograder.review.access import Access, new_token
    from autograder.review.app import serve
    from autograder.review.code import staged
    from autograder.review.page import Review
    from autograder.store import Store

    root = course_folder(call.course)

    @cache
    def rubrics(name: str) -> dict[str, tuple[RubricItem, ...]]:
        return rubrics_of(name, root) if root is not None else {}

    for folder in (call.course, call.submissions):
        if folder is not None and not folder.is_dir():
            raise UsageError(f"There is no folder {folder}; correct the path.")
    address = address_of(call.db, call.out, call.course, there=True)
    with Store(address):  # one that cannot be used is refused before anything is served
        pass
    with socket.socket() as listening, tempfile.TemporaryDirectory(prefix="autograder-") as staging:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", call.port))
        except OSError as error:
            raise UsageError(f"Cannot listen on port {call.port}: {reason_of(error)}; name another --port.") from None
        listening.listen()

        one_at_a_time = Lock()  # requests come in threads

        @cache
        def handed_in(name: str) -> dict[str, Submission] | None:
            inbox = call.submissions or (root / "submissions" / name if root else None)
            if root is None or inbox is None or not inbox.is_dir():
                return None
            with one_at_a_time:
                return staged(root, load(root / CONFIG_FILE), name, inbox, Path(staging) / name)

        access = Access(new_token(), listening.getsockname()[1])
        typer.echo(f"Review: {access.address} (for you alone; Ctrl-C ends it)")
        review = Review(address, access, call.grader, rubrics, call.out, handed_in)
        serve(review, listening, browser=call.browser)

"""`autograder review`: serve the class's results to the browser of this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import typer

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.cli.kept import address_of

__all__ = ["serve_class"]


def serve_class(out: Path | None, db: str | None, course: Path | None, *, port: int, browser: bool) -> None:
    """Print the address, open it, and answer until Ctrl-C.

    Raises:
        UsageError: there is no such database, or another program has the port.
    """
    from autograder.review.access import Access, new_token
    from autograder.review.app import serve
    from autograder.store import Store

    address = address_of(db, out, course, there=True)
    with Store(address):  # one that cannot be used is refused before anything is served
        pass
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"Cannot listen on port {port}: {reason_of(error)}; name another --port.") from None
        listening.listen()
        access = Access(new_token(), listening.getsockname()[1])
        typer.echo(f"Review: {access.address} (for you alone; Ctrl-C ends it)")
        serve(address, access, listening, browser=browser)

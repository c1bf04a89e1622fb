"""The server's pages: a request is let in, answered from the results database, and drawn without a script."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from autograder.reports.pages.text import visible
from autograder.review.access import HEADERS, Access
from autograder.store import Store
from autograder.store.class_results import SORTS, assignments, class_page

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["application", "serve"]

_HERE = Path(__file__).parent
_NO_TOKEN = "This page needs the address with the token that `autograder review` printed; open that one."  # noqa: S105
_OTHER_HOST = "This server answers under 127.0.0.1 and localhost alone; open the address that it printed."
_OURS = "This is our fault; no grade has changed. The terminal of `autograder review` says more."


class _Guard:
    """Lets in who may ask, before anything else is looked at, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, access: Access, refuse: Callable[[int, str], Response]) -> None:
        self._app, self._access, self._refuse = app, access, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        await self._chosen(Headers(scope=scope), Request(scope))(scope, receive, guarded)

    def _chosen(self, headers: Headers, request: Request) -> ASGIApp:
        access = self._access
        if not access.is_host(headers.get("host", "")):
            return self._refuse(400, _OTHER_HOST)
        if access.is_token(request.query_params.get("token", "")):
            answer = RedirectResponse(request.url.path, 303)
            answer.set_cookie(access.cookie, access.token, httponly=True, samesite="strict", path="/")
            return answer
        return self._app if access.is_known(headers.get("cookie", "")) else self._refuse(403, _NO_TOKEN)


def application(address: str, access: Access) -> ASGIApp:
    """The pages of a results database, as an ASGI application.

    Args:
        address: the database; it is opened anew for each request, because it belongs to the thread that opened it.
        access: who may ask.
    """
    environment = Environment(
        loader=PackageLoader("autograder.review"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["visible"] = visible

    def page(template: str, status: int = 200, **values: object) -> Response:
        return HTMLResponse(environment.get_template(template).render(values), status)

    def refuse(status: int, sentence: str) -> Response:
        return page("error.html", status, sentence=sentence)

    def course(_: Request) -> Response:
        with Store(address) as store, store.reading():
            return page("course.html", lines=assignments(store.database))

    def whole_class(request: Request) -> Response:
        name, asked = request.path_params["name"], request.query_params
        sort, search = asked.get("sort", "student"), asked.get("search", "")
        if sort not in SORTS:
            return refuse(400, f"The students cannot be sorted by {sort!r}; choose one of {', '.join(SORTS)}.")
        down = asked.get("order") == "down"
        with Store(address) as store, store.reading():
            found = class_page(store.database, name, sort=sort, down=down, search=search)
        if found is None:
            return refuse(404, f"There is no assignment {name!r} in this database; the course page lists all.")
        return page("class.html", name=name, found=found, sort=sort, down=down, search=search, sorts=tuple(SORTS))

    def style(_: Request) -> Response:
        return Response((_HERE / "static" / "review.css").read_bytes(), media_type="text/css")

    def refused(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        sentences = {404: "There is no such page; the course page lists all.", 405: "This page can only be read."}
        return refuse(status, sentences.get(status, "This request cannot be answered."))

    def failed(_: Request, __: Exception) -> Response:
        return refuse(500, _OURS)

    routes = [
        Route("/", course),
        Route("/assignments/{name:path}", whole_class),
        Route("/static/review.css", style),
    ]
    inner = Starlette(routes=routes, exception_handlers={HTTPException: refused, Exception: failed})
    return _Guard(inner, access, refuse)


def serve(address: str, access: Access, listening: socket.socket, *, browser: bool) -> None:
    """Answer requests until Ctrl-C.

    Args:
        address: the results database.
        access: who may ask.
        listening: a socket that is bound to the access's port.
        browser: whether a browser is opened with the address that holds the token.

    Raises:
        KeyboardInterrupt: it was ended.
    """
    import uvicorn

    config = uvicorn.Config(application(address, access), log_level="error", access_log=False, server_header=False)
    if browser:
        webbrowser.open(access.address)  # the socket takes its request even before the server answers
    uvicorn.Server(config).run(sockets=[listening])
    raise KeyboardInterrupt  # uvicorn takes Ctrl-C for itself

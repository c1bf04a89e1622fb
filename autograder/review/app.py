"""The server: a request is let in, and answered by the page that its address names."""

from __future__ import annotations

import webbrowser
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from autograder.review.access import HEADERS, Access
from autograder.review.grading import begin_grading, change_answer, show_answer, show_file
from autograder.review.page import NO_KEY, STATIC, Refused, Review, read_form, static_file
from autograder.review.progress import stream_progress
from autograder.review.reading import choose_names, show_as_student, show_class, show_course, show_submission
from autograder.review.requests import change_request, show_requests

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["application", "serve"]

_NO_TOKEN = "This page needs the address with the token that `autograder review` printed; open that one."  # noqa: S105
_OTHER_HOST = "This server answers under 127.0.0.1 and localhost alone; open the address that it printed."
_OURS = "This is our fault; no grade has changed. The terminal of `autograder review` says more."


_Show = Callable[[Review, Request], Response]
_Change = Callable[[Review, Request, Mapping[str, str]], Response]


class _Guard:
    """Lets in who may ask, before anything else is looked at, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, access: Access, refuse: Callable[[Request, int, str], Response]) -> None:
        self._app, self._access, self._refuse = app, access, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *(each for each in own if each[0] not in there)]
            await send(message)

        await self._chosen(Headers(scope=scope), Request(scope))(scope, receive, guarded)

    def _chosen(self, headers: Headers, request: Request) -> ASGIApp:
        access = self._access
        if not access.is_host(headers.get("host", "")):
            return self._refuse(request, 400, _OTHER_HOST)
        if access.is_token(request.query_params.get("token", "")):
            answer = RedirectResponse(request.url.path, 303)
            answer.set_cookie(access.cookie, access.token, httponly=True, samesite="strict", path="/")
            return answer
        return self._app if access.is_known(headers.get("cookie", "")) else self._refuse(request, 403, _NO_TOKEN)


def application(review: Review) -> ASGIApp:
    """The pages of a results database, as an ASGI application."""

    def refuse(request: Request, status: int, sentence: str) -> Response:
        return review.page(request, "error.html", status, sentence=sentence)

    def turn_away(request: Request, status: int, sentence: str) -> Response:
        return review.page(request, "error.html", status, sentence=sentence, form_key="")  # a stranger reads no key

    def page(show: _Show) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            return show(review, request)

        return answer

    async def names(request: Request) -> Response:
        form = await read_form(request)
        if not review.access.is_form_key(form.get("key", "")):
            raise Refused(403, NO_KEY)
        return choose_names(review, hidden=form.get("hidden") == "on", back=form.get("back", "/"))

    def changed(show: _Show, change: _Change) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if request.method == "POST":
                return await run_in_threadpool(change, review, request, await read_form(request))
            return await run_in_threadpool(show, review, request)

        return answer

    def static(request: Request) -> Response:
        name = request.path_params["name"]
        content = static_file(name)
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type=STATIC[name])

    def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, Refused):
            return refuse(request, error.status, str(error))
        status = error.status_code if isinstance(error, HTTPException) else 500
        sentences = {404: "There is no such page; the course page lists all.", 405: "This page can only be read."}
        return refuse(request, status, sentences.get(status, "This request cannot be answered."))

    def failed(request: Request, __: Exception) -> Response:
        return refuse(request, 500, _OURS)

    async def progress(request: Request) -> Response:
        return await stream_progress(review, request)

    about = "/assignments/{name}/answers/{answer}"
    routes = [
        Route("/", page(show_course)),
        Route("/names", names, methods=["POST"]),
        Route("/assignments/{name}", page(show_class)),
        Route("/assignments/{name}/students/{student:int}", page(show_submission)),
        Route("/assignments/{name}/students/{student:int}/shown", page(show_as_student)),
        Route("/assignments/{name}/progress", progress),
        Route("/assignments/{name}/requests", changed(show_requests, change_request), methods=["GET", "POST"]),
        Route(about, page(begin_grading)),
        Route(about + "/{student:int}", changed(show_answer, change_answer), methods=["GET", "POST"]),
        Route(about + "/{student:int}/file", page(show_file)),
        Route("/static/{name}", static),
    ]
    handlers = {HTTPException: refused, Refused: refused, Exception: failed}
    return _Guard(Starlette(routes=routes, exception_handlers=handlers), review.access, turn_away)


def serve(review: Review, listening: socket.socket, *, browser: bool) -> None:
    """Answer requests until Ctrl-C.

    Args:
        review: what is served, and who may ask.
        listening: a socket that is bound to the access's port.
        browser: whether a browser is opened with the address that holds the token.

    Raises:
        KeyboardInterrupt: it was ended.
    """
    import uvicorn

    config = uvicorn.Config(
        application(review),
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,  # seconds, for streams that are open
    )
    if browser:
        webbrowser.open(review.access.address)  # the socket takes its request even before the server answers
    uvicorn.Server(config).run(sockets=[listening])
    raise KeyboardInterrupt  # uvicorn takes Ctrl-C for itself

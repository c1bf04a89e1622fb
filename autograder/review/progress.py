"""How far a class is that is being graded just now: a line on its page, and a stream of such lines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from autograder.checks.wording import counted
from autograder.reports.batch_progress import BatchProgress, read_progress
from autograder.reports.pages.text import visible
from autograder.review.page import Review

__all__ = ["progress_lines", "stream_progress"]

_PAUSE = 1.0  # seconds between two looks
_ENDED = "Grading has ended; load this page again for the results."


def progress_lines(review: Review, request: Request) -> list[str]:
    """What there is to say of the batch that grades the assignment of a page; nothing where there is none.

    First how far it is, then what went wrong, the newest first; with names only where the reader sees them.
    """
    found = read_progress(review.out) if review.out is not None else None
    if found is None or found.assignment != request.path_params["name"]:
        return []
    faults = [visible(each) for each in reversed(found.faults)]
    if review.hides_names(request):
        faults = [f"A submission: {each.rpartition(': ')[2]}" for each in faults]
    return [_sentence(found, time.time()), *faults]


async def stream_progress(review: Review, request: Request) -> Response:
    """The same lines as server-sent events, each time that they change, until the batch has ended."""

    async def events() -> AsyncIterator[str]:
        before: list[str] = []
        while lines := progress_lines(review, request):
            if lines != before:
                yield "".join(f"data: {line}\n" for line in " \n".join(lines).splitlines()) + "\n"
            before = lines
            await asyncio.sleep(_PAUSE)
        yield f"event: ended\ndata: {_ENDED}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def _sentence(found: BatchProgress, now: float) -> str:
    if found.is_silent(now):
        since = datetime.fromtimestamp(found.updated).astimezone()
        return f"Grading has said nothing since {since:%H:%M}; if the command is not running any more, start it again."
    left = found.seconds_left(now)
    rest = f", about {_duration(left)} left" if left is not None else ""
    return (
        f"Being graded: {found.done} of {counted(found.total, 'submission')} done, {found.running} running, "
        f"{found.waiting} waiting{rest}."
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return counted(max(round(seconds), 1), "second")
    minutes = round(seconds / 60)
    return counted(minutes, "minute") if minutes < 90 else f"{timedelta(minutes=minutes)}"[:-3] + " h"

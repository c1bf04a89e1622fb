"""What student code raised, as plain data. Every text in it is untrusted and is treated so on the other side."""

from __future__ import annotations

import builtins
import errno
import os
import sys
import traceback
from types import TracebackType
from typing import Any

__all__ = ["describe"]

_LONGEST_MESSAGE = 2000
_LONGEST_TRACE = 6000
_LONGEST_NAME = 200
_MOST_FRAMES = 40


def describe(error: BaseException, submission: str) -> dict[str, Any]:
    """A record of an exception: nearest built-in class, text, and where in the submission it came from.

    Returns:
        ``kind`` (name of the nearest built-in exception), ``type`` (its own class's name), ``errno`` (or 0),
        ``message``, ``file`` (relative to the submission, or ""), ``line`` (or 0), ``trace`` (Python's own, our frames
        left out, its files named in the same way), ``frames`` (the innermost of the submission's, outermost first, each
        as file, line, and whether it stands outside of functions), ``name`` (the module that an ImportError is about,
        or ""), ``python`` (major and minor version).
    """
    kind = next((base.__name__ for base in type(error).__mro__ if getattr(builtins, base.__name__, None) is base), "")
    frames = _frames(error.__traceback__, submission)
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else ("", 0)
    if isinstance(error, SyntaxError) and error.filename and str(error.filename).startswith(submission):
        file, line = str(error.filename), error.lineno or 0
    return {
        "kind": kind,
        "errno": _errno(error),
        "type": _sendable(type(error).__name__),
        "message": _sendable(_text_of(error)[:_LONGEST_MESSAGE]),
        "file": os.path.relpath(file, submission) if file else "",
        "line": int(line or 0),
        "trace": _sendable(_trace(error, frames).replace(f"{submission}{os.sep}", "")[:_LONGEST_TRACE]),
        "frames": [
            (_sendable(os.path.relpath(each.filename, submission)), each.lineno or 0, each.name == "<module>")
            for each in frames[-_MOST_FRAMES:]
        ],
        "name": _module_of(error),
        "python": tuple(sys.version_info[:2]),
    }


def _errno(error: BaseException) -> int:
    """The number of the operating system's refusal; a thread that cannot be started has none of its own."""
    if type(error) is RuntimeError and error.args == ("can't start new thread",):
        return errno.EAGAIN
    number = error.errno if isinstance(error, OSError) else 0
    return number if type(number) is int and 0 < number < 1000 else 0


def _sendable(text: str) -> str:
    """The text without halves of characters, which no encoding has."""
    return text.encode("utf-8", "backslashreplace").decode()


def _frames(trace: TracebackType | None, submission: str) -> list[traceback.FrameSummary]:
    """The frames that lie in files of the submission, outermost first."""
    return [frame for frame in traceback.extract_tb(trace, limit=-200) if frame.filename.startswith(submission)]


def _module_of(error: BaseException) -> str:
    name = error.name if isinstance(error, ImportError) else ""
    return _sendable(name[:_LONGEST_NAME]) if type(name) is str else ""


def _text_of(error: BaseException) -> str:
    try:
        return error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # noqa: BLE001  (a class of the submission may raise anything here)
        return "(its text cannot be read)"


def _trace(error: BaseException, frames: list[traceback.FrameSummary]) -> str:
    if not (frames or isinstance(error, SyntaxError) or hasattr(error, "__notes__")):
        return ""  # raised by the call itself: there is nothing to add to the message
    try:
        ending = "".join(traceback.format_exception_only(error))
    except BaseException:  # noqa: BLE001
        ending = type(error).__name__
    head = "Traceback (most recent call last):\n" if frames else ""
    return head + "".join(traceback.format_list(frames[-20:])) + ending
